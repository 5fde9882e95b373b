"""Levenberg-Marquardt's sums and step, compiled, for networks so small that Python would take longer than the arithmetic.

Of one logit with squared errors or cross-entropy, whose second derivative is 1 or a (1 − a). A network's parameters stand in one row θ: W1,
b1, W2, b2, and W3 where it has skip connections. The same numbers as `sums.curvature` and
`LevenbergMarquardt.descend`, held equal by `tests/unit/test_small_lm.py`.
"""

import math

from shoal.engine.arguments import FITS, NO_ROOM, OF_STEPS
from shoal.engine.jit.compiler import inner, kernel
from shoal.engine.jit.intrinsics import keep_apart
from shoal.engine.jit.memory import array_at, behind, give_back, given, reserve
from shoal.engine.kernels.bounds import misfit_of_small_steps, misfit_of_sums
from shoal.engine.kernels.dispatch import activate, output_errors


@inner
def forward(addresses, theta, X, y, Z, S, Z2, D, L):
    """One network: Z becomes A1 `(h, m)` and S g′(Z1), Z2 the logit, D = ∂L/∂Z2 and L each example's loss; `X (n, m)`, `y (1, m)`."""
    n, m = X.shape
    h = Z.shape[0]
    b1, W2, b2 = h * n, h * n + h, h * n + 2 * h
    for c in range(h):
        bias = theta[b1 + c]
        for i in range(m):
            Z[c, i] = bias
        for j in range(n):
            w = theta[c * n + j]
            for i in range(m):
                Z[c, i] += w * X[j, i]
    start = 0 * n  # a number, not the literal 0, for which the functions would be compiled once more
    activate(addresses[0], Z, S, start, h * m)
    for i in range(m):
        Z2[0, i] = theta[b2]
    for c in range(h):
        w = theta[W2 + c]
        for i in range(m):
            Z2[0, i] += w * Z[c, i]
    for j in range(theta.size - b2 - 1):
        w = theta[b2 + 1 + j]
        for i in range(m):
            Z2[0, i] += w * X[j, i]
    output_errors(addresses[1], Z2, y, D, L, theta, start + 1, start + 1, m)


@inner
def arrays_of_rows(room, h, m):
    """Z and S `(h, m)`, Z2 and D `(1, m)`, and L `(m,)` over 2 h m + 3 m numbers."""
    Z, S, of_outputs = array_at(room, (h, m)), array_at(behind(room, h * m), (h, m)), behind(room, 2 * h * m)
    return Z, S, array_at(of_outputs, (1, m)), array_at(behind(of_outputs, m), (1, m)), array_at(behind(of_outputs, 2 * m), m)


@inner
def jacobian(theta, X, S, A1, J):
    """Each example's derivatives of the logit by every parameter, `(p, m)`."""
    n, m = X.shape
    h = S.shape[0]
    b1, W2, b2 = h * n, h * n + h, h * n + 2 * h
    for c in range(h):
        w = theta[W2 + c]
        for i in range(m):
            J[b1 + c, i] = w * S[c, i]
            J[W2 + c, i] = A1[c, i]
        for j in range(n):
            for i in range(m):
                J[c * n + j, i] = J[b1 + c, i] * X[j, i]
    for i in range(m):
        J[b2, i] = 1.0
    for j in range(theta.size - b2 - 1):
        for i in range(m):
            J[b2 + 1 + j, i] = X[j, i]


@inner
def dot(A, q, B, r):
    """Row q of A times row r of B."""
    total = 0.0
    for i in range(A.shape[1]):
        total += A[q, i] * B[r, i]
    return total


@inner
def sums_of_curvature(addresses, cross_entropy, X, y, weights, members, theta, loss, gradient, JTJ):
    """`curvature`."""
    keep_apart()
    wrong = misfit_of_small_steps(addresses, X, y, weights, members, theta)
    if wrong == FITS:
        wrong = misfit_of_sums(theta.shape[0], theta.shape[1], loss, gradient, JTJ)
    if wrong != FITS:
        return wrong
    k, p = theta.shape
    n, m = X.shape
    h = (p - 1) // (n + 2)
    own = 2 * h * m + 3 * m
    room = reserve(theta, own + 2 * p * m)
    if not given(room):
        return NO_ROOM
    Z, S, Z2, D, L = arrays_of_rows(room, h, m)
    J, R = array_at(behind(room, own), (p, m)), array_at(behind(room, own + p * m), (p, m))
    for g in range(k):
        w = weights[members[g]]
        forward(addresses, theta[g], X, y, Z, S, Z2, D, L)
        jacobian(theta[g], X, S, Z, J)
        total = 0.0
        for i in range(m):
            total += w[i] * L[i]
            a = D[0, i] + y[0, i]
            Z2[0, i] = w[i] * (a * (1.0 - a) if cross_entropy else 1.0)
            D[0, i] *= w[i]
        loss[g] = total
        for q in range(p):
            gradient[g, q] = dot(J, q, D, 0)
            for i in range(m):
                R[q, i] = J[q, i] * Z2[0, i]
            for r in range(q + 1):
                JTJ[g, q, r] = dot(R, q, J, r)
                JTJ[g, r, q] = JTJ[g, q, r]
    give_back(room)
    return FITS


@inner
def solve(A, x):
    """x becomes A⁻¹ x by Cholesky's factor, which takes the place of A's lower half; False where A is not positive definite."""
    p = x.size
    for j in range(p):
        for i in range(j, p):
            total = A[i, j]
            for q in range(j):
                total -= A[i, q] * A[j, q]
            if i == j:
                if not total > 0.0:
                    return False
                A[j, j] = math.sqrt(total)
            else:
                A[i, j] = total / A[j, j]
        for q in range(j):
            x[j] -= A[j, q] * x[q]
        x[j] /= A[j, j]
    for j in range(p - 1, -1, -1):
        x[j] /= A[j, j]
        for q in range(j):
            x[q] -= A[j, q] * x[j]
    return True


