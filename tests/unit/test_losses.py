"""Slides 9-10: output units and the losses they are married to, at points worked by hand."""

import math

import numpy as np
import pytest

from shoal.errors import InvalidParameterError
from shoal.textbook import make_loss
from shoal.textbook.losses import LOSSES

FEW_ROUNDINGS = 1e-15  # numbers of size 1 after a handful of operations
LN2, LN3, LN4 = math.log(2), math.log(3), math.log(4)


def column(*numbers):
    return np.array(numbers, dtype=float)[:, None]


def assert_close(actual, desired):
    np.testing.assert_allclose(actual, desired, rtol=0, atol=FEW_ROUNDINGS)


def test_sigmoid_with_cross_entropy_at_three_quarters():
    g2, Z2 = make_loss("sigmoid"), column(LN3).repeat(2, axis=1)
    Y = np.array([[1.0, 0.0]])
    assert_close(g2(Z2), [[0.75, 0.75]])
    assert_close(g2.loss(Z2, Y), [-math.log(0.75), -math.log(0.25)])
    assert_close(g2.dZ2(Z2, Y), [[-0.25, 0.75]])  # A2 − Y


def test_many_labels_are_independent_and_their_losses_add_up():
    Z2, Y = column(LN3, 0.0, -LN3), column(1, 0, 1)
    assert_close(make_loss("sigmoid").loss(Z2, Y), [-math.log(0.75) - math.log(0.5) - math.log(0.25)])
    assert_close(make_loss("sigmoid").dZ2(Z2, Y), column(-0.25, 0.5, -0.75))


def test_softmax_with_cross_entropy_at_one_two_and_five_eighths():
    g2, Z2, Y = make_loss("softmax"), column(0.0, LN2, math.log(5)), column(0, 1, 0)  # e⁰ : e^ln2 : e^ln5 = 1 : 2 : 5
    assert_close(g2(Z2), column(1 / 8, 2 / 8, 5 / 8))
    assert_close(g2.loss(Z2, Y), [LN4])  # −ln (2/8)
    assert_close(g2.dZ2(Z2, Y), column(1 / 8, -6 / 8, 5 / 8))


def test_softmax_takes_shares_in_place_of_a_class():
    Z2, Y = column(0.0, 0.0), column(0.25, 0.75)
    assert_close(make_loss("softmax").loss(Z2, Y), [LN2])
    assert_close(make_loss("softmax").dZ2(Z2, Y), column(0.25, -0.25))


def test_identity_with_half_the_squared_error():
    g2, Z2, Y = make_loss("squared_error"), column(3.0, -1.0), column(1.0, 0.0)
    assert_close(g2(Z2), Z2)
    assert_close(g2.loss(Z2, Y), [2.0 + 0.5])
    assert_close(g2.dZ2(Z2, Y), column(2.0, -1.0))


def test_huber_is_square_inside_delta_and_straight_outside():
    g2 = make_loss("huber", delta=2.0)
    Z2, Y = np.array([[1.0, 2.0, 5.0, -5.0]]), np.zeros((1, 4))
    assert_close(g2.loss(Z2, Y), [0.5, 2.0, 8.0, 8.0])  # 1/2, 4/2, 2 (5 − 1)
    assert_close(g2.dZ2(Z2, Y), [[1.0, 2.0, 2.0, -2.0]])


def test_absolute_error_has_slope_minus_one_zero_or_one():
    g2, Z2, Y = make_loss("absolute_error"), np.array([[1.0, 2.0, 5.0]]), np.full((1, 3), 2.0)
    assert_close(g2.loss(Z2, Y), [1.0, 0.0, 3.0])
    assert_close(g2.dZ2(Z2, Y), [[-1.0, 0.0, 1.0]])


def test_the_pinball_loss_punishes_nine_to_one_for_the_ninth_decile():
    g2, Z2, Y = make_loss("quantile", q=0.9), np.array([[1.0, 2.0, 5.0]]), np.full((1, 3), 2.0)
    np.testing.assert_allclose(g2.loss(Z2, Y), [0.9, 0.0, 0.3], rtol=FEW_ROUNDINGS)
    np.testing.assert_allclose(g2.dZ2(Z2, Y), [[-0.9, 0.0, 0.1]], rtol=FEW_ROUNDINGS)


