"""Rows on disk as a `Source`: what must be known of all rows is summed up over the blocks, and networks train on one block at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from operator import add
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import Encoding, encode, ramp_edges, ramp_values, ramps_of
from shoal.errors import DataError, InvalidParameterError
from shoal.fitting.block_store import BlockStore, Parts, Piece
from shoal.fitting.budget import refuse_too_many
from shoal.fitting.calibration import Judged, calibrate, check_calibration, judged_on, largest_of
from shoal.fitting.class_weight import weights_of_classes
from shoal.fitting.folds import held_out
from shoal.fitting.plan import FULL_BATCH, RAMP_SCALE, Plan, plan
from shoal.fitting.settings import Settings
from shoal.fitting.summary import Summary, bias_from, encoding_from, summary_of, targets_from_sums
from shoal.fitting.targets import Targets, checked_targets, encode_targets
from shoal.fitting.train import Training, ended, full_batch
from shoal.network import Network
from shoal.population import Population
from shoal.training.streamed import Block, InBlocks, Streamed
from shoal.training.trained import Trained
from shoal.training.validation import Validation
from shoal.types import Floats

AT_ONCE = 8192  # rows whose float64 copies are made at once

Progressed = Callable[[int], None]  # called with the number of rows done
Stage = Callable[[str, int], Progressed]  # begins a stage of so many rows


@dataclass(frozen=True)
class Sampled:
    """Prepared rows that stand for all where a few are enough: `X (s, n)`, `y (s, n_y)` as they are stored."""

    X: Floats
    y: Floats


@dataclass(frozen=True)
class OnDisk:
    """Prepared rows in the blocks of a store.

    Attributes
    ----------
    store : BlockStore
    sample : Sampled
    labels : ndarray, (n_classes,), or None
        The classes whose places are stored; None for numbers.
    parts : Parts
        The parts of the rows of which each network holds out one.
    stage : callable
        Reports progress.
    class_weights : ndarray, (n_classes,), or None
        What a row of each class weighs, in rows.
    unit : float
        The weight, as given, that stands for one row.
    """

    store: BlockStore
    sample: Sampled
    labels: NDArray[Any] | None
    parts: Parts
    stage: Stage
    class_weights: Floats | None = None
    unit: float = 1.0
    passes: dict[bool, tuple[Encoding, Floats]] = field(default_factory=dict, compare=False)  # what a pass over all rows has found

    @property
    def sparse(self) -> bool:
        """Prepared rows are dense."""
        return False

    @property
    def own_validation(self) -> bool:
        """Networks hold out rows of their own."""
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
        done = self.stage("scaling", self.m)

        def of_block(piece: Piece) -> Summary:
            done(len(piece.y))
            return reduce(add, (of_rows(p) for p in slices(piece)))

        def of_rows(piece: Piece) -> Summary:
            X, y = np.asarray(piece.X, np.float64), self.targets_in(piece.y)
            return summary_of(X, y, self.weights(piece.y), classes=self.labels is not None)

        return reduce(add, (of_block(piece) for piece in self.store.blocks() if len(piece.y)))

    def targets_in(self, y: Floats) -> NDArray[Any]:
        """Stored targets `(m, n_y)` as `checked_targets` gives them."""
        if self.labels is not None:
            return np.asarray(self.labels[y[:, 0].astype(np.int64)])
        return y[:, 0] if self.one_column else y

    def weights(self, y: Floats) -> Floats | None:
        """What rows weigh, `(m,)`; None where each counts once."""
        return None if self.class_weights is None else np.asarray(self.class_weights[y[:, 0].astype(np.int64)])

    def weighted(self, settings: Settings, seed: int, classes: NDArray[Any] | None = None) -> Self:
        """Weights by class.

        Raises
        ------
        InvalidParameterError
            For a calibration that keeps rows from all networks, training that goes on, and class weights of several columns.
        """
        if settings.class_weight is None:
            return self
        if self.labels is None:
            raise InvalidParameterError("class_weight of several columns of 0 and 1 is not known of tables larger than max_memory")
        found = self.summary
        known = dict(zip(found.classes.tolist(), weights_of_classes(settings.class_weight, found.classes, found.class_rows), strict=True))
        weights = np.array([known.get(label, 1.0) for label in self.labels.tolist()])
        if not weights.any():
            raise DataError(f"class_weight={settings.class_weight!r} leaves every row with weight 0: there is no row to learn from")
        weighted = replace(self, class_weights=weights, passes={})
        unit = weighted.summary.unit
        return weighted if unit == 1 else replace(self, class_weights=weights / unit, unit=unit, passes={})

    def check_same_classes(self, targets: Targets) -> None:
        """Training never goes on from an earlier call here: `plan_on_disk` refuses it."""

    def different(self) -> None:
        """Many rows are taken to be different."""

    def targets(self, settings: Settings, known: Targets | None, classes: NDArray[Any] | None = None) -> Targets:
        """What y means, from the sums over all rows."""
        return targets_from_sums(settings, self.summary)

    def bias(self, targets: Targets) -> Floats:
        """Initial output biases."""
        return bias_from(targets, self.summary)

    def encoding(self, settings: Settings, plan: Plan) -> Encoding:
        """z-scores of all rows; the ramps' edges are the sample's, their means those of all rows."""
        return self.encoding_and_squares(settings, plan)[0]

    def encoding_and_squares(self, settings: Settings, plan: Plan) -> tuple[Encoding, Floats]:
        """The encoding, and the mean square of each encoded input, `(n_encoded,)`. Networks without ramps need no pass over the rows."""
        ramped = any(plan.with_ramps)
        if ramped not in self.passes:
            self.passes[ramped] = self.found_encoding(settings, ramped)
        return self.passes[ramped]

    def found_encoding(self, settings: Settings, ramped: bool) -> tuple[Encoding, Floats]:
        """`encoding_and_squares`, found by a pass over the rows where there are ramps."""
        encoding, inputs = encoding_from(self.summary, settings.standardize), self.summary.inputs
        squares = (inputs.squares / inputs.weight + (inputs.mean - encoding.center) ** 2) / encoding.scale**2
        if not ramped:
            return encoding, squares
        weight = self.weights(self.sample.y)
        edges = tuple(ramp_edges(np.asarray(column, np.float64), weight) for column in self.sample.X.T)
        ramps, done = ramps_of(edges), self.stage("ramps", self.m)
        first, second = np.zeros(len(ramps.left)), np.zeros(len(ramps.left))
        for piece in self.store.blocks():
            for part in slices(piece):
                values, w = ramp_values(np.asarray(part.X, np.float64), ramps), self.weights(part.y)
                weighed = values if w is None else values * w[:, None]
                first += weighed.sum(axis=0)
                second += np.einsum("ij,ij->j", weighed, values)
            done(len(piece.y))
        center, scale = first / inputs.weight, RAMP_SCALE[settings.task]
        found = replace(encoding, edges=edges, ramp_center=center, ramp_scale=scale)
        return found, np.concatenate([squares, scale**2 * np.maximum(second / inputs.weight - center**2, 0.0)])

    def rows(self, settings: Settings, plan: Plan, targets: Targets, encoding: Encoding, seed: int, before: Network | None) -> "RowsOnDisk":
        """The blocks as networks are trained on them, and in memory the rows that they are judged on."""
        K = len(plan.with_ramps)
        mine = held_out(plan.with_ramps, list(range(self.parts.n))) if self.parts.n else None
        blocks = EncodedBlocks(self, targets, encoding, mine, np.full(K, self.summary.inputs.weight))
        if mine is not None:
            blocks = replace(blocks, total=blocks.total - part_weights(self)[list(mine)])
        validation, judged = watched(blocks, plan, settings)
        return RowsOnDisk(blocks, settings, validation, judged, self.encoding_and_squares(settings, plan)[1])


def plan_on_disk(settings: Settings, m: int) -> Plan:
    """The plan of m rows on disk, which decides into how many parts they are split before they are written.

    Raises
    ------
    InvalidParameterError
        For a calibration that keeps rows from all networks, and training that goes on.
    """
    if settings.calibration in ("split", "cv+"):
        raise InvalidParameterError(
            f"calibration is {settings.calibration!r}, which keeps rows in memory to judge intervals by, and the table is larger than "
            "max_memory; leave calibration out, or give as much memory as the table needs"
        )
    check_calibration(settings)
    if settings.warm_start:
        raise InvalidParameterError("warm_start is not there for tables larger than max_memory: training begins anew; leave it out")
    refuse_too_many(settings.K)
    p = plan(settings, m, 0, sparse=False, own_validation=False)
    if settings.calibration == "temperature" and not p.hold_out:
        raise InvalidParameterError("calibration='temperature' needs rows that networks hold out; leave early_stopping to 'auto'")
    return p


def slices(piece: Piece) -> Iterator[Piece]:
    """A piece in parts that the caches hold."""
    for s in range(0, len(piece.y), AT_ONCE):
        yield Piece(piece.X[s : s + AT_ONCE], piece.y[s : s + AT_ONCE], piece.part[s : s + AT_ONCE])


def part_weights(source: OnDisk) -> Floats:
    """The total weight of each part of the rows, `(n_parts,)`."""
    sums = np.zeros(source.parts.n)
    for piece in source.store.blocks():
        some, w = piece.part >= 0, source.weights(piece.y)
        sums += np.bincount(piece.part[some], None if w is None else w[some], minlength=source.parts.n)
    return sums


@dataclass(frozen=True)
class EncodedBlocks:
    """`streamed.Blocks` of a store. `parts` says which part of the rows each of K networks holds out, None where none does."""

    source: OnDisk
    targets: Targets
    encoding: Encoding
    parts: tuple[int, ...] | None
    total: Floats

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each block."""
        return tuple(self.source.store.sizes)

    @property
    def n_y(self) -> int:
        """Targets of a row, as networks learn them."""
        return len(self.encoded_targets(self.source.sample.y[:1])[0])

    def block(self, number: int, dtype: np.dtype) -> Block:
        """One block, read and encoded."""
        return self.encoded(self.source.store.read(number), dtype)

    def with_none_held_out(self) -> "EncodedBlocks":
        """The same rows, each of which counts for every network."""
        return replace(self, parts=None, total=np.full_like(self.total, self.source.summary.inputs.weight))

    def encoded_targets(self, y: Floats) -> Floats:
        """Stored targets as networks learn them."""
        return encode_targets(self.targets, checked_targets(self.targets.task, self.source.targets_in(y))).Y

    def encoded(self, piece: Piece, dtype: np.dtype) -> Block:
        """A piece as layer 1 takes it."""
        return Block(encode(self.encoding, piece.X, dtype), np.asarray(self.encoded_targets(piece.y), dtype), self.weights(piece, dtype))

    def weights(self, piece: Piece, dtype: np.dtype) -> Floats | None:
        """What each row counts for each network, `(K, m)`: 0 where it holds the row out. None where each counts once for all."""
        w = self.source.weights(piece.y)
        if self.parts is None or (piece.part < 0).all():
            return None if w is None else np.asarray(np.tile(w, (len(self.total), 1)), dtype)
        learned = piece.part[None] != np.array(self.parts)[:, None]
        return np.asarray(learned if w is None else learned * w, dtype)


