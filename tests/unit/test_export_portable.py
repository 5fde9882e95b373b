"""What is read of a model, what is refused by name, and what the exported code does with NaN, dates and texts."""

import shutil
import subprocess
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import shoal
from export_problems import c_agrees, compiled, fitted_table, gcc, table
from onnx_or_skip import onnx_graph
from sampling import sampled
from shoal import ExportError, OutputError, ShoalClassifier, ShoalRegressor
from shoal.export import c99, model_latex, portable, python_text, write_folder
from shoal.export.c99.source import DATES
from shoal.export.sample_rows import EXTREMES, answers, matrix_of, sample_rows
from shoal.table import Feature, preparation_of
from skips import missing

QUICK = {"n_networks": 1, "hidden_layer_sizes": 3, "max_iter": 1, "random_state": 0}
rng = np.random.default_rng(0)
X = rng.standard_normal((30, 2))


@pytest.fixture(scope="module")
def found():
    return portable(fitted_table("survived"))


def test_fields_and_prepared_columns_are_the_preparation_s(found):
    kinds = {field.name: field.kind for field in found.fields}
    assert kinds["boarded"] == "date"
    assert kinds == dict.fromkeys(("age", "fare", "year"), "number") | dict.fromkeys(("port", "deck"), "category") | {
        "alone": "boolean",
        "boarded": "date",
    }
    port = next(field for field in found.fields if field.name == "port")
    assert port.levels == ("Cherbourg", "Queenstown", "Southampton", "missing")
    assert not port.has_other
    assert port.missing == 3
    deck = next(field for field in found.fields if field.name == "deck")
    assert (deck.levels, deck.has_other, deck.missing) == (("A", "B", "C", "D"), True, 4)
    age = [feature for feature in found.features if feature.field == 0]
    median = table()["age"].iloc[:0].median()  # the training rows' own, not the whole table's
    assert [feature.part for feature in age] == ["value", "missing"]
    assert age[0].fill == preparation_of(fitted_table("survived")["prepare"]).learned[0].fills[0]
    assert np.isnan(median)
    assert found.network.feature_names == tuple(feature.name for feature in found.features)


def test_prepared_columns_are_what_the_steps_make(found):
    """The exported Python's own preparation, column by column, equal to the model's."""
    space: dict = {}
    exec(python_text(found), space)
    rows = sample_rows(found)
    wanted = matrix_of(found, rows)
    j = [field.name for field in found.fields].index("boarded")
    for row, prepared in zip(rows, wanted, strict=True):
        cells = list(row)
        cells[j] = None if np.isnan(cells[j]) else pd.Timestamp(cells[j], unit="s").to_pydatetime()
        np.testing.assert_allclose(space["prepare"](cells), prepared, rtol=1e-15)
    assert np.isnan(np.array([row[0] for row in rows])).any()  # some cells are empty, else nothing was shown


def test_what_is_no_model_is_refused():
    with pytest.raises(ExportError, match=r"This StandardScaler is no fitted network of shoal's; fit it first"):
        portable(StandardScaler())
    with pytest.raises(ExportError, match=r"ShoalClassifier is no fitted network"):
        portable(ShoalClassifier())


def test_a_step_that_a_format_cannot_express_is_named():
    model = make_pipeline(StandardScaler(), PCA(2), ShoalRegressor(**QUICK)).fit(X, X[:, 0])
    with pytest.raises(ExportError, match=r"The step 'standardscaler' \(StandardScaler\) cannot be written as C.*--to onnx"):
        portable(model, "C")
    graph = onnx_graph()
    for precision in ("float", "double"):
        ready = portable(model, "ONNX", foreign=True)
        assert graph.check_onnx(graph.model_onnx(ready, precision), ready, precision) < 1e-5
    own = Pipeline([("root", FunctionTransformer(np.cbrt)), ("estimator", ShoalRegressor(**QUICK))]).fit(X, X[:, 0])
    with pytest.raises(ExportError, match=r"The step 'root' \(FunctionTransformer\) cannot be written as ONNX \(.*\)\. What can"):
        graph.model_onnx(portable(own, "ONNX", foreign=True))


def test_a_network_too_large_to_read_is_no_latex():
    model = ShoalRegressor(hidden_layer_sizes=64, n_networks=1, max_iter=1, random_state=0).fit(X, X[:, 0])
    with pytest.raises(ExportError, match=r"has \d+ weights; as LaTeX at most 120"):
        model_latex(portable(model))


