"""`fit` with update rules: every worker trains some networks, on the whole table or on a share of its partitions."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.beyond.checkpoints import Checkpoint, about_fit
from shoal.beyond.lanes import Lane, Raw
from shoal.beyond.members import Group, Member, in_order, merged, pieces_of, trained_on
from shoal.beyond.survey import worker_copy
from shoal.beyond.workers import named, on_worker, pass_on
from shoal.encoding import encode
from shoal.errors import DataError
from shoal.estimators.summary import Summary
from shoal.fitting.calibration import Judged, judged_on, kept_out
from shoal.fitting.initialize import member_weights
from shoal.fitting.plan import Plan, patience
from shoal.fitting.problem import Prepared, Problem
from shoal.fitting.settings import settings_of
from shoal.fitting.train import asks_to_settle, warn_unsettled
from shoal.textbook.losses import make_loss
from shoal.training.events import told_again
from shoal.training.validation import Validation
from shoal.types import Floats
from shoal.uncertainty.held import Held
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


def finish(estimator: Any, member: Member, p: Plan, leave: Callable[[dict[str, Floats]], None]) -> None:
    """Everything that a fit leaves behind; `leave` makes `network_`. Nothing from which training could go on, of this fit or an earlier."""
    estimator.__dict__.pop("_continuation", None)
    trained, events = member.trained, told_again(member.curves, p.recipe.max_epochs)
    run: Any = Merged(trained.rows, trained.population.K, member.active, trained.epochs, trained.diverged, p.recipe)
    warn_unsettled(run, p, events, asked=asks_to_settle(estimator, p))
    leave(member.curves)
    estimator._set_attributes(run, trained, p, events)
    estimator.solver_ = member.solver


# --- on the whole table ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Whole:
    """The whole table on one worker: the estimator that has learned its columns and targets, the rows made ready, the group."""

    estimator: Any
    prepared: Prepared
    group: Group


def on_the_whole(
    client: Any,
    estimator: Any,
    lanes: tuple[list[Any], list[Any] | None],
    summaries: tuple[Summary, Summary | None],
    checkpoint: Checkpoint,
) -> Any:
    """Every network on all rows: what `fit` in memory gives, to rounding; the table travels to every worker once.

    `lanes` and `summaries` are those of the rows, and of the user's validation rows where there are any.
    """
    mine, own = lanes
    there = worker_copy(estimator)
    there.random_state = estimator.seed_
    if hasattr(estimator, "class_weight"):
        there.class_weight = estimator.class_weight
    names = {name: value for name, value in vars(estimator).items() if name in ("feature_names_in_", "n_features_in_")}
    joined = client.submit(rows_of, *mine, pure=False)
    judges = None if own is None else client.submit(rows_of, *own, pure=False)
    whole = client.submit(made_ready, there, joined, judges, pure=False)
    with named(checkpoint.left):
        p, learned = client.submit(told, whole, pure=False).result()
        estimator.__dict__.update({**learned, **names})
        before = checkpoint.earlier(about_fit(estimator, *summaries, seed=estimator.seed_, share="whole"))
        group = client.submit(of_whole, whole, pure=False)
        member = merged(trained_on(client, [(group, piece) for piece in pieces_of(p)], checkpoint, before, estimator._say))

        def leave(curves: dict[str, Floats]) -> None:
            (left, said) = client.submit(on_worker, network_there, whole, names, member, curves, pure=False).result()
            estimator.__dict__.update(left)
            pass_on(said)

        finish(estimator, member, p, leave)
    estimator.trained_on_, estimator.share_rows_ = "whole", (summaries[0].m,) * len(p.with_ramps)
    return estimator


def rows_of(*lanes: Lane) -> Rows:
    """All partitions of some lanes, one after the other."""
    blocks: list[Raw] = [block for lane in lanes for block in lane.blocks]
    if not blocks:
        raise DataError("no partition has any row: there is nothing to learn from, or to judge on")
    weight = None if blocks[0].weight is None else np.concatenate([b.weight for b in blocks if b.weight is not None])
    return np.concatenate([b.X for b in blocks]), np.concatenate([b.y for b in blocks]), weight


def made_ready(estimator: Any, rows: Rows, own: Rows | None) -> Whole:
    """The rows prepared as `fit` prepares them."""
    estimator = copy.copy(estimator)
    prepared = estimator._prepare(*rows, validation=(None, None, None) if own is None else own)
    population = estimator._initial(prepared.plan, prepared.problem, prepared.encoded, prepared.weight)
    v, dtype = prepared.validation, prepared.dtype
    group = Group(prepared.plan, population, prepared.g2, prepared.encoded, prepared.problem.Y, prepared.weights, v, dtype)
    return Whole(estimator, prepared, group)


def told(whole: Whole) -> tuple[Plan, dict[str, Any]]:
    """The plan, and what the estimator has learned of columns and targets."""
    settings = whole.estimator.get_params(deep=False)
    return whole.prepared.plan, {name: value for name, value in vars(whole.estimator).items() if name not in settings}


def of_whole(whole: Whole) -> Group:
    """What networks are trained with."""
    return whole.group


def network_there(whole: Whole, names: dict[str, Any], member: Member, curves: dict[str, Floats]) -> dict[str, Any]:
    """`network_`, made where the rows are that it is judged on."""
    estimator = copy.copy(whole.estimator)
    estimator.__dict__.update(names)
    estimator._leave_network(member.trained, whole.prepared.problem, whole.prepared.plan, curves)
    return {name: getattr(estimator, name) for name in ("network_", "temperature_") if hasattr(estimator, name)}


# --- on shares ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """A share's rows made ready, and some of them to judge all networks on: `out (K, n)` says who has not learned from a row."""

    group: Group
    m: int
    judges: Held


