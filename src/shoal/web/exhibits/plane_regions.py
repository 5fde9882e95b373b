"""The second half of exhibit 0: the edges of ReLU units over two inputs, and the regions into which they cut the plane."""

import numpy as np

from shoal.textbook.piecewise_linear import active_units, cut_regions, most_regions
from shoal.web.chapter import Array
from shoal.web.exhibits.cards import card, term, total
from shoal.web.question import Answer, Choice, ParameterReader, WholeReader

MOST_LINES = 12
SIDE = 1.25  # the square that is drawn: from −1.25 to 1.25
Corner = tuple[float, float]


def drawn_lines(n: int, how: str, seed: int) -> tuple[Array, Array]:
    """W1 (n, 2) and b1 (n, 1): lines in all directions, parallel ones, or lines through one point."""
    rng = np.random.default_rng(seed)
    turns = (np.arange(MOST_LINES) * 0.618034 + rng.uniform(0, 1)) % 1  # the golden section: no two directions are close
    offsets = np.round(rng.uniform(-0.6, 0.6, MOST_LINES), 3)
    if how == "parallel":
        turns[:] = 0.14
        offsets = np.round(np.linspace(-0.85, 0.85, n) if n > 1 else np.zeros(1), 3)
    if how == "one point":
        offsets = np.zeros(MOST_LINES)
    angle = np.pi * turns[:n]
    return np.round(np.stack([np.cos(angle), np.sin(angle)], axis=1), 3), offsets[:n, None]


def halves(corners: list[Corner], w: Array, b: float) -> list[list[Corner]]:
    """A convex polygon cut by the line w1 x1 + w2 x2 + b = 0: two polygons, or one that lies beside the line."""
    sides: tuple[list[Corner], list[Corner]] = ([], [])
    z = [float(w[0] * x1 + w[1] * x2 + b) for x1, x2 in corners]
    for i, (corner, here) in enumerate(zip(corners, z, strict=True)):
        after, there = corners[(i + 1) % len(corners)], z[(i + 1) % len(corners)]
        if here >= 0:
            sides[0].append(corner)
        if here <= 0:
            sides[1].append(corner)
        if here * there < 0:
            t = here / (here - there)
            crossing = (corner[0] + t * (after[0] - corner[0]), corner[1] + t * (after[1] - corner[1]))
            sides[0].append(crossing)
            sides[1].append(crossing)
    return [side for side in sides if area(side) > 1e-9]


def area(corners: list[Corner]) -> float:
    """The area of a polygon."""
    if len(corners) < 3:
        return 0.0
    x1, x2 = np.array(corners).T
    return abs(float(x1 @ np.roll(x2, -1) - x2 @ np.roll(x1, -1))) / 2


def arrangement(lines: int, how: str, seed: int) -> Answer:
    """The lines, their regions in the square with the patterns of active units, and the exact count in the whole plane."""
    W1, b1 = drawn_lines(lines, how, seed)
    polygons: list[list[Corner]] = [[(-SIDE, -SIDE), (SIDE, -SIDE), (SIDE, SIDE), (-SIDE, SIDE)]]
    for w, b in zip(W1, b1[:, 0], strict=True):
        polygons = [half for polygon in polygons for half in halves(polygon, w, float(b))]
    middles = np.array([np.mean(polygon, axis=0) for polygon in polygons]).T
    active = active_units(W1, b1, middles)
    added = cut_regions(W1, b1)
    terms = [term(1, note="the plane"), *(term(k, note=f"line {i}: crosses {k - 1}") for i, k in enumerate(added, start=1))]
    count = 1 + sum(added)
    return {
        "W1": W1,
        "b1": b1[:, 0],
        "regions": [
            {
                "corners": np.round(polygon, 4),
                "middle": np.round(middles[:, k], 4),
                "area": round(area(polygon), 4),
                "active": active[:, k] * 1,
            }
            for k, polygon in enumerate(polygons)
        ],
        "count": count,
        "most": most_regions(lines),
        "card": card(
            "regions",
            "1 + Σ (crossings + 1)",
            terms,
            [total("regions", count)],
            "A line that crosses the earlier ones at k points has k + 1 parts, and each halves a region. Counted in exact fractions.",
        ),
    }


LINES_TAKE: dict[str, ParameterReader] = {
    "lines": WholeReader(1, MOST_LINES, 4, tuple(range(1, MOST_LINES + 1))),
    "how": Choice(("all directions", "parallel", "one point")),
    "seed": WholeReader(0, 99, 3, (1, 2, 3)),
}
