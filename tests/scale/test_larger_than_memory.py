"""Tables larger than memory: what is trained in pieces is what is trained whole, whatever order the file has its rows in."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline

import shoal
from shoal.errors import (
    ColumnsError,
    DataError,
    InvalidParameterError,
    OutputError,
    SeveralTargetsError,
    TableError,
    TableWarning,
    TooLargeError,
)
from shoal.table import describe_columns, preparation
from shoal.table_models import fit, fit_in_pieces, memory
from shoal.table_models import within_memory as larger
from shoal.table_models.inspect import sides_again

M = 2_000
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # a few steps are enough to compare
QUICK = {"hidden_layer_sizes": 6, "n_networks": 2, "max_iter": 3}


@pytest.fixture(autouse=True)
def small_memory(monkeypatch):
    """Every table is larger than memory, and the few bytes a test gives are all for blocks; pieces and the sample come beside them."""
    monkeypatch.setattr(larger, "in_memory_bytes", lambda table: 1 << 60)
    monkeypatch.setattr(memory, "OVERHEAD", 0)
    for module in (memory, fit_in_pieces):
        monkeypatch.setattr(module, "LEAST_ROWS", 20)
    monkeypatch.setattr(fit_in_pieces, "PIECE_SHARE", 4.0)
    monkeypatch.setattr(fit_in_pieces, "SAMPLE_SHARE", 1e6)


@pytest.fixture(scope="module")
def frame():
    """Numbers with gaps, a category, dates, truth values, and targets of each kind; sorted by a class, as tables often are."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((M, 4)).astype(np.float32)
    table = pd.DataFrame(x, columns=["a", "b", "c", "d"])
    table["kind"] = rng.choice(["red", "green", "blue", None], M)
    table["day"] = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 700, M), unit="D")
    table["flag"] = rng.random(M) < 0.3
    table["house"] = rng.integers(0, 60, M)
    signal = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + (table["kind"] == "red")
    table["number"] = signal + 0.1 * rng.standard_normal(M)
    table["second"] = signal**2
    table["class"] = np.where(signal > 0.8, "high", np.where(signal > -0.3, "middle", "low"))
    table["one"], table["two"] = np.where(signal > 0, "yes", "no"), rng.integers(0, 2, M)
    table.loc[rng.random(M) < 0.05, "c"] = np.nan
    return table.sort_values("class", ignore_index=True)


TARGETS = ("number", "second", "class", "one", "two")


@pytest.fixture(scope="module")
def table_of(frame, tmp_path_factory):
    """The table with these targets as a file of this kind; made once."""
    folder, made = tmp_path_factory.mktemp("tables"), {}

    def path(*targets, kind="parquet", away=("house", "day", "flag")):
        key = (*targets, kind, *away)
        if key not in made:
            made[key] = folder / f"{len(made)}.{kind}"
            rows = frame.drop(columns=[*(set(TARGETS) - set(targets)), *away])
            rows.to_parquet(made[key], row_group_size=700) if kind == "parquet" else rows.to_csv(made[key], index=False)
        return made[key]

    return path


def in_pieces(path, target, memory="200kB", **given):
    given["settings"] = {**QUICK, **given.get("settings", {})}
    return shoal.fit(path, target, max_memory=memory, **given)


def whole(model, path, settings):
    """The model that the ordinary way makes of the very rows that this one learned from."""
    train, held = sides_again(model, path)
    estimator = clone(model["estimator"]).set_params(**settings)
    prepare = preparation(describe_columns(train.inputs), model.facts_.targets)
    return Pipeline([("prepare", prepare), ("estimator", estimator)]).fit(train.inputs, train.y), train, held


# --- equal to the ordinary way ---------------------------------------------------------------------------------------


