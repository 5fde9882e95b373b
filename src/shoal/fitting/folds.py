"""Which rows each network is trained without, and which are held out from all networks: decided here for every source of rows.

The decision uses a few facts about rows (`RowFacts`, some 8 bytes each), never the rows themselves, so that these may be anywhere. Rows
that belong together, those of one group or with the same inputs, are held out by the same networks; rows with a time are held out from
its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shoal.derived import cached_property
from shoal.draws import Purpose, group_stream, mixed
from shoal.errors import DataError
from shoal.fitting.limits import refuse
from shoal.fitting.plan import PARTS, SMALL, Plan
from shoal.training.rows import Validation
from shoal.types import Floats

SPLIT_SHARE = 5  # "split" holds out every fifth row from all networks
PAIR_SHARE = 5  # "cv+" holds out every fifth row of a part from two networks of a kind, whose difference shows the variance of one
RowsOfEach = tuple[NDArray[np.int64], ...]
Keys = NDArray[np.uint64]
Part = TypeVar("Part")


@dataclass(frozen=True)
class RowFacts:
    """The facts about m rows that decide who holds them out.

    Attributes
    ----------
    m : int
    weight : ndarray, (m,), or None
        Rows of weight 0 are never held out.
    labels : ndarray, (m,), or None
        The class of each row.
    X : array-like, (m, n), or None
        The rows, if they are available; else `keys` are given.
    keys : ndarray, (m,), or None
        Equal for rows with the same inputs (`row_keys`); computed from X if None.
    groups : ndarray, (m,), or None
        Numbers that are equal for rows of one group.
    time : ndarray, (m,), or None
        Numbers that sort.
    """

    m: int
    weight: Floats | None = None
    labels: NDArray[Any] | None = None
    X: Any = None
    keys: Keys | None = None
    groups: NDArray[np.int64] | None = None
    time: NDArray[Any] | None = None

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        """Which rows have a weight above 0, `(m,)`."""
        return np.ones(self.m, bool) if self.weight is None else self.weight > 0

    @cached_property
    def twins(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows that belong together (`twins`): those of one group, or else those with the same inputs."""
        if self.groups is not None:
            return twins(self.groups, self.counted)
        return twins(row_keys(self.X) if self.keys is None else self.keys, self.counted)

    def by_value(self) -> NDArray[np.int64]:
        """The indices of the different rows, or groups, in an order that does not depend on the order of the rows."""
        leaders, _ = self.twins
        if self.groups is not None:
            return np.argsort(self.groups[leaders], kind="stable")
        if self.X is None:
            assert self.keys is not None
            return np.argsort(self.keys[leaders], kind="stable")
        different = self.X[leaders]
        return np.lexsort((different.toarray() if sparse.issparse(different) else np.asarray(different)).T)


# --- rows that belong together --------------------------------------------------------------------------------------


def row_keys(X: Any) -> Keys:
    """64 bits for each row of X `(m, n)`, dense or CSR: equal for rows with the same numbers in any precision; `(m,)`."""
    if sparse.issparse(X):
        rows = sparse.csr_array(X, copy=True)
        rows.sum_duplicates()
        of_each = key_of_numbers(rows.data, rows.indices)
        total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(of_each, dtype=np.uint64)])  # modulo 2⁶⁴, as are differences
        return mixed(total[rows.indptr[1:]] - total[rows.indptr[:-1]])
    keys = np.zeros(len(X), np.uint64)
    for j in range(X.shape[1]):
        keys += key_of_numbers(X[:, j], np.int64(j))
    return mixed(keys)


def key_of_numbers(values: Any, column: Any) -> Keys:
    """64 bits for each number in its column; 0 for a 0, so that sparse rows need not store it."""
    numbers = np.ascontiguousarray(values, np.float64)
    start = mixed(np.atleast_1d(column).astype(np.uint64) + np.uint64(1))
    return np.where(numbers == 0, np.uint64(0), mixed(start ^ numbers.view(np.uint64)))


