"""Figures as SVG inside the page, in the page's own colours, light or dark.

The figures of a report.
"""

import io
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.errors import ShoalError
from shoal.export.portable import printable
from shoal.inspection.figures import (
    ClassCurvesDisplay,
    EffectDisplay,
    ErrorHistogramDisplay,
    ImportanceDisplay,
    IntervalsDisplay,
    NetworkDisplay,
    RegressionDisplay,
    TrainingCurvesDisplay,
)
from shoal.inspection.figures.classes import Curve
from shoal.inspection.figures.displays import short
from shoal.inspection.importance import Effect
from shoal.report.contents import Contents
from shoal.report.html import text

# Colours that no figure uses otherwise; in the SVG they become the page's variables.
PLACES = {
    "#0b0a01": "ink",
    "#0b0a02": "muted",
    "#0b0a03": "line",
    "#0b0a04": "card",
    "#0b0a05": "one",
    "#0b0a06": "two",
    "#0b0a07": "three",
}
INK, MUTED, LINE, CARD, *SERIES = PLACES


@dataclass(frozen=True)
class Picture:
    """A caption, and the SVG under it."""

    caption: str
    svg: str


def shown(pictures: list[Picture]) -> str:
    """Figures side by side."""
    if not pictures:
        return ""
    return f'<div class="figures">{"".join(f"<figure>{p.svg}<figcaption>{text(p.caption)}</figcaption></figure>" for p in pictures)}</div>'


def need_matplotlib() -> None:
    """Raise an error that says what to install, before long work, if matplotlib is missing."""
    try:
        import matplotlib  # noqa: F401 - only whether it is there
    except ImportError:
        raise ShoalError("A report needs matplotlib for its figures: pip install 'shoal[report]'.") from None


def settings(salt: str) -> Any:
    """Matplotlib's settings for a figure of the page; `salt` makes the names inside its SVG differ from other figures'."""
    from cycler import cycler

    return {
        "svg.fonttype": "none",
        "svg.hashsalt": salt,
        "font.size": 9,
        "axes.prop_cycle": cycler(color=SERIES),
        "axes.facecolor": CARD,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "figure.facecolor": CARD,
        "savefig.facecolor": CARD,
        "text.color": INK,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "grid.color": LINE,
        "legend.edgecolor": LINE,
    }


def picture(caption: str, draw: Callable[[Any], Any], size: tuple[float, float] = (4.2, 3.1)) -> Picture:
    """Draw on new axes; returns the figure as HTML.

    Parameters
    ----------
    caption : what is seen, in a few words
    draw : takes matplotlib's axes
    size : inches, of 72 points
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(settings(caption)), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)  # the text stays text, and the browser has the font
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return Picture(caption, inline(out.getvalue(), caption))


def inline(svg: str, caption: str) -> str:
    """The SVG element alone, in the page's colours, without names that other figures have too."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r' id="(?:figure|axes|patch|text|line2d|matplotlib|xtick|ytick|legend|LineCollection|PathCollection)[^"]*"', "", svg)
    for colour, name in PLACES.items():
        svg = svg.replace(colour, f"var(--{name})")
    lines = (printable(line.strip()) for line in svg.split("\n"))
    label = printable(caption).replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return "\n".join(line for line in lines if line).replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


MOST_CLASSES = 30  # in a readable confusion matrix
WITH_NUMBERS = 12


def curves(contents: Contents) -> list[Picture]:
    """The training curves, if the model was trained here."""
    network = contents.estimator.network_
    if not len(network.history.get("loss", ())):
        return []
    caption = "Training curves: a faint line per member, a strong one for their mean"
    return [picture(caption, lambda ax: TrainingCurvesDisplay.from_network(network, ax=ax))]


def answers(contents: Contents) -> list[Picture]:
    """Predictions against the truth, on the held-out rows."""
    found = regression(contents) if contents.facts.task == "regression" else classification(contents)
    return list(found)


