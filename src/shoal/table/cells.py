"""What the cells of one column hold: text, numbers, truth values or dates, understood in one way at fit and at predict time."""

import numbers
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoal.errors import TableError
from shoal.nearest_names import nearest
from shoal.table.date_formats import DURATION, all_readable, duration_days, is_day_first, read_with, shaped_formats, swapped
from shoal.table.dates import far_date, since_1970
from shoal.table.marks import MISSING_MARKS

# The index name that `read` gives its frames: labels are then the rows of the file, whatever was filtered or split since.
ROW = "row"

HEAD = 100  # filled cells of a column that its format of dates is guessed from
_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
_HUGE = 10**400  # beyond every floating-point number; Python refuses to write whole numbers of some thousand digits
_TRUTH = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}


class Cells(NamedTuple):
    """The cells of a column as one type: `values` (NaN or NaT where missing) and which cells were `refused`."""

    values: pd.Series
    refused: np.ndarray

    @property
    def n_known(self) -> int:
        """How many cells hold a value of the type."""
        return int(self.values.notna().sum())

    @property
    def n_refused(self) -> int:
        """How many cells hold something else."""
        return int(self.refused.sum())


class Counted(Protocol):
    """How many cells are of a type, and how many of another."""

    @property
    def n_known(self) -> int:
        """Cells that hold a value of the type."""

    @property
    def n_refused(self) -> int:
        """Cells that hold something else."""


def whole_text(text: str) -> str:
    """A text that is a whole number in its one spelling: "1.0" and "01" are "1"; any other text as it is."""
    if _WHOLE.fullmatch(text):
        return str(int(text))
    try:
        number = float(text.replace("_", "?"))  # Python alone takes 1_000 for a number
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else text


def numbers_alike(levels: Sequence[str]) -> dict[str, str]:
    """Of levels that are spelled as codes are, "05" or "1.0", the whole number that a reader may have made of each, where it is of one."""
    n = Counter(whole_text(level) for level in levels)
    return {whole_text(level): level for level in levels if n[whole_text(level)] == 1 and whole_text(level) != level}


def text_cells(column: pd.Series) -> pd.Series:
    """Every cell as stripped text in an object column, NaN where nothing stands."""
    if not pd.api.types.is_object_dtype(column.dtype) or pd.api.types.infer_dtype(column, skipna=True) == "string":
        codes, levels = pd.factorize(column)  # a million rows seldom hold more than a few different texts
        return _in_rows(column, codes, texts_of(levels))
    known = column.notna().to_numpy()  # cells of mixed types one by one: 1, 1.0 and True are one level to pandas
    texts = [cell_as_text(cell) if filled else np.nan for cell, filled in zip(column.astype(object), known, strict=True)]
    return pd.Series(texts, index=column.index, dtype=object)


def texts_of(levels: Any) -> list[Any]:
    """Different cells of one type as stripped texts, NaN for blanks."""
    cells = np.asarray(levels, dtype=object).tolist()
    if pd.api.types.infer_dtype(cells, skipna=False) == "string":
        return [text.strip() or np.nan for text in cells]
    return [cell_as_text(cell) for cell in cells]


def folded(texts: Sequence[str]) -> list[str]:
    """Texts without regard to case, all at once."""
    joined = "\n".join(texts)
    return joined.casefold().split("\n") if joined.count("\n") == len(texts) - 1 else [text.casefold() for text in texts]


