"""scikit-learn's callbacks (from version 1.9): epochs of a fit, of a Pipeline's last step, of a search and its refit."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import shoal
from listener import Listener
from shoal import ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.errors import InvalidParameterError
from shoal.estimators.callbacks import refuse_callbacks
from shoal.estimators.estimator import for_prediction

callback = pytest.importorskip("sklearn.callback", reason=f"scikit-learn {sklearn.__version__} has no callbacks; 1.9 has")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # few epochs settle nothing
X = np.random.default_rng(0).uniform(-2, 2, (120, 2))
y = np.sin(2 * X[:, 0]) + X[:, 1]
QUICK = {"n_networks": 2, "hidden_layer_sizes": 4, "max_iter": 6, "random_state": 0}
SOLVERS = {"adamw": {}, "adam": {"solver": "adam"}, "lbfgs": {"solver": "lbfgs"}, "lm": {"solver": "lm"}, "bayes": {"solver": "bayes"}}


@pytest.mark.parametrize("solver", SOLVERS)
def test_each_epoch_is_a_task_and_nothing_changes_a_bit(solver):
    plain = ShoalRegressor(**QUICK, **SOLVERS[solver]).fit(X, y)
    listener = Listener()
    model = ShoalRegressor(**QUICK, **SOLVERS[solver]).set_callbacks(listener).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))
    assert listener.count("epoch") == listener.count("epoch", "begin") >= model.n_iter_
    assert listener.count("training") == listener.count("training", "begin") >= 1
    assert listener.count("fit") == listener.count("fit", "begin") == 1
    assert listener.heard[0][1] == listener.heard[-1][1] == "fit"
    assert listener.alive == 0
    assert not hasattr(model, "_callback_fit_ctx")


def test_it_stops_where_a_callback_says_and_ours_see_the_same_epochs():
    ours = []
    listener = Listener(stop_after=3)
    settings = {**QUICK, "max_iter": 20, "callbacks": [lambda event: ours.append(event.epoch)]}
    model = ShoalRegressor(**settings).set_callbacks(listener).fit(X, y)
    assert ours == [1, 2, 3]
    assert model.n_iter_ == 3
    np.testing.assert_array_equal(listener.answers[2], model.predict(X))  # what predicts then is what the fit returns


def test_the_scoring_monitor_scores_every_epoch():
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = ShoalClassifier(**{**QUICK, "max_iter": 8}).set_callbacks(monitor).fit(X, y > 0)
    scores = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) >= model.n_iter_
    assert scores[-1] > 0.6
    assert set(np.unique(scores)) <= set(np.arange(121) / 120), "shares of 120 rows"


def test_the_progress_bar_draws(capsys):
    pytest.importorskip("rich")
    ShoalRegressor(**QUICK).set_callbacks(callback.ProgressBar()).fit(X, y)
    assert "training" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:The estimator (Typed|Prepared)Table does not support callbacks")  # they have no epochs
def test_a_pipeline_passes_its_callbacks_on():
    listener = Listener()
    make_pipeline(StandardScaler(), ShoalRegressor(**QUICK)).set_callbacks(listener).fit(X, y)
    assert listener.count("epoch") >= 6
    assert ("end", "fit", "Pipeline") in listener.heard
    table = shoal.fit(pd.DataFrame(X, columns=["a", "b"]).assign(y=y), "y", settings={**QUICK, "max_iter": 3})
    listener = Listener()
    rows = pd.DataFrame(X, columns=["a", "b"])
    table.set_callbacks(listener).fit(rows, y)
    assert listener.count("epoch") >= 3


@pytest.mark.parametrize("halving", [None, 2])
def test_a_search_of_populations_counts_its_fits_and_refits_below_it(halving):
    listener = Listener()
    search = ShoalSearchCV(ShoalRegressor(**QUICK), {"alpha": [0.01, 0.1, 1.0]}, cv=2, halving=halving)
    search.set_callbacks(listener).fit(X, y)
    rounds = 1 if halving is None else 2
    assert listener.count("candidates") == rounds
    assert listener.count("fit") == {None: 3 * 2, 2: 3 * 2 + 1 * 2}[halving] + 2  # of the search itself, and of the refit
    assert listener.count("epoch") >= 6
    assert listener.alive == 0
    plain = ShoalSearchCV(ShoalRegressor(**QUICK), {"alpha": [0.01, 0.1, 1.0]}, cv=2, halving=halving).fit(X, y)
    np.testing.assert_array_equal(plain.predict(X), search.predict(X))


def test_scikit_learns_search_hears_the_epochs_of_every_fit():
    listener = Listener()
    GridSearchCV(ShoalRegressor(**QUICK), {"alpha": [0.01, 0.1]}, cv=2).set_callbacks(listener).fit(X, y)
    assert listener.count("epoch") >= 5 * 6


def test_a_fit_that_fails_leaves_nothing_behind():
    listener = Listener()
    model = ShoalRegressor(**QUICK, callbacks=[lambda event: 1 / 0]).set_callbacks(listener)
    with pytest.raises(ZeroDivisionError):
        model.fit(X, y)
    assert listener.alive == 0
    assert not hasattr(model, "_callback_fit_ctx")


def test_what_travels_has_no_callbacks_and_a_cluster_refuses_them():
    model = ShoalRegressor(**QUICK).set_callbacks(Listener()).fit(X, y)
    assert not hasattr(for_prediction(model), "_skl_callbacks")
    with pytest.raises(InvalidParameterError, match="set_callbacks was given Listener, and a fit on Dask calls no callbacks"):
        refuse_callbacks(model, "a fit on Dask")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refuse_callbacks(model.set_callbacks(), "a fit on Dask")
