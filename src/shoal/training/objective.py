"""What a full-batch solver makes small: J(θ) of K networks over all their rows, each network's parameters in one row θ."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import SparseRows
from shoal.engine.advance import advance, begin, current
from shoal.engine.sums import flat, sums, unflat
from shoal.population import Population, take
from shoal.recipe import Recipe
from shoal.textbook.outputs import Output
from shoal.textbook.propagation import Parameters
from shoal.textbook.rules import GradientDescent

Floats = NDArray[np.floating]

ROWS_AT_ONCE = 1024  # their hidden layer stays in the level-2 cache
RATE = 2.0**30


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
    if isinstance(objective.X, SparseRows):
        return by_sums(objective, population, theta, members)
    return by_steps(objective, population, theta, members)


def by_sums(objective: Objective, population: Population, theta: Floats, members: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """`value_and_gradient` from the textbook's sums, for any rows."""
    found = sums(population, objective.X, objective.Y, objective.activation, objective.g2, objective.weights[members])
    lam, free = objective.lam[members, None], penalised(population.parameters)
    value = found.loss + np.sum(lam * free * theta**2, axis=1) / 2
    gradient = flat(found.gradient) + lam * free * theta
    return value / found.weight, gradient / found.weight[:, None]


def by_steps(objective: Objective, population: Population, theta: Floats, members: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """`value_and_gradient` from the compiled steps, four times as fast.

    A step of gradient descent ends at θ − rate · ∂J/∂θ: what it moved is the gradient, and beside a step of 2³⁰ the rounding
    of θ is nothing. Blocks of rows count by their weight; each has the whole penalty.
    """
    weights, total = objective.weights[members], objective.total[members]
    recipe = Recipe(activation=objective.activation, rule=GradientDescent(), lam=tuple(objective.lam[members]), batch_size=ROWS_AT_ONCE)
    value, gradient = np.zeros(len(members)), np.zeros_like(theta)
    for start in range(0, len(objective.Y), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        X, Y, w = objective.X[rows], objective.Y[rows], weights[:, rows]
        share = w.sum(axis=1) / total
        state = begin(population, recipe, objective.g2, total, np.float64)
        cost = advance(state, X, Y, [np.arange(len(Y))], np.full((1, len(members)), RATE), None if (w == 1).all() else w)[0]
        slope = (theta - flat(current(state).parameters)) / RATE
        value += np.where(share > 0, share * cost, 0.0)
        gradient += np.where(share[:, None] > 0, share[:, None] * slope, 0.0)
    return value, gradient
