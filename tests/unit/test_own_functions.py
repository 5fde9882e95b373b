"""Activations and losses of one's own: trained as shoal's are, checked when given, and refused by name where functions cannot go."""

import copy
import pickle
import re
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import shoal
import shoal.fitting.plan
from shoal import OwnActivation, OwnLoss, ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.engine.own_calls import RAISED
from shoal.errors import DataError, ExportError, InterruptedWarning, InvalidParameterError, ModelFileError, OwnFunctionsError
from shoal.export import model_equation, model_json, portable, python_text

pytestmark = pytest.mark.filterwarnings("ignore:max_iter=6 epochs ended")  # six are enough to see whether two trainings are one

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 3))
Y = np.sin(X[:, 0]) + X[:, 1] ** 2 + 0.1 * RNG.normal(size=150)
SMALL = {"max_iter": 6, "random_state": 0, "hidden_layer_sizes": 6, "dtype": "float64"}
CLOSE = {"rtol": 0, "atol": 1e-9}  # six epochs in float64: another order of rounding, 1e-16 an operation, which Adam enlarges


def swish(Z):
    return Z / (1 + np.exp(-Z))


def swish_prime(Z):
    a = 1 / (1 + np.exp(-Z))
    return a + Z * a * (1 - a)


def tanh_prime(Z):
    return 1 - np.tanh(Z) ** 2


def half_square(Z2, Y):
    return (Z2 - Y) ** 2 / 2


def residual(Z2, Y):
    return Z2 - Y


def huber(Z2, Y):
    r = np.abs(Z2 - Y)
    return np.where(r <= 1, r * r / 2, r - 0.5)


def huber_slope(Z2, Y):
    return np.clip(Z2 - Y, -1.0, 1.0)


def pinball(Z2, Y):
    return np.where(Z2 > Y, 0.2 * (Z2 - Y), 0.8 * (Y - Z2))


def pinball_slope(Z2, Y):
    return np.where(Z2 > Y, 0.2, np.where(Z2 < Y, -0.8, 0.0))


def absolute(Z2, Y):
    return np.abs(Z2 - Y)


def sign(Z2, Y):
    return np.sign(Z2 - Y)


def poisson(Z2, Y):
    return np.exp(Z2) - Y * Z2


def poisson_slope(Z2, Y):
    return np.exp(Z2) - Y


ACTIVATIONS = {"silu": (swish, swish_prime), "tanh": (np.tanh, tanh_prime)}
LOSSES = {
    "squared_error": (half_square, residual),
    "huber": (huber, huber_slope),
    "absolute_error": (absolute, sign),
    "quantile": (pinball, pinball_slope),
}
SWISH, HUBER = OwnActivation("swish", swish, swish_prime), OwnLoss("own_huber", huber, huber_slope)


def in_numpy(function):
    """A function that Numba does not compile."""
    return partial(function)


# --- training ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("K", [1, 3])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_functions_called_in_numpy_train_the_network_of_shoals_own(activation, loss, K):
    g = OwnActivation("mine", *map(in_numpy, ACTIVATIONS[activation]))
    L = OwnLoss("mine", *map(in_numpy, LOSSES[loss]))
    own = ShoalRegressor(loss=L, activation=g, n_networks=K, **SMALL).fit(X, Y)
    same = ShoalRegressor(loss=loss, activation=activation, quantile=0.8, n_networks=K, **SMALL).fit(X, Y)
    np.testing.assert_allclose(own.predict(X), same.predict(X), **CLOSE)
    np.testing.assert_allclose(own.loss_curve_, same.loss_curve_, **CLOSE)
    assert g.runs.startswith("called in NumPy")
    assert L.runs.startswith("called in NumPy")


@pytest.fixture(scope="module")
def compiled():
    """A regressor whose own functions Numba compiles, calibrated; the functions choose and clip, as many losses do."""
    return ShoalRegressor(loss=HUBER, activation=SWISH, calibration="cv+", n_networks=3, **SMALL).fit(X, Y)


def test_compiled_functions_train_the_network_of_shoals_own(compiled):
    same = ShoalRegressor(loss="huber", activation="silu", calibration="cv+", n_networks=3, **SMALL).fit(X, Y)
    np.testing.assert_allclose(compiled.predict(X), same.predict(X), **CLOSE)
    np.testing.assert_allclose(compiled.predict_interval(X), same.predict_interval(X), **CLOSE)  # its loss is symmetric: centred
    np.testing.assert_allclose(
        shoal.inspection.sensitivities(compiled.network_, X), shoal.inspection.sensitivities(same.network_, X), **CLOSE
    )


