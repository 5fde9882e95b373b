"""What a network uses: derivatives against differences, weights against sums by hand, columns against what made the target."""

import warnings

import numpy as np
import pandas as pd
import pytest

import shoal
from problems import population
from shoal.encoding import Encoding, TargetScale, fit_encoding
from shoal.errors import InvalidParameterError
from shoal.inspection import derivatives, garson, olden, profile, sensitivities
from shoal.inspection.profile import held_cells
from shoal.network import Network, predict
from shoal.population import Population
from shoal.table import read, targets_of
from shoal.table_models.inspect import effect_of, importance_of, uses_of
from shoal.textbook.propagation import Parameters

rng = np.random.default_rng(0)
X = np.column_stack([rng.normal(50, 12, 200), rng.exponential(3, 200), rng.integers(0, 2, 200)])
OUTPUTS = {"sigmoid": 1, "softmax": 3, "squared_error": 2, "poisson": 1, "gaussian": 4, "quantile": 1}


def shoal_of(output, activation="tanh", ramps=True):
    """Two random networks over a table with ramps, and a target in units of its own."""
    encoding: Encoding = fit_encoding(X, ramps=ramps, ramp_scale=2.0)
    n_z = OUTPUTS[output]
    n_y = n_z // 2 if output == "gaussian" else n_z
    target = None if output in ("sigmoid", "softmax", "poisson") else TargetScale(np.full(n_y, 10.0), np.full(n_y, 4.0))
    members = population([4, 3], 3 + encoding.n_ramps, n_z, seed=3)
    return Network(members, np.array([0.7, 0.3]), activation, output, encoding, target, (), ("a", "b", "c"), {})


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("activation", ["tanh", "silu"])
def test_derivatives_are_the_slope_of_predict(output, activation):
    """Central differences, 1e-6 apart: their error is about 1e-9 of the answer; rows at an edge of a ramp are left out."""
    net, h = shoal_of(output, activation), 1e-6
    edges = np.concatenate([net.encoding.edges[j] for j in (0, 1)])
    rows = X[np.abs(X[:, :2, None] - edges).min(axis=(1, 2)) > 1e-3][:50]
    found = derivatives(net, rows)
    for j in range(3):
        step = h * np.eye(3)[j]
        slope = (predict(net, rows + step) - predict(net, rows - step)) / (2 * h)
        np.testing.assert_allclose(found[:, j], slope, atol=1e-6)


def test_sensitivity_of_a_straight_line_is_its_slope_times_the_spread():
    """Identity units: y = 4 (W2 W1 (x − c)/s) + 10, everywhere the same slope."""
    net = shoal_of("quantile", "identity", ramps=False)
    slope = 4.0 * (net.merged.W2 @ net.merged.W1)[0] / net.encoding.scale
    np.testing.assert_allclose(sensitivities(net, X)[:, 0], np.abs(slope) * X.std(axis=0), rtol=1e-12)


def test_olden_and_garson_by_hand():
    net = shoal_of("quantile", ramps=False)
    W1, _, W2, _ = net.merged
    np.testing.assert_allclose(olden(net)[1, 0], sum(W1[u, 1] * W2[0, u] for u in range(7)), rtol=1e-12)
    shares = [abs(W1[u, 1]) * abs(W2[0, u]) / np.abs(W1[u]).sum() for u in range(7)]
    np.testing.assert_allclose(garson(net)[1, 0], sum(shares) / np.abs(W2).sum(), rtol=1e-12)
    np.testing.assert_allclose(garson(shoal_of("softmax")).sum(axis=0), 1, rtol=1e-12)


@pytest.fixture(scope="module")
def model_and_rows():
    """A table in which one category and one number make the target, and two columns are noise."""
    n = 400
    draws = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "town": draws.choice(["Ulm", "Jena", "Bonn", "Kiel"], n),
            "noise": draws.standard_normal(n),
            "age": draws.uniform(0, 10, n),
            "day": pd.to_datetime("2024-01-01") + pd.to_timedelta(draws.integers(0, 300, n), unit="D"),
            "same": 1,
        }
    )
    frame["price"] = frame["town"].map({"Ulm": 0, "Jena": 4, "Bonn": 8, "Kiel": 12}) + 2 * frame["age"] + 0.2 * draws.standard_normal(n)
    return shoal.fit(frame, "price", settings={"max_iter": 60, "n_networks": 4}), frame


def test_importance_is_by_the_tables_own_columns(model_and_rows):
    model, frame = model_and_rows
    found = importance_of(model, frame.drop(columns="price"), frame["price"].to_numpy(), repeats=2)
    assert found.names == ("town", "noise", "age", "day")
    assert {name for name, _, _ in found.ranked()[:2]} == {"town", "age"}
    mean = dict(zip(found.names, found.mean, strict=True))
    assert mean["noise"] < 0.1 * mean["age"]
    assert found.score == pytest.approx(-shoal.table_models.fit.evaluate(model, frame).metrics["rmse"])


def test_sensitivity_adds_up_the_parts_of_a_column(model_and_rows):
    model, frame = model_and_rows
    used = uses_of(model, frame)
    assert used.names == ("town", "noise", "age", "day")
    by_name = dict(zip(used.names, used.sensitivity[:, 0], strict=True))
    assert by_name["age"] == pytest.approx(2 * frame["age"].std(), rel=0.1)  # the slope is 2
    assert by_name["noise"] < 0.1 * by_name["age"]
    assert used.garson.sum() == pytest.approx(1)


