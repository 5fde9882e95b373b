"""Rows of Dask collections on the workers: partitions, checked, side by side in spans; and sums over them.

A span is some neighbouring partitions that one worker holds and works on in one task, because a task costs some
milliseconds however little it computes. Sums are taken along one binary tree over the partitions, whatever the spans,
so that no bit depends on how many workers there are or which of them died.

Encoded rows in spans, as full-batch solvers take them: `training.rows.Rows` whose blocks lie on workers.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from shoal.dask.workers import Noted, on_worker, pass_on
from shoal.encoding import Encoding, encode
from shoal.errors import DataError
from shoal.estimators.estimator import checked_rows
from shoal.fitting.targets import Targets, encode_targets
from shoal.types import Floats

T = TypeVar("T")

TOGETHER = 8  # results that are added in one place: the client up to so many spans, else workers first
UNEVEN = 1.15  # how much more than its share of the partitions a thread may get, before spans are made shorter
SHORTEST = 8  # spans a thread at most
SENT_AT_LEAST, SENT_BYTES = 16, 8_000_000  # partitions that rows in memory are cut into, and the size of one of many


@dataclass(frozen=True)
class Raw:
    """A partition's rows, checked: `X (m_b, n)`, `y (m_b,)` or `(m_b, k)`, `weight (m_b,)` or None.

    `aside (m_b,)` are the weights of rows that are set aside for calibration, whose `weight` is 0; None if none are.
    """

    number: int
    X: Floats
    y: NDArray[Any]
    weight: Floats | None
    aside: Floats | None = None


@dataclass(frozen=True)
class RawPartitions:
    """The partitions of X, y and the weights as delayed objects, each n of them; `what` X is called in errors."""

    X: tuple[Any, ...]
    y: tuple[Any, ...]
    weight: tuple[Any, ...] | None
    meta: Any
    what: str = ""

    @property
    def n(self) -> int:
        """Partitions."""
        return len(self.X)


def source_of(client: Any, X: Any, y: Any, weight: Any = None, what: str = "") -> RawPartitions:
    """Dask arrays or data frames as partitions that belong together; rows in memory are cut into such.

    Raises
    ------
    DataError
        For what is cut into other partitions, or lies partly here and partly there, and for rows without targets.
    """
    if isinstance(X, RawPartitions):
        return X
    if y is None:
        raise DataError("y is None: give the targets, in the same partitions as X")
    if not any(hasattr(given, "__dask_graph__") for given in (X, y, weight)):
        return sent(client, X, y, weight, what)
    for name, given in (("X", X), ("y", y), ("sample_weight", weight)):
        if given is not None and not hasattr(given, "__dask_graph__"):
            raise DataError(
                f"{name} is a {type(given).__name__}, and other rows are in a Dask collection: give it as one too, such as "
                "dask.array.from_array(y, chunks=X.chunks[0])"
            )
    if getattr(X, "ndim", 0) != 2:
        raise DataError(f"X has {getattr(X, 'ndim', 'no')} dimensions; rows come as a dask array (m, n) or data frame")
    frame = hasattr(X, "columns")
    parts = X.to_delayed() if frame else X.rechunk({1: -1}).to_delayed().ravel()
    others: list[tuple[Any, ...] | None] = []
    for name, given in (("y", y), ("sample_weight", weight)):
        if given is None:
            others.append(None)
            continue
        if not hasattr(given, "columns") and hasattr(given, "rechunk"):
            given = given.rechunk({1: -1}) if given.ndim == 2 else given
            same = frame or np.array_equal(given.chunks[0], X.chunks[0]) or np.isnan(given.chunks[0]).any() or np.isnan(X.chunks[0]).any()
            given = given if same or len(given) != len(X) else given.rechunk({0: X.chunks[0]})
        delayed = np.asarray(given.to_delayed(), object).ravel()
        if len(delayed) != len(parts):
            raise DataError(f"X has {len(parts)} partitions and {name} has {len(delayed)}; they must be cut alike: repartition one of them")
        others.append(tuple(delayed))
    assert others[0] is not None
    return RawPartitions(tuple(parts), others[0], others[1], X._meta if frame else np.empty((0, X.shape[1])), what)


def sent(client: Any, X: Any, y: Any, weight: Any, what: str) -> RawPartitions:
    """Rows in memory in partitions: as many for rows of one size, whatever the cluster. The scheduler keeps them, whichever worker dies."""
    X = X if hasattr(X, "columns") else np.asarray(X)
    if getattr(X, "ndim", 0) != 2:
        raise DataError(f"X has {getattr(X, 'ndim', 'no')} dimensions; rows come as (m, n)")
    m, n_bytes = len(X), 8 * X.shape[0] * X.shape[1]
    for name, given in (("y", y), ("sample_weight", weight)):
        if given is not None and len(given) != m:
            raise DataError(f"X has {m} rows, {name} has {len(given)}")
    n = max(1, min(m, max(SENT_AT_LEAST, -(-n_bytes // SENT_BYTES))))
    ends = np.linspace(0, m, n + 1).astype(np.int64).tolist()

    def parts(rows: Any) -> tuple[Any, ...]:
        rows = rows.iloc if hasattr(rows, "iloc") else np.asarray(rows)
        return tuple(client.submit(itself, rows[a:b], pure=False) for a, b in pairwise(ends))

    meta = X.iloc[:0] if hasattr(X, "columns") else X[:0]
    return RawPartitions(parts(X), parts(y), None if weight is None else parts(weight), meta, what)


# --- spans ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Span:
    """The partitions from `first` to before `end`, of which `blocks` are those that have rows."""

    first: int
    end: int
    blocks: tuple[Any, ...]


def span_ends(n: int, threads: int) -> list[int]:
    """Where the spans of n partitions end: of a power of two of them each, few, but so many that every thread gets its share."""
    size = 1 << max(0, (n - 1).bit_length())
    while size > 1:
        spans = -(-n // size)
        most = min(n, -(-spans // threads) * size)
        if spans >= threads and (most <= UNEVEN * n / threads or spans >= SHORTEST * threads):
            break
        size //= 2
    return [min(n, end) for end in range(size, n + size, size)]


def checked_spans(client: Any, estimator: Any, source: RawPartitions) -> list[Any]:
    """Futures of the spans, their blocks `Raw`."""
    from dask.delayed import delayed

    work, given = delayed(checked_span, pure=False), delayed(estimator, pure=False)
    spans, start = [], 0
    for end in span_ends(source.n, max(1, sum(client.nthreads().values()))):
        weights = None if source.weight is None else list(source.weight[start:end])
        spans.append(work(given, source.what, start, source.n, list(source.X[start:end]), list(source.y[start:end]), weights))
        start = end
    futures: list[Any] = client.compute(spans)
    return futures


def checked_span(estimator: Any, what: str, first: int, n: int, Xs: list[Any], ys: list[Any], weights: list[Any] | None) -> Span:
    """Some partitions' rows, checked as in `fit`; errors name the partition."""
    blocks = []
    for i, (X, y) in enumerate(zip(Xs, ys, strict=True)):
        with of_partition(what, first + i, n):
            if len(X) != len(y):
                raise DataError(f"X has {len(X)} rows, y has {len(y)}")
            weight = None if weights is None else checked_weights(weights[i], len(X))
            if not len(X):
                continue
            X, y = checked_rows(estimator, X, y, reset=False)
            if y.dtype.kind == "f" and not np.isfinite(y).all():
                raise DataError(f"y holds {float(y[~np.isfinite(y)][0])} in row {int(np.flatnonzero(~np.isfinite(y))[0]) + 1}")
            blocks.append(Raw(first + i, X, y, weight))
    return Span(first, first + len(Xs), tuple(blocks))


