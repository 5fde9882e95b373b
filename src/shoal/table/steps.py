"""The preparation of a raw table as scikit-learn's steps: a frame gets its types, then becomes a matrix."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from shoal.errors import TableError
from shoal.table.cells import ROW, listed
from shoal.table.columns import Column, Extra, check_columns, coerce
from shoal.table.frames import as_frame
from shoal.table.preparation import Preparation, crossed, decided, fit_preparation, used, used_names
from shoal.table.target_means import (
    NO_ROLES,
    CrossFitted,
    RowRoles,
    TargetSums,
    fold_rule,
    outputs_of,
    refuse_without_target,
    target_sums,
    with_means,
)
from shoal.table.unseen import Unseen, warn_ignored


class TypedTable(TransformerMixin, BaseEstimator):
    """First step of a model: a raw frame in, a frame whose columns have their types out, or a named error.

    Parameters
    ----------
    columns : tuple of Column
        What `describe_columns` decided at fit.
    allowed_extra : tuple of str
        Columns that may stand in the table without being inputs: the target, the groups.
    extra : {"refuse", "ignore"}
        What happens to any other column that the model was not trained on. `TableModel.extra` sets it.
    """

    def __init__(self, columns: tuple[Column, ...], allowed_extra: tuple[str, ...] = (), extra: Extra = "refuse") -> None:
        self.columns = columns
        self.allowed_extra = allowed_extra
        self.extra = extra

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Check the columns; there is nothing left to learn."""
        check_columns(X, self.columns, self.allowed_extra, self.extra)
        return self._known()

    def _known(self) -> Self:
        self.feature_names_in_ = np.array([column.name for column in used(self.columns)], dtype=object)
        self.n_features_in_ = len(self.feature_names_in_)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The typed frame; `ColumnsError` for lacking or added columns, `TableError` for cells of another type.

        An `UnseenWarning` names the columns that are ignored.
        """
        typed, ignored = self.typed(X)
        warn_ignored(ignored, stacklevel=3)
        return typed

    def typed(self, X: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """The typed frame, and the names of the columns that are ignored, without a warning."""
        ignored = check_columns(X, self.columns, self.allowed_extra, self.extra)
        return coerce(X, self.columns), ignored

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the typed columns."""
        return np.array([name for _, names in used_names(self.columns) for name in names], dtype=object)


class PreparedTable(TransformerMixin, BaseEstimator):
    """Second step: the typed frame in, a dense float64 matrix out, as its `Preparation` says.

    Parameters
    ----------
    columns : tuple of Column
        What `describe_columns` decided at fit.
    task : {"classification", "regression"}
        What the target is, for columns with target means.
    targets : tuple of str
        Its name, or their names.

    Attributes
    ----------
    preparation_ : Preparation
    """

    preparation_: Preparation

    def __init__(self, columns: tuple[Column, ...], task: str = "regression", targets: tuple[str, ...] = ("the target",)) -> None:
        self.columns = columns
        self.task = task
        self.targets = targets

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Find medians, gaps and levels in the typed frame of the training rows, and the mean of `y` for levels with target means."""
        return self._known(fit_preparation(self.columns, X, self._sums(X, y, NO_ROLES, None)))

    def fit_transform(self, X: pd.DataFrame, y: Any = None, groups: Any = None, time: Any = None, sample_weight: Any = None) -> Any:
        """Fit, and return the matrix of the training rows.

        Their target means are those of rows in other folds: `fit(X, y).transform(X)` gives others, which contain each row's own target.
        Rows of one of the `groups` are in one fold; with a `time` rows get the means of earlier ones.
        """
        roles = RowRoles(groups, time, row_numbers(X))
        sums = self._sums(X, y, roles, sample_weight)
        self._known(fit_preparation(self.columns, X, sums))
        return self.preparation_.apply(X, None if sums is None else crossed(self.preparation_, sums), roles)

    def _sums(self, X: pd.DataFrame, y: Any, roles: RowRoles, weight: Any) -> TargetSums | None:
        """The sums that target means are made of; None if no column has them."""
        columns = with_means(self.columns)
        if not columns:
            return None
        if y is None:
            refuse_without_target(self.columns)
        y = np.asarray(y)
        classes = [np.unique(y).tolist()] if y.ndim == 1 else [(0, 1)] * y.shape[1]
        outputs = outputs_of(self.task, self.targets, classes)
        rule = fold_rule(X, roles, max(X[column.name].nunique(dropna=False) for column in columns))
        sums = target_sums(columns, outputs, rule, outputs.numbers(y))
        sums.see(X, y, roles, weight)
        return sums

    def _known(self, preparation: Preparation) -> Self:
        self.preparation_ = preparation
        self.n_features_in_ = sum(len(field.parts) for field in preparation.fields)
        return self

    def transform(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """The matrix `(m, number of features)`; an `UnseenWarning` names levels that training never saw, and columns without any value."""
        check_is_fitted(self)
        typed = X if isinstance(X, pd.DataFrame) else as_frame(X)  # a polars frame, if set_output asks for it
        unseen = Unseen(self.preparation_)
        unseen.see(typed)
        unseen.warn(stacklevel=3)
        return self.preparation_.apply(typed)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the prepared columns, no two alike."""
        check_is_fitted(self)
        return np.array([feature.name for feature in self.preparation_.features], dtype=object)


def row_numbers(frame: pd.DataFrame) -> NDArray[np.int64] | None:
    """The rows' numbers in the table, if they have any."""
    return frame.index.to_numpy() if frame.index.name == ROW else None


