"""What every hidden unit answers over two of the inputs."""

from typing import Self

import numpy as np

from shoal.inspection.figures.axes import new_figure, short
from shoal.network import Network, encoded
from shoal.population import member
from shoal.textbook.activations import ACTIVATIONS
from shoal.textbook.propagation import forward
from shoal.types import Floats

MOST_UNITS = 24
GRID = 40  # pixels a side


class UnitsDisplay:
    """Heat maps of a member's units over two inputs, the others at their middle.

    Attributes
    ----------
    A1 : ndarray, (n_h, GRID, GRID)
    names : pair of str
    ranges : (x low, x high, y low, y high)
    axes_, figure_ : matplotlib's
    """

    def __init__(self, A1: Floats, names: tuple[str, str], ranges: tuple[float, float, float, float]) -> None:
        self.A1, self.names, self.ranges = A1, names, ranges

    @classmethod
    def from_network(cls, network: Network, X: Floats, features: tuple[int, int] = (0, 1), *, k: int = 0, most: int = MOST_UNITS) -> Self:
        """Of member k, over the ranges of two columns of raw rows X `(m, n)`; the first `most` units."""
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
        """Draw a grid of maps with one scale of colours, which is 0 in the middle."""
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
