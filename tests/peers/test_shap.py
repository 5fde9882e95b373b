"""SHAP explains our estimators' predictions: its values add up, and are Shapley's by the definition."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest

from shoal import ShoalClassifier, ShoalRegressor

shap = pytest.importorskip("shap", reason="SHAP is not installed: pip install shap (0.51 was compared)")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # few epochs settle nothing
QUICK = {"n_networks": 2, "hidden_layer_sizes": 4, "max_iter": 20, "dtype": "float64", "random_state": 0}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
Y = X @ [1.0, 2.0, -1.0] + 0.5 * X[:, 0] * X[:, 1]
BEHIND, ROWS = X[:10], X[20:23]


def shapley(predict, row):
    """Shapley's values by their definition: the other inputs of a row are those of every row behind it in turn."""

    def value(known):
        rows = BEHIND.copy()
        rows[:, list(known)] = row[list(known)]
        return predict(rows).mean()

    n, found = len(row), np.zeros(len(row))
    for j in range(n):
        rest = [i for i in range(n) if i != j]
        for size in range(n):
            weight = factorial(size) * factorial(n - size - 1) / factorial(n)
            found[j] += weight * sum(value((*some, j)) - value(some) for some in combinations(rest, size))
    return found


@pytest.fixture(scope="module")
def regressor():
    return ShoalRegressor(**QUICK).fit(X, Y)


@pytest.mark.parametrize("explainer", [shap.Explainer, shap.ExactExplainer, shap.PermutationExplainer])
def test_values_add_up_to_the_prediction_and_are_shapley_s(regressor, explainer):
    found = (
        explainer(regressor.predict, BEHIND, seed=0)(ROWS)
        if explainer is not shap.ExactExplainer
        else explainer(regressor.predict, BEHIND)(ROWS)
    )
    np.testing.assert_allclose(found.base_values + found.values.sum(axis=1), regressor.predict(ROWS), rtol=1e-9)
    # with three inputs a permutation and its reverse do not hold all orders, ten of them do nearly
    exact = explainer is not shap.PermutationExplainer
    np.testing.assert_allclose(found.values, [shapley(regressor.predict, row) for row in ROWS], atol=1e-9 if exact else 0.1)


def test_of_identity_units_they_are_slope_times_distance_from_the_mean():
    model = ShoalRegressor(**QUICK, activation="identity", ramps=False).fit(X, Y)
    slopes = model.predict(np.eye(3)) - model.predict(np.zeros((1, 3)))
    found = shap.PermutationExplainer(model.predict, BEHIND, seed=0)(ROWS)  # of a linear model every order gives the same values
    np.testing.assert_allclose(found.values, slopes * (ROWS - BEHIND.mean(axis=0)), atol=1e-9)


def test_probabilities_of_classes_add_up_too():
    model = ShoalClassifier(**QUICK).fit(X, np.digitize(Y, [-1, 1]))
    found = shap.Explainer(model.predict_proba, BEHIND)(ROWS)
    np.testing.assert_allclose(found.base_values + found.values.sum(axis=1), model.predict_proba(ROWS), rtol=1e-9)
    np.testing.assert_allclose(found.values.sum(axis=-1), 0, atol=1e-9)  # what one class gains the others lose
