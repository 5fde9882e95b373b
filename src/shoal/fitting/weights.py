"""Weights of rows: their unit, so that doubled weights change nothing, and the weights of classes."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from shoal.errors import InvalidParameterError
from shoal.kinds import FROM_0, NumberKind, ParameterKind, is_text, shown
from shoal.recipe import Recipe
from shoal.types import Floats

SAME = 1e-12  # relative: the rounding of weights that were meant to be 1 on average


def unit_of(weight: Floats | None) -> float:
    """The weight of one row, for weights `(m,)` from 0 on, one of which is above 0."""
    if weight is None or are_whole(weight):
        return 1.0
    counted = weight[weight > 0]
    largest = float(counted.max())
    return rounded(largest * float(np.mean(counted / largest)))  # no sum of large weights overflows


def are_whole(weight: Floats) -> bool:
    """Whether weights count rows."""
    return bool(np.array_equal(weight, np.floor(weight)))


def rounded(unit: float) -> float:
    """1 if the unit is 1 to rounding, so that such weights stay unchanged."""
    return 1.0 if abs(unit - 1) <= SAME else unit


def in_rows(weight: Floats | None) -> tuple[Floats | None, float]:
    """Weights in rows, and the unit of the given weights."""
    unit = unit_of(weight)
    return weight if weight is None or unit == 1 else weight / unit, unit


def penalised_in_rows(recipe: Recipe, unit: float) -> Recipe:
    """The recipe whose λ was set for the given weights, for the same weights in rows."""
    if unit == 1:
        return recipe
    lam = np.asarray(recipe.lam, np.float64) / unit
    return replace(recipe, lam=float(lam) if lam.ndim == 0 else tuple(lam.tolist()))


ClassWeight = str | Mapping[Hashable, float] | Sequence[Mapping[Hashable, float]]
NAMED = 10  # labels in an error message


@final
@dataclass(frozen=True)
class ClassWeightKind(ParameterKind):
    """Weights of classes: a dict by label; "balanced"; for several columns of labels a list with a dict for each."""

    words = 'None, "balanced", a dict of a weight of 0 or more for each class, or a list of such dicts, one for each column of y'
    doc = 'None, "balanced", dict, or list of dicts'

    def plain(self, value: Any, K: int) -> Any:
        if value is None:
            return None
        if is_text(value, "balanced"):
            return "balanced"
        if isinstance(value, Mapping):
            return by_label(value)
        if not isinstance(value, list | tuple) or not value or not all(isinstance(column, Mapping) for column in value):
            raise ValueError
        return [by_label(column) for column in value]


def by_label(weights: Mapping[Hashable, Any]) -> dict[Hashable, float]:
    """The weights of classes as floats."""
    plain = {}
    for label, weight in weights.items():
        try:
            plain[label] = NumberKind(FROM_0).plain(weight, 1)
        except ValueError:
            raise ValueError(f"the weight of {shown(label)} is {shown(weight)}; it must be a number of 0 or more") from None
    return plain


def row_weights(class_weight: ClassWeight, y: NDArray[Any], known: Any = None) -> Floats:
    """The weight of each row, `(m,)`.

    Parameters
    ----------
    class_weight : "balanced", dict, or list of dicts
        From `Settings`. Classes that a dict leaves out have the weight 1.
    y : ndarray, (m,) of labels, or (m, k) of 0 and 1
        With several columns a row's weight is the product over them.
    known : None or array of labels
        All classes, if these rows may lack some.

    Raises
    ------
    InvalidParameterError
        For a dict whose keys are not the labels, and if columns and dicts do not match.
    """
    if y.ndim == 1:
        if not isinstance(class_weight, str | Mapping):
            raise InvalidParameterError(
                f"class_weight is {shown(class_weight)}, a list for several columns of labels, and y has one; give the dict alone"
            )
        return column_weights("class_weight", class_weight, y, known)
    return weights_by_columns(weights_of_columns(class_weight, counts_of_columns(y)), y)


def column_weights(name: str, class_weight: str | Mapping[Hashable, float], y: NDArray[Any], known: Any = None) -> Floats:
    """The weight of each row by one column of labels, `(m,)`."""
    labels, places, counts = np.unique(y, return_inverse=True, return_counts=True)
    if isinstance(class_weight, str):
        return np.asarray((len(y) / (len(labels) * counts))[places])
    check_labels(name, class_weight, labels if known is None else np.asarray(known))
    return np.array([weight_of(label, class_weight) for label in plain_labels(labels)], np.float64)[places]


def counts_of_columns(y: NDArray[Any]) -> NDArray[np.int64]:
    """How many rows of y `(m, k)` have a 0 and a 1 in each column, `(k, 2)`; those of blocks add up."""
    ones = np.count_nonzero(y, axis=0)
    return np.stack([len(y) - ones, ones], axis=1)


def weights_of_columns(class_weight: ClassWeight, counts: NDArray[np.int64]) -> Floats:
    """The weight of a 0 and of a 1 in each column, `(k, 2)`, for columns with `counts (k, 2)`.

    Raises
    ------
    InvalidParameterError
        If columns and dicts do not match, and for keys that are neither 0 nor 1.
    """
    k = len(counts)
    if isinstance(class_weight, Mapping) or (not isinstance(class_weight, str) and len(class_weight) != k):
        raise InvalidParameterError(
            f"class_weight is {shown(class_weight)}, and y has {k} columns of 0 and 1; give a list of {k} dicts, "
            "such as {0: 1, 1: 5}, or 'balanced'"
        )
    if isinstance(class_weight, str):
        present = (counts > 0).sum(axis=1, keepdims=True)
        return np.asarray(counts.sum(axis=1, keepdims=True) / (present * np.maximum(counts, 1)))
    for j, weights in enumerate(class_weight):
        check_labels(f"class_weight[{j}]", weights, np.arange(2))
    return np.array([[weight_of(label, weights) for label in (0, 1)] for weights in class_weight], np.float64)


def weights_by_columns(weights: Floats, y: NDArray[Any]) -> Floats:
    """The weight of each row of y `(m, k)` of 0 and 1, `(m,)`: the product of its columns' `weights (k, 2)`."""
    product = np.ones(len(y))
    for of_column, column in zip(weights, y.T, strict=True):
        product *= of_column[column.astype(np.int64)]
    return product


