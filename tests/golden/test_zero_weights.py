"""Slide 11: what if you initialize weights to zero? The flower less one example, since its balanced classes stand still."""

import math

import numpy as np
import pytest

from shoal.textbook import ACTIVATIONS, exercise_parameters, flower, make_loss, train
from shoal.textbook.flower import LEARNING_RATE
from shoal.textbook.initialization import zeros

SIGMOID = make_loss("sigmoid")


def after_1000_steps(activation, parameters):
    X, Y = flower()
    return train(parameters, X[:, 1:], Y[:, 1:], ACTIVATIONS[activation], SIGMOID, LEARNING_RATE, 1000)


def units(parameters):
    """One row for each hidden unit: its weights in, its bias, its weights out."""
    return np.concatenate([parameters.W1, parameters.b1, parameters.W2.T], axis=1)


def test_from_zeros_the_sigmoid_units_are_equal_to_the_last_bit_after_1000_steps_and_have_moved():
    rows = units(after_1000_steps("logistic", zeros(2, 4, 1)))
    assert np.all(rows == rows[0])
    assert np.all(rows[0] != 0)


def test_one_random_draw_breaks_the_equality():
    parameters = zeros(2, 4, 1)
    parameters.W1[0, 0] = exercise_parameters(4).W1[0, 0]  # one draw of slide 12's randn · 0.01
    rows = units(after_1000_steps("logistic", parameters))
    assert np.all(rows[0] != rows[1])
    assert np.max(np.abs(rows[0] - rows[1])) > 0.1  # from a hundredth: not rounding, another function
    assert np.all(rows[1:] == rows[1])  # the three that were not drawn are still one


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_from_zeros_with_tanh_or_relu_only_b2_has_moved(activation):
    W1, b1, W2, b2 = after_1000_steps(activation, zeros(2, 4, 1))
    assert not np.any(W1)
    assert not np.any(b1)
    assert not np.any(W2)
    # Nothing but the share of ones is left to learn, 200 of 399: its logit. 1000 steps shorten the way there by (1 − 1.2/4)¹⁰⁰⁰.
    np.testing.assert_allclose(b2, math.log(200 / 199), rtol=1e-12)


def test_random_weights_come_apart():
    rows = units(after_1000_steps("tanh", exercise_parameters(4)))
    for i in range(4):
        for j in range(i):
            assert np.all(rows[i] != rows[j])
