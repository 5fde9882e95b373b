"""E2 on a device: PyTorch on the processor computes what the textbook's loop and the compiled engine do, runs and masks and all.

No machine without an accelerator can test one, but the lines are the same there; `benchmarks/accelerator.py` runs on one.
"""

import copy

import numpy as np
import pytest

from problems import OUTPUTS, PER_NETWORK, logits_of, population, rows
from shoal.draws import dropout_key, kept
from shoal.engine.device import send
from shoal.engine.layout import split
from shoal.engine.minibatch import advance, begin, current, finite, leave, moments, remember
from shoal.engine.predict import logits
from shoal.engine.sums import curvature, judge, losses, sums
from shoal.population import member, stack
from shoal.recipe import Recipe
from shoal.textbook import ACTIVATIONS, Adam, GradientDescent, Momentum, Nesterov, RMSprop, backward, cost, forward, make_loss, update
from shoal.textbook.optimizers import start
from shoal.training.minibatch import Run
from shoal.training.rows import Validation

torch = pytest.importorskip("torch")
from shoal.engine.torch import minibatch as on_device  # noqa: E402 - plain, so that a module that is gone fails instead of skipping the file
from shoal.engine.torch import sums as judging  # noqa: E402

# Sums of some dozens of products of size 1, in another order and with exp by another library.
FLOAT64, FLOAT32 = 1e-12, 1e-5
TO_ROUNDING = 1e-9  # whole runs of some hundred steps, as in E4
M, N_X, N_H, N_Y = 13, 3, 5, 2
RULES = [GradientDescent(), Momentum(0.8), Nesterov(0.8), RMSprop(0.9, 1e-8), Adam(0.9, 0.99, 1e-8)]
HERE, THERE = "cpu", "torch:cpu"

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def assert_near(one, other, tolerance):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def steps(where, networks, X, Y, g2, *, n=3, rates=0.01, weight=None, dtype=np.float64, **settings):
    """The population after n full-batch steps at a place, and the costs `(n, K)`."""
    total = np.full(networks.K, float(len(Y))) if weight is None else np.broadcast_to(np.sum(weight, axis=-1), networks.K)
    state = begin(networks, Recipe(batch_size=len(Y), device=where, **settings), g2, total, dtype)
    weight = None if weight is None else np.asarray(weight, dtype)
    costs = advance(state, X.astype(dtype), Y.astype(dtype), [np.arange(len(Y))] * n, np.broadcast_to(rates, (n, networks.K)), weight)
    return current(state), costs


def assert_alike(networks, X, Y, g2, tolerance=FLOAT64, **settings):
    (there, J_there), (here, J_here) = (steps(where, networks, X, Y, g2, **settings) for where in (THERE, HERE))
    np.testing.assert_allclose(J_there, J_here, rtol=tolerance, atol=tolerance)
    assert_near(there.parameters, here.parameters, tolerance)
    return there


# --- steps ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("out", OUTPUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_three_steps_on_a_device_are_the_engines(activation, out, skip):
    networks = population((N_H, N_H), N_X, logits_of(out, N_Y), skip=skip)
    assert_alike(networks, *rows(out, M, N_X, N_Y), make_loss(out), activation=activation, rule=RULES[-1])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_every_rule_on_a_device_is_the_engines_and_remembers_the_same(rule):
    networks, (X, Y), g2 = population((N_H, 3), N_X, N_Y), rows("squared_error", M, N_X, N_Y), make_loss("squared_error")
    assert_alike(networks, X, Y, g2, activation="tanh", rule=rule)
    which = [name for name, has in (("first", (Momentum, Nesterov, Adam)), ("second", (RMSprop, Adam))) if isinstance(rule, has)]
    states = [begin(networks, Recipe(rule=rule, batch_size=M, device=where), g2, np.full(2, M), np.float64) for where in (THERE, HERE)]
    for state in states:
        advance(state, X, Y, [np.arange(M)] * 3, np.full((3, 2), 0.01))
    for name in which:
        assert_near(*(moments(state, name).parameters for state in states), FLOAT64)


