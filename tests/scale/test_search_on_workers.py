"""ShoalSearchCV with a client: the local search's numbers, bit for bit, also where a worker dies."""

import os
import signal
import sys
from functools import partial

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.metrics import get_scorer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from clusters import running_cluster
from listener import Listener
from shoal import ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.dask.fitting import groups_of
from shoal.errors import ClusterError, InvalidParameterError, ShoalError

QUICK = {"max_iter": 4, "random_state": 0, "n_networks": 2}
GRID = {"alpha": [0.0, 0.5], "hidden_layer_sizes": [5, 9], "activation": ["relu", "tanh"]}


def data(m=120):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(m, 4))
    z = X[:, 0] * X[:, 1] + X[:, 2]
    return X, (z > 0).astype(int) + (z > 1), z


def assert_same_bits(ours, theirs):
    """Everything but the times."""
    assert list(ours.cv_results_) == list(theirs.cv_results_)
    for name, values in theirs.cv_results_.items():
        if "time" not in name:
            np.testing.assert_array_equal(ours.cv_results_[name], values)
    assert ours.best_index_ == theirs.best_index_


def test_scores_are_those_of_the_local_search(client):
    X, y, _ = data()
    settings = {"cv": 3, "scoring": ["neg_log_loss", "accuracy"], "refit": "accuracy", "return_train_score": True}
    here = ShoalSearchCV(ShoalClassifier(**QUICK), GRID, **settings).fit(X, y)
    there = ShoalSearchCV(ShoalClassifier(**QUICK), GRID, **settings, client=client).fit(X, y)
    assert_same_bits(there, here)
    np.testing.assert_array_equal(there.predict_proba(X), here.predict_proba(X))


def test_callbacks_hear_the_fits_of_workers_and_the_epochs_of_the_refit_here(client):
    pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from 1.9 on")
    X, y, _ = data()
    grid, settings = {"alpha": [0.01, 0.1, 1.0]}, {"cv": 2, "halving": 2}
    there, here = Listener(), Listener()
    ours = ShoalSearchCV(ShoalClassifier(**QUICK), grid, **settings, client=client).set_callbacks(there).fit(X, y)
    theirs = ShoalSearchCV(ShoalClassifier(**QUICK), grid, **settings).set_callbacks(here).fit(X, y)
    for name in ("candidates", "fit", "epoch"):
        assert there.count(name) == there.count(name, "begin") == here.count(name) > 0, name
    assert there.alive == 0
    assert_same_bits(ours, theirs)


def test_a_search_goes_on_elsewhere(client, tmp_path):
    X, y, _ = data()
    settings = {"cv": 2, "refit": False, "checkpoint": tmp_path / "kept"}
    there = ShoalSearchCV(ShoalClassifier(**QUICK), GRID, **settings, client=client).fit(X, y)
    here = ShoalSearchCV(ShoalClassifier(**QUICK), GRID, **settings).fit(X, y)
    again = ShoalSearchCV(ShoalClassifier(**QUICK), GRID, **settings, client=client).fit(X, y)
    for search in (here, again):
        assert_same_bits(search, there)
        np.testing.assert_array_equal(search.cv_results_["mean_fit_time"], there.cv_results_["mean_fit_time"])  # nothing was trained again


def test_drawn_candidates_of_a_pipeline_with_weights_and_halving(client):
    X, _, z = data()
    model = make_pipeline(PolynomialFeatures(2), ShoalRegressor(**QUICK))
    drawn = {"shoalregressor__alpha": loguniform(1e-3, 1), "shoalregressor__hidden_layer_sizes": [4, 6]}
    settings = {"param_distributions": drawn, "n_iter": 4, "cv": 2, "halving": 2, "random_state": 3}
    weight = np.random.default_rng(1).uniform(0.5, 2, len(z))
    here = ShoalSearchCV(model, **settings).fit(X, z, sample_weight=weight)
    there = ShoalSearchCV(model, **settings, client=client).fit(X, z, sample_weight=weight)
    assert_same_bits(there, here)


