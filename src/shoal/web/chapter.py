"""The example network of the page: 2 inputs, 4 tanh units, 1 sigmoid output, trained on the flower; every training step is kept.

A reader may set parameters by hand at any step (`Edit`); training then continues from there. A journey is therefore a chain of descents.
Each keeps all its steps, so going back is a lookup and going forward is `textbook.descend`.
"""

import math
import threading
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from shoal.errors import InvalidParameterError
from shoal.textbook import ACTIVATIONS, Activation, Forward, Parameters, descend, exercise_parameters, flower, forward, make_loss
from shoal.web.in_hand import NetworkInHand, current
from shoal.web.progress import counting

Array = np.ndarray[Any, np.dtype[np.float64]]

RATE, SEED, SCALE = 1.2, 2, 0.01
UNITS = 4
START, LAST = 600, 10_000  # the step that the page shows first, and the last one
EXAMPLE = 357  # the example that the page shows first; the page counts examples from 1, as rows and columns
LIMIT = 4.6  # the plane of inputs is drawn from −4.6 to 4.6 in both directions
TANH, SIGMOID = ACTIVATIONS["tanh"], make_loss("sigmoid")

# The steps that the static copy records, and its examples: close together where the cost falls fast.
STEPS = (
    0,
    1,
    2,
    3,
    5,
    10,
    20,
    40,
    60,
    80,
    100,
    110,
    120,
    140,
    170,
    200,
    300,
    400,
    500,
    598,
    599,
    600,
    601,
    602,
    800,
    1000,
    1500,
    2000,
    3000,
    5000,
    10_000,
)
EXAMPLES = (1, 100, 250, 357)

# The steps of the film of the training: between two of them the boundary and the outputs change about equally much.
FILM = (
    *(0, 3, 7, 11, 13, 15, 17, 20, 22, 26, 31, 35, 38, 42, 49, 60, 73, 89, 106, 110, 112, 113, 114, 115, 116, 117, 118, 119, 121, 122),
    *(125, 128, 131, 134, 139, 145, 152, 162, 175, 189, 210, 245, 300, 400, 600, 1075, 1875, 1950, 1975, 2225, 3300, 10_000),
)
TURN = 50  # steps that one thread computes before another one may


@lru_cache(maxsize=1)
def chapters() -> NetworkInHand:
    """The chapter's network, and the flower."""
    X, Y = flower()
    X.setflags(write=False)
    Y.setflags(write=False)
    return NetworkInHand(X, Y, exercise_parameters(UNITS, seed=SEED, scale=SCALE), START, EXAMPLE, LIMIT)


def in_hand() -> NetworkInHand:
    """The network that is shown: the chapter's, or a reader's own."""
    return current() or chapters()


def points() -> tuple[Array, Array]:
    """The examples of the network in hand, the chapter's flower: X (2, 400), Y (1, 400). The arrays must not be changed."""
    network = in_hand()
    return network.X, network.Y


def flat(parameters: Parameters) -> Array:
    """W1, b1, W2, b2 in one row."""
    return np.concatenate([np.ravel(w) for w in parameters])


def unflat(row: Array, like: Parameters) -> Parameters:
    """The parameters in the shapes of `like`."""
    parts, at = {}, 0
    for name, w in like.named().items():
        parts[name] = row[at : at + w.size].reshape(w.shape).copy()
        at += w.size
    return Parameters(**parts)


class Path:
    """One descent, computed up to the largest step requested so far. Threads may use it at the same time."""

    def __init__(self, start: Parameters, X: Array, Y: Array, g1: Activation, learning_rate: float) -> None:
        self._steps = descend(start, X, Y, g1, SIGMOID, learning_rate)
        self._like = start
        self._rows: list[Array] = []
        self._costs: list[float] = []
        self._lock = threading.Lock()

    def reach(self, step: int) -> None:
        """Compute the missing steps up to `step`, a few at a time: who needs fewer than another thread waits for those alone."""
        if len(self._costs) > step:
            return
        counting(lambda: (len(self._costs) - 1, step))
        while len(self._costs) <= step:
            with self._lock, np.errstate(all="ignore"):
                for _ in range(min(TURN, step + 1 - len(self._costs))):
                    taken = next(self._steps)
                    self._rows.append(flat(taken.parameters))
                    self._costs.append(float(taken.J))  # last: its number is that of whole steps

    def at(self, step: int) -> Parameters:
        """The parameters after `step` updates."""
        self.reach(step)
        return unflat(self._rows[step], self._like)

    def costs(self, step: int) -> list[float]:
        """J before the first update, after the first, …, after `step` updates."""
        self.reach(step)
        return self._costs[: step + 1]


