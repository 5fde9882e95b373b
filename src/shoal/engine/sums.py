"""Over any rows: the loss and its gradient as SUMS with the total weight, never means, so that blocks, folds and machines add up."""

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.blocks import Block, join, split
from shoal.engine.outputs import BLOCK_ROWS
from shoal.population import Population
from shoal.textbook.activations import ACTIVATIONS, masked
from shoal.textbook.outputs import Output
from shoal.textbook.propagation import Parameters, backward, forward

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Sums:
    """Sums over rows for each of K networks. Two of them over different rows add up with `+`.

    `weight (K,)`: total weight of the rows; `loss (K,)`: Σ w L; `gradient`: ∂(Σ w L)/∂ each parameter, without penalty.
    """

    weight: Floats
    loss: Floats
    gradient: Parameters

    def __add__(self, other: "Sums") -> "Sums":
        gradient = Parameters(*(a + b for a, b in zip(self.gradient, other.gradient, strict=True)))
        return Sums(self.weight + other.weight, self.loss + other.loss, gradient)


def sums(population: Population, X: Any, Y: Floats, activation: str, g2: Output, weight: Floats | None = None) -> Sums:
    """Loss and gradient sums over all rows `X (m, n_x)`, `Y (m, n_y)`, a bounded number of rows at a time.

    `weight` is None, `(m,)` or `(K, m)`.
    """
    m = X.shape[0]
    weights = np.broadcast_to(np.ones(m) if weight is None else weight, (population.K, m))
    blocks = [slice(s, s + BLOCK_ROWS) for s in range(0, max(m, 1), BLOCK_ROWS)]
    return reduce(add, (some_rows(population, X[s], Y[s], activation, g2, weights[:, s]) for s in blocks))


def some_rows(population: Population, X: Any, Y: Floats, activation: str, g2: Output, weights: Floats) -> Sums:
    """`sums` over rows that fit in memory at once; `weights (K, rows)`."""
    loss = np.zeros(population.K)
    gradients = []
    for block in split(population, population.parameters.W1.dtype):
        g1 = ACTIVATIONS[activation] if block.units is None else masked(ACTIVATIONS[activation], block.units)
        columns, w = block.columns_of(X), weights[block.members]
        cache = forward(block.parameters, columns, g1, g2)
        loss[block.members] = np.sum(w * g2.loss(cache.Z2, Y.T), axis=-1)
        # `backward` gives means over m = Σ w; times m they are sums again
        m = w.sum(axis=1)[:, None, None].astype(columns.dtype)
        with np.errstate(divide="ignore", invalid="ignore"):  # no weight at all: 0/0, and the sum is 0
            means = backward(block.parameters, columns, Y.T, cache, g1, g2, w[:, None, :].astype(columns.dtype))
            scaled = [np.where(m > 0, m * d, m.dtype.type(0)) for d in (means.dW1, means.db1, means.dW2, means.db2)]
        gradients.append(Block(block.members, block.columns, Parameters(*scaled), block.units))
    return Sums(weights.sum(axis=1), loss, join(gradients, population).parameters)
