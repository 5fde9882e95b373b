"""The progress of a training, everything that its steps change in one dataclass, and its result."""

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from shoal.population import Population
from shoal.recipe import Recipe, each
from shoal.training.solvers.solver import Evidence
from shoal.training.validation import Stopping, new_stopping
from shoal.types import Floats


@dataclass(kw_only=True)
class Progress:
    """What the steps of every training change, for K networks.

    Attributes
    ----------
    stopping : Stopping
    kept : Population
        The best weights so far.
    loss : ndarray, (K,)
        The last one of each network.
    epochs, diverged : ndarray of int, (K,)
        Epochs trained, and the one in which a network diverged, 0 for none.
    active : ndarray of bool, (K,)
        Which networks continue.
    done : int
        Epochs of this training.
    rows : int
        Rows so far, including earlier trainings.
    seconds : float
        Since this training began.
    """

    stopping: Stopping
    kept: Population
    loss: Floats
    epochs: NDArray[np.int64]
    diverged: NDArray[np.int64]
    active: NDArray[np.bool_]
    done: int = 0
    rows: int = 0
    seconds: float = 0.0


@dataclass(kw_only=True)
class RunProgress(Progress):
    """What epochs of minibatches change besides the engine's state.

    Attributes
    ----------
    rates, first_rates : ndarray, (K,)
        Learning rates before the schedule's factor, and the initial ones.
    first_t : int
        Updates before this training.
    bound : ndarray, (K,)
        The loss from which on a network has diverged.
    all_active : bool
        Whether all networks are still in training.
    """

    rates: Floats
    first_rates: Floats
    bound: Floats
    first_t: int = 0
    all_active: bool = True


def first_progress(population: Population, recipe: Recipe, by: Floats | None) -> RunProgress:
    """Nothing trained yet; `by` as `Stopping` has it."""
    K = population.K
    rates = each(recipe.learning_rate, K)
    return RunProgress(
        stopping=new_stopping(K, recipe.patience, recipe.tol, by),
        kept=population,
        loss=np.full(K, np.nan),
        epochs=np.zeros(K, np.int64),
        diverged=np.zeros(K, np.int64),
        active=np.ones(K, bool),
        rates=rates,
        first_rates=rates.copy(),
        bound=np.full(K, np.inf),
    )


P = TypeVar("P", bound=Progress)


class InProgress(Generic[P]):
    """A training that keeps everything that its steps change in `now`. Abstract: see `minibatch.Run` and `full_batch.FullBatch`."""

    now: P

    @property
    def active(self) -> NDArray[np.bool_]:
        """Which networks continue, `(K,)`."""
        return self.now.active

    @active.setter
    def active(self, active: NDArray[np.bool_]) -> None:
        self.now.active = active

    @property
    def kept(self) -> Population:
        """The best weights so far of stopped networks, from the time they stopped; `result` has those of all."""
        return self.now.kept

    @property
    def stopping(self) -> Stopping:
        """The best losses so far."""
        return self.now.stopping

    @property
    def loss(self) -> Floats:
        """The last loss of each network, `(K,)`."""
        return self.now.loss

    @property
    def epochs(self) -> NDArray[np.int64]:
        """Epochs that each network was trained, `(K,)`."""
        return self.now.epochs

    @property
    def diverged(self) -> NDArray[np.int64]:
        """The epoch in which each network diverged, 0 for none, `(K,)`."""
        return self.now.diverged

    @property
    def done(self) -> int:
        """Epochs of this training."""
        return self.now.done

    @property
    def rows(self) -> int:
        """Rows seen."""
        return self.now.rows


@dataclass(frozen=True)
class Trained:
    """The result of training: the kept weights, and for each network its last loss, best validation loss and epochs.

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
    """`kept` with the current weights of some members."""
    chosen = kept.parameters.map(lambda old, new: np.where(members[:, None, None], new, old), now.parameters)
    return replace(kept, parameters=chosen)
