"""Encoding, the two layers and the output unit as ONNX nodes, in the textbook's formulas."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from shoal.export.onnx_graph.nodes import Graph
from shoal.export.portable import Portable
from shoal.network import Network
from shoal.textbook.activations import LEAK
from shoal.textbook.output_units import exp_limits

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
    A1 = ACTIVATIONS[network.activation](graph, Z1, dtype)
    A1 = graph.cast(A1, np.float64) if dtype == np.float32 else A1
    return graph("Add", graph("MatMul", A1, W2[:n_z].T.astype(np.float64)), b2[:n_z].T.astype(np.float64))


def relu(graph: Graph, Z: str, dtype: Any) -> str:
    return graph("Relu", Z)


def tanh(graph: Graph, Z: str, dtype: Any) -> str:
    return graph("Tanh", Z)


def logistic(graph: Graph, Z: str, dtype: Any) -> str:
    """1 / (1 + e⁻ᶻ) for z ≥ 0, eᶻ / (1 + eᶻ) below, from e^−|z| alone."""
    e = graph("Exp", graph("Neg", graph("Abs", Z)))
    below = graph("Less", Z, np.array(0, dtype))
    return graph("Div", graph("Where", below, e, np.array(1, dtype)), graph("Add", e, np.array(1, dtype)))


def leaky_relu(graph: Graph, Z: str, dtype: Any) -> str:
    return graph("Where", graph("Less", Z, np.array(0, dtype)), graph("Mul", Z, np.array(LEAK, dtype)), Z)


def identity(graph: Graph, Z: str, dtype: Any) -> str:
    return Z


def elu(graph: Graph, Z: str, dtype: Any) -> str:
    zero, one = np.array(0, dtype), np.array(1, dtype)
    return graph("Where", graph("Less", Z, zero), graph("Sub", graph("Exp", graph("Min", Z, zero)), one), Z)


def softplus(graph: Graph, Z: str, dtype: Any) -> str:
    """max(0, z) + ln(1 + e^−|z|)"""
    rest = graph("Log", graph("Add", graph("Exp", graph("Neg", graph("Abs", Z))), np.array(1, dtype)))
    return graph("Add", graph("Relu", Z), rest)


def silu(graph: Graph, Z: str, dtype: Any) -> str:
    return graph("Mul", Z, logistic(graph, Z, dtype))


ACTIVATIONS: dict[str, Callable[[Graph, str, Any], str]] = {
    "relu": relu,
    "tanh": tanh,
    "logistic": logistic,
    "leaky_relu": leaky_relu,
    "identity": identity,
    "elu": elu,
    "softplus": softplus,
    "silu": silu,
}


def output_unit(graph: Graph, model: Portable, Z2: str) -> str:
    """The probability of every class, or the expected values in the targets' own units, in double."""
    network = model.network
    if network.g2.unit.decides == "largest":
        return graph("Softmax", Z2, axis=1)
    if network.g2.unit.decides == "side":
        p = logistic(graph, Z2, np.float64)
        return p if model.multilabel else graph("Concat", graph("Sub", np.array(1.0), p), p, axis=1)
    if network.g2.unit.name == "exp":
        limit = np.array(exp_limits(np.zeros(1)))
        inside = graph("Min", Z2, limit)
        Z2 = graph("Mul", graph("Exp", inside), graph("Add", graph("Sub", Z2, inside), np.array(1.0)))
    if network.target is None:
        return Z2
    scaled = graph("Mul", Z2, network.target.scale[None, :].astype(np.float64))
    return graph("Add", scaled, network.target.center[None, :].astype(np.float64))
