"""Update rules: from a gradient to the next value of a parameter (slide 9 and its descendants).

A rule is a frozen description. `rule.start(w)` makes the memory it needs for one parameter array, a tuple of arrays
like w; `rule.change(dw, memory, learning_rate, t)` returns `(change, memory)` for update number t = 1, 2, …, and the
new value is `w + change`. `learning_rate` is a number or broadcasts against w, `(K, 1, 1)` for K networks.
"""

from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from shoal.textbook.propagation import Gradients, Parameters

Array = Any
Memory = tuple[Array, ...]


@dataclass(frozen=True)
class GradientDescent:
    """W := W − α dW"""

    def start(self, w: Array) -> Memory:
        return ()

    def change(self, dw: Array, memory: Memory, learning_rate: Array, t: int) -> tuple[Array, Memory]:
        return -learning_rate * dw, ()


@dataclass(frozen=True)
class Momentum:
    """v := μ v − α dW; W := W + v (Polyak 1964)"""

    mu: float = 0.9

    def start(self, w: Array) -> Memory:
        return (array_namespace(w).zeros_like(w),)

    def change(self, dw: Array, memory: Memory, learning_rate: Array, t: int) -> tuple[Array, Memory]:
        v = self.mu * memory[0] - learning_rate * dw
        return v, (v,)


@dataclass(frozen=True)
class Nesterov:
    """v := μ v − α dW; W := W + μ v − α dW (Nesterov 1983, in the form of Sutskever et al. 2013)"""

    mu: float = 0.9

    def start(self, w: Array) -> Memory:
        return (array_namespace(w).zeros_like(w),)

    def change(self, dw: Array, memory: Memory, learning_rate: Array, t: int) -> tuple[Array, Memory]:
        v = self.mu * memory[0] - learning_rate * dw
        return self.mu * v - learning_rate * dw, (v,)


@dataclass(frozen=True)
class RMSprop:
    """s := ρ s + (1 − ρ) dW²; W := W − α dW / (√s + ε) (Hinton's lecture 6)"""

    rho: float = 0.9
    epsilon: float = 1e-8

    def start(self, w: Array) -> Memory:
        return (array_namespace(w).zeros_like(w),)

    def change(self, dw: Array, memory: Memory, learning_rate: Array, t: int) -> tuple[Array, Memory]:
        s = self.rho * memory[0] + (1 - self.rho) * dw * dw
        return -learning_rate * dw / (array_namespace(dw).sqrt(s) + self.epsilon), (s,)


@dataclass(frozen=True)
class Adam:
    """v := β₁ v + (1 − β₁) dW; s := β₂ s + (1 − β₂) dW²; W := W − α √(1 − β₂ᵗ)/(1 − β₁ᵗ) · v / (√s + ε)

    Kingma and Ba 2015, in the order of operations of their section 2, which scikit-learn uses too.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def start(self, w: Array) -> Memory:
        xp = array_namespace(w)
        return xp.zeros_like(w), xp.zeros_like(w)

    def change(self, dw: Array, memory: Memory, learning_rate: Array, t: int) -> tuple[Array, Memory]:
        v = self.beta_1 * memory[0] + (1 - self.beta_1) * dw
        s = self.beta_2 * memory[1] + (1 - self.beta_2) * dw * dw
        rate = learning_rate * ((1 - self.beta_2**t) ** 0.5 / (1 - self.beta_1**t))
        return -rate * v / (array_namespace(dw).sqrt(s) + self.epsilon), (v, s)


Optimizer = GradientDescent | Momentum | Nesterov | RMSprop | Adam


def start(rule: Optimizer, parameters: Parameters) -> tuple[Memory, ...]:
    """The memory of all four parameters before the first update."""
    return tuple(rule.start(w) for w in parameters)


def update(
    rule: Optimizer,
    parameters: Parameters,
    gradients: Gradients,
    memory: tuple[Memory, ...],
    learning_rate: Array,
    t: int,
    decay: Array | float = 0.0,
) -> tuple[Parameters, tuple[Memory, ...]]:
    """Update number t of all four parameters.

    With `decay` above 0 the weights (not the biases) first shrink by the factor 1 − α·decay, apart from the gradient:
    with Adam this is AdamW (Loshchilov and Hutter 2019).
    """
    W1, b1, W2, b2 = parameters
    shrink = 1 - learning_rate * decay
    changes, memories = zip(
        *(
            rule.change(dw, m, learning_rate, t)
            for dw, m in zip((gradients.dW1, gradients.db1, gradients.dW2, gradients.db2), memory, strict=True)
        ),
        strict=True,
    )
    return Parameters(shrink * W1 + changes[0], b1 + changes[1], shrink * W2 + changes[2], b2 + changes[3]), memories
