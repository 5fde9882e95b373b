"""What an estimator's `fit` begins with, for a caller that takes the steps itself: the page's playground.

`tests/e2e` and `tests/unit/test_web_runs.py` hold it to `fit`: the same settings give the same weights, bit for bit.
"""

from dataclasses import dataclass
from typing import Any

from shoal.encoding import Encoding
from shoal.estimators.shallow import ShallowEstimator
from shoal.fitting.plan import Plan
from shoal.fitting.problem import Problem
from shoal.training.minibatch import Run
from shoal.types import Floats


@dataclass(frozen=True)
class Started:
    """A run before its first update, and what its numbers mean."""

    run: Run
    problem: Problem
    plan: Plan
    encoding: Encoding


def started(estimator: ShallowEstimator, X: Any, y: Any) -> Started:
    """The run that `estimator.fit(X, y)` would train, of an estimator with `early_stopping=False`."""
    ready = estimator._prepare(X, y, None)
    population = estimator._initial(ready.plan, ready.problem, ready.encoded, ready.weight)
    known: dict[str, Any] = {"weight": ready.weights, "dtype": ready.dtype, "stairs": ready.stairs}
    run = Run(ready.plan.recipe, population, ready.g2, ready.encoded, ready.problem.Y, **known)
    return Started(run, ready.problem, ready.plan, estimator._encoding)


def encoded_targets(estimator: ShallowEstimator, y: Any) -> Floats:
    """Further targets as the started run learns them, `(m, n_y)`."""
    return estimator._problem(estimator._checked_targets(y), None, first=False).Y