def test_effects_have_the_size_that_was_put_there_and_show_every_member(model_and_rows):
    model, frame = model_and_rows
    rows = frame.drop(columns="price")
    towns = effect_of(model, rows, "town")
    assert not towns.numeric
    assert towns.members.shape == (4, 4)
    order = [town for _, town in sorted(zip(towns.together, towns.values, strict=True))]
    assert order == ["Ulm", "Jena", "Bonn", "Kiel"]
    assert np.ptp(towns.together) == pytest.approx(12, rel=0.1)
    age = effect_of(model, rows, "age")
    slope = np.polyfit(np.array(age.values, float), age.together, 1)[0]
    assert slope == pytest.approx(2, rel=0.1)
    assert (np.diff(np.array(age.values, float)) > 0).all()
    assert len(effect_of(model, rows, "day").values) == 24


def test_a_table_read_from_a_file_gives_the_same_effects(model_and_rows, tmp_path):
    model, frame = model_and_rows
    frame.to_csv(tmp_path / "t.csv", index=False)
    read_again = read(tmp_path / "t.csv")
    assert targets_of(read_again, ["price"], "regression").rows.size == 400
    np.testing.assert_allclose(
        effect_of(model, read_again.drop(columns="price"), "town").together,
        effect_of(model, frame.drop(columns="price"), "town").together,
        rtol=1e-6,
    )


SPELLINGS = {
    "decimal comma": lambda v: f"{v:.1f}".replace(".", ","),
    "unit": lambda v: f"{v:.1f} kg",
    "percent": lambda v: f"{v:.1f} %",
    "currency": lambda v: f"${v:.1f}",
    "thousands": lambda v: f"{1000 * v:,.1f}",
    "short": lambda v: f"{v:.1f}M",
    "bracket": lambda v: f"({v:.1f})",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_effects_of_numbers_are_those_of_the_cells_however_they_are_written(spelling):
    x = np.random.default_rng(5).uniform(1, 90, 200).round(1)
    rows = pd.DataFrame({"x": [SPELLINGS[spelling](v) for v in x]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", shoal.TableWarning)  # how the cells are read
        model = shoal.fit(rows.assign(y=2 * x), "y", settings={"n_networks": 2, "max_iter": 3})
    found = model.effect(rows, "x")
    assert found.numeric
    assert list(found.values) == sorted(found.values)
    assert all(isinstance(value, float) for value in found.values)
    read = model["prepare"]["typed"].transform(rows)["x"].to_numpy(float)
    cells = [rows["x"].iloc[int(np.flatnonzero(read == value)[0])] for value in found.values]
    # the mean over equal rows and the merged network add up in another order
    np.testing.assert_allclose(found.together, model.predict(pd.DataFrame({"x": cells})), rtol=1e-9)


def test_olden_and_garson_of_a_network_with_numbers_by_hand():
    """Two inputs, two units: W1 = [[1, -2], [3, 1]], W2 = [[2, -1]]; the sums are worked out in the comments."""
    parameters = Parameters(np.array([[[1.0, -2.0], [3.0, 1.0]]]), np.zeros((1, 2, 1)), np.array([[[2.0, -1.0]]]), np.zeros((1, 1, 1)))
    encoding = fit_encoding(np.random.default_rng(0).standard_normal((9, 2)), ramps=False)
    net = Network(
        Population(parameters, np.array([2]), np.ones((1, 2), bool)), np.ones(1), "tanh", "sigmoid", encoding, None, (), ("a", "b"), {}
    )
    np.testing.assert_allclose(olden(net)[:, 0], [2 * 1 - 3, 2 * -2 - 1])
    # unit 1: |W2| = 2, shares 1/3 and 2/3; unit 2: |W2| = 1, shares 3/4 and 1/4; together 2/3 + 3/4 and 4/3 + 1/4 of 3
    np.testing.assert_allclose(garson(net)[:, 0], [(2 / 3 + 3 / 4) / 3, (4 / 3 + 1 / 4) / 3])


def test_a_profile_is_the_prediction_where_the_others_have_their_quantile():
    net = shoal_of("quantile", ramps=False)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    found = profile(net, frame, "b", quantiles=(0.0, 0.5))
    assert found.answers.shape == (2, 100)
    row = [np.median(X[:, 0]), found.values[7], np.median(X[:, 2])]
    np.testing.assert_allclose(found.answers[1, 7], predict(net, np.array([row]))[0, 0], rtol=1e-12)
    assert (found.values[0], found.values[-1]) == (X[:, 1].min(), X[:, 1].max())
    with pytest.raises(InvalidParameterError, match="'d' is no column of numbers; those are a, b, c"):
        profile(net, frame, "d")
    with pytest.raises(InvalidParameterError, match="numbers from 0 to 1"):
        profile(net, frame, "a", quantiles=(0.5, 50))


def test_cells_that_are_no_numbers_are_held_at_the_most_frequent():
    assert list(held_cells(pd.Series(["x", "y", "y"]), None, (0, 1))) == ["y", "y"]
    assert list(held_cells(pd.Series(["1", "3"]), pd.Series([1.0, 3.0]), (0, 0.5))) == [1, 2]
