"""Candidates of a search trained together: those that read the same rows in the same order are one population.

Inside a group may differ: initial weights, learning rate, penalty, dropout and the moving average of the weights, which
are numbers that each network has of its own. Whatever else differs makes another group; so does another number of hidden
units, as padding would cost what the widest costs. Each group trains as the candidates would alone, to rounding.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from threading import Event
from typing import Any

import numpy as np

from shoal.engine.device import PROCESSOR
from shoal.engine.groups import copies_in_whole_groups
from shoal.errors import ShoalError
from shoal.estimators.shallow import ShallowEstimator
from shoal.fitting.curves import history
from shoal.fitting.plan import FULL_BATCH, Plan
from shoal.fitting.problem import Prepared
from shoal.fitting.settings import Settings, settings_of
from shoal.fitting.train import ended, in_curves
from shoal.population import Population, take
from shoal.recipe import Recipe, each
from shoal.textbook.propagation import Parameters
from shoal.training.minibatch import Run, Trained
from shoal.training.validation import Validation
from shoal.types import Floats

# Settings in which candidates that share rows may differ, here each made the same.
FREE: dict[str, Any] = dict.fromkeys(("lam", "learning_rate", "dropout", "weight_average", "init", "init_scale", "n_h"), 0.0)
OF_EACH = ("learning_rate", "lam", "decay", "dropout", "weight_average")  # recipe's fields that hold one number a network
WORTH_A_LOT = 200_000_000  # multiplications, some 10 ms: what a lot costs beside its arithmetic is some hundredths of that
MOST_WEIGHTS = 64_000_000  # numbers of row weights in one group: of more rows and networks, fewer candidates go together


@dataclass(frozen=True)
class Lot:
    """Candidates of one kind, which train as one population on the same rows: their places, estimators, plans and first weights."""

    members: list[tuple[int, ShallowEstimator, Plan, Population]]
    prepared: Prepared
    seconds: float  # each one's share of what was made for all that are prepared alike


def lots_of(
    estimators: Sequence[ShallowEstimator], X: Any, y: Any, sample_weight: Any, failed: dict[int, str]
) -> tuple[list[Lot], list[int]]:
    """Fresh estimators in lots that train together, and the places of those that no lot takes, for `fit_alone`.

    One that makes no sense is noted in `failed`, by its place.
    """
    lots: list[Lot] = []
    alone: list[int] = []
    for alike in by_preparation(estimators):
        began = time.perf_counter()
        prepared, plans = plans_of(estimators, alike, X, y, sample_weight, failed)
        kinds: dict[Any, list[tuple[int, ShallowEstimator, Plan, Population]]] = {}
        drawn: dict[Any, Population] = {}
        for i, p in plans:
            if (what := kind(p)) is None:
                alone.append(i)
                continue
            try:
                kinds.setdefault(what, []).append((i, estimators[i], p, first_weights(estimators[i], p, prepared, drawn)))
            except ShoalError as wrong:
                failed[i] = str(wrong)
        seconds = (time.perf_counter() - began) / len(alike)
        lots += [Lot(some, prepared, seconds) for members in kinds.values() for some in portions(members, prepared)]
    return lots, alone


def first_weights(estimator: ShallowEstimator, p: Plan, prepared: Prepared, drawn: dict[Any, Population]) -> Population:
    """A candidate's initial weights; `drawn` has those of others that are prepared alike, of whom many begin alike."""
    begins = p.width, p.with_ramps, repr(estimator.init), repr(estimator.init_scale)
    if begins not in drawn:
        drawn[begins] = estimator._initial(p, prepared.problem, prepared.encoded, prepared.weight)
    return drawn[begins]


def plans_of(
    estimators: Sequence[ShallowEstimator], alike: list[int], X: Any, y: Any, weight: Any, failed: dict[int, str]
) -> tuple[Any, list[tuple[int, Plan]]]:
    """Rows made ready by the first of those alike, whom the others learn them from, and the plans that make sense."""
    prepared, learned = None, {}
    plans = []
    for i in alike:
        estimator = estimators[i]
        try:
            if prepared is None:
                prepared = estimator._prepare(X, y, weight)
                parameters = estimator.get_params(deep=False)
                learned = {name: value for name, value in vars(estimator).items() if name not in parameters}
            else:
                estimator.__dict__.update(learned)
            plans.append(
                (i, estimator._plan(settings_of(estimator), prepared.X, prepared.weight, unit=prepared.unit, own_validation=False))
            )
        except ShoalError as wrong:
            failed[i] = str(wrong)
    return prepared, plans


def by_preparation(estimators: Sequence[ShallowEstimator]) -> list[list[int]]:
    """Places of the estimators whose rows are prepared alike."""
    alike: list[tuple[Settings | None, list[int]]] = []
    for i, estimator in enumerate(estimators):
        fixed = fixed_settings(estimator)
        places = next((places for other, places in alike if fixed is not None and other == fixed), None)
        if places is None:
            alike.append((fixed, [i]))
        else:
            places.append(i)
    return [places for _, places in alike]


def fixed_settings(estimator: ShallowEstimator) -> Settings | None:
    """What candidates that share rows have in common; None of one whose parameters make no sense, as preparing it will show."""
    try:
        return replace(settings_of(estimator), **FREE)
    except ShoalError:
        return None


