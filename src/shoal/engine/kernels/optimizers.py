"""Update rules as the engine computes them: `size` weights changed in place by their gradient d.

hyper = (μ or β₁, β₂ or ρ, ε, …); `rate` has Adam's bias correction in it already. Memory that a rule does not use may be
anything.
"""

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from shoal.engine.jit.compiler import inner
from shoal.engine.jit.intrinsics import of
from shoal.engine.jit.memory import array_at, few


def gradient_descent(w, d, first, second, hyper, rate, size):
    """w −= rate d"""
    W, G = array_at(w, size), array_at(d, size)
    for i in range(size):
        W[i] -= rate * G[i]


def momentum(w, d, first, second, hyper, rate, size):
    """v = μ v − rate d, w += v"""
    W, G, V = array_at(w, size), array_at(d, size), array_at(first, size)
    mu = hyper[0]
    for i in range(size):
        V[i] = mu * V[i] - rate * G[i]
        W[i] += V[i]


def nesterov(w, d, first, second, hyper, rate, size):
    """v = μ v − rate d, w += μ v − rate d"""
    W, G, V = array_at(w, size), array_at(d, size), array_at(first, size)
    mu = hyper[0]
    for i in range(size):
        V[i] = mu * V[i] - rate * G[i]
        W[i] += mu * V[i] - rate * G[i]


def rmsprop(w, d, first, second, hyper, rate, size):
    """s = ρ s + (1 − ρ) d², w −= rate d / (√s + ε)"""
    W, G, S = array_at(w, size), array_at(d, size), array_at(second, size)
    rho, epsilon = hyper[1], hyper[2]
    for i in range(size):
        S[i] = rho * S[i] + (of(rho, 1.0) - rho) * G[i] * G[i]
        W[i] -= rate * G[i] / (sqrt(S[i]) + epsilon)


def adam(w, d, first, second, hyper, rate, size):
    """v = β₁ v + (1 − β₁) d, s = β₂ s + (1 − β₂) d², w −= rate v / (√s + ε)"""
    W, G, V, S = array_at(w, size), array_at(d, size), array_at(first, size), array_at(second, size)
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


def several(rule: Callable[..., None]) -> Callable[..., None]:
    """k updates of the same weights one after the other: decay, which leaves `lefts (k,)` of them, and the rule with `rates (k,)`; the
    first by the gradient d, which is 0 then.
    """
    one: Any = inner(rule)

    def late(w, d, first, second, hyper, rates, lefts, k, size):
        W, G, R, L = array_at(w, size), array_at(d, size), array_at(rates, k), array_at(lefts, k)
        for s in range(k):
            left = L[s]
            if left != of(left, 1.0):
                for i in range(size):
                    W[i] *= left
            one(w, d, first, second, hyper, R[s], size)
            if s == 0:
                for i in range(size):
                    G[i] = of(left, 0.0)

    late.__qualname__ = f"several_{rule.__name__}"  # by which machine code is kept
    return late


LATE = {name: several(rule) for name, rule in RULES.items()}


# --- Adam without its steps ----------------------------------------------------------------------------------------------
#
# Of weights without a gradient, i updates later, v is β₁ⁱ v and s is β₂ⁱ s. So k updates change w by −v/(√s + ε) Σ cᵢ / (1 − gᵢ u), with
# u = √s / (√s + ε) in [0, 1], gᵢ = 1 − √β₂ⁱ, and cᵢ the rates times β₁ⁱ and what later decay leaves: a function of u alone, whose power
# series Σ uⁿ Σ cᵢ gᵢⁿ is the same for all weights. Its terms fall quickly, as v does before s.

TERMS = 24  # of the series at most
RATE, LEFT, ALL_LEFT, FIRST_LEFT, SECOND_LEFT, USED, SERIES = range(7)  # of a row of `adam_series`: the last is where the series begins


@inner
def adam_series(rates, lefts, low, high, hyper, row):
    """What `late_adam` takes for the updates low … high − 1, of which the first has a gradient; USED is −1 where the series is too long."""
    beta_1, beta_2 = np.float64(hyper[0]), np.float64(hyper[1])
    exact = 1e-9 if row.itemsize == 4 else 1e-16
    row[:] = of(row[0], 0.0)
    row[RATE], row[LEFT] = rates[low], lefts[low]
    all_left, v, root = 1.0, 1.0, 1.0
    series, rest = array_at(few(beta_1, TERMS), TERMS), 0.0
    series[:] = 0.0
    for step in range(low + 1, high):
        left = np.float64(lefts[step])
        all_left *= left
        v *= beta_1
        root *= np.sqrt(beta_2)
        g, c = 1.0 - root, np.float64(rates[step]) * v
        for n in range(TERMS):  # what came before decays too
            series[n] = series[n] * left + c
            c *= g
        rest = rest * left + c / root
    row[ALL_LEFT], row[FIRST_LEFT], row[SECOND_LEFT] = all_left, v, root * root
    used = TERMS
    while used > 0 and series[used - 1] <= exact * series[0]:
        used -= 1
    row[USED] = used if rest <= exact * series[0] else -1
    for n in range(used):
        row[SERIES + n] = series[n]


@inner
def eight_terms(total, u, row, n):
    """Horner's rule over the series' terms n + 7 … n."""
    for k in range(7, -1, -1):
        total = total * u + row[n + k]
    return total


def late_adam(w, d, first, second, hyper, series, size):
    """`adam` by the gradient d, which is 0 then, and what follows without one as `adam_series` gives it."""
    W, G, V, S, row = array_at(w, size), array_at(d, size), array_at(first, size), array_at(second, size), array_at(series, SERIES + TERMS)
    beta_1, beta_2, epsilon = hyper[0], hyper[1], hyper[2]
    rate, left, all_left, first_left, second_left, used = row[RATE], row[LEFT], row[ALL_LEFT], row[FIRST_LEFT], row[SECOND_LEFT], row[USED]
    one, zero = of(rate, 1.0), of(rate, 0.0)
    if used == zero:
        for i in range(size):
            V[i] = beta_1 * V[i] + (one - beta_1) * G[i]
            S[i] = beta_2 * S[i] + (one - beta_2) * G[i] * G[i]
            W[i] = (W[i] * left - rate * V[i] / (sqrt(S[i]) + epsilon)) * all_left
            G[i] = zero
            V[i] *= first_left
            S[i] *= second_left
        return
    blocks = 8 if used <= of(rate, 8.0) else TERMS
    for i in range(size):
        v = beta_1 * V[i] + (one - beta_1) * G[i]
        s = beta_2 * S[i] + (one - beta_2) * G[i] * G[i]
        root = sqrt(s)
        per = one / (root + epsilon)
        u = root * per
        total = zero
        if blocks > 8:
            total = eight_terms(eight_terms(total, u, row, SERIES + 16), u, row, SERIES + 8)
        total = eight_terms(total, u, row, SERIES)
        W[i] = (W[i] * left - rate * v * per) * all_left - v * per * total
        G[i] = zero
        V[i] = v * first_left
        S[i] = s * second_left
