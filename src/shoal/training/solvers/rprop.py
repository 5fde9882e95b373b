"""Resilient backpropagation over all rows for K networks at once: every weight has its own step, which depends on signs alone.

Where a derivative keeps its sign its weight's step grows by a fifth; where it turns, the step is halved, and the last one is
taken back if the cost has risen (iRprop⁺: Igel & Hüsken 2003, after Riedmiller & Braun 1993, whose numbers these are). The cost
may rise on the way. The arithmetic is compiled (`engine/kernels/rprop.py`).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shoal.engine.arguments import refuse
from shoal.engine.kernels import rprop_module
from shoal.engine.packing import copied
from shoal.training.solvers.solver import Descent, DescentSolver, Step, points_of
from shoal.types import Floats

FIRST = 0.1  # step of a weight


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
        k, now, state = rprop_module(), active.nonzero()[0], copied(state)
        self.look(state, now)
        points, there = k.DescentPoints(state.theta, state.value, state.gradient), points_of(k, state.theta)
        settled = np.zeros(len(active), bool)
        memory = k.SignMemory(state.size, state.move, state.before, state.risen_from)
        if self.small is not None:
            self.iterate(k.iterate, now, points, there, memory, self.tol, settled)
            return state, Step(state.value, settled)
        refuse(k.aim_all(now, points, there, memory))
        self.evaluate(there, now)
        refuse(k.see_all(now, points, there, memory, self.tol, settled))
        return state, Step(state.value, settled)

    def resumed(self, state: RpropState, earlier: RpropState) -> RpropState:
        """Continue with the steps of an earlier training."""
        if earlier.theta.shape != state.theta.shape:
            return state
        return replace(state, size=earlier.size, move=earlier.move, before=earlier.before, risen_from=earlier.risen_from)
