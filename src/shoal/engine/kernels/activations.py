"""Activations as the engine computes them: `size` numbers z become a = g(z) in place, s becomes g′(z)."""

from shoal.engine.jit.intrinsics import of
from shoal.engine.jit.memory import array_at
from shoal.engine.kernels.vecmath import exp, expm1_parts, sigmoid, softplus, tanh
from shoal.textbook.activation_functions import LEAK


def relu(z, s, size):
    """max(0, z); NaN stays NaN."""
    Z, S = array_at(z, size), array_at(s, size)
    for i in range(size):
        S[i] = of(Z[i], 1.0) if Z[i] > of(Z[i], 0.0) else of(Z[i], 0.0)
        Z[i] = of(Z[i], 0.0) if Z[i] < of(Z[i], 0.0) else Z[i]


def hyperbolic_tangent(z, s, size):
    """tanh z"""
    Z, S = array_at(z, size), array_at(s, size)
    for i in range(size):
        Z[i] = tanh(Z[i])
        S[i] = of(Z[i], 1.0) - Z[i] * Z[i]


def logistic(z, s, size):
    """1 / (1 + e⁻ᶻ)"""
    Z, S = array_at(z, size), array_at(s, size)
    for i in range(size):
        Z[i] = sigmoid(Z[i])
        S[i] = Z[i] * (of(Z[i], 1.0) - Z[i])


def leaky_relu(z, s, size):
    """max(LEAK z, z)"""
    Z, S = array_at(z, size), array_at(s, size)
    for i in range(size):
        S[i] = of(Z[i], 1.0) if Z[i] > of(Z[i], 0.0) else of(Z[i], LEAK)
        Z[i] = Z[i] * S[i]


def identity(z, s, size):
    """z"""
    S = array_at(s, size)
    for i in range(size):
        S[i] = of(S[i], 1.0)


def elu(z, s, size):
    """z above 0, eᶻ − 1 below."""
    Z, S = array_at(z, size), array_at(s, size)
    for i in range(size):
        below = of(Z[i], 0.0) if Z[i] > of(Z[i], 0.0) else Z[i]
        S[i] = exp(below)
        q, power = expm1_parts(below if below > of(Z[i], -80.0) else of(Z[i], -80.0))
        Z[i] = Z[i] if Z[i] > of(Z[i], 0.0) else q * power + (power - of(Z[i], 1.0))


def soft_plus(z, s, size):
    """ln(1 + eᶻ)"""
    Z, S = array_at(z, size), array_at(s, size)
    for i in range(size):
        S[i] = sigmoid(Z[i])
        Z[i] = softplus(Z[i])


def silu(z, s, size):
    """z / (1 + e⁻ᶻ)"""
    Z, S = array_at(z, size), array_at(s, size)
    for i in range(size):
        share = sigmoid(Z[i])
        S[i] = share + Z[i] * share * (of(Z[i], 1.0) - share)
        Z[i] = Z[i] * share


ACTIVATIONS = {
    "relu": relu,
    "tanh": hyperbolic_tangent,
    "logistic": logistic,
    "leaky_relu": leaky_relu,
    "identity": identity,
    "elu": elu,
    "softplus": soft_plus,
    "silu": silu,
}
