"""Rows held out from training: each network's own, or the user's set for all."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.outputs import logits
from shoal.population import Population, take
from shoal.textbook.outputs import Output

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Validation:
    """What each network is judged on. Networks that share rows are judged in one product.

    `X (m, n_x)`, `Y (m, n_y)`, `weight (m,)` or None; `rows` gives each of K networks its row numbers, None means all rows for all.
    """

    X: Any
    Y: Floats
    weight: Floats | None = None
    rows: tuple[NDArray[np.int64], ...] | None = None


def validate(
    population: Population, validation: Validation, activation: str, g2: Output, active: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Mean loss and score of every active network on its rows, two arrays `(K,)`; NaN for the others."""
    loss, score = np.full(population.K, np.nan), np.full(population.K, np.nan)
    for members, rows in judged_together(validation, active):
        X = validation.X if rows is None else validation.X[rows]
        Y = validation.Y if rows is None else validation.Y[rows]
        weight = None if validation.weight is None else (validation.weight if rows is None else validation.weight[rows])
        Z2 = logits(take(population, members), X, activation)
        L = np.asarray(g2.loss(Z2, Y.T), np.float64)
        loss[members] = np.average(L, axis=-1, weights=weight)
        score[members] = [score_of(g2, z, Y.T, weight) for z in Z2]
    return loss, score


def judged_together(validation: Validation, active: NDArray[np.bool_]) -> list[tuple[NDArray[np.int64], NDArray[np.int64] | None]]:
    """Active members that have the same rows, with these rows."""
    if validation.rows is None:
        return [(np.flatnonzero(active), None)] if active.any() else []
    groups: dict[int, tuple[list[int], NDArray[np.int64]]] = {}
    for k in np.flatnonzero(active):
        groups.setdefault(id(validation.rows[k]), ([], validation.rows[k]))[0].append(int(k))
    return [(np.array(members), rows) for members, rows in groups.values()]


def score_of(g2: Output, Z2: Floats, Y: Floats, weight: Floats | None) -> float:
    """Share of examples whose every label is right, or R² averaged over targets: scikit-learn's accuracy and r2."""
    if g2.name == "softmax":
        return float(np.average(Z2.argmax(axis=0) == Y.argmax(axis=0), weights=weight))
    if g2.name == "sigmoid":
        return float(np.average(((Z2 > 0) == (Y > 0.5)).all(axis=0), weights=weight))
    predicted = np.asarray(g2(Z2), np.float64)[: Y.shape[0]]
    center = np.average(Y, axis=1, weights=weight, keepdims=True)
    residual = np.average((Y - predicted) ** 2, axis=1, weights=weight)
    spread = np.average((Y - center) ** 2, axis=1, weights=weight)
    return float(np.mean(1 - residual / np.where(spread > 0, spread, 1.0)))
