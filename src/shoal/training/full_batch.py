"""Training on all rows at once: the loop that all solvers share which have no minibatches.

It is to these solvers what `minibatch.Run` is to update rules: iterate it to train, an event a step; `result()` may be called
at any time and gives the best weights so far.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.engine.blas_threads import one_blas_thread
from shoal.population import Population
from shoal.recipe import Recipe, each
from shoal.textbook.losses import Loss
from shoal.training.bayes import Precisions
from shoal.training.events import Epoch
from shoal.training.lbfgs import LBFGS
from shoal.training.levenberg_marquardt import FixedPenalty, LevenbergMarquardt
from shoal.training.minibatch import Trained, overwrite
from shoal.training.objective import Objective
from shoal.training.rows import Rows, placed
from shoal.training.rprop import Rprop
from shoal.training.scaled_conjugate_gradient import ScaledConjugateGradient
from shoal.training.stopping import fresh
from shoal.training.validation import Validation, judged
from shoal.training.validation import placed as placed_validation
from shoal.types import Floats


@dataclass(frozen=True)
class Carried:
    """The memory of a full-batch solver between two runs."""

    solver: str
    memory: Any


Method = LBFGS | ScaledConjugateGradient | Rprop | LevenbergMarquardt


class FullBatch:
    """One group being trained on all its rows, wherever these lie (`rows.py`); computed in float64, kept in `dtype`.

    `validation` rows are the user's or each network's own, or `Rows` whose weights say how much a row counts for whom.

    `tol` of the recipe is the largest derivative of J at which a network has arrived; `max_fun` bounds L-BFGS's evaluations.
    """

    def __init__(
        self,
        recipe: Recipe,
        population: Population,
        g2: Loss,
        rows: Rows,
        *,
        solver: str,
        validation: Validation | Rows | None = None,
        dtype: Any = np.float64,
        max_fun: int = 15_000,
    ) -> None:
        self.recipe, self.g2, self.solver, self.dtype = recipe, g2, solver, np.dtype(dtype)
        self.m, self.K = rows.m, population.K
        rows, self.validation = placed(rows, recipe.device), placed_validation(validation, recipe.device)
        self.objective = Objective(population.astype(np.dtype(np.float64)), rows, recipe.activation, g2, each(recipe.lam, self.K))
        self.method = method(solver, self.objective, recipe.tol, max_fun)
        self.kept = self.method.population()
        self.stopping = fresh(self.K, recipe.patience, 0.0, validation.by if isinstance(validation, Validation) else None)
        self.active = np.ones(self.K, bool)
        self.settled = np.zeros(self.K, bool)
        self.loss = np.full(self.K, np.nan)
        self.epochs = np.zeros(self.K, np.int64)
        self.diverged = np.zeros(self.K, np.int64)
        self.t = self.rows = 0

    def __iter__(self) -> Iterator[Epoch]:
        started = time.perf_counter()
        for epoch in range(self.t + 1, self.recipe.max_epochs + 1):
            if not self.active.any():  # it had come to its end before
                return
            event = self.one_step(epoch, started)
            yield event
            if not self.active.any():
                return
            if self.recipe.max_time is not None and event.seconds > self.recipe.max_time:
                return

    def one_step(self, epoch: int, started: float) -> Epoch:
        """Move every active network once, then look at what came out."""
        with one_blas_thread():
            value, settled = self.method.step(self.active)
        self.t, self.rows = self.t + 1, self.rows + self.m
        all_active = np.count_nonzero(self.active) == self.K
        loss = value if all_active else np.where(self.active, value, np.nan)
        self.loss = loss if all_active else np.where(self.active, loss, self.loss)
        self.epochs[self.active] = epoch
        self.leave_lost(epoch)
        checked = self.judged()
        self.keep(loss if checked is None else checked[0])
        self.settled |= self.active & settled
        self.active = self.active & ~settled & ~self.method.spent()
        seconds = time.perf_counter() - started
        judged, score = (None, None) if checked is None else checked
        return Epoch(epoch, self.recipe.max_epochs, self.t, loss, judged, score, np.full(self.K, np.nan), seconds, self.active.copy())

    def leave_lost(self, epoch: int) -> None:
        """A network whose very first cost is not finite can take no step."""
        lost = self.active & ~np.isfinite(self.loss)
        if np.count_nonzero(lost):
            self.diverged[lost] = epoch
            self.active = self.active & ~lost

    def judged(self) -> tuple[Floats, Floats] | None:
        """Mean loss and score of the active networks on their validation rows."""
        v = self.validation
        if v is None:
            return None
        return judged(self.method.population(), self.recipe, self.g2, self.objective.rows.total, self.active, v)

    def keep(self, loss: Floats) -> None:
        """The best weights on validation rows, or the latest; networks that have stalled too long go."""
        if self.validation is None:
            if isinstance(self.method, Rprop):  # of the others the latest weights are the best, and `result` takes them
                self.kept = overwrite(self.kept, self.method.population(), self.active & (loss < self.stopping.best))
            self.stopping.best = np.fmin(self.stopping.best, loss)
            return
        better, stalled = self.stopping.see(np.where(self.active, loss, np.inf))
        unjudged = np.isinf(self.stopping.best)
        self.kept = overwrite(self.kept, self.method.population(), (better | unjudged) & self.active)
        self.settled |= self.active & stalled
        self.active = self.active & ~stalled

    def carried(self) -> Carried:
        """What a later run goes on with: the solver's memory of the way so far."""
        return Carried(self.solver, self.method.memory())

    def resume(self, carried: Any, rows: int = 0) -> None:
        """Go on after `rows` rows seen, with the memory of an earlier run of the same solver (anything else: it begins anew)."""
        self.rows = rows
        if isinstance(carried, Carried) and carried.solver == self.solver:
            self.method.take_over(carried.memory)

    def result(self) -> Trained:
        """The best weights so far; with "bayes" their evidence too."""
        if self.validation is None and not isinstance(self.method, Rprop):
            self.kept = self.method.population()
        validated = None if self.validation is None else self.stopping.reached()
        best = self.stopping.best if self.validation is None else self.loss
        with one_blas_thread():
            evidence = self.method.evidence_at(self.kept) if isinstance(self.method, LevenbergMarquardt) else None
        return Trained(
            self.kept.astype(self.dtype),
            self.loss.copy(),
            best.copy(),
            validated,
            self.epochs.copy(),
            self.t,
            self.diverged.copy(),
            self.rows,
            evidence,
        )


def method(solver: str, objective: Objective, tol: float, max_fun: int) -> Method:
    """The solver of this name, where the objective's networks stand."""
    if solver == "lbfgs":
        return LBFGS(objective, tol, max_fun)
    if solver == "scg":
        return ScaledConjugateGradient(objective, tol)
    if solver == "rprop":
        return Rprop(objective, tol)
    return LevenbergMarquardt(objective, FixedPenalty(objective.lam) if solver == "lm" else Precisions(objective), tol)
