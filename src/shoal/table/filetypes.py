"""What kind of file something is, by what stands in it and never by its name; whatever is no table is refused by what it is."""

import bz2
import gzip
import io
import lzma
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import IO, Any, Literal, cast

from shoal.errors import TableError
from shoal.files import input_file
from shoal.table.cells import listed
from shoal.table.frames import first_line

FileKind = Literal["text", "arff", "json", "parquet", "arrow", "excel", "sqlite", "spss", "stata", "sas", "xport"]
Packing = Literal["", "gzip", "bzip2", "xz", "zstd", "zip"]

INNER = "::"  # between a file and the sheet, table or member in it
_START = 4096  # bytes that tell the kind
_SAVE = "Save the table as CSV or Parquet."

_PACKED: tuple[tuple[bytes, Packing], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_TABLES: tuple[tuple[bytes, FileKind], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"FEA1", "arrow"),
    (b"SQLite format 3\0", "sqlite"),
    (b"$FL2", "spss"),
    (b"$FL3", "spss"),
    (b"<stata_dta>", "stata"),
    (b"HEADER RECORD*******LIBRARY HEADER RECORD", "xport"),
)
_SAS = b"\xc2\xea\x81\x60\xb3\x14\x11\xcf\xbd\x92\x08\x00\x09\xc7\x31\x8c\x18\x1f\x10\x11"  # behind twelve zero bytes
_OLD_STATA = re.compile(rb"[\x69-\x73][\x01\x02]\x01\x00", re.DOTALL)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ARFF = re.compile(rb"(?:\s|%[^\n]*\n)*@relation\b", re.IGNORECASE)
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*[\"}]|\[\s*[\[{\]\d\"])")
# What people hand over by mistake: bytes at the beginning, what that is, and what to do.
_NO_TABLES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF document", "Copy its table into a spreadsheet, and save that as CSV."),
    (b"\x89PNG", "an image (PNG)", "A table of its pixels can be written with pandas."),
    (b"\xff\xd8\xff", "an image (JPEG)", "A table of its pixels can be written with pandas."),
    (b"GIF8", "an image (GIF)", "A table of its pixels can be written with pandas."),
    (b"II*\0", "an image (TIFF)", "A table of its pixels can be written with pandas."),
    (b"MM\0*", "an image (TIFF)", "A table of its pixels can be written with pandas."),
    (b"BM", "an image (BMP)", "A table of its pixels can be written with pandas."),
    (b"RIFF", "a sound, film or image file (RIFF)", "A table of its features can be written with pandas."),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "Read the table in it with pandas.read_hdf or h5py, and write it with to_parquet."),
    (b"CDF\x01", "a NetCDF file", "Read it with xarray, and write to_dataframe().to_parquet."),
    (b"CDF\x02", "a NetCDF file", "Read it with xarray, and write to_dataframe().to_parquet."),
    (b"\x93NUMPY", "an array of NumPy (.npy)", "Load it with numpy.load, and give the array or frame to shoal.fit."),
    (b"\0\0\x08\x01", "an array of bytes (IDX, as MNIST has them)", "A table of its values can be written with pandas."),
    (b"\0\0\x08\x03", "an array of bytes (IDX, as MNIST has them)", "A table of its values can be written with pandas."),
    (b"MATLAB 5.0", "a MATLAB file", "Write the table in MATLAB with writetable, as CSV."),
    (b"RDX", "a file of R objects (.RData)", "Write the table in R with write.csv(table, file, row.names=FALSE)."),
    (b"X\n\0\0\0", "an R object (.rds)", "Write the table in R with write.csv(table, file, row.names=FALSE)."),
    (b"ORC", "an ORC file", "Write it as Parquet."),
    (b"Obj\x01", "an Avro file", "Write it as Parquet."),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it, and give the table in it."),
    (b"Rar!", "a RAR archive", "Unpack it, and give the table in it."),
    (b"{\\rtf", "a text document (RTF)", _SAVE),
    (b"\x7fELF", "a program", "Give a table."),
    (b"MZ", "a program", "Give a table."),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_HTML = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*<(!doctype\s+html|html|head|body|table)\b", re.IGNORECASE | re.DOTALL)
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml", re.IGNORECASE)


