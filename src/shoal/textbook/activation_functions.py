"""Activation functions g and their derivatives g′ (slides 6-8); `activations` combines them.

Each function takes Z of any shape and returns the same shape. `prime` is the derivative with respect to Z. At a kink of g it is the slope
on the left: 0 for ReLU at 0, as on the slides. Every form is finite for any finite Z.
"""

from shoal.types import Array, array_namespace

LEAK = 0.01  # slide 8: the slope of leaky ReLU for z < 0


def sigmoid(Z: Array) -> Array:
    """σ(z) = 1 / (1 + e⁻ᶻ), slides 1 and 6: between 0 and 1, and 1/2 at 0.

    It computes e to a negative power only, so nothing overflows.

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    array of Z's shape

    Examples
    --------
    >>> sigmoid(np.asarray([-1e4, 0.0, 1e4])).tolist()
    [0.0, 0.5, 1.0]
    """
    xp = array_namespace(Z)
    e = xp.exp(-xp.abs(Z))
    return xp.where(Z >= 0, xp.ones_like(e), e) / (1 + e)


def sigmoid_prime(Z: Array) -> Array:
    """σ′ = a (1 − a), slide 8, computed with 1 − a = σ(−z), which keeps its digits if a is close to 1.

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    array of Z's shape, from 0 to 1/4

    Examples
    --------
    >>> sigmoid_prime(np.asarray([0.0])).tolist()
    [0.25]
    """
    return sigmoid(Z) * sigmoid(-Z)


def tanh(Z: Array) -> Array:
    """tanh z = (eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ), slides 6 and 8: between −1 and 1.

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    array of Z's shape

    Examples
    --------
    >>> tanh(np.asarray([-10.0, 0.0, 10.0])).round(6).tolist()
    [-1.0, 0.0, 1.0]
    """
    return array_namespace(Z).tanh(Z)


def tanh_prime(Z: Array) -> Array:
    """tanh′ = 1 − a², slide 8.

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    array of Z's shape, from 0 to 1

    Examples
    --------
    >>> tanh_prime(np.asarray([-10.0, 0.0, 10.0])).round(6).tolist()
    [0.0, 1.0, 0.0]
    """
    A = tanh(Z)
    return 1 - A * A


def relu(Z: Array) -> Array:
    """max(0, z), slide 6.

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    array of Z's shape; NaN stays NaN

    Examples
    --------
    >>> relu(np.asarray([-2.0, 3.0])).tolist()
    [0.0, 3.0]
    """
    xp = array_namespace(Z)
    return xp.maximum(Z, xp.zeros_like(Z))  # NaN stays NaN; `where` would branch at every sign, which no processor foresees


def relu_prime(Z: Array) -> Array:
    """ReLU′, slide 8: 0 for z ≤ 0, else 1.

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    array of Z's shape and type

    Examples
    --------
    >>> relu_prime(np.asarray([-2.0, 0.0, 3.0])).tolist()
    [0.0, 0.0, 1.0]
    """
    xp = array_namespace(Z)
    return xp.astype(Z > 0, Z.dtype)


def leaky_relu(Z: Array) -> Array:
    """max(0.01 z, z), slide 6: a ReLU with a small slope for z < 0.

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    array of Z's shape

    Examples
    --------
    >>> leaky_relu(np.asarray([-2.0, 3.0])).tolist()
    [-0.02, 3.0]
    """
    xp = array_namespace(Z)
    return xp.where(Z > 0, Z, LEAK * Z)


def leaky_relu_prime(Z: Array) -> Array:
    """Leaky ReLU′, slide 8: 0.01 for z ≤ 0, else 1.

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    array of Z's shape

    Examples
    --------
    >>> leaky_relu_prime(np.asarray([-2.0, 3.0])).tolist()
    [0.01, 1.0]
    """
    xp = array_namespace(Z)
    return xp.where(Z > 0, xp.ones_like(Z), LEAK * xp.ones_like(Z))


def identity(Z: Array) -> Array:
    """z, the linear unit of slide 7.

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    Z itself

    Examples
    --------
    >>> identity(np.asarray([-2.0, 3.0])).tolist()
    [-2.0, 3.0]
    """
    return Z


def identity_prime(Z: Array) -> Array:
    """1, the derivative of z.

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    array of Z's shape

    Examples
    --------
    >>> identity_prime(np.asarray([-2.0, 3.0])).tolist()
    [1.0, 1.0]
    """
    return array_namespace(Z).ones_like(Z)


def elu(Z: Array) -> Array:
    """z for z > 0, else eᶻ − 1 (Clevert, Unterthiner and Hochreiter 2016, with their α = 1).

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    array of Z's shape, above −1

    Examples
    --------
    >>> elu(np.asarray([-1e4, 3.0])).tolist()
    [-1.0, 3.0]
    """
    xp = array_namespace(Z)
    return xp.where(Z > 0, Z, xp.expm1(xp.where(Z > 0, xp.zeros_like(Z), Z)))


def elu_prime(Z: Array) -> Array:
    """1 for z > 0, else eᶻ.

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    array of Z's shape, from 0 to 1

    Examples
    --------
    >>> elu_prime(np.asarray([-1e4, 0.0, 3.0])).tolist()
    [0.0, 1.0, 1.0]
    """
    xp = array_namespace(Z)
    return xp.exp(xp.where(Z > 0, xp.zeros_like(Z), Z))


def softplus(Z: Array) -> Array:
    """ln(1 + eᶻ) = max(0, z) + ln(1 + e^−|z|), a smooth ReLU; its derivative is σ.

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    array of Z's shape, above 0

    Examples
    --------
    >>> softplus(np.asarray([-1e4, 1e4])).tolist()
    [0.0, 10000.0]
    """
    xp = array_namespace(Z)
    return relu(Z) + xp.log1p(xp.exp(-xp.abs(Z)))


def silu(Z: Array) -> Array:
    """z σ(z), also called swish (Hendrycks and Gimpel 2016; Ramachandran, Zoph and Le 2017).

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    array of Z's shape

    Examples
    --------
    >>> silu(np.asarray([0.0, 1e4])).tolist()
    [0.0, 10000.0]
    """
    return Z * sigmoid(Z)


def silu_prime(Z: Array) -> Array:
    """σ(z) + z σ′(z).

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    array of Z's shape

    Examples
    --------
    >>> silu_prime(np.asarray([0.0])).tolist()
    [0.5]
    """
    return sigmoid(Z) + Z * sigmoid_prime(Z)
