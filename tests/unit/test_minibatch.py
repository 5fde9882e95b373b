"""Minibatch training: events, which weights are kept, when it ends, and what carries over."""

from itertools import count

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, r2_score

from problems import logits_of, population, rows
from shoal.engine.minibatch import carry
from shoal.engine.predict import logits
from shoal.population import member
from shoal.recipe import Recipe
from shoal.textbook import Adam, GradientDescent, Momentum, make_loss
from shoal.textbook.optimizers import Nesterov
from shoal.training import rows as rows_of_training
from shoal.training.minibatch import PERFECT, Run
from shoal.training.progress import RUNAWAY, new_stopping
from shoal.training.rows import SharedOrders, Validation, orders_of_rows

M, N_X = 40, 3
SAME = 1e-12  # the same sums in another order


def run_of(out="squared_error", K=2, *, validation=None, seed=0, n_y=1, dtype=np.float64, weight=None, listened=True, **settings):
    networks = population((4,) * K, N_X, logits_of(out, n_y), seed=seed)
    X, Y = rows(out, M, N_X, n_y)
    if validation == "own":
        validation = Validation(*rows(out, 25, N_X, n_y, seed=9))
    recipe = Recipe(**{"batch_size": 16, "max_epochs": 6, "activation": "tanh"} | settings)
    return Run(recipe, networks, make_loss(out), X, Y, validation=validation, dtype=dtype, weight=weight, listened=listened)


# --- events ---------------------------------------------------------------------------------------------------------


def test_there_is_one_event_an_epoch_that_counts_epochs_and_updates():
    events = list(run_of())
    assert [e.epoch for e in events] == [1, 2, 3, 4, 5, 6]
    assert [e.t for e in events] == [3, 6, 9, 12, 15, 18]  # 40 rows: batches of 16, 16 and 8
    assert {e.n_epochs for e in events} == {6}
    for e in events:
        assert e.loss.shape == e.learning_rate.shape == e.active.shape == (2,)
        assert e.validation_loss is e.validation_score is None
    assert np.all(np.diff([e.seconds for e in events]) > 0)


def test_the_loss_of_an_epoch_is_the_mean_of_its_batches_costs_by_their_rows():
    run = run_of(rule=GradientDescent(), learning_rate=1e-12, shuffle=False)  # weights that do not move: costs of the first weights
    event = next(iter(run))
    X, Y = rows("squared_error", M, N_X, 1)
    Z2 = logits(population((4, 4), N_X, 1), X, "tanh")
    np.testing.assert_allclose(event.loss, np.mean((Z2 - Y.T) ** 2 / 2, axis=(1, 2)), rtol=1e-9)  # 3 updates of size 1e-12


def test_rows_that_weigh_nothing_count_for_nothing_in_the_loss():
    weight = np.where(np.arange(M) < 20, 0.0, 1.0)
    run = run_of(rule=GradientDescent(), learning_rate=1e-12, shuffle=False, weight=weight, batch_size=10)
    X, Y = rows("squared_error", M, N_X, 1)
    Z2 = logits(population((4, 4), N_X, 1), X, "tanh")[:, :, 20:]
    np.testing.assert_allclose(next(iter(run)).loss, np.mean((Z2 - Y[20:].T) ** 2 / 2, axis=(1, 2)), rtol=1e-9)


@pytest.mark.parametrize("out", ["sigmoid", "softmax", "squared_error", "gaussian", "poisson"])
@pytest.mark.parametrize("weighted", [False, True])
def test_validation_loss_and_score_are_scikit_learns(out, weighted):
    n_y = 3 if out == "softmax" else 1
    X, Y = rows(out, 25, N_X, n_y, seed=9)
    weight = np.random.default_rng(3).uniform(0.1, 2, 25) if weighted else None
    run = run_of(out, n_y=n_y, validation=Validation(X, Y, weight), max_epochs=3)
    event = list(run)[-1]
    networks = run.result().population if np.all(run.result().best_validation_loss == event.validation_loss) else None
    assert networks is not None, "the last epoch must be the best of these few"
    g2 = make_loss(out)
    for k, Z2 in enumerate(logits(networks, X, "tanh")):
        L, A2 = g2.loss(Z2, Y.T), g2(Z2)[:n_y].T
        assert event.validation_loss[k] == pytest.approx(np.average(L, weights=weight), rel=SAME)
        if out == "softmax":
            assert event.validation_loss[k] == pytest.approx(log_loss(Y, A2, sample_weight=weight), rel=1e-9)
            score = accuracy_score(Y.argmax(axis=1), A2.argmax(axis=1), sample_weight=weight)
        else:
            score = accuracy_score(Y, A2 > 0.5, sample_weight=weight) if out == "sigmoid" else r2_score(Y, A2, sample_weight=weight)
        assert event.validation_score[k] == pytest.approx(score, rel=1e-9)