def checked_weights(weight: Any, m: int) -> Floats:
    """Weights of m rows; a partition's may all be 0."""
    values: Floats = np.asarray(weight, np.float64).reshape(-1)
    if len(values) != m:
        raise DataError(f"X has {m} rows, sample_weight has {len(values)}")
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        raise DataError(f"sample_weight holds {float(values[wrong][0])}; all must be 0 or more")
    return values


@contextmanager
def of_partition(what: str, number: int, n: int) -> Iterator[None]:
    """Whatever is wrong with rows as a `DataError` that says in which partition, counted from 1."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise DataError(f"partition {number + 1} of {n}{what and f' of {what}'}: {' '.join(str(error).split())}") from None


def changed(work: Callable[[Any], Any], span: Span) -> Span:
    """The span with another block in each one's place."""
    return Span(span.first, span.end, tuple(work(block) for block in span.blocks))


def changed_spans(client: Any, work: Callable[[Any], Any], spans: Sequence[Any]) -> list[Any]:
    """`changed`, of all spans, where they lie; made again from what they were made of if a worker dies."""
    return [client.submit(changed, work, span, pure=False) for span in spans]


def changed_with(client: Any, work: Callable[[dict[int, T], Any], Any], values: dict[int, T], spans: Sequence[Any]) -> list[Any]:
    """`changed_spans`, where the work also takes the values of a span's partitions, by their numbers."""
    ranges = client.gather([client.submit(range_of, span, pure=False) for span in spans])
    found = []
    for span, (first, end) in zip(spans, ranges, strict=True):
        theirs = {i: value for i, value in values.items() if first <= i < end}
        found.append(client.submit(changed, partial(work, theirs), span, pure=False))
    return found


def range_of(span: Any) -> tuple[int, int]:
    """Which partitions a span has."""
    return span.first, span.end


# --- sums -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sum:
    """A sum, None of nothing, and what workers were warned of on the way."""

    value: Any
    noted: tuple[Noted, ...] = ()

    def __add__(self, other: "Sum") -> "Sum":
        if self.value is None or other.value is None:
            return Sum(other.value if self.value is None else self.value, self.noted + other.noted)
        return Sum(self.value + other.value, self.noted + other.noted)


