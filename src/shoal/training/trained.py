"""What a training leaves."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shoal.population import Population
from shoal.textbook.propagation import Parameters
from shoal.training.solvers.base import Evidence
from shoal.types import Floats


@dataclass(frozen=True)
class Trained:
    """What training leaves: the kept weights, and for each network its last loss, best validation loss and epochs.

    `loss (K,)` is NaN where the network left the finite numbers; `epochs (K,)` counts those trained; `best_validation_loss`
    is None without validation rows; `diverged (K,)` is the epoch in which a network diverged, 0 for none; `rows` counts
    those seen, again in every epoch, earlier runs included. `judged` are the networks that rows held out can still judge,
    where those of `population` have learned from them (None: they have not).
    """

    population: Population
    loss: Floats
    best_loss: Floats
    best_validation_loss: Floats | None
    epochs: NDArray[np.int64]
    t: int
    diverged: NDArray[np.int64]
    rows: int
    evidence: Evidence | None = None
    judged: Population | None = None


def overwrite(kept: Population, now: Population, members: NDArray[np.bool_]) -> Population:
    """`kept` with some members' weights replaced by today's."""
    chosen = [np.where(members[:, None, None], new, old) for old, new in zip(kept.parameters, now.parameters, strict=True)]
    return replace(kept, parameters=Parameters(*chosen))
