"""What a model file holds: one manifest of plain values, and arrays by name."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.errors import ModelFileError
from shoal.textbook.own_name import OwnName


@dataclass(frozen=True)
class Stored:
    """A model as plain data, whatever file it comes from or goes to.

    Attributes
    ----------
    manifest : dict
        What `json` reads and writes: `schema.MANIFEST` has its fields.
    arrays : mapping
        Arrays by name: `schema.ARRAYS` has their types and shapes.
    """

    manifest: dict[str, Any]
    arrays: Mapping[str, NDArray[Any]]


def coded(value: Any, name: str = "a setting") -> Any:
    """A parameter as JSON can hold it, with its type: tuples, mappings with keys that are no texts, numbers that are not finite."""
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or type(value) in (bool, int, str) or isinstance(value, OwnName):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": str(float(value))}
    if isinstance(value, dict):
        return {"mapping": [[coded(key, name), coded(inner, name)] for key, inner in value.items()]}
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "biufUO":
        return {"array": [coded(item, name) for item in value.tolist()]}
    for kind in (tuple, list):
        if isinstance(value, kind):
            return {kind.__name__: [coded(item, name) for item in value]}
    raise ModelFileError(
        f"the parameter {name} is a {type(value).__name__}, which a model file cannot hold; set it to plain numbers, texts, lists or a dict"
    )


def decoded(value: Any) -> Any:
    """What `coded` was given."""
    if not isinstance(value, dict):
        return value
    ((kind, inside),) = value.items()
    if kind == "float":
        return float(inside)
    if kind == "mapping":
        return {decoded(key): decoded(inner) for key, inner in inside}
    items = [decoded(item) for item in inside]
    return tuple(items) if kind == "tuple" else np.array(items) if kind == "array" else items


def labels_of(labels: NDArray[Any]) -> dict[str, Any]:
    """Class labels with their type."""
    return {"type": "object" if labels.dtype.kind == "O" else labels.dtype.str, "labels": [_plain(label) for label in labels.tolist()]}


def _plain(label: Any) -> Any:
    label = label.item() if isinstance(label, np.generic) else label
    for kind in (bool, int, float, str):  # a text of NumPy's own type is a text
        if isinstance(label, kind):
            return kind(label)
    raise ModelFileError(f"the class {label!r} is a {type(label).__name__}; a model file holds texts, truth values and numbers")


def labels_from(stored: Mapping[str, Any]) -> NDArray[Any]:
    """The labels that `labels_of` was given."""
    if stored["type"] != "object":
        return np.array(stored["labels"], np.dtype(stored["type"]))
    labels = np.empty(len(stored["labels"]), object)
    labels[:] = stored["labels"]
    return labels


def numbers_or_none(scores: Mapping[str, float]) -> dict[str, float | None]:
    """Scores, None for what is not finite."""
    return {str(name): float(value) if math.isfinite(value) else None for name, value in scores.items()}


def or_nan(scores: Mapping[str, float | None]) -> dict[str, float]:
    """Scores, NaN where there is none."""
    return {name: math.nan if value is None else value for name, value in scores.items()}
