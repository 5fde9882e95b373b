"""The steps of `shoal.table.preparation` as ONNX nodes: medians and indicators, levels, parts of dates.

Encoding, the two layers and the output unit as ONNX nodes, in the textbook's formulas.

The whole graph: inputs by the user's own names, preparation, network, outputs.
"""

import json
from collections.abc import Callable, Sequence
from itertools import groupby, pairwise
from typing import Any, Literal

import numpy as np

from shoal.errors import ExportError
from shoal.export.onnx_graph.nodes import Graph, onnx_extra
from shoal.export.onnx_graph.sklearn_steps import write_steps
from shoal.export.portable import Portable
from shoal.export.trace import Traced, traced
from shoal.network import Network
from shoal.table import Feature, Field
from shoal.table.cells import numbers_alike
from shoal.table.columns import unused
from shoal.table.dates import A_DAY, A_WEEK, TURN
from shoal.textbook.activations import ACTIVATIONS

SECONDS_A_DAY = 86_400.0


def prepare(graph: Graph, model: Portable, inputs: Sequence[str]) -> str:
    """From the cells, one input `(m, 1)` a field, to the prepared columns `(m, n)` in double."""
    dates = {j: date_parts(graph, inputs[j]) for j, field in enumerate(model.fields) if field.kind == "date"}
    dates |= {j: cycles(graph, parts) for j, parts in dates.items() if set(model.fields[j].parts) - set(parts)}
    blocks = []
    for (kind, j), run in groupby(model.features, key=lambda feature: block_of(model, feature)):
        features = list(run)
        if kind == "level":
            blocks.append(levels(graph, model.fields[j], inputs[j]))
            continue
        cells = [dates[f.field]["days" if f.part == "missing" else f.part] if f.field in dates else inputs[f.field] for f in features]
        wide = cells[0] if len(cells) == 1 else graph("Concat", *cells, axis=1)
        missing = graph("IsNaN", wide)
        if kind == "missing":
            blocks.append(graph.cast(missing, np.float64))
        else:
            blocks.append(graph("Where", missing, np.array([[f.fill for f in features]]), wide))
    return blocks[0] if len(blocks) == 1 else graph("Concat", *blocks, axis=1)


def block_of(model: Portable, feature: Feature) -> tuple[str, int]:
    """Adjacent features of one kind are computed at once; the levels of each category are a block of their own."""
    if feature.part in ("level", "target mean"):
        return "level", feature.field
    return ("missing" if feature.part == "missing" else "value"), -1


def levels(graph: Graph, field: Field, cell: str) -> str:
    """0 and 1 for every level: a text's index is looked up, and compared with each column's; it finds target means in their table."""
    rest, empty = len(field.levels), field.missing
    texts = {text: place for place, text in enumerate(field.levels)}
    texts |= {number: texts[level] for number, level in numbers_alike(field.levels).items()}  # "5" of the level "05"
    texts |= {variant.text: texts[variant.level] for variant in field.variants}
    texts.setdefault("", empty)
    place = graph(
        "LabelEncoder",
        cell,
        domain="ai.onnx.ml",
        keys_strings=[text.encode("utf-8", "surrogatepass") for text in texts],
        values_int64s=list(texts.values()),
        default_int64=rest,
    )
    blocks = [graph.cast(graph("Equal", place, np.array(field.own, np.int64)[None, :]), np.float64)] if field.own else []
    if field.means is not None:
        blocks.append(graph("Gather", field.means.table(), graph("Squeeze", place, np.array([1])), axis=0))
    return blocks[0] if len(blocks) == 1 else graph("Concat", *blocks, axis=1)


