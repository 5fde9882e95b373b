"""The program that tests the C of a model: rows, the answers that shoal gave for them, and a main that compares."""

import numpy as np

from shoal.export.c99.parts import CNames, literal, own_levels, wrapped
from shoal.export.portable import Portable
from shoal.export.sample_rows import Cell, Row, answers, extreme_rows, sample_rows, spread
from shoal.table import Field

TOLERANCE = {"double": 1e-12, "float": 1e-5}  # shares of the output's range: design (E6)


def test_program(model: Portable, names: CNames, precision: str) -> str:
    """A main that exits with 0 when every answer agrees with shoal's."""
    rows = [*sample_rows(model), *extreme_rows(model)]
    wanted = answers(model, rows)
    p, n = names.prefix, len(rows)
    cells = ",\n".join(f"    {row_initializer(model, names, row)}" for row in rows)
    outputs = ",\n".join(f"    {{ {', '.join(map(literal, answer))} }}" for answer in wanted)
    target = model.network.target
    middle = np.zeros(wanted.shape[1]) if model.is_classifier or target is None else target.center
    return f"""/* Tests {p}.c on {n} rows like those of training, the last {n - 24} with extreme numbers.
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

int main(void)
{{
    int i, k, wrong = 0;
    for (i = 0; i < N_ROWS; i++) {{
        double out[{names.macro}_OUTPUTS];
        {p}_predict(&ROWS[i], out);
        for (k = 0; k < {names.macro}_OUTPUTS; k++) {{
            const double allowed = TOLERANCE * (RANGE[k] + fabs(WANTED[i][k] - MIDDLE[k]));
            if (out[k] != WANTED[i][k] && !(fabs(out[k] - WANTED[i][k]) <= allowed)) {{
                printf("row %d, output %d: %.17g, not %.17g\\n", i, k, out[k], WANTED[i][k]);
                wrong++;
            }}
        }}
    }}
    printf("%d of %d answers agree\\n", N_ROWS * {names.macro}_OUTPUTS - wrong, N_ROWS * {names.macro}_OUTPUTS);
    return wrong > 0;
}}
"""


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
    own = own_levels(field)
    if cell is None or (field.missing < len(field.levels) and cell == field.levels[field.missing]):
        return levels[0]
    return levels[1 + own.index(cell)] if cell in own else levels[-1]
