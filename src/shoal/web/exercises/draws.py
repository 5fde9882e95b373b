"""The numbers of a sheet: short enough for a computation by hand, and the same for a seed with every version of NumPy."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from shoal.textbook import Parameters

Array = np.ndarray[Any, np.dtype[Any]]
T = TypeVar("T")


class Draws:
    """Random numbers of one exercise: another exercise of the sheet does not change them."""

    def __init__(self, seed: int, slide: int) -> None:
        self.rng = np.random.RandomState([seed, slide])  # its stream is frozen: a sheet can be written again years later

    def of(self, values: list[T]) -> T:
        """One of these."""
        return values[int(self.rng.randint(len(values)))]

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self.rng.randint(low, high + 1))

    def short(self, rows: int, columns: int, most: float, step: float = 0.1) -> Array:
        """A matrix of multiples of `step` up to ±`most`, without 0."""
        sizes = self.rng.randint(1, round(most / step) + 1, (rows, columns))
        return np.round(np.where(self.rng.rand(rows, columns) < 0.5, -1, 1) * sizes * step, 6)


@dataclass(frozen=True, eq=False)
class SheetNetwork:
    """The network of a sheet, which most of its exercises use: 2 inputs, 2 tanh units, 1 sigmoid output, and three examples."""

    parameters: Parameters
    X: Array
    Y: Array


def network(seed: int) -> SheetNetwork:
    """The network and the examples of this seed."""
    draws = Draws(seed, 0)
    parameters = Parameters(draws.short(2, 2, 1), draws.short(2, 1, 0.5), draws.short(1, 2, 2), draws.short(1, 1, 0.5))
    X = draws.short(2, 3, 2, 0.5)
    Y = np.array([[1.0, 0.0, 1.0]])[:, draws.rng.permutation(3)]
    return SheetNetwork(parameters, X, Y)
