"""Skip connections through the estimators: what they are for, where they begin, and every way to fit, search, go on and look inside."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import shoal
from shoal import InvalidParameterError, ModelFileError, ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.cli import app
from shoal.inspection import derivatives, garson, olden
from shoal.network import predict
from shoal.persistence.building import built
from shoal.persistence.storing import stored

SOLVERS = ("adamw", "adam", "sgd", "rmsprop", "lbfgs", "scg", "rprop", "lm", "bayes")
FAST = {"n_networks": 2, "hidden_layer_sizes": 3, "max_iter": 4, "random_state": 0}
rng = np.random.default_rng(0)
X = rng.normal(size=(90, 4)) * [1, 10, 0.1, 1] + [0, 5, 0, 0]
PLANE = X @ [1.0, -0.2, 30.0, 0.0] + 7.0
pytestmark = pytest.mark.filterwarnings("ignore:max_iter")  # few steps on purpose


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_moves_the_skip_connections_of_every_network(solver):
    model = ShoalRegressor(solver=solver, skip=True, **FAST).fit(X, PLANE)
    W3 = model.network_.population.parameters.W3
    assert W3.shape == (2, 1, model.network_.encoding.n_inputs + model.network_.encoding.n_ramps)
    assert np.all(np.any(W3 != 0, axis=(1, 2)))
    assert model.skip_coefs_.shape == (len(model.encoded_feature_names_), 1)
    assert ShoalRegressor(solver=solver, **FAST).fit(X, PLANE).skip_coefs_ is None


@pytest.mark.parametrize("solver", ["lm", "lbfgs"])
def test_a_plane_needs_no_hidden_unit_beyond_its_skip_connections(solver):
    settings = {"solver": solver, "alpha": 0.0, "n_networks": 1, "ramps": False, "early_stopping": False, "random_state": 0}
    model = ShoalRegressor(hidden_layer_sizes=1, init="zeros", skip=True, max_iter=200, tol=1e-12, **settings).fit(X, PLANE)
    # Units that begin at 0 stay there: W2 = 0 passes no error to W1, and A1 = 0 none to W2. What is left is least squares.
    np.testing.assert_allclose(model.coefs_[0], 0.0, atol=1e-9)
    np.testing.assert_allclose(model.skip_coefs_[:, 0], [1.0, -0.2, 30.0, 0.0], atol=1e-4)
    np.testing.assert_allclose(model.predict(X), PLANE, rtol=1e-4, atol=1e-3)


def test_a_network_with_skip_connections_begins_as_the_one_without_them():
    with_skip, without = (
        ShoalRegressor(skip=skip, **{**FAST, "max_iter": 1}, learning_rate_init=1e-30).fit(X, PLANE) for skip in (True, False)
    )
    for name, w in without.network_.population.parameters.named().items():
        np.testing.assert_array_equal(getattr(with_skip.network_.population.parameters, name), w)


def test_the_bayesian_solver_gives_skip_connections_a_precision_of_their_own():
    model = ShoalRegressor(solver="bayes", skip=True, **FAST).fit(X, PLANE)
    assert model.evidence_["alpha"].shape == (2, 5)
    n_x = model.network_.population.inputs.sum(axis=1)
    np.testing.assert_array_equal(model.evidence_["n_parameters"], 3 * (n_x + 2) + 1 + n_x)


@pytest.mark.parametrize("kind", [ShoalRegressor, ShoalClassifier])
def test_derivatives_go_through_the_skip_connections_too(kind):
    y = PLANE if kind is ShoalRegressor else (PLANE > 7).astype(int)
    network = kind(skip=True, activation="tanh", dtype="float64", **FAST).fit(X, y).network_
    at, step = X[:7] + 0.0123, 1e-5  # away from the edges of ramps
    found = derivatives(network, at)
    for j in range(X.shape[1]):
        move = np.zeros(X.shape[1])
        move[j] = step * X[:, j].std()
        slope = (predict(network, at + move) - predict(network, at - move)) / (2 * move[j])
        np.testing.assert_allclose(found[:, j], slope, rtol=1e-5, atol=1e-7 / X[:, j].std())


def test_olden_and_garson_count_the_straight_way():
    network = ShoalRegressor(skip=True, ramps=False, **FAST).fit(X, PLANE).network_
    merged = network.merged
    np.testing.assert_allclose(olden(network), (merged.W2 @ merged.W1 + merged.W3).T)
    np.testing.assert_allclose(garson(network).sum(axis=0), 1.0)


def test_training_goes_on_only_with_networks_of_the_same_kind():
    for first in (True, False):
        model = ShoalRegressor(skip=first, warm_start=True, **FAST).fit(X, PLANE)
        model.fit(X, PLANE)
        kind = "without" if not first else "with"
        with pytest.raises(InvalidParameterError, match=f"skip is {not first}, but training continues with networks {kind} skip"):
            model.set_params(skip=not first).fit(X, PLANE)


def test_rows_that_come_in_pieces_train_them_too():
    model = ShoalRegressor(skip=True, **FAST).partial_fit(X, PLANE)
    before = model.skip_coefs_.copy()
    assert np.any(model.partial_fit(X, PLANE).skip_coefs_ != before)


def test_a_search_tries_networks_with_and_without_them_and_finds_what_single_fits_find():
    search = ShoalSearchCV(ShoalRegressor(**FAST), {"skip": [False, True], "alpha": [0.0, 0.1]}, cv=2, refit=False).fit(X, PLANE)
    scores = dict(zip(map(str, search.cv_results_["params"]), search.cv_results_["mean_test_score"], strict=True))
    assert len(scores) == 4
    assert np.isfinite(list(scores.values())).all()
    assert scores["{'alpha': 0.0, 'skip': True}"] != scores["{'alpha': 0.0, 'skip': False}"]


def test_sparse_rows_are_trained_as_dense_ones():
    from scipy.sparse import csr_array

    fits = [ShoalRegressor(skip=True, ramps=False, standardize=False, **FAST).fit(rows, PLANE) for rows in (X, csr_array(X))]
    np.testing.assert_allclose(fits[0].predict(X), fits[1].predict(X), rtol=1e-9)


def frame():
    table = pd.DataFrame(X, columns=[*"abcd"]).assign(kind=np.where(X[:, 0] > 0, "u", "v"))
    return table.assign(y=PLANE)


def test_shoal_fit_takes_skip_as_a_word_of_its_own():
    one, other = (shoal.fit(frame(), "y", **how) for how in ({"settings": FAST, "skip": True}, {"settings": {**FAST, "skip": True}}))
    np.testing.assert_array_equal(one.predict(frame()), other.predict(frame()))
    assert one["estimator"].skip is True
    with pytest.raises(InvalidParameterError, match="skip=True, and settings have skip=False"):
        shoal.fit(frame(), "y", settings={"skip": False}, skip=True)
    with pytest.raises(InvalidParameterError, match="skip='yes' must be True or False"):
        shoal.fit(frame(), "y", skip="yes")


def test_the_command_line_has_the_flag(tmp_path):
    frame().to_csv(tmp_path / "t.csv", index=False)
    quick = [f"--set={name}={FAST[name]}" for name in ("n_networks", "hidden_layer_sizes", "max_iter")]
    asked = ["fit", str(tmp_path / "t.csv"), "--target", "y", "--skip", *quick, "-o", str(tmp_path / "m.shoal")]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert shoal.load(tmp_path / "m.shoal")["estimator"].skip_coefs_ is not None


def test_a_model_file_whose_skip_connections_do_not_fit_is_refused():
    model = ShoalRegressor(skip=True, **{**FAST, "n_networks": 4}, ramps="auto").fit(X, PLANE)
    whole = stored(model)
    assert not whole.arrays["inputs"].all()
    unseen = np.where(whole.arrays["inputs"][:, None, :], whole.arrays["W3"], 1.0)
    for W3, words in (
        (whole.arrays["W3"][:, :, 1:], "shape"),
        (np.full_like(whole.arrays["W3"], np.nan), "not a finite number"),
        (np.full_like(whole.arrays["W3"], 1e101), "out of range"),
        (unseen, "weights of inputs that a network does not see are not 0"),
        (whole.arrays["W3"].astype(np.float32), "several types"),
    ):
        with pytest.raises(ModelFileError, match=words):
            built(type(whole)(whole.manifest, {**whole.arrays, "W3": W3}))


def test_evidence_of_other_kinds_of_parameters_is_refused():
    whole = stored(ShoalRegressor(solver="bayes", skip=True, **FAST).fit(X, PLANE))
    arrays = {**whole.arrays, "evidence_alpha": whole.arrays["evidence_alpha"][:, :4]}
    with pytest.raises(ModelFileError, match="other kinds of parameters"):
        built(type(whole)(whole.manifest, arrays))
