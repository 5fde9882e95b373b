"""The interface of a full-batch solver: `begin` returns a state, `step` the next one.

The solver has the problem and its limits, the state everything else.

A state is a frozen dataclass of arrays and numbers. A step works on a copy of what it changes, so that an earlier state stays unchanged:
callers may keep it, pack it or return to it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from shoal.engine.packing import Arrays, packed, unpacked
from shoal.engine.sums import flat
from shoal.population import Population
from shoal.training.objective import Objective, networks_at, value_and_gradient
from shoal.types import Floats

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

    `theta (K, p)` are their parameters, `value (K,)` and `gradient (K, p)` J and its derivatives there; NaN before the first evaluation.
    """

    theta: Floats
    value: Floats
    gradient: Floats


D = TypeVar("D", bound=Descent)


class DescentSolver(Solver[D]):
    """The common part of the solvers that use the value and the gradient of J. Abstract."""

    def start(self) -> tuple[Floats, Floats, Floats]:
        """`theta`, `value` and `gradient` before the first evaluation."""
        theta = flat(self.objective.population.parameters).astype(np.float64)
        return theta, np.full(len(theta), np.nan), np.zeros_like(theta)

    def look(self, state: D, members: NDArray[np.int64]) -> NDArray[np.int64]:
        """Evaluate J for networks that have not been evaluated; returns these. Changes the state, which is the step's own."""
        fresh = members[np.isnan(state.value[members])]
        if len(fresh):
            state.value[fresh], state.gradient[fresh] = value_and_gradient(self.objective, state.theta[fresh], fresh)
        return fresh

    def population(self, state: D) -> Population:
        """The networks with their current weights."""
        return networks_at(self.objective, state.theta)


def dot(a: Floats, b: Floats) -> Floats:
    """Of each network's row, `(k,)`."""
    return np.asarray(np.einsum("kp,kp->k", a, b))
