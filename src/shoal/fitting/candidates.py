"""Many settings over one source of rows: the candidates of a search, trained together.

Candidates that read the same rows in the same order are one population. Candidates of a group may differ in what each network has
separately: initial weights, learning rate, penalty, dropout and the moving average of the weights. Any other difference gives another
group; so does another number of hidden units, because every network of a group is padded to the widest. The results equal those of
separate training, to rounding.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from threading import Event
from typing import Any

import numpy as np

from shoal.derived import cached_property
from shoal.engine.device import PROCESSOR
from shoal.engine.layout import copies_in_whole_groups
from shoal.engine.lists import takes_lists
from shoal.errors import ShoalError
from shoal.fitting.fitted import Fitted
from shoal.fitting.monotone import constrained
from shoal.fitting.pipeline import Calibrated, PlanFacts, draw, fitted_of, network_of, plan_facts, plan_of, prepare
from shoal.fitting.plan import FULL_BATCH, Plan
from shoal.fitting.prepared import Names, Prepared
from shoal.fitting.settings import Settings
from shoal.fitting.source import InMemory, RowsInMemory
from shoal.fitting.train import ended, history, in_curves
from shoal.population import Population, take
from shoal.recipe import PerNetwork, Recipe
from shoal.training.minibatch import Run
from shoal.training.progress import Trained
from shoal.training.rows import OrdersOfRows, SharedOrders
from shoal.types import Floats

FREE = ("lam", "learning_rate", "dropout", "weight_average", "init", "init_scale", "n_h")  # settings in which candidates may share rows
OF_EACH = ("learning_rate", "lam", "decay", "dropout", "weight_average")  # fields of the recipe with one number per network
MIN_BATCH_COST = 500_000_000  # multiplications, some 5 ms with AVX-512: beside them, what Python does for a batch is little
MOST_WEIGHTS = 64_000_000  # numbers of row weights in one group: with more rows and networks, fewer candidates train together


@dataclass(frozen=True)
class Candidate:
    """One setting: its index in the search, its plan, and its initial weights."""

    place: int
    ready: Prepared
    population: Population


@dataclass(frozen=True)
class CandidateBatch:
    """Candidates of one kind, which train as one population on the same rows, in the same order as those of other batches.

    `seconds` is the preparation time per candidate; `calibrated` makes of a trained network what the search needs of it.
    """

    members: list[Candidate]
    rows: RowsInMemory
    orders: OrdersOfRows
    calibrated: Calibrated
    seconds: float


@dataclass(frozen=True)
class Planned:
    """A candidate's index, its plan, and what other plans of its group have in common with it (`kind`)."""

    place: int
    settings: Settings
    plan: Plan
    kind: Any


@dataclass(frozen=True)
class Candidates:
    """The settings of all candidates of a search, and what follows from them for every fold.

    Attributes
    ----------
    settings : sequence of Settings, or of errors for invalid ones
    only_predict : bool
        Whether the trained networks only predict, so that nobody asks how sure they are.
    plans : dict
        The plans of candidates with the same preparation, and the errors about others, for rows with the same facts: folds are of one
        size, or of two.
    """

    settings: Sequence[Settings | ShoalError]
    only_predict: bool = False
    plans: dict[Any, tuple[list[Planned], dict[int, str]]] = field(default_factory=dict, compare=False)

    @cached_property
    def alike(self) -> list[list[int]]:
        """Indices of the candidates whose rows have the same preparation; one with invalid settings is alone."""
        return by_preparation(self.settings)

    def planned(self, alike: Sequence[int], facts: PlanFacts, seed: int) -> tuple[list[Planned], dict[int, str]]:
        """The plans of some candidates for rows with these facts, and the errors about those that have none."""
        known = tuple(alike), facts, seed
        if known not in self.plans:
            found, failed = [], {}
            for i in alike:
                s = self.settings[i]
                assert not isinstance(s, ShoalError)
                try:
                    p = plan_of(s, facts, seed)
                    found.append(Planned(i, s, p, kind(p)))
                except ShoalError as wrong:
                    failed[i] = str(wrong)
            self.plans[known] = found, failed
        return self.plans[known]


