"""Early stopping on a score of one's own: `scoring`, beside a plain loop that trains epoch by epoch and scores with scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import f1_score, get_scorer, make_scorer
from sklearn.model_selection import train_test_split

import shoal
from shoal import ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.errors import InvalidParameterError
from shoal.fitting.pipeline import prepare
from shoal.fitting.settings import settings_of
from shoal.fitting.source import InMemory

# A training of few epochs says that it was cut short, as it is meant to be here.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# A constant rate makes the first e epochs of every training those of a training of e epochs.
PLAIN = {"hidden_layer_sizes": 8, "learning_rate": "constant", "learning_rate_init": 0.02, "dropout": 0.0, "random_state": 0}
EPOCHS = 12


def rows(m, seed=0, task="classification"):
    """A rare class, or numbers."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, 4))
    z = X[:, 0] + X[:, 1] * X[:, 2] + 0.7 * rng.standard_normal(m)
    return X, ((z > 1).astype(int) if task == "classification" else z)


def mean_recall(model, X, y):
    """A scorer as users write them."""
    return float(np.mean([np.mean(model.predict(X)[y == c] == c) for c in np.unique(y)]))


def trained_for(model, epochs, X, y):
    """The plain loop's networks after so many epochs: nothing is held out, nothing stops."""
    return clone(model).set_params(scoring=None, early_stopping=False, max_iter=epochs, n_iter_no_change=float("inf"), tol=0.0).fit(X, y)


@pytest.mark.parametrize(
    ("task", "scoring", "more"),
    [
        ("classification", "f1", {}),
        ("classification", "roc_auc", {"ramps": False}),
        ("classification", "neg_log_loss", {"weight_average": 0.0}),
        ("classification", mean_recall, {}),
        ("classification", make_scorer(f1_score, pos_label=0), {"solver": "sgd", "batch_size": 50}),
        ("regression", "neg_median_absolute_error", {}),
        ("regression", "r2", {"solver": "adam", "dtype": "float32"}),
    ],
    ids=["f1", "roc_auc", "log loss", "a function", "a scorer", "median error", "r2"],
)
def test_scores_and_the_kept_epoch_are_those_of_a_plain_loop(task, scoring, more):
    X, y = rows(240, task=task)
    X, X_val, y, y_val = train_test_split(X, y, test_size=80, random_state=0)
    kind = ShoalClassifier if task == "classification" else ShoalRegressor
    model = kind(**PLAIN | more, n_networks=1, scoring=scoring, max_iter=EPOCHS, n_iter_no_change=float("inf"))
    score = get_scorer(scoring) if isinstance(scoring, str) else scoring
    loop = [trained_for(model, e, X, y) for e in range(1, EPOCHS + 1)]
    curve = [score(each, X_val, y_val) for each in loop]
    model.fit(X, y, X_val=X_val, y_val=y_val)
    # the scale of the weights' rounding: the same updates, in other calls of the same kernels
    np.testing.assert_allclose(model.validation_scores_, curve, rtol=1e-9)
    assert model.best_validation_score_ == max(model.validation_scores_)
    np.testing.assert_allclose(model.coefs_[0], loop[int(np.argmax(curve))].coefs_[0], rtol=1e-9)


