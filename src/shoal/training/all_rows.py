"""Learn from all rows in the end, for as long as the rows held out said.

Each network watches rows of its own to know when to stop, and so never learns from them. Once that is known it begins again from
its first weights, with the same streams and rates, on all rows, up to the epoch that was its best. Where L-BFGS went on after AdamW
it goes on over all rows instead. How far targets lie from predictions is still told by the networks that held rows out:
`Trained.judged` has them.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.training.events import Epoch
from shoal.training.followed import Followed, after
from shoal.training.full_batch import FullBatch
from shoal.training.minibatch import Run
from shoal.training.polished import Polished, lbfgs_from
from shoal.training.trained import Trained, overwrite
from shoal.types import Floats


class OnAllRows(Followed):
    """A training that holds rows out, and after it another without; takes the first one's place.

    Events of the second have no validation. Where it does not come to its end, for want of time or by an interruption, what
    the first one left stands. `weight (m,)` or None is what the rows weigh that networks held out too.
    """

    first: Run | Polished

    def __init__(self, first: Run | Polished, weight: Floats | None) -> None:
        super().__init__(first)
        self.weight = weight
        self.beginner = first.beginner
        self.begins = self.beginner.kept
        self.whole = False

    def __iter__(self) -> Iterator[Epoch]:
        if self.second is None:
            for event in self.first:
                self.seen.append(event)
                yield event
        if not self.seen:
            return
        last = self.seen[-1]
        left, begun = self.seconds_left(last), self.first.result()
        fine = begun.diverged == 0
        if not fine.any() or (left is not None and left <= 0):
            return
        second = self.second = self.second or self.begin_second(begun, self.seen, left)
        for event in second:
            yield after(last, event, last.epoch + event.n_epochs)
            if left is not None and event.seconds > left:
                return
        self.whole = True

    def begin_second(self, begun: Trained, events: list[Epoch], left: float | None) -> Run | FullBatch:
        """The training over all rows, before its first step."""
        second = self.over_all_rows(begun, [event.validation_loss for event in events], left)
        second.retire(begun.diverged > 0)
        return second

    def over_all_rows(self, begun: Trained, losses: list[Any], left: float | None) -> Run | FullBatch:
        """`begin_second`, of all networks."""
        first = self.beginner
        if self.first.accepted:
            return lbfgs_from(first, begun, first.all_rows(self.weight), left)
        recipe, until = replace(self.recipe, patience=None), best_epochs(losses[: int(first.epochs.max())])  # without a trial of L-BFGS
        return first.again(recipe, self.begins, self.weight, until)

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


def best_epochs(losses: list[Any]) -> NDArray[np.int64]:
    """The epoch, from 1 on, after which each network's validation loss was lowest."""
    curves = np.array([loss for loss in losses if loss is not None])
    return np.asarray(np.argmin(np.where(np.isfinite(curves), curves, np.inf), axis=0) + 1)


def finite(trained: Trained) -> NDArray[np.bool_]:
    """Whose weights are numbers, `(K,)`."""
    return np.asarray(np.all([np.isfinite(w).all(axis=(1, 2)) for w in trained.population.parameters], axis=0))
