"""Use of the rows that were held out (`folds`): noise, scores for intervals, a temperature.

For rows on disk, the held-out rows are kept in memory.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import encode
from shoal.errors import DataError, InvalidParameterError
from shoal.fitting import folds
from shoal.fitting.block_store import StoredRows
from shoal.fitting.folds import RowsOfEach
from shoal.fitting.plan import Plan
from shoal.fitting.settings import Settings
from shoal.network import Network, value_range
from shoal.population import Population, with_zeros
from shoal.textbook.losses import make_loss
from shoal.training.progress import Trained
from shoal.training.rows import Validation
from shoal.types import Floats
from shoal.uncertainty.answers import Held, HeldRows, all_out, kinds_of, learned, out_by_member, taken
from shoal.uncertainty.calibration import cooled, fit_temperature
from shoal.uncertainty.label_sets import calibrated_labels
from shoal.uncertainty.noise import fit_noise
from shoal.uncertainty.predictive import calibrated

if TYPE_CHECKING:
    from shoal.fitting.on_disk import EncodedBlocks, OnDisk


@dataclass(frozen=True)
class JudgedOn:
    """The rows for a fitted network's noise or temperature, the rows for its scores, and the inputs' range.

    `everyone` are all rows for a temperature if `held` are some of them, for the noise.
    """

    held: Held
    scores: HeldRows | None
    lowest: Floats
    highest: Floats
    n_rows: int
    everyone: HeldRows | None = None


def largest_of(judged: JudgedOn) -> float:
    """The magnitude of the largest raw input."""
    return float(np.max(np.abs([judged.lowest, judged.highest]), initial=0.0))


def check_pieces(s: Settings, m: int, *, first: bool) -> None:
    """Raise an error for what `partial_fit` cannot do: hold rows out, or compute a scale from a single row in its `first` call."""
    if s.early_stopping is True:
        raise InvalidParameterError(
            "partial_fit does not support early_stopping=True: its rows come call by call, and none are held out; choose 'auto' or False"
        )
    if s.scoring is not None:
        raise InvalidParameterError(
            f"scoring is {s.scoring!r}, and partial_fit holds no rows out that could be scored; call fit, or leave scoring out"
        )
    if s.calibration is not None:
        raise InvalidParameterError(
            f"calibration is {s.calibration!r}, which holds rows out, and partial_fit gets its rows call by call; call fit, or "
            "choose calibration=None"
        )
    if first and s.standardize and m < 2:
        raise DataError(
            f"the first call of partial_fit got {m} row; its rows fix the scaling of all later ones: "
            "give it at least 2 (better hundreds), or set standardize=False"
        )


def check_calibration(s: Settings) -> None:
    """Raise an error for settings that cannot be calibrated."""
    calibration = s.calibration
    if calibration is None:
        return
    if s.task == "regression" and not make_loss(s.loss).centred:
        what = "is not centred" if make_loss(s.loss).level is None else "predicts one quantile"
        raise InvalidParameterError(
            f"calibration is {calibration!r}, but loss={s.loss!r} {what}, which has no interval around it; choose loss "
            "'squared_error', 'huber', 'absolute_error', 'poisson' or 'gaussian', and predict_quantiles"
        )
    if calibration == "cv+" and s.K == 1:
        raise InvalidParameterError(
            f"calibration is 'cv+', which evaluates every row by networks that were trained without it, but n_networks is {s.K}; "
            "choose n_networks of 2 or more, or calibration='split'"
        )


@dataclass(frozen=True)
class FittedRows:
    """Rows that a network was fitted to, with those that were held out.

    Attributes
    ----------
    X, encoded : rows as given and as layer 1 reads them, (m, n) and (m, n_x)
    Y : ndarray, (m, n_y)
    weight : ndarray, (m,), or None
        0 for rows that were set aside.
    given : ndarray, (m,), or None
        The weight before.
    held : tuple of ndarray, or None
        The rows that each network holds out.
    aside : ndarray or None
        The rows that were set aside from all networks.
    """

    X: Any
    encoded: Any
    Y: Floats
    weight: Floats | None
    given: Floats | None = None
    held: RowsOfEach | None = None
    aside: NDArray[np.int64] | None = None


def judged_on(
    rows: FittedRows, K: int, calibration: Any = None, *, before: Network | None = None, own: Validation | None = None
) -> JudgedOn:
    """All rows for the evaluation of K fitted networks: of these, or the user's `own`.

    `before` is the network from which training continues.
    """
    encoded, Y, weight = rows.encoded, rows.Y, rows.weight
    if own is not None:
        held = all_out(own.X, own.Y, own.weight, K)
    elif rows.held is not None:
        held = out_by_member(encoded, Y, weight, rows.held)
    else:
        held = learned(encoded, Y, weight, K)
    scores = None
    if rows.aside is not None:
        scores = taken(all_out(encoded, Y, rows.given, K), rows.aside)
    elif calibration == "cv+" and rows.held is not None:
        scores = out_by_member(encoded, Y, weight, rows.held)
    lowest, highest = value_range(rows.X, weight)
    if before is not None and before.lowest is not None and before.highest is not None:
        lowest, highest = np.minimum(lowest, before.lowest), np.maximum(highest, before.highest)
    return JudgedOn(held, scores, lowest, highest, len(Y))


def calibrate(network: Network, judged: JudgedOn, calibration: Any, trained: Trained) -> tuple[Network, float]:
    """`with_uncertainty`, for the networks that a training returned."""
    n_y = network.population.parameters.W2.shape[1] // network.g2.logits_per_target
    used = None if trained.evidence is None else float(np.mean(trained.evidence.gamma)) / n_y
    return with_uncertainty(network, judged, calibration, used, that_held_out(trained))


def for_prediction(network: Network, judged: JudgedOn, calibration: Any, trained: Trained) -> tuple[Network, float]:
    """`calibrate` without what says how sure a prediction is: the network predicts the same."""
    return with_temperature(network, judged, calibration, that_held_out(trained))


def that_held_out(trained: Trained) -> Population | None:
    """The networks that held rows out, if those that a training returned have learned from them since."""
    return None if trained.judged is None else with_zeros(trained.judged, trained.diverged == 0)


def with_temperature(network: Network, judged: JudgedOn, calibration: Any, before: Population | None) -> tuple[Network, float]:
    """The network with its inputs' range and its temperature; and that temperature, 1 if none was requested."""
    never_saw = network if before is None else replace(network, population=before)
    T = fit_temperature(never_saw, judged.everyone or judged.held) if calibration == "temperature" else 1.0
    network = network if T == 1.0 else cooled(network, T)
    return replace(network, lowest=judged.lowest, highest=judged.highest), T


