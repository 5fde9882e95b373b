"""How a fitted estimator shows itself: its diagnosis, and its display in a notebook."""

from abc import ABC
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from shoal.estimators.checks import checked_weights, named_failure
from shoal.fitting.plan import FULL_BATCH, is_auto
from shoal.fitting.targets import checked_targets, encode_targets
from shoal.fitting.train import means_of_finite
from shoal.fitting.weights import row_weights
from shoal.inspection import Diagnosis, diagnose
from shoal.network import Network
from shoal.textbook.own_name import OwnName
from shoal.types import Floats

if TYPE_CHECKING:
    from shoal.estimators.plots import EstimatorPlots


class SeenEstimator(BaseEstimator, ABC):
    """An estimator that shows itself. Abstract: see ShoalClassifier and ShoalRegressor."""

    def diagnose(self, X: Any, y: Any, sample_weight: Any = None) -> Diagnosis:
        """Known faults of the network, found on rows X `(m, n)` with their y.

        Parameters
        ----------
        X, y, sample_weight : as for `fit`; best rows that it has not learned from. `class_weight` weighs them as it weighed those of fit

        Returns
        -------
        Diagnosis
            A sequence of `Finding`, empty for a healthy network; docs/diagnosis.md lists the kinds.

        Raises
        ------
        DataError
            For targets of another kind, or unknown classes.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from shoal import ShoalClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ShoalClassifier(random_state=0).fit(X, y)
        >>> model.diagnose(X, y).n_rows
        150
        """
        return diagnosed(self, X, y, sample_weight)

    @property
    def plot(self) -> "EstimatorPlots":
        """The figures of the fitted model, one call each: `model.plot.training()`, `.network()`, `.weights()`, `.units(X, columns)`;
        `.regression(X, y)`, `.errors`, `.intervals`, or `.roc(X, y)`, `.precision_recall`, `.calibration`, `.confusion`;
        `.importance(X, y)`, `.sensitivities(X)`, `.effect(X, column)`, `.profile`, `.olden()`, `.garson()`.

        Each takes matplotlib's `ax` and returns a Display object (docs/report.md).
        """
        from shoal.estimators.plots import EstimatorPlots

        check_is_fitted(self, "network_")
        return EstimatorPlots(self)

    def _html_repr(self) -> str:
        """scikit-learn's diagram, and for a fitted estimator its shape, solver, score and curve."""
        diagram: str = super()._html_repr()
        return diagram + (notebook_lines(self) if hasattr(self, "network_") else "")


def diagnosed(estimator: Any, X: Any, y: Any, sample_weight: Any = None, *, names: tuple[str, ...] = (), columns: bool = True) -> Diagnosis:
    """The diagnosis of a fitted estimator on rows X `(m, n)` with targets y; see `inspection.diagnose`.

    Parameters
    ----------
    estimator : fitted ShoalClassifier or ShoalRegressor
    X, y, sample_weight : as for its `fit`
    names : of the inputs, if the caller has better ones than the estimator
    columns : whether to check single columns too, for constant ones and those that determine the target
    """
    check_is_fitted(estimator, "network_")
    X, y, Y = rows_and_targets(estimator, X, y)
    weight = weights_in_fit(estimator, y, checked_weights(sample_weight, X))
    network = replace(estimator.network_, feature_names=names) if names else estimator.network_
    chosen, rate = not is_auto(estimator.max_iter), learning_rate(estimator)
    return diagnose(network, X, Y, weight=weight, learning_rate=rate, inputs=columns, leaks=columns, chosen=chosen)


def weights_in_fit(estimator: Any, y: NDArray[Any], weight: Floats | None) -> Floats | None:
    """What rows count `(m,)` if they are weighed as `fit` weighs rows: by class too; None if each counts once."""
    class_weight = getattr(estimator, "class_weight", None)
    if class_weight is None:
        return weight
    by_class = row_weights(class_weight, y, estimator.classes_)
    return by_class if weight is None else weight * by_class


def rows_and_targets(estimator: Any, X: Any, y: Any) -> tuple[Any, NDArray[Any], Floats]:
    """Rows `(m, n)` and targets checked, and the targets in the network's form `(m, n_y)`."""
    with named_failure("X or y", y):
        X, y = validate_data(
            estimator, X, y, accept_sparse=["csr", "csc", "coo"], dtype=[np.float64, np.float32], multi_output=True, reset=False
        )
    targets = estimator._fitted.targets
    with named_failure("y", y):
        y = checked_targets(targets.task, y)
        Y = encode_targets(targets, y).Y
    return (sparse.csr_array(X) if sparse.issparse(X) else X), y, Y


def learning_rate(estimator: Any) -> float | None:
    """The largest rate of the first epoch; None for solvers without a rate, and imported networks."""
    network: Network = estimator.network_
    rates = np.asarray(network.history.get("learning_rate", ()), np.float64)
    if estimator.solver_ in FULL_BATCH or not rates.size or not np.isfinite(rates[0]).any():
        return None
    return float(np.nanmax(rates[0]))


WIDTH, HEIGHT, EDGE = 220, 56, 3  # pixels
MOST_POINTS = 120


def notebook_lines(estimator: Any) -> str:
    """HTML of a fitted estimator: one line of text, and its mean loss in training and validation as a small SVG."""
    network: Network = estimator.network_
    score = estimator.best_validation_score_
    usual = estimator.scoring in (None, "loss")
    name = "score" if not usual else "accuracy" if network.classes else "R²"
    parts = [network.shape, f"{estimator.solver_}, {estimator.n_iter_} epochs", f"loss {estimator.loss_:.4g}"]
    parts += [name.described() for name in (network.activation, network.output) if isinstance(name, OwnName)]
    parts += [] if score is None else [f"{name} {score:.4g} on validation rows"]
    return f'<div style="margin: 0.4em 0">{"; ".join(parts)}<br>{sparkline(network)}</div>'


def sparkline(network: Network) -> str:
    """The mean curves over the epochs, in the notebook's own colour; dashed for validation. Empty before the second epoch."""
    curves = [(mean_curve(network.history.get(name)), dash) for name, dash in (("loss", ""), ("validation_loss", "4 3"))]
    drawn = [(c, dash) for c, dash in curves if len(c) > 1]
    if not drawn:
        return ""
    low, high = min(c.min() for c, _ in drawn), max(c.max() for c, _ in drawn)
    lines = "".join(polyline(c, low, high, dash) for c, dash in drawn)
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    label = "loss over the epochs" + (", dashed on validation rows" if len(drawn) > 1 else "")
    return f'<svg {size} role="img" aria-label="{label}" fill="none" stroke="currentColor"><title>{label}</title>{lines}</svg>'


def mean_curve(values: Floats | None) -> Floats:
    """The mean over the members that still train, `(epochs,)`, without the epochs where none does."""
    return np.array([] if values is None else means_of_finite(list(values)))


def polyline(curve: Floats, low: float, high: float, dash: str) -> str:
    """One curve from the left to the right edge, the lowest loss at the bottom."""
    some = np.linspace(0, len(curve) - 1, min(len(curve), MOST_POINTS)).astype(int)
    x = EDGE + (WIDTH - 2 * EDGE) * some / (len(curve) - 1)
    y = EDGE + (HEIGHT - 2 * EDGE) * (high - curve[some]) / (high - low or 1.0)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline points="{points}"{f" stroke-dasharray={dash!r}" if dash else ""}/>'