def weights_of_classes(class_weight: ClassWeight, labels: NDArray[Any], counts: NDArray[np.integer]) -> Floats:
    """The weight of a row of each class, `(n_classes,)`, for rows elsewhere that are counted by class."""
    if isinstance(class_weight, str):
        return np.asarray(counts.sum() / (len(labels) * counts))
    if not isinstance(class_weight, Mapping):
        raise InvalidParameterError(f"class_weight is {shown(class_weight)}; it must be 'balanced', a dict of classes, or None")
    check_labels("class_weight", class_weight, labels)
    return np.array([weight_of(label, class_weight) for label in plain_labels(labels)], np.float64)


def plain_labels(labels: NDArray[Any]) -> list[Any]:
    """Labels as Python objects, the keys of dicts; dates, which Python cannot hold to the last digit, stay NumPy's."""
    return list(labels) if labels.dtype.kind in "mM" else labels.tolist()


def weight_of(label: Any, weights: Mapping[Hashable, float]) -> float:
    """The weight of a label, 1 if it has none."""
    return weights.get(label, 1.0)


def check_labels(name: str, weights: Mapping[Hashable, float], labels: NDArray[Any]) -> None:
    """Refuse a dict that leaves out a class while one of its keys is unknown: as in scikit-learn, that is a wrong spelling.

    Raises
    ------
    InvalidParameterError
    """
    classes = plain_labels(labels)
    without = [label for label in classes if label not in weights]
    unknown = [key for key in weights if key not in classes]
    if without and unknown:
        raise InvalidParameterError(
            f"{name} is {shown(dict(weights))}; it leaves out {listed(without)}, and {listed(unknown)} of its keys are not classes of y: "
            f"use the labels as in y: {listed(classes)}"
        )


def listed(labels: Sequence[Any]) -> str:
    """The first labels, each with its type unless it is text."""
    words = [repr(label) if isinstance(label, str) else f"{shown(label)} ({type(label).__name__})" for label in labels[:NAMED]]
    return ", ".join(words) + ", …" * (len(labels) > NAMED)