@dataclass(frozen=True)
class TablePath:
    """The path of a table's file, with what the file itself does not say. It is given wherever a path is.

    Attributes
    ----------
    path : str or path
        Of the file; behind "::" may stand what `sheet` says.
    header : bool or None
        Whether the first line names the columns; found from the cells where None.
    sheet : str
        Name of a sheet of a workbook, a table of a database or a file in a zip archive; the first, or only one, where empty.

    Examples
    --------
    >>> import os
    >>> from shoal import TablePath
    >>> os.fspath(TablePath("results.xlsx", sheet="May"))
    'results.xlsx::May'
    """

    path: str | PathLike[str]
    header: bool | None = None
    sheet: str = ""

    def __fspath__(self) -> str:
        path = os.fspath(self.path)
        return f"{path}{INNER}{self.sheet}" if self.sheet else path

    def __str__(self) -> str:
        return os.fspath(self)


@dataclass(frozen=True)
class Place:
    """A table's file, as it was found: what kind it is, how it is packed, and what the caller adds."""

    file: Path
    kind: FileKind
    packing: Packing
    inner: str = ""
    header: bool | None = None

    @property
    def shown(self) -> str:
        """What to call it in an error."""
        return f"{self.file}{INNER}{self.inner}" if self.inner else str(self.file)

    def open(self) -> IO[bytes]:
        """Its bytes, unpacked."""
        return unpacked(self.file, self.packing, self.inner)


def file_of(path: str | PathLike[str]) -> tuple[Path, str]:
    """The file that a table's path names, and what is named in it, such as a sheet; nothing is opened."""
    text = os.fspath(path)
    if not isinstance(text, str) or INNER not in text or Path(text).exists():
        return Path(path), ""
    file, _, inner = text.rpartition(INNER)
    return Path(file), inner


def place_of_table(path: str | PathLike[str]) -> Place:
    """Find out what kind of file a table's path names.

    Raises
    ------
    TableError
        For no such file (with the nearest names), a folder, an empty file, and whatever is no table, by what it is.
    """
    inner = ""
    if isinstance(path, str | PathLike) and isinstance(os.fspath(path), str):
        named, inner = file_of(path)
        path, header = (named if inner or isinstance(path, TablePath) else path), getattr(path, "header", None)
    else:
        header = None
    file = input_file(path, TableError, "file", "name a table's file in it")
    start = _start(file)
    if not start:
        raise TableError(f"{file} is empty (0 bytes); a table has a header line and rows.")
    packing: Packing = next((packing for magic, packing in _PACKED if start.startswith(magic)), "")
    if start.startswith(b"PK\x03\x04"):
        kind, member = _in_zip(file, inner)
        if kind is not None:
            return Place(file, kind, "", inner, header)
        packing, inner = "zip", member
    if packing:
        with naming_damage(file, packing), unpacked(file, packing, inner) as stream:
            start = stream.read(_START)
        if not start:
            raise TableError(f"{file} holds nothing, unpacked; a table has a header line and rows.")
    kind = _kind_of(file, start)
    if packing and kind not in ("text", "arff", "json"):
        raise TableError(f"{file} holds a packed file of the kind {kind}; only texts are read so. Unpack it first.")
    if inner and kind not in ("excel", "sqlite") and packing != "zip":
        raise TableError(f"{file} is one table: there is no {inner!r} in it. Sheets and tables are named in workbooks and databases.")
    return Place(file, kind, packing, inner, header)


