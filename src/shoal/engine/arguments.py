"""What the kernels receive beside rows and weights, and whether the arrays fit one another.

Numbers of the rule and the loss, Adam's corrections, addresses of functions; what Python checks of the arrays' sizes, and the errors of
what the kernels found (`kernels/bounds.py`).
"""

from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import Encoding
from shoal.engine.kernels import dispatch_module
from shoal.engine.own_calls import raise_waiting
from shoal.errors import LayoutError, TooLargeError
from shoal.population import Population
from shoal.textbook.losses import Loss
from shoal.textbook.optimizers import Adam
from shoal.textbook.output_units import exp_limits, log_variance_limits
from shoal.textbook.propagation import Parameters
from shoal.types import Floats

CORRECTIONS_AHEAD = 1024  # updates: one at a time, they cost as much as a small update


@dataclass
class RunConstants:
    """What a run asks for in every epoch, made once: whether inputs are dropped, the largest batch of the last `ends`, Adam's
    corrections of updates to come.
    """

    thins: bool = False
    ends: NDArray[np.int64] | None = None
    largest: int = 0
    corrected_from: int = 0
    corrections: Floats = field(default_factory=lambda: np.empty(0))


def kernel_array(values: Any, dtype: Any) -> NDArray[Any]:
    """An array as the kernels declare theirs: rows one after the other, and writable. To Numba a read-only array is of another type, for
    which it would compile the kernel again.
    """
    found: NDArray[Any] = np.ascontiguousarray(values, dtype)
    return found if found.flags.writeable else found.copy()


def hyper(rule: Any, g2: Loss, dtype: np.dtype) -> Floats:
    """The numbers of the optimizer (None: there is none) and the loss that the kernels take, in the precision of the run."""
    first = getattr(rule, "mu", getattr(rule, "beta_1", 0.0))
    second = getattr(rule, "rho", getattr(rule, "beta_2", 0.0))
    settings = dict(g2.settings)
    epsilon = getattr(rule, "epsilon", 0.0)
    least, most = float(np.finfo(dtype).tiny), float(np.finfo(dtype).max)
    epsilon = epsilon and min(max(epsilon, least), most)  # what the precision holds no more would divide 0 by 0
    delta = min(max(settings.get("delta", 1.0), least), most)
    return np.array([first, second, epsilon, delta, settings.get("q", 0.5), *output_limits(dtype)], dtype)


@cache
def output_limits(dtype: np.dtype) -> tuple[Any, Any]:
    """Where exp and the Gaussian unit's precision go on as tangents."""
    one = np.ones(1, dtype)
    return exp_limits(one), log_variance_limits(one)


def bias_corrections(known: RunConstants, rule: Any, done: int, n: int, dtype: np.dtype) -> Floats:
    """What Adam multiplies the learning rate with in the n updates after `done`, √(1 − β₂ᵗ) / (1 − β₁ᵗ); 1 for other rules."""
    start = done - known.corrected_from
    if not 0 <= start <= len(known.corrections) - n:
        known.corrections, known.corrected_from, start = corrections_after(rule, done, max(n, CORRECTIONS_AHEAD), dtype), done, 0
    return known.corrections[start : start + n]


@lru_cache(maxsize=4)
def corrections_after(rule: Any, done: int, n: int, dtype: np.dtype) -> Floats:
    """`bias_corrections`. Kept, because the candidates of a search make the same updates."""
    t = np.arange(done + 1.0, done + n + 1)
    values = np.sqrt(1 - rule.beta_2**t) / (1 - rule.beta_1**t) if isinstance(rule, Adam) else np.ones(n)
    return values.astype(dtype)


@cache
def addresses(activation: str, output: str, rule: Any, n_z: int, dtype: np.dtype) -> tuple[int, int, int, int, int, int]:
    """The addresses of a run's functions in this process; 0 for no rule."""
    found: tuple[int, int, int, int, int, int] = dispatch_module().addresses(activation, output, rule, n_z, dtype)
    return found


@cache
def late_rules(rule: Any, dtype: np.dtype) -> tuple[int, int]:
    """The addresses of the rules that make up for several updates, in this process."""
    found: tuple[int, int] = dispatch_module().late(rule, dtype)
    return found


@cache
def ramp_functions(dtype: np.dtype) -> tuple[int, int, int]:
    """Where the product, layer 1 over looked-up ramps and its gradient lie in this process."""
    found: tuple[int, int, int] = dispatch_module().ramp_functions(dtype)
    return found


