"""`fit` on Dask collections: full-batch solvers by sums over partitions, update rules by networks over workers.

A search on a cluster: the groups of candidates that train together are the tasks, and the table travels once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from typing import Any

from sklearn.pipeline import Pipeline

from shoal.dask.own_partitions import on_shares, on_the_whole
from shoal.dask.partitions import checked_spans, source_of
from shoal.dask.source import Partitions, RowsOnWorkers
from shoal.dask.survey import survey_over
from shoal.dask.workers import connected, named, over_table
from shoal.draws import seed_from
from shoal.errors import DataError, InvalidParameterError, ShoalError
from shoal.estimators._sklearn import keep_columns
from shoal.estimators.checks import with_roles
from shoal.estimators.estimator import ShallowEstimator, adopt, for_prediction, input_names
from shoal.fitting.calibration import check_calibration
from shoal.fitting.candidates import by_preparation
from shoal.fitting.checkpoint import Checkpoint, about_fit, identity_of
from shoal.fitting.limits import refuse
from shoal.fitting.pipeline import draw, finish, prepare, train
from shoal.fitting.plan import FULL_BATCH, width
from shoal.fitting.prepared import Prepared
from shoal.fitting.settings import Settings, settings_of
from shoal.fitting.summary import Summary
from shoal.kinds import ChoiceKind
from shoal.search.folds import Outcome, Outcomes, SearchRows, Trial, settings_or_error, shoals_of, tried
from shoal.table.steps import roles_of_steps
from shoal.table_models.monotone import keep_directions

Given = tuple[Any, Any, Any]  # X, y and the weights
Roles = tuple[Any, Any]  # groups and times of the rows


def checked_source(client: Any, estimator: Any, given: Given, own: Given) -> Partitions:
    """Rows checked and surveyed where they lie; the estimator notes their columns."""
    source = source_of(client, *given)
    keep_columns(estimator, source.meta)
    there, classes = for_prediction(estimator), estimator._task == "classification"
    spans = checked_spans(client, there, source)
    found, judges = survey_over(client, spans, classes=classes), None
    if found.summary.inputs.weight == 0:
        raise DataError("every row has weight 0: there is no row to learn from")
    if own[0] is not None:
        their = source_of(client, *own, what="X_val")
        judges = checked_spans(client, there, their), their.n
    return Partitions(client, spans, found, judges)


def settings_here(estimator: Any, checkpoint: Checkpoint) -> Settings:
    """The settings, checked; with the seed of the call that this one goes on with, where none is asked for.

    Raises
    ------
    InvalidParameterError
        For what needs all rows in one place, or what an earlier fit left.
    """
    settings = settings_of(estimator)
    check_calibration(settings)
    if settings.warm_start:
        refuse("warm_start on Dask")
    known = checkpoint.seed() if settings.random_state is None else None
    return replace(settings, random_state=seed_from(settings.random_state) if known is None else known)


def fit_by_sums(client: Any, estimator: Any, given: Given, own: Given, roles: Roles, checkpoint: Checkpoint) -> Any:
    """Full-batch training: each step is a few passes over the partitions, each for all networks at once."""
    settings = settings_here(estimator, checkpoint)
    source = with_roles(checked_source(client, estimator, given, own), *roles)
    ready = prepare(settings, source, names=input_names(estimator))
    own_summary = None if source.own is None else survey_over(client, source.own[0], classes=settings.task == "classification").summary
    more = {"partitions": len(source.found.sizes), **given_roles(roles)}
    del source  # the workers' memory is for what is encoded; of a worker that dies Dask makes the rows again
    about = about_fit(settings, identity_of(ready_summary(ready), own_summary), seed=ready.seed, **more)
    run, events, table = train(ready, lambda n_h: ready.rows.begin(ready.plan, draw(ready, n_h), listened=True), checkpoint, about)
    return adopt(estimator, finish(ready, run, events, evidence_table=table))


def given_roles(roles: Roles) -> dict[str, bool]:
    """Which of groups and time are given."""
    return {name: role is not None for name, role in zip(("groups", "time"), roles, strict=True)}


def ready_summary(ready: Prepared) -> Summary:
    """All rows summed up, with their final weights."""
    assert isinstance(ready.rows, RowsOnWorkers)
    return ready.rows.found.summary


def fit_pipeline(
    model: Pipeline,
    X: Any,
    y: Any,
    *,
    roles: Mapping[str, Any],
    client: Any = None,
    checkpoint: str | PathLike[str] | None = None,
) -> Pipeline:
    """Train a Pipeline that ends in an estimator on rows in memory: the steps before it here, the estimator on the workers.

    `roles` are the rows' groups, times and weights, by name.
    """
    for _, step in model.steps[:-1]:
        X = step.fit_transform(X, y, **roles_of_steps(step, roles))
    keep_directions(model.steps[-1][1], model.steps[0][1])
    fit(model.steps[-1][1], X, y, client=client, checkpoint=checkpoint, **roles)
    return model


def fit_by_members(client: Any, estimator: Any, given: Given, own: Given, roles: Roles, share: str, checkpoint: Checkpoint) -> Any:
    """Update rules: network by network over the workers."""
    if share == "own" and own[0] is not None:
        raise InvalidParameterError("share='own' judges every network on rows of its own share; leave X_val out, or choose share='whole'")
    settings = settings_here(estimator, checkpoint)
    if share == "own" and settings.calibration is not None:
        refuse("calibration with shares")
    if share == "own" and any(role is not None for role in roles):
        refuse("groups with shares")
    source = with_roles(checked_source(client, estimator, given, own), *roles)
    if share == "own":
        fitted = on_shares(client, estimator, settings, source, checkpoint)
    else:
        own_summary = None if source.own is None else survey_over(client, source.own[0], classes=settings.task == "classification").summary
        fitted = on_the_whole(client, estimator, settings, source, own_summary, checkpoint)
    return adopt(estimator, fitted)


def fit(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    X_val: Any = None,
    y_val: Any = None,
    sample_weight_val: Any = None,
    groups: Any = None,
    time: Any = None,
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
    groups, time : one value for each row, `(m,)`, in memory here or brought here: as `fit` in memory takes them
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

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> import shoal
    >>> from distributed import Client
    >>> X = da.from_array(np.linspace(-2, 2, 60)[:, None], chunks=20)
    >>> with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
    ...     model = shoal.dask.fit(shoal.ShoalRegressor(solver="lbfgs", random_state=0), X, X[:, 0] ** 2, client=client)
    >>> model.n_features_in_
    1
    """
    given, own, roles = (X, y, sample_weight), (X_val, y_val, sample_weight_val), (groups, time)
    if (X_val is None) != (y_val is None):
        raise InvalidParameterError("X_val and y_val belong together: give both, or neither")
    ChoiceKind(("whole", "own")).read("share", share)
    if not isinstance(estimator, ShallowEstimator):
        raise InvalidParameterError(
            f"estimator is a {type(estimator).__name__}; give a ShoalClassifier or ShoalRegressor (of raw tables: shoal.fit(client=…))"
        )
    settings = settings_of(estimator)
    if settings.scoring is not None:
        refuse("scoring elsewhere")
    kept = Checkpoint(checkpoint)
    with connected(client) as cluster, named(kept.left):
        if settings.solver in FULL_BATCH:
            return fit_by_sums(cluster, estimator, given, own, roles, kept)
        return fit_by_members(cluster, estimator, given, own, roles, share, kept)


