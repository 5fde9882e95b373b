"""`shoal export`: what a person gets, and that a failure leaves nothing and loses nothing."""

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from e2e_shell import answer, command, refusal

import shoal
from export_problems import STRICT, fitted_table, gcc, table
from onnx_or_skip import onnx_graph


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a model."""
    folder = tmp_path_factory.mktemp("models")
    shoal.save(fitted_table("survived"), folder / "ship 1.shoal")
    return folder


def test_c_as_a_person_would_compile_it(place, tmp_path):
    text = answer(command("export", place / "ship 1.shoal", "--to", "c", "-o", "out", cwd=tmp_path))
    assert "ship_1.h, ship_1.c, ship_1_test.c written to out; try: cc -O2 -std=c99 ship_1.c ship_1_test.c -o ship_1 -lm" in text
    gcc()
    compiler = ["gcc", *STRICT, "ship_1.c", "ship_1_test.c", "-o", "ship_1", "-lm"]
    subprocess.run(compiler, cwd=tmp_path / "out", check=True)
    subprocess.run([tmp_path / "out" / "ship_1"], check=True, capture_output=True)


def test_a_small_model_says_what_it_costs(place, tmp_path):
    frame = table().drop(columns=["class", "insured", "paid", "owed"])
    frame.to_csv(tmp_path / "ship.csv", index=False)
    words = ("export", place / "ship 1.shoal", "--to", "c", "--dtype", "float", "-o", "out", "--name", "ship")
    whole = command(*words, cwd=tmp_path)
    done = command(*words, "--small", "ship.csv", "--units", "4", cwd=tmp_path)
    assert (whole.returncode, done.returncode) == (0, 0)
    flash = r"{} on Cortex-M: ([\d,]+) bytes of flash for tables and texts, .* ([\d,]+) bytes of memory; ([\d,]+) multiplications"
    before, again, after = (
        [int(number.replace(",", "")) for number in re.search(flash.format(what), text).groups()]
        for what, text in (("this C", whole.stdout), ("the whole model", done.stdout), ("this C", done.stdout))
    )
    assert before == again
    assert all(large > 10 * small for large, small in zip(before[::2], after[::2], strict=True))  # flash and multiplications
    assert before[1] > after[1]
    assert re.search(r"small: 4 hidden units learned from \d+ rows; on \d+ others \(.*\): accuracy 0\.\d+ → 0\.\d+, log_loss", done.stdout)
    assert "this C on AVR: " in done.stdout
    subprocess.run([gcc(), *STRICT, "ship.c", "ship_test.c", "-o", "ship", "-lm"], cwd=tmp_path / "out", check=True)
    subprocess.run([tmp_path / "out" / "ship"], check=True, capture_output=True)
    answer(
        command("export", place / "ship 1.shoal", "--to", "equation", "-o", "m.txt", "--small", "ship.csv", "--units", "2", cwd=tmp_path)
    )
    assert "h2 = relu(" in (tmp_path / "m.txt").read_text()
    assert "h3" not in (tmp_path / "m.txt").read_text()
    assert "--units 3 is for --small TABLE only" in refusal(command(*words, "--units", "3", cwd=tmp_path))


def test_c_by_another_name_in_float(place, tmp_path):
    answer(command("export", place / "ship 1.shoal", "--to", "c", "-o", "out", "--name", "boat", "--dtype", "float", cwd=tmp_path))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["boat.c", "boat.h", "boat_test.c"]
    assert "typedef float real;" in (tmp_path / "out" / "boat.c").read_text()


def test_onnx_is_compared_before_it_is_written(place, tmp_path):
    onnx_graph()
    said = answer(command("export", place / "ship 1.shoal", "--to", "onnx", "-o", "m.onnx", cwd=tmp_path))
    assert "in ONNX Runtime it agrees to" in said
    import onnxruntime

    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    assert [given.name for given in session.get_inputs()][:3] == ["age", "fare", "port"]
    assert [given.name for given in session.get_outputs()] == ["label", "probabilities"]
    unchecked = answer(
        command("export", place / "ship 1.shoal", "--to", "onnx", "--no-check", "--dtype", "double", "-o", "d.onnx", cwd=tmp_path)
    )
    assert "not compared" in unchecked


def test_json_python_and_equation(place, tmp_path):
    for form in ("json", "python", "equation"):
        assert answer(command("export", place / "ship 1.shoal", "--to", form, "-o", f"m.{form}", cwd=tmp_path)) == f"m.{form} written\n"
    model, frame = shoal.load(place / "ship 1.shoal"), table().head(20)
    frame = frame.drop(columns=["class", "insured", "paid", "owed", "survived"])
    np.testing.assert_array_equal(shoal.from_json(tmp_path / "m.json").predict_proba(frame), model.predict_proba(frame))
    script = (
        "import json, runpy; predict = runpy.run_path('m.python')['predict']\n"
        "row = {'age': 30, 'fare': 7.5, 'port': None, 'deck': 'A', 'alone': True, 'year': 2000001, 'boarded': '2020-02-29 13:00'}\n"
        "print(json.dumps(predict(row)['probabilities']))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )  # no shoal, no numpy
    row = {"age": 30, "fare": 7.5, "port": None, "deck": "A", "alone": True, "year": 2000001, "boarded": "2020-02-29 13:00"}
    wanted = model.predict_proba(pd.DataFrame([row]).astype({"boarded": "datetime64[s]"}))[0]
    np.testing.assert_allclose(list(json.loads(done.stdout).values()), wanted, rtol=1e-12)
    assert "P(survived = yes) = sigmoid(" in (tmp_path / "m.equation").read_text()


REFUSED = {
    "LaTeX of a large network": (("--to", "equation", "-o", "m.tex"), "weights; as LaTeX at most 120"),
    "a folder that is a file": (("--to", "c", "-o", "kept"), "kept is a file"),
    "no folder": (("--to", "json", "-o", "none/m.json"), "There is no folder"),
    "a precision where there is none": (("--to", "json", "-o", "m.json", "--dtype", "float"), "--dtype float is for onnx and c"),
    "a name where there is none": (("--to", "onnx", "-o", "m.onnx", "--name", "boat"), "--name boat is for c"),
    "the model itself": (("--to", "json", "-o", "MODEL"), "is the model file itself"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_leave_nothing_and_lose_nothing(place, tmp_path, name):
    arguments, words = REFUSED[name]
    (tmp_path / "kept").write_text("old")
    model = place / "ship 1.shoal"
    before = model.read_bytes()
    arguments = [model if argument == "MODEL" else argument for argument in arguments]
    assert words in refusal(command("export", model, *arguments, cwd=tmp_path))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("kept", "old")]
    assert model.read_bytes() == before


def test_onnx_that_disagrees_is_not_written(place, tmp_path, monkeypatch):
    """A wrong constant in the graph is noticed by the command's own check."""
    graph = onnx_graph()
    from shoal.cli.export import write_onnx
    from shoal.export import portable

    found = portable(shoal.load(place / "ship 1.shoal"))
    wrong = graph.model_onnx(found)
    biases = max((tensor for tensor in wrong.graph.initializer if tensor.dims == [1, 128]), key=lambda tensor: len(tensor.raw_data))
    values = np.frombuffer(biases.raw_data, np.float32) + 0.01
    biases.raw_data = values.astype(np.float32).tobytes()
    monkeypatch.setattr(graph, "model_onnx", lambda *_: wrong)
    with pytest.raises(shoal.ExportError, match=r"ONNX Runtime gives .* where the network gives"):
        write_onnx(found, tmp_path / "m.onnx", "float", check=True)
    assert list(tmp_path.iterdir()) == []
    write_onnx(found, tmp_path / "m.onnx", "float", check=False)


def test_without_the_extra_it_says_how_to_get_it(place, tmp_path, monkeypatch):
    from shoal.cli.export import write_onnx
    from shoal.export import portable

    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setitem(sys.modules, "onnx.helper", None)
    with pytest.raises(shoal.ExportError, match=r"pip install 'shoal\[onnx\]'"):
        write_onnx(portable(shoal.load(place / "ship 1.shoal")), tmp_path / "m.onnx", "float", check=True)
    assert list(tmp_path.iterdir()) == []
