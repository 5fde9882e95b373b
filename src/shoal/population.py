"""Population: K networks of one hidden layer side by side, the unit of work of the whole house.

Shapes: `W1 (K, n_h, n_x)`, `b1 (K, n_h, 1)`, `W2 (K, n_z, n_h)`, `b2 (K, n_z, 1)`, and `W3 (K, n_z, n_x)` where the networks have skip
connections, all of them or none. A network narrower than n_h is
padded with units that are switched off, and one that does not see every input has zeros in those columns of W1 and W3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shoal.textbook.propagation import Parameters
from shoal.types import Floats


@dataclass(frozen=True)
class Population:
    """K networks' parameters, the width of each and the inputs that each sees.

    Attributes
    ----------
    parameters : Parameters
        With a leading axis K.
    widths : ndarray of int, (K,)
        Hidden units in use; those beyond are padding and stay 0.
    inputs : ndarray of bool, (K, n_x)
        Which inputs each network sees.
    """

    parameters: Parameters
    widths: NDArray[np.int64]
    inputs: NDArray[np.bool_]

    @property
    def K(self) -> int:
        """The number of networks."""
        return int(self.parameters.W1.shape[0])

    @property
    def units(self) -> NDArray[np.bool_]:
        """Which hidden units are in use, `(K, n_h)`."""
        return np.arange(self.parameters.W1.shape[1]) < self.widths[:, None]

    def astype(self, dtype: np.dtype) -> "Population":
        """The same networks in another precision."""
        return Population(self.parameters.map(lambda w: w.astype(dtype)), self.widths, self.inputs)


def stack(networks: Sequence[Parameters], inputs: NDArray[np.bool_] | None = None) -> Population:
    """Single networks, each with parameters of the chapter's shapes, padded to the widest and put side by side."""
    widths = np.array([p.W1.shape[0] for p in networks])
    n_h, n_x = int(widths.max()), networks[0].W1.shape[1]
    n_z = networks[0].W2.shape[0]
    seen = np.ones((len(networks), n_x), bool) if inputs is None else inputs
    K = len(networks)
    shapes = {"W1": (n_h, n_x), "b1": (n_h, 1), "W2": (n_z, n_h), "b2": (n_z, 1), "W3": (n_z, n_x)}
    parameters = Parameters(**{name: np.zeros((K, *shapes[name])) for name in networks[0].named()})
    for k, one in enumerate(networks):
        parameters.W1[k, : widths[k]] = one.W1 * seen[k]
        parameters.b1[k, : widths[k]] = one.b1
        parameters.W2[k, :, : widths[k]] = one.W2
        parameters.b2[k] = one.b2
        if parameters.W3 is not None:
            parameters.W3[k] = one.W3 * seen[k]
    return Population(parameters, widths, seen)


def take(population: Population, members: Sequence[int] | NDArray[np.int64] | slice) -> Population:
    """Some of the networks, in the order asked for: copies, but for a slice, whose arrays lie within the population's."""
    chosen = members if isinstance(members, slice) else np.asarray(members, dtype=np.int64)
    return Population(population.parameters.map(lambda w: w[chosen]), population.widths[chosen], population.inputs[chosen])


def with_zeros(population: Population, alive: NDArray[np.bool_]) -> Population:
    """The networks, with zeros for the weights of those that are not alive: they count for nothing, and 0 times NaN is NaN."""
    if alive.all():
        return population
    kept = population.parameters.map(lambda w: np.where(alive[:, None, None], w, 0))
    return Population(kept, population.widths, population.inputs)


def member(population: Population, k: int) -> Parameters:
    """Network k alone, without padding, in the chapter's shapes."""
    one, n_h = population.parameters.map(lambda w: w[k]), population.widths[k]
    return replace(one, W1=one.W1[:n_h], b1=one.b1[:n_h], W2=one.W2[:, :n_h])


def merge(population: Population, shares: Floats) -> Parameters:
    """The whole shoal as ONE network with a hidden layer of all members' units.

    Its logits are Σₖ shareₖ · logits of member k, since a sum over members is a sum over more hidden units.
    `shares (K,)` add up to 1. Skip connections add up as the output biases do: W3 = Σₖ shareₖ W3 of member k.
    """
    p = population.parameters
    shares = np.asarray(shares, dtype=p.W2.dtype)
    if population.K == 1:
        n_h, share = population.widths[0], shares[0]
        W3 = None if p.W3 is None else p.W3[0] * share
        return Parameters(p.W1[0, :n_h], p.b1[0, :n_h], p.W2[0, :, :n_h] * share, p.b2[0] * share, W3)
    used = population.units
    weighted = np.moveaxis(p.W2 * shares[:, None, None], 1, 0)  # (n_z, K, n_h)
    b2, W3 = (None if w is None else np.einsum("k,kzo->zo", shares, w) for w in (p.b2, p.W3))
    return Parameters(p.W1[used], p.b1[used], np.ascontiguousarray(weighted[:, used]), b2, W3)
