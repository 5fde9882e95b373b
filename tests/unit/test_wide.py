"""Wide tables: when rows are projected, that the fitted networks are those that were trained, and every way to fit, save and go on."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import Ridge

import shoal
from shoal import ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.encoding import encode
from shoal.engine.predict import logits
from shoal.fitting import projection
from shoal.fitting.pipeline import draw, prepare
from shoal.fitting.projection import LEAST_COLUMNS, find_projection, is_wide
from shoal.fitting.settings import settings_of
from shoal.fitting.source import InMemory
from shoal.network import predict_logits
from shoal.persistence.building import built
from shoal.persistence.storing import stored

FAST = {"n_networks": 2, "hidden_layer_sizes": 3, "max_iter": 8, "random_state": 0}
SOLVERS = ("adamw", "sgd", "lbfgs", "scg", "rprop", "lm", "bayes")
pytestmark = pytest.mark.filterwarnings("ignore:max_iter")  # few steps on purpose


def spectra(m: int = 40, n: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three overlapping bands and a baseline; the target is the amount of the first."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, n)
    amount = rng.gamma(2, 1, (m, 3))
    X = amount @ np.exp(-((t - np.array([[0.3], [0.45], [0.7]])) ** 2) / 0.02) + rng.normal(size=(m, 1)) + 0.01 * rng.normal(size=(m, n))
    return X, 5 + 2 * amount[:, 0] + 0.05 * rng.normal(size=m)


X, Y = spectra()
CLASS = np.where(np.median(Y) < Y, "much", "little")


def projected(model) -> bool:
    return model._fitted.continuation.projection is not None


# --- the rule -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("m", "n", "alike", "expected"),
    [
        (40, LEAST_COLUMNS, False, True),  # more columns than rows
        (40, LEAST_COLUMNS - 1, False, False),  # too few columns
        (LEAST_COLUMNS, LEAST_COLUMNS, False, False),  # as many rows, and columns that are not alike
        (3 * LEAST_COLUMNS, LEAST_COLUMNS, True, True),  # neighbours alike
        (3 * LEAST_COLUMNS, LEAST_COLUMNS - 1, True, False),
    ],
)
def test_rows_are_wide_if_there_are_more_columns_than_rows_or_neighbours_are_alike(m, n, alike, expected):
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(m, n))
    assert is_wide(np.cumsum(Z, axis=1) if alike else Z) is expected


def test_many_rows_and_sparse_rows_are_not_wide(monkeypatch):
    assert not is_wide(sparse.csr_array(X))
    monkeypatch.setattr(projection, "MOST_ROWS", len(X) - 1)
    assert not is_wide(X)


def test_repeated_rows_and_rows_of_weight_0_do_not_count():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(60, 100))
    twice = np.concatenate([Z, Z])
    assert is_wide(twice)
    more = rng.normal(size=(100, 100))
    assert not is_wide(more)
    assert is_wide(more, np.arange(100) % 2.0)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, True), ({"ramps": False}, False), ({"ramps": True}, False), ({"standardize": False}, False), ({"solver": "lbfgs"}, True)],
)
def test_ramps_that_are_set_and_unscaled_inputs_leave_the_inputs_as_they_are(settings, expected):
    assert projected(ShoalRegressor(**FAST, **settings).fit(X, Y)) is expected


def test_narrow_tables_have_no_projection():
    model = ShoalRegressor(**FAST).fit(X[:, ::2], Y)
    assert not projected(model)
    assert model.skip_coefs_ is None


# --- the same networks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("skip", [False, True])
def test_the_fitted_networks_answer_as_those_that_were_trained_on_scores(solver, skip):
    model = ShoalRegressor(solver=solver, skip=skip, **FAST).fit(X, Y)
    trained, found = model._fitted.continuation.population, model._fitted.continuation.projection
    scores = found.scores(encode(model.network_.encoding, X))
    Z2 = logits(trained, scores, "relu")
    # float64 sums of 120 products of numbers around 1: 1e-10 is ten thousand roundings
    np.testing.assert_allclose(np.tensordot(model.network_.shares, Z2, 1), predict_logits(model.network_, X), rtol=1e-10, atol=1e-10)
    assert model.network_.population.parameters.W1.shape == (2, 3, X.shape[1])


def test_all_scores_lose_nothing_of_the_rows():
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    center, scale, directions = projection.components(projection.joined(Z, Y[:, None], None, None))
    assert len(scale) == len(X) - 1  # the mean is one direction
    np.testing.assert_allclose(center + (Z - center) @ directions @ directions.T, Z, atol=1e-12)
    np.testing.assert_allclose(np.std(Z @ directions, axis=0), scale, rtol=1e-9)


@pytest.mark.parametrize(("kind", "y"), [(ShoalRegressor, Y), (ShoalClassifier, CLASS), (ShoalRegressor, np.column_stack([Y, -Y]))])
def test_saved_models_predict_bit_for_bit(kind, y, tmp_path):
    model = kind(**FAST).fit(X, y)
    assert projected(model)
    again = built(stored(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(again.coefs_[0], model.coefs_[0])
    shoal.save(model, tmp_path / "model.shoal")
    np.testing.assert_array_equal(shoal.load(tmp_path / "model.shoal").predict(X), model.predict(X))


# --- rows -----------------------------------------------------------------------------------------------------------


def test_a_weight_of_two_is_the_row_twice_and_of_zero_none():
    rng = np.random.default_rng(3)
    weight = rng.integers(0, 3, len(X)).astype(float)
    rows = np.repeat(np.arange(len(X)), weight.astype(int))
    weighed = ShoalRegressor(solver="lbfgs", **FAST).fit(X, Y, weight)
    repeated = ShoalRegressor(solver="lbfgs", **FAST).fit(X[rows], Y[rows])
    # the same sums in another order, eight steps of L-BFGS long
    np.testing.assert_allclose(weighed.predict(X), repeated.predict(X), rtol=1e-6)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_units_of_inputs_change_nothing(factor):
    units = np.where(np.arange(X.shape[1]) % 2, factor, 1.0)
    plain, scaled = (ShoalRegressor(solver="lbfgs", **FAST).fit(rows, Y).predict(rows) for rows in (X, X * units))
    np.testing.assert_allclose(scaled, plain, rtol=1e-6)  # z-scores differ by rounding, which eight steps enlarge


def test_constant_columns_change_nothing_and_repeated_columns_count_twice():
    with_constants = np.column_stack([X, np.full((len(X), 5), 7.0)])
    a, b = (ShoalRegressor(solver="lbfgs", **FAST).fit(rows, Y) for rows in (X, with_constants))
    np.testing.assert_allclose(b.predict(with_constants), a.predict(X), rtol=1e-6)
    np.testing.assert_allclose(b.coefs_[0][-5:], 0.0, atol=1e-12)
    twice = ShoalRegressor(**FAST).fit(np.column_stack([X, X]), Y)
    np.testing.assert_allclose(twice.coefs_[0][:120], twice.coefs_[0][120:], rtol=1e-6, atol=1e-9)


def test_rows_without_any_variation_are_not_projected():
    Z = np.zeros((20, 100))
    assert find_projection(Z, Y[:20, None], None) is None
    model = ShoalRegressor(**FAST).fit(Z, Y[:20])
    assert np.isfinite(model.predict(Z)).all()


def test_rows_of_one_group_are_left_out_together():
    rng = np.random.default_rng(1)
    people, effect = np.repeat(np.arange(15), 4), rng.normal(size=15)
    Z = rng.normal(size=(15, 150))[people] + 0.1 * rng.normal(size=(60, 150))
    # Rows of a person tell who it is; other people tell nothing: only a heavy penalty leaves the mean, the best answer for a new person.
    of_rows, of_groups = (find_projection(Z, effect[people, None], None, groups) for groups in (None, people))
    assert of_rows.penalty < of_groups.penalty


# --- scores ---------------------------------------------------------------------------------------------------------


def test_a_shuffled_target_is_not_predicted():
    rng = np.random.default_rng(5)
    Z, y = spectra(60, 150, 5)
    y = rng.permutation(y)
    model = ShoalRegressor(n_networks=4, random_state=0).fit(Z[:40], y[:40])
    assert np.mean((model.predict(Z[40:]) - y[40:]) ** 2) > 0.8 * np.var(y[40:])  # the mean of 20 rows varies by a tenth or two


def test_spectra_are_predicted_as_a_linear_model_predicts_them():
    Z, y = spectra(80, 300, 6)
    model = ShoalRegressor(n_networks=4, random_state=0).fit(Z[:50], y[:50])
    assert model.score(Z[50:], y[50:]) > 0.95  # the noise alone leaves 0.999


def test_more_columns_than_rows_in_classification():
    rng = np.random.default_rng(7)
    y = np.repeat([0, 1, 2], 25)
    Z = rng.normal(size=(75, 200)) + np.array([0.0, 0.5, -0.5])[y, None]
    order = rng.permutation(75)
    Z, y = Z[order], y[order]
    model = ShoalClassifier(n_networks=4, random_state=0).fit(Z[:50], y[:50])
    assert projected(model)
    assert model.skip_coefs_ is None
    assert model.score(Z[50:], y[50:]) > 0.9  # class means are seven standard deviations of their direction apart


# --- going on -------------------------------------------------------------------------------------------------------


def test_sparse_rows_are_projected_if_training_goes_on_with_them():
    model = ShoalRegressor(warm_start=True, early_stopping=False, **FAST).fit(X, Y)
    dense, part = ShoalRegressor(warm_start=True, early_stopping=False, **FAST).fit(X, Y).fit(X, Y), sparse.csr_array(X)
    np.testing.assert_allclose(model.fit(part, Y).predict(X), dense.predict(X), rtol=1e-9)


@pytest.mark.parametrize("solver", ["auto", "lbfgs"])
def test_training_goes_on_in_the_same_directions(solver):
    model = ShoalRegressor(solver=solver, warm_start=True, early_stopping=False, **FAST).fit(X, Y)
    first, loss = model._fitted.continuation.projection, model.loss_
    model.fit(X, Y)
    assert model._fitted.continuation.projection is first
    assert model.loss_ < loss
    assert len(model.loss_curve_) == 16


def test_pieces_after_a_fit_are_read_as_the_fit_read_them():
    model = ShoalRegressor(**FAST).fit(X, Y)
    before = model.predict(X)
    model.partial_fit(X[:20], Y[:20])
    assert projected(model)
    assert not np.array_equal(model.predict(X), before)


def test_pieces_alone_are_not_projected():
    assert not projected(ShoalRegressor(**FAST).partial_fit(X, Y))


def test_rows_of_the_user_judge_in_the_same_directions():
    Z, y = spectra(20, 120, 9)
    model = ShoalRegressor(**FAST).fit(X, Y, X_val=Z, y_val=y)
    assert projected(model)
    assert np.isfinite(model.validation_scores_).all()


def test_candidates_of_a_search_are_fitted_as_alone():
    search = ShoalSearchCV(ShoalRegressor(**FAST), {"alpha": [0.0, 0.1]}, cv=2).fit(X, Y)
    alone = ShoalRegressor(**{**FAST, "alpha": search.best_params_["alpha"]}).fit(X, Y)
    np.testing.assert_allclose(search.predict(X), alone.predict(X), rtol=1e-9)


def test_the_penalty_of_the_first_linear_models_is_that_of_ridge_regression():
    ready = prepare(settings_of(ShoalRegressor(early_stopping=False, **FAST)), InMemory(X, Y))
    first = draw(ready, 3).parameters
    ridge = Ridge(alpha=ready.projection.penalty).fit(ready.rows.X, ready.rows.Y)
    np.testing.assert_allclose(first.W3[0], np.atleast_2d(ridge.coef_), rtol=1e-8, atol=1e-10)
    np.testing.assert_array_equal(first.W2, 0.0)
