"""Update rules as the engine computes them: `size` weights changed in place by their gradient d.

hyper = (μ or β₁, β₂ or ρ, ε, …); `rate` has Adam's bias correction in it already. Memory that a rule does not use may be
anything.
"""

from math import sqrt

from numba import carray

from shoal.engine.jit.intrinsics import of


def gradient_descent(w, d, first, second, hyper, rate, size):
    """w −= rate d"""
    W, G = carray(w, size), carray(d, size)
    for i in range(size):
        W[i] -= rate * G[i]


def momentum(w, d, first, second, hyper, rate, size):
    """v = μ v − rate d, w += v"""
    W, G, V = carray(w, size), carray(d, size), carray(first, size)
    mu = hyper[0]
    for i in range(size):
        V[i] = mu * V[i] - rate * G[i]
        W[i] += V[i]


def nesterov(w, d, first, second, hyper, rate, size):
    """v = μ v − rate d, w += μ v − rate d"""
    W, G, V = carray(w, size), carray(d, size), carray(first, size)
    mu = hyper[0]
    for i in range(size):
        V[i] = mu * V[i] - rate * G[i]
        W[i] += mu * V[i] - rate * G[i]


def rmsprop(w, d, first, second, hyper, rate, size):
    """s = ρ s + (1 − ρ) d², w −= rate d / (√s + ε)"""
    W, G, S = carray(w, size), carray(d, size), carray(second, size)
    rho, epsilon = hyper[1], hyper[2]
    for i in range(size):
        S[i] = rho * S[i] + (of(rho, 1.0) - rho) * G[i] * G[i]
        W[i] -= rate * G[i] / (sqrt(S[i]) + epsilon)


def adam(w, d, first, second, hyper, rate, size):
    """v = β₁ v + (1 − β₁) d, s = β₂ s + (1 − β₂) d², w −= rate v / (√s + ε)"""
    W, G, V, S = carray(w, size), carray(d, size), carray(first, size), carray(second, size)
    beta_1, beta_2, epsilon = hyper[0], hyper[1], hyper[2]
    for i in range(size):
        V[i] = beta_1 * V[i] + (of(rate, 1.0) - beta_1) * G[i]
        S[i] = beta_2 * S[i] + (of(rate, 1.0) - beta_2) * G[i] * G[i]
        W[i] -= rate * V[i] / (sqrt(S[i]) + epsilon)


RULES = {  # by the name of the class in `textbook/optimizers.py`
    "GradientDescent": gradient_descent,
    "Momentum": momentum,
    "Nesterov": nesterov,
    "RMSprop": rmsprop,
    "Adam": adam,
}
