"""The format of a model file, version 1: every field's type, range and order, every array's shape, and their relations.

`check` refuses contents that do not fit, before one object is built; compiled code then gets its sizes from checked values only.
Letters of shapes: K networks, h hidden units of the widest, x encoded inputs, z logits, n inputs, y targets, r ramps, e edges of
ramps, l limited inputs; g kinds of parameters, k knots of the noise, s calibration scores, q scores of a targets of classes by o groups
of networks, t epochs, v epochs with a validation, c
points of the loss curve, d validation scores, w widths that the evidence chose among.

Frozen: a change of a field's meaning is a new VERSION, and `migrations` gets the step that converts the old one.
"""

import re
from collections.abc import Callable
from dataclasses import fields
from itertools import pairwise
from typing import Any

import numpy as np

from shoal.errors import InvalidParameterError, ModelFileError
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor
from shoal.fitting.settings import checked_settings
from shoal.persistence.arrays import ARRAYS
from shoal.persistence.checks import Flag, Items, Label, Maybe, Named, NameOf, Real, Record, Setting, Sizes, Text, Whole, adds_up
from shoal.persistence.columns import COLUMN, LEARNED, NOTE, column_from, learned_from, marks_fit, means_fit, rare_levels_fit, variants_fit
from shoal.persistence.own_names import OWN
from shoal.persistence.stored import Stored, decoded, labels_from
from shoal.table import Preparation
from shoal.table.columns import EXTRA
from shoal.table.dates import parts_of
from shoal.textbook import ACTIVATIONS
from shoal.textbook.losses import LOSSES, make_loss
from shoal.textbook.propagation import OF_INPUTS, Parameters

FORMAT = "shoal model"
VERSION = 1

ESTIMATORS: dict[str, type] = {"classifier": ShoalClassifier, "regressor": ShoalRegressor}
TYPE_OF_LABELS = re.compile(r"object|\|b1|\|[iu]1|<[iu][248]|<f[48]|<U[1-9][0-9]{0,4}")
MOST_LABEL_BYTES = 1 << 26
LEAVES = tuple(leaf.name for leaf in fields(Parameters))
SHARES_WITHIN = 1e-9  # of 1: the weights of members are computed in float64

