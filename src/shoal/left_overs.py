"""Temporary files and folders of killed processes: their names identify them, so that they can be removed.

A name has the machine, the process and its start: `.model.shoal.1f2e-4711-889201-9c0ffee0.part`. The next write to the same target
removes files that are older than an hour and whose process has ended. If the system has given the number to another process since then,
the start time differs, and the file is removed too.
"""

import hashlib
import os
import re
import secrets
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

OLD = 3600.0  # seconds: a user may still want to examine a process that was killed a moment ago
VERY_OLD = 24 * OLD  # if it is unknown whether the process exists: another machine's, or a name of an early version
_MARK_BYTES = 48  # at most, of `.`, a mark, `.part`
_LONGEST_NAME = 255
_MARK = r"(?P<machine>[0-9a-f]{4})-(?P<pid>\d+)-(?P<start>\d+)"


def mark() -> str:
    """This machine, this process, and when it started."""
    return f"{_machine()}-{os.getpid()}-{_started(os.getpid())}"


def beside(target: Path) -> Path:
    """A new name beside the target; it fits where the target's own fits."""
    return target.with_name(f".{_fitting(target)}.{mark()}-{secrets.token_hex(4)}.part")


def sweep_beside(target: Path) -> None:
    """Remove what killed processes left of earlier writes to this target."""
    name = re.escape(_fitting(target))
    marked = re.compile(rf"\.{name}\.(?:{_MARK}-)?[0-9a-f]{{8}}\.part")
    with suppress(OSError), os.scandir(target.parent) as entries:
        _remove((Path(entry.path), marked.fullmatch(entry.name)) for entry in entries)


def sweep_temporary() -> None:
    """Remove the temporary folders of killed processes of this user."""
    marked = re.compile(rf"shoal-(?:{_MARK}-)?[a-z0-9_]{{8}}")
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        _remove((Path(entry.path), marked.fullmatch(entry.name)) for entry in entries if entry.is_dir(follow_symlinks=False))


def _remove(found: Iterable[tuple[Path, re.Match[str] | None]]) -> None:
    for path, match in found:
        if match is None:
            continue
        with suppress(OSError):
            about = path.lstat()
            if hasattr(os, "getuid") and about.st_uid != os.getuid():
                continue
            gone = _is_gone(match)
            if gone is False or time.time() - about.st_mtime < (OLD if gone else VERY_OLD):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def _is_gone(match: re.Match[str]) -> bool | None:
    """Whether the process of a mark has ended; None where that cannot be known."""
    if match["pid"] is None or match["machine"] != _machine() or os.name != "posix":
        return None  # on Windows, asking with os.kill would end it
    pid, start = int(match["pid"]), int(match["start"])
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        pass  # it is there, and another user's
    now = _started(pid)
    return now != start if start and now else None


def _started(pid: int) -> int:
    """When a process started, in the system's ticks; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0
    try:
        about = Path(f"/proc/{pid}/stat").read_bytes()
        return int(about[about.rindex(b")") + 2 :].split()[19])  # the program's name, in brackets, may hold anything
    except (OSError, ValueError, IndexError):
        return 0


def _machine() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:4]


def _fitting(target: Path) -> str:
    """The target's name, shortened where a mark behind it would make it longer than the folder allows; sizes are in bytes."""
    name, longest = target.name, _LONGEST_NAME
    with suppress(AttributeError, OSError, ValueError):
        longest = min(longest, os.pathconf(target.parent, "PC_NAME_MAX"))
    room = longest - _MARK_BYTES
    if len(os.fsencode(name)) <= room:
        return name
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    while len(os.fsencode(name)) > room - len(digest) - 1:
        name = name[:-1]
    return f"{name}~{digest}"
