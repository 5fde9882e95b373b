"""Levenberg-Marquardt over all rows for K networks at once, each with its own damping.

A step δ solves (Σ w Jᵀ H J + diag(ridge) + μ m) δ = −(gradient + ridge θ): with much damping μ it is a short gradient step, with little a
Gauss-Newton step. A step that does not lower the cost is repeated with `FACTOR` times the damping; one that does is kept and μ is divided
by `FACTOR` (the method of Marquardt 1963; Hagan & Menhaj 1994, whose factor is 10). The ridge is λ on the weights and 0 on the biases, or
comes from the data (`bayes.py`).

Small networks with few rows take compiled sums and steps (`engine/kernels/small_lm.py`).
"""

from dataclasses import dataclass, replace
from functools import cache, partial
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from shoal.engine.arguments import kernel_array, refuse
from shoal.engine.kernels import dispatch_module, small_lm_module
from shoal.engine.layout import NetworkBlock, join, split
from shoal.engine.packing import copied
from shoal.engine.sums import Curvature, chosen, curvature, flat, losses, n_parameters, over_parts, unflat
from shoal.population import Population
from shoal.textbook.losses import Loss
from shoal.training.rows import ArrayRows
from shoal.training.solvers.solver import Evidence, Objective, Solver, Step, penalised
from shoal.types import Floats

# --- small networks, compiled --------------------------------------------------------------------------------------------


MOST_WORK = 2_000_000  # multiplications of JᵀJ, a millisecond: beyond, products by the matrix library gain more than Python takes
MOST_PARAMETERS = 64
CROSS_ENTROPY = {"squared_error": False, "sigmoid": True}  # whether the second derivative of a loss of one logit is a (1 − a), or 1


@dataclass(frozen=True)
class SmallRows:
    """What the compiled steps of one block read: `X (n, m)` as the block sees it, `y (1, m)`, `weights (K, m)`, the names of activation
    and loss, and whether there are skip connections.
    """

    X: Floats
    y: Floats
    weights: Floats
    activation: str
    output: str
    skip: bool = False


@cache
def steps() -> ModuleType:
    """The compiled steps."""
    return small_lm_module()


@cache
def addresses(activation: str, output: str, skip: bool) -> NDArray[np.int64]:
    """The addresses of activation and loss in this process, and whether there are skip connections."""
    p = dispatch_module()
    return np.array([p.activation_address(activation, False), p.loss_address(output, False), skip], np.int64)


def small_rows(o: Objective, block: NetworkBlock) -> SmallRows | None:
    """The rows laid out for the block's networks; None where the compiled steps are not for them."""
    rows, p = o.rows, n_parameters(block.parameters)
    if not isinstance(rows, ArrayRows) or not isinstance(rows.X, np.ndarray):
        return None
    if o.g2.name not in CROSS_ENTROPY or block.units is not None or block.parameters.W2.shape[1] > 1 or p > MOST_PARAMETERS:
        return None
    if len(block.members) * rows.m * p * p > MOST_WORK:
        return None
    X, y, weights = (kernel_array(values, np.float64) for values in (block.columns_of(rows.X), rows.Y.T, rows.weights))
    return SmallRows(X, y, weights, o.activation, o.g2.name, block.parameters.W3 is not None)


def small_curvature(rows: SmallRows, members: NDArray[np.int64], theta: Floats, total: Floats) -> Curvature:
    """`sums.curvature` of the networks `theta (k, p)`, their rows' weight `total (k,)`."""
    k, p = theta.shape
    loss, gradient, JTJ = np.empty(k), np.empty((k, p)), np.empty((k, p, p))
    where = addresses(rows.activation, rows.output, rows.skip)
    refuse(steps().curvature(where, CROSS_ENTROPY[rows.output], rows.X, rows.y, rows.weights, members, theta, loss, gradient, JTJ))
    return Curvature(total, loss, gradient, JTJ)


