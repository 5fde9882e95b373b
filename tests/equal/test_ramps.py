"""Looked-up ramps equal multiplied ramps: layer 1 and its gradient by `engine/kernels/ramps.py` against plain products."""

import copy

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from problems import logits_of, population, rows
from shoal import ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.encoding import encode, fit_encoding, plain, raw_ramps
from shoal.engine import minibatch
from shoal.engine.ramps import find_ramp_positions
from shoal.fitting import source
from shoal.recipe import Recipe
from shoal.textbook import make_loss
from shoal.textbook.optimizers import Adam
from shoal.training.minibatch import Run

# sums of some dozens of products of size 1 in another order, through a dozen updates of gradient descent
SAME = {"float64": 1e-12, "float32": 1e-5}
M = 200


def table(m=M, seed=0):
    """Columns with 8 ramps, with 3, with none (two values), with one heavy value, and a constant."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, 5))
    X[:, 1] = rng.integers(0, 4, m)
    X[:, 2] = rng.integers(0, 2, m)
    X[rng.uniform(size=m) < 0.4, 3] = 1.5
    X[:, 4] = 7.0
    return X


def begun(ramp_positions, X, dtype="float64", *, widths=(32, 20), batch_size=57, seen=None, skip=False, epochs=3, until=None, **settings):
    """Two networks before their first update. Batches of 57, 57, 57 and 29 rows are no whole eights."""
    _, Y = rows("softmax", len(X), 1, 3)
    recipe = Recipe(**{"batch_size": batch_size, "max_epochs": epochs, "learning_rate": 0.1, "activation": "tanh"} | settings)
    networks = population(widths, X.shape[1], logits_of("softmax", 3), inputs=seen, skip=skip)
    weight = np.random.default_rng(1).integers(0, 3, len(X)).astype(float)
    return Run(recipe, networks, make_loss("softmax"), X, Y, weight=weight, dtype=dtype, ramp_positions=ramp_positions, until=until)


def trained(*given, **settings):
    """Networks after some epochs, and their losses in each."""
    run = begun(*given, **settings)
    return run, np.array([event.loss for event in run])


def looks_up(run):
    """Whether each group's ramps are looked up, and not multiplied."""
    return [minibatch.looked_up(run.state, group).size > 0 for group in run.state.groups]


@pytest.mark.parametrize("dtype", SAME)
@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_the_ramp_positions_are_the_encoded_ramps(dtype, scale):
    X = table()
    encoding = fit_encoding(X, ramps=True, ramp_scale=scale)
    beyond = np.vstack([X, X.min(axis=0) - 1, X.max(axis=0) + 1])  # values below and above all edges
    found = find_ramp_positions(encoding, encode(encoding, beyond, dtype))
    ramped = [j for j, e in enumerate(encoding.edges) if len(e)]
    assert found.starts.tolist() == np.cumsum([0, *(len(encoding.edges[j]) - 1 for j in ramped)]).tolist()
    again = np.zeros((len(beyond), encoding.n_ramps))
    for c, _ in enumerate(ramped):
        for i in range(len(beyond)):
            again[i, found.starts[c] : found.at[i, c]] = 1
            again[i, found.at[i, c]] = found.share[i, c]
        assert ((found.at[:, c] >= found.starts[c]) & (found.at[:, c] < found.starts[c + 1])).all()
    np.testing.assert_allclose(again, raw_ramps(beyond, encoding.edges), atol=SAME[dtype])
    np.testing.assert_allclose(again * found.shift[-1] - found.shift[:-1], encode(encoding, beyond)[:, 5:], atol=SAME[dtype])


