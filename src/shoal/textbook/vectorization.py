"""One unit, and many examples at once: slides 1, 4, 5 and 13.

Examples are columns. The loop over examples and the matrix product compute the same numbers. The functions with `loop` in their names are
the slow form, to be read and compared.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from shoal.errors import InvalidParameterError
from shoal.textbook.activations import Activation
from shoal.textbook.losses import Loss
from shoal.textbook.propagation import Forward, Parameters, forward
from shoal.textbook.shapes import check_columns, check_layer, check_vectors
from shoal.types import Array, array_namespace


class Unit(NamedTuple):
    """The results of one unit: the weighted sum z and the activation a."""

    z: Array
    a: Array


def unit(w: Array, b: Array, x: Array, g: Activation) -> Unit:
    """One unit, slide 1: z = wᵀx + b, a = g(z).

    Parameters
    ----------
    w : array `(n_x, 1)`
    b : number, or array `(1, 1)`
    x : array `(n_x, 1)`, or `(n_x, m)` for m examples
    g : Activation
        σ on the slide: `ACTIVATIONS["sigmoid"]`.

    Returns
    -------
    Unit
        `z` and `a`, both `(1, 1)`, or `(1, m)` for m examples.

    Examples
    --------
    >>> from shoal.textbook import ACTIVATIONS
    >>> w, x = np.asarray([[2.0], [-1.0]]), np.asarray([[1.0], [3.0]])
    >>> z, a = unit(w, 1.0, x, ACTIVATIONS["sigmoid"])
    >>> z.item(), a.item()
    (0.0, 0.5)
    """
    check_columns("w", w, "x", x)
    z = w.mT @ x + b
    a = g(z)
    return Unit(z, a)


def layer_by_loop(W: Array, b: Array, X: Array) -> Array:
    """A layer's weighted sums, one example at a time, slide 4: for i = 1 … m: z⁽ⁱ⁾ = W x⁽ⁱ⁾ + b.

    Parameters
    ----------
    W : array `(n_h, n_x)`
    b : array `(n_h, 1)`
    X : array `(n_x, m)`

    Returns
    -------
    array `(n_h, m)`

    Examples
    --------
    >>> layer_by_loop(np.eye(2), np.ones((2, 1)), np.asarray([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[2.0, 3.0], [4.0, 5.0]]
    """
    check_layer(W, b, X)
    columns = []
    for i in range(X.shape[-1]):
        x = X[:, i : i + 1]
        columns.append(W @ x + b)
    return array_namespace(X).concat(columns, axis=-1)


def layer(W: Array, b: Array, X: Array) -> Array:
    """A layer's weighted sums of all examples at once, slide 4: Z = W X + b.

    Parameters
    ----------
    W : array `(n_h, n_x)`
    b : array `(n_h, 1)`
    X : array `(n_x, m)`

    Returns
    -------
    array `(n_h, m)`

    Examples
    --------
    >>> layer(np.eye(2), np.ones((2, 1)), np.asarray([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[2.0, 3.0], [4.0, 5.0]]
    """
    check_layer(W, b, X)
    return W @ X + b


def forward_by_loop(parameters: Parameters, X: Array, g1: Activation, g2: Loss) -> Forward:
    """Slide 4's loop: slide 3's four lines for each example in turn; the columns are then joined.

    Parameters
    ----------
    parameters : Parameters
    X : array `(n_x, m)`
    g1 : Activation
    g2 : Loss

    Returns
    -------
    Forward
        As `propagation.forward` computes it with matrix products: `Z1, A1 (n_h, m)`; `Z2, A2 (n_y, m)`.

    Examples
    --------
    >>> from shoal.textbook import ACTIVATIONS, exercise_parameters, flower, forward, make_loss
    >>> X, _ = flower()
    >>> parameters, g1, g2 = exercise_parameters(4), ACTIVATIONS["tanh"], make_loss("sigmoid")
    >>> loop, product = (f(parameters, X, g1, g2).A2 for f in (forward_by_loop, forward))
    >>> bool(np.max(np.abs(loop - product)) < 1e-15)
    True
    """
    examples = [forward(parameters, X[:, i : i + 1], g1, g2) for i in range(X.shape[-1])]
    return Forward(*(array_namespace(X).concat(list(columns), axis=-1) for columns in zip(*examples, strict=True)))


def columns_apart(W: Array, X: Array) -> Array:
    """The right-hand side of slide 5: [W x⁽¹⁾ W x⁽²⁾ … W x⁽ᵐ⁾], a product for each column. `W @ X` is the left-hand side.

    Parameters
    ----------
    W : array `(n_h, n_x)`
    X : array `(n_x, m)`

    Returns
    -------
    array `(n_h, m)`

    Examples
    --------
    >>> W, X = np.asarray([[1.0, 2.0]]), np.asarray([[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]])
    >>> columns_apart(W, X).tolist() == (W @ X).tolist()
    True
    """
    check_layer(W, None, X)
    return array_namespace(X).concat([W @ X[:, i : i + 1] for i in range(X.shape[-1])], axis=-1)


def repeated(b: Array, m: int) -> Array:
    """b once for each example, slide 5: what broadcasting `b (n_h, 1)` over the columns of `(n_h, m)` adds.

    Parameters
    ----------
    b : array `(n_h, 1)`
    m : int

    Returns
    -------
    array `(n_h, m)`

    Examples
    --------
    >>> repeated(np.asarray([[1.0], [2.0]]), 3).tolist()
    [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]
    """
    return array_namespace(b).broadcast_to(b, (b.shape[0], m))


def dot_by_loop(a: Array, b: Array) -> Array:
    """Slide 13's loop: c = Σᵢ aᵢ bᵢ, one number after the other.

    Parameters
    ----------
    a, b : arrays `(n,)`

    Returns
    -------
    number

    Examples
    --------
    >>> float(dot_by_loop(np.asarray([1.0, 2.0]), np.asarray([3.0, 4.0])))
    11.0
    """
    check_vectors(a, b)
    c = 0.0
    for i in range(a.shape[0]):
        c += a[i] * b[i]
    return c


def dot(a: Array, b: Array) -> Array:
    """Slide 13's product: `np.dot(a, b)` = Σᵢ aᵢ bᵢ, here `a @ b`, which is the same for vectors of any library.

    Parameters
    ----------
    a, b : arrays `(n,)`

    Returns
    -------
    number

    Examples
    --------
    >>> float(dot(np.asarray([1.0, 2.0]), np.asarray([3.0, 4.0])))
    11.0
    """
    check_vectors(a, b)
    return a @ b


class Timed(NamedTuple):
    """A result and the durations of several runs, in the clock's unit."""

    result: Any
    durations: tuple[float, ...]


def timed(run: Callable[[], Any], clock: Callable[[], float], runs: int = 1, warm_up: bool = True) -> Timed:
    """The durations of several calls of `run()`. The slide times one call each, and its first call includes the start-up.

    Parameters
    ----------
    run : function without parameters
    clock : function without parameters
        The current time, as `time.perf_counter` returns it.
    runs : int
        The number of timed runs, at least 1.
    warm_up : bool
        Run once before the first timed run.

    Returns
    -------
    Timed
        The last run's result, and `runs` durations. The least of them is the machine's speed; state which one you show.

    Examples
    --------
    >>> ticks = iter([0.0, 2.0, 2.0, 5.0])
    >>> timed(lambda: "done", lambda: next(ticks), runs=2)
    Timed(result='done', durations=(2.0, 3.0))
    """
    if runs < 1:
        raise InvalidParameterError(f"runs is {runs!r}; give a whole number from 1 on")
    if warm_up:
        run()
    durations = []
    for _ in range(runs):
        begin = clock()
        result = run()
        durations.append(clock() - begin)
    return Timed(result, tuple(durations))


class LoopAndProduct(NamedTuple):
    """Slide 13's two sums, and the times of both in the clock's unit."""

    loop: float
    product: float
    loop_time: float
    product_time: float

    @property
    def ratio(self) -> float:
        """The loop's time divided by the product's."""
        return self.loop_time / self.product_time

    @property
    def relative_difference(self) -> float:
        """The difference of both sums, relative to the product's."""
        return abs(self.loop - self.product) / abs(self.product)


def compare_dot(a: Array, b: Array, clock: Callable[[], float], runs: int = 11) -> LoopAndProduct:
    """Slide 13's demo: Σᵢ aᵢ bᵢ by the product and by the loop, and the times of both.

    Parameters
    ----------
    a, b : arrays `(n,)`
    clock : function without parameters
        The current time, as `time.perf_counter` returns it.
    runs : int
        The product's time is the shortest of so many runs after one warm-up; the loop runs once.

    Returns
    -------
    LoopAndProduct

    Examples
    --------
    >>> import time
    >>> rng = np.random.default_rng(13)
    >>> both = compare_dot(rng.random(1000), rng.random(1000), time.perf_counter)
    >>> both.relative_difference < 1e-12
    True
    """
    product = timed(lambda: dot(a, b), clock, runs)
    loop = timed(lambda: dot_by_loop(a, b), clock, warm_up=False)
    return LoopAndProduct(float(loop.result), float(product.result), loop.durations[0], min(product.durations))
