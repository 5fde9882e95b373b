"""A report says what it must, in one file that asks for nothing, whatever the table is called."""

import html
import shlex
import sys
import warnings
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

import shoal
from export_problems import HOSTILE, QUICK, fitted_table, hostile_table, table
from shoal import TablePath
from shoal.inspection.importance import Importance
from shoal.report.contents import command, rows_of
from shoal.report.scores import areas, baselines, counts_of, scored, verdict
from shoal.report.sections import scored_sureness
from shoal.table_models.facts import facts_of
from shoal.table_models.scores import metrics_of

pytest.importorskip("matplotlib")

import shoal.report as room
from shoal.report import STEPS, BesideModel, sections, write_in_steps, write_report

rng = np.random.default_rng(0)


class Seen(HTMLParser):
    """Tags, attributes and text of a page, sections apart."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.asked, self.text, self.events, self.section = [], [], {}, [], ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "xlink:href", "data", "action", "srcset") and not (value or "").startswith(("#", "data:")):
                self.asked.append((tag, name, value))
            if name.startswith("on"):
                self.events.append((tag, name))
        if tag == "section":
            self.section = dict(attributes)["id"]

    def handle_data(self, data):
        self.text[self.section] = self.text.get(self.section, "") + data


def report_of(model, frame, folder, step=lambda name: None):
    """The page of a model on a table, as text and as a browser sees it."""
    page = write_in_steps(model, frame, folder / "r.html", BesideModel(), step).read_text("utf-8")
    return page, Seen(page)


def only(target):
    """The table with one target."""
    return table().drop(columns=[name for name in ("survived", "class", "insured", "paid", "owed") if name != target])


# --- the scores -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["binary", "classes", "labels", "regression", "targets"])
def test_scores_are_scikit_learns_and_resamples_are_scores_of_rows(task):
    """The first of the resamples is the rows themselves; another equals scikit-learn's score of the rows that it drew."""
    X = rng.standard_normal((90, 3))
    y = {
        "binary": np.where(X[:, 0] > 0, "b", "a"),
        "classes": np.digitize(X[:, 0], [-0.5, 0.5]),
        "labels": (X[:, :2] > 0).astype(int),
        "regression": X[:, 0] * 3,
        "targets": X[:, :2] @ rng.standard_normal((2, 2)),
    }[task]
    kind = "regression" if task in ("regression", "targets") else "classification"
    models = baselines((X, y, None), kind, 0)
    counts = counts_of(90, 0)
    assert (counts[0] == 1).all()
    assert (counts.sum(axis=1) == 90).all()
    for model in models.values():
        found = scored(model, X, y, kind, counts)
        drawn = np.repeat(np.arange(90), counts[5].astype(int))
        with threadpool_limits(1):  # trees on two threads wait for each other many times longer than they work
            again = metrics_of(model, X[drawn], y[drawn], kind)
        assert found.scores.keys() == again.keys()
        assert {name: values[4] for name, values in found.resampled.items()} == pytest.approx(again, rel=1e-9)


def test_resamples_draw_whole_groups():
    """Of 20 groups with 5 equal rows each, the mean varies as that of 20 rows: √5 times as much as that of 100."""
    groups = np.repeat([f"g{i}" for i in range(20)], 5)
    values = np.repeat(rng.standard_normal(20), 5)
    by_group, by_row = (counts_of(100, 0, groups=g) for g in (groups, None))
    assert (by_group.reshape(len(by_group), 20, 5) == by_group.reshape(len(by_group), 20, 5)[:, :, :1]).all()
    spread = [np.std((counts[1:] @ values) / counts[1:].sum(axis=1)) for counts in (by_group, by_row)]
    assert spread[0] / spread[1] == pytest.approx(5**0.5, rel=0.1)  # 400 resamples: standard deviations to 4 %


def test_an_area_counts_ties_by_half():
    assert areas(np.array([True, False, False]), np.array([0.5, 0.5, 0.1]), np.ones((1, 3))) == pytest.approx(0.75)
    assert np.isnan(areas(np.array([True, False]), np.array([0.5, 0.1]), np.array([[1.0, 0.0]]))), "a resample without a second class"