SEVERAL, ONE = "200kB", "40MB"  # blocks
SAME_AS_WHOLE = {
    "numbers": ("number", "lbfgs", {}, "parquet", SEVERAL),
    "in one block": ("number", "lbfgs", {}, "parquet", ONE),
    "from zipped text": ("number", "lbfgs", {}, "csv.gz", SEVERAL),
    "classes": ("class", "lbfgs", {}, "parquet", SEVERAL),
    "weighed classes": ("class", "lbfgs", {"class_weight": {"low": 3, "middle": 1.5}}, "parquet", SEVERAL),
    "balanced classes": ("class", "lbfgs", {"class_weight": "balanced"}, "parquet", SEVERAL),
    "several numbers": (["number", "second"], "lbfgs", {"loss": "huber"}, "parquet", SEVERAL),
    "several labels": (["one", "two"], "lbfgs", {}, "parquet", SEVERAL),
    "several balanced labels": (["one", "two"], "lbfgs", {"class_weight": "balanced"}, "parquet", SEVERAL),
    "several weighed labels": (["one", "two"], "lbfgs", {"class_weight": [{1: 3}, {0: 0.5, 1: 2}]}, "parquet", SEVERAL),
    "curvature": ("number", "lm", {}, "parquet", "3MB"),
    "evidence": ("number", "bayes", {}, "parquet", "3MB"),
    "widths by evidence": ("number", "bayes", {"hidden_layer_sizes": "auto", "n_networks": 1}, "parquet", ONE),
}


