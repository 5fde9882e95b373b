"""Output units g[2] (slide 6): logits Z2 → A2. The sigmoid function is in `activation_functions`, the matching losses are in `losses`.

Shapes: Z2 `(…, n_z, m)`, A2 like Z2; both may have a leading axis. n_z = n_y, except for the Gaussian unit, whose logits are n_y means
followed by n_y log-variances.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from shoal.textbook.activation_functions import sigmoid, sigmoid_prime
from shoal.types import Array, array_namespace


@dataclass(frozen=True)
class OutputUnit:
    """An output unit g[2]: its function, and every fact about it.

    Attributes
    ----------
    name : str
        scikit-learn's name, if it has one.
    title : str
        Its usual name.
    formula : str
    latex : str
        a as a function of z.
    g : function of Z2
        A2.
    change : function of Z2 and of a change dZ2 `(…, n_z, m)`
        The change of the predicted values, to first order: ∂a/∂z · dZ2, `(…, n_y, m)`.
    decides : {"side", "largest"} or None
        How logits give a class: "side" if each logit is a yes above 0, "largest" if the largest is the class; None if there are no classes.
    logits_per_target : int
        2 if the logit of each mean has a logit of the log-variance.
    """

    name: str
    title: str
    formula: str
    latex: str
    g: Callable[[Array], Array]
    change: Callable[[Array, Array], Array]
    decides: Literal["side", "largest"] | None = None
    logits_per_target: int = 1

    @property
    def is_identity(self) -> bool:
        """Whether the logit is the prediction itself, so that the target's scale folds into the weights."""
        return self.g is identity

    @property
    def states_variance(self) -> bool:
        """Whether A2 holds a variance for each mean."""
        return self.logits_per_target == 2

    @property
    def of_one(self) -> Callable[[Array], Array]:
        """The predicted value of one logit alone, if it needs no other; for a mean with a variance, the mean."""
        return identity if self.states_variance else self.g

    def n_targets(self, n_z: int) -> int:
        """The number of targets for so many logits."""
        return n_z // self.logits_per_target

    def of_means(self, rows: Array) -> Array:
        """The rows of the means, `(…, n_y, m)`, among the rows `(…, n_z, m)` of Z2 or A2."""
        return rows[..., : self.n_targets(rows.shape[-2]), :]

    def of_variances(self, rows: Array) -> Array:
        """The other rows: log-variances or variances, if there are any."""
        return rows[..., self.n_targets(rows.shape[-2]) :, :]


def softmax(Z2: Array) -> Array:
    """a = eᶻ / Σ eᶻ over the outputs. z is shifted by its largest value: the result is the same and cannot overflow.

    Parameters
    ----------
    Z2 : array `(…, n_y, m)`

    Returns
    -------
    array of Z2's shape; each column adds up to 1

    Examples
    --------
    >>> softmax(np.asarray([[1e4], [1e4]])).tolist()
    [[0.5], [0.5]]
    """
    xp = array_namespace(Z2)
    e = xp.exp(Z2 - xp.max(Z2, axis=-2, keepdims=True))
    return e / xp.sum(e, axis=-2, keepdims=True)


def identity(Z2: Array) -> Array:
    """a = z, the unit of a regression.

    Parameters
    ----------
    Z2 : array `(…, n_y, m)`

    Returns
    -------
    Z2 itself

    Examples
    --------
    >>> identity(np.asarray([[2.0]])).tolist()
    [[2.0]]
    """
    return Z2


def exp_limits(Z: Array) -> float:
    """The z beyond which eᶻ continues as its tangent: 690 in float64, 68 in float32.

    At z = 1e4, a sum of 10,000 of them is still finite in Z's precision.

    Parameters
    ----------
    Z : array

    Returns
    -------
    float

    Examples
    --------
    >>> exp_limits(np.zeros(1))
    690.0
    """
    return 690.0 if array_namespace(Z).finfo(Z.dtype).bits > 32 else 68.0


def log_variance_limits(Z: Array) -> float:
    """Like `exp_limits`, but lower: the precision e⁻ˢ is multiplied by a squared residual, up to 1e8 for residuals of 1e4.

    Parameters
    ----------
    Z : array

    Returns
    -------
    float

    Examples
    --------
    >>> log_variance_limits(np.zeros(1))
    600.0
    """
    return 600.0 if array_namespace(Z).finfo(Z.dtype).bits > 32 else 46.0


def tangent_exp(Z: Array, limit: float) -> Array:
    """eᶻ up to `limit`, beyond it the tangent at `limit`: finite, convex and increasing for every z.

    Parameters
    ----------
    Z : array of any shape
    limit : float

    Returns
    -------
    array of Z's shape

    Examples
    --------
    >>> tangent_exp(np.asarray([0.0, 3.0]), limit=0.0).tolist()
    [1.0, 4.0]
    """
    xp = array_namespace(Z)
    inside = xp.where(limit < Z, limit * xp.ones_like(Z), Z)
    return xp.exp(inside) * (1 + (Z - inside))


