"""Small seeded networks and rows that the tests of the engine and of training share."""

import numpy as np

from shoal.population import Population, stack
from shoal.recipe import Recipe
from shoal.textbook import Parameters, make_loss
from shoal.textbook.initialization import unit_variance
from shoal.textbook.optimizers import Adam
from shoal.training.minibatch import Run
from shoal.training.rows import Validation

OUTPUTS = ("sigmoid", "softmax", "squared_error", "huber", "absolute_error", "quantile", "poisson", "gaussian")
# Four networks that differ in every number of the recipe in which they may.
PER_NETWORK = {
    "learning_rate": (0.01, 0.03, 0.02, 0.005),
    "lam": (0.0, 0.5, 0.1, 0.0),
    "decay": (0.1, 0.0, 0.0, 0.2),
    "dropout": (0.0, 0.3, 0.2, 0.0),
    "weight_average": (0.9, 0.0, 0.5, 0.0),
}


def logits_of(output: str, n_y: int) -> int:
    """How many logits an output unit has for n_y targets."""
    return 2 * n_y if output == "gaussian" else n_y


def network(rng, n_x: int, n_h: int, n_z: int, skip: bool = False) -> Parameters:
    """One network with weights and biases between −1 and 1."""
    shapes = (n_h, n_x), (n_h, 1), (n_z, n_h), (n_z, 1), (n_z, n_x)
    return Parameters(*(rng.uniform(-1, 1, shape) for shape in shapes[: 5 if skip else 4]))


def population(widths, n_x: int, n_z: int, seed: int = 0, inputs=None, skip: bool = False) -> Population:
    """Networks of these widths, padded to the widest."""
    rng = np.random.default_rng(seed)
    return stack([network(rng, n_x, n_h, n_z, skip) for n_h in widths], inputs)


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


def run_with_rows_held_out(noise=0.02, *, n_x=2, max_time=None, epochs=30):
    """160 rows and three networks, each with an eighth of the rows held out, on a smooth function with noise."""
    m, K, rng = 160, 3, np.random.default_rng(0)
    X = rng.uniform(-2, 2, (m, n_x))
    Y = np.sin(2 * X[:, :1]) * X[:, 1:2] + noise * rng.standard_normal((m, 1))
    Y = (Y - Y.mean()) / Y.std()
    held = tuple(np.arange(k, m, 8) for k in range(K))
    weight = np.ones((K, m))
    for k, mine in enumerate(held):
        weight[k, mine] = 0.0
    networks = stack([unit_variance(np.random.default_rng(k), n_x, 30, 1, float(n_x)) for k in range(K)])
    recipe = Recipe(
        rule=Adam(), learning_rate=0.01, batch_size=16, max_epochs=epochs, schedule="cosine", patience=epochs, tol=0.0, max_time=max_time
    )
    return Run(recipe, networks, make_loss("squared_error"), X, Y, weight=weight, validation=Validation(X, Y, None, held))
