"""(E6) C, ONNX, JSON and Python say what predict says: double to 1e-12, float to 1e-5 of the output's range, JSON bit for bit."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import shoal
from export_problems import QUICK, SANITIZED, bare_cases, c_agrees, fitted_table, table
from onnx_or_skip import onnx_graph
from sampling import sampled
from shoal import ShoalClassifier
from shoal.errors import DataError
from shoal.export import c99, model_json, portable, python_text
from shoal.export.equation import model_equation
from shoal.export.sample_rows import answers, extreme_rows, frame_of, matrix_of, sample_rows, spread
from shoal.network import predict
from shoal.table import read
from skips import missing

pytestmark = pytest.mark.filterwarnings("ignore::shoal.UnseenWarning")  # levels that no training row had are meant

DATA = Path(os.environ.get("SHOAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
MANIFEST = DATA / "manifest.json"
SETS = json.loads(MANIFEST.read_text())["datasets"] if MANIFEST.exists() else {}
NAMES = [name for name in SETS if name != "mnist"] or ["no tables here"]  # mnist is pictures, not a table
FAST = [name for name in ("titanic", "seoul_bike", "proben1_flare") if name in NAMES] or NAMES  # categories, dates, three targets
TARGETS = ["survived", "class", "paid", ("paid", "owed"), ("survived", "insured")]
CASES = range(14)


@pytest.fixture(scope="module")
def bare():
    return bare_cases()


def check_every_format(model, folder):
    """Each format's answers to rows like those of training, and to extreme numbers."""
    found = portable(model, "C")
    for precision in ("double", "float"):
        c_agrees(model, folder, precision)
        check_onnx(model, precision)
    check_python(found)
    check_json(model, found, folder)


def check_onnx(model, precision):
    graph, found = onnx_graph(), portable(model, "ONNX", foreign=True)
    proto = graph.model_onnx(found, precision)
    graph.check_onnx(proto, found, precision)  # raises where they differ
    rows = [*sample_rows(found), *extreme_rows(found)]
    labels, said = graph.onnx_answers(proto, found, rows)
    wanted, tolerance = answers(found, rows), {"double": 1e-12, "float": 1e-5}[precision]
    middle = 0.0 if found.is_classifier else found.network.target.center
    rounding = 6e-8 * np.abs(wanted) if precision == "float" else 0.0  # the answer itself is a float
    with np.errstate(invalid="ignore", over="ignore"):  # counts of exp(1e30) are infinite on both sides
        close = np.abs(said - wanted) <= tolerance * (spread(found) + np.abs(wanted - middle)) + rounding
    assert np.all(close | (said == wanted))
    if found.is_classifier and not found.multilabel:
        sure = np.sort(wanted, axis=1)[:, -1] - np.sort(wanted, axis=1)[:, -2] > 1e-4  # elsewhere rounding may decide
        table = np.array([label if type(label) in (int, bool, float) else str(label) for label in found.classes[0]], dtype=object)
        assert list(np.asarray(labels, dtype=object)[sure]) == list(table[wanted.argmax(axis=1)][sure])


def check_python(found):
    space: dict = {}
    exec(compile(python_text(found), "network.py", "exec"), space)
    rows = [*sample_rows(found, 8), *extreme_rows(found)]
    for row, wanted in zip(rows, answers(found, rows), strict=True):
        named = {field.name: cell for field, cell in zip(found.fields, row, strict=True)}
        for field in found.fields:
            if field.kind == "date" and named[field.name] == named[field.name]:
                named[field.name] = str(np.datetime64(int(named[field.name]), "s"))
        said = space["predict"](named if len(named) == len(row) else row)
        np.testing.assert_allclose(list(flat(said)), wanted, rtol=1e-11, atol=1e-12)


def flat(said):
    """The numbers of an answer of the exported Python, in the order of the outputs."""
    if isinstance(said, float):
        yield said
    elif "probabilities" in said:
        yield from said["probabilities"].values()
    else:
        for value in said.values():
            yield value if isinstance(value, float) else list(value["probabilities"].values())[1]


def is_answered(model, found, row):
    """Whether a model predicts a row: exp of a logit of 1e29 is no number, which `predict` refuses."""
    try:
        model.predict(matrix_of(found, [row]) if found.is_bare else frame_of(found, [row]))
    except DataError:
        return False
    return True


def check_json(model, found, folder):
    path = folder / "model.json"
    path.write_text(model_json(found), encoding="utf-8")
    back = shoal.from_json(path)
    rows = [*sample_rows(found), *(row for row in extreme_rows(found) if is_answered(model, found, row))]
    X = matrix_of(found, rows) if found.is_bare else frame_of(found, rows)
    for verb in ("predict", "predict_proba"):
        if hasattr(model, verb):
            np.testing.assert_array_equal(getattr(back, verb)(X), getattr(model, verb)(X))
    assert model_json(portable(back)).split('"networks"')[0] == model_json(found).split('"networks"')[0]
    shoal.save(back, folder / "back.shoal")
    np.testing.assert_array_equal(shoal.load(folder / "back.shoal").predict(X), model.predict(X))


@pytest.mark.parametrize("target", TARGETS)
def test_a_raw_table_in_every_format(target, tmp_path):
    check_every_format(fitted_table(target), tmp_path)


