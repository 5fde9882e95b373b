"""ShoalClassifier: kinds of targets, weights, what a user sees, and every bad input by its name."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shoal.encoding import SparseRows
from shoal.errors import DataError, DivergedError, InvalidParameterError
from shoal.estimators.classifier import ShoalClassifier

QUICK = {"n_networks": 2, "hidden_layer_sizes": 8, "max_iter": 10, "random_state": 0}
TO_ROUNDING = 1e-12


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


def blobs(m=120, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, m)
    return rng.standard_normal((m, 3)) + 2.5 * y[:, None] * [1, 0, -1], y


# --- targets --------------------------------------------------------------------------------------------------------


def test_several_classes_with_the_defaults(iris):
    X, y = iris
    model = ShoalClassifier(random_state=0).fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) > 0.93  # 150 rows are halved; linear models have 0.95
    proba = model.predict_proba(X)
    assert proba.shape == (150, 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=TO_ROUNDING)
    np.testing.assert_array_equal(model.predict(X), proba.argmax(axis=1))
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), proba, rtol=TO_ROUNDING)
    assert (model.out_activation_, model.n_outputs_, model.n_layers_) == ("softmax", 3, 3)


def test_two_classes_are_one_sigmoid():
    X, y = blobs()
    model = ShoalClassifier(**QUICK).fit(X, y)
    assert model.score(X, y) > 0.9
    assert (model.out_activation_, model.n_outputs_) == ("logistic", 1)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba[:, 0], 1 - proba[:, 1], rtol=0, atol=TO_ROUNDING)
    np.testing.assert_array_equal(model.predict(X), proba[:, 1] > 0.5)


@pytest.mark.parametrize("labels", [["no", "yes"], [-1, 1], [False, True], [2.0, 7.0]])
def test_predictions_are_the_labels_themselves(labels):
    X, y = blobs()
    model = ShoalClassifier(**QUICK).fit(X, np.array(labels)[y])
    assert model.classes_.tolist() == labels
    assert set(model.predict(X).tolist()) == set(labels)
    assert model.score(X, np.array(labels)[y]) > 0.9


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_several_labels_are_a_sigmoid_each(form):
    X, y = blobs()
    Y = np.column_stack([y, 1 - y, X[:, 1] > 0]).astype(int)
    model = ShoalClassifier(**QUICK | {"max_iter": 40}).fit(X, form(Y))
    assert model.predict(X).shape == model.predict_proba(X).shape == Y.shape
    assert np.mean(model.predict(X) == Y) > 0.9
    assert (model.out_activation_, model.n_outputs_) == ("logistic", 3)
    np.testing.assert_array_equal(model.predict(X), model.predict_proba(X) > 0.5)


def test_a_class_of_one_row_and_a_confident_model_are_no_trouble():
    X, y = blobs()
    y[0] = 2
    model = ShoalClassifier(**QUICK).fit(X, y)
    assert model.predict_proba(X).shape == (120, 3)
    assert np.all(np.isneginf(model.predict_log_proba(1e9 * X)).any(axis=1))


# --- weights --------------------------------------------------------------------------------------------------------


def test_balanced_classes_weigh_alike():
    X, y = blobs(400)
    rare = np.flatnonzero(y == 1)[15:]  # 15 rows of class 1 are left
    X, y = np.delete(X, rare, axis=0) * 0.4, np.delete(y, rare)
    X = X + np.random.default_rng(1).normal(size=X.shape)  # the classes overlap
    plain, balanced = (ShoalClassifier(**QUICK, class_weight=w).fit(X, y) for w in (None, "balanced"))
    recall = [np.mean(model.predict(X[y == 1]) == 1) for model in (plain, balanced)]
    assert recall[1] > recall[0] + 0.2
    assert balanced.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean() + 0.1


def test_rows_of_weight_zero_do_not_matter():
    X, y = blobs(60)
    weight = np.where(np.arange(60) < 40, 1.0, 0.0)
    spoiled = np.where(weight > 0, y, 1 - y)
    one, other = (ShoalClassifier(**QUICK, learning_rate="cosine").fit(X, target, weight) for target in (y, spoiled))
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))


@pytest.mark.parametrize(("n_weighted", "early_stopping"), [(1, False), (2, "auto"), (2, False), (9, True), (9, False), (30, True)])
def test_a_few_weighted_rows_among_many_train(n_weighted, early_stopping):
    X, y = blobs(150)
    weight = np.where(np.arange(150) < n_weighted, 1.0, 0.0)
    model = ShoalClassifier(**QUICK, early_stopping=early_stopping, batch_size=16).fit(X, y, weight)
    assert np.isfinite(model.predict_proba(X)).all()
    assert np.isfinite(model.loss_curve_).all()


def test_weights_that_leave_no_row_are_refused():
    X, y = blobs()
    with pytest.raises(ValueError, match=r"(?i)sample.weight"):
        ShoalClassifier(**QUICK).fit(X, y, np.zeros(120))
    with pytest.raises(DataError, match=r"class_weight=\{0: 0.0, 1: 0.0\} leaves every row with weight 0"):
        ShoalClassifier(**QUICK, class_weight={0: 0, 1: 0}).fit(X, y)
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        ShoalClassifier(**QUICK).fit(X, y, np.linspace(-1, 1, 120))


# --- sparse rows, names, scikit-learn's habits ----------------------------------------------------------------------


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.csr_matrix])
def test_sparse_rows_give_the_predictions_of_dense_ones(form):
    X, y = blobs()
    X = np.where(np.abs(X) > 1, X, 0.0)
    dense, rare = (ShoalClassifier(**QUICK, ramps=False, dtype="float64").fit(values, y) for values in (X, form(X)))
    np.testing.assert_allclose(rare.predict_proba(form(X)), dense.predict_proba(X), rtol=1e-9)  # ten epochs of sums in another order
    np.testing.assert_allclose(rare.predict_proba(X), rare.predict_proba(form(X)), rtol=TO_ROUNDING)


def test_sparse_rows_are_never_dense_whole(monkeypatch):
    X, y = blobs(300)
    X = sparse.csr_array(np.where(np.abs(X) > 1, X, 0.0))
    largest = []
    rows_of = SparseRows.__getitem__

    def watched(self, chosen):
        largest.append(len(dense := rows_of(self, chosen)))
        return dense

    monkeypatch.setattr(SparseRows, "__getitem__", watched)
    monkeypatch.setattr("shoal.encoding.BLOCK_NUMBERS", 0)  # then 64 rows
    monkeypatch.setattr("shoal.engine.sums.DENSE_ROWS", 32)
    monkeypatch.setattr("shoal.engine.predict.BLOCK_ROWS", 32)
    monkeypatch.setattr(sparse.csr_array, "todense", None)
    ShoalClassifier(**QUICK).fit(X, y).predict(X)
    assert max(largest) <= 64


def test_it_lives_in_a_pipeline_with_weights_and_own_validation_rows():
    X, y = blobs()
    model = make_pipeline(StandardScaler(), ShoalClassifier(**QUICK))
    model.fit(X, y, shoalclassifier__sample_weight=np.ones(120), shoalclassifier__X_val=X[:20], shoalclassifier__y_val=y[:20])
    assert len(model[-1].validation_scores_) == model[-1].n_iter_
    assert clone(model[-1]).get_params() == model[-1].get_params()


def test_encoded_columns_carry_the_names_of_the_frame():
    pd = pytest.importorskip("pandas")
    X, y = blobs()
    model = ShoalClassifier(**QUICK).fit(pd.DataFrame(X, columns=["a", "b", "c"]), y)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    assert model.encoded_feature_names_[:3].tolist() == ["a", "b", "c"]
    assert all(name.startswith(("a[", "b[", "c[")) for name in model.encoded_feature_names_[3:])
    assert len(model.encoded_feature_names_) == 3 + 24


def test_attributes_are_there_after_a_fit():
    X, y = blobs()
    model = ShoalClassifier(**QUICK).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == len(model.validation_scores_) == 10
    assert model.t_ == 1200
    assert model.loss_ == model.loss_curve_[-1]
    assert (model.best_loss_, model.best_validation_score_) == (None, max(model.validation_scores_))
    assert (model.solver_, model.n_features_in_, model.seed_) == ("adamw", 3, 0)
    no_rows_held_out = ShoalClassifier(**QUICK, early_stopping=False).fit(X, y)
    assert no_rows_held_out.validation_scores_ is no_rows_held_out.best_validation_score_ is None
    assert no_rows_held_out.best_loss_ == min(no_rows_held_out.loss_curve_)


# --- bad input ------------------------------------------------------------------------------------------------------


def test_one_class_is_refused():
    with pytest.raises(DataError, match="y has 1 class only, 3: a classifier needs at least 2"):
        ShoalClassifier(**QUICK).fit(np.eye(4), [3, 3, 3, 3])


@pytest.mark.parametrize(("value", "words"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_nan_and_infinity_are_refused(value, words):
    X, y = blobs()
    X[7, 1] = value
    with pytest.raises(ValueError, match=words):
        ShoalClassifier(**QUICK).fit(X, y)
    model = ShoalClassifier(**QUICK).fit(np.nan_to_num(X, posinf=0), y)
    with pytest.raises(ValueError, match=words):
        model.predict(X)


def test_columns_with_many_values_are_no_labels():
    X, y = blobs()
    with pytest.raises(DataError, match="several columns with more than two values each"):
        ShoalClassifier(**QUICK).fit(X, np.column_stack([y + 1, 2 * y]))


def test_a_diverging_learning_rate_is_named_with_the_epoch_and_what_to_try():
    X, y = blobs()
    settings = {"solver": "sgd", "learning_rate_init": 1e6, "standardize": False, "max_iter": 40}
    with pytest.raises(
        DivergedError, match=r"diverged in epoch \d+.*learning_rate_init=1e\+06\) is probably too high; try 100000, or standardize=True"
    ):
        ShoalClassifier(**QUICK | settings).fit(X, y)


def test_own_validation_rows_must_come_with_their_labels_and_fit_the_model():
    X, y = blobs()
    with pytest.raises(InvalidParameterError, match="X_val was given without y_val"):
        ShoalClassifier(**QUICK).fit(X, y, X_val=X)
    with pytest.raises(InvalidParameterError, match="y_val was given without X_val"):
        ShoalClassifier(**QUICK).fit(X, y, y_val=y)
    with pytest.raises(DataError, match="y has 2 columns, but the network was fitted with one column of classes"):
        ShoalClassifier(**QUICK).fit(X, y, X_val=X, y_val=np.column_stack([y, y]))
    with pytest.raises(DataError, match=r"y has \[5\], which is not among the classes \[0, 1\]"):
        ShoalClassifier(**QUICK).fit(X, y, X_val=X, y_val=5 * y)
    with pytest.raises(ValueError, match="2 features"):
        ShoalClassifier(**QUICK).fit(X, y, X_val=X[:, :2], y_val=y)


def test_gaps_and_texts_name_the_function_that_reads_such_tables():
    X = np.array([[1.0, np.nan], [2.0, 3.0]])
    with pytest.raises(DataError, match=r"contains NaN. Train with shoal\.fit, which prepares tables that have gaps"):
        ShoalClassifier().fit(X, [0, 1])
    with pytest.raises(DataError, match=r"Train with shoal\.fit, which prepares texts and dates"):
        ShoalClassifier().fit([["a"], ["b"]], [0, 1])
