"""Recipe: how to train. Frozen; every number is one for all networks, or one for each where a group allows it.

Nothing is checked here: what users set is checked once, by `fitting.settings`.
"""

from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from shoal.textbook.optimizers import Adam, GradientDescent, Momentum, Nesterov, Optimizer
from shoal.types import Floats

Schedule = Literal["constant", "invscaling", "adaptive", "cosine", "flat_cosine"]
PerNetwork = float | tuple[float, ...]
Directions = tuple[float, ...] | None

WARM_UP_STEPS = 10  # cosine schedules start with so many rising steps, defaults-facts §1


@dataclass(frozen=True)
class Recipe:
    """How one group of networks is trained with minibatches.

    Attributes
    ----------
    activation : str
        A key of `textbook.ACTIVATIONS`; "sigmoid" is "logistic".
    rule : Optimizer
        An update rule of `textbook.optimizers`.
    learning_rate : float or one for each network
        Above 0.
    schedule : str
        "constant"; "invscaling" (÷ (rows seen + 1)^power_t, after each epoch); "adaptive" (÷ 5 when the loss
        stalls); "cosine" (10 rising steps, then a half cosine to 0 at the last planned update); "flat_cosine" (flat to
        the half, then the half cosine).
    lam : float or one for each network
        λ of J + λ/(2m) (‖W1‖² + ‖W2‖²), m the total weight of all training rows.
    decay : float or one for each network
        Decoupled: weights shrink by 1 − learning rate · decay an update; biases do not.
    batch_size : int
        Rows an update; equal_batches spreads the remainder so that no batch is small.
    max_epochs : int
        Passes over the rows.
    dropout, input_dropout : float or one for each network, in [0, 1)
        Share of hidden units, of inputs, that are silenced for each example.
    weight_average : float or one for each network, in [0, 1)
        Moving average of the weights, which is then what is evaluated and kept; 0 keeps the raw weights.
    patience : int or None
        Epochs without improvement (by more than tol) before a network stops; None never stops early.
    directions : tuple of float, (n_x,), or None
        For each encoded input 1 where the networks must increase in it, −1 where they must decrease, 0 where they are free
        (`textbook.monotone`); None if all are free.
    device : str
        Where the updates are computed, as `engine.device.found` names it.
    """

    activation: str = "relu"
    rule: Optimizer = field(default_factory=Adam)
    learning_rate: PerNetwork = 0.001
    schedule: Schedule = "constant"
    power_t: float = 0.5
    lam: PerNetwork = 0.0
    decay: PerNetwork = 0.0
    batch_size: int = 200
    equal_batches: bool = False
    max_epochs: int = 200
    max_time: float | None = None
    shuffle: bool = True
    dropout: PerNetwork = 0.0
    input_dropout: PerNetwork = 0.0
    weight_average: PerNetwork = 0.0
    patience: int | None = None
    tol: float = 1e-4
    seed: int = 0
    directions: Directions = None
    device: str = "cpu"

    def describe(self) -> dict[str, Any]:
        """Name and value of every field, for reports."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def each(value: PerNetwork, K: int) -> np.ndarray:
    """One value for each of K networks, `(K,)` float64."""
    return np.full(K, value, np.float64)


def batch_slices(m: int, recipe: Recipe) -> list[slice]:
    """Where one epoch's batches begin and end in the order of its rows."""
    size = min(recipe.batch_size, m)
    if recipe.equal_batches:
        n = max(1, round(m / size))
        ends = np.linspace(0, m, n + 1).round().astype(int)
        return [slice(int(a), int(b)) for a, b in pairwise(ends)]
    return [slice(a, min(a + size, m)) for a in range(0, m, size)]


def schedule_factors(recipe: Recipe, t: Any, n_steps: int) -> Floats:
    """What the learning rate is multiplied with at updates t = 1, 2, … of n_steps planned, in t's shape.

    "adaptive" and "invscaling" act after an epoch, as scikit-learn's do, and are 1 here.
    """
    t = np.asarray(t, np.float64)
    if recipe.schedule not in ("cosine", "flat_cosine"):
        return np.ones_like(t)
    start = n_steps // 2 if recipe.schedule == "flat_cosine" else 0
    progress = np.clip((t - 1 - start) / max(1, n_steps - start), 0.0, 1.0)
    return np.asarray(np.minimum(1.0, t / WARM_UP_STEPS) * (1.0 + np.cos(np.pi * progress)) / 2)


def momentum_rule(mu: float, nesterov: bool) -> Optimizer:
    """Plain gradient descent, momentum, or Nesterov's form of it."""
    if mu == 0:
        return GradientDescent()
    return Nesterov(mu) if nesterov else Momentum(mu)
