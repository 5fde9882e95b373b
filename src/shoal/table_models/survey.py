"""One pass over a table that is not read whole. It determines its columns, the target, the held-out rows, and a sample."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoal.draws import Purpose, row_draws, shares
from shoal.errors import ColumnsError, TableError
from shoal.table import Column
from shoal.table.cells import check_filled, date_format_of, listed, text_cells
from shoal.table.columns import described, level_counts
from shoal.table.reading import TableFile
from shoal.table.row_weights import check_total, row_weights, total_weight
from shoal.table.splits import moments, n_held_out
from shoal.table.tally import MOST_TEXTS, Tally
from shoal.table.target import Label, Task, has_marks, kind_of_target, without_target
from shoal.table_models.splits import LEARNED_FROM, SCORED_ON
from shoal.types import Floats

MOST_CLASSES = 1_000  # values of a target beyond which it is not a class

Progressed = Callable[[int], None]


@dataclass(frozen=True)
class Cut:
    """How a row's side is determined from the row alone.

    `groups` names the column whose values are held out whole; with `time` the rows from `border` on are, dates in text having the format
    `written`; `all_learn` holds out none. `weights` names the column of the rows' weights.
    """

    seed: int
    fraction: float
    groups: str | None = None
    time: str | None = None
    border: float = np.inf
    written: str | None = None
    all_learn: bool = False
    weights: str | None = None

    @property
    def no_inputs(self) -> tuple[str, ...]:
        """The columns beside the targets that are no inputs: of groups and of weights."""
        return tuple(name for name in (self.groups, self.weights) if name is not None)

    def weigh(self, piece: pd.DataFrame) -> Floats | None:
        """The weights of the rows, `(m,)`; None if each counts once."""
        return None if self.weights is None else row_weights(piece[self.weights], self.weights)

    def held(self, piece: pd.DataFrame) -> NDArray[np.bool_]:
        """Which rows of a chunk are held out, `(m,)`; its index has the row numbers of the file."""
        if self.all_learn:
            return np.zeros(len(piece), bool)
        if self.groups is not None:
            check_filled(self.groups, piece[self.groups], "group")
            keys = pd.util.hash_pandas_object(text_cells(piece[self.groups]), index=False).to_numpy()
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
    seed: int,
    fraction: float,
    time: str,
    piece_rows: int,
    sample_rows: int,
    progressed: Progressed,
) -> Cut:
    """The cut before the last rows in time: at a quantile of a seeded sample of the times, which is exact if it contains all of them.

    Rows without a target are not used, and need no time.
    """
    cut, sample, first, last = Cut(seed, fraction, time=time), Sample(sample_rows), np.inf, -np.inf
    for whole in table.pieces(piece_rows):
        progressed(len(whole))
        piece = whole[~without_target(whole, targets)]
        if not len(piece):
            continue
        with naming_rows(table.file.name, piece):
            if cut.written is None and piece[time].dtype.kind in "OTU":
                cut = replace(cut, written=date_format_of(piece[time]))
            times = cut.moments(piece)
        first, last = min(first, times.min()), max(last, times.max())
        sample.see(row_draws(seed, Purpose.SAMPLE, piece.index.to_numpy()), pd.DataFrame({"time": times}))
    if first == last:
        raise TableError(f"The time column {time!r} has one value only in all {table.n_rows} rows: there are no last rows.")
    times = np.sort(sample.frame["time"].to_numpy())
    border = times[len(times) - n_held_out(len(times), fraction)]
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


@dataclass
class Values:
    """The different values of one target, of all rows and of the training rows; None once there are too many.

    `marked` is true if texts such as NA stand for no value (`table.target.has_marks`).
    """

    name: str
    seen: pd.Series | None = None
    learned: pd.Series | None = None
    crowded: bool = False
    marked: bool = False

    def see(self, column: pd.Series, held: NDArray[np.bool_]) -> pd.Index:
        """Take in a chunk of the target without missing values; returns the training rows that are the first with their value."""
        if self.crowded:
            return column.index[:0]
        self.seen = together(self.seen, column)
        self.learned = together(self.learned, column[~held])
        if len(self.seen) > MOST_CLASSES:
            self.crowded, self.seen, self.learned = True, None, None
            return column.index[:0]
        return self.learned.index.intersection(column.index)


def together(known: pd.Series | None, more: pd.Series) -> pd.Series:
    """The different values of both, in the order of their first occurrence."""
    values = more.drop_duplicates()
    values = values.astype(object).infer_objects() if isinstance(values.dtype, pd.CategoricalDtype) else values
    return values if known is None else pd.concat([known, values]).drop_duplicates()


@dataclass(frozen=True)
class Survey:
    """The results of one pass.

    Attributes
    ----------
    columns : tuple of Column
        Of the inputs, from the training rows.
    counts : dict
        Of every category the rows of each level.
    targets, task, classes
        As in `table.Target`.
    n_train, n_held, n_left_out : int
        Training rows, held-out rows, and rows without a target.
    sample : DataFrame
        Some raw rows that have a target, of both sides; all if they are no more than its size.
    first_rows : DataFrame
        For each class that a target has, the first raw training row; more for a numeric target.
    texts : tuple of str
        Columns of a CSV file that are read as text, because some chunks alone would be read as numbers.
    """

    columns: tuple[Column, ...]
    counts: dict[str, pd.Series]
    targets: tuple[str, ...]
    task: Task
    classes: tuple[tuple[Label, ...], ...]
    n_train: int
    n_held: int
    n_left_out: int
    sample: pd.DataFrame
    first_rows: pd.DataFrame
    texts: tuple[str, ...]


@dataclass
class Counting:
    """A survey in progress; `no_inputs` are columns beside the targets, `weights` sums over training rows and held-out rows."""

    targets: tuple[str, ...]
    no_inputs: tuple[str, ...]
    categories: frozenset[str]
    sample: Sample
    most_texts: int = MOST_TEXTS
    tallies: dict[str, Tally] = field(default_factory=dict)
    values: dict[str, Values] = field(default_factory=dict)
    first_rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    n_train: int = 0
    n_held: int = 0
    n_left_out: int = 0
    weights: tuple[float, float] = (0.0, 0.0)

    def see_cut(self, piece: pd.DataFrame, cut: Cut) -> None:
        """Count a chunk of rows that the cut splits; those without a target need no group or time."""
        empty = without_target(piece, self.targets)
        self.see_unknown(piece[empty])
        known = piece[~empty]
        if len(known):
            held, weight = cut.held(known), cut.weigh(known)
            if weight is not None:
                self.weights = self.weights[0] + total_weight(weight[~held]), self.weights[1] + total_weight(weight[held])
            self.see_known(known, held, row_draws(cut.seed, Purpose.SAMPLE, known.index.to_numpy()))

    def see_unknown(self, piece: pd.DataFrame) -> None:
        """Count rows without a target."""
        self.n_left_out += len(piece)
        for name in self.targets if len(piece) else ():
            values = self.values.setdefault(name, Values(name))
            values.marked = values.marked or has_marks(piece[name], np.ones(len(piece), bool))

    def see_known(self, piece: pd.DataFrame, held: NDArray[np.bool_], draws: NDArray[np.uint64]) -> None:
        """Count rows with a target."""
        if not len(piece):
            return
        learned = piece[~held]
        self.n_train, self.n_held = self.n_train + len(learned), self.n_held + int(held.sum())
        for name in self.targets:
            values = self.values.setdefault(name, Values(name))
            new = values.see(piece[name], held)
            self.first_rows = pd.concat([self.first_rows, learned.loc[new]]) if len(new) else self.first_rows
        for name in piece.columns:
            if name not in self.targets and name not in self.no_inputs:
                self.tallies.setdefault(name, Tally(name, name in self.categories, self.most_texts)).see(learned[name])
        self.sample.see(draws, piece)


def survey(
    table: TableFile,
    targets: tuple[str, ...],
    task: str | None,
    cut: Cut,
    *,
    categories: Sequence[str],
    piece_rows: int,
    sample_rows: int,
    progressed: Progressed,
    most_texts: int = MOST_TEXTS,
) -> Survey:
    """Read the table once and count; once more if the chunks of a CSV file disagree about a column's type.

    Raises
    ------
    TableError
        For a target, column or split that cannot be used, with the rows of the file.
    """
    texts: tuple[str, ...] = ()
    while True:
        counting = Counting(targets, cut.no_inputs, frozenset(categories), Sample(sample_rows), most_texts)
        kinds: dict[str, set[str]] = {name: set() for name in table.names}
        for piece in table.pieces(piece_rows, texts):
            with naming_rows(table.file.name, piece):
                note_kinds(kinds, piece)
                counting.see_cut(piece, cut)
            progressed(len(piece))
        mixed = tuple(name for name, seen in kinds.items() if len(seen) > 1 and name not in texts)
        if table.text is None or not mixed:
            return finished(counting, task, texts, cut.weights)
        texts = (*texts, *mixed)


def note_kinds(kinds: dict[str, set[str]], piece: pd.DataFrame) -> None:
    """The type that pandas gives each column of a chunk: numbers, truth values, or anything else. A column without values has all."""
    for name in piece.columns:
        column = piece[name]
        if not column.isna().all():
            is_truth = pd.api.types.is_bool_dtype(column.dtype)
            kinds[name].add("truth" if is_truth else "number" if pd.api.types.is_numeric_dtype(column.dtype) else "text")


def finished(counting: Counting, task: str | None, texts: tuple[str, ...], weights: str | None = None) -> Survey:
    """The survey, once everything is counted; `weights` names the column of the rows' weights."""
    n_known = counting.n_train + counting.n_held
    names = counting.targets
    if not n_known:
        raise TableError(f"The target {listed(names)} has no value in any of {counting.n_left_out} rows. Name another column, or fill it.")
    if not counting.n_train or n_known < 4:
        raise TableError(f"{counting.n_train} rows are left to learn from and {counting.n_held} are held out: too few. Give more rows.")
    if not counting.tallies:
        raise TableError("Nothing to learn from: the table has no column beside the target. Give it one.")
    if weights is not None:
        check_total(weights, counting.weights[0], LEARNED_FROM)
        if counting.n_held:
            check_total(weights, counting.weights[1], SCORED_ON)
    sample = counting.sample.frame.sort_index()
    seen = {name: values.seen for name, values in counting.values.items()}
    marked = [name for name, values in counting.values.items() if values.marked]
    kind, classes = kind_of_target(sample, seen, names, task, n_known, marked)
    if kind == "classification":
        for values in counting.values.values():
            refuse_classes_held_out(values)
    tallies = {name: tally.finish() for name, tally in counting.tallies.items()}
    columns = tuple(described(tally) for tally in tallies.values())
    counts = {column.name: level_counts(tallies[column.name]) for column in columns if column.kind == "category"}
    return Survey(
        columns, counts, names, kind, classes, counting.n_train, counting.n_held, counting.n_left_out, sample, counting.first_rows, texts
    )


def refuse_classes_held_out(values: Values) -> None:
    """Refuse a class that no training row has."""
    if values.seen is None or values.learned is None:
        return
    lost = sorted(set(text_cells(values.seen)) - set(text_cells(values.learned)))
    if lost:
        raise TableError(
            f"The classes {listed(lost)} of the target {values.name!r} occur only in held-out rows, so no network can learn "
            "them; choose another seed, hold out another fraction of the rows, or add rows of them."
        )


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
