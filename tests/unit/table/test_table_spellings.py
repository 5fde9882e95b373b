"""Numbers as people write them are read as numbers, alike in every container and place; or an error says what was not understood."""

from itertools import cycle, product

import numpy as np
import pandas as pd
import pytest

import shoal
from sampling import sampled
from shoal.errors import TableError, TableWarning
from shoal.table import coerce, describe_columns, read, split_groups, targets_of
from shoal.table.marks import KNOWN_MARKS
from shoal.table.reading import open_table
from shoal.table_models.cut import Cut
from shoal.table_models.fit import evaluate, notes_of
from shoal.table_models.survey import survey
from spellings import SPELLINGS, N, texts_of, values_of

CONTAINERS = ("frame", "csv", "parquet")
X = np.random.default_rng(1).normal(size=N).round(3)


def frame_with(name: str) -> pd.DataFrame:
    return pd.DataFrame({"c": texts_of(name), "x": X, "t": X.copy()})


def in_container(frame: pd.DataFrame, container: str, folder):
    """The table as a frame, or the path of the file that holds it."""
    if container == "frame":
        return frame
    path = folder / f"t.{container}"
    if container == "csv":
        frame.to_csv(path, index=False)
    else:
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
        frame.to_parquet(path)
    return path


def as_read(table) -> pd.DataFrame:
    return table if isinstance(table, pd.DataFrame) else read(table, codes=["t"])


@pytest.mark.parametrize(("name", "container"), sampled(list(zip(SPELLINGS, cycle(CONTAINERS))), product(SPELLINGS, CONTAINERS)))
def test_an_input_is_read_as_its_numbers(name, container, tmp_path):
    """To the bit: then it fits, predicts and is exported as the plain column is."""
    frame = as_read(in_container(frame_with(name), container, tmp_path))
    columns = describe_columns(frame[["c", "x"]])
    assert columns[0].kind == "number", columns[0].reason
    typed = coerce(frame, columns)["c"].to_numpy()
    # Powers of ten are read as one number, "1234e-2", which is the nearest to 12.34, as Python reads both.
    assert np.array_equal(typed, values_of(name))
    plain = pd.DataFrame({"c": values_of(name), "x": X})
    assert np.array_equal(coerce(plain, columns)["c"].to_numpy(), typed), "the plain spelling is read too"
    odd = name not in ("a plus before", "Indian groups", "thousands by commas") or columns[0].notes
    assert bool(columns[0].notes) == bool(odd), "what is special is said"


@pytest.mark.parametrize("name", sampled(list(SPELLINGS)[::3], SPELLINGS))
def test_a_target_is_read_as_its_numbers(name, tmp_path):
    for container in CONTAINERS:
        frame = as_read(in_container(frame_with(name).rename(columns={"c": "t", "t": "u"}), container, tmp_path))
        found = targets_of(frame, "t")
        assert found.task == "regression"
        assert np.array_equal(found.y, values_of(name))
        again = targets_of(frame.iloc[:7], "t", found.task, found.classes, columns=found.columns)
        assert np.array_equal(again.y, found.y[:7]), "few rows are read as all were"


@pytest.mark.parametrize("name", ["decimal comma", "percent", "euros behind", "thousands by points", "kmpl", "brackets for negative"])
def test_groups_are_the_same_in_every_container(name, tmp_path):
    texts = [texts_of(name)[i % 12] for i in range(N)]
    sides = []
    for container in CONTAINERS:
        frame = as_read(in_container(pd.DataFrame({"g": texts, "t": X}), container, tmp_path))
        sides.append(split_groups(frame["g"], frame["t"].to_numpy(), seed=0))
    for train, test in sides[1:]:
        assert np.array_equal(train, sides[0][0])
        assert np.array_equal(test, sides[0][1])


IN_TURN = [(name, ("input", "target")[k % 2]) for k, name in enumerate(SPELLINGS)]


@pytest.mark.parametrize(("name", "place"), sampled(IN_TURN, product(SPELLINGS, ["input", "target"])))
def test_pieces_are_read_as_the_whole(name, place, tmp_path):
    frame = frame_with(name)[["c", "x", "t"]] if place == "input" else frame_with(name)[["x", "c"]].rename(columns={"c": "t"})
    table = open_table(in_container(frame, "csv", tmp_path), codes=["t"])
    found = survey(table, ("t",), None, Cut(0, 0.2), categories=[], piece_rows=60, sample_rows=1000, progressed=lambda n: None)
    assert found.task == "regression"
    if place == "target":
        assert np.array_equal(found.sample["t"].to_numpy(), values_of(name))
        return
    held = Cut(0, 0.2).held(frame.set_axis(pd.RangeIndex(1, N + 1, name="row")))
    whole = describe_columns(frame[["c"]][~held], beside=frame[["c"]][held])[0]
    mine = next(column for column in found.columns if column.name == "c")
    assert (mine.kind, mine.number_format, mine.low, mine.high) == (whole.kind, whole.number_format, whole.low, whole.high)


