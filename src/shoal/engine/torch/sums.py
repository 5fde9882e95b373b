"""Sums, logits and evaluation of rows on a device: `engine/sums.py` and `predict.logits` there.

Parameters go over, and what was asked comes back.
"""

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from shoal.engine import sums as cpu
from shoal.engine.device import Tensor, out_of_memory, send
from shoal.engine.layout import NetworkBlock, join, split
from shoal.engine.sums import Curvature, Sums, activation_of, gradient_sums, n_parameters, row_blocks
from shoal.engine.torch.layout import MOST_HIDDEN, DeviceGroup
from shoal.engine.torch.minibatch import OnDevice, of_members
from shoal.population import Population
from shoal.textbook.losses import SQUARED_ERROR, Loss
from shoal.textbook.propagation import Parameters, forward
from shoal.types import Floats

JACOBIAN_NUMBERS = 1 << 27  # of a Jacobian at once, 1 GB in float64


def there(block: NetworkBlock, device: str) -> NetworkBlock:
    """The block with its arrays on the device."""
    columns = send(block.columns, device) if isinstance(block.columns, np.ndarray) else block.columns
    parameters = block.parameters.map(lambda w: send(w, device))
    return NetworkBlock(block.members, columns, parameters, None if block.units is None else send(block.units, device))


def home(values: Tensor) -> Floats:
    """As NumPy has it."""
    return np.asarray(values.cpu().numpy())