@pytest.mark.parametrize(("target", "solver", "more", "kind", "memory"), SAME_AS_WHOLE.values(), ids=SAME_AS_WHOLE)
def test_full_batch_solvers_find_over_blocks_what_they_find_in_memory(table_of, target, solver, more, kind, memory):
    path = table_of(*np.atleast_1d(target), kind=kind, away=("house",))
    settings = {"solver": solver, "early_stopping": False, **more}
    model = in_pieces(path, target, memory, settings=settings)
    ordinary, train, held = whole(model, path, settings)
    X, Z = model["prepare"].transform(held.inputs), ordinary["prepare"].transform(held.inputs)
    np.testing.assert_allclose(X, Z, rtol=1e-12)
    mine, theirs = model["estimator"], ordinary["estimator"]
    np.testing.assert_allclose(mine.final_losses_, theirs.final_losses_, rtol=1e-9)
    for w, v in zip(mine.coefs_ + mine.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_allclose(w, v, rtol=1e-9, atol=1e-9 * np.abs(v).max())
    network, other = mine.network_, theirs.network_
    np.testing.assert_array_equal(network.lowest, other.lowest)
    np.testing.assert_array_equal(network.highest, other.highest)
    assert (len(train.y), len(held.y)) == (model.facts_.n_train, model.facts_.n_test)
    assert model.facts_.n_train + model.facts_.n_test == M


@pytest.mark.parametrize("settings", [{"solver": "lbfgs"}, {"solver": "adamw", "max_iter": 4}, {}], ids=["lbfgs", "adamw", "all rows"])
def test_an_interrupted_fit_over_blocks_goes_on_to_the_same_bits(table_of, tmp_path, settings):
    """The last one is interrupted in its second training, over all rows."""
    path, at, events = table_of("number"), 2 if settings else 5, []
    chosen = {"settings": {**settings, "random_state": 1}}
    model = in_pieces(path, "number", **chosen, callbacks=[events.append])

    def stop(event):
        if event.epoch == at:
            raise RuntimeError("the power is off")

    with pytest.raises(RuntimeError, match="power"):
        in_pieces(path, "number", **chosen, callbacks=[stop], checkpoint=tmp_path / "kept")
    later = []
    again = in_pieces(path, "number", **chosen, callbacks=[later.append], checkpoint=tmp_path / "kept")
    assert [event.epoch for event in later] == [event.epoch for event in events[at:]]
    assert later
    mine, theirs = again["estimator"], model["estimator"]
    np.testing.assert_array_equal(mine.loss_curve_, theirs.loss_curve_)
    for w, v in zip(mine.coefs_ + mine.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_array_equal(w, v)
    assert again.facts_.metrics == model.facts_.metrics


def test_blocks_are_many_and_pieces_too(table_of, monkeypatch):
    """What the tests above stand on: 200 kB are not enough for all rows."""
    written, pieces = [], []
    write_all = fit_in_pieces.write_all

    def spying(table, found, prepare, blocks, placing, piece_rows, *more):
        write_all(table, found, prepare, blocks, placing, piece_rows, *more)
        written.append(blocks)
        pieces.append(piece_rows)

    monkeypatch.setattr(fit_in_pieces, "write_all", spying)
    in_pieces(table_of("number", away=("house",)), "number")
    assert len(written[0].sizes) >= 7
    assert sum(written[0].sizes) + sum(written[0].held_sizes) == M
    assert pieces[0] < M / 3


def test_minibatches_learn_as_well_as_in_memory_though_the_file_is_sorted(table_of):
    settings = {"n_networks": 4, "hidden_layer_sizes": 24, "max_iter": 40}
    model = in_pieces(table_of("number"), "number", "2MB", settings=settings)
    ordinary, _, held = whole(model, table_of("number"), settings)
    score = ordinary.score(held.inputs, held.y)
    assert model.facts_.metrics["r2"] > score - 0.01  # two draws of batches of the same rows differ by less
    assert score > 0.9
    assert model["estimator"].best_validation_score_ > 0.9
    assert model["estimator"].network_.noise.source == "held-out rows"


def test_classes_that_stand_one_after_the_other_are_mixed(table_of):
    """Trained in the order of the file, the last class would drown the others."""
    model = in_pieces(table_of("class"), "class", settings={"max_iter": 15, "hidden_layer_sizes": 16, "n_networks": 4})
    assert model.facts_.metrics["accuracy"] > model.facts_.baselines["linear"]["accuracy"] + 0.1
    assert model.facts_.baselines["linear"]["accuracy"] > model.facts_.baselines["trivial"]["accuracy"]


def test_the_same_seed_gives_the_same_model_bit_for_bit(table_of, tmp_path):
    rows = pd.read_parquet(table_of("class")).iloc[::4]
    rows.to_parquet(tmp_path / "few.parquet", index=False)
    one, two, other = (in_pieces(tmp_path / "few.parquet", "class", seed=s) for s in (4, 4, 5))
    np.testing.assert_array_equal(one.predict_proba(rows), two.predict_proba(rows))
    assert np.abs(one.predict_proba(rows) - other.predict_proba(rows)).max() > 1e-3


def test_how_much_memory_decides_nothing_but_the_blocks(table_of):
    """Which rows are held out, the sample and the columns do not depend on the pieces."""
    one, two = (in_pieces(table_of("number"), "number", memory) for memory in ("2MB", "40MB"))
    assert (one.facts_.n_train, one.facts_.baselines["trivial"]) == (two.facts_.n_train, two.facts_.baselines["trivial"])
    assert fit.columns_of(one) == fit.columns_of(two)


def test_medians_and_edges_come_from_a_sample_where_there_are_more_rows(table_of, monkeypatch):
    monkeypatch.setattr(fit_in_pieces, "SAMPLE_ROWS", 400)
    model, exact = in_pieces(table_of("number"), "number"), pd.read_parquet(table_of("number"))["c"]
    features = model["prepare"]["columns"].preparation_.features
    median = next(feature.fill for feature in features if feature.name == "c")
    assert median != exact.median()
    assert 0.35 < (exact < median).mean() < 0.65  # five standard errors of the rank of 400 rows' median
    assert model["estimator"].network_.encoding.n_ramps == 8 * 4  # of each of four numbers
    assert model.facts_.metrics["r2"] > model.facts_.baselines["trivial"]["r2"]


# --- what is held out ------------------------------------------------------------------------------------------------


def test_the_printed_score_is_that_of_the_rows_held_out(table_of):
    for target in ("number", "class"):
        model = in_pieces(table_of(target), target)
        _, held = sides_again(model, table_of(target))
        found = fit.metrics_of(model["estimator"], model["prepare"].transform(held.inputs), held.y, model.facts_.task)
        for name, value in found.items():
            assert model.facts_.metrics[name] == pytest.approx(value, rel=1e-9)
        again = fit.evaluate(model, held.inputs.assign(**{target: held.y}))
        assert model.facts_.sureness == pytest.approx(again.sureness, rel=1e-9, abs=1e-12)


def test_groups_stay_whole_and_the_last_rows_in_time_are_held_out(table_of):
    path = table_of("number", away=())
    model = in_pieces(path, "number", groups="house")
    train, held = sides_again(model, path)
    houses = pd.read_parquet(path)["house"]
    out = set(houses.iloc[held.inputs.index - 1])
    assert not out & set(houses.iloc[train.inputs.index - 1])
    assert 0.05 < len(out) / houses.nunique() < 0.4
    assert "house" not in held.inputs

    model = in_pieces(path, "number", "20MB", time="day")
    train, held = sides_again(model, path)
    assert train.inputs["day"].max() < held.inputs["day"].min()
    assert model.facts_.n_test == pytest.approx(M / 5, rel=0.05)  # days that tie stay together
    assert model.facts_.n_test == len(held.y)


def test_a_test_table_is_scored_in_pieces_and_all_others_are_learned(table_of, tmp_path, frame):
    rows = pd.read_parquet(table_of("class"))
    rows.sample(300, random_state=1).to_csv(tmp_path / "test.csv", index=False)
    model = in_pieces(table_of("class"), "class", test=tmp_path / "test.csv")
    assert (model.facts_.n_train, model.facts_.n_test) == (M, 300)
    found = fit.evaluate(model, tmp_path / "test.csv")
    assert found.metrics == pytest.approx(model.facts_.metrics, rel=1e-9)


def test_refit_learns_from_all_rows_after_scoring_and_leaves_nothing_on_disk(table_of, tmp_path, monkeypatch):
    path = table_of("number")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    model = in_pieces(path, "number", refit=True)
    assert list(tmp_path.iterdir()) == []
    assert model.facts_.refit
    assert fit.columns_of(model)[0].n_rows == M
    assert model.facts_.n_train < M


def test_rows_without_a_target_are_left_out_and_counted(table_of, tmp_path):
    rows = pd.read_parquet(table_of("number"))
    rows.loc[::10, "number"] = np.nan
    rows.to_parquet(tmp_path / "gaps.parquet")
    model = in_pieces(tmp_path / "gaps.parquet", "number")
    assert model.facts_.n_left_out == M // 10
    assert model.facts_.n_train + model.facts_.n_test == M - M // 10


@pytest.mark.parametrize("way", [{"groups": "house"}, {"time": "day"}])
def test_a_row_without_a_target_needs_neither_group_nor_time(table_of, tmp_path, way):
    """In memory the same file trains."""
    rows = pd.read_parquet(table_of("number", away=())).head(400)
    rows.loc[::7, ["number", "house", "day"]] = None
    rows.to_parquet(tmp_path / "gaps.parquet")
    model = in_pieces(tmp_path / "gaps.parquet", "number", **way)
    assert model.facts_.n_left_out == 58
    assert model.facts_.n_train + model.facts_.n_test == 400 - 58
    assert 0.05 < model.facts_.n_test / (400 - 58) < 0.4
    train, held = sides_again(model, tmp_path / "gaps.parquet")
    assert (len(train.y), len(held.y)) == (model.facts_.n_train, model.facts_.n_test)


# --- afterwards ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_model_is_saved_loaded_and_exported_like_any_other(table_of, tmp_path):
    model = in_pieces(table_of("number"), "number")
    shoal.save(model, tmp_path / "m.shoal")
    again = shoal.load(tmp_path / "m.shoal")
    rows = pd.read_parquet(table_of("number")).head(100)
    np.testing.assert_array_equal(again.predict(rows), model.predict(rows))
    assert again.facts_ == model.facts_
    assert again.facts_.max_memory == "200kB"
    assert not list(Path(tmp_path).glob("shoal-*"))


def test_predictions_and_scores_in_pieces_are_those_of_the_whole(table_of, tmp_path):
    from shoal.cli.predict import predict_table

    path = tmp_path / "few.parquet"
    for target in ("number", "class", ["number", "second"], ["one", "two"]):
        pd.read_parquet(table_of(*np.atleast_1d(target))).iloc[::4].to_parquet(path, index=False)
        model = in_pieces(path, target)
        done = [predict_table(model, path, tmp_path / f"{memory}.csv", max_memory=memory) for memory in (None, "60kB")]
        assert [(n, [*map(str, given)]) for n, given in done[:1]] == [(n, [*map(str, given)]) for n, given in done[1:]]
        one, two = (pd.read_csv(tmp_path / f"{memory}.csv") for memory in (None, "60kB"))
        pd.testing.assert_frame_equal(one, two, rtol=1e-12)  # rows are multiplied in other company
        whole, pieces = fit.evaluate(model, path), fit.evaluate(model, path, max_memory="60kB")
        assert (pieces.n_rows, pieces.n_left_out) == (whole.n_rows, whole.n_left_out)
        assert pieces.metrics == pytest.approx(whole.metrics, rel=1e-9)
        assert pieces.sureness == pytest.approx(whole.sureness, rel=1e-9, abs=1e-12)


def test_the_area_under_the_curve_of_very_many_rows_is_a_samples(table_of):
    from shoal.table_models import scores

    model = in_pieces(table_of("one"), "one")
    exact = fit.evaluate(model, table_of("one")).metrics["roc_auc"]
    assert fit.evaluate(model, table_of("one"), max_memory="200kB").metrics["roc_auc"] == pytest.approx(exact, abs=1e-12)
    sampled = scores.Scores(model["estimator"], "classification", ranked=scores.Sample(1_000))
    X, y = model["prepare"].transform(pd.read_parquet(table_of("one"))), pd.read_parquet(table_of("one"))["one"].to_numpy(str)
    sampled.see(X, y)
    assert sampled.metrics()["roc_auc"] == pytest.approx(exact, abs=0.05)  # three standard errors of a thousand rows


def test_a_table_that_fits_is_read_whole(table_of, monkeypatch, capsys):
    monkeypatch.setattr(larger, "in_memory_bytes", fit_in_pieces.in_memory_bytes)
    model = in_pieces(table_of("class"), "class", "1GB", settings={"verbose": True})
    ordinary = shoal.fit(table_of("class"), "class", settings=QUICK)
    assert "fits into max_memory=1GB: it is read whole" in capsys.readouterr().out
    rows = pd.read_parquet(table_of("class")).head(50)
    np.testing.assert_array_equal(model.predict_proba(rows), ordinary.predict_proba(rows))
    assert model.facts_.max_memory == ""


def test_progress_counts_the_rows_of_every_stage(table_of):
    told, epochs = [], []
    in_pieces(table_of("number"), "number", progress=lambda *seen: told.append(seen), callbacks=[epochs.append])
    stages = list(dict.fromkeys(what for what, _, _ in told))
    assert stages == ["reading", "preparing", "scaling", "ramps", "held out", "training", "scoring"]
    for stage in stages:
        steps = [(done, rows) for what, done, rows in told if what == stage]
        assert steps[-1][0] == steps[-1][1]
        assert sum(done == rows for done, rows in steps) == (6 if stage == "training" else 1)  # three epochs, and three on all rows
    assert [event.epoch for event in epochs] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("training", [1, 2])
def test_ctrl_c_keeps_the_best_so_far(table_of, training):
    """In the training that is scored, after which there is no second, and in the second, on all rows."""
    second_epochs = []

    def stop(event):
        second_epochs.extend([event] if event.epoch == 2 else [])
        if len(second_epochs) == training:
            raise KeyboardInterrupt

    with pytest.warns(shoal.InterruptedWarning):
        model = in_pieces(table_of("number"), "number", refit=True, callbacks=[stop])
    assert len(second_epochs) == training
    assert model.facts_.interrupted
    assert not model.facts_.refit
    assert model["estimator"].n_iter_ == 2
    assert np.isfinite(model.facts_.metrics["rmse"])


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["1 potato", "GB", "", "-1GB", "1e9", True, "0MB", None])
def test_a_size_that_is_none_is_named(wrong):
    with pytest.raises(InvalidParameterError, match="is not a size; write it like '1GB'"):
        memory.parse_size(wrong)


@pytest.mark.parametrize(
    ("said", "n"), [("1GB", 10**9), ("1.5 gb", 15 * 10**8), ("2GiB", 2**31), ("512 MiB", 2**29), ("7kB", 7_000), (4096, 4096), ("9", 9)]
)
def test_sizes_are_read_as_they_are_written(said, n):
    assert memory.parse_size(said) == n


@pytest.mark.parametrize("settings", [{}, pytest.param({"n_networks": 16, "hidden_layer_sizes": 400}, marks=pytest.mark.slow)])
def test_too_little_memory_is_refused_with_the_least_that_works(table_of, settings, monkeypatch):
    monkeypatch.setattr(memory, "OVERHEAD", 1_000_000)
    with pytest.raises(TooLargeError, match=r"max_memory=2kB is too small: .* needs about .*; set at least that much") as refused:
        in_pieces(table_of("number"), "number", "2kB", settings=settings)
    least = str(refused.value).split("needs about ")[1].split(";")[0]
    while True:  # the second refusal, if any, is the training's
        try:
            in_pieces(table_of("number"), "number", least, settings={**settings, "max_iter": 1})
            break
        except TooLargeError as error:
            more = str(error).split("needs about ")[1].split(";")[0]
            assert memory.parse_size(more) > memory.parse_size(least)
            least = more


def test_a_full_disk_is_found_before_the_work(table_of, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1000})())
    with pytest.raises(OutputError, match=r"The prepared rows need .* on disk, and .* free. Free some space there, or set TMPDIR"):
        in_pieces(table_of("number"), "number")


