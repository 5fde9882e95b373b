"""Minibatch training of one group of networks, an event an epoch.

`Run` asks the engine for an epoch at a time and decides what comes next: learning rates, stopping, which weights to
keep. Iterate it to train; `result()` may be called at any time and gives the best weights so far.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.draws import row_order_key
from shoal.engine.advance import Carried, advance_in_order, begin, current, finite, leave, remember, remembered, row_order
from shoal.engine.advance import resume as take_over
from shoal.engine.judging import judge
from shoal.population import Population
from shoal.recipe import Recipe, batch_slices, each, schedule_factors
from shoal.textbook.outputs import Output
from shoal.textbook.propagation import Parameters
from shoal.training.bayes import Evidence
from shoal.training.events import Epoch
from shoal.training.stopping import fresh
from shoal.training.validation import Validation

Floats = NDArray[np.floating]
SMALLEST_RATE = 1e-6  # scikit-learn's: an "adaptive" learning rate below it stops training
AT_ONCE = 200_000_000  # multiplications, or what takes as long: some 10 ms of one core
STEP_WORK = 20_000  # what an update costs beside its products, in multiplications
RUNAWAY = 1e12  # a loss so many times the first cost (at least 1) has diverged, though it may stay finite for long


@dataclass(frozen=True)
class Trained:
    """What training leaves: the kept weights, and for each network its last loss, best validation loss and epochs.

    `loss (K,)` is NaN where the network left the finite numbers; `epochs (K,)` counts those trained; `best_validation_loss`
    is None without validation rows; `diverged (K,)` is the epoch in which a network diverged, 0 for none; `rows` counts
    those seen, again in every epoch, earlier runs included.
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


