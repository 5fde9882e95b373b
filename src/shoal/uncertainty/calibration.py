"""Calibration of probabilities: the temperature of the logits, and calibration errors."""

from dataclasses import replace
from functools import partial

import numpy as np
from scipy.optimize import minimize_scalar

from shoal.errors import DataError
from shoal.network import Network
from shoal.textbook.propagation import OF_OUTPUTS
from shoal.types import Floats
from shoal.uncertainty.answers import Held, HeldRows, answers, judging, taken, weights_of

WITHIN = 0.05, 20.0  # perfectly separated rows would give a temperature of 0


def fit_temperature(network: Network, held: HeldRows) -> float:
    """The temperature with the least mean loss on these rows, each predicted by the members that were not trained on it."""
    logits, Y, weight = held.over(partial(judged_logits, network))
    if not len(Y):
        raise DataError(
            "calibration='temperature' needs rows of weight above 0 that a network was not trained on, and found none; give more rows"
        )

    def loss(log_T: float) -> float:
        return float(np.average(network.g2.loss(logits.T / np.exp(log_T), Y.T), weights=weight))

    found = minimize_scalar(loss, bounds=tuple(np.log(WITHIN)), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x)) if found.fun < loss(0.0) else 1.0


def judged_logits(network: Network, held: Held) -> tuple[Floats, ...]:
    """Logits `(m, n_z)` by the members that were not trained on a row, with targets and weights, for the rows that have such members."""
    alive = network.shares > 0
    held = taken(held, judging(held, alive))
    weights = weights_of(network, held.out & alive[:, None])
    return np.einsum("km,kzm->zm", weights, answers(network, held.X).Z2).T, np.asarray(held.Y, np.float64), held.weight


def cooled(network: Network, T: float) -> Network:
    """The same network with all logits divided by T: the weights of the output layer are."""
    before = network.population.parameters
    cooler = {name: (w / T).astype(w.dtype) for name, w in before.named().items() if name in OF_OUTPUTS}
    inside = replace(before, **cooler)
    return replace(network, population=replace(network.population, parameters=inside))


BINS = 15  # equal in width, as in Guo et al. 2017


def brier_score(shares: Floats, hit: Floats, weight: Floats | None = None) -> float:
    """Mean squared distance of probabilities from the true classes, `(m, n_classes)` each, summed over the classes (of two, one).

    `weight (m,)` are the rows' weights; None if each counts once.
    """
    counted = slice(1, None) if shares.shape[1] == 2 else slice(None)
    return float(np.average(np.sum((shares - hit)[:, counted] ** 2, axis=1), weights=weight))


def calibration_error(shares: Floats, hit: Floats, bins: int = BINS, weight: Floats | None = None) -> float:
    """Mean difference between the most likely class's probability and how often it is correct, in bins of that probability.

    Parameters
    ----------
    shares : ndarray, (m, n_classes)
        Rows add up to 1.
    hit : ndarray, (m, n_classes)
        1 for the class of the row, else 0.
    bins : int
    weight : ndarray, (m,), or None
        What rows count.
    """
    best, each = shares.argmax(axis=1), np.ones(len(shares)) if weight is None else weight
    rows = np.arange(len(shares))
    sure, right = shares[rows, best], hit[rows, best]
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=(sure - right) * each, minlength=bins)
    return float(np.abs(gaps).sum() / each.sum())
