"""The rows on disk that networks are judged on, which are held in memory."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import encode
from shoal.fitting import folds
from shoal.fitting.block_store import Piece
from shoal.fitting.calibration import Judged, judged_on
from shoal.fitting.plan import Plan
from shoal.fitting.settings import Settings
from shoal.training.validation import Validation
from shoal.types import Floats
from shoal.uncertainty.held import all_out, taken

if TYPE_CHECKING:
    from shoal.fitting.on_disk import EncodedBlocks, OnDisk


def watched(blocks: "EncodedBlocks", plan: Plan, settings: Settings) -> tuple[Validation | None, Judged]:
    """The rows that networks are judged on, in memory: those held out by each, or, where none are, the sample for the noise alone.

    And those that are set aside, for the scores.
    """
    source, K, validation = blocks.source, len(plan.with_ramps), None
    summary, sample, out = source.summary, source.sample, blocks.out
    if out is None:
        Y, w = blocks.encoded_targets(sample.y), source.weights(sample)
        each = np.ones(len(Y)) if w is None else w
        weight = each * (summary.inputs.weight / each.sum())
        judged = judged_on(sample.X, encode(blocks.encoding, sample.X, plan.dtype), Y, K, weight=weight, before=None)
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
            known: dict[str, Any] = {"weight": own, "given": given, "rows": rows, "aside": aside, "calibration": settings.calibration}
            judged = judged_on(joint.X, kept.X, kept.Y, K, before=None, **known)
    return validation, replace(judged, lowest=summary.lowest, highest=summary.highest, n_rows=summary.m)


def kept_rows(source: "OnDisk", out: NDArray[np.bool_] | None) -> Piece:
    """The rows that some network holds out, or that are set aside, of all blocks; in the order of their places."""
    some = np.zeros(source.n_places, bool)
    for places in (source.aside, *(() if out is None else out)):
        some |= False if places is None else places
    some[source.unjudged] = False
    done, pieces = source.stage("held out", source.m), [source.store.read(0).at(slice(0))]
    for piece in source.store.blocks() if some.any() else ():
        pieces.append(piece.at(some[piece.place]))
        done(len(piece.y))
    X, y, place = zip(*pieces, strict=True)
    joint = Piece(np.concatenate(X), np.concatenate(y), np.concatenate(place))
    return joint.at(np.argsort(joint.place, kind="stable"))


def place_weights(source: "OnDisk") -> Floats:
    """The total weight of each place, `(n_places,)`."""
    sums = np.zeros(source.n_places)
    for piece in source.store.blocks():
        sums += np.bincount(piece.place, source.weights(piece), minlength=source.n_places)
    return sums
