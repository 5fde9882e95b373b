"""Planes and curves in the page's format: integers in thousandths, few enough to be sent many times per second."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from shoal.textbook import Activation, Parameters, forward
from shoal.web.chapter import SIGMOID, Array, in_hand


def plane(k: int) -> Array:
    """k × k points of the input plane as columns, row by row from the top left."""
    limit = in_hand().limit
    ticks = np.linspace(-limit, limit, k)
    across, up = np.meshgrid(ticks, ticks[::-1])
    return np.vstack([across.ravel(), up.ravel()])


def field(values: Array, reference: float | None = None) -> dict[str, Any]:
    """Values on `plane(k)` divided by `reference` (their largest magnitude if None), as thousandths clipped at ±1000."""
    k = round(values.size**0.5)
    scale = float(np.max(np.abs(values))) if reference is None else reference
    scale = scale if scale > 0 and np.isfinite(scale) else 1.0
    thousandths = np.clip(np.nan_to_num(values.ravel() / scale) * 1000, -1000, 1000)
    return {"k": k, "v": np.round(thousandths).astype(int)}


def outcome(parameters: Parameters, g1: Activation, k: int = 72) -> dict[str, Any]:
    """The network over the plane: `heat` is 2a − 1, `cut` is z2, whose zero line is the boundary at 0.5."""
    cache = forward(parameters, plane(k), g1, SIGMOID)
    return {"heat": field(2 * cache.A2 - 1, 1.0), "cut": field(cache.Z2)}


def tiles(parameters: Parameters, g1: Activation, k: int = 30) -> list[dict[str, Any]]:
    """The output of each hidden unit over the plane."""
    return [field(*row) for row in unit_rows(forward(parameters, plane(k), g1, SIGMOID).A1, g1)]


def unit_rows(A1: Array, g1: Activation) -> list[tuple[Array, float | None]]:
    """Each unit's outputs and the magnitude of full colour. A sigmoid's 0.5 is drawn as zero, because its boundary is there."""
    if (g1.low, g1.high) == (0, 1):
        return [(2 * a - 1, 1.0) for a in A1]
    return [(a, g1.high if g1.bounded else None) for a in A1]


def thinned(values: Sequence[float], most: int = 240) -> dict[str, Any]:
    """A long curve as few points: `at` has their positions, including the first and the last."""
    last = len(values) - 1
    places = sorted({round(i * last / (most - 1)) for i in range(most)}) if last >= most else list(range(last + 1))
    return {"at": places, "v": [values[i] for i in places]}


def strip(values: Array) -> dict[str, Any]:
    """A wide matrix as letters, one row of characters per row: eight steps of magnitude with their sign; `a` is −8, `i` is 0, `q` is 8."""
    reference = float(np.max(np.abs(values))) or 1.0
    steps = np.sign(values) * np.ceil(np.abs(values) / reference * 8)
    rows = ["".join(chr(ord("i") + int(s)) for s in row) for row in np.nan_to_num(steps)]
    return {"rows": rows, "reference": reference}


def packed(values: Any, reference: float | None = None) -> str:
    """`field` in the fewest bytes that a browser reads directly: 16-bit thousandths, little-endian, in base 64."""
    thousandths = field(values, reference)["v"].astype("<i2")
    return base64.b64encode(thousandths.tobytes()).decode()
