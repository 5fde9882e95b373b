"""The report's section about a cross-validation: its numbers are those of the summary, and it belongs to the model."""

import html

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import shoal
from shoal.cli import app
from shoal.errors import InvalidParameterError
from shoal.report import write_report
from shoal.report.cross_validation import cross_validate_again, curves, in_a_sentence, measured
from shoal.report.html import number, text
from shoal.table_models import cross_validation

pytest.importorskip("matplotlib")

FAST = {"n_networks": 1, "max_iter": 3}
RNG = np.random.default_rng(0)
N = 90
TABLE = pd.DataFrame({"a": RNG.normal(size=N), "b": RNG.normal(size=N), "who": np.repeat([f"p{k}" for k in range(15)], 6)})
TABLE["y"] = TABLE["a"] * 2 + TABLE["b"]
TABLE["kind"] = np.where(TABLE["a"] + RNG.normal(size=N) > 0, "<b>&up", "down")


def fitted(target="y", **given):
    return shoal.fit(TABLE, target, settings=FAST, look=lambda seen: None, **given)


def section_of(path):
    page = path.read_text("utf-8")
    return page, page.partition('<section id="crossed">')[2].partition("</section>")[0]


@pytest.fixture(scope="module", autouse=True)
def few_tools():
    """Two of the tools; the forest's 300 trees would take most of the time."""
    every = cross_validation.peers_of
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cross_validation, "peers_of", lambda *a, **k: dict(list(every(*a, **k).items())[:2]))
        yield


@pytest.fixture(scope="module")
def regression():
    return fitted(drop=["kind"]), shoal.cross_validate(TABLE, "y", folds="3x2", drop=["kind"], settings=FAST)


def test_the_section_has_the_numbers_of_the_summary_the_picture_and_what_repeats_it(regression, tmp_path):
    model, found = regression
    page, section = section_of(model.write_report(TABLE, tmp_path / "r.html", cross_validation=found))
    assert '<a href="#crossed">' in page
    for (score, _), line in found.summary().iterrows():
        assert f">{score}<" in section
        for value in (line["mean"], line["sd"]):
            assert f">{number(value)}<" in section
        assert f"{number(line['low'])} to {number(line['high'])}" in section
    for words in ("True against predicted", "rmse of every fold", "3 folds, 2 repeats, rows drawn at random", "Nadeau and Bengio"):
        assert words in section
    assert text(found.statement) in section
    assert "another table" not in section


def test_without_a_cross_validation_there_is_no_section(regression, tmp_path):
    page, section = section_of(write_report(regression[0], TABLE, tmp_path / "r.html"))
    assert not section
    assert "cross-validation" not in page


def test_rows_of_another_table_are_pointed_out(regression, tmp_path):
    other = shoal.cross_validate(TABLE.head(60), "y", folds=2, peers=False, drop=["kind"], settings=FAST)
    _, section = section_of(write_report(regression[0], TABLE, tmp_path / "r.html", cross_validation=other))
    assert "trained on another table" in section


def test_names_stay_text(tmp_path):
    found = shoal.cross_validate(TABLE, "kind", folds=2, peers=False, groups="who", settings=FAST)
    _, section = section_of(write_report(fitted("kind", groups="who"), TABLE, tmp_path / "r.html", cross_validation=found))
    assert "ROC curve" in section
    assert "<b>" not in section
    assert "whole groups of 'who'" in html.unescape(section)


def summary(**tools):
    lines = [{"score": "rmse", "tool": tool, "mean": m, "sd": 0.1, "low": m - 1, "high": m + 1, "p": p} for tool, (m, p) in tools.items()]
    return pd.DataFrame(lines).set_index(["score", "tool"])


@pytest.mark.parametrize(
    ("tools", "words"),
    [
        ({"shoal": (1.0, np.nan), "linear": (2.0, 0.01)}, "better than the best of the other tools, linear, with 2 (p = 0.01)"),
        ({"linear": (2.0, 0.0001), "shoal": (3.0, np.nan)}, "worse than the best of the other tools, linear, with 2 (p < 0.001)"),
        ({"shoal": (1.0, np.nan), "linear": (2.0, 0.2)}, "linear, with 2, may be chance (p = 0.2)"),
        ({"shoal": (1.0, np.nan), "linear": (2.0, np.nan)}, "Compare the best of the other tools, linear"),
        ({"shoal": (1.0, np.nan)}, "mean rmse of 1 (95% interval 0 to 2)."),
    ],
)
def test_one_sentence_says_who_is_better_and_how_certain_that_is(tools, words):
    assert words in in_a_sentence(summary(**tools), "rmse")


