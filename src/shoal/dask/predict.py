"""Answers for Dask collections, block by block: nothing is computed until somebody asks for it."""

import copy
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted, validate_data

from shoal.engine.threads import at_most
from shoal.errors import DataError
from shoal.estimators.estimator import for_prediction
from shoal.estimators.remote import is_elsewhere
from shoal.network import known_facts
from shoal.table import TypedTable, check_columns
from shoal.table.frames import column_name
from shoal.table.unseen import warn_ignored
from shoal.uncertainty.outside import outside_named


def predict(model: Any, X: Any, **settings: Any) -> Any:
    """`model.predict` on a Dask collection, lazily: see `lazily`."""
    return lazily(model, "predict", X, **settings)


def predict_proba(model: Any, X: Any) -> Any:
    """`model.predict_proba` on a Dask collection, lazily: see `lazily`."""
    return lazily(model, "predict_proba", X)


def lazily(model: Any, verb: str, X: Any, *given: Any, **settings: Any) -> Any:
    """What a fitted model says of the rows of a Dask collection, as a collection with the same blocks.

    Parameters
    ----------
    model : a fitted `ShoalClassifier`, `ShoalRegressor`, or a Pipeline made by `shoal.fit`
    verb : "predict", "predict_proba", "predict_interval" or any other of the estimator's that takes rows
    X : dask array `(m, n)`, also of unknown chunk sizes, or dask data frame
    given, settings : further arguments of the verb

    Returns
    -------
    dask array for an array; for a data frame one with the same index and divisions, a Series where the answer is one number a
    row. It is named after the target where the model knows it; columns are named after classes or targets. Verbs that give two
    answers (`return_std`, `predict_interval`) give a tuple of two.

    Raises
    ------
    DataError, ColumnsError, ValueError
        At once for a wrong number of columns or other names; for what a block holds, when that block is computed.
    """
    if not is_elsewhere(X):
        raise DataError(f"X is a {type(X).__name__} in memory, and answers are lazy for Dask collections alone: call model.{verb}(X)")
    estimator = model.steps[-1][1] if isinstance(model, Pipeline) else model
    check_is_fitted(estimator, "network_")
    work = partial(answered, stripped(model), verb, given, settings)
    if hasattr(X, "to_delayed") and hasattr(X, "columns"):
        X = known_columns(model, X)
        with outside_named(False):
            sample = as_tuple(getattr(estimator, verb)(one_row(estimator), *given, **settings))
        return of_frame(work, sample, names_of(model, estimator, verb), X)
    if getattr(X, "ndim", 0) != 2:
        raise DataError(
            f"X is a {type(X).__name__} with {getattr(X, 'ndim', 'no')} dimensions; rows come as a dask array (m, n) or data frame"
        )
    with outside_named(False):  # a row of zeros says at once what is wrong with the columns
        sample = as_tuple(getattr(model, verb)(np.zeros((1, X.shape[1])), *given, **settings))
    return of_array(work, sample, X)


def of_array(work: Any, sample: tuple[np.ndarray, ...], X: Any) -> Any:
    """One answer, or a tuple of them; several are computed once and taken apart."""
    from dask.array import map_blocks

    X = X.rechunk({1: -1})
    like, several = sample[0], len(sample) > 1
    shape = (*like.shape[1:], *([len(sample)] if several else []))
    chunks = (X.chunks[0], *((n,) for n in shape))
    drop, new = ([1], []) if not shape else ([], list(range(2, 1 + len(shape))))
    found = map_blocks(  # type: ignore[no-untyped-call]
        partial(as_block, work),
        X,
        dtype=like.dtype,
        chunks=chunks,
        drop_axis=drop,
        new_axis=new,
        meta=np.empty((0,) * len(chunks), like.dtype),
    )
    return tuple(found[..., i] for i in range(len(sample))) if several else found


