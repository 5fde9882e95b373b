"""Thresholds of `shoal.fit`: found on rows that no model learned from, obeyed by predict, files and exports; probabilities stay."""

import ctypes
import json
import subprocess
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import precision_score, recall_score
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from typer.testing import CliRunner

import shoal
from export_problems import STRICT, gcc
from onnx_or_skip import onnx_graph
from shoal import ShoalClassifier
from shoal.cli import app
from shoal.errors import InterruptedWarning, InvalidParameterError, ModelFileError, TableError
from shoal.estimators.estimator import with_thresholds
from shoal.export import c99, model_equation, model_json, model_latex, portable, python_text
from shoal.export.sample_rows import answers, sample_rows
from shoal.persistence.building import built
from shoal.persistence.storing import stored
from shoal.report.contents import command as command_of
from shoal.table_models.fit import evaluate
from shoal.table_models.fit_notes import rare_classes_of
from shoal.table_models.inspect import sides_again
from shoal.table_models.splits import Side
from shoal.table_models.thresholds import between, folds_of, threshold_of

INPUTS = ["a", "b"]
FAST = {"n_networks": 2, "hidden_layer_sizes": 3, "max_iter": 3}
RULES = ("0.3", "f1", "recall=0.9", "cost=1:10", "f1 of bad", "recall=0.9 of bad", "cost=1:10 of bad", "0.3 of bad")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # three epochs are enough to decide


@cache
def table(m=150, seed=0):
    """Two inputs, and a target of which a seventh is "bad"."""
    rng = np.random.default_rng(seed)
    a, b, e = rng.standard_normal((3, m))
    frame = pd.DataFrame({"a": a.round(3), "b": b.round(3), "g": np.arange(m) % 30, "w": rng.integers(1, 4, m)})
    return frame.assign(kind=np.where(a + 0.5 * e > 1.1, "bad", "good"), late=b + e > 0.5)


@cache
def fitted(rule, target="kind"):
    frame = table()[["a", "b", *([target] if isinstance(target, str) else target)]]
    return shoal.fit(frame, target if isinstance(target, str) else list(target), threshold=rule, settings=FAST)


# --- the rules -----------------------------------------------------------------------------------------------------------


def recall(y, said, w):
    return np.sum(w * (said & y)) / np.sum(w * y)


GOALS = {
    "f1": lambda y, said, w: 2 * np.sum(w * (said & y)) / np.sum(w * (1.0 * said + y)),
    "cost=1:5": lambda y, said, w: -np.sum(w * (said & ~y)) - 5 * np.sum(w * (~said & y)),
    "cost=3:1": lambda y, said, w: -3 * np.sum(w * (said & ~y)) - np.sum(w * (~said & y)),
}


@pytest.mark.parametrize("digits", [1, 12])  # with ties, and without
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rule", [*GOALS, "recall=0.8", "recall=1"])
def test_no_other_cut_is_better(rule, weighted, digits):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        y = rng.random(60) < 0.3
        p = np.clip(0.3 + 0.3 * y + rng.normal(0, 0.2, 60), 0, 1).round(digits)
        w = rng.integers(1, 5, 60).astype(float) if weighted else np.ones(60)
        limit = threshold_of(rule).cut(p, y, w if weighted else None)
        assert 0 < limit < 1
        others = [each for each in between(np.unique(p)[::-1]) if 0 < each < 1]
        if rule in GOALS:
            best = max(GOALS[rule](y, p > each, w) for each in others)
            assert GOALS[rule](y, p > limit, w) == pytest.approx(best, rel=1e-9)
        else:
            least = float(rule.partition("=")[2])
            assert recall(y, p > limit, w) >= least - 1e-9
            higher = [each for each in others if each > limit]
            assert all(recall(y, p > each, w) < least for each in higher)


@pytest.mark.parametrize(
    "values", [[1.0, 0.5, 0.0], [0.5], [1.0, np.nextafter(1, 0)], [5e-324, 0.0], [0.3, np.nextafter(0.3, 0), 0.1]], ids=str
)
def test_a_threshold_separates_the_values_on_both_sides(values):
    values = np.array(values)
    for i, limit in enumerate(between(values)):
        if 0 < limit < 1:
            assert (values > limit).sum() == i