def test_unknown_precision_is_refused(found):
    with pytest.raises(ExportError, match="'half'"):
        c99(found, "m", "half")
    with pytest.raises(ExportError, match="'half'"):
        onnx_graph().model_onnx(found, "half")


def test_weights_that_no_float_can_hold_are_refused():
    model = portable(ShoalRegressor(**QUICK).fit(X, X[:, 0]))
    population = model.network.population
    huge = replace(population, parameters=replace(population.parameters, W1=population.parameters.W1.astype(float) * 1e300))
    with pytest.raises(ExportError, match="larger than a float can hold"):
        c99(replace(model, network=replace(model.network, population=huge)), "m", "float")


# --- NaN, extremes and dates -----------------------------------------------------------------------------------------

MAIN = """#include "model.h"
#include <math.h>
#include <stdio.h>
int main(void)
{
    model_row row = { { NAN, 1.0 } };
    double out[MODEL_OUTPUTS];
    int k = model_predict(&row, out);
    printf("%d %d %d", k, isnan(out[0]) != 0, isnan(out[MODEL_OUTPUTS - 1]) != 0);
    return 0;
}
"""


SOME = [("relu", 2, "double"), ("tanh", 3, "float"), ("leaky_relu", 3, "double"), ("softplus", 2, "float")]
KINDS = product(["relu", "tanh", "leaky_relu", "softplus"], [2, 3], ["double", "float"])


@pytest.mark.parametrize(("activation", "n_classes", "precision"), sampled(SOME, KINDS))
def test_nan_in_a_bare_networks_row_is_nan_in_every_output(precision, n_classes, activation, tmp_path):
    y = np.arange(30) % n_classes
    found = portable(ShoalClassifier(activation=activation, **QUICK).fit(X, y))
    write_folder(tmp_path, c99(found, "model", precision))
    (tmp_path / "model_test.c").write_text(MAIN)
    assert compiled(tmp_path, "model").stdout == "-1 1 1"
    graph = onnx_graph()
    _, said = graph.onnx_answers(graph.model_onnx(found, precision), found, [(float("nan"), 1.0), (0.0, 1.0)])
    assert np.isnan(said[0]).all()
    assert np.isfinite(said[1]).all()
    space: dict = {}
    exec(python_text(found), space)
    answer = space["predict"]([float("nan"), 1.0])
    assert answer["label"] is None
    assert np.isnan(list(answer["probabilities"].values())).all()


def test_extreme_numbers_have_finite_answers(found):
    rows = [
        tuple(x if field.kind == "number" else cell for field, cell in zip(found.fields, sample_rows(found, 1)[0], strict=True))
        for x in EXTREMES
    ]
    said = answers(found, rows)
    assert np.isfinite(said).all()
    assert set(said[0]) <= {0.0, 1.0}  # at 1e30 a network is sure


DAYS = pd.date_range("1599-12-25", "2405-01-05", freq="49h").tz_localize(None)
DATE_MAIN = """#include <math.h>
#include <stdio.h>
{dates}
int main(void)
{{
    double seconds, part[4];
    while (scanf("%lf", &seconds) == 1) {{
        date_parts(seconds, part);
        printf("%.17g %g %g %g\\n", part[0], part[1], part[2], part[3]);
    }}
    return 0;
}}
"""


