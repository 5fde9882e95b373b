"""C = A B, compiled: what a layer computes of a batch, and its gradient.

OpenBLAS is made for large matrices, packs them first, and has code for the processors that it knows by name. The products of shallow
networks are small, so that tiles in registers suffice. Measurements: `docs/engine.md`; `tests/equal/test_products.py`.
"""

from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from shoal.engine.jit.compiler import inner
from shoal.engine.jit.llvm import call, data
from shoal.engine.jit.memory import pointer
from shoal.engine.jit.processor import tile
from shoal.engine.jit.products import library_product, row_product, tiled_product

TILE = tile()
DEEPEST = 2048  # of a longer inner axis, the columns that a tile reads leave the level-2 cache


if TILE is not None:

    def product(a, b, c, M, K, N):
        """c `(M, N)` = a `(M, K)` times b `(K, N)`, row after row."""
        if K > DEEPEST:
            library_product(a, b, c, M, K, N)
        else:
            tiled_product(a, b, c, M, K, N)

else:

    def product(a, b, c, M, K, N):
        """c `(M, N)` = a `(M, K)` times b `(K, N)`, row after row."""
        library_product(a, b, c, M, K, N)


@intrinsic
def multiply(typing_context, address, A, B, C):
    """C = A B, of arrays without gaps; C must not lie over the others."""
    if any(array.layout != "C" for array in (A, B, C)):
        raise TypingError(f"a product of {A}, {B} and {C}: one of them may have gaps")

    def generate(context, builder, signature, arguments):
        at, *values = arguments
        given = [context.make_array(kind)(context, builder, value=value) for kind, value in zip((A, B, C), values, strict=True)]
        M, inner = cgutils.unpack_tuple(builder, given[0].shape)
        N = builder.extract_value(given[1].shape, 1)
        return call(context, builder, at, [*(data(context, builder, k, v) for k, v in zip((A, B, C), values, strict=True)), M, inner, N])

    return types.none(types.int64, A, B, C), generate


@inner
def multiply_rows(A, first, B, low, C, K):
    """C `(M, N)` = K numbers a row from number `first` of A on, times K rows of B from number `low` on: of few rows one by one."""
    for row in range(C.shape[0]):
        row_product(pointer(A, first + row * K), pointer(B, low), pointer(C, row * C.shape[1]), K, C.shape[1])
