"""One pass over the partitions sums up all rows: sizes, moments, classes; and how they are encoded and split."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.dask.partitions import Raw, changed_spans, over_spans
from shoal.encoding import Encoding, ramp_edges, ramp_values, ramps_of, summed
from shoal.errors import DataError, InvalidParameterError
from shoal.fitting.folds import RowFacts, kept_out
from shoal.fitting.plan import RAMP_SCALE, Plan
from shoal.fitting.settings import Settings
from shoal.fitting.summary import Summary, encoding_from, summary_of
from shoal.fitting.weights import weights_of_classes
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
    """The spans with the weights that classes have."""
    return changed_spans(client, partial(weighed_by_class, class_weights(class_weight, summary)), spans)


def class_weights(class_weight: Any, summary: Summary) -> dict[Any, float]:
    """The weight of a row of each class."""
    if summary.columns:
        raise InvalidParameterError("class_weight of several labels is not known on Dask; give sample_weight, or one label")
    weights = weights_of_classes(class_weight, summary.classes, summary.class_rows)
    return dict(zip(summary.classes.tolist(), weights.tolist(), strict=True))


def weighed_by_class(weights: dict[Any, float], raw: Raw) -> Raw:
    """A partition whose rows count what their classes do."""
    by_class = np.array([weights[label] for label in raw.y.tolist()])
    return replace(raw, weight=by_class if raw.weight is None else raw.weight * by_class)


def weighed_in_rows(unit: float, raw: Raw) -> Raw:
    """A partition whose weights are in rows, of which each was `unit`."""
    return replace(raw, weight=None if raw.weight is None else raw.weight / unit)


# --- encoding -------------------------------------------------------------------------------------------------------


def found_encoding(client: Any, settings: Settings, spans: list[Any], summary: Summary, p: Plan) -> Encoding:
    """The encoding that all rows ask for: the same as in memory, ramps cut at the exact quantiles.

    For these every column is collected on one worker, as many columns at a time as there are workers.
    """
    encoding = encoding_from(summary, settings.standardize)
    if not (any(p.with_ramps) and settings.standardize):
        return encoding
    if summary.m > MOST_RAMPED:
        raise InvalidParameterError(
            f"ramps are cut at exact quantiles, for which a column must fit in a worker's memory; {summary.m:,} rows are more than "
            f"{MOST_RAMPED:,}: set ramps=False"
        )
    edges = edges_of_all(client, encoding.n_inputs, spans)
    total = over_spans(client, partial(ramp_totals, tuple(edges)), spans)
    return replace(encoding, edges=tuple(edges), ramp_center=total / summary.inputs.weight, ramp_scale=RAMP_SCALE[settings.task])


def edges_of_all(client: Any, n: int, spans: list[Any]) -> list[Floats]:
    """The edges of n columns; no more of these are in the workers' memory at a time than there are workers."""
    found: list[Floats] = []
    while len(found) < n:
        some = range(len(found), min(n, len(found) + max(1, len(client.nthreads()))))
        found += client.gather([edges_of(client, j, spans) for j in some])
    return found


def edges_of(client: Any, j: int, spans: list[Any]) -> Any:
    """A future of the edges of column j."""
    return client.submit(edges_of_column, *(client.submit(column_of_span, j, span, pure=False) for span in spans), pure=False)


def column_of_span(j: int, span: Any) -> tuple[Floats, Floats | None]:
    """A column's values of rows that count, and their weights, None if none were given."""
    values = np.concatenate([np.empty(0), *(raw.X[:, j] for raw in span.blocks)])
    given = [raw.weight for raw in span.blocks if raw.weight is not None]
    if not given:
        return values, None
    weights = np.concatenate(given)
    return values[weights > 0], weights[weights > 0]


def edges_of_column(*parts: tuple[Floats, Floats | None]) -> Floats:
    """`ramp_edges` of a column that was cut into parts."""
    given = [weights for _, weights in parts if weights is not None]
    return ramp_edges(np.concatenate([values for values, _ in parts]), np.concatenate(given) if given else None)


def ramp_totals(edges: tuple[Floats, ...], raw: Raw) -> Floats:
    """Σ w of every ramp."""
    ramps, w = ramps_of(edges), np.ones(len(raw.X)) if raw.weight is None else raw.weight
    return summed(raw.X, lambda rows, s: w[s] @ ramp_values(rows, ramps))


# --- rows held out --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HeldParts:
    """The part that each row of every partition belongs to, −1 for none, and the part that each network holds out, `(K,)`."""

    parts: dict[int, NDArray[np.int16]]
    held: NDArray[np.int64]


@dataclass(frozen=True)
class Labels:
    """Codes and weights of some partitions' rows, in their order."""

    codes: NDArray[np.int64]
    weight: Floats

    def __add__(self, other: "Labels") -> "Labels":
        return Labels(np.concatenate([self.codes, other.codes]), np.concatenate([self.weight, other.weight]))


def labels_of(classes: NDArray[Any] | None, raw: Raw) -> Labels:
    """The facts about a partition's rows that the split into parts needs."""
    codes = np.zeros(len(raw.X), np.int64) if classes is None else np.searchsorted(classes, raw.y)
    return Labels(codes, np.ones(len(raw.X)) if raw.weight is None else raw.weight)


def held_parts(client: Any, seed: int, spans: list[Any], found: PartitionSurvey, p: Plan, roles: Mapping[str, Any]) -> HeldParts | None:
    """Rows split into the parts that networks hold out, as in memory; None where none are held out.

    The order is drawn on this machine, which needs some 30 bytes per row. `roles` are the rows' groups or times.
    """
    if not p.hold_out:
        return None
    classes = found.summary.classes if len(found.summary.classes) else None
    labels = weight = None
    if classes is not None or found.summary.counted < found.summary.m:
        seen = over_spans(client, partial(labels_of, classes), spans)
        labels, weight = (None if classes is None else seen.codes), seen.weight
    of_each = kept_out(None, RowFacts(found.summary.m, weight, labels, **roles), p, seed, own=False)
    if of_each is None:
        return None
    parts = {id(rows): rows for rows in of_each}  # networks share parts
    numbers_of = {which: number for number, which in enumerate(parts)}
    part = np.full(found.summary.m, -1, np.int16)
    for which, rows in parts.items():
        part[rows] = numbers_of[which]
    numbers = sorted(found.sizes)
    ends = np.cumsum([found.sizes[i] for i in numbers])
    held = np.array([numbers_of[id(rows)] for rows in of_each])
    return HeldParts(dict(zip(numbers, np.split(part, ends[:-1]), strict=True)), held)
