"""`model.plot`: the figures that people know, one call each. They take matplotlib's axes, and return a Display that keeps what it drew."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from shoal.errors import DataError, InvalidParameterError
from shoal.inspection import garson, olden, profile, sensitivities
from shoal.inspection.figures import (
    ClassCurvesDisplay,
    EffectDisplay,
    ErrorHistogramDisplay,
    ImportanceDisplay,
    IntervalsDisplay,
    NetworkDisplay,
    ProfileDisplay,
    RankingDisplay,
    RegressionDisplay,
    TrainingCurvesDisplay,
    UnitsDisplay,
    WeightsDisplay,
)
from shoal.inspection.figures.classes import Curve
from shoal.inspection.figures.diagram import MOST_MAPS, output_names
from shoal.inspection.figures.displays import axes_or_new, short
from shoal.inspection.importance import N_REPEATS, Effect, Importance, importance, partial_effect
from shoal.inspection.profile import QUANTILES
from shoal.network import Network
from shoal.types import Floats

GRID = 24  # values of an input, from its 2nd to its 98th percentile
ROWS_OF_EFFECTS = 300  # spread evenly over those given
SENSITIVITY = "mean |dy/dx| for a standard deviation of the input"


class EstimatorPlots:
    """The figures of a fitted estimator: `model.plot.roc(X, y)` and so on. matplotlib is imported when one is drawn.

    Every method takes `ax`, matplotlib's axes; without it a new figure is drawn. Rows best are some that the model has not learned from.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from sklearn.datasets import load_breast_cancer
    >>> from shoal import ShoalClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = ShoalClassifier(n_networks=2, max_iter=20, random_state=0).fit(X[::2], y[::2])
    >>> round(float(model.plot.roc(X[1::2], y[1::2]).displays_["1"].roc_auc), 1)
    1.0
    >>> model.plot.network().inputs[:2]
    ('x0', 'x1')
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    def __repr__(self) -> str:
        names = [name for name in dir(self) if not name.startswith("_")]
        return f"<figures of this {type(self._model).__name__}: {', '.join(names)}>"

    # --- what is drawn of ----------------------------------------------------------------------------------------------

    @property
    def _estimator(self) -> Any:
        return self._model

    @property
    def _network(self) -> Network:
        network: Network = self._estimator.network_
        return network

    @property
    def _outputs(self) -> list[str]:
        """A name for each answer: target, class or label."""
        return output_names(self._network, self._network.merged.W2.shape[0])

    @property
    def _target(self) -> str:
        return "target"

    def _scored(self, X: Any, y: Any) -> tuple[Any, NDArray[Any]]:
        """Rows and their targets."""
        if y is None:
            raise InvalidParameterError("y was not given: this figure compares predictions with the targets of the rows, plot.…(X, y)")
        return X, np.asarray(y)

    def _frame(self, X: Any) -> pd.DataFrame:
        """Rows as a frame with the inputs' names."""
        rows = self._estimator._rows(X)
        return pd.DataFrame(rows.toarray() if sparse.issparse(rows) else rows, columns=list(self._network.feature_names))

    def _of_classes(self, figure: str, wanted: bool) -> None:
        """Refuse a figure of the other task."""
        if (self._estimator._task == "classification") == wanted:
            return
        needs, is_one = ("a classifier", "a regressor") if wanted else ("a regressor", "a classifier")
        others = "plot.regression, .errors, .intervals" if wanted else "plot.roc, .precision_recall, .calibration, .confusion"
        raise InvalidParameterError(f"plot.{figure} is for {needs}, and this model is {is_one}; it has {others}")

    # --- training and the network ----------------------------------------------------------------------------------------

    def training(self, *, ax: Any = None) -> TrainingCurvesDisplay:
        """The loss of every member over the epochs, and on held-out rows (MATLAB's plotperform)."""
        if not len(self._network.history.get("loss", ())):
            raise DataError("This model has no training curves: it was imported, or its file does not keep them.")
        return TrainingCurvesDisplay.from_network(self._network, ax=ax)

    def network(self, k: int | None = None, *, ax: Any = None) -> NetworkDisplay:
        """The diagram of member k, from 0; None: of the largest weight (R's plotnet, MATLAB's view)."""
        return NetworkDisplay.from_network(self._network, k, outputs=self._layer_2(), ax=ax)

    def weights(self, k: int | None = None, *, ax: Any = None) -> WeightsDisplay:
        """The weights of member k as a map, one column a hidden unit (MATLAB's plotwb)."""
        return WeightsDisplay.from_network(self._network, k, outputs=self._layer_2(), ax=ax)

    def units(self, X: Any, columns: tuple[Any, Any] = (0, 1), *, k: int = 0, most: int = MOST_MAPS) -> UnitsDisplay:
        """The hidden units of member k as maps over two inputs, given by name or place, the others at their median."""
        at = (self._place(columns[0]), self._place(columns[1]))
        return UnitsDisplay.from_network(self._network, self._matrix(X), at, k=k, most=most)

    # --- predictions against the truth -----------------------------------------------------------------------------------

    def regression(self, X: Any, y: Any = None, *, output: int = 0, ax: Any = None) -> RegressionDisplay:
        """True against predicted values, with the fitted line and R (MATLAB's plotregression); `output` of several targets."""
        self._of_classes("regression", False)
        X, y = self._scored(X, y)
        return RegressionDisplay.from_predictions(one(y, output), one(self._model.predict(X), output), ax=ax)

    def errors(self, X: Any, y: Any = None, *, output: int = 0, ax: Any = None) -> ErrorHistogramDisplay:
        """The histogram of predicted − true (MATLAB's ploterrhist, whose errors are true − predicted)."""
        self._of_classes("errors", False)
        X, y = self._scored(X, y)
        return ErrorHistogramDisplay.from_predictions(one(y, output), one(self._model.predict(X), output), ax=ax)

    def intervals(self, X: Any, y: Any = None, coverage: float = 0.9, *, output: int = 0, ax: Any = None) -> IntervalsDisplay:
        """The interval of every row with its true value, and how many are inside."""
        self._of_classes("intervals", False)
        X, y = self._scored(X, y)
        lower, upper = self._model.predict_interval(X, coverage)
        return IntervalsDisplay.from_intervals(one(y, output), one(lower, output), one(upper, output), ax=ax)

    def roc(self, X: Any, y: Any = None, *, ax: Any = None) -> ClassCurvesDisplay:
        """ROC curves with the threshold (MATLAB's plotroc): one for two classes, of more one for each class against the others."""
        return self._curves("roc", X, y, ax)

    def precision_recall(self, X: Any, y: Any = None, *, ax: Any = None) -> ClassCurvesDisplay:
        """Precision over recall, with the threshold."""
        return self._curves("precision_recall", X, y, ax)

    def calibration(self, X: Any, y: Any = None, *, ax: Any = None) -> ClassCurvesDisplay:
        """How often what is predicted with a probability happens."""
        return self._curves("calibration", X, y, ax)

    def confusion(self, X: Any, y: Any = None, *, ax: Any = None) -> Any:
        """scikit-learn's `ConfusionMatrixDisplay` (MATLAB's plotconfusion)."""
        self._of_classes("confusion", True)
        from sklearn.metrics import ConfusionMatrixDisplay

        X, y = self._scored(X, y)
        if y.ndim == 2:
            raise InvalidParameterError("plot.confusion is for one target; this model has several labels, each with its own matrix")
        labels = self._estimator.classes_
        names = [short(str(label), 14) for label in labels]
        ax = axes_or_new(ax)
        return ConfusionMatrixDisplay.from_predictions(
            y, self._model.predict(X), labels=labels, display_labels=names, cmap="Blues", colorbar=False, ax=ax
        )

    # --- what it uses ----------------------------------------------------------------------------------------------------

    def importance(self, X: Any, y: Any = None, *, repeats: int = N_REPEATS, seed: int = 0, ax: Any = None) -> ImportanceDisplay:
        """Permutation importance: the decrease of `score` when a column is shuffled."""
        return ImportanceDisplay.from_importance(self._importance(X, y, repeats, seed), ax=ax)

    def effect(self, X: Any, column: Any, *, output: int = 0, ax: Any = None) -> EffectDisplay:
        """The mean prediction as one column changes, with a line for each member: their spread shows how sure the effect is."""
        ylabel = f"mean {self._answer(output)}"
        return EffectDisplay.from_effect(self._effect(X, column, output), ylabel=ylabel, ax=ax)

    def profile(self, X: Any, column: Any, *, quantiles: Sequence[float] = QUANTILES, output: int = 0, ax: Any = None) -> ProfileDisplay:
        """Lek's profile (R's lekprofile): the prediction as one column changes, the others held at quantiles."""
        ylabel = self._answer(output)
        return ProfileDisplay.from_profile(self._profile(X, column, quantiles, output), ylabel=ylabel, ax=ax)

    def sensitivities(self, X: Any, *, output: int | None = None, ax: Any = None) -> RankingDisplay:
        """Exact mean `|dy/dx|` per standard deviation of each input, over the rows; without `output` the mean over all outputs."""
        return self._ranking(*self._sensitivities(X), output, SENSITIVITY, ax)

    def olden(self, *, output: int | None = None, ax: Any = None) -> RankingDisplay:
        """Olden's connection weights as bars (R's olden); without `output` the mean over all outputs."""
        return self._ranking(*self._weights("olden"), output, "Olden's connection weight", ax)

    def garson(self, *, output: int | None = None, ax: Any = None) -> RankingDisplay:
        """Garson's fractions as bars (R's garson); without `output` the mean over all outputs."""
        return self._ranking(*self._weights("garson"), output, "Garson's relative importance", ax)

    # --- steps -----------------------------------------------------------------------------------------------------------

    def _matrix(self, X: Any) -> Floats:
        """The network's raw inputs `(m, n)`, dense."""
        return self._frame(X).to_numpy(np.float64)

    def _place(self, column: Any) -> int:
        """The index of an input, from its name or its place."""
        names = list(self._network.feature_names)
        if column in names:
            return names.index(column)
        if isinstance(column, int | np.integer) and -len(names) <= column < len(names):
            return int(column) % len(names)
        shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
        raise InvalidParameterError(f"column={column!r} is no input of this model; its inputs are {shown}")

    def _layer_2(self) -> list[str]:
        """Names of the units of layer 2: those of the answers, unless a unit states something else."""
        network = self._network
        n_z, names = network.merged.W2.shape[0], self._outputs
        return names if len(names) == n_z and not network.g2.unit.states_variance else output_names(network, n_z)

    def _answer(self, output: int) -> str:
        """What an answer is, for an axis."""
        names = self._outputs
        if not 0 <= output < len(names):
            raise InvalidParameterError(f"output={output!r}: this model has {len(names)} output{'s' if len(names) > 1 else ''}, from 0")
        return f"P({short(names[output])})" if self._estimator._task == "classification" else short(names[output])

    def _curves(self, kind: Curve, X: Any, y: Any, ax: Any) -> ClassCurvesDisplay:
        self._of_classes(kind, True)
        X, y = self._scored(X, y)
        p, network, names = np.asarray(self._model.predict_proba(X)), self._network, self._outputs
        if y.ndim == 2:
            positive = y == 1
        elif len(network.classes[0]) == 2:
            positive, p = y == self._estimator.classes_[1], p[:, 1:]
        else:
            return ClassCurvesDisplay.from_predictions(y[:, None] == self._estimator.classes_, p, names, kind=kind, ax=ax)
        limits = np.broadcast_to(network.limits, len(names)).tolist()
        return ClassCurvesDisplay.from_predictions(positive, p, names, kind=kind, thresholds=limits, ax=ax)

    def _importance(self, X: Any, y: Any, repeats: int, seed: int) -> Importance:
        X, y = self._scored(X, y)
        metric = "accuracy" if self._estimator._task == "classification" else "R²"

        def scorer(model: Any, rows: pd.DataFrame, y: Any) -> float:
            return float(model.score(rows if hasattr(model, "feature_names_in_") else rows.to_numpy(), y))

        return importance(self._model, self._frame(X), y, scorer, metric, seed=seed, repeats=repeats)

    def _effect(self, X: Any, column: Any, output: int) -> Effect:
        frame, name = self._frame(X), self._network.feature_names[self._place(column)]
        some = frame.iloc[np.linspace(0, len(frame) - 1, min(len(frame), ROWS_OF_EFFECTS)).astype(int)]
        values = np.unique(np.quantile(frame[name], np.linspace(0.02, 0.98, GRID), method="nearest")).tolist()
        return partial_effect(self._network, np.asarray, some, name, values, numeric=True, output=output)

    def _profile(self, X: Any, column: Any, quantiles: Sequence[float], output: int) -> Any:
        name = self._network.feature_names[self._place(column)]
        return profile(self._network, self._frame(X), name, quantiles=quantiles, output=output)

    def _sensitivities(self, X: Any) -> tuple[Sequence[str], Floats]:
        return self._network.feature_names, sensitivities(self._network, self._matrix(X))

    def _weights(self, measure: str) -> tuple[Sequence[str], Floats]:
        return self._network.feature_names, {"olden": olden, "garson": garson}[measure](self._network)

    def _ranking(self, names: Sequence[str], values: Floats, output: int | None, label: str, ax: Any) -> RankingDisplay:
        """Bars of one output, or of the mean over all."""
        if output is not None:
            self._answer(output)
        chosen = values.mean(axis=1) if output is None else values[:, output]
        return RankingDisplay.from_values(names, chosen, label=label, ax=ax)


def one(values: Any, output: int) -> Floats:
    """One target's values `(m,)` of those of all."""
    values = np.asarray(values)
    columns = values.reshape(len(values), -1)
    if not 0 <= output < columns.shape[1]:
        raise InvalidParameterError(f"output={output!r} must be a number from 0 to {columns.shape[1] - 1}: one of the targets")
    return np.asarray(columns[:, output], np.float64)
