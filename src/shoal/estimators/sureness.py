"""Whether a fitted model is as right as it says, on rows that it has not learned from."""

from typing import Any

import numpy as np

from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor
from shoal.estimators.scores import Metrics
from shoal.uncertainty.reliability import brier_score, calibration_error

COVERAGE, LEAST_ROWS = 0.9, 9  # the ninth of nine scores is the first to cover nine tenths


def sureness_of(estimator: ShoalClassifier | ShoalRegressor, X: Any, y: np.ndarray) -> Metrics:
    """How far the model's probabilities or intervals can be believed.

    Parameters
    ----------
    estimator : fitted
    X, y : prepared rows that it has not learned from, and what they hold

    Returns
    -------
    dict
        Classification: brier_score_loss and calibration_error (of several labels their means). Regression with calibration:
        coverage_90, the share of targets inside their 90 % intervals, and width_90, their mean width (of several targets the
        means); nothing where there is no calibration, or too few rows for 90 %.
    """
    if isinstance(estimator, ShoalClassifier):
        return _of_classes(np.asarray(estimator.predict_proba(X), np.float64), y, estimator.classes_)
    calibration = estimator.network_.calibration
    if calibration is None or len(calibration.scores) < LEAST_ROWS:
        return {}
    lower, upper = estimator.predict_interval(X, COVERAGE)
    return {"coverage_90": float(np.mean((lower <= y) & (y <= upper))), "width_90": float(np.mean(upper - lower))}


def _of_classes(shares: np.ndarray, y: np.ndarray, classes: np.ndarray) -> Metrics:
    if y.ndim == 2:
        columns = [(np.column_stack([1 - p, p]), np.column_stack([1 - hit, hit])) for p, hit in zip(shares.T, y.T, strict=True)]
    else:
        columns = [(shares, (np.asarray(y)[:, None] == classes).astype(float))]
    return {
        "brier_score_loss": float(np.mean([brier_score(p, hit) for p, hit in columns])),
        "calibration_error": float(np.mean([calibration_error(p, hit) for p, hit in columns])),
    }
