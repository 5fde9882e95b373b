"""Ramps as a product, or looked up: which is faster for layer 1?

    python benchmarks/ramps_product.py

A ramped row is 1 … 1, f, 0 … 0 for each column, so that its product with W1 is a running sum of W1's rows plus f times the next one.
On one thread: layer 1 and its gradient as the engine looks them up (`engine/kernels/ramps.py`), against the products of the same
rows with all their ramps; held equal first. The z-scores, one a column, are a product in both.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from shoal.encoding import encode, fit_encoding
from shoal.engine.arguments import ramp_functions
from shoal.engine.kernels import dispatch_module
from shoal.engine.kernels.products import multiply
from shoal.engine.layout import padded
from shoal.engine.ramps import GRADIENT, LAYER_1, find_ramp_positions, laid_out
from shoal.engine.threads import one_blas_thread

CALLS = 300
SHAPES = ((8, 64, 32), (8, 64, 64), (4, 128, 256), (8, 128, 256), (16, 128, 256), (30, 128, 256))  # columns, units, rows of a batch


def kernels() -> tuple[Callable[..., None], Callable[..., None], Callable[..., None]]:
    """`CALLS` times layer 1, layer 1 and its gradient, and a product."""
    p: Any = dispatch_module()
    layer_1, layer_1_gradient = p.layer_1, p.layer_1_gradient

    @njit
    def forward(lookup, order, W1, XT, Z, calls):  # type: ignore[no-untyped-def]
        for _ in range(calls):
            layer_1(lookup[LAYER_1], lookup, order, 0, W1, XT, Z, order.size)

    @njit
    def both(lookup, order, W1, XT, X, dZ, Z, gW1, calls):  # type: ignore[no-untyped-def]
        for _ in range(calls):
            layer_1(lookup[LAYER_1], lookup, order, 0, W1, XT, Z, order.size)
            layer_1_gradient(lookup[GRADIENT], lookup, dZ, X, gW1, order.size)

    @njit
    def product(address, A, B, C, calls):  # type: ignore[no-untyped-def]
        for _ in range(calls):
            multiply(address, A, B, C)

    return forward, both, product


def microseconds(run: Callable[..., None], *taken: Any) -> float:
    """Median time of one of the calls."""
    run(*taken, 1)
    times = []
    for _ in range(7):
        began = time.perf_counter()
        run(*taken, CALLS)
        times.append((time.perf_counter() - began) / CALLS)
    return float(np.median(times) * 1e6)


def with_bias(X: Any, columns: int) -> Any:
    """The first columns, the bias's 1 and padding."""
    rows = np.zeros((len(X), padded(columns)), np.float32)
    rows[:, :columns], rows[:, columns] = X[:, :columns], 1
    return rows


def main() -> None:
    """Hold equal, time, print."""
    rng = np.random.default_rng(0)
    forward, both, product = kernels()
    for n, H, b in SHAPES:
        raw = rng.normal(size=(10_000, n))
        encoding = fit_encoding(raw, ramps=True)
        X = encode(encoding, raw, np.float32)
        ramp_positions, order = find_ramp_positions(encoding, X), rng.permutation(len(X))[:b]
        assert ramp_positions is not None
        whole, plain = with_bias(X[order], X.shape[1]), with_bias(X[order], n)
        W1 = np.zeros((H, whole.shape[1]), np.float32)
        W1[:, : X.shape[1] + 1] = rng.normal(size=(H, X.shape[1] + 1))
        dZ = rng.normal(size=(H, b)).astype(np.float32)
        Z, gW1, by_product = np.empty((H, b), np.float32), np.empty_like(W1), np.empty_like(W1)
        laid = laid_out(ramp_positions, n, W1.shape[1], plain.shape[1], H, b, ramp_functions(W1.dtype))
        WT, XT = np.ascontiguousarray(whole.T), np.ascontiguousarray(plain.T)
        at = dispatch_module().product_address(True)
        with one_blas_thread():
            both(laid.lookup, order, W1, XT, plain, dZ, Z, gW1, 1)
            np.testing.assert_allclose(Z, W1 @ WT, atol=1e-3)
            np.testing.assert_allclose(gW1, dZ @ whole, atol=1e-2)
            looked = microseconds(forward, laid.lookup, order, W1, XT, Z)
            gradient = microseconds(both, laid.lookup, order, W1, XT, plain, dZ, Z, gW1) - looked
            products = microseconds(product, at, W1, WT, Z), microseconds(product, at, dZ, whole, by_product)
        print(f"{n} columns, {H} units, batch {b}, µs: layer 1 {products[0]:.1f} by product, {looked:.1f} looked up; ", end="")
        print(f"gradient {products[1]:.1f} by product, {gradient:.1f} looked up")


if __name__ == "__main__":
    main()
