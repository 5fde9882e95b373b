"""(E1) The safe forms: equal to the plain ones wherever those are finite, finite at ±1e4, and their own gradient there.

The plain forms stand here as the slides write them, computed with hundreds of decimal digits, so that a difference is the safe
form's own. Inputs are exact: every float is a decimal number.
"""

from decimal import Decimal, localcontext
from itertools import product

import numpy as np
import pytest

from shoal.textbook import (
    ACTIVATIONS,
    Adam,
    Forward,
    GradientDescent,
    Momentum,
    Nesterov,
    Parameters,
    RMSprop,
    backward,
    cost,
    forward,
    make_loss,
    penalty,
    update,
)
from shoal.textbook.losses import LOSSES
from shoal.textbook.optimizers import start
from shoal.textbook.output_units import exp_limits, log_variance_limits

DTYPES = [np.float32, np.float64]
ROUNDINGS = 8  # a handful of operations, each rounded once, and exp, log1p, tanh, which may be off by a few units themselves
DIGITS = 400  # 1 − a at z = 700 needs 304 digits before the first one that is not a 9
FAR = 1e4

# --- the plain forms, in decimals -----------------------------------------------------------------------------------


def exp(z):
    return z.exp()


def sigma(z):
    return 1 / (1 + exp(-z))


def plain_tanh(z):
    return (exp(z) - exp(-z)) / (exp(z) + exp(-z))


PLAIN = {
    "logistic": (sigma, lambda z: sigma(z) * (1 - sigma(z))),
    "tanh": (plain_tanh, lambda z: 1 - plain_tanh(z) ** 2),
    "elu": (lambda z: z if z > 0 else exp(z) - 1, lambda z: 1 if z > 0 else exp(z)),
    "softplus": (lambda z: (1 + exp(z)).ln(), sigma),
    "silu": (lambda z: z * sigma(z), lambda z: sigma(z) + z * sigma(z) * (1 - sigma(z))),
}
Z_OF_ALL_SIZES = [0.0, 1e-30, 1e-6, 0.1, 0.5, 1.0, 2.5, 10.0, 17.0, 37.0, 80.0, 88.0, 100.0, 350.0, 700.0]


def z_of_all_sizes(dtype):
    return np.array([sign * z for z in Z_OF_ALL_SIZES for sign in (1, -1)], dtype=dtype)


def in_decimals(function, *columns):
    """The plain function of exact numbers, rounded once to float64."""
    with localcontext() as context:
        context.prec = DIGITS
        return np.array([float(function(*(Decimal(float(x)) for x in row))) for row in zip(*columns, strict=True)])


def assert_equal_to_rounding(safe, plain, largest=0.0):
    """Relative to the plain value, or to the largest number that occurs on the way; subnormal numbers may be 0."""
    info = np.finfo(safe.dtype)
    room = ROUNDINGS * info.eps * np.maximum(np.abs(plain), largest) + info.smallest_normal
    assert np.all(np.abs(safe.astype(np.float64) - plain) <= room)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PLAIN)
def test_a_safe_activation_is_the_plain_one(name, dtype):
    Z = z_of_all_sizes(dtype)
    assert_equal_to_rounding(ACTIVATIONS[name](Z), in_decimals(PLAIN[name][0], Z))  # relative, however small


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PLAIN)
def test_a_safe_derivative_is_the_plain_one(name, dtype):
    Z = z_of_all_sizes(dtype)
    on_the_way = 1.0 if name in {"tanh", "silu"} else 0.0  # 1 − a² and σ + zσ′ subtract numbers of size 1
    assert_equal_to_rounding(ACTIVATIONS[name].prime(Z), in_decimals(PLAIN[name][1], Z), on_the_way)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("y", [0.0, 1.0, 0.25])
