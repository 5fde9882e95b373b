"""The model of a raw table: scikit-learn's Pipeline of a preparation and an estimator, whose every method takes raw rows.

A Pipeline passes on `predict` and `predict_proba` alone. What else the estimator answers, and what is found out about a model, would need
rows that the caller prepares.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from shoal.errors import InvalidParameterError, ShoalError
from shoal.estimators.remote import lazy_too
from shoal.inspection import Diagnosis
from shoal.inspection.importance import N_REPEATS, Effect, Importance
from shoal.network import Network
from shoal.table import Column, TypedTable, feature_names, prepared_rows
from shoal.table.columns import Extra, check_extra
from shoal.table.frames import Table, as_frame, is_path
from shoal.table.steps import preparation_of
from shoal.table_models.facts import Evaluation, facts_of
from shoal.table_models.splits import frame_of
from shoal.types import Floats
from shoal.uncertainty.outside import outside_named, warn_outside

if TYPE_CHECKING:
    from shoal.table_models.plots import TablePlots


def last_step_has(method: str) -> Callable[[Any], bool]:
    """Whether the last step of a Pipeline has a method, for `available_if`."""

    def there(model: Any) -> bool:
        return hasattr(model.steps[-1][1], method)

    return there


class TableModel(Pipeline):
    """What `shoal.fit` returns: a fitted Pipeline of "prepare" and "estimator". Its methods take raw rows, as a frame or a path.

    `clone`, `cross_val_score`, pickles and whatever else takes a Pipeline take it.

    Attributes
    ----------
    facts_ : Facts
        The facts of the fit: task, target, scores.
    columns_ : DataFrame
        What was made of each column; a file does not keep it.

    Examples
    --------
    >>> import shoal
    >>> from sklearn.datasets import load_diabetes
    >>> table = load_diabetes(as_frame=True).frame
    >>> model = shoal.fit(table, "target", settings={"n_networks": 3, "calibration": "cv+"}, seed=0)
    >>> lower, upper = model.predict_interval(table[:5], coverage=0.9)
    >>> bool((lower < upper).all()), model.predict_quantiles(table[:5], [0.1, 0.5, 0.9]).shape
    (True, (5, 3))
    >>> model.outside(table[:2].assign(bmi=[0.0, 9.0]))
    array([False,  True])
    >>> model.evaluate(table).n_rows, model.diagnose(table).n_rows
    (442, 442)
    """

    @property
    def extra(self) -> Extra:
        """What happens to a column of a table that the model was not trained on: "refuse", an error, or "ignore".

        It can be set, holds for every method, for frames, files, blocks and Dask, and is kept in the model's file. Columns that are ignored
        are named in an `UnseenWarning`, once a call.

        Examples
        --------
        >>> import shoal
        >>> from sklearn.datasets import load_iris
        >>> table = load_iris(as_frame=True).frame
        >>> model = shoal.fit(table, "target", settings={"n_networks": 1, "max_iter": 5})
        >>> model.extra = "ignore"
        >>> import warnings
        >>> with warnings.catch_warnings(record=True, action="always") as given:
        ...     answers = model.predict(table[60:63].assign(note="wet"))
        >>> [str(each.message) for each in given]
        ["1 column that the model was not trained on is ignored: 'note'"]
        """
        return self._typed().extra

    @extra.setter
    def extra(self, extra: Extra) -> None:
        self._typed().extra = check_extra(extra)

    @property
    def network_(self) -> Network:
        """The trained network, whose inputs have the names of the prepared columns; what `shoal.inspection` takes."""
        from shoal.export import portable

        if not hasattr(self.steps[-1][1], "network_"):
            raise AttributeError("network_ is there once the model is fitted")
        return portable(self, foreign=True).network

    # --- answers ----------------------------------------------------------------------------------------------------

    @available_if(last_step_has("predict"))
    @lazy_too
    def predict(self, X: Any, **params: Any) -> Any:
        """The class or value of every raw row; `return_std=True` as for `ShoalRegressor.predict`.

        Parameters
        ----------
        X : DataFrame, what can be turned into one, or the path of a file; columns that `fit` knew as no inputs may be in it
        """
        with self._named():
            return super().predict(self._raw(X), **params)

    @available_if(last_step_has("predict_proba"))
    @lazy_too
    def predict_proba(self, X: Any, **params: Any) -> Any:
        """The probability of every class for every raw row, as `ShoalClassifier.predict_proba`."""
        with self._named():
            return super().predict_proba(self._raw(X), **params)

    @available_if(last_step_has("predict_log_proba"))
    @lazy_too
    def predict_log_proba(self, X: Any, **params: Any) -> Any:
        """ln of `predict_proba`."""
        with self._named():
            return super().predict_log_proba(self._raw(X), **params)

    @available_if(last_step_has("predict_interval"))
    @lazy_too
    def predict_interval(self, X: Any, coverage: float = 0.9) -> tuple[Floats, Floats]:
        """Lower and upper ends for raw rows, as `ShoalRegressor.predict_interval`."""
        with self._named():
            ends: tuple[Floats, Floats] = self.steps[-1][1].predict_interval(self._prepared(X), coverage)
        return ends

    @available_if(last_step_has("predict_quantiles"))
    @lazy_too
    def predict_quantiles(self, X: Any, q: Any) -> Floats:
        """Quantiles of the targets of raw rows, as `ShoalRegressor.predict_quantiles`."""
        with self._named():
            return np.asarray(self.steps[-1][1].predict_quantiles(self._prepared(X), q))

    @available_if(last_step_has("predict_set"))
    @lazy_too
    def predict_set(self, X: Any, coverage: float = 0.9, *, by_class: bool = False) -> NDArray[np.bool_]:
        """Which classes are in a set that contains the class of a raw row with this probability, as `ShoalClassifier.predict_set`."""
        with self._named():
            return np.asarray(self.steps[-1][1].predict_set(self._prepared(X), coverage, by_class=by_class))

    @available_if(last_step_has("score"))
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, **params: Any) -> float:
        """Accuracy, or R², of `predict` for raw rows with targets y; `evaluate` has more scores, and reads y from the table."""
        with outside_named(False):
            return float(super().score(self._raw(X), y, sample_weight, **params))

    def predictions(self, X: Table, *, interval: float | None = None, sets: float | None = None) -> pd.DataFrame:
        """The table that `shoal predict` writes: values or classes, and probabilities.

        With the coverage `interval` the ends of each value's interval too, with `sets` which classes are in the set of each row.
        """
        from shoal.table_models.predict import predictions

        frame = self._frame(X)
        rows = self._prepared(frame)
        with self._named():
            warn_outside(self.steps[-1][1].network_, np.asarray(rows))
        return predictions(self, frame, interval=interval, sets=sets, prepared=rows)

    @available_if(last_step_has("outside"))
    def outside(self, X: Any, *, columns: bool = False) -> NDArray[np.bool_] | pd.DataFrame:
        """Which raw rows have an input outside the range of the training rows, `(m,)`.

        With `columns` which of the table's columns are, as a frame `(m, n)`.
        """
        from shoal.export import portable

        frame = self._frame(X)
        found = self.steps[-1][1].outside(prepared_rows(self.steps[0][1], frame), columns=True)
        if not columns:
            return np.asarray(found.any(axis=1))
        parts = portable(self)
        of_field = np.zeros((len(frame), len(parts.fields)), bool)
        for j, feature in enumerate(parts.features):
            of_field[:, feature.field] |= found[:, j]
        return pd.DataFrame(of_field, frame.index, [field.name for field in parts.fields])

    # --- what is found out about it ---------------------------------------------------------------------------------

    def evaluate(self, table: Table, *, by: str | None = None) -> Evaluation:
        """Scores on a table with the inputs and the target, as `shoal evaluate` prints them.

        With a column `by` also those of the rows with each of its values, `.by`: coverage and width of 90 % intervals, or accuracy and
        calibration error. Numbers of more than 20 values are five ranges. It need not be an input.
        """
        from shoal.table_models.fit import evaluate

        return evaluate(self, table, by=by)

    @available_if(last_step_has("calibrate"))
    def calibrate(self, table: Table, *, calibration: str | None = None) -> "TableModel":
        """Calibrate the model on a table that it was not trained on, as `ShoalRegressor.calibrate` and `ShoalClassifier.calibrate` do.

        Parameters
        ----------
        table : inputs and the target, and the weights if `fit` had any
        calibration : for a classifier "temperature", which is meant by None, or "split", for `predict_set`

        Raises
        ------
        InvalidParameterError
            For the table that the model was trained on, and for a `calibration` that it cannot have.
        DataError, TableError
            For too few rows with a target, or a table that does not fit the model.
        """
        from shoal.table_models.new_rows import calibrate

        return calibrate(self, table, calibration)

    def diagnose(self, X: Table, y: Any = None, sample_weight: Any = None) -> Diagnosis:
        """Known faults of the network, as `ShoalClassifier.diagnose`, found on raw rows that it best has not learned from.

        Parameters
        ----------
        X : raw rows; if y is None a table that contains the target too, and the weights if `fit` had any
        y, sample_weight : as for the estimator
        """
        from shoal.table_models.inspect import diagnose_rows

        return diagnose_rows(self, *self._rows_with_targets(X, y, sample_weight))

    def importance(self, X: Table, y: Any = None, sample_weight: Any = None, *, seed: int = 0, repeats: int = N_REPEATS) -> Importance:
        """Permutation importance of the table's columns: the increase of log_loss, or of rmse. Rows as for `diagnose`."""
        from shoal.table_models.inspect import importance_of

        return importance_of(self, *self._rows_with_targets(X, y, sample_weight), seed=seed, repeats=repeats)

    def sensitivities(self, X: Table) -> pd.DataFrame:
        """Mean `|dy/dx|` for raw rows, per standard deviation of x: one row a column of the table, one column an output.

        Outputs are the values of targets, or probabilities: of the second of two classes, of each of more.
        """
        from shoal.table_models.inspect import uses_of
        from shoal.table_models.predict import output_names

        uses = uses_of(self, self._frame(X))
        return pd.DataFrame(uses.sensitivity, pd.Index(uses.names, name="column"), output_names(self))

    def effect(self, X: Table, column: str, *, output: int = 0) -> Effect:
        """The mean prediction for raw rows as one of the table's columns changes, for every member."""
        from shoal.table_models.inspect import effect_of

        frame, inputs = self._frame(X), [known.name for known in columns_of(self) if known.kind != "left out"]
        if column not in inputs:
            raise InvalidParameterError(f"column={column!r} is no input of this model; its inputs are {', '.join(inputs)}")
        return effect_of(self, frame, column, output=output)

    @property
    def plot(self) -> "TablePlots":
        """The figures of the model, one call each: `model.plot.training()`, `.network()`, `.weights()`, `.units(X, columns)`;
        `.regression(table)`, `.errors`, `.intervals`, or `.roc(table)`, `.precision_recall`, `.calibration`, `.confusion`;
        `.importance(table)`, `.sensitivities`, `.effect(table, column)`, `.profile`, `.olden()`, `.garson()`.

        Each takes matplotlib's `ax` and returns a Display object (docs/report.md).
        """
        from shoal.table_models.plots import TablePlots

        return TablePlots(self)

    def write_report(
        self, table: Table, path: str | PathLike[str], *, test: Table | None = None, cross_validation: Any = None, by: str | None = None
    ) -> Path:
        """Write the report on a table as one HTML file, as `shoal.write_report`."""
        import shoal

        return shoal.write_report(self, table, path, test=test, cross_validation=cross_validation, by=by)

    # --- rows -------------------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, **params: Any) -> "TableModel":
        """Fit as a Pipeline does. Directions (`monotonic_cst`) stay with the columns of the table, whatever inputs another table makes.

        Parameters
        ----------
        X, y : raw rows and their targets
        **params : as for a Pipeline
        """
        from shoal.table_models.monotone import keep_directions, wanted_directions

        if wanted := wanted_directions(self):
            given = {name.removeprefix("prepare__"): value for name, value in params.items() if name.startswith("prepare__")}
            keep_directions(self.steps[-1][1].set_params(monotonic_cst=wanted), self.steps[0][1].fit(X, y, **given))
        super().fit(X, y, **params)
        return self

    def __sklearn_clone__(self) -> Any:
        from shoal.table_models.monotone import wanted_directions

        made = super().__sklearn_clone__()
        if wanted := wanted_directions(self):
            made.steps[-1][1].set_params(monotonic_cst=wanted)  # the clone's preparation knows no inputs yet, but columns
        return made

    def _typed(self) -> TypedTable:
        """The step that checks a table's columns."""
        first = self.steps[0][1]
        typed = first.steps[0][1] if isinstance(first, Pipeline) else None
        if not isinstance(typed, TypedTable):
            raise ShoalError(
                f"extra is for models whose first step is shoal's preparation of raw tables; this one's is a {type(first).__name__}."
            )
        return typed

    def _raw(self, X: Any) -> Any:
        """What the first step takes: a file is read, whatever else is passed on."""
        return frame_of(X, columns_of(self)) if is_path(X) else X

    def _frame(self, X: Any) -> pd.DataFrame:
        """Raw rows as a frame, for a fitted preparation."""
        check_is_fitted(self)
        return frame_of(X, columns_of(self)) if is_path(X) else as_frame(X)

    def _prepared(self, X: Any) -> Any:
        """The matrix of raw rows, with the warnings of each step before the last."""
        return self[:-1].transform(self._raw(X))

    def _named(self) -> AbstractContextManager[None]:
        """Within it, warnings of rows outside the training range name the inputs as the preparation does."""
        prepare = self.steps[0][1]
        return outside_named((lambda: feature_names(prepare)) if preparation_of(prepare) is not None else True)

    def _rows_with_targets(self, X: Any, y: Any, weight: Any) -> tuple[pd.DataFrame, NDArray[Any], Floats | None]:
        """Raw rows, their targets and weights; without y those in the table."""
        from shoal.table_models.inspect import rows_of_other

        if y is not None:
            return self._frame(X), np.asarray(y), None if weight is None else np.asarray(weight, np.float64)
        if weight is not None:
            raise InvalidParameterError("sample_weight was given without y: give both, or the name of the weights' column to shoal.fit")
        facts_of(self)
        held = rows_of_other(self, X).held
        return held.inputs, held.y, held.weight


def columns_of(model: Pipeline) -> tuple[Column, ...]:
    """The description of each column of the table that a model made by `fit` was trained on."""
    columns: tuple[Column, ...] = model["prepare"]["typed"].columns
    return columns


def model_of(prepare: Any, estimator: Any) -> TableModel:
    """The model of a preparation and an estimator, each fitted or not."""
    return TableModel([("prepare", prepare), ("estimator", estimator)])
