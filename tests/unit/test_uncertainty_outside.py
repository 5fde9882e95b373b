"""Rows outside the range of the rows that were learned from."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import shoal
from shoal.errors import OutsideWarning
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor
from shoal.network import outside_range, value_range
from shoal.report import write_report
from shoal.uncertainty.outside import BLOCK_CELLS, counts_outside, distance_outside
from shoal.uncertainty.predictive import mean_and_std

QUICK = {"n_networks": 2, "hidden_layer_sizes": 3, "max_iter": 2, "random_state": 0}
X = np.array([[0.0, 5.0], [1.0, -5.0], [0.5, 0.0]] * 40)
y = np.arange(120.0)
NETWORK = ShoalRegressor(**QUICK).fit(X, y).network_


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, lambda rows: rows.astype(np.float32)])
@pytest.mark.parametrize("kind", [ShoalRegressor, ShoalClassifier])
def test_only_values_beyond_the_ends_are_outside(kind, make):
    model = kind(**QUICK).fit(make(X), y > 50 if kind is ShoalClassifier else y)
    new = np.array([[0.0, 5.0], [1.0, -5.0], [1.5, 0.0], [0.5, -6.0], [-1.0, 6.0]])
    np.testing.assert_array_equal(model.outside(make(new)), [False, False, True, True, True])
    wanted = [[False, False], [False, False], [True, False], [False, True], [True, True]]
    np.testing.assert_array_equal(model.outside(make(new), columns=True), wanted)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.03, 0.06, 0.5, 1.0])
def test_rows_and_inputs_outside_are_counted_alike_whether_few_or_many(share):
    network, rng = ShoalRegressor(**QUICK).fit(X, y).network_, np.random.default_rng(0)
    rows = np.where(rng.random((3000, 2)) < share, 10.0, 0.5)
    beyond = rows == 10.0
    n_rows, by_input = counts_outside(network, rows)
    assert n_rows == np.count_nonzero(beyond.any(axis=1))
    assert by_input.tolist() == beyond.sum(axis=0).tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 3, 8, 17, 33])
@pytest.mark.parametrize("share", [0.0, 0.001, 1.0])
def test_large_tables_are_counted_as_small_ones(share, n, dtype):
    """Compiled, in blocks over the cores; infinity is beyond, NaN is not, and the least and the greatest value are not."""
    rng = np.random.default_rng(n)
    lowest, highest = (end.astype(dtype).astype(np.float64) for end in (rng.normal(size=n) - 9, rng.normal(size=n) + 9))
    network = replace(NETWORK, lowest=lowest, highest=highest)
    rows = rng.normal(size=(BLOCK_CELLS // n + 1000, n)).astype(dtype)
    rows[rng.random(rows.shape) < share] = 100
    rows[1], rows[-2], rows[3] = lowest, highest, np.nan
    rows[5, 0] = -np.inf
    n_rows, by_input = counts_outside(network, rows)
    found = outside_range(network, rows)
    assert n_rows == np.count_nonzero(found.any(axis=1)) > 0
    assert by_input.tolist() == np.count_nonzero(found, axis=0).tolist()


def test_no_training_row_is_outside():
    rows = np.random.default_rng(0).standard_normal((150, 4)).astype(np.float32)
    assert not ShoalRegressor(**QUICK).fit(rows, rows[:, 0]).outside(rows).any()


def test_rows_of_weight_0_widen_no_range():
    weight = np.ones(120)
    weight[0] = 0.0
    changed = X.copy()
    changed[0] = 100.0
    model = ShoalRegressor(**QUICK).fit(changed, y, weight)
    np.testing.assert_array_equal(model.network_.highest, [1.0, 5.0])


def test_frames_are_asked_by_name():
    frame = pd.DataFrame(X, columns=["a", "b"])
    model = ShoalRegressor(**QUICK).fit(frame, y)
    np.testing.assert_array_equal(model.outside(pd.DataFrame({"a": [2.0], "b": [0.0]}), columns=True), [[True, False]])


def test_zeros_that_a_sparse_table_does_not_store_count():
    lowest, highest = value_range(sparse.csr_array(np.array([[0.0, 3.0], [2.0, 4.0]])))
    np.testing.assert_array_equal(lowest, [0.0, 3.0])
    np.testing.assert_array_equal(highest, [2.0, 4.0])


# --- the warning ----------------------------------------------------------------------------------------------------

FAR = np.array([[0.5, 0.0], [1.5, 0.0], [2.0, 9.0]])


@pytest.fixture(scope="module")
def line():
    """A regression with 40 rows to calibrate, x0 from 0 to 1 and x1 from -5 to 5."""
    rng = np.random.default_rng(0)
    rows = np.vstack([X[:2], rng.uniform([0, -5], [1, 5], (198, 2))])
    return ShoalRegressor(n_networks=5, random_state=0, calibration="cv+", max_iter=60).fit(rows, rows[:, 0] + 0.1 * rng.normal(size=200))


def outside_warnings(work):
    """The texts of the warnings that a call gives of rows outside, and the files that they point to."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        work()
    mine = [each for each in caught if issubclass(each.category, OutsideWarning)]
    return [str(each.message) for each in mine], {each.filename for each in mine}


