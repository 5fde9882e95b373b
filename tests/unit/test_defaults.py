"""From what a user set to a complete plan: the numbers of the study by hand, and every wrong parameter by its name."""

import math

import pytest

from shoal.errors import InvalidParameterError
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor
from shoal.fitting.plan import plan
from shoal.fitting.settings import settings_of
from shoal.textbook import Adam, GradientDescent, Momentum, Nesterov, RMSprop


def plan_of(task="classification", m=1000, *, sparse=False, own_validation=False, online=False, earlier_ramps=None, **settings):
    made = (ShoalClassifier if task == "classification" else ShoalRegressor)(**{"n_networks": 2} | settings)
    return plan(
        settings_of(made),
        m,
        0,
        rows="sparse" if sparse else "dense",
        own_validation=own_validation,
        online=online,
        earlier_ramps=earlier_ramps,
    )


# --- the study's numbers --------------------------------------------------------------------------------------------


def test_classification_of_a_thousand_rows():
    """Batches of 32 (1000 / 24 = 42), 31 of them; 50 √1000 = 1581 updates are 51 epochs; 35 % of these are 18."""
    p = plan_of()
    r = p.recipe
    assert (p.solver, p.width, p.with_ramps, p.hold_out, p.single_precision) == ("adamw", 64, (True, False), 8, True)
    assert r.rule == Adam(0.9, 0.99, 1e-8)
    assert (r.learning_rate, r.decay, r.dropout) == ((0.003, 0.003), (0.3, 0.03), (0.2, 0.1))
    assert (r.weight_average, r.lam, r.input_dropout) == ((0.0, 0.0), 0.0, 0.0)
    assert (r.schedule, r.batch_size, r.equal_batches, r.max_epochs, r.patience, r.tol) == ("cosine", 32, True, 51, 18, 0.0)


def test_regression_of_a_thousand_rows():
    """60 √1000 = 1897 updates are 61 epochs."""
    r = plan_of("regression").recipe
    assert (r.learning_rate, r.decay, r.dropout, r.weight_average) == ((0.02, 0.01), (0.02, 0.0), (0.0, 0.0), (0.995, 0.0))
    assert (r.schedule, r.max_epochs, r.patience) == ("flat_cosine", 61, 22)


@pytest.mark.parametrize(
    ("task", "m", "rates"),
    [("classification", 1999, (0.003, 0.003)), ("classification", 2000, (0.006, 0.006)), ("regression", 2000, (0.02, 0.01))],
)
def test_classes_of_many_rows_are_learned_at_twice_the_rate(task, m, rates):
    assert plan_of(task, m).recipe.learning_rate == rates
    assert plan_of("classification", 5000, online=True).recipe.learning_rate == (0.003, 0.003)  # a piece's rows say little of the table's


@pytest.mark.parametrize(("m", "batch"), [(100, 16), (500, 16), (600, 32), (1500, 64), (5000, 256), (10**6, 256)])
def test_the_batch_is_the_power_of_two_nearest_a_24th_within_16_and_256(m, batch):
    assert plan_of(m=m).recipe.batch_size == batch


@pytest.mark.parametrize(("task", "m", "epochs"), [("classification", 100, 83), ("regression", 100, 100), ("classification", 10**6, 20)])
def test_epochs_are_within_20_and_400(task, m, epochs):
    assert plan_of(task, m).recipe.max_epochs == epochs  # 500 / 6, 600 / 6; 50,000 / 3906 = 13


def test_small_tables_are_trained_in_full_batches_and_hold_nothing_back_for_good():
    p = plan_of(m=99)
    r = p.recipe
    assert (r.batch_size, r.max_epochs, r.shuffle, r.dropout, p.hold_out, r.patience) == (99, 400, False, 0.0, 8, 140)
    assert p.all_rows
    assert plan_of(m=15).hold_out == 0
    assert not p.single_precision
    assert plan_of(m=100).hold_out == 8


def test_wide_layers_and_single_precision_begin_with_more_rows():
    assert [plan_of(m=m).width for m in (4999, 5000)] == [64, 128]
    assert [plan_of(m=m).single_precision for m in (499, 500)] == [False, True]
    assert not plan_of(dtype="float64").single_precision
    assert plan_of(m=50, dtype="float32").single_precision


@pytest.mark.parametrize(
    ("settings", "with_ramps"),
    [
        ({}, (True, True, True, False, False)),
        ({"n_networks": 1}, (True,)),
        ({"ramps": True}, (True,) * 5),
        ({"ramps": False}, (False,) * 5),
        ({"standardize": False, "ramps": True}, (False,) * 5),
        ({"sparse": True}, (False,) * 5),
    ],
)
def test_half_of_the_members_see_ramps_and_the_one_where_there_is_one(settings, with_ramps):
    assert plan_of(**{"n_networks": 5} | settings).with_ramps == with_ramps


# --- what a user sets is obeyed -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "rule", "rate"),
    [
        ({"solver": "sgd"}, Nesterov(0.9), 0.05),
        ({"solver": "sgd", "nesterovs_momentum": False, "momentum": 0.5}, Momentum(0.5), 0.05),
        ({"solver": "sgd", "momentum": 0.0}, GradientDescent(), 0.05),
        ({"solver": "rmsprop", "beta_2": 0.95}, RMSprop(0.95), 0.003),
        ({"solver": "adam", "beta_1": 0.8}, Adam(0.8, 0.99), (0.003, 0.003)),
        ({"solver": "adam", "learning_rate_init": 0.5}, Adam(0.9, 0.99), 0.5),
    ],
)
def test_solvers_bring_their_rule_and_rate(settings, rule, rate):
    r = plan_of(**settings).recipe
    assert (r.rule, r.learning_rate) == (rule, rate)


