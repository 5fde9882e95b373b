"""Target means: what stands for the level of a category with many levels, found by cross-fitting.

The mean of the target over the training rows of a level, shrunk towards the mean of all rows: one number for each numeric target, for
the second of two classes, and for each of several. A training row gets the means of rows in other folds, so that its own target is not
among its inputs; rows to predict get those of all training rows.

The formula is that of scikit-learn's `TargetEncoder(smooth=…)` (Micci-Barreca 2001), over sums by fold and level: sums add up, so rows may
be in memory, in blocks or in partitions, and have weights. `smooth` is the empirical-Bayes estimate for all levels of a column together.
scikit-learn's smooth="auto" estimates each level's own variance, which is 0 for a level of one row, so that its mean is not shrunk
at all (`benchmarks/categories.py` compares both).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoal.errors import TableError
from shoal.table.columns import MISSING, Column, rare_below
from shoal.types import Floats

FOLDS = 10  # with a time the rows of the first have no earlier ones, and no means of their own
VARIED = 5  # different rows that a level has on average, if rows with the same inputs can stay together
OWN_ROWS, OWN_SHARE = 100, 50  # rows of a level with a column of its own: so many, and one of so many
MOST_OWN = 16
MOST_MEANS = 10_000  # levels whose means a model keeps, the most frequent


class RowRoles(NamedTuple):
    """What beside their inputs decides the folds of rows: the names of their groups, their times, their numbers in the table."""

    groups: NDArray[Any] | None = None
    time: NDArray[Any] | None = None
    numbers: NDArray[np.int64] | None = None


NO_ROLES = RowRoles()


@dataclass(frozen=True)
class Outputs:
    """What target means are of.

    Attributes
    ----------
    names : tuple of str
        "mean of price", "share of yes".
    labels : tuple of labels or None
        The classes of the one target, one output each; None for numbers, and for several targets of 0 and 1.
    """

    names: tuple[str, ...]
    labels: tuple[Any, ...] | None = None

    def numbers(self, y: NDArray[Any]) -> Floats:
        """The outputs of rows with these targets, `(m, n)`."""
        if self.labels is None:
            return np.asarray(y, np.float64).reshape(len(y), -1)
        return np.stack([np.asarray(y) == label for label in self.labels], axis=1).astype(np.float64)


def outputs_of(task: str, targets: Sequence[str], classes: Sequence[Sequence[Any]]) -> Outputs:
    """What the target means of a table are of.

    Parameters
    ----------
    task : {"classification", "regression"}
    targets : their names
    classes : of each target; none for regression

    Examples
    --------
    >>> outputs_of("classification", ["paid"], [["no", "yes"]]).names
    ('share of yes',)
    """
    if task == "regression":
        return Outputs(tuple(f"mean of {name}" for name in targets))
    if len(classes) == 1:
        labels = tuple(classes[0][1:] if len(classes[0]) == 2 else classes[0])
        return Outputs(tuple(f"share of {label}" for label in labels), labels)
    return Outputs(tuple(f"share of {name}={labels[1]}" for name, labels in zip(targets, classes, strict=True)))


@dataclass(frozen=True)
class TargetMeans:
    """The target means of a category's levels, of all training rows.

    Attributes
    ----------
    outputs : tuple of str
    overall : tuple of float
        Of all rows, for each output: what levels that training never saw and empty cells get.
    means : tuple of tuples of float
        Of each output those of the levels, in their order.
    own : tuple of int
        Places of the levels that have a column of their own beside.
    """

    outputs: tuple[str, ...]
    overall: tuple[float, ...]
    means: tuple[tuple[float, ...], ...]
    own: tuple[int, ...]

    def table(self) -> Floats:
        """The means by place, the last of all rows: `(n_levels + 1, n_outputs)`."""
        return np.vstack([np.array(self.means, np.float64).reshape(len(self.outputs), -1).T, self.overall])


def common_levels(counts: pd.Series) -> list[str]:
    """The levels with a column of their own beside target means, the most frequent first.

    A network learns of them what is no matter of a mean, such as how the other columns count among their rows. An empty cell has one too.
    """
    often = counts[counts >= max(OWN_ROWS, counts.sum() / OWN_SHARE)].index[:MOST_OWN]
    gap = (counts.index == MISSING) & (counts.to_numpy() >= rare_below(int(counts.sum())))
    return [str(level) for level in counts[counts.index.isin(often) | gap].index]


# --- folds ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FoldRule:
    """Which fold each row is in, from the row alone.

    Attributes
    ----------
    by : {"content", "number", "group", "time"}
        Rows with the same inputs are in one fold, those of one group, or those of one period; or each is drawn by its number.
    edges : tuple of float
        The times at which further periods begin.
    """

    by: Literal["content", "number", "group", "time"]
    edges: tuple[float, ...] = ()

    @property
    def n(self) -> int:
        """How many folds there are."""
        return len(self.edges) + 1 if self.by == "time" else FOLDS

    def folds(self, typed: pd.DataFrame, roles: RowRoles) -> NDArray[np.int64]:
        """The folds of the rows of a typed frame, `(m,)`."""
        if self.by == "time":
            assert roles.time is not None
            return np.asarray(np.searchsorted(np.array(self.edges), np.asarray(roles.time, np.float64), side="right"), np.int64)
        if self.by == "group":
            keys = pd.util.hash_array(np.asarray(roles.groups).astype(str).astype(object))
        elif self.by == "content":
            keys = content_keys(typed)
        else:
            keys = numbers_of(typed, roles).astype(np.uint64)
        return np.asarray(pd.util.hash_array(keys) % np.uint64(FOLDS), np.int64)

    def others(self, sums: Floats) -> Floats:
        """Of sums by fold `(n, …)` those over the rows whose targets each fold gets: all others, or with a time all earlier ones."""
        n = np.arange(len(sums))  # no sum is taken off another: what is left would have the rounding of a row's own target
        return np.stack([sums[n < fold if self.by == "time" else n != fold].sum(axis=0) for fold in n])


def fold_rule(typed: pd.DataFrame, roles: RowRoles, n_levels: int) -> FoldRule:
    """How rows get their folds, decided from all of them, or from a sample.

    Rows with the same inputs stay in one fold, since they are held out together elsewhere too, unless that would put most rows of a level
    into one fold.
    """
    if roles.time is not None:
        times = np.asarray(roles.time, np.float64)
        edges = np.unique(np.quantile(times, np.arange(1, FOLDS) / FOLDS, method="higher"))
        return FoldRule("time", tuple(edges[edges > times.min()].tolist()))
    if roles.groups is not None:
        return FoldRule("group")
    return FoldRule("content" if len(np.unique(content_keys(typed))) >= VARIED * n_levels else "number")


def content_keys(typed: pd.DataFrame) -> NDArray[np.uint64]:
    """64 bits for each row of a typed frame, equal for rows with the same cells."""
    cells = typed.apply(lambda column: column if column.dtype.kind == "f" else column.astype(object))
    return np.asarray(pd.util.hash_pandas_object(cells, index=False), np.uint64)


def numbers_of(typed: pd.DataFrame, roles: RowRoles) -> NDArray[np.int64]:
    """The rows' numbers, or their places where they have none."""
    return np.arange(len(typed)) if roles.numbers is None else roles.numbers


