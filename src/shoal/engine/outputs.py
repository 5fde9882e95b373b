"""X → logits, of a whole population or of one network, a bounded number of rows at a time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.blocks import split
from shoal.population import Population
from shoal.textbook.activations import ACTIVATIONS, masked
from shoal.textbook.propagation import Parameters

Floats = NDArray[np.floating]

BLOCK_ROWS = 8192  # a block's hidden layer (1024 units in float32) stays near 32 MB


def logits(population: Population, X: Any, activation: str) -> Floats:
    """Z2 of every network for the same rows `X (m, n_x)`: `(K, n_z, m)`."""
    blocks = split(population, population.parameters.W1.dtype)
    Z2 = np.empty((population.K, population.parameters.W2.shape[1], X.shape[0]), population.parameters.W1.dtype)
    for s in range(0, X.shape[0], BLOCK_ROWS):
        rows = X[s : s + BLOCK_ROWS]
        for block in blocks:
            g1 = ACTIVATIONS[activation]
            g1 = g1 if block.units is None else masked(g1, block.units)
            W1, b1, W2, b2 = block.parameters
            Z2[block.members, :, s : s + BLOCK_ROWS] = W2 @ g1(W1 @ block.columns_of(rows) + b1) + b2
    return Z2


def network_logits(parameters: Parameters, X: Any, activation: str) -> Floats:
    """Z2 of one network for rows `X (m, n_x)`: `(n_z, m)`."""
    W1, b1, W2, b2 = parameters
    Z2 = np.empty((W2.shape[0], X.shape[0]), W2.dtype)
    for s in range(0, X.shape[0], BLOCK_ROWS):
        Z2[:, s : s + BLOCK_ROWS] = W2 @ ACTIVATIONS[activation](W1 @ X[s : s + BLOCK_ROWS].T + b1) + b2
    return Z2
