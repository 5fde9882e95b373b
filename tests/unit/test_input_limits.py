"""Cells far from all others of their column: the limits by hand, and that no single cell ruins a network."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from typer.testing import CliRunner

import shoal
from shoal import ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.cli import app
from shoal.encoding import encode, encoded_names, fit_encoding, moments
from shoal.engine.predict import compiled_logits
from shoal.input_limits import FEW_VALUES, fit_limits, limited_columns, limits_from
from shoal.inspection.importance import derivatives, sensitivities
from shoal.network import predict_logits
from shoal.persistence.building import built
from shoal.persistence.storing import stored
from shoal.table_models.inspect import limited_inputs, limits_in_words

pytestmark = pytest.mark.filterwarnings("ignore:max_iter")  # few steps on purpose
QUICK = {"max_iter": 4, "n_networks": 2, "hidden_layer_sizes": 4, "random_state": 0}


def one_to_100(*wild):
    """1, 2, … 100 without the last ones, in whose places others stand."""
    return np.array([*range(1, 101 - len(wild)), *wild], float)[:, None]


def rows(m=120):
    """Three columns, and a target that depends on them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(m, 3))
    return X, X[:, 0] + np.sin(2 * X[:, 1])


def with_wild_cells(X):
    """Two cells of one column far from all others."""
    changed = X.copy()
    changed[[3, 40], 1] = 1e4, -300.0
    return changed


def test_the_limits_by_hand():
    np.testing.assert_array_equal(fit_limits(one_to_100(10_000)), [[5 - 3 * 90], [95 + 3 * 90]])  # the 5th and the 95th of 100 cells
    np.testing.assert_array_equal(fit_limits(one_to_100(-267)), [[4 - 3 * 90], [94 + 3 * 90]])  # one of them is below 1 … 99
    assert fit_limits(one_to_100(95 + 3 * 90)) is None  # on the limit, not beyond


def test_only_columns_with_a_cell_far_from_all_others_have_limits():
    few = np.arange(100.0) % (FEW_VALUES - 1)  # codes and counts
    few[7] = 1e6
    flags, heavy = np.zeros(100), np.r_[np.zeros(96), 1e3, 2e3, 3e3, 4e3]  # the middle of this one is a single value
    X = np.column_stack([one_to_100(1e4)[:, 0], one_to_100()[:, 0], few, flags, heavy])
    limits = fit_limits(X)
    assert limited_columns(limits) == [(0, -265.0, 365.0)]
    np.testing.assert_array_equal(limits[:, 1:], [[-np.inf] * 4, [np.inf] * 4])
    np.testing.assert_array_equal(limits_from(5, [0], [-265.0], [365.0]), limits)
    assert fit_limits(X[:, 1:]) is None
    assert fit_limits(sparse.csr_array(X)) is None
    assert fit_limits(1e308 * np.r_[np.linspace(-1, 1, 99), 1.7][:, None]) is None  # a limit would not be finite


def test_a_weight_is_so_many_rows():
    rng = np.random.default_rng(1)
    X = np.column_stack([rng.normal(size=80), rng.exponential(size=80), rng.integers(0, 30, 80)]).astype(float)
    X[[4, 9], [0, 2]] = 50.0, -9e5
    times = rng.integers(0, 4, 80)
    times[[4, 9]] = 1
    for X_given in (X, X.astype(np.float32)):
        np.testing.assert_array_equal(fit_limits(X_given, times.astype(float)), fit_limits(np.repeat(X_given, times, axis=0)))
        np.testing.assert_array_equal(fit_limits(X_given, np.ones(80)), fit_limits(X_given))
    weighted, repeated = fit_encoding(X, times.astype(float), ramps=True), fit_encoding(np.repeat(X, times, axis=0), ramps=True)
    np.testing.assert_allclose(encode(weighted, X), encode(repeated, X), rtol=1e-12, atol=1e-12)
    times[[4, 9]] = 0
    assert fit_limits(X, times.astype(float)) is None  # rows of weight 0 do not count


def test_some_rows_of_a_table_give_the_limits_of_all():
    X = one_to_100()
    assert fit_limits(X) is None
    np.testing.assert_array_equal(fit_limits(X, ends=(np.array([1.0]), np.array([9e9]))), [[5 - 3 * 90], [95 + 3 * 90]])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_scales_and_ramps_are_those_of_limited_columns(dtype):
    X = np.hstack([one_to_100(1e4), one_to_100()]).astype(dtype)
    found = fit_encoding(X, ramps=True)
    by_hand = fit_encoding(np.clip(X.astype(float), *found.limits), ramps=True)
    assert (found.limited_inputs, by_hand.limits) == ([(0, -265.0, 365.0)], None)
    assert found.edges[0][-1] == 365.0
    for name in ("center", "scale", "ramp_center"):
        np.testing.assert_array_equal(getattr(found, name), getattr(by_hand, name))
    far = np.array([[1e9, 1e9], [-1e9, 50.0]])
    np.testing.assert_array_equal(encode(found, far), encode(by_hand, [[365.0, 1e9], [-265.0, 50.0]]))
    np.testing.assert_array_equal(encode(found, sparse.csr_array(far))[:], encode(found, far))
    assert encoded_names(found, ["a", "b"]) == encoded_names(by_hand, ["a", "b"])


