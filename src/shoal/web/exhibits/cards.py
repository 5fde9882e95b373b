"""How a number is computed: for every number of the example network, the terms that give it.

A card is `terms` (factors to be multiplied, then added up; `gap` stands for many terms together), then `totals`, each with the next
operation and the value after it. The last total is the number on the page.
"""

from collections.abc import Sequence
from typing import Literal

from shoal.errors import InvalidParameterError
from shoal.textbook import Gradients, backward, cost
from shoal.web.chapter import RATE, SCALE, SEED, SIGMOID, TANH, UNITS, Array, Edit, ExampleStep, chapters, in_hand, journey, look, right
from shoal.web.exhibits.hand import EDITS, EX, STEP
from shoal.web.languages import tr
from shoal.web.question import Answer, Choice, Question

Card = dict[str, object]


def term(*factors: float, note: str = "") -> Card:
    """One term of a sum: factors, and their names."""
    return {"factors": [float(f) for f in factors], "note": note}


def total(label: str, value: float) -> Card:
    """The next operation, and the value after it."""
    return {"label": label, "value": float(value)}


def card(title: str, formula: str, terms: Sequence[Card], totals: Sequence[Card], says: str = "") -> Answer:
    """The card of one number."""
    return {"title": title, "formula": formula, "terms": list(terms), "totals": list(totals), "says": says}


def long_sum(first: Array, second: Array | None, i: int, of: Literal["example", "batch", "place", "point"] = "example") -> list[Card]:
    """A sum over many examples, or others: the first two, the selected one, the last; the others together."""
    numbered = {"example": tr("example {k}"), "batch": tr("batch {k}"), "place": tr("place {k}"), "point": tr("point {k}")}[of]
    products = first if second is None else first * second
    m = len(products)
    shown = sorted({0, 1, i, m - 1})
    cards: list[Card] = []
    last = -1
    for k in shown:
        if k > last + 1:
            cards.append({"gap": k - last - 1, "value": float(products[last + 1 : k].sum())})
        factors = (first[k],) if second is None else (first[k], second[k])
        cards.append(term(*factors, note=numbered.format(k=k + 1)))
        last = k
    return cards


def how(key: str, step: int, edits: tuple[Edit, ...], ex: int) -> Answer:
    """The card of one number: `key` is its name and position, `dW1-4-2`, or `J`."""
    name, _, place = key.partition("-")
    r, c = (int(p) - 1 for p in (place or "1-1").split("-"))
    seen = look(step, edits)
    if name in ("W1", "b1", "W2", "b2"):
        return parameter(name, r, c, step, edits)
    if name in ("J", "accuracy"):
        return over_all(name, seen, ex - 1)
    if name in ("z1", "a1", "z2", "a2", "loss"):
        return one_forward(name, r, seen, ex - 1)
    return derivative(name, r, c, seen, ex - 1)


def parameter(name: str, r: int, c: int, step: int, edits: tuple[Edit, ...]) -> Answer:
    """A weight or bias: its previous value, minus α times its derivative."""
    now = float(getattr(journey(edits).at(step), name)[r, c])
    title = f"{name}[{r + 1}, {c + 1}]"
    if any(e.step == step and (e.name, e.row - 1, e.column - 1) == (name, r, c) for e in edits):
        return card(
            title,
            tr("{name}: set by hand", name=name),
            [],
            [total(tr("set by hand"), now)],
            tr("You set it at step {step}; training continues from there.", step=step),
        ) | {"edit": now}
    if step == 0:
        drawn = f"RandomState({SEED}).randn × {SCALE}"
        says = tr("Biases start at zero.") if name[0] == "b" else tr("Drawn once: {drawn}, W1 first, then W2.", drawn=drawn)
        if in_hand() is not chapters():
            says = tr("As you gave it.")
        return card(title, tr("{name}: its start", name=name), [], [total(tr("at the start"), now)], says) | {"edit": now}
    before = look(step - 1, edits)
    slope = getattr(backward(before.parameters, before.X, before.Y, before.cache, TANH, SIGMOID), "d" + name)[r, c]
    old = getattr(before.parameters, name)[r, c]
    terms = [term(old, note=tr("at step {step}", step=step - 1)), term(-RATE, slope, note=f"−α · d{name}")]
    return card(title, f"{name} := {name} − α d{name}", terms, [total(tr("now"), now)]) | {"edit": now}


def over_all(name: str, seen: ExampleStep, i: int) -> Answer:
    """The cost, or the fraction of correct predictions."""
    m = seen.Y.size
    if name == "J":
        losses = SIGMOID.loss(seen.cache.Z2, seen.Y)
        return card(
            "J",
            "J = 1/m Σ L(ŷ, y)",
            long_sum(losses, None, i),
            [total(tr("sum"), losses.sum()), total(f"÷ {m}", cost(seen.cache, seen.Y, SIGMOID))],
            tr("The losses of all {m} examples, averaged.", m=m),
        )
    count = right(seen.cache.A2, seen.Y)
    return card(
        tr("accuracy"),
        tr("right ÷ m"),
        [term(count, note=tr("on their own side of 0.5"))],
        [total(f"÷ {m}", count / m), total(tr("in per cent"), 100 * count / m)],
    )


