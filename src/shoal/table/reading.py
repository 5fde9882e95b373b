"""Reading tables: whatever kind of file one is in, whole or in chunks; anything that is not a table raises a named error."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from shoal.errors import ShoalError, TableError
from shoal.files import kept
from shoal.table.cells import ROW
from shoal.table.columns import Column
from shoal.table.delimited import TextTable, check_header, checked, sniffed
from shoal.table.filetypes import Place, place_of_table
from shoal.table.frames import arrow_frame, as_frame, first_line
from shoal.table.notes import ColumnNote
from shoal.table.otherfiles import frame_of_file

_BUFFER = 1 << 20  # bytes of a column's pages that are read ahead: a row group may be larger than memory
_PANDAS_INDEX = "__index_level_0__"  # what pandas calls an unnamed index in a Parquet file
_TEXTS = ("text", "arff")


def read(
    path: str | PathLike[str],
    columns: Sequence[Column] = (),
    *,
    texts: Collection[str] = (),
    codes: Collection[str] = (),
    expected: Collection[str] = (),
) -> pd.DataFrame:
    """Read a table.

    Parameters
    ----------
    path : a file of delimited text (separator, encoding, header line and what stands before it are found), the same packed with gzip,
        bzip2, xz, zstd or zip, a Parquet, Feather or Arrow file, a workbook (.xlsx, .xls, .ods), an ARFF file, JSON lines or a JSON list
        of objects, a SQLite database, a file of SPSS, Stata or SAS. `book.xlsx::May` is the sheet May, `file.db::runs` the table runs;
        a `TablePath` says so too, and whether there is a header line
    columns : of a trained model: its categories, dates and booleans are then read as the text that stands in the file,
        so that "007" stays "007" also where every cell looks like a number
    texts : more columns that are read as the text that stands in a file of text
    codes : columns such as the target that are read so where their whole numbers have zeros before them, "007" beside "7"
    expected : names that the columns should have, which tell a header line from a row

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
        length, duplicate or missing column names, a file that is no table (by what it is), a reader that is not installed.
    """
    place = place_of_table(path)
    names = _expected(columns, expected)
    if place.kind == "parquet":
        with _parquet(place.file) as table:
            return as_frame(_numbered(arrow_frame(table.read()), 0))
    if place.kind in _TEXTS:
        found = checked(place, codes, names)
        return _numbered(found.frame({*texts_of(columns), *texts}), 0)
    return _whole(place, names)[0]


def read_chunks(
    path: str | PathLike[str], rows: int = 50_000, columns: Sequence[Column] = (), *, expected: Collection[str] = ()
) -> Iterator[pd.DataFrame]:
    """Read a table that may be larger than memory, a number of rows at a time.

    Parameters
    ----------
    path, columns, expected : as for `read`
    rows : most rows of a chunk

    Returns
    -------
    iterator of DataFrame, whose index goes on counting the rows of the file; a file of text is checked whole (every row's
    length) before the first chunk, so that nothing is half done when it turns out to be damaged. Files of other kinds than text and
    Parquet are read whole, and cut.
    """
    if rows < 1:
        raise TableError(f"rows={rows}: a chunk has at least one row.")
    return open_table(path, expected=_expected(columns, expected)).pieces(rows, texts_of(columns))


@dataclass(frozen=True)
class TableFile:
    """A table's file, checked once, that is read in chunks, any number of times.

    `names` are its columns, `n_rows` its rows; `number_bytes` says how many bytes of a floating-point number hold each column's
    numbers exactly, 4 or 8, and 0 for a column that may hold text; `text_bytes` is what a cell of these holds in the file, unpacked,
    on the average. `text` is a table of delimited text, whose chunks may differ in the types that pandas finds in them; `whole` one that
    could only be read whole.
    """

    file: Path
    names: tuple[str, ...]
    n_rows: int
    number_bytes: dict[str, int]
    text_bytes: float
    text: TextTable | None = None
    whole: pd.DataFrame | None = None
    dropped: tuple[str, ...] = ()

    def without(self, names: Collection[str]) -> "TableFile":
        """The table without some columns, those that it has."""
        left = {name: n for name, n in self.number_bytes.items() if name not in names}
        gone = (*self.dropped, *(name for name in self.names if name in names))
        return replace(self, names=tuple(name for name in self.names if name not in names), number_bytes=left, dropped=gone)

    @property
    def texts(self) -> tuple[str, ...]:
        """Columns that are read as text wherever the table is read."""
        return () if self.text is None else self.text.texts

    def pieces(self, rows: int, texts: Collection[str] = ()) -> Iterator[pd.DataFrame]:
        """The table, so many rows at a time; of a file of text the columns `texts` as the text that stands there."""
        pieces = self._all_columns(rows, texts)
        return (piece.drop(columns=list(self.dropped)) for piece in pieces) if self.dropped else pieces

    def _all_columns(self, rows: int, texts: Collection[str]) -> Iterator[pd.DataFrame]:
        if self.text is not None:
            return _text_chunks(self.text, rows, texts)
        if self.whole is not None:
            frame = self.whole
            return (frame.iloc[i : i + rows] for i in range(0, len(frame), rows))
        return _parquet_chunks(self.file, rows)


def open_table(
    path: str | PathLike[str], *, texts: Collection[str] = (), codes: Collection[str] = (), expected: Collection[str] = ()
) -> TableFile:
    """The table in a file, to be read in chunks; one of text is read through once, to count its rows and the cells of each.

    `texts`, `codes` and `expected` are as for `read`.

    Raises
    ------
    TableError
        As `read` does.
    """
    place = place_of_table(path)
    if place.kind in _TEXTS:
        found = checked(place, codes, expected)
        cell_bytes = found.n_bytes / (found.n_rows * len(found.names))
        found = replace(found, texts=(*texts, *found.texts))
        return TableFile(place.file, found.names, found.n_rows, dict.fromkeys(found.names, 0), cell_bytes, found)
    if place.kind != "parquet":
        frame = _whole(place, expected)[0]
        sizes = {name: _bytes_of(frame[name]) for name in frame.columns}
        return TableFile(place.file, tuple(frame.columns), len(frame), sizes, 0.0, whole=frame)
    with _parquet(place.file) as table:
        types = {field.name: field.type for field in table.schema_arrow if field.name != _PANDAS_INDEX}
        widths = {name: _number_bytes(kind) for name, kind in types.items()}
        return TableFile(place.file, tuple(types), table.metadata.num_rows, widths, _text_bytes(table.metadata, widths))


def notes_of(path: str | PathLike[str], *, expected: Collection[str] = ()) -> tuple[ColumnNote, ...]:
    """What a person should know of how a table's file is read: separator, encoding, lines left out, the sheet.

    Parameters
    ----------
    path, expected : as for `read`

    Returns
    -------
    tuple of ColumnNote, of the kind "file" and under the file's name; none for a CSV file with commas, a header line and UTF-8. Of a file
    of text its head alone is read.

    Raises
    ------
    TableError
        As `read` does.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from shoal.table.reading import notes_of
    >>> path = pathlib.Path(tempfile.mkdtemp(), "rain.csv")
    >>> _ = path.write_text("day;rain\\n1;0,5\\n2;1,25\\n")
    >>> for note in notes_of(path):
    ...     print(note)
    rain.csv: cells separated by semicolons; numbers with a decimal comma
    """
    place = place_of_table(path)
    if place.kind == "parquet":
        return ()
    if place.kind in _TEXTS:
        return sniffed(place, expected).notes(place.file.name)
    return _whole(place, expected)[1]


def _whole(place: Place, expected: Collection[str]) -> tuple[pd.DataFrame, tuple[ColumnNote, ...]]:
    """A table that can only be read whole, with what a person should know of that."""
    return kept(place.file, (place, tuple(expected)), lambda: _read_whole(place, expected))


def _read_whole(place: Place, expected: Collection[str]) -> tuple[pd.DataFrame, tuple[ColumnNote, ...]]:
    frame, notes = frame_of_file(place, expected)
    check_header(place.file, [str(name).strip() for name in frame.columns])
    if not len(frame):
        raise TableError(f"{place.shown} has columns but no rows.")
    return as_frame(_numbered(frame, 0)), notes


def _expected(columns: Sequence[Column], expected: Collection[str]) -> Collection[str]:
    """The names that a trained model's columns have, or others."""
    return expected or [column.name for column in columns if column.kind != "left out"]


