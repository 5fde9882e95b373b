"""From a raw table to a fitted model: `fit(table, target)` returns a `TableModel`.

The model takes raw frames. The facts of its fit (`Facts`) are its attribute `facts_`, which a model file keeps and `sklearn.base.clone`
drops. `facts_of` reads it, and refuses it if the model was fitted again.
"""

import warnings
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from shoal.engine.jit.waiting import training_clock
from shoal.errors import DivergedError, InterruptedWarning, InvalidParameterError, TableError
from shoal.estimators.checks import named_columns
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.estimator import with_thresholds
from shoal.estimators.regressor import ShoalRegressor
from shoal.estimators.remote import dask_functions, place_of
from shoal.files import reading_once
from shoal.fitting.settings import settings_of
from shoal.fitting.train import interrupted
from shoal.nearest_names import nearest
from shoal.network import keep_facts
from shoal.table import Column, ColumnNote, Task, describe_columns, feature_names, preparation, prepared_rows
from shoal.table.cells import brief, listed
from shoal.table.frames import Table, frame_or_path, is_path
from shoal.table.steps import learned_rows, roles_of_steps
from shoal.table.target import Target, check_task
from shoal.table_models.facts import NO_NOTES as NO_NOTES
from shoal.table_models.facts import Evaluation as Evaluation
from shoal.table_models.facts import Facts as Facts
from shoal.table_models.facts import asked_of
from shoal.table_models.facts import facts_of as facts_of
from shoal.table_models.fit_notes import notes_beside
from shoal.table_models.group_scores import evaluation
from shoal.table_models.look import Looked, announce, looked, warn_of
from shoal.table_models.model import TableModel, model_of
from shoal.table_models.model import columns_of as columns_of
from shoal.table_models.monotone import keep_directions, with_directions
from shoal.table_models.scores import Metrics, baselines, metrics_of, sureness_of
from shoal.table_models.splits import (
    Side,
    Split,
    cells_of,
    chosen_inputs,
    column_roles,
    frame_of,
    sides,
)
from shoal.table_models.thresholds import Threshold, check_threshold, threshold_of, thresholds_for
from shoal.training.progress import Epoch

MOST_SEED = 2**64 - 1  # that a model file can store
Watcher = Callable[[Epoch], object]
Progress = Callable[[str, int, int], None]


