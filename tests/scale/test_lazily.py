"""Answers on Dask collections: lazy, block by block, with the right dtype, names and chunks, and the local numbers."""

import numpy as np
import pandas as pd
import pytest

import shoal
from shoal import ShoalClassifier, ShoalRegressor
from shoal.errors import ColumnsError, DataError

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

QUICK = {"max_iter": 2, "n_networks": 2, "random_state": 0, "hidden_layer_sizes": 5}
EXACT = 1e-12  # sums of a product over another number of rows


def rows(m=90):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(m, 3))
    return X, X[:, 0] + X[:, 1] * X[:, 2]


@pytest.fixture(scope="module")
def classifier():
    X, z = rows()
    return ShoalClassifier(**QUICK).fit(X, np.array(["low", "high", "top"])[(z > 0).astype(int) + (z > 1)])


@pytest.fixture(scope="module")
def regressor():
    X, z = rows()
    return ShoalRegressor(**QUICK).fit(X, z)


def collection(X, chunks=25):
    return da.from_array(X, chunks=(chunks, 2))  # columns in two chunks too


def test_classes_and_probabilities_of_an_array(classifier):
    X, _ = rows()
    found, p = classifier.predict(collection(X)), classifier.predict_proba(collection(X))
    assert isinstance(found, da.Array)
    assert found.dtype == classifier.classes_.dtype
    assert found.chunks == ((25, 25, 25, 15),)
    assert p.chunks == ((25, 25, 25, 15), (3,))
    np.testing.assert_array_equal(found.compute(), classifier.predict(X))
    np.testing.assert_allclose(p.compute(), classifier.predict_proba(X), rtol=EXACT)


def test_nothing_is_computed_before_it_is_asked_for(regressor):
    touched = []

    def block(i):
        touched.append(i)
        return np.zeros((10, 3))

    X = da.concatenate([da.from_delayed(dask.delayed(block)(i), (10, 3), float) for i in range(3)])
    answer = regressor.predict(X)
    assert touched == []
    answer[:10].compute(scheduler="synchronous")
    assert touched == [0]


def test_blocks_of_unknown_size(regressor):
    X, _ = rows()
    some = collection(X)
    some = some[some[:, 0] > 0]
    assert np.isnan(some.shape[0])
    np.testing.assert_allclose(regressor.predict(some).compute(), regressor.predict(X[X[:, 0] > 0]), rtol=EXACT)


@pytest.mark.filterwarnings("ignore::shoal.UncalibratedWarning")
def test_two_answers_are_two_collections(regressor):
    X, _ = rows()
    mean, std = regressor.predict(collection(X), return_std=True)
    here = regressor.predict(X, return_std=True)
    np.testing.assert_allclose(np.stack([mean.compute(), std.compute()]), here, rtol=1e-9)  # spreads differ from a shared mean
    assert mean.chunks == std.chunks == ((25, 25, 25, 15),)


@pytest.mark.filterwarnings("ignore::shoal.UncalibratedWarning")
def test_several_targets_and_quantiles():
    X, z = rows()
    model = ShoalRegressor(**QUICK, calibration="split").fit(X, np.column_stack([z, -z]))
    assert model.predict(collection(X)).chunks == ((25, 25, 25, 15), (2,))
    quantiles = model.predict_quantiles(collection(X), [0.1, 0.5, 0.9])
    assert quantiles.shape == (90, 2, 3)
    np.testing.assert_allclose(quantiles.compute(), model.predict_quantiles(X, [0.1, 0.5, 0.9]), rtol=1e-9)


