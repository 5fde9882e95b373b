"""What a fit has decided and prepared before its first step (`pipeline`), and the network around weights that come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache

from shoal.encoding import Encoding
from shoal.fitting.plan import Plan
from shoal.fitting.projection import Projection
from shoal.fitting.settings import Settings
from shoal.fitting.source import TrainingRows
from shoal.fitting.targets import Targets
from shoal.network import Network
from shoal.population import Population
from shoal.types import Floats

Names = tuple[str, ...] | None


@dataclass(frozen=True)
class Decided:
    """The decisions before rows are encoded.

    Attributes
    ----------
    settings : Settings
    seed : int
    plan : Plan
    targets : Targets
        The problem: the meaning of y, and the loss.
    bias : ndarray, (n_z,)
        Initial output biases of the rule "auto".
    encoding : Encoding
    names : tuple of str, or None
        Of the inputs, if they have names.
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
    """All stages before the initial weights; `rows` are encoded, with those that each network holds out.

    If they are wide, they are scores of a `projection`, which the fitted networks contain.
    """

    rows: TrainingRows
    projection: Projection | None = None


def with_rows(decided: Decided, rows: TrainingRows) -> Prepared:
    """The decisions, with the training rows."""
    return Prepared(**{f.name: getattr(decided, f.name) for f in fields(Decided)}, rows=rows)


def without_rows(prepared: Prepared) -> Decided:
    """The decisions alone, to be sent to another machine."""
    return Decided(**{f.name: getattr(prepared, f.name) for f in fields(Decided)})


def network_around(ready: Decided, population: Population, shares: Floats, curves: Mapping[str, Floats]) -> Network:
    """The network of these members over the encoded inputs, with these weights in the mean."""
    t, n = ready.targets, ready.encoding.n_inputs
    return Network(
        population,
        shares,
        ready.plan.recipe.activation,
        t.loss,
        ready.encoding,
        t.scale,
        () if t.classes is None else (t.classes,),
        unnamed(n) if ready.names is None else ready.names,
        curves,
        t.delta,
        t.q,
    )


@lru_cache(maxsize=1)
def unnamed(n: int) -> tuple[str, ...]:
    """Names of inputs that have none. Kept, because every candidate of a search asks for the same."""
    return tuple(f"x{j}" for j in range(n))
