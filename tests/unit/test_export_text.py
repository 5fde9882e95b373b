"""A network as JSON and as an equation: both say what predict says, to the last digit they can."""

import json
import math
import re

import numpy as np
import pytest

from shoal import ShoalClassifier, ShoalRegressor
from shoal.encoding import encode
from shoal.export import equation, weights, weights_json
from shoal.network import predict
from shoal.textbook import ACTIVATIONS, Parameters, forward, make_loss

rng = np.random.default_rng(0)
X = rng.standard_normal((40, 2)) * [3, 0.5] + [10, 0]
CLASSES = (X[:, 0] > 10).astype(int) + (X[:, 1] > 0.3)
SETTINGS = {"hidden_layer_sizes": 3, "max_iter": 5, "solver": "adam", "n_networks": 2, "random_state": 0, "dtype": "float64"}


def fitted(kind, y, **more):
    from dataclasses import replace

    network = kind(**{**SETTINGS, **more}).fit(X, y).network_
    return replace(network, feature_names=("petal length", "x2"))


CASES = [
    (ShoalClassifier, CLASSES > 0, {"activation": "tanh"}),
    (ShoalClassifier, CLASSES, {"ramps": True, "activation": "relu"}),
    (ShoalRegressor, X[:, 0] * 100 + 5000, {"activation": "logistic"}),
    (ShoalRegressor, X[:, 1], {"loss": "gaussian", "activation": "silu", "standardize": False}),
    (ShoalRegressor, CLASSES, {"loss": "poisson", "activation": "softplus"}),
]


def read_equation(text, row):
    """Evaluate the lines as a person with a calculator would: in order, names for values."""
    values = {name: (lambda z, g=g: float(g(np.array(float(z))))) for name, g in ACTIVATIONS.items()}
    values |= {"exp": math.exp, "sigmoid": values["logistic"], "clip": lambda v: min(max(v, 0.0), 1.0)}
    values |= {"petal_length": row[0], "x2": row[1]}
    answers = []
    for line in text.replace("[petal length]", "petal_length").splitlines():
        if line.startswith("where"):
            break
        if line:
            name, value = line.split(" = ", 1) if not line.startswith("P(") else re.match(r"(P\(.*?\)) = (.*)", line).groups()
            values[name] = eval(value, {}, values)
            if not re.fullmatch(r"[hz]\d+", name) and not name.startswith("variance"):
                answers.append(values[name])
    return answers


@pytest.mark.parametrize(("kind", "y", "more"), CASES)
def test_the_equation_says_what_predict_says(kind, y, more):
    network = fitted(kind, y, **more)
    text = equation(network, "price")
    for row, said in zip(X[:5], predict(network, X[:5]), strict=True):
        assert read_equation(text, row) == pytest.approx(said, rel=1e-9)
    assert ACTIVATIONS[more["activation"]].formula in text


@pytest.mark.parametrize(("kind", "y", "more"), CASES)
def test_json_holds_the_very_bits_and_enough_to_predict(kind, y, more):
    network = fitted(kind, y, **more)
    read = json.loads(weights_json(network))
    assert read == weights(network)
    for name, w in network.merged.named().items():
        assert np.array_equal(np.array(read[name]), w)
    assert len(read["encoded_inputs"]) == len(read["W1"][0])
    own = Parameters(*(np.array(read[name]) for name in ("W1", "b1", "W2", "b2")))
    rows = encode(network.encoding, X[:5])
    A2 = forward(own, rows.T, ACTIVATIONS[read["activation"]], make_loss(read["output"])).A2[: 1 if read["output"] == "gaussian" else None]
    scale, center = (1.0, 0.0) if read["target"] is None else (read["target"]["scale"], read["target"]["center"])
    assert A2.T * scale + center == pytest.approx(predict(network, X[:5]), rel=1e-12)
