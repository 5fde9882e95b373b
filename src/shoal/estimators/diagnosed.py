"""What `diagnose` asks of a fitted estimator: its network, rows and targets as the network takes them, and its learning rate."""

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted, validate_data

from shoal.estimators.checked import named_failure
from shoal.fitting.plan import FULL_BATCH
from shoal.fitting.targets import checked_targets, encode_targets
from shoal.inspection import Diagnosis, diagnose
from shoal.network import Network
from shoal.types import Floats


def diagnosed(estimator: Any, X: Any, y: Any, *, names: tuple[str, ...] = (), columns: bool = True) -> Diagnosis:
    """The diagnosis of a fitted estimator on rows X `(m, n)` with targets y; see `inspection.diagnose`.

    Parameters
    ----------
    estimator : fitted ShoalClassifier or ShoalRegressor
    X, y : as for its `fit`
    names : of the inputs, where the caller knows better ones than the estimator does
    columns : whether to look at single columns too, for constant ones and such that give the target away
    """
    check_is_fitted(estimator, "network_")
    X, Y = rows_and_targets(estimator, X, y)
    network = replace(estimator.network_, feature_names=names) if names else estimator.network_
    return diagnose(network, X, Y, learning_rate=learning_rate(estimator), inputs=columns, leaks=columns)


def rows_and_targets(estimator: Any, X: Any, y: Any) -> tuple[Any, Floats]:
    """Rows `(m, n)` checked, and targets `(m, n_y)` as the network learns them."""
    with named_failure("X or y", y):
        X, y = validate_data(
            estimator, X, y, accept_sparse=["csr", "csc", "coo"], dtype=[np.float64, np.float32], multi_output=True, reset=False
        )
    targets = estimator._fitted.targets
    with named_failure("y", y):
        Y = encode_targets(targets, checked_targets(targets.task, y)).Y
    return (sparse.csr_array(X) if sparse.issparse(X) else X), Y


def learning_rate(estimator: Any) -> float | None:
    """The largest rate of the first epoch; None for solvers that have none, and networks that were not trained here."""
    network: Network = estimator.network_
    rates = np.asarray(network.history.get("learning_rate", ()), np.float64)
    if estimator.solver_ in FULL_BATCH or not rates.size or not np.isfinite(rates[0]).any():
        return None
    return float(np.nanmax(rates[0]))
