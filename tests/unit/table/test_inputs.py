"""Choice of columns: `inputs=` learns from the named columns alone, with every source of rows, and is kept in the model."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import shoal
from shoal.cli import app
from shoal.errors import ColumnsError, InvalidParameterError, TableError
from shoal.report.contents import command

FAST = {"n_networks": 1, "max_iter": 2}
RNG = np.random.default_rng(0)
N = 120
TABLE = pd.DataFrame({name: RNG.normal(size=N) for name in ("a", "b", "c", "long name")})
TABLE["who"] = np.repeat([f"p{k}" for k in range(20)], 6)
TABLE["day"] = np.arange(N)
TABLE["weight"] = RNG.integers(1, 4, N)
TABLE["y"] = TABLE["a"] * 2 + TABLE["b"] + RNG.normal(size=N) / 9


def fitted(table: Any = TABLE, **given: Any) -> Any:
    return shoal.fit(table, "y", **{"settings": FAST, "look": lambda seen: None} | given)


@pytest.mark.parametrize(
    "given",
    [{}, {"groups": "who"}, {"time": "day"}, {"weights": "weight"}, {"refit": True}],
    ids=["alone", "groups", "time", "weights", "refit"],
)
def test_the_model_is_that_of_a_table_with_these_columns_alone(given, tmp_path):
    model = fitted(inputs=["b", "a"], **given)
    rest = [name for name in given.values() if isinstance(name, str)]
    alone = {"inputs": ["a", "b"]} if "time" in given else {}  # times are an input unless others are named
    bare = fitted(TABLE[["a", "b", *rest, "y"]], **alone, **given)
    rows = TABLE[["b", "a"]].head(9)
    np.testing.assert_array_equal(model.predict(rows), bare.predict(rows))
    assert list(model.feature_names_in_) == ["a", "b"], "in the order of the table"
    np.testing.assert_array_equal(model.predict(TABLE.head(9)), model.predict(rows))  # other columns of the table may be there
    shoal.save(model, tmp_path / "m.shoal")
    loaded = shoal.load(tmp_path / "m.shoal")
    assert loaded.facts_ == model.facts_
    assert loaded.facts_.inputs == ("b", "a")
    np.testing.assert_array_equal(loaded.predict(rows), model.predict(rows))


def test_inputs_are_what_is_left_where_all_others_are_dropped():
    others = ["c", "long name", "who", "day", "weight"]
    np.testing.assert_array_equal(fitted(inputs=["a", "b"]).predict(TABLE), fitted(drop=others).predict(TABLE))


@pytest.mark.parametrize("given", [{"inputs": ["a", "day"]}, {}], ids=["named", "all columns"])
def test_a_column_of_times_is_an_input_if_it_is_named_or_none_is(given):
    assert "day" in fitted(time="day", **given).feature_names_in_
    assert "day" not in fitted(time="day", inputs=["a"]).feature_names_in_


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"inputs": ["a", "longname"]}, ColumnsError, "no column 'longname' to be an input; the nearest names are 'long name'"),
        ({"inputs": ["a"], "drop": ["c"]}, InvalidParameterError, "set one of the two"),
        ({"inputs": []}, InvalidParameterError, "inputs=.* names no column"),
        ({"inputs": ["a", "y"]}, TableError, "'y' is the target column"),
        ({"inputs": ["a", "who"], "groups": "who"}, TableError, "'who' is the groups column"),
        ({"inputs": ["a", "weight"], "weights": "weight"}, TableError, "'weight' is the weights column"),
        ({"inputs": ["a"], "categories": ["day"]}, TableError, "'day' is among the categories"),
        ({"inputs": ["a"], "monotonic_cst": {"b": 1}}, InvalidParameterError, "'b', which is no input of the model"),
        ({"inputs": 5}, ColumnsError, "no column '5' to be an input"),
    ],
)
def test_what_cannot_be_an_input_is_named(given, error, words):
    with pytest.raises(error, match=words):
        fitted(**given)


@pytest.mark.parametrize("way", [shoal.look, shoal.cross_validate])
def test_the_other_ways_to_a_table_take_and_refuse_the_same(way):
    with pytest.raises(ColumnsError, match="the nearest names are 'long name'"):
        way(TABLE, "y", inputs=["longname"])


def test_look_and_cross_validation_take_the_same_columns():
    seen = shoal.look(TABLE, "y", inputs=["a", "b"], time="day").to_frame()["read as"]
    assert seen.to_dict() == dict.fromkeys(TABLE.columns, "dropped") | {"a": "number", "b": "number", "day": "time", "y": "target: number"}
    some, alone = (
        shoal.cross_validate(table, "y", inputs=["a", "b"], folds=2, peers=False, settings=FAST)
        for table in (TABLE, TABLE[["a", "b", "y"]])
    )
    np.testing.assert_array_equal(some.predictions["prediction"], alone.predictions["prediction"])
    assert "inputs ['a', 'b']" in some.statement


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("inputs") / "t.csv"
    TABLE.to_csv(path, index=False)
    return path


def test_the_command_takes_them_and_the_report_repeats_it(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    few = [part for name, value in FAST.items() for part in ("--set", f"{name}={value}")]
    done = CliRunner().invoke(
        app, ["fit", "t.csv", "--target", "y", "--inputs", "a", "--inputs", "long name", "--yes", "-o", "m.shoal", *few]
    )
    assert done.exit_code == 0, done.output
    model = shoal.load("m.shoal")
    assert list(model.feature_names_in_) == ["a", "long name"]
    line = command(model.facts_, model["estimator"])
    assert "--inputs a --inputs 'long name'" in line
    assert "--drop" not in line
    refused = CliRunner().invoke(app, ["fit", "t.csv", "--target", "y", "--inputs", "a", "--drop", "b", *few]).exception
    assert isinstance(refused, InvalidParameterError)


def test_each_of_several_targets_has_the_same_inputs(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    few = [part for name, value in FAST.items() for part in ("--set", f"{name}={value}")]
    command = ["fit", "t.csv", "--target", "y", "--target", "c", "--each", "--inputs", "a", "--inputs", "b", "--yes", *few]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert [shoal.load(f"t-{name}.shoal").facts_.inputs for name in "yc"] == [("a", "b")] * 2
