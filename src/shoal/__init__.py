"""Shallow neural networks, whole shoals of them."""

import importlib
from typing import Any

__version__ = "0.1.0"  # the one place: pyproject.toml reads it here

# Each public name once, with the module that defines it. `__init__.pyi` is written from this table by
# `python tests/unit/test_public_names.py`. scikit-learn and pandas take a second to import: a name is imported when first used.
_HOMES = {
    "shoal.errors": (
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
        "OtherScaleWarning",
        "OutputError",
        "OutsideWarning",
        "OwnFunctionsError",
        "ShoalError",
        "ShoalWarning",
        "SlowFitWarning",
        "TableError",
        "TableWarning",
        "TooLargeError",
        "UncalibratedWarning",
        "UnseenWarning",
    ),
    "shoal.citation": ("cite",),
    "shoal.estimators.classifier": ("ShoalClassifier",),
    "shoal.table_models.cross_validation": ("cross_validate",),
    "shoal.table_models.fit": ("fit",),
    "shoal.table_models.look": ("look",),
    "shoal.table_models.model": ("TableModel",),
    "shoal.report": ("write_report",),
    "shoal.estimators.regressor": ("ShoalRegressor",),
    "shoal.search.estimator": ("ShoalSearchCV",),
    "shoal.conversion": ("from_fitted",),
    "shoal.export.torch_module": ("to_torch",),
    "shoal.persistence": ("from_json", "load", "save"),
    "shoal.table": ("TablePath",),
    "shoal.textbook.own_functions": ("OwnActivation", "OwnLoss"),
    "shoal.web.show": ("show",),
}
_PACKAGES = ("dask", "textbook")  # sub-packages that `import shoal` is enough for
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted([*_HOME_OF, "__version__", "textbook"])


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return importlib.import_module(f"shoal.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'shoal' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOME_OF[name]), name)
    return value


def __dir__() -> list[str]:
    return __all__
