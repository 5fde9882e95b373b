"""Sums over rows: JᵀJ and Jᵀr against numerical derivatives, blocks and weights that add up, memory that does not grow."""

import tracemalloc

import numpy as np
import pytest

from problems import OUTPUTS, logits_of, population, rows
from shoal.engine import sums as engine
from shoal.engine.layout import split
from shoal.engine.predict import logits
from shoal.engine.sums import curvature, flat, losses, sums, unflat
from shoal.population import Population
from shoal.textbook import make_loss
from shoal.textbook.losses import LOSSES

M, N_X, N_Y = 40, 3, 2
STEP = 1e-6
CENTRAL = 1e-7  # central differences of numbers near 1 with a step of 1e-6, times entries up to 50
SAME = 1e-12  # the same sums in another order
BENT = tuple(name for name, g2 in LOSSES.items() if g2.root is not None)
float64 = np.dtype(np.float64)


def problem(out, widths=(4, 3), inputs=None, skip=False):
    """A population with one padded network, its rows, and weights of which some are 0."""
    networks = population(widths, N_X, logits_of(out, N_Y), inputs=inputs, skip=skip)
    X, Y = rows(out, M, N_X, N_Y)
    weights = np.random.default_rng(3).uniform(0, 2, (len(widths), M))
    weights[:, ::7] = 0.0
    return networks, X, Y, make_loss(out), weights


def logits_at(networks, theta, X, activation):
    parameters = unflat(theta, networks.parameters)
    return logits(Population(parameters, networks.widths, networks.inputs), X, activation)


def numerical_jacobian(networks, theta, X, activation):
    """∂Z2/∂θ by central differences, `(K, n_z, m, p)`."""
    columns = []
    for i in range(theta.shape[1]):
        step = np.zeros_like(theta)
        step[:, i] = STEP
        columns.append((logits_at(networks, theta + step, X, activation) - logits_at(networks, theta - step, X, activation)) / (2 * STEP))
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("out", BENT)
@pytest.mark.parametrize("activation", ["tanh", "logistic", "softplus"])
def test_the_gauss_newton_sums_are_those_of_a_numerical_jacobian(out, activation, skip):
    networks, X, Y, g2, weights = problem(out, skip=skip)
    (block,) = split(networks, float64)
    found = curvature(block, X, Y, activation, g2, weights)
    theta = flat(networks.parameters)
    J, Z2 = numerical_jacobian(networks, theta, X, activation), logits_at(networks, theta, X, activation)
    RJ = np.einsum("kojm,kjmp->komp", g2.root(Z2, Y.T), J)
    np.testing.assert_allclose(found.JTJ, np.einsum("komp,komq,km->kpq", RJ, RJ, weights), atol=CENTRAL)
    np.testing.assert_allclose(found.gradient, np.einsum("kom,komp,km->kp", g2.dZ2(Z2, Y.T), J, weights), atol=CENTRAL)
    np.testing.assert_allclose(found.loss, np.sum(weights * g2.loss(Z2, Y.T), axis=1), rtol=SAME)
    np.testing.assert_allclose(found.weight, weights.sum(axis=1), rtol=SAME)


@pytest.mark.parametrize("out", [o for o in BENT if o != "gaussian"])
def test_a_root_squared_is_the_derivative_of_the_error_by_the_logits(out):
    _, _, Y, g2, _ = problem(out)
    Z2 = np.random.default_rng(0).standard_normal((N_Y, M))
    R = g2.root(Z2, Y.T)
    H = np.einsum("ojm,olm->jlm", R, R)
    for j in range(N_Y):
        step = np.zeros((N_Y, 1))
        step[j] = STEP
        slope = (g2.dZ2(Z2 + step, Y.T) - g2.dZ2(Z2 - step, Y.T)) / (2 * STEP)
        np.testing.assert_allclose(H[:, j], slope, atol=1e-8)


