"""scikit-learn's classes around an estimator: they call it as any other, and keep what they pass on."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingRegressor, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold, TunedThresholdClassifierCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shoal import ShoalClassifier, ShoalRegressor

pytestmark = pytest.mark.filterwarnings("ignore::shoal.OutsideWarning")  # folds hold out some of the farthest rows
QUICK = {"n_networks": 2, "hidden_layer_sizes": 5, "max_iter": 25, "random_state": 0}
rng = np.random.default_rng(0)
X = pd.DataFrame(rng.standard_normal((160, 3)), columns=["a", "b", "c"])
y = np.sin(X["a"]) + X["b"]
LABELS = np.where(y + 0.5 * rng.standard_normal(160) > 0.5, "yes", "no")


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibrated_classifier_cv(method):
    model = CalibratedClassifierCV(ShoalClassifier(**QUICK), method=method, cv=3).fit(X, LABELS)
    assert log_loss(LABELS, model.predict_proba(X)) < log_loss(LABELS, np.full(160, np.mean(LABELS == "yes")))
    assert [type(each.estimator) for each in model.calibrated_classifiers_] == [ShoalClassifier] * 3


def test_a_frozen_estimator_is_not_fitted_again():
    network = ShoalClassifier(**QUICK).fit(X, LABELS)
    frozen = CalibratedClassifierCV(FrozenEstimator(network)).fit(X[:80], LABELS[:80])
    assert frozen.calibrated_classifiers_[0].estimator.estimator is network
    tuned = TunedThresholdClassifierCV(FrozenEstimator(network), cv="prefit", refit=False, scoring="balanced_accuracy").fit(X, LABELS)
    predicted = np.where(network.predict_proba(X)[:, 1] >= tuned.best_threshold_, "yes", "no")
    np.testing.assert_array_equal(tuned.predict(X), predicted)


def test_stacking_and_voting():
    stack = StackingRegressor([("shoal", ShoalRegressor(**QUICK)), ("ridge", Ridge())], cv=3).fit(X, y)
    assert stack.score(X, y) > Ridge().fit(X, y).score(X, y)
    votes = VotingClassifier([("one", ShoalClassifier(**QUICK)), ("two", ShoalClassifier(**{**QUICK, "random_state": 1}))], voting="soft")
    p = votes.fit(X, LABELS).predict_proba(X)
    np.testing.assert_allclose(p, np.mean([each.predict_proba(X) for each in votes.estimators_], axis=0))


def test_cross_validate_routes_groups_and_weights():
    groups, weight = np.arange(160) // 8, rng.integers(1, 4, 160)
    with sklearn.config_context(enable_metadata_routing=True):
        network = ShoalRegressor(**QUICK).set_fit_request(groups=True, sample_weight=True).set_score_request(sample_weight=True)
        found = cross_validate(
            make_pipeline(StandardScaler().set_fit_request(sample_weight=False), network),
            X,
            y,
            cv=GroupKFold(3),
            params={"groups": groups, "sample_weight": weight},
            return_estimator=True,
            return_indices=True,
        )
    for score, model, train, test in zip(
        found["test_score"], found["estimator"], found["indices"]["train"], found["indices"]["test"], strict=True
    ):
        assert score == pytest.approx(model.score(X.iloc[test], y.iloc[test], weight[test]))
        again = ShoalRegressor(**QUICK).fit(model[0].transform(X.iloc[train]), y.iloc[train], weight[train], groups=groups[train])
        np.testing.assert_array_equal(again.predict(model[0].transform(X)), model.predict(X))


def test_a_notebook_shows_the_fitted_attributes_where_scikit_learn_does():
    shown = ShoalRegressor(**QUICK).fit(X, y)._repr_html_()
    if tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9):
        assert "Fitted attributes" in shown
        assert "feature_importances_" in shown
    assert shown.endswith("</svg></div>"), "ours is below it"
