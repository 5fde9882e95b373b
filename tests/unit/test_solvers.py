"""The full-batch solvers behind the estimators: what is chosen, refused, reported, and kept when a fit goes on or ends early."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from shoal import ShoalClassifier, ShoalRegressor
from shoal.errors import InterruptedWarning, InvalidParameterError
from shoal.fitting import train as trainings
from shoal.fitting.plan import plan
from shoal.fitting.settings import settings_of

WHOLE = ["lbfgs", "scg", "rprop", "lm", "bayes"]
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
    assert (model.n_iter_, len(model.loss_curve_), whole.n_iter_) == (6, 12, 12)
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
        ({"solver": "lm", "loss": "quantile"}, "needs a loss with curvature everywhere.*'lbfgs' or 'adamw'"),
        ({"solver": "bayes", "loss": "huber"}, "needs a loss with curvature everywhere"),
        ({"solver": "lm", "dropout": 0.2}, "dropout is 0.2, but solver 'lm' has no minibatches"),
        ({"solver": "lbfgs", "weight_average": 0.9}, "weight_average is 0.9, but solver 'lbfgs'"),
        ({"solver": "newton"}, "choose one of 'auto', 'adam'.*'lbfgs', 'scg', 'rprop', 'lm', 'bayes'"),
        ({"solver": "lbfgs", "max_fun": 0}, "max_fun is 0; it must be a whole number"),
        (
            {"solver": "lm", "hidden_layer_sizes": 20_000},
            r"about \d+ s a step; solver='auto' selects 'adamw' here, and 'lbfgs' needs neither",
        ),
        ({"solver": "bayes", "hidden_layer_sizes": 20_000}, "networks of 100001 parameters over 120 rows would need"),
    ],
)
def test_what_cannot_be_is_refused_before_it_begins(settings, words):
    X, y, _ = data()
    with pytest.raises(InvalidParameterError, match=words):
        ShoalRegressor(**QUICK | settings).fit(X, y)


@pytest.mark.parametrize("solver", WHOLE)
def test_there_is_no_partial_fit_for_solvers_that_need_all_rows(solver):
    assert not hasattr(ShoalRegressor(solver=solver), "partial_fit")
    assert hasattr(ShoalRegressor(), "partial_fit")
    with pytest.raises(AttributeError) as refused:
        ShoalClassifier(solver=solver).partial_fit([[0.0]], [0])
    assert f"solver is '{solver}', which needs all rows" in str(refused.value.__cause__)


# --- what "auto" takes ----------------------------------------------------------------------------------------------


def plain_regressor(**settings):
    return ShoalRegressor(**{"hidden_layer_sizes": 10, "ramps": False, "n_networks": 3, "random_state": 0} | settings)


def planned_epochs(m):
    """Of `plain_regressor`, with which AdamW alone does not train longer."""
    return plan(settings_of(plain_regressor()), m, 0, own_validation=False).recipe.max_epochs


def smooth(noise, m=300, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (m, 2))
    return X, np.sin(2 * X[:, 0]) * X[:, 1] + noise * rng.standard_normal(m)


def test_auto_goes_on_with_lbfgs_where_held_out_rows_allow_it(capsys):
    X, y = smooth(0.02)
    X_new, y_new = smooth(0.0, 500, 1)
    model = plain_regressor(verbose=True).fit(X, y)
    assert "solver: adamw, then lbfgs if held-out rows allow it" in capsys.readouterr().out
    first = plain_regressor(solver="adamw", max_iter=planned_epochs(len(X))).fit(X, y)
    assert (model.solver_, first.solver_) == ("adamw+lbfgs", "adamw")
    assert np.mean((model.predict(X_new) - y_new) ** 2) < 0.7 * np.mean((first.predict(X_new) - y_new) ** 2)
    assert len(model.loss_curve_) == model.n_iter_ > first.n_iter_
    np.testing.assert_array_equal(model.loss_curve_[: first.n_iter_], first.loss_curve_)


def test_auto_keeps_adamw_where_lbfgs_would_learn_the_noise():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 8))
    y = X[:, 0] + 2 * rng.standard_normal(200)
    settings = {"hidden_layer_sizes": 40}
    model, first = plain_regressor(**settings).fit(X, y), plain_regressor(solver="adamw", **settings).fit(X, y)
    assert model.solver_ == "adamw"
    np.testing.assert_array_equal(model.predict(X), first.predict(X))


@pytest.mark.parametrize("settings", [{"ramps": "auto"}, {"alpha": 0.0}, {"max_iter": 30}, {"loss": "huber"}, {"early_stopping": False}])
def test_what_a_user_says_of_the_way_is_obeyed_by_adamw_alone(settings):
    X, y = smooth(0.02, 150)
    assert plain_regressor(**settings).fit(X, y).solver_ == "adamw"


def test_an_interrupted_polish_keeps_the_best_of_adamw_or_the_latest_of_lbfgs():
    X, y = smooth(0.02)
    first = plain_regressor(solver="adamw", early_stopping=True, max_iter=planned_epochs(len(X))).fit(X, y)

    def interrupt_at(epoch):
        def interrupt(event):
            if event.epoch == epoch:
                raise KeyboardInterrupt

        return interrupt

    with pytest.warns(InterruptedWarning):
        early = plain_regressor(callbacks=[interrupt_at(first.n_iter_ + 5)]).fit(X, y)
    np.testing.assert_array_equal(early.predict(X), first.predict(X))
    with pytest.warns(InterruptedWarning):
        late = plain_regressor(callbacks=[interrupt_at(first.n_iter_ + 80)]).fit(X, y)
    assert late.solver_ == "adamw+lbfgs"
    assert late.score(X, y) > first.score(X, y)


@pytest.mark.slow
def test_a_polished_fit_goes_on_when_it_is_warm():
    X, y = smooth(0.02, 200)
    model = plain_regressor(warm_start=True).fit(X, y)
    steps, score = model.n_iter_, model.score(X, y)
    model.fit(X, y)
    assert len(model.loss_curve_) == steps + model.n_iter_ > steps
    assert model.score(X, y) > score


# --- what is left unsettled -----------------------------------------------------------------------------------------


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


@pytest.mark.slow
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
