"""Several files that belong together, written all or none."""

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from shoal.errors import OutputError


def write_folder(folder: str | os.PathLike[str], files: Mapping[str, str]) -> Path:
    """Write texts into a folder, which is made if it is not there; other files in it stay.

    Parameters
    ----------
    folder : where to
    files : name → content

    Raises
    ------
    OutputError
        For a file where the folder must be, or a place that cannot be written; nothing is left behind, nothing is lost.
    """
    target = Path(os.path.realpath(folder))
    if target.exists() and not target.is_dir():
        raise OutputError(f"{folder} is a file; these are {len(files)} files: give the name of a folder.")
    if not target.parent.is_dir():
        raise OutputError(f"There is no folder {target.parent} to make {target.name} in. Make it, or give another.")
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        beside.mkdir()
        for name, text in files.items():
            with (beside / name).open("w", encoding="utf-8", newline="\n") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
        if target.exists():
            for name in files:
                (beside / name).replace(target / name)
        else:
            beside.rename(target)
    except OSError as error:
        raise OutputError(f"{folder} could not be written: {error.strerror or error}. Give another place, or make room.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target
