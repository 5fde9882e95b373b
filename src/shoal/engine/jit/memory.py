"""Memory for kernels: what an update, a sum or a prediction is computed in.

Kernels own no arrays, so that no references are counted (`compiler.UNCOUNTED`). A kernel reserves memory at its beginning, lays arrays over
it (`array_at`), and gives it back before it returns. It begins at a line of the cache, as loads of 64 bytes should. Private names seen in
Numba 0.62 to 0.68.
"""

from typing import Any

from numba import types
from numba.core import cgutils as untyped
from numba.extending import intrinsic

from shoal.engine.jit import llvm

cgutils: Any = untyped
LINE = 64  # bytes of a line of the cache
KEPT = 8  # bytes of a pointer


@intrinsic
def reserve(typing_context, like, size):
    """A pointer to `size` numbers of the kind of an array, not set to anything; to nothing where there is no memory (`given`)."""

    def generate(context, builder, signature, arguments):
        n_bytes = builder.mul(arguments[1], llvm.whole(llvm.I64, like.dtype.bitwidth // 8))
        found = llvm.call_by_name(builder, "malloc", llvm.POINTER, builder.add(n_bytes, llvm.whole(llvm.I64, 2 * LINE)))
        start = builder.ptrtoint(found, llvm.I64)
        line = builder.and_(builder.add(start, llvm.whole(llvm.I64, 2 * LINE - 1)), llvm.whole(llvm.I64, -LINE))
        there = builder.icmp_unsigned("!=", start, llvm.whole(llvm.I64, 0))
        after = builder.select(there, builder.sub(line, start), llvm.whole(llvm.I64, 0))
        with builder.if_then(there):  # where it began is kept just below, for `give_back`
            builder.store(found, llvm.place(builder, found, builder.sub(after, llvm.whole(llvm.I64, KEPT)), llvm.I8))
        return as_numbers(context, builder, signature, llvm.place(builder, found, after, llvm.I8))

    return types.CPointer(like.dtype)(like, types.int64), generate


@intrinsic
def give_back(typing_context, first):
    """Free what `reserve` gave, if it gave any."""

    def generate(context, builder, signature, arguments):
        with builder.if_then(builder.icmp_unsigned("!=", builder.ptrtoint(arguments[0], llvm.I64), llvm.whole(llvm.I64, 0))):
            kept = llvm.place(builder, arguments[0], llvm.whole(llvm.I64, -KEPT), llvm.I8)
            llvm.call_by_name(builder, "free", llvm.NOTHING, builder.load(kept, typ=llvm.POINTER))
        return context.get_dummy_value()

    return types.none(first), generate


@intrinsic
def given(typing_context, first):
    """Whether `reserve` found memory."""

    def generate(context, builder, signature, arguments):
        return builder.icmp_unsigned("!=", builder.ptrtoint(arguments[0], llvm.I64), llvm.whole(llvm.I64, 0))

    return types.boolean(first), generate


@intrinsic
def behind(typing_context, first, size):
    """The pointer to number `size` of those that begin at a pointer."""

    def generate(context, builder, signature, arguments):
        found = llvm.place(builder, arguments[0], arguments[1], context.get_data_type(first.dtype))
        return as_numbers(context, builder, signature, found)

    return first(first, types.int64), generate


@intrinsic
def pointer(typing_context, array, start):
    """The pointer to number `start` of an array without gaps."""

    def generate(context, builder, signature, arguments):
        return as_numbers(context, builder, signature, llvm.data(context, builder, array, *arguments))

    return types.CPointer(array.dtype)(array, types.int64), generate


@intrinsic
def array_at(typing_context, first, shape):
    """An array of a shape, row after row, over memory that others own: Numba's `carray`, which returns an array and therefore counts."""
    axes = shape.count if isinstance(shape, types.BaseTuple) else 1

    def generate(context, builder, signature, arguments):
        from numba.np import arrayobj  # for compiling alone: loading code does not need its 15 ms

        data, lengths = arguments
        sizes = cgutils.unpack_tuple(builder, lengths) if isinstance(shape, types.BaseTuple) else [lengths]
        itemsize = context.get_constant(types.intp, first.dtype.bitwidth // 8)
        strides, step = [], itemsize
        for size in reversed(sizes):
            strides.insert(0, step)
            step = builder.mul(step, size)
        found = context.make_array(signature.return_type)(context, builder)
        arrayobj.populate_array(found, data, sizes, strides, itemsize, None)
        return found._getvalue()

    taken = types.UniTuple(types.int64, axes) if isinstance(shape, types.BaseTuple) else types.int64
    return types.Array(first.dtype, axes, "C")(first, taken), generate


@intrinsic(prefer_literal=True)
def few(typing_context, like, size):
    """A pointer to `size` numbers, a constant, of the kind of a number, until the function returns."""

    def generate(context, builder, signature, arguments):
        room = cgutils.alloca_once(builder, context.get_data_type(like), size=size.literal_value)
        return as_numbers(context, builder, signature, room)

    return types.CPointer(like)(like, size), generate


def as_numbers(context: Any, builder: Any, signature: Any, opaque: Any) -> Any:
    """An opaque pointer as one of Numba's."""
    return builder.bitcast(opaque, context.get_value_type(signature.return_type))
