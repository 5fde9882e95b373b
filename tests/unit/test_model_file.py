"""Model files: what comes back is what was saved, and nothing else is ever built."""

import copy
import io
import json
import pickle
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from shoal.errors import ModelFileError, OutputError
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.raw import fit
from shoal.estimators.regressor import ShoalRegressor
from shoal.files import refuse_unwritable, replacing
from shoal.model_file import _packed, load, save

FAST = {"n_networks": 2, "hidden_layer_sizes": 3, "max_iter": 3}


def rows(n=120):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 3)), rng.normal(size=n)


def table() -> pd.DataFrame:
    X, y = rows()
    text = np.where(X[:, 0] > 0, "é, ü", "b")
    frame = pd.DataFrame({"a": X[:, 0], "text": text, "ok": X[:, 1] > 0, "y": y})
    frame.loc[::5, "a"] = np.nan
    frame["when"] = pd.date_range("2024-01-01", periods=len(frame))
    return frame.assign(empty=None)


@cache
def model() -> Pipeline:
    return fit(table(), "y", settings=FAST)


@cache
def saved() -> bytes:
    return written(model())


def written(what) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return save(what, Path(folder) / "m.skops").read_bytes()


def changed(schema=None, members=None, compression=zipfile.ZIP_STORED) -> bytes:
    """The saved file with its tree passed through `schema` and some members replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved())) as source, zipfile.ZipFile(out, "w", compression) as target:
        contents = {name: source.read(name) for name in source.namelist()}
        if schema is not None:
            contents["schema.json"] = json.dumps(schema(json.loads(contents["schema.json"]))).encode()
        contents.update(members or {})
        for name, data in contents.items():
            target.writestr(name, data)
    return out.getvalue()


# --- what comes back ----------------------------------------------------------------------------------------------


def test_a_model_of_raw_rows_comes_back_bit_for_bit(tmp_path):
    loaded = load(save(model(), tmp_path / "m.skops"))
    assert type(loaded) is Pipeline
    np.testing.assert_array_equal(loaded.predict(table()), model().predict(table()))
    assert loaded.facts_ == model().facts_
    assert loaded["prepare"]["typed"].columns == model()["prepare"]["typed"].columns


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bare_estimators_come_back_bit_for_bit(tmp_path, dtype):
    X, y = rows(700)
    labels = np.digitize(y, [-0.5, 0.5])
    two = np.column_stack([y > 0, X[:, 0] > 0]).astype(int)
    for estimator, target in (
        (ShoalClassifier(**FAST, dtype=dtype, random_state=0), np.array(["x", "yy", "z"])[labels]),
        (ShoalClassifier(**FAST, dtype=dtype, random_state=0), y > 0),
        (ShoalClassifier(**FAST, dtype=dtype, random_state=0), two),
        (ShoalRegressor(**FAST, dtype=dtype, random_state=0), np.column_stack([y, -y])),
    ):
        estimator.fit(X, target)
        loaded = load(save(estimator, tmp_path / "m.skops"))
        assert type(loaded) is type(estimator)
        ask = "predict_proba" if hasattr(estimator, "predict_proba") else "predict"
        np.testing.assert_array_equal(getattr(loaded, ask)(X), getattr(estimator, ask)(X))
        np.testing.assert_array_equal(loaded.predict(X), estimator.predict(X))
        for mine, its in zip(estimator.network_.population.parameters, loaded.network_.population.parameters, strict=True):
            np.testing.assert_array_equal(mine, its, strict=True)
        assert type(loaded.network_.population.parameters) is type(estimator.network_.population.parameters)


def test_the_same_model_makes_the_same_bytes(tmp_path):
    assert saved() == written(model()) == written(copy.deepcopy(model()))
    (tmp_path / "m.skops").write_bytes(saved())
    assert written(load(tmp_path / "m.skops")) == saved()


def test_callbacks_and_random_generators_stay_behind(tmp_path):
    events = []
    X, y = rows()
    estimator = ShoalRegressor(**FAST, callbacks=[events.append], random_state=np.random.RandomState(3)).fit(X, y)
    loaded = load(save(estimator, tmp_path / "m.skops"))
    assert loaded.callbacks is None
    assert loaded.random_state == estimator.seed_
    assert estimator.callbacks == [events.append]  # the model that was saved is as it was
    assert isinstance(estimator.random_state, np.random.RandomState)
    assert b"RandomState" not in (tmp_path / "m.skops").read_bytes()


def test_a_string_path_and_a_link(tmp_path):
    (tmp_path / "real.skops").write_text("old")
    (tmp_path / "link.skops").symlink_to("real.skops")
    save(model(), str(tmp_path / "link.skops"))
    assert (tmp_path / "link.skops").is_symlink()
    assert (tmp_path / "real.skops").read_bytes() == saved()


# --- what is not saved --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "text"),
    [
        (lambda: Ridge(), "Ridge is no model of shoal's"),
        (lambda: 3, "int is no model"),
        (lambda: ShoalRegressor(), "ShoalRegressor is not fitted"),
        (
            lambda: make_pipeline(StandardScaler(), ShoalRegressor(**FAST)).fit(*rows()),
            "holds 'sklearn.preprocessing._data.StandardScaler'",
        ),
        (lambda: Pipeline([*model().steps[:1], ("estimator", Ridge())]), "Ridge is no model"),
    ],
)
def test_what_a_model_file_may_not_hold_is_not_written(tmp_path, what, text):
    (tmp_path / "m.skops").write_text("old")
    with pytest.raises(ModelFileError, match=text):
        save(what(), tmp_path / "m.skops")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


# --- what is not loaded -------------------------------------------------------------------------------------------


class Runs:
    """Whoever unpickles it runs code."""

    def __reduce__(self):
        return (open, ("/tmp/shoal-was-fooled", "w"))


FOREIGN = {
    "empty": (b"", r"is empty \(0 bytes\)"),
    "text": (b"a,b\n1,2\n", "does not begin as a model file does"),
    "pickle": (pickle.dumps(Runs()), "is a pickle, which could run any code"),
    "other zip": (lambda: zipped({"a.txt": b"hello"}), "KeyError"),
    "no json": (lambda: zipped({"schema.json": b"{"}), "damaged"),
    "not a tree": (lambda: zipped({"schema.json": b"[]"}), "protocol"),
    "a raw skops file": (lambda: skops.io.dumps(model()), "__id__"),
    "scikit-learn's": (lambda: skops.io.dumps(LogisticRegression().fit(*xor())), "LogisticRegression' .*never loaded"),
}


def zipped(members, compression=zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def xor():
    X, y = rows(20)
    return X, y > 0


def refused(tmp_path, data, text):
    (tmp_path / "m.skops").write_bytes(data)
    with pytest.raises(ModelFileError, match=text) as caught:
        load(tmp_path / "m.skops")
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "m.skops") in str(caught.value)


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_files_are_named(tmp_path, name):
    data, text = FOREIGN[name]
    refused(tmp_path, data() if callable(data) else data, text)


def node(loader, module, name, **more):
    return {"__class__": name, "__module__": module, "__loader__": loader, **more}


JSON = node("JsonNode", "builtins", "str", content='"touch /tmp/shoal-was-fooled"', is_json=True)
ARGUMENTS = node("TupleNode", "builtins", "tuple", content=[JSON])
RUNS_CODE = {
    "function": node("FunctionNode", "os", "system"),
    "reduce": node("ConstructorFromReduceNode", "subprocess", "Popen", content=ARGUMENTS),
    "object": node("ObjectNode", "subprocess", "Popen", content=node("DictNode", "builtins", "dict", content={}, key_types=ARGUMENTS)),
    "operator": node("OperatorFuncNode", "operator", "methodcaller", attrs=ARGUMENTS),
    "method": node("MethodNode", "os", "system", content={"func": "system", "obj": JSON}),
    "partial": node("PartialNode", "functools", "partial", content={"func": JSON, "args": ARGUMENTS, "kwds": JSON, "namespace": JSON}),
    "type": node("TypeNode", "os", "system"),
    "tuple of another class": node("TupleNode", "subprocess", "Popen", content=[JSON]),
    "list of another class": node("ListNode", "subprocess", "Popen", content=[JSON]),
    "dict of another class": node("DictNode", "subprocess", "Popen", content={}, key_types=ARGUMENTS),
    "array of another class": node("NdArrayNode", "subprocess", "Popen", type="numpy", file="0.npy"),
    "random state": node("RandomStateNode", "numpy.random", "RandomState", content=JSON),
    "generator": node("RandomGeneratorNode", "numpy.random", "Generator", content={"bit_generator": JSON, "seed_seq": JSON}),
    "reference": node("CachedNode", "builtins", "str", __id__=1),
    "scikit-learn's estimator": node("ObjectNode", "sklearn.linear_model._base", "LinearRegression"),
    "old": node("OldNode", "builtins", "str"),
}


@pytest.mark.parametrize("name", RUNS_CODE)
def test_whatever_could_run_code_is_refused_before_anything_is_built(tmp_path, monkeypatch, name):
    def inside(tree):
        tree["content"]["content"]["verbose"] = RUNS_CODE[name]
        return tree

    monkeypatch.setattr(skops.io, "loads", lambda *a, **k: pytest.fail("skops was asked to build it"))
    refused(tmp_path, changed(inside), r"never loaded|holds .*, not what it must hold")


HOSTILE = {
    "compressed": (lambda: changed(compression=zipfile.ZIP_DEFLATED), "compressed"),
    "an array too many": (lambda: changed(members={"more.npy": b"x"}), "arrays, of which its tree names"),
    "an old protocol": (lambda: changed(lambda tree: {**tree, "protocol": 0}), "protocol"),
    "no class": (lambda: changed(lambda tree: {"protocol": 2, "a": 1}), "never loaded"),
    "a list": (lambda: changed(lambda tree: {**tree, "content": [1]}), "not what it must hold"),
    "deep": (lambda: changed(lambda tree: deep(tree, 60)), "more than 50 deep"),
    "deeper than a stack": (lambda: changed(members={"schema.json": b"[" * 200_000}), "RecursionError"),
    "nested text": (lambda: changed(lambda tree: with_verbose(tree, {**JSON, "content": "[[[]]]"})), "not what it must hold"),
    "array of objects": (lambda: changed(members={"0.npy": npy(np.array([None]))}), "0.npy' says it is"),
    "array of records": (lambda: changed(members={"0.npy": npy(np.zeros(2, "i4,i4"))}), "0.npy' says it is"),
    "a vast array": (lambda: changed(members={"0.npy": vast("(1000000000000,)")}), "0.npy' says it is"),
    "a negative array": (lambda: changed(members={"0.npy": vast("(-1, -8)")}), "0.npy' says it is"),
    "a short array": (lambda: changed(members={"0.npy": npy(np.zeros(9))[:-1]}), "0.npy' says it is"),
    "no array": (lambda: changed(members={"0.npy": b""}), "damaged"),
    "no network": (lambda: _packed(model()["prepare"]), "PreparedTable, not a network"),
}


def npy(array) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def vast(shape: str) -> bytes:
    """An array of 64 bytes whose header says another shape."""
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + bytes(64)


def with_verbose(tree, what):
    tree["content"]["content"]["verbose"] = what
    return tree


def deep(tree, levels):
    inner = JSON
    for _ in range(levels):
        inner = node("ListNode", "builtins", "list", content=[inner])
    return with_verbose(tree, inner)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(tmp_path, name):
    data, text = HOSTILE[name]
    refused(tmp_path, data(), text)


def test_overlapping_parts_are_refused(tmp_path):
    data = bytearray(zipped({"schema.json": b"{}" * 50, "0.npy": b"x" * 100}))
    entry = data.rfind(b"PK\x01\x02")
    data[entry + 20 : entry + 28] = (10**6).to_bytes(4, "little") * 2  # the directory says that the array is longer than the file
    refused(tmp_path, bytes(data), "parts overlap")


def test_a_truncated_file_is_named_wherever_it_ends(tmp_path):
    whole = saved()
    for length in np.linspace(1, len(whole) - 1, 60).astype(int):
        refused(tmp_path, whole[:length], "cut short or damaged|begin as a model file|damaged")


def test_a_flipped_bit_is_named_or_harmless(tmp_path):
    whole, expected = saved(), model().predict(table())
    for position in np.random.default_rng(1).integers(0, len(whole), 60):
        data = bytearray(whole)
        data[position] ^= 1 << int(position % 8)
        (tmp_path / "m.skops").write_bytes(bytes(data))
        try:
            loaded = load(tmp_path / "m.skops")
        except ModelFileError:
            continue
        np.testing.assert_array_equal(loaded.predict(table()), expected)  # a date or a checksum's neighbour in the zip's own headers


def test_parts_that_do_not_fit_each_other_are_refused(tmp_path):
    wrong = copy.copy(model()["estimator"])
    network = copy.copy(wrong.network_)
    object.__setattr__(network, "shares", np.ones(7))
    wrong.network_ = network
    with pytest.raises(ModelFileError, match="do not fit each other"):
        load(save(wrong, tmp_path / "m.skops"))


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(ModelFileError, match="no model file"):
        load(tmp_path / "none.skops")
    with pytest.raises(ModelFileError, match="is a folder"):
        load(tmp_path)


# --- where it is written --------------------------------------------------------------------------------------------


def test_what_stood_there_is_untouched_when_writing_fails(tmp_path):
    target = tmp_path / "m.skops"
    target.write_text("old")

    def half():
        with replacing(target) as out:
            out.write(b"half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        half()
    assert [p.name for p in tmp_path.iterdir()] == ["m.skops"]
    assert target.read_text() == "old"
    target.chmod(0o640)
    save(model(), target)
    assert target.stat().st_mode & 0o777 == 0o640
    assert target.read_bytes() == saved()


@pytest.mark.parametrize(
    ("name", "text"),
    [("none/m.skops", "There is no folder"), (".", "is a folder"), ("file/m.skops", "There is no folder|could not be written")],
)
def test_places_that_cannot_be_written_to(tmp_path, name, text):
    (tmp_path / "file").write_text("x")
    for write in (lambda: save(model(), tmp_path / name), lambda: refuse_unwritable(tmp_path / name)):
        with pytest.raises(OutputError, match=text):
            write()
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_full_disk():
    with pytest.raises(OutputError, match="No space left"):
        save(model(), "/dev/full")


def test_finding_out_beforehand_leaves_nothing(tmp_path):
    (tmp_path / "m.skops").write_text("old")
    refuse_unwritable(tmp_path / "m.skops")
    refuse_unwritable(tmp_path / "new.skops")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("m.skops", "old")]
