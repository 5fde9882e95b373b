"""What the solvers share that walk down J by its value and gradient: where K networks stand, and what J is there."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from shoal.engine.sums import flat
from shoal.population import Population
from shoal.training.objective import Objective, networks_at, value_and_gradient
from shoal.types import Floats

LEAST_DECREASE = 1e-12  # relative to max(|J|, 1e-3): below it an iteration has changed nothing


class Walk(ABC):
    """K networks on their way down; `step` moves those that are still active once.

    `theta (K, p)` are their parameters, `value (K,)` and `gradient (K, p)` J and its derivatives there; NaN before the first look.
    """

    def __init__(self, objective: Objective, tol: float) -> None:
        self.objective, self.tol = objective, tol
        self.theta = flat(objective.population.parameters).astype(np.float64)
        self.value: Floats = np.full(len(self.theta), np.nan)
        self.gradient: Floats = np.zeros_like(self.theta)

    @abstractmethod
    def step(self, active: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
        """One iteration; returns J after it `(K,)` and which networks have settled."""

    def begin(self, members: NDArray[np.int64]) -> NDArray[np.int64]:
        """Look at J where networks stand that have not been looked at; returns these."""
        fresh = members[np.isnan(self.value[members])]
        if len(fresh):
            self.value[fresh], self.gradient[fresh] = value_and_gradient(self.objective, self.theta[fresh], fresh)
        return fresh

    def population(self) -> Population:
        """The networks where they stand."""
        return networks_at(self.objective, self.theta)

    def spent(self) -> NDArray[np.bool_]:
        """Which networks have used up what they may evaluate: nobody, where nothing bounds it."""
        return np.zeros(len(self.value), bool)


def dot(a: Floats, b: Floats) -> Floats:
    """Of each network's row, `(k,)`."""
    return np.asarray(np.einsum("kp,kp->k", a, b))
