"""The engine's products against NumPy's, over sizes around every tile, and bit for bit against parts of itself."""

import ctypes
import os
import subprocess
import sys

import numpy as np
import pytest
from numba import njit

from shoal.engine.kernels import dispatch_module

dispatch_module()  # sets the cache's folder before anything of the engine is compiled
from shoal.engine.jit.compiler import inner  # noqa: E402
from shoal.engine.jit.memory import pointer  # noqa: E402
from shoal.engine.jit.processor import tile  # noqa: E402
from shoal.engine.jit.products import row_product, unit_errors  # noqa: E402

SIZES = [*range(1, 20), 23, 24, 25, 31, 32, 33, 47, 48, 49, 63, 64, 95, 97]


def product(A, B):
    """A B by the engine."""
    C = np.full((A.shape[0] + 1, B.shape[1]), np.nan, A.dtype)  # one row more, which must stay as it is
    function = dispatch_module().compiled(dispatch_module().product, A.dtype == np.float32).ctypes
    kind = ctypes.POINTER(ctypes.c_float if A.dtype == np.float32 else ctypes.c_double)
    function(*(array.ctypes.data_as(kind) for array in (A, B, C)), A.shape[0], A.shape[1], B.shape[1])
    assert np.isnan(C[-1]).all()
    return C[:-1]


def matrices(M, K, N, dtype):
    rng = np.random.default_rng(M * 1_000_000 + K * 1000 + N)
    return rng.normal(size=(M, K)).astype(dtype), rng.normal(size=(K, N)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("K", [0, 1, 2, 12, 33])
def test_it_is_the_product(K, dtype):
    """Within the bound of a sum of K products in any order: K ε Σ |a b|."""
    for M in SIZES:
        for N in SIZES:
            A, B = matrices(M, K, N, dtype)
            exact = A.astype(np.longdouble) @ B.astype(np.longdouble)
            bound = (K + 1) * np.finfo(dtype).eps * (np.abs(A) @ np.abs(B))
            assert (np.abs(product(A, B) - exact) <= bound).all(), (M, K, N)


@pytest.mark.skipif(tile() is None, reason="products are the library's on processors of this level")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("K", [1, 30, 200, 2048])
def test_the_bits_of_a_number_do_not_depend_on_what_is_beside_it(K, dtype):
    """So neither the width of a group of networks nor the number of slices nor the rows of a batch change a digit."""
    A, B = matrices(53, K, 71, dtype)
    whole = product(A, B)
    for rows, columns in (
        (slice(0, 1), slice(0, 1)),
        (slice(3, 12), slice(5, 60)),
        (slice(0, 8), slice(20, 71)),
        (slice(50, 53), slice(0, 17)),
    ):
        part = product(np.ascontiguousarray(A[rows]), np.ascontiguousarray(B[:, columns]))
        np.testing.assert_array_equal(part, whole[rows, columns])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("K", [2047, 2048, 2049, 5000])
def test_a_long_inner_axis(K, dtype):
    A, B = matrices(9, K, 50, dtype)
    bound = (K + 1) * np.finfo(dtype).eps * (np.abs(A) @ np.abs(B))
    assert (np.abs(product(A, B) - A.astype(np.longdouble) @ B.astype(np.longdouble)) <= bound).all()


def test_numbers_that_are_none_stay_in_their_row_and_column():
    A, B = matrices(20, 7, 50, np.float64)
    A[3, 2], B[5, 40], A[9, 0] = np.nan, np.inf, -np.inf
    finite = np.ones((20, 50), bool)
    finite[[3, 9]] = finite[:, 40] = False
    np.testing.assert_array_equal(np.isfinite(product(A, B)), finite)


@inner
def of_one_output(W, Z, S, D, found, errors):
    """The logits of one output from the units' values `Z (h, b)`, then what a unit's errors give."""
    h, b = Z.shape
    row_product(pointer(W, 0 * h), pointer(Z, 0 * h), pointer(found, 0 * h), h, b)
    for c in range(h):
        errors[c] = unit_errors(pointer(D, 0 * h), pointer(Z, c * b), pointer(S, c * b), W[c], b)


@pytest.fixture(scope="module")
def layer():
    @njit(error_model="numpy")
    def run(W, Z, S, D, found, errors):
        of_one_output(W, Z, S, D, found, errors)

    return run


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("h", [1, 2, 16, 33])
def test_the_layer_of_one_output(layer, h, dtype):
    """z = Σ w a, dw = Σ d a and dz = w d g′, within the bounds of such sums in any order, for every length of a batch around a register."""
    room = np.finfo(dtype).eps
    for b in [*range(1, 70), 127, 128, 129, 200]:
        rng = np.random.default_rng(1000 * h + b)
        W, D = rng.normal(size=h).astype(dtype), rng.normal(size=b).astype(dtype)
        Z, S = rng.normal(size=(h, b)).astype(dtype), rng.normal(size=(h, b)).astype(dtype)
        A, found, errors = Z.copy(), np.full(b + 1, np.nan, dtype), np.full(h + 1, np.nan, dtype)
        layer(W, Z, S, D, found, errors)
        assert (np.abs(found[:b] - W.astype(np.longdouble) @ A) <= (h + 1) * room * (np.abs(W) @ np.abs(A))).all(), b
        assert (np.abs(errors[:h] - A.astype(np.longdouble) @ D) <= (b + 1) * room * (np.abs(A) @ np.abs(D))).all(), b
        np.testing.assert_allclose(Z, W[:, None] * D * S, rtol=3 * room, atol=0, err_msg=str(b))
        assert np.isnan(found[b])
        assert np.isnan(errors[h])


@pytest.mark.slow
@pytest.mark.skipif(tile() is None, reason="the lower levels are those of x86-64")
@pytest.mark.parametrize("level", ["x86-64-v2", "x86-64-v3"])
def test_lower_levels(level):
    """The same tests in a process whose code is compiled for a level below this processor's."""
    surroundings = {**os.environ, "NUMBA_CPU_NAME": level, "NUMBA_CPU_FEATURES": ""}
    command = [sys.executable, "-m", "pytest", __file__, "-m", "not slow", "-p", "no:cacheprovider"]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-2000:]
