"""Every private name of scikit-learn that is used, each with the version it was last seen in, and names that older versions lack."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sklearn.utils.validation import _check_feature_names, _check_n_features  # 1.9.1
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

try:  # from 1.9 on, where callbacks are public; the context manager is private, and adds no frame between a warning and its caller
    from sklearn.callback import CallbackSupportMixin
    from sklearn.callback._callback_support import callback_management_context  # 1.9.1
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """No `set_callbacks` before 1.9."""

    def callback_management_context(estimator: Any) -> AbstractContextManager[None]:
        """Nothing to tear down before 1.9."""
        return nullcontext()


__all__ = ["CallbackSupportMixin", "callback_management_context", "callbacks_of", "check_sample_weight", "keep_columns"]


def keep_columns(estimator: Any, X: Any) -> None:
    """Let an estimator note the number and the names of the columns of X, as `validate_data` does of rows in memory."""
    _check_feature_names(estimator, X, reset=True)
    _check_n_features(estimator, X, reset=True)


def callbacks_of(estimator: Any) -> list[Any]:
    """What `set_callbacks` was given, or an outer Pipeline or search passed on."""
    return getattr(estimator, "_skl_callbacks", None) or []  # 1.9.1
