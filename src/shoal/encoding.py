"""The encoding of a number before layer 1: its z-score, and ramps; and the scaling of a target.

Cells far from all others of their column are limited first: a single 10,000 in a column around 3 would make z-scores of all others
alike. Columns of the encoded matrix: the n z-scores first, then the ramps of column 0, of column 1, … A ramp is piecewise
linear in x: 0 up to its left edge, 1 from its right edge on, minus its mean over the training rows. Ramps let a
smooth network change sharply where a column's values change meaning (piecewise linear encoding, Gorishniy et al. 2022).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shoal.derived import cached_property
from shoal.errors import DataError, LargeColumnError
from shoal.input_limits import BLOCK_NUMBERS, FEW_VALUES, TIES, fit_limits, limited, limited_columns
from shoal.textbook.propagation import Parameters
from shoal.types import Floats

FIRST_ROWS = 64  # their mean is near enough to all rows' mean
BINS = 8
CONSTANT = 1e-12  # of its mean: a column whose standard deviation is not larger is constant to rounding
TINY, TINY_SQUARE = 1e-140, 1e-270  # smaller numbers and variances: their squares lose digits, or are 0
HEAVY_SHARE = 1 / 8  # a value that fills more of the rows is an edge of its own
MIN_QUANTILE_BINS = 4


class Ramps(NamedTuple):
    """For every ramp its column, its left edge and its width, each `(number of ramps,)`."""

    column: NDArray[np.int64]
    left: Floats
    width: Floats


@dataclass(frozen=True)
class Encoding:
    """How rows of inputs are encoded. Frozen at fit; prediction uses the same.

    Attributes
    ----------
    center, scale : ndarray, (n,)
        A z-score is (x − center) / scale.
    edges : tuple of ndarray
        The ramps' edges of each column, empty if it has none; E edges make E − 1 ramps.
    ramp_center : ndarray, (number of ramps,)
        Mean of each ramp over the training rows.
    ramp_scale : float
        Every centred ramp is multiplied by it.
    limits : ndarray, (2, n), or None
        The lowest and the highest number that each input counts as, −∞ and ∞ for a column without; None if no column has any.
    """

    center: Floats
    scale: Floats
    edges: tuple[Floats, ...]
    ramp_center: Floats
    ramp_scale: float = 1.0
    limits: Floats | None = None

    @cached_property
    def ramps(self) -> Ramps:
        """All ramps in one tuple."""
        return ramps_of(self.edges)

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # `ramps` is made again where it is needed

    @property
    def n_inputs(self) -> int:
        """Columns before encoding."""
        return len(self.center)

    @property
    def n_ramps(self) -> int:
        """Columns that the ramps add."""
        return len(self.ramp_center)

    @property
    def limited_inputs(self) -> list[tuple[int, float, float]]:
        """Each limited column, with the lowest and the highest number that its cells count as."""
        return limited_columns(self.limits)


def plain(n: int) -> Encoding:
    """Numbers without encoding."""
    return Encoding(np.zeros(n), np.ones(n), (np.empty(0),) * n, np.empty(0))


def fit_encoding(X: Any, weight: Floats | None = None, *, ramps: bool, ramp_scale: float = 1.0) -> Encoding:
    """The encoding from these training rows `(m, n)`; sparse X is scaled and centred, and has no ramps.

    `weight (m,)` counts each row; limits and edges of ramps are of the rows with a weight above 0.
    """
    limits = fit_limits(X, weight)
    found = replace(z_scores(*moments(X, weight, limits=limits), are_flags(X)), limits=limits)
    if not ramps or sparse.issparse(X):
        return found
    w = np.ones(len(X)) if weight is None else np.asarray(weight, np.float64)
    counted = slice(None) if weight is None else w > 0
    of_columns = (None,) * X.shape[1] if limits is None else limits.T
    edges = tuple(ramp_edges(limited(own, np.asarray(X[counted, j], np.float64)), w[counted]) for j, own in enumerate(of_columns))
    all_ramps = ramps_of(edges)
    ramp_center = summed(X, lambda rows, s: w[s] @ ramp_values(limited(limits, rows), all_ramps)) / w.sum()
    return replace(found, edges=edges, ramp_center=ramp_center, ramp_scale=ramp_scale)


def z_scores(center: Floats, scale: Floats, flags: NDArray[np.bool_]) -> Encoding:
    """The encoding without ramps of columns with these means and scales; flags that vary stay 0 and 1."""
    flags = flags & (scale != 1.0)
    return Encoding(np.where(flags, 0.0, center), np.where(flags, 1.0, scale), (np.empty(0),) * len(flags), np.empty(0))


def are_flags(X: Any) -> NDArray[np.bool_]:
    """Columns that contain 0 and 1 only, `(n,)`: yes or no, a category's level.

    They stay 0 and 1: as z-scores the rare ones would be the largest inputs of all, which costs accuracy on tables with
    many categories (docs/defaults.md).
    """
    if sparse.issparse(X):
        others = sparse.csc_array(X.astype(np.float64), copy=True)
        others.data = (others.data != 0) & (others.data != 1)
        return np.asarray(np.asarray(others.sum(axis=0)).ravel() == 0, bool)
    flags = np.ones(X.shape[1], bool)
    for s in blocks(X.shape):
        if flags.any():
            rows = X[s]
            flags &= np.all((rows == 0) | (rows == 1), axis=0)
    return flags


def moments(X: Any, weight: Floats | None = None, what: str = "X", limits: Floats | None = None) -> tuple[Floats, Floats]:
    """Weighted mean and standard deviation of each column, within limits, in float64; a constant column gets the scale 1."""
    w = np.ones(X.shape[0]) if weight is None else np.asarray(weight, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # the check below names the column
        mean, variance = sparse_moments(X, w) if sparse.issparse(X) else dense_moments(np.asarray(X), w, limits)
    scale = scale_of(mean, variance, what)
    small = np.flatnonzero((variance < TINY_SQUARE) & (np.abs(mean) < TINY)).tolist()  # squares of what varies may be 0 here
    columns = sparse.csc_array(X) if small and sparse.issparse(X) else X
    for j in small:
        if sparse.issparse(X) and columns.indptr[j] == columns.indptr[j + 1]:
            continue  # a word that no row has
        column = columns[:, [j]].toarray() if sparse.issparse(X) else np.asarray(X[:, [j]], np.float64)
        column = limited(None if limits is None else limits[:, [j]], column)
        largest = float(np.abs(column[w > 0]).max())
        if 0 < largest < TINY:
            up = 2.0 ** -max(math.frexp(largest)[1], -1000)  # a power of two changes no digit
            (center,), (sd,) = moments(column * up, w)
            if sd == 1.0:  # of a constant column; numbers within ±1 have less
                continue
            if what == "y":  # squared errors in its units would be 0 too
                raise DataError(f"{_where(j, what, len(mean))} holds numbers so small that their squares are 0; multiply it by a constant")
            mean[j], scale[j] = center / up, sd / up
    return mean, scale


def _where(j: int, what: str, n: int) -> str:
    return what if what == "y" and n == 1 else f"column {j} of {what}"


def scale_of(mean: Floats, variance: Floats, what: str) -> Floats:
    """The standard deviation of each column, 1 for one that is constant to rounding.

    Raises
    ------
    LargeColumnError
        For numbers whose squares are not finite.
    """
    if not np.isfinite(variance).all():
        j = int(np.flatnonzero(~np.isfinite(variance))[0])
        error = LargeColumnError(
            f"{_where(j, what, len(mean))} holds numbers so large that their squares are not finite; divide it by a constant"
        )
        error.column, error.what = j, what
        raise error
    sd = np.sqrt(variance)
    constant = sd <= CONSTANT * np.maximum(np.abs(mean), 1e-300)
    return np.where(constant, 1.0, sd)


def dense_moments(X: Floats, w: Floats, limits: Floats | None = None) -> tuple[Floats, Floats]:
    """Mean and variance of each column within its limits."""
    # a column far from 0 keeps its digits when about its mean is taken off before summing, and again before squaring
    near = limited(limits, np.asarray(X[np.flatnonzero(w)[:FIRST_ROWS]], np.float64))
    shift = (near / len(near)).sum(axis=0)
    total, first, second = w.sum(), np.zeros(X.shape[1]), np.zeros(X.shape[1])
    for s in blocks(X.shape):
        rows = limited(limits, X[s]) - shift
        first += w[s] @ rows
        second += w[s] @ np.multiply(rows, rows, out=rows)
    return shift + first / total, np.maximum(second / total - (first / total) ** 2, 0.0)


def summed(X: Floats, of_rows: Callable[[Floats, slice], Floats]) -> Floats:
    """The sum of a function over blocks of rows in float64."""
    return np.asarray(sum(of_rows(np.asarray(X[s], np.float64), s) for s in blocks(X.shape)))


def blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """All rows of a table `(m, n)`, in blocks whose copies fit into the caches."""
    step = max(64, BLOCK_NUMBERS // max(1, shape[1]))
    return (slice(s, s + step) for s in range(0, shape[0], step))


def sparse_moments(X: Any, w: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of each column from the stored numbers, and the zeros by their weight."""
    columns = sparse.csc_array(X, dtype=np.float64, copy=True)
    columns.sum_duplicates()
    total, n = w.sum(), columns.shape[1]
    place, weight = np.repeat(np.arange(n), np.diff(columns.indptr)), w[columns.indices]
    mean = np.bincount(place, weights=weight * columns.data, minlength=n) / total
    spread = np.bincount(place, weights=weight * (columns.data - mean[place]) ** 2, minlength=n)
    zeros = total - np.bincount(place, weights=weight, minlength=n)
    zeros = np.where(zeros > 1e-12 * total, zeros, 0.0)  # rounding must not make zeros in a full column
    return mean, (spread + zeros * mean**2) / total


