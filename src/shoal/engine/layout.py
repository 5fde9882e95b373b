"""Where a population's weights are stored for computing, and back.

A `NetworkBlock` holds the networks that see the same inputs, as the textbook's functions read them: `sums` and `predict` compute with it. A
`NetworkGroup` holds as many of them as one matrix product of the kernels serves, in one flat array: minibatch training computes with it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.arguments import kernel_array, refuse_population
from shoal.engine.kernels import dispatch_module
from shoal.engine.ramps import Laid
from shoal.population import Population
from shoal.recipe import Directions
from shoal.textbook.monotone import weight_signs
from shoal.textbook.propagation import OF_INPUTS, Parameters
from shoal.types import Floats

SMALL_PRODUCT = 4_000_000  # H·b·n1 of a group: its batch, its hidden values and slopes are then some 3 MB
SPLIT_FROM = 64  # hidden units
WORTH_SPLITTING = 400_000  # multiplications of a product, some 8 µs: of 200,000, half of what a second core saves goes into meeting
WORTH_SPLITTING_512 = 500_000  # the same where products use registers of 512 bits, and one core takes half as long
MOST_UNITS = 128  # rows of a group: wider ones leave the level-2 cache


@dataclass
class NetworkBlock:
    """Some networks of a group and the inputs that they all see.

    `members (k,)` are their places in the group; `columns` are the inputs' places, None for all of them;
    `parameters` have a leading axis k; `units (k, n_h, 1)` is 0 for padding, None where every unit is in use.
    """

    members: NDArray[np.int64]
    columns: NDArray[np.int64] | slice | None
    parameters: Parameters
    units: Any

    def columns_of(self, rows: Any) -> Any:
        """The rows' inputs that this block sees, as columns `(n_seen, m)`."""
        return (rows if self.columns is None else rows[:, self.columns]).T


def split(population: Population, dtype: np.dtype) -> list[NetworkBlock]:
    """The blocks of a population, in the order in which their first members stand; the weights are copied."""
    blocks = []
    for members, seen in kinds_of_inputs(population):
        columns = seen_columns(seen)
        parameters = population.parameters.map(lambda w: np.array(w[members], dtype=dtype))  # noqa: B023 - called at once
        if columns is not None:
            seen_of = {name: np.ascontiguousarray(w[:, :, columns]) for name, w in parameters.named().items() if name in OF_INPUTS}
            parameters = replace(parameters, **seen_of)
        units = population.units[members]
        blocks.append(NetworkBlock(members, columns, parameters, None if units.all() else units[:, :, None].astype(dtype)))
    return blocks


