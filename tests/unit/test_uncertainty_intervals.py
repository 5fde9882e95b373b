"""Intervals and quantiles: what they cover, what they may have seen, and every request they refuse."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.stats import norm
from sklearn.base import clone

import shoal
from shoal.errors import DataError, InvalidParameterError, UncalibratedWarning
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor
from shoal.export import model_json, portable
from shoal.fitting.folds import PAIR_SHARE, RowFacts, of_every_row, set_aside
from shoal.fitting.pipeline import prepare
from shoal.fitting.settings import settings_of
from shoal.fitting.source import InMemory
from shoal.uncertainty.predictive import LEAST_ROWS, ROWS_PER_WEIGHT, rank

QUICK = {"n_networks": 4, "hidden_layer_sizes": 16, "max_iter": 40}
KINDS = ("split", "cv+")


def waves(m, seed):
    """Noise that grows fivefold along the first input."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (m, 2))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] + (0.1 + 0.1 * (X[:, 0] + 2)) * rng.standard_normal(m)


def prepared_rows(model, X, y):
    """Everything that precedes the first weights, as `fit` makes it."""
    return prepare(settings_of(model), InMemory(X, y))


def covered(model, seed=100, m=2000, coverage=0.9):
    X, y = waves(m, seed)
    lower, upper = model.predict_interval(X, coverage)
    assert np.all(lower <= upper)
    return np.mean((lower <= y) & (y <= upper))


# --- coverage -------------------------------------------------------------------------------------------------------


def test_split_intervals_cover_what_they_say():
    found = [covered(ShoalRegressor(**QUICK, calibration="split", random_state=s).fit(*waves(400, s)), 100 + s) for s in range(8)]
    # 80 rows to calibrate on: coverage is Beta(73, 8), standard deviation 0.033, expected 0.901; 2000 test rows add 0.007.
    assert abs(np.mean(found) - 73 / 81) < 3 * 0.034 / np.sqrt(8)


def test_cv_plus_intervals_cover_what_they_say():
    found = [covered(ShoalRegressor(**QUICK, calibration="cv+", random_state=s).fit(*waves(400, s)), 100 + s) for s in range(8)]
    # 400 rows to calibrate on, 0.015 each, and no exact promise: three standard deviations and a point more.
    assert abs(np.mean(found) - 0.9) < 3 * 0.017 / np.sqrt(8) + 0.01


def test_intervals_are_wider_where_the_noise_is_larger():
    X = np.array([[-1.8, 0.0], [1.8, 0.0]])
    X_all, y = waves(3000, 0)
    # Noise must follow something that a network shows: here its prediction, which the first input moves.
    lower, upper = ShoalRegressor(**QUICK, calibration="cv+", random_state=0).fit(X_all, y + 10 * X_all[:, 0]).predict_interval(X)
    assert (upper - lower)[1] > 1.5 * (upper - lower)[0]


@pytest.mark.parametrize("calibration", KINDS)
def test_e8_a_shuffled_target_is_covered_by_its_own_spread(calibration):
    rng = np.random.default_rng(0)
    X, y, X_new, y_new = rng.standard_normal((400, 5)), rng.standard_normal(400), rng.standard_normal((2000, 5)), rng.standard_normal(2000)
    model = ShoalRegressor(**QUICK, calibration=calibration, random_state=0).fit(X, y)
    lower, upper = model.predict_interval(X_new)
    n = len(model.network_.calibration.scores)
    assert abs(np.mean((lower <= y_new) & (y_new <= upper)) - 0.9) < 3 * np.sqrt(0.09 / n) + 0.01
    assert np.mean(upper - lower) > 0.9 * 2 * norm.ppf(0.95), "no network knows better than the target's own spread"


# --- what the rows that calibrate were kept from (E8) ----------------------------------------------------------------


