"""Files that are written whole or not at all: beside, then renamed, so that a killed process loses nothing that was there."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from shoal.errors import OutputError


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file to write that takes its place only when it is whole; a device or pipe is written to as it is.

    Raises
    ------
    OutputError
        When the folder or the disk refuses; what stood there before is untouched.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise OutputError(f"{path} is a folder; give the name of a file in it.")
        if target.exists() and not target.is_file():
            with target.open("wb") as device:
                yield device
            return
        if not target.parent.is_dir():
            raise OutputError(f"There is no folder {target.parent} to write {target.name} into. Make it, or give another.")
        with _beside(target) as out:
            yield out
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            f"{path} could not be written: {error.strerror or error}. What stood there is untouched; give another place, or make room."
        ) from error


def refuse_unwritable(path: str | os.PathLike[str]) -> None:
    """Find out before long work whether its result can be written there; raises the `OutputError` that `replacing` would."""
    target = Path(os.path.realpath(path))
    tried = target.parent / f".{target.name}.try" if target.is_file() or not target.exists() else target
    if tried == target and not target.is_dir():
        return  # a device or a pipe
    with replacing(tried):
        pass
    tried.unlink()


def made_folder(path: str | os.PathLike[str]) -> Path:
    """The folder, made where it is missing, with those above it; raises an `OutputError` where that cannot be."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {path} cannot be made: {error.strerror or error}. Give another, or make it first.") from error
    return Path(path)


@contextmanager
def _beside(target: Path) -> Iterator[IO[bytes]]:
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
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