@pytest.mark.parametrize("target", ["class", "paid"])
def test_a_raw_table_with_skip_connections_in_every_format(target, tmp_path):
    check_every_format(fitted_table(target, skip=True), tmp_path)


@pytest.mark.parametrize("kind", ["number", "two", "three"])
def test_target_means_in_every_format(kind, tmp_path):
    rng = np.random.default_rng(0)
    code = rng.integers(0, 50, 4_000)
    frame = pd.DataFrame({"code": [f'{chr(97 + i % 26)}{chr(97 + i // 26)} "x"' for i in code], "size": rng.standard_normal(4_000)})
    number = rng.standard_normal(50)[code] + frame["size"]
    frame.loc[::9, "code"], frame.loc[1::9, "code"] = None, "often"
    frame["y"] = {"number": number, "two": np.where(number > 0, "yes", "no"), "three": np.digitize(number, [-0.5, 0.5]).astype(str)}[kind]
    model = shoal.fit(frame, "y", settings={"n_networks": 2, "hidden_layer_sizes": 4, "max_iter": 3, "random_state": 0})
    means = [feature for feature in portable(model).features if feature.part == "target mean"]
    assert len(means) == (3 if kind == "three" else 1)
    check_every_format(model, tmp_path)
    assert f"{means[0].name}] = {'mean' if kind == 'number' else 'share'} of" in model_equation(portable(model))


@pytest.mark.parametrize("target", ["class", "paid"])
def test_a_raw_table_with_cells_far_from_all_others_in_every_format(target, tmp_path):
    frame = table()[["age", "fare", "port", target]].copy()
    frame.loc[[4, 50], "fare"] = 1e5, -9e4
    model = shoal.fit(frame, target, settings=QUICK)
    assert len(model["estimator"].network_.encoding.limited_inputs) == 1
    check_every_format(model, tmp_path)


@pytest.mark.parametrize("case", sampled([*list(CASES)[::3], 13], CASES))
def test_every_activation_and_output_in_every_format(bare, case, tmp_path):
    check_every_format(bare[case], tmp_path)


def test_the_c_is_clean_under_the_sanitizers(bare, tmp_path):
    for model in (fitted_table("class"), bare[7], bare[8], bare[12]):
        c_agrees(model, tmp_path, "float", *SANITIZED)


def test_a_hundred_networks_are_one_network(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 2))
    model = ShoalClassifier(n_networks=100, hidden_layer_sizes=3, max_iter=1, random_state=0).fit(X, X[:, 0] > 0)
    assert "N_H = 300" in c99(portable(model))["model.c"]
    c_agrees(model, tmp_path, "double")
    proto = onnx_graph().model_onnx(portable(model))
    assert [node.op_type for node in proto.graph.node].count("MatMul") == 2
    assert len(json.loads(model_json(portable(model)))["W1"]) == 300
    check_json(model, portable(model), tmp_path)


@pytest.mark.filterwarnings("ignore::shoal.TableWarning")  # what is true of some shared tables: days in order, repeated rows
@pytest.mark.parametrize("name", FAST)
def test_shared_tables_in_every_format(name, data_folder, tmp_path):
    check_shared(name, data_folder, tmp_path)


@pytest.mark.filterwarnings("ignore::shoal.TableWarning")  # what is true of some shared tables: days in order, repeated rows
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name not in FAST])
def test_every_shared_table_in_every_format(name, data_folder, tmp_path):
    check_shared(name, data_folder, tmp_path)


def check_shared(name, data_folder, folder):
    """The file's own rows too, not only rows made up."""
    if name not in SETS:
        missing("there are no shared tables")
    entry = SETS[name]
    task = "regression" if entry["task"] == "regression" else "classification"
    settings = {"max_iter": 5, "n_networks": 2, "hidden_layer_sizes": 16}
    model = shoal.fit(data_folder / entry["file"], entry["target"], task=task, settings=settings)
    check_every_format(model, folder)
    check_the_files_rows(model, read(data_folder / entry["file"]).head(300))


def check_the_files_rows(model, frame):
    """ONNX, fed with the file's cells as docs/export.md says."""
    graph, found = onnx_graph(), portable(model)
    typed = model["prepare"]["typed"].transform(frame)
    feeds = {}
    for field in found.fields:
        if field.kind == "category":
            feeds[field.name] = typed[field.name].fillna("").to_numpy(object)[:, None]
        elif field.kind == "date":
            feeds[field.name] = typed[f"{field.name}, days"].to_numpy()[:, None] * 86_400
        else:
            feeds[field.name] = typed[field.name].to_numpy(np.float64)[:, None]
    from shoal.export.onnx_graph.agreement import session

    said = np.asarray(session(graph.model_onnx(found, "double")).run(None, feeds)[-1])
    wanted = predict(found.network, model["prepare"].transform(frame))
    wanted = np.hstack([1 - wanted, wanted]) if said.shape[1] > wanted.shape[1] else wanted
    middle = 0.0 if found.is_classifier else found.network.target.center
    assert np.all(np.abs(said - wanted) <= 1e-12 * (spread(found) + np.abs(wanted - middle)))
