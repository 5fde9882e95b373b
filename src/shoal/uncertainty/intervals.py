"""Intervals and quantiles from scores, or from the normal distribution where there are none.

Of n scores exchangeable with a new one, the new one is at most the r-th smallest with a probability of at least r/(n + 1):
hence the rank ⌈(n + 1) · coverage⌉ (Vovk et al. 2005; for scores of held-out folds Barber et al. 2021).
"""

import math
from typing import Any

import numpy as np
from scipy.special import ndtri

from shoal.errors import InvalidParameterError
from shoal.kinds import BETWEEN_0_AND_1, NumberKind, items
from shoal.network import Network
from shoal.types import Floats
from shoal.uncertainty.predictive import known_noise, mean_and_scale, mean_and_std

A_SHARE = NumberKind(BETWEEN_0_AND_1)
# Rows that show the noise from which on 90 % intervals of the normal distribution covered 80 % or more (docs/how-sure.md has it measured).
LEAST_ROWS = {"held-out rows": 32, "evidence": 30}
# Of rows that p weights were fitted to by least squares, N residuals have the variance S (1 - p/N), and new rows S (1 + p/N) around the
# prediction: at N = 5 p intervals meant to cover 90 % cover 82 %, at 4 p less than 80 %.
ROWS_PER_WEIGHT = 5


def interval(network: Network, X: Any, coverage: float) -> tuple[Floats, Floats]:
    """Lower and upper ends `(m, n_y)` that cover the target of a new row with this probability.

    With calibration prediction ± r-th smallest |score| · scale, else mean ± z · standard deviation.

    Raises
    ------
    InvalidParameterError
        Where too few rows judge the network for such an interval.
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

    With calibration prediction + score · scale with the signed score of rank ⌈(n + 1) q⌉ from q = ½ on, below it ⌊(n + 1) q⌋:
    each is on the safe side.
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
    """Refuse intervals or quantiles that nothing calibrates, where too few rows show the noise; see `LEAST_ROWS`.

    A file from before these rows were counted is believed.
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
            f"{what} were asked for with calibration=None, and {which} show how far this model errs: with fewer than {needed}, intervals "
            f"meant to cover 90 % may cover less than 80 %; fit with calibration='cv+', {more}"
        )


def weights_per_target(network: Network) -> int:
    """Weights and biases of the largest network that counts, shared out among the targets."""
    n_z, alive = int(network.population.parameters.W2.shape[1]), network.shares > 0
    units, inputs = network.population.widths, network.population.inputs.sum(axis=1)
    largest = int((units * (inputs + 1 + n_z) + n_z)[alive].max())
    return math.ceil(largest * network.g2.logits_per_target / n_z)


def rank(n: int, share: float, what: str) -> int:
    """⌈(n + 1) · share⌉, and an error where n scores cannot say so much."""
    r = math.ceil((n + 1) * share - 1e-9)  # (n + 1) · 0.9 = 9.000000000000002 must not be taken for more than 9
    if r > n:
        needed = math.ceil(share / max(1 - share, 1e-18) - 1e-9)
        raise InvalidParameterError(
            f"{what} needs at least {needed} rows to calibrate on, and there are {n}; ask for less, or fit more rows"
        )
    return max(r, 1)


def checked_shares(q: Any) -> Floats:
    """Quantiles as an array `(len(q),)`: of one number, or of several in a list, a tuple or an array of one axis."""
    many = items(q)
    if many is not None and not many:
        raise InvalidParameterError("q is empty; give at least one number between 0 and 1")
    return np.array([A_SHARE.read("q", v) for v in ([q] if many is None else many)])


def at_the_least(network: Network, values: Floats) -> Floats:
    """Of a loss whose targets have a lowest value, a count's 0, no value below it."""
    return values if math.isinf(network.g2.least) else np.maximum(values, network.g2.least)