def test_the_printed_network_says_how_own_functions_ran(compiled):
    assert "own activation 'swish', compiled by Numba" in repr(compiled.network_)
    assert "own loss 'own_huber', compiled by Numba" in repr(compiled.network_)
    assert "own loss 'own_huber', compiled by Numba" in compiled._repr_html_()


@pytest.mark.parametrize("solver", ["lbfgs", "scg", "rprop", "sgd", "rmsprop", "adam"])
def test_every_solver_of_first_derivatives_takes_them(solver):
    settings = SMALL | {"solver": solver, "n_networks": 2}
    g, L = (OwnActivation("mine", *map(in_numpy, ACTIVATIONS["silu"])), OwnLoss("mine", *map(in_numpy, LOSSES["huber"])))
    own = ShoalRegressor(loss=L, activation=g, **settings).fit(X, Y)
    np.testing.assert_allclose(own.predict(X), ShoalRegressor(loss="huber", activation="silu", **settings).fit(X, Y).predict(X), **CLOSE)


def test_solvers_of_second_derivatives_take_an_own_activation_and_refuse_an_own_loss():
    g = OwnActivation("mine", *map(in_numpy, ACTIVATIONS["tanh"]))
    settings = SMALL | {"solver": "lm", "n_networks": 2}
    own, same = (ShoalRegressor(activation=a, **settings).fit(X, Y).predict(X) for a in (g, "tanh"))
    np.testing.assert_allclose(own, same, **CLOSE)
    with pytest.raises(InvalidParameterError, match=r"OwnLoss\('own_huber'\) is one of your own: choose solver 'lbfgs'"):
        ShoalRegressor(loss=HUBER, **settings).fit(X, Y)


def test_a_loss_of_counts_through_exp_is_poissons():
    counts = RNG.poisson(np.exp(0.5 * X[:, 0])).astype(float)
    L = OwnLoss("counts", in_numpy(poisson), in_numpy(poisson_slope), unit="exp")
    own, same = (ShoalRegressor(loss=loss, n_networks=2, **SMALL).fit(X, counts) for loss in (L, "poisson"))
    np.testing.assert_allclose(own.predict(X), same.predict(X), **CLOSE)
    assert own.predict(X).min() > 0
    with pytest.raises(DataError, match="takes y of 0 or more"):
        ShoalRegressor(loss=L, **SMALL).fit(X, Y)


def test_a_classifier_and_partial_fit_take_an_own_activation():
    g = OwnActivation("mine", *map(in_numpy, ACTIVATIONS["tanh"]))
    labels = Y > 1
    own, same = (ShoalClassifier(activation=a, n_networks=2, **SMALL).fit(X, labels).predict_proba(X) for a in (g, "tanh"))
    np.testing.assert_allclose(own, same, **CLOSE)
    own, same = (ShoalRegressor(activation=a, **SMALL).partial_fit(X, Y).partial_fit(X, Y).predict(X) for a in (g, "tanh"))
    np.testing.assert_allclose(own, same, **CLOSE)


def test_a_target_in_its_own_unit_is_not_standardised():
    """The best constant of |z − y| + (z − y) / 2 does not depend on the unit; that of a quadratic cost in euros does on its scale."""
    seen = []

    def value(Z2, Y):
        seen.append(float(np.abs(Y).max()))
        return (Z2 - Y) ** 2

    L = OwnLoss("euros", in_numpy(value), in_numpy(lambda Z2, Y: 2 * (Z2 - Y)), scales_target=False)
    seen.clear()
    ShoalRegressor(loss=L, n_networks=1, **SMALL).fit(X, 100 + Y)
    assert max(seen) > 100


def test_a_search_and_shoal_fit_take_them(tmp_path):
    g, L = (OwnActivation("mine", *map(in_numpy, ACTIVATIONS["silu"])), OwnLoss("mine", *map(in_numpy, LOSSES["huber"])))
    search = ShoalSearchCV(ShoalRegressor(loss=L, n_networks=1, **SMALL), {"activation": [g, "relu"]}, cv=2).fit(X, Y)
    assert search.best_params_["activation"] in (g, "relu")
    table = pd.DataFrame(X, columns=list("abc")).assign(y=Y)
    model = shoal.fit(table, "y", settings={"loss": L, "activation": g, **SMALL})
    back = shoal.load(shoal.save(model, tmp_path / "m.shoal"), own=[g, L])
    assert np.array_equal(back.predict(table), model.predict(table))


