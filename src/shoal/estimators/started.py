"""What an estimator's `fit` begins with, for a caller that takes the steps itself: the page's playground.

`tests/e2e` and `tests/unit/test_web_runs.py` hold it to `fit`: the same settings give the same weights, bit for bit.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.draws import seed_from
from shoal.encoding import Encoding, encode
from shoal.estimators.defaults import Plan
from shoal.estimators.shallow import Floats, Problem, ShallowEstimator
from shoal.textbook.outputs import output
from shoal.training.minibatch import Run


@dataclass(frozen=True)
class Started:
    """A run before its first update, and what its numbers mean."""

    run: Run
    problem: Problem
    plan: Plan
    encoding: Encoding


def started(estimator: ShallowEstimator, X: Any, y: Any) -> Started:
    """The run that `estimator.fit(X, y)` would train, without held-out rows (`early_stopping=False`)."""
    X, y, weight = estimator._checked(X, y, None, reset=True)
    estimator.seed_ = seed_from(estimator.random_state)
    problem = estimator._problem(y, weight, first=True)
    p = estimator._plan(X, own_validation=False, continued=False)
    estimator._encoding = estimator._fit_encoding(X, weight, p)
    dtype = np.dtype(np.float32 if p.single_precision else np.float64)
    encoded = encode(estimator._encoding, X, dtype)
    population = estimator._initial(p, problem, encoded, weight)
    g2 = output(problem.output, **estimator._output_settings())
    return Started(Run(p.recipe, population, g2, encoded, problem.Y, weight=weight, dtype=dtype), problem, p, estimator._encoding)


def encoded_targets(estimator: ShallowEstimator, y: Any) -> Floats:
    """Further targets as the started run learns them, `(m, n_y)`."""
    return estimator._problem(estimator._checked_targets(y), None, first=False).Y
