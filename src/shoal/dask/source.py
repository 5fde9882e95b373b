"""Rows in the partitions of a Dask cluster as a `Source`: each question of the pipeline is a pass over the partitions.

Some thousand rows of all partitions, chosen as a fit in memory chooses them, show a network's noise.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shoal.dask.partitions import (
    Block,
    SpanRows,
    changed,
    changed_spans,
    changed_with,
    code_weights,
    encoded_block,
    over_spans,
    square_lengths,
    total_weights,
)
from shoal.dask.survey import (
    PartitionSurvey,
    found_encoding,
    held_codes,
    row_facts,
    spans_without,
    survey_over,
    weighed_in_rows,
    weighted_spans,
)
from shoal.derived import cached_property
from shoal.encoding import Encoding
from shoal.errors import DataError
from shoal.fitting.calibration import JudgedOn, calibrate
from shoal.fitting.checkpoint import identity_of
from shoal.fitting.folds import set_aside, watching
from shoal.fitting.plan import FULL_BATCH, Plan
from shoal.fitting.settings import Settings
from shoal.fitting.summary import Summary, bias_from, targets_from_sums
from shoal.fitting.targets import Targets
from shoal.fitting.train import full_batch
from shoal.network import Network
from shoal.population import Population
from shoal.training.full_batch import FullBatch
from shoal.training.progress import Trained
from shoal.training.rows import ValidationElsewhere
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
        """Weights by class, in rows, and 0 for rows that are set aside for calibration.

        Raises
        ------
        DataError
            For rows that all have weight 0.
        """
        source = self
        if settings.class_weight is not None:
            source = self.surveyed(weighted_spans(self.client, settings.class_weight, self.spans, self.found.summary), settings)
            if source.found.summary.inputs.weight == 0:
                raise DataError(f"class_weight={settings.class_weight!r} leaves every row with weight 0: there are no rows to learn from")
        unit = source.found.summary.unit
        if unit != 1:
            spans = changed_spans(self.client, partial(weighed_in_rows, unit), source.spans)
            source = replace(source.surveyed(spans, settings), unit=unit)
        if settings.calibration != "split":
            return source
        facts = row_facts(self.client, source.spans, source.found, self.roles, alike=True)
        aside = set_aside(settings.calibration, facts, seed)
        assert aside is not None
        return source.surveyed(spans_without(self.client, source.spans, source.found, aside), settings)

    def surveyed(self, spans: list[Any], settings: Settings) -> Self:
        """The rows with other weights, summed up again."""
        return replace(self, spans=spans, found=survey_over(self.client, spans, classes=settings.task == "classification"))

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
        """The partitions encoded on their workers, each with the codes of the rows that networks hold out."""
        rows, K = (self.spans, self.found), len(plan.with_ramps)
        held = held_codes(self.client, settings, seed, rows, plan, self.roles, own=self.own_validation)
        encode_all = partial(encoded_block, targets, encoding, plan.dtype)
        if held is None:
            out, spans = np.zeros((K, 1), bool), changed_spans(self.client, partial(encode_all, None), self.spans)
        else:
            out, spans = held.out, changed_with(self.client, encode_all, held.codes, self.spans)
        own = None if self.own is None else own_spans(self.client, targets, encoding, plan.dtype, *self.own)
        return RowsOnWorkers(self.client, spans, own, self.found, settings, targets, out)


@dataclass(frozen=True)
class RowsOnWorkers:
    """Encoded partitions that networks are trained on by sums; `out (K, codes)` are the networks that hold out the rows of a code."""

    client: Any
    spans: list[Any]
    own: list[Any] | None
    found: PartitionSurvey
    settings: Settings
    targets: Targets
    out: NDArray[np.bool_]

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
        return self.as_rows(self.spans, ~self.out)

    def as_rows(self, spans: list[Any], counts: NDArray[np.bool_]) -> SpanRows:
        """Spans as a solver's rows; `counts (K, codes)`."""
        total = over_spans(self.client, partial(total_weights, counts), spans)
        return SpanRows(self.client, tuple(spans), self.found.summary.m, self.targets.n_y, total, counts)

    def validation(self, plan: Plan) -> ValidationElsewhere | None:
        """The user's rows that evaluate networks, or those that each holds out; None if there are none."""
        if self.own is not None:
            return ValidationElsewhere(self.as_rows(self.own, np.ones_like(self.out)))
        if not (plan.hold_out and self.out.any()):
            return None
        watch, by = self.out, None
        if self.settings.calibration == "cv+":
            watch, by = watching(self.out, plan, over_spans(self.client, partial(code_weights, self.out.shape[1]), self.spans))
        return ValidationElsewhere(replace(self.training, counts=watch), by)

    def begin(self, plan: Plan, population: Population, *, listened: bool) -> FullBatch:
        """The training of these networks before its first step."""
        of_a_thread = -(-self.training.m // max(1, sum(self.client.nthreads().values())))
        validation = self.validation(plan)
        return full_batch(plan, population, self.targets.g2, self.training, of_a_thread, validation=validation, dtype=plan.dtype)

    def calibrated(self, network: Network, trained: Trained) -> tuple[Network, float]:
        """The network with the noise of some thousand rows, and the temperature or the scores of all that show it."""
        by_evidence, alive = FULL_BATCH[str(self.settings.solver)].by_evidence, trained.diverged == 0
        summary, kind = self.found.summary, self.settings.calibration
        held = noise_rows(self.client, self.spans, self.own, self.out, alive, summary, by_evidence=by_evidence)
        everyone = HeldElsewhere(self.client, tuple(self.spans), self.out)
        own = None if self.own is None else HeldElsewhere(self.client, tuple(self.own), np.ones_like(self.out))
        scores = None if kind not in ("split", "cv+") else replace(everyone, aside=kind == "split")
        judged = JudgedOn(held, scores, summary.lowest, summary.highest, summary.m, own or everyone)
        return calibrate(network, judged, kind, trained)


def own_spans(client: Any, targets: Targets, encoding: Encoding, dtype: np.dtype, spans: list[Any], n: int) -> list[Any]:
    """The user's validation rows, in n partitions, encoded."""
    work = partial(changed, partial(encoded_block, targets, encoding, dtype, None, what=("X_val", n)))
    return [client.submit(work, span, pure=False) for span in spans]


@dataclass(frozen=True)
class HeldElsewhere:
    """`answers.HeldRows` on workers: all rows with the networks that hold out each, or, with `aside`, those that no network has seen."""

    client: Any
    spans: tuple[Any, ...]
    out: NDArray[np.bool_]
    aside: bool = False

    def over(self, work: Callable[[Held], tuple[NDArray[Any], ...]]) -> tuple[NDArray[Any], ...]:
        """The work on each partition, which returns with its numbers alone."""
        found: Stacked = over_spans(self.client, partial(held_in, work, self.out, self.aside), self.spans)
        return found.parts


@dataclass(frozen=True)
class Stacked:
    """Arrays of some partitions' rows, in their order."""

    parts: tuple[NDArray[Any], ...]

    def __add__(self, other: "Stacked") -> "Stacked":
        return Stacked(tuple(np.concatenate(pair) for pair in zip(self.parts, other.parts, strict=True)))


def held_in(work: Callable[[Held], tuple[NDArray[Any], ...]], out: NDArray[np.bool_], aside: bool, block: Block) -> Stacked:
    """The work on the held rows of one partition."""
    if aside:
        return Stacked(work(all_out(block.X, block.Y, block.aside, len(out))))
    code = np.zeros(len(block.Y), np.int64) if block.code is None else block.code
    return Stacked(work(Held(block.X, block.Y, block.weight, out[:, code])))


@dataclass(frozen=True)
class Picked:
    """Some rows, those of partitions in their order, with their codes."""

    X: Floats
    Y: Floats
    weight: Floats
    code: NDArray[np.integer]

    def __add__(self, other: "Picked") -> "Picked":
        mine, theirs = (self.X, self.Y, self.weight, self.code), (other.X, other.Y, other.weight, other.code)
        return Picked(*(np.concatenate(pair) for pair in zip(mine, theirs, strict=True)))


@dataclass(frozen=True)
class RowsPerPartition:
    """How many rows of each partition may be chosen."""

    rows: dict[int, int]

    def __add__(self, other: "RowsPerPartition") -> "RowsPerPartition":
        return RowsPerPartition(self.rows | other.rows)


def may_judge(codes: NDArray[np.int64] | None, block: Block) -> NDArray[np.int64]:
    """A partition's rows of weight above 0, of one of the codes if there are codes."""
    counts = block.weight > 0
    return np.flatnonzero(counts if codes is None or block.code is None else counts & np.isin(block.code, codes))


def counted(codes: NDArray[np.int64] | None, block: Block) -> RowsPerPartition:
    """How many of them there are."""
    return RowsPerPartition({block.number: len(may_judge(codes, block))})


def picked(codes: NDArray[np.int64] | None, ranks: dict[int, NDArray[np.int64]], block: Block) -> Picked:
    """Those of given ranks."""
    rows = may_judge(codes, block)[ranks[block.number]]
    code = np.zeros(len(rows), np.int64) if block.code is None else block.code[rows]
    return Picked(block.X[rows], block.Y[rows], block.weight[rows], code)


def pick(client: Any, spans: Any, codes: NDArray[np.int64] | None) -> Picked:
    """Up to `MOST_ROWS` rows, evenly spaced over all that may evaluate networks."""
    sizes = over_spans(client, partial(counted, codes), spans).rows
    numbers = sorted(sizes)
    ends = np.cumsum([sizes[i] for i in numbers])
    n = int(ends[-1])
    places = np.arange(n) if n <= MOST_ROWS else np.linspace(0, n - 1, MOST_ROWS).astype(np.int64)
    mine = np.searchsorted(ends, places, side="right")
    ranks = {number: places[mine == i] - (ends[i] - sizes[number]) for i, number in enumerate(numbers)}
    found: Picked = over_spans(client, partial(picked, codes, ranks), spans)
    return found


def noise_rows(
    client: Any, spans: Any, own: Any, out: NDArray[np.bool_], alive: NDArray[np.bool_], summary: Summary, *, by_evidence: bool
) -> Held:
    """Rows that show a fitted network's noise; `out (K, codes)` are those that networks hold out, `own` the user's spans or None."""
    K = len(out)
    if not len(summary.targets.mean) or summary.classes.size:
        nothing = np.empty((0, 0))
        return Held(nothing, nothing, np.empty(0), np.empty((K, 0), bool))
    if own is not None:
        rows = pick(client, own, None)
        return all_out(rows.X, rows.Y, rows.weight, K)
    codes = np.flatnonzero(out[alive].any(axis=0))
    rows = pick(client, spans, codes if len(codes) else None)
    # the evidence counts all rows, and these represent the others
    weight = rows.weight * (summary.inputs.weight / rows.weight.sum() if by_evidence else 1.0)
    return Held(rows.X, rows.Y, weight, out[:, rows.code])
