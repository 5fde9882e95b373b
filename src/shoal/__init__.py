"""Shallow neural networks, whole shoals of them."""

import importlib
from typing import TYPE_CHECKING, Any

from shoal.errors import (
    CheckpointError,
    ClusterError,
    ColumnsError,
    DataError,
    DeviceError,
    DivergedError,
    ExportError,
    InterruptedWarning,
    InvalidParameterError,
    MemberDivergedWarning,
    ModelFileError,
    OutputError,
    OutsideWarning,
    ShoalError,
    ShoalWarning,
    TableError,
    TooLargeError,
    UncalibratedWarning,
)

if TYPE_CHECKING:
    from shoal import textbook
    from shoal.estimators.classifier import ShoalClassifier
    from shoal.estimators.from_json import from_json
    from shoal.estimators.raw import fit
    from shoal.estimators.regressor import ShoalRegressor
    from shoal.estimators.search import ShoalSearchCV
    from shoal.estimators.taken_over import from_fitted
    from shoal.export.torch_module import to_torch
    from shoal.model_file import load, save

# scikit-learn and pandas take a second to import: `shoal --help` and `import shoal.textbook` do without.
_HOMES = {
    "ShoalClassifier": "shoal.estimators.classifier",
    "ShoalRegressor": "shoal.estimators.regressor",
    "ShoalSearchCV": "shoal.estimators.search",
    "fit": "shoal.estimators.raw",
    "from_fitted": "shoal.estimators.taken_over",
    "from_json": "shoal.estimators.from_json",
    "load": "shoal.model_file",
    "save": "shoal.model_file",
    "to_torch": "shoal.export.torch_module",
}
_ROOMS = ("textbook", "beyond")  # sub-packages that `import shoal` is enough for

__all__ = [
    "CheckpointError",
    "ClusterError",
    "ColumnsError",
    "DataError",
    "DeviceError",
    "DivergedError",
    "ExportError",
    "InterruptedWarning",
    "InvalidParameterError",
    "MemberDivergedWarning",
    "ModelFileError",
    "OutputError",
    "OutsideWarning",
    "ShoalClassifier",
    "ShoalError",
    "ShoalRegressor",
    "ShoalSearchCV",
    "ShoalWarning",
    "TableError",
    "TooLargeError",
    "UncalibratedWarning",
    "fit",
    "from_fitted",
    "from_json",
    "load",
    "save",
    "textbook",
    "to_torch",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"shoal.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'shoal' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