class Run:
    """One group being trained. `X (m, n_x)` encoded, `Y (m, n_y)`, `weight` None, `(m,)` or `(K, m)`.

    `members` name the networks' dropout streams, their places if None; `orders` replaces the drawn row order of every
    epoch, for comparisons; `resume` continues an earlier run. Unless `listened`, events may come several at a time.
    """

    def __init__(
        self,
        recipe: Recipe,
        population: Population,
        g2: Output,
        X: Any,
        Y: Floats,
        *,
        weight: Floats | None = None,
        validation: Validation | None = None,
        dtype: Any = np.float64,
        members: Sequence[int] | None = None,
        orders: Iterator[NDArray[np.int64]] | None = None,
        listened: bool = True,
    ) -> None:
        self.recipe, self.g2, self.validation = recipe, g2, validation
        self.listened = listened
        self.X, self.Y = X, np.asarray(Y, dtype)
        self.weight = None if weight is None else np.asarray(weight, dtype)
        self.m, self.K = len(self.Y), population.K
        total = np.full(self.K, float(self.m)) if weight is None else np.broadcast_to(np.asarray(weight, np.float64).sum(-1), (self.K,))
        self.state = begin(population, recipe, g2, total, dtype, members)
        self.orders = row_orders(self.m, recipe) if orders is None else orders
        self.kept = current(self.state)
        self.stopping = fresh(self.K, recipe.patience, recipe.tol)
        self.active = np.ones(self.K, bool)
        self.rates = each(recipe.learning_rate, self.K)
        self.first_rates = self.rates.copy()
        self.first_t = self.rows = 0
        self.bound = np.full(self.K, np.inf)
        self.all_active = True
        self.loss = np.full(self.K, np.nan)
        self.epochs = np.zeros(self.K, np.int64)
        self.diverged = np.zeros(self.K, np.int64)
        self.slices = batch_slices(self.m, recipe)
        self.ends = np.array([0, *(s.stop for s in self.slices)])
        self.batch_shares = np.diff(self.ends)[None] / self.m
        nothing = None if self.weight is None else np.atleast_2d(self.weight == 0)
        self.some_weigh_nothing = nothing if nothing is not None and nothing.any() else None
        remember(self.state, self.active)

    def __iter__(self) -> Iterator[Epoch]:
        started, done, most = time.perf_counter(), 0, self.recipe.max_epochs
        while done < most and self.active.any():
            n = min(most - done, self.epochs_at_once())
            last = False
            for event in self.train_epochs(done + 1, n, started):
                yield event
                last = self.recipe.max_time is not None and event.seconds > self.recipe.max_time
            done += n
            if last:
                return

    def epochs_at_once(self) -> int:
        """How many epochs the engine may run before anything can be decided, known from the shapes alone.

        One, where somebody listens or something is looked at after every epoch; else as many as take some 10 ms, for
        an event, a neighbour's key press and a time limit are then as good as at once.
        """
        if self.listened or self.validation is not None or self.recipe.schedule in ("adaptive", "invscaling"):
            return 1
        n_h, n_x = self.state.population.parameters.W1.shape[1:]
        work = len(self.slices) * STEP_WORK + 4 * self.m * int(n_h * (n_x + 1) * self.active.sum())
        room = self.stopping.room(self.active)
        return max(1, AT_ONCE // work if room is None else min(AT_ONCE // work, room))

    def train_epochs(self, first: int, n: int, started: float) -> list[Epoch]:
        """Train every active network n times on all rows, then look at what came out."""
        recipe, steps = self.recipe, len(self.slices)
        order, ends = next(self.orders), self.ends
        if n > 1:
            order = np.concatenate([order, *(next(self.orders) for _ in range(n - 1))])
            ends = np.concatenate([[0], np.add.outer(np.arange(n) * self.m, self.ends[1:]).ravel()])
        planned = self.state.t - self.first_t + np.arange(1, n * steps + 1)
        rates = np.multiply.outer(schedule_factors(recipe, planned, recipe.max_epochs * steps), self.rates)
        costs = advance_in_order(self.state, self.X, self.Y, order, ends, rates, self.weight)
        self.rows += n * self.m
        if first == 1:
            self.bound = bound_of(costs[0])
        losses = self.epoch_losses(order, ends, costs)
        if not self.all_active:
            losses = np.where(self.active, losses, np.nan)
        trained = self.leave_diverged(losses, first)
        v = self.validation
        judged, score = (None, None) if v is None else judge(self.state, v.X, v.Y, v.rows, v.weight)
        self.decide(losses if judged is None else judged[None])
        self.lower_with_rows()
        seconds, t, every = time.perf_counter() - started, self.state.t - (n - 1) * steps, steps
        events = []
        for i in range(n):
            active = self.active if i == n - 1 else trained[i + 1]
            loss, rate = losses[i], rates[(i + 1) * steps - 1]
            events.append(Epoch(first + i, recipe.max_epochs, t + i * every, loss, judged, score, rate, seconds, active))
        return events

    def epoch_losses(self, order: NDArray[np.int64], ends: NDArray[np.int64], costs: Floats) -> Floats:
        """Each epoch's mean of its batch costs, `(n, K)`; a batch counts by its rows, and not where these all weigh 0."""
        steps = len(self.slices)
        if self.some_weigh_nothing is None and len(ends) == steps + 1:
            return self.batch_shares @ costs
        rows = np.diff(ends).astype(np.float64)[:, None]
        if self.some_weigh_nothing is not None:
            seen = np.add.reduceat(self.some_weigh_nothing[:, order], ends[:-1], axis=1, dtype=np.int64).T
            rows = rows * (seen < np.diff(ends)[:, None])
            costs = np.where(rows > 0, costs, 0.0)
        sums = (rows * costs).reshape(-1, steps, self.K).sum(axis=1)
        return np.asarray(sums / np.maximum(rows.reshape(-1, steps, rows.shape[1]).sum(axis=1), 1.0))

    def lower_with_rows(self) -> None:
        """ "invscaling": rates fall with the rows seen."""
        if self.recipe.schedule == "invscaling":
            self.rates = self.first_rates / (self.rows + 1) ** self.recipe.power_t

    def leave_diverged(self, losses: Floats, first: int) -> NDArray[np.bool_]:
        """Networks that diverged stop alone; the others go on. Returns which networks were trained in each epoch, `(n, K)`.

        What a network that diverged computed afterwards is struck from `losses`.
        """
        lost = left_bounds(losses, self.bound)
        if not lost.any() and self.all_active:
            self.loss, self.epochs[:] = losses[-1], first - 1 + len(losses)
            if finite(self.state).all():
                return np.broadcast_to(self.active, losses.shape)
        before = np.vstack([np.zeros((1, self.K), bool), np.logical_or.accumulate(lost)[:-1]])
        trained: NDArray[np.bool_] = self.active & ~before
        self.loss = np.where(self.active, losses[np.maximum(trained.sum(axis=0) - 1, 0), np.arange(self.K)], self.loss)
        self.epochs[self.active] = first - 1 + trained.sum(axis=0)[self.active]
        losses[~trained] = np.nan
        failed = self.active & (lost.any(axis=0) | ~finite(self.state))
        if failed.any():
            self.diverged[failed] = self.epochs[failed]
            self.retire(failed)
        return trained

    def decide(self, losses: Floats) -> None:
        """Keep the best weights, lower rates that adapt, and let networks go that improve no more."""
        better, stalled = self.stopping.see(losses if self.all_active else np.where(self.active, losses, np.inf))
        unjudged = np.isinf(self.stopping.best)  # until a validation loss is finite, the latest weights are the best known
        remember(self.state, (better | unjudged) & self.active if self.validation is not None else self.active)
        stalled &= self.active
        if self.recipe.schedule == "adaptive" and stalled.any():
            lower = stalled & (self.rates > SMALLEST_RATE)
            self.rates = np.where(lower, self.rates / 5, self.rates)
            self.stopping.stalled[lower] = 0
            stalled &= ~lower
        if stalled.any():
            self.retire(stalled)

    def resume(self, carried: Carried | None, rows: int = 0) -> None:
        """Go on after `rows` rows seen, with the rule's memory of an earlier run (None: it begins anew).

        The weights are those this run was given: the best of the earlier run, which need not be its last. A schedule
        with a planned end begins anew.
        """
        self.rows = rows
        self.lower_with_rows()
        if carried is not None:
            take_over(self.state, carried)
            self.first_t = self.state.t

    def retire(self, gone: NDArray[np.bool_]) -> None:
        """Networks leave the products; what was remembered of them is kept."""
        self.kept = overwrite(self.kept, remembered(self.state), gone)
        self.active = self.active & ~gone
        self.all_active = False
        leave(self.state, self.active)

    def result(self) -> Trained:
        """The best weights so far; averaged ones where the recipe averages."""
        self.kept = overwrite(self.kept, remembered(self.state), self.active)
        validated = None if self.validation is None else self.stopping.best.copy()
        best = self.stopping.best if self.validation is None else self.loss
        return Trained(
            self.kept, self.loss.copy(), best.copy(), validated, self.epochs.copy(), self.state.t, self.diverged.copy(), self.rows
        )


def bound_of(first_cost: Floats) -> Floats:
    """The loss from which on networks have diverged whose first batch cost so much."""
    return RUNAWAY * np.maximum(1.0, np.abs(first_cost))


def left_bounds(loss: Floats, bound: Floats) -> NDArray[np.bool_]:
    """Which losses say that training diverged; one that is no number does too."""
    return ~((loss <= bound) & (loss > -np.inf))


def row_orders(m: int, recipe: Recipe) -> Iterator[NDArray[np.int64]]:
    """The order of the rows in every epoch."""
    key = row_order_key(recipe.seed)
    for epoch in count(1):
        yield row_order(key, epoch, m) if recipe.shuffle else np.arange(m)


def overwrite(kept: Population, now: Population, members: NDArray[np.bool_]) -> Population:
    """`kept` with some members' weights replaced by today's."""
    chosen = [np.where(members[:, None, None], new, old) for old, new in zip(kept.parameters, now.parameters, strict=True)]
    return replace(kept, parameters=Parameters(*chosen))
