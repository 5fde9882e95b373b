"""How good the networks of a running group are on rows that they do not train on: loss and score, compiled."""

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import SparseRows
from shoal.engine.arguments import refuse, refuse_rows
from shoal.engine.kernels import evaluate_module, train_module
from shoal.engine.layout import NetworkGroup, seen_rows
from shoal.engine.minibatch import State, over_groups, per_network, shape_of
from shoal.types import Floats

RowNumbers = NDArray[np.int64]

JUDGED_AT_ONCE = 256  # rows, so that a network's hidden layer stays in the caches
DENSE_ROWS = 4096  # sparse rows are made dense so many at a time


def judge(state: State, X: Any, Y: Floats, rows: tuple[RowNumbers, ...] | None, weight: Floats | None) -> tuple[Floats, Floats]:
    """Mean loss and score of every network still in the group, two arrays `(K,)`; NaN for those that have left.

    `X (m, n_x)`, `Y (m, n_y)` in the state's precision; `rows` gives each of K networks its row numbers (None: all rows);
    `weight (m,)` or None. The score is the share of rows whose every label is right, or R² averaged over the targets.
    """
    return means(state, judging_sums(state, X, Y, rows, weight))


def judging_sums(state: State, X: Any, Y: Floats, rows: tuple[RowNumbers, ...] | None, weight: Floats | None) -> Floats:
    """The sums that `means` divides, `(K, 4 + 3 n_y)`; those of several blocks of rows add up. Arguments as `judge`'s."""
    if not isinstance(X, SparseRows):
        return dense_sums(state, X, Y, rows, weight)
    sums = np.zeros((state.population.K, 4 + 3 * Y.shape[1]))
    everything = np.arange(len(Y)) if rows is None else np.unique(np.concatenate(rows))
    for s in range(0, len(everything), DENSE_ROWS):
        some = everything[s : s + DENSE_ROWS]
        mine = None if rows is None else tuple(np.flatnonzero(np.isin(some, own)) for own in rows)
        sums += dense_sums(state, X[some], Y[some], mine, None if weight is None else weight[some])
    return sums


@singledispatch
def dense_sums(state: State, X: Floats, Y: Floats, rows: tuple[RowNumbers, ...] | None, weight: Floats | None) -> Floats:
    """What `kernels.evaluate.judge` sums for every network, `(K, 4 + 3 n_y)`."""
    k, judges = train_module(), evaluate_module()
    output = {"softmax": judges.SOFTMAX, "exp": judges.EXP}.get(state.g2.unit.name, judges.ANY_OTHER)
    refuse_rows(X, Y, state.population.parameters.W1.shape[2], state.n_y, weight)
    sums = np.zeros((state.population.K, 4 + 3 * Y.shape[1]))
    shared = np.empty((0, 0), state.dtype) if weight is None else np.ascontiguousarray(weight[None], state.dtype)
    X, Y = np.ascontiguousarray(X, state.dtype), np.ascontiguousarray(Y, state.dtype)

    def run(group: NetworkGroup) -> None:
        group, weights = group.whole(getattr(group, state.evaluated), state.population.parameters.W1.shape[1])
        data = k.RowArrays(seen_rows(X, group), Y, shared, *own_rows(group, rows, len(Y)))
        mine = np.zeros((len(group.members), sums.shape[1]))
        shape = shape_of(state, group, JUDGED_AT_ONCE)
        refuse(judges.judge(shape, output, data, weights, per_network(state, group), state.hyper, mine))
        sums[group.members] = mine

    judged = len(Y) if rows is None else max((len(r) for r in rows), default=0)
    over_groups(state, run, [group.weights.size * judged for group in state.groups])
    return sums


def own_rows(group: NetworkGroup, rows: tuple[RowNumbers, ...] | None, m: int) -> tuple[RowNumbers, RowNumbers]:
    """The rows of the group's members one after the other, and where each one's end; made once, for a run asks in every epoch."""
    if group.judged is None or group.judged[0] is not rows or rows is None:
        own = [np.arange(m) if rows is None else rows[member] for member in group.members]
        group.judged = rows, np.concatenate(own), np.concatenate([[0], np.cumsum([len(r) for r in own])])
    return group.judged[1:]


def means(state: State, sums: Floats) -> tuple[Floats, Floats]:
    """Mean loss and score from the sums."""
    total, loss, right = sums[:, 0], sums[:, 1], sums[:, 2]
    in_group = np.zeros(len(sums), bool)
    for group in state.groups:
        in_group[group.members] = True
    with np.errstate(all="ignore"):  # a loss that is not finite is not the best one; no rows give NaN
        if state.g2.of_classes:
            score = right / total
        else:
            y, y_squared, residual = (sums[:, 4 + part :: 3] for part in range(3))
            spread = y_squared - y * y / total[:, None]
            score = np.mean(1 - residual / np.where(spread > 0, spread, total[:, None]), axis=1)
        return np.where(in_group, loss / total, np.nan), np.where(in_group, score, np.nan)