@pytest.mark.parametrize("out", ["sigmoid", "softmax", "squared_error"])
def test_a_run_on_a_device_is_the_textbooks_loop(out):
    networks, (X, Y) = population((N_H, N_H), N_X, logits_of(out, N_Y)), rows(out, M, N_X, N_Y)
    g1, g2, rule = ACTIVATIONS["tanh"], make_loss(out), Adam()
    recipe = Recipe(activation="tanh", rule=rule, batch_size=4, max_epochs=5, learning_rate=0.05, shuffle=False, device=THERE)
    run = Run(recipe, networks, g2, X, Y)
    events = list(run)
    parameters, memory, costs = networks.parameters, start(rule, networks.parameters), []
    for t in range(1, 5 * 4 + 1):
        batch = slice((t - 1) % 4 * 4, (t - 1) % 4 * 4 + 4)
        cache = forward(parameters, X[batch].T, g1, g2)
        costs.append(len(Y[batch]) * cost(cache, Y[batch].T, g2))
        gradients = backward(parameters, X[batch].T, Y[batch].T, cache, g1, g2)
        parameters, memory = update(rule, parameters, gradients, memory, 0.05, t)
    assert_near(run.result().population.parameters, parameters, FLOAT64 * 20)
    np.testing.assert_allclose([e.loss for e in events], np.sum(np.reshape(costs, (5, 4, 2)), axis=1) / M, rtol=FLOAT64 * 20)


@pytest.mark.parametrize("out", OUTPUTS)
def test_a_step_in_float32_on_a_device_is_the_engines(out):
    networks = population((N_H,), N_X, logits_of(out, N_Y)).astype(np.dtype(np.float32))
    X, Y = rows(out, M, N_X, N_Y)
    now = assert_alike(networks, X, Y, make_loss(out), FLOAT32, n=1, rule=GradientDescent(), dtype=np.float32)
    assert now.parameters.W1.dtype == np.float32


@pytest.mark.parametrize("shape", [(M,), (2, M)], ids=["one weight for all", "a weight for each network"])
def test_weights_penalty_decay_rates_and_average_of_each_network_act_as_in_the_engine(shape):
    weight = np.random.default_rng(2).uniform(0.1, 3, shape)
    weight[..., :2] = 0.0
    settings = {"lam": (0.7, 0.0), "decay": (0.0, 0.5), "rates": (0.05, 0.01), "weight_average": (0.9, 0.0)}
    X, Y = rows("squared_error", M, N_X, N_Y)
    for skip in (False, True):
        networks = population((N_H, 3), N_X, N_Y, skip=skip)
        assert_alike(networks, X, Y, make_loss("squared_error"), weight=weight, rule=Momentum(0.8), **settings)


def test_rows_that_weigh_nothing_teach_nothing_not_even_where_their_loss_overflows():
    networks, (X, Y) = population((N_H, N_H), N_X, 1), rows("squared_error", M, N_X, 1)
    Y[:3] = 1e200  # its square is infinite
    weight = np.ones((2, M))
    weight[0], weight[:, :3] = 0.0, 0.0
    with np.errstate(all="ignore"):
        now = assert_alike(networks, X, Y, make_loss("squared_error"), weight=weight, rule=GradientDescent())
    assert_near(member(now, 0), member(networks, 0), 0)
    assert np.isfinite(now.parameters.W1).all()


# --- draws ----------------------------------------------------------------------------------------------------------


def test_who_is_silenced_is_drawn_as_on_the_processor_bit_for_bit():
    keys = np.array([dropout_key(0, 1), dropout_key(7, 2), 0, (1 << 64) - 1, 1 << 63], np.uint64)
    shares, drawn = np.array([0.2, 0.5, 0.999, 1e-9, 0.0]), np.array([0, 3, 1_000_000, 1_000_017])
    for t in (1, 2, 123_456_789):
        found = on_device.kept(torch.from_numpy(keys.view(np.int64)), t, torch.from_numpy(drawn), 301, torch.from_numpy(shares))
        expected = [[kept(int(key), t, int(row), 301, share) for row in drawn] for key, share in zip(keys, shares, strict=True)]
        np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_dropout_of_units_and_inputs_trains_as_on_the_processor(dtype):
    seen = np.array([[True, True, True], [True, False, True]])
    networks = population((N_H, 3), N_X, 1, inputs=seen).astype(np.dtype(dtype))
    X, Y = rows("squared_error", 40, N_X, 1)
    settings = {"dropout": (0.3, 0.0), "input_dropout": (0.0, 0.4), "seed": 5, "dtype": dtype, "rule": GradientDescent()}
    assert_alike(networks, X, Y, make_loss("squared_error"), FLOAT64 if dtype == np.float64 else FLOAT32, n=2, **settings)


# --- whole runs -----------------------------------------------------------------------------------------------------

