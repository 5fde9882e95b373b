"""Which side of a table that is not held whole each row is on: determined from the row alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoal.draws import Purpose, row_draws, shares
from shoal.errors import ColumnsError, TableError
from shoal.table.cells import check_filled, date_format_of, text_cells
from shoal.table.levels import level_key
from shoal.table.reading import TableFile
from shoal.table.row_weights import row_weights
from shoal.table.splits import moments, n_held_out, number_name
from shoal.table.target import without_target
from shoal.types import Floats

Progressed = Callable[[int], None]


@dataclass(frozen=True)
class Cut:
    """How a row's side is determined from the row alone.

    `groups` names the column whose values are held out whole; with `time` the rows from `border` on are, dates in text having the format
    `written`; `all_learn` holds out none. `weights` names the column of the rows' weights;
    `is_input` says whether the column of times is an input too.
    """

    seed: int
    fraction: float
    groups: str | None = None
    time: str | None = None
    border: float = np.inf
    written: str | None = None
    all_learn: bool = False
    weights: str | None = None
    merge_case: bool | None = None
    is_input: bool = True

    @property
    def no_inputs(self) -> tuple[str, ...]:
        """The columns beside the targets that are no inputs: of groups, of weights, and of times that are not among chosen inputs."""
        return tuple(name for name in (self.groups, self.weights, None if self.is_input else self.time) if name is not None)

    def weigh(self, piece: pd.DataFrame) -> Floats | None:
        """The weights of the rows, `(m,)`; None if each counts once."""
        return None if self.weights is None else row_weights(piece[self.weights], self.weights)

    def names(self, piece: pd.DataFrame) -> pd.Series:
        """The names of the rows' groups: of whole numbers their plain spelling, with `merge_case` what all spellings have in common."""
        assert self.groups is not None
        names = text_cells(piece[self.groups])
        if self.merge_case is False:
            return names
        names = names.map(level_key, na_action="ignore") if self.merge_case else names
        return names.map(number_name, na_action="ignore")

    def held(self, piece: pd.DataFrame) -> NDArray[np.bool_]:
        """Which rows of a chunk are held out, `(m,)`; its index has the row numbers of the file."""
        if self.all_learn:
            return np.zeros(len(piece), bool)
        if self.groups is not None:
            check_filled(self.groups, piece[self.groups], "group")
            keys = pd.util.hash_pandas_object(self.names(piece), index=False).to_numpy()
            return np.asarray(shares(row_draws(self.seed, Purpose.SCORED, keys)) < self.fraction)
        if self.time is not None:
            return np.asarray(self.moments(piece) >= self.border)
        return np.asarray(shares(row_draws(self.seed, Purpose.SCORED, piece.index.to_numpy())) < self.fraction)

    def moments(self, piece: pd.DataFrame) -> NDArray[Any]:
        """The rows' times as numbers."""
        assert self.time is not None
        check_filled(self.time, piece[self.time], "time")
        return moments(piece[self.time], self.time, self.written)


def cut_by_time(
    table: TableFile,
    targets: tuple[str, ...],
    cut: Cut,
    piece_rows: int,
    sample_rows: int,
    progressed: Progressed,
    day_first: bool | None = None,
) -> Cut:
    """The cut before the last rows in time: at a quantile of a seeded sample of the times, which is exact if it contains all of them.

    Rows without a target are not used, and need no time.
    """
    time, sample, first, last = cut.time, Sample(sample_rows), np.inf, -np.inf
    assert time is not None
    for whole in table.pieces(piece_rows):
        progressed(len(whole))
        piece = whole[~without_target(whole, targets)]
        if not len(piece):
            continue
        with naming_rows(table.file.name, piece):
            if cut.written is None and piece[time].dtype.kind in "OTU":
                cut = replace(cut, written=date_format_of(piece[time], day_first))
            times = cut.moments(piece)
        first, last = min(first, times.min()), max(last, times.max())
        sample.see(row_draws(cut.seed, Purpose.SAMPLE, piece.index.to_numpy()), pd.DataFrame({"time": times}))
    if first == last:
        raise TableError(f"The time column {time!r} has one value only in all {table.n_rows} rows: there are no last rows.")
    times = np.sort(sample.frame["time"].to_numpy())
    border = times[len(times) - n_held_out(len(times), cut.fraction)]
    return replace(cut, border=border if border > first else np.nextafter(first, np.inf))


@dataclass
class Sample:
    """The rows of the smallest random numbers: a random sample for any chunks; all rows while these are few."""

    size: int
    draws: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)

    def see(self, draws: NDArray[np.uint64], piece: pd.DataFrame) -> None:
        """Take in the rows of a chunk, `draws (m,)`."""
        room = np.uint64(2**64 - 1) if len(self.draws) < self.size else self.draws.max()
        some = draws <= room
        joint = np.concatenate([self.draws, draws[some]])
        frame = piece[some] if self.frame.empty else pd.concat([self.frame, piece[some]])
        if len(joint) > self.size:
            least = np.sort(np.argpartition(joint, self.size)[: self.size])
            joint, frame = joint[least], frame.iloc[least]
        self.draws, self.frame = joint, frame


def fewer(sample: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    """So many rows of the sample, those of the smallest random numbers; all if there are no more."""
    if len(sample) <= rows:
        return sample
    draws = row_draws(seed, Purpose.SAMPLE, sample.index.to_numpy())
    return sample.iloc[np.sort(np.argpartition(draws, rows)[:rows])]


@contextmanager
def naming_rows(name: str, piece: pd.DataFrame) -> Iterator[None]:
    """An error about a chunk of a table states which rows of the file it contains."""
    try:
        yield
    except ColumnsError:
        raise  # it is about all rows
    except TableError as error:
        first, last = int(piece.index[0]), int(piece.index[-1])
        raise type(error)(f"{error} This was found in rows {first:,} to {last:,} of {name}.") from error
