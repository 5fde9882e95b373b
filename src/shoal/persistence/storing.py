"""From a fitted model to what its file holds."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from shoal import __version__
from shoal.errors import ModelFileError
from shoal.input_limits import limited_columns
from shoal.network import LabelCalibration, Network, known_facts
from shoal.persistence.arrays import ARRAYS
from shoal.persistence.columns import column_record, learned_record
from shoal.persistence.own_names import own_records
from shoal.persistence.schema import ATTRIBUTES, ESTIMATORS, FORMAT, VERSION
from shoal.persistence.stored import Stored, coded, labels_of, numbers_or_none
from shoal.table import Preparation, preparation_of
from shoal.table.columns import Extra, check_extra
from shoal.table_models.fit import Facts
from shoal.table_models.fit_notes import FitNotes

INSTEAD = {  # of what has such an attribute
    "best_estimator_": "its best_estimator_",
    "calibrated_classifiers_": "a ShoalClassifier(calibration='temperature'), whose probabilities are calibrated and which a file holds",
    "best_threshold_": "what shoal.fit(…, threshold=…) returned, which predicts by a threshold and which a file holds",
    "regressor_": "a ShoalRegressor, which brings the target to one scale itself, or its regressor_",
    "estimators_": "each of its estimators_; a shoal is an ensemble already",
}


def stored(model: Any) -> Stored:
    """A fitted model as plain data.

    Raises
    ------
    ModelFileError
        For what is no fitted model of shoal's, or holds what a file cannot.
    """
    steps, prepare, estimator = _parts(model)
    kind = next((name for name, kind in ESTIMATORS.items() if type(estimator) is kind), None)
    if kind is None:
        instead = next(
            (words for name, words in INSTEAD.items() if hasattr(estimator, name)), "what shoal.fit returned, or a fitted estimator"
        )
        raise ModelFileError(
            f"A {type(estimator).__name__} is no model of shoal's. Save {instead}; skops and joblib save models of other makers."
        )
    if not hasattr(estimator, "network_"):
        raise ModelFileError(f"The {type(estimator).__name__} is not fitted, so there is nothing to save. Call fit first.")
    network: Network = estimator.network_
    facts = known_facts(model) if prepare is not None else None
    record, parameters = network_record(network), estimator.get_params(deep=False)
    if own := own_records([network.activation, network.output, *parameters.values()]):
        record["own"] = own
    manifest = gathered(
        kind,
        steps=steps,
        network=record,
        estimator=estimator_record(estimator, parameters),
        preparation=None if prepare is None else preparation_record(*prepare),
        facts=None if facts is None else facts_record(facts),
    )
    return Stored(manifest, {**network_arrays(network), **curves(estimator)})


def gathered(kind: str, **parts: Any) -> dict[str, Any]:
    """The manifest of a classifier or regressor: what every file begins with, and its parts."""
    if parts["preparation"] is not None:
        parts["estimator"]["has_names"] = False  # a preparation that is built again gives arrays
    return {"format": FORMAT, "version": VERSION, "shoal": __version__, "model": kind, **parts}


def _parts(model: Any) -> tuple[list[str] | None, tuple[Preparation, Sequence[str], Extra] | None, Any]:
    """The steps' names, the preparation with what holds for columns that are no inputs, and the estimator."""
    if not isinstance(model, Pipeline):
        return None, None, model
    names, *before = [name for name, _ in model.steps], *[step for _, step in model.steps[:-1]]
    if not before:
        return names, None, model.steps[-1][1]
    known = preparation_of(before[0]) if len(before) == 1 else None
    if known is None:
        name, step = next((pair for pair in model.steps[:-1] if preparation_of(pair[1]) is None), model.steps[0])
        raise ModelFileError(
            f"The step {name!r} ({type(step).__name__}) is not shoal's, and a .shoal file holds only what shoal.fit builds. "
            "Train with shoal.fit, which scales and prepares columns itself, or save the whole Pipeline with skops or joblib."
        )
    typed = before[0].steps[0][1]
    return names, (known, typed.allowed_extra, check_extra(typed.extra)), model.steps[-1][1]


def network_record(network: Network) -> dict[str, Any]:
    """What of a network is no array."""
    calibration = network.calibration
    return {
        "activation": network.activation,
        "output": network.output,
        "delta": float(network.delta),
        "q": float(network.q),
        "ramp_scale": float(network.encoding.ramp_scale),
        "feature_names": list(map(str, network.feature_names)),
        "classes": labels_of(network.classes[0]) if network.classes else None,
        "noise": None if network.noise is None else network.noise.source,
        "noise_rows": getattr(network.noise, "n_rows", None),  # without a noise, and in files that skops wrote, there is none
        "thresholds": list(getattr(network, "thresholds", ())),  # none in files that skops wrote
        "calibration": None if calibration is None else {"kind": calibration.kind, "n_rows": int(calibration.n_rows)},
    }


