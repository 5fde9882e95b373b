"""One pass over the partitions sums up all rows: sizes, moments, classes; and how they are encoded and split."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.dask.partitions import Raw, changed_spans, changed_with, over_spans
from shoal.encoding import Encoding, ramp_edges, ramp_values, ramps_of, summed
from shoal.errors import DataError, InvalidParameterError
from shoal.fitting.folds import RowFacts, coded, kept_out, refuse_too_few, row_keys
from shoal.fitting.plan import RAMP_SCALE, SMALL, Plan
from shoal.fitting.settings import Settings
from shoal.fitting.summary import Moments, Summary, encoding_from, moments_of, summary_of
from shoal.fitting.weights import counts_of_columns, weights_by_columns, weights_of_classes, weights_of_columns
from shoal.input_limits import fit_limits, limited
from shoal.types import Floats

MOST_RAMPED = 1 << 27  # rows: a column of them, sorted on one worker, takes some 5 GB
TEXT = "OSUT"  # kinds of dtype whose labels are text


@dataclass(frozen=True)
class PartitionSurvey:
    """All partitions summed up; two surveys of different partitions add up with `+`.

    `sizes` are the rows of each non-empty partition, `counted` those of a weight above 0; `labels` describes the labels and the partition
    of their first occurrence.
    """

    summary: Summary
    sizes: dict[int, int]
    counted: dict[int, int]
    labels: tuple[str, int]

    def __add__(self, other: "PartitionSurvey") -> "PartitionSurvey":
        if self.labels[0] != other.labels[0]:
            (mine, here), (theirs, there) = self.labels, other.labels
            raise DataError(f"partition {there + 1}: y holds {theirs}, where partition {here + 1} holds {mine}; they must be alike")
        return PartitionSurvey(self.summary + other.summary, self.sizes | other.sizes, self.counted | other.counted, self.labels)


def survey_of(classes: bool, raw: Raw) -> PartitionSurvey:
    """One partition's."""
    summary = summary_of(raw.X, raw.y, raw.weight, classes=classes)
    kind = "text" if raw.y.dtype.kind in TEXT else "numbers"
    what = kind if raw.y.ndim == 1 else f"{raw.y.shape[1]} columns of {kind}"
    return PartitionSurvey(summary, {raw.number: summary.m}, {raw.number: summary.counted}, (what, raw.number))


def survey_over(client: Any, spans: list[Any], *, classes: bool) -> PartitionSurvey:
    """The survey of checked spans; `classes` says whether y holds labels.

    Raises
    ------
    DataError
        For invalid contents of a partition.
    """
    found: PartitionSurvey = over_spans(client, partial(survey_of, classes), spans)
    return found


def weighted_spans(client: Any, class_weight: Any, spans: list[Any], summary: Summary) -> list[Any]:
    """The spans with the weights that classes have, or the labels of several columns together."""
    if summary.columns:
        weights = weights_of_columns(class_weight, over_spans(client, label_counts, spans))
        return changed_spans(client, partial(weighed_by_columns, weights), spans)
    of_classes = weights_of_classes(class_weight, summary.classes, summary.class_rows)
    known = dict(zip(summary.classes.tolist(), of_classes.tolist(), strict=True))
    return changed_spans(client, partial(weighed_by_class, known), spans)


def label_counts(raw: Raw) -> NDArray[np.int64]:
    """How many rows of a partition have a 0 and a 1 in each column of y, `(k, 2)`."""
    return counts_of_columns(raw.y)


def weighed_by_columns(weights: Floats, raw: Raw) -> Raw:
    """A partition whose rows count what the labels of all their columns do."""
    by_columns = weights_by_columns(weights, raw.y)
    return replace(raw, weight=by_columns if raw.weight is None else raw.weight * by_columns)


def weighed_by_class(weights: dict[Any, float], raw: Raw) -> Raw:
    """A partition whose rows count what their classes do."""
    by_class = np.array([weights[label] for label in raw.y.tolist()])
    return replace(raw, weight=by_class if raw.weight is None else raw.weight * by_class)


