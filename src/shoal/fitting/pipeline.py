"""A fit, stage by stage. This is the one place that knows what a fit is.

    Settings → Targets → Plan → Encoding → rows → Population → Trained → Fitted

`decide` and `prepare` make every decision that precedes training: what y means, how to train (every "auto" becomes a number), how
inputs are encoded, which rows are held out. `fit` draws the first weights, trains, and finishes; `begin` stops before the first update,
for a caller that takes the steps itself; `fit_piece` is one call of `partial_fit`. All are pure functions over a `Source` of rows: they
read no estimator and write into none.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from types import MappingProxyType
from typing import Any, TypeVar

from shoal.draws import seed_from
from shoal.encoding import Encoding
from shoal.engine.threads import at_most, one_blas_thread
from shoal.errors import DataError, InterruptedWarning, InvalidParameterError
from shoal.fitting.calibration import check_calibration, check_pieces, must_be_the_same
from shoal.fitting.checkpoint import NO_CHECKPOINT, Checkpoint, Watched, about_fit, seeded
from shoal.fitting.fitted import Continuation, Fitted
from shoal.fitting.limits import refuse_too_many
from shoal.fitting.plan import Plan, is_auto, plan
from shoal.fitting.settings import Settings
from shoal.fitting.source import InMemory, Source, TrainingRows
from shoal.fitting.targets import Targets
from shoal.fitting.train import (
    Training,
    announced,
    asks_to_settle,
    by_evidence,
    history,
    in_curves,
    initial_population,
    inputs_seen,
    mean_of_finite,
    report_divergence,
    spread_of,
    warn_unsettled,
    weigh_members,
)
from shoal.fitting.weights import penalised_in_rows
from shoal.network import Network
from shoal.population import Population, with_zeros
from shoal.training.events import Epoch
from shoal.training.progress import Trained
from shoal.types import Floats

Names = tuple[str, ...] | None
NOTHING: Mapping[str, str] = MappingProxyType({})
S = TypeVar("S", bound=Source)


@dataclass(frozen=True)
class Decided:
    """What is decided before rows are encoded.

    Attributes
    ----------
    settings : Settings
    seed : int
    plan : Plan
    targets : Targets
        The problem: what y means, and the loss.
    bias : ndarray, (n_z,)
        Initial output biases of the rule "auto".
    encoding : Encoding
    names : tuple of str, or None
        Of the inputs, where they have names.
    """

    settings: Settings
    seed: int
    plan: Plan
    targets: Targets
    bias: Floats
    encoding: Encoding
    names: Names


@dataclass(frozen=True)
class Prepared(Decided):
    """Everything that precedes the first weights; `rows` are encoded, with those that each network holds out."""

    rows: TrainingRows


def decide(settings: Settings, source: S, *, names: Names = None, before: Fitted | None = None) -> tuple[Decided, S]:
    """The stages before rows are encoded; and the source with the weights that training uses.

    Parameters
    ----------
    settings : Settings
    source : Source
        Its weights are the user's.
    names : names of the inputs
    before : what an earlier call left, where `warm_start` goes on with it: classes, scales and encoding are then its own
    """
    check_calibration(settings)
    if before is None:
        seed = seed_from(settings.random_state)
    else:
        must_be_the_same(before.network, settings.calibration, source.m)
        source.check_same_classes(before.targets)
        seed = before.seed
    return decided(settings, source, seed, names=names, before=before)


def decided(
    settings: Settings, source: S, seed: int, *, names: Names, before: Fitted | None, classes: Any = None, online: bool = False
) -> tuple[Decided, S]:
    """`decide` once the settings are checked and the seed is known; `classes` are all that there are, `online` is for `partial_fit`."""
    known = None if before is None else before.targets
    source = source.weighted(settings, seed, classes)
    targets = source.targets(settings, known, classes)
    p = planned(settings, source, seed, before, online=online)
    encoding = source.encoding(settings, p) if before is None else before.network.encoding
    return Decided(settings, seed, p, targets, source.bias(targets), encoding, names), source


def prepare(settings: Settings, source: Source, *, names: Names = None, before: Fitted | None = None) -> Prepared:
    """All stages before training; parameters as for `decide`."""
    d, source = decide(settings, source, names=names, before=before)
    return with_rows(d, source.rows(settings, d.plan, d.targets, d.encoding, d.seed, None if before is None else before.network))


def with_rows(decided: Decided, rows: TrainingRows) -> Prepared:
    """What is decided, with the rows that networks are trained on."""
    return Prepared(**{f.name: getattr(decided, f.name) for f in fields(Decided)}, rows=rows)


def without_rows(prepared: Prepared) -> Decided:
    """What is decided, to be sent to where the rows are not."""
    return Decided(**{f.name: getattr(prepared, f.name) for f in fields(Decided)})


def planned(settings: Settings, source: Source, seed: int, before: Fitted | None, *, online: bool = False) -> Plan:
    """Every "auto" as a number; of networks that training goes on with, what they are.

    Raises
    ------
    InvalidParameterError
        For another number of networks or hidden units than training goes on with, and where only one of both has skip connections.
    """
    refuse_too_many(settings.K)
    earlier = None if before is None else continuation_of(before)
    p = plan(
        settings,
        source.m,
        seed,
        sparse=source.sparse,
        own_validation=source.own_validation,
        online=online,
        earlier_ramps=None if earlier is None else earlier.with_ramps,
        different=source.different(),
    )
    if earlier is not None and settings.n_h != "auto" and p.width != (n_h := earlier.population.widths[0]):
        raise InvalidParameterError(
            f"hidden_layer_sizes is {settings.n_h!r}, but training goes on with networks of {n_h} hidden units; "
            "keep their number, or begin anew with warm_start=False"
        )
    if earlier is not None and settings.skip != (earlier.population.parameters.W3 is not None):
        raise InvalidParameterError(
            f"skip is {settings.skip}, but training goes on with networks {'without' if settings.skip else 'with'} skip connections; "
            f"keep skip={not settings.skip}, or begin anew with warm_start=False"
        )
    return p if is_auto(settings.lam) else replace(p, recipe=penalised_in_rows(p.recipe, source.unit))


def draw(prepared: Prepared, n_h: int) -> Population:
    """First weights of n_h hidden units, each network's from its own stream."""
    squares = prepared.rows.mean_squares
    inputs = inputs_seen(prepared.plan.with_ramps, prepared.encoding.n_inputs, len(squares))
    return initial_population(prepared.settings, prepared.seed, n_h, inputs, inputs @ squares, prepared.bias)


