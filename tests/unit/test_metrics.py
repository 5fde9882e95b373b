"""Scores as sums: scikit-learn's numbers, from rows in one piece, in several, and weighed."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score, root_mean_squared_error

from shoal.metrics import ACCURACY, LOG_LOSS, MAE, METRICS, R2, RMSE, explained

RNG = np.random.default_rng(0)
Y, A, W = RNG.standard_normal((50, 2)), RNG.standard_normal((50, 2)), RNG.integers(0, 4, 50).astype(float)
LABELS, SAID = RNG.integers(0, 2, (50, 1)), RNG.integers(0, 2, (50, 1))
P = RNG.uniform(size=50)
GIVEN = np.where(LABELS[:, 0] == 1, P, 1 - P)[:, None]
REFERENCE = [
    (RMSE, Y, A, root_mean_squared_error(Y, A, sample_weight=W)),
    (MAE, Y, A, mean_absolute_error(Y, A, sample_weight=W)),
    (R2, Y, A, r2_score(Y, A, sample_weight=W)),
    (ACCURACY, LABELS, SAID, accuracy_score(LABELS, SAID, sample_weight=W)),
    (LOG_LOSS, LABELS, GIVEN, log_loss(LABELS[:, 0], P, sample_weight=W)),
]


@pytest.mark.parametrize(("metric", "y", "a", "wanted"), REFERENCE, ids=lambda v: getattr(v, "name", ""))
def test_the_value_of_sums_is_scikit_learns_and_pieces_add_up(metric, y, a, wanted):
    whole = metric.terms(y, a, W)
    pieces = sum(metric.terms(y[s], a[s], W[s]) for s in (slice(0, 7), slice(7, 30), slice(30, 50)))
    assert float(metric.value(whole)) == pytest.approx(wanted, rel=1e-12)
    assert float(metric.value(pieces)) == pytest.approx(wanted, rel=1e-12)
    resampled = metric.value(metric.terms(y, a, np.stack([np.ones(50), W])))
    assert resampled.shape == (2,)
    assert resampled[1] == pytest.approx(wanted, rel=1e-12)


def test_r2_of_targets_that_are_all_alike_is_scikit_learns():
    same = np.ones(4)
    for a in (same, np.array([1.0, 1.0, 1.0, 2.0])):
        left, spread = np.array([np.sum((same - a) ** 2)]), np.zeros(1)
        assert explained(left, spread)[0] == r2_score(same, a)


def test_the_best_is_the_highest_or_the_lowest():
    assert METRICS["accuracy"].best([0.2, 0.8]) == 0.8
    assert METRICS["rmse"].best([0.2, 0.8]) == 0.2
    assert np.isnan(METRICS["rmse"].best([]))
