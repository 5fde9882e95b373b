"""ShoalSearchCV: scikit-learn's results, candidates trained together."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.svm import SVC

from sampling import sampled
from shoal import ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.engine.threads import at_most
from shoal.errors import InvalidParameterError
from shoal.fitting import calibration, candidates
from shoal.search import folds
from shoal.uncertainty.noise import fit_noise

# float64 sums of some hundred updates in another order, seen through accuracy and R²: exactly equal but for a row at 1/2
SAME = 1e-6
QUICK = {"max_iter": 5, "hidden_layer_sizes": 6, "random_state": 0, "dtype": "float64", "n_networks": 2}
GRID = {"alpha": [0.0, 0.5], "learning_rate_init": [0.001, 0.02], "hidden_layer_sizes": [6, 9], "dropout": [0.0, 0.2]}


def data(m=150, classes=2):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(m, 4))
    z = X[:, 0] * X[:, 1] + X[:, 2]
    return X, np.digitize(z, np.quantile(z, np.linspace(0, 1, classes + 1)[1:-1])), z


def assert_alike(ours, theirs):
    """Every number of `cv_results_` but the times."""
    assert set(ours.cv_results_) == set(theirs.cv_results_)
    assert ours.cv_results_["params"] == theirs.cv_results_["params"]
    for name, values in theirs.cv_results_.items():
        if "score" in name and "time" not in name and "rank" not in name:
            np.testing.assert_allclose(ours.cv_results_[name], values, atol=SAME)
    assert ours.best_params_ == theirs.best_params_
    assert ours.best_score_ == pytest.approx(theirs.best_score_, abs=SAME)


@pytest.mark.parametrize(("early_stopping", "classes"), sampled([(True, 3), (False, 2)], product([True, False], [2, 3])))
def test_results_equal_grid_searches(early_stopping, classes):
    X, y, _ = data(classes=classes)
    model = ShoalClassifier(**QUICK, early_stopping=early_stopping)
    ours = ShoalSearchCV(model, GRID, cv=3, scoring="neg_log_loss", return_train_score=True).fit(X, y)
    theirs = GridSearchCV(model, GRID, cv=3, scoring="neg_log_loss", return_train_score=True).fit(X, y)
    assert_alike(ours, theirs)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=SAME)


@pytest.mark.filterwarnings("ignore:max_iter")  # five steps of L-BFGS are few on purpose
def test_results_of_regression_with_weights_and_groups_equal_grid_searches():
    X, _, z = data()
    weight, groups = np.random.default_rng(1).uniform(0, 2, len(z)), np.arange(len(z)) // 5
    grid = [{"alpha": [0.0, 0.1]}, {"activation": ["tanh", "relu"], "init": ["xavier"]}, {"solver": ["lbfgs"]}]
    ours = ShoalSearchCV(ShoalRegressor(**QUICK), grid, cv=GroupKFold(3))
    theirs = GridSearchCV(ShoalRegressor(**QUICK), grid, cv=GroupKFold(3))
    assert_alike(ours.fit(X, z, groups=groups, sample_weight=weight), theirs.fit(X, z, groups=groups, sample_weight=weight))


def test_drawn_candidates_and_several_scores_equal_randomized_searches():
    X, y, _ = data()
    settings = {"cv": 2, "n_iter": 3, "random_state": 4, "scoring": ["accuracy", "neg_brier_score"], "refit": "accuracy"}
    drawn = {"alpha": [0.0, 0.1, 1.0], "learning_rate_init": [0.001, 0.01]}
    ours = ShoalSearchCV(ShoalClassifier(**QUICK), param_distributions=drawn, **settings).fit(X, y)
    theirs = RandomizedSearchCV(ShoalClassifier(**QUICK), drawn, **settings).fit(X, y)
    for name in ("mean_test_accuracy", "mean_test_neg_brier_score"):
        np.testing.assert_allclose(ours.cv_results_[name], theirs.cv_results_[name], atol=SAME)
    assert ours.best_params_ == theirs.best_params_
    assert ours.multimetric_


def test_a_pipelines_last_step_is_searched_on_frames():
    X, y, _ = data()
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = make_pipeline(PolynomialFeatures(2), ShoalClassifier(**QUICK))
    grid = {"shoalclassifier__alpha": [0.0, 0.5]}
    assert_alike(ShoalSearchCV(model, grid, cv=3).fit(frame, y), GridSearchCV(model, grid, cv=3).fit(frame, y))


def test_candidates_of_one_kind_are_one_population(monkeypatch):
    X, y, _ = data()
    sizes = []
    train = candidates.train_batch
    monkeypatch.setattr(folds, "train_batch", lambda batch, *rest: (sizes.append(len(batch.members)), train(batch, *rest))[1])
    ShoalSearchCV(ShoalClassifier(**QUICK), GRID | {"activation": ["relu", "tanh"]}, cv=3, refit=False).fit(X, y)
    assert sizes == [8] * 2 * 2 * 3  # 2 penalties × 2 rates × 2 dropouts in each of 2 activations × 2 widths × 3 folds


def test_noise_is_computed_only_for_scores_that_may_ask_for_it(monkeypatch):
    X, _, z = data()
    model, asked = ShoalRegressor(**QUICK), []
    monkeypatch.setattr(calibration, "fit_noise", lambda *given: (asked.append(given), fit_noise(*given))[1])

    def least(estimator, X, y):
        return -float(np.mean(estimator.network_.noise.variance))

    expected = GridSearchCV(model, {"alpha": [0.0, 0.5]}, cv=2, scoring=least).fit(X, z).cv_results_["mean_test_score"]
    asked.clear()
    found = ShoalSearchCV(model, {"alpha": [0.0, 0.5]}, cv=2, scoring=least, refit=False).fit(X, z).cv_results_["mean_test_score"]
    np.testing.assert_allclose(found, expected, rtol=SAME)
    assert len(asked) == 4, "two candidates in two folds"
    ShoalSearchCV(model, {"alpha": [0.0, 0.5]}, cv=2, scoring="r2", refit=False).fit(X, z)
    assert len(asked) == 4, "predictions alone are scored"


def test_groups_whose_row_weights_would_not_fit_are_cut(monkeypatch):
    X, y, _ = data()
    model = ShoalClassifier(**QUICK, early_stopping=True)
    whole = ShoalSearchCV(model, GRID, cv=2, refit=False).fit(X, y)
    monkeypatch.setattr(candidates, "MOST_WEIGHTS", 75 * 2 * 3)
    cut = ShoalSearchCV(model, GRID, cv=2, refit=False).fit(X, y)
    np.testing.assert_allclose(cut.cv_results_["mean_test_score"], whole.cv_results_["mean_test_score"], atol=SAME)


@pytest.mark.parametrize("settings", [{}, {"n_networks": 1, "ramps": False, "early_stopping": False, "dtype": "float32"}])
def test_batches_over_any_number_of_threads_change_no_bit(settings, monkeypatch):
    X, y, _ = data(300)
    model = ShoalClassifier(**QUICK | {"hidden_layer_sizes": 40} | settings)
    grid = {"alpha": np.linspace(0, 0.5, 9)}

    def losses(threads):
        with at_most(threads):
            search = ShoalSearchCV(model, grid, cv=2, refit=False, scoring="neg_log_loss").fit(X, y)
        return search.cv_results_["mean_test_score"]

    whole = losses(1)
    monkeypatch.setattr(candidates, "MIN_BATCH_COST", 1)
    sizes = []
    monkeypatch.setattr(
        folds, "train_batch", lambda batch, *rest: (sizes.append(len(batch.members)), candidates.train_batch(batch, *rest))[1]
    )
    for threads in (1, 3):
        np.testing.assert_array_equal(losses(threads), whole)
    assert 1 < max(sizes) < 9, "batches of whole groups, not all in one"
    monkeypatch.setattr(folds, "MOST_AT_ONCE", 0)  # one fold after the other, as of large tables
    np.testing.assert_array_equal(losses(2), whole)


def test_an_interrupt_ends_a_search_on_all_threads(monkeypatch):
    X, y, _ = data()
    monkeypatch.setattr(candidates, "MIN_BATCH_COST", 1)
    done = []

    def interrupt(batch, failed, progress, stop):
        done.append(batch)
        if len(done) == 2:
            raise KeyboardInterrupt
        return candidates.train_batch(batch, failed, progress, stop)

    monkeypatch.setattr(folds, "train_batch", interrupt)
    with pytest.raises(KeyboardInterrupt), at_most(2):
        ShoalSearchCV(ShoalClassifier(**QUICK), GRID | {"activation": ["relu", "tanh"]}, cv=5).fit(X, y)
    assert len(done) < 10, "of 20 batches and more"


def test_halving_trains_the_best_third_three_times_as_long():
    X, y, _ = data()
    model = clone(ShoalClassifier(**QUICK)).set_params(max_iter=18)
    grid = {"learning_rate_init": [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.02, 0.03, 0.05, 1e-7]}
    search = ShoalSearchCV(model, grid, cv=2, halving=3).fit(X, y)
    assert search.cv_results_["iter"].tolist() == [0] * 9 + [1] * 3 + [2]
    assert search.cv_results_["n_resources"].tolist() == [2] * 9 + [6] * 3 + [18]
    assert search.best_index_ == 12
    assert search.best_params_["learning_rate_init"] >= 1e-3
    assert search.best_estimator_.n_iter_ == 18
    full = GridSearchCV(model, {"learning_rate_init": [search.best_params_["learning_rate_init"]]}, cv=2).fit(X, y)
    assert search.best_score_ == pytest.approx(full.best_score_, abs=SAME)


def test_without_a_random_state_candidates_of_a_fold_share_a_seed():
    X, y, _ = data()
    model = ShoalClassifier(**QUICK | {"random_state": None})
    search = ShoalSearchCV(model, {"verbose": [False, 0]}, cv=2, refit=False).fit(X, y)  # two candidates that are the same
    assert search.cv_results_["mean_test_score"][0] == search.cv_results_["mean_test_score"][1]


def test_a_candidate_that_cannot_be_trained_scores_nan_and_the_others_go_on():
    X, y, _ = data()
    grid = {"hidden_layer_sizes": [(5, 5), 5]}
    with pytest.warns(UserWarning, match="exactly one hidden layer|non-finite"):
        search = ShoalSearchCV(ShoalClassifier(**QUICK), grid, cv=2).fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [True, False]
    assert search.best_params_ == {"hidden_layer_sizes": 5}
    with pytest.raises(InvalidParameterError, match=r"candidate 0 cannot be trained: .*exactly one hidden layer"):
        ShoalSearchCV(ShoalClassifier(**QUICK), grid, cv=2, error_score="raise").fit(X, y)


def no_score_of_narrow_ones(model, X, y):
    """A scorer that some candidates have no answer for."""
    if model.hidden_layer_sizes == 5:
        raise ValueError("too narrow to say")
    return model.score(X, y)


@pytest.mark.parametrize("scoring", [no_score_of_narrow_ones, {"mine": no_score_of_narrow_ones, "accuracy": "accuracy"}])
@pytest.mark.filterwarnings("ignore:One or more of the (test|train) scores are non-finite")  # scikit-learn's, of the same candidate
def test_a_scorer_that_raises_is_treated_as_by_grid_searches(scoring):
    X, y, _ = data()
    settings = {"scoring": scoring, "cv": 2, "refit": False, "error_score": -7.0, "return_train_score": True}
    found = []
    for search in (ShoalSearchCV, GridSearchCV):
        with pytest.warns(UserWarning, match="Scoring failed.*will be set to -7"):
            found.append(search(ShoalClassifier(**QUICK), {"hidden_layer_sizes": [5, 6]}, **settings).fit(X, y).cv_results_)
    ours, theirs = found
    names = [name for name in theirs if "_test_" in name or "_train_" in name]
    assert any(ours[name][0] == -7.0 for name in names)
    for name in names:
        np.testing.assert_allclose(ours[name], theirs[name], atol=SAME)
    with pytest.raises(ValueError, match="too narrow to say"):
        ShoalSearchCV(ShoalClassifier(**QUICK), {"hidden_layer_sizes": [5, 6]}, **settings | {"error_score": "raise"}).fit(X, y)


@pytest.mark.slow  # processes that import everything anew
def test_processes_give_the_same_results_and_keep_them(tmp_path):
    X, y, _ = data()
    one = ShoalSearchCV(ShoalClassifier(**QUICK), {"alpha": [0.0, 1.0]}, cv=2, refit=False).fit(X, y)
    two = clone(one).set_params(n_jobs=2, checkpoint=tmp_path / "kept").fit(X, y)
    kept = clone(one).set_params(checkpoint=tmp_path / "kept").fit(X, y)
    for search in (two, kept):
        np.testing.assert_array_equal(one.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(kept.cv_results_["mean_fit_time"], two.cv_results_["mean_fit_time"])  # nothing was trained again


@pytest.mark.parametrize(
    ("search", "words"),
    [
        (ShoalSearchCV(SVC(), {"C": [1]}), "estimator is a SVC.*GridSearchCV"),
        (ShoalSearchCV(ShoalClassifier()), "either param_grid"),
        (ShoalSearchCV(ShoalClassifier(), {"alpha": [1]}, param_distributions={"alpha": [1]}), "either param_grid"),
        (ShoalSearchCV(ShoalClassifier(), {"alpha": [1]}, halving=1), "halving is 1"),
        (ShoalSearchCV(ShoalClassifier(), {"alpha": [1]}, client="tcp://127.0.0.1:1", n_jobs=4), "n_jobs is 4, .*give one of them"),
        (
            ShoalSearchCV(make_pipeline(PolynomialFeatures(), ShoalClassifier()), {"polynomialfeatures__degree": [1]}),
            "polynomialfeatures__degree: only parameters of the last step",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(search, words):
    X, y, _ = data()
    with pytest.raises(InvalidParameterError, match=words):
        search.fit(X, y)