def test_the_score_of_targets_far_from_zero_keeps_its_digits():
    X, Y = rows("squared_error", 25, N_X, 1, seed=9)
    run = run_of(validation=Validation(X, Y + 1e4), max_epochs=1, rule=GradientDescent(), learning_rate=1e-12)
    event = next(iter(run))
    Z2 = logits(population((4, 4), N_X, 1), X, "tanh")
    expected = [r2_score(Y[:, 0] + 1e4, z[0]) for z in Z2]
    np.testing.assert_allclose(event.validation_score, expected, rtol=1e-6)  # a variance of 1 beside squares of 1e8


# --- stopping, and what is kept -------------------------------------------------------------------------------------


def test_stopping_counts_epochs_that_are_not_better_by_more_than_tol():
    stopping = new_stopping(1, patience=2, tol=0.1)
    seen = [stopping.see(np.array([loss])) for loss in (1.0, 0.95, 0.80, 0.78, 0.79, 0.77)]
    assert [bool(better[0]) for better, _ in seen] == [True, True, True, True, False, True]
    # stalled for 0, 1 (0.95 is within 0.1 of 1.0), 0, 1, 2, 3 epochs: the last is more than 2
    assert [bool(stalled[0]) for _, stalled in seen] == [False] * 5 + [True]
    assert stopping.best[0] == 0.77


def test_without_patience_nothing_stops():
    stopping = new_stopping(2, patience=None, tol=0.0)
    assert not any(stopping.see(np.array([1.0, np.nan]))[1].any() for _ in range(50))


def test_others_decide_when_a_network_is_at_its_best():
    by = np.array([[0, 0.5, 0.5, 0], [0.5, 0, 0.5, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 1.0]])
    curves = np.array([[3.0, 2, 1, 4, 5], [3, 1, 2, 2, 2], [5, 2, 1, 1, 3], [1, 2, 3, 4, 5]]).T
    stopping = new_stopping(4, patience=1, tol=0.0, by=by)
    seen = [stopping.see(losses) for losses in curves]
    best = [max(t for t, (better, _) in enumerate(seen) if better[k]) for k in range(4)]
    assert best == [1, 2, 1, 0]  # of (2+1)/2 < (1+2)/2 ties the first counts; network 0's own best would be 2
    np.testing.assert_array_equal(stopping.reached(), [curves[t, k] for k, t in enumerate(best)])
    # 0 and 2 have stalled for two epochs at t = 3, but network 1 still goes on, for which they decide: all three stop together.
    assert [stalled.tolist() for _, stalled in seen[2:]] == [[False] * 3 + [True], [False] * 3 + [True], [True] * 4]
    alone = new_stopping(2, patience=None, tol=0.0, by=np.array([[0.0, 1.0], [1.0, 0.0]]))
    alone.see(np.array([1.0, 2.0]))
    alone.see(np.array([np.nan, 1.5]))  # network 0 has diverged and counts as it last stood
    np.testing.assert_array_equal(alone.best, [1.5, 1.0])


def test_early_stopping_ends_each_network_by_itself_and_keeps_its_best_weights():
    run = run_of(validation="own", max_epochs=200, patience=5, learning_rate=(0.05, 0.3), K=2)
    history, trained = list(run), run.result()
    assert len(history) < 200
    validation = run.validation
    for k in range(2):
        losses = [e.validation_loss[k] for e in history[: trained.epochs[k]]]
        best = int(np.argmin(losses))
        assert trained.epochs[k] - best - 1 > 5 - 1
        assert trained.best_validation_loss[k] == min(losses)
        Z2 = logits(trained.population, validation.X, "tanh")[k]
        kept_loss = np.mean(make_loss("squared_error").loss(Z2, validation.Y.T))
        assert kept_loss == pytest.approx(min(losses), rel=SAME)
        assert kept_loss < losses[-1], "the last weights were not the best"


def test_a_network_that_knows_its_validation_rows_perfectly_stops_alone():
    X = np.random.default_rng(0).standard_normal((M, N_X))
    X[:, 0] += 3 * np.sign(X[:, 0])  # a gap, so that probabilities can become certain
    Y = (X[:, :1] > 0).astype(float)
    recipe = Recipe(batch_size=8, max_epochs=400, activation="relu", learning_rate=(0.5, 1e-6), rule=Adam())
    run = Run(recipe, population((4, 4), N_X, 1), make_loss("sigmoid"), X, Y, validation=Validation(X, Y))
    history, trained = list(run), run.result()
    assert trained.epochs[0] < trained.epochs[1] == len(history) == 400
    assert trained.best_validation_loss[0] <= PERFECT < history[trained.epochs[0] - 2].validation_loss[0]
    assert trained.best_validation_loss[0] == history[trained.epochs[0] - 1].validation_loss[0]


