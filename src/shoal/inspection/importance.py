"""What a model uses: how much worse it gets when a column is shuffled, and what it answers as one column changes alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.inspection import permutation_importance

from shoal.network import Network, predict_members
from shoal.types import Floats

N_REPEATS = 5  # scikit-learn's default


@dataclass(frozen=True)
class Importance:
    """How much a score falls when a column's values are shuffled among the rows.

    Attributes
    ----------
    names : tuple of str
    falls : ndarray, (n, repeats)
        Of the score, each time; 0 says that the column is not needed beside the others.
    score : float
        Without shuffling.
    metric : str
        What falls.
    n_rows : int
    """

    names: tuple[str, ...]
    falls: Floats
    score: float
    metric: str
    n_rows: int

    @property
    def mean(self) -> Floats:
        """The mean fall of each column, `(n,)`."""
        return np.asarray(self.falls.mean(axis=1))

    @property
    def sd(self) -> Floats:
        """Its standard deviation over the repeats, `(n,)`."""
        return np.asarray(self.falls.std(axis=1))

    def ranked(self) -> list[tuple[str, float, float]]:
        """Name, mean and standard deviation, the most important first."""
        order = np.argsort(-self.mean, kind="stable")
        return [(self.names[j], float(self.mean[j]), float(self.sd[j])) for j in order]


@dataclass(frozen=True)
class Effect:
    """What a model answers on average as one column takes these values and all others stay as they are.

    Attributes
    ----------
    name : str
        The column.
    values : tuple
        As the table has them, in order.
    numeric : bool
        Whether they are numbers, to be drawn on a line.
    members : ndarray, (K, values)
        Mean answer of every member: probability of a class, or the target's own units.
    together : ndarray, (values,)
        Their mean, weighed as the shoal weighs them.
    """

    name: str
    values: tuple[Any, ...]
    numeric: bool
    members: Floats
    together: Floats


def importance(
    model: Any, X: pd.DataFrame, y: Any, scorer: Callable[[Any, Any, Any], float], metric: str, *, seed: int = 0, repeats: int = N_REPEATS
) -> Importance:
    """scikit-learn's permutation importance of every column of a frame; see its user guide for what correlated columns do to it.

    Parameters
    ----------
    model : fitted estimator or Pipeline
    X : frame (m, n) of rows it has not learned from
    y : their targets
    scorer : of a model, rows and targets; higher is better
    metric : what the scorer scores, in a word
    seed : of the shuffling
    repeats : shuffles of each column
    """
    found = permutation_importance(model, X, y, scoring=scorer, n_repeats=repeats, random_state=seed)
    return Importance(tuple(map(str, X.columns)), found.importances, scorer(model, X, y), metric, len(X))


def partial_effect(
    network: Network,
    prepare: Callable[[pd.DataFrame], Any],
    X: pd.DataFrame,
    column: str,
    values: Sequence[Any],
    *,
    numeric: bool,
    output: int = 0,
) -> Effect:
    """The effect of one column, of every member.

    Parameters
    ----------
    network : Network
    prepare : makes the network's raw inputs of a frame
    X : frame (m, n), whose other columns stay as they are; some hundred rows are enough
    column : name of the column that changes
    values : that it takes, each in all rows
    numeric : whether they are numbers
    output : which answer: the place of the class (of two, 0 is the second's probability), or of the target
    """
    many = pd.concat([X] * len(values), ignore_index=True)
    many[column] = pd.Series(np.repeat(np.asarray(values, dtype=object), len(X)), dtype=object).infer_objects()
    answers = predict_members(network, prepare(many))[:, :, output]
    means = answers.reshape(len(answers), len(values), len(X)).mean(axis=2)
    used = network.shares > 0
    return Effect(column, tuple(values), numeric, means[used], network.shares @ means)
