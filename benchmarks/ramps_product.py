"""Ramps as a product, or as a look-up: which is faster for layer 1?

    python benchmarks/ramps_product.py

A ramped row is 1 … 1, f, 0 … 0 for each column, so that its product with W1 is a running sum of W1's rows plus f times the
next row. Timed on one thread, forward and gradient, against the plain products that the engine takes; held equal first.
"""

import time

import numpy as np
from numba import njit

from shoal.engine.cores import one_blas_thread

FAST = {"contract", "reassoc", "nsz", "arcp", "afn"}
BINS = 8


@njit(fastmath=FAST, error_model="numpy")
def by_lookup(W, at, f, sums, Z):
    """Z (b, h) from W (n·BINS, h), each row's bin `at` and fraction f, `(b, n)`; `sums (n, BINS + 1, h)` are running sums of W."""
    n, h = at.shape[1], W.shape[1]
    for j in range(n):
        for c in range(h):
            sums[j, 0, c] = 0
        for t in range(BINS):
            for c in range(h):
                sums[j, t + 1, c] = sums[j, t, c] + W[j * BINS + t, c]
    for i in range(at.shape[0]):
        for c in range(h):
            Z[i, c] = 0
        for j in range(n):
            t, share = at[i, j], f[i, j]
            for c in range(h):
                Z[i, c] += sums[j, t, c] + share * W[j * BINS + t, c]


@njit(fastmath=FAST, error_model="numpy")
def gradient_by_lookup(dZ, at, f, tops, gW):
    """gW (n·BINS, h) = Xᵀ dZ: each row's dZ goes to its bin, and the sums from above run down to the bins below."""
    n, h = at.shape[1], dZ.shape[1]
    gW[:] = 0
    tops[:] = 0
    for i in range(at.shape[0]):
        for j in range(n):
            t, share = at[i, j], f[i, j]
            for c in range(h):
                gW[j * BINS + t, c] += share * dZ[i, c]
                tops[j, t, c] += dZ[i, c]
    for j in range(n):
        for t in range(BINS - 2, -1, -1):
            for c in range(h):
                tops[j, t, c] += tops[j, t + 1, c]
        for t in range(BINS - 1):
            for c in range(h):
                gW[j * BINS + t, c] += tops[j, t + 1, c]


def microseconds(run, calls: int = 200) -> float:
    """Median time of a call."""
    run()
    times = []
    for _ in range(7):
        began = time.perf_counter()
        for _ in range(calls):
            run()
        times.append((time.perf_counter() - began) / calls)
    return float(np.median(times) * 1e6)


def main() -> None:
    """Hold equal, time, print."""
    rng = np.random.default_rng(0)
    for n, h, b in ((10, 64, 64), (30, 64, 128), (30, 128, 256)):
        at, f = rng.integers(0, BINS, (b, n)), rng.random((b, n)).astype(np.float32)
        X = np.zeros((b, n, BINS), np.float32)
        for t in range(BINS):
            X[:, :, t] = np.where(at > t, 1.0, np.where(at == t, f, 0.0))
        X = X.reshape(b, -1)
        W, dZ = rng.normal(size=(n * BINS, h)).astype(np.float32), rng.normal(size=(b, h)).astype(np.float32)
        sums, tops, Z, gW = (np.empty(s, np.float32) for s in ((n, BINS + 1, h), (n, BINS, h), (b, h), W.shape))
        by_lookup(W, at, f, sums, Z)
        gradient_by_lookup(dZ, at, f, tops, gW)
        np.testing.assert_allclose(Z, X @ W, atol=1e-3)
        np.testing.assert_allclose(gW, X.T @ dZ, atol=1e-3)
        WT, XT, dZT = np.ascontiguousarray(W.T), np.ascontiguousarray(X.T), np.ascontiguousarray(dZ.T)
        ZT, gWT = np.empty((h, b), np.float32), np.empty(WT.shape, np.float32)
        with one_blas_thread():
            plain = microseconds(lambda: np.dot(WT, XT, ZT)), microseconds(lambda: np.dot(dZT, X, gWT))  # noqa: B023
        lookup = microseconds(lambda: by_lookup(W, at, f, sums, Z)), microseconds(lambda: gradient_by_lookup(dZ, at, f, tops, gW))  # noqa: B023
        print(f"{n} columns, {h} units, batch {b}, µs: forward {plain[0]:.1f} by product, {lookup[0]:.1f} by look-up; ", end="")
        print(f"gradient {plain[1]:.1f} by product, {lookup[1]:.1f} by look-up")


if __name__ == "__main__":
    main()
