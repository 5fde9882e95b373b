"""Over any rows: loss, gradient, JᵀJ, Jᵀr and evaluation as SUMS with the total weight, never means: blocks, folds, machines add up."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce, singledispatch
from itertools import islice
from operator import add
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import SparseRows
from shoal.engine.arguments import addresses, hyper, kernel_array, refuse, refuse_rows
from shoal.engine.device import on_device
from shoal.engine.kernels import lists_module, sums_module, train_module
from shoal.engine.layout import NetworkBlock, NetworkGroup, make_groups, read_back, seen_rows, weight_rows
from shoal.engine.lists import rows_for
from shoal.engine.minibatch import WORTH_A_THREAD, State, over_groups, per_network, shape_of
from shoal.engine.threads import one_blas_thread, spread
from shoal.population import Population
from shoal.textbook.activations import ACTIVATIONS, Activation, masked
from shoal.textbook.gradient_check import as_parameters
from shoal.textbook.losses import Loss
from shoal.textbook.propagation import Forward, Parameters, backward, forward, logits
from shoal.types import Floats, array_namespace

T = TypeVar("T")
Part = TypeVar("Part")

HIDDEN_NUMBERS = 1 << 17  # of a hidden layer at once: it stays in the level-2 cache
JACOBIAN_NUMBERS = 1 << 20  # of a Jacobian at once, 8 MB, whatever the number of rows
TINY = 100_000  # multiplications that the matrix library does on one thread anyway: to keep it from more costs 10 µs
LEAST_ROWS = 256  # at once, however wide the networks are
BATCH = 128  # rows of the compiled sums at once: as many as keep a group's hidden layer in the level-2 cache
BATCHES = 32  # that a call of the kernel takes
MOST_RANGES = 16  # of rows that threads take side by side, each with a gradient of its own


@dataclass(frozen=True)
class Sums:
    """Sums over rows for each of K networks. Two of them over different rows add up with `+`.

    `weight (K,)`: total weight of the rows; `loss (K,)`: Σ w L; `gradient`: ∂(Σ w L)/∂ each parameter, without penalty.
    """

    weight: Floats
    loss: Floats
    gradient: Parameters

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.weight + other.weight, self.loss + other.loss, self.gradient.map(add, other.gradient))


@dataclass(frozen=True)
class Curvature:
    """Sums over rows for k networks that see the same inputs; their p parameters stand in one row as `flat` lays them.

    `weight (k,)`: Σ w; `loss (k,)`: Σ w L; `gradient (k, p)`: Σ w Jᵀ dZ2, which is Jᵀ r of least squares; `JTJ (k, p, p)`:
    Σ w Jᵀ H J with J the derivatives of the logits and H the loss's second derivative in them (`textbook/curvature.py`), 1 for least
    squares.
    """

    weight: Floats
    loss: Floats
    gradient: Floats
    JTJ: Floats

    def __add__(self, other: "Curvature") -> "Curvature":
        return Curvature(self.weight + other.weight, self.loss + other.loss, self.gradient + other.gradient, self.JTJ + other.JTJ)


def sums(population: Population, X: Any, Y: Floats, activation: str, g2: Loss, weight: Floats | None = None) -> Sums:
    """Loss and gradient sums over all rows `X (m, n_x)`, `Y (m, n_y)`, a bounded number of rows at a time.

    `weight` is None, `(m,)` or `(K, m)`.
    """
    if on_device(X):
        from shoal.engine.torch.sums import sums as sums_there

        return sums_there(population, X, Y, activation, g2, weight)
    K, m, dtype = population.K, len(Y), population.parameters.W1.dtype
    n_z = population.parameters.W2.shape[1]
    refuse_rows(X, Y, population.parameters.W1.shape[2], n_z // g2.logits_per_target, weight, K)
    batch = min(BATCH, max(m, 1))
    groups = make_groups(population, batch, dtype, alone=K == 1, first=False, second=False, average=False)
    where, numbers = addresses(activation, g2.name, None, n_z, dtype), hyper(None, g2, dtype)

    def of_part(part: tuple[NetworkGroup, range]) -> tuple[Floats, Floats]:
        group, starts = part
        kernel, G = sums_module(), len(group.members)
        loss, total, gradient = np.zeros(G), np.zeros(group.weights.size), np.empty_like(group.weights)
        shape = kernel.Shape(G, group.h, group.n, n_z, 0, batch, group.skip, *where)
        own = kernel.PerNetwork(np.zeros((4, G), dtype), np.array([population.widths[group.members], *np.zeros((2, G), np.int64)]))
        for start in starts:
            s = slice(start, min(start + starts.step, m))
            b = s.stop - start
            Xs, Ys = (kernel_array(values[s], dtype) for values in (X, Y))
            mine = weight_rows(None if weight is None else weight[..., s], group, dtype)
            rows = kernel.RowArrays(seen_rows(Xs, group), Ys, mine, np.arange(b), np.minimum(np.arange(0, b + batch, batch), b))
            refuse(kernel.gradient_sums(shape, rows, group.weights, gradient, own, numbers, loss, total))
        return loss, total

    ranges = row_ranges(m, batch if isinstance(X, SparseRows) else batch * BATCHES)
    found = iter(over_parts(of_part, [(group, r) for group in groups for r in ranges], groups[0].weights.size * m // len(ranges)))
    loss = np.zeros(K)
    for group in groups:  # in the order of the rows, whichever thread was first
        loss[group.members], group.weights = (reduce(add, parts) for parts in zip(*islice(found, len(ranges)), strict=True))
    total = np.full(K, float(m)) if weight is None else np.broadcast_to(weight, (K, m)).sum(axis=1)
    return Sums(total, loss, read_back(groups, population, "weights").parameters)


def row_ranges(m: int, step: int) -> list[range]:
    """All rows in at most MOST_RANGES ranges, each with the first rows of its steps; a function of the shapes alone. One of no rows."""
    steps = -(-m // step)
    each = max(1, -(-steps // MOST_RANGES)) * step
    return [range(start, min(start + each, m), step) for start in range(0, max(m, 1), each)]


def losses(block: NetworkBlock, X: Any, Y: Floats, activation: str, g2: Loss, weights: Floats) -> Floats:
    """Σ w L alone, for the networks of a block, `(k,)`; `weights (k, m)`."""
    if on_device(X):
        from shoal.engine.torch.sums import losses as losses_there

        return losses_there(block, X, Y, activation, g2, weights)
    n_h = block.parameters.W1.shape[1]

    def of_part(part: NetworkBlock) -> Floats:
        g1, total = activation_of(activation, part.units), np.zeros(len(part.members))
        for s in row_blocks(len(Y), HIDDEN_NUMBERS // (n_h * len(part.members))):
            Z2 = logits(part.parameters, part.columns_of(X[s]), g1)
            total += np.sum(weights[part.members, s] * g2.loss(Z2, Y[s].T), axis=-1)
        return total

    parts = singles(numbered(block), n_h * len(Y))
    return np.concatenate(over_parts(of_part, parts, block.parameters.W1[0].size * len(Y)))


def curvature(block: NetworkBlock, X: Any, Y: Floats, activation: str, g2: Loss, weights: Floats) -> Curvature:
    """The Gauss-Newton sums of a block's networks over all rows `X (m, n_x)`, `Y (m, n_y)`; `weights (k, m)`.

    Takes 8 MB a thread beside the result's `k p²` numbers, however many rows there are.
    """
    if on_device(X):
        from shoal.engine.torch.sums import curvature as curvature_there

        return curvature_there(block, X, Y, activation, g2, weights)
    p = n_parameters(block.parameters)

    def of_part(part: NetworkBlock) -> Curvature:
        blocks = row_blocks(len(Y), JACOBIAN_NUMBERS // (p * len(part.members)))
        return reduce(add, (curvature_of_rows(part, X[s], Y[s], activation, g2, weights[part.members, s]) for s in blocks))

    found = over_parts(of_part, singles(numbered(block), p * len(Y)), p * p * len(Y))
    whole = [np.concatenate(parts) for parts in zip(*((c.weight, c.loss, c.gradient, c.JTJ) for c in found), strict=True)]
    return Curvature(*whole)


def curvature_of_rows(block: NetworkBlock, X: Any, Y: Floats, activation: str, g2: Loss, weights: Floats) -> Curvature:
    """`curvature` over rows whose Jacobian fits in memory at once.

    An example's row of J is the chapter's `backward` of a unit error in one logit, before anything is summed.
    """
    parameters, columns, g1 = block.parameters, block.columns_of(X), activation_of(activation, block.units)
    cache = forward(parameters, columns, g1, g2)
    gradient = gradient_sums(parameters, columns, Y.T, cache, g1, g2, weights)
    assert g2.root is not None, g2.name  # `fitting.step_costs.refuse_unfit`
    R = g2.root(cache.Z2, Y.T) * np.sqrt(weights)[:, None, None, :]
    slope = g1.prime(cache.Z1)
    p = n_parameters(parameters)
    JTJ = np.zeros((len(weights), p, p))
    J = np.empty((len(weights), p, len(Y)))
    for o in range(R.shape[1]):
        rooted_jacobian(parameters, columns, cache.A1, slope, R[:, o], J)
        JTJ += J @ J.mT
    return Curvature(weights.sum(axis=1), np.sum(weights * g2.loss(cache.Z2, Y.T), axis=-1), flat(gradient), JTJ)


def rooted_jacobian(parameters: Parameters, columns: Floats, A1: Floats, slope: Floats, dZ2: Floats, J: Floats) -> None:
    """Each example's derivatives of Σ dZ2 · Z2 by every parameter, into J `(k, p, m)`: the chapter's products without their sums."""
    k, n_h, m = A1.shape
    n_x = len(columns)
    n_z = dZ2.shape[1]
    ends = np.cumsum([n_h * n_x, n_h, n_z * n_h, n_z])
    dZ1 = parameters.W2.mT @ dZ2 * slope
    np.multiply(dZ1[:, :, None, :], columns, out=J[:, : ends[0]].reshape(k, n_h, n_x, m))
    J[:, ends[0] : ends[1]] = dZ1
    np.multiply(dZ2[:, :, None, :], A1[:, None], out=J[:, ends[1] : ends[2]].reshape(k, n_z, n_h, m))
    J[:, ends[2] : ends[3]] = dZ2
    if parameters.W3 is not None:
        np.multiply(dZ2[:, :, None, :], columns, out=J[:, ends[3] :].reshape(k, n_z, n_x, m))


def gradient_sums(
    parameters: Parameters, columns: Floats, Y: Floats, cache: Forward, g1: Activation, g2: Loss, weights: Floats
) -> Parameters:
    """∂(Σ w L)/∂ each parameter; `weights (k, m)`."""
    # `backward` gives means over m = Σ w; times m they are sums again
    xp = array_namespace(columns)
    m = xp.astype(xp.sum(weights, axis=1)[:, None, None], columns.dtype)
    with np.errstate(divide="ignore", invalid="ignore"):  # no weight at all: 0/0, and the sum is 0
        means = backward(parameters, columns, Y, cache, g1, g2, xp.astype(weights[:, None, :], columns.dtype))
        return as_parameters(means).map(lambda d: xp.where(m > 0, m * d, xp.zeros_like(d)))


# --- parameters in one row ------------------------------------------------------------------------------------------


def n_parameters(parameters: Parameters) -> int:
    """p of each of k networks."""
    return sum(w[0].size for w in parameters)


def flat(parameters: Parameters) -> Floats:
    """k networks' parameters as rows `(k, p)`: W1, b1, W2, b2, and W3 where there is one."""
    return np.concatenate([w.reshape(len(w), -1) for w in parameters], axis=1)


