"""An iteration of L-BFGS, compiled: a direction, a line search, and what is remembered of the step.

The two loops over the last steps are Nocedal's (Nocedal & Wright, Numerical Optimization, algorithm 7.4). The line search brackets a step
that satisfies the weak Wolfe conditions, by halving and doubling, which a network with kinks needs (Lewis & Overton 2013); where the step
was too long, the next one is at the minimum of a parabola.

One iteration of one network: `aim` at a first point; evaluate J there; `see` what it is worth, until that one closes the search. `iterate`
does all of it, with the cost of `full_batch.py`. For rows elsewhere and for larger networks Python evaluates J between `aim_all` and
`see_all`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoal.engine.arguments import FITS, NO_ROOM
from shoal.engine.full_batch import PAIRS
from shoal.engine.jit.compiler import inner, kernel
from shoal.engine.jit.intrinsics import keep_apart
from shoal.engine.jit.memory import array_at, few, give_back, given, reserve
from shoal.engine.kernels.bounds import misfit_of_costs, misfit_of_iteration
from shoal.engine.kernels.full_batch import FULL_EACH, FULL_ROWS, POINTS, DescentPoints, cost, dot, is_flat, workspace, workspace_size
from shoal.engine.kernels.train import SHAPE

__all__ = ["DescentPoints", "StepMemory", "aim_all", "iterate", "next_trial", "see_all"]

SUFFICIENT, STEEP = 1e-4, 0.9  # Wolfe's two constants for quasi-Newton steps
TRIALS = 30  # points that a line search tries before it gives up
TOL, LEAST_DECREASE, MOST_EVALUATIONS = range(3)  # of `limits (3,)`
LOW, HIGH, AT, SLOPE, TRIED = range(5)  # of a line search: the bracket, the present trial, the derivative along the direction, trials


class StepMemory(NamedTuple):
    """What an iteration changes besides the points: 1/(sᵀy) of the last steps `rho (K, PAIRS + 1)`, 0 where there is none, the oldest
    first and the new one last; sᵀy/yᵀy of the last one `scale (K,)`, 0 before the first; `evaluations (K,)` of J.
    """

    rho: NDArray[np.float64]
    scale: NDArray[np.float64]
    evaluations: NDArray[np.int64]


STEP_MEMORY = StepMemory, "f2 f1 i1"  # as `jit.signatures` names types
STEPS = tuple, " ".join(["f3"] * (PAIRS + 1))  # the last steps, the oldest first and the new one last: each s and y `(2, K, p)`
SEARCH = "f2 f2"  # the directions `(K, p)` and the numbers of the line searches `(K, 5)`


@inner
def dot_pair(pair, part, A, g):
    """s (`part` 0) or y (1) of network g times row g of A."""
    total = 0.0
    for j in range(A.shape[1]):
        total += pair[part, g, j] * A[g, j]
    return total


@inner
def add_pair(factor, pair, part, A, g):
    """Row g of A plus so many times s (`part` 0) or y (1) of network g."""
    for j in range(A.shape[1]):
        A[g, j] += factor * pair[part, g, j]


@inner
def forget(memory, g):
    """Network g begins again with the steepest descent."""
    memory.scale[g] = 0.0
    for i in range(memory.rho.shape[1]):
        memory.rho[g, i] = 0.0


@inner
def quasi_newton(before, steps, memory, direction, g):
    """−H ∂J/∂θ with the remembered curvature H; the first step has length 1 at most."""
    keep_apart()
    factors = array_at(few(memory.scale[g], PAIRS), PAIRS)
    factors[:] = 0.0
    for j in range(direction.shape[1]):
        direction[g, j] = before.gradient[g, j]
    for i in range(PAIRS - 1, -1, -1):
        if memory.rho[g, i] > 0.0:
            factors[i] = memory.rho[g, i] * dot_pair(steps[i], 0, direction, g)
            add_pair(-factors[i], steps[i], 1, direction, g)
    length = memory.scale[g]
    if not length > 0.0:
        length = min(1.0, 1.0 / max(np.sqrt(dot(direction, direction, g)), 1e-300))
    for j in range(direction.shape[1]):
        direction[g, j] *= length
    for i in range(PAIRS):
        if memory.rho[g, i] > 0.0:
            add_pair(factors[i] - memory.rho[g, i] * dot_pair(steps[i], 1, direction, g), steps[i], 0, direction, g)
    for j in range(direction.shape[1]):
        direction[g, j] = -direction[g, j]


@inner
def set_trial(before, there, direction, search, g):
    """The trial point of network g."""
    for j in range(direction.shape[1]):
        there.theta[g, j] = before.theta[g, j] + search[g, AT] * direction[g, j]


@inner
def aim(before, there, steps, memory, direction, search, g):
    """Network g's direction and its first trial, the whole step."""
    keep_apart()
    quasi_newton(before, steps, memory, direction, g)
    slope = dot(direction, before.gradient, g)
    if not slope < 0.0:  # rounding, or a kink, has made the kept steps useless
        forget(memory, g)
        for j in range(direction.shape[1]):
            direction[g, j] = -before.gradient[g, j]
        slope = -dot(direction, direction, g)
    search[g, LOW], search[g, HIGH], search[g, AT], search[g, SLOPE], search[g, TRIED] = 0.0, np.inf, 1.0, slope, 0.0
    set_trial(before, there, direction, search, g)


