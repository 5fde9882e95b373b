"""Answers beside the truth: regression plot, histogram of errors, intervals."""

from typing import Any, Self

import numpy as np

from shoal.inspection.figures.axes import axes_or_new, bare, ink
from shoal.types import Floats

MOST_POINTS = 1000  # more hide each other
MOST_INTERVALS = 150


class RegressionDisplay:
    """Predicted against true values, scikit-learn's `PredictionErrorDisplay`, with the line fitted to them and their correlation.

    Attributes
    ----------
    y_true, y_pred : ndarray, (m,)
    slope_, intercept_, r_ : float
        Of the least-squares line of predicted on true values, and Pearson's correlation, as MATLAB's plotregression has them.
    display_ : sklearn.metrics.PredictionErrorDisplay
    ax_, figure_ : matplotlib's
    """

    def __init__(self, y_true: Floats, y_pred: Floats) -> None:
        self.y_true, self.y_pred = np.asarray(y_true, np.float64), np.asarray(y_pred, np.float64)

    @classmethod
    def from_predictions(cls, y_true: Floats, y_pred: Floats, *, ax: Any = None) -> Self:
        """Of true and predicted values `(m,)`."""
        return cls(y_true, y_pred).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw at most 1000 points, spread evenly."""
        ax = bare(axes_or_new(ax))
        from sklearn.metrics import PredictionErrorDisplay

        some = np.linspace(0, len(self.y_true) - 1, min(len(self.y_true), MOST_POINTS)).astype(int)
        self.display_ = PredictionErrorDisplay(y_true=self.y_true[some], y_pred=self.y_pred[some]).plot(
            ax=ax,
            kind="actual_vs_predicted",
            scatter_kwargs={"alpha": 0.5, "s": 12, "color": "C0", "linewidths": 0},
            line_kwargs={"color": ink(), "linewidth": 1},
        )
        self.ax_, self.figure_ = ax, ax.figure
        # scikit-learn draws truth over prediction; the line is fitted in the same sense
        spread = float(np.var(self.y_pred))
        self.slope_ = float(np.cov(self.y_pred, self.y_true, bias=True)[0, 1]) / spread if spread > 0 else 0.0
        self.intercept_ = float(np.mean(self.y_true) - self.slope_ * np.mean(self.y_pred))
        moving = spread > 0 and np.var(self.y_true) > 0
        self.r_ = float(np.corrcoef(self.y_true, self.y_pred)[0, 1]) if moving else 0.0
        ends = np.array([self.y_pred.min(), self.y_pred.max()])
        ax.plot(ends, self.slope_ * ends + self.intercept_, color="C1", linewidth=1.5, label=f"fitted line, R = {self.r_:.4g}")
        ax.set(xlabel="predicted", ylabel="true")
        ax.legend(frameon=False)
        return self


class ErrorHistogramDisplay:
    """How often which error occurs.

    Attributes
    ----------
    errors : ndarray, (m,)
        Predicted − true.
    ax_, figure_ : matplotlib's
    counts_, edges_ : ndarray
    """

    def __init__(self, errors: Floats) -> None:
        self.errors = np.asarray(errors, np.float64)

    @classmethod
    def from_predictions(cls, y_true: Floats, y_pred: Floats, *, ax: Any = None) -> Self:
        """Of true and predicted values `(m,)`."""
        return cls(np.asarray(y_pred, np.float64) - np.asarray(y_true, np.float64)).plot(ax=ax)

    def plot(self, *, bins: int = 30, ax: Any = None) -> Self:
        """Draw `bins` bars and a line at 0."""
        self.ax_ = ax = bare(axes_or_new(ax))
        self.figure_ = ax.figure
        low, high = float(self.errors.min()), float(self.errors.max())
        least = 1e-6 * max(abs(low), abs(high), 1e-300)  # errors that are all alike still need bars of some width
        within = (low, high) if high - low > least else (low - bins * least, high + bins * least)
        self.counts_, self.edges_, _ = ax.hist(self.errors, bins=bins, range=within, color="C0")
        ax.axvline(0, color=ink(), linewidth=1)
        ax.locator_params(axis="x", nbins=5)
        ax.set(xlabel="predicted − true", ylabel="rows")
        return self


class IntervalsDisplay:
    """Intervals of rows sorted by their middle, and which of them hold the truth.

    Attributes
    ----------
    y_true, lower, upper : ndarray, (m,)
    coverage_ : float
        Share of all rows whose truth lies in its interval.
    width_ : float
        Mean width.
    ax_, figure_ : matplotlib's
    """

    def __init__(self, y_true: Floats, lower: Floats, upper: Floats) -> None:
        self.y_true, self.lower, self.upper = (np.asarray(v, np.float64) for v in (y_true, lower, upper))

    @classmethod
    def from_intervals(cls, y_true: Floats, lower: Floats, upper: Floats, *, ax: Any = None) -> Self:
        """Of true values and both ends of their intervals, each `(m,)`."""
        return cls(y_true, lower, upper).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw at most 150 rows, spread evenly; points outside their interval in another colour."""
        self.ax_ = ax = bare(axes_or_new(ax))
        self.figure_ = ax.figure
        inside = (self.lower <= self.y_true) & (self.y_true <= self.upper)
        self.coverage_, self.width_ = float(inside.mean()), float(np.mean(self.upper - self.lower))
        order = np.argsort((self.lower + self.upper) / 2, kind="stable")
        order = order[np.linspace(0, len(order) - 1, min(len(order), MOST_INTERVALS)).astype(int)]
        place = np.arange(len(order))
        ax.vlines(place, self.lower[order], self.upper[order], color="C0", alpha=0.5, linewidth=2)
        for name, chosen, colour in (("inside", inside[order], "C0"), ("outside", ~inside[order], "C1")):
            ax.plot(place[chosen], self.y_true[order][chosen], ".", color=colour, markersize=5, label=f"truth {name}")
        ax.set(xlabel="rows by the middle of their interval", ylabel="target", xticks=[])
        ax.set_title(f"{self.coverage_:.1%} of {len(self.y_true)} rows inside, mean width {self.width_:.4g}", loc="left", fontsize="medium")
        ax.legend(frameon=False)
        return self
