"""The course of a training: the events of its epochs, when networks have learned enough, all that its steps change, and its result.

The command line prints events, the page streams them, tests count them.

Rows that decide when a network stops cannot judge it afterwards: the epoch that is best for these very rows looks better on them than on
new ones. Where every row must judge (calibration="cv+"), the rows of other networks of the kind decide: `by`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from shoal.engine.packing import SETTING
from shoal.errors import CheckpointError
from shoal.population import Population
from shoal.recipe import Recipe, each
from shoal.training.solvers.solver import Evidence
from shoal.types import Floats

RUNAWAY = 1e12  # a loss so many times the first cost (at least 1) has diverged, though it may stay finite for long
FIELDS = ("loss", "validation_loss", "validation_score", "learning_rate")


class Epoch(NamedTuple):
    """One pass over the rows, of all networks of a group.

    Attributes
    ----------
    epoch, n_epochs : int
        This pass, from 1, and the number of planned passes.
    t : int
        Updates made so far.
    loss : ndarray, (K,)
        Mean of the batch costs before each update, penalty included; NaN for stopped networks.
    validation_loss : ndarray, (K,) or None
        Mean loss on each network's validation rows, if there are any.
    validation_score : ndarray, (K,) or None
        Accuracy, or R² of regression, on the same rows; or the score of `scoring`.
    learning_rate : ndarray, (K,)
        The rate of the last update.
    seconds : float
        Since training began, without those for which it waited for the compiler.
    active : ndarray of bool, (K,)
        Which networks continue after this epoch.
    """

    epoch: int
    n_epochs: int
    t: int
    loss: NDArray[np.floating]
    validation_loss: NDArray[np.floating] | None
    validation_score: NDArray[np.floating] | None
    learning_rate: NDArray[np.floating]
    seconds: float
    active: NDArray[np.bool_]


def events_of_curves(curves: Mapping[str, NDArray[Any] | None], n_epochs: int) -> list[Epoch]:
    """The events of a training whose curves were kept, each `(epochs, …)` by the name of its field.

    If it was not kept, `active` are the networks with a finite loss, and `seconds` are 0.
    """
    loss = curves["loss"]
    assert loss is not None
    kept = {"active": np.isfinite(loss), "seconds": np.zeros(len(loss))} | {name: c for name, c in curves.items() if c is not None}

    def event(i: int) -> Epoch:
        loss, judged, score, rate = (kept[name][i] if name in kept else None for name in FIELDS)
        return Epoch(i + 1, n_epochs, i + 1, loss, judged, score, rate, float(kept["seconds"][i]), kept["active"][i])  # type: ignore[arg-type]

    return [event(i) for i in range(len(loss))]


def packed_events(events: Sequence[Epoch]) -> dict[str, NDArray[Any]]:
    """Events as arrays, each `(epochs, …)` by the name of its field; NaN without validation, as in `judged (epochs,)`."""
    if not events:
        return {}
    nothing = np.full_like(events[0].loss, np.nan, np.float64)

    def column(name: str) -> NDArray[Any]:
        return np.array([nothing if (value := getattr(event, name)) is None else value for event in events])

    return {f"events.{name}": column(name) for name in Epoch._fields} | {
        "events.judged": np.array([event.validation_loss is not None for event in events])
    }


def unpacked_events(arrays: Mapping[str, NDArray[Any]]) -> list[Epoch]:
    """The events of the arrays of `packed_events`.

    Raises
    ------
    CheckpointError
        For arrays that are missing, or of different lengths.
    """
    if not any(name.startswith("events.") for name in arrays):
        return []
    columns = [arrays.get(f"events.{name}") for name in (*Epoch._fields, "judged")]
    if len({None if c is None or not c.ndim else len(c) for c in columns} - {None}) != 1 or any(c is None for c in columns):
        raise CheckpointError("the checkpoint's events are not complete: it is damaged. Choose another file, or remove it to start again.")

    def event(of: dict[str, Any], judged: bool) -> Epoch:
        whole = {name: int(of[name]) for name in ("epoch", "n_epochs", "t")} | {"seconds": float(of["seconds"])}
        return Epoch(**(of | whole | ({} if judged else {"validation_loss": None, "validation_score": None})))

    rows: Any = zip(*columns, strict=True)
    return [event(dict(zip(Epoch._fields, values, strict=True)), bool(judged)) for *values, judged in rows]


# --- when networks stop ---------------------------------------------------------------------------------------------


@dataclass
class Stopping:
    """For each of K networks: the best loss so far and for how many epochs it has not been beaten by more than tol.

    Attributes
    ----------
    by : ndarray, (K, K), or None
        Row k weighs the losses that decide for network k, those of other networks; each row adds up to 1. None: each its own.
    last, at_best : ndarray, (K,)
        Each network's own loss when it was last trained, and when it was last at its best if another loss or a score decides.
    """

    patience: int | None = field(metadata=SETTING)
    tol: float = field(metadata=SETTING)
    best: Floats
    stalled: NDArray[np.int64]
    by: Floats | None = field(metadata=SETTING)
    last: Floats
    at_best: Floats

    def see(self, losses: Floats, own: Floats | None = None) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Take the loss of one epoch `(K,)`, or of several in a row `(n, K)`; returns which networks are at their best so far
        after the last of them, and which have stalled too long.

        Several are as good as one after the other where none can stop before the last: `room` says how many those are. Minus a
        score may take the place of the losses; `own (K,)` are then the losses.
        """
        if losses.ndim == 1 or len(losses) == 1:
            better, stalled = self.see_one(losses.reshape(-1))
            if own is not None:
                self.at_best = np.where(better, own, self.at_best)
            return better, stalled
        bests = np.fmin.accumulate(np.vstack([self.best, losses]))  # fmin: a loss that is no number beats nothing
        enough = losses < bests[:-1] - self.tol
        since = np.argmax(enough[::-1], axis=0)
        self.stalled = np.where(enough.any(axis=0), since, self.stalled + len(losses))
        self.best = bests[-1]
        better = losses[-1] < bests[-2]
        return better, np.zeros(len(better), bool) if self.patience is None else self.stalled > self.patience

    def see_one(self, own: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """`see` for a single epoch."""
        if self.by is None:
            return self.see_each(own)
        # A network that has left counts as it last stood: a constant moves no minimum.
        self.last = np.where(np.isfinite(own), own, self.last)
        better, stalled = self.see_each(self.by @ self.last)
        self.at_best = np.where(better, self.last, self.at_best)
        needed = ((self.by > 0) & (~stalled & np.isfinite(own))[:, None]).any(axis=0)  # somebody goes on who is decided for by it
        return better, stalled & ~needed

    def see_each(self, loss: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """`see` for a single epoch of losses that decide."""
        better = loss < self.best
        self.stalled = (self.stalled + 1) * ~(loss < self.best - self.tol)
        self.best = np.fmin(self.best, loss)  # fmin: a loss that is no number beats nothing
        return better, better & False if self.patience is None else self.stalled > self.patience

    def reached(self) -> Floats:
        """Each network's own loss at its best, `(K,)`."""
        return np.where(np.isinf(self.at_best), self.best, self.at_best) if self.by is None else self.at_best.copy()

    def room(self, active: NDArray[np.bool_]) -> int | None:
        """After how many epochs the first of the active networks might stop; None if none ever does."""
        return None if self.patience is None else int(self.patience + 1 - self.stalled[active].max())


def new_stopping(K: int, patience: int | None, tol: float, by: Floats | None = None) -> Stopping:
    """Nothing seen yet."""
    return Stopping(patience, tol, np.full(K, np.inf), np.zeros(K, np.int64), by, np.zeros(K), np.full(K, np.inf))


# --- progress and result --------------------------------------------------------------------------------------------


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


def bound_of(first_cost: Floats) -> Floats:
    """The loss from which networks with this first batch cost count as diverged."""
    return RUNAWAY * np.maximum(1.0, np.abs(first_cost))


def left_bounds(loss: Floats, bound: Floats) -> NDArray[np.bool_]:
    """Which losses mean that training diverged; NaN does too."""
    return ~((loss <= bound) & (loss > -np.inf))


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
    def tried_longer(self) -> NDArray[np.bool_]:
        """The networks for which another training was tried and was no better, `(K,)`: none (`Longer`)."""
        return np.zeros(len(self.now.active), bool)

    def counted(self, events: list[Epoch]) -> list[Epoch]:
        """The events of the training that is kept: all (`TwoStage.counted`)."""
        return events

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
    if members.all():
        return now
    chosen = kept.parameters.map(lambda old, new: np.where(members[:, None, None], new, old), now.parameters)
    return replace(kept, parameters=chosen)