@pytest.mark.parametrize("solver", ["adamw", "lbfgs", "scg"])
def test_every_network_is_scored_on_the_rows_that_it_holds_out(solver):
    seen = []

    def score(model, X, y):
        found = mean_recall(model, X, y)
        seen.append((len(X), X[0, 0], model.network_.population.parameters.W2[0].copy(), found))
        return found

    X, y = rows(200)
    weight = np.where(np.arange(200) % 7 == 3, 0.0, 1.0)
    # early_stopping=True: no refit on all rows replaces the networks that were scored
    model = ShoalClassifier(
        n_networks=3, hidden_layer_sizes=6, solver=solver, early_stopping=True, scoring=score, max_iter=8, ramps=False, random_state=0
    )
    model.fit(X, y, sample_weight=weight)
    s = settings_of(clone(model))
    validation = prepare(s, InMemory(X, y, weight)).rows.validation
    counted = [mine[weight[mine] > 0] for mine in validation.rows]
    curves = model.network_.history["validation_score"]
    epochs = np.isfinite(curves).sum(axis=0)
    assert len(seen) == epochs.sum()
    for k in range(3):
        own = [one for one in seen if one[1] == X[counted[k][0], 0]]
        assert {one[0] for one in own} == {len(counted[k])}
        np.testing.assert_array_equal([one[3] for one in own], curves[: epochs[k], k])
        best = int(np.argmax([one[3] for one in own]))
        np.testing.assert_allclose(model.network_.population.parameters.W2[k], own[best][2], rtol=1e-6)  # kept in float32 or float64
    np.testing.assert_allclose(model.validation_scores_, [row[np.isfinite(row)].mean() for row in curves])


def test_networks_stop_after_n_iter_no_change_epochs_without_a_better_score():
    def falls(model, X, y):
        falls.calls += 1
        return -falls.calls

    falls.calls = 0
    X, y = rows(200)
    model = ShoalClassifier(**PLAIN, n_networks=1, early_stopping=True, scoring=falls, n_iter_no_change=3, max_iter=50).fit(X, y)
    assert model.n_iter_ == 5, "the first epoch is the best, and the fourth without a better one is more than 3"
    assert model.validation_scores_ == [-1, -2, -3, -4, -5]


def test_a_gain_of_less_than_tol_does_not_keep_a_network_in_training():
    def creeps(model, X, y):
        creeps.calls += 1
        return creeps.calls * 1e-3

    creeps.calls = 0
    X, y = rows(200)
    one = {**PLAIN, "n_networks": 1, "early_stopping": True, "n_iter_no_change": 2, "max_iter": 20}
    assert ShoalClassifier(**one, scoring=creeps, tol=0.01).fit(X, y).n_iter_ == 4
    assert ShoalClassifier(**one, scoring=creeps, tol=0.0).fit(X, y).n_iter_ == 20


def test_the_refit_on_all_rows_goes_up_to_the_best_score():
    X, y = rows(150, task="regression")
    seen = []

    def third(model, X, y):
        seen.append(len(X))
        return -abs(len(seen) - 3)

    base = {**PLAIN, "n_networks": 1, "ramps": False, "max_iter": 10}
    model = ShoalRegressor(**base, scoring=third).fit(X, y)
    assert len(seen) == 10, "the refit is not scored"
    three = ShoalRegressor(**base | {"max_iter": 3}, early_stopping=False, n_iter_no_change=float("inf"), tol=0.0).fit(X, y)
    np.testing.assert_allclose(model.coefs_[0], three.coefs_[0], rtol=1e-9)


def test_loss_is_none():
    X, y = rows(150)
    one, other = (ShoalClassifier(n_networks=2, max_iter=5, random_state=0, scoring=s).fit(X, y) for s in (None, "loss"))
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))


def test_a_wide_table_is_scored_on_its_own_columns():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 130))
    widths = []

    def score(model, X, y):
        widths.append(X.shape[1])
        return model.score(X, y)

    model = ShoalRegressor(n_networks=2, max_iter=4, scoring=score, early_stopping=True, random_state=0).fit(X, X[:, 0])
    assert set(widths) == {130}
    assert len(model.validation_scores_) == 4


def test_weights_go_to_scorers_of_scikit_learn():
    X, y = rows(200)
    weight = np.random.default_rng(0).uniform(0.1, 3, 200)
    own = {"X_val": X[150:], "y_val": y[150:], "sample_weight_val": weight[150:]}
    model = ShoalClassifier(**PLAIN, n_networks=1, scoring="accuracy", max_iter=1).fit(X[:150], y[:150], **own)
    assert model.validation_scores_[0] == pytest.approx(model.score(X[150:], y[150:], weight[150:]), rel=1e-12)


