"""Standard deviations: from rows held out, in the target's units, and where the networks disagree larger."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

from shoal.errors import DataError, UncalibratedWarning
from shoal.estimators.regressor import ShoalRegressor
from shoal.fitting.calibration import optimism
from shoal.network import encoded
from shoal.textbook.losses import make_loss
from shoal.uncertainty.answers import Answers, Held, answers, spread, spread_within
from shoal.uncertainty.noise import Residuals, bins_of, learned_apart, of_target, own_variance, variance_model

QUICK = {"n_networks": 4, "hidden_layer_sizes": 16, "random_state": 0}
NOISE = 0.3


def line(m=1500, noise=NOISE, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (m, 2))
    return X, X @ [1.0, -2.0] + noise * rng.standard_normal(m)


@pytest.fixture(scope="module")
def fitted():
    return ShoalRegressor(**QUICK).fit(*line())


def test_the_noise_of_a_line_is_found(fitted):
    X, y = line(seed=1)
    mean, std = fitted.predict(X, return_std=True)
    np.testing.assert_array_equal(mean, fitted.predict(X))
    assert fitted.network_.noise.source == "held-out rows"
    # A standard deviation of the 750 rows or so that were judged is known to 1/√1500 = 3 %; the networks add little to it.
    assert np.median(std) == pytest.approx(NOISE, rel=0.1)
    assert np.mean(((y - mean) / std) ** 2) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize(("factor", "shift"), [(1000, 0), (1e-3, 5)])
def test_standard_deviations_are_in_the_targets_units(fitted, factor, shift):
    X, y = line()
    other = ShoalRegressor(**QUICK).fit(X, factor * y + shift)
    # float32 weights: the same network to about six digits, and a share of the variance out of a grid of twenty
    np.testing.assert_allclose(other.predict(X, return_std=True)[1], factor * fitted.predict(X, return_std=True)[1], rtol=0.02)


def test_it_is_larger_where_the_noise_is():
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 1, (2000, 1))
    y = 3 * X[:, 0] + (0.1 + X[:, 0]) * rng.standard_normal(2000)
    std = ShoalRegressor(**QUICK).fit(X, y).predict(np.array([[0.05], [0.95]]), return_std=True)[1]
    assert std[1] > 2 * std[0]  # 7 times, smoothed over pieces of a fifth of the rows and mixed with the overall noise


def test_a_gaussian_output_gives_the_mixture_of_its_members():
    X, y = line(400)
    model = ShoalRegressor("gaussian", **QUICK, max_iter=20).fit(X, y)
    network = model.network_
    said = answers(network, encoded(network, X))
    w = network.shares[:, None]
    mean = np.sum(w * said.values[:, :, 0], axis=0)
    variance = np.sum(w * (said.variances[:, :, 0] + said.values[:, :, 0] ** 2), axis=0) - mean**2
    found = model.predict(X, return_std=True)
    # The same two sums in float64; the members' logits are in float32 both times, and the mean is the merged network's.
    np.testing.assert_allclose(found[0], mean, atol=1e-5)
    np.testing.assert_allclose(found[1], np.sqrt(variance), rtol=1e-5)


def test_spread_of_equal_shares_is_the_sample_variance():
    values = np.random.default_rng(0).standard_normal((5, 7, 2))
    np.testing.assert_allclose(spread(values, np.full((5, 7), 0.2)), values.var(axis=0, ddof=1), rtol=1e-12)
    one = np.zeros((5, 7))
    one[2] = 1.0
    np.testing.assert_array_equal(spread(values, one), 0.0)


def test_rows_held_out_by_two_show_what_averaging_takes_away():
    K, m, S, tau2 = 5, 20_000, 1.0, 0.5
    rng = np.random.default_rng(0)
    own = np.arange(m) % K
    out = own == np.arange(K)[:, None]
    pairs = rng.random(m) < 0.2
    out |= pairs & (own == (np.arange(K)[:, None] - 1) % K)
    noise = np.sqrt(S) * rng.standard_normal(m)
    kappa = np.where(rng.random(m) < 0.5, 0.9, 0.0)  # networks learn half of the rows nearly by heart, and of the others nothing
    values = np.sqrt(tau2) * rng.standard_normal((K, m)) + np.where(out, 0.0, kappa * noise)
    said = Answers(values[:, None], values[:, :, None], None)
    network = SimpleNamespace(
        shares=np.full(K, 1 / K),
        population=SimpleNamespace(inputs=np.ones((K, 1), bool)),
        g2=make_loss("squared_error"),
        output="squared_error",
        target=None,
    )
    a = 0.8 + 0.2 / 2
    for chosen, tolerance in ((out, 0.01), (own == np.arange(K)[:, None], 0.1)):
        averaging = of_target(network, Held(None, noise[:, None], np.ones(m), chosen), said, 0)[5]
        weight = a if chosen is out else 1.0
        right = (S + tau2 / K) / (S + weight * tau2)
        assert averaging == pytest.approx(right, abs=tolerance)
    assert not learned_apart(network, np.vstack([out[:4], out[3]]))  # two that learned from the same rows differ by too little
    assert abs(averaging - right) > 0.05  # without pairs it is a guess: networks do not lean to all rows alike


@pytest.mark.parametrize(("S", "tau2", "kappa"), [(1.0, 0.3, 0.0), (1.0, 0.3, 0.4), (0.1, 1.0, 0.2), (1.0, 0.0, 0.3)])
def test_the_own_variance_of_a_network_is_told_from_what_it_learned_by_heart(S, tau2, kappa):
    rng = np.random.default_rng(0)
    m = 200_000
    noise, own = np.sqrt(S) * rng.standard_normal(m), np.sqrt(tau2) * rng.standard_normal(m)
    r, d = noise - own, own - kappa * noise  # held-out residual; held-out prediction minus that of those who lean to the target
    found = own_variance(np.mean(r**2), np.mean(-r * d), np.mean(d**2))
    assert found == pytest.approx(tau2, abs=0.02 * (S + tau2))  # moments of 200,000 rows are known to √(2/m) = 0.3 %


def test_what_sets_kinds_apart_does_not_average_away():
    X, y = line(300)
    network = ShoalRegressor(**QUICK, max_iter=5).fit(X, y).network_  # two with ramps, two without
    values = np.zeros((4, 3, 1))
    values[2:] = 5.0
    weights = np.full((4, 3), 0.25)
    assert spread(values, weights).min() > 5
    np.testing.assert_array_equal(spread_within(network, values, weights), np.zeros((2, 3, 1)))
    values[1] += 2.0  # among those with ramps a sample variance of 2, among the others 0
    np.testing.assert_allclose(np.sort(spread_within(network, values, weights)[:, :, 0], axis=0), [[0.0] * 3, [2.0] * 3])
    weights[[1, 2]] = 0.0  # one of each kind is left
    assert np.isnan(spread_within(network, values, 2 * weights)).all()


def test_each_kind_takes_away_what_its_own_members_stray():
    rng = np.random.default_rng(0)
    K, m, tau2, shares = 4, 20_000, np.array([4.0, 0.25]), np.array([0.05, 0.45])  # the kind that strays most counts least
    kinds = np.repeat([0, 1], K)
    out = (np.arange(m) % K == np.arange(K)[:, None]) | (((np.arange(m) + 1) % K == np.arange(K)[:, None]) & (rng.random(m) < 0.2))
    out = np.vstack([out, out])
    noise = rng.standard_normal(m)
    values = np.sqrt(tau2)[kinds][:, None] * rng.standard_normal((2 * K, m))
    network = SimpleNamespace(
        shares=np.repeat(shares, K) / (K * shares.sum()),
        population=SimpleNamespace(inputs=np.array([[True, True]] * K + [[True, False]] * K)),
        activation=None,
        g2=make_loss("squared_error"),
        output="squared_error",
        target=None,
    )
    said = Answers(values[:, None], values[:, :, None], None)
    averaging = of_target(network, Held(None, noise[:, None], np.ones(m), out), said, 0)[5]
    new = noise - network.shares @ values
    weights = network.shares[:, None] * out / (network.shares @ out)
    old = noise - np.sum(weights * values, axis=0)
    # Ratios of means of 20,000 squares: √(2 · 2 / m) = 1.4 %. One τ² for both kinds would say 0.4.
    assert averaging == pytest.approx(np.mean(new**2) / np.mean(old**2), abs=0.03)


@pytest.mark.parametrize("output", ["squared_error", "gaussian"])
def test_what_the_best_epoch_hides_is_read_off_the_other_networks_curves(output):
    curves = np.array([[4.0, 5, 4], [2, 4, 3], [3, 2, 2], [3, 3, np.nan]])  # best at epochs 1, 2, 2; the last has stopped
    out = np.eye(3, dtype=bool)
    network = SimpleNamespace(
        history={"validation_loss": curves},
        output=output,
        g2=make_loss(output),
        shares=np.full(3, 1 / 3),
        population=SimpleNamespace(inputs=np.ones((3, 1), bool)),
    )
    # The sums of the others are least at epoch 2 for network 0, at epoch 1 for network 1 (2 + 3 = 3 + 2, the first) and at 2 for the last.
    right = (3 + 4 + 2) / (2 + 2 + 2) if output == "squared_error" else 1.0
    assert optimism(network, Held(None, np.zeros((3, 1)), np.ones(3), out)) == pytest.approx(right)
    assert optimism(network, Held(None, np.zeros((3, 1)), np.ones(3), np.ones((3, 3), bool))) == 1.0  # rows that choose for all


@pytest.mark.parametrize(("follows", "m", "found"), [(True, 2000, True), (False, 2000, False), (True, 150, False)])
def test_the_variance_follows_the_spread_where_many_rows_show_it(follows, m, found):
    rng = np.random.default_rng(3)
    spreads = rng.chisquare(3, m) / 3
    residual = np.sqrt(spreads if follows else np.ones(m)) * rng.standard_t(5, m)
    share = variance_model(Residuals(rng.standard_normal(m), residual, np.ones(m), spreads), 1.0, 1e-12)[2]
    assert (share > 0.3) == found
    assert m > 200 or share == 0.0


def test_pieces_are_mixed_with_the_overall_variance_and_never_zero():
    predicted = np.arange(400.0)
    at, variance = bins_of(predicted, np.where(predicted < 200, 0.0, 4.0), np.ones(400), 1e-12)
    assert len(at) == 5
    assert variance[0] == pytest.approx(60 * 2 / (80 + 60))  # 80 rows without any noise, 60 of the overall 2
    assert np.all(np.diff(variance) >= 0)
    at, variance = bins_of(predicted[:50], np.zeros(50), np.ones(50), 1e-12)
    np.testing.assert_array_equal(variance, [1e-12])


def test_rows_beyond_the_data_are_less_certain(fitted):
    std = fitted.predict(np.array([[0.0, 0.0], [20.0, 20.0]]), return_std=True)[1]
    assert std[1] >= std[0] > 0


def test_where_no_row_was_held_out_a_warning_says_so():
    X, y = line(80)
    model = ShoalRegressor(**QUICK, max_iter=50, early_stopping=False).fit(X, y)
    assert model.network_.noise.source == "training rows"
    with pytest.warns(UncalibratedWarning, match="too small; fit with early_stopping=True"):
        std = model.predict(X, return_std=True)[1]
    assert np.all(std > 0)


def test_rows_of_the_users_own_show_the_noise():
    X, y = line(60)
    model = ShoalRegressor(**QUICK).fit(X, y, X_val=line(500, seed=2)[0], y_val=line(500, seed=2)[1])
    assert model.network_.noise.source == "held-out rows"
    assert np.median(model.predict(X, return_std=True)[1]) > 0.9 * NOISE


def test_the_evidence_states_the_noise_of_few_rows():
    X, y = line(60)
    model = ShoalRegressor(solver="bayes", hidden_layer_sizes=4, n_networks=2, random_state=0).fit(X, y)
    noise = model.network_.noise
    assert noise.source == "evidence"
    std = model.predict(X, return_std=True)[1]
    scaled = 1 / np.sqrt(model.evidence_["beta"].mean()) * model.network_.target.scale[0]
    # σ² is the same sum of squares over N − γ as 1/β, of all members together; their spread comes on top.
    assert scaled * 0.98 < std.min() < scaled * 1.3


def test_a_perfect_fit_leaves_a_little_doubt():
    X = np.linspace(-1, 1, 200)[:, None]
    std = ShoalRegressor(**QUICK).fit(X, np.full(200, 3.0)).predict(X, return_std=True)[1]
    assert np.all(np.isfinite(std))
    assert np.all(std > 0)


@pytest.mark.parametrize("loss", ["squared_error", "huber", "absolute_error", "poisson", "gaussian"])
def test_every_loss_that_states_a_mean_has_a_deviation_for_every_target(loss):
    X, y = line(300)
    Y = np.column_stack([y - y.min(), 10 * (y.max() - y)])
    model = ShoalRegressor(loss, **QUICK, max_iter=20).fit(sparse.csr_array(X), Y)
    mean, std = model.predict(sparse.csr_array(X), return_std=True)
    assert mean.shape == std.shape == Y.shape
    assert np.all(std > 0)
    assert np.mean(std[:, 1]) > 3 * np.mean(std[:, 0])  # ten times in the data


def test_one_quantile_has_no_deviation():
    X, y = line(120)
    with pytest.raises(DataError, match="its loss predicts one quantile"):
        ShoalRegressor("quantile", **QUICK, max_iter=2).fit(X, y).predict(X, return_std=True)


def test_rows_that_come_in_pieces_have_a_deviation_too():
    X, y = line(300)
    model = ShoalRegressor(**QUICK).partial_fit(X, y).partial_fit(X + 5, y)
    assert model.network_.noise.source == "training rows"
    np.testing.assert_array_equal(model.network_.highest, X.max(axis=0) + 5)
    np.testing.assert_array_equal(model.network_.lowest, X.min(axis=0))
