"""Laws that hold for any table: weights are repeated rows, penalties know no batches, units have no order, scaling folds."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from problems import logits_of, network, population, rows
from shoal.encoding import encode, fit_encoding, fold, raw_ramps
from shoal.engine.minibatch import advance, begin, current
from shoal.engine.predict import logits
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor
from shoal.population import member, merge, stack
from shoal.recipe import Recipe
from shoal.textbook import ACTIVATIONS, GradientDescent, Parameters, make_loss

TO_ROUNDING = 1e-12  # sums of some dozens of numbers of size 1, in another order
# Fifteen updates of Adam from gradients that differ by rounding: a gradient near 1e-8 (its ε) turns that into 1e-8 of a step.
ADAM_TO_ROUNDING = 1e-7
FITS = settings(max_examples=15)  # each example trains two models
QUICK = {"n_networks": 2, "hidden_layer_sizes": 5, "max_iter": 15, "random_state": 0}

seeds = st.integers(0, 2**32 - 1)


@st.composite
def tables(draw):
    """Rows of one smooth column, one with few values and one of 0 and 1, a target, and two classes that both occur."""
    m = draw(st.integers(4, 30))
    rng = np.random.default_rng(draw(seeds))
    X = np.column_stack([rng.standard_normal(m) * draw(st.sampled_from([1e-3, 1.0, 1e4])), rng.integers(0, 4, m), rng.integers(0, 2, m)])
    return X, rng.standard_normal(m), rng.permutation(np.arange(m) % 2)


@FITS
@given(tables(), st.data(), st.booleans())
def test_a_whole_weight_is_that_many_repeated_rows(table, data, standardize):
    X, y, labels = table
    times = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(y), max_size=len(y))))
    assume(len(set(labels[times > 0])) == 2)
    new = X + 0.1
    for kind, target in ((ShoalRegressor, y), (ShoalClassifier, labels)):
        weighted = kind(**QUICK, standardize=standardize).fit(X, target, times.astype(float))
        repeated = kind(**QUICK, standardize=standardize).fit(np.repeat(X, times, axis=0), np.repeat(target, times))
        scale = 1 if kind is ShoalClassifier else max(1.0, np.abs(repeated.predict(new)).max())
        answer = "predict_proba" if kind is ShoalClassifier else "predict"
        np.testing.assert_allclose(getattr(weighted, answer)(new), getattr(repeated, answer)(new), rtol=0, atol=ADAM_TO_ROUNDING * scale)


@FITS
@given(tables(), st.floats(0.1, 10), st.floats(0.1, 10))
def test_the_weight_of_a_class_is_the_weight_of_its_rows(table, a, b):
    X, _, labels = table
    by_class = ShoalClassifier(**QUICK, class_weight={0: a, 1: b}).fit(X, labels)
    by_row = ShoalClassifier(**QUICK).fit(X, labels, np.where(labels == 1, b, a))
    np.testing.assert_array_equal(by_class.predict_proba(X), by_row.predict_proba(X))


@FITS
@given(tables(), st.floats(0.01, 100))
def test_one_weight_for_all_rows_is_no_weight(table, weight):
    X, y, _ = table
    plain, weighted = ShoalRegressor(**QUICK).fit(X, y), ShoalRegressor(**QUICK).fit(X, y, np.full(len(y), weight))
    np.testing.assert_allclose(weighted.predict(X), plain.predict(X), rtol=0, atol=ADAM_TO_ROUNDING * 10)


@FITS
@given(tables(), st.floats(-1e3, 1e3), st.sampled_from([1e-3, 1.0, 1e3]))
def test_a_target_in_other_units_is_predicted_in_other_units(table, shift, factor):
    X, y, _ = table
    plain, other = ShoalRegressor(**QUICK).fit(X, y), ShoalRegressor(**QUICK).fit(X, factor * y + shift)
    lost = ADAM_TO_ROUNDING * 10 * factor + 1e-9 * abs(shift)  # the shifted target has fewer digits left for y
    np.testing.assert_allclose(other.predict(X), factor * plain.predict(X) + shift, rtol=0, atol=lost)


@given(seeds, st.integers(1, 23), st.floats(0.01, 10), st.booleans())
def test_the_penalty_pulls_alike_whatever_the_batch_size_is(seed, b, lam, is_weighted):
    networks = population((3, 5), 4, 2, seed=seed)
    X, Y = rows("squared_error", 23, 4, 2, seed=seed)
    weight = np.random.default_rng(seed).uniform(0.5, 2, 23) if is_weighted else None
    total = 23.0 if weight is None else weight.sum()
    after = []
    for penalty in (0.0, lam):
        recipe = Recipe(rule=GradientDescent(), lam=penalty, batch_size=23, activation="tanh")
        state = begin(networks, recipe, make_loss("squared_error"), np.full(2, total), np.float64)
        costs = advance(state, X, Y, [np.arange(b)], np.full((1, 2), 0.1), weight)
        after.append((current(state).parameters, costs[0]))
    (free, J), (pulled, J_penalized) = after
    before = networks.parameters
    np.testing.assert_allclose(pulled.W1 - free.W1, -0.1 * lam / total * before.W1, rtol=0, atol=TO_ROUNDING)
    np.testing.assert_allclose(pulled.W2 - free.W2, -0.1 * lam / total * before.W2, rtol=0, atol=TO_ROUNDING)
    np.testing.assert_allclose(pulled.b1, free.b1, rtol=0, atol=TO_ROUNDING)
    np.testing.assert_allclose(pulled.b2, free.b2, rtol=0, atol=TO_ROUNDING)
    squares = np.sum(before.W1**2, axis=(1, 2)) + np.sum(before.W2**2, axis=(1, 2))
    np.testing.assert_allclose(J_penalized - J, lam / (2 * total) * squares, rtol=1e-10)


@given(seeds, st.sampled_from(sorted(ACTIVATIONS)), st.randoms(use_true_random=False))
def test_the_order_of_hidden_units_changes_no_prediction_and_no_training(seed, activation, random):
    networks = population((6, 4), 3, 1, seed=seed)
    shuffled = []
    for k in range(2):
        W1, b1, W2, b2 = member(networks, k)
        order = list(range(len(b1)))
        random.shuffle(order)
        shuffled.append(Parameters(W1[order], b1[order], W2[:, order], b2))
    X, Y = rows("squared_error", 20, 3, 1, seed=seed)
    recipe = Recipe(rule=GradientDescent(), batch_size=20, activation=activation)
    predictions = []
    for group in (networks, stack(shuffled)):
        state = begin(group, recipe, make_loss("squared_error"), np.full(2, 20.0), np.float64)
        advance(state, X, Y, [np.arange(20)] * 3, np.full((3, 2), 0.05))
        predictions.append((logits(group, X, activation), logits(current(state), X, activation)))
    for one, other in zip(*predictions, strict=True):
        np.testing.assert_allclose(other, one, rtol=0, atol=TO_ROUNDING * 10)


@given(seeds, st.sampled_from(["sigmoid", "softmax", "gaussian"]), st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_a_shoal_is_one_network_of_all_its_units(seed, out, widths):
    networks = population(widths, 3, logits_of(out, 2), seed=seed)
    shares = np.random.default_rng(seed).dirichlet(np.ones(len(widths)))
    X, _ = rows(out, 10, 3, 2, seed=seed)
    one = merge(networks, shares)
    assert len(one.b1) == sum(widths)
    together = logits(stack([one]), X, "tanh")[0]
    np.testing.assert_allclose(together, np.tensordot(shares, logits(networks, X, "tanh"), 1), rtol=0, atol=TO_ROUNDING)


@given(seeds, st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.booleans(), st.floats(0.1, 2))
def test_folding_the_scaling_in_is_scaling(seed, shift, factor, ramps, ramp_scale):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((25, 3)) * factor + shift
    encoding = fit_encoding(X, ramps=ramps, ramp_scale=ramp_scale)
    one = network(rng, 3 + encoding.n_ramps, 4, 2)
    folded = fold(encoding, one)
    raw = np.hstack([X, raw_ramps(X, encoding.edges)])
    lost = TO_ROUNDING * (1 + abs(shift) / factor)  # where the mean is many standard deviations, b1 has fewer digits left
    np.testing.assert_allclose(folded.W1 @ raw.T + folded.b1, one.W1 @ encode(encoding, X).T + one.b1, rtol=0, atol=lost * 10)


@given(tables(), st.floats(-1e6, 1e6), st.sampled_from([1e-6, 1.0, 1e6]))
def test_z_scores_and_ramps_know_no_units(table, shift, factor):
    X = table[0][:, :1]
    assume(len(np.unique(X)) > 3 and abs(shift) < 1e4 * np.ptp(X))
    other = X * factor + shift * factor
    assume(len(np.unique(other)) == len(np.unique(X)))
    one, two = (encode(fit_encoding(values, ramps=True), values) for values in (X, other))
    steepest = np.ptp(X) / np.min(np.diff(np.unique(X)))
    lost = 4 * np.finfo(float).eps * (1 + abs(shift) / np.ptp(X)) * (1 + steepest) * 10
    np.testing.assert_allclose(two, one, rtol=0, atol=lost)
