"""Scores of a model, and the reliability of its probabilities or intervals.

scikit-learn's metrics, also for a trivial and a linear model; for rows in blocks they are computed as sums.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score, roc_auc_score, root_mean_squared_error
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shoal.draws import Purpose, row_draws
from shoal.engine.threads import one_thread
from shoal.errors import DataError, ShoalError
from shoal.estimators.classifier import ShoalClassifier
from shoal.fitting.summary import Moments, moments_of
from shoal.metrics import explained, surprise
from shoal.table import Task
from shoal.table.frames import first_line
from shoal.table_models.cut import Sample
from shoal.types import Floats
from shoal.uncertainty.calibration import BINS, brier_score, calibration_error
from shoal.uncertainty.outside import outside_named
from shoal.uncertainty.predictive import least_scores
from shoal.uncertainty.scoring import LEVELS, crps_of_quantiles, interval_scores

Metrics = dict[str, float]

OF_INTERVALS = ("coverage_90", "width_90", "interval_score_90", "crps")  # what `_of_intervals` gives
LARGE = 1e100  # larger numbers are scaled down before they are squared
TOO_FAR = "Remove these extreme rows, or divide the column by a constant."
LINEAR_STEPS = 500  # of the logistic regression; it has converged long before on standardised columns


@outside_named(False)
def metrics_of(model: Any, X: Any, y: np.ndarray, task: Task, weight: Floats | None = None) -> Metrics:
    """A fitted estimator's scores, under scikit-learn's names.

    Parameters
    ----------
    model : fitted estimator with `predict`, and `predict_proba` for classification
    X, y : rows it has not learned from
    task : {"classification", "regression"}
    weight : of the rows, `(m,)`, some of them above 0; None if each counts once

    Returns
    -------
    dict
        Classification: accuracy, log_loss and, for two classes that both occur, roc_auc; for several labels the accuracy counts rows
        whose every label is correct, and log_loss is the mean over the labels. Regression: rmse, mae, r2 (means over the targets; r2 from
        2 rows on).
    """
    X, y, weight = rows_that_count(X, y, weight)
    if task == "regression":
        return regression_metrics(y, np.asarray(answers(model.predict, X), np.float64), weight)
    predicted, shares = answers(model.predict, X), np.asarray(answers(model.predict_proba, X), np.float64)
    scores = {"accuracy": float(accuracy_score(y, predicted, sample_weight=weight))}
    if y.ndim == 2:
        pairs = [np.column_stack([1 - p, p]) for p in shares.T]
        losses = [log_loss(y[:, k], pair, labels=[0, 1], sample_weight=weight) for k, pair in enumerate(pairs)]
        return {**scores, "log_loss": float(np.mean(losses))}
    shares = shares / shares.sum(axis=1, keepdims=True)  # float32 probabilities add up to 1 only approximately
    scores["log_loss"] = float(log_loss(y, shares, labels=model.classes_, sample_weight=weight))
    if len(model.classes_) == 2 and len(np.unique(y)) == 2:
        scores["roc_auc"] = float(roc_auc_score(y == model.classes_[1], shares[:, 1], sample_weight=weight))
    return scores


def rows_that_count(X: Any, y: np.ndarray, weight: Floats | None) -> tuple[Any, np.ndarray, Floats | None]:
    """Rows, targets and weights, without the rows of weight 0."""
    if weight is None or (weight > 0).all():
        return X, y, weight
    some = np.flatnonzero(weight > 0)
    return X[some], y[some], weight[some]


def answers(predict: Callable[[Any], Any], X: Any) -> Any:
    """A model's predictions; a `DataError` if a number among the rows is too large for scikit-learn's models."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            return predict(X)
    except ShoalError:
        raise
    except ValueError as error:
        raise DataError(f"The rows to score on have numbers that are too large ({first_line(error)}). {TOO_FAR}") from error


def regression_metrics(y: np.ndarray, predicted: np.ndarray, weight: Floats | None = None) -> Metrics:
    """rmse, mae and r2 (from 2 rows on), also for numbers whose squares are not finite.

    Raises
    ------
    DataError
        If a score is still beyond the largest number.
    """
    largest = max(np.abs(y).max(), np.abs(predicted).max())
    if not np.isfinite(largest):
        raise DataError(f"A prediction is not finite. {TOO_FAR}")
    if largest > LARGE:
        return checked_scores(_scores_of_large(y, predicted, np.ones(len(y)) if weight is None else weight / weight.max()))
    measures = {"rmse": root_mean_squared_error, "mae": mean_absolute_error, **({"r2": r2_score} if len(y) > 1 else {})}
    return {name: float(measure(y, predicted, sample_weight=weight)) for name, measure in measures.items()}


