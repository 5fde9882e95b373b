"""Monotone predictions of raw tables: directions by columns of the table, and what is reported of the weights."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import shoal
from shoal.errors import InvalidParameterError
from shoal.table_models.distill import distilled
from shoal.table_models.monotone import in_words, monotone_columns, wanted_directions

FAST = {"n_networks": 2, "hidden_layer_sizes": 4, "max_iter": 4}


def cars(m=120):
    """Numbers with gaps, a truth value, a category and dates; the target falls in weight."""
    rng = np.random.default_rng(0)
    weight = rng.uniform(800, 2000, m).round()
    frame = pd.DataFrame({"weight": weight, "turbo": rng.choice(["yes", "no"], m), "make": rng.choice(["a", "b", "c"], m)})
    frame["sold"] = pd.date_range("2020-01-01", periods=m).astype(str)
    frame["power"] = rng.uniform(40, 200, m).round(1)
    frame.loc[::7, "power"] = np.nan
    return frame.assign(mpg=40 - weight / 100 + rng.normal(0, 3, m))


def test_directions_by_columns_hold_and_are_read_from_the_file(tmp_path):
    model = shoal.fit(cars(), "mpg", settings=FAST, monotonic_cst={"weight": -1, "power": 1})
    shoal.save(model, tmp_path / "cars.shoal")
    for one in (model, shoal.load(tmp_path / "cars.shoal")):
        assert {"weight": -1, "power": 1}.items() <= monotone_columns(one).items()
    rows = cars(40)
    heavier, stronger = rows.assign(weight=rows["weight"] + 300), rows.assign(power=rows["power"] + 30)
    assert (model.predict(heavier) <= model.predict(rows)).all()
    known = rows["power"].notna().to_numpy()  # a row without a value stays the same
    assert (model.predict(stronger) >= model.predict(rows))[known].all()


def test_a_table_in_blocks_keeps_them(tmp_path):
    cars().to_csv(tmp_path / "cars.csv", index=False)
    settings = FAST | {"monotonic_cst": {"weight": -1}}
    model = shoal.fit(tmp_path / "cars.csv", "mpg", settings=settings, max_memory="1GB")
    assert monotone_columns(model)["weight"] == -1


REFUSED = {
    "a column that is not there": ({"wieght": -1}, "'wieght', which is no input of the model; the nearest names are 'weight'"),
    "a category": ({"make": 1}, "'make', which is a category"),
    "a date": ({"sold": 1}, "'sold', which is a date"),
    "another number": ({"weight": 2}, "the direction of 'weight' is 2"),
    "no dict": ([1, 0], "must be a dict of columns"),
}


@pytest.mark.parametrize(("directions", "words"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_direction_is_refused_by_name(directions, words):
    with pytest.raises(InvalidParameterError, match=words):
        shoal.fit(cars(), "mpg", settings=FAST, monotonic_cst=directions)


def test_both_ways_of_setting_them_are_refused():
    with pytest.raises(InvalidParameterError, match="Set one of them"):
        shoal.fit(cars(), "mpg", settings=FAST | {"monotonic_cst": {"weight": 1}}, monotonic_cst={"weight": -1})


def test_free_networks_prove_nothing_they_do_not_have():
    model = shoal.fit(cars(), "mpg", settings=FAST | {"activation": "silu"})
    assert monotone_columns(model) == {}
    several = shoal.fit(cars(), "make", settings=FAST)  # three classes
    assert monotone_columns(several) == {}


def test_a_line_of_words():
    assert in_words({"cement": 1, "age": 1, "water": -1}) == "increasing in 'cement', 'age'; decreasing in 'water'"
    assert in_words({}) == ""


def test_a_clone_keeps_them_by_column_when_another_table_makes_other_inputs():
    """A level less or a gap more moves the inputs: directions by their number would hold for other columns, or for none."""
    table = cars()
    wanted = {"weight": -1, "power": 1}
    model = shoal.fit(table, "mpg", settings=FAST, monotonic_cst=wanted)
    assert clone(model)["estimator"].monotonic_cst == wanted
    fewer = table[table["make"] != "b"].assign(power=lambda frame: frame["power"].fillna(100.0))
    for again in (clone(model), clone(clone(model)), pickle.loads(pickle.dumps(model))):
        again.fit(fewer.drop(columns="mpg"), fewer["mpg"])
        inputs = again["prepare"].transform(fewer).shape[1]
        assert len(again["estimator"].monotonic_cst) == inputs < len(model["estimator"].monotonic_cst)
        assert wanted.items() <= monotone_columns(again).items()
        assert wanted_directions(again) == wanted


def test_a_small_network_that_learns_from_the_shoal_has_its_directions():
    model = shoal.fit(cars(), "mpg", settings=FAST, monotonic_cst={"weight": -1, "power": 1})
    assert {"weight": -1, "power": 1}.items() <= monotone_columns(distilled(model, cars(), units=3).model).items()
