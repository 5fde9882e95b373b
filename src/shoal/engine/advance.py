"""Minibatch training of a group: `advance` makes any number of steps in place, state in, state out.

These are the textbook's own lines over a population axis; what is faster comes in behind the same door.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.draws import Purpose, member_stream
from shoal.engine.blocks import Block, join, split
from shoal.population import Population
from shoal.recipe import Recipe, each
from shoal.textbook.activations import ACTIVATIONS, Activation, masked
from shoal.textbook.outputs import Output
from shoal.textbook.propagation import Gradients, Parameters, backward, cost, forward, penalty
from shoal.textbook.rules import Memory, start, update

Floats = NDArray[np.floating]


@dataclass
class State:
    """Everything that training moves: weights, the rule's memory, averages, dropout streams, the count of updates.

    `total (K,)` is m of the penalty: each network's weight of all its training rows. `members` name the dropout streams.
    """

    population: Population
    recipe: Recipe
    g2: Output
    total: Floats
    blocks: list[Block]
    memories: list[tuple[Memory, ...]]
    averages: list[Parameters] | None
    streams: list[np.random.Generator]
    dtype: np.dtype
    t: int = 0
    alive: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))


def begin(population: Population, recipe: Recipe, g2: Output, total: Floats, dtype: Any, members: Sequence[int] | None = None) -> State:
    """The state before the first update."""
    dtype = np.dtype(dtype)
    blocks = split(population, dtype)
    members = range(population.K) if members is None else members
    averages = [block.parameters for block in blocks] if np.any(np.asarray(recipe.weight_average) > 0) else None
    return State(
        population,
        recipe,
        g2,
        np.asarray(total, np.float64),
        blocks,
        [start(recipe.rule, block.parameters) for block in blocks],
        averages,
        [member_stream(recipe.seed, k, Purpose.DROPOUT) for k in members],
        dtype,
        alive=np.ones(population.K, bool),
    )


def advance(state: State, X: Any, Y: Floats, batches: Sequence[Any], rates: Floats, weight: Floats | None = None) -> Floats:
    """One update a batch; returns each network's batch cost before its update, penalty included, `(len(batches), K)`.

    Parameters
    ----------
    X : (m, n_x) array, or SparseRows
    Y : (m, n_y) array
    batches : sequence of row indices or slices
    rates : (len(batches), K) learning rates
    weight : None, (m,) or (K, m)
        Each row's weight, for all or for each network. A row of weight 0 teaches that network nothing.
    """
    costs = np.full((len(batches), state.population.K), np.nan)
    for step, rows in enumerate(batches):
        state.t += 1
        Xb, Yb = X[rows], Y[rows].T
        wb = None if weight is None else weight[..., rows]
        for i, block in enumerate(state.blocks):
            costs[step, block.members] = one_step(state, i, block, Xb, Yb, wb, rates[step, block.members])
    return costs


def one_step(state: State, i: int, block: Block, Xb: Any, Yb: Floats, wb: Floats | None, rates: Floats) -> Floats:
    """Forward, backward and update of one block on one batch, in place; the cost of each network before it."""
    recipe, dtype = state.recipe, state.dtype
    X = drop_inputs(state, block, block.columns_of(Xb))
    g1 = hidden_activation(state, block, X.shape[-1])
    w = block_weight(block, wb)
    old = block.parameters
    lam = each(recipe.lam, state.population.K)[block.members]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # training.minibatch looks for what is not finite
        cache = forward(old, X, g1, state.g2)
        J = cost(cache, Yb, state.g2, w) + penalty(old, lam, state.total[block.members])
        gradients = backward(old, X, Yb, cache, g1, state.g2, w)
        shrink = column(lam / state.total[block.members], dtype)
        gradients = with_penalty(gradients, old, shrink) if np.any(lam > 0) else gradients
        decay = column(each(recipe.decay, state.population.K)[block.members], dtype)
        block.parameters, state.memories[i] = update(recipe.rule, old, gradients, state.memories[i], column(rates, dtype), state.t, decay)
    if state.averages is not None:
        keep = column(each(recipe.weight_average, state.population.K)[block.members], dtype)
        state.averages[i] = Parameters(*(keep * a + (1 - keep) * w for a, w in zip(state.averages[i], block.parameters, strict=True)))
    return np.asarray(J)


def column(values: Floats, dtype: np.dtype) -> Floats:
    """One value for each network, to broadcast against its weights: `(k,)` → `(k, 1, 1)`."""
    return np.asarray(values, dtype)[:, None, None]


def with_penalty(gradients: Gradients, parameters: Parameters, shrink: Floats) -> Gradients:
    """dW + (λ/m) W for both weights."""
    return gradients._replace(dW1=gradients.dW1 + shrink * parameters.W1, dW2=gradients.dW2 + shrink * parameters.W2)


def block_weight(block: Block, wb: Floats | None) -> Floats | None:
    """The batch's weights as `backward` takes them; a network whose rows all weigh 0 gets a mean of 0, not 0/0."""
    if wb is None or wb.ndim == 1:
        return wb
    w = wb[block.members]
    empty = w.sum(axis=1) == 0
    if empty.any():  # weights of one smallest number: the sum is not 0 and the gradient vanishes
        w = w.copy()
        w[empty] = np.finfo(w.dtype).tiny
    return w[:, None, :]


