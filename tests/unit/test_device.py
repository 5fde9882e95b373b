"""Where training computes: what is asked for and missing is an error by name, and never another place in silence."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_array

from shoal import DeviceError, InvalidParameterError, ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.engine.device import described, found

X = np.random.default_rng(0).normal(size=(40, 3))
Y = X[:, 0]
QUICK = {"max_iter": 2, "n_networks": 2, "hidden_layer_sizes": 2, "random_state": 0}


def pretend(monkeypatch, names, cuda="12.8"):
    """A PyTorch that sees these devices; built for CUDA of this version, or for the processor alone."""
    seen = SimpleNamespace(
        is_available=lambda: bool(names),
        device_count=lambda: len(names),
        get_device_name=lambda i: names[int(str(i).removeprefix("cuda").removeprefix(":") or 0)],
    )
    monkeypatch.setitem(
        sys.modules,
        "torch",
        SimpleNamespace(cuda=seen, version=SimpleNamespace(cuda=cuda, hip=None), __version__="9.9", Tensor=type("Tensor", (), {})),
    )


@pytest.fixture
def without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # what importing a package that is not there comes to


@pytest.mark.parametrize("asked", ["gpu", "cuda:", "cuda:one", "cuda:-1", "", None, 0, "torch:cuda"])
def test_another_spelling_is_refused_with_the_choices(asked):
    with pytest.raises(InvalidParameterError, match="choose one of 'cpu', 'cuda'"):
        ShoalRegressor(device=asked, **QUICK).fit(X, Y)


@pytest.mark.parametrize("asked", ["cuda", "cuda:1", "torch:cpu"])
def test_without_pytorch_a_device_is_an_error_that_names_the_extra(asked, without_torch):
    with pytest.raises(DeviceError, match=r"pip install 'shoal\[torch\]'"):
        ShoalRegressor(device=asked, **QUICK).fit(X, Y)


def test_a_device_that_is_missing_is_an_error_that_says_what_pytorch_sees(monkeypatch):
    pretend(monkeypatch, [], cuda=None)
    with pytest.raises(DeviceError, match=r"PyTorch 9\.9 was built for the processor alone"):
        found("cuda")
    pretend(monkeypatch, [])
    with pytest.raises(DeviceError, match="sees no device: no driver"):
        found("cuda")
    pretend(monkeypatch, ["Abacus 3000"])
    with pytest.raises(DeviceError, match=r"device is 'cuda:3', but PyTorch 9\.9 sees cuda:0 \(Abacus 3000\)"):
        found("cuda:3")


def test_what_is_asked_for_and_there_is_taken(monkeypatch):
    pretend(monkeypatch, ["Abacus 3000", "Abacus 4000"])
    assert [found(asked) for asked in ("cuda", "cuda:0", "cuda:1", "cpu")] == ["cuda", "cuda:0", "cuda:1", "cpu"]
    assert described("cuda:1", "cuda:1") == "device: cuda:1 (Abacus 4000)"


def test_auto_takes_a_device_where_there_is_one_and_says_what_it_took(monkeypatch):
    pretend(monkeypatch, ["Abacus 3000"])
    assert found("auto") == "cuda"
    assert found("auto", sparse=True) == "cpu"
    assert described("cuda", "auto") == "device: cuda (Abacus 3000)"
    pretend(monkeypatch, [], cuda=None)
    assert found("auto") == "cpu"
    assert described("cpu", "auto") == "device: cpu (PyTorch 9.9 was built for the processor alone, pytorch.org has those for devices)"


def test_auto_without_pytorch_is_the_processor_and_fit_records_and_says_so(without_torch, capsys):
    auto = ShoalRegressor(device="auto", verbose=True, **QUICK).fit(X, Y)
    assert auto.device_ == "cpu"
    assert "; device: cpu (PyTorch is not installed)" in capsys.readouterr().out
    plain = ShoalRegressor(verbose=True, **QUICK).fit(X, Y)
    assert plain.device_ == "cpu"
    assert "device" not in capsys.readouterr().out, "the processor is what everybody expects"
    np.testing.assert_array_equal(auto.predict(X), plain.predict(X))


def test_sparse_rows_are_refused_by_name_where_a_device_was_asked_for(monkeypatch):
    pretend(monkeypatch, ["Abacus 3000"])
    with pytest.raises(InvalidParameterError, match="X is sparse, and sparse rows are trained on by the processor alone"):
        ShoalClassifier(device="cuda", **QUICK).fit(csr_array(X), Y > 0)


def test_a_search_names_the_missing_device_too(without_torch):
    with pytest.raises(InvalidParameterError, match=r"pip install 'shoal\[torch\]'"):
        ShoalSearchCV(ShoalRegressor(device="cuda", **QUICK), {"alpha": [0.0, 1.0]}, cv=2).fit(X, Y)


def test_the_device_is_a_parameter_like_any_other():
    model = ShoalRegressor(device="cuda:1")
    assert model.get_params()["device"] == "cuda:1"
    assert ShoalClassifier().get_params()["device"] == "cpu"