def test_the_gaussian_root_squared_is_the_mean_of_its_bend_over_targets_drawn_from_it():
    g2, Z2 = make_loss("gaussian"), np.array([[0.3], [0.7]])
    y = 0.3 + np.exp(0.35) * np.random.default_rng(0).standard_normal((1, 400_000))
    up, down = (g2.dZ2(Z2 + np.array([[0], [d]]), y) for d in (STEP, -STEP))
    R = g2.root(Z2, y[:, :1])
    assert np.mean((up - down)[1] / (2 * STEP)) == pytest.approx(R[1, 1, 0] ** 2, abs=0.01)  # 400,000 draws: sd 0.002
    assert R[0, 0, 0] ** 2 == pytest.approx(np.exp(-0.7))


@pytest.mark.parametrize("out", OUTPUTS)
def test_straight_losses_have_no_curvature_and_say_so(out):
    assert (make_loss(out).root is not None) == (out not in ("absolute_error", "quantile", "huber"))


def test_padding_and_unseen_inputs_have_no_curvature_at_all():
    seen = np.array([[True, True, False], [True, True, False]])
    networks, X, Y, g2, weights = problem("squared_error", (4, 2), seen)
    (block,) = split(networks, float64)
    assert block.parameters.W1.shape == (2, 4, 2)  # the third input is not even multiplied
    found = curvature(block, X, Y, "tanh", g2, weights)
    padded = np.flatnonzero(flat(type(block.parameters)(*(np.abs(w) > 0 for w in block.parameters)))[1] == 0)
    assert len(padded) == 2 * (2 + 1 + N_Y)  # two units, each with its inputs, its bias and its outputs
    assert not found.JTJ[1][padded].any()
    assert not found.gradient[1][padded].any()


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("out", BENT)
def test_blocks_of_rows_and_networks_add_up(out, skip, monkeypatch):
    networks, X, Y, g2, weights = problem(out, skip=skip)
    (block,) = split(networks, float64)
    whole, gradient = curvature(block, X, Y, "tanh", g2, weights), sums(networks, X, Y, "tanh", g2, weights)
    first, second = (curvature(block, X[s], Y[s], "tanh", g2, weights[:, s]) for s in (slice(0, 15), slice(15, M)))
    for name in ("weight", "loss", "gradient", "JTJ"):
        np.testing.assert_allclose(getattr(first + second, name), getattr(whole, name), rtol=SAME, atol=SAME)
    for name, small in (("LEAST_ROWS", 3), ("HIDDEN_NUMBERS", 1), ("JACOBIAN_NUMBERS", 1)):
        monkeypatch.setattr(engine, name, small)
    cut = curvature(block, X, Y, "tanh", g2, weights)
    np.testing.assert_allclose(cut.JTJ, whole.JTJ, rtol=SAME, atol=SAME)
    np.testing.assert_allclose(losses(block, X, Y, "tanh", g2, weights), whole.loss, rtol=SAME)
    np.testing.assert_allclose(flat(sums(networks, X, Y, "tanh", g2, weights).gradient), flat(gradient.gradient), rtol=SAME, atol=SAME)


def test_a_weight_of_two_is_the_row_twice_and_no_weight_is_no_row():
    networks, X, Y, g2, _ = problem("softmax")
    (block,) = split(networks, float64)
    weight = np.random.default_rng(0).integers(0, 3, M)
    weighted = curvature(block, X, Y, "tanh", g2, np.tile(weight.astype(float), (2, 1)))
    again = np.repeat(np.arange(M), weight)
    repeated = curvature(block, X[again], Y[again], "tanh", g2, np.ones((2, len(again))))
    for name in ("weight", "loss", "gradient", "JTJ"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=SAME, atol=SAME)
    nothing = curvature(block, X, Y, "tanh", g2, np.zeros((2, M)))
    assert not nothing.JTJ.any()
    assert not nothing.gradient.any()


def test_memory_does_not_grow_with_the_rows():
    networks = population((16,), 10, 1)
    (block,) = split(networks, float64)
    X, Y = rows("squared_error", 40_000, 10, 1)
    whole_jacobian = 40_000 * (16 * 12 + 1) * 8  # 62 MB
    weights = np.ones((1, len(Y)))
    tracemalloc.start()
    curvature(block, X, Y, "tanh", make_loss("squared_error"), weights)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < whole_jacobian / 3


def test_parameters_in_one_row_come_back_in_their_shapes():
    networks = population((4, 3), N_X, N_Y).parameters
    for there, back in zip(networks, unflat(flat(networks), networks), strict=True):
        np.testing.assert_array_equal(there, back)
