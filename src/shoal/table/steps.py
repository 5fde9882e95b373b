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
from shoal.table.cells import listed
from shoal.table.columns import Column, check_columns, coerce
from shoal.table.frames import as_frame
from shoal.table.preparation import Preparation, decided, fit_preparation, used, used_names
from shoal.table.unseen import Unseen


class TypedTable(TransformerMixin, BaseEstimator):
    """First step of a model: a raw frame in, a frame whose columns have their types out, or a named error.

    Parameters
    ----------
    columns : tuple of Column
        What `describe_columns` decided at fit.
    allowed_extra : tuple of str
        Columns that may stand in the table without being inputs: the target, the groups.
    """

    def __init__(self, columns: tuple[Column, ...], allowed_extra: tuple[str, ...] = ()) -> None:
        self.columns = columns
        self.allowed_extra = allowed_extra

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Check the columns; there is nothing left to learn."""
        check_columns(X, self.columns, self.allowed_extra)
        return self._known()

    def _known(self) -> Self:
        self.feature_names_in_ = np.array([column.name for column in used(self.columns)], dtype=object)
        self.n_features_in_ = len(self.feature_names_in_)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The typed frame; `ColumnsError` for lacking or added columns, `TableError` for cells of another type."""
        check_columns(X, self.columns, self.allowed_extra)
        return coerce(X, self.columns)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the typed columns."""
        return np.array([name for _, names in used_names(self.columns) for name in names], dtype=object)


class PreparedTable(TransformerMixin, BaseEstimator):
    """Second step: the typed frame in, a dense float64 matrix out, as its `Preparation` says.

    Parameters
    ----------
    columns : tuple of Column
        What `describe_columns` decided at fit.

    Attributes
    ----------
    preparation_ : Preparation
    """

    preparation_: Preparation

    def __init__(self, columns: tuple[Column, ...]) -> None:
        self.columns = columns

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Find medians, gaps and levels in the typed frame of the training rows."""
        return self._known(fit_preparation(self.columns, X))

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


def preparation(columns: Sequence[Column], allowed_extra: Collection[str] = ()) -> Pipeline:
    """The unfitted steps from a raw frame to a dense float64 matrix.

    Parameters
    ----------
    columns : what `describe_columns` decided
    allowed_extra : names of columns that may be there without being inputs

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
    steps = Pipeline([("typed", typed), ("columns", PreparedTable(tuple(columns)))])
    return steps.set_output(transform="default")


def fitted_preparation(
    columns: Sequence[Column], counts: Mapping[str, pd.Series], sample: pd.DataFrame, allowed_extra: Collection[str] = ()
) -> Pipeline:
    """The steps of `preparation` as rows would fit them that were counted and are not at hand.

    Parameters
    ----------
    columns : what was decided of the columns that were counted
    counts : of every category, how many rows have each level (`level_counts`)
    sample : some of the rows, raw; the medians are theirs
    allowed_extra : as for `preparation`
    """
    check_columns(sample, columns, allowed_extra)
    gaps = {column.name: column.n_gaps > 0 for column in columns}
    return prepared_by(decided(columns, coerce(sample, columns), counts, gaps), allowed_extra)


def prepared_by(found: Preparation, allowed_extra: Collection[str] = ()) -> Pipeline:
    """The fitted steps of a preparation that is known."""
    steps = preparation(found.columns, allowed_extra)
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
    typed, columns = prepare.steps[0][1].transform(frame), prepare.steps[1][1]
    typed = typed if isinstance(typed, pd.DataFrame) else as_frame(typed)
    if unseen is not None:
        unseen.see(typed)
    return np.asarray(columns.preparation_.apply(typed))


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
