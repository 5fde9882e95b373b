"""LLVM instructions by hand: what the intrinsics of this package and of `kernels/dispatch.py` are made of.

Pointers are opaque, `ptr`: each instruction names the type that it reads or writes, and no pointer does. Numba's own pointers still have a
pointee, which LLVM ignores. Where llvmlite's builder asks for one, the instruction is inserted here: private names seen in llvmlite 0.45
to 0.50.
"""

from typing import Any

from llvmlite import ir
from llvmlite.ir.instructions import CastInstr, StoreAtomicInstr
from numba.core import cgutils as untyped

cgutils: Any = untyped
POINTER = ir.PointerType()
NOTHING = ir.VoidType()
I1, I8, I32, I64 = ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64)
FLOAT, DOUBLE = ir.FloatType(), ir.DoubleType()
SUM = ("contract", "reassoc", "nsz")  # the order of a sum is free
ROUNDED_ONCE = ("contract",)  # it is not, but a product and the sum that it enters may be rounded once


def whole(kind: Any, value: Any) -> Any:
    """A constant whole number of a type, or a vector of them."""
    return ir.Constant(kind, value)


class FunctionAt(CastInstr):
    """An address as what `call` calls. The builder asks a callee for its type, which an opaque pointer does not have."""

    function_type: Any = None  # of every value llvmlite's own is a property without a setter

    def __init__(self, builder: Any, address: Any, kind: Any) -> None:
        super().__init__(builder.block, "inttoptr", address, POINTER)
        self.function_type = kind
        builder._insert(self)


def call(context: Any, builder: Any, address: Any, arguments: list[Any]) -> Any:
    """Machine code that calls the C function at an address."""
    kind = ir.FunctionType(ir.VoidType(), [a.type for a in arguments])
    builder.call(FunctionAt(builder, address, kind), arguments)
    return context.get_dummy_value()


