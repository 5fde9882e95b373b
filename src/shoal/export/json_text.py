"""A model as JSON: the network's numbers (`weights`), what its columns are made of, and what is predicted.

docs/export.md holds the schema. `shoal.from_json` reads it back into a model that predicts bit for bit the same.
"""

import math
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np

from shoal.export.portable import Portable
from shoal.export.weights import laid_out, weights
from shoal.table import Feature, Field


def model_json(model: Portable) -> str:
    """The whole model as text, one row of a matrix a line."""
    said = {**weights(model.network), **meaning(model)}
    return "{\n" + ",\n".join(f'  "{name}": {laid_out(value)}' for name, value in said.items()) + "\n}\n"


def meaning(model: Portable) -> dict[str, Any]:
    """What stands beside the weights."""
    network = model.network
    return {
        "settings": {"delta": float(network.delta), "q": float(network.q)},
        "task": "classification" if model.is_classifier else "regression",
        "targets": list(model.targets),
        "labels": [list(labels) for labels in model.classes],
        "multilabel": model.multilabel,
        "one_column": model.one_column,
        "preparation": None if model.is_bare else preparation(model),
        "facts": finite(asdict(model.facts)) if is_dataclass(model.facts) and not isinstance(model.facts, type) else None,
    }


def preparation(model: Portable) -> dict[str, Any]:
    """The columns as training saw them, and how each prepared column is made of a field."""
    typed = model.prepare.steps[0][1]
    return {
        "columns": [finite(asdict(column)) for column in typed.columns],
        "allowed_extra": list(typed.allowed_extra),
        "fields": [field_of(field) for field in model.fields],
        "features": [feature_of(feature) for feature in model.features],
    }


def field_of(field: Field) -> dict[str, Any]:
    levels = {"levels": list(field.levels), "has_other": field.has_other} if field.kind == "category" else {}
    return {"name": field.name, "kind": field.kind, **levels}


def feature_of(feature: Feature) -> dict[str, Any]:
    more: dict[str, Any] = {"level": feature.level} if feature.part == "level" else {}
    if feature.part not in ("level", "missing"):
        more = {"fill": feature.fill}
    return {"name": feature.name, "field": feature.field, "part": feature.part, **more}


def finite(value: Any) -> Any:
    """Plain lists and numbers; null for a number that is none."""
    if isinstance(value, dict):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
