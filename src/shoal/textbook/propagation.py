"""Forward and backward propagation: the chapter's slides 3, 4, 9 and 10, line by line.

Examples are columns. `X (n_x, m)`; `W1 (n_h, n_x)`, `b1 (n_h, 1)`, `W2 (n_y, n_h)`, `b2 (n_y, 1)`; `Z1, A1 (n_h, m)`;
`Z2, A2, Y (n_y, m)`; `dW1` means ∂J/∂W1 and has W1's shape. Every parameter may carry a leading axis K: the same
lines then compute K networks at once, `Z1 (K, n_h, m)` and so on. `.mT` is the transpose of the last two axes.

A network with skip connections, which the chapter does not have, adds `W3 X` to Z2: `W3 (n_y, n_x)` goes from the inputs past the
hidden layer. It needs no bias of its own, since b2 is one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, NamedTuple, Self

from shoal.textbook.activations import Activation
from shoal.textbook.losses import Loss
from shoal.textbook.shapes import check_network, check_targets, check_weight
from shoal.types import Array, array_namespace


class ParameterTree:
    """Named arrays, the leaves. `map` applies a function to every array of a network. Abstract.

    A field that is None is not a leaf. Iteration gives the leaves in their order, so that they can be flattened and restored.

    Examples
    --------
    >>> p = Parameters(W1=1.0, b1=2.0, W2=3.0, b2=4.0)
    >>> p.map(lambda w, v: w - 0.5 * v, p)
    Parameters(W1=0.5, b1=1.0, W2=1.5, b2=2.0, W3=None)
    >>> list(p), p.penalised()
    ([1.0, 2.0, 3.0, 4.0], {'W1': 1.0, 'W2': 3.0})
    """

    def named(self) -> dict[str, Array]:
        """The leaves by name, in their order."""
        return {name: leaf for name, leaf in vars(self).items() if leaf is not None}

    def map(self, function: Callable[..., Any], *others: "ParameterTree") -> Self:
        """The tree of `function(leaf, …)`; further arguments are the leaves of the same name of other trees."""
        return type(self)(**{name: function(leaf, *(getattr(tree, name) for tree in others)) for name, leaf in self.named().items()})

    def __iter__(self) -> Iterator[Array]:
        return iter(self.named().values())


PENALISED = ("W1", "W2", "W3")  # shrunk by a penalty or a decay; the biases are not
OF_INPUTS = ("W1", "W3")  # leaves with a column for each input
OF_OUTPUTS = ("W2", "b2", "W3")  # leaves with a row for each output


@dataclass(frozen=True, eq=False)
class Parameters(ParameterTree):
    """The four parameters of a network with one hidden layer, and W3 if it has skip connections."""

    W1: Array
    b1: Array
    W2: Array
    b2: Array
    W3: Array | None = None

    def penalised(self) -> dict[str, Array]:
        """The leaves that a penalty shrinks, by name."""
        return {name: leaf for name, leaf in self.named().items() if name in PENALISED}


class Forward(NamedTuple):
    """The results of one forward pass, in order."""

    Z1: Array
    A1: Array
    Z2: Array
    A2: Array


@dataclass(frozen=True, eq=False)
class Gradients(ParameterTree):
    """The results of one backward pass, in the slide's order."""

    dZ2: Array
    dW2: Array
    db2: Array
    dZ1: Array
    dW1: Array
    db1: Array
    dW3: Array | None = None


def forward(parameters: Parameters, X: Array, g1: Activation, g2: Loss) -> Forward:
    """From the inputs to the prediction A2: slide 3 for one example, slides 4 and 10 (left) for m of them.

    Z1 = W1 X + b1, A1 = g1(Z1), Z2 = W2 A1 + b2, A2 = g2(Z2). With skip connections Z2 = W2 A1 + b2 + W3 X.

    Parameters
    ----------
    parameters : Parameters
    X : array `(n_x, m)`
        An example in each column.
    g1 : Activation
        Of the hidden units.
    g2 : Loss
        Whose output unit is applied to Z2.

    Returns
    -------
    Forward
        `Z1, A1 (n_h, m)`; `Z2, A2 (n_y, m)`; each with the leading axes of the parameters.

    Raises
    ------
    DataError
        Names the array whose shape does not fit.

    Examples
    --------
    >>> from shoal.textbook import ACTIVATIONS, make_loss
    >>> W1, b1, W2, b2 = np.asarray([[1.0, 2.0]]), np.zeros((1, 1)), np.asarray([[3.0]]), np.ones((1, 1))
    >>> cache = forward(Parameters(W1, b1, W2, b2), np.asarray([[1.0], [1.0]]), ACTIVATIONS["relu"], make_loss("squared_error"))
    >>> [a.item() for a in cache]
    [3.0, 3.0, 10.0, 10.0]
    """
    check_network(parameters, X)
    W1, b1, W2, b2 = parameters.W1, parameters.b1, parameters.W2, parameters.b2
    Z1 = W1 @ X + b1
    A1 = g1(Z1)
    Z2 = W2 @ A1 + b2
    if parameters.W3 is not None:
        Z2 += parameters.W3 @ X
    A2 = g2(Z2)
    return Forward(Z1, A1, Z2, A2)