def unflat(theta: Floats, like: Parameters) -> Parameters:
    """Rows `(k, p)` in the shapes of `like`."""
    parts, start = {}, 0
    for name, w in like.named().items():
        end = start + w[0].size
        parts[name] = theta[:, start:end].reshape(len(theta), *w.shape[1:])
        start = end
    return Parameters(**parts)


# --- blocks over the cores ------------------------------------------------------------------------------------------


def activation_of(name: str, units: Any) -> Activation:
    """g with the units switched off that are padding; `units` are a block's or a group's, None for no padding."""
    return ACTIVATIONS[name] if units is None else masked(ACTIVATIONS[name], units)


def row_blocks(m: int, at_once: int) -> Iterator[slice]:
    """All rows, so many at once; one empty block where there are none."""
    step = max(LEAST_ROWS, at_once)
    return (slice(s, s + step) for s in range(0, max(m, 1), step))


def numbered(block: NetworkBlock) -> NetworkBlock:
    """The block with its members numbered 0 … k − 1."""
    return replace(block, members=np.arange(len(block.members)))


def singles(block: NetworkBlock, numbers: int) -> list[NetworkBlock]:
    """A block in parts of neighbouring members: all of them where their numbers fit the cache, else one by one.

    A function of the shapes alone, so that the thread count changes no bit.
    """
    k = len(block.members)
    if k * numbers <= HIDDEN_NUMBERS:
        return [block]
    return [chosen(block, slice(j, j + 1)) for j in range(k)]


