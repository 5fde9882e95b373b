"""Model files: what comes back is what was saved, and nothing is built of what does not fit."""

import copy
import io
import json
import pickle
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from model_kinds import FAST, KINDS, ROWS, answers, fitted, numbers, same_answers, table
from shoal import ShoalClassifier, ShoalRegressor
from shoal.errors import ModelFileError, OutputError
from shoal.files import refuse_unwritable, replacing
from shoal.persistence import load, save
from shoal.persistence.container import packed
from shoal.persistence.migrations import migrated
from shoal.persistence.stored import Stored
from shoal.persistence.storing import stored


@cache
def saved(name: str = "table") -> bytes:
    return packed(stored(fitted(name)))


def changed(manifest=None, members=None, compression=zipfile.ZIP_STORED, name="table") -> bytes:
    """A saved file with its manifest passed through `manifest` and some members replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(name))) as source, zipfile.ZipFile(out, "w", compression) as target:
        contents = {name: source.read(name) for name in source.namelist()}
        if manifest is not None:
            contents["manifest.json"] = json.dumps(manifest(json.loads(contents["manifest.json"]))).encode()
        contents.update(members or {})
        for name, data in contents.items():
            if data is not None:
                target.writestr(name, data)
    return out.getvalue()


# --- what comes back ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_comes_back_bit_for_bit(tmp_path, name):
    model = fitted(name)
    path = save(model, tmp_path / "m.shoal")
    loaded = load(path)
    assert type(loaded) is type(model)
    same_answers(answers(loaded), answers(model))
    assert packed(stored(loaded)) == path.read_bytes() == saved(name)  # the same model, the same bytes
    mine, its = (m[-1] if isinstance(m, Pipeline) else m for m in (model, loaded))
    assert {k for k in vars(mine) if k.endswith("_")} == {k for k in vars(its) if k.endswith("_")}
    assert repr(its.get_params()) == repr({**mine.get_params(), "callbacks": None})
    for attribute in ("loss_curve_", "final_losses_", "validation_scores_", "n_iter_", "t_", "seed_", "solver_", "best_loss_", "coefs_"):
        np.testing.assert_equal(getattr(its, attribute, None), getattr(mine, attribute, None))
    np.testing.assert_equal(its.evidence_, mine.evidence_)
    np.testing.assert_equal(its.network_.history, mine.network_.history)
    if hasattr(mine, "classes_"):
        np.testing.assert_array_equal(its.classes_, mine.classes_, strict=True)
    if hasattr(model, "facts_"):
        assert loaded.facts_ == model.facts_
        assert loaded["prepare"]["typed"].columns == model["prepare"]["typed"].columns
        y = loaded.predict(table()[0])
        assert clone(loaded).fit(table()[0], y).predict(table()[0]).shape == y.shape


def test_the_file_names_no_module_and_can_be_read_without_shoal():
    with zipfile.ZipFile(io.BytesIO(saved())) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert (manifest["format"], manifest["version"], manifest["model"]) == ("shoal model", 1, "classifier")
        for part in (b"shoal.", b"sklearn", b"numpy"):
            assert part not in archive.read("manifest.json")
        for name in archive.namelist()[1:]:
            np.load(io.BytesIO(archive.read(name)), allow_pickle=False)


def test_callbacks_and_random_generators_stay_behind(tmp_path):
    events = []
    estimator = ShoalRegressor(**{**FAST, "random_state": np.random.RandomState(3)}, callbacks=[events.append]).fit(*rows())
    loaded = load(save(estimator, tmp_path / "m.shoal"))
    assert loaded.callbacks is None
    assert loaded.random_state == estimator.seed_
    assert estimator.callbacks == [events.append]  # the model that was saved is as it was
    assert isinstance(estimator.random_state, np.random.RandomState)


def rows():
    return np.random.default_rng(0).normal(size=(ROWS, 3)), numbers()


PARAMETERS = {
    "class_weight": [{True: 1.0, False: 30.0}, "balanced", {False: 1, True: np.int64(2)}],
    "hidden_layer_sizes": [5, (5,), [5], np.array([5])],
    "alpha": [np.float32(0.5), [0.1, 0.2], (0.1, 0.2)],
    "max_time": [np.float64(30.0), 3],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in PARAMETERS.items() for value in values])
def test_parameters_keep_their_values_and_types(tmp_path, name, value):
    X, y = rows()
    loaded = load(save(ShoalClassifier(**{**FAST, name: value}).fit(X, y > 0), tmp_path / "m.shoal"))
    got = getattr(loaded, name)
    np.testing.assert_equal(got, value)
    assert type(got) is type(value.item() if isinstance(value, np.generic) else value)
    if isinstance(value, dict):
        assert [(type(k), v) for k, v in got.items()] == [(type(k), v) for k, v in value.items()]
        np.testing.assert_array_equal(clone(loaded).fit(X, y > 0).predict_proba(X), loaded.predict_proba(X))


LABELS = {
    "text": np.array(["a", "é", "long text"]),
    "objects": np.array(["a", "b", "c"], object),
    "int8": np.array([-1, 0, 5], np.int8),
    "uint64": np.array([0, 1, 2**63], np.uint64),
    "float": np.array([0.0, 1.0, 2.0]),
    "truth": np.array([False, True]),
    "surrogate": np.array(["a", "\udc80b", "c"], object),
}


@pytest.mark.parametrize("kind", LABELS)
def test_class_labels_keep_their_type(tmp_path, kind):
    X, y = rows()
    labels = LABELS[kind][np.digitize(y, [-0.5, 0.5]) % len(LABELS[kind])]
    model = ShoalClassifier(**FAST).fit(X, labels)
    loaded = load(save(model, tmp_path / "m.shoal"))
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X), strict=True)
    assert list(map(type, loaded.classes_.tolist())) == list(map(type, model.classes_.tolist()))


def test_a_string_path_and_a_link(tmp_path):
    (tmp_path / "real.shoal").write_text("old")
    (tmp_path / "link.shoal").symlink_to("real.shoal")
    save(fitted("table"), str(tmp_path / "link.shoal"))
    assert (tmp_path / "link.shoal").is_symlink()
    assert (tmp_path / "real.shoal").read_bytes() == saved()


# --- what is not saved --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "text"),
    [
        (lambda: Ridge(), "Ridge is no model of shoal's"),
        (lambda: 3, "int is no model"),
        (lambda: ShoalRegressor(), "ShoalRegressor is not fitted"),
        (
            lambda: make_pipeline(StandardScaler(), ShoalRegressor(**FAST)).fit(*rows()),
            r"'standardscaler' \(StandardScaler\).*skops or joblib",
        ),
        (lambda: Pipeline([*fitted("table").steps[:1], ("estimator", Ridge())]), "Ridge is no model"),
        (lambda: with_attribute("network_", "shares", np.ones(7)), "'shares' has the shape"),
        (lambda: with_attribute("network_", "shares", np.full(2, 0.7)), "do not add up to 1"),
        (lambda: with_attribute("network_", "noise", "none"), "its parts do not form a model"),
        (lambda: with_attribute("network_", "history", {"loss": np.empty(0)}), "history_learning_rate' is missing"),
        (lambda: copy.copy(fitted("regressor")).set_params(hidden_layer_sizes=object()), "hidden_layer_sizes is a object"),
        (lambda: copy.copy(fitted("regressor")).set_params(n_jobs="x"), "n_jobs is 'x'"),
    ],
)
def test_what_a_model_file_may_not_hold_is_not_written(tmp_path, what, text):
    (tmp_path / "m.shoal").write_text("old")
    with pytest.raises(ModelFileError, match=text):
        save(what(), tmp_path / "m.shoal")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def with_attribute(of: str, name: str, value):
    wrong = copy.copy(fitted("regressor"))
    part = copy.copy(getattr(wrong, of))
    object.__setattr__(part, name, value)
    setattr(wrong, of, part)
    return wrong


# --- what is not loaded -------------------------------------------------------------------------------------------


class Runs:
    """Unpickling it runs code."""

    def __reduce__(self):
        return (open, ("/tmp/shoal-was-fooled", "w"))


def zipped(members, compression=zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def npy(array) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def header(shape: str, kind: str = "'<f8'") -> bytes:
    """An array of 64 bytes whose header says something else."""
    text = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + bytes(64)


def at(path: str, value):
    """A change of one field of the manifest."""

    def change(manifest):
        *before, last = path.split(".")
        inner = manifest
        for name in before:
            inner = inner[int(name) if name.isdigit() else name]
        inner[last] = value
        return manifest

    return change


HOSTILE = {
    "empty": (b"", r"is empty \(0 bytes\)"),
    "text": (b"a,b\n1,2\n", "does not begin as a model file does"),
    "pickle": (pickle.dumps(Runs()), "is a pickle, which could run any code"),
    "other zip": (lambda: zipped({"a.txt": b"hello"}), "a zip without a manifest.json"),
    "no json": (lambda: zipped({"manifest.json": b"{"}), "manifest.json is no JSON"),
    "a name twice": (lambda: changed(members={"manifest.json": with_delta(b'1.0, "delta": 1.0')}), "'delta' stands twice"),
    "a key that cannot be one": (
        lambda: changed(at("estimator.parameters.class_weight", {"mapping": [[{"list": [1]}, 1.0]]})),
        "class_weight' is {'list': .1.}, not what a key can be",
    ),
    "no record": (lambda: zipped({"manifest.json": b"[]"}), "not a record"),
    "deeper than a stack": (lambda: zipped({"manifest.json": b"[" * 200_000}), "is no JSON of a model"),
    "compressed": (lambda: changed(compression=zipfile.ZIP_DEFLATED), "compressed"),
    "another format": (lambda: changed(at("format", "else")), "format is 'else'"),
    "a later version": (lambda: changed(at("version", 2)), "of version 2 .*install a newer shoal"),
    "no version": (lambda: changed(at("version", True)), "version True"),
    "an earlier version": (lambda: changed(at("version", 0)), "no shoal has written"),
    "a field too many": (lambda: changed(at("network.more", 1)), "has 'more', which is none of its fields"),
    "a field less": (lambda: changed(lambda m: {k: v for k, v in m.items() if k != "facts"}), "lacks 'facts'"),
    "NaN": (lambda: changed(at("network.delta", float("nan"))), "NaN, which is no number"),
    "overflowing": (lambda: changed(members={"manifest.json": with_delta(b"1e999")}), "delta is inf"),
    "an array too many": (lambda: changed(members={"more.npy": npy(np.zeros(2))}), "'more', which is none"),
    "a part too many": (lambda: changed(members={"more.txt": b"x"}), "'more.txt', which is none"),
    "an array less": (lambda: changed(members={"scale.npy": None}), "'scale' is missing"),
    "half a part": (lambda: changed(members={"highest.npy": None}), "'highest' is missing"),
    "array of objects": (lambda: changed(members={"scale.npy": npy(np.array([None]))}), "scale.npy' says it is"),
    "array of records": (lambda: changed(members={"scale.npy": npy(np.zeros(2, "i4,i4"))}), "scale.npy' says it is"),
    "a vast array": (lambda: changed(members={"scale.npy": header("(1000000000000,)")}), "scale.npy' says it is"),
    "a negative array": (lambda: changed(members={"scale.npy": header("(-1, -8)")}), "scale.npy' says it is"),
    "an array of nothing": (lambda: changed(members={"scale.npy": header("(10**9, 0)", "'<U0'")}), "does not begin as an array does"),
    "a short array": (lambda: changed(members={"scale.npy": npy(np.zeros(9))[:-1]}), "scale.npy' says it is"),
    "no array": (lambda: changed(members={"scale.npy": b""}), "'scale.npy' does not begin as an array does"),
    "an array's header": (lambda: changed(members={"scale.npy": header("((" * 30)}), "'scale.npy' does not begin as an array does"),
    "counts beyond int64": (lambda: changed(members=counts_that_begin_anew(), name="ramps"), "ramps' edges do not increase"),
    "another type": (lambda: changed(members={"scale.npy": npy(np.zeros(9, "f4"))}), "'scale' is of <f4, not <f8"),
    "truth of 2": (lambda: changed(members={"inputs.npy": npy(np.full(inputs_shape(), 2, np.uint8).view(bool))}), "truth values"),
    "a vast label": (lambda: changed(at("network.classes.type", "<U90000000")), "labels' type"),
    "a label too long": (lambda: changed(at("network.classes.type", "<U1")), "do not fit their type"),
    "a date's format": (lambda: changed(at("preparation.columns.3.date_format", "%Q")), "date_format is '%Q'"),
}


def counts_that_begin_anew() -> dict[str, bytes]:
    """Counts whose sum in int64 is right, for it begins anew past 2⁶³, while each is larger than all edges together."""
    edges = len(stored(fitted("ramps")).arrays["edges"])
    counts = np.array([2**63 - 1, 2**63 - 1, edges + 2])
    return {"edge_counts.npy": npy(counts), "edges.npy": npy(np.linspace(-1, 1, edges))}


def with_delta(text: bytes) -> bytes:
    return json.dumps(stored(fitted("table")).manifest).encode().replace(b'"delta": 1.0', b'"delta": ' + text)


def inputs_shape():
    return stored(fitted("table")).arrays["inputs"].shape


def refused(tmp_path, data, text):
    (tmp_path / "m.shoal").write_bytes(data)
    with pytest.raises(ModelFileError, match=text) as caught:
        load(tmp_path / "m.shoal")
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "m.shoal") in str(caught.value)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_foreign_files_are_refused(tmp_path, name):
    data, text = HOSTILE[name]
    refused(tmp_path, data() if callable(data) else data, text)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_parts_of_one_name_are_refused(tmp_path):
    data = io.BytesIO(saved())
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("scale.npy", archive.read("scale.npy"))
    refused(tmp_path, data.getvalue(), "several parts called 'scale.npy'")


def test_a_file_that_another_process_replaces_meanwhile_is_read_as_it_was_opened(tmp_path, monkeypatch):
    path, opened, smaller = save(fitted("table"), tmp_path / "m.shoal"), Path.open, tmp_path / "smaller"
    smaller.write_bytes(b"x")

    def opened_and_replaced(self, *args, **kwargs):
        file = opened(self, *args, **kwargs)
        smaller.replace(self)
        return file

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", opened_and_replaced)
        loaded = load(path)
    same_answers(answers(loaded), answers(fitted("table")))


def test_overlapping_parts_are_refused(tmp_path):
    data = bytearray(zipped({"manifest.json": b"{}" * 50, "scale.npy": b"x" * 100}))
    entry = data.rfind(b"PK\x01\x02")
    data[entry + 20 : entry + 28] = (10**6).to_bytes(4, "little") * 2  # the directory says that the array is longer than the file
    refused(tmp_path, bytes(data), "parts overlap")


def cut_and_flipped(tmp_path: Path, names, n: int, seed: int) -> None:
    """Every cut file is refused; of flipped bits those in a zip's own dates and marks change nothing, others are refused."""
    rng = np.random.default_rng(seed)
    for name in names:
        whole, expected = saved(name), answers(fitted(name))
        for length in rng.integers(1, len(whole), n):
            refused(tmp_path, whole[:length], "not a whole shoal model|damaged")
        for position, bit in zip(rng.integers(0, len(whole), n), rng.integers(0, 8, n), strict=True):
            data = bytearray(whole)
            data[position] ^= 1 << int(bit)
            (tmp_path / "m.shoal").write_bytes(bytes(data))
            try:
                loaded = load(tmp_path / "m.shoal")
            except ModelFileError:
                continue
            same_answers(answers(loaded), expected)


