"""(E2) Signs of weights in the engine are the textbook's: an update, then `monotone.project`; in every layout of the weights."""

from dataclasses import replace

import numpy as np
import pytest

from problems import population, rows
from shoal.engine import layout
from shoal.engine.lists import lists_of
from shoal.engine.minibatch import advance, begin, current, leave
from shoal.population import Population, member, take
from shoal.recipe import Recipe
from shoal.textbook import ACTIVATIONS, Adam, GradientDescent, Momentum, Nesterov, RMSprop, backward, cost, forward, make_loss, update
from shoal.textbook.monotone import oriented, project, proven_signs, weight_signs
from shoal.textbook.optimizers import start
from shoal.training.full_batch import FullBatch
from shoal.training.rows import in_memory

FLOAT64 = 1e-11  # sums of some dozens of products of size 1 in another order, over six updates
M, STEPS, RATE = 24, 6, 0.05
RULES = [GradientDescent(), Momentum(0.8), Nesterov(0.8), RMSprop(0.9, 1e-8), Adam(0.9, 0.99, 1e-8)]
C = np.array([1.0, -1.0, 0.0])


def networks_of(widths, n_x=3, c=C, skip=False, n_z=1):
    """Networks whose weights have the signs of the directions c."""
    drawn = population(widths, n_x, n_z, skip=skip)
    return replace(drawn, parameters=oriented(drawn.parameters, c))


def by_textbook(parameters, X, Y, rule, c):
    """Full-batch updates, each followed by the projection; the parameters and J before each."""
    g1, g2, signs = ACTIVATIONS["tanh"], make_loss("squared_error"), weight_signs(parameters, c)
    memory, costs = start(rule, parameters), []
    for t in range(1, STEPS + 1):
        cache = forward(parameters, X.T, g1, g2)
        costs.append(cost(cache, Y.T, g2))
        parameters, memory = update(rule, parameters, backward(parameters, X.T, Y.T, cache, g1, g2), memory, RATE, t)
        parameters = project(parameters, signs)
    return parameters, np.array(costs)


def by_engine(networks, X, Y, rule, c, *, listed=False, alive=None, **settings):
    """The same by the engine."""
    recipe = Recipe(activation="tanh", rule=rule, batch_size=M, directions=None if c is None else tuple(c), **settings)
    state = begin(networks, recipe, make_loss("squared_error"), np.full(networks.K, float(M)), np.float64, by_input=listed)
    if alive is not None:
        leave(state, alive)
    given = lists_of(X, np.float64) if listed else X
    costs = advance(state, given, Y, [np.arange(M)] * STEPS, np.full((STEPS, networks.K), RATE))
    return current(state), costs


def assert_near(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=FLOAT64, atol=FLOAT64)


LAYOUTS = {
    "a group": ((5, 5), 3, False),
    "a group of lists": ((5, 5), 3, True),
    "one network in slices": ((9,), 3, False),
    "one network in lists": ((9,), 3, True),
}


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("name", LAYOUTS)
def test_an_update_of_the_engine_is_the_textbook_s_and_a_projection(name, rule, skip, monkeypatch):
    if "slices" in name:
        monkeypatch.setattr(layout, "number_of_slices", lambda h, b, n: 2)
    widths, n_x, listed = LAYOUTS[name]
    c = np.resize(C, n_x)
    networks, (X, Y) = networks_of(widths, n_x, c, skip), rows("squared_error", M, n_x, 1)
    Y -= X @ c[:, None]  # so that updates meet the limits
    now, costs = by_engine(networks, X, Y, rule, c, listed=listed)
    for k in range(networks.K):
        expected, J = by_textbook(member(networks, k), X, Y, rule, c)
        assert any((w == 0).any() for w in (expected.W1, expected.W2))  # else no update has met a limit
        np.testing.assert_allclose(costs[:, k], J, rtol=FLOAT64)
        assert_near(member(now, k), expected)