def date_parts(graph: Graph, seconds: str) -> dict[str, str]:
    """Days, day of year, weekday and hour from seconds since 1970, by the Gregorian calendar in cycles of 400 years from March."""

    def number(value: float) -> np.ndarray:
        return np.array(value)

    def floored(value: str, by: float) -> str:
        return graph("Floor", graph("Div", value, number(by)))

    def rest(value: str, by: float) -> str:
        return graph("Sub", value, graph("Mul", floored(value, by), number(by)))

    days = graph("Div", seconds, number(SECONDS_A_DAY))
    midnight = graph("Floor", days)
    day = rest(graph("Add", midnight, number(719468.0)), 146097.0)
    leaps = graph("Sub", graph("Sub", floored(day, 1460.0), floored(day, 36524.0)), graph("Neg", floored(day, 146096.0)))
    year = floored(graph("Sub", day, leaps), 365.0)
    year_start = graph("Sub", graph("Add", graph("Mul", year, number(365.0)), floored(year, 4.0)), floored(year, 100.0))
    since_march = graph("Sub", day, year_start)
    by_4, by_100 = (graph("Equal", rest(year, by), number(0.0)) for by in (4.0, 100.0))
    leap = graph("And", by_4, graph("Or", graph("Not", by_100), graph("Equal", year, number(0.0))))
    late = graph("Add", graph("Add", since_march, number(60.0)), graph.cast(leap, np.float64))
    early = graph("Sub", since_march, number(305.0))
    is_early = graph("Not", graph("Less", since_march, number(306.0)))
    return {
        "days": days,
        "day of year": graph("Where", is_early, early, graph("Where", graph("IsNaN", days), days, late)),
        "weekday": rest(graph("Add", midnight, number(3.0)), 7.0),
        "hour": floored(rest(seconds, SECONDS_A_DAY), 3600.0),
    }


def cycles(graph: Graph, parts: dict[str, str]) -> dict[str, str]:
    """The parts of a date with the sine and cosine of its weekday and its second of the day, folded as `table.dates.wave` folds them."""
    rest = graph("Sub", parts["days"], graph("Floor", parts["days"]))
    second = graph("Floor", graph("Add", graph("Mul", rest, np.array(A_DAY)), np.array(0.5)))
    waves = {}
    for name, place, period in (("weekday", parts["weekday"], A_WEEK), ("time", second, A_DAY)):
        is_early = graph("Not", graph("Greater", graph("Mul", place, np.array(2.0)), np.array(period)))
        folded = graph("Where", is_early, place, graph("Sub", np.array(period), place))
        other = graph("Sub", np.array(period / 2), folded)
        angle = graph("Mul", graph("Where", graph("Less", folded, other), folded, other), np.array(TURN / period))
        sign = graph("Where", is_early, np.array(1.0), np.array(-1.0))
        waves[f"{name} sine"] = graph("Mul", sign, graph("Sin", angle))
        waves[f"{name} cosine"] = graph("Cos", graph("Mul", folded, np.array(TURN / period)))
    return parts | waves


MOST_SINGLE = 1e36  # z-scores in float are held within: beyond, sums of float would not be finite


def encoded(graph: Graph, network: Network, x: str) -> str:
    """z-scores and ramps of the prepared columns within their limits, computed in double."""
    encoding = network.encoding
    if encoding.limits is not None:
        lower, upper = encoding.limits[:, None, :].astype(np.float64)
        x = graph("Where", graph("Less", x, lower), lower, x)
        x = graph("Where", graph("Greater", x, upper), upper, x)
    z = graph("Div", graph("Sub", x, encoding.center[None, :].astype(np.float64)), encoding.scale[None, :].astype(np.float64))
    if not encoding.n_ramps:
        return z
    ramps = [(j, a, b) for j, edges in enumerate(encoding.edges) for a, b in pairwise(edges)]
    columns, left, right = (np.array(values) for values in zip(*ramps, strict=True))
    at_ramp = graph("Div", graph("Sub", graph("Gather", x, columns.astype(np.int64), axis=1), left[None, :]), (right - left)[None, :])
    inside = graph("Clip", at_ramp, np.array(0.0), np.array(1.0))
    centred = graph("Sub", inside, encoding.ramp_center[None, :].astype(np.float64))
    return graph("Concat", z, graph("Mul", centred, np.array(float(encoding.ramp_scale))), axis=1)


def logits(graph: Graph, network: Network, x: str, dtype: Any, n_z: int) -> str:
    """Z2 `(m, n_z)` in double; the hidden layer, which has nearly all the weights, computes in `dtype`."""
    p = network.merged
    A0 = exact = encoded(graph, network, x)
    if dtype == np.float32:
        A0 = graph.cast(graph("Clip", A0, np.array(-MOST_SINGLE), np.array(MOST_SINGLE)), np.float32)
    Z1 = graph("Add", graph("MatMul", A0, p.W1.T.astype(dtype)), p.b1.T.astype(dtype))
    A1 = formula_nodes(graph, ACTIVATIONS[network.activation].g, Z1, dtype)
    A1 = graph.cast(A1, np.float64) if dtype == np.float32 else A1
    Z2 = graph("Add", graph("MatMul", A1, p.W2[:n_z].T.astype(np.float64)), p.b2[:n_z].T.astype(np.float64))
    return Z2 if p.W3 is None else graph("Add", Z2, graph("MatMul", exact, p.W3[:n_z].T.astype(np.float64)))