def of_frame(work: Any, sample: tuple[np.ndarray, ...], names: Any, X: Any) -> Any:
    """The same for a data frame; `names` is the name of a Series or the labels of columns."""
    if sample[0].ndim > 2:
        raise DataError("such an answer has three dimensions and fits no data frame; give rows as an array: X.to_dask_array()")
    name, columns = names
    several = len(sample) > 1
    if sample[0].ndim == 1 and not several:
        one = pd.Series(sample[0], name=name).iloc[:0]
        return X.map_partitions(partial(as_series, work, one), meta=one)
    labels = [name] if sample[0].ndim == 1 else columns if len(columns) == sample[0].shape[1] else list(range(sample[0].shape[1]))
    wide = [f"{i} {label}" for i in range(len(sample)) for label in labels] if several else labels
    like = pd.DataFrame(np.column_stack(sample), columns=wide).iloc[:0]
    found = X.map_partitions(partial(as_frame, work, like), meta=like)
    if not several:
        return found
    parts = [found[wide[i * len(labels) : (i + 1) * len(labels)]] for i in range(len(sample))]
    if sample[0].ndim == 1:
        return tuple(part[part.columns[0]].rename(name) for part in parts)
    return tuple(part.rename(columns=dict(zip(part.columns, labels, strict=True))) for part in parts)


# --- on the workers -------------------------------------------------------------------------------------------------


def answered(model: Any, verb: str, given: Any, settings: Any, rows: Any) -> tuple[np.ndarray, ...]:
    """The model's answers for one block, on one thread, as Dask counts tasks."""
    with at_most(1):
        return as_tuple(getattr(model, verb)(rows, *given, **settings))


def as_block(work: Any, rows: Any) -> np.ndarray:
    """Answers side by side on a last axis, where there are several."""
    if not len(rows):  # dask asks with no rows what kind of answer comes
        rows = np.zeros((1, rows.shape[1]))
        with outside_named(False):
            return as_block(work, rows)[:0]
    found = work(rows)
    return found[0] if len(found) == 1 else np.stack(found, axis=-1)


def as_series(work: Any, like: pd.Series, part: pd.DataFrame) -> pd.Series:
    """One number or label a row."""
    return pd.Series(work(part)[0] if len(part) else like.to_numpy(), index=part.index, name=like.name, dtype=like.dtype)


def as_frame(work: Any, like: pd.DataFrame, part: pd.DataFrame) -> pd.DataFrame:
    """Several numbers a row."""
    return pd.DataFrame(np.column_stack(work(part)) if len(part) else like.to_numpy(), index=part.index, columns=like.columns)


# --- what can be known before ---------------------------------------------------------------------------------------


def as_tuple(found: Any) -> tuple[np.ndarray, ...]:
    """One answer as one of a kind."""
    return tuple(map(np.asarray, found)) if isinstance(found, tuple) else (np.asarray(found),)


def stripped(model: Any) -> Any:
    """The model without what does not travel: callbacks, and what further training would need."""
    kept = copy.copy(model)
    if isinstance(kept, Pipeline):
        name, last = kept.steps[-1]
        kept.steps = [*kept.steps[:-1], (name, stripped(last))]
        return kept
    return for_prediction(model)


def one_row(estimator: Any) -> Any:
    """A row of zeros, as the estimator was fitted on them."""
    row = np.zeros((1, estimator.n_features_in_))
    return pd.DataFrame(row, columns=estimator.feature_names_in_) if hasattr(estimator, "feature_names_in_") else row


def known_columns(model: Any, X: Any) -> Any:
    """The data frame without columns that the model ignores, with one warning; refused if its columns are not the model's.

    Nothing is computed for it.
    """
    typed = [step for _, step in model["prepare"].steps if isinstance(step, TypedTable)] if is_raw(model) else []
    if typed:
        ignored = check_columns(X._meta, typed[0].columns, typed[0].allowed_extra, typed[0].extra)
        warn_ignored(ignored, stacklevel=3)
        return X[[label for label in X.columns if column_name(label) not in ignored]] if ignored else X
    if not isinstance(model, Pipeline):
        validate_data(model, pd.DataFrame(np.zeros((1, len(X.columns))), columns=X.columns), reset=False)
    return X


def is_raw(model: Any) -> bool:
    """Whether it is a Pipeline that `shoal.fit` made."""
    return isinstance(model, Pipeline) and "prepare" in model.named_steps


def names_of(model: Any, estimator: Any, verb: str) -> tuple[Any, list[Any]]:
    """What one answer a row is called, and what several are: targets, or classes."""
    facts = known_facts(model)
    targets = list(facts.targets) if facts is not None else []
    name = targets[0] if len(targets) == 1 else None
    if "proba" in verb or verb == "predict_set":
        return name, list(estimator.classes_) if len(targets) < 2 else targets
    if verb == "outside":
        return "outside", list(estimator.network_.feature_names)
    return name, targets or list(getattr(estimator, "classes_", []))