def chosen(block: NetworkBlock, which: Any) -> NetworkBlock:
    """Some of a block's networks, by place, mask or slice."""
    parameters = block.parameters.map(lambda w: w[which])
    return NetworkBlock(block.members[which], block.columns, parameters, None if block.units is None else block.units[which])


def over_parts(work: Callable[[Part], T], parts: Sequence[Part], each: int) -> list[T]:
    """`work` on every part, over the cores where it is worth it; `each` counts a network's multiplications."""
    if each < TINY:
        return [work(part) for part in parts]
    with one_blas_thread():
        if each * len(parts) > WORTH_A_THREAD:
            return spread(work, parts)
        return [work(part) for part in parts]


# --- evaluation of the networks of a running group -----------------------------------------------------------------------


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
    """What `kernels.sums.judge` sums for every network, `(K, 4 + 3 n_y)`."""
    k, judges = train_module(), sums_module()
    output = {"softmax": judges.SOFTMAX, "exp": judges.EXP}.get(state.g2.unit.name, judges.ANY_OTHER)
    refuse_rows(X, Y, state.population.parameters.W1.shape[2], state.n_y, weight)
    sums = np.zeros((state.population.K, 4 + 3 * Y.shape[1]))
    shared = np.empty((0, 0), state.dtype) if weight is None else kernel_array(weight[None], state.dtype)
    X, Y = rows_for(state.groups, X, state.dtype), kernel_array(Y, state.dtype)

    def run(group: NetworkGroup) -> None:
        group, weights = group.whole(getattr(group, state.evaluated), state.population.parameters.W1.shape[1])
        given = Y, shared, *own_rows(group, rows, len(Y))
        data = lists_module().ListedRows(*X, *given) if group.by_input else k.RowArrays(seen_rows(X, group), *given)
        mine = np.zeros((len(group.members), sums.shape[1]))
        shape, kernel = shape_of(state, group, JUDGED_AT_ONCE), lists_module().judge_lists if group.by_input else judges.judge
        refuse(kernel(shape, output, data, weights, per_network(state, group), state.hyper, mine))
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
