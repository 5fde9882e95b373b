"""What becomes of each column: decided once, at fit, from the training rows, and obeyed ever after."""

from collections.abc import Collection, Sequence, Sized
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from shoal.errors import ColumnsError, TableError
from shoal.table.cells import (
    Cells,
    check_finite,
    date_cells,
    date_format_of,
    is_slip,
    listed,
    nearest,
    number_cells,
    refusal,
    text_cells,
    truth_cells,
)

Kind = Literal["number", "boolean", "category", "date", "left out"]

MISSING = "missing"  # the level that an empty cell of a category becomes
MOST_LEVELS = 256  # levels with a column of their own; the rarer share one, so that a wide category cannot fill the memory

_EMPTY = "no value in any row"
_DAY = pd.Timedelta(days=1)
_EPOCH = pd.Timestamp("1970-01-01")
_SLIP_ADVICE = "Correct the cell, or leave it empty if the value is not known; a column of codes can be named a category."


@dataclass(frozen=True)
class Column:
    """What a column of the training rows held and what becomes of it.

    Attributes
    ----------
    name : str
    kind : {"number", "boolean", "category", "date", "left out"}
    reason : str
        Why, with what was seen, for a person.
    n_rows, n_missing : int
        Training rows, and those of them without a value.
    levels : tuple of str
        Of a category: the levels that get a column of their own, most frequent first.
    low, high : float or None
        Range of a number, or of a date in days since 1970.
    date_format : str
        How a date is written in text.
    has_times : bool
        Whether a date comes with the time of day.
    """

    name: str
    kind: Kind
    reason: str
    n_rows: int
    n_missing: int
    levels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    date_format: str = ""
    has_times: bool = False


