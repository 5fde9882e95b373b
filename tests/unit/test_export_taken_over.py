"""Networks from scikit-learn, PyTorch and JSON predict as they did, and go back."""

import json
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import shoal
from shoal import ExportError, InvalidParameterError, ModelFileError, ShoalClassifier, ShoalRegressor
from shoal.export import model_json, portable

rng = np.random.default_rng(0)
X = rng.standard_normal((60, 3)) * [1, 10, 0.1] + [0, 5, 100]
UP = X[:, 0] > 0
QUICK = {"max_iter": 3, "random_state": 0}

SKLEARN = [
    (MLPClassifier((4,), activation="relu", **QUICK), UP),
    (MLPClassifier((4,), activation="tanh", **QUICK), np.where(UP, "yes", "no")),
    (MLPClassifier(4, activation="logistic", **QUICK), UP + (X[:, 1] > 0).astype(int)),
    (MLPClassifier((4,), activation="identity", **QUICK), np.column_stack([UP, X[:, 1] > 5]).astype(int)),
    (MLPRegressor(hidden_layer_sizes=(4,), **QUICK), X[:, 0]),
    (MLPRegressor(hidden_layer_sizes=(4,), **QUICK), X[:, :2]),
    (MLPRegressor(loss="poisson", hidden_layer_sizes=(4,), **QUICK), UP.astype(float)),
]


@pytest.mark.parametrize("case", range(len(SKLEARN)))
@pytest.mark.parametrize("scaled", [False, True])
def test_scikit_learns_networks_predict_as_they_did(case, scaled, tmp_path):
    mlp, y = SKLEARN[case]
    model = make_pipeline(StandardScaler(), mlp) if scaled else mlp
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    taken = shoal.from_fitted(model)
    verb = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    np.testing.assert_allclose(getattr(taken, verb)(X), getattr(model, verb)(X), rtol=1e-12, atol=1e-14)
    assert getattr(taken, verb)(X).shape == getattr(model, verb)(X).shape
    assert taken.score(X, y) == pytest.approx(model.score(X, y))
    assert taken.out_activation_ == mlp.out_activation_
    shoal.save(taken, tmp_path / "m.shoal")
    np.testing.assert_array_equal(shoal.load(tmp_path / "m.shoal").predict(X), taken.predict(X))


@pytest.mark.parametrize("y", [X[:, 0] * 100 + 7, X[:, :2] * 100 + 7])
def test_a_scaled_target_comes_along(y):
    mlp = make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(4,), **QUICK))
    model = fitted(TransformedTargetRegressor(mlp, transformer=StandardScaler()), y)
    np.testing.assert_allclose(shoal.from_fitted(model).predict(X), model.predict(X), rtol=1e-12)
    logs = fitted(TransformedTargetRegressor(mlp, func=np.log, inverse_func=np.exp), np.abs(y) + 1)
    with pytest.raises(InvalidParameterError, match="The target's transformer is FunctionTransformer"):
        shoal.from_fitted(logs)


def test_names_come_along():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = MLPRegressor(hidden_layer_sizes=(4,), **QUICK).fit(frame, X[:, 0])
    taken = shoal.from_fitted(model)
    assert list(taken.feature_names_in_) == ["a", "b", "c"]
    np.testing.assert_allclose(taken.coefs_[0], model.coefs_[0])
    np.testing.assert_allclose(taken.predict(frame), model.predict(frame), rtol=1e-12)


def fitted(model, y=UP):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


