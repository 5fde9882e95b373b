"""`shoal demo` and its two demonstrations, `shoal chapter`, and the help that a person learns from."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from e2e_shell import SURROUNDINGS, answer, answer_json, command, refusal

import shoal
from shoal.cli import _spread_settings, demo
from shoal.cli.fit import default_name
from shoal.cli.options import parse_settings
from shoal.errors import InvalidParameterError
from shoal.persistence import load
from shoal.web.exhibits.slide_13 import measured


def test_the_demo_does_the_main_job(tmp_path):
    text = answer(command("demo", cwd=tmp_path))
    folder = tmp_path / "shoal-demo"
    assert {p.name for p in folder.iterdir()} == {"digits.csv", "digits-unseen.csv", "digits.shoal", "predictions.csv"}
    facts = load(folder / "digits.shoal").facts_
    assert (facts.n_train, facts.n_test) == (1438, 359)
    assert facts.metrics["accuracy"] > 0.95 > 0.15 > facts.baselines["trivial"]["accuracy"]
    answers, truth = pd.read_csv(folder / "predictions.csv"), pd.read_csv(folder / "digits-unseen.csv")
    assert (answers["digit"] == truth["digit"]).mean() == pytest.approx(facts.metrics["accuracy"])
    for word in ("linear", "trivial", "digits.shoal", "predictions.csv", "show", "demo flower", "demo vectorization", "chapter"):
        assert word in text


FLOWER = {1: 67.5, 2: 67.25, 3: 90.75, 4: 90.5, 5: 91.25, 20: 90.0, 50: 90.25}  # as the exercise prints them


def test_the_flower_as_a_script_asks_for_it(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "STEPS", 60)  # of 5000; all of them are among the slow tests
    found = answer_json(command("demo", "flower", "--json", cwd=tmp_path))
    assert [set(row) for row in found] == [{"n_h", "accuracy", "cost", "published"}] * 7
    assert {row["n_h"]: row["published"] for row in found} == FLOWER
    for row in found:
        assert (row["accuracy"], row["cost"]) == tuple(demo.replayed(row["n_h"]).values())


@pytest.mark.slow
def test_the_flower_after_all_its_steps_is_the_exercises(tmp_path):
    found = answer_json(command("demo", "flower", "--json", cwd=tmp_path))
    assert [row["accuracy"] for row in found[:5]] == [67.5, 67.25, 90.75, 90.5, 91.25]
    assert all(abs(row["accuracy"] - row["published"]) <= 1.0 for row in found)  # rounding of the matrix library
    for row, cost in zip(found, [0.63276, 0.57535, 0.25909, 0.22264, 0.25068], strict=False):
        assert row["cost"] == pytest.approx(cost, abs=1e-5)


def test_another_seed_of_the_flower_starts_elsewhere_and_gives_the_same_again(monkeypatch):
    monkeypatch.setattr(demo, "STEPS", 60)
    usual, other, again = (demo.replayed(4, seed) for seed in (2, 7, 7))
    assert other == again != usual


def test_vectorization_repeats_its_sums_with_its_seed():
    first, second, other = (measured(1000, seed) for seed in (5, 5, 6))
    assert (first["product"], first["loop"]) == (second["product"], second["loop"])
    assert other["product"] != first["product"]


@pytest.mark.parametrize(
    ("lengths", "words"),
    [((1000, 10_000), ("1,000", "10,000")), pytest.param(demo.LENGTHS, ("1,000,000", "10,000,000"), marks=pytest.mark.slow)],
    ids=["short", "the slide's"],
)
def test_vectorization_shows_both_lengths_beside_the_slide(tmp_path, monkeypatch, lengths, words):
    monkeypatch.setattr(demo, "LENGTHS", lengths)
    text = answer(command("demo", "vectorization", cwd=tmp_path))
    for word in (*words, "955", "2499584.436480", "best of 11"):
        assert word in text


def test_the_chapter_needs_its_extra():
    hidden = (
        "import sys; sys.modules['starlette'] = None; sys.argv = ['shoal', 'chapter', '--no-browser']; from shoal.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", hidden], env=SURROUNDINGS, capture_output=True, text=True, timeout=60, check=False)
    assert "pip install 'shoal[chapter]'" in refusal(done)


def test_every_help_has_an_example(tmp_path):
    for name in ("fit", "predict", "evaluate", "show", "demo", "chapter"):
        assert f"Example: shoal {name}" in answer(command(name, "--help", cwd=tmp_path))


def test_the_version_is_printed(tmp_path):
    assert answer(command("--version", cwd=tmp_path)) == f"shoal {shoal.__version__}\n"


def test_help_comes_without_the_heavy_packages():
    asked = "import sys; import shoal.cli; print([n for n in ('sklearn', 'numba', 'pandas', 'scipy', 'skops') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], env=SURROUNDINGS, capture_output=True, text=True, timeout=60, check=False)
    assert answer(done) == "[]\n"


def test_settings_are_read_as_python_or_as_text():
    texts = ["hidden_layer_sizes=(50,)", "alpha=1e-3", "solver=adam", "shuffle=True", "max_time=none", "class_weight={'x': 2}", "g=a=b"]
    read = {"hidden_layer_sizes": (50,), "alpha": 1e-3, "solver": "adam", "shuffle": True, "max_time": None, "class_weight": {"x": 2}}
    assert parse_settings(texts) == {**read, "g": "a=b"}
    with pytest.raises(InvalidParameterError, match="PARAMETER=VALUE"):
        parse_settings(["a="])


def test_one_set_takes_several_settings():
    spread = _spread_settings(["fit", "--set", "a=1", "b=2", "t.csv", "c=3", "--set", "d=4", "--json", "e=5"])
    assert spread == ["fit", "--set", "a=1", "--set", "b=2", "t.csv", "c=3", "--set", "d=4", "--json", "e=5"]


def test_the_models_name_follows_table_and_target():
    assert default_name(Path("data/titanic.csv.gz"), ["Survived"]) == "titanic-Survived.shoal"
    assert default_name(Path("a.parquet"), ["y 1/2", "z"]) == "a-y_1_2+z.shoal"


@pytest.mark.parametrize("words", ["shoal demo flower --json", "shoal demo vectorization"])
def test_the_help_of_a_demo_ends_with_its_own_example(words, tmp_path):
    _, _, name, *_ = words.split()
    last = answer(command("demo", name, "--help", cwd=tmp_path)).rstrip().splitlines()[-1]
    assert words in last
    assert "--folder" not in last  # the example of `shoal demo` itself
