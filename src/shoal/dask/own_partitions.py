"""`fit` with update rules: every worker trains some networks, on the whole table or on a share of its partitions."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.dask.networks import Group, Member, in_order, merged, tasks_of, trained_on
from shoal.dask.partitions import Raw, Span
from shoal.dask.source import Partitions
from shoal.dask.workers import named, on_worker, pass_on
from shoal.errors import DataError, InvalidParameterError
from shoal.estimators.estimator import input_names
from shoal.fitting.calibration import JudgedOn, calibrate, largest_of
from shoal.fitting.checkpoint import Checkpoint, about_fit, identity_of
from shoal.fitting.fitted import Fitted
from shoal.fitting.pipeline import decide, draw, fitted_of, network_of, planned, prepare
from shoal.fitting.plan import Plan, patience
from shoal.fitting.prepared import Decided, Names, Prepared, with_rows, without_rows
from shoal.fitting.settings import Settings
from shoal.fitting.source import InMemory, RowsInMemory
from shoal.fitting.summary import Summary
from shoal.fitting.train import asks_to_settle, warn_unsettled
from shoal.fitting.watching import say
from shoal.network import Network
from shoal.training.progress import Trained, events_of_curves
from shoal.types import Floats
from shoal.uncertainty.answers import Held, at_most
from shoal.uncertainty.noise import MOST_ROWS

Rows = tuple[Any, Any, Floats | None]


@dataclass(frozen=True)
class Merged:
    """What is asked of a training when it is over, of networks that were trained in many places."""

    rows: int
    K: int
    active: NDArray[np.bool_]
    epochs: NDArray[np.int64]
    diverged: NDArray[np.int64]
    recipe: Any

    def unsettled(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """The networks that would go on; none has left before its last epoch."""
        return self.active, np.zeros(self.K, bool)


def finished(ready: Decided, member: Member, network: Network, temperature: float, share: str, rows: tuple[int, ...]) -> Fitted:
    """All that is known of a fit whose networks were trained in many places. Training cannot go on from it."""
    p, trained = ready.plan, member.trained
    run: Any = Merged(trained.rows, trained.population.K, member.active, trained.epochs, trained.diverged, p.recipe)
    warn_unsettled(run, p, events_of_curves(member.curves, p.recipe.max_epochs), asked=asks_to_settle(ready.settings, p))
    return replace(fitted_of(ready, trained, network, temperature, member.solver, trained.rows), trained_on=share, share_rows=rows)


def for_workers(settings: Settings) -> Settings:
    """Settings without what does not travel."""
    return replace(settings, callbacks=(), verbose=False)


# --- on the whole table ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WholeTable:
    """The whole table on one worker, prepared, and the networks to train on it."""

    ready: Prepared
    group: Group


def on_the_whole(
    client: Any, estimator: Any, settings: Settings, source: Partitions, own_summary: Summary | None, checkpoint: Checkpoint
) -> Fitted:
    """Every network on all rows: what `fit` in memory gives, to rounding; the table travels to every worker once.

    `own_summary` is that of the user's validation rows, where there are any.
    """
    joined = client.submit(rows_of, *source.spans, pure=False)
    judges = None if source.own is None else client.submit(rows_of, *source.own[0], pure=False)
    whole = client.submit(prepared_there, for_workers(settings), input_names(estimator), source.roles, joined, judges, pure=False)
    with named(checkpoint.left):
        ready: Decided = client.submit(decided_there, whole, pure=False).result()
        before = checkpoint.earlier(about_fit(settings, identity_of(source.found.summary, own_summary), seed=ready.seed, share="whole"))
        group = client.submit(of_whole, whole, pure=False)
        places = [(group, task) for task in tasks_of(ready.plan, settings.calibration)]
        member = merged(trained_on(client, places, checkpoint, before, lambda line: say(settings, line)))
        (network, temperature), noted = client.submit(on_worker, network_there, whole, member, pure=False).result()
        pass_on(noted)
    return finished(ready, member, network, temperature, "whole", (source.m,) * len(ready.plan.with_ramps))


def rows_of(*spans: Span) -> Rows:
    """All partitions of some spans, one after the other."""
    blocks: list[Raw] = [block for span in spans for block in span.blocks]
    if not blocks:
        raise DataError("no partition has any row: there is nothing to learn from, or to judge on")
    weight = None if blocks[0].weight is None else np.concatenate([b.weight for b in blocks if b.weight is not None])
    return np.concatenate([b.X for b in blocks]), np.concatenate([b.y for b in blocks]), weight


def prepared_there(settings: Settings, names: Names, roles: dict[str, Any], rows: Rows, own: Rows | None) -> WholeTable:
    """The rows prepared as `fit` prepares them; `roles` are their groups or times."""
    ready = prepare(settings, InMemory(*rows, own=own, **roles), names=names)
    assert isinstance(ready.rows, RowsInMemory)
    return WholeTable(ready, Group(ready.plan, draw(ready, ready.plan.width), ready.rows))


def decided_there(whole: WholeTable) -> Decided:
    """What is decided, without the rows."""
    return without_rows(whole.ready)


def of_whole(whole: WholeTable) -> Group:
    """What networks are trained with."""
    return whole.group


def network_there(whole: WholeTable, member: Member) -> tuple[Network, float]:
    """The network, made where the rows are that it is judged on; and its temperature."""
    return network_of(whole.ready, member.trained, member.curves)


# --- on shares ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """A share's rows made ready, and some of them to judge all networks on: `out (K, n)` says who has not learned from a row."""

    group: Group
    m: int
    judges: Held