def preparation(
    columns: Sequence[Column], allowed_extra: Collection[str] = (), task: str = "regression", targets: Collection[str] = ("the target",)
) -> Pipeline:
    """The unfitted steps from a raw frame to a dense float64 matrix.

    Parameters
    ----------
    columns : what `describe_columns` decided
    allowed_extra : names of columns that may be there without being inputs
    task, targets : what the target is, and its name, for columns with target means

    Returns
    -------
    Pipeline of "typed" (`TypedTable`) and "columns" (`PreparedTable`). It answers with arrays whatever scikit-learn's
    `set_config(transform_output=…)` says, since its estimator was fitted to arrays; its own `set_output` is obeyed.
    """
    if not used(columns):
        reasons = listed((f"{column.name}: {column.reason}" for column in columns), most=4)
        raise TableError(
            f"No column is left to learn from; all {len(columns)} were left out ({reasons}). Give the table an informative column."
        )
    typed = TypedTable(tuple(columns), tuple(map(str, allowed_extra)))
    steps = Pipeline([("typed", typed), ("columns", PreparedTable(tuple(columns), task, tuple(targets)))])
    return steps.set_output(transform="default")


def fitted_preparation(
    columns: Sequence[Column],
    counts: Mapping[str, pd.Series],
    sample: pd.DataFrame,
    allowed_extra: Collection[str] = (),
    sums: TargetSums | None = None,
) -> Pipeline:
    """The steps of `preparation` as rows would fit them that were counted and are not at hand.

    Parameters
    ----------
    columns : what was decided of the columns that were counted
    counts : of every category, how many rows have each level (`level_counts`)
    sample : some of the rows, raw; the medians are theirs
    allowed_extra : as for `preparation`
    sums : of the targets of all rows, if a column has target means
    """
    check_columns(sample, columns, allowed_extra)
    gaps = {column.name: column.n_gaps > 0 for column in columns}
    return prepared_by(decided(columns, coerce(sample, columns), counts, gaps, sums), allowed_extra)


def crossed_by(prepare: Pipeline, sums: TargetSums | None) -> CrossFitted | None:
    """The target means that training rows get; None if no column has them."""
    return None if sums is None else crossed(prepare.steps[1][1].preparation_, sums)


def prepared_by(found: Preparation, allowed_extra: Collection[str] = (), extra: Extra = "refuse") -> Pipeline:
    """The fitted steps of a preparation that is known."""
    steps = preparation(found.columns, allowed_extra)
    steps["typed"].extra = extra
    steps["typed"]._known()
    steps["columns"]._known(found)
    return steps


def prepared_rows(prepare: Pipeline, frame: pd.DataFrame, unseen: Unseen | None = None) -> NDArray[np.float64]:
    """The matrix of raw rows, without a warning of what training never saw, which is counted in `unseen` if that is given.

    Parameters
    ----------
    prepare : a fitted `preparation`
    frame : raw rows
    unseen : `Unseen(…)`, or None to count nothing, as for rows that were held out or made up

    Returns
    -------
    ndarray, (m, number of features)
    """
    (typed, ignored), columns = prepare.steps[0][1].typed(frame), prepare.steps[1][1]
    if unseen is not None:
        unseen.see(typed, ignored)
    return np.asarray(columns.preparation_.apply(typed))


def learned_rows(
    prepare: Pipeline, frame: pd.DataFrame, y: Any, roles: Mapping[str, Any], task: str, targets: Sequence[str]
) -> NDArray[np.float64]:
    """The matrix of raw rows as a model learned from them, with the target means of other folds; without a warning.

    Parameters
    ----------
    prepare : a fitted `preparation`
    frame, y : the rows that it was fitted to, and their targets
    roles : their "groups", "time" and "sample_weight", as far as there are any
    task, targets : what the target is, and its name
    """
    typed = prepare.steps[0][1]
    if not with_means(typed.columns):
        return prepared_rows(prepare, frame)
    again = PreparedTable(typed.columns, task, tuple(targets))
    return np.asarray(again.fit_transform(typed.transform(frame), y, **roles))


def roles_of_steps(step: Any, roles: Mapping[str, Any]) -> dict[str, Any]:
    """The rows' groups, times and weights as arguments of `fit_transform` of a `preparation`; none for other steps."""
    is_ours = isinstance(step, Pipeline) and isinstance(step.steps[-1][1], PreparedTable)
    return {f"{step.steps[-1][0]}__{name}": role for name, role in roles.items()} if is_ours else {}


def training_rows(prepare: Pipeline, frame: pd.DataFrame, crossed: CrossFitted | None, roles: RowRoles = NO_ROLES) -> NDArray[np.float64]:
    """The matrix of raw rows that a model learns from, with the target means of other folds.

    Parameters
    ----------
    prepare : a fitted `preparation`
    frame : raw rows
    crossed : their target means; None if no column has them
    roles : what decides the folds
    """
    typed = prepare.steps[0][1].transform(frame)
    roles = roles if roles.numbers is not None else roles._replace(numbers=row_numbers(frame))
    return np.asarray(prepare.steps[1][1].preparation_.apply(typed, crossed, roles))


def unseen_by(prepare: Pipeline) -> Unseen:
    """Counts of what rows bring that a fitted `preparation` never saw, none yet."""
    return Unseen(prepare.steps[1][1].preparation_)


def feature_names(prepare: Pipeline) -> tuple[str, ...]:
    """Names of the prepared columns, none of them twice.

    Parameters
    ----------
    prepare : a fitted `preparation`
    """
    return tuple(map(str, prepare.get_feature_names_out()))


def preparation_of(prepare: Any) -> Preparation | None:
    """The value behind steps that `preparation` made and rows have fitted; None for other steps."""
    if not isinstance(prepare, Pipeline) or [type(step) for _, step in prepare.steps] != [TypedTable, PreparedTable]:
        return None
    return getattr(prepare.steps[1][1], "preparation_", None)