def on_shares(
    client: Any, estimator: Any, lanes: list[Any], n: int, p: Plan, problem: Problem, summary: Summary, checkpoint: Checkpoint
) -> Any:
    """Network k on every n-th of the partitions with rows, from the (k mod n)-th on; encoding and target are those of all rows."""
    there, K = worker_copy(estimator), len(p.with_ramps)
    there.random_state = estimator.seed_
    shares = []
    for s in range(n):
        blocks = [client.submit(every, n, s, lane, pure=False) for lane in lanes]
        shares.append(client.submit(made_share, there, p, (s, n, K), client.submit(rows_of, *blocks, pure=False), pure=False))
    with named(checkpoint.left):
        before = checkpoint.earlier(about_fit(estimator, summary, seed=estimator.seed_, share=f"own, of {n}"))
        places = [(client.submit(of_share, share, pure=False), tuple(range(s, K, n))) for s, share in enumerate(shares)]
        pieces = [(group, (k,)) for group, members in places for k in members]
        member = merged(trained_on(client, pieces, checkpoint, before, estimator._say))
        order = np.argsort([k for _, (k,) in pieces])
        member = in_order(member, order)
        sizes = client.gather([client.submit(size_of, share, pure=False) for share in shares])
        held = together([client.submit(judges_of, share, pure=False).result() for share in shares])
    judged = Judged(held, None, summary.lowest, summary.highest, summary.m)
    finish(estimator, member, p, lambda curves: estimator._leave_network(member.trained, replace(problem, judged=judged), p, curves))
    estimator.trained_on_, estimator.share_rows_ = "own", tuple(sizes[k % n] for k in range(K))
    return estimator


def every(n: int, s: int, lane: Lane) -> Lane:
    """A lane's partitions that are in share s of n."""
    return replace(lane, blocks=tuple(b for b in lane.blocks if b.number % n == s))


def share_plan(estimator: Any, whole: Plan, X: Any) -> Plan:
    """How the networks of a share train: one kind of network on all shares, with the batches and epochs that the share's size asks for."""
    settings = settings_of(estimator)
    own = estimator._plan(settings, X, own_validation=False).recipe
    waits = patience(settings, own.schedule, own.max_epochs, bool(whole.hold_out), online=False)
    sizes = {name: getattr(own, name) for name in ("batch_size", "equal_batches", "max_epochs", "shuffle")}
    return replace(whole, recipe=replace(whole.recipe, **sizes, patience=waits))


def made_share(estimator: Any, whole: Plan, place: tuple[int, int, int], rows: Rows) -> Share:
    """A share's rows as layer 1 takes them, with the rows that each of its networks holds out."""
    (s, n, K), (X, y, weight) = place, rows
    if weight is not None and not weight.any():
        raise DataError(f"share {s + 1} of {n} has rows of weight 0 only; cut the rows into other partitions, or choose share='whole'")
    p = share_plan(estimator, whole, X)
    dtype = np.dtype(np.float32 if p.single_precision else np.float64)
    problem = estimator._problem(y, weight, first=False)
    encoded = encode(estimator._encoding, X, dtype)
    held_rows = kept_out(None, X, p, problem.labels, estimator.seed_, weight, own=False)
    if p.hold_out and held_rows is None:
        raise DataError(
            f"share {s + 1} of {n} has no two different rows that count, and its networks hold some out; cut the rows into other "
            "partitions, set early_stopping=False, or choose share='whole'"
        )
    v = None if held_rows is None else Validation(encoded, problem.Y.astype(dtype), weight, held_rows)
    population = estimator._initial(p, problem, encoded, weight)
    g2 = make_loss(problem.output, **estimator._output_settings())
    group = Group(p, population, g2, encoded, problem.Y, member_weights(len(X), weight, held_rows), v, dtype)
    held = judged_on(X, encoded, problem.Y, K, weight=weight, before=None, rows=held_rows).held
    picked = np.flatnonzero(held.weight > 0)
    picked = picked[np.linspace(0, len(picked) - 1, min(len(picked), MOST_ROWS // n)).astype(np.int64)]
    out = held.out[:, picked] | (np.arange(K) % n != s)[:, None]
    return Share(group, len(X), Held(held.X[picked], held.Y[picked], held.weight[picked], out))


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