SCORES = Named(Maybe(Real()))
PART = Real(0.0, 1.0)
RARE_CLASS = Record({"label": Label(), "n_rows": Whole(1), "recall": PART, "precision": Maybe(PART), "average_precision": PART})
FIT_NOTES = Record(
    {
        "notes": Items(NOTE),
        "grouped_by": Text(),
        "group_metrics": SCORES,
        "rare": Items(RARE_CLASS),
        "balanced_accuracy": Maybe(PART),
    }
)
FACTS = Record(
    {
        "task": Text(("classification", "regression")),
        "targets": Items(Text(), apart=True),
        "classes": Items(Items(Label())),
        "table": Text(),
        "held_out": Text(),
        "n_train": Whole(),
        "n_test": Whole(),
        "n_left_out": Whole(),
        "metrics": SCORES,
        "baselines": Named(SCORES),
        "seconds": Real(0.0),
        "seed": Whole(),
        "refit": Flag(),
        "interrupted": Flag(),
        "sha256": Text(),
        "test_table": Text(),
        "test_fraction": Real(0.0, 1.0),
        "groups": Text(),
        "time": Text(),
        "categories": Items(Text()),
        "sureness": Maybe(SCORES),
        "max_memory": Text(),
        "weights": Text(),
        "drop": Items(Text()),
        "beside": FIT_NOTES,
        "missing": Items(Text()),
        "keep": Items(Text()),
        "target_columns": Items(COLUMN),
        **dict.fromkeys(("merge_case", "header", "day_first"), Maybe(Flag())),
        "threshold": Text(),
        "target_means": Flag(),
        "inputs": Items(Text()),
        "calibrated": Text(),
    },
    # which files of earlier shoals lack
    optional=frozenset(
        {"weights", "drop", "beside", "missing", "keep", "target_columns", "merge_case", "threshold", "header", "day_first", "target_means"}
        | {"inputs", "calibrated"}
    ),
)
# Attributes of a fitted estimator that are one value each, without the final underscore.
ATTRIBUTES = Record(
    {
        "seed": Whole(),
        "n_iter": Whole(),
        "t": Whole(),
        "temperature": Real(0.0, open=True),
        "solver": Text(),
        "device": Text(),
        "trained_on": Text(("whole", "own")),
        "share_rows": Items(Whole()),
    },
    optional=frozenset({"t", "temperature", "trained_on", "share_rows"}),
)
MANIFEST = Record(
    {
        "format": Text((FORMAT,)),
        "version": Whole(VERSION, VERSION),
        "shoal": Text(),
        "model": Text(tuple(ESTIMATORS)),
        "steps": Maybe(Items(Text(empty=False), apart=True)),
        "network": Record(
            {
                "activation": NameOf(tuple(ACTIVATIONS)),
                "output": NameOf(tuple(LOSSES)),
                "own": OWN,
                "delta": Real(0.0, open=True),
                "q": Real(0.0, 1.0, open=True),
                "ramp_scale": Real(0.0, 1e6, open=True),
                "feature_names": Items(Text(), "n"),
                "classes": Maybe(Record({"type": Text(), "labels": Items(Label())})),
                "noise": Maybe(Text(("held-out rows", "evidence", "training rows"))),
                "noise_rows": Maybe(Whole(1)),
                "calibration": Maybe(Record({"kind": Text(("split", "cv+")), "n_rows": Whole(1)})),
                "thresholds": Items(Real(0.0, 1.0, open=True)),
            },
            optional=frozenset({"noise_rows", "thresholds", "own"}),
        ),
        "estimator": Record(
            {
                "parameters": Named(Setting()),
                "has_names": Flag(),
                "multilabel": Maybe(Flag()),
                "one_column": Maybe(Flag()),
                "attributes": ATTRIBUTES,
            }
        ),
        "preparation": Maybe(
            Record(
                {"columns": Items(COLUMN), "learned": Items(LEARNED), "allowed_extra": Items(Text()), "extra": Text(EXTRA)},
                optional=frozenset({"extra"}),
            )
        ),
        "facts": Maybe(FACTS),
    }
)


def check(stored: Stored) -> None:
    """Refuse contents that are not a complete model.

    Raises
    ------
    ModelFileError
        With the field, its value and the allowed values.
    """
    sizes = check_manifest(stored.manifest)
    check_headers({name: (a.dtype.newbyteorder("<").str, a.shape) for name, a in stored.arrays.items()}, stored.manifest, sizes)
    for name, array in ARRAYS.items():
        if name in stored.arrays:
            array.check_values(name, stored.arrays[name])
    for holds, what in RELATIONS:
        if not holds(stored, sizes):
            raise ModelFileError(what)
    _check_columns(stored, sizes)
    _check_parameters(stored)


def check_manifest(manifest: Any) -> Sizes:
    """Refuse a manifest with a field of another type or range; returns the known sizes."""
    sizes: Sizes = {}
    MANIFEST.check(manifest, "manifest", sizes)
    classes = manifest["network"]["classes"]
    if classes is not None:
        _check_labels(classes)
    return sizes


def check_headers(headers: dict[str, tuple[str, tuple[int, ...]]], manifest: dict[str, Any], sizes: Sizes) -> None:
    """Refuse arrays of another type or shape, and missing or additional ones; `headers` are each one's type and shape."""
    more = sorted(set(headers) - set(ARRAYS))
    if more:
        raise ModelFileError(f"it has an array {more[0]!r}, which is none of a model's")
    parts = {ARRAYS[name].part_of for name in headers} | {""}
    lacking = [name for name, array in ARRAYS.items() if array.part_of in parts and name not in headers]
    if lacking:
        raise ModelFileError(f"the array {lacking[0]!r} is missing")
    for name, array in ARRAYS.items():
        if name in headers:
            array.check_header(name, *headers[name], sizes)
        if name == "W2":
            per_target = make_loss(manifest["network"]["output"]).logits_per_target
            sizes["y"] = sizes["z"] // per_target
            sizes["a"] = 1 if make_loss(manifest["network"]["output"]).unit.decides == "largest" else sizes["z"]
            if not sizes["y"] or sizes["y"] * per_target != sizes["z"] or not sizes["K"] or not sizes["h"]:
                raise ModelFileError(f"the network has {sizes['K']} members, {sizes['h']} hidden units and {sizes['z']} logits")


