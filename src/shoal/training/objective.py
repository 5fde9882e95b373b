"""What a full-batch solver makes small: J(θ) of K networks over all their rows, each network's parameters in one row θ."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.sums import flat, sums, unflat
from shoal.population import Population, take
from shoal.textbook.outputs import Output
from shoal.textbook.propagation import Parameters

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Objective:
    """J = (Σ w L + λ/2 (‖W1‖² + ‖W2‖²)) / Σ w of K networks.

    `population` gives shapes, widths and masks; `X (m, n_x)`, `Y (m, n_y)`; `weights (K, m)`; `lam (K,)`.
    """

    population: Population
    X: Any
    Y: Floats
    activation: str
    g2: Output
    weights: Floats
    lam: Floats

    @property
    def total(self) -> Floats:
        """m of the chapter: each network's weight of all its rows, `(K,)`."""
        return np.asarray(self.weights.sum(axis=1))


def penalised(parameters: Parameters) -> Floats:
    """1 for the weights, 0 for the biases, `(p,)`."""
    W1, b1, W2, b2 = (np.ones_like(w[:1], dtype=np.float64) for w in parameters)
    return np.asarray(flat(Parameters(W1, 0 * b1, W2, 0 * b2))[0])


def value_and_gradient(objective: Objective, theta: Floats, members: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """J and ∂J/∂θ of some of the networks, `(k,)` and `(k, p)`; `theta (k, p)` is theirs."""
    shapes = take(objective.population, members)
    population = Population(unflat(theta, shapes.parameters), shapes.widths, shapes.inputs)
    found = sums(population, objective.X, objective.Y, objective.activation, objective.g2, objective.weights[members])
    lam, free = objective.lam[members, None], penalised(shapes.parameters)
    value = found.loss + np.sum(lam * free * theta**2, axis=1) / 2
    gradient = flat(found.gradient) + lam * free * theta
    return value / found.weight, gradient / found.weight[:, None]
