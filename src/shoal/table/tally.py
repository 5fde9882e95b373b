"""Counts of a column's contents, chunk by chunk: the facts that decide how it is used, and only a few of its cells.

A whole frame is one chunk. For a table that is read in chunks every number here is exact, except the counts of texts in a column of
more than `MOST_TEXTS` different ones.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from shoal.errors import TableError
from shoal.table.cells import (
    HEAD,
    ROW,
    Cells,
    are_marks,
    cell_text,
    date_cells,
    level_cells,
    likely_date_formats,
    number_cells,
    row_number,
)
from shoal.table.dates import are_whole_days, days_since_1970
from shoal.table.marks import Extremes
from shoal.table.number_cells import Levels, levels_of, marked_cells, typed_numbers, without_marks
from shoal.table.number_format import FormTally

# Different texts of a column that are counted one by one when it is read in chunks. Beyond, the rarest are dropped, and the others
# may be counted too low by at most rows / MOST_TEXTS (Agarwal et al., Mergeable Summaries, 2012).
MOST_TEXTS = 100_000
BYTES_OF_A_TEXT = 200  # with its count, twice while chunks are joined
# Shared by all columns, which replace them and never change them: making them takes longer than counting a short column of numbers.
NO_TEXTS, NO_CELLS = pd.Series(dtype=np.int64), pd.Series(dtype=object, index=pd.Index([], dtype=np.int64, name=ROW))


@dataclass
class Typed:
    """The cells of a column read as one type.

    `n_known` and `n_refused` count them; `low` and `high` are the least and the greatest value (of dates in days since
    1970); `total` is the sum of truth values;
    `whole` says that no value has a fraction (of dates: a time of day); `refused` and `infinite` are the rows of the first cell
    that is of another type, with its text, and of the first infinity.
    """

    n_known: int = 0
    n_refused: int = 0
    n_infinite: int = 0
    extremes: Extremes = field(default_factory=Extremes)
    total: float = 0.0
    whole: bool = True
    refused: tuple[int, str] | None = None
    infinite: int | None = None

    @property
    def low(self) -> float | None:
        """The least value."""
        return self.extremes.low

    @property
    def high(self) -> float | None:
        """The greatest value."""
        return self.extremes.high

    def see(self, cells: Cells, column: pd.Series, levels: Levels | None = None) -> None:
        """Count a chunk: `cells` are those of `column`, or its different texts, read as the type."""
        counts, first = (None, None) if levels is None else (levels.counts, levels.first)
        values, refused = cells.values, cells.refused
        if refused.any():
            at = int(np.flatnonzero(refused)[0]) if first is None else int(first[refused].min())
            self.refused = self.refused or (row_number(column.index, at), cell_text(column.iloc[at]))
            self.n_refused += int(refused.sum() if counts is None else counts[refused].sum())
        known = values.notna().to_numpy()
        n_known = int(known.sum() if counts is None else counts[known].sum())
        if not n_known:
            return
        self.n_known += n_known
        is_date = not pd.api.types.is_float_dtype(values.dtype)
        numbers = days_since_1970(values)[known] if is_date else values.to_numpy()[known]
        counts = None if counts is None else counts[known]
        self.extremes.see(numbers, counts)
        if is_date:
            self.whole = self.whole and are_whole_days(values)
        elif np.isinf(numbers).any():
            infinite = np.isinf(numbers)
            at = int((np.flatnonzero(known) if first is None else first[known])[infinite].min())
            self.infinite = row_number(column.index, at) if self.infinite is None else self.infinite
            self.n_infinite += int(infinite.sum() if counts is None else counts[infinite].sum())
        elif float(numbers.max()) <= 1:
            self.total += float(numbers.sum() if counts is None else (numbers * counts).sum())


@dataclass
class Tally:
    """One column, counted.

    `kinds` are the types that pandas gave its chunks: "category", "boolean", "number", "date", "text"; `texts` counts its texts,
    `n_empty` the rows without one, `forms` how its numbers are spelled, `marked` the rows with each of the caller's marks of nothing
    (`missing`); `head` holds the first filled cells, which tell the `formats` that dates may have. `is_kept` says that all its numbers
    were measured, `has_fractions` that some of them, typed, are no whole ones. `beside` are the forms of rows that do not count else.
    `merge_case` says whether texts that differ only in case, blanks or Unicode form are one level; if None, where one is nearly all.
    `day_first` says which comes first in dates that can be read in both orders.
    """

    name: str
    is_category: bool = False
    most_texts: int = MOST_TEXTS
    missing: tuple[str, ...] = ()
    is_kept: bool = False
    n_rows: int = 0
    n_missing: int = 0
    n_empty: int = 0
    kinds: set[str] = field(default_factory=set)
    numbers: Typed = field(default_factory=Typed)
    truths: Typed = field(default_factory=Typed)
    dates: dict[str, Typed] = field(default_factory=dict)
    texts: pd.Series = field(default_factory=lambda: NO_TEXTS)
    crowded: bool = False
    head: pd.Series = field(default_factory=lambda: NO_CELLS)
    formats: list[str] = field(default_factory=list)
    forms: FormTally = field(default_factory=FormTally)
    marked: dict[str, int] = field(default_factory=dict)
    has_fractions: bool = False
    beside: FormTally = field(default_factory=FormTally)
    merge_case: bool | None = None
    day_first: bool | None = None

    def see(self, column: pd.Series) -> None:
        """Count a chunk of the column.

        Raises
        ------
        TableError
            For a type that is no table's.
        """
        kind = "category" if self.is_category else kind_of(column, self.name) if column.notna().any() else ""
        column = self.without_missing(column)
        missing = int(column.isna().sum())
        self.n_rows, self.n_missing = self.n_rows + len(column), self.n_missing + missing
        if missing == len(column):
            self.n_empty += missing
            return
        self.kinds.add(kind)
        if kind == "number":
            cells = number_cells(column)
            self.numbers.see(cells, column)
            self.has_fractions = self.has_fractions or bool((cells.values.head(HEAD).dropna() % 1 != 0).any())
        elif kind == "date":
            self.date("").see(date_cells(column, ""), column)
        else:
            levels = levels_of(column)
            self.see_texts(levels)
            if kind != "category":
                self.see_types(column, levels, kind)

    def without_missing(self, column: pd.Series) -> pd.Series:
        """The column with empty cells where the caller's marks of nothing stand, which are counted."""
        if not self.missing:
            return column
        places = marked_cells(column, self.missing)
        for place in np.unique(places[places >= 0]):
            mark = self.missing[place]
            self.marked[mark] = self.marked.get(mark, 0) + int((places == place).sum())
        return without_marks(column, places)

    def see_types(self, column: pd.Series, levels: Levels, kind: str) -> None:
        """Read the different texts as truth values, numbers and dates."""
        as_numbers, as_truths = level_cells(levels.texts)
        self.truths.see(as_truths, column, levels)
        if kind == "boolean":
            self.numbers.n_refused += int(levels.counts.sum())
            return
        self.numbers.see(as_numbers, column, levels)
        self.see_forms(self.forms, column, levels)
        self.see_dates(column, levels)

    def see_beside(self, column: pd.Series) -> None:
        """Count how numbers are spelled in rows that do not count else."""
        if self.is_category or pd.api.types.is_numeric_dtype(column.dtype):
            return
        if len(column) and column.notna().any() and kind_of(column, self.name) == "text":
            column = without_marks(column, marked_cells(column, self.missing))
            self.see_forms(self.beside, column, levels_of(column))

    def see_forms(self, forms: FormTally, column: pd.Series, levels: Levels) -> None:
        """Take apart how numbers are spelled; cells that are numbers already are spelled in no way."""
        typed = typed_numbers(column)
        if typed.any():
            forms.see_numbers(number_cells(column[typed]).values.dropna().to_numpy(), row_number(column.index, int(typed.argmax())))
            levels = levels_of(column.mask(typed))
        at = np.flatnonzero(~are_marks(levels.texts))
        forms.see([levels.texts[i] for i in at.tolist()], levels.counts[at], levels.first[at], column.index)

    def see_texts(self, levels: Levels) -> None:
        """Count the texts, in the order in which they were first seen."""
        self.n_empty += int((levels.codes < 0).sum())
        found = pd.Series(levels.counts, index=pd.Index(levels.texts, dtype=object))
        if self.texts.empty:
            self.texts = found
            return
        joint = pd.concat([self.texts, found])
        self.texts = joint.groupby(joint.index, sort=False).sum()
        if len(self.texts) > self.most_texts:
            self.crowded = True
            left = self.texts - int(np.partition(self.texts.to_numpy(), -self.most_texts - 1)[-self.most_texts - 1])
            self.texts = left[left > 0]

    def see_dates(self, column: pd.Series, levels: Levels) -> None:
        """Read the cells as dates, once there are enough of them to tell their formats; until then `head` holds them all."""
        earlier = self.head
        if len(earlier) < HEAD:
            is_mark = np.append(are_marks(levels.texts), True)
            filled = np.flatnonzero(~is_mark[levels.codes])[: HEAD - len(earlier)]
            rows = pd.Index([row_number(column.index, at) for at in filled], name=ROW)
            self.head = pd.concat([earlier, column.iloc[filled].astype(object).set_axis(rows)])
            if len(self.head) < HEAD:
                return
            self.formats = likely_date_formats(self.head)
            for form in self.formats if len(earlier) else ():
                self.date(form).see(date_cells(earlier, form), earlier)
        texts = pd.Series(levels.texts, dtype=object)
        for form in self.formats:
            self.date(form).see(date_cells(texts, form), column, levels)

    def date(self, form: str) -> Typed:
        """What was counted of the cells as dates of this format."""
        return self.dates.setdefault(form, Typed())

    def finish(self) -> "Tally":
        """Count what waited for more cells; call it once, after the last chunk."""
        if 0 < len(self.head) < HEAD:
            self.formats = likely_date_formats(self.head)
            for form in self.formats:
                self.date(form).see(date_cells(self.head, form), self.head)
        return self


def kind_of(column: pd.Series, name: str) -> str:
    """What pandas says of a column."""
    dtype, types = column.dtype, pd.api.types
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if types.is_bool_dtype(dtype):
        return "boolean"
    if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
        return "number"
    if types.is_datetime64_any_dtype(dtype):
        return "date"
    if types.is_object_dtype(dtype) or types.is_string_dtype(dtype):
        return "text"
    raise TableError(f"Column {name!r} is of type {dtype}, which is neither number, boolean, text nor date. Turn it into one of these.")