def _check_labels(classes: dict[str, Any]) -> None:
    """Labels of one type, sorted, all different, which their array type represents exactly."""
    labels, kind = classes["labels"], classes["type"]
    if not TYPE_OF_LABELS.fullmatch(kind) or (kind[:2] == "<U" and int(kind[2:]) * 4 * len(labels) > MOST_LABEL_BYTES):
        raise ModelFileError(f"the labels' type is {kind[:20]!r}")
    if len(labels) < 2 or len({type(label) for label in labels}) > 1 or any(a >= b for a, b in pairwise(labels)):
        raise ModelFileError("the class labels are not at least two of one type, sorted, no two alike")
    try:
        held = labels_from(classes).tolist()
    except (ValueError, TypeError, OverflowError):
        held = []
    if held != labels or type(held[0]) is not type(labels[0]):
        raise ModelFileError(f"the class labels do not fit their type {kind!r}")


# --- how the parts fit together ---------------------------------------------------------------------------------------

Holds = Callable[[Stored, Sizes], bool]


def _is_classifier(m: Stored) -> bool:
    return bool(m.manifest["model"] == "classifier")


def _classes_fit(m: Stored, sizes: Sizes) -> bool:
    network, multilabel = m.manifest["network"], m.manifest["estimator"]["multilabel"]
    if not _is_classifier(m):
        return network["classes"] is None and multilabel is None and not make_loss(network["output"]).of_classes
    if network["classes"] is None or multilabel is None or not make_loss(network["output"]).of_classes:
        return False
    labels, z = network["classes"]["labels"], sizes["z"]
    by_side = make_loss(network["output"]).unit.decides == "side"
    if multilabel:
        return bool(by_side and labels == list(range(z)) and type(labels[0]) is int)
    return bool(len(labels) == (2 if by_side else z) and (z == 1) == by_side)


def _thresholds_fit(m: Stored, sizes: Sizes) -> bool:
    network = m.manifest["network"]
    by_side = make_loss(network["output"]).unit.decides == "side"
    return len(network.get("thresholds", ())) in ((0, sizes["z"]) if by_side and _is_classifier(m) else (0,))


def _padding_is_zero(m: Stored, sizes: Sizes) -> bool:
    beyond = np.arange(sizes["h"]) >= m.arrays["widths"][:, None]
    W1, b1, W2 = (m.arrays[name] for name in ("W1", "b1", "W2"))
    return not (W1[beyond].any() or b1[beyond].any() or np.moveaxis(W2, 1, 2)[beyond].any())


def _masked_is_zero(m: Stored, sizes: Sizes) -> bool:
    return not any(np.moveaxis(m.arrays[name], 1, 2)[~m.arrays["inputs"]].any() for name in OF_INPUTS if name in m.arrays)


def _edges_rise(m: Stored, sizes: Sizes) -> bool:
    counts = m.arrays["edge_counts"]
    if not adds_up(counts, sizes["e"]) or np.any((counts > 0) & (counts < 2)):
        return False
    with np.errstate(over="ignore"):
        steps = np.diff(m.arrays["edges"])
    within = np.ones(max(sizes["e"] - 1, 0), bool)
    ends = np.cumsum(counts)[:-1]
    within[ends[(ends > 0) & (ends < sizes["e"])] - 1] = False  # from the last edge of a column to the first of the next
    return bool(np.all((steps > 0) & np.isfinite(steps) | ~within))


def _noise_can_be(m: Stored, sizes: Sizes) -> bool:
    network = m.manifest["network"]
    return network.get("noise_rows") is None if network["noise"] is None else make_loss(network["output"]).centred