def _start(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(_START)
    except OSError as error:
        raise TableError(f"{file} cannot be read: {error.strerror or error}.") from error


def _kind_of(file: Path, start: bytes) -> FileKind:
    """The kind of a file that is not packed, by its first bytes."""
    for magic, kind in _TABLES:
        if start.startswith(magic):
            return kind
    if start[12 : 12 + len(_SAS)] == _SAS:
        return "sas"
    if start.startswith(_OLE):
        if "Book".encode("utf-16-le") in _whole(file).replace(b"b\0o\0o\0k", b"B\0o\0o\0k"):  # the stream is called Book or Workbook
            return "excel"
        raise TableError(f"{file} is a document of an old Office program, no workbook. {_SAVE}")
    if _OLD_STATA.match(start):
        return "stata"
    for magic, what, advice in _NO_TABLES:
        if start.startswith(magic) and (len(magic) > 3 or not magic.isascii() or b"\0" in start[:64]):  # "ORC,BMI" is a header
            raise TableError(f"{file} is {what}, not a table. {advice}")
    if _PICKLE.match(start):
        raise TableError(
            f"{file} is a Python pickle, which can run any program when it is read: shoal reads none. Load it where you trust it, and "
            "write the frame with to_parquet or to_csv."
        )
    if len(start) > 262 and start[257:262] == b"ustar":
        raise TableError(f"{file} is a tar archive, not a table. Unpack it, and give the table in it.")
    if _HTML.match(start):
        raise TableError(f"{file} is an HTML page, not a table. Save the table itself; pandas.read_html reads tables out of pages.")
    if _XML.match(start):
        raise TableError(f"{file} is an XML document, not a table. {_SAVE}")
    if _ARFF.match(start):
        return "arff"
    return "json" if _JSON.match(start) else "text"


def _whole(file: Path) -> bytes:
    """The bytes of a file of an old Office program, as many as may name what is in it."""
    with file.open("rb") as stream:
        return stream.read(1 << 24)


def _in_zip(file: Path, inner: str) -> tuple[FileKind | None, str]:
    """The kind of a zip file that is a workbook; else the one table in it."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
            mime = archive.read("mimetype")[:200] if "mimetype" in names else b""
            if any(name in names for name in ("xl/workbook.xml", "xl/workbook.bin")) or b"opendocument.spreadsheet" in mime:
                return "excel", ""
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        raise TableError(f"{file} is a damaged zip file or spreadsheet: {error}. Copy or save it again.") from error
    known = (
        ("word/document.xml", "a Word document"),
        ("ppt/presentation.xml", "a PowerPoint presentation"),
        ("Index/Document.iwa", "a document of Numbers or Pages"),
        ("manifest.json", "a model file"),
        ("META-INF/MANIFEST.MF", "a Java archive"),
    )
    what = next((document for name, document in known if name in names), "a document" if mime else "")
    if what:
        raise TableError(f"{file} is {what}, not a table. {_SAVE}")
    if inner and inner not in names:
        raise TableError(f"The archive {file} holds no {inner!r}; it holds {listed(names) or 'nothing'}.")
    if not inner and len(names) != 1:
        raise TableError(
            f"{file} is an archive of {len(names)} files: {listed(names) or 'none'}. Name the table as {file}{INNER}"
            f"{names[0] if names else 'NAME'}, or unpack it."
        )
    return None, inner or names[0]


def unpacked(file: Path, packing: Packing, inner: str = "") -> IO[bytes]:
    """The bytes of a packed file; damage is found while they are read."""
    if packing == "zip":
        return zipfile.ZipFile(file).open(inner)
    if packing == "zstd":
        return cast(IO[bytes], _zstd(file))
    openers: dict[str, Callable[..., Any]] = {"": open, "gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
    return cast(IO[bytes], openers[packing](file, "rb"))


class _Zstd(io.RawIOBase):
    """A stream of pyarrow's, as Python's own buffers want it; it counts what was read."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.done = stream, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self.stream.read(len(buffer))
        buffer[: len(found)] = found
        self.done += len(found)
        return len(found)

    def tell(self) -> int:
        return self.done

    def close(self) -> None:
        self.stream.close()
        super().close()


def _zstd(file: Path) -> io.BufferedReader:
    try:
        import pyarrow
    except ImportError as error:
        raise TableError(f"{file} is packed with zstd, which needs pyarrow. Install it with: pip install 'shoal[parquet]'") from error
    return io.BufferedReader(_Zstd(pyarrow.input_stream(str(file), compression="zstd")))


@contextmanager
def naming_damage(file: Path, packing: Packing) -> Iterator[None]:
    """Errors of an unpacker, and of the disk, by name."""
    try:
        yield
    except (gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile, EOFError) as error:
        raise TableError(f"{file} is a damaged {packing} file: {first_line(error)}. Copy or compress it again.") from error
    except OSError as error:
        if packing and error.errno is None:  # bz2 and zstd say damage so
            raise TableError(f"{file} is a damaged {packing} file: {first_line(error)}. Copy or compress it again.") from error
        raise TableError(f"{file} cannot be read: {error.strerror or error}.") from error
