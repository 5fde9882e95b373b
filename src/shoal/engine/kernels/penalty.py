"""Penalty and decay of one network's weights, compiled: W1 and W2, and W3 where the network has skip connections; biases are free."""

from shoal.engine.jit.compiler import inner
from shoal.engine.jit.intrinsics import keep_apart, of


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
