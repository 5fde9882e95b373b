"""Losses with the output units that belong to them (slides 9-10): logits Z2 → A2, the loss of each example, dZ2 = ∂loss/∂Z2.

The slide's `dZ2 = A2 − Y` holds for the output unit and the loss that belong together. Each pair stands here as one
object with three functions. Shapes: Z2 `(…, n_z, m)`, Y `(n_y, m)`, A2 like Z2, loss `(…, m)` (summed over the
outputs of an example), dZ2 like Z2; a leading axis K may stand before Z2. n_z = n_y, but for the Gaussian unit,
whose logits are n_y means followed by n_y log-variances.

Losses come from the logits, never from A2, and stay finite at |Z2| = 1e4 in float32 and float64.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from shoal.errors import InvalidParameterError
from shoal.textbook.activations import relu, sigmoid
from shoal.textbook.output_units import (
    exp_limits,
    exp_unit,
    gaussian_unit,
    halves,
    identity,
    log_variance_limits,
    softmax,
    tangent_exp,
    tangent_exp_prime,
)
from shoal.types import Array


@dataclass(frozen=True)
class Loss:
    """A loss and its output unit. `g2(Z2)` is A2; `g2.loss(Z2, Y)` is L of each example; `g2.dZ2(Z2, Y)` is ∂L/∂Z2.

    The chapter's `dZ2 = A2 − Y` is `g2.dZ2` of the sigmoid, the softmax, the squared error and Poisson (slide 10).

    Examples
    --------
    >>> g2, Z2, Y = make_loss("sigmoid"), np.asarray([[0.0, 0.0]]), np.asarray([[1.0, 0.0]])
    >>> g2(Z2).tolist(), g2.loss(Z2, Y).round(6).tolist(), g2.dZ2(Z2, Y).tolist()
    ([[0.5, 0.5]], [0.693147, 0.693147], [[-0.5, 0.5]])
    """

    name: str
    formula: str
    loss_formula: str
    g: Callable[[Array], Array]
    loss: Callable[[Array, Array], Array]
    dZ2: Callable[[Array, Array], Array]
    logits_per_target: int = 1
    settings: tuple[tuple[str, float], ...] = ()  # what `make_loss` needs beside the name to make it again

    def __call__(self, Z2: Array) -> Array:
        """A2 = g2(Z2), in Z2's shape."""
        return self.g(Z2)

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (self.name, self.settings)  # another process makes it anew: lambdas do not travel


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
        A 1 in the row of the class, or shares that add up to 1.

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


def huber(delta: float) -> Loss:
    """L = ½ r² for |r| ≤ δ, else δ (|r| − δ/2), with r = z − y (Huber 1964), and the identity as output unit.

    Parameters
    ----------
    delta : float
        δ, above 0, in units of Y.

    Returns
    -------
    Loss

    Examples
    --------
    >>> huber(1.0).loss(np.asarray([[0.5, 3.0]]), np.zeros((1, 2))).tolist()
    [0.125, 2.5]
    """
    if not 0 < delta < math.inf:
        raise InvalidParameterError(f"delta is {delta!r}; give a finite number above 0, in units of Y")

    def loss(Z2: Array, Y: Array) -> Array:
        xp = array_namespace(Z2)
        r = xp.abs(Z2 - Y)
        return sum_outputs(xp.where(r <= delta, r * r / 2, delta * (r - delta / 2)))

    def dZ2(Z2: Array, Y: Array) -> Array:
        return array_namespace(Z2).clip(Z2 - Y, -delta, delta)

    return Loss("huber", "z", "½ r², or δ (|r| − δ/2) for |r| > δ", identity, loss, dZ2, settings=(("delta", delta),))


