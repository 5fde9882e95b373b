"""What a full-batch solver minimizes and what it is: `begin` returns a state, `step` the next one.

It minimizes J(θ) of K networks over all their rows, where each network's parameters are one row θ. The solver has the problem and its
limits, the state everything else.

Weights that must have a sign (`textbook.monotone`) are minimized over coordinates v with w = sign · v², `Objective.signs`. Every v gives
such a weight, so each solver that uses J and its gradient serves unchanged, with all of its steps; ∂J/∂v = 2 sign v ∂J/∂w. A v of 0 would
never move: weights that start at 0 start at `LEAST_WEIGHT`.

A state is a frozen dataclass of arrays and numbers. A step works on a copy of what it changes, so that an earlier state stays unchanged:
callers may keep it, pack it or return to it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from shoal.engine.arguments import refuse
from shoal.engine.full_batch import CostOfBlock, costs, costs_of_blocks, in_parts
from shoal.engine.packing import Arrays, packed, unpacked
from shoal.engine.sums import flat, sums, unflat
from shoal.population import Population, take
from shoal.recipe import Directions
from shoal.textbook.losses import Loss
from shoal.textbook.monotone import weight_signs
from shoal.textbook.propagation import PENALISED, Parameters
from shoal.training.rows import ArrayRows, Rows
from shoal.types import Floats


@dataclass(frozen=True)
class Objective:
    """J = (Σ w L + λ/2 (‖W1‖² + ‖W2‖²)) / Σ w of K networks over their rows, in memory or elsewhere.

    `population` gives shapes, widths and masks; `lam (K,)`; `signs (K, p)` are those that weights must have, 0 for free ones, or None if
    all are free.
    """

    population: Population
    rows: Rows
    activation: str
    g2: Loss
    lam: Floats
    signs: Floats | None = None


@dataclass(frozen=True)
class Slope:
    """The contribution of blocks of rows to J and to ∂J/∂θ of k networks, `(k,)` and `(k, p)`. Two of them add up with `+`."""

    value: Floats
    gradient: Floats

    def __add__(self, other: "Slope") -> "Slope":
        return Slope(self.value + other.value, self.gradient + other.gradient)


@dataclass(frozen=True)
class Point:
    """A point at which J is evaluated: the networks `members (k,)` with the parameters `theta (k, p)`.

    `total (k,)` is the weight of all rows for each network, not of a block alone; `lam (k,)`.
    """

    population: Population
    members: NDArray[np.int64]
    theta: Floats
    total: Floats
    lam: Floats
    activation: str
    g2: Loss


def penalised(parameters: Parameters) -> Floats:
    """1 for the weights, 0 for the biases, `(p,)`."""
    counted = {name: np.full_like(w[:1], name in PENALISED, dtype=np.float64) for name, w in parameters.named().items()}
    return np.asarray(flat(Parameters(**counted))[0])


def networks_at(objective: Objective, theta: Floats) -> Population:
    """All networks with the coordinates `theta (K, p)`, copied."""
    shapes = objective.population
    weights = theta.copy() if objective.signs is None else weights_at(theta, objective.signs)
    return Population(unflat(weights, shapes.parameters), shapes.widths, shapes.inputs)


def signs_of(population: Population, directions: Directions) -> Floats | None:
    """`Objective.signs` for networks that must increase or decrease in inputs as a recipe's `directions` say."""
    return None if directions is None else flat(weight_signs(population.parameters, np.asarray(directions, np.float64)))


def weights_at(theta: Floats, signs: Floats) -> Floats:
    """The weights `(k, p)` at coordinates: sign · v² where a weight must have a sign, else v itself."""
    return np.where(signs == 0, theta, signs * theta**2)


