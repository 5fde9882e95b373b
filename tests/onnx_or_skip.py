"""The ONNX export where its packages are, a skip (in CI a failure) where they are not."""

from typing import Any

from skips import missing


def onnx_graph() -> Any:
    """The package `shoal.export.onnx_graph`, ready for use."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import skl2onnx  # noqa: F401
    except ImportError as error:
        missing(f"{error.name} is not installed: pip install 'shoal[onnx]'")
    from shoal.export import onnx_graph as package

    return package
