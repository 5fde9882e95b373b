"""Minibatch training of a group: `advance` makes any number of steps in place, state in, state out.

`kernels/train.py` does the work. Here the population is laid out for it, spread over the cores, and read back. Threads take
whole groups, whose number depends on the shapes alone, so that the thread count changes no bit of the result.

The entry points dispatch on the kind of state: here are those of the processor, in `torch/` those of a state on a device.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import singledispatch
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.draws import dropout_key, kept
from shoal.encoding import SparseRows
from shoal.engine.arguments import (
    OF_STEPS,
    RunConstants,
    addresses,
    bias_corrections,
    hyper,
    kernel_array,
    ramp_functions,
    refuse,
    refuse_rows,
)
from shoal.engine.device import PROCESSOR
from shoal.engine.kernels import lists_module, split_module, train_module
from shoal.engine.layout import NetworkGroup, group_weight, keep_members, make_groups, padded, read_back, seen_rows, with_signs
from shoal.engine.lists import rows_for, train_by_lists
from shoal.engine.ramps import TILE, WORTH_LOOKING_UP, RampPositions, in_precision, laid_out
from shoal.engine.threads import cores, one_blas_thread, spread
from shoal.errors import LayoutError
from shoal.population import Population
from shoal.recipe import Recipe, each
from shoal.textbook.losses import Loss
from shoal.textbook.optimizers import Adam, Momentum, Nesterov, RMSprop
from shoal.types import Floats

INPUT_ROWS = 1_000_000  # rows of a dropout stream from here on belong to inputs, those before to hidden units
NO_LOOKUP = np.empty(0, np.int64)
WORTH_A_THREAD = 2e6  # multiplications: below some 50 µs of work, handing it over costs more than it saves


@dataclass
class State:
    """Everything that training moves: weights and the rule's memory in the kernels' layout, and the count of updates.

    `total (K,)` is m of the penalty: each network's weight of all its training rows. `keys` name the dropout streams. `ramp_positions` say
    where the rows stand on ramps, None where ramps are inputs like others.
    """

    population: Population
    recipe: Recipe
    g2: Loss
    total: Floats
    groups: list[Any]  # on the processor `layout.Group`
    keys: NDArray[np.uint64]
    hyper: Floats
    dtype: np.dtype
    alive: NDArray[np.bool_]
    evaluated: str
    t: int = 0
    ramp_positions: RampPositions | None = None
    known: RunConstants = field(default_factory=RunConstants)

    @property
    def n_y(self) -> int:
        """Targets."""
        return int(self.population.parameters.W2.shape[1]) // self.g2.logits_per_target


def begin(
    population: Population,
    recipe: Recipe,
    g2: Loss,
    total: Floats,
    dtype: Any,
    members: Sequence[int] | None = None,
    ramp_positions: RampPositions | None = None,
    by_input: bool = False,
) -> State:
    """The state before the first update. `members` number the networks' dropout streams, 0 … K − 1 if not given.

    `by_input` is for rows that are lists (`takes_lists`), and for no others.
    """
    dtype = np.dtype(dtype)
    if recipe.device != PROCESSOR:
        from shoal.engine.torch import begin_on_device

        return begin_on_device(population, recipe, g2, total, dtype, members)
    rule, averaged = recipe.rule, bool(np.any(np.asarray(recipe.weight_average) > 0))
    thins = bool(np.any(np.asarray(recipe.input_dropout) > 0))
    groups = make_groups(
        population,
        recipe.batch_size,
        dtype,
        alone=thins,
        first=isinstance(rule, Momentum | Nesterov | Adam),
        second=isinstance(rule, RMSprop | Adam),
        average=averaged,
        by_input=by_input,
    )
    groups = with_signs(groups, population, recipe.directions)
    members = range(population.K) if members is None else members
    key_of = {k: dropout_key(recipe.seed, k) for k in set(members)}  # candidates of a search share their members' numbers
    keys = np.array([key_of[k] for k in members], np.uint64)
    total, alive = np.asarray(total, np.float64), np.ones(population.K, bool)
    judged, numbers = "average" if averaged else "weights", hyper(rule, g2, dtype)
    # ramps that drop out stand nowhere
    more: dict[str, Any] = {"ramp_positions": None if ramp_positions is None or thins else in_precision(ramp_positions, dtype)}
    return State(population, recipe, g2, total, groups, keys, numbers, dtype, alive, judged, known=RunConstants(thins), **more)


def advance(state: State, X: Any, Y: Floats, batches: Sequence[Any], rates: Floats, weight: Floats | None = None) -> Floats:
    """One update a batch; returns each network's batch cost before its update, penalty included, `(len(batches), K)`.

    Parameters
    ----------
    X : (m, n_x) array of the state's precision, SparseRows, or RowLists for a state that lies by input
    Y : (m, n_y) array of the state's precision
    batches : sequence of row indices
    rates : (len(batches), K) learning rates
    weight : None, (m,) or (K, m)
        Each row's weight, for all or for each network. A row of weight 0 teaches that network nothing.
    """
    order = np.concatenate([np.asarray(b, np.int64) for b in batches])
    ends = np.concatenate([[0], np.cumsum([len(b) for b in batches])])
    return advance_in_order(state, X, Y, order, ends, rates, weight)


@singledispatch
def advance_in_order(
    state: State, X: Any, Y: Floats, order: NDArray[np.int64], ends: NDArray[np.int64], rates: Floats, weight: Floats | None = None
) -> Floats:
    """`advance` for batches that follow one another in `order`, which may hold many epochs: batch i ends before `ends[i + 1]`."""
    if not isinstance(X, SparseRows) and not state.known.thins:
        return run_groups(state, X, Y, order, ends, rates, weight)
    costs = np.full((len(ends) - 1, state.population.K), np.nan)
    if state.known.thins:
        advance_thinned(state, X, Y, batches_of(order, ends), rates, weight, costs)
    else:  # sparse rows are made dense a batch at a time, never whole
        for step, rows in enumerate(batches_of(order, ends)):
            place, w = np.arange(len(rows)), None if weight is None else weight[..., rows]
            costs[step] = run_groups(state, X[rows], Y[rows], place, np.array([0, len(rows)]), rates[step : step + 1], w)
    return costs


def row_order(key: int, epoch: int, m: int) -> NDArray[np.int64]:
    """`draws.row_order`, compiled."""
    return row_orders(key, m, range(epoch, epoch + 1))


def row_orders(key: int, m: int, epochs: range) -> NDArray[np.int64]:
    """`row_order` of several epochs, one after the other, `(len(epochs) m,)`."""
    orders, shuffle, drawn = np.empty((len(epochs), m), np.int64), train_module().shuffle, np.uint64(key)
    for epoch, order in zip(epochs, orders, strict=True):
        shuffle(drawn, epoch, order)
    return orders.reshape(-1)


def batches_of(order: NDArray[np.int64], ends: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows of every batch."""
    return [order[a:b] for a, b in pairwise(ends)]