def are_marks(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Which texts stand for a missing value, `(n,)`."""
    return np.array([text in MISSING_MARKS for text in folded(texts)], bool)


def filled_levels(column: pd.Series) -> tuple[NDArray[np.int64], list[str]]:
    """The different stripped texts of a column, and the place of each cell's, −1 for blanks and marks that stand for a missing value."""
    if pd.api.types.is_object_dtype(column.dtype) and pd.api.types.infer_dtype(column, skipna=True) != "string":
        column = text_cells(column)
    codes, levels = pd.factorize(column)
    texts = ["" if text != text else text for text in texts_of(levels)]
    filled = np.flatnonzero(np.array([bool(text) for text in texts], bool) & ~are_marks(texts))
    places = np.full(len(texts) + 1, -1)
    places[filled] = np.arange(len(filled))
    return places[codes], [texts[i] for i in filled.tolist()]


def _in_rows(column: pd.Series, codes: NDArray[np.int64], converted: Sequence[Any]) -> pd.Series:
    """What different cells became, in the rows of their column: an object column, NaN where the code is −1."""
    return pd.Series(np.array([*converted, np.nan], dtype=object)[codes], index=column.index, dtype=object)


def cell_as_text(cell: Any) -> Any:
    """A cell as stripped text, NaN where nothing stands."""
    if type(cell) is str:
        return cell.strip() or np.nan
    if isinstance(cell, bytes):
        return cell.decode("utf-8").strip() or np.nan
    # A whole float is written as an integer: codes 1, 2, 3 turn into 1.0, 2.0, 3.0 as soon as one cell is missing.
    if isinstance(cell, float | np.floating | Decimal) and float(cell).is_integer():
        return str(int(cell))
    if isinstance(cell, numbers.Rational) and not isinstance(cell, bool | np.bool_):  # whole numbers, and fractions
        return _rational_text(cell)
    return str(cell).strip() or np.nan


def cell_text(cell: Any) -> str:
    """A cell as it is named in an error."""
    try:
        return str(cell)
    except ValueError:  # a whole number of some thousand digits
        return brief(cell)


def _rational_text(cell: numbers.Rational) -> str:
    whole = int(cell.numerator)
    if cell.denominator == 1 and -_HUGE < whole < _HUGE:
        return str(whole)
    try:
        return str(float(cell))
    except OverflowError:
        return "-inf" if whole < 0 else "inf"


def filled_text(column: pd.Series) -> pd.Series:
    """Text cells without the marks that stand for a missing value."""
    return _in_rows(column, *filled_levels(column))


def number_cells(column: pd.Series) -> Cells:
    """Numbers as float64; text that is no number is refused, durations and complex numbers with an error."""
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_complex_dtype(column.dtype):
        values = pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan), index=column.index)
        return Cells(values, np.zeros(len(column), dtype=bool))
    text = filled_text(column)
    values = pd.to_numeric(text, errors="coerce").astype(np.float64)
    return Cells(values, (text.notna() & values.isna()).to_numpy())


def level_cells(texts: Sequence[str]) -> tuple[Cells, Cells]:
    """Different stripped texts as numbers and as truth values, as `number_cells` and `truth_cells` read them."""
    is_mark = are_marks(texts)
    as_numbers = pd.to_numeric(pd.Series(list(texts), dtype=object), errors="coerce").astype(np.float64)
    truths = np.array([_TRUTH.get(text, np.nan) for text in folded(texts)], np.float64)
    return (
        Cells(as_numbers, as_numbers.isna().to_numpy() & ~is_mark),
        Cells(pd.Series(truths), np.isnan(truths) & ~is_mark),
    )


def truth_cells(column: pd.Series) -> Cells:
    """Booleans as 1.0 and 0.0, also from the texts true, false, 1 and 0 in any case."""
    codes, texts = filled_levels(column)
    values = np.array([*(_TRUTH.get(text, np.nan) for text in folded(texts)), np.nan], np.float64)[codes]
    return Cells(pd.Series(values, index=column.index), (codes >= 0) & np.isnan(values))


def date_cells(column: pd.Series, date_format: str) -> Cells:
    """Dates as datetime64 without a time zone (UTC where one was given); times of day on 1 January 1970, durations from it on."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        zoned = column.dt.tz is not None
        return Cells(column.dt.tz_convert("UTC").dt.tz_localize(None) if zoned else column, np.zeros(len(column), dtype=bool))
    codes, texts = filled_levels(column)
    dates = dates_of(texts, date_format).to_numpy()
    found = np.append(dates, np.array(["NaT"], dates.dtype))[codes]  # NumPy 2.5 warns of a NaT without a unit
    return Cells(pd.Series(found, index=column.index), (codes >= 0) & np.isnat(found))


def dates_of(texts: Sequence[str], date_format: str) -> pd.DatetimeIndex:
    """Different texts as dates without a time zone, NaT for what is none in the format."""
    if date_format == DURATION:
        return pd.DatetimeIndex(since_1970(pd.Series([duration_days(text) for text in texts], dtype=np.float64)))
    whole = pd.Series(all_readable(texts, date_format), dtype=object)
    values = pd.to_datetime(whole, format=read_with(date_format), errors="coerce", utc=True).dt.tz_localize(None)
    unread = (whole.notna() & values.isna()).to_numpy()
    if unread.any():
        values = _with_far_dates(values, whole, unread, read_with(date_format))
    return pd.DatetimeIndex(values)


def _with_far_dates(values: pd.Series, text: pd.Series, unread: np.ndarray, date_format: str) -> pd.Series:
    """The dates with those added that pandas cannot hold in the unit that it chose, in microseconds then."""
    far = np.array([far_date(cell, date_format) for cell in text[unread]], dtype="datetime64[us]")
    if np.isnat(far).all():
        return values
    dates = values.to_numpy().astype("datetime64[us]")
    dates[unread] = far
    return pd.Series(dates, index=values.index)


def date_format_of(column: pd.Series, day_first: bool | None = None) -> str | None:
    """The one format that nearly every cell is written in, None where there is none; `day_first` as for `best_date_format`."""
    text = filled_text(column).dropna()
    found = {form: date_cells(text, form) for form in likely_date_formats(text.head(HEAD))}
    return best_date_format(found, day_first) if found else None


def best_date_format(found: Mapping[str, Counted], day_first: bool | None) -> str:
    """Of formats that a column may be written in, the one that refuses the fewest cells.

    If the other order of day and month fits nearly all cells too, `day_first` decides; where it is None, and both refuse as many, the day
    comes first.
    """
    best = min(found, key=lambda form: found[form].n_refused)
    other = swapped(best)
    wanted = day_first is not None and is_day_first(best) is not day_first and other in found and is_slip(found[other])
    return other if wanted else best


def likely_date_formats(head: pd.Series) -> list[str]:
    """The formats that nearly all of a column's first filled cells are written in."""
    return [form for form in shaped_formats(filled_text(head).dropna()) if is_slip(date_cells(head, form), at_least=1)]


