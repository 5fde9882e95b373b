"""A model as a Python module that needs nothing but Python: `predict(row)`, with the preparation and every formula in plain sight."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from shoal.export.c99.parts import wrapped
from shoal.export.dates import WAVES_OF_PYTHON, date_part, has_waves
from shoal.export.json_text import numbers
from shoal.export.portable import Portable
from shoal.export.trace import python_formula
from shoal.table import Feature, Field
from shoal.textbook.activations import ACTIVATIONS

CELLS = """def is_empty(cell):
    return cell is None or cell == "" or cell != cell


def number(cell):
    return math.nan if is_empty(cell) else float(cell)
"""
TRUTH = """def truth(cell):
    if is_empty(cell):
        return math.nan
    return {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}[str(cell).strip().lower()]
"""
TEXT = """def text(cell):
    if is_empty(cell):
        return "missing"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip() or "missing"
"""
DATES = '''def date_parts(cell):
    """Days since 1970, day of year, weekday (Monday is 0), hour; a cell is a date, a datetime (UTC) or its ISO text."""
    if is_empty(cell):
        return (math.nan,) * 4
    if isinstance(cell, str):
        cell = datetime.datetime.fromisoformat(cell)
    if not isinstance(cell, datetime.datetime):
        cell = datetime.datetime(cell.year, cell.month, cell.day)
    if cell.tzinfo is not None:
        cell = cell.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    days = (cell - datetime.datetime(1970, 1, 1)) / datetime.timedelta(days=1)
    return days, float(cell.timetuple().tm_yday), float(cell.weekday()), float(cell.hour)
'''


def python_text(model: Portable) -> str:
    """The module's text.

    `predict(row)` takes a mapping from column to cell, or the cells in the table's order; it returns a number, a mapping
    from target to number, or for classes `{"label": …, "probabilities": {label: p}}`.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.export import portable, python_text
    >>> module = {}
    >>> exec(python_text(portable(model)), module)
    >>> bool(abs(module["predict"]([0.5]) - model.predict([[0.5]])[0]) < 1e-9)
    True
    """
    kinds: set[str] = {field.kind for field in model.fields}
    network, unit = model.network, model.network.g2.unit
    parts = [
        f'"""A shallow neural network, written by shoal: `predict(row)`. Needs nothing but Python."""\n\n{imports(kinds)}',
        constants(model),
        CELLS,
        TRUTH if "boolean" in kinds else "",
        TEXT if "category" in kinds else "",
        DATES if "date" in kinds else "",
        WAVES_OF_PYTHON if has_waves(model.features) else "",
        prepare(model),
        function("g", ACTIVATIONS[network.activation].g),
        "" if unit.is_identity or unit.states_variance or unit.decides == "largest" else function("g2", unit.of_one),
        layers(model),
        predict(model),
    ]
    return "\n\n".join(part for part in parts if part)


def imports(kinds: set[str]) -> str:
    """The modules that the written Python needs."""
    return "import datetime\nimport math\n" if "date" in kinds else "import math\n"


def function(name: str, formula: Callable[[Any], Any]) -> str:
    """A function of one number, by the textbook's lines."""
    lines, value = python_formula(formula)
    return f"def {name}(z):\n" + "".join(f"    {line}\n" for line in [*lines, f"return {value}"])


def constants(model: Portable) -> str:
    """The names and the numbers."""
    network, encoding = model.network, model.network.encoding
    W1, b1, W2, b2, W3 = (getattr(network.merged, name) for name in ("W1", "b1", "W2", "b2", "W3"))
    n = network.g2.unit.n_targets(W2.shape[0])
    ramps = [(j, float(a), float(b), float(c)) for (j, a, b), c in zip(edges(model), encoding.ramp_center, strict=True)]
    by_name: dict[str, Any] = {
        "COLUMNS": [field.name for field in model.fields],
        "TARGETS": list(model.targets),
        "CLASSES": [list(labels) for labels in model.classes],
        **({"LIMITS": encoding.limited_inputs} if encoding.limited_inputs else {}),
        "CENTER": numbers(encoding.center),
        "SCALE": numbers(encoding.scale),
        "RAMPS": ramps,
        "W1": numbers(W1),
        "B1": numbers(b1[:, 0]),
        "W2": numbers(W2[:n]),
        "B2": numbers(b2[:n, 0]),
    }
    if W3 is not None:
        by_name["W3"] = numbers(W3[:n])
    by_name |= {f"LEVELS_{j}": list(field.levels) for j, field in enumerate(model.fields) if field.kind == "category"}
    by_name |= {f"MEANS_{j}": means(field) for j, field in enumerate(model.fields) if field.means is not None}
    by_name |= {f"VARIANTS_{j}": variants(field) for j, field in enumerate(model.fields) if field.variants}
    return "\n".join(f"{name} = {listed(value) if isinstance(value, list) else value}" for name, value in by_name.items()) + "\n"


def means(field: Field) -> str:
    """The dictionary from levels to their target means, one for each output."""
    assert field.means is not None
    pairs = zip(field.levels, zip(*field.means.means, strict=True), strict=True)
    return "{\n" + wrapped([f"{level!r}: {each!r}" for level, each in pairs]) + "}"


def variants(field: Field) -> str:
    """The dictionary from other spellings to the levels that they are read as."""
    return "{\n" + wrapped([f"{variant.text!r}: {variant.level!r}" for variant in field.variants]) + "}"


