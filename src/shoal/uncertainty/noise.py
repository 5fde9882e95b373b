"""The noise around predictions, learned from rows that members were evaluated on, not trained on.

A member's residual on a row that it held out has the variance v₁ = S + τ². S is the variance of the target around the average prediction
of networks of the kind, τ² that of one network around that average. Averaging members removes most of τ² and nothing of S.

If two members of a kind hold a row out ("cv+" does so for a fifth of the rows), half of their mean squared difference there is τ².
Otherwise τ² cannot be computed from the members' differences, because members that learned from a row are biased towards its target by a
fraction κ of its noise. Let r be the held-out residual and d the held-out prediction minus that of the members that learned it; then

    A = E r² = S + a τ²,   C = −E r d = κ S + a τ²,   D = E d² − (what the learners' own mean varies) = a τ² + κ² S,

where a = Σ w² of the weights of those that held out; the three give a τ² = (A D − C²) / (A + D − 2C). This is too large if networks are
biased to some rows more than to others, as E κ² ≥ (E κ)²; their spread on rows that they learned is too small. The geometric mean of both
is used (measured in docs/how-sure.md).

v₁ may depend on two things: the predicted value, in a few bins, and the members' spread at the row.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shoal.network import Network, Noise
from shoal.types import Floats
from shoal.uncertainty.answers import (
    Answers,
    Held,
    answers,
    at_most,
    judging,
    kinds_of,
    mean_variance,
    of_each_kind,
    spread,
    spread_within,
    taken,
    together,
    weights_of,
)

MOST_ROWS = 2_000  # used to learn the noise: a variance is then known to a few percent, and a fit hardly slower
MOST_COUNTED = 2**53  # a float cannot count more rows
PIECES, ROWS_OF_A_PIECE = 5, 40
PRIOR_ROWS = 60  # rows of the overall variance that each bin is combined with, so that no bin is certain by chance
ROWS_OF_A_SPREAD = 200  # from which the variance may follow the members' spread: the fraction is then known to a tenth or two
SHARES = np.linspace(0.0, 0.95, 20)  # of the variance that may follow the members' spread
# Rows that two networks of a kind hold out: the variance that averaging removes, mostly a tenth or two, is then known to half of it.
ROWS_OF_PAIRS = 6
LEAST = 1e-6  # standard deviation of the noise in units of the target's: smaller values are not measurable


@dataclass(frozen=True)
class Residuals:
    """Facts about one target on the held-out rows: each `(m,)`, in the target's units or squares of them."""

    predicted: Floats
    residual: Floats
    weight: Floats
    spread: Floats  # of the members that learned the row; of all if none did


def fit_noise(network: Network, held: Held, used: float | None = None) -> Noise | None:
    """The noise of these rows; None if the output states no expected value (quantiles, classes), or if predictions are not finite.

    Rows that no member held out (`held.out` false everywhere) show too little noise, and `source` states that, unless the evidence has
    found how many parameters γ a member uses on average: `used`. Then the noise is Σ r² / (N − γ), plus the members' spread.
    """
    if not network.g2.centred:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        noise = seen_noise(network, held, used)
    return noise if all(np.isfinite(v).all() for v in (*noise.variance, noise.typical, noise.averaging)) else None


def seen_noise(network: Network, held: Held, used: float | None) -> Noise:
    """`fit_noise` for an output that states an expected value."""
    alive = network.shares > 0
    rows, source = judging(held, alive), "held-out rows"
    if not len(rows):
        rows, source = np.flatnonzero(held.weight > 0), "training rows"
    N, n_rows = float(held.weight[rows].sum()), counted(held.weight[rows])
    held = taken(held, at_most(rows, MOST_ROWS))
    if source == "training rows":
        held = Held(held.X, held.Y, held.weight, np.ones_like(held.out))
    outputs = answers(network, held.X)
    if used is not None and source == "training rows" and outputs.variances is None:
        return replace(by_evidence(network, outputs, held, N / max(N - used, 1.0)), n_rows=n_rows)
    parts = [of_target(network, held, outputs, o) for o in range(outputs.values.shape[2])]
    at, variance, share, typical, learned, averaging = zip(*parts, strict=True)
    return Noise(tuple(at), tuple(variance), np.array(share), np.array(typical), np.array(learned), np.array(averaging), source, n_rows)


