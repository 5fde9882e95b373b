"""`model.plot` of a raw table's model: the same figures, of the table's own columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoal.estimators.plots import EstimatorPlots
from shoal.export import portable
from shoal.inspection.importance import Effect, Importance
from shoal.inspection.profile import Profile
from shoal.network import Network
from shoal.table import prepared_rows
from shoal.types import Floats


class TablePlots(EstimatorPlots):
    """The figures of a raw table's model. Rows are raw: a frame or a path, whose target is found if y is not given.

    Diagrams and maps show the prepared columns by name (`town_Ulm`); importance, effects, profiles and rankings the table's own.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import shoal
    >>> from sklearn.datasets import load_iris
    >>> table = load_iris(as_frame=True).frame
    >>> model = shoal.fit(table, "target", settings={"n_networks": 1, "max_iter": 20}, seed=0)
    >>> model.plot.network().inputs[0]
    'sepal length (cm)'
    >>> model.plot.roc(table).kind
    'roc'
    """

    @property
    def _estimator(self) -> Any:
        return self._model.steps[-1][1]

    @property
    def _network(self) -> Network:
        return portable(self._model, foreign=True).network

    @property
    def _outputs(self) -> list[str]:
        from shoal.table_models.predict import answers_of

        task, targets, classes = answers_of(self._model)
        if task == "regression" or len(targets) > 1:
            return list(targets)
        return [str(label) for label in (classes[0] if len(classes[0]) > 2 else classes[0][-1:])]

    def _scored(self, X: Any, y: Any) -> tuple[Any, NDArray[Any]]:
        rows, y, _ = self._model._rows_with_targets(X, y, None)
        return rows, y

    def _frame(self, X: Any) -> pd.DataFrame:
        frame: pd.DataFrame = self._model._frame(X)
        return frame

    def _matrix(self, X: Any) -> Floats:
        return np.asarray(prepared_rows(self._model.steps[0][1], self._frame(X)), np.float64)

    def _importance(self, X: Any, y: Any, repeats: int, seed: int) -> Importance:
        found: Importance = self._model.importance(X, y, seed=seed, repeats=repeats)
        return found

    def _effect(self, X: Any, column: Any, output: int) -> Effect:
        found: Effect = self._model.effect(X, column, output=output)
        return found

    def _profile(self, X: Any, column: Any, quantiles: Sequence[float], output: int) -> Profile:
        from shoal.table_models.inspect import profile_of

        return profile_of(self._model, self._frame(X), column, quantiles=quantiles, output=output)

    def _sensitivities(self, X: Any) -> tuple[Sequence[str], Floats]:
        found = self._model.sensitivities(X)
        return list(found.index), found.to_numpy()

    def _weights(self, measure: str) -> tuple[Sequence[str], Floats]:
        from shoal.table_models.inspect import weights_by_column

        found = weights_by_column(self._model)
        return found.names, found.olden if measure == "olden" else found.garson
