"""A group's weights in the kernels' layout, and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.blocks import kinds_of_inputs, seen_columns
from shoal.population import Population
from shoal.textbook.propagation import Parameters

Floats = NDArray[np.floating]

SMALL_PRODUCT = 1_000_000  # OpenBLAS multiplies up to so many H·b·n1 without packing, 150-200 GFLOP/s against 130 above
MOST_UNITS = 128  # rows of a group: wider ones leave the level-2 cache


@dataclass
class Group:
    """Networks that see the same inputs and share one matrix product. Weights are flat, as the head of `kernels.py` has them.

    `members (G,)` are their places in the population; `columns` the inputs that they see, None or a slice of the first ones
    where no copy is needed. Moments and averages are empty where the recipe has none.
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
    best: Floats | None = None  # the weights that `advance.remember` kept
    each: Any = None  # `kernels.PerNetwork`, made when it is first asked for
    weight: tuple[Any, Floats] | None = None  # the rows' weights last asked for, and this group's of them

    def parts(self, flat: Floats) -> tuple[Floats, Floats, Floats]:
        """A flat array as W1 `(G, h, n1)`, W2 `(G, n_z, h)` and b2 `(G, n_z, 1)`, without a copy."""
        G = len(self.members)
        outs = self.n_z * self.h
        a = flat.size - G * (outs + self.n_z)
        W1, W2, b2 = np.split(flat, [a, a + G * outs])
        return W1.reshape(G, self.h, -1), W2.reshape(G, self.n_z, self.h), b2.reshape(G, self.n_z, 1)


def padded(n: int) -> int:
    """Inputs and bias rounded up to a multiple of 4: 31 columns are a fifth slower than 32."""
    return -(-(n + 1) // 4) * 4


def group_size(h: int, b: int, n: int) -> int:
    """Networks a group: as many as keep the product small; a function of the shapes only, never of the thread count."""
    return max(1, min(SMALL_PRODUCT // max(1, h * b * padded(n)), MOST_UNITS // h))


def make_groups(population: Population, b: int, dtype: np.dtype, *, alone: bool, first: bool, second: bool, average: bool) -> list[Group]:
    """The population in groups, kinds of inputs in the order of their first members; `alone`: one network each."""
    groups = []
    for members, seen in kinds_of_inputs(population):
        n, h = int(seen.sum()), population.parameters.W1.shape[1]
        size = 1 if alone else group_size(h, b, n)
        for s in range(0, len(members), size):
            some = members[s : s + size]
            weights = lay_out(population.parameters, some, seen, dtype)
            groups.append(
                Group(
                    some,
                    seen_columns(seen),
                    n,
                    h,
                    population.parameters.W2.shape[1],
                    weights,
                    np.zeros(weights.size * first, dtype),
                    np.zeros(weights.size * second, dtype),
                    weights.copy() if average else np.empty(0, dtype),
                )
            )
    return groups


def lay_out(parameters: Parameters, members: Sequence[int] | NDArray[np.int64], seen: NDArray[np.bool_], dtype: np.dtype) -> Floats:
    """Parameters of some members, flat."""
    W1, b1, W2, b2 = (np.asarray(w)[members] for w in parameters)
    G, h, _ = W1.shape
    n = int(seen.sum())
    laid = np.zeros((G, h, padded(n)), dtype)
    laid[:, :, :n] = W1[:, :, seen]
    laid[:, :, n] = b1[:, :, 0]
    return np.concatenate([laid.ravel(), W2.ravel().astype(dtype), b2.ravel().astype(dtype)])


def read_back(groups: list[Group], like: Population, which: str) -> Population:
    """Weights, or their averages, in the chapter's shapes and in the population's places; zeros for members of no group."""
    dtype = groups[0].weights.dtype if groups else like.parameters.W1.dtype
    parameters = Parameters(*(np.zeros(w.shape, dtype) for w in like.parameters))
    for group in groups:
        flat = getattr(group, which)
        W1, W2, b2 = group.parts(group.weights if flat is None else flat)
        columns: Any = slice(None) if group.columns is None else group.columns
        for k, place in enumerate(group.members):
            parameters.W1[place][:, columns] = W1[k, :, : group.n]
        parameters.b1[group.members] = W1[:, :, group.n : group.n + 1]
        parameters.W2[group.members] = W2
        parameters.b2[group.members] = b2
    return Population(parameters, like.widths, like.inputs)


def keep_members(group: Group, on: NDArray[np.bool_]) -> Group:
    """The group without the members that are not `on`: they leave its product."""

    def kept(flat: Floats) -> Floats:
        return np.concatenate([part[on].ravel() for part in group.parts(flat)]) if flat.size else flat

    arrays = (kept(group.weights), kept(group.first), kept(group.second), kept(group.average))
    best = None if group.best is None else kept(group.best)
    return Group(group.members[on], group.columns, group.n, group.h, group.n_z, *arrays, best)
