"""Rows on disk as a `Source`: facts about all rows are sums over the blocks, and networks train on one block at a time."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from shoal.derived import cached_property
from shoal.encoding import Encoding, encode, ramp_edges, ramp_values, ramps_of
from shoal.errors import DataError
from shoal.fitting import folds
from shoal.fitting.block_store import BlockStore, Parts, StoredRows
from shoal.fitting.calibration import JudgedOn, calibrate, check_calibration, largest_of, place_weights, watched
from shoal.fitting.checkpoint import identity_of
from shoal.fitting.folds import RowFacts
from shoal.fitting.limits import refuse, refuse_too_many
from shoal.fitting.plan import FULL_BATCH, PARTS, RAMP_SCALE, SMALL, Plan, plan
from shoal.fitting.settings import Settings
from shoal.fitting.summary import Moments, Summary, bias_from, encoding_from, moments_of, summary_of, targets_from_sums
from shoal.fitting.targets import Targets, checked_targets, encode_targets
from shoal.fitting.train import Training, ended, full_batch
from shoal.fitting.weights import ClassWeight, counts_of_columns, weights_by_columns, weights_of_classes, weights_of_columns
from shoal.input_limits import fit_limits, limited
from shoal.network import Network
from shoal.population import Population
from shoal.training.progress import Trained
from shoal.training.rows import Validation
from shoal.training.streamed import InBlocks, RowBlock, Streamed
from shoal.types import Floats

Progressed = Callable[[int], None]  # called with the number of rows done
A = TypeVar("A", Summary, Moments)
Stage = Callable[[str, int], Progressed]  # begins a stage of so many rows


@dataclass(frozen=True)
class OnDisk:
    """Prepared rows in the blocks of a store.

    Attributes
    ----------
    store : BlockStore
    sample : StoredRows
        Some of the rows, drawn at random.
    labels : ndarray, (n_classes,), or None
        The classes whose indices are stored; None for numbers.
    parts : Parts
        How rows are held out.
    stage : callable
        Reports progress.
    facts : RowFacts or None
        Of all rows, except weights and labels, if a row's place is its number.
    aside : ndarray of bool, (n_places,), or None
        Which places are set aside for calibration.
    class_weights : ndarray, (n_classes,) or (k, 2), or None
        The weight of a row of each class, by which its own is multiplied; of k columns of 0 and 1 those of both.
    unit : float
        The given weight of one row.
    """

    store: BlockStore
    sample: StoredRows
    labels: NDArray[Any] | None
    parts: Parts
    stage: Stage
    facts: RowFacts | None = None
    aside: NDArray[np.bool_] | None = None
    class_weights: Floats | None = None
    unit: float = 1.0
    passes: dict[bool, tuple[Encoding, Floats]] = field(default_factory=dict, compare=False)  # results of passes over all rows

    @property
    def sparse(self) -> bool:
        """Prepared rows are dense."""
        return False

    @property
    def own_validation(self) -> bool:
        """Networks hold out their own rows."""
        return False

    @property
    def m(self) -> int:
        """Rows."""
        return sum(self.store.sizes)

    @property
    def one_column(self) -> bool:
        """Whether y is a vector."""
        return bool(self.sample.y.shape[1] == 1)

    @cached_property
    def summary(self) -> Summary:
        """All rows summed up: one pass."""

        def of_rows(piece: StoredRows) -> Summary:
            X, y = np.asarray(piece.X, np.float64), self.targets_in(piece.y)
            return summary_of(X, y, self.weights(piece), classes=self.labels is not None)

        return self.over_rows("scaling", of_rows)

    def over_rows(self, stage: str, of_rows: Callable[[StoredRows], A]) -> A:
        """The sum of a function over all rows, some at a time: one pass."""
        done = self.stage(stage, self.m)

        def of_block(piece: StoredRows) -> A:
            done(len(piece.y))
            return reduce(add, map(of_rows, piece.slices()))

        return reduce(add, (of_block(piece) for piece in self.store.blocks() if len(piece.y)))

    def targets_in(self, y: Floats) -> NDArray[Any]:
        """Stored targets `(m, n_y)` in the form of `checked_targets`."""
        if self.labels is not None:
            return np.asarray(self.labels[y[:, 0].astype(np.int64)])
        return y[:, 0] if self.one_column else y

    def given_weights(self, rows: StoredRows) -> Floats | None:
        """The weights of rows, `(m,)`, also of those that are set aside, in rows; None if each counts once."""
        weight = rows.weight
        if self.class_weights is not None:
            several, y = self.class_weights.ndim == 2, rows.y
            by_class = weights_by_columns(self.class_weights, y) if several else self.class_weights[y[:, 0].astype(np.int64)]
            weight = by_class if weight is None else weight * by_class
        return weight if weight is None or self.unit == 1 else weight / self.unit

    def weights(self, rows: StoredRows) -> Floats | None:
        """The weights of rows, `(m,)`, 0 for those that are set aside; None if each counts once."""
        given = self.given_weights(rows)
        if self.aside is None:
            return given
        return np.where(self.aside[rows.place], 0.0, 1.0 if given is None else given)

    @property
    def n_places(self) -> int:
        """The number of places."""
        return self.parts.n_places if self.facts is None else self.facts.m

    @property
    def unjudged(self) -> NDArray[np.int64]:
        """Places whose rows are held out but do not evaluate anything."""
        return np.arange(self.parts.n + 2 if self.facts is None else self.n_places, self.n_places)

    def by_place(self, of: Callable[[StoredRows], Floats]) -> Floats:
        """A number for every row, by its place, if that is the row's number: one pass."""
        found = np.zeros(self.n_places)
        for piece in self.store.blocks():
            found[piece.place] = of(piece)
        return found

    def known(self) -> RowFacts | None:
        """The facts that decide who holds rows out, with weights and labels."""
        if self.facts is None:
            return None
        labels = None if self.labels is None else self.by_place(lambda piece: piece.y[:, 0]).astype(np.int64)
        weighed = self.weights(self.sample) is not None
        weight = self.by_place(lambda piece: np.asarray(self.weights(piece))) if weighed else None
        if self.facts.m >= SMALL:
            return replace(self.facts, weight=weight, labels=labels)
        X = np.zeros((self.facts.m, self.sample.X.shape[1]))
        for piece in self.store.blocks():
            X[piece.place] = piece.X
        return replace(self.facts, weight=weight, labels=labels, X=X)

    def weighted(self, settings: Settings, seed: int, classes: NDArray[Any] | None = None) -> Self:
        """Weights by class, in rows, and 0 for rows that are set aside for calibration.

        Raises
        ------
        InvalidParameterError
            For class weights that do not fit the classes.
        """
        source = self
        if settings.class_weight is not None:
            source = replace(self, class_weights=self.weights_of_labels(settings.class_weight), passes={})
            if source.summary.inputs.weight == 0:
                raise DataError(f"class_weight={settings.class_weight!r} leaves every row with weight 0: there are no rows to learn from")
        unit = 1.0 if source.given_weights(self.sample) is None else source.summary.unit
        source = source if unit == 1 else replace(source, unit=unit, passes={})
        return replace(source, aside=source.set_aside(seed), passes={}) if settings.calibration == "split" else source

    def weights_of_labels(self, class_weight: ClassWeight) -> Floats:
        """The weight of a row of each class, `(n_classes,)`; of several columns of 0 and 1 those of both in each, `(k, 2)`."""
        if self.labels is None:
            return weights_of_columns(class_weight, reduce(add, (counts_of_columns(piece.y) for piece in self.store.blocks())))
        found = self.summary
        by_class = weights_of_classes(class_weight, found.classes, found.class_rows)
        known = dict(zip(found.classes.tolist(), by_class, strict=True))
        return np.array([known.get(label, 1.0) for label in self.labels.tolist()])

    def set_aside(self, seed: int) -> NDArray[np.bool_]:
        """The places that "split" sets aside; at least one place stays for training."""
        aside = np.zeros(self.n_places, bool)
        known = self.known()
        n = self.parts.n
        aside[[n + 1, 2 * n + 2] if known is None else folds.set_aside("split", known, seed)] = True
        return aside

    def check_same_classes(self, targets: Targets) -> None:
        """Training on disk never continues an earlier call: `plan_on_disk` refuses it."""

    def different(self) -> None:
        """Many rows are assumed to be different."""

    def wide(self, settings: Settings) -> bool:
        """Never: principal components are found in memory alone."""
        return False

    def targets(self, settings: Settings, known: Targets | None, classes: NDArray[Any] | None = None) -> Targets:
        """The meaning of y, from the sums over all rows."""
        return targets_from_sums(settings, self.summary)

    def identity(self) -> dict[str, str]:
        """The identity of the rows: their sums, and the sizes of the blocks."""
        return identity_of(self.summary) | {"rows of the blocks": " ".join(map(str, self.store.sizes))}

    def bias(self, targets: Targets) -> Floats:
        """Initial output biases."""
        return bias_from(targets, self.summary)

    def encoding(self, settings: Settings, plan: Plan) -> Encoding:
        """z-scores of all rows; limits and the ramps' edges come from the sample, means from all rows."""
        return self.encoding_and_squares(settings, plan)[0]

    def encoding_and_squares(self, settings: Settings, plan: Plan) -> tuple[Encoding, Floats]:
        """The encoding, and the mean square of each encoded input, `(n_encoded,)`; without ramps and limits no pass over the rows."""
        ramped = any(plan.with_ramps)
        if ramped not in self.passes:
            self.passes[ramped] = self.found_encoding(settings, ramped)
        return self.passes[ramped]

    def found_encoding(self, settings: Settings, ramped: bool) -> tuple[Encoding, Floats]:
        """`encoding_and_squares`, computed by a pass over the rows for limits and one for ramps, where there are any."""
        X, weight, summary = np.asarray(self.sample.X, np.float64), self.weights(self.sample), self.summary
        limits = fit_limits(X, weight, (summary.lowest, summary.highest)) if settings.standardize else None
        inputs = summary.inputs if limits is None else self.moments_within(limits)
        encoding = encoding_from(replace(summary, inputs=inputs), settings.standardize, limits)
        squares = (inputs.squares / inputs.weight + (inputs.mean - encoding.center) ** 2) / encoding.scale**2
        if not ramped:
            return encoding, squares
        columns = limited(limits, X).T
        if weight is not None:
            columns, weight = columns[:, weight > 0], weight[weight > 0]
        edges = tuple(ramp_edges(column, weight) for column in columns)
        center, second = self.ramp_means(edges, limits)
        found = replace(encoding, edges=edges, ramp_center=center, ramp_scale=RAMP_SCALE[settings.task])
        return found, np.concatenate([squares, found.ramp_scale**2 * np.maximum(second - center**2, 0.0)])

    def moments_within(self, limits: Floats) -> Moments:
        """The moments of the inputs within their limits: one pass."""
        return self.over_rows("scaling", lambda piece: moments_of(limited(limits, np.asarray(piece.X, np.float64)), self.weights(piece)))

    def ramp_means(self, edges: tuple[Floats, ...], limits: Floats | None) -> tuple[Floats, Floats]:
        """Mean and mean square of each ramp over all rows: one pass."""
        ramps, done = ramps_of(edges), self.stage("ramps", self.m)
        first, second = np.zeros(len(ramps.left)), np.zeros(len(ramps.left))
        for piece in self.store.blocks():
            for part in piece.slices():
                values, w = ramp_values(limited(limits, np.asarray(part.X, np.float64)), ramps), self.weights(part)
                weighed = values if w is None else values * w[:, None]
                first += weighed.sum(axis=0)
                second += np.einsum("ij,ij->j", weighed, values)
            done(len(piece.y))
        return first / self.summary.inputs.weight, second / self.summary.inputs.weight

    def rows(self, settings: Settings, plan: Plan, targets: Targets, encoding: Encoding, seed: int, before: Network | None) -> "RowsOnDisk":
        """The blocks for training, and in memory the rows that evaluate the networks."""
        K, out = len(plan.with_ramps), self.held_out(settings, plan, seed)
        blocks = EncodedBlocks(self, targets, encoding, out, np.full(K, self.summary.inputs.weight))
        if out is not None:
            blocks = replace(blocks, total=blocks.total - out @ place_weights(self))
        validation, judged = watched(blocks, plan, settings)
        return RowsOnDisk(blocks, settings, validation, judged, self.encoding_and_squares(settings, plan)[1])

    def held_out(self, settings: Settings, plan: Plan, seed: int) -> NDArray[np.bool_] | None:
        """Which places each network holds out, `(K, n_places)`; None if none does."""
        known, K = self.known(), len(plan.with_ramps)
        out = np.zeros((K, self.n_places), bool)
        if known is None:
            n = self.parts.n
            present = (np.flatnonzero(place_weights(self)[1 : n + 1] > 0) + 1).tolist()
            if not present:
                return None
            of_each = [np.array([place, place + n + 1]) for place in folds.drawn_parts(settings.calibration, plan, present)]
        else:
            held = folds.kept_out(settings.calibration, known, plan, seed, own=False)
            if settings.early_stopping is True and plan.hold_out:
                folds.refuse_too_few(held, known)
            if held is None:
                return None
            of_each = list(held)
        for k, mine in enumerate(of_each):
            out[k, mine] = True
        return out