def _scores_of_large(y: np.ndarray, predicted: np.ndarray, weight: Floats) -> Metrics:
    """The same for numbers divided by powers of two, which changes no digit, before they are squared."""
    y, predicted = y.reshape(len(y), -1), predicted.reshape(len(y), -1)
    all_scale, y_scale = (2.0 ** np.floor(np.log2(max(np.abs(values).max(), LARGE**-1))) for values in (np.stack([y, predicted]), y))
    residual, total = y / all_scale - predicted / all_scale, weight.sum()
    squares = weight @ residual**2
    apart = y / y_scale - np.average(y / y_scale, axis=0, weights=weight)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        scores = {"rmse": np.mean(np.sqrt(squares / total)) * all_scale, "mae": np.mean(weight @ np.abs(residual) / total) * all_scale}
        spread = weight @ apart**2
        explained = np.where(spread > 0, 1 - squares / spread * np.square(all_scale / y_scale), np.where(squares > 0, 0.0, 1.0))
    return {name: float(score) for name, score in (scores | {"r2": np.mean(explained)} if len(y) > 1 else scores).items()}


def checked_scores(scores: Metrics) -> Metrics:
    """The scores; a `DataError` if one is not finite."""
    wrong = [name for name, score in scores.items() if not np.isfinite(score)]
    if wrong:
        raise DataError(f"The score {wrong[0]} is not finite: a target or a prediction is too large for it. {TOO_FAR}")
    return scores


Rows = tuple[np.ndarray, np.ndarray, Floats | None]  # prepared rows, their targets and weights


def baselines(learned: Rows, held: Rows, task: Task) -> dict[str, Metrics]:
    """Scores of the trivial model (class frequencies, or the mean) and of a linear one, trained on the same rows.

    Parameters
    ----------
    learned, held : prepared rows to learn from, and to score on: X, y and their weights or None
    task : {"classification", "regression"}

    Returns
    -------
    dict of "trivial" and "linear" to their scores
    """
    X, y, weight = held
    fitted = fitted_models(dict(zip(("trivial", "linear"), baseline_models(task, learned[1].ndim == 2), strict=True)), learned)
    return {name: metrics_of(model, X, y, task, weight) for name, model in fitted.items()}


def fitted_models(models: dict[str, Any], learned: Rows) -> dict[str, Any]:
    """scikit-learn's models fitted to weighted rows, without the warnings that baselines can do without."""
    # One thread: on a busy machine the threads of a BLAS wait for each other much longer than they compute.
    with warnings.catch_warnings(), one_thread():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Label .* is present in all training examples", UserWarning)
        return {name: fitted_to(model, *learned) for name, model in models.items()}


def fitted_to(model: Any, X: np.ndarray, y: np.ndarray, weight: Floats | None) -> Any:
    """A model of scikit-learn's fitted to rows; every step and inner model of it takes the weights, by metadata routing."""
    if weight is None:
        return model.fit(X, y)
    with config_context(enable_metadata_routing=True):
        request_weights(model)
        return model.fit(X, y, sample_weight=weight)


def request_weights(model: Any) -> None:
    """Let a model, or the models inside it, ask for `sample_weight` in fit."""
    inner = [step for _, step in getattr(model, "steps", [])] + ([model.estimator] if hasattr(model, "estimator") else [])
    for each in inner:
        request_weights(each)
    if not inner:
        model.set_fit_request(sample_weight=True)


def baseline_models(task: Task, several: bool) -> tuple[Any, Any]:
    """The trivial and the linear model, unfitted; `several` for more than one target."""
    if task == "regression":
        return DummyRegressor(), make_pipeline(StandardScaler(), Ridge())
    trivial, linear = DummyClassifier(strategy="prior"), LogisticRegression(max_iter=LINEAR_STEPS)
    if several:
        return OneVsRestClassifier(trivial), make_pipeline(StandardScaler(), OneVsRestClassifier(linear))
    return trivial, make_pipeline(StandardScaler(), linear)