def counted(weight: Floats) -> int:
    """The number of rows: integer weights count rows, other weights only weigh them against each other."""
    return int(min(weight.sum(), MOST_COUNTED)) if np.array_equal(weight, np.floor(weight)) else len(weight)


def by_evidence(network: Network, outputs: Answers, held: Held, factor: float) -> Noise:
    """Constant noise σ², N / (N − γ) times the members' mean squared residual, plus their spread.

    In the terms of `Noise`: V ((1 − w) + w s² / s̄²) with V = σ² + s̄² and w = s̄² / V is σ² + s².
    """
    shares = network.shares
    squares = np.einsum("k,kmo->mo", shares, (outputs.values - in_target_units(network, held.Y)) ** 2)
    least = (LEAST * (np.ones(squares.shape[1]) if network.target is None else network.target.scale)) ** 2
    sigma2 = np.maximum(factor * np.average(squares, axis=0, weights=held.weight), least)
    weights = np.broadcast_to(shares[:, None], held.out.shape)
    typical = np.maximum(np.average(spread(outputs.values, weights), axis=0, weights=held.weight), least * least)
    V = sigma2 + typical
    at = tuple(np.zeros(1) for _ in V)
    return Noise(at, tuple(V[o : o + 1] for o in range(len(V))), typical / V, typical, typical, np.ones(len(V)), "evidence")


def of_target(network: Network, held: Held, outputs: Answers, o: int) -> tuple[Floats, Floats, float, float, float, float]:
    """One target's knots, variances, fraction that follows the spread, typical spread of new and of learned rows, averaging."""
    alive = (network.shares > 0)[:, None]
    weights, others = weights_of(network, held.out & alive), weights_of(network, ~held.out & alive)
    target = in_target_units(network, held.Y)[:, o]
    base = np.sqrt(mean_variance(outputs, weights)[:, o])
    predicted = together(network, outputs, weights)[:, o]
    partly = np.flatnonzero(others.any(axis=0))
    learners = others if len(partly) == len(target) else weights
    r = Residuals(predicted, (target - predicted) / base, held.weight, spread(outputs.values, learners)[:, o])
    averaging, gain = 1.0, 0.0
    if len(partly) == len(target) and np.count_nonzero(network.shares) > 1:
        d = (predicted - together(network, outputs, others)[:, o]) / base
        averaging, gain = what_averages_away(network, held, outputs.values[:, :, [o]] / base[:, None], weights, others, r, d)
    if outputs.variances is not None:
        return np.zeros(1), np.ones(1), 0.0, 1.0, 1.0, averaging
    typical_here = float(np.average(r.spread, weights=held.weight))
    typical_new = typical_here + gain
    least = (LEAST * (1.0 if network.target is None else float(network.target.scale[o]))) ** 2
    at, variance, share = variance_model(r, typical_here, least)
    return at, variance, share, max(typical_new, least), max(typical_here, least), averaging


def what_averages_away(
    network: Network, held: Held, values: Floats, weights: Floats, others: Floats, r: Residuals, d: Floats
) -> tuple[float, float]:
    """The fraction of a held-out residual's variance that remains when all members are combined, and how much more they differ on new rows.

    Kinds of members have different variances and weights, so each has its own τ²: the members that held a row out contribute Σ w² τ² to
    the variance of the held-out prediction; the whole shoal keeps Σ s² τ² of it.
    """

    def mean(of_rows: Floats) -> Floats:
        return np.asarray(np.average(of_rows, axis=-1, weights=held.weight))

    shares = network.shares[:, None]
    held_out, learned_from, all_of_kind = (np.sum(of_each_kind(network, w) ** 2, axis=1) for w in (weights, others, shares))
    within = np.nan_to_num(spread_within(network, values, others)[:, :, 0])
    least = mean(within)
    tau2 = least
    apart = spread_within(network, values, weights)[:, :, 0]
    paired = np.isfinite(apart) & (held.weight > 0)
    if (paired.sum(axis=1) >= ROWS_OF_PAIRS).any() and learned_apart(network, held.out):
        tau2 = np.array(
            [max(np.average(v[p], weights=held.weight[p]), b) if p.any() else b for v, p, b in zip(apart, paired, least, strict=True)]
        )
    elif (known := float(mean(held_out) @ least)) > 0:
        moments = np.stack([r.residual**2, -r.residual * d, d**2 - np.sum(learned_from * within, axis=0)])
        A, C, D = mean(moments)
        tau2 = least * np.sqrt(max(own_variance(A, C, D) / known, 1.0))
    gone = float(np.maximum(mean(held_out) - all_of_kind[:, 0], 0.0) @ tau2)
    together_of_kind = np.sum(of_each_kind(network, shares), axis=1)[:, 0]
    more = (together_of_kind - all_of_kind[:, 0]) @ (tau2 - least) / max(1 - float(np.sum(shares**2)), 1e-9)
    return 1 - min(gone / max(float(mean(r.residual**2)), 1e-300), 0.95), float(more)


