"""E2: the engine is the textbook. `advance` and `sums` against the chapter's lines, written out here once more by hand."""

import math

import numpy as np
import pytest
from scipy.sparse import csr_array

import shoal.engine.sums
from problems import OUTPUTS, logits_of, population, rows
from shoal.encoding import encode, fit_encoding
from shoal.engine.minibatch import advance, begin, current
from shoal.engine.predict import compiled_logits, logits, network_logits, raw_logits
from shoal.engine.sums import sums
from shoal.population import member, merge, stack
from shoal.recipe import Recipe
from shoal.textbook import ACTIVATIONS, make_loss
from shoal.textbook.optimizers import Adam, GradientDescent, Momentum, Nesterov, RMSprop

# Sums of some dozens of products of size 1, in another order and with exp by another polynomial.
FLOAT64, FLOAT32 = 1e-12, 1e-5
M, N_X, N_H, N_Y = 13, 3, 5, 2
RATE = 0.01
SKIP = [False, True]  # without and with connections from the inputs to the outputs
RULES = {
    "gradient_descent": GradientDescent(),
    "momentum": Momentum(0.8),
    "nesterov": Nesterov(0.8),
    "rmsprop": RMSprop(0.9, 1e-8),
    "adam": Adam(0.9, 0.99, 1e-8),
}


def changes_by_hand(rule, gradients, memory, rate, t):
    """What each of the parameters changes by, from the rules as the books have them."""
    changes = []
    for i, dw in enumerate(gradients):
        v, s = memory[i]
        if rule == "gradient_descent":
            changes.append(-rate * dw)
        elif rule == "momentum":
            v = 0.8 * v - rate * dw
            changes.append(v)
        elif rule == "nesterov":
            v = 0.8 * v - rate * dw
            changes.append(0.8 * v - rate * dw)
        elif rule == "rmsprop":
            s = 0.9 * s + 0.1 * dw**2
            changes.append(-rate * dw / (np.sqrt(s) + 1e-8))
        else:
            v = 0.9 * v + 0.1 * dw
            s = 0.99 * s + 0.01 * dw**2
            changes.append(-rate * math.sqrt(1 - 0.99**t) / (1 - 0.9**t) * v / (np.sqrt(s) + 1e-8))
        memory[i] = v, s
    return changes


def by_hand(one, X, Y, g1, g2, *, rule="gradient_descent", steps=1, rate=RATE, weight=None, lam=0.0, decay=0.0):
    """Full-batch steps of one network: its parameters after them and J before each."""
    W1, b1, W2, b2, *skip = (np.asarray(w, np.float64) for w in one)
    X, Y = X.T, Y.T
    w = np.ones(X.shape[1]) if weight is None else weight
    m = w.sum()
    memory, costs = [(0.0, 0.0)] * 5, []
    for t in range(1, steps + 1):
        Z1 = W1 @ X + b1
        A1 = g1(Z1)
        Z2 = W2 @ A1 + b2 + sum(W3 @ X for W3 in skip)
        costs.append(np.sum(w * g2.loss(Z2, Y)) / m + lam / (2 * m) * sum(np.sum(W**2) for W in (W1, W2, *skip)))
        dZ2 = w * g2.dZ2(Z2, Y)
        dW2 = dZ2 @ A1.T / m + lam / m * W2
        db2 = np.sum(dZ2, axis=1, keepdims=True) / m
        dZ1 = W2.T @ dZ2 * g1.prime(Z1)
        dW1 = dZ1 @ X.T / m + lam / m * W1
        db1 = np.sum(dZ1, axis=1, keepdims=True) / m
        dW3 = [dZ2 @ X.T / m + lam / m * W3 for W3 in skip]
        changes = changes_by_hand(rule, (dW1, db1, dW2, db2, *dW3), memory, rate, t)
        W1, W2, *skip = ((1 - rate * decay) * W for W in (W1, W2, *skip))
        W1, b1, W2, b2, *skip = (v + c for v, c in zip((W1, b1, W2, b2, *skip), changes, strict=True))
    return (W1, b1, W2, b2, *skip), costs


