"""Spellings of one level, label or group that differ only in case, blanks or Unicode form: counted, said, and merged where that is asked
for or where one of them has nearly all rows; in the same way in memory, from a file and in pieces."""

import json
import warnings
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
import pytest

import shoal
from export_problems import c_agrees, compiled
from onnx_or_skip import onnx_graph
from sampling import sampled
from shoal.cli.predict import predict_table
from shoal.errors import InvalidParameterError, ModelFileError, TableError
from shoal.export import portable
from shoal.export.c99 import c99
from shoal.export.json_text import model_json
from shoal.export.python_text import python_text
from shoal.export.sample_rows import answers, sample_rows
from shoal.persistence.building import built
from shoal.persistence.storing import stored
from shoal.table import describe_columns, targets_of
from shoal.table.columns import coerce
from shoal.table.levels import MOST_DIFFERENT, NEARLY_ALL, merged_names, spellings_of
from shoal.table.reading import open_table, read
from shoal.table.steps import preparation
from shoal.table_models.cut import Cut
from shoal.table_models.fit import evaluate, notes_of
from shoal.table_models.survey import survey

N = 240
FAST = {"n_networks": 1, "hidden_layer_sizes": 2, "max_iter": 2}
# The level as most rows have it, and how others write it.
VARIANTS = {
    "capitals": ("yes", "YES"),
    "small letters": ("Ja", "ja"),
    "a first capital": ("new york", "New york"),
    "two blanks": ("new york", "new  york"),
    "a blank that does not break": ("new york", "new\u00a0york"),
    "no width": ("yes", "yes\u200b"),
    "two characters for one": ("Köln", "Ko\u0308ln"),
    "all of it": ("Köln am Rhein", "KO\u0308LN  am rhein"),
}
RARE, MANY = "few rows", "many rows"


def texts(kind: str, often: str) -> list[str]:
    """Two levels, one of them in two spellings; the second in one row of forty, or in every third row."""
    level, variant = VARIANTS[kind]
    each = 40 if often == RARE else 6
    return [(variant if i % each == 0 else level) if i % 2 == 0 else "other" for i in range(N)]


def table(kind: str, often: str, place: str) -> pd.DataFrame:
    cells, x = texts(kind, often), np.random.default_rng(0).normal(size=N)
    y = np.where(x + (np.arange(N) % 2) > 0.5, "up", "down")
    return pd.DataFrame({"x": x, "c": cells} if place == "target" else {"x": x, "c": cells, "y": y})


def merged(kind: str, cells) -> list[str]:
    level, variant = VARIANTS[kind]
    return [level if cell == variant else cell for cell in cells]


GRID = list(product(VARIANTS, [RARE, MANY], [None, True, False]))
IN_PIECES = list(product(["capitals", "all of it"], ["input", "target"], [None, True, False]))


@pytest.mark.parametrize(("kind", "often", "merge_case"), sampled(GRID[::4], GRID))
def test_levels_labels_and_groups_are_counted_and_merged_as_asked(kind, often, merge_case, tmp_path):
    level, variant = VARIANTS[kind]
    frame = table(kind, often, "input")
    frame.to_csv(tmp_path / "t.csv", index=False)
    is_one = often == RARE if merge_case is None else merge_case
    n = sum(cell == variant for cell in texts(kind, often))
    for rows in (frame, read(tmp_path / "t.csv")):
        (column,) = describe_columns(rows[["c"]], merge_case=merge_case)
        assert set(column.levels) == ({level, "other"} if is_one else {level, variant, "other"})
        (note,) = column.notes
        assert (note.kind, note.advice[:11]) == ("variants", "--keep-case" if is_one else "--merge-cas")
        assert f"({n} rows) and {level!r} ({N // 2 - n})" in note.text
        typed = coerce(rows[["c"]], [column])["c"]
        assert list(typed) == (merged(kind, rows["c"]) if is_one else list(rows["c"]))
        found = targets_of(rows, "c", merge_case=merge_case)
        assert found.classes == (tuple(sorted({level, "other"} if is_one else {level, variant, "other"})),)
        assert list(found.y) == list(typed)
        assert [(note.kind, note.column) for note in found.columns[0].notes] == [("variants", "c")]
    names, notes = merged_names(frame["c"], merge_case)
    assert names.nunique() == 2 + (merge_case is False)  # of groups all are merged unless that is refused
    assert len(notes) == 1


