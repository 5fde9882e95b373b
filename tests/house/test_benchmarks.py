"""benchmarks/README.md lists every script, with what it measures and the pages that have its figures.

`python tests/house/test_benchmarks.py` writes the list again, from the scripts' docstrings and the pages.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "benchmarks/README.md"
HEAD = "| script | what it measures | figures |\n|---|---|---|\n"
OTHER_PAGES = {"compared.md", "when-not.md"}  # they refer to figures of the others


def lines() -> str:
    """A line for each script: the first sentence of its docstring, and the pages that name it."""
    pages = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md")) if path.name not in OTHER_PAGES}
    found = []
    for path in sorted((ROOT / "benchmarks").glob("*.py")):
        first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0].replace("\n", " ")
        what = first.split(" `python benchmarks")[0]
        where = [f"[{name}](../docs/{name})" for name, text in pages.items() if f"benchmarks/{path.name}" in text]
        found.append(f"| `{path.name}` | {what} | {', '.join(where) or '–'} |\n")
    return "".join(found)


def test_the_index_of_the_benchmarks_has_every_script():
    assert INDEX.read_text(encoding="utf-8").split(HEAD)[1] == lines(), "run python tests/house/test_benchmarks.py"


if __name__ == "__main__":
    INDEX.write_text(INDEX.read_text(encoding="utf-8").split(HEAD)[0] + HEAD + lines(), encoding="utf-8")
