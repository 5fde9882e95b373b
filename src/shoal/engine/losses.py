"""Output units and their losses, compiled: logits Z2 → dZ2 and each example's loss. Twins of `textbook/outputs.py`."""

import math

from numba import njit

from shoal.engine.vecmath import ACCURATE, exp, keep_apart, ln, log1p_exp_of_minus, of, sigmoid

OUTPUT_CODES = {
    "sigmoid": 0,
    "softmax": 1,
    "squared_error": 2,
    "huber": 3,
    "absolute_error": 4,
    "quantile": 5,
    "poisson": 6,
    "gaussian": 7,
}
SLOW = {"fastmath": ACCURATE, "error_model": "numpy", "nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
HALF_LOG_2PI = math.log(2 * math.pi) / 2


@njit(**SLOW)
def output_errors(code, Z2, y, D, L, hyper):
    """D = ∂loss/∂Z2 `(n_z, b)` and L = each example's loss `(b,)`. hyper[6..9] = δ, q, and the limits of exp and log-variance."""
    keep_apart()
    for i in range(L.size):
        L[i] = of(L[0], 0.0)
    if code == 1:
        softmax_error(Z2, y, D, L)
        return
    if code == 7:
        for o in range(y.shape[0]):
            gaussian_error(Z2[o], Z2[o + y.shape[0]], y[o], D[o], D[o + y.shape[0]], L, hyper[9])
        return
    for o in range(Z2.shape[0]):
        z, t, d = Z2[o, : L.size], y[o, : L.size], D[o, : L.size]
        if code == 0:
            sigmoid_error(z, t, d, L)
        elif code == 2:
            for i in range(z.size):
                d[i] = z[i] - t[i]
                L[i] += d[i] * d[i] * of(L[0], 0.5)
        elif code == 6:
            poisson_error(z, t, d, L, hyper[8])
        else:
            robust_error(code, z, t, d, L, hyper)


@njit(**SLOW)
def sigmoid_error(z, y, d, L):
    """Cross-entropy of one label."""
    keep_apart()
    zero = of(L[0], 0.0)
    for i in range(z.size):
        positive = zero if z[i] < zero else z[i]
        L[i] += positive - y[i] * z[i] + log1p_exp_of_minus(abs(z[i]))
        d[i] = sigmoid(z[i]) - y[i]


@njit(**SLOW)
def softmax_error(Z2, y, D, L):
    """Cross-entropy of one class of several; D holds e^(z − largest) on the way. L holds the largest, then the sum."""
    keep_apart()
    n_z = Z2.shape[0]
    for i in range(L.size):
        L[i] = Z2[0, i]
    for o in range(1, n_z):
        for i in range(L.size):
            L[i] = Z2[o, i] if Z2[o, i] > L[i] or Z2[o, i] != Z2[o, i] else L[i]
    for o in range(n_z):
        for i in range(L.size):
            Z2[o, i] -= L[i]
            D[o, i] = exp(Z2[o, i])
    for i in range(L.size):
        L[i] = of(L[0], 0.0)
    for o in range(n_z):
        for i in range(L.size):
            L[i] += D[o, i]
    for o in range(n_z):
        for i in range(L.size):
            D[o, i] = D[o, i] / L[i] - y[o, i]
    for i in range(L.size):
        L[i] = ln(L[i])
    for i in range(L.size):
        log_sum, loss = L[i], of(L[0], 0.0)
        for o in range(n_z):
            loss += y[o, i] * (log_sum - Z2[o, i])
        L[i] = loss


@njit(**SLOW)
def robust_error(code, z, y, d, L, hyper):
    """Huber, absolute and pinball loss of the residual."""
    keep_apart()
    zero, one, half = of(L[0], 0.0), of(L[0], 1.0), of(L[0], 0.5)
    delta, q = hyper[6], hyper[7]
    for i in range(z.size):
        r = z[i] - y[i]
        size = abs(r)
        if code == 3:
            d[i] = r if size <= delta else (delta if r > zero else -delta)
            L[i] += half * r * r if size <= delta else delta * (size - half * delta)
        elif code == 4:
            d[i] = one if r > zero else (-one if r < zero else zero)
            L[i] += size
        else:
            d[i] = one - q if r > zero else (-q if r < zero else zero)
            L[i] += (one - q) * r if r > zero else -q * r


@njit(**SLOW)
def tangent_exp(z, limit):
    """eᶻ up to `limit`, beyond it the tangent, and the slope of that."""
    inside = limit if z > limit else z
    e = exp(inside)
    return e * (of(z, 1.0) + (z - inside)), e


@njit(**SLOW)
def poisson_error(z, y, d, L, limit):
    """Negative log-likelihood of a count, without ln y!."""
    keep_apart()
    for i in range(z.size):
        a, slope = tangent_exp(z[i], limit)
        L[i] += a - y[i] * z[i]
        d[i] = slope - y[i]


@njit(**SLOW)
def gaussian_error(mu, s, y, d_mu, d_s, L, limit):
    """Negative log-likelihood of one target with mean mu and log-variance s."""
    keep_apart()
    half = of(L[0], 0.5)
    for i in range(L.size):
        r = mu[i] - y[i]
        precision, slope = tangent_exp(-s[i], limit)
        L[i] += half * (s[i] + r * r * precision) + of(L[0], HALF_LOG_2PI)
        d_mu[i] = r * precision
        d_s[i] = half * (of(L[0], 1.0) - r * r * slope)
