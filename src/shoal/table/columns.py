"""What becomes of each column: decided once, at fit, from the training rows, and obeyed ever after."""

from collections.abc import Collection, Sequence, Sized
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from shoal.errors import ColumnsError, TableError
from shoal.table.cells import (
    brief,
    cell_refused,
    check_finite,
    date_cells,
    infinity,
    is_slip,
    listed,
    nearest,
    number_cells,
    refusal,
    text_cells,
    truth_cells,
)
from shoal.table.date_formats import swapped
from shoal.table.dates import SWAPPABLE, Part, about_dates, date_columns, parts_of, written_day
from shoal.table.frames import as_frame, column_name, named_frame, one_of
from shoal.table.tally import Tally, Typed

Kind = Literal["number", "boolean", "category", "date", "left out"]

MISSING = "missing"  # the level that an empty cell of a category becomes
MOST_LEVELS = 256  # levels with a column of their own; the rarer share one, so that a wide category cannot fill the memory

_EMPTY = "no value in any row"
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
    cyclic : bool
        Whether weekday and time of day become points on a circle too where there are times, as in fits of this version.
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
    cyclic: bool = False

    @property
    def date_parts(self) -> tuple[Part, ...]:
        """The parts that a date becomes."""
        return parts_of(self.date_format, self.has_times, self.cyclic)


