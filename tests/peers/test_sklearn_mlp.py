"""E3: from the same initial weights, over the same rows in the same order, the loss curve is scikit-learn's."""

import warnings
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import xlogy
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils import shuffle

from shoal.population import member, stack
from shoal.recipe import Recipe, momentum_rule
from shoal.textbook import Adam, Parameters, make_loss
from shoal.training.minibatch import Run

SAME_CURVE = 1e-6  # the design's; what is left is rounding, and scikit-learn's clipping of probabilities at 1e-16
M, N_X, N_H, SEED = 70, 4, 6, 5


class Remembering:
    """A scikit-learn network that keeps the weights it began with."""

    def _init_coef(self, fan_in, fan_out, dtype):
        drawn = super()._init_coef(fan_in, fan_out, dtype)
        self.__dict__.setdefault("first_", []).append(tuple(w.copy() for w in drawn))
        return drawn


class Classifier(Remembering, MLPClassifier):
    pass


class Regressor(Remembering, MLPRegressor):
    pass


def first_parameters(mlp) -> Parameters:
    """Its initial weights in the chapter's shapes."""
    (W1, b1), (W2, b2) = mlp.first_
    return Parameters(W1.T, b1[:, None], W2.T, b2[:, None])


def orders_of(mlp):
    """Its row orders, of epochs that are asked for one after the other."""
    orders = shuffled_again(mlp)
    return lambda epochs: np.concatenate([next(orders) for _ in epochs])


def shuffled_again(mlp):
    """The same stream, past the same draws of initial weights, shuffled again and again."""
    rng = np.random.RandomState(SEED)
    for coef, intercept in mlp.first_:
        rng.uniform(size=coef.shape)
        rng.uniform(size=intercept.shape)
    order = np.arange(M)
    while True:
        if mlp.shuffle:
            order = shuffle(order, random_state=rng)
        yield order


