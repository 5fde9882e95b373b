"""The pages on export, serving and coming from elsewhere are run, and their tables held to the code."""

import inspect
import json
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

import shoal
from asgi import finished
from export_problems import fitted_table
from onnx_or_skip import onnx_graph
from shoal import ShoalClassifier, ShoalRegressor
from shoal.export import model_json, portable

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ["export.md", "from-sklearn.md", "from-matlab.md", "from-r.md"]


def text(page: str) -> str:
    return (DOCS / page).read_text()


def run(page: str) -> dict:
    """The page's Python, block after block in one session."""
    space: dict = {}
    for block in re.findall(r"```python\n(.*?)```", text(page), flags=re.DOTALL):
        exec(compile(block, page, "exec"), space)
    return space


@pytest.mark.parametrize("page", PAGES)
def test_its_python_runs_as_it_stands(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(page)


def test_the_served_model_answers(tmp_path, monkeypatch):
    """The page on serving: ONNX Runtime, and the server's own endpoint, asked as a server asks it."""
    onnx_graph()
    pytest.importorskip("starlette")
    monkeypatch.chdir(tmp_path)
    space = run("serving.md")
    row = [{"age": 22, "port": None, "boarded": "1912-04-10 12:00"}]
    status, said = finished(post(space["app"], "/predict", row))
    assert status == 200
    assert sum(said[0].values()) == pytest.approx(1)
    status, said = finished(post(space["app"], "/predict", [{**row[0], "age": "old"}]))
    assert status == 422
    assert "'age'" in said["error"]


async def post(app, path, body):
    """One request through the ASGI interface, without a network."""
    sent: list[dict] = []
    data = json.dumps(body).encode()

    async def receive():
        return {"type": "http.request", "body": data, "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b"", "root_path": ""}
    await app(scope, receive, send)
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent[1:]))


def named_in_code(page: str) -> set[str]:
    """What stands in backticks outside the blocks."""
    return set(re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text(page), flags=re.DOTALL)))


def test_every_key_of_the_json_is_in_the_schema():
    said = json.loads(model_json(portable(fitted_table("paid"))))
    keys = set(said) | set(said["encoding"]) | set(said["preparation"])
    keys |= {key for field in said["preparation"]["fields"] for key in field}
    keys |= {key for feature in said["preparation"]["features"] for key in feature}
    known = {word for code in named_in_code("export.md") for word in re.findall(r"\w+", code)}
    assert sorted(keys - known) == []


def test_every_argument_of_scikit_learns_is_on_its_page():
    arguments = text("from-sklearn.md").partition("## Arguments")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in arguments.splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    theirs = set(MLPClassifier().get_params()) | set(MLPRegressor().get_params())
    ours = set(ShoalClassifier().get_params()) | set(ShoalRegressor().get_params())
    assert told >= theirs
    assert told <= ours


def test_arguments_that_the_pages_set_exist():
    known = set(ShoalClassifier().get_params()) | set(ShoalRegressor().get_params())
    known |= {name for call in (ShoalClassifier.fit, shoal.fit) for name in inspect.signature(call).parameters}
    for page in ("from-matlab.md", "from-r.md"):
        second = [line.split("|")[2] for line in text(page).splitlines() if line.startswith("| `")]
        used = {name for cell in second for name in re.findall(r"(\w+)=", cell)}
        assert used
        assert sorted(used - known) == []


def test_public_names_on_the_page_exist():
    named = {name for page in (*PAGES, "serving.md") for name in re.findall(r"shoal\.(\w+)\(", text(page))}
    assert {"fit", "from_fitted", "from_json", "save", "load"} <= named
    assert [name for name in named if not hasattr(shoal, name)] == []


def test_links_lead_somewhere():
    for page in (*PAGES, "serving.md"):
        for link in re.findall(r"\]\((?!http)([^)#]+)", text(page)):
            assert (DOCS / link).exists(), link


def test_quoted_figures_of_one_row_are_under_a_microsecond():
    """What the page quotes of benchmarks/one_row.py: C with and without ramps, in both precisions."""
    quoted = [float(cell) for line in re.findall(r"\| C, \w+ \|(.*)\|", text("export.md")) for cell in line.split("|")]
    assert len(quoted) == 4
    assert np.max(quoted) < 1.0
