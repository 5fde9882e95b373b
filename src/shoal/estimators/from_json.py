"""Back from JSON: the network and its preparation."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from shoal.encoding import Encoding, TargetScale
from shoal.errors import ModelFileError
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.raw import Facts
from shoal.estimators.regressor import ShoalRegressor
from shoal.estimators.taken_over import classifier, regressor
from shoal.export.weights import FORMAT
from shoal.files import read_input
from shoal.network import Network
from shoal.population import stack
from shoal.table import Column, Learned, Preparation, prepared_by
from shoal.textbook import ACTIVATIONS
from shoal.textbook.losses import NAMES
from shoal.textbook.propagation import Parameters


def from_json(path: str | os.PathLike[str]) -> Pipeline | ShoalClassifier | ShoalRegressor:
    """Read a model that `shoal export --to json` wrote. It predicts bit for bit as the one that was written.

    Parameters
    ----------
    path : the file

    Returns
    -------
    fitted Pipeline, ShoalClassifier or ShoalRegressor, whose members are one network

    Raises
    ------
    ModelFileError
        For no file, another file, or one whose parts do not fit each other.
    """
    try:
        said = json.loads(read_input(path, ModelFileError, "file", "name the JSON file of a model in it").decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is no JSON of a model ({str(error)[:80]}).") from error
    if not isinstance(said, dict) or said.get("format") != FORMAT or "task" not in said:
        found = said.get("format") if isinstance(said, dict) else type(said).__name__
        raise ModelFileError(f"{path} is no model: its format is {str(found)[:40]!r}, not {FORMAT!r} of a whole model.")
    try:
        return _model(said)
    except ModelFileError as error:
        raise ModelFileError(f"{path} cannot be used: {error}.") from error
    except Exception as error:  # a hostile file can lack or twist any part
        raise ModelFileError(f"{path} cannot be used: it is damaged ({type(error).__name__}: {str(error)[:80]}).") from error


def _model(said: Mapping[str, Any]) -> Any:
    prepared = said["preparation"]
    network = _network(said, named=prepared is None)
    made: Any = classifier(network, multilabel=bool(said["multilabel"])) if network.classes else None
    made = regressor(network, one_column=bool(said["one_column"])) if made is None else made
    if prepared is None:
        return made
    steps = _preparation(prepared)
    if len(steps.get_feature_names_out()) != network.encoding.n_inputs:
        raise ModelFileError("its preparation makes another number of columns than its network takes")
    model = Pipeline([("prepare", steps), ("estimator", made)])
    if said["facts"] is not None:
        model.facts_ = _facts(said["facts"])
    return model


def _network(said: Mapping[str, Any], *, named: bool) -> Network:
    coding, n = said["encoding"], len(said["inputs"])
    encoding = Encoding(
        _array(coding["center"], (n,)),
        _array(coding["scale"], (n,)),
        tuple(np.array(edges, np.float64) for edges in coding["ramp_edges"]),
        np.array(coding["ramp_center"], np.float64),
        float(coding["ramp_scale"]),
    )
    n_ramps = sum(max(0, len(edges) - 1) for edges in encoding.edges)
    W2 = np.array(said["W2"], np.float64)
    n_z, n_h = W2.shape
    shapes = {"W1": (n_h, n + n_ramps), "b1": (n_h, 1), "W2": (n_z, n_h), "b2": (n_z, 1)}
    if len(encoding.edges) != n or encoding.n_ramps != n_ramps or said["activation"] not in ACTIVATIONS or said["output"] not in NAMES:
        raise ModelFileError("its encoding, activation or output is not one that shoal knows")
    n_y = n_z // 2 if said["output"] == "gaussian" else n_z
    target = said["target"] and TargetScale(_array(said["target"]["center"], (n_y,)), _array(said["target"]["scale"], (n_y,)))
    return Network(
        stack([Parameters(*(_array(said[name], shape) for name, shape in shapes.items()))]),
        np.ones(1),
        said["activation"],
        said["output"],
        encoding,
        target,
        tuple(np.array(labels) for labels in said["classes"]),
        tuple(map(str, said["inputs"])) if named else tuple(f"x{j}" for j in range(n)),
        {"loss": np.empty((0, 1)), "learning_rate": np.empty((0, 1))},
        float(said["settings"]["delta"]),
        float(said["settings"]["q"]),
    )


def _array(values: Any, shape: tuple[int, ...]) -> np.ndarray:
    array = np.array(values, np.float64)
    if array.shape != shape or not np.isfinite(array).all():
        raise ModelFileError(f"an array of it has the shape {array.shape} instead of {shape}, or holds what is no number")
    return array


def _facts(said: Mapping[str, Any]) -> Facts:
    given = {field.name: said[field.name] for field in fields(Facts) if field.name in said}
    given["targets"] = tuple(given["targets"])
    given["classes"] = tuple(map(tuple, given["classes"]))
    given["categories"] = tuple(given.get("categories", ()))
    given["metrics"] = _scores(given["metrics"])
    given["baselines"] = {name: _scores(scores) for name, scores in given["baselines"].items()}
    return Facts(**given)


def _scores(said: Mapping[str, Any]) -> dict[str, float]:
    return {name: math.nan if value is None else float(value) for name, value in said.items()}


def _preparation(said: Mapping[str, Any]) -> Pipeline:
    columns = tuple(Column(**{**column, "levels": tuple(column["levels"])}) for column in said["columns"])
    learned = tuple(_learned(field, [f for f in said["features"] if f["field"] == j]) for j, field in enumerate(said["fields"]))
    return prepared_by(Preparation(columns, learned), tuple(said["allowed_extra"]))


def _learned(field: Mapping[str, Any], features: list[Mapping[str, Any]]) -> Learned:
    """What the file says of one field, from the prepared columns that are made of it."""
    if field["kind"] == "category":
        return Learned(levels=tuple(field["levels"]), has_other=bool(field["has_other"]))
    fills = tuple(float(feature["fill"]) for feature in features if feature["part"] != "missing")
    return Learned(fills, any(feature["part"] == "missing" for feature in features))
