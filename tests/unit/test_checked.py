"""What scikit-learn's checks refuse is a named error; what they let pass in silence is refused or read right."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import shoal
from shoal import ShoalClassifier, ShoalRegressor
from shoal.encoding import fit_encoding, fit_target
from shoal.errors import DataError, DataTypeError, LargeColumnError, ModelFileError, OutputError, TableError
from shoal.table_models.fit import evaluate

pytestmark = pytest.mark.filterwarnings("ignore:X has feature names")  # scikit-learn's, of a frame after an array

QUICK = {"n_networks": 2, "hidden_layer_sizes": 4, "max_iter": 3, "random_state": 0}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X[:, 0] + 0.1 * RNG.normal(size=40)
LABELS = np.where(Y > 0, "a", "b")
FIRST = np.arange(40) == 0
DAYS = np.datetime64("2020-01-01") + np.arange(40)

ROWS = {
    "nothing": None,
    "a text": "abc",
    "a mapping": {"a": 1},
    "a generator": (x for x in X),
    "one axis": X[:, 0],
    "three axes": X[:, :, None],
    "no rows": X[:0],
    "no columns": X[:, :0],
    "gaps": np.where(X > 1, np.nan, X),
    "infinity": np.where(X > 1, np.inf, X),
    "complex": X + 1j,
    "a matrix": np.asmatrix(X),
    "a whole number beyond floats": np.full((40, 3), 10**400, object),
    "masked cells": np.ma.masked_array(X, X > 1),
    "dates": np.column_stack([DAYS] * 3),
    "a frame of dates": pd.DataFrame({"a": DAYS, "b": DAYS, "c": DAYS}),
    "a frame with dates": pd.DataFrame({"a": DAYS, "b": Y, "c": Y}),
    "a frame with texts": pd.DataFrame({"a": LABELS, "b": Y, "c": Y}),
    "two columns of one name": pd.DataFrame(X, columns=["a", "b", "b"]),
    "names of several types": pd.DataFrame(X, columns=["a", 1, None]),
    "sparse complex": sparse.csr_array(X + 1j),
}
TARGETS = {
    "nothing": None,
    "one number": 3,
    "too few": LABELS[:3],
    "gaps": np.where(FIRST, None, LABELS),
    "pandas' gaps": pd.Series(np.where(FIRST, None, LABELS)).astype("string"),
    "numbers and texts": np.array([1, "a"] * 20, object),
    "sets": [{1}, {2}] * 20,
    "bytes": LABELS.astype("S"),
    "complex": Y + 1j,
    "masked cells": np.ma.masked_array(Y > 0, FIRST),
}
WEIGHTS = {
    "below 0": np.where(FIRST, -1, 1),
    "all 0": np.zeros(40),
    "a gap": np.where(FIRST, np.nan, 1),
    "too few": np.ones(3),
    "two axes": np.ones((40, 2)),
    "texts": ["x"] * 40,
    "a mapping": {0: 1},
    "sparse": sparse.csr_array(np.ones((1, 40))),
    "a sum beyond floats": np.full(40, 1e308),
    "masked cells": np.ma.masked_array(np.ones(40), FIRST),
    "durations": np.arange(40).astype("m8[D]"),
}


@pytest.fixture(scope="module")
def regressor():
    return ShoalRegressor(**QUICK).fit(X, Y)


@pytest.fixture(scope="module")
def classifier():
    return ShoalClassifier(**QUICK).fit(X, LABELS)


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_rows_of_no_use_are_refused_by_name(rows, regressor):
    for use in (lambda: ShoalRegressor(**QUICK).fit(rows, Y), lambda: regressor.predict(rows), lambda: regressor.outside(rows)):
        with pytest.raises(DataError, match=r"X|samples|array|[Ff]eature|names"):
            use()


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_targets_of_no_use_are_refused_by_name(y, classifier):
    for use in (lambda: ShoalClassifier(**QUICK).fit(X, y), lambda: ShoalRegressor(**QUICK).fit(X, y)):
        with pytest.raises(DataError):
            use()
    with pytest.raises(DataError):
        classifier.score(X, y)


@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
def test_weights_of_no_use_are_refused_by_name(weight):
    with pytest.raises(DataError, match=r"[Ss]ample.?weight"):
        ShoalRegressor(**QUICK).fit(X, Y, weight)


def test_a_refusal_is_short_says_where_and_what_to_do_and_is_a_type_error_where_scikit_learns_is():
    with pytest.raises(DataError, match=r"^y contains NaN or another gap, the first in row 1; leave out the rows without a target$"):
        ShoalClassifier(**QUICK).fit(X, TARGETS["gaps"])
    with pytest.raises(DataError, match=r"shoal\.fit") as refused:
        ShoalRegressor(**QUICK).fit(ROWS["gaps"], Y)
    assert len(str(refused.value)) < 200
    with pytest.raises(DataTypeError) as refused:
        ShoalRegressor(**QUICK).fit(ROWS["a mapping"], Y)
    assert isinstance(refused.value, TypeError)


def test_several_labels_are_0_and_1_and_nothing_else():
    for low, high in ((0, 2), (-1, 1)):
        with pytest.raises(DataError, match=rf"column \d of y has {low or high} in row"):
            ShoalClassifier(**QUICK).fit(X, np.column_stack([np.where(Y > 0, high, low), np.where(Y > 0, low, high)]))


def test_a_regression_does_not_read_dates_as_numbers_and_a_classifier_may_have_them_as_labels():
    with pytest.raises(DataError, match="y holds dates"):
        ShoalRegressor(**QUICK).fit(X, DAYS)
    assert ShoalClassifier(**QUICK).fit(X, np.where(Y > 0, DAYS[0], DAYS[1])).classes_.tolist() == DAYS[:2].tolist()


@pytest.mark.parametrize("classes", [[], ["a", 1], [np.nan, 1.0], 2, "ab", [["a"], ["b"]], [b"a", b"b"]])
def test_classes_of_no_use_are_refused_by_name(classes):
    with pytest.raises(DataError, match="classes"):
        ShoalClassifier(**QUICK).partial_fit(X, LABELS, classes=classes)


def test_classes_may_be_a_set():
    assert ShoalClassifier(**QUICK).partial_fit(X, LABELS, classes={"a", "b"}).classes_.tolist() == ["a", "b"]


# --- magnitudes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-150, 1e-200, 1e-300])
def test_columns_of_tiny_numbers_are_scaled_as_others_are(scale):
    for rows in (X, sparse.csr_array(X)):
        plain, tiny = fit_encoding(rows, ramps=False), fit_encoding(rows * scale, ramps=False)
        np.testing.assert_allclose(tiny.center, plain.center * scale, rtol=1e-9)
        np.testing.assert_allclose(tiny.scale, plain.scale * scale, rtol=1e-9)
    assert fit_encoding(np.full((40, 1), scale), ramps=False).scale.tolist() == [1.0]
    with pytest.raises(DataError, match=r"^y holds numbers so small"):
        fit_target(Y[:, None] * scale)


def test_a_column_of_too_large_numbers_is_named_as_the_caller_names_it():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame["b"] *= 1e300  # of a single cell the limit would count
    with pytest.raises(DataError, match=r"^column 'b' holds numbers so large"):
        ShoalRegressor(**QUICK).fit(frame, Y)
    with pytest.raises(DataError, match=r"^column 'b' holds numbers so large"):
        shoal.fit(frame.assign(t=Y), "t", settings=QUICK, test_fraction=0.1, seed=1)
    with pytest.raises(DataError, match=r"^the target 'b' holds numbers so large"):
        shoal.fit(frame, "b", settings=QUICK, test_fraction=0.1, seed=1)
    with pytest.raises(LargeColumnError, match=r"^column 1 of X") as refused:
        ShoalRegressor(**QUICK).fit(frame.to_numpy(), Y)
    assert pickle.loads(pickle.dumps(refused.value)).column == 1  # as a search's workers send it


def test_no_answer_is_other_than_finite():
    model = ShoalRegressor(**QUICK, calibration="cv+").fit(X, Y)
    rows = np.where(FIRST[:, None], 1.7e308, X)
    asked = (
        model.predict,
        lambda X: model.predict(X, return_std=True),
        model.predict_interval,
        lambda X: model.predict_quantiles(X, [0.1, 0.9]),
    )
    for ask in asked:
        with pytest.raises(DataError, match=r"^row 1 of X holds a number so large"):
            ask(rows)


# --- files and tables -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [None, 3, b"x", [], {}, "", object()])
def test_what_is_no_path_is_refused_by_name(path, regressor):
    for read in (shoal.load, shoal.from_json):
        with pytest.raises(ModelFileError, match="path"):
            read(path)
    with pytest.raises(OutputError, match="path"):
        shoal.save(regressor, path)


def test_the_content_of_a_file_in_place_of_its_path_is_not_printed_whole():
    with pytest.raises(ModelFileError, match="not what it holds") as refused:
        shoal.from_json('{"a": ' * 1000)
    assert len(str(refused.value)) < 500


def test_a_table_of_one_row_or_of_one_value_is_scored_and_polars_frames_pass_between_the_steps():
    table = pd.DataFrame(X, columns=["a", "b", "c"]).assign(t=Y)
    model = shoal.fit(table, "t", settings=QUICK)
    assert set(evaluate(model, table[:1]).metrics) == {"rmse", "mae"}
    assert evaluate(model, table.assign(t=0.5)).n_rows == 40
    with pytest.raises(TableError, match="text where numbers must be"):
        evaluate(model, table.assign(t="high"))
    pytest.importorskip("polars")
    expected = model.predict(table)
    np.testing.assert_array_equal(model.set_output(transform="polars").predict(table), expected)
