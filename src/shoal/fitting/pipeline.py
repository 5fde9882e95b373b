"""A fit, stage by stage. This module defines what a fit is.

    Settings → Targets → Plan → Encoding → rows → Population → Trained → Fitted

`decide` and `prepare` make every decision before training: the meaning of y, the recipe (every "auto" becomes a number), the encoding of
inputs, the rows held out. `fit` draws the initial weights, trains, and finishes; `begin` stops before the first update, for a caller that
makes the steps itself; `fit_piece` is one call of `partial_fit`. All are pure functions over a `Source` of rows: they never read or
change an estimator.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from shoal.draws import seed_from
from shoal.errors import DataError, InvalidParameterError
from shoal.fitting.calibration import check_calibration, check_pieces, must_be_the_same
from shoal.fitting.checkpoint import NO_CHECKPOINT, Checkpoint, Watched, about_fit, seeded
from shoal.fitting.fitted import Continuation, Fitted
from shoal.fitting.held_out_scores import with_scoring
from shoal.fitting.limits import refuse_too_many
from shoal.fitting.monotone import constrained, first_signs, refuse_other_signs
from shoal.fitting.plan import Plan, RowKind, is_auto, plan
from shoal.fitting.prepared import Decided, Names, Prepared, network_around, with_rows
from shoal.fitting.projection import lifted
from shoal.fitting.settings import Settings
from shoal.fitting.source import InMemory, RowsInMemory, Source
from shoal.fitting.train import (
    Training,
    announced,
    asks_to_settle,
    by_evidence,
    constant_inputs,
    ends_by_plan,
    history,
    in_curves,
    initial_population,
    inputs_seen,
    linear_start,
    report_divergence,
    spread_of,
    warn_cut_short,
    warn_unsettled,
    weigh_members,
)
from shoal.fitting.watching import announcing_waits, say, watch
from shoal.fitting.weights import penalised_in_rows
from shoal.network import Network
from shoal.population import Population, with_zeros
from shoal.training.progress import Epoch, Trained
from shoal.types import Floats

NOTHING: Mapping[str, str] = MappingProxyType({})
Calibrated = Callable[[Network, Trained], tuple[Network, float]]
S = TypeVar("S", bound=Source)


def decide(settings: Settings, source: S, *, names: Names = None, before: Fitted | None = None) -> tuple[Decided, S]:
    """The stages before rows are encoded; and the source with the weights for training.

    Parameters
    ----------
    settings : Settings
    source : Source
        Its weights are the user's.
    names : names of the inputs
    before : the result of an earlier call that `warm_start` continues: it determines classes, scales and encoding
    """
    check_calibration(settings)
    if before is None:
        seed = seed_from(settings.random_state)
    else:
        own = replace(before.network, calibration=None) if before.calibrated_on_new_rows else before.network
        must_be_the_same(own, settings.calibration, source.m)
        source.check_same_classes(before.targets)
        seed = before.seed
    return decided(settings, source, seed, names=names, before=before)


def decided(
    settings: Settings, source: S, seed: int, *, names: Names, before: Fitted | None, classes: Any = None, online: bool = False
) -> tuple[Decided, S]:
    """`decide` with checked settings and a known seed; `classes` are all classes, `online` is for `partial_fit`."""
    known = None if before is None else before.targets
    source = source.weighted(settings, seed, classes)
    targets = source.targets(settings, known, classes)
    p = planned(settings, source, seed, before, online=online)
    encoding = source.encoding(settings, p) if before is None else before.network.encoding
    p = constrained(p, settings, targets, encoding, names)
    if before is not None:
        refuse_other_signs(before, p.recipe.directions)
    return Decided(settings, seed, p, targets, source.bias(targets), encoding, names), source


def prepare(settings: Settings, source: Source, *, names: Names = None, before: Fitted | None = None) -> Prepared:
    """All stages before training; parameters as for `decide`."""
    d, source = decide(settings, source, names=names, before=before)
    rows = source.rows(settings, d.plan, d.targets, d.encoding, d.seed, None if before is None else before.network)
    return with_scoring(projected(with_rows(d, rows), before))


def projected(prepared: Prepared, before: Fitted | None) -> Prepared:
    """The rows projected, if the plan or the networks that training continues with ask for it."""
    rows, found = prepared.rows, None if before is None else continuation_of(before).projection
    if not isinstance(rows, RowsInMemory):
        return prepared
    if before is None and prepared.plan.projected:
        found = rows.projection()
    return prepared if found is None else replace(prepared, rows=rows.projected(found), projection=found)


class PlanFacts(NamedTuple):
    """All that the plan of a fit depends on besides its settings and seed.

    Attributes
    ----------
    m : int
        Rows.
    unit : float
        The given weight of one row.
    kind : {"dense", "sparse", "wide"}
    own_validation : bool
        Whether the user gave validation rows.
    different : int or None
        The number of different rows that count, if they are few.
    """

    m: int
    unit: float
    kind: RowKind
    own_validation: bool
    different: int | None


def plan_facts(source: Source, *, wide: bool) -> PlanFacts:
    """What a plan depends on, of weighted rows; `wide` if networks learn from principal components."""
    kind: RowKind = "wide" if wide else "sparse" if source.sparse else "dense"
    return PlanFacts(source.m, source.unit, kind, source.own_validation, source.different())


def plan_of(
    settings: Settings, facts: PlanFacts, seed: int, *, online: bool = False, earlier_ramps: tuple[bool, ...] | None = None
) -> Plan:
    """The plan for rows with these facts; other arguments as `plan` has them."""
    known: dict[str, Any] = {"rows": facts.kind, "own_validation": facts.own_validation, "different": facts.different}
    p = plan(settings, facts.m, seed, **known, online=online, earlier_ramps=earlier_ramps)
    return p if is_auto(settings.lam) else replace(p, recipe=penalised_in_rows(p.recipe, facts.unit))


def planned(settings: Settings, source: Source, seed: int, before: Fitted | None, *, online: bool = False) -> Plan:
    """Every "auto" as a number; for networks that training continues with, their values.

    Raises
    ------
    InvalidParameterError
        For another number of networks or hidden units than training continues with, and if only one of both has skip connections.
    """
    refuse_too_many(settings.K)
    earlier = None if before is None else continuation_of(before)
    wide = source.wide(settings) and not online if earlier is None else earlier.projection is not None
    earlier_ramps = None if earlier is None else earlier.with_ramps
    p = plan_of(settings, plan_facts(source, wide=wide), seed, online=online, earlier_ramps=earlier_ramps)
    if earlier is not None and earlier.projection is not None:
        p = replace(p, skip=earlier.population.parameters.W3 is not None)
    if earlier is not None and settings.n_h != "auto" and p.width != (n_h := earlier.population.widths[0]):
        raise InvalidParameterError(
            f"hidden_layer_sizes is {settings.n_h!r}, but training continues with networks of {n_h} hidden units; "
            "keep their number, or start again with warm_start=False"
        )
    if earlier is not None and p.skip != (earlier.population.parameters.W3 is not None):
        raise InvalidParameterError(
            f"skip is {settings.skip}, but training continues with networks {'without' if settings.skip else 'with'} skip connections; "
            f"keep skip={not settings.skip}, or start again with warm_start=False"
        )
    return p


def draw(prepared: Prepared, n_h: int) -> Population:
    """Initial weights of n_h hidden units, each network's from its own stream."""
    rows, p = prepared.rows, prepared.plan
    squares = rows.mean_squares
    inputs = inputs_seen(p.with_ramps, prepared.encoding.n_inputs, len(squares))
    of_columns = prepared.settings.init == "auto" and prepared.projection is None
    silent = constant_inputs(prepared.encoding, squares) if of_columns else None
    drawn = initial_population(replace(prepared.settings, skip=p.skip), prepared.seed, n_h, inputs, inputs @ squares, prepared.bias, silent)
    population = first_signs(drawn, p.recipe.directions)
    if p.linear and prepared.projection is not None and isinstance(rows, RowsInMemory):
        return linear_start(population, rows.X, rows.Y, rows.weights, prepared.projection.penalty)
    return population


