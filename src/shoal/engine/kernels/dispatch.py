"""Run-time dispatch of activation, loss and optimizer inside the compiled kernels.

Each is a C function of its own, compiled when it is first requested; the kernels receive its address and call it on plain
memory. So the functions add up and do not multiply: the kernels are compiled once for a precision, whatever is trained.
They compute what `textbook/activations.py`, `losses.py` and `optimizers.py` do, held equal by `tests/equal/test_e2_*`.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from shoal.engine.jit.compiler import c_function
from shoal.engine.jit.llvm import call, data
from shoal.engine.jit.memory import array_at, behind
from shoal.engine.jit.signatures import taken
from shoal.engine.kernels import ramps
from shoal.engine.kernels.activations import ACTIVATIONS
from shoal.engine.kernels.losses import LOSSES
from shoal.engine.kernels.optimizers import LATE, RULES, late_adam
from shoal.engine.kernels.own import own_address
from shoal.engine.kernels.products import TILE, multiply, product
from shoal.engine.kernels.vecmath import turn
from shoal.textbook.own_name import OwnName

MANY = 4  # outputs, from which on the output layer is a product of tiles; of fewer, one of single rows is faster (`products.multiply_rows`)


def product_logits(product, w2, z, z2, n_z, h, b):
    """z2 `(n_z, b)` = W2 `(n_z, h)` times the units' values `z (h, b)`; `product` is the address of `products.product`."""
    multiply(product, array_at(w2, (n_z, h)), array_at(z, (h, b)), array_at(z2, (n_z, b)))


def product_gradients(product, w2, z, d, t, gw2, n_z, h, b):
    """gw2 `(n_z, h)` = D Aᵀ, then W2ᵀ D in the place of `z (h, b)`; `d (n_z, b)`, and `t (n_z·(h + b),)` to turn matrices in."""
    Z, D, W2, gW2 = array_at(z, (h, b)), array_at(d, (n_z, b)), array_at(w2, (n_z, h)), array_at(gw2, (n_z, h))
    found, turned = array_at(t, (h, n_z)), array_at(behind(t, h * n_z), (b, n_z))
    turn(D, turned)
    multiply(product, Z, turned, found)  # A Dᵀ: of few outputs it is cheaper to turn these than A
    turn(found, gW2)
    turn(W2, found)
    multiply(product, found, D, Z)


KINDS = (  # with their arguments, as `jit.signatures` names types
    (ACTIVATIONS.values(), "v* v* i"),
    (LOSSES.values(), "v* v* v* v* v* i i i"),
    (RULES.values(), "v* v* v* v* v* v i"),
    (LATE.values(), "v* v* v* v* v* v* v* i i"),
    ((late_adam,), "v* v* v* v* v* v* i"),
    ((product,), "v* v* v* i i i"),
    ((product_logits,), "i v* v* v* i i i"),
    ((product_gradients,), "i v* v* v* v* v* i i i"),
    ((ramps.layer_1,), "i* i* v* v* v* i"),
    ((ramps.layer_1_gradient,), "i* v* v* v* i"),
)


def c_functions() -> dict[Callable[..., None], str]:
    """Every function that is called by its address, with its arguments; those that a caller added to a table among them."""
    return {function: words for functions, words in KINDS for function in functions}


@cache
def compiled(function: Callable[..., None], single: bool) -> Any:
    """The function compiled for float32 or float64, as a C function with an address."""
    signature = types.void(*taken((c_functions()[function],), types.float32 if single else types.float64))
    return c_function(function, signature, in_order=function is product)


def activation_address(name: str, single: bool) -> int:
    """Where an activation lies, one of the user's own among them."""
    return own_address(name, single) if isinstance(name, OwnName) else int(compiled(ACTIVATIONS[name], single).address)


def loss_address(name: str, single: bool) -> int:
    """Where a loss lies, one of the user's own among them."""
    return own_address(name, single) if isinstance(name, OwnName) else int(compiled(LOSSES[name], single).address)


def product_bytes() -> int:
    """The bytes of the registers that products of matrices use; 0 where they are the library's."""
    return 0 if TILE is None else TILE[2]


def product_address(single: bool) -> int:
    """Where the product of matrices lies."""
    return int(compiled(product, single).address)


def addresses(activation: str, output: str, rule: type | None, n_z: int, dtype: np.dtype) -> tuple[int, int, int, int, int, int]:
    """The addresses of a run's functions: 0 for no rule, the last two 0 for so few outputs that no product serves them."""
    single, many = dtype == np.float32, n_z >= MANY
    return (
        product_address(single),
        activation_address(activation, single),
        loss_address(output, single),
        compiled(RULES[rule.__name__], single).address if rule else 0,
        compiled(product_logits, single).address if many else 0,
        compiled(product_gradients, single).address if many else 0,
    )


