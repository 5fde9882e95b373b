"""Rows that a network can be judged on: which of its members have learned nothing from them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import SparseRows
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
        What each row counts.
    out : ndarray of bool, (K, m)
        Which members were trained without the row.
    """

    X: Any
    Y: Floats
    weight: Floats
    out: NDArray[np.bool_]


def all_out(X: Any, Y: Floats, weight: Floats | None, K: int) -> Held:
    """Rows that no member has learned from."""
    return Held(X, Y, np.ones(len(Y)) if weight is None else weight, np.ones((K, len(Y)), bool))


def out_by_member(X: Any, Y: Floats, weight: Floats | None, rows: tuple[NDArray[np.int64], ...]) -> Held:
    """Training rows of which member k has not learned from `rows[k]`."""
    out = np.zeros((len(rows), len(Y)), bool)
    for k, mine in enumerate(rows):
        out[k, mine] = True
    return Held(X, Y, np.ones(len(Y)) if weight is None else weight, out)


def learned(X: Any, Y: Floats, weight: Floats | None, K: int) -> Held:
    """Rows that every member has learned from: what is left where none was held out."""
    return replace(all_out(X, Y, weight, K), out=np.zeros((K, len(Y)), bool))


def taken(held: Held, rows: NDArray[np.int64]) -> Held:
    """Some of the rows; sparse ones stay sparse."""
    return Held(held.X.only(rows) if isinstance(held.X, SparseRows) else held.X[rows], held.Y[rows], held.weight[rows], held.out[:, rows])


def judging(held: Held, alive: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rows that count and that a living member can be judged on."""
    return np.flatnonzero((held.weight > 0) & (held.out & alive[:, None]).any(axis=0))


def at_most(rows: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """n of these rows, evenly spaced; all where there are no more."""
    return rows if len(rows) <= n else rows[np.linspace(0, len(rows) - 1, n).astype(np.int64)]