def test_the_pinball_loss_is_least_at_the_quantile():
    Y = np.arange(1.0, 10.0)[None, :]  # 1 … 9, whose 0.7-quantile is the 7th: 7/9 ≥ 0.7 > 6/9
    losses = [np.sum(make_loss("quantile", q=0.7).loss(np.full_like(Y, z), Y)) for z in Y[0]]
    assert Y[0, np.argmin(losses)] == 7


def test_half_the_absolute_error_is_the_pinball_loss_of_the_median():
    Z2, Y = np.array([[1.0, 2.0, 5.0]]), np.full((1, 3), 2.0)
    assert_close(make_loss("quantile").loss(Z2, Y), make_loss("absolute_error").loss(Z2, Y) / 2)


def test_exp_with_poisson_at_a_count_of_four():
    g2, Z2, Y = make_loss("poisson"), column(LN3), column(4)
    np.testing.assert_allclose(g2(Z2), column(3.0), rtol=FEW_ROUNDINGS)
    np.testing.assert_allclose(g2.loss(Z2, Y), [3 - 4 * LN3], rtol=FEW_ROUNDINGS)
    np.testing.assert_allclose(g2.dZ2(Z2, Y), column(-1.0), rtol=2 * FEW_ROUNDINGS)  # A2 − Y


def test_gaussian_with_a_mean_and_a_log_variance_for_each_of_two_targets():
    g2 = make_loss("gaussian")
    Z2, Y = column(1.0, 5.0, LN4, 0.0), column(3.0, 4.0)  # μ = 1, 5; σ² = 4, 1; residuals −2, 1
    np.testing.assert_allclose(g2(Z2), column(1.0, 5.0, 4.0, 1.0), rtol=FEW_ROUNDINGS)
    first, second = (LN4 + 4 / 4 + math.log(2 * math.pi)) / 2, (0 + 1 + math.log(2 * math.pi)) / 2
    np.testing.assert_allclose(g2.loss(Z2, Y), [first + second], rtol=FEW_ROUNDINGS)
    assert_close(g2.dZ2(Z2, Y), column(-2 / 4, 1.0, (1 - 4 / 4) / 2, (1 - 1) / 2))
    assert g2.logits_per_target == 2


@pytest.mark.parametrize("lead", [(), (3,), (3, 2)])
@pytest.mark.parametrize("name", LOSSES)
def test_shapes_of_prediction_loss_and_error(name, lead):
    n_y, m = 2, 5
    g2 = make_loss(name)
    Z2, Y = np.ones((*lead, n_y * g2.logits_per_target, m)), np.ones((n_y, m))
    assert g2(Z2).shape == Z2.shape
    assert g2.loss(Z2, Y).shape == (*lead, m)
    assert g2.dZ2(Z2, Y).shape == Z2.shape


@pytest.mark.parametrize("name", LOSSES)
def test_a_logit_that_is_not_a_number_makes_the_loss_not_a_number(name):
    g2 = make_loss(name)
    Z2, Y = np.zeros((2, 2)), np.ones((2 // g2.logits_per_target, 2))
    Z2[0, 0] = np.nan
    np.testing.assert_array_equal(np.isnan(g2.loss(Z2, Y)), [True, False])


@pytest.mark.parametrize("name", ["sigmoid", "softmax", "squared_error", "poisson"])
def test_where_unit_and_loss_belong_together_the_error_is_a2_minus_y(name):
    rng = np.random.default_rng(0)
    Z2, Y = rng.standard_normal((3, 6)), np.eye(3)[:, rng.integers(0, 3, 6)]
    np.testing.assert_array_equal(make_loss(name).dZ2(Z2, Y), make_loss(name)(Z2) - Y)


def test_an_unknown_loss_is_named():
    with pytest.raises(InvalidParameterError, match="'hinge'; choose one of sigmoid, softmax"):
        make_loss("hinge")
