"""Reading tables: CSV, gzipped CSV and Parquet, whole or in chunks; whatever is no table gets a named error."""

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from shoal.errors import ShoalError, TableError
from shoal.files import input_file
from shoal.table.cells import ROW, brief, listed
from shoal.table.columns import Column
from shoal.table.frames import arrow_frame, as_frame, first_line

_BUFFER = 1 << 20  # bytes of a column's pages that are read ahead: a row group may be larger than memory
_WHOLE = re.compile(r"[+-]?[0-9]+")
_EXACT_DIGITS, _INTEGER_DIGITS = 15, 18  # that every floating-point number, and every integer of 64 bits, holds
_PANDAS_INDEX = "__index_level_0__"  # what pandas calls an unnamed index in a Parquet file


def read(
    path: str | PathLike[str], columns: Sequence[Column] = (), *, texts: Collection[str] = (), codes: Collection[str] = ()
) -> pd.DataFrame:
    """Read a table.

    Parameters
    ----------
    path : a CSV file (comma, UTF-8, a header line), the same gzipped, or a Parquet file
    columns : of a trained model: its categories, dates and booleans are then read as the text that stands in the file,
        so that "007" stays "007" also where every cell looks like a number
    texts : more columns that are read as the text that stands in a CSV file
    codes : columns such as the target that are read so where their whole numbers have zeros before them, "007" beside "7"

    Returns
    -------
    DataFrame with plain cells (`as_frame`), its index named "row" and counting from 1, so that later errors can name the row of the file

    Notes
    -----
    Only an empty cell is missing here. "NA", "None" and the like may be levels; where all else in a column is a number,
    a date or a truth value they are taken for missing when the columns are described.

    Raises
    ------
    TableError
        For no such file (with the nearest names), a folder, an empty file, a header without rows, rows of unequal
        length, duplicate or missing column names, bytes that are no UTF-8 text, a file that is no table.
    """
    file = _existing(path)
    if _is_parquet(file):
        with _parquet(file) as table:
            return as_frame(_numbered(arrow_frame(table.read()), 0))
    found = _checked_rows(file, codes)
    with _text(file) as handle, _named_parser_errors(file):
        return _numbered(pd.read_csv(handle, **_options(found.header, {*_texts(columns), *texts, *found.texts}, found.integers)), 0)


def read_chunks(path: str | PathLike[str], rows: int = 50_000, columns: Sequence[Column] = ()) -> Iterator[pd.DataFrame]:
    """Read a table that may be larger than memory, a number of rows at a time.

    Parameters
    ----------
    path, columns : as for `read`
    rows : most rows of a chunk

    Returns
    -------
    iterator of DataFrame, whose index goes on counting the rows of the file; a CSV file is checked whole (every row's
    length) before the first chunk, so that nothing is half done when it turns out to be damaged
    """
    if rows < 1:
        raise TableError(f"rows={rows}: a chunk has at least one row.")
    file = _existing(path)
    return _parquet_chunks(file, rows) if _is_parquet(file) else _csv_chunks(file, rows, _checked_rows(file).header, _texts(columns))


@dataclass(frozen=True)
class TableFile:
    """A table's file, checked once, that is read in pieces as often as need be.

    `names` are its columns, `n_rows` its rows; `number_bytes` says how many bytes of a floating-point number hold each column's
    numbers exactly, 4 or 8, and 0 for a column that may hold text; `text_bytes` is what a cell of these holds in the file, unzipped,
    on the average. `texts` are read as text wherever the table is read, `integers` as integers with gaps.
    """

    file: Path
    names: tuple[str, ...]
    n_rows: int
    number_bytes: dict[str, int]
    text_bytes: float
    is_parquet: bool
    texts: tuple[str, ...] = ()
    integers: tuple[str, ...] = ()

    def pieces(self, rows: int, texts: Collection[str] = ()) -> Iterator[pd.DataFrame]:
        """The table, so many rows at a time; of a CSV file the columns `texts` as the text that stands there."""
        if self.is_parquet:
            return _parquet_chunks(self.file, rows)
        return _csv_chunks(self.file, rows, list(self.names), {*self.texts, *texts}, self.integers)


def open_table(path: str | PathLike[str], *, texts: Collection[str] = (), codes: Collection[str] = ()) -> TableFile:
    """The table in a file, to be read in pieces; a CSV file is read through once, to count its rows and the cells of each.

    `texts` and `codes` are as for `read`.

    Raises
    ------
    TableError
        As `read` does.
    """
    file = _existing(path)
    if not _is_parquet(file):
        found = _checked_rows(file, codes)
        names, cell_bytes = tuple(found.header), found.n_bytes / (found.n_rows * len(found.header))
        as_text = (*texts, *found.texts)
        return TableFile(file, names, found.n_rows, dict.fromkeys(names, 0), cell_bytes, False, as_text, found.integers)
    with _parquet(file) as table:
        types = {field.name: field.type for field in table.schema_arrow if field.name != _PANDAS_INDEX}
        widths = {name: _number_bytes(kind) for name, kind in types.items()}
        return TableFile(file, tuple(types), table.metadata.num_rows, widths, _text_bytes(table.metadata, widths), True)


