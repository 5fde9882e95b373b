"""Scaled conjugate gradients over all rows, K networks side by side: one event an iteration (Møller 1993, whose letters these are).

The curvature along a direction p comes from two gradients, s = (∂J(θ + σp) − ∂J(θ)) / σ, and is raised by a scale λ until a
parabola through it foretells the cost well enough; no line search. An iteration ends with the first step that lowers the cost.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shoal.engine.packing import copied
from shoal.training.solvers.solver import LEAST_DECREASE, Descent, DescentSolver, Step, dot, value_and_gradient
from shoal.types import Floats

SIGMA = 1e-4  # of a step that measures the curvature, for any length of the direction; rounding counts 1/σ times, and Møller allows no more
FIRST_SCALE, LEAST_SCALE, MOST_SCALE = 1e-6, 1e-15, 1e15
TRIALS = 30  # scales that an iteration tries before it gives up


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
        now, state = np.flatnonzero(active), copied(state)
        with np.errstate(over="ignore", invalid="ignore"):
            self.look(state, now)
        value_before = state.value[now].copy()
        fine = np.isfinite(state.gradient[now]).all(axis=1)
        open_ = now[fine & (np.abs(state.gradient[now]).max(axis=1) > self.tol)]
        uphill = ~(dot(state.direction[open_], state.gradient[open_]) < 0)
        steepest(state, open_[uphill])  # there was no direction yet, or rounding or a kink has made it useless
        kappa = self.curvature(state, open_) if len(open_) else np.empty(0)
        for _ in range(TRIALS):
            if not len(open_):
                break
            moved = self.attempt(state, open_, kappa)
            open_, kappa = open_[~moved], kappa[~moved]
        settled = np.zeros(len(active), bool)
        settled[open_] = state.since[open_] == 0  # along a conjugate direction there may be none while the steepest has one
        steepest(state, open_)
        state.scale[open_] = FIRST_SCALE  # it has grown with every trial, and would make the next steps tiny
        with np.errstate(invalid="ignore"):  # a network whose first cost is infinite has gained nothing
            gained = value_before - state.value[now]
        still = (gained > 0) & (gained <= LEAST_DECREASE * np.maximum(np.abs(value_before), 1e-3))
        settled[now] |= still | (np.abs(state.gradient[now]).max(axis=1) <= self.tol)
        return state, Step(state.value, settled)

    def at(self, theta: Floats, members: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """J and its gradient; they may be NaN far away, which `attempt` treats as a step too far."""
        with np.errstate(over="ignore", invalid="ignore"):
            return value_and_gradient(self.objective, theta, members)

    def curvature(self, state: ConjugateState, members: NDArray[np.int64]) -> Floats:
        """δ = pᵀ s, J's second derivative along each direction, `(k,)`."""
        p = state.direction[members]
        sigma = SIGMA / np.maximum(np.sqrt(dot(p, p)), 1e-300)
        _, there = self.at(state.theta[members] + sigma[:, None] * p, members)
        kappa = dot(p, there - state.gradient[members]) / sigma
        return np.where(np.isfinite(kappa), kappa, 0.0)

    def attempt(self, state: ConjugateState, members: NDArray[np.int64], kappa: Floats) -> NDArray[np.bool_]:
        """Move to the minimum of the scaled parabola, if the cost is lower there; adapt the scale. Returns which moved."""
        p, scale, g = state.direction[members], state.scale[members], state.gradient[members]
        squares = np.maximum(dot(p, p), 1e-300)
        scale = np.where(kappa + scale * squares <= 0, 2 * (scale - (kappa + scale * squares) / squares), scale)  # no maximum, a minimum
        scale = np.maximum(scale, LEAST_SCALE)
        delta = np.maximum(kappa + scale * squares, 1e-300)
        mu = -dot(p, g)
        there = state.theta[members] + (mu / delta)[:, None] * p
        value, gradient = self.at(there, members)
        with np.errstate(over="ignore", invalid="ignore"):
            foretold = 2 * delta * (state.value[members] - value) / mu**2  # 1 where the parabola foretold the cost
        moved = (foretold > 0) & np.isfinite(gradient).all(axis=1)
        scale = np.where(foretold >= 0.75, scale / 4, scale)
        # after a step that failed by far Møller's formula may leap: four times at least, for it must change
        raised = np.where(np.isfinite(foretold), scale + delta * (1 - foretold) / squares, 4 * scale)
        scale = np.where(foretold >= 0.25, scale, np.where(moved, raised, np.maximum(raised, 4 * scale)))
        state.scale[members] = np.clip(scale, LEAST_SCALE, MOST_SCALE)
        on = members[moved]
        state.theta[on], state.value[on], state.gradient[on] = there[moved], value[moved], gradient[moved]
        turn = (dot(gradient[moved], gradient[moved]) - dot(gradient[moved], g[moved])) / mu[moved]
        state.direction[on] = -gradient[moved] + turn[:, None] * p[moved]
        state.since[on] += 1
        steepest(state, on[state.since[on] >= state.theta.shape[1]])
        return np.asarray(moved)

    def resumed(self, state: ConjugateState, earlier: ConjugateState) -> ConjugateState:
        """Continue along the directions of an earlier training."""
        if earlier.theta.shape != state.theta.shape:
            return state
        return replace(state, direction=earlier.direction, scale=earlier.scale, since=earlier.since)


def steepest(state: ConjugateState, members: NDArray[np.int64]) -> None:
    """These networks begin again with the steepest descent."""
    state.direction[members] = -state.gradient[members]
    state.since[members] = 0
