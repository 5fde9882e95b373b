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
    cell_text,
    date_cells,
    filled_text,
    likely_date_formats,
    number_cells,
    row_number,
    text_cells,
    truth_cells,
)
from shoal.table.dates import are_whole_days, days_since_1970

# Different texts of a column that are counted one by one when it is read in chunks. Beyond, the rarest are dropped, and the others
# may be counted too low by at most rows / MOST_TEXTS (Agarwal et al., Mergeable Summaries, 2012).
MOST_TEXTS = 100_000
BYTES_OF_A_TEXT = 200  # with its count, twice while chunks are joined


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
    low: float | None = None
    high: float | None = None
    total: float = 0.0
    whole: bool = True
    refused: tuple[int, str] | None = None
    infinite: int | None = None

    def see(self, cells: Cells, column: pd.Series) -> None:
        """Count a chunk: `cells` are those of `column` read as the type."""
        values, n_refused = cells.values, cells.n_refused
        if n_refused and self.refused is None:
            first = int(np.flatnonzero(cells.refused)[0])
            self.refused = row_number(column.index, first), cell_text(column.iloc[first])
        self.n_refused += n_refused
        n_known = cells.n_known
        if not n_known:
            return
        self.n_known += n_known
        is_date = not pd.api.types.is_float_dtype(values.dtype)
        numbers = pd.Series(days_since_1970(values)) if is_date else values
        low, high = float(numbers.min()), float(numbers.max())
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)
        if is_date:
            self.whole = self.whole and are_whole_days(values)
        elif np.isinf(low) or np.isinf(high):
            infinite = np.isinf(values.to_numpy())
            self.infinite = row_number(values.index, int(np.flatnonzero(infinite)[0])) if self.infinite is None else self.infinite
            self.n_infinite += int(infinite.sum())
        elif high <= 1:
            self.total += float(values.sum())


@dataclass
class Tally:
    """One column, counted.

    `kinds` are the types that pandas gave its chunks: "category", "boolean", "number", "date", "text"; `texts` counts its texts,
    `n_empty` the rows without one, `head` holds the first filled cells, which tell the `formats` that dates may have.
    """

    name: str
    is_category: bool = False
    most_texts: int = MOST_TEXTS
    n_rows: int = 0
    n_missing: int = 0
    n_empty: int = 0
    kinds: set[str] = field(default_factory=set)
    numbers: Typed = field(default_factory=Typed)
    truths: Typed = field(default_factory=Typed)
    dates: dict[str, Typed] = field(default_factory=dict)
    texts: pd.Series = field(default_factory=lambda: pd.Series(dtype=np.int64))
    crowded: bool = False
    head: pd.Series = field(default_factory=lambda: pd.Series(dtype=object, index=pd.Index([], dtype=np.int64, name=ROW)))
    formats: list[str] = field(default_factory=list)

    def see(self, column: pd.Series) -> None:
        """Count a chunk of the column.

        Raises
        ------
        TableError
            For a type that is no table's.
        """
        missing = int(column.isna().sum())
        self.n_rows, self.n_missing = self.n_rows + len(column), self.n_missing + missing
        if missing == len(column):
            self.n_empty += missing
            return
        kind = "category" if self.is_category else kind_of(column, self.name)
        self.kinds.add(kind)
        if kind == "number":
            self.numbers.see(number_cells(column), column)
        elif kind == "date":
            self.date("").see(date_cells(column, ""), column)
        else:
            self.see_texts(text_cells(column))
        if kind == "boolean":
            self.truths.see(truth_cells(column), column)
            self.numbers.n_refused += len(column) - missing
        elif kind == "text":
            self.truths.see(truth_cells(column), column)
            self.numbers.see(number_cells(column), column)
            self.see_dates(column)

    def see_texts(self, texts: pd.Series) -> None:
        """Count the texts, in the order in which they were first seen."""
        self.n_empty += int(texts.isna().sum())
        found = texts.value_counts(sort=False)
        if self.texts.empty:
            self.texts = found
            return
        joint = pd.concat([self.texts, found])
        self.texts = joint.groupby(joint.index, sort=False).sum()
        if len(self.texts) > self.most_texts:
            self.crowded = True
            left = self.texts - int(np.partition(self.texts.to_numpy(), -self.most_texts - 1)[-self.most_texts - 1])
            self.texts = left[left > 0]

    def see_dates(self, column: pd.Series) -> None:
        """Read the cells as dates, once there are enough of them to tell their formats; until then `head` holds them all."""
        earlier = self.head
        if len(earlier) < HEAD:
            filled = np.flatnonzero(filled_text(column).notna().to_numpy())[: HEAD - len(earlier)]
            rows = pd.Index([row_number(column.index, at) for at in filled], name=ROW)
            self.head = pd.concat([earlier, column.iloc[filled].astype(object).set_axis(rows)])
            if len(self.head) < HEAD:
                return
            self.formats = likely_date_formats(self.head)
            self.as_dates(earlier)
        self.as_dates(column)

    def as_dates(self, column: pd.Series) -> None:
        """Count cells as dates in every format that the first ones allow."""
        for form in self.formats if len(column) else ():
            self.date(form).see(date_cells(column, form), column)

    def date(self, form: str) -> Typed:
        """What was counted of the cells as dates of this format."""
        return self.dates.setdefault(form, Typed())

    def finish(self) -> "Tally":
        """Count what waited for more cells; call it once, after the last chunk."""
        if 0 < len(self.head) < HEAD:
            self.formats = likely_date_formats(self.head)
            self.as_dates(self.head)
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