# --- sums -----------------------------------------------------------------------------------------------------------


@dataclass
class LevelSums:
    """Sums over the rows of each level of one column, by fold: `sums (n_folds, n_levels, 1 + 2 n)` of weights, outputs, squares."""

    sums: Floats
    places: dict[str, int] = field(default_factory=dict)

    def see(self, cells: pd.Series, folds: NDArray[np.int64], parts: Floats) -> None:
        """Take in rows: their text cells, folds, and what is summed `(m, 1 + 2 n)`."""
        codes, texts = pd.factorize(cells.astype(object).fillna(MISSING))
        at = self.places_of(texts)[codes]
        n_folds, n_levels, width = self.sums.shape
        for k in range(width):
            added = np.bincount(folds * n_levels + at, weights=parts[:, k], minlength=n_folds * n_levels)
            self.sums[:, :, k] += added.reshape(n_folds, n_levels)

    def places_of(self, texts: Iterable[str]) -> NDArray[np.int64]:
        """The places of texts; new ones get the next."""
        at = np.array([self.places.setdefault(text, len(self.places)) for text in texts], np.int64)
        new = len(self.places) - self.sums.shape[1]
        self.sums = np.pad(self.sums, ((0, 0), (0, new), (0, 0))) if new else self.sums
        return at

    def add(self, other: "LevelSums") -> None:
        """Take in the sums of other rows."""
        at = self.places_of(list(other.places))
        self.sums[:, at] += other.sums


