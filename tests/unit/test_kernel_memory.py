"""Memory that kernels reserve, and that nothing compiled owns an array or counts references to one."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core.caching import NullCache
from numba.core.errors import NumbaError

import shoal
from shoal.engine.arguments import FITS, NO_ROOM, refuse
from shoal.engine.kernels import train_module
from shoal.errors import TooLargeError

train_module()  # sets the cache's folder before anything of the engine is compiled
from shoal.engine.jit import compiler  # noqa: E402
from shoal.engine.jit.memory import array_at, behind, few, give_back, given, pointer, reserve  # noqa: E402


def compiled(words):
    """A kernel for these types, kept nowhere and listed nowhere."""

    def decorate(function):
        made = compiler.kernel(words)(function)
        compiler.KERNELS.remove(made)
        made._cache = NullCache()
        made.compile(made.declared[0])
        return made

    return decorate


@pytest.fixture(scope="module")
def reserving():
    @compiled("f1 i i f1")
    def kernel(like, rows, columns, found):
        memory = reserve(like, 2 * rows * columns)
        if not given(memory):
            give_back(memory)  # of nothing: nothing
            return NO_ROOM
        first, second = array_at(memory, (rows, columns)), array_at(behind(memory, rows * columns), (rows, columns))
        for i in range(rows):
            for j in range(columns):
                first[i, j], second[i, j] = i, j
        for i in range(rows):
            for j in range(columns):
                found[0] += first[i, j]
                found[1] += second[i, j]
        found[2] = first.ctypes.data % 64
        give_back(memory)
        return FITS

    return kernel


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (16, 16), (1000, 3), (0, 4)])
def test_memory_is_ones_own_and_begins_at_a_line_of_the_cache(reserving, shape):
    found, grid = np.zeros(3), np.indices(shape)
    assert reserving(np.zeros(0), *shape, found) == FITS
    assert found.tolist() == [grid[0].sum(), grid[1].sum(), 0]


def test_without_memory_nothing_is_written_and_the_error_says_so(reserving):
    assert reserving(np.zeros(0), 2**40, 2**18, np.zeros(3)) == NO_ROOM  # 2⁶² bytes
    with pytest.raises(TooLargeError, match="fewer hidden units"):
        refuse(NO_ROOM)


def test_room_of_a_function():
    @compiled("f1 i")
    def kernel(values, n):
        room = array_at(few(values[0], 7), 7)
        for i in range(n):
            room[i % 7] = i
            values[0] += room[i % 7]
        return n

    values = np.zeros(1)
    assert kernel(values, 20) == 20
    assert values[0] == 190


def test_an_array_over_another():
    @compiled("f1 f2")
    def kernel(values, found):
        matrix = array_at(pointer(values, 2), (2, 3))
        for i in range(2):
            for j in range(3):
                found[i, j] = matrix[i, j]
        return FITS

    found = np.zeros((2, 3))
    kernel(np.arange(9.0), found)
    assert found.tolist() == [[2, 3, 4], [5, 6, 7]]


def test_a_kernel_that_would_own_an_array_does_not_compile():
    with pytest.raises(NumbaError):

        @compiled("f1")
        def kernel(values):
            return np.empty(values.size).size


def test_a_kernel_that_calls_a_kernel_does_not_compile():
    """Of a kernel only machine code is kept."""

    @compiled("f1")
    def first(values):
        return values.size

    with pytest.raises(TypeError, match="a kernel: let both call an `inner` function"):

        @compiled("f1")
        def second(values):
            return first(values)


SOURCE = """
import sys
import numpy as np
from shoal.engine.kernels import train_module
train_module()
from numba.core.errors import NumbaError
from shoal.engine.jit import compiler

@compiler.kernel("f1")
def first(values):
    return values.size

@compiler.kernel("f1")
def second(values):
    return first(values)

assert first(np.zeros(3)) == 3
print(len(first.stats.cache_hits))
try:
    second(np.zeros(3))
except TypeError as error:
    print(error)
"""


def test_nor_does_one_that_calls_a_kernel_from_the_disk(tmp_path):
    """Of which only the names of its functions were read: linked, it would return whatever lies in a register."""
    path = tmp_path / "calling.py"
    path.write_text(SOURCE)
    surroundings = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(Path(shoal.__file__).parents[1])}
    for hits in (0, 1):
        done = subprocess.run([sys.executable, str(path)], env=surroundings, capture_output=True, text=True, timeout=300, check=True)
        found, said = done.stdout.split("\n", 1)
        assert int(found) == hits
        assert "a kernel: let both call an `inner` function" in said


def test_no_code_counts_references():
    """Numba's functions that count have names with NRT, and a function that takes parts of arrays and hands them on would call them."""

    @compiler.inner
    def total(matrix, row):
        return matrix[row].sum()

    @compiled("f2 f1")
    def kernel(matrix, found):
        for i in range(matrix.shape[0]):
            found[i : i + 1][0] = total(matrix[: i + 1], i)
        return FITS

    found = np.zeros(4)
    kernel(np.arange(8.0).reshape(4, 2), found)
    assert found.tolist() == [1, 5, 9, 13]
    (code,) = kernel.inspect_llvm().values()
    assert "define" in code
    assert "NRT_" not in code
