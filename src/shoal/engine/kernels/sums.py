"""Loss and gradient of a group of networks as sums over rows, compiled: what a training step computes, without the step.

Sizes, memory and a batch are those at the head of `train.py`. `tests/equal/test_e2_*` hold it equal to `textbook/`.
"""

import numpy as np

from shoal.engine.arguments import FITS
from shoal.engine.jit.compiler import inner, kernel
from shoal.engine.jit.intrinsics import keep_apart, of
from shoal.engine.kernels.bounds import misfit_of_gradient_sums
from shoal.engine.kernels.dispatch import output_errors
from shoal.engine.kernels.penalty import skip_row
from shoal.engine.kernels.skip import add_skip, free_bias, put_errors
from shoal.engine.kernels.train import (
    PerNetwork,
    RowArrays,
    Shape,
    back_through_units,
    gather,
    hidden_units,
    output_sums,
    parts,
    scratch,
    weigh,
)

__all__ = ["PerNetwork", "RowArrays", "Shape", "gradient_sums"]


@inner
def row_weights(rows, g, first, w):
    """The weights of a batch's rows for network g, 1 where none are given."""
    keep_apart()
    networks = rows.weight.shape[0]
    for i in range(w.size):
        w[i] = rows.weight[g if networks > 1 else 0, rows.order[first + i]] if networks > 0 else of(w[0], 1.0)


@kernel
def gradient_sums(shape, rows, weights, gradient, each, hyper, loss, total):
    """Add Σ w L of every network to `loss (G,)`, and ∂(Σ w L)/∂ every weight to `total` in the layout of `weights`; both in float64.

    Of the rows of all batches; `gradient` is overwritten. Returns 0, or which arrays do not fit the others (`arguments.REASONS`).
    """
    wrong = misfit_of_gradient_sums(shape, rows, weights, each, (gradient, total, hyper, loss))
    if wrong != FITS:
        return wrong
    G, h, n, n_z, n_y = shape.G, shape.h, shape.n, shape.n_z, rows.Y.shape[1]
    W1, W2, b2 = parts(shape, weights)
    gW1, gW2, gb2 = parts(shape, gradient)
    no_dropout = 0 * h
    Z, S, Xb, XT, Z2, D, y, w, L = scratch(weights, W1.shape[0], n, W1.shape[1], n_z, n_y, shape.b)
    for step in range(rows.ends.size - 1):
        start, end = rows.ends[step], rows.ends[step + 1]
        if end - start != L.size:
            Z, S, Xb, XT, Z2, D, y, w, L = scratch(weights, W1.shape[0], n, W1.shape[1], n_z, n_y, end - start)
        gather(rows, start, 0 * start, end - start, n, Xb, XT, y)
        np.dot(W1, XT, Z)
        for g in range(G):
            hidden_units(shape, each, g, g * h, no_dropout, Z, S)
            output_sums(shape, W2, b2, g, g * h, Z, Z2)
            add_skip(Z, skip_row(shape, g), shape.skip, Z2)
            output_errors(shape.loss, Z2, y, D, L, hyper, n_z, n_y, L.size)
            row_weights(rows, g, start, w)
            loss[g] += np.float64(weigh(D, w, L, gb2, g))
            back_through_units(shape, W2, D, g, g * h, Z, S, gW2)
            put_errors(D, skip_row(shape, g), shape.skip, Z)
        np.dot(Z, Xb, gW1)
        free_bias(gW1, G * h, n)
        for i in range(total.size):
            total[i] += np.float64(gradient[i])
    return FITS