def logits(parameters: Parameters, X: Array, g1: Activation) -> Array:
    """Z2 alone, without checks: `forward` for callers that need only the prediction.

    Parameters
    ----------
    parameters : Parameters
    X : array `(n_x, m)`
        An example in each column.
    g1 : Activation

    Returns
    -------
    array `(n_y, m)`, with the leading axes of the parameters

    Examples
    --------
    >>> from shoal.textbook import ACTIVATIONS
    >>> one, x = np.ones((1, 1)), np.asarray([[2.0]])
    >>> logits(Parameters(one, one, one, one), x, ACTIVATIONS["relu"]).item()  # 1 · max(0, 1 · 2 + 1) + 1
    4.0
    >>> logits(Parameters(one, one, one, one, W3=10 * one), x, ACTIVATIONS["relu"]).item()  # and 10 · 2
    24.0
    """
    Z2 = parameters.W2 @ g1(parameters.W1 @ X + parameters.b1) + parameters.b2
    return Z2 if parameters.W3 is None else Z2 + parameters.W3 @ X


def backward(
    parameters: Parameters, X: Array, Y: Array, cache: Forward, g1: Activation, g2: Loss, weight: Array | None = None
) -> Gradients:
    """The six derivatives of J, slide 10 (right). `dZ2 = A2 − Y` where output unit and loss belong together (`losses`).

    dW2 = (1/m) dZ2 A1ᵀ, db2 = (1/m) Σ dZ2, dZ1 = W2ᵀ dZ2 ∘ g1′(Z1), dW1 = (1/m) dZ1 Xᵀ, db1 = (1/m) Σ dZ1, the sums over
    the examples. With skip connections dW3 = (1/m) dZ2 Xᵀ: they see the same errors as W2 does, and pass none on.

    Parameters
    ----------
    parameters : Parameters
    X, Y : arrays `(n_x, m)` and `(n_y, m)`
    cache : Forward
        What `forward` returned for these parameters and this X.
    g1 : Activation
    g2 : Loss
    weight : array `(m,)` or `(K, 1, m)`, optional
        The weight of each example; m is then the sum of the weights.

    Returns
    -------
    Gradients
        `dZ2 (n_y, m)`, `dW2 (n_y, n_h)`, `db2 (n_y, 1)`, `dZ1 (n_h, m)`, `dW1 (n_h, n_x)`, `db1 (n_h, 1)`; `dW3 (n_y, n_x)` of a
        network with skip connections.

    Raises
    ------
    DataError
        Names the array whose shape does not fit.

    Examples
    --------
    >>> from shoal.textbook import ACTIVATIONS, make_loss
    >>> W1, b1, W2, b2 = np.asarray([[1.0, 2.0]]), np.zeros((1, 1)), np.asarray([[3.0]]), np.ones((1, 1))
    >>> p, X, Y = Parameters(W1, b1, W2, b2), np.asarray([[1.0], [1.0]]), np.asarray([[8.0]])
    >>> g1, g2 = ACTIVATIONS["relu"], make_loss("squared_error")
    >>> [d.tolist() for d in backward(p, X, Y, forward(p, X, g1, g2), g1, g2)]  # dZ2, dW2, db2, dZ1, dW1, db1
    [[[2.0]], [[6.0]], [[2.0]], [[6.0]], [[6.0, 6.0]], [[6.0]]]
    """
    check_network(parameters, X)
    check_targets(cache.Z2, Y, g2.logits_per_target, g2.name)
    check_weight(weight, X.shape[-1])
    W2 = parameters.W2
    Z1, A1, Z2, _ = cache
    m = total(weight, X)
    dZ2 = weighted(g2.dZ2(Z2, Y), weight)
    dW2 = (1 / m) * dZ2 @ A1.mT
    db2 = (1 / m) * sum_examples(dZ2)
    dZ1 = W2.mT @ dZ2 * g1.prime(Z1)
    dW1 = (1 / m) * dZ1 @ X.mT
    db1 = (1 / m) * sum_examples(dZ1)
    dW3 = None if parameters.W3 is None else (1 / m) * dZ2 @ X.mT
    return Gradients(dZ2, dW2, db2, dZ1, dW1, db1, dW3)


