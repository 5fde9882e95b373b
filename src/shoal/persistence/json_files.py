"""Read the JSON of `shoal export --to json`: the same values as in a model file, through the same checks."""

import os
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from shoal.engine.device import PROCESSOR
from shoal.errors import ModelFileError
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor
from shoal.export.json_text import FORMAT, feature_of
from shoal.files import read_input
from shoal.persistence.building import built
from shoal.persistence.container import parsed_json
from shoal.persistence.schema import FACTS, preparation_from
from shoal.persistence.stored import Stored
from shoal.persistence.storing import gathered
from shoal.table_models.fit import Facts

PARAMETERS = {"huber_delta": "delta", "quantile": "q"}


def from_json(path: str | os.PathLike[str]) -> Pipeline | ShoalClassifier | ShoalRegressor:
    """Read a model that `shoal export --to json` wrote. It predicts bit for bit the same as the exported model.

    Parameters
    ----------
    path : the file

    Returns
    -------
    fitted Pipeline, ShoalClassifier or ShoalRegressor, whose members are one network

    Raises
    ------
    ModelFileError
        For a missing or foreign file, or one whose parts do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> import tempfile
    >>> from pathlib import Path
    >>> from shoal import from_json
    >>> from shoal.export import model_json, portable
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "squares.json"
    ...     n = file.write_text(model_json(portable(model)), encoding="utf-8")
    ...     again = from_json(file)
    >>> bool((again.predict(X) == model.predict(X)).all())
    True
    """
    data = read_input(path, ModelFileError)
    try:
        content = parsed_json(data.decode("utf-8"), "it")
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{path} is no JSON of a model ({str(error)[:80]}).") from error
    except ModelFileError as error:
        raise ModelFileError(f"{path} cannot be used: {error}. Export the model again.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT or "task" not in content:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise ModelFileError(f"{path} is no model: its format is {str(found)[:40]!r}, not {FORMAT!r} of a whole model.")
    try:
        return built(stored_of(content))
    except ModelFileError as error:
        raise ModelFileError(f"{path} cannot be used: {error}. Export the model again.") from error
    except KeyError as lacking:
        raise ModelFileError(f"{path} cannot be used: it lacks {str(lacking)[:60]}. Export the model again.") from lacking
    except Exception as error:  # a malicious file can lack or change any part
        raise ModelFileError(f"{path} cannot be used: it is damaged ({type(error).__name__}: {str(error)[:80]}).") from error


def stored_of(content: Mapping[str, Any]) -> Stored:
    """The contents of the JSON in the form of a model file; unchecked."""
    prepared, coding, target = content["preparation"], content["encoding"], content["target"]
    n, classifies = len(content["inputs"]), bool(content["classes"])
    plain_names = [f"x{j}" for j in range(n)]
    names = content["inputs"] if prepared is None else plain_names
    arrays = {name: _numbers(content[name], name)[None] for name in ("W1", "b1", "W2", "b2", "W3") if name != "W3" or name in content}
    arrays |= {"widths": np.array(arrays["W1"].shape[1:2]), "inputs": np.ones((1, arrays["W1"].shape[-1]), bool), "shares": np.ones(1)}
    arrays |= {name: _numbers(coding[name], name) for name in ("center", "scale", "ramp_center")}
    edges = [_numbers(each, "ramp_edges") for each in coding["ramp_edges"]]
    arrays |= {"edge_counts": np.array([len(each) for each in edges], np.int64), "edges": np.concatenate([np.empty(0), *edges])}
    arrays |= _limits(coding)
    if target is not None:
        arrays |= {f"target_{name}": _numbers(target[name], f"target.{name}") for name in ("center", "scale")}
    arrays |= {"history_loss": np.empty((0, 1)), "history_learning_rate": np.empty((0, 1))}
    network = {
        **{name: content[name] for name in ("activation", "output")},
        **{name: _number(content["settings"][name], name) for name in ("delta", "q")},
        "ramp_scale": _number(coding["ramp_scale"], "ramp_scale"),
        "feature_names": names,
        "classes": _classes(content["classes"]),
        "noise": None,
        "calibration": None,
        "thresholds": content.get("thresholds", []),
    }
    estimator = {
        "parameters": _parameters(network, arrays, classifies),
        "has_names": names != plain_names,
        "multilabel": content["multilabel"] if classifies else None,
        "one_column": None if classifies else content["one_column"],
        "attributes": {
            "seed": 0,
            "n_iter": 0,
            "t": 0,
            "temperature": 1.0,
            "solver": "none",
            "device": PROCESSOR,
        },
    }
    manifest = gathered(
        "classifier" if classifies else "regressor",
        steps=None if prepared is None else ["prepare", "estimator"],
        network=network,
        estimator=estimator,
        preparation=None if prepared is None else _preparation(prepared),
        facts=None if prepared is None or content["facts"] is None else _facts(content["facts"]),
    )
    if (content["task"] == "classification") != classifies:
        raise ModelFileError(f"its task is {str(content['task'])[:40]!r}, and it has {'' if classifies else 'no '}classes")
    return Stored(manifest, arrays)


def _number(value: Any, name: str) -> float:
    if type(value) not in (int, float):
        raise ModelFileError(f"{name} is {str(value)[:40]!r}, not a number")
    return float(value)


def _limits(coding: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The limits of inputs, if there are any."""
    if "limited_inputs" not in coding:
        return {}
    columns = np.array(_whole(coding["limited_inputs"], "limited_inputs"), np.int64)
    return {"limited_inputs": columns} | {name: _numbers(coding[name], name) for name in ("lower_limits", "upper_limits")}


def _whole(values: Any, name: str) -> list[int]:
    """A list of whole numbers; what is none is refused."""
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise ModelFileError(f"{name} holds what is not a whole number")
    return values


def _numbers(values: Any, name: str) -> NDArray[np.float64]:
    """Lists of numbers as an array; texts and truth values are refused."""
    rows = values if isinstance(values, list) and values and isinstance(values[0], list) else [values]
    if not all(isinstance(row, list) and all(type(value) in (int, float) for value in row) for row in rows):
        raise ModelFileError(f"{name} holds what is not a number")
    if len({len(row) for row in rows}) > 1:
        raise ModelFileError(f"{name} has rows of several lengths")
    return np.array(values, np.float64)


def _classes(content: Any) -> dict[str, Any] | None:
    if not content:
        return None
    (labels,) = content
    return {"type": np.array(labels).dtype.str, "labels": labels}


def _parameters(network: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], classifies: bool) -> dict[str, Any]:
    """The parameters with which another fit would train such networks."""
    scaled = bool(np.any(arrays["center"] != 0) or np.any(arrays["scale"] != 1) or len(arrays["edges"]))
    chosen = {
        "hidden_layer_sizes": int(arrays["widths"][0]),
        "activation": network["activation"],
        "n_networks": 1,
        "standardize": scaled,
        "ramps": bool(len(arrays["edges"])),
        "skip": "W3" in arrays,
    }
    if not classifies:
        chosen |= {"loss": network["output"], **{name: network[own] for name, own in PARAMETERS.items()}}
    return chosen


def _facts(content: Mapping[str, Any]) -> dict[str, Any]:
    """The facts, with the defaults of fields that the file's version did not have."""
    known = {f.name: f.default for f in fields(Facts) if f.default is not MISSING and f.name not in FACTS.optional}
    return {**known, "categories": [], **content}


def _preparation(content: Mapping[str, Any]) -> dict[str, Any]:
    own = [(j, field) for j, field in enumerate(content["fields"]) if "mark" not in field]  # a mark's input is made of the column before it
    learned = [_learned(field, [f for f in content["features"] if f["field"] == j]) for j, field in own]
    made = {"columns": content["columns"], "learned": learned, "allowed_extra": content["allowed_extra"]}
    made |= {"extra": content["extra"]} if "extra" in content else {}
    if [feature_of(feature) for feature in preparation_from(made).features] != content["features"]:
        raise ModelFileError("its prepared columns are not those that its fields make")
    return made


def _learned(field: Mapping[str, Any], features: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The preparation of one field, from the prepared columns made of it."""
    if field["kind"] == "category":
        return {"fills": [], "indicator": False, "levels": field["levels"], "has_other": field["has_other"], "means": field.get("means")}
    fills = [_number(feature["fill"], "fill") for feature in features if feature["part"] != "missing"]
    return {"fills": fills, "indicator": len(fills) < len(features), "levels": [], "has_other": False}
