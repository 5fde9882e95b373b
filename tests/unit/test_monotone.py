"""Networks that increase or decrease in chosen inputs: the signs that prove it, and every fit that keeps them."""

import importlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import shoal
from shoal import ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.errors import InvalidParameterError
from shoal.textbook import ACTIVATIONS, Parameters
from shoal.textbook.monotone import orientations, oriented, project, proven_signs, weight_signs
from shoal.textbook.propagation import logits

pytestmark = pytest.mark.filterwarnings("ignore:.*ended before the loss settled")  # few steps keep the signs as many do
RISING = [g for g in ACTIVATIONS.values() if g.increasing]
LEADS = [(), (2,)]


def drawn(rng, n_x=3, n_h=5, n_z=1, lead=(), skip=True):
    shapes = (n_h, n_x), (n_h, 1), (n_z, n_h), (n_z, 1), (n_z, n_x)
    return Parameters(*(rng.uniform(-1, 1, (*lead, *shape)) for shape in shapes[: 5 if skip else 4]))


# --- the textbook's lines ---------------------------------------------------------------------------------------------


@given(st.sampled_from(RISING), st.integers(0, 2**32 - 1), st.sampled_from(LEADS), st.booleans())
def test_weights_with_the_signs_are_monotone_everywhere(g, seed, lead, skip):
    rng = np.random.default_rng(seed)
    c = rng.choice([-1.0, 0.0, 1.0], 3)
    parameters = oriented(drawn(rng, lead=lead, skip=skip), c)
    X = rng.uniform(-5, 5, (3, 40))
    for j in np.flatnonzero(c):
        more = X.copy()
        more[j] += rng.uniform(0, 3, 40)
        rise = c[j] * (logits(parameters, more, g) - logits(parameters, X, g))
        assert (rise >= -1e-13).all()  # rounding of a sum of eight numbers of size 5


def test_an_activation_that_says_so_never_decreases_and_the_others_do():
    z = np.linspace(-40, 40, 8001)
    for g in ACTIVATIONS.values():
        assert (np.diff(g(z)) >= 0).all() == g.increasing, g.name


@pytest.mark.parametrize("lead", LEADS)
def test_the_projection_is_the_nearest_point_with_these_signs(lead):
    rng = np.random.default_rng(0)
    parameters, c = drawn(rng, lead=lead), np.array([1.0, -1.0, 0.0])
    signs = weight_signs(parameters, c)
    moved = parameters.map(lambda w: w + rng.standard_normal(w.shape))
    nearest = project(moved, signs)

    def distance(other):
        return sum(np.sum((a - b) ** 2) for a, b in zip(other, moved, strict=True))

    for _ in range(50):  # no other point with these signs is nearer
        other = nearest.map(lambda w, s: np.where(s == 0, w, s * np.abs(w + 0.1 * rng.standard_normal(w.shape))), signs)
        assert distance(other) >= distance(nearest)
    assert all(np.array_equal(a, b) for a, b in zip(project(nearest, signs), nearest, strict=True))


def test_orientations_can_be_read_from_weights_that_were_projected():
    rng = np.random.default_rng(1)
    c = np.array([1.0, -1.0, 0.0])
    first = oriented(drawn(rng, n_h=40), c)
    signs = weight_signs(first, c)
    later = project(first.map(lambda w: w - 0.7 * rng.standard_normal(w.shape)), signs)
    s, now = orientations(first, c), orientations(later, c)
    free = (later.W2[:1].T == 0) & (later.W1 @ c[:, None] == 0)  # of which both orientations are right
    assert np.array_equal(now[~free], s[~free])
    assert all((w * sign >= 0).all() for w, sign in zip(later, weight_signs(later, c), strict=True))


def test_turning_first_weights_keeps_their_sizes_and_those_of_free_inputs():
    parameters, c = drawn(np.random.default_rng(2)), np.array([1.0, 0.0, 0.0])
    turned = oriented(parameters, c)
    assert all(np.array_equal(np.abs(a), np.abs(b)) for a, b in zip(turned, parameters, strict=True))
    assert np.array_equal(turned.W1[:, 1:], parameters.W1[:, 1:])
    assert np.array_equal(turned.W2, parameters.W2)


