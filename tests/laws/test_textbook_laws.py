"""What holds of every network: laws of the textbook, each tried on networks and numbers that Hypothesis chooses."""

import numpy as np
from hypothesis import assume, example, given
from hypothesis import strategies as st

from shoal.textbook import ACTIVATIONS, Parameters, backward, cost, forward, make_loss, masked
from shoal.textbook.gradient_check import as_parameters
from shoal.textbook.losses import LOSSES

ANOTHER_ORDER = 1e-12  # sums of up to 8 terms in another order, at most 1e3 large in the exponential losses

activations = st.sampled_from(list(ACTIVATIONS.values()))
outputs = st.sampled_from([make_loss(name) for name in LOSSES])
sizes = st.integers(1, 5)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def problems(draw, lead=()):
    """(parameters, X, Y, g1, g2): a network of any small size, data that its loss can have; numbers of size 1."""
    g1, g2 = draw(activations), draw(outputs)
    n_x, n_h, n_y, m = (draw(sizes) for _ in range(4))
    rng = np.random.default_rng(draw(seeds))
    n_z = n_y * g2.logits_per_target
    shapes = (n_h, n_x), (n_h, 1), (n_z, n_h), (n_z, 1)
    parameters = Parameters(*(rng.uniform(-1, 1, (*lead, *shape)) for shape in shapes))
    Y = np.eye(n_y)[:, rng.integers(0, n_y, m)]  # classes, labels, counts and values at once
    return parameters, rng.uniform(-1, 1, (n_x, m)), Y, g1, g2


def run(parameters, X, Y, g1, g2, weight=None):
    """A2, J and the four gradients."""
    cache = forward(parameters, X, g1, g2)
    gradients = backward(parameters, X, Y, cache, g1, g2, weight)
    return cache.A2, cost(cache, Y, g2, weight), as_parameters(gradients)


def assert_same(one, other):
    np.testing.assert_allclose(one, other, rtol=ANOTHER_ORDER, atol=ANOTHER_ORDER)


@given(activations, st.floats(-30, 30))
def test_the_derivative_of_g_is_its_central_difference(g, z):
    h = 1e-5
    assume(all(abs(z - kink) > h for kink in g.kinks))
    z = np.array(z)
    slope = (g(z + h) - g(z - h)) / (2 * h)
    # h²/6 times a third derivative below 2, and two roundings of numbers up to 30 over 2h.
    np.testing.assert_allclose(g.prime(z), slope, rtol=0, atol=h**2 + 30 * 2.2e-16 / h)


@given(outputs, st.lists(st.floats(-20, 20), min_size=2, max_size=2), st.sampled_from([0.0, 1.0, 3.0]))
def test_the_error_is_the_central_difference_of_the_loss(g2, z, y):
    h = 1e-5
    Z2, Y = np.array(z)[:, None], np.full((2 // g2.logits_per_target, 1), y)
    if g2.name == "softmax":
        Y = np.array([[1.0], [0.0]])
    if g2.logits_per_target == 1:
        r = np.abs(Z2 - Y)
        assume(np.all(r > h) and np.all(np.abs(r - 1) > h))  # kinks: r = 0, and Huber's r = δ = 1
    for row in range(2):
        step = np.zeros((2, 1))
        step[row] = h
        above, below = g2.loss(Z2 + step, Y), g2.loss(Z2 - step, Y)
        # h²/6 times a third derivative, which for the exponentials is as large as the loss itself, and the rounding of two losses.
        size = 1 + np.max(np.abs(above)) + np.max(np.abs(below)) + np.max(np.abs(Z2)) * (1 + y)
        room = (h**2 + 8 * 2.2e-16 / h) * size
        np.testing.assert_allclose(g2.dZ2(Z2, Y)[row], (above - below) / (2 * h), rtol=0, atol=room)


@given(problems(), st.randoms(use_true_random=False))
def test_permuting_hidden_units_permutes_their_gradients_and_changes_nothing_else(problem, random):
    (W1, b1, W2, b2), X, Y, g1, g2 = problem
    order = list(range(W1.shape[0]))
    random.shuffle(order)
    A2, J, gradients = run(Parameters(W1, b1, W2, b2), X, Y, g1, g2)
    A2_permuted, J_permuted, permuted = run(Parameters(W1[order], b1[order], W2[:, order], b2), X, Y, g1, g2)
    assert_same(A2_permuted, A2)
    assert_same(J_permuted, J)
    assert_same(permuted.W1, gradients.W1[order])
    assert_same(permuted.b1, gradients.b1[order])
    assert_same(permuted.W2, gradients.W2[:, order])
    assert_same(permuted.b2, gradients.b2)


@given(problems(lead=(3,)), seeds, st.booleans())
def test_each_of_k_networks_is_what_it_is_alone(problem, seed, is_weighted):
    parameters, X, Y, g1, g2 = problem
    weight = np.random.default_rng(seed).uniform(0.1, 2, (3, 1, X.shape[1])) if is_weighted else None
    A2, J, gradients = run(parameters, X, Y, g1, g2, weight)
    for k in range(3):
        alone = Parameters(*(w[k] for w in parameters))
        A2_alone, J_alone, gradients_alone = run(alone, X, Y, g1, g2, None if weight is None else weight[k, 0])
        assert_same(A2[k], A2_alone)
        assert_same(J[k], J_alone)
        for of_k, of_one in zip(gradients, gradients_alone, strict=True):
            assert_same(of_k[k], of_one)


@given(problems(), st.data())
def test_a_unit_whose_mask_is_zero_has_disappeared(problem, data):
    (W1, b1, W2, b2), X, Y, g1, g2 = problem
    n_h = W1.shape[0]
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=n_h, max_size=n_h)))
    A2, J, gradients = run(Parameters(W1, b1, W2, b2), X, Y, masked(g1, kept[:, None].astype(float)), g2)
    A2_without, J_without, without = run(Parameters(W1[kept], b1[kept], W2[:, kept], b2), X, Y, g1, g2)
    assert_same(A2, A2_without)
    assert_same(J, J_without)
    for name, axis in (("W1", 0), ("b1", 0), ("W2", 1)):
        gradient = getattr(gradients, name)
        assert_same(np.compress(kept, gradient, axis), getattr(without, name))
        assert not np.any(np.compress(~kept, gradient, axis))
    assert_same(gradients.b2, without.b2)


