"""Minibatch training of one group of networks, an event an epoch.

`Run` asks the engine for an epoch at a time and decides what comes next: learning rates, stopping, which weights to
keep. Iterate it to train; `result()` may be called at any time and gives the best weights so far.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.draws import Purpose, group_stream
from shoal.engine.advance import Carried, advance, begin, current, finite, leave
from shoal.engine.advance import resume as take_over
from shoal.engine.judging import judge
from shoal.population import Population
from shoal.recipe import Recipe, batch_slices, each, schedule_factor
from shoal.textbook.outputs import Output
from shoal.textbook.propagation import Parameters
from shoal.training.events import Epoch
from shoal.training.stopping import fresh
from shoal.training.validation import Validation

Floats = NDArray[np.floating]
SMALLEST_RATE = 1e-6  # scikit-learn's: an "adaptive" learning rate below it stops training
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


class Run:
    """One group being trained. `X (m, n_x)` encoded, `Y (m, n_y)`, `weight` None, `(m,)` or `(K, m)`.

    `members` name the networks' dropout streams, their places if None; `orders` replaces the drawn row order of every
    epoch, for comparisons; `resume` continues an earlier run.
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
    ) -> None:
        self.recipe, self.g2, self.validation = recipe, g2, validation
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
        self.first_cost = np.full(self.K, np.nan)
        self.loss = np.full(self.K, np.nan)
        self.epochs = np.zeros(self.K, np.int64)
        self.diverged = np.zeros(self.K, np.int64)
        self.slices = batch_slices(self.m, recipe)

    def __iter__(self) -> Iterator[Epoch]:
        started = time.perf_counter()
        for epoch in range(1, self.recipe.max_epochs + 1):
            event = self.one_epoch(epoch, started)
            yield event
            if not self.active.any():
                return
            if self.recipe.max_time is not None and event.seconds > self.recipe.max_time:
                return

    def one_epoch(self, epoch: int, started: float) -> Epoch:
        """Train every active network on all rows once, then look at what came out."""
        order, recipe = next(self.orders), self.recipe
        n_steps = recipe.max_epochs * len(self.slices)
        done = self.state.t - self.first_t
        factors = [schedule_factor(recipe, done + 1 + i, n_steps) for i in range(len(self.slices))]
        rates = np.outer(factors, self.rates)
        batches = [order[s] for s in self.slices]
        costs = advance(self.state, self.X, self.Y, batches, rates, self.weight)
        self.rows += self.m
        self.first_cost = costs[0] if epoch == 1 else self.first_cost
        trained = self.active.copy()
        loss = np.where(trained, np.sum(self.batch_shares(batches) * costs, axis=0), np.nan)
        self.loss = np.where(trained, loss, self.loss)
        self.epochs[trained] = epoch
        lost = ~np.isfinite(loss) | (loss > RUNAWAY * np.maximum(1.0, np.abs(self.first_cost)))
        self.leave_diverged(trained & lost, epoch)
        v = self.validation
        checked = None if v is None else judge(self.state, v.X, v.Y, v.rows, v.weight)
        self.decide(loss if checked is None else checked[0])
        self.lower_with_rows()
        seconds = time.perf_counter() - started
        judged, score = (None, None) if checked is None else checked
        return Epoch(epoch, recipe.max_epochs, self.state.t, loss, judged, score, rates[-1], seconds, self.active.copy())

    def batch_shares(self, batches: list[NDArray[np.int64]]) -> Floats:
        """What each batch counts in the loss of an epoch, `(len(batches), 1 or K)`: its rows; nothing where these all weigh 0."""
        rows = np.array([[float(len(b))] for b in batches])
        if self.weight is not None:
            rows = rows * np.array([np.atleast_1d(np.any(self.weight[..., b] > 0, axis=-1)) for b in batches])
        return np.asarray(rows / np.maximum(rows.sum(axis=0), 1.0))

    def lower_with_rows(self) -> None:
        """ "invscaling": rates fall with the rows seen."""
        if self.recipe.schedule == "invscaling":
            self.rates = self.first_rates / (self.rows + 1) ** self.recipe.power_t

    def leave_diverged(self, failed: NDArray[np.bool_], epoch: int) -> None:
        """A network that diverged stops alone; the others go on."""
        failed = failed | (self.active & ~finite(self.state))
        if failed.any():
            self.diverged[failed] = epoch
            self.retire(failed)

    def decide(self, loss: Floats) -> None:
        """Keep the best weights, lower rates that adapt, and let networks go that improve no more."""
        better, stalled = self.stopping.see(np.where(self.active, loss, np.inf))
        unjudged = np.isinf(self.stopping.best)  # until a validation loss is finite, the latest weights are the best known
        keep = (better | unjudged) & self.active if self.validation is not None else self.active
        if keep.all():
            self.kept = current(self.state)
        elif keep.any():
            self.kept = overwrite(self.kept, current(self.state), keep)
        stalled &= self.active
        if self.recipe.schedule == "adaptive" and stalled.any():
            lower = stalled & (self.rates > SMALLEST_RATE)
            self.rates[lower] /= 5
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
        """Networks leave the products."""
        self.active = self.active & ~gone
        leave(self.state, self.active)

    def result(self) -> Trained:
        """The best weights so far, without networks' averages undone: what `kept` holds."""
        validated = None if self.validation is None else self.stopping.best.copy()
        best = self.stopping.best if self.validation is None else self.loss
        return Trained(
            self.kept, self.loss.copy(), best.copy(), validated, self.epochs.copy(), self.state.t, self.diverged.copy(), self.rows
        )


def row_orders(m: int, recipe: Recipe) -> Iterator[NDArray[np.int64]]:
    """The order of the rows in every epoch, from the group's own stream."""
    stream = group_stream(recipe.seed, Purpose.ROW_ORDER)
    while True:
        yield stream.permutation(m) if recipe.shuffle else np.arange(m)


def overwrite(kept: Population, now: Population, members: NDArray[np.bool_]) -> Population:
    """`kept` with some members' weights replaced by today's."""
    chosen = [np.where(members[:, None, None], new, old) for old, new in zip(kept.parameters, now.parameters, strict=True)]
    return replace(kept, parameters=Parameters(*chosen))