@pytest.mark.parametrize("name", ["thousands by points", "a unit and a comma"])
@pytest.mark.filterwarnings("ignore::shoal.TableWarning")
def test_fit_evaluate_and_predict_agree_in_every_container(name, tmp_path):
    y = np.round(values_of(name) / 1000 + X, 4)
    frame = pd.DataFrame({"c": texts_of(name), "x": X, "y": [str(v).replace(".", ",") for v in y]})
    plain = pd.DataFrame({"c": values_of(name), "x": X, "y": y})
    settings = {"n_networks": 2, "max_iter": 60}
    expected = shoal.fit(plain, "y", settings=settings)
    assert expected.facts_.metrics["r2"] > 0.9
    for container in CONTAINERS:
        table = in_container(frame, container, tmp_path)
        model = shoal.fit(table, "y", settings=settings)
        assert model.facts_.metrics == expected.facts_.metrics
        assert np.array_equal(model.predict(frame), expected.predict(plain))
        assert evaluate(model, table).metrics == evaluate(expected, plain).metrics
        shoal.save(model, tmp_path / "m.shoal")
        loaded = shoal.load(tmp_path / "m.shoal")
        assert evaluate(loaded, table).metrics == evaluate(expected, plain).metrics
        assert loaded.facts_ == model.facts_
        assert loaded["prepare"]["typed"].columns == model["prepare"]["typed"].columns


@pytest.mark.parametrize(
    ("cells", "others", "said"),
    [
        (["1,234"] * 3 + ["5,678"] * 3 + ["0,5"] * 3, [], 1.234),  # a leading zero says that the comma is a decimal mark
        (["1,234", "5,678", "12"] * 3, [], 1234.0),  # 12 beside it says that thousands are grouped
        (["1,234", "5,678", "9,012"] * 3, ["1,5", "2,5", "3,75"] * 3, 1.234),  # the other column tells
        (["1,234", "5,678", "9,012"] * 3, ["1.5", "2.5", "3.75"] * 3, 1234.0),
        (["1,234", "5,678", "9,012"] * 3, [1.5, 2.5, 3.75] * 3, 1234.0),
        (["1.234", "5.678", "850"] * 3, ["1,5", "2,5", "3,75"] * 3, 1234.0),  # so are points among decimal commas
        (["1.234", "5.678", "12,5"] * 3, [], 1234.0),
        (["1.234", "5.678", "850"] * 3, ["1.5", "2.5", "3.75"] * 3, 1.234),
        (["1.234", "5.678", "9.012"] * 3, [], 1.234),  # what every program reads
    ],
)
def test_the_other_cells_decide_of_one_mark(cells, others, said):
    frame = pd.DataFrame({"c": cells} | ({"o": others} if others else {}))
    columns = describe_columns(frame)
    assert coerce(frame, columns)["c"].iloc[0] == said


def test_what_nothing_decides_is_said():
    column = describe_columns(pd.DataFrame({"c": ["1,234", "5,678", "9,012"] * 3}))[0]
    assert any(note.kind == "ambiguous" for note in column.notes)


@pytest.mark.parametrize(
    "cells",
    [
        ["1st", "2nd", "3rd", "4th"],
        ["2", "3", "4", "5more"],
        ["A1", "B2", "C3", "D4"],
        ["36 months", "60 months"],
        ["1", "2", "3+"],
        ["5-10", "10-20", "20-30"],
        ["007", "8a"],
        ["1.2.3", "1.2.4"],
        ["<1", "1<=X<4", ">=7"],
    ],
)
def test_names_of_a_few_levels_stay_categories(cells):
    column = describe_columns(pd.DataFrame({"c": cells * 20}))[0]
    assert (column.kind, column.notes) == ("category", ())


def test_contradictions_are_said():
    cells = [f"{i},{i:03d}.5" if i % 2 else f"{i}.{i:03d},5" for i in range(1, 80)]
    column = describe_columns(pd.DataFrame({"c": cells, "x": range(79)}))[0]
    assert column.kind != "number"
    assert "contradict" in str(column.notes)
    column = describe_columns(pd.DataFrame({"c": [f"{i} {'kg' if i % 2 else 'g'}" for i in range(80)], "x": range(80)}))[0]
    assert "several units" in str(column.notes)


