"""How sure a model may be: the temperature of its logits, how well probabilities come true, and rows outside of what it has seen."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize_scalar

from shoal.errors import DataError
from shoal.network import Network
from shoal.textbook.propagation import OF_OUTPUTS
from shoal.types import Floats
from shoal.uncertainty.answers import Held, answers, judging, taken, weights_of

WITHIN = 0.05, 20.0  # rows that are all told apart would ask for no temperature at all


def fit_temperature(network: Network, held: Held) -> float:
    """The temperature at which the mean loss of these rows is least, each judged by the members that have not learned from it."""
    alive = network.shares > 0
    held = taken(held, judging(held, alive))
    if not len(held.Y):
        raise DataError("calibration='temperature' found no row that counts and that a network had not learned from; give more rows")
    weights = weights_of(network, held.out & alive[:, None])
    Z2 = np.einsum("km,kzm->zm", weights, answers(network, held.X).Z2)
    Y = np.asarray(held.Y, np.float64).T

    def loss(log_T: float) -> float:
        return float(np.average(network.g2.loss(Z2 / np.exp(log_T), Y), weights=held.weight))

    found = minimize_scalar(loss, bounds=tuple(np.log(WITHIN)), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x)) if found.fun < loss(0.0) else 1.0


def cooled(network: Network, T: float) -> Network:
    """The same network with all logits divided by T: the output layer's weights are."""
    before = network.population.parameters
    cooler = {name: (w / T).astype(w.dtype) for name, w in before.named().items() if name in OF_OUTPUTS}
    inside = replace(before, **cooler)
    return replace(network, population=replace(network.population, parameters=inside))


BINS = 15  # equal in width, as in Guo et al. 2017


def brier_score(shares: Floats, hit: Floats) -> float:
    """Mean squared distance of probabilities from what was, `(m, n_classes)` each, summed over the classes; of two, one counts."""
    counted = slice(1, None) if shares.shape[1] == 2 else slice(None)
    return float(np.mean(np.sum((shares - hit)[:, counted] ** 2, axis=1)))


def calibration_error(shares: Floats, hit: Floats, bins: int = BINS) -> float:
    """Mean distance of the likeliest class's probability from how often it is right, in bins of that probability.

    Parameters
    ----------
    shares : ndarray, (m, n_classes)
        Rows add up to 1.
    hit : ndarray, (m, n_classes)
        1 for the class of the row, else 0.
    """
    best = shares.argmax(axis=1)
    rows = np.arange(len(shares))
    sure, right = shares[rows, best], hit[rows, best]
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=sure - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(shares))


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
