"""Activation functions g and their derivatives g′ (slides 6-8).

Each takes Z of any shape and returns the same shape. `prime` is the derivative with respect to Z; where g has a
kink it is the slope on the left, 0 for ReLU at 0, as the slides have it. Every form is safe at any finite Z.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

Array = Any  # any array of the array API standard: NumPy, PyTorch, CuPy

LEAK = 0.01  # slide 8: the slope of leaky ReLU for z < 0


@dataclass(frozen=True)
class Activation:
    """One activation function: `g(Z)` and its derivative `g.prime(Z)`, both element by element."""

    name: str
    formula: str
    derivative: str
    g: Callable[[Array], Array]
    prime: Callable[[Array], Array]

    def __call__(self, Z: Array) -> Array:
        return self.g(Z)


def sigmoid(Z: Array) -> Array:
    """σ(z) = 1 / (1 + e⁻ᶻ), from e to a negative power alone so that nothing overflows."""
    xp = array_namespace(Z)
    e = xp.exp(-xp.abs(Z))
    return xp.where(Z >= 0, 1 / (1 + e), e / (1 + e))


def sigmoid_prime(Z: Array) -> Array:
    """σ′ = a (1 − a), with 1 − a = σ(−z) so that the slope does not die before it must."""
    return sigmoid(Z) * sigmoid(-Z)


def tanh(Z: Array) -> Array:
    """(eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ)"""
    return array_namespace(Z).tanh(Z)


def tanh_prime(Z: Array) -> Array:
    """tanh′ = 1 − a²"""
    A = tanh(Z)
    return 1 - A * A


def relu(Z: Array) -> Array:
    """max(0, z)"""
    xp = array_namespace(Z)
    return xp.where(Z < 0, xp.zeros_like(Z), Z)  # in this order NaN stays NaN


def relu_prime(Z: Array) -> Array:
    """0 for z ≤ 0, else 1"""
    xp = array_namespace(Z)
    return xp.astype(Z > 0, Z.dtype)


def leaky_relu(Z: Array) -> Array:
    """max(0.01 z, z)"""
    xp = array_namespace(Z)
    return xp.where(Z > 0, Z, LEAK * Z)


def leaky_relu_prime(Z: Array) -> Array:
    """0.01 for z ≤ 0, else 1"""
    xp = array_namespace(Z)
    return xp.where(Z > 0, xp.ones_like(Z), LEAK * xp.ones_like(Z))


def identity(Z: Array) -> Array:
    """z"""
    return Z


def identity_prime(Z: Array) -> Array:
    """1"""
    return array_namespace(Z).ones_like(Z)


def elu(Z: Array) -> Array:
    """z for z > 0, else eᶻ − 1"""
    xp = array_namespace(Z)
    return xp.where(Z > 0, Z, xp.expm1(xp.where(Z > 0, xp.zeros_like(Z), Z)))


def elu_prime(Z: Array) -> Array:
    """1 for z > 0, else eᶻ"""
    xp = array_namespace(Z)
    return xp.exp(xp.where(Z > 0, xp.zeros_like(Z), Z))


def softplus(Z: Array) -> Array:
    """ln(1 + eᶻ) = max(0, z) + ln(1 + e^−|z|)"""
    xp = array_namespace(Z)
    return relu(Z) + xp.log1p(xp.exp(-xp.abs(Z)))


def silu(Z: Array) -> Array:
    """z σ(z)"""
    return Z * sigmoid(Z)


def silu_prime(Z: Array) -> Array:
    """σ(z) + z σ′(z)"""
    return sigmoid(Z) + Z * sigmoid_prime(Z)


SIGMOID = Activation("logistic", "1 / (1 + e⁻ᶻ)", "a (1 − a)", sigmoid, sigmoid_prime)
TANH = Activation("tanh", "(eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ)", "1 − a²", tanh, tanh_prime)
RELU = Activation("relu", "max(0, z)", "0 or 1", relu, relu_prime)
LEAKY_RELU = Activation("leaky_relu", "max(0.01 z, z)", "0.01 or 1", leaky_relu, leaky_relu_prime)
IDENTITY = Activation("identity", "z", "1", identity, identity_prime)
ELU = Activation("elu", "z, or eᶻ − 1 for z ≤ 0", "1, or eᶻ", elu, elu_prime)
SOFTPLUS = Activation("softplus", "ln(1 + eᶻ)", "σ(z)", softplus, sigmoid)
SILU = Activation("silu", "z σ(z)", "σ(z) + z σ′(z)", silu, silu_prime)

ACTIVATIONS = {g.name: g for g in (RELU, TANH, SIGMOID, LEAKY_RELU, IDENTITY, ELU, SOFTPLUS, SILU)}


def masked(g: Activation, D: Array) -> Activation:
    """g with its units multiplied by D, element by element: dropout (D is 0 or 1/keep) and padded units (D is 0 or 1).

    D broadcasts against Z `(…, n_h, m)`. As D does not depend on Z, it multiplies the derivative alike, so that the
    six formulas of `propagation.backward` hold unchanged.
    """
    return Activation(g.name, g.formula, g.derivative, lambda Z: D * g.g(Z), lambda Z: D * g.prime(Z))
