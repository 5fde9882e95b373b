"""Predictions with their uncertainty: mean and standard deviation of the population, intervals and quantiles."""

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from shoal.encoding import SparseRows, decoded
from shoal.errors import DataError, InvalidParameterError
from shoal.kinds import BETWEEN_0_AND_1, NumberKind, items
from shoal.network import Calibration, Network, Noise, encoded, predict
from shoal.types import Floats
from shoal.uncertainty.answers import Held, HeldRows, answers, judging, mean_variance, spread, taken, together, weights_of
from shoal.uncertainty.noise import in_target_units, noise_variance
from shoal.uncertainty.outside import widened

BLOCK_ROWS = 8192  # members' predictions of so many rows take about 1 MB


def mean_and_std(network: Network, X: Any) -> tuple[Floats, Floats]:
    """Prediction and standard deviation `(m, n_y)` of the target at raw rows `X (m, n)`, in its units.

    Computed from the noise and the members' spread, and outside the training range from the way that the prediction goes there
    (`outside.widened`); for a Gaussian output it is the mixture of the members: the mean of their variances
    plus the variance of their means (Lakshminarayanan et al. 2017).

    Raises
    ------
    DataError
        For a network without a known noise.
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
    return mean, widened(network, X, mean, scale)


def _scale(network: Network, noise: Noise, rows: Any, mean: Floats, mixture: bool) -> Floats:
    outputs = answers(network, rows)
    weights = weights_of(network, np.ones(outputs.Z2.shape[::2], bool))
    own = mean_variance(outputs, weights)
    if outputs.variances is not None and mixture:
        return np.asarray(np.sqrt(own + np.einsum("km,kmo->mo", weights, (outputs.values - mean) ** 2)))
    return np.asarray(np.sqrt(own * noise.averaging * noise_variance(noise, mean, spread(outputs.values, weights), noise.typical)))


def known_noise(network: Network) -> Noise:
    """The network's noise, or an error that says why there is none."""
    if network.noise is None:
        why = "it was created without rows that show it"
        if not network.g2.centred:
            why = "its loss predicts one quantile" if network.g2.level is not None else f"its loss {network.output!r} is not centred"
        raise DataError(f"this network has no noise around its predictions: {why}; fit a model to rows, with another loss")
    return network.noise


def calibrated(network: Network, held: HeldRows, kind: str, n_rows: int) -> Calibration:
    """The scores of rows, each by the members that were not trained on it.

    If no member was trained on them ("split"), the row is predicted and measured exactly as new rows are: the two are exchangeable. If
    some members were ("cv+"), the prediction of the others is measured by their own larger variance v₁.
    """
    (scores,) = held.over(partial(scores_of, network, known_noise(network)))
    if not len(scores):
        raise DataError(
            f"calibration={kind!r} needs rows of weight above 0 that a network was not trained on, and found none; give more rows"
        )
    return Calibration(kind, np.sort(scores, axis=0), n_rows)


def scores_of(network: Network, noise: Noise, held: Held) -> tuple[Floats, ...]:
    """The scores `(m, n_y)` of the rows that have members which were not trained on them."""
    alive = network.shares > 0
    held = taken(held, judging(held, alive))
    scores: list[Floats] = [np.empty((0, held.Y.shape[1]))]
    for s in range(0, len(held.Y), BLOCK_ROWS):
        here = taken(held, np.arange(s, min(s + BLOCK_ROWS, len(held.Y))))
        scores.append(_scores(network, noise, here, alive))
    return (np.concatenate(scores),)


def _scores(network: Network, noise: Noise, held: Held, alive: NDArray[np.bool_]) -> Floats:
    outputs = answers(network, held.X)
    out = held.out & alive[:, None]
    whole = (out == alive[:, None]).all(axis=0)[:, None]
    weights = weights_of(network, out)
    learners = np.where(whole.T, weights, weights_of(network, ~held.out & alive[:, None]))
    predicted, varies = together(network, outputs, weights), spread(outputs.values, learners)
    new, seen = (noise_variance(noise, predicted, varies, typical) for typical in (noise.typical, noise.typical_learned))
    scale = np.sqrt(mean_variance(outputs, weights) * np.where(whole, noise.averaging * new, seen))
    if (unseen := np.flatnonzero(whole)).size:  # their inputs are not part of the training range
        scale[unseen] = widened(network, decoded(network.encoding, taken(held, unseen).X), predicted[unseen], scale[unseen])
    return np.asarray((in_target_units(network, held.Y) - predicted) / scale)


A_SHARE = NumberKind(BETWEEN_0_AND_1)
# Number of rows that show the noise from which on 90 % intervals of the normal distribution covered 80 % or more (docs/how-sure.md).
LEAST_ROWS = {"held-out rows": 32, "evidence": 30}
# If p weights were fitted by least squares, N residuals have the variance S (1 - p/N), and new rows S (1 + p/N) around the prediction: at
# N = 5 p intervals meant to cover 90 % cover 82 %, at 4 p less than 80 %.
ROWS_PER_WEIGHT = 5


