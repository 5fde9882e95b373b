"""J and its derivatives over all rows, one network at a time, compiled: for networks so small that Python would take longer than the
arithmetic.

J = (Σ w L + λ/2 (‖W1‖² + ‖W2‖² + ‖W3‖²)) / Σ w. A network's parameters are one row θ, as `sums.flat` lays them: W1, b1, W2, b2, and W3
where it has skip connections. Every evaluation puts them into the layout at the head of `train.py`, for which the arithmetic of `sums.py`
is written, and the derivatives back. `tests/unit/test_small_cost.py` holds the results equal to `solver.value_and_gradient`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoal.engine.arguments import FITS, NO_ROOM, OF_STEPS
from shoal.engine.jit.compiler import inner, kernel
from shoal.engine.jit.intrinsics import keep_apart
from shoal.engine.jit.memory import array_at, behind, give_back, given, reserve
from shoal.engine.kernels.bounds import misfit_of_costs
from shoal.engine.kernels.scratch import scratch, scratch_size, whole_lines
from shoal.engine.kernels.sums import batch_gradient
from shoal.engine.kernels.train import SHAPE, PerNetwork, RowArrays, Shape, parts

__all__ = ["DescentPoints", "PerNetwork", "RowArrays", "Shape", "costs"]


class DescentPoints(NamedTuple):
    """A point of each of K networks: `theta (K, p)`, J there `(K,)` and its derivatives `(K, p)`."""

    theta: NDArray[np.float64]
    value: NDArray[np.float64]
    gradient: NDArray[np.float64]


FULL_ROWS = RowArrays, "f2 f2 f2 i1 i1"  # as `jit.signatures` names types
FULL_EACH = PerNetwork, "f2 i2"
POINTS = DescentPoints, "f2 f1 f2"
LAM, TOTAL = range(2)  # rows of `penalty (2, K)`: λ, and the weight of all rows


@inner
def sizes_of(shape, rows):
    """The columns of W1, its rows, the numbers of all weights, and the rows of a full batch and of the last."""
    n1, R, last = -(-(shape.n + 1) // 4) * 4, shape.h + shape.skip, rows.ends.size - 1
    return n1, R, R * n1 + shape.n_z * (shape.h + 1), rows.ends[1] - rows.ends[0], rows.ends[last] - rows.ends[last - 1]


@inner
def workspace_size(shape, rows):
    """The numbers that `workspace` lays out."""
    n1, R, size, full, rest = sizes_of(shape, rows)
    n_y = rows.Y.shape[1]
    of_batches = scratch_size(R, shape.h, n1, shape.n_z, n_y, full) + scratch_size(R, shape.h, n1, shape.n_z, n_y, rest)
    return of_batches + 3 * whole_lines(size) + 1


@inner
def workspace(room, shape, rows):
    """What evaluations compute in: weights, the gradient of a batch, that of all, the loss, `scratch` for full batches and the last."""
    keep_apart()
    n1, R, size, full, rest = sizes_of(shape, rows)
    n_y = rows.Y.shape[1]
    after = behind(room, scratch_size(R, shape.h, n1, shape.n_z, n_y, full))
    batch = scratch(room, R, shape.h, shape.n, n1, shape.n_z, n_y, full)
    last_batch = scratch(after, R, shape.h, shape.n, n1, shape.n_z, n_y, rest)
    of_weights = behind(after, scratch_size(R, shape.h, n1, shape.n_z, n_y, rest))
    up = whole_lines(size)
    weights, d, total = array_at(of_weights, size), array_at(behind(of_weights, up), size), array_at(behind(of_weights, 2 * up), size)
    weights[:], d[:], total[:] = 0.0, 0.0, 0.0
    return weights, d, total, array_at(behind(of_weights, 3 * up), 1), batch, last_batch


@inner
def inputs_of(shape, p):
    """The number of a network's inputs, those that it does not see included, from the number of its parameters."""
    return (p - shape.h - shape.n_z * (shape.h + 1)) // (shape.h + shape.skip)


@inner
def lay_out(shape, columns, theta, W):
    """θ `(p,)` in the layout of the kernels; padding stays 0."""
    keep_apart()
    h, n_z, n_x, n = shape.h, shape.n_z, inputs_of(shape, theta.size), columns.size
    W1, W2, b2 = W
    of_W2 = h * n_x + h
    of_b2 = of_W2 + n_z * h
    of_W3 = of_b2 + n_z
    for c in range(h):
        for j in range(n):
            W1[c, j] = theta[c * n_x + columns[j]]
        W1[c, n] = theta[h * n_x + c]
    for i in range(n_z * h):
        W2[0, i] = theta[of_W2 + i]
    for o in range(n_z):
        b2[0, o] = theta[of_b2 + o]
    for o in range(shape.skip):
        for j in range(n):
            W1[h + o, j] = theta[of_W3 + o * n_x + columns[j]]


