"""Exhibit 2: the shapes, and the plane as the hidden layer transforms it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from shoal.textbook import Parameters, forward
from shoal.textbook.initialization import zeros
from shoal.web.chapter import LAST, SIGMOID, START, STEPS, TANH, Array, Edit, look, right
from shoal.web.exhibits.cards import card, term, total
from shoal.web.exhibits.hand import EDITS
from shoal.web.exhibits.predict import number
from shoal.web.pictures import LIMIT, outcome
from shoal.web.question import Answer, Choice, Question, WholeReader

TITLE = "A network, named"
SLIDE = "Neural network representation learning"

LINES = 17  # lines of the grid in each direction, and points along each
ALONG = 61


def shapes(n_x: int, n_h: int, n_y: int) -> Answer:
    """The four matrices that a network of this size must have."""
    parameters = zeros(n_x, n_h, n_y)
    return {"shapes": {k: w.shape for k, w in parameters.named().items()}, "count": sum(w.size for w in parameters)}


def predict(n_x: int, n_h: int, n_y: int) -> Answer:
    """The parameters of a network with one more hidden unit."""
    more = zeros(n_x, n_h + 1, n_y)
    sizes = [term(*map(float, w.shape), note=name) for name, w in more.named().items()]
    count = sum(w.size for w in more)
    asks = f"A network with n_x = {n_x}, n_h = {n_h} and n_y = {n_y}. With one more hidden unit, how many parameters are there?"
    hint = "Rows times columns of each of the four: W1 is (n_h, n_x), b1 (n_h, 1), W2 (n_y, n_h), b2 (n_y, 1)."
    return number(asks, count, None, hint, card("Parameters", "n_h n_x + n_h + n_y n_h + n_y", sizes, [total("their sum", count)]))


def warped(step: int, edits: tuple[Edit, ...], look_along: str, turn: int) -> Answer:
    """The 400 points and the grid of the plane in the space of the hidden layer, projected from one direction.

    `look_along` is `cut` (horizontal: the output unit's direction; vertical: a direction perpendicular to it, turned by `turn` degrees)
    or two hidden units such as `12`.
    """
    seen = look(step, edits)
    across, up, axes = view(seen.parameters, seen.cache.A1, look_along, turn)
    lines = np.array(grid_lines())
    through = forward(seen.parameters, np.concatenate(list(lines), axis=1), TANH, SIGMOID).A1
    hidden = np.stack([across(through), up(through)]).reshape(2, len(lines), ALONG).transpose(1, 0, 2)
    return {
        "points": np.round(np.stack([across(seen.cache.A1), up(seen.cache.A1)]), 4),
        "flat_lines": np.round(lines, 3),
        "lines": np.round(hidden, 3),
        "axes": axes,
        "right": right(seen.cache.A2, seen.Y),
        **outcome(seen.parameters, TANH),
    }


def grid_lines() -> list[Array]:
    """The grid of the plane as polylines, (2, ALONG) each."""
    ticks, along = np.linspace(-LIMIT, LIMIT, LINES), np.linspace(-LIMIT, LIMIT, ALONG)
    upright = [np.vstack([np.full(ALONG, t), along]) for t in ticks]
    level = [np.vstack([along, np.full(ALONG, t)]) for t in ticks]
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
    directions = directions * np.where(np.take_along_axis(directions, np.abs(directions).argmax(0)[None], 0) < 0, -1, 1)
    angle = np.deg2rad(turn)
    u = np.cos(angle) * directions[:, 0] + np.sin(angle) * directions[:, 1]
    return (lambda A: w @ A + b2 / size), (lambda A: u @ A), np.stack([w, u], axis=1)


PAIRS = tuple(f"{i}{j}" for i in range(1, 5) for j in range(1, 5) if i < j)
SIZE = (1, 2, 3, 4, 6, 8)
SIZES = {"n_x": WholeReader(1, 8, 2, (1, 2, 3, 4)), "n_h": WholeReader(1, 8, 4, SIZE), "n_y": WholeReader(1, 4, 1, (1, 2, 3))}
QUESTIONS = (
    Question("shapes", shapes, SIZES),
    Question("predict_2", predict, SIZES),
    Question(
        "warped",
        warped,
        {
            "step": WholeReader(0, LAST, START, (*STEPS[::3], START)),
            "edits": EDITS,
            "look_along": Choice(("cut", *PAIRS), ("cut", "12", "34")),
            "turn": WholeReader(0, 180, 0),
        },
    ),
)
