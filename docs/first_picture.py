"""The README's first picture: the chapter's network learns the flower, as an animation in WebP.

    python docs/first_picture.py            # writes docs/pictures/learning.webp

Every picture is a recorded step of `shoal.textbook`; each is shown once, and the last one for three seconds.
"""

import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image

from shoal.textbook import forward
from shoal.web.chapter import FILM, LAST, SIGMOID, TANH, journey, points, right
from shoal.web.pictures import LIMIT, plane

mpl.use("agg")
from matplotlib import pyplot as plt

TARGET = Path(__file__).parent / "pictures" / "learning.webp"
PAPER, INK, POSITIVE, NEGATIVE = "#fdfcf9", "#1a1c20", "#164f8c", "#c9660f"  # the page's light theme; a card of its own on a dark page
SIDE = 120  # points of the field on one side
MILLISECONDS, LAST_ONE = 125, 3000


def drawn(step: int, passed: list[tuple[int, float]]) -> Image.Image:
    """One picture: the plane with the boundary on the left, the cost of the recorded steps up to this one on the right."""
    X, Y = points()
    parameters = journey().at(step)
    over = forward(parameters, plane(SIDE), TANH, SIGMOID)
    heat, cut = ((v.reshape(SIDE, SIDE)[::-1]) for v in (2 * over.A2 - 1, over.Z2))
    correct = right(forward(parameters, X, TANH, SIGMOID).A2, Y)
    figure, (left, curve) = plt.subplots(1, 2, figsize=(7.2, 3.2), width_ratios=(1, 1.05), dpi=84, facecolor=PAPER)
    ticks = np.linspace(-LIMIT, LIMIT, SIDE)
    shades = mpl.colors.LinearSegmentedColormap.from_list("signs", [NEGATIVE, PAPER, POSITIVE])
    left.contourf(ticks, ticks, heat, levels=np.linspace(-1, 1, 16), cmap=shades, alpha=0.55)
    left.contour(ticks, ticks, cut, levels=[0.0], colors=INK, linewidths=1.8)
    for label, colour, mark in ((0, NEGATIVE, "s"), (1, POSITIVE, "o")):
        of = Y[0] == label
        left.scatter(*X[:, of], s=11, c=colour, marker=mark, edgecolors=PAPER if label else INK, linewidths=0.5)
    left.set(xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT), xticks=[], yticks=[], aspect="equal")
    places, costs = zip(*passed, strict=True)
    curve.plot(places, costs, color=INK, linewidth=2)
    curve.plot(places[-1], costs[-1], "o", color=INK)
    curve.set(xlim=(-1, len(FILM)), ylim=(0, 0.75), xticks=[], facecolor=PAPER)
    curve.set_title(f"step {step:,}   cost {costs[-1]:.3f}   {correct} of {Y.size} right", loc="left", fontsize=11, color=INK)
    curve.set_xlabel("the steps that the pictures show", color=INK)
    curve.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor=PAPER)
    plt.close(figure)
    return Image.open(out).convert("RGB")


def main() -> None:
    """Draw every recorded step and write the file."""
    costs = journey().costs(LAST)
    pictures = [drawn(step, [(n, costs[s]) for n, s in enumerate(FILM[: i + 1])]) for i, step in enumerate(FILM)]
    durations = [MILLISECONDS] * (len(pictures) - 1) + [LAST_ONE]
    pictures[0].save(TARGET, save_all=True, append_images=pictures[1:], duration=durations, loop=0, quality=30, method=4)
    print(f"{TARGET}: {len(pictures)} pictures, {TARGET.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
