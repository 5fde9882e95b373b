"""Prepared rows on disk, distributed at random over blocks that each fit in memory.

A draw of its own sends every row to one block, once: a block is a random sample of the whole table, whatever the order of the file.
The rows of a block keep the order of the file. Rows held out for the score lie in pieces of their own.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoal.draws import Purpose, row_draws, shares
from shoal.errors import OutputError
from shoal.fitting.limits import in_words
from shoal.types import Floats

SPARE_DISK = 1.05  # of what is written must be free


class Piece(NamedTuple):
    """Prepared rows: `X (m, n)` as the preparation gives them, `y (m, n_y)` in numbers (of a class its place), and `place (m,)`, which
    decides who holds a row out (`Parts`).
    """

    X: Floats
    y: Floats
    place: NDArray[np.int64]

    def at(self, rows: Any) -> "Piece":
        """Some of the rows."""
        return Piece(self.X[rows], self.y[rows], self.place[rows])


@dataclass
class BlockStore:
    """A folder of blocks, each the records of its rows.

    Attributes
    ----------
    folder : Path
    record : dtype
        One row: X, y, place.
    sizes, held_sizes : lists of int
        Rows of each block that is learned from, and of each piece that is held out.
    """

    folder: Path
    record: np.dtype
    sizes: list[int]
    held_sizes: list[int] = field(default_factory=list)

    def add(self, X: Floats, y: Floats, rows: NDArray[np.int64], seed: int, place: NDArray[np.int64]) -> None:
        """Write rows to learn from to the blocks of their draws; `rows (m,)` number them in the file."""
        records = self.records(X, y, place)
        block = (row_draws(seed, Purpose.BLOCK, rows) % np.uint64(len(self.sizes))).astype(np.int64)
        order = np.argsort(block, kind="stable")
        ends = np.searchsorted(block[order], np.arange(len(self.sizes) + 1))
        for number in np.unique(block).tolist():
            mine = order[ends[number] : ends[number + 1]]
            self.append(self.path(number), records[mine])
            self.sizes[number] += len(mine)

    def hold_out(self, X: Floats, y: Floats) -> None:
        """A piece of the rows to score on."""
        self.append(self.folder / f"held-{len(self.held_sizes)}", self.records(X, y, np.zeros(len(X), np.int64)))
        self.held_sizes.append(len(X))

    def drop_empty(self) -> None:
        """Remove blocks without rows."""
        for number, size in reversed(list(enumerate(self.sizes))):
            if not size:
                last = len(self.sizes) - 1
                if number != last:
                    self.path(last).rename(self.path(number))
                    self.sizes[number] = self.sizes[last]
                self.sizes.pop()

    def records(self, X: Floats, y: Floats, place: NDArray[np.int64]) -> NDArray[Any]:
        """Rows as they are written."""
        records = np.empty(len(X), self.record)
        records["X"], records["y"], records["place"] = X, y, place
        return records

    def append(self, path: Path, records: NDArray[Any]) -> None:
        """Write behind what there is.

        Raises
        ------
        OutputError
        """
        try:
            with path.open("ab") as file:
                file.write(records.data)
        except OSError as error:
            raise OutputError(
                f"The prepared rows could not be kept in {self.folder.parent}: {error.strerror or error}. Make room there, or set "
                "TMPDIR to a folder on a larger disk."
            ) from error

    def path(self, number: int) -> Path:
        """Where a block lies."""
        return self.folder / f"block-{number}"

    def read(self, number: int) -> Piece:
        """One block."""
        return piece_of(np.fromfile(self.path(number), self.record))

    def blocks(self) -> Iterator[Piece]:
        """All blocks, one after the other."""
        return (self.read(number) for number in range(len(self.sizes)))

    def held(self) -> Iterator[Piece]:
        """The rows to score on, piece by piece."""
        return (piece_of(np.fromfile(self.folder / f"held-{i}", self.record)) for i in range(len(self.held_sizes)))


def piece_of(records: NDArray[Any]) -> Piece:
    """Records as columns of one piece; X is a view."""
    return Piece(records["X"], records["y"], records["place"])


def record_of(n: int, n_y: int, dtype: np.dtype) -> np.dtype:
    """A row of n prepared inputs and n_y targets."""
    return np.dtype([("X", dtype, (n,)), ("y", np.float64, (n_y,)), ("place", np.int64)], align=True)


@dataclass(frozen=True)
class Parts:
    """How rows on disk are held out.

    With `whole` what decides it is kept of all rows, and a row's place is its number. Else a draw of its own decides: place 0 is learned
    by all networks, each of the places 1 to n, with a `share` of the rows that are not set aside, is a part that some networks hold
    out, and place n + 1, with the share `aside` of all rows, is set aside from all. Where only the share `judging` of these rows fits
    into memory to be judged on, the others have the places n + 2 to 2 n + 2. `by_value` says that rows with the same inputs must have
    the same draw.
    """

    n: int
    share: float
    aside: float = 0.0
    whole: bool = False
    by_value: bool = False
    judging: float = 1.0

    @property
    def n_places(self) -> int:
        """How many places draws lead to."""
        return 2 * self.n + 3

    def of(self, draws: NDArray[np.uint64], own: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The place of each row by its draw, which rows that belong together share; `own` says whether it is judged on."""
        left = (shares(draws) - self.aside) / (1 - self.aside)
        part = (left / self.share).astype(np.int64) + 1 if self.n else np.zeros(len(draws), np.int64)
        place = np.where(left < 0, self.n + 1, np.where(part <= self.n, part, 0))
        return np.where((place > 0) & (shares(own) >= self.judging), place + self.n + 1, place)


def refuse_full_disk(folder: Path, needed: int) -> None:
    """Find out before long work whether the prepared rows can be kept.

    Raises
    ------
    OutputError
    """
    free = shutil.disk_usage(folder).free
    if SPARE_DISK * needed > free:
        raise OutputError(
            f"The prepared rows need {in_words(needed)} on disk, and {folder.parent} has {in_words(free)} free. Make room there, or "
            "set TMPDIR to a folder on a larger disk."
        )
