"""What may happen around a fit: callbacks, printing, interruption, warm starts, and rows that come in pieces."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from shoal.errors import DataError, InterruptedWarning, InvalidParameterError
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor
from shoal.training.progress import Epoch

QUICK = {"n_networks": 2, "hidden_layer_sizes": 8, "max_iter": 6, "random_state": 0}
SAME = 1e-9  # the same updates, of sums in another order
# Nothing that depends on where an epoch stands: the fits one after the other are one long fit.
STEADY = QUICK | {
    "learning_rate": "constant",
    "early_stopping": False,
    "dtype": "float64",
    "shuffle": False,
    "n_iter_no_change": 99,
    "tol": 0.0,
}


def data(m=120, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, 3))
    return X, np.sin(X[:, 0]) + X[:, 1], (X[:, 0] + X[:, 2] > 0).astype(int)


# --- watching -------------------------------------------------------------------------------------------------------


def test_every_callback_is_handed_every_epoch():
    X, y, _ = data()
    seen = [], []
    model = ShoalRegressor(**QUICK, early_stopping=True, callbacks=[seen[0].append, seen[1].append]).fit(X, y)
    assert all(isinstance(e, Epoch) for e in seen[0])
    assert [e.epoch for e in seen[0]] == [e.epoch for e in seen[1]] == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose([e.loss.mean() for e in seen[0]], model.loss_curve_)
    np.testing.assert_array_equal([e.validation_loss for e in seen[0]], model.network_.history["validation_loss"])
    assert set(model.network_.history) == {"loss", "learning_rate", "validation_loss", "validation_score"}


def test_python_is_silent_unless_asked_and_then_prints_a_line_an_epoch(capsys):
    X, y, _ = data()
    ShoalRegressor(**QUICK).fit(X, y)
    assert capsys.readouterr().out == ""
    model = ShoalRegressor(**QUICK, early_stopping=True, verbose=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "solver: adamw"
    assert lines[1:-1] == [f"Iteration {i + 1}, loss = {loss:.8f}" for i, loss in enumerate(model.loss_curve_)]
    assert lines[-1].startswith(f"final losses of 2 networks: {model.final_losses_.min():.6g} to {model.final_losses_.max():.6g}")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # 3 epochs are not enough, and it says so
def test_an_interrupted_fit_keeps_the_best_weights_so_far():
    X, y, _ = data()

    def interrupt(event):
        if event.epoch == 3:
            raise KeyboardInterrupt

    with pytest.warns(InterruptedWarning, match="interrupted after 3 epochs; the best weights so far are kept"):
        model = ShoalRegressor(**QUICK, learning_rate="constant", callbacks=[interrupt]).fit(X, y)
    whole = ShoalRegressor(**QUICK | {"max_iter": 3}, learning_rate="constant", early_stopping=True).fit(X, y)
    assert model.n_iter_ == 3
    np.testing.assert_array_equal(model.predict(X), whole.predict(X))


def test_a_fit_that_is_interrupted_in_its_first_epoch_still_predicts(monkeypatch):
    X, y, _ = data()

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("shoal.training.minibatch.advance_in_order", interrupt)
    with pytest.warns(InterruptedWarning, match="after 0 epochs"):
        model = ShoalRegressor(**QUICK).fit(X, y)
    assert np.isfinite(model.predict(X)).all()
    assert (model.loss_curve_, model.n_iter_, model.t_) == ([], 0, 0)


def test_a_limit_of_time_ends_a_fit_with_the_best_weights():
    X, y, _ = data()
    model = ShoalRegressor(**QUICK | {"max_iter": 10**6}, max_time=0.05).fit(X, y)
    assert 1 <= model.n_iter_ < 10**5
    assert np.isfinite(model.predict(X)).all()


def test_a_fit_whose_loss_had_not_settled_says_so():
    X, y, _ = data()
    with pytest.warns(ConvergenceWarning, match="max_iter=6 epochs ended before the loss settled"):
        ShoalRegressor(**QUICK, learning_rate="constant", early_stopping=False).fit(X, y)


def test_own_validation_rows_replace_the_held_out_ones():
    X, y, _ = data()
    X_val, y_val, _ = data(60, seed=1)
    weight = np.linspace(0, 1, 60)
    model = ShoalRegressor(**QUICK | {"max_iter": 60}).fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    single = ShoalRegressor(**QUICK | {"max_iter": 60, "n_networks": 1}).fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    best = int(np.argmin(single.network_.history["validation_loss"][:, 0]))
    assert single.validation_scores_[best] == pytest.approx(single.score(X_val, y_val, weight), abs=1e-9)
    assert len(model.validation_scores_) == model.n_iter_
    sparse_val = ShoalRegressor(**QUICK).fit(X, y, X_val=sparse.csc_array(X_val), y_val=y_val)
    dense_val = ShoalRegressor(**QUICK).fit(X, y, X_val=X_val, y_val=y_val)
    np.testing.assert_allclose(sparse_val.validation_scores_, dense_val.validation_scores_, rtol=SAME)


# --- warm starts ----------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd", "rmsprop"])
def test_two_warm_fits_are_one_long_fit(solver):
    X, y, _ = data()
    model = ShoalRegressor(**STEADY, solver=solver, weight_average=0.0, warm_start=True).fit(X, y)
    model.fit(X, y)
    whole = ShoalRegressor(**STEADY | {"max_iter": 12}, solver=solver, weight_average=0.0).fit(X, y)
    np.testing.assert_allclose(model.loss_curve_, whole.loss_curve_, rtol=SAME)
    np.testing.assert_allclose(model.predict(X), whole.predict(X), rtol=SAME, atol=SAME)
    assert (model.n_iter_, model.t_) == (6, whole.t_) == (whole.n_iter_ // 2, 12 * 120)


@pytest.mark.parametrize("kind", [ShoalRegressor, ShoalClassifier])
def test_a_warm_fit_with_the_defaults_goes_on_learning(kind):
    X, y, labels = data()
    target = labels if kind is ShoalClassifier else y
    model = kind(**QUICK, warm_start=True, alpha=0.0, dropout=0.0).fit(X, target)
    before = model.loss_curve_[-1]
    for _ in range(4):
        model.fit(X, target)
    assert model.loss_curve_[-1] < 0.9 * before
    assert (len(model.loss_curve_), model.n_iter_) == (30, 6)


def test_without_warm_start_a_fit_begins_anew():
    X, y, _ = data()
    model = ShoalRegressor(**QUICK).fit(X, y)
    first = model.predict(X)
    np.testing.assert_array_equal(model.fit(X, y).predict(X), first)
    assert model.n_iter_ == 6


def test_a_warm_start_keeps_its_first_scaling():
    X, y, _ = data()
    model = ShoalRegressor(**QUICK, warm_start=True).fit(X, y)
    center, scale = model.network_.encoding.center, model.network_.target.scale
    model.fit(100 * X + 7, 50 * y)
    np.testing.assert_array_equal(model.network_.encoding.center, center)
    np.testing.assert_array_equal(model.network_.target.scale, scale)


def test_a_warm_start_may_change_solver_precision_and_rows():
    X, y, _ = data(600)
    model = ShoalRegressor(**QUICK, warm_start=True).fit(X[:100], y[:100])
    for settings in (
        {"solver": "sgd"},
        {"solver": "adam"},
        {"dtype": "float32"},
        {"dtype": "float64"},
        {"batch_size": 7},
        {"ramps": False},
    ):
        model.set_params(**settings).fit(X[:300], y[:300])
    model.fit(sparse.csr_array(X), y)
    assert model.score(X, y) > 0.8


def test_a_warm_start_with_networks_of_another_number_or_size_is_refused_by_name():
    X, _, labels = data()
    model = ShoalClassifier(**QUICK, warm_start=True).fit(X, labels)
    with pytest.raises(InvalidParameterError, match="n_networks is 3, but training continues with the 2 networks"):
        model.set_params(n_networks=3).fit(X, labels)
    with pytest.raises(InvalidParameterError, match="hidden_layer_sizes is 9, but training continues with networks of 8 hidden units"):
        model.set_params(n_networks=2, hidden_layer_sizes=9).fit(X, labels)
    with pytest.raises(DataError, match="y has 2 columns, but the network was fitted with one column of classes"):
        model.set_params(hidden_layer_sizes=8).fit(X, np.column_stack([labels, labels]))
    with pytest.raises(DataError, match=r"same classes as in the previous call to fit. Previously got \[0 1\], `y` has \[0 2\]"):
        model.fit(X, np.where(labels == 1, 2, 0))
    assert model.set_params(hidden_layer_sizes="auto").fit(X, labels).coefs_[0].shape[1] == 16


def test_a_pickled_model_goes_on_like_the_model_itself():
    X, y, _ = data()
    model = ShoalRegressor(**QUICK, warm_start=True).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict(X), model.predict(X))
    np.testing.assert_array_equal(copy.fit(X, y).predict(X), model.fit(X, y).predict(X))


# --- rows in pieces -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_pieces_are_learned_one_after_the_other(form):
    X, y, labels = data(300)
    model, regressor = ShoalClassifier(**QUICK), ShoalRegressor(**QUICK, learning_rate_init=0.01)
    for _ in range(15):
        for s in range(0, 300, 100):
            piece = slice(s, s + 100)
            model.partial_fit(form(X[piece]), labels[piece], classes=[0, 1])
            regressor.partial_fit(form(X[piece]), y[piece])
    assert model.score(X, labels) > 0.9
    assert regressor.score(X, y) > 0.8
    assert (model.n_iter_, model.t_, model.solver_) == (1, 15 * 300, "adam")
    assert len(model.loss_curve_) == 45


def test_pieces_of_any_size_are_counted_by_their_rows():
    X, y, _ = data()
    model = ShoalRegressor(**QUICK)
    for m in (100, 20, 7, 1):
        model.partial_fit(X[:m], y[:m])
    assert model.t_ == 128


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_passes_over_the_same_rows_are_the_epochs_of_a_fit():
    X, y, _ = data()
    settings = STEADY | {"solver": "adam", "weight_average": 0.0}
    model = ShoalRegressor(**settings)
    for _ in range(6):
        model.partial_fit(X, y)
    whole = ShoalRegressor(**settings).fit(X, y)
    np.testing.assert_allclose(model.loss_curve_, whole.loss_curve_, rtol=SAME)
    np.testing.assert_allclose(model.predict(X), whole.predict(X), rtol=SAME, atol=SAME)


def test_the_rate_of_inverse_scaling_goes_on_falling_from_piece_to_piece():
    X, y, _ = data()
    model = ShoalRegressor(**QUICK, solver="sgd", learning_rate="invscaling", learning_rate_init=1e-3)
    for _ in range(3):
        model.partial_fit(X, y)
    np.testing.assert_allclose(model.network_.history["learning_rate"][:, 0], [1e-3, 1e-3 / 121**0.5, 1e-3 / 241**0.5])


def test_the_first_piece_fixes_the_scaling_and_must_allow_one():
    X, y, _ = data()
    with pytest.raises(DataError, match="the first call of partial_fit got 1 row"):
        ShoalRegressor(**QUICK).partial_fit(X[:1], y[:1])
    ShoalRegressor(**QUICK, standardize=False).partial_fit(X[:1], y[:1])
    model = ShoalRegressor(**QUICK).partial_fit(X, y)
    center = model.network_.encoding.center.copy()
    model.partial_fit(X[:1] + 100, y[:1])
    np.testing.assert_array_equal(model.network_.encoding.center, center)


def test_the_first_piece_must_name_all_classes_and_later_ones_no_others():
    X, _, labels = data()
    with pytest.raises(DataError, match="classes must be passed on the first call to partial_fit"):
        ShoalClassifier(**QUICK).partial_fit(X, labels)
    model = ShoalClassifier(**QUICK).partial_fit(X, labels, classes=[0, 1, 2])
    assert model.predict_proba(X).shape == (120, 3)
    with pytest.raises(DataError, match=r"classes is \[0, 1\], but the first call of partial_fit was given \[0, 1, 2\]"):
        model.partial_fit(X, labels, classes=[0, 1])
    with pytest.raises(DataError, match=r"y has \[7\], which is not among the classes \[0, 1, 2\]"):
        model.partial_fit(X, np.where(labels == 1, 7, 0))


def test_several_labels_come_in_pieces_too():
    X, _, labels = data()
    Y = np.column_stack([labels, 1 - labels, labels])
    model = ShoalClassifier(**QUICK)
    for _ in range(20):
        model.partial_fit(X, Y, classes=[0, 1])
    assert np.mean(model.predict(X) == Y) > 0.9
    with pytest.raises(DataError, match="y has 2 columns, but the network was fitted with 3"):
        model.partial_fit(X, Y[:, :2])
    with pytest.raises(DataError, match="y has one column, but the network was fitted with columns of 0 and 1"):
        model.partial_fit(X, labels)


def test_a_fitted_model_takes_further_pieces():
    X, y, _ = data()
    model = ShoalRegressor(**QUICK).fit(X, y)
    model.partial_fit(X, y)
    assert (model.n_iter_, len(model.loss_curve_), model.solver_) == (1, 7, "adam")


def test_a_model_without_the_rules_memory_cannot_go_on():
    X, y, _ = data()
    model = ShoalRegressor(**QUICK, warm_start=True).fit(X, y)
    model._fitted = model._fitted.without_continuation()  # as a model file leaves it
    for go_on in (model.fit, model.partial_fit):
        with pytest.raises(DataError, match="loaded from a file cannot be trained further"):
            go_on(X, y)
