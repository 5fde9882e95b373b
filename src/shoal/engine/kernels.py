"""The training step, compiled: groups of networks whose hidden layers are one matrix product.

Layout, the engine's secret. A group has G networks of h units, H = G·h rows. `W1 (H, n1)` has one row a unit; column n is
the bias (its input is 1), the columns up to n1, a multiple of 4, are padding and stay 0. `W2 (G·n_z, h)`, `b2 (G, n_z)`;
all come flat.
Hidden values are `Z (H, b)`: units by examples, so that every element-wise loop runs along the batch. What is measured
behind this: shapes in `docs/engine.md`. Each function is held equal to its twin in `textbook/` by `tests/equal/test_e2_*`.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from shoal.engine.losses import OUTPUT_CODES, output_errors
from shoal.engine.vecmath import exp, expm1_parts, keep_apart, of, sigmoid, softplus, tanh

# 'reassoc' lets sums vectorize; without 'nnan' and 'ninf' a number that is no number is still seen.
FAST = {"contract", "reassoc", "nsz", "arcp", "afn"}
INNER = {"fastmath": FAST, "error_model": "numpy", "nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
KERNEL = {"fastmath": FAST, "error_model": "numpy", "cache": True, "nogil": True}

ACTIVATION_CODES = {"relu": 0, "tanh": 1, "logistic": 2, "leaky_relu": 3, "identity": 4, "elu": 5, "softplus": 6, "silu": 7}
GRADIENT_DESCENT, MOMENTUM, NESTEROV, RMSPROP, ADAM = range(5)


__all__ = ["ACTIVATION_CODES", "OUTPUT_CODES", "PerNetwork", "Rows", "Shape", "Weights", "train"]


class Shape(NamedTuple):
    """Whole numbers of a group: networks, units each, inputs (without bias), logits, codes, and updates made before."""

    G: int
    h: int
    n: int
    n_z: int
    activation: int
    output: int
    rule: int
    t: int


class Weights(NamedTuple):
    """Arrays laid out as the weights are: the weights themselves, a moment of them, or their average (empty if unused)."""

    W1: NDArray[np.floating]
    W2: NDArray[np.floating]
    b2: NDArray[np.floating]


class PerNetwork(NamedTuple):
    """One number a network, `(G,)`: λ/m, decay, share dropped, moving average, units in use, key of its dropout."""

    shrink: NDArray[np.floating]
    decay: NDArray[np.floating]
    dropout: NDArray[np.floating]
    average: NDArray[np.floating]
    widths: NDArray[np.int64]
    keys: NDArray[np.uint64]


class Rows(NamedTuple):
    """What is read: `X (m, n)`, `Y (m, n_y)`, weights `(0 | 1 | G, m)`, the order of the rows and where batches end."""

    X: NDArray[np.floating]
    Y: NDArray[np.floating]
    weight: NDArray[np.floating]
    order: NDArray[np.int64]
    ends: NDArray[np.int64]


@njit(**INNER)
def activate(code, z, slope):
    """One unit over the batch: z becomes a = g(z) in place, slope becomes g′(z)."""
    keep_apart()
    one, zero = of(z[0], 1.0), of(z[0], 0.0)
    if code == 0:
        for i in range(z.size):
            slope[i] = one if z[i] > zero else zero
            z[i] = zero if z[i] < zero else z[i]
    elif code == 1:
        for i in range(z.size):
            z[i] = tanh(z[i])
            slope[i] = one - z[i] * z[i]
    elif code == 2:
        for i in range(z.size):
            z[i] = sigmoid(z[i])
            slope[i] = z[i] * (one - z[i])
    elif code == 3:
        leak = of(z[0], 0.01)
        for i in range(z.size):
            slope[i] = one if z[i] > zero else leak
            z[i] = z[i] * slope[i]
    elif code == 4:
        for i in range(z.size):
            slope[i] = one
    elif code == 5:
        for i in range(z.size):
            below = zero if z[i] > zero else z[i]
            slope[i] = exp(below)
            q, s = expm1_parts(below if below > of(below, -80.0) else of(below, -80.0))
            z[i] = z[i] if z[i] > zero else q * s + (s - one)
    elif code == 6:
        for i in range(z.size):
            slope[i] = sigmoid(z[i])
            z[i] = softplus(z[i])
    else:
        for i in range(z.size):
            s = sigmoid(z[i])
            slope[i] = s + z[i] * s * (one - s)
            z[i] = z[i] * s


@njit(**INNER)
def stream(key, t, row):
    """Where the draws of one row of one update start: splitmix64 of the network's key, the update and the row."""
    x = key + np.uint64(0x9E3779B97F4A7C15) * (np.uint64(t) * np.uint64(0x100000001B3) + np.uint64(row) + np.uint64(1))
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.uint32((x ^ (x >> np.uint64(31))) & np.uint64(0xFFFFFFFF))