def weighed_in_rows(unit: float, raw: Raw) -> Raw:
    """A partition whose weights are in rows, of which each was `unit`."""
    return replace(raw, weight=None if raw.weight is None else raw.weight / unit)


# --- encoding -------------------------------------------------------------------------------------------------------


def found_encoding(client: Any, settings: Settings, spans: list[Any], summary: Summary, p: Plan) -> Encoding:
    """The encoding that all rows ask for: the same as in memory, limits and ramps by the exact quantiles.

    For these every column is collected on one worker, as many columns at a time as there are workers. Of more rows than fit there, no
    cell is limited.
    """
    ramped = any(p.with_ramps) and settings.standardize
    if ramped and summary.m > MOST_RAMPED:
        raise InvalidParameterError(
            f"ramps are cut at exact quantiles, for which a column must fit in a worker's memory; {summary.m:,} rows are more than "
            f"{MOST_RAMPED:,}: set ramps=False"
        )
    if not settings.standardize or summary.m > MOST_RAMPED:
        return encoding_from(summary, settings.standardize)
    found = quantiles_of_all(client, ramped, len(summary.flags), spans)
    limits = np.hstack([own for own, _ in found])
    if np.isfinite(limits).any():
        summary = replace(summary, inputs=over_spans(client, partial(moments_within, limits), spans))
    encoding = encoding_from(summary, True, limits if np.isfinite(limits).any() else None)
    if not ramped:
        return encoding
    edges = tuple(own for _, own in found)
    total = over_spans(client, partial(ramp_totals, edges, encoding.limits), spans)
    return replace(encoding, edges=edges, ramp_center=total / summary.inputs.weight, ramp_scale=RAMP_SCALE[settings.task])


def quantiles_of_all(client: Any, ramped: bool, n: int, spans: list[Any]) -> list[tuple[Floats, Floats]]:
    """Limits and edges of n columns; no more of these are in the workers' memory at a time than there are workers."""
    found: list[tuple[Floats, Floats]] = []
    while len(found) < n:
        some = range(len(found), min(n, len(found) + max(1, len(client.nthreads()))))
        found += client.gather([quantiles_of(client, ramped, j, spans) for j in some])
    return found


def quantiles_of(client: Any, ramped: bool, j: int, spans: list[Any]) -> Any:
    """A future of the limits and edges of column j."""
    parts = (client.submit(column_of_span, j, span, pure=False) for span in spans)
    return client.submit(quantiles_of_column, ramped, *parts, pure=False)


def column_of_span(j: int, span: Any) -> tuple[Floats, Floats | None]:
    """A column's values of rows that count, and their weights, None if none were given."""
    values = np.concatenate([np.empty(0), *(raw.X[:, j] for raw in span.blocks)])
    given = [raw.weight for raw in span.blocks if raw.weight is not None]
    if not given:
        return values, None
    weights = np.concatenate(given)
    return values[weights > 0], weights[weights > 0]


def quantiles_of_column(ramped: bool, *parts: tuple[Floats, Floats | None]) -> tuple[Floats, Floats]:
    """Limits `(2, 1)` of a column that was cut into parts, infinite if it has none, and its `ramp_edges` if there are to be ramps."""
    given = [weights for _, weights in parts if weights is not None]
    column, weight = np.concatenate([values for values, _ in parts]), np.concatenate(given) if given else None
    limits = fit_limits(column[:, None], weight)
    edges = ramp_edges(limited(limits, column[:, None])[:, 0], weight) if ramped else np.empty(0)
    return np.array([[-np.inf], [np.inf]]) if limits is None else limits, edges


def moments_within(limits: Floats, raw: Raw) -> Moments:
    """The moments of a partition's inputs within their limits."""
    return moments_of(limited(limits, raw.X), raw.weight)


def ramp_totals(edges: tuple[Floats, ...], limits: Floats | None, raw: Raw) -> Floats:
    """Σ w of every ramp."""
    ramps, w = ramps_of(edges), np.ones(len(raw.X)) if raw.weight is None else raw.weight
    return summed(raw.X, lambda rows, s: w[s] @ ramp_values(limited(limits, rows), ramps))