def test_alpha_is_a_decoupled_decay_with_adamw_and_a_penalty_with_all_others():
    assert (plan_of(alpha=0.5).recipe.lam, plan_of(alpha=0.5).recipe.decay) == (0.0, 0.5)
    for solver in ("adam", "sgd", "rmsprop"):
        r = plan_of(alpha=0.5, solver=solver).recipe
        assert (r.lam, r.decay) == (0.5, 0.0)
        assert plan_of(solver=solver).recipe.lam == 1e-4


def test_everything_else_that_is_set_is_obeyed():
    settings = {"batch_size": 50, "max_iter": 7, "learning_rate": "invscaling", "power_t": 0.2, "tol": 0.01, "n_iter_no_change": 4}
    settings |= {"dropout": 0.4, "input_dropout": 0.1, "weight_average": 0.5, "max_time": 3.0, "shuffle": False, "hidden_layer_sizes": (9,)}
    p = plan_of(**settings)
    r = p.recipe
    assert (r.batch_size, r.equal_batches, r.max_epochs, r.schedule, r.power_t, r.tol, r.patience) == (
        50,
        False,
        7,
        "invscaling",
        0.2,
        0.01,
        4,
    )
    assert (r.dropout, r.input_dropout, r.weight_average, r.max_time, r.shuffle, p.width) == (0.4, 0.1, 0.5, 3.0, False, 9)
    assert plan_of(batch_size=5000).recipe.batch_size == 1000


@pytest.mark.parametrize(("fraction", "parts"), [("auto", 8), (0.125, 8), (0.1, 10), (0.3, 3), (0.9, 2)])
def test_the_validation_fraction_is_the_size_of_a_part(fraction, parts):
    assert plan_of(validation_fraction=fraction).hold_out == parts


def test_rows_are_held_out_from_a_hundred_on_or_where_early_stopping_asks():
    assert plan_of(early_stopping=False).hold_out == 0
    assert plan_of(m=20, early_stopping=True).hold_out == 8
    assert plan_of(own_validation=True).hold_out == 0
    assert plan_of(own_validation=True).recipe.patience == 18


def test_without_validation_rows_a_constant_rate_has_ten_epochs_of_patience_and_a_cosine_needs_none():
    assert plan_of(early_stopping=False, learning_rate="constant").recipe.patience == 10
    assert plan_of(early_stopping=False, learning_rate="constant").recipe.tol == 1e-4
    assert plan_of(early_stopping=False).recipe.patience is None


def test_partial_fit_is_one_epoch_of_adam_at_a_constant_rate_that_holds_nothing_back():
    p = plan_of(online=True)
    r = p.recipe
    assert (p.solver, r.max_epochs, r.schedule, p.hold_out, r.patience, r.weight_average) == ("adam", 1, "constant", 0, None, 0.0)
    with pytest.raises(InvalidParameterError, match=r"learning_rate is 'cosine'.*partial_fit plans none"):
        plan_of(online=True, learning_rate="cosine")


def test_training_that_goes_on_keeps_the_kinds_of_its_members():
    assert plan_of(earlier_ramps=(False, True), ramps=True).with_ramps == (False, True)
    with pytest.raises(InvalidParameterError, match="n_networks is 2, but training continues with the 3 networks"):
        plan_of(earlier_ramps=(True, True, False))


# --- what is wrong is refused by name -------------------------------------------------------------------------------

WRONG = {
    "solver": ["lbfgsx", None],
    "learning_rate": ["fast"],
    "dtype": ["float16"],
    "ramps": ["some"],
    "early_stopping": ["yes"],
    "n_networks": [0, 1.5, "two", None, True, "auto"],
    "max_iter": [0, -3, "many", 2.5, None],
    "batch_size": [0, 2.5, "large"],
    "n_iter_no_change": [0, "x"],
    "hidden_layer_sizes": [(10, 5), (), 0, -1, 2.5, "wide", None, (None,), [True]],
    "alpha": [-1, "much", math.nan, math.inf, None, (0.1, 0.2, 0.3)],
    "learning_rate_init": [0, -0.1, "fast", math.inf],
    "power_t": [-1, "auto"],
    "tol": [-1e-4, "x"],
    "momentum": [-0.1, 1.1, (0.1, 0.2)],
    "beta_1": [1.0, -0.1],
    "beta_2": [1.0, "x"],
    "epsilon": [0, -1],
    "max_time": [0, "long"],
    "validation_fraction": [0, 1, 1.5, "x"],
    "dropout": [1.0, -0.1, "x"],
    "input_dropout": [1.0, "auto"],
    "weight_average": [1.0, "x"],
    "init_scale": [-1, "x"],
    "callbacks": [3, print, ["print"]],
    "activation": ["gelu"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_parameter_is_refused_by_its_name_and_value(name, value):
    with pytest.raises(InvalidParameterError, match=f"^{name} is "):
        plan_of(**{name: value})


def test_a_second_hidden_layer_is_refused_with_what_to_give_instead():
    with pytest.raises(InvalidParameterError, match=r"exactly one hidden layer; give one number, such as \(100,\)"):
        plan_of(hidden_layer_sizes=(100, 50))


def test_numbers_for_each_network_must_be_as_many_as_these():
    assert plan_of(alpha=(0.1, 0.2)).recipe.decay == (0.1, 0.2)
    with pytest.raises(InvalidParameterError, match="one for each of the 2 networks"):
        plan_of(learning_rate_init=(0.1, 0.2, 0.3))
