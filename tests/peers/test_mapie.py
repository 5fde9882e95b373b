"""Sets of classes are those of MAPIE, given the same networks and the same held-out rows; its intervals take our standard deviations."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.model_selection import PredefinedSplit

from shoal import ShoalClassifier, ShoalRegressor
from shoal.fitting.folds import RowFacts, set_aside
from shoal.fitting.pipeline import prepare
from shoal.fitting.settings import settings_of
from shoal.fitting.source import InMemory
from shoal.network import encoded
from shoal.uncertainty.answers import answers, weights_of

mapie = pytest.importorskip("mapie.classification", reason="MAPIE is not installed: pip install mapie (1.6 was compared)")
regression = pytest.importorskip("mapie.regression")
StdConformityScore = pytest.importorskip("mapie.conformity_scores").StdConformityScore

pytestmark = [
    pytest.mark.filterwarnings("ignore::shoal.OutsideWarning"),  # new rows are drawn from all there are
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # MAPIE's of scikit-learn
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
QUICK = {"n_networks": 4, "hidden_layer_sizes": 8, "max_iter": 20, "dtype": "float64", "random_state": 0}


def rows(n_classes):
    X, y = make_classification(700, 6, n_informative=4, n_classes=n_classes, flip_y=0.15, class_sep=0.8, random_state=1)
    return X[:300], y[:300], X[300:]


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_split_sets_are_those_of_its_lac(n_classes, coverage):
    X, y, new = rows(n_classes)
    model = ShoalClassifier(**QUICK, calibration="split").fit(X, y)
    aside = set_aside("split", RowFacts(len(y), X=X, labels=y), 0)
    theirs = mapie.SplitConformalClassifier(model, confidence_level=coverage, conformity_score="lac", prefit=True)
    _, sets = theirs.conformalize(X[aside], y[aside]).predict_set(new)
    np.testing.assert_array_equal(model.predict_set(new, coverage), sets[:, :, 0])


class Members(ClassifierMixin, BaseEstimator):
    """The networks of a fitted shoal that hold out just the rows which `fit` does not get; the last column of X numbers the rows.

    `known` is a function that returns the model and who holds each row out: MAPIE clones everything else, and a clone is not fitted.
    """

    def __init__(self, known):
        self.known = known

    def fit(self, X, y):
        model, out = self.known()
        held = np.setdiff1d(np.arange(out.shape[1]), X[:, -1].astype(int))
        self.members_ = out[:, held[0]] if len(held) else np.ones(len(out), bool)
        self.classes_ = model.classes_
        return self

    def predict_proba(self, X):
        network = self.known()[0].network_
        outputs = answers(network, encoded(network, X[:, :-1]))
        weights = np.repeat(weights_of(network, self.members_[:, None]), len(X), axis=1)
        p = network.g2(np.einsum("km,kzm->zm", weights, outputs.Z2)).T
        return p if p.shape[1] > 1 else np.hstack([1 - p, p])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_cv_plus_sets_are_those_of_its_cross_conformal_lac(n_classes, coverage):
    X, y, new = rows(n_classes)
    model = ShoalClassifier(**QUICK, calibration="cv+")
    out = prepare(settings_of(model), InMemory(X, y)).rows.judged.scores.out
    model.fit(X, y)
    fold = np.unique(out.T, axis=0, return_inverse=True)[1].ravel()
    numbered, unnumbered = np.column_stack([X, np.arange(len(y))]), np.column_stack([new, np.full(len(new), -1)])
    theirs = mapie.CrossConformalClassifier(
        Members(lambda: (model, out)), confidence_level=coverage, conformity_score="lac", cv=PredefinedSplit(fold)
    )
    _, sets = theirs.fit_conformalize(numbered, y).predict_set(unnumbered, agg_scores="crossval")
    np.testing.assert_array_equal(model.predict_set(new, coverage), sets[:, :, 0])


@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_its_score_by_standard_deviations_takes_ours(coverage):
    X, y, new = rows(2)
    y = X[:, 0] * X[:, 1] + 0.3 * y
    model = ShoalRegressor(**QUICK, calibration=None).fit(X[:200], y[:200])
    theirs = regression.SplitConformalRegressor(model, confidence_level=coverage, conformity_score=StdConformityScore(), prefit=True)
    middle, ends = theirs.conformalize(X[200:], y[200:]).predict_interval(new)
    mean, std = model.predict(X[200:], return_std=True)
    rank, scaled = (len(mean) + 1) * coverage, np.sort(np.abs(y[200:] - mean) / std)
    low, high = scaled[int(np.floor(rank)) - 1], scaled[int(np.ceil(rank)) - 1]  # MAPIE rounds the rank down for the lower end
    mean, std = model.predict(new, return_std=True)
    np.testing.assert_allclose(middle, mean, rtol=1e-12)
    np.testing.assert_allclose(ends[:, :, 0], np.c_[mean - low * std, mean + high * std], rtol=1e-9)