def call_by_name(builder: Any, name: str, result: Any, *arguments: Any) -> Any:
    """Machine code that calls a function of the C library."""
    kind = ir.FunctionType(result, [a.type for a in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)


def place(builder: Any, pointer: Any, number: Any, element: Any) -> Any:
    """The pointer to element `number` of those that begin at a pointer."""
    found = builder.gep(pointer, [number], source_etype=element)
    found.type = POINTER  # llvmlite gives it the type of Numba's pointer, pointee and all
    return found


def data(context: Any, builder: Any, array: Any, value: Any, start: Any = None) -> Any:
    """Where an array's numbers lie, from number `start` on."""
    pointer = context.make_array(array)(context, builder, value=value).data
    return pointer if start is None else place(builder, pointer, start, context.get_data_type(array.dtype))


def store_atomic(builder: Any, value: Any, pointer: Any, ordering: str, align: int) -> None:
    """Write a number that other threads read. llvmlite's own asks the pointer for its pointee."""
    builder._insert(StoreAtomicInstr(builder.block, value, pointer, ordering, align))


def prefetch(builder: Any, pointer: Any) -> None:
    """Ask the memory for what lies there: to be read, and kept in all caches."""
    ask = builder.module.declare_intrinsic("llvm.prefetch", [POINTER], ir.FunctionType(ir.VoidType(), [POINTER, I32, I32, I32]))
    reading, to_keep, of_data = (ir.Constant(I32, value) for value in (0, 3, 1))
    builder.call(ask, [pointer, reading, to_keep, of_data])


def power_of_two(builder: Any, exponent: Any, bias: int, fraction: int, number: Any, bits: Any) -> Any:
    """2ⁿ by writing the exponent bits of a number of `fraction` bits behind them; `exponent` is whole, of the type `bits`."""
    written = builder.shl(builder.add(exponent, ir.Constant(bits, bias)), ir.Constant(bits, fraction))
    return builder.bitcast(written, number)


def transposed(builder: Any, lines: list[Any]) -> list[Any]:
    """Eight vectors of eight as rows → as columns: three rounds of swaps between pairs of rows, of one, two and four numbers."""
    rounds = (
        (1, [0, 8, 2, 10, 4, 12, 6, 14], [1, 9, 3, 11, 5, 13, 7, 15]),
        (2, [0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]),
        (4, [0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15]),
    )
    indices = ir.VectorType(I32, 8)
    for apart, low, high in rounds:
        mixed = list(lines)
        for k in range(8):
            if not k & apart:
                pair = lines[k], lines[k + apart]
                mixed[k], mixed[k + apart] = (builder.shuffle_vector(*pair, ir.Constant(indices, chosen)) for chosen in (low, high))
        lines = mixed
    return lines


class Matrix:
    """A matrix of Numba's, of which eight numbers of a row are read or written at once."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        self.builder, self.given = builder, context.make_array(kind)(context, builder, value=value)
        self.element, self.size = context.get_data_type(kind.dtype), kind.dtype.bitwidth // 8
        self.eight = ir.VectorType(self.element, 8)

    def at(self, row: Any, column: Any) -> Any:
        """The pointer to one number."""
        number = self.builder.add(self.builder.mul(row, self.builder.extract_value(self.given.shape, 1)), column)
        return place(self.builder, self.given.data, number, self.element)

    def load(self, row: Any, column: Any) -> Any:
        """Eight numbers."""
        return self.builder.load(self.at(row, column), align=self.size, typ=self.eight)

    def store(self, value: Any, row: Any, column: Any) -> None:
        """Eight numbers."""
        self.builder.store(value, self.at(row, column), align=self.size)

    def add(self, value: Any, row: Any, column: Any) -> None:
        """Eight numbers to those that are there."""
        here = self.at(row, column)
        self.builder.store(self.builder.fadd(self.builder.load(here, align=self.size, typ=self.eight), value), here, align=self.size)


class VectorCode:
    """Machine code over vectors of `width` numbers."""

    def __init__(self, context: Any, builder: Any, number: Any, width: int) -> None:
        self.context, self.builder, self.width = context, builder, width
        self.number = context.get_data_type(number)
        self.vector = ir.VectorType(self.number, width)
        self.size = number.bitwidth // 8

    def array(self, kind: Any, value: Any) -> Any:
        """An array's data and shape."""
        return self.context.make_array(kind)(self.context, self.builder, value=value)

    def plus(self, a: Any, b: int) -> Any:
        """a + b of whole numbers."""
        return self.builder.add(a, ir.Constant(I64, b)) if b else a

    def times(self, a: Any, b: int) -> Any:
        """a · b of whole numbers."""
        return self.builder.mul(a, ir.Constant(I64, b))

    def load(self, data: Any, number: Any) -> Any:
        """A vector from memory."""
        return self.builder.load(place(self.builder, data, number, self.number), align=self.size, typ=self.vector)

    def store(self, value: Any, data: Any, number: Any) -> None:
        """A vector into memory."""
        self.builder.store(value, place(self.builder, data, number, self.number), align=self.size)

    def load_one(self, data: Any, number: Any) -> Any:
        """One number from memory."""
        return self.builder.load(place(self.builder, data, number, self.number), typ=self.number)

    def index(self, data: Any, number: Any) -> Any:
        """A whole number of 32 bits from memory, as one of 64."""
        return self.builder.sext(self.builder.load(place(self.builder, data, number, I32), typ=I32), I64)

    def repeated(self, number: Any) -> Any:
        """A vector of one number."""
        one = self.builder.insert_element(ir.Constant(self.vector, ir.Undefined), number, ir.Constant(I32, 0))
        return self.builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(I32, self.width), [0] * self.width))

    def part(self, vector: Any, low: int, n: int) -> Any:
        """Numbers low … low + n − 1 of a vector."""
        return self.builder.shuffle_vector(vector, vector, ir.Constant(ir.VectorType(I32, n), list(range(low, low + n))))

    def sums(self, n: int) -> list[Any]:
        """n vectors that begin at 0 and stay in registers."""
        places = [cgutils.alloca_once(self.builder, self.vector) for _ in range(n)]
        for where in places:
            self.builder.store(ir.Constant(self.vector, [0.0] * self.width), where)
        return places

    def sum_of(self, vector: Any) -> Any:
        """The sum of a vector's numbers, by halves."""
        width = self.width
        while width > 1:
            width //= 2
            halves = (ir.Constant(ir.VectorType(I32, width), list(range(low, low + width))) for low in (0, width))
            low, high = (self.builder.shuffle_vector(vector, vector, half) for half in halves)
            vector = self.builder.fadd(low, high, flags=SUM)
        return self.builder.extract_element(vector, ir.Constant(I32, 0))

    def add(self, where: Any, value: Any, factor: Any = None, flags: tuple[str, ...] = SUM) -> None:
        """A sum plus a value, or plus factor times the value."""
        value = value if factor is None else self.builder.fmul(factor, value, flags=flags)
        self.builder.store(self.builder.fadd(self.builder.load(where), value, flags=flags), where)