def rare_below(n_rows: int) -> int:
    """Levels with fewer rows than this share one column: 5 rows, in tables below 100 rows 5 % of them, at least 2."""
    return max(2, min(5, n_rows // 20))


def describe_columns(frame: pd.DataFrame, categories: Collection[str] = ()) -> tuple[Column, ...]:
    """Decide what becomes of every input column.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns), or what `as_frame` takes
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
    frame = as_frame(frame)
    if not len(frame) or not len(frame.columns):
        raise TableError(
            f"Nothing to learn from: {len(frame)} rows and {len(frame.columns)} input columns. Give rows and a column beside the target."
        )
    named = one_of(frame.columns, categories, "categories")
    for name in named:
        if name not in frame.columns:
            raise ColumnsError(f"No column {brief(name)} to take for a category; {_known(name, frame.columns)}.")
    tallies = {name: Tally(name, name in named) for name in frame.columns}
    for name, tally in tallies.items():
        tally.see(frame[name])
    return tuple(described(tally.finish()) for tally in tallies.values())


def described(tally: Tally) -> Column:
    """What becomes of a column that was counted to its end.

    Raises
    ------
    TableError
        For infinities, or a few texts among numbers or dates.
    """
    if tally.n_missing == tally.n_rows:
        return _left_out(tally, _EMPTY, tally.n_rows)
    if "category" in tally.kinds:
        return _category(tally)
    if tally.kinds == {"boolean"}:
        return _truth(tally)
    if tally.kinds == {"number"}:
        return _number(tally)
    if tally.kinds == {"date"}:
        return _date(tally, "")
    return _describe_text(tally)


def _describe_text(tally: Tally) -> Column:
    """One column of text, by what the text says."""
    numbers = tally.numbers
    if not tally.truths.n_refused and numbers.n_refused:  # all 1 and 0 are numbers
        return _truth(tally)
    if is_slip(numbers) or not numbers.n_refused:  # the latter: marks of missing values only
        _refuse(tally, numbers, "numbers")
        return _number(tally)
    if tally.dates:
        date_format = min(tally.formats, key=lambda form: tally.dates[form].n_refused)
        dates = tally.dates[date_format]
        if is_slip(dates):
            _refuse(tally, dates, f"dates ({date_format})")
            return _date(tally, date_format)
    return _category(tally)


def _refuse(tally: Tally, typed: Typed, wanted: str) -> None:
    if typed.refused is not None:
        row, cell = typed.refused
        raise cell_refused(tally.name, cell, row, typed.n_refused, tally.n_rows, wanted, _SLIP_ADVICE)


def _left_out(tally: Tally, reason: str, n_missing: int = 0, **known: Any) -> Column:
    return Column(tally.name, "left out", reason, tally.n_rows, n_missing, **known)


def _number(tally: Tally) -> Column:
    numbers, n_missing = tally.numbers, tally.n_rows - tally.numbers.n_known
    if not numbers.n_known:
        return _left_out(tally, _EMPTY, n_missing)
    if numbers.infinite is not None:
        raise infinity(tally.name, numbers.infinite, numbers.n_infinite, tally.n_rows)
    low, high = float(numbers.low or 0.0), float(numbers.high or 0.0)
    if low == high and not n_missing:
        return _left_out(tally, f"one value only: {low:.6g}", low=low, high=high)
    reason = f"numbers from {low:.6g} to {high:.6g}"
    return Column(tally.name, "number", reason, tally.n_rows, n_missing, low=low, high=high)


def _truth(tally: Tally) -> Column:
    n_known, n_true = tally.truths.n_known, int(tally.truths.total)
    n_missing = tally.n_rows - n_known
    if n_true in (0, tally.n_rows) and not n_missing:
        return _left_out(tally, f"one value only: {n_true > 0}")
    return Column(tally.name, "boolean", f"true in {n_true} of {n_known} rows", tally.n_rows, n_missing)


def _date(tally: Tally, date_format: str) -> Column:
    dates = tally.dates[date_format]
    n_missing, written = tally.n_rows - dates.n_known, date_format or "ISO8601"
    low, high = float(dates.low or 0.0), float(dates.high or 0.0)
    if low == high and not n_missing:
        return _left_out(tally, f"one value only: {written_day(low)}", low=low, high=high, date_format=written)
    other = tally.dates.get(swapped(written) or "no other")
    reason = about_dates(written, low, high) + (SWAPPABLE if other and other.n_refused <= dates.n_refused else "")
    known: dict[str, Any] = {"low": low, "high": high, "date_format": written, "has_times": not dates.whole, "cyclic": True}
    return Column(tally.name, "date", reason, tally.n_rows, n_missing, **known)


def _category(tally: Tally) -> Column:
    """A category, unless its one-hot columns would all be constant: one level only, or every level rare."""
    counts, n_rows, n_missing = level_counts(tally), tally.n_rows, tally.n_empty
    rare = rare_below(n_rows)
    if n_missing == n_rows:
        return _left_out(tally, _EMPTY, n_missing)
    if len(counts) == 1:
        return _left_out(tally, f"one value only: {counts.index[0]!r}", n_missing)
    frequent = counts[counts >= rare]
    texts = f"more than {tally.most_texts:,}" if tally.crowded else f"{len(counts)}"
    if frequent.empty:
        return _left_out(tally, f"{texts} texts, none of them in {rare} rows or more", n_missing)
    n_levels, n_rare = len(tally.texts), len(counts) - len(frequent)
    own = MOST_LEVELS if len(counts) <= MOST_LEVELS else MOST_LEVELS - 1  # one column is for the rest
    reason = texts + " levels" if tally.crowded else f"{n_levels} level{'s' if n_levels != 1 else ''}"
    reason += f", {n_rare} of them in fewer than {rare} rows" if n_rare and not tally.crowded else ""
    return Column(tally.name, "category", reason, n_rows, n_missing, levels=tuple(map(str, frequent.index[:own])))


def level_counts(tally: Tally) -> pd.Series:
    """How many rows have each level of a category, the most frequent first; rows without a text count for the level `MISSING`."""
    counts = tally.texts
    if tally.n_empty:
        missing = counts.get(MISSING, 0) + tally.n_empty
        counts = pd.concat([counts.drop(MISSING, errors="ignore"), pd.Series({MISSING: missing})])
    return counts.sort_values(ascending=False, kind="stable")


def check_columns(frame: pd.DataFrame, columns: Sequence[Column], allowed_extra: Collection[str] = ()) -> None:
    """Refuse a table that lacks an input column or brings one the model has never seen.

    Columns that were left out at fit, and those in `allowed_extra` (the target, the groups), may be there or not.
    """
    there = list(named_frame(frame).columns)
    lacking = [column.name for column in columns if column.kind != "left out" and column.name not in set(there)]
    known = {column.name for column in columns} | set(map(column_name, allowed_extra))
    added = [name for name in there if name not in known]
    if lacking:
        hints = [f"{brief(name)} ({_known(name, added or there)})" for name in lacking[:3]]
        more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
        raise ColumnsError(f"The table lacks {_columns(lacking)} that the model was trained on: {', '.join(hints)}{more}. Add or rename.")
    if added:
        raise ColumnsError(f"The table has {_columns(added)} that the model was not trained on: {listed(added)}. Remove or rename.")


def _columns(names: Sized) -> str:
    return f"{len(names)} column{'s' if len(names) != 1 else ''}"


def _known(name: str, names: Collection[str]) -> str:
    matches = nearest(name, names)
    return f"nearest: {listed(matches)}" if matches else f"the table has {listed(names) or 'none'}"


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
    frame = as_frame(frame, [column.name for column in columns if column.kind != "left out"])
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
    return [pd.Series(part, index=cells.index) for part in date_columns(read.values, column.date_parts)]


def typed_names(columns: Sequence[Column]) -> list[tuple[str, ...]]:
    """For every column the names it has after `coerce`: its own, or those of a date's parts, none of them twice."""
    taken = {column.name for column in columns}
    names = []
    for column in columns:
        parts = [column.name]
        if column.kind == "date":
            parts = [f"{column.name}, {part}" for part in column.date_parts]
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