class Edit(NamedTuple):
    """One parameter set by hand: from `step` on, `name[row, column]` (counted from 1) starts at `value`."""

    step: int
    name: str
    row: int
    column: int
    value: float


def journey(edits: tuple[Edit, ...] = (), rate: float = RATE) -> "Journey":
    """The network in hand with these edits, at this learning rate; equal arguments give the same object."""
    return _journey(in_hand(), edits, rate)


@lru_cache(maxsize=16)
def _journey(network: NetworkInHand, edits: tuple[Edit, ...], rate: float) -> "Journey":
    return Journey(network, edits, rate)


class Journey:
    """The chain of descents that a reader's edits make: each begins at the last state of the previous one, with some numbers changed."""

    def __init__(self, network: NetworkInHand, edits: tuple[Edit, ...], rate: float) -> None:
        self._from = edits[-1].step if edits else 0
        self._before: Journey | None = None
        start = network.start
        if edits:
            earlier = tuple(e for e in edits if e.step < self._from)
            self._before = _journey(network, earlier, rate)
            start = self._before.at(self._from)
            for edit in edits[len(earlier) :]:
                getattr(start, edit.name)[edit.row - 1, edit.column - 1] = edit.value
        self._path = Path(start, network.X, network.Y, TANH, rate)

    def at(self, step: int) -> Parameters:
        if step < self._from and self._before is not None:
            return self._before.at(step)
        return self._path.at(step - self._from)

    def costs(self, step: int) -> list[float]:
        if self._before is None:
            return self._path.costs(step)
        if step < self._from:
            return self._before.costs(step)
        return self._before.costs(self._from)[: self._from] + self._path.costs(step - self._from)


class Edits:
    """The text of edits in an address, `step:name-row-column=value` separated by commas, in the order of their steps."""

    default = ""
    recorded = ("",)
    most = 32

    def read(self, name: str, text: str) -> tuple[Edit, ...]:
        if not text:
            return ()
        edits = tuple(self._one(part) for part in text.split(","))
        if len(edits) > self.most:
            raise InvalidParameterError(f"{len(edits)} numbers set by hand; at most {self.most} are allowed. Reset the network")
        if any(a.step > b.step for a, b in pairwise(edits)):
            raise InvalidParameterError("numbers set by hand must come in the order of their steps")
        return edits

    @staticmethod
    def _one(part: str) -> Edit:
        expected = f"{part[:60]!r} is not a number set by hand; the form is 600:W1-4-2=0.5"
        shapes = {"W1": (UNITS, 2), "b1": (UNITS, 1), "W2": (1, UNITS), "b2": (1, 1)}
        try:
            at, setting = part.split(":")
            place, value = setting.split("=")
            name, row, column = place.split("-")
            edit = Edit(int(at), name, int(row), int(column), float(value))
        except ValueError:
            raise InvalidParameterError(expected) from None
        rows, columns = shapes.get(name, (0, 0))
        inside = 1 <= edit.row <= rows and 1 <= edit.column <= columns and 0 <= edit.step <= LAST
        if not inside or not math.isfinite(edit.value) or abs(edit.value) > 1e4:
            raise InvalidParameterError(f"{expected}, with a step up to {LAST}, a place inside the matrix and a value within ±10000")
        return edit


class ExampleStep(NamedTuple):
    """The network in hand at one step, with its results for all examples."""

    parameters: Parameters
    cache: Forward
    X: Array
    Y: Array


def look(step: int, edits: tuple[Edit, ...]) -> ExampleStep:
    """The example network at `step`."""
    X, Y = points()
    parameters = journey(edits).at(step)
    return ExampleStep(parameters, forward(parameters, X, TANH, SIGMOID), X, Y)


def right(A2: Array, Y: Array) -> int:
    """How many examples are on the correct side of 0.5."""
    return int(np.sum((A2 > 0.5) == (Y > 0.5)))