def with_uncertainty(
    network: Network, judged: JudgedOn, calibration: Any, used: float | None, before: Population | None = None
) -> tuple[Network, float]:
    """The network with its inputs' range, noise, scores or temperature; and that temperature, 1 if none was requested.

    `used` is the number of parameters that each network uses by its evidence, if known. `before` are the networks that held rows out, if
    those of `network` have learned from them since; scores are of rows that neither has learned from.
    """
    noise = fit_noise(network if before is None else replace(network, population=before), judged.held, used)
    network, T = with_temperature(network, judged, calibration, before)
    if noise is not None and noise.source == "held-out rows" and calibration is None:
        larger = optimism(network, judged.held)
        noise = replace(noise, variance=tuple(larger * v for v in noise.variance))
    network = network if noise is None else replace(network, noise=noise)
    if judged.scores is not None:
        scored = calibrated_labels if network.classes else calibrated
        network = replace(network, calibration=scored(network, judged.scores, calibration, judged.n_rows))
    return network, T


def optimism(network: Network, held: Held) -> float:
    """The factor, at least 1, by which squared errors on new rows exceed those on rows that chose each network's best epoch.

    At the epoch that the other networks' rows prefer, a network's loss on its own rows is that of rows that did not choose. The factor is
    its ratio to the least loss, which they chose, summed over the networks. It is 1 if the loss is not a mean of squares, and if no
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
    """Refuse to continue with networks that may have learned from the rows that would now evaluate them."""
    before = network.calibration
    if calibration in ("split", "cv+") and (before is None or before.kind != calibration or before.n_rows != n_rows):
        was = "none" if before is None else f"{before.kind!r} on {before.n_rows} rows"
        raise InvalidParameterError(
            f"calibration is {calibration!r} on {n_rows} rows, but training continues with networks whose calibration was {was}: they may "
            "have learned from the rows that would evaluate them; keep both, or start again with warm_start=False"
        )


def watched(blocks: "EncodedBlocks", plan: Plan, settings: Settings) -> tuple[Validation | None, JudgedOn]:
    """The rows that evaluate the networks, in memory: those held out by each, or, if there are none, the sample for the noise alone.

    And those that are set aside, for the scores.
    """
    source, K, validation = blocks.source, len(plan.with_ramps), None
    summary, sample, out = source.summary, source.sample, blocks.out
    if out is None:
        Y, w = blocks.encoded_targets(sample.y), source.weights(sample)
        each = np.ones(len(Y)) if w is None else w
        weight = each * (summary.inputs.weight / each.sum())
        judged = judged_on(FittedRows(sample.X, encode(blocks.encoding, sample.X, plan.dtype), Y, weight), K)
    if out is not None or source.aside is not None:
        joint = kept_rows(source, out)
        kept, own, given = blocks.encoded(joint, plan.dtype), source.weights(joint), source.given_weights(joint)
        aside = None if source.aside is None else np.flatnonzero(source.aside[joint.place])
        if out is None and aside is not None:
            judged = replace(judged, scores=taken(all_out(kept.X, kept.Y, given, K), aside))
        elif out is not None:
            rows = tuple(np.flatnonzero(mine[joint.place]) for mine in out)
            if plan.hold_out:
                validation = folds.watched(settings.calibration, rows, plan, Validation(kept.X, kept.Y, own))
            judged = judged_on(FittedRows(joint.X, kept.X, kept.Y, own, given, rows, aside), K, settings.calibration)
    return validation, replace(judged, lowest=summary.lowest, highest=summary.highest, n_rows=summary.m)


def kept_rows(source: "OnDisk", out: NDArray[np.bool_] | None) -> StoredRows:
    """The rows that some network holds out, or that are set aside, of all blocks; in the order of their places."""
    some = np.zeros(source.n_places, bool)
    for places in (source.aside, *(() if out is None else out)):
        some |= False if places is None else places
    some[source.unjudged] = False
    done, pieces = source.stage("held out", source.m), [source.store.read(0).at(slice(0))]
    for piece in source.store.blocks() if some.any() else ():
        pieces.append(piece.at(some[piece.place]))
        done(len(piece.y))
    X, y, place, weight = zip(*pieces, strict=True)
    joint = StoredRows(np.concatenate(X), np.concatenate(y), np.concatenate(place), None if weight[0] is None else np.concatenate(weight))
    return joint.at(np.argsort(joint.place, kind="stable"))


def place_weights(source: "OnDisk") -> Floats:
    """The total weight of each place, `(n_places,)`."""
    sums = np.zeros(source.n_places)
    for piece in source.store.blocks():
        sums += np.bincount(piece.place, source.weights(piece), minlength=source.n_places)
    return sums
