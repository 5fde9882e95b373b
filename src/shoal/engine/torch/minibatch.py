"""Minibatch training on a device: the entry points of `engine/minibatch.py` for a state that lies there.

Nothing goes over within an epoch: the rows went once a run, their order and the rates go once a call, and the costs stay on
the device until its end.

Who is silenced is drawn on the device: the same draws as `draws.kept` and the kernels', bit for bit. Whole numbers wrap around in PyTorch
as they do in C; it has no unsigned ones of 32 and 64 bits, so these are kept in signed ones.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple
from weakref import ref

import numpy as np
import torch
from numpy.typing import NDArray

from shoal.draws import dropout_key
from shoal.engine import minibatch as cpu
from shoal.engine.device import Tensor, out_of_memory, send
from shoal.engine.minibatch import INPUT_ROWS, RuleMemory, State
from shoal.engine.sums import activation_of
from shoal.engine.torch.layout import DeviceGroup, Networks, Numbers, keep_members, make_groups, read_back
from shoal.population import Population
from shoal.recipe import Recipe
from shoal.textbook.losses import Loss
from shoal.textbook.monotone import project
from shoal.textbook.optimizers import Optimizer, update
from shoal.textbook.propagation import Gradients, Parameters, backward, cost, forward, penalty
from shoal.types import Floats

# --- dropout -------------------------------------------------------------------------------------------------------------


WIDE = 1 << 64
GOLDEN, UPDATE = 0x9E3779B97F4A7C15, 0x100000001B3
LOWEST = -(1 << 31)


def signed(value: int, bits: int = 64) -> int:
    """An unsigned whole number as the signed one with the same bits."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def shifted(x: Tensor, n: int, bits: int) -> Tensor:
    """x ≫ n of unsigned numbers: zeros come in from the left."""
    return (x >> n) & ((1 << (bits - n)) - 1)


def starts(keys: Tensor, t: int, rows: Tensor) -> Tensor:
    """Where the draws of some rows of update t start, for networks of these `keys (G,)`: splitmix64, `(G, R)` int32."""
    x = keys[:, None] + (rows * signed(GOLDEN) + signed(GOLDEN * (t * UPDATE + 1)))
    x = (x ^ shifted(x, 30, 64)) * signed(0xBF58476D1CE4E5B9)
    x = (x ^ shifted(x, 27, 64)) * signed(0x94D049BB133111EB)
    low = (x ^ shifted(x, 31, 64)) & 0xFFFFFFFF
    return torch.where(low > 0x7FFFFFFF, low - (1 << 32), low).to(torch.int32)


def kept(keys: Tensor, t: int, rows: Tensor, m: int, shares: Tensor) -> Tensor:
    """Which of m examples keep which rows in update t, `(G, R, m)`; `shares (G,)` float64 are silenced. `draws.kept` in one go."""
    x = starts(keys, t, rows)[:, :, None] + torch.arange(m, dtype=torch.int32, device=keys.device) * signed(0x9E3779B9, 32)
    x = (x ^ shifted(x, 16, 32)) * signed(0x85EBCA6B, 32)
    x = (x ^ shifted(x, 13, 32)) * signed(0xC2B2AE35, 32)
    x = x ^ shifted(x, 16, 32)
    bound = (shares * 2.0**32).to(torch.int64) + LOWEST  # both sides less 2³¹, so that signed numbers compare as unsigned ones do
    return (x ^ LOWEST) >= bound.to(torch.int32)[:, None, None]


def factors(keys: Tensor, t: int, rows: Tensor, m: int, shares: Tensor, like: Tensor) -> Tensor:
    """What values are multiplied with: 0, or 1/(1 − share) that makes up for the silenced ones; `(G, R, m)` in `like`'s precision."""
    made_up = (1 / (1 - shares)).to(like.dtype)[:, None, None]
    return torch.where(kept(keys, t, rows, m, shares), made_up, torch.zeros_like(made_up))


# --- training ------------------------------------------------------------------------------------------------------------


REMEMBERED = 8  # arrays that a run hands over in every epoch: rows, targets, weights, those of validation, and its row numbers


