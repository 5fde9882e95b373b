"""Layer 1 over ramps without a product: the ramps of a column are ramp_positions, and a row looks up where it stands on them.

Of a column's ramps a row has 1 … 1, f, 0 … 0. So W1 times them is the sum of the weights of the ramp_positions below plus f times
the weight of the one it stands on, and in the gradient a row gives f of its error to its own ramp and all of it to those below.
Per row, column and unit these are three operations, where a product takes two for every ramp.

Units are worked on by TILE, so that tables and errors of a tile stay in the level-1 cache and sums in registers.
`benchmarks/ramps_product.py` times it; `tests/equal/test_ramps.py` holds it equal to the product.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.core import cgutils
from numba.extending import intrinsic

from shoal.engine.jit import inner
from shoal.engine.kernels.vecmath import eights, keep_apart, of, transposed, turn
from shoal.engine.ramps import ARRAYS, COLUMNS, INPUTS, LOOKUP_SIZE, N1, PLAIN, RAMPS, TILE, UNITS, RampArrays

WIDTH = 16  # numbers of a vector, of which a tile is PARTS: two registers of 512 bits in float32
PARTS = TILE // WIDTH
SUM = ("contract", "reassoc", "nsz")


class Code:
    """What the intrinsics below have in common: machine code over vectors of WIDTH numbers."""

    def __init__(self, context: Any, builder: Any, number: Any) -> None:
        self.context, self.builder = context, builder
        self.vector = ir.VectorType(context.get_data_type(number), WIDTH)
        self.size = number.bitwidth // 8
        self.whole = ir.IntType(64)

    def array(self, kind: Any, value: Any) -> Any:
        """An array's data and shape."""
        return self.context.make_array(kind)(self.context, self.builder, value=value)

    def plus(self, a: Any, b: int) -> Any:
        """a + b of whole numbers."""
        return self.builder.add(a, ir.Constant(self.whole, b)) if b else a

    def times(self, a: Any, b: int) -> Any:
        """a · b of whole numbers."""
        return self.builder.mul(a, ir.Constant(self.whole, b))

    def vector_at(self, data: Any, number: Any) -> Any:
        """Where WIDTH numbers begin."""
        return self.builder.bitcast(self.builder.gep(data, [number]), self.vector.as_pointer())

    def load(self, data: Any, number: Any) -> Any:
        """WIDTH numbers from memory."""
        return self.builder.load(self.vector_at(data, number), align=self.size)

    def store(self, value: Any, data: Any, number: Any) -> None:
        """WIDTH numbers into memory."""
        self.builder.store(value, self.vector_at(data, number), align=self.size)

    def index(self, data: Any, number: Any) -> Any:
        """A whole number of 32 bits from memory, as one of 64."""
        return self.builder.sext(self.builder.load(self.builder.gep(data, [number])), self.whole)

    def repeated(self, number: Any) -> Any:
        """A vector of one number."""
        i32 = ir.IntType(32)
        one = self.builder.insert_element(ir.Constant(self.vector, ir.Undefined), number, ir.Constant(i32, 0))
        return self.builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(i32, WIDTH), [0] * WIDTH))

    def sums(self, n: int) -> list[Any]:
        """n vectors that begin at 0 and stay in registers."""
        places = [cgutils.alloca_once(self.builder, self.vector) for _ in range(n)]
        for place in places:
            self.builder.store(ir.Constant(self.vector, [0.0] * WIDTH), place)
        return places

    def add(self, place: Any, value: Any, factor: Any = None) -> None:
        """A sum plus a value, or plus factor times the value."""
        value = value if factor is None else self.builder.fmul(factor, value, flags=SUM)
        self.builder.store(self.builder.fadd(self.builder.load(place), value, flags=SUM), place)


