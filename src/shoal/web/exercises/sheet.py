"""A sheet of exercises: drawn from a seed, one exercise for each slide, with a code that matches it with its solutions."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shoal.errors import InvalidParameterError
from shoal.web.exercises import learning, networks, units
from shoal.web.exercises.draws import Draws, SheetNetwork, network
from shoal.web.exercises.parts import Exercise, Value

EXERCISES: tuple[Callable[[Draws, SheetNetwork], Exercise], ...] = (
    networks.one_unit,
    networks.named_network,
    networks.one_example,
    networks.all_examples,
    networks.columns,
    units.four_activations,
    units.pros_and_cons,
    units.slopes,
    learning.descent,
    learning.six_formulas,
    learning.zero_weights,
    learning.first_weights,
    learning.loop_and_product,
)
LAST_SEED, MOST = 2**32 - 1, 500  # what NumPy's generator takes; sheets in one file


@dataclass(frozen=True, eq=False)
class ExerciseSheet:
    """The sheet of one seed."""

    seed: int
    network: SheetNetwork
    exercises: tuple[Exercise, ...]

    @property
    def code(self) -> str:
        """Six characters of all questions and results: a sheet and solutions with the same code belong together."""
        parts = [part for exercise in self.exercises for part in exercise.parts]
        text = "\n".join(f"{part.asks} {name} {rounded(value)}" for part in parts for name, value in part.result.items())
        return hashlib.sha256(text.encode()).hexdigest()[:6]


def rounded(value: Value) -> str:
    """A result to six digits: the last digits of an exponential may differ between machines."""
    return value if isinstance(value, str) else " ".join(f"{v:.6g}" for v in np.ravel(value))


def draw_sheet(seed: int) -> ExerciseSheet:
    """The sheet of this seed, with its solutions computed.

    Raises
    ------
    InvalidParameterError
        The seed is outside of 0 to 2³² − 1.
    """
    if not 0 <= seed <= LAST_SEED:
        raise InvalidParameterError(f"seed={seed} is outside 0 to {LAST_SEED}; choose one of these.")
    own = network(seed)
    return ExerciseSheet(seed, own, tuple(make(Draws(seed, i), own) for i, make in enumerate(EXERCISES, start=1)))


def draw_sheets(seed: int, count: int) -> list[ExerciseSheet]:
    """Sheets of `count` seeds, from `seed` on."""
    if not 1 <= count <= MOST:
        raise InvalidParameterError(
            f"sheets={count} is outside 1 to {MOST}, which one file holds; write several files, each from another seed."
        )
    return [draw_sheet(seed + i) for i in range(count)]