def ramp_edges(column: Floats, weight: Floats | None = None, bins: int = BINS) -> Floats:
    """Edges of one column's ramps, increasing; fewer than three make no ramps and an empty array is returned.

    Up to 9 distinct values: all are edges. Otherwise values that fill over 1/8 of the rows are edges, and the other rows are cut at
    quantiles (the inverted distribution function, so that a row of weight 2 counts as two rows).
    """
    w = np.ones(len(column)) if weight is None else weight
    values, where = np.unique(column, return_inverse=True)
    counts = np.bincount(where, weights=w)
    if len(values) <= FEW_VALUES:
        edges = values
    else:
        heavy = counts > HEAVY_SHARE * counts.sum()
        shares = np.cumsum(counts[~heavy]) / counts[~heavy].sum()
        wanted = np.linspace(0, 1, max(MIN_QUANTILE_BINS, bins - int(heavy.sum())) + 1)
        at = np.searchsorted(shares, wanted - TIES)
        cuts = values[~heavy][np.minimum(at, len(shares) - 1)]
        edges = np.unique(np.concatenate([values[heavy], cuts]))
    return np.asarray(edges, np.float64) if len(edges) >= 3 else np.empty(0)


def ramps_of(edges: Sequence[Floats]) -> Ramps:
    """The ramps of these columns' edges."""
    counts = [max(len(e) - 1, 0) for e in edges]
    left, right = (np.concatenate([np.empty(0), *(e[part] for e in edges)]) for part in (slice(None, -1), slice(1, None)))
    return Ramps(np.repeat(np.arange(len(edges)), counts), left, right - left)


