"""Training on all rows at once: the loop of all solvers without minibatches.

It corresponds to `minibatch.Run`: iterate it to train, one event per step; `result()` may be called at any time and returns the best
weights so far.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.jit.waiting import training_clock
from shoal.engine.packing import SETTING, Arrays, packed, unpacked
from shoal.engine.threads import one_blas_thread
from shoal.population import Population
from shoal.recipe import Recipe, each
from shoal.textbook.losses import Loss
from shoal.training.progress import Epoch, InProgress, Progress, Trained, new_stopping, overwrite
from shoal.training.rows import Judging, Rows, judged, placed, placed_validation, what_decides
from shoal.training.solvers import SOLVERS
from shoal.training.solvers.solver import Objective, Solver, signs_of
from shoal.types import Floats


@dataclass(frozen=True)
class SolverMemory:
    """The state of a full-batch solver, which a later training can continue."""

    solver: str
    state: Any


@dataclass(kw_only=True)
class FullBatchProgress(Progress):
    """What the steps over all rows change: `at` is the solver's state, `settled (K,)` the networks that need no further step."""

    at: Any = field(metadata=SETTING)  # the solver packs it
    settled: NDArray[np.bool_]


class FullBatch(InProgress[FullBatchProgress]):
    """One group in training on all its rows, in memory or elsewhere (`rows.py`); computed in float64, kept in `dtype`.

    `validation` rows are the user's or each network's own, in memory or elsewhere.

    `tol` of the recipe is the largest derivative of J at which a network has converged; `max_fun` bounds L-BFGS's evaluations.
    """

    def __init__(
        self,
        recipe: Recipe,
        population: Population,
        g2: Loss,
        rows: Rows,
        *,
        solver: str,
        validation: Judging | None = None,
        dtype: Any = np.float64,
        max_fun: int = 15_000,
    ) -> None:
        self.recipe, self.g2, self.solver, self.dtype = recipe, g2, solver, np.dtype(dtype)
        self.m, self.K = rows.m, population.K
        rows, self.validation = placed(rows, recipe.device), placed_validation(validation, recipe.device)
        population, signs = population.astype(np.dtype(np.float64)), signs_of(population, recipe.directions)
        self.objective = Objective(population, rows, recipe.activation, g2, each(recipe.lam, self.K), signs)
        self.method: Solver[Any] = SOLVERS[solver](self.objective, recipe.tol, max_fun)
        at, K = self.method.begin(), self.K
        self.now = FullBatchProgress(
            stopping=new_stopping(K, recipe.patience, 0.0, None if validation is None else validation.by),
            kept=self.method.population(at),
            loss=np.full(K, np.nan),
            epochs=np.zeros(K, np.int64),
            diverged=np.zeros(K, np.int64),
            active=np.ones(K, bool),
            settled=np.zeros(K, bool),
            at=at,
        )

    @property
    def population(self) -> Population:
        """The networks with their current weights."""
        return self.method.population(self.now.at)

    @property
    def settled(self) -> NDArray[np.bool_]:
        """Which networks need no further step, `(K,)`."""
        return self.now.settled

    def __iter__(self) -> Iterator[Epoch]:
        started = training_clock() - self.now.seconds
        for epoch in range(self.now.done + 1, self.recipe.max_epochs + 1):
            if not self.active.any():  # training had ended before
                return
            event = self.one_step(epoch, started)
            yield event
            if not self.active.any():
                return
            if self.recipe.max_time is not None and event.seconds > self.recipe.max_time:
                return

    def one_step(self, epoch: int, started: float) -> Epoch:
        """Make one step of every active network, then evaluate."""
        now = self.now
        with one_blas_thread():
            now.at, step = self.method.step(now.at, now.active)
        now.done, now.rows = now.done + 1, now.rows + self.m
        all_active = np.count_nonzero(now.active) == self.K
        loss = step.value if all_active else np.where(now.active, step.value, np.nan)
        now.loss = loss if all_active else np.where(now.active, loss, now.loss)
        now.epochs[now.active] = epoch
        self.leave_lost(epoch)
        checked = self.judged()
        self.keep(*((loss, None) if checked is None else checked))
        now.settled |= now.active & step.settled
        now.active = now.active & ~step.settled & ~self.method.spent(now.at)
        now.seconds = training_clock() - started
        judged, score = (None, None) if checked is None else checked
        none = np.full(self.K, np.nan)
        return Epoch(epoch, self.recipe.max_epochs, now.done, loss, judged, score, none, now.seconds, now.active.copy())

    def leave_lost(self, epoch: int) -> None:
        """A network whose first cost is not finite cannot make a step."""
        lost = self.active & ~np.isfinite(self.loss)
        if np.count_nonzero(lost):
            self.diverged[lost] = epoch
            self.retire(lost)

    def retire(self, gone: NDArray[np.bool_]) -> None:
        """These networks make no further step."""
        self.now.active = self.now.active & ~gone

    def judged(self) -> tuple[Floats, Floats] | None:
        """Mean loss and score of the active networks on their validation rows."""
        v = self.validation
        if v is None:
            return None
        return judged(self.population, self.recipe, self.g2, self.objective.rows.total, self.active, v)

    def keep(self, loss: Floats, score: Floats | None) -> None:
        """Keep the best weights on validation rows, or the latest; networks that have stalled too long stop."""
        now = self.now
        if self.validation is None:
            if self.method.may_rise:  # of the others the latest weights are the best, and `result` returns them
                now.kept = overwrite(now.kept, self.population, now.active & (loss < now.stopping.best))
            now.stopping.best = np.fmin(now.stopping.best, loss)
            return
        better, stalled = now.stopping.see(*what_decides(self.validation, loss, score, now.active))
        unjudged = np.isinf(now.stopping.best)
        now.kept = overwrite(now.kept, self.population, (better | unjudged) & now.active)
        now.settled |= now.active & stalled
        self.retire(stalled)

    @property
    def kind(self) -> tuple[Any, ...]:
        """What another training must have in common to continue with this one's state."""
        return (self.solver,)

    def carry(self) -> SolverMemory:
        """The state for a later training: what the solver has learned so far."""
        return SolverMemory(self.solver, self.now.at)

    def resume(self, carried: Any, rows: int = 0) -> None:
        """Continue after `rows` rows, with the state of an earlier training by the same solver (of another: nothing)."""
        self.now.rows = rows
        if isinstance(carried, SolverMemory) and carried.solver == self.solver:
            self.now.at = self.method.resumed(self.now.at, carried.state)

    def unsettled(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """The networks that have not settled, and those of them that stopped before the last epoch, `(K,)`."""
        waiting = ~self.now.settled & (self.diverged == 0)
        return waiting, waiting & ~self.active

    def trained_by(self, solver: str) -> str:
        """The name of the solver that trained, if the plan has `solver`."""
        return solver

    @property
    def packable(self) -> bool:
        """Whether the state is that of the last event: always."""
        return True

    def pack(self) -> Arrays:
        """Everything that the steps have changed, as plain arrays."""
        return packed(self.now, "run") | self.method.pack(self.now.at)

    def unpack(self, arrays: Mapping[str, NDArray[Any]], events: list[Epoch]) -> None:
        """Continue from the arrays that `pack` made of another training of the same kind."""
        self.now = replace(unpacked(arrays, "run", self.now), at=self.method.unpack(arrays))

    def result(self) -> Trained:
        """The best weights so far; with "bayes" their evidence too."""
        now = self.now
        if self.validation is None and not self.method.may_rise:
            now.kept = self.population
        validated = None if self.validation is None else now.stopping.reached()
        best = now.stopping.best if self.validation is None else now.loss
        with one_blas_thread():
            evidence = self.method.evidence(now.at, now.kept)
        return Trained(
            now.kept.astype(self.dtype),
            now.loss.copy(),
            best.copy(),
            validated,
            now.epochs.copy(),
            now.done,
            now.diverged.copy(),
            now.rows,
            evidence,
        )