def test_e8_rows_set_aside_change_nothing_that_is_learned():
    X, y = waves(300, 0)
    model = ShoalRegressor(**QUICK, calibration="split", random_state=5)
    before = model.fit(X, y)
    aside = set_aside("split", RowFacts(300, X=X), 5)
    assert len(aside) == 60
    assert len(before.network_.calibration.scores) == 60
    changed, noisy = X.copy(), y.copy()
    changed[aside], noisy[aside] = 77.0, 1e6
    after = clone(model).fit(changed, noisy)
    # 77 in every row makes twins of them, so the same rows must be named: give them weight 0, which no fit may learn from.
    weight = np.ones(300)
    weight[aside] = 0.0
    alone = ShoalRegressor(**QUICK, random_state=5).fit(X, y, weight)
    for mine, its in zip(before.network_.population.parameters, alone.network_.population.parameters, strict=True):
        np.testing.assert_array_equal(mine, its)
    np.testing.assert_array_equal(before.network_.lowest, alone.network_.lowest)
    assert after.network_.calibration.scores.shape == (len(set_aside("split", RowFacts(300, X=changed), 5)), 1)


def test_e8_a_network_never_learns_from_a_row_that_it_scores():
    X, y = waves(240, 0)
    settings = {**QUICK, "ramps": False, "standardize": False, "early_stopping": False, "learning_rate_init": 0.01, "random_state": 1}
    model = ShoalRegressor(**settings, calibration="cv+")
    before = model.fit(X, y).network_.population.parameters
    prepared = prepared_rows(model, X, y).rows
    out = prepared.judged.scores.out
    assert set(out.sum(axis=0)) == {1, 2}, "every row is scored by one network of four, some by two"
    assert np.all((prepared.weights == 0) == out), "a network learns from a row or scores it"
    for k in range(4):
        other = np.where(out[k], 1e3 * y, y)
        after = clone(model).fit(X, other).network_.population.parameters
        for mine, its in zip(before, after, strict=True):
            np.testing.assert_array_equal(mine[k], its[k])
            assert not np.array_equal(mine[(k + 1) % 4], its[(k + 1) % 4])


@pytest.mark.parametrize(("n_networks", "ramps"), [(8, "auto"), (5, False), (3, "auto"), (2, "auto"), (2, True)])
def test_no_row_decides_when_a_network_stops_that_it_judges(n_networks, ramps):
    X, y = waves(150, 0)
    model = ShoalRegressor(hidden_layer_sizes=2, max_iter=1, n_networks=n_networks, ramps=ramps, calibration="cv+", random_state=0)
    rows = prepared_rows(model, X, y).rows
    out, watching = rows.judged.scores.out, rows.validation
    np.testing.assert_allclose(watching.by.sum(axis=1), 1.0)
    for k in range(n_networks):
        deciding = np.concatenate([watching.rows[j] for j in np.flatnonzero(watching.by[k])])
        assert len(deciding) >= 30
        assert not out[k, deciding].any()
    assert prepared_rows(ShoalRegressor(hidden_layer_sizes=2, max_iter=1, random_state=0), X, y).rows.validation.by is None


def coverage_of_few(m, repeats, *coverages):
    """The mean coverage over fits of m rows each with the defaults, one for each coverage asked for."""
    models = [ShoalRegressor(calibration="cv+", random_state=s).fit(*waves(m, s)) for s in range(repeats)]
    return [np.mean([covered(model, 1000 + s, coverage=coverage) for s, model in enumerate(models)]) for coverage in coverages]


@pytest.mark.slow
@pytest.mark.parametrize(("m", "deviation"), [(30, 0.07), (50, 0.05), (100, 0.045), (300, 0.025)])
def test_few_rows_are_covered_as_asked(m, deviation):
    asked = (0.5, 0.8, 0.9)
    for coverage, found in zip(asked, coverage_of_few(m, 60, *asked), strict=True):
        # The deviation of one fit at 90 %, wider at 50 % by that of a rank: √(¼ / 0.09) times.
        sure = 3 * deviation * np.sqrt(coverage * (1 - coverage) / 0.09) / np.sqrt(60)
        assert abs(found - np.ceil((m + 1) * coverage) / (m + 1)) < sure + 0.015, coverage


@pytest.mark.parametrize(
    ("n_networks", "ramps", "scoring"),
    [(8, "auto", (2, 4)), (5, False, (1, 2)), (3, False, (1, 2)), (3, "auto", (1, 2)), (2, "auto", 1), (2, True, 1)],
)
def test_every_row_is_held_out_by_a_network_of_each_kind_and_some_by_two(n_networks, ramps, scoring):
    X, y = waves(150, 0)
    model = ShoalRegressor(hidden_layer_sizes=2, max_iter=1, n_networks=n_networks, ramps=ramps, calibration="cv+", random_state=0)
    out = prepared_rows(model, X, y).rows.judged.scores.out
    assert set(out.sum(axis=0)) == set(np.atleast_1d(scoring))
    assert out.sum(axis=0).max() < n_networks  # somebody learns from every row
    if n_networks >= 5:
        assert (out.sum(axis=0) == max(scoring)).mean() == pytest.approx(1 / PAIR_SHARE, abs=0.02)  # 8 of a part of 37


