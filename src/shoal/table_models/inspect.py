"""Inspection of a raw table's model by the table's own columns: its diagnosis, importance and effects, on the rows of its fit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from shoal.estimators.display import diagnosed
from shoal.export import portable
from shoal.export.portable import Portable
from shoal.inspection import Diagnosis, Profile, garson, olden, profile, sensitivities
from shoal.inspection.finding import Finding
from shoal.inspection.findings import leaking_columns
from shoal.inspection.importance import N_REPEATS, Effect, Importance, importance, partial_effect
from shoal.table import TypedTable, feature_names, prepared_rows, targets_of
from shoal.table.columns import typed_names
from shoal.table.frames import Table, frame_or_path, is_path
from shoal.table.notes import ColumnNote
from shoal.table.structure import STRUCTURE_KINDS
from shoal.table_models.facts import split_of
from shoal.table_models.fit import columns_of, described, facts_of, notes_of
from shoal.table_models.look import Look, looked
from shoal.table_models.scores import metrics_of
from shoal.table_models.splits import Side, fingerprint, frame_of, named_groups, sides, text_targets, weighed
from shoal.types import Floats


def sides_again(model: Pipeline, table: Table, test: Table | None = None) -> tuple[Side, Side] | None:
    """The training rows of a model and its held-out rows, split from the table as `fit` did.

    Parameters
    ----------
    model : fitted Pipeline made by `fit`
    table, test : what `fit` was given

    Returns
    -------
    Two `Side`, or None if this is not the table that the model was trained on.
    """
    found = rows_again(model, table, test)
    return None if found is None or found.train is None else (found.train, found.held)


@dataclass(frozen=True)
class RowsAgain:
    """A table that a model is examined on.

    `train` are the training rows, None if they are not known, `held` the rows to score; `look` gives the `Look` at the table.
    """

    train: Side | None
    held: Side
    look: Callable[[], Look]


def rows_again(model: Pipeline, table: Table, test: Table | None = None) -> RowsAgain | None:
    """The table that a model was trained on, split as `fit` did; the look at it is the one that `fit` had, with its notes.

    Parameters
    ----------
    model : fitted Pipeline made by `fit`
    table, test : what `fit` was given

    Returns
    -------
    RowsAgain, or None if this is not the table that the model was trained on.
    """
    facts, table = facts_of(model), frame_or_path(table)
    if not facts.sha256 or fingerprint(table) != facts.sha256 or (test is None) != (not facts.test_table):
        return None
    if facts.max_memory:
        from shoal.table_models.within_memory import sides_within

        if not is_path(table):
            return None
        train, held = sides_within(facts, table, test)
        return RowsAgain(train, held, lambda: rows_of_other(model, table).look())
    split = split_of(facts, test)
    names = [column.name for column in columns_of(model)]
    frame = frame_of(table, texts=facts.categories, codes=[*facts.targets, *split.coded], expected=names)
    train, held, found, _ = sides(frame, facts.targets, split)

    def look() -> Look:
        known = frame.iloc[found.rows]
        scored = None if test is not None else known.index.isin(held.inputs.index)
        return looked(table, known, described(train, held, split, found), found, split, scored)

    return RowsAgain(train, held, look)


def rows_of_other(model: Pipeline, table: Table) -> RowsAgain:
    """All rows of a table that have a target; a look at it shows its cells as the model reads them, with the notes of the fit."""
    facts, columns = facts_of(model), columns_of(model)
    frame = frame_of(table, columns, texts=text_targets(facts.targets, facts.classes, facts.target_columns))
    found = targets_of(frame, facts.targets, facts.task, facts.classes, columns=facts.target_columns)
    inputs = [column.name for column in columns]
    lacking = [name for name in inputs if name not in frame.columns]
    rows: pd.DataFrame = frame.iloc[found.rows]
    # the preparation names a missing column
    roles = weighed(rows, facts.weights or None)
    if facts.groups in rows.columns:
        roles["groups"] = named_groups(rows[facts.groups], facts.merge_case)
    held = Side(rows if lacking else rows[inputs], found.y, roles)

    def look() -> Look:
        there = [column for column in columns if column.name in rows.columns]
        split = split_of(facts).among(rows.columns)
        known = {*(column.name for column in there), *facts.targets, *split.no_inputs}
        seen = looked(table, rows[[name for name in rows.columns if name in known]], there, found, split)
        return seen.with_notes(notes_of(model))

    return RowsAgain(None, held, look)


GRID = 24  # values of a numeric column, from its 2nd to its 98th percentile
LEVELS = 12  # of a category, the most frequent
ROWS_OF_EFFECTS = 300  # spread evenly over those given


@dataclass(frozen=True)
class WeightsByColumn:
    """What the weights alone say about every raw column that is an input: sums over its parts.

    Attributes
    ----------
    names : tuple of str
    olden, garson : ndarray, (n, n_z)
    """

    names: tuple[str, ...]
    olden: Floats
    garson: Floats


@dataclass(frozen=True)
class Uses(WeightsByColumn):
    """The derivatives and the weights of every raw column that is an input.

    Attributes
    ----------
    names, olden, garson
        As in `WeightsByColumn`.
    sensitivity : ndarray, (n, n_y)
        Mean `|dy/dx|` per standard deviation of x, in units of y; for a column with several parts (levels, parts of a date, missing
        indicator) the root of the sum of their squares.
    """

    sensitivity: Floats


def diagnose_table(model: Pipeline, table: Table) -> Diagnosis:
    """The diagnosis of a model made by `shoal.fit` on a table with its inputs and its target.

    Parameters
    ----------
    model : fitted Pipeline
    table : DataFrame or path; best rows that it has not learned from

    Returns
    -------
    Diagnosis

    Raises
    ------
    ShoalError, TableError
        For a model without a table's columns, or a table that does not fit it.
    """
    facts = facts_of(model)
    frame = frame_of(table, columns_of(model), texts=text_targets(facts.targets, facts.classes, facts.target_columns))
    found = targets_of(frame, facts.targets, facts.task, facts.classes, columns=facts.target_columns)
    rows = frame.iloc[found.rows]
    return diagnose_rows(model, rows, found.y, weighed(rows, facts.weights or None).get("sample_weight"))


def diagnose_rows(model: Pipeline, frame: pd.DataFrame, y: NDArray[Any], weight: Floats | None = None) -> Diagnosis:
    """As `diagnose_table`, for raw inputs, targets and weights that are already separate."""
    prepare, estimator = model["prepare"], model["estimator"]
    inner = diagnosed(estimator, prepared_rows(prepare, frame), y, weight, names=feature_names(prepare), columns=False)
    first = y if y.ndim == 1 else y[:, 0]
    leaks = leaking_columns(raw_numbers(prepare["typed"], frame), first, classes=facts_of(model).task == "classification")
    return Diagnosis((*inner.findings, *leaks, *no_measurements(facts_of(model).beside.notes)), inner.n_rows)


def no_measurements(notes: Sequence[ColumnNote]) -> list[Finding]:
    """What the table that the model was made of held beside measurements, as findings."""
    return [
        Finding(
            "no measurement",
            f"{note.column!r}: {note.text}." if note.column else f"In the table that it was made of, {note.text}.",
            f"{note.advice[:1].upper()}{note.advice[1:]}." if note.advice else "",
            columns=(note.column,) if note.column else (),
        )
        for note in notes
        if note.kind in STRUCTURE_KINDS
    ]


def raw_numbers(typed: TypedTable, frame: pd.DataFrame) -> list[tuple[str, NDArray[np.float64]]]:
    """Every raw column that is an input as numbers: levels by their alphabetical index, dates as days."""
    table = typed.transform(frame)
    found = []
    for column, names in zip(typed.columns, typed_names(typed.columns), strict=True):
        if column.kind == "category":
            found.append((column.name, pd.factorize(table[names[0]], sort=True)[0].astype(np.float64)))
        elif column.kind != "left out":
            found.append((column.name, numbers(table[names[0]])))
    return found


def numbers(column: pd.Series) -> NDArray[np.float64]:
    """A typed column's numbers, NaN for an empty cell."""
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def importance_of(
    model: Pipeline, frame: pd.DataFrame, y: NDArray[Any], weight: Floats | None = None, *, seed: int = 0, repeats: int = N_REPEATS
) -> Importance:
    """Permutation importance of a model's raw columns on rows it was not trained on: the increase of log_loss, or of rmse.

    Parameters
    ----------
    model : fitted Pipeline made by `shoal.fit`
    frame : raw rows; columns that are no inputs are left aside
    y : their targets as `shoal.table.targets_of` gives them
    weight : of the rows, `(m,)`; None if each counts once
    seed : of the shuffling
    """
    task = facts_of(model).task
    metric = "log_loss" if task == "classification" else "rmse"
    inputs = [column.name for column in columns_of(model) if column.kind != "left out"]
    others = [column.name for column in columns_of(model) if column.kind == "left out"]
    still = frame[others]

    def scorer(_: Any, X: pd.DataFrame, y: NDArray[Any]) -> float:
        rows = prepared_rows(model["prepare"], pd.concat([X, still], axis=1) if others else X)
        return -metrics_of(model["estimator"], rows, y, task, weight)[metric]

    return importance(model, frame[inputs], y, scorer, metric, seed=seed, repeats=repeats)