@announcing_waits
def fit(
    settings: Settings, source: Source, *, names: Names = None, before: Fitted | None = None, checkpoint: Checkpoint = NO_CHECKPOINT
) -> Fitted:
    """Prepare, train, finish.

    `checkpoint` saves the state of training. If the file exists, training continues from it, with the same bits.

    Raises
    ------
    DataError, InvalidParameterError, TooLargeError
        For rows or settings that training cannot use.
    DivergedError
        If the loss of every network becomes infinite or NaN.
    CheckpointError, OutputError
        For a checkpoint that is damaged, or of another fit; for one that cannot be written.
    """
    settings = seeded(settings, checkpoint)
    ready = prepare(settings, source, names=names, before=before)
    p, listened = ready.plan, bool(settings.verbose or settings.callbacks)
    say(settings, announced(p, settings.device))
    if before is not None:
        run = ready.rows.begin(p, continuation_of(before).judged, listened=listened)
        earlier = resume(run, before)
        return finish(ready, run, watch_run(ready, run), earlier=earlier)
    about = about_fit(settings, source.identity(), seed=ready.seed) if checkpoint.path is not None else {}
    run, events, table = train(ready, lambda n_h: ready.rows.begin(p, draw(ready, n_h), listened=listened), checkpoint, about)
    return finish(ready, run, events, evidence_table=table)


