"""Scores for each group of rows: `evaluate(table, by=…)`, `shoal evaluate --by`, and the report."""

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, root_mean_squared_error

import shoal
from shoal.cli import app
from shoal.errors import ColumnsError, InvalidParameterError
from shoal.report import write_report
from shoal.report.contents import gather
from shoal.table_models.fit import evaluate
from shoal.table_models.group_scores import MISSING, OTHERS, bounds, labels_of
from shoal.uncertainty.calibration import calibration_error

QUICK = {"n_networks": 2, "hidden_layer_sizes": 8, "max_iter": 20}


def rows(m, seed, task="regression"):
    """Two sites, of which "b" has more noise, and a third with a few rows."""
    rng = np.random.default_rng(seed)
    site = rng.choice(["a", "b", "c"], m, p=[0.5, 0.45, 0.05])
    x = rng.uniform(-2, 2, m)
    y = np.sin(x) + np.where(site == "b", 1.0, 0.1) * rng.standard_normal(m)
    table = pd.DataFrame({"x": x, "z": rng.standard_normal(m), "y": y if task == "regression" else np.where(y > 0, "yes", "no")})
    return table, site


@cache
def model(task="regression"):
    """One that has not seen the sites."""
    settings = QUICK | ({"calibration": "cv+"} if task == "regression" else {})
    return shoal.fit(rows(400, 0, task)[0], "y", settings=settings, seed=0)


def test_coverage_and_width_of_each_group_are_those_of_its_rows():
    table, site = rows(500, 1)
    found = model().evaluate(table.assign(site=site), by="site")
    assert found.metrics == model().evaluate(table).metrics, "the column is no input, and changes no score"
    assert {group.label for group in found.by} == {"a", "b", "c"}
    assert sum(group.n_rows for group in found.by) == 500
    lower, upper = model().predict_interval(table.drop(columns="y"))
    inside = (lower <= table["y"]) & (table["y"] <= upper)
    for group in found.by:
        mine = site == group.label
        assert group.scores["coverage_90"] == pytest.approx(inside[mine].mean())
        assert group.scores["width_90"] == pytest.approx((upper - lower)[mine].mean())
        assert group.scores["rmse"] == pytest.approx(root_mean_squared_error(table["y"][mine], model().predict(table[mine])))
        exact = binomtest(int(inside[mine].sum()), int(mine.sum())).proportion_ci(method="exact")
        assert (group.low, group.high) == pytest.approx((exact.low, exact.high), rel=1e-9)
    covered = {group.label: group for group in found.by}
    assert covered["b"].high < 0.9 < covered["a"].low, "one width for both noises is too narrow for one of them"


def test_accuracy_and_calibration_error_of_each_group():
    table, site = rows(300, 1, "classification")
    found = model("classification").evaluate(table.assign(site=site), by="site").by
    p, answers = model("classification").predict_proba(table), model("classification").predict(table)
    for group in found:
        mine = site == group.label
        hit = np.asarray(table["y"])[mine][:, None] == np.array(["no", "yes"])
        assert group.scores["accuracy"] == pytest.approx(accuracy_score(table["y"][mine], answers[mine]))
        assert group.scores["calibration_error"] == pytest.approx(calibration_error(p[mine], hit.astype(float)))


@pytest.mark.parametrize(("k", "n"), [(0, 5), (5, 5), (9, 10), (90, 100), (1, 1)])
def test_the_confidence_interval_is_the_exact_one(k, n):
    exact = binomtest(k, n).proportion_ci(method="exact")
    assert bounds(k / n, n) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_numbers_are_ranges_and_many_texts_the_most_frequent():
    ranges = pd.Series(labels_of(pd.Series([*np.arange(100.0), np.nan])))
    assert dict(ranges.value_counts()) == dict.fromkeys(["0 to 19", "20 to 39", "40 to 59", "60 to 79", "80 to 99"], 20) | {MISSING: 1}
    assert set(labels_of(pd.Series([1, 2, 1]))) == {"1", "2"}
    texts = labels_of(pd.Series([f"t{i}" for i in range(30) for _ in range(30 - i)]))
    assert len(set(texts)) == 21
    assert (texts == OTHERS).sum() == sum(range(1, 11))


def test_an_input_may_be_the_column_and_an_unknown_one_is_refused():
    table, _ = rows(200, 1)
    assert len(model().evaluate(table, by="x").by) == 5
    with pytest.raises(ColumnsError, match="'sight'"):
        model().evaluate(table, by="sight")


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_rows_are_predicted_once_whatever_the_number_of_scores_and_groups(task, monkeypatch):
    table, site = rows(200, 1, task)
    estimator, asked = model(task)["estimator"], []

    def counting(name, method):
        return lambda X, *more: (asked.append((name, len(X))), method(X, *more))[1]

    for name in ("predict", "predict_proba", "predict_interval", "predict_quantiles"):
        if hasattr(estimator, name):
            monkeypatch.setattr(estimator, name, counting(name, getattr(estimator, name)))
    assert len(evaluate(model(task), table.assign(site=site), by="site").by) == 3
    methods = ["predict", "predict_proba"] if task == "classification" else ["predict", "predict_interval", "predict_quantiles"]
    assert [each for each in asked if each[1] == 200] == [(name, 200) for name in methods]
    assert not [name for name, m in asked if m < 200], "groups are parts of what was predicted"


