"""Rows, targets and weights as a caller gives them: what scikit-learn's checks refuse gets a named error, and so does what they miss."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import NotFittedError

from shoal.errors import DataError, DataTypeError, LargeColumnError, ShoalError
from shoal.types import Floats

PREPARE = "Train with shoal.fit, which prepares texts and dates, or turn them into numbers first."
FILL = "Fill the gaps first, with sklearn.impute.SimpleImputer for one, or train with shoal.fit, which prepares tables that have gaps."


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
    said = " ".join([first, *(line for line in others if line[:1].isupper() or line.startswith("- "))])
    named = said if re.search(rf"\b({what.replace(' or ', '|')}|y_true)\b|[Ss]ample", said) else f"{what} cannot be used: {said}"
    return f"{named}. {PREPARE}" if "X" in what and ("string to float" in said or "DType" in said) else named


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