def plan_on_disk(settings: Settings, m: int) -> Plan:
    """The plan of m rows on disk, which determines the number of parts before they are written.

    Raises
    ------
    InvalidParameterError
        For training that continues.
    """
    check_calibration(settings)
    if settings.warm_start:
        refuse("warm_start on disk")
    refuse_too_many(settings.K)
    return plan(settings, m, 0, own_validation=False)


def parts_of(settings: Settings, p: Plan) -> int:
    """The number of parts of the rows of which each network holds out one."""
    if settings.calibration == "cv+":
        return folds.parts_of_every_row(p)
    return p.hold_out or (PARTS if settings.calibration == "temperature" else 0)


@dataclass(frozen=True)
class EncodedBlocks:
    """`streamed.Blocks` of a store. `out (K, n_places)` states which places each of K networks holds out; None if none does."""

    source: OnDisk
    targets: Targets
    encoding: Encoding
    out: NDArray[np.bool_] | None
    total: Floats

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each block."""
        return tuple(self.source.store.sizes)

    @property
    def n_y(self) -> int:
        """Targets of a row, in the networks' form."""
        return len(self.encoded_targets(self.source.sample.y[:1])[0])

    def block(self, number: int, dtype: np.dtype) -> RowBlock:
        """One block, read and encoded."""
        return self.encoded(self.source.store.read(number), dtype)

    def with_none_held_out(self) -> "EncodedBlocks":
        """The same rows, each of which counts for every network."""
        return replace(self, out=None, total=np.full_like(self.total, self.source.summary.inputs.weight))

    def encoded_targets(self, y: Floats) -> Floats:
        """Stored targets in the networks' form."""
        return encode_targets(self.targets, checked_targets(self.targets.task, self.source.targets_in(y))).Y

    def encoded(self, piece: StoredRows, dtype: np.dtype) -> RowBlock:
        """A block in layer 1's encoding."""
        return RowBlock(encode(self.encoding, piece.X, dtype), np.asarray(self.encoded_targets(piece.y), dtype), self.weights(piece, dtype))

    def weights(self, piece: StoredRows, dtype: np.dtype) -> Floats | None:
        """The weight of each row for each network, `(K, m)`: 0 if it holds the row out. None if each counts once for all."""
        w = self.source.weights(piece)
        out = None if self.out is None else self.out[:, piece.place]
        if out is None or not out.any():
            return None if w is None else np.asarray(np.tile(w, (len(self.total), 1)), dtype)
        learned = ~out
        return np.asarray(learned if w is None else learned * w, dtype)


@dataclass(frozen=True)
class RowsOnDisk:
    """Training rows in blocks; `squares` are the mean squares of the encoded inputs."""

    blocks: EncodedBlocks
    settings: Settings
    validation: Validation | None
    judged: JudgedOn
    squares: Floats

    @property
    def mean_squares(self) -> Floats:
        """Mean square of each encoded input."""
        return self.squares

    @property
    def largest(self) -> float:
        """The largest raw input."""
        return largest_of(self.judged)

    def begin(self, plan: Plan, population: Population, *, listened: bool) -> Training:
        """The training of these networks before its first step."""
        source, g2, dtype, v = self.blocks.source, self.blocks.targets.g2, plan.dtype, self.validation
        done = source.stage("training", source.m)
        if plan.solver in FULL_BATCH:
            return full_batch(plan, population, g2, InBlocks(self.blocks, done), source.m, validation=v, dtype=dtype)
        return ended(Streamed(plan.recipe, population, g2, self.blocks, validation=v, dtype=dtype, progress=done), plan, v)

    def calibrated(self, network: Network, trained: Trained) -> tuple[Network, float]:
        """The network with its noise or temperature."""
        return calibrate(network, self.judged, self.settings.calibration, trained)