# --- rows held out --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HeldCodes:
    """The code of each row of every partition, and the networks that hold out the rows of a code, `(K, codes)` (`folds.coded`)."""

    codes: dict[int, NDArray[np.int16]]
    out: NDArray[np.bool_]


@dataclass(frozen=True)
class Seen:
    """Labels, weights and keys of some partitions' rows, in their order, and the rows themselves if they are few."""

    labels: NDArray[np.int64]
    weight: Floats
    keys: NDArray[np.uint64]
    X: Floats

    def __add__(self, other: "Seen") -> "Seen":
        mine, theirs = (self.labels, self.weight, self.keys, self.X), (other.labels, other.weight, other.keys, other.X)
        return Seen(*(np.concatenate(pair) for pair in zip(mine, theirs, strict=True)))


def seen_in(classes: NDArray[Any] | None, wanted: tuple[bool, bool], raw: Raw) -> Seen:
    """The facts about a partition's rows that decide who holds them out; keys and the rows where they are `wanted`."""
    labels = np.zeros(len(raw.X), np.int64) if classes is None else np.searchsorted(classes, raw.y)
    keys = row_keys(raw.X) if wanted[0] else np.empty(0, np.uint64)
    weight = np.ones(len(raw.X)) if raw.weight is None else raw.weight
    return Seen(labels, weight, keys, raw.X if wanted[1] else raw.X[:0])


def row_facts(client: Any, spans: list[Any], found: PartitionSurvey, roles: Mapping[str, Any], *, alike: bool) -> RowFacts:
    """The facts about all rows that decide who holds them out, on this machine: some 30 bytes per row.

    `roles` are the rows' groups or times; `alike` says whether rows with the same inputs must be known.
    """
    m, classes = found.summary.m, found.summary.classes if len(found.summary.classes) else None
    wanted = alike and not any(role is not None for role in roles.values()), m < SMALL
    facts = RowFacts(m, **roles)
    if classes is None and found.summary.counted == m and not any(wanted):
        return facts
    seen: Seen = over_spans(client, partial(seen_in, classes, wanted), spans)
    labels, keys, X = None if classes is None else seen.labels, seen.keys if wanted[0] else None, seen.X if wanted[1] else None
    return replace(facts, weight=seen.weight, labels=labels, keys=keys, X=X)


def by_partition(values: NDArray[Any], found: PartitionSurvey) -> dict[int, NDArray[Any]]:
    """A value for each row, `(m,)`, as those of each partition."""
    numbers = sorted(found.sizes)
    ends = np.cumsum([found.sizes[i] for i in numbers])
    return dict(zip(numbers, np.split(values, ends[:-1]), strict=True))


def spans_without(client: Any, spans: list[Any], found: PartitionSurvey, aside: NDArray[np.int64]) -> list[Any]:
    """The spans, whose rows `aside` have weight 0."""
    chosen = np.zeros(found.summary.m, bool)
    chosen[aside] = True
    return changed_with(client, put_aside, by_partition(chosen, found), spans)


def put_aside(chosen: dict[int, NDArray[np.bool_]], raw: Raw) -> Raw:
    """A partition whose chosen rows are set aside."""
    given, mine = np.ones(len(raw.X)) if raw.weight is None else raw.weight, chosen[raw.number]
    return replace(raw, weight=np.where(mine, 0.0, given), aside=np.where(mine, given, 0.0))


def held_codes(
    client: Any, settings: Settings, seed: int, source: tuple[list[Any], PartitionSurvey], p: Plan, roles: Mapping[str, Any], *, own: bool
) -> HeldCodes | None:
    """Which rows networks hold out, as in memory; None where none are held out. `own` as in `folds.kept_out`."""
    calibration = settings.calibration
    if not (p.hold_out or calibration == "cv+" or (calibration == "temperature" and not own)):
        return None
    facts = row_facts(client, *source, roles, alike=calibration == "cv+")
    of_each = kept_out(calibration, facts, p, seed, own=own)
    if settings.early_stopping is True and p.hold_out:
        refuse_too_few(of_each, facts)
    if of_each is None:
        return None
    code, out = coded(of_each, facts.m)
    return HeldCodes(by_partition(code, source[1]), out)