COVERAGE = 0.9


@outside_named(False)
def sureness_of(estimator: Any, X: Any, y: np.ndarray, weight: Floats | None = None) -> Metrics:
    """How reliable the model's probabilities or intervals are.

    Parameters
    ----------
    estimator : fitted
    X, y : prepared rows that it was not trained on, and their targets
    weight : what rows count, `(m,)`; None where each counts once

    Returns
    -------
    dict
        Classification: brier_score_loss and calibration_error (for several labels their means). Regression with calibration: coverage_90,
        the fraction of targets inside their 90 % intervals, width_90, their mean width, interval_score_90 and crps
        (`uncertainty.scoring`), for several targets the means. Empty without calibration, or with fewer than 9 calibration rows; no crps
        with fewer than 19.
    """
    X, y, weight = rows_that_count(X, y, weight)
    if hasattr(estimator, "classes_"):
        return _of_classes(np.asarray(estimator.predict_proba(X), np.float64), y, estimator.classes_, weight)
    return {name: weighted_mean(values, weight) for name, values in _of_intervals(estimator, X, y).items()}


def _of_intervals(model: Any, X: Any, y: np.ndarray) -> dict[str, np.ndarray]:
    """Of every row and target, `(m,)` or `(m, n_y)`: what the means of `sureness_of` are taken of."""
    network = getattr(model, "network_", None)
    calibration = None if network is None else network.calibration
    if calibration is None or len(calibration.scores) < least_scores(COVERAGE):
        return {}
    lower, upper = model.predict_interval(X, COVERAGE)
    found = {
        "coverage_90": (lower <= y) & (y <= upper),
        "width_90": upper - lower,
        "interval_score_90": interval_scores(y, lower, upper, COVERAGE),
    }
    if len(calibration.scores) >= least_scores(LEVELS[-1]):  # an interval's two ends share its scores, the outer quantiles do not
        found["crps"] = crps_of_quantiles(y, model.predict_quantiles(X, LEVELS))
    return found


def weighted_mean(values: np.ndarray, weight: Floats | None) -> float:
    """The mean of numbers of rows `(m,)` or `(m, n)`, over the columns too."""
    return float(np.mean(values) if weight is None else np.mean(np.average(values, axis=0, weights=weight)))


def _of_classes(shares: np.ndarray, y: np.ndarray, classes: np.ndarray, weight: Floats | None) -> Metrics:
    if y.ndim == 2:
        columns = [(np.column_stack([1 - p, p]), np.column_stack([1 - hit, hit])) for p, hit in zip(shares.T, y.T, strict=True)]
    else:
        columns = [(shares, (np.asarray(y)[:, None] == classes).astype(float))]
    return {
        "brier_score_loss": float(np.mean([brier_score(p, hit, weight) for p, hit in columns])),
        "calibration_error": float(np.mean([calibration_error(p, hit, weight=weight) for p, hit in columns])),
    }


ROC_ROWS = 1_000_000