def test_of_few_different_rows_every_network_learns_from_some():
    X, y = np.repeat([[0.0], [1.0], [2.0], [3.0]], 50, axis=0), np.arange(200.0)
    model = ShoalRegressor(hidden_layer_sizes=2, max_iter=1, n_networks=5, ramps=False, calibration="cv+", random_state=0)
    out = prepared_rows(model, X, y).rows.judged.scores.out
    assert (~out).any(axis=1).all()


def test_a_row_set_aside_and_a_new_row_are_measured_alike():
    X, y = waves(300, 0)
    model = ShoalRegressor(**QUICK, calibration="split", random_state=0).fit(X, y)
    aside = set_aside("split", RowFacts(300, X=X), model.seed_)
    mean, std = model.predict(X[aside], return_std=True)
    # The same numbers by another way: float32 logits of other blocks of rows.
    np.testing.assert_allclose(np.sort((y[aside] - mean) / std), model.network_.calibration.scores[:, 0], rtol=1e-4, atol=1e-5)


def test_the_order_of_rows_set_aside_means_nothing():
    X, y = waves(300, 0)
    aside = set_aside("split", RowFacts(300, X=X), 0)
    swapped = np.arange(300)
    swapped[aside] = aside[::-1]
    settings = {**QUICK, "calibration": "split", "random_state": 0}
    one, other = ShoalRegressor(**settings).fit(X, y), ShoalRegressor(**settings).fit(X[swapped], y[swapped])
    # The same networks; what they say of a row depends in its last digits on the rows beside it in a matrix product.
    np.testing.assert_allclose(one.network_.calibration.scores, other.network_.calibration.scores, rtol=1e-9)
    for mine, its in zip(one.predict_interval(X), other.predict_interval(X), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-9)


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_rows_that_are_equal_are_held_out_together(make):
    X, y = waves(60, 0)
    thrice = make(np.vstack([X, X, X]))
    weight = np.ones(180)
    weight[:7] = 0.0
    leaders, places = RowFacts(180, weight, X=thrice).twins
    assert len(leaders) == 60
    np.testing.assert_array_equal(places[60:120], places[120:])
    assert np.all(places[:7] == -1)
    prepared = prepared_rows(ShoalRegressor(**QUICK, random_state=0), thrice, np.tile(y, 3))
    facts = RowFacts(180, X=thrice)
    for kept in (*of_every_row(facts, prepared.plan, 0), set_aside("split", facts, 0)):
        assert len(kept) == 3 * len({int(i) % 60 for i in kept})


@pytest.mark.parametrize("calibration", KINDS)
def test_duplicates_do_not_make_intervals_too_narrow(calibration):
    X, y = waves(150, 3)
    model = ShoalRegressor(**QUICK, calibration=calibration, random_state=0).fit(np.tile(X, (3, 1)), np.tile(y, 3))
    # 30 different rows ("split") at least: coverage varies by 0.055 a fit; were twins learned from, it would be far below.
    assert covered(model) > 0.9 - 2.5 * 0.055


# --- ranks and quantiles ----------------------------------------------------------------------------------------------


def test_ranks_are_those_of_the_finite_sample():
    assert rank(9, 0.9, "") == 9
    assert rank(99, 0.9, "") == 90
    assert rank(100, 0.9, "") == 91
    assert rank(3, 0.01, "") == 1
    with pytest.raises(InvalidParameterError, match=r"coverage=0\.9 needs at least 9 calibration rows, and there are 8"):
        rank(8, 0.9, "coverage=0.9")