def _text_bytes(metadata: Any, widths: dict[str, int]) -> float:
    """Bytes of a cell, on the average, in the columns of a Parquet file that are no numbers; 0 where there are none."""
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    chunks = (group.column(j) for group in groups for j in range(group.num_columns))
    n_bytes = sum(chunk.total_uncompressed_size for chunk in chunks if not widths.get(chunk.path_in_schema))
    cells = metadata.num_rows * sum(not width for width in widths.values())
    return n_bytes / cells if cells else 0.0


def _number_bytes(kind: Any) -> int:
    """Bytes of a floating-point number that holds an Arrow type's numbers exactly, 0 for what is no number."""
    from pyarrow import types

    if types.is_boolean(kind):
        return 4
    if types.is_floating(kind) or types.is_integer(kind):
        return 4 if kind.bit_width <= (32 if types.is_floating(kind) else 16) else 8
    return 0


def _csv_chunks(file: Path, rows: int, header: list[str], texts: Collection[str], integers: Collection[str] = ()) -> Iterator[pd.DataFrame]:
    done = 0
    with _text(file) as handle, _named_parser_errors(file):
        for chunk in pd.read_csv(handle, chunksize=rows, **_options(header, texts, integers)):
            yield _numbered(chunk, done)
            done += len(chunk)


def _parquet_chunks(file: Path, rows: int) -> Iterator[pd.DataFrame]:
    done = 0
    with _parquet(file, buffer_size=_BUFFER) as table:
        import pyarrow

        for batch in table.iter_batches(batch_size=rows):
            yield as_frame(_numbered(arrow_frame(pyarrow.Table.from_batches([batch])), done))
            done += batch.num_rows


def _texts(columns: Sequence[Column]) -> list[str]:
    """The columns that a trained model reads as text."""
    return [column.name for column in columns if column.kind not in ("number", "left out")]


def _options(header: list[str], texts: Collection[str], integers: Collection[str] = ()) -> dict[str, Any]:
    return {
        "names": header,
        "header": 0,
        "index_col": False,
        "dtype": dict.fromkeys(integers, "Int64") | {name: str for name in texts if name in header},
        "keep_default_na": False,
        "na_values": [""],
        "skipinitialspace": True,
        "low_memory": False,  # one type a column, not one a block
    }


def _numbered(frame: pd.DataFrame, done: int) -> pd.DataFrame:
    frame = frame.drop(columns=_PANDAS_INDEX, errors="ignore")
    frame.index = pd.RangeIndex(done + 1, done + 1 + len(frame), name=ROW)
    return frame


def _existing(path: str | PathLike[str]) -> Path:
    file = input_file(path, TableError, "file", "name a CSV or Parquet file in it")
    try:
        if not file.stat().st_size:
            raise TableError(f"{file} is empty (0 bytes); a table has a header line and rows.")
    except OSError as error:
        raise TableError(f"{file} cannot be read: {error.strerror or error}.") from error
    return file


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as handle:
            return handle.read(4)
    except OSError as error:
        raise TableError(f"{file} cannot be read: {error.strerror or error}.") from error


def _is_parquet(file: Path) -> bool:
    head = _head(file)
    if head == b"PK\x03\x04":
        raise TableError(f"{file} is a zip file or a spreadsheet, not a table of text. Save it as CSV or Parquet.")
    return head == b"PAR1"


