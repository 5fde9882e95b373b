"""A small network learns what a shoal predicts, and what it loses is measured on rows that neither learned from."""

import numpy as np
import pandas as pd
import pytest

import shoal
from export_problems import QUICK, c_agrees, fitted_table, table
from shoal.errors import InvalidParameterError, ShoalError
from shoal.table import prepared_rows
from shoal.table_models.distill import LEAST_SHARE, distilled, of_classes, of_labels
from shoal.table_models.inspect import sides_again
from shoal.table_models.scores import metrics_of

pytestmark = pytest.mark.filterwarnings("ignore::shoal.UnseenWarning")  # the rows held out are predicted too
OUTPUTS = ("survived", "class", "insured", "paid", "owed")
TARGETS = ("survived", "class", ("survived", "insured"), "paid", ("paid", "owed"))


def only(target, n=160):
    return table(n).drop(columns=[name for name in OUTPUTS if name not in target])


@pytest.mark.parametrize("target", TARGETS)
def test_it_is_one_network_without_ramps_that_is_scored_on_the_rows_held_out(target, tmp_path):
    model, frame = fitted_table(target), only(target)
    found = distilled(model, frame, units=3)
    network = found.model["estimator"].network_
    assert (network.population.K, network.merged.W1.shape[0], network.encoding.n_ramps) == (1, 3, 0)
    train, held = sides_again(model, frame)
    assert (found.n_learned, found.n_held) == (len(train.y), len(held.y))
    X, task = prepared_rows(model["prepare"], held.inputs), model.facts_.task
    assert found.before == metrics_of(model["estimator"], X, held.y, task)
    assert found.after == metrics_of(found.model["estimator"], X, held.y, task) == found.model.facts_.metrics
    np.testing.assert_array_equal(found.model.predict(held.inputs), found.model["estimator"].predict(X))
    c_agrees(found.model, tmp_path, "double")  # it is exported as any other model


def test_it_learns_the_shoals_answers_and_not_the_targets():
    """With targets of chance alone a shoal's probabilities are near a half; a small network of them is too, one of the targets is not."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((300, 5)), columns=list("abcde")).assign(y=rng.random(300) < 0.5)
    model = shoal.fit(frame, "y", settings={"max_iter": 20}, seed=0)
    small = distilled(model, frame, units=8).model
    shares, own = model.predict_proba(frame)[:, 1], small.predict_proba(frame)[:, 1]
    assert np.abs(shares - own).mean() < 0.5 * np.abs(frame["y"] - own).mean()


@pytest.mark.parametrize(("units", "most"), [(8, 0.3), (32, 0.15)])
def test_more_units_come_nearer(units, most):
    rng = np.random.default_rng(1)
    X = rng.uniform(-2, 2, (600, 2))
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(y=np.sin(2 * X[:, 0]) + X[:, 1])
    model = shoal.fit(frame, "y", seed=0)
    small = distilled(model, frame, units=units).model
    assert np.sqrt(np.mean((small.predict(frame) - model.predict(frame)) ** 2)) < most * np.std(model.predict(frame))


def test_of_another_table_a_fifth_is_held_out():
    model, other = fitted_table("survived"), only("survived", 200).iloc[:150]
    found = distilled(model, other, units=2)
    assert (found.n_learned, found.n_held) == (120, 30)
    assert "a fifth of the rows of a frame" in found.held_out


def test_a_threshold_stays_and_a_refit_is_said():
    frame = only("survived")
    model = shoal.fit(frame, "survived", settings=QUICK, threshold=0.3)
    assert distilled(model, frame, units=2).model["estimator"].thresholds_ == (0.3,)
    refitted = shoal.fit(frame, "survived", settings=QUICK, refit=True)
    assert "which the whole model has learned from since" in distilled(refitted, frame, units=2).held_out


@pytest.mark.slow
def test_the_same_call_gives_the_same_network():
    model, frame = fitted_table("paid"), only("paid")
    first, again = (distilled(model, frame, units=2).model["estimator"].coefs_[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("units", [0, -1, 2.5, "many", None, True])
def test_units_that_are_none_are_named(units):
    with pytest.raises(InvalidParameterError, match="units"):
        distilled(fitted_table("survived"), only("survived"), units=units)


def test_what_has_no_table_is_refused():
    X = np.random.default_rng(0).standard_normal((40, 2))
    with pytest.raises(ShoalError, match="not trained on a raw table"):
        distilled(shoal.ShoalRegressor(**QUICK).fit(X, X[:, 0]), only("paid"))
    with pytest.raises(InvalidParameterError, match="is not the table that the model was trained on"):
        distilled(fitted_table("survived"), only("survived").iloc[:50], test=only("survived"))


def test_rows_of_each_class_weigh_what_it_is_likely():
    shares = np.random.default_rng(0).dirichlet(np.ones(4), 50)
    rows, labels, weight = of_classes(shares, np.array(list("abcd")))
    for k, label in enumerate("abcd"):
        sums = np.bincount(rows[labels == label], weight[labels == label], minlength=50)
        np.testing.assert_allclose(sums, np.where(shares[:, k] >= LEAST_SHARE, shares[:, k], 0))
    sure = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 1e-6]])
    assert set(of_classes(sure, np.array(["x", "y", "z"]))[1]) == {"x", "y", "z"}, "no class is lost"


def test_labels_have_the_probabilities_as_weighted_means():
    shares = np.random.default_rng(0).random((50, 3))
    shares[0], shares[1] = 0.0, 1.0
    rows, labels, weight = of_labels(shares)
    total = np.bincount(rows, weight, minlength=50)
    np.testing.assert_allclose(total, 1, atol=4 * LEAST_SHARE)  # parts below it are left out
    for k in range(3):
        np.testing.assert_allclose(np.bincount(rows, weight * labels[:, k], minlength=50), shares[:, k], atol=4 * LEAST_SHARE)


def test_counts_stay_above_0_and_variances_are_left_out():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.uniform(-2, 2, 200)}).assign(n=lambda f: rng.poisson(np.exp(f["a"])).astype(float))
    for loss, expected in (("poisson", "poisson"), ("gaussian", "squared_error"), ("huber", "squared_error")):
        model = shoal.fit(frame, "n", task="regression", settings={**QUICK, "loss": loss})
        small = distilled(model, frame, units=3).model
        assert small["estimator"].network_.output == expected
    assert (distilled(shoal.fit(frame, "n", task="regression", settings={"loss": "poisson"}), frame).model.predict(frame) > 0).all()
