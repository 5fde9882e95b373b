"""A network as an equation over the user's own columns: scaling folded into the weights, every number to the last digit."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from shoal.encoding import Encoding
from shoal.export.portable import Portable, printable
from shoal.network import Network, folded
from shoal.table import Feature, Field
from shoal.textbook.activations import ACTIVATIONS

WORD = re.compile(r"[^\W\d]\w*")
RESERVED = frozenset({"clip", "exp", "limit", "ln", "z"})


def equation(network: Network, target: str = "y") -> str:
    """The network as lines of text: each hidden unit, each output, and the meaning of the functions in them.

    Parameters
    ----------
    network : Network
    target : name of what is predicted

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.export import equation
    >>> equation(model.network_, "square").splitlines()[0].startswith("h1 = relu(")
    True
    """
    lines, sums = layers(network)
    return "\n".join([*lines, "", *outputs(network, sums, target), "", *meanings(network)]) + "\n"


def layers(network: Network) -> tuple[list[str], list[str]]:
    """The line of every hidden unit, and the sum for every output unit."""
    p = folded(network)
    inputs = [*limited(network), *ramps(network.encoding, network.feature_names)]
    hidden = [f"h{i + 1}" for i in range(len(p.W1))]
    lines = [f"{h} = {network.activation}({total(row, inputs, b)})" for h, row, b in zip(hidden, p.W1, p.b1[:, 0], strict=True)]
    rows, terms = (p.W2, hidden) if p.W3 is None else (np.hstack([p.W2, p.W3]), [*hidden, *inputs])
    return lines, [total(row, terms, b) for row, b in zip(rows, p.b2[:, 0], strict=True)]


def limited(network: Network) -> list[str]:
    """Each input as a term, within its limits if it has any."""
    names = list(map(quoted, network.feature_names))
    for j, lower, upper in network.encoding.limited_inputs:
        names[j] = f"limit({names[j]}, {number(lower)}, {number(upper)})"
    return names


def model_equation(model: Portable) -> str:
    """The whole model as an equation: the network over its prepared columns, and how each of them is computed.

    Parameters
    ----------
    model : Portable

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.export import model_equation, portable
    >>> model_equation(portable(model)).splitlines()[0].startswith("h1 = relu(")
    True
    """
    network = model.network
    lines, sums = layers(network)
    if model.multilabel:
        pairs = zip(model.targets, model.classes, sums, strict=True)
        formulas = [f"P({quoted(name)} = {label_text(labels[1])}) = sigmoid({z})" for name, labels, z in pairs]
    elif model.is_classifier or len(model.targets) == 1:
        formulas = outputs(network, sums, model.targets[0])
    else:
        formulas = values(network, sums, [quoted(name) for name in model.targets])
    formulas += decisions(model)
    made = [] if model.is_bare else ["", *(f"{quoted(f.name)} = {made_of(f, model.fields[f.field])}" for f in model.features)]
    return "\n".join([*lines, "", *formulas, "", *meanings(network), *made]) + "\n"


def decisions(model: Portable) -> list[str]:
    """For each target with a threshold, in words, when it is which class."""
    pairs = zip(model.targets, model.classes, model.network.thresholds, strict=False)  # there may be none
    return [
        f"{quoted(name)} = {label_text(labels[1])} where P({quoted(name)} = {label_text(labels[1])}) is above {number(limit)}, "
        f"else {label_text(labels[0])}"
        for name, labels, limit in pairs
    ]


def values(network: Network, sums: Sequence[str], names: Sequence[str]) -> list[str]:
    """The lines of measured targets; `names` are quoted."""
    unit = network.g2.unit
    if unit.states_variance:
        return gaussian(network, sums, names)
    begin, end = ("", "") if unit.is_identity else (f"{unit.title}(", ")")
    return [f"{name} = {begin}{z}{end}" for name, z in zip(names, sums, strict=True)]


def made_of(feature: Feature, field: Field) -> str:
    """In words, how a prepared column is computed from the user's own."""
    name = quoted(field.name)
    if feature.part == "missing":
        return f"1 where {name} is empty, else 0"
    if feature.part == "level":
        if feature.level == len(field.levels):
            return f"1 where {name} is any other text, else 0"
        empty = " or empty" if feature.level == field.missing else ""
        return f"1 where {name} is {quoted(field.levels[feature.level])}{empty}, else 0"
    if field.means is not None:
        means = field.means.means[feature.output]
        pairs = ", ".join(f"{number(mean)} where {name} is {quoted(level)}" for level, mean in zip(field.levels, means, strict=True))
        return f"{field.means.outputs[feature.output]} of its level: {pairs}, else {number(feature.fill)}"
    part = "" if feature.part == "value" else f"{feature.part} of " if feature.part != "days" else "days since 1970-01-01 of "
    return f"{part}{name}, {number(feature.fill)} where it is empty"


