"""Resilient backpropagation over all rows, K networks side by side: every weight has a step of its own, which follows signs alone.

Where a derivative keeps its sign its weight's step grows by a fifth; where it turns, the step is halved, and the last one is
taken back if the cost has risen (iRprop⁺: Igel & Hüsken 2003, after Riedmiller & Braun 1993, whose numbers these are). The cost
may rise on the way.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoal.training.objective import Objective, value_and_gradient
from shoal.training.walk import Walk
from shoal.types import Floats

GROW, SHRINK = 1.2, 0.5
FIRST, LEAST, MOST = 0.1, 1e-6, 50.0  # steps of a weight


@dataclass
class Way:
    """What a next step needs of the last: each weight's step size, the move made and the derivative before it `(K, p)`, and J `(K,)`."""

    size: Floats
    move: Floats
    gradient: Floats
    value: Floats


class Rprop(Walk):
    """Sign by sign."""

    def __init__(self, objective: Objective, tol: float) -> None:
        super().__init__(objective, tol)
        K, p = self.theta.shape
        self.way = Way(np.full((K, p), FIRST), np.zeros((K, p)), np.zeros((K, p)), np.full(K, np.inf))

    def step(self, active: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
        """One step; returns J after it `(K,)` and which networks have settled (flat, or moving no more)."""
        now, way = np.flatnonzero(active), self.way
        self.begin(now)
        sign, g = np.sign(self.gradient[now]), self.gradient[now]
        agreement = sign * np.sign(way.gradient[now])
        kept, turned = agreement > 0, agreement < 0
        size = np.clip(way.size[now] * np.where(kept, GROW, np.where(turned, SHRINK, 1.0)), LEAST, MOST)
        risen = (self.value[now] > way.value[now])[:, None]
        move = np.where(turned, np.where(risen, -way.move[now], 0.0), -sign * size)
        way.size[now], way.move[now], way.gradient[now] = size, move, np.where(turned, 0.0, g)
        way.value[now] = self.value[now]
        self.move(now, move)
        settled = np.zeros(len(active), bool)
        still = ((way.size[now] <= LEAST) | (self.gradient[now] == 0)).all(axis=1)
        settled[now] = (np.abs(self.gradient[now]).max(axis=1) <= self.tol) | still
        return self.value.copy(), settled

    def move(self, members: NDArray[np.int64], move: Floats) -> None:
        """To where the step leads, unless the cost is no number there: then a network stays, and all of its steps are halved."""
        there = self.theta[members] + move
        with np.errstate(over="ignore", invalid="ignore"):
            value, gradient = value_and_gradient(self.objective, there, members)
        fine = np.isfinite(value) & np.isfinite(gradient).all(axis=1)
        on, lost = members[fine], members[~fine]
        self.theta[on], self.value[on], self.gradient[on] = there[fine], value[fine], gradient[fine]
        self.way.size[lost] = np.maximum(self.way.size[lost] * SHRINK, LEAST)
        self.way.move[lost] = self.way.gradient[lost] = 0.0

    def memory(self) -> Way:
        """What a later run goes on with."""
        return self.way

    def take_over(self, memory: Way) -> None:
        """Go on with the steps of an earlier run, where they are of networks of the same size."""
        if memory.size.shape == self.way.size.shape:
            self.way = memory
