"""A fit that was interrupted goes on from its checkpoint to the same bits, in memory: every solver, every training that follows another."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import shoal
from sampling import sampled
from shoal import ShoalClassifier, ShoalRegressor
from shoal.errors import CheckpointError, InvalidParameterError, OutputError
from shoal.fitting.checkpoint import Checkpoint, read
from shoal.fitting.pipeline import fit
from shoal.fitting.settings import settings_of
from shoal.fitting.source import InMemory
from shoal.training.solvers import SOLVERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # a few steps are enough to compare

M = 120
QUICK = {"hidden_layer_sizes": 5, "n_networks": 3, "random_state": 4}
WAYS = {
    **{solver: ({"solver": solver, "max_iter": 8}, 4) for solver in SOLVERS},
    **{f"{solver} without rows held out": ({"solver": solver, "max_iter": 8, "early_stopping": False}, 4) for solver in ("rprop", "lm")},
    "adamw": ({"solver": "adamw", "max_iter": 12, "early_stopping": True, "dropout": 0.2}, 7),
    "adamw without rows held out": ({"solver": "adamw", "max_iter": 4000, "early_stopping": False}, 3500),
    "adaptive": ({"solver": "sgd", "learning_rate": "adaptive", "max_iter": 30, "early_stopping": True, "n_iter_no_change": 1}, 20),
    "invscaling": ({"solver": "rmsprop", "learning_rate": "invscaling", "max_iter": 9}, 5),
    "inputs that drop out": ({"solver": "adam", "input_dropout": 0.3, "max_iter": 6}, 3),
    "judged by others": ({"calibration": "cv+", "max_iter": 10}, 5),
    "all rows, in the first training": ({"max_iter": 10}, 5),
    "all rows, in the second training": ({"max_iter": 10}, 13),
    "longer, in the planned training": ({"learning_rate_init": 0.001}, 10),
    "longer, in the longer training": ({"learning_rate_init": 0.001}, 150),
    "longer, on all rows": ({"learning_rate_init": 0.001}, -20),
    "polished, in AdamW": ({"ramps": False}, 10),
    "polished, in L-BFGS's trial": ({"ramps": False}, -90),
    "polished, in L-BFGS": ({"ramps": False}, -20),
}


class PowerError(Exception):
    """The power is off."""


def problem(noise=0.01):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((M, 3))
    return X, np.sin(X[:, 0]) + X[:, 1] + noise * rng.standard_normal(M)


def settings_with(more, callbacks=None, kind=ShoalRegressor):
    return settings_of(kind(**QUICK, **more, callbacks=callbacks))


def stop_at(number, seen=None):
    """A callback that ends all at the event of this number."""
    events = [] if seen is None else seen

    def called(event):
        events.append(event)
        if len(events) == number:
            raise PowerError

    return [called]


def assert_same_bits(a, b):
    for w, v in zip(a.network.population.parameters, b.network.population.parameters, strict=True):
        np.testing.assert_array_equal(w, v)
    assert a.network.history.keys() == b.network.history.keys()
    for name, values in a.network.history.items():
        np.testing.assert_array_equal(values, b.network.history[name], err_msg=name)
    np.testing.assert_array_equal(a.final_losses, b.final_losses)
    assert (a.rows_seen, a.solver) == (b.rows_seen, b.solver)
    for name in ("noise", "intervals", "lowest", "highest"):
        left, right = getattr(a.network, name, None), getattr(b.network, name, None)
        assert repr(left) == repr(right), name


@pytest.mark.parametrize("which", sampled(list(WAYS)[::3], WAYS))
def test_an_interrupted_fit_goes_on_to_the_same_bits(which, tmp_path):
    more, at = WAYS[which]
    source, kept, events = InMemory(*problem()), tmp_path / "kept", []
    whole = fit(settings_with(more, [events.append]), source)
    at = at if at > 0 else len(events) + at
    assert 0 < at < len(events), "it must be interrupted on the way"
    with pytest.raises(PowerError):
        fit(settings_with(more, stop_at(at)), source, checkpoint=Checkpoint(kept))
    later = []
    assert_same_bits(fit(settings_with(more, [later.append]), source, checkpoint=Checkpoint(kept)), whole)
    assert 0 < len(later) < len(events)
    assert [event.epoch for event in later] == [event.epoch for event in events[-len(later) :]]
    assert_same_bits(fit(settings_with(more), source, checkpoint=Checkpoint(kept)), whole)  # nothing, or little, is left to do


@pytest.mark.usefixtures("one_torch_thread")
@pytest.mark.parametrize("more", [{"solver": "adam", "weight_average": 0.9}, {"solver": "lbfgs"}], ids=["adam", "lbfgs"])
def test_a_fit_on_a_device_goes_on_to_the_same_bits(more, tmp_path):
    pytest.importorskip("torch")
    source, more = InMemory(*problem()), {**more, "max_iter": 6, "device": "torch:cpu"}
    whole = fit(settings_with(more), source)
    with pytest.raises(PowerError):
        fit(settings_with(more, stop_at(3)), source, checkpoint=Checkpoint(tmp_path / "kept"))
    later = []
    assert_same_bits(fit(settings_with(more, [later.append]), source, checkpoint=Checkpoint(tmp_path / "kept")), whole)
    assert later[0].epoch == 4


def test_classes_go_on_after_every_interruption(tmp_path):
    X, y = problem()
    source, more = InMemory(X, y > 0, np.linspace(0, 2, M)), {"max_iter": 12, "class_weight": "balanced"}
    whole = fit(settings_with(more, kind=ShoalClassifier), source)
    for _ in range(4):
        with pytest.raises(PowerError):
            fit(settings_with(more, stop_at(2), ShoalClassifier), source, checkpoint=Checkpoint(tmp_path / "kept"))
    assert_same_bits(fit(settings_with(more, kind=ShoalClassifier), source, checkpoint=Checkpoint(tmp_path / "kept")), whole)


def test_an_estimator_goes_on_from_its_checkpoint_alone_and_in_a_pipeline(tmp_path):
    X, y = problem()
    settings, known = {**QUICK, "solver": "lbfgs", "max_iter": 8, "early_stopping": True}, {"groups": np.arange(M) // 4}
    whole = ShoalRegressor(**settings).fit(X, y, **known)
    with pytest.raises(PowerError):
        ShoalRegressor(**settings, callbacks=stop_at(3)).fit(X, y, **known, checkpoint=tmp_path / "kept")
    later = []
    model = ShoalRegressor(**settings, callbacks=[later.append]).fit(X, y, **known, checkpoint=tmp_path / "kept")
    assert later[0].epoch == 4
    np.testing.assert_array_equal(model.coefs_[0], whole.coefs_[0])
    with pytest.raises(InvalidParameterError, match="with checkpoint= set warm_start=False"):
        ShoalRegressor(**settings, warm_start=True).fit(X, y, checkpoint=tmp_path / "kept")
    with pytest.raises(CheckpointError, match="digest of the groups was"):
        ShoalRegressor(**settings).fit(X, y, checkpoint=tmp_path / "kept")
    steps = Pipeline([("scale", StandardScaler()), ("model", ShoalRegressor(**settings))]).fit(X, y, model__checkpoint=tmp_path / "other")
    assert (tmp_path / "other").exists()
    with config_context(enable_metadata_routing=True):
        asked = ShoalRegressor(**settings).set_fit_request(checkpoint=True)
        again = Pipeline([("scale", StandardScaler()), ("model", asked)]).fit(X, y, checkpoint=tmp_path / "routed")
    assert (tmp_path / "routed").exists()
    np.testing.assert_array_equal(steps.predict(X), again.predict(X))


OTHERS = {
    "learning_rate_init was": ({"learning_rate_init": 0.5}, {}),
    "max_iter was 3, and is 4": ({"max_iter": 4}, {}),
    "digest of the inputs was": ({}, {"X": problem()[0] + 1}),
    "digest of the targets was": ({}, {"y": problem()[1] + 1}),
    "digest of the weights was": ({}, {"weight": np.linspace(1, 2, M)}),
    "digest of the X_val was": ({}, {"own": (problem()[0][:20], problem()[1][:20], None)}),
}


@pytest.fixture(scope="module")
def three_epochs(tmp_path_factory):
    kept = tmp_path_factory.mktemp("checkpoints") / "kept"
    fit(settings_with({"solver": "adamw", "max_iter": 3}), InMemory(*problem()), checkpoint=Checkpoint(kept))
    return kept


@pytest.mark.parametrize("words", OTHERS)
def test_a_checkpoint_of_another_fit_is_named(three_epochs, words):
    more, rows = OTHERS[words]
    X, y = problem()
    source = InMemory(rows.get("X", X), rows.get("y", y), rows.get("weight"), rows.get("own"))
    with pytest.raises(CheckpointError, match=f"belongs to another fit: {words}"):
        fit(settings_with({"solver": "adamw", "max_iter": 3, **more}), source, checkpoint=Checkpoint(three_epochs))


def test_a_damaged_checkpoint_is_named(three_epochs, tmp_path):
    source, settings = InMemory(*problem()), settings_with({"solver": "adamw", "max_iter": 3})
    content = three_epochs.read_bytes()
    (tmp_path / "cut").write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match="is not a complete checkpoint"):
        fit(settings, source, checkpoint=Checkpoint(tmp_path / "cut"))
    with np.load(three_epochs) as file:
        arrays = {name: file[name] for name in file.files}
    changes = {"first.engine.0.weights": np.zeros(3), "events.loss": arrays["events.loss"][:1], "first.run.epochs": None}
    for name, value in changes.items():
        assert name in arrays
        others = {**arrays, name: value}
        np.savez(tmp_path / "changed.npz", **{key: a for key, a in others.items() if a is not None})
        with pytest.raises(CheckpointError):
            fit(settings, source, checkpoint=Checkpoint(tmp_path / "changed.npz"))


def test_what_no_checkpoint_keeps_is_named(tmp_path):
    source = InMemory(*problem())
    auto = settings_of(ShoalRegressor(solver="bayes", hidden_layer_sizes="auto"))
    with pytest.raises(InvalidParameterError, match="several widths are trained"):
        fit(auto, source, checkpoint=Checkpoint(tmp_path / "kept"))
    with pytest.raises(InvalidParameterError, match="set warm_start=False"):
        fit(settings_with({"warm_start": True}), source, checkpoint=Checkpoint(tmp_path / "kept"))
    with pytest.raises(OutputError, match="There is no folder"):
        Checkpoint(tmp_path / "no" / "kept")
    assert not (tmp_path / "kept").exists()


def test_without_a_seed_that_of_the_checkpoint_is_taken(tmp_path):
    source, settings = InMemory(*problem()), settings_of(ShoalRegressor(hidden_layer_sizes=3, n_networks=2, max_iter=4))
    first = fit(settings, source, checkpoint=Checkpoint(tmp_path / "kept"))
    assert_same_bits(fit(settings, source, checkpoint=Checkpoint(tmp_path / "kept")), first)


def test_fit_of_a_raw_table_goes_on(tmp_path):
    X, y = problem()
    table = pd.DataFrame(X, columns=["a", "b", "c"]).assign(kind=np.where(X[:, 0] > 0, "x", "z"), price=y)
    settings = {"hidden_layer_sizes": 5, "n_networks": 2, "max_iter": 10}
    whole = shoal.fit(table, "price", settings=settings)
    with pytest.raises(PowerError):
        shoal.fit(table, "price", settings=settings, callbacks=stop_at(6), checkpoint=tmp_path / "kept")
    assert int(read(tmp_path / "kept")[1]["first.run.done"]) == 6
    later = []
    model = shoal.fit(table, "price", settings=settings, callbacks=[later.append], checkpoint=tmp_path / "kept")
    assert later[0].epoch == 7
    assert_same_bits(model["estimator"]._fitted, whole["estimator"]._fitted)
    assert model.facts_.metrics == whole.facts_.metrics