def batches_of(candidates: Candidates, source: InMemory, names: Names, failed: dict[int, str]) -> tuple[list[CandidateBatch], list[int]]:
    """Candidates in batches that train together, and the indices of the others, which train alone.

    A candidate with invalid settings is noted in `failed`, by its index.
    """
    batches: list[CandidateBatch] = []
    alone: list[int] = []
    for alike in candidates.alike:
        began = time.perf_counter()
        kinds: dict[Any, list[Candidate]] = {}
        drawn: dict[Any, Population] = {}
        for planned, ready in prepared_alike(candidates, alike, source, names, failed):
            if planned.kind is None:
                alone.append(planned.place)
                continue
            try:
                kinds.setdefault(planned.kind, []).append(Candidate(planned.place, ready, first_weights(ready, drawn)))
            except ShoalError as wrong:
                failed[planned.place] = str(wrong)
        seconds = (time.perf_counter() - began) / len(alike)
        for members in kinds.values():
            rows = members[0].ready.rows
            assert isinstance(rows, RowsInMemory)
            orders = SharedOrders(len(rows.Y), members[0].ready.plan.recipe)
            calibrated = rows.for_prediction if candidates.only_predict else rows.calibrated
            batches += [CandidateBatch(some, rows, orders, calibrated, seconds) for some in portions(members, rows)]
    return batches, alone


def first_weights(ready: Prepared, drawn: dict[Any, Population]) -> Population:
    """A candidate's initial weights; `drawn` has those of other candidates with the same preparation, many of which are equal."""
    begins = ready.plan.width, ready.plan.with_ramps, ready.settings.init, ready.settings.init_scale, ready.settings.skip
    if begins not in drawn:
        drawn[begins] = draw(ready, ready.plan.width)
    return drawn[begins]


def prepared_alike(
    candidates: Candidates, alike: list[int], source: InMemory, names: Names, failed: dict[int, str]
) -> list[tuple[Planned, Prepared]]:
    """The candidates with valid settings; the first one's rows, targets and encoding serve all."""
    first = first_prepared(candidates, alike, source, names, failed)
    if first is None:
        return []
    weighted = source.weighted(first.settings, first.seed)
    plans, wrong = candidates.planned(alike, plan_facts(weighted, wide=weighted.wide(first.settings)), first.seed)
    failed.update(wrong)
    found = []
    for one in plans:
        try:
            p = constrained(one.plan, one.settings, first.targets, first.encoding, names)
        except ShoalError as error:
            failed[one.place] = str(error)
            continue
        if one.place not in failed:
            found.append((one, replace(first, settings=one.settings, plan=p)))
    return found


def first_prepared(candidates: Candidates, alike: list[int], source: InMemory, names: Names, failed: dict[int, str]) -> Prepared | None:
    """The first candidate that can be prepared; those before it are noted in `failed`."""
    for i in alike:
        s = candidates.settings[i]
        if isinstance(s, ShoalError):
            failed[i] = str(s)
            continue
        try:
            return prepare(s, source, names=names)
        except ShoalError as wrong:
            failed[i] = str(wrong)
    return None


def by_preparation(settings: Sequence[Settings | ShoalError]) -> list[list[int]]:
    """Indices of the candidates whose rows have the same preparation; one with invalid settings is alone."""
    alike: list[tuple[dict[str, Any] | None, list[int]]] = []
    for i, s in enumerate(settings):
        fixed = None if isinstance(s, ShoalError) else without(s, FREE)
        places = next((places for other, places in alike if fixed is not None and other == fixed), None)
        if places is None:
            alike.append((fixed, [i]))
        else:
            places.append(i)
    return [places for _, places in alike]


def without(value: Settings | Recipe, names: Sequence[str]) -> dict[str, Any]:
    """The fields of settings or of a recipe, without some."""
    return {name: field for name, field in vars(value).items() if name not in names}


def kind(p: Plan) -> Any:
    """The common part of the plans of one group; None for a plan that trains alone."""
    if p.solver in FULL_BATCH or p.polished or np.any(np.asarray(p.recipe.input_dropout) > 0):
        return None
    return tuple(without(p.recipe, OF_EACH).values()), p.width, p.with_ramps, p.hold_out, p.single_precision, p.solver, p.skip, p.longer


