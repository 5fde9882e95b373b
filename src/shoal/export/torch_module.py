"""A network as a PyTorch module: Linear, activation, Linear, and skip connections, with the scaling folded into the weights."""

from itertools import pairwise
from typing import Any

import numpy as np

from shoal.encoding import Encoding
from shoal.errors import ExportError
from shoal.export.portable import portable
from shoal.network import folded
from shoal.textbook.activations import ACTIVATIONS, Activation
from shoal.types import Floats


def to_torch(model: Any) -> Any:
    """The network of a fitted estimator as a `torch.nn.Sequential` in float64.

    Parameters
    ----------
    model : fitted `ShoalClassifier` or `ShoalRegressor`; of a model of `shoal.fit`, `model["estimator"]`

    Returns
    -------
    torch.nn.Sequential of Linear, activation, Linear, over the same matrix that the estimator takes. A network with ramps has
    a module in front that sets the ramps beside the columns, and one with limited inputs a module before all others that limits
    them; one with skip connections has these three in a module `network`, beside a Linear `skip` without bias whose answer is added. A
    classifier gives its logits (one for two classes; the loss
    functions of PyTorch take them) and no class: compare `torch.sigmoid` of them with the estimator's `thresholds_`, or with a half
    where it has none. A regressor gives its predictions, with the loss "poisson" their logarithm.

    Raises
    ------
    ExportError
        Without PyTorch, for a Pipeline, or for a Gaussian output.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal import to_torch
    >>> import torch  # doctest: +SKIP
    >>> to_torch(model)(torch.tensor(X)).shape  # doctest: +SKIP
    torch.Size([60, 1])
    """
    try:
        import torch
    except ImportError as error:
        raise ExportError("to_torch needs PyTorch: pip install torch.") from error
    found = portable(model, "a PyTorch module")
    if found.prepare is not None:
        raise ExportError(
            "The step 'prepare' reads a table's cells, and a PyTorch module takes a matrix. Give model['estimator'], "
            "and the module what model['prepare'].transform makes of the table; ONNX takes both in one."
        )
    network = found.network
    if network.g2.unit.states_variance:
        raise ExportError("A Gaussian output (mean and variance) has no PyTorch module of one kind; ONNX and C write its mean.")
    p = folded(network).map(lambda w: torch.tensor(np.ascontiguousarray(w)))
    first = [] if network.encoding.limits is None else [limit_module(torch, network.encoding.limits)]
    first += [ramp_module(torch, network.encoding)] if network.encoding.n_ramps else []
    layers = [linear(torch, p.W1, p.b1), activation(torch, ACTIVATIONS[network.activation]), linear(torch, p.W2, p.b2)]
    if p.W3 is not None:
        layers = [with_skip(torch, torch.nn.Sequential(*layers), linear(torch, p.W3))]
    return torch.nn.Sequential(*first, *layers)


def linear(torch: Any, W: Any, b: Any = None) -> Any:
    """A Linear layer with these weights."""
    layer = torch.nn.Linear(W.shape[1], W.shape[0], bias=b is not None, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(W)
        if b is not None:
            layer.bias.copy_(b[:, 0])
    return layer


def with_skip(torch: Any, network: Any, skip: Any) -> Any:
    """A module that adds what two give of the same inputs."""

    class SkipConnections(torch.nn.Module):
        """The network's answer and that of the skip connections past its hidden layer."""

        def __init__(self) -> None:
            super().__init__()
            self.network, self.skip = network, skip

        def forward(self, X: Any) -> Any:
            return self.network(X) + self.skip(X)

    return SkipConnections()


def activation(torch: Any, g: Activation) -> Any:
    """The hidden unit: PyTorch's module, or one that runs the textbook's lines where PyTorch has none."""
    if g.torch is not None:
        return getattr(torch.nn, g.torch.name)(**dict(g.torch.settings + g.torch.exact))

    class HiddenUnit(torch.nn.Module):
        """g of every element."""

        def forward(self, Z: Any) -> Any:
            return g(Z)

    return HiddenUnit()


def limit_module(torch: Any, limits: Floats) -> Any:
    """A module that keeps each column within its limits."""

    class LimitModule(torch.nn.Module):
        """x, but the lower limit below it and the upper one above it."""

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("lower", torch.tensor(limits[0]))
            self.register_buffer("upper", torch.tensor(limits[1]))

        def forward(self, X: Any) -> Any:
            return torch.clamp(X, self.lower, self.upper)

    return LimitModule()


def ramp_module(torch: Any, encoding: Encoding) -> Any:
    """A module that sets each column's ramps, 0 to 1, beside the columns."""
    ramps = [(j, a, b) for j, edges in enumerate(encoding.edges) for a, b in pairwise(edges)]
    columns, left, right = (np.array(values) for values in zip(*ramps, strict=True))

    class RampModule(torch.nn.Module):
        """clip((x − left) / width, 0, 1) beside x."""

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("columns", torch.tensor(columns))
            self.register_buffer("left", torch.tensor(left))
            self.register_buffer("width", torch.tensor(right - left))

        def forward(self, X: Any) -> Any:
            return torch.cat([X, ((X[:, self.columns] - self.left) / self.width).clamp(0.0, 1.0)], dim=1)

    return RampModule()
