"""Exhibit 1: one unit alone, over the plane."""

from functools import lru_cache

import numpy as np

from shoal.textbook import ACTIVATIONS, Activation
from shoal.textbook import vectorization as textbook
from shoal.web.chapter import EXAMPLE, EXAMPLES, points
from shoal.web.exhibits.cards import card, term, total
from shoal.web.exhibits.predict import choice, number, shown
from shoal.web.languages import tr
from shoal.web.pictures import field, plane
from shoal.web.question import Answer, Choice, Question, RealReader, WholeReader

TITLE = "A unit"
SLIDE = "What is a neural network?"


def unit(g: str, w1: float, w2: float, b: float, ex: int) -> Answer:
    """One unit over the plane: its colour, its surface, its level lines, and its value for one example."""
    activation = ACTIVATIONS[g]
    w = np.array([[w1], [w2]])
    over = textbook.unit(w, b, plane(72), activation).a[0]
    surface = textbook.unit(w, b, plane(23), activation).a[0]
    logistic = g == "logistic"
    x = points()[0][:, [ex - 1]]
    z, a = textbook.unit(w, b, x, activation)
    norm = float(np.linalg.norm(w))
    centred = 2 * over - 1 if logistic else over
    reference = 1.0 if g in ("logistic", "tanh") else max(1.0, float(np.max(np.abs(over))))
    return {
        "heat": field(centred, reference),
        "surface": {"k": 23, "a": np.round(surface, 5), "low": min(0.0, float(surface.min())), "high": max(1.0, float(surface.max()))},
        "colour": np.round(np.clip((2 * surface - 1 if logistic else surface) / reference, -1, 1), 3),
        "levels": levels(activation),
        "norm": norm,
        "offset": -b / norm if norm else None,
        "x": x[:, 0],
        "products": (w * x)[:, 0],
        "z": z.item(),
        "a": a.item(),
    }


@lru_cache(maxsize=16)
def levels(activation: Activation) -> list[dict[str, float]]:
    """Three levels of a and the z at which the unit reaches them; the first is the decision boundary."""
    wanted = {"logistic": (0.5, 0.1, 0.9), "tanh": (0.0, -0.8, 0.8), "relu": (0.0, 1.0, 2.0)}.get(activation.name, (0.0, -1.0, 1.0))
    z = np.linspace(-400, 400, 3_200_001) if activation.name == "leaky_relu" else np.linspace(-12, 12, 480_001)
    a = activation(z)
    if activation.name == "relu":
        return [{"a": v, "z": v} for v in wanted]
    return [{"a": v, "z": float(np.round(np.interp(v, a, z), 6))} for v in wanted if a[0] <= v <= a[-1]]


def predict(w1: float, w2: float, b: float) -> Answer:
    """Where the edge goes when b doubles."""
    norm = float(np.hypot(w1, w2))
    hint = tr("The edge is where w1 x1 + w2 x2 + b = 0, at the distance −b / ‖w‖ from the origin.")
    if norm == 0:
        places = (tr("nowhere"), tr("at the origin"), tr("at x1 = 0"), tr("everywhere"))
        return choice(tr("w is (0, 0). Where is the edge?"), places, 0, hint, tr("Without w the sum is b at every point."))
    squares = [term(w1, w1, note="w1²"), term(w2, w2, note="w2²")]
    steps = [total("w1² + w2²", norm**2), total("‖w‖", norm), total("−2b / ‖w‖", -2 * b / norm)]
    asks = tr("The edge is at −b/‖w‖ = {place}, measured along w. Double b, and where is it?", place=shown(-b / norm))
    return number(asks, -2 * b / norm, 3, hint, card(tr("The edge when b doubles"), "−2b / ‖w‖", squares, steps))


W1, W2, B = (
    RealReader(-6, 6, 0.9, (-2.0, -0.5, 0.9, 2.0)),
    RealReader(-6, 6, 1.3, (-2.0, 0.0, 1.3, 2.5)),
    RealReader(-12, 12, -1.5, (-4.0, -1.5, 0.0, 2.0)),
)
QUESTIONS = (
    Question("predict_1", predict, {"w1": W1, "w2": W2, "b": B}),
    Question(
        "unit",
        unit,
        {
            "g": Choice(("logistic", "tanh", "relu", "leaky_relu", "identity"), ("logistic", "tanh", "relu")),
            "w1": W1,
            "w2": W2,
            "b": B,
            "ex": WholeReader(1, 400, EXAMPLE, EXAMPLES[-1:]),
        },
    ),
)