@contextmanager
def _parquet(file: Path, buffer_size: int = 0) -> Iterator[Any]:
    """An open Parquet file whose schema is that of a table with rows."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise TableError(f"{file} is a Parquet file, which needs pyarrow. Install it with: pip install 'shoal[parquet]'") from error
    try:
        with pyarrow.parquet.ParquetFile(file, buffer_size=buffer_size, pre_buffer=not buffer_size) as table:
            _check_header(file, [name for name in table.schema_arrow.names if name != _PANDAS_INDEX])
            if not table.metadata.num_rows:
                raise TableError(f"{file} has columns but no rows.")
            yield table
    except ShoalError:
        raise
    except Exception as error:  # a damaged file can make every part of its reader fail, in errors of any kind
        raise TableError(f"{file} is not a whole Parquet file: {first_line(error)}. Write it again.") from error


@contextmanager
def _text(file: Path) -> Iterator[io.TextIOWrapper]:
    """The file as text, unzipped if need be; damage found while reading is named."""
    try:
        zipped = _head(file)[:2] == b"\x1f\x8b"
        form: dict[str, str] = {"mode": "rt", "encoding": "utf-8-sig", "newline": ""}
        with gzip.open(file, **form) if zipped else file.open(**form) as handle:  # type: ignore[call-overload]
            yield handle
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise TableError(
            f"{file} is not UTF-8 text: byte 0x{byte:02x} in line {_undecodable_line(file)}. Save it with the encoding UTF-8."
        ) from error
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise TableError(f"{file} is a damaged gzip file: {first_line(error)}. Copy or compress it again.") from error
    except OSError as error:
        raise TableError(f"{file} cannot be read: {error.strerror or error}.") from error


def _undecodable_line(file: Path) -> int:
    opener = gzip.open if _head(file)[:2] == b"\x1f\x8b" else open
    with opener(file, "rb") as raw:
        for number, line in enumerate(raw, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1


@contextmanager
def _named_parser_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except (ShoalError, UnicodeDecodeError):
        raise
    except (ValueError, OverflowError) as error:
        raise TableError(f"{file} cannot be read as CSV: {first_line(error)}. Check quotes and commas.") from error


@dataclass
class _Spelling:
    """How the whole numbers of a column are written: `zeros` before them, `wide` ones, `gaps`, and anything `else`."""

    zeros: bool = False
    most_digits: int = 0
    gaps: bool = False
    other: bool = False

    def see(self, cell: str) -> None:
        """Take in one cell."""
        if not cell:
            self.gaps = True
        elif not _WHOLE.fullmatch(cell):
            self.other = True
        else:
            digits = cell.lstrip("+-")
            self.zeros |= len(digits) > 1 and digits[0] == "0"
            self.most_digits = max(self.most_digits, len(digits))

    @property
    def is_text(self) -> bool:
        """Whether these are codes that a number would lose the zeros of, or too wide for any integer."""
        return not self.other and (self.zeros or (self.gaps and self.most_digits > _INTEGER_DIGITS))

    @property
    def is_integer(self) -> bool:
        """Whether a gap would turn integers into floating-point numbers that do not hold them."""
        return not self.other and self.gaps and _EXACT_DIGITS < self.most_digits <= _INTEGER_DIGITS


@dataclass(frozen=True)
class _CheckedRows:
    """What one pass over a CSV file finds: names, rows, bytes unzipped, and how columns of codes must be read."""

    header: list[str]
    n_rows: int
    n_bytes: int
    texts: tuple[str, ...]
    integers: tuple[str, ...]


def _checked_rows(file: Path, codes: Collection[str] = ()) -> _CheckedRows:
    """Names and sizes of a CSV file, after every row was seen to have as many cells as there are names.

    pandas fills short rows in silence.
    """
    with _text(file) as handle:
        start = handle.read(4096)
        if "\0" in start:
            raise TableError(
                f"{file} is not a table of text: it holds zero bytes (a binary file, or UTF-16). Save it as CSV in UTF-8, or as Parquet."
            )
    with _text(file) as handle:
        reader = csv.reader(handle, skipinitialspace=True)
        try:
            lines = (line for line in reader if line not in ([], [""]))  # blank lines are skipped, as pandas skips them
            header = [name.strip() for name in next(lines, [])]
            _check_header(file, header)
            spellings = {header.index(name): _Spelling() for name in codes if name in header}
            row = 0
            for row, line in enumerate(lines, start=1):
                if len(line) != len(header):
                    raise TableError(
                        f"{file}: row {row} (line {reader.line_num}) has {len(line)} cells, the header has {len(header)}. "
                        "Check its commas and quotes."
                    )
                for place, spelling in spellings.items():
                    spelling.see(line[place].strip())
        except csv.Error as error:
            raise TableError(f"{file}, line {reader.line_num}, cannot be read as CSV: {first_line(error)}. Check the quotes.") from error
        n_bytes = handle.buffer.tell()  # type: ignore[attr-defined]  # a buffered file, zipped or not, has it
    if not row:
        raise TableError(f"{file} has a header ({len(header)} columns) but no rows.")
    texts = tuple(header[place] for place, spelling in spellings.items() if spelling.is_text)
    return _CheckedRows(header, row, n_bytes, texts, tuple(header[place] for place, s in spellings.items() if s.is_integer))


def _check_header(file: Path, header: list[str]) -> None:
    if not header:
        raise TableError(f"{file} holds blank lines only; a table has a header line and rows.")
    unnamed = [position for position, name in enumerate(header, start=1) if not name]
    if unnamed:
        raise TableError(
            f"{file}: column {unnamed[0]} of {len(header)} has no name in the header ({len(unnamed)} in all). "
            "Name it or remove it; a frame's row numbers stay out with to_csv(index=False)."
        )
    twice = [name for name, times in Counter(header).items() if times > 1]
    if twice:
        raise TableError(f"{file}: duplicate column names {listed(twice)} in a header of {len(header)}. Give every column its own name.")
    separator = next((mark for mark in ";\t|" if len(header) == 1 and mark in header[0]), None)
    if separator:
        raise TableError(f"{file} seems to be separated by {separator!r}: its header is {brief(header[0], 60)}. Save it with commas.")
