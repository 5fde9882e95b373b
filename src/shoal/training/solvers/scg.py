"""Scaled conjugate gradients over all rows, K networks side by side: one event an iteration (Møller 1993).

The curvature along a direction p comes from two gradients, s = (∂J(θ + σp) − ∂J(θ)) / σ, and is raised by a scale λ until a
parabola through it foretells the cost well enough; no line search. An iteration ends with the first step that lowers the cost. Its
arithmetic is compiled (`engine/kernels/scg.py`).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shoal.engine.arguments import refuse
from shoal.engine.full_batch import FIRST_SCALE
from shoal.engine.kernels import scg_module
from shoal.engine.packing import copied
from shoal.training.solvers.solver import LEAST_DECREASE, Descent, DescentSolver, Step, points_of
from shoal.types import Floats

NUMBERS = 4  # of an iteration


@dataclass(frozen=True)
class ConjugateState(Descent):
    """The current point of K networks; the direction p `(K, p)`, the scale λ `(K,)` and the steps since the steepest direction `(K,)`."""

    direction: Floats
    scale: Floats
    since: NDArray[np.int64]


class ScaledConjugateGradient(DescentSolver[ConjugateState]):
    """Along conjugate directions."""

    def begin(self) -> ConjugateState:
        """There is no direction yet."""
        theta, value, gradient = self.start()
        K = len(theta)
        return ConjugateState(theta, value, gradient, np.zeros_like(theta), np.full(K, FIRST_SCALE), np.zeros(K, np.int64))

    def step(self, state: ConjugateState, active: NDArray[np.bool_]) -> tuple[ConjugateState, Step]:
        """One iteration; a network has settled if J is flat, or if no direction lowers it."""
        k, now, state = scg_module(), active.nonzero()[0], copied(state)
        self.look(state, now)
        points, there = k.DescentPoints(state.theta, state.value, state.gradient), points_of(k, state.theta)
        memory, numbers = k.ConjugateMemory(state.direction, state.scale, state.since), np.empty((len(active), NUMBERS))
        settled, open_, limits = np.zeros(len(active), bool), np.zeros(len(active), bool), np.array([self.tol, LEAST_DECREASE])
        work = points, there, memory, numbers, limits, settled, open_
        if self.small is not None:
            self.iterate(k.iterate, now, *work)
            return state, Step(state.value, settled)
        refuse(k.aim_all(now, *work))
        while len(now := now[open_[now]]):
            self.evaluate(there, now)
            refuse(k.see_all(now, *work))
        return state, Step(state.value, settled)

    def resumed(self, state: ConjugateState, earlier: ConjugateState) -> ConjugateState:
        """Continue along the directions of an earlier training."""
        if earlier.theta.shape != state.theta.shape:
            return state
        return replace(state, direction=earlier.direction, scale=earlier.scale, since=earlier.since)
