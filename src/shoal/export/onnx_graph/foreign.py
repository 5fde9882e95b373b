"""Other steps of scikit-learn's before a network: skl2onnx writes them, we the network, and both become one graph."""

import textwrap
from typing import Any

from sklearn.pipeline import Pipeline

from shoal.errors import ExportError
from shoal.export.onnx_graph.nodes import needed

PREPARED = "prepared"


def preparation_onnx(steps: Pipeline, n: int, opset: int) -> Any:
    """The steps as ONNX, from X `(m, n)` in double to "prepared".

    Raises
    ------
    ExportError
        For a step that skl2onnx does not know; the message names it.
    """
    for name, step in steps.steps:
        try:
            converted(Pipeline([(name, step)]), step.n_features_in_, opset)
        except Exception as error:
            first = textwrap.shorten(str(error), 160, placeholder=" …")
            raise ExportError(
                f"The step {name!r} ({type(step).__name__}) cannot be written as ONNX ({first}). "
                "What can: the preparation that shoal.fit builds, scaling, and the steps that skl2onnx lists."
            ) from error
    return needed("onnx.version_converter").convert_version(converted(steps, n, opset), opset)


def converted(steps: Pipeline, n: int, opset: int) -> Any:
    """skl2onnx's own graph."""
    double = needed("skl2onnx.common.data_types").DoubleTensorType
    return needed("skl2onnx").convert_sklearn(
        steps,
        initial_types=[("X", double([None, n]))],
        final_types=[(PREPARED, double([None, None]))],
        target_opset={"": opset, "ai.onnx.ml": 3},
    )


def joined(preparation: Any, network: Any) -> Any:
    """One graph: the preparation's output is the network's X."""
    compose = needed("onnx.compose")
    renamed = compose.add_prefix(preparation, "preparation/", rename_inputs=False, rename_outputs=False)
    for made in (renamed, network):
        made.ir_version = network.ir_version
    whole = compose.merge_models(renamed, network, io_map=[(PREPARED, "X")])
    whole.producer_name = network.producer_name
    return whole