def listed(value: list[Any]) -> str:
    """A list's literal in lines; the rows of a matrix under one another."""
    if value and isinstance(value[0], list):
        return "[\n" + ",\n".join(listed(row) for row in value) + "]"
    return "[\n" + wrapped([repr(item) for item in value]) + "]" if len(value) > 8 else repr(value)


def edges(model: Portable) -> list[tuple[int, float, float]]:
    """Column, left and right edge of every ramp."""
    return [(j, a, b) for j, column in enumerate(model.network.encoding.edges) for a, b in pairwise(column)]


def prepare(model: Portable) -> str:
    """From cells to the prepared columns."""
    if model.is_bare:
        return "def prepare(cells):\n    return [number(cell) for cell in cells]\n"
    reader = {"number": "number", "boolean": "truth", "category": "text", "date": "date_parts"}
    lines = ["def prepare(cells):"]
    lines += [f"    c{j} = {reader[field.kind]}(cells[{j}])" for j, field in enumerate(model.fields)]
    lines += [f"    c{j} = VARIANTS_{j}.get(c{j}, c{j})" for j, field in enumerate(model.fields) if field.variants]
    lines += ["    return ["] + [f"        {prepared(model, feature)}," for feature in model.features] + ["    ]"]
    return "\n".join(lines) + "\n"


def prepared(model: Portable, feature: Feature) -> str:
    """One prepared number."""
    field, cell = model.fields[feature.field], f"c{feature.field}"
    if feature.part == "level":
        if feature.level < len(field.levels):
            return f"float({cell} == LEVELS_{feature.field}[{feature.level}])"
        return f"float({cell} not in LEVELS_{feature.field})"
    if field.means is not None:
        return f"MEANS_{feature.field}.get({cell}, {field.means.overall!r})[{feature.output}]"
    if field.kind == "date":
        cell = date_part("days" if feature.part == "missing" else feature.part, cell + "[{}]", "({} % 1.0 * 86400.0 + 0.5) // 1.0")
    return f"float({cell} != {cell})" if feature.part == "missing" else f"{feature.fill!r} if {cell} != {cell} else {cell}"


LIMIT = """    x = list(x)
    for j, lower, upper in LIMITS:
        x[j] = lower if x[j] < lower else upper if x[j] > upper else x[j]
"""


def layers(model: Portable) -> str:
    """Encoding, and the two layers."""
    scale, last = float(model.network.encoding.ramp_scale), "layer(W2, B2, [g(z) for z in layer(W1, B1, encode(prepare(cells)))])"
    if model.network.merged.W3 is not None:
        last = "[z + s for z, s in zip(layer(W2, B2, [g(z) for z in layer(W1, B1, x)]), layer(W3, [0.0] * len(W3), x))]"
    before = "" if model.network.merged.W3 is None else "    x = encode(prepare(cells))\n"
    limit = LIMIT if model.network.encoding.limited_inputs else ""
    return f"""def encode(x):
{limit}    encoded = [(v - c) / s for v, c, s in zip(x, CENTER, SCALE)]
    for j, left, right, center in RAMPS:
        v = (x[j] - left) / (right - left)
        encoded.append(((0.0 if v < 0 else 1.0 if v > 1 else v) - center) * {scale!r})
    return encoded


def layer(W, b, x):
    return [sum(w * v for w, v in zip(row, x)) + bias for row, bias in zip(W, b)]


def outputs(row):
    cells = [row[name] for name in COLUMNS] if hasattr(row, "keys") else list(row)
    if len(cells) != len(COLUMNS):
        raise ValueError(f"a row has {{len(COLUMNS)}} cells, not {{len(cells)}}")
{before}    return {last}
"""


def predict(model: Portable) -> str:
    """The output unit and the answer."""
    lines = ["def predict(row):", "    z = outputs(row)"]
    if model.multilabel:
        lines += [
            "    answer = {}",
            f"    for name, labels, limit, p in zip(TARGETS, CLASSES, {limits(model)!r}, map(g2, z)):",
            "        label = None if p != p else labels[p > limit]",
            "        answer[name] = {'label': label, 'probabilities': {labels[0]: 1 - p, labels[1]: p}}",
            "    return answer",
        ]
    elif model.is_classifier:
        lines += shares(model)
        place = f"p[1] > {limits(model)[0]!r}" if model.network.thresholds else "p.index(max(p))"
        lines += [f"    label = None if p[0] != p[0] else CLASSES[0][{place}]"]
        lines += ["    return {'label': label, 'probabilities': dict(zip(CLASSES[0], p))}"]
    else:
        lines += values(model)
        lines += ["    return z[0]"] if len(model.targets) == 1 else ["    return dict(zip(TARGETS, z))"]
    return "\n".join(lines) + "\n"


def limits(model: Portable) -> list[float]:
    """The probability above which each target is its second class."""
    return [float(limit) for limit in np.broadcast_to(model.network.limits, len(model.targets))]


def shares(model: Portable) -> list[str]:
    """The probability of every class."""
    if model.network.g2.unit.decides == "side":
        return ["    p = g2(z[0])", "    p = [1 - p, p]"]
    return ["    e = [math.exp(max(v - max(z), -1000.0)) for v in z]", "    p = [v / sum(e) for v in e]"]


def values(model: Portable) -> list[str]:
    """Expected values in the targets' own units."""
    lines = []
    unit = model.network.g2.unit
    if not unit.is_identity and not unit.states_variance:
        lines.append("    z = [g2(v) for v in z]")
    if (target := model.network.target) is not None:
        lines.append(f"    z = [v * s + c for v, s, c in zip(z, {numbers(target.scale)!r}, {numbers(target.center)!r})]")
    return lines