def interval(network: Network, X: Any, coverage: float) -> tuple[Floats, Floats]:
    """Lower and upper ends `(m, n_y)` that cover the target of a new row with this probability.

    With calibration prediction ± r-th smallest |score| · scale, else mean ± z · standard deviation.

    Raises
    ------
    InvalidParameterError
        If too few rows evaluate the network for such an interval.
    """
    share = A_SHARE.read("coverage", coverage)
    if network.calibration is None:
        refuse_a_guess("intervals", network)
        mean, std = mean_and_std(network, X)
        reach = float(ndtri((1 + share) / 2)) * std
    else:
        sizes = np.sort(np.abs(network.calibration.scores), axis=0)
        mean, scale = mean_and_scale(network, X)
        reach = sizes[rank(len(sizes), share, f"coverage={coverage:g}") - 1] * scale
    return at_the_least(network, mean - reach), at_the_least(network, mean + reach)


def quantiles(network: Network, X: Any, q: Any) -> Floats:
    """Quantiles of the target at new rows, `(m, n_y, len(q))`; they never cross.

    With calibration: prediction + score · scale with the signed score of rank ⌈(n + 1) q⌉ from q = ½ on, below it ⌊(n + 1) q⌋; both are
    conservative.
    """
    wanted = checked_shares(q)
    if network.calibration is None:
        refuse_a_guess("quantiles", network)
        mean, std = mean_and_std(network, X)
        return at_the_least(network, mean[:, :, None] + std[:, :, None] * ndtri(wanted))
    scores = network.calibration.scores
    n = len(scores)
    mean, scale = mean_and_scale(network, X)
    ranks = [rank(n, v, f"q={v:g}") if v >= 0.5 else n + 1 - rank(n, 1 - v, f"q={v:g}") for v in wanted.tolist()]
    picked = scores[np.array(ranks) - 1].T  # (n_y, len(q))
    return at_the_least(network, mean[:, :, None] + scale[:, :, None] * picked)


def refuse_a_guess(what: str, network: Network) -> None:
    """Refuse intervals or quantiles without calibration if too few rows show the noise; see `LEAST_ROWS`.

    A file from before these rows were counted is accepted.
    """
    noise = known_noise(network)
    if noise.n_rows is None:
        return
    learned = noise.source == "training rows"
    needed = ROWS_PER_WEIGHT * weights_per_target(network) if learned else LEAST_ROWS[noise.source]
    if noise.n_rows < needed:
        which = f"{noise.n_rows} rows, which the networks learned from," if learned else f"{noise.n_rows} rows"
        more = "or with early_stopping=True" if learned else "or to more rows"
        raise InvalidParameterError(
            f"{what} were requested with calibration=None, and {which} show this model's errors: with fewer than {needed}, intervals "
            f"meant to cover 90 % may cover less than 80 %; fit with calibration='cv+', {more}"
        )


def weights_per_target(network: Network) -> int:
    """Weights and biases of the largest network that counts, divided by the number of targets."""
    n_z, alive = int(network.population.parameters.W2.shape[1]), network.shares > 0
    units, inputs = network.population.widths, network.population.inputs.sum(axis=1)
    skip = 0 if network.population.parameters.W3 is None else n_z * inputs
    largest = int((units * (inputs + 1 + n_z) + n_z + skip)[alive].max())
    return math.ceil(largest * network.g2.logits_per_target / n_z)


def rank(n: int, share: float, what: str) -> int:
    """⌈(n + 1) · share⌉, and an error if n scores are too few."""
    r = math.ceil((n + 1) * share - 1e-9)  # (n + 1) · 0.9 = 9.000000000000002 must not become more than 9
    if r > n:
        raise InvalidParameterError(
            f"{what} needs at least {least_scores(share)} calibration rows, and there are {n}; request less, or fit more rows"
        )
    return max(r, 1)


def least_scores(share: float) -> int:
    """The fewest scores of which one has a rank for this share: of nine, the ninth is the first to cover nine tenths.

    Examples
    --------
    >>> least_scores(0.9), least_scores(0.95)
    (9, 19)
    """
    return math.ceil(share / max(1 - share, 1e-18) - 1e-9)


def checked_shares(q: Any) -> Floats:
    """Quantiles as an array `(len(q),)`: of one number, or of several in a list, a tuple or an array of one axis."""
    many = items(q)
    if many is not None and not many:
        raise InvalidParameterError("q is empty; give at least one number between 0 and 1")
    return np.array([A_SHARE.read("q", v) for v in ([q] if many is None else many)])


def at_the_least(network: Network, values: Floats) -> Floats:
    """Values of a loss with a lowest target, such as 0 for counts, clipped to it."""
    return values if math.isinf(network.g2.least) else np.maximum(values, network.g2.least)