@pytest.mark.parametrize("kind", ["two classes", "three classes", "labels", "targets"])
def test_held_out_rows_have_a_picture_of_every_kind_of_target(kind):
    table = TABLE[["a", "b"]].assign(
        c=np.digitize(TABLE["a"], [-0.5, 0.5]), up=TABLE["a"] > 0, right=TABLE["b"] > 0, z=TABLE["a"] - 1, w=1.0
    )
    table["w"] = table["b"] + 1
    targets = {"two classes": ["up"], "three classes": ["c"], "labels": ["up", "right"], "targets": ["z", "w"]}[kind]
    found = shoal.cross_validate(table, targets, folds=2, peers=False, inputs=["a", "b"], settings=FAST)
    (drawn,) = measured(found) if found.task == "regression" else curves(found)
    assert "svg" in drawn.svg
    names = {"two classes": ["True (AUC"], "three classes": ["0 (AUC", "1 (AUC", "2 (AUC"], "labels": ["up (AUC", "right (AUC"]}.get(
        kind, []
    )
    assert all(name in drawn.svg for name in names)
    assert "False (AUC" not in drawn.svg


def test_what_does_not_belong_to_the_model_is_refused_before_any_work(regression, tmp_path):
    model, found = regression
    path = tmp_path / "r.html"
    with pytest.raises(InvalidParameterError, match="cross_validation is a dict"):
        write_report(model, TABLE, path, cross_validation={})
    with pytest.raises(InvalidParameterError, match="of regression of 'y', and the model of classification of 'kind'"):
        write_report(fitted("kind"), TABLE, path, cross_validation=found)
    alone = shoal.ShoalRegressor(**FAST).fit(TABLE[["a", "b"]], TABLE["y"])
    with pytest.raises(InvalidParameterError, match="cross_validation is for models of"):
        write_report(alone, TABLE[["a", "b"]], path, y=TABLE["y"], cross_validation=found)
    assert not path.exists()


@pytest.mark.parametrize(
    "given",
    [{"inputs": ["a", "b"], "monotonic_cst": {"b": 1}}, {"groups": "who", "seed": 3}, {"drop": ["who"], "skip": True}],
    ids=["inputs, directions", "groups", "drop, skip"],
)
def test_a_model_is_cross_validated_as_it_was_fitted(given):
    direct = {name: value for name, value in given.items() if name not in ("monotonic_cst", "skip")}
    settings = FAST | {name: value for name, value in given.items() if name not in direct}
    wanted = shoal.cross_validate(TABLE, "y", folds=2, settings=settings, **direct)
    again = cross_validate_again(fitted(**given), TABLE, 2)
    pd.testing.assert_frame_equal(again.predictions, wanted.predictions)
    assert again.scores["tool"].tolist() == wanted.scores["tool"].tolist()


def test_a_model_that_folds_would_not_resemble_is_not_cross_validated():
    with pytest.raises(InvalidParameterError, match="not the table that the model was trained on"):
        cross_validate_again(fitted(), TABLE.head(50), 2)
    with pytest.raises(InvalidParameterError, match=r"has a threshold \(0\.3\)"):
        cross_validate_again(fitted("kind", threshold=0.3), TABLE, 2)


def test_both_commands_write_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    TABLE.to_csv("t.csv", index=False)
    few = [part for name, value in FAST.items() for part in ("--set", f"{name}={value}")]
    fit = ["fit", "t.csv", "--target", "y", "--inputs", "a", "--yes", "-o", "m.shoal", "--cv", "2", "--report", "fit.html", *few]
    done = CliRunner().invoke(app, fit)
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(app, ["report", "m.shoal", "t.csv", "-o", "report.html", "--cv", "2"])
    assert done.exit_code == 0, done.output
    first, second = (section_of(tmp_path / name)[1] for name in ("fit.html", "report.html"))
    assert first.partition("To repeat it")[0] == second.partition("To repeat it")[0], "the same folds and models"
    assert "inputs ['a']" in html.unescape(second)
