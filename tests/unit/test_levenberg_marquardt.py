"""Levenberg-Marquardt: its steps against a dense reference, its damping, and data that would break a lesser one."""

import numpy as np
import pytest

from problems import logits_of, population, rows
from shoal.engine.layout import split
from shoal.engine.predict import logits
from shoal.engine.sums import flat, unflat
from shoal.population import Population, stack
from shoal.recipe import Recipe
from shoal.textbook import Parameters, make_loss
from shoal.textbook.initialization import unit_variance
from shoal.training.full_batch import FullBatch
from shoal.training.rows import Validation, in_memory
from shoal.training.solvers.levenberg_marquardt import FACTOR, FIRST_DAMPING, solve
from shoal.training.solvers.solver import penalised

M, N_X, N_Y = 60, 3, 2
LAM = 0.5
BENT = ["squared_error", "sigmoid", "softmax", "poisson", "gaussian"]


def run_of(
    out="squared_error",
    *,
    widths=(4, 3),
    activation="tanh",
    steps=50,
    lam=LAM,
    inputs=None,
    seed=0,
    data=None,
    tol=1e-9,
    weight=None,
    **settings,
):
    X, Y = rows(out, M, N_X, N_Y) if data is None else data
    networks = population(widths, X.shape[1], logits_of(out, Y.shape[1]), seed=seed, inputs=inputs)
    return FullBatch(
        Recipe(activation=activation, max_epochs=steps, tol=tol, lam=lam),
        networks,
        make_loss(out),
        in_memory(X, Y, networks.K, weight),
        solver="lm",
        **settings,
    )


def dense_step(run, theta, k, mu, weights):
    """θ after one step of network k with damping μ, from the whole Jacobian by central differences and `numpy.linalg.solve`."""
    o = run.objective

    def Z2(t):
        return logits(Population(unflat(t, o.population.parameters), o.population.widths, o.population.inputs), o.rows.X, o.activation)[k]

    columns = []
    for i in range(theta.shape[1]):
        step = np.zeros_like(theta)
        step[:, i] = 1e-6
        columns.append((Z2(theta + step) - Z2(theta - step)) / 2e-6)
    J = np.stack(columns, axis=-1)  # (n_z, m, p)
    z = Z2(theta)
    RJ = np.einsum("ojm,jmp->omp", o.g2.root(z, o.rows.Y.T), J)
    ridge = LAM * penalised(o.population.parameters)
    A = np.einsum("omp,omq,m->pq", RJ, RJ, weights) + np.diag(ridge + mu * weights.sum())
    gradient = np.einsum("om,omp,m->p", o.g2.dZ2(z, o.rows.Y.T), J, weights) + ridge * theta[k]
    return theta[k] - np.linalg.solve(A, gradient)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("out", BENT)
def test_a_step_is_the_dense_references(out, weighted):
    weight = np.random.default_rng(5).uniform(0.2, 2, (2, M)) if weighted else np.ones((2, M))
    run = run_of(out, weight=weight)
    theta = flat(run.objective.population.parameters)
    tried = 0
    run.now.at, _ = run.method.step(run.now.at, np.ones(2, bool))
    for k in range(2):
        taken_back = round(np.log(run.now.at.damping[k] * FACTOR / FIRST_DAMPING) / np.log(FACTOR))
        expected = dense_step(run, theta, k, FIRST_DAMPING * FACTOR**taken_back, weight[k])
        np.testing.assert_allclose(flat(run.population.parameters)[k], expected, atol=1e-6)  # central differences
        tried += 1
    assert tried == 2


def test_the_cost_never_rises_and_every_network_has_its_own_damping():
    run = run_of("squared_error", widths=(6, 5, 4, 3, 2), steps=6)
    losses = np.array([e.loss for e in run])
    assert np.nanmax(np.diff(losses, axis=0)) <= 0
    assert len(set(run.now.at.damping.round(12))) > 1


