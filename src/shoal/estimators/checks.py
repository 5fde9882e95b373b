"""What a caller gives, checked: rows, targets, weights, groups and times.

What scikit-learn's checks refuse gets a named error, and so does what they miss.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.exceptions import NotFittedError

from shoal.engine.threads import spread
from shoal.errors import DataError, DataTypeError, InvalidParameterError, LargeColumnError, ShoalError
from shoal.estimators._sklearn import check_sample_weight
from shoal.types import Floats

PREPARE = "Train with shoal.fit, which prepares texts and dates, or turn them into numbers first."
FILL = "Train with shoal.fit, which prepares tables that have gaps, or fill the gaps first."


@contextmanager
def named_failure(what: str, y: Any = None) -> Iterator[None]:
    """Whatever a check of `what` refuses as a `DataError`, a `DataTypeError` where it raises a TypeError; `y` is looked at for gaps.

    Raises
    ------
    DataError
    """
    try:
        yield
    except (NotFittedError, MemoryError, Warning):  # a warning where they are errors
        raise
    except Exception as error:
        row = None if y is None else gap_in(y)
        if row is not None:
            where, advice = ("classes", "leave it out") if what == "classes" else ("y", "leave out the rows without a target")
            raise DataError(f"{where} contains NaN or another gap, the first in row {row}; {advice}") from error
        if isinstance(error, ShoalError):
            raise
        kind = DataTypeError if isinstance(error, TypeError) else DataError
        raise kind(in_short(error, what)) from error


@contextmanager
def named_columns(names: Callable[[], Sequence[str] | None], targets: Sequence[str] = ()) -> Iterator[None]:
    """A column that is too large by its name; `names` gives those of X, None where they have none, `targets` are those of y.

    Raises
    ------
    DataError
    """
    try:
        yield
    except LargeColumnError as error:
        known = names() if error.what == "X" else targets
        if not known:
            raise
        holder = f"column {known[error.column]!r}" if error.what == "X" else f"the target {known[error.column]!r}"
        raise DataError(f"{holder} holds{str(error).partition(' holds')[2]}") from error


def in_short(error: Exception, what: str) -> str:
    """What a check of `what` says, without the arrays that it prints."""
    first, *others = str(error).splitlines() or [type(error).__name__]
    if first.startswith("Input X contains NaN"):
        return f"{first} {FILL}"
    message = " ".join([first, *(line for line in others if line[:1].isupper() or line.startswith("- "))])
    named = message if re.search(rf"\b({what.replace(' or ', '|')}|y_true)\b|[Ss]ample", message) else f"{what} cannot be used: {message}"
    return f"{named}. {PREPARE}" if "X" in what and ("string to float" in message or "DType" in message) else named


def gap_in(y: Any) -> int | None:
    """The first row without a value, counted from 1; None where there is none, or y is nothing with rows."""
    values = y if isinstance(y, pd.Series | pd.DataFrame) else np.asarray(y, object) if isinstance(y, list | np.ndarray) else None
    if values is None or np.ndim(values) not in (1, 2):
        return None
    missing = np.asarray(pd.isna(values))
    rows = np.flatnonzero(missing if missing.ndim == 1 else missing.any(axis=1))
    return int(rows[0]) + 1 if len(rows) else None


def finite_answers(answers: Floats) -> Floats:
    """Answers for rows `(m, …)`, as they are.

    Raises
    ------
    DataError
        For one that is not finite.
    """
    finite = np.isfinite(answers)
    if not finite.all():
        row = int(np.argwhere(~finite)[0][0]) + 1
        raise DataError(f"row {row} of X holds a number so large that its prediction is not finite; remove it, or correct it")
    return answers


def refuse_unread(what: str, values: Any, *, labels: bool = False) -> None:
    """Refuse what NumPy would read as other numbers: cells under a mask, and dates, whose number depends on their unit.

    Parameters
    ----------
    what : the argument's name
    values : as the caller gives them
    labels : whether they are labels, which may be dates

    Raises
    ------
    DataError
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        row = int(np.argwhere(np.ma.getmaskarray(values))[0][0]) + 1
        raise DataError(f"{what} has a masked cell in row {row}: fill masked cells with .filled(…), or leave their rows out")
    types = values.dtypes if isinstance(values, pd.DataFrame) else [getattr(values, "dtype", None)]
    if not labels and any(getattr(dtype, "kind", None) in ("m", "M") for dtype in types):
        raise DataError(f"{what} holds dates or times, and numbers are needed. {PREPARE}")


SUMMED_AT_ONCE = 1 << 20  # numbers, whose sum takes a quarter of a millisecond


def is_plain(X: Any) -> bool:
    """Whether X is a table `(m, n)` of finite float64 or float32 numbers, without names and not empty."""
    return type(X) is np.ndarray and X.dtype in (np.float64, np.float32) and X.ndim == 2 and X.size > 0 and all_finite(X)