def test_without_validation_rows_the_last_weights_are_kept():
    run = run_of(max_epochs=3)
    events = list(run)
    trained = run.result()
    X, Y = rows("squared_error", M, N_X, 1)
    Z2 = logits(trained.population, X, "tanh")
    assert trained.best_validation_loss is None
    assert np.all(np.mean((Z2 - Y.T) ** 2 / 2, axis=(1, 2)) < events[-1].loss)
    np.testing.assert_array_equal(trained.loss, events[-1].loss)


def test_while_no_validation_loss_is_finite_the_latest_weights_are_kept():
    X, Y = rows("squared_error", 5, N_X, 1)
    run = run_of(validation=Validation(X, Y * 1e30), dtype=np.float32)
    list(run)
    assert np.all(np.isinf(run.result().best_validation_loss))
    first = population((4, 4), N_X, 1).parameters.W1.astype(np.float32)
    assert np.any(first != run.result().population.parameters.W1)


def test_a_run_that_is_left_in_the_middle_has_the_best_weights_so_far():
    run = run_of(validation="own", max_epochs=50)
    events = iter(run)
    for _ in range(4):
        event = next(events)
    trained = run.result()
    assert trained.epochs.tolist() == [4, 4]
    assert np.all(trained.best_validation_loss <= event.validation_loss)
    assert not trained.diverged.any()