@inner
def next_trial(low, high, t, rise, slope, enough):
    """Where to look next: twice as far while nothing bounds the step, else within its bracket. J has risen by `rise` at the trial t."""
    if np.isinf(high):
        return 2.0 * t
    width = high - low
    parabola = -slope * t * t / (2.0 * (rise - slope * t))
    if enough or low > 0.0 or not np.isfinite(parabola):
        return low + width / 2.0
    return min(max(parabola, low + 0.1 * width), low + 0.9 * width)


@inner
def see(before, now, there, steps, memory, direction, search, limits, settled, g):
    """What J at network g's trial means; True where it needs another trial, which is set. Else the step is taken and remembered."""
    keep_apart()
    t, value, slope = search[g, AT], there.value[g], search[g, SLOPE]
    memory.evaluations[g] += 1
    search[g, TRIED] += 1.0
    enough = value <= before.value[g] + SUFFICIENT * t * slope  # not where J is NaN: a step too far
    flatter = dot(there.gradient, direction, g) >= STEEP * slope
    if enough:
        now.value[g] = value
        for j in range(direction.shape[1]):
            now.theta[g, j], now.gradient[g, j] = there.theta[g, j], there.gradient[g, j]
        search[g, LOW] = t
    else:
        search[g, HIGH] = t
    if (enough and flatter) or memory.evaluations[g] >= limits[MOST_EVALUATIONS] or search[g, TRIED] >= TRIALS:
        finish(before, now, steps[PAIRS], memory, search, limits, settled, g)
        return False
    search[g, AT] = next_trial(search[g, LOW], search[g, HIGH], t, value - before.value[g], slope, enough)
    set_trial(before, there, direction, search, g)
    return True


@inner
def finish(before, now, pair, memory, search, limits, settled, g):
    """Remember network g's step; it has settled if J is flat, if the step lowers it by next to nothing, or if no step does."""
    keep_apart()
    settled[g] = is_flat(now.gradient, limits[TOL], g)
    if not search[g, LOW] > 0.0:
        settled[g] = settled[g] or not memory.scale[g] > 0.0  # without kept steps that was the steepest direction
        forget(memory, g)
        return
    gained = before.value[g] - now.value[g]
    settled[g] = settled[g] or gained <= limits[LEAST_DECREASE] * max(abs(before.value[g]), 1e-3)
    for j in range(now.theta.shape[1]):
        pair[0, g, j] = now.theta[g, j] - before.theta[g, j]
        pair[1, g, j] = now.gradient[g, j] - before.gradient[g, j]
    product, squares = dot_pair(pair, 0, pair[1], g), dot_pair(pair, 1, pair[1], g)
    if product > np.finfo(np.float64).eps * squares:  # it has information about the curvature
        memory.rho[g, PAIRS] = 1.0 / product
        memory.scale[g] = product / squares


@kernel("i1", POINTS, POINTS, POINTS, STEPS, STEP_MEMORY, SEARCH)
def aim_all(members, before, now, there, steps, memory, direction, search):
    """`aim` of the networks `members (k,)`; the trials are in `there.theta (K, p)`, where J is asked for.

    `before` are the points at which the iteration begins, `now` copies of them that it changes, as it does `memory` and the last of
    `steps`. Returns 0, or which arrays do not fit the others (`arguments.REASONS`).
    """
    wrong = misfit_of_iteration(members, (before, now, there), steps, memory, direction, search)
    if wrong != FITS:
        return wrong
    for g in members:
        aim(before, there, steps, memory, direction, search, g)
    return FITS


@kernel("i1", POINTS, POINTS, POINTS, STEPS, STEP_MEMORY, SEARCH, "f1 b1 b1")
def see_all(members, before, now, there, steps, memory, direction, search, limits, settled, open_):
    """`see` of the networks `members (k,)`; `open_ (K,)` are those that need another trial. The rest as `aim_all`."""
    wrong = misfit_of_iteration(members, (before, now, there), steps, memory, direction, search)
    if wrong != FITS:
        return wrong
    for g in members:
        open_[g] = see(before, now, there, steps, memory, direction, search, limits, settled, g)
    return FITS


@kernel(SHAPE, FULL_ROWS, FULL_EACH, "f1 i1 f2 i1", POINTS, POINTS, POINTS, STEPS, STEP_MEMORY, SEARCH, "f1 b1")
def iterate(shape, rows, each, hyper, columns, penalty, members, before, now, there, steps, memory, direction, search, limits, settled):
    """A whole iteration of the networks `members (k,)`, one after the other; arguments as those of `full_batch.costs` and `see_all`."""
    wrong = misfit_of_costs(shape, rows, each, hyper, columns, penalty, members, before.theta.shape[1])
    if wrong == FITS:
        wrong = misfit_of_iteration(members, (before, now, there), steps, memory, direction, search)
    if wrong != FITS:
        return wrong
    room = reserve(direction, workspace_size(shape, rows))
    if not given(room):
        return NO_ROOM
    work = workspace(room, shape, rows)
    for g in members:
        aim(before, there, steps, memory, direction, search, g)
        another = True
        while another:
            there.value[g] = cost(shape, rows, each, hyper, columns, penalty, g, there.theta[g], there.gradient[g], work)
            another = see(before, now, there, steps, memory, direction, search, limits, settled, g)
    give_back(room)
    return FITS