TEXT = "2 of 3 rows are outside the range of the training rows, most (2) in 'x0' (0 to 1 in training); their predictions are guesses"


@pytest.mark.parametrize("make", [np.asarray, np.float32, sparse.csr_array, np.ndarray.tolist])
def test_a_prediction_of_rows_outside_warns_once_with_counts_and_the_column(line, make):
    classifier = ShoalClassifier(**QUICK).fit(X, y > 50)
    verbs = [line.predict, line.predict_interval, lambda X: line.predict(X, return_std=True), lambda X: line.predict_quantiles(X, 0.5)]
    for work in [*verbs, classifier.predict, classifier.predict_proba, classifier.predict_log_proba]:
        assert outside_warnings(lambda work=work: work(make(FAR))) == ([TEXT], {__file__})
        assert outside_warnings(lambda work=work: work(make(FAR[:1]))) == ([], set())


def test_a_value_rounded_to_single_precision_is_inside():
    rows = np.random.default_rng(0).standard_normal((150, 4))
    model = ShoalRegressor(**QUICK).fit(rows, rows[:, 0])
    assert outside_warnings(lambda: model.predict(rows.astype(np.float32))) == ([], set())


def test_rows_that_are_scored_give_no_warning(line):
    assert outside_warnings(lambda: line.score(FAR, np.arange(3.0))) == ([], set())


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"area": rng.uniform(20, 200, 150), "kind": rng.choice(["flat", "house"], 150)})
    return frame.assign(price=3 * frame["area"])


def test_a_model_of_a_table_names_its_own_columns(table, tmp_path):
    model = shoal.fit(table, "price", settings={**QUICK, "calibration": "cv+", "n_networks": 3})
    rows = table[:4].assign(area=[50.0, 500.0, 5.0, 50.0])
    wanted = "2 of 4 rows are outside the range of the training rows, most (2) in 'area' ("
    for work in (model.predict, model.predict_interval, model.predictions, lambda rows: model.predict_quantiles(rows, [0.5])):
        (text,), places = outside_warnings(lambda work=work: work(rows))
        assert text.startswith(wanted)
        assert places == {__file__}


def test_fits_scores_and_diagnoses_are_silent_about_rows_that_were_held_out(table, tmp_path):
    pytest.importorskip("matplotlib")
    frame = table.assign(area=np.where(np.arange(150) % 3 == 0, 1e3 + table["area"], table["area"]))

    def work():
        model = shoal.fit(table, "price", settings=QUICK)
        assert model.outside(frame).sum() == 50
        model.evaluate(frame)
        model.diagnose(frame)
        model.importance(frame[:20])
        model.score(frame.drop(columns="price"), frame["price"])
        write_report(model, frame, tmp_path / "report.html")

    assert outside_warnings(work) == ([], set())


def test_an_imported_network_without_a_range_gives_no_warning(line):
    without = replace(line.network_, lowest=None, highest=None)
    assert outside_warnings(lambda: mean_and_std(without, FAR)) == ([], set())
    np.testing.assert_array_equal(distance_outside(without, FAR), 0.0)


