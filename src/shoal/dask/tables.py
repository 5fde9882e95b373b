"""Raw Dask data frames: what each column is, decided from all partitions, and a model that takes raw rows."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from shoal.dask.fitting import fit
from shoal.dask.partitions import RawPartitions
from shoal.dask.workers import connected, named
from shoal.engine.jit.waiting import training_clock
from shoal.errors import TableError
from shoal.estimators.estimator import with_thresholds
from shoal.estimators.remote import is_elsewhere
from shoal.fitting.checkpoint import Checkpoint
from shoal.network import keep_facts
from shoal.table.cells import ROW
from shoal.table.marks import marks_for
from shoal.table.steps import crossed_by, fitted_preparation, training_rows
from shoal.table.tally import MOST_TEXTS
from shoal.table.target import check_names, without_target
from shoal.table.target_cells import read_targets
from shoal.table.target_means import CrossFitted, RowRoles, TargetSums
from shoal.table_models.cut import Cut, Sample
from shoal.table_models.fit import Facts, Watcher, estimator_for, notes_of
from shoal.table_models.fit_notes import FitNotes
from shoal.table_models.level_sums import no_sums, see_rows, targets_in
from shoal.table_models.look import warn_of
from shoal.table_models.memory import SAMPLE_ROWS
from shoal.table_models.model import TableModel, model_of
from shoal.table_models.monotone import keep_directions
from shoal.table_models.splits import named_column
from shoal.table_models.survey import Counting, Survey, finished
from shoal.table_models.thresholds import check_threshold, fixed_thresholds, refuse_in_blocks, threshold_of


@dataclass(frozen=True)
class CountedPartitions:
    """Partitions counted so far, and how many rows each had."""

    counting: Counting
    rows: tuple[int, ...]


def fit_table(
    table: Any,
    target: str | Sequence[str],
    *,
    task: str | None = None,
    weights: str | None = None,
    categories: Collection[str] = (),
    missing: Collection[object] = (),
    keep: Collection[str] = (),
    merge_case: bool | None = None,
    day_first: bool | None = None,
    target_means: bool = True,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    callbacks: Sequence[Watcher] = (),
    client: Any = None,
    share: str = "whole",
    checkpoint: str | PathLike[str] | None = None,
    threshold: str | float | None = None,
) -> TableModel:
    """Train on all rows of a raw Dask data frame.

    Parameters
    ----------
    table : dask data frame of raw columns
    target, task, weights, categories, missing, keep, merge_case, day_first, target_means, settings, seed, callbacks : as for `shoal.fit`
    client, share, checkpoint : as for `shoal.dask.fit`
    threshold : as for `shoal.fit`, a number; the other forms are found by cross-validation, in memory

    Returns
    -------
    TableModel
        As `shoal.fit` gives it. No row is held out for a score, so its `facts_` have none: `shoal.table_models.fit.evaluate` scores it
        on other rows. Counts and levels are of all rows; medians, which fill gaps, are those of a seeded sample of at most 50,000.

    Raises
    ------
    TableError, ColumnsError, DataError
        With the partition, for what its cells must not hold; for what is no dask data frame.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> import shoal
    >>> from distributed import Client
    >>> from sklearn.datasets import load_iris
    >>> table = dd.from_pandas(load_iris(as_frame=True).frame, npartitions=3)
    >>> with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
    ...     model = shoal.dask.fit_table(table, "target", settings={"solver": "lbfgs", "n_networks": 2}, seed=0, client=client)
    >>> model.facts_.task
    'classification'
    """
    names = (target,) if isinstance(target, str) else tuple(target)
    refuse_unfit(table, names, weights, categories)
    wanted = threshold_of(threshold)
    refuse_in_blocks(wanted, "lies on a cluster")
    began = training_clock()
    with connected(client) as cluster, named(Checkpoint(checkpoint).left):
        parts = table.to_delayed()
        cut = Cut(seed, 0.0, all_learn=True, weights=weights)
        nothing = Counting(names, cut.no_inputs, frozenset(categories), Sample(SAMPLE_ROWS), MOST_TEXTS)
        nothing.missing, nothing.keep, nothing.merge_case = marks_for(missing), tuple(keep), merge_case
        nothing.day_first, nothing.target_means = day_first, target_means
        found = counted(cluster, parts, nothing, task, cut)
        check_threshold(wanted, found.targets, found.task, found.classes)
        sums = summed(cluster, parts, found, cut)
        prepare = fitted_preparation(found.columns, found.counts, found.sample, (*names, *cut.no_inputs), sums)
        estimator = keep_directions(estimator_for(found.task, settings, seed, callbacks), prepare)
        rows = source(parts, prepare, found, cut, crossed_by(prepare, sums))
        fit(estimator, rows, None, client=cluster, share=share, checkpoint=checkpoint)
    with_thresholds(estimator, fixed_thresholds(wanted, found.classes))
    model = model_of(prepare, estimator)
    facts = facts_from(found, training_clock() - began, cut, tuple(categories))
    facts = replace(facts, missing=nothing.missing, keep=nothing.keep, merge_case=merge_case, day_first=day_first)
    keep_facts(model, replace(facts, threshold="" if wanted is None else wanted.written, target_means=target_means))
    warn_of(notes_of(model), stacklevel=2)
    return model


def refuse_unfit(table: Any, names: tuple[str, ...], weights: str | None, categories: Collection[str]) -> None:
    """Refuse what is no Dask data frame, and names of columns that it has not."""
    if not is_elsewhere(table) or not hasattr(table, "columns"):
        raise TableError(
            f"table is a {type(table).__name__}; give a dask data frame, or train on a table in memory with shoal.fit(table, …, client=…)"
        )
    head = table._meta
    check_names(head, names)
    for role, name in (*((("weights", weights),) if weights is not None else ()), *(("category", name) for name in categories)):
        named_column(head, name, role)
    if weights in names:
        raise TableError(f"The column {weights!r} is the target and cannot be the weights column too. Name another.")


def facts_from(found: Survey, seconds: float, cut: Cut, categories: tuple[str, ...]) -> Facts:
    """What is known of a fit on all rows, which has no score."""
    return Facts(
        task=found.task,
        targets=found.targets,
        classes=found.classes,
        table="",
        held_out="nothing: all rows were learned from",
        n_train=found.n_train,
        n_test=0,
        n_left_out=found.n_left_out,
        metrics={},
        baselines={},
        seconds=seconds,
        seed=cut.seed,
        categories=categories,
        weights=cut.weights or "",
        target_columns=found.target_columns,
        beside=FitNotes(notes=found.notes),
    )


def counted(client: Any, parts: Sequence[Any], nothing: Counting, task: str | None, cut: Cut) -> Survey:
    """The survey of all partitions, one after the other, each where it lies: the first text of a kind is the first of all."""
    seen = client.submit(CountedPartitions, nothing, (), pure=False)
    for number, part in enumerate(client.compute(list(parts))):
        seen = client.submit(see, seen, part, (number, len(parts)), cut, pure=False)
    done = seen.result()
    with of_row(done.rows):
        known = done.counting.described_targets(task)
        if nothing.target_columns or not any(column.is_special for column in known):
            return finished(done.counting, task, (), known, cut)
    return counted(client, parts, replace(nothing, target_columns=known), task, cut)  # once more, the targets' cells read as they are


def see(seen: CountedPartitions, part: pd.DataFrame, place: tuple[int, int], cut: Cut) -> CountedPartitions:
    """One more partition."""
    first = sum(seen.rows)
    rows = part.set_axis(pd.RangeIndex(first + 1, first + 1 + len(part), name=ROW), axis=0)
    counting = replace(seen.counting, tallies=dict(seen.counting.tallies), values=dict(seen.counting.values))
    counting.target_tallies = dict(seen.counting.target_tallies)
    with of_part(*place):
        counting.see_cut(rows, cut)
    return CountedPartitions(counting, (*seen.rows, len(part)))


def summed(client: Any, parts: Sequence[Any], found: Survey, cut: Cut) -> TargetSums | None:
    """The sums that target means are made of, each partition's where it lies; None if no column has them."""
    nothing = no_sums(found, found.sample, cut)
    if nothing is None:
        return None
    known = replace(found, sample=pd.DataFrame())
    for number, part in enumerate(client.compute(list(parts))):
        nothing.add(client.submit(sums_of, nothing.empty(), known, part, (number, len(parts)), cut, pure=False).result())
    return nothing


