"""Rows held out from training, how good networks are on them, and when a network has learned enough: no improvement for `patience` epochs.

The rows are each network's own, or the user's set for all. Rows that decide when a network stops cannot judge it afterwards: the epoch that
is best for these very rows looks better on them than on new ones. Where every row must judge (calibration="cv+"), the rows of other
networks of the kind decide: `by`.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.device import PROCESSOR, send
from shoal.engine.evaluate import judge, judging_sums, means
from shoal.engine.minibatch import State, begin, leave
from shoal.engine.packing import SETTING
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


@dataclass(frozen=True)
class ValidationElsewhere:
    """Validation rows in blocks elsewhere, whose weights say how much each counts for which network; `by` as in `Validation`."""

    rows: Rows
    by: Floats | None = None


Judging = Validation | ValidationElsewhere


def placed(validation: Judging | None, device: str) -> Judging | None:
    """Rows that are judged on at every step, sent to a device at once and for good; those elsewhere stay where they are."""
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
    population: Population, recipe: Recipe, g2: Loss, total: Floats, active: NDArray[np.bool_], validation: Judging
) -> tuple[Floats, Floats]:
    """Mean loss and score of the active networks on their validation rows, `(K,)` each; NaN for the others.

    Of rows elsewhere the weights say how much a row counts for which network; 0 where it has learned from it.
    """
    judges = Judges(population, recipe, g2, total, active)
    if isinstance(validation, Validation):
        v = validation
        return judge(judges.state(), v.X, v.Y, v.rows, v.weight)
    return means(judges.state(), validation.rows.total_of(partial(judging_of_block, judges)))


def judging_of_block(judges: Judges, X: Any, Y: Floats, weights: Floats) -> Floats:
    """What one block of validation rows adds to every network's sums, `(K, 4 + 3 n_y)`."""
    rows = tuple(np.flatnonzero(own) for own in weights)
    return judging_sums(judges.state(), X, Y, rows, weights.max(axis=0, initial=0.0))


@dataclass
class Stopping:
    """For each of K networks: the best loss so far and for how many epochs it has not been beaten by more than tol.

    Attributes
    ----------
    by : ndarray, (K, K), or None
        Row k weighs the losses that decide for network k, those of other networks; each row adds up to 1. None: each its own.
    last, at_best : ndarray, (K,)
        Each network's own loss when it was last trained, and when it was last at its best.
    """

    patience: int | None = field(metadata=SETTING)
    tol: float = field(metadata=SETTING)
    best: Floats
    stalled: NDArray[np.int64]
    by: Floats | None = field(metadata=SETTING)
    last: Floats
    at_best: Floats

    def see(self, losses: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Take the loss of one epoch `(K,)`, or of several in a row `(n, K)`; returns which networks are at their best so far
        after the last of them, and which have stalled too long.

        Several are as good as one after the other where none can stop before the last: `room` says how many those are.
        """
        if losses.ndim == 1 or len(losses) == 1:
            return self.see_one(losses.reshape(-1))
        bests = np.fmin.accumulate(np.vstack([self.best, losses]))  # fmin: a loss that is no number beats nothing
        enough = losses < bests[:-1] - self.tol
        since = np.argmax(enough[::-1], axis=0)
        self.stalled = np.where(enough.any(axis=0), since, self.stalled + len(losses))
        self.best = bests[-1]
        better = losses[-1] < bests[-2]
        return better, np.zeros(len(better), bool) if self.patience is None else self.stalled > self.patience

    def see_one(self, own: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """`see` for a single epoch."""
        if self.by is None:
            return self.see_each(own)
        # A network that has left counts as it last stood: a constant moves no minimum.
        self.last = np.where(np.isfinite(own), own, self.last)
        better, stalled = self.see_each(self.by @ self.last)
        self.at_best = np.where(better, self.last, self.at_best)
        needed = ((self.by > 0) & (~stalled & np.isfinite(own))[:, None]).any(axis=0)  # somebody goes on who is decided for by it
        return better, stalled & ~needed

    def see_each(self, loss: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """`see` for a single epoch of losses that decide."""
        better = loss < self.best
        self.stalled = (self.stalled + 1) * ~(loss < self.best - self.tol)
        self.best = np.fmin(self.best, loss)  # fmin: a loss that is no number beats nothing
        return better, better & False if self.patience is None else self.stalled > self.patience

    def reached(self) -> Floats:
        """Each network's own loss at its best, `(K,)`."""
        return self.best.copy() if self.by is None else self.at_best.copy()

    def room(self, active: NDArray[np.bool_]) -> int | None:
        """After how many epochs the first of the active networks might stop; None if none ever does."""
        return None if self.patience is None else int(self.patience + 1 - self.stalled[active].max())


def new_stopping(K: int, patience: int | None, tol: float, by: Floats | None = None) -> Stopping:
    """Nothing seen yet."""
    return Stopping(patience, tol, np.full(K, np.inf), np.zeros(K, np.int64), by, np.zeros(K), np.full(K, np.inf))
