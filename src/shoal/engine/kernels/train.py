"""The training step, compiled: groups of networks whose hidden layers are one matrix product.

Sizes::

    G    networks of the group                 n    inputs, without the bias
    h    hidden units of each network          n1   n + 1 with the bias, rounded up to a multiple of 4
    H    G·h, hidden units of the group        n_z  logits of each network
    b    rows of the batch                     n_y  targets of a row

Memory: one flat array of weights. Gradient, moments, averages and signs are laid out alike::

    | W1 (H, n1): a row a unit                 | W3 (G·n_z, n1) or none | W2 (G, n_z·h)       | b2 (G, n_z) |
    | n inputs, the bias, padding that stays 0 | a row a logit          | output after output |             |

W3 are skip connections (`weights.py`), rows of the same products: `parts` gives them as rows of W1 behind the H of the hidden units.

A batch: its rows `Xb (b, n1)` and transposed `XT (n1, b)`, both with a 1 for the bias; `Z (H, b)`, with W3's rows behind, is first
z = W1 XT, then a = g(z), then dz; `S (H, b)` is g′(z); logits `Z2`, errors `D (n_z, b)`; targets `y (n_y, b)`; weights `w` and losses
`L (b,)`. Units are rows, so every element-wise loop runs along the batch. `T` is what many outputs' products turn matrices in.

The loop of `train`, a batch at a time: gather the rows; one product `W1 XT` for all networks; network by network the activation, the
logits, the errors, dW2 and dz; one product `Z Xb` for dW1; penalty and decay; the optimizer, the signs that weights must have, and the
moving average of the weights.

Measurements: `docs/engine.md`. `tests/equal/test_e2_*` hold it equal to `textbook/`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoal.engine.arguments import FITS, NO_ROOM
from shoal.engine.jit.compiler import inner, kernel
from shoal.engine.jit.intrinsics import copy_8_by_8, keep_apart, of
from shoal.engine.jit.memory import give_back, given, pointer, reserve
from shoal.engine.jit.products import unit_errors
from shoal.engine.kernels.bounds import misfit
from shoal.engine.kernels.dispatch import activate, change, layer_1, layer_1_gradient, many_gradients, many_logits, output_errors
from shoal.engine.kernels.products import multiply, multiply_rows
from shoal.engine.kernels.scratch import scratch, scratch_size
from shoal.engine.kernels.weights import add_skip, decay_weights, free_bias, penalize, project, put_errors, skip_row
from shoal.engine.ramps import GRADIENT, LAYER_1, PLAIN, RAMPS

__all__ = ["PerNetwork", "RowArrays", "Shape", "shuffle", "train"]


class Shape(NamedTuple):
    """Whole numbers of a group: networks, units each, inputs (without bias), logits, updates made before, most rows a batch,
    rows of W3 each (n_z, or 0 without skip connections), and the addresses of the functions that `dispatch.py` compiles; the last two
    are 0 for few outputs.
    """

    G: int
    h: int
    n: int
    n_z: int
    t: int
    b: int
    skip: int
    product: int
    activation: int
    loss: int
    rule: int
    logits: int
    gradients: int


class PerNetwork(NamedTuple):
    """What each network has of its own: `numbers (4, G)` are λ/m, decay, share dropped and moving average, `whole (3, G)`
    the units in use, the key of its dropout (64 bits), and the number of its first unit: 0 but for the parts of one network.
    """

    numbers: NDArray[np.floating]
    whole: NDArray[np.int64]


SHRINK, DECAY, DROPOUT, AVERAGE = range(4)
WIDTH, KEY, FIRST = range(3)


class RowArrays(NamedTuple):
    """What is read: `X (m, n)`, `Y (m, n_y)`, weights `(0 | 1 | G, m)`, the order of the rows and where batches end."""

    X: NDArray[np.floating]
    Y: NDArray[np.floating]
    weight: NDArray[np.floating]
    order: NDArray[np.int64]
    ends: NDArray[np.int64]


SHAPE = Shape, "i i i i i i i i i i i i i"  # as `jit.signatures` names types
ROWS = RowArrays, "v2 v2 v2 i1 i1"
EACH = PerNetwork, "v2 i2"


@inner
def stream(key, t, row):
    """Where the draws of one row of one update start: splitmix64 of the network's key, the update and the row."""
    x = key + np.uint64(0x9E3779B97F4A7C15) * (np.uint64(t) * np.uint64(0x100000001B3) + np.uint64(row) + np.uint64(1))
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.uint32((x ^ (x >> np.uint64(31))) & np.uint64(0xFFFFFFFF))