FITS, OF_WEIGHTS, OF_MEMORY, OF_COLUMNS, OF_ORDER, OF_ENDS, OF_ROW_WEIGHTS, OF_EACH, OF_STEPS, OF_RAMPS, OF_TEAM, NO_ROOM = range(12)
REASONS = {
    OF_WEIGHTS: "the weights are not W1, b1, W2 and b2, with or without W3, of networks of one size",
    OF_MEMORY: "gradient, moments, averages or signs are not as long as the weights, or numbers of the optimizer are missing",
    OF_COLUMNS: "X and Y have other numbers of rows, or other columns than the networks read",
    OF_ORDER: "the order names a row that X does not have",
    OF_ENDS: "batches end outside of the order, run backwards, or have more rows than fit in the arrays",
    OF_ROW_WEIGHTS: "the rows' weights are not one for each row, of all networks or of each",
    OF_EACH: "the networks' own numbers are not of as many networks, or a network is wider than its array",
    OF_STEPS: "learning rates, corrections, costs or sums are not of as many batches, networks or targets",
    OF_RAMPS: "the ramps that are looked up are not those of these inputs and units",
    OF_TEAM: "what the threads share is of another size",
}


def refuse(found: int) -> None:
    """Raise what a kernel found; it computes nothing of arrays that do not fit. Or what a function of the user's own raised inside it."""
    raise_waiting()
    if found == NO_ROOM:
        raise TooLargeError(
            "There is not enough memory for what a batch of rows is computed in: take fewer hidden units or fewer rows at once."
        )
    if found != FITS:
        raise LayoutError(f"The arrays do not fit one another: {REASONS[found]}. Nothing was computed.")


def refuse_population(population: Population) -> None:
    """Raise where a population's arrays are not of one size."""
    W1, b1, W2, b2, W3 = (getattr(population.parameters, name) for name in ("W1", "b1", "W2", "b2", "W3"))
    if W1.ndim != 3 or W2.ndim != 3:
        refuse(OF_WEIGHTS)
    K, n_h, n_x = W1.shape
    n_z = W2.shape[1]
    if b1.shape != (K, n_h, 1) or W2.shape != (K, n_z, n_h) or b2.shape != (K, n_z, 1) or min(K, n_h, n_z) < 1:
        refuse(OF_WEIGHTS)
    if W3 is not None and W3.shape != (K, n_z, n_x):
        refuse(OF_WEIGHTS)
    if np.shape(population.widths) != (K,) or np.shape(population.inputs) != (K, n_x):
        refuse(OF_EACH)
    if population.widths.min() < 0 or population.widths.max() > n_h:
        refuse(OF_EACH)


def refuse_network(parameters: Parameters, encoding: Encoding, X: Any) -> None:
    """Raise where one network, its encoding and raw rows `X (m, n)` do not fit together."""
    W1, b1, W2, b2, W3 = parameters.W1, parameters.b1, parameters.W2, parameters.b2, parameters.W3
    n, n_h, n_z = encoding.n_inputs, len(W1), len(W2)
    if len(X.shape) != 2 or X.shape[1] != n:
        raise LayoutError(f"X has the shape {tuple(X.shape)}; expected {n} columns, as many as the network's encoding has.")
    if W1.shape != (n_h, n + encoding.n_ramps) or b1.shape != (n_h, 1) or W2.shape != (n_z, n_h) or b2.shape != (n_z, 1):
        refuse(OF_WEIGHTS)
    if W3 is not None and W3.shape != (n_z, W1.shape[1]):
        refuse(OF_WEIGHTS)
    if len(encoding.scale) != n or len(encoding.edges) != n or len(encoding.ramps.left) != encoding.n_ramps:
        raise LayoutError(f"The encoding's scale, edges and ramps are not those of {n} columns.")
    if encoding.limits is not None and encoding.limits.shape != (2, n):
        raise LayoutError(f"The encoding's limits have the shape {encoding.limits.shape}; expected (2, {n}).")


def refuse_rows(X: Any, Y: Any, n_x: int, n_y: int | None, weight: Any = None, K: int = 1) -> None:
    """Raise where rows are not `X (m, n_x)` and `Y (m, n_y)`, or their weights not `(m,)` or `(K, m)`; n_y None is any number."""
    if len(X.shape) != 2 or len(Y.shape) != 2 or X.shape[0] != Y.shape[0]:
        raise LayoutError(f"X and Y must be tables of as many rows; their shapes are {tuple(X.shape)} and {tuple(Y.shape)}.")
    if X.shape[1] != n_x or (n_y is not None and Y.shape[1] != n_y):
        raise LayoutError(f"X {tuple(X.shape)} must have {n_x} columns and Y {tuple(Y.shape)} {n_y}: the networks read as many.")
    if weight is not None and tuple(weight.shape) not in ((X.shape[0],), (K, X.shape[0])):
        raise LayoutError(f"The rows' weights have the shape {tuple(weight.shape)}; expected {(X.shape[0],)} or {(K, X.shape[0])}.")
