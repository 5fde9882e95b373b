"""Columns and rows that are no measurement are found, and measurements are not taken for them: tables made for it, and the shared ones."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shoal.table import describe_columns, read
from shoal.table.coded_columns import coded
from shoal.table.notes import ColumnNote
from shoal.table.structure import Roles, structure_notes

M = 400
RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(M, 3)), columns=["a", "b", "c"])
PATIENTS = np.arange(M) // 10
# What is true of the shared tables: students of a school, days in a row, repeated rows (two of these tables are
# known for them; two thirds of each spectrum were measured again).
TRUE = {
    ("exam_scores", "school", "groups"),
    ("seoul_bike", "date", "time order"),
    ("concrete", "", "repeated rows"),
    ("meats_nir", "", "repeated rows"),
    ("yeast", "", "repeated rows"),
}


def notes_of(frame: pd.DataFrame, target: str = "", *, classes: bool = False, **roles: object) -> list[ColumnNote]:
    columns = {column.name: coded(column, frame[column.name]) for column in describe_columns(frame)}
    targets = [columns.pop(target)] if target else []
    return structure_notes(list(columns.values()), Roles(targets, classes, **roles))  # type: ignore[arg-type]


def kinds(notes: list[ColumnNote]) -> set[tuple[str, str]]:
    return {(note.column, note.kind) for note in notes}


IDENTIFIERS = {
    "from 0": np.arange(M),
    "from 1, falling": M - np.arange(M),
    "shuffled": RNG.permutation(M) + 1,
    "half of them": RNG.permutation(2 * M)[:M],
    "as text with zeros": [f"{i:05d}" for i in range(M)],
    "as floats": np.arange(M, dtype=float),
    "drawn, of 7 digits": RNG.choice(9_000_000, M, replace=False) + 1_000_000,
}


@pytest.mark.parametrize("values", IDENTIFIERS.values(), ids=IDENTIFIERS.keys())
def test_row_numbers_and_names_of_rows_are_found_whatever_their_column_is_called(values: object) -> None:
    assert kinds(notes_of(X.assign(z=values))) == {("z", "identifier")}


MEASURED = {
    "skewed and whole": RNG.lognormal(10, 1, M).round(),
    "normal and whole": RNG.normal(5e5, 8e4, M).round(),
    "prices in hundreds": (RNG.permutation(9000)[:M] + 1000) * 100,
    "ages": RNG.integers(18, 91, M),
    "sorted and skewed": np.sort(RNG.lognormal(8, 1, M).round()),
    "counts": RNG.poisson(3, M),
    "a step of 0.1": np.arange(M) / 10,
    "sorted with repeats": np.sort(RNG.integers(0, 40, M)),
    "years": np.arange(M) % 100 + 1920,
}


@pytest.mark.parametrize("values", MEASURED.values(), ids=MEASURED.keys())
def test_measurements_are_no_identifiers_and_no_groups(values: object) -> None:
    assert not notes_of(X.assign(z=values))


ANSWERS = {
    "equal": (lambda y: y, False),
    "another unit, rounded": (lambda y: (y * 1.8 + 32).round(3), False),
    "rising with it": (np.exp, False),
    "classes by other names": (lambda y: np.where(y > 0, "yes", "no"), True),
    "finer than the classes": (lambda y: np.where(y > 1, "high", np.where(y > 0, "mid", "low")), True),
    "empty in one class": (lambda y: np.where(y > 0, np.abs(np.sin(y * 1e4)), np.nan), True),
}


@pytest.mark.parametrize(("make", "classes"), ANSWERS.values(), ids=ANSWERS.keys())
def test_a_column_that_gives_the_target_away_is_found(make: object, classes: bool) -> None:
    y = RNG.normal(size=M).round(6)
    frame = X.assign(z=make(y), y=np.where(y > 0, "A", "B") if classes else y)  # type: ignore[operator]
    assert kinds(notes_of(frame, "y", classes=classes)) == {("z", "answer")}


@pytest.mark.parametrize("noise", [0.05, 0.5])
def test_a_column_that_tells_much_of_the_target_is_none(noise: float) -> None:
    y = RNG.normal(size=M)
    z = y + noise * RNG.normal(size=M)
    assert not notes_of(X.assign(z=z, y=y), "y")
    assert not notes_of(X.assign(z=np.where(z > 0, "u", "v"), y=np.where(y > 0, "A", "B")), "y", classes=True)


def test_one_input_that_makes_the_target_is_what_is_to_be_learned() -> None:
    x = np.linspace(0, 3, M)
    assert not notes_of(pd.DataFrame({"x": x, "y": np.exp(x)}), "y")


def measured_again(shuffled: bool, written: str) -> pd.DataFrame:
    """Forty persons measured ten times each: what is measured depends on the person."""
    own = np.random.default_rng(1).normal(size=(40, 3))[PATIENTS]
    codes = np.random.default_rng(2).permutation(40)[PATIENTS]
    frame = pd.DataFrame(own + 0.5 * RNG.normal(size=(M, 3)), columns=["a", "b", "c"])
    names = {"number": codes, "code": [f"P{code:03d}" for code in codes], "sparse": codes * 37 + 101}
    frame["z" if written != "sparse" else "subject#"] = names[written]
    return frame.sample(frac=1, random_state=0, ignore_index=True) if shuffled else frame


@pytest.mark.parametrize(("shuffled", "written"), list(product((False, True), ("number", "code", "sparse"))))
def test_rows_of_one_person_are_a_group(shuffled: bool, written: str) -> None:
    frame = measured_again(shuffled, written)
    notes = notes_of(frame)
    assert kinds(notes) == {(frame.columns[-1], "groups")}
    assert f"--groups {frame.columns[-1]}" in notes[0].advice


@pytest.mark.parametrize("roles", [{"groups": "z"}, {"time": "a"}, {"is_split": False}], ids=str)
def test_groups_and_time_are_not_asked_for_where_the_split_is_chosen(roles: dict[str, object]) -> None:
    assert not notes_of(measured_again(False, "number"), **roles)


def test_rows_in_the_order_of_a_date_are_said_and_others_not() -> None:
    days = pd.Series(pd.date_range("2020-01-01", periods=M)).dt.strftime("%Y-%m-%d")
    assert kinds(notes_of(X.assign(day=days))) == {("day", "time order")}
    assert kinds(notes_of(X.assign(day=days[::-1].to_numpy()))) == {("day", "time order")}
    assert not notes_of(X.assign(day=days.sample(frac=1, random_state=0).to_numpy()))


def test_repeated_rows_are_counted_on_both_sides_and_those_of_few_values_are_chance() -> None:
    twice = pd.concat([X, X.iloc[:40]], ignore_index=True)
    assert [note.text[:31] for note in notes_of(twice)] == ["40 of 440 rows are the same as "]
    held = np.arange(len(twice)) >= M + 20
    assert [note.text[:29] for note in notes_of(twice, held=held)] == ["20 of 20 held-out rows are th"]
    assert not notes_of(twice, held=np.arange(len(twice)) % M < 40)  # each beside its like
    assert not notes_of(pd.DataFrame(RNG.integers(0, 3, size=(M, 3)), columns=["a", "b", "c"]))


QUIET = {"iris", "wine", "penguins", "auto_mpg"}  # of which nothing is to be noted


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["a sample", "all"])
@pytest.mark.parametrize("which", ["data", "data2"])
def test_the_shared_tables_get_the_notes_that_are_true_of_them(data_folder: Path, which: str, every: bool) -> None:
    folder = data_folder.parent / which
    if not (folder / "manifest.json").exists():
        pytest.skip(f"the shared tables are not in {folder}")
    found = set()
    for name, about in json.loads((folder / "manifest.json").read_text("utf-8"))["datasets"].items():
        if "file" not in about or isinstance(about["file"], dict):  # pictures, in several files
            continue
        if not every and name not in QUIET | {name for name, _, _ in TRUE}:
            continue
        targets = about["target"] if isinstance(about["target"], list) else [about["target"]]
        frame = read(folder / about["file"]).dropna(subset=targets)
        columns = {column.name: coded(column, frame[column.name]) for column in describe_columns(frame)}
        roles = Roles([columns.pop(target) for target in targets], about["task"] == "classification")
        found |= {(name, note.column, note.kind) for note in structure_notes(list(columns.values()), roles)}
    assert found <= TRUE
    assert found >= {each for each in TRUE if (folder / each[0]).is_dir()}
