"""The engine's product of matrices beside the library's, of the sizes that training and prediction multiply, on one thread.

    python benchmarks/products.py [--repeats 7]

The library's is the BLAS that SciPy brings, OpenBLAS in its wheels, called from compiled code as the engine's own is;
`OPENBLAS_CORETYPE=SkylakeX` gives it AVX-512 where it does not know the processor.
"""

import argparse
import time

import numpy as np
import pandas as pd
import scipy.linalg.cython_blas  # noqa: F401 - the library is loaded now, and its threads are limited below
from numba import njit
from threadpoolctl import threadpool_info, threadpool_limits

from shoal.engine.jit.processor import level, tile
from shoal.engine.kernels import dispatch_module
from shoal.engine.kernels.products import multiply

SIZES = {  # M, K, N of A (M, K) times B (K, N)
    "layer 1 of 10 → 8, batch 32": (8, 12, 32),
    "its gradient": (8, 32, 12),
    "layer 1 of 30 → 32, batch 200": (32, 32, 200),
    "gradient of 30 → 32": (32, 200, 32),
    "layer 1 of 30 → 100": (100, 32, 200),
    "gradient of 30 → 100": (100, 200, 32),
    "layer 1 of 100 → 64": (64, 104, 200),
    "layer 1 of 784 → 100": (100, 788, 200),
    "gradient of 784 → 100": (100, 200, 788),
    "10 outputs of 64 units": (10, 64, 200),
}


@njit
def own(address: int, A: np.ndarray, B: np.ndarray, C: np.ndarray, n: int) -> None:
    """C = A B, n times, by the engine."""
    for _ in range(n):
        multiply(address, A, B, C)


@njit
def of_library(address: int, A: np.ndarray, B: np.ndarray, C: np.ndarray, n: int) -> None:
    """C = A B, n times, by the library."""
    for _ in range(n):
        np.dot(A, B, C)


def one(name: str, dtype: type, repeats: int) -> dict[str, object]:
    """A line of the table."""
    M, K, N = SIZES[name]
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(M, K)).astype(dtype), rng.normal(size=(K, N)).astype(dtype)
    C, D = np.empty((M, N), dtype), np.empty((M, N), dtype)
    address, n = dispatch_module().product_address(dtype is np.float32), max(3, 40_000_000 // (M * K * N))
    seconds: list[list[float]] = []
    for _ in range(repeats + 1):
        seconds.append([])
        for function, out in ((own, C), (of_library, D)):
            began = time.perf_counter()
            function(address, A, B, out, n)
            seconds[-1].append((time.perf_counter() - began) / n)
    ours, library = np.median(seconds[1:], axis=0)
    return {
        "product": name,
        "numbers": np.dtype(dtype).name,
        "ours, µs": ours * 1e6,
        "library's / ours": np.median([b / a for a, b in seconds[1:]]),
        "ours, GFLOP/s": 2 * M * K * N / ours / 1e9,
        "library's, GFLOP/s": 2 * M * K * N / library / 1e9,
        "largest difference": np.abs(C - D).max(),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    with threadpool_limits(1):
        lines = [one(name, dtype, repeats) for dtype in (np.float32, np.float64) for name in SIZES]
    print(pd.DataFrame(lines).to_string(index=False, float_format="{:.3g}".format))
    blas = sorted({f"{library['internal_api']} {library.get('architecture', '')} {library['version']}" for library in threadpool_info()})
    print(f"compiled for {level()}, tile {tile()}; {', '.join(blas)}")


if __name__ == "__main__":
    main()
