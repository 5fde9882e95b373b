"""The cells of a column of numbers: values, marks of nothing, limits, and what is none of these, by what was decided at fit."""

import numbers
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoal.table.cells import Cells, number_cells, text_cells, texts_of
from shoal.table.marks import MISSING_MARKS, Mark, is_known_mark, mark_key, number_of
from shoal.table.number_format import NumberFormat
from shoal.table.spelling import spelled


class Levels(NamedTuple):
    """The different texts of a column, in the order of their first cells.

    `codes` says which one stands in each cell, −1 for none; `counts` how many cells hold each, `first` the position of its first.
    """

    codes: NDArray[np.int64]
    texts: list[str]
    counts: NDArray[np.int64]
    first: NDArray[np.int64]


def levels_of(column: pd.Series) -> Levels:
    """The different texts of a column."""
    if pd.api.types.is_object_dtype(column.dtype) and pd.api.types.infer_dtype(column, skipna=True) != "string":
        column = text_cells(column)
    codes, different = pd.factorize(column)
    texts = texts_of(different)
    if len(set(texts)) < len(texts) or any(text != text for text in texts):  # blanks around, or nothing else
        again, apart = pd.factorize(np.array(texts, dtype=object))
        codes, texts = np.append(again, -1)[codes], apart.tolist()
    filled = np.flatnonzero(codes >= 0)
    known = codes[filled]
    before = np.concatenate([[-1], np.maximum.accumulate(known)[:-1]]) if len(known) else known
    return Levels(codes.astype(np.int64), texts, np.bincount(known, minlength=len(texts)), filled[known > before])


def typed_numbers(column: pd.Series) -> NDArray[np.bool_]:
    """Which cells of a column of objects are numbers already, not texts that say one, `(m,)`."""
    if not pd.api.types.is_object_dtype(column.dtype) or pd.api.types.infer_dtype(column, skipna=True) in ("string", "empty"):
        return np.zeros(len(column), bool)
    return np.array([isinstance(cell, numbers.Number) and not isinstance(cell, bool | np.bool_) and cell == cell for cell in column], bool)


def marked_cells(column: pd.Series, marks: Sequence[str]) -> NDArray[np.int64]:
    """Which of these marks of nothing stands in each cell, `(m,)`, −1 for none. A mark that is a number is found however it is written."""
    found = np.full(len(column), -1)
    values = {number: place for place, mark in enumerate(marks) if (number := number_of(mark)) is not None}
    if not len(marks) or pd.api.types.is_datetime64_any_dtype(column.dtype):
        return found
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        cells = number_cells(column).values.to_numpy()
        for number, place in values.items():
            found[cells == number] = place
        return found
    known = {mark: place for place, mark in enumerate(marks)}
    levels = levels_of(column)
    as_numbers = pd.to_numeric(pd.Series(levels.texts, dtype=object), errors="coerce").to_numpy(np.float64) if values else np.empty(0)
    places = [known.get(mark_key(text), -1) for text in levels.texts]
    places = [values.get(float(as_numbers[i]), place) if values and place < 0 else place for i, place in enumerate(places)]
    signs = {"<": known.get("<", -1), ">": known.get(">", -1)}  # all limits of one side, whatever their values
    places = [
        signs.get(mark_key(text)[:1], -1) if place < 0 and is_limit(text) else place
        for text, place in zip(levels.texts, places, strict=True)
    ]
    return np.array([*places, -1], np.int64)[levels.codes]


def is_limit(text: str) -> bool:
    """Whether a text is a number with a sign that says that the value lies beyond it."""
    apart = spelled([text]) if text[:1] in ("<", ">", "≤", "≥") else None
    return apart is not None and apart.spellings[0] is not None


def without_marks(column: pd.Series, marked: NDArray[np.int64]) -> pd.Series:
    """The column with empty cells where a mark stands."""
    return column.mask(marked >= 0) if (marked >= 0).any() else column


def read_numbers(column: pd.Series, written: NumberFormat, marks: Sequence[Mark] = ()) -> tuple[Cells, NDArray[np.int64]]:
    """Numbers as they were spelled at fit, or plain, and the place of the mark that stands in each cell, −1 for none.

    Marks of nothing that training did not see are gaps all the same; a limit such as "<0.1" stands for half of it, which is right on the
    average where values below are spread evenly, and ">100" for its limit.
    """
    gaps = [place for place, mark in enumerate(marks) if mark.kind == "gap"]
    found = marked_cells(column, [marks[place].text for place in gaps])
    column = without_marks(column, found)
    marked = np.array([*gaps, -1], np.int64)[found]
    if pd.api.types.is_numeric_dtype(column.dtype):
        return number_cells(column), marked
    typed = typed_numbers(column)
    levels = levels_of(column.mask(typed) if typed.any() else column)
    values, limit = level_values(levels.texts, written)
    kept = np.isnan(values) & np.array([not is_known_mark(text) and mark_key(text) not in MISSING_MARKS for text in levels.texts], bool)
    read = np.append(values, np.nan)[levels.codes]
    if typed.any():
        read[typed] = number_cells(column[typed]).values
    for side, kind in ((-1, "below"), (1, "above")):
        place = next((place for place, mark in enumerate(marks) if mark.kind == kind), -1)
        marked[np.append(limit == side, False)[levels.codes]] = place
    return Cells(pd.Series(read, index=column.index), np.append(kept, False)[levels.codes]), marked


def level_values(texts: Sequence[str], written: NumberFormat) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """What different texts say, `(n,)`, NaN where none is a number; and −1 or 1 for those that are limits from above or below."""
    values = written.values(texts)
    side = np.array([-1 if text[:1] in ("<", "≤") else 1 if text[:1] in (">", "≥") else 0 for text in texts], np.int64)
    at = np.flatnonzero(side)
    if not at.size:
        return values, side
    limits = written.values([texts[i] for i in at.tolist()], limits=True)
    side[at[np.isnan(limits)]] = 0
    half = (side[at] == -1) & (limits > 0)
    values[at] = np.where(half, limits / 2, limits)
    return values, side
