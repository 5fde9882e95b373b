"""What scikit-learn's network does beside predicting, asked of both side by side: counts, curves, warnings, refusals.

Where ours decides otherwise, docs/from-sklearn.md has the reason, and a test here holds it.
"""

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from shoal import ShoalClassifier, ShoalRegressor
from shoal.errors import DataError, DivergedError, InvalidParameterError

PLAIN = {  # scikit-learn's network in our words
    "n_networks": 1,
    "standardize": False,
    "ramps": False,
    "init": "xavier",
    "dropout": 0.0,
    "weight_average": 0.0,
    "dtype": "float64",
    "alpha": 1e-4,
    "solver": "adam",
    "learning_rate": "constant",
    "learning_rate_init": 1e-3,
    "max_iter": 200,
    "tol": 1e-4,
    "n_iter_no_change": 10,
    "early_stopping": False,
    "validation_fraction": 0.1,
    "beta_2": 0.999,
}
PAIRS = {"classifier": (MLPClassifier, ShoalClassifier), "regressor": (MLPRegressor, ShoalRegressor)}
each_pair = pytest.mark.parametrize("kind", PAIRS)


def pair(kind, **settings):
    """Theirs and ours with the same settings."""
    theirs, ours = PAIRS[kind]
    common = {"hidden_layer_sizes": (4,), "random_state": 0, **settings}
    return theirs(**common), ours(**PLAIN | common)


@cache
def rows():
    """Rows of 4 columns with three classes, which a network learns slowly, and the number of the class."""
    rng = np.random.default_rng(3)
    y = np.arange(90) % 3
    return rng.standard_normal((90, 4)) + 0.4 * y[:, None], y


