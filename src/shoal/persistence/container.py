"""The container of a model file: a zip of one `manifest.json` and one `.npy` per array, all uncompressed.

Sizes are compared with the file's before memory is allocated, and arrays are read as plain numbers, never as pickles. The same
content always gives the same bytes.
"""

import io
import json
import math
import zipfile
from collections import Counter
from collections.abc import Callable
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from shoal.errors import ModelFileError
from shoal.persistence.stored import Stored

MANIFEST_NAME = "manifest.json"
MOST_MANIFEST_BYTES = 1 << 26  # the manifests of the widest tables need a tenth
LONGEST_HEADER = 10_000  # the limit of NumPy's reader for an array's header


def packed(stored: Stored) -> bytes:
    """The file's bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        manifest = json.dumps(stored.manifest, separators=(",", ":"), allow_nan=False)
        archive.writestr(zipfile.ZipInfo(MANIFEST_NAME), manifest.encode("ascii"))
        for name, array in stored.arrays.items():
            member = io.BytesIO()
            little = array.astype(array.dtype.newbyteorder("<"), copy=False)
            np.lib.format.write_array(member, np.asarray(little), version=(1, 0), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return out.getvalue()


def members(archive: zipfile.ZipFile, n_bytes: int, index: str = MANIFEST_NAME) -> dict[str, int]:
    """Name → size of every member. An uncompressed member cannot be longer than the file, so no bomb fits."""
    found = archive.infolist()
    sizes = {member.filename: member.file_size for member in found}
    twice = [name for name, n in Counter(member.filename for member in found).items() if n > 1]
    if twice:
        raise ModelFileError(f"it has several parts called {twice[0][:60]!r}")
    odd = [m.filename for m in found if m.compress_type != zipfile.ZIP_STORED or m.compress_size != m.file_size or m.flag_bits & 1]
    if odd:
        raise ModelFileError(f"its part {odd[0][:60]!r} is compressed or encrypted")
    if sum(sizes.values()) > n_bytes:
        raise ModelFileError(f"its {len(found)} parts overlap: {sum(sizes.values())} bytes in a file of {n_bytes}")
    if sizes.get(index, 0) > MOST_MANIFEST_BYTES:
        raise ModelFileError(f"its {index} has {sizes[index]} bytes; at most {MOST_MANIFEST_BYTES} are read")
    return sizes


def manifest_of(archive: zipfile.ZipFile, index: str = MANIFEST_NAME) -> dict[str, Any]:
    """The manifest, parsed: numbers that JSON does not define are refused."""
    found = parsed_json(archive.read(index), f"its {index}", _no_number)
    if not isinstance(found, dict):
        raise ModelFileError(f"its {index} holds a {type(found).__name__}, not a record")
    return found


def parsed_json(text: str | bytes, what: str, constant: Callable[[str], float] | None = None) -> Any:
    """A JSON text's value. A name that occurs twice in one record is refused, because readers differ in which one counts.

    `constant` is called for NaN and Infinity, which JSON does not define.
    """
    try:
        return json.loads(text, parse_constant=constant, object_pairs_hook=_record)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{what} is no JSON of a model ({str(error)[:80]})") from error


def _no_number(text: str) -> float:
    raise ModelFileError(f"it holds {text}, which is no number")


def _record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, n in Counter(name for name, _ in pairs).items() if n > 1)
        raise ModelFileError(f"the name {twice[:60]!r} stands twice in one of its records")
    return found


Header = tuple[str, tuple[int, ...], bool, int]  # type, shape, whether columns come first, where the numbers begin


def header_of(stream: IO[bytes], name: str, size: int) -> Header:
    """The header of an array, after a check that the array has exactly that length."""
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, by_columns, dtype = read(stream, max_header_size=LONGEST_HEADER)
    except Exception as error:  # a damaged header can raise any error in NumPy and Python's tokenizer
        raise ModelFileError(f"its part {name[:60]!r} does not begin as an array does") from error
    at = stream.tell()
    plain = dtype.kind in "biufU" and dtype.itemsize and all(type(n) is int and n >= 0 for n in shape)
    if not plain or at + math.prod(shape) * dtype.itemsize != size:
        raise ModelFileError(f"its array {name[:60]!r} says it is {str(shape)[:60]} of {str(dtype)[:40]}, in {size} bytes")
    return dtype.str, shape, by_columns, at


def array_of(data: bytes, header: Header) -> NDArray[Any]:
    """The array of a member whose header was read; it can be changed."""
    kind, shape, by_columns, at = header
    values = np.frombuffer(data, np.dtype(kind), offset=at).reshape(shape, order="F" if by_columns else "C")
    if np.dtype(kind).kind == "b" and not np.isin(np.frombuffer(data, np.uint8, offset=at), (0, 1)).all():
        raise ModelFileError("an array of truth values holds other bytes than 0 and 1")
    return values.copy(order="K")
