"""Sums of a group of networks over rows, compiled: loss and gradient, as a training step computes them, and what evaluation needs.

Sizes, memory and a batch are those at the head of `train.py`. Sums of blocks of rows add up. `tests/equal/test_e2_*` hold loss and gradient
equal to `textbook/`.
"""

import numpy as np

from shoal.engine.arguments import FITS, NO_ROOM
from shoal.engine.jit.compiler import inner, kernel
from shoal.engine.jit.intrinsics import keep_apart, of
from shoal.engine.jit.memory import give_back, given, reserve
from shoal.engine.kernels.bounds import misfit_of_gradient_sums, misfit_of_judging
from shoal.engine.kernels.dispatch import output_errors
from shoal.engine.kernels.products import multiply
from shoal.engine.kernels.scratch import scratch, scratch_size
from shoal.engine.kernels.train import (
    EACH,
    ROWS,
    SHAPE,
    PerNetwork,
    RowArrays,
    Shape,
    back_through_units,
    gather,
    hidden_units,
    output_sums,
    parts,
    weigh,
)
from shoal.engine.kernels.weights import add_skip, free_bias, put_errors, skip_row

__all__ = ["PerNetwork", "RowArrays", "Shape", "gradient_sums"]


@inner
def row_weights(rows, g, first, w):
    """The weights of a batch's rows for network g, 1 where none are given."""
    keep_apart()
    networks = rows.weight.shape[0]
    for i in range(w.size):
        w[i] = rows.weight[g if networks > 1 else 0, rows.order[first + i]] if networks > 0 else of(w[0], 1.0)


@inner
def batch_gradient(shape, rows, start, each, first, hyper, W, gW, arrays, loss):
    """Of one batch, from number `start` of the order on: ∂(Σ w L)/∂ the weights `W` in `gW`; each network's Σ w L is added to `loss (G,)`.

    Both are what `parts` gives, `arrays` what `scratch` gives for so many rows. The group's networks are those from number `first` on of
    `each` and of the rows' weights.
    """
    keep_apart()
    Z, S, Xb, XT, Z2, D, y, T, w, L = arrays
    W1, W2, b2 = W
    gW1, gW2, gb2 = gW
    G, h, no_dropout = shape.G, shape.h, 0 * shape.h
    gather(rows, start, 0 * start, L.size, shape.n, Xb, XT, y)
    multiply(shape.product, W1, XT, Z)
    for g in range(G):
        hidden_units(shape, each, first + g, g * h, no_dropout, Z, S)
        output_sums(shape, W2, b2, g, g * h, Z, Z2)
        add_skip(Z, skip_row(shape, g), shape.skip, Z2)
        output_errors(shape.loss, Z2, y, D, L, hyper, shape.n_z, y.shape[0], L.size)
        row_weights(rows, first + g, start, w)
        loss[g] += np.float64(weigh(D, w, L, gb2, g))
        back_through_units(shape, W2, D, g, g * h, Z, S, T, gW2)
        put_errors(D, skip_row(shape, g), shape.skip, Z)
    multiply(shape.product, Z, Xb, gW1)
    free_bias(gW1, G * h, shape.n)


@kernel(SHAPE, ROWS, "v1 v1", EACH, "v1 f1 f1")
def gradient_sums(shape, rows, weights, gradient, each, hyper, loss, total):
    """Add Σ w L of every network to `loss (G,)`, and ∂(Σ w L)/∂ every weight to `total` in the layout of `weights`; both in float64.

    Of the rows of all batches; `gradient` is overwritten. Returns 0, or which arrays do not fit the others (`arguments.REASONS`).
    """
    wrong = misfit_of_gradient_sums(shape, rows, weights, each, (gradient, total, hyper, loss))
    if wrong != FITS:
        return wrong
    n, n_z, n_y = shape.n, shape.n_z, rows.Y.shape[1]
    W, gW = parts(shape, weights), parts(shape, gradient)
    (H, n1), h = W[0].shape, shape.h
    memory = reserve(weights, scratch_size(H, h, n1, n_z, n_y, shape.b))
    if not given(memory):
        return NO_ROOM
    arrays = scratch(memory, H, h, n, n1, n_z, n_y, shape.b)
    for step in range(rows.ends.size - 1):
        start, end = rows.ends[step], rows.ends[step + 1]
        if end - start != arrays[-1].size:
            arrays = scratch(memory, H, h, n, n1, n_z, n_y, end - start)
        batch_gradient(shape, rows, start, each, 0 * n, hyper, W, gW, arrays, loss)
        for i in range(total.size):
            total[i] += np.float64(gradient[i])
    give_back(memory)
    return FITS


