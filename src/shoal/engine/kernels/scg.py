"""An iteration of scaled conjugate gradients, compiled (Møller 1993, whose letters these are).

`aim` at a point close by, where the gradient shows the curvature along the direction; `see` it, and each trial after it, until one lowers
J. `iterate` does all of it, with the cost of `full_batch.py`; else Python evaluates J between `aim_all` and `see_all`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoal.engine.arguments import FITS, NO_ROOM
from shoal.engine.full_batch import FIRST_SCALE
from shoal.engine.jit.compiler import inner, kernel
from shoal.engine.jit.intrinsics import keep_apart
from shoal.engine.jit.memory import give_back, given, reserve
from shoal.engine.kernels.bounds import misfit_of_costs, misfit_of_descent
from shoal.engine.kernels.full_batch import (
    FULL_EACH,
    FULL_ROWS,
    POINTS,
    DescentPoints,
    cost,
    dot,
    is_finite,
    is_flat,
    workspace,
    workspace_size,
)
from shoal.engine.kernels.train import SHAPE

__all__ = ["ConjugateMemory", "DescentPoints", "aim_all", "iterate", "see_all"]

SIGMA = 1e-4  # of a step that measures the curvature, for any length of the direction; rounding counts 1/σ times, and Møller allows no more
LEAST_SCALE, MOST_SCALE = 1e-15, 1e15
TRIALS = 30  # scales that an iteration tries before it gives up
TOL, LEAST_DECREASE = range(2)  # of `limits`
TRIED, KAPPA, MU, DELTA = range(4)  # of an iteration: trials, δ = pᵀ s, −pᵀ ∂J/∂θ, and the parabola's second derivative


class ConjugateMemory(NamedTuple):
    """What an iteration changes besides the point: the direction p `(K, p)`, the scale λ `(K,)` and the steps since the steepest
    direction `(K,)`.
    """

    direction: NDArray[np.float64]
    scale: NDArray[np.float64]
    since: NDArray[np.int64]


CONJUGATE_MEMORY = ConjugateMemory, "f2 f1 i1"  # as `jit.signatures` names types


@inner
def steepest(now, memory, g):
    """Network g begins again with the steepest descent."""
    memory.since[g] = 0
    for j in range(memory.direction.shape[1]):
        memory.direction[g, j] = -now.gradient[g, j]


@inner
def set_point(now, there, memory, length, g):
    """Where to evaluate J of network g."""
    for j in range(memory.direction.shape[1]):
        there.theta[g, j] = now.theta[g, j] + length * memory.direction[g, j]


@inner
def aim(now, there, memory, search, limits, settled, g):
    """Network g's direction, and the point that measures its curvature; False where J is flat, or no number."""
    keep_apart()
    settled[g] = is_flat(now.gradient, limits[TOL], g)
    if settled[g] or not is_finite(now.gradient, g):
        return False
    if not dot(memory.direction, now.gradient, g) < 0.0:  # there was no direction yet, or rounding or a kink has made it useless
        steepest(now, memory, g)
    search[g, TRIED] = 0.0
    set_point(now, there, memory, SIGMA / max(np.sqrt(dot(memory.direction, memory.direction, g)), 1e-300), g)
    return True


@inner
def attempt(now, there, memory, search, g):
    """The minimum of the scaled parabola is the next trial."""
    squares, kappa, scale = max(dot(memory.direction, memory.direction, g), 1e-300), search[g, KAPPA], memory.scale[g]
    if kappa + scale * squares <= 0.0:  # no maximum, a minimum
        scale = 2.0 * (scale - (kappa + scale * squares) / squares)
    memory.scale[g] = max(scale, LEAST_SCALE)
    search[g, DELTA] = max(kappa + memory.scale[g] * squares, 1e-300)
    search[g, MU] = -dot(memory.direction, now.gradient, g)
    set_point(now, there, memory, search[g, MU] / search[g, DELTA], g)


@inner
def take_step(now, there, memory, mu, g):
    """Network g moves to its trial; the next direction is conjugate to this one."""
    keep_apart()
    p = memory.direction.shape[1]
    turn = (dot(there.gradient, there.gradient, g) - dot(there.gradient, now.gradient, g)) / mu
    now.value[g] = there.value[g]
    for j in range(p):
        now.theta[g, j], now.gradient[g, j] = there.theta[g, j], there.gradient[g, j]
        memory.direction[g, j] = turn * memory.direction[g, j] - now.gradient[g, j]
    memory.since[g] += 1
    if memory.since[g] >= p:
        steepest(now, memory, g)


