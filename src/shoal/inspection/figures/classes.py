"""Curves of a classifier's probabilities: ROC, precision and recall, calibration: scikit-learn's Displays with the threshold marked."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from shoal.errors import DataError, InvalidParameterError
from shoal.inspection.figures.displays import axes_or_new, bare, ink, short
from shoal.types import Floats

Curve = Literal["roc", "precision_recall", "calibration"]
CURVES: tuple[Curve, ...] = ("roc", "precision_recall", "calibration")
MOST_CURVES = 10  # the number of colours in matplotlib's cycle
N_BINS = 10


class LabelScores(NamedTuple):
    """Whether rows have a label `(m,)`, their probability of it `(m,)`, and the threshold that predicts it; None where none does."""

    positive: NDArray[np.bool_]
    probability: Floats
    threshold: float | None = None


class ClassCurvesDisplay:
    """ROC, precision-recall or calibration curves: one for two classes, one for each class or label against the others for more.

    The dot is the threshold above which the class is predicted, 0.5 unless the model has another; of three or more classes the most likely
    is predicted, without a threshold.

    Attributes
    ----------
    kind : {"roc", "precision_recall", "calibration"}
    scores : mapping of a label's name to `LabelScores`
    displays_ : dict of the label's name to scikit-learn's `RocCurveDisplay`, `PrecisionRecallDisplay` or `CalibrationDisplay`
    at_threshold_ : dict of the label's name to (x, y), the coordinates of the dot; for calibration empty
    ax_, figure_ : matplotlib's

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from shoal.inspection.figures import ClassCurvesDisplay
    >>> drawn = ClassCurvesDisplay.from_predictions([0, 0, 1, 1], [[0.1], [0.6], [0.4], [0.9]], ["sick"], kind="roc", thresholds=[0.5])
    >>> float(drawn.displays_["sick"].roc_auc), drawn.at_threshold_["sick"]
    (0.75, (0.5, 0.5))
    """

    def __init__(self, scores: Mapping[str, LabelScores], kind: Curve) -> None:
        if kind not in CURVES:
            raise InvalidParameterError(f"kind={kind!r} must be one of {', '.join(map(repr, CURVES))}")
        self.scores, self.kind = scores, kind

    @classmethod
    def from_predictions(
        cls,
        positive: Any,
        probability: Any,
        names: Sequence[str],
        *,
        kind: Curve,
        thresholds: Sequence[float] = (),
        ax: Any = None,
    ) -> Self:
        """From which rows have each label, and its probability.

        Parameters
        ----------
        positive : (m,) or (m, k) of 0 and 1
        probability : (m, k)
        names : of the k labels
        kind : "roc", "precision_recall" or "calibration"
        thresholds : one for each label; empty for none

        Raises
        ------
        DataError
            Where all rows have a label, or none: there is no curve then.
        """
        k = len(names)
        there, p = np.asarray(positive, bool).reshape(-1, k), np.asarray(probability, np.float64).reshape(-1, k)
        limits: list[float | None] = [*thresholds] if len(thresholds) else [None] * k
        scores = {str(name): LabelScores(there[:, j], p[:, j], limits[j]) for j, name in enumerate(names)}
        known = {name: s for name, s in scores.items() if 0 < s.positive.sum() < len(s.positive)}
        if not known:
            raise DataError(f"The {len(there)} rows have one class only; a curve needs rows with and without {', '.join(scores)}.")
        return cls(known, kind).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw; of more than ten labels those with the most rows."""
        self.ax_ = ax = bare(axes_or_new(ax, figsize=(5.2, 4.4)))
        self.figure_ = ax.figure
        frequent = sorted(self.scores, key=lambda name: -int(self.scores[name].positive.sum()))[:MOST_CURVES]
        drawn = [name for name in self.scores if name in frequent]
        self.displays_ = {name: curve(self.kind, self.scores[name], short(name), f"C{i}", ax) for i, name in enumerate(drawn)}
        self.at_threshold_ = {} if self.kind == "calibration" else self._dots(drawn)
        if self.kind == "calibration":
            ax.set(xlabel=f"mean predicted probability\n({N_BINS} equal parts of the rows)", ylabel="fraction of positives")
        else:
            rates = ("false positive rate", "true positive rate") if self.kind == "roc" else ("recall", "precision")
            ax.set(xlabel=rates[0], ylabel=rates[1])
        ax.legend(frameon=False, fontsize="small", loc="best" if self.kind == "precision_recall" else "lower right")
        return self

    def _dots(self, drawn: list[str]) -> dict[str, tuple[float, float]]:
        """Mark what each threshold gives."""
        found = {}
        for i, name in enumerate(drawn):
            scores = self.scores[name]
            if scores.threshold is None:
                continue
            found[name] = place = (roc_point if self.kind == "roc" else precision_point)(scores, scores.threshold)
            self.ax_.plot(*place, "o", color=f"C{i}", markersize=7, label=f"threshold {scores.threshold:.3g}")
        return found


def curve(kind: Curve, scores: LabelScores, name: str, colour: str, ax: Any) -> Any:
    """One curve, scikit-learn's Display."""
    positive, p, _ = scores
    if kind == "calibration":
        from sklearn.calibration import CalibrationDisplay

        drawn = CalibrationDisplay.from_predictions(positive, p, n_bins=N_BINS, strategy="quantile", name=name, ax=ax, color=colour)
        ax.lines[0].set_color(ink())  # the diagonal is black, and invisible on a dark background
        return drawn
    from sklearn.metrics import PrecisionRecallDisplay, RocCurveDisplay

    if kind == "roc":
        return RocCurveDisplay.from_predictions(positive, p, name=name, curve_kwargs={"color": colour}, ax=ax)
    drawn = PrecisionRecallDisplay.from_predictions(positive, p, name=name, ax=ax)
    ax.lines[-1].set_color(colour)  # versions differ in how a colour is passed
    return drawn


def roc_point(scores: LabelScores, threshold: float) -> tuple[float, float]:
    """False and true positive rate of what is predicted above the threshold."""
    above = scores.probability > threshold
    return float(above[~scores.positive].mean()), float(above[scores.positive].mean())


def precision_point(scores: LabelScores, threshold: float) -> tuple[float, float]:
    """Recall and precision of what is predicted above the threshold; precision 1 if nothing is, as in scikit-learn's curve."""
    above = scores.probability > threshold
    return float(above[scores.positive].mean()), float(scores.positive[above].mean()) if above.any() else 1.0
