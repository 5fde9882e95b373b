"""Axes to draw on: the caller's, or new ones."""

from typing import Any

from shoal.errors import ShoalError


def axes_or_new(ax: Any = None, figsize: tuple[float, float] | None = None) -> Any:
    """The caller's matplotlib axes, or those of a new figure."""
    return new_figure(figsize).subplots() if ax is None else ax


def new_figure(figsize: tuple[float, float] | None = None) -> Any:
    """A new figure of pyplot's, which a notebook shows by itself; a `ShoalError` where matplotlib is not installed."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ShoalError("Figures need matplotlib: pip install 'shoal[report]'.") from None
    return plt.figure(figsize=figsize, layout="constrained")


def ink() -> str:
    """The colour of text, which is seen on the background whatever that is."""
    import matplotlib

    return str(matplotlib.rcParams["text.color"])


def bare(ax: Any) -> Any:
    """Axes without a frame at the top and on the right."""
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def plain(text: str) -> str:
    """A name as it stands: a dollar sign in it begins no formula, and a line break in it no second line."""
    return " ".join(text.split()).replace("$", r"\$") or " "


def short(text: str, most: int = 24) -> str:
    """A name that fits beside an axis."""
    text = " ".join(text.split())
    return plain(text if len(text) <= most else text[: most - 1] + "…")