@pytest.mark.parametrize("dtype", SAME)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"lam": 0.5, "decay": 0.1, "dropout": 0.2, "weight_average": 0.9},
        {"widths": (32,)},
        {"widths": (64, 64, 64)},
        {"batch_size": M},
        {"batch_size": 193},  # and 7 rows in the last batch: fewer than eight
        {"equal_batches": True},
        {"skip": True},  # rows of W3, which fill no tile
        {"skip": True, "widths": (64,), "batch_size": 193, "lam": 0.5, "weight_average": 0.9},
        {"skip": True, "widths": (32,) * 11},  # 33 rows of W3: a tile and one more
    ],
    ids=str,
)
def test_networks_learn_the_same_with_looked_up_ramps(dtype, settings):
    X = table()
    encoding = fit_encoding(X, ramps=True, ramp_scale=0.3)
    X = encode(encoding, X, dtype)
    ramp_positions = find_ramp_positions(encoding, X)
    (ours, found), (plain_ones, expected) = (trained(s, X, dtype, **settings) for s in (ramp_positions, None))
    assert all(looks_up(ours))
    assert not any(looks_up(plain_ones))
    np.testing.assert_allclose(found, expected, rtol=SAME[dtype] * 10, atol=SAME[dtype])
    for a, b in zip(ours.result().population.parameters, plain_ones.result().population.parameters, strict=True):
        np.testing.assert_allclose(a, b, rtol=SAME[dtype] * 10, atol=SAME[dtype] * 10)  # weights of 1 and more err in proportion
    assert found[-1].max() < found[0].max()


def test_members_that_see_no_ramps_do_not_look_them_up():
    X = table()
    encoding = fit_encoding(X, ramps=True)
    X = encode(encoding, X)
    seen = np.ones((2, X.shape[1]), bool)
    seen[1, encoding.n_inputs :] = False
    ramp_positions = find_ramp_positions(encoding, X)
    (ours, found), (_, expected) = (trained(s, X, "float64", seen=seen) for s in (ramp_positions, None))
    assert looks_up(ours) == [True, False]
    np.testing.assert_allclose(found, expected, rtol=1e-11)


@pytest.mark.parametrize(
    ("why", "settings"),
    [
        ("units that are no whole tiles", {"widths": (33, 40)}),
        ("batches too small to be worth it", {"batch_size": 16}),
        ("inputs that drop out", {"input_dropout": 0.2}),
    ],
)
def test_where_ramps_are_multiplied(why, settings):
    X = table()
    encoding = fit_encoding(X, ramps=True)
    X = encode(encoding, X)
    (run, found), (_, expected) = (trained(s, X, "float64", **settings) for s in (find_ramp_positions(encoding, X), None))
    assert not any(looks_up(run)), why
    np.testing.assert_array_equal(found, expected)


def test_rows_without_ramps_have_no_positions():
    X = table()
    assert find_ramp_positions(plain(5), X) is None
    assert find_ramp_positions(fit_encoding(X, ramps=False), X) is None


def test_a_number_that_is_none_reads_nothing_outside_the_tables():
    X = table()
    encoding = fit_encoding(X, ramps=True)
    X = encode(encoding, X)
    whole = find_ramp_positions(encoding, X)
    X[3] = np.nan
    with np.errstate(invalid="ignore"):  # NaN has no whole part
        ramp_positions = find_ramp_positions(encoding, X)
    assert np.isnan(ramp_positions.share[3]).all()
    assert ((ramp_positions.at[3] >= ramp_positions.starts[:-1]) & (ramp_positions.at[3] < ramp_positions.starts[1:])).all()
    others = np.arange(M) != 3
    np.testing.assert_array_equal(ramp_positions.at[others], whole.at[others])
    run, _ = trained(ramp_positions, X, "float64", epochs=1, rule=Adam())
    assert all(looks_up(run))
    assert run.diverged.all()  # said as ever


@pytest.fixture
def encoded():
    """Rows with ramps, encoded, and where they stand."""
    X = table()
    encoding = fit_encoding(X, ramps=True)
    X = encode(encoding, X)
    return X, find_ramp_positions(encoding, X)


