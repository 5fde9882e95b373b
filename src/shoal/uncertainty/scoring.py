"""Scores of intervals and of quantiles, for every row: the smaller, the better; both are least on average for the true ones.

T. Gneiting and A. Raftery, "Strictly proper scoring rules, prediction, and estimation" (2007), sections 4.2 and 6.2.
"""

import numpy as np

from shoal.types import Floats

LEVELS = (np.arange(10) + 0.5) / 10  # the middles of ten equal parts of (0, 1)


def interval_scores(y: Floats, lower: Floats, upper: Floats, coverage: float) -> Floats:
    """Width + 2/(1 − coverage) · the distance of the target from the interval, in the unit of the target; arrays of one shape.

    Examples
    --------
    >>> interval_scores(np.array([1.0, 4.0]), np.zeros(2), np.full(2, 3.0), 0.9).round(6)  # one inside, one a unit above
    array([ 3., 23.])
    """
    beside = np.maximum(lower - y, 0) + np.maximum(y - upper, 0)
    return upper - lower + 2 / (1 - coverage) * beside


def crps_of_quantiles(y: Floats, quantiles: Floats, levels: Floats = LEVELS) -> Floats:
    """The continuous ranked probability score, in the unit of the target, from quantiles `(…, n_levels)` for targets `(…)`.

    It is the integral over q of 2 (q − 1[y < quantile]) (y − quantile), here the mean over the levels (the midpoint rule). For one
    number in place of a distribution it is the absolute error.

    Examples
    --------
    >>> float(crps_of_quantiles(np.array(3.0), np.full(10, 1.0)).round(6))
    2.0
    """
    apart = y[..., None] - quantiles
    return np.asarray(np.mean(2 * np.maximum(levels * apart, (levels - 1) * apart), axis=-1))
