"""How good a model is, and how good the simplest ones are: scikit-learn's metrics, a trivial and a linear model.

Everything here is scored on rows that no model has learned from; the two baselines learn from the very rows, prepared in
the very way, that the network learns from.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score, roc_auc_score, root_mean_squared_error
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shoal.engine.blas_threads import one_thread
from shoal.errors import DataError, ShoalError
from shoal.table import Task
from shoal.table.frames import first_line

Metrics = dict[str, float]

LARGE = 1e100  # numbers beyond are scaled down before they are squared
TOO_FAR = "Remove the rows that are so far from all others, or divide the column by a constant."
LINEAR_STEPS = 500  # of the logistic regression; it has long settled on standardised columns


def metrics_of(model: Any, X: Any, y: np.ndarray, task: Task) -> Metrics:
    """A fitted estimator's scores, under scikit-learn's names.

    Parameters
    ----------
    model : fitted estimator with `predict`, and `predict_proba` for classification
    X, y : rows it has not learned from
    task : {"classification", "regression"}

    Returns
    -------
    dict
        Classification: accuracy, log_loss and, of two classes that both occur, roc_auc; of several labels the accuracy
        counts rows whose every label is right, and log_loss is the mean over the labels. Regression: rmse, mae, r2 (means
        over the targets; r2 from 2 rows on).
    """
    if task == "regression":
        return regression_metrics(y, np.asarray(answers(model.predict, X), np.float64))
    predicted, shares = answers(model.predict, X), np.asarray(answers(model.predict_proba, X), np.float64)
    scores = {"accuracy": float(accuracy_score(y, predicted))}
    if y.ndim == 2:
        losses = [log_loss(y[:, k], np.column_stack([1 - p, p]), labels=[0, 1]) for k, p in enumerate(shares.T)]
        return {**scores, "log_loss": float(np.mean(losses))}
    shares = shares / shares.sum(axis=1, keepdims=True)  # float32 shares add up to 1 only nearly
    scores["log_loss"] = float(log_loss(y, shares, labels=model.classes_))
    if len(model.classes_) == 2 and len(np.unique(y)) == 2:
        scores["roc_auc"] = float(roc_auc_score(y == model.classes_[1], shares[:, 1]))
    return scores


def answers(predict: Callable[[Any], Any], X: Any) -> Any:
    """What a model says of rows; a `DataError` where a number among them is too large for scikit-learn's models."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            return predict(X)
    except ShoalError:
        raise
    except ValueError as error:
        raise DataError(f"The rows to score on hold numbers that are too large ({first_line(error)}). {TOO_FAR}") from error


def regression_metrics(y: np.ndarray, predicted: np.ndarray) -> Metrics:
    """rmse, mae and r2 (from 2 rows on), also of numbers whose squares alone are not finite.

    Raises
    ------
    DataError
        Where a score is beyond the largest number all the same.
    """
    largest = max(np.abs(y).max(), np.abs(predicted).max())
    if not np.isfinite(largest):
        raise DataError(f"A prediction is not finite. {TOO_FAR}")
    if largest > LARGE:
        return checked_scores(_scores_of_large(y, predicted))
    scores = {"rmse": float(root_mean_squared_error(y, predicted)), "mae": float(mean_absolute_error(y, predicted))}
    return {**scores, "r2": float(r2_score(y, predicted))} if len(y) > 1 else scores


def _scores_of_large(y: np.ndarray, predicted: np.ndarray) -> Metrics:
    """The same of numbers that are divided by powers of two, which changes no digit, before they are squared."""
    y, predicted = y.reshape(len(y), -1), predicted.reshape(len(y), -1)
    all_scale, y_scale = (2.0 ** np.floor(np.log2(max(np.abs(values).max(), LARGE**-1))) for values in (np.stack([y, predicted]), y))
    residual = y / all_scale - predicted / all_scale
    squares = np.sum(residual**2, axis=0)
    apart = y / y_scale - np.mean(y / y_scale, axis=0)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        scores = {"rmse": np.mean(np.sqrt(squares / len(y))) * all_scale, "mae": np.mean(np.abs(residual)) * all_scale}
        spread = np.sum(apart**2, axis=0)
        explained = np.where(spread > 0, 1 - squares / spread * np.square(all_scale / y_scale), np.where(squares > 0, 0.0, 1.0))
    return {name: float(score) for name, score in (scores | {"r2": np.mean(explained)} if len(y) > 1 else scores).items()}


def checked_scores(scores: Metrics) -> Metrics:
    """The scores; a `DataError` where one is not finite."""
    wrong = [name for name, score in scores.items() if not np.isfinite(score)]
    if wrong:
        raise DataError(f"The score {wrong[0]} is not finite: a target or a prediction is too large for it. {TOO_FAR}")
    return scores


def baselines(X: np.ndarray, y: np.ndarray, X_test: np.ndarray, y_test: np.ndarray, task: Task) -> dict[str, Metrics]:
    """Scores of the trivial model (shares of the classes, or the mean) and of a linear one, learned from the same rows.

    Parameters
    ----------
    X, y : prepared training rows
    X_test, y_test : prepared rows to score on
    task : {"classification", "regression"}

    Returns
    -------
    dict of "trivial" and "linear" to their scores
    """
    trivial, linear = baseline_models(task, several=y.ndim == 2)
    # One thread: beside other work on the machine the threads of a BLAS wait for each other many times longer than they work.
    with warnings.catch_warnings(), one_thread():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Label .* is present in all training examples", UserWarning)
        fitted = {"trivial": trivial.fit(X, y), "linear": linear.fit(X, y)}
    return {name: metrics_of(model, X_test, y_test, task) for name, model in fitted.items()}


def baseline_models(task: Task, several: bool) -> tuple[Any, Any]:
    """The trivial and the linear model, unfitted; `several` for more than one target."""
    if task == "regression":
        return DummyRegressor(), make_pipeline(StandardScaler(), Ridge())
    trivial, linear = DummyClassifier(strategy="prior"), LogisticRegression(max_iter=LINEAR_STEPS)
    if several:
        return OneVsRestClassifier(trivial), make_pipeline(StandardScaler(), OneVsRestClassifier(linear))
    return trivial, make_pipeline(StandardScaler(), linear)