def fitted(model, *data):
    """The model, and the warnings of its fit."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(*data)
    return model, {w.category for w in caught}


# --- what is counted ------------------------------------------------------------------------------------------------


@each_pair
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_a_warm_start_counts_its_own_epochs_and_the_curve_goes_on(kind, solver):
    for model in pair(kind, solver=solver, warm_start=True, max_iter=4, n_iter_no_change=50, tol=0.0):
        counts = []
        for _ in range(3):
            _, warned = fitted(model, *rows())
            counts.append((model.n_iter_, len(getattr(model, "loss_curve_", []))))
            assert ConvergenceWarning in warned
        assert [n for n, _ in counts] == [4, 4, 4]
        if hasattr(model, "loss_curve_"):  # of theirs "lbfgs" has none
            assert [n for _, n in counts] == [4, 8, 12]
        if solver != "lbfgs":
            assert model.t_ == 12 * 90
    theirs, ours = pair(kind, solver=solver, warm_start=True, max_iter=4)
    for model in (theirs, ours):
        fitted(model, *rows())
        _, warned = fitted(model.set_params(max_iter=6), *rows())
        assert model.n_iter_ == 6
        assert ConvergenceWarning in warned


@each_pair
def test_a_piece_is_one_epoch_and_the_curve_goes_on(kind):
    X, y = rows()
    for model in pair(kind):
        for _ in range(3):
            model.partial_fit(X, y, **({"classes": [0, 1, 2]} if kind == "classifier" else {}))
        assert (model.n_iter_, model.t_, len(model.loss_curve_)) == (1, 270, 3)


@each_pair
def test_early_stopping_leaves_the_same_attributes(kind):
    for model in pair(kind, early_stopping=True, max_iter=6):
        fitted(model, *rows())
        assert model.best_loss_ is None
        assert len(model.validation_scores_) == model.n_iter_ == 6
        assert model.best_validation_score_ == max(model.validation_scores_)
    for model in pair(kind, max_iter=6):
        fitted(model, *rows())
        assert model.validation_scores_ is None
        assert model.best_validation_score_ is None
        assert model.best_loss_ == min(model.loss_curve_)


# --- what ends training, and what is said of it ---------------------------------------------------------------------


@each_pair
@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "sgd"},
        {"solver": "adam"},
        {"solver": "adam", "early_stopping": True},
        {"solver": "sgd", "learning_rate": "invscaling"},
        {"solver": "lbfgs", "tol": 0.0},
        {"solver": "lbfgs", "max_iter": 500, "max_fun": 5, "tol": 0.0},
    ],
)
def test_a_limit_that_comes_first_is_a_convergence_warning(kind, settings):
    for model in pair(kind, **{"max_iter": 5, **settings}):
        _, warned = fitted(model, *rows())
        assert warned == {ConvergenceWarning}, type(model).__name__
        assert model.n_iter_ <= 5


@each_pair
def test_a_tolerance_ends_training_without_a_warning(kind):
    for model in pair(kind, solver="sgd", tol=0.5, max_iter=3000):
        _, warned = fitted(model, *rows())
        assert warned == set()
        assert model.n_iter_ < 200


def test_a_tolerance_that_is_set_ends_a_planned_schedule_too():
    X, y = rows()
    model = ShoalClassifier(8, solver="sgd", early_stopping=False, tol=0.5, max_iter=300, n_networks=1, random_state=0).fit(X, y)
    assert model.n_iter_ < 300
    assert ShoalClassifier(8, solver="sgd", early_stopping=False, max_iter=30, n_networks=1, random_state=0).fit(X, y).n_iter_ == 30


def test_evaluations_that_run_out_are_said_whatever_else_was_set():
    X, y = rows()
    with pytest.warns(ConvergenceWarning, match="max_fun=5 evaluations ended before the loss settled in networks"):
        ShoalClassifier(8, solver="lbfgs", max_fun=5, n_networks=1, random_state=0).fit(X, y)


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("found", [[0, 1], [0, 1, 2, 3], [0, 1, 7]])
def test_a_warm_start_with_other_classes_is_refused_in_the_same_words(found):
    X, y = rows()
    other = np.array(found)[np.arange(90) % len(found)]
    for model in pair("classifier", warm_start=True, max_iter=2):
        fitted(model, X, y)
        with pytest.raises(ValueError, match=r"same classes as in the previous call to fit.*Previously got \[0 1 2\], `y` has"):
            model.fit(X, other)
        fitted(model, X, (y + 1) % 3)  # the same classes, elsewhere


@each_pair
def test_pieces_with_early_stopping_are_refused(kind):
    X, y = rows()
    for model in pair(kind, early_stopping=True, max_iter=2):
        fitted(model, X, y)
        with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
            model.partial_fit(X, y)
    with pytest.raises(InvalidParameterError):
        model.partial_fit(X, y)


def test_a_single_row_to_judge_on_is_refused():
    for model in pair("regressor", early_stopping=True):
        with pytest.raises(ValueError, match="The validation set is too small"):
            model.fit(*(values[:2] for values in rows()))
    with pytest.raises(DataError, match="would hold out 1 of the rows that count"):
        model.fit(*(values[:2] for values in rows()))
    X, y = rows()
    few = np.where(np.arange(90) < 2, 1.0, 0.0)
    with pytest.raises(DataError, match="The validation set is too small"):
        model.fit(X, y, few)
    model.set_params(max_iter=2, tol=0.0)
    fitted(model, X[:5], y[:5])  # a share of a tenth is one row of five: two are held out


@each_pair
def test_numbers_too_large_to_compute_with_are_a_value_error(kind):
    X, y = np.finfo(float).max * np.random.default_rng(0).uniform(size=(90, 4)), rows()[1]
    theirs, ours = pair(kind, max_iter=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match=r"Solver produced non-finite parameter weights. The input data may contain large values"):
            theirs.fit(X, y)
    with pytest.raises(DivergedError, match=r"Solver produced non-finite parameter weights.* up to 1.\d*e\+308: set standardize=True"):
        ours.fit(X, y)
    assert issubclass(DivergedError, ValueError)


# --- decisions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("m", [61, 131])  # rows are dealt by what they hold, and by their number
def test_the_only_row_of_a_class_is_learned_by_every_network_where_theirs_refuses(m):
    X, y = np.full((m, 4), 9.0), (np.arange(m) == 7).astype(int)
    X[y == 0] = np.random.default_rng(0).standard_normal((m - 1, 4))
    theirs, _ = pair("classifier", early_stopping=True)
    with pytest.raises(ValueError, match="least populated class"):
        theirs.fit(X, y)
    for seed in range(2):
        settings = {"validation_fraction": 0.5, "n_networks": 1, "max_iter": 200, "learning_rate_init": 0.02}
        ours = ShoalClassifier(16, early_stopping=True, random_state=seed, **settings).fit(X, y)
        assert ours.predict(X)[7] == 1


def test_a_single_class_and_a_network_that_diverges_are_errors_where_theirs_goes_on():
    X, y = rows()
    theirs, ours = pair("classifier", max_iter=2)
    fitted(theirs, X, np.ones(90))
    with pytest.raises(DataError, match="y has 1 class only"):
        ours.fit(X, np.ones(90))
    theirs, ours = pair("regressor", solver="sgd", activation="identity", learning_rate_init=1.0, early_stopping=True, max_iter=20)
    fitted(theirs, 10 * X, y)
    assert np.isnan(theirs.validation_scores_[-1])
    with pytest.raises(DivergedError, match=r"try 0\.1"):
        ours.fit(10 * X, y)


@each_pair
def test_names_are_kept_through_early_stopping(kind):
    X, y = rows()
    frame = pd.DataFrame(X, columns=list("abcd"))
    for model in pair(kind, early_stopping=True, max_iter=3):
        _, warned = fitted(model, frame, y)
        assert UserWarning not in warned
        assert model.feature_names_in_.tolist() == list("abcd")


@each_pair
def test_weights_and_answers_are_double_where_theirs_have_the_precision_of_the_rows(kind):
    X, y = rows()
    theirs, ours = pair(kind, max_iter=2)
    for model, dtype in ((theirs, np.float32), (ours, np.float64)):
        fitted(model, X.astype(np.float32), y)
        assert {w.dtype for w in (*model.coefs_, *model.intercepts_)} == {np.dtype(dtype)}


@pytest.mark.parametrize(("ours", "theirs"), [(ShoalClassifier, MLPClassifier), (ShoalRegressor, MLPRegressor)])
def test_as_sklearn_has_the_defaults_of_the_peer(ours, theirs):
    mine, its = ours.as_sklearn().get_params(), theirs().get_params()
    differ = {name for name in its if mine[name] != its[name]}
    assert differ == {"batch_size"}  # "auto" is min(200, m), as a batch of 200 is here
    assert mine["batch_size"] == 200
    assert mine["n_networks"] == 1


@pytest.mark.parametrize(("ours", "theirs"), [(ShoalClassifier, MLPClassifier), (ShoalRegressor, MLPRegressor)])
def test_as_sklearn_has_the_shapes_and_about_the_loss_of_the_peer(ours, theirs):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((150, 4))
    y = X[:, 0] * X[:, 1] > 0 if ours is ShoalClassifier else np.sin(X[:, 0])
    settings = {"solver": "lbfgs", "max_iter": 1000, "random_state": 0, "alpha": 1.0}
    mine, its = ours.as_sklearn((7,), **settings).fit(X, y), theirs(hidden_layer_sizes=(7,), **settings).fit(X, y)
    assert [w.shape for w in mine.coefs_] == [w.shape for w in its.coefs_] == [(4, 7), (7, 1)]
    assert mine.loss_ == pytest.approx(its.loss_, rel=0.2)  # other initial weights: another minimum of the same J
    with pytest.raises(InvalidParameterError, match="exactly one hidden layer"):
        ours.as_sklearn((7, 7)).fit(X, y)