def begin(settings: Settings, source: Source, *, names: Names = None) -> tuple[Prepared, Training]:
    """All stages of `fit` before the first update, for a caller that makes the steps itself."""
    ready = prepare(settings, source, names=names)
    return ready, ready.rows.begin(ready.plan, draw(ready, ready.plan.width), listened=True)


@announcing_waits
def fit_piece(settings: Settings, source: InMemory, *, names: Names = None, before: Fitted | None, classes: Any = None) -> Fitted:
    """One call of `partial_fit`: a pass over these rows. The first call fixes classes, scales and encoding for all later ones."""
    check_pieces(settings, source.m, first=before is None)
    seed = seed_from(settings.random_state) if before is None else before.seed
    known = classes if before is None else before.targets.classes
    d, source = decided(settings, source, seed, names=names, before=before, classes=known, online=True)
    p = d.plan
    rows = source.piece(settings, p, d.targets, d.encoding, None if before is None else before.network)
    ready = projected(with_rows(d, rows), before)
    population = draw(ready, p.width) if before is None else continuation_of(before).population
    run = ready.rows.begin(p, population, listened=True)
    earlier = [] if before is None else resume(run, before)
    return finish(ready, run, watch_run(ready, run), earlier=earlier, in_pieces=True)


# --- training -------------------------------------------------------------------------------------------------------


def train(
    prepared: Prepared, start: Callable[[int], Training], checkpoint: Checkpoint = NO_CHECKPOINT, about: Mapping[str, str] = NOTHING
) -> tuple[Training, list[Epoch], Mapping[str, Floats] | None]:
    """Run the training that `start` makes of a number of hidden units; of several numbers, keep the one of the highest evidence.

    The events include those of the call that the checkpoint `about` this fit continues.
    """
    p, settings = prepared.plan, prepared.settings
    if p.widths:
        checkpoint.refuse_widths()
        return by_evidence(p.widths, start, partial(watch_run, prepared), lambda line: say(settings, line))
    before, run = checkpoint.earlier(dict(about)), start(p.width)
    watched = Watched(run, checkpoint, before)
    earlier = [event for event in watched.earlier if in_curves(event, run)]
    try:
        return run, [*earlier, *watch(watched, settings, partial(network_now, prepared, run))], None
    finally:
        checkpoint.write()


