"""Every private name of scikit-learn that is used, each with the version it was last seen in."""

from typing import Any

from sklearn.utils.validation import _check_feature_names, _check_n_features  # 1.9.1
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

__all__ = ["check_sample_weight", "keep_columns"]


def keep_columns(estimator: Any, X: Any) -> None:
    """Let an estimator note the number and the names of the columns of X, as `validate_data` does of rows in memory."""
    _check_feature_names(estimator, X, reset=True)
    _check_n_features(estimator, X, reset=True)
