"""Kinds of fields in a model file: kinds of values and of arrays, each with a check that names the field.

A kind describes one field as plain data; `schema` consists of them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shoal.errors import ModelFileError
from shoal.textbook.own_name import OwnName

Sizes = dict[str, int]  # the values of the letters of shapes, as far as they are known

LONGEST_TEXT = 1_000_000
MOST_NESTED = 8


class Kind(Protocol):
    """The kind of a value of the manifest."""

    def check(self, value: Any, where: str, sizes: Sizes) -> None:
        """Refuse another value with a `ModelFileError` that names the field."""


def refuse(where: str, value: Any, wanted: str) -> ModelFileError:
    """The error for a field with another value."""
    return ModelFileError(f"{where} is {shortened(value)}, not {wanted}")


def shortened(value: Any) -> str:
    """A value for a message."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def adds_up(counts: NDArray[np.int64], n: int) -> bool:
    """Whether counts add up to n. In Python's numbers: a sum of int64 overflows past 2⁶³."""
    return bool(sum(counts.tolist()) == n)


@dataclass(frozen=True)
class Text:
    """A text: one of the choices if there are any; of these characters, each once at most, if there are any."""

    choices: tuple[str, ...] = ()
    empty: bool = True
    characters: str = ""

    def check(self, value: Any, where: str, sizes: Sizes) -> None:
        if type(value) is not str or len(value) > LONGEST_TEXT or not (value or self.empty):
            raise refuse(where, value, "a text")
        if self.choices and value not in self.choices:
            raise refuse(where, value, f"one of {', '.join(map(repr, self.choices))}")
        if self.characters and (len(set(value)) < len(value) or not set(value) <= set(self.characters)):
            raise refuse(where, value, f"characters of {self.characters!r}, each once at most")


@dataclass(frozen=True)
class NameOf:
    """A name of one of the user's own functions (`textbook.own_name`), or one of the choices."""

    choices: tuple[str, ...]

    def check(self, value: Any, where: str, sizes: Sizes) -> None:
        if not isinstance(value, OwnName):
            Text(self.choices).check(value, where, sizes)


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def check(self, value: Any, where: str, sizes: Sizes) -> None:
        if type(value) is not bool:
            raise refuse(where, value, "true or false")


@dataclass(frozen=True)
class Whole:
    """A whole number from `low` on, up to `high`."""

    low: int = 0
    high: int = 2**64 - 1

    def check(self, value: Any, where: str, sizes: Sizes) -> None:
        if type(value) is not int or not self.low <= value <= self.high:
            raise refuse(where, value, f"a whole number from {self.low} to {self.high}")


@dataclass(frozen=True)
class Real:
    """A finite number within `low` and `high`, without the ends if `open`."""

    low: float = -math.inf
    high: float = math.inf
    open: bool = False

    def check(self, value: Any, where: str, sizes: Sizes) -> None:
        good = type(value) is float and math.isfinite(value)
        if not good or not (self.low < value < self.high if self.open else self.low <= value <= self.high):
            ends = f"between {self.low} and {self.high}" if self.open else f"from {self.low} to {self.high}"
            raise refuse(where, value, f"a finite number {ends}")


@dataclass(frozen=True)
class Maybe:
    """Nothing (null), or a value of a kind."""

    kind: Kind

    def check(self, value: Any, where: str, sizes: Sizes) -> None:
        if value is not None:
            self.kind.check(value, where, sizes)


@dataclass(frozen=True)
class Items:
    """A list of values of one kind; `size` is the letter of its length."""

    kind: Kind
    size: str = ""
    apart: bool = False  # all entries differ
    rising: bool = False

    def check(self, value: Any, where: str, sizes: Sizes) -> None:
        if type(value) is not list:
            raise refuse(where, value, "a list")
        if self.size and len(value) != sizes.setdefault(self.size, len(value)):
            raise ModelFileError(f"{where} has {len(value)} entries, and there must be {sizes[self.size]}")
        for i, item in enumerate(value):
            self.kind.check(item, f"{where}[{i}]", sizes)
        if self.apart and len(set(value)) < len(value):
            raise ModelFileError(f"{where} holds an entry twice")
        if self.rising and any(a >= b for a, b in pairwise(value)):
            raise ModelFileError(f"{where} is not sorted")


