"""X → logits, of a whole population or of one network, a bounded number of rows at a time."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shoal.encoding import Encoding, encode, fold
from shoal.engine.arguments import kernel_array, refuse, refuse_network
from shoal.engine.device import on_device
from shoal.engine.kernels import dispatch_module, predict_module
from shoal.engine.layout import split
from shoal.engine.threads import one_blas_thread, spread
from shoal.population import Population
from shoal.textbook.activations import ACTIVATIONS, masked
from shoal.textbook.propagation import Parameters
from shoal.textbook.propagation import logits as textbook_logits
from shoal.types import Floats

WORTH_COMPILING = 50_000_000  # weights times rows: what takes NumPy some 50 ms, and so loading compiled code
WORTH_LIMITING = 200_000  # the same: where a product may take several threads, whom a neighbour slows ten times and more
AT_ONCE = 48  # rows of a hidden layer in the kernel: of 100 units 38 kB, and whole tiles of products
CELLS_AT_ONCE = 1 << 20  # that a thread compares: a fifth of a millisecond
BLOCK_ROWS = 8192  # a block's hidden layer (1024 units in float32) stays near 32 MB


def logits(population: Population, X: Any, activation: str) -> Floats:
    """Z2 of every network for the same rows `X (m, n_x)`: `(K, n_z, m)`. Rows on a device (`device.send`) are answered there."""
    if on_device(X):
        from shoal.engine.torch.sums import logits as logits_there

        return logits_there(population, X, activation)
    blocks = split(population, population.parameters.W1.dtype)
    Z2 = np.empty((population.K, population.parameters.W2.shape[1], X.shape[0]), population.parameters.W1.dtype)
    for s in range(0, X.shape[0], BLOCK_ROWS):
        rows = X[s : s + BLOCK_ROWS]
        for block in blocks:
            g1 = ACTIVATIONS[activation]
            g1 = g1 if block.units is None else masked(g1, block.units)
            Z2[block.members, :, s : s + BLOCK_ROWS] = textbook_logits(block.parameters, block.columns_of(rows), g1)
    return Z2


def network_logits(parameters: Parameters, X: Any, activation: str) -> Floats:
    """Z2 of one network for encoded rows `X (m, n_x)`: `(n_z, m)`."""
    if X.shape[0] <= BLOCK_ROWS:
        return np.asarray(textbook_logits(parameters, X[:].T, ACTIVATIONS[activation]))
    blocks = (X[s : s + BLOCK_ROWS] for s in range(0, X.shape[0], BLOCK_ROWS))
    return np.concatenate([textbook_logits(parameters, rows.T, ACTIVATIONS[activation]) for rows in blocks], axis=1)


def raw_logits(parameters: Parameters, encoding: Encoding, X: Any, activation: str) -> Floats:
    """Z2 in float64 of one network for raw rows `X (m, n)`, dense or sparse: `(n_z, m)`. Large tables take the compiled way.

    Sparse rows stay sparse if the encoding only scales and centres.
    """
    if stays_sparse(encoding, X):
        return sparse_logits(parameters, encoding, X, activation)
    work = X.shape[0] * parameters.W1.size
    if work >= WORTH_COMPILING:
        return compiled_logits(parameters, encoding, X, activation)
    refuse_network(parameters, encoding, X)
    if work <= WORTH_LIMITING:  # at most a few thousand rows
        return network_logits(parameters, encode(encoding, X)[:], activation)
    with one_blas_thread():
        blocks = (X[s : s + BLOCK_ROWS] for s in range(0, X.shape[0], BLOCK_ROWS))
        return np.concatenate([network_logits(parameters, encode(encoding, rows)[:], activation) for rows in blocks], axis=1)


def stays_sparse(encoding: Encoding, X: Any) -> bool:
    """Whether rows X are sparse and the encoding only scales and centres them, which the weights can do as well."""
    return bool(sparse.issparse(X) and not encoding.n_ramps and encoding.limits is None)


def sparse_logits(parameters: Parameters, encoding: Encoding, X: Any, activation: str) -> Floats:
    """`raw_logits` of sparse rows by products with what they store, a block of rows after the other."""
    refuse_network(parameters, encoding, X)
    p, rows = fold(encoding, parameters), sparse.csr_array(X)
    Z2 = np.empty((len(p.W2), X.shape[0]))
    with one_blas_thread():
        for s, A1 in hidden_blocks(p, rows.__getitem__, X.shape[0], activation):
            Z2[:, s] = p.W2 @ A1 + p.b2
            if p.W3 is not None:
                Z2[:, s] += (rows[s] @ p.W3.T).T
    return Z2


def raw_hidden(parameters: Parameters, encoding: Encoding, X: Any, activation: str) -> Floats:
    """A1 in float64 of one network for raw rows `X (m, n)`, dense or sparse: `(m, n_h)`."""
    refuse_network(parameters, encoding, X)
    A1, p = np.empty((X.shape[0], len(parameters.W1))), parameters

    def dense(block: slice) -> Any:
        return encode(encoding, X[block])[:]

    rows: Callable[[slice], Any] = dense
    if stays_sparse(encoding, X):
        p, rows = fold(encoding, parameters), sparse.csr_array(X).__getitem__
    with one_blas_thread():
        for s, some in hidden_blocks(p, rows, X.shape[0], activation):
            A1[s] = some.T
    return A1


def hidden_blocks(parameters: Parameters, rows: Callable[[slice], Any], m: int, activation: str) -> Iterator[tuple[slice, Floats]]:
    """A1 `(n_h, …)` of m rows, a block after the other; `rows` gives those of a block as layer 1 takes them, dense or sparse."""
    inputs = np.ascontiguousarray(parameters.W1.T)
    for s in range(0, m, BLOCK_ROWS):
        block = slice(s, s + BLOCK_ROWS)
        yield block, ACTIVATIONS[activation]((rows(block) @ inputs).T + parameters.b1)


def counts_beyond(X: Any, ends: tuple[Floats, Floats]) -> NDArray[np.int64]:
    """How many rows of X `(m, n)` have a cell below or above the two `ends (n,)`, in all and then of each column, `(n + 1,)`: compiled,
    blocks of rows over all cores.
    """
    limits, step = kernel_array(ends, X.dtype), max(1, CELLS_AT_ONCE // X.shape[1])

    def of_block(s: int) -> NDArray[np.int64]:
        counts = np.zeros(X.shape[1] + 1, np.int64)
        refuse(predict_module().count_beyond(kernel_array(X[s : s + step], X.dtype), limits, counts))
        return counts

    return np.asarray(np.sum(spread(of_block, range(0, X.shape[0], step)), axis=0, dtype=np.int64))


def compiled_logits(parameters: Parameters, encoding: Encoding, X: Any, activation: str) -> Floats:
    """`raw_logits` by the kernel, blocks of rows over all cores."""
    refuse_network(parameters, encoding, X)
    W1, W2, b2 = parameters.W1, parameters.W2, parameters.b2
    n, ramps, behind = encoding.n_inputs, encoding.ramps, -(W1.shape[1] + 1) % 4
    laid = np.ascontiguousarray(np.hstack([W1, parameters.b1, np.zeros((len(W1), behind))]))
    W3 = np.empty((0, W1.shape[1])) if parameters.W3 is None else parameters.W3
    skip = np.ascontiguousarray(np.hstack([W3, np.zeros((len(W3), 1 + behind))]))
    nothing = np.zeros(n)
    center = np.array([np.concatenate([encoding.center, ramps.left]), np.concatenate([nothing, encoding.ramp_center])])
    ramped = np.full(len(ramps.left), encoding.ramp_scale)
    limits = np.full((2, n), [[-np.inf], [np.inf]]) if encoding.limits is None else kernel_array(encoding.limits, np.float64)
    per_scale = np.array([1 / np.concatenate([encoding.scale, ramps.width]), np.concatenate([nothing, ramped])])
    at = dispatch_module().product_address(False), dispatch_module().activation_address(activation, False)
    Z2 = np.empty((len(W2), X.shape[0]))

    def run(s: int) -> None:
        rows = X[s : s + BLOCK_ROWS]
        rows = kernel_array(rows.toarray() if sparse.issparse(rows) else rows, np.float32 if X.dtype == np.float32 else np.float64)
        out = np.empty((len(W2), len(rows)))
        refuse(predict_module().predict(*at, AT_ONCE, rows, ramps.column, limits, center, per_scale, laid, W2, b2[:, 0], skip, out))
        Z2[:, s : s + BLOCK_ROWS] = out

    with one_blas_thread():
        spread(run, range(0, X.shape[0], BLOCK_ROWS))
    return Z2