@njit(**INNER)
def thin(values, other, start, rate):
    """Silence a share `rate` of the values (and of the other array alike), and make up for it in those that stay.

    Draw i is murmur3's finalizer of start + i·golden, uniform over 32 bits: `draws.kept` is the same in NumPy.
    """
    keep_apart()
    threshold = np.uint32(np.float64(rate) * 4294967296.0)
    zero, made_up = of(values[0], 0.0), of(values[0], 1.0) / (of(values[0], 1.0) - rate)
    for i in range(values.size):
        x = np.uint32(start + np.uint32(i) * np.uint32(0x9E3779B9))
        x = np.uint32((x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B))
        x = np.uint32((x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35))
        x = np.uint32(x ^ (x >> np.uint32(16)))
        factor = made_up if x >= threshold else zero
        values[i] *= factor
        other[i] *= factor


@njit(**INNER)
def gather(rows, first, last, n, Xb, XT, yb):
    """The batch's rows as `Xb (b, n1)` and transposed `XT (n1, b)`, with the bias's 1 in column n; targets `yb (n_y, b)`."""
    keep_apart()
    one = of(Xb[0, 0], 1.0)
    for i in range(last - first):
        row = rows.order[first + i]
        for j in range(n):
            Xb[i, j] = rows.X[row, j]
        Xb[i, n] = one
        for j in range(n + 1, Xb.shape[1]):
            Xb[i, j] = of(one, 0.0)
        for j in range(yb.shape[0]):
            yb[j, i] = rows.Y[row, j]
    for j in range(Xb.shape[1]):
        for i in range(last - first):
            XT[j, i] = Xb[i, j]


@njit(**INNER)
def batch_weight(rows, g, first, last, w):
    """The batch's weights as shares that add up to 1 (all 0 where every row weighs 0, which then teaches nothing)."""
    keep_apart()
    b = last - first
    if rows.weight.shape[0] == 0:
        for i in range(b):
            w[i] = of(w[0], 1.0) / of(w[0], b)
        return
    mine = rows.weight[g if rows.weight.shape[0] > 1 else 0]
    total = of(w[0], 0.0)
    for i in range(b):
        w[i] = mine[rows.order[first + i]]
        total += w[i]
    share = of(w[0], 1.0) / total if total > of(w[0], 0.0) else of(w[0], 0.0)
    for i in range(b):
        w[i] *= share


@njit(**INNER)
def sum_of_squares(w):
    """Σ w²"""
    total = of(w[0], 0.0)
    for i in range(w.size):
        total += w[i] * w[i]
    return total


@njit(**INNER)
def change(rule, w, g, first, second, rate, hyper):
    """One update of flat weights w by gradient g, in place: the rules of `textbook/rules.py`.

    hyper = (μ or β₁, β₂ or ρ, ε). Adam's bias correction is in `rate` already.
    """
    keep_apart()
    one = of(rate, 1.0)
    a, c, epsilon = hyper[0], hyper[1], hyper[2]
    if rule == 0:
        for i in range(w.size):
            w[i] -= rate * g[i]
    elif rule == 1:
        for i in range(w.size):
            first[i] = a * first[i] - rate * g[i]
            w[i] += first[i]
    elif rule == 2:
        for i in range(w.size):
            first[i] = a * first[i] - rate * g[i]
            w[i] += a * first[i] - rate * g[i]
    elif rule == 3:
        for i in range(w.size):
            second[i] = c * second[i] + (one - c) * g[i] * g[i]
            w[i] -= rate * g[i] / (np.sqrt(second[i]) + epsilon)
    else:
        for i in range(w.size):
            first[i] = a * first[i] + (one - a) * g[i]
            second[i] = c * second[i] + (one - c) * g[i] * g[i]
            w[i] -= rate * first[i] / (np.sqrt(second[i]) + epsilon)


@njit(**INNER)
def mix(average, w, keep):
    """average := keep · average + (1 − keep) · w"""
    keep_apart()
    for i in range(w.size):
        average[i] = keep * average[i] + (of(keep, 1.0) - keep) * w[i]


