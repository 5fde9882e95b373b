"""Initial weights (slides 11 and 12). Each rule returns `Parameters` in float64; biases start at 0 unless stated otherwise.

Shapes: `W1 (n_h, n_x)`, `b1 (n_h, 1)`, `W2 (n_y, n_h)`, `b2 (n_y, 1)`. `rng` has NumPy's
`standard_normal(size)` and `uniform(low, high, size)`: a Generator, or the RandomState of the published exercise.
W1 is drawn first, then b1 if it is random, then W2.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from shoal.errors import InvalidParameterError
from shoal.textbook.propagation import Parameters

Rng = Any


def check_sizes(n_x: int, n_h: int, n_y: int) -> None:
    """Raise `InvalidParameterError` unless a network has at least one input, one hidden unit and one output."""
    for name, n in (("n_x", n_x), ("n_h", n_h), ("n_y", n_y)):
        if n < 1:
            raise InvalidParameterError(f"{name} is {n!r}; give a whole number from 1 on")


def zeros(n_x: int, n_h: int, n_y: int) -> Parameters:
    """All zeros, slide 11: the hidden units compute the same function, before and after every update.

    Parameters
    ----------
    n_x, n_h, n_y : int

    Returns
    -------
    Parameters

    Examples
    --------
    >>> [w.shape for w in zeros(2, 4, 1)]
    [(4, 2), (4, 1), (1, 4), (1, 1)]
    """
    check_sizes(n_x, n_h, n_y)
    return Parameters(np.zeros((n_h, n_x)), np.zeros((n_h, 1)), np.zeros((n_y, n_h)), np.zeros((n_y, 1)))


def normal(rng: Rng, n_x: int, n_h: int, n_y: int, sd1: float, sd2: float) -> Parameters:
    """W1 ~ N(0, sd1²), W2 ~ N(0, sd2²), biases 0.

    Parameters
    ----------
    rng : NumPy Generator or RandomState
    n_x, n_h, n_y : int
    sd1, sd2 : float
        Standard deviations.

    Returns
    -------
    Parameters

    Examples
    --------
    >>> normal(np.random.default_rng(0), 2, 4, 1, sd1=0.0, sd2=1.0).b1.ravel().tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    check_sizes(n_x, n_h, n_y)
    W1 = rng.standard_normal((n_h, n_x)) * sd1
    W2 = rng.standard_normal((n_y, n_h)) * sd2
    return Parameters(W1, np.zeros((n_h, 1)), W2, np.zeros((n_y, 1)))


def small_random(rng: Rng, n_x: int, n_h: int, n_y: int, scale: float = 0.01) -> Parameters:
    """Slide 12: `W1 = randn(n_h, n_x) * 0.01`, `b1 = 0`, `W2 = randn(n_y, n_h) * 0.01`, `b2 = 0`.

    Parameters
    ----------
    rng : NumPy Generator or RandomState
    n_x, n_h, n_y : int
    scale : float
        0.01 on the slide, so small that sigmoid and tanh do not start saturated.

    Returns
    -------
    Parameters

    Examples
    --------
    >>> parameters = small_random(np.random.default_rng(0), 2, 4, 1)
    >>> parameters.W1.shape, parameters.b1.ravel().tolist()
    ((4, 2), [0.0, 0.0, 0.0, 0.0])
    """
    return normal(rng, n_x, n_h, n_y, scale, scale)


def xavier(rng: Rng, n_x: int, n_h: int, n_y: int) -> Parameters:
    """Variance 2 / (fan in + fan out): signals keep their size forward and backward (Glorot and Bengio 2010).

    Parameters
    ----------
    rng : NumPy Generator or RandomState
    n_x, n_h, n_y : int

    Returns
    -------
    Parameters

    Examples
    --------
    >>> round(float(np.std(xavier(np.random.default_rng(0), 100, 100, 1).W1)), 2)
    0.1
    """
    check_sizes(n_x, n_h, n_y)
    return normal(rng, n_x, n_h, n_y, math.sqrt(2 / (n_x + n_h)), math.sqrt(2 / (n_h + n_y)))


