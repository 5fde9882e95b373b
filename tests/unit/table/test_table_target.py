"""The target: its rows, its task, its values."""

import numpy as np
import pandas as pd
import pytest

from shoal.errors import TableError
from shoal.table import targets_of, task_of


def frame_of(**columns) -> pd.DataFrame:
    return pd.DataFrame(columns)


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (["a", "b", None], "classification"),
        ([True, False, True], "classification"),
        (["True", "False", "True"], "classification"),
        (pd.Categorical([1, 2, 3]), "classification"),
        ([0, 1, 1], "classification"),
        ([0.0, 1.0, np.nan], "classification"),
        ([1, 2, 3] * 10, "classification"),
        ([1, 2, 3] * 9, "regression"),  # 27 rows: fewer than 10 a value
        (list(range(20)) * 10, "classification"),
        (list(range(21)) * 10, "regression"),
        ([0.5, 1.5] * 20, "regression"),
        ([0.1, np.inf], "regression"),
        (["1.5", "2.5", "NA"] * 10, "regression"),
        ([*map(str, range(100)), "abc"], "regression"),  # a slip, which is then named
    ],
)
def test_task_of(cells, task):
    assert task_of(pd.Series(cells)) == task


def test_rows_without_a_target_are_left_out_and_counted():
    target = targets_of(frame_of(y=[1.5, None, 2.5, None, 4.0], x=range(5)), "y")
    assert (target.names, target.task, target.n_left_out, target.classes) == (("y",), "regression", 2, ())
    np.testing.assert_array_equal(target.rows, [0, 2, 4])
    np.testing.assert_array_equal(target.y, [1.5, 2.5, 4.0])


@pytest.mark.parametrize(
    ("cells", "labels", "classes"),
    [
        (["b", "a ", None], ["b", "a"], ("a", "b")),
        ([2.0, np.nan, 1.0], [2, 1], (1, 2)),
        (["2", "?", "1"], [2, 1], (1, 2)),
        ([True, None, False], [True, False], (False, True)),
        (["TRUE", "NA", "false"], [True, False], (False, True)),
    ],
)
def test_labels(cells, labels, classes):
    target = targets_of(frame_of(y=cells), "y")
    assert target.y.tolist() == labels
    assert target.classes == (classes,)
    assert target.y.dtype.kind in "Uib"


def test_the_task_may_be_chosen():
    frame = frame_of(y=[0.5, 1.5, 0.5, 1.5])
    assert targets_of(frame, "y", task="classification").y.tolist() == ["0.5", "1.5", "0.5", "1.5"]
    assert targets_of(frame_of(y=[0, 1]), "y", task="regression").y.dtype == np.float64
    with pytest.raises(TableError, match="task='ranking'"):
        targets_of(frame, "y", task="ranking")


def test_several_targets():
    frame = frame_of(a=[1.5, 2.5, None], b=[3, 4, 5], c=["n", "y", "n"], d=[True, False, True])
    both = targets_of(frame, ["a", "b"])
    assert (both.task, both.y.tolist(), both.n_left_out) == ("regression", [[1.5, 3], [2.5, 4]], 1)
    labels = targets_of(frame, ["c", "d"])
    assert (labels.task, labels.y.tolist()) == ("classification", [[0, 1], [1, 0], [0, 1]])
    assert labels.classes == (("n", "y"), (False, True))
    with pytest.raises(TableError, match=r"'c' has classes\. Train one model for each"):
        targets_of(frame, ["b", "c"])
    with pytest.raises(TableError, match="'b' has 3 classes"):
        targets_of(frame, ["b", "c"], task="classification")


@pytest.mark.parametrize(
    ("columns", "target", "options", "message"),
    [
        ({"price": [1, 2]}, "Prise", {}, "no column 'Prise'.*nearest names are 'price'"),
        ({"a": [1, 2], "b": [1, 2]}, "zzz", {}, "its columns are 'a', 'b'"),
        ({"y": [1, 2]}, ["y", "y"], {}, "each once"),
        ({"y": [1, 2]}, [], {}, "not named"),
        ({"y": [None, ""]}, "y", {}, "no value in any of 2 rows"),
        ({"y": ["a", "a", None]}, "y", {}, "one class only: 'a' in all 2 rows"),
        ({"y": [0.5, 0.5]}, "y", {}, "one value only: '0.5'"),
        ({"y": [*map(str, range(30)), "abc"]}, "y", {}, "numbers must be: 'abc' in row 31"),
        ({"y": ["1", "abc"]}, "y", {"task": "regression"}, "'abc' in row 2"),
        ({"y": [1.5, np.inf, 2.5]}, "y", {}, r"infinity in row 2 \(1 of 3 cells\)"),
        ({"y": [1, np.inf, 2]}, "y", {"task": "classification"}, "infinity in row 2"),
    ],
)
def test_bad_targets_are_named(columns, target, options, message):
    with pytest.raises(TableError, match=message):
        targets_of(frame_of(**columns), target, **options)


def test_a_duplicated_target_is_named():
    with pytest.raises(TableError, match="Duplicate column names: 'y'"):
        targets_of(pd.DataFrame([[1, 2, 3]], columns=["y", "y", "x"]), "y")


@pytest.mark.parametrize(
    ("classes", "cells", "labels"),
    [
        ((1, 2, 3), ["3", "1.0"], [3, 1]),
        ((1, 2, 3), [2.0, np.nan], [2]),
        ((False, True), ["True", "0"], [True, False]),
        ((False, True), [1, 1], [True, True]),
        (("a", "b"), ["a", "a"], ["a", "a"]),
        (("1", "x"), [1, 1], ["1", "1"]),
    ],
)
def test_another_table_is_read_with_the_classes_of_the_model(classes, cells, labels):
    target = targets_of(frame_of(y=cells), "y", "classification", [classes])
    assert target.y.tolist() == labels
    assert target.classes == (classes,)


def test_a_label_that_the_model_does_not_know_is_named():
    with pytest.raises(TableError, match=r"'y' holds 'c' in 2 of 3 rows.*its classes are 'a', 'b'"):
        targets_of(frame_of(y=["c", "a", "c"]), "y", "classification", [("a", "b")])
    assert targets_of(frame_of(y=[1.0]), "y", "regression", ()).y.tolist() == [1.0]
