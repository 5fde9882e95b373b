"""Exhibit 12: how small the first weights should be."""

from functools import lru_cache

import numpy as np

from shoal.textbook import ACTIVATIONS, Parameters, forward, saturated
from shoal.textbook.initialization import he, lecun, nguyen_widrow, small_random, xavier
from shoal.web.chapter import RATE, SEED, SIGMOID, UNITS, Path, points, right
from shoal.web.exhibits.predict import choice, shown
from shoal.web.exhibits.slide_06 import stretches
from shoal.web.languages import decimal, tr
from shoal.web.pictures import thinned
from shoal.web.question import Answer, Choice, ParameterReader, Question, RealReader

TITLE = "How small?"
SLIDE = "Random initialization"

SCALE_LAST = 600
FINE = 200_001  # values of z over the histogram's range at which the slope is looked up


def begin_with(rule: str, scale: float) -> Parameters:
    """The initial weights of one rule, from the exercise's own generator: scale 0.01 gives the network in hand."""
    rng = np.random.RandomState(SEED)
    if rule == "normal":
        return small_random(rng, 2, UNITS, 1, scale)
    return {"xavier": xavier, "he": he, "lecun": lecun, "nguyen_widrow": nguyen_widrow}[rule](rng, 2, UNITS, 1)


@lru_cache(maxsize=96)
def trial(rule: str, scale: float, g1: str) -> Path:
    """The flower trained from these initial weights."""
    X, Y = points()
    return Path(begin_with(rule, scale), X, Y, ACTIVATIONS[g1], RATE)


def small(scale: float, g1: str) -> Answer:
    """One scale and the named rules: the range of z1 at the start, the flat fraction, and 600 steps of cost."""
    X, Y = points()
    activation = ACTIVATIONS[g1]
    start = begin_with("normal", scale)
    cache = forward(start, X, activation, SIGMOID)
    reach = max(4.0, float(np.max(np.abs(cache.Z1))))
    counts, edges = np.histogram(cache.Z1, bins=41, range=(-reach, reach))
    fine = np.linspace(-reach, reach, FINE)
    answer: Answer = {
        "last": SCALE_LAST,
        "counts": counts,
        "edges": edges,
        "flat": int(np.sum(saturated(activation, cache.Z1))),
        "total": int(cache.Z1.size),
        "flat_spans": stretches(fine, saturated(activation, fine)),
        "W1": start.W1,
        "W2": start.W2,
        "spread": float(np.std(cache.Z1)),
        "runs": {},
    }
    for rule in ("normal", "xavier", "he", "lecun", "nguyen_widrow"):
        path = trial(rule, scale if rule == "normal" else 0.0, g1)
        after = path.at(SCALE_LAST)
        answer["runs"][rule] = {
            "costs": thinned(path.costs(SCALE_LAST), 121),
            "J": path.costs(SCALE_LAST)[-1],
            "right": right(forward(after, X, activation, SIGMOID).A2, Y),
        }
    return answer


def predict(scale: float, g1: str) -> Answer:
    """How much of the hidden layer begins where it is flat."""
    activation = ACTIVATIONS[g1]
    flat = saturated(activation, forward(begin_with("normal", scale), points()[0], activation, SIGMOID).Z1)
    share = 100 * float(np.mean(flat))
    bands = (1, 30, 70)
    return choice(
        tr(
            "Weights of size {size}, {activation} units. How many of the hidden layer's values begin where g′ < 0.01?",
            size=shown(scale),
            activation=tr(activation.title),
        ),
        (tr("fewer than 1 %"), tr("1 to 30 %"), tr("30 to 70 %"), tr("more than 70 %")),
        sum(share >= band for band in bands),
        tr("Look where the curve of g is flat, and how far from 0 the sums reach with such weights."),
        tr("{flat} of {all}: {share} %.", flat=int(flat.sum()), all=flat.size, share=decimal(f"{share:.1f}")),
    )


SCALES = tuple(round(10 ** (e / 2), 6) for e in range(-8, 5))
TAKES: dict[str, ParameterReader] = {"scale": RealReader(1e-4, 100, 0.01, SCALES), "g1": Choice(("tanh", "logistic", "relu"))}
QUESTIONS = (Question("small", small, TAKES), Question("predict_12", predict, TAKES))
