"""Output units and their losses as the engine computes them: logits Z2 → dZ2 and each example's loss.

Every function takes memory: logits, targets, D and L to be filled, hyper (of which [3] is δ, [4] q, [5] and [6] the limits
of exp and of a log-variance), then n_z, n_y and b examples.
"""

import math

from shoal.engine.jit.compiler import accurate
from shoal.engine.jit.intrinsics import of
from shoal.engine.jit.memory import array_at
from shoal.engine.kernels.vecmath import exp, ln, log1p_exp_of_minus, sigmoid

HALF_LOG_2PI = math.log(2 * math.pi) / 2


@accurate
def arrays(z2, y, d, loss, n_z, n_y, b):
    """The memory as arrays, the losses set to 0."""
    L = array_at(loss, b)
    for i in range(b):
        L[i] = of(L[i], 0.0)
    return array_at(z2, (n_z, b)), array_at(y, (n_y, b)), array_at(d, (n_z, b)), L


def cross_entropy(z2, y, d, loss, hyper, n_z, n_y, b):
    """Of one label or of several."""
    Z2, Y, D, L = arrays(z2, y, d, loss, n_z, n_y, b)
    for o in range(n_z):
        for i in range(b):
            z = Z2[o, i]
            positive = of(z, 0.0) if z < of(z, 0.0) else z
            L[i] += positive - Y[o, i] * z + log1p_exp_of_minus(abs(z))
            D[o, i] = sigmoid(z) - Y[o, i]


def softmax_cross_entropy(z2, y, d, loss, hyper, n_z, n_y, b):
    """Of one class of several; D holds e^(z − largest) on the way, L the largest, then the sum."""
    Z2, Y, D, L = arrays(z2, y, d, loss, n_z, n_y, b)
    for i in range(b):
        L[i] = Z2[0, i]
    for o in range(1, n_z):
        for i in range(b):
            L[i] = Z2[o, i] if Z2[o, i] > L[i] or Z2[o, i] != Z2[o, i] else L[i]
    for o in range(n_z):
        for i in range(b):
            Z2[o, i] -= L[i]
            D[o, i] = exp(Z2[o, i])
    for i in range(b):
        L[i] = of(L[i], 0.0)
    for o in range(n_z):
        for i in range(b):
            L[i] += D[o, i]
    for o in range(n_z):
        for i in range(b):
            D[o, i] = D[o, i] / L[i] - Y[o, i]
    for i in range(b):
        log_sum, total = ln(L[i]), of(L[i], 0.0)
        for o in range(n_z):
            total += Y[o, i] * (log_sum - Z2[o, i])
        L[i] = total


def squared_error(z2, y, d, loss, hyper, n_z, n_y, b):
    """(z − y)² / 2"""
    Z2, Y, D, L = arrays(z2, y, d, loss, n_z, n_y, b)
    for o in range(n_z):
        for i in range(b):
            r = Z2[o, i] - Y[o, i]
            D[o, i] = r
            L[i] += r * r * of(r, 0.5)


def huber(z2, y, d, loss, hyper, n_z, n_y, b):
    """r² / 2 up to |r| = δ, then δ (|r| − δ / 2)."""
    Z2, Y, D, L = arrays(z2, y, d, loss, n_z, n_y, b)
    delta = hyper[3]
    for o in range(n_z):
        for i in range(b):
            r = Z2[o, i] - Y[o, i]
            size, half = abs(r), of(r, 0.5)
            D[o, i] = r if size <= delta else (delta if r > of(r, 0.0) else -delta)
            L[i] += half * r * r if size <= delta else delta * (size - half * delta)


def absolute_error(z2, y, d, loss, hyper, n_z, n_y, b):
    """|z − y|"""
    Z2, Y, D, L = arrays(z2, y, d, loss, n_z, n_y, b)
    for o in range(n_z):
        for i in range(b):
            r = Z2[o, i] - Y[o, i]
            one, zero = of(r, 1.0), of(r, 0.0)
            D[o, i] = one if r > zero else (-one if r < zero else zero)
            L[i] += abs(r)


def quantile(z2, y, d, loss, hyper, n_z, n_y, b):
    """Pinball loss of the residual z − y: (1 − q) r above 0, −q r below."""
    Z2, Y, D, L = arrays(z2, y, d, loss, n_z, n_y, b)
    q = hyper[4]
    for o in range(n_z):
        for i in range(b):
            r = Z2[o, i] - Y[o, i]
            one, zero = of(r, 1.0), of(r, 0.0)
            D[o, i] = one - q if r > zero else (-q if r < zero else zero)
            L[i] += (one - q) * r if r > zero else -q * r


@accurate
def tangent_exp(z, limit):
    """eᶻ up to `limit`, beyond it the tangent, and the slope of that."""
    inside = limit if z > limit else z
    e = exp(inside)
    return e * (of(z, 1.0) + (z - inside)), e


def poisson(z2, y, d, loss, hyper, n_z, n_y, b):
    """Negative log-likelihood of a count, without ln y!."""
    Z2, Y, D, L = arrays(z2, y, d, loss, n_z, n_y, b)
    limit = hyper[5]
    for o in range(n_z):
        for i in range(b):
            a, slope = tangent_exp(Z2[o, i], limit)
            L[i] += a - Y[o, i] * Z2[o, i]
            D[o, i] = slope - Y[o, i]


def gaussian(z2, y, d, loss, hyper, n_z, n_y, b):
    """Negative log-likelihood; the first half of the logits are means, the second log-variances."""
    Z2, Y, D, L = arrays(z2, y, d, loss, n_z, n_y, b)
    limit = hyper[6]
    for o in range(n_y):
        for i in range(b):
            r, s, half = Z2[o, i] - Y[o, i], Z2[o + n_y, i], of(Z2[o, i], 0.5)
            precision, slope = tangent_exp(-s, limit)
            L[i] += half * (s + r * r * precision) + of(r, HALF_LOG_2PI)
            D[o, i] = r * precision
            D[o + n_y, i] = half * (of(r, 1.0) - r * r * slope)


LOSSES = {
    "sigmoid": cross_entropy,
    "softmax": softmax_cross_entropy,
    "squared_error": squared_error,
    "huber": huber,
    "absolute_error": absolute_error,
    "quantile": quantile,
    "poisson": poisson,
    "gaussian": gaussian,
}
