"""Every parameter × every odd value: it fits as the plain value does, or an error names the parameter; nothing else."""

import contextlib
import decimal
import fractions
import io
import math
import warnings

import numpy as np
import pandas as pd
import pytest

from sampling import sampled
from shoal import ShoalClassifier, ShoalRegressor
from shoal.errors import DeviceError, DivergedError, InvalidParameterError, TooLargeError
from shoal.fitting.settings import checked_settings, parameters

MADE = {"classification": ShoalClassifier, "regression": ShoalRegressor}


class Unprintable:
    """An object whose own text fails."""

    def __repr__(self):
        raise RuntimeError("no text")

    def __eq__(self, other):
        raise TypeError("no comparison")

    __hash__ = None


ODD = [
    *(None, True, False, np.True_, 0, 1, 2, -1, -2, 1.5, 0.5, 1.0, -0.5, 2**31, 2**53 + 1, 2**63, 2**70, -(2**70), 10**400),
    *(math.nan, math.inf, -math.inf, np.float64("nan"), 1e-320, 1e38, 1e300, 1e308, np.float32(0.5), np.int8(1), np.uint64(2**63)),
    *(np.longdouble(0.5), np.float16(0.5), np.timedelta64(1, "s"), np.datetime64("2020-01-01"), 1j),
    *("", "auto", "Auto", "no", "false", "1", "nan", np.str_("auto"), b"", b"x", bytearray(b"x"), memoryview(b"x")),
    *(decimal.Decimal("0.5"), decimal.Decimal("NaN"), fractions.Fraction(1, 2), fractions.Fraction(2)),
    *(pd.NA, pd.NaT, np.array(3), np.array(0.5), np.array([1, 2]), np.array([[1.0]]), np.array([]), np.array(["auto"]), pd.Series([3])),
    *([], (), [1], (3,), [True], ["x"], [None], [0.5, 0.5], [math.nan, 0.5], (1, 2, 3), range(3), {1}, {}, {"a": 1}, {0: 1, 1: -1}),
    *(object(), Unprintable(), [Unprintable()], print, [print], int, np.random.default_rng(0), np.random, lambda: 0, {0: Unprintable()}),
]
X = np.random.default_rng(0).standard_normal((20, 2))
Y = {"classification": (X[:, 0] > 0).astype(int), "regression": X[:, 0] + 2.0}
COMMON = {"max_iter": 1, "n_networks": 1, "hidden_layer_sizes": 2, "random_state": 0}
# What gives a parameter its work, so that an odd value of it is met.
AT_WORK = {
    "max_iter": {"early_stopping": False, "learning_rate": "constant", "tol": 1e9, "n_iter_no_change": 1},  # which ends after 3 epochs
    "power_t": {"solver": "sgd", "learning_rate": "invscaling"},
    "momentum": {"solver": "sgd"},
    "validation_fraction": {"early_stopping": True},
    "quantile": {"loss": "quantile"},
    "huber_delta": {"loss": "huber"},
    "init_scale": {"init": "normal", "dtype": "float32"},
    "max_fun": {"solver": "lbfgs"},
    "learning_rate_init": {"dtype": "float32", "solver": "sgd"},
    "alpha": {"dtype": "float32", "solver": "adam"},
    "epsilon": {"solver": "adam", "dtype": "float32"},
}
EVERY = [(task, name) for task in MADE for name in [p.name for p in parameters(task).values()]]
ONE_TASK = [(task, name) for name, task in {name: task for task, name in EVERY}.items()]


def fitted(task, name, value):
    """Weights of the fit with this value; errors that are not about values but about what they come to, by their kind."""
    made = MADE[task](**COMMON | AT_WORK.get(name, {}) | {name: value})
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.filterwarnings("ignore", "1 epochs|max_iter|max_fun|networks")  # one epoch settles nothing
        try:
            made.fit(X, Y[task])
        except (DivergedError, TooLargeError, DeviceError) as error:
            return type(error)
        except InvalidParameterError as error:  # what only the rows can show
            assert str(error).startswith(f"{name} is ")  # noqa: PT017
            return type(error)
    return [a.tolist() for a in (*made.coefs_, *made.intercepts_)]


def refusal(given, task):
    """The words of the error that refuses these values, None where they are taken."""
    try:
        checked_settings(given, task)
    except InvalidParameterError as error:
        return str(error)
    return None


@pytest.mark.parametrize(("task", "name"), sampled(ONE_TASK, EVERY))
def test_an_odd_value_fits_as_its_plain_one_or_is_refused_by_name(task, name):
    kind = next(p.kind(task) for p in parameters(task).values() if p.name == name)
    fits = {}
    for value in ODD:
        given = MADE[task](**COMMON | AT_WORK.get(name, {})).get_params() | {name: value}
        if (words := refusal(given, task)) is not None:
            assert words.startswith(f"{name} is ")
            assert len(words) < 600
            continue
        plain = kind.read(name, value)
        if name == "random_state" and plain is None:
            continue  # which draws a seed
        key = repr(plain)
        if key not in fits:
            fits[key] = fitted(task, name, plain)
        found = fitted(task, name, value)
        assert found == fits[key], f"{value!r} is not {plain!r}"


@pytest.mark.parametrize("name", ["solver", "standardize", "class_weight", "n_networks", "callbacks", "calibration"])
@pytest.mark.parametrize("value", [[], "nope", pd.NA, np.array([1, 2]), Unprintable(), b"x"], ids=lambda v: type(v).__name__)
def test_pieces_are_refused_by_name_too(name, value):
    if name == "callbacks" and isinstance(value, list):
        value = ["no function"]
    with pytest.raises(InvalidParameterError, match=f"^{name} is "):
        ShoalClassifier(**COMMON | {name: value}).partial_fit(X, Y["classification"], classes=[0, 1])


def test_predictions_refuse_a_number_of_threads_that_is_none():
    model = ShoalRegressor(**COMMON, ramps=False).fit(X, Y["regression"]).set_params(n_jobs="all")
    with pytest.raises(InvalidParameterError, match=r"^n_jobs is 'all'"):
        model.predict(X)
