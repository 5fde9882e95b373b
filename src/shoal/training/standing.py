"""Where a full-batch training stands, as plain arrays: enough to go on in another process as if nothing had happened."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.sums import flat
from shoal.population import Population
from shoal.textbook.propagation import Parameters
from shoal.training.bayes import Precisions
from shoal.training.events import Epoch, told_again
from shoal.training.full_batch import FullBatch
from shoal.training.levenberg_marquardt import LevenbergMarquardt

Arrays = dict[str, NDArray[Any]]

RUN = ("active", "settled", "loss", "epochs", "diverged")
PRECISIONS = ("alpha", "beta", "log_evidence", "steady")
SLOPE = ("value", "gradient", "evaluations")
CURVES = ("loss", "validation_loss", "validation_score", "learning_rate", "active")


def standing(run: FullBatch, events: list[Epoch]) -> Arrays:
    """The run between two of its steps, and its events so far; copies of all of it."""
    arrays = {f"run.{name}": getattr(run, name) for name in RUN}
    arrays |= {"run.t": np.array(run.t), "run.rows": np.array(run.rows)}
    arrays |= {"stopping.best": run.stopping.best, "stopping.stalled": run.stopping.stalled}
    arrays |= {f"kept.{name}": w for name, w in run.kept.parameters._asdict().items()}
    arrays |= {f"at.{name}": w for name, w in run.method.population().parameters._asdict().items()}
    for name in CURVES:
        values = [getattr(event, name) for event in events]
        if values and values[0] is not None:
            arrays[f"events.{name}"] = np.array(values)
    arrays["events.seconds"] = np.array([event.seconds for event in events])
    method = run.method
    if isinstance(method, LevenbergMarquardt):
        arrays |= {"lm.damping": method.damping}
        arrays |= {f"lm.ridge{i}": ridge for i, ridge in enumerate(method.ridges)}
        if isinstance(method.prior, Precisions):
            arrays |= {f"bayes.{name}": getattr(method.prior, name) for name in PRECISIONS}
    else:
        memory = method.memory()
        arrays |= {f"memory.{field.name}": getattr(memory, field.name) for field in fields(memory)}
        arrays |= {f"method.{name}": getattr(method, name) for name in SLOPE if hasattr(method, name)}
    return {name: np.array(value) for name, value in arrays.items()}


def stand(run: FullBatch, arrays: Mapping[str, NDArray[Any]]) -> list[Epoch]:
    """Put a fresh run of the same sizes where an earlier one stood; returns that one's events."""
    for name in RUN:
        setattr(run, name, arrays[f"run.{name}"].copy())
    run.t, run.rows = int(arrays["run.t"]), int(arrays["run.rows"])
    run.stopping.best, run.stopping.stalled = arrays["stopping.best"].copy(), arrays["stopping.stalled"].copy()
    like, method = run.kept, run.method
    run.kept = population_of(arrays, "kept", like)
    at = population_of(arrays, "at", like)
    if isinstance(method, LevenbergMarquardt):
        method.stand_at(at)
        method.damping = arrays["lm.damping"].copy()
        method.ridges = [arrays[f"lm.ridge{i}"].copy() for i in range(len(method.ridges))]
        if isinstance(method.prior, Precisions):
            for name in PRECISIONS:
                setattr(method.prior, name, arrays[f"bayes.{name}"].copy())
    else:
        method.theta = flat(at.parameters).astype(np.float64)
        memory: Any = method.memory()
        for field in fields(memory):
            value = arrays[f"memory.{field.name}"]
            setattr(memory, field.name, value.copy() if value.ndim else int(value))
        for name in SLOPE:
            if hasattr(method, name):
                setattr(method, name, arrays[f"method.{name}"].copy())
    return told_again({name: arrays.get(f"events.{name}") for name in (*CURVES, "seconds")}, run.recipe.max_epochs)


def population_of(arrays: Mapping[str, NDArray[Any]], name: str, like: Population) -> Population:
    """Weights in the shapes of `like`."""
    return Population(Parameters(*(arrays[f"{name}.{part}"].copy() for part in Parameters._fields)), like.widths, like.inputs)
