"""A search that was interrupted goes on from its checkpoint: the same bits, and nothing that was trained is trained again."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import loguniform
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shoal import ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.engine.threads import at_most
from shoal.errors import CheckpointError, OutputError
from shoal.fitting import candidates
from shoal.search import folds

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # a few steps are enough to compare

QUICK = {"max_iter": 4, "random_state": 0, "n_networks": 2}
GRID = {"alpha": [0.0, 0.5], "hidden_layer_sizes": [5, 9]}


class PowerError(Exception):
    """The power is off."""


def data(m=90):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(m, 3))
    return X, (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(int)


def macro_f1_by_hand(model, X, y):
    """A score whose formula no search knows."""
    return float(np.mean(model.predict(X) == y)) / 2


def search_of(which, **more):
    X, y = data()
    given = {"cv": 3, "refit": True, **more}
    if which == "pipeline of a frame, halving":
        model = make_pipeline(StandardScaler(), ShoalClassifier(**QUICK))
        grid = {f"shoalclassifier__{name}": values for name, values in GRID.items()}
        return ShoalSearchCV(model, grid, halving=2, **given), pd.DataFrame(X, columns=["a", "b", "c"]), y, {}
    if which == "drawn, weighted, several scores":
        drawn = {"alpha": loguniform(1e-3, 1), "hidden_layer_sizes": [4, 6]}
        given |= {"scoring": ["r2", "neg_mean_squared_error"], "refit": "r2", "return_train_score": True, "random_state": 3}
        weight = np.random.default_rng(1).uniform(0.5, 2, len(y))
        return (
            ShoalSearchCV(ShoalRegressor(**QUICK), param_distributions=drawn, n_iter=4, **given),
            X,
            y + X[:, 0],
            {"sample_weight": weight},
        )
    if which == "a score of one's own":
        return ShoalSearchCV(ShoalClassifier(**QUICK), GRID, scoring=macro_f1_by_hand, **given), X, y, {}
    if which == "one after the other, one of which fails":
        grid = [{"solver": ["lbfgs"], "alpha": [0.1, 1.0]}, {"solver": ["lm"]}, GRID]  # lm learns no classes
        return ShoalSearchCV(ShoalClassifier(**QUICK), grid, **given), X, y, {}
    return ShoalSearchCV(ShoalClassifier(**QUICK | {"random_state": None}), GRID, **given), X, y, {}


WAYS = [
    "without a seed",
    "pipeline of a frame, halving",
    "drawn, weighted, several scores",
    "a score of one's own",
    "one after the other, one of which fails",
]


def numbers(search):
    """All results but the times; `params` has what the columns of single parameters have."""
    return {name: values for name, values in search.cv_results_.items() if "time" not in name and not name.startswith("param_")}


def assert_same_results(one, other):
    assert list(one.cv_results_) == list(other.cv_results_)
    for name, values in numbers(other).items():
        np.testing.assert_array_equal(np.array(one.cv_results_[name]), np.array(values), err_msg=name)


@pytest.fixture
def trained(monkeypatch):
    """How often a batch was trained; `stop` is the number at which the power fails."""
    seen = {"n": 0, "stop": 0}

    def counted(batch, *rest):
        seen["n"] += 1
        if seen["n"] == seen["stop"]:
            raise PowerError
        return candidates.train_batch(batch, *rest)

    monkeypatch.setattr(folds, "train_batch", counted)
    return seen


@pytest.mark.parametrize("at_a_time", ["all folds", pytest.param("one fold", marks=pytest.mark.slow)])
@pytest.mark.parametrize("which", WAYS)
def test_an_interrupted_search_goes_on_to_the_same_bits(which, at_a_time, trained, tmp_path, monkeypatch):
    if at_a_time == "one fold":
        monkeypatch.setattr(folds, "MOST_AT_ONCE", 0)
    search, X, y, known = search_of(which, checkpoint=tmp_path / "kept", refit="r2" if "several" in which else True)
    trained["stop"] = 4 if which != "a score of one's own" else 3  # whose candidates are scored when a fold of two batches is trained
    with at_most(1), pytest.raises(PowerError):  # one thread: which batches were done is not left to chance
        search.fit(X, y, **known)
    assert (tmp_path / "kept").exists()
    first = trained["n"] - 1
    trained.update(n=0, stop=0)
    with at_most(1):
        search.fit(X, y, **known)
        again = trained["n"]
        whole, *_ = search_of(which, checkpoint=tmp_path / "other", refit="r2" if "several" in which else True)
        if which == "without a seed":  # the seed that was drawn is in the file
            whole.estimator.random_state = int(json.loads(str(np.load(tmp_path / "kept")["about"]))["seed"])
        trained["n"] = 0
        whole.fit(X, y, **known)
    assert_same_results(search, whole)
    assert first + again == trained["n"]
    trained["n"] = 0
    assert_same_results(search.fit(X, y, **known), whole)
    assert trained["n"] == 0


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoints") / "kept"
    X, y = data()
    ShoalSearchCV(ShoalClassifier(**QUICK), GRID, cv=2, refit=False, checkpoint=path).fit(X, y)
    return path


OTHERS = {
    "hash of X": {"X": data()[0] + 1},
    "hash of y": {"y": 1 - data()[1]},
    "hash of weight": {"sample_weight": np.ones(90)},
    "number of folds": {"cv": 3},
    "hash of splits": {"cv": ShuffleSplit(2, random_state=0)},
    "candidates": {"param_grid": {"alpha": [0.0]}},
    "estimator's activation": {"estimator": ShoalClassifier(**QUICK, activation="tanh")},
    "scoring": {"scoring": "neg_log_loss"},
    "halving": {"halving": 2},
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_checkpoint_of_another_search_is_named(what, kept):
    given = {"estimator": ShoalClassifier(**QUICK), "param_grid": GRID, "cv": 2, "refit": False, **OTHERS[what]}
    X, y = data()
    rows = {"X": X, "y": y, "sample_weight": None} | {name: given.pop(name) for name in ("X", "y", "sample_weight") if name in given}
    with pytest.raises(CheckpointError, match=f"belongs to another fit: {what} was"):
        ShoalSearchCV(**given, checkpoint=kept).fit(**rows)


def test_files_that_are_no_checkpoint_of_a_search_are_named(kept, tmp_path):
    X, y = data()
    search = ShoalSearchCV(ShoalClassifier(**QUICK), GRID, cv=2, refit=False)
    (tmp_path / "cut").write_bytes(kept.read_bytes()[:100])
    with pytest.raises(CheckpointError, match="is not a complete checkpoint"):
        search.set_params(checkpoint=tmp_path / "cut").fit(X, y)
    with np.load(kept) as file:
        arrays = {name: file[name] for name in file.files}
    for outcomes in (None, np.array("{"), np.array("[1]")):
        others = {**arrays, "outcomes": outcomes}
        np.savez(tmp_path / "changed.npz", **{name: a for name, a in others.items() if a is not None})
        with pytest.raises(CheckpointError, match="no complete outcomes"):
            search.set_params(checkpoint=tmp_path / "changed.npz").fit(X, y)
    with pytest.raises(OutputError, match="There is no folder"):
        search.set_params(checkpoint=tmp_path / "no" / "kept").fit(X, y)
