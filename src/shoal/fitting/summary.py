"""Facts about rows as sums: they determine the encoding and the targets, and those of blocks, files and machines add up.

A fit in memory finds the same numbers from all rows at once, to rounding.

The check of the user's own validation rows, `X_val`: do they resemble the training rows?

The steps of a Pipeline before the network transform X but not `X_val`. After a StandardScaler the networks then learn from z-scores and
are evaluated on raw values without a warning. The check cannot be certain; it warns of clear cases.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shoal.encoding import Encoding, TargetScale, plain, scale_of, z_scores
from shoal.errors import DataError, OtherScaleWarning
from shoal.fitting.settings import Settings
from shoal.fitting.targets import Targets, encode_targets, fit_targets, initial_bias, number_targets, unscaled
from shoal.fitting.weights import are_whole, rounded
from shoal.network import value_range
from shoal.textbook.losses import make_loss
from shoal.types import Floats


@dataclass(frozen=True)
class Moments:
    """Total weight, mean and Σ w (x − mean)² of columns, `(n,)`. Two of them add up with `+` (Chan, Golub & LeVeque 1983)."""

    weight: float
    mean: Floats
    squares: Floats

    def __add__(self, other: "Moments") -> "Moments":
        weight = self.weight + other.weight
        if weight == 0:
            return self
        apart, share = other.mean - self.mean, other.weight / weight
        return Moments(weight, self.mean + share * apart, self.squares + other.squares + self.weight * share * apart**2)

    def scale(self, what: str) -> tuple[Floats, Floats]:
        """Mean and standard deviation, as in `encoding.moments`."""
        return self.mean, scale_of(self.mean, self.squares / self.weight, what)


@dataclass(frozen=True)
class Summary:
    """Sums over rows. Two summaries of different rows add up with `+`.

    Attributes
    ----------
    m, counted : int
        Rows, and those of a weight above 0.
    inputs, targets : Moments
        Of the columns of X and of y; a class is not a target here.
    flags : ndarray of bool, (n,)
        Which columns contain 0 and 1 only.
    lowest, highest : ndarray, (n,)
        Over the rows of a weight above 0.
    classes : ndarray, (c,)
        The labels, sorted; none for a regression.
    class_rows, class_weights : ndarray, (c,)
    columns : int
        Of y; 0 where it is one vector.
    least : float
        The smallest target.
    whole : bool
        Whether all weights are whole numbers.
    """

    m: int
    counted: int
    inputs: Moments
    targets: Moments
    flags: NDArray[np.bool_]
    lowest: Floats
    highest: Floats
    classes: NDArray[Any]
    class_rows: NDArray[np.int64]
    class_weights: Floats
    columns: int
    least: float
    whole: bool = True

    def __add__(self, other: "Summary") -> "Summary":
        if not self.m or not other.m:
            return self if self.m else other
        classes = np.union1d(self.classes, other.classes)
        rows, weights = np.zeros(len(classes), np.int64), np.zeros(len(classes))
        for part in (self, other):
            at = np.searchsorted(classes, part.classes)
            rows[at] += part.class_rows
            weights[at] += part.class_weights
        return Summary(
            self.m + other.m,
            self.counted + other.counted,
            self.inputs + other.inputs,
            self.targets + other.targets,
            self.flags & other.flags,
            np.minimum(self.lowest, other.lowest),
            np.maximum(self.highest, other.highest),
            classes,
            rows,
            weights,
            self.columns,
            min(self.least, other.least),
            self.whole and other.whole,
        )

    @property
    def unit(self) -> float:
        """The weight of one row, as in `fitting.weights.unit_of`."""
        return 1.0 if self.whole else rounded(self.inputs.weight / self.counted)


def summary_of(X: Floats, y: NDArray[Any], weight: Floats | None, *, classes: bool) -> Summary:
    """The summary of rows `X (m, n)` with labels (`classes`) or targets `y`, `(m,)` or `(m, n_y)`; `weight (m,)`."""
    w = np.ones(len(X)) if weight is None else weight
    some = X if weight is None else X[w > 0]
    ends = (some.min(axis=0), some.max(axis=0)) if len(some) else (np.full(X.shape[1], np.inf), np.full(X.shape[1], -np.inf))
    named = classes and y.ndim == 1
    labels, at = np.unique(y if named else np.empty(0), return_inverse=True)
    Y = np.empty((len(X), 0)) if named else np.asarray(y, np.float64).reshape(len(X), -1)
    return Summary(
        len(X),
        int(np.count_nonzero(w)),
        moments_of(X, w),
        moments_of(Y, w),
        np.all((X == 0) | (X == 1), axis=0),
        np.asarray(ends[0], np.float64),
        np.asarray(ends[1], np.float64),
        labels,
        np.bincount(at, minlength=len(labels)),
        np.bincount(at, weights=w if named else None, minlength=len(labels)).astype(np.float64),
        y.shape[1] if y.ndim == 2 else 0,
        float(Y.min()) if Y.size else np.inf,
        are_whole(w),
    )


def moments_of(X: Floats, weight: Floats | None) -> Moments:
    """The moments of rows `(m, n)` of the weights `(m,)`, None if each counts once."""
    w = np.ones(len(X)) if weight is None else weight
    total, n = float(w.sum()), X.shape[1]
    if total == 0:
        return Moments(0.0, np.zeros(n), np.zeros(n))
    with np.errstate(over="ignore", invalid="ignore"):  # `scale` names the error
        shift = X[0].astype(np.float64)  # a column far from 0 keeps its digits
        mean = shift + w @ (X - shift) / total
        return Moments(total, mean, w @ (X - mean) ** 2)


def encoding_from(summary: Summary, standardize: bool, limits: Floats | None = None) -> Encoding:
    """The encoding of `encoding.fit_encoding` without ramps; the summary's inputs are those within the limits."""
    if not standardize:
        return plain(len(summary.flags))
    return replace(z_scores(*summary.inputs.scale("X"), summary.flags), limits=limits)