@reading_once()
def fit(
    table: Table,
    target: Hashable | Sequence[Hashable],
    *,
    task: str | None = None,
    test: Table | None = None,
    test_fraction: float = 0.2,
    groups: Hashable = None,
    time: Hashable = None,
    weights: Hashable = None,
    categories: Collection[Hashable] = (),
    drop: Collection[Hashable] = (),
    inputs: Collection[Hashable] | None = None,
    strict: bool = False,
    missing: Collection[Hashable] = (),
    keep: Collection[Hashable] = (),
    merge_case: bool | None = None,
    day_first: bool | None = None,
    target_means: bool = True,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    refit: bool = False,
    callbacks: Sequence[Watcher] = (),
    max_memory: str | int | None = None,
    progress: Progress | None = None,
    look: Looked | None = None,
    client: Any = None,
    checkpoint: str | PathLike[str] | None = None,
    skip: bool = False,
    monotonic_cst: Mapping[Hashable, int] | None = None,
    threshold: str | float | None = None,
) -> TableModel:
    """Train on a raw table and score on rows held out from it.

    Parameters
    ----------
    table : DataFrame, or what can be turned into one (a mapping of columns, a structured or 2-D array, an Arrow table, a polars frame),
        or path of a file (delimited text, Parquet, a workbook and others: `shoal.table.read` has the list; a `shoal.TablePath` says
        which sheet, and whether there is a header line). Columns are known by their names as text: 0 is "0"
    target : name of the column to predict, or a list of several
    task : {"classification", "regression"}, chosen from the target if None
    test, test_fraction : a second table to score on; without it, this share of the rows of the first is held out
    groups : a column whose rows of one value stay on one side of the split, and are held out by the same networks for early stopping and
        calibration; it is no input
    time : a column of dates or numbers: the last rows are held out, and of the others the last for early stopping and calibration; it
        is an input like any other
    weights : a column with the weight of each row, numbers of 0 or more, for training, baselines and scores: whole numbers count rows,
        other numbers are relative, in any unit (`fit(…, sample_weight=…)` of the estimators). The column is not an input, and changes
        neither how columns are prepared nor which rows are held out
    categories : names of columns that are categories even if every cell is a number
    drop : names of columns that are left out, such as row numbers; a table to predict may have them or not
    inputs : names of the only columns to learn from; all others are dropped.
        None learns from all. `time` is an input only if it is among them
    strict : raise a `TableError` before training if there is anything to know of the table; else one `TableWarning` lists it
    missing : texts and numbers that stand for no value in any column, such as "n.d." or -999; "<" stands for all limits such as "<0.1"
    keep : names of columns whose numbers were all measured: no note mentions -999 far from all others, and rows with it in the target
        are learned, which are left out else
    merge_case : whether levels, labels and groups that differ only in case, blanks or Unicode form are one: "yes", "YES". None merges
        groups, and others where one spelling has nearly all rows
    day_first : whether the day comes first, or the month, in dates such as 3/4/2022 that can be read in both orders; if None the day does,
        and a note says so
    target_means : whether categories of many levels are read by the mean of the target over the rows of each level, found by
        cross-fitting (docs/tables.md); False gives each frequent level a column of its own
    settings : parameters of the estimator by name, such as {"hidden_layer_sizes": (50,)}
    seed : of the split, and of the estimator if `settings` has no "random_state"
    refit : train again on all rows after scoring, those of `test` too (not in blocks); else the scored model is returned
    callbacks : called with every `Epoch` of training; one that returns True stops it (docs/solvers.md)
    max_memory : such as "1GB": memory limit of training besides the libraries. A path whose table needs more is read and trained on in
    blocks: the rows are written at random to blocks on disk (in TMPDIR), and a batch has rows of one block, a random sample of the table.
    Each row's side is then drawn independently of its class; medians and the ramps' edges come from a seeded sample of at most 50,000
    rows, the linear baseline learns from it, and each network holds out at most 20,000 rows for early stopping; counts, means, variances
    and levels are exact (docs/scale.md)
    progress : called as progress(what, rows done, rows) while a table is read and trained on in blocks
    look : called with the `shoal.table_models.look.Look` at the table before training; there is no warning then. A table that is read in
        blocks has none; its notes are of its first rows and of a random sample
    client : distributed.Client, or the address of a Dask scheduler, whose workers train; the table is prepared and scored here
    checkpoint : a file that stores the weights and the optimizer's state during training, every ten seconds and when training is
    interrupted; if it exists, the same call continues from it and gives the same bits. With minibatch solvers on `client` it contains the
    finished networks (`shoal.dask.fit`)
    skip : connections from the inputs to the outputs past the hidden layer too, a linear part besides the network; the same as
        settings={"skip": True}
    monotonic_cst : columns of numbers in which predictions, or the probability of the second of two classes, must increase (1) or decrease
        (-1) for every row, such as {"cement": 1, "water": -1} (docs/monotone.md)
    threshold : the probability above which the second of two classes is predicted, or the second of each of several targets: a number,
        or how it is found: "f1" (the highest F1), "recall=0.9" (the highest that finds nine in ten), "cost=1:5" (a false negative costs
        five times a false positive). "f1 of bad" is about the class "bad". It is found by cross-validation of the training rows, which
        trains five more models; the rows held out for the scores take no part. None predicts the most likely class

    Returns
    -------
    TableModel
        A fitted Pipeline of "prepare" (raw frame to matrix) and "estimator" (`ShoalClassifier` or `ShoalRegressor`), whose
        methods take raw rows. Its attribute `facts_` holds its `Facts`, and `columns_` a DataFrame of what was made of each
        column. A file keeps the facts with the notes, but not `columns_`, which holds cells of the table. Several two-valued
        targets are predicted as 0 and 1, 1 for the second class.

    Raises
    ------
    TableError, ColumnsError
        For a table or target that cannot be learned from.
    InvalidParameterError
        For an unknown setting (with the nearest names) or a value that training cannot use.
    DivergedError
        If the weights of every network become infinite or NaN.
    TooLargeError
        For less memory than the smallest blocks need, with the least value that works.
    ClusterError, CheckpointError, OutputError
        If no cluster answers or it was lost; for a checkpoint that is damaged or of another fit; for one that cannot be written.

    Examples
    --------
    >>> import shoal
    >>> from sklearn.datasets import load_iris
    >>> model = shoal.fit(load_iris(as_frame=True).frame, "target", settings={"n_networks": 2}, seed=0)
    >>> model.facts_.task, model.facts_.n_train + model.facts_.n_test
    ('classification', 150)
    """
    check_arguments(seed, task, settings, {"refit": refit, "strict": strict}, callbacks, progress)
    settings = with_directions(with_skip(settings, skip), monotonic_cst)
    there = place_of(client, checkpoint, max_memory, refit)
    seed, table, test = int(seed), frame_or_path(table), None if test is None else frame_or_path(test)
    learned, named, categories = column_roles(table, target, {"groups": groups, "time": time, "weights": weights}, categories)
    cells = cells_of(table, drop, missing, keep, merge_case, day_first, target_means, inputs)
    split = Split(task, test, test_fraction, named["groups"], named["time"], seed, categories, named["weights"], **cells)
    wanted = threshold_of(threshold)
    if max_memory is not None:
        from shoal.table_models.within_memory import fit_within

        more: dict[str, Any] = {"strict": strict, "threshold": wanted}
        done = fit_within(max_memory, table, learned, split, categories, settings, refit, callbacks, progress, checkpoint, **more)
        if done is not None:
            warn_of(notes_of(done), stacklevel=3)
            return done
    frame = frame_of(table, texts=categories, codes=[*learned, *split.coded])
    split = chosen_inputs(split, frame.columns, learned)
    train, held, found, how = sides(frame, learned, split)
    estimator = estimator_for(found.task, settings, seed, callbacks)
    settings_of(estimator)  # invalid ones are refused before anything is shown
    check_threshold(wanted, found.names, found.task, found.classes)
    allowed = (*found.names, *split.no_inputs)
    columns = described(train, held, split, found)
    known = frame.iloc[found.rows]
    seen = looked(table, known, columns, found, split, None if test is not None else known.index.isin(held.inputs.index))
    announce(seen, strict, look)
    start = training_clock()
    model, stopped = trained_on_side(train, found, allowed, columns, estimator, there)
    seconds = training_clock() - start

    def part(side: Side) -> Pipeline | None:
        inner = estimator_for(found.task, settings, seed, callbacks)
        fitted, ended = trained_on_side(
            side, found, allowed, columns, inner, {name: value for name, value in there.items() if name == "client"}
        )
        return None if ended else fitted

    limits = _decide(wanted, model, None if stopped else lambda chosen: thresholds_for(chosen, found.classes, train, seed, part))
    scores, others, sure = _score(model, train, held, found)
    again = bool(stopped or there)
    by_group = partial(_by_group, frame, learned, settings=settings, without=again, limits=limits)
    beside = notes_beside(model, held, seen.notes, lambda group: by_group(replace(split, groups=group)))
    if refit and not stopped:
        roles = {name: np.concatenate([column, held.roles[name]]) for name, column in train.roles.items()}
        both = Side(pd.concat([train.inputs, held.inputs]), np.concatenate([train.y, held.y]), roles)
        last = estimator_for(found.task, settings, seed, callbacks)
        model, stopped = trained_on_side(both, found, allowed, described(both, held, split, found), last, there)
        with_thresholds(model["estimator"], limits)
    keep_facts(
        model,
        Facts(
            task=found.task,
            targets=found.names,
            classes=found.classes,
            held_out=how,
            n_train=len(train.y),
            n_test=len(held.y),
            n_left_out=found.n_left_out,
            metrics=scores,
            baselines=others,
            seconds=seconds,
            refit=refit and not stopped,
            interrupted=stopped,
            sureness=sure,
            beside=beside,
            target_columns=found.columns,
            threshold=wanted.written if wanted is not None and limits else "",
            **asked_of(table, split),
        ),
    )
    model.columns_ = seen.to_frame()
    return model


