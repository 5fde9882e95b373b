"""Activations: a function g with its derivative g′ (slides 6-8), and every fact about it.

To add an activation, add an entry of `ACTIVATIONS`, its kernel in `engine/kernels/activations.py`, and its test. Exports follow by
running its g over names instead of numbers (`export/trace.py`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from shoal.errors import InvalidParameterError
from shoal.textbook.activation_functions import (
    LEAK,
    elu,
    elu_prime,
    identity,
    identity_prime,
    leaky_relu,
    leaky_relu_prime,
    relu,
    relu_prime,
    sigmoid,
    sigmoid_prime,
    silu,
    silu_prime,
    softplus,
    tanh,
    tanh_prime,
)
from shoal.textbook.own_name import OwnName
from shoal.types import Array


@dataclass(frozen=True)
class TorchModule:
    """PyTorch's module for an activation.

    Attributes
    ----------
    name : str
        In `torch.nn`.
    settings : tuple of (str, float)
        Settings that must hold for the module to be this activation.
    exact : tuple of (str, float)
        More settings to create it with; they keep digits that PyTorch's defaults lose.
    """

    name: str
    settings: tuple[tuple[str, float], ...] = ()
    exact: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Activation:
    """One activation function: `g(Z)` is A, `g.prime(Z)` is g′(Z), both element by element and in Z's shape.

    Attributes
    ----------
    name : str
        scikit-learn's, where it has one.
    formula, derivative : str
    g, prime : functions of Z
    title : str
        Its usual name; `name` if empty.
    low, high : float
        The lower and upper limit of g(z), reached or not.
    odd : bool
        Whether g(−z) = −g(z).
    kinks : tuple of float
        The z at which g has no derivative, or no second one.
    latex : str
        The formula in LaTeX; if empty, exports write the lines of g.
    torch : TorchModule or None
    increasing : bool
        Whether g never decreases, g′(z) ≥ 0 for every z: what monotone networks need (`monotone`).

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
    title: str = ""
    low: float = -math.inf
    high: float = math.inf
    odd: bool = False
    kinks: tuple[float, ...] = ()
    latex: str = ""
    torch: TorchModule | None = None
    increasing: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title or self.name)

    @property
    def bounded(self) -> bool:
        """Whether g is flat at both ends."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def __call__(self, Z: Array) -> Array:
        """g(Z), in Z's shape."""
        return self.g(Z)


SIGMOID = Activation(
    "logistic",
    "1 / (1 + e⁻ᶻ)",
    "a (1 − a)",
    sigmoid,
    sigmoid_prime,
    title="sigmoid",
    low=0.0,
    high=1.0,
    latex=r"\frac{1}{1 + e^{-z}}",
    torch=TorchModule("Sigmoid"),
    increasing=True,
)
TANH = Activation(
    "tanh",
    "(eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ)",
    "1 − a²",
    tanh,
    tanh_prime,
    low=-1.0,
    high=1.0,
    odd=True,
    latex=r"\tanh z",
    torch=TorchModule("Tanh"),
    increasing=True,
)
RELU = Activation(
    "relu",
    "max(0, z)",
    "0 or 1",
    relu,
    relu_prime,
    title="ReLU",
    low=0.0,
    kinks=(0.0,),
    latex=r"\max(0, z)",
    torch=TorchModule("ReLU"),
    increasing=True,
)
LEAKY_RELU = Activation(
    "leaky_relu",
    f"max({LEAK} z, z)",
    f"{LEAK} or 1",
    leaky_relu,
    leaky_relu_prime,
    title="leaky ReLU",
    kinks=(0.0,),
    latex=rf"\max({LEAK}\,z, z)",
    torch=TorchModule("LeakyReLU", (("negative_slope", LEAK),)),
    increasing=True,
)
IDENTITY = Activation("identity", "z", "1", identity, identity_prime, odd=True, latex="z", torch=TorchModule("Identity"), increasing=True)
ELU = Activation(
    "elu",
    "z, or eᶻ − 1 for z ≤ 0",
    "1, or eᶻ",
    elu,
    elu_prime,
    title="ELU",
    low=-1.0,
    kinks=(0.0,),
    latex=r"\begin{cases} z & z > 0 \\ e^z - 1 & z \le 0 \end{cases}",
    torch=TorchModule("ELU", (("alpha", 1.0),)),
    increasing=True,
)
SOFTPLUS = Activation(
    "softplus",
    "ln(1 + eᶻ)",
    "σ(z)",
    softplus,
    sigmoid,
    low=0.0,
    latex=r"\ln(1 + e^z)",
    torch=TorchModule("Softplus", (("beta", 1.0),), (("threshold", 50.0),)),  # linear beyond 50: ln(1 + eᶻ) is z to the last bit
    increasing=True,
)
SILU = Activation(
    "silu",
    "z σ(z)",
    "σ(z) + z σ′(z)",
    silu,
    silu_prime,
    title="SiLU",
    low=-0.2784645427610738,  # at z = −1.278, where 1 + z σ(−z) = 0
    latex=r"\frac{z}{1 + e^{-z}}",
    torch=TorchModule("SiLU"),
)


class Activations(dict[str, Activation]):
    """All activations by name. `[]` also accepts the chapter's "sigmoid" for scikit-learn's "logistic", and names of your own.

    An unknown name raises an `InvalidParameterError`. As in a `Counter`, `in` and iteration use the first name alone.
    """

    def __missing__(self, name: str) -> Activation:
        """The activation of an alternative name, or of a name that brings its own."""
        if isinstance(name, OwnName):
            found: Activation = name.as_a(Activation, "activation")
            return found
        if name == "sigmoid":
            return SIGMOID
        raise InvalidParameterError(f"activation is {name!r}; choose one of {', '.join(self)}")


ACTIVATIONS = Activations({g.name: g for g in (RELU, TANH, SIGMOID, LEAKY_RELU, IDENTITY, ELU, SOFTPLUS, SILU)})


def masked(g: Activation, D: Array) -> Activation:
    """g with its units multiplied by D, element by element: dropout and padded units.

    D does not depend on Z. It therefore multiplies the derivative too, and the six formulas of `propagation.backward` hold unchanged.

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
    return replace(g, g=lambda Z: D * g.g(Z), prime=lambda Z: D * g.prime(Z))
