"""The cost of small networks over all their rows, as the compiled steps of full-batch solvers take it (`kernels/full_batch.py`).

Small is a network whose pass over the rows takes less time than Python takes to prepare one. Networks that see the same inputs are one
block; each is computed alone, so that neither their number nor that of the threads changes a bit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.engine.arguments import addresses, hyper, kernel_array, refuse
from shoal.engine.kernels import full_batch_module
from shoal.engine.layout import kinds_of_inputs
from shoal.engine.minibatch import WORTH_A_THREAD
from shoal.engine.sums import BATCH
from shoal.engine.threads import cores, spread
from shoal.population import Population
from shoal.textbook.losses import Loss
from shoal.types import Floats

PAIRS = 10  # steps that L-BFGS remembers: SciPy's own number
GROW, SHRINK = 1.2, 0.5  # Rprop's factors of a weight's step
LEAST, MOST = 1e-6, 50.0  # its limits
FIRST_SCALE = 1e-6  # SCG's scale of the first step
MOST_WORK = 2_000_000  # multiplications of a pass over the rows: beyond, threads that share the rows gain more than Python takes
CHUNKS = 16  # parts of the networks that threads take


@dataclass(frozen=True)
class CostOfBlock:
    """Networks that see the same inputs: their places `members (k,)`, and what the kernels take before them.

    `given` is shape, rows, each network's own numbers, those of the loss, the inputs that they see, and λ and weights; `work` the
    multiplications of a network's pass over the rows.
    """

    members: NDArray[np.int64]
    given: tuple[Any, ...]
    work: int


def costs_of_blocks(
    population: Population, data: tuple[Any, Floats, Floats], total: Floats, lam: Floats, activation: str, g2: Loss
) -> list[CostOfBlock] | None:
    """The blocks of a population over `data`: X `(m, n_x)`, Y `(m, n_y)` and weights `(K, m)`; `total`, `lam (K,)`.

    None where the networks are not small, or the rows not an array.
    """
    X, Y, weights = data
    parameters, m = population.parameters, len(Y)
    work = m * sum(w[0].size for w in parameters)
    if not isinstance(X, np.ndarray) or m == 0 or work > MOST_WORK:
        return None
    double, K = np.dtype(np.float64), population.K
    n_h, n_z = parameters.W1.shape[1], parameters.W2.shape[1]
    alike = weights.strides[0] == 0  # one row of weights for all networks
    where, numbers = addresses(activation, g2.name, None, n_z, double), hyper(None, g2, double)
    k, batch = full_batch_module(), min(BATCH, m)
    own = k.PerNetwork(np.zeros((4, K)), np.array([population.widths, *np.zeros((2, K), np.int64)]))
    penalty = np.array([lam, total], np.float64)
    targets, shared = kernel_array(Y, double), kernel_array(weights[:1] if alike else weights, double)
    order, ends = np.arange(m), np.minimum(np.arange(0, m + batch, batch), m)
    blocks = []
    for members, seen in kinds_of_inputs(population):
        columns = np.flatnonzero(seen)
        shape = k.Shape(1, n_h, len(columns), n_z, 0, batch, 0 if parameters.W3 is None else n_z, *where)
        rows = k.RowArrays(kernel_array(X if seen.all() else X[:, columns], double), targets, shared, order, ends)
        blocks.append(CostOfBlock(members, (shape, rows, own, numbers, columns, penalty), work))
    return blocks


def costs(blocks: list[CostOfBlock], members: NDArray[np.int64], theta: Floats) -> tuple[Floats, Floats]:
    """J `(k,)` and ∂J/∂θ `(k, p)` of the networks `members (k,)`, whose parameters are `theta (k, p)`."""
    theta, k = kernel_array(theta, np.float64), full_batch_module()
    value, gradient = np.empty(len(members)), np.empty_like(theta)

    def run(block: CostOfBlock, places: NDArray[np.int64]) -> None:
        whole = len(places) == len(members)
        to = (value, gradient) if whole else (np.empty(len(places)), np.empty((len(places), theta.shape[1])))
        refuse(k.costs(*block.given, members[places], theta if whole else theta[places], *to))
        if not whole:
            value[places], gradient[places] = to

    in_parts(blocks, members, run)
    return value, gradient


def in_parts(blocks: list[CostOfBlock], members: NDArray[np.int64], run: Callable[[CostOfBlock, NDArray[np.int64]], None]) -> None:
    """`run` for the places in `members` of each block's networks, over the cores where that is worth it."""
    places = [(block, np.arange(len(members)) if len(blocks) == 1 else np.flatnonzero(np.isin(members, block.members))) for block in blocks]
    if len(members) > 1 and len(members) * blocks[0].work > WORTH_A_THREAD and cores() > 1:
        parts = [(block, part) for block, own in places if len(own) for part in np.array_split(own, min(len(own), CHUNKS))]
        spread(lambda part: run(*part), parts)
        return
    for block, own in places:
        if len(own):
            run(block, own)