def is_plain_target(y: Any, m: int) -> bool:
    """Whether y is a column `(m,)` of finite numbers, truth values or words."""
    if type(y) is not np.ndarray or y.shape != (m,):
        return False
    return y.dtype.kind in "biuU" or (y.dtype in (np.float64, np.float32) and all_finite(y))


def all_finite(values: Any) -> bool:
    """Whether all numbers are finite, and their sum too: it is not where one of them is not."""

    def total(start: int) -> Any:
        with np.errstate(over="ignore", invalid="ignore"):
            return values[start : start + size].sum()

    size = max(1, SUMMED_AT_ONCE * len(values) // max(1, values.size))  # rows
    if len(values) <= size:
        return math.isfinite(total(0))
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(sum(spread(total, range(0, len(values), size))))


def checked_weights(weight: Any, X: Any) -> Floats | None:
    """Row weights `(m,)` in float64, none below 0; None where none were given.

    Raises
    ------
    DataError
        For weights that are no numbers, below 0, all 0, of another length, or too large to add up.
    """
    if weight is None:
        return None
    refuse_unread("sample_weight", weight)
    with named_failure("sample_weight"):
        checked: Floats = check_sample_weight(weight, X, dtype=np.float64, ensure_non_negative=True)
    with np.errstate(over="ignore"):
        if not np.isfinite(checked.sum()):
            raise DataError("sample_weight adds up to more than the largest number; divide all weights by a constant")
    return checked


class HasRoles(Protocol):
    """Rows with fields for their groups and times."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def m(self) -> int:
        """Rows."""

    @property
    def groups(self) -> NDArray[np.int64] | None:
        """Numbers that are equal for rows of one group, `(m,)`."""

    @property
    def time(self) -> NDArray[Any] | None:
        """Numbers that sort, `(m,)`."""


S = TypeVar("S", bound=HasRoles)


def with_roles(source: S, groups: Any, time: Any) -> S:
    """The rows with their groups or times, checked.

    Raises
    ------
    DataError
        For groups or times that are not one for each row, or are missing.
    InvalidParameterError
        For both at once.
    """
    if groups is not None and time is not None:
        raise InvalidParameterError("groups and time are both given: rows are held out by one of them; give one")
    if groups is not None:
        source = replace(source, groups=group_numbers(column_of("groups", groups, source.m)))
    return source if time is None else replace(source, time=times_of(column_of("time", time, source.m)))


def groups_requested(estimator: Any) -> bool:
    """Whether an estimator asks for groups by scikit-learn's metadata routing: `set_fit_request(groups=True)`."""
    if not get_config()["enable_metadata_routing"]:
        return False
    return bool(estimator.get_metadata_routing().fit.requests.get("groups") is True)


def column_of(name: str, values: Any, m: int) -> NDArray[Any]:
    """One value for each of m rows, none of them missing.

    Raises
    ------
    DataError
    """
    column = np.asarray(values)
    if column.shape != (m,):
        raise DataError(f"{name} has the shape {column.shape}, and X has {m} rows; give one value for each row, ({m},)")
    wrong = [i for i, value in enumerate(column.tolist()) if is_missing(value)] if column.dtype.kind in "fOmMc" else []
    if wrong:
        raise DataError(f"{name} has no value in {len(wrong)} of {m} rows, the first of them row {wrong[0] + 1}; fill or remove these rows")
    return column


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, NaT or NA, none of which equals itself."""
    try:
        return value is None or not bool(value == value)
    except TypeError:  # pandas' NA, of which nothing is true
        return True


def group_numbers(groups: NDArray[Any]) -> NDArray[np.int64]:
    """A number for each group, in the order of their names, whatever the order of the rows."""
    if groups.dtype.kind != "O":
        return np.unique(groups, return_inverse=True)[1].astype(np.int64)
    names = [(type(value).__name__, str(value)) for value in groups.tolist()]
    return numbered(names)


def numbered(names: Sequence[tuple[str, str]]) -> NDArray[np.int64]:
    """The place of each name among all, sorted."""
    places = {name: place for place, name in enumerate(sorted(set(names)))}
    return np.array([places[name] for name in names], np.int64)


def times_of(time: NDArray[Any]) -> NDArray[Any]:
    """Dates or numbers as numbers that sort.

    Raises
    ------
    DataError
    """
    try:
        numbers = time.astype("datetime64[us]").astype(np.int64) if time.dtype.kind in "MOUST" else time.astype(np.float64)
    except (ValueError, TypeError):
        numbers = np.array([np.nan])
    if not np.isfinite(numbers).all():
        raise DataError(f"time must hold dates or finite numbers, and it starts with {time[:3].tolist()}; write dates like 2024-01-31")
    return numbers