def raw_ramps(X: Floats, edges: Sequence[Floats]) -> Floats:
    """clip((x − eₜ) / (eₜ₊₁ − eₜ), 0, 1) for every ramp of every column, `(m, number of ramps)`."""
    return ramp_values(X, ramps_of(edges))


def ramp_values(X: Floats, ramps: Ramps) -> Floats:
    """`raw_ramps`, of ramps side by side."""
    values = X[:, ramps.column]
    values -= ramps.left
    values /= ramps.width
    return np.clip(values, 0.0, 1.0, out=values)


def encode(encoding: Encoding, X: Any, dtype: Any = np.float64) -> Any:
    """Rows `(m, n)` encoded, `(m, n + n_ramps)`, computed in float64 and then cast. Sparse rows come back as `SparseRows`."""
    if sparse.issparse(X):
        return SparseRows(sparse.csr_array(X), encoding, np.dtype(dtype))
    X, n = np.asarray(X), encoding.n_inputs
    encoded = np.empty((X.shape[0], n + encoding.n_ramps), dtype)
    for s in blocks(encoded.shape):  # so that no copy of the whole table in float64 is ever made
        rows = limited(encoding.limits, np.asarray(X[s], np.float64))
        np.divide(rows - encoding.center, encoding.scale, out=encoded[s, :n], casting="same_kind")
        if encoding.n_ramps:
            values = ramp_values(rows, encoding.ramps)
            values -= encoding.ramp_center
            np.multiply(values, encoding.ramp_scale, out=encoded[s, n:], casting="same_kind")
    return encoded


