"""Network: what is left of training. Prediction, inspection and export all take one; none of them trains."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.encoding import Encoding, TargetScale, decode_target, encode, fold, fold_target
from shoal.engine.outputs import logits, raw_logits
from shoal.population import Population, merge
from shoal.textbook.outputs import Output, output
from shoal.textbook.propagation import Parameters

Floats = NDArray[np.floating]

OF_THE_MEAN = ("squared_error", "huber", "absolute_error", "quantile")  # outputs whose logit is the prediction itself


@dataclass(frozen=True)
class Network:
    """A trained shoal: its members' weights, how they are combined, and what its numbers mean.

    Attributes
    ----------
    population : Population
        The members.
    shares : ndarray, (K,)
        Each member's share in the logits; they add up to 1.
    activation, output : str
        Names in `textbook.activations` and `textbook.outputs`.
    delta, q : float
        Huber's threshold in units of the scaled target; the quantile.
    encoding : Encoding
        What a number becomes before layer 1.
    target : TargetScale or None
        How a regression target was scaled; None where it was not.
    classes : tuple of ndarray
        The labels, one array for each target; empty for regression.
    feature_names : tuple of str
        Names of the inputs, `x0, x1, …` where the data had none.
    history : mapping
        `loss`, `validation_loss`, `validation_score`, `learning_rate`: arrays `(epochs, K)`, validation ones only where used.
    """

    population: Population
    shares: Floats
    activation: str
    output: str
    encoding: Encoding
    target: TargetScale | None
    classes: tuple[NDArray[Any], ...]
    feature_names: tuple[str, ...]
    history: Mapping[str, Floats]
    delta: float = 1.0
    q: float = 0.5

    @cached_property
    def merged(self) -> Parameters:
        """The whole shoal as one network of all members' units, over encoded inputs, in float64.

        Sums of float32 products depend on how many rows are asked for at once, which no prediction should.
        """
        return merge(self.population.astype(np.dtype(np.float64)), self.shares)

    @property
    def g2(self) -> Output:
        """The output unit."""
        return output(self.output, delta=self.delta, q=self.q)

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # `merged` is made again where it is needed


def encoded(network: Network, X: Any) -> Any:
    """Rows `(m, n)` as layer 1 takes them, in the network's precision."""
    return encode(network.encoding, X, network.population.parameters.W1.dtype)


def predict_logits(network: Network, X: Any) -> Floats:
    """Z2 of the merged network for raw rows `X (m, n)`: `(n_z, m)`."""
    return raw_logits(network.merged, network.encoding, X, network.activation)


def predict(network: Network, X: Any) -> Floats:
    """What the network says of raw rows `X (m, n)`, `(m, n_y)` in float64.

    Probabilities for sigmoid and softmax outputs; expected values in the target's own units for the others.
    """
    return in_units(network, network.g2(predict_logits(network, X)))


def predict_members(network: Network, X: Any) -> Floats:
    """`predict` of every member alone: `(K, m, n_y)`."""
    Z2 = logits(network.population, encoded(network, X), network.activation)
    return np.stack([in_units(network, network.g2(z.astype(np.float64))) for z in Z2])


def in_units(network: Network, A2: Floats) -> Floats:
    """Outputs `(n_z, m)` as rows `(m, n_y)` in the target's own units; of a Gaussian output the mean."""
    rows = A2.T if network.output != "gaussian" else A2[: A2.shape[0] // 2].T
    return np.asarray(rows if network.target is None else decode_target(network.target, rows))


def folded(network: Network) -> Parameters:
    """The merged network over raw numbers and raw ramps, in float64, with the target's scale inside where the output is linear."""
    parameters = fold(network.encoding, network.merged)
    if network.target is None or network.output not in OF_THE_MEAN:
        return parameters
    return fold_target(network.target, parameters)