def tangent_exp_prime(Z: Array, limit: float) -> Array:
    """The slope of `tangent_exp`: eᶻ, constant beyond `limit`.

    Parameters
    ----------
    Z : array of any shape
    limit : float

    Returns
    -------
    array of Z's shape

    Examples
    --------
    >>> tangent_exp_prime(np.asarray([0.0, 3.0]), limit=0.0).tolist()
    [1.0, 1.0]
    """
    xp = array_namespace(Z)
    return xp.exp(xp.where(limit < Z, limit * xp.ones_like(Z), Z))


def exp_unit(Z2: Array) -> Array:
    """a = eᶻ, the expected count.

    Parameters
    ----------
    Z2 : array `(…, n_y, m)`

    Returns
    -------
    array of Z2's shape, above 0

    Examples
    --------
    >>> exp_unit(np.zeros((1, 1))).tolist()
    [[1.0]]
    """
    return tangent_exp(Z2, exp_limits(Z2))


def halves(Z2: Array) -> tuple[Array, Array]:
    """The means μ and the log-variances s.

    Parameters
    ----------
    Z2 : array `(…, 2 n_y, m)`

    Returns
    -------
    two arrays `(…, n_y, m)`

    Examples
    --------
    >>> mu, s = halves(np.asarray([[1.0], [0.0]]))
    >>> mu.item(), s.item()
    (1.0, 0.0)
    """
    n_y = Z2.shape[-2] // 2
    return Z2[..., :n_y, :], Z2[..., n_y:, :]


def gaussian_unit(Z2: Array) -> Array:
    """a = (μ, σ²) with σ² = eˢ.

    Parameters
    ----------
    Z2 : array `(…, 2 n_y, m)`

    Returns
    -------
    array of Z2's shape

    Examples
    --------
    >>> gaussian_unit(np.asarray([[3.0], [0.0]])).tolist()
    [[3.0], [1.0]]
    """
    mu, s = halves(Z2)
    return array_namespace(Z2).concat([mu, tangent_exp(s, log_variance_limits(s))], axis=-2)


def sigmoid_change(Z2: Array, dZ2: Array) -> Array:
    """σ′(z) dz.

    Parameters
    ----------
    Z2 : array `(n_y, m)`
    dZ2 : array `(…, n_y, m)`

    Returns
    -------
    array of dZ2's shape

    Examples
    --------
    >>> sigmoid_change(np.zeros((1, 1)), np.ones((1, 1))).tolist()
    [[0.25]]
    """
    return sigmoid_prime(Z2) * dZ2


def softmax_change(Z2: Array, dZ2: Array) -> Array:
    """a (dz − Σ a dz).

    Parameters
    ----------
    Z2 : array `(n_y, m)`
    dZ2 : array `(…, n_y, m)`

    Returns
    -------
    array of dZ2's shape

    Examples
    --------
    >>> softmax_change(np.zeros((2, 1)), np.asarray([[1.0], [0.0]])).tolist()
    [[0.25], [-0.25]]
    """
    a, xp = softmax(Z2), array_namespace(Z2)
    return a * (dZ2 - xp.sum(a * dZ2, axis=-2, keepdims=True))


def exp_change(Z2: Array, dZ2: Array) -> Array:
    """eᶻ dz.

    Parameters
    ----------
    Z2 : array `(n_y, m)`
    dZ2 : array `(…, n_y, m)`

    Returns
    -------
    array of dZ2's shape

    Examples
    --------
    >>> exp_change(np.zeros((1, 1)), np.full((1, 1), 3.0)).tolist()
    [[3.0]]
    """
    return tangent_exp_prime(Z2, exp_limits(Z2)) * dZ2


def mean_change(Z2: Array, dZ2: Array) -> Array:
    """dμ: the change of the mean alone.

    Parameters
    ----------
    Z2 : array `(2 n_y, m)`
    dZ2 : array `(…, 2 n_y, m)`

    Returns
    -------
    array `(…, n_y, m)`

    Examples
    --------
    >>> mean_change(np.zeros((2, 1)), np.asarray([[3.0], [1.0]])).tolist()
    [[3.0]]
    """
    return halves(dZ2)[0]


SIGMOID = OutputUnit("logistic", "sigmoid", "1 / (1 + e⁻ᶻ)", r"\frac{1}{1 + e^{-z}}", sigmoid, sigmoid_change, decides="side")
SOFTMAX = OutputUnit("softmax", "softmax", "eᶻ / Σ eᶻ", r"\frac{e^{z}}{\sum e^{z}}", softmax, softmax_change, decides="largest")
IDENTITY = OutputUnit("identity", "identity", "z", "z", identity, lambda Z2, dZ2: dZ2)
EXP = OutputUnit("exp", "exp", "eᶻ", r"\exp(z)", exp_unit, exp_change)
GAUSSIAN = OutputUnit("gaussian", "mean and variance", "(μ, eˢ)", r"(\mu, e^{s})", gaussian_unit, mean_change, logits_per_target=2)
