"""What was decided of each column at fit, and cells brought into that form: numbers, truth values, parts of dates, text."""

from collections.abc import Collection, Sequence, Sized
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from shoal.errors import ColumnsError, InvalidParameterError, TableError
from shoal.nearest_names import nearest
from shoal.table.cells import Cells, brief, check_finite, date_cells, listed, refusal, text_cells, truth_cells
from shoal.table.dates import Part, date_columns, parts_of
from shoal.table.frames import as_frame, column_name, named_frame
from shoal.table.levels import Variant, merged_cells
from shoal.table.marks import Mark
from shoal.table.notes import ColumnNote
from shoal.table.number_cells import marked_cells, read_numbers, without_marks
from shoal.table.number_format import PLAIN, NumberFormat

Kind = Literal["number", "boolean", "category", "date", "left out"]

MISSING = "missing"  # the level that an empty cell of a category becomes
MOST_LEVELS = 256  # levels with a column of their own; the rarer share one, so that a wide category cannot fill the memory


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
    number_format : NumberFormat
        How the numbers of the column are spelled.
    marks : tuple of Mark
        What stands in cells where nothing was measured, or not exactly. `n_missing` counts these cells too.
    notes : tuple of ColumnNote
        What a person should know of how the column was read.
    rare_levels : tuple of str or None
        Of a category: the other levels of the training rows, which share one column; None where these are too many to keep their names.
    variants : tuple of Variant
        Of a category or a target of classes: texts that are read as a level from which they differ only in case, blanks or Unicode form.
    target_means : bool
        Of a category: whether the mean of the target over the rows of each level stands beside the levels' own columns.
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
    number_format: NumberFormat = PLAIN
    marks: tuple[Mark, ...] = ()
    notes: tuple[ColumnNote, ...] = ()
    rare_levels: tuple[str, ...] | None = None
    variants: tuple[Variant, ...] = ()
    target_means: bool = False

    @property
    def about_means(self) -> str:
        """In words: the target means of a category, and the levels with a column of their own."""
        n = len(self.levels)
        return f"target means beside {n} frequent level{'s' * (n != 1)}" if n else "target means"

    @property
    def date_parts(self) -> tuple[Part, ...]:
        """The parts that a date becomes."""
        return parts_of(self.date_format, self.has_times, self.cyclic)

    @property
    def is_special(self) -> bool:
        """Whether cells must be read before they are numbers or labels: numbers in a spelling of their own, or marks of no value."""
        return bool(self.marks or self.variants) or not self.number_format.is_plain

    @property
    def indicated(self) -> tuple[Mark, ...]:
        """The marks that an input of their own tells of."""
        return tuple(mark for mark in self.marks if mark.indicator)

    @property
    def n_gaps(self) -> int:
        """Training rows without a value and without a mark that an input of its own tells of."""
        return self.n_missing - sum(mark.n_rows for mark in self.indicated if mark.kind == "gap")


