"""Ramps that are looked up are the ramps that are multiplied: layer 1 and its gradient by `stairs_kernel` against plain products."""

import numpy as np
import pytest

from problems import logits_of, population, rows
from shoal import ShoalClassifier
from shoal.encoding import encode, fit_encoding, plain, raw_ramps
from shoal.engine import advance
from shoal.engine.stairs import stairs_of
from shoal.estimators import shallow
from shoal.recipe import Recipe
from shoal.textbook import output
from shoal.textbook.rules import Adam
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


def trained(stairs, X, dtype, *, widths=(32, 20), batch_size=57, seen=None, epochs=3, **settings):
    """Two networks after some epochs. Batches of 57, 57, 57 and 29 rows are no whole eights."""
    _, Y = rows("softmax", len(X), 1, 3)
    recipe = Recipe(**{"batch_size": batch_size, "max_epochs": epochs, "learning_rate": 0.1, "activation": "tanh"} | settings)
    networks = population(widths, X.shape[1], logits_of("softmax", 3), inputs=seen)
    weight = np.random.default_rng(1).integers(0, 3, len(X)).astype(float)
    run = Run(recipe, networks, output("softmax"), X, Y, weight=weight, dtype=dtype, stairs=stairs)
    costs = np.array([event.loss for event in run])
    return run, costs


def looks_up(run):
    """Whether each group's ramps are looked up, and not multiplied."""
    return [advance.looked_up(run.state, group).size > 0 for group in run.state.groups]


@pytest.mark.parametrize("dtype", SAME)
@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_the_stairs_are_the_encoded_ramps(dtype, scale):
    X = table()
    encoding = fit_encoding(X, ramps=True, ramp_scale=scale)
    beyond = np.vstack([X, X.min(axis=0) - 1, X.max(axis=0) + 1])  # values below and above all edges
    found = stairs_of(encoding, encode(encoding, beyond, dtype))
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
    ],
    ids=str,
)
def test_networks_learn_the_same_with_looked_up_ramps(dtype, settings):
    X = table()
    encoding = fit_encoding(X, ramps=True, ramp_scale=0.3)
    X = encode(encoding, X, dtype)
    stairs = stairs_of(encoding, X)
    (ours, found), (plain_ones, expected) = (trained(s, X, dtype, **settings) for s in (stairs, None))
    assert all(looks_up(ours))
    assert not any(looks_up(plain_ones))
    np.testing.assert_allclose(found, expected, rtol=SAME[dtype] * 10, atol=SAME[dtype])
    for a, b in zip(ours.result().population.parameters, plain_ones.result().population.parameters, strict=True):
        np.testing.assert_allclose(a, b, atol=SAME[dtype] * 10)  # the largest weights are near 1
    assert found[-1].max() < found[0].max()


def test_members_that_see_no_ramps_do_not_look_them_up():
    X = table()
    encoding = fit_encoding(X, ramps=True)
    X = encode(encoding, X)
    seen = np.ones((2, X.shape[1]), bool)
    seen[1, encoding.n_inputs :] = False
    stairs = stairs_of(encoding, X)
    (ours, found), (_, expected) = (trained(s, X, "float64", seen=seen) for s in (stairs, None))
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
    (run, found), (_, expected) = (trained(s, X, "float64", **settings) for s in (stairs_of(encoding, X), None))
    assert not any(looks_up(run)), why
    np.testing.assert_array_equal(found, expected)


def test_rows_without_ramps_have_no_stairs():
    X = table()
    assert stairs_of(plain(5), X) is None
    assert stairs_of(fit_encoding(X, ramps=False), X) is None


def test_a_number_that_is_none_stays_in_its_row():
    X = table()
    encoding = fit_encoding(X, ramps=True)
    X = encode(encoding, X)
    X[3] = np.nan
    with np.errstate(invalid="ignore"):  # NaN has no whole part
        stairs = stairs_of(encoding, X)
    assert np.isnan(stairs.share[3]).all()
    run, _ = trained(stairs, X, "float64", epochs=1, rule=Adam())
    assert run.diverged.all()  # said as ever, and nothing was read outside the tables


def test_the_defaults_look_ramps_up_and_predict_the_same(monkeypatch):
    X = np.random.default_rng(0).normal(size=(1500, 4))  # batches of some 60 rows, for which look-ups are worth it
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    settings = {"max_iter": 8, "random_state": 0, "dtype": "float64", "activation": "tanh"}
    looked, seen = advance.looked_up, []
    monkeypatch.setattr(advance, "looked_up", lambda state, group: (found := looked(state, group), seen.append(len(found)))[0])
    ours = ShoalClassifier(**settings).fit(X, y)
    assert max(seen) > 0
    assert min(seen) == 0  # half of the members see z-scores alone
    monkeypatch.setattr(shallow, "stairs_of", lambda *_: None)
    theirs = ShoalClassifier(**settings).fit(X, y)
    # Adam's steps magnify rounding where a gradient is near 0
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-8)
