"""Forward and backward propagation: the chapter's slides 3, 4 and 10, line by line.

Examples are columns. `X (n_x, m)`; `W1 (n_h, n_x)`, `b1 (n_h, 1)`, `W2 (n_y, n_h)`, `b2 (n_y, 1)`; `Z1, A1 (n_h, m)`;
`Z2, A2, Y (n_y, m)`; `dW1` means ∂J/∂W1 and has W1's shape. Every parameter may carry a leading axis K: the same
lines then compute K networks at once, `Z1 (K, n_h, m)` and so on. `.mT` is the transpose of the last two axes.
"""

from typing import Any, NamedTuple

from array_api_compat import array_namespace

from shoal.textbook.activations import Activation
from shoal.textbook.losses import Loss

Array = Any


class Parameters(NamedTuple):
    """The four parameters of a network with one hidden layer."""

    W1: Array
    b1: Array
    W2: Array
    b2: Array


class Forward(NamedTuple):
    """What one forward pass computes, in order."""

    Z1: Array
    A1: Array
    Z2: Array
    A2: Array


class Gradients(NamedTuple):
    """What one backward pass computes, in the slide's order."""

    dZ2: Array
    dW2: Array
    db2: Array
    dZ1: Array
    dW1: Array
    db1: Array


def forward(parameters: Parameters, X: Array, g1: Activation, g2: Loss) -> Forward:
    """Slide 10, left: from the inputs to the prediction A2."""
    W1, b1, W2, b2 = parameters
    Z1 = W1 @ X + b1
    A1 = g1(Z1)
    Z2 = W2 @ A1 + b2
    A2 = g2(Z2)
    return Forward(Z1, A1, Z2, A2)


def backward(
    parameters: Parameters, X: Array, Y: Array, cache: Forward, g1: Activation, g2: Loss, weight: Array | None = None
) -> Gradients:
    """Slide 10, right: the six formulas. `dZ2 = A2 − Y` where output unit and loss belong together (`losses.py`).

    `weight` gives each example its weight, `(m,)` or `(K, 1, m)`; m is then the sum of the weights.
    """
    _, _, W2, _ = parameters
    Z1, A1, Z2, _ = cache
    m = total(weight, X)
    dZ2 = weighted(g2.dZ2(Z2, Y), weight)
    dW2 = (1 / m) * dZ2 @ A1.mT
    db2 = (1 / m) * sum_examples(dZ2)
    dZ1 = W2.mT @ dZ2 * g1.prime(Z1)
    dW1 = (1 / m) * dZ1 @ X.mT
    db1 = (1 / m) * sum_examples(dZ1)
    return Gradients(dZ2, dW2, db2, dZ1, dW1, db1)


def cost(cache: Forward, Y: Array, g2: Loss, weight: Array | None = None) -> Array:
    """Slide 9: J = (1/m) Σ L(ŷ, y), one number for each network, `()` or `(K,)`."""
    L = g2.loss(cache.Z2, Y)
    xp = array_namespace(L)
    if weight is None:
        return xp.mean(L, axis=-1)
    w = weight if weight.ndim == 1 else weight[:, 0, :]
    return xp.sum(w * L, axis=-1) / xp.sum(w, axis=-1)


def penalty(parameters: Parameters, lam: Array | float, m: Array | float) -> Array:
    """λ/(2m) (‖W1‖² + ‖W2‖²), added to J where weights shall stay small; the biases are free."""
    xp = array_namespace(parameters.W1)
    squares = xp.sum(parameters.W1**2, axis=(-2, -1)) + xp.sum(parameters.W2**2, axis=(-2, -1))
    return lam / (2 * m) * squares


def sum_examples(dZ: Array) -> Array:
    """`np.sum(dZ, axis=1, keepdims=True)`: without keepdims the sum loses its second axis, and added to Z it broadcasts the wrong way."""
    return array_namespace(dZ).sum(dZ, axis=-1, keepdims=True)


def weighted(dZ2: Array, weight: Array | None) -> Array:
    """dZ2 with each example's column multiplied by its weight."""
    return dZ2 if weight is None else weight * dZ2


def total(weight: Array | None, X: Array) -> Array | int:
    """m: the number of examples, or the sum of their weights, `()` or `(K, 1, 1)`."""
    if weight is None:
        return int(X.shape[-1])
    xp = array_namespace(weight)
    return xp.sum(weight, axis=-1, keepdims=weight.ndim > 1)