@pytest.mark.parametrize(
    "given",
    [
        "",
        "f2",
        "recall=",
        "recall=0",
        "recall=1.1",
        "cost=1",
        "cost=0:1",
        "0",
        "1",
        "-0.3",
        "nan",
        0,
        1.0,
        7,
        True,
        "f1 of ",
        "f1bad",
        [0.3],
        "cost=1:1e999",
    ],
)
def test_what_is_no_threshold_is_named(given):
    with pytest.raises(InvalidParameterError, match="threshold="):
        shoal.fit(table(), "kind", threshold=given)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"target": "a"}, "is for classes, and 'a' is measured"),
        ({"target": "g", "task": "classification"}, "between two classes, and 'g' has 30"),
        ({"threshold": "f1 of worse"}, r"'worse' is no class of 'kind'; the classes are 'bad', 'good'"),
        ({"target": ["kind", "late"], "threshold": "f1 of bad"}, "of 2 targets it is the second of each"),
    ],
)
def test_a_target_that_no_threshold_decides_is_named(changes, text):
    with pytest.raises(InvalidParameterError, match=text):
        shoal.fit(**{"table": table(), "target": "kind", "threshold": "f1", "settings": FAST, **changes})


# --- the rows ------------------------------------------------------------------------------------------------------------


def test_the_rows_whose_score_is_printed_take_no_part():
    """Other rows to score on, with every label wrong, give the same threshold."""
    frame, other = table(), table(seed=1)
    wrong = other.assign(kind=np.where(other["kind"] == "bad", "good", "bad"))
    found = [shoal.fit(frame, "kind", test=test, threshold="f1", settings=FAST)["estimator"].thresholds_ for test in (other, wrong)]
    assert found[0] == found[1]


def side(m=40, **roles):
    rng = np.random.default_rng(0)
    return Side(pd.DataFrame({"x": rng.random(m)}), np.where(rng.random(m) < 0.4, "u", "v"), roles)


