"""Wide tables: more columns than rows, or many columns each of which nearly repeats its neighbour, as in spectra.

Such rows lie in few directions. Networks are trained on the scores of the first principal components, each divided by the square root
of its standard deviation: between full whitening, which makes noise as large as signal, and none, which hides small components. Layer 1 is
linear before its activation, so that W1 of the scores becomes W1 of the inputs by one product (`lifted`): the fitted network has one
hidden layer over the table's own columns, and no file or export changes.

The number of components is the smallest whose leave-one-out error is nearly the least, of two models that need no training: a linear one,
and kernel regression with the kernel of infinitely many ReLU units (Cho & Saul 2009). docs/defaults.md has the measurements.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shoal.encoding import SparseRows
from shoal.engine.threads import one_blas_thread
from shoal.population import Population
from shoal.training.progress import Trained
from shoal.types import Floats
from shoal.uncertainty.answers import at_most

LEAST_COLUMNS = 100  # below, ramps are affordable, and were measured to be better
MOST_ROWS = 2_000  # different ones: with more, a network learns the directions itself
SORTED_ROWS = 10 * MOST_ROWS  # with more rows, repeated ones are not looked for
ALIKE = 0.9  # median |correlation| of neighbouring columns from which on they repeat each other
MOST_JUDGED = 300  # different rows that choose the number of components
COMPONENTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 65, 80, 100)
PENALTIES = np.logspace(-7, 1, 17)  # of the two models, relative to the mean square of a kernel's diagonal
NEARLY = 1.05  # squared error, relative to the least, with which fewer components are preferred: better on both real tables measured
NOTHING = 1e-9  # singular values, relative to the largest, that are rounding
FREE_MEAN = 10.0  # added to every kernel: the prior variance of the mean
BIAS = 0.5  # standard deviation of the hidden biases, relative to a row's length: that of the initial weights


@dataclass(frozen=True)
class Projection:
    """Scores of an encoded row x are (x − center) @ matrix.

    Attributes
    ----------
    center : ndarray, (n_x,)
        Mean of each encoded input.
    matrix : ndarray, (n_x, r)
    penalty : float
        The linear model's λ for Σ w e² + λ ‖weights‖² over the scores.
    """

    center: Floats
    matrix: Floats
    penalty: float

    def scores(self, X: Floats | SparseRows) -> Floats:
        """Encoded rows `(m, n_x)` projected, `(m, r)`, in their precision."""
        X = X[:] if isinstance(X, SparseRows) else X
        return np.asarray((np.asarray(X, np.float64) - self.center) @ self.matrix, X.dtype)

    def lifted(self, population: Population) -> Population:
        """The same networks over the encoded inputs."""
        p = population.parameters.map(lambda w: np.asarray(w, np.float64))
        W1, W3 = p.W1 @ self.matrix.T, None if p.W3 is None else p.W3 @ self.matrix.T
        b2 = p.b2 if W3 is None else p.b2 - W3 @ self.center[:, None]
        whole = replace(p, W1=W1, b1=p.b1 - W1 @ self.center[:, None], b2=b2, W3=W3)
        dtype = population.parameters.W1.dtype
        inputs = np.ones((population.K, len(self.center)), bool)
        return Population(whole.map(lambda w: np.asarray(w, dtype)), population.widths, inputs)


def lifted(projection: Projection | None, trained: Trained) -> Trained:
    """A training's result, with its networks over the encoded inputs."""
    if projection is None:
        return trained
    judged = None if trained.judged is None else projection.lifted(trained.judged)
    return replace(trained, population=projection.lifted(trained.population), judged=judged)


def is_wide(X: Any, weight: Floats | None = None) -> bool:
    """Whether dense rows `(m, n)` are wide: 100 columns or more, and more columns than different rows, or neighbours that are alike."""
    if sparse.issparse(X) or X.shape[1] < LEAST_COLUMNS:
        return False
    rows = X if weight is None else X[weight > 0]
    if len(rows) > SORTED_ROWS:
        return False
    rows = np.unique(rows, axis=0)
    return 2 <= len(rows) <= MOST_ROWS and (X.shape[1] > len(rows) or neighbours_alike(rows))