def test_signs_prove_what_they_prove_and_no_more():
    W1, W2 = np.array([[1.0, 1.0, 0.0, 1e-200], [1.0, -1.0, 0.0, 1e-200]]), np.array([[1.0, 1e-200]])
    up, down = proven_signs(Parameters(W1, np.zeros((2, 1)), W2, np.zeros((1, 1))))
    assert up.tolist() == [True, False, True, True]  # a product of tiny weights is not taken for 0
    assert down.tolist() == [False, False, True, False]


@pytest.mark.parametrize("library", ["array_api_strict", "torch"])
def test_the_lines_run_on_other_arrays(library):
    xp = pytest.importorskip(library) if library == "torch" else importlib.import_module(library)
    parameters, c = drawn(np.random.default_rng(3), lead=(2,)), np.array([1.0, -1.0, 0.0])
    there = parameters.map(xp.asarray)
    for found, wanted in (
        (oriented(there, xp.asarray(c)), oriented(parameters, c)),
        (project(there, weight_signs(there, xp.asarray(c))), project(parameters, weight_signs(parameters, c))),
    ):
        assert all(np.array_equal(np.asarray(a), b) for a, b in zip(found, wanted, strict=True))
    assert all(np.array_equal(np.asarray(a), b) for a, b in zip(proven_signs(there), proven_signs(parameters), strict=True))


# --- fits --------------------------------------------------------------------------------------------------------------

N_ROWS = 150
SMALL = {"n_networks": 3, "hidden_layer_sizes": 6, "max_iter": 12, "random_state": 0}


