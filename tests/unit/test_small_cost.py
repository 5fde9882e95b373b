"""The compiled cost and iterations of small networks are those of the general way, and of the textbook, for every kind of network."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from problems import OUTPUTS, logits_of, population, rows
from sampling import sampled
from shoal.engine import full_batch
from shoal.engine.sums import flat, unflat
from shoal.errors import LayoutError
from shoal.population import take
from shoal.recipe import Recipe
from shoal.textbook import ACTIVATIONS, cost, forward, make_loss, penalty
from shoal.textbook.propagation import Parameters
from shoal.training.full_batch import FullBatch
from shoal.training.rows import in_memory
from shoal.training.solvers import SOLVERS
from shoal.training.solvers.solver import value_and_gradient

N_X, N_Y = 9, 2  # 8 inputs at once, and one more
WIDTHS = (5, 3, 4)  # padded units
SEEN = np.array([[True] * N_X, [True] * 4 + [False] * 5, [False, True] * 4 + [True]])  # all, the first ones, some
GRID = list(product(OUTPUTS, (40, 128, 300), (False, True), ("none", "alike", "each")))


def run_of(out, m=40, *, skip=False, weights="none", solver="lbfgs", activation="tanh", steps=25, inputs=SEEN, widths=WIDTHS):
    networks = population(widths, N_X, logits_of(out, N_Y), inputs=inputs, skip=skip)
    X, Y = rows(out, m, N_X, N_Y)
    w = {"none": None, "alike": np.linspace(0, 2, m), "each": np.random.default_rng(1).uniform(0, 2, (len(widths), m))}[weights]
    recipe = Recipe(activation=activation, max_epochs=steps, tol=1e-9, lam=(np.arange(len(widths)) + 0.5))
    return FullBatch(recipe, networks, make_loss(out), in_memory(X, Y, networks.K, w), solver=solver)


def without_small(run):
    """The same training, whose cost is evaluated as that of large networks."""
    run.method.small = None
    return run


@pytest.mark.parametrize(("out", "m", "skip", "weights"), sampled([GRID[0], GRID[-1], ("softmax", 300, True, "each")], GRID))
def test_the_compiled_cost_is_the_general_one(out, m, skip, weights):
    run = run_of(out, m, skip=skip, weights=weights)
    theta = flat(run.objective.population.parameters)
    for members in (np.arange(3), np.array([2, 0]), np.array([1])):
        found = run.method.cost(theta[members], members)
        wanted = value_and_gradient(run.objective, theta[members], members)
        for ours, theirs in zip(found, wanted, strict=True):  # the same sums, of one network at a time: only rounding differs
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_compiled_cost_is_the_textbooks(activation):
    run = run_of("softmax", activation=activation)
    p, g2, rows_ = run.objective.population.parameters, make_loss("softmax"), run.objective.rows
    found, _ = run.method.cost(flat(p), np.arange(3))
    for k, width in enumerate(WIDTHS):  # a network without its padding
        one = Parameters(*(w[k] for w in (p.W1[:, :width], p.b1[:, :width], p.W2[:, :, :width], p.b2)))
        wanted = cost(forward(one, rows_.X.T, ACTIVATIONS[activation], g2), rows_.Y.T, g2) + penalty(one, k + 0.5, rows_.m)
        np.testing.assert_allclose(found[k], wanted, rtol=1e-12)


@pytest.mark.parametrize("solver", ["lbfgs", "scg", "rprop"])
def test_trainings_take_the_same_steps_either_way(solver):
    small, general = (list(run) for run in (run_of("sigmoid", solver=solver), without_small(run_of("sigmoid", solver=solver))))
    assert len(small) == len(general) == 25
    for a, b in zip(small, general, strict=True):  # rounding grows with the steps, some tenfold in ten
        np.testing.assert_allclose(a.loss, b.loss, rtol=1e-9)
        np.testing.assert_array_equal(a.active, b.active)


def test_a_network_takes_the_same_steps_alone_and_beside_others_to_the_last_bit():
    together = run_of("softmax", steps=15)
    list(together)
    for k in range(3):
        alone = run_of("softmax", steps=15)
        alone.active[:] = np.arange(3) == k
        list(alone)
        assert alone.loss[k] == together.loss[k]
        np.testing.assert_array_equal(alone.now.at.theta[k], together.now.at.theta[k])


@pytest.mark.parametrize("active", [(True, True, True), (True, False, True)])  # the second is the only one that sees what it sees
@pytest.mark.parametrize("solver", ["lbfgs", "scg"])
def test_the_threads_change_no_bit(solver, active, monkeypatch):
    one = run_of("softmax", steps=8, solver=solver)
    one.active[:] = active
    list(one)
    monkeypatch.setattr(full_batch, "WORTH_A_THREAD", 0)
    monkeypatch.setattr(full_batch, "cores", lambda: 3)
    several = run_of("softmax", steps=8, solver=solver)
    several.active[:] = active
    list(several)
    np.testing.assert_array_equal(one.now.at.theta, several.now.at.theta)
    np.testing.assert_array_equal(one.loss, several.loss)


def test_networks_with_much_work_take_the_general_way(monkeypatch):
    assert run_of("sigmoid").method.small is not None
    monkeypatch.setattr(full_batch, "MOST_WORK", 0)
    assert run_of("sigmoid").method.small is None


@pytest.mark.parametrize("solver", ["lbfgs", "scg", "rprop"])
def test_weights_that_must_have_a_sign_take_the_general_way(solver):
    o = run_of("sigmoid", solver=solver).objective
    signed = replace(o, signs=np.ones_like(flat(o.population.parameters)))
    assert SOLVERS[solver](signed, 1e-9, 100).small is None  # whose coordinates are no weights


def test_arrays_that_do_not_fit_are_refused_before_anything_is_written():
    run = run_of("sigmoid")
    blocks, members, theta = run.method.small, np.arange(3), flat(run.objective.population.parameters)
    with pytest.raises(LayoutError, match="W1, b1, W2 and b2"):
        full_batch.costs(blocks, members, theta[:, :-1].copy())
    with pytest.raises(LayoutError, match="own numbers"):
        full_batch.costs(blocks[:1], np.array([0, 3, 1]), theta)
    state = run.method.begin()
    short = type(state)(*(getattr(state, name) for name in ("theta", "value", "gradient", "steps", "rho", "scale")), np.zeros(2, np.int64))
    state.value[:] = 0.0
    with pytest.raises(LayoutError, match="moments"):
        run.method.step(short, np.ones(3, bool))


def test_a_network_that_sees_nothing_of_an_input_keeps_its_weights_at_0():
    run = run_of("squared_error")
    list(run)
    W1 = unflat(run.now.at.theta, run.objective.population.parameters).W1
    assert not W1[~np.broadcast_to(SEEN[:, None], W1.shape)].any()
    assert take(run.result().population, [1]).parameters.W1[:, :, :4].any()