def by_column(parts: Portable, values: Floats) -> Floats:
    """Values of the prepared columns `(n_prepared, …)` added up to those of the raw columns that they are made of."""
    sums = np.zeros((len(parts.fields), values.shape[1]))
    np.add.at(sums, np.array([feature.field for feature in parts.features]), values)
    return sums


def weights_by_column(model: Pipeline) -> WeightsByColumn:
    """Olden's and Garson's weights of a model by raw column."""
    parts = portable(model)
    names = tuple(field.name for field in parts.fields)
    return WeightsByColumn(names, by_column(parts, olden(parts.network)), by_column(parts, garson(parts.network)))


def uses_of(model: Pipeline, frame: pd.DataFrame) -> Uses:
    """Derivatives and weights of a model by raw column, on raw rows `frame`."""
    parts, weights = portable(model), weights_by_column(model)
    squares = sensitivities(parts.network, prepared_rows(model["prepare"], frame)) ** 2
    return Uses(weights.names, weights.olden, weights.garson, np.sqrt(by_column(parts, squares)))


def profile_of(model: Pipeline, frame: pd.DataFrame, name: str, *, quantiles: Sequence[float], output: int = 0) -> Profile:
    """Lek's profile of a raw column of numbers; see `inspection.profile`."""
    prepare = model["prepare"]
    inputs = frame[[column.name for column in columns_of(model)]]
    kinds = {column.name: column.kind for column in columns_of(model)}
    numbers = pd.DataFrame({each: cells for each, cells in raw_numbers(prepare["typed"], inputs) if kinds[each] == "number"}, inputs.index)
    make = partial(prepared_rows, prepare)
    return profile(model["estimator"].network_, inputs, name, prepare=make, numbers=numbers, quantiles=quantiles, output=output)


