"""A network's numbers as JSON: the weights, and the scaling.

Every number is written with as many digits as bring back the same bits. Read in order: keep the limited inputs within their limits,
encode all (`(x − center) / scale`, then the ramps), `Z1 = W1 X + b1`, `A1 = activation(Z1)`, `Z2 = W2 A1 + b2` (and `+ W3 X` where there
is a W3: skip connections), `output(Z2)`, and for regression `· target.scale + target.center`.

A model as JSON: the network's numbers (`weights`), how its columns are computed, and what is predicted.

docs/export.md holds the schema. `shoal.from_json` reads it back into a model that predicts bit for bit the same.
"""

import json
import math
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np

from shoal.encoding import Encoding, encoded_names
from shoal.errors import ExportError
from shoal.export.portable import Portable
from shoal.network import Network
from shoal.table import Feature, Field
from shoal.textbook.own_name import OwnName

FORMAT = "shoal network, version 1"


def weights(network: Network) -> dict[str, Any]:
    """The whole shoal as one network, in plain lists and numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.export import weights
    >>> found = weights(model.network_)
    >>> found["inputs"], len(found["W1"]), found["activation"]
    (['x0'], 3, 'relu')
    """
    encoding, target = network.encoding, network.target
    return {
        "format": FORMAT,
        "inputs": list(network.feature_names),
        "encoded_inputs": encoded_names(encoding, network.feature_names),
        "encoding": {
            "center": numbers(encoding.center),
            "scale": numbers(encoding.scale),
            "ramp_edges": [numbers(edges) for edges in encoding.edges],
            "ramp_center": numbers(encoding.ramp_center),
            "ramp_scale": float(encoding.ramp_scale),
            **limits(encoding),
        },
        **{name: numbers(w) for name, w in network.merged.named().items()},
        "activation": network.activation,
        "output": network.output,
        "target": None if target is None else {"center": numbers(target.center), "scale": numbers(target.scale)},
        "classes": [[plain(label) for label in labels] for labels in network.classes],
        **({"thresholds": list(network.thresholds)} if network.thresholds else {}),
        "networks": network.population.K,
        "dtype": str(network.merged.W1.dtype),
    }


def limits(encoding: Encoding) -> dict[str, Any]:
    """The limited inputs, from 0, and their limits; nothing where there are none."""
    if not encoding.limited_inputs:
        return {}
    return dict(zip(("limited_inputs", "lower_limits", "upper_limits"), map(list, zip(*encoding.limited_inputs, strict=True)), strict=True))


def weights_json(network: Network) -> str:
    """`weights` as text, one row of a matrix per line.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> import json
    >>> from shoal.export import weights, weights_json
    >>> json.loads(weights_json(model.network_)) == weights(model.network_)
    True
    """
    return "{\n" + ",\n".join(f'  "{name}": {laid_out(value)}' for name, value in weights(network).items()) + "\n}\n"


def laid_out(value: Any) -> str:
    """JSON of one value; each row of a matrix is on its own line."""
    if isinstance(value, list) and len(value) > 1 and isinstance(value[0], list):
        return "[\n    " + ",\n    ".join(dumped(row) for row in value) + "\n  ]"
    return dumped(value)


def dumped(value: Any) -> str:
    """A value as JSON text; not-a-number is refused."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def numbers(values: Any) -> Any:
    """Lists of Python floats: float32 is widened, which loses nothing."""
    return np.asarray(values, np.float64).tolist()


def plain(label: Any) -> Any:
    """A class label as Python's own type."""
    return label.item() if isinstance(label, np.generic) else label


def model_json(model: Portable) -> str:
    """The whole model as text, one row of a matrix per line.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> import json
    >>> from shoal.export import model_json, portable
    >>> json.loads(model_json(portable(model)))["task"]
    'regression'
    """
    if isinstance(model.network.output, OwnName):
        raise ExportError(
            f"The own loss {str(model.network.output)!r} is Python functions, which JSON of a whole model cannot hold. ONNX, C, Python and "
            "PyTorch need no loss; shoal.save keeps its name."
        )
    content = {**weights(model.network), **meaning(model)}
    return "{\n" + ",\n".join(f'  "{name}": {laid_out(value)}' for name, value in content.items()) + "\n}\n"


def meaning(model: Portable) -> dict[str, Any]:
    """The fields besides the weights."""
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
    """The columns in training, and how each prepared column is computed from a field."""
    typed = model.prepare.steps[0][1]
    return {
        "columns": [finite(asdict(column)) for column in typed.columns],
        "allowed_extra": list(typed.allowed_extra),
        "extra": typed.extra,
        "fields": [field_of(field) for field in model.fields],
        "features": [feature_of(feature) for feature in model.features],
    }


def field_of(field: Field) -> dict[str, Any]:
    """A column of the raw table as plain data."""
    levels: dict[str, Any] = {"levels": list(field.levels), "has_other": field.has_other} if field.kind == "category" else {}
    levels |= {} if field.means is None else {"means": {name: _listed(value) for name, value in asdict(field.means).items()}}
    levels |= {"variants": {variant.text: variant.level for variant in field.variants}} if field.variants else {}
    mark = {} if field.mark is None else {"mark": field.mark.text}
    return {"name": field.name, "kind": field.kind, **levels, **mark}


def _listed(value: Any) -> Any:
    """Lists for tuples."""
    return [_listed(inner) for inner in value] if isinstance(value, tuple) else value


def feature_of(feature: Feature) -> dict[str, Any]:
    """A prepared input as plain data."""
    more: dict[str, Any] = {"level": feature.level} if feature.part == "level" else {}
    more |= {"output": feature.output} if feature.part == "target mean" else {}
    if feature.part not in ("level", "missing"):
        more |= {"fill": feature.fill}
    return {"name": feature.name, "field": feature.field, "part": feature.part, **more}


def finite(value: Any) -> Any:
    """Plain lists and numbers; null for NaN."""
    if isinstance(value, dict):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
