"""Thresholds: the probability above which a class is predicted, given as a number or found on rows that no model learned from.

The rows are the training rows, each predicted by a model of the same settings that was trained without it (five folds; whole groups;
with a time the last fifth alone). The rows whose scores are printed take no part, so those scores stay those of new rows.
"""

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from shoal.errors import InvalidParameterError, TableError
from shoal.table import Task
from shoal.table.cells import brief, listed
from shoal.table.splits import split_time
from shoal.table.target import Label
from shoal.table_models.splits import Side
from shoal.types import Floats
from shoal.uncertainty.outside import outside_named

FOLDS = 5
EQUAL = 1e-12  # relative: the rounding of sums of weights
NUMBER = r"[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?"
RULE = re.compile(rf"(?:({NUMBER})|(f1)|recall=({NUMBER})|cost=({NUMBER}):({NUMBER}))(?: of (.+))?", re.DOTALL)
FORMS = "a number between 0 and 1 such as 0.3, 'f1', 'recall=0.9', or 'cost=1:5' (the cost of a false positive to that of a false negative)"

Rule = Literal["fixed", "f1", "recall", "cost"]
Trained = Callable[[Side], Any]  # a Pipeline, or None where training was interrupted


@dataclass(frozen=True)
class Threshold:
    """How a threshold is chosen.

    Attributes
    ----------
    rule : {"fixed", "f1", "recall", "cost"}
    values : tuple of float
        The number itself, the least recall, or the costs of a false positive and a false negative.
    positive : str
        The class that the rule is about, as text; empty for the second.
    written : str
        As it was given.
    """

    rule: Rule
    values: tuple[float, ...]
    positive: str
    written: str

    def cut(self, p: Floats, hit: NDArray[np.bool_], weight: Floats | None) -> float:
        """The best threshold for probabilities p `(m,)` of rows that are of the class (`hit`) or not.

        It lies halfway between two rows' probabilities. Of equally good ones it is the nearest to a half; for a recall the highest.
        """
        w = np.ones(len(p)) if weight is None else weight
        values, place = np.unique(-p, return_inverse=True)
        values = -values  # falling
        right = np.concatenate([[0.0], np.cumsum(np.bincount(place, w * hit, len(values)))])
        wrong = np.concatenate([[0.0], np.cumsum(np.bincount(place, w * ~hit, len(values)))])
        limits = between(values)
        possible = (limits > 0) & (limits < 1)
        limits, right, wrong, missed = limits[possible], right[possible], wrong[possible], right[-1] - right[possible]
        if self.rule == "recall":
            enough = right >= self.values[0] * (right + missed) * (1 - EQUAL)
            return float(limits[np.argmax(enough)] if enough.any() else limits[-1])
        if self.rule == "f1":
            gain = 2 * right / np.maximum(2 * right + wrong + missed, np.finfo(float).tiny)
        else:
            gain = -(self.values[0] * wrong + self.values[1] * missed)
        best = np.flatnonzero(gain >= gain.max() - EQUAL * np.abs(gain).max())
        return float(limits[best[np.argmin(np.abs(limits[best] - 0.5))]])


def between(values: Floats) -> Floats:
    """The thresholds above none, one, two, … of falling values in [0, 1], each halfway to the next."""
    ends = np.concatenate([[1.0], values, [0.0]])
    middle = (ends[:-1] + ends[1:]) / 2
    return np.asarray(np.where(middle < ends[:-1], middle, ends[1:]))


def threshold_of(given: Any) -> Threshold | None:
    """A caller's threshold, read; None for none.

    Raises
    ------
    InvalidParameterError
        For what is no threshold, with the forms that there are.

    Examples
    --------
    >>> threshold_of("recall=0.9 of bad")
    Threshold(rule='recall', values=(0.9,), positive='bad', written='recall=0.9 of bad')
    >>> threshold_of(0.3).values
    (0.3,)
    """
    if given is None:
        return None
    is_number = isinstance(given, int | float | np.number) and not isinstance(given, bool)
    written = repr(float(given)) if is_number else given.strip() if isinstance(given, str) else ""
    found = RULE.fullmatch(written)
    if found is None:
        raise InvalidParameterError(f"threshold={brief(given)}; it must be {FORMS}. ' of CLASS' after it names the class it is about.")
    number, f1, recall, false_positive, false_negative, positive = found.groups()
    name: Rule = "fixed" if number else "f1" if f1 else "recall" if recall else "cost"
    values = tuple(float(part) for part in (number, recall, false_positive, false_negative) if part)
    low, high = {"fixed": (0, 1), "f1": (0, 1), "recall": (0, np.nextafter(1, 2)), "cost": (0, np.inf)}[name]
    if not all(low < value < high for value in values):
        allowed = {"fixed": "between 0 and 1", "recall": "above 0 and at most 1", "cost": "two finite costs above 0"}[name]
        raise InvalidParameterError(f"threshold={brief(given)}: what it names must be {allowed}.")
    return Threshold(name, values, positive or "", written)