# --- the check of the derivative --------------------------------------------------------------------------------------

WRONG_LOSSES = {
    "the other sign": (half_square, lambda Z2, Y: Y - Z2),
    "twice": (half_square, lambda Z2, Y: 2 * (Z2 - Y)),
    "a thousandth more": (half_square, lambda Z2, Y: 1.001 * (Z2 - Y)),
    "by Y": (lambda Z2, Y: (Z2 - Y) ** 2 * Y**2, lambda Z2, Y: 2 * (Z2 - Y) * Y**2 * np.sign(Y)),
    "the sides of the pinball": (pinball, lambda Z2, Y: np.where(Z2 > Y, 0.8, -0.2)),
    "not clipped": (huber, residual),
    "clipped elsewhere": (huber, lambda Z2, Y: np.clip(Z2 - Y, -1.5, 1.5)),
    "beside the kink's two sides": (absolute, lambda Z2, Y: np.where(np.abs(Z2 - Y) < 1e-12, 1.5, np.sign(Z2 - Y))),
    "of another function": (absolute, residual),
}


@pytest.mark.parametrize("pair", WRONG_LOSSES.values(), ids=WRONG_LOSSES)
def test_a_wrong_derivative_of_a_loss_is_refused_with_place_and_both_numbers(pair):
    with pytest.raises(InvalidParameterError, match=r"derivative of the loss 'mine' is \S+ at Z2 = \S+, Y = \S+, where the slope of value"):
        OwnLoss("mine", *pair)


def test_the_place_is_where_the_difference_is_largest():
    with pytest.raises(InvalidParameterError, match=re.escape("is -3 at Z2 = -6, Y = 3, where the slope of value is -9; correct")):
        OwnLoss("mine", half_square, lambda Z2, Y: np.maximum(Z2 - Y, -3.0))


WRONG_ACTIVATIONS = {
    "the other sign": (np.tanh, lambda Z: np.tanh(Z) ** 2 - 1),
    "another slope on one side": (lambda Z: np.maximum(Z, 0.1 * Z), lambda Z: np.where(Z > 0, 1.0, 0.2)),
    "the function itself": (swish, swish),
    "without its second term": (swish, lambda Z: 1 / (1 + np.exp(-Z))),
    "0": (np.arctan, lambda Z: 0 * Z),
}


@pytest.mark.parametrize("pair", WRONG_ACTIVATIONS.values(), ids=WRONG_ACTIVATIONS)
def test_a_wrong_derivative_of_an_activation_is_refused(pair):
    with pytest.raises(InvalidParameterError, match=r"prime of the activation 'mine' is \S+ at z = \S+, where the slope of g is"):
        OwnActivation("mine", *pair)


@pytest.mark.parametrize("at_the_kink", [-1.0, -0.3, 0.0, 1.0])
def test_any_slope_between_the_two_sides_of_a_kink_is_accepted(at_the_kink):
    """The grid of pairs has Z2 = Y: there |Z2 − Y| has no derivative, and every number from −1 to 1 is a subgradient."""
    OwnLoss("mine", absolute, lambda Z2, Y: np.where(np.abs(Z2 - Y) < 1e-12, at_the_kink, np.sign(Z2 - Y)))


KINKED = {
    "relu": (lambda Z: np.maximum(Z, 0.0), lambda Z: (Z > 0) * 1.0),
    "from the right": (lambda Z: np.maximum(Z, 0.0), lambda Z: (Z >= 0) * 1.0),
    "abs": (np.abs, np.sign),
    "hard tanh": (lambda Z: np.clip(Z, -1, 1), lambda Z: (np.abs(Z) < 1) * 1.0),
    "hard tanh at a point of the grid": (lambda Z: np.clip(Z, -20 + 40 / 399, 1), lambda Z: ((Z > -20 + 40 / 399) & (Z < 1)) * 1.0),
}


@pytest.mark.parametrize("pair", KINKED.values(), ids=KINKED)
def test_activations_with_kinks_are_accepted(pair):
    assert OwnActivation("mine", *pair).definition.g is pair[0]


@pytest.mark.parametrize("pair", [*LOSSES.values(), (lambda Z2, Y: np.cosh(Z2 - Y), lambda Z2, Y: np.sinh(Z2 - Y))])
def test_losses_are_accepted_steep_ones_too(pair):
    assert OwnLoss("mine", *pair).definition.centred == (pair[0] is not pinball)


