"""The engine's exp, sigmoid, tanh and softplus: worst error over their range, NaN, and what they do at the ends."""

import numpy as np
import pytest
from numba import njit

from shoal.engine.kernels import train_module

train_module()  # sets the cache's folder before anything of the engine is compiled
from shoal.engine.kernels import vecmath  # noqa: E402


@njit(error_model="numpy")
def over(code, x, out):
    for i in range(x.size):
        if code == 0:
            out[i] = vecmath.exp(x[i])
        elif code == 1:
            out[i] = vecmath.sigmoid(x[i])
        elif code == 2:
            out[i] = vecmath.tanh(x[i])
        else:
            out[i] = vecmath.softplus(x[i])


def computed(code: int, x: np.ndarray) -> np.ndarray:
    out = np.empty_like(x)
    over(code, x, out)
    return out


EXACT = {  # name: code, range over which it is used, the same in extended precision, the error its docstring names in ulp of each precision
    "exp": (0, 80.0, np.exp, (1.1, 1.1)),
    "sigmoid": (1, 80.0, lambda x: 1 / (1 + np.exp(-x)), (3.0, 3.0)),
    "tanh": (2, 20.0, np.tanh, (6.0, 3.0)),
    "softplus": (3, 80.0, lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), (4.0, 4.0)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXACT)
def test_the_worst_error_is_what_the_docstring_says(name, dtype):
    code, most, exact, ulp = EXACT[name]
    near_zero = np.geomspace(1e-30, 1, 5001)
    x = np.concatenate([np.linspace(-most, most, 200_001), near_zero, -near_zero]).astype(dtype)
    true = exact(x.astype(np.longdouble))  # 64 bits of mantissa: its own error is far below one of these ulp
    error = np.abs((computed(code, x) - true) / np.spacing(np.abs(true).astype(dtype)))
    assert error.max() <= ulp[dtype == np.float64]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXACT)
def test_no_number_goes_in_and_comes_out(name, dtype):
    assert np.isnan(computed(EXACT[name][0], np.array([np.nan], dtype))).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXACT)
def test_the_ends_are_finite(name, dtype):
    assert np.isfinite(computed(EXACT[name][0], np.array([1e30, -1e30, 1e4, -1e4], dtype))).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tanh_never_exceeds_one_and_is_odd(dtype):
    x = np.linspace(0, 30, 100_001).astype(dtype)
    assert computed(2, x).max() == 1.0
    np.testing.assert_allclose(computed(2, -x), -computed(2, x), rtol=3 * np.finfo(dtype).eps, atol=0)  # its two halves' 3 ulp
