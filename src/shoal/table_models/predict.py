"""A model's predictions for raw rows as a table: values or classes, probabilities, intervals."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from shoal.errors import InvalidParameterError
from shoal.export import portable
from shoal.network import known_facts
from shoal.table import Task
from shoal.table.target import labels_array
from shoal.table_models.fit import facts_of
from shoal.uncertainty.outside import outside_named


@outside_named(False)
def predictions(
    model: Pipeline, frame: pd.DataFrame, *, interval: float | None = None, sets: float | None = None, prepared: Any = None
) -> pd.DataFrame:
    """A model's predictions for raw rows: the value or class under the target's name, and the probability of every class.

    Parameters
    ----------
    model : fitted Pipeline made by `fit`
    frame : DataFrame of raw rows
    interval : coverage in (0, 1); adds the ends of each value's interval, `target_lower` and `target_upper`
    sets : coverage in (0, 1); adds for every class whether it is in the row's set, `set(target=class)`
    prepared : the rows from `model["prepare"]`, if the caller has them already

    Returns
    -------
    DataFrame of the same rows; probabilities are named `P(target=class)`, for several targets that of the second class. There is no
    warning of rows outside the training range, which callers count

    Raises
    ------
    InvalidParameterError
        For an interval of classes, or one that the estimator cannot compute; for sets of numbers, or without rows that were held out.
    """
    task, targets, labels = answers_of(model)
    estimator = model["estimator"]
    X = model["prepare"].transform(frame) if prepared is None else prepared
    answer = np.asarray(estimator.predict(X))
    if task == "regression":
        if sets is not None:
            raise InvalidParameterError(
                f"sets={sets:g} asks for sets of classes, but {', '.join(targets)} is a number: ask for an interval of that coverage, "
                f"interval={sets:g} or --interval {sets:g}"
            )
        return _values(targets, answer, None if interval is None else estimator.predict_interval(X, interval), frame.index)
    if interval is not None:
        raise InvalidParameterError(
            f"interval={interval:g} asks for intervals of numbers, but {', '.join(targets)} is a class: use its probabilities, or sets of "
            f"classes, sets={interval:g} or --sets {interval:g}"
        )
    shares = np.asarray(estimator.predict_proba(X))
    inside = None if sets is None else np.asarray(estimator.predict_set(X, sets))
    if len(targets) == 1:
        name = targets[0]
        named = {name: answer, **_by_class("P", name, labels[0], shares)}
        return pd.DataFrame(named | ({} if inside is None else _by_class("set", name, labels[0], inside)), frame.index)
    named = {}
    for k, (name, classes) in enumerate(zip(targets, labels, strict=True)):
        named[name] = labels_array(classes)[answer[:, k]]
        named[f"P({name}={classes[1]})"] = shares[:, k]
        named |= {} if inside is None else _by_class("set", name, classes, inside[:, k])
    return pd.DataFrame(named, frame.index)


def _by_class(what: str, name: str, classes: tuple[Any, ...], values: np.ndarray) -> dict[str, Any]:
    """One column for each class."""
    return {f"{what}({name}={label})": column for label, column in zip(classes, values.T, strict=True)}


def answers_of(model: Pipeline) -> tuple[Task, tuple[str, ...], tuple[tuple[Any, ...], ...]]:
    """What a model predicts: its task, the names of its targets, and the classes of each; its own if it was fitted again."""
    if known_facts(model) is None and hasattr(model, "facts_"):
        own = portable(model)
        return ("classification" if own.is_classifier else "regression"), own.targets, own.classes
    facts = facts_of(model)
    return facts.task, facts.targets, facts.classes


def output_names(model: Pipeline) -> list[str]:
    """A name for each answer of the network: its target, or the class whose probability it is."""
    task, targets, labels = answers_of(model)
    if task == "regression":
        return list(targets)
    of_classes = labels[0] if len(targets) == 1 and len(labels[0]) > 2 else ()
    return [f"P({targets[0]}={label})" for label in of_classes] or [
        f"P({name}={two[-1]})" for name, two in zip(targets, labels, strict=True)
    ]


def _values(targets: tuple[str, ...], answer: np.ndarray, ends: tuple[np.ndarray, np.ndarray] | None, index: Any) -> pd.DataFrame:
    columns = dict(zip(targets, answer.reshape(len(index), -1).T, strict=True))
    if ends is None:
        return pd.DataFrame(columns, index)
    lower, upper = (dict(zip(targets, end.reshape(len(index), -1).T, strict=True)) for end in ends)
    named = {}
    for name, values in columns.items():
        named.update({name: values, f"{name}_lower": lower[name], f"{name}_upper": upper[name]})
    return pd.DataFrame(named, index)
