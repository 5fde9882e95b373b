"""Exhibit 4: the loop over examples compared with the product, with their times."""

import time

import numpy as np

from shoal.textbook import forward, forward_by_loop, timed
from shoal.web.chapter import SIGMOID, STEPS, TANH, Edit, look
from shoal.web.exhibits.hand import EDITS, STEP
from shoal.web.exhibits.predict import choice
from shoal.web.languages import tr
from shoal.web.pictures import strip
from shoal.web.question import Answer, Choice, Question, WholeReader

TITLE = "All examples at once"
SLIDE = "Vectorizing across multiple examples"

LOOPS, PRODUCTS = 5, 41  # runs of which the shortest counts


def loop(step: int, edits: tuple[Edit, ...], layer: str) -> Answer:
    """Both layers over all 400 examples, by the loop and by products: the shortest times of several runs, and the largest difference.

    The shortest, since whatever else a busy machine does only adds to a run.
    """
    seen = look(step, edits)
    network = seen.parameters, seen.X, TANH, SIGMOID
    by_loop = timed(lambda: forward_by_loop(*network), time.perf_counter, runs=LOOPS)
    at_once = timed(lambda: forward(*network), time.perf_counter, runs=PRODUCTS)
    one, all_ = (getattr(run.result, layer) for run in (by_loop, at_once))
    loop_s, product_s = (min(run.durations) for run in (by_loop, at_once))
    return {
        "m": seen.X.shape[1],
        "loop": loop_s,
        "product": product_s,
        "ratio": loop_s / product_s,
        "runs": [LOOPS, PRODUCTS],
        "difference": float(np.max(np.abs(one - all_))),
        "same_bits": int(np.sum(one == all_)),
        "total": int(all_.size),
        "Z": all_,
        "X": strip(seen.X),
        "strip": strip(all_),
    }


def predict() -> Answer:
    """The shape of Z1 for all examples at once."""
    return choice(
        tr("X is (2, 400), W1 is (4, 2) and b1 is (4, 1). Which shape has Z1 = W1 X + b1?"),
        ("(4, 2)", "(400, 4)", "(4, 400)", "(4, 1)"),
        2,
        tr("A product has the rows of its left factor and the columns of its right one."),
        tr("Four rows from W1, 400 columns from X: rows are units, columns are examples. b1 is repeated over the columns."),
    )


QUESTIONS = (
    Question("predict_4", predict),
    Question(
        "loop",
        loop,
        {"step": WholeReader(0, STEPS[-1], STEP.start), "edits": EDITS, "layer": Choice(("Z1", "A1", "Z2", "A2"))},
        measured=True,
    ),
)
