"""The rows of a training and of its validation: in memory, in a file's blocks, on other machines.

A solver needs sums alone, and sums over blocks add up. Its rows therefore need only one method: do some work on every block and add the
results. The work can be pickled, so that it is sent to the rows instead of the rows to it.

Validation rows are each network's own, held out from its training, or the user's set for all.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from shoal.draws import row_order_key
from shoal.encoding import SparseRows
from shoal.engine.device import PROCESSOR, send
from shoal.engine.minibatch import State, begin, leave, row_orders
from shoal.engine.sums import judge, judging_sums, means
from shoal.population import Population
from shoal.recipe import Recipe
from shoal.textbook.losses import Loss
from shoal.types import Floats

T = TypeVar("T")
RowsOfNetworks = tuple[NDArray[np.int64], ...] | None
OrdersOfRows = Callable[[range], NDArray[np.int64]]  # of epochs, counted from 1: the orders of their rows, one after the other
MOST_SHARED = 4_000_000  # numbers of rows in orders that are kept, 32 MB
Scoring = Callable[[Population, NDArray[np.bool_], RowsOfNetworks], Floats]


class Rows(Protocol):
    """Encoded rows with their targets, and the weight of each row for each of K networks.

    Attributes
    ----------
    m, n_y : int
        Rows and targets.
    total : ndarray, (K,)
        Each network's weight of all rows.
    """

    @property
    def m(self) -> int:
        """Rows."""

    @property
    def n_y(self) -> int:
        """Targets of a row."""

    @property
    def total(self) -> Floats:
        """Each network's weight of all rows, `(K,)`."""

    def total_of(self, work: Callable[[Any, Floats, Floats], T]) -> T:
        """Σ work(X, Y, weights) over the blocks, added with `+` in their order.

        A block's `X (m_b, n_x)` (or SparseRows) and `Y (m_b, n_y)` are float64, its `weights (K, m_b)` those of all networks.
        A block may have no rows.
        """


@dataclass(frozen=True)
class ArrayRows:
    """Rows in memory: one block. `X (m, n_x)` or SparseRows, `Y (m, n_y)`, `weights (K, m)`, `total (K,)`."""

    X: Any
    Y: Floats
    weights: Floats
    total: Floats

    @property
    def m(self) -> int:
        """Rows."""
        return len(self.Y)

    @property
    def n_y(self) -> int:
        """Targets of a row."""
        return int(self.Y.shape[1])

    def total_of(self, work: Callable[[Any, Floats, Floats], T]) -> T:
        """The work on all rows."""
        return work(self.X, self.Y, self.weights)


@dataclass(frozen=True)
class RowsOnDevice:
    """Rows elsewhere; each block is sent to a device, which does the work."""

    rows: Rows
    device: str

    @property
    def m(self) -> int:
        """Rows."""
        return self.rows.m

    @property
    def n_y(self) -> int:
        """Targets of a row."""
        return self.rows.n_y

    @property
    def total(self) -> Floats:
        """Each network's weight of all rows, `(K,)`."""
        return self.rows.total

    def total_of(self, work: Callable[[Any, Floats, Floats], T]) -> T:
        """The work, done on the device for one block after the other."""
        return self.rows.total_of(partial(done_there, self.device, work))


def done_there(device: str, work: Callable[[Any, Any, Any], T], X: Any, Y: Floats, weights: Floats) -> T:
    """One block's work on the device."""
    return work(*(send(values, device, np.float64) for values in (X, Y, weights)))


def placed(rows: Rows, device: str) -> Rows:
    """Rows for work on a device: those in memory are sent once, others block by block."""
    if device == PROCESSOR:
        return rows
    if not isinstance(rows, ArrayRows):
        return RowsOnDevice(rows, device)
    X, Y, weights = rows.X, rows.Y, rows.weights
    alike = len(weights) > 1 and weights.strides[0] == 0  # one row of weights for all networks
    sent = send(weights[:1] if alike else weights, device).expand(weights.shape)
    return ArrayRows(send(X, device), send(Y, device), sent, rows.total)


def in_memory(X: Any, Y: Floats, K: int, weight: Floats | None = None) -> ArrayRows:
    """Rows `X (m, n_x)`, `Y (m, n_y)` in float64 for K networks; `weight` is None, `(m,)` or `(K, m)`."""
    X, Y = X if isinstance(X, SparseRows) else np.asarray(X, np.float64), np.asarray(Y, np.float64)
    weights = np.broadcast_to(np.ones(len(Y)) if weight is None else np.asarray(weight, np.float64), (K, len(Y)))
    return ArrayRows(X, Y, weights, np.asarray(weights.sum(axis=1)))


