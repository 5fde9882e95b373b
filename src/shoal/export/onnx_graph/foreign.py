"""Other steps of scikit-learn's before a network, in the network's own graph.

Those that `sklearn_steps` knows it writes; Pipelines, unions and ColumnTransformers are taken apart here; any other step is left to
skl2onnx, and its nodes are taken in.
"""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

from shoal.errors import ExportError
from shoal.export.onnx_graph.nodes import Graph, needed, session
from shoal.export.onnx_graph.sklearn_steps import beside, taken, writer_of
from shoal.export.steps import columns_of, does_nothing, is_dropped

PREPARED = "prepared"
DOMAINS = ("", "ai.onnx.ml")


def write_steps(graph: Graph, steps: Sequence[tuple[str, Any]], x: str, opset: int) -> str:
    """Fitted steps one after the other, from x `(m, n)` in double to what the last one makes.

    Raises
    ------
    ExportError
        For a step that cannot be written; the message names it and what to do.
    """
    for name, step in steps:
        if not does_nothing(step):
            x = write_step(graph, name, step, x, opset)
    return x


def write_step(graph: Graph, name: str, step: Any, x: str, opset: int) -> str:
    """One fitted step; its parts, where it has any."""
    if isinstance(step, Pipeline):
        return write_steps(graph, step.steps, x, opset)
    if isinstance(step, ColumnTransformer):
        chosen = [(part, of, columns_of(step, columns)) for part, of, columns in step.transformers_ if not is_dropped(of)]
        parts = [write_steps(graph, [(part, of)], taken(graph, x, places), opset) for part, of, places in chosen if places]
        return beside(graph, parts)
    if isinstance(step, FeatureUnion):
        weights = step.transformer_weights or {}
        made = [(part, write_steps(graph, [(part, of)], x, opset)) for part, of in step.transformer_list if not is_dropped(of)]
        return beside(graph, [graph("Mul", y, np.array(float(weights[part]))) if part in weights else y for part, y in made])
    try:
        writer = writer_of(step)
        return taken_in(graph, name, step, x, opset) if writer is None else writer(graph, step, x)
    except Exception as error:
        why = textwrap.shorten(str(error) or type(error).__name__, 200, placeholder=" …")
        raise ExportError(
            f"The step {name!r} ({type(step).__name__}) cannot be written as ONNX ({why}). What can: the preparation that shoal.fit "
            "builds, scaling, imputing, polynomials, categories that are numbers, selection, PCA, ColumnTransformer and most other steps "
            "that skl2onnx lists. Export the network alone (model[-1]), or take this step out."
        ) from error


def taken_in(graph: Graph, name: str, step: Any, x: str, opset: int) -> str:
    """What skl2onnx writes of a step, among our nodes; the runtime must know all of it."""
    made = needed("onnx.version_converter").convert_version(converted(name, step, opset), opset)
    domains = {node.domain for node in made.graph.node} - set(DOMAINS)
    if domains:
        raise ExportError(f"skl2onnx writes it with nodes of {', '.join(sorted(domains))}, which not every runtime knows")
    session(made)  # some nodes are not there in double
    made = needed("onnx.compose").add_prefix(made, f"{graph.name('step')}/")
    (given,), (left,) = made.graph.input, made.graph.output
    graph("Identity", x, into=given.name)
    graph.nodes.extend(made.graph.node)
    graph.constants.extend(made.graph.initializer)
    return str(left.name)


def converted(name: str, step: Any, opset: int) -> Any:
    """skl2onnx's own graph, from X `(m, n)` in double to "prepared"."""
    double = needed("skl2onnx.common.data_types").DoubleTensorType
    return needed("skl2onnx").convert_sklearn(
        Pipeline([(name, step)]),
        initial_types=[("X", double([None, step.n_features_in_]))],
        final_types=[(PREPARED, double([None, None]))],
        target_opset={"": opset, "ai.onnx.ml": 3},
    )
