"""When a network has learned enough: no improvement for `patience` epochs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass
class Stopping:
    """For each of K networks: the best loss so far and for how many epochs it has not been beaten by more than tol."""

    patience: int | None
    tol: float
    best: Floats
    stalled: NDArray[np.int64]

    def see(self, loss: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Take this epoch's loss `(K,)`; returns which networks are at their best so far, and which have stalled too long."""
        with np.errstate(invalid="ignore"):
            enough = loss < self.best - self.tol
            better = loss < self.best
        self.stalled = np.where(enough, 0, self.stalled + 1)
        self.best = np.where(better, loss, self.best)
        return better, np.zeros(len(loss), bool) if self.patience is None else self.stalled > self.patience


def fresh(K: int, patience: int | None, tol: float) -> Stopping:
    """Nothing seen yet."""
    return Stopping(patience, tol, np.full(K, np.inf), np.zeros(K, np.int64))
