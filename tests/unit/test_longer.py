"""A longer training: tried where held-out rows may still improve, kept where it is better beyond chance."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV

from shoal import ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.fitting.plan import WIDE_FROM, plan
from shoal.fitting.settings import settings_of
from shoal.textbook.losses import make_loss
from shoal.training.longer import TIMES, HeldOutLosses, held_out_losses, is_better, may_be_better
from shoal.training.rows import Validation

N = 200


def rows(loss, wrong=None, weight=None):
    loss = np.asarray(loss, float)
    return HeldOutLosses(loss, None if wrong is None else np.asarray(wrong, float), np.ones(len(loss)) if weight is None else weight)


def first(n, of=N):
    """1 for the first n of some rows."""
    return (np.arange(of) < n).astype(float)


def checkers(m, seed=0):
    """Two classes on the squares of a board, without noise: more epochs than planned are needed."""
    X = np.random.default_rng(seed).uniform(-1, 1, (m, 2))
    return X, ((np.floor(2 * X[:, 0]) + np.floor(2 * X[:, 1])) % 2).astype(int)


@pytest.mark.parametrize(("differ", "better"), [(0.0, False), (0.02, False), (0.2, True), (-0.2, False)])
def test_a_lower_squared_error_must_be_beyond_its_standard_error(differ, better):
    """Differences of standard deviation 1 over 400 rows have a mean with a standard error of 0.05: 0.2 is four of them."""
    noise = np.random.default_rng(0).normal(size=400)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    assert is_better(rows(np.full(400, 3.0)), rows(3.0 - differ + noise)) is better


@pytest.mark.parametrize(
    ("before", "now", "better"),
    [
        (first(9), first(9), False),  # surer of the same rows
        (first(2), first(0), False),  # two corrected: 1.41 standard errors of their number
        (first(3), first(0), True),  # three: 1.73
        (first(9), first(9)[::-1], False),  # others instead
        (first(9), first(12), False),
    ],
)
def test_a_lower_cross_entropy_must_come_with_fewer_misclassified_rows(before, now, better):
    """The loss is lower by 0.1 with a standard deviation of 0.5: 2.8 standard errors of 200 rows."""
    noise = np.random.default_rng(0).normal(size=N)
    noise = 0.5 * (noise - noise.mean()) / noise.std(ddof=1)
    assert is_better(rows(np.full(N, 3.3), before), rows(3.2 + noise, now)) is better


def test_fewer_misclassified_rows_do_not_make_up_for_a_higher_loss():
    assert not is_better(rows(np.full(N, 0.2), first(9)), rows(np.full(N, 0.3), first(0)))


@pytest.mark.parametrize(("n", "better"), [(30, False), (3000, True)])
def test_a_loss_that_is_lower_beyond_doubt_must_be_so_with_one_more_error(n, better):
    """From 0.01 to 0.001 the loss of a row that had the other class rises by ln 10 = 2.3: of n rows that is 2.3/n, beside the 0.009 won."""
    zero, spread = np.zeros(n), np.linspace(0.999, 1.001, n)
    assert is_better(rows(0.01 * spread, zero), rows(0.001 * spread**2, zero)) is better
    assert rows(np.full(n, 0.01), zero).with_one_error == pytest.approx(0.01 - np.log(1 - np.exp(-0.01)) / n)


def test_nothing_is_tried_where_little_is_left_to_gain():
    assert not may_be_better(rows(np.full(N, 0.001), first(0)))
    assert may_be_better(rows(np.full(N, 0.1), first(0)))
    assert may_be_better(rows(np.full(N, 0.001)))


def test_losses_are_of_each_network_s_own_rows():
    """Against the textbook, for networks that hold out different rows, shared rows and rows with weights."""
    from shoal.population import stack
    from shoal.textbook import ACTIVATIONS
    from shoal.textbook.initialization import small_random
    from shoal.textbook.propagation import forward

    rng = np.random.default_rng(1)
    networks = [small_random(rng, 3, 5, 4, 1.0) for _ in range(3)]
    X, labels = rng.normal(size=(30, 3)), rng.integers(0, 4, 30)
    Y, weight = np.eye(4)[labels], rng.uniform(0.5, 2, 30)
    of_each, g2 = (np.arange(10), np.arange(10, 20), np.arange(5, 15)), make_loss("softmax")
    found = held_out_losses(stack(networks), "tanh", g2, Validation(X, Y, weight, of_each))
    loss, wrong, count = np.zeros(30), np.zeros(30), np.zeros(30)
    for network, mine in zip(networks, of_each, strict=True):
        cache = forward(network, X[mine].T, ACTIVATIONS["tanh"], g2)
        for i, A2 in zip(mine, cache.A2.T, strict=True):
            loss[i], wrong[i], count[i] = loss[i] - np.log(A2[labels[i]]), wrong[i] + (A2.argmax() != labels[i]), count[i] + 1
    np.testing.assert_allclose(found.loss, (loss / np.maximum(count, 1))[:20], rtol=1e-10)
    np.testing.assert_array_equal(found.wrong, wrong[:20])
    np.testing.assert_array_equal(found.weight, weight[:20])


def test_a_table_without_noise_is_trained_longer_and_predicted_better():
    X, y = checkers(1200)
    planned = plan(settings_of(ShoalClassifier()), 800, 0, own_validation=False).recipe.max_epochs
    short, long = (
        ShoalClassifier(max_iter=planned, random_state=0).fit(X[:800], y[:800]),
        ShoalClassifier(random_state=0).fit(X[:800], y[:800]),
    )
    assert short.n_iter_ <= planned < long.n_iter_ <= TIMES**2 * planned
    losses = [log_loss(y[800:], model.predict_proba(X[800:])) for model in (short, long)]
    assert losses[1] < 0.7 * losses[0]


def test_curves_and_losses_are_those_of_the_training_that_was_kept():
    X, y = checkers(400)
    model = ShoalClassifier(random_state=0, n_networks=4).fit(X, y)
    curves = model.network_.history["validation_loss"]
    assert len(curves) == model.n_iter_ == len(model.loss_curve_)
    assert np.isfinite(curves).any(axis=1).all()


def test_noise_ends_training_as_planned():
    """A model that found nothing in 300 rows of noise is no candidate for 16 times the epochs."""
    X, y = np.random.default_rng(0).normal(size=(300, 5)), np.random.default_rng(1).integers(0, 2, 300)
    planned = plan(settings_of(ShoalClassifier()), 300, 0, own_validation=False).recipe.max_epochs
    assert ShoalClassifier(random_state=0).fit(X, y).n_iter_ <= planned


@pytest.mark.parametrize(
    ("settings", "m", "times"),
    [
        ({}, 1000, 2),
        ({}, 99, 0),
        ({}, WIDE_FROM, 0),
        ({"max_iter": 50}, 1000, 0),
        ({"n_iter_no_change": 5}, 1000, 0),
        ({"tol": 1e-4}, 1000, 0),
        ({"learning_rate": "constant"}, 1000, 0),
        ({"early_stopping": False}, 1000, 0),
        ({"warm_start": True}, 1000, 0),
        ({"solver": "lbfgs"}, 1000, 0),
        ({"n_networks": 1, "hidden_layer_sizes": (3,)}, 1000, 2),
    ],
)
def test_who_may_train_longer(settings, m, times):
    assert plan(settings_of(ShoalClassifier(**settings)), m, 0, own_validation=False).longer == times


@pytest.mark.slow
def test_candidates_of_a_search_decide_each_for_itself():
    """A rate with which nothing is learned is trained as planned, in one population with another that is trained longer."""
    X, y = checkers(400)
    model, rates = ShoalClassifier(random_state=0, n_networks=2, dtype="float64"), [1e-6, 0.003]
    search = ShoalSearchCV(model, {"learning_rate_init": rates}, cv=2, refit=False, scoring="neg_log_loss").fit(X, y)
    alone = GridSearchCV(model, {"learning_rate_init": rates}, cv=2, refit=False, scoring="neg_log_loss").fit(X, y)
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"], atol=1e-6)
    epochs = [model.set_params(learning_rate_init=rate).fit(X[::2], y[::2]).n_iter_ for rate in rates]
    assert epochs[0] < epochs[1]


def test_a_regression_learns_from_all_rows_for_as_long_as_the_longer_training_did():
    """The refit repeats the learning rates of the training that was kept, up to its best epochs: from all rows it fits these better."""
    X = np.random.default_rng(0).uniform(-2, 2, (300, 2))
    y = np.sin(3 * X[:, 0]) * X[:, 1]
    model = ShoalRegressor(random_state=0, n_networks=2).fit(X, y)
    planned = plan(settings_of(ShoalRegressor()), 300, 0, own_validation=False).recipe.max_epochs
    assert model.n_iter_ > planned
    short = ShoalRegressor(random_state=0, n_networks=2, max_iter=planned).fit(X, y)
    assert model.score(X, y) > short.score(X, y)


@pytest.mark.slow
def test_searched_regressions_are_refitted_each_on_its_own_plan():
    """One candidate is trained longer and the other is not; one population refits both, with the learning rates of two plans."""
    X = np.random.default_rng(0).uniform(-2, 2, (240, 2))
    y = np.sin(3 * X[:, 0]) * X[:, 1]
    model, rates = ShoalRegressor(random_state=0, n_networks=2, dtype="float64"), [1e-6, 0.01]
    search = ShoalSearchCV(model, {"learning_rate_init": rates}, cv=2, refit=False).fit(X, y)
    alone = GridSearchCV(model, {"learning_rate_init": rates}, cv=2, refit=False).fit(X, y)
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"], atol=1e-6)


def test_planned_epochs_that_end_too_early_are_named():
    """A training that may continue (warm_start) is not made longer by itself. A smooth function without noise is learned to the end."""
    X = np.random.default_rng(0).uniform(-2, 2, (300, 2))
    with pytest.warns(ConvergenceWarning, match=r"still falling when the planned \d+ epochs ended: by .* set max_iter=\d+"):
        ShoalRegressor(random_state=0, warm_start=True, ramps=False, solver="adamw").fit(X, X[:, 0] * X[:, 1])


def test_a_training_that_settled_is_not_named():
    X, y = np.random.default_rng(0).normal(size=(300, 3)), np.arange(300) % 2
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        ShoalClassifier(random_state=0).fit(X, y)
