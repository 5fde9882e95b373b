"""How a loss bends: square roots of its curvature in the logits, which Gauss-Newton and Levenberg-Marquardt need.

For every example the loss has a second derivative H `(n_z, n_z)` in its logits Z2. Here stand factors R with H = Rᵀ R, so
that Σ Jᵀ H J = Σ (R J)ᵀ (R J) is a product of one matrix with itself, whatever the loss. Of the Gaussian unit it is the
expected H (Fisher's information), which is never negative as H itself may be.

Shapes: Z2 `(…, n_z, m)`, Y `(n_y, m)`; R `(…, n_z, n_z, m)`, its rows first: (R J)ₒ = Σⱼ R[o, j] Jⱼ.
"""

from collections.abc import Callable
from math import sqrt

from array_api_compat import array_namespace, device

from shoal.textbook.activations import sigmoid_prime
from shoal.textbook.losses import Loss
from shoal.textbook.output_units import exp_limits, halves, log_variance_limits, softmax, tangent_exp_prime
from shoal.types import Array


def diagonal(roots: Array) -> Array:
    """R of independent logits: their roots `(…, n_z, m)` on the diagonal."""
    return roots[..., None, :] * unit_matrix(roots)


def unit_matrix(like: Array) -> Array:
    """δₒⱼ of the outputs, `(n_z, n_z, 1)`."""
    xp = array_namespace(like)
    return xp.eye(like.shape[-2], dtype=like.dtype, device=device(like))[:, :, None]


def of_squared_error(Z2: Array, Y: Array) -> Array:
    """½ r² bends by 1 everywhere."""
    return diagonal(array_namespace(Z2).ones_like(Z2))


def of_cross_entropy(Z2: Array, Y: Array) -> Array:
    """σ′ = a (1 − a), whatever y is."""
    return diagonal(array_namespace(Z2).sqrt(sigmoid_prime(Z2)))


def of_softmax(Z2: Array, Y: Array) -> Array:
    """H = diag(a) − a aᵀ times the example's total share Σ y; R[o, j] = √aₒ (δₒⱼ − aⱼ), for Σ aₒ = 1 makes Rᵀ R = H."""
    a, xp = softmax(Z2), array_namespace(Z2)
    R = xp.sqrt(a)[..., :, None, :] * (unit_matrix(a) - a[..., None, :, :])
    return R * xp.sqrt(xp.sum(Y, axis=-2))


def of_poisson(Z2: Array, Y: Array) -> Array:
    """a − y z bends by a = eᶻ."""
    return diagonal(array_namespace(Z2).sqrt(tangent_exp_prime(Z2, exp_limits(Z2))))


def of_gaussian(Z2: Array, Y: Array) -> Array:
    """Expected: e⁻ˢ in the mean, ½ in the log-variance."""
    (_, s), xp = halves(Z2), array_namespace(Z2)
    return diagonal(xp.concat([xp.sqrt(tangent_exp_prime(-s, log_variance_limits(s))), xp.full_like(s, sqrt(0.5))], axis=-2))


ROOTS: dict[str, Callable[[Array, Array], Array]] = {
    "squared_error": of_squared_error,
    "sigmoid": of_cross_entropy,
    "softmax": of_softmax,
    "poisson": of_poisson,
    "gaussian": of_gaussian,
}


def has_curvature(g2: Loss) -> bool:
    """Whether the loss bends enough for a Gauss-Newton step: straight losses (absolute error, quantile, Huber's sides) do not."""
    return g2.name in ROOTS


def root(g2: Loss, Z2: Array, Y: Array) -> Array:
    """R of every example."""
    return ROOTS[g2.name](Z2, Y)
