"""Every private name of scikit-learn that is used, each with the version it was last seen in."""

from typing import Any

import numpy as np
from sklearn.utils.validation import _check_feature_names, _check_n_features, _check_sample_weight  # 1.9.1

from shoal.errors import DataError
from shoal.estimators.checks import named_failure, refuse_unread
from shoal.types import Floats


def checked_weights(weight: Any, X: Any) -> Floats | None:
    """Row weights `(m,)` in float64, none below 0; None where none were given.

    Raises
    ------
    DataError
        For weights that are no numbers, below 0, all 0, of another length, or too large to add up.
    """
    if weight is None:
        return None
    refuse_unread("sample_weight", weight)
    with named_failure("sample_weight"):
        checked: Floats = _check_sample_weight(weight, X, dtype=np.float64, ensure_non_negative=True)
    with np.errstate(over="ignore"):
        if not np.isfinite(checked.sum()):
            raise DataError("sample_weight adds up to more than the largest number; divide all weights by a constant")
    return checked


def keep_columns(estimator: Any, X: Any) -> None:
    """Let an estimator note the number and the names of the columns of X, as `validate_data` does of rows in memory."""
    _check_feature_names(estimator, X, reset=True)
    _check_n_features(estimator, X, reset=True)
