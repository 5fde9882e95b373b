"""What a model uses: the loss of its score when a column is shuffled, and its predictions as one column changes.

The effect of each input on the prediction: exact derivatives, by the chain rule from the prediction back to the raw column.

    dy/dx = dy/dZ2 · (W2 · g′(Z1) · W1 + W3) · d(encoded)/dx, W3 where there are skip connections

The encoding's derivative is 1/scale for the z-score and, between a ramp's edges, ramp_scale/width for the ramp; both are 0 beyond the
limits of a column. g′ is the textbook's,
with the slope on the left of a kink.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from shoal.encoding import encode
from shoal.input_limits import limited
from shoal.network import Network, predict_members
from shoal.textbook.activations import ACTIVATIONS
from shoal.textbook.propagation import forward
from shoal.types import Floats

N_REPEATS = 5  # scikit-learn's default


@dataclass(frozen=True)
class Importance:
    """The decrease of a score when a column's values are shuffled among the rows.

    Attributes
    ----------
    names : tuple of str
    falls : ndarray, (n, repeats)
        Of the score, each time; 0 means that the column is not needed besides the others.
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
        """The mean decrease for each column, `(n,)`."""
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
    """The mean prediction of a model as one column takes these values and all others stay unchanged.

    Attributes
    ----------
    name : str
        The column.
    values : tuple
        In order: numbers as they are read, levels and dates as in the table.
    numeric : bool
        Whether they are numbers, drawn as a line.
    members : ndarray, (K, values)
        Mean prediction of every member: probability of a class, or the target's own units.
    together : ndarray, (values,)
        Their mean, with the shoal's weights.
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
    from sklearn.inspection import permutation_importance  # a third of scikit-learn, which a fit does not need

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
    X : frame (m, n), whose other columns stay unchanged; some hundred rows are enough
    column : name of the column that changes
    values : that it takes, each in all rows
    numeric : whether they are numbers
    output : which output: the index of the class (of two, 0 is the second's probability), or of the target
    """
    many = pd.concat([X] * len(values), ignore_index=True)
    many[column] = pd.Series(np.repeat(np.asarray(values, dtype=object), len(X)), dtype=object).infer_objects()
    answers = predict_members(network, prepare(many))[:, :, output]
    means = answers.reshape(len(answers), len(values), len(X)).mean(axis=2)
    used = network.shares > 0
    return Effect(column, tuple(values), numeric, means[used], network.shares @ means)


BLOCK = 1024  # rows at once


def derivatives(network: Network, X: Any) -> Floats:
    """dy/dx of every output with respect to every raw input at every row, `(m, n, n_y)`.

    Parameters
    ----------
    network : Network
    X : raw rows (m, n); sparse ones become dense

    Returns
    -------
    ndarray
        y as `predict` returns it: probabilities, expected values in the target's own units; for a Gaussian output the mean.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.inspection import derivatives
    >>> derivatives(model.network_, X).shape
    (60, 1, 1)
    """
    rows = np.asarray(X.toarray() if sparse.issparse(X) else X, np.float64)
    return np.concatenate([block(network, rows[s : s + BLOCK]) for s in range(0, len(rows), BLOCK)])


def block(network: Network, X: Floats) -> Floats:
    """`derivatives` of a few rows."""
    parameters, encoding, n = network.merged, network.encoding, network.encoding.n_inputs
    g1, within = ACTIVATIONS[network.activation], encoding.limits
    moves = 1.0 if within is None else (within[0] < X) & (within[1] >= X)  # the slope on the left of a kink, as everywhere
    cache = forward(parameters, encode(encoding, X).T, g1, network.g2)
    slope = g1.prime(cache.Z1)
    own = np.empty((len(X), n, len(parameters.W2)))
    for o, weights in enumerate(parameters.W2):
        back = parameters.W1.T @ (weights[:, None] * slope)  # dZ2[o] / d(encoded), (n + n_ramps, m)
        if parameters.W3 is not None:
            back = back + parameters.W3[o][:, None]
        dx = back[:n].T / encoding.scale * moves
        if encoding.n_ramps:
            column, left, width = encoding.ramps
            inside = (X[:, column] > left) & (X[:, column] <= left + width)
            steps = back[n:].T * inside * (encoding.ramp_scale / width)
            np.add.at(dx.T, column, steps.T)
        own[:, :, o] = dx
    return through_output(network, cache.Z2, own)


def through_output(network: Network, Z2: Floats, dZ2: Floats) -> Floats:
    """dZ2/dx `(m, n, n_z)` becomes dy/dx `(m, n, n_y)`."""
    dy = np.moveaxis(network.g2.unit.change(Z2, np.moveaxis(dZ2, 0, 2)), 2, 0)
    return np.asarray(dy if network.target is None else dy * network.target.scale)


def sensitivities(network: Network, X: Any, weight: Floats | None = None) -> Floats:
    """Mean `|dy/dx|` over the rows, per standard deviation of each input within its limits, `(n, n_y)`, in units of y.

    Parameters
    ----------
    network : Network
    X : raw rows (m, n)
    weight : of the rows, `(m,)`, in the mean and in the standard deviation; None if each counts once

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.inspection import sensitivities
    >>> sensitivities(model.network_, X).shape
    (1, 1)
    """
    rows = np.asarray(X.toarray() if sparse.issparse(X) else X, np.float64)
    w = np.ones(len(rows)) if weight is None else np.asarray(weight, np.float64)
    slopes = np.zeros((rows.shape[1], 0))
    for s in range(0, len(rows), BLOCK):
        part = np.einsum("m,mny->ny", w[s : s + BLOCK], np.abs(block(network, rows[s : s + BLOCK])))
        slopes = part if not slopes.size else slopes + part
    within = limited(network.encoding.limits, rows)
    spread = np.sqrt(np.average((within - np.average(within, axis=0, weights=w)) ** 2, axis=0, weights=w))
    return np.asarray(slopes / w.sum() * spread[:, None])