# --- marks --------------------------------------------------------------------------------------------------------------

MARKS = ["n.d.", "k.A.", "--", "#DIV/0!", "BDL", "< LOD", "unknown", "keine Angabe", "Bad Input", "qqq", "#N/A N/A"]


@pytest.mark.parametrize("share", [0.01, 0.03, 0.12, 0.3])
@pytest.mark.parametrize("mark", MARKS)
def test_marks_of_nothing_are_gaps(mark, share):
    rows = 400
    x = np.random.default_rng(0).uniform(0, 100, rows).round(2)
    at = np.arange(rows) < max(3, share * rows)
    frame = pd.DataFrame({"c": [mark if gone else str(value) for gone, value in zip(at, x, strict=True)]})
    columns = describe_columns(frame)
    typed = coerce(frame, columns)
    assert columns[0].kind == "number"
    assert np.array_equal(np.isnan(typed["c"]), at)
    assert np.array_equal(typed["c"][~at], x[~at])
    enough = at.sum() >= 5
    assert typed.shape[1] == 1 + enough, "an input of its own where there are rows to learn it from"
    assert not enough or np.array_equal(typed.iloc[:, 1] == 1, at)
    assert "missing mark" in {note.kind for note in columns[0].notes}


def test_limits_stand_for_half_of_them():
    x = [f"{value:.2f}" for value in np.linspace(1, 9, 90)]
    frame = pd.DataFrame({"c": ["<0.5"] * 10 + ["< 0.2"] * 5 + [">10"] * 5 + x})
    columns = describe_columns(frame)
    typed = coerce(frame, columns)
    assert typed["c"].tolist()[:20] == [0.25] * 10 + [0.1] * 5 + [10.0] * 5
    assert list(typed.columns) == ["c", "c below a limit", "c above 10"]
    assert typed.iloc[:, 1:].sum().tolist() == [15, 5]
    assert columns[0].n_missing == 0
    assert coerce(pd.DataFrame({"c": ["<0,5", "0.5"]}).iloc[1:], columns)["c"].tolist() == [0.5]


def test_marks_that_training_did_not_see_are_gaps_at_predict():
    columns = describe_columns(pd.DataFrame({"c": np.arange(40.0)}))
    assert coerce(pd.DataFrame({"c": ["1", "n.d.", "<0.5"]}), columns)["c"].tolist()[0::2] == [1.0, 0.25]
    with pytest.raises(TableError, match="'abc' in row 2"):
        coerce(pd.DataFrame({"c": ["1", "abc"]}), columns)


def test_a_slip_is_no_mark():
    cells = [str(i) for i in range(300)]
    cells[5] = "12o"
    with pytest.raises(TableError, match="'12o' in row 6"):
        describe_columns(pd.DataFrame({"c": cells}))
    cells = [f"{i},5" for i in range(300)]
    cells[5] = "abc"
    with pytest.raises(TableError, match=r"numbers \(decimal comma\) must be: 'abc' in row 6"):
        describe_columns(pd.DataFrame({"c": cells}))


def test_callers_add_marks():
    frame = pd.DataFrame({"n": [-200] * 10 + list(range(90)), "c": (["a", "b", "zz"] * 34)[:100], "b": ([True, False, "zz"] * 34)[:100]})
    columns = describe_columns(frame, missing=[-200, "ZZ"])
    typed = coerce(frame, columns)
    assert typed["n"].isna().sum() == typed["n is -200"].sum() == 10
    assert [column.kind for column in columns] == ["number", "category", "boolean"]
    assert typed["c"].isna().sum() == typed["b"].isna().sum() == 33
    assert not any("sentinel" in note.kind for column in columns for note in column.notes)


@pytest.mark.parametrize("value", [-200, -999, -9999, 9999, 1e30])
def test_numbers_that_may_be_none_are_said(value):
    x = np.random.default_rng(0).normal(size=400)
    x[::20] = value
    (column,) = describe_columns(pd.DataFrame({"c": x}))
    assert [note.kind for note in column.notes] == ["sentinel"]
    assert not describe_columns(pd.DataFrame({"c": x}), keep=["c"])[0].notes
    assert not describe_columns(pd.DataFrame({"c": np.linspace(-1000, 10_000, 400).round()}))[0].notes


