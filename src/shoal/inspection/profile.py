"""Lek's profile: the prediction as one input changes while all others are held at one quantile each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shoal.errors import InvalidParameterError
from shoal.network import Network, predict
from shoal.types import Floats

QUANTILES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # NeuralNetTools' six lines
STEPS = 100  # values of the input that changes, NeuralNetTools' number


@dataclass(frozen=True)
class Profile:
    """A prediction over one input, once for each quantile at which the others are held.

    Attributes
    ----------
    name : str
        The input that changes.
    values : ndarray, (steps,)
        Evenly from its lowest to its highest.
    quantiles : tuple of float
    answers : ndarray, (quantiles, steps)
        Probability of a class, or the target's own units.
    """

    name: str
    values: Floats
    quantiles: tuple[float, ...]
    answers: Floats


def profile(
    network: Network,
    X: pd.DataFrame,
    column: str,
    *,
    prepare: Callable[[pd.DataFrame], Any] = np.asarray,
    numbers: pd.DataFrame | None = None,
    quantiles: Sequence[float] = QUANTILES,
    output: int = 0,
) -> Profile:
    """The profile of one column of numbers, as `lekprofile` of R's NeuralNetTools draws it.

    The other columns of numbers are held at the same quantile, other cells (levels, dates) at their most frequent. Where inputs depend on
    each other such rows do not exist; a partial effect averages over rows that do.

    Parameters
    ----------
    network : Network
    X : frame (m, n)
    column : name of a column of numbers
    prepare : makes the network's raw inputs of a frame
    numbers : the columns of numbers as numbers, if the cells of X are not; NaN for an empty cell
    quantiles : at which the others are held, each in [0, 1]
    output : which output: the index of the class (of two, 0 is the second's probability), or of the target

    Raises
    ------
    InvalidParameterError
        For a column that is none of numbers, or a quantile outside [0, 1].

    References
    ----------
    S. Lek et al., Application of neural networks to modelling nonlinear relationships in ecology, Ecological Modelling 90 (1996), 39-52.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from shoal import ShoalRegressor
    >>> X = pd.DataFrame({"a": np.linspace(-2, 2, 60), "b": np.tile([0.0, 1.0], 30)})
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X["a"] ** 2)
    >>> from shoal.inspection import profile
    >>> profile(model.network_, X, "a").answers.shape
    (6, 100)
    """
    known = X if numbers is None else numbers
    if column not in known.columns:
        raise InvalidParameterError(f"column={column!r} is no column of numbers; those are {', '.join(map(str, known.columns))}")
    if not len(quantiles) or not all(0 <= q <= 1 for q in quantiles):
        raise InvalidParameterError(f"quantiles={list(quantiles)} must be numbers from 0 to 1, one or more")
    held = pd.DataFrame({name: held_cells(X[name], known.get(name), quantiles) for name in X.columns})
    values = np.linspace(np.nanmin(known[column]), np.nanmax(known[column]), STEPS)
    rows = held.loc[held.index.repeat(STEPS)].reset_index(drop=True)
    rows[column] = np.tile(values, len(quantiles))
    answers = predict(network, prepare(rows))[:, output].reshape(len(quantiles), STEPS)
    return Profile(str(column), values, tuple(map(float, quantiles)), answers)


def held_cells(cells: pd.Series, numbers: pd.Series | None, quantiles: Sequence[float]) -> Any:
    """A cell for each quantile; the most frequent cell where the column is none of numbers."""
    if numbers is not None and np.isfinite(numbers).any():
        return np.nanquantile(np.asarray(numbers, np.float64), quantiles)
    frequent = cells.mode()
    return pd.Series([frequent.iloc[0] if len(frequent) else None] * len(quantiles), dtype=cells.dtype if len(frequent) else object)
