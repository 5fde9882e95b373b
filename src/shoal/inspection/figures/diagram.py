"""The network drawn: units as circles, weights as lines, blue above zero and orange below, as thick as they are large; skip connections
are dashed. And its units as maps over two inputs.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shoal.errors import InvalidParameterError
from shoal.inspection.figures.displays import axes_or_new, ink, new_figure, short
from shoal.inspection.weights import by_input
from shoal.network import Network, encoded
from shoal.population import member
from shoal.textbook.activations import ACTIVATIONS
from shoal.textbook.propagation import OF_INPUTS, Parameters, forward
from shoal.types import Floats

MOST_INPUTS = 16
MOST_UNITS = 16
MOST_MAPS = 24
GRID = 40  # pixels a side of a map
THINNEST = 0.02  # of the thickest: thinner lines are invisible, and not drawn


class MemberDisplay(ABC):
    """One member of a trained network, over the inputs that it is given: what its diagram and the map of its weights have in common."""

    def __init__(self, parameters: Parameters, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        self.parameters, self.inputs, self.outputs = parameters, inputs, outputs

    @classmethod
    def from_network(cls, network: Network, k: int | None = None, *, outputs: Sequence[str] = (), ax: Any = None) -> Self:
        """Member k, from 0, of a trained network; None: the member of the largest weight. Ramps are drawn with their column."""
        parameters = member_by_input(network, k)
        return cls(parameters, network.feature_names, outputs or output_names(network, len(parameters.W2))).plot(ax=ax)

    @abstractmethod
    def plot(self, *, ax: Any = None) -> Self:
        """Draw."""


class NetworkDisplay(MemberDisplay):
    """One member's inputs, hidden units and outputs; if there are many, those of the largest weights.

    Attributes
    ----------
    parameters : Parameters
        Over encoded inputs.
    inputs, outputs : sequences of str
    chosen_inputs_, chosen_units_ : ndarray of int
        The drawn ones.
    ax_, figure_ : matplotlib's

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.inspection.figures import NetworkDisplay
    >>> NetworkDisplay.from_network(model.network_).inputs
    ('x0',)
    """

    def plot(self, *, most_inputs: int = MOST_INPUTS, most_units: int = MOST_UNITS, ax: Any = None) -> Self:
        """Draw; if not all inputs and units fit, those with the largest products of weights."""
        W1, W2 = self.parameters.W1, self.parameters.W2
        W3 = np.zeros((len(W2), W1.shape[1])) if self.parameters.W3 is None else self.parameters.W3
        weight = np.abs(W2).sum(axis=0)
        self.chosen_units_ = heaviest(weight * np.abs(W1).sum(axis=1), most_units)
        through_units = (np.abs(W1) * weight[:, None])[self.chosen_units_].sum(axis=0)
        self.chosen_inputs_ = heaviest(through_units + np.abs(W3).sum(axis=0), most_inputs)
        self.ax_ = ax = axes_or_new(ax, figsize=(7, 4.5))
        self.figure_ = ax.figure
        drawn1, drawn2 = W1[np.ix_(self.chosen_units_, self.chosen_inputs_)], W2[:, self.chosen_units_]
        heights = [spread(len(self.chosen_inputs_)), spread(len(self.chosen_units_)), spread(len(W2))]
        lines(ax, drawn1, 0, heights[0], heights[1])
        lines(ax, drawn2, 1, heights[1], heights[2])
        lines(ax, W3[:, self.chosen_inputs_], 0, heights[0], heights[2], reach=2)
        for x, ys in enumerate(heights):
            ax.scatter(np.full(len(ys), x), ys, s=60, color=ax.get_facecolor(), edgecolors=ink(), zorder=3)
        for y, j in zip(heights[0], self.chosen_inputs_, strict=True):
            ax.text(-0.08, y, short(self.inputs[j]), ha="right", va="center")
        for y, name in zip(heights[2], self.outputs, strict=True):
            ax.text(2.08, y, short(name), ha="left", va="center")
        counts = [(len(self.chosen_inputs_), W1.shape[1], "inputs"), (len(self.chosen_units_), len(W1), "hidden units")]
        for x, (shown, whole, what) in enumerate(counts):
            ax.text(x, -0.06, f"{shown} of {whole} {what}" if shown < whole else f"{whole} {what}", ha="center", va="top")
        ax.text(2, -0.06, f"{len(W2)} output{'s' if len(W2) > 1 else ''}", ha="center", va="top")
        ax.set(xlim=(-0.75, 2.6), ylim=(-0.12, 1.04))
        ax.axis("off")
        return self


def member_by_input(network: Network, k: int | None = None) -> Parameters:
    """The weights of member k in float64, those of a column's ramps added up to the column's; None: the member of the largest weight.

    Raises
    ------
    InvalidParameterError
        For a member that the network does not have.
    """
    K = network.population.K
    if k is not None and not 0 <= k < K:
        raise InvalidParameterError(f"k={k!r}: this network has {K} member{'s' if K > 1 else ''}, from 0 to {K - 1}")
    whole = member(network.population, int(np.argmax(network.shares)) if k is None else k).map(lambda w: np.asarray(w, np.float64))
    return replace(whole, **{name: by_input(network, w.T).T for name, w in whole.named().items() if name in OF_INPUTS})


def heaviest(weight: Floats, most: int) -> NDArray[np.int64]:
    """Indices of the largest, in their original order."""
    return np.sort(np.argsort(-weight, kind="stable")[:most])


def spread(n: int) -> Floats:
    """Heights from top to bottom."""
    return np.array([0.5]) if n == 1 else np.linspace(1, 0, n)


def lines(ax: Any, W: Floats, x: int, left: Floats, right: Floats, reach: int = 1) -> None:
    """A line for every weight `(right, left)`, its width and strength by its size; one that reaches past the units is dashed."""
    from matplotlib.collections import LineCollection

    largest = float(np.abs(W).max(initial=0.0)) or 1.0
    for sign, colour in ((1, "C0"), (-1, "C1")):
        to, fro = np.nonzero((np.sign(W) == sign) & (np.abs(W) > THINNEST * largest))
        if not len(to):
            continue
        size, style = np.abs(W[to, fro]) / largest, "solid" if reach == 1 else "dashed"
        segments = [[(x, left[j]), (x + reach, right[i])] for i, j in zip(to, fro, strict=True)]
        ax.add_collection(LineCollection(segments, colors=colour, linewidths=0.3 + 2.5 * size, alpha=0.15 + 0.8 * size, linestyles=style))


def output_names(network: Network, n_z: int) -> list[str]:
    """The name of each output."""
    unit = network.g2.unit
    if unit.decides == "largest":
        return [str(label) for label in network.classes[0]]
    if unit.decides and n_z == 1 and len(network.classes[0]) == 2:
        return [str(network.classes[0][1])]
    if unit.states_variance:
        n_y = unit.n_targets(n_z)
        return [*(f"mean {i + 1}" for i in range(n_y)), *(f"log-variance {i + 1}" for i in range(n_y))]
    return ["y"] if n_z == 1 else [f"y{i + 1}" for i in range(n_z)]


class UnitsDisplay:
    """Heat maps of a member's units over two inputs; the other inputs are at their mean.

    Attributes
    ----------
    A1 : ndarray, (n_h, GRID, GRID)
    names : pair of str
    ranges : (x low, x high, y low, y high)
    axes_, figure_ : matplotlib's

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from sklearn.datasets import load_iris
    >>> from shoal import ShoalClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = ShoalClassifier(random_state=0).fit(X, y)
    >>> from shoal.inspection.figures import UnitsDisplay
    >>> UnitsDisplay.from_network(model.network_, X, features=(2, 3), most=6).A1.shape[0]
    6
    """

    def __init__(self, A1: Floats, names: tuple[str, str], ranges: tuple[float, float, float, float]) -> None:
        self.A1, self.names, self.ranges = A1, names, ranges

    @classmethod
    def from_network(cls, network: Network, X: Floats, features: tuple[int, int] = (0, 1), *, k: int = 0, most: int = MOST_MAPS) -> Self:
        """Member k, over the ranges of two columns of raw rows X `(m, n)`; the first `most` units."""
        X = np.asarray(X, np.float64)
        i, j = features
        x, y = (np.linspace(X[:, c].min(), X[:, c].max(), GRID) for c in (i, j))
        rows = np.tile(np.median(X, axis=0), (GRID * GRID, 1))
        rows[:, i], rows[:, j] = (v.ravel() for v in np.meshgrid(x, y))
        g1 = ACTIVATIONS[network.activation]
        A1 = forward(member(network.population, k), np.asarray(encoded(network, rows)).T, g1, network.g2).A1
        names = network.feature_names[i], network.feature_names[j]
        return cls(A1[:most].reshape(-1, GRID, GRID), names, (x[0], x[-1], y[0], y[-1])).plot()

    def plot(self, *, columns: int = 6) -> Self:
        """Draw a grid of maps with one colour scale, with 0 in the middle."""
        n = len(self.A1)
        across = min(columns, n)
        down = -(-n // across)
        self.figure_ = new_figure((1.3 * across + 0.6, 1.35 * down + 0.4))
        self.axes_ = np.atleast_1d(self.figure_.subplots(down, across, sharex=True, sharey=True)).ravel()
        largest = float(np.abs(self.A1).max()) or 1.0
        for i, ax in enumerate(self.axes_):
            if i >= n:
                ax.set_visible(False)
                continue
            drawn = ax.imshow(self.A1[i], origin="lower", extent=self.ranges, aspect="auto", cmap="RdBu_r", vmin=-largest, vmax=largest)
            ax.set_title(f"unit {i + 1}", fontsize="small")
            ax.tick_params(labelsize="x-small")
        self.figure_.supxlabel(short(self.names[0], 40), fontsize="medium")
        self.figure_.supylabel(short(self.names[1], 40), fontsize="medium")
        self.figure_.colorbar(drawn, ax=self.axes_.tolist(), shrink=0.8)
        return self
