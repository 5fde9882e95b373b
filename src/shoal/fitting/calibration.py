"""Which rows an estimator keeps from its networks so as to say how sure they are, and what it makes of them."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shoal.draws import Purpose, group_stream
from shoal.errors import DataError, InvalidParameterError
from shoal.fitting.initialize import deal, held_out
from shoal.fitting.plan import PARTS, SMALL, Plan
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

SPLIT_SHARE = 5  # "split" keeps every fifth row from all networks
PAIR_SHARE = 5  # "cv+" keeps every fifth row of a part from two networks of a kind, whose difference there shows how far one strays
RowsOfEach = tuple[NDArray[np.int64], ...]


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


def set_aside(calibration: Any, X: Any, weight: Floats | None, seed: int) -> tuple[Floats | None, NDArray[np.int64] | None]:
    """For "split": the weights with 0 for the rows that no network may learn from, and these rows; else as it was, and None."""
    if calibration != "split":
        return weight, None
    leaders, places = twins(X, weight)
    order = group_stream(seed, Purpose.CALIBRATION).permutation(len(leaders))
    chosen = np.zeros(len(leaders), bool)
    chosen[order[::SPLIT_SHARE]] = True
    if chosen.all():
        raise DataError(f"calibration='split' needs at least 2 different rows that count, and there are {len(leaders)}; give more rows")
    aside = np.flatnonzero((places >= 0) & chosen[np.maximum(places, 0)])
    kept = np.ones(X.shape[0]) if weight is None else weight.copy()
    kept[aside] = 0.0
    return kept, aside


def different_rows(X: Any, weight: Floats | None) -> int | None:
    """How many different rows count, where they are few; None where they are many, or lie elsewhere."""
    if X.shape[0] >= SMALL or not (isinstance(X, np.ndarray) or sparse.issparse(X)):
        return None
    return len(twins(X, weight)[0])


def twins(X: Any, weight: Floats | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first of all rows with the same inputs, `(number of different rows,)`, and for every row which of them it is, `(m,)`.

    Rows of weight 0 are none: −1. Rows that are equal must be held out together, or else a network has learned the very
    row that it is judged on.
    """
    if sparse.issparse(X):
        rows = sparse.csr_array(X, copy=True)
        rows.sum_duplicates()
        ends = rows.indptr
        keys = [rows.indices[a:b].tobytes() + rows.data[a:b].tobytes() for a, b in pairwise(ends.tolist())]
    else:
        keys = [row.tobytes() for row in np.ascontiguousarray(X)]
    counted = np.ones(len(keys), bool) if weight is None else weight > 0
    numbers: dict[bytes, int] = {}
    places = np.full(len(keys), -1)
    leaders: list[int] = []
    for i in np.flatnonzero(counted).tolist():
        number = numbers.setdefault(keys[i], len(numbers))
        if number == len(leaders):
            leaders.append(i)
        places[i] = number
    return np.array(leaders, np.int64), places


def kept_out(
    calibration: Any, X: Any, p: Plan, labels: NDArray[Any] | None, seed: int, weight: Floats | None, own: bool
) -> RowsOfEach | None:
    """The rows that each network is trained without, or None: for early stopping, and so that every row can be judged.

    With "cv+" as many parts as there are networks of a kind, so that every row is held out by one of them; with
    "temperature" as for early stopping, unless the user's `own` validation rows will do. Of few rows that count there are fewer
    parts than asked for, of two rows at least.
    """
    m = X.shape[0]
    if calibration == "cv+":
        return of_every_row(X, p, seed, weight)
    n = p.hold_out or (PARTS if calibration == "temperature" and not own else 0)
    if not n:
        return None
    counted = m if weight is None else int(np.count_nonzero(weight))
    parts = of_different_rows(X, n, seed, weight, labels) if m < SMALL else deal(m, of_two_rows(n, counted), labels, seed, weight)
    return held_out(p.with_ramps, parts) if len(parts) > 1 else None