def one_forward(name: str, r: int, seen: ExampleStep, i: int) -> Answer:
    """A number of the forward pass of example i."""
    W1, b1, W2, b2 = seen.parameters
    Z1, A1, Z2, A2 = seen.cache
    unit = r + 1
    where, example = tr("Unit {unit}, example {i}.", unit=unit, i=i + 1), tr("Example {i}.", i=i + 1)
    if name == "z1":
        terms = [term(W1[r, j], seen.X[j, i], note=f"w{unit}{j + 1} · x{j + 1}") for j in range(2)] + [term(b1[r, 0], note=f"b{unit}")]
        return card(f"z1[{unit}]", "z1 = W1 x + b1", terms, [total(tr("sum"), Z1[r, i])], where)
    if name == "a1":
        return card(
            f"a1[{unit}]",
            "a1 = tanh(z1)",
            [term(Z1[r, i], note=f"z1[{unit}]")],
            [total("tanh", A1[r, i])],
            where,
        )
    if name == "z2":
        terms = [term(W2[0, k], A1[k, i], note=f"w{k + 1} · a1[{k + 1}]") for k in range(UNITS)] + [term(b2[0, 0], note="b2")]
        return card("z2", "z2 = W2 a1 + b2", terms, [total(tr("sum"), Z2[0, i])], example)
    if name == "a2":
        return card(
            "a2",
            "a2 = σ(z2) = 1 / (1 + e⁻ᶻ)",
            [term(Z2[0, i], note="z2")],
            [total("σ", A2[0, i])],
            tr("Example {i}: the probability of class 1.", i=i + 1),
        )
    y = int(seen.Y[0, i])
    own = float(A2[0, i]) if y else 1 - float(A2[0, i])
    return card(
        tr("loss"),
        "L = −[y ln a2 + (1 − y) ln(1 − a2)]",
        [term(own, note="a2" if y else "1 − a2")],
        [total("−ln", SIGMOID.loss(seen.cache.Z2, seen.Y)[i])],
        tr("Example {i} is of class {y}.", i=i + 1, y=y),
    )


def derivative(name: str, r: int, c: int, seen: ExampleStep, i: int) -> Answer:
    """A number of the backward pass: of example i for dZ2 and dZ1, of all examples for the others."""
    g = backward(seen.parameters, seen.X, seen.Y, seen.cache, TANH, SIGMOID)
    if name in ("dZ2", "dZ1"):
        return one_backward(name, r, seen, g, i)
    return mean_over_examples(name, r, c, seen, g, i)


def one_backward(name: str, r: int, seen: ExampleStep, g: Gradients, i: int) -> Answer:
    """A number of the backward pass of example i."""
    if name == "dZ2":
        return card(
            "dZ2",
            "dZ2 = A2 − Y",
            [term(seen.cache.A2[0, i], note="a2"), term(-seen.Y[0, i], note="−y")],
            [total(tr("miss"), g.dZ2[0, i])],
            tr("Column {i}: the error of this prediction.", i=i + 1),
        )
    slope = TANH.prime(seen.cache.Z1)
    return card(
        f"dZ1[{r + 1}]",
        "dZ1 = W2ᵀ dZ2 ∘ g1′(Z1)",
        [term(seen.parameters.W2[0, r], g.dZ2[0, i], slope[r, i], note=tr("w · miss · slope"))],
        [total(tr("product"), g.dZ1[r, i])],
        tr("Unit {unit}, column {i}: the error, multiplied by the weight of the edge and by the slope at the unit.", unit=r + 1, i=i + 1),
    )


def mean_over_examples(name: str, r: int, c: int, seen: ExampleStep, g: Gradients, i: int) -> Answer:
    """A derivative of the cost: a sum over all examples, divided by m."""
    explained = {
        "dW2": (f"dW2[1, {c + 1}]", "dW2 = 1/m dZ2 A1ᵀ", tr("The row of dZ2 times the row of unit {unit} in A1.", unit=c + 1)),
        "db2": ("db2", "db2 = 1/m Σ dZ2", tr("The mean miss.")),
        "dW1": (
            f"dW1[{r + 1}, {c + 1}]",
            "dW1 = 1/m dZ1 Xᵀ",
            tr("The row of unit {unit} in dZ1 times the row of {x} in X.", unit=r + 1, x=f"x{c + 1}"),
        ),
        "db1": (f"db1[{r + 1}]", "db1 = 1/m Σ dZ1", tr("The mean of unit {unit}'s row of dZ1.", unit=r + 1)),
    }
    if name not in explained:
        raise InvalidParameterError(f"the example network has no number {name!r}")
    title, formula, says = explained[name]
    dZ, inputs = (g.dZ2, seen.cache.A1) if name.endswith("2") else (g.dZ1, seen.X)
    own = inputs[c] if name.startswith("dW") else None
    m, whole = seen.Y.size, float(dZ[r].sum() if own is None else dZ[r] @ own)
    return card(title, formula, long_sum(dZ[r], own, i), [total(tr("sum"), whole), total(f"÷ {m}", getattr(g, name)[r, c])], says)


def places(name: str, rows: int, columns: int) -> list[str]:
    """The keys of a matrix's numbers, counted from 1."""
    return [f"{name}-{r + 1}-{c + 1}" for r in range(rows) for c in range(columns)]


ALWAYS = [
    *(
        k
        for d in ("", "d")
        for name, rows, columns in (("W1", UNITS, 2), ("b1", UNITS, 1), ("W2", 1, UNITS), ("b2", 1, 1))
        for k in places(d + name, rows, columns)
    ),
    "J",
    "accuracy",
]
OF_THE_EXAMPLE = [*places("z1", UNITS, 1), *places("a1", UNITS, 1), "z2", "a2", "loss", "dZ2", *places("dZ1", UNITS, 1)]
KEYS = Choice(tuple(ALWAYS + OF_THE_EXAMPLE))
QUESTIONS = (Question("how", how, {"key": KEYS, "step": STEP, "edits": EDITS, "ex": EX}),)