@pytest.mark.parametrize("out", [o for o in BENT if o != "gaussian"])  # whose expected bend arrives slowly
def test_it_arrives_where_the_derivative_is_zero(out):
    run = run_of(out, steps=400)
    list(run)
    assert run.settled.all()
    for block in split(run.population, np.dtype(np.float64)):
        found, theta = run.method.sums(block), flat(block.parameters)
        gradient = (found.gradient + LAM * penalised(block.parameters) * theta) / M
        assert np.abs(gradient).max() < 1e-5


def test_a_network_of_a_group_walks_as_it_walks_alone():
    together = run_of(widths=(4, 2, 3), steps=15)
    list(together)
    for k in range(3):
        alone = run_of(widths=(4, 2, 3), steps=15)
        alone.active[:] = False
        alone.active[k] = True
        list(alone)
        np.testing.assert_allclose(alone.loss[k], together.loss[k], rtol=1e-9)


def test_networks_that_see_different_inputs_are_trained_side_by_side():
    seen = np.array([[True, True, True], [True, True, False]])
    run = run_of(widths=(4, 4), inputs=seen)
    list(run)
    W1 = run.result().population.parameters.W1
    assert not W1[1][:, 2].any()
    assert W1[0][:, 2].all()
    assert np.all(run.loss < 0.9 * np.mean(np.sum(run.objective.rows.Y**2, axis=1)) / 2)


def test_a_weight_of_two_is_the_row_twice():
    X, Y = rows("squared_error", M, N_X, N_Y)
    weight = np.random.default_rng(0).integers(0, 3, M)
    again = np.repeat(np.arange(M), weight)
    weighted, repeated = run_of(steps=12, weight=weight.astype(float)), run_of(steps=12, data=(X[again], Y[again]))
    list(weighted), list(repeated)
    np.testing.assert_allclose(weighted.loss, repeated.loss, rtol=1e-9)


# --- data that would break a lesser one -----------------------------------------------------------------------------


def hard(name):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 4))
    y = np.sin(X[:, :1])
    return {
        "constant columns": (np.column_stack([X[:, :2], np.ones((30, 2))]), y),
        "the same column twice": (X[:, [0, 0, 1, 1]], y),
        "one row": (X[:1], y[:1]),
        "more parameters than rows": (X[:5], y[:5]),
        "a perfect fit": (X, X @ np.array([[1.0], [0.5], [0.0], [0.0]])),
        "nothing to see": (np.zeros((30, 4)), y),
        "nothing to say": (X, np.zeros((30, 1))),
        "huge numbers": (X * 1e6, y),
    }[name]


@pytest.mark.parametrize("solver", ["lm", "bayes", "lbfgs"])
@pytest.mark.parametrize(
    "name",
    [
        "constant columns",
        "the same column twice",
        "one row",
        "more parameters than rows",
        "a perfect fit",
        "nothing to see",
        "nothing to say",
        "huge numbers",
    ],
)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_degenerate_rows_end_in_a_sensible_network(name, activation, solver):
    X, Y = hard(name)
    networks = stack([unit_variance(np.random.default_rng(k), 4, 5, 1, 4.0) for k in range(3)])
    recipe = Recipe(activation=activation, max_epochs=60, tol=1e-9, lam=0.0)
    run = FullBatch(recipe, networks, make_loss("squared_error"), in_memory(X, Y, networks.K), solver=solver)
    list(run)
    trained = run.result()
    Z2 = logits(trained.population, X, activation)
    assert np.isfinite(Z2).all()
    assert not trained.diverged.any()
    constant = np.mean((Y - (0.0 if solver == "bayes" else Y.mean())) ** 2)  # the prior draws the bias to 0 too
    assert np.all(np.mean((Z2[:, 0] - Y[:, 0]) ** 2, axis=1) <= constant + 1e-6)  # no worse than saying the mean
    if trained.evidence is not None:
        assert np.all((trained.evidence.gamma >= 0) & (trained.evidence.gamma <= trained.evidence.n_parameters))
        assert np.isfinite(trained.evidence.log_evidence).all()


