"""`shoal.fit` on a table that does not fit into the allowed memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from shoal.engine.jit.waiting import training_clock
from shoal.errors import InvalidParameterError, TableError
from shoal.estimators.estimator import ShallowEstimator, adopt, with_thresholds
from shoal.files import temporary_folder
from shoal.fitting import pipeline
from shoal.fitting.block_store import BlockStore, Parts, StoredRows, record_of, refuse_full_disk
from shoal.fitting.checkpoint import NO_CHECKPOINT, Checkpoint
from shoal.fitting.folds import SPLIT_SHARE
from shoal.fitting.limits import COPIES
from shoal.fitting.on_disk import OnDisk, parts_of, plan_on_disk
from shoal.fitting.plan import FULL_BATCH, Plan, costs_squares
from shoal.fitting.settings import Settings, settings_of
from shoal.fitting.train import interrupted
from shoal.table.reading import TableFile
from shoal.table.row_weights import check_total
from shoal.table.splits import n_held_out
from shoal.table.steps import crossed_by, fitted_preparation, prepared_rows
from shoal.table.tally import BYTES_OF_A_TEXT, MOST_TEXTS
from shoal.table.target import Task, labels_array, targets_of, without_target
from shoal.table.target_cells import read_targets
from shoal.table.target_means import CrossFitted
from shoal.table_models.cut import Cut, Progressed, cut_by_time, fewer, naming_rows
from shoal.table_models.level_sums import prepared_piece, sums_over
from shoal.table_models.look import refuse_notes
from shoal.table_models.memory import (
    BLOCK_SHARE,
    JUDGED_SHARE,
    LEAST_ROWS,
    MOST_PIECE,
    PIECE_SHARE,
    SAMPLE_ROWS,
    SAMPLE_SHARE,
    Memory,
    give_back,
)
from shoal.table_models.model import TableModel, model_of
from shoal.table_models.monotone import keep_directions
from shoal.table_models.placing import Placing, borders_of
from shoal.table_models.scores import Metrics, Scores, baseline_models, fitted_models
from shoal.table_models.splits import SCORED_ON
from shoal.table_models.survey import Survey, survey, with_every_class
from shoal.table_models.thresholds import Threshold, check_threshold, fixed_thresholds
from shoal.types import Floats

Progress = Callable[[str, int, int], None]
Estimated = Callable[[Task], ShallowEstimator]

CELL_BYTES, TEXT_BYTES = 8, 80  # of a number in a frame, and of a short text with its place
COPIES_OF_PIECE, COPIES_OF_SAMPLE = 5, 2  # as read, as a frame, typed, imputed, prepared; while it grows, or is prepared
RAMPS, MOST_RAMPS = 9, 12  # encoded inputs of a number with ramps; the most ramps of one
JUDGED_ROWS = 20_000  # that each network holds out at most: a loss is then known to a percent or two


@dataclass(frozen=True)
class Asked:
    """The arguments of `fit`, besides the table and the memory; `estimator` makes one for a task."""

    targets: tuple[str, ...]
    task: str | None
    test: TableFile | None
    test_fraction: float
    groups: str | None
    time: str | None
    categories: Sequence[str]
    seed: int
    estimator: Estimated
    refit: bool
    progress: Progress | None
    checkpoint: Checkpoint = NO_CHECKPOINT
    weights: str | None = None
    missing: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    threshold: Threshold | None = None
    merge_case: bool | None = None
    day_first: bool | None = None
    strict: bool = False
    drop: tuple[str, ...] = ()
    target_means: bool = True

    def stage(self, what: str, rows: int) -> Progressed:
        """A function to call with the number of rows done; called beyond its rows, it starts the next epoch."""
        done = 0
        give_back()

        def progressed(n: int) -> None:
            nonlocal done
            done = n if done >= rows else done + n
            if self.progress is not None:
                self.progress(what, min(done, rows), rows)

        return progressed


@dataclass(frozen=True)
class FittedTable:
    """A model of a table larger than memory, and its `Facts`."""

    model: TableModel
    survey: Survey
    n_test: int
    n_left_out: int
    metrics: Metrics
    baselines: dict[str, Metrics]
    sureness: Metrics
    seconds: float
    interrupted: bool
    refit: bool
    held_out: str


@dataclass(frozen=True)
class LearnedInPieces:
    """A fitted model with its survey, the blocks of its rows, and these as a source, whose sample the baselines learned from.

    For a test table `scored_rows` are read at once.
    """

    model: TableModel
    survey: Survey
    store: BlockStore
    source: OnDisk
    scored_rows: int
    interrupted: bool


def in_memory_bytes(table: TableFile) -> int:
    """The memory of a fit in memory: the frame and both sides of its split, the prepared and the encoded rows."""
    encoded = len(table.names) * (CELL_BYTES + 4 * RAMPS)
    return table.n_rows * (3 * int(frame_bytes(table)) + encoded + 2 * CELL_BYTES)


def frame_bytes(table: TableFile) -> float:
    """Bytes of a row in a frame; texts that are long in the file are long in memory."""
    return sum(CELL_BYTES if width else max(TEXT_BYTES, table.text_bytes) for width in table.number_bytes.values())


def fit_larger(table: TableFile, asked: Asked, memory: Memory) -> FittedTable:
    """Survey, prepare, write blocks, train, and score, within the allowed memory.

    Raises
    ------
    TableError, InvalidParameterError, TooLargeError, OutputError
    """
    start = training_clock()
    refuse_settings(asked, table.n_rows)
    cut = cut_of(table, asked, memory)
    with temporary_folder() as folder:
        learned = learn(table, asked, cut, memory, folder)
        seconds = training_clock() - start
        n_test, left_out, metrics, others, sure = score(learned, asked)
    model, stopped = learned.model, learned.interrupted
    if asked.refit and not stopped:
        with temporary_folder() as folder:
            again = learn(table, replace(asked, strict=False), replace(cut, all_learn=True), memory, folder)
        model, stopped = again.model, again.interrupted
    found, how, refit = learned.survey, how_held_out(asked, cut), asked.refit and not stopped
    left_out += found.n_left_out
    return FittedTable(model, found, n_test, left_out, metrics, others, sure, seconds, stopped, refit, how)


def refuse_settings(asked: Asked, n_rows: int) -> None:
    """Raise an error, before the long first pass, if the settings cannot be used for the task, or for one of both.

    Raises
    ------
    InvalidParameterError
    """
    if asked.refit and asked.test is not None:
        raise InvalidParameterError(
            "refit and test are both given, and of a table larger than max_memory refit learns from one file only; leave refit out, or "
            "put the rows of both files into one and leave test out"
        )
    refused = []
    tasks: tuple[Task, ...] = ("classification", "regression")
    for task in tasks:
        if asked.task in (None, task):
            try:
                plan_on_disk(settings_of(asked.estimator(task)), n_rows)
                return
            except InvalidParameterError as error:
                refused.append(error)
    if not refused:
        raise TableError(f"task={asked.task!r} is unknown; use 'classification' or 'regression'.")
    raise refused[0]


def cut_of(table: TableFile, asked: Asked, memory: Memory) -> Cut:
    """How the rows are held out; raises an error if the columns for it do not exist."""
    n_held_out(table.n_rows, asked.test_fraction)
    if asked.test is not None:
        return Cut(asked.seed, asked.test_fraction, all_learn=True, weights=asked.weights)
    if asked.time is not None:
        rows, progressed = rows_of_piece(table, memory), asked.stage("times", table.n_rows)
        cut = Cut(asked.seed, asked.test_fraction, time=asked.time, weights=asked.weights, is_input=asked.time not in asked.drop)
        return cut_by_time(table, asked.targets, cut, rows, SAMPLE_ROWS, progressed, asked.day_first)
    return Cut(asked.seed, asked.test_fraction, groups=asked.groups, weights=asked.weights, merge_case=asked.merge_case)


def how_held_out(asked: Asked, cut: Cut) -> str:
    """In words: how the held-out rows were chosen."""
    if asked.test is not None:
        return f"all rows of the test table, {asked.test.file.name}"
    if cut.groups is not None:
        return f"whole groups of {cut.groups!r}, drawn one by one"
    return "rows drawn one by one at random" if cut.time is None else f"the last rows by {cut.time!r}"


def rows_of_piece(table: TableFile, memory: Memory, prepared: int = 0) -> int:
    """Rows that are read at once, for so many prepared inputs."""
    each = COPIES_OF_PIECE * (frame_bytes(table) + CELL_BYTES * prepared)
    memory.refuse_less_than(LEAST_ROWS * each / PIECE_SHARE, f"a table of {len(table.names)} columns")
    return memory.rows(PIECE_SHARE, each, MOST_PIECE)


def learn(table: TableFile, asked: Asked, cut: Cut, memory: Memory, folder: Path) -> LearnedInPieces:
    """A model of the training rows of the cut."""
    piece_rows = rows_of_piece(table, memory)
    sample_rows = memory.rows(SAMPLE_SHARE, COPIES_OF_SAMPLE * frame_bytes(table), SAMPLE_ROWS)
    n_texts = sum(not width for width in table.number_bytes.values())
    found = survey(
        table,
        asked.targets,
        asked.task,
        cut,
        categories=asked.categories,
        piece_rows=piece_rows,
        sample_rows=sample_rows,
        progressed=asked.stage("reading", table.n_rows),
        most_texts=memory.rows(SAMPLE_SHARE, n_texts * max(BYTES_OF_A_TEXT, table.text_bytes), MOST_TEXTS),
        missing=asked.missing,
        keep=asked.keep,
        merge_case=asked.merge_case,
        day_first=asked.day_first,
        target_means=asked.target_means,
    )
    if not (cut.all_learn or found.n_held):
        raise TableError(f"None of {found.n_train} rows was held out; hold out a larger fraction, or choose another seed or column.")
    if asked.strict:
        refuse_notes([note for column in (*found.target_columns, *found.columns) for note in column.notes] + list(found.notes))
    check_threshold(asked.threshold, found.targets, found.task, found.classes)
    estimator = asked.estimator(found.task)
    settings = settings_of(estimator)
    p = plan_on_disk(settings, found.n_train)
    sample = found.sample[~cut.held(found.sample)]
    allowed = (*asked.targets, *(name for name in (asked.groups, asked.weights) if name), *asked.drop)
    sums = sums_over(table, found, sample, cut, piece_rows, asked.stage("target means", table.n_rows))
    prepare = fitted_preparation(found.columns, found.counts, sample, allowed, sums)
    settings, means = settings_of(keep_directions(estimator, prepare)), crossed_by(prepare, sums)
    n = len(prepare["columns"].get_feature_names_out())
    piece_rows = rows_of_piece(table, memory, n)
    scored_rows = piece_rows if asked.test is None else rows_of_piece(asked.test, memory, n)
    store, parts = room_for(folder, table, found, n, p, settings, memory, cut)
    placing = Placing(cut, parts, borders_of(cut, sample, parts))
    write_all(table, found, prepare, store, placing, piece_rows, asked.stage("preparing", table.n_rows), means)
    sample = fewer(sample, memory.rows(SAMPLE_SHARE, COPIES_OF_SAMPLE * CELL_BYTES * n, SAMPLE_ROWS), cut.seed)
    sample = with_every_class(sample, found)
    X = prepared_piece(prepare, sample, np.zeros(len(sample), bool), cut, means)
    few = StoredRows(X, numbers_of(sample, found), placing.again(X, sample), cut.weigh(sample))
    source = OnDisk(store, few, labels_of(found), parts, asked.stage, placing.facts())
    stopped = interrupted(lambda: adopt(estimator, pipeline.fit(settings, source, checkpoint=asked.checkpoint)))
    with_thresholds(estimator, fixed_thresholds(asked.threshold, found.classes))
    return LearnedInPieces(model_of(prepare, estimator), found, store, source, scored_rows, stopped)


def room_for(
    folder: Path, table: TableFile, found: Survey, n: int, p: Plan, settings: Settings, memory: Memory, cut: Cut
) -> tuple[BlockStore, Parts]:
    """Blocks of a size that training can use, still empty; and the parts that networks hold out.

    n is the number of prepared inputs.
    """
    numbers = [c for c in found.columns if c.kind not in ("category", "left out")]
    K, n_y = len(p.with_ramps), len(found.targets)
    n_z = max(n_y, len(found.classes[0]) if found.classes else 0) * 2
    n_encoded = n + any(p.with_ramps) * MOST_RAMPS * sum(c.kind != "boolean" for c in numbers)
    exact = all(c.kind == "boolean" or table.number_bytes[c.name] == 4 for c in numbers)
    record = record_of(n, n_y, np.dtype(np.float32 if p.single_precision and exact else np.float64), weighted=cut.weights is not None)
    itemsize = 4 if p.single_precision and p.solver not in FULL_BATCH else 8
    width = max(p.width, *p.widths, 0)
    skip = p.skip * n_encoded * n_z
    weights = COPIES * K * (width * (n_encoded + 5 + n_z) + skip) * itemsize
    if costs_squares(p.solver):
        weights += 16 * K * (width * (n_encoded + 1 + n_z) + skip) ** 2
    encoded = n_encoded * itemsize + n_z * (itemsize + CELL_BYTES)
    each = record.itemsize + encoded + (2 * K + 2) * itemsize + 3 * CELL_BYTES
    memory.refuse_less_than(weights + LEAST_ROWS * each / BLOCK_SHARE, f"training {K} networks of {width} units on {n_encoded} inputs")
    parts, m, split = parts_of(settings, p), found.n_train, settings.calibration == "split"
    judged = min(m, (parts + split) * JUDGED_ROWS, int(JUDGED_SHARE * memory.room / (encoded + record.itemsize)))
    left = memory.room - weights - judged * (encoded + record.itemsize)
    block_rows = max(LEAST_ROWS, int(BLOCK_SHARE * left / each))
    refuse_full_disk(folder, (m + found.n_held) * record.itemsize)
    each_part = judged / m / (parts + split) if parts + split else 1.0
    aside = min(1 / SPLIT_SHARE, each_part) if split else 0.0
    share = min(1 / parts, each_part / (1 - aside)) if parts else 1.0
    whole = judged == m or (split and judged >= m / SPLIT_SHARE and not parts)
    placed = Parts(parts, share, aside, whole, settings.calibration in ("split", "cv+"))
    if cut.groups is not None:  # a small fraction of the rows may have no group
        aside, share = split / SPLIT_SHARE, 1 / max(1, parts)
        placed = replace(placed, share=share, aside=aside, judging=min(1.0, judged / m / (1 if parts else aside or 1)))
    return BlockStore(folder, record, [0] * -(-m // block_rows)), placed


def write_all(
    table: TableFile,
    found: Survey,
    prepare: Pipeline,
    store: BlockStore,
    placing: Placing,
    piece_rows: int,
    progressed: Progressed,
    means: CrossFitted | None,
) -> None:
    """Read the table once more, prepare its rows and write them to blocks; `means` are the target means of rows to learn from."""
    cut = placing.cut
    for whole in table.pieces(piece_rows, found.texts):
        with naming_rows(table.file.name, whole):
            piece = read_targets(whole, found.target_columns)
            some = piece[~without_target(piece, found.targets)]
            if len(some):
                held = cut.held(some)
                X = prepared_piece(prepare, some, held, cut, means)
                rows = StoredRows(X, numbers_of(some, found), np.zeros(len(some), np.int64), cut.weigh(some))
                learned = rows.at(~held)._replace(place=placing.see(X[~held], some[~held]))
                store.add(learned, some.index.to_numpy()[~held], cut.seed)
                if held.any():
                    store.hold_out(rows.at(held))
        progressed(len(piece))
    store.drop_empty()


def labels_of(found: Survey) -> NDArray[Any] | None:
    """The classes whose indices are stored; None for numbers, and for several labels of 0 and 1."""
    return labels_array(found.classes[0]) if len(found.classes) == 1 else None


def numbers_of(frame: pd.DataFrame, found: Survey) -> NDArray[np.floating]:
    """The targets of rows that have one, as they are stored, `(m, n_y)`: numbers, the indices of classes, or 0 and 1."""
    y = targets_of(frame, found.targets, found.task, found.classes, columns=found.target_columns).y
    labels = labels_of(found)
    return np.asarray(np.searchsorted(labels, y) if labels is not None else y, np.float64).reshape(len(frame), -1)


def score(learned: LearnedInPieces, asked: Asked) -> tuple[int, int, Metrics, dict[str, Metrics], Metrics]:
    """The model's and the baselines' scores on the held-out rows: their number, those without a target, the scores."""
    found, source, estimator = learned.survey, learned.source, learned.model["estimator"]
    others = dict(zip(("trivial", "linear"), baseline_models(found.task, several=not source.one_column), strict=True))
    sample = source.sample
    models = {"shoal": estimator, **fitted_models(others, (sample.X, source.targets_in(sample.y), sample.weight))}
    scores = {name: Scores(model, found.task) for name, model in models.items()}
    left_out, progressed = 0, asked.stage("scoring", found.n_held if asked.test is None else asked.test.n_rows)
    for X, numbers, weight, n_missing in held_pieces(learned, asked):
        left_out += n_missing
        if len(numbers):
            for each in scores.values():
                each.see(X, source.targets_in(numbers), weight)
        progressed(len(numbers) + n_missing)
    if not scores["shoal"].m:
        raise TableError("The test table has no row with a target to score on.")
    if asked.weights is not None:
        check_total(asked.weights, scores["shoal"].weight, SCORED_ON)
    shoal = scores.pop("shoal")
    return shoal.m, left_out, shoal.metrics(), {name: each.metrics() for name, each in scores.items()}, shoal.sureness()


def held_pieces(learned: LearnedInPieces, asked: Asked) -> Iterator[tuple[Any, NDArray[np.floating], Floats | None, int]]:
    """Prepared rows to score on, their targets and weights, and how many more have no target."""
    if asked.test is None:
        yield from ((piece.X, piece.y, piece.weight, 0) for piece in learned.store.held())
        return
    cut = Cut(asked.seed, asked.test_fraction, weights=asked.weights)
    for whole in asked.test.pieces(learned.scored_rows, learned.survey.texts):
        with naming_rows(asked.test.file.name, whole):
            piece = read_targets(whole, learned.survey.target_columns)
            some = piece[~without_target(piece, learned.survey.targets)]
            if len(some):
                X = prepared_rows(learned.model["prepare"], some)
                yield X, numbers_of(some, learned.survey), cut.weigh(some), len(piece) - len(some)
            else:
                yield None, np.empty((0, 1)), None, len(piece)
