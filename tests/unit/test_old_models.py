"""Files that shoal once wrote with skops load and predict as they did.

`tests/old_models/scikit-learn-*.zip` hold them, made of generated rows under that version of scikit-learn: of each kind of
model a file, what it then answered (`.npz`) and what was known of its fit (`.json`). They are never written anew.
"""

import json
import sys
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import shoal
from shoal.errors import ModelFileError
from shoal.export import model_json, portable
from shoal.table import read

FOLDER = Path(__file__).parent.parent / "old_models"
ARCHIVES = ("scikit-learn-1.7", "scikit-learn-1.9")
KINDS = [(name, Path(f).stem) for name in ARCHIVES for f in zipfile.ZipFile(FOLDER / f"{name}.zip").namelist() if f.endswith(".skops")]
TARGETS = ["n", "n2", "kind", "up", "left"]


@cache
def unpacked(archive: str, tmp: Path) -> Path:
    zipfile.ZipFile(FOLDER / f"{archive}.zip").extractall(tmp / archive)
    return tmp / archive


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("old")


def answers(model, X) -> dict:
    last, rows = (model[-1], model[0].transform(X)) if hasattr(model, "steps") else (model, X)
    found = {"predict": model.predict(X)}
    if hasattr(last, "classes_"):
        return found | {"predict_proba": model.predict_proba(X)}
    if last.network_.noise is not None:
        found["mean"], found["std"] = last.predict(rows, return_std=True)
        found["lower"], found["upper"] = last.predict_interval(rows, 0.5)
    return found


SPREADS = ("std", "lower", "upper")  # which grow outside the range of the training rows since they were written


def within(model, X) -> np.ndarray:
    """Which rows are inside that range, `(m,)`; all, where it is not known."""
    last, rows = (model[-1], model[0].transform(X)) if hasattr(model, "steps") else (model, np.asarray(X))
    network = last.network_
    if network.lowest is None or sparse.issparse(rows):
        return np.ones(len(X), bool)
    rows = np.asarray(rows, np.float64)
    return np.all((rows >= network.lowest) & (rows <= network.highest), axis=1)


@pytest.mark.filterwarnings("ignore::shoal.errors.UncalibratedWarning")
@pytest.mark.parametrize(("archive", "name"), KINDS, ids=lambda part: part.removeprefix("scikit-learn-"))
def test_an_old_file_predicts_as_it_did(place, archive, name):
    folder = unpacked(archive, place)
    model, expected, known = (
        shoal.load(folder / f"{name}.skops"),
        np.load(folder / f"{name}.npz"),
        json.loads((folder / f"{name}.json").read_text()),
    )
    X = expected["X"] if "X" in expected else read(folder / "table.csv").drop(columns=TARGETS)
    X = pd.DataFrame(X, columns=["a", "b", "c"]) if name == "named_columns" else X
    again = shoal.load(shoal.save(model, place / "again.shoal"))  # and as a file of today's
    for one in (model, again):
        found = answers(one, X)
        assert set(found) == set(expected.files) - {"X"}
        inside = within(one, X)
        for verb, values in found.items():
            values = values[inside] if verb in SPREADS else values
            wanted = expected[verb][inside] if verb in SPREADS else expected[verb]
            if values.dtype.kind in "fc":
                np.testing.assert_allclose(values, wanted, rtol=1e-10)  # another machine's products round otherwise
            else:
                np.testing.assert_array_equal(np.asarray(values).astype(wanted.dtype), wanted)
        last = one[-1] if hasattr(one, "steps") else one
        assert type(last).__name__ == known["class"]
        assert [name for name in known["attributes"] if name.endswith("_") and not hasattr(last, name)] == []
        assert (last.loss_curve_, last.n_iter_) == (known["loss_curve"], known["n_iter"])
        assert repr(getattr(last, "class_weight", None)) == known["class_weight"]
        names = [inside or name for name, _, inside in (name.partition("__") for name in known["names"])]  # scikit-learn named the step too
        assert json.loads(model_json(portable(one)))["inputs"] == names


def test_reading_them_imports_no_skops(place):
    shoal.load(unpacked(ARCHIVES[0], place) / "raw_class.skops")
    assert "skops" not in sys.modules


def tampered(path: Path, change) -> bytes:
    """The file with its tree changed as text, every checksum right."""
    out = path.with_name("tampered.skops")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, change(data.decode()).encode() if name == "schema.json" else data)
    return out


RUNS_CODE = '{"__class__":"Popen","__module__":"subprocess","__loader__":"%s","content":{"__loader__":"DictNode","content":{}}}'
CHANGES = {
    "another class": (lambda text: text.replace('"__class__":"Noise"', '"__class__":"Popen"', 1), "'Popen' .*never loaded"),
    "code": (lambda text: text.replace('"content":"false"', '"content":' + RUNS_CODE % "ObjectNode", 1), "never loaded"),
    "code by reduce": (lambda text: text[:-1] + ',"x":' + RUNS_CODE % "ConstructorFromReduceNode" + "}", "model"),
    "nested text": (lambda text: text.replace('"content":"false"', '"content":"[[[]]]"', 1), "never loaded"),
    "deep": (lambda text: '{"__loader__":"ListNode","__class__":"list","content":[' * 60 + text + "]}" * 60, "more than 50 deep"),
    "deeper than a stack": (lambda text: "[" * 200_000, "schema.json is no JSON of a model"),
    "an array less": (lambda text: text.replace('"file":"1.npy"', '"file":"0.npy"'), "arrays, of which its tree names"),
    "no array": (lambda text: text.replace('"file":"1.npy"', '"file":"99.npy"'), "'99.npy' that is not there"),
    "no mapping": (lambda text: "[]", "not a record"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_tampered_old_file_is_refused(place, name):
    change, text = CHANGES[name]
    path = tampered(unpacked(ARCHIVES[1], place) / "regressor.skops", change)
    if name == "code by reduce":  # beside the tree, where nothing looks
        shoal.load(path)
        return
    with pytest.raises(ModelFileError, match=text):
        shoal.load(path)
