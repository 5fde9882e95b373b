"""An iteration of resilient backpropagation, compiled: iRprop⁺ (Igel & Hüsken 2003, after Riedmiller & Braun 1993).

`aim` at the end of the step; `see` whether J is a number there. `iterate` does both, with the cost of `full_batch.py`; else Python
evaluates J between `aim_all` and `see_all`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoal.engine.arguments import FITS, NO_ROOM
from shoal.engine.full_batch import GROW, LEAST, MOST, SHRINK
from shoal.engine.jit.compiler import inner, kernel
from shoal.engine.jit.intrinsics import keep_apart
from shoal.engine.jit.memory import give_back, given, reserve
from shoal.engine.kernels.bounds import misfit_of_costs, misfit_of_descent
from shoal.engine.kernels.full_batch import FULL_EACH, FULL_ROWS, POINTS, DescentPoints, cost, is_finite, is_flat, workspace, workspace_size
from shoal.engine.kernels.train import SHAPE

__all__ = ["DescentPoints", "SignMemory", "aim_all", "iterate", "see_all"]


class SignMemory(NamedTuple):
    """What an iteration changes besides the point: the weights' steps `size (K, p)`, the last move `move (K, p)`, the derivative before
    it `before (K, p)` and J there `risen_from (K,)`.
    """

    size: NDArray[np.float64]
    move: NDArray[np.float64]
    before: NDArray[np.float64]
    risen_from: NDArray[np.float64]


SIGN_MEMORY = SignMemory, "f2 f2 f2 f1"  # as `jit.signatures` names types


@inner
def aim(now, there, memory, g):
    """Network g's step: each weight's own, by the signs of its derivatives alone."""
    keep_apart()
    risen = now.value[g] > memory.risen_from[g]
    for j in range(memory.size.shape[1]):
        slope, size = now.gradient[g, j], memory.size[g, j]
        before = memory.before[g, j]
        if (slope > 0.0 and before < 0.0) or (slope < 0.0 and before > 0.0):  # the derivative has turned: the step was too long
            size = min(max(size * SHRINK, LEAST), MOST)
            memory.move[g, j] = -memory.move[g, j] if risen else 0.0
            memory.before[g, j] = 0.0
        else:
            kept = (slope > 0.0 and before > 0.0) or (slope < 0.0 and before < 0.0)
            size = min(max(size * GROW if kept else size, LEAST), MOST)
            memory.move[g, j] = -size if slope > 0.0 else (size if slope < 0.0 else 0.0)
            memory.before[g, j] = slope
        memory.size[g, j] = size
        there.theta[g, j] = now.theta[g, j] + memory.move[g, j]
    memory.risen_from[g] = now.value[g]


@inner
def see(now, there, memory, tol, settled, g):
    """Network g moves to the end of its step, unless J is no number there: then it stays, and all of its steps are halved."""
    keep_apart()
    fine = np.isfinite(there.value[g]) and is_finite(there.gradient, g)
    if fine:
        now.value[g] = there.value[g]
    still = True
    for j in range(memory.size.shape[1]):
        if fine:
            now.theta[g, j], now.gradient[g, j] = there.theta[g, j], there.gradient[g, j]
        else:
            memory.size[g, j] = max(memory.size[g, j] * SHRINK, LEAST)
            memory.move[g, j] = memory.before[g, j] = 0.0
        still = still and (memory.size[g, j] <= LEAST or now.gradient[g, j] == 0.0)
    settled[g] = still or is_flat(now.gradient, tol, g)


@kernel("i1", POINTS, POINTS, SIGN_MEMORY)
def aim_all(members, now, there, memory):
    """`aim` of the networks `members (k,)`, in `there.theta (K, p)`, where J is asked for.

    The points `now` and the memory change. Returns 0, or which arrays do not fit the others (`arguments.REASONS`).
    """
    wrong = misfit_of_descent(members, (now, there), (memory.size, memory.move, memory.before), (memory.risen_from.size,))
    if wrong != FITS:
        return wrong
    for g in members:
        aim(now, there, memory, g)
    return FITS


@kernel("i1", POINTS, POINTS, SIGN_MEMORY, "f b1")
def see_all(members, now, there, memory, tol, settled):
    """`see` of the networks `members (k,)`; `settled (K,)` are those that are flat or no longer change. The rest as `aim_all`."""
    wrong = misfit_of_descent(members, (now, there), (memory.size, memory.move, memory.before), (memory.risen_from.size,))
    if wrong != FITS:
        return wrong
    for g in members:
        see(now, there, memory, tol, settled, g)
    return FITS


@kernel(SHAPE, FULL_ROWS, FULL_EACH, "f1 i1 f2 i1", POINTS, POINTS, SIGN_MEMORY, "f b1")
def iterate(shape, rows, each, hyper, columns, penalty, members, now, there, memory, tol, settled):
    """A whole iteration of the networks `members (k,)`, one after the other; arguments as those of `full_batch.costs` and `see_all`."""
    wrong = misfit_of_costs(shape, rows, each, hyper, columns, penalty, members, now.theta.shape[1])
    if wrong == FITS:
        wrong = misfit_of_descent(members, (now, there), (memory.size, memory.move, memory.before), (memory.risen_from.size,))
    if wrong != FITS:
        return wrong
    room = reserve(now.theta, workspace_size(shape, rows))
    if not given(room):
        return NO_ROOM
    work = workspace(room, shape, rows)
    for g in members:
        aim(now, there, memory, g)
        there.value[g] = cost(shape, rows, each, hyper, columns, penalty, g, there.theta[g], there.gradient[g], work)
        see(now, there, memory, tol, settled, g)
    give_back(room)
    return FITS
