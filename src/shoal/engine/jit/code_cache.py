"""Where compiled code is kept between processes: files that are checked before they are run, in a folder that nobody else can change.

A wheel brings such a folder, `engine/machine_code/kernels-…`. What it lacks is compiled and kept in the user's own:
`$XDG_CACHE_HOME/shoal/kernels-…` or `~/.cache/shoal/kernels-…`; where that cannot be used, a folder of the user's among the temporary
files; where that cannot be used either, nowhere: then every process compiles for itself. The folder's name holds a hash of the engine's
sources and the versions of Numba and llvmlite: neither an edit nor another environment meets code that is not its own.

What is loaded is executed. So the folder, the one above it and every file must belong to the user or to root, and only the owner may
write there; in the package, also those who may write its Python sources, which are executed as well. Every file begins with a digest of
all the rest: one that is cut, empty, changed or another's is removed and made again.
"""

import hashlib
import logging
import os
import secrets
import stat
import sysconfig
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from shoal.errors import CacheWarning

LOG = logging.getLogger("shoal.engine")
MARK = b"shoal code 1\n"
DIGEST = hashlib.sha256().digest_size
OLD = 3600.0  # seconds, after which a part that a killed process left is removed
CHECKED = hasattr(os, "geteuid") and os.open in os.supports_dir_fd  # POSIX: owners, modes and files opened in a folder
OPTIONS = ("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK", "DEBUGINFO_DEFAULT")  # of Numba, which change the code
SOURCES = Path(__file__).parents[1]  # of the engine


class UnsafeError(OSError):
    """A folder or file that others may change."""


@cache
def source_hash() -> str:
    """What names this version's folder: a hash of the engine's sources, Python's version and Numba's options, and who compiles.

    And of the one number that is compiled and not the engine's own.
    """
    from numba import config

    from shoal.textbook.activation_functions import LEAK

    sources = sorted(SOURCES.rglob("*.py"))
    if not sources:
        raise FileNotFoundError("the sources of shoal.engine are not there as files, so that an edit would not be seen")
    python = sysconfig.get_config_var("EXT_SUFFIX")  # its version and kind: machine code meets the interpreter's own
    digest = hashlib.sha256(repr([python, LEAK, *(getattr(config, name, None) for name in OPTIONS)]).encode())
    for source in sources:
        digest.update(str(source.relative_to(SOURCES)).encode() + b"\0" + hashlib.sha256(source.read_bytes()).digest())
    return f"{digest.hexdigest()[:16]}-numba{version('numba')}-llvmlite{version('llvmlite')}"


def refuse_unsafe(found: os.stat_result, what: str, like: os.stat_result | None = None) -> None:
    """Raise where others than the user and root may change it, or `like`, where they may change that as well."""
    others = stat.S_IWGRP | stat.S_IWOTH
    if like is not None and found.st_uid == like.st_uid and found.st_gid == like.st_gid:
        others &= ~like.st_mode
    elif found.st_uid not in (os.geteuid(), 0):
        raise UnsafeError(f"{what} belongs to the user with the number {found.st_uid}")
    if found.st_mode & others:
        raise UnsafeError(f"others may write to {what} (mode {stat.S_IMODE(found.st_mode):o}); `chmod go-w` forbids it")


