"""`calibrate(X, y)` of the estimators: rows are checked as other rows are, and `fitting.new_rows` computes."""

from typing import Any, TypeVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from shoal.errors import InvalidParameterError
from shoal.estimators.checks import checked_weights
from shoal.estimators.estimator import ShallowEstimator, checked_rows
from shoal.estimators.remote import is_elsewhere
from shoal.fitting.new_rows import NewRows, with_new_rows
from shoal.fitting.targets import encode_targets
from shoal.network import encoded
from shoal.uncertainty.answers import all_out

E = TypeVar("E", bound=ShallowEstimator)


def calibrated_on(estimator: E, X: Any, y: Any, sample_weight: Any, kind: str) -> E:
    """The fitted estimator, calibrated on these rows from now on.

    Raises
    ------
    DataError
        For rows that do not fit the model, or too few of them.
    InvalidParameterError
        For a Dask collection, and for a regression that has no intervals.
    """
    check_is_fitted(estimator)
    if is_elsewhere(X):
        raise InvalidParameterError(
            "calibrate takes rows in memory, and X is a Dask collection; give some of its rows, such as X.compute()"
        )
    fitted = estimator._fitted
    rows, targets = checked_rows(estimator, X, y, reset=False)
    weight = checked_weights(sample_weight, rows)
    Y = encode_targets(fitted.targets, targets).Y
    held = all_out(encoded(fitted.network, rows), Y, weight, fitted.network.population.K)
    with np.errstate(over="ignore", invalid="ignore"):
        estimator._fitted = with_new_rows(fitted, NewRows(held, kind))
    return estimator
