"""The losses of slides 9-10 and their slopes, from the logits: Z2, Y → L of each example, and dZ2 = ∂L/∂Z2 if it is not A2 − Y.

`losses` combines each with its output unit. Shapes: Z2 `(…, n_z, m)`, Y `(n_y, m)`, L `(…, m)` (summed over the outputs of an example),
dZ2 like Z2; Z2 may have a leading axis K. Every form is finite at |Z2| = 1e4 in float32 and float64.
"""

import math

from shoal.textbook.activation_functions import relu
from shoal.textbook.output_units import exp_limits, exp_unit, halves, log_variance_limits, tangent_exp, tangent_exp_prime
from shoal.types import Array, array_namespace


def sum_outputs(L: Array) -> Array:
    """Each example's loss: the sum over its outputs.

    Parameters
    ----------
    L : array `(…, n_y, m)`

    Returns
    -------
    array `(…, m)`

    Examples
    --------
    >>> sum_outputs(np.ones((2, 3))).tolist()
    [2.0, 2.0, 2.0]
    """
    return array_namespace(L).sum(L, axis=-2)


# --- sigmoid and cross-entropy: one label, or many independent ones -------------------------------------------------


def cross_entropy(Z2: Array, Y: Array) -> Array:
    """L = −[y ln a + (1 − y) ln(1 − a)] = max(0, z) − y z + ln(1 + e^−|z|) with a = σ(z), slide 9.

    Parameters
    ----------
    Z2 : array `(…, n_y, m)`
    Y : array `(n_y, m)`
        0 or 1, or a probability.

    Returns
    -------
    array `(…, m)`

    Examples
    --------
    >>> cross_entropy(np.asarray([[0.0, 1e4]]), np.asarray([[1.0, 0.0]])).round(6).tolist()  # ln 2; z itself
    [0.693147, 10000.0]
    """
    xp = array_namespace(Z2)
    return sum_outputs(relu(Z2) - Y * Z2 + xp.log1p(xp.exp(-xp.abs(Z2))))


# --- softmax and cross-entropy: one class of several ----------------------------------------------------------------


def softmax_cross_entropy(Z2: Array, Y: Array) -> Array:
    """L = −Σ y ln a = Σ y (ln Σ eᶻ − z) with a = softmax(z).

    Parameters
    ----------
    Z2 : array `(…, n_y, m)`
    Y : array `(n_y, m)`
        A 1 in the row of the class, or probabilities that add up to 1.

    Returns
    -------
    array `(…, m)`

    Examples
    --------
    >>> softmax_cross_entropy(np.zeros((2, 1)), np.asarray([[1.0], [0.0]])).round(6).tolist()  # ln 2
    [0.693147]
    """
    xp = array_namespace(Z2)
    shifted = Z2 - xp.max(Z2, axis=-2, keepdims=True)
    log_sum = xp.log(xp.sum(xp.exp(shifted), axis=-2, keepdims=True))
    return sum_outputs(Y * (log_sum - shifted))


# --- identity and a loss of the residual r = z − y ------------------------------------------------------------------


def squared_error(Z2: Array, Y: Array) -> Array:
    """L = ½ (z − y)².

    Parameters
    ----------
    Z2, Y : arrays `(…, n_y, m)`

    Returns
    -------
    array `(…, m)`

    Examples
    --------
    >>> squared_error(np.asarray([[3.0]]), np.asarray([[1.0]])).tolist()
    [2.0]
    """
    return sum_outputs((Z2 - Y) * (Z2 - Y) / 2)


def absolute_error(Z2: Array, Y: Array) -> Array:
    """L = |z − y|, whose minimum is the median.

    Parameters
    ----------
    Z2, Y : arrays `(…, n_y, m)`

    Returns
    -------
    array `(…, m)`

    Examples
    --------
    >>> absolute_error(np.asarray([[3.0]]), np.asarray([[1.0]])).tolist()
    [2.0]
    """
    return sum_outputs(array_namespace(Z2).abs(Z2 - Y))


def absolute_error_slope(Z2: Array, Y: Array) -> Array:
    """dZ2 = sign(z − y), 0 at the kink.

    Parameters
    ----------
    Z2, Y : arrays `(…, n_y, m)`

    Returns
    -------
    array of Z2's shape

    Examples
    --------
    >>> absolute_error_slope(np.asarray([[3.0, 1.0]]), np.asarray([[1.0, 1.0]])).tolist()
    [[1.0, 0.0]]
    """
    return array_namespace(Z2).sign(Z2 - Y)


# --- exp and Poisson ------------------------------------------------------------------------------------------------


def poisson_loss(Z2: Array, Y: Array) -> Array:
    """L = a − y z with a = eᶻ: the negative log-likelihood of a count y ≥ 0 without ln y!, which does not depend on the weights.

    Parameters
    ----------
    Z2, Y : arrays `(…, n_y, m)`

    Returns
    -------
    array `(…, m)`

    Examples
    --------
    >>> poisson_loss(np.zeros((1, 1)), np.asarray([[2.0]])).tolist()
    [1.0]
    """
    return sum_outputs(exp_unit(Z2) - Y * Z2)


def poisson_error(Z2: Array, Y: Array) -> Array:
    """dZ2 = a − y.

    Parameters
    ----------
    Z2, Y : arrays `(…, n_y, m)`

    Returns
    -------
    array of Z2's shape

    Examples
    --------
    >>> poisson_error(np.zeros((1, 1)), np.asarray([[2.0]])).tolist()
    [[-1.0]]
    """
    return tangent_exp_prime(Z2, exp_limits(Z2)) - Y


# --- Gaussian: a mean and a log-variance for each target ------------------------------------------------------------


def gaussian_loss(Z2: Array, Y: Array) -> Array:
    """L = ½ [s + (y − μ)² e⁻ˢ + ln 2π]: the negative log-likelihood in nats (Nix and Weigend 1994).

    Parameters
    ----------
    Z2 : array `(…, 2 n_y, m)`
    Y : array `(…, n_y, m)`

    Returns
    -------
    array `(…, m)`

    Examples
    --------
    >>> gaussian_loss(np.zeros((2, 1)), np.zeros((1, 1))).round(6).tolist()  # ½ ln 2π
    [0.918939]
    """
    mu, s = halves(Z2)
    r = mu - Y
    return sum_outputs((s + r * r * tangent_exp(-s, log_variance_limits(s)) + math.log(2 * math.pi)) / 2)


def gaussian_error(Z2: Array, Y: Array) -> Array:
    """dZ2: ∂L/∂μ = (μ − y) e⁻ˢ and ∂L/∂s = ½ [1 − (y − μ)² e⁻ˢ].

    Parameters
    ----------
    Z2 : array `(…, 2 n_y, m)`
    Y : array `(…, n_y, m)`

    Returns
    -------
    array of Z2's shape

    Examples
    --------
    >>> gaussian_error(np.zeros((2, 1)), np.asarray([[2.0]])).tolist()
    [[-2.0], [-1.5]]
    """
    mu, s = halves(Z2)
    r, limit = mu - Y, log_variance_limits(s)
    return array_namespace(Z2).concat([r * tangent_exp(-s, limit), (1 - r * r * tangent_exp_prime(-s, limit)) / 2], axis=-2)
