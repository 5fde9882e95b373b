"""Exhibit 11: all zeros against small random."""

from functools import lru_cache

import numpy as np

from shoal.textbook import ACTIVATIONS, Parameters, backward, exercise_parameters, forward
from shoal.textbook.initialization import zeros
from shoal.web.chapter import EXAMPLE, RATE, SCALE, SEED, SIGMOID, UNITS, Array, Path, points, right
from shoal.web.exhibits.predict import choice
from shoal.web.languages import grouped, tr
from shoal.web.pictures import outcome, thinned, tiles
from shoal.web.question import Answer, Choice, Question, WholeReader

TITLE = "All zeros"
SLIDE = "What if you initialize weights to zero?"

RACE_LAST = 5000


def race_points(leave_out: bool) -> tuple[Array, Array]:
    """The flower, with or without the selected example: with 200 points of each class, errors cancel exactly at all-zero weights."""
    X, Y = points()
    keep = np.arange(X.shape[1]) != EXAMPLE - 1 if leave_out else np.ones(X.shape[1], dtype=bool)
    return X[:, keep].copy(), Y[:, keep].copy()


@lru_cache(maxsize=12)
def runner(begin: str, g1: str, leave_out: bool) -> Path:
    """One of the two networks of the comparison."""
    X, Y = race_points(leave_out)
    start = zeros(2, UNITS, 1) if begin == "zeros" else exercise_parameters(UNITS, seed=SEED, scale=SCALE)
    return Path(start, X, Y, ACTIVATIONS[g1], RATE)


def race(g1: str, leave_out: str, step: int) -> Answer:
    """All zeros and small random at one step: every digit of W1, each unit's output, and the cost up to now."""
    X, Y = race_points(leave_out == "yes")
    answer: Answer = {"m": X.shape[1]}
    for begin in ("zeros", "random"):
        path = runner(begin, g1, leave_out == "yes")
        answer[begin] = one_network(path.at(step), X, Y, g1) | {"costs": thinned(path.costs(step)), "J": path.costs(step)[-1]}
    start = zeros(2, UNITS, 1)
    g = backward(start, X, Y, forward(start, X, ACTIVATIONS[g1], SIGMOID), ACTIVATIONS[g1], SIGMOID)
    answer["first_dW2"], answer["first_db2"] = float(np.max(np.abs(g.dW2))), float(g.db2[0, 0])
    return answer


def one_network(parameters: Parameters, X: Array, Y: Array, g1: str) -> Answer:
    """One network of the comparison. `equal` compares the bytes of the units' own numbers: W1's row, b1, W2's column."""
    own = np.hstack([parameters.W1, parameters.b1, parameters.W2.T])
    A2 = forward(parameters, X, ACTIVATIONS[g1], SIGMOID).A2
    return {
        "W1": parameters.W1,
        "b2": float(parameters.b2[0, 0]),
        "digits": [[repr(float(v)) for v in row] for row in parameters.W1],
        "equal": len({row.tobytes() for row in own}) == 1,
        "right": right(A2, Y),
        "tiles": tiles(parameters, ACTIVATIONS[g1]),
        **outcome(parameters, ACTIVATIONS[g1], 56),
    }


def predict() -> Answer:
    """How many different units there are after training from zeros."""
    return choice(
        tr("All weights begin at 0. After {steps} steps, how many different rows has W1, to the last bit?", steps=grouped(RACE_LAST)),
        (tr("four"), tr("two"), tr("one")),
        2,
        tr("Units with equal numbers get equal gradients."),
        tr("All four begin equal and get the same gradient at every step, so that they stay one unit, four times."),
    )


QUESTIONS = (
    Question("predict_11", predict),
    Question(
        "race",
        race,
        {
            "g1": Choice(("logistic", "tanh", "relu")),
            "leave_out": Choice(("yes", "no")),
            "step": WholeReader(0, RACE_LAST, RACE_LAST, (0, 1, 10, 100, 1000, 2500, 3000, 5000)),
        },
    ),
)