@given(problems(), st.data())
def test_a_whole_weight_is_that_many_repeated_examples(problem, data):
    parameters, X, Y, g1, g2 = problem
    m = X.shape[1]
    times = np.array(data.draw(st.lists(st.integers(0, 3), min_size=m, max_size=m)))
    assume(np.any(times))
    _, J, gradients = run(parameters, X, Y, g1, g2, times.astype(float))
    _, J_repeated, repeated = run(parameters, np.repeat(X, times, axis=1), np.repeat(Y, times, axis=1), g1, g2)
    assert_same(J, J_repeated)
    for weighted, plain in zip(gradients, repeated, strict=True):
        assert_same(weighted, plain)


@given(problems(), seeds)
def test_the_order_of_the_examples_does_not_matter(problem, seed):
    parameters, X, Y, g1, g2 = problem
    order = np.random.default_rng(seed).permutation(X.shape[1])
    A2, J, gradients = run(parameters, X, Y, g1, g2)
    A2_other, J_other, others = run(parameters, X[:, order], Y[:, order], g1, g2)
    assert_same(A2_other, A2[:, order])
    assert_same(J_other, J)
    for gradient, other in zip(gradients, others, strict=True):
        assert_same(other, gradient)


logits = st.lists(st.floats(-1000, 1000), min_size=2, max_size=6)


@given(logits, st.floats(-1000, 1000))
@example([0.0, 0.0], 1000.0)
def test_softmax_does_not_notice_a_constant_added_to_every_logit(z, constant):
    g2, Z2 = make_loss("softmax"), np.array(z)[:, None]
    Y = np.eye(len(z))[:, :1]
    shifted = Z2 + constant  # rounded: a difference of two such logits is wrong by up to 4 · 1000 · 2.2e-16 = 9e-13
    np.testing.assert_allclose(g2(shifted), g2(Z2), rtol=2e-12, atol=1e-300)
    np.testing.assert_allclose(g2.loss(shifted, Y), g2.loss(Z2, Y), rtol=0, atol=2e-12)
    np.testing.assert_allclose(g2.dZ2(shifted, Y), g2.dZ2(Z2, Y), rtol=0, atol=2e-12)


@given(logits)
def test_softmax_shares_add_up_to_one_and_keep_the_order_of_the_logits(z):
    A2 = make_loss("softmax")(np.array(z)[:, None])[:, 0]
    np.testing.assert_allclose(np.sum(A2), 1.0, rtol=1e-15)  # up to 6 roundings of shares below 1
    assert np.all(np.diff(A2[np.argsort(z)]) >= 0)


@given(st.floats(-1000, 1000), st.floats(-1000, 1000), st.sampled_from([0.0, 1.0, 0.3]))
def test_with_two_classes_softmax_is_the_sigmoid_of_the_difference(z_1, z_0, y):
    softmax, sigmoid = make_loss("softmax"), make_loss("sigmoid")
    two, one = np.array([[z_1], [z_0]]), np.array([[z_1 - z_0]])
    Y_two, Y_one = np.array([[y], [1 - y]]), np.array([[y]])
    few_roundings = 1e-15 * max(1.0, abs(z_1 - z_0))
    np.testing.assert_allclose(softmax(two)[:1], sigmoid(one), rtol=1e-15, atol=1e-300)
    np.testing.assert_allclose(softmax.loss(two, Y_two), sigmoid.loss(one, Y_one), rtol=0, atol=few_roundings)
    np.testing.assert_allclose(softmax.dZ2(two, Y_two)[:1], sigmoid.dZ2(one, Y_one), rtol=0, atol=1e-15)
    np.testing.assert_allclose(softmax.dZ2(two, Y_two)[1:], -sigmoid.dZ2(one, Y_one), rtol=0, atol=1e-15)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=8))
def test_every_activation_but_silu_never_falls(z):
    Z = np.sort(np.array(z))
    for g in ACTIVATIONS.values():
        assert np.all(g.prime(Z) >= 0) or g.name == "silu"
        assert np.all(np.diff(g(Z)) >= -1e-15 * np.max(np.abs(g(Z)))) or g.name == "silu"  # the last digit of exp may wobble
