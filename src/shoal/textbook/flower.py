"""The companion exercise "planar data classification": its points, its initial weights, its published accuracies.

The published figures hang on these very draws, so this is the one place of the project that uses NumPy's RandomState.
"""

import numpy as np

from shoal.textbook.initialization import small_random
from shoal.textbook.propagation import Parameters

LEARNING_RATE = 1.2
PUBLISHED_ACCURACY = {1: 67.5, 2: 67.25, 3: 90.75, 4: 90.5, 5: 91.25, 20: 90.0, 50: 90.25}  # hidden units: % after 5000 steps


def flower(m: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Two classes in the shape of a flower: X `(2, m)` and Y `(1, m)` of 0 and 1, the first half class 0."""
    rng = np.random.RandomState(1)
    half = m // 2
    X, Y = np.zeros((2, m)), np.zeros((1, m))
    for j in (0, 1):
        columns = slice(half * j, half * (j + 1))
        t = np.linspace(3.12 * j, 3.12 * (j + 1), half) + rng.randn(half) * 0.2
        r = 4 * np.sin(4 * t) + rng.randn(half) * 0.2
        X[:, columns] = r * np.sin(t), r * np.cos(t)
        Y[:, columns] = j
    return X, Y


def exercise_parameters(n_h: int, n_x: int = 2, n_y: int = 1, seed: int = 2, scale: float = 0.01) -> Parameters:
    """The exercise's initial weights: `RandomState(2).randn * 0.01`, W1 then W2, zero biases."""
    return small_random(np.random.RandomState(seed), n_x, n_h, n_y, scale)
