"""Tables in files that are neither delimited text nor Parquet, each read whole: workbooks, statistics programs, JSON, Arrow, SQLite."""

import importlib.util
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from shoal.errors import ShoalError, TableError
from shoal.nearest_names import nearest
from shoal.table.cells import brief, listed
from shoal.table.filetypes import INNER, FileKind, Place
from shoal.table.frames import arrow_frame, first_line
from shoal.table.layout import layout_of
from shoal.table.notes import ColumnNote
from shoal.table.sniffing import Dialect

_GRID = 300  # rows that tell what the lines of a sheet are
_EXACT = 2**53


def frame_of_file(place: Place, expected: Collection[str] = ()) -> tuple[pd.DataFrame, tuple[ColumnNote, ...]]:
    """The table in a file, and what a person should know of how it was read.

    Parameters
    ----------
    place : what `place_of_table` found
    expected : names that the columns should have, of a trained model

    Raises
    ------
    TableError
        For a reader that is not installed, a sheet or table that is not there, a damaged file.
    """
    if place.kind == "excel":
        return _workbook(place, expected)
    readers: dict[FileKind, Callable[[Place], pd.DataFrame]] = {
        "json": _json,
        "arrow": _arrow,
        "sqlite": _sqlite,
        "spss": _spss,
        "stata": lambda place: pd.read_stata(place.file),
        "sas": lambda place: pd.read_sas(place.file, format="sas7bdat", encoding="infer"),
        "xport": lambda place: pd.read_sas(place.file, format="xport", encoding="cp1252"),
    }
    try:
        return readers[place.kind](place), ()
    except (ShoalError, MemoryError):
        raise
    except Exception as error:  # a damaged file can make every part of its reader fail, in errors of any kind
        raise TableError(
            f"{place.shown} cannot be read as a file of the kind {place.kind}: {first_line(error)}. Write it again."
        ) from error


def _need(package: str, extra: str, place: Place, what: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise TableError(f"{place.file} is {what}, which needs {package}. Install it with: pip install '{extra}'")


# --- workbooks --------------------------------------------------------------------------------------------------------


def _workbook(place: Place, expected: Collection[str]) -> tuple[pd.DataFrame, tuple[ColumnNote, ...]]:
    _need("python_calamine", "shoal[excel]", place, "a workbook")
    from python_calamine import CalamineWorkbook

    try:
        with closing(CalamineWorkbook.from_path(str(place.file))) as book:
            names = list(book.sheet_names)
            sheet = place.inner or next(iter(names), "")
            if sheet not in names:
                _refuse_inner(place, names, "sheet")
            rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=True)
    except ShoalError:
        raise
    except Exception as error:  # the reader's own, of several types
        raise TableError(f"{place.file} is a damaged or locked workbook: {first_line(error)}. Open it and save it again.") from error
    others = f"; the other sheets are {listed(name for name in names if name != sheet)}" if len(names) > 1 else ""
    notes = [ColumnNote(place.file.name, "file", f"the sheet {sheet!r} is read{others}", "--sheet names another")] if others else []
    frame, dialect = grid_frame(place, rows, expected)
    return frame, (*notes, *dialect.notes(place.file.name))


def _refuse_inner(place: Place, names: Sequence[str], what: str) -> None:
    hint = nearest(place.inner, names) or names
    raise TableError(f"{place.file} has no {what} {place.inner!r}; it has {listed(hint) or 'none'}.")


def grid_frame(place: Place, rows: Sequence[Sequence[Any]], expected: Collection[str]) -> tuple[pd.DataFrame, Dialect]:
    """A frame of a sheet's cells, lines before the table, units and row names left out."""
    filled = [list(row) for row in rows if any(cell not in ("", None) for cell in row)]
    width = _last(filled)
    filled = [row[:width] for row in filled]
    texts = [[_cell_text(cell) for cell in row] for row in filled[:_GRID]]
    skip = _first_row(texts)
    if len(texts) <= skip:
        raise TableError(f"{place.shown} holds no rows; a table has a header line and rows.")
    layout = layout_of(texts[skip:], place.header, expected)
    body = filled[skip + layout.n_header :]
    frame = pd.DataFrame({j: _typed([row[j] for row in body]) for j in layout.kept})
    return frame.set_axis(pd.Index(layout.names, dtype=object), axis=1), Dialect(",", "utf-8", skip, layout)


