"""The curves of a training, and those of several networks as one: the mean over those that have a value."""

import numpy as np

from shoal.training.events import Epoch
from shoal.types import Floats


def mean_of_finite(values: Floats) -> float:
    """The mean of the networks that have one, NaN if none has."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def means_of_finite(rows: list[Floats]) -> list[float]:
    """Each row's mean over the networks that have one; rows where none has are left out."""
    if not rows:
        return []
    values = np.array(rows, np.float64)
    finite = np.isfinite(values)
    counts = finite.sum(axis=1)
    sums = np.where(finite, values, 0.0).sum(axis=1)
    return [float(v) for v in sums[counts > 0] / counts[counts > 0]]


def history(events: list[Epoch]) -> dict[str, Floats]:
    """The events' numbers as arrays `(epochs, K)`."""
    curves = {"loss": [e.loss for e in events], "learning_rate": [e.learning_rate for e in events]}
    if events and events[0].validation_loss is not None:
        curves["validation_loss"] = [e.validation_loss for e in events if e.validation_loss is not None]
        curves["validation_score"] = [e.validation_score for e in events if e.validation_score is not None]
    return {name: np.array(values) for name, values in curves.items()}
