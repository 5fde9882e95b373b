"""Where rows stand on the ramps of their columns, which `kernels/ramps.py` looks up instead of multiplying by every ramp."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import Encoding, SparseRows
from shoal.engine.arguments import OF_COLUMNS, OF_RAMPS, refuse
from shoal.engine.threads import one_blas_thread
from shoal.types import Floats

TILE = 32  # units that `kernels/ramps.py` works on at once
LINE = 64  # bytes: vectors that do not cross lines of the cache are read twice as fast
WORTH_LOOKING_UP = 48  # rows of a batch: for fewer, the tables cost more than a product over ramps


class RampPositions(NamedTuple):
    """`at (m, c)` is the ramp, of all ramps, on which a row stands in each column that has any, and `share (m, c)` how far up it is;
    `starts (c + 1,)` are the columns' first ramps. The encoded ramp is share · scale − shift: `shift (ramps + 1,)` holds `scale` last.
    """

    at: NDArray[np.int32]
    share: Floats
    starts: NDArray[np.int32]
    shift: Floats


def find_ramp_positions(encoding: Encoding, X: Any) -> RampPositions | None:
    """Where encoded rows `X (m, n + ramps)` stand: a row's ramps of one column, 1 … 1, f, 0 … 0, add up to its height.

    None of an encoding without ramps, and of sparse rows.
    """
    if not encoding.n_ramps or isinstance(X, SparseRows):
        return None
    if X.shape[1] != encoding.n_inputs + encoding.n_ramps:
        refuse(OF_COLUMNS)
    counts = np.array([len(e) - 1 for e in encoding.edges if len(e)], np.int32)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    adding = np.zeros((encoding.n_ramps, len(counts)), X.dtype)
    adding[np.arange(encoding.n_ramps), np.repeat(np.arange(len(counts)), counts)] = 1 / encoding.ramp_scale
    with one_blas_thread():  # so that no digit depends on how many there are
        height = X[:, encoding.n_inputs :] @ adding
    height += np.add.reduceat(encoding.ramp_center, starts[:-1])
    at = height.astype(np.int32)
    np.clip(at, 0, counts - 1, out=at)  # the top of the last ramp is on it
    height -= at
    at += starts[:-1]
    return RampPositions(at, height, starts, np.append(encoding.ramp_center * encoding.ramp_scale, encoding.ramp_scale).astype(X.dtype))


class RampArrays(NamedTuple):
    """Arrays of the kernel, for a batch of b rows. First the four of `RampPositions`, of all rows.

    `batch_at` and `batch_share (b up to eights, c)` are the batch's; `rows (b·c,)` its row numbers ramp after ramp, ramp r's from
    `bounds[r]` on, with their `shares`; `table (ramps, 2·TILE)`, `turned (n1, TILE)`, `errors (b, TILE)` and `tail (TILE, 8)` are a
    tile's; `W` and `gW (units, plain)`.
    """

    at: NDArray[np.int32]
    share: Floats
    starts: NDArray[np.int32]
    shift: Floats
    batch_at: NDArray[np.int32]
    batch_share: Floats
    rows: NDArray[np.int32]
    shares: Floats
    bounds: NDArray[np.int32]
    table: Floats
    turned: Floats
    errors: Floats
    tail: Floats
    W: Floats
    gW: Floats


# The lookup: what `kernels/ramps.py` receives in one array, in this order. Where the product and its two functions lie, sizes, and
# where the arrays of `RampArrays` lie; layer 1 has n1 columns, and `PLAIN` without its ramps.
PRODUCT, LAYER_1, GRADIENT, RAMPS, COLUMNS, INPUTS, N1, PLAIN, UNITS, ARRAYS = range(10)
LOOKUP_SIZE = ARRAYS + len(RampArrays._fields)  # numbers in all


@dataclass(frozen=True)
class Laid:
    """Ramp positions laid out for the kernel: `lookup` holds as long as `arrays` are kept, whose addresses it has.

    A copy would have the addresses of this one's arrays, so there is none: copying or pickling a group gives None here, and the
    ramp_positions are laid out again.
    """

    ramp_positions: RampPositions
    largest: int
    lookup: NDArray[np.int64]
    arrays: RampArrays

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()

    def serves(self, ramp_positions: RampPositions, H: int, largest: int) -> bool:
        """Whether it was laid out for these."""
        return self.ramp_positions is ramp_positions and self.largest == largest and int(self.lookup[UNITS]) == H


def in_precision(positions: RampPositions, dtype: np.dtype) -> RampPositions:
    """The positions in the numbers that the kernels compute with; refused where a row stands on a ramp that is not there."""
    c, n_r = len(positions.starts) - 1, int(positions.starts[-1])
    if (
        positions.at.shape[1:] != (c,)
        or positions.share.shape != positions.at.shape
        or positions.shift.shape != (n_r + 1,)
        or positions.starts[0] != 0
    ):
        refuse(OF_RAMPS)
    if np.any(np.diff(positions.starts) < 0) or (positions.at.size and not 0 <= positions.at.min() <= positions.at.max() < n_r):
        refuse(OF_RAMPS)
    at, starts = (np.ascontiguousarray(places, np.int32) for places in (positions.at, positions.starts))
    share, shift = (np.ascontiguousarray(numbers, dtype) for numbers in (positions.share, positions.shift))
    return RampPositions(at, share, starts, shift)


def laid_out(positions: RampPositions, n: int, n1: int, plain: int, H: int, largest: int, functions: tuple[int, int, int]) -> Laid:
    """For H rows of W1 over n inputs (ramps not counted) and batches of at most `largest` rows."""
    c, n_r, dtype = len(positions.starts) - 1, int(positions.starts[-1]), positions.share.dtype
    up = -(-largest // 8) * 8  # rows are looked up by eights
    batch_at, rows, bounds = (np.zeros(size, np.int32) for size in (up * c, largest * c, n_r + 1))
    batch_share, shares, *tables = (
        aligned(size, dtype) for size in (up * c, largest * c, n_r * 2 * TILE, n1 * TILE, largest * TILE, TILE * 8, H * plain, H * plain)
    )
    arrays = RampArrays(*positions, batch_at, batch_share, rows, shares, bounds, *tables)
    lookup = np.array([*functions, n_r, c, n, n1, plain, H, *(a.ctypes.data for a in arrays)], np.int64)
    return Laid(positions, largest, lookup, arrays)


def aligned(size: int, dtype: np.dtype) -> Floats:
    """Zeros that begin with a line of the cache."""
    whole = np.zeros(size + LINE // dtype.itemsize, dtype)
    skip = -whole.ctypes.data % LINE // dtype.itemsize
    return whole[skip : skip + size]