def portions(members: list[Candidate], rows: RowsInMemory) -> list[list[Candidate]]:
    """Candidates of one kind in batches of at least some 5 ms of work with AVX-512, whose row weights fit in memory.

    A batch has whole groups of the engine, which share products, so that the split changes no bit.
    """
    p, population = members[0].ready.plan, members[0].population
    whole = copies_in_whole_groups(population, p.recipe.batch_size)
    work = 4 * len(rows.Y) * p.width * int((population.inputs.sum(axis=1) + 1).sum()) * p.recipe.max_epochs
    n = whole * -(-MIN_BATCH_COST // (whole * work))
    if p.recipe.device != PROCESSOR:
        n = len(members)  # one large population fills a device; several at the same time do not
    if population.K == 1:
        n = max(2, n)  # one wide network alone would be cut into slices, whose sums round differently
    if rows.weights is not None and rows.weights.ndim == 2:
        n = min(n, max(1, MOST_WEIGHTS // rows.weights.size))
    starts = list(range(0, len(members), n))
    if len(starts) > 1 and len(members) - starts[-1] == 1 < n:
        starts.pop()
    return [members[a:b] for a, b in pairwise([*starts, len(members)])]


def train_batch(
    batch: CandidateBatch, failed: dict[int, str], progress: Callable[[float], None] | None = None, stop: Event | None = None
) -> dict[int, Fitted] | None:
    """Candidates of one kind as one population; each one's fitted model by its index. None if `stop` was set before the end.

    A candidate that diverges is noted in `failed`. `progress` is called after every epoch with the number of finished candidates.
    """
    p, C = batch.members[0].ready.plan, len(batch.members)
    K = len(p.with_ramps)
    run_of_all = joint_run(batch)
    run = ended(run_of_all, p, run_of_all.validation)
    events = []
    for event in run:
        if stop is not None and stop.is_set():
            return None
        if not in_curves(event, run):
            continue  # progress does not count it either
        events.append(event)
        if progress is not None and event.epoch <= p.recipe.max_epochs:
            progress(C / p.recipe.max_epochs)
    if progress is not None and events:
        progress(C * max(0.0, 1 - len(events) / p.recipe.max_epochs))
    trained, curves, found = run.result(), history(run.counted(events)), {}
    for c, candidate in enumerate(batch.members):
        mine, ready = slice(c * K, (c + 1) * K), candidate.ready
        part = part_of(trained, mine)
        try:
            network, temperature = network_of(ready, part, curves_of(curves, mine), batch.calibrated)
        except ShoalError as wrong:
            failed[candidate.place] = str(wrong)
            continue
        found[candidate.place] = fitted_of(ready, part, network, temperature, run.trained_by(ready.plan.solver), trained.rows)
    return found


def joint_run(batch: CandidateBatch) -> Run:
    """The training of all candidates before its first step."""
    rows, C = batch.rows, len(batch.members)
    plans = [candidate.ready.plan for candidate in batch.members]
    K = len(plans[0].with_ramps)
    weights, v = rows.weights, rows.validation
    if weights is not None and weights.ndim == 2:
        weights = np.tile(weights, (C, 1))
    if v is not None and v.rows is not None:
        v = replace(v, rows=v.rows * C, by=None if v.by is None else np.kron(np.eye(C), v.by))
    recipe, population = joined([p.recipe for p in plans], K), side_by_side([candidate.population for candidate in batch.members])
    return Run(
        recipe,
        population,
        rows.targets.g2,
        rows.X,
        rows.Y,
        weight=weights,
        validation=v,
        dtype=rows.dtype,
        members=[k for _ in range(C) for k in range(K)],
        orders=batch.orders,
        listened=False,
        ramp_positions=rows.ramp_positions,
        lists=rows.lists if takes_lists(population, recipe) else None,
    )


def joined(recipes: Sequence[Recipe], K: int) -> Recipe:
    """One recipe for all, with the numbers of each network in its place."""

    def of_each(value: PerNetwork) -> tuple[float, ...]:
        return value if isinstance(value, tuple) else (value,) * K

    numbers: dict[str, Any] = {name: tuple(v for r in recipes for v in of_each(getattr(r, name))) for name in OF_EACH}
    return replace(recipes[0], **numbers)


def side_by_side(populations: Sequence[Population]) -> Population:
    """Populations of networks of one width as one population."""
    first, *others = (q.parameters for q in populations)
    parameters = first.map(lambda *parts: np.concatenate(parts), *others)
    return Population(parameters, np.concatenate([q.widths for q in populations]), np.concatenate([q.inputs for q in populations]))


def part_of(trained: Trained, mine: slice) -> Trained:
    """The result of training for some of the networks."""
    judged = trained.best_validation_loss
    return replace(
        trained,
        population=take(trained.population, mine),
        judged=None if trained.judged is None else take(trained.judged, mine),
        loss=trained.loss[mine],
        best_loss=trained.best_loss[mine],
        best_validation_loss=None if judged is None else judged[mine],
        epochs=trained.epochs[mine],
        diverged=trained.diverged[mine],
    )


def curves_of(curves: dict[str, Floats], mine: slice) -> dict[str, Floats]:
    """The history of some networks, up to the last epoch of any of them."""
    curves = {name: values[:, mine] for name, values in curves.items()}
    trained = np.flatnonzero(np.isfinite(curves["loss"]).any(axis=1))
    last = int(trained[-1]) + 1 if len(trained) else 0
    return {name: values[:last] for name, values in curves.items()}