def rare_below(n_rows: int) -> int:
    """Levels with fewer rows than this share one column: 5 rows, in tables below 100 rows 5 % of them, at least 2."""
    return max(2, min(5, n_rows // 20))


Extra = Literal["refuse", "ignore"]
EXTRA: tuple[Extra, ...] = get_args(Extra)  # what happens to a column that the model was not trained on


def check_extra(extra: Any) -> Extra:
    """The value; an `InvalidParameterError` for another."""
    for known in EXTRA:
        if isinstance(extra, str) and extra == known:
            return known
    raise InvalidParameterError(f"extra={brief(extra)} is not known; choose one of {', '.join(map(repr, EXTRA))}.")


def check_columns(
    frame: pd.DataFrame, columns: Sequence[Column], allowed_extra: Collection[str] = (), extra: Extra = "refuse"
) -> tuple[str, ...]:
    """Refuse a table that lacks an input column, and, unless `extra` is "ignore", one that the model has never seen.

    Columns that were left out at fit, and those in `allowed_extra` (the target, the groups), may be there or not.

    Returns
    -------
    tuple of str
        The columns that are ignored.
    """
    check_extra(extra)
    there = dict.fromkeys(named_frame(frame).columns)
    lacking = [column.name for column in columns if column.kind != "left out" and column.name not in there]
    known = {column.name for column in columns} | set(map(column_name, allowed_extra))
    added = [name for name in there if name not in known]
    if lacking:
        hints = [f"{brief(name)} ({known_names(name, added or there)})" for name in lacking[:3]]
        more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
        raise ColumnsError(f"The table lacks {_columns(lacking)} that the model was trained on: {', '.join(hints)}{more}. Add or rename.")
    if added and extra == "refuse":
        raise ColumnsError(
            f"The table has {_columns(added)} that the model was not trained on: {listed(added)}. Remove or rename, or "
            'ignore such columns: model.extra = "ignore", on the command line --extra ignore.'
        )
    return tuple(added)


def _columns(names: Sized) -> str:
    return f"{len(names)} column{'s' if len(names) != 1 else ''}"


def known_names(name: str, names: Collection[str]) -> str:
    """For an error: the names most like this one, else those that there are."""
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
    plain = _plain_numbers(frame, columns)
    typed: dict[str, pd.Series] = {}
    order: list[str] = []
    for column, names in zip(columns, typed_names(columns), strict=True):
        if column.kind != "left out":
            order += names
            if column.name not in plain.columns:
                typed.update(zip(names, _coerce(frame[column.name], column), strict=True))
    if not typed:
        return plain
    others = pd.DataFrame(typed, index=frame.index)
    return pd.concat([plain, others], axis=1)[order] if len(plain.columns) else others


def _plain_numbers(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """The columns of typed numbers that are read as they stand, all at once; none if one of them holds an infinity, which is named then."""
    kinds = dict(zip(frame.columns, frame.dtypes, strict=True))
    names = [
        column.name
        for column in columns
        if column.kind == "number" and not column.is_special and isinstance(kind := kinds[column.name], np.dtype) and kind.kind in "iuf"
    ]
    numbers = frame[names].to_numpy(np.float64)
    names = [] if np.isinf(numbers).any() else names
    return pd.DataFrame(numbers[:, : len(names)], index=frame.index, columns=pd.Index(names, dtype=object))


def _coerce(cells: pd.Series, column: Column) -> list[pd.Series]:
    if column.kind == "number":
        return _coerce_number(cells, column)
    if column.marks:
        cells = without_marks(cells, marked_cells(cells, [mark.text for mark in column.marks]))
    if column.kind == "category":
        return [merged_cells(text_cells(cells), column.variants)]
    is_truth = column.kind == "boolean"
    read = truth_cells(cells) if is_truth else date_cells(cells, column.date_format)
    _refuse_others(cells, column, read, "true or false" if is_truth else f"dates ({column.date_format})")
    if is_truth:
        check_finite(column.name, read.values)
        return [read.values]
    return [pd.Series(part, index=cells.index) for part in date_columns(read.values, column.date_parts)]


def _coerce_number(cells: pd.Series, column: Column) -> list[pd.Series]:
    read, marked = read_numbers(cells, column.number_format, column.marks)
    spelled = "" if column.number_format.is_plain else f" ({column.number_format}, or plain)"
    _refuse_others(cells, column, read, f"numbers{spelled}")
    check_finite(column.name, read.values)
    places = [place for place, mark in enumerate(column.marks) if mark.indicator]
    return [read.values, *(pd.Series((marked == place).astype(np.float64), index=cells.index) for place in places)]


def _refuse_others(cells: pd.Series, column: Column, read: Cells, wanted: str) -> None:
    if read.refused.any():
        raise refusal(column.name, cells, read.refused, wanted, "Correct the cell, or leave it empty if the value is not known.")


def typed_names(columns: Sequence[Column]) -> list[tuple[str, ...]]:
    """For every column the names it has after `coerce`: its own and those of its marks, or those of a date's parts, none of them twice."""
    taken = {column.name for column in columns}
    names = []
    for column in columns:
        parts = [column.name]
        if column.kind == "date":
            parts = [f"{column.name}, {part}" for part in column.date_parts]
            parts = [unused(part, taken) for part in parts]
            taken.update(parts)
        for mark in column.indicated:
            parts.append(unused(f"{column.name} {mark.label}", taken))
            taken.add(parts[-1])
        names.append(tuple(parts))
    return names


def unused(name: str, taken: Collection[str]) -> str:
    """The name, with a number behind it where it is taken."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free
