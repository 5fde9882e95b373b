"""Bayesian regularization: the evidence against a dense reference, laws of γ, and what the data alone decide."""

import warnings

import numpy as np
import pytest

from problems import logits_of, rows
from shoal import ShoalClassifier, SlowFitWarning
from shoal.engine.layout import split
from shoal.engine.sums import flat
from shoal.fitting import step_costs, train
from shoal.population import stack
from shoal.recipe import Recipe
from shoal.textbook import make_loss
from shoal.textbook.initialization import unit_variance
from shoal.training.full_batch import FullBatch
from shoal.training.rows import in_memory
from shoal.training.solvers.bayes import LARGEST_BETA, inverse_diagonal

M, N_X = 80, 2
LIKELIHOODS = ["squared_error", "sigmoid", "softmax", "poisson"]


def noisy(noise, m=M, seed=0):
    """A sine with noise of this standard deviation."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (m, N_X))
    return X, np.sin(1.5 * X[:, :1]) + noise * rng.standard_normal((m, 1))


def run_of(out="squared_error", data=None, *, n_h=6, K=3, steps=150, weight=None, seed=0):
    X, Y = rows(out, M, N_X, 2) if data is None else data
    networks = stack([unit_variance(np.random.default_rng(seed + k), N_X, n_h, logits_of(out, Y.shape[1]), N_X) for k in range(K)])
    return FullBatch(
        Recipe(activation="tanh", max_epochs=steps, tol=1e-6), networks, make_loss(out), in_memory(X, Y, K, weight), solver="bayes"
    )


@pytest.fixture(scope="module")
def fitted():
    run = run_of(data=noisy(0.2))
    list(run)
    return run, run.result()


@pytest.mark.parametrize("out", LIKELIHOODS)
def test_evidence_and_gamma_are_those_of_the_dense_formulas(out):
    run = run_of(out, steps=20)
    list(run)
    trained = run.result()
    evidence, prior = trained.evidence, run.now.at.known
    (block,) = split(trained.population, np.dtype(np.float64))
    found, theta, N = run.method.sums(block), flat(block.parameters), M * 2
    groups = np.repeat(np.arange(4), [w[0].size for w in block.parameters])
    for k in range(3):
        alpha, beta = evidence.alpha[k][groups], evidence.beta[k]
        A = beta * found.JTJ[k] + np.diag(alpha)
        gamma = len(alpha) - np.sum(alpha * np.diag(np.linalg.inv(A)))
        assert evidence.gamma[k] == pytest.approx(gamma, rel=1e-6)
        log_evidence = -beta * found.loss[k] - np.sum(alpha * theta[k] ** 2) / 2
        log_evidence += np.sum(np.log(alpha)) / 2 - np.linalg.slogdet(A)[1] / 2
        if out == "squared_error":
            log_evidence += N / 2 * np.log(beta / (2 * np.pi))
        assert evidence.log_evidence[k] == pytest.approx(log_evidence, rel=1e-9, abs=1e-6)
    assert np.all(prior.beta == 1) == (out != "squared_error")


def test_the_evidence_of_a_linear_model_is_its_gaussian_integral():
    """Networks whose hidden layer is fixed are linear in W2 and b2: there the evidence is exact, the density of y itself."""
    run = run_of(data=noisy(0.2), K=1, steps=3)
    list(run)
    (block,) = split(run.population, np.dtype(np.float64))
    found = run.method.sums(block)
    prior = run.now.at.known
    prior.alpha[0, :2] = 1e14  # W1 and b1 cannot move …
    for name in ("W1", "b1"):
        getattr(block.parameters, name)[:] = 0.0  # … from 0, where tanh is 0 too, so that b2 alone is left
    block.parameters.W2[:] = 0.0
    alpha, beta = prior.alpha[0], prior.beta[0]
    y = run.objective.rows.Y[:, 0]
    block.parameters.b2[:] = beta * y.sum() / (beta * M + alpha[3])
    found = run.method.sums(block)
    covariance = np.eye(M) / beta + 1 / alpha[3]
    exact = -(y @ np.linalg.solve(covariance, y) + np.linalg.slogdet(2 * np.pi * covariance)[1]) / 2
    assert run.method.prior.findings(prior, block, found).log_evidence[0] == pytest.approx(exact, rel=1e-9)


def test_gamma_lies_between_0_and_the_number_of_parameters(fitted):
    _, trained = fitted
    evidence = trained.evidence
    assert evidence.n_parameters.tolist() == [6 * (N_X + 2) + 1] * 3
    assert np.all((evidence.gamma > 1) & (evidence.gamma < evidence.n_parameters))
    assert evidence.alpha.shape == (3, 4)  # W1, b1, W2, b2


@pytest.mark.parametrize("noise", [0.05, 0.2, 0.6])
def test_the_noise_is_found_from_the_data_without_validation_rows(noise):
    run = run_of(data=noisy(noise, 300))
    list(run)
    found = 1 / np.sqrt(run.result().evidence.beta)
    np.testing.assert_allclose(found, noise, rtol=0.15)  # 300 rows: a standard deviation is known to 4 %, twice over for the model's share


def test_a_shuffled_target_leaves_almost_nothing_determined():
    X, Y = noisy(0.1)
    Y = Y - Y.mean()  # as estimators hand it over
    run = run_of(data=(X, np.random.default_rng(1).permutation(Y)))
    list(run)
    trained = run.result()
    assert np.all(trained.evidence.gamma < 8)  # of 25 parameters
    learned = run_of(data=(X, Y))
    list(learned)
    assert trained.evidence.log_evidence.max() < learned.result().evidence.log_evidence.min() - 50


@pytest.mark.parametrize("out", ["squared_error", "softmax"])
def test_the_rows_twice_are_what_a_weight_of_two_is(out):
    X, Y = rows(out, 30, N_X, 2)
    weighted, repeated = (
        run_of(out, (X, Y), weight=np.full(30, 2.0), steps=15),
        run_of(out, (np.tile(X, (2, 1)), np.tile(Y, (2, 1))), steps=15),
    )
    list(weighted), list(repeated)
    one, two = weighted.result(), repeated.result()
    np.testing.assert_allclose(flat(one.population.parameters), flat(two.population.parameters), rtol=1e-6, atol=1e-8)
    for name in ("alpha", "beta", "gamma", "log_evidence"):
        np.testing.assert_allclose(getattr(one.evidence, name), getattr(two.evidence, name), rtol=1e-6)


def test_a_perfect_fit_ends_with_the_largest_precision_of_the_noise_and_no_nan():
    X, _ = noisy(0.0)
    run = run_of(data=(X, 0.5 * X[:, :1]), steps=300)
    list(run)
    evidence = run.result().evidence
    assert np.all(evidence.beta > 1e6)
    assert np.all(evidence.beta <= LARGEST_BETA)
    assert np.isfinite(evidence.log_evidence).all()


def test_padding_takes_no_part_in_the_evidence():
    X, Y = noisy(0.2)
    narrow = unit_variance(np.random.default_rng(0), N_X, 3, 1, N_X)
    wide = unit_variance(np.random.default_rng(1), N_X, 8, 1, N_X)
    results = []
    for networks in ([narrow], [narrow, wide]):
        recipe = Recipe(activation="tanh", max_epochs=12, tol=1e-6)
        run = FullBatch(recipe, stack(networks), make_loss("squared_error"), in_memory(X, Y, len(networks)), solver="bayes")
        list(run)
        results.append(run.result().evidence)
    alone, beside = results
    assert beside.n_parameters.tolist() == [3 * (N_X + 2) + 1, 8 * (N_X + 2) + 1]
    for name in ("beta", "gamma", "log_evidence"):
        np.testing.assert_allclose(getattr(beside, name)[0], getattr(alone, name)[0], rtol=1e-6)


def test_a_run_that_goes_on_keeps_what_it_learned():
    first = run_of(data=noisy(0.2), steps=30)
    list(first)
    o = first.objective
    second = FullBatch(Recipe(activation="tanh", max_epochs=1, tol=1e-6), first.result().population, first.g2, o.rows, solver="bayes")
    before = first.now.at.known.beta.copy()
    second.resume(first.carry(), first.rows)
    list(second)
    np.testing.assert_allclose(second.now.at.known.beta, before, rtol=0.05)


def test_the_inverse_diagonal_survives_an_indefinite_matrix():
    good = np.array([[2.0, 0.5], [0.5, 1.0]])
    diagonal, log_det = inverse_diagonal(np.stack([good, good - 5 * np.eye(2)]), np.full((2, 2), 0.1))
    np.testing.assert_allclose(diagonal[0], np.diag(np.linalg.inv(good + 0.1 * np.eye(2))))
    assert log_det[0] == pytest.approx(np.linalg.slogdet(good + 0.1 * np.eye(2))[1])
    assert np.isfinite(diagonal[1]).all()
    assert np.isfinite(log_det[1])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"solver": "bayes"},
            "2, 4, 8, 16, 32, 64 hidden units, one width after the other, of up to 2,049 parameters, may take up to 35 minutes",
        ),
        ({"solver": "bayes", "hidden_layer_sizes": 64}, "may take up to 29 minutes"),
        ({"solver": "bayes", "hidden_layer_sizes": 8}, ""),
        ({"solver": "bayes", "hidden_layer_sizes": 64, "max_time": 30.0}, ""),
        ({"solver": "lm"}, ""),
    ],
)
def test_steps_that_may_take_minutes_are_announced_before_the_first_with_what_takes_less(given, words, monkeypatch):
    X = np.random.default_rng(0).normal(size=(569, 30))

    def no_step(*arguments, **named):
        raise InterruptedError

    monkeypatch.setattr(train, "FullBatch", no_step)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(InterruptedError):
            ShoalClassifier(random_state=0, **given).fit(X, X[:, 0] > 0)
    slow = [str(each.message) for each in seen if issubclass(each.category, SlowFitWarning)]
    assert len(slow) == bool(words)
    assert all(words in each and "hidden_layer_sizes=16 takes less than a minute" in each for each in slow)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_widths_are_announced_once(monkeypatch):
    monkeypatch.setattr(step_costs, "WORTH_SAYING", 0.0)
    X = np.random.default_rng(0).normal(size=(40, 3))
    with pytest.warns(SlowFitWarning) as seen:
        ShoalClassifier(solver="bayes", n_networks=1, max_iter=1, random_state=0).fit(X, X[:, 0] > 0)
    assert len([each for each in seen.list if each.category is SlowFitWarning]) == 1
