"""Slides 3-5 and 9-10: forward, backward, cost and penalty, worked by hand."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from shoal.textbook import ACTIVATIONS, Forward, Gradients, Parameters, backward, cost, forward, make_loss, penalty
from shoal.textbook.initialization import with_skip
from shoal.textbook.propagation import sum_examples

RELU, TANH, IDENTITY = ACTIVATIONS["relu"], ACTIVATIONS["tanh"], ACTIVATIONS["identity"]
SQUARED_ERROR, SIGMOID = make_loss("squared_error"), make_loss("sigmoid")
EPS = np.finfo(float).eps
TO_ROUNDING = 1e-14  # sums of up to 12 products of size 1, added in another order

# Two inputs, two ReLU units, one output, every number a small whole one or a half, so that nothing is rounded.
HAND = Parameters(
    W1=np.array([[1.0, 2.0], [-1.0, 1.0]]),
    b1=np.array([[0.5], [0.0]]),
    W2=np.array([[2.0, -3.0]]),
    b2=np.array([[1.0]]),
)
X_HAND = np.array([[1.0, 2.0], [1.0, -1.0]])  # the examples (1, 1) and (2, −1)
Y_HAND = np.array([[4.0, 0.0]])


def random_network(n_x=3, n_h=4, n_y=2, m=5, lead=(), seed=0):
    rng = np.random.default_rng(seed)
    shapes = (n_h, n_x), (n_h, 1), (n_y, n_h), (n_y, 1)
    parameters = Parameters(*(rng.standard_normal((*lead, *shape)) for shape in shapes))
    return parameters, rng.standard_normal((n_x, m)), rng.integers(0, 2, (n_y, m)).astype(float)


def test_slide_3_one_example_followed_through_the_network():
    cache = forward(HAND, X_HAND[:, :1], RELU, SQUARED_ERROR)
    np.testing.assert_array_equal(cache.Z1, [[3.5], [0.0]])  # 1·1 + 2·1 + ½, −1·1 + 1·1 + 0
    np.testing.assert_array_equal(cache.A1, [[3.5], [0.0]])
    np.testing.assert_array_equal(cache.Z2, [[8.0]])  # 2·3.5 − 3·0 + 1
    np.testing.assert_array_equal(cache.A2, [[8.0]])


def test_slide_10_forward_on_two_examples():
    cache = forward(HAND, X_HAND, RELU, SQUARED_ERROR)
    np.testing.assert_array_equal(cache.Z1, [[3.5, 0.5], [0.0, -3.0]])
    np.testing.assert_array_equal(cache.A1, [[3.5, 0.5], [0.0, 0.0]])
    np.testing.assert_array_equal(cache.A2, [[8.0, 2.0]])
    assert cost(cache, Y_HAND, SQUARED_ERROR) == 5.0  # (½·4² + ½·2²) / 2


def test_slide_10_the_six_formulas_on_two_examples():
    cache = forward(HAND, X_HAND, RELU, SQUARED_ERROR)
    gradients = backward(HAND, X_HAND, Y_HAND, cache, RELU, SQUARED_ERROR)
    np.testing.assert_array_equal(gradients.dZ2, [[4.0, 2.0]])  # A2 − Y
    np.testing.assert_array_equal(gradients.dW2, [[7.5, 0.0]])  # (4·3.5 + 2·0.5) / 2, 0
    np.testing.assert_array_equal(gradients.db2, [[3.0]])
    np.testing.assert_array_equal(gradients.dZ1, [[8.0, 4.0], [0.0, 0.0]])  # 2·4, 2·2; the second unit's slope is 0
    np.testing.assert_array_equal(gradients.dW1, [[8.0, 2.0], [0.0, 0.0]])  # (8·1 + 4·2) / 2, (8·1 − 4·1) / 2
    np.testing.assert_array_equal(gradients.db1, [[6.0], [0.0]])


@pytest.mark.parametrize("lead", [(), (6,)], ids=["one", "K"])
def test_every_array_has_the_shape_that_the_chapter_gives_it(lead):
    n_x, n_h, n_y, m = 3, 4, 2, 5
    parameters, X, Y = random_network(n_x, n_h, n_y, m, lead)
    cache = forward(parameters, X, TANH, SIGMOID)
    gradients = backward(parameters, X, Y, cache, TANH, SIGMOID)
    hidden, out = (*lead, n_h, m), (*lead, n_y, m)
    assert [a.shape for a in cache] == [hidden, hidden, out, out]
    assert [g.shape for g in gradients] == [out, (*lead, n_y, n_h), (*lead, n_y, 1), hidden, (*lead, n_h, n_x), (*lead, n_h, 1)]
    assert cost(cache, Y, SIGMOID).shape == penalty(parameters, 0.1, m).shape == lead
    assert Forward._fields == ("Z1", "A1", "Z2", "A2")
    assert tuple(field.name for field in fields(Gradients)) == ("dZ2", "dW2", "db2", "dZ1", "dW1", "db1", "dW3")


def test_slide_4_the_loop_over_examples_is_the_matrix_form():
    parameters, X, Y = random_network()
    cache = forward(parameters, X, TANH, SIGMOID)
    gradients = backward(parameters, X, Y, cache, TANH, SIGMOID)
    m = X.shape[1]
    total = [np.zeros_like(w) for w in (gradients.dW2, gradients.db2, gradients.dW1, gradients.db1)]
    for i in range(m):
        x, y = X[:, i : i + 1], Y[:, i : i + 1]
        z1 = parameters.W1 @ x + parameters.b1
        a1 = np.tanh(z1)
        z2 = parameters.W2 @ a1 + parameters.b2
        a2 = 1 / (1 + np.exp(-z2))
        dz2 = a2 - y
        dz1 = parameters.W2.T @ dz2 * (1 - a1**2)
        for name, one in zip(Forward._fields, (z1, a1, z2, a2), strict=True):
            np.testing.assert_allclose(getattr(cache, name)[:, i : i + 1], one, rtol=0, atol=TO_ROUNDING)
        for sum_so_far, one in zip(total, (dz2 @ a1.T, dz2, dz1 @ x.T, dz1), strict=True):
            sum_so_far += one / m
    for name, looped in zip(("dW2", "db2", "dW1", "db1"), total, strict=True):
        np.testing.assert_allclose(getattr(gradients, name), looped, rtol=0, atol=TO_ROUNDING)


def test_slide_5_a_product_with_columns_is_the_columns_of_products():
    rng = np.random.default_rng(5)
    W, X = rng.standard_normal((4, 3)), rng.standard_normal((3, 3))
    columns = np.stack([W @ X[:, i] for i in range(3)], axis=1)
    # A matrix product may add the three terms of each sum in another order than a product with one vector.
    room = 3 * EPS * np.abs(W) @ np.abs(X)
    assert np.all(np.abs(W @ X - columns) <= room)


def test_slide_5_holds_to_the_last_bit_on_whole_numbers():
    rng = np.random.default_rng(5)
    W, X = rng.integers(-9, 10, (4, 3)).astype(float), rng.integers(-9, 10, (3, 3)).astype(float)
    np.testing.assert_array_equal(W @ X, np.stack([W @ X[:, i] for i in range(3)], axis=1))


def test_slide_5_the_bias_is_broadcast_over_the_columns():
    parameters, X, _ = random_network()
    nothing = np.zeros_like(parameters.W1)
    Z1 = forward(replace(parameters, W1=nothing), X, TANH, SIGMOID).Z1
    np.testing.assert_array_equal(Z1, np.repeat(parameters.b1, X.shape[1], axis=1))


def test_slide_10_without_keepdims_the_sum_has_rank_one_and_broadcasts_the_wrong_way():
    dZ1 = np.ones((4, 7))
    b1 = np.zeros((4, 1))
    rank_1 = np.sum(dZ1, axis=1)
    assert rank_1.shape == (4,)
    assert (b1 - rank_1).shape == (4, 4)  # no error, and no bias either
    assert sum_examples(dZ1).shape == (4, 1)
    assert (b1 - sum_examples(dZ1)).shape == (4, 1)
    np.testing.assert_array_equal(rank_1.reshape(4, 1), sum_examples(dZ1))  # the slide's cure: reshape


def test_the_sum_over_examples_is_the_loop_over_examples():
    dZ = np.arange(24.0).reshape(2, 3, 4)  # K = 2, n_h = 3, m = 4
    looped = np.zeros((2, 3, 1))
    for i in range(4):
        looped[:, :, 0] += dZ[:, :, i]
    np.testing.assert_array_equal(sum_examples(dZ), looped)


def test_slide_7_with_identity_units_the_whole_network_is_linear():
    parameters, X, _ = random_network()
    W1, b1, W2, b2 = parameters
    A2 = forward(parameters, X, IDENTITY, SQUARED_ERROR).A2
    np.testing.assert_allclose(A2, (W2 @ W1) @ X + (W2 @ b1 + b2), rtol=0, atol=TO_ROUNDING)


def test_the_cost_of_an_undecided_network_is_ln_2():
    undecided = Parameters(np.zeros((4, 3)), np.zeros((4, 1)), np.zeros((1, 4)), np.zeros((1, 1)))
    cache = forward(undecided, np.ones((3, 5)), TANH, SIGMOID)
    np.testing.assert_allclose(cost(cache, np.array([[0.0, 1, 1, 0, 1]]), SIGMOID), math.log(2), rtol=EPS)


def test_the_weighted_cost_by_hand():
    cache = forward(HAND, X_HAND, RELU, SQUARED_ERROR)  # losses 8 and 2
    assert cost(cache, Y_HAND, SQUARED_ERROR, np.array([1.0, 3.0])) == 3.5  # (1·8 + 3·2) / 4
    assert cost(cache, Y_HAND, SQUARED_ERROR, np.array([0.0, 2.0])) == 2.0


def test_a_whole_weight_is_that_many_repeated_examples():
    parameters, X, Y = random_network()
    times = np.array([1, 0, 3, 2, 1])
    X_repeated, Y_repeated = np.repeat(X, times, axis=1), np.repeat(Y, times, axis=1)
    cache, repeated = forward(parameters, X, TANH, SIGMOID), forward(parameters, X_repeated, TANH, SIGMOID)
    weight = times.astype(float)
    J, J_repeated = cost(cache, Y, SIGMOID, weight), cost(repeated, Y_repeated, SIGMOID)
    np.testing.assert_allclose(J, J_repeated, rtol=TO_ROUNDING)
    weighted = backward(parameters, X, Y, cache, TANH, SIGMOID, weight)
    plain = backward(parameters, X_repeated, Y_repeated, repeated, TANH, SIGMOID)
    for name in ("dW1", "db1", "dW2", "db2"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(plain, name), rtol=0, atol=TO_ROUNDING)


def test_equal_weights_are_no_weights():
    parameters, X, Y = random_network()
    cache = forward(parameters, X, TANH, SIGMOID)
    with_weights = backward(parameters, X, Y, cache, TANH, SIGMOID, np.full(5, 0.25))
    without = backward(parameters, X, Y, cache, TANH, SIGMOID)
    for name in ("dW1", "db1", "dW2", "db2"):
        np.testing.assert_allclose(getattr(with_weights, name), getattr(without, name), rtol=0, atol=TO_ROUNDING)


def test_each_network_may_weigh_the_examples_in_its_own_way():
    parameters, X, Y = random_network(lead=(2,))
    weight = np.array([[[1.0, 1, 1, 1, 1]], [[0.0, 2, 0, 1, 0]]])  # (K, 1, m)
    cache = forward(parameters, X, TANH, SIGMOID)
    gradients, J = backward(parameters, X, Y, cache, TANH, SIGMOID, weight), cost(cache, Y, SIGMOID, weight)
    for k in range(2):
        one = Parameters(*(w[k] for w in parameters))
        alone = forward(one, X, TANH, SIGMOID)
        np.testing.assert_allclose(J[k], cost(alone, Y, SIGMOID, weight[k, 0]), rtol=TO_ROUNDING)
        for of_k, of_one in zip(gradients, backward(one, X, Y, alone, TANH, SIGMOID, weight[k, 0]), strict=True):
            np.testing.assert_allclose(of_k[k], of_one, rtol=0, atol=TO_ROUNDING)


def test_the_penalty_by_hand_leaves_the_biases_free():
    assert penalty(HAND, lam=0.5, m=4) == 1.25  # 0.5 / (2·4) · (1 + 4 + 1 + 1 + 4 + 9)
    heavier = replace(HAND, b1=HAND.b1 + 100, b2=HAND.b2 - 100)
    assert penalty(heavier, lam=0.5, m=4) == 1.25


def test_each_network_may_have_its_own_penalty():
    two = Parameters(*(np.stack([w, 2 * w]) for w in HAND))  # twice the weights, four times the squares
    np.testing.assert_array_equal(penalty(two, lam=np.array([0.5, 0.25]), m=4), [1.25, 2.5])


def test_skip_connections_add_a_linear_part_and_leave_every_other_derivative_as_it_is():
    parameters, X, Y = random_network()
    W3 = np.random.default_rng(5).standard_normal((Y.shape[0], X.shape[0]))
    linear = make_loss("squared_error")
    cache = forward(replace(parameters, W3=W3), X, TANH, linear)
    without = forward(parameters, X, TANH, linear)
    np.testing.assert_allclose(cache.Z2, without.Z2 + W3 @ X, rtol=1e-14)
    np.testing.assert_array_equal(cache.Z1, without.Z1)
    skip = backward(replace(parameters, W3=W3), X, Y, cache, TANH, linear)
    plain = backward(parameters, X, Y - W3 @ X, without, TANH, linear)  # the same errors
    assert plain.dW3 is None
    np.testing.assert_array_equal(skip.dW3, (1 / X.shape[1]) * skip.dZ2 @ X.T)
    for name in ("dZ2", "dW2", "db2", "dZ1", "dW1", "db1"):
        np.testing.assert_allclose(getattr(skip, name), getattr(plain, name), rtol=1e-9, atol=1e-12)


def test_skip_connections_are_penalised_and_begin_at_nothing():
    with_W3 = with_skip(HAND)
    assert with_W3.W3.shape == (1, HAND.W1.shape[1])
    assert penalty(with_W3, lam=0.5, m=4) == penalty(HAND, lam=0.5, m=4)
    assert penalty(replace(with_W3, W3=with_W3.W3 + 2.0), lam=2.0, m=1) == penalty(HAND, lam=2.0, m=1) + 4.0 * HAND.W1.shape[1]


def test_a_tree_maps_its_leaves_by_name():
    both = HAND.map(lambda w, v: w + v, HAND)
    for name, w in HAND.named().items():
        np.testing.assert_array_equal(getattr(both, name), 2 * w)
    assert both.W3 is None
    assert [*with_skip(HAND).named()] == ["W1", "b1", "W2", "b2", "W3"]
    assert [*HAND.penalised()] == ["W1", "W2"]
    assert [*with_skip(HAND).penalised()] == ["W1", "W2", "W3"]
