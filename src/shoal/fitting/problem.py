"""What stands between a table and its training: the problem, the rows made ready for it, and what a later call goes on from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import TargetScale
from shoal.engine.stairs import Stairs
from shoal.fitting.calibration import Judged
from shoal.fitting.plan import Plan
from shoal.population import Population
from shoal.textbook.losses import Loss
from shoal.training.events import Epoch
from shoal.training.validation import Validation
from shoal.types import Floats


@dataclass(frozen=True)
class Problem:
    """What is to be learned, as the engine takes it: targets `(m, n_y)`, the output unit, and what its numbers mean."""

    Y: Floats
    output: str
    b2: Floats
    target: TargetScale | None
    classes: tuple[NDArray[Any], ...] = ()
    labels: NDArray[Any] | None = None  # classes of the rows, to spread them evenly over the held-out parts
    judged: Judged | None = None  # what the fitted network will be judged on


@dataclass(frozen=True)
class Prepared:
    """Rows made ready: checked `X (m, n)`, `encoded` as layer 1 takes them; `weight (m,)` is the user's in rows, of which each was
    `unit` (fitting/weights.py); `weights (K, m)` or alike those that the members train with, 0 where a member holds a row out.
    """

    X: Any
    problem: Problem
    plan: Plan
    g2: Loss
    encoded: Any
    weight: Floats | None
    unit: float
    weights: Floats | None
    validation: Validation | None
    dtype: np.dtype
    stairs: Stairs | None = None  # where the rows stand on ramps, if there are any to be looked up


@dataclass(frozen=True)
class Continuation:
    """What `warm_start` and `partial_fit` go on from. A model file leaves it out.

    `judged` are the networks that the rows held out can still judge, which `warm_start` deals alike again.
    """

    population: Population
    judged: Population
    with_ramps: tuple[bool, ...]
    kind: tuple[Any, ...]
    memory: Any
    rows: int
    events: list[Epoch]