def sums(population: Population, X: Tensor, Y: Tensor, activation: str, g2: Loss, weight: Any) -> Sums:
    """`sums.sums`; `weight` is None, `(m,)` or `(K, m)`."""
    device, K, m = str(X.device), population.K, len(Y)
    weights = torch.ones(m, dtype=X.dtype, device=X.device) if weight is None else send(weight, device)
    weights = weights.expand(K, m)
    loss, gradients = np.zeros(K), []
    with out_of_memory(device):
        for block in split(population, population.parameters.W1.dtype):
            part = there(block, device)

            def of_rows(s: slice, part: NetworkBlock = part) -> tuple[Tensor, Parameters]:
                columns, w, g1 = part.columns_of(X[s]), weights[part.members, s], activation_of(activation, part.units)
                cache = forward(part.parameters, columns, g1, g2)
                lost = (w * g2.loss(cache.Z2, Y[s].T)).sum(dim=-1)
                return lost, gradient_sums(part.parameters, columns, Y[s].T, cache, g1, g2, w)

            lost, gradient = over_rows(of_rows, part, m, MOST_HIDDEN // block.parameters.W1.shape[1])
            loss[block.members] = home(lost)
            gradients.append(NetworkBlock(block.members, block.columns, gradient.map(home), None))
        return Sums(home(weights.sum(dim=1)), loss, join(gradients, population).parameters)


def logits(population: Population, X: Tensor, activation: str) -> Floats:
    """`predict.logits`."""
    Z2 = np.empty((population.K, population.parameters.W2.shape[1], len(X)), population.parameters.W1.dtype)
    with out_of_memory(str(X.device)):
        for block in split(population, Z2.dtype):
            part = there(block, str(X.device))
            for s in row_blocks(len(X), MOST_HIDDEN // block.parameters.W1[:, :, 0].size):
                Z2[block.members, :, s] = home(
                    forward(part.parameters, part.columns_of(X[s]), activation_of(activation, part.units), SQUARED_ERROR).Z2
                )
    return Z2


def losses(block: NetworkBlock, X: Tensor, Y: Tensor, activation: str, g2: Loss, weights: Tensor) -> Floats:
    """`sums.losses`; `weights (k, m)`."""
    part = there(block, str(X.device))

    def of_rows(s: slice) -> tuple[Tensor]:
        cache = forward(part.parameters, part.columns_of(X[s]), activation_of(activation, part.units), g2)
        return ((weights[:, s] * g2.loss(cache.Z2, Y[s].T)).sum(dim=-1),)

    with out_of_memory(str(X.device)):
        return home(over_rows(of_rows, part, len(Y), MOST_HIDDEN // block.parameters.W1.shape[1])[0])


def curvature(block: NetworkBlock, X: Tensor, Y: Tensor, activation: str, g2: Loss, weights: Tensor) -> Curvature:
    """`sums.curvature`; `weights (k, m)`."""
    part = there(block, str(X.device))
    p, g1 = n_parameters(block.parameters), activation_of(activation, part.units)

    def of_rows(s: slice) -> tuple[Any, ...]:
        columns, targets, w = part.columns_of(X[s]), Y[s].T, weights[:, s]
        cache = forward(part.parameters, columns, g1, g2)
        gradient = gradient_sums(part.parameters, columns, targets, cache, g1, g2, w)
        assert g2.root is not None, g2.name  # `fitting.step_costs.refuse_unfit`
        R, slope = g2.root(cache.Z2, targets) * w.sqrt()[:, None, None, :], g1.prime(cache.Z1)
        J = (jacobian(part.parameters, columns, cache.A1, slope, R[:, o]) for o in range(R.shape[1]))
        return (
            (w * g2.loss(cache.Z2, targets)).sum(dim=-1),
            torch.cat([d.flatten(1) for d in gradient], dim=1),
            reduce(add, (j @ j.mT for j in J)),
        )

    with out_of_memory(str(X.device)):
        found = over_rows(of_rows, part, len(Y), JACOBIAN_NUMBERS // p)
        return Curvature(home(weights.sum(dim=1)), *map(home, found))


def jacobian(parameters: Parameters, columns: Tensor, A1: Tensor, slope: Tensor, dZ2: Tensor) -> Tensor:
    """Each example's derivatives of Σ dZ2 · Z2 by every parameter, `(k, p, m)`: `sums.rooted_jacobian`."""
    dZ1 = parameters.W2.mT @ dZ2 * slope
    parts = [(dZ1[:, :, None] * columns).flatten(1, 2), dZ1, (dZ2[:, :, None] * A1[:, None]).flatten(1, 2), dZ2]
    if parameters.W3 is not None:
        parts.append((dZ2[:, :, None] * columns).flatten(1, 2))
    return torch.cat(parts, dim=1)


def over_rows(of_rows: Callable[[slice], tuple[Any, ...]], block: NetworkBlock, m: int, numbers: int) -> tuple[Any, ...]:
    """What `of_rows` gives, added up over all rows; `numbers` may be held at once of one network's."""
    found = None
    for s in row_blocks(m, numbers // len(block.members)):
        here = of_rows(s)
        found = here if found is None else tuple(map(added, found, here))
    assert found is not None
    return found


def added(one: Any, other: Any) -> Any:
    """The sum of two tensors, or of two sets of parameters."""
    return one.map(add, other) if isinstance(one, Parameters) else one + other


# --- evaluation ----------------------------------------------------------------------------------------------------------


@cpu.dense_sums.register
def dense_sums(state: OnDevice, X: Any, Y: Any, rows: tuple[NDArray[np.int64], ...] | None, weight: Any) -> Floats:
    """What the judging kernel sums for every network, `(K, 4 + 3 n_y)`."""
    sums = np.zeros((state.population.K, 4 + 3 * Y.shape[1]))
    with out_of_memory(state.recipe.device):
        X, Y = state.send(X, state.dtype), state.send(Y, state.dtype)
        weight = None if weight is None else state.send(weight, state.dtype)
        own = None if rows is None else state.sent.of(rows, lambda given: side_by_side(given, state.recipe.device))
        for group in state.groups:
            sums[group.members] = group_sums(state, group, X, Y, weight, own).cpu().numpy()
    return sums


def side_by_side(rows: tuple[NDArray[np.int64], ...], device: str) -> tuple[Tensor, Tensor]:
    """Each network's row numbers, filled up to the longest: numbers and whether they are its own, each `(K, most)`."""
    most = max((len(own) for own in rows), default=0)
    numbers, own = np.zeros((len(rows), most), np.int64), np.zeros((len(rows), most), bool)
    for k, mine in enumerate(rows):
        numbers[k, : len(mine)], own[k, : len(mine)] = mine, True
    return send(numbers, device), send(own, device)


def group_sums(
    state: OnDevice, group: DeviceGroup, X: Tensor, Y: Tensor, weight: Tensor | None, own: tuple[Tensor, Tensor] | None
) -> Tensor:
    """The sums of one group, `(G, 4 + 3 n_y)` float64, so many rows at once as keep hidden layers and own inputs small."""
    n_h, n_y = state.population.parameters.W1.shape[1], Y.shape[1]
    total = torch.zeros((len(group.members), 4 + 3 * n_y), dtype=torch.float64, device=Y.device)
    X = group.seen(X)
    numbers, mine = (None, None) if own is None else (of_members(part, group) for part in own)
    m, widest = (len(Y), n_h) if numbers is None else (numbers.shape[1], max(n_h, X.shape[1]))
    at_once = max(1, MOST_HIDDEN // (widest * len(group.members)))
    for start in range(0, m, at_once):
        which: Any = slice(start, start + at_once) if numbers is None else numbers[:, start : start + at_once]
        columns, targets = X[which].mT, Y[which].mT
        w = torch.ones_like(targets[..., 0, :]) if weight is None else weight[which]
        if mine is not None:
            w = w * mine[:, start : start + at_once]
        total += block_sums(state, group, columns, targets, w.to(torch.float64))
    return total


def block_sums(state: OnDevice, group: DeviceGroup, X: Tensor, Y: Tensor, w: Tensor) -> Tensor:
    """Some rows' part, the same for all networks (`X (n, b)`, `w (b,)`) or each one's own (`X (G, n, b)`, `w (G, b)`)."""
    cache = forward(group.judged(), X, activation_of(state.recipe.activation, group.units), state.g2)
    L, Z2, n_y = state.g2.loss(cache.Z2, Y).to(torch.float64), cache.Z2, Y.shape[-2]
    sides = (Z2[:, :n_y] > 0) == (Y > 0.5)
    right = Z2.argmax(dim=-2) == Y.argmax(dim=-2) if state.g2.unit.decides == "largest" else sides.all(dim=-2)
    value, y = state.g2.unit.of_means(state.g2(Z2.to(torch.float64))), Y.to(torch.float64)
    each = torch.ones_like(L)
    sums = [each, L, right.to(torch.float64), torch.zeros_like(L)]
    for o in range(n_y):
        target = y[..., o, :] * each
        sums += [target, target * target, (value[:, o] - target) ** 2]
    found = torch.stack(sums, dim=1)
    counts = (w * each)[:, None]
    return torch.where(counts != 0, counts * found, torch.zeros_like(found)).sum(dim=-1)
