"""A product of matrices in LLVM's terms: tiles of the result stay in registers while they run along the inner axis. And the library's.

Each number of the result is summed in the order of the inner axis, by multiply-adds that round once, whichever tile it lies in. So its bits
depend neither on the sizes of the matrices nor on what is computed beside it.
"""

from typing import Any

from numba import types
from numba.core import cgutils as untyped
from numba.core.errors import TypingError
from numba.extending import intrinsic

from shoal.engine.jit import llvm
from shoal.engine.jit.processor import register_bytes, tile

cgutils: Any = untyped


class _Parts:
    """Parts of an axis, `size` long, from `start` on: their `count`, and where they `end`.

    What is left over after whole parts is left alone; with `back`, if it is more than half of one, a last part reaches back into the one
    before: some numbers are computed twice, to the same bits.
    """

    def __init__(self, builder: Any, size: Any, start: Any, part: int, *, back: bool) -> None:
        self.builder, self.start, self.whole = builder, start, llvm.whole(llvm.I64, part)
        left = builder.sub(size, start)
        count = builder.sdiv(left, self.whole)
        if back and part > 1:
            rest = builder.sub(left, builder.mul(count, self.whole))
            much = builder.icmp_signed(">", rest, llvm.whole(llvm.I64, part // 2))
            room = builder.icmp_signed(">=", size, self.whole)
            count = builder.add(count, builder.zext(builder.and_(much, room), llvm.I64))
        self.count, self.last = count, builder.sub(size, self.whole)
        self.end = self._least(builder.add(start, builder.mul(count, self.whole)), size)

    def _least(self, a: Any, b: Any) -> Any:
        return self.builder.select(self.builder.icmp_signed("<", a, b), a, b)

    def at(self, number: Any) -> Any:
        """Where a part begins."""
        return self._least(self.builder.add(self.start, self.builder.mul(number, self.whole)), self.last)


def _halves(n: int) -> list[int]:
    """n, n/2, n/4 … 1."""
    return [n >> k for k in range(n.bit_length())]


def _tile(code: llvm.VectorCode, rows: int, vectors: int, pointers: tuple[Any, ...], sizes: tuple[Any, ...], at: tuple[Any, Any]) -> None:
    """C[i … i + rows − 1, j … j + vectors·width − 1] = the rows of A times the columns of B."""
    builder, (a, b, c), (K, N), (i, j) = code.builder, pointers, sizes, at
    first = [builder.mul(code.plus(i, r), K) for r in range(rows)]
    sums = [code.sums(vectors) for _ in range(rows)]
    with cgutils.for_range(builder, K) as loop:
        place = builder.add(builder.mul(loop.index, N), j)
        line = [code.load(b, code.plus(place, q * code.width)) for q in range(vectors)]
        for r in range(rows):
            factor = code.repeated(code.load_one(a, builder.add(first[r], loop.index)))
            for q in range(vectors):
                code.add(sums[r][q], line[q], factor, flags=llvm.ROUNDED_ONCE)
    for r in range(rows):
        place = builder.add(builder.mul(code.plus(i, r), N), j)
        for q in range(vectors):
            code.store(builder.load(sums[r][q]), c, code.plus(place, q * code.width))


def _strips(code_of: Any, builder: Any, sizes: tuple[Any, ...], most: list[tuple[int, int]], each: Any) -> None:
    """Call `each(code, count, column)` for strips of columns of `count` vectors, of the widths and counts `most`, the widest first."""
    column = llvm.whole(llvm.I64, 0)
    for count, width in most:
        strips = _Parts(builder, sizes[1], column, count * width, back=count == 1)
        with cgutils.for_range(builder, strips.count) as strip:
            each(code_of(width), count, strips.at(strip.index))
        column = strips.end


def _strip_sizes(vectors: list[int], per_vector: int) -> list[tuple[int, int]]:
    """Vectors of a strip and numbers of a vector: whole registers, then parts of one for what is left over."""
    return [(n, per_vector) for n in vectors] + [(1, n) for n in _halves(per_vector)]


@intrinsic
def tiled_product(typing_context, a, b, c, M, K, N):
    """c `(M, N)` = a `(M, K)` times b `(K, N)`, plain memory row after row; c must not lie over the others."""

    chosen = tile()
    if chosen is None:
        raise TypingError("there are no tiles for the processors that this is compiled for")
    rows, vectors, n_bytes = chosen

    def generate(context, builder, signature, arguments):
        *pointers, M_, K_, N_ = arguments

        def each(code: llvm.VectorCode, count: int, j: Any) -> None:
            row = llvm.whole(llvm.I64, 0)
            for n_rows in _halves(rows):
                tiles = _Parts(builder, M_, row, n_rows, back=True)
                with cgutils.for_range(builder, tiles.count) as one:
                    _tile(code, n_rows, count, tuple(pointers), (K_, N_), (tiles.at(one.index), j))
                row = tiles.end

        sizes = _strip_sizes(list(range(vectors, 1, -1)), n_bytes * 8 // a.dtype.bitwidth)
        _strips(lambda width: llvm.VectorCode(context, builder, a.dtype, width), builder, (M_, N_), sizes, each)
        return context.get_dummy_value()

    return types.none(a, b, c, M, K, N), generate


@intrinsic
def row_product(typing_context, a, b, c, K, N):
    """c `(N,)` = a `(K,)` times b `(K, N)`, plain memory: of the one row more numbers at once than in a tile of `tiled_product`."""

    def generate(context, builder, signature, arguments):
        *pointers, K_, N_ = arguments
        row = llvm.whole(llvm.I64, 0)

        def each(code: llvm.VectorCode, count: int, j: Any) -> None:
            _tile(code, 1, count, tuple(pointers), (K_, N_), (row, j))

        sizes = _strip_sizes([8, 4, 2], register_bytes() * 8 // a.dtype.bitwidth)
        _strips(lambda width: llvm.VectorCode(context, builder, a.dtype, width), builder, (row, N_), sizes, each)
        return context.get_dummy_value()

    return types.none(a, b, c, K, N), generate


@intrinsic
def unit_errors(typing_context, d, z, s, w, b):
    """Σ d z over b examples of a hidden unit; z becomes w d s. Of one output: errors d, the unit's values z and slopes s, plain memory."""

    def generate(context, builder, signature, arguments):
        *pointers, weight, b_ = arguments
        number, start = context.get_data_type(d.dtype), llvm.whole(llvm.I64, 0)
        total = cgutils.alloca_once_value(builder, llvm.whole(number, 0.0))
        for width in _halves(register_bytes() * 8 // d.dtype.bitwidth):
            code = llvm.VectorCode(context, builder, d.dtype, width)
            factor, (sums,) = code.repeated(weight), code.sums(1)
            parts = _Parts(builder, b_, start, width, back=False)
            with cgutils.for_range(builder, parts.count) as part:
                i = parts.at(part.index)
                errors, values, slopes = (code.load(pointer, i) for pointer in pointers)
                code.add(sums, values, errors)
                code.store(builder.fmul(builder.fmul(factor, errors, flags=llvm.SUM), slopes, flags=llvm.SUM), pointers[1], i)
            builder.store(builder.fadd(builder.load(total), code.sum_of(builder.load(sums)), flags=llvm.SUM), total)
            start = parts.end
        return builder.load(total)

    return d.dtype(d, z, s, w, types.int64), generate


@intrinsic
def library_product(typing_context, a, b, c, M, K, N):
    """c `(M, N)` = a `(M, K)` times b `(K, N)` by the matrix library of SciPy, as Numba calls it: a private name seen in 0.62 to 0.68."""

    def generate(context, builder, signature, arguments):
        *pointers, M_, K_, N_ = arguments
        first, second, out = (builder.bitcast(pointer, cgutils.voidptr_t) for pointer in pointers)
        number = context.get_data_type(a.dtype)
        one, zero = (
            builder.bitcast(cgutils.alloca_once_value(builder, llvm.whole(number, value)), cgutils.voidptr_t) for value in (1.0, 0.0)
        )
        kind, as_it_is = (llvm.whole(llvm.I8, ord(letter)) for letter in ("s" if a.dtype == types.float32 else "d", "n"))
        # the library's columns are our rows: Cᵀ = Bᵀ Aᵀ
        numbers = kind, as_it_is, as_it_is, N_, M_, K_, one, second, N_, first, K_, zero, out, N_
        llvm.call_by_name(builder, "numba_xxgemm", llvm.I32, *numbers)
        return context.get_dummy_value()

    return types.none(a, b, c, M, K, N), generate
