"""The figures as scikit-learn's Display objects: training curves, predictions against targets, units, importance and effects."""

from typing import Any, Self

import numpy as np

from shoal.errors import ShoalError
from shoal.inspection.importance import Effect, Importance
from shoal.network import Network
from shoal.types import Floats


def axes_or_new(ax: Any = None, figsize: tuple[float, float] | None = None) -> Any:
    """The caller's matplotlib axes, or those of a new figure."""
    return new_figure(figsize).subplots() if ax is None else ax


def new_figure(figsize: tuple[float, float] | None = None) -> Any:
    """A new figure of pyplot's, which a notebook shows by itself; a `ShoalError` if matplotlib is not installed."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ShoalError("Figures need matplotlib: pip install 'shoal[report]'.") from None
    return plt.figure(figsize=figsize, layout="constrained")


def ink() -> str:
    """The colour of text, which is visible on any background."""
    import matplotlib

    return str(matplotlib.rcParams["text.color"])


def bare(ax: Any) -> Any:
    """Axes without a frame at the top and on the right."""
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def plain(text: str) -> str:
    """A name as plain text: a dollar sign in it starts no formula, and a line break no second line."""
    return " ".join(text.split()).replace("$", r"\$") or " "


def short(text: str, most: int = 24) -> str:
    """A name shortened to fit beside an axis."""
    text = " ".join(text.split())
    return plain(text if len(text) <= most else text[: most - 1] + "…")


MOST_POINTS = 1000  # more points hide each other
MOST_INTERVALS = 150


class RegressionDisplay:
    """Predicted against true values, scikit-learn's `PredictionErrorDisplay`, with the fitted line and the correlation.

    Attributes
    ----------
    y_true, y_pred : ndarray, (m,)
    slope_, intercept_, r_ : float
        Of the least-squares line of predicted on true values, and Pearson's correlation, as in MATLAB's plotregression.
    display_ : sklearn.metrics.PredictionErrorDisplay
    ax_, figure_ : matplotlib's

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from shoal.inspection.figures import RegressionDisplay
    >>> display = RegressionDisplay.from_predictions([1.0, 2.0, 3.0], [1.1, 2.0, 2.9])
    >>> round(display.r_, 3)
    1.0
    """

    def __init__(self, y_true: Floats, y_pred: Floats) -> None:
        self.y_true, self.y_pred = np.asarray(y_true, np.float64), np.asarray(y_pred, np.float64)

    @classmethod
    def from_predictions(cls, y_true: Floats, y_pred: Floats, *, ax: Any = None) -> Self:
        """From true and predicted values `(m,)`."""
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
        # scikit-learn draws truth over prediction; the line is fitted in the same direction
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
    """The histogram of errors.

    Attributes
    ----------
    errors : ndarray, (m,)
        Predicted − true.
    ax_, figure_ : matplotlib's
    counts_, edges_ : ndarray

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from shoal.inspection.figures import ErrorHistogramDisplay
    >>> int(ErrorHistogramDisplay.from_predictions([1.0, 2.0, 3.0], [1.1, 2.0, 2.9]).counts_.sum())
    3
    """

    def __init__(self, errors: Floats) -> None:
        self.errors = np.asarray(errors, np.float64)

    @classmethod
    def from_predictions(cls, y_true: Floats, y_pred: Floats, *, ax: Any = None) -> Self:
        """From true and predicted values `(m,)`."""
        return cls(np.asarray(y_pred, np.float64) - np.asarray(y_true, np.float64)).plot(ax=ax)

    def plot(self, *, bins: int = 30, ax: Any = None) -> Self:
        """Draw `bins` bars and a line at 0."""
        self.ax_ = ax = bare(axes_or_new(ax))
        self.figure_ = ax.figure
        low, high = float(self.errors.min()), float(self.errors.max())
        least = 1e-6 * max(abs(low), abs(high), 1e-300)  # equal errors still need bars of some width
        within = (low, high) if high - low > least else (low - bins * least, high + bins * least)
        self.counts_, self.edges_, _ = ax.hist(self.errors, bins=bins, range=within, color="C0")
        ax.axvline(0, color=ink(), linewidth=1)
        ax.locator_params(axis="x", nbins=5)
        ax.set(xlabel="predicted − true", ylabel="rows")
        return self


class IntervalsDisplay:
    """Intervals of rows sorted by their centre, and which of them contain the truth.

    Attributes
    ----------
    y_true, lower, upper : ndarray, (m,)
    coverage_ : float
        Fraction of all rows whose truth is in its interval.
    width_ : float
        Mean width.
    ax_, figure_ : matplotlib's

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from shoal.inspection.figures import IntervalsDisplay
    >>> IntervalsDisplay.from_intervals([1.0, 2.0], [0.5, 2.1], [1.5, 2.5]).coverage_
    0.5
    """

    def __init__(self, y_true: Floats, lower: Floats, upper: Floats) -> None:
        self.y_true, self.lower, self.upper = (np.asarray(v, np.float64) for v in (y_true, lower, upper))

    @classmethod
    def from_intervals(cls, y_true: Floats, lower: Floats, upper: Floats, *, ax: Any = None) -> Self:
        """From true values and both ends of their intervals, each `(m,)`."""
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
        ax.set(xlabel="rows by the centre of their interval", ylabel="target", xticks=[])
        ax.set_title(f"{self.coverage_:.1%} of {len(self.y_true)} rows inside, mean width {self.width_:.4g}", loc="left", fontsize="medium")
        ax.legend(frameon=False)
        return self


FAINT = 0.35
FAR = 20.0  # times the lowest loss: a curve with such a range has a logarithmic scale


class TrainingCurvesDisplay:
    """Loss of every member after every epoch: training, and validation if there is one.

    Attributes
    ----------
    loss, validation : ndarray (epochs, K), or None
    ax_, figure_ : matplotlib's
    lines_ : list of lines

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.inspection.figures import TrainingCurvesDisplay
    >>> len(TrainingCurvesDisplay.from_network(model.network_).lines_)
    1
    """

    def __init__(self, loss: Floats, validation: Floats | None = None) -> None:
        self.loss, self.validation = loss, validation

    @classmethod
    def from_network(cls, network: Network, *, ax: Any = None) -> Self:
        """The curves of a trained network, `estimator.network_`."""
        history = network.history
        return cls(np.asarray(history["loss"]), history.get("validation_loss")).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw: one faint line per member, a strong one for their mean."""
        self.ax_ = ax = bare(axes_or_new(ax))
        self.figure_, self.lines_ = ax.figure, []
        curves = [("training", self.loss, "C0"), ("validation", self.validation, "C1")]
        for name, values, colour in curves:
            if values is None or not len(values):
                continue
            epochs = np.arange(1, 1 + len(values))
            if values.shape[1] > 1:
                self.lines_ += ax.plot(epochs, values, color=colour, alpha=FAINT, linewidth=0.8)
            self.lines_ += ax.plot(epochs, middle(values), color=colour, linewidth=2, label=name)
        drawn = np.concatenate([np.ravel(v)[np.isfinite(np.ravel(v))] for _, v, _ in curves if v is not None] or [np.empty(0)])
        if len(drawn) and drawn.min() > 0 and drawn.max() > FAR * drawn.min():
            ax.set_yscale("log")
        ax.set(xlabel="epoch", ylabel="loss")
        if self.lines_:
            ax.legend(frameon=False)
        return self