def targets_from_sums(settings: Settings, summary: Summary) -> Targets:
    """The meaning of y, decided as in `fit_targets` for rows in memory.

    Raises
    ------
    DataError
        For one class only, counts below 0, and rows that all have weight 0.
    """
    if settings.task == "classification":
        return fit_targets(settings, typical_targets(summary), None)
    if summary.targets.weight == 0:
        raise DataError("every sample_weight is 0: there are no rows to learn from")
    mean, scale = summary.targets.scale("y")
    scaled = settings.standardize and make_loss(settings.loss).scales_target
    targets = number_targets(settings, TargetScale(mean, scale) if scaled else unscaled(len(mean)), one_column=not summary.columns)
    encode_targets(targets, np.full((1, len(mean)), summary.least))  # raises an error for counts below 0
    return targets


def bias_from(targets: Targets, summary: Summary) -> Floats:
    """The initial output biases of `initial_bias`, `(n_z,)`."""
    weight = summary.class_weights if targets.classes is not None and targets.one_column else None
    return initial_bias(targets, encode_targets(targets, typical_targets(summary)), weight)


def typical_targets(summary: Summary) -> NDArray[Any]:
    """Representative targets: each class once, else the mean of the columns."""
    return summary.classes if len(summary.classes) else summary.targets.mean[None]


ROWS = 1_000  # of X_val that are checked
FAR = 0.5  # fraction of the rows beyond a column's range, extended by its width on both sides, from which on the scale differs
FEW = 20  # rows, below which a narrow range means nothing
NARROW = 0.01  # of the range of every column


def warn_of_other_scale(X: Any, weight: Floats | None, X_val: Any, names: Sequence[str]) -> None:
    """Warn if the columns of `X_val (m_val, n)` have another scale than those of the training rows `X (m, n)`.

    That is the case if most rows are far outside the range of a column, or if all columns hardly vary.
    """
    rows = X_val[np.linspace(0, X_val.shape[0] - 1, min(ROWS, X_val.shape[0])).astype(np.int64)]
    rows = np.asarray(rows.toarray() if sparse.issparse(rows) else rows, np.float64)
    lowest, highest = value_range(X, weight)
    with np.errstate(over="ignore", invalid="ignore"):
        span = highest - lowest
        far = ((rows < lowest - span) | (rows > highest + span)).mean(axis=0) * (span > 0)
        narrow = np.ptp(rows, axis=0)[span > 0] < NARROW * span[span > 0]
    if far.max() > FAR:
        j = int(far.argmax())
        seen = (
            f"{far[j]:.0%} of its rows are far outside the range of column {names[j]!r} in X, {lowest[j]:g} to {highest[j]:g}: "
            f"the first has {rows[0, j]:g}"
        )
    elif len(rows) >= FEW and len(narrow) and narrow.all():
        seen = f"no column of its {X_val.shape[0]} rows covers a hundredth of its range in X"
    else:
        return
    warnings.warn(
        OtherScaleWarning(
            f"X_val seems to be of another scale than X: {seen}. The steps of a Pipeline before the network do not transform X_val. Use "
            "model[:-1].transform(X_val) of a fitted copy, or Pipeline(…, transform_input=['X_val']) (docs/from-sklearn.md), or leave "
            "scaling to the network, standardize=True"
        ),
        stacklevel=5,
    )