def cost(cache: Forward, Y: Array, g2: Loss, weight: Array | None = None) -> Array:
    """The cost J = (1/m) Σ L(ŷ, y), slide 9.

    Parameters
    ----------
    cache : Forward
    Y : array `(n_y, m)`
    g2 : Loss
    weight : array `(m,)` or `(K, 1, m)`, optional
        The weight of each example; m is then the sum of the weights.

    Returns
    -------
    array `()`, or `(K,)` for K networks

    Examples
    --------
    >>> from shoal.textbook import make_loss
    >>> Z2 = np.asarray([[1.0, 5.0]])
    >>> float(cost(Forward(None, None, Z2, Z2), np.asarray([[0.0, 2.0]]), make_loss("squared_error")))  # (1/2 + 9/2) / 2
    2.5
    """
    check_targets(cache.Z2, Y, g2.logits_per_target, g2.name)
    check_weight(weight, cache.Z2.shape[-1])
    L = g2.loss(cache.Z2, Y)
    xp = array_namespace(L)
    if weight is None:
        return xp.mean(L, axis=-1)
    w = weight if weight.ndim == 1 else weight[:, 0, :]
    return xp.sum(w * L, axis=-1) / xp.sum(w, axis=-1)


def penalty(parameters: Parameters, lam: Array | float, m: Array | float) -> Array:
    """λ/(2m) (‖W1‖² + ‖W2‖² + ‖W3‖²), added to J so that the weights stay small; biases have no penalty.

    Parameters
    ----------
    parameters : Parameters
    lam : number, or array `(K,)`
        λ, at least 0.
    m : number, or array `(K,)`
        The number of examples in the mean J.

    Returns
    -------
    array `()`, or `(K,)` for K networks

    Examples
    --------
    >>> p = Parameters(np.asarray([[3.0]]), np.ones((1, 1)), np.asarray([[4.0]]), np.ones((1, 1)))
    >>> float(penalty(p, 2.0, 5))
    5.0
    """
    xp = array_namespace(parameters.W1)
    squares = reduce(add, (xp.sum(w**2, axis=(-2, -1)) for w in parameters.penalised().values()))
    return lam / (2 * m) * squares


def sum_examples(dZ: Array) -> Array:
    """`np.sum(dZ, axis=1, keepdims=True)`, slide 10.

    Without keepdims the sum has the shape `(n_h,)`; added to Z it would broadcast over the units instead of the examples.

    Parameters
    ----------
    dZ : array `(…, n, m)`

    Returns
    -------
    array `(…, n, 1)`

    Examples
    --------
    >>> sum_examples(np.ones((2, 3))).tolist()
    [[3.0], [3.0]]
    """
    return array_namespace(dZ).sum(dZ, axis=-1, keepdims=True)


def weighted(dZ2: Array, weight: Array | None) -> Array:
    """dZ2 with each example's column multiplied by its weight.

    Parameters
    ----------
    dZ2 : array `(…, n_y, m)`
    weight : array `(m,)` or `(K, 1, m)`, or None for weights of 1

    Returns
    -------
    array like dZ2

    Examples
    --------
    >>> weighted(np.ones((1, 2)), np.asarray([1.0, 3.0])).tolist()
    [[1.0, 3.0]]
    """
    return dZ2 if weight is None else weight * dZ2


def total(weight: Array | None, X: Array) -> Array | int:
    """m, slide 9: the number of examples, or the sum of their weights.

    Parameters
    ----------
    weight : array `(m,)` or `(K, 1, m)`, or None for weights of 1
    X : array `(…, n_x, m)`

    Returns
    -------
    int, or array `()` or `(K, 1, 1)`

    Examples
    --------
    >>> total(None, np.ones((2, 3))), float(total(np.asarray([1.0, 3.0]), np.ones((2, 2))))
    (3, 4.0)
    """
    if weight is None:
        return int(X.shape[-1])
    xp = array_namespace(weight)
    return xp.sum(weight, axis=-1, keepdims=weight.ndim > 1)
