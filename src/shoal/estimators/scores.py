"""How good a model is, and how good the simplest ones are: scikit-learn's metrics, a trivial and a linear model.

Everything here is scored on rows that no model has learned from; the two baselines learn from the very rows, prepared in
the very way, that the network learns from.
"""

import warnings
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
from shoal.table import Task

Metrics = dict[str, float]

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
        return _regression_metrics(y, np.asarray(model.predict(X), np.float64))
    predicted, shares = model.predict(X), np.asarray(model.predict_proba(X), np.float64)
    scores = {"accuracy": float(accuracy_score(y, predicted))}
    if y.ndim == 2:
        losses = [log_loss(y[:, k], np.column_stack([1 - p, p]), labels=[0, 1]) for k, p in enumerate(shares.T)]
        return {**scores, "log_loss": float(np.mean(losses))}
    shares = shares / shares.sum(axis=1, keepdims=True)  # float32 shares add up to 1 only nearly
    scores["log_loss"] = float(log_loss(y, shares, labels=model.classes_))
    if len(model.classes_) == 2 and len(np.unique(y)) == 2:
        scores["roc_auc"] = float(roc_auc_score(y == model.classes_[1], shares[:, 1]))
    return scores


def _regression_metrics(y: np.ndarray, predicted: np.ndarray) -> Metrics:
    scores = {"rmse": float(root_mean_squared_error(y, predicted)), "mae": float(mean_absolute_error(y, predicted))}
    return {**scores, "r2": float(r2_score(y, predicted))} if len(y) > 1 else scores


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
