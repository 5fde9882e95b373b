"""Minibatch training of a group: `advance` makes any number of steps in place, state in, state out.

The work is `kernels.train`'s; here the population is laid out for it, spread over the cores, and read back. Threads take
whole groups, whose number depends on the shapes alone, so that the thread count changes no bit of the result.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.draws import dropout_key, kept
from shoal.encoding import SparseRows
from shoal.engine.compiled import kernels, pieces, split_kernel
from shoal.engine.cores import cores, executor, one_blas_thread, spread
from shoal.engine.groups import Group, keep_members, make_groups, read_back
from shoal.population import Population
from shoal.recipe import Recipe, each
from shoal.textbook.outputs import Output, exp_limits, log_variance_limits
from shoal.textbook.rules import Adam, Momentum, Nesterov, RMSprop

Floats = NDArray[np.floating]

INPUT_ROWS = 1_000_000  # rows of a dropout stream from here on belong to inputs, those before to hidden units
ONE_SPLIT = Lock()
WORTH_A_THREAD = 2e6  # multiplications: below some 50 µs of work, handing it over costs more than it saves


@dataclass
class State:
    """Everything that training moves: weights and the rule's memory in the kernels' layout, and the count of updates.

    `total (K,)` is m of the penalty: each network's weight of all its training rows. `keys` name the dropout streams.
    """

    population: Population
    recipe: Recipe
    g2: Output
    total: Floats
    groups: list[Group]
    keys: NDArray[np.uint64]
    hyper: Floats
    dtype: np.dtype
    alive: NDArray[np.bool_]
    evaluated: str
    t: int = 0


def begin(population: Population, recipe: Recipe, g2: Output, total: Floats, dtype: Any, members: Sequence[int] | None = None) -> State:
    """The state before the first update. `members` number the networks' dropout streams, 0 … K − 1 if not given."""
    dtype = np.dtype(dtype)
    rule, averaged = recipe.rule, bool(np.any(np.asarray(recipe.weight_average) > 0))
    groups = make_groups(
        population,
        recipe.batch_size,
        dtype,
        alone=bool(np.any(np.asarray(recipe.input_dropout) > 0)),
        first=isinstance(rule, Momentum | Nesterov | Adam),
        second=isinstance(rule, RMSprop | Adam),
        average=averaged,
    )
    keys = np.array([dropout_key(recipe.seed, k) for k in (range(population.K) if members is None else members)], np.uint64)
    total, alive = np.asarray(total, np.float64), np.ones(population.K, bool)
    judged = "average" if averaged else "weights"
    return State(population, recipe, g2, total, groups, keys, hyper(recipe, g2, dtype), dtype, alive, judged)


def hyper(recipe: Recipe, g2: Output, dtype: np.dtype) -> Floats:
    """The numbers that the kernels take beside the weights, in the precision of the run."""
    rule = recipe.rule
    first = getattr(rule, "mu", getattr(rule, "beta_1", 0.0))
    second = getattr(rule, "rho", getattr(rule, "beta_2", 0.0))
    one = np.ones(1, dtype)
    settings = dict(g2.settings)
    limits = exp_limits(one), log_variance_limits(one)
    epsilon = getattr(rule, "epsilon", 0.0)
    return np.array([first, second, epsilon, settings.get("delta", 1.0), settings.get("q", 0.5), *limits], dtype)


def advance(state: State, X: Any, Y: Floats, batches: Sequence[Any], rates: Floats, weight: Floats | None = None) -> Floats:
    """One update a batch; returns each network's batch cost before its update, penalty included, `(len(batches), K)`.

    Parameters
    ----------
    X : (m, n_x) array of the state's precision, or SparseRows
    Y : (m, n_y) array of the state's precision
    batches : sequence of row indices
    rates : (len(batches), K) learning rates
    weight : None, (m,) or (K, m)
        Each row's weight, for all or for each network. A row of weight 0 teaches that network nothing.
    """
    order = np.concatenate([np.asarray(b, np.int64) for b in batches])
    ends = np.concatenate([[0], np.cumsum([len(b) for b in batches])])
    return advance_in_order(state, X, Y, order, ends, rates, weight)


def advance_in_order(
    state: State, X: Any, Y: Floats, order: NDArray[np.int64], ends: NDArray[np.int64], rates: Floats, weight: Floats | None = None
) -> Floats:
    """`advance` for batches that follow one another in `order`, which may hold many epochs: batch i ends before `ends[i + 1]`."""
    costs = np.full((len(ends) - 1, state.population.K), np.nan)
    if isinstance(X, SparseRows):  # made dense a batch at a time, never whole
        for step, rows in enumerate(batches_of(order, ends)):
            place, w = np.arange(len(rows)), None if weight is None else weight[..., rows]
            run_groups(state, X[rows], Y[rows], place, np.array([0, len(rows)]), rates[step : step + 1], w, costs[step : step + 1])
    elif np.any(np.asarray(state.recipe.input_dropout) > 0):
        advance_thinned(state, X, Y, batches_of(order, ends), rates, weight, costs)
    else:
        run_groups(state, X, Y, order, ends, rates, weight, costs)
    return costs


