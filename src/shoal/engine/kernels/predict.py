"""Prediction, compiled: raw rows → logits of one network in float64, a block of rows at a time."""

from shoal.engine.arguments import FITS, NO_ROOM, OF_COLUMNS
from shoal.engine.jit.compiler import inner, kernel
from shoal.engine.jit.intrinsics import fetch_number, keep_apart
from shoal.engine.jit.memory import array_at, behind, give_back, given, reserve
from shoal.engine.kernels.bounds import misfit_of_prediction
from shoal.engine.kernels.dispatch import MANY, activate
from shoal.engine.kernels.products import multiply, multiply_rows
from shoal.engine.kernels.scratch import whole_lines
from shoal.engine.kernels.vecmath import clamp, turn
from shoal.engine.kernels.weights import add_skip

UNITS_AT_ONCE = 8  # units whose slopes, which nobody needs here, are written over the last ones


@inner
def encode_rows(X, first, columns, limits, center, per_scale, XT):
    """Rows of X from `first` on encoded and transposed, `XT (n1, b)`: z-scores, then ramps, then the bias's 1, then padding.

    `columns` are the ramps' columns; x is within its `limits (2, n)`; `center` and `per_scale` are `(2, n + number of ramps)`: a z-score
    is (x − c₀) p₀, a ramp (clip((x − c₀) p₀, 0, 1) − c₁) p₁. Columns lie in rows of XT, so that every loop runs along the batch.
    """
    keep_apart()
    b, n = XT.shape[1], X.shape[1]
    turn(X[first : first + b], XT)
    for j in range(n):
        low, high = limits[0, j], limits[1, j]
        for i in range(b):
            XT[j, i] = clamp(XT[j, i], low, high)  # NaN stays
    for r in range(columns.size):
        j, k = columns[r], n + r
        c, scale, shift, size = center[0, k], per_scale[0, k], center[1, k], per_scale[1, k]
        for i in range(b):
            XT[k, i] = (clamp((XT[j, i] - c) * scale, 0.0, 1.0) - shift) * size
    for j in range(n):
        c, scale = center[0, j], per_scale[0, j]
        for i in range(b):
            XT[j, i] = (XT[j, i] - c) * scale
    for i in range(b):
        XT[n + columns.size, i] = 1.0
    for k in range(n + columns.size + 1, XT.shape[0]):
        for i in range(b):
            XT[k, i] = 0.0


@inner
def fetch_rows(X, first, last):
    """Ask the memory for rows first … last − 1: they come while the product is computed."""
    flat, n = X.reshape(-1), X.shape[1]
    for i in range(first * n, last * n, 8):
        fetch_number(flat, i)


@inner
def outputs_of(product, W, A, out):
    """out `(n_z, b)` = W A, of few outputs one by one."""
    if W.shape[0] >= MANY:
        multiply(product, W, A, out)
    else:
        start = 0 * A.shape[1]
        multiply_rows(W, start, A, start, out, W.shape[1])


@kernel("v2 v2 i1")
def count_beyond(X, ends, counts):
    """How many rows of X `(m, n)` have a cell below `ends[0]` or above `ends[1]`, `(2, n)`, in all and then of each column, added to
    `counts (n + 1,)`. NaN is neither. Returns 0, or which arrays do not fit the others (`arguments.REASONS`).
    """
    m, n = X.shape
    if ends.shape[0] != 2 or ends.shape[1] != n or counts.size != n + 1:
        return OF_COLUMNS
    for i in range(m):
        beyond = 0
        for j in range(n):
            beyond |= (X[i, j] < ends[0, j]) | (X[i, j] > ends[1, j])
        if beyond != 0:  # few rows
            counts[0] += 1
            for j in range(n):
                counts[1 + j] += (X[i, j] < ends[0, j]) | (X[i, j] > ends[1, j])
    return FITS


@kernel("i i i v2 i1 f2 f2 f2 f2 f2 f1 f2 f2")
def predict(product, activation, block, X, columns, limits, center, per_scale, W1, W2, b2, W3, Z2):
    """Z2 `(n_z, m)` of rows `X (m, n)` of either precision. `W1 (H, n1)` has the bias behind the encoded inputs; `product` and
    `activation` are addresses of functions (`dispatch.py`).

    `W3 (n_z, n1)` are skip connections, 0 behind the inputs; `(0, n1)` for none. Returns 0, or which arrays do not fit the others
    (`arguments.REASONS`).
    """
    wrong = misfit_of_prediction(block, X, columns, (limits, center, per_scale), (W1, W2, b2, W3), Z2)
    if wrong != FITS:
        return wrong
    (H, n1), (n_z, most) = W1.shape, Z2.shape
    most = min(block, most)
    memory = reserve(W1, whole_lines(H * most) + whole_lines(UNITS_AT_ONCE * most) + whole_lines(n1 * most) + 2 * whole_lines(n_z * most))
    if not given(memory):
        return NO_ROOM
    slopes = behind(memory, whole_lines(H * most))
    of_inputs = behind(slopes, whole_lines(UNITS_AT_ONCE * most))
    outputs = behind(of_inputs, whole_lines(n1 * most))
    linear = behind(outputs, whole_lines(n_z * most))
    for first in range(0, X.shape[0], block):
        b = min(block, X.shape[0] - first)
        XT, Z, S, out = (
            array_at(of_inputs, (n1, b)),
            array_at(memory, (H, b)),
            array_at(slopes, (UNITS_AT_ONCE, b)),
            array_at(outputs, (n_z, b)),
        )
        encode_rows(X, first, columns, limits, center, per_scale, XT)
        fetch_rows(X, first + block, min(first + 2 * block, X.shape[0]))
        multiply(product, W1, XT, Z)
        for r in range(0, H, UNITS_AT_ONCE):
            activate(activation, Z[r:], S, 0 * r, min(UNITS_AT_ONCE, H - r) * b)
        outputs_of(product, W2, Z, out)
        if W3.shape[0] > 0:
            turned = array_at(linear, (n_z, b))
            outputs_of(product, W3, XT, turned)
            add_skip(turned, 0 * first, n_z, out)
        for o in range(n_z):
            for i in range(b):
                Z2[o, first + i] = out[o, i] + b2[o]
    give_back(memory)
    return FITS
