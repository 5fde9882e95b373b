"""Exhibit 8: every slope at one z, by its formula and measured."""

import numpy as np

from shoal.textbook import ACTIVATIONS, Activation, numerical_slope
from shoal.web.chapter import Edit, look
from shoal.web.exhibits.cards import card, term, total
from shoal.web.exhibits.hand import EDITS, EX, STEP
from shoal.web.exhibits.predict import number, shown
from shoal.web.exhibits.slide_06 import QUARTERS, SHOWN
from shoal.web.languages import tr
from shoal.web.question import Answer, Question, RealReader

TITLE = "Slopes"
SLIDE = "Derivatives of activation functions"

NEARBY = 1e-5  # the ε of the measured slope


def at_z(z: float) -> Answer:
    """g, g′ and the measured slope of every activation at z, and at the slide's three points."""
    return {
        "z": z,
        "epsilon": NEARBY,
        "at": {name: beside(ACTIVATIONS[name], z) for name in SHOWN},
        "slide": {name: [beside(ACTIVATIONS[name], p) for p in (-10.0, 0.0, 10.0)] for name in SHOWN},
    }


def at_unit(step: int, edits: tuple[Edit, ...], ex: int) -> Answer:
    """The same at the z of unit 1 of the example network."""
    return at_z(float(look(step, edits).cache.Z1[0, ex - 1]))


def beside(g: Activation, z: float) -> dict[str, float]:
    """The formula's slope at z and the measured one."""
    at = np.array(z)
    prime, measured = float(g.prime(at)), float(numerical_slope(g, at, NEARBY))
    return {"z": z, "g": float(g(at)), "prime": prime, "measured": measured, "difference": measured - prime}


def predict(step: int, edits: tuple[Edit, ...], ex: int) -> Answer:
    """The slope of unit 1 at the selected example, from its output."""
    a = float(look(step, edits).cache.A1[0, ex - 1])
    slope = 1 - a * a
    asks = tr("For example {ex} unit 1 answers a = tanh(z) = {a}. What is the slope of tanh there?", ex=ex, a=shown(a))
    terms = [term(1.0), term(-a, a, note="− a²")]
    return number(asks, slope, 2, "tanh′(z) = 1 − a²", card(tr("tanh′(z) of unit 1"), "1 − a²", terms, [total("1 − a²", slope)]))


QUESTIONS = (
    Question("predict_8", predict, {"step": STEP, "edits": EDITS, "ex": EX}),
    Question("at_z", at_z, {"z": RealReader(-11, 11, 1.0, QUARTERS)}),
    Question("at_unit", at_unit, {"step": STEP, "edits": EDITS, "ex": EX}),
)
