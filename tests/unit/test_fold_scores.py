"""Known scorers of a search: the very numbers that scikit-learn's have, and scikit-learn's own where there is more to say."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.metrics import check_scoring, get_scorer, make_scorer, mean_pinball_loss

from shoal import ShoalClassifier, ShoalRegressor
from shoal.search import scores
from shoal.search.scores import ScoredRows, formulas_of, scores_of

QUICK = {"max_iter": 3, "hidden_layer_sizes": 5, "random_state": 0, "n_networks": 2}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(230, 4))
Z = X[:, 0] * X[:, 1] + X[:, 2]
WEIGHT = RNG.uniform(0, 2, len(X))
TARGETS = {
    "two": (Z > 0).astype(int),
    "three": np.digitize(Z, [-0.5, 0.5]),
    "words": np.array(["no", "yes"])[(Z > 0).astype(int)],
    "truth": Z > 0,
}


def refuse(*_):
    raise AssertionError("scikit-learn was asked")


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("scoring", [None, "accuracy", "neg_log_loss"])
@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_scores_of_classes_are_scikit_learns_to_the_last_bit(y, scoring, weight, monkeypatch):
    models = [ShoalClassifier(**QUICK, alpha=a).fit(X[:130], y[:130]) for a in (0.0, 1.0)]
    scorer = check_scoring(models[0], scoring)
    test, w = slice(130, None), None if weight is None else weight[130:]
    expected = [scorer(m, X[test], y[test], **({} if w is None else {"sample_weight": w})) for m in models]
    monkeypatch.setattr(scores, "scored", refuse)
    assert scores_of(models, scorer, ScoredRows(X[test], y[test], w)) == expected


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("scoring", [None, "r2", "neg_mean_squared_error", "neg_root_mean_squared_error"])
@pytest.mark.parametrize("kind", [np.float64, np.float32, int])
def test_scores_of_numbers_are_scikit_learns_to_the_last_bit(kind, scoring, weight, monkeypatch):
    y = (3 * Z).astype(kind)
    model = ShoalRegressor(**QUICK, early_stopping=False).fit(X[:130].astype(np.float32), y[:130])
    scorer, w = check_scoring(model, scoring), None if weight is None else weight[130:]
    expected = scorer(model, X[130:], y[130:], **({} if w is None else {"sample_weight": w}))
    monkeypatch.setattr(scores, "scored", refuse)
    assert scores_of([model], scorer, ScoredRows(X[130:], y[130:], w)) == [expected]


def test_several_scores_come_by_name_and_large_tables_in_blocks(monkeypatch):
    y = TARGETS["two"]
    model = ShoalClassifier(**QUICK).fit(X, y)
    scorers = check_scoring(model, ["accuracy", "neg_log_loss"])
    expected = scorers(model, X, y)
    monkeypatch.setattr(scores, "scored", refuse)
    assert scores_of([model], scorers, ScoredRows(X, y, None)) == [expected]
    monkeypatch.setattr(scores, "BLOCK_ROWS", 100)
    for table in (X, sparse.csr_array(X)):
        assert scores_of([model], scorers, ScoredRows(table, y, None)) == [expected]


def test_rows_are_read_again_for_networks_with_another_encoding():
    y = TARGETS["two"]
    models = [ShoalClassifier(**QUICK).fit(part, y) for part in (X, 3 * X + 1, X)]
    rows, scorer = ScoredRows(X, y, None), get_scorer("neg_log_loss")
    assert [scores_of([model], scorer, rows) for model in models] == [[scorer(model, X, y)] for model in models]
    assert rows.read_by(models[2]) is rows.read_by(models[2]), "and once for those with the same"


class Another(ShoalClassifier):
    """A user's own class, whose answers need not be the network's."""


@pytest.mark.parametrize(
    ("scoring", "y", "model"),
    [
        ("roc_auc", TARGETS["two"], ShoalClassifier),
        (make_scorer(mean_pinball_loss, alpha=0.3), Z, ShoalRegressor),
        (lambda estimator, X, y: 7.0, TARGETS["two"], ShoalClassifier),
        ("accuracy", TARGETS["two"], Another),
        ("accuracy", pd.Series(TARGETS["two"]), ShoalClassifier),
        ("accuracy", np.stack([Z > 0, X[:, 0] > 0], axis=1).astype(int), ShoalClassifier),
        ("r2", np.stack([Z, X[:, 0]], axis=1), ShoalRegressor),
    ],
)
def test_what_is_not_known_is_left_to_scikit_learn(scoring, y, model):
    fitted = model(**QUICK).fit(X, y)
    scorer = get_scorer(scoring)
    assert scores_of([fitted], scorer, ScoredRows(X, y, None)) == [pytest.approx(scorer(fitted, X, y), abs=0)]


def test_what_scikit_learn_warns_of_or_refuses_it_still_does():
    fitted = ShoalRegressor(**QUICK).fit(X, Z)
    with pytest.warns(UserWarning, match="not well-defined with less than two samples"):
        assert np.isnan(scores_of([fitted], get_scorer("r2"), ScoredRows(X[:1], Z[:1], None))[0])
    assert scores_of([fitted], get_scorer("r2"), ScoredRows(X[:5], np.full(5, 2.0), None)) == [0.0]  # no spread to explain
    with pytest.raises(ValueError, match="NaN"):
        scores_of([fitted], get_scorer("r2"), ScoredRows(X, np.where(Z > 0, np.nan, Z), None))
    labels = TARGETS["three"]
    fitted = ShoalClassifier(**QUICK).fit(X, labels)
    with pytest.raises(ValueError, match="different number of classes"):
        scores_of([fitted], get_scorer("neg_log_loss"), ScoredRows(X[labels > 0], labels[labels > 0], None))
    unseen = np.where(labels == 2, 5, labels)
    assert scores_of([fitted], get_scorer("accuracy"), ScoredRows(X, unseen, None)) == [get_scorer("accuracy")(fitted, X, unseen)]


def test_a_metric_with_settings_of_its_own_is_no_known_one():
    fitted = ShoalClassifier(**QUICK).fit(X, TARGETS["two"])
    from sklearn.metrics import accuracy_score

    assert formulas_of(make_scorer(accuracy_score), fitted) is not None
    assert formulas_of(make_scorer(accuracy_score, normalize=False), fitted) is None
    assert formulas_of(get_scorer("r2"), fitted) is None
