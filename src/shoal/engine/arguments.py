"""What the kernels take beside rows and weights: numbers of the rule and the loss, Adam's corrections, addresses of functions."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.kernels import dispatch_module
from shoal.textbook.losses import Loss
from shoal.textbook.optimizers import Adam
from shoal.textbook.output_units import exp_limits, log_variance_limits
from shoal.types import Floats

CORRECTIONS_AHEAD = 1024  # updates: one at a time, they cost as much as a small update


@dataclass
class Known:
    """What a run asks for in every epoch, made once: whether inputs are dropped, the largest batch of the last `ends`, Adam's
    corrections of updates to come.
    """

    thins: bool = False
    ends: NDArray[np.int64] | None = None
    largest: int = 0
    corrected_from: int = 0
    corrections: Floats = field(default_factory=lambda: np.empty(0))


def hyper(rule: Any, g2: Loss, dtype: np.dtype) -> Floats:
    """The numbers of the optimizer (None: there is none) and the loss that the kernels take, in the precision of the run."""
    first = getattr(rule, "mu", getattr(rule, "beta_1", 0.0))
    second = getattr(rule, "rho", getattr(rule, "beta_2", 0.0))
    settings = dict(g2.settings)
    epsilon = getattr(rule, "epsilon", 0.0)
    least, most = float(np.finfo(dtype).tiny), float(np.finfo(dtype).max)
    epsilon = epsilon and min(max(epsilon, least), most)  # what the precision holds no more would divide 0 by 0
    delta = min(max(settings.get("delta", 1.0), least), most)
    return np.array([first, second, epsilon, delta, settings.get("q", 0.5), *output_limits(dtype)], dtype)


@cache
def output_limits(dtype: np.dtype) -> tuple[Any, Any]:
    """Where exp and the Gaussian unit's precision go on as tangents."""
    one = np.ones(1, dtype)
    return exp_limits(one), log_variance_limits(one)


def bias_corrections(known: Known, rule: Any, done: int, n: int, dtype: np.dtype) -> Floats:
    """What Adam multiplies the learning rate with in the n updates after `done`, √(1 − β₂ᵗ) / (1 − β₁ᵗ); 1 for other rules."""
    start = done - known.corrected_from
    if not 0 <= start <= len(known.corrections) - n:
        t = np.arange(done + 1.0, done + max(n, CORRECTIONS_AHEAD) + 1)
        values = np.sqrt(1 - rule.beta_2**t) / (1 - rule.beta_1**t) if isinstance(rule, Adam) else np.ones(len(t))
        known.corrections, known.corrected_from, start = values.astype(dtype), done, 0
    return known.corrections[start : start + n]


@cache
def addresses(activation: str, output: str, rule: Any, n_z: int, dtype: np.dtype) -> tuple[int, int, int, int, int]:
    """The addresses of a run's functions in this process; 0 for no rule."""
    found: tuple[int, int, int, int, int] = dispatch_module().addresses(activation, output, rule, n_z, dtype)
    return found


@cache
def ramp_functions(dtype: np.dtype) -> tuple[int, int]:
    """Where layer 1 over looked-up ramps and its gradient lie in this process."""
    found: tuple[int, int] = dispatch_module().ramp_functions(dtype)
    return found
