"""Levenberg-Marquardt over all rows: K networks side by side, each with a damping of its own.

A step δ solves (Σ w Jᵀ H J + diag(ridge) + μ m) δ = −(gradient + ridge θ): with much damping μ a short step downhill, with
little a Gauss-Newton step. A step that does not lower the cost is taken back and tried again with ten times the damping; one
that does is kept and μ divided by ten (Marquardt 1963; Hagan & Menhaj 1994, whose numbers these are). The ridge is
λ on the weights and 0 on the biases, or comes from the data (`bayes.py`).
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from shoal.engine.blocks import Block, join, split
from shoal.engine.sums import Curvature, chosen, curvature, flat, losses, over_parts, unflat
from shoal.population import Population
from shoal.textbook.losses import Loss
from shoal.training.bayes import Evidence
from shoal.training.objective import Objective, penalised
from shoal.training.small_steps import SmallRows, small_curvature, small_descent, small_rows, small_step
from shoal.types import Floats

FIRST_DAMPING, FACTOR = 1e-2, 4.0  # μ over the mean of the rows; with 4 for 10, fewer steps are taken back (docs/solvers.md)
LEAST_DAMPING, MOST_DAMPING = 1e-20, 1e10  # beyond the largest no step helps any more
RULE = np.array([FACTOR, LEAST_DAMPING, MOST_DAMPING])
SMALL = 64  # parameters up to which all networks are solved in one call
LEAST_DECREASE = 1e-12  # relative: below it a step has changed nothing


class Prior(Protocol):
    """What every squared parameter costs, the ridge; it may be learned on the way."""

    def begin(self, block: Block) -> Floats:
        """The ridge of a block's networks before the first step, `(k, p)`."""

    def update(self, block: Block, theta: Floats, found: Curvature, ridge: Floats) -> Floats:
        """The ridge for the next step, from the sums `found` at `theta (k, p)`."""

    def settled(self, still: NDArray[np.bool_], members: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the networks that stand still, `(k,)`, have arrived."""

    def take_over(self, earlier: Any) -> None:
        """Go on with what an earlier prior of the same kind has learned."""

    def evidence(self, found: list[tuple[Block, Curvature]]) -> Evidence | None:
        """What it says of the networks of these blocks, whose sums were `found`."""


@dataclass(frozen=True)
class FixedPenalty:
    """λ of the chapter's cost on the weights, nothing on the biases; `lam (K,)`."""

    lam: Floats

    def begin(self, block: Block) -> Floats:
        """The ridge, for good."""
        return np.asarray(self.lam[block.members, None] * penalised(block.parameters))

    def update(self, block: Block, theta: Floats, found: Curvature, ridge: Floats) -> Floats:
        """Stays as it is."""
        return ridge

    def settled(self, still: NDArray[np.bool_], members: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Who stands still has arrived."""
        return still

    def take_over(self, earlier: Any) -> None:
        """Nothing is learned."""

    def evidence(self, found: list[tuple[Block, Curvature]]) -> None:
        """A penalty that was given says nothing."""


class LevenbergMarquardt:
    """K networks on their way down; `step` moves those that are still active by one accepted step."""

    def __init__(self, objective: Objective, prior: Prior, tol: float) -> None:
        self.objective, self.prior, self.tol = objective, prior, tol
        self.damping = np.full(objective.population.K, FIRST_DAMPING)
        self.flat = np.array([tol, LEAST_DECREASE])
        self.stand_at(objective.population)
        self.ridges = [prior.begin(block) for block in self.blocks]
        self.small = [small_rows(objective, block) for block in self.blocks]

    def stand_at(self, population: Population) -> None:
        """Begin, or go on, from these weights."""
        self.blocks = split(population, np.dtype(np.float64))
        self.thetas = [flat(block.parameters) for block in self.blocks]

    def population(self) -> Population:
        """The networks where they stand."""
        for block, theta in zip(self.blocks, self.thetas, strict=True):
            move(block, slice(None), theta)
        return join(self.blocks, self.objective.population)

    def step(self, active: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
        """One step; returns J after it `(K,)` and which networks have settled (flat, or no step goes down)."""
        value, settled = np.full(len(active), np.nan), np.zeros(len(active), bool)
        for block, thetas, ridges, small in zip(self.blocks, self.thetas, self.ridges, self.small, strict=True):
            on = active[block.members]
            n_on = np.count_nonzero(on)
            if n_on:
                some, which = (block, slice(None)) if n_on == len(on) else (chosen(block, on), on)
                new, ridges[which], value[some.members], settled[some.members] = self.step_block(some, thetas[which], ridges[which], small)
                thetas[which] = new
                if small is None:
                    move(block, which, new)
        return value, settled

    def step_block(
        self, block: Block, theta: Floats, ridge: Floats, small: SmallRows | None
    ) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
        """One step of every network of a block; returns the new parameters and ridge `(k, p)`, J there, and who has settled.

        `theta (k, p)` are the block's parameters; its own arrays may be older where there are `small` rows.
        """
        total = self.objective.rows.total[block.members]
        if small is not None and isinstance(self.prior, FixedPenalty):
            damping = self.damping[block.members]
            new, J, still = small_step(small, block.members, theta, total, ridge, RULE, damping, self.flat)
            self.damping[block.members] = damping
            return new, ridge, J, still
        if small is not None:
            move(block, slice(None), theta)  # the evidence looks at them
        found = self.sums(block) if small is None else small_curvature(small, block.members, theta, total)
        ridge = self.prior.update(block, theta, found, ridge)
        cost = found.loss + (ridge * theta**2).sum(axis=1) / 2
        gradient = found.gradient + ridge * theta
        if small is None:
            new, after = self.descend(block, theta, cost, gradient, found, ridge)
        else:
            damping = self.damping[block.members]
            new, after = small_descent(small, block.members, theta, cost, gradient, found, ridge, RULE, damping)
            self.damping[block.members] = damping
        level = np.abs(gradient).max(axis=1) <= self.tol * found.weight
        still = level | (cost - after <= LEAST_DECREASE * cost) | (self.damping[block.members] > MOST_DAMPING)
        return new, ridge, after / found.weight, self.prior.settled(still, block.members)

    def descend(
        self, block: Block, theta: Floats, cost: Floats, gradient: Floats, found: Curvature, ridge: Floats
    ) -> tuple[Floats, Floats]:
        """Each network's first step that lowers its cost, with as much damping as that takes; `(k, p)` and the cost there."""
        new, after = theta.copy(), cost.copy()
        waiting = np.flatnonzero(self.damping[block.members] <= MOST_DAMPING)
        while len(waiting):
            who = block.members[waiting]
            mu = self.damping[who]
            delta = solve(found.JTJ[waiting], ridge[waiting] + (mu * found.weight[waiting])[:, None], gradient[waiting])
            trial = theta[waiting] + delta
            with np.errstate(over="ignore", invalid="ignore"):  # a step too far: refused, for NaN is not less
                there = self.losses(at(chosen(block, waiting), trial)) + np.sum(ridge[waiting] * trial**2, axis=1) / 2
            lower = there < cost[waiting]
            good = waiting[lower]
            new[good], after[good] = trial[lower], there[lower]
            self.damping[who] = np.where(lower, np.maximum(mu / FACTOR, LEAST_DAMPING), mu * FACTOR)
            waiting = waiting[~lower & (mu * FACTOR <= MOST_DAMPING)]
        return new, after

    def memory(self) -> tuple[Floats, Prior]:
        """What a later run goes on with: damping, and a prior that was learned."""
        return self.damping, self.prior

    def take_over(self, memory: tuple[Floats, Prior]) -> None:
        """Go on with an earlier run's damping, which may have given up, and its prior."""
        self.damping = np.minimum(memory[0], FIRST_DAMPING) if len(memory[0]) == len(self.damping) else self.damping
        self.prior.take_over(memory[1])
        self.ridges = [self.prior.begin(block) for block in self.blocks]

    def evidence_at(self, population: Population) -> Evidence | None:
        """What the prior says of these weights; None of a fixed penalty."""
        if isinstance(self.prior, FixedPenalty):
            return None
        found = [(block, self.sums(block)) for block in split(population, np.dtype(np.float64))]
        return self.prior.evidence(found)

    def spent(self) -> NDArray[np.bool_]:
        """No network runs out of evaluations."""
        return np.zeros(len(self.damping), bool)

    def sums(self, block: Block) -> Curvature:
        """JᵀHJ and the gradient of a block over all rows."""
        o = self.objective
        return o.rows.total_of(partial(curvature_of_block, block, o.activation, o.g2))

    def losses(self, block: Block) -> Floats:
        """Σ w L of a block."""
        o = self.objective
        return o.rows.total_of(partial(losses_of_block, block, o.activation, o.g2))


def curvature_of_block(block: Block, activation: str, g2: Loss, X: Any, Y: Floats, weights: Floats) -> Curvature:
    """`curvature` over one block of rows, of which `weights` `(K, m)` are those of all networks."""
    return curvature(block, X, Y, activation, g2, weights[block.members])


def losses_of_block(block: Block, activation: str, g2: Loss, X: Any, Y: Floats, weights: Floats) -> Floats:
    """`losses` over one block of rows."""
    return losses(block, X, Y, activation, g2, weights[block.members])


def move(block: Block, which: Any, theta: Floats) -> None:
    """Write parameters `(k, p)` into a block, of the networks `which`."""
    for whole, part in zip(block.parameters, unflat(theta, block.parameters), strict=True):
        whole[which] = part


def at(block: Block, theta: Floats) -> Block:
    """The block's networks with other parameters, `(k, p)`."""
    return replace(block, parameters=unflat(theta, block.parameters))


def solve(JTJ: Floats, diagonal: Floats, gradient: Floats) -> Floats:
    """−(JTJ + diag)⁻¹ gradient for each of k networks; NaN where rounding has made a matrix singular or indefinite."""
    k, p = gradient.shape
    A = JTJ.copy()
    A.reshape(k, -1)[:, :: p + 1] += diagonal
    if p <= SMALL:
        try:
            return np.asarray(-np.linalg.solve(A, gradient[:, :, None])[:, :, 0])
        except np.linalg.LinAlgError:  # one of them: find out which
            pass
    delta = np.full_like(gradient, np.nan)

    def one(j: int) -> None:
        _, x, info = lapack.dposv(A[j].T, gradient[j], lower=True, overwrite_a=True)
        if info == 0:
            delta[j] = -x

    over_parts(one, range(k), p**3 // 3)
    return delta
