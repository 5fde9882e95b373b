"""Prediction, compiled: raw rows → logits of one network in float64, a block of rows at a time."""

import numpy as np

from shoal.engine.arguments import FITS
from shoal.engine.jit.compiler import inner, kernel
from shoal.engine.jit.intrinsics import keep_apart
from shoal.engine.kernels.bounds import misfit_of_prediction
from shoal.engine.kernels.dispatch import activate
from shoal.engine.kernels.products import multiply
from shoal.engine.kernels.vecmath import turn
from shoal.engine.kernels.weights import add_skip


@inner
def encode_rows(X, first, columns, limits, center, per_scale, Xb, XT):
    """Rows of X encoded and transposed, `XT (n1, b)`: z-scores (by way of `Xb (b, n)`), then ramps, then the bias's 1, then padding.

    `columns` are the ramps' columns; x is within its `limits (2, n)`; `center` and `per_scale` are `(2, n + number of ramps)`: a z-score
    is (x − c₀) p₀, a ramp (clip((x − c₀) p₀, 0, 1) − c₁) p₁.
    """
    keep_apart()
    b, n = Xb.shape
    for i in range(b):
        for j in range(n):
            x = X[first + i, j]
            x = limits[0, j] if x < limits[0, j] else x  # NaN stays
            x = limits[1, j] if x > limits[1, j] else x
            Xb[i, j] = (x - center[0, j]) * per_scale[0, j]
    turn(Xb, XT)
    for r in range(columns.size):
        j, k = columns[r], n + r
        for i in range(b):
            v = X[first + i, j]
            v = limits[0, j] if v < limits[0, j] else v
            v = limits[1, j] if v > limits[1, j] else v
            v = (v - center[0, k]) * per_scale[0, k]
            v = 0.0 if v < 0.0 else v
            v = 1.0 if v > 1.0 else v
            XT[k, i] = (v - center[1, k]) * per_scale[1, k]
    for i in range(b):
        XT[n + columns.size, i] = 1.0
    for k in range(n + columns.size + 1, XT.shape[0]):
        for i in range(b):
            XT[k, i] = 0.0


@kernel("i i i f2 i1 f2 f2 f2 f2 f2 f1 f2 f2")
def predict(product, activation, block, X, columns, limits, center, per_scale, W1, W2, b2, W3, Z2):
    """Z2 `(n_z, m)` of rows `X (m, n)`. `W1 (H, n1)` has the bias behind the encoded inputs; `product` and `activation` are addresses of
    functions (`dispatch.py`).

    `W3 (n_z, n1)` are skip connections, 0 behind the inputs; `(0, n1)` for none. Returns 0, or which arrays do not fit the others
    (`arguments.REASONS`).
    """
    wrong = misfit_of_prediction(block, X, columns, (limits, center, per_scale), (W1, W2, b2, W3), Z2)
    if wrong != FITS:
        return wrong
    H, n1 = W1.shape
    Xb, XT, Z, S = np.empty((0, 0)), np.empty((0, 0)), np.empty((0, 0)), np.empty((0, 0))
    for first in range(0, X.shape[0], block):
        b = min(block, X.shape[0] - first)
        if b != Xb.shape[0]:
            Xb, XT, Z, S = np.empty((b, X.shape[1])), np.empty((n1, b)), np.empty((H, b)), np.empty((H, b))
        encode_rows(X, first, columns, limits, center, per_scale, Xb, XT)
        multiply(product, W1, XT, Z)
        low = 0 * b
        activate(activation, Z, S, low, H * b)
        out = np.dot(W2, Z)
        if W3.shape[0] > 0:
            add_skip(np.dot(W3, XT), low, W3.shape[0], out)
        for o in range(b2.size):
            for i in range(b):
                Z2[o, first + i] = out[o, i] + b2[o]
    return FITS
