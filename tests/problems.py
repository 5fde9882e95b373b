"""Small seeded networks and rows that the tests of the engine and of training share."""

import numpy as np

from shoal.population import Population, stack
from shoal.textbook import Parameters

OUTPUTS = ("sigmoid", "softmax", "squared_error", "huber", "absolute_error", "quantile", "poisson", "gaussian")


def logits_of(output: str, n_y: int) -> int:
    """How many logits an output unit has for n_y targets."""
    return 2 * n_y if output == "gaussian" else n_y


def network(rng, n_x: int, n_h: int, n_z: int) -> Parameters:
    """One network with weights and biases between −1 and 1."""
    shapes = (n_h, n_x), (n_h, 1), (n_z, n_h), (n_z, 1)
    return Parameters(*(rng.uniform(-1, 1, shape) for shape in shapes))


def population(widths, n_x: int, n_z: int, seed: int = 0, inputs=None) -> Population:
    """Networks of these widths, padded to the widest."""
    rng = np.random.default_rng(seed)
    return stack([network(rng, n_x, n_h, n_z) for n_h in widths], inputs)


def rows(output: str, m: int, n_x: int, n_y: int, seed: int = 1):
    """Inputs `(m, n_x)` and targets `(m, n_y)` of the kind that the output unit learns."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, n_x))
    if output == "softmax":
        return X, np.eye(n_y)[rng.integers(0, n_y, m)]
    if output == "sigmoid":
        return X, rng.integers(0, 2, (m, n_y)).astype(float)
    if output == "poisson":
        return X, rng.poisson(2.0, (m, n_y)).astype(float)
    return X, rng.standard_normal((m, n_y))
