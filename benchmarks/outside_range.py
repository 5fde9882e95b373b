"""How often 90 % intervals hold the target outside the training range. `python benchmarks/outside_range.py`

Two inputs, uniform from −2 to 2, the target a function of them with noise of standard deviation 0.2, 300 rows. x0 of the test rows lies
beyond an end of its range, by the given number of widths of the range. Each cell is the percentage of targets within 1.645 standard
deviations, over three seeds and both activations, 400 rows each: first with the rule for rows outside, then without it.
"""

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from shoal import ShoalRegressor
from shoal.errors import ShoalWarning
from shoal.types import Floats
from shoal.uncertainty.predictive import mean_and_std

FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "2 x0": lambda X: 2 * X[:, 0],
    "|x0|": lambda X: np.abs(X[:, 0]),
    "sin 2 x0 + x1": lambda X: np.sin(2 * X[:, 0]) + X[:, 1],
    "x0²": lambda X: X[:, 0] ** 2,
    "exp x0": lambda X: np.exp(X[:, 0]),
}
WIDTHS = (0.0, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
SEEDS, ROWS, TEST_ROWS, NOISE, Z_90 = 3, 300, 400, 0.2, 1.645


def main() -> None:
    warnings.simplefilter("ignore", ShoalWarning)
    print(f"{'function':15} {'rule':8}", *[f"{width:5g}" for width in WIDTHS])
    total = []
    for name, f in FUNCTIONS.items():
        found = np.mean([covered(f, activation, seed) for activation in ("relu", "tanh") for seed in range(SEEDS)], axis=0)
        total.append(found)
        show(name, found)
    show("mean", np.mean(total, axis=0))


def show(name: str, found: Floats) -> None:
    for rule, cells in zip(("with", "without"), found, strict=True):
        print(f"{name:15} {rule:8}", *[f"{100 * cell:5.0f}" for cell in cells])


def covered(f: Callable[[Floats], Floats], activation: str, seed: int) -> Floats:
    """The fractions of targets inside, with and without the rule, for each distance: `(2, distances)`."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (ROWS, 2))
    model = ShoalRegressor(activation=activation, random_state=seed, max_iter=60).fit(X, f(X) + NOISE * rng.standard_normal(ROWS))
    network = model.network_
    found = np.empty((2, len(WIDTHS)))
    for i, width in enumerate(WIDTHS):
        T = rng.uniform(-2, 2, (TEST_ROWS, 2))
        if width:
            far = width * (network.highest[0] - network.lowest[0])
            T[:, 0] = np.where(rng.random(TEST_ROWS) < 0.5, network.highest[0] + far, network.lowest[0] - far)
        target = f(T) + NOISE * rng.standard_normal(TEST_ROWS)
        for rule, known in enumerate((network, replace(network, lowest=None, highest=None))):
            mean, std = mean_and_std(known, T)
            found[rule, i] = np.mean(np.abs(target - mean[:, 0]) < Z_90 * std[:, 0])
    return found


if __name__ == "__main__":
    main()
