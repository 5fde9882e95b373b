"""Slide 7's facts about activation functions as numbers: saturated values, dead units, and the linear collapse."""

from typing import NamedTuple

from shoal.textbook.activations import Activation
from shoal.textbook.propagation import Parameters
from shoal.types import Array, array_namespace

FLAT = 0.01  # a unit with a smaller slope hardly learns


def saturated(g: Activation, Z: Array, below: float = FLAT) -> Array:
    """Where a unit is saturated: abs(g′(z)) < 0.01, so that gradient descent hardly changes its weights (slide 7).

    Parameters
    ----------
    g : Activation
    Z : array of any shape
    below : float
        A smaller slope counts as flat.

    Returns
    -------
    array of Z's shape, of truth values

    Examples
    --------
    >>> from shoal.textbook import ACTIVATIONS
    >>> saturated(ACTIVATIONS["tanh"], np.asarray([0.0, 10.0])).tolist()
    [False, True]
    """
    return array_namespace(Z).abs(g.prime(Z)) < below


def dead_units(g: Activation, Z1: Array) -> Array:
    """Which hidden units are dead: g′(z) is 0 for every example, so that gradient descent never changes them (slide 7).

    Parameters
    ----------
    g : Activation
    Z1 : array `(…, n_h, m)`

    Returns
    -------
    array `(…, n_h)` of truth values

    Examples
    --------
    >>> from shoal.textbook import ACTIVATIONS
    >>> dead_units(ACTIVATIONS["relu"], np.asarray([[-1.0, -2.0], [-1.0, 3.0]])).tolist()
    [True, False]
    """
    return array_namespace(Z1).all(g.prime(Z1) == 0, axis=-1)


class LinearUnit(NamedTuple):
    """One linear layer: `W (n_y, n_x)` and `b (n_y, 1)`."""

    W: Array
    b: Array


def linear_collapse(parameters: Parameters) -> LinearUnit:
    """The single linear layer that equals a network with identity units: W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2) (slide 7).

    Parameters
    ----------
    parameters : Parameters

    Returns
    -------
    LinearUnit
        `W = W2 W1` of shape `(n_y, n_x)`, `b = W2 b1 + b2` of shape `(n_y, 1)`.

    Examples
    --------
    >>> from shoal.textbook import Parameters
    >>> two = Parameters(np.asarray([[2.0]]), np.asarray([[1.0]]), np.asarray([[3.0]]), np.asarray([[4.0]]))
    >>> W, b = linear_collapse(two)
    >>> W.item(), b.item()
    (6.0, 7.0)
    """
    W1, b1, W2, b2 = parameters.W1, parameters.b1, parameters.W2, parameters.b2
    if parameters.W3 is not None:
        return LinearUnit(W2 @ W1 + parameters.W3, W2 @ b1 + b2)
    return LinearUnit(W2 @ W1, W2 @ b1 + b2)
