"""Column names, levels and classes that try to break out of every format come out escaped, and the model still says what it says."""

import json
import re

import numpy as np
import pandas as pd
import pytest

import shoal
from export_problems import HOSTILE, SANITIZED, c_agrees, fitted_hostile, hostile_table
from onnx_or_skip import onnx_graph
from shoal import ShoalRegressor
from shoal.export import c99, model_equation, model_json, model_latex, portable, python_text
from shoal.export.portable import c_string, comment, identifier, latex
from shoal.export.sample_rows import answers, frame_of, sample_rows

pytestmark = pytest.mark.filterwarnings(
    "ignore::shoal.UnseenWarning",  # levels that no training row had are meant
    "ignore::shoal.TableWarning",  # and levels that differ only in case
)


@pytest.fixture(scope="module")
def model():
    return fitted_hostile()


@pytest.fixture(scope="module")
def found(model):
    return portable(model)


def test_the_table_is_as_hostile_as_it_says(found):
    assert {field.name for field in found.fields} == set(HOSTILE)
    levels = {level for field in found.fields for level in field.levels}
    assert {text.strip() for text in HOSTILE[:3]} <= levels
    assert found.targets == (hostile_table()[1],)


def test_c_compiles_without_a_warning_and_agrees(model, tmp_path):
    c_agrees(model, tmp_path, "double", *SANITIZED)
    header = (tmp_path / "model.h").read_text()
    assert re.search(r"double int_;", header)
    assert re.search(r"double x_script_alert_1_script_amp;|double script_alert_1_script_amp;", header)
    assert "price of 价格 größer" in header
    assert "\u202e" not in header
    assert "??" not in header + (tmp_path / "model.c").read_text() + (tmp_path / "model_test.c").read_text()


def test_json_holds_the_very_names(found, model, tmp_path):
    text = model_json(found)
    assert [field["name"] for field in json.loads(text)["preparation"]["fields"]] == [field.name for field in found.fields]
    (tmp_path / "m.json").write_text(text, encoding="utf-8")
    back, frame = shoal.from_json(tmp_path / "m.json"), frame_of(found, sample_rows(found))
    np.testing.assert_array_equal(back.predict_proba(frame), model.predict_proba(frame))
    assert list(back.classes_) == list(model.classes_)


def test_python_is_the_same_function(found):
    space: dict = {}
    exec(compile(python_text(found), "network.py", "exec"), space)
    rows = sample_rows(found, 5)
    for row, wanted in zip(rows, answers(found, rows), strict=True):
        said = space["predict"]({field.name: cell for field, cell in zip(found.fields, row, strict=True)})
        np.testing.assert_allclose(list(said["probabilities"].values()), wanted, atol=1e-12)
        assert said["label"] in found.classes[0]


def test_onnx_takes_the_very_names(found):
    graph = onnx_graph()
    proto = graph.model_onnx(found)
    assert [given.name for given in proto.graph.input] == [field.name for field in found.fields]
    assert graph.check_onnx(proto, found, "float") < 1e-6  # a check that runs, not one that passes by being empty


def test_columns_may_be_called_as_the_outputs_are():
    graph = onnx_graph()
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((40, 4)), columns=["label", "probabilities", "X", "node 0"])
    frame["prediction"] = np.where(frame["label"] > 0, "a", "b")
    found = portable(shoal.fit(frame, "prediction", settings={"n_networks": 1, "hidden_layer_sizes": 2, "max_iter": 1}))
    proto = graph.model_onnx(found)
    assert [made.name for made in proto.graph.output] == ["label (2)", "probabilities (2)"]
    assert graph.check_onnx(proto, found, "float") < 1e-6


def test_the_equation_keeps_every_line_whole(found):
    text = model_equation(found)
    made = [line for line in text.splitlines() if line.endswith(("where it is empty", ", else 0"))]
    assert len(made) == len(found.features)
    assert "\u202e" not in text
    assert r"[two\nlines\r\t]" in text
    assert r"[\[brackets\]]" in text
    assert "[h1]" in text  # not to be mistaken for a hidden unit


def test_latex_escapes_every_special_character():
    rng = np.random.default_rng(0)
    model = ShoalRegressor(hidden_layer_sizes=2, n_networks=1, ramps=False, max_iter=1, random_state=0)
    X = rng.standard_normal((30, 3))
    model.fit(pd.DataFrame(X, columns=["$x_1^2$ {\\input{a}} ~", "50% & #1", "two\nlines"]), X[:, 0])
    text = model_latex(portable(model))
    inside = re.findall(r"\\text\{((?:[^{}\\]|\\.|\{\})*)\}", text)
    assert any(r"\$x\_1\textasciicircum{}2\$ \{\textbackslash{}input\{a\}\} \textasciitilde{}" in name for name in inside)
    assert r"50\% \& \#1" in text
    assert len(text.splitlines()) == 2 + 2 + 1 + 1  # begin and end, hidden units, output, g


@pytest.mark.parametrize("text", HOSTILE)
def test_pieces(text):
    assert re.fullmatch(r"[A-Za-z]\w*", identifier(text, set()), re.ASCII)
    assert not re.search(r"\*/|/\*|\?\?|[\n\r\u202e]", comment(text))
    literal = c_string(text)
    assert literal.isascii()
    assert literal.isprintable()
    assert bytes(literal[1:-1], "ascii").decode("unicode_escape").encode("latin-1").decode("utf-8") == text
    assert latex(text).isprintable()


def test_identifiers_are_never_alike():
    taken: set[str] = set()
    made = [identifier(text, taken) for text in (*HOSTILE, *HOSTILE, "a" * 100, "a" * 101)]
    assert len({name.lower() for name in made}) == len(made)


def test_numbered_columns_stay_an_array():
    X = np.random.default_rng(0).standard_normal((20, 2))
    files = c99(portable(ShoalRegressor(max_iter=1, n_networks=1, random_state=0).fit(X, X[:, 0])), "2 Weird-name!")
    assert set(files) == {"x2_Weird_name.h", "x2_Weird_name.c", "x2_Weird_name_test.c"}
    assert "double x[2];" in files["x2_Weird_name.h"]
