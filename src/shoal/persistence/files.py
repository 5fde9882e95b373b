"""Save and load a model: `.shoal` files, and earlier files in skops' format."""

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from shoal.errors import InvalidParameterError, ModelFileError, OwnFunctionsError
from shoal.files import input_file, replacing
from shoal.persistence.building import built
from shoal.persistence.container import MANIFEST_NAME, array_of, header_of, manifest_of, members, packed
from shoal.persistence.migrations import migrated
from shoal.persistence.own_names import with_own
from shoal.persistence.schema import check
from shoal.persistence.skops_files import SCHEMA_NAME, from_skops
from shoal.persistence.stored import Stored
from shoal.persistence.storing import stored
from shoal.textbook.own_name import OwnName


def save(model: Any, path: str | os.PathLike[str]) -> Path:
    """Write a fitted model to a new file beside the target, and then rename it.

    Parameters
    ----------
    model : fitted Pipeline made by `shoal.fit`, or a fitted `ShoalClassifier` or `ShoalRegressor`
    path : where to; ".shoal" is the usual ending

    Returns
    -------
    Path of the file

    Raises
    ------
    ModelFileError
        For a model that is not fitted, has steps of other libraries, or has parts that do not fit together.
    OutputError
        For a folder that cannot be written to, or a full disk; an existing file stays unchanged.

    Notes
    -----
    Callbacks are not saved, nor is a random generator: the seed that was drawn from it is saved instead.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> import tempfile
    >>> from shoal import load, save
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = load(save(model, f"{folder}/squares.shoal"))
    >>> bool((again.predict(X) == model.predict(X)).all())
    True
    """
    try:
        found = stored(model)
        check(found)
        data = packed(found)
    except ModelFileError as refused:
        if str(refused).endswith("."):
            raise
        raise ModelFileError(f"The model cannot be saved: {refused}. Fit it again, or remove that setting.") from refused
    except Exception as error:  # attributes that a user set by hand can contain anything
        raise ModelFileError(f"The model cannot be saved: its parts do not form a model ({_first_line(error)}). Fit it again.") from error
    with replacing(path) as out:
        out.write(data)
    return Path(path)


def load(path: str | os.PathLike[str], own: OwnName | Iterable[OwnName] = ()) -> Any:
    """Read a model that `save` wrote. It never runs code from the file, and builds nothing before everything is checked.

    Parameters
    ----------
    path : the file, of this version's format or of an earlier one (.skops)
    own : OwnActivation and OwnLoss that the model was trained with, whose functions no file holds; more of them do no harm

    Returns
    -------
    fitted Pipeline, ShoalClassifier or ShoalRegressor

    Raises
    ------
    ModelFileError
        For a missing, truncated or foreign file, or one whose parts do not fit together.
    OwnFunctionsError
        For an own activation or loss that is not among `own`, or not as it was in training.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> import tempfile
    >>> from shoal import load, save
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load(save(model, f"{folder}/squares.shoal")).n_features_in_
    1
    """
    file = input_file(path, ModelFileError, noun="model file")
    try:
        with file.open("rb") as data:
            return _read(data, os.fstat(data.fileno()).st_size, own)  # of the opened file: another may have its name by now
    except OwnFunctionsError as refused:
        raise OwnFunctionsError(f"{file} cannot be loaded: {refused}.") from refused
    except InvalidParameterError:
        raise  # of `own`
    except ModelFileError as refused:
        raise ModelFileError(
            f"{file} is not a whole shoal model: {refused}. Give a file that `shoal fit` or shoal.save wrote."
        ) from refused
    except OSError as error:
        raise ModelFileError(f"{file} cannot be read: {error.strerror or error}.") from error
    except zipfile.BadZipFile as error:
        raise ModelFileError(f"{file} is not a whole shoal model: it is cut short or damaged ({_first_line(error)}).") from error
    except Exception as error:  # a malicious file can make a parser raise any error, RecursionError and MemoryError included
        raise ModelFileError(f"{file} is a damaged model: {_first_line(error)}. Copy or train it again.") from error


def _read(data: IO[bytes], n_bytes: int, own: OwnName | Iterable[OwnName]) -> Any:
    start = data.read(8)
    if not start.startswith(b"PK\x03\x04"):
        raise ModelFileError(_foreign(start))
    with zipfile.ZipFile(data) as archive:
        names = archive.namelist()
        if SCHEMA_NAME in names and MANIFEST_NAME not in names:
            return built(from_skops(archive, n_bytes))
        if MANIFEST_NAME not in names:
            raise ModelFileError(f"it is a zip without a {MANIFEST_NAME}")
        return built(with_own(migrated(_content(archive, n_bytes)), own))


def _content(archive: zipfile.ZipFile, n_bytes: int) -> Stored:
    """The manifest and the arrays, after a check of their sizes."""
    sizes = members(archive, n_bytes)
    manifest = manifest_of(archive)
    headers = {}
    for member, size in sizes.items():
        if member == MANIFEST_NAME:
            continue
        if not member.endswith(".npy"):
            raise ModelFileError(f"it has a part {member[:60]!r}, which is none of a model's")
        with archive.open(member) as stream:
            headers[member.removesuffix(".npy")] = header_of(stream, member, size)
    return Stored(manifest, {name: array_of(archive.read(f"{name}.npy"), header) for name, header in headers.items()})


def _foreign(start: bytes) -> str:
    if not start:
        return "it is empty (0 bytes)"
    if start[:1] == b"\x80":
        return "it is a pickle, which could run any code; it was not opened"
    return f"it does not begin as a model file does, but with {start!r}"


def _first_line(error: BaseException) -> str:
    text = (str(error).splitlines() or [""])[0].rstrip(".")
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