@inner
def thin(Z, S, r, start, rate):
    """Silence a share `rate` of row r of Z (and of S alike), and make up for it in the values that stay.

    Draw i is murmur3's finalizer of start + i·golden, uniform over 32 bits: `draws.kept` is the same in NumPy.
    """
    keep_apart()
    threshold = np.uint32(np.float64(rate) * 4294967296.0)
    zero, made_up = of(rate, 0.0), of(rate, 1.0) / (of(rate, 1.0) - rate)
    for i in range(Z.shape[1]):
        x = np.uint32(start + np.uint32(i) * np.uint32(0x9E3779B9))
        x = np.uint32((x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B))
        x = np.uint32((x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35))
        x = np.uint32(x ^ (x >> np.uint32(16)))
        factor = made_up if x >= threshold else zero
        Z[r, i] *= factor
        S[r, i] *= factor


@inner
def gather(rows, first, low, high, n, Xb, XT, y):
    """Rows low … high − 1 of a batch into `Xb (b, n1)` and transposed `XT (n1, b)`, but for what `bias` writes; targets `y (n_y, b)`."""
    for j in range(y.shape[0]):
        for i in range(low, high):
            y[j, i] = rows.Y[rows.order[first + i], j]
    if n >= 8 and high - low >= 8:
        for tile in range(low, high, 8):  # the last eights reach back to the ones before
            i = min(tile, high - 8)
            o = rows.order[first + i : first + i + 8]
            eight = o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7]
            for j in range(0, n, 8):
                copy_8_by_8(rows.X, eight, min(j, n - 8), Xb, i, XT)
        return
    for i in range(low, high):
        row = rows.order[first + i]
        for j in range(n):
            Xb[i, j] = XT[j, i] = rows.X[row, j]


@inner
def batch_weight(rows, g, first, w):
    """The batch's weights as shares that add up to 1 (all 0 where every row weighs 0, which then teaches nothing)."""
    b = w.size
    if rows.weight.shape[0] == 0:
        for i in range(b):
            w[i] = of(w[0], 1.0) / of(w[0], b)
        return
    mine = g if rows.weight.shape[0] > 1 else 0
    total = of(w[0], 0.0)
    for i in range(b):
        w[i] = rows.weight[mine, rows.order[first + i]]
        total += w[i]
    share = of(w[0], 1.0) / total if total > of(w[0], 0.0) else of(w[0], 0.0)
    for i in range(b):
        w[i] *= share


@inner
def hidden_units(shape, each, g, low, t, Z, S):
    """a = g(z) and g′(z) of every unit of network g, in `Z (H, b)` and S from row `low` on; padded units are off, dropped ones too."""
    keep_apart()
    h, zero = shape.h, of(Z[0, 0], 0.0)
    activate(shape.activation, Z, S, low * Z.shape[1], h * Z.shape[1])
    width, dropped = each.whole[WIDTH, g], each.numbers[DROPOUT, g]
    for c in range(width, h):
        for i in range(Z.shape[1]):
            Z[low + c, i] = zero
            S[low + c, i] = zero
    if t > 0 and dropped > zero:
        for c in range(width):
            thin(Z, S, low + c, stream(np.uint64(each.whole[KEY, g]), t, each.whole[FIRST, g] + c), dropped)


@inner
def output_sums(shape, W2, b2, g, low, Z, Z2):
    """Logits of network g over the batch, z = Σ W2 a + b2, from its units' values in `Z (H, b)` from row `low` on."""
    keep_apart()
    h, b = shape.h, Z.shape[1]
    if shape.logits != 0:
        many_logits(shape.logits, shape.product, W2, g * W2.shape[1], Z, low * b, Z2, shape.n_z, h, b)
    else:
        multiply_rows(W2, g * W2.shape[1], Z, low * b, Z2, h)
    for o in range(shape.n_z):
        for i in range(b):
            Z2[o, i] += b2[g, o]


