"""Names of the parts of a model's C code, and how it writes numbers and tables.

The header: types and functions, each field with the user's own name in a comment.

The program that tests a model's C code: rows, shoal's predictions for them, and a main that compares.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shoal.errors import ExportError
from shoal.export.portable import Portable, comment, identifier
from shoal.export.sample_rows import Cell, Row, answers, extreme_rows, sample_rows, spread
from shoal.table import Field

Precision = Literal["double", "float"]


@dataclass(frozen=True)
class CNames:
    """Identifiers, all different.

    Attributes
    ----------
    prefix : str
        Prefix of files, types and functions.
    fields : tuple of str
        Members of the row; one array `x` if the columns have no names of their own.
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
    """The word, with a number if it is taken."""
    free, number = word, 1
    while free in taken:
        number += 1
        free = f"{word}_{number}"
    taken.add(free)
    return free


def own_levels(field: Field) -> list[str]:
    """Levels except that of an empty cell."""
    return [text for i, text in enumerate(field.levels) if i != field.missing]


def in_order(field: Field) -> list[int]:
    """The place among the levels of an empty cell, of every own level, and of the rest, which is their number."""
    return [field.missing, *(i for i in range(len(field.levels)) if i != field.missing), len(field.levels)]


def places(field: Field, first: int) -> list[int]:
    """For an empty cell, every own level and the rest: the prepared column that becomes 1, −1 for none."""
    columns = {place: first + i for i, place in enumerate(field.own)}
    return [columns.get(i, -1) for i in in_order(field)]


def described_cell(field: Field) -> str:
    """The comment about a cell's contents."""
    what = {
        "number": "a number",
        "boolean": "1 for true, 0 for false",
        "date": "seconds since 1970-01-01 00:00 UTC",
        "category": "a level",
    }[field.kind]
    return f"{comment(repr(field.name))}: {what}"


def numbers(values: Iterable[float], precision: str = "double") -> str:
    """A C initializer's numbers, the shortest texts that are exactly these, in lines."""
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
    """Comma-separated texts in lines of limited length."""
    lines, line = [], ""
    for text in texts:
        if line and len(line) + len(text) > width:
            lines.append(line.rstrip())
            line = ""
        line += f"{text}, "
    return "\n".join(indent + each for each in [*lines, line.rstrip().rstrip(",")])


def table(name: str, values: Iterable[float], size: str, precision: str = "double") -> str:
    """`static const FLASH double NAME[SIZE] = {…};`"""
    return f"static const FLASH {precision} {name}[{size}] = {{\n{numbers(values, precision)}\n}};\n"


def matrix(name: str, rows: NDArray[np.floating], size: str, precision: str) -> str:
    """`static const FLASH double NAME[ROWS][COLUMNS] = {{…}, …};`"""
    inside = ",\n".join(f"    {{\n{numbers(row, precision)}\n    }}" for row in rows)
    return f"static const FLASH {precision} {name}{size} = {{\n{inside}\n}};\n"


def has_class(model: Portable) -> bool:
    """Whether the prediction is one class of several."""
    return model.is_classifier and not model.multilabel


def header(model: Portable, names: CNames) -> str:
    """Types and functions, each field with the user's own name in a comment."""
    p, guard = names.prefix, f"{names.macro}_H"
    return f"""/* {p}: a shallow neural network, written by shoal. {summary(model)} */
#ifndef {guard}
#define {guard}

#ifdef __cplusplus
extern "C" {{
#endif

{enums(model, names)}/* What a row holds. A missing number is NAN{", a missing level the first of its enum" * any(names.levels)}. */
typedef struct {{
{members(model, names)}
}} {p}_row;

enum {{ {names.macro}_OUTPUTS = {len(model.output_names)} }};

/* {"The classes" if model.is_classifier and not model.multilabel else "Names of the outputs"}, in UTF-8. */
extern const char *const {p}_outputs[{names.macro}_OUTPUTS];

{promise(model)}
{"int" if has_class(model) else "void"} {p}_predict(const {p}_row *row, double out[{names.macro}_OUTPUTS]);
{lookups(model, names)}
#ifdef __cplusplus
}}
#endif

#endif
"""


def summary(model: Portable) -> str:
    """The description of the network in the file's first comment."""
    W1, W2 = model.network.merged.W1, model.network.merged.W2
    K = model.network.population.K
    outputs = "1 output" if W2.shape[0] == 1 else f"{W2.shape[0]} outputs"
    members = f", {K} networks as one" if K > 1 else ""
    skip = "" if model.network.merged.W3 is None else ", skip connections"
    return f"{W1.shape[1]} encoded inputs, {W1.shape[0]} hidden units ({model.network.activation}), {outputs}{skip}{members}."


def promise(model: Portable) -> str:
    """The comment about cells with values that training did not have."""
    missing = "" if model.is_bare else " (a missing number is no such cell)"
    limits = [literal(limit) for limit in model.network.thresholds]
    if has_class(model):
        returned = f"1 if the probability of the second is above {limits[0]}, else 0" if limits else "the place of the likeliest"
        return (
            f"/* Fills out with the probability of every class and returns {returned}. A cell that is no\n"
            f"   number makes every output NAN and returns -1{missing}. */"
        )
    what = "the probability of every output's being 1" if model.multilabel else "the predictions"
    what += f"; the model decides for 1 above {', '.join(limits)}" if limits else ""
    return f"/* Fills out with {what}. A cell that is no number makes every output NAN{missing}. */"


