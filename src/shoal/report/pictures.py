"""Figures as SVG that stands inside the page, in the page's own colours: light or dark, as the reader has it."""

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shoal.errors import ShoalError
from shoal.export.names import printable

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


def need_matplotlib() -> None:
    """Say what to install, before long work, where there is no matplotlib."""
    try:
        import matplotlib  # noqa: F401 - only whether it is there
    except ImportError:
        raise ShoalError("A report needs matplotlib for its figures: pip install 'shoal[report]'.") from None


def settings(salt: str) -> Any:
    """Matplotlib's settings for a figure of the page; `salt` keeps the names inside its SVG apart from other figures'."""
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
    """Draw on new axes; returns the figure as a piece of HTML.

    Parameters
    ----------
    caption : what is seen, in a few words
    draw : takes matplotlib's axes
    size : inches, of 72 points
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(settings(caption)), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)  # the text stays text: the browser has the font
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return Picture(caption, inline(out.getvalue(), caption))


def inline(svg: str, caption: str) -> str:
    """The SVG element alone, its colours the page's, without names that other figures have too."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r' id="(?:figure|axes|patch|text|line2d|matplotlib|xtick|ytick|legend|LineCollection|PathCollection)[^"]*"', "", svg)
    for colour, name in PLACES.items():
        svg = svg.replace(colour, f"var(--{name})")
    lines = (printable(line.strip()) for line in svg.split("\n"))
    label = printable(caption).replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return "\n".join(line for line in lines if line).replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
