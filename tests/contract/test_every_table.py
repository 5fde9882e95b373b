"""Every tabular set of the manifest trains from its raw file, with nothing prepared by hand."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import shoal
from shoal.table import read

pytestmark = pytest.mark.filterwarnings("ignore::shoal.UnseenWarning")  # levels that no training row had are meant

DATA = Path(os.environ.get("SHOAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
MANIFEST = DATA / "manifest.json"
SETS = json.loads(MANIFEST.read_text())["datasets"] if MANIFEST.exists() else {}
NAMES = [name for name in SETS if name != "mnist"]  # pictures, not a table


@pytest.mark.filterwarnings("ignore::shoal.TableWarning")  # what is true of some shared tables
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES or ["no tables here"])
def test_a_raw_table_becomes_a_network_that_predicts(name, data_folder, tmp_path):
    entry = SETS[name]
    task = "regression" if entry["task"] == "regression" else "classification"
    quick = {"max_iter": 2, "n_networks": 2}  # whether it trains is asked here, how well is asked by benchmarks/defaults_table.py
    model = shoal.fit(data_folder / entry["file"], entry["target"], task=task, settings=quick)
    facts = model.facts_
    assert facts.task == entry["task"]
    assert all(np.isfinite(value) for value in facts.metrics.values())
    assert set(facts.metrics) == set(facts.baselines["linear"]) == set(facts.baselines["trivial"])
    frame = read(data_folder / entry["file"]).head(50)
    answers = model.predict(frame)
    assert len(answers) == len(frame)
    assert task == "classification" or np.isfinite(np.asarray(answers, float)).all()
    path = shoal.save(model, tmp_path / "m.shoal")
    np.testing.assert_array_equal(shoal.load(path).predict(frame), answers)
