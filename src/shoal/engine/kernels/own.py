"""Activations and losses of the user's own, as the kernels call them: by an address.

Numba compiles the functions for single numbers, if it can and if they give NumPy's values; the kernels stay as they are. Else the kernels
call them back in NumPy (`engine.own_calls`). The code is not kept on disk: what a user's function does depends on more than its own lines.
"""

import ctypes
import warnings
from collections.abc import Callable
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
from numba import types
from numba.core.errors import NumbaError

from shoal.engine.jit.compiler import accurate, c_function
from shoal.engine.jit.memory import array_at
from shoal.engine.jit.signatures import taken
from shoal.engine.kernels.losses import arrays
from shoal.engine.kernels.vecmath import clamp, exp, tanh
from shoal.engine.own_calls import activation_called, loss_called
from shoal.textbook.own_name import OwnName

ARGUMENTS = {"activation": "v* v* i", "loss": "v* v* v* v* v* i i i"}


def activation_kernel(g: Any, prime: Any) -> Callable[..., None]:
    """g and g′ for `size` numbers."""

    def own_activation(z, s, size):
        Z, S = array_at(z, size), array_at(s, size)
        for i in range(size):
            S[i] = prime(Z[i])
            Z[i] = g(Z[i])

    return own_activation


def loss_kernel(value: Any, derivative: Any) -> Callable[..., None]:
    """L and ∂L/∂Z2 for b examples."""

    def own_loss(z2, y, d, loss, hyper, n_z, n_y, b):
        Z2, Y, D, L = arrays(z2, y, d, loss, n_z, n_y, b)
        for o in range(n_z):
            for i in range(b):
                L[i] += value(Z2[o, i], Y[o, i])
                D[o, i] = derivative(Z2[o, i], Y[o, i])

    return own_loss


KEPT: list[Any] = []  # all code, for good: two threads may make the same at once, and addresses of both are in use then
KERNELS = {"activation": (activation_kernel, activation_called), "loss": (loss_kernel, loss_called)}


@accurate
def where(condition, a, b):
    """`np.where` of numbers. Numba's own allocates an array for each."""
    return a if condition else b


@accurate
def clip(a, a_min, a_max):
    """`np.clip` of numbers, which Numba does not have. NaN stays NaN."""
    return clamp(a, a_min, a_max)


NUMPY_OF_NUMBERS = ModuleType("numpy")
NUMPY_OF_NUMBERS.__dict__.update({**vars(np), "where": where, "clip": clip, "exp": exp, "tanh": tanh})  # the last two make vectors


def of_numbers(function: Any) -> Any:
    """A function of the user's own for Numba, for single numbers; what is no Python function and not NumPy's is refused at once."""
    if not isinstance(function, FunctionType):
        if isinstance(function, np.ufunc):
            return getattr(NUMPY_OF_NUMBERS, function.__name__, function)
        if hasattr(function, "nopython_signatures"):
            return function
        raise TypeError(f"a {type(function).__name__} does not compile")
    names = {name: NUMPY_OF_NUMBERS if value is np else value for name, value in function.__globals__.items()}
    copied = FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    return accurate(copied)


@cache
def own_address(own: OwnName, single: bool) -> int:
    """Where the functions lie as a C function for float32 or float64, compiled or called back; `own.runs` says which from now on."""
    dtype = np.dtype(np.float32 if single else np.float64)
    kernel, called = KERNELS[own.noun]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Numba's, about code that is not the user's concern if it runs
            functions = [of_numbers(f) for f in own.functions]
            signature = types.void(*taken((ARGUMENTS[own.noun],), types.float32 if single else types.float64))
            code = c_function(kernel(*functions), signature, keep=False)
        KEPT.append(code)
        given = [s.return_type for f in functions for s in getattr(f, "nopython_signatures", ())]
        if agrees(own, code.address, dtype) and not any(isinstance(kind, types.Array) for kind in given):
            own.runs = "compiled by Numba"
            return int(code.address)
        why = "gives no numbers, or other ones, where Numba compiles it"
    except (NumbaError, TypeError, NotImplementedError, AssertionError, ValueError, KeyError, AttributeError, RuntimeError) as error:
        why = f"does not compile ({type(error).__name__})"
    back = called(*own.functions, dtype)
    own.runs = f"called in NumPy, for it {why}"
    KEPT.append(back)
    return int(ctypes.cast(back, ctypes.c_void_p).value or 0)


def agrees(own: OwnName, address: int, dtype: np.dtype) -> bool:
    """Whether compiled code gives NumPy's values in float64, but for the rounding of the precision."""
    at = [a.astype(dtype) for a in own.points()]
    n = len(at[0])
    with np.errstate(all="ignore"):
        wanted = [np.broadcast_to(f(*(a.astype(np.float64) for a in at)), n) for f in own.functions]
    first, second = np.zeros(n, dtype), np.zeros(n, dtype)
    pointer, whole = ctypes.c_void_p, ctypes.c_int64
    if own.noun == "activation":
        first[:] = at[0]
        ctypes.CFUNCTYPE(None, pointer, pointer, whole)(address)(first.ctypes.data, second.ctypes.data, n)
    else:
        hyper = np.zeros(8, dtype)
        given = [a.ctypes.data for a in (*at, second, first, hyper)]
        ctypes.CFUNCTYPE(None, *[pointer] * 5, *[whole] * 3)(address)(*given, 1, 1, n)
    room = float(np.sqrt(np.finfo(dtype).eps))
    return all(np.allclose(a, b, rtol=room, atol=room, equal_nan=True) for a, b in zip((first, second), wanted, strict=True))
