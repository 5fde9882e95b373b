"""L-BFGS over all rows, K networks side by side: one event an iteration, each network with a line search of its own.

The two loops over the last ten steps are Nocedal's (Nocedal & Wright, Numerical Optimization, algorithm 7.4). The line
search brackets a step that satisfies the weak Wolfe conditions, by halving and doubling, which a network with kinks needs
(Lewis & Overton 2013); where the step was too long, the next one is at the minimum of a parabola.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoal.training.objective import Objective, value_and_gradient
from shoal.training.walk import LEAST_DECREASE, Walk, dot
from shoal.types import Floats

PAIRS = 10  # steps remembered: SciPy's own number
SUFFICIENT, STEEP = 1e-4, 0.9  # Wolfe's two constants for quasi-Newton steps
TRIALS = 30  # points a line search looks at before it gives up


@dataclass
class Steps:
    """The last steps and what they did to the gradient: `s, y (PAIRS, K, p)`, 1/(sᵀy) `(PAIRS, K)`, 0 where there is none.

    The place `newest` is written next, over the oldest; `scale (K,)` is sᵀy/yᵀy of the last one, 0 before the first.
    """

    s: Floats
    y: Floats
    rho: Floats
    scale: Floats
    newest: int = 0


def nothing_yet(K: int, p: int) -> Steps:
    """No steps to remember."""
    return Steps(np.zeros((PAIRS, K, p)), np.zeros((PAIRS, K, p)), np.zeros((PAIRS, K)), np.zeros(K))


class LBFGS(Walk):
    """Along quasi-Newton directions."""

    def __init__(self, objective: Objective, tol: float, max_fun: int) -> None:
        super().__init__(objective, tol)
        self.max_fun = max_fun
        K, p = self.theta.shape
        self.steps = nothing_yet(K, p)
        self.evaluations = np.zeros(K, np.int64)

    def step(self, active: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
        """One iteration; returns J after it `(K,)` and which networks have settled (flat, or out of steps)."""
        now = np.flatnonzero(active)
        self.evaluations[self.begin(now)] += 1
        begun_at = self.value[now]
        direction = self.direction(now)
        slope = dot(direction, self.gradient[now])
        uphill = ~(slope < 0)
        if uphill.any():  # rounding, or a kink, has spoilt the memory
            self.forget(now[uphill])
            direction[uphill] = -self.gradient[now[uphill]]
            slope[uphill] = -np.sum(direction[uphill] ** 2, axis=1)
        moved = self.search(now, direction, slope)
        settled = np.zeros(len(active), bool)
        lost = now[~moved]
        settled[lost] = ~self.remembers(lost)  # without a memory that was the steepest way down
        self.forget(lost)
        largest = np.max(np.abs(self.gradient[now]), axis=1)
        gained = begun_at - self.value[now]
        still = moved & (gained <= LEAST_DECREASE * np.maximum(np.abs(begun_at), 1e-3))
        settled[now] |= (largest <= self.tol) | still
        return self.value.copy(), settled

    def memory(self) -> Steps:
        """What a later run goes on with."""
        return self.steps

    def take_over(self, memory: Steps) -> None:
        """Go on with the steps of an earlier run, where they are of networks of the same size."""
        if memory.s.shape == self.steps.s.shape:
            self.steps = memory

    def spent(self) -> NDArray[np.bool_]:
        """Which networks have used up `max_fun`."""
        return self.evaluations >= self.max_fun

    def direction(self, members: NDArray[np.int64]) -> Floats:
        """−H ∂J/∂θ with the remembered curvature H, `(k, p)`; the first step has length 1 at most."""
        steps, who = self.steps, slice(None) if len(members) == len(self.value) else members
        order = [(steps.newest + i) % PAIRS for i in range(PAIRS)]  # the oldest first
        order = [i for i in order if steps.rho[i][who].any()]
        q = self.gradient[who].copy()
        a = {}
        for i in reversed(order):
            a[i] = steps.rho[i][who] * dot(steps.s[i][who], q)
            q -= a[i][:, None] * steps.y[i][who]
        first = np.minimum(1.0, 1 / np.maximum(np.sqrt(dot(q, q)), 1e-300))
        q *= np.where(steps.scale[who] > 0, steps.scale[who], first)[:, None]
        for i in order:
            q += (a[i] - steps.rho[i][who] * dot(steps.y[i][who], q))[:, None] * steps.s[i][who]
        return -q

    def search(self, members: NDArray[np.int64], direction: Floats, slope: Floats) -> NDArray[np.bool_]:
        """Move each network along its direction to a point of both conditions, or to the best found; returns which moved."""
        k = len(members)
        at, value, gradient = self.theta[members].copy(), self.value[members].copy(), self.gradient[members].copy()
        low, high, t = np.zeros(k), np.full(k, np.inf), np.ones(k)
        open_ = np.ones(k, bool)
        for _ in range(TRIALS):
            i = np.flatnonzero(open_)
            point = at[i] + t[i, None] * direction[i]
            with np.errstate(over="ignore", invalid="ignore"):  # a step too far: refused below, for NaN is not less
                f, g = value_and_gradient(self.objective, point, members[i])
            self.evaluations[members[i]] += 1
            enough = f <= value[i] + SUFFICIENT * t[i] * slope[i]
            flatter = dot(g, direction[i]) >= STEEP * slope[i]
            good = i[enough]
            self.theta[members[good]], self.value[members[good]], self.gradient[members[good]] = point[enough], f[enough], g[enough]
            low[good] = t[good]
            high[i[~enough]] = t[i[~enough]]
            open_[i[enough & flatter]] = False
            open_ &= self.evaluations[members] < self.max_fun
            if not open_.any():
                break
            t[i] = next_trial(low[i], high[i], t[i], f - value[i], slope[i], enough)
        moved = low > 0
        self.remember(members[moved], at[moved], gradient[moved])
        return moved

    def remember(self, members: NDArray[np.int64], before: Floats, gradient: Floats) -> None:
        """The step just made, where it says something about the curvature."""
        s, y = self.theta[members] - before, self.gradient[members] - gradient
        product, squares = dot(s, y), dot(y, y)
        useful = product > np.finfo(np.float64).eps * squares
        who, steps = members[useful], self.steps
        steps.rho[steps.newest] = 0.0
        steps.s[steps.newest, who], steps.y[steps.newest, who] = s[useful], y[useful]
        steps.rho[steps.newest, who] = 1 / product[useful]
        steps.scale[who] = product[useful] / squares[useful]
        steps.newest = (steps.newest + 1) % PAIRS

    def remembers(self, members: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which networks have steps to go by."""
        return np.asarray(self.steps.scale[members] > 0)

    def forget(self, members: NDArray[np.int64]) -> None:
        """Begin again with the steepest descent."""
        self.steps.rho[:, members] = 0.0
        self.steps.scale[members] = 0.0


def next_trial(low: Floats, high: Floats, t: Floats, rise: Floats, slope: Floats, enough: NDArray[np.bool_]) -> Floats:
    """Where to look next: twice as far while nothing bounds the step, else within its bracket."""
    with np.errstate(all="ignore"):
        parabola = -slope * t**2 / (2 * (rise - slope * t))
    width = np.where(np.isinf(high), 0.0, high - low)
    inside = np.where(enough | ~np.isfinite(parabola) | (low > 0), low + width / 2, np.clip(parabola, low + 0.1 * width, low + 0.9 * width))
    return np.asarray(np.where(np.isinf(high), 2 * t, inside))
