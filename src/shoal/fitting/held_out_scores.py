"""Networks scored on the rows that each holds out, by a metric of the user's own, after every epoch (`scoring`).

Each network in training is scored alone, as an estimator of its own, in Python: the compiled training waits for it.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.errors import InvalidParameterError, ShoalError
from shoal.fitting.fitted import Fitted
from shoal.fitting.limits import refuse
from shoal.fitting.prepared import Prepared, network_around
from shoal.fitting.scoring import OwnScoring
from shoal.fitting.source import RowsInMemory
from shoal.population import Population, take
from shoal.training.rows import RowsOfNetworks
from shoal.types import Floats

INSTEAD = "choose another, or hold out more rows with validation_fraction"


def with_scoring(ready: Prepared) -> Prepared:
    """The rows with the score that the settings ask for, if they do.

    Raises
    ------
    InvalidParameterError
        For rows that are not in memory, and if none are held out.
    """
    own, rows = ready.settings.scoring, ready.rows
    if own is None:
        return ready
    if not isinstance(rows, RowsInMemory):
        refuse("scoring elsewhere")
    if rows.validation is None:
        raise InvalidParameterError(
            f"scoring is {own!r}, and no rows are held out on which networks could be scored; choose early_stopping=True and a solver "
            "other than 'bayes', give X_val and y_val, or leave scoring out"
        )
    assert rows.raw is not None
    scores = HeldOutScores(replace(ready, rows=replace(rows, validation=None)), own, *rows.raw)
    return replace(ready, rows=replace(rows, validation=replace(rows.validation, scoring=scores)))


@dataclass(frozen=True)
class HeldOutScores:
    """The score of networks on rows: raw `X (m, n)`, targets `y` as `targets.checked_targets` gives them, `weight (m,)` or None."""

    ready: Prepared
    own: OwnScoring
    X: Any
    y: NDArray[Any]
    weight: Floats | None

    def __call__(self, population: Population, active: NDArray[np.bool_], rows: RowsOfNetworks) -> Floats:
        """The score of every active network on its rows, `(K,)`; NaN for the others."""
        ready, found = self.ready, np.full(population.K, np.nan)
        for k in np.flatnonzero(active).tolist():
            alone = take(population, [k])
            alone = alone if ready.projection is None else ready.projection.lifted(alone)
            fitted = Fitted(network_around(ready, alone, np.ones(1), {}), ready.targets)
            found[k] = self.score(fitted, None if rows is None else rows[k])
        return found

    def score(self, fitted: Fitted, rows: NDArray[np.int64] | None) -> float:
        """The score of one network on some rows; those of weight 0 do not count.

        Raises
        ------
        InvalidParameterError
            If the scorer fails, or gives no finite number.
        """
        mine = np.arange(len(self.y)) if rows is None else rows
        weight = None if self.weight is None else self.weight[mine]
        if weight is not None and not weight.all():
            mine, weight = mine[weight > 0], weight[weight > 0]
        model = copy.copy(self.own.estimator)
        model.callbacks = None
        model._adopt(fitted)
        on = f"scoring is {self.own!r}, which on {len(mine)} held-out rows of a network"
        try:
            value = scorer_of(self.own)(model, self.X[mine], self.y[mine], weight)
        except ShoalError:
            raise
        except Exception as error:
            first = (str(error).splitlines() or [""])[0]
            raise InvalidParameterError(f"{on} failed ({type(error).__name__}: {first}); {INSTEAD}") from error
        if not isinstance(value, Real) or isinstance(value, bool | np.bool_) or not np.isfinite(float(value)):
            raise InvalidParameterError(f"{on} gave {value!r}, and a score is one finite number; {INSTEAD}")
        return float(value)


def scorer_of(own: OwnScoring) -> Callable[[Any, Any, Any, Any], Any]:
    """A function of an estimator, X, y and weights (None for none), which only scorers of scikit-learn are given."""
    scorer = scorer_named(own.given) if isinstance(own.given, str) else own.given
    weighs = hasattr(scorer, "_score_func")

    def score(model: Any, X: Any, y: Any, weight: Floats | None) -> Any:
        return scorer(model, X, y, sample_weight=weight) if weighs and weight is not None else scorer(model, X, y)

    return score


@cache
def scorer_named(name: str) -> Any:
    """scikit-learn's scorer of this name."""
    from sklearn.metrics import get_scorer

    return get_scorer(name)
