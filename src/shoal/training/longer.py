"""A longer training, if held-out rows show that the planned one ended too early.

On tables with little noise the networks still improve when the planned epochs end, and how many they need is not known before. The loss
of held-out rows alone does not decide: with few rows, networks that only become surer of what they predict correctly lower it, and are
worse on new rows (docs/defaults.md has the measurements). A longer training of classes must also predict significantly more held-out rows
correctly. Or its loss is lower far beyond chance, and still is with one misclassified row added: n rows do not show that errors are much
rarer than 1 in n.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.packing import Arrays, array_like
from shoal.engine.predict import logits
from shoal.population import Population, take
from shoal.textbook.losses import Loss
from shoal.training.minibatch import Run
from shoal.training.progress import Epoch, Trained, overwrite
from shoal.training.rows import Validation
from shoal.training.two_stage import TwoStage, best_epochs
from shoal.types import Floats

TIMES = 4  # as many epochs as before
LATE = 0.5  # a mean best epoch beyond this share of the planned ones: networks may not have finished
SURE = 2.0  # standard errors by which the mean loss of held-out rows is lower
SURE_OF_CLASSES = 1.5  # the same for the number of misclassified rows
SURE_ALONE = 3.5  # of the loss, without fewer misclassified rows
LEAST_LOSS = 1e-12  # of a row, so that its logarithm is finite


@dataclass(frozen=True)
class HeldOutLosses:
    """The held-out rows of one model, each with the mean over the networks that hold it out.

    Attributes
    ----------
    loss : ndarray, (n,)
    wrong : ndarray, (n,), or None
        The number of networks that misclassify the row; None in regression.
    weight : ndarray, (n,)
    """

    loss: Floats
    wrong: Floats | None
    weight: Floats

    @property
    def mean(self) -> float:
        """The mean loss."""
        return float(self.weight @ self.loss / self.weight.sum())

    @property
    def with_one_error(self) -> float:
        """The mean loss with one misclassified row added, whose class has the probability that the other class has of the mean row."""
        opposite = -np.log(-np.expm1(-np.maximum(self.loss, LEAST_LOSS)))
        return self.mean + float(self.weight @ opposite / self.weight.sum()) / len(self.loss)


def held_out_losses(population: Population, activation: str, g2: Loss, v: Validation) -> HeldOutLosses:
    """The losses of the validation rows of one model's networks `population`."""
    m, K = len(v.Y), population.K
    rows = (np.arange(m),) * K if v.rows is None else v.rows
    loss, wrong, count = np.zeros(m), np.zeros(m), np.zeros(m)
    for k, mine in enumerate(rows):
        Z2 = logits(take(population, [k]), v.X[mine], activation)[0].astype(np.float64)
        Y = np.asarray(v.Y[mine], np.float64).T
        loss[mine] += np.atleast_2d(g2.loss(Z2, Y)).sum(axis=0)
        if g2.of_classes:
            wrong[mine] += misclassified(g2, Z2, Y)
        count[mine] += 1
    seen = count > 0
    weight = np.ones(m) if v.weight is None else np.asarray(v.weight, np.float64)
    return HeldOutLosses(loss[seen] / count[seen], wrong[seen] if g2.of_classes else None, weight[seen])


def misclassified(g2: Loss, Z2: Floats, Y: Floats) -> Floats:
    """1 for a row with a label that is not the most likely one, `(m,)`, from logits `(n_z, m)` and labels `(n_y, m)`."""
    if g2.unit.decides == "largest":
        return np.asarray(Z2.argmax(axis=0) != Y.argmax(axis=0), np.float64)
    return np.asarray(np.any((Z2 > 0) != (Y > 0.5), axis=0), np.float64)


def may_be_better(before: HeldOutLosses) -> bool:
    """Whether a longer training can be found better on these rows at all: not if less than the loss of one row is left to gain."""
    return before.wrong is None or before.mean * len(before.loss) > 1


