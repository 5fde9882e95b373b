"""Files of users: inputs are checked for what they are, outputs are written completely or not at all.

Reading: every reader begins with `input_file`, so that no reader waits for a pipe or follows a circular link for ever. Writing:
`replacing` and `replacing_folder` write beside the target, then rename, so that a killed process loses nothing that existed. The next
write to the target removes what a killed process left beside it.
"""

import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any, TypeVar

from shoal.errors import OutputError, ShoalError
from shoal.left_overs import beside, mark, sweep_beside, sweep_temporary
from shoal.nearest_names import nearest

Anywhere = str | os.PathLike[str]

LONG_PATH = 1000  # characters; what is longer and no file is rather the content of one

T = TypeVar("T")
_FOUND: ContextVar[dict[Hashable, Any] | None] = ContextVar("found", default=None)  # None outside of `reading_once`: nothing is kept
_DESCRIPTORS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_FOLDERS_OF_DESCRIPTORS = ("/dev/fd/", "/proc/self/fd/")
_LOOP = "is a link that leads back to itself"


# --- reading ----------------------------------------------------------------------------------------------------------


def input_file(path: Anywhere, refused: type[ShoalError], noun: str = "file", advice: str = "name a file in it") -> Path:
    """The path of a file that can be read; anything else is refused by name, and nothing is opened.

    Parameters
    ----------
    path : what the user gave
    refused : the error to raise
    noun : what the file is, as in "There is no model file x"
    advice : what to do where a folder was given

    Returns
    -------
    Path of a regular file, links followed

    Raises
    ------
    refused
        For no such file (with the nearest names there), a folder, a link that leads back to itself, a pipe, a socket, a device.
    """
    unusable = _no_path(path)
    if unusable:
        raise refused(unusable)
    file = Path(path)
    try:
        mode = file.stat().st_mode
    except ValueError as error:  # a zero byte
        raise refused(f"{os.fspath(path)!r} is no name of a file: {error}.") from error
    except OSError as error:
        raise refused(_not_there(path, noun, error)) from error
    if stat.S_ISREG(mode):
        return file
    if stat.S_ISDIR(mode):
        raise refused(f"{path} is a folder; {advice}.")
    raise refused(f"{path} is {_kind(mode)}, not a {noun}: it cannot be read from the start again. Copy it into a file, and give that.")


def read_input(path: Anywhere, refused: type[ShoalError], noun: str = "file", advice: str = "name a file in it") -> bytes:
    """All bytes of an input file; raises as `input_file` does, and where it may not be read."""
    file = input_file(path, refused, noun, advice)
    try:
        return file.read_bytes()
    except OSError as error:
        raise refused(f"{path} cannot be read: {error.strerror or error}.") from error


def _no_path(path: Any) -> str:
    """What is wrong with a path that is none; empty for a text or another path."""
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        return f"The file is given as a {type(path).__name__}; give its path, a text or a pathlib.Path."
    return "" if os.fspath(path) else "The path of the file is empty; give its name."