REFUSED = {
    "two hidden layers": (lambda: fitted(MLPClassifier((4, 3), **QUICK)), {}, r"has 2 hidden layers \(hidden_layer_sizes=\(4, 3\)\)"),
    "not fitted": (lambda: MLPClassifier((4,)), {}, "is not fitted"),
    "another scaler": (
        lambda: fitted(make_pipeline(MinMaxScaler(), MLPClassifier((4,), **QUICK))),
        {},
        r"The step 'minmaxscaler' \(MinMaxScaler\) cannot be imported",
    ),
    "something else": (lambda: StandardScaler(), {}, "StandardScaler cannot be imported"),
    "a task for scikit-learn": (lambda: fitted(MLPClassifier((4,), **QUICK)), {"task": "regression"}, "are for PyTorch modules"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_taken_over_is_named(name):
    make, more, words = REFUSED[name]
    with pytest.raises(InvalidParameterError, match=words):
        shoal.from_fitted(make(), **more)


# --- PyTorch, where it is installed ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torch():
    module = pytest.importorskip("torch", reason="PyTorch is not installed: it is no dependency, its modules are only read")
    module.manual_seed(0)
    return module


def torch_answers(module, torch):
    return module(torch.tensor(X)).detach().numpy()


ACTIVATIONS = ["ReLU", "Tanh", "Sigmoid", "LeakyReLU", "Identity", "ELU", "Softplus", "SiLU"]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_pytorchs_modules_there_and_back(torch, name):
    nn = torch.nn
    module = nn.Sequential(nn.Linear(3, 5), getattr(nn, name)(), nn.Linear(5, 2)).double()
    taken = shoal.from_fitted(module, task="regression", feature_names=["a", "b", "c"])
    assert list(taken.feature_names_in_) == ["a", "b", "c"]
    rows = pd.DataFrame(X, columns=["a", "b", "c"])
    # PyTorch's softplus is linear from 20 on, ours never: they differ there by e⁻²⁰ = 2e-9
    tolerance = 1e-8 if name == "Softplus" else 1e-12
    np.testing.assert_allclose(taken.predict(rows), torch_answers(module, torch), rtol=tolerance, atol=tolerance)
    back = shoal.to_torch(taken)
    assert [type(layer).__name__ for layer in back] == ["Linear", name, "Linear"]
    np.testing.assert_allclose(torch_answers(back, torch), taken.predict(rows), rtol=1e-12, atol=1e-12)


def test_pytorchs_classifiers(torch):
    nn = torch.nn
    three = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 3, bias=False), nn.Softmax(dim=1)).double()
    taken = shoal.from_fitted(three, classes=["a", "b", "c"])
    np.testing.assert_allclose(taken.predict_proba(X), torch_answers(three, torch), rtol=1e-12)
    assert set(taken.predict(X)) <= {"a", "b", "c"}
    two = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1), nn.Sigmoid()).double()
    np.testing.assert_allclose(shoal.from_fitted(two).predict_proba(X)[:, 1:], torch_answers(two, torch), rtol=1e-12)


def test_networks_with_ramps_and_scaling_as_modules(torch):
    model = ShoalRegressor(n_networks=2, hidden_layer_sizes=4, max_iter=3, random_state=0).fit(X, X[:, 0] * 1000 + 9)
    assert model.network_.encoding.n_ramps
    predicted = model.predict(X)
    # Float64 sums of ramps in another order: 1e-12 of the answers' range, for some are near 0.
    np.testing.assert_allclose(torch_answers(shoal.to_torch(model), torch)[:, 0], predicted, rtol=0, atol=1e-12 * np.ptp(predicted))


@pytest.mark.parametrize("ramps", [False, True])
def test_cells_far_from_all_others_are_limited_in_torch(torch, ramps):
    far = X.copy()
    far[2, 1] = 1e5
    model = ShoalRegressor(ramps=ramps, n_networks=2, hidden_layer_sizes=4, max_iter=3, random_state=0).fit(far, X[:, 0])
    assert model.network_.encoding.limited_inputs
    predicted, answers = model.predict(far * 3), shoal.to_torch(model)(torch.tensor(far * 3)).detach().numpy()[:, 0]
    np.testing.assert_allclose(answers, predicted, rtol=0, atol=1e-12 * np.ptp(predicted))


@pytest.mark.parametrize("ramps", [False, True])
def test_skip_connections_are_added_past_the_hidden_layer_in_torch(ramps):
    torch = pytest.importorskip("torch")
    model = ShoalRegressor(skip=True, ramps=ramps, n_networks=2, max_iter=3, random_state=0, dtype="float64").fit(X, X[:, 0])
    predicted = model.predict(X)
    np.testing.assert_allclose(torch_answers(shoal.to_torch(model), torch)[:, 0], predicted, rtol=0, atol=1e-12 * np.ptp(predicted))


TORCH_REFUSED = {
    "a task that was not said": (lambda nn: [nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1)], {}, "does not say what it predicts"),
    "three layers": (
        lambda nn: [nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1)],
        {"task": "regression"},
        r"Sequential\(Linear, ReLU, Linear, ReLU, Linear\)",
    ),
    "an unknown activation": (lambda nn: [nn.Linear(3, 2), nn.GELU(), nn.Linear(2, 1)], {"task": "regression"}, "activation is GELU"),
    "another slope": (
        lambda nn: [nn.Linear(3, 2), nn.LeakyReLU(0.2), nn.Linear(2, 1)],
        {"task": "regression"},
        "LeakyReLU has negative_slope=0.2; shoal's is 0.01",
    ),
    "too few labels": (lambda nn: [nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 3)], {"classes": ["a", "b"]}, "classes has 2 labels"),
    "labels that are not sorted": (lambda nn: [nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2)], {"classes": ["b", "a"]}, "must be sorted"),
    "too many names": (
        lambda nn: [nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1)],
        {"task": "regression", "feature_names": ["a"]},
        "feature_names has 1 names, and the module takes 3",
    ),
}


