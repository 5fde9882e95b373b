"""Training curves of all members."""

from typing import Any, Self

import numpy as np

from shoal.inspection.figures.axes import axes_or_new, bare
from shoal.network import Network
from shoal.types import Floats

FAINT = 0.35
FAR = 20.0  # times the lowest loss: a curve that falls so far is told on a logarithmic scale


class TrainingCurvesDisplay:
    """Loss of every member after every epoch: training, and validation where there is any.

    Attributes
    ----------
    loss, validation : ndarray (epochs, K), or None
    ax_, figure_ : matplotlib's
    lines_ : list of lines
    """

    def __init__(self, loss: Floats, validation: Floats | None = None) -> None:
        self.loss, self.validation = loss, validation

    @classmethod
    def from_network(cls, network: Network, *, ax: Any = None) -> Self:
        """The curves of a trained network, `estimator.network_`."""
        history = network.history
        return cls(np.asarray(history["loss"]), history.get("validation_loss")).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw: one faint line a member, a strong one for their mean."""
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
    """The mean over the members, `(epochs,)`; those that have stopped stay at their last value, so that none leaves a step behind."""
    last = np.where(np.isfinite(values), np.arange(len(values))[:, None], 0)
    kept = np.take_along_axis(values, np.maximum.accumulate(last, axis=0), axis=0)
    finite = np.isfinite(kept)
    counts = finite.sum(axis=1)
    sums = np.where(finite, kept, 0.0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
