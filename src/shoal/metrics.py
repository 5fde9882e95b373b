"""Scores of predictions, each with its facts: its name, which direction is better, its meaning, and its sums over rows.

A metric's terms are sums, so those of blocks of rows, of files and of machines add up, and a resample of the rows is another weight of
each. Shapes: truth `y` and answers `a` `(m, n_y)`, weights `w` `(…, m)`, terms `(…, 1 + k, n_y)` of which the first is Σ w, values `(…)`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.types import Floats

LEAST = float(np.finfo(np.float64).eps)  # the log loss stays so far from 0 and 1, as in scikit-learn


@dataclass(frozen=True)
class Metric:
    """A score.

    Attributes
    ----------
    name : str
        scikit-learn's.
    higher_is_better : bool
    meaning : str
        For people.
    terms : function of y, a and w, or None
        Sums over rows, `(…, 1 + k, n_y)`; None for a score that is no function of sums.
    value : function of such sums, or None
        The score `(…)`: the mean over the targets.

    Examples
    --------
    >>> y, a = np.asarray([[1.0], [3.0]]), np.asarray([[1.0], [1.0]])
    >>> both = RMSE.terms(y[:1], a[:1], np.ones(1)) + RMSE.terms(y[1:], a[1:], np.ones(1))
    >>> float(RMSE.value(both)) == float(RMSE.value(RMSE.terms(y, a, np.ones(2)))) == 2**0.5
    True
    """

    name: str
    higher_is_better: bool
    meaning: str
    terms: Callable[[Any, Any, Floats], Floats] | None = None
    value: Callable[[Floats], Floats] | None = None

    def best(self, values: Any, default: float = float("nan")) -> float:
        """The best of several values."""
        return float((max if self.higher_is_better else min)(values, default=default))


def clipped(p: Floats) -> Floats:
    """Probabilities away from 0 and 1, so that their logarithm is finite.

    Examples
    --------
    >>> clipped(np.asarray([0.0, 0.5])).tolist()
    [2.220446049250313e-16, 0.5]
    """
    return np.asarray(np.clip(p, LEAST, 1 - LEAST))


def surprise(p: Floats) -> Floats:
    """−ln p of the probability of the true class.

    Examples
    --------
    >>> surprise(np.asarray([0.5])).round(6).tolist()
    [0.693147]
    """
    return np.asarray(-np.log(clipped(p)))


def explained(left: Floats, spread: Floats) -> Floats:
    """R² of each target: 1 − Σ (y − a)² / Σ (y − ȳ)²; of targets that are all alike 1 where nothing is left, else 0.

    Examples
    --------
    >>> explained(np.asarray([1.0, 0.0, 2.0]), np.asarray([4.0, 0.0, 0.0])).tolist()
    [0.75, 1.0, 0.0]
    """
    with np.errstate(invalid="ignore"):
        return np.where(spread > 0, 1 - left / np.where(spread > 0, spread, 1.0), np.where(left > 0, 0.0, 1.0))


def sums_of(w: Floats, *rows: Floats) -> Floats:
    """Σ w, and Σ w r of quantities r `(m, n_y)` of the rows.

    Examples
    --------
    >>> sums_of(np.ones(2), np.asarray([[1.0], [2.0]])).tolist()
    [[2.0], [3.0]]
    """
    total = np.broadcast_to(w.sum(axis=-1)[..., None], (*w.shape[:-1], rows[0].shape[1]))
    return np.stack([total, *(w @ part for part in rows)], axis=-2)


def mean(sums: Floats) -> Floats:
    """Of Σ w and Σ w r the mean of r, over the targets too.

    Examples
    --------
    >>> float(mean(np.asarray([[2.0], [3.0]])))
    1.5
    """
    return np.asarray((sums[..., 1, :] / sums[..., 0, :]).mean(axis=-1))


def _root(sums: Floats) -> Floats:
    return np.asarray(np.sqrt(sums[..., 1, :] / sums[..., 0, :]).mean(axis=-1))


def _explained(sums: Floats) -> Floats:
    total, left, first, second = (sums[..., i, :] for i in range(4))
    return np.asarray(explained(left / total, second / total - (first / total) ** 2).mean(axis=-1))


ACCURACY = Metric("accuracy", True, "fraction of rows that are correct", lambda y, a, w: sums_of(w, np.all(y == a, axis=1)[:, None]), mean)
LOG_LOSS = Metric(  # a is the probability that the true class of each target was given; y is not looked at
    "log_loss", False, "mean of −ln p of the true class, in nats", lambda y, a, w: sums_of(w, surprise(a)), mean
)
ROC_AUC = Metric("roc_auc", True, "area under the ROC curve")
RMSE = Metric("rmse", False, "root mean squared error", lambda y, a, w: sums_of(w, (a - y) ** 2), _root)
MAE = Metric("mae", False, "mean absolute error", lambda y, a, w: sums_of(w, np.abs(a - y)), mean)
R2 = Metric(  # y and a less a number near the mean of y: squares of large numbers would lose their digits
    "r2", True, "fraction of variance explained", lambda y, a, w: sums_of(w, (a - y) ** 2, y, y**2), _explained
)

METRICS = {metric.name: metric for metric in (ACCURACY, ROC_AUC, R2, LOG_LOSS, RMSE, MAE)}
