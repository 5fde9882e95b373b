"""What a training leaves."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shoal.population import Population
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
    chosen = kept.parameters.map(lambda old, new: np.where(members[:, None, None], new, old), now.parameters)
    return replace(kept, parameters=chosen)