def _noise_rises(m: Stored, sizes: Sizes) -> bool:
    if "noise_at" not in m.arrays:
        return True
    if not adds_up(m.arrays["noise_counts"], sizes["k"]):
        return False
    ends = np.cumsum(m.arrays["noise_counts"])
    return bool(all((np.diff(part) > 0).all() for part in np.split(m.arrays["noise_at"], ends[:-1])))


def _range_fits(m: Stored, sizes: Sizes) -> bool:
    return "lowest" not in m.arrays or bool((m.arrays["lowest"] <= m.arrays["highest"]).all())


def _limits_fit(m: Stored, sizes: Sizes) -> bool:
    if "limited_inputs" not in m.arrays:
        return True
    exist = sizes["l"] >= 1 and m.arrays["limited_inputs"][-1] < sizes["n"]
    return bool(exist and (m.arrays["lower_limits"] < m.arrays["upper_limits"]).all())


def _facts_fit(m: Stored, sizes: Sizes) -> bool:
    facts, network = m.manifest["facts"], m.manifest["network"]
    if facts is None:
        return True
    if m.manifest["preparation"] is None or facts["task"] != ("classification" if _is_classifier(m) else "regression"):
        return False
    if not _is_classifier(m):
        return len(facts["targets"]) == sizes["y"] and not facts["classes"]
    if m.manifest["estimator"]["multilabel"]:
        return len(facts["targets"]) == sizes["z"] == len(facts["classes"]) and all(len(labels) == 2 for labels in facts["classes"])
    return len(facts["targets"]) == 1 and facts["classes"] == [network["classes"]["labels"]]


def _calibration_fits(m: Stored, sizes: Sizes) -> bool:
    content, names = m.manifest["network"]["calibration"], {"calibration_scores", "label_scores"} & set(m.arrays)
    if content is None or names != {"label_scores" if _is_classifier(m) else "calibration_scores"}:
        return content is None and not names
    if not _is_classifier(m):
        return "noise_at" in m.arrays and 1 <= sizes["s"] <= content["n_rows"]
    alone = make_loss(m.manifest["network"]["output"]).unit.decides == "side"
    places, groups, members = (m.arrays[f"label_{name}"] for name in ("places", "groups", "members"))
    one_count = all(np.array_equal(np.bincount(groups[:, 0]), np.bincount(column)) for column in groups.T)
    there = 1 <= sizes["q"] <= content["n_rows"] and places.max() < (2 if alone else sizes["z"]) and groups.max() < sizes["o"]
    return bool(there and one_count and members.any(axis=1).all() and not members[:, m.arrays["shares"] == 0].any())


RELATIONS: tuple[tuple[Holds, str], ...] = (
    (
        lambda s, sizes: s.manifest["estimator"]["attributes"]["n_iter"] <= len(s.arrays["history_loss"]),
        "estimator.attributes.n_iter counts more epochs than history_loss holds",
    ),
    (lambda m, s: len({m.arrays[name].dtype for name in LEAVES if name in m.arrays}) == 1, "its weights are of several types"),
    (lambda m, s: s.get("g", 0) in (0, 4 + ("W3" in m.arrays)), "its evidence is of other kinds of parameters than its networks have"),
    (lambda m, s: s["n"] >= 1 and s["x"] == s["n"] + s["r"], "its network takes another number of inputs than its encoding makes"),
    (lambda m, s: bool((m.arrays["widths"] <= s["h"]).all()), "a network is wider than its weights"),
    (_padding_is_zero, "hidden units beyond a network's width are not 0"),
    (_masked_is_zero, "weights of inputs that a network does not see are not 0"),
    (lambda m, s: abs(float(m.arrays["shares"].sum()) - 1) <= SHARES_WITHIN, "the networks' shares do not add up to 1"),
    (_edges_rise, "the ramps' edges do not increase, or are not as many as their columns say"),
    (lambda m, s: int(np.maximum(m.arrays["edge_counts"] - 1, 0).sum()) == s["r"], "it has another number of ramps than its edges make"),
    (_classes_fit, "its classes, its output unit and what it is do not fit each other"),
    (_thresholds_fit, "its thresholds are not one for two classes, or one for each label"),
    (lambda m, s: (m.manifest["estimator"]["one_column"] is None) == _is_classifier(m), "one_column is for regressors, and they need it"),
    (lambda m, s: m.manifest["estimator"]["one_column"] in (None, False) or s["y"] == 1, "its one target has several columns"),
    (lambda m, s: ("target_scale" in m.arrays) != _is_classifier(m), "a regressor has a scale of its target, and a classifier has none"),
    (lambda m, s: not (m.manifest["estimator"]["has_names"] and m.manifest["preparation"]), "its prepared columns have names of their own"),
    (_limits_fit, "the limits of its inputs are not of inputs that it has, or do not increase"),
    (_range_fits, "the range of its inputs ends before it begins"),
    (lambda m, s: (m.manifest["network"]["noise"] is None) == ("noise_at" not in m.arrays), "its noise is there in part"),
    (_noise_can_be, "it has a noise that its output cannot have, or rows that showed none"),
    (_noise_rises, "the knots of its noise do not increase, or are not as many as they say"),
    (_calibration_fits, "its calibration is there in part, or of more scores than rows"),
    (_facts_fit, "what is known of its fit is of another model"),
)  # fmt: skip


