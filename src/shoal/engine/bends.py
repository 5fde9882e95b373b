"""How a loss bends: square roots of its curvature in the logits, which Gauss-Newton and Levenberg-Marquardt need.

For every example the loss has a second derivative H `(n_z, n_z)` in its logits Z2. Here stand factors R with H = Rᵀ R, so
that Σ Jᵀ H J = Σ (R J)ᵀ (R J) is a product of one matrix with itself, whatever the loss. Of the Gaussian unit it is the
expected H (Fisher's information), which is never negative as H itself may be.

Shapes: Z2 `(…, n_z, m)`, Y `(n_y, m)`; R `(…, n_z, n_z, m)`, its rows first: (R J)ₒ = Σⱼ R[o, j] Jⱼ.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from shoal.textbook.activations import sigmoid_prime
from shoal.textbook.outputs import Output, exp_limits, halves, log_variance_limits, softmax, tangent_exp_prime

Floats = NDArray[np.floating]


def diagonal(roots: Floats) -> Floats:
    """R of independent logits: their roots `(…, n_z, m)` on the diagonal."""
    return roots[..., None, :] * np.eye(roots.shape[-2])[:, :, None]


def of_squared_error(Z2: Floats, Y: Floats) -> Floats:
    """½ r² bends by 1 everywhere."""
    return diagonal(np.ones_like(Z2))


def of_cross_entropy(Z2: Floats, Y: Floats) -> Floats:
    """σ′ = a (1 − a), whatever y is."""
    return diagonal(np.sqrt(sigmoid_prime(Z2)))


def of_softmax(Z2: Floats, Y: Floats) -> Floats:
    """H = diag(a) − a aᵀ times the example's total share Σ y; R[o, j] = √aₒ (δₒⱼ − aⱼ), for Σ aₒ = 1 makes Rᵀ R = H."""
    a = softmax(Z2)
    R = np.sqrt(a)[..., :, None, :] * (np.eye(a.shape[-2])[:, :, None] - a[..., None, :, :])
    return np.asarray(R * np.sqrt(np.sum(Y, axis=-2)))


def of_poisson(Z2: Floats, Y: Floats) -> Floats:
    """a − y z bends by a = eᶻ."""
    return diagonal(np.sqrt(tangent_exp_prime(Z2, exp_limits(Z2))))


def of_gaussian(Z2: Floats, Y: Floats) -> Floats:
    """Expected: e⁻ˢ in the mean, ½ in the log-variance."""
    _, s = halves(Z2)
    return diagonal(np.concatenate([np.sqrt(tangent_exp_prime(-s, log_variance_limits(s))), np.full_like(s, np.sqrt(0.5))], axis=-2))


ROOTS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "squared_error": of_squared_error,
    "sigmoid": of_cross_entropy,
    "softmax": of_softmax,
    "poisson": of_poisson,
    "gaussian": of_gaussian,
}


def has_curvature(g2: Output) -> bool:
    """Whether the loss bends enough for a Gauss-Newton step: straight losses (absolute error, quantile, Huber's sides) do not."""
    return g2.name in ROOTS


def root(g2: Output, Z2: Floats, Y: Floats) -> Floats:
    """R of every example."""
    return ROOTS[g2.name](Z2, Y)
