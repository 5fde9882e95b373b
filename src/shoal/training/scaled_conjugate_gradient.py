"""Scaled conjugate gradients over all rows, K networks side by side: one event an iteration (Møller 1993, whose letters these are).

The curvature along a direction p comes from two gradients, s = (∂J(θ + σp) − ∂J(θ)) / σ, and is raised by a scale λ until a
parabola through it foretells the cost well enough; no line search. An iteration ends with the first step that lowers the cost.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoal.training.objective import Objective, value_and_gradient
from shoal.training.walk import LEAST_DECREASE, Walk, dot
from shoal.types import Floats

SIGMA = 1e-4  # of a step to see the curvature by, whatever the direction's length; rounding counts 1/σ times, and Møller allows no more
FIRST_SCALE, LEAST_SCALE, MOST_SCALE = 1e-6, 1e-15, 1e15
TRIALS = 30  # scales that an iteration tries before it gives up


@dataclass
class Conjugate:
    """The direction p `(K, p)`, the scale λ `(K,)` and the steps since the direction was the steepest `(K,)`."""

    direction: Floats
    scale: Floats
    since: NDArray[np.int64]


class ScaledConjugateGradient(Walk):
    """Along conjugate directions."""

    def __init__(self, objective: Objective, tol: float) -> None:
        super().__init__(objective, tol)
        K, p = self.theta.shape
        self.conjugate = Conjugate(np.zeros((K, p)), np.full(K, FIRST_SCALE), np.zeros(K, np.int64))

    def step(self, active: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
        """One iteration; returns J after it `(K,)` and which networks have settled (flat, or without a way down)."""
        now = np.flatnonzero(active)
        with np.errstate(over="ignore", invalid="ignore"):
            self.begin(now)
        begun_at = self.value[now].copy()
        fine = np.isfinite(self.gradient[now]).all(axis=1)
        open_ = now[fine & (np.abs(self.gradient[now]).max(axis=1) > self.tol)]
        uphill = ~(dot(self.conjugate.direction[open_], self.gradient[open_]) < 0)
        self.steepest(open_[uphill])  # there was no direction yet, or rounding or a kink has spoilt it
        bent = self.curvature(open_) if len(open_) else np.empty(0)
        for _ in range(TRIALS):
            if not len(open_):
                break
            moved = self.attempt(open_, bent)
            open_, bent = open_[~moved], bent[~moved]
        settled = np.zeros(len(active), bool)
        settled[open_] = self.conjugate.since[open_] == 0  # along a conjugate direction there may be none where the steepest has one
        self.steepest(open_)
        self.conjugate.scale[open_] = FIRST_SCALE  # it has grown with every trial, and would make the next steps nothing
        with np.errstate(invalid="ignore"):  # a network whose first cost is infinite has gained nothing
            gained = begun_at - self.value[now]
        still = (gained > 0) & (gained <= LEAST_DECREASE * np.maximum(np.abs(begun_at), 1e-3))
        settled[now] |= still | (np.abs(self.gradient[now]).max(axis=1) <= self.tol)
        return self.value.copy(), settled

    def at(self, theta: Floats, members: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """J and its gradient; far out they may be no numbers, which `attempt` takes for a step too far."""
        with np.errstate(over="ignore", invalid="ignore"):
            return value_and_gradient(self.objective, theta, members)

    def steepest(self, members: NDArray[np.int64]) -> None:
        """Begin again with the steepest descent."""
        self.conjugate.direction[members] = -self.gradient[members]
        self.conjugate.since[members] = 0

    def curvature(self, members: NDArray[np.int64]) -> Floats:
        """δ = pᵀ s, J's second derivative along each direction, `(k,)`."""
        p = self.conjugate.direction[members]
        sigma = SIGMA / np.maximum(np.sqrt(dot(p, p)), 1e-300)
        _, there = self.at(self.theta[members] + sigma[:, None] * p, members)
        bent = dot(p, there - self.gradient[members]) / sigma
        return np.where(np.isfinite(bent), bent, 0.0)

    def attempt(self, members: NDArray[np.int64], bent: Floats) -> NDArray[np.bool_]:
        """Go to where the scaled parabola has its minimum, if the cost is lower there; adapt the scale. Returns which moved."""
        c = self.conjugate
        p, scale, g = c.direction[members], c.scale[members], self.gradient[members]
        squares = np.maximum(dot(p, p), 1e-300)
        scale = np.where(bent + scale * squares <= 0, 2 * (scale - (bent + scale * squares) / squares), scale)  # no hill, a valley
        scale = np.maximum(scale, LEAST_SCALE)
        delta = np.maximum(bent + scale * squares, 1e-300)
        mu = -dot(p, g)
        there = self.theta[members] + (mu / delta)[:, None] * p
        value, gradient = self.at(there, members)
        with np.errstate(over="ignore", invalid="ignore"):
            foretold = 2 * delta * (self.value[members] - value) / mu**2  # 1 where the parabola foretold the cost
        moved = (foretold > 0) & np.isfinite(gradient).all(axis=1)
        scale = np.where(foretold >= 0.75, scale / 4, scale)
        # after a step that failed by far Møller's formula may leap: four times at least, for it must change
        raised = np.where(np.isfinite(foretold), scale + delta * (1 - foretold) / squares, 4 * scale)
        scale = np.where(foretold >= 0.25, scale, np.where(moved, raised, np.maximum(raised, 4 * scale)))
        c.scale[members] = np.clip(scale, LEAST_SCALE, MOST_SCALE)
        on = members[moved]
        self.theta[on], self.value[on], self.gradient[on] = there[moved], value[moved], gradient[moved]
        turn = (dot(gradient[moved], gradient[moved]) - dot(gradient[moved], g[moved])) / mu[moved]
        c.direction[on] = -gradient[moved] + turn[:, None] * p[moved]
        c.since[on] += 1
        self.steepest(on[c.since[on] >= self.theta.shape[1]])
        return np.asarray(moved)

    def memory(self) -> Conjugate:
        """What a later run goes on with."""
        return self.conjugate

    def take_over(self, memory: Conjugate) -> None:
        """Go on along the directions of an earlier run, where they are of networks of the same size."""
        if memory.direction.shape == self.conjugate.direction.shape:
            self.conjugate = memory
