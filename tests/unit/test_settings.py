"""Every parameter is declared once: constructors, docstrings, checks and `--set` follow the declaration."""

import inspect
from dataclasses import fields

import numpy as np
import pytest

from shoal import ShoalClassifier, ShoalRegressor
from shoal.errors import InvalidParameterError
from shoal.fitting.settings import Settings, checked_settings, kind_of, parameters, parsed, settings_of

MADE = {"classification": ShoalClassifier, "regression": ShoalRegressor}
EVERY = [(task, p) for task in MADE for p in parameters(task).values()]
each_parameter = pytest.mark.parametrize(("task", "p"), EVERY, ids=lambda v: getattr(v, "name", v))


@pytest.mark.parametrize("task", MADE)
def test_the_constructor_has_the_declared_parameters_in_their_order_with_their_defaults(task):
    signature = inspect.signature(MADE[task].__init__).parameters
    written = {name: p.default for name, p in signature.items() if name != "self"}
    assert list(written.items()) == [(p.name, p.default) for p in parameters(task).values()]


@each_parameter
def test_the_docstring_has_every_parameter_with_its_values_default_and_words(task, p):
    doc = inspect.getdoc(MADE[task])
    assert f"\n{p.name} : {p.kind(task).doc}, default {p.default!r}\n" in doc
    assert "{parameters}" not in doc


@each_parameter
def test_the_default_is_right_and_stands_in_the_settings_in_its_plain_type(task, p):
    field = next(f for f in fields(Settings) if f.metadata.get("parameter") is p)
    assert p.kind(task).read(p.name, p.default) == field.default


def test_values_of_numpy_and_whole_floats_become_plain_and_the_names_the_chapter_s():
    given = {"n_networks": np.int64(2), "alpha": np.array([1, 2]), "learning_rate_init": [0.5, np.float32(0.25)], "max_iter": 50.0}
    given |= {"hidden_layer_sizes": np.array([7]), "standardize": np.True_, "solver": np.str_("adam"), "n_iter_no_change": np.inf}
    s = settings_of(ShoalRegressor(**given))
    assert (s.K, s.lam, s.learning_rate, s.max_epochs, s.n_h) == (2, (1.0, 2.0), (0.5, 0.25), 50, 7)
    assert s.standardize is True
    assert s.patience > 10**15
    plain = (s.K, *s.lam, *s.learning_rate, s.max_epochs, s.n_h, s.solver, s.patience)
    assert [type(v) for v in plain] == [int, float, float, float, float, int, int, str, int]


def test_a_wrong_text_names_the_nearest_choice():
    with pytest.raises(InvalidParameterError, match=r"^solver is 'Adamw'; choose one of 'auto', .*; the nearest is 'adamw'$"):
        settings_of(ShoalClassifier(solver="Adamw"))


def test_the_chapter_s_name_of_an_activation_means_scikit_learn_s():
    assert settings_of(ShoalRegressor(activation="sigmoid")).activation == "logistic"


def test_each_task_has_its_own_calibrations():
    given = ShoalClassifier(calibration="temperature").get_params()
    assert checked_settings(given, "classification").calibration == "temperature"
    with pytest.raises(InvalidParameterError, match=r"^calibration is 'temperature'; choose one of None, 'split', 'cv\+'"):
        settings_of(ShoalRegressor(calibration="temperature"))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("standardize", "no", False),
        ("standardize", "TRUE", True),
        ("ramps", "auto", "auto"),
        ("ramps", "False", False),
        ("calibration", "none", None),
        ("calibration", "cv+", "cv+"),
        ("alpha", "1e-3", 1e-3),
        ("alpha", "auto", "auto"),
        ("alpha", "(0.1, 0.2)", (0.1, 0.2)),
        ("n_iter_no_change", "inf", np.inf),
        ("hidden_layer_sizes", "(50,)", (50,)),
        ("random_state", "None", None),
        ("solver", "adam", "adam"),
        ("class_weight", "{'yes': 5}", {"yes": 5}),
        ("no_such_name", "3", "3"),
    ],
)
def test_a_text_of_the_command_line_is_read_as_the_parameter_is_declared(name, text, value):
    assert parsed(name, text) == value
    if kind_of(name) is not None:
        kind_of(name).read(name, value, K=2)
