"""Single instructions for the kernels that Numba has no word for: bits of a float, eight numbers at once, counters that threads share."""

import sys

from numba import types
from numba.extending import intrinsic

from shoal.engine.jit import llvm

YIELD = "SwitchToThread" if sys.platform == "win32" else "sched_yield"


@intrinsic
def keep_apart(typing_context):
    """Mark the function that calls this as one that is called, never copied into its caller: it halves compile time."""

    def generate(context, builder, signature, arguments):
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.none(), generate


@intrinsic
def of(typing_context, x, value):
    """`value` in the precision of x."""

    def generate(context, builder, signature, arguments):
        return context.cast(builder, arguments[1], signature.args[1], signature.return_type)

    return x(x, value), generate


@intrinsic
def power_of_two_32(typing_context, n):
    """2ⁿ for a float32 n that is whole, −126 ≤ n ≤ 127, by writing its exponent bits."""

    def generate(context, builder, signature, arguments):
        return llvm.power_of_two(builder, builder.fptosi(arguments[0], llvm.I32), 127, 23, llvm.FLOAT, llvm.I32)

    return types.float32(types.float32), generate


@intrinsic
def power_of_two_64(typing_context, n):
    """2ⁿ for a float64 n that is whole, −1022 ≤ n ≤ 1023; by way of int32, which vectorizes where int64 does not."""

    def generate(context, builder, signature, arguments):
        exponent = builder.sext(builder.fptosi(arguments[0], llvm.I32), llvm.I64)
        return llvm.power_of_two(builder, exponent, 1023, 52, llvm.DOUBLE, llvm.I64)

    return types.float64(types.float64), generate


@intrinsic
def fetch(typing_context, X, i, j):
    """Ask the memory for number j of row i of X, which will be read soon."""

    def generate(context, builder, signature, arguments):
        X_, i_, j_ = arguments
        llvm.prefetch(builder, llvm.Matrix(context, builder, X, X_).at(i_, j_))
        return context.get_dummy_value()

    return types.none(X, types.int64, types.int64), generate


@intrinsic
def copy_8_by_8(typing_context, X, eight, j, Xb, i, XT):
    """Numbers j … j+7 of `eight` rows of X into rows i … i+7 of Xb, and transposed into XT, once through vector registers."""
    whole = types.int64

    def generate(context, builder, signature, arguments):
        given, rows, j_, kept, i_, turned = arguments
        X_, Xb_, XT_ = (llvm.Matrix(context, builder, kind, v) for kind, v in ((X, given), (Xb, kept), (XT, turned)))
        after = [llvm.whole(llvm.I64, k) for k in range(8)]
        lines = [X_.load(builder.extract_value(rows, k), j_) for k in range(8)]
        for k, line in enumerate(lines):
            Xb_.store(line, builder.add(i_, after[k]), j_)
        for k, line in enumerate(llvm.transposed(builder, lines)):
            XT_.store(line, builder.add(j_, after[k]), i_)
        return context.get_dummy_value()

    return types.none(X, types.UniTuple(whole, 8), whole, Xb, whole, XT), generate


@intrinsic
def turn_8_by_8(typing_context, X, i, j, XT):
    """XT[j … j+7, i … i+7] = X[i … i+7, j … j+7]ᵀ, once through vector registers."""

    def generate(context, builder, signature, arguments):
        given, i_, j_, turned = arguments
        X_, XT_ = llvm.Matrix(context, builder, X, given), llvm.Matrix(context, builder, XT, turned)
        after = [llvm.whole(llvm.I64, k) for k in range(8)]
        lines = [X_.load(builder.add(i_, k), j_) for k in after]
        for k, line in enumerate(llvm.transposed(builder, lines)):
            XT_.store(line, builder.add(j_, after[k]), i_)
        return context.get_dummy_value()

    return types.none(X, types.int64, types.int64, XT), generate


@intrinsic
def claim(typing_context, counters, place, before):
    """Raise a counter from `before` by one, if no other thread has; says whether it did."""

    def generate(context, builder, signature, arguments):
        kept, at, number = arguments
        after = builder.add(number, llvm.whole(llvm.I64, 1))
        found = builder.cmpxchg(llvm.data(context, builder, counters, kept, at), number, after, "acq_rel", "monotonic")
        return builder.extract_value(found, 1)

    return types.boolean(counters, types.int64, types.int64), generate


@intrinsic
def write_counter(typing_context, counters, place, value):
    """Write a counter, after everything that was written before."""

    def generate(context, builder, signature, arguments):
        kept, at, number = arguments
        llvm.store_atomic(builder, number, llvm.data(context, builder, counters, kept, at), "release", 8)
        return context.get_dummy_value()

    return types.none(counters, types.int64, types.int64), generate


@intrinsic
def read_counter(typing_context, counters, place):
    """Read a counter, before everything that is read afterwards."""

    def generate(context, builder, signature, arguments):
        return builder.load_atomic(llvm.data(context, builder, counters, *arguments), "acquire", 8, typ=llvm.I64)

    return types.int64(counters, types.int64), generate


@intrinsic
def yield_core(typing_context):
    """Let another thread have the core."""

    def generate(context, builder, signature, arguments):
        llvm.call_by_name(builder, YIELD, llvm.I32)
        return context.get_dummy_value()

    return types.none(), generate