class DeviceCopies:
    """What was made on the device of arrays that a run hands over again and again. Copies of a state share it.

    It keeps no array alive: what nobody else has any more, as a block of a file that was read, is forgotten.
    """

    def __init__(self) -> None:
        self.known: deque[tuple[Callable[[], Any], Any]] = deque(maxlen=REMEMBERED)

    def __deepcopy__(self, memo: Any) -> "DeviceCopies":
        return self

    def of(self, values: Any, make: Callable[[Any], Any]) -> Any:
        """What `make` made of these very values, once."""
        for given, made in self.known:
            if given() is values:
                return made
        self.known = deque((known for known in self.known if known[0]() is not None), REMEMBERED)
        made = make(values)
        self.known.append((ref(values) if isinstance(values, np.ndarray) else lambda: values, made))
        return made


@dataclass
class OnDevice(State):
    """A state whose groups are `torch.layout.Group`s."""

    sent: DeviceCopies = field(default_factory=DeviceCopies)

    def send(self, values: Any, dtype: Any = None) -> Tensor:
        """Values on the device, sent once."""
        return self.sent.of(values, lambda given: send(given, self.recipe.device, dtype))


def begin_on_device(
    population: Population, recipe: Recipe, g2: Loss, total: Floats, dtype: np.dtype, members: Sequence[int] | None
) -> OnDevice:
    """`advance.begin` where `recipe.device` is no processor."""
    total = np.asarray(total, np.float64)
    keys = np.array([dropout_key(recipe.seed, k) for k in (range(population.K) if members is None else members)], np.uint64)
    with out_of_memory(recipe.device):
        groups = make_groups(population, recipe, keys, dtype)
    judged = "average" if np.any(np.asarray(recipe.weight_average) > 0) else "weights"
    return OnDevice(population, recipe, g2, total, groups, keys, np.empty(0, dtype), dtype, np.ones(population.K, bool), judged)


@cpu.advance_in_order.register
def advance_in_order(
    state: OnDevice, X: Any, Y: Any, order: NDArray[np.int64], ends: NDArray[np.int64], rates: Floats, weight: Any = None
) -> Floats:
    """One update a batch; costs `(number of batches, K)`."""
    device, dtype, steps = state.recipe.device, state.dtype, len(ends) - 1
    costs = np.full((steps, state.population.K), np.nan)
    with out_of_memory(device):
        rows = state.send(X, dtype), state.send(Y, dtype), None if weight is None else state.send(weight, dtype)
        places = send(order, device)
        found = [train(state, g, rows, places, ends.tolist(), send(rates[:, g.members], device, dtype)) for g in state.groups]
        for group, mine in zip(state.groups, found, strict=True):
            costs[:, group.members] = mine.cpu().numpy()
    state.t += steps
    return costs


def train(
    state: OnDevice, group: DeviceGroup, rows: tuple[Tensor, Tensor, Tensor | None], order: Tensor, ends: list[int], rates: Tensor
) -> Tensor:
    """Every batch of one group; the costs `(steps, G)`, still on the device."""
    recipe, (X, Y, weight) = state.recipe, rows
    how = UpdateRule(recipe.activation, state.g2, recipe.rule, group.uses.penalty, group.uses.decay, group.signs)
    X, costs = group.seen(X), torch.empty_like(rates)
    total = send(state.total[group.members], recipe.device, state.dtype)  # of rows in blocks it is known after the state was made
    if weight is not None:
        weight = weight[None] if weight.ndim == 1 else of_members(weight, group)
    for step, (a, b) in enumerate(pairwise(ends)):
        which, t = order[a:b], state.t + step + 1
        batch = Batch(
            thinned(X[which].T, group, t),
            Y[which].T,
            None if weight is None else weight[:, None, which],
            units_on(group, t, b - a),
            rates[step][:, None, None],
            total,
            t,
        )
        group.networks, costs[step] = updated(group.networks, group.own, batch, how)
    return costs


