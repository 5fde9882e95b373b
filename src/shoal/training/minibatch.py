"""Minibatch training of one group of networks, one event per epoch.

`Run` calls the engine for one epoch at a time and decides what follows: learning rates, stopping, which weights to keep. Iterate it to
train; `result()` may be called at any time and returns the best weights so far.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine import minibatch as engine
from shoal.engine.jit.waiting import training_clock
from shoal.engine.lists import RowLists, lists_of
from shoal.engine.minibatch import advance_in_order, begin, carry, current, finite, leave, remember, remembered
from shoal.engine.packing import Arrays, back_to, copied, moment, pack, packed, unpack, unpacked
from shoal.engine.ramps import RampPositions
from shoal.engine.sums import judge
from shoal.population import Population
from shoal.recipe import Recipe, batch_slices, schedule_factors
from shoal.textbook.losses import Loss
from shoal.training.progress import Epoch, InProgress, RunProgress, Trained, bound_of, first_progress, left_bounds, overwrite
from shoal.training.rows import OrdersOfRows, Rows, Validation, in_memory, orders_of_rows, what_decides
from shoal.types import Floats

SMALLEST_RATE = 1e-6  # scikit-learn's: an "adaptive" learning rate below it stops training
AT_ONCE = 1_000_000_000  # multiplications, or equivalent work: some 10 ms of one core with AVX-512
STEP_WORK = 20_000  # the cost of an update besides its products, in multiplications
UNPLANNED = ("adaptive", "invscaling")  # schedules that act after an epoch
AHEAD = 20_000  # rows and learning rates of epochs that are planned ahead if each epoch is a call of its own
PERFECT = 1e-6  # a smaller cross-entropy of held-out rows cannot improve: probabilities are correct to six digits


@dataclass(frozen=True)
class Ahead:
    """The plan of some epochs: the order of their rows and, for every update, each network's learning rate.

    `t` updates come before; `order` and `rates` have the epochs one after the other.
    """

    epochs: range
    t: int
    order: NDArray[np.int64]
    rates: Floats


NOTHING_AHEAD = Ahead(range(0), 0, np.empty(0, np.int64), np.empty((0, 0)))


@dataclass(frozen=True)
class Moment:
    """Everything that training changes, as it was between two epochs: the run's own state, and the engine's (`engine.minibatch.moment`)."""

    progress: RunProgress
    engine: tuple[Any, ...]


@dataclass
class EpochBlock:
    """Epochs trained in one go whose events are handed over one by one: what was before, the first one, how many, and how many of
    them have been shown.
    """

    before: Moment
    first: int
    n: int
    shown: int = 0


class Run(InProgress[RunProgress]):
    """One group being trained. `X (m, n_x)` encoded, `Y (m, n_y)`, `weight` None, `(m,)` or `(K, m)`.

    `members` name the networks' dropout streams, their places if None; `orders` replaces the drawn row orders, for
    comparisons; `resume` continues an earlier run. Several epochs may be trained before the event of the first comes;
    if `listened`, `result` gives between two events what the first of them saw. After `until (K,)` epochs each network leaves; its
    learning rate is that of a plan of `planned_epochs (K,)`, by default the recipe's. `ramp_positions` say where
    the rows of X stand on its ramps (`find_ramp_positions`), which are then looked up; `lists` are the rows of X as lists (`lists_of`), by
    which networks are then trained and judged.
    """

    def __init__(
        self,
        recipe: Recipe,
        population: Population,
        g2: Loss,
        X: Any,
        Y: Floats,
        *,
        weight: Floats | None = None,
        validation: Validation | None = None,
        dtype: Any = np.float64,
        members: Sequence[int] | None = None,
        orders: OrdersOfRows | None = None,
        listened: bool = True,
        until: NDArray[np.int64] | None = None,
        planned_epochs: NDArray[np.int64] | None = None,
        ramp_positions: RampPositions | None = None,
        lists: RowLists | None = None,
    ) -> None:
        self.recipe, self.g2, self.validation = recipe, g2, validation
        self.listened, self.until, self.ramp_positions = listened, until, ramp_positions
        self.planned_epochs = np.full(population.K, recipe.max_epochs) if planned_epochs is None else planned_epochs
        self.X, self.Y, self.lists = X, np.asarray(Y, dtype), lists
        self.weight = None if weight is None else np.asarray(weight, dtype)
        self.m, self.K, self.members = len(self.Y), population.K, members
        total = np.full(self.K, float(self.m)) if weight is None else np.broadcast_to(np.asarray(weight, np.float64).sum(-1), (self.K,))
        self.state = begin(population, recipe, g2, total, dtype, members, ramp_positions, by_input=lists is not None)
        self.read_X, v_X = X if lists is None else lists, None if validation is None else validation.X
        self.judged_X: Any = self.read_X if v_X is X else v_X if lists is None or v_X is None else lists_of(v_X, dtype)
        self.orders = orders_of_rows(self.m, recipe) if orders is None else orders
        self.ahead = NOTHING_AHEAD
        self.block: EpochBlock | None = None
        self.started = 0.0
        self.perfect = PERFECT if validation is not None and validation.scoring is None and g2.of_classes else None
        self.now = first_progress(population.astype(self.state.dtype), recipe, None if validation is None else validation.by)
        self.slices = batch_slices(self.m, recipe)
        self.ends = np.array([0, *(s.stop for s in self.slices)])
        self.batch_shares = np.diff(self.ends)[None] / self.m
        nothing = None if self.weight is None else np.atleast_2d(self.weight == 0)
        self.some_weigh_nothing = nothing if nothing is not None and nothing.any() else None
        self.whole_batches = (
            nothing is not None and nothing.sum(axis=1).max() >= np.diff(self.ends).min()
        )  # batches of rows with total weight 0 are possible
        remember(self.state, self.active)

    def __iter__(self) -> Iterator[Epoch]:
        self.started = training_clock() - self.now.seconds
        done, most = self.now.done, self.recipe.max_epochs
        while done < most and np.count_nonzero(self.active):
            n = min(most - done, self.epochs_at_once())
            before = self.moment() if self.listened and n > 1 else None
            events = self.train_epochs(done + 1, n)
            block = self.block = None if before is None else EpochBlock(before, done + 1, len(events))
            for event in events:
                if block is not None:
                    block.shown += 1
                yield event
                done = event.epoch
                if self.block is not block:
                    break  # a result was requested, and the run returned to this event
            self.block = None
            if self.recipe.max_time is not None and event.seconds > self.recipe.max_time:
                return

    def epochs_at_once(self) -> int:
        """The number of epochs that the engine may run before any decision is possible, from the shapes alone.

        One, if something is evaluated after every epoch; else as many as take some 10 ms with AVX-512, which is short enough for events,
        key presses and time limits.
        """
        if self.validation is not None or self.recipe.schedule in UNPLANNED:
            return 1
        n_h, n_x = self.state.population.parameters.W1.shape[1:]
        work = len(self.slices) * STEP_WORK + 4 * self.m * int(n_h * (n_x + 1) * self.active.sum())
        most, room = AT_ONCE // work, self.stopping.room(self.active)
        if room is not None:
            most = min(most, room)
        if self.until is not None:
            most = min(most, int((self.until - self.epochs)[self.active].min()))
        return max(1, most)

    def train_epochs(self, first: int, n: int) -> list[Epoch]:
        """Train every active network n times on all rows, then evaluate."""
        recipe, steps, now = self.recipe, len(self.slices), self.now
        order, ends, rates = self.planned(first, n)
        costs = self.pass_over(order, ends, rates)
        now.rows, now.done = now.rows + n * self.m, first - 1 + n
        if first == 1:
            now.bound = bound_of(costs[0])
        losses = self.epoch_losses(order, ends, costs)
        if not self.now.all_active:
            losses = np.where(self.active, losses, np.nan)
        trained = self.leave_diverged(losses, first)
        v = self.validation
        judged, score = (None, None) if v is None else self.judged(v)
        self.decide(losses if judged is None else judged, score)
        if self.until is not None and (gone := self.active & (self.epochs >= self.until)).any():
            self.retire(gone)
        self.lower_with_rows()
        before, now.seconds = now.seconds, training_clock() - self.started
        t, seen = self.state.t - n * steps, n if self.now.all_active or n == 1 else max(1, int(trained.any(axis=1).sum()))
        seconds = [before + (i + 1) / n * (now.seconds - before) for i in range(n - 1)] + [now.seconds]
        counts = range(first, first + seen), repeat(recipe.max_epochs), range(t + steps, self.state.t + 1, steps)
        found = losses, repeat(judged), repeat(score), rates[steps - 1 :: steps], seconds, chain(trained[1:], [self.active])
        return list(map(Epoch, *counts, *found))  # `map` ends with the epochs that were seen

    def planned(self, first: int, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """The order of the rows, the batches' ends and the learning rates of the next n epochs, `first` the number of the first.

        Planned for some epochs ahead: for small tables the plan of one epoch cost as much as its updates.
        """
        ends, ahead, steps = self.ends, self.ahead, len(self.slices)
        at = first - ahead.epochs.start
        if not 0 <= at <= len(ahead.epochs) - n or ahead.t != self.state.t - at * steps:
            ahead, at = self.plan_ahead(first, n), 0
        if n > 1:
            ends = np.concatenate([[0], np.add.outer(np.arange(n) * self.m, self.ends[1:]).ravel()])
        return ahead.order[at * self.m : (at + n) * self.m], ends, ahead.rates[at * steps : (at + n) * steps]

    def plan_ahead(self, first: int, n: int) -> Ahead:
        """At least n epochs from `first` on."""
        recipe, steps = self.recipe, len(self.slices)
        one_by_one = self.validation is not None and recipe.schedule not in UNPLANNED
        many = min(max(n, AHEAD // (self.m + steps * self.K)) if one_by_one else n, recipe.max_epochs - first + 1)
        epochs = range(first, first + many)
        planned = self.state.t - self.now.first_t + np.arange(1, many * steps + 1)
        rates = self.scheduled(planned, steps)
        self.ahead = Ahead(epochs, self.state.t, self.orders(epochs), rates)
        return self.ahead

    def scheduled(self, t: NDArray[np.int64], steps: int) -> Floats:
        """Each network's learning rate at the updates t of this training, `(len(t), K)`; an epoch has so many `steps`."""
        factors = {n: schedule_factors(self.recipe, t, n * steps) for n in np.unique(self.planned_epochs).tolist()}
        if len(factors) == 1:
            return np.multiply.outer(next(iter(factors.values())), self.now.rates)
        return np.stack([factors[n] for n in self.planned_epochs.tolist()], axis=1) * self.now.rates

    def pass_over(self, order: NDArray[np.int64], ends: NDArray[np.int64], rates: Floats) -> Floats:
        """The updates of one epoch or of several; each network's cost before each, `(len(rates), K)`."""
        return advance_in_order(self.state, self.read_X, self.Y, order, ends, rates, self.weight)

    def epoch_losses(self, order: NDArray[np.int64], ends: NDArray[np.int64], costs: Floats) -> Floats:
        """Each epoch's mean of its batch costs, `(n, K)`; a batch counts by its rows, and not if all of them have weight 0."""
        steps = len(self.slices)
        if self.some_weigh_nothing is None:  # the same product for one epoch as for each of several: their bits are equal
            return np.asarray(self.batch_shares @ costs.reshape(-1, steps, self.K))[:, 0]
        rows = np.diff(ends).astype(np.float64)[:, None]
        if self.some_weigh_nothing is not None:
            if self.whole_batches:
                seen = np.add.reduceat(self.some_weigh_nothing[:, order], ends[:-1], axis=1, dtype=np.int64).T
                rows = rows * (seen < np.diff(ends)[:, None])
            costs = np.where(rows > 0, costs, 0.0)
        sums = (rows * costs).reshape(-1, steps, self.K).sum(axis=1)
        return np.asarray(sums / np.maximum(rows.reshape(-1, steps, rows.shape[1]).sum(axis=1), 1.0))

    def lower_with_rows(self) -> None:
        """ "invscaling": rates fall with the rows seen."""
        if self.recipe.schedule == "invscaling":
            with np.errstate(over="ignore"):  # then they are 0
                self.now.rates = self.now.first_rates / np.float64(self.rows + 1) ** self.recipe.power_t

    def leave_diverged(self, losses: Floats, first: int) -> NDArray[np.bool_]:
        """Networks that diverged stop; the others continue. Returns which networks were trained in each epoch, `(n, K)`.

        The later losses of a diverged network are removed from `losses`.
        """
        within, every = np.abs(losses) < self.now.bound, self.now.all_active
        fine = np.count_nonzero(within if every else within | ~self.active) == losses.size  # no network has diverged then
        if fine and np.count_nonzero(finite(self.state)) == self.K:
            self.now.loss = losses[-1] if every else np.where(self.active, losses[-1], self.loss)
            self.epochs[self.active] = first - 1 + len(losses)
            return self.active[None] if len(losses) == 1 else np.broadcast_to(self.active, losses.shape)
        lost = left_bounds(losses, self.now.bound)
        before = np.vstack([np.zeros((1, self.K), bool), np.logical_or.accumulate(lost)[:-1]])
        trained: NDArray[np.bool_] = self.active & ~before
        self.now.loss = np.where(self.active, losses[np.maximum(trained.sum(axis=0) - 1, 0), np.arange(self.K)], self.loss)
        self.epochs[self.active] = first - 1 + trained.sum(axis=0)[self.active]
        losses[~trained] = np.nan
        failed = self.active & (lost.any(axis=0) | ~finite(self.state))
        if failed.any():
            self.diverged[failed] = self.epochs[failed]
            self.retire(failed)
        return trained

    def judged(self, v: Validation) -> tuple[Floats, Floats]:
        """Loss and score of every active network on its validation rows, `(K,)` each."""
        loss, score = judge(self.state, self.judged_X, v.Y, v.rows, v.weight)
        return loss, score if v.scoring is None else v.scoring(current(self.state), self.active, v.rows)

    def decide(self, losses: Floats, score: Floats | None = None) -> None:
        """Keep the best weights, lower adaptive rates, and stop networks that no longer improve."""
        better, stalled = self.stopping.see(*what_decides(self.validation, losses, score, self.active))
        if self.validation is None:
            remember(self.state, self.active)
        else:
            unjudged = np.isinf(self.stopping.best)  # until a validation loss is finite, the latest weights are the best known
            remember(self.state, (better | unjudged) & self.active)
            if self.perfect is not None and (done := self.active & (losses <= self.perfect)).any():
                self.retire(done)
        if not np.count_nonzero(stalled):
            return
        stalled &= self.active
        if self.recipe.schedule == "adaptive" and stalled.any():
            lower = stalled & (self.now.rates > SMALLEST_RATE)
            self.now.rates = np.where(lower, self.now.rates / 5, self.now.rates)
            self.stopping.stalled[lower] = 0
            stalled &= ~lower
        if stalled.any():
            self.retire(stalled)

    def resume(self, carried: engine.RuleMemory | None, rows: int = 0) -> None:
        """Continue after `rows` rows, with the rule's memory of an earlier run (None: it starts at 0).

        The weights are those this run was given: the best of the earlier run, which need not be its last. A schedule with a planned end
        starts again.
        """
        self.now.rows = rows
        self.lower_with_rows()
        if carried is not None:
            engine.resume(self.state, carried)
            self.now.first_t = self.state.t

    def refit(
        self, recipe: Recipe, population: Population, weight: Floats | None, until: NDArray[np.int64], planned_epochs: NDArray[np.int64]
    ) -> "Run":
        """A run of the same networks on all rows, with none held out: from `population`, each for `until (K,)` of its planned epochs.

        `weight (m,)` are the weights of the rows, also of those that were held out.
        """
        return self.again(recipe, population, weight=weight, validation=None, listened=True, until=until, planned_epochs=planned_epochs)

    def again(self, recipe: Recipe, population: Population, **changed: Any) -> "Run":
        """A run of the same networks on the same rows from `population`, by another recipe; `changed` are other arguments."""
        known = {name: getattr(self, name) for name in ("members", "ramp_positions", "lists", "listened", "validation", "weight")}
        return Run(recipe, population, self.g2, self.X, self.Y, dtype=self.state.dtype, **known | changed)

    def training_rows(self) -> Rows:
        """The rows that each network learns from, in the form for a full-batch solver."""
        return in_memory(self.X, self.Y, self.K, self.weight)

    def all_rows(self, weight: Floats | None) -> Rows:
        """All rows with the weights `(m,)`, none held out, in the form for a full-batch solver."""
        return in_memory(self.X, self.Y, self.K, weight)

    def retire(self, gone: NDArray[np.bool_]) -> None:
        """Remove networks from the products; their results are kept."""
        self.now.kept = overwrite(self.kept, remembered(self.state), gone)
        self.now.active = self.active & ~gone
        self.now.all_active = False
        leave(self.state, self.active)

    def moment(self) -> Moment:
        """Everything that training changes, as it is now."""
        return Moment(copied(self.now), moment(self.state))

    def go_back(self, block: EpochBlock) -> None:
        """Return to the last event that was delivered: repeat its block up to there, which gives the same bits."""
        self.now, self.block = block.before.progress, None
        back_to(self.state, block.before.engine)
        if block.shown:
            self.train_epochs(block.first, block.shown)

    @property
    def kind(self) -> tuple[Any, ...]:
        """What another training must have in common to continue with this one's state."""
        return type(self.recipe.rule), self.state.dtype, self.recipe.device

    def carry(self) -> Any:
        """The state for a later training: the rule's memory."""
        return carry(self.state)

    def unsettled(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """The networks that have not settled, and those of them that stopped before the last epoch, `(K,)`."""
        return self.active, np.zeros(self.K, bool)

    @property
    def packable(self) -> bool:
        """Whether the state is that of the last event that was delivered."""
        return self.block is None or self.block.shown == self.block.n

    def pack(self) -> Arrays:
        """Everything that training has changed, as plain arrays."""
        return packed(self.now, "run") | pack(self.state)

    def unpack(self, arrays: Mapping[str, NDArray[Any]], events: list[Epoch]) -> None:
        """Continue from the arrays that `pack` made of another run of the same kind."""
        self.now = unpacked(arrays, "run", self.now)
        unpack(self.state, arrays)

    accepted = False  # whether another training has continued from this one's weights (`LbfgsAfterAdamW`)

    @property
    def beginner(self) -> "Run":
        """The run itself, which other trainings may follow (`LbfgsAfterAdamW`, `RefitOnAllRows`)."""
        return self

    def trained_by(self, solver: str) -> str:
        """The name of the solver that trained, if the plan has `solver`."""
        return solver

    def result(self) -> Trained:
        """The best weights so far; averaged ones if the recipe averages."""
        if self.block is not None and self.block.shown < self.block.n:
            self.go_back(self.block)
        self.now.kept = overwrite(self.kept, remembered(self.state), self.active)
        validated = None if self.validation is None else self.stopping.reached()
        best = self.stopping.best if self.validation is None else self.loss
        return Trained(
            self.kept, self.loss.copy(), best.copy(), validated, self.epochs.copy(), self.state.t, self.diverged.copy(), self.rows
        )
