"""Several targets: gaps in different rows, and classes beside numbers, are stated before training; one model for each learns them."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import shoal
from shoal.cli import app
from shoal.errors import SeveralTargetsError, TableError, TableWarning
from shoal.table import targets_of

FAST = {"n_networks": 1, "hidden_layer_sizes": 3, "max_iter": 3}
M = 120
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # three epochs are enough to count rows


def table(*targets, gaps=None):
    """Two inputs and these targets; `gaps` names for some the rows that lack it."""
    rng = np.random.default_rng(0)
    a, b, e = rng.standard_normal((3, M))
    known = {
        "price": a + b + 0.1 * e,
        "cost": a - b + e,
        "kind": np.where(a > 0, "old", "new"),
        "late": pd.Series(b + e > 0, dtype=object),
        "flag": (e > 0).astype(int),
        "grade": np.array(["x", "y", "z"])[np.digitize(a, [-0.4, 0.4])],
    }
    frame = pd.DataFrame({"a": a, "b": b, **{name: known[name] for name in targets}})
    for name, rows in (gaps or {}).items():
        frame.loc[rows, name] = None
    return frame


TOGETHER = {
    ("price", "cost"): "regression",
    ("price", "flag"): "regression",
    ("kind", "late"): "classification",
    ("kind", "flag"): "classification",
    ("kind", "late", "flag"): "classification",
}
APART = [("price", "kind"), ("price", "late"), ("price", "grade"), ("kind", "grade"), ("grade", "late"), ("price", "cost", "kind")]


@pytest.mark.parametrize("targets", TOGETHER, ids="-".join)
def test_what_one_network_learns(targets):
    assert targets_of(table(*targets), targets).task == TOGETHER[targets]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("targets", APART, ids="-".join)
def test_what_no_one_network_learns_is_named_with_what_to_do(targets, order):
    targets = targets[::order]
    with pytest.raises(SeveralTargetsError, match=r"classes\. Train one model for each \(--each; in Python shoal\.fit"):
        shoal.fit(table(*targets), targets, settings=FAST)


def test_more_than_two_classes_are_named_if_the_task_is_given():
    with pytest.raises(SeveralTargetsError, match="'grade' has 3 classes, and several targets have two each"):
        shoal.fit(table("kind", "grade"), ["kind", "grade"], task="classification", settings=FAST)


@pytest.mark.parametrize("targets", [("price", "cost"), ("kind", "late")], ids="-".join)
def test_rows_with_some_targets_are_counted_before_training(targets):
    gaps = {targets[0]: slice(0, 9), targets[1]: slice(5, 24)}  # rows 5 to 9 have neither
    frame, seen = table(*targets, gaps=gaps), []
    with pytest.warns(TableWarning) as warned:
        model = shoal.fit(frame, targets, settings=FAST)
    for name, n in zip(targets, (5, 15), strict=True):
        line = f"{name}: {n} of {M} rows have no value here but one of another target, and are left out (--each"
        assert line in str(warned[0].message)
    assert model.facts_.n_left_out == 25
    shoal.fit(frame, targets, settings=FAST, look=seen.append)
    assert {note.column: note.kind for note in seen[0].notes} == dict.fromkeys(targets, "gaps")
    assert seen[0].title.endswith("95 rows, 4 columns; 25 more rows have no target and are left out")
    with pytest.raises(TableError, match="strict=True"):
        shoal.fit(frame, targets, settings=FAST, strict=True)


@pytest.mark.parametrize("targets", [("price", "cost"), ("kind", "late"), ("price",)], ids="-".join)
def test_rows_that_have_no_target_at_all_need_no_note(targets):
    seen = []
    shoal.fit(table(*targets, gaps=dict.fromkeys(targets, slice(0, 9))), targets, settings=FAST, look=seen.append)
    assert seen[0].notes == ()
    assert seen[0].n_left_out == 10


def test_targets_that_no_row_has_together():
    frame = table("price", "cost", gaps={"price": slice(0, 59), "cost": slice(60, M)})
    with pytest.raises(SeveralTargetsError, match=r"No row of 120 .* 'price', 'cost': 60 of them lack 'price', 60 of them lack 'cost'"):
        shoal.fit(frame, ["price", "cost"], settings=FAST)
    with pytest.raises(TableError, match="has no value in any of 120 rows"):
        shoal.fit(frame.assign(price=None, cost=None), ["price", "cost"], settings=FAST)


def run(frame, folder, *arguments):
    frame.to_csv(folder / "t.csv", index=False)
    chosen = [f"--set={name}={value}" for name, value in FAST.items()]
    done = CliRunner().invoke(app, ["fit", str(folder / "t.csv"), *chosen, *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_trains_one_model_for_each_and_says_so(tmp_path):
    both = ["--target", "price", "--target", "kind", "-o", str(tmp_path / "m.shoal")]
    output = run(table("price", "kind"), tmp_path, *both)
    assert "'kind' has classes" in output
    assert "One model is trained for each now." in output
    for name, task in (("price", "regression"), ("kind", "classification")):
        model = shoal.load(tmp_path / f"m-{name}.shoal")
        assert (model.facts_.task, model.facts_.targets) == (task, (name,))
        assert len(model.predict(table())) == M
    assert not (tmp_path / "m.shoal").exists()


def test_each_learns_from_all_rows_that_have_it(tmp_path, monkeypatch):
    frame = table("price", "cost", gaps={"cost": slice(0, 59)})
    monkeypatch.chdir(tmp_path)
    both = ["--target", "price", "--target", "cost"]
    record = json.loads(run(frame, tmp_path, *both, "--each", "--json"))
    assert [each["rows"] for each in record["models"]] == [{"train": 96, "test": 24}, {"train": 48, "test": 12}]
    assert [each["model"] for each in record["models"]] == ["t-price.shoal", "t-cost.shoal"]
    assert "60 of 120 rows" in run(frame, tmp_path, *both)
    assert (tmp_path / "t-price+cost.shoal").exists()
