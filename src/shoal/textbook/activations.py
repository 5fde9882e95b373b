"""Activation functions g and their derivatives g′ (slides 6-8).

Each takes Z of any shape and returns the same shape. `prime` is the derivative with respect to Z. Where g has a kink it is
the slope on the left, 0 for ReLU at 0, as the slides have it. Every form is safe at any finite Z.
"""

from collections.abc import Callable
from dataclasses import dataclass

from array_api_compat import array_namespace

from shoal.errors import InvalidParameterError
from shoal.types import Array

LEAK = 0.01  # slide 8: the slope of leaky ReLU for z < 0


@dataclass(frozen=True)
class Activation:
    """One activation function: `g(Z)` is A, `g.prime(Z)` is g′(Z), both element by element and in Z's shape.

    Examples
    --------
    >>> g = ACTIVATIONS["tanh"]
    >>> g(np.zeros(2)).tolist(), g.prime(np.zeros(2)).tolist()
    ([0.0, 0.0], [1.0, 1.0])
    """

    name: str
    formula: str
    derivative: str
    g: Callable[[Array], Array]
    prime: Callable[[Array], Array]

    def __call__(self, Z: Array) -> Array:
        """g(Z), in Z's shape."""
        return self.g(Z)


def sigmoid(Z: Array) -> Array:
    """σ(z) = 1 / (1 + e⁻ᶻ), slides 1 and 6: between 0 and 1, and 1/2 at 0.

    Only e to a negative power is computed, so that nothing overflows.

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
    return xp.where(Z >= 0, 1 / (1 + e), e / (1 + e))


def sigmoid_prime(Z: Array) -> Array:
    """σ′ = a (1 − a), slide 8, with 1 − a = σ(−z), which keeps its digits where a is close to 1.

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
    return xp.where(Z < 0, xp.zeros_like(Z), Z)  # in this order NaN stays NaN


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
    """max(0.01 z, z), slide 6: a ReLU that keeps a slope for z < 0.

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


SIGMOID = Activation("logistic", "1 / (1 + e⁻ᶻ)", "a (1 − a)", sigmoid, sigmoid_prime)
TANH = Activation("tanh", "(eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ)", "1 − a²", tanh, tanh_prime)
RELU = Activation("relu", "max(0, z)", "0 or 1", relu, relu_prime)
LEAKY_RELU = Activation("leaky_relu", "max(0.01 z, z)", "0.01 or 1", leaky_relu, leaky_relu_prime)
IDENTITY = Activation("identity", "z", "1", identity, identity_prime)
ELU = Activation("elu", "z, or eᶻ − 1 for z ≤ 0", "1, or eᶻ", elu, elu_prime)
SOFTPLUS = Activation("softplus", "ln(1 + eᶻ)", "σ(z)", softplus, sigmoid)
SILU = Activation("silu", "z σ(z)", "σ(z) + z σ′(z)", silu, silu_prime)


class Activations(dict[str, Activation]):
    """Every activation by its one name. `[]` also takes the chapter's "sigmoid" for scikit-learn's "logistic".

    An unknown name is an `InvalidParameterError`. As in a `Counter`, `in` and iteration go by the one name alone.
    """

    def __missing__(self, name: str) -> Activation:
        """The activation of another name that the field has for it."""
        if name == "sigmoid":
            return SIGMOID
        raise InvalidParameterError(f"activation is {name!r}; choose one of {', '.join(self)}")


ACTIVATIONS = Activations({g.name: g for g in (RELU, TANH, SIGMOID, LEAKY_RELU, IDENTITY, ELU, SOFTPLUS, SILU)})


def masked(g: Activation, D: Array) -> Activation:
    """g with its units multiplied by D, element by element: dropout and padded units.

    As D does not depend on Z, it multiplies the derivative alike, so that the six formulas of `propagation.backward`
    hold unchanged.

    Parameters
    ----------
    g : Activation
    D : array that broadcasts against Z `(…, n_h, m)`
        0 or 1/keep for dropout (Srivastava et al. 2014), 0 or 1 for padding.

    Returns
    -------
    Activation of the same name

    Examples
    --------
    >>> masked(ACTIVATIONS["relu"], np.asarray([[2.0], [0.0]]))(np.ones((2, 3))).tolist()
    [[2.0, 2.0, 2.0], [0.0, 0.0, 0.0]]
    """
    return Activation(g.name, g.formula, g.derivative, lambda Z: D * g.g(Z), lambda Z: D * g.prime(Z))
