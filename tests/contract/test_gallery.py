"""Every script of the gallery and the tutorials runs as it is printed, without a warning, and the gallery's draw a picture."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "examples").rglob("*.py"))


def identity(script):
    return f"{script.parent.name}/{script.stem}"


def test_every_script_is_a_page_with_a_title():
    assert len(SCRIPTS) > 1
    for script in SCRIPTS:
        assert script.name.startswith("plot_"), "the site runs only these"
        title, line = (ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or "\n").split("\n")[:2]
        assert line == "=" * len(title), f"{identity(script)}: a title, underlined"


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=identity)
def test_a_script_runs(script, tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    if "import Client" in script.read_text(encoding="utf-8"):
        pytest.importorskip("distributed")
    matplotlib.use("agg")
    monkeypatch.chdir(tmp_path)
    pyplot.close("all")
    exec(compile(script.read_text(encoding="utf-8"), script, "exec"), {"__name__": "__main__"})
    figures = pyplot.get_fignums()
    pyplot.close("all")
    assert figures or "gallery" not in script.parts[-3:]
    assert list(tmp_path.iterdir()) == [], "it leaves no file"