def outputs(network: Network, sums: Sequence[str], target: str) -> list[str]:
    """The lines of the output units."""
    name = quoted(target)
    unit = network.g2.unit
    if unit.decides == "side":
        labels = [labels[-1] for labels in network.classes] if len(sums) == 1 else list(network.classes[0])
        return [f"P({name} = {label_text(label)}) = sigmoid({z})" for label, z in zip(labels, sums, strict=True)]
    if unit.decides == "largest":
        places = [f"z{i + 1}" for i in range(len(sums))]
        whole = " + ".join(f"exp({p})" for p in places)
        shares = [f"P({name} = {label_text(label)}) = exp({p}) / ({whole})" for label, p in zip(network.classes[0], places, strict=True)]
        return [*(f"{p} = {z}" for p, z in zip(places, sums, strict=True)), *shares]
    n = unit.n_targets(len(sums))
    return values(network, sums, [name if n == 1 else f"{name}[{i}]" for i in range(n)])


def gaussian(network: Network, sums: Sequence[str], names: Sequence[str]) -> list[str]:
    """Means, then variances, in the target's own units: the scale is not folded here, because exp comes in between."""
    n = len(names)
    center, scale = (np.zeros(n), np.ones(n)) if network.target is None else (network.target.center, network.target.scale)
    means = [f"{y} = {scaled(f'({z})', s)} + {number(c)}" for y, z, s, c in zip(names, sums[:n], scale, center, strict=True)]
    return [*means, *(f"variance of {y} = {scaled(f'exp({z})', s * s)}" for y, z, s in zip(names, sums[n:], scale, strict=True))]


def scaled(term: str, scale: float) -> str:
    """The term times its scale; a scale of 1 is left out."""
    return term if scale == 1 else f"{number(scale)}*{term}"


def meanings(network: Network) -> list[str]:
    """The meaning of the named functions, as in the textbook."""
    g1 = ACTIVATIONS[network.activation]
    formulas = [f"{g1.name}(z) = {g1.formula}"]
    unit = network.g2.unit
    if unit.decides == "side":
        formulas.append(f"{unit.title}(z) = {f'{g1.name}(z)' if unit.g is g1.g else unit.formula}")
    if network.encoding.limited_inputs:
        formulas.append("limit(v, a, b) = v, but a below a and b above b")
    if network.encoding.n_ramps:
        formulas.append("clip(v) = v, but 0 below 0 and 1 above 1")
    return ["where " + formulas[0], *("      " + line for line in formulas[1:])]


def ramps(encoding: Encoding, names: Sequence[str]) -> list[str]:
    """Each ramp as a term over its column."""
    return [
        f"clip(({quoted(name)} - {number(a)}) / ({number(b)} - {number(a)}))"
        for name, edges in zip(names, encoding.edges, strict=True)
        for a, b in pairwise(edges)
    ]


def total(factors: Sequence[float], terms: Sequence[str], bias: float) -> str:
    """`0.5*x1 - 2*x2 + 1`; a factor of exactly 0 is left out."""
    parts = [(float(f), f"{number(abs(f))}*{term}") for f, term in zip(factors, terms, strict=True) if f != 0]
    parts.append((float(bias), number(abs(bias))))
    first, *rest = parts
    return ("-" if first[0] < 0 else "") + first[1] + "".join(f" {'-' if sign < 0 else '+'} {part}" for sign, part in rest)


def number(value: float) -> str:
    """The shortest text that is exactly this double."""
    return repr(float(value))


def label_text(label: Any) -> str:
    """A class's label: a number unchanged, a text like a column's name."""
    return str(label) if isinstance(label, int | float | np.number) else quoted(str(label))


def quoted(name: str) -> str:
    """A column's name, in brackets if it is not a single word or could be misread; a bracket in it gets a backslash."""
    plain = WORD.fullmatch(name) and name not in RESERVED and name not in ACTIVATIONS and not re.fullmatch(r"[hz]\d+", name)
    return name if plain else "[" + printable(name.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")) + "]"
