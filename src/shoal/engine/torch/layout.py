"""Networks of a population on a device, those together that see the same inputs; and back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from shoal.engine.device import Tensor, send
from shoal.engine.layout import split
from shoal.population import Population
from shoal.recipe import Recipe, each
from shoal.textbook.monotone import weight_signs
from shoal.textbook.optimizers import Memory, start
from shoal.textbook.propagation import OF_INPUTS, Parameters

# Numbers of a hidden layer at once, half a GB in float32; a step takes some eight such arrays. The same on every device, or the
# sums would round otherwise on another.
MOST_HIDDEN = 1 << 27


class Networks(NamedTuple):
    """What an update changes: parameters with a leading axis G, the rule's memory of each, and the weights' moving average."""

    parameters: Parameters
    memory: tuple[Memory, ...]
    average: Parameters | None


class Numbers(NamedTuple):
    """What each network has of its own, `(G,)`: λ, decay, moving average; shares dropped (float64); its key."""

    lam: Tensor
    decay: Tensor
    keep: Tensor
    dropout: Tensor
    input_dropout: Tensor
    key: Tensor


class UpdateTerms(NamedTuple):
    """What any network of a group has more than 0 of, known without asking the device."""

    penalty: bool
    decay: bool
    dropout: bool
    input_dropout: bool


@dataclass
class DeviceGroup:
    """Networks that share one matrix product.

    `members (G,)` are their places in the population, `columns` the inputs that they see (None: all); `units (G, n_h, 1)` is
    0 for padding, None where every unit is in use.
    """

    members: NDArray[np.int64]
    columns: Any
    units: Tensor | None
    own: Numbers
    uses: UpdateTerms
    networks: Networks
    best: Parameters | None = None
    signs: Parameters | None = None  # that weights must have; None where all are free

    def judged(self) -> Parameters:
        """What is evaluated and kept: the averaged weights where there are any."""
        return self.networks.parameters if self.networks.average is None else self.networks.average

    def seen(self, X: Tensor) -> Tensor:
        """The inputs of rows `(m, n_x)` that these networks see."""
        return X if self.columns is None else X[:, self.columns]


def make_groups(population: Population, recipe: Recipe, keys: NDArray[np.uint64], dtype: np.dtype) -> list[DeviceGroup]:
    """The population on `recipe.device`, in as few groups as there are kinds of inputs, but none with too large a layer."""
    device, n_h = recipe.device, population.parameters.W1.shape[1]
    thinned = bool(np.any(np.asarray(recipe.input_dropout) > 0))  # then each network has inputs of its own
    averaged = bool(np.any(np.asarray(recipe.weight_average) > 0))
    groups = []
    for block in split(population, dtype):
        widest = max(n_h, block.parameters.W1.shape[2]) if thinned else n_h
        size = max(1, MOST_HIDDEN // (widest * recipe.batch_size))
        columns = send(block.columns, device) if isinstance(block.columns, np.ndarray) else block.columns
        for s in range(0, len(block.members), size):
            some = slice(s, s + size)
            members = block.members[some]
            parameters = block.parameters.map(lambda w: send(w[some], device))  # noqa: B023 - called at once
            units = None if block.units is None else send(block.units[some], device)
            now = Networks(parameters, start(recipe.rule, parameters), parameters if averaged else None)
            own, uses = numbers(recipe, keys, members, dtype), uses_of(recipe, len(keys), members)
            group = DeviceGroup(members, columns, units, own, uses, now)
            if recipe.directions is not None:
                group.signs = weight_signs(parameters, group.seen(send(np.array([recipe.directions]), device, dtype))[0])
            groups.append(group)
    return groups


def numbers(recipe: Recipe, keys: NDArray[np.uint64], members: NDArray[np.int64], dtype: np.dtype) -> Numbers:
    """What these members have of their own."""
    K, device = len(keys), recipe.device
    in_precision = (each(recipe.lam, K), each(recipe.decay, K), each(recipe.weight_average, K))
    dropout = each(recipe.dropout, K).astype(dtype).astype(np.float64)  # as the kernels draw by it
    drawn = (dropout, each(recipe.input_dropout, K), keys.view(np.int64))
    return Numbers(*(send(v[members], device, dtype) for v in in_precision), *(send(v[members], device) for v in drawn))


def uses_of(recipe: Recipe, K: int, members: NDArray[np.int64]) -> UpdateTerms:
    """What these members use."""
    return UpdateTerms(*(bool(np.any(each(v, K)[members] > 0)) for v in (recipe.lam, recipe.decay, recipe.dropout, recipe.input_dropout)))


def read_back(groups: list[DeviceGroup], like: Population, which: Callable[[DeviceGroup], Parameters], dtype: np.dtype) -> Population:
    """Parameters of the groups in the chapter's shapes and the population's places, as NumPy has them; zeros for members of no group."""
    parameters = like.parameters.map(lambda w: np.zeros(w.shape, dtype))
    for group in groups:
        read = which(group)
        for name, values in parameters.named().items():
            where: Any = group.members
            if name in OF_INPUTS and isinstance(group.columns, torch.Tensor):
                where = np.ix_(group.members, np.arange(values.shape[1]), group.columns.cpu().numpy())
            elif name in OF_INPUTS:
                where = (group.members, slice(None), slice(None) if group.columns is None else group.columns)
            values[where] = getattr(read, name).cpu().numpy()
    return Population(parameters, like.widths, like.inputs)


def keep_members(group: DeviceGroup, on: NDArray[np.bool_]) -> DeviceGroup:
    """The group without the members that are not `on`: they leave its product."""
    places = torch.from_numpy(np.flatnonzero(on)).to(group.own.key.device)

    def kept(parameters: Parameters | None) -> Parameters | None:
        return None if parameters is None else parameters.map(lambda w: w[places])

    now, parameters = group.networks, kept(group.networks.parameters)
    assert parameters is not None
    memory = tuple(tuple(part[places] for part in parts) for parts in now.memory)
    return replace(
        group,
        members=group.members[on],
        units=None if group.units is None else group.units[places],
        own=Numbers(*(v[places] for v in group.own)),
        networks=Networks(parameters, memory, kept(now.average)),
        best=kept(group.best),
        signs=kept(group.signs),
    )