def quantile(q: float) -> Loss:
    """L = q (y − z) for y > z, else (1 − q)(z − y), whose minimum is the q-quantile (Koenker and Bassett 1978).

    Parameters
    ----------
    q : float
        Between 0 and 1.

    Returns
    -------
    Loss

    Examples
    --------
    >>> quantile(0.75).loss(np.asarray([[0.0, 0.0]]), np.asarray([[1.0, -1.0]])).tolist()
    [0.75, 0.25]
    """
    if not 0 < q < 1:
        raise InvalidParameterError(f"q is {q!r}; give a number between 0 and 1")

    def loss(Z2: Array, Y: Array) -> Array:
        xp = array_namespace(Z2)
        r = Z2 - Y
        return sum_outputs(xp.where(r > 0, (1 - q) * r, -q * r))

    def dZ2(Z2: Array, Y: Array) -> Array:
        xp = array_namespace(Z2)
        r = Z2 - Y
        return xp.where(r > 0, (1 - q) * xp.ones_like(r), xp.where(r < 0, -q * xp.ones_like(r), xp.zeros_like(r)))

    return Loss("quantile", "z", "q (y − z), or (1 − q)(z − y) for z > y", identity, loss, dZ2, settings=(("q", q),))


# --- exp and Poisson ------------------------------------------------------------------------------------------------


def poisson_loss(Z2: Array, Y: Array) -> Array:
    """L = a − y z with a = eᶻ: the negative log-likelihood of a count y ≥ 0 without ln y!, which no weight can change.

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


SIGMOID = Loss("sigmoid", "1 / (1 + e⁻ᶻ)", "−[y ln a + (1 − y) ln(1 − a)]", sigmoid, cross_entropy, lambda Z2, Y: sigmoid(Z2) - Y)
SOFTMAX = Loss("softmax", "eᶻ / Σ eᶻ", "−Σ y ln a", softmax, softmax_cross_entropy, lambda Z2, Y: softmax(Z2) - Y)
SQUARED_ERROR = Loss("squared_error", "z", "½ (z − y)²", identity, squared_error, lambda Z2, Y: Z2 - Y)
ABSOLUTE_ERROR = Loss("absolute_error", "z", "|z − y|", identity, absolute_error, absolute_error_slope)
POISSON = Loss("poisson", "eᶻ", "a − y z", exp_unit, poisson_loss, poisson_error)
GAUSSIAN = Loss("gaussian", "(μ, eˢ)", "½ [s + (y − μ)² e⁻ˢ + ln 2π]", gaussian_unit, gaussian_loss, gaussian_error, logits_per_target=2)

NAMES = ("sigmoid", "softmax", "squared_error", "huber", "absolute_error", "quantile", "poisson", "gaussian")


def _remade(name: str, settings: tuple[tuple[str, float], ...]) -> Loss:
    """The loss of this name and these `settings`, as a pickle holds it."""
    own = dict(settings)
    return make_loss(name, delta=own.get("delta", 1.0), q=own.get("q", 0.5))


def make_loss(name: str, *, delta: float = 1.0, q: float = 0.5) -> Loss:
    """The loss called `name`, with its output unit.

    Parameters
    ----------
    name : {"sigmoid", "softmax", "squared_error", "huber", "absolute_error", "quantile", "poisson", "gaussian"}
        The first two are cross-entropy, of one label or several, and of one class of many.
    delta : float
        Huber's threshold δ, above 0, in units of Y.
    q : float
        The quantile, between 0 and 1.

    Returns
    -------
    Loss

    Raises
    ------
    InvalidParameterError
        An unknown name, or a δ or q out of range.

    Examples
    --------
    >>> make_loss("sigmoid").loss_formula
    '−[y ln a + (1 − y) ln(1 − a)]'
    """
    if name == "huber":
        return huber(delta)
    if name == "quantile":
        return quantile(q)
    for loss in (SIGMOID, SOFTMAX, SQUARED_ERROR, ABSOLUTE_ERROR, POISSON, GAUSSIAN):
        if loss.name == name:
            return loss
    raise InvalidParameterError(f"the loss is {name!r}; choose one of {', '.join(NAMES)}")
