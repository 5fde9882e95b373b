"""Slides 11-12: initial weights, their shapes, their sizes, their order of drawing."""

import math

import numpy as np
import pytest

from shoal.textbook import exercise_parameters
from shoal.textbook.initialization import he, lecun, nguyen_widrow, normal, small_random, unit_variance, xavier, zeros

N_X, N_H, N_Y = 150, 200, 100
DRAWN = {
    "small_random": small_random,
    "xavier": xavier,
    "he": he,
    "lecun": lecun,
    "nguyen_widrow": nguyen_widrow,
    "unit_variance": lambda rng, n_x, n_h, n_y: unit_variance(rng, n_x, n_h, n_y, 2.0),
}


NORMAL, UNIFORM = math.sqrt(2), math.sqrt(4 / 5)  # standard deviation of x² beside its mean, for x of mean 0


def assert_variance(draws, variance, spread=NORMAL):
    """The mean square of n draws scatters by spread/√n: five times that is a chance of 1 in 1.7 million, and the seed is fixed."""
    room = 5 * spread / math.sqrt(draws.size)
    np.testing.assert_allclose(np.mean(draws**2), variance, rtol=room)
    assert abs(np.mean(draws)) < 5 * math.sqrt(variance / draws.size)  # the mean of n draws scatters by σ/√n


@pytest.mark.parametrize("rule", DRAWN)
def test_every_rule_gives_the_chapters_shapes_in_float64(rule):
    parameters = DRAWN[rule](np.random.default_rng(0), 3, 4, 2)
    assert [w.shape for w in parameters] == [(4, 3), (4, 1), (2, 4), (2, 1)]
    assert {w.dtype for w in parameters} == {np.dtype(np.float64)}


@pytest.mark.parametrize("rule", DRAWN)
def test_the_same_seed_draws_the_same_weights_and_another_seed_others(rule):
    first, again, other = (DRAWN[rule](np.random.default_rng(seed), 3, 4, 2) for seed in (7, 7, 8))
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.any(a) or np.all(a != c)


@pytest.mark.parametrize("rule", ["small_random", "xavier", "he", "lecun"])
def test_biases_may_start_at_zero(rule):
    parameters = DRAWN[rule](np.random.default_rng(0), 3, 4, 2)
    assert not np.any(parameters.b1)
    assert not np.any(parameters.b2)


def test_zeros_are_zeros_of_the_chapters_shapes():
    parameters = zeros(3, 4, 2)
    assert [w.shape for w in parameters] == [(4, 3), (4, 1), (2, 4), (2, 1)]
    assert not any(np.any(w) for w in parameters)


def test_slide_12_is_randn_times_a_hundredth_w1_first_then_w2():
    rng = np.random.RandomState(2)
    W1, W2 = rng.randn(4, 2) * 0.01, rng.randn(1, 4) * 0.01
    parameters = exercise_parameters(4)
    np.testing.assert_array_equal(parameters.W1, W1)
    np.testing.assert_array_equal(parameters.W2, W2)
    assert not np.any(parameters.b1)
    assert not np.any(parameters.b2)


def test_the_scale_of_slide_12_only_multiplies():
    small, large = (small_random(np.random.default_rng(3), 3, 4, 2, scale) for scale in (0.25, 1.0))  # powers of 2: exact
    for s, w in zip(small, large, strict=True):
        np.testing.assert_array_equal(4 * s, w)


@pytest.mark.parametrize(
    ("rule", "variance_1", "variance_2"),
    [
        ("small_random", 1e-4, 1e-4),
        ("xavier", 2 / (N_X + N_H), 2 / (N_H + N_Y)),
        ("he", 2 / N_X, 2 / N_H),
        ("lecun", 1 / N_X, 1 / N_H),
        ("unit_variance", 1 / 2.0, 1 / (4 * N_H)),
    ],
)
def test_the_weights_have_the_variance_of_their_rule(rule, variance_1, variance_2):
    parameters = DRAWN[rule](np.random.default_rng(11), N_X, N_H, N_Y)
    assert_variance(parameters.W1, variance_1)
    assert_variance(parameters.W2, variance_2)


def test_normal_takes_a_standard_deviation_for_each_layer():
    parameters = normal(np.random.default_rng(12), N_X, N_H, N_Y, 3.0, 0.5)
    assert_variance(parameters.W1, 9.0)
    assert_variance(parameters.W2, 0.25)


def test_lecuns_sums_of_standardised_inputs_have_variance_one():
    rng = np.random.default_rng(13)
    Z1 = lecun(rng, N_X, N_H, N_Y).W1 @ rng.standard_normal((N_X, 500))
    # The sums share N_X inputs and N_H rows of weights, whose mean squares scatter by √(2/(N_X·N_H)) and √(2/(N_X·500)): 1 %.
    np.testing.assert_allclose(np.mean(Z1**2), 1.0, rtol=0.05)


def test_nguyen_widrow_rows_all_have_the_same_length():
    parameters = nguyen_widrow(np.random.default_rng(14), 3, 8, 2)
    beta = 0.7 * 2  # 0.7 · 8^(1/3)
    np.testing.assert_allclose(np.linalg.norm(parameters.W1, axis=1), beta, rtol=1e-15)  # three roundings


def test_nguyen_widrow_biases_and_output_weights_are_uniform():
    parameters = nguyen_widrow(np.random.default_rng(15), 1, 2000, 3)
    beta = 0.7 * 2000
    assert np.all(np.abs(parameters.b1) <= beta)
    assert np.all(np.abs(parameters.W2) <= 0.5)
    assert_variance(parameters.b1, beta**2 / 3, UNIFORM)  # a uniform's variance: range² / 12
    assert_variance(parameters.W2, 1 / 12, UNIFORM)
    assert not np.any(parameters.b2)


def test_nguyen_widrow_points_both_ways_along_a_single_input():
    W1 = nguyen_widrow(np.random.default_rng(16), 1, 50, 1).W1
    np.testing.assert_allclose(np.abs(W1), 35.0, rtol=1e-15)
    assert {-1.0, 1.0} == set(np.sign(W1[:, 0]))


def test_unit_variance_draws_hidden_biases_of_standard_deviation_one_half():
    parameters = unit_variance(np.random.default_rng(17), 2, 5000, 1, 4.0)
    assert_variance(parameters.b1, 1 / 4)
    assert not np.any(parameters.b2)


def test_unit_variance_makes_sums_of_any_length_of_input_have_variance_one():
    rng = np.random.default_rng(18)
    X = rng.uniform(0, 7, (N_X, 1))
    parameters = unit_variance(rng, N_X, 20_000, 1, float(np.sum(X**2)))
    assert_variance(parameters.W1 @ X, 1.0)


def test_unit_variance_of_inputs_that_are_all_zero_is_finite():
    assert all(np.all(np.isfinite(w)) for w in unit_variance(np.random.default_rng(0), 2, 3, 1, 0.0))
