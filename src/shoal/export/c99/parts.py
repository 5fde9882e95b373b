"""What the C of a model calls its parts, and how it writes numbers and tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shoal.errors import ExportError
from shoal.export.names import comment, identifier
from shoal.export.portable import Portable
from shoal.table import Field

Precision = Literal["double", "float"]


@dataclass(frozen=True)
class CNames:
    """Identifiers, no two alike.

    Attributes
    ----------
    prefix : str
        What files, types and functions begin with.
    fields : tuple of str
        Members of the row; one array `x` where the columns have no names of their own.
    levels : tuple of tuples of str
        Enumerators of each field: an empty cell, every level (an empty cell's own excepted), the rest; none for a number.
    numbered : bool
        Whether the row is an array.
    """

    prefix: str
    fields: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    numbered: bool

    @property
    def macro(self) -> str:
        """The prefix of constants."""
        return self.prefix.upper()


def c_names(model: Portable, name: str) -> CNames:
    """Identifiers for every part of a model."""
    prefix = identifier(name[:20], set(), "model")
    numbered = model.is_bare and [field.name for field in model.fields] == [f"x{j}" for j in range(len(model.fields))]
    taken: set[str] = set()
    fields = [f"x[{j}]" if numbered else identifier(field.name, taken, f"column_{j + 1}") for j, field in enumerate(model.fields)]
    taken = set()
    levels = []
    for field, member in zip(model.fields, fields, strict=True):
        inside = ["MISSING", *own_levels(field), "OTHER"] if field.kind == "category" else []
        begin = f"{prefix}_{member}".upper()
        words = (identifier(text, set(), f"level_{i}") for i, text in enumerate(inside))
        levels.append(tuple(identifier_of(f"{begin}_{word}".upper(), taken) for word in words))
    return CNames(prefix, tuple(fields), tuple(levels), numbered)


def identifier_of(word: str, taken: set[str]) -> str:
    """The word, numbered where it is taken."""
    free, number = word, 1
    while free in taken:
        number += 1
        free = f"{word}_{number}"
    taken.add(free)
    return free


def own_levels(field: Field) -> list[str]:
    """Levels beside that of an empty cell."""
    return [text for i, text in enumerate(field.levels) if i != field.missing]


def places(field: Field, first: int) -> list[int]:
    """For an empty cell, every own level and the rest: the prepared column that becomes 1, −1 for none."""
    n = len(field.levels) + field.has_other
    order = [field.missing, *(i for i in range(len(field.levels)) if i != field.missing), len(field.levels)]
    return [first + i if i < n else -1 for i in order]


def described_cell(field: Field) -> str:
    """What belongs in a cell of a number, for the comment behind it."""
    what = {
        "number": "a number",
        "boolean": "1 for true, 0 for false",
        "date": "seconds since 1970-01-01 00:00 UTC",
        "category": "a level",
    }[field.kind]
    return f"{comment(repr(field.name))}: {what}"


def numbers(values: Iterable[float], precision: str = "double") -> str:
    """A C initializer's numbers, the shortest texts that are these and no others, in lines."""
    wide = [float(value) for value in values]
    if precision == "float":
        single = np.asarray(wide, np.float32) if max(map(abs, wide), default=0.0) < 3.4e38 else None
        if single is None:
            raise ExportError("A weight is larger than a float can hold; export the C in double.")
        texts = [f"{value!s}f" for value in single]
    else:
        texts = [literal(value) for value in wide]
    return wrapped(texts)


def literal(value: float) -> str:
    """A double in C."""
    if np.isnan(value):
        return "NAN"
    if np.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    return repr(float(value))


def wrapped(texts: Sequence[str], indent: str = "    ", width: int = 110) -> str:
    """Comma-separated texts in lines of bounded length."""
    lines, line = [], ""
    for text in texts:
        if line and len(line) + len(text) > width:
            lines.append(line.rstrip())
            line = ""
        line += f"{text}, "
    return "\n".join(indent + each for each in [*lines, line.rstrip().rstrip(",")])


def table(name: str, values: Iterable[float], size: str, precision: str = "double") -> str:
    """`static const double NAME[SIZE] = {…};`"""
    return f"static const {precision} {name}[{size}] = {{\n{numbers(values, precision)}\n}};\n"


def matrix(name: str, rows: NDArray[np.floating], size: str, precision: str) -> str:
    """`static const double NAME[ROWS][COLUMNS] = {{…}, …};`"""
    inside = ",\n".join(f"    {{\n{numbers(row, precision)}\n    }}" for row in rows)
    return f"static const {precision} {name}{size} = {{\n{inside}\n}};\n"


def has_class(model: Portable) -> bool:
    """Whether one class of several is the answer."""
    return model.is_classifier and not model.multilabel
