"""A report on arrays and an estimator that was fitted alone says what one on a table says."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import shoal
from shoal import ShoalClassifier, ShoalRegressor
from shoal.errors import DataError, InvalidParameterError, ShoalError
from shoal.table_models.scores import metrics_of

pytest.importorskip("matplotlib")

import shoal.report as room
from shoal.report import arrays, sections
from shoal.report import contents as parts

QUICK = {"n_networks": 2, "hidden_layer_sizes": 3, "solver": "lbfgs", "max_iter": 2000, "random_state": 4}
rng = np.random.default_rng(0)
X = rng.standard_normal((120, 3))
TARGETS = {
    "binary": np.where(X[:, 0] > 0, "b", "a"),
    "classes": np.digitize(X[:, 0], [-0.5, 0.5]),
    "labels": (X[:, :2] > 0).astype(int),
    "regression": X[:, 0] * 3 + 0.1 * rng.standard_normal(120),
    "one column": X[:, :1] * 3,
    "targets": X[:, :2] @ rng.standard_normal((2, 2)),
}


def fitted(task, named=False):
    kind = ShoalClassifier if task in ("binary", "classes", "labels") else ShoalRegressor
    rows, y = (pd.DataFrame(X, columns=["size", "mass", "<i>"]) if named else X), TARGETS[task]
    return kind(**QUICK).fit(rows[:80], y[:80]), rows, y


def examined_alone(model, rows, y, **given):
    found = arrays.examined_alone(model, rows[80:], y[80:], given.get("sample_weight"), given.get("train"))
    return parts.examined(*found, lambda name: None, alone=True)


@pytest.mark.parametrize("named", [False, True], ids=["array", "frame"])
@pytest.mark.parametrize("task", TARGETS)
def test_its_numbers_are_those_of_the_estimator(task, named):
    model, rows, y = fitted(task, named)
    weight = rng.integers(0, 3, 40).astype(float)
    found = examined_alone(model, rows, y, sample_weight=weight, train=(rows[:80], y[:80]))
    own = metrics_of(arrays.without_names(model), X[80:], y[80:].reshape(-1, *y.shape[1 + (task == "one column") :]), model._task, weight)
    assert {name: found.scores["shoal"].scores[name] for name in own} == pytest.approx(own, rel=1e-9)  # sums in another order
    assert set(found.scores) == {"shoal", "trivial", "linear", "boosting"}
    assert found.importance.names == (("size", "mass", "<i>") if named else ("x0", "x1", "x2"))
    assert found.importance.ranked()[0][0] == found.importance.names[0] or task in ("labels", "targets")  # these follow two columns
    assert found.look.n_rows == found.diagnosis.n_rows == 40
    np.testing.assert_array_equal(found.X_held, X[80:])


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_the_page_has_every_section_and_says_what_it_is_about(task, tmp_path):
    model, rows, y = fitted(task, named=True)
    steps = []
    beside = room.BesideModel(y=pd.Series(y[80:], name="weight & sex"))
    page = room.write_in_steps(model, rows[80:], tmp_path / "r.html", beside, steps.append)
    text = page.read_text("utf-8")
    assert tuple(steps) == room.STEPS
    for name, _, _ in sections.SECTIONS:
        assert (f'id="{name}"' in text) == (name != "crossed"), "arrays have no cross-validation"
    assert "from arrays" in text
    assert "Other models would need the rows that this one learned from" in text
    assert "40 scored" in text
    assert "weight &amp; sex" in text
    assert "&lt;i&gt;" in text
    assert "<i>" not in text
    assert "h1 = relu(" in text  # the equation
    assert not re.search(r"\bnan\b", text)  # there are no gaps, and nothing that is not known is shown
    assert "SHA-256" not in text


def test_other_models_are_trained_where_the_training_rows_are_given(tmp_path):
    model, rows, y = fitted("regression")
    text = shoal.write_report(model, rows[80:], tmp_path / "r.html", y=y[80:], train=(rows[:80], y[:80])).read_text("utf-8")
    assert "a linear model" in text
    assert "40 scored, 80 learned from" in text


@pytest.mark.parametrize("task", ["classes", "regression"])
def test_the_line_makes_the_estimator_again(task):
    model, rows, y = fitted(task)
    again = eval(parts.call_of(model), {"X": rows[:80], "y": y[:80], "ShoalClassifier": ShoalClassifier, "ShoalRegressor": ShoalRegressor})
    np.testing.assert_array_equal(again.coefs_[0], model.coefs_[0])


@pytest.mark.parametrize(
    ("error", "about", "given"),
    [
        (InvalidParameterError, r"y is missing: .*write_report\(model, X, path, y=y\)", {"y": None}),
        (InvalidParameterError, "test is for models of shoal.fit", {"test": X}),
        (InvalidParameterError, r"train is a ndarray; give \(X, y\)", {"train": X}),
        (InvalidParameterError, r"train is a tuple; give \(X, y\)", {"train": (X,)}),
        (DataError, "NaN", {"X": np.full((40, 3), np.nan)}),
        (DataError, "2 features", {"X": X[80:, :2]}),
        (DataError, "is sparse with 3 columns", {"X": sparse.csr_array(X[80:])}),
        (DataError, "inconsistent numbers of samples", {"y": TARGETS["binary"]}),
        (DataError, "c", {"y": np.full(40, "c")}),
        (DataError, "sample_weight", {"sample_weight": [1.0, 2.0]}),
        (DataError, "inconsistent numbers of samples", {"train": (X[:80], TARGETS["binary"][:70])}),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_written(error, about, given, tmp_path):
    model, rows, y = fitted("binary")
    given = {"X": rows[80:], "y": y[80:], **given}
    with pytest.raises(error, match=about):
        shoal.write_report(model, given.pop("X"), tmp_path / "r.html", **given)
    assert list(tmp_path.iterdir()) == []


def test_arguments_of_the_other_kind_of_model_are_named(tmp_path):
    model, rows, y = fitted("binary")
    with pytest.raises(ShoalError, match=r"steps before the last \(standardscaler\) are not shoal's.*model\[:-1\].transform\(X\)"):
        shoal.write_report(make_pipeline(StandardScaler(), model), rows, tmp_path / "r.html", y=y)
    frame = pd.DataFrame({"a": X[:, 0], "y": y})
    table_model = shoal.fit(frame, "y", settings=QUICK)
    for name in ("y", "train", "sample_weight"):
        with pytest.raises(InvalidParameterError, match=f"{name} is for estimators that were fitted alone"):
            shoal.write_report(table_model, frame, tmp_path / "r.html", **{name: y})
