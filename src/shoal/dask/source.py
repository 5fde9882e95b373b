"""Rows in the partitions of a Dask cluster as a `Source`: each question of the pipeline is a pass over the partitions.

Some thousand rows of all partitions, chosen as a fit in memory chooses them, show a network's noise.
"""

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shoal.dask.partitions import Block, SpanRows, changed, changed_spans, encoded_block, over_spans, square_lengths, total_weights
from shoal.dask.survey import HeldParts, PartitionSurvey, found_encoding, held_parts, survey_over, weighed_in_rows, weighted_spans
from shoal.encoding import Encoding
from shoal.errors import DataError
from shoal.fitting.calibration import JudgedOn, calibrate
from shoal.fitting.checkpoint import identity_of
from shoal.fitting.plan import FULL_BATCH, Plan
from shoal.fitting.settings import Settings
from shoal.fitting.summary import Summary, bias_from, targets_from_sums
from shoal.fitting.targets import Targets
from shoal.fitting.train import full_batch
from shoal.network import Network
from shoal.population import Population
from shoal.training.full_batch import FullBatch
from shoal.training.progress import Trained
from shoal.types import Floats
from shoal.uncertainty.answers import Held, all_out
from shoal.uncertainty.noise import MOST_ROWS


@dataclass(frozen=True)
class Partitions:
    """Checked rows on workers.

    Attributes
    ----------
    client : distributed.Client
    spans : list of futures
        Their blocks are `Raw`.
    found : PartitionSurvey
        All partitions summed up.
    own : tuple or None
        The user's validation rows: spans and the number of their partitions.
    unit : float
        The given weight of one row.
    groups, time : ndarray, (m,), or None
        Of all rows, on this machine.
    """

    client: Any
    spans: list[Any]
    found: PartitionSurvey
    own: tuple[list[Any], int] | None = None
    unit: float = 1.0
    groups: NDArray[np.int64] | None = None
    time: NDArray[Any] | None = None

    @property
    def roles(self) -> dict[str, Any]:
        """The roles by which rows are held out, by name."""
        return {"groups": self.groups, "time": self.time}

    @property
    def m(self) -> int:
        """Rows."""
        return self.found.summary.m

    @property
    def sparse(self) -> bool:
        """Rows of partitions are dense."""
        return False

    @property
    def own_validation(self) -> bool:
        """Whether the user gave validation rows."""
        return self.own is not None

    def weighted(self, settings: Settings, seed: int, classes: NDArray[Any] | None = None) -> Self:
        """Weights by class, in rows.

        Raises
        ------
        DataError
            For rows that all have weight 0.
        """
        source, classes_known = self, settings.task == "classification"
        if settings.class_weight is not None:
            spans = weighted_spans(self.client, settings.class_weight, self.spans, self.found.summary)
            source = replace(self, spans=spans, found=survey_over(self.client, spans, classes=True))
            if source.found.summary.inputs.weight == 0:
                raise DataError(f"class_weight={settings.class_weight!r} leaves every row with weight 0: there are no rows to learn from")
        unit = source.found.summary.unit
        if unit == 1:
            return source
        spans = changed_spans(self.client, partial(weighed_in_rows, unit), source.spans)
        return replace(source, spans=spans, found=survey_over(self.client, spans, classes=classes_known), unit=unit)

    def check_same_classes(self, targets: Targets) -> None:
        """Training on Dask never continues an earlier call: `settings_here` refuses it."""

    def different(self) -> None:
        """Many rows are assumed to be different."""

    def wide(self, settings: Settings) -> bool:
        """Never: principal components are found in memory alone."""
        return False

    def targets(self, settings: Settings, known: Targets | None, classes: NDArray[Any] | None = None) -> Targets:
        """The meaning of y, from the sums over all rows."""
        return targets_from_sums(settings, self.found.summary)

    def identity(self) -> dict[str, str]:
        """The identity of the rows: their sums, also those of the user's validation rows."""
        classes = len(self.found.summary.classes) > 0
        own = None if self.own is None else survey_over(self.client, self.own[0], classes=classes).summary
        return identity_of(self.found.summary, own)

    def bias(self, targets: Targets) -> Floats:
        """Initial output biases."""
        return bias_from(targets, self.found.summary)

    def encoding(self, settings: Settings, plan: Plan) -> Encoding:
        """The same as in memory: ramps are cut at the exact quantiles."""
        return found_encoding(self.client, settings, self.spans, self.found.summary, plan)

    def rows(
        self, settings: Settings, plan: Plan, targets: Targets, encoding: Encoding, seed: int, before: Network | None
    ) -> "RowsOnWorkers":
        """The partitions encoded on their workers, each with the parts of the rows that networks hold out."""
        held = None if self.own is not None else held_parts(self.client, seed, self.spans, self.found, plan, self.roles)
        spans = encoded_spans(self.client, targets, encoding, plan.dtype, self.spans, held)
        mine = np.full(len(plan.with_ramps), -1) if held is None else held.held
        own = None if self.own is None else own_spans(self.client, targets, encoding, plan.dtype, *self.own)
        return RowsOnWorkers(self.client, spans, own, self.found, settings, targets, mine, any_held=held is not None)