def advance_thinned(state: State, X: Any, Y: Floats, batches: Sequence[Any], rates: Floats, weight: Floats | None, costs: Floats) -> None:
    """`advance_in_order` under input dropout: each network has its own X in every batch, so each is a group of its own.

    Sparse rows are made dense a batch at a time.
    """
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
            found = run_groups(state, own, Yb, np.arange(b), np.array([0, b]), rates[step : step + 1], w)
            costs[step, group.members] = found[0, group.members]
        state.groups = groups


def run_groups(
    state: State, X: Floats, Y: Floats, order: NDArray[np.int64], ends: NDArray[np.int64], rates: Floats, weight: Floats | None
) -> Floats:
    """Every group through these batches; returns `costs (steps, K)`, NaN for who is in no group, and counts the updates."""
    if state.ramp_positions is not None and len(state.ramp_positions.at) != len(X):
        raise LayoutError(
            f"the ramp_positions are of {len(state.ramp_positions.at)} rows, but X has {len(X)}: give the rows that they were made of"
        )
    X, Y = rows_for(state.groups, X, state.dtype), kernel_array(Y, state.dtype)
    refuse_rows(X, Y, state.population.parameters.W1.shape[2], state.n_y, weight, state.population.K)
    order, ends = kernel_array(order, np.int64), kernel_array(ends, np.int64)
    rates = kernel_array(rates, state.dtype)
    k, steps, K, known = train_module(), len(ends) - 1, state.population.K, state.known
    if rates.ndim != 2 or len(rates) < steps or rates.shape[1] != K:
        refuse(OF_STEPS)
    corrections = bias_corrections(known, state.recipe.rule, state.t, steps, state.dtype)
    if known.ends is not ends:
        known.ends, known.largest = ends, int(np.diff(ends).max(initial=0))

    def run(group: NetworkGroup) -> Floats:
        mine, shared = np.empty((steps, len(group.members))), (Y, group_weight(weight, group, state.dtype), order, ends)
        taken = (
            shape_of(state, group, known.largest),
            lists_module().ListedRows(*X, *shared) if group.by_input else k.RowArrays(seen_rows(X, group), *shared),
            group.weights,
            np.empty_like(group.weights),
            group.first,
            group.second,
            group.average,
            group.signs,
            per_network(state, group),
            rates if len(group.members) == K else np.ascontiguousarray(rates[:, group.members]),
            corrections,
            state.hyper,
            mine,
        )
        train_group(state, group, taken)
        return mine

    if len(state.groups) == 1 and len(state.groups[0].members) == K:
        with one_blas_thread():
            costs = run(state.groups[0])
    else:
        costs = np.full((steps, K), np.nan)

        def fill(group: NetworkGroup) -> None:
            costs[:, group.members] = run(group)

        over_groups(state, fill, [group.weights.size * len(order) for group in state.groups])
    state.t += steps
    return costs


def train_group(state: State, group: NetworkGroup, taken: tuple[Any, ...]) -> None:
    """The kernel that trains a group, with what all three of them take."""
    if group.by_input:
        train_by_lists(taken, state.recipe.rule, state.dtype)
    elif group.slices == 1:
        refuse(train_module().train(*taken, looked_up(state, group)))
    else:
        refuse(split_module().train_in_slices(group, taken))


