"""Slides 6-8: the activation functions and their derivatives, at points worked by hand."""

import math

import numpy as np
import pytest

from shoal.textbook import ACTIVATIONS, masked
from shoal.textbook.activations import ELU, IDENTITY, LEAKY_RELU, RELU, SIGMOID, SILU, SOFTPLUS, TANH

LAST_DIGIT = 4e-16  # two roundings of numbers below 1
Z = np.array([-2.0, 0.0, 3.0])


def test_there_are_eight_activations_each_under_its_name():
    assert set(ACTIVATIONS) == {"relu", "tanh", "logistic", "leaky_relu", "identity", "elu", "softplus", "silu"}
    assert all(name == g.name for name, g in ACTIVATIONS.items())


def test_tanh_at_the_slides_three_points():
    g, prime = TANH(np.array([-10.0, 0.0, 10.0])), TANH.prime(np.array([-10.0, 0.0, 10.0]))
    # 1 − tanh 10 = 2 / (e²⁰ + 1) = 4.12e-9, and tanh′ 10 = 1 / cosh² 10 = 8.24e-9: the slide's "≈" is 1e-8
    np.testing.assert_allclose(g, [-1, 0, 1], rtol=0, atol=1e-8)
    np.testing.assert_allclose(prime, [0, 1, 0], rtol=0, atol=1e-8)
    assert g[1] == 0.0
    assert prime[1] == 1.0
    assert prime[0] == prime[2] > 0.0


def test_tanh_prime_is_one_minus_a_squared():
    A = TANH(Z)
    np.testing.assert_array_equal(TANH.prime(Z), 1 - A**2)


def test_sigmoid_of_ln_3_is_three_quarters_and_its_slope_three_sixteenths():
    z = np.array([-math.log(3), 0.0, math.log(3)])  # 1 / (1 + 3), 1 / (1 + 1), 1 / (1 + 1/3)
    np.testing.assert_allclose(SIGMOID(z), [0.25, 0.5, 0.75], rtol=0, atol=LAST_DIGIT)
    np.testing.assert_allclose(SIGMOID.prime(z), [3 / 16, 1 / 4, 3 / 16], rtol=0, atol=LAST_DIGIT)


def test_sigmoid_prime_is_a_times_one_minus_a():
    A = SIGMOID(Z)
    np.testing.assert_allclose(SIGMOID.prime(Z), A * (1 - A), rtol=0, atol=LAST_DIGIT)


def test_sigmoid_and_tanh_are_one_function_on_two_scales():
    np.testing.assert_allclose(TANH(Z), 2 * SIGMOID(2 * Z) - 1, rtol=0, atol=LAST_DIGIT)


def test_relu_is_the_positive_part_with_slope_zero_or_one():
    np.testing.assert_array_equal(RELU(Z), [0, 0, 3])
    np.testing.assert_array_equal(RELU.prime(Z), [0, 0, 1])


def test_leaky_relu_keeps_a_hundredth_of_the_slope_below_zero():
    np.testing.assert_array_equal(LEAKY_RELU(Z), [-0.02, 0, 3])
    np.testing.assert_array_equal(LEAKY_RELU.prime(Z), [0.01, 0.01, 1])


def test_identity_leaves_z_with_slope_one():
    np.testing.assert_array_equal(IDENTITY(Z), Z)
    np.testing.assert_array_equal(IDENTITY.prime(Z), [1, 1, 1])


def test_elu_is_z_above_and_e_to_the_z_minus_one_below_zero():
    z = np.array([-math.log(4), 0.0, 3.0])
    np.testing.assert_allclose(ELU(z), [-0.75, 0, 3], rtol=0, atol=LAST_DIGIT)
    np.testing.assert_allclose(ELU.prime(z), [0.25, 1, 1], rtol=0, atol=LAST_DIGIT)


def test_softplus_of_ln_3_is_ln_4_and_its_slope_is_the_sigmoid():
    z = np.array([-math.log(3), 0.0, math.log(3)])
    np.testing.assert_allclose(SOFTPLUS(z), [math.log(4 / 3), math.log(2), math.log(4)], rtol=0, atol=LAST_DIGIT)
    np.testing.assert_array_equal(SOFTPLUS.prime(z), SIGMOID(z))


def test_silu_of_ln_3_is_three_quarters_of_it():
    z = np.array([-math.log(3), 0.0, math.log(3)])
    np.testing.assert_allclose(SILU(z), [-math.log(3) / 4, 0, math.log(3) * 3 / 4], rtol=0, atol=LAST_DIGIT)
    slope = [0.25 - math.log(3) * 3 / 16, 0.5, 0.75 + math.log(3) * 3 / 16]  # a + z a (1 − a)
    np.testing.assert_allclose(SILU.prime(z), slope, rtol=0, atol=LAST_DIGIT)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_not_a_number_stays_not_a_number(name):
    A = ACTIVATIONS[name](np.array([[np.nan, 1.0]]))
    np.testing.assert_array_equal(np.isnan(A), [[True, False]])


@pytest.mark.parametrize("shape", [(), (1,), (4, 5), (3, 4, 5), (4, 0)])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_shape_of_z_is_kept(name, shape):
    z = np.full(shape, 0.5)
    assert ACTIVATIONS[name](z).shape == ACTIVATIONS[name].prime(z).shape == shape


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_z_itself_is_left_as_it_was(name):
    z = Z.copy()
    ACTIVATIONS[name](z)
    ACTIVATIONS[name].prime(z)
    np.testing.assert_array_equal(z, Z)


def test_a_mask_multiplies_the_activation_and_its_derivative_unit_by_unit():
    z = np.array([[1.0, -1.0], [2.0, 3.0], [4.0, 5.0]])  # 3 units, 2 examples
    g = masked(LEAKY_RELU, np.array([[1.0], [0.0], [2.0]]))  # kept, dropped, kept with one in two dropped
    np.testing.assert_array_equal(g(z), [[1, -0.01], [0, 0], [8, 10]])
    np.testing.assert_array_equal(g.prime(z), [[1, 0.01], [0, 0], [2, 2]])
    assert g.name == "leaky_relu"


def test_every_activation_says_its_formulas():
    assert all(g.formula and g.derivative for g in ACTIVATIONS.values())
