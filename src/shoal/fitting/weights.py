"""What a sample weight of 1 means: one row.

Weights that are all whole numbers count rows: a row of weight 2 is that row twice, and the total weight is how many rows there are.
Any other weights say how much rows matter beside each other, in whatever unit; then a weight of the mean of those above 0 is one
row. So what is not set (the penalty, the precisions that "bayes" finds, the noise around a prediction) is the same for weights that
add up to 1 as for weights that add up to the number of rows. An `alpha` that is set keeps its meaning: the total weight as given.
"""

from dataclasses import replace

import numpy as np

from shoal.recipe import Recipe
from shoal.types import Floats

SAME = 1e-12  # relative: the rounding of weights that were meant to be 1 on average


def unit_of(weight: Floats | None) -> float:
    """The weight that stands for one row, of weights `(m,)` from 0 on of which one is above 0."""
    if weight is None or are_whole(weight):
        return 1.0
    counted = weight[weight > 0]
    largest = float(counted.max())
    return rounded(largest * float(np.mean(counted / largest)))  # no sum of large weights overflows


def are_whole(weight: Floats) -> bool:
    """Whether weights count rows."""
    return bool(np.array_equal(weight, np.floor(weight)))


def rounded(unit: float) -> float:
    """1 where it is that but for rounding, so that such weights stay as they are."""
    return 1.0 if abs(unit - 1) <= SAME else unit


def in_rows(weight: Floats | None) -> tuple[Floats | None, float]:
    """Weights in rows, and the unit of those given."""
    unit = unit_of(weight)
    return weight if weight is None or unit == 1 else weight / unit, unit


def penalised_in_rows(recipe: Recipe, unit: float) -> Recipe:
    """The recipe whose λ was set for the weights as given, for the same weights in rows."""
    if unit == 1:
        return recipe
    lam = np.asarray(recipe.lam, np.float64) / unit
    return replace(recipe, lam=float(lam) if lam.ndim == 0 else tuple(lam.tolist()))
