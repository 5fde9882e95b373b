"""A product of matrices in LLVM's terms: tiles of the result stay in registers while they run along the inner axis.

Each number of the result is summed in the order of the inner axis, by multiply-adds that round once, whichever tile it lies in. So its bits
depend neither on the sizes of the matrices nor on what is computed beside it.
"""

from typing import Any

from numba import types
from numba.core import cgutils as untyped
from numba.core.errors import TypingError
from numba.extending import intrinsic

from shoal.engine.jit import llvm
from shoal.engine.jit.processor import tile

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


@intrinsic
def tiled_product(typing_context, a, b, c, M, K, N):
    """c `(M, N)` = a `(M, K)` times b `(K, N)`, plain memory row after row; c must not lie over the others."""

    chosen = tile()
    if chosen is None:
        raise TypingError("there are no tiles for the processors that this is compiled for")
    rows, vectors, n_bytes = chosen

    def generate(context, builder, signature, arguments):
        *pointers, M_, K_, N_ = arguments
        per_vector = n_bytes * 8 // a.dtype.bitwidth
        column = llvm.whole(llvm.I64, 0)
        for count, width in [(n, per_vector) for n in range(vectors, 1, -1)] + [(1, n) for n in _halves(per_vector)]:
            code = llvm.VectorCode(context, builder, a.dtype, width)
            strips = _Parts(builder, N_, column, count * width, back=count == 1)
            with cgutils.for_range(builder, strips.count) as strip:
                j, row = strips.at(strip.index), llvm.whole(llvm.I64, 0)
                for n_rows in _halves(rows):
                    tiles = _Parts(builder, M_, row, n_rows, back=True)
                    with cgutils.for_range(builder, tiles.count) as one:
                        _tile(code, n_rows, count, tuple(pointers), (K_, N_), (tiles.at(one.index), j))
                    row = tiles.end
            column = strips.end
        return context.get_dummy_value()

    return types.none(a, b, c, M, K, N), generate