def _check_columns(m: Stored, sizes: Sizes) -> None:
    """The preparation's columns fit what was learned about them, and give the inputs of the network."""
    content, steps = m.manifest["preparation"], m.manifest["steps"]
    n_steps = 0 if steps is None else len(steps)
    if (content is None and n_steps > 1) or (content is not None and n_steps != 2) or any("__" in name for name in steps or ()):
        raise ModelFileError(f"the steps {steps} are not those of {'a table' if content is not None else 'a matrix'}")
    if content is None:
        return
    columns, used = content["columns"], [column for column in content["columns"] if column["kind"] != "left out"]
    if len({column["name"] for column in columns}) < len(columns) or len(used) != len(content["learned"]) or not used:
        raise ModelFileError("its columns are named alike, or are not as many as it has learned of")
    for column, known in zip(used, content["learned"], strict=True):
        category, date = column["kind"] == "category", column["kind"] == "date"
        n_fills = (
            0 if category else 1 if not date else len(parts_of(column["date_format"], column["has_times"], column.get("cyclic", False)))
        )
        n_levels = len(known["levels"]) + known["has_other"]
        fits = len(known["fills"]) == n_fills and not (category and known["indicator"]) and (n_levels > 0) == category
        ends = column["low"] is not None and column["high"] is not None and column["low"] <= column["high"]
        fits = fits and means_fit(column, known) and (ends or column["kind"] not in ("number", "date"))
        fits = fits and rare_levels_fit(column) and variants_fit(column)
        if not fits or not marks_fit(column) or bool(column["date_format"]) != date or column["n_missing"] > column["n_rows"]:
            raise ModelFileError(f"what it has learned of the column {column['name'][:60]!r} does not fit its kind, {column['kind']}")
    if len({column["n_rows"] for column in columns}) > 1:
        raise ModelFileError("its columns are of different numbers of rows")
    n = len(preparation_from(content).features)
    if n != sizes["n"]:
        raise ModelFileError(f"its preparation makes {n} columns, and its network takes {sizes['n']}")


def preparation_from(content: dict[str, Any]) -> Preparation:
    """The preparation that a checked manifest describes."""
    columns = tuple(column_from(column) for column in content["columns"])
    return Preparation(columns, tuple(map(learned_from, content["learned"])))


def _check_parameters(m: Stored) -> None:
    """Parameters of the estimator, with allowed values."""
    kind = ESTIMATORS[m.manifest["model"]]
    known = kind().get_params(deep=False)
    given = {name: decoded(value) for name, value in m.manifest["estimator"]["parameters"].items()}
    for name in given:
        if name not in known or name == "callbacks":
            raise ModelFileError(f"it has a parameter {name[:60]!r}, which a {m.manifest['model']} has not")
    try:
        checked_settings({**known, **given}, "classification" if _is_classifier(m) else "regression")
    except InvalidParameterError as refused:
        raise ModelFileError(str(refused)) from refused
