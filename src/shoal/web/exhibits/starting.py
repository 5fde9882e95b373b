"""Exhibits 11 and 12: all zeros against small random, and how small is small."""

from functools import lru_cache

import numpy as np

from shoal.textbook import ACTIVATIONS, Parameters, backward, exercise_parameters, forward
from shoal.textbook.initialization import he, lecun, nguyen_widrow, small_random, xavier, zeros
from shoal.web.chapter import EXAMPLE, RATE, SCALE, SEED, SIGMOID, UNITS, Array, Path, points, right
from shoal.web.pictures import outcome, thinned, tiles
from shoal.web.question import Answer, Choice, Question, Real, Whole

RACE_LAST, SCALE_LAST = 5000, 600
G1 = ("logistic", "tanh", "relu")


def race_points(leave_out: bool) -> tuple[Array, Array]:
    """The flower, whole or without the example in hand: with 200 points of each class all-zero errors cancel exactly."""
    X, Y = points()
    keep = np.arange(X.shape[1]) != EXAMPLE - 1 if leave_out else np.ones(X.shape[1], dtype=bool)
    return X[:, keep].copy(), Y[:, keep].copy()


@lru_cache(maxsize=12)
def runner(begin: str, g1: str, leave_out: bool) -> Path:
    """One of the two that race."""
    X, Y = race_points(leave_out)
    start = zeros(2, UNITS, 1) if begin == "zeros" else exercise_parameters(UNITS, seed=SEED, scale=SCALE)
    return Path(start, X, Y, ACTIVATIONS[g1], RATE)


def race(g1: str, leave_out: str, step: int) -> Answer:
    """All zeros beside small random at one step: every digit of W1, what each unit answers, and the cost so far."""
    X, Y = race_points(leave_out == "yes")
    answer: Answer = {"m": X.shape[1]}
    for begin in ("zeros", "random"):
        path = runner(begin, g1, leave_out == "yes")
        answer[begin] = lane(path.at(step), X, Y, g1) | {"costs": thinned(path.costs(step)), "J": path.costs(step)[-1]}
    start = zeros(2, UNITS, 1)
    g = backward(start, X, Y, forward(start, X, ACTIVATIONS[g1], SIGMOID), ACTIVATIONS[g1], SIGMOID)
    answer["first_dW2"], answer["first_db2"] = float(np.max(np.abs(g.dW2))), float(g.db2[0, 0])
    return answer


def lane(parameters: Parameters, X: Array, Y: Array, g1: str) -> Answer:
    """One network of the race. `equal` compares the bytes of the units' own numbers: W1's row, b1, W2's column."""
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


def begin_with(rule: str, scale: float) -> Parameters:
    """The initial weights of one rule, drawn as the exercise draws."""
    rng = np.random.default_rng(SEED)
    if rule == "normal":
        return small_random(rng, 2, UNITS, 1, scale)
    return {"xavier": xavier, "he": he, "lecun": lecun, "nguyen_widrow": nguyen_widrow}[rule](rng, 2, UNITS, 1)


@lru_cache(maxsize=96)
def trial(rule: str, scale: float, g1: str) -> Path:
    """The flower trained from these initial weights."""
    X, Y = points()
    return Path(begin_with(rule, scale), X, Y, ACTIVATIONS[g1], RATE)


def small(scale: float, g1: str) -> Answer:
    """One scale beside the named rules: where z1 lies at the start, what share is flat, and 600 steps of cost."""
    X, Y = points()
    activation = ACTIVATIONS[g1]
    start = begin_with("normal", scale)
    cache = forward(start, X, activation, SIGMOID)
    reach = max(4.0, float(np.max(np.abs(cache.Z1))))
    counts, edges = np.histogram(cache.Z1, bins=41, range=(-reach, reach))
    answer: Answer = {
        "counts": counts,
        "edges": edges,
        "flat": int(np.sum(np.abs(activation.prime(cache.Z1)) < 0.01)),
        "total": int(cache.Z1.size),
        "W1": start.W1,
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


SCALES = tuple(round(10 ** (e / 2), 6) for e in range(-8, 5))
QUESTIONS = (
    Question(
        "race",
        race,
        {
            "g1": Choice(G1),
            "leave_out": Choice(("yes", "no")),
            "step": Whole(0, RACE_LAST, RACE_LAST, (0, 1, 10, 100, 1000, 2500, 3000, 5000)),
        },
    ),
    Question("small", small, {"scale": Real(1e-4, 100, 0.01, SCALES), "g1": Choice(("tanh", "logistic", "relu"))}),
)
