"""(E2) Rows as lists give what products over all inputs give: in training, in evaluation, and in the order in which weights are kept."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse

from problems import OUTPUTS, PER_NETWORK, logits_of, population, rows
from shoal import ShoalClassifier, ShoalRegressor
from shoal.encoding import Encoding, SparseRows, encode, fit_encoding, plain
from shoal.engine import lists as engine_lists
from shoal.engine import minibatch
from shoal.engine.kernels import dispatch_module
from shoal.engine.lists import lists_of, worth_listing
from shoal.engine.minibatch import advance, advance_in_order, begin, carry, current, leave, moments, remember, remembered, resume
from shoal.engine.packing import pack, unpack
from shoal.engine.predict import raw_logits
from shoal.engine.sums import judge
from shoal.engine.threads import executor
from shoal.errors import LayoutError
from shoal.fitting.train import mean_squares
from shoal.recipe import Recipe
from shoal.textbook import make_loss
from shoal.textbook.optimizers import Adam, GradientDescent, Momentum, Nesterov, RMSprop

M, N = 60, 13
SAME = {"float64": 1e-9, "float32": 2e-3}  # sums in another order, which Adam's step of a gradient near 0 magnifies
ENDS = np.array([0, 16, 32, 32, 49, 60, 61, 90, 120])  # batches of several sizes, one of one row, one of none


def sparse_rows(density, seed=0, m=M, n=N):
    """A matrix with such a share of numbers; rows 3 and 4 and columns 2 and n − 1 are empty, where there are any."""
    rng = np.random.default_rng(seed)
    X = np.where(rng.random((m, n)) < density, rng.standard_normal((m, n)), 0.0)
    X[3:5], X[:, [2, n - 1]] = 0.0, 0.0
    return X


def trained(X, Y, networks, recipe, g2, dtype, *, listed, weight=None, order=None, ends=ENDS):
    """State and costs after two calls of `advance_in_order`; the weights of both orders are compared by their population."""
    order = np.random.default_rng(5).permutation(np.repeat(np.arange(M), 2)) if order is None else order
    total = np.full(networks.K, float(M)) if weight is None else np.broadcast_to(weight, (networks.K, M)).sum(axis=1)
    state = begin(networks, recipe, g2, total, dtype, by_input=listed)
    rng, costs = np.random.default_rng(3), []
    rates = rng.uniform(0.5, 1, (len(ends) - 1, 1)) * np.broadcast_to(recipe.learning_rate, (networks.K,))
    given = lists_of(X, dtype) if listed else np.asarray(X[:] if isinstance(X, SparseRows) else X, dtype)
    for _ in range(2):
        costs.append(advance_in_order(state, given, np.asarray(Y, dtype), order, ends, rates, weight))
    return state, np.concatenate(costs), given


def assert_alike(one, other, rtol):
    for a, b in zip(one, other, strict=True):
        scale = max(np.abs(b).max(), 1e-30)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * scale)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("density", [0.0, 0.02, 0.2, 1.0])
@pytest.mark.parametrize("widths", [(5,), (16,), (70,), (9, 9, 4, 7)])
def test_training_by_lists_is_training_by_products(widths, density, dtype):
    X, (_, Y), networks = sparse_rows(density), rows("softmax", M, N, 3), population(widths, N, 3)
    recipe, g2 = Recipe(batch_size=40, learning_rate=0.01), make_loss("softmax")
    (a, costs, _), (b, expected, _) = (trained(X, Y, networks, recipe, g2, np.dtype(dtype), listed=listed) for listed in (True, False))
    np.testing.assert_allclose(costs, expected, rtol=SAME[dtype])
    assert_alike(current(a).parameters, current(b).parameters, SAME[dtype])


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_output(output):
    X, (_, Y), networks = sparse_rows(0.2), rows(output, M, N, 2), population((6, 3), N, logits_of(output, 2))
    recipe, g2 = Recipe(batch_size=40, learning_rate=0.01), make_loss(output)
    (a, costs, _), (b, expected, _) = (trained(X, Y, networks, recipe, g2, np.float64, listed=listed) for listed in (True, False))
    np.testing.assert_allclose(costs, expected, rtol=1e-9)
    assert_alike(current(a).parameters, current(b).parameters, 1e-9)


@pytest.mark.parametrize("rule", [GradientDescent(), Momentum(0.9), Nesterov(0.8), RMSprop(0.9), Adam(), Adam(0.5, 0.6)])
@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("of_each", ["nothing", "decay", "penalty", "average", "dropout", "everything"])
def test_every_rule_with_what_each_network_has_of_its_own(rule, skip, of_each):
    numbers = {
        "nothing": {},
        "decay": {"decay": PER_NETWORK["decay"]},
        "penalty": {"lam": PER_NETWORK["lam"]},
        "average": {"weight_average": 0.9},
        "dropout": {"dropout": 0.2},
        "everything": PER_NETWORK,
    }[of_each]
    X, (_, Y), networks = sparse_rows(0.1), rows("sigmoid", M, N, 1), population((9, 9, 4, 7), N, 1, skip=skip)
    recipe, g2 = Recipe(rule=rule, batch_size=40, **{"learning_rate": 0.01} | numbers), make_loss("sigmoid")
    weight = np.random.default_rng(1).integers(0, 3, (4, M)).astype(float)
    known = {"weight": weight}
    (a, costs, _), (b, expected, _) = (trained(X, Y, networks, recipe, g2, np.float64, listed=x, **known) for x in (True, False))
    np.testing.assert_allclose(costs, expected, rtol=1e-9)
    assert_alike(current(a).parameters, current(b).parameters, 1e-9)
    for which in ("first", "second"):
        if getattr(a.groups[0], which).size:
            assert_alike(moments(a, which).parameters, moments(b, which).parameters, 1e-9)


@pytest.mark.parametrize("standardized", [False, True])
@pytest.mark.parametrize("density", [0.02, 0.2])
def test_centred_columns_of_sparse_rows(standardized, density):
    S = sparse.csr_array(sparse_rows(density))
    encoding = fit_encoding(S, ramps=False) if standardized else plain(N)
    given, (_, Y), networks = encode(encoding, S), rows("squared_error", M, N, 1), population((9, 9), N, 1, skip=True)
    assert standardized == (len(lists_of(given, np.float64).shifted) > 0)
    recipe, g2 = Recipe(batch_size=40, learning_rate=0.01), make_loss("squared_error")
    (a, costs, _), (b, expected, _) = (trained(given, Y, networks, recipe, g2, np.float64, listed=listed) for listed in (True, False))
    np.testing.assert_allclose(costs, expected, rtol=1e-9)
    assert_alike(current(a).parameters, current(b).parameters, 1e-9)


def test_numbers_that_a_matrix_holds_twice_unsorted_or_as_zeros_count_as_their_sum():
    X = sparse_rows(0.3)
    i, j = np.nonzero(X)
    turned = np.random.default_rng(0).permutation(len(i))
    halves = np.concatenate([X[i, j][turned] * 0.25, X[i, j] * 0.75, [0.0]])
    i, j = np.concatenate([i[turned], i, [3]]), np.concatenate([j[turned], j, [2]])
    first = np.argsort(i, kind="stable")
    several = sparse.csr_array((halves[first], j[first], np.searchsorted(i[first], np.arange(M + 1))), shape=X.shape)
    before = several.data.copy()
    found, expected = lists_of(SparseRows(several, plain(N), np.dtype(float)), np.float64), lists_of(X, np.float64)
    np.testing.assert_array_equal(several.data, before)  # the user's matrix stays as it is
    np.testing.assert_allclose(dense(found), dense(expected), rtol=1e-15)


def dense(lists):
    """The rows that lists stand for."""
    X = np.zeros(lists.shape)
    for i, (low, high) in enumerate(pairwise(lists.starts)):
        np.add.at(X[i], lists.columns[low:high], lists.values[low:high])
    return X - lists.shift


@pytest.mark.parametrize("widths", [(5,), (70, 66), (9, 9, 4, 7)])
@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("output", ["softmax", "squared_error", "gaussian", "poisson"])
def test_evaluation_by_lists_is_evaluation_by_products(output, skip, widths):
    X, (_, Y) = sparse_rows(0.1), rows(output, M, N, 2)
    networks, g2 = population(widths, N, logits_of(output, 2), skip=skip), make_loss(output)
    rng = np.random.default_rng(2)
    held, weight = tuple(rng.choice(M, size, replace=False) for size in (1, 20, 60, 0)[: networks.K]), rng.integers(0, 3, M).astype(float)
    found = []
    for listed in (True, False):
        state = begin(networks, Recipe(), g2, np.full(networks.K, float(M)), np.float64, by_input=listed)
        given = lists_of(X, np.float64) if listed else X
        found.append([judge(state, given, Y, which, w) for which in (None, held) for w in (None, weight)])
    np.testing.assert_allclose(*found, rtol=1e-12)  # the same numbers, added in another order


def test_weights_that_are_packed_or_carried_lie_in_the_usual_order():
    X, (_, Y), networks = sparse_rows(0.1), rows("softmax", M, N, 3), population((9, 9, 4), N, 3, skip=True)
    recipe, g2 = Recipe(batch_size=40, learning_rate=0.01, weight_average=0.5), make_loss("softmax")
    (a, _, listed), (b, _, given) = (trained(X, Y, networks, recipe, g2, np.float64, listed=listed) for listed in (True, False))
    kept, expected = pack(replace_best(a)), pack(replace_best(b))
    for name, array in expected.items():
        np.testing.assert_allclose(kept[name], array, rtol=1e-9, atol=1e-12)
    other = replace_best(begin(networks, recipe, g2, np.full(3, float(M)), np.float64, by_input=True))
    unpack(other, kept)
    for one, two in zip(current(other).parameters, current(a).parameters, strict=True):
        np.testing.assert_array_equal(one, two)
    for state, carried in ((a, carry(b)), (b, carry(a))):
        resume(state, carried)
    order, ends, rates = np.arange(M), np.array([0, 30, 60]), np.full((2, 3), 0.01)
    costs = [advance_in_order(s, x, Y, order, ends, rates) for s, x in ((a, listed), (b, given))]
    np.testing.assert_allclose(*costs, rtol=1e-9)


def replace_best(state):
    """The state with weights that were kept as the best, as a run has."""
    for group in state.groups:
        group.best = group.weights.copy()
    return state


def test_networks_that_leave_take_their_weights_along():
    X, (_, Y), networks = sparse_rows(0.1), rows("softmax", M, N, 3), population((9, 9, 4), N, 3, skip=True)
    recipe, g2 = Recipe(batch_size=40, learning_rate=0.01), make_loss("softmax")
    found = []
    for listed in (True, False):
        state, _, given = trained(X, Y, networks, recipe, g2, np.float64, listed=listed)
        remember(state, np.ones(3, bool))
        leave(state, np.array([True, False, True]))
        advance_in_order(state, given, Y, np.arange(M), np.array([0, 30, 60]), np.full((2, 3), 0.01))
        remember(state, np.array([True, False, False]))
        found.append([*current(state).parameters, *remembered(state).parameters])
    assert_alike(*found, 1e-9)


@pytest.mark.parametrize("k", [1, 2, 3, 7, 40, 700])
@pytest.mark.parametrize("betas", [(0.9, 0.99), (0.9, 0.999), (0.5, 0.6), (0.99, 0.9), (0.0, 0.0)])
@pytest.mark.parametrize("epsilon", [1e-8, 1e-3])
def test_an_input_that_is_not_read_for_long_moves_as_if_it_had_been(epsilon, betas, k):
    """The second input is read in the first row and in the last alone; Adam's updates between are computed at once, where they can be."""
    X = np.ones((k + 2, 3))
    X[1:-1, 1] = 0.0
    Y, networks, g2 = np.sin(np.arange(k + 2.0))[:, None], population((6, 5), 3, 1), make_loss("squared_error")
    recipe = Recipe(rule=Adam(*betas, epsilon), batch_size=1, learning_rate=0.01, decay=0.1)
    rates, found = np.random.default_rng(0).uniform(0, 0.02, (k + 2, 2)), []
    for listed in (True, False):
        state = begin(networks, recipe, g2, np.full(2, 1.0), np.float64, by_input=listed)
        costs = advance_in_order(state, lists_of(X, np.float64) if listed else X, Y, np.arange(k + 2), np.arange(k + 3), rates)
        found.append([costs, *current(state).parameters, *moments(state, "first").parameters, *moments(state, "second").parameters])
    # at β₂ = 0 every step has the size of the rate, whatever is left of a gradient that rounding alone makes differ from 0
    assert_alike(*found, 1e-9 if betas[1] else 1e-6)


