"""What `fit` tells beside its scores: notes about the table, the score by group, and how well rare classes are found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from shoal.table.notes import ColumnNote
from shoal.table.steps import prepared_rows
from shoal.table.target import Label
from shoal.table_models.scores import Metrics
from shoal.table_models.splits import Side

RARE = 0.4  # of the rows that each class would have if all were equally frequent: a fifth of all rows, of two classes


@dataclass(frozen=True)
class RareClass:
    """How well a rare class is found on the held-out rows.

    Attributes
    ----------
    label : the class
    n_rows : int
        Held-out rows of it.
    recall : float
        The part of them that is predicted to be of it.
    precision : float or None
        The part of the rows predicted to be of it that are; None if there are none.
    average_precision : float
        Area under the curve of precision over recall, by its probability; its part of the rows by chance.
    """

    label: Label
    n_rows: int
    recall: float
    precision: float | None
    average_precision: float


@dataclass(frozen=True)
class FitNotes:
    """What a fit tells beside its scores.

    Attributes
    ----------
    notes : tuple of ColumnNote
        Of the table, where nothing was trained yet.
    grouped_by : str
        A column that looks like the name of a group of rows; empty if there is none, or the split goes by groups.
    group_metrics : dict
        Scores of a second model on whole groups of it that were held out, without the column among its inputs.
    rare : tuple of RareClass
        Empty where no class is rare; both classes where a threshold decides between them.
    balanced_accuracy : float or None
        The mean of all classes' recalls, where there are rare ones.
    """

    notes: tuple[ColumnNote, ...] = ()
    grouped_by: str = ""
    group_metrics: Metrics = field(default_factory=dict)
    rare: tuple[RareClass, ...] = ()
    balanced_accuracy: float | None = None


def suspected_group(notes: Sequence[ColumnNote]) -> str:
    """The first column that looks like the name of a group; empty if none does."""
    return next((note.column for note in notes if note.kind == "groups"), "")


def rare_classes_of(estimator: Any, X: NDArray[Any], y: NDArray[Any]) -> tuple[tuple[RareClass, ...], float | None]:
    """The rare classes on held-out rows (both classes if there is a threshold), and the balanced accuracy.

    Nothing where no class is rare, or there are several targets.

    Parameters
    ----------
    estimator : fitted classifier
    X, y : prepared rows it has not learned from, and their labels `(m,)`
    """
    classes = getattr(estimator, "classes_", ())
    if y.ndim != 1 or len(classes) < 2:
        return (), None
    counts = np.array([np.count_nonzero(y == label) for label in classes])
    chosen = np.ones(len(classes), bool) if estimator.thresholds_ else counts < RARE * len(y) / len(classes)
    rare = np.flatnonzero((counts > 0) & chosen)
    if not len(rare):
        return (), None
    predicted, shares = np.asarray(estimator.predict(X)), np.asarray(estimator.predict_proba(X), np.float64)
    found = []
    for c in rare:
        own, taken = y == classes[c], predicted == classes[c]
        right = int(np.count_nonzero(own & taken))
        precision = right / int(taken.sum()) if taken.any() else None
        area = min(1.0, float(average_precision_score(own, shares[:, c])))  # it may end a bit above 1
        found.append(RareClass(plain(classes[c]), int(counts[c]), right / int(counts[c]), precision, area))
    recalls = [np.mean(predicted[y == label] == label) for label, n in zip(classes, counts, strict=True) if n]
    return tuple(found), float(np.mean(recalls))


def plain(label: Any) -> Label:
    """A label as Python has it."""
    value: Label = label.item() if hasattr(label, "item") else label
    return value


def notes_beside(model: Any, held: Side, notes: tuple[ColumnNote, ...], by_group: Callable[[str], Metrics]) -> FitNotes:
    """What there is to tell beside the scores.

    Parameters
    ----------
    model : fitted Pipeline
    held : raw rows that it has not learned from
    notes : about the table
    by_group : scores a second model on groups of a column
    """
    group = suspected_group(notes)
    rare, balanced = rare_classes_of(model["estimator"], prepared_rows(model["prepare"], held.inputs), held.y)
    return FitNotes(notes, group, by_group(group) if group else {}, rare, balanced)
