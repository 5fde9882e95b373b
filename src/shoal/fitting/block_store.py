"""Prepared rows on disk, distributed at random over blocks that each fit in memory.

A random number sends every row to one block, once: a block is a random sample of the whole table, for any order of the file. The rows of
a block keep the order of the file. Rows held out for the score are in blocks of their own.
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

AT_ONCE = 8192  # rows whose float64 copies are made at the same time
SPARE_DISK = 1.05  # of what is written must be free


class StoredRows(NamedTuple):
    """Prepared rows: `X (m, n)`, `y (m, n_y)` as numbers (for a class its index), `place (m,)`, which determines who holds them out, and
    `weight (m,)` as given; None if each row counts once.
    """

    X: Floats
    y: Floats
    place: NDArray[np.int64]
    weight: Floats | None = None

    def at(self, rows: Any) -> "StoredRows":
        """Some of the rows."""
        return StoredRows(self.X[rows], self.y[rows], self.place[rows], None if self.weight is None else self.weight[rows])

    def slices(self) -> "Iterator[StoredRows]":
        """The rows in parts that fit into the caches."""
        return (self.at(slice(s, s + AT_ONCE)) for s in range(0, len(self.y), AT_ONCE))


@dataclass
class BlockStore:
    """A folder of blocks, each with the records of its rows.

    Attributes
    ----------
    folder : Path
    record : dtype
        One row: X, y, place, and its weight where there is a column of these.
    sizes, held_sizes : lists of int
        Rows of each training block, and of each block that is held out.
    """

    folder: Path
    record: np.dtype
    sizes: list[int]
    held_sizes: list[int] = field(default_factory=list)

    def add(self, piece: StoredRows, rows: NDArray[np.int64], seed: int) -> None:
        """Write training rows to their blocks; `rows (m,)` are their numbers in the file."""
        records = self.records(piece)
        block = (row_draws(seed, Purpose.BLOCK, rows) % np.uint64(len(self.sizes))).astype(np.int64)
        order = np.argsort(block, kind="stable")
        ends = np.searchsorted(block[order], np.arange(len(self.sizes) + 1))
        for number in np.unique(block).tolist():
            mine = order[ends[number] : ends[number + 1]]
            self.append(self.path(number), records[mine])
            self.sizes[number] += len(mine)

    def hold_out(self, piece: StoredRows) -> None:
        """Write a block of rows to score on."""
        self.append(self.folder / f"held-{len(self.held_sizes)}", self.records(piece))
        self.held_sizes.append(len(piece.y))

    def drop_empty(self) -> None:
        """Remove blocks without rows."""
        for number, size in reversed(list(enumerate(self.sizes))):
            if not size:
                last = len(self.sizes) - 1
                if number != last:
                    self.path(last).rename(self.path(number))
                    self.sizes[number] = self.sizes[last]
                self.sizes.pop()

    def records(self, piece: StoredRows) -> NDArray[Any]:
        """Rows in the stored form."""
        records = np.empty(len(piece.y), self.record)
        records["X"], records["y"], records["place"] = piece[:3]
        if piece.weight is not None:
            records["weight"] = piece.weight
        return records

    def append(self, path: Path, records: NDArray[Any]) -> None:
        """Append to a block.

        Raises
        ------
        OutputError
        """
        try:
            with path.open("ab") as file:
                file.write(records.data)
        except OSError as error:
            raise OutputError(
                f"The prepared rows could not be stored in {self.folder.parent}: {error.strerror or error}. Free some space there, or set "
                "TMPDIR to a folder on a larger disk."
            ) from error

    def path(self, number: int) -> Path:
        """The path of a block."""
        return self.folder / f"block-{number}"

    def read(self, number: int) -> StoredRows:
        """One block."""
        return stored_rows(np.fromfile(self.path(number), self.record))

    def blocks(self) -> Iterator[StoredRows]:
        """All blocks, one after the other."""
        return (self.read(number) for number in range(len(self.sizes)))

    def held(self) -> Iterator[StoredRows]:
        """The rows to score on, block by block."""
        return (stored_rows(np.fromfile(self.folder / f"held-{i}", self.record)) for i in range(len(self.held_sizes)))


def stored_rows(records: NDArray[Any]) -> StoredRows:
    """Records as columns; X is a view."""
    return StoredRows(*(records[name] for name in records.dtype.names or ()))


def record_of(n: int, n_y: int, dtype: np.dtype, *, weighted: bool = False) -> np.dtype:
    """A row of n prepared inputs and n_y targets, with a weight or without."""
    fields: list[tuple[Any, ...]] = [("X", dtype, (n,)), ("y", np.float64, (n_y,)), ("place", np.int64)]
    return np.dtype([*fields, ("weight", np.float64)] if weighted else fields, align=True)


@dataclass(frozen=True)
class Parts:
    """How rows on disk are held out.

    With `whole` the facts that decide it are kept for all rows, and a row's place is its number. Otherwise a random number decides: all
    networks learn from place 0; each of the places 1 to n, with a `share` of the rows that are not set aside, is a part that some
    networks hold out; place n + 1, with the share `aside` of all rows, is set aside from all. If only the share `judging` of these rows
    fits into memory for evaluation, the others have the places n + 2 to 2 n + 2. `by_value` requires that rows with the same inputs have
    the same random number.
    """

    n: int
    share: float
    aside: float = 0.0
    whole: bool = False
    by_value: bool = False
    judging: float = 1.0

    @property
    def n_places(self) -> int:
        """The number of places."""
        return 2 * self.n + 3

    def of(self, draws: NDArray[np.uint64], own: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The place of each row by its random number, which rows that belong together share; `own` selects the rows for evaluation."""
        left = (shares(draws) - self.aside) / (1 - self.aside)
        part = (left / self.share).astype(np.int64) + 1 if self.n else np.zeros(len(draws), np.int64)
        place = np.where(left < 0, self.n + 1, np.where(part <= self.n, part, 0))
        return np.where((place > 0) & (shares(own) >= self.judging), place + self.n + 1, place)


def refuse_full_disk(folder: Path, needed: int) -> None:
    """Raise an error, before long work, if the prepared rows do not fit on the disk.

    Raises
    ------
    OutputError
    """
    free = shutil.disk_usage(folder).free
    if SPARE_DISK * needed > free:
        raise OutputError(
            f"The prepared rows need {in_words(needed)} on disk, and {folder.parent} has {in_words(free)} free. Free some space there, or "
            "set TMPDIR to a folder on a larger disk."
        )
