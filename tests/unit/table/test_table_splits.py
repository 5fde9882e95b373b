"""Held-out rows: at random, whole groups, or the last in time."""

import numpy as np
import pandas as pd
import pytest

from shoal.errors import TableError
from shoal.table import read, split_groups, split_rows, split_time
from shoal.table.cells import text_cells
from shoal.table.splits import group_names
from shoal.table_models.cut import Cut
from shoal.table_models.splits import Split, frame_of, sides


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


def spellings_of_sites():
    """Ten sites of twelve rows each as whole numbers, in the types and spellings that files and programs give them."""
    sites = np.tile(np.arange(10), 12)
    mixed = [("%02d", "%d", "%d.0")[i % 3] % site for i, site in enumerate(sites)]
    found = {"int": sites, "float": sites.astype(float), "plain": sites.astype(str), "zeros": [f"{s:02d}" for s in sites], "mixed": mixed}
    return {name: pd.Series(cells, name="site") for name, cells in found.items()}


@pytest.mark.parametrize("spelled", ["float", "plain", "zeros", "mixed"])
def test_groups_that_are_whole_numbers_are_one_however_they_are_spelled(spelled, tmp_path):
    cells = spellings_of_sites()
    names, notes = group_names(cells[spelled])
    assert text_cells(names).tolist() == cells["plain"].tolist()
    assert len(notes) == (spelled == "mixed")
    assert all("'00' and '0.0'" in note.text or "'0' and '0.0' and '00'" in note.text for note in notes)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"site": cells[spelled], "x": rng.normal(size=120), "y": rng.normal(size=120)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    split = Split(None, None, 0.3, "site", None, 0)
    ours = sides(frame_of(frame.assign(site=cells["int"])), ("y",), split)
    for rows in (frame_of(frame), read(tmp_path / "t.csv", codes=["site"])):
        train, held, _, _ = sides(rows, ("y",), split)
        assert train.inputs.index.equals(ours[0].inputs.index)
        assert set(train.roles["groups"]).isdisjoint(held.roles["groups"])
        pieces = Cut(0, 0.3, groups="site").held(rows)  # in blocks
        np.testing.assert_array_equal(pieces, Cut(0, 0.3, groups="site").held(frame_of(frame.assign(site=cells["int"]))))


def test_names_that_are_no_whole_numbers_and_those_that_shall_stay_apart_do():
    names, notes = group_names(pd.Series(["5", "05", "5.5", "5e0", "x05", None], name="site"), False)
    assert (names.tolist()[:5], notes) == (["5", "05", "5.5", "5e0", "x05"], ())
    names, _ = group_names(pd.Series(["5.5", "5e0", "x05", "1" * 40], name="site"))
    assert names.tolist() == ["5.5", "5e0", "x05", "1" * 40]