def of_members(values: Tensor, group: DeviceGroup) -> Tensor:
    """Rows of `(K, …)` that are this group's."""
    return values if len(group.members) == len(values) else values[torch.from_numpy(group.members).to(values.device)]


def units_on(group: DeviceGroup, t: int, b: int) -> Tensor | None:
    """What the hidden units of an update are multiplied with: padding is off, and dropout silences some of each example."""
    if not group.uses.dropout:
        return group.units
    W1 = group.networks.parameters.W1
    drawn = factors(group.own.key, t, torch.arange(W1.shape[1], device=W1.device), b, group.own.dropout, W1)
    return drawn if group.units is None else group.units * drawn


def thinned(X: Tensor, group: DeviceGroup, t: int) -> Tensor:
    """The batch's inputs `(n, b)`, or each network's own `(G, n, b)` where inputs are dropped."""
    if not group.uses.input_dropout:
        return X
    n, b = X.shape
    return X * factors(group.own.key, t, INPUT_ROWS + torch.arange(n, device=X.device), b, group.own.input_dropout, X)


@cpu.current.register
def current(state: OnDevice) -> Population:
    """What is evaluated and kept, in NumPy."""
    return read_back(state.groups, state.population, DeviceGroup.judged, state.dtype)


@cpu.moments.register
def moments(state: OnDevice, which: str) -> Population:
    """What the update rule remembers, in NumPy: its last array is the second moment where it has one, its first one the first."""
    place = 0 if which == "first" else -1
    return read_back(state.groups, state.population, lambda g: remembered_of(g, place), state.dtype)


def remembered_of(group: DeviceGroup, place: int) -> Parameters:
    """The array at this place of what the rule remembers of every parameter."""
    names = group.networks.parameters.named()
    return Parameters(**{name: memory[place] for name, memory in zip(names, group.networks.memory, strict=True)})


@cpu.remember.register
def remember(state: OnDevice, members: NDArray[np.bool_]) -> None:
    """What these networks' weights are now is what `remembered` gives until the next call."""
    for group in state.groups:
        on, now = members[group.members], group.judged()
        if group.best is None or on.all():
            group.best = now  # an update makes new tensors and leaves these as they are
        elif on.any():
            chosen = send(on[:, None, None], state.recipe.device)
            group.best = now.map(lambda new, old: torch.where(chosen, new, old), group.best)  # noqa: B023 - called at once


@cpu.remembered.register
def remembered(state: OnDevice) -> Population:
    """The weights that `remember` kept, of the networks still in the group."""
    return read_back(state.groups, state.population, lambda group: group.judged() if group.best is None else group.best, state.dtype)


@cpu.finite.register
def finite(state: OnDevice) -> NDArray[np.bool_]:
    """Which networks' weights are all finite numbers, `(K,)`; True for those that have left."""
    fine = np.ones(state.population.K, bool)
    for group in state.groups:
        sums = torch.stack([w.sum(dim=(1, 2)) for w in group.networks.parameters])
        fine[group.members] = torch.isfinite(sums).all(dim=0).cpu().numpy()
    return fine


@cpu.leave.register
def leave(state: OnDevice, active: NDArray[np.bool_]) -> None:
    """Networks that are not active leave the products."""
    state.alive = state.alive & active
    groups = [(group, active[group.members]) for group in state.groups]
    state.groups = [group if on.all() else keep_members(group, on) for group, on in groups if on.any()]


@cpu.carry.register
def carry(state: OnDevice) -> RuleMemory | None:
    """What a later run goes on with, in NumPy, so that an estimator travels without its device."""
    memory = [[tuple(part.cpu().numpy() for part in parts) for parts in group.networks.memory] for group in state.groups]
    return RuleMemory(list(zip([g.members for g in state.groups], memory, strict=True)), state.t) if state.alive.all() else None


