"""`calibrate(X, y)`: a fitted model calibrated on rows that it was not trained on."""

from dataclasses import replace
from math import ceil

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.neural_network import MLPRegressor

import shoal
from shoal import ShoalClassifier, ShoalRegressor
from shoal.errors import DataError, InvalidParameterError, ShoalError
from shoal.estimators.estimator import adopt
from shoal.fitting.pipeline import decide
from shoal.fitting.settings import settings_of
from shoal.fitting.source import InMemory

QUICK = {"n_networks": 2, "hidden_layer_sizes": 8, "max_iter": 20, "random_state": 0}


def waves(m, seed, n_y=1):
    """A curve whose noise grows."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (m, 2))
    y = np.sin(2 * X[:, 0]) + X[:, 1] + np.exp(X[:, :1] / 2).ravel() * 0.3 * rng.standard_normal(m)
    return X, (y if n_y == 1 else np.column_stack([y, -y + rng.standard_normal(m)]))


def classes_of(m, seed, n_classes=3):
    """Overlapping classes."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, 3))
    return X, np.array(["a", "b", "c"])[np.digitize(X[:, 0] + 0.5 * rng.standard_normal(m), np.linspace(-0.5, 0.5, n_classes - 1))]


def rows_set_aside(model, X, y):
    """Those that a fit with calibration="split" held out from all networks."""
    _, source = decide(settings_of(model), InMemory(X, y))
    return source.aside


def without_calibration(model):
    """The same fit, as if nothing had calibrated it."""
    fitted = model._fitted
    return adopt(clone(model), replace(fitted, network=replace(fitted.network, calibration=None)))