@njit(**INNER)
def add_scaled(g, w, factor):
    """g += factor · w"""
    for i in range(g.size):
        g[i] += factor * w[i]


@njit(**INNER)
def scale(w, factor):
    """w *= factor"""
    for i in range(w.size):
        w[i] *= factor


@njit(**INNER)
def hidden_units(shape, each, g, t, Z, S, b):
    """a = g(z) and g′(z) of every unit of network g; padded units are off, dropped ones too. Z and S are flat, b a unit."""
    keep_apart()
    low, zero = g * shape.h * b, of(Z[0], 0.0)
    activate(shape.activation, Z[low : low + shape.h * b], S[low : low + shape.h * b])
    drops = t > 0 and each.dropout[g] > zero
    if drops or each.widths[g] < shape.h:
        for c in range(shape.h):
            z, slope = Z[low + c * b : low + (c + 1) * b], S[low + c * b : low + (c + 1) * b]
            if c >= each.widths[g]:
                scale(z, zero)
                scale(slope, zero)
            elif drops:
                thin(z, slope, stream(each.keys[g], t, c), each.dropout[g])


@njit(**INNER)
def output_sums(shape, W2, b2, g, Z, Z2):
    """Logits of network g over the batch, z = Σ W2 a + b2; `Z (H, b)` holds the units' values, W2 and b2 are flat."""
    keep_apart()
    h, b = shape.h, Z.shape[1]
    for o in range(shape.n_z):
        output = g * shape.n_z + o
        for i in range(b):
            Z2[o, i] = b2[output]
        for c in range(h):
            w, r = W2[output * h + c], g * h + c
            for i in range(b):
                Z2[o, i] += w * Z[r, i]


@njit(**INNER)
def weigh(D, w, L, db2):
    """D and the losses by the rows' shares: D in place, its sums in `db2 (n_z,)`; returns Σ w L. A weight of 0 hides even NaN."""
    keep_apart()
    zero = of(L[0], 0.0)
    J = zero
    for i in range(L.size):
        J += w[i] * L[i] if w[i] != zero else zero
    for o in range(db2.size):
        total = zero
        for i in range(L.size):
            D[o, i] = D[o, i] * w[i] if w[i] != zero else zero
            total += D[o, i]
        db2[o] = total
    return J


@njit(**INNER)
def back_through_units(shape, W2, D, g, Z, S, gW2):
    """Of every unit of network g: dW2 = Σ D a, then dz = (W2ᵀ D) g′ in a's place. W2 and gW2 are flat, Z and S `(H, b)`."""
    keep_apart()
    h, b = shape.h, Z.shape[1]
    first = g * shape.n_z * h
    for c in range(h):
        r = g * h + c
        for o in range(shape.n_z):
            total = of(W2[0], 0.0)
            for i in range(b):
                total += D[o, i] * Z[r, i]
            gW2[first + o * h + c] = total
        w = W2[first + c]
        if shape.n_z == 1:
            for i in range(b):
                Z[r, i] = w * D[0, i] * S[r, i]
        else:
            for i in range(b):
                Z[r, i] = w * D[0, i]
            for o in range(1, shape.n_z):
                w = W2[first + o * h + c]
                for i in range(b):
                    Z[r, i] += w * D[o, i]
            for i in range(b):
                Z[r, i] *= S[r, i]


@njit(**INNER)
def penalize(shape, W1, gW1, shrink):
    """dW1 += shrink W1 for every column but the bias's; returns Σ W1² over them. Both flat `(h·n1,)`."""
    keep_apart()
    n1, squares = W1.size // shape.h, of(W1[0], 0.0)
    for c in range(shape.h):
        w = W1[c * n1 : c * n1 + shape.n]
        squares += sum_of_squares(w)
        add_scaled(gW1[c * n1 : c * n1 + shape.n], w, shrink)
    return squares


@njit(**INNER)
def update_network(shape, weights, gradient, first, second, average, each, g, rate, plain_rate, hyper):
    """Decay, rule and average of network g; biases do not decay. All arrays flat."""
    keep_apart()
    one, zero = of(rate, 1.0), of(rate, 0.0)
    a, z = weights.W1.size // shape.G, shape.n_z * shape.h
    if each.decay[g] > zero:
        n1, left = a // shape.h, one - plain_rate * each.decay[g]
        for c in range(shape.h):
            scale(weights.W1[g * a + c * n1 : g * a + c * n1 + shape.n], left)
        scale(weights.W2[g * z : (g + 1) * z], left)
    rule, keep = shape.rule, each.average[g]
    update_part(rule, weights.W1, gradient.W1, first.W1, second.W1, average.W1, g * a, (g + 1) * a, rate, keep, hyper)
    update_part(rule, weights.W2, gradient.W2, first.W2, second.W2, average.W2, g * z, (g + 1) * z, rate, keep, hyper)
    z = shape.n_z
    update_part(rule, weights.b2, gradient.b2, first.b2, second.b2, average.b2, g * z, (g + 1) * z, rate, keep, hyper)