@dataclass(frozen=True)
class RowsOnDisk:
    """Rows in blocks that networks are trained on; `squares` are the mean squares of the encoded inputs."""

    blocks: EncodedBlocks
    settings: Settings
    validation: Validation | None
    judged: Judged
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


def watched(blocks: EncodedBlocks, plan: Plan, settings: Settings) -> tuple[Validation | None, Judged]:
    """The rows that networks are judged on, in memory: those held out by each, or, where none are, the sample for the noise alone."""
    source, K, validation = blocks.source, len(plan.with_ramps), None
    summary, sample = source.summary, source.sample
    if blocks.parts is None:
        Y, w = blocks.encoded_targets(sample.y), source.weights(sample.y)
        each = np.ones(len(Y)) if w is None else w
        weight = each * (summary.inputs.weight / each.sum())
        judged = judged_on(sample.X, encode(blocks.encoding, sample.X, plan.dtype), Y, K, weight=weight, before=None)
    else:
        joint = kept_rows(source)
        kept, own = blocks.encoded(joint, plan.dtype), source.weights(joint.y)
        rows = tuple(np.flatnonzero(joint.part == mine) for mine in blocks.parts)
        validation = Validation(kept.X, kept.Y, own, rows)
        judged = judged_on(joint.X, kept.X, kept.Y, K, weight=own, before=None, rows=rows, calibration=settings.calibration)
    return validation, replace(judged, lowest=summary.lowest, highest=summary.highest, n_rows=summary.m)


def kept_rows(source: OnDisk) -> Piece:
    """The rows that some network holds out, of all blocks."""
    done, pieces = source.stage("held out", source.m), []
    for piece in source.store.blocks():
        some = piece.part >= 0
        pieces.append(Piece(piece.X[some], piece.y[some], piece.part[some]))
        done(len(some))
    X, y, part = zip(*pieces, strict=True)
    return Piece(np.concatenate(X), np.concatenate(y), np.concatenate(part))