ROWS = 48
MASKS = np.array([[True] * 4, [True] * 4, [True, True, False, False], [True, False, True, True]])


def run_at(where, out, **settings):
    """Four networks that differ in everything in which they may, each with held-out rows of its own; some stop early."""
    networks, (X, Y) = population((4, 7, 3, 7), 4, logits_of(out, 2), inputs=MASKS, skip=out != "softmax"), rows(out, ROWS, 4, 2)
    parts = tuple(np.arange(k, ROWS, 4 + k % 2) for k in range(4))  # of unequal length
    weight = np.ones((4, ROWS))
    for k, part in enumerate(parts):
        weight[k, part] = 0
    settings = {"patience": 2, "tol": 0.003, "schedule": "cosine", "seed": 3, **PER_NETWORK, **settings}
    recipe = Recipe(activation="tanh", batch_size=16, max_epochs=16, device=where, **settings)
    run = Run(recipe, networks, make_loss(out), X, Y, weight=weight, validation=Validation(X, Y, np.linspace(0, 2, ROWS), parts))
    return run, list(run)


@pytest.mark.parametrize("out", ["sigmoid", "softmax", "poisson", "gaussian"])
def test_a_whole_run_on_a_device_is_the_processors(out):
    (there, events), (here, expected) = run_at(THERE, out), run_at(HERE, out)
    trained, by_engine = there.result(), here.result()
    assert trained.epochs.tolist() == by_engine.epochs.tolist()
    assert len(set(trained.epochs.tolist())) > 1, "some must have left the products earlier"
    assert_near(trained.population.parameters, by_engine.population.parameters, TO_ROUNDING)
    for name in ("loss", "validation_loss", "validation_score", "learning_rate", "active"):
        np.testing.assert_allclose([getattr(e, name) for e in events], [getattr(e, name) for e in expected], rtol=TO_ROUNDING)


def test_networks_that_no_longer_fit_side_by_side_train_in_several_groups(monkeypatch):
    run, _ = run_at(THERE, "softmax")
    monkeypatch.setattr("shoal.engine.torch.layout.MOST_HIDDEN", 7 * 16)  # one network's
    alone, _ = run_at(THERE, "softmax")
    assert_near(alone.result().population.parameters, run.result().population.parameters, TO_ROUNDING)


