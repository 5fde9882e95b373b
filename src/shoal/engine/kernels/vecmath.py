"""exp, sigmoid, tanh and ln(1 + eᶻ) as plain arithmetic, so that a loop over them becomes vector instructions.

Library calls stop a loop from vectorizing: 2-10 ns an element against 0.3-1. Each form names its worst error in units in
the last place (ulp), which `tests/unit/test_vecmath.py` measures. NaN passes through all of them. Written once for both
precisions: `of(x, c)` is the constant c in x's own precision (a bare literal would make float32 arithmetic double).
"""

import math

import numpy as np
from numba import types
from numba.extending import overload

from shoal.engine.jit.compiler import accurate, inner
from shoal.engine.jit.intrinsics import of, power_of_two_32, power_of_two_64, turn_8_by_8

LOG2_E = 1 / math.log(2)
# ln 2 in two parts: the first has trailing zeros enough that n times it is exact
LN2_HIGH_32, LN2_LOW_32 = 0.693359375, math.log(2) - 0.693359375
LN2_HIGH_64 = float.fromhex("0x1.62e42feep-1")
LN2_LOW_64 = float.fromhex("0x1.a39ef35793c76p-33")


@inner
def turn(X, XT):
    """XT[j, i] = X[i, j] for all of X, by eights; the last eights reach back to the ones before. XT may have more rows."""
    a, b = X.shape
    if a < 8 or b < 8:
        for i in range(a):
            for j in range(b):
                XT[j, i] = X[i, j]
        return
    for i in range(0, a, 8):
        for j in range(0, b, 8):
            turn_8_by_8(X, min(i, a - 8), min(j, b - 8), XT)


def expm1_parts(x):
    """q and s with eˣ = q·s + s and |q| < 0.42: s = 2ⁿ, q = eʳ − 1 by its Taylor series, r = x − n ln 2."""
    raise NotImplementedError


@overload(expm1_parts)
def _expm1_parts(x):
    if x == types.float32:

        def parts32(x):
            n = np.rint(x * np.float32(LOG2_E))
            r = (x - n * np.float32(LN2_HIGH_32)) - n * np.float32(LN2_LOW_32)
            q = np.float32(1 / 5040)
            q = q * r + np.float32(1 / 720)
            q = q * r + np.float32(1 / 120)
            q = q * r + np.float32(1 / 24)
            q = q * r + np.float32(1 / 6)
            q = q * r + np.float32(0.5)
            return r + r * r * q, power_of_two_32(n)

        return parts32

    def parts64(x):
        n = np.rint(x * LOG2_E)
        r = (x - n * LN2_HIGH_64) - n * LN2_LOW_64
        q = 1 / 6227020800
        q = q * r + 1 / 479001600
        q = q * r + 1 / 39916800
        q = q * r + 1 / 3628800
        q = q * r + 1 / 362880
        q = q * r + 1 / 40320
        q = q * r + 1 / 5040
        q = q * r + 1 / 720
        q = q * r + 1 / 120
        q = q * r + 1 / 24
        q = q * r + 1 / 6
        q = q * r + 0.5
        return r + r * r * q, power_of_two_64(n)

    return parts64


def exp_range(x):
    """The largest |x| that `exp` tells apart: eˣ neither overflows nor leaves the normal numbers."""
    raise NotImplementedError


@overload(exp_range, inline="always")
def _exp_range(x):
    if x == types.float32:
        return lambda x: np.float32(87.0)
    return lambda x: np.float64(708.0)


@accurate
def clamp(x, low, high):
    """x within low..high; NaN stays NaN."""
    x = low if x < low else x
    return high if x > high else x


@accurate
def exp(x):
    """eˣ to 1 ulp, clamped at ±87 (float32) or ±708: never 0, never infinite."""
    limit = exp_range(x)
    q, s = expm1_parts(clamp(x, -limit, limit))
    return q * s + s


@accurate
def sigmoid(x):
    """1 / (1 + e⁻ˣ) to 3 ulp."""
    one = of(x, 1.0)
    return one / (one + exp(-x))


