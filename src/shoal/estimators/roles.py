"""What rows are beside inputs and target: the groups and the times by which they are held out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config

from shoal.errors import DataError, InvalidParameterError


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
