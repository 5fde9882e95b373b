"""What a fit makes of the rows that it kept from its networks (`folds`): noise, scores for intervals, a temperature."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.errors import DataError, InvalidParameterError
from shoal.fitting.folds import RowsOfEach
from shoal.fitting.settings import Settings
from shoal.network import Network
from shoal.population import Population, with_zeros
from shoal.textbook.losses import make_loss
from shoal.training.trained import Trained
from shoal.training.validation import Validation
from shoal.types import Floats
from shoal.uncertainty.answers import kinds_of
from shoal.uncertainty.held import Held, all_out, learned, out_by_member, taken
from shoal.uncertainty.noise import fit_noise
from shoal.uncertainty.outside import value_range
from shoal.uncertainty.predictive import calibrated
from shoal.uncertainty.temperature import cooled, fit_temperature


@dataclass(frozen=True)
class Judged:
    """What a fitted network is judged on: rows for its noise or temperature, rows for its scores, and the inputs' range."""

    held: Held
    scores: Held | None
    lowest: Floats
    highest: Floats
    n_rows: int


def largest_of(judged: Judged) -> float:
    """The largest raw input, as a size."""
    return float(np.max(np.abs([judged.lowest, judged.highest]), initial=0.0))


def check_pieces(s: Settings, m: int, *, first: bool) -> None:
    """Refuse what `partial_fit` cannot do: hold rows out, or scale by a `first` piece of a single row."""
    if s.early_stopping is True:
        raise InvalidParameterError(
            "partial_fit does not support early_stopping=True: its rows come in pieces, and none are held out; choose 'auto' or False"
        )
    if s.calibration is not None:
        raise InvalidParameterError(
            f"calibration is {s.calibration!r}, which keeps rows from the networks, and partial_fit gets rows in pieces; call fit, or "
            "choose calibration=None"
        )
    if first and s.standardize and m < 2:
        raise DataError(
            f"the first call of partial_fit got {m} row; its rows fix the scaling of all later ones: "
            "give it at least 2 (better hundreds), or set standardize=False"
        )


def check_calibration(s: Settings) -> None:
    """Refuse what cannot be calibrated."""
    calibration = s.calibration
    if calibration is None:
        return
    if s.task == "regression" and not make_loss(s.loss).centred:
        raise InvalidParameterError(
            f"calibration is {calibration!r}, but loss='quantile' predicts one quantile, around which no interval is meant; choose loss "
            "'squared_error', 'huber', 'absolute_error', 'poisson' or 'gaussian', and predict_quantiles"
        )
    if calibration == "cv+" and s.K == 1:
        raise InvalidParameterError(
            f"calibration is 'cv+', which judges every row by networks that others trained without, but n_networks is {s.K}; "
            "choose n_networks of 2 or more, or calibration='split'"
        )


def judged_on(
    X: Any,
    encoded: Any,
    Y: Floats,
    K: int,
    *,
    weight: Floats | None,
    before: Network | None,
    given: Floats | None = None,
    rows: RowsOfEach | None = None,
    aside: NDArray[np.int64] | None = None,
    calibration: Any = None,
    own: Validation | None = None,
) -> Judged:
    """All that the fitted network will be judged on.

    `weight` is 0 where rows were set `aside`, `given` as the user had it; `before` is the network that training goes on with.
    """
    if own is not None:
        held = all_out(own.X, own.Y, own.weight, K)
    elif rows is not None:
        held = out_by_member(encoded, Y, weight, rows)
    else:
        held = learned(encoded, Y, weight, K)
    scores = None
    if aside is not None:
        scores = taken(all_out(encoded, Y, given, K), aside)
    elif calibration == "cv+" and rows is not None:
        scores = out_by_member(encoded, Y, weight, rows)
    lowest, highest = value_range(X, weight)
    if before is not None and before.lowest is not None and before.highest is not None:
        lowest, highest = np.minimum(lowest, before.lowest), np.maximum(highest, before.highest)
    return Judged(held, scores, lowest, highest, len(Y))


def calibrate(network: Network, judged: Judged, calibration: Any, trained: Trained) -> tuple[Network, float]:
    """`made_sure`, of the networks that a training left."""
    n_y = network.population.parameters.W2.shape[1] // network.g2.logits_per_target
    used = None if trained.evidence is None else float(np.mean(trained.evidence.gamma)) / n_y
    before = None if trained.judged is None else with_zeros(trained.judged, trained.diverged == 0)
    return made_sure(network, judged, calibration, used, before)


def made_sure(
    network: Network, judged: Judged, calibration: Any, used: float | None, before: Population | None = None
) -> tuple[Network, float]:
    """The network with its inputs' range, noise, scores or temperature; and that temperature, 1 where none was asked for.

    `used` is the number of parameters that each network uses by its evidence, where there is one. `before` are the networks
    that held rows out, where those of `network` have learned from them since; scores are of rows that neither has seen.
    """
    never_saw = network if before is None else replace(network, population=before)
    T = fit_temperature(never_saw, judged.held) if calibration == "temperature" else 1.0
    network = network if T == 1.0 else cooled(network, T)
    noise = fit_noise(never_saw, judged.held, used)
    if noise is not None and noise.source == "held-out rows" and calibration is None:
        larger = optimism(network, judged.held)
        noise = replace(noise, variance=tuple(larger * v for v in noise.variance))
    network = replace(network, lowest=judged.lowest, highest=judged.highest, noise=noise)
    if judged.scores is not None:
        network = replace(network, calibration=calibrated(network, judged.scores, calibration, judged.n_rows))
    return network, T


def optimism(network: Network, held: Held) -> float:
    """By which factor squared errors on new rows exceed those on rows that said when each network was at its best, from 1 on.

    At the epoch that the other networks' rows prefer, a network's loss on its own rows is that of rows that did not choose. The ratio to
    the loss that they chose, its least, summed over the networks, is the factor. 1 where the loss is no mean of squares, and where no
    network has others of its kind that hold other rows out.
    """
    curves = network.history.get("validation_loss")
    if curves is None or not len(curves) or not network.g2.in_squares:
        return 1.0
    losses = np.where(np.isfinite(curves), curves, np.inf)
    out, kinds, alive = held.out & (held.weight > 0), kinds_of(network), network.shares > 0
    apart = (out.astype(float) @ out.T == 0) & (kinds[:, None] == kinds) & alive & alive[:, None] & out.any(axis=1)
    least, chosen = 0.0, 0.0
    for k in np.flatnonzero(apart.any(axis=1)):
        trained = np.isfinite(losses[:, k])
        others = np.minimum.accumulate(losses[:, apart[k]], axis=0)
        others = np.where(np.isfinite(losses[:, apart[k]]), losses[:, apart[k]], others[-1])
        best = int(np.argmin(np.where(trained, others.sum(axis=1), np.inf)))
        least, chosen = least + network.shares[k] * losses[:, k].min(), chosen + network.shares[k] * losses[best, k]
    return max(chosen / least, 1.0) if least > 0 else 1.0


def must_be_the_same(network: Network, calibration: Any, n_rows: int) -> None:
    """Refuse to go on with networks that may have learned from the rows that they would now be judged on."""
    before = network.calibration
    if calibration in ("split", "cv+") and (before is None or before.kind != calibration or before.n_rows != n_rows):
        was = "none" if before is None else f"{before.kind!r} on {before.n_rows} rows"
        raise InvalidParameterError(
            f"calibration is {calibration!r} on {n_rows} rows, but training goes on with networks whose calibration was {was}: they may "
            "have learned from the rows that they would be judged on; keep both, or begin anew with warm_start=False"
        )
