"""Scaled conjugate gradients and resilient backpropagation: each walks as its paper says, and ends where nothing lower is near."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize

from problems import logits_of, population, rows
from sampling import sampled
from shoal.engine.full_batch import GROW, LEAST, MOST, SHRINK
from shoal.engine.sums import flat
from shoal.recipe import Recipe
from shoal.textbook import make_loss
from shoal.training.full_batch import FullBatch
from shoal.training.rows import in_memory
from shoal.training.solvers.rprop import FIRST
from shoal.training.solvers.solver import value_and_gradient

M, N_X, N_Y, LAM = 40, 3, 2, 2.0
SOLVERS = ["scg", "rprop"]


def run_of(solver, out="squared_error", *, widths=(4, 3), activation="tanh", steps=300, tol=1e-8, scale=1.0):
    networks = population(widths, N_X, logits_of(out, N_Y))
    X, Y = rows(out, M, N_X, N_Y)
    recipe = Recipe(activation=activation, max_epochs=steps, tol=tol, lam=LAM)
    return FullBatch(recipe, networks, make_loss(out), in_memory(X * scale, Y, networks.K), solver=solver)


ENDS = product([("scg", 1e-9), ("rprop", 1e-6)], ["squared_error", "sigmoid", "softmax"])  # rprop creeps in the end


@pytest.mark.parametrize(("how", "out"), sampled([(("scg", 1e-9), "softmax"), (("rprop", 1e-6), "squared_error")], ENDS))
def test_it_ends_where_scipy_ends(how, out):
    solver, tolerance = how
    run = run_of(solver, out, activation="identity", steps=3000)  # linear networks with a penalty: every minimum is the lowest
    list(run)
    for k in range(2):
        here = np.array([k])
        theirs = minimize(
            lambda theta, here=here: tuple(a[0] for a in value_and_gradient(run.objective, theta[None], here)),
            flat(run.objective.population.parameters)[k],
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 5000, "gtol": 1e-10, "ftol": 1e-15},
        )
        assert run.loss[k] == pytest.approx(theirs.fun, rel=tolerance)


def rprop_by_its_paper(run, k, steps):
    """Igel & Hüsken's iRprop⁺, weight by weight; J after every step."""
    theta = flat(run.objective.population.parameters)[k].copy()
    size, move, last = np.full(theta.size, FIRST), np.zeros(theta.size), np.zeros(theta.size)
    before, found = np.inf, []
    for _ in range(steps):
        value, gradient = (a[0] for a in value_and_gradient(run.objective, theta[None], np.array([k])))
        for i, g in enumerate(gradient):
            if g * last[i] > 0:
                size[i] = min(size[i] * GROW, MOST)
                move[i], last[i] = -np.sign(g) * size[i], g
            elif g * last[i] < 0:
                size[i] = max(size[i] * SHRINK, LEAST)
                move[i], last[i] = (-move[i] if value > before else 0.0), 0.0
            else:
                move[i], last[i] = -np.sign(g) * size[i], g
        before, theta = value, theta + move
        found.append(value_and_gradient(run.objective, theta[None], np.array([k]))[0][0])
    return found


def test_rprop_takes_the_papers_steps():
    run = run_of("rprop", steps=150)
    losses = np.array([event.loss for event in run])
    for k in range(2):
        np.testing.assert_allclose(losses[:, k], rprop_by_its_paper(run, k, 150), rtol=1e-9)  # the same sums, carried on
    assert (np.diff(losses, axis=0) > 0).any()  # so that a step was taken back


def test_scg_goes_down_alone_and_in_few_steps():
    run = run_of("scg", steps=500)
    losses = np.array([event.loss for event in run])
    assert np.nanmax(np.diff(losses, axis=0)) <= 0
    assert run.settled.all()
    assert run.epochs.max() < 200  # steepest descent is still 1e-3 above it after 2,000


def test_scg_solves_a_quadratic_in_as_many_steps_as_it_has_directions():
    run = run_of("scg", activation="identity", widths=(1,), steps=60, tol=1e-6)
    p = run.objective.population.parameters
    for w in (p.W1, p.b1, p.W2):  # where they are 0, so are their derivatives: only the output biases are left to learn
        w[...] = 0.0
    run.now.at = replace(run.now.at, theta=flat(p))
    list(run)
    assert run.epochs.max() <= 3  # two biases, a quadratic with equal curvatures, and one look that it is flat


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_network_of_a_group_walks_as_it_walks_alone(solver):
    together = run_of(solver, widths=(4, 2, 3), steps=40)
    list(together)
    for k in range(3):
        alone = run_of(solver, widths=(4, 2, 3), steps=40)
        alone.active[:] = False
        alone.active[k] = True
        list(alone)
        np.testing.assert_allclose(alone.loss[k], together.loss[k], rtol=1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
def test_rows_that_drive_a_step_too_far_leave_finite_networks(solver):
    run = run_of(solver, "poisson", activation="relu", scale=20.0, steps=80)
    first = run.one_step(1, 0.0).loss
    list(run)
    assert np.isfinite(run.loss).all()
    assert (run.loss <= first).all()
    assert all(np.isfinite(w).all() for w in run.result().population.parameters)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_network_whose_first_cost_is_infinite_is_named_and_stays(solver):
    run = run_of(solver, steps=5)
    run.now.at.theta[0] *= 1e200  # whose square is no number any more
    with np.errstate(over="ignore", invalid="ignore"):
        list(run)
    np.testing.assert_array_equal(run.diverged, [1, 0])
    assert np.isfinite(run.loss[1])


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_network_that_has_arrived_stands_still(solver):
    run = run_of(solver, activation="identity", steps=3000, tol=1e-4)
    list(run)
    assert run.settled.all()
    assert np.abs(run.now.at.gradient).max() <= 1e-4


def test_where_the_cost_has_risen_rprop_gives_the_best_weights_it_had():
    run = run_of("rprop", steps=1, scale=30.0)  # a first step of 0.1 on every weight of such rows goes too far
    begun = value_and_gradient(run.objective, flat(run.objective.population.parameters), np.arange(2))[0]
    losses = [begun] + [event.loss for event in run_of("rprop", steps=12, scale=30.0)]
    assert (np.diff(losses, axis=0) > 0).any()
    run = run_of("rprop", steps=12, scale=30.0)
    list(run)
    left = value_and_gradient(run.objective, flat(run.result().population.parameters), np.arange(2))[0]
    np.testing.assert_allclose(left, np.min(losses[1:], axis=0), rtol=1e-12)


def test_a_network_that_has_lost_its_way_begins_again_with_steps_that_count():
    run = run_of("scg", steps=400)
    run.one_step(1, 0.0)
    run.now.at.scale[:] = 1e15  # as after thirty trials
    small, run.method.small = run.method.small, None
    run.method.cost = lambda theta, members: (np.full(len(theta), np.inf), np.full_like(theta, np.nan))  # so that all of them fail
    before = run.one_step(2, 0.0).loss
    del run.method.cost
    run.method.small = small
    for epoch in range(3, 40):
        run.one_step(epoch, 0.0)
    assert run.epochs.min() > 30
    assert (run.loss < 0.9 * before).all()
