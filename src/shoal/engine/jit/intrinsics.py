"""Instructions for the kernels that Numba has no word for: bits of a float, eight numbers at once, counters that threads share.

And the tables of `kernels/ramps.py` as vector instructions: a tile's sums stay in registers, and no sum waits for the one before it.
"""

import sys
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from shoal.engine.jit import llvm
from shoal.engine.ramps import TILE

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
def fetch_number(typing_context, flat, i):
    """Ask the memory for number i of an array, which will be read soon."""

    def generate(context, builder, signature, arguments):
        llvm.prefetch(builder, llvm.data(context, builder, flat, *arguments))
        return context.get_dummy_value()

    return types.none(flat, types.int64), generate


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
    """XT[j … j+7, i … i+7] = X[i … i+7, j … j+7]ᵀ, once through vector registers; of float32 rows XT may be float64."""

    def generate(context, builder, signature, arguments):
        given, i_, j_, turned = arguments
        X_, XT_ = llvm.Matrix(context, builder, X, given), llvm.Matrix(context, builder, XT, turned)
        after = [llvm.whole(llvm.I64, k) for k in range(8)]
        lines = [X_.load(builder.add(i_, k), j_) for k in after]
        for k, line in enumerate(llvm.transposed(builder, lines)):
            XT_.store(line if X.dtype == XT.dtype else builder.fpext(line, XT_.eight), builder.add(j_, after[k]), i_)
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


# --- tables of ramps -----------------------------------------------------------------------------------------------------


WIDTH = 16  # numbers of a vector, of which a tile is PARTS: two registers of 512 bits in float32
PARTS = TILE // WIDTH


@intrinsic
def stack(typing_context, turned, first, start, stop, scale, table):
    """Of ramps start … stop − 1, one column's: `table[r]` = the sum of the weights before r, and r's own, of `turned[first + r]`."""

    def generate(context, builder, signature, arguments):
        code = llvm.VectorCode(context, builder, table.dtype, WIDTH)
        W, T = code.array(turned, arguments[0]).data, code.array(table, arguments[5]).data
        by, below = code.repeated(arguments[4]), code.sums(PARTS)
        with cgutils.for_range(builder, arguments[3], start=arguments[2]) as loop:
            row, place = code.times(builder.add(arguments[1], loop.index), TILE), code.times(loop.index, 2 * TILE)
            for q in range(PARTS):
                weight = builder.fmul(by, code.load(W, code.plus(row, q * WIDTH)))
                code.store(builder.load(below[q]), T, code.plus(place, q * WIDTH))
                code.store(weight, T, code.plus(place, TILE + q * WIDTH))
                code.add(below[q], weight)
        return context.get_dummy_value()

    return types.none(turned, types.int64, types.int64, types.int64, scale, table), generate


@intrinsic
def look_up(typing_context, table, at, share, i, Z, u, column):
    """Z[u … u + 31, column … column + 7] += what rows i … i + 7 look up in every column of `at`."""

    def generate(context, builder, signature, arguments):
        code = llvm.VectorCode(context, builder, table.dtype, WIDTH)
        T, A, F = (code.array(kind, v) for kind, v in zip((table, at, share), arguments[:3], strict=True))
        n = builder.extract_value(A.shape, 1)
        found = [code.sums(PARTS) for _ in range(8)]
        first = [builder.mul(code.plus(arguments[3], k), n) for k in range(8)]
        with cgutils.for_range(builder, n) as loop:
            for k in range(8):
                here = builder.add(first[k], loop.index)
                ramp_row = code.times(code.index(A.data, here), 2 * TILE)
                up = code.repeated(code.load_one(F.data, here))
                for q in range(PARTS):
                    code.add(found[k][q], code.load(T.data, code.plus(ramp_row, q * WIDTH)))
                    code.add(found[k][q], code.load(T.data, code.plus(ramp_row, TILE + q * WIDTH)), up)
        out = llvm.Matrix(context, builder, Z, arguments[4])
        for q in range(PARTS):
            rows = [builder.load(sums[q]) for sums in found]
            for low in range(0, WIDTH, 8):
                lines = [code.part(r, low, 8) for r in rows]
                for k, line in enumerate(llvm.transposed(builder, lines)):
                    out.add(line, code.plus(arguments[5], q * WIDTH + low + k), arguments[6])
        return context.get_dummy_value()

    return types.none(table, at, share, types.int64, Z, types.int64, types.int64), generate


@intrinsic
def add_up(typing_context, errors, rows, shares, low, high, table, r):
    """`table[r]` = Σ f·dz and Σ dz over the rows numbered `rows[low … high − 1]`; two at a time, so that no sum waits for itself."""

    def generate(context, builder, signature, arguments):
        code = llvm.VectorCode(context, builder, errors.dtype, WIDTH)
        E, R, F = (code.array(kind, v).data for kind, v in zip((errors, rows, shares), arguments[:3], strict=True))
        low_, high_, out = arguments[3], arguments[4], code.array(table, arguments[5]).data
        sums = [[code.sums(PARTS) for _ in range(2)] for _ in range(2)]

        def add(number: Any, to: list[list[Any]]) -> None:
            row = code.times(code.index(R, number), TILE)
            up = code.repeated(code.load_one(F, number))
            for q in range(PARTS):
                error = code.load(E, code.plus(row, q * WIDTH))
                code.add(to[0][q], error, up)
                code.add(to[1][q], error)

        n = builder.sub(high_, low_)
        with cgutils.for_range(builder, builder.ashr(n, llvm.whole(llvm.I64, 1))) as loop:
            number = builder.add(low_, code.times(loop.index, 2))
            add(number, sums[0])
            add(code.plus(number, 1), sums[1])
        with builder.if_then(builder.trunc(n, llvm.I1)):
            add(code.plus(high_, -1), sums[0])
        place = code.times(arguments[6], 2 * TILE)
        for which in range(2):
            for q in range(PARTS):
                total = builder.fadd(builder.load(sums[0][which][q]), builder.load(sums[1][which][q]), flags=llvm.SUM)
                code.store(total, out, code.plus(place, which * TILE + q * WIDTH))
        return context.get_dummy_value()

    return types.none(errors, rows, shares, types.int64, types.int64, table, types.int64), generate