def test_cells_whose_squares_are_not_finite_are_limited_too():
    X, y = rows()
    X[5, 2] = 1e250
    model = ShoalRegressor(**QUICK).fit(X, y)
    assert np.isfinite(model.predict(X)).all()
    assert moments(X, limits=model.network_.encoding.limits)[1][2] < 10


def test_a_table_without_such_cells_is_encoded_as_it_was():
    X, _ = rows()
    X[:, 2] = np.clip(X[:, 2], -2, 2)
    found = fit_encoding(X, ramps=True)
    assert found.limits is None
    center, scale = X.mean(axis=0), X.std(axis=0)
    np.testing.assert_allclose(encode(found, X * 100)[:, :3], (X * 100 - center) / scale, rtol=1e-9)  # no limits in prediction either


@pytest.mark.parametrize("kind", [ShoalRegressor, ShoalClassifier])
def test_one_wild_cell_does_not_ruin_a_network(kind):
    rng = np.random.default_rng(3)
    X = rng.uniform(0, 6, size=(300, 2))
    y = np.sin(X[:, 0]) + 0.1 * X[:, 1]
    y = (y > y.mean()).astype(int) if kind is ShoalClassifier else y
    tidy, test = X[:200], X[200:]
    wild = tidy.copy()
    wild[0, 0] = 1e4
    settings = {"random_state": 0, "n_networks": 2, "max_iter": 60, "ramps": False}
    ours, theirs = (kind(**settings).fit(train, y[:200]).score(test, y[200:]) for train in (wild, tidy))
    assert ours > theirs - 0.05
    plain = kind(**{**settings, "standardize": False}).fit((wild - wild.mean(axis=0)) / wild.std(axis=0), y[:200])
    assert ours > plain.score((test - wild.mean(axis=0)) / wild.std(axis=0), y[200:]) + 0.1  # z-scores alone: sin is out of sight


def test_a_wild_cell_to_predict_with_counts_as_the_limit():
    X, y = rows()
    model = ShoalRegressor(ramps=True, **QUICK).fit(with_wild_cells(X), y)
    ((j, lower, upper),) = model.network_.encoding.limited_inputs
    far, near = X[:9].copy(), X[:9].copy()
    far[:, j], near[:, j] = [-1e6, 1e6, 1e300] * 3, [lower, upper, upper] * 3
    np.testing.assert_array_equal(model.predict(far), model.predict(near))
    network = model.network_
    np.testing.assert_allclose(
        compiled_logits(network.merged, network.encoding, far, network.activation), predict_logits(network, far), rtol=1e-12, atol=1e-12
    )
    assert model.outside([[0, 2e4, 0]])  # the range of training rows is that of the cells themselves


def test_the_prediction_does_not_change_beyond_the_limits():
    X, y = rows()
    model = ShoalRegressor(activation="tanh", ramps=True, skip=True, **QUICK).fit(with_wild_cells(X), y)
    ((j, lower, upper),) = model.network_.encoding.limited_inputs
    at = np.array([[0.1, x, 0.1] for x in (lower - 1, lower, (lower + upper) / 2, upper, upper + 1)])
    moves = derivatives(model.network_, at)[:, :, 0]
    assert (moves[:, j] != 0).tolist() == [False, False, True, True, False]  # the slope on the left of a kink
    assert (moves[:, [0, 2]] != 0).all()
    step = 1e-6 * np.eye(3)[j]
    np.testing.assert_allclose(moves[2, j], (model.predict(at[2:3] + step) - model.predict(at[2:3] - step))[0] / 2e-6, rtol=1e-5)
    wild = with_wild_cells(X)
    spread = np.clip(wild, *model.network_.encoding.limits).std(axis=0)
    by_hand = np.abs(derivatives(model.network_, wild)).mean(axis=0) * spread[:, None]
    np.testing.assert_allclose(sensitivities(model.network_, wild), by_hand, rtol=1e-9)


def test_networks_without_scaling_have_no_limits():
    X, y = rows()
    assert ShoalRegressor(standardize=False, **QUICK).fit(with_wild_cells(X), y).network_.encoding.limits is None


def test_the_first_call_fixes_the_limits():
    X, y = rows()
    wild = with_wild_cells(X)
    pieces = ShoalRegressor(**QUICK).partial_fit(wild, y)
    limits = pieces.network_.encoding.limits
    np.testing.assert_array_equal(pieces.partial_fit(X, y).network_.encoding.limits, limits)
    assert ShoalRegressor(**QUICK).partial_fit(X, y).partial_fit(wild, y).network_.encoding.limits is None
    warm = ShoalRegressor(warm_start=True, **QUICK).fit(wild, y)
    np.testing.assert_array_equal(warm.fit(X, y).network_.encoding.limits, limits)


