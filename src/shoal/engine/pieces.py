"""Parts of a training step that come in kinds: activations, output units with their losses, update rules.

Each kind is a C function of its own, compiled when it is first asked for; the kernels are handed its address and call it
on plain memory. So kinds add up and do not multiply: the kernels are compiled once for a precision, whatever is trained.
Twins of `textbook/activations.py`, `outputs.py` and `rules.py`, held equal to them by `tests/equal/test_e2_*`.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import cfunc, types
from numba.extending import intrinsic

from shoal.engine.activations import ACTIVATIONS
from shoal.engine.compiled import cache_of_this_version
from shoal.engine.losses import LOSSES
from shoal.engine.rules import RULES

# 'reassoc' lets sums vectorize; without 'nnan' and 'ninf' a number that is no number is still seen.
FAST = {"contract", "reassoc", "nsz", "arcp", "afn"}
KINDS = ((ACTIVATIONS, "PPi"), (LOSSES, "PPPPPiii"), (RULES, "PPPPPvi"))  # P: pointer to numbers, v: a number, i: a whole one


@cache
def piece(function: Callable[..., None], single: bool) -> Any:
    """The function compiled for float32 or float64, as a C function with an address."""
    letters = next(letters for kinds, letters in KINDS if function in kinds.values())
    number = types.float32 if single else types.float64
    taken = {"P": types.CPointer(number), "v": number, "i": types.int64}
    with cache_of_this_version():
        return cfunc(types.void(*(taken[c] for c in letters)), cache=True, fastmath=FAST, error_model="numpy")(function)


def addresses(activation: str, output: str, rule: type, dtype: np.dtype) -> tuple[int, int, int]:
    """Where the three pieces of a run lie."""
    single = dtype == np.float32
    return (
        piece(ACTIVATIONS[activation], single).address,
        piece(LOSSES[output], single).address,
        piece(RULES[rule.__name__], single).address,
    )


def call(context: Any, builder: Any, address: Any, arguments: list[Any]) -> Any:
    """Machine code that calls the C function at an address."""
    kind = ir.FunctionType(ir.VoidType(), [a.type for a in arguments])
    builder.call(builder.inttoptr(address, kind.as_pointer()), arguments)
    return context.get_dummy_value()


def data(context: Any, builder: Any, array: Any, value: Any, start: Any = None) -> Any:
    """Where an array's numbers lie, from number `start` on."""
    pointer = context.make_array(array)(context, builder, value=value).data
    return pointer if start is None else builder.gep(pointer, [start])


@intrinsic
def activate(typing_context, address, Z, S, start, size):
    """z becomes a = g(z) in place and S becomes g′(z), for `size` numbers of Z from `start` on."""

    def generate(context, builder, signature, arguments):
        at, z, s, first, n = arguments
        return call(context, builder, at, [data(context, builder, Z, z, first), data(context, builder, S, s, first), n])

    return types.none(types.int64, Z, S, types.int64, types.int64), generate


@intrinsic
def output_errors(typing_context, address, Z2, y, D, L, hyper, n_z, n_y, b):
    """D = ∂loss/∂Z2 `(n_z, b)` and L = each example's loss `(b,)`."""
    arrays = (Z2, y, D, L, hyper)

    def generate(context, builder, signature, arguments):
        pointers = [data(context, builder, kind, value) for kind, value in zip(arrays, arguments[1:6], strict=True)]
        return call(context, builder, arguments[0], [*pointers, *arguments[6:]])

    return types.none(types.int64, *arrays, *[types.int64] * 3), generate


@intrinsic
def change(typing_context, address, w, d, first, second, start, hyper, rate, size):
    """One update of `size` weights from number `start` on by their gradient d; memory that the rule does not use may be empty."""

    def generate(context, builder, signature, arguments):
        at, *values, begin, numbers, step, n = arguments
        pointers = [data(context, builder, kind, value, begin) for kind, value in zip((w, d, first, second), values, strict=True)]
        return call(context, builder, at, [*pointers, data(context, builder, hyper, numbers), step, n])

    return types.none(types.int64, w, d, first, second, types.int64, hyper, rate, types.int64), generate
