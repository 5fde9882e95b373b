"""Exhibit 6: one z through every activation, and through two units one after the other."""

from functools import lru_cache

import numpy as np

from shoal.textbook import ACTIVATIONS, saturated
from shoal.web.chapter import Array
from shoal.web.exhibits.cards import card, term, total
from shoal.web.exhibits.predict import number, shown
from shoal.web.languages import tr
from shoal.web.question import Answer, Choice, Question, RealReader

TITLE = "Four activations"
SLIDE = "Activation functions"

SHOWN = ("logistic", "tanh", "relu", "leaky_relu", "identity", "elu", "softplus", "silu")
QUARTERS = tuple(round(v / 4, 2) for v in range(-44, 45))


@lru_cache(maxsize=1)
def curves() -> Answer:
    """Every g and g′ on a grid of z, and the intervals on which g′ < 0.01."""
    z = np.linspace(-11, 11, 441)
    fine = np.linspace(-40, 40, 800_001)
    answer: Answer = {"z": np.round(z, 4)}
    for name in SHOWN:
        g = ACTIVATIONS[name]
        answer[name] = {"g": np.round(g(z), 6), "prime": np.round(g.prime(z), 6), "flat": stretches(fine, saturated(g, fine))}
    return answer


def stretches(z: Array, inside: Array) -> list[list[float]]:
    """The intervals of z on which `inside` is true, as pairs of ends."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
    return [[float(z[a]), float(z[b - 1])] for a, b in zip(edges[::2], edges[1::2], strict=True)]


def two_units(z: float, g1: str, g2: str) -> Answer:
    """z through a hidden unit and then an output unit, with the use of that pair."""
    a1 = float(ACTIVATIONS[g1](np.array(z)))
    a2 = float(ACTIVATIONS[g2](np.array(a1)))
    says = {
        "logistic": tr("A sigmoid output is between 0 and 1: a probability."),
        "identity": tr("A linear output unit can be any number: a regression."),
        "softplus": tr("A softplus output is never negative: an amount."),
    }
    return {"a1": a1, "a2": a2, "says": says[g2]}


def predict(z: float) -> Answer:
    """The sigmoid on the other side of zero."""
    a = float(ACTIVATIONS["logistic"](np.array(z)))
    terms = [term(1.0), term(-1.0, a, note="− σ(z)")]
    asks = tr("At z = {z} the sigmoid is σ(z) = {a}. What is σ(−z)?", z=shown(z), a=shown(a))
    return number(
        asks,
        1 - a,
        3,
        tr("Its curve is the same after half a turn around the point (0, 0.5)."),
        card("σ(−z)", "1 − σ(z)", terms, [total("σ(−z)", 1 - a)]),
    )


Z = RealReader(-11, 11, 1.0, QUARTERS)
QUESTIONS = (
    Question("predict_6", predict, {"z": Z}),
    Question("curves", curves),
    Question(
        "two_units",
        two_units,
        {
            "z": Z,
            "g1": Choice(("tanh", "logistic", "relu", "leaky_relu")),
            "g2": Choice(("logistic", "identity", "softplus")),
        },
    ),
)
