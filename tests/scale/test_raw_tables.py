"""Raw tables on a cluster: `shoal.fit(client=…)`, and `shoal fit --dask`."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import shoal
from shoal import ShoalRegressor
from shoal.errors import ClusterError, InvalidParameterError, TableError
from shoal.table import describe_columns, feature_names, preparation
from shoal.table_models import fit
from shoal.table_models.monotone import monotone_columns

dd = pytest.importorskip("dask.dataframe")
CommClosedError = pytest.importorskip("distributed.comm").CommClosedError

SETTINGS = {"solver": "lm", "max_iter": 5, "n_networks": 2, "hidden_layer_sizes": 3, "activation": "tanh"}
pytestmark = pytest.mark.filterwarnings("ignore:max_iter")  # few steps on purpose


def table(m=200):
    rng = np.random.default_rng(0)
    size, kind = rng.normal(size=m), np.array(["flat", "house", None], object)[np.arange(m) % 3]
    kind[-10:] = "castle"  # a level that only the last partition has
    return pd.DataFrame(
        {"size": np.where(np.arange(m) % 7 == 0, np.nan, size), "kind": kind, "price": size + (kind == "house") + 0.1 * rng.normal(size=m)}
    )


@pytest.mark.slow
def test_a_table_is_prepared_here_and_trained_there(client, tmp_path):
    frame = table()
    here = shoal.fit(frame, "price", settings=SETTINGS)
    there = shoal.fit(frame, "price", settings=SETTINGS, client=client, checkpoint=tmp_path / "kept")
    np.testing.assert_allclose(there.predict(frame), here.predict(frame), rtol=1e-9)
    assert there.facts_.metrics == pytest.approx(here.facts_.metrics, rel=1e-9)
    assert (tmp_path / "kept").exists()
    shoal.save(there, tmp_path / "model.shoal")
    np.testing.assert_array_equal(shoal.load(tmp_path / "model.shoal").predict(frame), there.predict(frame))


def partitions(frame, ends):
    starts = [0, *ends]
    pieces = [frame.iloc[a:b] for a, b in zip(starts, [*ends, len(frame)], strict=True)]
    return dd.from_map(lambda i: pieces[i], range(len(pieces)), meta=frame.iloc[:0])


@pytest.mark.parametrize("solver", ["lbfgs", "adamw"])
def test_directions_hold_on_a_cluster(client, solver):
    frame = table().dropna(subset="price")
    settings = {**SETTINGS, "solver": solver, "monotonic_cst": {"size": -1}}  # against what the rows say
    there = shoal.dask.fit_table(partitions(frame, [70, 150]), "price", settings=settings, client=client)
    assert monotone_columns(there) == {"size": -1}
    prepare = there["prepare"]
    directions = [-1 if name == "size" else 0 for name in feature_names(prepare)]
    here = ShoalRegressor(**settings | {"monotonic_cst": directions}, random_state=0).fit(prepare.transform(frame), frame["price"])
    if solver == "lbfgs":  # minibatches on a cluster are other rows
        np.testing.assert_allclose(there.predict(frame), here.predict(prepare.transform(frame)), rtol=1e-9)


@pytest.mark.parametrize("ends", [pytest.param([], marks=pytest.mark.slow), [70], [20, 60, 60, 100, 150, 190]])
def test_a_raw_dask_frame_is_the_table_in_memory(client, ends):
    frame = table()
    frame.loc[5, "price"] = np.nan
    known = frame[frame["price"].notna()]
    there = shoal.dask.fit_table(partitions(frame, ends), "price", settings=SETTINGS, client=client)
    prepare = preparation(describe_columns(known[["size", "kind"]]), ["price"])
    here = ShoalRegressor(**SETTINGS, random_state=0).fit(prepare.fit_transform(known), known["price"])
    np.testing.assert_array_equal(there["prepare"].transform(frame), prepare.transform(frame))
    np.testing.assert_allclose(there.predict(frame), here.predict(prepare.transform(frame)), rtol=1e-9)
    assert there.facts_.n_train == 199
    assert there.facts_.n_left_out == 1
    answers = shoal.dask.predict(there, partitions(frame.drop(columns="price"), [50]))
    np.testing.assert_allclose(answers.compute(), there.predict(frame), rtol=1e-9)


@pytest.mark.parametrize("weights", ["count", pytest.param("share", marks=pytest.mark.slow)])
def test_weighted_rows_of_a_raw_dask_frame_are_those_in_memory(client, weights):
    rng = np.random.default_rng(1)
    frame = table().assign(**{weights: rng.integers(0, 3, 200) if weights == "count" else rng.random(200)})
    frame.loc[5, ["price", weights]] = np.nan  # a row without a target needs no weight
    known = frame[frame["price"].notna()]
    there = shoal.dask.fit_table(partitions(frame, [70, 70, 150]), "price", weights=weights, settings=SETTINGS, client=client)
    prepare = preparation(describe_columns(known[["size", "kind"]]), ["price", weights])
    here = ShoalRegressor(**SETTINGS, random_state=0).fit(prepare.fit_transform(known[["size", "kind"]]), known["price"], known[weights])
    np.testing.assert_allclose(there.predict(frame.drop(columns=weights)), here.predict(prepare.transform(frame)), rtol=1e-9)
    assert there.facts_.weights == weights
    on_workers = shoal.fit(known, "price", weights=weights, settings=SETTINGS, client=client)
    in_memory = shoal.fit(known, "price", weights=weights, settings=SETTINGS)
    assert on_workers.facts_.metrics == pytest.approx(in_memory.facts_.metrics, rel=1e-9)
    frame.loc[100, weights] = -1
    with pytest.raises(TableError, match=f"Partition 3 of 4: The weights column '{weights}' holds -1 in row 101"):
        shoal.dask.fit_table(partitions(frame, [70, 100, 150]), "price", weights=weights, settings=SETTINGS, client=client)


def test_classes_of_a_raw_dask_frame(client):
    frame = table().assign(price=lambda f: np.where(f["price"] > 0, "dear", "cheap"))
    model = shoal.dask.fit_table(partitions(frame, [90]), "price", settings=SETTINGS, client=client)
    assert model["estimator"].classes_.tolist() == ["cheap", "dear"]
    assert fit.evaluate(model, frame).metrics["accuracy"] > 0.8


def test_wrong_cells_of_a_raw_dask_frame_are_named_with_their_partition(client):
    frame = table().astype({"size": object})
    frame.loc[195, "size"] = "many"
    with pytest.raises(TableError, match="Partition 3 of 3: Column 'size' holds text where numbers must be: 'many' in row 196"):
        shoal.dask.fit_table(partitions(frame, [50, 150]), "price", settings=SETTINGS, client=client)
    frame = table().astype({"price": object})
    frame.loc[195, "price"] = "dear"
    with pytest.raises(TableError, match=r"Partition 3 of 3: .*'price' holds text where numbers must be: 'dear'"):
        shoal.dask.fit_table(partitions(frame, [50, 150]), "price", settings=SETTINGS, client=client, task="regression")
    with pytest.raises(TableError, match="no column 'prize' to be the target"):
        shoal.dask.fit_table(partitions(table(), []), "prize", client=client)


@pytest.mark.slow
def test_the_command_line_trains_on_a_cluster(client, tmp_path):
    table().to_csv(tmp_path / "t.csv", index=False)
    address = client.scheduler.address
    settings = [f"{name}={value}" for name, value in SETTINGS.items()]
    command = [Path(sys.executable).parent / "shoal", "fit", "t.csv", "--target", "price", "--json", "--dask", address, "--set", *settings]
    done = subprocess.run([*command, "--checkpoint", "kept"], cwd=tmp_path, capture_output=True, text=True, check=True)
    here = shoal.fit(tmp_path / "t.csv", "price", settings=SETTINGS)
    assert json.loads(done.stdout)["metrics"] == pytest.approx(here.facts_.metrics, rel=1e-9)
    assert (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"client": "tcp://127.0.0.1:1", "max_memory": "1GB"}, "set one of them"),
        ({"client": "tcp://127.0.0.1:1", "checkpoint": "kept", "refit": True}, "a checkpoint saves one training"),
    ],
)
def test_what_does_not_go_together_is_named(settings, words):
    with pytest.raises(InvalidParameterError, match=words):
        shoal.fit(table(), "price", **settings)


def test_a_dask_frame_is_sent_to_the_right_door():
    with pytest.raises(TableError, match=r"train on it with shoal\.dask\.fit_table"):
        shoal.fit(partitions(table(), []), "price")


def test_a_table_in_memory_is_sent_to_the_right_door(client):
    with pytest.raises(TableError, match=r"table is a DataFrame; .*shoal\.fit\(table, …, client=…\)"):
        shoal.dask.fit_table(table(), "price", client=client)


def test_a_cluster_that_goes_away_while_columns_are_counted_leaves_the_checkpoint(client, tmp_path, monkeypatch):
    kept = tmp_path / "kept"
    kept.write_bytes(b"of an earlier call")

    def gone(*_args):
        raise CommClosedError("gone")

    monkeypatch.setattr(client, "compute", gone)
    with pytest.raises(ClusterError, match=r"The checkpoint of an earlier call is .*kept"):
        shoal.dask.fit_table(partitions(table(), []), "price", client=client, checkpoint=kept)


@pytest.mark.parametrize("weights", [None, pytest.param("share", marks=pytest.mark.slow)])
def test_target_means_of_a_raw_dask_frame_are_those_in_memory(client, weights):
    rng = np.random.default_rng(2)
    code, m = rng.integers(0, 50, 4_000), 4_000
    frame = pd.DataFrame({"code": [f"{chr(97 + i % 26)}{chr(97 + i // 26)}x" for i in code], "size": rng.normal(size=m)})
    frame["price"] = 5 + rng.normal(size=50)[code] + frame["size"] + 0.1 * rng.normal(size=m)
    frame.loc[::31, "code"], frame.loc[5, "price"] = None, np.nan
    roles = {} if weights is None else {"sample_weight": rng.random(m)}
    raw = frame.assign(**{weights: roles["sample_weight"]} if weights else {})
    there = shoal.dask.fit_table(partitions(raw, [900, 900, 3_100]), "price", weights=weights, settings=SETTINGS, client=client)
    known = frame["price"].notna().to_numpy()
    X, y = frame.loc[known, ["code", "size"]], frame.loc[known, "price"].to_numpy()
    given = {name: value[known] for name, value in roles.items()}
    prepare = preparation(describe_columns(X, n_outputs=1), ["price"], "regression", ["price"])
    learned = prepare.fit_transform(X, y, **{f"columns__{name}": value for name, value in given.items()})
    assert "code, mean of price" in there["prepare"].get_feature_names_out()
    np.testing.assert_allclose(there["prepare"].transform(X), prepare.transform(X), rtol=1e-9)
    here = ShoalRegressor(**SETTINGS, random_state=0).fit(learned, y, **given)
    np.testing.assert_allclose(there.predict(X), here.predict(prepare.transform(X)), rtol=1e-8)
    on_workers = shoal.fit(frame, "price", settings=SETTINGS, client=client)
    in_memory = shoal.fit(frame, "price", settings=SETTINGS)
    np.testing.assert_allclose(on_workers.predict(X), in_memory.predict(X), rtol=1e-8)
    without = shoal.dask.fit_table(partitions(frame, [700]), "price", target_means=False, settings=SETTINGS, client=client)
    assert "code, mean of price" not in without["prepare"].get_feature_names_out()
    assert not without.facts_.target_means
