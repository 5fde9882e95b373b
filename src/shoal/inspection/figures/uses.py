"""What a model uses: bars of importance, and the answer over one column with the members' spread."""

from typing import Any, Self

import numpy as np

from shoal.inspection.figures.axes import axes_or_new, bare, short
from shoal.inspection.importance import Effect, Importance

MOST_BARS = 15
FAINT = 0.4


class ImportanceDisplay:
    """Permutation importance as bars, the largest on top, with the standard deviation over the repeats.

    Attributes
    ----------
    importance : Importance
    ax_, figure_ : matplotlib's
    """

    def __init__(self, importance: Importance) -> None:
        self.importance = importance

    @classmethod
    def from_importance(cls, importance: Importance, *, ax: Any = None) -> Self:
        """Of what `inspection.importance.importance` found."""
        return cls(importance).plot(ax=ax)

    def plot(self, *, most: int = MOST_BARS, ax: Any = None) -> Self:
        """Draw the `most` most important columns."""
        ranked = self.importance.ranked()[:most]
        self.ax_ = ax = bare(axes_or_new(ax, figsize=(6, 0.5 + 0.3 * len(ranked))))
        self.figure_ = ax.figure
        place = np.arange(len(ranked))[::-1]
        ax.barh(place, [mean for _, mean, _ in ranked], xerr=[sd for _, _, sd in ranked], color="C0", height=0.7, error_kw={"ecolor": "C1"})
        ax.set_yticks(place, [short(name) for name, _, _ in ranked])
        ax.set_xlabel(f"rise of {self.importance.metric} when the column is shuffled")
        return self


class EffectDisplay:
    """The mean answer as one column changes alone: every member a faint line, all together a strong one.

    Attributes
    ----------
    effect : Effect
    ax_, figure_ : matplotlib's
    """

    def __init__(self, effect: Effect) -> None:
        self.effect = effect

    @classmethod
    def from_effect(cls, effect: Effect, *, ylabel: str = "mean answer", ax: Any = None) -> Self:
        """Of what `inspection.importance.partial_effect` found."""
        return cls(effect).plot(ylabel=ylabel, ax=ax)

    def plot(self, *, ylabel: str = "mean answer", ax: Any = None) -> Self:
        """Draw lines over numbers, and points over levels and dates."""
        effect = self.effect
        self.ax_ = ax = bare(axes_or_new(ax, figsize=(4, 3)))
        self.figure_ = ax.figure
        if effect.numeric:
            x = np.asarray(effect.values, np.float64)
            ax.plot(x, effect.members.T, color="C0", alpha=FAINT, linewidth=0.8)
            ax.plot(x, effect.together, color="C0", linewidth=2)
        else:
            place = np.arange(len(effect.values))
            ax.plot(place, effect.members.T, ".", color="C0", alpha=FAINT, markersize=4)
            ax.plot(place, effect.together, "o", color="C0", markersize=6)
            shown = place[:: max(1, len(place) // 8)]
            ax.set_xticks(shown, [short(str(effect.values[i]), 12) for i in shown], rotation=40, ha="right")
        ax.set(xlabel=short(effect.name, 40), ylabel=ylabel)
        return self
