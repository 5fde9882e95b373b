"""Levenberg-Marquardt's sums and steps by `engine/kernels/small_lm.py`, for small networks and few rows."""

from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.arguments import refuse
from shoal.engine.kernels import dispatch_module, small_lm_module
from shoal.engine.layout import NetworkBlock
from shoal.engine.sums import Curvature, n_parameters
from shoal.training.objective import Objective
from shoal.training.rows import ArrayRows
from shoal.types import Floats

MOST = 2_000_000  # multiplications of JᵀJ, a millisecond: beyond, products by the matrix library gain more than Python takes
MOST_PARAMETERS = 64
CROSS_ENTROPY = {"squared_error": False, "sigmoid": True}  # whether the second derivative of a loss of one logit is a (1 − a), or 1


@dataclass(frozen=True)
class SmallRows:
    """What the compiled steps of one block read: `X (n, m)` as the block sees it, `y (1, m)`, `weights (K, m)`, the names of activation
    and loss, and whether there are skip connections.
    """

    X: Floats
    y: Floats
    weights: Floats
    activation: str
    output: str
    skip: bool = False


@cache
def steps() -> ModuleType:
    """The compiled steps."""
    return small_lm_module()


@cache
def addresses(activation: str, output: str, skip: bool) -> NDArray[np.int64]:
    """The addresses of activation and loss in this process, and whether there are skip connections."""
    p = dispatch_module()
    return np.array([p.compiled(p.ACTIVATIONS[activation], False).address, p.compiled(p.LOSSES[output], False).address, skip], np.int64)


def small_rows(o: Objective, block: NetworkBlock) -> SmallRows | None:
    """The rows laid out for the block's networks; None where the compiled steps are not for them."""
    rows, p = o.rows, n_parameters(block.parameters)
    if not isinstance(rows, ArrayRows) or not isinstance(rows.X, np.ndarray):
        return None
    if o.g2.name not in CROSS_ENTROPY or block.units is not None or block.parameters.W2.shape[1] > 1 or p > MOST_PARAMETERS:
        return None
    if len(block.members) * rows.m * p * p > MOST:
        return None
    X, y = np.ascontiguousarray(block.columns_of(rows.X)), np.ascontiguousarray(rows.Y.T)
    return SmallRows(X, y, np.ascontiguousarray(rows.weights), o.activation, o.g2.name, block.parameters.W3 is not None)


def small_curvature(rows: SmallRows, members: NDArray[np.int64], theta: Floats, total: Floats) -> Curvature:
    """`sums.curvature` of the networks `theta (k, p)`, their rows' weight `total (k,)`."""
    k, p = theta.shape
    loss, gradient, JTJ = np.empty(k), np.empty((k, p)), np.empty((k, p, p))
    where = addresses(rows.activation, rows.output, rows.skip)
    refuse(steps().curvature(where, CROSS_ENTROPY[rows.output], rows.X, rows.y, rows.weights, members, theta, loss, gradient, JTJ))
    return Curvature(total, loss, gradient, JTJ)


def small_step(
    rows: SmallRows, members: NDArray[np.int64], theta: Floats, total: Floats, ridge: Floats, rule: Floats, damping: Floats, flat: Floats
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """A whole step of `LevenbergMarquardt.step_block` under a ridge that stays: the parameters and J after it, and who has converged."""
    new, cost, still, where = (
        np.empty_like(theta),
        np.empty(len(theta)),
        np.empty(len(theta), bool),
        addresses(rows.activation, rows.output, rows.skip),
    )
    given: tuple[Any, ...] = (rows.X, rows.y, rows.weights, members, theta, ridge, total)
    refuse(steps().step(where, CROSS_ENTROPY[rows.output], *given, rule, damping, flat, new, cost, still))
    return new, cost, still


def small_descent(
    rows: SmallRows,
    members: NDArray[np.int64],
    theta: Floats,
    found: Curvature,
    ridge: Floats,
    rule: Floats,
    damping: Floats,
) -> tuple[Floats, Floats]:
    """`LevenbergMarquardt.descend`: the parameters after a step and the cost there; `damping (k,)` changes.

    Loss and gradient of `found` have the penalty in them; `rule` is the damping's factor, its least and its most.
    """
    new, after, where = np.empty_like(theta), np.empty_like(found.loss), addresses(rows.activation, rows.output, rows.skip)
    given: tuple[Any, ...] = (rows.X, rows.y, rows.weights, members, theta, ridge, found.loss, found.gradient, found.JTJ, found.weight)
    refuse(steps().descend(where, *given, rule, damping, new, after))
    return new, after
