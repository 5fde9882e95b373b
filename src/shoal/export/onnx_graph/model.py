"""The whole graph: inputs by the user's own names, preparation, network, outputs."""

import json
from typing import Any, Literal

import numpy as np

from shoal.errors import ExportError
from shoal.export.onnx_graph.foreign import write_steps
from shoal.export.onnx_graph.network import logits, output_unit
from shoal.export.onnx_graph.nodes import Graph, needed
from shoal.export.onnx_graph.preparation import prepare
from shoal.export.portable import Portable
from shoal.table.columns import unused

Precision = Literal["double", "float"]
OPSET, OPSET_ML, IR_VERSION = 17, 3, 8  # of 2022: old runtimes read them too
OUTPUTS = ("label", "probabilities", "prediction")


def model_onnx(model: Portable, precision: Precision = "float") -> Any:
    """The model as an ONNX `ModelProto`, checked for form.

    Parameters
    ----------
    model : Portable
    precision : {"float", "double"}, of the hidden layer and the answers; scaling, ramps and the output unit are always in double

    Returns
    -------
    ModelProto. Inputs: for a model of `shoal.fit` one `(m, 1)` a column, by its own name (double for numbers, booleans as 0
    and 1, and dates in seconds since 1970; NaN where empty; strings for categories, "" where empty); for a bare estimator `X
    (m, n)` in double. Outputs: `label` and `probabilities`, or `prediction`.

    Raises
    ------
    ExportError
        Without the extra's packages, or for an unknown precision.
    """
    if precision not in ("float", "double"):
        raise ExportError(f"The precision is {precision!r}; ONNX is written in 'float' or 'double'.")
    onnx = needed("onnx")
    dtype = np.float32 if precision == "float" else np.float64
    names = ["X"] if model.is_bare else [field.name for field in model.fields]
    graph = Graph({*names, *(unused(name, names) for name in OUTPUTS)})
    inputs = [declared(onnx, model, j, name) for j, name in enumerate(names)]
    x = "X" if model.is_bare else prepare(graph, model, names)
    if model.before is not None:
        x = write_steps(graph, model.before.steps, x, OPSET)
    n_z = model.network.g2.unit.n_targets(int(model.network.merged.W2.shape[0]))
    answer = output_unit(graph, model, logits(graph, model.network, x, dtype, n_z))
    if model.is_bare:
        answer = nan_where_input_is(graph, x, answer)
    outputs = written(graph, onnx, model, answer, dtype)
    used = {"": OPSET} | ({"ai.onnx.ml": OPSET_ML} if any(node.domain for node in graph.nodes) else {})
    whole = onnx.helper.make_model(
        onnx.helper.make_graph(graph.nodes, "shoal", inputs, outputs, graph.constants),
        opset_imports=[onnx.helper.make_opsetid(domain, version) for domain, version in used.items()],
        ir_version=IR_VERSION,
        producer_name="shoal",
    )
    onnx.helper.set_model_props(whole, facts(model))
    onnx.checker.check_model(whole, full_check=True)
    return whole


def declared(onnx: Any, model: Portable, j: int, name: str) -> Any:
    """An input's name, type and shape."""
    kind, shape = onnx.TensorProto.DOUBLE, ["rows", len(model.fields) if model.is_bare else 1]
    if not model.is_bare and model.fields[j].kind == "category":
        kind = onnx.TensorProto.STRING
    return onnx.helper.make_tensor_value_info(name, kind, shape)


def nan_where_input_is(graph: Graph, x: str, answer: str) -> str:
    """Rows that hold a NaN have no answer, whatever the runtime's functions make of NaN."""
    number_of = graph("ReduceMax", graph.cast(graph("IsNaN", x), np.float64), axes=[1], keepdims=1)
    return graph("Where", graph("Greater", number_of, np.array(0.5)), np.array(np.nan), answer)


def written(graph: Graph, onnx: Any, model: Portable, answer: str, dtype: Any) -> list[Any]:
    """The outputs' names (numbered where a column is called so), types and shapes."""
    columns = ["X"] if model.is_bare else [field.name for field in model.fields]
    label, probabilities, prediction = (unused(name, columns) for name in OUTPUTS)
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    n = len(model.output_names)
    name = probabilities if model.is_classifier else prediction
    graph("Cast", answer, into=name, to=int(kind))
    numbers = onnx.helper.make_tensor_value_info(name, kind, ["rows", n])
    if not model.is_classifier:
        return [numbers]
    if model.multilabel:
        above = graph("Greater", answer, np.array(0.5))
        graph("Cast", above, into=label, to=int(onnx.TensorProto.INT64))
        return [onnx.helper.make_tensor_value_info(label, onnx.TensorProto.INT64, ["rows", n]), numbers]
    labels = label_table(model.classes[0])
    graph("Gather", labels, graph("ArgMax", answer, axis=1, keepdims=0), into=label, axis=0)
    kind = onnx.TensorProto.STRING if labels.dtype.kind == "O" else onnx.helper.np_dtype_to_tensor_dtype(labels.dtype)
    return [onnx.helper.make_tensor_value_info(label, kind, ["rows"]), numbers]


def label_table(labels: tuple[Any, ...]) -> np.ndarray:
    """Labels as ONNX knows them: integers, booleans, else text."""
    for kind, dtype in ((bool, np.bool_), (int, np.int64), (float, np.float64)):
        if all(type(label) is kind for label in labels):
            return np.array(labels, dtype)
    return np.array([str(label) for label in labels], object)


def facts(model: Portable) -> dict[str, str]:
    """What a reader may want to know, as JSON texts beside the graph."""
    said: dict[str, Any] = {"targets": list(model.targets), "classes": [list(labels) for labels in model.classes]}
    said["columns"] = [{"name": field.name, "kind": field.kind, "levels": list(field.levels)} for field in model.fields]
    return {key: json.dumps(value) for key, value in said.items()}