def test_networks_that_leave_take_their_signs_with_them():
    networks, (X, Y) = networks_of((5, 5, 5)), rows("squared_error", M, 3, 1)
    alive = np.array([False, True, True])
    now, _ = by_engine(networks, X, Y, Adam(), C, alive=alive)
    some, _ = by_engine(take(networks, [1, 2]), X, Y, Adam(), C)
    assert_near(take(now, [1, 2]).parameters, some.parameters)


def test_members_that_do_not_see_an_input_have_no_sign_there():
    inputs = np.array([[True, True, True], [True, False, True]])
    networks = networks_of((5, 5))
    masked = Population(networks.parameters.map(np.copy), networks.widths, inputs)
    masked.parameters.W1[1][:, 1] = 0.0
    X, Y = rows("squared_error", M, 3, 1)
    now, _ = by_engine(masked, X, Y, Adam(), C)
    alone = by_textbook(replace(member(masked, 1), W1=member(masked, 1).W1[:, [0, 2]]), X[:, [0, 2]], Y, Adam(), C[[0, 2]])[0]
    np.testing.assert_allclose(member(now, 1).W1[:, [0, 2]], alone.W1, rtol=FLOAT64, atol=FLOAT64)


@pytest.mark.parametrize("listed", [False, True])
def test_directions_of_0_change_no_bit(listed):
    networks, (X, Y) = networks_of((5, 5), c=np.zeros(3)), rows("squared_error", M, 3, 1)
    (free, J), (none, J_none) = (
        by_engine(networks, X, Y, GradientDescent(), c, listed=listed, weight_average=0.9) for c in (np.zeros(3), None)
    )
    assert np.array_equal(J, J_none)
    assert all(np.array_equal(a, b) for a, b in zip(free.parameters, none.parameters, strict=True))


def test_the_average_of_weights_is_that_of_projected_weights():
    networks, (X, Y) = networks_of((5,)), rows("squared_error", M, 3, 1)
    Y -= X @ C[:, None]
    now, _ = by_engine(networks, X, Y, Adam(), C, weight_average=0.5)
    up, down = proven_signs(now.parameters)
    assert up[0, 0]
    assert down[0, 1]
    raw, _ = by_engine(networks, X, Y, Adam(), C)
    assert not np.allclose(raw.parameters.W1, now.parameters.W1)


def test_of_two_logits_only_the_mean_has_signs():
    signs = weight_signs(population((4,), 3, 2, skip=True).parameters, C)
    assert not signs.W2[:, 1].any()
    assert not signs.W3[:, 1].any()
    assert np.array_equal(signs.W3[0, 0], C)


@pytest.mark.parametrize("solver", ["lbfgs", "scg", "rprop"])
def test_solvers_over_all_rows_find_the_constrained_minimum(solver):
    """Of a linear model in W3 alone, whose constrained least squares SciPy solves: W2 of units that see nothing stays without effect."""
    from scipy.optimize import lsq_linear

    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 3))
    Y = (X @ [1.0, 0.5, 2.0] + 0.1 * rng.standard_normal(200))[:, None]
    drawn = networks_of((1,), skip=True)
    nothing = replace(drawn, parameters=drawn.parameters.map(np.zeros_like))
    nothing = replace(nothing, parameters=replace(nothing.parameters, W1=np.full((1, 1, 3), 1e-12), W3=np.zeros((1, 1, 3))))
    recipe = Recipe(activation="identity", lam=0.0, batch_size=200, max_epochs=400, tol=1e-9, directions=tuple(C))
    run = FullBatch(recipe, nothing, make_loss("squared_error"), in_memory(X, Y, 1, None), solver=solver)
    for _ in run:
        pass
    found = run.result().population.parameters
    slopes = (found.W3 + found.W2 @ found.W1)[0, 0]
    wanted = lsq_linear(np.column_stack([X, np.ones(200)]), Y[:, 0], ([0, -np.inf, -np.inf, -np.inf], [np.inf, 0, np.inf, np.inf])).x[:3]
    np.testing.assert_allclose(slopes, wanted, atol=2e-4)  # weights that must be 0 come near it as squares do
    assert (found.W3[0, 0] * C >= 0).all()