SPOILT = {
    "infinity": ("a", np.inf, r"'a' holds an infinity in row 1990"),
    "text among numbers": ("b", "two", r"'b' holds text where numbers must be: 'two' in row 1990"),
    "infinite target": ("number", -np.inf, r"'number' holds an infinity in row 1990.* rows [\d,]+ to [\d,]+ of spoilt.csv"),
    "text in the target": ("number", "three", r"'number' holds text where numbers must be: 'three' in row 1990"),
}


@pytest.mark.parametrize(("column", "cell", "words"), SPOILT.values(), ids=SPOILT)
def test_what_is_wrong_in_a_late_piece_is_named_with_its_row(table_of, tmp_path, column, cell, words):
    rows = pd.read_parquet(table_of("number"))[["a", "b", "number"]]
    rows[column] = rows[column].astype(object)
    rows.loc[1989, column] = cell
    rows.to_csv(tmp_path / "spoilt.csv", index=False)
    with pytest.raises(TableError, match=words):
        in_pieces(tmp_path / "spoilt.csv", "number", task="regression")


def test_an_unknown_class_in_a_late_piece_is_named_with_its_rows(table_of, tmp_path):
    model = in_pieces(table_of("class"), "class")
    rows = pd.read_parquet(table_of("class"))
    rows.loc[1_990, "class"] = "unheard of"
    rows.to_parquet(tmp_path / "new.parquet")
    with pytest.raises(TableError, match=r"'unheard of' in 1 of .* which the model does not know; .* found in rows [\d,]+ to 2,000 of new"):
        fit.evaluate(model, tmp_path / "new.parquet", max_memory="200kB")
    rows.drop(columns="class").to_parquet(tmp_path / "no_class.parquet")
    with pytest.raises(TableError, match="The table has no column 'class' to be the target"):
        fit.evaluate(model, tmp_path / "no_class.parquet", max_memory="200kB")


