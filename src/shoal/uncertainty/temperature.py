"""One number that makes a classifier say how often it is right: logits divided by a temperature (Guo et al. 2017)."""

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar

from shoal.errors import DataError
from shoal.network import Network
from shoal.textbook.propagation import Parameters
from shoal.uncertainty.answers import answers, weights_of
from shoal.uncertainty.held import Held, judging, taken

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
    W1, b1, W2, b2 = network.population.parameters
    inside = Parameters(W1, b1, (W2 / T).astype(W2.dtype), (b2 / T).astype(b2.dtype))
    return replace(network, population=replace(network.population, parameters=inside))