def rare_below(n_rows: int) -> int:
    """Levels with fewer rows than this share one column: 5 rows, in tables below 100 rows 5 % of them, at least 2."""
    return max(2, min(5, n_rows // 20))


def named_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with text as column names; refuses what is no frame, and names that are missing or stand twice."""
    if not isinstance(frame, pd.DataFrame):
        raise TableError(f"A table is a pandas DataFrame with named columns; this is {type(frame).__name__}. Wrap it in pandas.DataFrame.")
    names = pd.Index([str(name) for name in frame.columns], dtype=object)
    if names.has_duplicates:
        twice = list(dict.fromkeys(names[names.duplicated()]))
        raise TableError(
            f"Duplicate column names: {listed(twice)} ({len(twice)} of {len(set(names))} names). Give every column its own name."
        )
    if any(not name.strip() for name in names):
        position = next(i for i, name in enumerate(names) if not name.strip()) + 1
        raise TableError(f"Column {position} of {len(names)} has no name. Name it, or remove it.")
    return frame.set_axis(names, axis=1)


def describe_columns(frame: pd.DataFrame, categories: Collection[str] = ()) -> tuple[Column, ...]:
    """Decide what becomes of every input column.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        The training rows, inputs only (no target, no group column).
    categories : names of columns that are categories even where every cell is a number.

    Returns
    -------
    tuple of Column, in the frame's order

    Raises
    ------
    TableError
        For no rows or no columns, duplicate names, infinities, a few texts among numbers or dates, a type that is no table's.
    """
    frame = named_frame(frame)
    if not len(frame) or not len(frame.columns):
        raise TableError(
            f"Nothing to learn from: {len(frame)} rows and {len(frame.columns)} input columns. Give rows and a column beside the target."
        )
    for name in categories:
        if name not in frame.columns:
            raise ColumnsError(f"No column {name!r} to take for a category; {_known(name, frame.columns)}.")
    return tuple(_describe(frame[name], name, name in categories) for name in frame.columns)


def _describe(column: pd.Series, name: str, is_category: bool) -> Column:
    """One column, by its type where pandas knows one, else by what its text says."""
    dtype, types = column.dtype, pd.api.types
    if column.isna().all():
        return Column(name, "left out", _EMPTY, len(column), len(column))
    if is_category or isinstance(dtype, pd.CategoricalDtype):
        return _category(column, name)
    if types.is_bool_dtype(dtype):
        return _truth(truth_cells(column), name)
    if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
        return _number(number_cells(column), name)
    if types.is_datetime64_any_dtype(dtype):
        return _date(date_cells(column, ""), name, "ISO8601")
    if types.is_object_dtype(dtype) or types.is_string_dtype(dtype):
        return _describe_text(column, name)
    raise TableError(f"Column {name!r} is of type {dtype}, which is neither number, boolean, text nor date. Turn it into one of these.")


def _describe_text(column: pd.Series, name: str) -> Column:
    truths = truth_cells(column)
    numbers = number_cells(column)
    if not truths.refused.any() and numbers.refused.any():  # all 1 and 0 are numbers
        return _truth(truths, name)
    if is_slip(numbers) or not numbers.refused.any():  # the latter: marks of missing values only
        if numbers.refused.any():
            raise refusal(name, column, numbers.refused, "numbers", _SLIP_ADVICE)
        return _number(numbers, name)
    date_format = date_format_of(column)
    if date_format is not None:
        dates = date_cells(column, date_format)
        if dates.refused.any() and is_slip(dates):
            raise refusal(name, column, dates.refused, f"dates ({date_format})", _SLIP_ADVICE)
        if not dates.refused.any():
            return _date(dates, name, date_format)
    return _category(column, name)


def _number(cells: Cells, name: str) -> Column:
    values, n_rows, n_missing = cells.values, len(cells.values), len(cells.values) - cells.n_known
    if not cells.n_known:
        return Column(name, "left out", _EMPTY, n_rows, n_missing)
    check_finite(name, values)
    low, high = float(values.min()), float(values.max())
    if low == high and not n_missing:
        return Column(name, "left out", f"one value only: {low:.6g}", n_rows, 0, low=low, high=high)
    return Column(name, "number", f"numbers from {low:.6g} to {high:.6g}", n_rows, n_missing, low=low, high=high)


def _truth(cells: Cells, name: str) -> Column:
    n_rows, n_missing, n_true = len(cells.values), len(cells.values) - cells.n_known, int(cells.values.sum())
    if n_true in (0, n_rows) and not n_missing:
        return Column(name, "left out", f"one value only: {n_true > 0}", n_rows, 0)
    return Column(name, "boolean", f"true in {n_true} of {cells.n_known} rows", n_rows, n_missing)


def _date(cells: Cells, name: str, date_format: str) -> Column:
    values, n_rows, n_missing = cells.values, len(cells.values), len(cells.values) - cells.n_known
    days = (values - _EPOCH) / _DAY
    low, high = float(days.min()), float(days.max())
    written = "dates" if date_format == "ISO8601" else f"dates written {date_format}"
    if low == high and not n_missing:
        return Column(name, "left out", f"one value only: {values.min():%Y-%m-%d}", n_rows, 0, low=low, high=high, date_format=date_format)
    reason = f"{written}, {values.min():%Y-%m-%d} to {values.max():%Y-%m-%d}"
    has_times = bool((days.dropna() % 1 != 0).any())
    return Column(name, "date", reason, n_rows, n_missing, low=low, high=high, date_format=date_format, has_times=has_times)


def _category(column: pd.Series, name: str) -> Column:
    """A category, unless its one-hot columns would all be constant: one level only, or every level rare."""
    text = text_cells(column)
    n_rows, n_missing, rare = len(text), int(text.isna().sum()), rare_below(len(text))
    counts = text.fillna(MISSING).value_counts()
    frequent = counts[counts >= rare]
    if n_missing == n_rows:
        return Column(name, "left out", _EMPTY, n_rows, n_missing)
    if len(counts) == 1:
        return Column(name, "left out", f"one value only: {counts.index[0]!r}", n_rows, n_missing)
    if frequent.empty:
        return Column(name, "left out", f"{len(counts)} texts, none of them in {rare} rows or more", n_rows, n_missing)
    n_rare = len(counts) - len(frequent)
    own = MOST_LEVELS if len(counts) <= MOST_LEVELS else MOST_LEVELS - 1  # one column is for the rest
    reason = f"{text.nunique()} level{'s' if text.nunique() != 1 else ''}" + (
        f", {n_rare} of them in fewer than {rare} rows" if n_rare else ""
    )
    return Column(name, "category", reason, n_rows, n_missing, levels=tuple(map(str, frequent.index[:own])))


def check_columns(frame: pd.DataFrame, columns: Sequence[Column], allowed_extra: Collection[str] = ()) -> None:
    """Refuse a table that lacks an input column or brings one the model has never seen.

    Columns that were left out at fit, and those in `allowed_extra` (the target, the groups), may be there or not.
    """
    there = list(named_frame(frame).columns)
    lacking = [column.name for column in columns if column.kind != "left out" and column.name not in set(there)]
    known = {column.name for column in columns} | set(map(str, allowed_extra))
    added = [name for name in there if name not in known]
    if lacking:
        hints = [f"{name!r} ({_known(name, added or there)})" for name in lacking[:3]]
        more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
        raise ColumnsError(f"The table lacks {_columns(lacking)} that the model was trained on: {', '.join(hints)}{more}. Add or rename.")
    if added:
        raise ColumnsError(f"The table has {_columns(added)} that the model was not trained on: {listed(added)}. Remove or rename.")


def _columns(names: Sized) -> str:
    return f"{len(names)} column{'s' if len(names) != 1 else ''}"


def _known(name: str, names: Collection[str]) -> str:
    matches = nearest(name, names)
    return f"nearest: {listed(matches)}" if matches else f"the table has {listed(names)}"


def coerce(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """The frame that scikit-learn's steps expect: numbers, booleans and parts of dates as float64, categories as text.

    Parameters
    ----------
    frame : DataFrame, with at least the columns that are not left out
    columns : what `describe_columns` decided

    Returns
    -------
    DataFrame of the same rows, its columns named as `typed_names` says, NaN where a cell is missing

    Raises
    ------
    TableError
        For no rows, or a cell that is not of its column's type or infinite.
    """
    frame = named_frame(frame)
    if not len(frame):
        raise TableError(f"The table has {_columns(frame.columns)} but no rows. Give at least one.")
    typed: dict[str, pd.Series] = {}
    for column, names in zip(columns, typed_names(columns), strict=True):
        if column.kind != "left out":
            typed.update(zip(names, _coerce(frame[column.name], column), strict=True))
    return pd.DataFrame(typed, index=frame.index)


def _coerce(cells: pd.Series, column: Column) -> list[pd.Series]:
    if column.kind == "category":
        return [text_cells(cells)]
    if column.kind == "number":
        read, wanted = number_cells(cells), "numbers"
    elif column.kind == "boolean":
        read, wanted = truth_cells(cells), "true or false"
    else:
        read, wanted = date_cells(cells, column.date_format), f"dates ({column.date_format})"
    if read.refused.any():
        raise refusal(column.name, cells, read.refused, wanted, "Correct the cell, or leave it empty if the value is not known.")
    if column.kind != "date":
        check_finite(column.name, read.values)
        return [read.values]
    date = read.values.dt
    parts = [(read.values - _EPOCH) / _DAY, date.day_of_year, date.day_of_week, date.hour]
    return [part.astype(np.float64) for part in parts[: 4 if column.has_times else 3]]


def typed_names(columns: Sequence[Column]) -> list[tuple[str, ...]]:
    """For every column the names it has after `coerce`: its own, or those of a date's parts, none of them twice."""
    taken = {column.name for column in columns}
    names = []
    for column in columns:
        parts = [column.name]
        if column.kind == "date":
            parts = [f"{column.name}, {part}" for part in ("days", "day of year", "weekday", "hour")[: 4 if column.has_times else 3]]
            parts = [unused(part, taken) for part in parts]
            taken.update(parts)
        names.append(tuple(parts))
    return names


def unused(name: str, taken: Collection[str]) -> str:
    """The name, with a number behind it where it is taken."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free
