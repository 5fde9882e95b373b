"""Rows unlike those that a network has learned from: a prediction there is a guess beyond the data, and intervals lie."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shoal.errors import DataError
from shoal.network import Network
from shoal.types import Floats

NUMBERS_IN_A_ROW = 512


def value_range(X: Any, weight: Floats | None = None) -> tuple[Floats, Floats]:
    """The least and greatest value of every column `(n,)` of raw rows `(m, n)`, rows of weight 0 left out."""
    if weight is not None and (weight == 0).any():
        X = X[np.flatnonzero(weight > 0)]
    if sparse.issparse(X):
        ends = (sparse.csc_array(X).min(axis=0), sparse.csc_array(X).max(axis=0))
        lowest, highest = (np.asarray(e.toarray() if sparse.issparse(e) else e, np.float64).ravel() for e in ends)
        return lowest, highest
    if not X.flags.c_contiguous or not 0 < X.shape[1] < NUMBERS_IN_A_ROW:
        return np.asarray(X.min(axis=0), np.float64), np.asarray(X.max(axis=0), np.float64)
    side_by_side = NUMBERS_IN_A_ROW // X.shape[1]
    whole = len(X) // side_by_side * side_by_side
    folded, rest = X[:whole].reshape(-1, side_by_side * X.shape[1]), X[whole:]  # NumPy compares long rows seven times as fast
    found = []
    for extreme in (np.minimum, np.maximum):
        of_folded = extreme.reduce(folded, axis=0).reshape(side_by_side, -1) if whole else rest
        found.append(np.asarray(extreme.reduce(np.concatenate([of_folded, rest]), axis=0), np.float64))
    return found[0], found[1]


def outside_range(network: Network, X: Any) -> NDArray[np.bool_]:
    """Which values of raw rows `X (m, n)` lie below the least or above the greatest value that was learned from, `(m, n)`."""
    if network.lowest is None or network.highest is None:
        raise DataError("this network does not know the range of its training rows, as none were at hand when it was made; fit one")
    X = X.toarray() if sparse.issparse(X) else np.asarray(X)
    return np.asarray((network.lowest > X) | (network.highest < X))