def test_dates_in_c_are_those_of_the_calendar(tmp_path):
    """Eight centuries, each 49 hours: leap years of every kind, dates before 1970."""
    (tmp_path / "dates.c").write_text(DATE_MAIN.format(dates=DATES))
    command = [gcc(), "-std=c99", "-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all", "dates.c", "-o", "dates", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    seconds = (DAYS - pd.Timestamp("1970-01-01")) // pd.Timedelta(seconds=1)
    done = subprocess.run([tmp_path / "dates"], input="\n".join(map(str, seconds)), capture_output=True, text=True, check=True)
    said = np.array([line.split() for line in done.stdout.splitlines()], float)
    np.testing.assert_array_equal(said, parts_of(DAYS))
    done = subprocess.run([tmp_path / "dates"], input="nan 1e30 -1e30 inf", capture_output=True, text=True, check=True)
    assert done.stdout.replace("-nan", "nan") == "nan nan nan nan\n" * 4


def parts_of(days):
    since = (days - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
    return np.column_stack([since, days.day_of_year, days.day_of_week, days.hour]).astype(float)


def test_dates_in_onnx_are_those_of_the_calendar():
    graph = onnx_graph()
    import onnx
    import onnxruntime

    from shoal.export.onnx_graph.model import date_parts
    from shoal.export.onnx_graph.nodes import Graph

    nodes = Graph({"seconds", "parts"})
    parts = date_parts(nodes, "seconds")
    nodes("Concat", *parts.values(), into="parts", axis=1)
    kind = onnx.TensorProto.DOUBLE
    ends = [onnx.helper.make_tensor_value_info(name, kind, ["rows", n]) for name, n in (("seconds", 1), ("parts", 4))]
    made = onnx.helper.make_graph(nodes.nodes, "dates", ends[:1], ends[1:], nodes.constants)
    proto = onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    seconds = ((DAYS - pd.Timestamp("1970-01-01")) // pd.Timedelta(seconds=1)).to_numpy(float)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    said = session.run(None, {"seconds": np.append(seconds, np.nan)[:, None]})[0]
    np.testing.assert_array_equal(said[:-1], parts_of(DAYS))
    assert np.isnan(said[-1]).all()
    assert graph is not None


def test_texts_are_looked_up_in_c(tmp_path):
    files = c99(portable(fitted_table("survived")), "m")
    main = """#include "m.h"
#include <stdio.h>
int main(void)
{
    printf("%d", m_deck_of("A") == M_DECK_A && m_deck_of("rare 1") == M_DECK_OTHER && m_deck_of("") == M_DECK_MISSING
           && m_deck_of(NULL) == M_DECK_MISSING && m_port_of("missing") == M_PORT_MISSING && m_port_of("Queenstown") == M_PORT_QUEENSTOWN);
    return 0;
}
"""
    write_folder(tmp_path, files | {"m_test.c": main})
    assert compiled(tmp_path, "m").stdout == "1"


def test_a_bare_estimators_own_names_are_members(tmp_path):
    frame = pd.DataFrame(X, columns=["int", "Länge (cm)"])
    c_agrees(ShoalRegressor(**QUICK).fit(frame, X[:, 0]), tmp_path, "double")
    header = (tmp_path / "model.h").read_text()
    assert "double int_; /* 'int': a number */" in header
    assert "double Lange_cm; /* 'Länge (cm)': a number */" in header


def test_cpp_can_include_the_header(tmp_path):
    compiler = shutil.which("g++")
    if compiler is None:
        missing("there is no g++ to include the header with")
    write_folder(tmp_path, c99(portable(fitted_table("class")), "model"))
    (tmp_path / "main.cpp").write_text(
        '#include "model.h"\nint main() { model_row row{}; double p[MODEL_OUTPUTS]; return model_predict(&row, p) < 0; }\n'
    )
    subprocess.run([gcc(), "-std=c99", "-c", "model.c"], cwd=tmp_path, check=True)
    subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", "-pedantic", "main.cpp", "model.o", "-o", "run"], cwd=tmp_path, check=True)
    subprocess.run([tmp_path / "run"], check=True)


def test_missing_value_without_a_fill_stays_missing():
    assert np.isnan(Feature("x", 0).fill)


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_folder_is_written_whole_or_not_at_all(tmp_path):
    write_folder(tmp_path / "new", {"a.c": "1", "b.c": "2"})
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.c", "b.c"]
    (tmp_path / "new" / "mine.txt").write_text("kept")
    write_folder(tmp_path / "new", {"a.c": "3"})
    assert (tmp_path / "new" / "a.c").read_text() == "3"
    assert (tmp_path / "new" / "mine.txt").read_text() == "kept"
    with pytest.raises(OutputError, match="could not be written"):
        write_folder(tmp_path / "bad", {"a.c": "1", "no/such/folder.c": "2"})
    with pytest.raises(OutputError, match="is a file"):
        write_folder(tmp_path / "new" / "a.c", {"a.c": "1"})
    with pytest.raises(OutputError, match="There is no folder"):
        write_folder(tmp_path / "none" / "there", {"a.c": "1"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new"]


def test_public_names():
    assert shoal.ExportError is ExportError
