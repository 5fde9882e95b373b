"""`fit` on Dask collections: full-batch solvers by sums over partitions, update rules by networks over workers."""

from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import _check_feature_names, _check_n_features

from shoal.beyond.checkpoints import Checkpoint, Watched, about_fit
from shoal.beyond.lanes import changed, checked_lanes, over_lanes, source_of
from shoal.beyond.noise import judged_on
from shoal.beyond.rows import LaneRows, encoded_block, square_lengths, total_weights
from shoal.beyond.shares import on_shares, on_the_whole
from shoal.beyond.survey import Dealt, Survey, dealt, found_encoding, survey, survey_of, worker_copy
from shoal.beyond.workers import connected, named
from shoal.draws import seed_from
from shoal.errors import InvalidParameterError
from shoal.estimators.shallow import ShallowEstimator
from shoal.estimators.summary import Summary, problem_from
from shoal.fitting.calibration import check_calibration
from shoal.fitting.plan import FULL_BATCH, Plan
from shoal.fitting.problem import Problem
from shoal.fitting.settings import settings_of
from shoal.fitting.train import full_batch
from shoal.kinds import ChoiceKind
from shoal.textbook.losses import make_loss
from shoal.training.full_batch import FullBatch


class Table(NamedTuple):
    """What stands for all rows where only their number is asked."""

    shape: tuple[int, int]


@dataclass(frozen=True)
class Ready:
    """Rows on workers, and all that is known of them before the first weight is drawn."""

    client: Any
    raw: list[Any]
    found: Survey
    plan: Plan
    problem: Problem


def ready(client: Any, estimator: Any, given: tuple[Any, Any, Any], checkpoint: Checkpoint, *, own_validation: bool) -> Ready:
    """Rows checked and surveyed where they lie; the estimator has learned what the rows' columns and targets are."""
    refuse_settings(estimator)
    lanes = lanes_of(client, estimator, given)
    keep_seed(estimator, checkpoint)
    found, lanes = survey(client, estimator, lanes)
    table = Table((found.summary.m, estimator.n_features_in_))
    p = estimator._plan(settings_of(estimator), table, unit=found.unit, own_validation=own_validation)
    problem = problem_from(estimator, found.summary)
    estimator._encoding = found_encoding(client, estimator, lanes, found.summary, p)
    return Ready(client, lanes, found, p, problem)


def lanes_of(client: Any, estimator: Any, given: tuple[Any, Any, Any]) -> list[Any]:
    """The rows in lanes, checked, once the estimator knows their columns."""
    source = source_of(client, *given)
    _check_feature_names(estimator, source.meta, reset=True)
    _check_n_features(estimator, source.meta, reset=True)
    return checked_lanes(client, worker_copy(estimator), source)


def keep_seed(estimator: Any, checkpoint: Checkpoint) -> None:
    """The seed of this fit; where none is asked for, that of the call that it goes on with."""
    known = checkpoint.seed() if estimator.random_state is None else None
    estimator.seed_ = seed_from(estimator.random_state) if known is None else known


def refuse_settings(estimator: Any) -> None:
    """Refuse what needs all rows in one place, or what an earlier fit left."""
    settings = settings_of(estimator)
    check_calibration(settings)
    if settings.calibration is not None:
        raise InvalidParameterError(
            f"calibration is {estimator.calibration!r}, for which all rows must be in one place; on Dask choose calibration=None"
        )
    if settings.warm_start:
        raise InvalidParameterError("warm_start goes on with networks in memory; on Dask choose warm_start=False, and checkpoint= to go on")