@inner
def weigh(D, w, L, db2, g):
    """D and the losses by the rows' shares: D in place, its sums in row g of db2; returns Σ w L. A weight of 0 hides even NaN."""
    keep_apart()
    zero = of(L[0], 0.0)
    J = zero
    for i in range(L.size):
        J += w[i] * L[i] if w[i] != zero else zero
    for o in range(db2.shape[1]):
        total = zero
        for i in range(L.size):
            D[o, i] = D[o, i] * w[i] if w[i] != zero else zero
            total += D[o, i]
        db2[g, o] = total
    return J


@inner
def back_through_units(shape, W2, D, g, low, Z, S, T, gW2):
    """Of every unit of network g: dW2 = Σ D a, then dz = (W2ᵀ D) g′ in a's place, in `Z (H, b)` and S from row `low` on."""
    keep_apart()
    h, b = shape.h, Z.shape[1]
    if shape.gradients != 0:
        many_gradients(shape.gradients, shape.product, W2, g * W2.shape[1], Z, low * b, D, T, gW2, shape.n_z, h, b)
        for c in range(low, low + h):
            for i in range(b):
                Z[c, i] *= S[c, i]
        return
    if shape.n_z == 1:
        for c in range(h):
            start = (low + c) * b
            gW2[g, c] = unit_errors(pointer(D, 0 * b), pointer(Z, start), pointer(S, start), W2[g, c], b)
        return
    for c in range(h):
        r = low + c
        for o in range(shape.n_z):
            total = of(D[0, 0], 0.0)
            for i in range(b):
                total += D[o, i] * Z[r, i]
            gW2[g, o * h + c] = total
        w = W2[g, c]
        for i in range(b):
            Z[r, i] = w * D[0, i]
        for o in range(1, shape.n_z):
            w = W2[g, o * h + c]
            for i in range(b):
                Z[r, i] += w * D[o, i]
        for i in range(b):
            Z[r, i] *= S[r, i]


