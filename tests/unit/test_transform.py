"""`transform` gives the hidden layer's activations, the chapter's new representation of the rows, by scikit-learn's rules."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import shoal
from shoal import ShoalClassifier, ShoalRegressor
from shoal.textbook import ACTIVATIONS

FAST = {"n_networks": 3, "max_iter": 5, "random_state": 0}
X, labels = load_iris(return_X_y=True)
y = X @ [1.0, 2.0, -1.0, 0.5]


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("ramps", [True, False])
def test_the_output_layer_over_it_is_the_prediction(activation, ramps):
    model = ShoalRegressor(**FAST, hidden_layer_sizes=5, activation=activation, ramps=ramps).fit(X, y)
    A1 = model.transform(X)
    assert A1.shape == (150, 15)
    np.testing.assert_allclose(A1 @ model.coefs_[1][:, 0] + model.intercepts_[1], model.predict(X), rtol=1e-10)  # two orders of a sum
    if not ramps:
        np.testing.assert_allclose(ACTIVATIONS[activation](X @ model.coefs_[0] + model.intercepts_[0]), A1, rtol=1e-9, atol=1e-12)


def test_it_has_the_units_of_each_width_and_no_others():
    model = ShoalClassifier(**FAST, hidden_layer_sizes=7).fit(X, labels)
    names = model.get_feature_names_out()
    assert names.tolist() == [f"shoalclassifier{j}" for j in range(21)]
    frame = model.set_output(transform="pandas").transform(X)
    assert list(frame.columns) == names.tolist()
    assert frame.shape == (150, 21)


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csc_array, lambda rows: rows.astype(np.float32)])
def test_rows_of_other_kinds_give_the_same(make):
    model = ShoalRegressor(**FAST).fit(make(X), y)
    np.testing.assert_allclose(model.transform(make(X)), model.transform(X), rtol=1e-4 if make(X).dtype == np.float32 else 1e-12, atol=1e-6)


def test_blocks_of_rows_give_what_one_row_gives():
    model = ShoalRegressor(**FAST).fit(X, y)
    many = model.transform(np.tile(X, (70, 1)))  # more than a block of 8,192 rows
    np.testing.assert_allclose(many[-150:], np.vstack([model.transform(row[None]) for row in X]), rtol=1e-12, atol=1e-14)


def test_other_models_learn_from_it():
    both = make_pipeline(ShoalClassifier(**FAST), LogisticRegression(max_iter=500)).fit(X, labels)
    assert both.score(X, labels) > 0.95


def test_a_raw_tables_model_takes_raw_rows():
    table = pd.DataFrame(X, columns=list("abcd")).assign(kind=np.array(["x", "y", "z"])[labels], target=y)
    model = shoal.fit(table, "target", settings=FAST)
    A1 = model.transform(table.drop(columns="target"))
    np.testing.assert_allclose(
        A1 @ model["estimator"].coefs_[1][:, 0] + model["estimator"].intercepts_[1], model.predict(table), rtol=1e-10
    )


def test_before_fit_it_says_so():
    with pytest.raises(NotFittedError):
        ShoalRegressor().transform(X)
