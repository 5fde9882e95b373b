"""A network of identity units is the linear model: statsmodels finds the same predictions."""

import numpy as np
import pytest

from shoal import ShoalClassifier, ShoalRegressor

sm = pytest.importorskip("statsmodels.api", reason="statsmodels is not installed: pip install statsmodels (0.15 was compared)")

LINEAR = {
    "n_networks": 1,
    "hidden_layer_sizes": 4,
    "activation": "identity",
    "ramps": False,
    "alpha": 0.0,
    "solver": "lbfgs",
    "early_stopping": False,  # all rows are learned from
    "random_state": 0,
}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
Y = X @ [1.0, 2.0, -1.0] + RNG.normal(size=120)
WEIGHT = RNG.integers(1, 4, 120).astype(float)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["OLS", "WLS"])
def test_a_regressor_is_least_squares(weight):
    model = ShoalRegressor(**LINEAR, max_iter=500, tol=1e-12).fit(X, Y, sample_weight=weight)
    theirs = sm.WLS(Y, sm.add_constant(X), weights=np.ones(120) if weight is None else weight).fit()
    np.testing.assert_allclose(model.predict(X), theirs.fittedvalues, atol=1e-6)  # L-BFGS stops where a step changes the loss by 1e-12


def test_a_classifier_is_logistic_regression():
    label = Y + RNG.normal(size=120) > 0
    model = ShoalClassifier(**LINEAR, max_iter=500, tol=1e-12).fit(X, label)
    theirs = sm.Logit(label.astype(float), sm.add_constant(X)).fit(disp=0)
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], theirs.predict(), atol=1e-5)