@pytest.mark.parametrize("roles", [{}, {"groups": np.arange(40) // 4 % 7}, {"time": np.arange(40.0)[::-1]}], ids=["rows", "groups", "time"])
def test_no_fold_predicts_what_it_learned(roles):
    folds = folds_of(side(**roles), 3)
    predicted = np.concatenate([others for _, others in folds])
    assert len(np.unique(predicted)) == len(predicted) == (8 if "time" in roles else 40)
    for learned, others in folds:
        assert not set(learned) & set(others)
        if "groups" in roles:
            assert not set(roles["groups"][learned]) & set(roles["groups"][others])
        if "time" in roles:
            assert roles["time"][learned].max() < roles["time"][others].min()


def test_too_few_rows_of_a_class_are_named():
    few = side()
    few.y[:] = "v"
    few.y[0] = "u"
    with pytest.raises(TableError, match="two rows of each class"):
        folds_of(few, 0)
    few.y[1] = "u"
    with pytest.raises(TableError, match="in one group"):
        folds_of(Side(few.inputs, few.y, {"groups": np.arange(40) // 2}), 0)


@pytest.mark.parametrize("roles", [{"groups": "g"}, {"time": "g"}, {"weights": "w"}, {"refit": True}], ids=str)
def test_roles_and_refit(roles):
    model = shoal.fit(
        table()[["a", "b", "g", "kind", *(["w"] if "weights" in roles else [])]], "kind", threshold="f1 of bad", settings=FAST, **roles
    )
    (limit,) = model["estimator"].thresholds_
    rows = table()[["a", "b", "g"]]
    np.testing.assert_array_equal(model.predict(rows) == "good", model.predict_proba(rows)[:, 1] > limit)


def test_an_interrupt_leaves_a_half_and_says_so():
    epochs = []

    def stop(event):
        epochs.append(event.epoch)
        if len(epochs) == 5:  # three epochs of the model, and two of the first fold's
            raise KeyboardInterrupt

    with pytest.warns(InterruptedWarning, match="before the threshold was found"):
        model = shoal.fit(table()[["a", "b", "kind"]], "kind", threshold="f1", settings=FAST, callbacks=[stop])
    assert model["estimator"].thresholds_ == ()
    assert (model.facts_.threshold, model.facts_.interrupted) == ("", False)


# --- who obeys it --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_predict_obeys_it_and_probabilities_are_unchanged(rule, tmp_path):
    model, plain = fitted(rule), fitted(None)
    (limit,) = model["estimator"].thresholds_
    p = model.predict_proba(table()[INPUTS])
    np.testing.assert_array_equal(p, plain.predict_proba(table()[INPUTS]))
    np.testing.assert_array_equal(model.predict(table()[INPUTS]) == "good", p[:, 1] > limit)
    assert model.facts_.threshold == rule
    _, held = sides_again(model, table()[["a", "b", "kind"]])
    assert model.facts_.metrics["accuracy"] == np.mean(model.predict(held.inputs) == held.y)
    assert evaluate(model, table()[["a", "b", "kind"]]).metrics["accuracy"] == np.mean(model.predict(table()[INPUTS]) == table()["kind"])
    by_label = {each.label: each for each in model.facts_.beside.rare}
    assert by_label["bad"].recall == pytest.approx(recall_score(held.y, model.predict(held.inputs), pos_label="bad"))
    precision = precision_score(held.y, model.predict(held.inputs), pos_label="bad", zero_division=0)
    assert (by_label["bad"].precision or 0) == pytest.approx(precision)


def test_each_of_several_labels_has_its_own():
    model = fitted("f1", ("kind", "late"))
    limits = model["estimator"].thresholds_
    assert len(set(limits)) == 2
    np.testing.assert_array_equal(model.predict(table()[INPUTS]), model.predict_proba(table()[INPUTS]) > limits)
    assert fitted(0.2, ("kind", "late"))["estimator"].thresholds_ == (0.2, 0.2)


@pytest.mark.parametrize(("rule", "target"), [("f1 of bad", "kind"), ("0.7", "late"), ("recall=0.9", ("kind", "late"))])
def test_files_keep_it(rule, target, tmp_path):
    model = fitted(rule, target)
    shoal.save(model, tmp_path / "m.shoal")
    (tmp_path / "m.json").write_text(model_json(portable(model)))
    for again in (shoal.load(tmp_path / "m.shoal"), shoal.from_json(tmp_path / "m.json")):
        assert again["estimator"].thresholds_ == model["estimator"].thresholds_
        assert again.facts_.threshold == rule
        np.testing.assert_array_equal(again.predict(table()[INPUTS]), model.predict(table()[INPUTS]))


@pytest.mark.parametrize("thresholds", [[0.0], [1.0], [0.3, 0.4], ["0.3"], 0.3, [None], [True], [float("nan")]], ids=str)
def test_a_file_of_another_threshold_is_refused(thresholds, tmp_path):
    content = json.loads(model_json(portable(fitted("0.3"))))
    (tmp_path / "m.json").write_text(json.dumps({**content, "thresholds": thresholds}))
    with pytest.raises(ModelFileError, match="threshold"):
        shoal.from_json(tmp_path / "m.json")


def test_files_from_before_thresholds_load():
    found = stored(fitted(None))
    del found.manifest["network"]["thresholds"], found.manifest["facts"]["threshold"]
    np.testing.assert_array_equal(built(found).predict(table()[INPUTS]), fitted(None).predict(table()[INPUTS]))


def test_exports_with_a_class_obey_it():
    for rule, target in (("f1 of bad", "kind"), ("0.7", "late"), ("recall=0.9", ("kind", "late"))):
        found = portable(fitted(rule, target), "ONNX")
        rows = sample_rows(found)
        p, limits = answers(found, rows), np.array(found.network.thresholds)
        codes = (p > limits).astype(int) if found.multilabel else (p[:, 1] > limits).astype(int)
        space: dict = {}
        exec(compile(python_text(found), "network.py", "exec"), space)
        said = [space["predict"](row) for row in rows]
        for answer, code in zip(said, codes, strict=True):
            labels = [answer[name]["label"] for name in found.targets] if found.multilabel else [answer["label"]]
            assert labels == [known[c] for known, c in zip(found.classes, np.atleast_1d(code), strict=True)]
        for name in found.targets:
            assert f"{name} = " in model_equation(found).partition("is above")[0]


def test_onnx_obeys_it():
    graph = onnx_graph()
    for rule, target in (("f1 of bad", "kind"), ("0.7", "late"), ("recall=0.9", ("kind", "late"))):
        found = portable(fitted(rule, target), "ONNX")
        rows = sample_rows(found)
        labels, _ = graph.onnx_answers(graph.model_onnx(found, "double"), found, rows)
        p, limits = answers(found, rows), np.array(found.network.thresholds)
        expected = p > limits if found.multilabel else np.array(found.classes[0])[(p[:, 1] > limits).astype(int)]
        np.testing.assert_array_equal(labels, expected)


def test_the_c_obeys_it(tmp_path):
    X = np.random.default_rng(0).standard_normal((60, 3))
    model = ShoalClassifier(**FAST, random_state=0).fit(X, X[:, 0] > 0.5)
    limit = float(np.median(model.predict_proba(X)[:, 1]))
    for name, text in c99(portable(with_thresholds(model, (limit,)), "C"), "model", "double").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert f"above {limit!r}" in (tmp_path / "model.h").read_text()
    command = [gcc(), *STRICT, "-shared", "-fPIC", "model.c", "-o", "model.so", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    run = ctypes.CDLL(str(tmp_path / "model.so")).model_predict
    said = [run((ctypes.c_double * 3)(*row), (ctypes.c_double * 2)()) for row in X]
    sure = np.abs(model.predict_proba(X)[:, 1] - limit) > 1e-12  # the agreement of the formats
    assert list(np.array(said)[sure]) == list(model.predict(X)[sure])
    assert 0 < sum(said) < 60


def test_latex_states_it():
    X = np.random.default_rng(0).standard_normal((60, 3))
    model = ShoalClassifier(1, n_networks=1, max_iter=3, ramps=False, random_state=0).fit(X, X[:, 0] > 0.5)
    assert "above" not in model_latex(portable(model))
    assert "is above 0.25" in model_latex(portable(with_thresholds(model, (0.25,))))


def test_the_command_prints_it(tmp_path):
    table()[["a", "b", "kind"]].to_csv(tmp_path / "t.csv", index=False)
    command = ["fit", str(tmp_path / "t.csv"), "--target", "kind", "-o", str(tmp_path / "m.shoal"), "--threshold", "f1 of bad"]
    command += [f"--set={name}={value}" for name, value in FAST.items()]
    printed = CliRunner().invoke(app, command)
    assert printed.exit_code == 0, printed.output
    (limit,) = shoal.load(tmp_path / "m.shoal")["estimator"].thresholds_
    line = f"threshold: kind is good where P(kind=good) is above {limit:.4g}, else bad (f1 of bad"
    assert line in printed.output
    assert line in CliRunner().invoke(app, ["show", str(tmp_path / "m.shoal")]).output
    record = json.loads(CliRunner().invoke(app, [*command, "--json"]).output)
    assert record["threshold"] == {"rule": "f1 of bad", "values": [limit]}
    model = shoal.load(tmp_path / "m.shoal")
    assert "--threshold 'f1 of bad'" in command_of(model.facts_, model["estimator"])


# --- scikit-learn's own --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_thresholds_of_scikit_learn_work_over_the_estimator():
    X, y = table()[["a", "b"]].to_numpy(), (table()["kind"] == "bad").to_numpy().astype(int)
    tuned = TunedThresholdClassifierCV(ShoalClassifier(**FAST, random_state=0), scoring="f1", cv=3).fit(X, y)
    np.testing.assert_array_equal(tuned.predict(X), tuned.predict_proba(X)[:, 1] >= tuned.best_threshold_)
    plain = ShoalClassifier(**FAST, random_state=0)
    fixed = FixedThresholdClassifier(plain, threshold=0.2).fit(X, y)
    np.testing.assert_array_equal(fixed.predict(X), plain.fit(X, y).predict_proba(X)[:, 1] >= 0.2)


def test_a_fitted_table_model_takes_a_threshold_of_scikit_learn_too():
    fixed = FixedThresholdClassifier(FrozenEstimator(fitted(None)), threshold=0.9).fit(table()[INPUTS], table()["kind"])
    said = fixed.predict(table()[INPUTS])
    np.testing.assert_array_equal(said == "good", fitted(None).predict_proba(table()[INPUTS])[:, 1] >= 0.9)


# --- rare classes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [None, "0.8"])
def test_whole_weights_count_rare_classes_as_repeated_rows(rule):
    model, rows = fitted(rule), table()[["a", "b", "kind", "w"]]
    X, y, w = model["prepare"].transform(rows[["a", "b"]]), rows["kind"].to_numpy(), rows["w"].to_numpy().copy()
    w[y == "bad"] = 1
    w[:20] = 0
    weighted, balanced = rare_classes_of(model["estimator"], X, y, w.astype(float))
    repeated, balanced_too = rare_classes_of(model["estimator"], X.repeat(w, axis=0), y.repeat(w))
    assert balanced == pytest.approx(balanced_too, rel=1e-12)
    assert len(weighted) == len(repeated) == (2 if rule else 1)
    for one, other in zip(weighted, repeated, strict=True):
        assert one.label == other.label
        assert (one.recall, one.precision or 0, one.average_precision) == pytest.approx(
            (other.recall, other.precision or 0, other.average_precision), rel=1e-12
        )


@pytest.mark.parametrize("rule", [None, "0.8"])
def test_evaluate_prints_them(rule, tmp_path):
    shoal.save(fitted(rule), tmp_path / "m.shoal")
    table()[["a", "b", "kind"]].to_csv(tmp_path / "t.csv", index=False)
    command = ["evaluate", str(tmp_path / "m.shoal"), str(tmp_path / "t.csv")]
    assert ("classes" if rule else "rare classes") + " on these rows; balanced accuracy" in CliRunner().invoke(app, command).output
    record = json.loads(CliRunner().invoke(app, [*command, "--json"]).output)
    found = evaluate(fitted(rule), table()[["a", "b", "kind"]])
    assert [each["recall"] for each in record["rare_classes"]] == [each.recall for each in found.rare]
