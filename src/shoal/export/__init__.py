"""A trained network as something that needs no shoal."""

from shoal.export.equation import equation
from shoal.export.weights import weights, weights_json

__all__ = ["equation", "weights", "weights_json"]
