"""Slide 9 and its descendants: the first two updates of every rule by hand, with α = 0.1, gradients 0.5 and −0.25."""

import math

import numpy as np
import pytest

from shoal.textbook import Adam, GradientDescent, Gradients, Momentum, Nesterov, Parameters, RMSprop, update
from shoal.textbook.optimizers import start

TO_ROUNDING = 1e-14  # a dozen operations on numbers of size 1
RULES = [GradientDescent(), Momentum(), Nesterov(), RMSprop(), Adam()]
NAMED = pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)


def first_two_changes(rule, learning_rate=0.1, first=0.5, second=-0.25):
    w = np.zeros((1, 1))
    change_1, memory = rule.change(np.array([[first]]), rule.start(w), learning_rate, 1)
    change_2, _ = rule.change(np.array([[second]]), memory, learning_rate, 2)
    return [change_1.item(), change_2.item()]


def assert_close(actual, desired):
    np.testing.assert_allclose(actual, desired, rtol=TO_ROUNDING)


def gradients_like(parameters, value):
    dW1, db1, dW2, db2 = (np.full_like(w, value) for w in parameters)
    return Gradients(None, dW2, db2, None, dW1, db1)


def ones():
    return Parameters(np.ones((4, 3)), np.ones((4, 1)), np.ones((2, 4)), np.ones((2, 1)))


def test_gradient_descent():
    assert_close(first_two_changes(GradientDescent()), [-0.05, 0.025])  # −α dW


def test_momentum():
    # v = −0.05, then 0.9·(−0.05) + 0.025
    assert_close(first_two_changes(Momentum(mu=0.9)), [-0.05, -0.02])


def test_nesterov():
    # v = −0.05: 0.9·(−0.05) − 0.05 = −0.095; v = −0.02: 0.9·(−0.02) + 0.025 = 0.007
    assert_close(first_two_changes(Nesterov(mu=0.9)), [-0.095, 0.007])


def test_rmsprop():
    # s = 0.1·0.25 = 0.025, then 0.9·0.025 + 0.1·0.0625 = 0.02875
    desired = [-0.05 / math.sqrt(0.025), 0.025 / math.sqrt(0.02875)]
    assert_close(first_two_changes(RMSprop(rho=0.9, epsilon=0.0)), desired)


def test_rmsprop_adds_epsilon_outside_the_root():
    # s = 0.36·0.25 = 0.09: 0.05 / (0.3 + 0.2)
    assert_close(first_two_changes(RMSprop(rho=0.64, epsilon=0.2))[0], -0.1)


def test_adam():
    # v = 0.05, s = 0.00025; corrected, v/0.1 = 0.5 and s/0.001 = 0.25: the first step is α whole.
    # v = 0.045 − 0.025 = 0.02, s = 0.00024975 + 0.0000625; corrected by 1 − 0.81 and 1 − 0.998001.
    second = -0.1 * (0.02 / 0.19) / math.sqrt(0.00031225 / 0.001999)
    np.testing.assert_allclose(first_two_changes(Adam(epsilon=0.0)), [-0.1, second], rtol=1e-12)  # 1 − 0.999ᵗ loses three digits


def test_adam_adds_epsilon_to_the_uncorrected_root():
    # β = 0: v = 0.5, s = 0.25, no correction: 0.1·0.5 / (0.5 + 0.5)
    assert_close(first_two_changes(Adam(beta_1=0.0, beta_2=0.0, epsilon=0.5))[0], -0.05)


def test_adams_first_step_has_the_size_of_the_learning_rate_whatever_the_gradient():
    for gradient in (1e-3, 1.0, 1e6):
        np.testing.assert_allclose(first_two_changes(Adam(), first=gradient)[0], -0.1, rtol=1e-3)  # ε beside √0.001 · 1e-3