def test_a_start_that_is_not_finite_is_left_at_once():
    networks = population((3, 3), N_X, N_Y)
    networks.parameters.W1[0] = np.inf
    X, Y = rows("squared_error", M, N_X, N_Y)
    with np.errstate(invalid="ignore"):
        run = FullBatch(
            Recipe(activation="tanh", max_epochs=5), networks, make_loss("squared_error"), in_memory(X * 0, Y, networks.K), solver="lm"
        )
        list(run)
    assert run.result().diverged.tolist() == [1, 0]
    assert np.isfinite(run.loss[1])


def test_a_matrix_that_rounding_made_singular_gives_no_step_to_its_network_alone():
    JTJ = np.array([[[1.0, 0.0], [0.0, 0.0]], [[2.0, 0.0], [0.0, 4.0]]])
    found = solve(JTJ, np.zeros((2, 2)), np.ones((2, 2)))
    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1], [-0.5, -0.25])


# --- held-out rows, and going on ------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["lm", "lbfgs", "bayes"])
def test_the_best_weights_on_validation_rows_are_kept(solver):
    rng = np.random.default_rng(0)
    X, X_val = rng.standard_normal((25, N_X)), rng.standard_normal((400, N_X))
    Y, Y_val = (np.sin(x[:, :1]) + 0.5 * rng.standard_normal((len(x), 1)) for x in (X, X_val))
    networks = population((8, 8), N_X, 1)
    recipe = Recipe(activation="tanh", max_epochs=60, tol=0.0, patience=8)
    run = FullBatch(
        recipe, networks, make_loss("squared_error"), in_memory(X, Y, networks.K), solver=solver, validation=Validation(X_val, Y_val)
    )
    judged = np.array([e.validation_loss for e in run])
    trained = run.result()
    there = np.mean((logits(trained.population, X_val, "tanh")[:, 0] - Y_val[:, 0]) ** 2, axis=1) / 2
    np.testing.assert_allclose(there, np.nanmin(judged, axis=0), rtol=1e-9)
    np.testing.assert_allclose(trained.best_validation_loss, there, rtol=1e-9)


def test_a_run_that_goes_on_is_one_long_run():
    first, whole = run_of(steps=6), run_of(steps=15)
    list(first)
    o = first.objective
    recipe = Recipe(activation="tanh", max_epochs=9, tol=1e-9, lam=LAM)
    second = FullBatch(recipe, first.result().population, first.g2, o.rows, solver="lm")
    second.resume(first.carry(), first.rows)
    list(second), list(whole)
    np.testing.assert_allclose(second.loss, whole.loss, rtol=1e-9)


def test_the_sine_of_matlabs_function_fitting_is_reached_from_every_start():
    x = np.linspace(-1, 1, 41)[:, None]
    X, Y = x / x.std(), np.sin(np.pi * x)
    networks = stack([unit_variance(np.random.default_rng(k), 1, 5, 1, 1.0) for k in range(30)])
    run = FullBatch(
        Recipe(activation="tanh", max_epochs=60, tol=1e-7), networks, make_loss("squared_error"), in_memory(X, Y, networks.K), solver="lm"
    )
    first = np.full(30, np.inf)
    for event in run:
        first[np.isinf(first) & (2 * event.loss < 0.002)] = event.epoch
    assert np.isfinite(first).all()
    assert np.median(first) <= 10


def test_parameters_of_other_shapes_do_not_disturb_the_callers():
    networks = population((3,), N_X, N_Y)
    before = [w.copy() for w in networks.parameters]
    X, Y = rows("squared_error", M, N_X, N_Y)
    list(FullBatch(Recipe(activation="tanh", max_epochs=3), networks, make_loss("squared_error"), in_memory(X, Y, networks.K), solver="lm"))
    for there, now in zip(Parameters(*before), networks.parameters, strict=True):
        np.testing.assert_array_equal(there, now)
