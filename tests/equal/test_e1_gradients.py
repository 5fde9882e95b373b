"""(E1) The formulas are the derivatives of the cost, for every activation × output unit, one network and K, without and with skip
connections.

Two witnesses. The complex step takes the *plain* forms below, as the slides write them, unsafe and readable, and has no
rounding of its own: f(w + ih) = f(w) + ih f′(w) − …, so Im f / h is f′ to the last digits when h = 1e-30. Central
differences take the safe forms of `textbook/` themselves, also right beside a kink.
"""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from shoal.textbook import ACTIVATIONS, Parameters, backward, check_gradients, cost, forward, make_loss
from shoal.textbook.gradient_check import as_parameters
from shoal.textbook.losses import LOSSES

DELTA, Q = 0.7, 0.3  # Huber's threshold and the quantile, away from their symmetric defaults
N_X, N_H, N_Y, M, K = 3, 4, 2, 5, 3
EVERY_PAIR = list(product(ACTIVATIONS, LOSSES))
CASES = [  # the leading axis of the parameters, and the weights of the examples
    pytest.param((), "none", id="one"),
    pytest.param((), "shared", id="one-weighted"),
    pytest.param((K,), "none", id="K"),
    pytest.param((K,), "shared", id="K-weighted"),
    pytest.param((K,), "own", id="K-own-weights"),
]
SKIP = [False, True]  # without and with connections from the inputs to the outputs

COMPLEX_STEP = 1e-13  # some 500 roundings of 2.2e-16: sums of up to 5 examples × 4 units and the functions between them
CENTRAL_DIFFERENCE = 1e-7  # h²/6 of a third derivative plus rounding / h, at h = 1e-5: 1e-10 to 1e-8 (gradient_check.py)
BESIDE = 1e-3  # this near to a kink, and a hundred times the step, so that the difference does not reach across

# --- the plain forms: analytic on either side of a kink, chosen by the real part ------------------------------------

exp, log = np.exp, np.log


def positive(z):
    return z.real > 0


PLAIN_ACTIVATION = {
    "logistic": lambda z: 1 / (1 + exp(-z)),
    "tanh": lambda z: (exp(z) - exp(-z)) / (exp(z) + exp(-z)),
    "relu": lambda z: np.where(positive(z), z, 0),
    "leaky_relu": lambda z: np.where(positive(z), z, 0.01 * z),
    "identity": lambda z: z,
    "elu": lambda z: np.where(positive(z), z, exp(z) - 1),
    "softplus": lambda z: log(1 + exp(z)),
    "silu": lambda z: z / (1 + exp(-z)),
}


def plain_sigmoid(z, y):
    a = 1 / (1 + exp(-z))
    return -(y * log(a) + (1 - y) * log(1 - a))


def plain_softmax(z, y):
    return -y * log(exp(z) / np.sum(exp(z), axis=-2, keepdims=True))


def plain_huber(z, y):
    r = z - y
    size = np.where(positive(r), r, -r)
    return np.where(size.real <= DELTA, r * r / 2, DELTA * (size - DELTA / 2))


def plain_gaussian(z, y):
    mu, s = z[..., :N_Y, :], z[..., N_Y:, :]
    return (s + (y - mu) ** 2 * exp(-s) + np.log(2 * np.pi)) / 2


PLAIN_LOSS = {
    "sigmoid": plain_sigmoid,
    "softmax": plain_softmax,
    "squared_error": lambda z, y: (z - y) ** 2 / 2,
    "huber": plain_huber,
    "absolute_error": lambda z, y: np.where(positive(z - y), z - y, y - z),
    "quantile": lambda z, y: np.where(positive(z - y), (1 - Q) * (z - y), Q * (y - z)),
    "poisson": lambda z, y: exp(z) - y * z,
    "gaussian": plain_gaussian,
}