def effect_of(model: Pipeline, frame: pd.DataFrame, name: str, *, output: int = 0) -> Effect:
    """The mean prediction as one raw column changes, for every member.

    Parameters
    ----------
    model : fitted Pipeline made by `shoal.fit`
    frame : raw rows; at most 300 of them, spread evenly, are used
    name : of a column that is an input
    output : which answer, see `inspection.importance.partial_effect`
    """
    column = next(column for column in columns_of(model) if column.name == name)
    some = frame.iloc[np.linspace(0, len(frame) - 1, min(len(frame), ROWS_OF_EFFECTS)).astype(int)]
    prepare = model["prepare"]
    numeric = column.kind == "number"
    values = values_of(frame[name], dict(raw_numbers(prepare["typed"], frame))[name], column.kind)
    return partial_effect(model["estimator"].network_, partial(prepared_rows, prepare), some, name, values, numeric=numeric, output=output)


def values_of(cells: pd.Series, as_numbers: Floats, kind: str) -> list[Any]:
    """Values of a column from low to high: numbers as they are read, whatever their cells look like, dates as in their cells.

    Of categories the most frequent levels.
    """
    known = cells[cells.notna().to_numpy()]
    if kind in ("category", "boolean"):
        return list(known.value_counts().index[:LEVELS])
    filled = np.flatnonzero(np.isfinite(as_numbers))
    ranked = filled[np.argsort(as_numbers[filled], kind="stable")]
    places = np.linspace(0.02, 0.98, GRID) * (len(ranked) - 1)
    chosen = dict.fromkeys(ranked[np.round(places).astype(int)].tolist())
    found = {float(as_numbers[i]): cells.iloc[i] for i in chosen}
    return list(found if kind == "number" else found.values())


MOST_LIMITS = 8  # columns whose limits are named


def limited_inputs(model: Any) -> dict[str, tuple[float, float]]:
    """The prepared columns that had cells far from all others in training, each with the limits that such cells count as."""
    network = portable(model, foreign=True).network
    return {network.feature_names[j]: (lower, upper) for j, lower, upper in network.encoding.limited_inputs}


def limits_in_words(limits: Mapping[str, Sequence[float]]) -> str:
    """The limits of some columns in a line; empty if there are none."""
    lines = [f"{name} {ends[0]:.6g} to {ends[1]:.6g}" for name, ends in limits.items()]
    more = f" and {len(lines) - MOST_LIMITS} more" if len(lines) > MOST_LIMITS else ""
    return ", ".join(lines[:MOST_LIMITS]) + more