@pytest.mark.parametrize(("kind", "place", "merge_case"), sampled(IN_PIECES[::5], IN_PIECES))
def test_pieces_decide_as_the_whole_does(kind, place, merge_case, tmp_path):
    target = "c" if place == "target" else "y"
    for often in (RARE, MANY):
        frame = table(kind, often, place)
        frame.to_csv(tmp_path / "t.csv", index=False)
        given = {"categories": [], "piece_rows": 50, "sample_rows": 1000, "progressed": lambda n: None}
        file = open_table(tmp_path / "t.csv", codes=[target])
        found = survey(file, (target,), None, Cut(0, 0.2, all_learn=True), **given, merge_case=merge_case)
        if place == "target":
            whole = targets_of(frame, "c", merge_case=merge_case)
            assert (found.classes, found.target_columns) == (whole.classes, whole.columns)
            continue
        mine = next(column for column in found.columns if column.name == "c")
        assert mine == describe_columns(frame[["c"]], merge_case=merge_case)[0]
        assert set(found.counts["c"].index) == set(mine.levels)
        assert int(found.counts["c"].sum()) == N


@pytest.mark.parametrize("kind", VARIANTS)
def test_groups_in_pieces_go_by_what_all_spellings_have_in_common(kind):
    rows = table(kind, MANY, "input").set_axis(pd.RangeIndex(1, N + 1, name="row"))
    level, variant = VARIANTS[kind]
    for seed in range(8):
        held = pd.Series(Cut(seed, 0.5, groups="c", merge_case=True).held(rows), index=rows["c"])
        assert held[level].nunique() == 1
        assert held[level].iloc[0] == held[variant].iloc[0]


@cache
def model(target: str, merge_case: bool | None, often: str = MANY):
    frame = table("all of it", often, "target" if target == "c" else "input")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", shoal.TableWarning)
        return shoal.fit(frame, target, settings=FAST, merge_case=merge_case, test=frame)