REFUSED = {
    "no word": (lambda: OwnLoss("my loss", half_square, residual), "is 'my loss': give a word"),
    "no text": (lambda: OwnActivation(3, np.tanh, tanh_prime), "the own activation is 3: give a word"),
    "a name that is taken": (lambda: OwnLoss("huber", huber, huber_slope), "is 'huber': which shoal has already"),
    "the activation's name too": (lambda: OwnActivation("sigmoid", np.tanh, tanh_prime), "is 'sigmoid': which shoal has already"),
    "a sum": (lambda: OwnLoss("mine", lambda Z2, Y: half_square(Z2, Y).sum(), residual), "into (); keep the shape"),
    "another axis": (lambda: OwnActivation("mine", np.tanh, lambda Z: tanh_prime(Z).ravel()), "into (400,); keep the shape"),
    "not finite": (lambda: OwnLoss("mine", lambda Z2, Y: np.log(Z2), lambda Z2, Y: 1 / Z2), "is not finite at Z2 = -6, Y = -3"),
    "for numbers alone": (lambda: OwnActivation("mine", lambda Z: max(Z, 0.0), tanh_prime), "g of the activation 'mine' fails for z"),
    "another unit": (lambda: OwnLoss("mine", half_square, residual, unit="log"), "is 'log'; choose one of 'identity', 'exp'"),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_used_is_refused_when_it_is_given(make, message):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        make()


def test_a_parameter_refuses_functions_of_the_other_kind_and_bare_pairs():
    for settings in ({"loss": SWISH}, {"loss": (huber, huber_slope)}):
        with pytest.raises(InvalidParameterError, match=r"or a shoal\.OwnLoss"):
            ShoalRegressor(**settings).fit(X, Y)
    with pytest.raises(InvalidParameterError, match=r"or a shoal\.OwnActivation"):
        ShoalRegressor(activation=HUBER).fit(X, Y)


def test_a_loss_that_is_not_centred_has_no_intervals():
    L = OwnLoss("dear", in_numpy(pinball), in_numpy(pinball_slope))
    with pytest.raises(InvalidParameterError, match=r"loss=OwnLoss\('dear'\) is not centred"):
        ShoalRegressor(loss=L, calibration="split", **SMALL).fit(X, Y)
    with pytest.raises(DataError, match=r"its loss OwnLoss\('dear'\) is not centred"):
        ShoalRegressor(loss=L, **SMALL).fit(X, Y).predict_interval(X)


# --- errors inside them -----------------------------------------------------------------------------------------------


def raising_after(n, error):
    """A tanh that raises once, at call n."""
    calls = iter(range(n))

    def g(Z):
        if next(calls, None) is None and not raised:
            raised.append(True)
            raise error
        return np.tanh(Z)

    raised = []
    return OwnActivation("mine", in_numpy(g), tanh_prime)


def test_what_a_function_raises_in_training_is_raised_and_does_not_wait_for_the_next_fit():
    with pytest.raises(ZeroDivisionError, match="here"):
        ShoalRegressor(activation=raising_after(40, ZeroDivisionError("here")), **SMALL).fit(X, Y)
    assert not RAISED
    ShoalRegressor(**SMALL).fit(X, Y)


def test_an_interrupt_inside_a_function_keeps_the_networks_so_far():
    g = raising_after(400, KeyboardInterrupt())
    with pytest.warns(InterruptedWarning, match="the best weights so far are kept"):
        model = ShoalRegressor(activation=g, **SMALL | {"max_iter": 200, "early_stopping": True}).fit(X, Y)
    assert 0 < model.n_iter_ < 200
    assert np.isfinite(model.predict(X)).all()


# --- as a value -------------------------------------------------------------------------------------------------------


def test_a_name_of_ones_own_is_copied_and_pickled_with_its_functions():
    model = ShoalRegressor(loss=HUBER, activation=SWISH)
    assert clone(model).loss is HUBER
    assert copy.deepcopy(SWISH) is SWISH
    back = pickle.loads(pickle.dumps(HUBER))
    assert back is not HUBER
    assert (back, hash(back)) == (HUBER, hash(HUBER))
    assert HUBER != "own_huber"
    assert OwnLoss("own_huber", half_square, residual) != HUBER
    assert OwnLoss("own_huber", huber, huber_slope, scales_target=False) != HUBER


def test_a_pickled_model_predicts_as_before(compiled):
    assert np.array_equal(pickle.loads(pickle.dumps(compiled)).predict(X), compiled.predict(X))


# --- files and exports ------------------------------------------------------------------------------------------------


def test_a_file_holds_names_and_load_takes_the_functions(compiled, tmp_path):
    path = shoal.save(compiled, tmp_path / "m.shoal")
    back = shoal.load(path, own=[SWISH, HUBER])
    assert np.array_equal(back.predict(X), compiled.predict(X))
    assert np.array_equal(back.predict_interval(X), compiled.predict_interval(X))
    assert (back.loss, back.activation) == (HUBER, SWISH)
    assert back.fit(X, Y).network_.output == HUBER


def test_load_names_the_functions_that_are_missing_or_differ(compiled, tmp_path):
    path = shoal.save(compiled, tmp_path / "m.shoal")
    with pytest.raises(OwnFunctionsError, match=re.escape("trained with the own activation 'swish', whose functions no file holds")):
        shoal.load(path)
    with pytest.raises(OwnFunctionsError, match=re.escape("the own loss 'own_huber', whose functions")):
        shoal.load(path, own=SWISH)
    other = OwnLoss("own_huber", half_square, residual)
    with pytest.raises(OwnFunctionsError, match=re.escape("another own loss 'own_huber': the functions given gave other numbers")):
        shoal.load(path, own=[SWISH, other])
    in_own_unit = OwnLoss("own_huber", huber, huber_slope, scales_target=False)
    with pytest.raises(OwnFunctionsError, match="another own loss 'own_huber'"):
        shoal.load(path, own=[SWISH, in_own_unit])
    with pytest.raises(InvalidParameterError, match="own holds 'swish'; give a list"):
        shoal.load(path, own=["swish"])


def test_a_model_without_own_functions_says_nothing_of_them(tmp_path):
    model = ShoalRegressor(n_networks=1, **SMALL).fit(X, Y)
    path = shoal.save(model, tmp_path / "m.shoal")
    assert b'"own"' not in path.read_bytes()
    assert np.array_equal(shoal.load(path, own=[SWISH]).predict(X), model.predict(X))


def test_two_own_functions_of_one_name_are_not_saved(compiled, tmp_path):
    model = copy.copy(compiled).set_params(activation=OwnActivation("swish", np.tanh, tanh_prime))
    with pytest.raises(ModelFileError, match="two own functions of the model have one name"):
        shoal.save(model, tmp_path / "m.shoal")


def test_exports_refuse_an_own_activation_by_name(compiled):
    with pytest.raises(ExportError, match="The own activation 'swish' is a Python function, which cannot be written as C"):
        portable(compiled, "C")


def test_exports_of_predictions_need_no_loss():
    model = ShoalRegressor(loss=OwnLoss("mine", *map(in_numpy, LOSSES["huber"])), n_networks=1, **SMALL).fit(X, Y)
    space = {}
    exec(compile(python_text(portable(model)), "network.py", "exec"), space)
    np.testing.assert_allclose([space["predict"](list(row)) for row in X], model.predict(X), rtol=1e-12, atol=1e-12)
    assert "relu" in model_equation(portable(model))
    with pytest.raises(ExportError, match="The own loss 'mine' is Python functions, which JSON"):
        model_json(portable(model))


@pytest.mark.parametrize("settings", [{"loss": HUBER}, {"activation": SWISH}])
def test_a_device_refuses_them(settings, monkeypatch):
    monkeypatch.setattr(shoal.fitting.plan, "found", lambda asked, sparse: "torch:cpu")
    with pytest.raises(InvalidParameterError, match=r"device 'torch:cpu' cannot use the own (loss|activation) '\w+'.*choose device='cpu'"):
        ShoalRegressor(**settings, device="torch:cpu").fit(X, Y)


def test_a_classifier_of_a_table_says_why_it_takes_no_loss():
    table = pd.DataFrame({"x": range(40), "y": ["no", "yes"] * 20})
    own = OwnLoss("fourth_power", lambda Z2, Y: (Z2 - Y) ** 4, lambda Z2, Y: 4 * (Z2 - Y) ** 3)
    with pytest.raises(InvalidParameterError, match=r"no parameter 'loss'; its loss is cross-entropy .*own-functions"):
        shoal.fit(table, "y", settings={"loss": own})
