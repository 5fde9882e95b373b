"""What an exercise is made of: what is given, what is asked, the steps of the computation, and the result.

A value is a matrix, a number or a few words. Steps are written here from the numbers themselves; results come from the textbook.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.web.exhibits.predict import shown
from shoal.web.languages import tr
from shoal.web.question import Answer

Array = np.ndarray[Any, np.dtype[Any]]
Value = Array | float | str


@dataclass(frozen=True)
class Part:
    """One question of an exercise: `given` and `result` are values by name, `room` is the height to write in, in lines."""

    asks: str
    result: dict[str, Value]
    steps: tuple[str, ...] = ()
    given: tuple[tuple[str, Value], ...] = ()
    choices: tuple[str, ...] = ()
    room: int = 3


@dataclass(frozen=True)
class Exercise:
    """The exercise of one slide: its number, the exhibit's title, the slide's title."""

    slide: int
    title: str
    source: str
    parts: tuple[Part, ...]


def exercise(slide: Any, *parts: Part) -> Exercise:
    """The exercise of the module `slide_NN`, which has the titles."""
    return Exercise(int(slide.__name__[-2:]), slide.TITLE, slide.SLIDE, parts)


def factor(value: float) -> str:
    """A number within a product: in brackets if it is negative."""
    return f"({shown(value)})" if value < 0 else shown(value)


def colon(text: str) -> str:
    """A text and its colon, as the language sets it."""
    return tr("{0}:", **{"0": text}) + " "


def products(pairs: Iterable[tuple[float, float]], *added: float) -> str:
    """`0.5 · 2 + (−1) · 3 + 0.1`: a sum of products, and what is added to it."""
    return " + ".join([*(f"{factor(a)} · {factor(b)}" for a, b in pairs), *(factor(b) for b in added)])


def by_rows(name: str, W: Array, X: Array, b: Array | None, of: Array) -> tuple[str, ...]:
    """The sum behind every number of `of` = W X + b, row by row and column by column."""
    lines = []
    for r in range(of.shape[0]):
        for c in range(of.shape[1]):
            sums = products(zip(W[r], X[:, c], strict=True), *([] if b is None else [b[r, 0]]))
            lines.append(f"{place(name, of, r, c)} = {sums} = {shown(of[r, c])}")
    return tuple(lines)


def place(name: str, of: Array, r: int, c: int) -> str:
    """The name of one number of a matrix, counted from 1; a matrix with one number has no indices."""
    if of.size == 1:
        return name
    return f"{name}[{r + 1}]" if of.shape[1] == 1 else f"{name}[{r + 1}, {c + 1}]"


def each(name: str, of: Array, written: Sequence[str]) -> tuple[str, ...]:
    """One line for every number of a matrix, by rows, with what it is computed from."""
    cells = [(r, c) for r in range(of.shape[0]) for c in range(of.shape[1])]
    return tuple(f"{place(name, of, r, c)} = {text} = {shown(of[r, c])}" for (r, c), text in zip(cells, written, strict=True))


def shape(array: Array) -> str:
    """A shape as the chapter writes it."""
    return f"({', '.join(str(n) for n in array.shape)}{',' if array.ndim == 1 else ''})"


def from_question(question: Answer, name: str, value: float | None = None, room: int = 3) -> Part:
    """The question that the page asks of a reader (`predict_N`), as a part of an exercise; `value` is its number."""
    if "choices" in question:
        choices = tuple(question["choices"])
        return Part(question["asks"], {name: choices[question["right"]]}, (question["because"],), choices=choices, room=1)
    assert value is not None
    card = question["card"]
    terms = " + ".join(" · ".join(factor(f) for f in term["factors"]) for term in card["terms"])
    totals = [f"{total['label']} = {shown(total['value'])}" for total in card["totals"]]
    return Part(question["asks"], {name: value}, (colon(card["formula"]) + terms, *totals), room=room)
