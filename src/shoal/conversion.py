"""Networks that were trained elsewhere, as fitted estimators: scikit-learn's MLP, PyTorch's Sequential, shoal's own JSON."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import TransformedTargetRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from shoal.encoding import Encoding, TargetScale, plain
from shoal.errors import InvalidParameterError
from shoal.estimators.classifier import ShoalClassifier
from shoal.estimators.regressor import ShoalRegressor
from shoal.fitting.fitted import Fitted
from shoal.fitting.targets import Targets
from shoal.network import Network
from shoal.population import stack
from shoal.textbook.activations import ACTIVATIONS
from shoal.textbook.losses import LOSSES
from shoal.textbook.propagation import Parameters

TORCH_ACTIVATIONS = {g.torch.name: g for g in ACTIVATIONS.values() if g.torch is not None}
OUTPUTS = {g2.unit.name: g2.name for g2 in reversed(LOSSES.values())}  # by scikit-learn's name of the unit, the first loss that has it


def from_fitted(
    model: Any, *, task: str | None = None, classes: Sequence[Any] | None = None, feature_names: Sequence[str] | None = None
) -> ShoalClassifier | ShoalRegressor:
    """Take a network over that was fitted by scikit-learn or PyTorch. It predicts as it did, and can do all that shoal's own can.

    Parameters
    ----------
    model : fitted `MLPClassifier` or `MLPRegressor` with one hidden layer, also behind a `StandardScaler` in a Pipeline
        and inside a `TransformedTargetRegressor` with one; or a
        `torch.nn.Sequential` of Linear, activation, Linear, which may end in a Sigmoid or Softmax.
    task : {"classification", "regression"}
        Of a PyTorch module, which does not know it; with a Sigmoid, a Softmax or `classes` it is classification.
    classes : sequence of labels
        Of a PyTorch classifier, in the order of its outputs; 0, 1, … where None. One output tells two classes apart.
    feature_names : sequence of str
        Of a PyTorch module's inputs; `x0`, `x1`, … where None.

    Returns
    -------
    ShoalClassifier or ShoalRegressor, fitted, one network in float64, without ramps

    Raises
    ------
    InvalidParameterError
        For a model that is not fitted, has not exactly one hidden layer, or a part that shoal does not know, which is named.

    Notes
    -----
    The optimizer's memory stays behind: `warm_start` and `partial_fit` cannot go on with it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> from shoal import from_fitted
    >>> X, y = load_iris(return_X_y=True)
    >>> before = MLPClassifier(solver="lbfgs", hidden_layer_sizes=5, max_iter=2000, random_state=0).fit(X, y)
    >>> bool((from_fitted(before).predict(X) == before.predict(X)).all())
    True
    """
    target, model = _target_scale(model)
    scaler, last = _split(model)
    if isinstance(last, MLPClassifier | MLPRegressor):
        if task is not None or classes is not None or feature_names is not None:
            raise InvalidParameterError("task, classes and feature_names are for PyTorch modules; scikit-learn's models know their own.")
        return _from_sklearn(last, scaler, target)
    if type(last).__module__.startswith("torch.nn"):
        return _from_torch(last, task, classes, feature_names)
    raise InvalidParameterError(
        f"{type(last).__name__} cannot be imported; use a fitted MLPClassifier or MLPRegressor with one hidden layer, "
        "or a torch.nn.Sequential of Linear, activation, Linear."
    )


def _split(model: Any) -> tuple[Any, Any]:
    """The scaler before the network, if there is one, and the network."""
    if not isinstance(model, Pipeline):
        return None, model
    *before, (_, last) = model.steps
    for name, step in before:
        if not isinstance(step, StandardScaler) or len(before) > 1:
            raise InvalidParameterError(
                f"The step {name!r} ({type(step).__name__}) cannot be imported: before a network only one StandardScaler "
                "folds into it. Take over the last step alone, and keep the others before it."
            )
    return (before[0][1] if before else None), last


def _target_scale(model: Any) -> tuple[TargetScale | None, Any]:
    """How a TransformedTargetRegressor scales the target, and the model inside it."""
    if not isinstance(model, TransformedTargetRegressor):
        return None, model
    scaler = getattr(model, "transformer_", None)
    if not isinstance(scaler, StandardScaler):
        raise InvalidParameterError(
            f"The target's transformer is {type(scaler).__name__}; only a StandardScaler, fitted, folds into a network. "
            "Import its inner model (regressor_), and transform its predictions back."
        )
    n = scaler.n_features_in_
    center = np.zeros(n) if scaler.mean_ is None else np.asarray(scaler.mean_, np.float64)
    return TargetScale(center, np.ones(n) if scaler.scale_ is None else np.asarray(scaler.scale_, np.float64)), model.regressor_


def _from_sklearn(mlp: Any, scaler: Any, target: TargetScale | None) -> ShoalClassifier | ShoalRegressor:
    if not hasattr(mlp, "coefs_"):
        raise InvalidParameterError(f"This {type(mlp).__name__} is not fitted: call its fit first.")
    if len(mlp.coefs_) != 2:
        raise InvalidParameterError(
            f"This {type(mlp).__name__} has {len(mlp.coefs_) - 1} hidden layers (hidden_layer_sizes={mlp.hidden_layer_sizes!r}); "
            "shoal's networks have exactly one."
        )
    first, second = mlp.coefs_
    parameters = Parameters(first.T, mlp.intercepts_[0][:, None], second.T, mlp.intercepts_[1][:, None])
    named = scaler if scaler is not None else mlp
    names = getattr(named, "feature_names_in_", None)
    encoding = plain(first.shape[0]) if scaler is None else _scaling(scaler, first.shape[0])
    labels = None
    if isinstance(mlp, MLPClassifier):
        multilabel = str(mlp._label_binarizer.y_type_).startswith("multilabel")
        labels = np.arange(second.shape[1]) if multilabel else np.asarray(mlp.classes_)
        return classifier(
            _network(parameters, mlp.activation, OUTPUTS[mlp.out_activation_], encoding, labels, names), multilabel=multilabel
        )
    network = _network(parameters, mlp.activation, OUTPUTS[mlp.out_activation_], encoding, None, names)
    return regressor(network if target is None else replace(network, target=target), one_column=second.shape[1] == 1)


def _scaling(scaler: Any, n: int) -> Encoding:
    center = np.zeros(n) if scaler.mean_ is None else np.asarray(scaler.mean_, np.float64)
    scale = np.ones(n) if scaler.scale_ is None else np.asarray(scaler.scale_, np.float64)
    if not scaler.with_mean:
        center = np.zeros(n)
    return Encoding(center, scale, (np.empty(0),) * n, np.empty(0))


def _from_torch(
    module: Any, task: str | None, classes: Sequence[Any] | None, feature_names: Sequence[str] | None
) -> ShoalClassifier | ShoalRegressor:
    layers = list(module.children()) if type(module).__name__ == "Sequential" else []
    kinds = [type(layer).__name__ for layer in layers]
    ends = kinds[3:] in (["Sigmoid"], ["Softmax"])
    if len(layers) not in (3, 4) or (kinds[0], kinds[2]) != ("Linear", "Linear") or (len(layers) == 4 and not ends):
        raise InvalidParameterError(
            f"The module is {type(module).__name__}({', '.join(kinds)}); give a Sequential of Linear, activation, Linear, "
            "with or without a Sigmoid or Softmax at its end. Dropout does nothing in prediction: leave it out."
        )
    parameters = _torch_parameters(layers)
    n_z, n_x = parameters.W2.shape[0], parameters.W1.shape[1]
    if feature_names is not None and len(feature_names) != n_x:
        raise InvalidParameterError(f"feature_names has {len(feature_names)} names, and the module takes {n_x} inputs.")
    is_classifier = ends or classes is not None
    if task is not None and task not in ("classification", "regression"):
        raise InvalidParameterError(f"task is {task!r}; choose 'classification' or 'regression'.")
    if task is None and not is_classifier:
        raise InvalidParameterError("A PyTorch module does not say what it predicts: give task='regression' or task='classification'.")
    activation = _torch_activation(layers[1])
    if task == "regression":
        if is_classifier:
            raise InvalidParameterError("task is 'regression', but the module ends in a Sigmoid or Softmax, or classes were given.")
        return regressor(_network(parameters, activation, "squared_error", plain(n_x), None, feature_names), one_column=n_z == 1)
    n_classes = 2 if n_z == 1 else n_z
    labels = np.arange(n_classes) if classes is None else np.asarray(classes)
    if len(labels) != n_classes:
        raise InvalidParameterError(f"classes has {len(labels)} labels, and the module's {n_z} outputs tell {n_classes} apart.")
    if not np.array_equal(np.unique(labels), labels):
        raise InvalidParameterError(f"classes is {labels.tolist()}; they must be sorted, no two alike: sort the rows of the last layer so.")
    if n_z > 1 and kinds[3:] == ["Sigmoid"]:
        raise InvalidParameterError(f"The module ends in a Sigmoid of {n_z} outputs: labels of their own, which from_fitted does not take.")
    return classifier(
        _network(parameters, activation, "sigmoid" if n_z == 1 else "softmax", plain(n_x), labels, feature_names), multilabel=False
    )


def _torch_parameters(layers: Sequence[Any]) -> Parameters:
    def array(values: Any) -> NDArray[np.float64]:
        return np.asarray(values.detach().cpu().double().numpy(), np.float64).copy()

    def bias(layer: Any) -> NDArray[np.float64]:
        return np.zeros((layer.weight.shape[0], 1)) if layer.bias is None else array(layer.bias)[:, None]

    return Parameters(array(layers[0].weight), bias(layers[0]), array(layers[2].weight), bias(layers[2]))


def _torch_activation(layer: Any) -> str:
    kind = type(layer).__name__
    if kind not in TORCH_ACTIVATIONS:
        raise InvalidParameterError(f"The module's activation is {kind}; shoal knows {', '.join(TORCH_ACTIVATIONS)}.")
    g = TORCH_ACTIVATIONS[kind]
    assert g.torch is not None
    for setting, wanted in g.torch.settings:
        if getattr(layer, setting) != wanted:
            raise InvalidParameterError(f"The module's {kind} has {setting}={getattr(layer, setting)}; shoal's is {wanted}.")
    return g.name


# --- from a network to a fitted estimator ----------------------------------------------------------------------------


def _network(
    parameters: Parameters, activation: str, output: str, encoding: Encoding, labels: NDArray[Any] | None, names: Sequence[str] | None
) -> Network:
    n_z, n_x = parameters.W2.shape[0], parameters.W1.shape[1]
    target = None if labels is not None else TargetScale(np.zeros(n_z), np.ones(n_z))
    chosen = tuple(f"x{j}" for j in range(n_x)) if names is None else tuple(map(str, names))
    history = {"loss": np.empty((0, 1)), "learning_rate": np.empty((0, 1))}
    return Network(
        stack([parameters]), np.ones(1), activation, output, encoding, target, () if labels is None else (labels,), chosen, history
    )


def classifier(network: Network, *, multilabel: bool) -> ShoalClassifier:
    """A fitted classifier around a network."""
    targets = Targets("classification", network.output, network.classes[0], one_column=not multilabel)
    return ShoalClassifier(**_settings(network))._adopt(imported(network, targets))  # type: ignore[no-any-return]


def regressor(network: Network, *, one_column: bool) -> ShoalRegressor:
    """A fitted regressor around a network; `one_column` where it learned one target as a vector."""
    targets = Targets("regression", network.output, None, network.target, one_column, network.delta, network.q)
    made = ShoalRegressor(loss=network.output, quantile=network.q, huber_delta=network.delta, **_settings(network))
    return made._adopt(imported(network, targets))  # type: ignore[no-any-return]


def imported(network: Network, targets: Targets) -> Fitted:
    """What a fit would have left, where only the network is known."""
    named = network.feature_names != tuple(f"x{j}" for j in range(network.encoding.n_inputs))
    return Fitted(network, targets, named, final_losses=np.full(network.population.K, np.nan))


def _settings(network: Network) -> dict[str, Any]:
    """The parameters with which another fit would train such networks."""
    encoding = network.encoding
    scaled = bool(np.any(encoding.center != 0) or np.any(encoding.scale != 1) or encoding.n_ramps)
    return {
        "hidden_layer_sizes": int(network.population.widths[0]),
        "activation": network.activation,
        "n_networks": network.population.K,
        "standardize": scaled,
        "ramps": bool(encoding.n_ramps),
    }