def test_it_is_said_plainly_who_wins():
    X = rng.standard_normal((400, 2))
    y = X @ [1.0, 2.0] + 0.1 * rng.standard_normal(400)
    models, counts = baselines((X[:200], y[:200], None), "regression", 0), counts_of(200, 0)
    found = {name: scored(model, X[200:], y[200:], "regression", counts) for name, model in models.items()}
    lost = verdict({"shoal": found["trivial"], **found}, "rmse")
    assert lost.startswith("A linear model is better than this network: rmse 0.")
    assert "100% of the resamples" in lost
    won = verdict({"shoal": found["linear"], "trivial": found["trivial"]}, "rmse")
    assert won.startswith("This network is the best of these; the next is a constant prediction")
    unsure = verdict({"shoal": found["linear"], "linear": found["linear"]}, "rmse")
    assert "too few rows to be certain" in unsure


# --- the page -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def classified(tmp_path_factory):
    """A report on the table that the model was made of, and the steps that it told."""
    steps = []
    page, seen = report_of(fitted_table("survived"), only("survived"), tmp_path_factory.mktemp("r"), step=steps.append)
    return page, seen, steps


def test_a_report_has_every_section_and_tells_its_steps(classified):
    _, seen, steps = classified
    assert list(seen.text)[1:] == ["scores", "sure", "diagnosis", "uses", "recipe", "network", "data", "again"]
    assert "Brier score" in seen.text["sure"]
    assert tuple(steps) == STEPS
    for name in ("a constant prediction", "linear model", "histogram boosting", "log_loss", "roc_auc", "128 learned"):
        assert any(name in text for text in seen.text.values()), name
    for column in ("age", "fare", "port", "deck", "alone", "boarded"):
        assert column in seen.text["uses"]
        assert column in seen.text["data"]


def test_the_scores_are_those_of_the_fit(classified):
    """The rows are cut again as the fit cut them."""
    facts = fitted_table("survived").facts_
    for name, value in facts.metrics.items():
        assert f"{name}{value:.4g} (" in classified[1].text["scores"]
    assert f"{facts.baselines['linear']['log_loss']:.4g} (" in classified[1].text["scores"]


def test_a_report_asks_for_nothing_and_runs_nothing(classified):
    page, seen, _ = classified
    assert seen.asked == []
    assert seen.events == []
    assert not {"script", "link", "iframe", "object", "embed"} & set(seen.tags)
    assert "default-src 'none'" in page
    assert "@import" not in page
    assert len(page) < 3_000_000


def test_figures_take_the_pages_colours(classified):
    page, seen, _ = classified
    assert seen.tags.count("svg") >= 8
    assert "prefers-color-scheme: dark" in page
    assert "#0b0a0" not in page, "a colour of no figure stands for the page's"
    assert page.count("var(--one)") > 10


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::shoal.TableWarning")  # levels that differ only in case are meant
def test_names_stay_text_whatever_they_are(tmp_path):
    frame, target = hostile_table()
    model = shoal.fit(frame, target, settings=QUICK)
    page, seen = report_of(model, frame, tmp_path)
    assert "script" not in seen.tags
    assert "<script" not in page
    assert seen.asked == seen.events == []
    assert "\u202e" not in page, "a turned reading direction is shown as its escape"
    for name in HOSTILE:
        shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
        if name in frame.columns and name != target:
            assert shown in seen.text["data"], name
    assert "$x_1^2$" in seen.text["uses"]


@pytest.mark.slow
def test_a_regressor_shows_its_errors_and_intervals(tmp_path):
    _, seen = report_of(fitted_table("paid", n_networks=6), only("paid"), tmp_path)  # 48 held-out rows
    assert "90% intervals of paid contain" in seen.text["sure"]
    assert "calibration=None" in seen.text["sure"]
    assert "fitted line, R =" in seen.text["scores"]
    assert "target paid" in seen.text["data"]


def test_proper_scores_are_in_the_target_s_unit_and_none_without_calibration():
    found = {"coverage_90": 0.9, "width_90": 3.0, "interval_score_90": 4.25, "crps": 0.5}
    assert scored_sureness(found) == "Interval score 4.25, CRPS 0.5, in the target's unit; smaller is better."
    found.pop("crps")  # of fewer than 19 calibration rows
    assert scored_sureness(found) == "Interval score 4.25, in the target's unit; smaller is better."
    assert scored_sureness({"coverage_90": 0.9, "width_90": 3.0}) == scored_sureness({}) == ""


