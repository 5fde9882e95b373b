"""Arrays and an estimator that was fitted alone, in the form in which a report examines a model of a raw table."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.pipeline import Pipeline

from shoal.errors import DataError, InvalidParameterError, ShoalError
from shoal.estimators.checks import checked_weights
from shoal.estimators.display import rows_and_targets
from shoal.estimators.estimator import ShallowEstimator
from shoal.export import portable
from shoal.network import keep_facts
from shoal.table import Column, Learned, Preparation, prepared_by
from shoal.table.coded_columns import coded
from shoal.table_models.facts import Facts
from shoal.table_models.inspect import RowsAgain
from shoal.table_models.look import Look, seen_column
from shoal.table_models.model import TableModel, model_of
from shoal.table_models.splits import Side

ARRAYS = "arrays"  # stands where a report names its table


def is_alone(model: Any) -> bool:
    """Whether a model is an estimator, which takes arrays, and not a Pipeline."""
    return isinstance(model, ShallowEstimator)


@dataclass(frozen=True)
class BesideModel:
    """What a report is given beside the model and its table, as `write_report` describes it; `by` is a column whose groups are scored."""

    y: Any = None
    sample_weight: Any = None
    train: Any = None
    test: Any = None
    cross_validation: Any = None
    by: Any = None


def refuse_mixed(model: Any, beside: BesideModel) -> None:
    """Refuse arguments that are for another kind of model."""
    if is_alone(model):
        if beside.y is None:
            name = type(model).__name__
            raise InvalidParameterError(
                f"y is missing: a {name} that was fitted alone is reported on arrays, write_report(model, X, path, y=y)"
            )
        if beside.test is not None:
            raise InvalidParameterError("test is for models of shoal.fit; X and y are the rows to score, train=(X, y) those learned from")
        if beside.cross_validation is not None:
            raise InvalidParameterError("cross_validation is for models of shoal.fit, whose columns each fold prepares again: leave it out")
        return
    given = [name for name in ("y", "sample_weight", "train") if getattr(beside, name) is not None]
    if not given:
        return
    if isinstance(model, Pipeline) and not isinstance(model, TableModel):
        before = ", ".join(name for name, _ in model.steps[:-1])
        raise ShoalError(
            f"This Pipeline's steps before the last ({before}) are not shoal's. Report on its last "
            "step and what the others make of the rows: write_report(model[-1], model[:-1].transform(X), path, y=y)"
        )
    raise InvalidParameterError(
        f"{given[0]} is for estimators that were fitted alone; a model of shoal.fit reads the target from its table"
    )


def examined_alone(estimator: Any, X: Any, y: Any, sample_weight: Any, train: Any) -> tuple[TableModel, RowsAgain]:
    """The estimator as the model of a table whose columns are those of X, and its rows.

    Parameters
    ----------
    estimator : fitted ShoalClassifier or ShoalRegressor
    X, y, sample_weight : the rows to score, as for `diagnose`
    train : the rows that it learned from, (X, y) or (X, y, sample_weight), or None

    Raises
    ------
    DataError
        For rows or targets that the estimator does not take, and for sparse rows.
    """
    parts = portable(estimator)
    names = [field.name for field in parts.fields]
    held = side_of(estimator, names, X, y, sample_weight)
    learned = None if train is None else side_of(estimator, names, *of_training(train))
    n, inputs = len(held.y), held.inputs
    columns = tuple(
        Column(name, "number", "a column of X", n, 0, low=float(inputs[name].min()), high=float(inputs[name].max())) for name in names
    )
    gaps = Learned((float("nan"),))  # a bare estimator takes no gaps, and there is nothing to fill
    model = model_of(prepared_by(Preparation(columns, (gaps,) * len(columns))), without_names(estimator))
    facts = Facts(
        task=estimator._task,
        targets=target_names(y, parts.targets),
        classes=parts.classes,
        table="",
        held_out="the rows that were given",
        n_train=0 if learned is None else len(learned.y),
        n_test=len(held.y),
        n_left_out=0,
        metrics={},
        baselines={},
        seconds=float("nan"),
        seed=int(estimator.seed_),
    )
    keep_facts(model, facts)
    shown = tuple(seen_column(coded(column, held.inputs[column.name]), "", ()) for column in columns)
    return model, RowsAgain(learned, held, lambda: Look(ARRAYS, len(held.y), shown, ()))


def checked_labels(by: Any, m: int) -> pd.Series:
    """The group of each row `(m,)`.

    Raises
    ------
    InvalidParameterError
        For anything but a label for each of m rows.
    """
    if isinstance(by, str) or np.shape(by) != (m,):
        found = f"{by!r}" if isinstance(by, str) else f"of shape {np.shape(by)}"
        raise InvalidParameterError(f"by is {found}; for an estimator give a label for each of the {m} rows of X")
    return pd.Series(by).reset_index(drop=True)


def of_training(train: Any) -> Sequence[Any]:
    """X, y and the weights of the training rows."""
    if not isinstance(train, tuple | list) or len(train) not in (2, 3):
        raise InvalidParameterError(f"train is a {type(train).__name__}; give (X, y) or (X, y, sample_weight)")
    return (*train, None)[:3]


def side_of(estimator: Any, names: Sequence[str], X: Any, y: Any, sample_weight: Any) -> Side:
    """Rows checked as the estimator checks them."""
    X, y, _ = rows_and_targets(estimator, X, y)
    if sparse.issparse(X):
        raise DataError(f"X is sparse with {X.shape[1]} columns, and a report shuffles every column: give dense rows, X.toarray()")
    weight = checked_weights(sample_weight, X)
    y = y.ravel() if y.ndim == 2 and y.shape[1] == 1 else y
    return Side(pd.DataFrame(np.asarray(X, np.float64), columns=list(names)), y, {} if weight is None else {"sample_weight": weight})


def without_names(estimator: Any) -> Any:
    """A copy that takes an array, also where it was fitted to a frame, whose names the table has."""
    kept = copy.copy(estimator)
    kept.__dict__.pop("feature_names_in_", None)
    return kept


def target_names(y: Any, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """What the targets are called: the name of a Series, the columns of a frame, or plain names."""
    names = [y.name] if isinstance(y, pd.Series) else list(y.columns) if isinstance(y, pd.DataFrame) else []
    return tuple(map(str, names)) if len(names) == len(otherwise) and all(name is not None for name in names) else otherwise