@pytest.mark.parametrize(
    ("model", "rows"),
    [
        (ShoalRegressor(**QUICK, calibration="split"), waves(200, 0)),
        (ShoalRegressor(**QUICK, calibration="split"), waves(200, 1, n_y=2)),
        (ShoalRegressor(**QUICK, calibration="split", loss="gaussian"), waves(200, 2)),
        (ShoalRegressor(**QUICK, calibration="split", dtype="float32"), waves(600, 3)),
    ],
    ids=["one", "several", "gaussian", "float32"],
)
def test_the_scores_are_those_that_a_split_fit_computes_of_the_same_rows(model, rows):
    X, y = rows
    model.fit(X, y)
    aside = rows_set_aside(model, X, y)
    again = without_calibration(model).calibrate(X[aside], y[aside])
    np.testing.assert_array_equal(again.network_.calibration.scores, model.network_.calibration.scores)
    new = waves(50, 9)[0]
    for mine, theirs in zip(again.predict_interval(new), model.predict_interval(new), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_sets_are_those_of_a_split_fit_on_the_same_rows(n_classes):
    X, y = classes_of(300, 0, n_classes)
    model = ShoalClassifier(**QUICK, calibration="split").fit(X, y)
    aside = rows_set_aside(model, X, y)
    again = without_calibration(model).calibrate(X[aside], y[aside], calibration="split")
    new = classes_of(80, 9)[0]
    for by_class in (False, True):
        np.testing.assert_array_equal(again.predict_set(new, 0.7, by_class=by_class), model.predict_set(new, 0.7, by_class=by_class))


def test_without_noise_intervals_are_residuals_of_the_rank():
    X, y = waves(300, 0)
    theirs = MLPRegressor(hidden_layer_sizes=(10,), max_iter=50, random_state=0, learning_rate_init=0.01, tol=1.0).fit(X[:200], y[:200])
    model = shoal.from_fitted(theirs)
    assert model.network_.noise is None, "an imported network has no rows that show its noise"
    model.calibrate(X[200:], y[200:])
    lower, upper = model.predict_interval(X[:5], coverage=0.9)
    reach = np.sort(np.abs(y[200:] - theirs.predict(X[200:])))[ceil(0.9 * 101) - 1]
    np.testing.assert_allclose((upper - lower) / 2, reach, rtol=1e-9)  # a residual divided and multiplied by one number


@pytest.mark.parametrize("n", [9, 19, 60])
def test_coverage_over_sizes_and_seeds(n):
    model = ShoalRegressor(**QUICK).fit(*waves(300, 0))
    new, truth = waves(2000, 1)
    covered = []
    for seed in range(60):
        lower, upper = model.calibrate(*waves(n, 100 + seed)).predict_interval(new, coverage=0.9)
        covered.append(np.mean((lower <= truth) & (truth <= upper)))
    # The coverage of one draw is Beta(r, n + 1 − r), of mean r/(n + 1). Allowed: four standard errors of 60 draws and of the 2,000 rows.
    r = ceil(0.9 * (n + 1) - 1e-9)
    mean = r / (n + 1)
    error = np.sqrt(mean * (1 - mean) / (n + 2) / 60 + 0.09 / 2000)
    assert abs(np.mean(covered) - mean) < 4 * error


def test_a_temperature_changes_probabilities_and_no_class():
    X, y = classes_of(400, 0)
    model = ShoalClassifier(**QUICK | {"max_iter": 300, "early_stopping": False, "alpha": 0.0, "dropout": 0.0}).fit(X[:100], y[:100])
    before, p = model.predict(X[100:]), model.predict_proba(X[100:])
    assert model.calibrate(X[100:], y[100:]) is model
    assert model.temperature_ > 1.05, "a fit without a penalty or an early end is too sure"
    np.testing.assert_array_equal(model.predict(X[100:]), before)
    scaled = p ** (1 / model.temperature_)
    np.testing.assert_allclose(model.predict_proba(X[100:]), scaled / scaled.sum(axis=1, keepdims=True), rtol=1e-9)
    T = model.temperature_
    model.calibrate(X[100:], y[100:])  # the least log loss is reached: nothing changes but for the search's tolerance of 1e-6 in ln T
    assert model.temperature_ == pytest.approx(T, rel=1e-4)


def test_thresholds_go_with_the_temperature():
    X, y = classes_of(400, 0, 2)
    table = pd.DataFrame(X[:200], columns=list("uvw")).assign(y=y[:200])
    later = pd.DataFrame(X[200:], columns=list("uvw")).assign(y=y[200:])
    model = shoal.fit(table, "y", threshold=0.3, settings=QUICK | {"max_iter": 200, "early_stopping": False}, seed=0)
    before = model.predict(later)
    model.calibrate(later)
    assert model["estimator"].temperature_ != 1
    assert model["estimator"].thresholds_ != (0.3,)
    np.testing.assert_array_equal(model.predict(later), before)


def test_a_file_keeps_it(tmp_path):
    X, y = waves(300, 0)
    model = ShoalRegressor(**QUICK).fit(X[:200], y[:200]).calibrate(X[200:], y[200:])
    again = shoal.load(shoal.save(model, tmp_path / "waves.shoal"))
    np.testing.assert_array_equal(again.predict_interval(X)[0], model.predict_interval(X)[0])
    X, y = classes_of(300, 0)
    one = ShoalClassifier(**QUICK).fit(X[:100], y[:100]).calibrate(X[100:200], y[100:200]).calibrate(X[200:], y[200:], calibration="split")
    two = shoal.load(shoal.save(one, tmp_path / "classes.shoal"))
    assert two.temperature_ == one.temperature_
    np.testing.assert_array_equal(two.predict_set(X), one.predict_set(X))


def test_training_that_continues_does_not_keep_it():
    X, y = waves(200, 0)
    model = ShoalRegressor(**QUICK, warm_start=True).fit(X, y).calibrate(*waves(200, 1))
    assert model.fit(X, y).network_.calibration is None
    model.calibrate(*waves(200, 1)).set_params(calibration="split")
    with pytest.raises(InvalidParameterError, match="whose calibration was none"):
        model.fit(X, y)  # as many rows as calibrated it, but the networks have learned from these


def test_only_rows_of_some_weight_count():
    X, y = waves(300, 0)
    model = ShoalRegressor(**QUICK).fit(X[:200], y[:200])
    half = model.calibrate(X[200:250], y[200:250]).network_.calibration.scores
    weight = np.repeat([2.0, 0.0], 50)
    np.testing.assert_array_equal(model.calibrate(X[200:], y[200:], weight).network_.calibration.scores, half)


def test_errors_name_what_is_wrong():
    X, y = waves(200, 0)
    model = ShoalRegressor(**QUICK).fit(X, y)
    with pytest.raises(DataError, match=r"got 8 rows .* 9 are the fewest"):
        model.calibrate(X[:8], y[:8])
    with pytest.raises(DataError, match="got 5 rows of weight above 0"):
        model.calibrate(X, y, np.r_[np.zeros(195), np.ones(5)])
    with pytest.raises(DataError, match="y contains NaN"):
        model.calibrate(X, np.where(np.arange(200) == 3, np.nan, y))
    with pytest.raises(InvalidParameterError, match="one quantile"):
        ShoalRegressor(**QUICK, loss="quantile").fit(X, y).calibrate(X, y)
    X, y = classes_of(200, 0)
    with pytest.raises(DataError, match=r"got 49 rows .* 50 are the fewest"):
        ShoalClassifier(**QUICK).fit(X, y).calibrate(X[:49], y[:49])
    many = ShoalClassifier(**QUICK).fit(X, y)
    with pytest.raises(InvalidParameterError, match="calibration is 'cv\\+'; choose one of 'temperature', 'split'"):
        many.calibrate(X, y, calibration="cv+")
    with pytest.raises(DataError, match=r"\['d'\], which is not among the classes"):
        many.calibrate(X, np.full(200, "d"))


def test_a_table_calibrates_its_model_and_the_scores_that_no_longer_hold_go(tmp_path):
    iris = load_iris(as_frame=True).frame
    model = shoal.fit(iris[::2], "target", settings=QUICK, seed=0)
    assert {"accuracy", "log_loss"} <= set(model.facts_.metrics)
    assert model.calibrate(iris[1::2]) is model
    assert set(model.facts_.metrics) == {"accuracy"}
    assert model.facts_.sureness is None
    assert model.facts_.calibrated == "temperature, on 75 rows of a frame"
    again = shoal.load(shoal.save(model, tmp_path / "iris.shoal"))
    assert again.facts_.calibrated == model.facts_.calibrated
    np.testing.assert_array_equal(again.predict_proba(iris), model.predict_proba(iris))
    assert model.calibrate(iris[1::2], calibration="split").predict_set(iris[:4]).shape == (4, 3)
    with pytest.raises(InvalidParameterError, match="the table that the model was trained on"):
        model.calibrate(iris[::2])
    with pytest.raises(ShoalError, match="target"):
        model.calibrate(iris[1::2].drop(columns="target"))


def test_intervals_of_a_table_cover_and_a_regression_takes_no_kind():
    table = load_diabetes(as_frame=True).frame
    model = shoal.fit(table[:250], "target", settings=QUICK, seed=0).calibrate(table[250:350])
    found = model.evaluate(table[350:]).sureness
    # 92 rows, 100 scores: a standard deviation of sqrt(0.09 (1/92 + 1/102)) = 4.3 points
    assert abs(found["coverage_90"] - 0.9) < 4 * 0.043
    with pytest.raises(InvalidParameterError, match="leave it out"):
        model.calibrate(table[250:350], calibration="split")
