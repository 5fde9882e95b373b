"""Losses with their matching output units (slides 9-10), and every fact about each.

The slide's `dZ2 = A2 − Y` is true for an output unit and a loss that match. Each pair is one `Loss`: three functions
(`loss_functions` has their formulas), and the facts that training, scores, intervals, exports and the page ask for. Shapes:
Z2 `(…, n_z, m)`, Y `(n_y, m)`, A2 like Z2, loss `(…, m)` (summed over the outputs of an example), dZ2 like Z2; Z2 may have a leading axis
K. n_z = n_y, except for the Gaussian unit, whose logits are n_y means followed by n_y log-variances.

To add a loss, add an entry of `LOSSES`, its kernel in `engine/kernels/losses.py`, and its test.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from shoal.errors import InvalidParameterError
from shoal.textbook import output_units as units
from shoal.textbook.activation_functions import sigmoid
from shoal.textbook.curvature import cross_entropy_root, gaussian_root, poisson_root, softmax_root, squared_error_root
from shoal.textbook.loss_functions import (
    absolute_error,
    absolute_error_slope,
    cross_entropy,
    gaussian_error,
    gaussian_loss,
    poisson_error,
    poisson_loss,
    softmax_cross_entropy,
    squared_error,
    sum_outputs,
)
from shoal.textbook.output_units import OutputUnit, softmax
from shoal.textbook.own_name import OwnName
from shoal.types import Array, array_namespace

LEAST_SHARE = 1e-6  # frequency of a class without rows: its logit stays finite

Function = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class Loss:
    """A loss and its output unit. `g2(Z2)` is A2; `g2.loss(Z2, Y)` is L of each example; `g2.dZ2(Z2, Y)` is ∂L/∂Z2.

    The chapter's `dZ2 = A2 − Y` is `g2.dZ2` of the sigmoid, the softmax, the squared error and Poisson (slide 10).

    Attributes
    ----------
    name : str
        The users' name of a regression's loss; for classes, the name of the unit.
    title : str
        Its usual name.
    unit : OutputUnit
        The output unit: its function, its link, its name in scikit-learn.
    loss_formula : str
    loss, dZ2 : functions of Z2 and Y
    root : function of Z2 and Y, or None
        R with RᵀR the Hessian in the logits (`curvature`); None for a loss with straight parts, which has no Gauss-Newton step.
    initial_bias : function of the means of Y and of 1 − Y, `(n_y,)` each
        The logits `(n_y,)` of a network that predicts the mean; None if they are 0.
    least : float
        The lowest valid y.
    scales_target : bool
        Whether y is learned as a z-score.
    level : float or None
        The quantile of y that is the best constant logit; None if it is the mean.
    reaches_zero : bool
        Whether the loss of a perfect prediction is 0.
    centred : bool
        Whether predictions are in the middle of y's distribution, a mean or a median; classes and other quantiles are not.
    in_squares : bool
        Whether the loss of small residuals is half their squares.
    settings : tuple of (str, float)
        What `make_loss` needs, besides the name, to create the loss again.

    Examples
    --------
    >>> g2, Z2, Y = make_loss("sigmoid"), np.asarray([[0.0, 0.0]]), np.asarray([[1.0, 0.0]])
    >>> g2(Z2).tolist(), g2.loss(Z2, Y).round(6).tolist(), g2.dZ2(Z2, Y).tolist()
    ([[0.5, 0.5]], [0.693147, 0.693147], [[-0.5, 0.5]])
    """

    name: str
    title: str
    unit: OutputUnit
    loss_formula: str
    loss: Function
    dZ2: Function
    root: Function | None = None
    initial_bias: Function | None = None
    least: float = -math.inf
    scales_target: bool = True
    level: float | None = None
    reaches_zero: bool = True
    centred: bool = True
    in_squares: bool = False
    settings: tuple[tuple[str, float], ...] = ()

    def __call__(self, Z2: Array) -> Array:
        """A2 = g2(Z2), in Z2's shape."""
        return self.unit.g(Z2)

    @property
    def formula(self) -> str:
        """The formula of the output unit."""
        return self.unit.formula

    @property
    def logits_per_target(self) -> int:
        """Rows of Z2 for each row of Y."""
        return self.unit.logits_per_target

    @property
    def of_classes(self) -> bool:
        """Whether Y holds classes: 0 and 1, or probabilities."""
        return self.unit.decides is not None

    @property
    def is_least_squares(self) -> bool:
        """Whether L is ½ r²: then its least sum is the most likely for any variance of the noise."""
        return self.loss is squared_error

    @property
    def score(self) -> Literal["accuracy", "r2"]:
        """The name of the score."""
        return "accuracy" if self.of_classes else "r2"

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (self.name, self.settings)  # another process creates it again, because lambdas cannot be pickled


