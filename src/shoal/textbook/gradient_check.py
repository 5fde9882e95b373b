"""Numerical derivatives, to check the formulas: of activations (slide 8) and of the cost (slide 10)."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from shoal.errors import InvalidParameterError
from shoal.textbook import output_units as units
from shoal.textbook.activations import Activation
from shoal.textbook.loss_functions import sum_outputs
from shoal.textbook.losses import Loss, log_mean
from shoal.textbook.propagation import Gradients, Parameters, backward, cost, forward
from shoal.types import Array

STEP = 1e-5  # h of own functions: h · |f″| is what a derivative may be off by
OWN_UNITS = {"identity": units.IDENTITY, "exp": units.EXP}  # output units that a loss of your own may have


class GradientCheck(NamedTuple):
    """The derivatives of the six formulas, the numerical ones, and their largest difference.

    `formula` and `numerical` have the parameters' shapes; `largest_difference` is the largest `|formula − numerical|`
    divided by the largest `|derivative|` or 1, whichever is more.
    """

    formula: Parameters
    numerical: Parameters
    largest_difference: float


def numerical_slope(g: Activation, Z: Array, step: float = 1e-5) -> Array:
    """The measured slope of an activation, slide 8: (g(z + h) − g(z − h)) / 2h.

    Parameters
    ----------
    g : Activation
    Z : array of any shape, in float64
    step : float
        h.

    Returns
    -------
    array of Z's shape

    Examples
    --------
    >>> from shoal.textbook import ACTIVATIONS
    >>> numerical_slope(ACTIVATIONS["tanh"], np.asarray([-10.0, 0.0, 10.0])).round(6).tolist()
    [0.0, 1.0, 0.0]
    """
    return (g(Z + step) - g(Z - step)) / (2 * step)


def own_activation(
    g: Callable[[Array], Array], prime: Callable[[Array], Array], *, name: str = "own", kinks: tuple[float, ...] = ()
) -> Activation:
    """Your own activation for the textbook's functions: g and g′, refused where g′ is not the slope of g.

    Both take and return arrays of one shape, and use only functions of the array API standard if arrays other than NumPy's are to work.
    They are tried at 400 values of z from −20 to 20, where g′ must be the measured slope (`refuse_other_slope`), and
    at ±1e4, where both must be finite. `forward`, `backward`, `descend` and the gradient check take the result; the estimators take
    `shoal.OwnActivation`.

    Parameters
    ----------
    g, prime : functions of an array Z
        The activation and its derivative, element by element.
    name : str
        What errors and figures call it.
    kinks : tuple of float
        The z at which g has no derivative. The slope is not compared there.

    Returns
    -------
    Activation

    Raises
    ------
    InvalidParameterError
        The z at which the shape, a value or the slope is wrong, with both numbers.

    Examples
    --------
    >>> softsign = own_activation(lambda Z: Z / (1 + abs(Z)), lambda Z: 1 / (1 + abs(Z)) ** 2, name="softsign")
    >>> float(softsign(np.asarray(1.0))), float(softsign.prime(np.asarray(1.0)))
    (0.5, 0.25)
    """
    Z = np.linspace(-20, 20, 400)[:, None]
    Z = Z[np.all(np.abs(Z - np.asarray([*kinks, np.inf])) > 1e-3, axis=1)]
    far, of = np.asarray([[-1e4], [1e4]]), f"of the activation {name!r}"
    for what, function in ((f"g {of}", g), (f"prime {of}", prime)):
        for tried in (Z, far):
            finite_values(what, function, {"z": tried}, "; write it so that ±1e4 is safe")
    refuse_other_slope(f"prime {of}", "g", g, prime, {"z": Z})
    return Activation(name, "your own", "your own", g, prime, kinks=kinks)


def own_loss(
    value: Callable[[Array, Array], Array],
    derivative: Callable[[Array, Array], Array],
    *,
    name: str = "own",
    unit: Literal["identity", "exp"] = "identity",
    scales_target: bool = True,
    centred: bool | None = None,
) -> Loss:
    """Your own loss with its output unit, refused where `derivative` is not the slope of `value` in Z2.

    They are tried at 49 × 25 pairs: Z2 from −6 to 6 and Y from −3 to 3; with the unit "exp" Z2 from −3 to 3 and Y from 0.05 to 20. There
    both must be finite, and the derivative the measured slope (`refuse_other_slope`). The estimators take `shoal.OwnLoss`.

    Parameters
    ----------
    value, derivative : functions of arrays Z2 and Y
        L and ∂L/∂Z2, element by element, in Z2's shape.
    name : str
        What errors call it.
    unit, scales_target, centred
        As for `shoal.OwnLoss`.

    Returns
    -------
    Loss

    Raises
    ------
    InvalidParameterError
        The pair at which the shape, a value or the slope is wrong, with both numbers; another unit.

    Examples
    --------
    >>> g2 = own_loss(lambda Z2, Y: (Z2 - Y) ** 4 / 4, lambda Z2, Y: (Z2 - Y) ** 3, name="quartic")
    >>> g2.loss(np.asarray([[2.0]]), np.zeros((1, 1))).tolist(), g2.centred
    ([4.0], True)
    """
    if unit not in OWN_UNITS:
        raise InvalidParameterError(f"unit of the loss {name!r} is {unit!r}; choose one of {', '.join(map(repr, OWN_UNITS))}")
    above_0, of = unit == "exp", f"of the loss {name!r}"
    z, y = (np.linspace(-3, 3, 49), np.geomspace(0.05, 20, 25)) if above_0 else (np.linspace(-6, 6, 49), np.linspace(-3, 3, 25))
    Z2, Y = (np.ascontiguousarray(values) for values in np.meshgrid(z, y))
    for what, function in ((f"value {of}", value), (f"derivative {of}", derivative)):
        finite_values(what, function, {"Z2": Z2, "Y": Y})
    refuse_other_slope(f"derivative {of}", "value", value, derivative, {"Z2": Z2, "Y": Y})
    if centred is None:
        r = np.abs(Z2)
        centred = not above_0 and bool(np.allclose(value(Y + r, Y), value(Y - r, Y), rtol=1e-9, atol=1e-12))
    return Loss(
        name,
        f"own loss {name}",
        OWN_UNITS[unit],
        "your own",
        lambda Z2, Y: sum_outputs(value(Z2, Y)),
        derivative,
        initial_bias=log_mean if above_0 else None,
        least=0.0 if above_0 else -math.inf,
        scales_target=scales_target and not above_0,
        reaches_zero=False,
        centred=centred,
    )


def finite_values(what: str, function: Callable[..., Array], at: Mapping[str, Array], instead: str = "") -> Array:
    """The values of a function at the arrays `at`, by their names; refused if they have another shape or are not finite.

    Parameters
    ----------
    what : str
        Name of the function for the error.
    function : of the arrays
    at : mapping of names to arrays of one shape
    instead : str
        End of the error about values that are not finite.

    Returns
    -------
    array of that shape, in float64

    Raises
    ------
    InvalidParameterError

    Examples
    --------
    >>> finite_values("g", np.tanh, {"z": np.zeros(2)}).tolist()
    [0.0, 0.0]
    """
    first = next(iter(at.values()))
    try:
        with np.errstate(all="ignore"):  # what overflows is named below
            found = np.asarray(function(*at.values()), dtype=np.float64)
    except Exception as error:  # a user's function can raise any
        raise InvalidParameterError(
            f"{what} fails for {' and '.join(at)} of shape {first.shape} ({type(error).__name__}: {str(error)[:200]}); "
            "write it for NumPy arrays, element by element"
        ) from error
    if found.shape != first.shape:
        raise InvalidParameterError(f"{what} turns {' and '.join(at)} of shape {first.shape} into {found.shape}; keep the shape")
    if not np.isfinite(found).all():
        raise InvalidParameterError(f"{what} is not finite at {_place(at, ~np.isfinite(found))}{instead}")
    return found


def refuse_other_slope(
    what: str, of: str, function: Callable[..., Array], slope: Callable[..., Array], at: Mapping[str, Array], step: float = STEP
) -> Array:
    """Refuse a slope that is not the measured one, in the first of the arrays `at`.

    Measured are (f(z) − f(z − h)) / h on the left and (f(z + h) − f(z)) / h on the right. The given slope may lie between them, or beside
    them by 1e-6 of `max(1, |slope|)` and the rounding of f. So at a kink any slope between those of its two sides is accepted, and where f
    is smooth one that is off by no more than h · |f″| / 2.

    Parameters
    ----------
    what : str
        Name of `slope` for the error.
    of : str
        Name of `function` for the error.
    function, slope : of the arrays
    at : mapping of names to arrays of one shape, in float64
    step : float
        h.

    Returns
    -------
    array of that shape
        The measured slope, (f(z + h) − f(z − h)) / 2h.

    Raises
    ------
    InvalidParameterError
        Where the largest difference is, what was given there, and what was measured.

    Examples
    --------
    >>> refuse_other_slope("the slope", "abs", np.abs, np.sign, {"z": np.asarray([-1.0, 0.0, 2.0])}).round(6).tolist()
    [-1.0, 0.0, 1.0]
    """
    z, *more = at.values()
    given = np.asarray(slope(*at.values()), np.float64)
    below, here, above = (np.asarray(function(z + h, *more), np.float64) for h in (-step, 0.0, step))
    left, right = (here - below) / step, (above - here) / step
    size = np.maximum(np.abs(below), np.abs(above))
    room = 1e-6 * np.maximum(1.0, np.abs(given)) + 8 * np.finfo(np.float64).eps * size / step
    beside = np.maximum(np.minimum(left, right) - given, given - np.maximum(left, right)) - room
    measured: Array = (above - below) / (2 * step)
    if (beside > 0).any():
        wrong = np.unravel_index(np.argmax(beside), beside.shape)
        raise InvalidParameterError(
            f"{what} is {given[wrong]:g} at {_place(at, wrong)}, where the slope of {of} is {measured[wrong]:g}; correct the derivative"
        )
    return measured


def _place(at: Mapping[str, Array], which: Any) -> str:
    """The first chosen place of the arrays, in words."""
    return ", ".join(f"{name} = {np.ravel(values[which])[0]:g}" for name, values in at.items())


def numerical_gradients(
    parameters: Parameters, X: Array, Y: Array, g1: Activation, g2: Loss, weight: Array | None = None, step: float = 1e-5
) -> Parameters:
    """Central differences (J(w + h) − J(w − h)) / 2h of every single parameter, with h = `step · max(1, |w|)`.

    The step balances the formula's error h² against rounding / h: about 1e-10 of the cost in float64. Each parameter costs two forward
    passes. With a leading axis K, one parameter of every network changes at once.

    Parameters
    ----------
    parameters : Parameters
    X, Y : arrays `(n_x, m)` and `(n_y, m)`
    g1 : Activation
    g2 : Loss
    weight : array `(m,)` or `(K, 1, m)`, optional
    step : float

    Returns
    -------
    Parameters
        ∂J/∂W1, ∂J/∂b1, ∂J/∂W2, ∂J/∂b2 and ∂J/∂W3, NumPy arrays in float64.

    Examples
    --------
    >>> from shoal.textbook import ACTIVATIONS, exercise_parameters, flower, make_loss
    >>> slopes = numerical_gradients(exercise_parameters(4), *flower(40), ACTIVATIONS["tanh"], make_loss("sigmoid"))
    >>> [w.shape for w in slopes]
    [(4, 2), (4, 1), (1, 4), (1, 1)]
    """
    arrays = parameters.map(lambda w: np.array(w, dtype=np.float64))
    slopes = arrays.map(np.zeros_like)

    def J() -> Array:
        return cost(forward(arrays, X, g1, g2), Y, g2, weight)

    for w, slope in zip(arrays, slopes, strict=True):
        for place in np.ndindex(w.shape[-2:]):
            at = (..., *place)
            kept = w[at].copy()
            h = step * np.maximum(1.0, np.abs(kept))
            w[at] = kept + h
            above = J()
            w[at] = kept - h
            slope[at] = (above - J()) / (2 * h)
            w[at] = kept
    return slopes


def as_parameters(gradients: Gradients) -> Parameters:
    """dW1, db1, dW2, db2 and, if it exists, dW3, in the order of the parameters.

    Parameters
    ----------
    gradients : Gradients

    Returns
    -------
    Parameters

    Examples
    --------
    >>> as_parameters(Gradients(dZ2=None, dW2=3, db2=4, dZ1=None, dW1=1, db1=2))
    Parameters(W1=1, b1=2, W2=3, b2=4, W3=None)
    """
    return Parameters(gradients.dW1, gradients.db1, gradients.dW2, gradients.db2, gradients.dW3)


def check_gradients(parameters: Parameters, X: Array, Y: Array, g1: Activation, g2: Loss, weight: Array | None = None) -> GradientCheck:
    """Compare slide 10's formulas (`propagation.backward`) with central differences on your own network and data.

    Expect a `largest_difference` below 1e-7. The exception: if a ReLU's z is within 1e-5 of its kink, the formula and the difference
    compute different slopes.

    Parameters
    ----------
    parameters : Parameters
    X, Y : arrays `(n_x, m)` and `(n_y, m)`
        An example in each column.
    g1 : Activation
    g2 : Loss
    weight : array `(m,)` or `(K, 1, m)`, optional

    Returns
    -------
    GradientCheck

    Examples
    --------
    >>> from shoal.textbook import ACTIVATIONS, exercise_parameters, flower, make_loss
    >>> check = check_gradients(exercise_parameters(4), *flower(40), ACTIVATIONS["tanh"], make_loss("sigmoid"))
    >>> check.largest_difference < 1e-7
    True
    """
    cache = forward(parameters, X, g1, g2)
    formula = as_parameters(backward(parameters, X, Y, cache, g1, g2, weight))
    numerical = numerical_gradients(parameters, X, Y, g1, g2, weight)
    largest = max(float(np.max(np.abs(n))) for n in numerical)
    difference = max(float(np.max(np.abs(f - n))) for f, n in zip(formula, numerical, strict=True))
    return GradientCheck(formula, numerical, difference / max(1.0, largest))
