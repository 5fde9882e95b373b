"""E7: a shoal is one shallow network. Merged at the logits, and with its scaling folded in, it predicts as the shoal does."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from problems import logits_of, population, rows
from shoal.encoding import TargetScale, fit_encoding, plain, raw_ramps
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor
from shoal.network import Network, folded, predict, predict_logits, predict_members
from shoal.population import member, merge
from shoal.textbook import ACTIVATIONS

FLOAT64 = 1e-12  # sums of K·h products in another order
FOLDED = 1e-9  # a scale folded into W1 and b1 loses digits where b1 grows with mean/sd of a column, here up to some hundreds
M, N_X, N_Y = 30, 4, 3
WIDTHS, SHARES = (5, 2, 4), np.array([0.5, 0.2, 0.3])
OUTPUTS = ("sigmoid", "softmax", "poisson", "squared_error", "huber", "absolute_error", "quantile", "gaussian")


SKIP = [False, True]  # without and with connections from the inputs to the outputs


def skipped(parameters, rows):
    """What skip connections add to the logits of rows `(n_x, m)`; 0 where there are none."""
    return 0.0 if parameters.W3 is None else parameters.W3 @ rows


def shoal_of(out, encoding=None, target=None, skip=False):
    n_x = N_X if encoding is None else encoding.n_inputs + encoding.n_ramps
    inputs = np.ones((3, n_x), bool)
    inputs[1, N_X:] = False  # one member sees no ramps
    networks = population(WIDTHS, n_x, logits_of(out, N_Y), inputs=inputs, skip=skip)
    names = tuple(f"x{j}" for j in range(N_X))
    return Network(networks, SHARES, "tanh", out, encoding or plain(N_X), target, (), names, {})


@pytest.mark.parametrize("skip", SKIP)
@pytest.mark.parametrize("out", OUTPUTS)
def test_the_merged_network_is_the_members_combined_at_the_logits(out, skip):
    network = shoal_of(out, skip=skip)
    X, _ = rows("squared_error", M, N_X, N_Y)
    Z2 = 0
    for k in range(3):
        one = member(network.population, k)
        Z2 = Z2 + SHARES[k] * (one.W2 @ np.tanh(one.W1 @ X.T + one.b1) + one.b2 + skipped(one, X.T))
    expected = {"sigmoid": expit, "softmax": lambda z: softmax(z, axis=0), "poisson": np.exp, "gaussian": lambda z: z[:N_Y]}
    A2 = expected.get(out, lambda z: z)(Z2)
    np.testing.assert_allclose(predict_logits(network, X), Z2, rtol=FLOAT64, atol=FLOAT64)
    np.testing.assert_allclose(predict(network, X), A2.T, rtol=FLOAT64, atol=FLOAT64)


def test_the_merged_network_has_the_units_of_all_members_and_no_padding():
    merged = merge(shoal_of("softmax", skip=True).population, SHARES)
    assert merged.W1.shape == (sum(WIDTHS), N_X)
    assert merged.b1.shape == (sum(WIDTHS), 1)
    assert merged.W2.shape == (N_Y, sum(WIDTHS))
    assert merged.b2.shape == (N_Y, 1)
    assert merged.W3.shape == (N_Y, N_X)
    assert merge(shoal_of("softmax").population, SHARES).W3 is None


@pytest.mark.parametrize("out", ["squared_error", "gaussian"])
def test_the_mean_of_the_shoal_is_the_mean_of_its_members_in_the_targets_units(out):
    target = TargetScale(np.array([1e6, 0.0, -3.0]), np.array([10.0, 1.0, 0.01]))
    network = shoal_of(out, target=target)
    X, _ = rows("squared_error", M, N_X, N_Y)
    members = predict_members(network, X)
    assert members.shape == (3, M, N_Y)
    np.testing.assert_allclose(predict(network, X), np.tensordot(SHARES, members, 1), rtol=FLOAT64, atol=FLOAT64)


def test_a_member_of_share_zero_changes_nothing():
    networks = shoal_of("softmax").population
    X, _ = rows("squared_error", M, N_X, N_Y)
    W1, b1, W2, b2 = merge(networks, np.array([0.0, 1.0, 0.0]))
    one = member(networks, 1)
    np.testing.assert_allclose(
        W2 @ np.tanh(W1 @ X.T + b1) + b2, one.W2 @ np.tanh(one.W1 @ X.T + one.b1) + one.b2, rtol=FLOAT64, atol=FLOAT64
    )


@pytest.mark.parametrize("skip", SKIP)
@pytest.mark.parametrize("out", ["softmax", "squared_error", "quantile", "poisson"])
@pytest.mark.parametrize("with_ramps", [False, True])
def test_the_folded_network_takes_raw_numbers_and_raw_ramps(out, with_ramps, skip):
    X, _ = rows("squared_error", M, N_X, N_Y)
    X = X * [1.0, 1e3, 1e-3, 5.0] + [0.0, 1e5, 3.0, -7.0]
    encoding = fit_encoding(X, ramps=with_ramps, ramp_scale=0.3)
    assert (encoding.n_ramps > 0) == with_ramps
    linear = out in ("squared_error", "quantile")
    target = TargetScale(np.array([4.0, -2.0, 0.0]), np.array([10.0, 0.1, 1.0])) if linear else None
    network = shoal_of(out, encoding, target, skip)
    p = folded(network)
    raw = np.hstack([X, raw_ramps(X, encoding.edges)])
    Z2 = p.W2 @ np.tanh(p.W1 @ raw.T + p.b1) + p.b2 + skipped(p, raw.T)
    expected = predict(network, X).T if linear else predict_logits(network, X)
    np.testing.assert_allclose(Z2, expected, rtol=FOLDED, atol=FOLDED)


def by_coefs(model, X, activation="relu"):
    """The logits that a reader of `coefs_` and `intercepts_` computes."""
    encoding = model.network_.encoding
    raw = np.hstack([X, raw_ramps(np.asarray(X, float), encoding.edges)])
    assert raw.shape[1] == len(model.encoded_feature_names_) == model.coefs_[0].shape[0]
    past = 0.0 if model.skip_coefs_ is None else raw @ model.skip_coefs_
    return ACTIVATIONS[activation](raw @ model.coefs_[0] + model.intercepts_[0]) @ model.coefs_[1] + model.intercepts_[1] + past


@pytest.mark.parametrize("skip", SKIP)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("loss", ["squared_error", "huber", "absolute_error", "quantile"])
def test_a_regressors_coefs_reproduce_its_predictions(loss, dtype, skip):
    X, Y = rows("squared_error", 120, N_X, 2)
    X, y = X * [1, 10, 100, 1] + [0, 50, -1000, 3], 1000 * Y + 5000
    settings = {"random_state": 0, "n_networks": 3, "hidden_layer_sizes": 8, "max_iter": 5, "dtype": dtype, "skip": skip}
    model = ShoalRegressor(loss, **settings).fit(X, y)
    np.testing.assert_allclose(by_coefs(model, X), model.predict(X), rtol=FOLDED, atol=FOLDED * 5000)
    assert all(w.dtype == np.float64 for w in [*model.coefs_, *model.intercepts_])


def test_a_classifiers_coefs_reproduce_its_probabilities():
    X, Y = rows("softmax", 120, N_X, 3)
    settings = {"random_state": 0, "n_networks": 3, "hidden_layer_sizes": 8, "max_iter": 5, "dtype": "float64"}
    several = ShoalClassifier(**settings).fit(X, Y.argmax(axis=1))
    np.testing.assert_allclose(softmax(by_coefs(several, X), axis=1), several.predict_proba(X), rtol=FOLDED)
    two = ShoalClassifier(**settings).fit(X, Y[:, 0])
    assert two.coefs_[1].shape == (24, 1)
    np.testing.assert_allclose(expit(by_coefs(two, X))[:, 0], two.predict_proba(X)[:, 1], rtol=FOLDED)


def test_the_coefs_of_counts_reproduce_the_expected_counts():
    X, Y = rows("poisson", 120, N_X, 1)
    model = ShoalRegressor("poisson", random_state=0, n_networks=2, hidden_layer_sizes=8, max_iter=5, dtype="float64").fit(X, Y[:, 0])
    np.testing.assert_allclose(np.exp(by_coefs(model, X))[:, 0], model.predict(X), rtol=FOLDED)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_prediction_does_not_depend_on_the_rows_asked_for_with_it(dtype):
    X, Y = rows("squared_error", 120, N_X, 1)
    model = ShoalRegressor(random_state=0, n_networks=3, max_iter=5, dtype=dtype).fit(X, Y[:, 0])
    together = model.predict(X)
    one_by_one = [model.predict(X[i : i + 1])[0] for i in range(0, 120, 7)]
    np.testing.assert_allclose(one_by_one, together[::7], rtol=FLOAT64, atol=FLOAT64)
    np.testing.assert_allclose(model.predict(X[::-1])[::-1], together, rtol=FLOAT64, atol=FLOAT64)
