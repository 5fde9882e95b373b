"""Cells far from all others of their column, and the limits that they count as.

A single 10,000 in a column around 3, a slip of the pen or a rare event, would make the z-scores of all other cells alike, and a row to
predict with such a cell would be far beyond what a network has learned (docs/defaults.md).
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shoal.types import Floats

BLOCK_NUMBERS = 1 << 17  # in one block: 1 MB in float64, which fits into the caches
FEW_VALUES = 9  # up to so many distinct values, a column holds codes or counts: each value is an edge of its ramps, and none is limited
INNER = (0.05, 0.95)  # the quantiles between which most cells of a column lie
FAR = 3.0  # times the distance between these quantiles: cells farther beyond them are far from all others
SAMPLE, OUTER = 256, (0.1, 0.9)  # rows, and quantiles of these, that the inner quantiles of all rows nearly always lie outside of
TIES = 1e-9  # of all rows: repeated and weighted rows must be cut equally in spite of rounding


def fit_limits(X: Any, weight: Floats | None = None, ends: tuple[Floats, Floats] | None = None) -> Floats | None:
    """The lowest and the highest number that the cells of each column count as, `(2, n)`; None if no column has a cell far from all others.

    Both lie `FAR` times the distance between the `INNER` quantiles beyond these. Only columns with a cell beyond have limits, and with
    more than `FEW_VALUES` distinct values: codes, flags and counts stay as they are. Sparse columns have none, because their zeros are
    most of their cells.

    Parameters
    ----------
    X : rows (m, n)
    weight : (m,); a row of weight 2 counts as two rows, and one of weight 0 not at all
    ends : the smallest and the largest cell of each column, where X are some of the rows
    """
    if sparse.issparse(X):
        return None
    counted = slice(None) if weight is None else np.flatnonzero(weight > 0)
    w = None if weight is None else np.asarray(weight, np.float64)[counted]
    m, n = (len(X) if w is None else len(w)), X.shape[1]
    limits = np.full((2, n), [[-np.inf], [np.inf]])
    step = max(1, BLOCK_NUMBERS // max(1, m))
    for j in range(0, n if m else 0, step):
        columns = np.ascontiguousarray(X[counted, j : j + step].T, np.float64)  # one after the other, which is ten times as fast
        low, high = (columns.min(axis=1), columns.max(axis=1)) if ends is None else (end[j : j + step] for end in ends)
        open_ = np.flatnonzero(~surely_near(columns, w, low, high))
        if not len(open_):
            continue
        columns, low, high = columns[open_], low[open_], high[open_]
        first, last = inner_quantiles(columns, w)
        lower, upper = beyond(first, last)
        far = (first < last) & np.isfinite(lower) & np.isfinite(upper) & ((low < lower) | (high > upper))
        for k in np.flatnonzero(far):
            if len(np.unique(columns[k])) > FEW_VALUES:
                limits[:, j + open_[k]] = lower[k], upper[k]
    return limits if np.isfinite(limits).any() else None


def beyond(first: Any, last: Any) -> tuple[Any, Any]:
    """The limits for these inner quantiles."""
    with np.errstate(over="ignore", invalid="ignore"):  # numbers near the largest have no limits
        return first - FAR * (last - first), last + FAR * (last - first)


def surely_near(columns: Floats, weight: Floats | None, low: Floats, high: Floats) -> NDArray[np.bool_]:
    """Which of the columns `(n, m)` have no cell far from all others, seen without their quantiles, which take ten times as long.

    False is unknown. Two numbers of a few rows, one of which at least a twentieth of the cells do not exceed, and the other alike from
    above, are on this side of the inner quantiles. A column within the limits for these two is within those for the quantiles.
    """
    n, m = columns.shape
    if m < 2 * SAMPLE:
        return np.zeros(n, bool)
    some = np.sort(columns[:, :: m // SAMPLE], axis=1)
    first, last = (some[:, int(q * some.shape[1])] for q in OUTER)
    lower, upper = beyond(first, last)
    sides = columns <= first[:, None], columns < last[:, None]
    shares = [np.count_nonzero(side, axis=1) / m if weight is None else side @ weight / weight.sum() for side in sides]
    return np.asarray((low >= lower) & (high <= upper) & (shares[0] >= INNER[0]) & (shares[1] < INNER[1] - TIES))


def inner_quantiles(columns: Floats, weight: Floats | None) -> Floats:
    """The `INNER` quantiles of each of the columns `(n, m)`, `(2, n)`: the inverted distribution function."""
    if weight is None:
        places = [max(math.ceil((q - TIES) * columns.shape[1]) - 1, 0) for q in INNER]
        return np.asarray(np.partition(columns, places, axis=1)[:, places]).T
    order = np.argsort(columns, axis=1, kind="stable")
    shares = np.cumsum(weight[order], axis=1) / weight.sum()
    at = np.array([np.count_nonzero(shares < q - TIES, axis=1) for q in INNER]).T
    found = np.take_along_axis(columns, np.take_along_axis(order, np.minimum(at, columns.shape[1] - 1), axis=1), axis=1)
    return np.asarray(found.T)


def limited_columns(limits: Floats | None) -> list[tuple[int, float, float]]:
    """Number, lower and upper limit of each column that has them."""
    if limits is None:
        return []
    return [(int(j), float(limits[0, j]), float(limits[1, j])) for j in np.flatnonzero(np.isfinite(limits[0]))]


def limits_from(n: int, columns: NDArray[np.int64], lower: Floats, upper: Floats) -> Floats | None:
    """The limits `(2, n)` of which some columns have these."""
    if not len(columns):
        return None
    limits = np.full((2, n), [[-np.inf], [np.inf]])
    limits[:, columns] = lower, upper
    return limits


def limited(limits: Floats | None, X: Floats) -> Floats:
    """Raw rows `(m, n)` within the limits `(2, n)`, or a column `(m,)` within its own two."""
    return X if limits is None else np.clip(X, *limits)
