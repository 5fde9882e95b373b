"""Functions of the user's own that the kernels call back in NumPy, and what those functions raised meanwhile.

A kernel calls any activation or loss by its address, on plain memory. Here the address is of a C function that takes Python's lock, sets
NumPy arrays over that memory and calls the user's functions. An error cannot pass through a kernel: it waits until the kernel has returned,
and the numbers are NaN until then.
"""

import ctypes
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

POINTER, WHOLE = ctypes.c_void_p, ctypes.c_int64
RAISED: deque[BaseException] = deque()


def raise_waiting() -> None:
    """Raise what a function of the user's own first raised inside the kernel that has just returned."""
    if RAISED:
        first = RAISED[0]
        RAISED.clear()
        raise first


def over(address: int, shape: tuple[int, ...], dtype: np.dtype) -> NDArray[Any]:
    """An array over the memory at an address."""
    number = ctypes.c_float if dtype == np.float32 else ctypes.c_double
    return np.ctypeslib.as_array(ctypes.cast(address, ctypes.POINTER(number)), shape)


def evaluated(function: Callable[..., Any], *arrays: NDArray[Any]) -> Any:
    """What a function of the user's own gives, NaN where it raises. Ctrl-C waits, and the function is asked again."""
    for _ in range(2):
        try:
            with np.errstate(all="ignore"):  # training reports what diverges
                return function(*arrays)
        except KeyboardInterrupt as interrupt:
            RAISED.append(interrupt)
        except Exception as error:
            RAISED.append(error)
            break
    return np.nan


def activation_called(g: Callable[[Any], Any], prime: Callable[[Any], Any], dtype: np.dtype) -> Any:
    """A C function as the kernels call activations: z becomes g(z), s becomes g′(z)."""

    def call(z: int, s: int, size: int) -> None:
        Z, S = over(z, (size,), dtype), over(s, (size,), dtype)
        S[:] = evaluated(prime, Z.copy())  # a copy, so that a function that changes its argument changes no weights
        Z[:] = evaluated(g, Z.copy())

    return ctypes.CFUNCTYPE(None, POINTER, POINTER, WHOLE)(call)


def loss_called(value: Callable[[Any, Any], Any], derivative: Callable[[Any, Any], Any], dtype: np.dtype) -> Any:
    """A C function as the kernels call losses: `d` becomes ∂L/∂Z2, `loss` each example's sum of L."""

    def call(z2: int, y: int, d: int, loss: int, hyper: int, n_z: int, n_y: int, b: int) -> None:
        Z2, Y = over(z2, (n_z, b), dtype).copy(), over(y, (n_y, b), dtype).copy()
        over(d, (n_z, b), dtype)[:] = evaluated(derivative, Z2, Y)
        L = np.empty((n_z, b), dtype)
        L[:] = evaluated(value, Z2, Y)
        over(loss, (b,), dtype)[:] = L.sum(axis=0)

    return ctypes.CFUNCTYPE(None, *[POINTER] * 5, *[WHOLE] * 3)(call)
