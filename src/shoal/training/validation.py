"""Rows held out from training: each network's own, or the user's set for all; and how good networks are on them."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.device import PROCESSOR, send
from shoal.engine.evaluate import judge, judging_sums, means
from shoal.engine.minibatch import State, begin, leave
from shoal.population import Population
from shoal.recipe import Recipe
from shoal.textbook.losses import Loss
from shoal.training.rows import Rows
from shoal.types import Floats


@dataclass(frozen=True)
class Validation:
    """What each network is judged on.

    `X (m, n_x)`, `Y (m, n_y)`, `weight (m,)` or None; `rows` gives each of K networks its row numbers, None means all rows for all.
    `by (K, K)` or None weighs, in row k, the networks whose losses say when network k is at its best (`Stopping`).
    """

    X: Any
    Y: Floats
    weight: Floats | None = None
    rows: tuple[NDArray[np.int64], ...] | None = None
    by: Floats | None = None


def placed(validation: "Validation | Rows | None", device: str) -> "Validation | Rows | None":
    """Rows that are judged on at every step, sent to a device at once and for good; `Rows` stay where they are."""
    if device == PROCESSOR or not isinstance(validation, Validation):
        return validation
    v = validation
    return Validation(send(v.X, device), send(v.Y, device), None if v.weight is None else send(v.weight, device), v.rows, v.by)


@dataclass(frozen=True)
class Judges:
    """Networks as they stand, for `judged`: those that are `active (K,)`."""

    population: Population
    recipe: Recipe
    g2: Loss
    total: Floats
    active: NDArray[np.bool_]

    def state(self) -> State:
        """As the engine judges them."""
        state = begin(self.population, self.recipe, self.g2, self.total, np.float64)
        leave(state, self.active)
        return state


def judged(
    population: Population, recipe: Recipe, g2: Loss, total: Floats, active: NDArray[np.bool_], validation: Validation | Rows
) -> tuple[Floats, Floats]:
    """Mean loss and score of the active networks on their validation rows, `(K,)` each; NaN for the others.

    Of `Rows` the weights say how much a row counts for which network; 0 where it has learned from it.
    """
    judges = Judges(population, recipe, g2, total, active)
    if isinstance(validation, Validation):
        v = validation
        return judge(judges.state(), v.X, v.Y, v.rows, v.weight)
    return means(judges.state(), validation.total_of(partial(judging_of_block, judges)))


def judging_of_block(judges: Judges, X: Any, Y: Floats, weights: Floats) -> Floats:
    """What one block of validation rows adds to every network's sums, `(K, 4 + 3 n_y)`."""
    rows = tuple(np.flatnonzero(own) for own in weights)
    return judging_sums(judges.state(), X, Y, rows, weights.max(axis=0, initial=0.0))