def tree(sums: Sequence[Sum]) -> Sum:
    """Neighbours added first: the same along any cut into spans."""
    left = list(sums)
    while len(left) > 1:
        left = [left[i] + left[i + 1] if i + 1 < len(left) else left[i] for i in range(0, len(left), 2)]
    return left[0]


def summed(work: Callable[[Any], Any], span: Span) -> Sum:
    """Σ work(block) over a span."""
    places: dict[int, Any] = {block.number: block for block in span.blocks}

    def all_blocks() -> Sum:
        return tree([Sum(work(places[i]) if i in places else None) for i in range(span.first, span.end)])

    found, noted = on_worker(all_blocks)
    return Sum(found.value, tuple(noted))


def added(*sums: Sum) -> Sum:
    """`tree` as a task."""
    return tree(sums)


def itself(value: T) -> T:
    """What many tasks are given, in one place, from which workers fetch it."""
    return value


def over_spans(client: Any, work: Callable[[Any], Any], spans: Sequence[Any]) -> Any:
    """Σ work(block) over all blocks with rows: one pass, whose only traffic is `work` there and sums back."""
    if len(spans) > TOGETHER:
        work = client.submit(itself, work, pure=False)
    sums = [client.submit(summed, work, span, pure=False) for span in spans]
    while len(sums) > TOGETHER:
        sums = [client.submit(added, *sums[i : i + TOGETHER], pure=False) for i in range(0, len(sums), TOGETHER)]
    found = tree(client.gather(sums))
    pass_on(found.noted)
    if found.value is None:
        raise DataError("no partition has any row: there is nothing to learn from")
    return found.value


@dataclass(frozen=True)
class Block:
    """A partition's rows encoded: `X (m_b, n_x)`, `Y (m_b, n_y)` in float64, `weight (m_b,)`, and the code of each row (`folds.coded`).

    `code (m_b,)` is None where no network holds rows out; `aside` as in `Raw`.
    """

    number: int
    X: Floats
    Y: Floats
    weight: Floats
    code: NDArray[np.integer] | None
    aside: Floats | None = None


def encoded_block(
    targets: Targets,
    encoding: Encoding,
    dtype: np.dtype,
    codes: dict[int, NDArray[np.int16]] | None,
    raw: Raw,
    what: tuple[str, int] = ("", 0),
) -> Block:
    """A partition as layer 1 takes it, in the precision of the plan; `codes` are those of every partition.

    `what` says in errors what the rows are, and how many partitions they have.
    """
    X = np.asarray(encode(encoding, raw.X, dtype), np.float64)
    with of_partition(what[0], raw.number, what[1]):
        Y = np.asarray(encode_targets(targets, raw.y).Y, np.float64)
    weight = np.ones(len(X)) if raw.weight is None else raw.weight
    return Block(raw.number, X, Y, weight, None if codes is None else codes[raw.number], raw.aside)


@dataclass(frozen=True)
class SpanRows:
    """The rows of spans for K networks.

    Attributes
    ----------
    m, n_y : int
    total : ndarray, (K,)
        Each network's weight of all rows.
    counts : ndarray of bool, (K, codes)
        The rows of which codes count for each network.
    """

    client: Any
    spans: tuple[Any, ...]
    m: int
    n_y: int
    total: Floats
    counts: NDArray[np.bool_]

    def total_of(self, work: Callable[[Any, Floats, Floats], T]) -> T:
        """Σ work(X, Y, weights) over the partitions: one pass."""
        found: T = over_spans(self.client, partial(weighed, work, self.counts), self.spans)
        return found


def weighed(work: Callable[[Any, Floats, Floats], T], counts: NDArray[np.bool_], block: Block) -> T:
    """The work on one partition, with the weights that each network gives to its rows."""
    return work(block.X, block.Y, weights_of(counts, block))


def weights_of(counts: NDArray[np.bool_], block: Block) -> Floats:
    """`(K, m_b)`: 0 where a row does not count for a network."""
    everyone = np.broadcast_to(block.weight, (len(counts), len(block.weight)))
    return everyone if block.code is None else np.where(counts[:, block.code], everyone, 0.0)


def total_weights(counts: NDArray[np.bool_], block: Block) -> Floats:
    """Each network's weight of a partition's rows, `(K,)`."""
    return np.asarray(weights_of(counts, block).sum(axis=1))


def code_weights(n: int, block: Block) -> Floats:
    """The weight of a partition's rows of each of n codes, `(n,)`."""
    code = np.zeros(len(block.weight), np.int64) if block.code is None else block.code
    return np.asarray(np.bincount(code, block.weight, minlength=n), np.float64)


def square_lengths(block: Block) -> Floats:
    """Σ w x² of every encoded input, `(n_x,)`."""
    return np.asarray(block.weight @ block.X**2)
