"""E4: network k of a group is the same network alone, whatever its neighbours are and do; and the same seed gives the same bits."""

import numpy as np
import pytest

from problems import PER_NETWORK, logits_of, population, rows
from shoal.engine.minibatch import advance, begin, current, leave
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor
from shoal.population import member, stack, take
from shoal.recipe import Recipe
from shoal.textbook import Adam, GradientDescent, make_loss
from shoal.training.minibatch import Run
from shoal.training.rows import Validation

# Products over more networks may add in another order; some hundred steps of a contracting training let that grow little.
TO_ROUNDING = 1e-9
M, N_X = 60, 5
WIDTHS = (4, 7, 3, 7)
MASKS = np.array([[True] * 5, [True] * 5, [True, True, True, False, False], [True, False, True, False, True]])


def run_of(networks, members, out, weight, parts, **settings):
    """A run of these members of the group, each with its own settings."""
    X, Y = rows(out, M, N_X, 2)
    own = {name: tuple(values[k] for k in members) for name, values in PER_NETWORK.items()} | settings
    recipe = Recipe(activation="tanh", rule=Adam(), batch_size=16, max_epochs=25, patience=2, tol=0.003, seed=3, schedule="cosine", **own)
    validation = Validation(X, Y, rows=tuple(parts[k] for k in members))
    return Run(recipe, networks, make_loss(out), X, Y, weight=weight[list(members)], validation=validation, members=members)


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("out", ["squared_error", "softmax", "gaussian"])
def test_each_network_of_a_group_learns_what_it_learns_alone(out, skip):
    group = population(WIDTHS, N_X, logits_of(out, 2), inputs=MASKS, skip=skip)
    parts = [np.arange(k, M, 4) for k in range(4)]
    weight = np.ones((4, M))
    for k, part in enumerate(parts):
        weight[k, part] = 0
    together = run_of(group, (0, 1, 2, 3), out, weight, parts)
    events = list(together)
    trained = together.result()
    assert len(set(trained.epochs.tolist())) > 1, "some neighbours must have stopped earlier"
    for k in range(4):
        networks = stack([member(group, k)], MASKS[k : k + 1])  # without the padding to the widest
        alone = run_of(networks, (k,), out, weight, parts)
        own_events = list(alone)
        own = alone.result()
        assert own.epochs[0] == trained.epochs[k]
        for mine, theirs in zip(member(own.population, 0), member(trained.population, k), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=TO_ROUNDING, atol=TO_ROUNDING)
        losses = [e.loss[k] for e in events[: own.epochs[0]]]
        np.testing.assert_allclose([e.loss[0] for e in own_events], losses, rtol=TO_ROUNDING)
        np.testing.assert_allclose(own.best_validation_loss[0], trained.best_validation_loss[k], rtol=TO_ROUNDING)


def test_padding_stays_zero_and_inputs_that_a_network_does_not_see_keep_no_weight():
    group = population(WIDTHS, N_X, 1, inputs=MASKS, skip=True)
    X, Y = rows("squared_error", M, N_X, 1)
    run = Run(Recipe(dropout=0.2, lam=0.1, batch_size=16, max_epochs=5), group, make_loss("squared_error"), X, Y)
    list(run)
    now = run.result().population.parameters
    for k, width in enumerate(WIDTHS):
        assert not now.W1[k, width:].any()
        assert not now.b1[k, width:].any()
        assert not now.W2[k, :, width:].any()
        assert not now.W1[k][:, ~MASKS[k]].any()
        assert now.W1[k, :width][:, MASKS[k]].all()
        assert not now.W3[k][:, ~MASKS[k]].any()
        assert now.W3[k][:, MASKS[k]].all()


def test_a_network_that_diverges_stops_alone():
    group = population((4, 4, 4), N_X, 1)
    X, Y = rows("squared_error", M, N_X, 1)
    settings = {"rule": GradientDescent(), "batch_size": 16, "max_epochs": 8}
    run = Run(Recipe(learning_rate=(0.01, 1e6, 0.02), **settings), group, make_loss("squared_error"), X, Y)
    events = list(run)
    trained = run.result()
    assert trained.diverged.tolist()[::2] == [0, 0]
    assert 1 <= trained.diverged[1] < 8
    assert events[-1].active.tolist() == [True, False, True]
    assert np.isnan(events[-1].loss[1])
    pair = Run(Recipe(learning_rate=(0.01, 0.02), **settings), take(group, [0, 2]), make_loss("squared_error"), X, Y)
    list(pair)
    for mine, theirs in zip(pair.result().population.parameters, take(trained.population, [0, 2]).parameters, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=TO_ROUNDING, atol=TO_ROUNDING)


def test_a_network_that_begins_with_nan_spoils_no_other():
    group = population((4, 4), N_X, 1)
    group.parameters.W1[0, 0, 0] = np.nan
    X, Y = rows("squared_error", M, N_X, 1)
    run = Run(Recipe(batch_size=16, max_epochs=3), group, make_loss("squared_error"), X, Y)
    events = list(run)
    assert run.result().diverged.tolist() == [1, 0]
    assert all(np.isfinite(e.loss[1]) for e in events)
    assert all(np.isfinite(w[1]).all() for w in run.result().population.parameters)


def test_networks_that_have_left_the_group_are_no_longer_trained():
    group = population((4, 4), N_X, 1)
    X, Y = rows("squared_error", M, N_X, 1)
    state = begin(group, Recipe(batch_size=M), make_loss("squared_error"), np.full(2, float(M)), np.float64)
    leave(state, np.array([False, True]))
    costs = advance(state, X, Y, [np.arange(M)], np.full((1, 2), 0.1))
    assert np.isnan(costs[0, 0])
    assert np.isfinite(costs[0, 1])
    assert np.any(current(state).parameters.W1[1] != group.parameters.W1[1])


def test_the_same_seed_gives_the_same_bits_and_another_seed_other_weights():
    X, Y = rows("softmax", 150, N_X, 3)
    fits = [
        ShoalClassifier(random_state=seed, max_iter=4, n_networks=4, hidden_layer_sizes=8, dtype=dtype).fit(X, Y.argmax(axis=1))
        for dtype in ("float32", "float64")
        for seed in (1, 1, 2)
    ]
    for one, again, other in (fits[:3], fits[3:]):
        for a, b, c in zip(
            one.network_.population.parameters, again.network_.population.parameters, other.network_.population.parameters, strict=True
        ):
            np.testing.assert_array_equal(a, b)
            assert np.any(a != c)


def test_the_seed_that_a_fit_drew_for_itself_gives_the_same_fit_again():
    X, Y = rows("squared_error", 120, N_X, 1)
    settings = {"max_iter": 3, "n_networks": 2, "hidden_layer_sizes": 8}
    drawn = ShoalRegressor(random_state=np.random.RandomState(0), **settings).fit(X, Y[:, 0])
    again = ShoalRegressor(random_state=drawn.seed_, **settings).fit(X, Y[:, 0])
    np.testing.assert_array_equal(drawn.predict(X), again.predict(X))


def test_the_first_networks_of_a_larger_shoal_begin_with_the_weights_of_a_smaller_one():
    X, Y = rows("squared_error", 50, N_X, 1)
    few, many = (ShoalRegressor(random_state=0, n_networks=K, ramps=False, max_iter=5).fit(X, Y[:, 0]) for K in (2, 5))
    for a, b in zip(few.network_.population.parameters, many.network_.population.parameters, strict=True):
        np.testing.assert_allclose(a, b[:2], rtol=TO_ROUNDING, atol=TO_ROUNDING)
