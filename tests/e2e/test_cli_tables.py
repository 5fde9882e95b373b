"""The command line from a table to predictions, as a person or a script calls it."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import numpy as np
import pandas as pd
import psutil
import pytest
from e2e_shell import SHOAL, SURROUNDINGS, answer, answer_json, command, own_process, refusal

from shoal.cli.predict import write_predictions
from shoal.persistence import load
from shoal.table import read
from shoal.table_models.fit import fit

CLASSIFICATION, REGRESSION = {"accuracy", "log_loss"}, {"rmse", "mae", "r2"}
COLD = 240  # seconds until the first epoch where the engine's kernels are compiled first
SAME = 1e-9  # printed numbers have all their digits; probabilities of two chunks may round apart


@pytest.fixture
def table(data_folder, manifest):
    return lambda name: data_folder / manifest[name]["file"]


def predicted(done):
    """What `shoal predict` printed; on stderr no more than that some rows are unlike those that were learned from."""
    assert done.returncode == 0
    outside = r"warning: \d+ of \d+ rows are outside the range .* in training\); their predictions are guesses\n"
    unseen = r"warning: \d+ of \d+ rows have levels of '\w+' never seen in training .*\n"  # the rows held out are predicted too
    assert re.fullmatch(f"({outside})?({unseen})?", done.stderr)
    return done.stdout


@pytest.mark.filterwarnings("ignore::shoal.UnseenWarning")  # the rows held out are predicted too
def test_titanic_from_fit_to_predictions(table, tmp_path):
    done = command("fit", table("titanic"), "--target", "Survived", cwd=tmp_path)
    text = answer(done)
    assert "classification of Survived: 713 training rows, 178 held out" in text
    assert re.search(r"accuracy +0\.\d+.* 0\.618", text)  # beside the trivial model: always "did not survive"
    assert [p.name for p in tmp_path.iterdir()] == ["titanic-Survived.shoal"]
    model = tmp_path / "titanic-Survived.shoal"
    facts = load(model).facts_
    assert facts.metrics["accuracy"] > 0.78 > facts.baselines["trivial"]["accuracy"]

    done = command("predict", model, table("titanic"), "-o", "out.csv", cwd=tmp_path)
    assert "891 predictions" in predicted(done)
    assert done.stderr, "the oldest passenger was held out"
    answers = pd.read_csv(tmp_path / "out.csv")
    assert list(answers) == ["Survived", "P(Survived=0)", "P(Survived=1)"]
    np.testing.assert_array_equal(answers["Survived"], load(model).predict(read(table("titanic"))))

    found = json.loads(predicted(command("evaluate", model, table("titanic"), "--json", cwd=tmp_path)))
    assert found["rows"] == {"test": 891, "left_out": 0}
    truth = read(table("titanic"))["Survived"].to_numpy()
    assert found["metrics"]["accuracy"] == pytest.approx(np.mean(truth == answers["Survived"]), rel=SAME)

    shown = answer(command("show", model, cwd=tmp_path))
    for word in ("Survived", "713", "hidden units", "W1 (", "Cabin", "left out", "category", "random_state=0"):
        assert word in shown
    assert answer_json(command("show", model, "--json", cwd=tmp_path))["fit"]["metrics"] == facts.metrics


def test_penguins_as_a_script_calls_it(table, tmp_path):
    arguments = ("fit", table("penguins"), "--target", "species", "--json", "--seed", 3, "-o", "p.shoal", "--set", "n_networks=2")
    first = answer_json(own_process(*arguments, cwd=tmp_path))
    assert list(first) == ["task", "target", "rows", "metrics", "baselines", "seconds", "model", "monotone", "columns", "notes", "read"]
    assert (first["task"], first["target"], first["model"]) == ("classification", "species", "p.shoal")
    assert first["rows"] == {"train": 275, "test": 69}
    assert set(first["metrics"]) == set(first["baselines"]["linear"]) == set(first["baselines"]["trivial"]) == CLASSIFICATION
    assert first["metrics"]["accuracy"] > 0.9
    probabilities = load(tmp_path / "p.shoal").predict_proba(read(table("penguins")))
    again = answer_json(command(*arguments, cwd=tmp_path))
    assert again["metrics"] == first["metrics"]
    assert load(tmp_path / "p.shoal").facts_.metrics == first["metrics"]
    np.testing.assert_array_equal(load(tmp_path / "p.shoal").predict_proba(read(table("penguins"))), probabilities)


@pytest.mark.slow
def test_adult_sampled_in_chunks_with_the_target_in_the_table(table, tmp_path):
    frame = read(table("adult")).sample(1500, random_state=0)
    frame.to_csv(tmp_path / "adult.csv.gz", index=False)
    settings = ("--set", "n_networks=2", "max_iter=15", "--set", "hidden_layer_sizes=(16,)", "--category", "education-num")
    if "education-num" not in frame:
        settings = settings[:-2]
    found = answer_json(command("fit", "adult.csv.gz", "--target", "income", *settings, "--refit", "--json", cwd=tmp_path))
    assert found["model"] == "adult-income.shoal"
    assert set(found["metrics"]) == {*CLASSIFICATION, "roc_auc"}
    assert found["metrics"]["roc_auc"] > 0.8
    model = load(tmp_path / found["model"])
    assert (model["estimator"].n_networks, model["estimator"].max_iter, model["estimator"].hidden_layer_sizes) == (2, 15, (16,))
    assert model.facts_.refit
    frame.drop(columns="income").iloc[::-1].to_parquet(tmp_path / "reversed.parquet", index=False)
    predicted(command("predict", found["model"], "reversed.parquet", "-o", "r.csv", cwd=tmp_path))
    predicted(command("predict", found["model"], "adult.csv.gz", "-o", "a.csv", cwd=tmp_path))
    backward, forward = pd.read_csv(tmp_path / "r.csv"), pd.read_csv(tmp_path / "a.csv")
    np.testing.assert_allclose(backward.iloc[::-1, 1:], forward.iloc[:, 1:], rtol=1e-4, atol=1e-6)  # float32, other blocks of rows


@pytest.mark.slow
def test_concrete_on_a_second_table_and_by_groups(table, tmp_path):
    frame = read(table("concrete"))
    frame.iloc[:800].to_csv(tmp_path / "train.csv", index=False)
    frame.iloc[800:].to_csv(tmp_path / "test.csv", index=False)
    quick = ("--set", "n_networks=2", "--set", "max_iter=40", "--json")
    sure = ("--set", "calibration=cv+")
    found = answer_json(command("fit", "train.csv", "--target", "strength", "--test", "test.csv", *quick, *sure, cwd=tmp_path))
    assert found["task"] == "regression"
    assert found["rows"] == {"train": 800, "test": 230}
    assert set(found["metrics"]) == REGRESSION
    evaluated = answer_json(command("evaluate", found["model"], "test.csv", "--json", cwd=tmp_path))
    assert evaluated["metrics"] == pytest.approx(found["metrics"], rel=1e-5)  # float32
    assert "how sure: 90 % intervals cover" in answer(command("evaluate", found["model"], "test.csv", cwd=tmp_path))
    predicted(command("predict", found["model"], "test.csv", "-o", "out.csv", "--interval", "0.9", cwd=tmp_path))
    ends = pd.read_csv(tmp_path / "out.csv")
    assert list(ends) == ["strength", "strength_lower", "strength_upper"]
    truth = frame["strength"].to_numpy()[800:]
    inside = np.mean((ends["strength_lower"] <= truth) & (truth <= ends["strength_upper"]))
    assert evaluated["sureness"]["coverage_90"] == pytest.approx(inside, abs=1e-9)
    grouped = answer_json(command("fit", "train.csv", "--target", "strength", "--groups", "age", "-o", "g.shoal", *quick, cwd=tmp_path))
    assert sum(grouped["rows"].values()) == 800
    assert "age" not in {column.name for column in load(tmp_path / "g.shoal")["prepare"]["typed"].columns}


def test_chunks_are_one_file(table, tmp_path, monkeypatch):
    model = fit(table("penguins"), "species", settings={"n_networks": 1, "max_iter": 2})
    write_predictions(model, table("penguins"), tmp_path / "whole.csv")
    monkeypatch.setattr("shoal.cli.predict.CHUNK_ROWS", 50)
    assert write_predictions(model, table("penguins"), tmp_path / "chunks.csv") == 344
    whole, chunks = pd.read_csv(tmp_path / "whole.csv"), pd.read_csv(tmp_path / "chunks.csv")
    np.testing.assert_array_equal(whole["species"], chunks["species"])
    np.testing.assert_allclose(whole.iloc[:, 1:], chunks.iloc[:, 1:], rtol=SAME)


def test_sets_of_classes_stand_beside_the_probabilities(table, tmp_path):
    answer(command("fit", table("penguins"), "--target", "species", "--set", "calibration=split", "max_iter=5", cwd=tmp_path))
    model = next(tmp_path.glob("*.shoal"))
    predicted(command("predict", model, table("penguins"), "-o", "out.csv", "--sets", "0.9", cwd=tmp_path))
    found = pd.read_csv(tmp_path / "out.csv")
    sets = found[[f"set(species={label})" for label in load(model).classes_]]
    np.testing.assert_array_equal(sets, load(model).predict_set(read(table("penguins"))))
    assert "needs at least 999 calibration rows" in refusal(
        command("predict", model, table("penguins"), "-o", "out.csv", "--sets", "0.999", cwd=tmp_path)
    )


def test_columns_to_ignore_are_named_once(table, tmp_path):
    answer(command("fit", table("penguins"), "--target", "species", "--set", "max_iter=2", cwd=tmp_path))
    model = next(tmp_path.glob("*.shoal"))
    read(table("penguins")).assign(more=1, others="a").to_csv(tmp_path / "wide.csv", index=False)
    for words in (("predict", "-o", "out.csv"), ("evaluate",), ("diagnose",)):
        name, *rest = words
        assert "on the command line --extra ignore" in refusal(command(name, model, "wide.csv", *rest, cwd=tmp_path))
        done = command(name, model, "wide.csv", *rest, "--extra", "ignore", cwd=tmp_path)
        assert done.returncode == 0
        assert done.stderr.count("2 columns that the model was not trained on are ignored: 'more', 'others'") == 1
    assert "choose one of 'refuse', 'ignore'" in refusal(command("evaluate", model, "wide.csv", "--extra", "all", cwd=tmp_path))


def test_several_targets(table, tmp_path):
    targets = ("--target", "y1", "--target", "y2", "--target", "y3", "--set", "n_networks=2", "--set", "max_iter=5", "--json")
    found = answer_json(command("fit", table("proben1_flare"), *targets, cwd=tmp_path))
    assert found["target"] == ["y1", "y2", "y3"]
    assert found["model"] == "proben1_flare-y1+y2+y3.shoal"
    predicted(command("predict", found["model"], table("proben1_flare"), "-o", "out.csv", cwd=tmp_path))
    assert pd.read_csv(tmp_path / "out.csv").shape == (1066, 3)


def test_progress_on_a_terminal_and_an_interrupt_that_keeps_the_best_so_far(table, tmp_path):
    ours, theirs = pty.openpty()
    arguments = [SHOAL, "fit", table("concrete"), "--target", "strength", "--json", "--set", "max_iter=100000"]
    arguments += ["--set", "n_iter_no_change=100000", "--set", "n_networks=2", "--set", "hidden_layer_sizes=4"]
    surroundings = {**SURROUNDINGS, "TERM": "xterm"}
    with subprocess.Popen(list(map(str, arguments)), cwd=tmp_path, env=surroundings, stdout=subprocess.PIPE, stderr=theirs) as running:
        try:
            os.close(theirs)
            shown = until(ours, b"epoch 1", seconds=COLD)
            running.send_signal(signal.SIGINT)
            shown += until(ours, b"kept", seconds=60)
            out = running.stdout.read()
            assert running.wait(60) == 0
        finally:
            running.kill()
    os.close(ours)
    text = shown.decode()
    assert "validation" in text
    assert "of 2 networks" in text
    assert re.search(r"warning: interrupted after \d+ epochs", text)
    assert b'"task": "regression"' in out
    assert load(tmp_path / "concrete-strength.shoal").facts_.interrupted


def until(terminal: int, word: bytes, seconds: float) -> bytes:
    """What a terminal shows, up to a word."""
    seen, end = b"", time.monotonic() + seconds
    while word not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.5)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:  # the other side has ended
                break
    assert word in seen, seen[-500:]
    return seen


def test_ctrl_c_before_training_leaves_nothing(table, tmp_path):
    with subprocess.Popen([str(SHOAL), "fit", str(table("adult")), "--target", "income"], cwd=tmp_path, stderr=subprocess.PIPE) as running:
        process, end = psutil.Process(running.pid), time.monotonic() + 60
        while not any(opened.path.endswith("adult.csv.gz") for opened in process.open_files()) and time.monotonic() < end:
            pass  # until the table of 48,842 rows is being read
        running.send_signal(signal.SIGINT)
        error = running.stderr.read()
        code = running.wait(60)
    assert (code, error) in ((130, b""), (-signal.SIGINT, error))
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_is_replaced_only_by_a_whole_file(table, tmp_path):
    (tmp_path / "m.shoal").write_text("old")
    refusal(command("fit", table("penguins"), "--target", "species", "-o", "m.shoal", "--set", "n_networks=0", cwd=tmp_path))
    assert (tmp_path / "m.shoal").read_text() == "old"
    answer(command("fit", table("penguins"), "--target", "species", "-o", "m.shoal", "--set", "max_iter=2", cwd=tmp_path))
    assert (tmp_path / "m.shoal").read_bytes()[:2] == b"PK"