@njit(**INNER)
def update_part(rule, w, d, first, second, average, low, high, rate, keep, hyper):
    """Rule and average of the weights from `low` to `high`; memory that the rule does not use is empty."""
    change(rule, w[low:high], d[low:high], first[low:high], second[low:high], rate, hyper)
    if average.size:
        mix(average[low:high], w[low:high], keep)


@njit(**KERNEL)
def train(shape, rows, weights, gradient, first, second, average, each, rates, hyper, costs):
    """One update a batch of every network of the group, in place; `costs (steps, G)` get J before each, penalty included.

    Weights, gradient (overwritten), moments and averages come flat, in the layout that the head of this file tells.
    """
    G, h, n, n_z = shape.G, shape.h, shape.n, shape.n_z
    H, kind = G * h, weights.W1.dtype
    n1 = weights.W1.size // H
    largest = np.max(rows.ends[1:] - rows.ends[:-1])
    W1 = weights.W1.reshape(H, n1)
    gW1 = gradient.W1.reshape(H, n1)
    flat_Z, flat_S, flat_X, flat_XT = (
        np.empty(H * largest, kind),
        np.empty(H * largest, kind),
        np.empty(largest * n1, kind),
        np.empty(n1 * largest, kind),
    )
    Z2, D, y = np.empty((n_z, largest), kind), np.empty((n_z, largest), kind), np.empty((rows.Y.shape[1], largest), kind)
    flat_w, flat_L = np.empty(largest, kind), np.empty(largest, kind)
    zero, two = of(rates[0, 0], 0.0), of(rates[0, 0], 2.0)
    b = largest  # views are made when the batch's size changes: made at every step they cost as much as a small network
    flat, S, w, L = flat_Z[: H * b], flat_S[: H * b], flat_w[:b], flat_L[:b]
    Z, SS, Xb, XT = flat.reshape(H, b), S.reshape(H, b), flat_X[: b * n1].reshape(b, n1), flat_XT[: n1 * b].reshape(n1, b)
    for step in range(rows.ends.size - 1):
        start, end = rows.ends[step], rows.ends[step + 1]
        t = shape.t + step + 1
        if end - start != b:
            b = end - start
            flat, S, w, L = flat_Z[: H * b], flat_S[: H * b], flat_w[:b], flat_L[:b]
            Z, SS, Xb, XT = flat.reshape(H, b), S.reshape(H, b), flat_X[: b * n1].reshape(b, n1), flat_XT[: n1 * b].reshape(n1, b)
        gather(rows, start, end, n, Xb, XT, y)
        np.dot(W1, XT, Z)
        for g in range(G):
            hidden_units(shape, each, g, t, flat, S, b)
            output_sums(shape, weights.W2, weights.b2, g, Z, Z2)
            output_errors(shape.output, Z2, y, D, L, hyper)
            batch_weight(rows, g, start, end, w)
            costs[step, g] = weigh(D, w, L, gradient.b2[g * n_z : (g + 1) * n_z])
            back_through_units(shape, weights.W2, D, g, Z, SS, gradient.W2)
        np.dot(Z, Xb, gW1)
        for g in range(G):
            rate = rates[step, g]
            if each.shrink[g] > zero:
                one_network, outs = slice(g * h * n1, (g + 1) * h * n1), slice(g * n_z * h, (g + 1) * n_z * h)
                squares = penalize(shape, weights.W1[one_network], gradient.W1[one_network], each.shrink[g])
                squares += sum_of_squares(weights.W2[outs])
                add_scaled(gradient.W2[outs], weights.W2[outs], each.shrink[g])
                costs[step, g] += each.shrink[g] * squares / two
            corrected = rate
            if shape.rule == 4:
                corrected *= of(rate, np.sqrt(1.0 - np.float64(hyper[4]) ** t) / (1.0 - np.float64(hyper[3]) ** t))
            update_network(shape, weights, gradient, first, second, average, each, g, corrected, rate, hyper)
