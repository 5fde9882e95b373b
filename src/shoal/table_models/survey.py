"""One pass over a table that is not read whole. It determines its columns, the target, and a sample."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoal.draws import Purpose, row_draws
from shoal.errors import TableError
from shoal.table import Column
from shoal.table.cells import listed, text_cells
from shoal.table.describing import described_columns, level_counts
from shoal.table.notes import ColumnNote
from shoal.table.reading import TableFile
from shoal.table.row_weights import check_total, total_weight
from shoal.table.structure import Roles
from shoal.table.tally import MOST_TEXTS, Tally
from shoal.table.target import Label, Task, has_marks, kind_of_target, rows_with_gaps, without_target
from shoal.table.target_cells import described_target, read_targets, refuse_names_of_rows, refuse_no_row, with_gaps_noted
from shoal.table.target_means import Outputs, outputs_of
from shoal.table_models.cut import Cut, Progressed, Sample, naming_rows
from shoal.table_models.sampled_notes import HEAD_SHARE, sampled_notes
from shoal.table_models.splits import LEARNED_FROM, SCORED_ON

MOST_CLASSES = 1_000  # values of a target beyond which it is not a class


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
        Columns of a CSV file that are read as text, since some of its chunks alone would be taken for numbers.
    target_columns : tuple of Column
        How the cells of each target are read.
    notes : tuple of ColumnNote
        What in the first rows, and in the sample, is no measurement.
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
    target_columns: tuple[Column, ...] = ()
    notes: tuple[ColumnNote, ...] = ()

    @property
    def outputs(self) -> Outputs:
        """What target means are of."""
        return outputs_of(self.task, self.targets, self.classes)


@dataclass
class Counting:
    """A survey in progress.

    `no_inputs` are columns beside the targets, `weights` sums over training rows and held-out rows, `head` the first rows with a target.
    """

    targets: tuple[str, ...]
    no_inputs: tuple[str, ...]
    categories: frozenset[str]
    sample: Sample
    most_texts: int = MOST_TEXTS
    tallies: dict[str, Tally] = field(default_factory=dict)
    values: dict[str, Values] = field(default_factory=dict)
    first_rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    head: pd.DataFrame = field(default_factory=pd.DataFrame)
    n_train: int = 0
    n_held: int = 0
    n_left_out: int = 0
    lacking: dict[str, int] = field(default_factory=dict)
    weights: tuple[float, float] = (0.0, 0.0)
    missing: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    target_columns: tuple[Column, ...] = ()
    target_tallies: dict[str, Tally] = field(default_factory=dict)
    merge_case: bool | None = None
    day_first: bool | None = None
    target_means: bool = True

    def see_cut(self, piece: pd.DataFrame, cut: Cut) -> None:
        """Count a chunk of rows that the cut takes apart; those without a target need not have a group or a time."""
        piece = self.see_targets(piece)
        empty = without_target(piece, self.targets)
        self.see_unknown(piece[empty])
        known = piece[~empty]
        if len(known):
            held, weight = cut.held(known), cut.weigh(known)
            if weight is not None:
                self.weights = self.weights[0] + total_weight(weight[~held]), self.weights[1] + total_weight(weight[held])
            self.see_known(known, held, row_draws(cut.seed, Purpose.SAMPLE, known.index.to_numpy()))

    def see_targets(self, piece: pd.DataFrame) -> pd.DataFrame:
        """Count how the cells of targets are spelled, and read them where that is known already."""
        for name in self.targets if not self.target_columns else ():
            tally = Tally(name, missing=self.missing, is_kept=name in self.keep, merge_case=self.merge_case)
            self.target_tallies.setdefault(name, tally).see(piece[name])
        return read_targets(piece, self.target_columns)

    def described_targets(self, task: str | None) -> tuple[Column, ...]:
        """How the cells of each target are read."""
        return self.target_columns or tuple(described_target(tally, task) for tally in self.target_tallies.values())

    def see_unknown(self, piece: pd.DataFrame) -> None:
        """Count rows without a target."""
        self.n_left_out += len(piece)
        for name, n in rows_with_gaps(piece, self.targets).items() if len(piece) else ():
            self.lacking[name] = self.lacking.get(name, 0) + n
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
                asked: dict[str, Any] = {"merge_case": self.merge_case, "day_first": self.day_first}
                tally = Tally(name, name in self.categories, self.most_texts, self.missing, name in self.keep, **asked)
                tally = self.tallies.setdefault(name, tally)
                tally.see(learned[name])
                tally.see_beside(piece[name][held])
        self.sample.see(draws, piece)
        room = self.sample.size // HEAD_SHARE - len(self.head)
        if room > 0:
            self.head = pd.concat([self.head, piece.head(room)]) if len(self.head) else piece.head(room)


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
    missing: tuple[str, ...] = (),
    keep: tuple[str, ...] = (),
    merge_case: bool | None = None,
    day_first: bool | None = None,
    target_means: bool = True,
) -> Survey:
    """Read the table once and count; once more where the chunks of a CSV file do not agree on what a column is, or where a target's
    cells turn out to be numbers that are spelled in a special way.

    Raises
    ------
    TableError
        For a target, column or split that cannot be used, with the rows of the file.
    """
    texts: tuple[str, ...] = ()
    known: tuple[Column, ...] = ()
    while True:
        counting = Counting(targets, cut.no_inputs, frozenset(categories), Sample(sample_rows), most_texts)
        counting.missing, counting.keep, counting.merge_case, counting.target_columns = missing, keep, merge_case, known
        counting.day_first = day_first
        counting.target_means = target_means
        kinds: dict[str, set[str]] = {name: set() for name in table.names}
        for piece in table.pieces(piece_rows, texts):
            with naming_rows(table.file.name, piece):
                note_kinds(kinds, piece)
                counting.see_cut(piece, cut)
            progressed(len(piece))
        mixed = tuple(name for name, seen in kinds.items() if len(seen) > 1 and name not in texts)
        if table.text is not None and mixed:
            texts, known = (*texts, *mixed), ()
            continue
        known = counting.described_targets(task)
        if counting.target_columns or not any(column.is_special for column in known):
            return finished(counting, task, texts, known, cut)


def note_kinds(kinds: dict[str, set[str]], piece: pd.DataFrame) -> None:
    """The type that pandas gives each column of a chunk: numbers, truth values, or anything else. A column without values has all."""
    for name in piece.columns:
        column = piece[name]
        if not column.isna().all():
            is_truth = pd.api.types.is_bool_dtype(column.dtype)
            kinds[name].add("truth" if is_truth else "number" if pd.api.types.is_numeric_dtype(column.dtype) else "text")


def finished(counting: Counting, task: str | None, texts: tuple[str, ...], target_columns: tuple[Column, ...], cut: Cut) -> Survey:
    """The survey, once everything is counted; `cut` says how rows are held out, and names the column of their weights."""
    weights = cut.weights
    n_known = counting.n_train + counting.n_held
    names = counting.targets
    n_all = n_known + counting.n_left_out
    refuse_no_row(names, counting.lacking, n_all, n_known)
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
    if kind == "classification" and task is None:
        for name in names:
            different = seen[name]
            n_classes = MOST_CLASSES + 1 if different is None else len(different)
            refuse_names_of_rows(sample[name], n_classes, n_known)
    tallies = {name: tally.finish() for name, tally in counting.tallies.items()}
    n_outputs = len(outputs_of(kind, names, classes).names) if counting.target_means else 0
    columns = described_columns(list(tallies.values()), n_outputs)
    counts = {column.name: level_counts(tallies[column.name], column.variants) for column in columns if column.kind == "category"}
    n_rows = counting.n_train, counting.n_held, counting.n_left_out
    noted = with_gaps_noted(target_columns, counting.lacking, n_all)
    read = tuple(replace(column, kind="number" if kind == "regression" else "category") for column in noted)
    roles = Roles((), kind == "classification", cut.groups or "", cut.time or "", is_split=not cut.all_learn)
    notes = sampled_notes(counting.head, sample, columns, names, roles, n_known)
    return Survey(columns, counts, names, kind, classes, *n_rows, sample, counting.first_rows, texts, read, notes)


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


def with_every_class(sample: pd.DataFrame, found: Survey) -> pd.DataFrame:
    """The sample, with a row of each class that is too rare to be in it: a classifier must know all classes."""
    if found.task == "regression":
        return sample
    rows = [sample]
    for name in found.targets:
        lacking = ~text_cells(found.first_rows[name]).isin(text_cells(sample[name]).unique())
        rows.append(found.first_rows[lacking.to_numpy()])
    return pd.concat(rows) if any(len(more) for more in rows[1:]) else sample