def watch_run(ready: Prepared, run: Training) -> list[Epoch]:
    """`watch` a run of its own."""
    return watch(run, ready.settings, partial(network_now, ready, run))


def network_now(ready: Prepared, run: Training) -> Network:
    """The network that the fit would return if training ended now, without what held-out rows say of it."""
    return plain_network(ready, run.result(), {})


def resume(run: Training, before: Fitted) -> list[Epoch]:
    """Give the run the state of the last call, and return that call's events. Another rule or precision starts with a new state."""
    last = continuation_of(before)
    run.resume(last.memory if last.kind == run.kind else None, last.rows)
    return last.events


def continuation_of(before: Fitted) -> Continuation:
    """What training continues from.

    Raises
    ------
    DataError
        For a model that was loaded from a file or trained on a cluster.
    """
    if before.continuation is None:
        raise DataError(
            "a model that was trained on other machines or loaded from a file cannot be trained further: it has no optimizer state; "
            "fit it again"
        )
    return before.continuation


# --- finishing ------------------------------------------------------------------------------------------------------


def finish(
    ready: Prepared,
    run: Training,
    events: list[Epoch],
    *,
    earlier: Sequence[Epoch] = (),
    evidence_table: Mapping[str, Floats] | None = None,
    in_pieces: bool = False,
) -> Fitted:
    """The fitted model that a training returns, with what further training needs.

    `events` are those of this call, `earlier` those of the calls that it continues. Each call of `partial_fit` passes over its rows once,
    so there is no warning that the loss had not settled.
    """
    p, trained, events = ready.plan, run.result(), run.counted(events)
    if not in_pieces:
        warn_unsettled(run, p, events, asked=asks_to_settle(ready.settings, p))
        if ends_by_plan(ready.settings, p):
            warn_cut_short(run, events)
    events = [*earlier, *events]
    if len(trained.loss) > 1:
        say(ready.settings, spread_of(trained.loss))
    network, temperature = network_of(ready, trained, history(events))
    judged = trained.judged or trained.population
    continuation = Continuation(trained.population, judged, p.with_ramps, run.kind, run.carry(), trained.rows, events, ready.projection)
    fitted = fitted_of(ready, trained, network, temperature, run.trained_by(p.solver), run.rows)
    return replace(fitted, continuation=continuation, evidence_table=evidence_table, epochs_before=len(earlier))


def fitted_of(
    ready: Decided,
    trained: Trained,
    network: Network,
    temperature: float,
    solver: str,
    rows_seen: int,
) -> Fitted:
    """All facts about a fit."""
    return Fitted(
        network,
        ready.targets,
        ready.names is not None,
        ready.seed,
        temperature,
        solver,
        ready.plan.recipe.device,
        rows_seen,
        trained.loss,
        None if trained.evidence is None else asdict(trained.evidence),
    )


def network_of(
    ready: Prepared, trained: Trained, curves: Mapping[str, Floats], calibrated: Calibrated | None = None
) -> tuple[Network, float]:
    """The trained network over the encoded inputs, calibrated; and the temperature of its logits.

    `calibrated` does so in place of the training rows' own method.
    """
    report_divergence(trained.diverged, ready.plan, ready.rows.largest, standardized=ready.settings.standardize)
    return (calibrated or ready.rows.calibrated)(plain_network(ready, trained, curves), lifted(ready.projection, trained))


def plain_network(ready: Prepared, trained: Trained, curves: Mapping[str, Floats]) -> Network:
    """The trained network over the encoded inputs."""
    finite = trained.diverged == 0
    population = lifted(ready.projection, trained).population
    shares = weigh_members(ready.plan.with_ramps, finite, trained.best_validation_loss)
    return network_around(ready, with_zeros(population, finite), shares, curves)