@dataclass(frozen=True)
class Folder:
    """A folder of compiled code; every call checks again that nobody else can write there. One of the package is only read."""

    path: Path
    packaged: bool = False

    def check(self, found: os.stat_result, what: str) -> None:
        """Raise where a part of the folder is not safe."""
        refuse_unsafe(found, what, SOURCES.stat() if self.packaged else None)

    @contextmanager
    def opened(self) -> Iterator[int | None]:
        """The folder's descriptor: what is opened in it stays in the folder that was checked. None where the system has no such thing."""
        if not CHECKED:
            yield None
            return
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.check(os.fstat(folder), str(self.path))
            self.check(os.stat("..", dir_fd=folder), str(self.path.parent))
            yield folder
        finally:
            os.close(folder)

    def read(self, name: str) -> bytes:
        """A file's bytes; raises OSError where there is none, or none that can be trusted."""
        with self.opened() as folder:
            if folder is None:
                return (self.path / name).read_bytes()
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with os.fdopen(os.open(name, flags, dir_fd=folder), "rb") as file:
                found = os.fstat(file.fileno())
                self.check(found, str(self.path / name))
                if not stat.S_ISREG(found.st_mode):
                    raise UnsafeError(f"{self.path / name} is no ordinary file")
                return file.read()

    def write(self, name: str, content: bytes) -> None:
        """A whole file or none; raises OSError. Of two processes that write one at once, the last one's stays."""
        part = f".{name}.{secrets.token_hex(4)}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        with self.opened() as folder:
            place = (lambda n: n) if folder is not None else (lambda n: str(self.path / n))
            try:
                with os.fdopen(os.open(place(part), flags, 0o644, dir_fd=folder), "wb") as file:
                    file.write(content)
                os.replace(place(part), place(name), src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with suppress(OSError):
                    os.unlink(place(part), dir_fd=folder)
                raise
        self.sweep()

    def sweep(self) -> None:
        """Remove the parts that killed processes left."""
        for part in self.path.glob(".*.part"):
            with suppress(OSError):
                if time.time() - part.stat().st_mtime > OLD:
                    part.unlink()

    def remove(self, name: str) -> None:
        """A file that is no use, if it can be removed: else the next write replaces it."""
        with suppress(OSError), self.opened() as folder:
            os.unlink(name if folder is not None else self.path / name, dir_fd=folder)


def load(folder: Folder, name: str, key: bytes) -> bytes | None:
    """What `save` kept under this name and key; None where nothing is, and what is damaged is removed."""
    try:
        content = folder.read(name)
    except FileNotFoundError:
        return None
    except OSError as error:
        LOG.info("compiled code is made again: %s", error)
        return None
    start = len(MARK) + DIGEST
    if content.startswith(MARK) and content[len(MARK) : start] == hashlib.sha256(key + content[start:]).digest():
        return content[start:]
    drop(folder, name)
    return None


def save(folder: Folder, name: str, key: bytes, payload: bytes) -> None:
    """Keep it, if that can be: a full disk or a folder that can only be read costs the next process its time, not this one its fit."""
    try:
        folder.write(name, MARK + hashlib.sha256(key + payload).digest() + payload)
    except OSError as error:
        LOG.info("a file could not be kept in the cache: %s", error)


def drop(folder: Folder, name: str) -> None:
    """Remove an entry that is no use; the package's is left as it was installed."""
    LOG.info("%s is damaged, and compiled again", folder.path / name)
    if not folder.packaged:
        folder.remove(name)


# --- where it lies ---------------------------------------------------------------------------------------------------


@cache
def packaged_folder() -> Folder | None:
    """The code that came with the package; None where none came, and where it is of other sources or versions than those that run."""
    with suppress(OSError):
        path = SOURCES / "machine_code" / f"kernels-{source_hash()}"
        if path.is_dir():
            return Folder(path, packaged=True)
    return None


@cache
def cache_folder() -> Path | None:
    """Where this process keeps compiled code; None where nothing can be kept. The first call makes the folder, and warns once."""
    try:
        name, problem = f"kernels-{source_hash()}", ""
    except OSError as error:
        name, problem = "", str(error)
    for place, root in roots() if name else ():
        try:
            path = made(root, name, temporary=place == "temporary")
        except OSError as error:
            problem = problem or reason(error)
            continue
        if problem:
            warn(problem, f"keeps its compiled code in {path}")
        return path
    warn(problem or "there is no folder for it", "compiles again in every process, which takes some seconds")
    return None


def roots() -> Iterator[tuple[str, Path]]:
    """Folders to try in turn. By the XDG rules a path that is not absolute counts as not given."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    with suppress(RuntimeError, OSError):  # no HOME, and a user without an entry in the list of users
        root = given if given.is_absolute() else Path.home() / ".cache"
        if root.is_absolute() and (root == given or Path.home().exists()):
            yield "user's", root
    with suppress(OSError):  # no folder of temporary files
        yield "temporary", Path(tempfile.gettempdir()) / f"cache-of-user-{os.geteuid() if CHECKED else 0}"


def made(root: Path, name: str, temporary: bool) -> Path:
    """The folder under this root, made where it is missing; raises OSError where compiled code can neither be kept nor found there."""
    path = root / "shoal" / name
    if temporary:  # everybody can make folders there, under any name
        root.mkdir(mode=0o700, exist_ok=True)
        if CHECKED:
            refuse_unsafe(root.stat(), str(root))
    else:
        root.mkdir(parents=True, exist_ok=True)
    for folder in (path.parent, path):
        folder.mkdir(mode=0o755, exist_ok=True)
    with Folder(path).opened():
        pass
    if not os.access(path, os.W_OK | os.X_OK) and next(path.glob("*.nbc"), None) is None:
        raise PermissionError(13, "it is empty, and you may not write there", str(path))
    return path


def reason(error: OSError) -> str:
    """What an error says, with the path that it is about."""
    return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)


def warn(problem: str, then: str) -> None:
    """The one warning of a process."""
    warnings.warn(
        f"shoal {then}, for the usual folder cannot be used: {problem}. Set XDG_CACHE_HOME to a folder of your own, or correct it.",
        CacheWarning,
        stacklevel=3,
    )