@dataclass(frozen=True)
class Record:
    """A mapping with exactly these fields; those in `optional` may be missing."""

    fields: Mapping[str, Kind]
    optional: frozenset[str] = frozenset()

    def check(self, value: Any, where: str, sizes: Sizes) -> None:
        if type(value) is not dict:
            raise refuse(where, value, "a record")
        lacking, more = set(self.fields) - self.optional - set(value), set(value) - set(self.fields)
        if lacking or more:
            what = f"lacks {sorted(lacking)[0]!r}" if lacking else f"has {shortened(sorted(more)[0])}, which is none of its fields"
            raise ModelFileError(f"{where} {what}")
        for name, kind in self.fields.items():
            if name in value:
                kind.check(value[name], f"{where}.{name}", sizes)


@dataclass(frozen=True)
class Named:
    """A mapping from any names to values of one kind."""

    kind: Kind

    def check(self, value: Any, where: str, sizes: Sizes) -> None:
        if type(value) is not dict:
            raise refuse(where, value, "a record")
        for name, item in value.items():
            self.kind.check(item, f"{where}.{shortened(name)}", sizes)


@dataclass(frozen=True)
class Label:
    """A class label: a text, a truth value or a finite number."""

    def check(self, value: Any, where: str, sizes: Sizes) -> None:
        if type(value) not in (str, bool, int, float) or (type(value) is float and not math.isfinite(value)):
            raise refuse(where, value, "a label: a text, a truth value or a finite number")


@dataclass(frozen=True)
class Setting:
    """The value of an estimator's parameter, as `coded` writes it."""

    def check(self, value: Any, where: str, sizes: Sizes) -> None:
        _check_setting(value, where, 0)


def _check_setting(value: Any, where: str, depth: int) -> None:
    if value is None or type(value) in (bool, int, str) or isinstance(value, OwnName) or (type(value) is float and math.isfinite(value)):
        return
    name, inside = next(iter(value.items())) if type(value) is dict and len(value) == 1 else ("", None)
    if name == "float" and inside in ("inf", "-inf", "nan"):
        return
    if name in ("tuple", "list", "mapping", "array") and type(inside) is list and depth < MOST_NESTED:
        for item in inside:
            if name == "mapping" and not (type(item) is list and len(item) == 2):
                raise refuse(where, item, "a pair")
            if name == "mapping" and type(item[0]) is dict and "float" not in item[0]:
                raise refuse(where, item[0], "what a key can be: a text, a truth value, a number or null")
            for part in item if name == "mapping" else [item]:
                _check_setting(part, where, depth + 1)
        return
    raise refuse(where, value, "a setting")


@dataclass(frozen=True)
class Array:
    """An array of a file: its types in NumPy's short form, its shape in letters and numbers, and the range of its entries."""

    types: tuple[str, ...]
    shape: tuple[str | int, ...]
    low: float = -math.inf
    high: float = math.inf
    above: bool = False  # `low` itself is excluded
    rising: bool = False  # strictly, along the first axis
    sorted: bool = False  # along the first axis, equal ones allowed
    nan: bool = False  # values that are not finite are allowed: a network that diverged has no loss
    part_of: str = ""  # present if and only if this part of the model is; "?": optional

    def check_header(self, name: str, dtype: str, shape: tuple[int, ...], sizes: Sizes) -> None:
        """Refuse another type or shape; unknown letters get this array's sizes."""
        if dtype not in self.types:
            raise ModelFileError(f"the array {name!r} is of {dtype}, not {' or '.join(self.types)}")
        wanted = [size if isinstance(size, int) else sizes.get(size, -1) for size in self.shape]
        if len(shape) != len(wanted) or any(w not in (-1, n) for w, n in zip(wanted, shape, strict=True)):
            known = ", ".join(f"{s} = {w}" if isinstance(s, str) and w != -1 else str(s) for s, w in zip(self.shape, wanted, strict=True))
            raise ModelFileError(f"the array {name!r} has the shape {shape}, not ({known})")
        sizes.update((size, n) for size, n in zip(self.shape, shape, strict=True) if isinstance(size, str))

    def check_values(self, name: str, values: NDArray[Any]) -> None:
        """Refuse entries out of range or out of order."""
        if values.dtype.kind == "b" or not values.size:
            return
        if not self.nan and not np.isfinite(values).all():
            raise ModelFileError(f"the array {name!r} holds what is not a finite number")
        low, high = (float(extreme.reduce(values, axis=None)) for extreme in (np.fmin, np.fmax))
        too_low = low < self.low or (self.above and low <= self.low)
        if too_low or high > self.high:
            raise ModelFileError(f"the array {name!r} holds {low if too_low else high:g}, which is out of range")
        steps = values[1:] > values[:-1] if self.rising else values[1:] >= values[:-1]
        if (self.rising or self.sorted) and not steps.all():
            raise ModelFileError(f"the array {name!r} is not increasing")
