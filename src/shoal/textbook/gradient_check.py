"""Numerical derivatives, to check the formulas: of activations (slide 8) and of the cost (slide 10)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from shoal.errors import InvalidParameterError
from shoal.textbook.activations import Activation
from shoal.textbook.losses import Loss
from shoal.textbook.propagation import Gradients, Parameters, backward, cost, forward
from shoal.types import Array


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
    They are tried at 400 values of z from −20 to 20, where g′ must be the measured slope (`numerical_slope`) to 1e-6 of `max(1, |g′|)`, and
    at ±1e4, where both must be finite. `forward`, `backward`, `descend` and the gradient check take the result; the compiled engine does
    not know it.

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
        The first z at which the shape, a value or the slope is wrong, with both numbers.

    Examples
    --------
    >>> softsign = own_activation(lambda Z: Z / (1 + abs(Z)), lambda Z: 1 / (1 + abs(Z)) ** 2, name="softsign")
    >>> float(softsign(np.asarray(1.0))), float(softsign.prime(np.asarray(1.0)))
    (0.5, 0.25)
    """
    made = Activation(name, "your own", "your own", g, prime, kinks=kinks)
    Z = np.linspace(-20, 20, 400)[:, None]
    Z = Z[np.all(np.abs(Z - np.asarray([*kinks, np.inf])) > 1e-3, axis=1)]
    far = np.asarray([[-1e4], [1e4]])
    for what, function in (("g", g), ("prime", prime)):
        for tried in (Z, far):
            with np.errstate(all="ignore"):  # what overflows is named below
                found = np.asarray(function(tried), dtype=np.float64)
            if found.shape != tried.shape:
                raise InvalidParameterError(
                    f"{what} of the activation {name!r} turns Z of shape {tried.shape} into {found.shape}; keep Z's shape"
                )
            if not np.isfinite(found).all():
                z = tried[~np.isfinite(found)][0]
                raise InvalidParameterError(f"{what} of the activation {name!r} is not finite at z = {z:g}; write it so that ±1e4 is safe")
    measured, given = numerical_slope(made, Z), np.asarray(prime(Z), dtype=np.float64)
    wrong = np.abs(measured - given) > 1e-6 * np.maximum(1.0, np.abs(given))
    if wrong.any():
        z, slope, claimed = Z[wrong][0], measured[wrong][0], given[wrong][0]
        raise InvalidParameterError(
            f"prime of the activation {name!r} is {claimed:g} at z = {z:g}, where the slope of g is {slope:g}; "
            "correct the derivative, or name the kinks of g in kinks="
        )
    return made


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
