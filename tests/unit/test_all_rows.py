"""Learning from all rows in the end: for as long as held-out rows said, from the first weights on, or not at all."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from problems import run_with_rows_held_out as begun
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor
from shoal.fitting.folds import RowFacts, of_different_rows
from shoal.fitting.plan import plan
from shoal.fitting.settings import settings_of
from shoal.training.minibatch import Run
from shoal.training.two_stage import STEPS, TRIAL, LbfgsAfterAdamW, RefitOnAllRows, best_epochs

M, K = 160, 3  # of the problem


def test_each_network_trains_anew_on_all_rows_up_to_its_best_epoch():
    first, run = begun(), RefitOnAllRows(begun(), None)
    judged = [e.validation_loss for e in first]
    events = list(run)
    best = np.argmin(judged, axis=0) + 1
    trained = run.result()
    at = {}
    for epochs in set(best):
        alone = begun()
        again = Run(replace(alone.recipe, patience=None), alone.kept, alone.g2, alone.X, alone.Y)
        for event in again:
            if event.epoch == epochs:
                at[epochs] = again.result().population.parameters
                break
    for k in range(K):
        for mine, theirs in zip(trained.population.parameters, at[best[k]], strict=True):
            np.testing.assert_array_equal(mine[k], theirs[k])
    assert len(events) == len(judged) + best.max()
    assert all(e.validation_loss is None for e in events[len(judged) :])
    assert {e.n_epochs for e in events[len(judged) :]} == {len(judged) + 30}
    assert run.rows == M * len(events)


def test_rows_held_out_are_judged_by_the_networks_that_never_saw_them():
    first, run = begun(), RefitOnAllRows(begun(), None)
    for training in (first, run):
        list(training)
    kept, trained = first.result(), run.result()
    for mine, theirs in zip(trained.judged.parameters, kept.population.parameters, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(trained.best_validation_loss, kept.best_validation_loss)
    assert kept.judged is None


@pytest.mark.slow
def test_after_lbfgs_the_networks_go_on_with_lbfgs_over_all_rows():
    before, run = LbfgsAfterAdamW(begun()), RefitOnAllRows(LbfgsAfterAdamW(begun()), None)
    events, judged = list(run), list(before)
    assert before.accepted
    assert len(events) <= len(judged) + STEPS
    X, Y = run.beginner.X, run.beginner.Y
    went, stood = run.result().population.parameters, before.result().population.parameters

    def error(parameters, k):
        W1, b1, W2, b2 = (w[k] for w in parameters)
        rows = np.arange(k, M, 8)  # those that network k held out at first
        return np.mean((W2 @ np.maximum(W1 @ X[rows].T + b1, 0) + b2 - Y[rows].T) ** 2)

    assert all(error(went, k) < error(stood, k) for k in range(K)), "they have now learned from these rows too"


def test_what_weighs_nothing_teaches_nothing():
    weight = np.ones(M)
    weight[::5] = 0.0
    runs = RefitOnAllRows(begun(), weight), RefitOnAllRows(begun(), weight)
    results = []
    for run, spoilt in zip(runs, (False, True), strict=True):
        for event in run:
            if spoilt and run.second is None and event.epoch == event.n_epochs:
                run.beginner.Y = np.where(weight[:, None] == 0, 9.0, run.beginner.Y)  # after the judged training, before the other
        results.append(run.result().population.parameters)
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_time_left_and_interruptions_leave_what_was_judged():
    for seen in (5, 40):  # in the first training, in the second
        run = RefitOnAllRows(begun(), None)
        for event in run:
            if event.epoch == seen:
                break
        assert run.result().judged is None
    first, run = begun(max_time=1e-6), RefitOnAllRows(begun(max_time=1e-6), None)
    list(first)
    assert len(list(run)) == 1
    for mine, theirs in zip(run.result().population.parameters, first.result().population.parameters, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_the_best_epoch_is_the_first_lowest_finite_one():
    curves = [np.array([3.0, np.nan]), np.array([1.0, 5.0]), np.array([1.0, np.inf]), None]
    np.testing.assert_array_equal(best_epochs(curves), [2, 2])


@pytest.mark.parametrize(
    ("settings", "task", "own", "wanted"),
    [
        ({}, "regression", False, True),
        ({"ramps": False}, "regression", False, True),
        ({"calibration": "split"}, "regression", False, True),
        ({"calibration": "cv+"}, "regression", False, False),
        ({"early_stopping": True}, "regression", False, False),
        ({"early_stopping": False}, "regression", False, False),
        ({"warm_start": True}, "regression", False, False),
        ({"learning_rate": "adaptive"}, "regression", False, False),
        ({"solver": "lbfgs"}, "regression", False, False),
        ({}, "regression", True, False),
        ({}, "classification", False, False),  # of 500 rows
    ],
    ids=str,
)
def test_who_learns_from_all_rows(settings, task, own, wanted):
    made = (ShoalClassifier if task == "classification" else ShoalRegressor)(**settings)
    p = plan(settings_of(made), 500, 0, own_validation=own)
    assert p.all_rows is wanted


@pytest.mark.parametrize(("settings", "m", "wanted"), [({}, 4_999, True), ({}, 5_000, False), ({"ramps": False}, 5_000, True)])
def test_many_rows_are_trained_on_once_but_where_lbfgs_does_it(settings, m, wanted):
    assert plan(settings_of(ShoalRegressor(**settings)), m, 0, own_validation=False).all_rows is wanted


def test_curves_and_counts_are_those_of_the_judged_training():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (300, 3))
    y = X[:, 0] ** 2 + 0.1 * rng.standard_normal(300)
    heard = []
    model = ShoalRegressor(random_state=0, max_iter=20, callbacks=[heard.append]).fit(X, y)
    held = ShoalRegressor(random_state=0, max_iter=20, early_stopping=True).fit(X, y)
    assert model.loss_curve_ == held.loss_curve_
    assert model.validation_scores_ == held.validation_scores_
    assert model.n_iter_ == 20 < len(heard)
    assert model.t_ == 300 * len(heard)
    np.testing.assert_array_equal(model.network_.noise.variance[0], held.network_.noise.variance[0])
    assert not np.array_equal(model.predict(X), held.predict(X))


@pytest.mark.filterwarnings("ignore::shoal.errors.InterruptedWarning")  # asked for below
def test_an_interruption_on_all_rows_leaves_the_judged_weights():
    rng = np.random.default_rng(1)
    X = rng.uniform(-1, 1, (200, 2))
    y = X[:, 0] * X[:, 1]
    settings = {"random_state": 0, "n_networks": 2, "hidden_layer_sizes": 8, "max_iter": 6}

    def interrupt(event):
        if event.epoch == 8:
            raise KeyboardInterrupt

    held = ShoalRegressor(**settings, early_stopping=True).fit(X, y)
    model = ShoalRegressor(**settings, callbacks=[interrupt]).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), held.predict(X))
    assert (model.n_iter_, model.t_) == (6, 6 * 200)


def test_split_intervals_are_measured_around_the_network_that_predicts():
    rng = np.random.default_rng(2)
    X = rng.uniform(-1, 1, (300, 2))
    y = X[:, 0] + 0.1 * rng.standard_normal(300)
    model = ShoalRegressor(random_state=0, calibration="split", max_iter=10).fit(X, y)
    aside = model.network_.calibration
    low, high = model.predict_interval(X, 0.9)
    inside = np.mean((y >= low) & (y <= high))
    assert aside.kind == "split"
    assert inside > 0.85, "rows learned from and rows set aside together: no less than asked for, but for chance of 60 rows"


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_few_rows_of_both_tasks_are_learned_from_in_the_end(task):
    estimator = ShoalClassifier() if task == "classification" else ShoalRegressor()
    p = plan(settings_of(estimator), 60, 0, own_validation=False)
    assert (p.hold_out, p.all_rows, p.recipe.max_epochs) == (8, True, {"classification": 400, "regression": 1000}[task])


@pytest.mark.parametrize(
    ("m", "different", "settings", "held", "epochs"),
    [
        (99, None, {}, 8, 1000),
        (16, None, {}, 8, 1000),
        (15, None, {}, 0, 400),
        (90, 15, {}, 0, 400),  # as many rows as their weights say, but few different ones
        (60, None, {"warm_start": True}, 0, 400),
        (60, None, {"early_stopping": False}, 0, 400),
        (60, None, {"max_iter": 7}, 8, 7),
    ],
)
def test_few_rows_are_held_out_only_to_learn_from_them_in_the_end(m, different, settings, held, epochs):
    p = plan(settings_of(ShoalRegressor(**settings)), m, 0, own_validation=False, different=different)
    assert (p.hold_out, p.recipe.max_epochs, p.recipe.batch_size) == (held, epochs, m)
    assert p.all_rows is (held > 0)


def test_the_sine_of_41_points_is_learned_by_the_defaults():
    """MATLAB's function-fitting goal, MSE 0.002, which 400 epochs in full batches miss."""
    X = np.linspace(-1, 1, 41)[:, None]
    y = np.sin(np.pi * X[:, 0])
    for seed in range(2):
        assert np.mean((ShoalRegressor(random_state=seed).fit(X, y).predict(X) - y) ** 2) < 0.002