def log_odds(mean: Array, rest: Array) -> Array:
    """ln p − ln (1 − p): the logit of a probability p.

    Parameters
    ----------
    mean, rest : arrays of one shape
        p and 1 − p.

    Returns
    -------
    array of that shape

    Examples
    --------
    >>> log_odds(np.asarray([0.75]), np.asarray([0.25])).round(6).tolist()
    [1.098612]
    """
    return log_mean(mean, rest) - log_mean(rest, mean)


def log_mean(mean: Array, rest: Array) -> Array:
    """ln of the mean: a logit of the softmax and of exp.

    Parameters
    ----------
    mean, rest : arrays of one shape
        `rest` is not used.

    Returns
    -------
    array of that shape

    Examples
    --------
    >>> log_mean(np.asarray([1.0, 0.0]), np.zeros(2)).round(6).tolist()
    [0.0, -13.815511]
    """
    xp = array_namespace(mean)
    return xp.log(xp.where(mean < LEAST_SHARE, LEAST_SHARE * xp.ones_like(mean), mean))


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

    formula = "½ r², or δ (|r| − δ/2) for |r| > δ"
    return Loss("huber", "Huber's loss", units.IDENTITY, formula, loss, dZ2, level=0.5, in_squares=True, settings=(("delta", delta),))


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

    formula = "q (y − z), or (1 − q)(z − y) for z > y"
    return Loss("quantile", "pinball loss", units.IDENTITY, formula, loss, dZ2, level=q, centred=False, settings=(("q", q),))


SIGMOID = Loss(
    "sigmoid",
    "cross-entropy",
    units.SIGMOID,
    "−[y ln a + (1 − y) ln(1 − a)]",
    cross_entropy,
    lambda Z2, Y: sigmoid(Z2) - Y,
    root=cross_entropy_root,
    initial_bias=log_odds,
    centred=False,
)
SOFTMAX = Loss(
    "softmax",
    "cross-entropy",
    units.SOFTMAX,
    "−Σ y ln a",
    softmax_cross_entropy,
    lambda Z2, Y: softmax(Z2) - Y,
    root=softmax_root,
    initial_bias=log_mean,
    centred=False,
)
SQUARED_ERROR = Loss(
    "squared_error",
    "half squared error",
    units.IDENTITY,
    "½ (z − y)²",
    squared_error,
    lambda Z2, Y: Z2 - Y,
    root=squared_error_root,
    in_squares=True,
)
ABSOLUTE_ERROR = Loss("absolute_error", "absolute error", units.IDENTITY, "|z − y|", absolute_error, absolute_error_slope, level=0.5)
POISSON = Loss(
    "poisson",
    "Poisson log-loss",
    units.EXP,
    "a − y z",
    poisson_loss,
    poisson_error,
    root=poisson_root,
    initial_bias=log_mean,
    least=0.0,
    scales_target=False,
    reaches_zero=False,
)
GAUSSIAN = Loss(
    "gaussian",
    "Gaussian log-loss",
    units.GAUSSIAN,
    "½ [s + (y − μ)² e⁻ˢ + ln 2π]",
    gaussian_loss,
    gaussian_error,
    root=gaussian_root,
    reaches_zero=False,
)

LOSSES = {g2.name: g2 for g2 in (SIGMOID, SOFTMAX, SQUARED_ERROR, huber(1.0), ABSOLUTE_ERROR, quantile(0.5), POISSON, GAUSSIAN)}
SETTABLE: dict[str, Callable[[float], Loss]] = {"delta": huber, "q": quantile}  # a setting, and the function that makes its loss


def _remade(name: str, settings: tuple[tuple[str, float], ...]) -> Loss:
    """The loss of this name and these `settings`, as a pickle stores it."""
    return make_loss(name, **dict(settings))


def make_loss(name: str, *, delta: float = 1.0, q: float = 0.5) -> Loss:
    """The loss `name`, with its output unit.

    Parameters
    ----------
    name : a key of `LOSSES`, or an `OwnLoss`
        "sigmoid" and "softmax" are cross-entropy: of one label or several, and of one class of many.
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
    if isinstance(name, OwnName):
        own: Loss = name.as_a(Loss, "loss")
        return own
    if name not in LOSSES:
        raise InvalidParameterError(f"the loss is {name!r}; choose one of {', '.join(LOSSES)}")
    found, given = LOSSES[name], {"delta": delta, "q": q}
    return SETTABLE[found.settings[0][0]](given[found.settings[0][0]]) if found.settings else found