def kinds_of_inputs(population: Population) -> list[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """The members that see the same inputs and these inputs `(n_x,)`, in the order of their first members."""
    kinds: dict[bytes, list[int]] = {}
    for k, seen in enumerate(population.inputs):
        kinds.setdefault(seen.tobytes(), []).append(k)
    return [(np.array(members), population.inputs[members[0]]) for members in kinds.values()]


def seen_columns(seen: NDArray[np.bool_]) -> NDArray[np.int64] | slice | None:
    """The columns that a mask lets through: None for all, a slice (which needs no copy) for the first ones."""
    if seen.all():
        return None
    n = int(seen.sum())
    return slice(0, n) if seen[:n].all() else np.flatnonzero(seen)


def join(blocks: list[NetworkBlock], like: Population) -> Population:
    """The blocks' weights back in the shapes and places of the population that they were split from."""
    parameters = like.parameters.map(lambda w: np.zeros(w.shape, blocks[0].parameters.W1.dtype))
    for block in blocks:
        columns = slice(None) if block.columns is None else block.columns
        for name, whole in parameters.named().items():
            part = getattr(block.parameters, name)
            if name in OF_INPUTS:
                for k, place in enumerate(block.members):
                    whole[place][:, columns] = part[k]
            else:
                whole[block.members] = part
    return Population(parameters, like.widths, like.inputs)


@dataclass
class NetworkGroup:
    """Networks that see the same inputs and share one matrix product. Weights are flat, as at the head of `kernels/train.py`.

    `members (G,)` are their places in the population; `columns` the inputs that they see, None or a slice of the first ones
    where no copy is needed. Moments and averages are empty where the recipe has none. One wide network alone may be cut
    into `slices` of h units each, the last ones padded, which are laid out as networks are; its b2 and W3 stand with the first.
    `skip` is the number of rows of each network's W3: n_z, or 0 without skip connections.
    """

    members: NDArray[np.int64]
    columns: NDArray[np.int64] | slice | None
    n: int
    h: int
    n_z: int
    weights: Floats
    first: Floats
    second: Floats
    average: Floats
    best: Floats | None = None  # the weights that `minibatch.remember` kept
    each: Any = None  # `kernels.train.PerNetwork`, made when it is first asked for
    weight: tuple[Any, Floats] | None = None  # the rows' weights last asked for, and this group's of them
    slices: int = 1
    skip: int = 0
    judged: tuple[Any, NDArray[np.int64], NDArray[np.int64]] | None = None  # the rows last judged on, as `evaluate` lays them out
    laid: Laid | None = None  # the ramp positions last looked up, as `kernels/ramps.py` takes them
    by_input: bool = False  # W1 and W3 lie input by input, as at the head of `kernels/lists.py`
    signs: Floats = field(default_factory=lambda: np.empty(0))  # that weights must have, laid out as they are; empty where all are free

    def __copy__(self) -> "NetworkGroup":
        """With arrays of its own of what updates change in place."""
        best = None if self.best is None else self.best.copy()
        first, second, average = self.first.copy(), self.second.copy(), self.average.copy()
        return replace(self, weights=self.weights.copy(), first=first, second=second, average=average, best=best)

    def parts(self, flat: Floats) -> dict[str, Floats]:
        """A flat array as W1 `(G, h, n1)`, W3 `(G, n_z, n1)` where there is one, W2 `(G, n_z, h)` and b2 `(G, n_z, 1)`, without a copy
        and, but for `by_input`, in the order in which they lie; of slices, G is their number.
        """
        G = len(self.members) * self.slices
        outs = self.n_z * self.h
        a = flat.size - G * (outs + self.n_z)
        R = G * (self.h + self.skip)
        of_inputs, W2, b2 = np.split(flat, [a, a + G * outs])
        rows = of_inputs.reshape(a // R, R).T if self.by_input else of_inputs.reshape(R, a // R)
        inputs = {"W1": rows[: G * self.h].reshape(G, self.h, -1)}
        inputs |= {"W3": rows[G * self.h :].reshape(G, self.skip, -1)} if self.skip else {}
        return inputs | {"W2": W2.reshape(G, self.n_z, self.h), "b2": b2.reshape(G, self.n_z, 1)}

    def relaid(self, flat: Floats, *, by_input: bool) -> Floats:
        """A flat array in the other order; a copy or itself. Nothing of nothing."""
        if not flat.size or by_input == self.by_input:
            return flat
        return joined(self.parts(flat), by_input=by_input)

    def networks(self, flat: Floats, n_h: int) -> dict[str, Floats]:
        """`parts` of whole networks of n_h units, slices put together again."""
        parts = self.parts(flat)
        if self.slices == 1:
            return parts
        W1, W2 = parts["W1"], parts["W2"].transpose(1, 0, 2).reshape(1, self.n_z, -1)
        whole = {"W1": W1.reshape(1, -1, W1.shape[2])[:, :n_h], "W2": W2[:, :, :n_h]}
        return {name: whole.get(name, part[:1]) for name, part in parts.items()}

    def whole(self, flat: Floats, n_h: int) -> tuple["NetworkGroup", Floats]:
        """The group without slices, and the flat array as that one has it."""
        if self.slices == 1:
            return self, flat
        return replace(self, h=n_h, slices=1, each=None), np.concatenate([part.ravel() for part in self.networks(flat, n_h).values()])


def joined(parts: dict[str, Floats], *, by_input: bool) -> Floats:
    """`NetworkGroup.parts` in one flat array."""
    if not by_input:
        return np.concatenate([part.ravel() for part in parts.values()])
    rows = np.concatenate([part.reshape(-1, part.shape[2]) for name, part in parts.items() if name in OF_INPUTS])
    return np.concatenate([rows.T.ravel(), *(part.ravel() for name, part in parts.items() if name not in OF_INPUTS)])


def padded(n: int) -> int:
    """Inputs and bias rounded up to a multiple of 4: 31 columns are a fifth slower than 32."""
    return -(-(n + 1) // 4) * 4


def group_size(h: int, b: int, n: int) -> int:
    """Networks a group: as many as keep the product small; a function of the shapes only, never of the thread count."""
    return max(1, min(SMALL_PRODUCT // max(1, h * b * padded(n)), MOST_UNITS // h))


def copies_in_whole_groups(population: Population, b: int) -> int:
    """The fewest populations like this one that, side by side, fill whole groups."""
    copies = 1
    for members, seen in kinds_of_inputs(population):
        size = group_size(population.parameters.W1.shape[1], b, int(seen.sum()))
        copies = math.lcm(copies, size // math.gcd(size, len(members)))
    return copies


def number_of_slices(h: int, b: int, n: int) -> int:
    """Into how many slices one network alone is cut, so that threads can share it; a function of the shapes and the kind of processor."""
    worth = WORTH_SPLITTING_512 if dispatch_module().product_bytes() == 64 else WORTH_SPLITTING
    if h < SPLIT_FROM or h * b * padded(n) < worth:
        return 1
    return 4 if h >= MOST_UNITS * 6 else 2


def sliced(parameters: Parameters, slices: int) -> Parameters:
    """One network `(1, …)` as so many of an equal number of units, whose logits add up to its own."""
    _, n_h, n_x = parameters.W1.shape
    h = -(-n_h // slices)
    n_z = parameters.W2.shape[1]
    shapes = {"W1": (h, n_x), "b1": (h, 1), "W2": (n_z, h), "b2": (n_z, 1), "W3": (n_z, n_x)}
    cut = Parameters(**{name: np.zeros((slices, *shapes[name]), w.dtype) for name, w in parameters.named().items()})
    for j in range(slices):
        units = slice(j * h, min((j + 1) * h, n_h))
        width = max(0, units.stop - units.start)
        cut.W1[j, :width], cut.b1[j, :width] = parameters.W1[0, units], parameters.b1[0, units]
        cut.W2[j, :, :width] = parameters.W2[0, :, units]
    cut.b2[0] = parameters.b2[0]
    if cut.W3 is not None and parameters.W3 is not None:
        cut.W3[0] = parameters.W3[0]
    return cut


def make_groups(
    population: Population, b: int, dtype: np.dtype, *, alone: bool, first: bool, second: bool, average: bool, by_input: bool = False
) -> list[NetworkGroup]:
    """The population in groups, kinds of inputs in the order of their first members; `alone`: one network each.

    `by_input` is of networks that all see every input; one network alone is not cut then.
    """
    refuse_population(population)
    groups = []
    for members, seen in kinds_of_inputs(population):
        n, h = int(seen.sum()), population.parameters.W1.shape[1]
        size = 1 if alone else group_size(h, b, n)
        slices = number_of_slices(h, b, n) if population.K == 1 and not alone and not by_input else 1
        parameters = population.parameters if slices == 1 else sliced(population.parameters, slices)
        for s in range(0, len(members), size):
            some = members[s : s + size]
            weights = joined(lay_out(parameters, some if slices == 1 else np.arange(slices), seen, dtype), by_input=by_input)
            groups.append(
                NetworkGroup(
                    some,
                    seen_columns(seen),
                    n,
                    parameters.W1.shape[1],
                    parameters.W2.shape[1],
                    weights,
                    np.zeros(weights.size * first, dtype),
                    np.zeros(weights.size * second, dtype),
                    weights.copy() if average else np.empty(0, dtype),
                    slices=slices,
                    skip=0 if parameters.W3 is None else parameters.W3.shape[1],
                    by_input=by_input,
                )
            )
    return groups


def with_signs(groups: list[NetworkGroup], population: Population, directions: Directions) -> list[NetworkGroup]:
    """The groups of `make_groups`, with the signs that the weights of these networks must have (`textbook.monotone.weight_signs`).

    `directions (n_x,)` are those of a recipe; of None all weights are free.
    """
    signs = None if directions is None else weight_signs(population.parameters, np.asarray(directions, np.float64))
    for group in groups:
        dtype, seen = group.weights.dtype, population.inputs[group.members[0]]
        if signs is None:
            group.signs = np.empty(0, dtype)
            continue
        whole = group.slices == 1
        laid = (
            lay_out(signs, group.members, seen, dtype) if whole else lay_out(sliced(signs, group.slices), range(group.slices), seen, dtype)
        )
        group.signs = joined(laid, by_input=group.by_input)
    return groups


def lay_out(
    parameters: Parameters, members: Sequence[int] | NDArray[np.int64], seen: NDArray[np.bool_], dtype: np.dtype
) -> dict[str, Floats]:
    """Parameters of some members, as `NetworkGroup.parts` gives them."""
    mine = parameters.map(lambda w: np.asarray(w)[members])
    n = int(seen.sum())

    def over_inputs(W: Floats) -> Floats:
        laid = np.zeros((*W.shape[:2], padded(n)), dtype)
        laid[:, :, :n] = W[:, :, seen]
        return laid

    W1 = over_inputs(mine.W1)
    W1[:, :, n] = mine.b1[:, :, 0]
    W3 = {} if mine.W3 is None else {"W3": over_inputs(mine.W3)}
    return {"W1": W1} | W3 | {"W2": mine.W2.astype(dtype), "b2": mine.b2.astype(dtype)}


def read_back(groups: list[NetworkGroup], like: Population, which: str) -> Population:
    """Weights, or their averages, in the chapter's shapes and in the population's places; zeros for members of no group."""
    dtype = groups[0].weights.dtype if groups else like.parameters.W1.dtype
    parameters = like.parameters.map(lambda w: np.zeros(w.shape, dtype))
    for group in groups:
        flat = getattr(group, which)
        found = group.networks(group.weights if flat is None else flat, like.parameters.W1.shape[1])
        columns: Any = slice(None) if group.columns is None else group.columns
        for name, part in found.items():
            whole = getattr(parameters, name)
            if name in OF_INPUTS:
                for k, place in enumerate(group.members):
                    whole[place][:, columns] = part[k, :, : group.n]
            else:
                whole[group.members] = part
        parameters.b1[group.members] = found["W1"][:, :, group.n : group.n + 1]
    return Population(parameters, like.widths, like.inputs)


def keep_members(group: NetworkGroup, on: NDArray[np.bool_]) -> NetworkGroup:
    """The group without the members that are not `on`: they leave its product."""

    def kept(flat: Floats) -> Floats:
        return joined({name: part[on] for name, part in group.parts(flat).items()}, by_input=group.by_input) if flat.size else flat

    arrays = (kept(group.weights), kept(group.first), kept(group.second), kept(group.average))
    best = None if group.best is None else kept(group.best)
    same: dict[str, Any] = {name: getattr(group, name) for name in ("slices", "skip", "by_input")} | {"signs": kept(group.signs)}
    return NetworkGroup(group.members[on], group.columns, group.n, group.h, group.n_z, *arrays, best, **same)


def seen_rows(X: Floats, group: NetworkGroup) -> Floats:
    """X with the inputs that the group sees in front: itself, for the kernels read the first n columns."""
    return X if group.columns is None or isinstance(group.columns, slice) else np.ascontiguousarray(X[:, group.columns])


def group_weight(weight: Floats | None, group: NetworkGroup, dtype: np.dtype) -> Floats:
    """Weights as the kernels take them: `(0, 0)` for none, `(1, m)` for all, `(G, m)` for each."""
    if weight is not None and (group.weight is None or group.weight[0] is not weight):  # a run asks for the same ones in every epoch
        group.weight = weight, weight_rows(weight, group, dtype)
    return weight_rows(None, group, dtype) if weight is None or group.weight is None else group.weight[1]


def weight_rows(weight: Floats | None, group: NetworkGroup, dtype: np.dtype) -> Floats:
    """`group_weight`, without what was kept."""
    if weight is None:
        return np.empty((0, 0), dtype)
    return kernel_array(weight[None] if weight.ndim == 1 else weight[group.members], dtype)
