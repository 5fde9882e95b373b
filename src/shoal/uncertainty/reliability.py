"""Whether probabilities mean what they say: Brier's score and the expected calibration error."""

import numpy as np

from shoal.types import Floats

BINS = 15  # equal in width, as in Guo et al. 2017


def brier_score(shares: Floats, hit: Floats) -> float:
    """Mean squared distance of probabilities from what was, `(m, n_classes)` each, summed over the classes; of two, one counts."""
    counted = slice(1, None) if shares.shape[1] == 2 else slice(None)
    return float(np.mean(np.sum((shares - hit)[:, counted] ** 2, axis=1)))


def calibration_error(shares: Floats, hit: Floats, bins: int = BINS) -> float:
    """Mean distance of the likeliest class's probability from how often it is right, in bins of that probability.

    Parameters
    ----------
    shares : ndarray, (m, n_classes)
        Rows add up to 1.
    hit : ndarray, (m, n_classes)
        1 for the class of the row, else 0.
    """
    best = shares.argmax(axis=1)
    rows = np.arange(len(shares))
    sure, right = shares[rows, best], hit[rows, best]
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=sure - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(shares))