def middle(values: Floats) -> Floats:
    """The mean over the members, `(epochs,)`; stopped members keep their last value, so that no step appears when one stops."""
    last = np.where(np.isfinite(values), np.arange(len(values))[:, None], 0)
    kept = np.take_along_axis(values, np.maximum.accumulate(last, axis=0), axis=0)
    finite = np.isfinite(kept)
    counts = finite.sum(axis=1)
    sums = np.where(finite, kept, 0.0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


MOST_BARS = 15
FAINT_BARS = 0.4


class ImportanceDisplay:
    """Permutation importance as bars, the largest on top, with the standard deviation over the repeats.

    Attributes
    ----------
    importance : Importance
    ax_, figure_ : matplotlib's

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import numpy as np
    >>> from shoal.inspection.figures import ImportanceDisplay
    >>> from shoal.inspection.importance import Importance
    >>> found = Importance(("age", "weight"), np.array([[0.1, 0.2], [0.3, 0.5]]), 0.9, "accuracy", 50)
    >>> ImportanceDisplay.from_importance(found).importance.metric
    'accuracy'
    """

    def __init__(self, importance: Importance) -> None:
        self.importance = importance

    @classmethod
    def from_importance(cls, importance: Importance, *, ax: Any = None) -> Self:
        """From the result of `inspection.importance.importance`."""
        return cls(importance).plot(ax=ax)

    def plot(self, *, most: int = MOST_BARS, ax: Any = None) -> Self:
        """Draw the `most` most important columns."""
        ranked = self.importance.ranked()[:most]
        self.ax_ = ax = bare(axes_or_new(ax, figsize=(6, 0.5 + 0.3 * len(ranked))))
        self.figure_ = ax.figure
        place = np.arange(len(ranked))[::-1]
        ax.barh(place, [mean for _, mean, _ in ranked], xerr=[sd for _, _, sd in ranked], color="C0", height=0.7, error_kw={"ecolor": "C1"})
        ax.set_yticks(place, [short(name) for name, _, _ in ranked])
        ax.set_xlabel(f"increase of {self.importance.metric} when the column is shuffled")
        return self


class EffectDisplay:
    """The mean prediction as one column changes: a faint line per member, a strong one for all together.

    Attributes
    ----------
    effect : Effect
    ax_, figure_ : matplotlib's

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import numpy as np
    >>> from shoal.inspection.figures import EffectDisplay
    >>> from shoal.inspection.importance import Effect
    >>> found = Effect("age", (20.0, 40.0), True, np.array([[0.1, 0.4], [0.2, 0.5]]), np.array([0.15, 0.45]))
    >>> EffectDisplay.from_effect(found).effect.name
    'age'
    """

    def __init__(self, effect: Effect) -> None:
        self.effect = effect

    @classmethod
    def from_effect(cls, effect: Effect, *, ylabel: str = "mean prediction", ax: Any = None) -> Self:
        """From the result of `inspection.importance.partial_effect`."""
        return cls(effect).plot(ylabel=ylabel, ax=ax)

    def plot(self, *, ylabel: str = "mean prediction", ax: Any = None) -> Self:
        """Draw lines over numbers, and points over levels and dates."""
        effect = self.effect
        self.ax_ = ax = bare(axes_or_new(ax, figsize=(4, 3)))
        self.figure_ = ax.figure
        if effect.numeric:
            x = np.asarray(effect.values, np.float64)
            ax.plot(x, effect.members.T, color="C0", alpha=FAINT_BARS, linewidth=0.8)
            ax.plot(x, effect.together, color="C0", linewidth=2)
        else:
            place = np.arange(len(effect.values))
            ax.plot(place, effect.members.T, ".", color="C0", alpha=FAINT_BARS, markersize=4)
            ax.plot(place, effect.together, "o", color="C0", markersize=6)
            shown = place[:: max(1, len(place) // 8)]
            ax.set_xticks(shown, [short(str(effect.values[i]), 12) for i in shown], rotation=40, ha="right")
        ax.set(xlabel=short(effect.name, 40), ylabel=ylabel)
        return self
