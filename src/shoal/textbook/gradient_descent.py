"""Batch gradient descent (slide 9), slow and plain: predict, compute the gradients, take the four lines, repeat.

What uses another update than slide 9's, momentum or Adam, stands in `optimizers`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from shoal.textbook.activations import Activation
from shoal.textbook.losses import Loss
from shoal.textbook.propagation import Forward, Gradients, Parameters, backward, cost, forward

Array = Any


class DescentStep(NamedTuple):
    """One turn of the loop: the parameters before it, what they compute, their cost J, and the derivatives there."""

    parameters: Parameters
    cache: Forward
    J: Array
    gradients: Gradients


def gradient_step(parameters: Parameters, gradients: Gradients, learning_rate: Array) -> Parameters:
    """Slide 9's four lines: W[1] := W[1] − α dW[1], b[1] := b[1] − α db[1], W[2] := W[2] − α dW[2], b[2] := b[2] − α db[2]."""
    W1, b1, W2, b2 = parameters
    _, dW2, db2, _, dW1, db1 = gradients
    alpha = learning_rate
    W1 = W1 - alpha * dW1
    b1 = b1 - alpha * db1
    W2 = W2 - alpha * dW2
    b2 = b2 - alpha * db2
    return Parameters(W1, b1, W2, b2)


def descend(parameters: Parameters, X: Array, Y: Array, g1: Activation, g2: Loss, learning_rate: float) -> Iterator[DescentStep]:
    """Gradient descent without end: yields a `DescentStep`, then takes it. X `(n_x, m)`, Y `(n_y, m)`."""
    while True:
        cache = forward(parameters, X, g1, g2)
        gradients = backward(parameters, X, Y, cache, g1, g2)
        yield DescentStep(parameters, cache, cost(cache, Y, g2), gradients)
        parameters = gradient_step(parameters, gradients, learning_rate)


def train(parameters: Parameters, X: Array, Y: Array, g1: Activation, g2: Loss, learning_rate: float, n_steps: int) -> Parameters:
    """The parameters after `n_steps` updates of batch gradient descent."""
    steps = descend(parameters, X, Y, g1, g2, learning_rate)
    for _ in range(n_steps):
        next(steps)
    return next(steps).parameters