@intrinsic
def stack(typing_context, turned, first, start, stop, scale, table):
    """Of ramps start … stop − 1, one column's: `table[r]` = the sum of the weights before r, and r's own, of `turned[first + r]`."""

    def generate(context, builder, signature, arguments):
        code = Code(context, builder, table.dtype)
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
        code = Code(context, builder, table.dtype)
        T, A, F = (code.array(kind, v) for kind, v in zip((table, at, share), arguments[:3], strict=True))
        n = builder.extract_value(A.shape, 1)
        found = [code.sums(PARTS) for _ in range(8)]
        first = [builder.mul(code.plus(arguments[3], k), n) for k in range(8)]
        with cgutils.for_range(builder, n) as loop:
            for k in range(8):
                here = builder.add(first[k], loop.index)
                ramp_row = code.times(code.index(A.data, here), 2 * TILE)
                up = code.repeated(builder.load(builder.gep(F.data, [here])))
                for q in range(PARTS):
                    code.add(found[k][q], code.load(T.data, code.plus(ramp_row, q * WIDTH)))
                    code.add(found[k][q], code.load(T.data, code.plus(ramp_row, TILE + q * WIDTH)), up)
        out, half = eights(context, builder, Z, arguments[4]), ir.VectorType(ir.IntType(32), 8)
        for q in range(PARTS):
            rows = [builder.load(sums[q]) for sums in found]
            for low in range(0, WIDTH, 8):
                lines = [builder.shuffle_vector(r, r, ir.Constant(half, list(range(low, low + 8)))) for r in rows]
                for k, line in enumerate(transposed(builder, lines)):
                    place = out(code.plus(arguments[5], q * WIDTH + low + k), arguments[6])
                    builder.store(builder.fadd(builder.load(place, align=code.size), line), place, align=code.size)
        return context.get_dummy_value()

    return types.none(table, at, share, types.int64, Z, types.int64, types.int64), generate


@intrinsic
def add_up(typing_context, errors, rows, shares, low, high, table, r):
    """`table[r]` = Σ f·dz and Σ dz over the rows numbered `rows[low … high − 1]`; two at a time, so that no sum waits for itself."""

    def generate(context, builder, signature, arguments):
        code = Code(context, builder, errors.dtype)
        E, R, F = (code.array(kind, v).data for kind, v in zip((errors, rows, shares), arguments[:3], strict=True))
        low_, high_, out = arguments[3], arguments[4], code.array(table, arguments[5]).data
        sums = [[code.sums(PARTS) for _ in range(2)] for _ in range(2)]

        def add(number: Any, to: list[list[Any]]) -> None:
            row = code.times(code.index(R, number), TILE)
            up = code.repeated(builder.load(builder.gep(F, [number])))
            for q in range(PARTS):
                error = code.load(E, code.plus(row, q * WIDTH))
                code.add(to[0][q], error, up)
                code.add(to[1][q], error)

        n = builder.sub(high_, low_)
        with cgutils.for_range(builder, builder.ashr(n, ir.Constant(code.whole, 1))) as loop:
            number = builder.add(low_, code.times(loop.index, 2))
            add(number, sums[0])
            add(code.plus(number, 1), sums[1])
        with builder.if_then(builder.trunc(n, ir.IntType(1))):
            add(code.plus(high_, -1), sums[0])
        place = code.times(arguments[6], 2 * TILE)
        for which in range(2):
            for q in range(PARTS):
                total = builder.fadd(builder.load(sums[0][which][q]), builder.load(sums[1][which][q]), flags=SUM)
                code.store(total, out, code.plus(place, which * TILE + q * WIDTH))
        return context.get_dummy_value()

    return types.none(errors, rows, shares, types.int64, types.int64, table, types.int64), generate


@intrinsic
def unstack(typing_context, table, first, start, stop, scale, turned):
    """Of ramps start … stop − 1, one column's: `turned[first + r]` = what r's own rows gave and all of what those above it did."""

    def generate(context, builder, signature, arguments):
        code = Code(context, builder, table.dtype)
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
        return builder.inttoptr(arguments[0], ir.IntType(32).as_pointer())

    return types.CPointer(types.int32)(types.int64), generate


@inner
def arrays_of(lookup, like, b):
    """The arrays of a lookup for a batch of b rows, numbers of the kind that `like` points to."""
    keep_apart()
    d = carray(lookup, LOOKUP_SIZE)
    n_r, c, n1, plain, H = d[RAMPS], d[COLUMNS], d[N1], d[PLAIN], d[UNITS]
    up = (b + 7) // 8 * 8
    return RampArrays(
        carray(places_at(d[ARRAYS]), (1, c)),  # and more: how many rows there are is not needed
        carray(numbers_at(d[ARRAYS + 1], like), (1, c)),
        carray(places_at(d[ARRAYS + 2]), c + 1),
        carray(numbers_at(d[ARRAYS + 3], like), n_r + 1),
        carray(places_at(d[ARRAYS + 4]), (up, c)),
        carray(numbers_at(d[ARRAYS + 5], like), (up, c)),
        carray(places_at(d[ARRAYS + 6]), b * c),
        carray(numbers_at(d[ARRAYS + 7], like), b * c),
        carray(places_at(d[ARRAYS + 8]), n_r + 1),
        carray(numbers_at(d[ARRAYS + 9], like), (n_r, 2 * TILE)),
        carray(numbers_at(d[ARRAYS + 10], like), (n1, TILE)),
        carray(numbers_at(d[ARRAYS + 11], like), (b, TILE)),
        carray(numbers_at(d[ARRAYS + 12], like), (TILE, 8)),
        carray(numbers_at(d[ARRAYS + 13], like), (H, plain)),
        carray(numbers_at(d[ARRAYS + 14], like), (H, plain)),
    )