@pytest.mark.slow
@pytest.mark.parametrize("targets", [("survived", "insured"), ("paid", "owed"), ("class",)])
def test_several_targets_and_several_classes(tmp_path, targets):
    frame = table().drop(columns=[name for name in ("survived", "class", "insured", "paid", "owed") if name not in targets])
    name = targets if len(targets) > 1 else targets[0]
    _, seen = report_of(fitted_table(name), frame, tmp_path)
    for target in targets:
        assert f"target {target}" in seen.text["data"]


def test_of_another_table_all_rows_are_scored_and_no_other_model_is(monkeypatch):
    model, frame = fitted_table("survived"), only("survived").iloc[:50]
    found = rows_of(model, frame, None)
    train, held = found.train, found.held
    assert train is None
    assert len(held.y) == 50
    said = scores_section(model, frame, monkeypatch)
    assert "no other models to compare with" in said
    assert "50 rows: all rows of a frame" in said
    assert "histogram boosting" not in said


def test_scores_of_a_model_that_knows_the_rows_are_not_sold_as_new(monkeypatch):
    frame = only("survived")
    said = scores_section(shoal.fit(frame, "survived", settings=QUICK, refit=True), frame, monkeypatch)
    assert "trained again on all rows" in said
    assert "these scores are too good" in said
    assert "histogram boosting" not in said


def scores_section(model, frame, monkeypatch):
    """The section of the scores alone, without figures, as text."""
    parts = room.contents
    for name in ("diagnose_rows", "uses_of", "intervals_of", "equation_of"):
        monkeypatch.setattr(parts, name, lambda *_, **__: None)
    monkeypatch.setattr(parts, "importance_of", lambda *_, **__: Importance((), np.empty((0, 1)), 0.0, "", 0))
    monkeypatch.setattr(sections.figures, "answers", lambda contents: [])
    return Seen(sections.scores(parts.gather(model, frame, None, lambda name: None))).text["scores"]


def test_rows_of_a_second_table_are_scored_where_the_fit_was_given_one():
    frame = only("survived")
    train, test = frame.iloc[:100], frame.iloc[100:]
    model = shoal.fit(train, "survived", settings=QUICK, test=test)
    found = rows_of(model, train, test)
    learned, held = found.train, found.held
    assert learned is not None
    assert (len(learned.y), len(held.y)) == (100, 60)
    with pytest.raises(shoal.ShoalError, match="is not the table that the model was trained on"):
        rows_of(fitted_table("survived"), frame, test)


def test_a_small_network_shows_its_equation(tmp_path):
    frame = only("paid")[["fare", "paid"]]
    model = shoal.fit(frame, "paid", settings={**QUICK, "n_networks": 1, "hidden_layer_sizes": 3})
    assert "h3 = relu(" in report_of(model, frame, tmp_path)[1].text["network"]


def test_shuffled_targets_are_at_chance(tmp_path):
    """Nothing leaks into the report: with a shuffled target no score is far from chance, and no column matters."""
    frame = table(400)[["age", "port", "survived"]]
    frame["survived"] = rng.permutation(frame["survived"].to_numpy(copy=True))
    model = shoal.fit(frame, "survived", settings={"n_networks": 4, "max_iter": 30})
    from shoal.report.contents import gather

    found = gather(model, frame, None, lambda name: None)
    for each in found.scores.values():
        assert abs(each.scores["roc_auc"] - 0.5) < 0.2  # three standard deviations of 80 rows
    assert np.abs(found.importance.mean).max() < 0.1


# --- once more, and failures ----------------------------------------------------------------------------------------


def test_the_command_makes_the_model_again(tmp_path):
    """The line is run through a shell's rules and the command line's own parser."""
    from typer.testing import CliRunner

    from shoal.cli import app

    only("survived").dropna(subset="boarded").rename(columns={"deck": "the $deck's"}).to_csv(tmp_path / "my table.csv", index=False)
    settings = {**QUICK, "activation": "tanh", "hidden_layer_sizes": (7,)}
    model = shoal.fit(tmp_path / "my table.csv", "survived", settings=settings, seed=3, categories=["year"], time="boarded")
    words = shlex.split(command(model.facts_, model["estimator"]))
    assert words[:3] == ["shoal", "fit", "my table.csv"]
    words[2] = str(tmp_path / "my table.csv")
    done = CliRunner().invoke(app, [*words[1:], "-o", str(tmp_path / "again.shoal")])
    assert done.exit_code == 0, done.output
    again = shoal.load(tmp_path / "again.shoal")
    np.testing.assert_array_equal(again["estimator"].coefs_[0], model["estimator"].coefs_[0])