def test_rows_of_the_other_kind_are_refused():
    X, (_, Y), networks = sparse_rows(0.1), rows("sigmoid", M, N, 1), population((4,), N, 1)
    for by_input, given in ((True, X), (False, lists_of(X, np.float64))):
        state = begin(networks, Recipe(), make_loss("sigmoid"), np.full(1, float(M)), np.float64, by_input=by_input)
        with pytest.raises(LayoutError, match=f"by_input={not by_input}"):
            advance(state, given, Y, [np.arange(M)], np.full((1, 1), 0.01))


@pytest.mark.parametrize("wrong", ["columns", "starts", "shifted", "values"])
def test_lists_that_name_no_input_are_refused(wrong):
    X, (_, Y), networks = sparse_rows(0.1), rows("sigmoid", M, N, 1), population((4,), N, 1)
    lists = lists_of(X, np.float64)
    changed = {
        "columns": np.where(np.arange(len(lists.columns)) == 3, N, lists.columns).astype(np.int32),
        "starts": np.append(lists.starts[:-1], len(lists.columns) + 1),
        "shifted": np.array([-1]),
        "values": lists.values[:-1],
    }[wrong]
    state = begin(networks, Recipe(), make_loss("sigmoid"), np.full(1, float(M)), np.float64, by_input=True)
    with pytest.raises(LayoutError):
        advance(state, lists._replace(**{wrong: changed}), Y, [np.arange(M)], np.full((1, 1), 0.01))