# --- how sure a prediction outside is -------------------------------------------------------------------------------


def test_distances_are_in_widths_of_the_range(line):
    rows = np.array([[0.5, 0.0], [1.5, 0.0], [-3.0, 0.0], [4.0, 45.0]])
    np.testing.assert_allclose(distance_outside(line.network_, rows), [0.0, 0.5, 3.0, 5.0])
    np.testing.assert_allclose(distance_outside(line.network_, sparse.csr_array(rows)), [0.0, 0.5, 3.0, 5.0])


def test_a_constant_input_has_no_width_and_is_not_counted():
    rows = np.column_stack([X[:, 0], np.full(120, 7.0)])
    network = ShoalRegressor(**QUICK).fit(rows, y).network_
    np.testing.assert_allclose(distance_outside(network, np.array([[0.5, 9.0], [1.5, 9.0]])), [0.0, 0.5])
    assert outside_range(network, np.array([[0.5, 9.0]])).tolist() == [[False, True]]


@pytest.mark.parametrize("solver", ["adamw", "lbfgs", "lm", "bayes"])
@pytest.mark.parametrize("constant", [0.0, 0.1, 1.0, -3e7])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # two steps of L-BFGS
def test_an_input_that_was_constant_changes_no_prediction(constant, solver, make):
    """Training rows say nothing of it: what it did in a new row would be the initial weights' doing."""
    rows = np.column_stack([X[:, 0], np.full(120, constant), X[:, 1]])
    model = ShoalRegressor(**QUICK, solver=solver, calibration="split").fit(make(rows), y)
    new = rows[:3].copy()
    new[:, 1] += [1.0, -50.0, 1e3]
    assert model.outside(new).all()
    # The mean of sparse tenths is rounded: their encoded values are 1e-17, of which Adam, which divides by √s + 1e-8, makes steps of 1e-12.
    tolerance = 0 if make is np.asarray else 1e-8
    np.testing.assert_allclose(model.predict(new), model.predict(rows[:3]), rtol=tolerance)
    np.testing.assert_allclose(model.predict_interval(new), model.predict_interval(rows[:3]), rtol=tolerance)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_standard_deviations_and_intervals_grow_with_the_distance(activation):
    rng = np.random.default_rng(0)
    rows = rng.uniform(-2, 2, (200, 1))
    target = np.sin(2 * rows[:, 0]) + 0.1 * rng.normal(size=200)
    model = ShoalRegressor(activation=activation, n_networks=5, calibration="cv+", random_state=0, max_iter=40).fit(rows, target)
    at = np.array([[2.0], [2.5], [3.0], [4.0], [6.0], [10.0]])
    at[0] = rows.max()
    mean, std = model.predict(at, return_std=True)
    lower, upper = model.predict_interval(at)
    quantiles = model.predict_quantiles(at, [0.05, 0.95])
    for width in (std, upper - lower, quantiles[:, 1] - quantiles[:, 0]):
        assert np.all(np.diff(width) > 0)
    step = np.abs(mean - mean[0])
    assert np.all(std >= step)  # the way that the prediction goes beyond the data is uncertain
    distance = (at[:, 0] - rows.max()) / np.ptp(rows)
    assert np.all(std >= np.sqrt(12) * distance * target.std() * (1 - 1e-9))


def test_nothing_changes_inside(line):
    rows = np.random.default_rng(1).uniform([0, -5], [1, 5], (50, 2))
    without = replace(line.network_, lowest=None, highest=None)
    np.testing.assert_array_equal(mean_and_std(line.network_, rows), mean_and_std(without, rows))


def test_counts_are_as_uncertain_as_they_are_large():
    rows = np.random.default_rng(0).uniform(0, 1, (200, 1))
    counts = np.random.default_rng(1).poisson(np.exp(1 + rows[:, 0]))
    model = ShoalRegressor(loss="poisson", n_networks=4, max_iter=30, random_state=0).fit(rows, counts)
    mean, std = model.predict(np.array([rows.max(axis=0), [2.0], [3.0]]), return_std=True)
    assert np.all(np.diff(std) > 0)
    assert std[1] > mean[0]