@inner
def positions_of_batch(arrays, order, b):
    """On which ramps the rows of `order (b,)` stand and how far up, and the rows of every ramp."""
    keep_apart()
    c, bounds, at, share = arrays.at.shape[1], arrays.bounds, arrays.batch_at, arrays.batch_share
    bounds[:] = 0
    for i in range(b):
        row = order[i]
        for j in range(c):
            at[i, j], share[i, j] = arrays.at[row, j], arrays.share[row, j]
    for i in range(b):
        for j in range(c):
            bounds[at[i, j] + 1] += 1
    for r in range(bounds.size - 1):
        bounds[r + 1] += bounds[r]
    for i in range(b - 1, -1, -1):  # from behind, so that each ramp's end comes down to its beginning
        for j in range(c):
            ramp = at[i, j]
            last = bounds[ramp + 1] - 1
            bounds[ramp + 1] = last
            arrays.rows[last], arrays.shares[last] = i, share[i, j]
    for r in range(bounds.size - 1):
        bounds[r] = bounds[r + 1]
    bounds[bounds.size - 1] = b * c


def layer_1(lookup, order, w1, xt, z, b):
    """z `(H, b)` = W1 `(H, n1)` times the rows `order (b,)`; their inputs without ramps and the bias, `xt (plain, b)`, as a product."""
    d = carray(lookup, LOOKUP_SIZE)
    n, n_r, c, H, in_eights = d[INPUTS], d[RAMPS], d[COLUMNS], d[UNITS], b // 8 * 8
    arrays = arrays_of(lookup, z, b)
    W1, Z, W, tail, shift = carray(w1, (H, d[N1])), carray(z, (H, b)), arrays.W, arrays.tail, arrays.shift
    positions_of_batch(arrays, carray(order, b), b)
    zero = of(shift[0], 0.0)
    for u in range(H):
        total = zero
        for r in range(n_r):
            total += shift[r] * W1[u, n + r]
        for j in range(n):
            W[u, j] = W1[u, j]
        W[u, n] = W1[u, n + n_r] - total
        for j in range(n + 1, W.shape[1]):
            W[u, j] = zero
    np.dot(W, carray(xt, (d[PLAIN], b)), Z)
    for u in range(0, H, TILE):
        turn(W1[u : u + TILE], arrays.turned)
        for j in range(c):
            stack(arrays.turned, n, arrays.starts[j], arrays.starts[j + 1], shift[n_r], arrays.table)
        for i in range(0, b, 8):
            whole = i < in_eights
            if not whole:
                tail[:] = zero
            look_up(arrays.table, arrays.batch_at, arrays.batch_share, i, Z if whole else tail, u if whole else 0, i if whole else 0)
        for k in range(TILE):
            for i in range(in_eights, b):
                Z[u + k, i] += tail[k, i - in_eights]


def layer_1_gradient(lookup, dz, xb, gw1, b):
    """gw1 `(H, n1)` = dz `(H, b)` times the rows that `layer_1` saw last, whose inputs without ramps are `xb (b, plain)`."""
    d = carray(lookup, LOOKUP_SIZE)
    n, n_r, c, H = d[INPUTS], d[RAMPS], d[COLUMNS], d[UNITS]
    arrays = arrays_of(lookup, dz, b)
    dZ, gW1, gW, shift = carray(dz, (H, b)), carray(gw1, (H, d[N1])), arrays.gW, arrays.shift
    np.dot(dZ, carray(xb, (b, d[PLAIN])), gW)
    for u in range(0, H, TILE):
        turn(dZ[u : u + TILE], arrays.errors)
        for r in range(n_r):
            add_up(arrays.errors, arrays.rows, arrays.shares, arrays.bounds[r], arrays.bounds[r + 1], arrays.table, r)
        for j in range(c):
            unstack(arrays.table, n, arrays.starts[j], arrays.starts[j + 1], shift[n_r], arrays.turned)
        turn(arrays.turned, gW1[u : u + TILE])
    for u in range(H):
        total = gW[u, n]
        for j in range(n):
            gW1[u, j] = gW[u, j]
        for r in range(n_r):
            gW1[u, n + r] -= shift[r] * total
        gW1[u, n + n_r] = total
        for j in range(n + n_r + 1, gW1.shape[1]):
            gW1[u, j] = of(total, 0.0)
