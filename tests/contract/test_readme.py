"""The README and the cheat sheet: their Python runs as it stands, their commands exist, and figures are those of their script."""

import re
from pathlib import Path

import pandas as pd
import pytest
from typer.main import get_command

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
CHEAT_SHEET = (ROOT / "docs" / "cheat-sheet.md").read_text(encoding="utf-8")


def blocks(language: str, page: str = README) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", page, flags=re.DOTALL)


@pytest.mark.parametrize("block", blocks("python"), ids=lambda b: b.split("\n")[0])
def test_a_python_block_runs_as_it_stands(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # what it writes goes here
    exec(compile(block, "README.md", "exec"), {})


def test_the_cheat_sheet_runs_from_its_first_block_to_its_last(tmp_path, monkeypatch):
    matplotlib, pyplot = pytest.importorskip("matplotlib"), pytest.importorskip("matplotlib.pyplot")  # its figures
    matplotlib.use("agg")
    pyplot.close("all")  # those that other tests left open, of which more than twenty are a warning
    monkeypatch.chdir(tmp_path)
    found, names = blocks("python", CHEAT_SHEET), {}
    assert len(found) > 5
    for block in found:
        exec(compile(block, "cheat-sheet.md", "exec"), names)
    pyplot.close("all")


@pytest.mark.parametrize("page", [README, CHEAT_SHEET], ids=["README", "cheat sheet"])
def test_every_command_it_names_exists(page):
    from shoal.cli import app

    named = set(re.findall(r"^shoal (\w+)", page, flags=re.MULTILINE)) | set(re.findall(r"`shoal (\w+)", page)) - {"COMMAND"}
    assert named
    assert named <= set(get_command(app).commands)


def test_every_make_target_it_names_exists():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_its_ranks_are_those_of_the_defaults_page():
    # docs/defaults.md is what benchmarks/defaults_table.py printed; the README quotes three lines of it
    page = (ROOT / "docs" / "defaults.md").read_text()
    for name, metric in {
        "log loss (25 sets)": "log_loss (25 sets)",
        "accuracy (25 sets)": "accuracy (25 sets)",
        "RMSE (11 sets)": "rmse (11 sets)",
    }.items():
        mine = re.findall(r"\d\.\d\d", README.split(f"| {name} |")[1].split("\n")[0])
        theirs = re.findall(r"\d\.\d\d(?!\d)", page.split(f"| {metric} |")[1].split("\n")[0])
        assert mine == theirs[:8]


def test_the_defaults_page_tells_the_recorded_run():
    page = (ROOT / "docs" / "defaults.md").read_text()
    recorded = pd.read_csv(ROOT / "benchmarks" / "defaults_table.csv")
    for name, rows in recorded[recorded.task == "regression"].groupby("set"):
        assert f"| {name} | rmse | {float(f'{rows.rmse.mean():.5g}'):.4g} |" in page


def test_it_fits_its_page_and_its_links_lead_somewhere():
    assert len(README.splitlines()) < 120
    for link in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / link).exists(), link