def _not_there(path: Anywhere, noun: str, error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return f"{path} {_LOOP}; there is no {noun} behind it. Give the file itself."
    if error.errno in (errno.ENOENT, errno.ENAMETOOLONG) and len(os.fspath(path)) > LONG_PATH:
        return f"There is no {noun} {os.fspath(path)[:100]}…; give the path of a file, not what it holds."
    if error.errno not in (errno.ENOENT, errno.ENOTDIR):
        return f"{path} cannot be read: {error.strerror or error}."
    if Path(path).is_symlink():
        return f"There is no {noun} {path}: it is a link to {Path(path).readlink()}, which is not there."
    names = nearest(Path(path).name, _names_beside(Path(path)))
    hint = f"the nearest names there are {', '.join(map(repr, names))}" if names else "check the name and the folder"
    return f"There is no {noun} {path}; {hint}."


def _names_beside(file: Path) -> list[str]:
    try:
        return [other.name for other in file.parent.iterdir()]
    except OSError:
        return []


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a disk"))
    return next((name for test, name in kinds if test(mode)), "no file")


@contextmanager
def reading_once() -> Iterator[None]:
    """While it lasts, what `kept` reads of a file is read once. A decorator too; calls inside one that keeps keep with it."""
    if _FOUND.get() is not None:
        yield
        return
    token = _FOUND.set({})
    try:
        yield
    finally:
        _FOUND.reset(token)


def kept(file: Path, what: Hashable, read: Callable[[], T]) -> T:
    """What `read` gives of a file; within `reading_once` what it gave for the same `what`, if the file is as it was then."""
    found = _FOUND.get()
    if found is None:
        return read()
    state = file.stat()
    key = (file.absolute(), state.st_ino, state.st_mtime_ns, state.st_size, what)
    if key not in found:
        found[key] = read()
    result: T = found[key]
    return result


# --- writing ----------------------------------------------------------------------------------------------------------


@contextmanager
def replacing(path: Anywhere) -> Iterator[IO[bytes]]:
    """A file to write that replaces its target only when it is complete; a device or a pipe is written directly.

    Raises
    ------
    OutputError
        If the folder or the disk refuses; an existing file stays unchanged.
    """
    with _naming(path):
        special = _special(path)
        if special is not None:
            with special as out:
                yield out
            return
        with _whole(_target(path)) as out:
            yield out


def refuse_unwritable(path: Anywhere) -> None:
    """Raise an error, before long work, if its result cannot be written there: the `OutputError` of `replacing`."""
    with _naming(path):
        special = _special(path)
        if special is not None:
            special.close()
            return
        part = beside(_target(path))
        try:
            part.touch(exist_ok=False)
        finally:
            part.unlink(missing_ok=True)


def made_folder(path: Anywhere) -> Path:
    """The folder, created if it is missing, with its parents; raises an `OutputError` if that is not possible."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise OutputError(f"The folder {path} cannot be made: {_reason(error)}. Give another, or make it first.") from error
    return Path(path)


def write_folder(folder: Anywhere, files: Mapping[str, str]) -> Path:
    """Write texts that belong together into a folder, all or none; it is created if it does not exist, and other files in it stay.

    Parameters
    ----------
    folder : where to
    files : name → content

    Raises
    ------
    OutputError
        For a file where the folder must be, or a place that cannot be written; nothing is left behind, nothing is lost.

    Examples
    --------
    >>> import tempfile
    >>> from shoal.export import write_folder
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = write_folder(f"{place}/texts", {"a.txt": "one", "b.txt": "two"})
    ...     sorted(file.name for file in folder.iterdir())
    ['a.txt', 'b.txt']
    """
    with _naming(folder):
        mode = _mode(folder)
        target = Path(os.path.realpath(folder))
        if mode is not None and not stat.S_ISDIR(mode):
            what = "a file" if stat.S_ISREG(mode) else _kind(mode)
            raise OutputError(f"{folder} is {what}; these are {len(files)} files: give the name of a folder.")
        if not target.parent.is_dir():
            raise OutputError(f"There is no folder {Path(folder).parent} to make {Path(folder).name} in. Make it, or give another.")
        sweep_beside(target)
        part = beside(target)
        try:
            part.mkdir()
            for name, text in files.items():
                with (part / name).open("w", encoding="utf-8", newline="\n") as out:
                    out.write(text)
                    out.flush()
                    os.fsync(out.fileno())
            if mode is None:
                part.rename(target)
            else:
                for name in files:
                    (part / name).replace(target / name)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return target


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for as long as the block runs, where `TMPDIR` says; those that killed processes left there are removed first."""
    sweep_temporary()
    with tempfile.TemporaryDirectory(prefix=f"shoal-{mark()}-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def _naming(path: Anywhere) -> Iterator[None]:
    """Turn an error of the system into one about the path that the user gave."""
    unusable = _no_path(path)
    if unusable:
        raise OutputError(unusable)
    try:
        yield
    except OutputError:
        raise
    except ValueError as error:
        if "\0" not in os.fspath(path):
            raise  # of the writer's own
        raise OutputError(f"{os.fspath(path)!r} is no name of a file: {error}.") from error
    except OSError as error:
        raise OutputError(
            f"{path} could not be written: {_reason(error)}. An existing file is unchanged; choose another place, or free some space."
        ) from error


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error)


def _mode(path: Anywhere) -> int | None:
    """What stands at a path, None where nothing does; a link that leads back to itself is refused."""
    try:
        return Path(path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OutputError(f"{path} {_LOOP}; nothing can be written there. Remove it, or give another place.") from error
        raise


def _descriptor(path: Anywhere) -> int | None:
    """The number of an open file that a path such as /dev/stdout names."""
    text = os.fspath(path)
    if text in _DESCRIPTORS:
        return _DESCRIPTORS[text]
    number = next((text.removeprefix(folder) for folder in _FOLDERS_OF_DESCRIPTORS if text.startswith(folder)), "")
    return int(number) if number.isdecimal() else None


def _special(path: Anywhere) -> IO[bytes] | None:
    """What is written to as it is: an open file by its number, a device, a pipe that somebody reads; None for a file to replace."""
    number = _descriptor(path)
    if number is not None and os.name == "posix":
        with suppress(AttributeError, ValueError, OSError):  # a stream that is closed, or none
            sys.stdout.flush()
        return os.fdopen(os.dup(number), "wb")
    mode = _mode(path)
    if mode is None or stat.S_ISREG(mode):
        return None
    if stat.S_ISDIR(mode):
        raise OutputError(f"{path} is a folder; give the name of a file in it.")
    if stat.S_ISSOCK(mode) or stat.S_ISBLK(mode):
        raise OutputError(f"{path} is {_kind(mode)}, and no file is written there; give the name of a file.")
    try:
        descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))  # else opening waits for a reader
    except OSError as error:
        if stat.S_ISFIFO(mode) and error.errno == errno.ENXIO:
            raise OutputError(f"{path} is a pipe that nobody reads. Start its reader first, or give the name of a file.") from error
        raise
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "wb")


def _target(path: Anywhere) -> Path:
    """The file to replace, links followed."""
    target, given = Path(os.path.realpath(path)), Path(path)
    if not target.parent.is_dir():
        leads = f", to which {given} leads" if given.is_symlink() else ""
        raise OutputError(
            f"There is no folder {target.parent if leads else given.parent}{leads} to write {given.name} into. Make it, or give another."
        )
    return target


@contextmanager
def _whole(target: Path) -> Iterator[IO[bytes]]:
    sweep_beside(target)
    part = beside(target)
    try:
        with part.open("xb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        if target.exists():
            part.chmod(target.stat().st_mode & 0o777)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
