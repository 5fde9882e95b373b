"""When a network has learned enough: no improvement for `patience` epochs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoal.types import Floats


@dataclass
class Stopping:
    """For each of K networks: the best loss so far and for how many epochs it has not been beaten by more than tol."""

    patience: int | None
    tol: float
    best: Floats
    stalled: NDArray[np.int64]

    def see(self, losses: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Take the loss of one epoch `(K,)`, or of several in a row `(n, K)`; returns which networks are at their best so far
        after the last of them, and which have stalled too long.

        Several are as good as one after the other where none can stop before the last: `room` says how many those are.
        """
        if losses.ndim == 1 or len(losses) == 1:
            return self.see_one(losses.reshape(-1))
        bests = np.fmin.accumulate(np.vstack([self.best, losses]))  # fmin: a loss that is no number beats nothing
        enough = losses < bests[:-1] - self.tol
        since = np.argmax(enough[::-1], axis=0)
        self.stalled = np.where(enough.any(axis=0), since, self.stalled + len(losses))
        self.best = bests[-1]
        better = losses[-1] < bests[-2]
        return better, np.zeros(len(better), bool) if self.patience is None else self.stalled > self.patience

    def see_one(self, loss: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """`see` for a single epoch."""
        better = loss < self.best
        self.stalled = (self.stalled + 1) * ~(loss < self.best - self.tol)
        self.best = np.fmin(self.best, loss)  # fmin: a loss that is no number beats nothing
        return better, better & False if self.patience is None else self.stalled > self.patience

    def room(self, active: NDArray[np.bool_]) -> int | None:
        """After how many epochs the first of the active networks might stop; None if none ever does."""
        return None if self.patience is None else int(self.patience + 1 - self.stalled[active].max())


def fresh(K: int, patience: int | None, tol: float) -> Stopping:
    """Nothing seen yet."""
    return Stopping(patience, tol, np.full(K, np.inf), np.zeros(K, np.int64))