def test_solvers_over_all_rows_are_tasks_of_their_own():
    grid = [{"solver": "lbfgs", "alpha": a} for a in (0.1, 1.0)] + [{"alpha": a} for a in (0.1, 1.0)]
    assert groups_of(ShoalRegressor(), grid, 100) == [[0], [1], [2, 3]]


def test_auto_is_the_width_that_it_means():
    # one group here as in the local search, where the plan of "auto" on 100 rows has 64 units
    assert groups_of(ShoalRegressor(), [{"hidden_layer_sizes": s} for s in ("auto", 64, (64,), 8)], 100) == [[0, 1, 2], [3]]


def killing(marker, scorer, model, X, y):
    """A score; the first of all ends the process that computes it."""
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return scorer(model, X, y)


def test_a_worker_that_dies_changes_no_bit(client, tmp_path):
    X, y, _ = data()
    marker = tmp_path / "died"
    scoring = partial(killing, marker, get_scorer("accuracy"))
    there = ShoalSearchCV(ShoalClassifier(**QUICK), GRID, cv=2, scoring=scoring, refit=False, client=client).fit(X, y)
    assert marker.exists()
    here = ShoalSearchCV(ShoalClassifier(**QUICK), GRID, cv=2, scoring="accuracy", refit=False).fit(X, y)
    assert_same_bits(there, here)


@pytest.mark.slow  # a cluster of its own
def test_the_table_travels_again_when_the_only_worker_dies(tmp_path):
    X, y, _ = data()
    scoring = partial(killing, tmp_path / "died", get_scorer("accuracy"))
    with running_cluster(1) as client:
        there = ShoalSearchCV(ShoalClassifier(**QUICK), {"alpha": [0.0, 0.5]}, cv=2, scoring=scoring, refit=False, client=client).fit(X, y)
    here = ShoalSearchCV(ShoalClassifier(**QUICK), {"alpha": [0.0, 0.5]}, cv=2, scoring="accuracy", refit=False).fit(X, y)
    assert_same_bits(there, here)


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")  # scikit-learn's, of the candidate that failed
def test_candidates_that_fail_are_treated_as_here(client):
    X, y, _ = data()
    grid = [{"alpha": [0.0, 0.1]}, {"alpha": [-1.0], "hidden_layer_sizes": [4]}]  # the last is alone in its task
    with pytest.warns(UserWarning, match=r"candidate 2 of a fold failed and scores nan: alpha is -1\.0"):
        there = ShoalSearchCV(ShoalClassifier(**QUICK), grid, cv=2, client=client, scoring=["accuracy"], refit=False).fit(X, y)
    assert np.isnan(there.cv_results_["mean_test_accuracy"]).tolist() == [False, False, True]
    with pytest.raises(InvalidParameterError, match=r"candidate 0 cannot be trained: alpha is -1\.0"):
        ShoalSearchCV(ShoalClassifier(**QUICK), {"alpha": [-1.0]}, cv=2, client=client).fit(X, y)


def test_a_clone_keeps_the_client(client):
    search = ShoalSearchCV(ShoalRegressor(), GRID, client=client)
    twin = clone(search)
    assert twin.client is client
    assert twin.estimator is not search.estimator
    assert search.client is client


def test_what_is_no_client_is_named():
    X, y, _ = data()
    with pytest.raises(InvalidParameterError, match=r"client is 3; it must be a distributed\.Client, or the address"):
        ShoalSearchCV(ShoalClassifier(**QUICK), GRID, client=3).fit(X, y)
    with pytest.raises(ClusterError, match="No Dask scheduler answers at nowhere"):
        ShoalSearchCV(ShoalClassifier(**QUICK), GRID, client="nowhere://1").fit(X, y)
    with pytest.raises(ClusterError, match="No Dask scheduler answers at nonsense: missing port number"):
        ShoalSearchCV(ShoalClassifier(**QUICK), GRID, client="nonsense").fit(X, y)


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    X, y, _ = data()
    with pytest.raises(ShoalError, match=r"pip install 'shoal\[dask\]'"):
        ShoalSearchCV(ShoalClassifier(**QUICK), GRID, client="tcp://127.0.0.1:1").fit(X, y)
