"""Warnings in plain words: each kind seen where it is, and nowhere else."""

import numpy as np
import pytest

from shoal.encoding import plain
from shoal.inspection import Costs, findings
from shoal.network import Network
from shoal.population import stack
from shoal.textbook.propagation import Parameters

rng = np.random.default_rng(0)
X = rng.standard_normal((80, 2))


def network(W1, b1=None, activation="tanh", names=("x1", "x2")):
    W1 = np.asarray(W1, float)
    n_h = len(W1)
    b1 = np.zeros((n_h, 1)) if b1 is None else np.asarray(b1, float).reshape(n_h, 1)
    parameters = Parameters(W1, b1, np.arange(1.0, n_h + 1)[None], np.zeros((1, 1)))
    return Network(stack([parameters]), np.ones(1), activation, "sigmoid", plain(2), None, (np.array([0, 1]),), names, {})


def kinds(*args, **kwargs):
    return [f.kind for f in findings(*args, **kwargs)]


def test_a_healthy_network_is_left_in_peace():
    assert findings(network([[1, 0.5], [-0.3, 1]]), X, loss=[0.7, 0.5, 0.3], learning_rate=0.1) == ()


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
def test_saturated_units_are_named(activation):
    (found,) = findings(network([[1, 0.5], [0.1, 0]], [0, 500], activation), X)
    assert (found.kind, found.units) == ("saturated", (2,))
    assert "Unit 2 is flat" in found.evidence
    assert "standardize=True" in found.advice


def test_dead_units_are_silent_on_every_row():
    (found,) = findings(network([[1, 0], [1, 1], [0, 1]], [0, -50, -60], "relu"), X)
    assert (found.kind, found.units) == ("dead", (2, 3))
    assert "all 80 rows" in found.evidence
    assert kinds(network([[1, 0], [1, 1]], [0, -50], "leaky_relu"), X) == []


def test_twins_are_found_to_the_last_digit_and_to_rounding():
    alike = network([[1, 2], [3, 4], [1, 2]])
    alike.population.parameters.W2[:] = 1
    (found,) = findings(alike, X)
    assert (found.kind, found.units) == ("identical", (1, 3))
    assert "to the last digit" in found.evidence
    alike.population.parameters.W1[0, 2, 0] *= 1 + 1e-15
    assert "to rounding" in findings(alike, X)[0].evidence
    assert kinds(network([[1, 2], [3, 4], [1, 2]]), X) == [], "units with other outgoing weights are no twins"


def test_a_cost_that_climbs_or_is_lost_is_diverging():
    healthy = network([[1, 0.5], [-0.3, 1]])
    (found,) = findings(healthy, X, loss=[0.7, 0.6, 3.0], learning_rate=2.0)
    assert found.kind == "diverging"
    assert "learning_rate_init=0.2" in found.advice
    healthy.population.parameters.W1[0, 0, 0] = np.nan
    assert kinds(healthy, X, loss=[0.7, 0.6]) == ["diverging"]
    assert kinds(network([[1, 0.5]]), X, loss=[0.7, 0.72, 0.71]) == [], "a rattle is no divergence"


def test_columns_of_very_different_size_or_far_from_zero_are_named():
    net = network([[1e-6, 0.5], [-1e-6, 1]], names=("income", "age"))
    (found,) = findings(net, X * [10_000, 1])
    assert (found.kind, found.columns) == ("unscaled", ("income", "age"))
    (found,) = findings(network([[0.001, 0.5], [0.002, 1]]), X + np.array([300, 0]))
    assert found.columns == ("x1",)
    assert "second bias" in found.evidence


def curve(train, held):
    return [Costs(20 * i, float(a), float(b)) for i, (a, b) in enumerate(zip(train, held, strict=True))]


STEPS = np.arange(60)
FALLING = 0.1 + 0.6 * np.exp(-STEPS / 10)
TURNING = FALLING + 0.004 * np.maximum(0, STEPS - 20)


def test_a_held_out_cost_that_turns_while_the_training_cost_falls_is_overfitting():
    (found,) = findings(network([[1, 0.5], [-0.3, 1]]), X, costs=curve(FALLING - 0.0005 * STEPS, TURNING))
    assert found.kind == "overfitting"
    lowest = int(TURNING.argmin())
    assert f"lowest, {TURNING[lowest]:.4g}, after update {20 * lowest}" in found.evidence
    assert f"is {TURNING[-1]:.4g} now" in found.evidence
    assert f"Go back to update {20 * lowest} " in found.advice


@pytest.mark.parametrize(
    ("train", "held"),
    [
        pytest.param(FALLING, FALLING + 0.05, id="both fall"),
        pytest.param(TURNING, TURNING, id="both rise: no overfitting, but a rate too high or another noise"),
        pytest.param(FALLING, FALLING + 0.03 * rng.standard_normal(60), id="the held-out cost rattles around a level"),
        pytest.param(FALLING, FALLING + 0.0004 * np.maximum(0, STEPS - 20), id="a rise too small for a word"),
        pytest.param(FALLING[:28], TURNING[:28], id="turned only just now"),
        pytest.param(FALLING, np.where(STEPS == 30, 0.05, FALLING), id="one lucky place"),
        pytest.param(FALLING, np.where(STEPS == 30, np.nan, TURNING), id="a cost that is no number"),
        pytest.param([], [], id="nothing yet"),
    ],
)
def test_no_overfitting_is_seen_where_there_is_none(train, held):
    assert findings(network([[1, 0.5], [-0.3, 1]]), X, costs=curve(train, held)) == ()


def test_a_gain_below_zero_counts_too():
    """Gaussian log-losses fall below 0; what was won and lost is then still a difference."""
    (found,) = findings(network([[1, 0.5], [-0.3, 1]]), X, costs=curve(FALLING - 2 - 0.001 * STEPS, TURNING - 0.2))
    assert found.kind == "overfitting"
