"""Networks over workers: what the fit in memory gives where each sees the whole table, and shares that are said in the result."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

import shoal
from clusters import kill_a_worker
from shoal import ShoalClassifier, ShoalRegressor
from shoal.dask import own_partitions
from shoal.errors import DataError, InvalidParameterError, MemberDivergedWarning

da = pytest.importorskip("dask.array")

# float64 sums in groups of other sizes, through some hundred updates of smooth networks
SAME = 1e-6
QUICK = {
    "max_iter": 6,
    "n_networks": 4,
    "hidden_layer_sizes": 4,
    "activation": "tanh",
    "random_state": 0,
    "dtype": "float64",
    "solver": "adamw",
}


def rows(m=300):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(m, 3))
    y = X[:, 0] * X[:, 1] + X[:, 2] + 0.1 * rng.normal(size=m)
    return X, y, da.from_array(X, chunks=(80, 3)), da.from_array(y, chunks=80)


def assert_same_bits(ours, theirs):
    for a, b in zip((*ours.coefs_, *ours.intercepts_), (*theirs.coefs_, *theirs.intercepts_), strict=True):
        np.testing.assert_array_equal(a, b)


def test_on_the_whole_table_it_is_the_fit_in_memory(client):
    X, y, there_X, there_y = rows()
    here = ShoalRegressor(**QUICK).fit(X, y)
    there = shoal.dask.fit(ShoalRegressor(**QUICK), there_X, there_y, client=client)
    np.testing.assert_allclose(there.predict(X), here.predict(X), rtol=SAME, atol=SAME)
    np.testing.assert_allclose(there.loss_curve_, here.loss_curve_, rtol=SAME)
    np.testing.assert_allclose(there.network_.noise.variance[0], here.network_.noise.variance[0], rtol=1e-4)
    np.testing.assert_allclose(there.network_.shares, here.network_.shares, rtol=SAME)
    assert there.trained_on_ == "whole"
    assert there.share_rows_ == (300,) * 4
    assert there.n_iter_ == here.n_iter_


def test_classes_by_default_settings_and_own_validation_rows(client):
    X, y, there_X, _ = rows()
    labels = np.digitize(y, [0.0, 1.0])
    settings = {"max_iter": 3, "n_networks": 2, "random_state": 0, "dtype": "float64", "class_weight": "balanced"}
    here = ShoalClassifier(**settings).fit(X, labels, X_val=X[:50], y_val=labels[:50])
    own = {"X_val": there_X[:50], "y_val": da.from_array(labels[:50], chunks=20).rechunk(50)}
    there = ShoalClassifier(**settings).fit(there_X, da.from_array(labels, chunks=80), **own)
    np.testing.assert_allclose(there.predict_proba(X), here.predict_proba(X), atol=1e-5)  # relu: kinks enlarge rounding
    assert there.classes_.tolist() == [0, 1, 2]


def test_shares_are_partitions_and_are_told(client):
    X, y, there_X, there_y = rows()
    there = shoal.dask.fit(ShoalRegressor(**{**QUICK, "max_iter": 60}), there_X, there_y, client=client, share="own")
    assert there.trained_on_ == "own"
    assert there.share_rows_ == (160, 140, 160, 140)  # partitions 1 and 3, 2 and 4
    assert there.network_.noise.source == "held-out rows"
    assert there.score(X, y) > 0.8
    W1 = there.network_.population.parameters.W1
    swapped = da.concatenate([there_X[:80], X[80:160] * [1, 1, 0.5], there_X[160:]])
    other = shoal.dask.fit(ShoalRegressor(**{**QUICK, "max_iter": 60, "standardize": False}), swapped, there_y, client=client, share="own")
    plain = shoal.dask.fit(ShoalRegressor(**{**QUICK, "max_iter": 60, "standardize": False}), there_X, there_y, client=client, share="own")
    same = [
        np.array_equal(a, b) for a, b in zip(other.network_.population.parameters.W1, plain.network_.population.parameters.W1, strict=True)
    ]
    assert same == [True, False, True, False]  # only networks 1 and 3 have seen the second partition
    assert len(W1) == 4


@pytest.mark.parametrize("share", ["whole", pytest.param("own", marks=pytest.mark.slow)])
def test_a_worker_that_dies_while_networks_train_changes_no_bit(client, share, monkeypatch):
    _, _, X, y = rows()
    whole = shoal.dask.fit(ShoalRegressor(**QUICK), X, y, client=client, share=share)

    told = []

    def say(settings, line):
        if line.startswith("network") and not told:
            told.append(line)
            kill_a_worker(client)

    monkeypatch.setattr(own_partitions, "say", say)
    survivor = shoal.dask.fit(ShoalRegressor(**QUICK), X, y, client=client, share=share)
    assert told
    assert_same_bits(survivor, whole)


@pytest.mark.slow
@pytest.mark.parametrize("share", ["whole", pytest.param("own", marks=pytest.mark.slow)])
def test_networks_that_are_trained_are_not_trained_again(client, share, tmp_path, monkeypatch):
    _, _, X, y = rows()
    whole = shoal.dask.fit(ShoalRegressor(**QUICK), X, y, client=client, share=share)
    kept = tmp_path / "kept"

    said = []

    def say(settings, line):
        if line.startswith("network"):
            said.append(line)
            if len(said) == 3:
                raise ValueError("the power is off")

    monkeypatch.setattr(own_partitions, "say", say)
    with pytest.raises(ValueError, match="power"):
        shoal.dask.fit(ShoalRegressor(**QUICK), X, y, client=client, share=share, checkpoint=kept)
    del said[:]
    later = shoal.dask.fit(ShoalRegressor(**QUICK), X, y, client=client, share=share, checkpoint=kept)
    assert len(said) == 2  # two were kept, and the third was told before it was
    assert_same_bits(later, whole)


@pytest.mark.slow
def test_smooth_regression_is_polished_as_in_memory(client):
    X, y, there_X, there_y = rows()
    settings = {"ramps": False, "n_networks": 2, "hidden_layer_sizes": 4, "activation": "tanh", "random_state": 0, "dtype": "float64"}
    here = ShoalRegressor(**settings).fit(X, y)
    there = shoal.dask.fit(ShoalRegressor(**settings), there_X, there_y, client=client)
    assert there.solver_ == here.solver_
    np.testing.assert_allclose(there.predict(X), here.predict(X), rtol=1e-9, atol=1e-9)  # one group, as in memory
    with pytest.raises(InvalidParameterError, match="choose solver='adamw' for shares"):
        shoal.dask.fit(ShoalRegressor(**settings), there_X, there_y, client=client, share="own")


def test_what_makes_no_sense_is_named(client):
    X, _, there_X, there_y = rows()
    with pytest.raises(InvalidParameterError, match="estimator is a Pipeline; give a ShoalClassifier or ShoalRegressor"):
        shoal.dask.fit(make_pipeline(ShoalRegressor(**QUICK)), there_X, there_y, client=client)
    weight = da.from_array(np.repeat([1.0, 0.0, 1.0, 0.0], [80, 80, 80, 60]), chunks=80)
    with pytest.raises(DataError, match="share 2 of 2 has rows of weight 0 only"):
        shoal.dask.fit(ShoalRegressor(**QUICK), there_X, there_y, weight, client=client, share="own")
    with pytest.raises(InvalidParameterError, match="share is 'mine'; choose one of 'whole', 'own'"):
        shoal.dask.fit(ShoalRegressor(**QUICK), there_X, there_y, client=client, share="mine")
    with pytest.raises(DataError, match="y is None: give the targets"):
        shoal.dask.fit(ShoalRegressor(**QUICK), there_X, None, client=client)
    spoilt = X.copy()
    spoilt[-1, -1] = np.nan
    with pytest.raises(DataError, match="partition 4 of 4: Input X contains NaN"):
        shoal.dask.fit(ShoalRegressor(**QUICK), da.from_array(spoilt, chunks=(80, 3)), there_y, client=client)


def test_a_network_that_diverges_is_left_out_and_the_others_have_learned_from_all_rows(client):
    # it has no second training, from which the others have networks to be judged by
    X, y, there_X, there_y = rows()
    settings = {**QUICK, "learning_rate_init": (0.01, 1e30, 0.01, 0.01)}
    with pytest.warns(MemberDivergedWarning, match=r"networks \[1\] of 4"):
        here = ShoalRegressor(**settings).fit(X, y)
    with pytest.warns(MemberDivergedWarning, match=r"networks \[1\] of 4"):
        there = shoal.dask.fit(ShoalRegressor(**settings), there_X, there_y, client=client)
    np.testing.assert_allclose(there.predict(X), here.predict(X), rtol=SAME, atol=SAME)
    np.testing.assert_allclose(there.network_.noise.variance[0], here.network_.noise.variance[0], rtol=1e-4)


def test_training_does_not_go_on_from_networks_of_an_earlier_fit(client):
    X, y, there_X, there_y = rows()
    model = ShoalRegressor(**QUICK).fit(X, y)
    shoal.dask.fit(model, there_X, there_y, client=client)
    with pytest.raises(DataError, match="trained on other machines or loaded from a file cannot be trained further"):
        model.partial_fit(X, y)


def test_shares_of_sizes_whose_defaults_differ_are_networks_of_one_kind(client):
    # in memory 140 rows hold some out, and 60 none; 5,200 rows have 128 units, and 4,800 have 64
    X, y, _, _ = rows(200)
    labels = (y > 0).astype(int)
    settings = {"n_networks": 2, "max_iter": 2, "random_state": 0}
    of_few = shoal.dask.fit(ShoalClassifier(**settings), *cut((140, 60), X, labels), client=client, share="own")
    assert of_few.share_rows_ == (140, 60)
    assert len(of_few.network_.shares) == 2
    X, y, _, _ = rows(10_000)
    wide = shoal.dask.fit(ShoalRegressor(**settings), *cut((5_200, 4_800), X, y), client=client, share="own")
    assert wide.share_rows_ == (5_200, 4_800)
    assert wide.network_.population.widths.tolist() == [128, 128]  # that of all rows


def test_a_share_of_too_few_rows_to_hold_some_out_is_named(client):
    X, y, _, _ = rows(200)
    with pytest.raises(DataError, match="share 2 of 2 has no two different rows that count"):
        shoal.dask.fit(ShoalRegressor(**{**QUICK, "n_networks": 2}), *cut((199, 1), X, y), client=client, share="own")


def cut(sizes, X, y):
    """Rows in partitions of these sizes."""
    return da.from_array(X, chunks=(sizes, 3)), da.from_array(y, chunks=(sizes,))


@pytest.mark.parametrize("calibration", ["cv+", "split"])
def test_intervals_are_calibrated_on_the_whole_table_as_in_memory(client, calibration):
    X, y, there_X, there_y = rows()
    groups, settings = np.arange(300) // 4, {**QUICK, "calibration": calibration}
    here = ShoalRegressor(**settings).fit(X, y, groups=groups)
    there = ShoalRegressor(**settings).fit(there_X, there_y, groups=groups)
    for mine, its in zip(there.predict_interval(X), here.predict_interval(X), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-5)
    with pytest.raises(InvalidParameterError, match="calibration is set with share='own'"):
        shoal.dask.fit(ShoalRegressor(**settings), there_X, there_y, client=client, share="own")
    with pytest.raises(InvalidParameterError, match="groups or time is given with share='own'"):
        shoal.dask.fit(ShoalRegressor(**QUICK), there_X, there_y, groups=groups, client=client, share="own")