def plain_cost(parameters, X, Y, activation, name, weight):
    """J of slides 4 and 9 in one breath, from the plain forms; takes complex parameters."""
    W1, b1, W2, b2, *W3 = parameters
    A1 = PLAIN_ACTIVATION[activation](W1 @ X + b1)
    Z2 = W2 @ A1 + b2 + sum(W @ X for W in W3)
    L = np.sum(PLAIN_LOSS[name](Z2, Y), axis=-2)
    w = np.ones(M) if weight is None else weight.reshape(-1, M)  # (m,) or (K, 1, m) beside L, (m,) or (K, m)
    return np.sum(w * L, axis=-1) / np.sum(w, axis=-1)


# --- networks, data and weights -------------------------------------------------------------------------------------


def network(lead, name, seed=2, skip=False):
    """Random parameters and X, and a Y that the loss can have; `lead` is () or (K,).

    W2 is halved: at a logit of 8 the plain 1 − a has already lost three digits, which is why the safe forms exist.
    """
    rng = np.random.default_rng(seed)
    n_z = N_Y * make_loss(name).logits_per_target
    shapes = (N_H, N_X), (N_H, 1), (n_z, N_H), (n_z, 1)
    W1, b1, W2, b2 = (rng.standard_normal((*lead, *shape)) for shape in shapes)
    W3 = np.random.default_rng(seed + 1).standard_normal((*lead, n_z, N_X)) / 2 if skip else None
    parameters = Parameters(W1, b1, W2 / 2, b2 / 2, W3)
    X = rng.standard_normal((N_X, M))
    labels = rng.integers(0, N_Y, M)
    Y = {
        "sigmoid": rng.integers(0, 2, (N_Y, M)).astype(float),
        "softmax": np.eye(N_Y)[:, labels],
        "poisson": rng.poisson(2.0, (N_Y, M)).astype(float),
    }.get(name, rng.standard_normal((N_Y, M)))
    return parameters, X, Y


def weights(kind, lead):
    """No weights, one for each example `(m,)`, or for each network its own `(K, 1, m)`."""
    rng = np.random.default_rng(9)
    return {"none": None, "shared": rng.uniform(0.1, 3.0, M), "own": rng.uniform(0.1, 3.0, (*lead, 1, M))}[kind]


def kinks_of(activation, name):
    """Where g and the loss have no derivative: z in layer 1, residuals in layer 2. (ELU's second derivative jumps.)"""
    in_z = ACTIVATIONS[activation].kinks
    in_r = {"absolute_error": [0.0], "quantile": [0.0], "huber": [-DELTA, DELTA]}.get(name, [])
    return in_z, in_r


def distance_to_kinks(parameters, X, Y, g1, g2):
    cache = forward(parameters, X, g1, g2)
    in_z, in_r = kinks_of(g1.name, g2.name)
    distances = [np.min(np.abs(cache.Z1 - kink)) for kink in in_z] + [np.min(np.abs(cache.Z2 - Y - kink)) for kink in in_r]
    return min(distances, default=np.inf)


def complex_step(J, parameters, h=1e-30):
    """∂J/∂w = Im J(w + ih) / h for every single w; a leading axis K moves every network's own w at once."""
    arrays = [w.astype(complex) for w in parameters]
    slopes = [np.zeros(w.shape) for w in parameters]
    for w, slope in zip(arrays, slopes, strict=True):
        for i, j in np.ndindex(w.shape[-2:]):
            w[..., i, j] += 1j * h
            slope[..., i, j] = J(Parameters(*arrays)).imag / h
            w[..., i, j] -= 1j * h
    return Parameters(*slopes)