@pytest.mark.parametrize("rule", [Adam(), Nesterov(0.9), GradientDescent()])
def test_between_two_events_a_run_is_where_the_first_of_them_saw_it_and_goes_on_from_there(rule):
    settings = {"rule": rule, "weight_average": (0.0, 0.9), "dropout": (0.3, 0.0), "patience": 4, "tol": 0.01}
    whole, run = run_of(max_epochs=30, **settings), run_of(max_epochs=30, **settings)
    seen, events = list(whole), iter(run)
    for _ in range(3):
        next(events)
    assert run.state.t > 3 * 3, "more must have been trained than was shown"
    short = run_of(max_epochs=3, **settings)
    assert len(list(short)) == 3
    for mine, theirs in zip(run.result().population.parameters, short.result().population.parameters, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert run.result().epochs.tolist() == [3, 3]
    assert run.state.t == short.state.t
    rest = list(events)
    assert [e.epoch for e in rest] == [e.epoch for e in seen[3:]]
    np.testing.assert_allclose(rest[-1].loss, seen[-1].loss, rtol=SAME)
    for mine, theirs in zip(run.result().population.parameters, whole.result().population.parameters, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_who_listens_changes_no_bit():
    heard, silent = run_of(max_epochs=40, patience=3, tol=0.05), run_of(max_epochs=40, patience=3, tol=0.05, listened=False)
    events, unheard = list(heard), list(silent)
    assert len(events) == len(unheard) < 40
    for event, other in zip(events, unheard, strict=True):
        np.testing.assert_array_equal(event.loss, other.loss)
    for mine, theirs in zip(heard.result().population.parameters, silent.result().population.parameters, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_run_that_was_never_begun_has_its_first_weights():
    for one, other in zip(member(run_of().result().population, 1), member(population((4, 4), N_X, 1), 1), strict=True):
        np.testing.assert_array_equal(one, other)


def test_training_ends_when_its_time_is_over(monkeypatch):
    seconds = count()
    monkeypatch.setattr("shoal.training.minibatch.training_clock", lambda: float(next(seconds)))
    events = list(run_of(validation="own", max_epochs=100, max_time=3.5))
    assert [e.seconds for e in events] == [1, 2, 3, 4]  # the clock is read once at the beginning and once an epoch


# --- learning rates -------------------------------------------------------------------------------------------------


def rates(**settings):
    return np.array([e.learning_rate for e in run_of(**settings)])


def test_each_network_has_its_own_learning_rate():
    np.testing.assert_array_equal(rates(learning_rate=(0.1, 0.2), max_epochs=2), [[0.1, 0.2], [0.1, 0.2]])


def test_inverse_scaling_divides_by_a_power_of_the_rows_seen():
    expected = [1, 1 / (M + 1) ** 0.5, 1 / (2 * M + 1) ** 0.5]
    np.testing.assert_allclose(rates(learning_rate=1.0, schedule="invscaling", max_epochs=3)[:, 0], expected, rtol=SAME)


def test_the_cosine_ends_at_the_last_planned_update():
    found = rates(learning_rate=1.0, schedule="cosine", max_epochs=20)
    expected = [(1 + np.cos(np.pi * (3 * epoch - 1) / 60)) / 2 for epoch in range(4, 21)]  # 60 updates; past the 10 rising ones
    np.testing.assert_allclose(found[3:, 0], expected, rtol=1e-9)


def test_the_adaptive_rate_is_divided_by_five_when_the_loss_stalls_and_ends_training_when_it_is_tiny():
    run = run_of(schedule="adaptive", learning_rate=(1e-5, 1e-3), tol=10.0, patience=1, max_epochs=100, rule=GradientDescent())
    events = list(run)
    found = np.array([e.learning_rate for e in events])
    # No epoch is better by 10: after the first, every second one divides. 1e-5 → 2e-6 → 4e-7, which is below 1e-6.
    assert run.result().epochs[0] == 1 + 2 * 3
    np.testing.assert_allclose(found[:7, 0], [1e-5, 1e-5, 1e-5, 2e-6, 2e-6, 4e-7, 4e-7], rtol=SAME)
    assert run.result().epochs[1] > run.result().epochs[0]


# --- divergence -----------------------------------------------------------------------------------------------------


def test_a_rate_that_is_too_high_is_seen_before_the_numbers_leave_the_finite_ones():
    run = run_of("sigmoid", K=1, rule=GradientDescent(), learning_rate=1e8, activation="relu", max_epochs=50)
    events = list(run)
    trained = run.result()
    assert 0 < trained.diverged[0] == len(events) < 50
    assert events[-1].loss[0] > RUNAWAY or not np.isfinite(events[-1].loss[0])
    assert all(np.isfinite(w).all() for w in trained.population.parameters)


def test_every_network_that_diverged_is_named_with_its_epoch():
    run = run_of(rule=GradientDescent(), learning_rate=(0.01, 1e9), max_epochs=5)
    list(run)
    assert run.result().diverged[0] == 0
    assert run.result().diverged[1] == 1
    assert carry(run.state) is None


# --- row orders, and going on ---------------------------------------------------------------------------------------


def test_rows_are_shuffled_anew_in_every_epoch_unless_they_shall_not():
    run = run_of()
    first, second = np.split(run.orders(range(1, 3)), 2)
    assert sorted(first) == sorted(second) == list(range(M))
    assert first.tolist() != second.tolist() != list(range(M))
    assert run.orders(range(2, 3)).tolist() == second.tolist(), "an epoch has its order, whenever it is asked for"
    assert run_of(shuffle=False).orders(range(1, 3)).tolist() == list(range(M)) * 2
    assert run_of(seed=0).orders(range(1, 2)).tolist() == first.tolist()


def test_runs_that_share_orders_draw_each_once_up_to_a_size(monkeypatch):
    monkeypatch.setattr(rows_of_training, "MOST_SHARED", 3 * M)
    shared, own = SharedOrders(M, Recipe(seed=4)), orders_of_rows(M, Recipe(seed=4))
    for epochs in (range(1, 3), range(1, 4), range(3, 4)):
        assert shared(epochs).tolist() == own(epochs).tolist()
    assert shared(range(1, 3)) is shared(range(1, 3))
    assert shared(range(1, 4)) is not shared(range(1, 4)), "beyond the size orders are drawn again"


@pytest.mark.parametrize("rule", [GradientDescent(), Momentum(0.9), Recipe().rule])
def test_two_runs_of_three_epochs_one_after_the_other_are_one_of_six(rule):
    settings = {"rule": rule, "shuffle": False, "lam": 0.1, "learning_rate": 0.05}
    whole = run_of(max_epochs=6, **settings)
    expected = [e.loss for e in whole]
    first = run_of(max_epochs=3, **settings)
    losses = [e.loss for e in first]
    X, Y = rows("squared_error", M, N_X, 1)
    second = Run(first.recipe, first.result().population, make_loss("squared_error"), X, Y)
    second.resume(carry(first.state), first.result().rows)
    losses += [e.loss for e in second]
    np.testing.assert_allclose(losses, expected, rtol=SAME)
    assert second.state.t == whole.state.t == 18
    assert second.result().rows == whole.result().rows == 6 * M


def test_a_schedule_with_an_end_begins_anew_when_training_goes_on_and_rows_seen_go_on_counting():
    first = run_of(schedule="cosine", learning_rate=1.0)
    list(first)
    X, Y = rows("squared_error", M, N_X, 1)
    for schedule, begins in (("cosine", 0.3), ("invscaling", 1 / (6 * M + 1) ** 0.5)):
        recipe = Recipe(schedule=schedule, learning_rate=1.0, batch_size=16, max_epochs=6)
        second = Run(recipe, first.result().population, make_loss("squared_error"), X, Y)
        second.resume(carry(first.state), first.result().rows)
        assert next(iter(second)).learning_rate[0] == pytest.approx(begins, rel=0.05)  # of ten rising steps the third, cosine by then 0.97
