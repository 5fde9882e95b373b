"""L-BFGS: its optimum is SciPy's, each network has its own line search, and what stops it."""

import numpy as np
import pytest
from scipy.optimize import minimize

from problems import OUTPUTS, logits_of, population, rows
from shoal.engine.full_batch import PAIRS
from shoal.engine.kernels import lbfgs_module
from shoal.engine.sums import flat, unflat
from shoal.population import Population, take
from shoal.recipe import Recipe
from shoal.textbook import ACTIVATIONS, cost, forward, make_loss, penalty
from shoal.training.full_batch import FullBatch
from shoal.training.rows import in_memory
from shoal.training.solvers.solver import point_at, slope_of_block, value_and_gradient

M, N_X, N_Y = 40, 3, 2
LAM = 2.0
SCIPY = {"maxiter": 5000, "gtol": 1e-10, "ftol": 1e-15}


def run_of(out="squared_error", K=2, *, activation="tanh", widths=None, steps=300, tol=1e-8, lam=LAM, weight=None, **settings):
    networks = population(widths or (4,) * K, N_X, logits_of(out, N_Y))
    X, Y = rows(out, M, N_X, N_Y)
    recipe = Recipe(activation=activation, max_epochs=steps, tol=tol, lam=lam)
    return FullBatch(recipe, networks, make_loss(out), in_memory(X, Y, networks.K, weight), solver="lbfgs", **settings)


def objective_of(run, k):
    """The same cost of network k alone, by the textbook's lines, and its gradient, as SciPy asks for them."""
    o = run.objective
    one, here = take(o.population, [k]), np.array([k])

    def value(theta):
        return tuple(a[0] for a in value_and_gradient(o, theta[None], here))

    return value, flat(one.parameters)[0]


@pytest.mark.parametrize("out", ["squared_error", "sigmoid", "softmax", "poisson", "gaussian"])
def test_the_objective_is_the_textbooks_cost_with_its_penalty(out):
    run = run_of(out)
    o, theta = run.objective, flat(run.objective.population.parameters)
    found, gradient = value_and_gradient(o, theta, np.arange(2))
    g2 = make_loss(out)

    def textbook(rows_of_theta):
        p = unflat(rows_of_theta, o.population.parameters)
        return cost(forward(p, o.rows.X.T, ACTIVATIONS["tanh"], g2), o.rows.Y.T, g2) + penalty(p, LAM, M)

    np.testing.assert_allclose(found, textbook(theta), rtol=1e-13)
    direction = np.random.default_rng(0).standard_normal(theta.shape)
    slope = (textbook(theta + 1e-6 * direction) - textbook(theta - 1e-6 * direction)) / 2e-6
    np.testing.assert_allclose(np.sum(gradient * direction, axis=1), slope, rtol=1e-7)  # central differences


@pytest.mark.parametrize("out", ["squared_error", "sigmoid", "softmax"])
def test_it_ends_where_scipy_ends(out):
    run = run_of(out, activation="identity", lam=2.0)  # linear networks with a penalty: every minimum is the lowest
    list(run)
    assert run.settled.all()
    for k in range(2):
        value, start = objective_of(run, k)
        theirs = minimize(value, start, jac=True, method="L-BFGS-B", options=SCIPY)
        assert run.loss[k] == pytest.approx(theirs.fun, rel=1e-9)


