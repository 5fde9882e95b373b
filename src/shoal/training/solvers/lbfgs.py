"""L-BFGS over all rows for K networks at once: one event per iteration, each network with its own line search.

The two loops over the last ten steps are Nocedal's (Nocedal & Wright, Numerical Optimization, algorithm 7.4). The line
search brackets a step that satisfies the weak Wolfe conditions, by halving and doubling, which a network with kinks needs
(Lewis & Overton 2013); where the step was too long, the next one is at the minimum of a parabola.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shoal.training.solvers.solver import LEAST_DECREASE, Descent, DescentSolver, Step, dot, value_and_gradient
from shoal.types import Floats

PAIRS = 10  # steps that are kept: SciPy's own number
SUFFICIENT, STEEP = 1e-4, 0.9  # Wolfe's two constants for quasi-Newton steps
TRIALS = 30  # points that a line search tries before it gives up


@dataclass(frozen=True)
class Pair:
    """A step and its change of the gradient: `s, y (K, p)`, 1/(sᵀy) `(K,)`, 0 if there is none."""

    s: Floats
    y: Floats
    rho: Floats


@dataclass(frozen=True)
class LBFGSState(Descent):
    """The current point of K networks, and their last steps.

    `pairs` are the kept steps, the oldest first; `scale (K,)` is sᵀy/yᵀy of the last one, 0 before the first;
    `evaluations (K,)` of J.
    """

    pairs: tuple[Pair, ...]
    scale: Floats
    evaluations: NDArray[np.int64]


class LBFGS(DescentSolver[LBFGSState]):
    """Along quasi-Newton directions."""

    def begin(self) -> LBFGSState:
        """No steps are kept."""
        theta, value, gradient = self.start()
        nothing = Pair(np.zeros_like(theta), np.zeros_like(theta), np.zeros(len(theta)))
        return LBFGSState(theta, value, gradient, (nothing,) * PAIRS, np.zeros(len(theta)), np.zeros(len(theta), np.int64))

    def step(self, state: LBFGSState, active: NDArray[np.bool_]) -> tuple[LBFGSState, Step]:
        """One iteration; a network has settled if J is flat, or if no step lowers it."""
        now, state = np.flatnonzero(active), with_own_arrays(state)
        state.evaluations[self.look(state, now)] += 1
        value_before = state.value[now]
        direction = direction_of(state, now)
        slope = dot(direction, state.gradient[now])
        uphill = ~(slope < 0)
        if uphill.any():  # rounding, or a kink, has made the kept steps useless
            state = without_memory(state, now[uphill])
            direction[uphill] = -state.gradient[now[uphill]]
            slope[uphill] = -np.sum(direction[uphill] ** 2, axis=1)
        state, moved = self.search(state, now, direction, slope)
        settled = np.zeros(len(active), bool)
        lost = now[~moved]
        settled[lost] = ~(state.scale[lost] > 0)  # without kept steps that was the steepest direction
        if len(lost):
            state = without_memory(state, lost)
        largest = np.max(np.abs(state.gradient[now]), axis=1)
        gained = value_before - state.value[now]
        still = moved & (gained <= LEAST_DECREASE * np.maximum(np.abs(value_before), 1e-3))
        settled[now] |= (largest <= self.tol) | still
        return state, Step(state.value, settled)

    def resumed(self, state: LBFGSState, earlier: LBFGSState) -> LBFGSState:
        """Continue with the steps of an earlier training."""
        if earlier.theta.shape != state.theta.shape:
            return state
        return replace(state, pairs=earlier.pairs, scale=earlier.scale)

    def spent(self, state: LBFGSState) -> NDArray[np.bool_]:
        """Which networks have used up `max_fun`."""
        return state.evaluations >= self.max_fun

    def search(
        self, state: LBFGSState, members: NDArray[np.int64], direction: Floats, slope: Floats
    ) -> tuple[LBFGSState, NDArray[np.bool_]]:
        """Move each network along its direction to a point that fulfils both conditions, or to the best found; returns which moved."""
        k = len(members)
        at, value, gradient = state.theta[members].copy(), state.value[members].copy(), state.gradient[members].copy()
        low, high, t = np.zeros(k), np.full(k, np.inf), np.ones(k)
        open_ = np.ones(k, bool)
        for _ in range(TRIALS):
            i = np.flatnonzero(open_)
            point = at[i] + t[i, None] * direction[i]
            with np.errstate(over="ignore", invalid="ignore"):  # a step too far: refused below, because NaN is not less
                f, g = value_and_gradient(self.objective, point, members[i])
            state.evaluations[members[i]] += 1
            enough = f <= value[i] + SUFFICIENT * t[i] * slope[i]
            flatter = dot(g, direction[i]) >= STEEP * slope[i]
            good = i[enough]
            state.theta[members[good]], state.value[members[good]], state.gradient[members[good]] = point[enough], f[enough], g[enough]
            low[good] = t[good]
            high[i[~enough]] = t[i[~enough]]
            open_[i[enough & flatter]] = False
            open_ &= state.evaluations[members] < self.max_fun
            if not open_.any():
                break
            t[i] = next_trial(low[i], high[i], t[i], f - value[i], slope[i], enough)
        moved = low > 0
        return remembering(state, members[moved], at[moved], gradient[moved]), moved


def with_own_arrays(state: LBFGSState) -> LBFGSState:
    """A copy to write into; pairs are never written into."""
    names = ("theta", "value", "gradient", "scale", "evaluations")
    return replace(state, **{name: getattr(state, name).copy() for name in names})


def direction_of(state: LBFGSState, members: NDArray[np.int64]) -> Floats:
    """−H ∂J/∂θ with the remembered curvature H, `(k, p)`; the first step has length 1 at most."""
    who = slice(None) if len(members) == len(state.value) else members
    pairs = [pair for pair in state.pairs if pair.rho[who].any()]
    q = state.gradient[who].copy()
    a = []
    for pair in reversed(pairs):
        a.append(pair.rho[who] * dot(pair.s[who], q))
        q -= a[-1][:, None] * pair.y[who]
    first = np.minimum(1.0, 1 / np.maximum(np.sqrt(dot(q, q)), 1e-300))
    q *= np.where(state.scale[who] > 0, state.scale[who], first)[:, None]
    for pair, factor in zip(pairs, reversed(a), strict=True):
        q += (factor - pair.rho[who] * dot(pair.y[who], q))[:, None] * pair.s[who]
    return -q


def remembering(state: LBFGSState, members: NDArray[np.int64], before: Floats, gradient: Floats) -> LBFGSState:
    """The state with the last step in place of the oldest one, if it has information about the curvature."""
    s, y = state.theta[members] - before, state.gradient[members] - gradient
    product, squares = dot(s, y), dot(y, y)
    useful = product > np.finfo(np.float64).eps * squares
    who = members[useful]
    pair = Pair(np.zeros_like(state.theta), np.zeros_like(state.theta), np.zeros(len(state.theta)))
    pair.s[who], pair.y[who], pair.rho[who] = s[useful], y[useful], 1 / product[useful]
    state.scale[who] = product[useful] / squares[useful]
    return replace(state, pairs=(*state.pairs[1:], pair))


def without_memory(state: LBFGSState, members: NDArray[np.int64]) -> LBFGSState:
    """These networks begin again with the steepest descent."""
    pairs = tuple(replace(pair, rho=pair.rho.copy()) for pair in state.pairs)
    for pair in pairs:
        pair.rho[members] = 0.0
    state.scale[members] = 0.0
    return replace(state, pairs=pairs)


def next_trial(low: Floats, high: Floats, t: Floats, rise: Floats, slope: Floats, enough: NDArray[np.bool_]) -> Floats:
    """Where to look next: twice as far while nothing bounds the step, else within its bracket."""
    with np.errstate(all="ignore"):
        parabola = -slope * t**2 / (2 * (rise - slope * t))
    width = np.where(np.isinf(high), 0.0, high - low)
    inside = np.where(enough | ~np.isfinite(parabola) | (low > 0), low + width / 2, np.clip(parabola, low + 0.1 * width, low + 0.9 * width))
    return np.asarray(np.where(np.isinf(high), 2 * t, inside))
