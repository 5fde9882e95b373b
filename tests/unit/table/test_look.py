"""A look at a table says the same in Python, in the warning, in the model and on the command line; notes stop a fit only if they are to."""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import shoal
from shoal.cli import main
from shoal.cli.look import print_look
from shoal.errors import ColumnsError, TableError, TableWarning
from shoal.report.contents import command
from shoal.table_models.fit import facts_of
from shoal.table_models.inspect import diagnose_table

FEW = {"hidden_layer_sizes": (3,), "n_networks": 1, "max_iter": 3}
RNG = np.random.default_rng(0)
M = 120
PERSON = np.repeat(RNG.permutation(12), 10)
OWN = RNG.normal(size=(12, 2))[PERSON]


def frame_of(which: str) -> tuple[pd.DataFrame, str]:
    """A table that gets this kind of note, of one column."""
    x = OWN + 0.3 * RNG.normal(size=(M, 2))
    y = x[:, 0] + 0.1 * RNG.normal(size=M)
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1]})
    extra = {"identifier": np.arange(M), "groups": PERSON, "answer": 2 * y + 1, "none": RNG.normal(size=M)}
    return frame.assign(z=extra[which], y=y), "z"


def fitted(frame: pd.DataFrame, **options: object) -> tuple[object, list[warnings.WarningMessage]]:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        model = shoal.fit(frame, "y", settings=FEW, **options)  # type: ignore[arg-type]
    return model, [each for each in seen if issubclass(each.category, TableWarning)]


@pytest.mark.parametrize("which", ["identifier", "groups", "answer", "none"])
def test_one_source_tells_python_the_warning_the_model_and_diagnose(which: str) -> None:
    frame, name = frame_of(which)
    found = shoal.look(frame, "y")
    notes = [] if which == "none" else [(name, which)]
    assert [(note.column, note.kind) for note in found.notes] == notes
    model, seen = fitted(frame)
    assert len(seen) == len(notes)
    assert all(str(found.notes[0]) in str(each.message) for each in seen)
    assert isinstance(seen[0].message, shoal.ShoalWarning) if seen else True
    pd.testing.assert_frame_equal(model.columns_, found.to_frame())  # type: ignore[attr-defined]
    assert facts_of(model).beside.notes == found.notes
    named = [finding for finding in diagnose_table(model, frame) if finding.kind == "no measurement"]  # type: ignore[arg-type]
    assert [finding.columns for finding in named] == [(column,) for column, _ in notes]


def test_a_group_has_its_score_beside_the_score_by_row_and_none_if_the_split_goes_by_it() -> None:
    frame, name = frame_of("groups")
    beside = facts_of(fitted(frame)[0]).beside
    assert beside.grouped_by == name
    grouped, seen = fitted(frame, groups=name)
    assert beside.group_metrics == facts_of(grouped).metrics
    assert not seen
    assert not facts_of(grouped).beside.grouped_by


def test_strict_makes_notes_an_error_before_training_and_lets_a_table_without_any_pass() -> None:
    with pytest.raises(TableError, match="--drop z"):
        shoal.fit(frame_of("identifier")[0], "y", settings=FEW, strict=True)
    shoal.fit(frame_of("none")[0], "y", settings=FEW, strict=True)


def test_a_dropped_column_is_no_input_and_may_be_missing_when_the_model_predicts(tmp_path: Path) -> None:
    frame, _ = frame_of("identifier")
    model, seen = fitted(frame, drop=["z"])
    bare, _ = fitted(frame.drop(columns="z"))
    assert not seen
    for rows in (frame, frame.drop(columns="z")):
        np.testing.assert_array_equal(model.predict(rows), bare.predict(frame.drop(columns="z")))  # type: ignore[attr-defined]
    shoal.save(model, tmp_path / "m.shoal")
    loaded = shoal.load(tmp_path / "m.shoal")
    assert facts_of(loaded) == facts_of(model)
    assert facts_of(loaded).drop == ("z",)
    assert model.columns_.loc["z", "read as"] == "dropped"  # type: ignore[attr-defined]


@pytest.mark.parametrize(("drop", "error"), [("zz", ColumnsError), ("y", TableError)])
def test_only_an_input_can_be_dropped(drop: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="drop"):
        shoal.fit(frame_of("identifier")[0], "y", drop=[drop], settings=FEW)


