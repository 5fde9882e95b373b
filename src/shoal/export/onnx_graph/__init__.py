"""A model as ONNX, preparation included: the cells of a table in, probabilities or predictions out. Needs the extra `shoal[onnx]`."""

from shoal.export.onnx_graph.agreement import check_onnx, feeds, onnx_answers
from shoal.export.onnx_graph.model import model_onnx

__all__ = ["check_onnx", "feeds", "model_onnx", "onnx_answers"]
