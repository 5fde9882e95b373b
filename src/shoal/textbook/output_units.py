"""Output units g[2] (slide 6): logits Z2 → A2. The sigmoid stands in `activations`, the losses that belong to them in `losses`.

Shapes: Z2 `(…, n_z, m)`, A2 like Z2; a leading axis K may stand before. n_z = n_y, but for the Gaussian unit, whose logits are
n_y means followed by n_y log-variances.
"""

from array_api_compat import array_namespace

from shoal.types import Array


def softmax(Z2: Array) -> Array:
    """a = eᶻ / Σ eᶻ over the outputs, shifted by the largest z, which changes nothing and cannot overflow.

    Parameters
    ----------
    Z2 : array `(…, n_y, m)`

    Returns
    -------
    array of Z2's shape; each column adds up to 1

    Examples
    --------
    >>> softmax(np.asarray([[1e4], [1e4]])).tolist()
    [[0.5], [0.5]]
    """
    xp = array_namespace(Z2)
    e = xp.exp(Z2 - xp.max(Z2, axis=-2, keepdims=True))
    return e / xp.sum(e, axis=-2, keepdims=True)


def identity(Z2: Array) -> Array:
    """a = z, the unit of a regression.

    Parameters
    ----------
    Z2 : array `(…, n_y, m)`

    Returns
    -------
    Z2 itself

    Examples
    --------
    >>> identity(np.asarray([[2.0]])).tolist()
    [[2.0]]
    """
    return Z2


def exp_limits(Z: Array) -> float:
    """The z beyond which eᶻ continues as its tangent: 690 in float64, 68 in float32.

    At z = 1e4, 10,000 of them still add up to a finite number in Z's precision.

    Parameters
    ----------
    Z : array

    Returns
    -------
    float

    Examples
    --------
    >>> exp_limits(np.zeros(1))
    690.0
    """
    return 690.0 if array_namespace(Z).finfo(Z.dtype).bits > 32 else 68.0


def log_variance_limits(Z: Array) -> float:
    """As `exp_limits`, lower: the precision e⁻ˢ is multiplied by a squared residual, up to 1e8 for residuals of 1e4.

    Parameters
    ----------
    Z : array

    Returns
    -------
    float

    Examples
    --------
    >>> log_variance_limits(np.zeros(1))
    600.0
    """
    return 600.0 if array_namespace(Z).finfo(Z.dtype).bits > 32 else 46.0


def tangent_exp(Z: Array, limit: float) -> Array:
    """eᶻ up to `limit`, beyond it the tangent there: finite, convex and increasing for every z.

    Parameters
    ----------
    Z : array of any shape
    limit : float

    Returns
    -------
    array of Z's shape

    Examples
    --------
    >>> tangent_exp(np.asarray([0.0, 3.0]), limit=0.0).tolist()
    [1.0, 4.0]
    """
    xp = array_namespace(Z)
    inside = xp.where(limit < Z, limit * xp.ones_like(Z), Z)
    return xp.exp(inside) * (1 + (Z - inside))


def tangent_exp_prime(Z: Array, limit: float) -> Array:
    """The slope of `tangent_exp`: eᶻ, constant beyond `limit`.

    Parameters
    ----------
    Z : array of any shape
    limit : float

    Returns
    -------
    array of Z's shape

    Examples
    --------
    >>> tangent_exp_prime(np.asarray([0.0, 3.0]), limit=0.0).tolist()
    [1.0, 1.0]
    """
    xp = array_namespace(Z)
    return xp.exp(xp.where(limit < Z, limit * xp.ones_like(Z), Z))


def exp_unit(Z2: Array) -> Array:
    """a = eᶻ, the expected count.

    Parameters
    ----------
    Z2 : array `(…, n_y, m)`

    Returns
    -------
    array of Z2's shape, above 0

    Examples
    --------
    >>> exp_unit(np.zeros((1, 1))).tolist()
    [[1.0]]
    """
    return tangent_exp(Z2, exp_limits(Z2))


def halves(Z2: Array) -> tuple[Array, Array]:
    """The means μ and the log-variances s.

    Parameters
    ----------
    Z2 : array `(…, 2 n_y, m)`

    Returns
    -------
    two arrays `(…, n_y, m)`

    Examples
    --------
    >>> mu, s = halves(np.asarray([[1.0], [0.0]]))
    >>> mu.item(), s.item()
    (1.0, 0.0)
    """
    n_y = Z2.shape[-2] // 2
    return Z2[..., :n_y, :], Z2[..., n_y:, :]


def gaussian_unit(Z2: Array) -> Array:
    """a = (μ, σ²) with σ² = eˢ.

    Parameters
    ----------
    Z2 : array `(…, 2 n_y, m)`

    Returns
    -------
    array of Z2's shape

    Examples
    --------
    >>> gaussian_unit(np.asarray([[3.0], [0.0]])).tolist()
    [[3.0], [1.0]]
    """
    mu, s = halves(Z2)
    return array_namespace(Z2).concat([mu, tangent_exp(s, log_variance_limits(s))], axis=-2)
