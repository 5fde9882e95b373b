"""Some thousand rows, picked from all partitions as a fit in memory picks them, by which a network's noise is judged."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.beyond.lanes import over_lanes
from shoal.beyond.rows import Block
from shoal.fitting.calibration import Judged
from shoal.fitting.summary import Summary
from shoal.types import Floats
from shoal.uncertainty.held import Held, all_out
from shoal.uncertainty.noise import MOST_ROWS


@dataclass(frozen=True)
class Picked:
    """Some rows, those of partitions in their order."""

    X: Floats
    Y: Floats
    weight: Floats
    part: NDArray[np.integer]

    def __add__(self, other: "Picked") -> "Picked":
        mine, theirs = (self.X, self.Y, self.weight, self.part), (other.X, other.Y, other.weight, other.part)
        return Picked(*(np.concatenate(pair) for pair in zip(mine, theirs, strict=True)))


@dataclass(frozen=True)
class Counted:
    """How many rows of each partition may be picked."""

    rows: dict[int, int]

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(self.rows | other.rows)


def may_judge(parts: NDArray[np.int64] | None, block: Block) -> NDArray[np.int64]:
    """A partition's rows that count, and that are in one of the parts where there are parts."""
    counts = block.weight > 0
    return np.flatnonzero(counts if parts is None or block.part is None else counts & np.isin(block.part, parts))


def counted(parts: NDArray[np.int64] | None, block: Block) -> Counted:
    """How many of them there are."""
    return Counted({block.number: len(may_judge(parts, block))})


def picked(parts: NDArray[np.int64] | None, ranks: dict[int, NDArray[np.int64]], block: Block) -> Picked:
    """Those of given ranks."""
    rows = may_judge(parts, block)[ranks[block.number]]
    part = np.full(len(rows), -1) if block.part is None else block.part[rows]
    return Picked(block.X[rows], block.Y[rows], block.weight[rows], part)


def pick(client: Any, lanes: Any, parts: NDArray[np.int64] | None) -> Picked:
    """Up to `MOST_ROWS` rows, evenly spaced over all that may judge."""
    sizes = over_lanes(client, partial(counted, parts), lanes).rows
    numbers = sorted(sizes)
    ends = np.cumsum([sizes[i] for i in numbers])
    n = int(ends[-1])
    places = np.arange(n) if n <= MOST_ROWS else np.linspace(0, n - 1, MOST_ROWS).astype(np.int64)
    mine = np.searchsorted(ends, places, side="right")
    ranks = {number: places[mine == i] - (ends[i] - sizes[number]) for i, number in enumerate(numbers)}
    found: Picked = over_lanes(client, partial(picked, parts, ranks), lanes)
    return found


def judged_on(
    client: Any, lanes: Any, own: Any, held: NDArray[np.int64], alive: NDArray[np.bool_], summary: Summary, *, by_evidence: bool
) -> Judged:
    """What a fitted network is judged on; `held (K,)` are the parts that networks hold out, −1 for none, `own` the user's lanes or None."""
    K = len(held)
    if not len(summary.targets.mean) or summary.classes.size:
        nothing = np.empty((0, 0))
        return Judged(Held(nothing, nothing, np.empty(0), np.empty((K, 0), bool)), None, summary.lowest, summary.highest, summary.m)
    if own is not None:
        rows = pick(client, own, None)
        found = all_out(rows.X, rows.Y, rows.weight, K)
    else:
        parts = np.unique(held[alive]) if (held >= 0).any() and alive.any() else None
        rows = pick(client, lanes, parts)
        out = np.zeros((K, len(rows.Y)), bool) if parts is None else rows.part == held[:, None]
        # the evidence counts all rows that there are, of which these stand for the others
        weight = rows.weight * (summary.inputs.weight / rows.weight.sum() if by_evidence else 1.0)
        found = Held(rows.X, rows.Y, weight, out)
    return Judged(found, None, summary.lowest, summary.highest, summary.m)
