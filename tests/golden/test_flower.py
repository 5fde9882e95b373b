"""The companion exercise "planar data classification": its table of accuracies by hidden units, 5000 steps each."""

import numpy as np
import pytest

from sampling import sampled
from shoal.textbook import ACTIVATIONS, cost, exercise_parameters, flower, forward, make_loss, train
from shoal.textbook.flower import LEARNING_RATE, PUBLISHED_ACCURACY

TANH, SIGMOID = ACTIVATIONS["tanh"], make_loss("sigmoid")
REPLAYED_COST = {1: 0.63276, 2: 0.57535, 3: 0.25909, 4: 0.22264, 5: 0.25068}  # after the 5000th update, five digits
PRINTED_DIGITS = 1e-5  # the table has five digits
MATRIX_LIBRARY = 1.0  # points of accuracy: 5000 steps let the rounding of another BLAS grow to a few of 400 examples


def accuracy_and_cost(n_h):
    X, Y = flower()
    cache = forward(train(exercise_parameters(n_h), X, Y, TANH, SIGMOID, LEARNING_RATE, 5000), X, TANH, SIGMOID)
    return 100 * float(np.mean((cache.A2 > 0.5) == (Y == 1))), float(cost(cache, Y, SIGMOID))


@pytest.mark.parametrize("n_h", sampled([4], REPLAYED_COST))
def test_one_to_five_hidden_units_reach_the_published_accuracy_and_the_replayed_cost(n_h):
    accuracy, J = accuracy_and_cost(n_h)
    assert accuracy == PUBLISHED_ACCURACY[n_h]
    assert abs(J - REPLAYED_COST[n_h]) <= PRINTED_DIGITS


@pytest.mark.slow
@pytest.mark.parametrize("n_h", [20, 50])
def test_twenty_and_fifty_hidden_units_come_within_a_point_of_the_published_accuracy(n_h):
    accuracy, _ = accuracy_and_cost(n_h)
    assert abs(accuracy - PUBLISHED_ACCURACY[n_h]) <= MATRIX_LIBRARY


def test_the_published_table():
    assert PUBLISHED_ACCURACY == {1: 67.5, 2: 67.25, 3: 90.75, 4: 90.5, 5: 91.25, 20: 90.0, 50: 90.25}


def test_the_flower_has_two_hundred_points_of_each_class_drawn_as_the_exercise_draws_them():
    X, Y = flower()
    assert X.shape == (2, 400)
    assert Y.shape == (1, 400)
    np.testing.assert_array_equal(Y[0], np.repeat([0, 1], 200))
    rng = np.random.RandomState(1)
    t = np.linspace(0, 3.12, 200) + 0.2 * rng.randn(200)
    r = 4 * np.sin(4 * t) + 0.2 * rng.randn(200)
    np.testing.assert_array_equal(X[:, :200], [r * np.sin(t), r * np.cos(t)])
