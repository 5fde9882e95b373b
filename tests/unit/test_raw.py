"""From a raw table to a fitted model, and what is known of it."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.pipeline import Pipeline

from shoal.errors import ColumnsError, DataError, DivergedError, InterruptedWarning, InvalidParameterError, ShoalError, TableError
from shoal.estimators.classifier import ShoalClassifier
from shoal.table import read
from shoal.table_models.fit import columns_of, evaluate, facts_of, fit
from shoal.table_models.predict import predictions

FAST = {"n_networks": 2, "hidden_layer_sizes": 8, "max_iter": 40, "solver": "adam", "learning_rate_init": 0.02}
SAME = 1e-12  # the same numbers added up in another order


def passengers(n: int = 240, seed: int = 0) -> pd.DataFrame:
    """Ages with gaps, ports as text, truth values, groups of three rows, days; survival hangs on age and port."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(0, 80, n).round()
    port = rng.choice(["Cork", "Brest", "Vigo"], n)
    survived = np.where((age < 30) ^ (port == "Vigo"), "yes", "no").astype(object)
    frame = pd.DataFrame({"age": age, "port": port, "paid": rng.random(n) < 0.5, "empty": None, "cabin": np.arange(n) // 3})
    frame["day"] = pd.date_range("2024-01-01", periods=n).astype(str)
    frame["fare"] = (age + 10 * (port == "Cork") + rng.normal(size=n)).round(2)
    frame.loc[::11, "age"] = np.nan
    return frame.assign(survived=survived)


@pytest.fixture(scope="module")
def model() -> Pipeline:
    return fit(passengers(), "survived", settings=FAST)


def test_a_model_is_a_pipeline_that_takes_raw_frames(model):
    assert isinstance(model, Pipeline)
    assert [name for name, _ in model.steps] == ["prepare", "estimator"]
    assert isinstance(model["estimator"], ShoalClassifier)
    rows = passengers(20, seed=1)
    assert set(model.predict(rows)) <= {"yes", "no"}
    assert model.predict_proba(rows.drop(columns=["survived", "empty"])).shape == (20, 2)
    np.testing.assert_array_equal(model.predict(rows), model.predict(rows.drop(columns="survived")))


def test_the_facts_of_a_fit(model):
    facts = facts_of(model)
    assert (facts.task, facts.targets, facts.classes) == ("classification", ("survived",), (("no", "yes"),))
    assert (facts.n_train, facts.n_test, facts.n_left_out, facts.table) == (192, 48, 0, "")
    assert set(facts.metrics) == set(facts.baselines["linear"]) == set(facts.baselines["trivial"]) == {"accuracy", "log_loss", "roc_auc"}
    assert facts.baselines["trivial"]["roc_auc"] == 0.5
    assert facts.metrics["accuracy"] > 0.8 > facts.baselines["linear"]["accuracy"]  # an exclusive or is no straight cut
    assert {c.name: c.kind for c in columns_of(model)}["empty"] == "left out"
    assert not facts.refit
    assert not facts.interrupted


def test_the_model_that_is_kept_is_the_one_that_was_scored():
    frame, unseen = passengers(), passengers(60, seed=1)
    model = fit(frame, "survived", test=unseen, settings=FAST)
    facts = facts_of(model)
    assert (facts.n_train, facts.n_test) == (240, 60)
    assert facts.metrics["accuracy"] == accuracy_score(unseen["survived"], model.predict(unseen))
    assert evaluate(model, unseen).metrics == pytest.approx(facts.metrics, rel=SAME)
    again = fit(frame, "survived", test=unseen, settings=FAST, refit=True)
    assert facts_of(again).metrics == facts.metrics  # of the model before it was trained again
    assert facts_of(again).refit
    assert not np.array_equal(again.predict_proba(unseen), model.predict_proba(unseen))


def test_the_seed_makes_it_repeatable(model):
    rows = passengers(30, seed=2)
    np.testing.assert_array_equal(fit(passengers(), "survived", settings=FAST).predict_proba(rows), model.predict_proba(rows))
    other = fit(passengers(), "survived", settings=FAST, seed=1)
    assert not np.array_equal(other.predict_proba(rows), model.predict_proba(rows))


def test_a_path_and_rows_without_a_target(tmp_path):
    frame = passengers()
    frame.loc[:4, "survived"] = None
    frame.to_csv(tmp_path / "ship.csv.gz", index=False)
    facts = facts_of(fit(tmp_path / "ship.csv.gz", "survived", settings=FAST))
    assert (facts.table, facts.n_left_out, facts.n_train + facts.n_test) == ("ship.csv.gz", 5, 235)


def test_groups_stay_on_one_side_are_no_input_and_need_not_be_there():
    frame = passengers()
    model = fit(frame, "survived", groups="cabin", settings=FAST)
    facts = facts_of(model)
    assert facts.n_train + facts.n_test == 240
    assert facts.n_test % 3 == 0  # whole cabins
    assert "cabin" not in {column.name for column in columns_of(model)}
    np.testing.assert_array_equal(model.predict(frame), model.predict(frame.drop(columns="cabin")))


def test_time_holds_out_the_last_rows_and_stays_an_input():
    model = fit(passengers(), "fare", time="day", settings=FAST)
    facts = facts_of(model)
    assert (facts.task, facts.n_train, facts.n_test, facts.held_out) == ("regression", 192, 48, "the last rows by 'day'")
    day = next(column for column in columns_of(model) if column.name == "day")
    assert day.kind == "date"
    assert "2024-07-10" in day.reason  # the 192nd day: nothing later was seen
    assert set(facts.metrics) == {"rmse", "mae", "r2"}


def test_named_categories():
    model = fit(passengers().assign(port=lambda f: f["port"].str.len()), "survived", categories=["port"], settings=FAST)
    assert {c.name: c.kind for c in columns_of(model)}["port"] == "category"


def test_several_labels_and_several_numbers():
    frame = passengers().assign(old=lambda f: np.where(f["fare"] > 45, "old", "young"), debt=lambda f: -f["fare"])
    model = fit(frame, ["survived", "old"], settings=FAST)
    facts = facts_of(model)
    assert facts.classes == (("no", "yes"), ("old", "young"))
    assert set(facts.metrics) == {"accuracy", "log_loss"}
    answers = predictions(model, frame)
    assert list(answers) == ["survived", "P(survived=yes)", "old", "P(old=young)"]
    np.testing.assert_array_equal(answers["old"], np.where(answers["P(old=young)"] > 0.5, "young", "old"))
    assert evaluate(model, frame).n_rows == 240
    numbers = fit(frame, ["fare", "debt"], settings=FAST)
    assert list(predictions(numbers, frame)) == ["fare", "debt"]
    assert facts_of(numbers).metrics["r2"] > 0.8


def test_answers_stand_under_the_targets_name_with_their_probabilities(model):
    rows = passengers(10, seed=3).iloc[::-1]
    answers = predictions(model, rows)
    assert list(answers) == ["survived", "P(survived=no)", "P(survived=yes)"]
    assert list(answers.index) == list(rows.index)
    np.testing.assert_array_equal(answers["survived"], model.predict(rows))
    np.testing.assert_allclose(answers["P(survived=no)"] + answers["P(survived=yes)"], 1, rtol=SAME)


def test_a_shuffled_target_scores_at_chance():
    frame = passengers(600)
    frame["survived"] = np.random.default_rng(5).permutation(frame["survived"].to_numpy())
    frame["fare"] = np.random.default_rng(6).permutation(frame["fare"].to_numpy())
    metrics = facts_of(fit(frame.drop(columns="fare"), "survived", settings=FAST)).metrics
    assert abs(metrics["roc_auc"] - 0.5) < 0.15  # 120 rows: three standard deviations are 0.16
    assert facts_of(fit(frame.drop(columns="survived"), "fare", settings=FAST)).metrics["r2"] < 0.1


def test_callbacks_see_the_epochs_and_an_interrupt_keeps_what_there_is():
    epochs = []

    def stop(event):
        epochs.append(event.epoch)
        if event.epoch == 3:
            raise KeyboardInterrupt

    with pytest.warns(InterruptedWarning):
        model = fit(passengers(), "survived", settings=FAST, refit=True, callbacks=[stop])
    assert epochs == [1, 2, 3]
    assert facts_of(model).interrupted
    assert not facts_of(model).refit
    assert np.isfinite(model.predict_proba(passengers(5))).all()


@pytest.mark.parametrize(
    ("error", "text", "changes"),
    [
        (TableError, r"no column 'Survived'.*nearest names are 'survived'", {"target": "Survived"}),
        (TableError, "one class only", {"target": "survived", "table": passengers().assign(survived="yes")}),
        (TableError, "no value in any", {"target": "empty"}),
        (ColumnsError, r"'kabin' to be the group column; the nearest names are 'cabin'", {"groups": "kabin"}),
        (ColumnsError, "'days' to be the time column", {"time": "days"}),
        (TableError, "held out by one of them", {"groups": "cabin", "time": "day"}),
        (TableError, "is the target and cannot be the groups column", {"groups": "survived"}),
        (TableError, "test table and groups= were both given", {"groups": "cabin", "test": passengers()}),
        (ColumnsError, "test table lacks 1 of the columns learned from: 'age'", {"test": passengers().drop(columns="age")}),
        (ColumnsError, "not trained on: 'more'", {"test": passengers().assign(more=1)}),
        (TableError, "task='guess' is unknown", {"task": "guess"}),
        (TableError, "test_fraction=1.5", {"test_fraction": 1.5}),
        (
            TableError,
            r"'age' holds text where numbers must be: 'old' in row 8",
            {"table": passengers().assign(age=lambda f: f["age"].astype(object).where(f.index != 7, "old"))},
        ),
        (TableError, "infinity in row 3", {"table": passengers().assign(age=lambda f: f["age"].where(f.index != 2, np.inf))}),
        (
            InvalidParameterError,
            r"no parameter 'hidden_sizes'; the nearest names are 'hidden_layer_sizes'",
            {"settings": {"hidden_sizes": 3}},
        ),
        (InvalidParameterError, "no parameter 'callbacks'", {"settings": {"callbacks": 3}}),
        (InvalidParameterError, "exactly one hidden layer", {"settings": {"hidden_layer_sizes": (10, 10)}}),
        (InvalidParameterError, "seed=-1", {"seed": -1}),
        (DivergedError, r"in epoch \d+.*the learning rate", {"settings": {**FAST, "solver": "sgd", "learning_rate_init": 1e30}}),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
def test_bad_input_is_named(error, text, changes):
    arguments = {"table": passengers(), "target": "survived", "settings": FAST, **changes}
    with pytest.raises(error, match=text):
        fit(**arguments)


HALF = np.arange(40) / 2


@pytest.mark.parametrize(
    ("error", "text", "changes"),
    [
        (TableError, "this is NoneType", {"table": None}),
        (TableError, "no column 't'.* its columns are '0', '1'", {"table": np.zeros((4, 2))}),
        (TableError, "target=None names no column", {"target": None}),
        (TableError, "no column '1.5'", {"target": 1.5}),
        (TableError, "target is a Series of values", {"target": pd.Series(HALF)}),
        (TableError, r"groups=\['a', 't'\] names 2 columns", {"groups": ["a", "t"]}),
        (ColumnsError, "no column '7' to be the time column", {"time": 7}),
        (ColumnsError, "No column '5' to take for a category", {"categories": 5}),
        (InvalidParameterError, "settings='abc' must be a mapping", {"settings": "abc"}),
        (InvalidParameterError, "settings={1: 2} must be a mapping", {"settings": {1: 2}}),
        (InvalidParameterError, "refit='no' must be True or False", {"refit": "no"}),
        (InvalidParameterError, "strict='no' must be True or False", {"strict": "no"}),
        (InvalidParameterError, "callbacks=3 must be", {"callbacks": 3}),
        (InvalidParameterError, "progress=3 must be", {"progress": 3}),
        (InvalidParameterError, "seed='1'", {"seed": "1"}),
        (InvalidParameterError, "seed=.* from 0 to 18446744073709551615", {"seed": 2**64}),
        (TableError, "task=3 is unknown", {"task": 3}),
        (TableError, "task=array", {"task": np.array(["a", "b"])}),
        (TableError, "test_fraction='x' must lie between 0 and 1", {"test_fraction": "x"}),
        (TableError, "test_fraction=None must lie between 0 and 1", {"test_fraction": None}),
        (TableError, "test_fraction=True must lie between 0 and 1", {"test_fraction": True}),
        (TableError, "this is int", {"test": 5}),
        (TableError, "no column 't'", {"table": {}}),
        (TableError, "no value in any of 0 rows", {"table": {"a": [], "t": []}}),
        (DataError, "squares are not finite", {"table": {"a": HALF, "t": 1e160 * HALF}}),
        (DataError, "squares are not finite", {"table": {"a": HALF, "t": np.where(HALF > 9, 1e308, -1e308)}}),
        (DataError, "not finite", {"test": {"a": [1.0, 1e308], "t": [0.0, 1.0]}}),
    ],
)
def test_whatever_is_given_as_an_argument_is_an_answer_or_a_named_error(error, text, changes):
    quick = {"n_networks": 1, "max_iter": 2, "hidden_layer_sizes": 3, "activation": "relu"}
    arguments = {"table": {"a": HALF, "t": HALF[::-1]}, "target": "t", "settings": quick, **changes}
    with pytest.raises(error, match=text):
        fit(**arguments)


def test_every_label_names_a_column_and_every_table_is_one(tmp_path):
    """Numbers as names, of a target, a group and a category; the model answers a mapping, an array and a frame alike."""
    table = pd.DataFrame({0: HALF, 1: HALF[::-1] + 0.25, np.int8(2): np.arange(40) % 8, 3.5: np.arange(40) % 2})
    quick = {"n_networks": 1, "max_iter": 2, "hidden_layer_sizes": 3}
    model = fit(table, 1, groups=np.int64(2), categories=[3.5], settings=quick, seed=np.uint8(4))
    facts = facts_of(model)
    assert (facts.targets, facts.groups, facts.categories, facts.seed) == (("1.0",), "2.0", ("3.5",), 4)
    rows = table.drop(columns=[1.0, 2.0])
    answers = model.predict(rows)
    np.testing.assert_array_equal(model.predict({"0.0": HALF, "3.5": np.arange(40) % 2}), answers)
    np.testing.assert_array_equal(model.predict(table.to_records(index=False)), answers)
    assert evaluate(model, table.to_dict("list")).metrics == evaluate(model, table).metrics


def test_scores_of_targets_whose_squares_are_not_finite_are_right():
    """Against the same rows divided by a power of two, which changes no digit."""
    quick = {"n_networks": 1, "max_iter": 2, "hidden_layer_sizes": 3}
    test = {"a": [1.0, 2.0, 3.0], "t": [0.5, 1e200, -1e200]}
    facts = facts_of(fit({"a": HALF, "t": HALF[::-1]}, "t", test=test, settings=quick))
    assert facts.metrics == pytest.approx({"rmse": 1e200 * np.sqrt(2 / 3), "mae": 2e200 / 3, "r2": 0.0}, rel=1e-12, abs=1e-12)
    assert facts.baselines["trivial"]["rmse"] == pytest.approx(1e200 * np.sqrt(2 / 3))


def test_labels_of_text_are_scored_on_the_very_target(tmp_path):
    """Codes that look like one number are several classes, in a frame and in a file."""
    code = np.array(["007", "07", "7", "08"])[np.arange(80) % 4]
    frame = pd.DataFrame({"x": np.arange(80) % 4 + 0.01 * np.arange(80), "code": code})
    model = fit(frame, "code", settings=FAST)
    assert list(model.classes_) == ["007", "07", "08", "7"]
    assert model.score(frame, frame["code"]) == evaluate(model, frame).metrics["accuracy"]
    frame.to_csv(tmp_path / "codes.csv", index=False)
    assert evaluate(model, tmp_path / "codes.csv").metrics == evaluate(model, frame).metrics
    assert facts_of(fit(tmp_path / "codes.csv", "code", settings=FAST)).classes == facts_of(model).classes


def test_a_model_without_facts_is_named(model):
    with pytest.raises(ShoalError, match="not trained on a raw table"):
        facts_of(clone(model))
    with pytest.raises(TableError, match=r"'maybe'.*which the model does not know"):
        evaluate(model, passengers(5).assign(survived="maybe"))


def test_evaluating_one_class_alone(model):
    found = evaluate(model, passengers(90).query("survived == 'yes'"))
    assert set(found.metrics) == {"accuracy", "log_loss"}  # no ROC curve of one class


def test_nothing_is_printed_and_nothing_warned(capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(passengers(120), "survived", settings=FAST)
    assert capfd.readouterr() == ("", "")


SETS = ("credit_approval", "penguins", "proben1_flare", "seoul_bike")  # of every task; `tests/contract/test_every_table.py` has all


@pytest.mark.filterwarnings("ignore::shoal.TableWarning")  # 999 days in the bank's table mean no call; seoul_bike's days are in order
@pytest.mark.filterwarnings("ignore::shoal.UnseenWarning")  # the rows held out are predicted too
@pytest.mark.parametrize("name", SETS)
def test_every_shared_set_trains_without_preparation_by_hand(name, data_folder, manifest):
    entry = manifest[name]
    frame = read(data_folder / entry["file"])
    frame = frame.sample(min(len(frame), 400), random_state=0).sort_index()
    model = fit(frame, entry["target"], task=entry["task"], settings={"n_networks": 2, "max_iter": 5})
    facts = facts_of(model)
    assert facts.task == entry["task"]
    assert all(np.isfinite(value) for value in facts.metrics.values())
    assert set(facts.metrics) == set(facts.baselines["linear"]) == set(facts.baselines["trivial"])
    assert len(predictions(model, frame)) == len(frame)
