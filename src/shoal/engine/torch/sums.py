"""Sums and logits of rows on a device: `engine/sums.py` and `predict.logits` there. Parameters go over, and what was asked comes back."""

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import torch

from shoal.engine.device import Tensor, out_of_memory, send
from shoal.engine.layout import NetworkBlock, join, split
from shoal.engine.sums import Curvature, Sums, activation_of, gradient_sums, n_parameters, row_blocks
from shoal.engine.torch.layout import MOST_HIDDEN
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
                columns, w, g1 = part.columns_of(X[s]), weights[part.members, s], activation_of(part, activation)
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
                    forward(part.parameters, part.columns_of(X[s]), activation_of(part, activation), SQUARED_ERROR).Z2
                )
    return Z2


def losses(block: NetworkBlock, X: Tensor, Y: Tensor, activation: str, g2: Loss, weights: Tensor) -> Floats:
    """`sums.losses`; `weights (k, m)`."""
    part = there(block, str(X.device))

    def of_rows(s: slice) -> tuple[Tensor]:
        cache = forward(part.parameters, part.columns_of(X[s]), activation_of(part, activation), g2)
        return ((weights[:, s] * g2.loss(cache.Z2, Y[s].T)).sum(dim=-1),)

    with out_of_memory(str(X.device)):
        return home(over_rows(of_rows, part, len(Y), MOST_HIDDEN // block.parameters.W1.shape[1])[0])


def curvature(block: NetworkBlock, X: Tensor, Y: Tensor, activation: str, g2: Loss, weights: Tensor) -> Curvature:
    """`sums.curvature`; `weights (k, m)`."""
    part = there(block, str(X.device))
    p, g1 = n_parameters(block.parameters), activation_of(part, activation)

    def of_rows(s: slice) -> tuple[Any, ...]:
        columns, targets, w = part.columns_of(X[s]), Y[s].T, weights[:, s]
        cache = forward(part.parameters, columns, g1, g2)
        gradient = gradient_sums(part.parameters, columns, targets, cache, g1, g2, w)
        assert g2.root is not None, g2.name  # `fitting.train.refuse_unfit`
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