@dataclass
class TargetSums:
    """What target means are made of, chunk by chunk; sums add up.

    Attributes
    ----------
    outputs : Outputs
    rule : FoldRule
    anchor, scale : ndarray, (n,)
        Near the outputs' means, and the largest distance of some rows from them: sums of squares lose no digits, and stay finite.
    columns : dict
        The sums of every category with target means.
    weights : tuple
        The sum of all weights above 0, their number, and whether all are whole.
    """

    outputs: Outputs
    rule: FoldRule
    anchor: Floats
    scale: Floats
    columns: dict[str, LevelSums]
    weights: tuple[float, int, bool] = (0.0, 0, True)

    def see(self, typed: pd.DataFrame, y: NDArray[Any], roles: RowRoles, weight: Floats | None = None) -> None:
        """Take in rows that are learned from: typed, with their targets."""
        Y = (self.outputs.numbers(y) - self.anchor) / self.scale
        w = np.ones(len(Y)) if weight is None else np.asarray(weight, np.float64)
        counted = w[w > 0]
        total, n, whole = self.weights
        self.weights = total + float(counted.sum()), n + len(counted), whole and bool((w == np.floor(w)).all())
        parts = np.hstack([w[:, None], w[:, None] * Y, w[:, None] * Y * Y])
        folds = self.rule.folds(typed, roles)
        for name, sums in self.columns.items():
            sums.see(typed[name], folds, parts)

    def empty(self) -> "TargetSums":
        """Sums of no rows, to be added to these."""
        width = 1 + 2 * len(self.outputs.names)
        columns = {name: LevelSums(np.zeros((self.rule.n, 0, width))) for name in self.columns}
        return TargetSums(self.outputs, self.rule, self.anchor, self.scale, columns)

    def add(self, other: "TargetSums") -> None:
        """Take in the sums of other rows."""
        self.weights = (
            self.weights[0] + other.weights[0],
            self.weights[1] + other.weights[1],
            self.weights[2] and other.weights[2],
        )
        for name, sums in other.columns.items():
            self.columns[name].add(sums)

    @property
    def unit(self) -> float:
        """The weight of one row: 1 if weights count rows, else their mean."""
        total, n, whole = self.weights
        return 1.0 if whole or not n else total / n

    def found(self, name: str, levels: Sequence[str], own: Collection[str]) -> tuple[Floats, Floats]:
        """The means of levels and, last, of all rows: of all rows `(n_levels + 1, n)`, and for each fold `(n_folds, n_levels + 1, n)`.

        Levels with a column of their own get the mean of all rows too, and so do empty cells, which say nothing of their level.
        """
        sums = self.columns[name]
        by_fold = sums.sums / self.unit
        at = np.array([sums.places.get(text, -1) for text in levels], np.int64)
        whole = shrunken(by_fold.sum(axis=0), None)
        overall = whole[-1]
        parts = np.stack([shrunken(each, overall) for each in self.rule.others(by_fold)])
        without = [text == MISSING or text in own for text in levels]
        at = np.where((at < 0) | without, len(sums.places), at)
        places = np.append(at, len(sums.places))
        return whole[places] * self.scale + self.anchor, parts[:, places] * self.scale + self.anchor


def target_sums(columns: Sequence[Column], outputs: Outputs, rule: FoldRule, Y: Floats) -> TargetSums:
    """Sums of no rows; `Y` are some outputs."""
    anchor = Y.mean(axis=0) if len(Y) else np.zeros(len(outputs.names))
    far = np.abs(Y - anchor).max(axis=0, initial=0.0)
    return TargetSums(
        outputs, rule, anchor, np.where(far > 0, far, 1.0), {column.name: LevelSums(np.empty((0, 0, 0))) for column in with_means(columns)}
    ).empty()


def with_means(columns: Sequence[Column]) -> list[Column]:
    """The categories with target means."""
    return [column for column in columns if column.kind == "category" and column.target_means]


def shrunken(sums: Floats, without: Floats | None) -> Floats:
    """The means of levels, and last of all rows, `(n_levels + 1, n)`, from sums `(n_levels, 1 + 2 n)`.

    The mean of a level of so many rows n counts n / (n + smooth), and that of all rows the rest. Where there are no rows the mean of all
    is `without`.
    """
    n, total = sums[:, :1], sums.sum(axis=0)
    width = (sums.shape[1] - 1) // 2
    if total[0] <= 0:
        return np.tile(np.zeros(width) if without is None else without, (len(sums) + 1, 1))
    overall = total[1 : 1 + width] / total[0]
    trust = n / np.maximum(n + smoothing(sums), np.finfo(np.float64).tiny)
    mean = sums[:, 1 : 1 + width] / np.where(n > 0, n, 1.0)
    return np.vstack([overall + trust * (mean - overall), overall])


def smoothing(sums: Floats) -> Floats:
    """Of each output the rows of a level that count as much as what is known of all levels, `(n,)`, from sums `(n_levels, 1 + 2 n)`.

    The variance of rows inside their levels, divided by that of the levels' expected values, both estimated from mean squares as in a
    one-way analysis of variance with random effects; infinite where the levels differ by no more than chance makes them.
    """
    n, total = sums[:, :1], sums.sum(axis=0)
    width, m, seen = (sums.shape[1] - 1) // 2, float(total[0]), int((n > 0).sum())
    mean = sums[:, 1 : 1 + width] / np.where(n > 0, n, 1.0)
    inside = np.maximum(sums[:, 1 + width :] - n * mean**2, 0.0).sum(axis=0)
    between = (n * (mean - total[1 : 1 + width] / m) ** 2).sum(axis=0)
    if m <= seen or seen < 2:
        return np.full(width, np.inf)
    of_rows = inside / (m - seen)
    of_levels = np.maximum(between - (seen - 1) * of_rows, 0.0) / (m - float((n**2).sum()) / m)
    return np.where(of_levels > 0, of_rows / np.where(of_levels > 0, of_levels, 1.0), np.inf)


# --- training rows --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CrossFitted:
    """What training rows get instead of the means of all rows.

    Attributes
    ----------
    rule : FoldRule
    tables : dict
        Of every category with target means those of other folds, `(n_folds, n_levels + 1, n)`.
    """

    rule: FoldRule
    tables: Mapping[str, Floats]


def refuse_without_target(columns: Sequence[Column]) -> None:
    """Refuse to fit without targets what needs them."""
    names = [column.name for column in with_means(columns)]
    if names:
        raise TableError(f"The column {names[0]!r} is to be read by target means, and there is no target: give y to fit.")
