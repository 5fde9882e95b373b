"""AdamW first, then L-BFGS from its best weights: a smooth target asks for more than a first-order rule finds.

Networks without ramps are smooth functions of their inputs and leave much to a second-order solver, but only where the noise is
small enough that following the training rows further is learning. Whether it is shows on the rows that each network holds out:
after some steps their loss may be a little higher than AdamW's best (a network alone overfits before the mean of several does),
not much higher (docs/solvers.md has the measurements). λ is the noise that those rows showed, the MAP penalty of weights of
size 1 under it. Rows that a network held out stay held out, so that they still tell what it does not know.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.packing import Arrays, array_like
from shoal.recipe import Recipe
from shoal.training.events import Epoch
from shoal.training.followed import Followed, after
from shoal.training.full_batch import FullBatch
from shoal.training.minibatch import Run
from shoal.training.rows import Rows
from shoal.training.trained import Trained, overwrite
from shoal.training.validation import Validation

STEPS = 500  # of L-BFGS: concrete and energy still gain there, kin8nm and power_plant have nearly stopped
TRIAL = 40  # steps after which the held-out rows say whether to go on
MAY_RISE = 1.1  # by which factor their mean loss may have risen by then


class Polished(Followed):
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
        begun = self.first.result()
        assert begun.best_validation_loss is not None
        fine = begun.diverged == 0
        if not fine.any() or (left is not None and left <= 0):
            return
        best = begun.best_validation_loss
        second = self.second = self.second or self.begin_second(begun, [], left)
        for event in second:
            if event.epoch == TRIAL and (
                event.validation_loss is None or np.mean(event.validation_loss[fine]) > MAY_RISE * np.mean(best[fine])
            ):
                return
            self.accepted = self.accepted or event.epoch >= TRIAL
            yield after(last, event, self.recipe.max_epochs + STEPS)

    def begin_second(self, begun: Trained, events: list[Epoch], left: float | None) -> FullBatch:
        """L-BFGS before its first step."""
        second = lbfgs_from(self.first, begun, self.first.training_rows(), left, self.first.validation)
        second.retire(begun.diverged > 0)
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


def lbfgs_from(first: Run, begun: Trained, rows: Rows, left: float | None, validation: Validation | None = None) -> FullBatch:
    """L-BFGS from where networks stand; it never stops early, for its latest weights are kept. `left` seconds may it take."""
    assert begun.best_validation_loss is not None
    noise = 2 * float(np.mean(begun.best_validation_loss[begun.diverged == 0])) / rows.n_y
    recipe = Recipe(
        activation=first.recipe.activation,
        lam=noise,
        batch_size=rows.m,
        max_epochs=STEPS,
        max_time=left,
        tol=1e-6,
        device=first.recipe.device,
    )
    return FullBatch(recipe, begun.population, first.g2, rows, solver="lbfgs", validation=validation, dtype=first.state.dtype)
