"""The example network for every exhibit: its numbers at one step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shoal.textbook import backward, cost, saturated
from shoal.web.chapter import EXAMPLE, EXAMPLES, LAST, SIGMOID, START, STEPS, TANH, Edit, Edits, journey, look, points, right
from shoal.web.pictures import thinned
from shoal.web.question import Answer, Question, WholeReader


@dataclass(frozen=True)
class ExampleReader:
    """The number of an example, from 1 to as many as there are."""

    start: int
    keep: tuple[int, ...] = ()

    @property
    def default(self) -> str:
        return str(min(self.start, points()[1].size))

    @property
    def recorded(self) -> Sequence[str]:
        return [str(v) for v in self.keep or (self.start,)]

    def read(self, name: str, text: str) -> int:
        return WholeReader(1, points()[1].size, 1).read(name, text)


STEP = WholeReader(0, LAST, START, STEPS)
EX = ExampleReader(EXAMPLE, EXAMPLES)
EDITS = Edits()


def hand(step: int, edits: tuple[Edit, ...]) -> Answer:
    """Parameters, cost and accuracy at `step`, and the cost up to it."""
    seen = look(step, edits)
    g = backward(seen.parameters, seen.X, seen.Y, seen.cache, TANH, SIGMOID)
    correct = right(seen.cache.A2, seen.Y)
    return {
        "step": step,
        **seen.parameters.named(),
        "dW1": g.dW1,
        "db1": g.db1,
        "dW2": g.dW2,
        "db2": g.db2,
        "J": float(cost(seen.cache, seen.Y, SIGMOID)),
        "right": correct,
        "accuracy": 100 * correct / seen.Y.size,
        "flat": int(np.sum(saturated(TANH, seen.cache.Z1))),
        "costs": thinned(journey(edits).costs(step), 120),
        "edited": [[e.step, e.name, e.row, e.column, e.value] for e in edits if e.step <= step],
    }


QUESTIONS = (Question("hand", hand, {"step": STEP, "edits": EDITS}),)
