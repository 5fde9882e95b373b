"""The rows of a full-batch solver: in memory, in a file's blocks, on other machines.

A solver needs sums alone, and sums over blocks add up. Its rows therefore need only one method: do some work on every block and add the
results. The work can be pickled, so that it is sent to the rows instead of the rows to it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np

from shoal.encoding import SparseRows
from shoal.engine.device import PROCESSOR, send
from shoal.types import Floats

T = TypeVar("T")


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
