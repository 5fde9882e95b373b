"""What `shoal.fit` returns is one object: a Pipeline whose every method takes the rows of the raw table."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline

import shoal
from shoal.errors import InvalidParameterError
from shoal.table import prepared_rows
from shoal.table_models.inspect import diagnose_table, importance_of, uses_of
from shoal.table_models.predict import predictions

QUICK = {"n_networks": 4, "hidden_layer_sizes": 4, "max_iter": 20}


def houses(m=200, seed=0):
    rng = np.random.default_rng(seed)
    area, kind = rng.uniform(20, 200, m), rng.choice(["flat", "house", "hut"], m)
    price = 3 * area + 100 * (kind == "house") + 20 * rng.standard_normal(m)
    return pd.DataFrame({"area": area, "kind": kind, "price": price})


@pytest.fixture(scope="module")
def priced():
    return shoal.fit(houses(), "price", settings={**QUICK, "calibration": "cv+"})


@pytest.fixture(scope="module")
def sorted_out():
    return shoal.fit(houses(), "kind", settings=QUICK)


def test_raw_rows_get_what_the_estimator_says_of_prepared_ones(priced):
    rows = houses(20, seed=1)
    X, estimator = prepared_rows(priced["prepare"], rows), priced["estimator"]
    np.testing.assert_array_equal(priced.predict_interval(rows, 0.8), estimator.predict_interval(X, 0.8))
    np.testing.assert_array_equal(priced.predict_quantiles(rows, [0.1, 0.9]), estimator.predict_quantiles(X, [0.1, 0.9]))
    np.testing.assert_array_equal(priced.predict(rows, return_std=True), estimator.predict(X, return_std=True))
    np.testing.assert_array_equal(priced.outside(rows), estimator.outside(X))


def test_a_path_is_read_as_the_model_reads_cells(priced, sorted_out, tmp_path):
    rows = houses(20, seed=1)
    rows.to_csv(tmp_path / "new.csv", index=False)
    np.testing.assert_array_equal(priced.predict(tmp_path / "new.csv"), priced.predict(rows))
    np.testing.assert_array_equal(priced.predict_interval(str(tmp_path / "new.csv")), priced.predict_interval(rows))
    np.testing.assert_array_equal(sorted_out.predict_proba(tmp_path / "new.csv"), sorted_out.predict_proba(rows))
    assert sorted_out.diagnose(tmp_path / "new.csv").n_rows == 20


def test_a_model_has_the_methods_of_its_estimator_alone(priced, sorted_out):
    assert not hasattr(priced, "predict_proba")
    assert not hasattr(sorted_out, "predict_interval")
    assert not hasattr(priced[:-1], "outside")  # a slice without the estimator is of the class too


def test_columns_outside_are_those_of_the_table(priced):
    rows = houses(3, seed=1).assign(area=[100.0, 500.0, 100.0])
    found = priced.outside(rows, columns=True)
    assert list(found) == ["area", "kind"]
    np.testing.assert_array_equal(found.to_numpy(), [[False, False], [True, False], [False, False]])


def test_what_is_found_out_is_that_of_the_functions(priced, sorted_out):
    rows = houses(60, seed=2)
    assert priced.evaluate(rows).n_rows == 60
    assert list(priced.diagnose(rows)) == list(diagnose_table(priced, rows)) == list(priced.diagnose(rows, rows["price"]))
    np.testing.assert_array_equal(priced.importance(rows).falls, importance_of(priced, rows, rows["price"].to_numpy()).falls)
    np.testing.assert_array_equal(priced.sensitivities(rows), uses_of(priced, rows).sensitivity)
    assert list(priced.sensitivities(rows)) == ["price"]
    assert list(sorted_out.sensitivities(rows)) == ["P(kind=flat)", "P(kind=house)", "P(kind=hut)"]
    assert np.all(np.diff(priced.effect(rows, "area").together) > 0)  # a larger house costs more
    pd.testing.assert_frame_equal(priced.predictions(rows, interval=0.9), predictions(priced, rows, interval=0.9))


def test_wrong_arguments_are_named(priced):
    with pytest.raises(InvalidParameterError, match="'kinds' is no input of this model; its inputs are area, kind"):
        priced.effect(houses(), "kinds")
    with pytest.raises(InvalidParameterError, match="sample_weight was given without y"):
        priced.diagnose(houses(), sample_weight=np.ones(200))


def test_it_stays_a_pipeline(priced, tmp_path):
    rows = houses(20, seed=1)
    assert isinstance(priced, Pipeline)
    for same in (pickle.loads(pickle.dumps(priced)), shoal.load(shoal.save(priced, tmp_path / "model.shoal"))):
        assert type(same) is shoal.TableModel
        np.testing.assert_array_equal(same.predict_interval(rows), priced.predict_interval(rows))
    again = clone(priced)
    assert type(again) is shoal.TableModel
    assert not hasattr(again, "facts_")
    frame = houses()
    assert cross_val_score(again, frame.drop(columns="price"), frame["price"], cv=3).mean() > 0.5
    again.set_output(transform="pandas").fit(frame.drop(columns="price"), frame["price"])
    assert list(again[:-1].transform(rows)) == list(again["prepare"].get_feature_names_out())
    assert again.predict_interval(rows)[0].shape == (20,)


def test_the_report_is_a_method_too(priced, tmp_path):
    pytest.importorskip("matplotlib")
    assert priced.write_report(houses(), tmp_path / "houses.html").stat().st_size > 10_000