def test_such_numbers_are_no_targets():
    y = np.random.default_rng(0).normal(size=400)
    y[::20] = -200
    found = targets_of(pd.DataFrame({"t": y}), "t")
    assert (found.n_left_out, found.y.min() > -200) == (20, True)
    assert "left out" in str(found.columns[0].notes[0])
    assert targets_of(pd.DataFrame({"t": y}), "t", keep=["t"]).n_left_out == 0
    again = targets_of(pd.DataFrame({"t": y[:40]}), "t", "regression", (), columns=found.columns)
    assert again.n_left_out == 2


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([*map(str, np.arange(100) / 10), *["<0.1"] * 50], r"limits such as '<0.1' in row 101 \(50 of 150 cells\).*--missing '<'"),
        ([f"name {i}" for i in range(60)], "60 different texts in 60 rows.*--task classification"),
        ([f"2024-01-{1 + i % 28:02d}" for i in range(60)], "holds dates.*--task classification"),
        (pd.date_range("2024-01-01", periods=60), "holds dates"),
        ([f"{i},5" for i in range(60)] + ["abc"], r"numbers \(decimal comma\) must be: 'abc' in row 61"),
    ],
)
def test_what_is_no_target_is_named_with_its_option(cells, message):
    frame = pd.DataFrame({"t": cells})
    with pytest.raises(TableError, match=message):
        targets_of(frame, "t")
    assert targets_of(frame, "t", "classification").task == "classification"


def test_limits_in_a_target_are_left_out_where_the_caller_says_so():
    frame = pd.DataFrame({"t": [*map(str, np.arange(100) / 10), *["<0.1", "< 0.2"] * 25]})
    for missing in (["<"], ["<0.1", "<0.2"]):
        found = targets_of(frame, "t", missing=missing)
        assert (found.task, found.n_left_out) == ("regression", 50)


def test_marks_in_a_target_are_rows_without_one():
    frame = pd.DataFrame({"t": [*map(str, np.arange(100) / 10), *["n.d."] * 20]})
    found = targets_of(frame, "t")
    assert (found.task, found.n_left_out) == ("regression", 20)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("codes", [["05", "04", "03"], ["001", "002", "010"], ["1.0", "2.0", "3.0"], ["+1", "+2", "-1"]])
def test_categories_that_look_like_numbers(codes, container, tmp_path):
    frame = pd.DataFrame({"c": (codes * N)[:N], "x": X, "y": [float(1 + 3 * (i % 3)) + X[i] for i in range(N)]})
    table = in_container(frame, container, tmp_path)
    model = shoal.fit(table, "y", categories=["c"], settings={"n_networks": 2, "max_iter": 60})
    assert model.facts_.metrics["r2"] > 0.98
    assert evaluate(model, table).metrics["r2"] > 0.98
    assert evaluate(model, frame).metrics == evaluate(model, table).metrics
    numeric = frame.assign(c=frame["c"].astype(float))
    assert np.array_equal(model.predict(frame), model.predict(numeric)), "a frame whose reader took the codes for numbers"


def test_labels_keep_their_zeros(tmp_path):
    frame = pd.DataFrame({"x": X, "t": np.where(X > 0, "007", "010")})
    for container in CONTAINERS:
        model = shoal.fit(in_container(frame, container, tmp_path), "t", settings={"n_networks": 2, "max_iter": 20})
        assert set(model.predict(frame)) == {"007", "010"}


def test_notes_are_one_warning():
    frame = pd.DataFrame({"c": texts_of("percent"), "x": X, "y": X})
    with pytest.warns(TableWarning, match="percent") as caught:
        model = shoal.fit(frame, "y", settings={"n_networks": 2, "max_iter": 2})
    assert len(caught) == 1
    assert [note.column for note in notes_of(model)] == ["c", "x"]  # x is the target itself


def test_a_look_reads_the_cells_as_the_fit_does():
    frame = pd.DataFrame({"c": [f"{value:.2f}".replace(".", ",") for value in X], "x": X[::-1], "z": X % 1, "y": X})
    frame.loc[::9, "c"] = "n.d."
    c = shoal.look(frame, "y").columns[0]
    n_gaps = int(frame["c"].eq("n.d.").sum())
    assert c.read_as.startswith("number, ")
    assert "," in c.examples[1]
    assert c.n_missing == n_gaps
    assert "missing mark" in {note.kind for note in c.notes}
    c = shoal.look(frame, "y", missing=["n.d."], categories=["c"]).columns[0]
    assert (c.read_as, c.n_missing) == ("category", n_gaps)


def test_known_marks_are_no_numbers():
    assert not pd.to_numeric(pd.Series(sorted(KNOWN_MARKS), dtype=object), errors="coerce").notna().any()
