"""Judging, compiled: each network of a group on its own rows, added up so that blocks of rows add up too."""

import numpy as np
from numba import njit

from shoal.engine.kernels import INNER, KERNEL, PerNetwork, Shape, gather, hidden_units, output_sums
from shoal.engine.losses import output_errors
from shoal.engine.vecmath import keep_apart, of


@njit(**INNER)
def add_up(shape, rows, start, b, Z2, D, y, L, sums):
    """One batch's part of what `judge` sums. Right: the largest probability is the label's, or every label on its side of 1/2."""
    keep_apart()
    n_z, n_y = shape.n_z, y.shape[0]
    for i in range(b):
        w = 1.0
        if rows.weight.shape[0] > 0:
            w = np.float64(rows.weight[0, rows.order[start + i]])
        sums[0] += w
        sums[1] += w * np.float64(L[i]) if w != 0.0 else 0.0
        right = 1.0
        if shape.output == 1:
            best, label = 0, 0
            for o in range(1, n_z):
                best = o if Z2[o, i] > Z2[best, i] else best
                label = o if y[o, i] > y[label, i] else label
            right = 1.0 if best == label else 0.0
        else:
            for o in range(n_y):
                if (Z2[o, i] > of(Z2[0, 0], 0.0)) != (y[o, i] > of(Z2[0, 0], 0.5)):
                    right = 0.0
        sums[2] += w * right
        for o in range(n_y):
            target = np.float64(y[o, i])
            value = np.float64(Z2[o, i])
            if shape.output == 6:
                value = np.exp(min(value, 700.0))
            sums[4 + 3 * o] += w * target
            sums[5 + 3 * o] += w * target * target
            sums[6 + 3 * o] += w * (value - target) * (value - target)


@njit(**KERNEL)
def judge(shape, rows, weights, each, hyper, sums):
    """Each network on its own rows: `sums (G, 4 + 3 n_y)` get Σ w, Σ w L, Σ w (all labels right), 0, and Σ w y, Σ w y², Σ w r² a target.

    Network g's rows are those of `order` between `ends[g]` and `ends[g + 1]`; weights are `(0 | 1, m)`.
    """
    h, n, n_z, n_y, kind = shape.h, shape.n, shape.n_z, rows.Y.shape[1], weights.W1.dtype
    n1 = weights.W1.size // (shape.G * h)
    most = 256
    flat_Z, flat_S, flat_X, flat_XT = (
        np.empty(h * most, kind),
        np.empty(h * most, kind),
        np.empty(most * n1, kind),
        np.empty(n1 * most, kind),
    )
    Z2, D, y = np.empty((n_z, most), kind), np.empty((n_z, most), kind), np.empty((n_y, most), kind)
    flat_L = np.empty(most, kind)
    W1 = weights.W1.reshape(shape.G * h, n1)
    alone = Shape(1, h, n, n_z, shape.activation, shape.output, shape.rule, 0)
    for g in range(shape.G):
        own = PerNetwork(each.shrink, each.decay, each.dropout, each.average, each.widths[g : g + 1], each.keys)
        W2, b2 = weights.W2[g * n_z * h : (g + 1) * n_z * h], weights.b2[g * n_z : (g + 1) * n_z]
        for start in range(rows.ends[g], rows.ends[g + 1], most):
            end = min(start + most, rows.ends[g + 1])
            b = end - start
            flat, S, L = flat_Z[: h * b], flat_S[: h * b], flat_L[:b]
            Z, Xb, XT = flat.reshape(h, b), flat_X[: b * n1].reshape(b, n1), flat_XT[: n1 * b].reshape(n1, b)
            gather(rows, start, end, n, Xb, XT, y)
            np.dot(W1[g * h : (g + 1) * h], XT, Z)
            hidden_units(alone, own, 0, 0, flat, S, b)
            output_sums(alone, W2, b2, 0, Z, Z2)
            output_errors(shape.output, Z2, y, D, L, hyper)
            add_up(shape, rows, start, b, Z2, D, y, L, sums[g])