def he(rng: Rng, n_x: int, n_h: int, n_y: int) -> Parameters:
    """Variance 2 / fan in: compensates for the half that ReLU sets to 0 (He et al. 2015).

    Parameters
    ----------
    rng : NumPy Generator or RandomState
    n_x, n_h, n_y : int

    Returns
    -------
    Parameters

    Examples
    --------
    >>> round(float(np.std(he(np.random.default_rng(0), 200, 100, 1).W1)), 2)
    0.1
    """
    check_sizes(n_x, n_h, n_y)
    return normal(rng, n_x, n_h, n_y, math.sqrt(2 / n_x), math.sqrt(2 / n_h))


def lecun(rng: Rng, n_x: int, n_h: int, n_y: int) -> Parameters:
    """Variance 1 / fan in: sums of standardised inputs have variance 1 (LeCun et al. 1998).

    Parameters
    ----------
    rng : NumPy Generator or RandomState
    n_x, n_h, n_y : int

    Returns
    -------
    Parameters

    Examples
    --------
    >>> round(float(np.std(lecun(np.random.default_rng(0), 100, 100, 1).W1)), 2)
    0.1
    """
    check_sizes(n_x, n_h, n_y)
    return normal(rng, n_x, n_h, n_y, math.sqrt(1 / n_x), math.sqrt(1 / n_h))


def nguyen_widrow(rng: Rng, n_x: int, n_h: int, n_y: int) -> Parameters:
    """Units spread over inputs in [−1, 1] so that their active regions cover it evenly (Nguyen and Widrow 1990).

    Every row of W1 has length β = 0.7 n_h^(1/n_x) and a random direction; b1 is uniform in [−β, β]; W2 is uniform in [−0.5, 0.5].

    Parameters
    ----------
    rng : NumPy Generator or RandomState
    n_x, n_h, n_y : int

    Returns
    -------
    Parameters

    Examples
    --------
    >>> W1 = nguyen_widrow(np.random.default_rng(0), 2, 4, 1).W1
    >>> np.linalg.norm(W1, axis=1).round(6).tolist()  # 0.7 · 4^(1/2)
    [1.4, 1.4, 1.4, 1.4]
    """
    check_sizes(n_x, n_h, n_y)
    beta = 0.7 * n_h ** (1 / n_x)
    directions = rng.uniform(-1.0, 1.0, (n_h, n_x))
    W1 = beta * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    b1 = rng.uniform(-beta, beta, (n_h, 1))
    W2 = rng.uniform(-0.5, 0.5, (n_y, n_h))
    return Parameters(W1, b1, W2, np.zeros((n_y, 1)))


def unit_variance(rng: Rng, n_x: int, n_h: int, n_y: int, mean_square_length: float) -> Parameters:
    """Pre-activations of variance 1 for any encoding: W1 ~ N(0, 1 / mean squared length of an input row).

    b1 ~ N(0, 1/4), W2 ~ N(0, 1/(4 n_h)). This is LeCun's rule with the measured size of the inputs instead of n_x. Hidden biases that are
    not 0 place the units' edges at different inputs, which small tables need.

    Parameters
    ----------
    rng : NumPy Generator or RandomState
    n_x, n_h, n_y : int
    mean_square_length : float
        The mean of Σⱼ xⱼ² over the encoded rows.

    Returns
    -------
    Parameters

    Examples
    --------
    >>> round(float(np.std(unit_variance(np.random.default_rng(0), 100, 100, 1, mean_square_length=100.0).W1)), 2)
    0.1
    """
    check_sizes(n_x, n_h, n_y)
    W1 = rng.standard_normal((n_h, n_x)) / math.sqrt(max(mean_square_length, 1e-12))
    b1 = rng.standard_normal((n_h, 1)) / 2
    W2 = rng.standard_normal((n_y, n_h)) / math.sqrt(4 * n_h)
    return Parameters(W1, b1, W2, np.zeros((n_y, 1)))


def with_skip(parameters: Parameters) -> Parameters:
    """The same network with skip connections of 0. They need no random values, because no two of them have the same gradient.

    The network starts as the one without them, and dW3 = (1/m) dZ2 Xᵀ is not 0 at W3 = 0.

    Parameters
    ----------
    parameters : Parameters

    Returns
    -------
    Parameters
        With `W3 (n_y, n_x)`.

    Examples
    --------
    >>> with_skip(zeros(3, 4, 2)).W3.shape
    (2, 3)
    """
    W1, W2 = parameters.W1, parameters.W2
    return replace(parameters, W3=np.zeros((*W1.shape[:-2], W2.shape[-2], W1.shape[-1]), W1.dtype))
