"""The companion exercise "planar data classification": its points, its initial weights, its published accuracies.

The published figures depend on these draws. For that reason this module alone uses NumPy's RandomState.
"""

import numpy as np

from shoal.errors import InvalidParameterError
from shoal.textbook.initialization import small_random
from shoal.textbook.propagation import Parameters

LEARNING_RATE = 1.2
PUBLISHED_ACCURACY = {1: 67.5, 2: 67.25, 3: 90.75, 4: 90.5, 5: 91.25, 20: 90.0, 50: 90.25}  # hidden units: % after 5000 steps


def flower(m: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Two classes in the shape of a flower, the points of the companion exercise.

    For class j in (0, 1): t = linspace(3.12 j, 3.12 (j + 1), m/2) + 0.2 randn, r = 4 sin(4t) + 0.2 randn, x = (r sin t, r cos t).

    Parameters
    ----------
    m : int
        The number of points, an even number from 2 on; half of them are of each class.

    Returns
    -------
    X : array `(2, m)`
    Y : array `(1, m)`
        0 for the first half, 1 for the second.

    Examples
    --------
    >>> X, Y = flower()
    >>> X.shape, Y.shape, Y.sum().item()
    ((2, 400), (1, 400), 200.0)
    """
    if m < 2 or m % 2:
        raise InvalidParameterError(f"m is {m!r}; give an even number from 2 on, half for each class")
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
    """The exercise's initial weights: `RandomState(2).randn * 0.01`, W1 then W2, zero biases (slide 12's rule).

    Parameters
    ----------
    n_h, n_x, n_y : int
    seed : int
    scale : float

    Returns
    -------
    Parameters

    Examples
    --------
    >>> exercise_parameters(4).W1[0].round(6).tolist()
    [-0.004168, -0.000563]
    """
    return small_random(np.random.RandomState(seed), n_x, n_h, n_y, scale)