def test_momentum_of_zero_is_gradient_descent():
    assert_close(first_two_changes(Momentum(mu=0.0)), first_two_changes(GradientDescent()))
    assert_close(first_two_changes(Nesterov(mu=0.0)), first_two_changes(GradientDescent()))


def test_momentum_under_a_constant_gradient_approaches_ten_times_the_step():
    rule, memory = Momentum(mu=0.9), (np.zeros(1),)
    for t in range(1, 401):
        change, memory = rule.change(np.ones(1), memory, 0.1, t)
    assert_close(change, [-1.0])  # α / (1 − μ); what is missing is 0.9⁴⁰⁰ = 5e-19


@NAMED
def test_memory_begins_as_zeros_in_the_shape_of_the_parameter(rule):
    for arrays, w in zip(start(rule, ones()), ones(), strict=True):
        assert all(a.shape == w.shape and not np.any(a) for a in arrays)


@NAMED
def test_an_update_changes_all_four_parameters_by_the_rules_own_change(rule):
    parameters = ones()
    after, memory = update(rule, parameters, gradients_like(parameters, 0.5), start(rule, parameters), 0.1, 1)
    after, _ = update(rule, after, gradients_like(parameters, -0.25), memory, 0.1, 2)
    for w, w_after in zip(parameters, after, strict=True):
        assert w_after.shape == w.shape
        assert_close(w_after, 1 + sum(first_two_changes(rule)))


@NAMED
def test_an_update_leaves_what_it_was_given_as_it_was(rule):
    parameters = ones()
    memory = start(rule, parameters)
    update(rule, parameters, gradients_like(parameters, 0.5), memory, 0.1, 1)
    assert all(np.all(w == 1) for w in parameters)
    assert not any(np.any(a) for arrays in memory for a in arrays)


def test_each_gradient_goes_to_its_own_parameter():
    dW1, db1, dW2, db2 = (np.full(w.shape, value) for w, value in zip(ones(), (1.0, 2.0, 3.0, 4.0), strict=True))
    after, _ = update(GradientDescent(), ones(), Gradients(None, dW2, db2, None, dW1, db1), ((),) * 4, 0.25, 1)
    assert [w.flat[0] for w in after] == [0.75, 0.5, 0.25, 0.0]


@NAMED
def test_decay_shrinks_the_weights_apart_from_the_gradient_and_leaves_the_biases_alone(rule):
    parameters = ones()
    plain, _ = update(rule, parameters, gradients_like(parameters, 0.5), start(rule, parameters), 0.1, 1)
    decayed, _ = update(rule, parameters, gradients_like(parameters, 0.5), start(rule, parameters), 0.1, 1, decay=0.5)
    assert_close(decayed.W1, plain.W1 - 0.05)  # α · decay · w
    assert_close(decayed.W2, plain.W2 - 0.05)
    np.testing.assert_array_equal(decayed.b1, plain.b1)
    np.testing.assert_array_equal(decayed.b2, plain.b2)


def test_adamw_with_a_gradient_of_zero_shrinks_weights_by_one_minus_alpha_decay():
    parameters = ones()
    after, _ = update(Adam(), parameters, gradients_like(parameters, 0.0), start(Adam(), parameters), 0.1, 1, decay=0.2)
    assert_close(after.W1, 0.98)
    assert_close(after.b1, 1.0)


@NAMED
def test_each_network_may_have_its_own_learning_rate_and_decay(rule):
    two = Parameters(*(np.stack([w, w]) for w in ones()))
    rate, decay = np.array([0.1, 0.02]), np.array([0.5, 0.0])
    after, _ = update(rule, two, gradients_like(two, 0.5), start(rule, two), rate[:, None, None], 1, decay[:, None, None])
    for k in range(2):
        alone, _ = update(rule, ones(), gradients_like(ones(), 0.5), start(rule, ones()), rate[k], 1, decay[k])
        for w, w_alone in zip(after, alone, strict=True):
            assert_close(w[k], w_alone)
