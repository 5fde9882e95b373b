"""The mean and standard deviation of a target at new rows, and the scores that calibrate them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import SparseRows
from shoal.errors import DataError
from shoal.network import Calibration, Network, Noise, encoded, predict
from shoal.types import Floats
from shoal.uncertainty.answers import answers, mean_variance, spread, together, weights_of
from shoal.uncertainty.held import Held, judging, taken
from shoal.uncertainty.noise import in_target_units, noise_variance

BLOCK_ROWS = 8192  # members' predictions of so many rows stay near 1 MB


def mean_and_std(network: Network, X: Any) -> tuple[Floats, Floats]:
    """Prediction and standard deviation `(m, n_y)` of the target at raw rows `X (m, n)`, in its units.

    From the noise and the members' spread; of a Gaussian output the mixture of its members: the mean of their variances plus
    the variance of their means (Lakshminarayanan et al. 2017).

    Raises
    ------
    DataError
        For a network that knows of no noise.
    """
    return mean_and_scale(network, X, mixture=True)


def mean_and_scale(network: Network, X: Any, *, mixture: bool = False) -> tuple[Floats, Floats]:
    """Prediction and the unit in which intervals are measured, `(m, n_y)`: the standard deviation, but of a Gaussian output
    (unless `mixture`) without the members' spread, which no held-out row shows.
    """
    noise = known_noise(network)
    rows, mean = encoded(network, X), predict(network, X)
    blocks = (slice(s, s + BLOCK_ROWS) for s in range(0, len(mean), BLOCK_ROWS))
    scale = np.concatenate(
        [_scale(network, noise, rows.only(s) if isinstance(rows, SparseRows) else rows[s], mean[s], mixture) for s in blocks]
    )
    return mean, scale


def _scale(network: Network, noise: Noise, rows: Any, mean: Floats, mixture: bool) -> Floats:
    said = answers(network, rows)
    weights = weights_of(network, np.ones(said.Z2.shape[::2], bool))
    own = mean_variance(said, weights)
    if said.variances is not None and mixture:
        return np.asarray(np.sqrt(own + np.einsum("km,kmo->mo", weights, (said.values - mean) ** 2)))
    return np.asarray(np.sqrt(own * noise.averaging * noise_variance(noise, mean, spread(said.values, weights), noise.typical)))


def known_noise(network: Network) -> Noise:
    """The network's noise, or an error that says why there is none."""
    if network.noise is None:
        why = "its loss predicts one quantile" if not network.g2.centred else "no rows showed any when it was made"
        raise DataError(f"this network knows nothing of the noise around its predictions: {why}; fit one to rows, with another loss")
    return network.noise


def calibrated(network: Network, held: Held, kind: str, n_rows: int) -> Calibration:
    """The scores of rows, each by the members that have not learned from it.

    Where all members have not ("split"), the row is predicted and measured exactly as new rows will be: the two are
    exchangeable. Where some have not ("cv+"), their prediction is measured by their own larger variance v₁.
    """
    noise, alive = known_noise(network), network.shares > 0
    held = taken(held, judging(held, alive))
    if not len(held.Y):
        raise DataError(f"calibration={kind!r} found no row that counts and that a network had not learned from; give more rows")
    scores = []
    for s in range(0, len(held.Y), BLOCK_ROWS):
        here = taken(held, np.arange(s, min(s + BLOCK_ROWS, len(held.Y))))
        scores.append(_scores(network, noise, here, alive))
    return Calibration(kind, np.sort(np.concatenate(scores), axis=0), n_rows)


def _scores(network: Network, noise: Noise, held: Held, alive: NDArray[np.bool_]) -> Floats:
    said = answers(network, held.X)
    out = held.out & alive[:, None]
    whole = (out == alive[:, None]).all(axis=0)[:, None]
    weights = weights_of(network, out)
    learners = np.where(whole.T, weights, weights_of(network, ~held.out & alive[:, None]))
    predicted, varies = together(network, said, weights), spread(said.values, learners)
    new, seen = (noise_variance(noise, predicted, varies, typical) for typical in (noise.typical, noise.typical_learned))
    scale = np.sqrt(mean_variance(said, weights) * np.where(whole, noise.averaging * new, seen))
    return np.asarray((in_target_units(network, held.Y) - predicted) / scale)