def check_threshold(threshold: Threshold | None, names: Sequence[str], task: Task, classes: Sequence[Sequence[Label]]) -> None:
    """Refuse a threshold for a target that it cannot decide."""
    if threshold is None:
        return
    lead = f"threshold={threshold.written!r}"
    if task == "regression":
        raise InvalidParameterError(f"{lead} is for classes, and {listed(names)} is measured: leave it out.")
    if len(classes) == 1 and len(classes[0]) != 2:
        raise InvalidParameterError(
            f"{lead} decides between two classes, and {listed(names)} has {len(classes[0])}, of which the most likely is predicted. "
            "Leave it out, or make a target of two classes."
        )
    if threshold.positive and len(classes) > 1:
        raise InvalidParameterError(f"{lead} names a class, and of {len(classes)} targets it is the second of each: name none.")
    if threshold.positive and threshold.positive not in map(str, classes[0]):
        raise InvalidParameterError(f"{lead}: {threshold.positive!r} is no class of {listed(names)}; the classes are {listed(classes[0])}.")


def is_first(threshold: Threshold, classes: Sequence[Sequence[Label]]) -> bool:
    """Whether the class that the rule is about is the first."""
    return bool(threshold.positive) and threshold.positive == str(classes[0][0])


def fixed_thresholds(threshold: Threshold | None, classes: Sequence[Sequence[Label]]) -> tuple[float, ...]:
    """A threshold given as a number, for each target; none for none."""
    if threshold is None:
        return ()
    (limit,) = threshold.values
    return (1 - limit if is_first(threshold, classes) else limit,) * len(classes)


def refuse_in_blocks(threshold: Threshold | None, where: str = "is read in blocks") -> None:
    """Refuse to find a threshold for a table that is not in memory, which would train on its blocks six times."""
    if threshold is not None and threshold.rule != "fixed":
        raise InvalidParameterError(
            f"threshold={threshold.written!r} is found by cross-validation in memory, and this table {where}. Give a number, "
            "such as one found on a part of the rows."
        )


@outside_named(False)
def thresholds_for(
    threshold: Threshold, classes: Sequence[Sequence[Label]], side: Side, seed: int, train: Trained
) -> tuple[float, ...] | None:
    """One threshold for two classes, or one for each of several targets; None where training was interrupted.

    Parameters
    ----------
    threshold : checked
    classes : of each target
    side : raw training rows
    seed : of the folds
    train : trains a model on a part of them
    """
    if threshold.rule == "fixed":
        return fixed_thresholds(threshold, classes)
    found = held_out_shares(side, seed, train)
    if found is None:
        return None
    rows, p = found
    hits = (side.y == classes[0][1])[:, None] if side.y.ndim == 1 else side.y == 1
    weight = None if side.weight is None else side.weight[rows]
    if is_first(threshold, classes):
        return (1 - threshold.cut(1 - p[:, 0], ~hits[rows, 0], weight),)
    return tuple(threshold.cut(p[:, k], hits[rows, k], weight) for k in range(p.shape[1]))


def held_out_shares(side: Side, seed: int, train: Trained) -> tuple[NDArray[np.int64], Floats] | None:
    """Rows, and the probability of each target's second class `(m, k)` by a model that was trained without them."""
    rows, shares = [], []
    for learned, others in folds_of(side, seed):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the whole training has warned of the same
            model = train(part_of(side, learned))
            if model is None:
                return None
            p = np.asarray(model.predict_proba(side.inputs.iloc[others]), np.float64)
        rows.append(others)
        shares.append(p[:, 1:] if side.y.ndim == 1 else p)
    return np.concatenate(rows), np.concatenate(shares)


def folds_of(side: Side, seed: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The rows to learn from and those to predict, of each fold.

    Raises
    ------
    TableError
        For too few rows or groups of a class.
    """
    y, groups, time = side.y, side.roles.get("groups"), side.roles.get("time")
    if time is not None:
        return [split_time(pd.Series(time, name="time"), y)]
    counts = np.unique(y, return_counts=True)[1] if y.ndim == 1 else np.array([len(y)])
    n = min(FOLDS, int(counts.min()), FOLDS if groups is None else len(np.unique(groups)))
    if n < 2:
        raise TableError(
            "A threshold is found on training rows that are held out in turn: two rows of each class are needed, and two groups. The "
            f"classes have {listed(counts.tolist())} rows. Give more rows, or the threshold as a number."
        )
    drawn = {"n_splits": n, "shuffle": True, "random_state": seed % 2**32}
    if groups is None:
        cut = StratifiedKFold(**drawn) if y.ndim == 1 else KFold(**drawn)
    else:
        cut = StratifiedGroupKFold(**drawn) if y.ndim == 1 else GroupKFold(**drawn)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class may have fewer groups than there are folds
        folds = list(cut.split(y, y, groups))
    if y.ndim == 1 and any(len(np.unique(y[learned])) < 2 for learned, _ in folds):
        raise TableError("All training rows of a class are in one group, so no threshold can be found. Give it as a number.")
    return folds


def part_of(side: Side, rows: NDArray[np.int64]) -> Side:
    """Some rows of a side."""
    return Side(side.inputs.iloc[rows], side.y[rows], {name: column[rows] for name, column in side.roles.items()})


def decisions(model: Any) -> list[str]:
    """In words, when each target of a model with thresholds is which class."""
    facts, limits = model.facts_, model["estimator"].thresholds_
    return [decision(*each) for each in zip(facts.targets, facts.classes, limits, strict=True)]


def decision(name: str, labels: Sequence[Label], limit: float) -> str:
    """In words, when a target is which class."""
    return f"{name} is {labels[1]} where P({name}={labels[1]}) is above {limit:.4g}, else {labels[0]}"
