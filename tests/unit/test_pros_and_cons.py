"""Slide 7 in numbers: saturated values, dead units, the linear collapse."""

import numpy as np
import pytest

from shoal.textbook import ACTIVATIONS, Parameters, dead_units, exercise_parameters, flower, forward, linear_collapse, make_loss, saturated


@pytest.mark.parametrize(("name", "z"), [("sigmoid", np.arccosh(49)), ("tanh", np.arctanh(np.sqrt(0.99)))])
def test_a_unit_is_saturated_beyond_the_z_where_its_slope_is_a_hundredth(name, z):
    """σ(1 − σ) = 0.01 where eᶻ + e⁻ᶻ = 98, near 4.58; tanh′ = 0.01 where a² = 0.99."""
    inside, outside = z - 1e-9, z + 1e-9
    assert saturated(ACTIVATIONS[name], np.array([-outside, -inside, 0.0, inside, outside])).tolist() == [True, False, False, False, True]


def test_a_leaky_relu_is_never_dead_and_a_relu_is_where_no_example_reaches_it():
    Z1 = np.array([[-1.0, 0.0], [-1.0, 1.0]])
    assert dead_units(ACTIVATIONS["relu"], Z1).tolist() == [True, False]
    assert not dead_units(ACTIVATIONS["leaky_relu"], Z1).any()
    assert dead_units(ACTIVATIONS["relu"], np.stack([Z1, -Z1])).shape == (2, 2)  # K networks


def test_identity_units_collapse_to_one_layer():
    X, parameters = flower(40)[0], exercise_parameters(4, scale=1.0)
    W, b = linear_collapse(parameters)
    assert (W.shape, b.shape) == ((1, 2), (1, 1))
    Z2 = forward(parameters, X, ACTIVATIONS["identity"], make_loss("sigmoid")).Z2
    np.testing.assert_allclose(W @ X + b, Z2, rtol=0, atol=1e-13)  # sums of some numbers of size 10 in another order
    two = Parameters(*(np.stack([w, 2 * w]) for w in parameters))
    assert linear_collapse(two).W.shape == (2, 1, 2)