def of_two_rows(n: int, counted: int) -> int:
    """The number of parts, at most n, that leaves two of the rows that count in each; two parts at least."""
    return max(2, min(n, counted // 2))


def refuse_too_few(rows: RowsOfEach | None) -> None:
    """Refuse to judge a network on a single row, or on none, where early stopping was asked for."""
    fewest = 0 if rows is None else min(map(len, rows))
    if fewest < 2:
        raise DataError(
            f"The validation set is too small: a network would hold out {fewest} of the rows that count, and early_stopping=True needs 2. "
            "Increase 'validation_fraction' or the size of your dataset, or choose early_stopping=False"
        )


def watched(calibration: Any, rows: RowsOfEach, p: Plan, all_rows: Validation) -> Validation:
    """The rows whose loss each network watches, of those that it holds out, and whose watching says when which network stops.

    With "cv+" every row will judge the networks that hold it out, and must not decide when these stop: the rows of the others of the
    kind do, and rows that two of a kind hold out decide for nobody. Else each network watches all its rows, and decides itself.
    """
    if calibration != "cv+":
        return replace(all_rows, rows=rows)
    weight = np.ones(len(all_rows.Y)) if all_rows.weight is None else all_rows.weight
    out = np.zeros((len(rows), len(weight)), bool)
    for k, mine in enumerate(rows):
        out[k, mine] = True
    kinds = np.array(p.with_ramps)
    alike = kinds[:, None] == kinds
    watch = np.stack([mine & (np.unique(out[alike[k]], axis=0).sum(axis=0) == 1) for k, mine in enumerate(out)])
    apart = (out.astype(float) @ watch.T) == 0
    by = np.where((apart & alike).any(axis=1, keepdims=True), apart & alike, apart) * (watch @ weight)
    return replace(all_rows, rows=tuple(np.flatnonzero(mine) for mine in watch), by=by / by.sum(axis=1, keepdims=True))


def of_every_row(X: Any, p: Plan, seed: int, weight: Floats | None) -> RowsOfEach:
    """Rows dealt so that every one that counts is held out by a network, some by two, those with the same inputs by the same."""
    leaders, places = twins(X, weight)
    of_a_kind = max(p.with_ramps.count(True), p.with_ramps.count(False))
    n = of_a_kind if of_a_kind > 1 else len(p.with_ramps)
    parts = deal(len(leaders), n, None, seed)
    if len(parts) < 2:
        raise DataError(f"calibration='cv+' needs at least 2 different rows that count, and there are {len(leaders)}; give more rows")
    rows = with_twins(parts, places)
    if of_a_kind > 2 and min(map(len, parts)) >= PAIR_SHARE and len(parts) > 2:  # somebody of each kind must learn from every row
        shared = with_twins([part[::PAIR_SHARE] for part in parts], places)
        rows = [np.union1d(mine, shared[k - 1]) for k, mine in enumerate(rows)]
    if of_a_kind > 1:
        return held_out(p.with_ramps, rows)
    return tuple(rows[k % len(rows)] for k in range(len(p.with_ramps)))


def of_different_rows(X: Any, n: int, seed: int, weight: Floats | None, labels: NDArray[Any] | None = None) -> list[NDArray[np.int64]]:
    """Rows dealt into parts by what they hold, those with the same inputs into the same, whatever their order and number.

    So that of few rows an integer weight is still what as many repeated rows are. With labels every class is spread evenly.
    """
    leaders, places = twins(X, weight)
    different = X[leaders]
    different = different.toarray() if sparse.issparse(different) else np.asarray(different)
    by_value = np.lexsort(different.T)
    if labels is not None:
        numbers = np.unique(labels, return_inverse=True)[1]
        labels = np.full(len(leaders), len(numbers))
        np.minimum.at(labels, places[places >= 0], numbers[places >= 0])  # equal inputs of several classes: their first
        labels = labels[by_value]
    return with_twins([by_value[part] for part in deal(len(leaders), of_two_rows(n, len(leaders)), labels, seed)], places)


def with_twins(parts: list[NDArray[np.int64]], places: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows whose places among the different ones are in each part."""
    part_of = np.full(int(places.max(initial=-1)) + 2, -1)  # the last: rows that count for nothing
    for number, part in enumerate(parts):
        part_of[part] = number
    return [np.flatnonzero(part_of[places] == number) for number in range(len(parts))]


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
    if curves is None or not len(curves) or network.output not in ("squared_error", "huber"):
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