@dataclass
class Scores:
    """A fitted model's scores, added up over blocks of rows that it was not trained on."""

    model: Any
    task: Task
    m: int = 0
    counted: int = 0  # of a weight above 0
    weight: float = 0.0
    sums: dict[str, Any] = field(default_factory=dict)
    targets: Moments | None = None
    ranked: Sample = field(default_factory=lambda: Sample(ROC_ROWS))

    @outside_named(False)
    def see(self, X: Any, y: NDArray[Any], weight: Floats | None = None) -> None:
        """Score a block: prepared rows, their targets and weights."""
        first, self.m = self.m, self.m + len(y)
        numbers = np.arange(first, self.m) if weight is None else np.arange(first, self.m)[weight > 0]
        X, y, weight = rows_that_count(X, y, weight)
        if not len(y):
            return
        each = np.ones(len(y)) if weight is None else weight
        if self.task == "regression":
            self.see_numbers(X, y, each)
        else:
            shares = np.asarray(answers(self.model.predict_proba, X), np.float64)
            self.see_classes(np.asarray(answers(self.model.predict, X)), shares, y, each, numbers)
        self.counted, self.weight = self.counted + len(y), self.weight + float(each.sum())

    def add(self, **found: Any) -> None:
        """Add to the sums."""
        for name, value in found.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def see_numbers(self, X: Any, y: Floats, each: Floats) -> None:
        """Errors of numbers, and how often intervals hold them; `each (m,)` are the rows' weights."""
        column = each[:, None]
        residual = (y - np.asarray(answers(self.model.predict, X), np.float64)).reshape(len(y), -1)
        with np.errstate(over="ignore", invalid="ignore"):  # `metrics` names the error
            self.add(squares=np.sum(residual**2 * column, axis=0), distances=np.sum(np.abs(residual) * column, axis=0))
        here = moments_of(y.reshape(len(y), -1), each)
        self.targets = here if self.targets is None else self.targets + here
        for name, values in _of_intervals(self.model, X, y).items():
            self.add(**{name: float(np.mean(values.reshape(len(y), -1) * column)) * len(y)})

    def see_classes(self, predicted: NDArray[Any], shares: Floats, y: NDArray[Any], each: Floats, numbers: NDArray[np.int64]) -> None:
        """Correct predictions, log loss, and the sums for the calibration error; `numbers (m,)` are those of the rows in all blocks."""
        if y.ndim == 2:
            self.add(right=float(np.sum(np.all(predicted == y, axis=1) * each)))
            columns = [(np.column_stack([1 - p, p]), np.column_stack([1 - hit, hit])) for p, hit in zip(shares.T, y.T, strict=True)]
        else:
            self.add(right=float(np.sum((predicted == y) * each)))
            shares = shares / shares.sum(axis=1, keepdims=True)  # float32 probabilities add up to 1 only approximately
            columns = [(shares, (y[:, None] == self.model.classes_).astype(float))]
            if len(self.model.classes_) == 2:
                ranked = pd.DataFrame({"share": shares[:, 1], "hit": columns[0][1][:, 1] > 0, "weight": each})
                self.ranked.see(row_draws(0, Purpose.SAMPLE, numbers), ranked)
        for number, (p, hit) in enumerate(columns):
            self.add(**{f"{name} {number}": value for name, value in sums_of_classes(p, hit, each).items()})

    def metrics(self) -> Metrics:
        """The result of `metrics_of` for all rows seen."""
        m, sums = self.weight, self.sums
        if self.task == "regression":
            assert self.targets is not None
            scores = {"rmse": float(np.mean(np.sqrt(sums["squares"] / m))), "mae": float(np.mean(sums["distances"] / m))}
            r2 = np.mean(explained(sums["squares"], self.targets.squares))
            return checked_scores({**scores, "r2": float(r2)} if self.counted > 1 else scores)
        scores = {"accuracy": sums["right"] / m, "log_loss": self.mean("surprise")}
        hits = self.ranked.frame
        if len(hits) and hits["hit"].nunique() == 2:
            scores["roc_auc"] = float(roc_auc_score(hits["hit"], hits["share"], sample_weight=hits["weight"]))
        return scores

    def sureness(self) -> Metrics:
        """The result of `sureness_of` for all rows seen."""
        if isinstance(self.model, ShoalClassifier):
            gaps = [np.abs(value).sum() / self.weight for name, value in self.sums.items() if name.startswith("gaps")]
            return {"brier_score_loss": self.mean("brier"), "calibration_error": float(np.mean(gaps))}
        return {name: self.sums[name] / self.weight for name in OF_INTERVALS if name in self.sums}

    def mean(self, name: str) -> float:
        """The mean over rows, and over labels if there are several."""
        return float(np.mean([value for key, value in self.sums.items() if key.startswith(f"{name} ")]) / self.weight)


def sums_of_classes(shares: Floats, hit: Floats, each: Floats) -> dict[str, Any]:
    """Sums over rows of the weights `each (m,)` for one target: −ln of the true class's probability, Brier's score, and the gaps of
    the calibration error.
    """
    counted = slice(1, None) if shares.shape[1] == 2 else slice(None)
    best, rows = shares.argmax(axis=1), np.arange(len(shares))
    sure, right = shares[rows, best], hit[rows, best]
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    return {
        "surprise": float(np.sum(hit * surprise(shares) * each[:, None])),
        "brier": float(np.sum((shares - hit)[:, counted] ** 2 * each[:, None])),
        "gaps": np.bincount(place, weights=(sure - right) * each, minlength=BINS),
    }
