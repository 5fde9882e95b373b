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
from shoal.table_models.scores import Metrics, rows_that_count
from shoal.table_models.splits import Side
from shoal.types import Floats
from shoal.uncertainty.outside import outside_named

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


@outside_named(False)
def rare_classes_of(
    estimator: Any, X: NDArray[Any], y: NDArray[Any], weight: Floats | None = None
) -> tuple[tuple[RareClass, ...], float | None]:
    """The rare classes on held-out rows (both classes if there is a threshold), and the balanced accuracy.

    Nothing where no class is rare, or there are several targets.

    Parameters
    ----------
    estimator : fitted classifier
    X, y : prepared rows it has not learned from, and their labels `(m,)`
    weight : what the rows count, `(m,)`; None if each counts once
    """
    classes = getattr(estimator, "classes_", ())
    if y.ndim != 1 or len(classes) < 2:
        return (), None
    X, y, weight = rows_that_count(X, y, weight)
    each = np.ones(len(y)) if weight is None else weight
    owned = np.array([each[y == label].sum() for label in classes])
    chosen = np.ones(len(classes), bool) if estimator.thresholds_ else owned < RARE * each.sum() / len(classes)
    rare = np.flatnonzero((owned > 0) & chosen)
    if not len(rare):
        return (), None
    predicted, shares = np.asarray(estimator.predict(X)), np.asarray(estimator.predict_proba(X), np.float64)
    right = np.array([each[(y == label) & (predicted == label)].sum() for label in classes])
    taken = np.array([each[predicted == label].sum() for label in classes])
    recall = [min(1.0, float(hits / n)) if n else None for hits, n in zip(right, owned, strict=True)]  # sums may end a bit above 1
    found = []
    for c in rare:
        own = y == classes[c]
        precision = min(1.0, float(right[c] / taken[c])) if taken[c] else None
        area = min(1.0, float(average_precision_score(own, shares[:, c], sample_weight=weight)))
        found.append(RareClass(plain(classes[c]), int(np.count_nonzero(own)), recall[c] or 0.0, precision, area))
    return tuple(found), float(np.mean([each for each in recall if each is not None]))


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
    rare, balanced = rare_classes_of(model["estimator"], prepared_rows(model["prepare"], held.inputs), held.y, held.weight)
    return FitNotes(notes, group, by_group(group) if group else {}, rare, balanced)
