"""Exhibit 9: gradient descent, one step at a time and at any learning rate."""

import numpy as np

from shoal.textbook import backward, forward
from shoal.textbook.gradient_check import as_parameters
from shoal.web.chapter import LAST, RATE, SIGMOID, START, TANH, Edit, journey, points, right
from shoal.web.exhibits.cards import card, term, total
from shoal.web.exhibits.hand import EDITS
from shoal.web.exhibits.predict import number, shown
from shoal.web.pictures import outcome, thinned
from shoal.web.question import Answer, ParameterReader, Question, RealReader, WholeReader

TITLE = "Descent"
SLIDE = "Gradient descent for neural networks"

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.6, 1.2, 2.0, 3.0, 5.0, 10.0)


def descent(step: int, edits: tuple[Edit, ...], rate: float) -> Answer:
    """One step of descent at this rate: W before, −α dW, W after, the cost up to now, and the effect of the rate."""
    X, Y = points()
    way = journey(edits, rate)
    before, after = way.at(step), way.at(step + 1)
    cache = forward(before, X, TANH, SIGMOID)
    slopes = as_parameters(backward(before, X, Y, cache, TANH, SIGMOID))
    costs = way.costs(step + 1)
    correct = right(cache.A2, Y)
    return {
        "step": step,
        "rate": rate,
        "before": before.named(),
        "slopes": slopes.named(),
        "change": {k: -rate * w for k, w in slopes.named().items()},
        "after": after.named(),
        "J": costs[step],
        "J_after": costs[step + 1],
        "costs": thinned(costs[: step + 1]),
        "right": correct,
        "verdict": verdict(costs),
        **outcome(before, TANH),
    }


def verdict(costs: list[float]) -> str:
    """The effect of a rate, from the costs up to now: `starts`, `crawls`, `falls`, `rattles` or `leaves`."""
    J = np.array(costs)
    if len(J) < 20:
        return "starts"
    if not np.all(np.isfinite(J)) or J[-1] > 1.5 * J[0]:
        return "leaves"
    ups = float(np.mean(np.diff(J[-200:]) > 0))
    if ups > 0.1:
        return "rattles"
    fallen = (J[0] - J[-1]) / J[0]
    return "crawls" if fallen < 0.02 else "falls"


def predict(step: int, edits: tuple[Edit, ...], rate: float) -> Answer:
    """How one weight changes in the next step."""
    X, Y = points()
    before = journey(edits, rate).at(step)
    slope = float(backward(before, X, Y, forward(before, X, TANH, SIGMOID), TANH, SIGMOID).dW1[0, 0])
    asks = f"dW1 for unit 1 and x1 is {shown(slope)}, and α = {shown(rate)}. By how much does this weight change in the next step?"
    because = card("The change of W1, unit 1, x1", "− α dW1", [term(-rate, slope, note="− α dW1")], [total("− α dW1", -rate * slope)])
    return number(asks, -rate * slope, 2, "W := W − α dW", because)


TAKES: dict[str, ParameterReader] = {
    "step": WholeReader(0, LAST, START, (0, 1, 2, 5, 20, 60, 110, 200, 599, 600, 601, 1000, 2000)),
    "edits": EDITS,
    "rate": RealReader(0.001, 10, RATE, RATES),
}
QUESTIONS = (Question("descent", descent, TAKES), Question("predict_9", predict, TAKES))
