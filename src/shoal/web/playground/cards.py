"""Cards and exports of the playground: how each number is computed, and the lines of Python that give the same network.

A card shows the sums that give a cost, score or weight, with the textbook's values.

A weight's card trains the last update again from the state kept before it, and takes its derivative from `textbook.propagation`, not from
the engine: the reader sees that both agree.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from shoal.engine.minibatch import moments
from shoal.errors import InvalidParameterError
from shoal.population import member
from shoal.textbook.activations import ACTIVATIONS
from shoal.textbook.optimizers import Adam, GradientDescent, Momentum, Nesterov, RMSprop
from shoal.textbook.propagation import Gradients, Parameters, backward, forward
from shoal.types import Floats
from shoal.web.exhibits.cards import Card, card, long_sum, term, total
from shoal.web.languages import decimal, tr
from shoal.web.playground.settings import Data, estimator_class, parameters
from shoal.web.playground.training import Training
from shoal.web.question import Answer

WIDTH = 110


def python(data: Data, chosen: Mapping[str, Any], epochs: int) -> str:
    """A program that draws or reads the same rows and fits the same network for the same number of epochs."""
    kind = estimator_class(data.task)
    given = {**parameters(chosen, data.task, len(data.train)), "max_iter": epochs, "n_iter_no_change": epochs}
    lines = [
        "import warnings",
        "",
        f"from shoal import {kind.__name__}",
        *data.lines,
        "",
        'warnings.filterwarnings("ignore", message="max_iter")  # training stops where you stopped it',
        f"model = {kind.__name__}(",
        *wrapped([f"{name}={value!r}" for name, value in given.items()]),
        ").fit(X, y)",
    ]
    return "\n".join(lines) + "\n"


def wrapped(arguments: list[str]) -> list[str]:
    """Arguments in lines of readable width."""
    rows: list[str] = []
    for argument in arguments:
        if rows and len(rows[-1]) + len(argument) + 2 <= WIDTH:
            rows[-1] += f" {argument},"
        else:
            rows.append(f"    {argument},")
    return rows


SHAPES = ("W1", "b1", "W2", "b2")
SUMS = {"dW1": "1/m dZ1 Xᵀ", "db1": "1/m Σ dZ1", "dW2": "1/m dZ2 A1ᵀ", "db2": "1/m Σ dZ2"}
ALWAYS = ("train", "test", "score", "score_test", "loss", "rate")


def how(training: Training, key: str, k: int = 0) -> Answer:
    """The card of one number: a cost, a score, the learning rate, or a parameter of member k by its position, `W1-2-1`."""
    whole: dict[str, Callable[[], Answer]] = {
        "train": lambda: mean_cost(training, *training.on_train, tr("training rows")),
        "test": lambda: mean_cost(training, *held_out(training), tr("rows held out")),
        "score": lambda: score(training, *training.on_train, tr("training rows")),
        "score_test": lambda: score(training, *held_out(training), tr("rows held out")),
        "loss": lambda: last_epoch(training),
        "rate": lambda: rate(training),
    }
    if key in whole:
        return whole[key]()
    name, _, place = key.partition("-")
    parts = place.split("-")
    parameters = dict(zip(SHAPES, member(training.population, k), strict=True))
    if name not in SHAPES or len(parts) != 2 or not all(p.isdecimal() for p in parts):
        raise InvalidParameterError(f"there is no number {key[:40]!r}; choose one of {', '.join(ALWAYS)} or a parameter such as W1-2-1")
    r, c = (int(p) - 1 for p in parts)
    rows, columns = parameters[name].shape
    if not (0 <= r < rows and 0 <= c < columns):
        raise InvalidParameterError(f"{name} has {rows} rows and {columns} columns, counted from 1; there is no {key[:40]!r}")
    return parameter(training, name, r, c, k)


def held_out(training: Training) -> tuple[Floats, Floats]:
    """The rows held out, if there are any."""
    if training.on_test is None:
        raise InvalidParameterError(tr("no rows are held out"))
    return training.on_test


def shoal_of(training: Training) -> str:
    """Whose predictions are scored."""
    K = len(training.counted)
    return "" if K == 1 else " " + tr("The {K} networks' z2 are averaged first.", K=K)


# --- costs and scores -------------------------------------------------------------------------------------------------


def mean_cost(training: Training, X: Floats, Y: Floats, rows: str) -> Answer:
    """J: the mean loss over rows."""
    losses = training.g2.loss(training.answers(X), Y.T)
    terms = long_sum(losses, None, 0)
    says = tr("The losses of all {m} {rows}, averaged; no penalty.", m=len(Y), rows=rows) + shoal_of(training)
    formula = f"J = 1/m Σ L,  L = {training.g2.loss_formula}"
    return card("J", formula, terms, [total(tr("sum"), losses.sum()), total(f"÷ {len(Y)}", losses.mean())], says)


def score(training: Training, X: Floats, Y: Floats, rows: str) -> Answer:
    """The fraction of correct predictions, or R²."""
    Z2, m, g2 = training.answers(X), len(Y), training.g2
    if g2.of_classes:
        likeliest = g2.unit.decides == "largest"
        right = Z2.argmax(axis=0) == Y.argmax(axis=1) if likeliest else ((Y > 0.5) == (Z2 > 0).T).all(axis=1)
        side = tr("the most likely class is the true one") if likeliest else tr("on the correct side of 0.5")
        count = int(right.sum())
        totals = [total(f"÷ {m}", count / m), total(tr("in per cent"), 100 * count / m)]
        says = tr("Of {m} {rows}.", m=m, rows=rows) + shoal_of(training)
        return card(tr("accuracy"), tr("correct ÷ m"), [term(count, note=side)], totals, says)
    y = Y[:, 0].astype(np.float64)
    missed, spread = (y - g2(Z2)[0]) ** 2, ((y - y.mean()) ** 2).sum()
    left = missed.sum()
    totals = [total("Σ (y − ŷ)²", left), total("Σ (y − ȳ)²", spread), total(tr("1 − first ÷ second"), 1 - left / spread)]
    formula = "R² = 1 − Σ (y − ŷ)² / Σ (y − ȳ)²"
    return card(
        "R²", formula, long_sum(missed, None, 0), totals, tr("Over {m} {rows}; ȳ is their mean.", m=m, rows=rows) + shoal_of(training)
    )


def last_epoch(training: Training) -> Answer:
    """The loss of an epoch, as `fit` defines it."""
    if training.event is None or training.last_epoch is None or not training.run.active.all():
        raise InvalidParameterError(tr("no complete epoch of all networks has just ended"))
    sizes, costs = training.last_epoch
    means, m = costs.mean(axis=1), int(sizes.sum())
    if len(sizes) == 1:
        terms, totals = [term(means[0], note=tr("all rows, before update {t}", t=training.event.t))], [total(tr("as it is"), means[0])]
    else:
        terms = long_sum(sizes.astype(float), means, 0, of="batch")
        totals = [total(tr("sum"), sizes @ means), total(f"÷ {m}", training.losses[-1])]
    says = tr("The cost of each batch is computed before its update, penalty included, so it lags behind the cost above (loss_curve_).")
    return card(tr("last epoch"), tr("Σ rows · J of each batch ÷ rows"), terms, totals, says)


RULE = {
    GradientDescent: "w := w − α dw",
    Momentum: "v := μ v − α dw,  w := w + v",
    Nesterov: "v := μ v − α dw,  w := w + μ v − α dw",
    RMSprop: "s := ρ s + (1 − ρ) dw²,  w := w − α dw / (√s + ε)",
    Adam: "v, s: means of dw, dw²;  w := w − αₜ v / (√s + ε)",
}


REMEMBERS: dict[str, Any] = {"first": Momentum | Nesterov | Adam, "second": RMSprop | Adam}  # a mean of dw, of dw²


def rate(training: Training) -> Answer:
    """The step size."""
    alpha = float(np.max(training.run.now.rates))
    return card(
        "α",
        tr(RULE[type(training.recipe.rule)]),
        [],
        [total(tr("you set it"), alpha)],
        tr("The same at every update. It is the length of each step."),
    )


# --- weights and biases -----------------------------------------------------------------------------------------------


def parameter(training: Training, name: str, r: int, c: int, k: int) -> Answer:
    """A weight or bias: its previous value, and the change that the rule computes from its derivative."""
    now = float(getattr(member(training.population, k), name)[r, c])
    title = f"{name}[{r + 1}, {c + 1}]"
    if training.t == 0:
        drawn = tr("Drawn before the first update from the seed.")
        return card(title, tr("{name}: its initial value", name=name), [], [total(tr("at the start"), now)], drawn)
    earlier = training.before_last()
    rows = earlier.next_rows()
    X, Y = np.asarray(earlier.run.X)[rows].T, earlier.run.Y[rows].T
    old = member(earlier.population, k)
    g1 = ACTIVATIONS[training.recipe.activation]
    slopes = backward(old, X, Y, forward(old, X, g1, training.g2), g1, training.g2)
    terms, says = moved(earlier, name, (r, c), k, float(getattr(slopes, "d" + name)[r, c]))
    because = derivative(name, r, c, old, X, slopes, training)
    return card(title, tr(RULE[type(training.recipe.rule)]), terms, [total(tr("now"), now)], says) | {"because": because}


def moved(earlier: Training, name: str, at: tuple[int, int], k: int, d: float) -> tuple[list[Card], str]:
    """The terms of one update of one parameter; d is its derivative without penalty."""
    recipe, alpha = earlier.recipe, float(earlier.run.now.rates[k])
    old = float(getattr(member(earlier.population, k), name)[at])
    terms = [term(old, note=tr("after update {t}", t=earlier.t))]
    weight = name in ("W1", "W2")
    shrink, lam = float(np.max(recipe.decay)) * weight, float(np.max(recipe.lam)) * weight / earlier.run.m
    if shrink:
        terms.append(term(-alpha, shrink, old, note=tr("−α · decay · w")))
    slope = d + lam * old
    says = decimal(f"dw = {d:.6g} + λ/m · w = {slope:.6g}") + "." if lam else ""
    v0, s0 = (memory(earlier, which, name, at, k) for which in ("first", "second"))
    more, words = ruled(recipe.rule, slope, v0, s0, alpha, earlier.t + 1)
    return [*terms, *more], f"{says} {words}".strip()


def ruled(rule: Any, d: float, v0: float, s0: float, alpha: float, t: int) -> tuple[list[Card], str]:
    """The change of an update rule, as terms, and its memory in words. `textbook.optimizers` has the formulas."""
    one = np.array([d])
    kept = {GradientDescent: (), Momentum: (v0,), Nesterov: (v0,), RMSprop: (s0,), Adam: (v0, s0)}[type(rule)]
    _, after = rule.change(one, tuple(np.array([w]) for w in kept), alpha, t)
    if isinstance(rule, GradientDescent):
        return [term(-alpha, d, note="−α · dw")], ""
    if isinstance(rule, Momentum):
        return [term(rule.mu, v0, note="μ · v"), term(-alpha, d, note="−α · dw")], ""
    v, s = float(after[0][0]), float(after[-1][0])
    if isinstance(rule, Nesterov):
        return [term(rule.mu, v, note="μ · v"), term(-alpha, d, note="−α · dw")], decimal(
            f"v = {rule.mu:g}·({v0:.6g}) − α · dw = {v:.6g}"
        ) + "."
    root = 1 / (float(np.sqrt(s)) + rule.epsilon)
    if isinstance(rule, RMSprop):
        return [term(-alpha, d, root, note="−α · dw / (√s + ε)")], decimal(
            f"s = {rule.rho:g}·{s0:.6g} + {1 - rule.rho:.6g}·dw² = {s:.6g}"
        ) + "."
    step = alpha * (1 - rule.beta_2**t) ** 0.5 / (1 - rule.beta_1**t)
    words = decimal(f"dw = {d:.6g}; v = {v:.6g}; s = {s:.6g}; αₜ = α √(1 − β₂ᵗ) / (1 − β₁ᵗ), t = {t}") + "."
    return [term(-step, v, root, note="−αₜ · v / (√s + ε)")], words


def memory(earlier: Training, which: str, name: str, at: tuple[int, int], k: int) -> float:
    """One number of the rule's memory, 0 if the rule has none."""
    state = earlier.run.state
    if not isinstance(earlier.recipe.rule, REMEMBERS[which]):
        return 0.0
    return float(getattr(member(moments(state, which), k), name)[at])


def derivative(name: str, r: int, c: int, old: Parameters, X: Floats, slopes: Gradients, training: Training) -> Answer:
    """The derivative of one parameter over the batch: a row of dZ times a row of the layer's input."""
    m = X.shape[1]
    g1 = ACTIVATIONS[training.recipe.activation]
    A1 = forward(old, X, g1, training.g2).A1
    dZ = slopes.dZ1 if name.endswith("1") else slopes.dZ2
    came = {"W1": X, "W2": A1}.get(name)
    second = None if came is None else came[c]
    whole = dZ[r].sum() if second is None else dZ[r] @ second
    value = float(getattr(slopes, "d" + name)[r, c])
    terms = long_sum(dZ[r], second, 0)
    return card(
        f"d{name}[{r + 1}, {c + 1}]",
        f"d{name} = {SUMS['d' + name]}",
        terms,
        [total(tr("sum"), whole), total(f"÷ {m}", value)],
        tr("Over the {m} rows of the update.", m=m),
    )
