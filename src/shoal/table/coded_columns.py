"""Columns of a table as places of their cells among their different values, and what their names say."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoal.derived import cached_property
from shoal.table.cells import date_cells
from shoal.table.columns import Column
from shoal.table.number_cells import marked_cells, read_numbers, without_marks

Codes = NDArray[np.int64]
Numbers = NDArray[np.float64]

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ID = frozenset({"id", "ids", "uid", "uuid", "guid", "idx", "index", "rownames", "rowid", "rownum", "unnamed", "identifier", "nr", "key"})
_WHO = frozenset(
    (
        "subject",
        "patient",
        "person",
        "participant",
        "proband",
        "user",
        "customer",
        "client",
        "household",
        "animal",
        "speaker",
        "writer",
        "student",
        "rat",
        "mouse",
        "donor",
        "respondent",
        "passenger",
        "employee",
        "member",
        "case",
    )
)
_TIME = frozenset(["t", "time", "timestamp", "date", "datetime", "year", "day", "week", "epoch", "jahr", "datum", "zeit", "tag"])
_PARTS_OF_TIME = _TIME | frozenset(["month", "hour", "minute", "second", "weekday", "quarter", "season", "monat", "stunde"])
_YEARS = (1500, 2200)


@dataclass(frozen=True)
class CodedColumn:
    """A column of a table as places of its cells among its different values.

    Attributes
    ----------
    column : Column
        What becomes of it.
    cells : Series
    codes : ndarray, (m,)
        -1 for no value.
    values : Index
        The different values, in the order in which they were first seen.
    """

    column: Column
    cells: pd.Series
    codes: Codes
    values: pd.Index

    @property
    def name(self) -> str:
        """Of the column."""
        return self.column.name

    @property
    def n_distinct(self) -> int:
        """How many different values there are."""
        return len(self.values)

    @property
    def is_full(self) -> bool:
        """Whether every row has a value."""
        return len(self.codes) > 0 and int(self.codes.min()) >= 0

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of the name in lower case, "PassengerId" and "passengerid" alike being two."""
        found = [word.lower() for word in _WORDS.findall(self.name)]
        return tuple(part for word in found for part in ((word[:-2], "id") if word.endswith("id") and word[:-2] in _WHO else (word,)))

    @property
    def is_called_id(self) -> bool:
        """Whether the name ends as those of identifiers do."""
        return bool(self.words) and self.words[-1] in _ID

    @property
    def is_called_who(self) -> bool:
        """Whether the name is one of a person or a thing that is measured several times; "customer calls" is none, "customer 2" is."""
        last = [word for word in self.words if not word.isdigit() and word not in _ID | {"no", "number", "code", "name"}]
        return bool(last) and last[-1] in _WHO and self.words[0] not in {"number", "num", "n", "count"}

    @cached_property
    def numbers(self) -> Numbers:
        """The different values as numbers, dates as days; NaN for all others."""
        return self.numbers_of(self.values)

    def numbers_of(self, values: pd.Index) -> Numbers:
        """Some of the values as `numbers`."""
        if self.column.kind == "date":
            dates = date_cells(pd.Series(values), self.column.date_format).values
            return np.asarray((dates - pd.Timestamp(0)) / pd.Timedelta(days=1), np.float64)
        if pd.api.types.is_numeric_dtype(values.dtype):
            return values.to_numpy(np.float64, na_value=np.nan)
        return np.asarray(pd.to_numeric(pd.Series(values), errors="coerce"), np.float64)

    def numbers_at(self, rows: Codes) -> Numbers:
        """The numbers of some rows that have a value; those of all rows need not be known."""
        return self.numbers_of(self.values[self.codes[rows]])

    @cached_property
    def in_rows(self) -> Numbers:
        """The numbers of all rows, NaN for none."""
        return np.append(self.numbers, np.nan)[self.codes]

    @cached_property
    def order(self) -> Codes:
        """The codes, sorted by number, or by text where one is no number."""
        by = self.numbers if np.isfinite(self.numbers).all() else self.values.astype(str).to_numpy()
        return np.argsort(by, kind="stable")

    @cached_property
    def is_whole(self) -> bool:
        """Whether all values are whole numbers."""
        values = self.numbers
        return bool(len(values) and np.isfinite(values).all() and (values == np.floor(values)).all()) and self.column.kind != "date"

    @cached_property
    def is_time(self) -> bool:
        """Whether it is a time, or a part of one, by its kind, its name or its values, all of them years."""
        if self.column.kind == "date" or not _PARTS_OF_TIME.isdisjoint(self.words):
            return True
        return self.is_whole and bool(self.numbers.min() >= _YEARS[0] and self.numbers.max() <= _YEARS[1])

    @property
    def is_moment(self) -> bool:
        """Whether it is a time that rows may be in the order of, by its kind or its name."""
        return self.column.kind == "date" or not _TIME.isdisjoint(self.words)


def coded(column: Column, cells: pd.Series) -> CodedColumn:
    """A column with its cells' codes.

    Parameters
    ----------
    column : what becomes of it
    cells : all of its cells

    Examples
    --------
    >>> from shoal.table import describe_columns
    >>> frame = pd.DataFrame({"x": [2.5, 1.5, None, 2.5]})
    >>> coded(describe_columns(frame)[0], frame["x"]).codes.tolist()
    [0, 1, -1, 0]
    """
    codes, values = pd.factorize(values_of(column, cells))
    return CodedColumn(column, cells, np.asarray(codes, np.int64), pd.Index(values))


def values_of(column: Column, cells: pd.Series) -> pd.Series:
    """The cells with numbers for those that are spelled in a special way, and with gaps where marks of no value stand."""
    if column.kind == "number" and column.is_special:
        return read_numbers(cells, column.number_format, column.marks)[0].values
    return without_marks(cells, marked_cells(cells, [mark.text for mark in column.marks]))
