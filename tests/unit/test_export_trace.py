"""Formulas read by running the textbook's lines: what is written computes what was run, and what cannot be written is named."""

import math
import operator

import numpy as np
import pytest
from array_api_compat import array_namespace

from shoal.errors import ExportError
from shoal.export.trace import c_formula, latex_formula, python_formula
from shoal.textbook import ACTIVATIONS
from shoal.textbook.losses import LOSSES

POINTS = (-1e4, -30.0, -1.5, -1e-9, 0.0, 1e-9, 0.7, 30.0, 695.0, 1e4)
FORMULAS = {g.name: g.g for g in ACTIVATIONS.values()} | {f"unit {name}": LOSSES[name].unit.of_one for name in ("sigmoid", "poisson")}
BRACKETS = {  # each differs from what stands there without its brackets
    "a minus of a difference": lambda Z: 1 + (Z - 3 * (Z - 2)),
    "a ratio of ratios": lambda Z: (Z + 5) / (2 / (Z * Z + 1)),
    "signs": lambda Z: -(Z - 1) * operator.neg(-Z) - -2.0 * Z,
    "a choice in a sum": lambda Z: 2 * array_namespace(Z).where(Z > 1, Z + 1, -Z) + 1,
    "a choice in a choice": lambda Z: array_namespace(Z).where(Z > 1, array_namespace(Z).where(Z > 2, 4 * Z, Z), Z / 2),
    "the largest, the smallest and the sign": lambda Z: array_namespace(Z).sign(Z) + array_namespace(Z).abs(Z),
}


@pytest.mark.parametrize("name", [*FORMULAS, *BRACKETS])
def test_the_python_of_a_formula_is_the_formula(name):
    function = {**FORMULAS, **BRACKETS}[name]
    lines, value = python_formula(function)
    space = {"math": math}
    exec("\n".join(["def g(z):", *(f"    {line}" for line in [*lines, f"return {value}"])]), space)
    for z in POINTS:
        assert space["g"](z) == pytest.approx(float(function(np.asarray(z))), rel=1e-14, abs=0)
    assert math.isnan(space["g"](math.nan))


def test_formulas_are_as_short_as_a_person_would_write_them():
    relu, softplus = ACTIVATIONS["relu"].g, ACTIVATIONS["softplus"].g
    assert c_formula(lambda Z: operator.neg(-Z)) == ([], "-(-z)")  # `--z` would be another thing in C
    assert c_formula(relu) == ([], "z < 0 ? 0 : z")
    assert c_formula(softplus, single=True) == ([], "(z < 0 ? 0 : z) + log1pf(expf(-fabsf(z)))")
    assert python_formula(ACTIVATIONS["logistic"].g) == (["e = math.exp(-abs(z))"], "(1.0 if z >= 0.0 else e) / (1.0 + e)")
    assert latex_formula(lambda Z: Z / (1 + array_namespace(Z).abs(Z))) == r"\frac{z}{1 + \left|z\right|}"


def test_what_no_format_can_write_is_named():
    with pytest.raises(ExportError, match="write it with `where`"):
        python_formula(lambda Z: Z if Z > 0 else -Z)
    with pytest.raises(ExportError, match="uses 'erf', which exports do not know"):
        python_formula(lambda Z: array_namespace(Z).erf(Z))