@inner
def put_back(shape, columns, gW, gradient):
    """Derivatives from the layout of the kernels in `gradient (p,)`; 0 for the inputs that the network does not see."""
    keep_apart()
    h, n_z, n_x, n = shape.h, shape.n_z, inputs_of(shape, gradient.size), columns.size
    gW1, gW2, gb2 = gW
    of_W2 = h * n_x + h
    of_b2 = of_W2 + n_z * h
    of_W3 = of_b2 + n_z
    for i in range(gradient.size):
        gradient[i] = 0.0
    for c in range(h):
        for j in range(n):
            gradient[c * n_x + columns[j]] = gW1[c, j]
        gradient[h * n_x + c] = gW1[c, n]
    for i in range(n_z * h):
        gradient[of_W2 + i] = gW2[0, i]
    for o in range(n_z):
        gradient[of_b2 + o] = gb2[0, o]
    for o in range(shape.skip):
        for j in range(n):
            gradient[of_W3 + o * n_x + columns[j]] = gW1[h + o, j]


@inner
def penalized(start, end, lam, theta, gradient):
    """gradient += λ θ from number `start` to `end`; returns Σ θ² over them."""
    squares = 0.0
    for i in range(start, end):
        squares += theta[i] * theta[i]
        gradient[i] += lam * theta[i]
    return squares


@inner
def cost(shape, rows, each, hyper, columns, penalty, g, theta, gradient, memory):
    """J of network g with the parameters `theta (p,)`; ∂J/∂θ in `gradient (p,)`. `memory` is what `workspace` gives."""
    keep_apart()
    weights, d, total, loss, batch, last_batch = memory
    W, gW = parts(shape, weights), parts(shape, d)
    lay_out(shape, columns, theta, W)
    loss[0] = 0.0
    for i in range(total.size):
        total[i] = 0.0
    last = rows.ends.size - 2
    for step in range(last + 1):
        batch_gradient(shape, rows, rows.ends[step], each, g, hyper, W, gW, batch if step < last else last_batch, loss)
        for i in range(total.size):
            total[i] += d[i]
    put_back(shape, columns, parts(shape, total), gradient)
    h, n_x, lam, weight = shape.h, inputs_of(shape, theta.size), penalty[LAM, g], penalty[TOTAL, g]
    of_W2 = h * n_x + h
    of_b2 = of_W2 + shape.n_z * h
    squares = penalized(0, h * n_x, lam, theta, gradient) + penalized(of_W2, of_b2, lam, theta, gradient)
    squares += penalized(of_b2 + shape.n_z, theta.size, lam, theta, gradient)
    for i in range(gradient.size):
        gradient[i] /= weight
    return (loss[0] + lam * squares / 2.0) / weight


@inner
def dot(A, B, g):
    """Row g of A times row g of B."""
    total = 0.0
    for j in range(A.shape[1]):
        total += A[g, j] * B[g, j]
    return total


@inner
def is_finite(A, g):
    """Whether all numbers of row g are finite."""
    wrong = 0
    for j in range(A.shape[1]):
        wrong += 0 if np.isfinite(A[g, j]) else 1
    return wrong == 0


@inner
def is_flat(gradient, tol, g):
    """Whether no derivative of network g is larger than `tol`."""
    steep = 0
    for j in range(gradient.shape[1]):
        steep += 0 if abs(gradient[g, j]) <= tol else 1  # a derivative that is no number counts
    return steep == 0


@kernel(SHAPE, FULL_ROWS, FULL_EACH, "f1 i1 f2 i1 f2 f1 f2")
def costs(shape, rows, each, hyper, columns, penalty, members, theta, value, gradient):
    """J `(k,)` and ∂J/∂θ `(k, p)` of the networks `members (k,)`, one after the other; `theta (k, p)` are theirs.

    `shape` is of one network, which sees the inputs `columns (n,)` of all; `each`, the rows' weights (unless one row of them serves all)
    and `penalty (2, K)` are of K. Returns 0, or which arrays do not fit the others (`arguments.REASONS`).
    """
    k, p = theta.shape
    wrong = misfit_of_costs(shape, rows, each, hyper, columns, penalty, members, p)
    if wrong == FITS and (members.size != k or value.size != k or gradient.shape != theta.shape):
        wrong = OF_STEPS
    if wrong != FITS:
        return wrong
    room = reserve(theta, workspace_size(shape, rows))
    if not given(room):
        return NO_ROOM
    memory = workspace(room, shape, rows)
    for i in range(k):
        value[i] = cost(shape, rows, each, hyper, columns, penalty, members[i], theta[i], gradient[i], memory)
    give_back(room)
    return FITS