def kind(p: Plan) -> Any:
    """What plans of one group have in common; None for one that trains alone."""
    if p.solver in FULL_BATCH or p.polished or np.any(np.asarray(p.recipe.input_dropout) > 0):
        return None
    alike: dict[str, Any] = dict.fromkeys(OF_EACH, 0.5)
    common = replace(p.recipe, **alike)
    return common, p.width, p.with_ramps, p.hold_out, p.single_precision, p.solver


def portions(
    members: list[tuple[int, ShallowEstimator, Plan, Population]], prepared: Prepared
) -> list[list[tuple[int, ShallowEstimator, Plan, Population]]]:
    """Candidates of one kind in lots of some 10 ms of work at least, whose row weights fit in memory.

    A lot is whole groups of the engine's, which share products, so that the cut changes no bit.
    """
    _, _, p, population = members[0]
    whole = copies_in_whole_groups(population, p.recipe.batch_size)
    work = 4 * len(prepared.problem.Y) * p.width * int((population.inputs.sum(axis=1) + 1).sum()) * p.recipe.max_epochs
    n = whole * -(-WORTH_A_LOT // (whole * work))
    if p.recipe.device != PROCESSOR:
        n = len(members)  # one large population fills a device, and not several beside each other
    if population.K == 1:
        n = max(2, n)  # one wide network alone would be cut into slices, whose sums round otherwise
    if prepared.weights is not None and prepared.weights.ndim == 2:
        n = min(n, max(1, MOST_WEIGHTS // prepared.weights.size))
    starts = list(range(0, len(members), n))
    if len(starts) > 1 and len(members) - starts[-1] == 1 < n:
        starts.pop()
    return [members[a:b] for a, b in pairwise([*starts, len(members)])]


def fit_alone(
    i: int, estimator: ShallowEstimator, X: Any, y: Any, weight: Any, failed: dict[int, str], heard: Callable[[float], None] | None
) -> None:
    """A candidate that no group takes."""
    try:
        estimator.fit(X, y, weight)
    except ShoalError as wrong:
        failed[i] = str(wrong)
    if heard is not None:
        heard(1.0)


def train_lot(lot: Lot, failed: dict[int, str], heard: Callable[[float], None] | None = None, stop: Event | None = None) -> bool:
    """Candidates of one kind as one population; each gets its `network_`. False where `stop` was set before the end.

    What `fit` gives beside prediction (`loss_curve_`, `coefs_`, …) they do not get. One that diverges is noted in `failed`.
    `heard` is told after every epoch how much was done, in candidates.
    """
    prepared, plans = lot.prepared, [p for _, _, p, _ in lot.members]
    C, K = len(plans), len(plans[0].with_ramps)
    weights, v = prepared.weights, prepared.validation
    if weights is not None and weights.ndim == 2:
        weights = np.tile(weights, (C, 1))
    if v is not None and v.rows is not None:
        v = Validation(v.X, v.Y, v.weight, v.rows * C)
    begun = Run(
        joined([p.recipe for p in plans], K),
        side_by_side([population for *_, population in lot.members]),
        prepared.g2,
        prepared.encoded,
        prepared.problem.Y,
        weight=weights,
        validation=v,
        dtype=prepared.dtype,
        members=[k for _ in range(C) for k in range(K)],
        listened=False,
        stairs=prepared.stairs,
    )
    run = ended(begun, plans[0], v)
    events = []
    for event in run:
        if stop is not None and stop.is_set():
            return False
        if not in_curves(event, run):
            continue  # nor does the progress tell of it
        events.append(event)
        if heard is not None:
            heard(C / event.n_epochs)
    if heard is not None and events:
        heard(C * (1 - len(events) / events[-1].n_epochs))
    trained, curves = run.result(), history(events)
    for c, (i, estimator, p, _) in enumerate(lot.members):
        mine = slice(c * K, (c + 1) * K)
        try:
            estimator._leave_network(part_of(trained, mine), prepared.problem, p, curves_of(curves, mine))
        except ShoalError as wrong:
            failed[i] = str(wrong)
    return True


def joined(recipes: Sequence[Recipe], K: int) -> Recipe:
    """One recipe for all, every number of a network in its place."""
    numbers: dict[str, Any] = {name: tuple(float(v) for r in recipes for v in each(getattr(r, name), K)) for name in OF_EACH}
    return replace(recipes[0], **numbers)


def side_by_side(populations: Sequence[Population]) -> Population:
    """Populations of networks of one width as one."""
    parameters = Parameters(*(np.concatenate(parts) for parts in zip(*(q.parameters for q in populations), strict=True)))
    return Population(parameters, np.concatenate([q.widths for q in populations]), np.concatenate([q.inputs for q in populations]))


def part_of(trained: Trained, mine: slice) -> Trained:
    """What training left of some networks."""
    judged = trained.best_validation_loss
    return replace(
        trained,
        population=take(trained.population, range(mine.start, mine.stop)),
        judged=None if trained.judged is None else take(trained.judged, range(mine.start, mine.stop)),
        loss=trained.loss[mine],
        best_loss=trained.best_loss[mine],
        best_validation_loss=None if judged is None else judged[mine],
        epochs=trained.epochs[mine],
        diverged=trained.diverged[mine],
    )


def curves_of(curves: dict[str, Floats], mine: slice) -> dict[str, Floats]:
    """The history of some networks, as long as one of them trained."""
    curves = {name: values[:, mine] for name, values in curves.items()}
    trained = np.flatnonzero(np.isfinite(curves["loss"]).any(axis=1))
    last = int(trained[-1]) + 1 if len(trained) else 0
    return {name: values[:last] for name, values in curves.items()}