def test_the_same_seed_gives_the_same_bits_on_a_device():
    first, again = (run_at(THERE, "sigmoid", seed=5)[0].result().population.parameters for _ in range(2))
    assert_near(first, again, 0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a .functools.lru_cache:UserWarning")
def test_an_update_is_one_graph_that_a_compiler_can_take():
    networks, (X, Y) = population((N_H, 3), N_X, N_Y), rows("softmax", M, N_X, N_Y)
    recipe = Recipe(lam=0.1, decay=0.1, dropout=0.2, weight_average=0.5, batch_size=M, device=THERE)
    (group,) = begin(networks, recipe, make_loss("softmax"), np.full(2, M), np.float64).groups
    rate, weight = (torch.ones(shape, dtype=torch.float64) for shape in ((2, 1, 1), (2, 1, M)))
    batch = on_device.Batch(send(X.T, THERE), send(Y.T, THERE), weight, on_device.units_on(group, 1, M), 0.01 * rate, rate[:, 0, 0], 1)
    how = on_device.UpdateRule("relu", make_loss("softmax"), recipe.rule, True, True, None)
    whole = torch.compile(on_device.updated, fullgraph=True, backend="eager")  # traced and checked, not compiled, which takes half a minute
    (now, J), (expected, J_expected) = (make(group.networks, group.own, batch, how) for make in (whole, on_device.updated))
    assert_near((*now.parameters, J), (*expected.parameters, J_expected), FLOAT64)


def test_a_network_that_diverges_or_begins_with_nan_leaves_alone():
    networks, (X, Y) = population((4, 4, 4), N_X, 1), rows("squared_error", 60, N_X, 1)
    networks.parameters.W1[0, 0, 0] = np.nan
    recipe = Recipe(learning_rate=(0.01, 1e6, 0.02), rule=GradientDescent(), batch_size=16, max_epochs=8, device=THERE)
    run = Run(recipe, networks, make_loss("squared_error"), X, Y)
    events = list(run)
    diverged = run.result().diverged
    assert diverged[0] == 1
    assert 1 <= diverged[1] < 8
    assert diverged[2] == 0
    assert events[-1].active.tolist() == [False, False, True]
    alone = Run(
        Recipe(learning_rate=0.02, rule=GradientDescent(), batch_size=16, max_epochs=8),
        stack([member(networks, 2)]),
        make_loss("squared_error"),
        X,
        Y,
    )
    list(alone)
    assert_near(member(run.result().population, 2), member(alone.result().population, 0), TO_ROUNDING)


def test_networks_that_have_left_cost_nothing_and_a_copy_of_a_state_goes_on_by_itself():
    networks, (X, Y) = population((4, 4), N_X, 1), rows("squared_error", M, N_X, 1)
    state = begin(networks, Recipe(batch_size=M, device=THERE), make_loss("squared_error"), np.full(2, M), np.float64)
    advance(state, X, Y, [np.arange(M)], np.full((1, 2), 0.1))
    copied, before = copy.deepcopy(state), current(state)
    leave(state, np.array([False, True]))
    costs = advance(state, X, Y, [np.arange(M)], np.full((1, 2), 0.1))
    assert np.isnan(costs[0, 0])
    assert np.isfinite(costs[0, 1])
    assert finite(state).all()
    assert len(state.groups[0].networks.parameters.W1) == 1
    assert np.isnan(judge(state, X, Y, None, None)[0][0])
    assert_near(current(copied).parameters, before.parameters, 0)


def test_nothing_goes_over_within_an_epoch(monkeypatch):
    networks, (X, Y) = population((4, 4), N_X, 1), rows("squared_error", 64, N_X, 1)
    moved, weight = [], np.ones(64)

    def spied(owner, name):
        plain = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *args, **settings: (moved.append(name), plain(*args, **settings))[1])

    for name in ("cpu", "numpy", "item", "tolist", "__bool__", "__float__", "__int__"):
        spied(torch.Tensor, name)
    for name in ("tensor", "from_numpy", "as_tensor"):
        spied(torch, name)
    counts = []
    for batch_size in (64, 4):
        recipe = Recipe(dropout=0.2, lam=0.1, weight_average=0.5, batch_size=batch_size, device=THERE)
        state = begin(networks, recipe, make_loss("squared_error"), np.full(2, 64.0), np.float64)
        batches = np.split(np.arange(64), 64 // batch_size)
        moved.clear()
        for _ in range(2):
            advance(state, X, Y, batches, np.full((len(batches), 2), 0.01), weight)
        counts.append(list(moved))
    assert counts[0] == counts[1], "sixteen batches an epoch take no more transfers than one"
    assert counts[0].count("tensor") == 3 + 2 * 3, "rows, targets and weights once a run; order, rates and their total once an epoch"


@pytest.mark.parametrize("out", OUTPUTS)
def test_every_number_is_made_on_the_device_that_was_asked_for(out, monkeypatch):
    # PyTorch's device "meta" computes nothing, and refuses what lies on two devices as an accelerator would
    monkeypatch.setattr("shoal.engine.torch.sums.home", lambda values: np.zeros(values.shape))
    networks, (X, Y) = population((4, 7, 3, 7), 4, logits_of(out, 2), inputs=MASKS), rows(out, M, 4, 2)
    recipe = Recipe(activation="silu", batch_size=M, device="meta", input_dropout=0.1, **PER_NETWORK)
    state = begin(networks, recipe, make_loss(out), np.full(4, M), np.float32)
    there = [state.send(values, np.float32) for values in (X, Y, np.ones((4, M)))]
    order, own = send(np.arange(M), "meta"), judging.side_by_side((np.arange(3), np.arange(2), np.arange(1), np.arange(0)), "meta")
    for _ in range(2):
        for group in state.groups:
            rates = send(np.ones((2, len(group.members))), "meta", np.float32)
            assert on_device.train(state, group, there, order, [0, 5, M], rates).device.type == "meta"
            assert judging.group_sums(state, group, *there[:2], there[2][0], own).device.type == "meta"
        remember(state, np.array([True, False, True, False]))
        leave(state, np.array([True, True, False, True]))
    X, Y, weights = (send(values, "meta", np.float64) for values in there)
    sums(networks, X, Y, "tanh", make_loss(out), weights)
    for block in split(networks, np.dtype(np.float64)):
        losses(block, X, Y, "tanh", make_loss(out), weights[block.members])
        if make_loss(out).root is not None:
            curvature(block, X, Y, "tanh", make_loss(out), weights[block.members])


def test_blocks_of_rows_that_nobody_has_any_more_are_forgotten():
    networks, (X, Y) = population((4,), N_X, 1), rows("squared_error", 64, N_X, 1)
    state = begin(networks, Recipe(batch_size=16, device=THERE), make_loss("squared_error"), np.full(1, 64.0), np.float64)
    for s in range(0, 64, 16):
        advance(state, X[s : s + 16].copy(), Y[s : s + 16].copy(), [np.arange(16)], np.full((1, 1), 0.1))
    assert len(state.sent.known) <= 2, "no more than the last block's inputs and targets lie on the device"


# --- judging, sums --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", [False, True], ids=["all rows", "rows of their own"])
@pytest.mark.parametrize("out", OUTPUTS)
def test_networks_are_judged_as_on_the_processor(out, own, monkeypatch):
    monkeypatch.setattr("shoal.engine.torch.sums.MOST_HIDDEN", 40)  # a few rows at once
    networks, (X, Y) = population((N_H, 3), N_X, logits_of(out, N_Y)), rows(out, M, N_X, N_Y)
    mine = (np.array([1, 4, 5, 7, 11]), np.array([0, 12])) if own else None
    found = []
    for where in (THERE, HERE):
        state = begin(
            networks, Recipe(activation="silu", batch_size=M, device=where, dropout=0.3), make_loss(out), np.full(2, M), np.float64
        )
        found.append(judge(state, X, Y, mine, np.linspace(0, 2, M)))
    assert_near(*found, FLOAT64)


@pytest.mark.parametrize("weighted", ["none", "all", "each"])
@pytest.mark.parametrize("out", OUTPUTS)
def test_sums_on_a_device_are_the_engines(out, weighted, monkeypatch):
    monkeypatch.setattr("shoal.engine.sums.LEAST_ROWS", 4)
    monkeypatch.setattr("shoal.engine.torch.sums.MOST_HIDDEN", 1)
    seen = np.array([[True] * N_X, [True, False, True]])
    networks, (X, Y) = population((N_H, 3), N_X, logits_of(out, N_Y), inputs=seen, skip=weighted != "none"), rows(out, M, N_X, N_Y)
    weight = {"none": None, "all": np.linspace(0, 2, M), "each": np.linspace(0, 2, 2 * M).reshape(2, M)}[weighted]
    there = sums(networks, torch.from_numpy(X), torch.from_numpy(Y), "tanh", make_loss(out), weight)
    here = sums(networks, X, Y, "tanh", make_loss(out), weight)
    assert_near((there.loss, there.weight), (here.loss, here.weight), FLOAT64)
    assert_near(there.gradient, here.gradient, FLOAT64 * M)


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("out", ["sigmoid", "softmax", "squared_error", "poisson", "gaussian"])
def test_curvature_on_a_device_is_the_engines(out, skip, monkeypatch):
    monkeypatch.setattr("shoal.engine.sums.LEAST_ROWS", 4)
    monkeypatch.setattr("shoal.engine.torch.sums.JACOBIAN_NUMBERS", 1)
    networks, (X, Y) = population((N_H, 3), N_X, logits_of(out, N_Y), skip=skip), rows(out, M, N_X, N_Y)
    weights, (block,) = np.linspace(0, 2, 2 * M).reshape(2, M), split(networks, np.dtype(np.float64))
    X_, Y_, weights_ = (torch.from_numpy(values) for values in (X, Y, weights))
    there = curvature(block, X_, Y_, "tanh", make_loss(out), weights_)
    here = curvature(block, X, Y, "tanh", make_loss(out), weights)
    for a, b in zip(vars(there).values(), vars(here).values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=FLOAT64 * M, atol=FLOAT64 * M)
    lost = [losses(block, *values, "tanh", make_loss(out), w) for *values, w in ((X_, Y_, weights_), (X, Y, weights))]
    np.testing.assert_allclose(*lost, rtol=FLOAT64)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_logits_on_a_device_are_the_engines(activation, monkeypatch):
    monkeypatch.setattr("shoal.engine.sums.LEAST_ROWS", 4)
    monkeypatch.setattr("shoal.engine.torch.sums.MOST_HIDDEN", 1)
    seen = np.array([[True] * N_X, [True, False, True]])
    networks, (X, _) = population((N_H, 3), N_X, N_Y, inputs=seen, skip=activation != "relu"), rows("squared_error", M, N_X, N_Y)
    there = logits(networks, send(X, THERE), activation)
    np.testing.assert_allclose(there, logits(networks, X, activation), rtol=FLOAT64, atol=FLOAT64)