def row_order(key: int, epoch: int, m: int) -> NDArray[np.int64]:
    """`draws.row_order`, compiled."""
    order = np.empty(m, np.int64)
    kernels().shuffle(np.uint64(key), epoch, order)
    return order


def batches_of(order: NDArray[np.int64], ends: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows of every batch."""
    return [order[a:b] for a, b in pairwise(ends)]


def advance_thinned(
    state: State, X: Floats, Y: Floats, batches: Sequence[Any], rates: Floats, weight: Floats | None, costs: Floats
) -> None:
    """`advance_in_order` under input dropout: each network has its own X in every batch, so each is a group of its own."""
    shares = each(state.recipe.input_dropout, state.population.K)
    for step, rows in enumerate(batches):
        Xb, Yb = X[rows], Y[rows]
        b = len(Yb)
        w = None if weight is None else weight[..., rows]
        t, groups = state.t, state.groups
        for group in groups:
            k = int(group.members[0])
            own, n = Xb.copy(), group.n
            masks = [kept(int(state.keys[k]), t + 1, INPUT_ROWS + j, b, shares[k]) for j in range(n)]
            seen = range(n) if group.columns is None or isinstance(group.columns, slice) else group.columns
            own[:, seen] *= np.stack(masks, axis=1) / (1 - shares[k])
            state.groups, state.t = [group], t
            run_groups(state, own, Yb, np.arange(b), np.array([0, b]), rates[step : step + 1], w, costs[step : step + 1])
        state.groups = groups


def run_groups(
    state: State,
    X: Floats,
    Y: Floats,
    order: NDArray[np.int64],
    ends: NDArray[np.int64],
    rates: Floats,
    weight: Floats | None,
    costs: Floats,
) -> None:
    """Every group through these batches; fills `costs (steps, K)` and counts the updates."""
    X, Y = np.ascontiguousarray(X, state.dtype), np.ascontiguousarray(Y, state.dtype)
    k, corrections, largest = kernels(), bias_corrections(state, len(ends) - 1), int(np.diff(ends).max())

    def run(group: Group) -> None:
        mine = np.empty((len(ends) - 1, len(group.members)))
        taken = (
            shape_of(state, group, largest),
            k.Rows(seen_rows(X, group), Y, group_weight(weight, group, state.dtype), order, ends),
            group.weights,
            np.empty_like(group.weights),
            group.first,
            group.second,
            group.average,
            per_network(state, group),
            np.ascontiguousarray(rates[:, group.members], state.dtype),
            corrections,
            state.hyper,
            mine,
        )
        k.train(*taken) if group.slices == 1 else train_slices(group, taken)
        costs[:, group.members] = mine

    over_groups(state, run, [group.weights.size * len(order) for group in state.groups])
    state.t += len(ends) - 1


def train_slices(group: Group, taken: tuple[Any, ...]) -> None:
    """One network in slices, over the cores: this thread takes some and the executor's the others.

    One such network at a time: of two, each could hold threads that the other waits for.
    """
    k, shape, dtype = split_kernel(), taken[0], group.weights.dtype
    threads = min(cores(), group.slices)
    sums = np.empty((2, group.slices, group.n_z, shape.b), dtype)
    squares, counters = np.zeros((2, group.slices), dtype), np.zeros(threads * k.APART, np.int64)
    with ONE_SPLIT:
        parts = [partial(k.train_slices, *taken, k.Team(i, threads, counters), sums, squares) for i in range(threads)]
        others = [executor().submit(part) for part in parts[1:]]
        parts[0]()
        for other in others:
            other.result()


def bias_corrections(state: State, n: int) -> Floats:
    """What Adam multiplies the learning rate with in the next n updates, √(1 − β₂ᵗ) / (1 − β₁ᵗ); 1 for other rules."""
    rule = state.recipe.rule
    if not isinstance(rule, Adam):
        return np.ones(n, state.dtype)
    t = np.arange(state.t + 1.0, state.t + n + 1)
    return (np.sqrt(1 - rule.beta_2**t) / (1 - rule.beta_1**t)).astype(state.dtype)


def over_groups(state: State, run: Callable[[Group], None], work: Sequence[int]) -> None:
    """`run` every group, over the cores where their work (multiplications) is worth it, the largest first."""
    with one_blas_thread():
        if len(work) > 1 and sum(work) > WORTH_A_THREAD and cores() > 1:
            spread(run, [state.groups[i] for i in np.argsort(work)[::-1]])
        else:
            for group in state.groups:
                run(group)


def shape_of(state: State, group: Group, b: int) -> Any:
    """The group's whole numbers as the kernels take them, for batches of at most b rows."""
    k = kernels()
    return k.Shape(
        len(group.members) * group.slices,
        group.h,
        group.n,
        state.population.parameters.W2.shape[1],
        state.t,
        b,
        *pieces().addresses(state.recipe.activation, state.g2.name, type(state.recipe.rule), state.dtype),
    )


def seen_rows(X: Floats, group: Group) -> Floats:
    """X with the inputs that the group sees in front: itself, for the kernels read the first n columns."""
    return X if group.columns is None or isinstance(group.columns, slice) else np.ascontiguousarray(X[:, group.columns])


def group_weight(weight: Floats | None, group: Group, dtype: np.dtype) -> Floats:
    """Weights as the kernels take them: `(0, 0)` for none, `(1, m)` for all, `(G, m)` for each."""
    if weight is None:
        return np.empty((0, 0), dtype)
    if group.weight is None or group.weight[0] is not weight:  # a run asks for the same ones in every epoch
        mine = weight[None] if weight.ndim == 1 else weight[group.members]
        group.weight = weight, np.ascontiguousarray(mine, dtype)
    return group.weight[1]


def per_network(state: State, group: Group) -> Any:
    """The numbers that each network of the group has of its own, made once."""
    if group.each is not None:
        return group.each
    recipe, K = state.recipe, state.population.K
    numbers = (
        each(recipe.lam, K) / state.total,
        each(recipe.decay, K),
        each(recipe.dropout, K),
        each(recipe.weight_average, K),
    )
    own = np.array([np.repeat(value[group.members], group.slices) for value in numbers], state.dtype)
    first = np.tile(np.arange(group.slices) * group.h, len(group.members))
    widths, keys = (np.repeat(value[group.members], group.slices) for value in (state.population.widths, state.keys.view(np.int64)))
    widths = widths if group.slices == 1 else np.clip(widths - first, 0, group.h)
    whole = np.array([widths, keys, first])
    group.each = kernels().PerNetwork(own, whole)
    return group.each


@dataclass(frozen=True)
class Carried:
    """What a later run goes on with: the groups with the rule's memory, and the count of updates."""

    groups: list[Group]
    t: int


def carry(state: State) -> Carried | None:
    """What a later run needs to go on as if it had never stopped; None when networks have left, whose memory is gone."""
    return Carried(state.groups, state.t) if state.alive.all() else None


def resume(state: State, carried: Carried) -> None:
    """Take over an earlier run's memory where its groups are alike; the weights stay the state's own."""
    state.t = carried.t
    if [(g.members.tolist(), g.weights.shape) for g in state.groups] != [(g.members.tolist(), g.weights.shape) for g in carried.groups]:
        return  # another batch size makes other groups; Adam's memory then begins anew
    for mine, theirs in zip(state.groups, carried.groups, strict=True):
        if mine.first.shape == theirs.first.shape and mine.second.shape == theirs.second.shape:
            mine.first, mine.second = theirs.first, theirs.second


def current(state: State) -> Population:
    """What is evaluated and kept: the averaged weights where the recipe averages, else the raw ones."""
    return read_back(state.groups, state.population, state.evaluated)


def remember(state: State, members: NDArray[np.bool_]) -> None:
    """What these networks' weights are now is what `remembered` gives until the next call."""
    for group in state.groups:
        on, now = members[group.members], getattr(group, state.evaluated)
        if group.best is None:
            group.best = now.copy()
        elif on.all():
            group.best[:] = now
        elif on.any():
            for kept, laid in zip(group.parts(group.best), group.parts(now), strict=True):
                kept[on] = laid[on]


def remembered(state: State) -> Population:
    """The weights that `remember` kept, of the networks still in the group."""
    return read_back(state.groups, state.population, "best")


def finite(state: State) -> NDArray[np.bool_]:
    """Which networks' weights are all finite numbers, `(K,)`; True for those that have left."""
    fine = np.ones(state.population.K, bool)
    for group in state.groups:
        if not np.isfinite(group.weights.sum()):
            for laid in group.parts(group.weights):
                fine[group.members] &= np.isfinite(laid.reshape(len(group.members), -1).sum(axis=1))
    return fine


def leave(state: State, active: NDArray[np.bool_]) -> None:
    """Networks that are not active leave the products."""
    state.alive = state.alive & active
    groups = []
    for group in state.groups:
        on = active[group.members]
        if on.any():
            groups.append(group if on.all() else keep_members(group, on))
    state.groups = groups
