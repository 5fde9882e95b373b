"""Exhibit 2: the shapes, and the plane as the hidden layer transforms it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from shoal.textbook import Parameters, forward
from shoal.textbook.initialization import zeros
from shoal.web.chapter import FILM, LAST, SIGMOID, START, STEPS, TANH, Array, Edit, ExampleStep, in_hand, journey, look, right
from shoal.web.exhibits.cards import card, term, total
from shoal.web.exhibits.hand import EDITS
from shoal.web.exhibits.predict import number
from shoal.web.languages import tr
from shoal.web.pictures import outcome, packed
from shoal.web.question import Answer, Choice, ParameterReader, Question, WholeReader

TITLE = "A network, named"
SLIDE = "Neural network representation learning"

LINES = 17  # lines of the grid in each direction,
FINE = 401  # points computed along each,
ALONG = 91  # and those of them that are drawn
COARSE, FEW_LINES, FEW = 52, 9, 61  # the film's: a side of its fields, lines in each direction, points along each


def shapes(n_x: int, n_h: int, n_y: int) -> Answer:
    """The four matrices that a network of this size must have."""
    parameters = zeros(n_x, n_h, n_y)
    return {"shapes": {k: w.shape for k, w in parameters.named().items()}, "count": sum(w.size for w in parameters)}


def predict(n_x: int, n_h: int, n_y: int) -> Answer:
    """The parameters of a network with one more hidden unit."""
    more = zeros(n_x, n_h + 1, n_y)
    sizes = [term(*map(float, w.shape), note=name) for name, w in more.named().items()]
    count = sum(w.size for w in more)
    sizes_now = {"n_x": n_x, "n_h": n_h, "n_y": n_y}
    asks = tr(
        "A network with n_x = {n_x}, n_h = {n_h} and n_y = {n_y}. With one more hidden unit, how many parameters are there?", **sizes_now
    )
    hint = tr("Rows times columns of each of the four: W1 is (n_h, n_x), b1 (n_h, 1), W2 (n_y, n_h), b2 (n_y, 1).")
    return number(asks, count, None, hint, card(tr("Parameters"), "n_h n_x + n_h + n_y n_h + n_y", sizes, [total(tr("their sum"), count)]))


def warped(step: int, edits: tuple[Edit, ...], look_along: str, turn: int) -> Answer:
    """The 400 points and the grid of the plane in the space of the hidden layer, projected from one direction.

    `look_along` is `cut` (horizontal: the output unit's direction; vertical: a direction perpendicular to it, turned by `turn` degrees)
    or two hidden units such as `12`.
    """
    seen = look(step, edits)
    return {**projected(seen, look_along, turn), "right": right(seen.cache.A2, seen.Y), **outcome(seen.parameters, TANH)}


def projected(seen: ExampleStep, look_along: str, turn: int, lines: int = LINES, along: int = ALONG) -> Answer:
    """What is drawn of the hidden layer at one step: points, grid lines, axes, and the largest coordinates of the points."""
    across, up, axes = view(seen.parameters, seen.cache.A1, look_along, turn)
    points = np.stack([across(seen.cache.A1), up(seen.cache.A1)])
    largest = np.maximum(np.abs(points).max(axis=1), 1e-9) if look_along == "cut" else np.ones(2)
    flat = np.array(grid_lines(lines))
    A1 = forward(seen.parameters, np.concatenate(list(flat), axis=1), TANH, SIGMOID).A1
    hidden = np.stack([across(A1), up(A1)]).reshape(2, len(flat), FINE).transpose(1, 0, 2)
    places = [even(line / largest[:, None], along) for line in hidden]
    return {
        "points": np.round(points, 4),
        "flat_lines": np.round([line[:, at] for line, at in zip(flat, places, strict=True)], 3),
        "lines": np.round([line[:, at] for line, at in zip(hidden, places, strict=True)], 3),
        "axes": axes,
        "largest": largest,
    }


def even(line: Array, count: int) -> Array:
    """Which points of a finely sampled line (2, n) to draw: `count`, equally far apart on the picture, so that no corner is cut off."""
    passed = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=1)) + 1e-9)])
    return np.round(np.interp(np.linspace(0, passed[-1], count), passed, np.arange(passed.size))).astype(int)


def grid_lines(count: int) -> list[Array]:
    """A grid of the plane, `count` lines upright and as many level, as polylines (2, FINE) each."""
    limit = in_hand().limit
    ticks, along = np.linspace(-limit, limit, count), np.linspace(-limit, limit, FINE)
    upright = [np.vstack([np.full(FINE, t), along]) for t in ticks]
    level = [np.vstack([along, np.full(FINE, t)]) for t in ticks]
    return upright + level


def view(parameters: Parameters, A1: Array, look_along: str, turn: int) -> tuple[Callable[[Array], Array], Callable[[Array], Array], Any]:
    """Two functions from A1 to positions in the picture, and the hidden units' axes in the same projection."""
    W2, b2 = parameters.W2, float(parameters.b2[0, 0])
    n_h = W2.shape[1]
    if look_along != "cut":
        i, j = (int(c) - 1 for c in look_along)
        return (lambda A: A[i]), (lambda A: A[j]), np.stack([np.eye(n_h)[i], np.eye(n_h)[j]], axis=1)
    size = float(np.linalg.norm(W2)) or 1.0
    w = W2[0] / size
    left = A1 - np.outer(w, w @ A1)
    directions = np.linalg.svd(left - left.mean(axis=1, keepdims=True), full_matrices=False)[0]
    # A direction and its opposite spread the points equally. Unit 2's axis points down: then the picture never turns over in training.
    directions = directions * np.where(directions[1] > 0, -1, 1)
    angle = np.deg2rad(turn)
    u = np.cos(angle) * directions[:, 0] + np.sin(angle) * directions[:, 1]
    return (lambda A: w @ A + b2 / size), (lambda A: u @ A), np.stack([w, u], axis=1)


def learning(after: int, step: int, edits: tuple[Edit, ...], look_along: str, turn: int) -> Answer:
    """The training as a film: what the plane and the hidden layer look like at the recorded steps after `after`, up to `step`.

    Fields and coordinates are packed thousandths; coordinates are in units of twice the largest of the points (`largest`).
    """
    way = journey(edits)
    steps = [s for s in (*(t for t in FILM if t < step), step) if s > after]
    costs = way.costs(step)
    frames = [one_frame(look(s, edits), look_along, turn) for s in steps]
    columns = {name: [frame[name] for frame in frames] for name in frames[0]} if frames else {}
    return {"k": COARSE, "along": FEW, "steps": steps, "J": [costs[s] for s in steps], **columns}


def one_frame(seen: ExampleStep, look_along: str, turn: int) -> Answer:
    """One picture of the film."""
    drawn = projected(seen, look_along, turn, lines=FEW_LINES, along=FEW)
    scale = 2 * drawn["largest"][:, None]
    over = outcome(seen.parameters, TANH, COARSE)
    return {
        "right": right(seen.cache.A2, seen.Y),
        "heat": packed(over["heat"]["v"], 1000.0),
        "cut": packed(over["cut"]["v"], 1000.0),
        "points": packed(drawn["points"] / scale, 1.0),
        "lines": packed(drawn["lines"] / scale, 1.0),
        "axes": drawn["axes"],
        "largest": drawn["largest"],
    }


PAIRS = tuple(f"{i}{j}" for i in range(1, 5) for j in range(1, 5) if i < j)
SIZE = (1, 2, 3, 4, 6, 8)
SIZES = {"n_x": WholeReader(1, 8, 2, (1, 2, 3, 4)), "n_h": WholeReader(1, 8, 4, SIZE), "n_y": WholeReader(1, 4, 1, (1, 2, 3))}
LOOK: dict[str, ParameterReader] = {"look_along": Choice(("cut", *PAIRS), ("cut", "12", "34")), "turn": WholeReader(0, 180, 0)}
QUESTIONS = (
    Question("shapes", shapes, SIZES),
    Question("predict_2", predict, SIZES),
    Question("warped", warped, {"step": WholeReader(0, LAST, START, (*STEPS[::3], START)), "edits": EDITS, **LOOK}),
    Question(
        "learning",
        learning,
        {
            "after": WholeReader(-1, LAST, -1),
            "step": WholeReader(0, LAST, LAST),
            "edits": EDITS,
            **LOOK,
            "look_along": Choice(("cut", *PAIRS), ("cut",)),
        },
    ),
)