def sums_of(sums: TargetSums, found: Survey, part: pd.DataFrame, place: tuple[int, int], cut: Cut) -> TargetSums:
    """The sums over one partition."""
    with of_part(*place):
        some = known_rows(part, found)
        see_rows(sums, found, some, cut, numbers_in(place[0], len(some)))
    return sums


def known_rows(part: pd.DataFrame, found: Survey) -> pd.DataFrame:
    """The rows of a partition with a target."""
    part = read_targets(part, found.target_columns)
    return part[~without_target(part, found.targets)] if len(part) else part


def numbers_in(number: int, n: int) -> np.ndarray:
    """Numbers of the rows of a partition that no other partition has."""
    return (number << 40) + np.arange(n)


def source(parts: Sequence[Any], prepare: Pipeline, found: Survey, cut: Cut, means: CrossFitted | None) -> RawPartitions:
    """The partitions prepared: matrices, targets and weights, rows without a target left out."""
    from dask.delayed import delayed

    work, steps, known = (
        delayed(prepared, pure=False),
        delayed(prepare, pure=False),
        delayed(replace(found, sample=pd.DataFrame()), pure=False),
    )
    all_three = [work(steps, known, part, (number, len(parts)), cut, means) for number, part in enumerate(parts)]
    X, y, weight = (tuple(each[i] for each in all_three) for i in range(3))
    n = len(prepare["columns"].get_feature_names_out())
    return RawPartitions(X, y, None if cut.weights is None else weight, np.empty((0, n)))


def prepared(
    prepare: Pipeline, found: Survey, part: pd.DataFrame, place: tuple[int, int], cut: Cut, means: CrossFitted | None
) -> tuple[Any, Any, Any]:
    """One partition's matrix, targets, and weights or None."""
    with of_part(*place):
        some = known_rows(part, found)
        if not len(some):
            return np.empty((0, len(prepare["columns"].get_feature_names_out()))), np.empty(0), np.empty(0)
        X = training_rows(prepare, some, means, RowRoles(numbers=numbers_in(place[0], len(some))))
        return X, targets_in(some, found), cut.weigh(some)


@contextmanager
def of_part(number: int, n: int) -> Iterator[None]:
    """An error of a table says in which partition, counted from 1."""
    try:
        yield
    except TableError as error:
        raise type(error)(f"Partition {number + 1} of {n}: {error}") from None


@contextmanager
def of_row(rows: Sequence[int]) -> Iterator[None]:
    """An error that names a row of the whole table says in which partition it is too."""
    try:
        yield
    except TableError as error:
        row = re.search(r"\brow (\d+)", str(error))
        if row is None:
            raise
        number = int(np.searchsorted(np.cumsum(rows), int(row[1])))
        raise type(error)(f"Partition {number + 1} of {len(rows)}: {error}") from None
