"""The full-batch solvers behind the estimators: what is chosen, refused, reported, and kept when a fit goes on or ends early."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from shoal import ShoalClassifier, ShoalRegressor
from shoal.errors import InterruptedWarning, InvalidParameterError
from shoal.estimators import trainings

WHOLE = ["lbfgs", "lm", "bayes"]
QUICK = {"n_networks": 2, "hidden_layer_sizes": 5, "activation": "tanh", "max_iter": 12, "random_state": 0}
UNDONE = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # 12 iterations need not be enough


def data(m=120, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, 3))
    return X, np.sin(X[:, 0]) + X[:, 1] + 0.1 * rng.standard_normal(m), (X[:, 0] + 0.5 * rng.standard_normal(m) > 0).astype(int)


@UNDONE
@pytest.mark.parametrize("solver", WHOLE)
def test_every_solver_learns_both_tasks_and_says_its_name(solver):
    X, y, labels = data()
    X_new, y_new, labels_new = data(300, seed=1)
    regressor = ShoalRegressor(**QUICK | {"max_iter": 60}, solver=solver).fit(X, y)
    classifier = ShoalClassifier(**QUICK, solver=solver).fit(X, labels)
    assert (regressor.solver_, classifier.solver_) == (solver, solver)
    assert regressor.score(X_new, y_new) > 0.95
    assert log_loss(labels_new, classifier.predict_proba(X_new)) < 0.55  # a constant's is 0.69
    assert regressor.network_.population.parameters.W1.dtype == np.float64
    assert regressor.final_losses_.shape == (2,)


@UNDONE
@pytest.mark.parametrize("solver", WHOLE)
def test_there_are_curves_an_event_an_iteration_and_a_line_for_each(solver, capsys):
    X, y, _ = data()
    seen = []
    model = ShoalRegressor(**QUICK, solver=solver, early_stopping=True, verbose=True, callbacks=[seen.append]).fit(X, y)
    assert len(seen) == model.n_iter_ == len(model.loss_curve_) == len(model.validation_scores_)
    assert model.network_.history["validation_loss"].shape == (model.n_iter_, 2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"solver: {solver}"
    assert len(lines) == model.n_iter_ + 2
    assert model.t_ == model.n_iter_ * 120


@UNDONE
@pytest.mark.parametrize("solver", WHOLE)
def test_two_warm_fits_are_one_long_fit(solver):
    X, y, _ = data()
    steady = QUICK | {"tol": 0.0, "early_stopping": False, "solver": solver}
    model = ShoalRegressor(**steady | {"max_iter": 6}, warm_start=True).fit(X, y)
    model.fit(X, y)
    whole = ShoalRegressor(**steady).fit(X, y)
    assert model.n_iter_ == whole.n_iter_ == 12
    np.testing.assert_allclose(model.predict(X), whole.predict(X), rtol=1e-6)
    np.testing.assert_allclose(model.loss_curve_, whole.loss_curve_, rtol=1e-6)


@UNDONE
@pytest.mark.parametrize("solver", WHOLE)
def test_an_interrupted_fit_keeps_what_it_has(solver):
    X, y, _ = data()

    def interrupt(event):
        if event.epoch == 3:
            raise KeyboardInterrupt

    with pytest.warns(InterruptedWarning, match="after 3 epochs"):
        model = ShoalRegressor(**QUICK, solver=solver, early_stopping=False, callbacks=[interrupt]).fit(X, y)
    whole = ShoalRegressor(**QUICK | {"max_iter": 3}, solver=solver, early_stopping=False).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), whole.predict(X))


@UNDONE
@pytest.mark.parametrize("solver", WHOLE)
def test_a_limit_of_time_ends_a_fit(solver):
    X, y, _ = data()
    model = ShoalRegressor(**QUICK | {"max_iter": 10**6}, tol=0.0, solver=solver, early_stopping=False, max_time=1e-6).fit(X, y)
    assert model.n_iter_ == 1


@UNDONE
@pytest.mark.parametrize("solver", WHOLE)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_are_kept_in_the_precision_that_is_asked_for(solver, dtype):
    X, y, _ = data()
    model = ShoalRegressor(**QUICK, solver=solver, dtype=dtype).fit(X, y)
    assert model.network_.population.parameters.W1.dtype == dtype
    assert model.score(X, y) > 0.9


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"solver": "lm", "loss": "quantile"}, "needs a loss that bends everywhere.*'lbfgs' or 'adamw'"),
        ({"solver": "bayes", "loss": "huber"}, "needs a loss that bends everywhere"),
        ({"solver": "lm", "dropout": 0.2}, "dropout is 0.2, but solver 'lm' has no minibatches"),
        ({"solver": "lbfgs", "weight_average": 0.9}, "weight_average is 0.9, but solver 'lbfgs'"),
        ({"solver": "newton"}, "choose one of 'auto', 'adam'.*'lbfgs', 'lm', 'bayes'"),
        ({"solver": "lbfgs", "max_fun": 0}, "max_fun is 0; it must be a whole number"),
        (
            {"solver": "lm", "hidden_layer_sizes": 20_000},
            r"about \d+ s a step; solver='auto' takes 'adamw' here, and 'lbfgs' needs neither",
        ),
        ({"solver": "bayes", "hidden_layer_sizes": 20_000}, "networks of 100001 parameters over 120 rows would need"),
    ],
)
def test_what_cannot_be_is_refused_before_it_begins(settings, words):
    X, y, _ = data()
    with pytest.raises(InvalidParameterError, match=words):
        ShoalRegressor(**QUICK | settings).fit(X, y)


@pytest.mark.parametrize("solver", WHOLE)
def test_rows_that_come_in_pieces_are_refused_by_name(solver):
    X, y, _ = data()
    with pytest.raises(InvalidParameterError, match=f"solver is '{solver}', which needs all rows at once"):
        ShoalRegressor(solver=solver).partial_fit(X, y)


def test_members_that_were_still_falling_are_named_with_what_to_change():
    X, y, _ = data()
    with pytest.warns(ConvergenceWarning, match=r"max_iter=4 epochs ended .* networks \[0, 1\] of 2.*raise max_iter"):
        ShoalRegressor(**QUICK | {"max_iter": 4}, solver="lbfgs", early_stopping=False).fit(X, y)
    with pytest.warns(ConvergenceWarning, match=r"max_fun=6 evaluations ended .*raise max_fun"):
        ShoalRegressor(**QUICK, solver="lbfgs", early_stopping=False, max_fun=6).fit(X, y)


def test_a_fit_that_arrived_warns_of_nothing():
    X, y, _ = data()
    ShoalRegressor(**QUICK | {"max_iter": 300}, solver="lm", alpha=1.0, early_stopping=False).fit(X, y)


def test_a_fall_is_measured_over_the_last_tenth():
    class Seen:
        validation_loss = None

        def __init__(self, *loss):
            self.loss = np.array(loss)

    falling = [Seen(1 / (1 + i), 1.0) for i in range(20)]
    np.testing.assert_allclose(trainings.last_fall(falling), [1 - 18 / 20, 0.0])  # the 20th of 1/(1 + i) below the 18th
    assert np.isinf(trainings.last_fall(falling[:1])).all()


# --- what the evidence says -----------------------------------------------------------------------------------------


@UNDONE
def test_bayes_reports_its_evidence_and_holds_nothing_out():
    X, y, _ = data()
    model = ShoalRegressor(**QUICK | {"max_iter": 100}, solver="bayes").fit(X, y)
    evidence = model.evidence_
    assert set(evidence) == {"alpha", "beta", "gamma", "n_parameters", "log_evidence"}
    assert np.all((evidence["gamma"] > 0) & (evidence["gamma"] < evidence["n_parameters"]))
    noise = model.network_.target.scale / np.sqrt(evidence["beta"])
    np.testing.assert_allclose(noise, 0.1, rtol=0.3)  # 120 rows know it to 6 %, the model takes its share
    assert model.validation_scores_ is None
    assert ShoalRegressor(**QUICK, solver="lm").fit(X, y).evidence_ is None


@UNDONE
def test_the_evidence_chooses_the_hidden_units_and_keeps_its_table(capsys):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (150, 1))
    y = np.sin(3 * np.pi * X[:, 0]) + 0.1 * rng.standard_normal(150)
    settings = QUICK | {"hidden_layer_sizes": "auto", "max_iter": 150, "n_networks": 3}
    model = ShoalRegressor(**settings, solver="bayes", verbose=True).fit(X, y)
    table = model.evidence_table_
    assert set(table) == {"hidden_units", "log_evidence", "best_log_evidence", "gamma", "n_parameters"}
    chosen = table["hidden_units"][np.argmax(table["log_evidence"])]
    assert model.network_.population.parameters.W1.shape[1] == chosen
    assert chosen > 2  # three half waves need more than two units
    assert "hidden units: log evidence" in capsys.readouterr().out
    assert model.score(X, y) > 0.97


@UNDONE
def test_own_validation_rows_stop_a_full_batch_fit():
    X, y, _ = data(40)
    X_val, y_val, _ = data(200, seed=3)
    model = ShoalRegressor(**QUICK | {"hidden_layer_sizes": 40, "max_iter": 100}, alpha=0.0, solver="lbfgs").fit(
        X, y, X_val=X_val, y_val=y_val
    )
    best = int(np.argmax(model.validation_scores_))
    assert best < model.n_iter_ - 1
    assert model.score(X_val, y_val) > model.validation_scores_[-1] - 1e-9