@inner
def see(now, there, memory, search, limits, settled, g):
    """What J and its gradient at network g's point mean; True where it needs another one, which is set."""
    keep_apart()
    search[g, TRIED] += 1.0
    if search[g, TRIED] == 1.0:
        kappa, length = 0.0, max(np.sqrt(dot(memory.direction, memory.direction, g)), 1e-300)
        for j in range(memory.direction.shape[1]):
            kappa += memory.direction[g, j] * (there.gradient[g, j] - now.gradient[g, j])
        kappa /= SIGMA / length
        search[g, KAPPA] = kappa if np.isfinite(kappa) else 0.0
        attempt(now, there, memory, search, g)
        return True
    mu, delta, scale, value = search[g, MU], search[g, DELTA], memory.scale[g], now.value[g]
    squares = max(dot(memory.direction, memory.direction, g), 1e-300)
    foretold = 2.0 * delta * (value - there.value[g]) / (mu * mu)  # 1 where the parabola foretold the cost
    moved = foretold > 0.0 and is_finite(there.gradient, g)
    if foretold >= 0.75:
        scale /= 4.0
    elif not foretold >= 0.25:  # after a step that failed by far Møller's formula may leap: four times at least, for it must change
        raised = scale + delta * (1.0 - foretold) / squares if np.isfinite(foretold) else 4.0 * scale
        scale = raised if moved else max(raised, 4.0 * scale)
    memory.scale[g] = min(max(scale, LEAST_SCALE), MOST_SCALE)
    if moved:
        take_step(now, there, memory, mu, g)
        gained = value - now.value[g]
        settled[g] = gained <= limits[LEAST_DECREASE] * max(abs(value), 1e-3) or is_flat(now.gradient, limits[TOL], g)
    elif search[g, TRIED] <= TRIALS:
        attempt(now, there, memory, search, g)
        return True
    else:
        settled[g] = memory.since[g] == 0  # along a conjugate direction there may be no lower cost while the steepest has one
        steepest(now, memory, g)
        memory.scale[g] = FIRST_SCALE  # it has grown with every trial, and would make the next steps tiny
    return False


@kernel("i1", POINTS, POINTS, CONJUGATE_MEMORY, "f2 f1 b1 b1")
def aim_all(members, now, there, memory, search, limits, settled, open_):
    """`aim` of the networks `members (k,)`, in `there.theta (K, p)`; `open_ (K,)` are those for which J is asked there.

    The points `now` and the memory change; `search (K, 4)` are numbers of the iteration. Returns 0, or which arrays do not fit the
    others (`arguments.REASONS`).
    """
    wrong = misfit_of_descent(members, (now, there), (memory.direction,), (memory.scale.size, memory.since.size, search.size // 4))
    if wrong != FITS:
        return wrong
    for g in members:
        open_[g] = aim(now, there, memory, search, limits, settled, g)
    return FITS


@kernel("i1", POINTS, POINTS, CONJUGATE_MEMORY, "f2 f1 b1 b1")
def see_all(members, now, there, memory, search, limits, settled, open_):
    """`see` of the networks `members (k,)`; `open_ (K,)` are those for which J is asked again. The rest as `aim_all`."""
    wrong = misfit_of_descent(members, (now, there), (memory.direction,), (memory.scale.size, memory.since.size, search.size // 4))
    if wrong != FITS:
        return wrong
    for g in members:
        open_[g] = see(now, there, memory, search, limits, settled, g)
    return FITS


@kernel(SHAPE, FULL_ROWS, FULL_EACH, "f1 i1 f2 i1", POINTS, POINTS, CONJUGATE_MEMORY, "f2 f1 b1 b1")
def iterate(shape, rows, each, hyper, columns, penalty, members, now, there, memory, search, limits, settled, open_):
    """A whole iteration of the networks `members (k,)`, one after the other; arguments as those of `full_batch.costs` and `see_all`."""
    wrong = misfit_of_costs(shape, rows, each, hyper, columns, penalty, members, now.theta.shape[1])
    if wrong == FITS:
        wrong = misfit_of_descent(members, (now, there), (memory.direction,), (memory.scale.size, memory.since.size, search.size // 4))
    if wrong != FITS:
        return wrong
    room = reserve(now.theta, workspace_size(shape, rows))
    if not given(room):
        return NO_ROOM
    work = workspace(room, shape, rows)
    for g in members:
        open_[g] = aim(now, there, memory, search, limits, settled, g)
        while open_[g]:
            there.value[g] = cost(shape, rows, each, hyper, columns, penalty, g, there.theta[g], there.gradient[g], work)
            open_[g] = see(now, there, memory, search, limits, settled, g)
    give_back(room)
    return FITS