@intrinsic
def unstack(typing_context, table, first, start, stop, scale, turned):
    """Of ramps start … stop − 1, one column's: `turned[first + r]` = what r's own rows gave and all of what those above it did."""

    def generate(context, builder, signature, arguments):
        code = llvm.VectorCode(context, builder, table.dtype, WIDTH)
        T, G = code.array(table, arguments[0]).data, code.array(turned, arguments[5]).data
        by, above = code.repeated(arguments[4]), code.sums(PARTS)
        with cgutils.for_range(builder, builder.sub(arguments[3], arguments[2])) as loop:
            r = code.plus(builder.sub(arguments[3], loop.index), -1)
            row, place = code.times(builder.add(arguments[1], r), TILE), code.times(r, 2 * TILE)
            for q in range(PARTS):
                mine = builder.fadd(code.load(T, code.plus(place, q * WIDTH)), builder.load(above[q]))
                code.store(builder.fmul(by, mine), G, code.plus(row, q * WIDTH))
                code.add(above[q], code.load(T, code.plus(place, TILE + q * WIDTH)))
        return context.get_dummy_value()

    return types.none(table, types.int64, types.int64, types.int64, scale, turned), generate


@intrinsic
def numbers_at(typing_context, address, like):
    """A pointer of the kind of `like` to an address."""

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], arguments[1].type)

    return like(types.int64, like), generate


@intrinsic
def places_at(typing_context, address):
    """A pointer to whole numbers of 32 bits."""

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.int32)(types.int64), generate


# --- rows as lists of inputs ---------------------------------------------------------------------------------------------


def list_sum_of(parts: int) -> Any:
    """`list_sum` for parts·WIDTH units at once, which stay in registers."""

    @intrinsic
    def list_sum(typing_context, W, first, row, columns, values, low, high, A, place):
        """A[place …] += Σ values[p] W[columns[p]·row + first …] over p = low … high − 1; two at a time, so that no sum waits for itself."""

        def generate(context, builder, signature, arguments):
            code = llvm.VectorCode(context, builder, W.dtype, WIDTH)
            w, names, numbers, out = (code.array(kind, arguments[k]).data for kind, k in ((W, 0), (columns, 3), (values, 4), (A, 7)))
            first_, row_, low_, high_, place_ = (arguments[k] for k in (1, 2, 5, 6, 8))
            sums = [code.sums(parts) for _ in range(2)]

            def add(number: Any, to: list[Any]) -> None:
                at = builder.add(builder.mul(code.index(names, number), row_), first_)
                value = code.repeated(code.load_one(numbers, number))
                for q in range(parts):
                    code.add(to[q], code.load(w, code.plus(at, q * WIDTH)), value)

            n = builder.sub(high_, low_)
            with cgutils.for_range(builder, builder.ashr(n, llvm.whole(llvm.I64, 1))) as loop:
                number = builder.add(low_, code.times(loop.index, 2))
                add(number, sums[0])
                add(code.plus(number, 1), sums[1])
            with builder.if_then(builder.trunc(n, llvm.I1)):
                add(code.plus(high_, -1), sums[0])
            for q in range(parts):
                at = code.plus(place_, q * WIDTH)
                total = builder.fadd(builder.load(sums[0][q]), builder.load(sums[1][q]), flags=llvm.SUM)
                code.store(builder.fadd(code.load(out, at), total, flags=llvm.SUM), out, at)
            return context.get_dummy_value()

        whole = types.int64
        return types.none(W, whole, whole, columns, values, whole, whole, A, whole), generate

    return list_sum


def spread_list_of(parts: int) -> Any:
    """`spread_list` for parts·WIDTH units at once, which stay in registers."""

    @intrinsic
    def spread_list(typing_context, E, place, columns, values, low, high, G, first, row):
        """G[columns[p]·row + first …] += values[p] E[place …] for p = low … high − 1."""

        def generate(context, builder, signature, arguments):
            code = llvm.VectorCode(context, builder, E.dtype, WIDTH)
            e, names, numbers, out = (code.array(kind, arguments[k]).data for kind, k in ((E, 0), (columns, 2), (values, 3), (G, 6)))
            place_, low_, high_, first_, row_ = (arguments[k] for k in (1, 4, 5, 7, 8))
            errors = [code.load(e, code.plus(place_, q * WIDTH)) for q in range(parts)]
            with cgutils.for_range(builder, high_, start=low_) as loop:
                start = builder.add(builder.mul(code.index(names, loop.index), row_), first_)
                value = code.repeated(code.load_one(numbers, loop.index))
                for q, error in enumerate(errors):
                    at = code.plus(start, q * WIDTH)
                    more = builder.fmul(value, error, flags=llvm.SUM)
                    code.store(builder.fadd(code.load(out, at), more, flags=llvm.SUM), out, at)
            return context.get_dummy_value()

        whole = types.int64
        return types.none(E, whole, columns, values, whole, whole, G, whole, whole), generate

    return spread_list


list_sum_4, list_sum_1 = list_sum_of(4), list_sum_of(1)
spread_list_4, spread_list_1 = spread_list_of(4), spread_list_of(1)