def over_groups(state: State, run: Callable[[NetworkGroup], None], work: Sequence[int]) -> None:
    """`run` every group, over the cores where their work (multiplications) is worth it, the largest first."""
    with one_blas_thread():
        if len(work) > 1 and sum(work) > WORTH_A_THREAD and cores() > 1:
            spread(run, [state.groups[i] for i in np.argsort(work)[::-1]])
        else:
            for group in state.groups:
                run(group)


def shape_of(state: State, group: NetworkGroup, b: int) -> Any:
    """The group's whole numbers as the kernels take them, for batches of at most b rows."""
    rule: Any = type(state.recipe.rule)
    where = addresses(state.recipe.activation, state.g2.name, rule, group.n_z, state.dtype)
    return train_module().Shape(len(group.members) * group.slices, group.h, group.n, group.n_z, state.t, b, group.skip, *where)


def looked_up(state: State, group: NetworkGroup) -> NDArray[np.int64]:
    """The lookup array from which this group's kernel looks ramps up: empty where its members do not see them, or a product is as fast."""
    ramp_positions, largest = state.ramp_positions, state.known.largest
    many = group.h % TILE == 0 and largest >= WORTH_LOOKING_UP
    if ramp_positions is None or group.columns is not None or not many:
        return NO_LOOKUP
    H = (group.h + group.skip) * len(group.members)
    if group.laid is None or not group.laid.serves(ramp_positions, H, largest):
        n = group.n - int(ramp_positions.starts[-1])
        group.laid = laid_out(ramp_positions, n, padded(group.n), padded(n), H, largest, ramp_functions(state.dtype))
    return group.laid.lookup


def per_network(state: State, group: NetworkGroup) -> Any:
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
    group.each = train_module().PerNetwork(own, whole)
    return group.each


@dataclass(frozen=True)
class RuleMemory:
    """What a later run goes on with: the groups with the rule's memory, and the count of updates."""

    groups: list[Any]
    t: int


@singledispatch
def carry(state: State) -> RuleMemory | None:
    """What a later run needs to go on as if it had never stopped; None when networks have left, whose memory is gone."""
    if not state.alive.all():
        return None
    return RuleMemory([replace(group, each=None, weight=None, judged=None, laid=None, best=None) for group in state.groups], state.t)


@singledispatch
def resume(state: State, carried: RuleMemory) -> None:
    """Continue with an earlier run's memory where its groups are alike; the weights stay the state's own."""
    state.t = carried.t
    if [(g.members.tolist(), g.weights.shape) for g in state.groups] != [(g.members.tolist(), g.weights.shape) for g in carried.groups]:
        return  # another batch size makes other groups; Adam's memory then starts at 0
    for mine, theirs in zip(state.groups, carried.groups, strict=True):
        if mine.first.shape == theirs.first.shape and mine.second.shape == theirs.second.shape:
            mine.first, mine.second = (theirs.relaid(kept, by_input=mine.by_input) for kept in (theirs.first, theirs.second))


@singledispatch
def current(state: State) -> Population:
    """What is evaluated and kept: the averaged weights where the recipe averages, else the raw ones."""
    return read_back(state.groups, state.population, state.evaluated)


@singledispatch
def moments(state: State, which: str) -> Population:
    """What the update rule remembers of every weight, in the weights' places: "first" (v) or "second" (s), of a rule that has it."""
    return read_back(state.groups, state.population, which)


@singledispatch
def remember(state: State, members: NDArray[np.bool_]) -> None:
    """What these networks' weights are now is what `remembered` gives until the next call."""
    for group in state.groups:
        on, now = members[group.members], getattr(group, state.evaluated)
        n_on = np.count_nonzero(on)  # several times as fast as `all` and `any`
        if group.best is None:
            group.best = now.copy()
        elif n_on == len(on):
            group.best[:] = now
        elif n_on:
            for kept, laid in zip(group.parts(group.best).values(), group.parts(now).values(), strict=True):
                kept[on] = laid[on]


@singledispatch
def remembered(state: State) -> Population:
    """The weights that `remember` kept, of the networks still in the group."""
    return read_back(state.groups, state.population, "best")


@singledispatch
def finite(state: State) -> NDArray[np.bool_]:
    """Which networks' weights are all finite numbers, `(K,)`; True for those that have left."""
    fine = state.alive | True
    for group in state.groups:
        with np.errstate(over="ignore"):  # a sum that overflows is as infinite as one of its terms
            total = np.add.reduce(group.weights)
        if not math.isfinite(total):
            for laid in group.parts(group.weights).values():
                fine[group.members] &= np.isfinite(laid.reshape(len(group.members), -1)).all(axis=1)
    return fine


@singledispatch
def leave(state: State, active: NDArray[np.bool_]) -> None:
    """Networks that are not active leave the products."""
    state.alive = state.alive & active
    groups = []
    for group in state.groups:
        on = active[group.members]
        if on.any():
            groups.append(group if on.all() else keep_members(group, on))
    state.groups = groups