def folds_on(
    client: Any,
    trial: Trial,
    rows: SearchRows,
    known: Sequence[Outcomes],
    *,
    heard: Callable[[float], None] | None,
    keep: Callable[[int, Outcomes], None] | None,
    left: Callable[[], str],
) -> list[list[Outcome]]:
    """`tried`, its groups on the workers of a cluster: the same numbers, bit for bit.

    A group is done whole by one worker, for its networks share products; the largest go first. One of which every outcome is known is
    not done again.
    """
    found: list[Outcomes] = [dict(fold) for fold in known]
    tasks = [
        (fold, some)
        for fold, (train, _) in enumerate(rows.splits)
        for some in groups_of(trial.estimator, trial.candidates, len(train))
        if not found[fold].keys() >= set(some)
    ]
    tasks.sort(key=lambda task: -len(task[1]))

    def done(i: int, outcomes: list[Outcome]) -> None:
        fold, some = tasks[i]
        new = dict(zip(some, outcomes, strict=True))
        if keep is not None:
            keep(fold, new)
        found[fold].update(new)
        if heard is not None:
            heard(len(some))

    with connected(client) as cluster:
        over_table(cluster, partial(one_group, trial), rows, tasks, done, left)
    return [[fold[i] for i in range(len(trial.candidates))] for fold in found]


def one_group(trial: Trial, rows: SearchRows, task: tuple[int, list[int]]) -> list[Outcome]:
    """Some candidates on one fold."""
    fold, some = task
    return tried(replace(trial, candidates=[trial.candidates[i] for i in some]), replace(rows, splits=[rows.splits[fold]]), [{}])[0]


def groups_of(estimator: Any, candidates: Sequence[Mapping[str, Any]], m: int) -> list[list[int]]:
    """Places of candidates that may train together on m rows: prepared alike and of one width, as `fitting.candidates` groups them.

    A solver that steps over all rows, or one of which nothing is known, trains each candidate alone.
    """
    shoals = shoals_of(estimator, candidates)
    groups: dict[Any, list[int]] = {}
    for alike, places in enumerate(by_preparation([settings_or_error(shoal) for shoal in shoals])):
        for i in places:
            alone = i if str(shoals[i].solver) in FULL_BATCH else None
            groups.setdefault((alike, alone, width_of(shoals[i], m)), []).append(i)
    return list(groups.values())


def width_of(shoal: Any, m: int) -> Any:
    """The hidden units, or what was given where these make no sense: `fit` says so."""
    try:
        return width(settings_of(shoal), m)
    except ShoalError:
        return id(shoal)