def test_of_few_rows_equal_inputs_are_dealt_together_whatever_their_order():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 2))[np.repeat(np.arange(30), 2)]
    order = rng.permutation(60)
    parts, shuffled = (of_different_rows(RowFacts(60, X=rows), 8, 5) for rows in (X, X[order]))
    for part, other in zip(parts, shuffled, strict=True):
        assert {tuple(row) for row in X[part]} == {tuple(row) for row in X[order][other]}
        assert len(part) == 2 * len({tuple(row) for row in X[part]})
    assert sorted(np.concatenate(parts)) == list(range(60))


def test_the_classes_of_few_rows_are_spread_evenly_whatever_their_order():
    rng = np.random.default_rng(0)
    X, labels = rng.standard_normal((64, 2)), np.repeat(["a", "b"], [48, 16])
    order = rng.permutation(64)
    parts = of_different_rows(RowFacts(64, None, labels, X), 8, 5)
    shuffled = of_different_rows(RowFacts(64, None, labels[order], X[order]), 8, 5)
    for part, other in zip(parts, shuffled, strict=True):
        assert np.sum(labels[part] == "b") == 2
        assert {tuple(row) for row in X[part]} == {tuple(row) for row in X[order][other]}


def test_few_noisy_rows_of_two_classes_are_not_learned_by_heart():
    """400 epochs in full batches end at a log loss far beyond that of knowing nothing."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((1080, 5))
    y = (X[:, 0] + 1.5 * rng.standard_normal(1080) > 0).astype(int)
    model = ShoalClassifier(random_state=0).fit(X[:80], y[:80])
    assert log_loss(y[80:], model.predict_proba(X[80:])) < np.log(2)


def test_a_fit_that_becomes_warm_goes_on_from_what_its_held_out_rows_can_judge():
    rng = np.random.default_rng(5)
    X = rng.standard_normal((300, 6))
    y = X[:, 0] + rng.standard_normal(300)
    settings = {"random_state": 0, "n_networks": 4, "hidden_layer_sizes": 16}
    model = ShoalRegressor(**settings).fit(X, y).set_params(warm_start=True).fit(X, y)
    honest = ShoalRegressor(**settings, warm_start=True).fit(X, y).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), honest.predict(X))
    np.testing.assert_array_equal(model.network_.noise.variance[0], honest.network_.noise.variance[0])


def test_a_rejected_trial_of_lbfgs_is_no_epoch_of_the_training_anew():
    run = RefitOnAllRows(LbfgsAfterAdamW(begun(20.0, n_x=10)), None)
    first = begun(20.0, n_x=10)
    judged = [event.validation_loss for event in first]
    events = list(run)
    assert not run.first.accepted
    assert len(events) > len(judged) + TRIAL - 1  # a trial came between
    np.testing.assert_array_equal(run.second.until, best_epochs(judged))


def test_what_had_not_settled_is_named_though_all_rows_came_after():
    rng = np.random.default_rng(6)
    X = rng.standard_normal((200, 3))
    with pytest.warns(ConvergenceWarning, match="max_iter=5 epochs ended before"):
        ShoalRegressor(random_state=0, learning_rate="constant", max_iter=5, n_networks=2).fit(X, X[:, 0] * X[:, 1])
