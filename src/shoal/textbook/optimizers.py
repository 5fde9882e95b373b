"""Optimizers: from a gradient to the next value of a parameter (slide 9's update and its variants).

An optimizer is a frozen description. `optimizer.start(w)` creates the memory that it needs for one parameter array, a tuple of arrays
like w. `optimizer.change(dw, memory, learning_rate, t)` returns `(change, memory)` for update number t = 1, 2, …, and the new value is `w
+ change`. `learning_rate`, α, is a number or broadcasts against w, `(K, 1, 1)` for K networks. `start` and `update` do this for all
parameters. `gradient_descent.gradient_step` has slide 9's four lines as on the slide.
"""

from dataclasses import dataclass

from shoal.errors import InvalidParameterError
from shoal.textbook.propagation import PENALISED, Gradients, Parameters
from shoal.textbook.shapes import check_like
from shoal.types import Array, array_namespace

Memory = tuple[Array, ...]


@dataclass(frozen=True)
class GradientDescent:
    """W := W − α dW, slide 9.

    Examples
    --------
    >>> change, _ = GradientDescent().change(np.asarray([0.5]), (), learning_rate=0.25, t=1)
    >>> change.tolist()
    [-0.125]
    """

    def start(self, w: Array) -> Memory:
        """The memory before the first update of w: arrays of zeros, or none."""
        return ()

    def change(self, dw: Array, memory: Memory, learning_rate: Array, t: int) -> tuple[Array, Memory]:
        """What update number t adds to w, and the memory after it, each in the shape of dw."""
        return -learning_rate * dw, ()


@dataclass(frozen=True)
class Momentum:
    """v := μ v − α dW; W := W + v (Polyak 1964).

    Parameters
    ----------
    mu : float
        μ, from 0 to below 1.

    Examples
    --------
    >>> change, _ = Momentum(mu=0.5).change(np.asarray([0.5]), (np.asarray([1.0]),), learning_rate=0.25, t=2)
    >>> change.tolist()
    [0.375]
    """

    mu: float = 0.9

    def start(self, w: Array) -> Memory:
        """The memory before the first update of w: arrays of zeros, or none."""
        return (array_namespace(w).zeros_like(w),)

    def change(self, dw: Array, memory: Memory, learning_rate: Array, t: int) -> tuple[Array, Memory]:
        """What update number t adds to w, and the memory after it, each in the shape of dw."""
        v = self.mu * memory[0] - learning_rate * dw
        return v, (v,)


@dataclass(frozen=True)
class Nesterov:
    """v := μ v − α dW; W := W + μ v − α dW (Nesterov 1983, in the form of Sutskever et al. 2013).

    Parameters
    ----------
    mu : float
        μ, from 0 to below 1.

    Examples
    --------
    >>> change, _ = Nesterov(mu=0.5).change(np.asarray([0.5]), (np.asarray([1.0]),), learning_rate=0.25, t=2)
    >>> change.tolist()
    [0.0625]
    """

    mu: float = 0.9

    def start(self, w: Array) -> Memory:
        """The memory before the first update of w: arrays of zeros, or none."""
        return (array_namespace(w).zeros_like(w),)

    def change(self, dw: Array, memory: Memory, learning_rate: Array, t: int) -> tuple[Array, Memory]:
        """What update number t adds to w, and the memory after it, each in the shape of dw."""
        v = self.mu * memory[0] - learning_rate * dw
        return self.mu * v - learning_rate * dw, (v,)


@dataclass(frozen=True)
class RMSprop:
    """s := ρ s + (1 − ρ) dW²; W := W − α dW / (√s + ε) (Tieleman and Hinton 2012, lecture 6.5).

    Parameters
    ----------
    rho : float
        ρ, from 0 to below 1.
    epsilon : float
        ε, above 0.

    Examples
    --------
    >>> change, _ = RMSprop(rho=0.75).change(np.asarray([0.5]), (np.asarray([0.0]),), learning_rate=0.25, t=1)
    >>> change.round(6).tolist()  # −0.25 · 0.5 / √(0.25 · 0.25)
    [-0.5]
    """

    rho: float = 0.9
    epsilon: float = 1e-8

    def start(self, w: Array) -> Memory:
        """The memory before the first update of w: arrays of zeros, or none."""
        return (array_namespace(w).zeros_like(w),)

    def change(self, dw: Array, memory: Memory, learning_rate: Array, t: int) -> tuple[Array, Memory]:
        """What update number t adds to w, and the memory after it, each in the shape of dw."""
        s = self.rho * memory[0] + (1 - self.rho) * dw * dw
        return -learning_rate * dw / (array_namespace(dw).sqrt(s) + self.epsilon), (s,)