def decoded(encoding: Encoding, encoded: Any) -> Any:
    """The rows `(m, n)` that `encode` was given, within its limits and up to rounding; sparse ones as they were."""
    if isinstance(encoded, SparseRows):
        return encoded.matrix
    return np.asarray(encoded[:, : encoding.n_inputs], np.float64) * encoding.scale + encoding.center


@dataclass(frozen=True)
class SparseRows:
    """Sparse rows that become dense, encoded ones a batch at a time: `rows[i]` is an ndarray."""

    matrix: sparse.csr_array
    encoding: Encoding
    dtype: np.dtype

    @property
    def shape(self) -> tuple[int, int]:
        """(m, n + n_ramps)"""
        return len(self), self.encoding.n_inputs + self.encoding.n_ramps

    def __len__(self) -> int:
        return int(self.matrix.shape[0])

    def __getitem__(self, rows: Any) -> Floats:
        return np.asarray(encode(self.encoding, self.matrix[rows].toarray(), self.dtype))

    def only(self, rows: Any) -> "SparseRows":
        """Some of the rows, still sparse."""
        return replace(self, matrix=self.matrix[rows])


def encoded_names(encoding: Encoding, names: Sequence[str]) -> list[str]:
    """A name for every encoded column: the input's own, and `name[left..right]` for a ramp."""
    ramped = [(name, e) for name, e in zip(names, encoding.edges, strict=True) if len(e)]
    ramps = [f"{name}[{a}..{b}]" for name, e in ramped for a, b in pairwise(edge_texts(e))]
    return [*names, *ramps]


def edge_texts(edges: Floats) -> list[str]:
    """Increasing edges in as few digits, six at least, as tell them apart."""
    texts = ([f"{e:.{digits}g}" for e in edges] for digits in range(6, 18))
    return next(t for t in texts if len(set(t)) == len(t))


def fold(encoding: Encoding, parameters: Parameters) -> Parameters:
    """The same network over raw numbers and raw ramps, in float64: (x − c)/s moves into W1 and b1, and of skip connections into W3, b2.

    Its inputs are x itself within its limits and each ramp in [0, 1]. Works with and without a leading axis K.
    """
    whole = parameters.map(lambda w: np.asarray(w, np.float64))
    center = np.concatenate([encoding.center, encoding.ramp_center])
    scale = np.concatenate([encoding.scale, np.full(encoding.n_ramps, 1 / encoding.ramp_scale)])
    W1, W3 = whole.W1 / scale, None if whole.W3 is None else whole.W3 / scale
    b2 = whole.b2 if W3 is None else whole.b2 - W3 @ center[:, None]
    return Parameters(W1, whole.b1 - W1 @ center[:, None], whole.W2, b2, W3)


@dataclass(frozen=True)
class TargetScale:
    """What a target becomes: (y − center) / scale, one number for each output, `(n_y,)`."""

    center: Floats
    scale: Floats


def fit_target(Y: Floats, weight: Floats | None = None) -> TargetScale:
    """Mean and standard deviation of the training targets `(m, n_y)`."""
    return TargetScale(*moments(Y, weight, "y"))


def encode_target(target: TargetScale, Y: Floats) -> Floats:
    """Targets `(m, n_y)` in the network's form."""
    return (np.asarray(Y, np.float64) - target.center) / target.scale


def decode_target(target: TargetScale, A2: Floats) -> Floats:
    """Predictions `(m, n_y)` in the target's own units, float64."""
    return np.asarray(A2, np.float64) * target.scale + target.center


def fold_target(target: TargetScale, parameters: Parameters) -> Parameters:
    """The same network with identity outputs in the target's own units: the scale moves into W2, b2 and W3."""
    p, scale = parameters, target.scale[:, None]
    W3 = None if p.W3 is None else p.W3 * scale
    return Parameters(p.W1, p.b1, p.W2 * scale, p.b2 * scale + target.center[:, None], W3)