@pytest.mark.parametrize("name", TORCH_REFUSED)
def test_modules_that_cannot_be_taken_over_are_named(torch, name):
    make, more, words = TORCH_REFUSED[name]
    with pytest.raises(InvalidParameterError, match=words):
        shoal.from_fitted(torch.nn.Sequential(*make(torch.nn)), **more)


def test_a_gaussian_output_is_no_module(torch):
    model = ShoalRegressor(loss="gaussian", n_networks=1, hidden_layer_sizes=2, max_iter=1).fit(X, X[:, 0])
    with pytest.raises(ExportError, match="Gaussian"):
        shoal.to_torch(model)


def test_without_pytorch_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    model = ShoalRegressor(n_networks=1, hidden_layer_sizes=2, max_iter=1).fit(X, X[:, 0])
    with pytest.raises(ExportError, match="pip install torch"):
        shoal.to_torch(model)


# --- JSON ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def said():
    return json.loads(model_json(portable(ShoalClassifier(n_networks=2, hidden_layer_sizes=3, max_iter=1, random_state=0).fit(X, UP))))


DAMAGED = {
    "another format": (lambda said: {**said, "format": "a recipe"}, "its format is 'a recipe'"),
    "weights alone": (lambda said: {key: said[key] for key in ("format", "W1", "b1", "W2", "b2")}, "of a whole model"),
    "a lacking part": (lambda said: {key: said[key] for key in said if key != "encoding"}, "it lacks .encoding."),
    "a weight too few": (lambda said: {**said, "W1": said["W1"][1:]}, "has the shape"),
    "no number": (lambda said: {**said, "b2": [["NaN"]]}, "holds what is not a number"),
    "NaN": (lambda said: {**said, "b2": [[np.nan]]}, "'b2' holds what is not a finite number"),
    "an unknown activation": (lambda said: {**said, "activation": "os.system"}, "not one of"),
    "an unknown output": (lambda said: {**said, "output": "maxout"}, "not one of"),
    "a text for a number": (lambda said: with_encoding(said, center=["0", 1.0]), "center holds what is not a number"),
    "a truth for a number": (lambda said: with_encoding(said, ramp_scale=True), "ramp_scale is 'True', not a number"),
    "an infinite edge": (lambda said: with_edges(said, lambda e: [*e[:-1], float("inf")]), "'edges' holds what is not a finite number"),
    "decreasing edges": (lambda said: with_edges(said, lambda e: e[::-1]), "edges do not increase"),
    "equal edges": (lambda said: with_edges(said, lambda e: [e[0]] * len(e)), "edges do not increase"),
    "an edge less": (lambda said: with_edges(said, lambda e: e[1:]), "another number of"),
    "a scale of 0": (lambda said: with_encoding(said, scale=[0.0, 1.0, 1.0]), "'scale' holds 0"),
    "unsorted classes": (lambda said: {**said, "classes": [said["classes"][0][::-1]]}, "sorted"),
    "a class more": (lambda said: {**said, "classes": [[*said["classes"][0], 7]]}, "do not fit each other|of one type"),
    "no integer for a truth": (lambda said: {**said, "multilabel": 0}, "multilabel is 0"),
    "a list": (lambda said: [1], "its format is 'list'"),
}


def with_encoding(said, **new):
    return {**said, "encoding": {**said["encoding"], **new}}


def with_edges(said, change):
    return with_encoding(said, ramp_edges=[change(edges) if edges else edges for edges in said["encoding"]["ramp_edges"]])


@pytest.mark.parametrize("name", DAMAGED)
def test_json_that_is_no_model_is_refused(name, said, tmp_path):
    change, words = DAMAGED[name]
    (tmp_path / "m.json").write_text(json.dumps(change(said)))
    with pytest.raises(ModelFileError, match=words):
        shoal.from_json(tmp_path / "m.json")


def test_a_name_that_stands_twice_is_refused(said, tmp_path):
    (tmp_path / "m.json").write_text(json.dumps(said)[:-1] + ', "output": "softmax"}')
    with pytest.raises(ModelFileError, match="'output' stands twice"):
        shoal.from_json(tmp_path / "m.json")


def test_other_files_are_no_json(tmp_path):
    (tmp_path / "m.json").write_text("PK\x03\x04")
    with pytest.raises(ModelFileError, match="is no JSON of a model"):
        shoal.from_json(tmp_path / "m.json")
    with pytest.raises(ModelFileError, match="There is no file"):
        shoal.from_json(tmp_path / "none.json")


def test_a_model_from_json_cannot_be_trained_on_unnoticed(said, tmp_path):
    (tmp_path / "m.json").write_text(json.dumps(said))
    model = shoal.from_json(tmp_path / "m.json")
    with pytest.raises(shoal.DataError, match="cannot be trained further"):
        model.partial_fit(X, UP)