@dataclass(frozen=True)
class JudgedRows:
    """Rows of all shares that the networks are judged on."""

    judged: JudgedOn

    @property
    def largest(self) -> float:
        """The largest raw input."""
        return largest_of(self.judged)

    def calibrated(self, network: Network, trained: Trained) -> tuple[Network, float]:
        """The network with its noise."""
        return calibrate(network, self.judged, None, trained)


def on_shares(client: Any, estimator: Any, settings: Settings, source: Partitions, checkpoint: Checkpoint) -> Fitted:
    """Network k on every n-th of the partitions with rows, from the (k mod n)-th on; encoding and target are those of all rows."""
    ready, source = decide(settings, source, names=input_names(estimator))
    if ready.plan.polished:
        raise InvalidParameterError(
            "solver='auto' may let L-BFGS go on from all networks on the same rows; choose solver='adamw' for shares"
        )
    K = len(ready.plan.with_ramps)
    n = min(max(1, sum(client.nthreads().values())), K, len(source.found.sizes))
    there, shares = replace(ready, settings=for_workers(settings)), []
    for s in range(n):
        blocks = [client.submit(every, n, s, span, pure=False) for span in source.spans]
        shares.append(client.submit(made_share, there, (s, n, K), client.submit(rows_of, *blocks, pure=False), pure=False))
    summary = source.found.summary
    with named(checkpoint.left):
        before = checkpoint.earlier(about_fit(settings, identity_of(summary), seed=ready.seed, share=f"own, of {n}"))
        places = [(client.submit(of_share, share, pure=False), tuple(range(s, K, n))) for s, share in enumerate(shares)]
        tasks = [(group, (k,)) for group, members in places for k in members]
        member = merged(trained_on(client, tasks, checkpoint, before, lambda line: say(settings, line)))
        member = in_order(member, np.argsort([k for _, (k,) in tasks]))
        sizes = client.gather([client.submit(size_of, share, pure=False) for share in shares])
        held = together([client.submit(judges_of, share, pure=False).result() for share in shares])
    rows: Any = JudgedRows(JudgedOn(held, None, summary.lowest, summary.highest, summary.m))
    network, temperature = network_of(with_rows(ready, rows), member.trained, member.curves)
    return finished(ready, member, network, temperature, "own", tuple(sizes[k % n] for k in range(K)))


def every(n: int, s: int, span: Span) -> Span:
    """A span's partitions that are in share s of n."""
    return replace(span, blocks=tuple(b for b in span.blocks if b.number % n == s))


def share_plan(ready: Decided, source: InMemory) -> Plan:
    """How the networks of a share train: one kind of network on all shares, with the batches and epochs that the share's size asks for."""
    own, whole = planned(ready.settings, source, ready.seed, None).recipe, ready.plan
    waits = patience(ready.settings, own.schedule, own.max_epochs, bool(whole.hold_out), online=False)
    sizes = {name: getattr(own, name) for name in ("batch_size", "equal_batches", "max_epochs", "shuffle")}
    return replace(whole, recipe=replace(whole.recipe, **sizes, patience=waits))


def made_share(ready: Decided, place: tuple[int, int, int], rows: Rows) -> Share:
    """A share's rows as layer 1 takes them, with the rows that each of its networks holds out."""
    (s, n, K), source = place, InMemory(*rows)
    if source.weight is not None and not source.weight.any():
        raise DataError(f"share {s + 1} of {n} has rows of weight 0 only; cut the rows into other partitions, or choose share='whole'")
    p = share_plan(ready, source)
    encoded = source.rows(ready.settings, p, ready.targets, ready.encoding, ready.seed, None)
    if p.hold_out and encoded.validation is None:
        raise DataError(
            f"share {s + 1} of {n} has no two different rows that count, and its networks hold some out; cut the rows into other "
            "partitions, set early_stopping=False, or choose share='whole'"
        )
    population = draw(with_rows(replace(ready, plan=p, bias=source.bias(ready.targets)), encoded), p.width)
    held = encoded.judged.held
    picked = np.flatnonzero(held.weight > 0)
    picked = at_most(picked, MOST_ROWS // n)
    out = held.out[:, picked] | (np.arange(K) % n != s)[:, None]
    judges = Held(held.X[picked], held.Y[picked], held.weight[picked], out)
    return Share(Group(p, population, encoded), source.m, judges)


def of_share(share: Share) -> Group:
    """What networks are trained with."""
    return share.group


def size_of(share: Share) -> int:
    """Its rows."""
    return share.m


def judges_of(share: Share) -> Held:
    """Its rows to judge on."""
    return share.judges


def together(parts: list[Held]) -> Held:
    """Rows of all shares."""
    X, Y, weight = (np.concatenate([getattr(h, name) for h in parts]) for name in ("X", "Y", "weight"))
    return Held(X, Y, weight, np.concatenate([h.out for h in parts], axis=1))
