"""What the weights alone say about each input: the measures of R's NeuralNetTools.

Both take the shoal as ONE network over scaled inputs; the ramps of a column count with it. What the network does with real rows is
`sensitivities`; what it needs is permutation importance.
"""

import numpy as np

from shoal.network import Network
from shoal.types import Floats

TINY = 1e-300  # in place of a sum of 0: a unit without weights passes nothing on


def olden(network: Network) -> Floats:
    """Olden's connection weights of each input, `(n, n_z)`: signed, in logits (or units of the scaled target) a standard deviation.

    `olden[j, o] = Σ_i W1[i, j] · W2[o, i]`, i over the hidden units, `+ W3[o, j]` where there are skip connections.

    Returns
    -------
    ndarray, (n, n_z)

    References
    ----------
    J. D. Olden and D. A. Jackson, Illuminating the "black box", Ecological Modelling 154 (2002), 135-150; `olden` of R's NeuralNetTools.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, 3 * X[:, 0])
    >>> from shoal.inspection import olden
    >>> bool(olden(model.network_)[0, 0] > 0)
    True
    """
    W1, W2, W3 = network.merged.W1, network.merged.W2, network.merged.W3
    return by_input(network, (W2 @ W1 if W3 is None else W2 @ W1 + W3).T)


def garson(network: Network) -> Floats:
    """Garson's fractions of each input, `(n, n_z)`: not signed, columns add up to 1.

    `garson[j, o] ∝ Σ_i |W2[o, i]| · |W1[i, j]| / Σ_k |W1[i, k]|`, i over the hidden units, `+ |W3[o, j]|` where there are skip connections.

    Returns
    -------
    ndarray, (n, n_z)

    References
    ----------
    G. D. Garson, Interpreting neural network connection weights, AI Expert 6 (1991), 46-51; `garson` of R's NeuralNetTools.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.inspection import garson
    >>> garson(model.network_)
    array([[1.]])
    """
    W1, W2, W3 = network.merged.W1, network.merged.W2, network.merged.W3
    sizes = np.abs(W1)
    through = np.abs(W2) @ (sizes / np.maximum(sizes.sum(axis=1, keepdims=True), TINY))
    parts = by_input(network, (through if W3 is None else through + np.abs(W3)).T)
    return np.asarray(parts / np.maximum(parts.sum(axis=0), TINY))


def by_input(network: Network, encoded: Floats) -> Floats:
    """Values of the encoded inputs `(n + n_ramps, …)` added up to those of the n inputs that they are made of."""
    encoding, n = network.encoding, network.encoding.n_inputs
    together = np.array(encoded[:n], np.float64)
    if encoding.n_ramps:
        np.add.at(together, encoding.ramps.column, encoded[n:])
    return together