def test_cut_files_and_flipped_bits(tmp_path):
    cut_and_flipped(tmp_path, ["table", "cv+"], 60, 1)


@pytest.mark.slow
def test_ten_thousand_cuts_and_flipped_bits(tmp_path):
    cut_and_flipped(tmp_path, KINDS, 10_000 // (2 * len(KINDS)) + 1, 2)


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(ModelFileError, match="no model file"):
        load(tmp_path / "none.shoal")
    with pytest.raises(ModelFileError, match="is a folder"):
        load(tmp_path)


def test_an_earlier_version_is_turned_into_the_present_one_step_by_step():
    steps = {
        1: lambda m: Stored({**m.manifest, "version": 2, "a": 1}, m.arrays),
        2: lambda m: Stored({**m.manifest, "version": 3, "b": 2}, m.arrays),
    }
    first = Stored({"format": "shoal model", "version": 1}, {})
    assert migrated(first, steps, 3).manifest == {"format": "shoal model", "version": 3, "a": 1, "b": 2}
    with pytest.raises(ModelFileError, match="install a newer shoal"):
        migrated(Stored({"format": "shoal model", "version": 4}, {}), steps, 3)


# --- where it is written --------------------------------------------------------------------------------------------


def test_what_stood_there_is_untouched_when_writing_fails(tmp_path):
    target = tmp_path / "m.shoal"
    target.write_text("old")

    def half():
        with replacing(target) as out:
            out.write(b"half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        half()
    assert [p.name for p in tmp_path.iterdir()] == ["m.shoal"]
    assert target.read_text() == "old"
    target.chmod(0o640)
    save(fitted("table"), target)
    assert target.stat().st_mode & 0o777 == 0o640
    assert target.read_bytes() == saved()


@pytest.mark.parametrize(
    ("name", "text"),
    [("none/m.shoal", "There is no folder"), (".", "is a folder"), ("file/m.shoal", "There is no folder|could not be written")],
)
def test_places_that_cannot_be_written_to(tmp_path, name, text):
    (tmp_path / "file").write_text("x")
    for write in (lambda: save(fitted("table"), tmp_path / name), lambda: refuse_unwritable(tmp_path / name)):
        with pytest.raises(OutputError, match=text):
            write()
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_full_disk():
    with pytest.raises(OutputError, match="No space left"):
        save(fitted("table"), "/dev/full")


def test_finding_out_beforehand_leaves_nothing(tmp_path):
    (tmp_path / "m.shoal").write_text("old")
    refuse_unwritable(tmp_path / "m.shoal")
    refuse_unwritable(tmp_path / "new.shoal")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("m.shoal", "old")]