def test_rows_in_blocks_have_no_groups(tmp_path):
    rows(100, 1)[0].to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InvalidParameterError, match="by needs the rows in memory"):
        evaluate(model(), tmp_path / "t.csv", by="x", max_memory="1GB")


def test_the_command_line(tmp_path, capsys, monkeypatch):
    table, site = rows(200, 1)
    shoal.save(model(), tmp_path / "m.shoal")
    table.assign(site=site).to_csv(tmp_path / "t.csv", index=False)
    words = ["evaluate", str(tmp_path / "m.shoal"), str(tmp_path / "t.csv"), "--by", "site"]
    app(words, standalone_mode=False)
    text = capsys.readouterr().out
    assert "by site" in text
    assert "95 % confidence" in text
    assert "1 of 3 groups have fewer than 30 rows" in text
    app([*words, "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)["by"]["site"]
    assert sum(group["n_rows"] for group in found) == 200


def test_a_report_of_a_model_with_groups_has_them(tmp_path):
    table, _ = rows(300, 0)
    table = table.assign(patient=[f"p{i % 12}" for i in range(300)])
    grouped = shoal.fit(table, "y", groups="patient", settings=QUICK | {"calibration": "cv+"}, seed=0)
    page = grouped.write_report(table, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "By patient, groups that the model has not learned from" in page
    assert "95 % confidence" in page


def test_a_report_has_the_groups_of_any_column(tmp_path):
    """On the table of the fit the rows held out, on another one all rows; the column may be one that the model never had."""
    table, site = rows(300, 0)
    table = table.assign(site=site)
    fitted = shoal.fit(table, "y", drop=["site"], settings=QUICK, seed=0)
    shoal.save(fitted, tmp_path / "m.shoal")
    table[:200].to_csv(tmp_path / "t.csv", index=False)
    app(
        ["report", *(str(tmp_path / name) for name in ("m.shoal", "t.csv")), "-o", str(tmp_path / "r.html"), "--by", "site"],
        standalone_mode=False,
    )
    assert "By site. " in (tmp_path / "r.html").read_text(encoding="utf-8")
    held = gather(fitted, table, None, lambda name: None, "site")
    assert sum(group.n_rows for group in held.by) == len(held.held.y) == 60
    for group in held.by:
        mine = np.asarray(table.loc[held.held.inputs.index - 1, "site"]) == group.label  # a frame's rows are numbered from 1
        assert group.n_rows == mine.sum()
        assert group.scores["rmse"] == pytest.approx(root_mean_squared_error(held.held.y[mine], fitted.predict(held.held.inputs[mine])))


def test_a_report_in_python_has_them_too(tmp_path):
    table, site = rows(300, 0)
    table = table.assign(site=site)
    fitted = shoal.fit(table, "y", drop=["site"], settings=QUICK, seed=0)
    assert "By site. " in fitted.write_report(table, tmp_path / "r.html", by="site").read_text(encoding="utf-8")
    with pytest.raises(ColumnsError, match="'sight'"):
        fitted.write_report(table, tmp_path / "s.html", by="sight")
    assert not (tmp_path / "s.html").exists()


def test_a_report_of_an_estimator_takes_a_label_for_each_row(tmp_path):
    X = np.random.default_rng(0).normal(size=(200, 2))
    y, kind = X[:, 0], np.where(X[:, 1] > 0, "above", "below")
    alone = shoal.ShoalRegressor(**QUICK, random_state=0).fit(X, y)
    page = write_report(alone, X, tmp_path / "r.html", y=y, by=pd.Series(kind, name="half")).read_text(encoding="utf-8")
    assert "By half. " in page
    assert "above" in page
    assert "By the groups that were given. " in write_report(alone, X, tmp_path / "s.html", y=y, by=kind).read_text(encoding="utf-8")
    for wrong, said in (("half", "by is 'half'"), (kind[1:], "of shape \\(199,\\)")):
        with pytest.raises(InvalidParameterError, match=f"{said}; for an estimator give a label for each of the 200 rows"):
            write_report(alone, X, tmp_path / "t.html", y=y, by=wrong)


def test_a_report_names_the_column_that_is_missing_before_it_works(tmp_path):
    table, _ = rows(200, 1)
    shoal.save(model(), tmp_path / "m.shoal")
    table.to_csv(tmp_path / "t.csv", index=False)
    files = ["report", str(tmp_path / "m.shoal"), str(tmp_path / "t.csv"), "-o", str(tmp_path / "r.html")]
    with pytest.raises(ColumnsError, match="'sight'"):
        app([*files, "--by", "sight"], standalone_mode=False)
    assert not (tmp_path / "r.html").exists()