def is_slip(cells: Counted, at_least: int = 10) -> bool:
    """Whether a column is of the type but for a few slips: of at least 10 filled cells, one or 5 % are refused."""
    wrong = cells.n_refused
    filled = cells.n_known + wrong
    return cells.n_known > 0 and (wrong == 0 or (filled >= at_least and wrong <= max(1, filled // 20) and wrong < cells.n_known))


def row_number(index: pd.Index, position: int) -> int:
    """The number of a data row, the first being 1: as in the file where the frame comes from `read`, else by position."""
    is_numbered = index.name == ROW and pd.api.types.is_integer_dtype(index.dtype)
    return int(index[position]) if is_numbered else position + 1


def refusal(name: str, column: pd.Series, refused: np.ndarray, wanted: str, advice: str) -> TableError:
    """The error for cells that are not of their column's type."""
    first = int(np.flatnonzero(refused)[0])
    row, cell = row_number(column.index, first), cell_text(column.iloc[first])
    return cell_refused(name, cell, row, int(refused.sum()), len(column), wanted, advice)


def cell_refused(name: str, cell: str, row: int, n_refused: int, n_cells: int, wanted: str, advice: str) -> TableError:
    """The error for `n_refused` of a column's cells, the first of which is `cell`."""
    where = f"row {row}" + (f" (and {n_refused - 1} more of {n_cells} cells)" if n_refused > 1 else "")
    return TableError(f"Column {brief(name)} holds text where {wanted} must be: {brief(cell)} in {where}. {advice}")


def check_finite(name: str, values: pd.Series) -> None:
    """Refuse infinities: neither a mean nor a network survives one."""
    infinite = np.isinf(values.to_numpy())
    if infinite.any():
        raise infinity(name, row_number(values.index, int(np.flatnonzero(infinite)[0])), int(infinite.sum()), len(values))


def infinity(name: str, row: int, n_infinite: int, n_cells: int) -> TableError:
    """The error for a column's infinities, the first of which stands in `row`."""
    return TableError(
        f"Column {brief(name)} holds an infinity in row {row} ({n_infinite} of {n_cells} cells). "
        "Put a number there, or leave the cell empty if the value is not known."
    )


def check_filled(name: str, column: pd.Series, role: str) -> None:
    """Refuse missing cells in a column that decides where a row belongs."""
    empty = text_cells(column).isna().to_numpy()
    if empty.any():
        row = row_number(column.index, int(np.flatnonzero(empty)[0]))
        raise TableError(
            f"The {role} column {brief(name)} is empty in row {row} ({int(empty.sum())} of {len(column)} rows): "
            "a row without it belongs to no side of the split. Fill the cells or remove the rows."
        )


def brief(value: object, most: int = 120) -> str:
    """A value as Python writes it, cut where it is longer than a message can be."""
    try:
        text = " ".join(repr(value).splitlines())
    except Exception:  # a whole number of some thousand digits, or an object whose own writing fails
        return f"a {type(value).__name__}"
    return text if len(text) <= most else f"{text[:most]}…"


def listed(names: Iterable[object], most: int = 6) -> str:
    """Names in quotes, the first few of them."""
    shown = [brief(name) for name in names]
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more


def no_column(name: str, columns: Iterable[str], purpose: str) -> str:
    """What an error says of a column that is not there: for what it was named, and what it may have been meant."""
    columns = list(columns)
    matches = nearest(name, columns)
    hint = f"the nearest names are {listed(matches)}" if matches else f"its columns are {listed(columns) or 'none'}"
    return f"The table has no column {brief(name)} {purpose}; {hint}."