def test_labels_and_searches_take_it():
    X, y = rows(160)
    Y = np.column_stack([y, X[:, 0] > 0]).astype(int)
    many = ShoalClassifier(n_networks=2, max_iter=4, scoring="f1_macro", early_stopping=True, random_state=0).fit(X, Y)
    assert len(many.validation_scores_) == 4
    one = ShoalClassifier(**PLAIN, n_networks=2, max_iter=4, early_stopping=True, scoring="balanced_accuracy")
    search = ShoalSearchCV(one, {"alpha": [0.0, 1.0]}, cv=2, refit=True).fit(X, y)
    alone = clone(one).set_params(alpha=search.best_params_["alpha"]).fit(X, y)
    np.testing.assert_allclose(search.best_estimator_.validation_scores_, alone.validation_scores_, rtol=1e-6)


def test_a_table_and_its_file(tmp_path):
    X, y = rows(200)
    table = pd.DataFrame(X, columns=list("abcd")).assign(y=y)
    settings = {"n_networks": 2, "max_iter": 4, "hidden_layer_sizes": 8}
    model = shoal.fit(table, "y", settings={**settings, "scoring": "average_precision"}, seed=0)
    again = shoal.load(shoal.save(model, tmp_path / "m.shoal"))
    assert again["estimator"].scoring == "average_precision"
    assert again["estimator"].validation_scores_ == model["estimator"].validation_scores_
    model = shoal.fit(table, "y", settings={**settings, "scoring": mean_recall}, seed=0)
    again = shoal.load(shoal.save(model, tmp_path / "m.shoal"))
    assert again["estimator"].scoring is None, "a file holds no functions"
    np.testing.assert_array_equal(again.predict_proba(table), model.predict_proba(table))


@pytest.mark.parametrize(
    ("scoring", "words"),
    [
        ("rocauc", r"scoring is 'rocauc'; .* the nearest names are 'roc_auc'"),
        (3, "scoring is 3; it must be None, 'loss', the name of a scorer"),
        (f1_score, r"f1_score takes targets and predictions, not an estimator; give make_scorer\(f1_score\)"),
        (lambda model, X, y: np.nan, "held-out rows of a network gave nan, and a score is one finite number"),
        (lambda model, X, y: "good", "gave 'good'"),
        (lambda model, X, y: np.zeros(3), "gave array"),
        (lambda model, X, y: 1 / 0, "held-out rows of a network failed .ZeroDivisionError"),
        ("r2_score", "the nearest names are"),
    ],
    ids=["unknown", "a number", "a metric", "NaN", "a text", "several", "fails", "near"],
)
def test_bad_scorers_are_refused_by_name(scoring, words):
    X, y = rows(150)
    with pytest.raises(InvalidParameterError, match=words):
        ShoalClassifier(n_networks=2, max_iter=3, random_state=0, scoring=scoring).fit(X, y)


@pytest.mark.parametrize("more", [{"early_stopping": False}, {"solver": "bayes"}])
def test_without_rows_held_out_it_is_refused(more):
    X, y = rows(120, task="regression")
    with pytest.raises(InvalidParameterError, match="scoring is 'r2', and no rows are held out"):
        ShoalRegressor(n_networks=1, hidden_layer_sizes=2, scoring="r2", random_state=0, **more).fit(X, y)


def test_pieces_and_rows_elsewhere_are_refused():
    X, y = rows(100, task="regression")
    with pytest.raises(InvalidParameterError, match="partial_fit holds no rows out"):
        ShoalRegressor(scoring="r2").partial_fit(X, y)
    model = ShoalRegressor(scoring="r2")
    pytest.importorskip("dask", reason="a cluster needs shoal[dask]")
    with pytest.raises(InvalidParameterError, match="scoring is set, and rows are not in memory"):
        shoal.dask.fit(model, X, y)  # before a cluster is asked
