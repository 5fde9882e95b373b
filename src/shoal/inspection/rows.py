"""What the rows themselves say: constant inputs, classes that are not learned, columns that give the answer away."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.inspection.finding import Finding
from shoal.types import Floats

FEW_ROWS = 100  # below, a column may well be constant by chance
RARE = 0.05  # of the rows
COUNTABLE = 5  # rows of a class: of fewer, none need be right
MISSED = 0.1  # of a rare class's rows are right: it is as good as never predicted
LEAKS = 0.98  # of the error of always saying the same that one column alone takes away
MOST_ROWS = 4000  # are enough to see it
LEAVES = 32  # of the tree that looks at one column: about a bend for every third percent of its rows


def constant_inputs(rows: Floats, names: Sequence[str]) -> list[Finding]:
    """Columns that never change on these rows `(m, n)`."""
    if len(rows) < FEW_ROWS:
        return []
    still = [names[j] for j in range(rows.shape[1]) if np.ptp(rows[:, j]) == 0]
    if not still:
        return []
    shown = ", ".join(map(repr, still[:3])) + (" …" if len(still) > 3 else "")
    seen = f"{len(still)} of {rows.shape[1]} inputs ({shown}) never change on {len(rows)} rows: nothing can be learned from them."
    return [Finding("constant", seen, "Leave them out, or find out why they stand still.", columns=tuple(still))]


def rare_classes(codes: NDArray[np.int64], predicted: NDArray[np.int64], labels: Sequence[Any]) -> list[Finding]:
    """Classes of few rows that the network never, or hardly ever, finds; codes are places in `labels`."""
    missed = []
    for c, label in enumerate(labels):
        own = codes == c
        n = int(own.sum())
        if n >= COUNTABLE and own.mean() < RARE and np.mean(predicted[own] == c) < MISSED:
            missed.append((label, n, int(np.sum(predicted[own] == c))))
    if not missed:
        return []
    label, n, right = missed[0]
    more = f"; {len(missed) - 1} more classes are alike" if len(missed) > 1 else ""
    seen = f"Class {label!r} has {n} of {len(codes)} rows, of which {right} are found{more}."
    return [Finding("imbalance", seen, "Set class_weight='balanced', give more rows of it, or decide by its probability.")]


def leaking_columns(columns: Sequence[tuple[str, Floats]], y: NDArray[Any], *, classes: bool) -> list[Finding]:
    """Columns of which one alone gives the target: it may have been known only after the target was.

    A tree of one column is scored on rows that it has not seen. Where many columns do so, the problem is an easy one.

    Parameters
    ----------
    columns : pairs of a name and its numbers `(m,)`; a category's levels numbered
    y : `(m,)`
    classes : whether y holds labels
    """
    if len(y) < FEW_ROWS or len(columns) < 2:
        return []
    some = np.linspace(0, len(y) - 1, min(len(y), MOST_ROWS)).astype(int)
    found = [(name, gain) for name, values in columns if (gain := taken_away(values[some], y[some], classes)) >= LEAKS]
    if not found or len(found) > max(1, len(columns) // 4):
        return []
    name, gain = max(found, key=lambda pair: pair[1])
    seen = f"{name!r} alone takes {gain:.1%} of the error away: it may be known only once the target is, or be made of it."
    advice = "Ask whether it is there when you predict; if not, leave it out and train again."
    return [Finding("leakage", seen, advice, columns=tuple(each for each, _ in found))]


def taken_away(values: Floats, y: NDArray[Any], classes: bool) -> float:
    """1 − error of one column's tree / error of always saying the same, on rows that the tree has not seen."""
    from sklearn.model_selection import cross_val_predict
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if np.nanmax(values, initial=-np.inf) <= np.nanmin(values, initial=np.inf):
        return 0.0
    tree = (DecisionTreeClassifier if classes else DecisionTreeRegressor)(max_leaf_nodes=LEAVES, random_state=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class in y", UserWarning)
        said = cross_val_predict(tree, values[:, None], y, cv=3)
    if classes:
        _, counts = np.unique(y, return_counts=True)
        base = 1 - counts.max() / len(y)
        return 1 - float(np.mean(said != y)) / base if base > 0 else 0.0
    line = np.corrcoef(values, y)[0, 1] ** 2 if np.isfinite(values).all() and np.var(y) > 0 else 0.0
    tree_gain = 1 - float(np.mean((said - y) ** 2)) / float(np.var(y)) if np.var(y) > 0 else 0.0
    return max(tree_gain, float(line))