def test_networks_that_leave_make_new_tables(encoded):
    X, ramp_positions = encoded
    until = np.array([1, 2, 3])
    (ours, found), (_, expected) = (trained(s, X, "float64", widths=(32, 32, 32), until=until) for s in (ramp_positions, None))
    assert ours.epochs.tolist() == [1, 2, 3]
    np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_a_copied_run_has_tables_of_its_own(encoded):
    X, ramp_positions = encoded
    run, _ = trained(ramp_positions, X, "float64")
    twin = copy.deepcopy(run.state)
    assert all(group.laid is None for group in twin.groups)  # and not the addresses of the other's
    order, ends, rates = np.arange(M), np.array([0, 100, M]), np.full((2, 2), 0.1)
    costs = [minibatch.advance_in_order(state, X, run.Y, order, ends, rates, run.weight) for state in (run.state, twin)]
    np.testing.assert_array_equal(costs[0], costs[1])


def test_a_run_that_is_asked_in_the_middle_of_a_block_goes_back(encoded):
    X, ramp_positions = encoded
    halves = [run_to(s, X, 2).result().population.parameters for s in (ramp_positions, None)]
    short, _ = trained(ramp_positions, X, "float64", epochs=2)
    for mine, expected, alone in zip(*halves, short.result().population.parameters, strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-11)
        np.testing.assert_array_equal(mine, alone)


def run_to(ramp_positions, X, shown):
    """A run of 5 epochs of which so many events have been seen."""
    run = begun(ramp_positions, X, epochs=5)
    for event in run:
        if event.epoch == shown:
            return run
    raise AssertionError("no such epoch")


def test_positions_of_another_precision_become_the_run_s(encoded):
    X, ramp_positions = encoded  # float64
    _, found = trained(ramp_positions, X, "float32")
    _, expected = trained(None, X, "float32")
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_rows_that_are_not_those_of_the_ramp_positions_are_refused(encoded):
    X, ramp_positions = encoded
    with pytest.raises(ValueError, match=r"the ramp_positions are of 200 rows, but X has 120"):
        trained(ramp_positions, X[:120], "float64")


@pytest.mark.parametrize("estimator", [ShoalClassifier, ShoalRegressor])  # regression learns from all rows in the end
def test_the_defaults_look_ramps_up_and_predict_the_same(monkeypatch, estimator):
    X = np.random.default_rng(0).normal(size=(1500, 4))  # batches of some 60 rows, for which look-ups are worth it
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    settings = {"max_iter": 8, "random_state": 0, "dtype": "float64", "activation": "tanh"}
    looked, seen = minibatch.looked_up, []
    monkeypatch.setattr(minibatch, "looked_up", lambda state, group: (found := looked(state, group), seen.append(len(found)))[0])
    ours = estimator(**settings).fit(X, y)
    assert max(seen) > 0
    assert min(seen) == 0  # half of the members see z-scores alone
    monkeypatch.setattr(source, "find_ramp_positions", lambda *_: None)
    del seen[:]
    theirs = estimator(**settings).fit(X, y)
    assert max(seen) == 0
    answers = [m.predict_proba(X) if estimator is ShoalClassifier else m.predict(X) for m in (ours, theirs)]
    np.testing.assert_allclose(*answers, atol=1e-8)  # Adam's steps magnify rounding where a gradient is near 0


def test_a_search_looks_them_up_as_a_fit_does():
    X = np.random.default_rng(0).normal(size=(400, 4))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    settings = {"max_iter": 3, "random_state": 0, "dtype": "float64", "activation": "tanh", "batch_size": 64, "hidden_layer_sizes": 32}
    one = ShoalClassifier(**settings)
    taken = {"param_grid": {"alpha": [0.0, 0.1]}, "cv": 2, "scoring": "neg_log_loss", "refit": False}
    ours, theirs = ShoalSearchCV(one, **taken).fit(X, y), GridSearchCV(one, **taken).fit(X, y)
    np.testing.assert_allclose(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], rtol=1e-9)