@pytest.mark.parametrize("calibration", KINDS)
def test_an_interval_is_the_ranked_score_times_the_deviation(calibration):
    X, y = waves(200, 0)
    model = ShoalRegressor(**QUICK, calibration=calibration, random_state=0).fit(X, y)
    scores = np.sort(np.abs(model.network_.calibration.scores[:, 0]))
    mean, std = model.predict(X, return_std=True)
    lower, upper = model.predict_interval(X, 0.8)
    reach = scores[int(np.ceil((len(scores) + 1) * 0.8)) - 1] * std
    np.testing.assert_allclose(upper, mean + reach, rtol=1e-12)
    np.testing.assert_allclose(lower, mean - reach, rtol=1e-12)


@pytest.mark.parametrize("calibration", [None, *KINDS])
def test_quantiles_never_cross_and_lie_where_they_say(calibration):
    X, y = waves(500, 0)
    model = ShoalRegressor(**QUICK, calibration=calibration, random_state=0).fit(X, y)
    q = [0.05, 0.3, 0.5, 0.7, 0.95]
    X_new, y_new = waves(2000, 9)
    if calibration is None:
        with pytest.warns(UncalibratedWarning, match="normal distribution"):
            found = model.predict_quantiles(X_new, q)
        mean, std = model.predict(X_new, return_std=True)
        np.testing.assert_allclose(found, mean[:, None] + std[:, None] * norm.ppf(q), rtol=1e-12)
    else:
        found = model.predict_quantiles(X_new, q)
    assert found.shape == (2000, 5)
    assert all(np.all(found[:, a] <= found[:, b]) for a, b in pairwise(range(5)))
    # 100 rows to calibrate on at least: √(¼/100) = 0.05 a quantile in the middle; the shape of the noise adds to it.
    np.testing.assert_allclose(np.mean(y_new[:, None] <= found, axis=0), q, atol=0.13)
    if calibration is not None:
        # float32: the members' products of 3 rows round otherwise than those of 2,000, and their spread is a small part of the quantile
        np.testing.assert_allclose(model.predict_quantiles(X_new[:3], 0.5), found[:3, 2:3], rtol=1e-7)


def test_without_calibration_an_interval_is_the_normals_and_says_so():
    X, y = waves(200, 0)
    model = ShoalRegressor(**QUICK, random_state=0).fit(X, y)
    with pytest.warns(UncalibratedWarning, match=r"fit with calibration='cv\+' or 'split'"):
        lower, upper = model.predict_interval(X, 0.95)
    mean, std = model.predict(X, return_std=True)
    np.testing.assert_allclose(upper - mean, 1.959963984540054 * std, rtol=1e-9)
    np.testing.assert_allclose(mean - lower, upper - mean, rtol=1e-6, atol=1e-9)


def test_without_calibration_few_rows_are_refused_with_what_to_set(tmp_path):
    X, y = waves(30, 0)
    model = ShoalRegressor(**QUICK, random_state=0).fit(X, y)
    n = model.network_.noise.n_rows
    assert n == prepared_rows(model, X, y).rows.judged.held.out.any(axis=0).sum()
    assert n < LEAST_ROWS["held-out rows"]
    for again in (model, shoal.load(shoal.save(model, tmp_path / "m.shoal"))):
        message = rf"calibration=None, and {n} rows show .* fit with calibration='cv\+', or to more rows"
        with pytest.raises(InvalidParameterError, match="intervals were requested with " + message):
            again.predict_interval(X)
        with pytest.raises(InvalidParameterError, match="quantiles were requested with " + message):
            again.predict_quantiles(X, 0.9)
        assert np.all(again.predict(X, return_std=True)[1] > 0)
    ShoalRegressor(**QUICK, calibration="cv+", random_state=0).fit(X, y).predict_interval(X)


def test_a_file_from_before_judged_rows_were_counted_answers_as_it_did(tmp_path):
    X, y = waves(30, 0)
    model = ShoalRegressor(**QUICK, random_state=0).fit(X, y)
    model.network_ = replace(model.network_, noise=replace(model.network_.noise, n_rows=None))
    again = shoal.load(shoal.save(model, tmp_path / "m.shoal"))
    with pytest.warns(UncalibratedWarning, match="normal distribution"):
        lower, upper = again.predict_interval(X)
    assert np.all(lower < upper)