# tanh x = x P(x²) / Q(x²) for |x| ≤ 9 in float32, of least relative error, 2·10⁻⁸ (`benchmarks/tanh_fractions.py`): half the operations of
# e²ˣ. All coefficients are positive, so that nothing cancels.
TANH_P = 1.0, 1.3381025e-01, 3.495588e-03, 2.0609063e-05, 1.3354658e-08
TANH_Q = 1.0, 4.6714348e-01, 2.5876978e-02, 3.2856336e-04, 7.776555e-07


def tanh_of(x):
    """tanh x."""
    raise NotImplementedError


@overload(tanh_of)
def _tanh_of(x):
    if x == types.float32:

        def tanh32(x):
            x = clamp(x, np.float32(-9.0), np.float32(9.0))
            t = x * x
            p = np.float32(TANH_P[4])
            p = p * t + np.float32(TANH_P[3])
            p = p * t + np.float32(TANH_P[2])
            p = p * t + np.float32(TANH_P[1])
            p = p * t + np.float32(TANH_P[0])
            q = np.float32(TANH_Q[4])
            q = q * t + np.float32(TANH_Q[3])
            q = q * t + np.float32(TANH_Q[2])
            q = q * t + np.float32(TANH_Q[1])
            q = q * t + np.float32(TANH_Q[0])
            return clamp(x * p / q, np.float32(-1.0), np.float32(1.0))

        return tanh32

    def tanh64(x):
        x = clamp(x, -19.1, 19.1)  # tanh is 1 to the last bit from here on
        q, s = expm1_parts(2.0 * x)
        e = q * s + (s - 1.0)
        return e / (e + 2.0)

    return tanh64


@accurate
def tanh(x):
    """tanh x, near 0 as elsewhere to 6 ulp in float32, by a fraction, and to 3 in float64: e/(e + 2), e = e²ˣ − 1 by its own series.

    Never exceeds 1.
    """
    return tanh_of(x)


@accurate
def log1p_exp_of_minus(x):
    """ln(1 + e⁻ˣ) for x ≥ 0, to 4 ulp: 2 artanh(e / (2 + e)) by its series, e = e⁻ˣ ≤ 1, argument ≤ 1/3."""
    e = exp(-x)
    u = e / (of(x, 2.0) + e)
    return of(x, 2.0) * artanh_of_third(u)


def artanh_of_third(u):
    """artanh u = u + u³/3 + u⁵/5 + … for |u| ≤ 1/3."""
    raise NotImplementedError


@overload(artanh_of_third)
def _artanh_of_third(u):
    # as many terms as bring (1/9)ᵗᵉʳᵐˢ below half a unit in the last place; spelled out, for a loop here is not vectorized
    if u == types.float32:

        def artanh32(u):
            v = u * u
            t = np.float32(1 / 15)
            t = t * v + np.float32(1 / 13)
            t = t * v + np.float32(1 / 11)
            t = t * v + np.float32(1 / 9)
            t = t * v + np.float32(1 / 7)
            t = t * v + np.float32(1 / 5)
            t = t * v + np.float32(1 / 3)
            t = t * v + np.float32(1 / 1)
            return u * t

        return artanh32

    def artanh64(u):
        v = u * u
        t = 1 / 33
        t = t * v + 1 / 31
        t = t * v + 1 / 29
        t = t * v + 1 / 27
        t = t * v + 1 / 25
        t = t * v + 1 / 23
        t = t * v + 1 / 21
        t = t * v + 1 / 19
        t = t * v + 1 / 17
        t = t * v + 1 / 15
        t = t * v + 1 / 13
        t = t * v + 1 / 11
        t = t * v + 1 / 9
        t = t * v + 1 / 7
        t = t * v + 1 / 5
        t = t * v + 1 / 3
        t = t * v + 1 / 1
        return u * t

    return artanh64


@accurate
def softplus(x):
    """ln(1 + eˣ) = max(0, x) + ln(1 + e^−|x|)."""
    zero = of(x, 0.0)
    positive = zero if x < zero else x
    return positive + log1p_exp_of_minus(abs(x))


@accurate
def ln(x):
    """Natural logarithm, the library's: called once an example for softmax, not once a unit."""
    return np.log(x)
