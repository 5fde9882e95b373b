"""Scores of a model on a table, and for each group of its rows: how often intervals cover, or predictions are correct, for the values
of one column.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv
from sklearn.pipeline import Pipeline

from shoal.table import Task, targets_of
from shoal.table.frames import Table
from shoal.table_models.facts import Evaluation, facts_of
from shoal.table_models.fit_notes import rare_classes_of
from shoal.table_models.model import columns_of
from shoal.table_models.scores import Metrics, metrics_of, rows_that_count, sureness_of
from shoal.table_models.splits import frame_of, named_column, text_targets, weighed
from shoal.types import Floats

MOST_GROUPS = 20  # of a column of numbers with more values, five ranges of as many rows; of texts the most frequent and the others
RANGES = 5
FEW_ROWS = 30  # in fewer, a coverage of 90 % is known to no better than ± 11 points
MISSING, OTHERS = "(missing)", "(others)"


@dataclass(frozen=True)
class GroupScore:
    """The scores of the rows of one group.

    Attributes
    ----------
    label : str
        The value of the column.
    n_rows : int
        Rows of weight above 0.
    scores : dict
        As `Evaluation.metrics` and `sureness`.
    low, high : float or None
        Within which the group's true coverage (of classes: accuracy) lies with 95 % confidence (Clopper and Pearson 1934); None for a
        regression without calibration.
    """

    label: str
    n_rows: int
    scores: Metrics
    low: float | None
    high: float | None


class KnownPredictions:
    """A fitted estimator's predictions of prepared rows `X (m, n)`, each computed once; the rows are named by their numbers from 0."""

    def __init__(self, estimator: Any, X: Any) -> None:
        self.estimator, self.X = estimator, X
        self.known: dict[Any, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.estimator, name)  # its classes, thresholds and network; an AttributeError where it has none

    def of(self, rows: NDArray[np.int64], method: str, *given: Any) -> Any:
        """What the estimator's method gives for some rows: an array, or a pair of arrays."""
        found = self.known.get((method, *given))
        if found is None:
            found = self.known[(method, *given)] = getattr(self.estimator, method)(self.X, *given)
        return tuple(part[rows] for part in found) if isinstance(found, tuple) else found[rows]

    def predict(self, rows: NDArray[np.int64]) -> Any:
        """As the estimator's."""
        return self.of(rows, "predict")

    def predict_proba(self, rows: NDArray[np.int64]) -> Any:
        """As the estimator's."""
        return self.of(rows, "predict_proba")

    def predict_interval(self, rows: NDArray[np.int64], coverage: float) -> Any:
        """As the estimator's."""
        return self.of(rows, "predict_interval", coverage)

    def predict_quantiles(self, rows: NDArray[np.int64], levels: Sequence[float]) -> Any:
        """As the estimator's."""
        return self.of(rows, "predict_quantiles", tuple(levels))


def evaluation(model: Pipeline, table: Table, by: str | None) -> Evaluation:
    """A model's scores on the rows of a table, and for each group of a column of it, which may be one that the model does not use.

    Raises
    ------
    ColumnsError
        For a table without the column.
    """
    facts, columns = facts_of(model), columns_of(model)
    frame = frame_of(table, columns, texts=text_targets(facts.targets, facts.classes, facts.target_columns))
    labels = None if by is None else labels_of(named_column(frame, by, "group"))
    if by is not None and by not in {*(known.name for known in columns), *facts.targets, facts.weights}:
        frame = frame.drop(columns=by)
    found = targets_of(frame, facts.targets, facts.task, facts.classes, columns=facts.target_columns)
    rows, m = frame.iloc[found.rows], len(found.y)
    every, y, weight = rows_that_count(np.arange(m), found.y, weighed(rows, facts.weights or None).get("sample_weight"))
    X = model["prepare"].transform(rows)
    known = KnownPredictions(model["estimator"], X if len(every) == m else X[every])
    seen = np.arange(len(every)), y
    scores, sure = metrics_of(known, *seen, facts.task, weight), sureness_of(known, *seen, weight)
    groups = () if labels is None else group_scores(known, *seen, facts.task, labels[found.rows][every], weight)
    return Evaluation(scores, m, found.n_left_out, sure, *rare_classes_of(known, *seen, weight), by=groups)


