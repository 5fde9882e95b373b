"""The network in hand as every exhibit sees it: its numbers at one step, and one example followed through it."""

import numpy as np

from shoal.textbook import ACTIVATIONS, backward, cost, forward
from shoal.web.chapter import (
    EXAMPLE,
    EXAMPLES,
    LAST,
    RATE,
    SCALE,
    SEED,
    SIGMOID,
    START,
    STEPS,
    TANH,
    UNITS,
    Edit,
    Edits,
    journey,
    look,
    points,
    right,
)
from shoal.web.code import in_code
from shoal.web.pictures import LIMIT, thinned
from shoal.web.question import Answer, Question, Real, Whole

STEP = Whole(0, LAST, START, STEPS)
EX = Whole(1, 400, EXAMPLE, EXAMPLES)
EDITS = Edits()


def page() -> Answer:
    """What does not change while the page is open."""
    X, Y = points()
    return {
        "X": X,
        "Y": Y[0],
        "limit": LIMIT,
        "rate": RATE,
        "seed": SEED,
        "scale": SCALE,
        "units": UNITS,
        "start": START,
        "last": LAST,
        "example": EXAMPLE,
        "activations": {g.name: {"formula": g.formula, "derivative": g.derivative} for g in ACTIVATIONS.values()},
        "code": in_code(),
    }


def hand(step: int, edits: tuple[Edit, ...]) -> Answer:
    """Parameters, cost and accuracy at `step`, and the cost so far."""
    seen = look(step, edits)
    g = backward(seen.parameters, seen.X, seen.Y, seen.cache, TANH, SIGMOID)
    correct = right(seen.cache.A2, seen.Y)
    slopes = np.abs(TANH.prime(seen.cache.Z1))
    return {
        "step": step,
        **seen.parameters._asdict(),
        "dW1": g.dW1,
        "db1": g.db1,
        "dW2": g.dW2,
        "db2": g.db2,
        "J": float(cost(seen.cache, seen.Y, SIGMOID)),
        "right": correct,
        "accuracy": 100 * correct / seen.Y.size,
        "flat": int(np.sum(slopes < 0.01)),
        "costs": thinned(journey(edits).costs(step), 120),
        "edited": [[e.step, e.name, e.row, e.column, e.value] for e in edits if e.step <= step],
    }


def example(step: int, edits: tuple[Edit, ...], ex: int, x1: float | None, x2: float | None) -> Answer:
    """One example forward and back: every product, sum, bias and bend. `x1`, `x2` put a point of the reader's own in its place."""
    seen = look(step, edits)
    i = ex - 1
    x, y = seen.X[:, [i]].copy(), seen.Y[:, [i]]
    for row, own in enumerate((x1, x2)):
        if own is not None:
            x[row, 0] = own
    W1, b1, W2, b2 = seen.parameters
    cache = forward(seen.parameters, x, TANH, SIGMOID)
    g = backward(seen.parameters, x, y, cache, TANH, SIGMOID)
    products1, products2 = W1 * x.T, W2 * cache.A1.T
    return {
        "ex": ex,
        "x": x[:, 0],
        "y": int(y[0, 0]),
        "own": x1 is not None or x2 is not None,
        "products1": products1,
        "sums1": (W1 @ x)[:, 0],
        "b1": b1[:, 0],
        "z1": cache.Z1[:, 0],
        "a1": cache.A1[:, 0],
        "slope1": TANH.prime(cache.Z1)[:, 0],
        "products2": products2[0],
        "sum2": float((W2 @ cache.A1)[0, 0]),
        "b2": float(b2[0, 0]),
        "z2": float(cache.Z2[0, 0]),
        "a2": float(cache.A2[0, 0]),
        "loss": float(SIGMOID.loss(cache.Z2, y)[0]),
        "dZ2": float(g.dZ2[0, 0]),
        "dZ1": g.dZ1[:, 0],
    }


OWN = Real(-100, 100, optional=True)
QUESTIONS = (
    Question("page", page),
    Question("hand", hand, {"step": STEP, "edits": EDITS}),
    Question("example", example, {"step": STEP, "edits": EDITS, "ex": EX, "x1": OWN, "x2": OWN}),
)
