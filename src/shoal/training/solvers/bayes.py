"""Bayesian regularization: the data themselves determine the noise and the penalty of the weights.

MacKay's evidence framework (Neural Computation 4, 1992) in the Gauss-Newton approximation, as Foresee & Hagan (1997) join it to
Levenberg-Marquardt. The posterior of θ is proportional to exp(−β E_D − ½ Σ α_g ‖θ_g‖²) with E_D = Σ w L; the parameters stand
in groups g that share a precision α. Around its maximum it is a Gaussian with the inverse covariance A = β Jᵀ H J + diag(α).
Then γ_g = p_g − α_g tr_g(A⁻¹) of the group's p_g parameters are determined by the data, and the evidence
p(data | α, β) is largest where α_g = γ_g / ‖θ_g‖² and β = (N − Σ γ) / (2 E_D). Losses that are likelihoods keep β = 1.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from shoal.engine.layout import NetworkBlock
from shoal.engine.sums import Curvature, flat, over_parts
from shoal.textbook.propagation import Parameters
from shoal.training.solvers.levenberg_marquardt import LevenbergMarquardt
from shoal.training.solvers.solver import Evidence, Objective
from shoal.types import Floats

SMALLEST_PRECISION, LARGEST_PRECISION = 1e-6, 1e6  # of weights, in units of standardised inputs and targets
LARGEST_BETA = 1e12  # noise of a millionth of the target's spread: the least, for rows that are fitted perfectly
FIRST_PRECISIONS = 1e-2, 1e2  # limits of the first α
FIRST_NOISE = 0.1  # variance of the noise that the first steps assume, in variances of the target
STEADY_NATS, STEADY_STEPS = 0.05, 5  # the log evidence has settled when it moves by less for so many steps


@dataclass(frozen=True)
class Findings:
    """The results of one evaluation of the curvature of k networks: γ and ‖θ‖² of each group `(k, G)`, the log evidence `(k,)`."""

    gamma: Floats
    squares: Floats
    log_evidence: Floats


@dataclass(frozen=True)
class Precisions:
    """What the steps have learned: α `(K, G)`, NaN before the first, β `(K,)`, the log evidence and for how many steps it was steady."""

    alpha: Floats
    beta: Floats
    log_evidence: Floats
    steady: NDArray[np.int64]


class EvidencePrior:
    """α and β of K networks, learned between the steps of Levenberg-Marquardt, whose ridge is α/β."""

    fixed = False

    def __init__(self, objective: Objective) -> None:
        self.K, self.n_y = objective.population.K, objective.rows.n_y
        self.G = len(objective.population.parameters.named())  # parameters of one kind share a precision: scales differ between kinds
        self.noise_is_free = objective.g2.is_least_squares

    def begin(self) -> Precisions:
        """Nothing is known about the weights, and little about the noise."""
        beta = np.full(self.K, 1 / FIRST_NOISE if self.noise_is_free else 1.0)
        return Precisions(np.full((self.K, self.G), np.nan), beta, np.full(self.K, np.nan), np.zeros(self.K, np.int64))

    def first_ridge(self, known: Precisions, block: NetworkBlock) -> Floats:
        """The ridge of the first α: from the size of the initial weights, if nothing is known yet."""
        groups, theta = grouped(block.parameters), flat(block.parameters)
        for g in range(self.G):
            mine = theta[:, groups == g]
            size = np.sum(mine**2, axis=1) / np.maximum(np.count_nonzero(mine, axis=1), 1)  # padding is 0 and does not count
            before = known.alpha[block.members, g]
            known.alpha[block.members, g] = np.where(np.isnan(before), np.clip(1 / np.maximum(size, 1e-8), *FIRST_PRECISIONS), before)
        return self.ridge(known, block)

    def ridge(self, known: Precisions, block: NetworkBlock) -> Floats:
        """α/β of every parameter, `(k, p)`."""
        return np.asarray(known.alpha[block.members][:, grouped(block.parameters)] / known.beta[block.members, None])

    def update(self, known: Precisions, block: NetworkBlock, found: Curvature, ridge: Floats) -> Floats:
        """Estimate α and β again at the current weights; returns their ridge."""
        who = block.members
        now = self.findings(known, block, found)
        moved = np.abs(now.log_evidence - known.log_evidence[who])
        known.steady[who] = np.where(moved <= STEADY_NATS, known.steady[who] + 1, 0)
        known.log_evidence[who] = now.log_evidence
        known.alpha[who] = np.clip(now.gamma / np.maximum(now.squares, 1e-300), SMALLEST_PRECISION, LARGEST_PRECISION)
        if self.noise_is_free:
            left = np.maximum(found.weight * self.n_y - now.gamma.sum(axis=1), 1e-3)
            known.beta[who] = np.minimum(left / np.maximum(2 * found.loss, 1e-300), LARGEST_BETA)
        return self.ridge(known, block)

    def findings(self, known: Precisions, block: NetworkBlock, found: Curvature) -> Findings:
        """γ, ‖θ‖² and the log evidence of a block's networks with the present α and β."""
        who, groups, theta, ridge = block.members, grouped(block.parameters), flat(block.parameters), self.ridge(known, block)
        variance, log_det = inverse_diagonal(found.JTJ, ridge)

        def by_group(numbers: Floats) -> Floats:
            return np.stack([numbers[:, groups == g].sum(axis=1) for g in range(self.G)], axis=1)

        gamma = np.clip(by_group(1 - ridge * variance), 0.0, by_group(np.ones_like(ridge)))
        beta = known.beta[who]
        log_posterior = -beta * (found.loss + np.sum(ridge * theta**2, axis=1) / 2)
        occam = np.sum(np.log(ridge), axis=1) / 2 - log_det / 2
        noise = found.weight * self.n_y / 2 * np.log(beta / (2 * math.pi)) if self.noise_is_free else 0.0
        return Findings(gamma, by_group(theta**2), log_posterior + occam + noise)

    def settled(self, known: Precisions, still: NDArray[np.bool_], members: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Constant weights are not enough: the evidence must have settled."""
        return np.asarray(known.steady[members] >= STEADY_STEPS)

    def resumed(self, known: Precisions, earlier: Precisions) -> Precisions:
        """Continue with the precisions of an earlier training."""
        return replace(earlier, steady=known.steady) if earlier.alpha.shape == known.alpha.shape else known

    def evidence(self, known: Precisions, found: list[tuple[NetworkBlock, Curvature]]) -> Evidence:
        """The evidence for the networks of these blocks, whose sums are `found`."""
        K = len(known.beta)
        gamma, log_evidence, counts = np.zeros(K), np.zeros(K), np.zeros(K, np.int64)
        for block, sums in found:
            now = self.findings(known, block, sums)
            gamma[block.members], log_evidence[block.members] = now.gamma.sum(axis=1), now.log_evidence
            used = block.parameters.W1.shape[1] if block.units is None else block.units.sum(axis=(1, 2))
            n_x, n_z = block.parameters.W1.shape[2], block.parameters.W2.shape[1]
            counts[block.members] = used * (n_x + 1 + n_z) + n_z + (0 if block.parameters.W3 is None else n_z * n_x)
        return Evidence(known.alpha.copy(), known.beta.copy(), gamma, counts, log_evidence)


def bayes(objective: Objective, tol: float, max_fun: int) -> LevenbergMarquardt:
    """Levenberg-Marquardt with the penalty from the evidence."""
    return LevenbergMarquardt(objective, tol, max_fun, EvidencePrior(objective))


def grouped(parameters: Parameters) -> NDArray[np.int64]:
    """The group of every parameter, `(p,)`: the index of its kind among W1, b1, W2, b2 and W3."""
    sizes = [w[0].size for w in parameters]
    return np.repeat(np.arange(len(sizes)), sizes)


def inverse_diagonal(JTJ: Floats, ridge: Floats) -> tuple[Floats, Floats]:
    """The diagonal of (JTJ + diag(ridge))⁻¹ and its log determinant, for each of k networks."""
    k, p = ridge.shape
    diagonal, log_det = np.zeros((k, p)), np.zeros(k)

    def one(i: int) -> None:
        A = JTJ[i].copy()
        A.flat[:: p + 1] += ridge[i]
        L, info = lapack.dpotrf(A.T, lower=True, overwrite_a=True)
        if info:
            w, V = np.linalg.eigh(JTJ[i] + np.diag(ridge[i]))
            w = np.maximum(w, ridge[i].min())
            diagonal[i], log_det[i] = (V**2) @ (1 / w), np.sum(np.log(w))
            return
        log_det[i] = 2 * np.sum(np.log(np.diag(L)))
        inverse, _ = lapack.dpotri(L, lower=True, overwrite_c=True)
        diagonal[i] = np.diag(inverse)

    over_parts(one, range(k), p**3)
    return diagonal, log_det
