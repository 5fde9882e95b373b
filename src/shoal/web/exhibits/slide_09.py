"""Exhibit 9: gradient descent, one step at a time and at any learning rate, and the cost over two of the weights with the path on it."""

import math

import numpy as np

from shoal.errors import InvalidParameterError
from shoal.textbook import Parameters, backward, cost, forward
from shoal.textbook.gradient_check import as_parameters
from shoal.web.chapter import LAST, RATE, SIGMOID, START, TANH, UNITS, Array, Edit, journey, points, right
from shoal.web.exhibits.cards import card, places, term, total
from shoal.web.exhibits.hand import EDITS
from shoal.web.exhibits.predict import number, shown
from shoal.web.languages import tr
from shoal.web.pictures import field, outcome, thinned
from shoal.web.question import Answer, Choice, ParameterReader, Question, RealReader, WholeReader

TITLE = "Descent"
SLIDE = "Gradient descent for neural networks"

SLICE = 33  # networks along each side of the slice
PATH_POINTS = 160
LEAST = 0.5  # how far the slice reaches beyond the path
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


def weight(parameters: Parameters, key: str) -> float:
    """The number at `W1-4-2`."""
    name, row, column = key.split("-")
    return float(getattr(parameters, name)[int(row) - 1, int(column) - 1])


def with_weights(parameters: Parameters, values: dict[str, Array]) -> Parameters:
    """The network K times, with K values in place of each of these numbers; the parameters have a leading axis K."""
    K = len(next(iter(values.values())))
    many = parameters.map(lambda w: np.repeat(w[None], K, axis=0))
    for key, v in values.items():
        name, row, column = key.split("-")
        getattr(many, name)[:, int(row) - 1, int(column) - 1] = v
    return many


def window(values: list[float]) -> tuple[float, float]:
    """A range with round ends that holds these values and 0, with space around; it changes seldom while a path grows."""
    kept = [v for v in values if math.isfinite(v)] + [0.0]
    low, high = min(kept) - LEAST, max(kept) + LEAST
    unit = 2.0 ** math.ceil(math.log2((high - low) / 8))
    return unit * math.floor(low / unit), unit * math.ceil(high / unit)


def costs_over(parameters: Parameters, across: str, up: str, x: Array, y: Array) -> Array:
    """J with x in place of one weight and y in place of another, `(len(y), len(x))`: a row of networks at a time."""
    X, Y = points()
    rows = [with_weights(parameters, {across: x, up: np.full(len(x), v)}) for v in y]
    return np.array([cost(forward(row, X, TANH, SIGMOID), Y, SIGMOID) for row in rows])


def cost_slice(step: int, edits: tuple[Edit, ...], rate: float, across: str, up: str) -> Answer:
    """The cost over two weights, the other 15 as they are at this step, and the path of descent up to it, seen from above."""
    if across == up:
        raise InvalidParameterError(tr("the slice needs two different weights; both are {weight}", weight=across))
    way = journey(edits, rate)
    now, after = way.at(step), way.at(step + 1)
    at = thinned(range(step + 1), PATH_POINTS)["at"]
    path = {key: [weight(way.at(t), key) for t in at] for key in (across, up)}
    (left, right_end), (bottom, top) = window(path[across]), window(path[up])
    x, y = np.linspace(left, right_end, SLICE), np.linspace(top, bottom, SLICE)
    J, here = costs_over(now, across, up, x, y), way.costs(step)[-1]
    above = J - here
    finite = np.abs(above[np.isfinite(above)])
    lowest = np.unravel_index(np.argmin(np.where(np.isfinite(J), J, np.inf)), J.shape)
    zero = np.zeros(1)
    return {
        "x": [left, right_end],
        "y": [bottom, top],
        "above": field(above, float(np.quantile(finite, 0.9)) if finite.size else None),
        "path": np.round([path[across], path[up]], 4),  # to be drawn only
        "next": [weight(after, across), weight(after, up)],
        "J": here,
        "lowest": {"J": float(J[lowest]), "x": float(x[lowest[1]]), "y": float(y[lowest[0]])},
        "highest": float(np.max(J)),
        "zero": float(costs_over(now, across, up, zero, zero)[0, 0]),
    }


def predict(step: int, edits: tuple[Edit, ...], rate: float) -> Answer:
    """How one weight changes in the next step."""
    X, Y = points()
    before = journey(edits, rate).at(step)
    slope = float(backward(before, X, Y, forward(before, X, TANH, SIGMOID), TANH, SIGMOID).dW1[0, 0])
    asks = tr(
        "dW1 for unit 1 and x1 is {slope}, and α = {rate}. By how much does this weight change in the next step?",
        slope=shown(slope),
        rate=shown(rate),
    )
    because = card(tr("The change of W1, unit 1, x1"), "− α dW1", [term(-rate, slope, note="− α dW1")], [total("− α dW1", -rate * slope)])
    return number(asks, -rate * slope, 2, "W := W − α dW", because)


TAKES: dict[str, ParameterReader] = {
    "step": WholeReader(0, LAST, START, (0, 1, 2, 5, 20, 60, 110, 200, 599, 600, 601, 1000, 2000)),
    "edits": EDITS,
    "rate": RealReader(0.001, 10, RATE, RATES),
}
WEIGHTS = (*places("W1", UNITS, 2), *places("b1", UNITS, 1), *places("W2", 1, UNITS), *places("b2", 1, 1))
OF_SLICE: dict[str, ParameterReader] = {
    **TAKES,
    "across": Choice(WEIGHTS, WEIGHTS[:1]),
    "up": Choice(("W2-1-1", *(w for w in WEIGHTS if w != "W2-1-1")), ("W2-1-1", "W1-1-2")),
}
QUESTIONS = (Question("descent", descent, TAKES), Question("slice", cost_slice, OF_SLICE), Question("predict_9", predict, TAKES))
