"""ReLU networks as piecewise-linear functions: joints, linear segments, bumps, regions. Beyond the slides; it continues slide 7.

A ReLU unit is 0 on one side of w x + b = 0 and a straight line on the other. With one input that place is a joint, −b/w; with two it is a
line. Between joints no unit switches, so that the network is the linear collapse of its active units.
"""

from fractions import Fraction
from math import comb
from typing import NamedTuple

import numpy as np

from shoal.errors import DataError, InvalidParameterError
from shoal.textbook.propagation import Parameters
from shoal.textbook.shapes import check_layer, check_network, check_vectors, shown
from shoal.types import Array, array_namespace


def active_units(W1: Array, b1: Array, X: Array) -> Array:
    """Which ReLU units are active, not clipped to 0, for each example: W1 x + b1 > 0. A column is the pattern of its example.

    Parameters
    ----------
    W1 : array `(n_h, n_x)`
    b1 : array `(n_h, 1)`
    X : array `(n_x, m)`

    Returns
    -------
    array `(n_h, m)` of truth values

    Examples
    --------
    >>> active_units(np.asarray([[1.0], [-1.0]]), np.zeros((2, 1)), np.asarray([[-1.0, 0.0, 1.0]])).tolist()
    [[False, False, True], [True, False, False]]
    """
    check_layer(W1, b1, X, ("W1", "b1", "X"))
    return W1 @ X + b1 > 0


def joints(W1: Array, b1: Array) -> Array:
    """Where the units of a network with one input switch: x = −b/w.

    Parameters
    ----------
    W1, b1 : arrays `(n_h, 1)`

    Returns
    -------
    array `(n_h, 1)`
        NaN for a unit with w = 0, which switches nowhere.

    Raises
    ------
    DataError
        The network has more than one input.

    Examples
    --------
    >>> joints(np.asarray([[2.0], [-4.0], [0.0]]), np.asarray([[1.0], [1.0], [1.0]])).tolist()
    [[-0.5], [0.25], [nan]]
    """
    _check_inputs(W1, b1, 1)
    xp = array_namespace(W1, b1)
    has_joint = W1 != 0
    w = xp.where(has_joint, W1, xp.ones_like(W1))
    return xp.where(has_joint, -b1 / w, xp.full_like(W1, float("nan")))


class LinearSegments(NamedTuple):
    """A network of ReLU units with one input, over an interval: on segment p it is slopes[p] · x + offsets[p].

    `ends (n + 1,)` begin and end the n segments, `active (n_h, n)` are their patterns, `slopes (n_y, n)`, `offsets (n_y, n)`.
    """

    ends: Array
    active: Array
    slopes: Array
    offsets: Array


def linear_segments(parameters: Parameters, low: float, high: float) -> LinearSegments:
    """The straight segments of a network of ReLU units with one input, between its joints: slope Σ W2 w1, offset Σ W2 b1 + b2.

    The sums are over the units that are active on the segment: it is slide 7's linear collapse of these.

    Parameters
    ----------
    parameters : Parameters
        With one input.
    low, high : float
        The interval.

    Returns
    -------
    LinearSegments
        One segment more than there are different joints between `low` and `high`. Neighbours may have the same slope.

    Raises
    ------
    DataError
        The network has more than one input, or its shapes do not fit.
    InvalidParameterError
        `low` is not less than `high`.

    Examples
    --------
    >>> from shoal.textbook import Parameters
    >>> tent = Parameters(np.ones((2, 1)), np.asarray([[1.0], [-0.5]]), np.asarray([[1.0, -2.0]]), np.zeros((1, 1)))
    >>> ends, active, slopes, offsets = linear_segments(tent, -1.0, 1.0)  # relu(x + 1) − 2 relu(x − 0.5)
    >>> ends.tolist(), slopes.tolist(), offsets.tolist()
    ([-1.0, 0.5, 1.0], [[1.0, -1.0]], [[1.0, 2.0]])
    """
    W1, b1, W2, b2 = parameters.W1, parameters.b1, parameters.W2, parameters.b2
    _check_inputs(W1, b1, 1)
    if not low < high:
        raise InvalidParameterError(f"low={low} is not less than high={high}")
    xp = array_namespace(W1)
    check_network(parameters, xp.zeros((1, 1), dtype=W1.dtype))
    places = xp.reshape(joints(W1, b1), (-1,))
    inside = xp.sort(xp.unique_values(places[(places > low) & (places < high)]))
    ends = xp.concat([xp.asarray([low], dtype=W1.dtype), inside, xp.asarray([high], dtype=W1.dtype)])
    middles = (ends[:-1] + ends[1:]) / 2
    active = active_units(W1, b1, middles[None, :])
    on = xp.astype(active, W1.dtype)
    slopes = (W2 * W1.mT) @ on
    offsets = (W2 * b1.mT) @ on + b2
    if parameters.W3 is not None:
        slopes = slopes + parameters.W3
    return LinearSegments(ends, active, slopes, offsets)


def bump(left: float, top: float, right: float, height: float = 1.0) -> Parameters:
    """Three ReLU units that make one bump: 0 up to `left`, up to `height` at `top`, down to 0 at `right`, 0 from there on.

    Parameters
    ----------
    left, top, right : float
        Increasing.
    height : float

    Returns
    -------
    Parameters
        W1 `(3, 1)`, b1 `(3, 1)`, W2 `(1, 3)`, b2 `(1, 1)`.

    Raises
    ------
    InvalidParameterError
        The three places do not increase.

    Examples
    --------
    >>> from shoal.textbook import ACTIVATIONS, forward, make_loss
    >>> X = np.asarray([[-1.0, 0.0, 1.0, 2.0, 3.0]])
    >>> forward(bump(0.0, 1.0, 3.0), X, ACTIVATIONS["relu"], make_loss("squared_error")).A2.tolist()
    [[0.0, 0.0, 1.0, 0.5, 0.0]]
    """
    if not left < top < right:
        raise InvalidParameterError(f"left={left}, top={top}, right={right} do not increase")
    up, down = height / (top - left), height / (right - top)
    W2 = np.asarray([[up, -(up + down), down]])
    return Parameters(np.ones((3, 1)), -np.asarray([[left], [top], [right]]), W2, np.zeros((1, 1)))


