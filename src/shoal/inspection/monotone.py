"""In which inputs predictions increase or decrease for every row, read from the signs of the weights."""

import numpy as np

from shoal.network import Network
from shoal.textbook.activations import ACTIVATIONS
from shoal.textbook.monotone import proven_signs


def proven_directions(network: Network) -> tuple[int, ...]:
    """1 for each input in which predictions never decrease, −1 where they never increase; 0 if the weights prove neither.

    Of two classes the prediction is the probability of the second. Networks with several predictions have 0 everywhere, and so has an input
    without any influence. It is a sufficient condition: a network may be monotone without it.

    Parameters
    ----------
    network : Network

    Returns
    -------
    tuple of int, (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.random.default_rng(0).normal(size=(80, 2))
    >>> model = ShoalRegressor(monotonic_cst=[1, 0], max_iter=5, random_state=0).fit(X, X[:, 0] + X[:, 1] ** 2)
    >>> proven_directions(model.network_)
    (1, 0)
    """
    encoding, p = network.encoding, network.merged
    if p.W2.shape[0] != network.g2.logits_per_target or not ACTIVATIONS[network.activation].increasing:
        return (0,) * encoding.n_inputs
    column = np.concatenate([np.arange(encoding.n_inputs), encoding.ramps.column])
    up, down = (np.bincount(column, ~holds, encoding.n_inputs) == 0 for holds in proven_signs(p))
    return tuple((up.astype(int) - down).tolist())
