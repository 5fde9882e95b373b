"""The types that kernels are compiled for, in words: each kernel names its own, so that all code can be compiled before it is needed.

A word is `v` for a number of the run's precision, `f` for one of 64 bits, `i` and `u` for whole numbers, `h` for one of 32 bits, `b` for
true or false, followed by the number of axes of an array, or by `*` for a pointer. A pair of a NamedTuple's class and words is one
argument.
"""

from typing import Any

from numba import types as numba_types

types: Any = numba_types
NUMBERS: dict[str, Any] = {"f": types.float64, "i": types.int64, "h": types.int32, "u": types.uint64, "b": types.boolean}
PRECISIONS: tuple[Any, Any] = types.float32, types.float64


def taken(given: tuple[Any, ...], number: Any) -> tuple[Any, ...]:
    """The types of the arguments, where a run's numbers are of the type `number`."""
    found: list[Any] = []
    for part in given:
        if isinstance(part, str):
            found += [one(word, number) for word in part.split()]
        else:
            kind, words = part
            found.append(types.BaseTuple.from_types(taken((words,), number), kind))
    return tuple(found)


def one(word: str, number: Any) -> Any:
    """The type that a word stands for."""
    element = {**NUMBERS, "v": number}[word[0]]
    if word[1:] == "*":
        return types.CPointer(element)
    return types.Array(element, int(word[1:]), "C") if word[1:] else element


def signatures(given: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """All types that a kernel is compiled for: of both precisions, or once where none of its numbers is of the run's."""
    single, double = (taken(given, number) for number in PRECISIONS)
    return [single] if single == double else [single, double]
