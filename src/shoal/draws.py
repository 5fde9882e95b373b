"""Every random number of the project.

A stream is named by what it is for: the seed, the purpose, and for one network its member number. It never depends
on where a network stands in a group or on how many threads compute, so that the same seed gives the same weights.
"""

from enum import IntEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.kinds import SeedKind


class Purpose(IntEnum):
    """What a stream is for. The numbers are part of every result: never renumber them."""

    WEIGHTS = 1
    DROPOUT = 2
    ROW_ORDER = 3
    SPLIT = 4
    CALIBRATION = 5
    SCORED = 6
    JUDGED = 7
    SAMPLE = 8
    BLOCK = 9


def member_stream(seed: int, member: int, purpose: Purpose) -> np.random.Generator:
    """The stream of one network: its initial weights, or its dropout."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, purpose, member])))


@lru_cache(maxsize=1024)
def dropout_key(seed: int, member: int) -> int:
    """64 bits that name one network's dropout stream; `kept` draws from it for any update and row. Kept for the runs of a search."""
    return int(np.random.SeedSequence([seed, Purpose.DROPOUT, member]).generate_state(1, np.uint64)[0])


def kept(key: int, t: int, row: int, m: int, rate: float) -> NDArray[np.bool_]:
    """Which of m examples keep unit `row` in update t: the plain twin of the kernels' draw, `(m,)`.

    Counted, not drawn in sequence, so that no network's dropout depends on another's: splitmix64 of key, update and row
    starts a row, murmur3's finalizer of start + i·golden is its draw i, uniform over 32 bits.
    """
    wide = (1 << 64) - 1
    x = (key + 0x9E3779B97F4A7C15 * (t * 0x100000001B3 + row + 1)) & wide
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & wide
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & wide
    start = (x ^ (x >> 31)) & 0xFFFFFFFF
    v = (start + np.arange(m, dtype=np.uint64) * 0x9E3779B9) & 0xFFFFFFFF
    v = ((v ^ (v >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    v = ((v ^ (v >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return np.asarray((v ^ (v >> 16)) >= np.uint64(rate * 2**32))


def row_order_key(seed: int) -> int:
    """64 bits that name the order of a group's rows; `row_order` draws from it for any epoch."""
    return int(np.random.SeedSequence([seed, Purpose.ROW_ORDER]).generate_state(1, np.uint64)[0])


def row_order(key: int, epoch: int, m: int) -> NDArray[np.int64]:
    """The order of m < 2³² rows in an epoch: Fisher and Yates' shuffle, the plain twin of the kernels'.

    Draw i is splitmix64's; its upper 32 bits times the number of places left, divided by 2³², is the place.
    """
    wide, golden = (1 << 64) - 1, 0x9E3779B97F4A7C15
    x, order = (key + golden * (epoch << 32)) & wide, np.arange(m)
    for i in range(m - 1, 0, -1):
        x = (x + golden) & wide
        v = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & wide
        v = ((v ^ (v >> 27)) * 0x94D049BB133111EB) & wide
        j = ((v >> 32) * (i + 1)) >> 32
        order[[i, j]] = order[[j, i]]
    return order


def row_draws(seed: int, purpose: Purpose, rows: NDArray[np.integer]) -> NDArray[np.uint64]:
    """A draw for each row by its number, uniform over 64 bits, in `rows`' shape: the same whatever else is drawn, and in which order.

    Counted as `kept` counts: splitmix64 of the stream's key and the row's number. For tables that are never held whole.
    """
    key = np.random.SeedSequence([seed, purpose]).generate_state(1, np.uint64)[0]
    return mixed(key + np.uint64(0x9E3779B97F4A7C15) * (rows.astype(np.uint64) + np.uint64(1)))


def mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64's finalizer: 64 bits of which each depends on every bit of x, one to one; 0 stays 0."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))


def shares(draws: NDArray[np.uint64]) -> NDArray[np.float64]:
    """The draws as numbers from 0 to below 1."""
    return (draws >> np.uint64(11)).astype(np.float64) / 2.0**53


def group_stream(seed: int, purpose: Purpose) -> np.random.Generator:
    """The stream that all networks of a group share: the rows held out."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, purpose])))


def seed_from(random_state: Any) -> int:
    """A seed from scikit-learn's `random_state`: a whole number is taken as it is, a RandomState draws one, None asks the system."""
    checked = SeedKind().read("random_state", random_state)
    if checked is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    return int(checked.randint(2**31 - 1)) if isinstance(checked, np.random.RandomState) else int(checked)