def late(rule: type, dtype: np.dtype) -> tuple[int, int]:
    """Where the rule that makes up for several updates lies, and the one that does it at once: 0 but for Adam."""
    single, adam = dtype == np.float32, rule.__name__ == late_adam.__name__.removeprefix("late_").capitalize()
    return compiled(LATE[rule.__name__], single).address, compiled(late_adam, single).address if adam else 0


def ramp_functions(dtype: np.dtype) -> tuple[int, int, int]:
    """Where the product of matrices, layer 1 over looked-up ramps and its gradient lie."""
    single = dtype == np.float32
    return product_address(single), compiled(ramps.layer_1, single).address, compiled(ramps.layer_1_gradient, single).address


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


@intrinsic
def catch_up(typing_context, address, w, d, first, second, start, hyper, rates, lefts, low, k, size):
    """k updates of `size` weights from number `start` on, with the rates and what decay leaves from number `low` on."""

    def generate(context, builder, signature, arguments):
        at, *values, begin, numbers, rates_, lefts_, low_, k_, n = arguments
        pointers = [data(context, builder, kind, value, begin) for kind, value in zip((w, d, first, second), values, strict=True)]
        pointers += [data(context, builder, hyper, numbers)]
        pointers += [data(context, builder, kind, value, low_) for kind, value in ((rates, rates_), (lefts, lefts_))]
        return call(context, builder, at, [*pointers, k_, n])

    whole = types.int64
    return types.none(types.int64, w, d, first, second, whole, hyper, rates, lefts, whole, whole, whole), generate


@intrinsic
def catch_up_at_once(typing_context, address, w, d, first, second, start, hyper, series, row, size):
    """`late_adam` of `size` weights from number `start` on, with the series from number `row` on."""

    def generate(context, builder, signature, arguments):
        at, *values, begin, numbers, terms, row_, n = arguments
        pointers = [data(context, builder, kind, value, begin) for kind, value in zip((w, d, first, second), values, strict=True)]
        pointers += [data(context, builder, hyper, numbers), data(context, builder, series, terms, row_)]
        return call(context, builder, at, [*pointers, n])

    whole = types.int64
    return types.none(types.int64, w, d, first, second, whole, hyper, series, whole, whole), generate


@intrinsic
def many_logits(typing_context, address, product, W2, first, Z, low, Z2, n_z, h, b):
    """`product_logits` of weights from number `first` of W2 on and units from number `low` of Z on."""

    def generate(context, builder, signature, arguments):
        at, by, w, begin, z, start, out, *sizes = arguments
        pointers = [data(context, builder, W2, w, begin), data(context, builder, Z, z, start), data(context, builder, Z2, out)]
        return call(context, builder, at, [by, *pointers, *sizes])

    return types.none(types.int64, types.int64, W2, types.int64, Z, types.int64, Z2, *[types.int64] * 3), generate


@intrinsic
def many_gradients(typing_context, address, product, W2, first, Z, low, D, T, gW2, n_z, h, b):
    """`product_gradients` of weights from number `first` of W2 and gW2 on and units from number `low` of Z on."""

    def generate(context, builder, signature, arguments):
        at, by, w, begin, z, start, d, turned, out, *sizes = arguments
        pointers = [data(context, builder, W2, w, begin), data(context, builder, Z, z, start)]
        pointers += [data(context, builder, D, d), data(context, builder, T, turned), data(context, builder, gW2, out, begin)]
        return call(context, builder, at, [by, *pointers, *sizes])

    return types.none(types.int64, types.int64, W2, types.int64, Z, types.int64, D, T, gW2, *[types.int64] * 3), generate


@intrinsic
def layer_1(typing_context, address, lookup, order, first, W1, XT, Z, b):
    """`ramps.layer_1` of the b rows from number `first` of `order` on."""
    arrays = W1, XT, Z

    def generate(context, builder, signature, arguments):
        at, numbers, rows, begin, *values, n = arguments
        pointers = [data(context, builder, kind, value) for kind, value in zip(arrays, values, strict=True)]
        return call(
            context, builder, at, [data(context, builder, lookup, numbers), data(context, builder, order, rows, begin), *pointers, n]
        )

    return types.none(types.int64, lookup, order, types.int64, *arrays, types.int64), generate


@intrinsic
def layer_1_gradient(typing_context, address, lookup, dZ, Xb, gW1, b):
    """`ramps.layer_1_gradient` of the rows that `layer_1` saw last."""
    arrays = lookup, dZ, Xb, gW1

    def generate(context, builder, signature, arguments):
        at, *values, n = arguments
        return call(context, builder, at, [*(data(context, builder, k, v) for k, v in zip(arrays, values, strict=True)), n])

    return types.none(types.int64, *arrays, types.int64), generate