def enums(model: Portable, names: CNames) -> str:
    """One enum per category."""
    parts = []
    for field, member, levels in zip(model.fields, names.fields, names.levels, strict=True):
        if levels:
            empty = "no value" + (f", or {comment(repr(field.levels[field.missing]))}" if field.missing < len(field.levels) else "")
            meanings = [empty, *(comment(repr(text)) for text in own_levels(field)), "any other text"]
            inside = "\n".join(
                f"    {level}{',' if i < len(levels) - 1 else ''} /* {text} */"
                for i, (level, text) in enumerate(zip(levels, meanings, strict=True))
            )
            parts.append(f"/* {comment(repr(field.name))} */\ntypedef enum {{\n{inside}\n}} {names.prefix}_{member}_level;\n\n")
    return "".join(parts)


def members(model: Portable, names: CNames) -> str:
    """The members of the struct that holds one row."""
    if names.numbered:
        return f"    double x[{len(model.fields)}];"
    return "\n".join(
        f"    {f'{names.prefix}_{member}_level' if levels else 'double'} {member}; /* {described_cell(field)} */"
        for field, member, levels in zip(model.fields, names.fields, names.levels, strict=True)
    )


def lookups(model: Portable, names: CNames) -> str:
    """One function per category: from text to its level."""
    p = names.prefix
    found = [
        f"{p}_{member}_level {p}_{member}_of(const char *text);"
        for member, levels in zip(names.fields, names.levels, strict=True)
        if levels
    ]
    return "\n/* The level of a text in UTF-8, blanks at its ends taken off; NULL and the empty text are missing. */\n" * bool(
        found
    ) + "".join(f"{line}\n" for line in found)


TOLERANCE = {"double": 1e-12, "float": 1e-5}  # fractions of the output's range: (E6) in docs/architecture.md


COMPARE = """int main(void)
{
    int i, k, wrong = 0;
    for (i = 0; i < N_ROWS; i++) {
        double out[%(outputs)s];
        %(prefix)s_predict(&ROWS[i], out);
        for (k = 0; k < %(outputs)s; k++) {
            const double allowed = TOLERANCE * (RANGE[k] + fabs(WANTED[i][k] - MIDDLE[k]));
            if (out[k] != WANTED[i][k] && !(fabs(out[k] - WANTED[i][k]) <= allowed)) {
                printf("row %%d, output %%d: %%.17g, not %%.17g\\n", i, k, out[k], WANTED[i][k]);
                wrong++;
            }
        }
    }
    printf("%%d of %%d answers agree\\n", N_ROWS * %(outputs)s - wrong, N_ROWS * %(outputs)s);
    return wrong > 0;
}
"""


def test_program(model: Portable, names: CNames, precision: str) -> str:
    """A main that exits with 0 if every prediction agrees with shoal's."""
    rows = [*sample_rows(model), *extreme_rows(model)]
    wanted = answers(model, rows)
    p, n = names.prefix, len(rows)
    cells = ",\n".join(f"    {row_initializer(model, names, row)}" for row in rows)
    outputs = ",\n".join(f"    {{ {', '.join(map(literal, answer))} }}" for answer in wanted)
    target = model.network.target
    middle = np.zeros(wanted.shape[1]) if model.is_classifier or target is None else target.center
    data = f"""/* Tests {p}.c on {n} rows like those of training, the last {n - 24} with extreme numbers.
   cc -std=c99 {p}.c {p}_test.c -o {p}_test -lm && ./{p}_test */
#include "{p}.h"

#include <math.h>
#include <stdio.h>

enum {{ N_ROWS = {n} }};

static const {p}_row ROWS[N_ROWS] = {{
{cells}
}};

/* What shoal says of them. */
static const double WANTED[N_ROWS][{names.macro}_OUTPUTS] = {{
{outputs}
}};

/* Answers may differ by a share of the output's range, and of their distance from its middle. */
static const double TOLERANCE = {literal(TOLERANCE[precision])};
static const double RANGE[{names.macro}_OUTPUTS] = {{
{wrapped([literal(value) for value in spread(model)])}
}};
static const double MIDDLE[{names.macro}_OUTPUTS] = {{
{wrapped([literal(value) for value in middle])}
}};

"""
    return data + COMPARE % {"outputs": f"{names.macro}_OUTPUTS", "prefix": p}


def row_initializer(model: Portable, names: CNames, row: Row) -> str:
    """`{ 3.0, NAN, TITANIC_SEX_MALE }`"""
    cells = [initializer(field, levels, cell) for field, levels, cell in zip(model.fields, names.levels, row, strict=True)]
    inside = ", ".join(cells)
    return f"{{ {{ {inside} }} }}" if names.numbered else f"{{ {inside} }}"


def initializer(field: Field, levels: tuple[str, ...], cell: Cell) -> str:
    """One cell."""
    if field.kind != "category":
        assert isinstance(cell, float)
        return literal(cell)
    return levels[level_index(field, cell)]


def level_index(field: Field, cell: Cell) -> int:
    """The place of a text among the enumerators of a category, None for no value; −1 for a text that is none of its levels."""
    cell = next((variant.level for variant in field.variants if variant.text == cell), cell)
    own = own_levels(field)
    if cell is None or (field.missing < len(field.levels) and cell == field.levels[field.missing]):
        return 0
    return 1 + own.index(cell) if cell in own else -1
