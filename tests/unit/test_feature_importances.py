"""`feature_importances_` are the exact sensitivities of inspection, for scikit-learn's selectors of columns."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.pipeline import make_pipeline

import shoal
from shoal import ShoalClassifier, ShoalRegressor
from shoal.fitting.importances import MOST_ROWS
from shoal.inspection import sensitivities

QUICK = {"n_networks": 2, "hidden_layer_sizes": 6, "max_iter": 20, "random_state": 0}
rng = np.random.default_rng(0)
X = rng.standard_normal((150, 5))
y = 3 * X[:, 1] + X[:, 3]
LABELS = np.digitize(y, [-1, 1])


@pytest.mark.parametrize("kind", [ShoalRegressor, ShoalClassifier])
def test_they_are_the_sensitivities_over_the_training_rows(kind):
    model = kind(**QUICK).fit(X, y if kind is ShoalRegressor else LABELS)
    found = sensitivities(model.network_, X).mean(axis=1)
    np.testing.assert_allclose(model.feature_importances_, found / found.sum(), rtol=1e-12)
    assert set(np.argsort(-model.feature_importances_)[:2]) == {1, 3}


def test_units_of_targets_do_not_matter():
    Y = np.column_stack([X[:, 0], X[:, 4]])
    one = ShoalRegressor(**QUICK).fit(X, Y).feature_importances_
    other = ShoalRegressor(**QUICK).fit(X, Y * [1, 2**20]).feature_importances_
    np.testing.assert_allclose(other, one, rtol=1e-6)


def test_a_weight_is_as_many_rows():
    """Of one network, with the weights of a row as they are counted in training."""
    weight = rng.integers(0, 3, 150)
    network = ShoalRegressor(**QUICK).fit(X, y).network_
    repeated = np.repeat(X, weight, axis=0)
    np.testing.assert_allclose(sensitivities(network, X, weight), sensitivities(network, repeated), rtol=1e-12)
    model = ShoalRegressor(**QUICK).fit(X, y, weight)
    found = sensitivities(model.network_, repeated)[:, 0]
    np.testing.assert_allclose(model.feature_importances_, found / found.sum(), rtol=1e-12)


@pytest.mark.parametrize("kept", ["pickle", "deepcopy", "file"])
def test_copies_keep_the_numbers_and_not_the_rows(kept, tmp_path):
    model = ShoalRegressor(**QUICK).fit(X, y)
    copies = {
        "pickle": lambda: pickle.loads(pickle.dumps(model)),
        "deepcopy": lambda: copy.deepcopy(model),
        "file": lambda: shoal.load(shoal.save(model, tmp_path / "m.shoal") or tmp_path / "m.shoal"),
    }
    again = copies[kept]()
    np.testing.assert_array_equal(again.feature_importances_, model.feature_importances_)
    assert again._fitted.sample is None


def test_of_many_rows_some_are_enough_and_partial_fit_has_them():
    many = np.tile(X, (20, 1))
    model = ShoalRegressor(**QUICK).fit(many, np.tile(y, 20))
    assert model._fitted.sample.X.shape == (MOST_ROWS, 5)
    found = sensitivities(model.network_, many)[:, 0]
    np.testing.assert_allclose(model.feature_importances_, found / found.sum(), atol=0.02)  # a third of the rows
    assert ShoalRegressor(**QUICK).partial_fit(X, y).feature_importances_.sum() == pytest.approx(1)


def test_sparse_rows_have_the_same():
    rows = np.where(np.abs(X) > 1, X, 0)
    dense, thin = (ShoalRegressor(**QUICK).fit(form(rows), y).feature_importances_ for form in (np.asarray, sparse.csr_array))
    assert set(np.argsort(-dense)[:2]) == set(np.argsort(-thin)[:2]) == {1, 3}


def test_nothing_moves_a_network_of_weight_0():
    model = ShoalRegressor(**{**QUICK, "max_iter": 1}, init="zeros", ramps=False, early_stopping=False).fit(X, y)
    np.testing.assert_array_equal(model.feature_importances_, 0)


def test_scikit_learns_selectors_find_the_columns():
    rfe = RFE(ShoalRegressor(**QUICK), n_features_to_select=2).fit(X, y)
    assert rfe.support_.tolist() == [False, True, False, True, False]
    chosen = SelectFromModel(ShoalClassifier(**QUICK), threshold="mean").fit(X, LABELS)
    assert chosen.get_support()[1]
    assert not chosen.get_support()[[0, 2, 4]].any()
    pipeline = make_pipeline(SelectFromModel(ShoalRegressor(**QUICK), max_features=2, threshold=-np.inf), ShoalRegressor(**QUICK))
    assert pipeline.fit(X, y).score(X, y) > 0.8


def test_an_imported_network_has_no_rows_to_compute_them_with():
    from sklearn.neural_network import MLPRegressor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = MLPRegressor(hidden_layer_sizes=(4,), max_iter=5, random_state=0).fit(X, y)
    assert not hasattr(shoal.from_fitted(theirs), "feature_importances_")
    assert not hasattr(ShoalRegressor(), "feature_importances_")
