"""Rows with an input outside the range of the training rows: how far, what their predictions are worth, and the warning about them."""

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from scipy import sparse

from shoal import files
from shoal.engine.predict import counts_beyond
from shoal.engine.threads import spread
from shoal.errors import OutsideWarning
from shoal.network import Network, ends_of, outside_range, predict, value_range
from shoal.types import Floats

BLOCK_CELLS = 1 << 20  # of sparse rows that are made dense at once
SMALL = 1 << 15  # cells
FEW = 20  # cells to one outside, and more
NUMBERS = np.dtype(np.float64), np.dtype(np.float32)
WIDTH_OF_UNIFORM = np.sqrt(12.0)  # of a uniform distribution, in standard deviations
# Of the packages: a folder of the user's may be named shoal too.
OWN_FILES = tuple(f"{Path(str(package.__file__)).parent}{os.sep}" for package in (files, sklearn))

Names = Callable[[], Sequence[str]]  # of the inputs; called only if there is a warning
_NAMES: ContextVar[Names | bool] = ContextVar("names", default=True)  # True: those of the network; False: no warning


@contextmanager
def outside_named(names: Names | bool) -> Iterator[None]:
    """Within it, warnings name inputs so; with False there is none, where rows are scored or made up, or the caller counts them."""
    before = _NAMES.set(names if _NAMES.get() is not False else False)
    try:
        yield
    finally:
        _NAMES.reset(before)


def are_inside(network: Network, X: Any) -> bool:
    """Whether X is a small matrix of floating-point numbers inside the training range. It is then finite too, and needs no other check.

    One row of 30 columns takes 2 µs, less than to check that its numbers are finite; of many rows some are likely to be outside.
    """
    lowest, highest = network.lowest, network.highest
    if (
        lowest is None
        or type(X) is not np.ndarray
        or X.dtype not in NUMBERS
        or X.ndim != 2
        or X.size > SMALL
        or not 0 < X.shape[1] == len(lowest)
    ):
        return False
    return bool(np.count_nonzero(lowest <= X) == X.size > 0 and np.count_nonzero(highest >= X) == X.size)


def warn_outside(network: Network, X: Any) -> None:
    """One `OutsideWarning` if raw rows `X (m, n)`, dense or CSR, have inputs outside the training range; none if that is not known."""
    lowest, highest, names = network.lowest, network.highest, _NAMES.get()
    if lowest is None or highest is None or names is False:
        return
    if sparse.issparse(X) and X.shape[0]:
        ends = value_range(X)
        if not ((ends[0] < lowest) | (ends[1] > highest)).any():
            return
    n_rows, by_input = counts_outside(network, X)
    if n_rows:
        known = network.feature_names if names is True else names()
        text = about_outside(network, known, X.shape[0], n_rows, by_input)
        warnings.warn(OutsideWarning(text), stacklevel=level_of_caller())


def counts_outside(network: Network, X: Any) -> tuple[int, NDArray[np.int64]]:
    """How many raw rows `X (m, n)` have an input outside the training range, in all and for each input."""
    size = max(1, BLOCK_CELLS // max(1, X.shape[1]))
    if isinstance(X, np.ndarray) and X.dtype in NUMBERS and X.size >= BLOCK_CELLS:
        n_rows, *by_input = counts_beyond(X, ends_of(network, X.dtype))
        return int(n_rows), np.asarray(by_input)
    counts = [(0, np.zeros(X.shape[1], np.int64))]
    counts += spread(lambda s: counts_of_block(network, X[s : s + size]), range(0, X.shape[0], size))
    return sum(n for n, _ in counts), np.asarray(sum(by_input for _, by_input in counts))


def counts_of_block(network: Network, X: Any) -> tuple[int, NDArray[np.int64]]:
    """`counts_outside` of a few rows."""
    found = outside_range(network, X)
    n_found = np.count_nonzero(found)
    if FEW * n_found > found.size:
        return int(np.count_nonzero(found.any(axis=1))), np.count_nonzero(found, axis=0)
    if not n_found:
        return 0, np.zeros(X.shape[1], np.int64)
    row, column = np.divmod(np.flatnonzero(found), found.shape[1])  # of few cells, faster than counting along the axes
    return len(np.unique(row)), np.bincount(column, minlength=found.shape[1])


def about_outside(network: Network, names: Sequence[str], n_rows: int, n_outside: int, by_input: NDArray[np.int64]) -> str:
    """A sentence: how many rows are outside, and in which input most are."""
    assert network.lowest is not None
    assert network.highest is not None
    worst = int(by_input.argmax())
    return (
        f"{n_outside} of {n_rows} rows are outside the range of the training rows, most ({by_input[worst]}) in {names[worst]!r} "
        f"({network.lowest[worst]:g} to {network.highest[worst]:g} in training); their predictions are guesses"
    )


def level_of_caller() -> int:
    """The `stacklevel`, for the function that calls this one, of the first caller outside of this library and scikit-learn."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(OWN_FILES):
        frame, level = frame.f_back, level + 1
    return level


def distance_outside(network: Network, X: Any) -> Floats:
    """How far raw rows `X (m, n)` are from the box that the training rows fill, `(m,)`; 0 inside, and where the box is not known.

    For each input in widths of its training range; for several the root of the sum of squares. An input that was constant has no width, and
    is not counted: the network does not use it.
    """
    lowest, highest = network.lowest, network.highest
    if lowest is None or highest is None:
        return np.zeros(X.shape[0])
    width = np.where(highest > lowest, highest - lowest, np.inf)
    found = np.zeros(X.shape[0])
    size = max(1, BLOCK_CELLS // max(1, X.shape[1]))
    for s in range(0, X.shape[0], size):
        some = X[s : s + size]
        rows = np.asarray(some.toarray() if sparse.issparse(some) else some)
        beyond = np.where(outside_range(network, rows), np.maximum(lowest - rows, rows - highest), 0.0)
        found[s : s + size] = np.sqrt(np.sum((beyond / width) ** 2, axis=1))
    return found


def widened(network: Network, X: Any, mean: Floats, scale: Floats) -> Floats:
    """Standard deviations `(m, n_y)` of predictions `mean`, larger for raw rows outside the training range.

    √(scale² + step² + (d w)²): step is the difference between the prediction and that at the nearest point inside the range, d the
    distance to it, and w the width of the training targets. No row has shown where the target goes outside. So the whole step that the
    network takes there is uncertain, and beside it as much as the target moves over that distance inside.
    """
    far = distance_outside(network, X)
    rows = np.flatnonzero(far)
    if not len(rows):
        return scale
    some = X[rows].toarray() if sparse.issparse(X) else np.asarray(X)[rows]
    nearest = predict(network, np.clip(some, network.lowest, network.highest).astype(some.dtype))
    wider = scale.copy()
    wider[rows] = np.sqrt(scale[rows] ** 2 + (mean[rows] - nearest) ** 2 + (far[rows, None] * width_of_targets(network, nearest)) ** 2)
    return wider


def width_of_targets(network: Network, predicted: Floats) -> Floats:
    """How far the target moves over the whole training range: the width of a uniform distribution of its standard deviation.

    Where the target is not learned as a z-score its standard deviation is not known: 1 with an identity output, whose y is expected to be
    scaled, and with any other the size of the prediction, `(m, n_y)`.
    """
    if network.target is not None:
        return np.asarray(WIDTH_OF_UNIFORM * network.target.scale)
    return np.asarray(WIDTH_OF_UNIFORM * (np.ones_like(predicted) if network.g2.unit.is_identity else np.abs(predicted)))