# --- the facts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skip", SKIP)
@pytest.mark.parametrize(("lead", "kind"), CASES)
@pytest.mark.parametrize(("activation", "name"), EVERY_PAIR)
def test_the_formulas_are_the_complex_step_derivatives_of_the_plain_cost(activation, name, lead, kind, skip):
    g1, g2, weight = ACTIVATIONS[activation], make_loss(name, delta=DELTA, q=Q), weights(kind, lead)
    parameters, X, Y = network(lead, name, skip=skip)
    assert distance_to_kinks(parameters, X, Y, g1, g2) > 1e-3

    cache = forward(parameters, X, g1, g2)
    J = cost(cache, Y, g2, weight)
    formulas = as_parameters(backward(parameters, X, Y, cache, g1, g2, weight))
    numerical = complex_step(lambda p: plain_cost(p, X, Y, activation, name, weight), parameters)

    np.testing.assert_allclose(J, plain_cost(parameters, X, Y, activation, name, weight), rtol=COMPLEX_STEP)
    scale = max(1.0, *(np.max(np.abs(n)) for n in numerical))
    for formula, slope, w in zip(formulas, numerical, parameters, strict=True):
        assert formula.shape == w.shape
        np.testing.assert_allclose(formula, slope, rtol=0, atol=COMPLEX_STEP * scale)


@pytest.mark.parametrize("skip", SKIP)
@pytest.mark.parametrize(("lead", "kind"), CASES[::4])
@pytest.mark.parametrize(("activation", "name"), EVERY_PAIR)
def test_the_formulas_are_the_central_differences_of_the_safe_cost(activation, name, lead, kind, skip):
    parameters, X, Y = network(lead, name, skip=skip)
    check = check_gradients(parameters, X, Y, ACTIVATIONS[activation], make_loss(name, delta=DELTA, q=Q), weights(kind, lead))
    assert check.largest_difference < CENTRAL_DIFFERENCE


@pytest.mark.parametrize("side", [-BESIDE, BESIDE], ids=["left", "right"])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu"])
@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_right_beside_the_kink_of_an_activation(activation, name, side):
    g1, g2 = ACTIVATIONS[activation], make_loss(name, delta=DELTA, q=Q)
    parameters, X, Y = network((), name)
    Z1 = parameters.W1 @ X + parameters.b1
    b1 = parameters.b1 - Z1[:, :1] + side  # every unit's first example now lies beside the kink
    parameters = replace(parameters, b1=b1)
    assert distance_to_kinks(parameters, X, Y, g1, g2) > BESIDE / 2
    np.testing.assert_allclose(forward(parameters, X, g1, g2).Z1[:, 0], side, rtol=1e-9)
    assert check_gradients(parameters, X, Y, g1, g2).largest_difference < CENTRAL_DIFFERENCE


@pytest.mark.parametrize("side", [-BESIDE, BESIDE], ids=["left", "right"])
@pytest.mark.parametrize("name", ["absolute_error", "quantile", "huber"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_gradient_is_right_beside_the_kink_of_a_loss(activation, name, side):
    g1, g2 = ACTIVATIONS[activation], make_loss(name, delta=DELTA, q=Q)
    parameters, X, Y = network((), name)
    Z2 = forward(parameters, X, g1, g2).Z2
    kinks = kinks_of(activation, name)[1]
    Y = Z2 - side - np.resize(kinks, Z2.shape)  # every residual now lies beside a kink
    assert check_gradients(parameters, X, Y, g1, g2).largest_difference < CENTRAL_DIFFERENCE


def test_at_the_kinks_the_slope_is_the_left_one_of_the_slides_and_zero_for_an_absolute_error():
    zero = np.zeros((1, 1))
    assert ACTIVATIONS["relu"].prime(zero) == 0.0
    assert ACTIVATIONS["leaky_relu"].prime(zero) == 0.01
    assert ACTIVATIONS["elu"].prime(zero) == 1.0  # both sides agree
    assert make_loss("absolute_error").dZ2(zero, zero) == 0.0
    assert make_loss("quantile", q=Q).dZ2(zero, zero) == 0.0
    assert make_loss("huber", delta=DELTA).dZ2(zero + DELTA, zero) == DELTA  # both sides agree