def neighbours_alike(rows: Floats) -> bool:
    """Whether the median correlation of each column with the next one, of those that vary, is large."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        Z = rows - rows.mean(axis=0, dtype=np.float64)
        Z = Z / np.sqrt(np.mean(Z**2, axis=0))
        r = np.abs(np.mean(Z[:, 1:] * Z[:, :-1], axis=0))
    known = r[np.isfinite(r)]
    return bool(len(known) >= LEAST_COLUMNS // 2 and np.median(known) >= ALIKE)


def find_projection(X: Floats, Y: Floats, weight: Floats | None, groups: NDArray[np.int64] | None = None) -> Projection | None:
    """The directions of encoded rows `X (m, n_x)` with targets `Y (m, n_y)` as networks learn them; None if no input varies.

    Equal rows count as one row with their total weight, and rows of one group are left out together.
    """
    with one_blas_thread():
        rows = joined(X, Y, weight, groups)
        center, scale, directions = components(rows)
        if not len(scale):
            return None
        scores = (rows.X - center) @ (directions / np.sqrt(scale))
        r, penalty = chosen(scores, rows)
        matrix = directions[:, :r] / np.sqrt(scale[:r])
        length = np.sqrt(np.average(np.sum(scores[:, :r] ** 2, axis=1), weights=rows.weight) / r)  # scores have a mean square of 1
        return Projection(center, matrix / length, penalty * r)


@dataclass(frozen=True)
class DifferentRows:
    """Different rows in float64: inputs, the mean of their targets, total weights, and the group of each."""

    X: Floats
    Y: Floats
    weight: Floats
    group: NDArray[np.int64]


def joined(X: Floats, Y: Floats, weight: Floats | None, groups: NDArray[np.int64] | None) -> DifferentRows:
    """Equal rows of one group joined."""
    w = np.ones(len(X)) if weight is None else np.asarray(weight, np.float64)
    kept = w > 0
    X, Y, w = np.asarray(X, np.float64)[kept], np.asarray(Y, np.float64)[kept], w[kept]
    own = np.zeros(len(X), np.int64) if groups is None else groups[kept]
    _, first, place = np.unique(np.column_stack([own, X]), axis=0, return_index=True, return_inverse=True)
    place = place.reshape(-1)
    total = np.asarray(np.bincount(place, w), np.float64)
    mean = np.stack([np.bincount(place, w * y) / total for y in Y.T], axis=1)
    return DifferentRows(X[first], mean, total, np.arange(len(first), dtype=np.int64) if groups is None else own[first])


def components(rows: DifferentRows) -> tuple[Floats, Floats, Floats]:
    """Mean `(n_x,)`, standard deviations `(r,)` and directions `(n_x, r)` of the principal components, the largest first."""
    share = rows.weight / rows.weight.sum()
    center = share @ rows.X
    _, s, V = np.linalg.svd(np.sqrt(share)[:, None] * (rows.X - center), full_matrices=False)
    some = s > NOTHING * max(s[0], np.finfo(float).tiny)
    V = V[some] * np.where(V[some].sum(axis=1) < 0, -1.0, 1.0)[:, None]  # else a direction's sign depends on rounding
    return center, s[some], np.ascontiguousarray(V.T)


def chosen(scores: Floats, rows: DifferentRows) -> tuple[int, float]:
    """The number of components, and the linear model's penalty for their scores with a mean square of 1, divided by that number."""
    at = at_most(np.arange(len(scores)), MOST_JUDGED)
    T, weight = scores[at], rows.weight[at]
    Y = rows.Y[at] - np.average(rows.Y[at], axis=0, weights=weight)
    groups = rows.group[at] if len(np.unique(rows.group[at])) < len(at) else None
    counts = [k for k in COMPONENTS if k < T.shape[1]] + [T.shape[1]]
    errors, penalties = [], []
    for k in counts:
        some = T[:, :k] / np.sqrt(np.mean(np.sum(T[:, :k] ** 2, axis=1)))
        (linear, penalty), (other, _) = (left_out(kernel, Y, weight, groups) for kernel in (some @ some.T, relu_kernel(some)))
        errors.append(min(linear, other))
        penalties.append(penalty)
    best = int(np.argmax(np.array(errors) <= NEARLY * min(errors)))
    return counts[best], penalties[best]


def relu_kernel(T: Floats) -> Floats:
    """E relu(w·x + b) relu(w·x′ + b) over standard normal w and b of `BIAS`, times 2π: the kernel of infinitely many ReLU units."""
    A = np.column_stack([T, np.full(len(T), BIAS)])
    length = np.sqrt(np.sum(A**2, axis=1))
    both = np.outer(length, length)
    cosine = np.clip(A @ A.T / both, -1.0, 1.0)
    angle = np.arccos(cosine)
    K = both * (np.sin(angle) + (np.pi - angle) * cosine)
    return np.asarray(K * (len(K) / np.trace(K)))


def left_out(kernel: Floats, Y: Floats, weight: Floats, groups: NDArray[np.int64] | None) -> tuple[float, float]:
    """The least mean squared error of kernel ridge regression on rows that are left out in turn, and its penalty."""
    root = np.sqrt(weight)
    values, V = np.linalg.eigh(root[:, None] * (kernel + FREE_MEAN) * root)
    projected = V.T @ (root[:, None] * Y)
    best = (np.inf, float(PENALTIES[-1]))
    for penalty in PENALTIES:
        d = 1 / (np.maximum(values, 0.0) + penalty)
        residual = V @ (d[:, None] * projected)
        if groups is None:
            wrong = residual / ((V**2) @ d)[:, None]
        else:
            inverse, wrong = (V * d) @ V.T, np.empty_like(residual)
            for group in np.unique(groups):
                own = np.flatnonzero(groups == group)
                wrong[own] = np.linalg.solve(inverse[np.ix_(own, own)], residual[own])
        error = float(np.sum(wrong**2) / weight.sum())  # in units of root · y: Σ w e² / Σ w
        if error < best[0]:
            best = (error, float(penalty))
    return best
