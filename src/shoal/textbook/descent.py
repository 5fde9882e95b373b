"""Batch gradient descent (slide 9), slow and plain: predict, compute the gradients, step downhill, repeat."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from shoal.textbook.activations import Activation
from shoal.textbook.outputs import Output
from shoal.textbook.propagation import Forward, Gradients, Parameters, backward, cost, forward
from shoal.textbook.rules import GradientDescent, start, update

Array = Any


class Step(NamedTuple):
    """One turn of the loop: the parameters it began with, what they computed, their cost J, and the derivatives."""

    parameters: Parameters
    cache: Forward
    J: Array
    gradients: Gradients


def descend(parameters: Parameters, X: Array, Y: Array, g1: Activation, g2: Output, learning_rate: float) -> Iterator[Step]:
    """Gradient descent without end: yields a `Step`, then takes it. X `(n_x, m)`, Y `(n_y, m)`."""
    rule = GradientDescent()
    memory = start(rule, parameters)
    t = 0
    while True:
        cache = forward(parameters, X, g1, g2)
        gradients = backward(parameters, X, Y, cache, g1, g2)
        yield Step(parameters, cache, cost(cache, Y, g2), gradients)
        t += 1
        parameters, memory = update(rule, parameters, gradients, memory, learning_rate, t)


def train(parameters: Parameters, X: Array, Y: Array, g1: Activation, g2: Output, learning_rate: float, n_steps: int) -> Parameters:
    """The parameters after `n_steps` updates of batch gradient descent."""
    steps = descend(parameters, X, Y, g1, g2, learning_rate)
    for _ in range(n_steps):
        next(steps)
    return next(steps).parameters