NODES = {
    "+": "Add",
    "-": "Sub",
    "*": "Mul",
    "/": "Div",
    "<": "Less",
    "<=": "LessOrEqual",
    ">": "Greater",
    ">=": "GreaterOrEqual",
    "==": "Equal",
    "neg": "Neg",
    "where": "Where",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "abs": "Abs",
    "tanh": "Tanh",
}


def formula_nodes(graph: Graph, function: Callable[[Any], Any], Z: str, dtype: Any) -> str:
    """A function of one number of the textbook, for every element of Z."""
    known: dict[Any, str | np.ndarray] = {}
    one = np.array(1, dtype)

    def written(part: Traced) -> str | np.ndarray:
        if part.key not in known:
            known[part.key] = node(part)
        return known[part.key]

    def node(part: Traced) -> str | np.ndarray:
        if part.kind == "z":
            return Z
        if part.kind == "constant":
            return np.array(part.value, dtype)
        given = [written(inner) for inner in part.given]
        if part.kind == "expm1":  # ONNX has no node of its own for these two
            return graph("Sub", graph("Exp", *given), one)
        if part.kind == "log1p":
            return graph("Log", graph("Add", *given, one))
        return graph(NODES[part.kind], *given)

    content = written(traced(function))
    return content if isinstance(content, str) else graph("Expand", content, graph("Shape", Z))


def output_unit(graph: Graph, model: Portable, Z2: str) -> str:
    """The probability of every class, or the expected values in the targets' own units, in double."""
    network, unit = model.network, model.network.g2.unit
    if unit.decides == "largest":
        return graph("Softmax", Z2, axis=1)
    A2 = formula_nodes(graph, unit.of_one, Z2, np.float64)
    if unit.decides == "side":
        return A2 if model.multilabel else graph("Concat", graph("Sub", np.array(1.0), A2), A2, axis=1)
    if network.target is None:
        return A2
    scaled = graph("Mul", A2, network.target.scale[None, :].astype(np.float64))
    return graph("Add", scaled, network.target.center[None, :].astype(np.float64))


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

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.export import portable
    >>> from shoal.export.onnx_graph import check_onnx, model_onnx
    >>> proto = model_onnx(portable(model))
    >>> check_onnx(proto, portable(model), "float") < 1e-5
    True
    """
    if precision not in ("float", "double"):
        raise ExportError(f"The precision is {precision!r}; ONNX is written in 'float' or 'double'.")
    with onnx_extra():
        import onnx
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
        above = graph("Greater", answer, model.network.limits)
        graph("Cast", above, into=label, to=int(onnx.TensorProto.INT64))
        return [onnx.helper.make_tensor_value_info(label, onnx.TensorProto.INT64, ["rows", n]), numbers]
    labels = label_table(model.classes[0])
    graph("Gather", labels, place_of_class(graph, model, answer), into=label, axis=0)
    kind = onnx.TensorProto.STRING if labels.dtype.kind == "O" else onnx.helper.np_dtype_to_tensor_dtype(labels.dtype)
    return [onnx.helper.make_tensor_value_info(label, kind, ["rows"]), numbers]


def place_of_class(graph: Graph, model: Portable, answer: str) -> str:
    """The place of each row's class: the most likely, or of two the second where its probability is above the threshold."""
    if not model.network.thresholds:
        return graph("ArgMax", answer, axis=1, keepdims=0)
    second = graph("Squeeze", graph("Gather", answer, np.array([1]), axis=1), np.array([1]))
    return graph.cast(graph("Greater", second, model.network.limits), np.int64)


def label_table(labels: tuple[Any, ...]) -> np.ndarray:
    """Labels as ONNX knows them: integers, booleans, else text."""
    for kind, dtype in ((bool, np.bool_), (int, np.int64), (float, np.float64)):
        if all(type(label) is kind for label in labels):
            return np.array(labels, dtype)
    return np.array([str(label) for label in labels], object)


def facts(model: Portable) -> dict[str, str]:
    """What a reader may want to know, as JSON texts beside the graph."""
    content: dict[str, Any] = {"targets": list(model.targets), "classes": [list(labels) for labels in model.classes]}
    content["columns"] = [{"name": field.name, "kind": field.kind, "levels": list(field.levels)} for field in model.fields]
    if model.network.thresholds:
        content["thresholds"] = list(model.network.thresholds)
    return {key: json.dumps(value) for key, value in content.items()}
