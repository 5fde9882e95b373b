"""Resilient backpropagation over all rows for K networks at once: every weight has its own step, which depends on signs alone.

Where a derivative keeps its sign its weight's step grows by a fifth; where it turns, the step is halved, and the last one is
taken back if the cost has risen (iRprop⁺: Igel & Hüsken 2003, after Riedmiller & Braun 1993, whose numbers these are). The cost
may rise on the way.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shoal.engine.packing import copied
from shoal.training.solvers.solver import Descent, DescentSolver, Step, value_and_gradient
from shoal.types import Floats

GROW, SHRINK = 1.2, 0.5
FIRST, LEAST, MOST = 0.1, 1e-6, 50.0  # steps of a weight


@dataclass(frozen=True)
class RpropState(Descent):
    """The current point of K networks, and what the next step needs of the last one.

    `size (K, p)` are the weights' steps, `move (K, p)` the last move; `before (K, p)` the derivative before it, `risen_from (K,)` J there.
    """

    size: Floats
    move: Floats
    before: Floats
    risen_from: Floats


class Rprop(DescentSolver[RpropState]):
    """Sign by sign."""

    may_rise = True

    def begin(self) -> RpropState:
        """All weights have the first step's size."""
        theta, value, gradient = self.start()
        nothing = np.zeros_like(theta)
        return RpropState(theta, value, gradient, np.full_like(theta, FIRST), nothing, nothing.copy(), np.full(len(theta), np.inf))

    def step(self, state: RpropState, active: NDArray[np.bool_]) -> tuple[RpropState, Step]:
        """One step; a network has settled if J is flat, or if no weight changes."""
        now, state = np.flatnonzero(active), copied(state)
        self.look(state, now)
        sign, g = np.sign(state.gradient[now]), state.gradient[now]
        agreement = sign * np.sign(state.before[now])
        kept, turned = agreement > 0, agreement < 0
        size = np.clip(state.size[now] * np.where(kept, GROW, np.where(turned, SHRINK, 1.0)), LEAST, MOST)
        risen = (state.value[now] > state.risen_from[now])[:, None]
        move = np.where(turned, np.where(risen, -state.move[now], 0.0), -sign * size)
        state.size[now], state.move[now], state.before[now] = size, move, np.where(turned, 0.0, g)
        state.risen_from[now] = state.value[now]
        self.move(state, now, move)
        settled = np.zeros(len(active), bool)
        still = ((state.size[now] <= LEAST) | (state.gradient[now] == 0)).all(axis=1)
        settled[now] = (np.abs(state.gradient[now]).max(axis=1) <= self.tol) | still
        return state, Step(state.value, settled)

    def move(self, state: RpropState, members: NDArray[np.int64], move: Floats) -> None:
        """Move to the end of the step, unless the cost is NaN there: then a network stays, and all of its steps are halved."""
        there = state.theta[members] + move
        with np.errstate(over="ignore", invalid="ignore"):
            value, gradient = value_and_gradient(self.objective, there, members)
        fine = np.isfinite(value) & np.isfinite(gradient).all(axis=1)
        on, lost = members[fine], members[~fine]
        state.theta[on], state.value[on], state.gradient[on] = there[fine], value[fine], gradient[fine]
        state.size[lost] = np.maximum(state.size[lost] * SHRINK, LEAST)
        state.move[lost] = state.before[lost] = 0.0

    def resumed(self, state: RpropState, earlier: RpropState) -> RpropState:
        """Continue with the steps of an earlier training."""
        if earlier.theta.shape != state.theta.shape:
            return state
        return replace(state, size=earlier.size, move=earlier.move, before=earlier.before, risen_from=earlier.risen_from)
