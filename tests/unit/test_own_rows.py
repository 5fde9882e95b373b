"""X_val behind a scaler: transformed where scikit-learn is asked to, else warned of where it can be seen."""

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler

from shoal import OtherScaleWarning, ShoalClassifier, ShoalRegressor

RNG = np.random.default_rng(0)
X = RNG.standard_normal((120, 3)) * [1, 20, 300] + [50, 0, 1000]
X_VAL = RNG.standard_normal((60, 3)) * [1, 20, 300] + [50, 0, 1000]
Y, Y_VAL = X[:, 1] / 20, X_VAL[:, 1] / 20
SMALL = {"max_iter": 2, "n_networks": 1, "hidden_layer_sizes": 2, "ramps": False, "random_state": 0}


@pytest.mark.parametrize("made", [ShoalRegressor, ShoalClassifier])
def test_a_pipeline_that_is_asked_to_transforms_the_validation_rows_too(made):
    y, y_val = (Y, Y_VAL) if made is ShoalRegressor else (Y > 0, Y_VAL > 0)
    with sklearn.config_context(enable_metadata_routing=True):
        network = made(**SMALL).set_fit_request(X_val=True, y_val=True)
        piped = Pipeline([("scale", StandardScaler()), ("network", network)], transform_input=["X_val"])
        piped.fit(X, y, X_val=X_VAL, y_val=y_val)
    scaler = StandardScaler().fit(X)
    by_hand = made(**SMALL).fit(scaler.transform(X), y, X_val=scaler.transform(X_VAL), y_val=y_val)
    np.testing.assert_array_equal(piped[-1].coefs_[0], by_hand.coefs_[0])
    assert piped[-1].validation_scores_ == by_hand.validation_scores_


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), MaxAbsScaler()], ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("unit", [1.0, 1e-5], ids=["large", "small"])
def test_validation_rows_that_do_not_pass_the_scaler_are_warned_of(scaler, unit):
    piped = make_pipeline(scaler, ShoalRegressor(**SMALL))
    with pytest.warns(OtherScaleWarning, match=r"X_val seems to be of another scale than X: .*transform_input=\['X_val'\]"):
        piped.fit(X[:, 1:2] * unit, Y, shoalregressor__X_val=X_VAL[:, 1:2] * unit, shoalregressor__y_val=Y_VAL)


def test_sparse_rows_are_looked_at_too():
    dense, dense_val = np.where(np.abs(X) > 30, X, 0.0), np.where(np.abs(X_VAL) > 30, X_VAL, 0.0)
    piped = make_pipeline(MaxAbsScaler(), ShoalRegressor(**SMALL))
    with pytest.warns(OtherScaleWarning, match="column 'x0'"):
        piped.fit(sparse.csr_array(dense), Y, shoalregressor__X_val=sparse.csr_array(dense_val), shoalregressor__y_val=Y_VAL)


@pytest.mark.parametrize(
    "rows",
    [
        X_VAL,
        X_VAL[:1],
        np.add(X_VAL, [0.5, 10, 150]),  # half a standard deviation further on
        np.repeat(X[:1], 5, axis=0),
        np.vstack([X_VAL[:40], 1000 * X_VAL[:19]]),  # a few far rows are rows
    ],
    ids=["alike", "one", "shifted", "few equal", "some far"],
)
def test_rows_of_the_same_scale_are_not(rows):
    ShoalRegressor(**SMALL).fit(X, Y, X_val=rows, y_val=rows[:, 1] / 20)  # a warning fails


def test_a_constant_column_and_levels_of_categories_say_nothing_of_scale():
    flags = (np.arange(360).reshape(120, 3) % 7 == 0).astype(float)
    ShoalRegressor(**SMALL).fit(np.c_[X, flags, np.ones(120)], Y, X_val=np.c_[X_VAL, flags[:60] * 0, np.full(60, 2.0)], y_val=Y_VAL)
