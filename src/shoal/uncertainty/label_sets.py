"""Sets of classes that contain the class of a new row with a stated probability, from rows that were held out.

The score of a row is 1 − p, p the probability that its own class got from networks that had not learned from it, as in LAC (Sadinle,
Lei and Wasserman 2019, "Least ambiguous set-valued classifiers with bounded error levels"). A class c belongs to the set of a new row x if

    #{i : s_i < 1 − p_c(x; the networks that held row i out)} < (1 − α)(n + 1)

with the n scores s_i and the coverage 1 − α: CV+ for classes (Romano, Sesia and Candès 2020; Barber, Candès, Ramdas and Tibshirani 2021).
If all networks held every row out ("split"), this is split conformal prediction: p_c(x) is that of the whole shoal, and the set has the
classes whose score is at most the ⌈(1 − α)(n + 1)⌉-th smallest. By class, the rows i are those of class c alone, and the set contains the
class with that probability for the rows of every class (Sadinle et al., section 3; Vovk 2012).
"""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import SparseRows
from shoal.errors import DataError, InvalidParameterError
from shoal.network import LabelCalibration, Network, encoded, predict
from shoal.types import Floats
from shoal.uncertainty.answers import Answers, Held, HeldRows, answers, judging, taken, weights_of
from shoal.uncertainty.predictive import A_SHARE, BLOCK_ROWS, rank

Bools = NDArray[np.bool_]


def calibrated_labels(network: Network, held: HeldRows, kind: str, n_rows: int) -> LabelCalibration:
    """The scores of rows, each by the members that were not trained on it, with the class of the row and these members."""
    scores, labels, out = held.over(partial(label_scores, network))
    if not len(scores):
        raise DataError(
            f"calibration={kind!r} needs rows of weight above 0 that a network was not trained on, and found none; give more rows"
        )
    members, of_row = np.unique(out.astype(bool), axis=0, return_inverse=True)
    groups = np.broadcast_to(of_row.reshape(-1, 1), scores.shape)
    order = np.argsort(scores, axis=0, kind="stable")
    in_order = [np.take_along_axis(values, order, axis=0) for values in (scores, labels.astype(np.int64), groups.astype(np.int64))]
    return LabelCalibration(kind, in_order[0], n_rows, in_order[1], in_order[2], members)


def label_scores(network: Network, held: Held) -> tuple[NDArray[Any], ...]:
    """Of the rows that have members which were not trained on them: scores and places of the class `(m, n_targets)`, members `(m, K)`."""
    alive = network.shares > 0
    held = taken(held, judging(held, alive))
    out, labels = held.out & alive[:, None], places_of(network, held.Y)
    scores: list[Floats] = [np.empty((0, labels.shape[1]))]
    for s in range(0, len(labels), BLOCK_ROWS):
        here = np.arange(s, min(s + BLOCK_ROWS, len(labels)))
        shares = shares_of(network, answers(network, taken(held, here).X), weights_of(network, out[:, here]))
        scores.append(1 - np.take_along_axis(shares, labels[here, :, None], axis=2)[:, :, 0])
    return np.concatenate(scores), labels, out.T


def places_of(network: Network, Y: Floats) -> NDArray[np.int64]:
    """The place of each row's class among the classes of each target, `(m, n_targets)`."""
    if network.g2.unit.decides == "side":
        return np.asarray(np.rint(Y), np.int64)
    return np.asarray(Y.argmax(axis=1), np.int64)[:, None]


def shares_of(network: Network, outputs: Answers, weights: Floats) -> Floats:
    """The probabilities `(m, n_targets, n_classes)` of the members combined with separate weights `(K, m)` for each row."""
    return by_target(network, network.g2(np.einsum("km,kzm->zm", weights, outputs.Z2)).T)


def by_target(network: Network, shares: Floats) -> Floats:
    """Outputs `(m, n_z)` as probabilities `(m, n_targets, n_classes)`: both classes of every target, or all classes of the one."""
    return np.stack([1 - shares, shares], axis=2) if network.g2.unit.decides == "side" else np.asarray(shares)[:, None, :]


def label_sets(network: Network, X: Any, coverage: float, *, by_class: bool = False) -> Bools:
    """Which classes are in the set of each raw row of X `(m, n)`: `(m, n_targets, n_classes)`.

    Raises
    ------
    InvalidParameterError
        For a network without scores, a coverage outside (0, 1), or one for which there are too few.
    """
    share, known = A_SHARE.read("coverage", coverage), label_calibration(network)
    scores, labels, groups = known.scores, known.labels, known.groups
    n_targets, n_classes = scores.shape[1], 2 if network.g2.unit.decides == "side" else len(network.classes[0])
    largest = ranks(network, known, share, n_targets, n_classes, by_class=by_class)
    rows, whole, alive = encoded(network, X), by_target(network, predict(network, X)), network.shares > 0
    below = np.zeros(whole.shape, np.int64)
    for s in range(0, len(whole), BLOCK_ROWS):
        here = slice(s, s + BLOCK_ROWS)
        outputs = None
        for group, members in enumerate(known.members):
            if (members == alive).all():
                candidates = 1 - whole[here]
            else:
                outputs = outputs or answers(network, rows.only(here) if isinstance(rows, SparseRows) else rows[here])
                weights = np.repeat(weights_of(network, members[:, None]), outputs.Z2.shape[2], axis=1)
                candidates = 1 - shares_of(network, outputs, weights)
            for t in range(n_targets):
                mine = groups[:, t] == group
                for c in range(n_classes):
                    pool = scores[mine & (labels[:, t] == c), t] if by_class else scores[mine, t]
                    below[here, t, c] += np.searchsorted(pool, candidates[:, t, c], side="left")
    return np.asarray(below < largest)


def label_calibration(network: Network) -> LabelCalibration:
    """The scores of held-out rows; an error that says how to get them if there are none."""
    if not isinstance(network.calibration, LabelCalibration):
        raise InvalidParameterError(
            "sets of classes were requested, and this model has no scores of rows that were held out; fit with calibration='split' or "
            "'cv+' (shoal fit --set calibration=split), or call calibrate(X, y, calibration='split') with new rows"
        )
    return network.calibration


def ranks(network: Network, known: LabelCalibration, share: float, n_targets: int, n_classes: int, *, by_class: bool) -> NDArray[np.int64]:
    """How many scores must be below that of a class that is not in the set, `(n_targets, n_classes)`."""
    what = f"coverage={share:g}"
    if not by_class:
        return np.full((n_targets, n_classes), rank(len(known.scores), share, what))
    found = np.zeros((n_targets, n_classes), np.int64)
    for t in range(n_targets):
        for c in range(n_classes):
            label = network.classes[0][c] if len(network.classes[0]) == n_classes and n_targets == 1 else c
            n = int(np.count_nonzero(known.labels[:, t] == c))
            found[t, c] = rank(n, share, f"{what} by class for class {label}{f' of target {t}' * (n_targets > 1)}")
    return found
