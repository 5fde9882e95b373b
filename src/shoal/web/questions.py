"""The manifest of the page: every question by name, and the facts that the page needs before its first question.

`exhibits/slide_NN.py` and `static/exhibits/slide-NN.js` are the two halves of slide NN. Titles, questions, defaults and the playground's
settings are defined in Python; the page reads them from the answer to the question "page".
"""

from collections.abc import Mapping
from typing import Any

from shoal.textbook import ACTIVATIONS, Activation, Loss
from shoal.textbook.losses import LOSSES
from shoal.web.chapter import FILM, LAST, RATE, SCALE, SEED, START, UNITS, chapters, in_hand
from shoal.web.code import in_code
from shoal.web.exhibits import (
    cards,
    hand,
    slide_00,
    slide_01,
    slide_02,
    slide_03,
    slide_04,
    slide_05,
    slide_06,
    slide_07,
    slide_08,
    slide_09,
    slide_10,
    slide_11,
    slide_12,
    slide_13,
    slide_14,
)
from shoal.web.languages import tr
from shoal.web.playground.settings import KINDS, LEARNING, PICTURE, STARTS
from shoal.web.question import Answer, Question

SLIDES: tuple[Any, ...] = (
    slide_00,
    slide_01,
    slide_02,
    slide_03,
    slide_04,
    slide_05,
    slide_06,
    slide_07,
    slide_08,
    slide_09,
    slide_10,
    slide_11,
    slide_12,
    slide_13,
    slide_14,
)
NUMBERS = tuple(int(m.__name__.rpartition("_")[2]) for m in SLIDES)  # slide_07 is exhibit 7, whatever comes before it
TITLED: dict[str, Mapping[str, Activation | Loss]] = {"activation": ACTIVATIONS, "loss": LOSSES}  # settings whose words have titles
MODULES: tuple[Any, ...] = (hand, cards, *SLIDES)


def page() -> Answer:
    """The facts that do not change while the page is open."""
    network = in_hand()
    return {
        "X": network.X,
        "Y": network.Y[0],
        "own": network is not chapters(),
        "limit": network.limit,
        "rate": RATE,
        "seed": SEED,
        "scale": SCALE,
        "units": UNITS,
        "start": network.step,
        "half": START,
        "last": LAST,
        "film": len(FILM),
        "example": network.example,
        "activations": {
            g.name: {"title": tr(g.title), "formula": tr(g.formula), "derivative": tr(g.derivative)} for g in ACTIVATIONS.values()
        },
        "code": in_code(),
        "manifest": manifest(),
    }


def manifest() -> Answer:
    """Titles of the exhibits, defaults of every question's parameters, which answers are measured, the playground's settings."""
    return {
        "slides": [{"number": i, "title": tr(m.TITLE), "slide": m.SLIDE} for i, m in zip(NUMBERS, SLIDES, strict=True)],
        "questions": {
            q.name: {"measured": q.measured, "defaults": {name: kind.default for name, kind in q.takes.items()}} for q in ALL.values()
        },
        "settings": {
            "network": {name: kind.default for name, kind in KINDS.items() if name not in PICTURE},
            "picture": {name: KINDS[name].default for name in PICTURE},
            "starts": {name: {k: own.get(k, KINDS[k].default) for k in LEARNING} for name, own in STARTS.items()},
            "choices": {name: [(word, tr(known[word].title)) for word in KINDS[name].recorded] for name, known in TITLED.items()},
        },
    }


# The exhibits about the network in hand, which `shoal.show` shows of a reader's network too; the others have networks of their own.
OF_THE_NETWORK = (2, 3, 4, 5, 8, 9, 10)
ALL: dict[str, Question] = {q.name: q for q in (Question("page", page), *(q for module in MODULES for q in module.QUESTIONS))}
ABOUT_THE_NETWORK = {"page"} | {
    q.name
    for module in (hand, cards, *(m for m, n in zip(SLIDES, NUMBERS, strict=True) if n in OF_THE_NETWORK))
    for q in module.QUESTIONS
    if "edits" in q.takes
}
