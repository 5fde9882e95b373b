"""A small network as LaTeX, for people: numbers are rounded to four digits."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from shoal.errors import ExportError
from shoal.export.equation import decisions, made_of
from shoal.export.portable import Portable, latex
from shoal.export.trace import latex_formula
from shoal.network import Network, folded
from shoal.textbook.activations import ACTIVATIONS

MOST_WEIGHTS = 120  # more do not fit on a page


def model_latex(model: Portable) -> str:
    r"""The model as an `align*` environment of amsmath.

    Parameters
    ----------
    model : Portable, of at most 120 weights

    Raises
    ------
    ExportError
        For a network too large to read.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.export import model_latex, portable
    >>> print(model_latex(portable(model)).splitlines()[0])
    \begin{align*}
    """
    network, g1 = model.network, ACTIVATIONS[model.network.activation]
    p = folded(network)
    n = sum(int(np.count_nonzero(w)) for w in p.penalised().values())
    if n > MOST_WEIGHTS:
        raise ExportError(
            f"The network has {n} weights; as LaTeX at most {MOST_WEIGHTS} can be read. The equation as text takes any number; "
            "or train a smaller one: n_networks=1, hidden_layer_sizes=4, ramps=False."
        )
    inputs = [*limited(network), *(f"r_{{{i + 1}}}" for i in range(network.encoding.n_ramps))]
    hidden = [f"h_{{{i + 1}}}" for i in range(len(p.W1))]
    lines = [f"{h} &= g({total(row, inputs, b)})" for h, row, b in zip(hidden, p.W1, p.b1[:, 0], strict=True)]
    rows, terms = (p.W2, hidden) if p.W3 is None else (np.hstack([p.W2, p.W3]), [*hidden, *inputs])
    sums = [total(row, terms, b) for row, b in zip(rows, p.b2[:, 0], strict=True)]
    lines += [*outputs(model, sums), f"g(z) &= {g1.latex or latex_formula(g1.g)}", *ramps(model)]
    made = [latex(line) for line in decisions(model)]
    made += [latex(f"{f.name}: {made_of(f, model.fields[f.field])}") for f in model.features if not model.is_bare]
    return "\\begin{align*}\n" + " \\\\\n".join([*lines, *(f"& {line}" for line in made)]) + "\n\\end{align*}\n"


def limited(network: Network) -> list[str]:
    """Each input as a term, within its limits if it has any."""
    names = list(map(latex, network.feature_names))
    for j, lower, upper in network.encoding.limited_inputs:
        names[j] = rf"\min({number(upper)}, \max({number(lower)}, {names[j]}))"
    return names


def outputs(model: Portable, sums: Sequence[str]) -> list[str]:
    """The lines of the output units."""
    network, names = model.network, [latex(name) for name in model.output_names]
    unit = network.g2.unit
    if unit.decides == "largest":
        places = [f"z_{{{i + 1}}}" for i in range(len(sums))]
        whole = r" + ".join(f"e^{{{p}}}" for p in places)
        shares = [rf"{name} &= \frac{{e^{{{p}}}}}{{{whole}}}" for name, p in zip(names, places, strict=True)]
        return [*(f"{p} &= {z}" for p, z in zip(places, sums, strict=True)), *shares]
    if unit.decides == "side":
        shown = names if model.multilabel else names[1:]
        return [*(rf"{name} &= \sigma({z})" for name, z in zip(shown, sums, strict=True)), rf"\sigma(z) &= {unit.latex}"]
    if not unit.is_identity and not unit.states_variance:
        return [f"{name} &= {unit.latex.replace('(z)', f'({z})')}" for name, z in zip(names, sums, strict=True)]
    if unit.states_variance and network.target is not None:
        pairs = zip(names, sums, network.target.scale, network.target.center, strict=False)
        return [rf"{name} &= {number(scale)}\,({z}) {signed(center)}" for name, z, scale, center in pairs]
    return [f"{name} &= {z}" for name, z in zip(names, sums, strict=True)]


def ramps(model: Portable) -> list[str]:
    """The formula of each ramp."""
    network = model.network
    lines: list[str] = []
    for name, edges in zip(network.feature_names, network.encoding.edges, strict=True):
        for a, b in pairwise(edges):
            inside = rf"\frac{{{latex(name)} {signed(-a)}}}{{{number(b - a)}}}"
            lines.append(rf"r_{{{len(lines) + 1}}} &= \min(1, \max(0, {inside}))")
    return lines


def total(factors: Sequence[float], terms: Sequence[str], bias: float) -> str:
    """A sum; factors of exactly 0 are left out."""
    parts = [(float(f), rf"{number(abs(f))}\,{term}") for f, term in zip(factors, terms, strict=True) if f != 0]
    if bias != 0 or not parts:
        parts.append((float(bias), number(abs(bias))))
    first, *rest = parts
    return ("-" if first[0] < 0 else "") + first[1] + "".join(f" {'-' if sign < 0 else '+'} {part}" for sign, part in rest)


def signed(value: float) -> str:
    """`+ 2` or `- 2`."""
    return f"{'-' if value < 0 else '+'} {number(abs(value))}"


def number(value: float) -> str:
    r"""Four digits, `1.234 \cdot 10^{-5}` if that is shorter."""
    mantissa, _, exponent = f"{float(value):.4g}".partition("e")
    return mantissa if not exponent else rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