@inner
def lower(addresses, X, y, weights, members, theta, ridge, cost, gradient, JTJ, total, rule, damping, new, after):
    """`descend`."""
    keep_apart()
    wrong = misfit_of_small_steps(addresses, X, y, weights, members, theta)
    if wrong == FITS:
        wrong = misfit_of_sums(theta.shape[0], theta.shape[1], cost, gradient, JTJ)
    if wrong == FITS and (rule.size < 3 or total.size != theta.shape[0] or damping.size != total.size or after.size != total.size):
        wrong = OF_STEPS
    if wrong == FITS and (ridge.shape != theta.shape or new.shape != theta.shape):
        wrong = OF_STEPS
    if wrong != FITS:
        return wrong
    k, p = theta.shape
    n, m = X.shape
    h = (p - 1) // (n + 2)
    own = 2 * h * m + 3 * m
    room = reserve(theta, own + p * p + 2 * p)
    if not given(room):
        return NO_ROOM
    Z, S, Z2, D, L = arrays_of_rows(room, h, m)
    of_step = behind(room, own)
    A, delta, trial = array_at(of_step, (p, p)), array_at(behind(of_step, p * p), p), array_at(behind(of_step, p * p + p), p)
    for g in range(k):
        w = weights[members[g]]
        for q in range(p):
            new[g, q] = theta[g, q]
        after[g] = cost[g]
        while damping[g] <= rule[2]:
            for q in range(p):
                delta[q] = gradient[g, q]
                for r in range(q + 1):
                    A[q, r] = JTJ[g, q, r]
                A[q, q] += ridge[g, q] + damping[g] * total[g]
            there = math.nan
            if solve(A, delta):
                there = 0.0
                for q in range(p):
                    trial[q] = theta[g, q] - delta[q]
                    there += ridge[g, q] * trial[q] * trial[q] / 2.0
                forward(addresses, trial, X, y, Z, S, Z2, D, L)
                for i in range(m):
                    there += w[i] * L[i]
            if there < cost[g]:
                for q in range(p):
                    new[g, q] = trial[q]
                after[g] = there
                damping[g] = max(damping[g] / rule[0], rule[1])
                break
            damping[g] *= rule[0]
    give_back(room)
    return FITS


@kernel("i1 b f2 f2 f2 i1 f2 f1 f2 f3")
def curvature(addresses, cross_entropy, X, y, weights, members, theta, loss, gradient, JTJ):
    """Σ w L `(k,)`, Σ w Jᵀ D `(k, p)` and Σ w Jᵀ H J `(k, p, p)` of k networks `theta (k, p)`, `members` their rows of `weights (K, m)`.

    `addresses` are those of the activation and the loss, then 1 for networks with skip connections, else 0; `cross_entropy` says that H
    is a (1 − a), else it is 1.
    Returns 0, or which arrays do not fit the others (`arguments.REASONS`).
    """
    return sums_of_curvature(addresses, cross_entropy, X, y, weights, members, theta, loss, gradient, JTJ)


@kernel("i1 f2 f2 f2 i1 f2 f2 f1 f2 f3 f1 f1 f1 f2 f1")
def descend(addresses, X, y, weights, members, theta, ridge, cost, gradient, JTJ, total, rule, damping, new, after):
    """Each network's first step that lowers its cost, with as much damping as that takes: `new (k, p)`, `after (k,)`, `damping (k,)`.

    `rule` is the factor of the damping, its least and its most; `total (k,)` the rows' weight. Returns 0, or which arrays do not fit the
    others (`arguments.REASONS`).
    """
    return lower(addresses, X, y, weights, members, theta, ridge, cost, gradient, JTJ, total, rule, damping, new, after)


@kernel("i1 b f2 f2 f2 i1 f2 f2 f1 f1 f1 f1 f2 f1 b1")
def step(addresses, cross_entropy, X, y, weights, members, theta, ridge, total, rule, damping, flat, new, cost, still):
    """A whole step under a ridge that stays: J of k networks after it `cost (k,)`, and which have converged: their largest derivative of J
    is at most `flat[0]`, the step lowers J by `flat[1]` of itself at most, or no damping helps. Returns as `descend` does.
    """
    k, p = theta.shape
    if flat.size < 2 or total.size != k or damping.size != k or still.size != k or ridge.shape != theta.shape:
        return OF_STEPS
    room = reserve(theta, k * (1 + p + p * p))
    if not given(room):
        return NO_ROOM
    before, gradient, JTJ = array_at(room, k), array_at(behind(room, k), (k, p)), array_at(behind(room, k * (1 + p)), (k, p, p))
    wrong = sums_of_curvature(addresses, cross_entropy, X, y, weights, members, theta, before, gradient, JTJ)
    for g in range(k if wrong == FITS else 0):
        largest = 0.0
        for q in range(p):
            before[g] += ridge[g, q] * theta[g, q] * theta[g, q] / 2.0
            gradient[g, q] += ridge[g, q] * theta[g, q]
            largest = max(largest, abs(gradient[g, q]))
        still[g] = largest <= flat[0] * total[g]
    if wrong == FITS:
        wrong = lower(addresses, X, y, weights, members, theta, ridge, before, gradient, JTJ, total, rule, damping, new, cost)
    for g in range(k if wrong == FITS else 0):
        still[g] |= before[g] - cost[g] <= flat[1] * before[g] or damping[g] > rule[2]
        cost[g] /= total[g]
    give_back(room)
    return wrong