def notes_of(model: Pipeline) -> tuple[ColumnNote, ...]:
    """What a person should know of the table of a model made by `fit`, how the cells of its targets were read first."""
    facts = facts_of(model)
    own = (note for column in (*facts.target_columns, *columns_of(model)) for note in column.notes)
    return tuple(dict.fromkeys((*own, *facts.beside.notes)))


def evaluate(
    model: Pipeline, table: Table, *, by: str | None = None, max_memory: str | int | None = None, progress: Progress | None = None
) -> Evaluation:
    """Score a model made by `fit` on a table with its inputs and its target, and the column of weights if `fit` had one.

    Parameters
    ----------
    model : fitted Pipeline
    table : as for `fit`
    by : a column of the table, an input or not, whose groups of rows are scored too
    max_memory, progress : as for `fit`: a path is then read in blocks; for more than a million rows the area under the ROC curve is
        that of a seeded sample of so many

    Returns
    -------
    Evaluation
    """
    if max_memory is not None and is_path(table):
        from shoal.table_models.within_memory import evaluate_within

        if by is not None:
            raise InvalidParameterError("by needs the rows in memory, and max_memory reads them in blocks; leave one of them out")
        return evaluate_within(max_memory, model, table, progress)
    return evaluation(model, table, by)


def check_arguments(seed: Any, task: Any, settings: Any, flags: Mapping[str, Any], callbacks: Any, progress: Any) -> None:
    """Refuse arguments that no fit can use, before anything is read; `flags` are those that are True or False."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed <= MOST_SEED:
        raise InvalidParameterError(f"seed={brief(seed)}; it must be a whole number from 0 to {MOST_SEED}.")
    check_task(task)
    if settings is not None and not (isinstance(settings, Mapping) and all(isinstance(name, str) for name in settings)):
        raise InvalidParameterError(
            f"settings={brief(settings)} must be a mapping of parameter names to values, such as {{'n_networks': 3}}."
        )
    for name, flag in flags.items():
        if not isinstance(flag, bool | np.bool_):
            raise InvalidParameterError(f"{name}={brief(flag)} must be True or False.")
    if not isinstance(callbacks, Iterable) or not all(map(callable, callbacks)):
        raise InvalidParameterError(f"callbacks={brief(callbacks)} must be a list of functions that take an Epoch.")
    if progress is not None and not callable(progress):
        raise InvalidParameterError(f"progress={brief(progress)} must be a function of a text and two numbers.")


def with_skip(settings: Mapping[str, Any] | None, skip: Any) -> Mapping[str, Any] | None:
    """The settings with `skip`, which they must not contradict."""
    if not isinstance(skip, bool | np.bool_):
        raise InvalidParameterError(f"skip={brief(skip)} must be True or False.")
    if not skip:
        return settings
    if settings is not None and settings.get("skip", True) is not True:
        raise InvalidParameterError(f"skip=True, and settings have skip={brief(settings['skip'])}. Set one of them.")
    return {**(settings or {}), "skip": True}


def estimator_for(task: Task, settings: Mapping[str, Any] | None, seed: int, callbacks: Sequence[Watcher]) -> Any:
    """An estimator with these settings, unfitted."""
    estimator = ShoalClassifier() if task == "classification" else ShoalRegressor()
    chosen = {"random_state": seed, **(settings or {})}
    known = sorted(set(estimator.get_params(deep=False)) - {"callbacks"})
    for name in chosen:
        if name not in known:
            matches = nearest(name, known)
            hint = f"the nearest names are {listed(matches)}" if matches else f"the parameters are {', '.join(known)}"
            hint = "its loss is cross-entropy (docs/own-functions.md); leave it out" if name == "loss" else hint
            raise InvalidParameterError(f"{type(estimator).__name__} has no parameter {name!r}; {hint}.")
    return estimator.set_params(**chosen, callbacks=list(callbacks) or None)


def _decide(wanted: Threshold | None, model: Pipeline, found: Callable[[Threshold], tuple[float, ...] | None] | None) -> tuple[float, ...]:
    """Give the model the thresholds that are wanted, and return them; `found` is None where training was interrupted."""
    if wanted is None:
        return ()
    limits = None if found is None else found(wanted)
    if limits is None:
        warnings.warn(InterruptedWarning("interrupted before the threshold was found: a half decides"), stacklevel=3)
        return ()
    with_thresholds(model["estimator"], limits)
    return limits


def _by_group(
    frame: pd.DataFrame,
    names: tuple[str, ...],
    split: Split,
    *,
    settings: Mapping[str, Any] | None,
    without: bool,
    limits: tuple[float, ...],
) -> Metrics:
    """Scores on whole groups, of a second model; none if training was interrupted or is elsewhere, or groups cannot be held out so."""
    if without:
        return {}
    try:
        train, held, found, _ = sides(frame, names, split)
        estimator = estimator_for(found.task, settings, split.seed, ())
        columns = described(train, held, split, found)
        model, stopped = trained_on_side(train, found, (*found.names, *split.no_inputs), columns, estimator, {})
        with_thresholds(model["estimator"], limits)
        rows = prepared_rows(model["prepare"], held.inputs)
        return {} if stopped else metrics_of(model["estimator"], rows, held.y, found.task, held.weight)
    except (TableError, DivergedError):  # such as a class that is in one group only
        return {}


def described(side: Side, held: Side, split: Split, found: Target) -> tuple[Column, ...]:
    """What becomes of the inputs of one side; of the rows held out nothing is used but how their numbers are spelled."""
    return describe_columns(side.inputs, split.categories, **split.described, beside=held.inputs, n_outputs=split.n_outputs(found))


def trained_on_side(
    side: Side, found: Target, allowed: tuple[str, ...], columns: Sequence[Column], estimator: Any, there: Mapping[str, Any]
) -> tuple[TableModel, bool]:
    """A model fitted to one side, and whether its training was interrupted; `there` sets where to train, if not here."""
    prepare = preparation(tuple(columns), allowed, found.task, found.names)
    model = model_of(prepare, estimator)
    if "client" in there:
        return model, interrupted(lambda: dask_functions().fit_pipeline(model, side.inputs, side.y, roles=side.roles, **there))

    def fit_here() -> Any:
        X = prepare.fit_transform(side.inputs, side.y, **roles_of_steps(prepare, side.roles))
        return keep_directions(estimator, prepare).fit(X, side.y, **side.roles, **there)

    with named_columns(lambda: feature_names(prepare), allowed):
        return model, interrupted(fit_here)


def _score(model: Pipeline, train: Side, held: Side, found: Target) -> tuple[Metrics, dict[str, Metrics], Metrics]:
    prepare, estimator = model["prepare"], model["estimator"]
    rows = prepared_rows(prepare, held.inputs), held.y, held.weight
    scores, sure = metrics_of(estimator, *rows[:2], found.task, held.weight), sureness_of(estimator, *rows)
    learned = learned_rows(prepare, train.inputs, train.y, train.roles, found.task, found.names)
    return scores, baselines((learned, train.y, train.weight), rows, found.task), sure
