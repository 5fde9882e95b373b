"""Weights of one network in a group's arrays, compiled: skip connections, penalty, decay and signs. Biases are free of penalty and decay.

Skip connections are rows of the product of layer 1 that are no hidden units but go into the logits as they are: W3 `(n_z, n1)` of every
network stands below the hidden units of all of them in W1, so that the product `W1 XT` gives W3 X as well, and the product `dZ Xb` gives
dW3 where the errors stand in these rows of dZ. Its column of the bias is 0 and stays so: b2 is the bias. Without skip connections there
are no such rows, and the loops below have nothing to do.
"""

from shoal.engine.jit.compiler import inner
from shoal.engine.jit.intrinsics import keep_apart, of


@inner
def add_skip(Z, first, n, Z2):
    """Logits `(n_z, b)` plus rows first … first + n − 1 of Z, which are W3 X."""
    keep_apart()
    for o in range(n):
        for i in range(Z2.shape[1]):
            Z2[o, i] += Z[first + o, i]


@inner
def put_errors(D, first, n, Z):
    """The errors D `(n_z, b)` in rows first … first + n − 1 of Z, from which the product makes dW3."""
    keep_apart()
    for o in range(n):
        for i in range(D.shape[1]):
            Z[first + o, i] = D[o, i]


@inner
def free_bias(gW1, first, bias):
    """0 in the column of the bias from row `first` on."""
    for r in range(first, gW1.shape[0]):
        gW1[r, bias] = of(gW1[r, bias], 0.0)


@inner
def skip_row(shape, g):
    """The row of W1, below its hidden units, at which W3 of network g begins."""
    return shape.G * shape.h + g * shape.skip


@inner
def penalize(shape, W1, W2, gW1, gW2, g, shrink):
    """dW += shrink W for every weight of network g that is no bias; returns Σ W² over them."""
    keep_apart()
    squares = of(shrink, 0.0)
    for r in range(g * shape.h, (g + 1) * shape.h):
        for j in range(shape.n):
            squares += W1[r, j] * W1[r, j]
            gW1[r, j] += shrink * W1[r, j]
    for j in range(W2.shape[1]):
        squares += W2[g, j] * W2[g, j]
        gW2[g, j] += shrink * W2[g, j]
    first = skip_row(shape, g)
    for r in range(first, first + shape.skip):
        for j in range(shape.n):
            squares += W1[r, j] * W1[r, j]
            gW1[r, j] += shrink * W1[r, j]
    return squares


@inner
def squares_of(shape, W1, W2, g):
    """Σ W² over the weights of slice g that are no bias."""
    keep_apart()
    total = of(W1[0, 0], 0.0)
    for r in range(g * shape.h, (g + 1) * shape.h):
        for j in range(shape.n):
            total += W1[r, j] * W1[r, j]
    for j in range(W2.shape[1]):
        total += W2[g, j] * W2[g, j]
    first = skip_row(shape, g)
    for r in range(first, first + shape.skip):
        for j in range(shape.n):
            total += W1[r, j] * W1[r, j]
    return total


@inner
def decay_weights(shape, W1, W2, g, left):
    """Every weight of network g that is no bias times `left`."""
    keep_apart()
    for r in range(g * shape.h, (g + 1) * shape.h):
        for j in range(shape.n):
            W1[r, j] *= left
    for j in range(W2.shape[1]):
        W2[g, j] *= left
    first = skip_row(shape, g)
    for r in range(first, first + shape.skip):
        for j in range(shape.n):
            W1[r, j] *= left


@inner
def project(w, signs):
    """0 in place of weights of another sign than they must have (`textbook.monotone.project`)."""
    for i in range(w.size):
        w[i] = of(w[i], 0.0) if w[i] * signs[i] < of(w[i], 0.0) else w[i]