def coordinates_of(objective: Objective) -> Floats:
    """The coordinates `(K, p)` of an objective's networks. Weights of units or inputs that are not in use stay 0."""
    population, weights = objective.population, flat(objective.population.parameters).astype(np.float64)
    if objective.signs is None:
        return weights
    p = population.parameters
    seen = (p.W1 != 0).any(axis=1, keepdims=True)  # a constant input has no weights
    units = population.units[:, :, None]
    used = {"W1": seen & units, "b1": units, "W2": np.moveaxis(units, 1, 2), "b2": np.True_, "W3": seen}
    in_use = flat(Parameters(**{name: np.broadcast_to(used[name], w.shape) for name, w in p.named().items()}))
    least = np.where(in_use, LEAST_WEIGHT, 0.0)
    return np.where(objective.signs == 0, weights, np.sqrt(np.maximum(np.abs(weights), least)))


def value_and_gradient(objective: Objective, theta: Floats, members: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """J and ∂J/∂θ of some of the networks, `(k,)` and `(k, p)`; `theta (k, p)` is theirs. One pass over the rows."""
    signs = None if objective.signs is None else objective.signs[members]
    weights = theta if signs is None else weights_at(theta, signs)
    found = objective.rows.total_of(partial(slope_of_block, point_at(objective, weights, members)))
    return found.value, found.gradient if signs is None else found.gradient * np.where(signs == 0, 1.0, 2 * signs * theta)


def point_at(objective: Objective, theta: Floats, members: NDArray[np.int64]) -> Point:
    """The networks `members` with the parameters `theta (k, p)`."""
    o, shapes = objective, take(objective.population, members)
    population = Population(unflat(theta, shapes.parameters), shapes.widths, shapes.inputs)
    return Point(population, members, theta, o.rows.total[members], o.lam[members], o.activation, o.g2)


def slope_of_block(point: Point, X: Any, Y: Floats, weights: Floats) -> Slope:
    """The contribution of one block; each block has a part of the penalty."""
    alike = isinstance(weights, np.ndarray) and weights.strides[0] == 0  # one row of weights for all networks
    found = sums(point.population, X, Y, point.activation, point.g2, weights[0] if alike else weights[point.members])
    lam, free = point.lam[:, None] * (found.weight / point.total)[:, None], penalised(point.population.parameters)
    value = found.loss + np.sum(lam * free * point.theta**2, axis=1) / 2
    gradient = flat(found.gradient) + lam * free * point.theta
    return Slope(value / point.total, gradient / point.total[:, None])


# --- what a solver is ----------------------------------------------------------------------------------------------------


LEAST_WEIGHT = 1e-4  # where the search for a weight that must have a sign starts at least
LEAST_DECREASE = 1e-12  # relative to max(|J|, 1e-3): a smaller decrease counts as none

S = TypeVar("S")


@dataclass(frozen=True)
class Evidence:
    """The evidence of the data for K networks, in the scale in which the networks are trained.

    Attributes
    ----------
    alpha : ndarray, (K, G)
        Precision of the parameters of each kind: W1, b1, W2, b2, and W3 if it exists.
    beta : ndarray, (K,)
        Precision of the noise in the scaled target; 1 for losses that are likelihoods.
    gamma : ndarray, (K,)
        Effective number of parameters, between 0 and p.
    n_parameters : ndarray of int, (K,)
        p: the weights and biases in use.
    log_evidence : ndarray, (K,)
        ln p(target | α, β) in nats, in the Gauss-Newton approximation around the fitted weights.
    """

    alpha: Floats
    beta: Floats
    gamma: Floats
    n_parameters: NDArray[np.int64]
    log_evidence: Floats


@dataclass(frozen=True)
class Step:
    """The result of one step: J after it `(K,)`, NaN for inactive networks, and which networks have settled `(K,)`."""

    value: Floats
    settled: NDArray[np.bool_]


class Solver(ABC, Generic[S]):
    """A method that minimizes J, for the K networks of an objective.

    `tol` is the largest derivative of J at which a network has converged; `max_fun` bounds the evaluations of J, for solvers that have
    this limit. `may_rise` means that J may rise between steps, so that the best weights need not be the latest.
    """

    may_rise = False

    def __init__(self, objective: Objective, tol: float, max_fun: int) -> None:
        self.objective, self.tol, self.max_fun = objective, tol, max_fun

    @abstractmethod
    def begin(self) -> S:
        """The state before the first step, at the objective's networks."""

    @abstractmethod
    def step(self, state: S, active: NDArray[np.bool_]) -> tuple[S, Step]:
        """The state after one step of every active network."""

    @abstractmethod
    def population(self, state: S) -> Population:
        """The networks with their current weights."""

    @abstractmethod
    def resumed(self, state: S, earlier: S) -> S:
        """The state with what an earlier training has learned, if its networks have the same size."""

    def spent(self, state: S) -> NDArray[np.bool_]:
        """Which networks have used up their evaluations: none, without a limit."""
        return np.zeros(self.objective.population.K, bool)

    def evidence(self, state: S, population: Population) -> Evidence | None:
        """The evidence for these networks; None for a solver without evidence."""
        return None

    def pack(self, state: S) -> Arrays:
        """The state as plain arrays."""
        return packed(state, "solver")

    def unpack(self, arrays: Mapping[str, NDArray[Any]]) -> S:
        """The state of the arrays of `pack`."""
        return unpacked(arrays, "solver", self.begin())


@dataclass(frozen=True)
class Descent:
    """The current point of K networks for solvers that use the value and the gradient of J.

    `theta (K, p)` are their coordinates (`coordinates_of`), `value (K,)` and `gradient (K, p)` J and its derivatives there; NaN
    before the first evaluation.
    """

    theta: Floats
    value: Floats
    gradient: Floats


D = TypeVar("D", bound=Descent)


class DescentSolver(Solver[D]):
    """The common part of the solvers that use the value and the gradient of J. Abstract.

    `small` is the cost of small networks in memory, compiled; None for others, and where weights must have a sign: the compiled cost takes
    weights, not the coordinates of `weights_at`.
    """

    def __init__(self, objective: Objective, tol: float, max_fun: int) -> None:
        super().__init__(objective, tol, max_fun)
        o, rows = objective, objective.rows
        self.small = None
        if isinstance(rows, ArrayRows) and o.signs is None:
            self.small = costs_of_blocks(o.population, (rows.X, rows.Y, rows.weights), rows.total, o.lam, o.activation, o.g2)

    def start(self) -> tuple[Floats, Floats, Floats]:
        """`theta`, `value` and `gradient` before the first evaluation."""
        theta = coordinates_of(self.objective)
        return theta, np.full(len(theta), np.nan), np.zeros_like(theta)

    def look(self, state: D, members: NDArray[np.int64]) -> NDArray[np.int64]:
        """Evaluate J for networks that have not been evaluated; returns these. Changes the state, which is the step's own."""
        fresh = members[np.isnan(state.value[members])]
        if len(fresh):
            state.value[fresh], state.gradient[fresh] = self.cost(state.theta[fresh], fresh)
        return fresh

    def cost(self, theta: Floats, members: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """J and ∂J/∂θ of some of the networks, `(k,)` and `(k, p)`; `theta (k, p)` is theirs.

        They may be NaN far away, which a solver treats as a step too far.
        """
        if self.small is not None:
            return costs(self.small, members, theta)
        with np.errstate(over="ignore", invalid="ignore"):
            return value_and_gradient(self.objective, theta, members)

    def iterate(self, kernel: Callable[..., int], members: NDArray[np.int64], *given: Any) -> None:
        """A compiled iteration of small networks, of which `given` is what it takes beside the cost and the members."""
        assert self.small is not None

        def run(block: CostOfBlock, places: NDArray[np.int64]) -> None:
            refuse(kernel(*block.given, members[places], *given))

        in_parts(self.small, members, run)

    def evaluate(self, there: Any, members: NDArray[np.int64]) -> None:
        """J and its derivatives at the points `there` of some of the networks, in their places."""
        there.value[members], there.gradient[members] = self.cost(there.theta[members], members)

    def population(self, state: D) -> Population:
        """The networks with their current weights."""
        return networks_at(self.objective, state.theta)


def points_of(kernels: ModuleType, theta: Floats) -> Any:
    """Points for the kernels to write to, of networks like `theta (K, p)`."""
    return kernels.DescentPoints(np.empty_like(theta), np.empty(len(theta)), np.empty_like(theta))
