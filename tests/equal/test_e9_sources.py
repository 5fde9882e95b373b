"""E9: rows in memory and rows in blocks on disk are one fit, with every setting: full-batch solvers find the same to 1e-9."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import shoal
from sampling import sampled
from shoal.table import describe_columns, preparation
from shoal.table_models import fit_in_pieces, memory
from shoal.table_models import within_memory as larger
from shoal.table_models.fit import evaluate
from shoal.table_models.inspect import sides_again
from shoal.table_models.scores import baselines, metrics_of, sureness_of

M = 600
SAME = 1e-9
QUICK = {"solver": "lbfgs", "hidden_layer_sizes": 4, "max_iter": 4, "activation": "tanh"}
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),  # a few steps are enough to compare
    pytest.mark.filterwarnings("ignore::shoal.errors.TableWarning"),  # rows that stand twice are meant
]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Rows of some groups, a tenth of them twice, in no order of time."""
    rng = np.random.default_rng(0)
    X, day, house = rng.standard_normal((M, 3)), rng.integers(0, 200, M), rng.integers(0, 60, M)
    for column in (X, day, house):
        column[: M // 10] = column[M // 10 : M // 5]
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame["day"] = day
    frame["house"] = [f"h{i}" for i in house]
    frame["number"] = np.sin(2 * X[:, 0]) + X[:, 1] + 0.2 * rng.standard_normal(M)
    frame["class"] = np.where(frame["number"] > 0.8, "high", np.where(frame["number"] > -0.5, "middle", "low"))
    frame["two"] = np.where(frame["number"] > 0.8, "yes", "no")
    frame["count"], frame["share"] = rng.integers(0, 3, M), np.where(rng.random(M) < 0.1, 0.0, 0.3 * rng.random(M))
    made = tmp_path_factory.mktemp("tables")
    for target in ("number", "class"):
        frame[["a", "b", "c", "day", "house", target]].to_parquet(made / f"{target}.parquet", row_group_size=150)
    for target in ("number", "class"):
        frame[["a", "b", "c", "day", "house", target, "count", "share"]].to_parquet(made / f"{target}-weighed.parquet", row_group_size=150)
    return made


@pytest.fixture(autouse=True)
def blocks(monkeypatch):
    """Every table is larger than memory and lies in several blocks."""
    monkeypatch.setattr(larger, "in_memory_bytes", lambda table: 1 << 60)
    monkeypatch.setattr(memory, "OVERHEAD", 0)
    for module in (memory, fit_in_pieces):
        monkeypatch.setattr(module, "LEAST_ROWS", 20)
    monkeypatch.setattr(fit_in_pieces, "BLOCK_SHARE", 0.002)


HELD = {"early_stopping": True}
GRID = {
    "early stopping": ("number", HELD),
    "two networks a kind, early stopping": ("class", {**HELD, "n_networks": 4}),
    "split": ("number", {"calibration": "split"}),
    "split, none held out": ("number", {"calibration": "split", "early_stopping": False}),
    "cv+": ("number", {"calibration": "cv+"}),
    "cv+, none held out": ("number", {"calibration": "cv+", "early_stopping": False}),
    "cv+ of one kind": ("number", {"calibration": "cv+", "ramps": False, "n_networks": 2}),
    "sets, split": ("class", {"calibration": "split"}),
    "sets, cv+": ("class", {"calibration": "cv+"}),
    "skip connections": ("class", {**HELD, "skip": True}),
    "temperature": ("class", {"calibration": "temperature"}),
    "temperature, weighed classes": ("class", {"calibration": "temperature", "early_stopping": False, "class_weight": "balanced"}),
    "gaussian, scg": ("number", {"calibration": "cv+", "loss": "gaussian", "solver": "scg"}),
}


def in_memory(train, target, task, roles):
    """The preparation of rows in memory, and their matrix."""
    n_outputs = 3 if target in ("class", "kind") else 1
    prepare = preparation(describe_columns(train.inputs, n_outputs=n_outputs), [target], task, (target,))
    return prepare, prepare.fit_transform(train.inputs, train.y, **{f"columns__{name}": value for name, value in roles.items()})


ROLES = {"rows": {}, "groups": {"groups": "house"}, "time": {"time": "day"}}
EACH = [(name, list(ROLES)[k % 3]) for k, name in enumerate(GRID)]  # every setting with one of the roles


@pytest.mark.parametrize(("name", "kind"), sampled(EACH, product(GRID, ROLES)))
def test_blocks_on_disk_are_the_rows_in_memory(path, name, kind):
    (target, settings), role = GRID[name], ROLES[kind]
    if "time" in role and settings.get("calibration") == "cv+":
        with pytest.raises(shoal.errors.InvalidParameterError, match="calibration is 'cv\\+' and time is given"):
            on_disk(path, target, settings, role)
        return
    there, store = on_disk(path, target, settings, role)
    assert len(store) > 1
    train, _ = sides_again(there, path / f"{target}.parquet")
    frame = pd.read_parquet(path / f"{target}.parquet")
    known = {name: frame[column].to_numpy()[train.inputs.index - 1] for name, column in role.items()}
    prepare, X = in_memory(train, target, there.facts_.task, known)
    assert_same(there["estimator"], clone(there["estimator"]).fit(X, train.y, **known), prepare.transform(train.inputs))


WEIGHED = {
    "early stopping, share": ("number", HELD, {"weights": "share"}),
    "early stopping, count, groups": ("class", HELD, {"weights": "count", "groups": "house"}),
    "split, share": ("number", {"calibration": "split"}, {"weights": "share"}),
    "split, count, time": ("number", {"calibration": "split", "early_stopping": False}, {"weights": "count", "time": "day"}),
    "cv+, share, alpha": ("number", {"calibration": "cv+", "alpha": 0.5}, {"weights": "share"}),
    "balanced, share": ("class", {"calibration": "temperature", "class_weight": "balanced"}, {"weights": "share"}),
    "one class without a weight": ("class", {"class_weight": {"low": 0, "middle": 1.5, "high": 1}}, {"weights": "count"}),
}


@pytest.mark.parametrize(("target", "settings", "role"), WEIGHED.values(), ids=WEIGHED)
def test_weighted_rows_on_disk_are_those_in_memory(path, target, settings, role):
    table = path / f"{target}-weighed.parquet"
    frame = pd.read_parquet(table).drop(columns={"count", "share"} - {role["weights"]})
    frame.to_parquet(path / "now.parquet", row_group_size=150)
    there, store = on_disk(path, target, settings, role, "now")
    assert len(store) > 1
    train, held = sides_again(there, path / "now.parquet")
    known = {name: frame[column].to_numpy()[train.inputs.index - 1] for name, column in role.items() if name != "weights"}
    prepare, learned = in_memory(train, target, there.facts_.task, {**known, "sample_weight": train.weight})
    here = clone(there["estimator"]).fit(learned, train.y, train.weight, **known)
    assert role["weights"] not in train.inputs
    assert_same(there["estimator"], here, prepare.transform(train.inputs))
    X, task = prepare.transform(held.inputs), there.facts_.task
    assert there.facts_.metrics == pytest.approx(metrics_of(here, X, held.y, task, held.weight), rel=1e-7)
    assert there.facts_.sureness == pytest.approx(sureness_of(here, X, held.y, held.weight), rel=1e-7)
    for name, scores in baselines((learned, train.y, train.weight), (X, held.y, held.weight), task).items():
        assert there.facts_.baselines[name] == pytest.approx(
            scores, rel=1e-3
        )  # the order of rows changes a logistic regression's last step
    assert evaluate(there, path / "now.parquet", max_memory="40MB").metrics == pytest.approx(evaluate(there, path / "now.parquet").metrics)


@pytest.mark.parametrize(
    ("settings", "role"), [({}, {}), ({"ramps": False, "n_networks": 2}, {"weights": "count"}), ({"calibration": "split"}, {})]
)
def test_cells_far_from_all_others_are_limited_on_disk_as_in_memory(path, settings, role):
    frame = pd.read_parquet(path / "number-weighed.parquet").drop(columns={"count", "share", "house"} - set(role.values()))
    frame.loc[[70, 90, 400], "b"] = 1e4, -1e6, 50.0
    frame.to_parquet(path / "far.parquet", row_group_size=150)
    there, store = on_disk(path, "number", settings, role, "far")
    assert len(store) > 1
    train, _ = sides_again(there, path / "far.parquet")
    prepare = preparation(describe_columns(train.inputs), ["number"])
    here = clone(there["estimator"]).fit(prepare.fit_transform(train.inputs), train.y, train.weight)
    limits = here.network_.encoding.limits
    assert len(here.network_.encoding.limited_inputs) == 1
    np.testing.assert_array_equal(there["estimator"].network_.encoding.limits, limits)
    assert_same(there["estimator"], here, prepare.transform(train.inputs))


def test_a_weight_on_disk_that_is_none_is_named_with_its_row(path):
    frame = pd.read_parquet(path / "number-weighed.parquet").drop(columns="count")
    for value, message in ((np.nan, "'share' is empty in row 401 "), (-1.0, "'share' holds -1 in row 401 ")):
        frame.loc[400, "share"] = value
        frame.to_parquet(path / "wrong.parquet", row_group_size=150)
        with pytest.raises(shoal.errors.TableError, match=message):
            on_disk(path, "number", {}, {"weights": "share"}, "wrong")
    frame.assign(share=0.0).to_parquet(path / "wrong.parquet", row_group_size=150)
    with pytest.raises(shoal.errors.TableError, match="'share' is 0 in all training rows"):
        on_disk(path, "number", {}, {"weights": "share"}, "wrong")


def on_disk(path, target, settings, role, name=None):
    """The model, and the sizes of the blocks it was made of."""
    sizes, write_all = [], fit_in_pieces.write_all

    def spying(table, found, prepare, store, *more):
        write_all(table, found, prepare, store, *more)
        sizes.extend(store.sizes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit_in_pieces, "write_all", spying)
        chosen = {**QUICK, "n_networks": 6, **settings}
        return shoal.fit(path / f"{name or target}.parquet", target, max_memory="40MB", settings=chosen, **role), sizes


def assert_same(there, here, X):
    for mine, its in zip((*there.coefs_, *there.intercepts_), (*here.coefs_, *here.intercepts_), strict=True):
        np.testing.assert_allclose(mine, its, rtol=SAME, atol=SAME * np.abs(its).max())
    assert (there.skip_coefs_ is None) == (here.skip_coefs_ is None)
    if here.skip_coefs_ is not None:
        np.testing.assert_allclose(there.skip_coefs_, here.skip_coefs_, rtol=SAME, atol=SAME * np.abs(here.skip_coefs_).max())
    assert there.n_iter_ == here.n_iter_
    np.testing.assert_allclose(there.network_.shares, here.network_.shares, rtol=SAME)
    np.testing.assert_allclose(there.final_losses_, here.final_losses_, rtol=SAME)
    if there.best_validation_score_ is not None:
        np.testing.assert_allclose(there.best_validation_score_, here.best_validation_score_, rtol=SAME)
    assert there.temperature_ == pytest.approx(here.temperature_, rel=1e-6)
    mine, its = there.network_, here.network_
    assert (mine.noise is None) == (its.noise is None)
    if its.noise is not None:
        np.testing.assert_allclose(
            np.concatenate([np.ravel(v) for v in mine.noise.variance]), np.concatenate([np.ravel(v) for v in its.noise.variance]), rtol=1e-7
        )
    assert (mine.calibration is None) == (its.calibration is None)
    if its.calibration is not None:
        np.testing.assert_allclose(mine.calibration.scores, its.calibration.scores, rtol=1e-7, atol=1e-9)
        if its.classes:
            assert np.mean(there.predict_set(X) != here.predict_set(X)) < 0.01  # a score that rounds apart moves one rank
            return
        for a, b in zip(there.predict_interval(X), here.predict_interval(X), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("calibration", [None, "split", "cv+"])
@pytest.mark.parametrize("role", [{}, {"groups": "house"}, {"time": "day"}], ids=["rows", "groups", "time"])
def test_rows_drawn_one_by_one_stay_together_too(path, calibration, role, monkeypatch):
    """Of more rows than can be judged in memory each row's own draw says who holds it out."""
    if role.get("time") and calibration == "cv+":
        return
    monkeypatch.setattr(fit_in_pieces, "JUDGED_SHARE", 0.004)
    frame, found, fit = pd.read_parquet(path / "number.parquet").set_index("number"), {}, fit_in_pieces.pipeline.fit

    def looking(settings, source, **more):
        assert not source.parts.whole
        ready = fit_in_pieces.pipeline.prepare(settings, source)
        source, out = ready.rows.blocks.source, ready.rows.blocks.out
        pieces = list(source.store.blocks())
        place = np.concatenate([piece.place for piece in pieces])
        aside = np.zeros(len(place), bool) if source.aside is None else source.aside[place]
        rows = frame.loc[np.concatenate([piece.y[:, 0] for piece in pieces])]
        found["held"] = [mine[place] for mine in out], aside, rows
        return fit(settings, source, **more)

    monkeypatch.setattr(fit_in_pieces.pipeline, "fit", looking)
    model, _ = on_disk(path, "number", {**HELD, "calibration": calibration}, role)
    held, aside, rows = found["held"]
    assert (calibration == "split") == aside.any()
    for mine in held:
        assert 2 <= mine.sum() < 200
        assert not (mine & aside).any()
        for out, learned in ((mine, ~mine & ~aside), (aside, ~aside)):
            if "groups" in role:
                assert not set(rows["house"][out]) & set(rows["house"][learned])
            elif "time" in role and out.any():
                assert rows["day"].to_numpy()[out].min() > rows["day"].to_numpy()[learned].max()
            elif calibration:
                assert not set(rows["a"][out]) & set(rows["a"][learned])
    if calibration:
        scores = len(model["estimator"].network_.calibration.scores)
        judged = aside.sum() if calibration == "split" else np.any(held, axis=0).sum()
        assert 20 < scores < judged if "groups" in role else scores == judged


LEVELS = 60


def with_codes(seed=0):
    """Rows with a category of many levels, in groups and at times; a few of them are repeated."""
    rng = np.random.default_rng(seed)
    m = 4_000
    code, x = rng.integers(0, LEVELS, m), rng.standard_normal(m)
    day, house = rng.integers(0, 400, m), rng.integers(0, 150, m)
    for column in (code, x, day, house):
        column[:50] = column[50:100]
    number = 10 + 2 * rng.standard_normal(LEVELS)[code] + x + 0.3 * rng.standard_normal(m)
    frame = pd.DataFrame({"code": [f"{chr(97 + i % 26)}{chr(97 + i // 26)}x" for i in code], "x": x, "day": day})
    frame["house"], frame["share"] = [f"h{i}" for i in house], np.where(rng.random(m) < 0.1, 0.0, rng.random(m))
    frame.loc[::17, "code"] = None
    return frame.assign(number=number, kind=np.digitize(number, [9, 11]).astype(str), two=np.where(number > 10, "yes", "no"))


WITH_MEANS = {
    "numbers": ("number", {}),
    "two classes, groups": ("two", {"groups": "house"}),
    "three classes, time": ("kind", {"time": "day"}),
    "weights": ("number", {"weights": "share"}),
    "calibrated": ("two", {}),
}


@pytest.mark.parametrize("name", WITH_MEANS)
def test_target_means_on_disk_are_those_in_memory(tmp_path, name):
    target, role = WITH_MEANS[name]
    away = {"number", "kind", "two", "house", "share"} - {target, *role.values()}
    frame = with_codes().drop(columns=list(away))
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=150)
    settings = {"calibration": "temperature"} if name == "calibrated" else HELD
    there, store = on_disk(tmp_path, target, settings, role, "t")
    assert len(store) > 1
    train, held = sides_again(there, tmp_path / "t.parquet")
    keys = {"groups": "groups", "time": "time", "weights": "sample_weight"}
    known = {keys[name]: frame[column].to_numpy()[train.inputs.index - 1] for name, column in role.items()}
    prepare, X = in_memory(train, target, there.facts_.task, known)
    assert any(", share of" in each or ", mean of" in each for each in prepare.get_feature_names_out())
    np.testing.assert_allclose(there["prepare"].transform(held.inputs), prepare.transform(held.inputs), rtol=SAME)
    here = clone(there["estimator"]).fit(X, train.y, **known)
    assert_same(there["estimator"], here, prepare.transform(held.inputs))
