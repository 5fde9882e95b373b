"""Rows as lists: which inputs of a row are not 0, and their values. `kernels/lists.py` computes layer 1 from them.

A row of one-hot categories has a one for each category, and a text some words of many thousands. Lists skip the zeros, in layer 1, in
its gradient, and in the update of weights that no row of a batch reads.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shoal.encoding import SparseRows
from shoal.engine.arguments import kernel_array, late_rules, refuse
from shoal.engine.device import PROCESSOR
from shoal.engine.kernels import dispatch_module, lists_module
from shoal.engine.layout import NetworkGroup
from shoal.errors import LayoutError
from shoal.population import Population
from shoal.recipe import Recipe
from shoal.types import Floats

LEAST_INPUTS = 48  # below, a product over all inputs takes no longer
LISTED_BELOW = 0.22  # the share of the inputs that are not 0 up to which sparse rows are listed, and dense ones at most
# The same for dense rows of up to 1,000 inputs, where products are the engine's own (`benchmarks/lists.py`); batches of more inputs leave
# the caches, and products wait for the memory.
FASTER_BELOW = 0.1
LOOKED_AT = 1_000  # rows that say whether dense rows are worth listing


class RowLists(NamedTuple):
    """`values` of row i, and the inputs `columns` that have them, stand from `starts[i]` to `starts[i + 1]`. Encoded inputs are these
    values minus `shift (n,)`, which is 0 but for the columns `shifted`.
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: Floats
    shift: Floats
    shifted: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int]:
        """(m, n)"""
        return len(self.starts) - 1, len(self.shift)


def takes_lists(population: Population, recipe: Recipe) -> bool:
    """Whether networks can be trained by rows as lists: on the processor, and if each sees all inputs of every row."""
    thins = bool(np.any(np.asarray(recipe.input_dropout) > 0))
    return recipe.device == PROCESSOR and not thins and bool(population.inputs.all())


def worth_listing(X: Any, *, alone: bool) -> bool:
    """Whether so few numbers of encoded rows `(m, n)`, dense or SparseRows, are not 0 that lists are faster than products.

    One network `alone` is worked on by one thread then, where products may take several: half as many numbers are worth it.
    """
    m, n = X.shape
    if n < LEAST_INPUTS or not m:
        return False
    if isinstance(X, SparseRows):
        encoding = X.encoding
        return not encoding.n_ramps and encoding.limits is None and X.matrix.nnz <= LISTED_BELOW * m * n
    some = X[:: -(-m // LOOKED_AT)]
    return bool(np.count_nonzero(some) <= densest(n) / (1 + alone) * some.size)


def densest(n: int) -> float:
    """The share of n inputs that are not 0 up to which lists of dense rows are faster than this processor's products."""
    return min(LISTED_BELOW, FASTER_BELOW * max(1.0, n / 1000)) if dispatch_module().product_bytes() else LISTED_BELOW


def lists_of(X: Any, dtype: Any) -> RowLists:
    """Encoded rows `(m, n)`, dense or SparseRows without ramps, as lists in this precision."""
    if isinstance(X, RowLists):
        return X
    if not isinstance(X, SparseRows):
        return as_lists(sparse.csr_array(X), np.zeros(X.shape[1]), np.ones(X.shape[1]), dtype)
    return as_lists(X.matrix, X.encoding.center / X.encoding.scale, X.encoding.scale, dtype)


def as_lists(matrix: Any, shift: Floats, scale: Floats, dtype: Any) -> RowLists:
    """The stored numbers of a sparse matrix `(m, n)`, divided by `scale (n,)`; several of one cell are added first."""
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    values = np.asarray(matrix.data, np.float64) / scale[matrix.indices]
    return RowLists(
        kernel_array(matrix.indptr, np.int64),
        kernel_array(matrix.indices, np.int32),
        kernel_array(values, dtype),
        shift.astype(dtype),
        np.flatnonzero(shift),
    )


def rows_for(groups: Sequence[NetworkGroup], X: Any, dtype: np.dtype) -> Any:
    """Rows for the order in which the groups' weights lie: lists, or an array in this precision.

    Raises
    ------
    LayoutError
        For rows of the other kind.
    """
    if groups and groups[0].by_input != isinstance(X, RowLists):
        taken = "rows as lists" if groups[0].by_input else "arrays"
        raise LayoutError(f"the state takes {taken}, but X is of type {type(X).__name__}: begin it with by_input={not groups[0].by_input}")
    return X if isinstance(X, RowLists) else kernel_array(X, dtype)


def train_by_lists(taken: tuple[Any, ...], rule: Any, dtype: np.dtype) -> None:
    """`kernels.lists.train_lists` with what it takes, and the rule that makes up for several updates."""
    kind: Any = type(rule)
    refuse(lists_module().train_lists(*taken, *late_rules(kind, dtype)))