@pytest.mark.filterwarnings("ignore::shoal.OutsideWarning")
@pytest.mark.parametrize("target", ["c", "y"])
def test_every_way_to_predict_reads_the_same(target, tmp_path):
    frame, found = table("all of it", MANY, "target" if target == "c" else "input"), model(target, True)
    plain = frame.assign(c=merged("all of it", frame["c"]))
    plain.to_csv(tmp_path / "plain.csv", index=False)
    frame.to_csv(tmp_path / "t.csv", index=False)
    shoal.save(found, tmp_path / "m.shoal")
    again = shoal.load(tmp_path / "m.shoal")
    for each in (found, again):
        np.testing.assert_array_equal(each.predict(frame), found.predict(plain))
        for rows in (frame, tmp_path / "t.csv"):
            assert evaluate(each, rows) == evaluate(found, plain)
        assert evaluate(each, tmp_path / "t.csv", max_memory="400MB").metrics == pytest.approx(evaluate(found, plain).metrics, rel=1e-9)
    predict_table(again, tmp_path / "t.csv", tmp_path / "a.csv")
    predict_table(again, tmp_path / "plain.csv", tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    assert any(note.kind == "variants" for note in notes_of(again))
    if target == "c":
        assert set(found.predict(frame)) <= {"Köln am Rhein", "other"}  # the label as most rows have it


def test_spellings_that_no_row_had_are_read_too_where_merging_was_asked_for():
    rows = table("all of it", MANY, "input").drop(columns="y")
    level = rows.assign(c="Köln am Rhein")
    for text in ("köln am rhein", "KÖLN AM RHEIN", "Köln Am Rhein", "Ko\u0308ln am Rhein"):
        np.testing.assert_array_equal(model("y", True).predict_proba(rows.assign(c=text)), model("y", True).predict_proba(level))
    with pytest.warns(shoal.UnseenWarning, match="differs from 'Köln am Rhein', which is known, only in case"):
        model("y", True).predict(rows.assign(c="kÖLN am rhein"))  # the exports could not read it
    with pytest.raises(TableError, match="differs from 'Köln am Rhein' only in case"):
        evaluate(model("c", None), rows.assign(c="kÖLN am rhein"))


def test_exports_read_the_spellings_as_the_model_does(tmp_path):
    found = portable(model("y", True))
    field = next(field for field in found.fields if field.name == "c")
    texts_of_rows = {row[1] for row in sample_rows(found, 60)}
    assert {variant.text for variant in field.variants} & texts_of_rows, "the agreement is checked on these spellings too"
    for precision in ("double", "float"):
        c_agrees(model("y", True), tmp_path, precision)
    space: dict = {}
    exec(compile(python_text(found), "network.py", "exec"), space)
    rows = sample_rows(found, 60)
    for row, wanted in zip(rows, answers(found, rows), strict=True):
        shares = space["predict"](dict(zip(("x", "c"), row, strict=True)))["probabilities"]
        np.testing.assert_allclose(list(shares.values()), wanted, rtol=1e-11)
    fields = json.loads(model_json(found))["preparation"]["fields"]
    assert fields[1]["variants"] == {variant.text: variant.level for variant in field.variants}
    graph = onnx_graph()
    graph.check_onnx(graph.model_onnx(found, "double"), found, "double")  # raises where they differ


def test_c_finds_the_level_of_every_spelling(tmp_path):
    found = portable(model("y", True))
    files = c99(found, "m", "double")
    (tmp_path / "m.h").write_text(files["m.h"], encoding="utf-8")
    (tmp_path / "m.c").write_text(files["m.c"], encoding="utf-8")
    field = next(field for field in found.fields if field.name == "c")
    checks = " && ".join(f'm_c_of("{variant.text}") == m_c_of("{variant.level}")' for variant in field.variants)
    more = 'm_c_of("other") == m_c_of("OTHER") && m_c_of("nothing") != m_c_of("other") && m_c_of("") == m_c_of(NULL)'
    program = f'#include "m.h"\n#include <stdio.h>\n\nint main(void)\n{{\n    printf("%d", {checks} && {more});\n    return 0;\n}}\n'
    (tmp_path / "m_test.c").write_text(program, encoding="utf-8")
    assert compiled(tmp_path, "m").stdout == "1"


@pytest.mark.parametrize("n", [NEARLY_ALL - 1, NEARLY_ALL])
def test_one_row_in_twenty_may_be_spelled_otherwise(n):
    frame = pd.DataFrame({"c": ["yes"] * (n - 1) + ["Yes"] + ["no"] * 20})
    assert len(targets_of(frame, "c").classes[0]) == (2 if n == NEARLY_ALL else 3)


@pytest.mark.parametrize(
    "cells",
    [
        ["True", "TRUE", "false"] * 20,  # truth values have their own reading
        ["1e5", "1E5", "2"] * 20,  # and so have numbers
        ["A5", "A6", "a7"] * 20,
        [f"remark {i % (MOST_DIFFERENT + 1)}" for i in range(MOST_DIFFERENT + 1)] + ["Remark 1"],
    ],
)
def test_what_has_no_spellings_gets_no_note(cells):
    frame = pd.DataFrame({"c": cells})
    assert [note for column in describe_columns(frame) for note in column.notes if note.kind == "variants"] == []
    assert targets_of(frame[:60], "c", task="classification").columns[0].variants == ()


def test_the_most_frequent_spelling_is_the_level():
    (found,) = spellings_of(pd.Series({"no": 3, "Yes": 1, "yes": 7, "YES": 7}))
    assert (found.level, found.others, found.total) == ("yes", ["YES", "Yes"], 15)


def test_look_and_the_command_line_say_and_keep_what_was_asked(tmp_path):
    frame = table("capitals", MANY, "input").rename(columns={"c": "g"}).assign(c=texts("two blanks", MANY))
    seen = shoal.look(frame, "y", groups="g")
    assert {(note.column, note.kind, note.advice[:11]) for note in seen.notes} >= {
        ("g", "variants", "--keep-case"),
        ("c", "variants", "--merge-cas"),
    }
    with pytest.raises(InvalidParameterError, match="merge_case='yes' must be True, False or None"):
        shoal.look(frame, "y", merge_case="yes")


def test_files_with_spellings_that_cannot_be_are_refused():
    def changed(variants):
        content = stored(model("y", True))
        content.manifest["preparation"]["columns"][1]["variants"] = variants
        return content

    built(changed([{"text": "OTHER", "level": "other"}]))
    for wrong in (
        [{"text": "another", "level": "other"}],
        [{"text": "other", "level": "other"}],
        [{"text": "OTHER", "level": "other"}] * 2,
        [{"text": "OTHER"}],
    ):
        with pytest.raises(ModelFileError):
            built(changed(wrong))


def test_merging_changes_nothing_where_there_is_nothing_to_merge():
    frame = table("capitals", MANY, "input").assign(c=["a", "b"] * (N // 2))
    for merge_case in (None, False):
        columns = describe_columns(frame[["x", "c"]], merge_case=merge_case)
        assert columns == describe_columns(frame[["x", "c"]])
        assert preparation(columns).fit(frame[["x", "c"]])["typed"].columns[1].variants == ()
