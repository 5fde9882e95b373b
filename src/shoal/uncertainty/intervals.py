"""Intervals and quantiles from scores, or from the normal distribution where there are none.

Of n scores exchangeable with a new one, the new one is at most the r-th smallest with a probability of at least r/(n + 1):
hence the rank ⌈(n + 1) · coverage⌉ (Vovk et al. 2005; for scores of held-out folds Barber et al. 2021).
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import ndtri

from shoal.errors import InvalidParameterError
from shoal.network import Network
from shoal.types import Floats
from shoal.uncertainty.predictive import mean_and_scale, mean_and_std


def interval(network: Network, X: Any, coverage: float) -> tuple[Floats, Floats]:
    """Lower and upper ends `(m, n_y)` that cover the target of a new row with this probability.

    With calibration prediction ± r-th smallest |score| · scale, else mean ± z · standard deviation.
    """
    share = checked_share("coverage", coverage)
    if network.calibration is None:
        mean, std = mean_and_std(network, X)
        reach = float(ndtri((1 + share) / 2)) * std
    else:
        sizes = np.sort(np.abs(network.calibration.scores), axis=0)
        mean, scale = mean_and_scale(network, X)
        reach = sizes[rank(len(sizes), share, f"coverage={coverage:g}") - 1] * scale
    return at_least_zero(network, mean - reach), at_least_zero(network, mean + reach)


def quantiles(network: Network, X: Any, q: Any) -> Floats:
    """Quantiles of the target at new rows, `(m, n_y, len(q))`; they never cross.

    With calibration prediction + score · scale with the signed score of rank ⌈(n + 1) q⌉ from q = ½ on, below it ⌊(n + 1) q⌋:
    each is on the safe side.
    """
    wanted = checked_shares(q)
    if network.calibration is None:
        mean, std = mean_and_std(network, X)
        return at_least_zero(network, mean[:, :, None] + std[:, :, None] * ndtri(wanted))
    scores = network.calibration.scores
    n = len(scores)
    mean, scale = mean_and_scale(network, X)
    ranks = [rank(n, v, f"q={v:g}") if v >= 0.5 else n + 1 - rank(n, 1 - v, f"q={v:g}") for v in wanted.tolist()]
    picked = scores[np.array(ranks) - 1].T  # (n_y, len(q))
    return at_least_zero(network, mean[:, :, None] + scale[:, :, None] * picked)


def rank(n: int, share: float, what: str) -> int:
    """⌈(n + 1) · share⌉, and an error where n scores cannot say so much."""
    r = math.ceil((n + 1) * share - 1e-9)  # (n + 1) · 0.9 = 9.000000000000002 must not be taken for more than 9
    if r > n:
        needed = math.ceil(share / (1 - share) - 1e-9)
        raise InvalidParameterError(
            f"{what} needs at least {needed} rows to calibrate on, and there are {n}; ask for less, or fit more rows"
        )
    return max(r, 1)


def checked_share(name: str, value: Any) -> float:
    """A number between 0 and 1, ends excluded."""
    try:
        share = float(value)
    except (TypeError, ValueError):
        share = math.nan
    if not 0 < share < 1 or isinstance(value, str):
        raise InvalidParameterError(f"{name} is {value!r}; it must be a number between 0 and 1, such as 0.9")
    return share


def checked_shares(q: Any) -> Floats:
    """Quantiles as an array `(len(q),)`."""
    many = q if isinstance(q, Sequence | np.ndarray) and not isinstance(q, str) else [q]
    wanted = np.array([checked_share("q", v) for v in many])
    if not len(wanted):
        raise InvalidParameterError("q is empty; give at least one number between 0 and 1")
    return wanted


def at_least_zero(network: Network, values: Floats) -> Floats:
    """Counts are never below 0."""
    return np.maximum(values, 0.0) if network.output == "poisson" else values