def problem(kind):
    """Rows, scikit-learn's target, ours, the output unit and the class of the peer."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((M, N_X))
    score = X @ rng.standard_normal((N_X, 3)) + 0.5 * rng.standard_normal((M, 3))
    if kind == "binary":
        y = (score[:, 0] > 0).astype(int)
        return X, y, y[:, None].astype(float), "sigmoid", Classifier
    if kind == "multiclass":
        y = score.argmax(axis=1)
        return X, y, np.eye(3)[y], "softmax", Classifier
    if kind == "multilabel":
        y = (score > 0).astype(int)
        return X, y, y.astype(float), "sigmoid", Classifier
    if kind == "poisson":
        y = rng.poisson(np.exp(0.5 * score[:, 0])).astype(float)
        return X, y, y[:, None], "poisson", partial(Regressor, loss="poisson")
    y = np.sin(score[:, 0])
    return X, y, y[:, None], "squared_error", Regressor


def compare(kind, *, activation="tanh", solver="adam", alpha=0.0, batch_size=16, epochs=12, weight=None, rule=None, tol=None, **settings):
    """Train both; returns their loss curves, ours as (events, curve), and checks that the weights agree too."""
    X, y, Y, out, peer = problem(kind)
    rate = settings.pop("learning_rate_init", 0.01)
    schedule = settings.get("learning_rate", "constant")
    patience = settings.get("n_iter_no_change", epochs)
    shared = {"activation": activation, "batch_size": batch_size, "tol": tol or 0.0}
    theirs = {"solver": solver, "alpha": alpha, "max_iter": epochs, "learning_rate_init": rate, "n_iter_no_change": patience, **settings}
    mlp = peer(hidden_layer_sizes=(N_H,), random_state=SEED, **shared, **theirs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mlp.fit(X, y, weight)
    own = {"rule": rule or Adam(), "lam": alpha, "max_epochs": epochs, "patience": patience, "shuffle": settings.get("shuffle", True)}
    recipe = Recipe(**shared, **own, learning_rate=rate, schedule=schedule, power_t=settings.get("power_t", 0.5))
    run = Run(recipe, stack([first_parameters(mlp)]), make_loss(out), X, Y, weight=weight, orders=orders_of(mlp))
    events = list(run)
    # Of a Poisson loss scikit-learn subtracts y − y ln y, which no weight can change.
    apart = np.mean(y - xlogy(y, y)) if kind == "poisson" else 0.0
    np.testing.assert_allclose([e.loss[0] - apart for e in events], mlp.loss_curve_, rtol=SAME_CURVE)
    ours = member(run.result().population, 0)
    for mine, theirs in zip((ours.W1, ours.W2), mlp.coefs_, strict=True):
        np.testing.assert_allclose(mine, theirs.T, rtol=SAME_CURVE, atol=SAME_CURVE)
    for mine, theirs in zip((ours.b1, ours.b2), mlp.intercepts_, strict=True):
        np.testing.assert_allclose(mine[:, 0], theirs, rtol=SAME_CURVE, atol=SAME_CURVE)
    return events, mlp


KINDS = ("binary", "multiclass", "multilabel", "regression")
DESCENTS = {
    "plain": (momentum_rule(0.0, False), {"momentum": 0.0, "nesterovs_momentum": False}),
    "momentum": (momentum_rule(0.9, False), {"momentum": 0.9, "nesterovs_momentum": False}),
    "nesterov": (momentum_rule(0.9, True), {"momentum": 0.9, "nesterovs_momentum": True}),
}


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("kind", KINDS)
def test_adam_on_minibatches_has_the_same_curve_with_every_activation(kind, activation):
    events, _ = compare(kind, activation=activation)  # 70 rows: four batches of 16 and a smaller one of 6
    assert events[-1].loss[0] < events[0].loss[0]


@pytest.mark.parametrize("descent", DESCENTS)
@pytest.mark.parametrize("kind", KINDS)
def test_gradient_descent_with_and_without_momentum_has_the_same_curve(kind, descent):
    rule, settings = DESCENTS[descent]
    compare(kind, solver="sgd", rule=rule, **settings)


@pytest.mark.parametrize("kind", KINDS)
def test_the_penalty_is_the_same_on_full_batches(kind):
    events, _ = compare(kind, alpha=0.7, batch_size=M)
    without, _ = compare(kind, alpha=0.0, batch_size=M)
    assert events[0].loss[0] > without[0].loss[0]


@pytest.mark.parametrize("batch_size", [M, 16])
@pytest.mark.parametrize("kind", KINDS)
def test_sample_weights_have_the_same_effect(kind, batch_size):
    weight = np.random.default_rng(1).uniform(0.2, 3, M)
    compare(kind, weight=weight, batch_size=batch_size, alpha=0.3 if batch_size == M else 0.0)


def test_counts_have_the_same_curve():
    compare("poisson")


def test_rows_in_their_own_order_are_read_in_their_own_order():
    compare("regression", shuffle=False)


def test_the_inverse_scaling_of_the_learning_rate_is_the_same():
    rule, settings = DESCENTS["nesterov"]
    events, mlp = compare("binary", solver="sgd", rule=rule, learning_rate="invscaling", power_t=0.3, learning_rate_init=0.5, **settings)
    assert events[-1].learning_rate[0] == pytest.approx(0.5 / (11 * M + 1) ** 0.3)
    assert mlp._optimizer.learning_rate == pytest.approx(0.5 / (12 * M + 1) ** 0.3)  # after its last epoch, lowered once more


def test_the_adaptive_learning_rate_falls_when_theirs_does_and_ends_training_when_theirs_does():
    rule, settings = momentum_rule(0.0, False), dict(DESCENTS["plain"][1])
    settings |= {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 2.0, "n_iter_no_change": 2}
    events, mlp = compare("binary", rule=rule, epochs=80, tol=0.02, **settings)
    rates = [e.learning_rate[0] for e in events]
    assert {round(before / after, 6) for before, after in pairwise(rates)} == {1.0, 5.0}
    assert len(events) == mlp.n_iter_ < 80
    assert rates[-1] <= 1e-6


def test_training_ends_after_the_same_number_of_epochs_without_improvement():
    events, mlp = compare("regression", tol=0.01, n_iter_no_change=3, epochs=100)
    assert len(events) == mlp.n_iter_ < 100