def fit(
    settings: Settings, source: Source, *, names: Names = None, before: Fitted | None = None, checkpoint: Checkpoint = NO_CHECKPOINT
) -> Fitted:
    """Prepare, train, finish.

    `checkpoint` keeps how far training is, and is gone on from where it is there, to the same bits.

    Raises
    ------
    DataError, InvalidParameterError, TooLargeError
        For rows or settings that training cannot use.
    DivergedError
        When the loss of every network leaves all bounds.
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
        return finish(ready, run, watch(run, settings), earlier=earlier)
    about = about_fit(settings, source.identity(), seed=ready.seed) if checkpoint.path is not None else {}
    run, events, table = train(ready, lambda n_h: ready.rows.begin(p, draw(ready, n_h), listened=listened), checkpoint, about)
    return finish(ready, run, events, evidence_table=table)


def begin(settings: Settings, source: Source, *, names: Names = None) -> tuple[Prepared, Training]:
    """All that `fit` does before the first update, for a caller that takes the steps itself."""
    ready = prepare(settings, source, names=names)
    return ready, ready.rows.begin(ready.plan, draw(ready, ready.plan.width), listened=True)


def fit_piece(settings: Settings, source: InMemory, *, names: Names = None, before: Fitted | None, classes: Any = None) -> Fitted:
    """One call of `partial_fit`: a pass over these rows. The first call fixes classes, scales and encoding for all later ones."""
    check_pieces(settings, source.m, first=before is None)
    seed = seed_from(settings.random_state) if before is None else before.seed
    known = classes if before is None else before.targets.classes
    d, source = decided(settings, source, seed, names=names, before=before, classes=known, online=True)
    p = d.plan
    ready = with_rows(d, source.piece(settings, p, d.targets, d.encoding, None if before is None else before.network))
    population = draw(ready, p.width) if before is None else continuation_of(before).population
    run = ready.rows.begin(p, population, listened=True)
    earlier = [] if before is None else resume(run, before)
    return finish(ready, run, watch(run, settings), earlier=earlier, in_pieces=True)


# --- training -------------------------------------------------------------------------------------------------------


def train(
    prepared: Prepared, start: Callable[[int], Training], checkpoint: Checkpoint = NO_CHECKPOINT, about: Mapping[str, str] = NOTHING
) -> tuple[Training, list[Epoch], Mapping[str, Floats] | None]:
    """The training that `start` makes of a number of hidden units, done; of several numbers, the one of the highest evidence.

    The events are those of the call too that the checkpoint `about` this fit goes on from.
    """
    p, settings = prepared.plan, prepared.settings
    if p.widths:
        checkpoint.refuse_widths()
        return by_evidence(p.widths, start, lambda run: watch(run, settings), lambda line: say(settings, line))
    before, run = checkpoint.earlier(dict(about)), start(p.width)
    watched = Watched(run, checkpoint, before)
    earlier = [event for event in watched.earlier if in_curves(event, run)]
    try:
        return run, [*earlier, *watch(watched, settings)], None
    finally:
        checkpoint.write()


def watch(run: Any, settings: Settings) -> list[Epoch]:
    """Train, hand every event to the callbacks, and keep what there is when interrupted."""
    events: list[Epoch] = []
    done = 0
    try:
        with at_most(settings.n_jobs), one_blas_thread():  # set once, not at every epoch
            for event in run:
                done = event.epoch
                if in_curves(event, run):
                    events.append(event)
                if settings.verbose:
                    print(f"Iteration {event.epoch}, loss = {mean_of_finite(event.loss):.8f}")
                for callback in settings.callbacks:
                    callback(event)
    except KeyboardInterrupt:
        warnings.warn(InterruptedWarning(f"interrupted after {done} epochs; the best weights so far are kept"), stacklevel=6)
    return events


def resume(run: Training, before: Fitted) -> list[Epoch]:
    """Give the run what the last call left, and return that call's events. Another rule or precision begins with a state of its own."""
    last = continuation_of(before)
    run.resume(last.memory if last.kind == run.kind else None, last.rows)
    return last.events


