"""Exhibit 7: one network trained with each activation from the same initial weights, at first those of the example network."""

from fractions import Fraction
from functools import lru_cache

import numpy as np

from shoal.textbook import ACTIVATIONS, Parameters, dead_units, exercise_parameters, forward, linear_collapse, saturated
from shoal.web.chapter import EXAMPLE, RATE, SCALE, SEED, SIGMOID, UNITS, Path, points, right
from shoal.web.exhibits.predict import choice
from shoal.web.languages import tr
from shoal.web.pictures import outcome, thinned
from shoal.web.question import Answer, Choice, Question, WholeReader, text_of

TITLE = "What each is good for"
SLIDE = "Pros and cons of activation functions"

COMPARED = ("logistic", "tanh", "relu", "leaky_relu", "identity")
COMPARE_LAST = 3000
SEEDS = 10
RATES = (text_of(RATE), "0.6", "0.3", "0.1")
WIDTHS = (str(UNITS), "16", "32")
SETTINGS = 4  # whose training is kept


@lru_cache(maxsize=SETTINGS * len(COMPARED))
def trained(g1: str, seed: int, rate: float, n_h: int) -> Path:
    """The exercise with so many of these hidden units, other first weights and another rate."""
    X, Y = points()
    return Path(exercise_parameters(n_h, seed=seed, scale=SCALE), X, Y, ACTIVATIONS[g1], rate)


def compare(step: int, seed: int, rate: str, n_h: str) -> Answer:
    """Five networks at one step: boundary, cost, correct predictions, flat values and dead units; and the linear collapse."""
    X, Y = points()
    answer: Answer = {"values": int(n_h) * X.shape[1]}
    for name in COMPARED:
        path, g = trained(name, seed, float(rate), int(n_h)), ACTIVATIONS[name]
        parameters = path.at(step)
        cache = forward(parameters, X, g, SIGMOID)
        answer[name] = {
            "J": path.costs(step)[-1],
            "costs": thinned(path.costs(step), 121),
            "right": right(cache.A2, Y),
            "flat": int(np.sum(saturated(g, cache.Z1))),
            "dead": int(np.sum(dead_units(g, cache.Z1))),
            **outcome(parameters, g, 48),
        }
    answer["collapse"] = collapse(trained("identity", seed, float(rate), int(n_h)).at(step))
    return answer


def collapse(parameters: Parameters) -> Answer:
    """With identity units W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2): equal in exact arithmetic, in doubles to rounding."""
    X, _ = points()
    W, b = linear_collapse(parameters)
    two_layers = forward(parameters, X, ACTIVATIONS["identity"], SIGMOID).Z2
    exact_two, exact_one = in_fractions(parameters, EXAMPLE - 1)
    return {
        "W": W,
        "b": b,
        "difference": float(np.max(np.abs(two_layers - (W @ X + b)))),
        "exactly_equal": exact_two == exact_one,
        "z2": float(exact_two),
        "digits": len(str(exact_two.denominator)),
    }


def in_fractions(parameters: Parameters, i: int) -> tuple[Fraction, Fraction]:
    """z2 of example i through two layers and through one, without rounding: every double is a fraction."""
    W1, b1, W2, b2 = ([[Fraction(float(v)) for v in row] for row in w] for w in parameters)
    x = [Fraction(float(v)) for v in points()[0][:, i]]
    hidden = [sum((w * v for w, v in zip(row, x, strict=True)), start=bias[0]) for row, bias in zip(W1, b1, strict=True)]
    two = sum((w * a for w, a in zip(W2[0], hidden, strict=True)), start=b2[0][0])
    W = [sum((W2[0][k] * W1[k][j] for k in range(len(W1))), start=Fraction(0)) for j in range(len(x))]
    b = sum((W2[0][k] * b1[k][0] for k in range(len(W1))), start=b2[0][0])
    return two, sum((w * v for w, v in zip(W, x, strict=True)), start=b)


def predict() -> Answer:
    """Which kind of unit keeps the boundary straight."""
    return choice(
        tr("One of the five networks can only ever have a straight boundary, however long it trains. Which hidden units has it?"),
        (tr("sigmoid"), "tanh", "ReLU", "leaky ReLU", tr("identity")),
        4,
        tr("Put a1 = W1 x + b1 into z2 = W2 a1 + b2."),
        tr("W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2): two layers of straight lines are one."),
    )


QUESTIONS = (
    Question(
        "compare",
        compare,
        {
            "step": WholeReader(0, COMPARE_LAST, 1000, (0, 10, 50, 100, 200, 500, 1000, 2000, 3000)),
            "seed": WholeReader(1, SEEDS, SEED),
            "rate": Choice(RATES, RATES[:1]),
            "n_h": Choice(WIDTHS, WIDTHS[:1]),
        },
    ),
    Question("predict_7", predict),
)