def test_a_search_limits_as_a_fit_does():
    X, y = rows()
    search = ShoalSearchCV(ShoalRegressor(**QUICK), {"alpha": [0.0, 0.1]}, cv=2).fit(with_wild_cells(X), y)
    alone = ShoalRegressor(**{**QUICK, **search.best_params_}).fit(with_wild_cells(X), y)
    np.testing.assert_array_equal(search.best_estimator_.network_.encoding.limits, alone.network_.encoding.limits)
    np.testing.assert_array_equal(search.predict(X), alone.predict(X))


def test_a_file_keeps_the_limits_and_one_without_them_has_none():
    X, y = rows()
    model = ShoalRegressor(ramps=True, **QUICK).fit(with_wild_cells(X), y)
    file = stored(model)
    assert {"limited_inputs", "lower_limits", "upper_limits"} <= set(file.arrays)
    np.testing.assert_array_equal(built(file).predict(X * 1e3), model.predict(X * 1e3))
    np.testing.assert_array_equal(built(file).network_.encoding.limits, model.network_.encoding.limits)
    earlier = stored(ShoalRegressor(**QUICK).fit(X, y))
    assert not set(earlier.arrays) & {"limited_inputs", "lower_limits", "upper_limits"}
    assert built(earlier).network_.encoding.limits is None


def test_a_raw_table_says_which_of_its_columns_are_limited(tmp_path):
    X, y = rows()
    frame = pd.DataFrame(with_wild_cells(X), columns=["a", "fare", "c"]).assign(y=y)
    model = shoal.fit(frame, "y", settings=QUICK)
    found = limited_inputs(model)
    assert found == {"fare": model["estimator"].network_.encoding.limited_inputs[0][1:]}
    assert limits_in_words(found) == "fare {:.6g} to {:.6g}".format(*found["fare"])
    assert limits_in_words({}) == ""
    shoal.save(model, tmp_path / "m.shoal")
    shown = json.loads(CliRunner().invoke(app, ["show", str(tmp_path / "m.shoal"), "--json"]).output)
    assert shown["network"]["limits"] == {"fare": [*found["fare"]]}
    frame.to_csv(tmp_path / "t.csv", index=False)
    few = ["--set", "max_iter=2", "--set", "n_networks=2", "-o", str(tmp_path / "n.shoal")]
    said = CliRunner().invoke(app, ["fit", str(tmp_path / "t.csv"), "--target", "y", *few]).output
    assert "cells far from all others are limited: fare" in said
    assert limits_in_words({f"c{j}": (0.5, 2.0) for j in range(10)}).endswith("c7 0.5 to 2 and 2 more")


DRAWS = {
    "normal": lambda rng, m: rng.normal(size=m),
    "heavy tails": lambda rng, m: rng.standard_t(2, m),
    "very heavy tails": lambda rng, m: rng.standard_cauchy(m),
    "skewed": lambda rng, m: rng.lognormal(0, 1.5, m),
    "whole": lambda rng, m: rng.poisson(3, m).astype(float),
    "mostly one value": lambda rng, m: np.where(rng.random(m) < 0.96, 0.0, rng.normal(size=m)),
    "two humps": lambda rng, m: np.where(rng.random(m) < 0.049, 100.0, 0.0) + rng.normal(size=m),
    "sorted": lambda rng, m: np.sort(rng.standard_t(3, m)),
    "with a period": lambda rng, m: np.tile([0.0, 1.0, 5.0, 9.0], m)[:m] + 1e-3 * rng.random(m),
    "tiny": lambda rng, m: 1e-310 * rng.standard_t(2, m),
    "huge": lambda rng, m: 1e308 * rng.uniform(-1, 1, m),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("m", [3, 40, 511, 512, 513, 4000])
@pytest.mark.parametrize("draw", DRAWS)
def test_limits_are_those_of_the_quantiles_of_all_rows(draw, m, weighted):
    """Which are written down here as they are defined: columns are passed over only where the outcome is certain."""
    rng = np.random.default_rng(m)
    for _ in range(5):
        x = DRAWS[draw](rng, m)
        weight = rng.integers(0, 4, m).astype(float) if weighted else np.ones(m)
        weight[0] = 1.0
        repeated = np.sort(np.repeat(x, weight.astype(int)))
        first, last = (repeated[int(np.ceil((q - 1e-9) * len(repeated))) - 1] for q in (0.05, 0.95))
        with np.errstate(over="ignore"):
            lower, upper = first - 3 * (last - first), last + 3 * (last - first)
        expected = None
        outside = repeated[0] < lower or repeated[-1] > upper
        if first < last and np.isfinite([lower, upper]).all() and outside and len(np.unique(repeated)) > 9:
            expected = np.array([[lower], [upper]])
        found = fit_limits(x[:, None], weight if weighted else None)
        assert (found is None) == (expected is None)
        if expected is not None:
            np.testing.assert_array_equal(found, expected)