@inner
def parts(shape, w):
    """W1 `(H, n1)` with W3's rows behind, W2 `(G, n_z·h)` and b2 `(G, n_z)` of a flat array."""
    keep_apart()
    G, outs = shape.G, shape.n_z * shape.h
    a = w.size - G * (outs + shape.n_z)
    R = G * (shape.h + shape.skip)
    return w[:a].reshape(R, a // R), w[a : a + G * outs].reshape(G, outs), w[a + G * outs :].reshape(G, shape.n_z)


@inner
def update(shape, w, d, first, second, average, signs, start, size, rate, keep, hyper):
    """Rule, signs and moving average of `size` weights from `start` on."""
    keep_apart()
    change(shape.rule, w, d, first, second, start, hyper, rate, size)
    if signs.size:
        project(w[start : start + size], signs[start : start + size])
    if average.size:
        mine, now = average[start : start + size], w[start : start + size]
        for i in range(size):
            mine[i] = keep * mine[i] + (of(keep, 1.0) - keep) * now[i]


@inner
def alike(rates, step, each):
    """Whether all networks change by the same numbers, so that one sweep over all of their weights serves."""
    for g in range(1, rates.shape[1]):
        if rates[step, g] != rates[step, 0] or each.numbers[AVERAGE, g] != each.numbers[AVERAGE, 0]:
            return False
    return True


@kernel(SHAPE, ROWS, "v1 v1 v1 v1 v1 v1", EACH, "v2 v1 v1 f2 i1")
def train(shape, rows, weights, gradient, first, second, average, signs, each, rates, corrections, hyper, costs, lookup):
    """One update a batch of every network of the group, in place; `costs (steps, G)` get J before each, penalty included.

    Weights, gradient (overwritten), moments, averages and signs in the layout at the head of this file, moments and
    averages empty where the rule has none, signs where all weights are free. `lookup` is that of `engine.ramps.Laid`, for inputs whose
    last ones are ramps; empty: ramps are inputs like others. `rates (steps, G)`; `corrections (steps,)` is what Adam multiplies them with.
    Returns 0, or which arrays do not fit the others (`arguments.REASONS`).
    """
    arrays, numbers = (weights, gradient, first, second, average, signs), (rates, corrections, hyper)
    wrong = misfit(shape, rows, each, arrays, numbers, costs, shape.G, lookup)
    if wrong != FITS:
        return wrong
    G, h, n_z, n_y = shape.G, shape.h, shape.n_z, rows.Y.shape[1]
    W1, W2, b2 = parts(shape, weights)
    gW1, gW2, gb2 = parts(shape, gradient)
    n_r, n1 = (lookup[RAMPS], lookup[PLAIN]) if lookup.size > 0 else (0 * h, W1.shape[1])
    n = shape.n - n_r
    H = W1.shape[0]
    memory = reserve(weights, scratch_size(H, h, n1, n_z, n_y, shape.b))
    if not given(memory):
        return NO_ROOM
    Z, S, Xb, XT, Z2, D, y, T, w, L = scratch(memory, H, h, n, n1, n_z, n_y, shape.b)
    zero, two = of(rates[0, 0], 0.0), of(rates[0, 0], 2.0)
    for step in range(rows.ends.size - 1):
        start, end = rows.ends[step], rows.ends[step + 1]
        if end - start != L.size:
            Z, S, Xb, XT, Z2, D, y, T, w, L = scratch(memory, H, h, n, n1, n_z, n_y, end - start)
        gather(rows, start, 0 * start, end - start, n, Xb, XT, y)
        if n_r == 0:
            multiply(shape.product, W1, XT, Z)
        else:
            layer_1(lookup[LAYER_1], lookup, rows.order, start, W1, XT, Z, L.size)
        for g in range(G):
            hidden_units(shape, each, g, g * h, shape.t + step + 1, Z, S)
            output_sums(shape, W2, b2, g, g * h, Z, Z2)
            if shape.skip > 0:
                add_skip(Z, skip_row(shape, g), shape.skip, Z2)
            output_errors(shape.loss, Z2, y, D, L, hyper, n_z, n_y, L.size)
            batch_weight(rows, g, start, w)
            costs[step, g] = weigh(D, w, L, gb2, g)
            back_through_units(shape, W2, D, g, g * h, Z, S, T, gW2)
            if shape.skip > 0:
                put_errors(D, skip_row(shape, g), shape.skip, Z)
        if n_r == 0:
            multiply(shape.product, Z, Xb, gW1)
        else:
            layer_1_gradient(lookup[GRADIENT], lookup, Z, Xb, gW1, L.size)
        free_bias(gW1, G * h, shape.n)
        for g in range(G):
            shrink, decay = each.numbers[SHRINK, g], each.numbers[DECAY, g]
            if shrink > zero:
                costs[step, g] += shrink * penalize(shape, W1, W2, gW1, gW2, g, shrink) / two
            if decay > zero:
                decay_weights(shape, W1, W2, g, of(zero, 1.0) - rates[step, g] * decay)
        if alike(rates, step, each):
            start, rate, keep = 0 * step, rates[step, 0] * corrections[step], each.numbers[AVERAGE, 0]
            update(shape, weights, gradient, first, second, average, signs, start, weights.size, rate, keep, hyper)
        else:
            for g in range(G):
                rate, keep = rates[step, g] * corrections[step], each.numbers[AVERAGE, g]
                start, size = g * h * W1.shape[1], h * W1.shape[1]
                update(shape, weights, gradient, first, second, average, signs, start, size, rate, keep, hyper)
                start, size = skip_row(shape, g) * W1.shape[1], shape.skip * W1.shape[1]
                update(shape, weights, gradient, first, second, average, signs, start, size, rate, keep, hyper)
                start, size = W1.size + g * W2.shape[1], W2.shape[1]
                update(shape, weights, gradient, first, second, average, signs, start, size, rate, keep, hyper)
                start, size = W1.size + W2.size + g * n_z, n_z
                update(shape, weights, gradient, first, second, average, signs, start, size, rate, keep, hyper)
    give_back(memory)
    return FITS


@kernel("u i i1")
def shuffle(key, epoch, order):
    """The order of the rows in an epoch: Fisher-Yates' shuffle by splitmix64 of key and epoch; `draws.row_order` is the same in Python."""
    golden = np.uint64(0x9E3779B97F4A7C15)
    x = key + golden * (np.uint64(epoch) << np.uint64(32))
    for i in range(order.size):
        order[i] = i
    for i in range(order.size - 1, 0, -1):
        x += golden
        v = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        v = (v ^ (v >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        j = np.int64(((v >> np.uint64(32)) * np.uint64(i + 1)) >> np.uint64(32))
        order[i], order[j] = order[j], order[i]
