"""How good the networks of a state on a device are on rows that they do not train on: `evaluate.dense_sums` there."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from shoal.engine import evaluate as cpu
from shoal.engine.device import Tensor, out_of_memory, send
from shoal.engine.torch.layout import MOST_HIDDEN, DeviceGroup
from shoal.engine.torch.minibatch import OnDevice, activation_of, of_members
from shoal.textbook.propagation import forward
from shoal.types import Floats


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