def _last(rows: Sequence[Sequence[Any]]) -> int:
    """Columns up to the last that is not empty."""
    return max((j + 1 for row in rows for j, cell in enumerate(row) if cell not in ("", None)), default=0)


def _first_row(texts: Sequence[Sequence[str]]) -> int:
    """The row that a sheet's table begins with: behind lines that are narrower than nearly all others."""
    widths = [sum(bool(cell) for cell in row) for row in texts]
    if len(widths) < 3:
        return 0
    usual = float(np.median(widths))
    return next((i for i, width in enumerate(widths) if width >= max(2, 0.5 * usual)), 0) if usual >= 2 else 0


def _cell_text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT:
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _typed(cells: list[Any]) -> pd.Series:
    """A column of a sheet in the type that the same cells have in a CSV file."""
    known = [None if cell == "" else cell for cell in cells]
    kinds = {type(cell) for cell in known if cell is not None}
    if kinds and kinds <= {float, int}:
        whole = all(cell is not None and float(cell).is_integer() and abs(cell) < _EXACT for cell in known)
        return pd.Series(known, dtype=np.int64 if whole else np.float64)
    if kinds and kinds <= {datetime, date}:
        return pd.Series(pd.to_datetime(pd.Series(known, dtype=object)))
    mixed = [_cell_text(cell) if kinds & {str} and isinstance(cell, float) else cell for cell in known]
    return pd.Series(mixed).infer_objects()


# --- other programs ---------------------------------------------------------------------------------------------------


def _json(place: Place) -> pd.DataFrame:
    """A list of objects, or an object a line."""
    with place.open() as stream:
        text = stream.read().decode("utf-8-sig")
    try:
        found = json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        try:
            found = json.loads(text)
        except json.JSONDecodeError:
            raise TableError(
                f"{place.file} is no JSON: {first_line(error)}. A table is a list of objects, or one object a line."
            ) from error
    if isinstance(found, dict) or (isinstance(found, list) and len(found) == 1 and not _is_row(found[0])):
        raise TableError(f"{place.file} is one JSON object, not a table of rows. A table is a list of objects, or one object a line.")
    if not all(isinstance(row, dict) for row in found):
        first = next(i for i, row in enumerate(found, start=1) if not isinstance(row, dict))
        raise TableError(f"{place.file}: row {first} is {brief(found[first - 1], 40)}, no object with a name for each cell.")
    return pd.DataFrame(found)


def _is_row(value: Any) -> bool:
    return isinstance(value, dict) and not any(isinstance(cell, dict | list) for cell in value.values())


def _arrow(place: Place) -> pd.DataFrame:
    _need("pyarrow", "shoal[parquet]", place, "an Arrow or Feather file")
    from pyarrow import feather

    return arrow_frame(feather.read_table(str(place.file)))


def _sqlite(place: Place) -> pd.DataFrame:
    with closing(sqlite3.connect(f"{place.file.resolve().as_uri()}?mode=ro", uri=True)) as base:
        wanted = "select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%' order by name"
        names = [name for (name,) in base.execute(wanted)]
        if place.inner and place.inner not in names:
            _refuse_inner(place, names, "table")
        if not place.inner and len(names) != 1:
            raise TableError(
                f"{place.file} is a database with {len(names)} tables: {listed(names) or 'none'}. Name one as "
                f"{place.file}{INNER}{names[0] if names else 'TABLE'}."
            )
        quoted = '"' + (place.inner or names[0]).replace('"', '""') + '"'
        cursor = base.execute(f"select * from {quoted}")
        columns = [column[0] for column in cursor.description]
        rows: Iterable[Any] = cursor.fetchall()
    return pd.DataFrame.from_records(list(rows), columns=columns)


def _spss(place: Place) -> pd.DataFrame:
    _need("pyreadstat", "shoal[spss]", place, "a file of SPSS")
    return pd.read_spss(place.file)
