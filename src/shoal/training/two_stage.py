"""Two trainings, one after the other, which together take the place of the first.

`LbfgsAfterAdamW`: a smooth target asks for more than a first-order rule finds. Networks without ramps are smooth functions of their
inputs and leave much to a second-order solver, but only where the noise is small enough that following the training rows further is
learning. The rows that each network holds out show whether it is: after some steps their loss may be a little higher than AdamW's best
(one network overfits before the mean of several does), not much higher (docs/solvers.md has the measurements). λ is the noise that those
rows showed, the MAP penalty of weights of size 1 under it. Rows that a network held out stay held out, so that they still tell what it
does not know.

`RefitOnAllRows`: each network watches rows of its own to know when to stop, and so never learns from them. Once that is known it starts
again from its first weights, with the same streams and rates, on all rows, up to the epoch that was its best. Where L-BFGS followed AdamW
it continues on all rows instead. How far targets lie from predictions is measured by the networks that held rows out: `Trained.judged`
has them.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.minibatch import State
from shoal.engine.packing import Arrays, array_like, beneath, part_of
from shoal.recipe import Recipe
from shoal.training.full_batch import FullBatch
from shoal.training.minibatch import Run
from shoal.training.progress import Epoch, Trained, overwrite
from shoal.training.rows import Rows, Validation
from shoal.types import Floats

if TYPE_CHECKING:
    from shoal.training.longer import Longer


class TwoStage(ABC):
    """What both have in common: abstract, see `LbfgsAfterAdamW` and `RefitOnAllRows`.

    `second` is None before its first step.
    """

    def __init__(self, first: "Run | TwoStage") -> None:
        self.first = first
        self.recipe: Recipe = first.recipe
        self.validation: Validation | None = first.validation
        self.state: State = first.state
        self.K: int = first.K
        self.second: Run | FullBatch | None = None
        self.whole = False
        self.seen: list[Epoch] = []  # events of the first; fewer than its epochs where a trial of its own failed

    def __iter__(self) -> Iterator[Epoch]:
        """Train; an event a pass, those of the second after those of the first."""
        if self.second is None:
            for event in self.first:
                self.seen.append(event)
                yield event
        if not self.seen:
            return
        last = self.seen[-1]
        left, left_by_first = self.seconds_left(last), self.first.result()
        if not self.follows(left_by_first) or (left is not None and left <= 0):
            return
        second = self.second = self.second or self.start_second(left_by_first, self.seen, left)
        for event in second:
            yield after(last, event, last.epoch + event.n_epochs)
            if left is not None and event.seconds > left:
                return
        self.end(left_by_first)

    def follows(self, left_by_first: Trained) -> bool:
        """Whether the second training follows: if a network of the first did not diverge."""
        return bool((left_by_first.diverged == 0).any())

    def end(self, left_by_first: Trained) -> None:
        """The second training has come to its end."""
        self.whole = True

    @abstractmethod
    def result(self) -> Trained:
        """What there is to keep."""

    @property
    @abstractmethod
    def rows(self) -> int:
        """Rows seen."""

    @property
    @abstractmethod
    def epochs(self) -> Any:
        """Passes over the rows that each network has made."""

    @property
    def active(self) -> Any:
        """Which networks are in training."""
        return self.first.active if self.second is None else self.second.active

    @property
    def diverged(self) -> Any:
        """The epoch in which each network diverged, 0 for none."""
        return self.first.diverged

    @property
    def kind(self) -> tuple[Any, ...]:
        """What another training must be alike in to go on with what this one carries."""
        return self.first.kind

    def carry(self) -> Any:
        """What a later training goes on with: the update rule's memory."""
        return self.first.carry()

    @abstractmethod
    def trained_by(self, solver: str) -> str:
        """The name of what has trained, where the plan asked for `solver`."""

    @property
    def tried_longer(self) -> NDArray[np.bool_]:
        """The networks for which another training was tried and was no better, `(K,)`."""
        return self.first.tried_longer

    @property
    def planned_epochs(self) -> NDArray[np.int64]:
        """The planned epochs of each network's minibatches, `(K,)`."""
        return self.first.planned_epochs

    def counted(self, events: list[Epoch]) -> list[Epoch]:
        """The events of the trainings that are kept: of the first those that it keeps, and all of the second."""
        return self.first.counted(events[: len(self.seen)]) + events[len(self.seen) :]

    def unsettled(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """The networks that have not settled, and those of them that have left before the last epoch, `(K,)`."""
        return self.active, np.zeros(self.K, bool)

    def resume(self, carried: Any, rows: int = 0) -> None:
        """Go on with an earlier run's memory of the update rule."""
        self.first.resume(carried, rows)

    @property
    def packable(self) -> bool:
        """Whether the state is that of the last event that was handed over."""
        return self.first.packable if self.second is None else self.second.packable

    def pack(self) -> Arrays:
        """All that training has changed, as plain arrays."""
        second = {} if self.second is None else self.second.pack()
        return beneath(self.first.pack(), "first") | beneath(second, "second") | {"seen": np.array(len(self.seen))}

    def unpack(self, arrays: Mapping[str, NDArray[Any]], events: list[Epoch]) -> None:
        """Go on where another training of the same kind was that `pack` made arrays of, and whose events these are."""
        self.first.unpack(part_of(arrays, "first"), events)
        self.seen = events[: int(array_like(arrays, "seen", 0))]
        if second := part_of(arrays, "second"):
            left_by_first = self.first.result()
            self.second = self.start_second(left_by_first, self.seen, self.seconds_left(self.seen[-1]))
            self.second.unpack(second, [])

    @abstractmethod
    def start_second(self, left_by_first: Trained, events: list[Epoch], left: float | None) -> "Run | FullBatch":
        """The second training before its first step, from what the first has left and its events; `left` seconds may it take."""

    def seconds_left(self, last: Epoch) -> float | None:
        """What the time limit leaves after an event; None where there is no limit."""
        return None if self.recipe.max_time is None else self.recipe.max_time - last.seconds


def after(last: Epoch, event: Epoch, n_epochs: int) -> Epoch:
    """An event of the second training, counted on from the last one of the first; `n_epochs` are those of both."""
    return event._replace(epoch=last.epoch + event.epoch, n_epochs=n_epochs, t=last.t + event.t, seconds=last.seconds + event.seconds)


STEPS = 500  # of L-BFGS: concrete and energy still gain there, kin8nm and power_plant have nearly stopped
TRIAL = 40  # steps after which the held-out rows say whether to go on
MAY_RISE = 1.1  # by which factor their mean loss may have risen by then


class LbfgsAfterAdamW(TwoStage):
    """`minibatch.Run` of squared-error networks with held-out rows, and L-BFGS after it; takes `Run`'s place."""

    first: Run
    second: FullBatch | None

    def __init__(self, first: Run) -> None:
        super().__init__(first)
        self.accepted = False

    def __iter__(self) -> Iterator[Epoch]:
        if self.second is None:
            for event in self.first:
                self.seen.append(event)
                yield event
        if self.seen:
            yield from self.go_on(self.seen[-1], self.seconds_left(self.seen[-1]))

    def go_on(self, last: Epoch, left: float | None) -> Iterator[Epoch]:
        """L-BFGS from where AdamW was best, until its trial fails or its steps are made."""
        left_by_first = self.first.result()
        assert left_by_first.best_validation_loss is not None
        fine = left_by_first.diverged == 0
        if not fine.any() or (left is not None and left <= 0):
            return
        best = left_by_first.best_validation_loss
        second = self.second = self.second or self.start_second(left_by_first, [], left)
        for event in second:
            if event.epoch == TRIAL and (
                event.validation_loss is None or np.mean(event.validation_loss[fine]) > MAY_RISE * np.mean(best[fine])
            ):
                return
            self.accepted = self.accepted or event.epoch >= TRIAL
            yield after(last, event, self.recipe.max_epochs + STEPS)

    def start_second(self, left_by_first: Trained, events: list[Epoch], left: float | None) -> FullBatch:
        """L-BFGS before its first step."""
        second = lbfgs_from(self.first, left_by_first, self.first.training_rows(), left, self.first.validation)
        second.retire(left_by_first.diverged > 0)
        return second

    def pack(self) -> Arrays:
        """All that training has changed, as plain arrays."""
        return super().pack() | {"accepted": np.array(self.accepted)}

    def unpack(self, arrays: Mapping[str, NDArray[Any]], events: list[Epoch]) -> None:
        """Go on where another training was."""
        super().unpack(arrays, events)
        self.accepted = bool(array_like(arrays, "accepted", False))

    @property
    def beginner(self) -> Run:
        """The run of minibatches."""
        return self.first

    @property
    def tried_longer(self) -> NDArray[np.bool_]:
        """All networks, if L-BFGS has followed."""
        return np.full(self.K, self.second is not None)

    def counted(self, events: list[Epoch]) -> list[Epoch]:
        """The events of AdamW, and of L-BFGS if it was kept."""
        return events if self.accepted else events[: len(self.seen)]

    def trained_by(self, solver: str) -> str:
        """The name of what has trained: "adamw+lbfgs" where L-BFGS went on from AdamW's weights and was kept."""
        return "adamw+lbfgs" if self.accepted else self.first.trained_by(solver)

    @property
    def rows(self) -> int:
        """Rows seen."""
        return self.first.rows + (self.second.rows if self.second is not None else 0)

    @property
    def epochs(self) -> Any:
        """Passes over the rows that each network has made."""
        return self.first.epochs + (self.second.epochs if self.second is not None else 0)

    def result(self) -> Trained:
        """AdamW's best weights, or L-BFGS's latest where its trial went well."""
        first = self.first.result()
        if self.second is None or not self.accepted:
            return replace(first, rows=self.rows, epochs=self.epochs)
        second = self.second
        now = second.population.astype(self.state.dtype)
        fine = first.diverged == 0
        judged, best = second.judged(), first.best_validation_loss
        assert judged is not None
        assert best is not None
        return replace(
            first,
            population=overwrite(first.population, now, fine),
            loss=np.where(fine, second.loss, first.loss),
            best_loss=np.where(fine, second.loss, first.best_loss),
            best_validation_loss=np.where(np.isfinite(judged[0]), judged[0], best),
            epochs=self.epochs,
            rows=self.rows,
        )


def lbfgs_from(first: Run, left_by_first: Trained, rows: Rows, left: float | None, validation: Validation | None = None) -> FullBatch:
    """L-BFGS from where networks stand; it never stops early, for its latest weights are kept. `left` seconds may it take."""
    assert left_by_first.best_validation_loss is not None
    noise = 2 * float(np.mean(left_by_first.best_validation_loss[left_by_first.diverged == 0])) / rows.n_y
    recipe = Recipe(
        activation=first.recipe.activation,
        directions=first.recipe.directions,
        lam=noise,
        batch_size=rows.m,
        max_epochs=STEPS,
        max_time=left,
        tol=1e-6,
        device=first.recipe.device,
    )
    return FullBatch(recipe, left_by_first.population, first.g2, rows, solver="lbfgs", validation=validation, dtype=first.state.dtype)


class RefitOnAllRows(TwoStage):
    """A training that holds rows out, and after it another without; takes the first one's place.

    Events of the second have no validation. Where it does not come to its end, for want of time or by an interruption, what
    the first one left stands. `weight (m,)` or None is what the rows weigh that networks held out too.
    """

    first: "Run | LbfgsAfterAdamW | Longer"

    def __init__(self, first: "Run | LbfgsAfterAdamW | Longer", weight: Floats | None) -> None:
        super().__init__(first)
        self.weight = weight
        self.beginner = first.beginner
        self.begins = self.beginner.kept

    def start_second(self, left_by_first: Trained, events: list[Epoch], left: float | None) -> Run | FullBatch:
        """The training over all rows, before its first step."""
        second = self.over_all_rows(left_by_first, deciding(self.validation, self.first.counted(events)), left)
        second.retire(left_by_first.diverged > 0)
        return second

    def over_all_rows(self, left_by_first: Trained, losses: list[Any], left: float | None) -> Run | FullBatch:
        """`start_second`, of all networks."""
        first = self.beginner
        if self.first.accepted:
            return lbfgs_from(first, left_by_first, first.all_rows(self.weight), left)
        planned, until = self.first.planned_epochs, best_epochs(losses)
        recipe = replace(self.recipe, patience=None, max_epochs=int(planned.max()))
        return first.refit(recipe, self.begins, self.weight, until, planned)

    def trained_by(self, solver: str) -> str:
        """The name of what the first training was."""
        return self.first.trained_by(solver)

    def unsettled(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Of the first training: the second has an end of its own."""
        return self.first.unsettled()

    @property
    def rows(self) -> int:
        """Rows that what is kept has seen, in both trainings."""
        return self.first.rows + (self.second.rows if self.second is not None and self.whole else 0)

    @property
    def epochs(self) -> Any:
        """Passes over the rows that each network has made beside rows held out."""
        return self.first.epochs

    def result(self) -> Trained:
        """What learning from all rows left, with the networks before it as `judged`; the first training's where it did not end."""
        first = self.first.result()
        if self.second is None or not self.whole:
            return first
        second = self.second.result()
        fine = (first.diverged == 0) & (second.diverged == 0) & finite(second)
        return replace(
            first,
            population=overwrite(first.population, second.population.astype(self.state.dtype), fine),
            judged=first.population,
            loss=np.where(fine, second.loss, first.loss),
            rows=self.rows,
        )


def deciding(validation: Validation | None, events: list[Epoch]) -> list[Any]:
    """What decided after each epoch which networks were at their best, the smaller the better: their losses, or minus a score."""
    if validation is None or validation.scoring is None:
        return [event.validation_loss for event in events]
    return [None if event.validation_score is None else -event.validation_score for event in events]


def best_epochs(losses: list[Any]) -> NDArray[np.int64]:
    """The epoch, from 1 on, after which each network's validation loss was lowest."""
    curves = np.array([loss for loss in losses if loss is not None])
    return np.asarray(np.argmin(np.where(np.isfinite(curves), curves, np.inf), axis=0) + 1)


def finite(trained: Trained) -> NDArray[np.bool_]:
    """Whose weights are numbers, `(K,)`."""
    return np.asarray(np.all([np.isfinite(w).all(axis=(1, 2)) for w in trained.population.parameters], axis=0))
