"""Raw tables within a given memory: read whole if they fit, else in blocks."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

import pandas as pd
from sklearn.pipeline import Pipeline

from shoal.errors import ColumnsError, InvalidParameterError, TableError
from shoal.fitting.checkpoint import Checkpoint
from shoal.fitting.limits import in_words
from shoal.network import keep_facts
from shoal.table import feature_names, prepared_rows, targets_of, unseen_by
from shoal.table.cells import listed
from shoal.table.frames import Table, is_path
from shoal.table.reading import TableFile, open_table, texts_of
from shoal.table.row_weights import check_total
from shoal.table.target import check_names, without_target
from shoal.table.target_cells import read_targets
from shoal.table_models.cut import Cut, cut_by_time, naming_rows
from shoal.table_models.facts import asked_of
from shoal.table_models.fit import Evaluation, Facts, Progress, Watcher, columns_of, estimator_for, facts_of
from shoal.table_models.fit_in_pieces import Asked, fit_larger, frame_bytes, in_memory_bytes, rows_of_piece
from shoal.table_models.fit_notes import FitNotes
from shoal.table_models.memory import SAMPLE_ROWS, Memory, memory_of
from shoal.table_models.model import TableModel
from shoal.table_models.scores import Scores
from shoal.table_models.splits import (
    SCORED_ON,
    Side,
    Split,
    chosen_inputs,
    frame_of,
    named_column,
    refuse_two_cuts,
    text_targets,
    weighed,
    weights_column,
)
from shoal.table_models.thresholds import Threshold, refuse_in_blocks


def fit_within(
    max_memory: str | int,
    table: Table,
    learned: tuple[str, ...],
    split: Split,
    categories: Collection[str],
    settings: Mapping[str, Any] | None,
    refit: bool,
    callbacks: Sequence[Watcher],
    progress: Progress | None,
    checkpoint: str | PathLike[str] | None = None,
    *,
    strict: bool = False,
    threshold: Threshold | None = None,
) -> TableModel | None:
    """`fit` in blocks; None if the table fits into the memory, or is a frame, which is in memory already.

    Raises
    ------
    TableError, InvalidParameterError, TooLargeError, OutputError
    """
    memory = memory_of(max_memory)
    if not is_path(table):
        raise InvalidParameterError(f"max_memory={max_memory!r} is for tables in files; a frame lies in memory already: leave it out.")
    codes = [*learned, *split.coded]
    file = open_table(table, texts=categories, codes=codes)
    needed = in_memory_bytes(file)
    refuse_whole(file, memory, needed)
    if needed <= memory.room:
        if (settings or {}).get("verbose"):
            print(f"{file.file.name} needs about {in_words(needed)}, which fits into max_memory={memory.given}: it is read whole")
        return None
    refuse_in_blocks(threshold)
    split = chosen_within(file, learned, split, categories)
    file = file.without(split.unread)
    if split.test is not None and not is_path(split.test):
        raise InvalidParameterError("test is a frame, and the table is read in blocks: give the path of a file to score on.")
    test = None if split.test is None else open_table(split.test, texts=[*categories, *file.texts], codes=codes, expected=file.names)
    if test is not None:
        test = test.without(split.unread)
        refuse_lacking(test, file.names)
    asked = Asked(
        learned,
        split.task,
        test,
        split.test_fraction,
        split.groups,
        split.time,
        split.categories,
        split.seed,
        lambda task: estimator_for(task, settings, split.seed, callbacks),
        refit,
        progress,
        Checkpoint(checkpoint),
        split.weights,
        split.missing,
        split.keep,
        threshold,
        split.merge_case,
        split.day_first,
        strict,
        split.drop,
        split.target_means,
    )
    done = fit_larger(file, asked, memory)
    facts = Facts(
        task=done.survey.task,
        targets=done.survey.targets,
        classes=done.survey.classes,
        held_out=done.held_out,
        n_train=done.survey.n_train,
        n_test=done.n_test,
        n_left_out=done.n_left_out,
        metrics=done.metrics,
        baselines=done.baselines,
        seconds=done.seconds,
        refit=done.refit,
        interrupted=done.interrupted,
        sureness=done.sureness,
        max_memory=memory.given,
        target_columns=done.survey.target_columns,
        threshold="" if threshold is None else threshold.written,
        beside=FitNotes(notes=done.survey.notes),
        **asked_of(table, split),
    )
    keep_facts(done.model, facts)
    return done.model


def chosen_within(file: TableFile, learned: tuple[str, ...], split: Split, categories: Collection[str]) -> Split:
    """The split, with the columns of the file that are no inputs; every column that the caller named must be there."""
    head = pd.DataFrame(columns=list(file.names))
    check_names(head, learned)
    roles = {"group": split.groups, "time": split.time, "weights": split.weights}
    for role, name in (*roles.items(), *(("category", name) for name in categories)):
        if name is not None:
            named_column(head, name, role)
    refuse_two_cuts(split)
    return chosen_inputs(split, file.names, learned)


def refuse_whole(file: TableFile, memory: Memory, needed: int) -> None:
    """A table that can only be read whole must fit into the memory."""
    if file.whole is not None and needed > memory.room:
        raise TableError(
            f"{file.file.name} needs about {in_words(needed)}, more than max_memory={memory.given}, and such a file can only be read "
            "whole. Save the table as CSV or Parquet, which are read in blocks, or leave max_memory out."
        )


def refuse_lacking(test: TableFile, names: Collection[str]) -> None:
    """What the model is made of must be in the test table too: known before the training, not after it."""
    lacking = [name for name in names if name not in test.names]
    if lacking:
        raise ColumnsError(
            f"The test table, {test.file.name}, lacks {len(lacking)} of the {len(names)} columns of inputs and targets: {listed(lacking)}. "
            "Add or rename."
        )


def cut_again(facts: Facts, table: str | PathLike[str]) -> Cut:
    """How `fit` held out rows of a table that it read in blocks."""
    cut = Cut(facts.seed, facts.test_fraction, facts.groups or None, weights=facts.weights or None, all_learn=bool(facts.test_table))
    cut = replace(cut, merge_case=facts.merge_case)
    if not facts.time:
        return cut
    codes = [*facts.targets, facts.groups]
    file, memory = open_table(table, texts=facts.categories, codes=codes, expected=facts.targets), memory_of(facts.max_memory)
    rows = rows_of_piece(file, memory)
    return cut_by_time(file, facts.targets, replace(cut, time=facts.time), rows, SAMPLE_ROWS, lambda n: None, facts.day_first)


def sides_within(facts: Facts, table: str | PathLike[str], test: Table | None) -> tuple[Side, Side]:
    """The rows that a model learned from and those that it was scored on, read whole."""

    def side(frame: pd.DataFrame) -> Side:
        found = targets_of(frame, facts.targets, facts.task, facts.classes, columns=facts.target_columns)
        rows = frame.iloc[found.rows]
        away = [*facts.targets, *(name for name in (facts.groups, facts.weights, *facts.drop) if name in rows)]
        return Side(rows.drop(columns=away), found.y, weighed(rows, facts.weights or None))

    texts = [*facts.categories, *text_targets(facts.targets, facts.classes, facts.target_columns)]
    frame = frame_of(table, texts=texts, codes=[facts.groups], expected=facts.targets)
    frame = frame[~without_target(read_targets(frame, facts.target_columns), facts.targets)]
    held = cut_again(facts, table).held(frame)
    return side(frame[~held]), side(frame[held] if test is None else frame_of(test, texts=texts, expected=facts.targets))


def evaluate_within(max_memory: str | int, model: Pipeline, table: str | PathLike[str], progress: Progress | None) -> Evaluation:
    """`evaluate`, reading the table in blocks."""
    facts = facts_of(model)
    texts = text_targets(facts.targets, facts.classes, facts.target_columns)
    file = open_table(table, texts=texts, expected=used_names(model))
    head = pd.DataFrame(columns=list(file.names))
    check_names(head, facts.targets)
    cut = Cut(facts.seed, facts.test_fraction, weights=weights_column(head, facts.weights or None))
    unseen = unseen_by(model["prepare"])
    scores, left_out, done = Scores(model["estimator"], facts.task), 0, 0
    for whole in pieces_within(memory_of(max_memory), model, file):
        with naming_rows(file.file.name, whole):
            piece = read_targets(whole, facts.target_columns)
            some = piece[~without_target(piece, facts.targets)]
            if len(some):
                y = targets_of(some, facts.targets, facts.task, facts.classes, columns=facts.target_columns).y
                scores.see(prepared_rows(model["prepare"], some, unseen), y, cut.weigh(some))
        left_out, done = left_out + len(piece) - len(some), done + len(piece)
        if progress is not None:
            progress("scoring", done, file.n_rows)
    if not scores.m:
        raise TableError(f"No row of {file.file.name} has a value of the target: there is nothing to score.")
    if facts.weights:
        check_total(facts.weights, scores.weight, SCORED_ON)
    unseen.warn(stacklevel=3)
    return Evaluation(scores.metrics(), scores.m, left_out, scores.sureness())


def used_names(model: Pipeline) -> list[str]:
    """The columns that a model made by `fit` needs."""
    return [column.name for column in columns_of(model) if column.kind != "left out"]


def pieces_within(memory: Memory, model: Pipeline, file: TableFile) -> Iterator[pd.DataFrame]:
    """A table in chunks that a model can predict within the memory."""
    refuse_whole(file, memory, int(frame_bytes(file) * file.n_rows))
    return file.pieces(rows_of_piece(file, memory, len(feature_names(model["prepare"]))), texts_of(columns_of(model)))
