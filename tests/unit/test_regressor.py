"""ShoalRegressor: every loss, targets of any size, several targets, and every bad input by its name."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import r2_score

from shoal.errors import DataError, DivergedError, InvalidParameterError, MemberDivergedWarning
from shoal.estimators.regressor import ShoalRegressor
from shoal.fitting.settings import LOSSES

QUICK = {"n_networks": 2, "hidden_layer_sizes": 8, "max_iter": 10, "random_state": 0}


def curve(m=150, seed=0, noise=0.0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (m, 2))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] + noise * rng.standard_normal(m)


# --- the default does not under-train, wherever the target lies ------------------------------------------------------

X_SINE = np.linspace(-3, 3, 200)[:, None]
Y_SINE = np.sin(X_SINE[:, 0])


@pytest.fixture(scope="module")
def score_of_sine():
    return ShoalRegressor(random_state=0).fit(X_SINE, Y_SINE).score(X_SINE, Y_SINE)


def test_the_default_learns_a_sine(score_of_sine):
    assert score_of_sine >= 0.99


SLOW_SHIFTS = [pytest.param(1000, 0, marks=pytest.mark.slow), pytest.param(0.001, -5, marks=pytest.mark.slow)]
SHIFTS = [(1, -1e6), (1000, 1e6), pytest.param(1, 5, marks=pytest.mark.slow), *SLOW_SHIFTS]


@pytest.mark.parametrize(("factor", "shift"), SHIFTS)
def test_the_score_is_the_same_wherever_the_target_lies(factor, shift, score_of_sine):
    y = factor * Y_SINE + shift
    assert ShoalRegressor(random_state=0).fit(X_SINE, y).score(X_SINE, y) == pytest.approx(score_of_sine, abs=0.005)


@pytest.mark.parametrize(("factor", "shift"), [(1, 1e6), *SLOW_SHIFTS])
def test_the_score_is_the_same_wherever_the_inputs_lie(factor, shift, score_of_sine):
    X = factor * X_SINE + shift
    assert ShoalRegressor(random_state=0).fit(X, Y_SINE).score(X, Y_SINE) == pytest.approx(score_of_sine, abs=0.005)


# --- losses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_learns_in_the_targets_own_units(loss):
    X, y = curve()
    y = 10 * (y - y.min())
    settings = {"n_networks": 2, "hidden_layer_sizes": 32, "random_state": 0}
    model = ShoalRegressor(loss, **settings).fit(X, y)
    # A median and a mean of noise-free rows are the same; the likelihood losses pay most for rows near 0.
    assert model.score(X, y) > (0.9 if loss in ("gaussian", "poisson") else 0.97)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    out = {"poisson": "exp", "gaussian": "gaussian"}.get(loss, "identity")
    assert (model.out_activation_, model.n_outputs_) == (out, 2 if loss == "gaussian" else 1)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_a_share_q_of_the_rows_lies_below_the_quantile_q(q):
    X, y = curve(400, noise=1.0)
    y = 100 + 20 * y
    model = ShoalRegressor("quantile", quantile=q, random_state=0, n_networks=4, hidden_layer_sizes=16, dropout=0.1).fit(X, y)
    X_new, y_new = curve(2000, seed=1, noise=1.0)
    below = np.mean(100 + 20 * y_new < model.predict(X_new))
    assert below == pytest.approx(q, abs=0.08)  # 400 rows tell a quantile to √(q(1 − q)/400) = 0.025 at best


def test_huber_and_the_absolute_error_do_not_follow_outliers():
    X, y = curve(300)
    spoiled = y.copy()
    spoiled[::15] += 60
    scores = {
        loss: r2_score(
            y, ShoalRegressor(loss, huber_delta=0.1, n_networks=2, hidden_layer_sizes=32, random_state=0).fit(X, spoiled).predict(X)
        )
        for loss in ("squared_error", "huber", "absolute_error")
    }
    assert scores["huber"] > 0.7 > scores["squared_error"]
    assert scores["absolute_error"] > 0.9 > scores["squared_error"]


def test_counts_are_expected_by_their_logarithm_and_never_below_zero():
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (500, 2))
    expected = np.exp(1 + X[:, 0])
    model = ShoalRegressor("poisson", random_state=0, n_networks=2, hidden_layer_sizes=16).fit(X, rng.poisson(expected).astype(float))
    assert r2_score(expected, model.predict(X)) > 0.9
    assert np.all(model.predict(10 * X) >= 0)
    assert model.predict(X).mean() == pytest.approx(rng.poisson(expected).mean(), rel=0.1)


def test_a_gaussian_output_learns_a_mean_and_how_far_rows_lie_from_it():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (600, 1))
    sd = np.where(X[:, 0] > 0, 50.0, 5.0)
    y = 1000 + 100 * X[:, 0] + sd * rng.standard_normal(600)
    model = ShoalRegressor("gaussian", random_state=0, n_networks=2, hidden_layer_sizes=16, ramps=False).fit(X, y)
    at = np.array([[-0.5], [0.5]])
    np.testing.assert_allclose(model.predict(at), [950, 1050], atol=15)
    from shoal.network import predict_logits

    found = np.exp(predict_logits(model.network_, at)[1] / 2) * model.network_.target.scale[0]
    np.testing.assert_allclose(found, [5, 50], rtol=0.5)


# --- several targets, weights, sparse rows ---------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["squared_error", "gaussian", "quantile"])
def test_several_targets_each_in_its_own_unit(loss):
    X, y = curve()
    Y = np.column_stack([y, 1e4 * y + 1e6, 1e-3 * X[:, 1]])
    model = ShoalRegressor(loss, n_networks=2, hidden_layer_sizes=32, random_state=0, max_iter=60).fit(X, Y)
    assert model.predict(X).shape == Y.shape
    assert min(r2_score(Y, model.predict(X), multioutput="raw_values")) > 0.9
    assert ShoalRegressor(**QUICK).fit(X, Y[:, :1]).predict(X).shape == (150, 1)
    assert ShoalRegressor(**QUICK).fit(X, y).predict(X).shape == (150,)


def test_weights_draw_the_prediction_to_the_heavy_rows():
    X = np.zeros((60, 1))
    y = np.repeat([0.0, 10.0], 30)
    weight = np.repeat([1.0, 4.0], 30)
    plain, weighted = (ShoalRegressor(**QUICK | {"max_iter": 60}).fit(X, y, w).predict(X[:1])[0] for w in (None, weight))
    assert plain == pytest.approx(5, abs=0.5)
    assert weighted == pytest.approx(8, abs=0.5)


def test_sparse_rows_and_sparse_targets_are_taken():
    X, y = curve()
    X = np.where(np.abs(X) > 0.8, X, 0.0)
    dense, rare = (ShoalRegressor(**QUICK, ramps=False, dtype="float64").fit(values, y) for values in (X, sparse.csr_array(X)))
    np.testing.assert_allclose(rare.predict(sparse.csr_array(X)), dense.predict(X), rtol=1e-9, atol=1e-9)
    columns = ShoalRegressor(**QUICK).fit(X, sparse.csr_array(np.column_stack([y, y])))
    assert columns.predict(X).shape == (150, 2)


def test_a_single_row_is_its_own_prediction():
    model = ShoalRegressor(random_state=0, n_networks=2, max_iter=200).fit([[1.0]], [2.0])
    assert model.predict([[1.0]])[0] == pytest.approx(2.0, abs=0.1)


def test_a_constant_target_is_predicted():
    X, _ = curve()
    model = ShoalRegressor(n_networks=2, random_state=0).fit(X, np.full(150, 7.0))
    np.testing.assert_allclose(model.predict(X), 7.0, atol=0.1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predictions_are_float64_whatever_the_precision_of_training(dtype):
    X, y = curve()
    model = ShoalRegressor(**QUICK, dtype=dtype).fit(X, y)
    assert model.network_.population.parameters.W1.dtype == dtype
    assert model.predict(X).dtype == np.float64


@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd", "rmsprop"])
def test_every_solver_learns_with_its_own_defaults(solver):
    X, y = curve()
    model = ShoalRegressor(solver=solver, n_networks=2, hidden_layer_sizes=32, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.95
    assert model.solver_ == solver


@pytest.mark.parametrize("init", ["zeros", "normal", "xavier", "he", "lecun", "nguyen_widrow"])
def test_every_rule_of_initial_weights_trains(init):
    X, y = curve()
    model = ShoalRegressor(init=init, n_networks=2, hidden_layer_sizes=16, random_state=0, max_iter=40).fit(X, y)
    assert (model.score(X, y) > 0.5) == (init != "zeros"), "from zeros the units never come apart, and with ReLU never move"


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "mse"}, "loss is 'mse'; choose one of 'squared_error', 'huber'"),
        ({"loss": "quantile", "quantile": 1.0}, "quantile is 1.0; it must be a number between 0 and 1"),
        ({"loss": "quantile", "quantile": "median"}, "quantile is 'median'; it must be a number between 0 and 1"),
        ({"loss": "huber", "huber_delta": 0}, "huber_delta is 0; it must be a number above 0"),
        ({"loss": "huber", "huber_delta": None}, "huber_delta is None; it must be a number above 0"),
        ({"hidden_layer_sizes": (10, 10)}, "exactly one hidden layer"),
        ({"solver": "newton"}, "solver is 'newton'; choose one of"),
        ({"alpha": -1}, "alpha is -1; it must be a number of 0 or more"),
        ({"random_state": -5}, "random_state is -5; it must be None, a whole number"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(settings, words):
    X, y = curve(20)
    with pytest.raises(InvalidParameterError, match=words.replace("(", r"\(")):
        ShoalRegressor(**QUICK | settings).fit(X, y)
    clone(ShoalRegressor(**QUICK | settings))  # what is wrong is said at fit, not before


def test_targets_that_cannot_be_learned_are_refused_by_name():
    X, y = curve(20)
    with pytest.raises(DataError, match="loss='poisson' takes y of 0 or more, but y has -2"):
        ShoalRegressor("poisson", **QUICK).fit(X, np.where(y == y[3], -2.0, 1.0))
    with pytest.raises(DataError, match=r"y has text instead of numbers .*for classes use ShoalClassifier"):
        ShoalRegressor(**QUICK).fit(X, np.array(["low", "high"] * 10))
    with pytest.raises(ValueError, match="NaN"):
        ShoalRegressor(**QUICK).fit(X, np.where(y == y[3], np.nan, y))
    with pytest.raises(DataError, match=r"^y holds numbers so large"):
        ShoalRegressor(**QUICK).fit(X, 1e200 * y)
    with pytest.raises(DataError, match="y has 2 columns, but the network was fitted with 1"):
        ShoalRegressor(**QUICK).fit(X, y, X_val=X, y_val=np.column_stack([y, y]))


RUNAWAY = {"solver": "sgd", "learning_rate_init": 1e6, "standardize": False}


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_diverging_learning_rate_is_named_with_the_epoch_and_the_cause(verbose, early_stopping):
    X, y = curve(120)
    with pytest.raises(DivergedError, match=r"diverged in epoch \d+.*learning_rate_init=1e\+06\) is probably too high; try 100000"):
        ShoalRegressor(**QUICK, **RUNAWAY, verbose=verbose, early_stopping=early_stopping).fit(X, y)


def test_members_that_diverge_are_left_out_with_a_warning():
    X, y = curve(120)
    rates = (0.01, 1e9, 0.01)
    model = ShoalRegressor(**QUICK | {"n_networks": 3, "solver": "sgd"}, ramps=False, learning_rate_init=rates)
    with pytest.warns(MemberDivergedWarning, match=r"networks \[1\] of 3 diverged in epochs \[1\] and were left out"):
        model.fit(X, y)
    assert model.network_.shares.tolist() == [0.5, 0, 0.5]
    assert np.isfinite(model.predict(X)).all()
    assert np.isfinite(model.loss_curve_).all()
