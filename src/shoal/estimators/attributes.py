"""The attributes of a fitted estimator that follow from its network alone, under scikit-learn's names."""

from typing import Any

import numpy as np

from shoal.encoding import encoded_names
from shoal.fit_facts import mark_of
from shoal.network import Network, folded

UNITS = {"sigmoid": "logistic", "softmax": "softmax", "poisson": "exp", "gaussian": "gaussian"}  # others are the identity


def follow(made: Any, network: Network) -> None:
    """Give an estimator its network, and the attributes that follow from it."""
    parameters = folded(network)
    made.network_, made._encoding, made._mark = network, network.encoding, mark_of(network)
    made.n_features_in_ = network.encoding.n_inputs
    made.coefs_ = [parameters.W1.T.copy(), parameters.W2.T.copy()]
    made.intercepts_ = [parameters.b1[:, 0].copy(), parameters.b2[:, 0].copy()]
    made.encoded_feature_names_ = np.array(encoded_names(network.encoding, network.feature_names), dtype=object)
    made.n_layers_, made.n_outputs_ = 3, int(parameters.W2.shape[0])
    made.out_activation_ = UNITS.get(network.output, "identity")