@cpu.resume.register
def resume(state: OnDevice, carried: RuleMemory) -> None:
    """Continue with an earlier run's memory where its groups are alike."""
    state.t = carried.t
    if len(carried.groups) != len(state.groups):
        return  # another batch size may make other groups; the rule's memory then starts at 0
    for group, (members, memory) in zip(state.groups, carried.groups, strict=True):
        now = group.networks
        shapes = [[tuple(part.shape) for part in parts] for parts in now.memory]
        if members.tolist() == group.members.tolist() and shapes == [[part.shape for part in parts] for parts in memory]:
            taken = tuple(tuple(send(part, state.recipe.device) for part in parts) for parts in memory)
            group.networks = Networks(now.parameters, taken, now.average)


# --- one update of a group: the textbook's lines over tensors, and what each network has of its own around them ------


@dataclass(frozen=True)
class UpdateRule:
    """What all updates of a group have in common; `penalised` and `decays` say whether any network has a λ or a decay above 0, `signs`
    are those that weights must have, None where all are free.
    """

    activation: str
    g2: Loss
    rule: Optimizer
    penalised: bool
    decays: bool
    signs: Parameters | None


class Batch(NamedTuple):
    """What one update reads: `X (n, b)`, or `(G, n, b)` where inputs were dropped; `Y (n_y, b)`; `weight (1 | G, 1, b)` or None;
    `units (G, n_h, 1 | b)`, which is 0 for units that are off, or None; learning rates `(G, 1, 1)`; m of the penalty `(G,)`; the number
    of the update.
    """

    X: Tensor
    Y: Tensor
    weight: Tensor | None
    units: Tensor | None
    rate: Tensor
    total: Tensor
    t: int


def updated(now: Networks, own: Numbers, batch: Batch, how: UpdateRule) -> tuple[Networks, Tensor]:
    """The networks after one update, and J of each before it, penalty included, `(G,)`."""
    parameters, g1, g2, weight = now.parameters, activation_of(how.activation, batch.units), how.g2, batch.weight
    g2 = g2 if weight is None else counted(g2, weight)
    cache = forward(parameters, batch.X, g1, g2)
    gradients = backward(parameters, batch.X, batch.Y, cache, g1, g2, weight)
    J = cost(cache, batch.Y, g2, weight)
    if weight is not None:
        gradients, J = of_rows_that_count(gradients, J, weight)
    if how.penalised:
        J = J + penalty(parameters, own.lam, batch.total)
        shrink = (own.lam / batch.total)[:, None, None]
        shrunk = {f"d{name}": getattr(gradients, f"d{name}") + shrink * w for name, w in parameters.penalised().items()}
        gradients = replace(gradients, **shrunk)
    decay = own.decay[:, None, None] if how.decays else 0.0
    after, memory = update(how.rule, parameters, gradients, now.memory, batch.rate, batch.t, decay)
    after = after if how.signs is None else project(after, how.signs)
    return Networks(after, memory, moved(now.average, after, own.keep)), J


def counted(g2: Loss, weight: Tensor) -> Loss:
    """The output unit over rows of which those of weight 0 say nothing, whatever their numbers have become."""

    def loss(Z2: Tensor, Y: Tensor) -> Tensor:
        L = g2.loss(Z2, Y)
        return torch.where(weight[:, 0] != 0, L, torch.zeros_like(L))

    def dZ2(Z2: Tensor, Y: Tensor) -> Tensor:
        slope = g2.dZ2(Z2, Y)
        return torch.where(weight != 0, slope, torch.zeros_like(slope))

    return replace(g2, loss=loss, dZ2=dZ2)


def of_rows_that_count(gradients: Gradients, J: Tensor, weight: Tensor) -> tuple[Gradients, Tensor]:
    """The textbook divides by the rows' weight: where a network's rows all weigh nothing, they teach nothing and cost nothing."""
    some = weight.sum(dim=-1, keepdim=True) > 0
    learned = gradients.map(lambda d: torch.where(some, d, torch.zeros_like(d)))
    return learned, torch.where(some[:, 0, 0], J, torch.zeros_like(J))


def moved(average: Parameters | None, now: Parameters, keep: Tensor) -> Parameters | None:
    """The weights' moving average after an update."""
    if average is None:
        return None
    share = keep[:, None, None]
    return average.map(lambda old, new: share * old + (1 - share) * new, now)
