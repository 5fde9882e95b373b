"""The encoding of sparse columns of word weights or counts, as text vectorizers make them.

A z-score divides by a standard deviation, which is small where a column is nearly always 0: rare words would be the largest inputs of
all. So these columns keep their weights relative to each other, and their zeros: they are divided by one number, the root mean squared
length of a row. And first weights of variance 1 / (mean squared length) would add noise for every word that training hardly sees, so their
variance is as if every word were in every row (docs/defaults.md has the measurements).
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shoal.encoding import Encoding
from shoal.types import Floats

MANY = 1_000  # columns that are nearly empty; with fewer there is no text
NEARLY_EMPTY = 0.9  # of the rows are 0 in such a column
APART = 10.0  # a column whose cells differ from those of the others by more than this factor is brought that near


def shares_filled(X: Any, weight: Floats | None) -> Floats:
    """The share of the rows of sparse X that are not 0 in each column, `(n,)`."""
    w = np.ones(X.shape[0]) if weight is None else np.asarray(weight, np.float64)
    rows = sparse.csr_array(X)
    each = np.repeat(w, np.diff(rows.indptr)) * (rows.data != 0)
    return np.asarray(np.bincount(rows.indices, weights=each, minlength=X.shape[1]) / w.sum())


def word_columns(filled: Floats) -> NDArray[np.bool_]:
    """Which columns are words, `(n,)`: those that are 0 in some rows, if many are 0 in nearly all; else none."""
    if np.count_nonzero(filled <= 1 - NEARLY_EMPTY) < MANY:
        return np.zeros(len(filled), bool)
    return (filled > 0) & (filled < 1)


def with_words(X: Any, weight: Floats | None, encoding: Encoding) -> Encoding:
    """The encoding of sparse training rows `(m, n)` whose columns of words are divided by one number, and not centred; flags stay."""
    filled = shares_filled(X, weight)
    words = word_columns(filled) & ~((encoding.center == 0) & (encoding.scale == 1))
    if not words.any():
        return encoding
    w = np.ones(X.shape[0]) if weight is None else np.asarray(weight, np.float64)
    squares = np.asarray(w @ sparse.csr_array(X, dtype=np.float64).power(2)).ravel()[words] / w.sum()
    of_cells = np.sqrt(squares / filled[words])
    apart = of_cells / np.median(of_cells)
    factor = apart / np.clip(apart, 1 / APART, APART)
    center, scale = encoding.center.copy(), encoding.scale.copy()
    center[words], scale[words] = 0.0, np.sqrt((squares / factor**2).sum()) * factor
    return replace(encoding, center=center, scale=scale)


def squares_if_filled(X: Any, weight: Floats | None, squares: Floats) -> Floats:
    """The mean square of each encoded input `(n_x,)`, of columns of words over the rows in which they are not 0."""
    filled = shares_filled(X, weight)
    return np.where(word_columns(filled), squares / np.where(filled > 0, filled, 1.0), squares)