def by_engine(networks, X, Y, g2, recipe, *, steps=1, rates=RATE, weight=None, dtype=np.float64, members=None):
    """The same by the engine: the population after full-batch steps, and the costs `(steps, K)`."""
    m = np.full(networks.K, float(len(Y))) if weight is None else np.broadcast_to(np.sum(weight, axis=-1), networks.K)
    state = begin(networks, recipe, g2, m, dtype, members)
    X = X if not isinstance(X, np.ndarray) else X.astype(dtype)
    weight = None if weight is None else np.asarray(weight, dtype)
    rates = np.broadcast_to(rates, (steps, networks.K))
    costs = advance(state, X, Y.astype(dtype), [np.arange(len(Y))] * steps, rates, weight)
    return current(state), costs


def assert_near(one, other, tolerance):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("skip", SKIP)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("out", OUTPUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_three_steps_of_the_engine_are_the_chapters_lines(activation, out, rule, skip):
    networks = population((N_H, N_H), N_X, logits_of(out, N_Y), skip=skip)
    X, Y = rows(out, M, N_X, N_Y)
    g2, recipe = make_loss(out), Recipe(activation=activation, rule=RULES[rule], batch_size=M)
    now, costs = by_engine(networks, X, Y, g2, recipe, steps=3)
    for k in range(2):
        weights, J = by_hand(member(networks, k), X, Y, ACTIVATIONS[activation], g2, rule=rule, steps=3)
        np.testing.assert_allclose(costs[:, k], J, rtol=FLOAT64, atol=FLOAT64)
        assert_near(member(now, k), weights, FLOAT64)


@pytest.mark.parametrize("skip", SKIP)
@pytest.mark.parametrize("out", OUTPUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_step_in_float32_is_the_chapters_step(activation, out, skip):
    networks = population((N_H,), N_X, logits_of(out, N_Y), skip=skip).astype(np.dtype(np.float32))
    X, Y = (values.astype(np.float32) for values in rows(out, M, N_X, N_Y))
    g2, recipe = make_loss(out), Recipe(activation=activation, rule=GradientDescent(), batch_size=M)
    now, costs = by_engine(networks, X, Y, g2, recipe, dtype=np.float32)
    weights, J = by_hand(member(networks, 0), X.astype(float), Y.astype(float), ACTIVATIONS[activation], g2)
    assert now.parameters.W1.dtype == np.float32
    np.testing.assert_allclose(costs[:, 0], J, rtol=FLOAT32)
    assert_near(member(now, 0), weights, FLOAT32)


WEIGHTS = {"one weight for all": (M,), "a weight for each network": (2, M)}


@pytest.mark.parametrize("skip", SKIP)
@pytest.mark.parametrize("shape", WEIGHTS.values(), ids=WEIGHTS)
def test_weights_penalty_decay_and_rates_of_each_network_act_as_written(shape, skip):
    weight = np.random.default_rng(2).uniform(0.1, 3, shape)
    networks = population((N_H, 3), N_X, N_Y, skip=skip)
    X, Y = rows("squared_error", M, N_X, N_Y)
    lam, decay, rates = (0.7, 0.2), (0.0, 0.5), (0.05, 0.01)
    recipe = Recipe(activation="tanh", rule=Momentum(0.8), lam=lam, decay=decay, learning_rate=rates, batch_size=M)
    now, costs = by_engine(networks, X, Y, make_loss("squared_error"), recipe, steps=2, rates=rates, weight=weight)
    for k in range(2):
        mine = weight if weight.ndim == 1 else weight[k]
        settings = {"rule": "momentum", "steps": 2, "rate": rates[k], "weight": mine, "lam": lam[k], "decay": decay[k]}
        weights, J = by_hand(member(networks, k), X, Y, ACTIVATIONS["tanh"], make_loss("squared_error"), **settings)
        np.testing.assert_allclose(costs[:, k], J, rtol=FLOAT64)
        assert_near(member(now, k), weights, FLOAT64)


def test_a_batch_whose_rows_all_weigh_nothing_teaches_nothing():
    networks = population((N_H, N_H), N_X, 1)
    X, Y = rows("squared_error", M, N_X, 1)
    weight = np.stack([np.zeros(M), np.ones(M)])
    state = begin(networks, Recipe(rule=GradientDescent(), batch_size=M), make_loss("squared_error"), np.full(2, 50.0), np.float64)
    costs = advance(state, X, Y, [np.arange(M)], np.full((1, 2), RATE), weight)
    now = current(state)
    assert costs[0, 0] == 0
    assert costs[0, 1] > 0
    assert_near(member(now, 0), member(networks, 0), 0)
    assert np.any(now.parameters.W1[1] != networks.parameters.W1[1])


def test_a_batch_without_weight_is_no_division_by_zero_either_where_the_weights_are_everyones():
    networks = population((N_H,), N_X, 1)
    X, Y = rows("squared_error", M, N_X, 1)
    weight = np.where(np.arange(M) < 5, 0.0, 1.0)
    state = begin(networks, Recipe(rule=GradientDescent(), batch_size=5), make_loss("squared_error"), np.array([8.0]), np.float64)
    assert advance(state, X, Y, [np.arange(5)], np.full((1, 1), RATE), weight)[0, 0] == 0
    assert_near(member(current(state), 0), member(networks, 0), 0)


def test_the_weight_average_is_the_moving_average_of_the_weights_after_each_step():
    networks = population((N_H, N_H), N_X, 1)
    X, Y = rows("squared_error", M, N_X, 1)
    g2, keep = make_loss("squared_error"), (0.9, 0.0)
    recipe = Recipe(activation="tanh", rule=GradientDescent(), weight_average=keep, batch_size=M)
    now, _ = by_engine(networks, X, Y, g2, recipe, steps=3)
    for k in range(2):
        average = list(member(networks, k))
        for steps in (1, 2, 3):
            weights, _ = by_hand(member(networks, k), X, Y, ACTIVATIONS["tanh"], g2, steps=steps)
            average = [keep[k] * a + (1 - keep[k]) * w for a, w in zip(average, weights, strict=True)]
        assert_near(member(now, k), average, FLOAT64)


# --- dropout --------------------------------------------------------------------------------------------------------

MANY = 40_000  # copies of one row: as many draws of one network's output


@pytest.mark.parametrize("kind", ["dropout", "input_dropout"])
def test_dropout_keeps_the_mean_of_the_output(kind):
    networks = population((8,), 4, 1, seed=3)
    X, Y = np.tile(rows("squared_error", 1, 4, 1)[0], (MANY, 1)), np.zeros((MANY, 1))
    g2, b2 = make_loss("squared_error"), []
    for rate in (0.0, 0.4):
        recipe = Recipe(activation="identity", rule=GradientDescent(), batch_size=MANY, **{kind: rate})
        now, _ = by_engine(networks, X, Y, g2, recipe, rates=1.0)
        b2.append(float(networks.parameters.b2[0, 0, 0] - now.parameters.b2[0, 0, 0]))  # = the mean of Z2, as db2 = mean (Z2 − 0)
    # A unit of size |w a| ≤ 5 varies by √(0.4/0.6) of it; eight of them, four standard errors of the mean.
    assert b2[1] == pytest.approx(b2[0], abs=4 * 5 * math.sqrt(8 * 0.4 / 0.6 / MANY))
    assert b2[1] != b2[0]


@pytest.mark.parametrize("skip", SKIP)
def test_dropout_depends_on_the_members_name_and_not_on_its_place_or_on_its_neighbours(skip):
    networks = population((3, 6, 4), N_X, 1, skip=skip)
    X, Y = rows("squared_error", M, N_X, 1)
    g2 = make_loss("squared_error")
    recipe = Recipe(dropout=0.5, input_dropout=0.3, rule=GradientDescent(), batch_size=M, seed=7)
    together, costs = by_engine(networks, X, Y, g2, recipe, steps=4, members=(0, 1, 2))
    alone, cost = by_engine(stack([member(networks, 2)]), X, Y, g2, recipe, steps=4, members=(2,))
    assert_near(member(together, 2), member(alone, 0), FLOAT64)
    np.testing.assert_allclose(costs[:, 2], cost[:, 0], rtol=FLOAT64)
    other, _ = by_engine(stack([member(networks, 2)]), X, Y, g2, recipe, steps=4, members=(0,))
    assert np.max(np.abs(member(other, 0).W1 - member(alone, 0).W1)) > 1e-3


# --- sums and logits ------------------------------------------------------------------------------------------------


def assert_sums_are_the_textbooks(networks, X, Y, activation, out, weight, dtype):
    """Every network's sums, padding and unseen inputs among them, against the chapter's lines in float64."""
    g2, near = make_loss(out), FLOAT64 if dtype == np.float64 else FLOAT32
    found = sums(networks.astype(np.dtype(dtype)), X.astype(dtype), Y.astype(dtype), activation, g2, weight)
    gradient = found.gradient
    for k in range(networks.K):
        mine = np.ones(M) if weight is None else np.broadcast_to(weight, (networks.K, M))[k]
        total, n_h, one = mine.sum(), networks.widths[k], member(networks, k)
        after, J = by_hand(one, X * networks.inputs[k], Y, ACTIVATIONS[activation], g2, rate=1.0, weight=mine)
        by_hand_sums = [(w - stepped) * total for w, stepped in zip(one, after, strict=True)]  # a step of 1 is −gradient
        skip = () if gradient.W3 is None else (gradient.W3[k],)
        assert_near((gradient.W1[k, :n_h], gradient.b1[k, :n_h], gradient.W2[k, :, :n_h], gradient.b2[k], *skip), by_hand_sums, near * M)
        assert found.loss[k] == pytest.approx(J[0] * total, rel=near)
        assert found.weight[k] == pytest.approx(total, rel=FLOAT64)
        assert not gradient.W1[k, n_h:].any()
    return found


@pytest.mark.parametrize("skip", SKIP)
@pytest.mark.parametrize("weighted", ["none", "all", "each"])
@pytest.mark.parametrize("out", OUTPUTS)
def test_sums_are_the_textbooks_and_add_up_over_blocks(out, weighted, skip, monkeypatch):
    seen = np.array([[True] * N_X, [True, False, True]])
    networks = population((N_H, 3), N_X, logits_of(out, N_Y), inputs=seen, skip=skip)
    X, Y = rows(out, M, N_X, N_Y)
    each = np.linspace(0, 2, 2 * M).reshape(2, M)
    each[1, 4:8] = 0.0  # a whole block of rows that one network does not see
    weight = {"none": None, "all": np.linspace(0, 2, M), "each": each}[weighted]
    whole = assert_sums_are_the_textbooks(networks, X, Y, "tanh", out, weight, np.float64)
    for name, value in (("BATCH", 4), ("BATCHES", 1), ("MOST_RANGES", 2)):
        monkeypatch.setattr(shoal.engine.sums, name, value)
    in_blocks = assert_sums_are_the_textbooks(networks, X, Y, "tanh", out, weight, np.float64)
    np.testing.assert_allclose(in_blocks.loss, whole.loss, rtol=FLOAT64)
    assert_near(in_blocks.gradient, whole.gradient, FLOAT64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("out", OUTPUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_sums_are_the_textbooks_in_both_precisions(activation, out, dtype):
    networks = population((N_H, 3, 6), N_X, logits_of(out, N_Y))  # of one kind: a group of three
    X, Y = (values.astype(dtype).astype(np.float64) for values in rows(out, M, N_X, N_Y))
    assert_sums_are_the_textbooks(networks.astype(np.dtype(np.float32)), X, Y, activation, out, np.linspace(0, 2, M), dtype)


@pytest.mark.parametrize("n_y", [3, 4, 5])
def test_gradient_sums_of_many_outputs_are_the_textbooks(n_y):
    networks, (X, Y) = population((N_H, 3), N_X, n_y), rows("softmax", M, N_X, n_y)  # from four on they are products
    assert_sums_are_the_textbooks(networks, X, Y, "silu", "softmax", None, np.float64)


def test_sums_over_some_rows_and_over_the_others_add_up_to_those_over_all():
    networks = population((N_H,), N_X, 1)
    X, Y = rows("squared_error", M, N_X, 1)
    first, second, both = (sums(networks, X[s], Y[s], "relu", make_loss("squared_error")) for s in (slice(6), slice(6, M), slice(M)))
    added = first + second
    np.testing.assert_allclose(added.loss, both.loss, rtol=FLOAT64)
    np.testing.assert_array_equal(added.weight, both.weight)
    assert_near(added.gradient, both.gradient, FLOAT64)


def test_sums_of_rows_without_weight_are_zero():
    networks = population((N_H,), N_X, 1)
    X, Y = rows("squared_error", M, N_X, 1)
    nothing = sums(networks, X, Y, "relu", make_loss("squared_error"), np.zeros(M))
    assert nothing.loss[0] == nothing.weight[0] == 0
    assert not any(np.any(w) for w in nothing.gradient)


@pytest.mark.parametrize("skip", SKIP)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_logits_are_the_textbooks_in_blocks_of_any_size(activation, skip, monkeypatch):
    seen = np.array([[True, True, True], [False, True, True], [True, True, False]])
    networks = population((N_H, 3, 4), N_X, N_Y, inputs=seen, skip=skip)
    X, _ = rows("squared_error", M, N_X, N_Y)
    expected = []
    for k in range(3):
        W1, b1, W2, b2, *W3 = member(networks, k)
        expected.append(W2 @ ACTIVATIONS[activation](W1 @ X.T + b1) + b2 + sum(W @ X.T for W in W3))
    np.testing.assert_allclose(logits(networks, X, activation), expected, rtol=FLOAT64, atol=FLOAT64)
    shares = np.array([0.2, 0.3, 0.5])
    np.testing.assert_allclose(
        network_logits(merge(networks, shares), X, activation), np.tensordot(shares, expected, 1), rtol=FLOAT64, atol=FLOAT64
    )
    monkeypatch.setattr("shoal.engine.predict.BLOCK_ROWS", 4)
    np.testing.assert_allclose(logits(networks, X, activation), expected, rtol=FLOAT64, atol=FLOAT64)


@pytest.mark.parametrize("skip", SKIP)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("kind", ["dense", "float32", "sparse"])
def test_compiled_prediction_is_the_textbooks_of_encoded_rows(activation, kind, skip, monkeypatch):
    X = np.random.default_rng(0).normal(3, 5, (40, N_X))
    X[:, 1] = X[:, 1].round()  # few values: edges of ramps at values
    X = X.astype(np.float32).astype(np.float64)
    encoding = fit_encoding(X, ramps=kind != "sparse", ramp_scale=0.3)
    networks = population((N_H,), N_X + encoding.n_ramps, N_Y, skip=skip)
    rows_given = {"dense": X, "float32": X.astype(np.float32), "sparse": csr_array(X)}[kind]
    expected = network_logits(member(networks, 0), encode(encoding, X), activation)
    monkeypatch.setattr("shoal.engine.predict.BLOCK_ROWS", 16)
    monkeypatch.setattr("shoal.engine.predict.AT_ONCE", 7)
    found = compiled_logits(member(networks, 0), encoding, rows_given, activation)
    np.testing.assert_allclose(found, expected, rtol=FLOAT64, atol=FLOAT64)
    np.testing.assert_allclose(raw_logits(member(networks, 0), encoding, rows_given, activation), expected, rtol=FLOAT64, atol=FLOAT64)
