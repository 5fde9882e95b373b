"""L-BFGS over all rows for K networks at once: one event per iteration, each network with its own line search.

The arithmetic of an iteration is compiled (`engine/kernels/lbfgs.py`). For small networks in memory one call does all of it; else J is
evaluated here, over rows that may be elsewhere, for all networks whose line search is open.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.arguments import refuse
from shoal.engine.full_batch import PAIRS
from shoal.engine.kernels import lbfgs_module
from shoal.training.solvers.solver import LEAST_DECREASE, Descent, DescentSolver, Step, points_of
from shoal.types import Floats

NUMBERS = 5  # of a line search


@dataclass(frozen=True)
class LBFGSState(Descent):
    """The current point of K networks, and their last steps.

    `steps` are the kept steps, the oldest first: each step s and its change of the gradient y, `(2, K, p)`. `rho (K, PAIRS)` is 1/(sᵀy),
    0 if there is none; `scale (K,)` is sᵀy/yᵀy of the last one, 0 before the first; `evaluations (K,)` of J.
    """

    steps: tuple[Floats, ...]
    rho: Floats
    scale: Floats
    evaluations: NDArray[np.int64]


class LBFGS(DescentSolver[LBFGSState]):
    """Along quasi-Newton directions."""

    def begin(self) -> LBFGSState:
        """No steps are kept."""
        theta, value, gradient = self.start()
        K = len(theta)
        nothing = np.zeros((2, *theta.shape))
        return LBFGSState(theta, value, gradient, (nothing,) * PAIRS, np.zeros((K, PAIRS)), np.zeros(K), np.zeros(K, np.int64))

    def step(self, state: LBFGSState, active: NDArray[np.bool_]) -> tuple[LBFGSState, Step]:
        """One iteration; a network has settled if J is flat, or if no step lowers it."""
        k, now = lbfgs_module(), active.nonzero()[0]
        if np.isnan(state.value[now]).any():
            state = replace(state, value=state.value.copy(), gradient=state.gradient.copy(), evaluations=state.evaluations.copy())
            state.evaluations[self.look(state, now)] += 1
        before = k.DescentPoints(state.theta, state.value, state.gradient)
        after = k.DescentPoints(state.theta.copy(), state.value.copy(), state.gradient.copy())
        memory = k.StepMemory(np.zeros((len(active), PAIRS + 1)), state.scale.copy(), state.evaluations.copy())
        memory.rho[:, :PAIRS] = state.rho
        steps, settled = (*state.steps, np.zeros((2, *state.theta.shape))), np.zeros(len(active), bool)
        direction, numbers = np.empty_like(state.theta), np.empty((len(active), NUMBERS))
        work: tuple[Any, ...] = (before, after, points_of(k, state.theta), steps, memory, direction, numbers)
        limits = np.array([self.tol, LEAST_DECREASE, self.max_fun])
        if self.small is None:
            self.search(now, work, limits, settled)
        else:
            self.iterate(k.iterate, now, *work, limits, settled)
        points = after.theta, after.value, after.gradient
        return LBFGSState(*points, steps[1:], memory.rho[:, 1:].copy(), memory.scale, memory.evaluations), Step(after.value, settled)

    def search(self, members: NDArray[np.int64], work: tuple[Any, ...], limits: Floats, settled: NDArray[np.bool_]) -> None:
        """The iteration with J evaluated here."""
        k, open_, there = lbfgs_module(), np.zeros(len(settled), bool), work[2]
        refuse(k.aim_all(members, *work))
        while len(members):
            self.evaluate(there, members)
            refuse(k.see_all(members, *work, limits, settled, open_))
            members = members[open_[members]]

    def resumed(self, state: LBFGSState, earlier: LBFGSState) -> LBFGSState:
        """Continue with the steps of an earlier training."""
        if earlier.theta.shape != state.theta.shape:
            return state
        return replace(state, steps=earlier.steps, rho=earlier.rho, scale=earlier.scale)

    def spent(self, state: LBFGSState) -> NDArray[np.bool_]:
        """Which networks have used up `max_fun`."""
        return state.evaluations >= self.max_fun