def categories(m=300, columns=12, levels=6, seed=0):
    """One-hot columns and two classes."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, levels, (m, columns))
    X = (codes[:, :, None] == np.arange(levels)).reshape(m, -1).astype(float)
    return X, (codes[:, 0] + codes[:, 1] + rng.integers(0, 3, m) > 6).astype(int)


@pytest.mark.parametrize("kind", [ShoalClassifier, ShoalRegressor])
@pytest.mark.parametrize("given", [np.asarray, sparse.csr_array])
def test_a_fit_by_lists_is_the_fit_by_products(given, kind, monkeypatch):
    X, y = categories()
    settings = {"random_state": 0, "max_iter": 5, "dtype": "float64", "early_stopping": True}
    calls, train = [], minibatch.train_by_lists
    monkeypatch.setattr(minibatch, "train_by_lists", lambda *given: calls.append(1) or train(*given))
    monkeypatch.setattr(engine_lists, "FASTER_BELOW", engine_lists.LISTED_BELOW)  # also where this processor's products are faster
    by_lists = kind(**settings).fit(given(X), y)
    n_calls = len(calls)
    monkeypatch.setattr(engine_lists, "LISTED_BELOW", -1.0)
    by_products = kind(**settings).fit(given(X), y)
    assert 0 < n_calls == len(calls)
    for one, other in zip(by_lists.coefs_, by_products.coefs_, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6 * np.abs(other).max())  # 5 epochs of sums in another order
    np.testing.assert_allclose(by_lists.network_.history["validation_loss"], by_products.network_.history["validation_loss"], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_thread_and_two_give_the_same_bits(dtype, monkeypatch):
    X, y = categories()
    weights = []
    for threads in (1, 2):
        monkeypatch.setattr(minibatch, "cores", lambda threads=threads: threads)
        monkeypatch.setattr(minibatch, "WORTH_A_THREAD", 0)  # hand over work of any size
        executor.cache_clear()
        model = ShoalClassifier(n_networks=5, max_iter=4, random_state=3, dtype=dtype).fit(X, y)
        weights.append([*model.coefs_, *model.intercepts_])
    for one, two in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, two)


def test_sparse_rows_never_become_dense_in_a_fit_or_a_prediction(monkeypatch):
    X, y = categories()

    def refuse(*given, **more):
        raise AssertionError("dense")

    monkeypatch.setattr(SparseRows, "__getitem__", refuse)
    model = ShoalClassifier(random_state=0, max_iter=3).fit(sparse.csr_array(X), y)
    monkeypatch.setattr(sparse.csr_array, "toarray", refuse)
    assert model.predict_proba(sparse.csr_array(X)).shape == (len(X), 2)


@pytest.mark.parametrize("skip", [False, True])
def test_sparse_prediction_and_mean_squares_are_those_of_dense_rows(skip):
    X, networks = sparse_rows(0.3), population((9,), N, 2, skip=skip)
    S = sparse.csr_array(X)
    encoding, one = fit_encoding(S, ramps=False), networks.parameters.map(lambda w: w[0])
    np.testing.assert_allclose(raw_logits(one, encoding, S, "tanh"), raw_logits(one, encoding, X, "tanh"), rtol=1e-12, atol=1e-13)
    for weight in (None, np.random.default_rng(0).integers(0, 3, M).astype(float)):
        expected = mean_squares(encode(encoding, X), weight)
        np.testing.assert_allclose(mean_squares(encode(encoding, S), weight), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("n_bytes", "few", "many"), [(64, 0.08, 0.12), (32, 0.08, 0.12), (0, 0.2, 0.24)])
def test_what_is_worth_listing_depends_on_the_products_of_the_processor(n_bytes, few, many, monkeypatch):
    monkeypatch.setattr(dispatch_module(), "product_bytes", lambda: n_bytes)
    assert worth_listing(sparse_rows(few, n=200), alone=False)
    assert not worth_listing(sparse_rows(many, n=200), alone=False)
    assert worth_listing(sparse_rows(0.1, n=3000), alone=False)  # batches of so many inputs leave the caches
    assert not worth_listing(sparse_rows(0.25, n=3000), alone=False)
    assert worth_listing(encode(plain(200), sparse.csr_array(sparse_rows(0.2, n=200))), alone=False)  # sparse rows do not become dense


def test_what_is_worth_listing(monkeypatch):
    monkeypatch.setattr(engine_lists, "FASTER_BELOW", engine_lists.LISTED_BELOW)
    X = sparse_rows(0.1, n=64)
    scaled = Encoding(np.zeros(64), np.ones(64), (np.empty(0),) * 64, np.empty(0), limits=np.full((2, 64), [[-1.0], [1.0]]))
    assert worth_listing(X, alone=True)
    assert worth_listing(sparse_rows(0.2, n=64), alone=False)
    assert not worth_listing(sparse_rows(0.2, n=64), alone=True)  # products may take several threads
    assert worth_listing(encode(plain(64), sparse.csr_array(X)), alone=True)
    assert not worth_listing(replace(encode(plain(64), sparse.csr_array(X)), encoding=scaled), alone=False)
    assert not worth_listing(X[:, :13], alone=False)
    assert not worth_listing(X[:0], alone=False)
    assert not worth_listing(X + 1, alone=False)
