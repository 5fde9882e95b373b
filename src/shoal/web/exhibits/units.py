"""Exhibits 1, 6 and 8: one unit alone, the activations, and their slopes."""

from functools import lru_cache

import numpy as np

from shoal.textbook import ACTIVATIONS, Activation
from shoal.web.chapter import EXAMPLE, EXAMPLES, Array, Edit, look, points
from shoal.web.exhibits.hand import EDITS, EX, STEP
from shoal.web.pictures import field, plane
from shoal.web.question import Answer, Choice, Question, Real, Whole

SHOWN = ("logistic", "tanh", "relu", "leaky_relu", "identity", "elu", "softplus", "silu")
NEARBY = 1e-5  # the ε of the measured slope
FLAT = 0.01  # below this slope the chapter calls a unit saturated


def unit(g: str, w1: float, w2: float, b: float, ex: int) -> Answer:
    """One unit over the plane: its colour, its surface, where it crosses its levels, and what it says of one example."""
    activation = ACTIVATIONS[g]
    w = np.array([w1, w2])
    over = activation(w @ plane(72) + b)
    surface = activation(w @ plane(23) + b)
    logistic = g == "logistic"
    x = points()[0][:, ex - 1]
    z = float(w @ x + b)
    centred = 2 * over - 1 if logistic else over
    reference = 1.0 if g in ("logistic", "tanh") else max(1.0, float(np.max(np.abs(over))))
    return {
        "heat": field(centred, reference),
        "surface": {"k": 23, "a": np.round(surface, 5), "low": min(0.0, float(surface.min())), "high": max(1.0, float(surface.max()))},
        "colour": np.round(np.clip((2 * surface - 1 if logistic else surface) / reference, -1, 1), 3),
        "levels": levels(activation),
        "norm": float(np.linalg.norm(w)),
        "offset": float(-b / np.linalg.norm(w)) if np.any(w) else None,
        "x": x,
        "products": w * x,
        "z": z,
        "a": float(activation(np.array(z))),
    }


@lru_cache(maxsize=16)
def levels(activation: Activation) -> list[dict[str, float]]:
    """Three levels of a and the z at which the unit reaches them; the first is its cut."""
    wanted = {"logistic": (0.5, 0.1, 0.9), "tanh": (0.0, -0.8, 0.8), "relu": (0.0, 1.0, 2.0)}.get(activation.name, (0.0, -1.0, 1.0))
    z = np.linspace(-400, 400, 3_200_001) if activation.name == "leaky_relu" else np.linspace(-12, 12, 480_001)
    a = activation(z)
    if activation.name == "relu":
        return [{"a": v, "z": v} for v in wanted]
    return [{"a": v, "z": float(np.round(np.interp(v, a, z), 6))} for v in wanted if a[0] <= v <= a[-1]]


@lru_cache(maxsize=1)
def curves() -> Answer:
    """Every g and g′ on a grid of z, and the stretches on which g′ < 0.01."""
    z = np.linspace(-11, 11, 441)
    fine = np.linspace(-40, 40, 800_001)
    answer: Answer = {"z": np.round(z, 4)}
    for name in SHOWN:
        g = ACTIVATIONS[name]
        answer[name] = {"g": np.round(g(z), 6), "prime": np.round(g.prime(z), 6), "flat": stretches(fine, np.abs(g.prime(fine)) < FLAT)}
    return answer


def stretches(z: Array, inside: Array) -> list[list[float]]:
    """The runs of z on which `inside` holds, as pairs of ends."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
    return [[float(z[a]), float(z[b - 1])] for a, b in zip(edges[::2], edges[1::2], strict=True)]


def at_z(z: float) -> Answer:
    """g, g′ and the measured slope of every activation at z, and at the slide's three points."""
    return {
        "z": z,
        "epsilon": NEARBY,
        "at": {name: beside(ACTIVATIONS[name], z) for name in SHOWN},
        "slide": {name: [beside(ACTIVATIONS[name], p) for p in (-10.0, 0.0, 10.0)] for name in SHOWN},
    }


def two_units(z: float, g1: str, g2: str) -> Answer:
    """z through a hidden unit and an output unit, one after the other, with what that pair is for."""
    a1 = float(ACTIVATIONS[g1](np.array(z)))
    a2 = float(ACTIVATIONS[g2](np.array(a1)))
    says = {
        "logistic": "A sigmoid output lies between 0 and 1: a probability.",
        "identity": "An output unit without a bend can be any number: a regression.",
        "softplus": "A softplus output is never negative: an amount.",
    }
    return {"a1": a1, "a2": a2, "says": says[g2]}


def at_unit(step: int, edits: tuple[Edit, ...], ex: int) -> Answer:
    """The same at the z of unit 1 in the network in hand."""
    return at_z(float(look(step, edits).cache.Z1[0, ex - 1]))


def beside(g: Activation, z: float) -> dict[str, float]:
    """The formula's slope at z and the measured one, (g(z + ε) − g(z − ε)) / 2ε."""
    here, above, below = (float(g(np.array(v))) for v in (z, z + NEARBY, z - NEARBY))
    prime, measured = float(g.prime(np.array(z))), (above - below) / (2 * NEARBY)
    return {"z": z, "g": here, "prime": prime, "measured": measured, "difference": measured - prime}


QUARTERS = tuple(round(v / 4, 2) for v in range(-44, 45))
QUESTIONS = (
    Question(
        "unit",
        unit,
        {
            "g": Choice(("logistic", "tanh", "relu", "leaky_relu", "identity"), ("logistic", "tanh", "relu")),
            "w1": Real(-6, 6, 0.9, (-2.0, -0.5, 0.9, 2.0)),
            "w2": Real(-6, 6, 1.3, (-2.0, 0.0, 1.3, 2.5)),
            "b": Real(-12, 12, -1.5, (-4.0, -1.5, 0.0, 2.0)),
            "ex": Whole(1, 400, EXAMPLE, EXAMPLES[-1:]),
        },
    ),
    Question("curves", curves),
    Question("at_z", at_z, {"z": Real(-11, 11, 1.0, QUARTERS)}),
    Question(
        "two_units",
        two_units,
        {
            "z": Real(-11, 11, 1.0, QUARTERS),
            "g1": Choice(("logistic", "tanh", "relu", "leaky_relu")),
            "g2": Choice(("logistic", "identity", "softplus")),
        },
    ),
    Question("at_unit", at_unit, {"step": STEP, "edits": EDITS, "ex": EX}),
)
