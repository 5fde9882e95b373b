"""Callbacks: they stop a training, see the networks of the moment, and change no bit of the result."""

import numpy as np
import pandas as pd
import pytest

import shoal
from shoal import ShoalClassifier, ShoalRegressor
from shoal.errors import InvalidParameterError, ShoalError
from shoal.network import predict

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # twelve epochs settle nothing
X = np.random.default_rng(0).uniform(-2, 2, (120, 2))
y = np.sin(2 * X[:, 0]) + X[:, 1]
QUICK = {"n_networks": 3, "hidden_layer_sizes": 4, "max_iter": 12, "random_state": 0}
KINDS = {
    "adamw": {},
    "all rows": {"early_stopping": True, "validation_fraction": 0.2},
    "several epochs at once": {"early_stopping": False, "ramps": False},
    "lbfgs": {"solver": "lbfgs"},
    "lm": {"solver": "lm"},
    "bayes": {"solver": "bayes"},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("true", [True, np.True_])
def test_true_stops_after_its_epoch(kind, true):
    seen = []

    def watch(event):
        seen.append(event.epoch)
        return true if event.epoch == 3 else None

    model = ShoalRegressor(**{**QUICK, **KINDS[kind], "callbacks": [watch]}).fit(X, y)
    assert seen == [1, 2, 3]
    assert model.n_iter_ == 3
    assert np.isfinite(model.predict(X)).all()


def test_other_answers_stop_nothing():
    answers = iter([None, False, 1, "stop", np.array([True, True]), np.False_])
    seen = []
    ShoalRegressor(**{**QUICK, "max_iter": 6, "callbacks": [lambda event: next(answers), seen.append]}, early_stopping=False).fit(X, y)
    assert len(seen) == 6


def test_every_callback_is_called_before_one_stops():
    seen = []
    ShoalRegressor(**QUICK, callbacks=[lambda event: True, seen.append]).fit(X, y)
    assert len(seen) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_network_of_a_moment_is_that_of_a_fit_that_ends_there(kind):
    answers = []

    def watch(event):
        answers.append(predict(event.network(), X)[:, 0])
        return len(answers) == 4

    model = ShoalRegressor(**{**QUICK, **KINDS[kind], "callbacks": [watch]}).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), answers[3])
    assert np.abs(answers[3] - answers[0]).max() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_looking_at_the_networks_changes_no_bit(kind):
    plain = ShoalRegressor(**{**QUICK, **KINDS[kind]}).fit(X, y)
    watched = ShoalRegressor(**{**QUICK, **KINDS[kind], "callbacks": [lambda event: event.network() is None]}).fit(X, y)
    np.testing.assert_array_equal(watched.predict(X), plain.predict(X))
    np.testing.assert_array_equal(watched.loss_curve_, plain.loss_curve_)


def test_a_network_of_classes_and_of_names():
    networks = []
    frame = pd.DataFrame(X, columns=["a", "b"])
    ShoalClassifier(**QUICK, callbacks=[lambda event: networks.append(event.network())]).fit(frame, np.where(y > 0, "yes", "no"))
    assert networks[0].feature_names == ("a", "b")
    assert networks[0].classes[0].tolist() == ["no", "yes"]
    assert networks[0].population.parameters.W1.shape[0] == 3


def test_the_moment_is_over_when_the_callback_has_returned():
    events = []
    ShoalRegressor(**QUICK, callbacks=[events.append]).fit(X, y)
    with pytest.raises(ShoalError, match="call it inside the callback"):
        events[0].network()


def test_errors_of_a_callback_reach_the_caller():
    with pytest.raises(InvalidParameterError, match="callbacks"):
        ShoalRegressor(**QUICK, callbacks=["stop"]).fit(X, y)
    with pytest.raises(ZeroDivisionError):
        ShoalRegressor(**QUICK, callbacks=[lambda event: 1 / 0]).fit(X, y)


def test_a_model_of_a_table_stops_too():
    table = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": y})
    model = shoal.fit(table, "y", settings={"n_networks": 2, "hidden_layer_sizes": 3}, callbacks=[lambda event: event.epoch == 2])
    assert model["estimator"].n_iter_ == 2
    assert not model.facts_.interrupted


def test_a_stopped_training_goes_on_where_it_was(tmp_path):
    settings = {**QUICK, "early_stopping": False, "ramps": False}
    whole = ShoalRegressor(**settings).fit(X, y)
    path = tmp_path / "state"
    ShoalRegressor(**settings, callbacks=[lambda event: event.epoch == 5]).fit(X, y, checkpoint=path)
    np.testing.assert_array_equal(ShoalRegressor(**settings).fit(X, y, checkpoint=path).predict(X), whole.predict(X))
