"""From checked contents of a file to a fitted model."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from shoal.encoding import Encoding, TargetScale
from shoal.estimators.estimator import adopt
from shoal.fitting.fitted import Fitted
from shoal.fitting.settings import Task
from shoal.fitting.targets import Targets
from shoal.input_limits import limits_from
from shoal.network import Calibration, LabelCalibration, Network, Noise, keep_facts
from shoal.persistence.columns import column_from
from shoal.persistence.schema import ESTIMATORS, check, preparation_from
from shoal.persistence.stored import Stored, decoded, labels_from, or_nan
from shoal.population import Population
from shoal.table import prepared_by
from shoal.table.notes import ColumnNote
from shoal.table_models.fit import NO_NOTES, Facts
from shoal.table_models.fit_notes import FitNotes, RareClass
from shoal.table_models.model import TableModel
from shoal.textbook.propagation import Parameters
from shoal.types import Floats

HISTORY = ("loss", "learning_rate", "validation_loss", "validation_score")


def built(stored: Stored) -> Any:
    """The model in a file: a TableModel, a Pipeline of an estimator alone, ShoalClassifier or ShoalRegressor.

    Raises
    ------
    ModelFileError
        For contents that are not a complete model; nothing is built then.
    """
    check(stored)
    manifest = stored.manifest
    estimator = _estimator(stored, network_from(stored))
    if manifest["steps"] is None:
        return estimator
    content = manifest["preparation"]
    before = []
    if content is not None:
        before = [prepared_by(preparation_from(content), tuple(content["allowed_extra"]), content.get("extra", "refuse"))]
    kind = TableModel if before else Pipeline
    model = kind(list(zip(manifest["steps"], [*before, estimator], strict=True)))
    if manifest["facts"] is not None:
        keep_facts(model, facts_from(manifest["facts"]))
    return model


def network_from(stored: Stored) -> Network:
    """The network of checked values."""
    a, content = stored.arrays, stored.manifest["network"]
    ends = np.cumsum(a["edge_counts"])[:-1]
    return Network(
        population=Population(Parameters(a["W1"], a["b1"], a["W2"], a["b2"], a.get("W3")), a["widths"], a["inputs"]),
        shares=a["shares"],
        activation=content["activation"],
        output=content["output"],
        encoding=Encoding(a["center"], a["scale"], _cut(a["edges"], ends), a["ramp_center"], content["ramp_scale"], _limits(a)),
        target=TargetScale(a["target_center"], a["target_scale"]) if "target_scale" in a else None,
        classes=() if content["classes"] is None else (labels_from(content["classes"]),),
        feature_names=tuple(content["feature_names"]),
        history={name: a[f"history_{name}"] for name in HISTORY if f"history_{name}" in a},
        delta=content["delta"],
        q=content["q"],
        noise=_noise(stored),
        calibration=_calibration(content["calibration"], a),
        lowest=a.get("lowest"),
        highest=a.get("highest"),
        thresholds=tuple(content.get("thresholds", ())),
    )


def _calibration(content: dict[str, Any] | None, a: Mapping[str, NDArray[Any]]) -> Calibration | None:
    """The scores of rows that were held out."""
    if content is None:
        return None
    if "label_scores" not in a:
        return Calibration(**content, scores=a["calibration_scores"])
    places, groups, members = (a[f"label_{name}"] for name in ("places", "groups", "members"))
    return LabelCalibration(**content, scores=a["label_scores"], labels=places, groups=groups, members=members)


def _cut(values: NDArray[Any], ends: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
    return tuple(part.copy() for part in np.split(values, ends))


def _limits(arrays: Any) -> Floats | None:
    names = ("limited_inputs", "lower_limits", "upper_limits")
    return limits_from(len(arrays["center"]), *(arrays[name] for name in names)) if names[0] in arrays else None


def _noise(stored: Stored) -> Noise | None:
    a, source = stored.arrays, stored.manifest["network"]["noise"]
    if source is None:
        return None
    ends = np.cumsum(a["noise_counts"])[:-1]
    rest = {name: a[f"noise_{name}"] for name in ("share", "typical", "typical_learned", "averaging")}
    n_rows = stored.manifest["network"].get("noise_rows")
    return Noise(_cut(a["noise_at"], ends), _cut(a["noise_variance"], ends), **rest, source=source, n_rows=n_rows)


def _estimator(stored: Stored, network: Network) -> Any:
    """A fitted estimator around the network."""
    content = stored.manifest["estimator"]
    made: Any = ESTIMATORS[stored.manifest["model"]](**{name: decoded(value) for name, value in content["parameters"].items()})
    return adopt(made, fitted_from(stored, network))


def fitted_from(stored: Stored, network: Network) -> Fitted:
    """The result of the fit, from checked values; training cannot continue from it."""
    content, a = stored.manifest["estimator"], stored.arrays
    known = content["attributes"]
    one_column = not content["multilabel"] if network.classes else content["one_column"]
    task: Task = "classification" if network.classes else "regression"
    classes = network.classes[0] if network.classes else None
    table = _together(a, "evidence_table", ("hidden_units", "log_evidence", "best_log_evidence", "gamma", "n_parameters"))
    return Fitted(
        network,
        Targets(task, network.output, classes, network.target, one_column, network.delta, network.q),
        content["has_names"],
        known["seed"],
        known.get("temperature", 1.0),
        known["solver"],
        known["device"],
        known.get("t", 0),
        a.get("final_losses", np.full(network.population.K, np.nan)),
        _together(a, "evidence", ("alpha", "beta", "gamma", "n_parameters", "log_evidence")),
        table,
        trained_on=known.get("trained_on", ""),
        share_rows=tuple(known.get("share_rows", ())),
        epochs_before=len(network.history["loss"]) - known["n_iter"],
        kept_importances=a.get("importances"),
    )


def _together(arrays: Any, part: str, names: tuple[str, ...]) -> dict[str, NDArray[Any]] | None:
    return {name: arrays[f"{part}_{name}"] for name in names} if f"{part}_{names[0]}" in arrays else None


def fit_notes_from(content: dict[str, Any]) -> FitNotes:
    """What a fit tells beside its scores."""
    return FitNotes(
        **{
            **content,
            "notes": tuple(ColumnNote(**note) for note in content["notes"]),
            "group_metrics": or_nan(content["group_metrics"]),
            "rare": tuple(RareClass(**each) for each in content["rare"]),
        }
    )


def facts_from(content: dict[str, Any]) -> Facts:
    """The facts of a fit."""
    return Facts(
        **{
            **content,
            "targets": tuple(content["targets"]),
            "classes": tuple(map(tuple, content["classes"])),
            **{name: tuple(content.get(name, ())) for name in ("categories", "drop", "missing", "keep", "inputs")},
            "beside": fit_notes_from(content["beside"]) if "beside" in content else NO_NOTES,
            "target_columns": tuple(column_from(column) for column in content.get("target_columns", ())),
            "metrics": or_nan(content["metrics"]),
            "baselines": {name: or_nan(scores) for name, scores in content["baselines"].items()},
            "sureness": None if content["sureness"] is None else or_nan(content["sureness"]),
            "target_means": content.get("target_means", False),  # earlier shoals had none
        }
    )