@dataclass(frozen=True)
class RowsOnWorkers:
    """Encoded partitions that networks are trained on by sums; `held (K,)` is the part that each network holds out, −1 for none."""

    client: Any
    spans: list[Any]
    own: list[Any] | None
    found: PartitionSurvey
    settings: Settings
    targets: Targets
    held: NDArray[np.int64]
    any_held: bool

    @cached_property
    def mean_squares(self) -> Floats:
        """Mean square of each encoded input."""
        return np.asarray(over_spans(self.client, square_lengths, self.spans) / self.found.summary.inputs.weight)

    @property
    def largest(self) -> float:
        """The largest raw input."""
        ends = self.found.summary.lowest, self.found.summary.highest
        return float(np.max(np.abs(ends), initial=0.0))

    @cached_property
    def training(self) -> SpanRows:
        """The training rows, in a solver's form."""
        return self.as_rows(self.spans)

    def as_rows(self, spans: list[Any]) -> SpanRows:
        """Spans as a solver's rows."""
        total = over_spans(self.client, partial(total_weights, self.held), spans)
        return SpanRows(self.client, tuple(spans), self.found.summary.m, self.targets.n_y, total, self.held)

    def begin(self, plan: Plan, population: Population, *, listened: bool) -> FullBatch:
        """The training of these networks before its first step."""
        judges = None if not self.any_held else replace(self.training, judged=True)
        judges = judges if self.own is None else self.as_rows(self.own)
        of_a_thread = -(-self.training.m // max(1, sum(self.client.nthreads().values())))
        return full_batch(plan, population, self.targets.g2, self.training, of_a_thread, validation=judges, dtype=plan.dtype)

    def calibrated(self, network: Network, trained: Trained) -> tuple[Network, float]:
        """The network with the noise of some thousand rows."""
        by_evidence, alive = FULL_BATCH[str(self.settings.solver)].by_evidence, trained.diverged == 0
        judged = judged_on(self.client, self.spans, self.own, self.held, alive, self.found.summary, by_evidence=by_evidence)
        return calibrate(network, judged, self.settings.calibration, trained)


def encoded_spans(
    client: Any, targets: Targets, encoding: Encoding, dtype: np.dtype, spans: list[Any], held: HeldParts | None
) -> list[Any]:
    """The rows in layer 1's encoding, each partition with the parts of its rows."""
    ranges = client.gather([client.submit(range_of, span, pure=False) for span in spans])
    found = []
    for span, (first, end) in zip(spans, ranges, strict=True):
        parts = None if held is None else {i: part for i, part in held.parts.items() if first <= i < end}
        found.append(client.submit(changed, partial(encoded_block, targets, encoding, dtype, parts), span, pure=False))
    return found


def range_of(span: Any) -> tuple[int, int]:
    """Which partitions a span has."""
    return span.first, span.end


def own_spans(client: Any, targets: Targets, encoding: Encoding, dtype: np.dtype, spans: list[Any], n: int) -> list[Any]:
    """The user's validation rows, in n partitions, encoded."""
    work = partial(changed, partial(encoded_block, targets, encoding, dtype, None, what=("X_val", n)))
    return [client.submit(work, span, pure=False) for span in spans]


@dataclass(frozen=True)
class Picked:
    """Some rows, those of partitions in their order."""

    X: Floats
    Y: Floats
    weight: Floats
    part: NDArray[np.integer]

    def __add__(self, other: "Picked") -> "Picked":
        mine, theirs = (self.X, self.Y, self.weight, self.part), (other.X, other.Y, other.weight, other.part)
        return Picked(*(np.concatenate(pair) for pair in zip(mine, theirs, strict=True)))


@dataclass(frozen=True)
class RowsPerPartition:
    """How many rows of each partition may be chosen."""

    rows: dict[int, int]

    def __add__(self, other: "RowsPerPartition") -> "RowsPerPartition":
        return RowsPerPartition(self.rows | other.rows)


def may_judge(parts: NDArray[np.int64] | None, block: Block) -> NDArray[np.int64]:
    """A partition's rows of weight above 0, in one of the parts if there are parts."""
    counts = block.weight > 0
    return np.flatnonzero(counts if parts is None or block.part is None else counts & np.isin(block.part, parts))


def counted(parts: NDArray[np.int64] | None, block: Block) -> RowsPerPartition:
    """How many of them there are."""
    return RowsPerPartition({block.number: len(may_judge(parts, block))})


def picked(parts: NDArray[np.int64] | None, ranks: dict[int, NDArray[np.int64]], block: Block) -> Picked:
    """Those of given ranks."""
    rows = may_judge(parts, block)[ranks[block.number]]
    part = np.full(len(rows), -1) if block.part is None else block.part[rows]
    return Picked(block.X[rows], block.Y[rows], block.weight[rows], part)


def pick(client: Any, spans: Any, parts: NDArray[np.int64] | None) -> Picked:
    """Up to `MOST_ROWS` rows, evenly spaced over all that may evaluate networks."""
    sizes = over_spans(client, partial(counted, parts), spans).rows
    numbers = sorted(sizes)
    ends = np.cumsum([sizes[i] for i in numbers])
    n = int(ends[-1])
    places = np.arange(n) if n <= MOST_ROWS else np.linspace(0, n - 1, MOST_ROWS).astype(np.int64)
    mine = np.searchsorted(ends, places, side="right")
    ranks = {number: places[mine == i] - (ends[i] - sizes[number]) for i, number in enumerate(numbers)}
    found: Picked = over_spans(client, partial(picked, parts, ranks), spans)
    return found


def judged_on(
    client: Any, spans: Any, own: Any, held: NDArray[np.int64], alive: NDArray[np.bool_], summary: Summary, *, by_evidence: bool
) -> JudgedOn:
    """What a fitted network is judged on; `held (K,)` are the parts that networks hold out, −1 for none, `own` the user's spans or None."""
    K = len(held)
    if not len(summary.targets.mean) or summary.classes.size:
        nothing = np.empty((0, 0))
        return JudgedOn(Held(nothing, nothing, np.empty(0), np.empty((K, 0), bool)), None, summary.lowest, summary.highest, summary.m)
    if own is not None:
        rows = pick(client, own, None)
        found = all_out(rows.X, rows.Y, rows.weight, K)
    else:
        parts = np.unique(held[alive]) if (held >= 0).any() and alive.any() else None
        rows = pick(client, spans, parts)
        out = np.zeros((K, len(rows.Y)), bool) if parts is None else rows.part == held[:, None]
        # the evidence counts all rows, and these represent the others
        weight = rows.weight * (summary.inputs.weight / rows.weight.sum() if by_evidence else 1.0)
        found = Held(rows.X, rows.Y, weight, out)
    return JudgedOn(found, None, summary.lowest, summary.highest, summary.m)
