"""The public gradient check: right on right gradients, loud on wrong ones."""

import re
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from shoal.errors import InvalidParameterError
from shoal.textbook import ACTIVATIONS, Parameters, check_gradients, descend, make_loss, numerical_gradients, own_activation

RELU, TANH, SQUARED_ERROR, SIGMOID = ACTIVATIONS["relu"], ACTIVATIONS["tanh"], make_loss("squared_error"), make_loss("sigmoid")
# One input, one ReLU unit, one example x = 2, y = 1: z1 = 3, z2 = 6, dZ2 = 5.
HAND, X, Y = Parameters(np.array([[1.0]]), np.array([[1.0]]), np.array([[2.0]]), np.array([[0.0]])), np.array([[2.0]]), np.array([[1.0]])
PARABOLA = 1e-9  # J is a parabola in every parameter, so a central difference has only rounding, 2e-16 · 12.5 / 1e-5


def random_problem(lead=()):
    rng = np.random.default_rng(6)
    parameters = Parameters(*(rng.standard_normal((*lead, *shape)) for shape in ((4, 3), (4, 1), (2, 4), (2, 1))))
    return parameters, rng.standard_normal((3, 5)), rng.integers(0, 2, (2, 5)).astype(float)


def test_numerical_derivatives_by_hand():
    slopes = numerical_gradients(HAND, X, Y, RELU, SQUARED_ERROR)
    np.testing.assert_allclose([w.item() for w in slopes], [20.0, 10.0, 15.0, 5.0], rtol=0, atol=PARABOLA)


def test_a_right_gradient_passes():
    check = check_gradients(*random_problem(), TANH, SIGMOID)
    assert check.largest_difference < 1e-9  # h²/6 · third derivatives of size 1, h = 1e-5, and rounding of 1e-16 / h


@pytest.mark.parametrize("lead", [(), (3,)], ids=["one", "K"])
def test_both_gradients_have_the_shapes_of_the_parameters(lead):
    parameters, X, Y = random_problem(lead)
    check = check_gradients(parameters, X, Y, TANH, SIGMOID)
    shapes = [w.shape for w in parameters]
    assert [w.shape for w in check.formula] == [w.shape for w in check.numerical] == shapes


def test_a_wrong_derivative_of_an_activation_is_seen():
    wrong = replace(TANH, prime=lambda Z: 1 - TANH(Z))  # the square forgotten
    assert check_gradients(*random_problem(), wrong, SIGMOID).largest_difference > 0.01


def test_an_error_that_belongs_to_another_loss_is_seen():
    wrong = replace(SQUARED_ERROR, dZ2=lambda Z2, Y: 2 * (Z2 - Y))  # the half forgotten
    assert check_gradients(*random_problem(), TANH, wrong).largest_difference > 0.1


def test_the_difference_is_relative_to_the_largest_derivative_or_one():
    wrong = replace(SQUARED_ERROR, dZ2=lambda Z2, Y: 2 * (Z2 - Y))  # every derivative twice too large
    check = check_gradients(HAND, X, Y, RELU, wrong)
    np.testing.assert_allclose(check.largest_difference, 1.0, rtol=PARABOLA)  # 20 too much, beside 20
    small = check_gradients(HAND, X, Y + 4.99, RELU, wrong)  # dZ2 = 0.01, the largest derivative 0.04
    np.testing.assert_allclose(small.largest_difference, 0.04, rtol=0, atol=PARABOLA)


def test_weights_are_part_of_what_is_checked():
    weight = np.array([0.0, 1.0, 2.0, 0.5, 3.0])
    parameters, X, Y = random_problem()
    weighted, plain = (check_gradients(parameters, X, Y, TANH, SIGMOID, w) for w in (weight, None))
    assert weighted.largest_difference < 1e-9
    assert np.max(np.abs(weighted.numerical.W1 - plain.numerical.W1)) > 0.01


def test_the_parameters_are_left_as_they_were():
    parameters, X, Y = random_problem()
    copies = [w.copy() for w in parameters]
    check_gradients(parameters, X, Y, TANH, SIGMOID)
    for w, copy in zip(parameters, copies, strict=True):
        np.testing.assert_array_equal(w, copy)


def test_each_of_k_networks_gets_the_derivatives_of_its_own_cost():
    parameters, X, Y = random_problem((3,))
    together = numerical_gradients(parameters, X, Y, TANH, SIGMOID)
    for k in range(3):
        alone = numerical_gradients(Parameters(*(w[k] for w in parameters)), X, Y, TANH, SIGMOID)
        for of_k, of_one in zip(together, alone, strict=True):
            np.testing.assert_allclose(of_k[k], of_one, rtol=0, atol=1e-9)  # rounding of 1e-16 / h


def test_on_the_kink_of_a_relu_the_two_answer_different_questions():
    on_the_kink = replace(HAND, b1=np.array([[-2.0]]))  # z1 = 0
    check = check_gradients(on_the_kink, X, Y, RELU, SQUARED_ERROR)
    assert check.formula.b1.item() == 0.0  # the slope on the left
    np.testing.assert_allclose(check.numerical.b1.item(), -1.0, atol=1e-4)  # half of (0 − 1)·2, to h · a slope's change


def softsign(Z):
    """z / (1 + |z|)."""
    return Z / (1 + abs(Z))


def softsign_prime(Z):
    """1 / (1 + |z|)²."""
    return 1 / (1 + abs(Z)) ** 2


def test_an_activation_of_ones_own_trains_by_the_textbook():
    g = own_activation(softsign, softsign_prime, name="softsign")
    parameters, X, Y = random_problem()
    assert check_gradients(parameters, X, Y, g, SIGMOID).largest_difference < 1e-9  # as for tanh above
    steps = list(islice(descend(parameters, X, Y, g, SIGMOID, 0.5), 200))
    assert steps[-1].J < 0.5 * steps[0].J  # ten labels, 26 parameters: they can be learned


def softsign_prime_near_0(Z):
    """Not a number far away."""
    return softsign_prime(Z) * np.where(abs(Z) > 1e3, np.nan, 1.0)


@pytest.mark.parametrize(
    ("g", "prime", "kinks", "message"),
    [
        (softsign, lambda Z: 1 / (1 + abs(Z)), (), "where the slope of g is"),
        (lambda Z: np.maximum(Z, 0.0) * 1.5, lambda Z: (Z > 0) * 1.0, (0.0,), "prime of the activation 'own' is 1 at z"),
        (np.exp, np.exp, (), "g of the activation 'own' is not finite at z = 10000"),
        (
            softsign,
            lambda Z: softsign_prime(Z) * np.where(abs(Z) > 1e3, np.nan, 1.0),
            (),
            "prime of the activation 'own' is not finite at z = -10000",
        ),
        (lambda Z: softsign(Z).sum(), softsign_prime, (), "keep the shape"),
        (softsign, lambda Z: softsign_prime(Z).ravel(), (), "keep the shape"),
    ],
    ids=["another derivative", "another slope on one side", "g overflows", "prime overflows", "g sums", "prime loses an axis"],
)
def test_a_wrong_activation_of_ones_own_is_refused_and_says_where(g, prime, kinks, message):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        own_activation(g, prime, kinks=kinks)


def test_a_kink_that_is_named_is_not_compared():
    Z = np.array([[-1.0], [2.0]])
    relu = own_activation(lambda Z: np.maximum(Z, 0.0), lambda Z: (Z > 0) * 1.0, kinks=(0.0,))
    assert np.array_equal(relu(Z), RELU(Z))
    assert np.array_equal(relu.prime(Z), RELU.prime(Z))
