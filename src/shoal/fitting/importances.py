"""`feature_importances_`: exact sensitivities over rows that were learned from, one number for each input.

A fit keeps a sample of its rows in memory, and nothing is computed before someone asks: fits stay as fast as they are. Pickles and model
files contain the numbers, never the rows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.fitting.source import InMemory, Source
from shoal.inspection import sensitivities
from shoal.network import Network
from shoal.types import Floats

MOST_ROWS = 1000  # the mean of so many is known to some 3 %, less than a fit with other initial weights changes it
MOST_CELLS = 1_000_000  # of the sample as dense numbers, 8 MB


@dataclass(frozen=True, eq=False)
class RowSample:
    """Some of the rows of a fit: `X (m, n)` dense or CSR, and what each counts `(m,)`, None for once."""

    X: Any
    weight: Floats | None


def sample_of(source: Source) -> RowSample | None:
    """Rows of a source in memory that count, spread evenly over it; None for rows that lie elsewhere."""
    if not isinstance(source, InMemory):
        return None
    X, weight = source.X, source.weight
    most = max(1, min(MOST_ROWS, MOST_CELLS // max(X.shape[1], 1)))
    if weight is None and X.shape[0] <= most:
        return RowSample(X.copy(), None)
    counted = np.arange(X.shape[0]) if weight is None else np.flatnonzero(weight > 0)
    chosen = counted[np.linspace(0, len(counted) - 1, min(len(counted), most)).astype(int)]
    return RowSample(X[chosen], None if weight is None else weight[chosen])


def importances(network: Network, sample: RowSample) -> Floats:
    """Mean `|dy/dx|` per standard deviation of each input, over the rows and the outputs, `(n,)`; they add up to 1.

    Targets count in units of their own scale, so that their units do not matter. All are 0 if nothing moves the prediction.
    """
    found = sensitivities(network, sample.X, sample.weight)
    mean = (found if network.target is None else found / network.target.scale).mean(axis=1)
    total = float(mean.sum())
    return np.asarray(mean / total if total > 0 else np.zeros_like(mean))