@pytest.mark.parametrize("m", [LEAST_ROWS["held-out rows"] - 1, LEAST_ROWS["held-out rows"]])
def test_the_number_of_judged_rows_alone_decides(m):
    X, y = waves(90, 0)
    model = ShoalRegressor(**{**QUICK, "max_iter": 2}, random_state=0).fit(X, y, X_val=X[:m], y_val=y[:m])
    assert model.network_.noise.n_rows == m
    if m < LEAST_ROWS["held-out rows"]:
        with pytest.raises(InvalidParameterError, match=f"and {m} rows show"):
            model.predict_interval(X)
    else:
        with pytest.warns(UncalibratedWarning):
            model.predict_interval(X)


@pytest.mark.parametrize(("units", "enough"), [(4, True), (5, False)])
def test_rows_that_were_learned_from_must_be_five_a_weight(units, enough):
    X, y = waves(90, 0)
    model = ShoalRegressor(hidden_layer_sizes=units, n_networks=2, ramps=False, early_stopping=False, max_iter=2, random_state=0).fit(X, y)
    assert model.network_.noise.n_rows == 90
    assert (ROWS_PER_WEIGHT * (4 * units + 1) <= 90) == enough
    if enough:
        with pytest.warns(UncalibratedWarning):
            model.predict_interval(X)
    else:
        with pytest.raises(
            InvalidParameterError, match=r"90 rows, which the networks learned from, .* fewer than 105, .* early_stopping=True"
        ):
            model.predict_interval(X)


def test_weights_that_count_rows_count_as_rows_that_show_the_noise():
    X, y = waves(60, 0)
    model = ShoalRegressor(hidden_layer_sizes=2, n_networks=2, max_iter=2, early_stopping=False, random_state=0)
    counts = [
        clone(model).fit(X, y, weight).network_.noise.n_rows for weight in (None, np.full(60, 2.0), np.full(60, 1 / 60), np.arange(60) % 2)
    ]
    assert counts == [60, 120, 60, 30]


def test_counts_are_never_below_0_and_every_target_has_its_own_interval():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 2))
    Y = rng.poisson(np.exp(X @ [[0.5, -1.0], [0.2, 1.0]]))
    model = ShoalRegressor("poisson", **QUICK, calibration="cv+", random_state=0).fit(X, Y)
    lower, upper = model.predict_interval(X)
    assert lower.shape == upper.shape == Y.shape
    assert lower.min() == 0.0
    assert model.predict_quantiles(X, [0.1, 0.9]).shape == (300, 2, 2)
    assert np.all(np.abs(np.mean((lower <= Y) & (upper >= Y), axis=0) - 0.9) < 0.07)


# --- what is kept, and what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize("calibration", KINDS)
def test_a_model_file_keeps_what_makes_it_sure(tmp_path, calibration):
    X, y = waves(200, 0)
    model = ShoalRegressor(**QUICK, calibration=calibration, random_state=0).fit(X, np.column_stack([y, -y]))
    again = shoal.load(shoal.save(model, tmp_path / "m.shoal"))
    assert again.calibration == calibration
    for mine, its in zip(model.predict_interval(X), again.predict_interval(X), strict=True):
        np.testing.assert_array_equal(mine, its)
    np.testing.assert_array_equal(model.predict(X, return_std=True), again.predict(X, return_std=True))
    np.testing.assert_array_equal(model.outside(2 * X, columns=True), again.outside(2 * X, columns=True))
    assert again.network_.noise.source == model.network_.noise.source


def test_exports_leave_it_out():
    X, y = waves(200, 0)
    model = ShoalRegressor(**QUICK, calibration="cv+", random_state=0).fit(X, y)
    whole = model_json(portable(model))
    model.network_ = replace(model.network_, noise=None, calibration=None, lowest=None, highest=None)
    assert model_json(portable(model)) == whole


def test_the_same_seed_gives_the_same_intervals_and_clones_forget():
    X, y = waves(200, 0)
    model = ShoalRegressor(**QUICK, calibration="cv+", random_state=0)
    assert model.get_params()["calibration"] == "cv+"
    first = model.fit(X, y).predict_interval(X)
    np.testing.assert_array_equal(first, clone(model).fit(X, y).predict_interval(X))
    assert not hasattr(clone(model), "network_")