def fit_by_sums(client: Any, estimator: Any, given: tuple[Any, Any, Any], own: tuple[Any, Any, Any], checkpoint: Checkpoint) -> Any:
    """Full-batch training: each step is a few passes over the partitions, each for all networks at once."""
    r = ready(client, estimator, given, checkpoint, own_validation=own[0] is not None)
    p, worker, dtype = r.plan, worker_copy(estimator), np.dtype(np.float32 if r.plan.single_precision else np.float64)
    hold = dealt(client, estimator, r.raw, r.found, p) if own[0] is None else None
    lanes = encoded_lanes(client, worker, dtype, r, hold)
    r = replace(r, raw=[])  # the workers' memory is for what is encoded; of a worker that dies Dask makes the rows again
    held = np.full(len(p.with_ramps), -1) if hold is None else hold.held
    rows = lane_rows(client, lanes, r.found.summary.m, r.problem, held)
    judges = None if hold is None else replace(rows, judged=True)
    own_lanes = own_summary = None
    if own[0] is not None:
        source = source_of(client, *own, what="X_val")
        checked = checked_lanes(client, worker, source)
        own_summary = summary_over(client, estimator, checked)
        own_lanes, judges = own_rows(client, worker, dtype, checked, source.n, r, held)
    g2 = make_loss(r.problem.output, **estimator._output_settings())
    squares = over_lanes(client, square_lengths, lanes) / r.found.summary.inputs.weight

    def begun(n_h: int) -> FullBatch:
        population, of_a_thread = estimator._drawn(p, n_h, r.problem, squares), -(-rows.m // max(1, sum(client.nthreads().values())))
        return full_batch(p, population, g2, rows, of_a_thread, validation=judges, dtype=dtype)

    before = checkpoint.earlier(about_fit(estimator, r.found.summary, own_summary, seed=estimator.seed_, partitions=len(r.found.sizes)))
    if p.widths:
        refuse_widths(checkpoint)
        run, events = estimator._trained(p, begun)
    else:
        run = begun(p.width)
        watched = Watched(run, checkpoint, before)
        events = [*watched.earlier, *estimator._watch(watched, p)]
    judged = judged_on(client, lanes, own_lanes, held, run.diverged == 0, r.found.summary, by_evidence=p.solver == "bayes")
    estimator._finish(run, replace(r.problem, judged=judged), p, events)
    return estimator


def fit_pipeline(model: Pipeline, X: Any, y: Any, *, client: Any = None, checkpoint: str | PathLike[str] | None = None) -> Pipeline:
    """Train a Pipeline that ends in an estimator on rows in memory: the steps before it here, the estimator on the workers."""
    for _, step in model.steps[:-1]:
        X = step.fit_transform(X, y)
    fit(model.steps[-1][1], X, y, client=client, checkpoint=checkpoint)
    return model


def fit_by_members(
    client: Any, estimator: Any, given: tuple[Any, Any, Any], own: tuple[Any, Any, Any], share: str, checkpoint: Checkpoint
) -> Any:
    """Update rules: network by network over the workers."""
    if share == "own":
        if own[0] is not None:
            raise InvalidParameterError(
                "share='own' judges every network on rows of its own share; leave X_val out, or choose share='whole'"
            )
        r = ready(client, estimator, given, checkpoint, own_validation=False)
        if r.plan.polished:
            raise InvalidParameterError(
                "solver='auto' may let L-BFGS go on from all networks on the same rows; choose solver='adamw' for shares"
            )
        n = min(max(1, sum(client.nthreads().values())), len(r.plan.with_ramps), len(r.found.sizes))
        return on_shares(client, estimator, r.raw, n, r.plan, r.problem, r.found.summary, checkpoint)
    refuse_settings(estimator)
    lanes = lanes_of(client, estimator, given)
    keep_seed(estimator, checkpoint)
    judges = None if own[0] is None else checked_lanes(client, worker_copy(estimator), source_of(client, *own, what="X_val"))
    own_summary = None if judges is None else summary_over(client, estimator, judges)
    return on_the_whole(client, estimator, (lanes, judges), (summary_over(client, estimator, lanes), own_summary), checkpoint)


def summary_over(client: Any, estimator: Any, lanes: list[Any]) -> Summary:
    """All rows of checked lanes summed up."""
    found: Survey = over_lanes(client, partial(survey_of, estimator._task == "classification"), lanes)
    return found.summary


def refuse_widths(checkpoint: Checkpoint) -> None:
    """Several trainings after each other, of which the evidence chooses one, leave no single state to go on from."""
    if checkpoint.path is not None:
        raise InvalidParameterError(
            "with solver='bayes' and hidden_layer_sizes='auto' several widths are trained, and no checkpoint keeps them; give "
            "hidden_layer_sizes, or no checkpoint"
        )


def encoded_lanes(client: Any, worker: Any, dtype: np.dtype, r: Ready, hold: Dealt | None) -> list[Any]:
    """The rows as layer 1 takes them, each partition with the parts that its rows are dealt into."""
    spans = client.gather([client.submit(span, lane, pure=False) for lane in r.raw])
    lanes = []
    for lane, (first, end) in zip(r.raw, spans, strict=True):
        parts = None if hold is None else {i: part for i, part in hold.parts.items() if first <= i < end}
        lanes.append(client.submit(changed, partial(encoded_block, worker, dtype, parts), lane, pure=False))
    return lanes


def span(lane: Any) -> tuple[int, int]:
    """Which partitions it has."""
    return lane.first, lane.end


def lane_rows(client: Any, lanes: list[Any], m: int, problem: Problem, held: NDArray[np.int64]) -> LaneRows:
    """The lanes as a solver's rows."""
    total = over_lanes(client, partial(total_weights, held), lanes)
    return LaneRows(client, tuple(lanes), m, problem.Y.shape[1], total, held)


def own_rows(
    client: Any, worker: Any, dtype: np.dtype, checked: list[Any], n: int, r: Ready, held: NDArray[np.int64]
) -> tuple[list[Any], LaneRows]:
    """The user's validation rows, in n partitions, which no network learns from."""
    work = partial(changed, partial(encoded_block, worker, dtype, None, what=("X_val", n)))
    lanes = [client.submit(work, lane, pure=False) for lane in checked]
    return lanes, lane_rows(client, lanes, r.found.summary.m, r.problem, held)


def fit(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    X_val: Any = None,
    y_val: Any = None,
    sample_weight_val: Any = None,
    client: Any = None,
    share: str = "whole",
    checkpoint: str | PathLike[str] | None = None,
) -> Any:
    """Train an estimator on the workers of a Dask cluster, in place.

    Parameters
    ----------
    estimator : ShoalClassifier or ShoalRegressor
    X, y, sample_weight : dask arrays or data frames of numbers, cut into the same partitions; or rows in memory, which are sent
        `(m, n)`; `(m,)` or, of several targets, `(m, n_y)`; `(m,)`, all 0 or more. Rows belong together by their place in a
        partition; indices are not looked at.
    X_val, y_val, sample_weight_val : the same, to judge networks on
    client : distributed.Client, or the address of a scheduler; None is Dask's current client
    share : {"whole", "own"}
        Of solvers that go through the rows in small batches, which train network by network over the workers: each network learns
        from the whole table, which then travels to every worker; or from the partitions of its own share of it, of which there are
        as many as workers' threads, at most as networks or partitions with rows. `trained_on_` and `share_rows_` say which.
        Callbacks hear nothing of these; `verbose` says when a network is done.
    checkpoint : a file that keeps the best weights and the solver's state while training runs; where it is there, training goes on
        from it, to the same result

    Returns
    -------
    the estimator, fitted: what `fit` in memory gives, to rounding

    Raises
    ------
    InvalidParameterError
        For a setting that needs all rows in one place, or that does not go with `share` or `checkpoint`.
    DataError
        With the partition, for rows that cannot be learned from.
    ClusterError
        Where no cluster answers, or it went away; it says what is left.
    CheckpointError
        For a checkpoint that is damaged, or of another fit.
    OutputError
        Where the checkpoint cannot be written.
    DivergedError
        When training leaves the finite numbers.
    """
    given, own = (X, y, sample_weight), (X_val, y_val, sample_weight_val)
    if (X_val is None) != (y_val is None):
        raise InvalidParameterError("X_val and y_val belong together: give both, or neither")
    ChoiceKind(("whole", "own")).read("share", share)
    if not isinstance(estimator, ShallowEstimator):
        raise InvalidParameterError(
            f"estimator is a {type(estimator).__name__}; give a ShoalClassifier or ShoalRegressor (of raw tables: shoal.fit(client=…))"
        )
    kept = Checkpoint(checkpoint)
    with connected(client) as cluster, named(kept.left):
        if estimator.solver in FULL_BATCH:
            return fit_by_sums(cluster, estimator, given, own, kept)
        return fit_by_members(cluster, estimator, given, own, share, kept)
