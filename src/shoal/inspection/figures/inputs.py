"""What is drawn of inputs: a ranking by one number each, Lek's profile, and the weights as a map."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from shoal.inspection.figures.diagram import MOST_INPUTS, MemberDisplay, heaviest
from shoal.inspection.figures.displays import MOST_BARS, axes_or_new, bare, ink, short
from shoal.inspection.profile import Profile
from shoal.types import Floats


class RankingDisplay:
    """Inputs as bars, the largest on top: sensitivities, Olden's and Garson's weights, importance in one number each.

    Attributes
    ----------
    names : tuple of str
    values : ndarray, (n,)
        Ranked by size; those below 0 have another colour.
    label : str
        What a value is.
    ax_, figure_ : matplotlib's

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from shoal.inspection.figures import RankingDisplay
    >>> RankingDisplay.from_values(["age", "height"], [0.5, -2.0], label="Olden's weight").ranked_
    ['height', 'age']
    """

    def __init__(self, names: Sequence[str], values: Floats, *, label: str = "") -> None:
        self.names, self.values, self.label = tuple(names), np.asarray(values, np.float64), label

    @classmethod
    def from_values(cls, names: Sequence[str], values: Floats, *, label: str = "", ax: Any = None) -> Self:
        """From a name and a number for each input."""
        return cls(names, values, label=label).plot(ax=ax)

    def plot(self, *, most: int = MOST_BARS, ax: Any = None) -> Self:
        """Draw the `most` largest."""
        order = np.argsort(-np.abs(self.values), kind="stable")[:most]
        self.ranked_ = [self.names[j] for j in order]
        self.ax_ = ax = bare(axes_or_new(ax, figsize=(6, 0.8 + 0.3 * len(order))))
        self.figure_ = ax.figure
        place = np.arange(len(order))[::-1]
        ax.barh(place, self.values[order], color=np.where(self.values[order] < 0, "C1", "C0"), height=0.7)
        ax.set_yticks(place, [short(name) for name in self.ranked_])
        if (self.values[order] < 0).any():
            ax.axvline(0, color=ink(), linewidth=1)
        ax.set_xlabel(self.label)
        return self


class ProfileDisplay:
    """Lek's profile: a line for each quantile at which the other inputs are held.

    Attributes
    ----------
    profile : Profile
    lines_ : list of lines
    ax_, figure_ : matplotlib's

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import numpy as np
    >>> from shoal.inspection import Profile
    >>> from shoal.inspection.figures import ProfileDisplay
    >>> found = Profile("age", np.array([20.0, 40.0]), (0.0, 1.0), np.array([[0.1, 0.4], [0.2, 0.5]]))
    >>> len(ProfileDisplay.from_profile(found).lines_)
    2
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    @classmethod
    def from_profile(cls, profile: Profile, *, ylabel: str = "prediction", ax: Any = None) -> Self:
        """From the result of `inspection.profile`."""
        return cls(profile).plot(ylabel=ylabel, ax=ax)

    def plot(self, *, ylabel: str = "prediction", ax: Any = None) -> Self:
        """Draw: darker lines for higher quantiles, on a light background; lighter ones on a dark."""
        import matplotlib

        found = self.profile
        self.ax_ = ax = bare(axes_or_new(ax))
        self.figure_, self.lines_ = ax.figure, []
        # the ends of the colour map are invisible on a white and on a black background
        colours = matplotlib.colormaps["viridis"](np.linspace(0.1, 0.85, len(found.quantiles)))
        for q, line, colour in zip(found.quantiles, found.answers, colours, strict=True):
            self.lines_ += ax.plot(found.values, line, color=colour, linewidth=1.5, label=f"{q:.0%}")
        ax.set(xlabel=short(found.name, 40), ylabel=ylabel)
        ax.legend(frameon=False, title="others at their quantile", fontsize="small", title_fontsize="small")
        return self


class WeightsDisplay(MemberDisplay):
    """The weights of one member as a map: a column for each hidden unit, a row for each input, the bias, and each output.

    Above the line are W1 and b1 over scaled inputs, below it W2; the colours of each are relative to its largest weight, because W2 is
    often much smaller. A column's ramps are added up.

    Attributes
    ----------
    parameters : Parameters
        Over scaled inputs.
    chosen_inputs_ : ndarray of int
        Those drawn: of many the ones of the largest weights.
    drawn_ : ndarray, (inputs + 1 + outputs, units)
    ax_, figure_ : matplotlib's

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.inspection.figures import WeightsDisplay
    >>> WeightsDisplay.from_network(model.network_).drawn_.shape
    (3, 3)
    """

    def plot(self, *, most_inputs: int = 2 * MOST_INPUTS, ax: Any = None) -> Self:
        """Draw at most so many inputs, and all units."""
        W1, b1, W2 = self.parameters.W1, self.parameters.b1, self.parameters.W2
        self.chosen_inputs_ = heaviest(np.abs(W1).sum(axis=0), most_inputs)
        self.drawn_ = np.vstack([W1[:, self.chosen_inputs_].T, b1.reshape(1, -1), W2])
        names = [*(short(self.inputs[j]) for j in self.chosen_inputs_), "bias", *(f"to {short(name)}" for name in self.outputs)]
        self.ax_ = ax = axes_or_new(ax, figsize=(2.6 + min(0.16 * len(W1), 7), 1.2 + 0.24 * len(names)))
        self.figure_ = ax.figure
        first = len(self.chosen_inputs_) + 1  # rows of layer 1
        sizes = [float(np.abs(rows).max(initial=0.0)) for rows in (self.drawn_[:first], self.drawn_[first:])]
        scaled = self.drawn_ / np.repeat([size or 1.0 for size in sizes], [first, len(names) - first])[:, None]
        image = ax.imshow(scaled, cmap="RdBu", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
        ax.axhline(first - 0.5, color="black", linewidth=1.5)  # the map is light on any background
        ax.set_title(f"largest weight: {sizes[0]:.3g} above the line, {sizes[1]:.3g} below", loc="left", fontsize="medium")
        ax.set_yticks(np.arange(len(names)), names)
        if len(W1) <= MOST_INPUTS:
            ax.set_xticks(np.arange(len(W1)), np.arange(1, len(W1) + 1))
        left_out = W1.shape[1] - len(self.chosen_inputs_)
        ax.set_xlabel("hidden unit" + (f" ({left_out} inputs of small weights not shown)" if left_out else ""))
        self.figure_.colorbar(image, ax=ax, label="weight, of the largest in its layer")
        return self