@pytest.mark.parametrize("coverage", [0, 1, 1.5, -0.1, "0.9", None, np.nan, True, b"0", 1j, np.array(0.5), Decimal("0.5"), pd.NA])
def test_coverage_outside_0_and_1_is_refused(coverage):
    X, y = waves(120, 0)
    model = ShoalRegressor(**{**QUICK, "max_iter": 2}, calibration="split", random_state=0).fit(X, y)
    with pytest.raises(InvalidParameterError, match=r"coverage is .*between 0 and 1"):
        model.predict_interval(X, coverage)
    with pytest.raises(InvalidParameterError, match=r"q is .*between 0 and 1"):
        model.predict_quantiles(X, [0.5, coverage])


@pytest.mark.parametrize("q", [1e-320, np.array(0.5), b"x", {0.5}, [], [[0.5]], (), "0.5", [0.5, True]])
def test_quantiles_of_another_kind_are_refused_by_name(q):
    X, y = waves(100, 0)
    model = ShoalRegressor(**{**QUICK, "max_iter": 2}, calibration="split", random_state=0).fit(X, y)
    with pytest.raises(InvalidParameterError, match=r"^q( is |=1|=9)"):
        model.predict_quantiles(X, q)
    np.testing.assert_array_equal(model.predict_quantiles(X, pd.Series([0.5])), model.predict_quantiles(X, 0.5))


def test_more_coverage_than_the_rows_can_show_is_refused():
    X, y = waves(100, 0)
    model = ShoalRegressor(**{**QUICK, "max_iter": 2}, calibration="split", random_state=0).fit(X, y)
    with pytest.raises(InvalidParameterError, match=r"coverage=0\.99 needs at least 99 calibration rows, and there are 20"):
        model.predict_interval(X, 0.99)


@pytest.mark.parametrize(
    ("estimator", "text"),
    [
        (ShoalRegressor(calibration="cv"), r"calibration is 'cv'; choose one of None, 'split', 'cv\+'"),
        (ShoalRegressor(calibration="temperature"), r"choose one of None, 'split', 'cv\+'"),
        (ShoalClassifier(calibration="cv"), r"choose one of None, 'temperature', 'split', 'cv\+'"),
        (ShoalRegressor("quantile", calibration="split"), "loss='quantile' predicts one quantile.*choose loss 'squared_error'"),
        (ShoalRegressor(calibration="cv+", n_networks=1), "n_networks is 1; choose n_networks of 2 or more, or calibration='split'"),
    ],
)
def test_what_cannot_be_calibrated_is_refused_with_the_choices(estimator, text):
    X, y = waves(120, 0)
    with pytest.raises(InvalidParameterError, match=text):
        estimator.fit(X, y > 0 if isinstance(estimator, ShoalClassifier) else y)


def test_rows_that_come_in_pieces_cannot_be_kept_back():
    X, y = waves(120, 0)
    with pytest.raises(InvalidParameterError, match="partial_fit gets its rows call by call; call fit"):
        ShoalRegressor(calibration="split").partial_fit(X, y)


@pytest.mark.parametrize("calibration", KINDS)
def test_a_single_different_row_cannot_be_kept_back(calibration):
    with pytest.raises(DataError, match="needs at least 2 different rows that count, and there are 1"):
        ShoalRegressor(**QUICK, calibration=calibration).fit(np.ones((20, 2)), np.arange(20.0))


def test_training_goes_on_only_with_the_same_rows_kept_back():
    X, y = waves(200, 0)
    model = ShoalRegressor(**QUICK, calibration="cv+", warm_start=True, random_state=0).fit(X, y)
    model.fit(X, y).predict_interval(X)
    with pytest.raises(InvalidParameterError, match="start again with warm_start=False"):
        model.fit(X[:150], y[:150])
    with pytest.raises(InvalidParameterError, match=r"whose calibration was 'cv\+' on 200 rows"):
        model.set_params(calibration="split").fit(X, y)


def test_a_model_that_came_from_elsewhere_says_what_it_does_not_know(tmp_path):
    X, y = waves(120, 0)
    fitted = ShoalRegressor(**{**QUICK, "max_iter": 2}, random_state=0).fit(X, y)
    path = tmp_path / "model.json"
    path.write_text(model_json(portable(fitted)), encoding="utf-8")
    taken = shoal.from_json(path)
    with pytest.raises(DataError, match="has no noise"):
        taken.predict(X, return_std=True)
    with pytest.raises(DataError, match="has no range"):
        taken.outside(X)
