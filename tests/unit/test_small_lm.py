"""Levenberg-Marquardt's compiled steps: the plain ones' numbers, and only where they are meant to be."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from problems import logits_of, population, rows
from shoal import ShoalClassifier, ShoalRegressor
from shoal.encoding import SparseRows, plain
from shoal.engine.sums import flat, n_parameters
from shoal.recipe import Recipe
from shoal.textbook import ACTIVATIONS, make_loss
from shoal.training.full_batch import FullBatch
from shoal.training.rows import in_memory
from shoal.training.solvers.levenberg_marquardt import FIRST_DAMPING, RULE, small_curvature, small_descent, small_rows

HOME = sys.modules[small_rows.__module__]  # the solver's function hides its module
M, N_X = 50, 3
SAME = 1e-10  # sums of 50 rows in another order, and exp and tanh of 3 ulp
WEIGHT = np.random.default_rng(1).uniform(0, 2, M)
WEIGHT[::7] = 0.0


def method_of(out, activation="tanh", *, weight=None, inputs=None, X=None, widths=(4, 4, 4), skip=False):
    table, Y = rows(out, M, N_X, 1)
    networks = population(widths, N_X, logits_of(out, 1), seed=3, inputs=inputs, skip=skip)
    held = in_memory(table if X is None else X, Y, networks.K, weight)
    recipe = Recipe(activation=activation, lam=(0.0, 0.5, 2.0)[: networks.K], max_epochs=40, tol=1e-9)
    return FullBatch(recipe, networks, make_loss(out), held, solver="lm").method


def plain_and_compiled(method, block, ridge, small):
    found, theta, total = method.sums(block), flat(block.parameters), method.objective.rows.total[block.members]
    return found, small_curvature(small, block.members, theta, total), theta


@pytest.mark.parametrize("weight", [None, WEIGHT, np.stack([WEIGHT, np.ones(M), WEIGHT[::-1]])], ids=["none", "shared", "own"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("out", ["squared_error", "sigmoid"])
def test_sums_and_steps_are_the_plain_ones(out, activation, weight, skip):
    inputs = np.array([[True, True, True], [True, False, True], [True, True, True]])
    method = method_of(out, activation, weight=weight, inputs=inputs, skip=skip)
    state = method.begin()
    for block, ridge, small in zip(method.blocks, state.ridge, method.small, strict=True):
        found, ours, theta = plain_and_compiled(method, block, ridge, small)
        for name in ("weight", "loss", "gradient", "JTJ"):
            theirs = getattr(found, name)
            np.testing.assert_allclose(getattr(ours, name), theirs, rtol=SAME, atol=SAME * np.abs(theirs).max(), err_msg=name)
        cost = found.loss + np.sum(ridge * theta**2, axis=1) / 2
        gradient, damping = found.gradient + ridge * theta, state.damping[block.members]
        new, after = small_descent(small, block.members, theta, replace(found, loss=cost, gradient=gradient), ridge, RULE, damping)
        plain = state.damping[block.members]
        expected, there = method.descend(block, theta, cost, gradient, found, ridge, plain)
        np.testing.assert_array_equal(damping, plain)
        assert np.all(np.any(new != theta, axis=1))
        np.testing.assert_allclose(new, expected, rtol=1e-8, atol=1e-8)  # through a linear system
        np.testing.assert_allclose(after, there, rtol=1e-9)


def test_where_no_step_goes_down_the_damping_gives_up_and_nothing_moves():
    method = method_of("squared_error")
    block, ridge, small = method.blocks[0], method.begin().ridge[0], method.small[0]
    found, _, theta = plain_and_compiled(method, block, ridge, small)
    for cost, JTJ in ((np.zeros(3), found.JTJ), (found.loss, np.full_like(found.JTJ, np.nan)), (np.full(3, np.nan), found.JTJ)):
        damping = np.full(3, FIRST_DAMPING)
        new, after = small_descent(small, block.members, theta, replace(found, loss=cost, JTJ=JTJ), ridge, RULE, damping)
        np.testing.assert_array_equal(new, theta)
        np.testing.assert_array_equal(after, cost)
        assert np.all(damping > RULE[2])


@pytest.mark.filterwarnings("ignore:max_iter")  # few steps on purpose
@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("model", [ShoalRegressor, ShoalClassifier])
@pytest.mark.parametrize("solver", ["lm", "bayes"])
def test_whole_fits_are_the_plain_ones(model, solver, skip, monkeypatch):
    X, Y = rows("squared_error", 60, N_X, 1)
    y = Y[:, 0] if model is ShoalRegressor else (Y[:, 0] > 0).astype(int)
    fit = {"solver": solver, "hidden_layer_sizes": 3, "n_networks": 2, "random_state": 0, "early_stopping": False, "max_iter": 15}
    fit["skip"] = skip
    ours = model(**fit, activation="tanh").fit(X, y)
    monkeypatch.setattr(HOME, "MOST_WORK", 0)
    theirs = model(**fit, activation="tanh").fit(X, y)
    assert ours.n_iter_ == theirs.n_iter_
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)  # rounding grows from step to step
    np.testing.assert_allclose(ours._predicted(X), theirs._predicted(X), rtol=1e-4, atol=1e-5)


def test_only_small_networks_of_one_logit_over_rows_in_memory_are_stepped_so(monkeypatch):
    assert method_of("sigmoid").small[0] is not None
    assert method_of("softmax", widths=(4,)).small == [None]
    assert method_of("poisson", widths=(4,)).small == [None]  # bends by a, which the compiled sums do not know
    assert method_of("squared_error", widths=(4, 2)).small == [None]  # padded
    assert method_of("squared_error", widths=(40,)).small == [None]  # 201 parameters
    sparse_rows = SparseRows(sparse.csr_array(rows("squared_error", M, N_X, 1)[0]), plain(N_X), np.dtype(np.float64))
    assert method_of("squared_error", X=sparse_rows).small == [None]
    method = method_of("squared_error", widths=(4,))
    work = n_parameters(method.blocks[0].parameters) ** 2 * M
    monkeypatch.setattr(HOME, "MOST_WORK", work)
    assert small_rows(method.objective, method.blocks[0]) is not None
    monkeypatch.setattr(HOME, "MOST_WORK", work - 1)
    assert small_rows(method.objective, method.blocks[0]) is None


def test_rows_that_lie_elsewhere_are_summed_where_they_lie():
    method = method_of("squared_error", widths=(4,))
    o = method.objective
    other = type("Other", (), {name: getattr(o.rows, name) for name in ("X", "Y", "weights", "total", "m")})()
    assert small_rows(type(o)(o.population, other, o.activation, o.g2, o.lam), method.blocks[0]) is None