def continuation_of(before: Fitted) -> Continuation:
    """What training goes on from.

    Raises
    ------
    DataError
        For a model that was loaded from a file or trained on a cluster.
    """
    if before.continuation is None:
        raise DataError(
            "a model that was trained on other machines or loaded from a file cannot be trained on: no optimizer state came with it; "
            "fit it anew"
        )
    return before.continuation


def say(settings: Settings, line: str) -> None:
    """Print a line where printing was asked for."""
    if settings.verbose:
        print(line)


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
    """The fitted model that a training leaves, with what further training needs.

    `events` are those of this call, `earlier` those of the calls that it goes on from. Each of several pieces is gone through once,
    whatever its loss does, so that no warning says that it had not settled.
    """
    p, trained = ready.plan, run.result()
    if not in_pieces:
        warn_unsettled(run, p, events, asked=asks_to_settle(ready.settings, p))
    events = [*earlier, *events]
    if len(trained.loss) > 1:
        say(ready.settings, spread_of(trained.loss))
    network, temperature = network_of(ready, trained, history(events))
    judged = trained.judged or trained.population
    continuation = Continuation(trained.population, judged, p.with_ramps, run.kind, run.carry(), trained.rows, events)
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
    """All that is known of a fit."""
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


def network_of(ready: Prepared, trained: Trained, curves: Mapping[str, Floats]) -> tuple[Network, float]:
    """The network that training left, calibrated; and the temperature of its logits."""
    finite = trained.diverged == 0
    report_divergence(trained.diverged, ready.plan, ready.rows.largest, standardized=ready.settings.standardize)
    t, n = ready.targets, ready.encoding.n_inputs
    network = Network(
        with_zeros(trained.population, finite),
        weigh_members(ready.plan.with_ramps, finite, trained.best_validation_loss),
        ready.plan.recipe.activation,
        t.loss,
        ready.encoding,
        t.scale,
        () if t.classes is None else (t.classes,),
        tuple(f"x{j}" for j in range(n)) if ready.names is None else ready.names,
        curves,
        t.delta,
        t.q,
    )
    return ready.rows.calibrated(network, trained)