def labels_of(column: pd.Series) -> NDArray[Any]:
    """The group of each row as text, `(m,)`: a value, a range of numbers, or those that are not among the most frequent values."""
    values = column.nunique()
    if values > MOST_GROUPS and pd.api.types.is_numeric_dtype(column):
        number = pd.to_numeric(column).astype(float)
        ranges = pd.qcut(number, RANGES, duplicates="drop")
        ends = number.groupby(ranges, observed=True).agg(["min", "max"])
        words = {place: f"{low:.4g} to {high:.4g}" for place, (low, high) in enumerate(ends.to_numpy())}
        return np.array([words.get(code, MISSING) for code in ranges.cat.codes], object)
    texts = column.astype(object).where(column.notna(), MISSING).astype(str)
    if values > MOST_GROUPS:
        texts = texts.where(texts.isin(texts.value_counts().index[:MOST_GROUPS]), OTHERS)
    return np.asarray(texts, object)


def group_scores(
    estimator: Any, X: Any, y: NDArray[Any], task: Task, labels: NDArray[Any], weight: Floats | None = None
) -> tuple[GroupScore, ...]:
    """The scores of every group, in the order in which ranges increase, or with the most rows first.

    Parameters
    ----------
    estimator : fitted
    X, y, weight : prepared rows that it was not trained on, their targets and weights
    task : {"classification", "regression"}
    labels : the group of each row, `(m,)`
    """
    number, names = pd.factorize(labels)
    found = []
    for group, name in enumerate(names):
        mine = np.flatnonzero(number == group)
        rows = rows_that_count(X[mine], y[mine], None if weight is None else weight[mine])
        n = len(rows[1])
        if not n:
            continue
        scores = metrics_of(estimator, rows[0], rows[1], task, rows[2]) | sureness_of(estimator, *rows)
        share = scores.get("accuracy", scores.get("coverage_90"))
        counted = n if rows[2] is None else float(rows[2].sum() ** 2 / (rows[2] ** 2).sum())  # as many rows of equal weight (Kish 1965)
        low, high = (None, None) if share is None or (np.ndim(y) == 2 and task == "regression") else bounds(share, counted)
        found.append(GroupScore(str(name), n, scores, low, high))
    return tuple(sorted(found, key=order_of))


def order_of(group: GroupScore) -> tuple[Any, ...]:
    """Ranges by their numbers, all others by their number of rows."""
    first, to, _ = group.label.partition(" to ")
    try:
        return 0, float(first) if to else 0.0, -group.n_rows, group.label
    except ValueError:
        return 1, 0.0, -group.n_rows, group.label


def bounds(share: float, n: float) -> tuple[float, float]:
    """Within which the probability lies with 95 % confidence, if this share of n rows is observed: Clopper and Pearson.

    Examples
    --------
    >>> [round(v, 3) for v in bounds(0.9, 30)]
    [0.735, 0.979]
    """
    k = share * n
    low = 0.0 if k <= 0 else float(betaincinv(k, n - k + 1, 0.025))
    high = 1.0 if k >= n - 1e-9 else float(betaincinv(k + 1, n - k, 0.975))
    return low, high


def lines_of(groups: Sequence[GroupScore], number: Any) -> tuple[list[str], list[list[str]], str]:
    """A table of the groups for people: its header, its rows, and a sentence about small groups, empty if there are none."""
    shown = {
        "coverage_90": "covered",
        "width_90": "width",
        "accuracy": "accuracy",
        "calibration_error": "calibration error",
        "rmse": "rmse",
    }
    names = [name for name in shown if all(name in group.scores for group in groups)]
    main = next((name for name in ("coverage_90", "accuracy") if name in names), None)
    names = sorted(names, key=lambda name: name != main)
    header = ["group", "rows", *(word for name in names for word in ([shown[name], "95 % confidence"] if name == main else [shown[name]]))]
    rows = []
    for group in groups:
        cells = [group.label, str(group.n_rows)]
        for name in names:
            value = group.scores[name]
            cells.append(number(value) if name in ("width_90", "rmse") else f"{value:.1%}")
            if name == main:
                cells.append("–" if group.low is None else f"{group.low:.1%} to {group.high:.1%}")
        rows.append(cells)
    few = sum(group.n_rows < FEW_ROWS for group in groups)
    words = f"{few} of {len(groups)} groups have fewer than {FEW_ROWS} rows: see how far the 95 % confidence goes." if few else ""
    return header, rows, words
