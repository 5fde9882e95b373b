"""Exhibit 3: one example followed through the network."""

from shoal.textbook import backward, forward
from shoal.web.chapter import SIGMOID, TANH, Edit, look
from shoal.web.exhibits.cards import how
from shoal.web.exhibits.hand import EDITS, EX, STEP
from shoal.web.exhibits.predict import number, shown
from shoal.web.languages import tr
from shoal.web.question import Answer, Question, RealReader

TITLE = "One example forward"
SLIDE = "Computing the output"


def example(step: int, edits: tuple[Edit, ...], ex: int, x1: float | None, x2: float | None) -> Answer:
    """One example forward and back: every product, sum, bias and activation. `x1`, `x2` replace the example with a point of the reader."""
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


def predict(step: int, edits: tuple[Edit, ...], ex: int) -> Answer:
    """The network's output from its last sum."""
    cache = look(step, edits).cache
    z2, a2 = float(cache.Z2[0, ex - 1]), float(cache.A2[0, ex - 1])
    asks = tr("For example {ex} the output unit's sum is z2 = {z2}. What does the network answer?", ex=ex, z2=shown(z2))
    return number(asks, a2, 2, "a2 = σ(z2) = 1 / (1 + e^(−z2))", how("a2", step, edits, ex))


OWN = RealReader(-100, 100, optional=True)
QUESTIONS = (
    Question("example", example, {"step": STEP, "edits": EDITS, "ex": EX, "x1": OWN, "x2": OWN}),
    Question("predict_3", predict, {"step": STEP, "edits": EDITS, "ex": EX}),
)
