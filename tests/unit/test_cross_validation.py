"""Cross-validation of a raw table's model: folds as asked, statistics by the formula, peers on the same rows, predictions of every row."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import accuracy_score, root_mean_squared_error
from typer.testing import CliRunner

import shoal
from shoal.cli import app
from shoal.errors import ColumnsError, InvalidParameterError, TableError
from shoal.table_models import cross_validation
from shoal.table_models.cross_validation import corrected, folds_of

FAST = {"n_networks": 2, "max_iter": 3}
rng = np.random.default_rng(0)
TABLE = pd.DataFrame({"a": rng.normal(size=90), "b": rng.normal(size=90), "who": np.repeat([f"p{k}" for k in range(15)], 6)})
TABLE["day"] = rng.permutation(90)
TABLE["weight"] = rng.integers(1, 4, 90)
TABLE["y"] = TABLE["a"] * 2 + TABLE["b"] + rng.normal(size=90) / 9
IRIS = load_iris(as_frame=True).frame


@pytest.fixture(autouse=True)
def small_forest(monkeypatch):
    """Ten trees instead of 300, which would take most of the time."""
    monkeypatch.setattr(cross_validation, "TREES", 10)


def crossed(table=TABLE, target="y", **given):
    return shoal.cross_validate(table, target, **{"peers": False, "folds": 3, "settings": FAST} | given)


@pytest.mark.parametrize(
    ("given", "expected"), [(10, (10, 1)), ("10", (10, 1)), ("10x3", (10, 3)), (" 5 × 2 ", (5, 2)), (np.int64(4), (4, 1))]
)
def test_folds_are_read(given, expected):
    assert folds_of(given) == expected


@pytest.mark.parametrize("given", [1, 0, -3, "x3", "10x0", "ten", "", None, True, 2.5, "5x2x2", (5, 2)])
def test_what_is_no_number_of_folds_is_refused(given):
    with pytest.raises(InvalidParameterError, match="10x3"):
        crossed(folds=given)


def test_every_row_is_predicted_once_in_each_repeat_by_networks_that_did_not_learn_from_it():
    found = crossed(folds="4x2")
    by_repeat = found.predictions.groupby("repeat")["row"]
    assert by_repeat.apply(sorted).tolist() == [list(range(1, 91))] * 2
    first, second = (part.sort_values("row")["fold"].tolist() for _, part in found.predictions.groupby("repeat"))
    assert first != second, "another repeat has other folds"
    np.testing.assert_array_equal(found.predictions["truth"], TABLE["y"].to_numpy()[found.predictions["row"] - 1])
    at = found.scores.set_index(["repeat", "fold"])
    for place, part in found.predictions.groupby(["repeat", "fold"]):
        assert at.loc[place, "rmse"] == pytest.approx(root_mean_squared_error(part["truth"], part["prediction"]), rel=1e-12)
        assert at.loc[place, "n_train"] + len(part) == 90


def test_a_fold_is_what_fit_gives_for_its_rows():
    found = crossed()
    held = found.predictions[found.predictions["fold"] == 1]
    places = held["row"].to_numpy() - 1
    rest = TABLE.drop(index=places)
    model = shoal.fit(rest, "y", test=TABLE.loc[places], settings=FAST)
    np.testing.assert_allclose(model.predict(TABLE.loc[places]), held["prediction"], rtol=1e-12)


def test_classes_keep_their_shares_and_have_probabilities():
    found = crossed(IRIS, "target")
    for _, part in found.predictions.groupby("fold"):
        counts = np.bincount(part["truth"].astype(int))
        assert counts.max() - counts.min() <= 1
        np.testing.assert_allclose(part[["p(0)", "p(1)", "p(2)"]].sum(axis=1), 1, rtol=1e-6)  # float32 probabilities
        assert accuracy_score(part["truth"], part["prediction"]) == found.scores.set_index("fold").loc[part["fold"].iloc[0], "accuracy"]


def test_groups_are_held_out_whole_and_time_goes_forward():
    by_group = crossed(groups="who").predictions
    assert by_group.assign(who=TABLE["who"].to_numpy()[by_group["row"] - 1]).groupby("who")["fold"].nunique().eq(1).all()
    by_time = crossed(time="day").predictions
    days = TABLE["day"].to_numpy()[by_time["row"] - 1]
    lasts = [days[by_time["fold"] == k].max() for k in range(2)]
    firsts = [days[by_time["fold"] == k].min() for k in (1, 2)]
    assert all(last < first for last, first in zip(lasts, firsts, strict=True))


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"folds": 16, "groups": "who"}, TableError, "15 groups"),
        ({"folds": 91}, TableError, "91 folds of 90 rows"),
        ({"folds": 90, "time": "day"}, TableError, "set fewer folds"),
        ({"folds": "3x2", "time": "day"}, InvalidParameterError, "no repeats"),
        ({"settings": {"hidden": 3}}, InvalidParameterError, "hidden_layer_sizes"),
        ({"target": "z"}, TableError, "z"),
        ({"groups": "whom"}, ColumnsError, "no column 'whom' to be the group column"),
        ({"time": "days"}, ColumnsError, "no column 'days' to be the time column"),
        ({"weights": "weigh"}, ColumnsError, "no column 'weigh' to be the weights column"),
        ({"drop": ["c"]}, ColumnsError, "no column 'c' to drop"),
        ({"drop": ["y"]}, TableError, "cannot be dropped"),
        ({"seed": "x"}, InvalidParameterError, "seed='x'"),
        ({"seed": -1}, InvalidParameterError, "seed=-1"),
        ({"task": "clustering"}, TableError, "task='clustering'"),
        ({"settings": 5}, InvalidParameterError, "settings=5"),
        ({"peers": "no"}, InvalidParameterError, "peers='no'"),
        ({"progress": 3}, InvalidParameterError, "progress=3"),
    ],
)
def test_what_cannot_be_split_is_named(given, error, words):
    with pytest.raises(error, match=words):
        crossed(**given)


def test_a_class_with_fewer_rows_than_folds_is_named():
    table = IRIS.assign(target=IRIS["target"].replace({2: 1}).mask(IRIS.index < 3, 7))
    with pytest.raises(TableError, match=r"5 folds of 3 rows of the class 7"):
        crossed(table, "target", folds=5)


def test_interval_and_p_are_those_of_the_corrected_resampled_t_test():
    values, share = np.array([0.1, 0.3, 0.2, 0.25, 0.05]), 0.25
    low, high, p = corrected(values, share)
    error = np.sqrt((1 / 5 + share) * values.var(ddof=1))  # Nadeau and Bengio 2003
    assert (low, high) == pytest.approx(stats.t.interval(0.95, 4, values.mean(), error), rel=1e-12)
    assert p == pytest.approx(2 * (1 - stats.t.cdf(values.mean() / error, 4)), rel=1e-9)
    assert corrected(values, 0.0)[2] == pytest.approx(stats.ttest_1samp(values, 0).pvalue, rel=1e-9), "without overlap it is the t-test"
    assert corrected(np.zeros(4), share) == (0, 0, 1)


def test_the_summary_compares_each_tool_with_the_shoal():
    found = crossed(peers=True, weights=None)
    summary = found.summary()
    tools = {"shoal", "linear", "nearest neighbours", "Gaussian process", "random forest", "hist. boosting"}
    assert set(summary.loc["rmse"].index) == tools
    assert summary.loc["rmse", "mean"].is_monotonic_increasing
    assert summary.loc["r2", "mean"].is_monotonic_decreasing
    wide = found.scores.pivot_table(index="fold", columns="tool", values="rmse")
    apart = (wide["shoal"] - wide["linear"]).to_numpy()
    assert summary.loc[("rmse", "linear"), "difference"] == pytest.approx(apart.mean(), rel=1e-9)
    assert summary.loc[("rmse", "linear"), "p"] == pytest.approx(corrected(apart, 0.5)[2], rel=1e-9)
    assert np.isnan(summary.loc[("rmse", "shoal"), "p"])


def test_peers_learn_from_the_same_rows():
    found = crossed(TABLE[["a", "b", "y"]], peers=True, folds=2)
    rows = found.predictions
    for fold in range(2):
        test = rows[rows["fold"] == fold]["row"].to_numpy() - 1
        train = np.setdiff1d(np.arange(90), test)
        X = TABLE[["a", "b"]].to_numpy()
        peer = HistGradientBoostingRegressor(random_state=0).fit(X[train], TABLE["y"].to_numpy()[train])
        wanted = root_mean_squared_error(TABLE["y"].to_numpy()[test], peer.predict(X[test]))
        got = found.scores.set_index(["tool", "fold"]).loc[("hist. boosting", fold), "rmse"]
        assert got == pytest.approx(wanted, rel=1e-9)


@pytest.mark.slow
def test_tools_that_take_no_weights_or_one_target_alone_are_left_out():
    weighted = crossed(peers=True, weights="weight", folds=2)
    assert set(weighted.scores["tool"]) == {"shoal", "linear", "random forest", "hist. boosting"}
    several = crossed(TABLE.assign(z=TABLE["a"]), ["y", "z"], peers=True, folds=2)
    assert set(several.scores["tool"]) == {"shoal", "linear", "nearest neighbours", "random forest"}
    assert {"prediction of y", "prediction of z"} < set(several.predictions.columns)


def test_several_labels_are_scored_by_each_tool_as_by_the_shoal():
    table = TABLE[["a", "b"]].assign(up=np.where(TABLE["a"] > 0, "yes", "no"), right=np.where(TABLE["b"] > 0.5, "yes", "no"))
    found = crossed(table, ["up", "right"], peers=True, folds=2)
    assert set(found.scores["tool"]) == {"shoal", "linear", "nearest neighbours", "random forest"}
    assert found.scores[["accuracy", "log_loss"]].notna().all().all()
    forest = found.scores.set_index(["tool", "fold"]).loc["random forest"]
    assert forest["accuracy"].min() > 0.5, "both labels are each a threshold of one column"
    assert forest["log_loss"].max() < np.log(2), "better than even odds"


def test_weights_that_leave_a_fold_without_rows_are_named():
    table = TABLE.assign(weight=(TABLE.index == 0).astype(float))
    with pytest.raises(TableError, match="weight"):
        crossed(table, weights="weight")


def test_the_statement_says_what_repeats_it():
    found = crossed(seed=7, groups="who")
    for words in ("seed 7", "3 folds, whole groups of 'who'", f"shoal {shoal.__version__}", "scikit-learn", "SHA-256"):
        assert words in found.statement
    again = crossed(seed=7, groups="who")
    pd.testing.assert_frame_equal(found.predictions, again.predictions)


@pytest.mark.slow
def test_the_command_prints_it_and_writes_it_as_json(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    TABLE.to_csv("t.csv", index=False)
    settings = [part for name, value in FAST.items() for part in ("--set", f"{name}={value}")]
    command = ["fit", "t.csv", "--target", "y", "--cv", "3x2", *settings]
    printed = CliRunner().invoke(app, command)
    assert printed.exit_code == 0, printed.output
    for words in ("cross-validated", "95 % of the mean", "hist. boosting", "3 folds, 2 repeats", "corrected resampled t-test"):
        assert words in printed.output
    record = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)["cross_validation"]
    assert {line["tool"] for line in record["summary"]} >= {"shoal", "linear"}
    for more, words in ((("--cv", "1"), "10x3"), (("--threshold", "0.3"), "--threshold"), (("--max-memory", "1GB"), "--max-memory")):
        refused = CliRunner().invoke(app, [*command, *more]).exception
        assert isinstance(refused, InvalidParameterError)
        assert words in str(refused)