def test_rare_classes_have_recall_and_precision_and_survive_a_file(tmp_path: Path) -> None:
    x = RNG.normal(size=400)
    frame = pd.DataFrame({"x": x, "w": RNG.normal(size=400), "y": np.where(x > 1.3, "rare", "often")})
    model = shoal.fit(frame, "y", settings={"random_state": 0})
    beside = facts_of(model).beside
    (rare,) = beside.rare
    assert (rare.label, rare.n_rows) == ("rare", round((x > 1.3).sum() / 5))
    assert rare.recall == 1 or rare.average_precision > 0.9  # one column decides
    assert beside.balanced_accuracy is not None
    assert beside.balanced_accuracy >= (1 + rare.recall) / 2 - 0.05
    shoal.save(model, tmp_path / "m.shoal")
    assert facts_of(shoal.load(tmp_path / "m.shoal")).beside == beside
    even = shoal.fit(frame.assign(y=np.where(x > 0, "u", "v")), "y", settings=FEW)
    assert not facts_of(even).beside.rare


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["shoal", *arguments])
    try:
        main()
        code = 0
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    return code, *capsys.readouterr()


def test_the_command_line_prints_the_columns_alone_and_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, _ = frame_of("identifier")
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    page = tmp_path / "t.html"
    code, out, _ = run(capsys, monkeypatch, "look", str(path), "--target", "y", "--html", str(page))
    assert code == 0
    assert "numbers the rows" in out
    assert "--drop z" in out
    assert "numbers the rows" in page.read_text("utf-8")
    assert "script" not in page.read_text("utf-8")
    few = ["--set", "max_iter=3", "n_networks=1", "-o", str(tmp_path / "m.shoal")]
    code, out, err = run(capsys, monkeypatch, "fit", str(path), "--target", "y", *few)
    assert code == 0
    assert out.index("numbers the rows") < out.index("held out")
    assert "warning" not in err
    code, out, _ = run(capsys, monkeypatch, "fit", str(path), "--target", "y", "--json", "--yes", *few)
    printed = json.loads(out)
    assert [note["kind"] for note in printed["notes"]] == ["identifier"]
    assert [c["name"] for c in printed["columns"]] == list(frame.columns)
    code, _, err = run(capsys, monkeypatch, "fit", str(path), "--target", "y", "--strict", *few)
    assert code == 2
    assert "strict" in err
    code, out, _ = run(capsys, monkeypatch, "fit", str(path), "--target", "y", "--strict", "--drop", "z", *few)
    assert code == 0
    assert "dropped" in out


@pytest.mark.parametrize("columns", [60, 130])
def test_notes_are_whole_lines_where_a_table_has_no_room_for_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    frame, name = frame_of("identifier")
    found = shoal.look(frame, "y")
    monkeypatch.setattr("shoal.cli.look.width", lambda: columns)
    print_look(found)
    out = capsys.readouterr().out
    assert (f"\n{name}: {found.notes[0].text}" in out) == (columns == 60)
    assert ("note" in out.splitlines()[2]) == (columns == 130)


@pytest.mark.filterwarnings("ignore::shoal.OutsideWarning")  # of a row that was held out
@pytest.mark.parametrize("where", [(), ("--max-memory", "1GB")], ids=["in memory", "in blocks if it were larger"])
def test_how_a_file_is_read_is_printed_once_also_where_blocks_were_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, where: tuple[str, ...]
) -> None:
    frame, _ = frame_of("none")
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False, sep=";")
    few = ["--set", "max_iter=3", "-o", str(tmp_path / "m.shoal")]
    code, out, _ = run(capsys, monkeypatch, "fit", str(path), "--target", "y", *few, *where)
    assert code == 0
    assert out.count("semicolons") == 1
    for words in (["predict", "-o", str(tmp_path / "out.csv")], ["evaluate"], ["diagnose"]):
        code, out, err = run(capsys, monkeypatch, words[0], str(tmp_path / "m.shoal"), str(path), *words[1:])
        assert code == 0, err
        assert out.count("semicolons") == 1
    code, out, _ = run(capsys, monkeypatch, "evaluate", str(tmp_path / "m.shoal"), str(path), "--json")
    assert json.loads(out)["rows"]["test"] == M


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"groups": ["a", "b"]}, "names 2 columns; set one"),
        ({"groups": "y"}, "is the target and cannot be the groups column too"),
        ({"groups": "a", "time": "b"}, "rows are held out by one of them"),
    ],
    ids=["two columns", "the target", "groups and time"],
)
def test_a_look_refuses_the_roles_that_a_fit_refuses(chosen: dict[str, object], message: str) -> None:
    frame = pd.DataFrame({"a": np.arange(60) % 7, "b": np.arange(60) % 11, "y": np.sin(np.arange(60.0))})
    for call in (shoal.look, shoal.fit):
        with pytest.raises(TableError, match=message):
            call(frame, "y", **chosen)
    assert [each.read_as for each in shoal.look(frame).columns] == ["number"] * 3  # without a target there is nothing to refuse


