"""Encoding, the two layers and the output unit as ONNX nodes, in the textbook's formulas."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from shoal.export.onnx_graph.nodes import Graph
from shoal.export.portable import Portable
from shoal.export.trace import Traced, traced
from shoal.network import Network
from shoal.textbook.activations import ACTIVATIONS

MOST_SINGLE = 1e36  # z-scores in float are held within: beyond, sums of float would not be finite


def encoded(graph: Graph, network: Network, x: str) -> str:
    """z-scores and ramps of the prepared columns, computed in double."""
    encoding = network.encoding
    z = graph("Div", graph("Sub", x, encoding.center[None, :].astype(np.float64)), encoding.scale[None, :].astype(np.float64))
    if not encoding.n_ramps:
        return z
    ramps = [(j, a, b) for j, edges in enumerate(encoding.edges) for a, b in pairwise(edges)]
    columns, left, right = (np.array(values) for values in zip(*ramps, strict=True))
    bent = graph("Div", graph("Sub", graph("Gather", x, columns.astype(np.int64), axis=1), left[None, :]), (right - left)[None, :])
    inside = graph("Clip", bent, np.array(0.0), np.array(1.0))
    centred = graph("Sub", inside, encoding.ramp_center[None, :].astype(np.float64))
    return graph("Concat", z, graph("Mul", centred, np.array(float(encoding.ramp_scale))), axis=1)


def logits(graph: Graph, network: Network, x: str, dtype: Any, n_z: int) -> str:
    """Z2 `(m, n_z)` in double; the hidden layer, which has nearly all the weights, computes in `dtype`."""
    W1, b1, W2, b2 = network.merged
    A0 = encoded(graph, network, x)
    if dtype == np.float32:
        A0 = graph.cast(graph("Clip", A0, np.array(-MOST_SINGLE), np.array(MOST_SINGLE)), np.float32)
    Z1 = graph("Add", graph("MatMul", A0, W1.T.astype(dtype)), b1.T.astype(dtype))
    A1 = formula_nodes(graph, ACTIVATIONS[network.activation].g, Z1, dtype)
    A1 = graph.cast(A1, np.float64) if dtype == np.float32 else A1
    return graph("Add", graph("MatMul", A1, W2[:n_z].T.astype(np.float64)), b2[:n_z].T.astype(np.float64))


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

    said = written(traced(function))
    return said if isinstance(said, str) else graph("Expand", said, graph("Shape", Z))


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
