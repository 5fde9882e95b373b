"""Minibatch training on rows that are never in memory at once: one block at a time; the rule's memory continues from block to block.

The way the blocks are made determines how well rows are mixed. Every epoch takes the blocks in a new random order, and the rows of each
in a new random order, so that a batch has rows of one block.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from shoal.draws import row_order_key
from shoal.engine.minibatch import advance_in_order, row_order
from shoal.population import Population
from shoal.recipe import Recipe, batch_slices
from shoal.textbook.losses import Loss
from shoal.training.minibatch import Run
from shoal.training.rows import T, Validation
from shoal.types import Floats


class RowBlock(NamedTuple):
    """Some of the rows in layer 1's encoding: `X (m_b, n_x)`, `Y (m_b, n_y)`, `weights (K, m_b)`, or None if each counts for all."""

    X: Floats
    Y: Floats
    weights: Floats | None


class Blocks(Protocol):
    """Rows in blocks, each small enough for memory.

    Attributes
    ----------
    sizes : tuple of int
        Rows of each block, at least 1.
    total : ndarray, (K,)
        Each network's weight of all rows.
    n_y : int
        Targets.
    """

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each block."""

    @property
    def total(self) -> Floats:
        """Each network's weight of all rows, `(K,)`."""

    @property
    def n_y(self) -> int:
        """Targets of a row."""

    def block(self, number: int, dtype: np.dtype) -> RowBlock:
        """One block."""

    def with_none_held_out(self) -> "Blocks":
        """The same rows, each of which counts for every network."""


class InBlocks:
    """`rows.Rows` over blocks: full-batch solvers read one after the other, in float64."""

    def __init__(self, blocks: Blocks, progress: Callable[[int], None]) -> None:
        self.blocks, self.progress = blocks, progress
        self.m, self.n_y, self.total = sum(blocks.sizes), blocks.n_y, blocks.total

    def total_of(self, work: Callable[[Any, Floats, Floats], T]) -> T:
        """Σ work(X, Y, weights) over the blocks."""
        total: Any = None
        for number, m in enumerate(self.blocks.sizes):
            X, Y, weights = self.blocks.block(number, np.dtype(np.float64))
            found = work(X, Y, np.ones((len(self.total), m)) if weights is None else weights)
            total = found if total is None else total + found
            del X, Y, weights  # before the next block is read
            self.progress(m)
        return total  # type: ignore[no-any-return]


class Streamed(Run):
    """`minibatch.Run` over blocks. `progress` is called with the number of rows after each block, for progress within an epoch."""

    def __init__(
        self,
        recipe: Recipe,
        population: Population,
        g2: Loss,
        blocks: Blocks,
        *,
        validation: Validation | None = None,
        dtype: Any = np.float64,
        progress: Callable[[int], None],
        until: NDArray[np.int64] | None = None,
        planned_epochs: NDArray[np.int64] | None = None,
    ) -> None:
        nothing = np.empty((1, 0))
        known: dict[str, Any] = {"until": until, "planned_epochs": planned_epochs}
        super().__init__(recipe, population, g2, nothing, nothing, validation=validation, dtype=dtype, **known)
        self.blocks, self.progress, self.m = blocks, progress, sum(blocks.sizes)
        self.state.total = blocks.total
        self.order_key = row_order_key(recipe.seed)
        self.slices_of = [batch_slices(m, recipe) for m in blocks.sizes]
        self.slices = [s for slices in self.slices_of for s in slices]
        self.ends = np.zeros(len(self.slices) + 1, np.int64)  # of the epoch that `pass_over` makes

    def refit(
        self, recipe: Recipe, population: Population, weight: Floats | None, until: NDArray[np.int64], planned_epochs: NDArray[np.int64]
    ) -> "Streamed":
        """A run of the same networks on all rows, none held out; the blocks contain the weights of the rows."""
        known: dict[str, Any] = {"until": until, "planned_epochs": planned_epochs, "dtype": self.state.dtype, "progress": self.progress}
        return Streamed(recipe, population, self.g2, self.blocks.with_none_held_out(), **known)

    def again(self, recipe: Recipe, population: Population, **changed: Any) -> "Streamed":
        """A run of the same networks on the same rows from `population`, by another recipe; `changed` are other arguments."""
        known: dict[str, Any] = {"validation": self.validation, "dtype": self.state.dtype, "progress": self.progress}
        return Streamed(recipe, population, self.g2, self.blocks, **known | changed)

    def training_rows(self) -> InBlocks:
        """The rows that each network learns from, in the form for a full-batch solver."""
        return InBlocks(self.blocks, self.progress)

    def all_rows(self, weight: Floats | None) -> InBlocks:
        """All rows, none held out, in the form for a full-batch solver; the blocks know the weights of the rows."""
        return InBlocks(self.blocks.with_none_held_out(), self.progress)

    def epochs_at_once(self) -> int:
        """One: a pass over the blocks is long."""
        return 1

    def planned(self, first: int, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """One epoch's learning rates; the rows' order is drawn block by block."""
        t, steps = self.state.t - self.now.first_t, len(self.slices)
        return np.arange(0), self.ends, self.scheduled(t + np.arange(1, steps + 1), steps)

    def pass_over(self, order: NDArray[np.int64], ends: NDArray[np.int64], rates: Floats) -> Floats:
        """One epoch's updates, block by block."""
        costs, batches, done = np.empty((len(rates), self.K)), [], 0
        for number, rows_in_order in self.orders_of_pass():
            X, Y, weights = self.blocks.block(number, self.state.dtype)
            slices = self.slices_of[number]
            last, within = done + len(slices), np.array([0, *(s.stop for s in slices)])
            costs[done:last] = advance_in_order(self.state, X, Y, rows_in_order, within, rates[done:last], weights)
            batches.append(np.diff(within))
            done = last
            del X, Y, weights  # before the next block is read
            self.progress(self.blocks.sizes[number])
        self.batch_shares = np.concatenate(batches)[None] / self.m
        return costs

    def orders_of_pass(self) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """The blocks of this pass in their order, each with the order of its rows."""
        n, number_of_pass = len(self.blocks.sizes), self.now.done + 1
        shuffled = self.recipe.shuffle
        blocks = row_order(self.order_key, number_of_pass * (n + 1), n) if shuffled else np.arange(n)
        for number in blocks.tolist():
            m = self.blocks.sizes[number]
            yield number, row_order(self.order_key, number_of_pass * (n + 1) + 1 + number, m) if shuffled else np.arange(m)