def test_a_class_that_only_held_out_rows_have_is_named(table_of, tmp_path):
    rows = pd.read_parquet(table_of("class"))
    model = in_pieces(table_of("class"), "class")
    _, held = sides_again(model, table_of("class"))
    rows.loc[held.inputs.index[:2] - 1, "class"] = "hidden"
    rows.to_parquet(tmp_path / "hidden.parquet")
    with pytest.raises(TableError, match=r"The classes 'hidden' of the target 'class' occur only in held-out rows"):
        in_pieces(tmp_path / "hidden.parquet", "class")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"settings": {"calibration": "cv"}, "task": "classification"}, "calibration is 'cv'; choose one of None, 'temperature'"),
        ({"settings": {"warm_start": True}}, "warm_start is True, and the table is larger than max_memory"),
        ({"settings": {"n_netwoks": 3}}, "no parameter 'n_netwoks'; the nearest names are 'n_networks'"),
        ({"settings": {"n_networks": -1}}, "n_networks is -1"),
        ({"task": "clustering"}, "task='clustering' is unknown"),
        ({"groups": "hous"}, "no column 'hous' to be the group column"),
        ({"groups": "house", "time": "day"}, "rows are held out by one of them"),
        ({"test_fraction": 1.5}, "test_fraction=1.5 must lie between 0 and 1"),
    ],
)
def test_what_cannot_be_is_refused_before_the_table_is_read(table_of, given, words, monkeypatch):
    monkeypatch.setattr(fit_in_pieces, "survey", None)
    with pytest.raises(DataError if "settings" not in given else InvalidParameterError, match=words):
        in_pieces(table_of("number", away=()), "number", **given)


