"""A network's numbers as JSON: the weights as they are used, and the scaling beside them.

Every number is written with as many digits as bring back the same bits. Read in order: encode the inputs
(`(x − center) / scale`, then the ramps), `Z1 = W1 X + b1`, `A1 = activation(Z1)`, `Z2 = W2 A1 + b2`,
`output(Z2)`, and for regression `· target.scale + target.center`.
"""

import json
from typing import Any

import numpy as np

from shoal.encoding import encoded_names
from shoal.network import Network

FORMAT = "shoal network, version 1"


def weights(network: Network) -> dict[str, Any]:
    """The whole shoal as one network, in plain lists and numbers."""
    encoding, target = network.encoding, network.target
    return {
        "format": FORMAT,
        "inputs": list(network.feature_names),
        "encoded_inputs": encoded_names(encoding, network.feature_names),
        "encoding": {
            "center": numbers(encoding.center),
            "scale": numbers(encoding.scale),
            "ramp_edges": [numbers(edges) for edges in encoding.edges],
            "ramp_center": numbers(encoding.ramp_center),
            "ramp_scale": float(encoding.ramp_scale),
        },
        **{name: numbers(w) for name, w in network.merged.named().items()},
        "activation": network.activation,
        "output": network.output,
        "target": None if target is None else {"center": numbers(target.center), "scale": numbers(target.scale)},
        "classes": [[plain(label) for label in labels] for labels in network.classes],
        "networks": network.population.K,
        "dtype": str(network.merged.W1.dtype),
    }


def weights_json(network: Network) -> str:
    """`weights` as text, one row of a matrix a line."""
    return "{\n" + ",\n".join(f'  "{name}": {laid_out(value)}' for name, value in weights(network).items()) + "\n}\n"


def laid_out(value: Any) -> str:
    """JSON of one value; the rows of a matrix stand under one another."""
    if isinstance(value, list) and len(value) > 1 and isinstance(value[0], list):
        return "[\n    " + ",\n    ".join(dumped(row) for row in value) + "\n  ]"
    return dumped(value)


def dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def numbers(values: Any) -> Any:
    """Lists of Python floats: float32 widened, which loses nothing."""
    return np.asarray(values, np.float64).tolist()


def plain(label: Any) -> Any:
    """A class label as Python's own type."""
    return label.item() if isinstance(label, np.generic) else label
