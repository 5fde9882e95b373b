"""Rows held out from training: each network's own, or the user's set for all."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Validation:
    """What each network is judged on.

    `X (m, n_x)`, `Y (m, n_y)`, `weight (m,)` or None; `rows` gives each of K networks its row numbers, None means all rows for all.
    """

    X: Any
    Y: Floats
    weight: Floats | None = None
    rows: tuple[NDArray[np.int64], ...] | None = None
