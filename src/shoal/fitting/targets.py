"""Targets: the contents of `y`, and the matrix Y that a network learns.

`fit_targets` decides once, from the first rows: the classes, or the scale of the numbers, and the output unit with its loss. Then
`encode_targets` turns any y into Y by the same decision. `Targets` is frozen: a later call cannot change an earlier decision.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from shoal.encoding import TargetScale, decode_target, encode_target, fit_target
from shoal.errors import DataError
from shoal.fitting.settings import Settings, Task
from shoal.textbook.losses import Loss, make_loss
from shoal.types import Floats


@dataclass(frozen=True)
class Targets:
    """The meaning of a fit's targets.

    Attributes
    ----------
    task : {"classification", "regression"}
    loss : str
        The output unit with its loss, a name in `textbook.losses`.
    classes : ndarray, (n_classes,), or None
        Sorted labels; for several columns of 0 and 1 the numbers of the columns; None for a regression.
    scale : TargetScale or None
        Center and scale of each number, `(n_y,)`; None for classes.
    one_column : bool
        Whether y is a vector `(m,)`. A classification with several columns has several labels for each row.
    delta, q : float
        Huber's threshold in units of the scaled target; the quantile.
    """

    task: Task
    loss: str
    classes: NDArray[Any] | None = None
    scale: TargetScale | None = None
    one_column: bool = True
    delta: float = 1.0
    q: float = 0.5

    @property
    def multilabel(self) -> bool:
        """Whether a row may have several labels."""
        return self.classes is not None and not self.one_column

    @property
    def g2(self) -> Loss:
        """The output unit."""
        return make_loss(self.loss, delta=self.delta, q=self.q)

    @property
    def n_columns(self) -> int:
        """Columns of y."""
        if self.scale is not None:
            return len(self.scale.center)
        return 1 if self.one_column or self.classes is None else len(self.classes)

    @property
    def n_y(self) -> int:
        """Columns of Y: one for two classes (the chapter's sigmoid output), else one for each class, label or number."""
        if self.classes is None or not self.one_column:
            return self.n_columns
        return 1 if len(self.classes) == 2 else len(self.classes)

    @property
    def n_z(self) -> int:
        """Logits of an example."""
        return self.g2.logits_per_target * self.n_y


@dataclass(frozen=True)
class EncodedTargets:
    """Targets in the network's form, `Y (m, n_y)`, and for classes the index of each row's label, `labels (m,)`, else None."""

    Y: Floats
    labels: NDArray[np.int64] | None = None


def checked_targets(task: Task, y: Any) -> NDArray[Any]:
    """y as an array for `fit_targets`: labels `(m,)`, columns of 0 and 1 `(m, k)`, or numbers in float64.

    Raises
    ------
    DataError
        For text instead of numbers, and several columns with more than two values each.
    ValueError
        scikit-learn's, for invalid targets of a classifier.
    """
    return checked_labels(y) if task == "classification" else checked_numbers(y)


def checked_labels(y: Any) -> NDArray[Any]:
    """Labels `(m,)` or columns of 0 and 1 `(m, k)`."""
    if isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype.kind in "biuU":
        return y  # certainly classes; scikit-learn needs 0.2 ms to find that out
    kind = type_of_target(y)
    if kind == "unknown":
        raise DataError(f"Unknown label type: {of_types(y)}. Labels are all texts, all whole numbers or all truth values: convert them")
    if kind not in ("binary", "multiclass"):
        check_classification_targets(y)  # raises scikit-learn's error for invalid targets
    if kind == "multilabel-indicator":
        return checked_flags(np.asarray(y.toarray() if sparse.issparse(y) else y))
    if kind == "multiclass-multioutput":
        raise DataError("y has several columns with more than two values each; give one column of classes, or columns of 0 and 1")
    return np.asarray(column_or_1d(y, warn=True))


def checked_flags(Y: NDArray[Any]) -> NDArray[Any]:
    """Several columns of 0 and 1, `(m, k)`."""
    others = (Y != 0) & (Y != 1)
    if others.any():
        row, column = np.argwhere(others)[0]
        raise DataError(
            f"column {column} of y has {Y[row, column]} in row {row + 1}; several columns must have 0 for no and 1 for yes: convert them"
        )
    return Y


def of_types(y: Any) -> str:
    """The types of the labels, as part of a sentence."""
    kinds = sorted({type(label).__name__ for label in np.asarray(y, object).ravel()})
    return f"y holds labels of {'the type' if len(kinds) == 1 else 'several types,'} {', '.join(kinds)}"


def checked_numbers(y: Any) -> Floats:
    """Numbers `(m,)` or `(m, n_y)` in float64."""
    y = y.toarray() if sparse.issparse(y) else np.asarray(y)
    if y.dtype.kind in "OUS":
        try:
            y = y.astype(np.float64)
        except ValueError as error:
            raise DataError(f"y has text instead of numbers ({error}); for classes use ShoalClassifier") from None
        except (TypeError, OverflowError) as error:
            raise DataError(f"{of_types(y)} instead of numbers ({error}); convert them") from None
    return np.asarray(y, np.float64)


def fit_targets(settings: Settings, y: NDArray[Any], weight: Floats | None, classes: NDArray[Any] | None = None) -> Targets:
    """Decide the meaning of the first rows' targets.

    Parameters
    ----------
    settings : Settings
    y : ndarray, as `checked_targets` gives it
    weight : ndarray, (m,), or None
    classes : ndarray or None
        All classes, if these rows may lack some.

    Raises
    ------
    DataError
        For one class only.
    """
    if settings.task == "regression":
        Y = y.reshape(len(y), -1)
        scaled = settings.standardize and make_loss(settings.loss).scales_target
        return number_targets(settings, fit_target(Y, weight) if scaled else unscaled(Y.shape[1]), one_column=y.ndim == 1)
    if y.ndim == 2:
        return Targets("classification", "sigmoid", np.arange(y.shape[1]), one_column=False)
    known = np.unique(y) if classes is None else classes
    if len(known) < 2:
        raise DataError(f"y has 1 class only, {known.tolist()[0]!r}: a classifier needs at least 2")
    return Targets("classification", "sigmoid" if len(known) == 2 else "softmax", known)


def number_targets(settings: Settings, scale: TargetScale, *, one_column: bool) -> Targets:
    """The targets of a regression whose scale is known."""
    return Targets("regression", settings.loss, None, scale, one_column, settings.delta, settings.q)


def unscaled(n_y: int) -> TargetScale:
    """Targets that are learned without scaling."""
    return TargetScale(np.zeros(n_y), np.ones(n_y))


def encode_targets(targets: Targets, y: NDArray[Any]) -> EncodedTargets:
    """y, from `checked_targets`, in the network's form.

    Raises
    ------
    DataError
        For another number of columns, unknown labels, and counts below 0.
    """
    if targets.scale is not None:
        return EncodedTargets(encode_target(targets.scale, checked_columns(targets, y)))
    if (y.ndim == 2) == targets.one_column:
        seen, earlier = (f"{y.shape[1]} columns", "one column of classes") if y.ndim == 2 else ("one column", "columns of 0 and 1")
        raise DataError(f"y has {seen}, but the network was fitted with {earlier}")
    assert targets.classes is not None
    if y.ndim == 2:
        if y.shape[1] != len(targets.classes):
            raise DataError(f"y has {y.shape[1]} columns, but the network was fitted with {len(targets.classes)}")
        return EncodedTargets(y.astype(np.float64))
    codes = places(targets.classes, y)
    return EncodedTargets(one_hot(codes, len(targets.classes)), codes)


def one_hot(codes: NDArray[np.int64], n_classes: int) -> Floats:
    """Y of class numbers: one column for two classes (the chapter's sigmoid output), else one for each."""
    return codes[:, None].astype(np.float64) if n_classes == 2 else np.eye(n_classes)[codes]


def checked_columns(targets: Targets, y: Floats) -> Floats:
    """Numbers `(m, n_y)`, as many as the network was fitted with; counts are 0 or more."""
    Y = y.reshape(len(y), -1)
    least = targets.g2.least
    if float(np.min(Y, initial=np.inf)) < least:
        raise DataError(f"loss={targets.loss!r} takes y of {least:g} or more, but y has {float(np.min(Y)):g}")
    if Y.shape[1] != targets.n_columns:
        raise DataError(f"y has {Y.shape[1]} columns, but the network was fitted with {targets.n_columns}")
    return Y


def places(classes: NDArray[Any], y: NDArray[Any]) -> NDArray[np.int64]:
    """The index of each label among the sorted classes, `(m,)`."""
    codes = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    unknown = classes[codes] != y
    if np.any(unknown):
        raise DataError(f"y has {np.unique(y[unknown]).tolist()}, which is not among the classes {classes.tolist()}")
    return codes


def initial_bias(targets: Targets, encoded: EncodedTargets, weight: Floats | None) -> Floats:
    """The output biases `(n_z,)` of the rule "auto": the logits of a network that predicts the mean of these rows.

    The loss determines them: log-odds of each class's frequency; the log of the mean count; 0 for scaled numbers.
    """
    Y, rule = encoded.Y, targets.g2.initial_bias
    if rule is None:
        return np.zeros(targets.g2.logits_per_target * Y.shape[1])
    if encoded.labels is not None:
        assert targets.classes is not None
        w = np.ones(len(Y)) if weight is None else weight
        shares = np.bincount(encoded.labels, weights=w, minlength=len(targets.classes)) / w.sum()
        return np.asarray(rule(shares[1:], shares[:1]) if len(shares) == 2 else rule(shares, 1 - shares))
    mean = np.average(Y if targets.scale is None else decode_target(targets.scale, Y), axis=0, weights=weight)
    return np.asarray(rule(mean, 1 - mean))
