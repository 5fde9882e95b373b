"""Batch gradient descent (slide 9), slow and simple: predict, compute the gradients, apply the four lines, repeat.

Other updates than slide 9's, such as momentum or Adam, are in `optimizers`.
"""

from collections.abc import Iterator
from typing import NamedTuple

from shoal.textbook.activations import Activation
from shoal.textbook.losses import Loss
from shoal.textbook.propagation import Forward, Gradients, Parameters, backward, cost, forward
from shoal.textbook.shapes import check_like
from shoal.types import Array


class DescentStep(NamedTuple):
    """One iteration of the loop: the parameters before it, what they compute, their cost J, and the derivatives."""

    parameters: Parameters
    cache: Forward
    J: Array
    gradients: Gradients


def gradient_step(parameters: Parameters, gradients: Gradients, learning_rate: Array) -> Parameters:
    """Slide 9's four lines: W1 := W1 − α dW1, b1 := b1 − α db1, W2 := W2 − α dW2, b2 := b2 − α db2; W3, if it exists, likewise.

    Parameters
    ----------
    parameters : Parameters
    gradients : Gradients
        What `propagation.backward` returned for them.
    learning_rate : float, or array `(K, 1, 1)`
        α, above 0.

    Returns
    -------
    Parameters

    Raises
    ------
    DataError
        A derivative does not have its parameter's shape, for example after a sum without keepdims.

    Examples
    --------
    >>> one, two = np.ones((1, 1)), 2 * np.ones((1, 1))
    >>> after = gradient_step(Parameters(one, one, one, one), Gradients(None, two, one, None, two, one), learning_rate=0.25)
    >>> [w.item() for w in after]
    [0.5, 0.75, 0.5, 0.75]
    """
    check_like(gradients, parameters)
    W1, b1, W2, b2, W3 = parameters.W1, parameters.b1, parameters.W2, parameters.b2, parameters.W3
    dW1, db1, dW2, db2 = gradients.dW1, gradients.db1, gradients.dW2, gradients.db2
    alpha = learning_rate
    W1 = W1 - alpha * dW1
    b1 = b1 - alpha * db1
    W2 = W2 - alpha * dW2
    b2 = b2 - alpha * db2
    return Parameters(W1, b1, W2, b2, None if W3 is None else W3 - alpha * gradients.dW3)


def descend(parameters: Parameters, X: Array, Y: Array, g1: Activation, g2: Loss, learning_rate: float) -> Iterator[DescentStep]:
    """Gradient descent without end, slide 9: yields a `DescentStep`, then applies it.

    Parameters
    ----------
    parameters : Parameters
    X, Y : arrays `(n_x, m)` and `(n_y, m)`
    g1 : Activation
    g2 : Loss
    learning_rate : float
        α, above 0.

    Yields
    ------
    DescentStep

    Examples
    --------
    >>> from shoal.textbook import ACTIVATIONS, exercise_parameters, flower, make_loss
    >>> steps = descend(exercise_parameters(4), *flower(), ACTIVATIONS["tanh"], make_loss("sigmoid"), learning_rate=1.2)
    >>> round(float(next(steps).J), 4), round(float(next(steps).J), 4)
    (0.693, 0.693)
    """
    while True:
        cache = forward(parameters, X, g1, g2)
        gradients = backward(parameters, X, Y, cache, g1, g2)
        yield DescentStep(parameters, cache, cost(cache, Y, g2), gradients)
        parameters = gradient_step(parameters, gradients, learning_rate)


def train(parameters: Parameters, X: Array, Y: Array, g1: Activation, g2: Loss, learning_rate: float, n_steps: int) -> Parameters:
    """The parameters after `n_steps` updates of batch gradient descent, slide 9.

    Parameters
    ----------
    parameters : Parameters
    X, Y : arrays `(n_x, m)` and `(n_y, m)`
    g1 : Activation
    g2 : Loss
    learning_rate : float
        α, above 0.
    n_steps : int
        At least 0.

    Returns
    -------
    Parameters

    Examples
    --------
    >>> from shoal.textbook import ACTIVATIONS, exercise_parameters, flower, forward, make_loss
    >>> (X, Y), g1, g2 = flower(), ACTIVATIONS["tanh"], make_loss("sigmoid")
    >>> trained = train(exercise_parameters(4), X, Y, g1, g2, learning_rate=1.2, n_steps=200)
    >>> bool(np.mean((forward(trained, X, g1, g2).A2 > 0.5) == Y) > 0.8)  # the share of points on their own side
    True
    """
    steps = descend(parameters, X, Y, g1, g2, learning_rate)
    for _ in range(n_steps):
        next(steps)
    return next(steps).parameters