def small_step(
    rows: SmallRows, members: NDArray[np.int64], theta: Floats, total: Floats, ridge: Floats, rule: Floats, damping: Floats, flat: Floats
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """A whole step of `LevenbergMarquardt.step_block` under a ridge that stays: the parameters and J after it, and who has converged."""
    new, cost, still, where = (
        np.empty_like(theta),
        np.empty(len(theta)),
        np.empty(len(theta), bool),
        addresses(rows.activation, rows.output, rows.skip),
    )
    given: tuple[Any, ...] = (rows.X, rows.y, rows.weights, members, theta, ridge, total)
    refuse(steps().step(where, CROSS_ENTROPY[rows.output], *given, rule, damping, flat, new, cost, still))
    return new, cost, still


def small_descent(
    rows: SmallRows,
    members: NDArray[np.int64],
    theta: Floats,
    found: Curvature,
    ridge: Floats,
    rule: Floats,
    damping: Floats,
) -> tuple[Floats, Floats]:
    """`LevenbergMarquardt.descend`: the parameters after a step and the cost there; `damping (k,)` changes.

    Loss and gradient of `found` have the penalty in them; `rule` is the damping's factor, its least and its most.
    """
    new, after, where = np.empty_like(theta), np.empty_like(found.loss), addresses(rows.activation, rows.output, rows.skip)
    at = members, theta, kernel_array(ridge, np.float64)  # of Bayes it is a transposed one
    given: tuple[Any, ...] = (rows.X, rows.y, rows.weights, *at, found.loss, found.gradient, found.JTJ, found.weight)
    refuse(steps().descend(where, *given, rule, damping, new, after))
    return new, after


# --- the solver -----------------------------------------------------------------------------------------------------


FIRST_DAMPING, FACTOR = 1e-2, 4.0  # μ over the mean of the rows; with 4 instead of 10, fewer steps are repeated (docs/solvers.md)
LEAST_DAMPING, MOST_DAMPING = 1e-20, 1e10  # beyond the largest no step helps
RULE = np.array([FACTOR, LEAST_DAMPING, MOST_DAMPING])
SMALL = 64  # parameters up to which one call solves all networks
LEAST_DECREASE = 1e-12  # relative: a smaller decrease counts as none


B = TypeVar("B")  # what a prior has learned


class Prior(Protocol[B]):
    """The cost of every squared parameter, the ridge. What it has learned is part of the solver's state, which a step may change."""

    @property
    def fixed(self) -> bool:
        """Whether the ridge is constant."""

    def begin(self) -> B:
        """The prior's knowledge before the first step."""

    def first_ridge(self, known: B, block: NetworkBlock) -> Floats:
        """The ridge of a block's networks before the first step, `(k, p)`."""

    def update(self, known: B, block: NetworkBlock, found: Curvature, ridge: Floats) -> Floats:
        """The ridge for the next step, from the sums `found` at the block's networks."""

    def settled(self, known: B, still: NDArray[np.bool_], members: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the networks have settled; `still` are those that no longer change, `(k,)`."""

    def resumed(self, known: B, earlier: B) -> B:
        """The knowledge of an earlier training, if it has the same number of networks."""

    def evidence(self, known: B, found: list[tuple[NetworkBlock, Curvature]]) -> Evidence | None:
        """The evidence for the networks of these blocks, whose sums were `found`."""


@dataclass(frozen=True)
class FixedPenalty:
    """λ of the chapter's cost on the weights, nothing on the biases; `lam (K,)`. Nothing is learned."""

    lam: Floats
    fixed: bool = True

    def begin(self) -> None:
        """Nothing."""

    def first_ridge(self, known: None, block: NetworkBlock) -> Floats:
        """The constant ridge."""
        return np.asarray(self.lam[block.members, None] * penalised(block.parameters))

    def update(self, known: None, block: NetworkBlock, found: Curvature, ridge: Floats) -> Floats:
        """Stays as it is."""
        return ridge

    def settled(self, known: None, still: NDArray[np.bool_], members: NDArray[np.int64]) -> NDArray[np.bool_]:
        """A network that no longer changes has settled."""
        return still

    def resumed(self, known: None, earlier: None) -> None:
        """Nothing."""

    def evidence(self, known: None, found: list[tuple[NetworkBlock, Curvature]]) -> None:
        """A fixed penalty has no evidence."""


@dataclass(frozen=True)
class DampedState(Generic[B]):
    """The current point of K networks, in blocks of those with the same inputs.

    `theta` and `ridge` have an array `(k, p)` for each block; `damping (K,)`; `known` is what the prior has learned.
    """

    theta: tuple[Floats, ...]
    ridge: tuple[Floats, ...]
    damping: Floats
    known: B


class LevenbergMarquardt(Solver[DampedState[Any]]):
    """One accepted, damped Gauss-Newton step per iteration."""

    def __init__(self, objective: Objective, tol: float, max_fun: int, prior: Prior[Any]) -> None:
        super().__init__(objective, tol, max_fun)
        self.prior = prior
        self.flat = np.array([tol, LEAST_DECREASE])
        self.blocks = split(objective.population, np.dtype(np.float64))
        self.small = [small_rows(objective, block) for block in self.blocks]

    def begin(self) -> DampedState[Any]:
        """Little damping, and the prior's first ridge."""
        known = self.prior.begin()
        ridge = tuple(self.prior.first_ridge(known, block) for block in self.blocks)
        damping = np.full(self.objective.population.K, FIRST_DAMPING)
        return DampedState(tuple(flat(block.parameters) for block in self.blocks), ridge, damping, known)

    def population(self, state: DampedState[Any]) -> Population:
        """The networks with their current weights."""
        return join([at(block, theta) for block, theta in zip(self.blocks, state.theta, strict=True)], self.objective.population)

    def step(self, state: DampedState[Any], active: NDArray[np.bool_]) -> tuple[DampedState[Any], Step]:
        """One accepted step; a network has settled if J is flat, or if no step lowers it."""
        value, settled, state = np.full(len(active), np.nan), np.zeros(len(active), bool), copied(state)
        for block, theta, ridge, small in zip(self.blocks, state.theta, state.ridge, self.small, strict=True):
            on = active[block.members]
            n_on = np.count_nonzero(on)
            if n_on:
                some, which = (block, slice(None)) if n_on == len(on) else (chosen(block, on), on)
                now = at(some, theta[which])
                theta[which], ridge[which], step = self.step_block(state, now, theta[which], ridge[which], small)
                value[some.members], settled[some.members] = step.value, step.settled
        return state, Step(value, settled)

    def step_block(
        self, state: DampedState[Any], block: NetworkBlock, theta: Floats, ridge: Floats, small: SmallRows | None
    ) -> tuple[Floats, Floats, Step]:
        """One step of every network of a block, whose parameters are `theta (k, p)`; returns the new parameters and ridge, and the step.

        Writes the damping, and the prior's knowledge, into the state.
        """
        total, who = self.objective.rows.total[block.members], block.members
        damping = state.damping[who]
        if small is not None and self.prior.fixed:
            new, J, still = small_step(small, who, theta, total, ridge, RULE, damping, self.flat)
            state.damping[who] = damping
            return new, ridge, Step(J, still)
        found = self.sums(block) if small is None else small_curvature(small, who, theta, total)
        ridge = self.prior.update(state.known, block, found, ridge)
        cost = found.loss + (ridge * theta**2).sum(axis=1) / 2
        gradient = found.gradient + ridge * theta
        if small is None:
            new, after = self.descend(block, theta, cost, gradient, found, ridge, damping)
        else:
            new, after = small_descent(small, who, theta, replace(found, loss=cost, gradient=gradient), ridge, RULE, damping)
        state.damping[who] = damping
        level = np.abs(gradient).max(axis=1) <= self.tol * found.weight
        still = level | (cost - after <= LEAST_DECREASE * cost) | (damping > MOST_DAMPING)
        return new, ridge, Step(after / found.weight, self.prior.settled(state.known, still, who))

    def descend(
        self, block: NetworkBlock, theta: Floats, cost: Floats, gradient: Floats, found: Curvature, ridge: Floats, damping: Floats
    ) -> tuple[Floats, Floats]:
        """Each network's first step that lowers its cost, with the damping that it needs; `(k, p)` and the cost there.

        `damping (k,)` changes.
        """
        new, after = theta.copy(), cost.copy()
        waiting = np.flatnonzero(damping <= MOST_DAMPING)
        while len(waiting):
            mu = damping[waiting]
            delta = solve(found.JTJ[waiting], ridge[waiting] + (mu * found.weight[waiting])[:, None], gradient[waiting])
            trial = theta[waiting] + delta
            with np.errstate(over="ignore", invalid="ignore"):  # a step too far: refused, because NaN is not less
                there = self.losses(at(chosen(block, waiting), trial)) + np.sum(ridge[waiting] * trial**2, axis=1) / 2
            lower = there < cost[waiting]
            good = waiting[lower]
            new[good], after[good] = trial[lower], there[lower]
            damping[waiting] = np.where(lower, np.maximum(mu / FACTOR, LEAST_DAMPING), mu * FACTOR)
            waiting = waiting[~lower & (mu * FACTOR <= MOST_DAMPING)]
        return new, after

    def resumed(self, state: DampedState[Any], earlier: DampedState[Any]) -> DampedState[Any]:
        """Continue with an earlier training's damping, which may have been too large, and with its prior's knowledge."""
        damping = np.minimum(earlier.damping, FIRST_DAMPING) if len(earlier.damping) == len(state.damping) else state.damping
        known = copied(self.prior.resumed(state.known, earlier.known))
        return DampedState(state.theta, tuple(self.prior.first_ridge(known, block) for block in self.blocks), damping, known)

    def evidence(self, state: DampedState[Any], population: Population) -> Evidence | None:
        """The prior's evidence for these weights; None for a fixed penalty."""
        if self.prior.fixed:
            return None
        return self.prior.evidence(state.known, [(block, self.sums(block)) for block in split(population, np.dtype(np.float64))])

    def sums(self, block: NetworkBlock) -> Curvature:
        """JᵀHJ and the gradient of a block over all rows."""
        o = self.objective
        return o.rows.total_of(partial(curvature_of_block, block, o.activation, o.g2))

    def losses(self, block: NetworkBlock) -> Floats:
        """Σ w L of a block."""
        o = self.objective
        return o.rows.total_of(partial(losses_of_block, block, o.activation, o.g2))


def levenberg_marquardt(objective: Objective, tol: float, max_fun: int) -> LevenbergMarquardt:
    """The solver with the given penalty."""
    return LevenbergMarquardt(objective, tol, max_fun, FixedPenalty(objective.lam))


def curvature_of_block(block: NetworkBlock, activation: str, g2: Loss, X: Any, Y: Floats, weights: Floats) -> Curvature:
    """`curvature` over one block of rows, of which `weights` `(K, m)` are those of all networks."""
    return curvature(block, X, Y, activation, g2, weights[block.members])


def losses_of_block(block: NetworkBlock, activation: str, g2: Loss, X: Any, Y: Floats, weights: Floats) -> Floats:
    """`losses` over one block of rows."""
    return losses(block, X, Y, activation, g2, weights[block.members])


def at(block: NetworkBlock, theta: Floats) -> NetworkBlock:
    """The block's networks with other parameters, `(k, p)`."""
    return replace(block, parameters=unflat(theta, block.parameters))


def solve(JTJ: Floats, diagonal: Floats, gradient: Floats) -> Floats:
    """−(JTJ + diag)⁻¹ gradient for each of k networks; NaN if rounding has made a matrix singular or indefinite."""
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
