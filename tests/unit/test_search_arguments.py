"""What a search is given and cannot use is refused by the argument's name, before anything is trained."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shoal import ShoalRegressor, ShoalSearchCV
from shoal.errors import InvalidParameterError

X = np.random.default_rng(0).standard_normal((30, 2))
ODD = [
    ({"cv": []}, "cv is empty"),
    ({"cv": 1}, "cv is 1"),
    ({"cv": 31}, "cv is 31"),
    ({"cv": "five"}, "cv is 'five'"),
    ({"cv": [([0, 99], [1])]}, "the training rows of fold 0 of cv contain 99, and there are 30 rows"),
    ({"cv": [([0, 1], [2]), ([0, 1], [-31])]}, "the test rows of fold 1 of cv contain -31"),
    ({"cv": [([0, 1, 2], [])]}, "the test rows of fold 0 of cv are none"),
    ({"cv": [(np.zeros(30, bool), np.ones(30, bool))]}, "the training rows of fold 0 of cv are none"),
    ({"cv": [([0.5, 1.5], [2])]}, "the training rows of fold 0 of cv are "),
    ({"cv": [([0, 1],)]}, "cv is "),
    ({"scoring": "nope"}, "scoring is 'nope', and scikit-learn has no score 'nope'"),
    ({"scoring": "r3"}, "the nearest are .*r2"),
    ({"scoring": ["r2", "nope"], "refit": "r2"}, "has no score 'nope'"),
    ({"scoring": 3}, "scoring is 3"),
    ({"scoring": []}, "scoring is "),
    ({"refit": "nope"}, "refit is 'nope', and there is one score only"),
    ({"refit": "nope", "scoring": ["r2", "neg_mean_squared_error"]}, "refit is 'nope'; choose one of 'r2'"),
    ({"refit": True, "scoring": ["r2", "neg_mean_squared_error"]}, "refit is True, and scoring has several"),
    ({"refit": 3}, "refit is 3"),
    ({"refit": "nope", "scoring": lambda model, X, y: 1.0}, "refit is 'nope'"),
    ({"refit": "nope", "scoring": lambda model, X, y: {"a": 1.0}}, "refit is 'nope'"),
    ({"param_grid": []}, "param_grid is empty"),
    ({"param_grid": 3}, "param_grid is 3"),
    ({"param_grid": {"alpha": 0.1}}, "param_grid is "),
    ({"param_grid": {"alpha": []}}, "param_grid is "),
    ({"param_grid": {"alpha": "auto"}}, "param_grid is "),
    ({"param_grid": {"alhpa": [0.1]}}, "a name of param_grid is 'alhpa'.*the nearest is 'alpha'"),
    ({"param_grid": None, "param_distributions": {"alpha": 3}}, "param_distributions is "),
    ({"n_iter": 0}, "n_iter is 0"),
    ({"halving": True}, "halving is True"),
    ({"halving": 1}, "halving is 1; it must be a whole number from 2 on"),
    ({"n_jobs": 0}, "n_jobs is 0"),
    ({"n_jobs": "all"}, "n_jobs is 'all'"),
    ({"error_score": "nope"}, "error_score is 'nope'"),
    ({"return_train_score": "no"}, "return_train_score is 'no'"),
    ({"random_state": -1}, "random_state is -1"),
    ({"verbose": "much"}, "verbose is 'much'"),
]


def search(**given):
    made = ShoalRegressor(max_iter=1, n_networks=1, hidden_layer_sizes=2, ramps=False, random_state=0)
    return ShoalSearchCV(**({"estimator": made, "param_grid": {"alpha": [0.1, 1]}, "cv": 2} | given))


@pytest.mark.parametrize(("given", "words"), ODD, ids=lambda v: v if isinstance(v, str) else "")
def test_an_argument_that_a_search_cannot_use_is_refused_by_name(given, words):
    with pytest.raises(InvalidParameterError, match=words):
        search(**given).fit(X, X[:, 0])


def test_folds_may_be_masks_and_refit_may_name_the_one_score():
    half = np.arange(30) < 15
    by_mask = search(cv=[(half, ~half)], scoring="r2", refit="r2").fit(X, X[:, 0])
    by_number = search(cv=[(np.flatnonzero(half), np.flatnonzero(~half))], scoring="r2").fit(X, X[:, 0])
    assert by_mask.best_score_ == by_number.best_score_
    assert by_mask.best_params_ == by_number.best_params_


def test_names_in_a_pipeline_are_checked_with_their_step():
    piped = make_pipeline(StandardScaler(), ShoalRegressor())
    with pytest.raises(InvalidParameterError, match="a name of param_grid is 'shoalregressor__alhpa'"):
        search(estimator=piped, param_grid={"shoalregressor__alhpa": [1]}).fit(X, X[:, 0])


def test_a_candidate_whose_value_makes_no_sense_fails_alone():
    with pytest.warns(UserWarning, match="non-finite"), pytest.warns(UserWarning, match="candidate 1 of a fold failed.*alpha is"):
        found = search(param_grid={"alpha": [0.1, "much"]}).fit(X, X[:, 0])
    assert np.isfinite(found.cv_results_["mean_test_score"][0])
    assert np.isnan(found.cv_results_["mean_test_score"][1])
