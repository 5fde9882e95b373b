"""A graph under construction: nodes and constants under names that no column can have taken."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from shoal.errors import ExportError


@contextmanager
def onnx_extra() -> Iterator[None]:
    """Around imports of the extra's packages: where one is absent, an error says how to get it."""
    try:
        yield
    except ImportError as error:
        raise ExportError(
            f"ONNX needs the package {error.name}: pip install 'shoal[onnx]'. C, JSON, Python and the equation need nothing."
        ) from error


def session(proto: Any) -> Any:
    """An ONNX Runtime session on the processor, one thread."""
    with onnx_extra():
        import onnxruntime as runtime
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return runtime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])


class Graph:
    """Collects nodes; `graph("Add", a, b)` is a node's output, and NumPy arrays among its inputs become constants."""

    def __init__(self, taken: set[str]) -> None:
        with onnx_extra():
            import onnx.helper
            import onnx.numpy_helper
        self.helper: Any = onnx.helper
        self.string = onnx.TensorProto.STRING
        self.numpy_helper: Any = onnx.numpy_helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.taken = set(taken)

    def __call__(self, kind: str, *inputs: str | np.ndarray, domain: str = "", into: str | None = None, **attributes: Any) -> str:
        name = into if into is not None else self.name(kind)
        given = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        self.nodes.append(self.helper.make_node(kind, given, [name], name=f"node {len(self.nodes)}", domain=domain, **attributes))
        return name

    def constant(self, value: np.ndarray) -> str:
        """The name of a constant."""
        name = self.name("constant")
        if value.dtype.kind in "OU":
            texts = [str(text).encode("utf-8", "surrogatepass") for text in value.ravel()]
            tensor = self.helper.make_tensor(name, self.string, value.shape, texts)
        else:
            tensor = self.numpy_helper.from_array(np.ascontiguousarray(value), name)
        self.constants.append(tensor)
        return name

    def name(self, begin: str) -> str:
        """A name that is not taken."""
        number = len(self.taken)
        while (free := f"{begin} {number}") in self.taken:
            number += 1
        self.taken.add(free)
        return free

    def cast(self, value: str, dtype: Any) -> str:
        """The value as another type of numbers."""
        return self("Cast", value, to=int(self.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))))