@dataclass(frozen=True)
class Adam:
    """v := β₁ v + (1 − β₁) dW; s := β₂ s + (1 − β₂) dW²; W := W − α √(1 − β₂ᵗ)/(1 − β₁ᵗ) · v / (√s + ε).

    Kingma and Ba 2015, in the order of operations of their section 2, which scikit-learn uses too.

    Parameters
    ----------
    beta_1, beta_2 : float
        β₁ and β₂, from 0 to below 1.
    epsilon : float
        ε, above 0.

    Examples
    --------
    >>> adam = Adam()
    >>> change, _ = adam.change(np.asarray([0.5]), adam.start(np.zeros(1)), learning_rate=0.25, t=1)
    >>> change.round(6).tolist()  # the first change is α, whatever the gradient's size
    [-0.25]
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def start(self, w: Array) -> Memory:
        """The memory before the first update of w: arrays of zeros, or none."""
        xp = array_namespace(w)
        return xp.zeros_like(w), xp.zeros_like(w)

    def change(self, dw: Array, memory: Memory, learning_rate: Array, t: int) -> tuple[Array, Memory]:
        """What update number t adds to w, and the memory after it, each in the shape of dw."""
        v = self.beta_1 * memory[0] + (1 - self.beta_1) * dw
        s = self.beta_2 * memory[1] + (1 - self.beta_2) * dw * dw
        rate = learning_rate * ((1 - self.beta_2**t) ** 0.5 / (1 - self.beta_1**t))
        return -rate * v / (array_namespace(dw).sqrt(s) + self.epsilon), (v, s)


Optimizer = GradientDescent | Momentum | Nesterov | RMSprop | Adam


def start(optimizer: Optimizer, parameters: Parameters) -> tuple[Memory, ...]:
    """The memory of all parameters before the first update.

    Parameters
    ----------
    optimizer : Optimizer
    parameters : Parameters

    Returns
    -------
    tuple of memories
        In the order of the parameters: W1, b1, W2, b2, and W3 if it exists.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> [len(arrays) for arrays in start(Adam(), Parameters(one, one, one, one))]
    [2, 2, 2, 2]
    """
    return tuple(optimizer.start(w) for w in parameters)


def update(
    optimizer: Optimizer,
    parameters: Parameters,
    gradients: Gradients,
    memory: tuple[Memory, ...],
    learning_rate: Array,
    t: int,
    decay: Array | float = 0.0,
) -> tuple[Parameters, tuple[Memory, ...]]:
    """Update number t of all parameters.

    With `decay` above 0 the weights (not the biases) first shrink by the factor 1 − α·decay, separately from the gradient: with Adam this
    is AdamW (Loshchilov and Hutter 2019).

    Parameters
    ----------
    optimizer : Optimizer
    parameters : Parameters
    gradients : Gradients
        What `propagation.backward` returned for them.
    memory : tuple of memories
        From `start`, or from the previous update.
    learning_rate : number, or array `(K, 1, 1)`
        α, above 0.
    t : int
        1 for the first update.
    decay : number, or array `(K, 1, 1)`
        From 0 on.

    Returns
    -------
    parameters : Parameters
    memory : tuple of memories

    Raises
    ------
    DataError
        A derivative does not have its parameter's shape.
    InvalidParameterError
        t is below 1.

    Examples
    --------
    >>> one, two = np.ones((1, 1)), 2 * np.ones((1, 1))
    >>> parameters, sgd = Parameters(one, one, one, one), GradientDescent()
    >>> after, _ = update(sgd, parameters, Gradients(None, two, one, None, two, one), start(sgd, parameters), 0.25, t=1)
    >>> [w.item() for w in after]
    [0.5, 0.75, 0.5, 0.75]
    """
    check_like(gradients, parameters)
    if t < 1:
        raise InvalidParameterError(f"t is {t!r}; the first update is number 1")
    shrink = 1 - learning_rate * decay
    after: dict[str, Array] = {}
    memories: list[Memory] = []
    for (name, w), before in zip(parameters.named().items(), memory, strict=True):
        change, kept = optimizer.change(getattr(gradients, f"d{name}"), before, learning_rate, t)
        after[name] = (shrink * w if name in PENALISED else w) + change
        memories.append(kept)
    return Parameters(**after), tuple(memories)