@pytest.mark.parametrize("header", [True, False])
def test_what_was_said_of_the_header_is_said_again(header, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from shoal.cli import app

    rows = np.round(np.random.default_rng(0).normal(size=(60, 3)), 3)
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False, header=False)
    monkeypatch.chdir(tmp_path)
    first = TablePath("t.csv", header=header)
    target = str(rows[0, 2]) if header else "column_3"
    for fraction in (0.2, 0.3):  # a command, and Python
        model = shoal.fit(first, target, settings=QUICK, test_fraction=fraction)
        said = command(model.facts_, model["estimator"])
        if fraction == 0.3:
            again = eval(said, {"shoal": shoal})
        else:
            done = CliRunner().invoke(app, [*shlex.split(said)[1:], "-o", "again.shoal"])
            assert done.exit_code == 0, done.output
            again = shoal.load("again.shoal")
        assert again.facts_.header is header
        np.testing.assert_array_equal(again["estimator"].coefs_[0], model["estimator"].coefs_[0])


def test_python_makes_a_model_of_a_frame_again():
    frame = only("paid")
    model = shoal.fit(frame, "paid", settings=QUICK, test_fraction=0.3)
    again = eval(command(model.facts_, model["estimator"]), {"shoal": shoal, "frame": frame})
    np.testing.assert_array_equal(again["estimator"].coefs_[0], model["estimator"].coefs_[0])


def test_a_failure_leaves_nothing_and_loses_nothing(tmp_path, monkeypatch):
    target = tmp_path / "r.html"
    target.write_text("old")
    with pytest.raises(shoal.TableError):
        write_report(fitted_table("survived"), pd.DataFrame({"age": [1.0]}), target)
    monkeypatch.setattr(room, "gather", lambda *_: None)
    monkeypatch.setattr(room, "html", lambda contents: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(fitted_table("survived"), only("survived"), target)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("r.html", "old")]


def test_without_matplotlib_it_says_how_to_get_it_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(shoal.ShoalError, match=r"pip install 'shoal\[report\]'"):
        write_report(fitted_table("survived"), "no such table.csv", tmp_path / "r.html")
    assert list(tmp_path.iterdir()) == []


# --- the columns ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [{}, {"groups": "place"}, {"drop": ["row"], "refit": True}], ids=["notes", "groups", "dropped, refit"])
def test_the_columns_are_those_that_the_fit_showed_also_for_a_model_from_a_file(how, tmp_path):
    frame = pd.DataFrame({"row": np.arange(1, 91), "x": rng.normal(size=90).round(3), "place": np.arange(90) % 9, "late": [""] * 90})
    frame = frame.assign(x=frame["x"].mask(frame.index % 7 == 0), y=rng.normal(size=90))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", shoal.TableWarning)
        model = shoal.fit(frame, "y", settings=QUICK, **how)
    shoal.save(model, tmp_path / "m.shoal")
    found = rows_of(shoal.load(tmp_path / "m.shoal"), frame, None).look()
    pd.testing.assert_frame_equal(found.to_frame(), model.columns_)
    assert found.notes == facts_of(model).beside.notes
    page = sections.columns_table(found)
    for word in ("read as", "examples", "distinct", *model.columns_["note"]):
        assert html.escape(word) in page


def test_another_table_is_shown_as_the_model_reads_it_with_the_notes_of_the_fit():
    frame = pd.DataFrame({"row": np.arange(1, 91), "x": rng.normal(size=90), "k": list("abc") * 30, "y": rng.normal(size=90)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", shoal.TableWarning)
        model = shoal.fit(frame.assign(gone=1.5), "y", settings=QUICK, drop=["gone"])
    found = rows_of(model, frame.head(12).assign(x=[0.5] * 12), None).look()
    shown = found.to_frame()
    assert shown.loc["x", ["read as", "examples", "distinct"]].tolist() == ["number", "0.5", 1]  # a look alone would leave it out
    assert "numbers the rows from 1 to 90" in shown.loc["row", "note"]
