"""What the members of a population answer, together, and which rows each of them has not learned from."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import SparseRows
from shoal.engine.predict import logits
from shoal.engine.threads import one_blas_thread
from shoal.network import Network, in_units
from shoal.types import Floats


@dataclass(frozen=True)
class Held:
    """Rows and targets, and who has not learned from them.

    Attributes
    ----------
    X : array-like, (m, n_x)
        Encoded rows.
    Y : ndarray, (m, n_y)
        Targets as the network learns them.
    weight : ndarray, (m,)
        The weight of each row.
    out : ndarray of bool, (K, m)
        Which members were trained without the row.
    """

    X: Any
    Y: Floats
    weight: Floats
    out: NDArray[np.bool_]

    def over(self, work: "Callable[[Held], tuple[NDArray[Any], ...]]") -> tuple[NDArray[Any], ...]:
        """Numbers for some of the rows."""
        return work(self)


class HeldRows(Protocol):
    """Rows with who has not learned from them, in memory (`Held`) or elsewhere."""

    def over(self, work: Callable[[Held], tuple[NDArray[Any], ...]]) -> tuple[NDArray[Any], ...]:
        """The arrays that the work makes of the rows; those of rows in several places one after the other, along the first axis."""


def all_out(X: Any, Y: Floats, weight: Floats | None, K: int) -> Held:
    """Rows that no member was trained on."""
    return Held(X, Y, np.ones(len(Y)) if weight is None else weight, np.ones((K, len(Y)), bool))


def out_by_member(X: Any, Y: Floats, weight: Floats | None, rows: tuple[NDArray[np.int64], ...]) -> Held:
    """Training rows; member k was not trained on `rows[k]`."""
    out = np.zeros((len(rows), len(Y)), bool)
    for k, mine in enumerate(rows):
        out[k, mine] = True
    return Held(X, Y, np.ones(len(Y)) if weight is None else weight, out)


def learned(X: Any, Y: Floats, weight: Floats | None, K: int) -> Held:
    """Rows that every member was trained on, used if none was held out."""
    return replace(all_out(X, Y, weight, K), out=np.zeros((K, len(Y)), bool))


def taken(held: Held, rows: NDArray[np.int64]) -> Held:
    """Some of the rows; sparse ones stay sparse."""
    return Held(held.X.only(rows) if isinstance(held.X, SparseRows) else held.X[rows], held.Y[rows], held.weight[rows], held.out[:, rows])


def judging(held: Held, alive: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rows of weight above 0 that a living member was not trained on."""
    return np.flatnonzero((held.weight > 0) & (held.out & alive[:, None]).any(axis=0))


def at_most(rows: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """n of these rows, evenly spaced; all where there are no more."""
    return rows if len(rows) <= n else rows[np.linspace(0, len(rows) - 1, n).astype(np.int64)]


@dataclass(frozen=True)
class Answers:
    """Predictions of K members for m rows.

    Attributes
    ----------
    Z2 : ndarray, (K, n_z, m)
        Their logits, float64.
    values : ndarray, (K, m, n_y)
        Their predictions in the target's units; probabilities for classes.
    variances : ndarray, (K, m, n_y), or None
        For a Gaussian output the learned variances, in squares of the target's units.
    """

    Z2: Floats
    values: Floats
    variances: Floats | None


def answers(network: Network, X: Any) -> Answers:
    """The predictions of every member for encoded rows `X (m, n_x)`."""
    with one_blas_thread():  # products of a few milliseconds: with several threads, waiting for each other would cost much more
        Z2 = logits(network.population, X, network.activation).astype(np.float64)
    A2 = [network.g2(z) for z in Z2]
    values = np.stack([in_units(network, a) for a in A2])
    if not network.g2.unit.states_variance:
        return Answers(Z2, values, None)
    scale = np.ones(values.shape[2]) if network.target is None else network.target.scale
    return Answers(Z2, values, np.stack([network.g2.unit.of_variances(a).T * scale**2 for a in A2]))


def weights_of(network: Network, chosen: NDArray[np.bool_]) -> Floats:
    """Weights of the chosen members for every row `(K, m)`, normalized to add up to 1; all 0 if none is chosen."""
    shares = network.shares[:, None] * chosen
    return np.asarray(shares / np.where(shares.any(axis=0), shares.sum(axis=0), 1.0))


def together(network: Network, outputs: Answers, weights: Floats) -> Floats:
    """The prediction `(m, n_y)` of the members, combined as in the network, with separate weights `(K, m)` for each row."""
    return in_units(network, network.g2(np.einsum("km,kzm->zm", weights, outputs.Z2)))


def mean_variance(outputs: Answers, weights: Floats) -> Floats:
    """The mean of the members' own variances, `(m, n_y)`; 1 if the output has none."""
    if outputs.variances is None:
        return np.ones(outputs.values.shape[1:])
    return np.asarray(np.einsum("km,kmo->mo", weights, outputs.variances))


def spread(values: Floats, weights: Floats) -> Floats:
    """Unbiased weighted variance of members' values `(K, m, n_y)` around their mean, `(m, n_y)`; 0 for a single member.

    Σ w (v − v̄)² / (1 − Σ w²) with weights that add up to 1: for K equal ones the sum of squares divided by K − 1.
    """
    mean = np.einsum("km,kmo->mo", weights, values)
    squares = np.einsum("km,kmo->mo", weights, (values - mean) ** 2)
    left = 1.0 - np.sum(weights**2, axis=0)
    return np.asarray(np.where(left[:, None] > 1e-9, squares / np.maximum(left, 1e-9)[:, None], 0.0))


def kinds_of(network: Network) -> NDArray[np.int64]:
    """A number for each member `(K,)`, equal for members that see the same inputs."""
    return np.asarray(np.unique(network.population.inputs, axis=0, return_inverse=True)[1].ravel())


def spread_within(network: Network, values: Floats, weights: Floats) -> Floats:
    """As `spread`, for members that see the same inputs: one for each kind, `(kinds, m, n_y)`; NaN if fewer than two have a weight.

    The difference between kinds is not random, and does not average out with more members.
    """
    of_kind = []
    for mine in of_each_kind(network, weights):
        several = np.count_nonzero(mine, axis=0) > 1
        mine = mine / np.where(several, mine.sum(axis=0), 1.0)
        of_kind.append(np.where(several[:, None], spread(values, mine), np.nan))
    return np.stack(of_kind)


def of_each_kind(network: Network, weights: Floats) -> Floats:
    """Weights `(K, m)`, those of each kind alone: `(kinds, K, m)`, 0 for the others."""
    kinds = kinds_of(network)
    return np.stack([weights * (kinds == kind)[:, None] for kind in range(kinds.max() + 1)])