def table(seed=0):
    """Rows whose target rises in x0, falls in x1, and goes up and down in x2, with noise; x0 has ties and a gap."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N_ROWS, 3))
    X[:, 0] = np.round(X[:, 0], 1)
    return X, np.tanh(X[:, 0]) - 0.3 * X[:, 1] + np.sin(2 * X[:, 2]) + 0.8 * rng.standard_normal(N_ROWS)


def assert_monotone(answers, X, directions):
    """`answers` of rows X, each column with a direction moved over its range and beyond."""
    for j in np.flatnonzero(directions):
        grid = np.linspace(-6, 6, 61)
        moved = np.repeat(X[None, :20], len(grid), axis=0)
        moved[:, :, j] = grid[:, None]
        rises = directions[j] * np.diff(answers(moved.reshape(-1, X.shape[1])).reshape(len(grid), -1), axis=0)
        assert rises.min() >= -1e-12  # rounding of predictions of size 1


REGRESSIONS = {
    "the defaults": {},
    "in float32": {"dtype": "float32"},
    "adam": {"solver": "adam", "activation": "logistic"},
    "sgd": {"solver": "sgd", "activation": "softplus"},
    "rmsprop": {"solver": "rmsprop", "activation": "elu"},
    "lbfgs": {"solver": "lbfgs", "activation": "tanh"},
    "scg": {"solver": "scg", "activation": "leaky_relu"},
    "rprop": {"solver": "rprop"},
    "skip connections": {"skip": True},
    "L-BFGS after AdamW": {"ramps": False, "max_iter": "auto", "max_time": 1.0},
    "one wide network": {"n_networks": 1, "hidden_layer_sizes": 130},
    "poisson": {"loss": "poisson"},
    "gaussian": {"loss": "gaussian"},
    "quantile": {"loss": "quantile", "quantile": 0.9, "solver": "rprop"},
    "dropped units and inputs": {"dropout": 0.2, "input_dropout": 0.2, "max_iter": 3},
    "calibrated": {"calibration": "cv+", "weight_average": 0.9},
    "as it is": {"standardize": False, "n_networks": 1},
    "from zeros": {"init": "zeros"},
}


@pytest.mark.parametrize("settings", REGRESSIONS.values(), ids=REGRESSIONS)
def test_predictions_of_numbers_are_monotone(settings):
    X, y = table()
    y = np.abs(np.round(y)) if settings.get("loss") == "poisson" else y
    model = ShoalRegressor(**SMALL | settings, monotonic_cst=[1, -1, 0]).fit(X, y)
    assert_monotone(model.predict, X, [1, -1, 0])
    up, down = proven_signs(model.network_.merged)
    assert up[0]
    assert down[1]


CLASSIFICATIONS = {
    "the defaults": {},
    "lbfgs": {"solver": "lbfgs"},
    "a temperature": {"calibration": "temperature"},
    "weights of classes": {"class_weight": "balanced", "solver": "adam"},
}


@pytest.mark.parametrize("settings", CLASSIFICATIONS.values(), ids=CLASSIFICATIONS)
def test_the_probability_of_the_second_class_is_monotone(settings):
    X, y = table()
    model = ShoalClassifier(**SMALL | settings, monotonic_cst={"a": 1, "b": -1}).fit(pd.DataFrame(X, columns=list("abc")), y > 0)
    assert_monotone(lambda rows: model.predict_proba(pd.DataFrame(rows, columns=list("abc")))[:, 1], X, [1, -1, 0])


def test_rows_of_lists_and_sparse_rows_are_monotone():
    X, y = table()
    codes = np.random.default_rng(1).integers(0, 60, N_ROWS)
    wide = np.column_stack([X, np.eye(60)[codes]])
    for rows in (wide, sparse.csr_array(wide)):
        model = ShoalRegressor(**SMALL, monotonic_cst=[1, -1, *[0] * 61]).fit(rows, y)
        assert_monotone(model.predict, wide, [1, -1, *[0] * 61])


def test_a_table_of_many_columns_is_monotone_too():
    X, y = table()
    spectra = X[:40, :1] + 0.01 * np.random.default_rng(0).standard_normal((40, 120))  # would be projected without a direction
    model = ShoalRegressor(**SMALL, monotonic_cst=[1, *[0] * 119]).fit(spectra, y[:40])
    assert_monotone(model.predict, spectra, [1, *[0] * 119])


def test_no_direction_changes_no_bit():
    X, y = table()
    free, none = (ShoalRegressor(**SMALL, monotonic_cst=c).fit(X, y) for c in ([0, 0, 0], None))
    assert np.array_equal(free.predict(X), none.predict(X))


def test_directions_that_never_matter_find_the_same_minimum():
    """L-BFGS on a line that rises: the constrained network fits it as the free one does."""
    X = np.linspace(-1, 1, 80)[:, None]
    settings = {
        "solver": "lbfgs",
        "n_networks": 1,
        "hidden_layer_sizes": 2,
        "activation": "tanh",
        "early_stopping": False,
        "random_state": 0,
    }
    scores = [ShoalRegressor(**settings, alpha=1e-6, max_iter=300, monotonic_cst=c).fit(X, X[:, 0]).score(X, X[:, 0]) for c in ([1], None)]
    assert min(scores) > 0.9999


def test_calls_of_partial_fit_and_a_warm_start_keep_them():
    X, y = table()
    model = ShoalRegressor(**SMALL | {"max_iter": "auto"}, monotonic_cst=[1, -1, 0])
    for rows in (slice(0, 50), slice(50, 100), slice(100, 150)):
        model.partial_fit(X[rows], y[rows])
    assert_monotone(model.predict, X, [1, -1, 0])
    model = ShoalRegressor(**SMALL, monotonic_cst=[1, -1, 0], warm_start=True).fit(X, y).fit(X, y)
    assert_monotone(model.predict, X, [1, -1, 0])
    model.set_params(monotonic_cst=[-1, -1, 0])
    with pytest.raises(InvalidParameterError, match="networks that training continues with are not monotone"):
        model.fit(X, y)


def test_a_checkpoint_goes_on_to_the_same_bits(tmp_path):
    X, y = table()
    settings = SMALL | {"monotonic_cst": [1, -1, 0], "max_iter": 20}
    whole = ShoalRegressor(**settings).fit(X, y)
    stop = [lambda event: event.epoch == 7]
    ShoalRegressor(**settings, callbacks=stop).fit(X, y, checkpoint=tmp_path / "half")
    after = ShoalRegressor(**settings).fit(X, y, checkpoint=tmp_path / "half")
    assert np.array_equal(after.predict(X), whole.predict(X))


def test_candidates_of_a_search_are_monotone():
    X, y = table()
    grid = {"alpha": [0.0, 0.1], "monotonic_cst": [[1, -1, 0], None]}
    search = ShoalSearchCV(ShoalRegressor(**SMALL), grid, cv=3).fit(X, y)
    alone = [
        np.mean([ShoalRegressor(**SMALL | p).fit(X[a], y[a]).score(X[b], y[b]) for a, b in shoal_folds(X)])
        for p in search.cv_results_["params"]
    ]
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], alone, atol=1e-6)


def shoal_folds(X):
    from sklearn.model_selection import KFold

    return KFold(3).split(X)


def test_a_file_keeps_directions_and_signs(tmp_path):
    X, y = table()
    for directions in ([1, -1, 0], (1, -1, 0), np.array([1, -1, 0]), {"a": 1, "b": -1}):
        rows = pd.DataFrame(X, columns=list("abc")) if isinstance(directions, dict) else X
        model = ShoalRegressor(**SMALL, monotonic_cst=directions).fit(rows, y)
        shoal.save(model, tmp_path / "model.shoal")
        back = shoal.load(tmp_path / "model.shoal")
        assert np.array_equal(np.asarray(back.monotonic_cst), np.asarray(directions))
        assert proven_signs(back.network_.merged)[0][0]


# --- what is refused ---------------------------------------------------------------------------------------------------

REFUSED = {
    "a solver of all weights at once": ({"solver": "lm"}, "'lm' solves for all weights at once; choose 'lbfgs'"),
    "an activation that falls": ({"activation": "silu"}, "known never to decrease, and 'silu' is not; choose 'relu'"),
    "another number of columns": ({"monotonic_cst": [1, 0]}, "is a list of 2 directions, but X has 3 columns"),
    "names without names": ({"monotonic_cst": {"a": 1}}, "names of inputs, but X has none"),
    "another number": ({"monotonic_cst": [2, 0, 0]}, "the direction of column 0 is 2; it must be 1"),
    "a half": ({"monotonic_cst": {"a": 0.5}}, "the direction of 'a' is 0.5"),
    "a text": ({"monotonic_cst": "up"}, "it must be None, a dict"),
}


@pytest.mark.parametrize(("settings", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_constrained_is_refused_by_name(settings, words):
    X, y = table()
    with pytest.raises(InvalidParameterError, match=f"^monotonic_cst .*{words}"):
        ShoalRegressor(**SMALL | {"monotonic_cst": [1, 0, 0]} | settings).fit(X, y)


def test_several_predictions_have_no_direction():
    X, y = table()
    with pytest.raises(InvalidParameterError, match="y has 2 targets"):
        ShoalRegressor(monotonic_cst=[1, 0, 0]).fit(X, np.column_stack([y, y]))
    with pytest.raises(InvalidParameterError, match="y has 3 classes"):
        ShoalClassifier(monotonic_cst=[1, 0, 0]).fit(X, np.digitize(y, [-0.5, 0.5]))
    with pytest.raises(InvalidParameterError, match="y has 2 labels"):
        ShoalClassifier(monotonic_cst=[1, 0, 0]).fit(X, np.column_stack([y > 0, y > 1]).astype(int))


def test_a_name_that_is_not_there_is_refused_with_the_nearest():
    X, y = table()
    with pytest.raises(InvalidParameterError, match="has 'weigth', which is no input; the nearest are 'weight'"):
        ShoalRegressor(monotonic_cst={"weigth": 1}).fit(pd.DataFrame(X, columns=["weight", "b", "c"]), y)
