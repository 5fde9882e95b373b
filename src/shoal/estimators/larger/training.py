"""An estimator fitted to dealt rows: what `fit` does with rows in memory, a block at a time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.draws import seed_from
from shoal.encoding import encode
from shoal.errors import InvalidParameterError
from shoal.estimators.larger.dealt import Dealt, Parts
from shoal.estimators.larger.encoded import EncodedBlocks, found_encoding, kept_rows, summarised, targets
from shoal.estimators.larger.survey import Told
from shoal.estimators.shallow import ShallowEstimator
from shoal.estimators.summary import Summary, problem_from
from shoal.fitting.budget import refuse_too_many
from shoal.fitting.calibration import check_calibration, judged_on
from shoal.fitting.initialize import held_out
from shoal.fitting.plan import FULL_BATCH, Plan, plan
from shoal.fitting.problem import Problem
from shoal.fitting.settings import settings_of
from shoal.fitting.train import Training, announced, full_batch
from shoal.textbook.losses import make_loss
from shoal.training.streamed import InBlocks, Streamed
from shoal.training.validation import Validation
from shoal.types import Floats

Stage = Callable[[str, int], Told]


@dataclass(frozen=True)
class Sampled:
    """Prepared rows that stand for all where a few are enough: `X (s, n)`, `y (s, n_y)` as they are dealt."""

    X: Floats
    y: Floats


def planned(estimator: ShallowEstimator, m: int) -> Plan:
    """The plan of m rows that are not held in memory: what would go over all of them once more at the end is left out.

    Sets the estimator's seed.

    Raises
    ------
    InvalidParameterError
        For a calibration that keeps rows from all networks, and training that goes on.
    """
    settings = settings_of(estimator)
    if settings.calibration in ("split", "cv+"):
        raise InvalidParameterError(
            f"calibration is {estimator.calibration!r}, which keeps rows in memory to judge intervals by, and the table is larger than "
            "max_memory; leave calibration out, or give as much memory as the table needs"
        )
    check_calibration(settings)
    if settings.warm_start:
        raise InvalidParameterError("warm_start is not there for tables larger than max_memory: training begins anew; leave it out")
    if settings.class_weight is not None:
        raise InvalidParameterError("class_weight is not there for tables larger than max_memory: every row counts once; leave it out")
    estimator.seed_ = seed_from(estimator.random_state)
    refuse_too_many(settings.K)
    p = plan(settings, m, estimator.seed_, sparse=False, own_validation=False)
    if estimator.calibration == "temperature" and not p.hold_out:
        raise InvalidParameterError("calibration='temperature' needs rows that networks hold out; leave early_stopping to 'auto'")
    return replace(p, polished=False, all_rows=False)


def fit_dealt(
    estimator: ShallowEstimator,
    p: Plan,
    dealt: Dealt,
    sample: Sampled,
    labels: NDArray[Any] | None,
    parts: Parts,
    stage: Stage,
) -> None:
    """Fit the estimator to the rows to learn from; `labels` are the classes whose places were dealt, None for numbers.

    The result is that of `fit` on the same rows, in another order of adding up, but for two things: which rows the networks
    hold out is drawn row by row, and the ramps' edges are those of the sample.
    """
    m, one_column, dtype = sum(dealt.sizes), sample.y.shape[1] == 1, np.dtype(np.float32 if p.single_precision else np.float64)
    estimator.n_features_in_ = sample.X.shape[1]
    summary = summarised(dealt, labels, one_column, stage("scaling", m))
    problem = problem_from(estimator, summary)
    estimator._encoding, squares = found_encoding(estimator, dealt, summary, sample.X, p, lambda: stage("ramps", m))
    blocks = encoded_blocks(estimator, p, dealt, summary, labels, one_column, parts, sample.y.shape[1])
    problem, validation = watched(estimator, p, blocks, problem, summary, sample, dtype, stage)
    g2 = make_loss(problem.output, **estimator._output_settings())
    rows_of_epoch = stage("training", m)

    def begun(n_h: int) -> Training:
        population = estimator._drawn(p, n_h, problem, squares)
        if p.solver not in FULL_BATCH:
            return Streamed(p.recipe, population, g2, blocks, validation=validation, dtype=dtype, told=rows_of_epoch)
        return full_batch(p, population, g2, InBlocks(blocks, rows_of_epoch), m, validation=validation, dtype=dtype)

    estimator._say(announced(p, estimator.device))
    run, events = estimator._trained(p, begun)
    estimator._finish(run, problem, p, events)


def encoded_blocks(
    estimator: ShallowEstimator,
    p: Plan,
    dealt: Dealt,
    summary: Summary,
    labels: NDArray[Any] | None,
    one_column: bool,
    parts: Parts,
    n_y: int,
) -> EncodedBlocks:
    """The dealt rows as the networks see them, each without the part that it holds out."""
    K = len(p.with_ramps)
    total, mine = np.full(K, float(summary.m)), None
    if parts.n:
        counts = np.zeros(parts.n)
        for piece in dealt.blocks():
            counts += np.bincount(piece.part[piece.part >= 0], minlength=parts.n)
        mine = held_out(p.with_ramps, list(range(parts.n)))
        total = total - counts[list(mine)]
    return EncodedBlocks(dealt, estimator._encoding, estimator, labels, one_column, mine, total, n_y)


def watched(
    estimator: ShallowEstimator,
    p: Plan,
    blocks: EncodedBlocks,
    problem: Problem,
    summary: Summary,
    sample: Sampled,
    dtype: np.dtype,
    stage: Stage,
) -> tuple[Problem, Validation | None]:
    """The rows that networks are judged on, in memory: those held out by each, or, where none are, the sample for the noise alone."""
    K, validation = len(p.with_ramps), None
    if blocks.parts is None:
        y = estimator._checked_targets(targets(sample.y, blocks.labels, blocks.one_column))
        Y, encoded = estimator._problem(y, None, first=False).Y, encode(blocks.encoding, sample.X, dtype)
        weight = np.full(len(Y), summary.m / len(Y))
        judged = judged_on(sample.X, encoded, Y, K, weight=weight, before=None)
    else:
        X, kept, part = kept_rows(blocks, dtype, stage("held out", summary.m))
        rows = tuple(np.flatnonzero(part == mine) for mine in blocks.parts)
        validation = Validation(kept.X, kept.Y, None, rows)
        judged = judged_on(X, kept.X, kept.Y, K, weight=None, before=None, rows=rows, calibration=estimator.calibration)
    judged = replace(judged, lowest=summary.lowest, highest=summary.highest, n_rows=summary.m)
    return replace(problem, judged=judged), validation