def learned_apart(network: Network, out: NDArray[np.bool_]) -> bool:
    """Whether no two members of a kind have learned from the same rows: the difference of such two is smaller than that of others."""
    return len(np.unique(np.column_stack([kinds_of(network), out]), axis=0)) == len(out)


def in_target_units(network: Network, Y: Floats) -> Floats:
    """Targets in the network's form, back in their own units."""
    return np.asarray(Y if network.target is None else Y * network.target.scale + network.target.center, np.float64)


def own_variance(A: float, C: float, D: float) -> float:
    """a τ² from the three moments; between 0 and A."""
    below = A + D - 2 * C
    return 0.0 if below <= 0 else float(min(max((A * D - C * C) / below, 0.0), A))


def variance_model(r: Residuals, typical: float, least: float) -> tuple[Floats, Floats, float]:
    """Knots in the predicted value, the variances there, and the most likely fraction that follows the spread, in that order.

    With fewer than 200 rows the most likely fraction fits these rows better than new ones, and intervals based on it are too narrow.
    """
    square = np.maximum(r.residual**2, 0.0)
    at, variance = bins_of(r.predicted, square, r.weight, least)
    if typical <= least or len(square) < ROWS_OF_A_SPREAD:
        return at, variance, 0.0
    smooth, follows = interpolated(at, variance, r.predicted), r.spread / typical
    v = smooth * ((1 - SHARES[:, None]) + SHARES[:, None] * follows)
    surprise = np.average(np.log(v) + square / v, axis=1, weights=r.weight)
    return at, variance, float(SHARES[np.argmin(surprise)])


def bins_of(predicted: Floats, square: Floats, weight: Floats, least: float) -> tuple[Floats, Floats]:
    """Mean squared residuals of up to five equal parts of the rows by predicted value, each combined with the overall mean."""
    overall = max(float(np.average(square, weights=weight)), least)
    n = min(PIECES, len(square) // ROWS_OF_A_PIECE)
    if n < 2:
        return np.zeros(1), np.array([overall])
    order = np.argsort(predicted, kind="stable")
    knots: dict[float, float] = {}
    for part in np.array_split(order, n):
        w = weight[part]
        mixed = (w @ square[part] + PRIOR_ROWS * overall) / (w.sum() + PRIOR_ROWS)
        knots[float(np.median(predicted[part]))] = max(float(mixed), least)
    return np.array(list(knots)), np.array(list(knots.values()))


def interpolated(at: Floats, variance: Floats, predicted: Floats) -> Floats:
    """Variances between the knots, with logarithms linear in the predicted value, constant beyond the last."""
    return np.exp(np.interp(predicted, at, np.log(variance)))


def noise_variance(noise: Noise, predicted: Floats, spreads: Floats, typical: Floats) -> Floats:
    """v₁ at predictions and spreads `(m, n_y)`; `typical (n_y,)` is the mean spread of rows of this kind."""
    columns = []
    for o, (at, variance, share) in enumerate(zip(noise.at, noise.variance, noise.share, strict=True)):
        columns.append(interpolated(at, variance, predicted[:, o]) * ((1 - share) + share * spreads[:, o] / typical[o]))
    return np.stack(columns, axis=1)
