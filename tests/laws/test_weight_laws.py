"""What the unit of sample weights may change: nothing that a user has not set."""

import numpy as np
import pytest
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier
from sklearn.model_selection import cross_validate
from sklearn.neural_network import MLPClassifier

from sampling import sampled
from shoal import ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.fitting.plan import FULL_BATCH
from shoal.fitting.weights import in_rows, unit_of

SOLVERS = ("adamw", "adam", "sgd", *FULL_BATCH)
SMALL = {"hidden_layer_sizes": 4, "n_networks": 2, "max_iter": 8, "random_state": 0, "dtype": "float64"}


def rows(m=120):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((m, 3))
    y = np.sin(X[:, 0]) + X[:, 1] + 0.3 * rng.standard_normal(m)
    return X, y, rng.uniform(0.3, 2.0, m)


def answers(model):
    """The fitted model's answers, and for numbers how far targets lie from them."""
    X, *_ = rows()
    return model.predict_proba(X) if isinstance(model, ShoalClassifier) else np.c_[model.predict(X, return_std=True)]


# --- what a weight of 1 is ------------------------------------------------------------------------------------------


def test_whole_numbers_count_rows_and_others_are_relative():
    assert unit_of(None) == unit_of(np.array([1.0, 1.0])) == unit_of(np.array([0.0, 2.0, 5.0])) == 1.0
    assert unit_of(np.array([0.5, 1.5, 0.0])) == 1.0  # of those above 0 the mean is 1
    assert unit_of(np.full(400, 1 / 400)) == pytest.approx(1 / 400)
    assert unit_of(np.array([1e308, 1.5e308, 0.5])) == pytest.approx(1e308 / 1.2)
    weight = np.array([0.1, 0.2, 0.0])
    np.testing.assert_allclose(in_rows(weight)[0], [2 / 3, 4 / 3, 0])
    rounding = np.array([0.1, 0.7, 2.2]) / np.mean([0.1, 0.7, 2.2])
    assert in_rows(rounding)[0] is rounding


# --- what is not set does not hang on the unit ----------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", [ShoalClassifier, ShoalRegressor])
def test_the_unit_of_the_weights_changes_no_fit(kind, solver):
    X, y, weight = rows()
    target = (y > 0).astype(int) if kind is ShoalClassifier else y
    first = kind(**SMALL, solver=solver).fit(X, target, weight / weight.sum())
    for unit in (2.0**-20, 2.0**40):
        other = kind(**SMALL, solver=solver).fit(X, target, weight * unit)
        np.testing.assert_allclose(other.loss_curve_, first.loss_curve_, rtol=1e-6)
        np.testing.assert_allclose(answers(other), answers(first), rtol=1e-6, atol=1e-9)
    equal = kind(**SMALL, solver=solver).fit(X, target, np.full(len(y), 1 / len(y)))
    np.testing.assert_allclose(equal.loss_curve_, kind(**SMALL, solver=solver).fit(X, target).loss_curve_, rtol=1e-6)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["lbfgs", "lm", "rprop", "adam"])
def test_whole_weights_are_repeated_rows(solver):
    X, y, _ = rows(60)
    times = np.arange(60) % 4
    settings = SMALL | {"solver": solver, "early_stopping": False, "batch_size": 1000, "shuffle": False, "ramps": False, "dropout": 0.0}
    weighted = ShoalRegressor(**settings).fit(X, y, times)
    repeated = ShoalRegressor(**settings).fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-6, atol=1e-8)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_alpha_that_is_set_stands_against_the_total_weight_as_given():
    X, y, weight = rows()
    settings = SMALL | {"solver": "lbfgs", "early_stopping": False, "max_iter": 300, "ramps": False}
    one = ShoalRegressor(**settings, alpha=0.5).fit(X, y, weight)
    other = ShoalRegressor(**settings, alpha=0.5 / 64).fit(X, y, weight / 64)
    np.testing.assert_allclose(one.predict(X), other.predict(X), rtol=1e-6, atol=1e-8)
    heavier = ShoalRegressor(**settings, alpha=0.5).fit(X, y, weight / 64)
    assert np.square(heavier.coefs_[1]).sum() < np.square(one.coefs_[1]).sum()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_pieces_and_candidates_have_the_same_unit():
    X, y, weight = rows()
    light, heavy = (ShoalRegressor(**SMALL | {"max_iter": 3}, solver="sgd") for _ in range(2))
    for _ in range(3):
        light.partial_fit(X, y, weight / weight.sum())
        heavy.partial_fit(X, y, weight * 1e3)
    np.testing.assert_allclose(light.predict(X), heavy.predict(X), rtol=1e-9)
    for solver in ("adam", "lbfgs"):
        grid = {"alpha": ["auto", 0.3], "learning_rate_init": [0.01]}
        searches = [ShoalSearchCV(ShoalRegressor(**SMALL, solver=solver), grid, cv=2, refit=False) for _ in range(2)]
        first, second = (
            s.fit(X, y, sample_weight=w).cv_results_["mean_test_score"] for s, w in zip(searches, (weight, weight / 4), strict=True)
        )
        assert first[0] == pytest.approx(second[0], rel=1e-6)
        assert first[1] != pytest.approx(second[1], rel=1e-6)  # an alpha that is set is obeyed


# --- scikit-learn's own ways of weighing ----------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", sampled(["adamw", "lm"], SOLVERS))
def test_boosting_and_weighted_folds_learn_with_every_solver(solver):
    X, y, weight = rows()
    labels = np.where(y > 0, "yes", "no")
    model = ShoalClassifier(6, solver=solver, n_networks=1, random_state=0)
    if solver in FULL_BATCH:
        model.set_params(max_iter=25)
    theirs = MLPClassifier(6, solver="lbfgs", max_iter=25, random_state=0)
    boosted = [AdaBoostClassifier(m, n_estimators=2, random_state=0).fit(X, labels).score(X, labels) for m in (model, theirs)]
    assert boosted[0] > boosted[1] - 0.12
    folds = cross_validate(model, X, labels, params={"sample_weight": weight / weight.sum()}, cv=2)
    assert folds["test_score"].mean() > 0.75
    assert BaggingClassifier(model, 2, random_state=0).fit(X, labels, weight / weight.sum()).score(X, labels) > 0.75
