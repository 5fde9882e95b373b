"""Square roots of a loss's second derivative in the logits, for Gauss-Newton and Levenberg-Marquardt.

For every example the loss has a Hessian H `(n_z, n_z)` in its logits Z2. This module has factors R with H = Rᵀ R, so that Σ Jᵀ H J = Σ (R
J)ᵀ (R J) is the product of one matrix with itself, for any loss. For the Gaussian unit it is the expected H (Fisher's information), which
is never negative; H itself may be.

Shapes: Z2 `(…, n_z, m)`, Y `(n_y, m)`; R `(…, n_z, n_z, m)`, its rows first: (R J)ₒ = Σⱼ R[o, j] Jⱼ.
"""

from math import sqrt

from array_api_compat import device

from shoal.textbook.activation_functions import sigmoid_prime
from shoal.textbook.output_units import exp_limits, halves, log_variance_limits, softmax, tangent_exp_prime
from shoal.types import Array, array_namespace


def diagonal(roots: Array) -> Array:
    """R of independent logits: their roots on the diagonal.

    Parameters
    ----------
    roots : array `(…, n_z, m)`

    Returns
    -------
    array `(…, n_z, n_z, m)`

    Examples
    --------
    >>> diagonal(np.asarray([[2.0], [3.0]]))[..., 0].tolist()
    [[2.0, 0.0], [0.0, 3.0]]
    """
    return roots[..., None, :] * unit_matrix(roots)


def unit_matrix(like: Array) -> Array:
    """δₒⱼ of the outputs: the unit matrix.

    Parameters
    ----------
    like : array `(…, n_z, m)`

    Returns
    -------
    array `(n_z, n_z, 1)`

    Examples
    --------
    >>> unit_matrix(np.zeros((2, 5)))[..., 0].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    xp = array_namespace(like)
    return xp.eye(like.shape[-2], dtype=like.dtype, device=device(like))[:, :, None]


def squared_error_root(Z2: Array, Y: Array) -> Array:
    """½ r² has the second derivative 1 everywhere.

    Parameters
    ----------
    Z2 : array `(…, n_z, m)`
    Y : array `(n_y, m)`

    Returns
    -------
    array `(…, n_z, n_z, m)`

    Examples
    --------
    >>> squared_error_root(np.zeros((1, 1)), np.zeros((1, 1))).tolist()
    [[[1.0]]]
    """
    return diagonal(array_namespace(Z2).ones_like(Z2))


def cross_entropy_root(Z2: Array, Y: Array) -> Array:
    """√σ′ = √(a (1 − a)), for any y.

    Parameters
    ----------
    Z2 : array `(…, n_z, m)`
    Y : array `(n_y, m)`

    Returns
    -------
    array `(…, n_z, n_z, m)`

    Examples
    --------
    >>> cross_entropy_root(np.zeros((1, 1)), np.zeros((1, 1))).tolist()
    [[[0.5]]]
    """
    return diagonal(array_namespace(Z2).sqrt(sigmoid_prime(Z2)))


def softmax_root(Z2: Array, Y: Array) -> Array:
    """R[o, j] = √aₒ (δₒⱼ − aⱼ), times the root of Σ y: then Rᵀ R = H = (diag(a) − a aᵀ) Σ y, because Σ aₒ = 1.

    Parameters
    ----------
    Z2 : array `(…, n_z, m)`
    Y : array `(n_y, m)`

    Returns
    -------
    array `(…, n_z, n_z, m)`

    Examples
    --------
    >>> softmax_root(np.zeros((2, 1)), np.asarray([[1.0], [0.0]])).round(6)[..., 0].tolist()
    [[0.353553, -0.353553], [-0.353553, 0.353553]]
    """
    a, xp = softmax(Z2), array_namespace(Z2)
    R = xp.sqrt(a)[..., :, None, :] * (unit_matrix(a) - a[..., None, :, :])
    return R * xp.sqrt(xp.sum(Y, axis=-2))


def poisson_root(Z2: Array, Y: Array) -> Array:
    """a − y z has the second derivative a = eᶻ.

    Parameters
    ----------
    Z2 : array `(…, n_z, m)`
    Y : array `(n_y, m)`

    Returns
    -------
    array `(…, n_z, n_z, m)`

    Examples
    --------
    >>> poisson_root(np.zeros((1, 1)), np.zeros((1, 1))).tolist()
    [[[1.0]]]
    """
    return diagonal(array_namespace(Z2).sqrt(tangent_exp_prime(Z2, exp_limits(Z2))))


def gaussian_root(Z2: Array, Y: Array) -> Array:
    """The root of the expected H: e⁻ˢ in the mean, ½ in the log-variance.

    Parameters
    ----------
    Z2 : array `(…, n_z, m)`
    Y : array `(n_y, m)`

    Returns
    -------
    array `(…, n_z, n_z, m)`

    Examples
    --------
    >>> gaussian_root(np.zeros((2, 1)), np.zeros((1, 1))).round(6)[..., 0].tolist()
    [[1.0, 0.0], [0.0, 0.707107]]
    """
    (_, s), xp = halves(Z2), array_namespace(Z2)
    return diagonal(xp.concat([xp.sqrt(tangent_exp_prime(-s, log_variance_limits(s))), xp.full_like(s, sqrt(0.5))], axis=-2))