def _bytes_of(column: pd.Series) -> int:
    """Bytes of a floating-point number that holds a column's numbers exactly, 0 for what is no number."""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return 0
    return 4 if column.dtype in (bool, "float32", "int8", "int16", "uint8", "uint16") else 8


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


def _text_chunks(table: TextTable, rows: int, texts: Collection[str]) -> Iterator[pd.DataFrame]:
    done = 0
    for chunk in table.frames(rows, texts):
        yield _numbered(chunk, done)
        done += len(chunk)


def _parquet_chunks(file: Path, rows: int) -> Iterator[pd.DataFrame]:
    done = 0
    with _parquet(file, buffer_size=_BUFFER) as table:
        import pyarrow

        for batch in table.iter_batches(batch_size=rows):
            yield as_frame(_numbered(arrow_frame(pyarrow.Table.from_batches([batch])), done))
            done += batch.num_rows


def texts_of(columns: Sequence[Column]) -> list[str]:
    """The columns that a trained model reads as text: a chunk of them alone could be taken for plain numbers, "1.234" for one."""
    return [
        column.name for column in columns if column.kind != "left out" and not (column.kind == "number" and column.number_format.is_plain)
    ]


def _numbered(frame: pd.DataFrame, done: int) -> pd.DataFrame:
    frame = frame.drop(columns=_PANDAS_INDEX, errors="ignore")
    frame.index = pd.RangeIndex(done + 1, done + 1 + len(frame), name=ROW)
    return frame


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
            check_header(file, [name for name in table.schema_arrow.names if name != _PANDAS_INDEX])
            if not table.metadata.num_rows:
                raise TableError(f"{file} has columns but no rows.")
            yield table
    except ShoalError:
        raise
    except Exception as error:  # a damaged file can make every part of its reader fail, in errors of any kind
        raise TableError(f"{file} is not a whole Parquet file: {first_line(error)}. Write it again.") from error