def orders_of_rows(m: int, recipe: Recipe) -> OrdersOfRows:
    """The order of m rows in any epochs."""
    if recipe.shuffle:
        return partial(row_orders, row_order_key(recipe.seed), m)
    return lambda epochs: np.tile(np.arange(m), len(epochs))


class SharedOrders:
    """The order of m rows in any epochs, drawn once for all runs that ask for the same ones, up to a number of kept orders' rows."""

    def __init__(self, m: int, recipe: Recipe) -> None:
        self.draw, self.kept, self.size = orders_of_rows(m, recipe), dict[range, NDArray[np.int64]](), 0

    def __call__(self, epochs: range) -> NDArray[np.int64]:
        """Those of some epochs, one after the other. Any thread may ask; nobody may change them."""
        found = self.kept.get(epochs)
        if found is None:
            found = self.draw(epochs)
            if self.size + len(found) <= MOST_SHARED:
                self.kept[epochs], self.size = found, self.size + len(found)
        return found


# --- validation ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Validation:
    """What each network is judged on.

    `X (m, n_x)`, `Y (m, n_y)`, `weight (m,)` or None; `rows` gives each of K networks its row numbers, None means all rows for all.
    `by (K, K)` or None weighs, in row k, the networks whose losses say when network k is at its best (`Stopping`).
    `scoring` is the user's own score, which then says so in place of the loss: of the networks as they are, those in training, and
    `rows`, `(K,)`, the larger the better.
    """

    X: Any
    Y: Floats
    weight: Floats | None = None
    rows: RowsOfNetworks = None
    by: Floats | None = None
    scoring: Scoring | None = None


@dataclass(frozen=True)
class ValidationElsewhere:
    """Validation rows in blocks elsewhere, whose weights say how much each counts for which network; `by` as in `Validation`."""

    rows: Rows
    by: Floats | None = None


Judging = Validation | ValidationElsewhere


def placed_validation(validation: Judging | None, device: str) -> Judging | None:
    """Rows that are judged on at every step, sent to a device at once and for good; those elsewhere stay where they are."""
    if device == PROCESSOR or not isinstance(validation, Validation):
        return validation
    v = validation
    return replace(v, X=send(v.X, device), Y=send(v.Y, device), weight=None if v.weight is None else send(v.weight, device))


def what_decides(validation: Judging | None, loss: Floats, score: Floats | None, active: NDArray[np.bool_]) -> tuple[Floats, Floats | None]:
    """What says when networks are at their best, the smaller the better, infinite for those that are not in training.

    And their losses, if these do not say it: a score of the user's own does.
    """
    if isinstance(validation, Validation) and validation.scoring is not None:
        assert score is not None
        return np.where(active, -score, np.inf), loss
    return loss if np.count_nonzero(active) == active.size else np.where(active, loss, np.inf), None


@dataclass(frozen=True)
class Judges:
    """Networks as they stand, for `judged`: those that are `active (K,)`."""

    population: Population
    recipe: Recipe
    g2: Loss
    total: Floats
    active: NDArray[np.bool_]

    def state(self) -> State:
        """As the engine judges them."""
        state = begin(self.population, self.recipe, self.g2, self.total, np.float64)
        leave(state, self.active)
        return state


def judged(
    population: Population, recipe: Recipe, g2: Loss, total: Floats, active: NDArray[np.bool_], validation: Judging
) -> tuple[Floats, Floats]:
    """Mean loss and score of the active networks on their validation rows, `(K,)` each; NaN for the others.

    Of rows elsewhere the weights say how much a row counts for which network; 0 where it has learned from it.
    """
    judges = Judges(population, recipe, g2, total, active)
    if isinstance(validation, Validation):
        v = validation
        loss, score = judge(judges.state(), v.X, v.Y, v.rows, v.weight)
        return loss, score if v.scoring is None else v.scoring(population, active, v.rows)
    return means(judges.state(), validation.rows.total_of(partial(judging_of_block, judges)))


def judging_of_block(judges: Judges, X: Any, Y: Floats, weights: Floats) -> Floats:
    """What one block of validation rows adds to every network's sums, `(K, 4 + 3 n_y)`."""
    rows = tuple(np.flatnonzero(own) for own in weights)
    return judging_sums(judges.state(), X, Y, rows, weights.max(axis=0, initial=0.0))
