"""`weights=` of `shoal.fit`: a column says what rows count, in training and in scores, and is no input."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import shoal
from shoal.cli import app
from shoal.errors import ColumnsError, TableError
from shoal.report import write_report
from shoal.table_models.fit import columns_of, evaluate
from shoal.table_models.inspect import sides_again
from shoal.table_models.scores import Scores, metrics_of, sureness_of

M = 60
SETTINGS = {"solver": "lbfgs", "max_iter": 6, "hidden_layer_sizes": 3, "n_networks": 2, "early_stopping": False, "activation": "tanh"}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # a few steps are enough to compare
TARGETS = {"number": ["y"], "two classes": ["two"], "three classes": ["three"], "several labels": ["two", "sign"]}


def table(target=("y",), seed=0):
    rng = np.random.default_rng(seed)
    a, b, e = rng.standard_normal((3, M))
    y = a + np.sin(b) + 0.3 * e
    known = {
        "y": y,
        "two": np.where(y > 0, "yes", "no"),
        "three": np.digitize(y, [-0.5, 0.8]).astype(str),
        "sign": np.where(a > 0, "+", "-"),
    }
    return pd.DataFrame({"a": a, "b": b, **{name: known[name] for name in target}, "w": rng.integers(0, 4, M)})


def repeated(frame):
    """Each row as often as its weight says, without the weight."""
    return frame.loc[frame.index.repeat(frame["w"])].drop(columns="w").reset_index(drop=True)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_whole_weights_are_repeated_rows(target):
    """The same network, the same scores and the same baselines; what cannot be the same is how many rows were counted."""
    frame, other = table(target), table(target, 1)
    weighed = shoal.fit(frame, target, test=other, weights="w", settings=SETTINGS)
    counted = shoal.fit(repeated(frame), target, test=repeated(other), settings=SETTINGS)
    assert [column.name for column in columns_of(weighed)] == ["a", "b"]
    for mine, its in zip(weighed["estimator"].coefs_, counted["estimator"].coefs_, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-7, atol=1e-9)  # sums in another order, six steps long
    assert weighed.facts_.metrics == pytest.approx(counted.facts_.metrics, rel=1e-6)
    assert weighed.facts_.sureness == pytest.approx(counted.facts_.sureness, rel=1e-6)
    for name, tolerance in (("trivial", 1e-9), ("linear", 0.02)):  # scikit-learn's logistic regression stops at a tolerance of 1e-4
        assert weighed.facts_.baselines[name] == pytest.approx(counted.facts_.baselines[name], rel=tolerance)
    assert evaluate(weighed, other).metrics == pytest.approx(weighed.facts_.metrics, rel=1e-12)
    assert (weighed.facts_.n_test, counted.facts_.n_test) == (M, other["w"].sum())


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_scores_in_pieces_are_those_of_the_whole(target):
    frame = table(target)
    model = shoal.fit(frame, target, weights="w", settings={**SETTINGS, **({"calibration": "split"} if target == ["y"] else {})})
    _, held = sides_again(model, frame)
    rows = model["prepare"].transform(held.inputs), held.y, held.weight
    scores = Scores(model["estimator"], model.facts_.task)
    for part in (slice(0, 5), slice(5, None)):
        scores.see(*(column[part] for column in rows))
    assert scores.metrics() == pytest.approx(metrics_of(model["estimator"], *rows[:2], model.facts_.task, held.weight), rel=1e-12)
    assert scores.metrics() == pytest.approx(model.facts_.metrics, rel=1e-12)
    assert scores.sureness() == pytest.approx(sureness_of(model["estimator"], *rows), rel=1e-12)


WRONG = {
    "empty": (np.nan, r"The weights column 'w' is empty in row 7 \(1 of 60 rows\)"),
    "below 0": (-1, "The weights column 'w' holds -1 in row 7 "),
    "infinite": (np.inf, "The weights column 'w' holds inf in row 7 "),
    "text": ("much", "The weights column 'w' holds 'much', which is no number, in row 7 "),
}


@pytest.mark.parametrize(("value", "message"), WRONG.values(), ids=WRONG)
def test_a_weight_that_is_none_is_named_with_its_row(value, message):
    frame = table().astype({"w": object})
    frame.loc[6, "w"] = value
    with pytest.raises(TableError, match=message):
        shoal.fit(frame, "y", weights="w", settings=SETTINGS)
    frame.loc[6, "y"] = np.nan  # a row without a target needs no weight
    shoal.fit(frame, "y", weights="w", settings=SETTINGS)


@pytest.mark.parametrize(
    ("weights", "message"), [(np.zeros(M), "'w' is 0 in all training rows"), (np.full(M, 1e308), "adds up to more than the largest")]
)
def test_weights_that_add_up_to_nothing_or_too_much(weights, message):
    with pytest.raises(TableError, match=message):
        shoal.fit(table().assign(w=weights), "y", weights="w", settings=SETTINGS)


@pytest.mark.parametrize(
    ("roles", "error", "message"),
    [
        ({"weights": "y"}, TableError, "'y' is the target and cannot be the weights column too"),
        ({"weights": "a", "groups": "a"}, TableError, "'a' is the groups column and cannot be the weights column too"),
        ({"weights": ["w", "a"]}, TableError, "names 2 columns; set one"),
        ({"weights": "weight"}, ColumnsError, "no column 'weight' to be the weights column"),
    ],
)
def test_a_column_that_cannot_be_the_weights(roles, error, message):
    with pytest.raises(error, match=message):
        shoal.fit(table(), "y", settings=SETTINGS, **roles)


def test_a_table_to_score_on_needs_the_weights_and_one_to_predict_does_not():
    frame = table()
    model = shoal.fit(frame, "y", weights="w", settings=SETTINGS)
    np.testing.assert_array_equal(model.predict(frame[["a", "b"]]), model.predict(frame))
    with pytest.raises(ColumnsError, match="no column 'w' of weights, with which the model was trained"):
        evaluate(model, frame.drop(columns="w"))
    assert evaluate(model, frame.assign(w=1)).metrics == pytest.approx(evaluate(model, frame.assign(w=0.1)).metrics, rel=1e-9)


@pytest.mark.slow
def test_the_command_the_file_and_the_report_know_the_weights(tmp_path):
    frame, path, made = table(), tmp_path / "t.csv", tmp_path / "m.shoal"
    frame.to_csv(path, index=False)
    chosen = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
    done = CliRunner().invoke(app, ["fit", str(path), "--target", "y", "--weights", "w", "-o", str(made), "--json", *chosen])
    assert done.exit_code == 0, done.output
    here = shoal.fit(path, "y", weights="w", settings=SETTINGS)
    model = shoal.load(made)
    assert json.loads(done.output)["metrics"] == pytest.approx(here.facts_.metrics)
    assert model.facts_.weights == "w"
    page = tmp_path / "page.html"
    write_report(model, path, page)
    assert "--weights w" in page.read_text()
