"""The function that a full-batch solver minimizes: J(θ) of K networks over all their rows, each network's parameters in one row θ."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.sums import flat, sums, unflat
from shoal.population import Population, take
from shoal.textbook.losses import Loss
from shoal.textbook.propagation import PENALISED, Parameters
from shoal.training.rows import Rows
from shoal.types import Floats


@dataclass(frozen=True)
class Objective:
    """J = (Σ w L + λ/2 (‖W1‖² + ‖W2‖²)) / Σ w of K networks over their rows, in memory or elsewhere.

    `population` gives shapes, widths and masks; `lam (K,)`.
    """

    population: Population
    rows: Rows
    activation: str
    g2: Loss
    lam: Floats


@dataclass(frozen=True)
class Slope:
    """The contribution of blocks of rows to J and to ∂J/∂θ of k networks, `(k,)` and `(k, p)`. Two of them add up with `+`."""

    value: Floats
    gradient: Floats

    def __add__(self, other: "Slope") -> "Slope":
        return Slope(self.value + other.value, self.gradient + other.gradient)


@dataclass(frozen=True)
class Point:
    """A point at which J is evaluated: the networks `members (k,)` with the parameters `theta (k, p)`.

    `total (k,)` is the weight of all rows for each network, not of a block alone; `lam (k,)`.
    """

    population: Population
    members: NDArray[np.int64]
    theta: Floats
    total: Floats
    lam: Floats
    activation: str
    g2: Loss


def penalised(parameters: Parameters) -> Floats:
    """1 for the weights, 0 for the biases, `(p,)`."""
    counted = {name: np.full_like(w[:1], name in PENALISED, dtype=np.float64) for name, w in parameters.named().items()}
    return np.asarray(flat(Parameters(**counted))[0])


def networks_at(objective: Objective, theta: Floats) -> Population:
    """All networks with the parameters `theta (K, p)`, copied."""
    shapes = objective.population
    return Population(unflat(theta.copy(), shapes.parameters), shapes.widths, shapes.inputs)


def value_and_gradient(objective: Objective, theta: Floats, members: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """J and ∂J/∂θ of some of the networks, `(k,)` and `(k, p)`; `theta (k, p)` is theirs. One pass over the rows."""
    found = objective.rows.total_of(partial(slope_of_block, point_at(objective, theta, members)))
    return found.value, found.gradient


def point_at(objective: Objective, theta: Floats, members: NDArray[np.int64]) -> Point:
    """The networks `members` with the parameters `theta (k, p)`."""
    o, shapes = objective, take(objective.population, members)
    population = Population(unflat(theta, shapes.parameters), shapes.widths, shapes.inputs)
    return Point(population, members, theta, o.rows.total[members], o.lam[members], o.activation, o.g2)


def slope_of_block(point: Point, X: Any, Y: Floats, weights: Floats) -> Slope:
    """The contribution of one block; each block has a part of the penalty."""
    alike = isinstance(weights, np.ndarray) and weights.strides[0] == 0  # one row of weights for all networks
    found = sums(point.population, X, Y, point.activation, point.g2, weights[0] if alike else weights[point.members])
    lam, free = point.lam[:, None] * (found.weight / point.total)[:, None], penalised(point.population.parameters)
    value = found.loss + np.sum(lam * free * point.theta**2, axis=1) / 2
    gradient = flat(found.gradient) + lam * free * point.theta
    return Slope(value / point.total, gradient / point.total[:, None])