def regression(contents: Contents) -> Iterator[Picture]:
    """Regression plot, errors, intervals: of the first target."""
    y = contents.held.y.reshape(len(contents.held.y), -1)[:, 0]
    predicted = np.asarray(contents.estimator.predict(contents.X_held)).reshape(len(y), -1)[:, 0]
    yield picture("True against predicted values", lambda ax: RegressionDisplay.from_predictions(y, predicted, ax=ax))
    yield picture("Errors", lambda ax: ErrorHistogramDisplay.from_predictions(y, predicted, ax=ax))


def intervals(contents: Contents) -> tuple[list[Picture], float, float]:
    """The figure of the intervals, their coverage and mean width."""
    y = contents.held.y.reshape(len(contents.held.y), -1)[:, 0]
    shown: list[IntervalsDisplay] = []
    lower, upper = contents.intervals.lower, contents.intervals.upper
    assert lower is not None
    assert upper is not None
    drawn = picture("Intervals", lambda ax: shown.append(IntervalsDisplay.from_intervals(y, lower, upper, ax=ax)))
    return [drawn], shown[0].coverage_, shown[0].width_


def classification(contents: Contents) -> Iterator[Picture]:
    """Confusion matrix; for two classes ROC and calibration curves too. All are scikit-learn's."""
    from sklearn.metrics import ConfusionMatrixDisplay

    y = contents.held.y
    if y.ndim == 2:
        return
    classes = contents.estimator.classes_
    names = [short(str(label), 14) for label in classes]
    few, size = len(classes) <= WITH_NUMBERS, 2.6 + 0.16 * len(classes)
    if len(classes) <= MOST_CLASSES:
        predicted = contents.estimator.predict(contents.X_held)

        def confusion(ax: Any) -> None:
            ConfusionMatrixDisplay.from_predictions(
                y,
                predicted,
                labels=classes,
                display_labels=names,
                include_values=few,
                cmap="Blues",
                colorbar=False,
                xticks_rotation=60,
                ax=ax,
            )

        yield picture("Confusion matrix", confusion, (max(4.0, size), max(3.3, size)))
    if len(classes) > 2 or len(np.unique(y)) < 2:
        return
    p = contents.estimator.predict_proba(contents.X_held)[:, 1]
    positive, label = y == classes[1], [str(classes[1])]
    limits = contents.estimator.network_.limits.tolist()

    def draw(kind: Curve) -> Callable[[Any], Any]:
        return lambda ax: ClassCurvesDisplay.from_predictions(positive, p, label, kind=kind, thresholds=limits, ax=ax)

    yield picture("ROC curve; the dot is the threshold of its predictions", draw("roc"))
    yield picture("Calibration: how often what is predicted to be likely happens", draw("calibration"))


def uses(contents: Contents) -> list[Picture]:
    """Importance, and the effects of the most important columns."""
    found = contents.importance
    size = (4.6, 0.8 + 0.24 * min(15, len(found.names)))
    shown = [picture("Permutation importance", lambda ax: ImportanceDisplay.from_importance(found, ax=ax), size)]
    classes, target = contents.facts.classes, contents.facts.targets[0]
    if not classes:
        ylabel = f"mean {short(target)}"
    else:
        label = contents.estimator.classes_[0] if len(classes) == 1 and len(classes[0]) > 2 else classes[0][-1]
        ylabel = f"mean P({short(target, 14)} = {short(str(label), 12)})"
    for effect in contents.effects:
        shown.append(effect_picture(effect, ylabel))
    return shown


def effect_picture(effect: Effect, ylabel: str) -> Picture:
    """The effect of one column."""
    return picture(f"Effect of {effect.name}", lambda ax: EffectDisplay.from_effect(effect, ylabel=ylabel, ax=ax), (3.6, 2.8))


def network(contents: Contents) -> list[Picture]:
    """The member of the largest weight, with prepared columns by name."""
    from dataclasses import replace

    from shoal.table import feature_names

    named = replace(contents.estimator.network_, feature_names=feature_names(contents.model["prepare"]))
    names = contents.facts.targets if contents.facts.task == "regression" and not named.g2.unit.states_variance else ()
    caption = "One member: blue lines are weights above 0, orange ones below, thicker for larger weights"
    return [picture(caption, lambda ax: NetworkDisplay.from_network(named, outputs=names, ax=ax), (7, 4.6))]
