"""Exhibit 10: the six formulas with their numbers, and the measured derivatives."""

from dataclasses import replace

import numpy as np

from shoal.textbook import backward, check_gradients, cost, forward
from shoal.textbook.gradient_check import as_parameters, numerical_gradients
from shoal.textbook.propagation import Parameters
from shoal.web.chapter import EXAMPLE, RATE, SIGMOID, TANH, Array, Edit, look
from shoal.web.exhibits.cards import how
from shoal.web.exhibits.hand import EDITS, STEP, ExampleReader
from shoal.web.exhibits.predict import number, shown
from shoal.web.languages import tr
from shoal.web.pictures import strip
from shoal.web.question import Answer, Question

TITLE = "Six formulas"
SLIDE = "Formulas for computing derivatives"


def formulas(step: int, edits: tuple[Edit, ...], ex: int) -> Answer:
    """The six derivatives at this step, the numerical ones, and one example's column of them."""
    seen = look(step, edits)
    g = backward(seen.parameters, seen.X, seen.Y, seen.cache, TANH, SIGMOID)
    measured = numerical_gradients(seen.parameters, seen.X, seen.Y, TANH, SIGMOID)
    formula = as_parameters(g)
    i = ex - 1
    apart = {f"d{k}": np.abs(f - n) for k, f, n in zip(formula.named(), formula, measured, strict=True)}
    return {
        "formula": {f"d{k}": w for k, w in formula.named().items()},
        "measured": {f"d{k}": w for k, w in measured.named().items()},
        "apart": {k: float(d.max()) for k, d in apart.items()},
        "widest": {k: [int(p) + 1 for p in np.unravel_index(d.argmax(), d.shape)] for k, d in apart.items()},
        "largest": max(float(d.max()) for d in apart.values()),
        "dZ2": strip(g.dZ2),
        "dZ1": strip(g.dZ1),
        "column": {
            "dZ2": float(g.dZ2[0, i]),
            "dZ1": g.dZ1[:, i],
            "back": (seen.parameters.W2.T @ g.dZ2)[:, i],  # what line 4 carries along each edge, before the slope
            "dW2": g.dZ2[0, i] * seen.cache.A1[:, i],  # the example's own terms of dW2 and dW1, of which the sums are made
            "dW1": np.outer(g.dZ1[:, i], seen.X[:, i]),
            "a2": float(seen.cache.A2[0, i]),
            "y": int(seen.Y[0, i]),
            "loss": float(SIGMOID.loss(seen.cache.Z2, seen.Y)[i]),
        },
        "nudge": nudged(seen.parameters, seen.X, seen.Y),
        "trap": trap(seen.parameters, seen.X, seen.Y),
    }


def nudged(parameters: Parameters, X: Array, Y: Array, by: float = 0.01) -> Answer:
    """The cost before and after one weight is increased a little: the meaning of a derivative, with numbers."""
    W1 = parameters.W1.copy()
    W1[-1, -1] += by
    before = float(cost(forward(parameters, X, TANH, SIGMOID), Y, SIGMOID))
    after = float(cost(forward(replace(parameters, W1=W1), X, TANH, SIGMOID), Y, SIGMOID))
    return {"by": by, "before": before, "after": after, "slope": (after - before) / by}


def trap(parameters: Parameters, X: Array, Y: Array) -> Answer:
    """The effect of a sum without keepdims in NumPy: the resulting shapes, and the error message."""
    g = backward(parameters, X, Y, forward(parameters, X, TANH, SIGMOID), TANH, SIGMOID)
    db1, db2 = (1 / X.shape[1]) * np.sum(g.dZ1, axis=1), (1 / X.shape[1]) * np.sum(g.dZ2, axis=1)
    b1 = parameters.b1 - RATE * db1
    try:
        words = str((parameters.W1 @ X + b1).shape)
    except ValueError as refused:
        words = str(refused).strip()
    return {"db1": db1.shape, "b1": b1.shape, "db2": db2.shape, "b2": (parameters.b2 - RATE * db2).shape, "error": words}


def compare_all(step: int, edits: tuple[Edit, ...]) -> Answer:
    """The button of exhibit 10: `textbook.check_gradients` on the network in hand."""
    seen = look(step, edits)
    checked = check_gradients(seen.parameters, seen.X, seen.Y, TANH, SIGMOID)
    return {"count": sum(w.size for w in checked.formula), "largest_difference": checked.largest_difference}


def predict(step: int, edits: tuple[Edit, ...], ex: int) -> Answer:
    """The error that the walk back begins with."""
    seen = look(step, edits)
    a2, y = float(seen.cache.A2[0, ex - 1]), int(seen.Y[0, ex - 1])
    asks = tr(
        "For example {ex} the network answers a2 = {a2}, and y is {y}. What is its dZ2, where the walk back begins?",
        ex=ex,
        a2=shown(a2),
        y=y,
    )
    return number(asks, a2 - y, 3, "dZ2 = A2 − Y", how("dZ2", step, edits, ex))


QUESTIONS = (
    Question("predict_10", predict, {"step": STEP, "edits": EDITS, "ex": ExampleReader(EXAMPLE, (EXAMPLE,))}),
    Question("formulas", formulas, {"step": STEP, "edits": EDITS, "ex": ExampleReader(EXAMPLE, (EXAMPLE,))}),
    Question("compare_all", compare_all, {"step": STEP, "edits": EDITS}),
)
