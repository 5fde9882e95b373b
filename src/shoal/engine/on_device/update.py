"""One update of all networks of a group: the textbook's lines over tensors, and what each network has of its own around them."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch

from shoal.engine.device import Tensor
from shoal.engine.on_device.groups import Networks, Numbers
from shoal.textbook.activations import ACTIVATIONS, Activation, masked
from shoal.textbook.losses import Loss
from shoal.textbook.optimizers import Optimizer, update
from shoal.textbook.propagation import Gradients, Parameters, backward, cost, forward, penalty


@dataclass(frozen=True)
class How:
    """What all networks of a group have in common; `penalised` and `decays` say whether any of them has a λ or a decay above 0."""

    activation: str
    g2: Loss
    rule: Optimizer
    penalised: bool
    decays: bool


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


def updated(now: Networks, own: Numbers, batch: Batch, how: How) -> tuple[Networks, Tensor]:
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
        gradients = gradients._replace(dW1=gradients.dW1 + shrink * parameters.W1, dW2=gradients.dW2 + shrink * parameters.W2)
    decay = own.decay[:, None, None] if how.decays else 0.0
    after, memory = update(how.rule, parameters, gradients, now.memory, batch.rate, batch.t, decay)
    return Networks(after, memory, moved(now.average, after, own.keep)), J


def activation_of(name: str, units: Tensor | None) -> Activation:
    """g with the units switched off that are."""
    return ACTIVATIONS[name] if units is None else masked(ACTIVATIONS[name], units)


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
    learned = (torch.where(some, d, torch.zeros_like(d)) for d in gradients)
    return Gradients(*learned), torch.where(some[:, 0, 0], J, torch.zeros_like(J))


def moved(average: Parameters | None, now: Parameters, keep: Tensor) -> Parameters | None:
    """The weights' moving average after an update."""
    if average is None:
        return None
    share = keep[:, None, None]
    return Parameters(*(share * old + (1 - share) * new for old, new in zip(average, now, strict=True)))