def is_better(before: HeldOutLosses, now: HeldOutLosses) -> bool:
    """Whether the longer training is better than the shorter one beyond chance."""
    lower = in_standard_errors(before.weight * (before.loss - now.loss))
    if lower < SURE or before.wrong is None or now.wrong is None:
        return lower >= SURE
    corrected = before.weight * (before.wrong - now.wrong)
    fewer = float(corrected.sum()) >= SURE_OF_CLASSES * float(np.sqrt((corrected**2).sum())) > 0
    return fewer or (lower >= SURE_ALONE and now.with_one_error < before.with_one_error)


def in_standard_errors(differences: Floats) -> float:
    """Their mean, divided by its standard error."""
    error = differences.std(ddof=1) / np.sqrt(len(differences)) if len(differences) > 1 else 0.0
    return float(differences.mean() / error) if error > 0 else 0.0


class Longer(TwoStage):
    """`minibatch.Run` with held-out rows, and another from the same initial weights with `TIMES` as many epochs; takes its place.

    The networks are those of one model, or of several with `of_each` networks, each of which decides for itself: the longer training is
    done if the mean best epoch is late, and kept if it is better on the held-out rows (`is_better`).
    """

    first: "Run | Longer"
    second: Run | None
    accepted = False  # no training continues from the weights (`LbfgsAfterAdamW`)

    def __init__(self, first: "Run | Longer", of_each: int) -> None:
        super().__init__(first)
        self.of_each, self.begins = of_each, first.beginner.kept
        self.asked = np.zeros(self.K, bool)
        self.enough = np.zeros(self.K, bool)
        self.longer = np.zeros(self.K, bool)

    def follows(self, left_by_first: Trained) -> bool:
        """Whether a model may improve with more epochs."""
        self.asked = self.asks(left_by_first)
        return bool(self.asked.any())

    def end(self, left_by_first: Trained) -> None:
        """Keep the weights of the models that are better."""
        super().end(left_by_first)
        assert self.second is not None
        self.longer = self.improved(left_by_first, self.second.result())

    def models(self) -> Iterator[NDArray[np.int64]]:
        """The networks of each model."""
        yield from np.arange(self.K).reshape(-1, self.of_each)

    def asks(self, trained: Trained) -> NDArray[np.bool_]:
        """Which networks may improve with more epochs, `(K,)`: all or none of a model."""
        asked = np.zeros(self.K, bool)
        best = best_epochs([event.validation_loss for event in self.first.counted(self.seen)]) / self.first.planned_epochs
        before = self.first.longer if isinstance(self.first, Longer) else np.ones(self.K, bool)
        for mine in self.models():
            fine = mine[trained.diverged[mine] == 0]
            if len(fine) and before[mine].all() and best[fine].mean() >= LATE:
                asked[mine] = may_be_better(self.losses(trained, fine))
                self.enough[mine] = ~asked[mine]
        return asked

    def improved(self, before: Trained, now: Trained) -> NDArray[np.bool_]:
        """Which networks the longer training is kept of, `(K,)`: all or none of a model."""
        better = np.zeros(self.K, bool)
        for mine in self.models():
            fine = mine[before.diverged[mine] == 0]
            if self.asked[mine].all() and not now.diverged[fine].any():
                better[mine] = is_better(self.losses(before, fine), self.losses(now, fine))
        return np.asarray(better & (before.diverged == 0))

    def losses(self, trained: Trained, members: NDArray[np.int64]) -> HeldOutLosses:
        """The held-out losses of some networks."""
        v = self.validation
        assert v is not None
        v = replace(v, rows=None if v.rows is None else tuple(v.rows[k] for k in members))
        return held_out_losses(take(trained.population, members), self.recipe.activation, self.beginner.g2, v)

    def start_second(self, left_by_first: Trained, events: list[Epoch], left: float | None) -> Run:
        """The longer training, before its first step."""
        recipe = self.first.beginner.recipe
        patience = None if recipe.patience is None else TIMES * recipe.patience
        epochs = TIMES * int(self.first.planned_epochs.max())
        second = self.beginner.again(replace(recipe, max_epochs=epochs, patience=patience, max_time=left), self.begins)
        second.retire(~self.asked | (left_by_first.diverged > 0))
        return second

    def counted(self, events: list[Epoch]) -> list[Epoch]:
        """The events of the training that was kept, of each network, from epoch 1 on."""
        last = self.seen[-1].epoch if self.seen else 0
        first, second = self.first.counted(events[: len(self.seen)]), events[len(self.seen) :]
        return merged(first, [event._replace(epoch=event.epoch - last, t=event.t - self.seen[-1].t) for event in second], self.longer)

    @property
    def tried_longer(self) -> NDArray[np.bool_]:
        """The networks for which a longer training was tried and was no better, or could not be better, `(K,)`."""
        return np.asarray(self.first.tried_longer | (self.asked & ~self.longer) | self.enough)

    @property
    def planned_epochs(self) -> NDArray[np.int64]:
        """The planned epochs of the training that was kept, of each network, `(K,)`."""
        return np.where(self.longer, TIMES, 1) * self.first.planned_epochs

    def pack(self) -> Arrays:
        """All that training has changed, as plain arrays."""
        return super().pack() | {"longer": self.longer, "asked": self.asked, "enough": self.enough}

    def unpack(self, arrays: Mapping[str, NDArray[Any]], events: list[Epoch]) -> None:
        """Continue where another training was."""
        self.asked = array_like(arrays, "asked", self.asked)
        super().unpack(arrays, events)
        self.longer = array_like(arrays, "longer", self.longer)
        self.enough = array_like(arrays, "enough", self.enough)

    def carry(self) -> Any:
        """The update rule's memory in the training that was kept."""
        return self.second.carry() if self.second is not None and self.longer.all() else self.first.carry()

    @property
    def beginner(self) -> Run:
        """The run that came first."""
        return self.first.beginner

    def trained_by(self, solver: str) -> str:
        """The name of the solver."""
        return self.first.trained_by(solver)

    @property
    def rows(self) -> int:
        """Rows seen."""
        return self.first.rows + (self.second.rows if self.second is not None else 0)

    @property
    def epochs(self) -> Any:
        """Passes over the rows of the training that was kept."""
        return self.first.epochs if self.second is None else np.where(self.longer, self.second.epochs, self.first.epochs)

    def result(self) -> Trained:
        """The longer training's weights where it was better, else the first one's."""
        first = self.first.result()
        if self.second is None or not self.longer.any():
            return replace(first, rows=self.rows)
        second = self.second.result()
        assert first.best_validation_loss is not None
        assert second.best_validation_loss is not None
        chosen = self.longer
        return replace(
            second,
            population=overwrite(first.population, second.population, chosen),
            loss=np.where(chosen, second.loss, first.loss),
            best_loss=np.where(chosen, second.best_loss, first.best_loss),
            best_validation_loss=np.where(chosen, second.best_validation_loss, first.best_validation_loss),
            epochs=self.epochs,
            diverged=first.diverged,
            rows=self.rows,
        )


def merged(first: list[Epoch], second: list[Epoch], chosen: NDArray[np.bool_]) -> list[Epoch]:
    """The events of the second training for the `chosen` networks, of the first for the others; NaN after their end."""
    if not second or not chosen.any():
        return first
    if chosen.all():
        return second
    return [one_event(a, b, chosen) for a, b in zip_longest(first, second)]


def one_event(a: Epoch | None, b: Epoch | None, chosen: NDArray[np.bool_]) -> Epoch:
    """The same epoch of two trainings, of which one may be over."""
    either = b if b is not None else a
    assert either is not None

    def of_both(name: str, over: Any) -> Any:
        left, right = (None if event is None else getattr(event, name) for event in (a, b))
        if left is None and right is None:
            return None
        return np.where(chosen, over if right is None else right, over if left is None else left)

    numbers = {name: of_both(name, np.nan) for name in ("loss", "validation_loss", "validation_score", "learning_rate")}
    return either._replace(**numbers, active=of_both("active", False))
