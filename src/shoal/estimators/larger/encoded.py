"""Dealt rows as layer 1 takes them: how they are encoded, found by adding up over the blocks, and the blocks themselves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import Encoding, encode, ramp_edges, ramp_values, ramps_of
from shoal.estimators.larger.dealt import Dealt, Piece
from shoal.estimators.larger.survey import Told
from shoal.estimators.shallow import ShallowEstimator
from shoal.estimators.summary import Summary, encoding_from, summary_of
from shoal.fitting.plan import RAMP_SCALE, Plan
from shoal.training.streamed import Block
from shoal.types import Floats

AT_ONCE = 8192  # rows whose float64 copies are made at once


def slices(piece: Piece) -> Iterator[Piece]:
    """A piece in parts that the caches hold."""
    for s in range(0, len(piece.y), AT_ONCE):
        yield Piece(piece.X[s : s + AT_ONCE], piece.y[s : s + AT_ONCE], piece.part[s : s + AT_ONCE])


def summarised(dealt: Dealt, labels: NDArray[Any] | None, one_column: bool, told: Told) -> Summary:
    """The dealt rows summed up; `labels` are the classes that `y` gives the places of, None for numbers."""

    def of_block(piece: Piece) -> Summary:
        told(len(piece.y))
        return reduce(add, (of_rows(p) for p in slices(piece)))

    def of_rows(piece: Piece) -> Summary:
        y = targets(piece.y, labels, one_column)
        return summary_of(np.asarray(piece.X, np.float64), y, None, classes=labels is not None)

    return reduce(add, (of_block(piece) for piece in dealt.blocks() if len(piece.y)))


def targets(y: Floats, labels: NDArray[Any] | None, one_column: bool) -> NDArray[Any]:
    """Dealt targets `(m, n_y)` as an estimator takes them."""
    if labels is not None:
        return np.asarray(labels[y[:, 0].astype(np.int64)])
    return y[:, 0] if one_column else y


def found_encoding(
    estimator: ShallowEstimator, dealt: Dealt, summary: Summary, sample: Floats, p: Plan, told: Callable[[], Told]
) -> tuple[Encoding, Floats]:
    """The encoding that all dealt rows ask for, and the mean square of each encoded input, `(n_encoded,)`.

    The prepared rows `sample (s, n)` decide the ramps' edges. Networks without ramps need no pass over the rows.
    """
    encoding, inputs, m = encoding_from(summary, estimator.standardize), summary.inputs, summary.m
    squares = (inputs.squares / m + (inputs.mean - encoding.center) ** 2) / encoding.scale**2
    if not any(p.with_ramps):
        return encoding, squares
    edges = tuple(ramp_edges(np.asarray(column, np.float64)) for column in sample.T)
    ramps, seen = ramps_of(edges), told()
    first, second = np.zeros(len(ramps.left)), np.zeros(len(ramps.left))
    for piece in dealt.blocks():
        for part in slices(piece):
            values = ramp_values(np.asarray(part.X, np.float64), ramps)
            first += values.sum(axis=0)
            second += np.einsum("ij,ij->j", values, values)
        seen(len(piece.y))
    center, scale = first / m, RAMP_SCALE[estimator._task]
    found = replace(encoding, edges=edges, ramp_center=center, ramp_scale=scale)
    return found, np.concatenate([squares, scale**2 * np.maximum(second / m - center**2, 0.0)])


@dataclass(frozen=True)
class EncodedBlocks:
    """`streamed.Blocks` of dealt rows. `parts` says which part of the rows each of K networks holds out, None where none does."""

    dealt: Dealt
    encoding: Encoding
    estimator: ShallowEstimator
    labels: NDArray[Any] | None
    one_column: bool
    parts: tuple[int, ...] | None
    total: Floats
    n_y: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each block."""
        return tuple(self.dealt.sizes)

    def block(self, number: int, dtype: np.dtype) -> Block:
        """One block, read and encoded."""
        return self.encoded(self.dealt.read(number), dtype)

    def with_none_held_out(self) -> "EncodedBlocks":
        """The same rows, each of which counts for every network."""
        return replace(self, parts=None, total=np.full_like(self.total, float(sum(self.sizes))))

    def encoded(self, piece: Piece, dtype: np.dtype) -> Block:
        """A piece as layer 1 takes it."""
        y = self.estimator._checked_targets(targets(piece.y, self.labels, self.one_column))
        Y = np.asarray(self.estimator._problem(y, None, first=False).Y, dtype)
        return Block(encode(self.encoding, piece.X, dtype), Y, self.weights(piece.part, dtype))

    def weights(self, part: NDArray[np.int64], dtype: np.dtype) -> Floats | None:
        """1 for the rows that a network learns from and 0 for those that it holds out, `(K, m)`."""
        if self.parts is None or (part < 0).all():
            return None
        return np.asarray(part[None] != np.array(self.parts)[:, None], dtype)


def kept_rows(blocks: EncodedBlocks, dtype: np.dtype, told: Told) -> tuple[Floats, Block, NDArray[np.int64]]:
    """The rows that some network holds out, of all blocks: raw `X (v, n)`, encoded, and their parts `(v,)`."""
    pieces = []
    for piece in blocks.dealt.blocks():
        some = piece.part >= 0
        pieces.append(Piece(piece.X[some], piece.y[some], piece.part[some]))
        told(len(some))
    X, y, part = zip(*pieces, strict=True)
    joint = Piece(np.concatenate(X), np.concatenate(y), np.concatenate(part))
    return joint.X, blocks.encoded(joint, dtype), joint.part
