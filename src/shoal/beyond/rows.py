"""Encoded rows in lanes, as full-batch solvers take them: `training.rows.Rows` whose blocks lie on workers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from shoal.beyond.lanes import Raw, of_partition, over_lanes
from shoal.encoding import Encoding, encode
from shoal.fitting.targets import Targets, encode_targets
from shoal.types import Floats

T = TypeVar("T")


@dataclass(frozen=True)
class Block:
    """A partition's rows encoded: `X (m_b, n_x)`, `Y (m_b, n_y)` in float64, `weight (m_b,)`, and the part that each row is dealt into.

    `part (m_b,)` is None where no network holds rows out.
    """

    number: int
    X: Floats
    Y: Floats
    weight: Floats
    part: NDArray[np.integer] | None


def encoded_block(
    targets: Targets,
    encoding: Encoding,
    dtype: np.dtype,
    parts: dict[int, NDArray[np.int16]] | None,
    raw: Raw,
    what: tuple[str, int] = ("", 0),
) -> Block:
    """A partition as layer 1 takes it, in the precision of the plan; `parts` are those of every partition.

    `what` says in errors what the rows are, and how many partitions they have.
    """
    X = np.asarray(encode(encoding, raw.X, dtype), np.float64)
    with of_partition(what[0], raw.number, what[1]):
        Y = np.asarray(encode_targets(targets, raw.y).Y, np.float64)
    weight = np.ones(len(X)) if raw.weight is None else raw.weight
    return Block(raw.number, X, Y, weight, None if parts is None else parts[raw.number])


@dataclass(frozen=True)
class LaneRows:
    """The rows of lanes for K networks.

    Attributes
    ----------
    m, n_y : int
    total : ndarray, (K,)
        Each network's weight of all rows.
    held : ndarray of int, (K,)
        The part that each network holds out, −1 for none; `judged` makes these the only rows that count.
    """

    client: Any
    lanes: tuple[Any, ...]
    m: int
    n_y: int
    total: Floats
    held: NDArray[np.int64]
    judged: bool = False

    def total_of(self, work: Callable[[Any, Floats, Floats], T]) -> T:
        """Σ work(X, Y, weights) over the partitions: one pass."""
        found: T = over_lanes(self.client, partial(weighed, work, self.held, self.judged), self.lanes)
        return found


def weighed(work: Callable[[Any, Floats, Floats], T], held: NDArray[np.int64], judged: bool, block: Block) -> T:
    """The work on one partition, with the weights that each network gives to its rows."""
    return work(block.X, block.Y, weights_of(held, judged, block))


def weights_of(held: NDArray[np.int64], judged: bool, block: Block) -> Floats:
    """`(K, m_b)`: 0 where a network holds a row out; or, to judge it, where it does not."""
    everyone = np.broadcast_to(block.weight, (len(held), len(block.weight)))
    if block.part is None:
        return everyone
    return np.where((block.part == held[:, None]) == judged, everyone, 0.0)


def total_weights(held: NDArray[np.int64], block: Block) -> Floats:
    """Each network's weight of a partition's rows, `(K,)`."""
    return np.asarray(weights_of(held, False, block).sum(axis=1))


def square_lengths(block: Block) -> Floats:
    """Σ w x² of every encoded input, `(n_x,)`."""
    return np.asarray(block.weight @ block.X**2)