def twins(keys: NDArray[Any], counted: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first of all rows with the same key, `(number of different ones,)`, and for every row which of them it is, `(m,)`.

    Rows of weight 0 are −1. Rows with the same inputs must be held out together; otherwise a network has learned the very row that
    evaluates it.
    """
    rows = np.flatnonzero(counted)
    _, first, number = np.unique(keys[rows], return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    places = np.full(len(keys), -1)
    places[rows] = rank[number]
    return rows[first[order]], places


def different_rows(X: Any, weight: Floats | None) -> int | None:
    """How many different rows count, if they are few; None if they are many, or elsewhere."""
    if X.shape[0] >= SMALL or not (isinstance(X, np.ndarray) or sparse.issparse(X)):
        return None
    return len(RowFacts(X.shape[0], weight, X=X).twins[0])


def with_twins(parts: Sequence[NDArray[np.int64]], places: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows whose indices among the different ones are in each part."""
    part_of = np.full(int(places.max(initial=-1)) + 2, -1)  # the last entry: rows of weight 0
    for number, part in enumerate(parts):
        part_of[part] = number
    return [np.flatnonzero(part_of[places] == number) for number in range(len(parts))]


# --- rows kept from all networks ------------------------------------------------------------------------------------


def set_aside(calibration: Any, facts: RowFacts, seed: int) -> NDArray[np.int64] | None:
    """For "split": the rows that no network may learn from, never all of a class; else None. With a time these are the last.

    Raises
    ------
    DataError
        If all rows belong together.
    """
    if calibration != "split":
        return None
    if facts.time is not None:
        return last_rows(facts, SPLIT_SHARE)
    leaders, places = facts.twins
    order = group_stream(seed, Purpose.CALIBRATION).permutation(len(leaders))
    chosen = np.zeros(len(leaders), bool)
    chosen[order[::SPLIT_SHARE]] = True
    if chosen.all():
        raise DataError(f"calibration='split' needs at least 2 {different(facts)}, and there are {len(leaders)}; give more rows")
    if facts.labels is not None:
        rows = np.flatnonzero(facts.counted)
        held = chosen[places[rows]]
        lost = held & ~np.isin(facts.labels[rows], facts.labels[rows[~held]])
        chosen[places[rows[lost]]] = False
    return np.flatnonzero((places >= 0) & chosen[np.maximum(places, 0)])


def last_rows(facts: RowFacts, parts: int) -> NDArray[np.int64]:
    """The last rows in time of those that count, about one of so many; rows of one time stay together.

    Rows whose class does not occur before them are not among them: all networks must learn that class.

    Raises
    ------
    DataError
        If all rows have the same time.
    """
    assert facts.time is not None
    rows = np.flatnonzero(facts.counted)
    time = facts.time[rows]
    n = max(1, round(len(rows) / parts))
    border = np.sort(time)[len(rows) - n]
    sides = [held for held in (time >= border, time > border) if 0 < held.sum() < len(rows)]
    if not sides:
        raise DataError(f"time is {time[0]} in all {len(rows)} rows that count, so there are no last rows; leave time out")
    held = min(sides, key=lambda side: abs(int(side.sum()) - n))
    if facts.labels is not None:
        labels = facts.labels[rows]
        held &= np.isin(labels, labels[~held])
    return np.asarray(rows[held])


# --- rows that each network holds out -------------------------------------------------------------------------------


def kept_out(calibration: Any, facts: RowFacts, p: Plan, seed: int, *, own: bool) -> RowsOfEach | None:
    """The rows that each network is trained without, or None: for early stopping, and so that every row can be evaluated.

    With "cv+" there are as many parts as networks of a kind, so that one of them holds out each row; with "temperature" as for early
    stopping, unless the user's `own` validation rows are enough. With few rows that count there are fewer parts, of two rows at least.
    With a time all networks hold out the last rows.
    """
    if calibration == "cv+":
        if facts.time is not None:
            refuse("cv+ with time")
        return of_every_row(facts, p, seed)
    n = p.hold_out or (PARTS if calibration == "temperature" and not own else 0)
    if not n:
        return None
    if facts.time is not None:
        last = last_rows(facts, n)
        return (last,) * len(p.with_ramps) if len(last) > 1 else None
    if facts.groups is not None:
        parts = of_groups(facts, n, seed)
    elif facts.m < SMALL:
        parts = of_different_rows(facts, n, seed)
    else:
        parts = random_parts(facts.m, of_two_rows(n, int(np.count_nonzero(facts.counted))), facts.labels, seed, facts.weight)
    return held_out(p.with_ramps, parts) if len(parts) > 1 else None


def of_two_rows(n: int, counted: int) -> int:
    """The number of parts, at most n, with two rows that count in each; two parts at least."""
    return max(2, min(n, counted // 2))


def of_every_row(facts: RowFacts, p: Plan, seed: int) -> RowsOfEach:
    """Rows split so that a network holds out every one that counts, and two networks some; rows that belong together stay together."""
    leaders, places = facts.twins
    of_a_kind = largest_kind(p)
    parts = random_parts(len(leaders), parts_of_every_row(p), None, seed)
    if len(parts) < 2:
        raise DataError(f"calibration='cv+' needs at least 2 {different(facts)}, and there are {len(leaders)}; give more rows")
    rows = with_twins(parts, places)
    if of_a_kind > 2 and min(map(len, parts)) >= PAIR_SHARE and len(parts) > 2:  # a network of each kind must learn from every row
        shared = with_twins([part[::PAIR_SHARE] for part in parts], places)
        rows = [np.union1d(mine, shared[k - 1]) for k, mine in enumerate(rows)]
    if of_a_kind > 1:
        return held_out(p.with_ramps, rows)
    return tuple(rows[k % len(rows)] for k in range(len(p.with_ramps)))


def largest_kind(p: Plan) -> int:
    """Networks of the larger kind."""
    return max(p.with_ramps.count(True), p.with_ramps.count(False))


def parts_of_every_row(p: Plan) -> int:
    """Parts of the rows with "cv+": as many as networks of a kind."""
    return largest_kind(p) if largest_kind(p) > 1 else len(p.with_ramps)


def drawn_parts(calibration: Any, p: Plan, parts: Sequence[int]) -> list[int]:
    """Which of some parts each network holds out, if each row's own random number determines its part."""
    if calibration == "cv+" and largest_kind(p) == 1:
        return [parts[k % len(parts)] for k in range(len(p.with_ramps))]
    return list(held_out(p.with_ramps, parts))


def of_different_rows(facts: RowFacts, n: int, seed: int) -> list[NDArray[np.int64]]:
    """Rows split by their content: those with the same inputs are in the same part, for any order and number.

    Then, with few rows, an integer weight equals repeated rows. With labels every class is spread evenly.
    """
    leaders, places = facts.twins
    by_value, labels = facts.by_value(), facts.labels
    if labels is not None:
        numbers = np.unique(labels, return_inverse=True)[1]
        labels = np.full(len(leaders), len(numbers))
        np.minimum.at(labels, places[places >= 0], numbers[places >= 0])  # equal inputs of several classes: the first class
        labels = labels[by_value]
    return with_twins([by_value[part] for part in random_parts(len(leaders), of_two_rows(n, len(leaders)), labels, seed)], places)


def of_groups(facts: RowFacts, n: int, seed: int) -> list[NDArray[np.int64]]:
    """Whole groups in n parts of about as many rows, at most one part per group; classes that groups have alone are spread evenly.

    A group that is the only one with some class is in no part: all networks must learn that class.
    """
    leaders, places = facts.twins
    rows, by_value = np.flatnonzero(places >= 0), facts.by_value()
    size, label, free = np.bincount(places[rows], minlength=len(leaders)), np.zeros(len(leaders), np.int64), np.ones(len(leaders), bool)
    if facts.labels is not None:
        numbers = np.unique(facts.labels[rows], return_inverse=True)[1]
        pairs = np.unique(np.stack([numbers, places[rows]]), axis=1)
        alone = np.bincount(pairs[0]) == 1
        free[pairs[1][alone[pairs[0]]]] = False
        label = np.full(len(leaders), len(numbers))
        np.minimum.at(label, places[rows], numbers)
    order = by_value[group_stream(seed, Purpose.SPLIT).permutation(len(leaders))]
    order = order[free[order]]
    order = order[np.lexsort((-size[order], label[order]))]  # stable: groups of one size stay in random order
    parts = min(of_two_rows(n, int(size[order].sum())), len(order))
    return with_twins([order[part::parts] for part in range(parts)], places)


def random_parts(m: int, parts: int, labels: NDArray[Any] | None, seed: int, weight: Floats | None = None) -> list[NDArray[np.int64]]:
    """Row numbers in `parts` parts of nearly equal size, in random order; with labels, every class is spread evenly.

    Rows of weight 0 are in no part, because they cannot evaluate anything; nor is the only row of a class, which all networks must learn.
    There are never more parts than rows.
    """
    order = group_stream(seed, Purpose.SPLIT).permutation(m)
    order = order if weight is None else order[weight[order] > 0]
    if labels is not None:
        _, places, counts = np.unique(labels[order], return_inverse=True, return_counts=True)
        order = order[counts[places] > 1]
    parts = min(parts, len(order))
    if labels is not None:
        order = order[np.argsort(labels[order], kind="stable")]
    return [np.sort(order[part::parts]) for part in range(parts)]


def held_out(with_ramps: tuple[bool, ...], parts: Sequence[Part]) -> tuple[Part, ...]:
    """Each member's own part of the validation rows: the k-th of a kind holds out part k, so that both kinds hold out the same rows."""
    place = {True: 0, False: 0}
    rows = []
    for ramp in with_ramps:
        rows.append(parts[place[ramp] % len(parts)])
        place[ramp] += 1
    return tuple(rows)


# --- what follows for each network ----------------------------------------------------------------------------------


def member_weights(m: int, weight: Floats | None, rows: RowsOfEach | None) -> Floats | None:
    """Each row's weight for each member, `(K, m)`: 0 if the member holds the row out."""
    if rows is None:
        return weight
    weights = np.tile(np.ones(m) if weight is None else weight, (len(rows), 1))
    for k, mine in enumerate(rows):
        weights[k, mine] = 0.0
    return weights


def watched(calibration: Any, rows: RowsOfEach, p: Plan, all_rows: Validation) -> Validation:
    """The held-out rows whose loss each network records, and for each row the networks that it stops.

    With "cv+" every row evaluates the networks that hold it out, and must not decide when these stop: the rows of the others of the kind
    do, and rows that two of a kind hold out are not used for it. Otherwise each network uses all its rows, and stops by them.
    """
    if calibration != "cv+":
        return replace(all_rows, rows=rows)
    weight = np.ones(len(all_rows.Y)) if all_rows.weight is None else all_rows.weight
    out = np.zeros((len(rows), len(weight)), bool)
    for k, mine in enumerate(rows):
        out[k, mine] = True
    watch, by = watching(out, p, weight)
    return replace(all_rows, rows=tuple(np.flatnonzero(mine) for mine in watch), by=by)


def watching(out: NDArray[np.bool_], p: Plan, weight: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Which of the rows that each network holds out record its loss, and the weights of the networks that stop each (`Validation.by`).

    `out (K, n)` and `weight (n,)` are of rows, or of rows that the same networks hold out, in one column.
    """
    kinds = np.array(p.with_ramps)
    alike = kinds[:, None] == kinds
    watch = np.stack([mine & (np.unique(out[alike[k]], axis=0).sum(axis=0) == 1) for k, mine in enumerate(out)])
    apart = (out.astype(float) @ watch.T) == 0
    by = np.where((apart & alike).any(axis=1, keepdims=True), apart & alike, apart) * (watch @ weight)
    return watch, by / by.sum(axis=1, keepdims=True)


def coded(rows: RowsOfEach, m: int) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """A code for each of m rows, equal for rows that the same networks hold out, `(m,)`; and which networks these are, `(K, codes)`.

    Code 0 is of the rows that none holds out.
    """
    sets = {id(mine): mine for mine in rows}  # networks share rows
    code, out = np.zeros(m, np.int16), np.zeros((len(sets), 1), bool)
    for number, mine in enumerate(sets.values()):
        before, place = np.unique(code[mine], return_inverse=True)
        code[mine] = out.shape[1] + place
        also = out[:, before]
        also[number] = True
        out = np.concatenate([out, also], axis=1)
    used = np.bincount(code, minlength=out.shape[1]) > 0
    used[0] = True
    numbers = {which: number for number, which in enumerate(sets)}
    return (np.cumsum(used) - 1).astype(np.int16)[code], out[:, used][[numbers[id(mine)] for mine in rows]]


def different(facts: RowFacts) -> str:
    """What is counted, in words."""
    return "different rows that count" if facts.groups is None else "groups with rows that count"


def refuse_too_few(rows: RowsOfEach | None, facts: RowFacts) -> None:
    """Refuse to evaluate a network on a single row, or on none, if early stopping was requested."""
    fewest = 0 if rows is None else min(map(len, rows))
    if fewest >= 2:
        return
    whole = "" if facts.groups is None else f" ({len(facts.twins[0])} groups, each held out whole, and never the only one with a class)"
    raise DataError(
        f"The validation set is too small: a network would hold out {fewest} of the rows that count{whole}, and early_stopping=True "
        "needs 2. Increase 'validation_fraction' or the size of your dataset, or choose early_stopping=False"
    )
