"""A group's weights in the kernels' layout, and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.blocks import seen_columns
from shoal.population import Population
from shoal.textbook.propagation import Parameters

Floats = NDArray[np.floating]

SMALL_PRODUCT = 1_000_000  # OpenBLAS multiplies up to so many H·b·n1 without packing, 150-200 GFLOP/s against 130 above
MOST_UNITS = 128  # rows of a group: wider ones leave the level-2 cache


@dataclass
class Group:
    """Networks that see the same inputs and share one matrix product. Weights as `kernels.Weights` has them.

    `members (G,)` are their places in the population; `columns` the inputs that they see, None or a slice of the first ones
    where no copy is needed.
    """

    members: NDArray[np.int64]
    columns: NDArray[np.int64] | slice | None
    n: int
    h: int
    weights: tuple[Floats, Floats, Floats]
    first: tuple[Floats, Floats, Floats]
    second: tuple[Floats, Floats, Floats]
    average: tuple[Floats, Floats, Floats]
    best: tuple[Floats, Floats, Floats] | None = None  # the weights that `advance.remember` kept
    each: Any = None  # `kernels.PerNetwork`, made when it is first asked for


def padded(n: int) -> int:
    """Inputs and bias rounded up to a multiple of 4: 31 columns are a fifth slower than 32."""
    return -(-(n + 1) // 4) * 4


def group_size(h: int, b: int, n: int) -> int:
    """Networks a group: as many as keep the product small; a function of the shapes only, never of the thread count."""
    return max(1, min(SMALL_PRODUCT // max(1, h * b * padded(n)), MOST_UNITS // h))


def make_groups(population: Population, b: int, dtype: np.dtype, *, alone: bool, first: bool, second: bool, average: bool) -> list[Group]:
    """The population in groups, kinds of inputs in the order of their first members; `alone`: one network each."""
    masks, where = np.unique(population.inputs, axis=0, return_inverse=True)
    where = where.ravel()
    groups = []
    for kind in dict.fromkeys(where.tolist()):
        members, seen = np.flatnonzero(where == kind), masks[kind]
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
                    weights,
                    like(weights, first),
                    like(weights, second),
                    (weights[0].copy(), weights[1].copy(), weights[2].copy()) if average else like(weights, False),
                )
            )
    return groups


def like(weights: tuple[Floats, Floats, Floats], used: bool) -> tuple[Floats, Floats, Floats]:
    """Zeros in the weights' layout, or empty arrays that the kernels never touch."""
    if used:
        return np.zeros_like(weights[0]), np.zeros_like(weights[1]), np.zeros_like(weights[2])
    dtype = weights[0].dtype
    return np.empty(0, dtype), np.empty(0, dtype), np.empty(0, dtype)


def lay_out(
    parameters: Parameters, members: Sequence[int] | NDArray[np.int64], seen: NDArray[np.bool_], dtype: np.dtype
) -> tuple[Floats, Floats, Floats]:
    """Parameters of some members, flat: W1 `(G·h, n1)` with the bias in column n, W2 `(G·n_z, h)`, b2 `(G, n_z)`."""
    W1, b1, W2, b2 = (np.asarray(w)[members] for w in parameters)
    G, h, _ = W1.shape
    n = int(seen.sum())
    laid = np.zeros((G, h, padded(n)), dtype)
    laid[:, :, :n] = W1[:, :, seen]
    laid[:, :, n] = b1[:, :, 0]
    return laid.reshape(-1), np.array(W2, dtype).reshape(-1), np.array(b2, dtype).reshape(-1)


def read_back(groups: list[Group], like: Population, which: str) -> Population:
    """Weights, or their averages, in the chapter's shapes and in the population's places; zeros for members of no group."""
    dtype = groups[0].weights[0].dtype if groups else like.parameters.W1.dtype
    parameters = Parameters(*(np.zeros(w.shape, dtype) for w in like.parameters))
    for group in groups:
        W1, W2, b2 = getattr(group, which) or group.weights
        G, h, n = len(group.members), group.h, group.n
        laid = W1.reshape(G, h, -1)
        columns: Any = slice(None) if group.columns is None else group.columns
        for k, place in enumerate(group.members):
            parameters.W1[place][:, columns] = laid[k, :, :n]
        parameters.b1[group.members] = laid[:, :, n : n + 1]
        parameters.W2[group.members] = W2.reshape(G, -1, h)
        parameters.b2[group.members] = b2.reshape(G, -1, 1)
    return Population(parameters, like.widths, like.inputs)


def keep_members(group: Group, on: NDArray[np.bool_]) -> Group:
    """The group without the members that are not `on`: they leave its product."""

    def kept(laid: tuple[Floats, Floats, Floats]) -> tuple[Floats, Floats, Floats]:
        W1, W2, b2 = (a.reshape(len(on), -1)[on].reshape(-1) if a.size else a for a in laid)
        return W1, W2, b2

    arrays = (kept(group.weights), kept(group.first), kept(group.second), kept(group.average))
    return Group(group.members[on], group.columns, group.n, group.h, *arrays, None if group.best is None else kept(group.best))
