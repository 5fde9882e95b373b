"""What is let in without scikit-learn's checks: only what they would pass as it is."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.utils.validation import check_X_y

from shoal import ShoalClassifier, ShoalRegressor
from shoal.estimators import estimator
from shoal.estimators.checks import is_plain, is_plain_target

QUICK = {"max_iter": 2, "hidden_layer_sizes": 3, "n_networks": 1, "random_state": 0, "early_stopping": False}
X = np.random.default_rng(0).normal(size=(30, 3))
Y = (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize("rows", [X, X.astype(np.float32), X[::2], X.T, np.asfortranarray(X), X * 1e300])
def test_plain_rows_are_those_that_scikit_learn_passes_as_they_are(rows):
    assert is_plain(rows)
    assert check_X_y(rows, np.arange(len(rows)), dtype=[np.float64, np.float32])[0] is rows


@pytest.mark.parametrize(
    "rows",
    [
        X.tolist(),
        pd.DataFrame(X),
        sparse.csr_array(X),
        X[0],
        X[None],
        X[:0],
        X[:, :0],
        X.astype(int),
        X.astype(np.float16),
        X.astype(">f8"),
        X.astype(object),
        np.ma.array(X),
        np.where(X > 2, np.inf, X),
        np.where(X > 2, np.nan, X),
        np.full((4, 2), 1e308),  # finite, but not their sum: scikit-learn looks closer
    ],
)
def test_all_other_rows_are_left_to_scikit_learn(rows):
    assert not is_plain(rows)


@pytest.mark.parametrize("y", [Y, Y > 0, Y.astype("U"), Y.astype(np.float32), Y.astype(np.uint8)])
def test_plain_targets_are_columns_of_as_many_numbers_or_words(y):
    assert is_plain_target(y, 30)
    assert not is_plain_target(y, 29)
    assert not is_plain_target(y[:, None], 30)
    assert not is_plain_target(y.astype(object), 30)
    assert not is_plain_target(y.tolist(), 30)


def test_a_plain_fit_leaves_what_a_checked_one_does(monkeypatch):
    checked = ShoalClassifier(**QUICK).fit(X.tolist(), Y.tolist())
    named = ShoalClassifier(**QUICK).fit(pd.DataFrame(X, columns=list("abc")), Y)
    assert named.feature_names_in_.tolist() == ["a", "b", "c"]
    monkeypatch.setattr(estimator, "validate_data", lambda *_, **__: pytest.fail("scikit-learn was asked"))
    plain, named = ShoalClassifier(**QUICK).fit(X, Y), named.fit(X, Y)
    np.testing.assert_array_equal(plain.coefs_[0], checked.coefs_[0])
    assert plain.n_features_in_ == checked.n_features_in_ == 3
    assert not hasattr(named, "feature_names_in_")


@pytest.mark.parametrize(("rows", "y", "words"), [(X, Y[:-1], "inconsistent numbers of samples"), (X, np.where(Y, np.nan, 0.5), "NaN")])
def test_bad_rows_are_refused_in_scikit_learns_words(rows, y, words):
    with pytest.raises(ValueError, match=words):
        ShoalRegressor(**QUICK).fit(rows, y)