def test_a_frame_keeps_its_index_and_divisions(classifier):
    X, _ = rows()
    frame = pd.DataFrame(X, columns=list("abc"), index=np.arange(90) // 2 * 3)  # duplicates
    y = classifier.predict(X)
    model = ShoalClassifier(**QUICK).fit(frame, y)
    parts = dd.from_pandas(frame, npartitions=3)
    found, p = model.predict(parts), model.predict_proba(parts)
    assert found.divisions == parts.divisions
    assert found.dtype == pd.Series(model.predict(frame)).dtype
    assert list(p.columns) == list(model.classes_)
    assert set(p.dtypes) == {np.dtype(float)}
    pd.testing.assert_series_equal(found.compute(), pd.Series(model.predict(frame), index=frame.index))
    pd.testing.assert_frame_equal(p.compute(), pd.DataFrame(model.predict_proba(frame), frame.index, model.classes_), rtol=EXACT)


@pytest.mark.filterwarnings("ignore::shoal.UncalibratedWarning")  # of every block: Python cannot keep a thread's warnings from it
def test_an_empty_partition(regressor):
    X, _ = rows()
    frame = pd.DataFrame(X, columns=list("abc")).assign(a=np.arange(90.0))
    model = ShoalRegressor(**QUICK).fit(frame, X[:, 0])
    parts = dd.from_pandas(frame, npartitions=3)
    parts = parts[parts["a"] < 40]
    assert parts.map_partitions(len).compute().tolist() == [30, 10, 0]
    wanted = model.predict(frame[:40])
    np.testing.assert_allclose(model.predict(parts).compute(), wanted, rtol=EXACT)
    mean, std = model.predict(parts, return_std=True)
    assert mean.compute().shape == std.compute().shape == wanted.shape


def test_a_raw_models_answers_are_named_after_its_target():
    X, z = rows()
    frame = pd.DataFrame({"size": X[:, 0], "kind": np.array(["p", "q", None])[np.arange(90) % 3], "price": z})
    model = shoal.fit(frame, "price", settings=QUICK)
    parts = dd.from_pandas(frame, npartitions=2)
    found = shoal.dask.predict(model, parts)
    assert found.name == "price"
    np.testing.assert_allclose(found.compute(), model.predict(frame), rtol=EXACT)
    grade = shoal.fit(frame.assign(price=(z > 0)), "price", settings=QUICK)
    assert list(shoal.dask.predict_proba(grade, parts).columns) == [False, True]


def test_sets_of_classes_are_named_after_the_classes(client):
    X, z = rows()
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "grade": np.array(["high", "low"], object)[(z > 0).astype(int)]})
    model = shoal.fit(frame, "grade", settings={**QUICK, "calibration": "split"})
    found = model.predict_set(dd.from_pandas(frame, npartitions=2), 0.8)
    assert list(found.columns) == ["high", "low"]
    np.testing.assert_array_equal(found.compute(), model.predict_set(frame, 0.8))
    of_array = ShoalClassifier(**QUICK, calibration="split").fit(X, frame["grade"])
    np.testing.assert_array_equal(of_array.predict_set(collection(X), 0.8).compute(), of_array.predict_set(X, 0.8))


def test_wrong_columns_are_refused_at_once(regressor):
    X, z = rows()
    with pytest.raises(ValueError, match="X has 2 features, but ShoalRegressor is expecting 3"):
        regressor.predict(da.zeros((10, 2)))
    model = shoal.fit(pd.DataFrame({"a": X[:, 0], "y": z}), "y", settings=QUICK)
    with pytest.raises(ColumnsError, match="'a'"):
        shoal.dask.predict(model, dd.from_pandas(pd.DataFrame({"b": [1.0, 2.0]}), npartitions=1))


def test_blocks_are_answered_on_workers(client, classifier):
    X, _ = rows()
    found = classifier.predict_proba(collection(X))
    np.testing.assert_allclose(client.compute(found).result(), classifier.predict_proba(X), rtol=EXACT)


def test_rows_in_memory_are_sent_to_the_model(regressor):
    X, _ = rows()
    with pytest.raises(DataError, match=r"X is a ndarray in memory, .*call model\.predict\(X\)"):
        shoal.dask.predict(regressor, X)
