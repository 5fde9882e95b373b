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
        columns = np.asarray(X[counted, j : j + step], np.float64)
        low, high = (columns.min(axis=0), columns.max(axis=0)) if ends is None else (end[j : j + step] for end in ends)
        first, last = inner_quantiles(columns, w)
        with np.errstate(over="ignore", invalid="ignore"):  # numbers near the largest have no limits
            lower, upper = first - FAR * (last - first), last + FAR * (last - first)
        far = (first < last) & np.isfinite(lower) & np.isfinite(upper) & ((low < lower) | (high > upper))
        for k in np.flatnonzero(far):
            if len(np.unique(columns[:, k])) > FEW_VALUES:
                limits[:, j + k] = lower[k], upper[k]
    return limits if np.isfinite(limits).any() else None


def inner_quantiles(columns: Floats, weight: Floats | None) -> Floats:
    """The `INNER` quantiles of each column `(m, n)`, `(2, n)`: the inverted distribution function."""
    if weight is None:
        places = [max(math.ceil((q - TIES) * len(columns)) - 1, 0) for q in INNER]
        return np.asarray(np.partition(columns, places, axis=0)[places])
    order = np.argsort(columns, axis=0, kind="stable")
    shares = np.cumsum(weight[order], axis=0) / weight.sum()
    at = np.array([np.count_nonzero(shares < q - TIES, axis=0) for q in INNER])
    return np.take_along_axis(columns, np.take_along_axis(order, np.minimum(at, len(columns) - 1), axis=0), axis=0)


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