def network_arrays(network: Network) -> dict[str, NDArray[Any]]:
    """All arrays of a network."""
    encoding, noise = network.encoding, network.noise
    found: dict[str, Any] = {
        **network.population.parameters.named(),
        "widths": _whole(network.population.widths),
        "inputs": network.population.inputs,
        "shares": _double(network.shares),
        "center": _double(encoding.center),
        "scale": _double(encoding.scale),
        "edge_counts": _whole([len(edges) for edges in encoding.edges]),
        "edges": _double(_joined(encoding.edges)),
        "ramp_center": _double(encoding.ramp_center),
    }
    if limited := limited_columns(getattr(encoding, "limits", None)):  # files that skops wrote have none
        columns, lower, upper = zip(*limited, strict=True)
        found |= {"limited_inputs": _whole(columns), "lower_limits": _double(lower), "upper_limits": _double(upper)}
    if network.target is not None:
        found |= {"target_center": _double(network.target.center), "target_scale": _double(network.target.scale)}
    if network.lowest is not None and network.highest is not None:
        found |= {"lowest": _double(network.lowest), "highest": _double(network.highest)}
    if noise is not None:
        found |= {"noise_counts": _whole([len(at) for at in noise.at]), "noise_at": _double(_joined(noise.at))}
        found["noise_variance"] = _double(_joined(noise.variance))
        found |= {f"noise_{name}": _double(getattr(noise, name)) for name in ("share", "typical", "typical_learned", "averaging")}
    if isinstance(known := network.calibration, LabelCalibration):
        found |= {"label_scores": _double(known.scores), "label_members": known.members}
        found |= {"label_places": _whole(known.labels), "label_groups": _whole(known.groups)}
    elif known is not None:
        found["calibration_scores"] = _double(known.scores)
    return found | {f"history_{name}": np.asarray(curve) for name, curve in network.history.items()}


def _joined(parts: Sequence[Any]) -> NDArray[np.float64]:
    return np.concatenate([np.empty(0), *parts])


def _whole(values: Any) -> NDArray[np.int64]:
    return np.asarray(values).astype(np.int64)


def _double(values: Any) -> NDArray[np.float64]:
    return np.asarray(values, np.float64)


def curves(estimator: Any) -> dict[str, NDArray[Any]]:
    """The attributes of an estimator that are arrays of their own."""
    found: dict[str, Any] = {}
    if getattr(estimator, "final_losses_", None) is not None:
        found["final_losses"] = np.asarray(estimator.final_losses_)
    if getattr(estimator, "feature_importances_", None) is not None:
        found["importances"] = _double(estimator.feature_importances_)
    for name in ("evidence", "evidence_table"):
        for key, values in (getattr(estimator, f"{name}_", None) or {}).items():
            array = f"{name}_{key}"
            found[array] = _whole(values) if array in ARRAYS and ARRAYS[array].types == ("<i8",) else _double(values)
    return found


def estimator_record(estimator: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    """What of an estimator is no array: its parameters without callbacks and functions, and what fit has found."""
    parameters = {name: value for name, value in parameters.items() if name != "callbacks" and not callable(value)}
    if not isinstance(parameters["random_state"], int | np.integer | None):
        parameters["random_state"] = int(estimator.seed_)  # a generator is not saved: the seed that was drawn from it is
    return {
        "parameters": {name: coded(value, name) for name, value in parameters.items()},
        "has_names": hasattr(estimator, "feature_names_in_"),
        "multilabel": getattr(estimator, "_multilabel", None),
        "one_column": getattr(estimator, "_one_column", None),
        "attributes": {name: _attribute(getattr(estimator, f"{name}_")) for name in ATTRIBUTES.fields if hasattr(estimator, f"{name}_")},
    }


def _attribute(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value.item() if isinstance(value, np.generic) else value


def preparation_record(known: Preparation, allowed_extra: Sequence[str], extra: Extra = "refuse") -> dict[str, Any]:
    """A preparation in plain values."""
    columns = [column_record(column) for column in known.columns]
    learned = list(map(learned_record, known.learned))
    return {"columns": columns, "learned": learned, "allowed_extra": list(allowed_extra), "extra": extra}


def fit_notes_record(beside: FitNotes) -> dict[str, Any]:
    """What a fit tells beside its scores in plain values."""
    return {
        "notes": [asdict(note) for note in beside.notes],
        "grouped_by": beside.grouped_by,
        "group_metrics": numbers_or_none(beside.group_metrics),
        "rare": [asdict(each) for each in beside.rare],
        "balanced_accuracy": beside.balanced_accuracy,
    }


def facts_record(facts: Facts) -> dict[str, Any]:
    """What is known of a fit in plain values."""
    content: dict[str, Any] = {f.name: getattr(facts, f.name) for f in fields(facts)}
    content = {name: value.item() if isinstance(value, np.generic) else value for name, value in content.items()}
    content |= {name: list(content[name]) for name in ("targets", "categories", "drop", "missing", "keep", "inputs")}
    return content | {
        "beside": fit_notes_record(facts.beside),
        "classes": [list(labels) for labels in facts.classes],
        "target_columns": [column_record(column) for column in facts.target_columns],
        "metrics": numbers_or_none(facts.metrics),
        "baselines": {name: numbers_or_none(scores) for name, scores in facts.baselines.items()},
        "sureness": None if facts.sureness is None else numbers_or_none(facts.sureness),
        "seconds": float(facts.seconds),
        "test_fraction": float(facts.test_fraction),
    }