UNLEARNED = {
    "one class": ({"y": ["only"] * 40}, "y", "one class only"),
    "dates": ({"y": [f"{1 + i % 28:02d}.03.2022" for i in range(40)]}, "y", "holds dates"),
    "names of rows": ({"y": [f"remark {i}" for i in range(40)]}, "y", "names of rows"),
    "no value": ({"y": [None] * 40}, "y", "has no value"),
    "classes beside numbers": ({"y": list("abcd") * 10, "z": np.sin(np.arange(40.0))}, ["y", "z"], "--each"),
}


@pytest.mark.parametrize("which", UNLEARNED)
def test_a_look_shows_the_columns_also_if_no_network_learns_the_target(which: str) -> None:
    targets, names, why = UNLEARNED[which]
    frame = pd.DataFrame({"x": np.cos(np.arange(40.0)), "k": list("uv") * 20, **targets})
    found = shoal.look(frame, names)
    shown = found.to_frame()
    assert shown["read as"].to_dict() == {"x": "number", "k": "category"} | dict.fromkeys(targets, "target")
    (note,) = found.refused
    assert why in note.text
    assert why in str(found)
    with pytest.raises(TableError, match=why):  # which a fit still raises
        shoal.fit(frame, names, settings=FEW)


def test_a_look_shows_inputs_that_a_fit_refuses_each_with_its_reason() -> None:
    frame = pd.DataFrame({"x": np.arange(40.0) % 7, "slips": ["1"] * 38 + ["one", "two"], "infinite": [np.inf] + [1.0] * 39})
    frame = frame.assign(y=np.sin(np.arange(40.0)))
    found = shoal.look(frame, "y", categories=["x"])
    assert found.to_frame()["read as"].tolist() == ["category", "refused", "refused", "target: number"]
    assert [note.column for note in found.refused] == ["slips", "infinite"]
    assert shoal.look(frame.head(0), "y").refused  # no row: nothing to learn from
    assert shoal.look(frame[["y"]], "y").refused
    with pytest.raises(TableError, match="no column 'Y'"):  # what is not there cannot be looked at
        shoal.look(frame, "Y")


def test_the_command_prints_all_columns_then_the_error_and_ends_as_the_fit_would(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    pd.DataFrame({"x": np.arange(40.0) % 7, "y": ["only"] * 40}).to_csv(path, index=False)
    code, out, err = run(capsys, monkeypatch, "look", str(path), "--target", "y")
    assert code == 2
    assert "number" in out
    assert "one class only" in err
    code, out, _ = run(capsys, monkeypatch, "look", str(path), "--target", "y", "--json")
    assert code == 2
    assert [note["kind"] for note in json.loads(out)["notes"]] == ["refused"]
    assert run(capsys, monkeypatch, "look", str(path))[0] == 0


def test_an_open_order_of_day_and_month_is_a_note_and_an_option_closes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, model = tmp_path / "t.csv", tmp_path / "m.shoal"
    days = [f"{1 + i % 12:02d}/{1 + i * 5 % 11:02d}/2021" for i in range(M)]
    pd.DataFrame({"d": days, "x": RNG.normal(size=M), "y": RNG.normal(size=M)}).to_csv(path, index=False)
    code, out, _ = run(capsys, monkeypatch, "look", str(path), "--target", "y")
    assert code == 0
    assert "--month-first reads them the other way round" in out
    code, out, _ = run(capsys, monkeypatch, "look", str(path), "--target", "y", "--month-first")
    assert "%m/%d/%Y" in out
    assert "other way round" not in out
    code, _, err = run(capsys, monkeypatch, "fit", str(path), "--target", "y", "--month-first", "--set", "max_iter=2", "-o", str(model))
    assert code == 0, err
    loaded = shoal.load(model)
    assert facts_of(loaded).day_first is False
    assert "--month-first" in command(facts_of(loaded), loaded["estimator"])