def test_a_test_table_that_cannot_be_used_is_refused_before_the_table_is_read(table_of, tmp_path, monkeypatch):
    monkeypatch.setattr(fit_in_pieces, "survey", None)
    path = table_of("number")
    for away in ("number", "b"):
        pd.read_parquet(path).head(20).drop(columns=away).to_csv(tmp_path / "short.csv", index=False)
        with pytest.raises(ColumnsError, match=f"The test table, short.csv, lacks 1 of the 6 columns of inputs and targets: '{away}'"):
            in_pieces(path, "number", test=tmp_path / "short.csv")
    with pytest.raises(InvalidParameterError, match=r"refit and test are both given, .* leave refit out"):
        in_pieces(path, "number", test=path, refit=True)


def test_a_target_that_is_not_there_and_a_frame_are_refused(table_of, frame):
    with pytest.raises(TableError, match="no column 'numbr' to be the target; the nearest names are 'number'"):
        in_pieces(table_of("number"), "numbr")
    with pytest.raises(InvalidParameterError, match="a frame lies in memory already"):
        in_pieces(frame, "number")


def test_a_class_too_rare_for_the_sample_is_learned_and_scored_all_the_same(table_of, tmp_path, monkeypatch):
    """The baselines know it too, or they could give it no probability."""
    monkeypatch.setattr(fit_in_pieces, "SAMPLE_ROWS", 60)
    rows = pd.read_parquet(table_of("class")).sample(frac=1, random_state=3, ignore_index=True)
    rows.loc[rows.index[::400], "class"] = "very rare"
    rows.to_parquet(tmp_path / "rare.parquet")
    model = in_pieces(tmp_path / "rare.parquet", "class", seed=2)
    assert model.facts_.classes[0] == ("high", "low", "middle", "very rare")
    assert model["estimator"].classes_.tolist() == list(model.facts_.classes[0])
    assert model.facts_.baselines["linear"].keys() == model.facts_.metrics.keys()
    assert model.facts_.baselines["trivial"]["log_loss"] < 2  # of a class without any probability it would be 36 for each row


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::shoal.OutsideWarning")  # one of the rows held out lies a little outside
def test_the_command_line_works_in_pieces_too(table_of, tmp_path, capsys):
    import typer.testing

    from shoal.cli import app

    def run(*arguments):
        done = typer.testing.CliRunner().invoke(app, [str(word) for word in arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    quick = [word for name, value in QUICK.items() for word in ("--set", f"{name}={value}")]
    model = tmp_path / "m.shoal"
    said = run("fit", table_of("class"), "--target", "class", "--max-memory", "200kB", *quick, "-o", model)
    assert "held out: rows drawn one by one at random" in said
    found = json.loads(run("evaluate", model, table_of("class"), "--max-memory", "200kB", "--json"))
    assert found["rows"]["test"] == M
    assert f"{M} predictions written" in run("predict", model, table_of("class"), "-o", tmp_path / "out.csv", "--max-memory", "200kB")


MEASURED = """
import re, sys, pathlib
import shoal
train = shoal.fit
status = lambda name: int(re.search(name + r":\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) * 1024
before = status("VmRSS")
model = train(sys.argv[1], "y", max_memory="350MB", settings={"max_iter": 1, "n_networks": 2, "hidden_layer_sizes": 8})
assert model.facts_.max_memory == "350MB"
print(status("VmHWM") - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say how much memory a process took")
def test_the_memory_is_kept(tmp_path):
    """In a process of its own, on a table that takes more than that the ordinary way, in a single row group."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((250_000, 16), dtype=np.float32)
    table = pd.DataFrame(X, columns=[f"x{j}" for j in range(16)]).assign(y=X[:, 0] * X[:, 1])
    table.to_parquet(tmp_path / "t.parquet", row_group_size=len(table))
    done = subprocess.run([sys.executable, "-c", MEASURED, tmp_path / "t.parquet"], check=True, capture_output=True, text=True, timeout=120)
    assert int(done.stdout) <= 350_000_000


def test_a_threshold_is_a_number_and_none_is_found(table_of):
    path = table_of("one")
    with pytest.raises(InvalidParameterError, match="read in blocks"):
        in_pieces(path, "one", threshold="f1")
    model, plain = (in_pieces(path, "one", threshold=given) for given in (0.2, None))
    assert (model["estimator"].thresholds_, plain["estimator"].thresholds_) == ((0.2,), ())
    _, held = sides_again(model, path)
    p = model.predict_proba(held.inputs)
    np.testing.assert_array_equal(p, plain.predict_proba(held.inputs))
    np.testing.assert_array_equal(model.predict(held.inputs) == "yes", p[:, 1] > 0.2)
    assert model.facts_.metrics["accuracy"] == pytest.approx(np.mean((p[:, 1] > 0.2) == (held.y == "yes")))
    assert fit.evaluate(model, path, max_memory="200kB").metrics == pytest.approx(fit.evaluate(model, path).metrics)


def test_gaps_of_several_targets_are_counted_and_targets_that_do_not_fit_named(frame, table_of, tmp_path):
    path = tmp_path / "gaps.parquet"
    rows = pd.read_parquet(table_of("number", "second"))
    rows.loc[100:699, "number"] = np.nan
    rows.loc[500:799, "second"] = np.nan
    rows.to_parquet(path, row_group_size=300)
    with pytest.warns(TableWarning, match=f"number: 400 of {M} rows have no value here(.|\n)*second: 100 of {M} rows"):
        assert in_pieces(path, ["number", "second"]).facts_.n_left_out == 700
    with pytest.raises(SeveralTargetsError, match="'class' has classes"):
        in_pieces(table_of("number", "class"), ["number", "class"])
