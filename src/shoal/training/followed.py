"""A training and another one after it, which together take the first one's place."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.minibatch import State
from shoal.engine.packing import Arrays, array_like
from shoal.recipe import Recipe
from shoal.training.events import Epoch
from shoal.training.full_batch import FullBatch
from shoal.training.minibatch import Run
from shoal.training.packing import beneath, part_of
from shoal.training.trained import Trained
from shoal.training.validation import Validation


class Followed(ABC):
    """What both have in common that let another training follow: abstract, see `Polished` and `OnAllRows`.

    `second` is None until it has begun.
    """

    def __init__(self, first: "Run | Followed") -> None:
        self.first = first
        self.recipe: Recipe = first.recipe
        self.validation: Validation | None = first.validation
        self.state: State = first.state
        self.K: int = first.K
        self.second: Run | FullBatch | None = None
        self.seen: list[Epoch] = []  # events of the first; fewer than its epochs where a trial of its own failed

    @abstractmethod
    def __iter__(self) -> Iterator[Epoch]:
        """Train; an event a pass, those of the second after those of the first."""

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
            begun = self.first.result()
            self.second = self.begin_second(begun, self.seen, self.seconds_left(self.seen[-1]))
            self.second.unpack(second, [])

    @abstractmethod
    def begin_second(self, begun: Trained, events: list[Epoch], left: float | None) -> "Run | FullBatch":
        """The second training before its first step, from what the first has left and its events; `left` seconds may it take."""

    def seconds_left(self, last: Epoch) -> float | None:
        """What the time limit leaves after an event; None where there is no limit."""
        return None if self.recipe.max_time is None else self.recipe.max_time - last.seconds


def after(last: Epoch, event: Epoch, n_epochs: int) -> Epoch:
    """An event of the second training, counted on from the last one of the first; `n_epochs` are those of both."""
    return event._replace(epoch=last.epoch + event.epoch, n_epochs=n_epochs, t=last.t + event.t, seconds=last.seconds + event.seconds)
