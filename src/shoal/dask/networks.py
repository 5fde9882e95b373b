"""Networks over workers, for update rules with minibatches: each task trains one network.

A network's result depends on its rows, its number and the seed alone: its initial weights, its dropout and the order of its
rows come from its own random streams, on any worker and in any repetition. Finally all are merged into one network, as in any shoal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.dask.workers import distributed, named, on_worker, pass_on
from shoal.fitting.candidates import OF_EACH, side_by_side
from shoal.fitting.checkpoint import Arrays, Checkpoint
from shoal.fitting.plan import Plan
from shoal.fitting.source import RowsInMemory
from shoal.fitting.train import in_curves
from shoal.population import Population, take
from shoal.recipe import each
from shoal.textbook.propagation import Parameters
from shoal.training.progress import Trained
from shoal.types import Floats

CURVES = ("loss", "validation_loss", "validation_score", "learning_rate")
OF_TRAINED = ("loss", "best_loss", "best_validation_loss", "epochs", "diverged")


@dataclass(frozen=True)
class Group:
    """All that networks on the same rows are trained with.

    Attributes
    ----------
    plan : Plan
        Of all K networks.
    population : Population
        Their first weights.
    rows : RowsInMemory
        Their weights and the validation's `rows` are those of all networks.
    """

    plan: Plan
    population: Population
    rows: RowsInMemory


@dataclass(frozen=True)
class Member:
    """Some trained networks: `curves` are arrays `(epochs, k)`, `active` says which would go on, `solver` is what has trained."""

    trained: Trained
    curves: Arrays
    active: NDArray[np.bool_]
    solver: str


def train_members(group: Group, members: Sequence[int]) -> Member:
    """Some of the networks, as the whole population trains them, to rounding."""
    p, some = group.plan, list(members)
    K = group.population.K
    numbers: dict[str, Any] = {name: tuple(float(v) for v in each(getattr(p.recipe, name), K)[some]) for name in OF_EACH}
    mine = replace(p, recipe=replace(p.recipe, **numbers), with_ramps=tuple(p.with_ramps[k] for k in some))
    weights, v = group.rows.weights, group.rows.validation
    if v is not None and v.rows is not None:
        v = replace(v, rows=tuple(v.rows[k] for k in some))
    weights = weights[some] if weights is not None and weights.ndim == 2 else weights
    # Ramps are multiplied here and looked up in a fit in memory: to rounding the same.
    rows = replace(group.rows, weights=weights, validation=v, ramp_positions=None)
    run = rows.begin(mine, take(group.population, some), listened=False, members=some)
    events = [event for event in run if in_curves(event, run)]
    curves = {name: np.array([getattr(e, name) for e in events]) for name in CURVES if getattr(events[0], name) is not None}
    return Member(run.result(), curves, np.asarray(run.active), run.trained_by(mine.solver))


def tasks_of(p: Plan, calibration: Any) -> list[tuple[int, ...]]:
    """Each network alone, unless one waits for the others.

    All together where L-BFGS may go on after them, since whether it does is decided by their mean, and with "cv+", where the losses of
    the others say when a network is at its best.
    """
    K = len(p.with_ramps)
    return [tuple(range(K))] if p.polished or calibration == "cv+" else [(k,) for k in range(K)]


def trained_on(
    client: Any, places: Sequence[tuple[Any, tuple[int, ...]]], checkpoint: Checkpoint, before: Arrays | None, say: Callable[[str], None]
) -> list[Member]:
    """Run every task: `places` are futures of groups with the networks to train on them. Finished networks are saved."""
    dd = distributed()
    arrays: Arrays = dict(before or {})
    done: dict[int, Member] = {i: unpacked(arrays, str(i)) for i in range(len(places)) if f"{i}.loss" in arrays}
    noted = []
    with named(checkpoint.left):
        futures = {
            client.submit(on_worker, train_members, group, members, pure=False): i
            for i, (group, members) in enumerate(places)
            if i not in done
        }
        for future in dd.as_completed(list(futures)):
            i = futures[future]
            done[i], notes = future.result()
            noted += notes
            arrays |= packed(done[i], str(i))
            say(f"network {', '.join(map(str, places[i][1]))} trained: {len(done[i].curves['loss'])} epochs")
            checkpoint.keep(arrays, f"{len(done)} of {len(places)} tasks done", at_once=True)
    pass_on(noted)
    return [done[i] for i in range(len(places))]


# --- one after the other as one -------------------------------------------------------------------------------------


def merged(members: Sequence[Member]) -> Member:
    """The networks of all tasks, in the order of the tasks."""
    parts = [m.trained for m in members]
    # a network that diverged, or for whose second training time was too short, is judged by the weights that it has
    first = [p.population if p.judged is None else p.judged for p in parts]
    judged = None if all(p.judged is None for p in parts) else side_by_side(first)
    both: dict[str, Any] = {
        name: None if getattr(parts[0], name) is None else np.concatenate([getattr(p, name) for p in parts]) for name in OF_TRAINED
    }
    trained = Trained(
        side_by_side([p.population for p in parts]), t=max(p.t for p in parts), rows=max(p.rows for p in parts), judged=judged, **both
    )
    curves = {name: beside([m.curves[name] for m in members]) for name in members[0].curves}
    return Member(trained, curves, np.concatenate([m.active for m in members]), members[0].solver)


def in_order(member: Member, order: NDArray[np.int64]) -> Member:
    """The networks in another order."""
    t = member.trained
    both: dict[str, Any] = {name: None if getattr(t, name) is None else getattr(t, name)[order] for name in OF_TRAINED}
    judged = None if t.judged is None else take(t.judged, order)
    trained = replace(t, population=take(t.population, order), judged=judged, **both)
    return Member(trained, {name: values[:, order] for name, values in member.curves.items()}, member.active[order], member.solver)


def beside(curves: Sequence[Floats]) -> Floats:
    """Curves `(epochs, k)` side by side, NaN where one has ended."""
    longest = max(map(len, curves))
    return np.concatenate([np.pad(c, ((0, longest - len(c)), (0, 0)), constant_values=np.nan) for c in curves], axis=1)


# --- kept -----------------------------------------------------------------------------------------------------------


def packed(member: Member, name: str) -> Arrays:
    """A task as plain arrays."""
    t = member.trained
    arrays = {f"{name}.{field}": getattr(t, field) for field in OF_TRAINED if getattr(t, field) is not None}
    for kind, population in (("population", t.population), ("judged", t.judged)):
        if population is not None:
            arrays |= {f"{name}.{kind}.{part}": w for part, w in population.parameters.named().items()}
            arrays |= {f"{name}.{kind}.widths": population.widths, f"{name}.{kind}.inputs": population.inputs}
    arrays |= {f"{name}.curve.{curve}": values for curve, values in member.curves.items()}
    arrays |= {f"{name}.active": member.active, f"{name}.solver": np.array(member.solver), f"{name}.counts": np.array([t.t, t.rows])}
    return arrays


def unpacked(arrays: Arrays, name: str) -> Member:
    """`packed` undone."""
    both: dict[str, Any] = {field: arrays.get(f"{name}.{field}") for field in OF_TRAINED}
    populations = [population_from(arrays, f"{name}.{kind}") for kind in ("population", "judged")]
    t, rows = arrays[f"{name}.counts"].tolist()
    assert populations[0] is not None
    trained = Trained(populations[0], t=t, rows=rows, judged=populations[1], **both)
    curves = {curve: arrays[f"{name}.curve.{curve}"] for curve in CURVES if f"{name}.curve.{curve}" in arrays}
    return Member(trained, curves, arrays[f"{name}.active"], str(arrays[f"{name}.solver"]))


def population_from(arrays: Arrays, name: str) -> Population | None:
    """Networks, where there are any of this name."""
    if f"{name}.W1" not in arrays:
        return None
    parts = (part.name for part in fields(Parameters))
    parameters = Parameters(**{part: arrays[f"{name}.{part}"] for part in parts if f"{name}.{part}" in arrays})
    return Population(parameters, arrays[f"{name}.widths"], arrays[f"{name}.inputs"])