def hidden_activation(state: State, block: Block, b: int) -> Activation:
    """The hidden activation with padded units off and, under dropout, silenced ones off and the others made up for."""
    g1 = ACTIVATIONS[state.recipe.activation]
    rates = each(state.recipe.dropout, state.population.K)[block.members]
    if not np.any(rates > 0):
        return g1 if block.units is None else masked(g1, block.units)
    n_h = block.parameters.W1.shape[1]
    D = np.stack([keep_or_drop(state.streams[k], rate, (n_h, b), state.dtype) for k, rate in zip(block.members, rates, strict=True)])
    return masked(g1, D if block.units is None else D * block.units)


def drop_inputs(state: State, block: Block, X: Floats) -> Floats:
    """X with silenced inputs at 0 and the others made up for, one draw for each network; X itself without input dropout."""
    rates = each(state.recipe.input_dropout, state.population.K)[block.members]
    if not np.any(rates > 0):
        return X
    draws = [keep_or_drop(state.streams[k], rate, X.shape, state.dtype) for k, rate in zip(block.members, rates, strict=True)]
    return X * np.stack(draws)


def keep_or_drop(stream: np.random.Generator, rate: float, shape: tuple[int, ...], dtype: np.dtype) -> Floats:
    """0 with probability `rate`, else 1/(1 − rate), so that sums keep their mean."""
    if rate == 0:
        return np.ones(shape, dtype)
    kept = stream.random(shape, dtype=np.float32) >= rate
    return np.asarray(kept * dtype.type(1 / (1 - rate)))


@dataclass(frozen=True)
class Carried:
    """What a later run goes on with: the rule's memory, the dropout streams and the count of updates."""

    memories: list[tuple[Memory, ...]]
    streams: list[np.random.Generator]
    t: int


def carry(state: State) -> Carried | None:
    """What a later run needs to go on as if it had never stopped; None when networks have left, whose memory is gone."""
    return Carried(state.memories, state.streams, state.t) if state.alive.all() else None


def current(state: State) -> Population:
    """What is evaluated and kept: the averaged weights where the recipe averages, else the raw ones."""
    if state.averages is None:
        return join(state.blocks, state.population)
    averaged = [Block(b.members, b.columns, p, b.units) for b, p in zip(state.blocks, state.averages, strict=True)]
    return join(averaged, state.population)


def leave(state: State, active: NDArray[np.bool_]) -> None:
    """Networks that are not active leave the products; their weights stay as they are in no block."""
    state.alive = state.alive & active
    for i, block in enumerate(state.blocks):
        on = active[block.members]
        if on.all():
            continue
        block.members = block.members[on]
        block.parameters = Parameters(*(w[on] for w in block.parameters))
        block.units = None if block.units is None else block.units[on]
        state.memories[i] = tuple(tuple(a[on] for a in memory) for memory in state.memories[i])
        if state.averages is not None:
            state.averages[i] = Parameters(*(w[on] for w in state.averages[i]))
    kept = [i for i, block in enumerate(state.blocks) if len(block.members)]
    state.blocks = [state.blocks[i] for i in kept]
    state.memories = [state.memories[i] for i in kept]
    state.averages = None if state.averages is None else [state.averages[i] for i in kept]
