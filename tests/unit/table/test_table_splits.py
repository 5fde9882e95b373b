"""Held-out rows: at random, whole groups, or the last in time."""

import numpy as np
import pandas as pd
import pytest

from shoal.errors import TableError
from shoal.table import split_groups, split_rows, split_time


def check(train: np.ndarray, test: np.ndarray, n: int) -> None:
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(n))
    assert len(train)
    assert len(test)
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()


def test_rows_are_stratified_and_repeatable():
    y = np.array(["a"] * 80 + ["b"] * 20)
    train, test = split_rows(100, y, seed=3)
    check(train, test, 100)
    assert (y[test] == "b").sum() == 4
    np.testing.assert_array_equal(test, split_rows(100, y, seed=3)[1])
    assert not np.array_equal(test, split_rows(100, y, seed=4)[1])
    check(*split_rows(100, seed=0, test_fraction=0.5), 100)
    check(*split_rows(10, np.eye(2)[[0, 1] * 5], seed=0), 10)
    check(*split_rows(100, y, stratify=False, seed=0), 100)
    check(*split_rows(10, np.linspace(0, 1, 10), seed=0), 10)


def test_a_class_of_one_row_stays_in_training():
    y = np.array(["a"] * 10 + ["b"] * 10 + ["c"])
    for seed in range(10):
        train, test = split_rows(21, y, seed=seed)
        check(train, test, 21)
        assert 20 in train


def test_more_classes_than_held_out_rows():
    y = np.repeat(np.arange(9), 2)
    for seed in range(10):
        train, test = split_rows(18, y, seed=seed)
        check(train, test, 18)
        assert set(y[test]) <= set(y[train])


def test_groups_stay_on_one_side():
    groups = pd.Series(np.repeat([f"g{i}" for i in range(10)], [1, 1, 1, 1, 1, 1, 1, 1, 1, 31]), name="patient")
    train, test = split_groups(groups, seed=0)
    check(train, test, 40)
    assert not set(groups.iloc[train]) & set(groups.iloc[test])
    assert len(test) == 2  # not the group that holds most of the rows
    np.testing.assert_array_equal(test, split_groups(groups, seed=0)[1])


def test_groups_that_hold_a_class_alone():
    groups = pd.Series(["g", "g", "h", "h", "i", "i"], name="g")
    y = np.array(["a", "b", "a", "b", "c", "a"])
    train, test = split_groups(groups, y, seed=0)
    assert set(y[test]) <= set(y[train])
    with pytest.raises(TableError, match=r"stand only in the groups of 'g'.*another seed"):
        split_groups(groups.iloc[:4], np.array(["a", "a", "b", "b"]))


@pytest.mark.parametrize(
    "times",
    [
        pd.Series([5, 3, 1, 4, 2, 0, 6, 7, 9, 8]),
        pd.Series(pd.date_range("2024-01-01", periods=10)).iloc[[5, 3, 1, 4, 2, 0, 6, 7, 9, 8]],
        pd.Series([f"{day + 1:02}/12/2024" for day in (5, 3, 1, 4, 2, 0, 6, 7, 9, 8)]),
    ],
)
def test_the_last_rows_in_time(times):
    train, test = split_time(times)
    check(train, test, 10)
    assert test.tolist() == [8, 9]


def test_rows_of_one_time_stay_together():
    times = pd.Series([1, 1, 1, 1, 2, 2, 2, 2, 2, 3])
    assert split_time(times)[1].tolist() == [9]  # one row is nearer to two than six are
    assert split_time(times, test_fraction=0.5)[1].tolist() == [4, 5, 6, 7, 8, 9]
    assert split_time(pd.Series([1, 2, 2, 2, 2]))[1].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (lambda: split_rows(3), "3 rows are too few"),
        (lambda: split_rows(10, test_fraction=1.5), "test_fraction=1.5"),
        (lambda: split_rows(4, np.arange(4)), "one row only"),
        (lambda: split_groups(pd.Series(["a"] * 5, name="g")), "'g' has one group only, 'a'"),
        (lambda: split_groups(pd.Series(["a", None, "b", ""], name="g")), r"group column 'g' is empty in row 2 \(2 of 4 rows\)"),
        (lambda: split_time(pd.Series([1, 2, None, 3], name="t")), "time column 't' is empty in row 3"),
        (lambda: split_time(pd.Series([1] * 5, name="t")), "'t' has one value only"),
        (lambda: split_time(pd.Series(["a", "b", "c", "d"], name="t")), "must hold dates or numbers; 4 of 4 rows hold 'a'"),
        (lambda: split_time(pd.Series([1, 2, 3, np.inf], name="t")), "infinity in row 4"),
        (lambda: split_time(pd.Series(range(10), name="t"), np.array(["a"] * 9 + ["b"])), r"'b'.*the last rows by 't'"),
    ],
)
def test_what_cannot_be_split_is_named(split, message):
    with pytest.raises(TableError, match=message):
        split()