def through_points(x: Array, y: Array) -> Parameters:
    """The ReLU network whose graph goes through points, straight between them: a unit at each x but the last, W2 its change of slope.

    This is why wide ReLU networks approximate every continuous function of one input: the largest error of n segments over an interval is
    at most (length / n)² max abs(f″) / 8. The same sum has the hat with its top at each point, `bump`, times y there.

    Parameters
    ----------
    x : array `(n + 1,)`
        Increasing.
    y : array `(n + 1,)`

    Returns
    -------
    Parameters
        W1 `(n, 1)`, b1 `(n, 1)`, W2 `(1, n)`, b2 `(1, 1)`. Left of x[0] the function is y[0]; right of the last point it goes straight on.

    Raises
    ------
    DataError
        The arrays are not two vectors of one length from 2 on.
    InvalidParameterError
        `x` does not increase.

    Examples
    --------
    >>> network = through_points(np.asarray([0.0, 1.0, 2.0]), np.asarray([1.0, 3.0, 0.0]))
    >>> network.b1.tolist(), network.W2.tolist(), network.b2.tolist()
    ([[-0.0], [-1.0]], [[2.0, -5.0]], [[1.0]])
    """
    check_vectors(x, y)
    if x.shape[0] < 2:
        raise DataError("x has one number; a line needs two points or more")
    xp = array_namespace(x, y)
    widths = x[1:] - x[:-1]
    if not bool(xp.all(widths > 0)):
        raise InvalidParameterError("x does not increase; sort the points by x, each x once")
    slopes = (y[1:] - y[:-1]) / widths
    changes = xp.concat([slopes[:1], slopes[1:] - slopes[:-1]])
    return Parameters(xp.ones_like(x[:-1, None]), -x[:-1, None], changes[None, :], y[:1, None])


def most_regions(n_h: int, n_x: int = 2) -> int:
    """The most regions into which n_h units cut a space of n_x inputs: Σ C(n_h, k) for k = 0 … n_x; 1 + n + n (n − 1)/2 for two inputs.

    Parameters
    ----------
    n_h, n_x : int

    Returns
    -------
    int
        As many as the edges of the units make in general position: no two parallel, no three through one point.

    Raises
    ------
    InvalidParameterError
        A number is negative.

    Examples
    --------
    >>> [most_regions(n) for n in (0, 1, 2, 3, 4)], most_regions(7, 1)
    ([1, 2, 4, 7, 11], 8)
    """
    if n_h < 0 or n_x < 0:
        raise InvalidParameterError(f"n_h={n_h}, n_x={n_x}; both are whole numbers from 0 on")
    return sum(comb(n_h, k) for k in range(n_x + 1))


def cut_regions(W1: Array, b1: Array) -> list[int]:
    """How many regions each unit's edge adds in the plane of two inputs, one unit after the other: one more than it meets earlier edges.

    The units' edges w1 x1 + w2 x2 + b = 0 are lines. A line that crosses the earlier ones at k different points is cut into k + 1 parts,
    and each part halves a region. The numbers are exact: every double is a fraction, and fractions are not rounded.

    Parameters
    ----------
    W1 : array `(n_h, 2)`
    b1 : array `(n_h, 1)`

    Returns
    -------
    list of int
        With the first region, the whole plane, they add up to the number of regions. 0 for a unit with w = 0, and for one whose edge an
        earlier unit has too.

    Raises
    ------
    DataError
        The units do not have two inputs.

    Examples
    --------
    >>> W1, b1 = np.asarray([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.asarray([[0.0], [0.0], [-1.0]])
    >>> cut_regions(W1, b1), cut_regions(W1, 0 * b1)  # the third line crosses two others; then all three meet at the origin
    ([1, 2, 3], [1, 2, 2])
    """
    _check_inputs(W1, b1, 2)
    lines: list[tuple[Fraction, Fraction, Fraction]] = []
    added = []
    for i in range(W1.shape[0]):
        w1, w2, b = (Fraction(float(v)) for v in (W1[i, 0], W1[i, 1], b1[i, 0]))
        points = set()
        is_new = bool(w1 or w2)
        for v1, v2, c in lines:
            crossed = w1 * v2 - w2 * v1
            if crossed:
                points.add(((w2 * c - v2 * b) / crossed, (v1 * b - w1 * c) / crossed))
            elif w1 * c == v1 * b and w2 * c == v2 * b:
                is_new = False  # parallel, and at the same place
        added.append(len(points) + 1 if is_new else 0)
        if is_new:
            lines.append((w1, w2, b))
    return added


def _check_inputs(W1: Array, b1: Array, n_x: int) -> None:
    """W1 `(n_h, n_x)` of one network; else `DataError`."""
    if len(W1.shape) != 2 or W1.shape[1] != n_x:
        raise DataError(f"W1 has shape {shown(W1)}; here units have {n_x} input{'s' if n_x > 1 else ''}: (n_h, {n_x}).")
    if tuple(b1.shape) != (W1.shape[0], 1):
        raise DataError(f"b1 has shape {shown(b1)}; beside W1 of shape {shown(W1)} it is ({W1.shape[0]}, 1).")