# --- evaluation ----------------------------------------------------------------------------------------------------------


ANY_OTHER, SOFTMAX, EXP = range(3)  # output units that the score treats in a way of their own


@inner
def add_up(output, rows, start, g, Z2, y, L, sums):
    """One batch's part of what `judge` sums. Right: the largest probability is the label's, or every label on its side of 1/2."""
    keep_apart()
    n_z, n_y = Z2.shape[0], y.shape[0]
    for i in range(L.size):
        w = 1.0
        if rows.weight.shape[0] > 0:
            w = np.float64(rows.weight[0, rows.order[start + i]])
        sums[g, 0] += w
        sums[g, 1] += w * np.float64(L[i]) if w != 0.0 else 0.0
        right = 1.0
        if output == SOFTMAX:
            best, label = 0, 0
            for o in range(1, n_z):
                best = o if Z2[o, i] > Z2[best, i] else best
                label = o if y[o, i] > y[label, i] else label
            right = 1.0 if best == label else 0.0
        else:
            for o in range(n_y):
                if (Z2[o, i] > of(Z2[0, 0], 0.0)) != (y[o, i] > of(Z2[0, 0], 0.5)):
                    right = 0.0
        sums[g, 2] += w * right
        for o in range(n_y):
            target = np.float64(y[o, i])
            value = np.float64(Z2[o, i])
            if output == EXP:
                value = np.exp(min(value, 700.0))
            sums[g, 4 + 3 * o] += w * target
            sums[g, 5 + 3 * o] += w * target * target
            sums[g, 6 + 3 * o] += w * (value - target) * (value - target)


@kernel(SHAPE, "i", ROWS, "v1", EACH, "v1 f2")
def judge(shape, output, rows, weights, each, hyper, sums):
    """Each network on its own rows: `sums (G, 4 + 3 n_y)` get Σ w, Σ w L, Σ w (all labels right), 0, and Σ w y, Σ w y², Σ w r² a target.

    `output` is one of the three above. Network g's rows are those of `order` between `ends[g]`
    and `ends[g + 1]`; weights are `(0 | 1, m)`. Returns 0, or which arrays do not fit the others (`arguments.REASONS`).
    """
    wrong = misfit_of_judging(shape, rows, weights, each, sums)
    if wrong != FITS:
        return wrong
    h, n_z, n_y, most = shape.h, shape.n_z, rows.Y.shape[1], shape.b
    W1, W2, b2 = parts(shape, weights)
    R, n1 = h + shape.skip, W1.shape[1]
    memory = reserve(weights, scratch_size(R, h, n1, n_z, n_y, most))
    if not given(memory):
        return NO_ROOM
    Z, S, Xb, XT, Z2, D, y, _, _, L = scratch(memory, R, h, shape.n, n1, n_z, n_y, most)
    for g in range(shape.G):
        low = 0 * g  # a number, not the literal 0, for which the functions would be compiled once more
        for start in range(rows.ends[g], rows.ends[g + 1], most):
            b = min(most, rows.ends[g + 1] - start)
            if b != L.size:
                Z, S, Xb, XT, Z2, D, y, _, _, L = scratch(memory, R, h, shape.n, n1, n_z, n_y, b)
            gather(rows, start, low, b, shape.n, Xb, XT, y)
            multiply(shape.product, W1[g * h : (g + 1) * h], XT, Z[:h])
            hidden_units(shape, each, g, low, low, Z, S)
            output_sums(shape, W2, b2, g, low, Z, Z2)
            if shape.skip > 0:
                first = skip_row(shape, g)
                multiply(shape.product, W1[first : first + shape.skip], XT, Z[h:])
                add_skip(Z, h, shape.skip, Z2)
            output_errors(shape.loss, Z2, y, D, L, hyper, n_z, n_y, L.size)
            add_up(output, rows, start, g, Z2, y, L, sums)
    give_back(memory)
    return FITS