def test_safe_sigmoid_and_cross_entropy_are_the_plain_ones(y, dtype):
    def plain_loss(z, y):
        a = sigma(z)
        return -(y * a.ln() + (1 - y) * (1 - a).ln())

    g2, Z2 = make_loss("sigmoid"), z_of_all_sizes(dtype)[None, :]
    Y = np.full_like(Z2, y)
    assert_equal_to_rounding(g2(Z2)[0], in_decimals(sigma, Z2[0]))
    assert_equal_to_rounding(g2.loss(Z2, Y), in_decimals(plain_loss, Z2[0], Y[0]))
    assert_equal_to_rounding(g2.dZ2(Z2, Y)[0], in_decimals(lambda z, y: sigma(z) - y, Z2[0], Y[0]), 1.0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_safe_softmax_and_cross_entropy_are_the_plain_ones(dtype):
    columns = list(product([0.0, 1.5, 40.0, -80.0], repeat=3))
    g2, Z2 = make_loss("softmax"), np.array(columns, dtype=dtype).T
    Y = np.zeros_like(Z2)
    Y[0] = 1
    largest = np.max(np.abs(Z2.astype(np.float64)), axis=0)

    def plain_share(a, b, c):
        return exp(a) / (exp(a) + exp(b) + exp(c))

    share, loss = in_decimals(plain_share, *Z2), in_decimals(lambda *z: -plain_share(*z).ln(), *Z2)
    assert_equal_to_rounding(g2(Z2)[0], share)
    assert_equal_to_rounding(g2.loss(Z2, Y), loss, np.maximum(largest, 1.0))
    assert_equal_to_rounding(g2.dZ2(Z2, Y)[0], share - 1, 1.0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_safe_exp_and_poisson_are_the_plain_ones_up_to_the_limit(dtype):
    g2, Z = make_loss("poisson"), z_of_all_sizes(dtype)
    Z2 = Z[exp_limits(Z) >= Z][None, :]
    Y = np.full_like(Z2, 3)
    assert_equal_to_rounding(g2(Z2)[0], in_decimals(exp, Z2[0]))
    terms = in_decimals(lambda z: exp(z) + 3 * abs(z), Z2[0])
    assert_equal_to_rounding(g2.loss(Z2, Y), in_decimals(lambda z, y: exp(z) - y * z, Z2[0], Y[0]), terms)
    assert_equal_to_rounding(g2.dZ2(Z2, Y)[0], in_decimals(lambda z, y: exp(z) - y, Z2[0], Y[0]), 3.0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_safe_gaussian_is_the_plain_one_up_to_the_limit(dtype):
    two_pi = Decimal("6.283185307179586476925286766559005768394338798750211641949889")
    Z = z_of_all_sizes(dtype)
    s = Z[log_variance_limits(Z) >= np.abs(Z)]
    mu, y = np.full_like(s, 1.5), np.full_like(s, -0.5)  # r = 2
    g2, Z2, Y = make_loss("gaussian"), np.stack([mu, s]), y[None, :]

    terms = in_decimals(lambda s: abs(s) / 2 + 2 * exp(-s) + 1, s)
    assert_equal_to_rounding(g2(Z2)[1], in_decimals(exp, s))
    assert_equal_to_rounding(g2.loss(Z2, Y), in_decimals(lambda s: (s + 4 * exp(-s) + two_pi.ln()) / 2, s), terms)
    assert_equal_to_rounding(g2.dZ2(Z2, Y)[0], in_decimals(lambda s: 2 * exp(-s), s))
    assert_equal_to_rounding(g2.dZ2(Z2, Y)[1], in_decimals(lambda s: (1 - 4 * exp(-s)) / 2, s), 1.0)


# --- far away -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_and_their_derivatives_are_finite_at_plus_and_minus_1e4(name, dtype):
    Z = np.array([-FAR, FAR], dtype=dtype)
    assert np.all(np.isfinite(ACTIVATIONS[name](Z)))
    assert np.all(np.isfinite(ACTIVATIONS[name].prime(Z)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LOSSES)
def test_output_loss_and_error_are_finite_at_plus_and_minus_1e4(name, dtype):
    g2 = make_loss(name)
    labels = name in {"sigmoid", "softmax"}
    targets = [(1.0, 0.0), (0.0, 1.0)] if labels else [(0.0, FAR), (FAR, FAR)] if name == "poisson" else [(0.0, FAR), (-FAR, -FAR)]
    for y in targets:
        Z2 = np.array(list(product([-FAR, 0.0, FAR], repeat=2 * g2.logits_per_target)), dtype=dtype).T
        Y = np.tile(np.array(y, dtype=dtype)[:, None], Z2.shape[1])
        for value in (g2(Z2), g2.loss(Z2, Y), g2.dZ2(Z2, Y)):
            assert np.all(np.isfinite(value))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LOSSES)
def test_the_cost_of_a_thousand_examples_with_ten_outputs_at_1e4_is_finite(name, dtype):
    g2, m = make_loss(name), 1000
    for z in product([-FAR, FAR], repeat=g2.logits_per_target):
        Z2 = np.repeat(np.array(z, dtype=dtype), 10)[:, None] * np.ones((1, m), dtype=dtype)
        Y = np.zeros((10, m), dtype=dtype)
        Y[0] = 1
        cache = Forward(Z2, Z2, Z2, g2(Z2))
        assert np.isfinite(cost(cache, Y, g2))


def slope_of_loss(g2, Z2, Y, row, h):
    up, down = Z2.copy(), Z2.copy()
    up[row] += h
    down[row] -= h
    return (g2.loss(up, Y) - g2.loss(down, Y)) / (2 * h)


# A tangent is straight, so its central difference is exact at any step: what is left is the rounding of two losses.
STRAIGHT = {np.float32: 1e-5, np.float64: 1e-13}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("beyond", [3.0, 50.0])
def test_beyond_the_limit_the_poisson_gradient_belongs_to_the_loss(beyond, dtype):
    g2, limit = make_loss("poisson"), exp_limits(np.zeros(1, dtype=dtype))
    Z2, Y = np.full((1, 1), limit + beyond, dtype=dtype), np.full((1, 1), 2, dtype=dtype)
    np.testing.assert_allclose(g2.dZ2(Z2, Y)[0], slope_of_loss(g2, Z2, Y, 0, 2), rtol=STRAIGHT[dtype] * beyond)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("beyond", [3.0, 50.0])
def test_beyond_the_limit_the_gaussian_gradient_belongs_to_the_loss(beyond, dtype):
    g2, limit = make_loss("gaussian"), log_variance_limits(np.zeros(1, dtype=dtype))
    Z2, Y = np.array([[2.5], [-limit - beyond]], dtype=dtype), np.full((1, 1), 0.5, dtype=dtype)
    error = g2.dZ2(Z2, Y)
    np.testing.assert_allclose(error[0], slope_of_loss(g2, Z2, Y, 0, 0.5), rtol=STRAIGHT[dtype])  # a parabola: exact as well
    np.testing.assert_allclose(error[1], slope_of_loss(g2, Z2, Y, 1, 2), rtol=STRAIGHT[dtype] * beyond)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_exponential_goes_on_as_its_tangent(dtype):
    g2, limit = make_loss("poisson"), exp_limits(np.zeros(1, dtype=dtype))
    at = np.array([[limit, limit + 1, limit + 10]], dtype=dtype)
    A2 = g2(at)[0].astype(np.float64)
    np.testing.assert_allclose(A2 / A2[0], [1, 2, 11], rtol=4 * np.finfo(dtype).eps)  # e^limit (1 + (z − limit))


# --- precision in, precision out ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("lead", [(), (2,)], ids=["one", "K"])
@pytest.mark.parametrize(("activation", "name"), list(product(ACTIVATIONS, LOSSES)))
def test_every_result_has_the_precision_of_its_inputs(activation, name, lead, dtype):
    g1, g2, rng = ACTIVATIONS[activation], make_loss(name), np.random.default_rng(1)
    n_z = 2 * g2.logits_per_target
    shapes = (4, 3), (4, 1), (n_z, 4), (n_z, 1)
    parameters = Parameters(*(rng.standard_normal((*lead, *shape)).astype(dtype) for shape in shapes))
    X, Y, weight = (a.astype(dtype) for a in (rng.standard_normal((3, 5)), np.eye(2)[:, [0, 1, 1, 0, 1]], rng.uniform(1, 2, 5)))
    cache = forward(parameters, X, g1, g2)
    for w in (None, weight):
        gradients = backward(parameters, X, Y, cache, g1, g2, w)
        results = [*cache, *gradients, cost(cache, Y, g2, w), penalty(parameters, 0.1, 5)]
        assert {r.dtype for r in results} == {np.dtype(dtype)}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rule", [GradientDescent(), Momentum(), Nesterov(), RMSprop(), Adam()], ids=lambda rule: type(rule).__name__)
def test_an_update_keeps_the_precision_of_the_parameters(rule, dtype):
    parameters = Parameters(*(np.ones((2, n), dtype=dtype) for n in (2, 1, 2, 1)))
    gradients = backward(
        parameters,
        parameters.W1,
        parameters.W1,
        forward(parameters, parameters.W1, ACTIVATIONS["tanh"], make_loss("sigmoid")),
        ACTIVATIONS["tanh"],
        make_loss("sigmoid"),
    )
    memory = start(rule, parameters)
    for t in (1, 2):
        parameters, memory = update(rule, parameters, gradients, memory, 0.1, t, decay=0.01)
    assert {w.dtype for w in (*parameters, *(a for arrays in memory for a in arrays))} == {np.dtype(dtype)}