@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize("out", OUTPUTS)
def test_what_blocks_of_rows_add_to_the_objective_adds_up(out, alike):
    weight = np.random.default_rng(0).uniform(0, 2, M if alike else (2, M))
    weight[..., 8:16] = 0.0  # a whole block of rows that no network sees
    o = run_of(out, widths=(4, 3), weight=weight).objective
    point = point_at(o, flat(o.population.parameters), np.arange(2))
    whole = slope_of_block(point, o.rows.X, o.rows.Y, o.rows.weights)
    blocks = [slope_of_block(point, o.rows.X[s], o.rows.Y[s], o.rows.weights[:, s]) for s in (slice(8), slice(8, 16), slice(16, M))]
    added = blocks[0] + blocks[1] + blocks[2]
    for name in ("value", "gradient"):  # the same sums in another order
        np.testing.assert_allclose(getattr(added, name), getattr(whole, name), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
@pytest.mark.parametrize("out", ["squared_error", "softmax"])
def test_where_it_ends_scipy_finds_nothing_lower(out, activation):
    run = run_of(out, activation=activation, steps=2000)
    list(run)
    assert run.settled.all()
    for k in range(2):
        value, _ = objective_of(run, k)
        theirs = minimize(value, run.now.at.theta[k], jac=True, method="L-BFGS-B", options=SCIPY)
        assert run.loss[k] - theirs.fun < 1e-8
        assert np.max(np.abs(value(run.now.at.theta[k])[1])) < 1e-4  # where no step lowers J by 1e-12 any more


def test_the_loss_never_rises_and_an_event_comes_with_every_iteration():
    run = run_of(activation="relu", steps=80)
    losses = np.array([e.loss for e in run])
    assert np.nanmax(np.diff(losses, axis=0)) <= 0
    np.testing.assert_array_equal(losses[-1], run.loss)
    assert run.rows == len(losses) * M


def test_a_network_of_a_group_walks_as_it_walks_alone():
    together = run_of(K=3, widths=(4, 2, 3), steps=40)
    list(together)
    for k in range(3):
        alone = run_of(K=3, widths=(4, 2, 3), steps=40)
        alone.active[:] = False
        alone.active[k] = True
        list(alone)
        np.testing.assert_allclose(alone.loss[k], together.loss[k], rtol=1e-9)
        assert alone.epochs[k] == together.epochs[k]


def test_it_takes_no_more_evaluations_than_it_may():
    run = run_of(max_fun=15, tol=0.0)
    list(run)
    assert run.now.at.evaluations.max() <= 15
    assert not run.settled.any()
    assert not run.active.any()


def test_a_run_that_goes_on_is_one_long_run():
    first, second, whole = run_of(steps=12), run_of(steps=18), run_of(steps=30)
    list(first)
    left = first.result().population
    second = FullBatch(second.recipe, left, second.g2, second.objective.rows, solver="lbfgs")
    second.resume(first.carry(), first.rows)
    list(second)
    list(whole)
    np.testing.assert_allclose(second.loss, whole.loss, rtol=1e-10)
    assert second.rows == whole.rows
    forgetful = FullBatch(second.recipe, left, second.g2, second.objective.rows, solver="lbfgs")
    list(forgetful)
    assert np.abs(forgetful.loss / whole.loss - 1).max() > 1e-6  # the memory matters


def test_the_memory_holds_the_last_steps_alone():
    run = run_of(steps=PAIRS + 5, tol=0.0)
    list(run)
    assert len(run.now.at.steps) == PAIRS
    assert (run.now.at.rho > 0).all()


def test_a_constant_objective_settles_at_once():
    networks = population((3,), N_X, 1)
    X, Y = np.zeros((5, N_X)), np.zeros((5, 1))
    dead = Population(type(networks.parameters)(*(0 * w for w in networks.parameters)), networks.widths, networks.inputs)
    run = FullBatch(Recipe(max_epochs=10), dead, make_loss("squared_error"), in_memory(X, Y, dead.K), solver="lbfgs")
    events = list(run)
    assert len(events) == 1
    assert run.settled.all()
    assert not np.any([w.any() for w in run.result().population.parameters])


def test_trials_double_while_unbounded_and_stay_inside_a_bracket():
    next_trial, one = lbfgs_module().next_trial.py_func, np.float64(1)  # the compiled function's own lines
    assert next_trial(0 * one, np.inf, one, -one, -one, True) == 2.0
    # f(t) = t² − t rises above its tangent from t = 1 on; the parabola through f(0), f′(0) = −1 and f(1) = 0 is least at ½
    assert next_trial(0 * one, one, one, 0 * one, -one, False) == 0.5
    assert next_trial(0 * one, one, one, np.nan, -one, False) == 0.5  # not a number: the middle
