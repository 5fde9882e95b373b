"""The temperature of a classifier, and whether its probabilities mean what they say."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

import shoal
from shoal.errors import InvalidParameterError
from shoal.estimators.classifier import ShoalClassifier
from shoal.fitting.pipeline import prepare
from shoal.fitting.settings import settings_of
from shoal.fitting.source import InMemory
from shoal.network import encoded, predict_logits
from shoal.uncertainty.answers import all_out
from shoal.uncertainty.calibration import brier_score, calibration_error, cooled, fit_temperature

# By heart: no penalty, no dropout, no early end.
BY_HEART = {
    "n_networks": 2,
    "ramps": False,
    "hidden_layer_sizes": 64,
    "alpha": 0.0,
    "dropout": 0.0,
    "learning_rate_init": 0.01,
    "max_iter": 200,
    "early_stopping": False,
    "random_state": 0,
}
QUICK = {"n_networks": 2, "hidden_layer_sizes": 8, "max_iter": 5, "random_state": 0}


def flips(m, seed, n_classes=2):
    """Labels of which three in ten are drawn anew."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, 6))
    y = np.digitize(X[:, 0] + X[:, 1], np.linspace(-1, 1, n_classes + 1)[1:-1])
    return X, np.where(rng.random(m) < 0.3, rng.integers(0, n_classes, m), y)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_it_lowers_the_log_loss_of_an_over_confident_fit_on_new_rows(n_classes):
    X, y = flips(400, 0, n_classes)
    X_new, y_new = flips(3000, 1, n_classes)
    warm = ShoalClassifier(**BY_HEART, calibration="temperature").fit(X, y)
    T = warm.temperature_
    assert T > 1.5, "a fit by heart is far too sure"
    hot = warm.network_
    cold = cooled(hot, 1 / T)
    logits = predict_logits(cold, X_new)
    before = cold.g2(logits).T
    before = np.hstack([1 - before, before]) if n_classes == 2 else before
    after = warm.predict_proba(X_new)
    np.testing.assert_array_equal(after.argmax(axis=1), before.argmax(axis=1))  # no class changes
    assert log_loss(y_new, after) < log_loss(y_new, before) - 0.05
    hit = np.eye(n_classes)[y_new]
    assert calibration_error(after, hit) < calibration_error(before, hit)


def test_it_stands_in_the_weights():
    X, y = flips(300, 0)
    model = ShoalClassifier(**BY_HEART, calibration="temperature").fit(X, y)
    Z1 = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
    z = (Z1 @ model.coefs_[1] + model.intercepts_[1])[:, 0]
    # coefs_ are the same network with its z-scores folded in, in float64.
    np.testing.assert_allclose(1 / (1 + np.exp(-z)), model.predict_proba(X)[:, 1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_a_known_temperature_is_found(factor):
    X, y = flips(4000, 0)
    network = ShoalClassifier(**QUICK).fit(X, y).network_
    right = network.g2(predict_logits(network, X))[0]
    drawn = (np.random.default_rng(1).random(4000) < right).astype(float)[:, None]
    hotter = cooled(network, 1 / factor)
    held = all_out(encoded(hotter, X), drawn, None, 2)
    # The slope of a logistic regression on 4000 rows with logits of about 1: standard error 1/√(4000 · 0.2 · 1) = 0.035.
    assert fit_temperature(hotter, held) == pytest.approx(factor, rel=0.12)


def test_labels_have_one_temperature_and_files_keep_it(tmp_path):
    X, y = flips(300, 0)
    Y = np.column_stack([y, X[:, 2] > 0]).astype(int)
    model = ShoalClassifier(**BY_HEART, calibration="temperature").fit(X, Y)
    assert model.temperature_ > 1
    again = shoal.load(shoal.save(model, tmp_path / "m.shoal"))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.temperature_ == model.temperature_


def test_without_it_nothing_changes():
    X, y = flips(300, 0)
    assert ShoalClassifier(**QUICK).fit(X, y).temperature_ == 1.0


def test_small_tables_hold_rows_out_for_it():
    X, y = flips(60, 0)
    model = ShoalClassifier(**QUICK, calibration="temperature")
    rows = prepare(settings_of(model), InMemory(X, y)).rows
    out = rows.judged.held.out
    assert out.any(axis=1).all()
    assert np.all((rows.weights == 0) == out)


def test_rows_of_the_users_own_decide_where_they_are_given():
    X, y = flips(200, 0)
    X_val, y_val = flips(500, 1)
    settings = {**BY_HEART, "max_iter": 50}
    one = ShoalClassifier(**settings, calibration="temperature").fit(X, y, X_val=X_val, y_val=y_val)
    plain = ShoalClassifier(**settings).fit(X, y, X_val=X_val, y_val=y_val)
    assert one.temperature_ != 1
    # One number for all logits, in float32 weights.
    np.testing.assert_allclose(one.temperature_ * predict_logits(one.network_, X), predict_logits(plain.network_, X), rtol=1e-4, atol=1e-4)
    assert log_loss(y_val, one.predict_proba(X_val)) <= log_loss(y_val, plain.predict_proba(X_val))


def test_a_class_that_no_row_tells_apart_keeps_its_temperature_in_bounds():
    X = np.repeat([[0.0], [1.0]], 100, axis=0)
    model = ShoalClassifier(**{**QUICK, "max_iter": 60}, calibration="temperature").fit(X, np.repeat([0, 1], 100))
    assert 0.05 <= model.temperature_ <= 1.0
    assert np.all(np.isfinite(model.predict_log_proba(X[:1])) | (model.predict_proba(X[:1]) == 0))


def test_unknown_words_are_refused():
    with pytest.raises(InvalidParameterError, match="calibration is 'isotonic'; choose one of None, 'temperature'"):
        ShoalClassifier(calibration="isotonic").fit(*flips(50, 0))


# --- reliability ------------------------------------------------------------------------------------------------------


def test_briers_score_is_scikit_learns():
    _, y = flips(100, 0)
    p = np.random.default_rng(0).random(100)
    assert brier_score(np.column_stack([1 - p, p]), np.eye(2)[y]) == pytest.approx(brier_score_loss(y, p), rel=1e-12)
    shares = np.random.default_rng(0).dirichlet(np.ones(3), 50)
    hit = np.eye(3)[np.arange(50) % 3]
    assert brier_score(shares, hit) == pytest.approx(np.mean(np.sum((shares - hit) ** 2, axis=1)), rel=1e-12)


def test_the_calibration_error_is_the_mean_gap_of_the_bins():
    shares = np.array([[0.9, 0.1]] * 10 + [[0.4, 0.6]] * 10)
    hit = np.eye(2)[[0] * 8 + [1] * 2 + [1] * 9 + [0]]
    # 0.9 sure and 0.8 right; 0.6 sure and 0.9 right: (0.1 + 0.3) / 2
    assert calibration_error(shares, hit) == pytest.approx(0.2)
    assert calibration_error(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]])) == 0.0
