"""Which rows networks hold out: whole groups, the last in time, and rows with the same inputs together."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import shoal
from shoal import ShoalClassifier, ShoalRegressor, ShoalSearchCV
from shoal.errors import DataError, InvalidParameterError
from shoal.estimators.checks import with_roles
from shoal.fitting.folds import RowFacts, kept_out, random_parts, row_keys, set_aside
from shoal.fitting.pipeline import prepare
from shoal.fitting.settings import settings_of
from shoal.fitting.source import InMemory

QUICK = {"hidden_layer_sizes": 4, "max_iter": 3, "random_state": 0}


def grouped(n_groups=40, of_each=6, seed=0):
    """Rows whose label, or target, is a constant of their group, as is an input that names the group in noise."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(n_groups), of_each))
    effect = rng.standard_normal(n_groups)
    X = np.column_stack([effect[groups] + 0.1 * rng.standard_normal(len(groups)), groups, rng.standard_normal(len(groups))])
    return X, effect[groups], groups


def held_by_each(model, X, y, **roles):
    """Which rows each network has not learned from, of those that judge, `(K, m)`; those that stop it; and the rows set aside."""
    source = with_roles(InMemory(X, y), roles.get("groups"), roles.get("time"))
    rows = prepare(settings_of(model), source).rows
    weights = np.ones((8, len(y))) if rows.weights is None else np.broadcast_to(rows.weights, (8, len(y)))
    return weights == 0, rows


@pytest.mark.parametrize("m", [40, 240])
@pytest.mark.parametrize(
    ("task", "settings"),
    [
        ("classification", {"early_stopping": True}),
        ("classification", {"calibration": "temperature", "early_stopping": False}),
        ("regression", {"early_stopping": True}),
        ("regression", {"early_stopping": True, "solver": "lbfgs"}),
        ("regression", {"calibration": "split"}),
        ("regression", {"calibration": "cv+"}),
    ],
)
def test_no_networks_held_out_rows_share_a_group_with_those_it_learned_from(task, settings, m):
    X, y, groups = grouped(m // 4, 4)
    model = ShoalRegressor(**QUICK, **settings) if task == "regression" else ShoalClassifier(**QUICK, **settings)
    out, rows = held_by_each(model, X, y if task == "regression" else (y > 0).astype(str), groups=groups)
    assert out.any(axis=1).all()
    for k, mine in enumerate(out):
        assert not set(groups[mine]) & set(groups[~mine])
        if rows.validation is not None and rows.validation.rows is not None:
            assert set(groups[rows.validation.rows[k]]) <= set(groups[mine])
    if settings.get("calibration") == "cv+":
        assert out.any(axis=0).all(), "every row is judged"
    mixed, _ = held_by_each(model, X, y if task == "regression" else (y > 0).astype(str))
    assert any(set(groups[mine]) & set(groups[~mine]) for mine in mixed), "without groups some are on both sides"


@pytest.mark.parametrize("settings", [{"early_stopping": True}, {"calibration": "split", "early_stopping": True}])
def test_with_a_time_all_networks_are_judged_by_the_last_rows(settings):
    rng = np.random.default_rng(0)
    X, time = rng.standard_normal((200, 2)), rng.permutation(np.repeat(np.arange(100), 2))
    out, rows = held_by_each(ShoalRegressor(**QUICK, **settings), X, X[:, 0], time=time)
    assert all(np.array_equal(out[0], mine) for mine in out)
    assert time[out[0]].min() > time[~out[0]].max()
    n = out[0].sum()
    if "calibration" in settings:
        scored = rows.weight == 0
        assert scored.sum() == 40
        assert time[scored].min() > time[~scored].max()
        assert n == 60
    else:
        assert n == 24 or n == 26


def test_cv_plus_with_a_time_is_refused_by_name():
    X, y, _ = grouped()
    with pytest.raises(InvalidParameterError, match=r"calibration is 'cv\+' and time is given.*choose calibration='split'"):
        ShoalRegressor(**QUICK, calibration="cv+").fit(X, y, time=np.arange(len(y)))


def test_a_class_of_one_group_or_of_the_last_rows_alone_is_learned_by_all():
    labels = np.repeat([0, 0, 1, 1, 2], 40)
    groups = np.repeat(np.arange(10), 20) * 7
    groups[160:] = 1000
    p = prepare(settings_of(ShoalClassifier(**QUICK)), InMemory(np.random.default_rng(0).standard_normal((200, 2)), labels)).plan
    for rows in kept_out(None, RowFacts(200, None, labels, groups=groups), p, 0, own=False):
        assert not (labels[rows] == 2).any()
    assert kept_out(None, RowFacts(200, None, np.arange(200) > 174, time=np.arange(200)), p, 0, own=False) is None


def test_groups_are_of_about_one_size_and_do_not_depend_on_the_order_of_rows():
    sizes = np.random.default_rng(1).integers(1, 30, 60)
    groups = np.repeat(np.arange(60), sizes)
    p = prepare(settings_of(ShoalRegressor(**QUICK)), InMemory(np.random.default_rng(0).standard_normal((200, 2)), np.arange(200.0))).plan
    p = replace(p, with_ramps=(False,) * 8)
    parts = kept_out(None, RowFacts(len(groups), groups=groups), p, 3, own=False)
    assert sorted(np.concatenate(parts)) == list(range(len(groups)))
    assert max(map(len, parts)) < 1.5 * min(map(len, parts))
    order = np.random.default_rng(2).permutation(len(groups))
    for part, other in zip(parts, kept_out(None, RowFacts(len(groups), groups=groups[order]), p, 3, own=False), strict=True):
        assert set(groups[part]) == set(groups[order][other])


def test_keys_of_rows_are_equal_where_the_numbers_are():
    rng = np.random.default_rng(0)
    X = rng.integers(-2, 3, (500, 3)).astype(np.float32)
    keys = row_keys(X)
    same = (X[:, None] == X[None]).all(axis=2)
    np.testing.assert_array_equal(keys[:, None] == keys[None], same)
    for other in (X.astype(np.float64), np.asfortranarray(X), sparse.csr_array(X), X * np.where(X == 0, -1, 1)):
        np.testing.assert_array_equal(row_keys(other), keys)
    assert len(set(row_keys(rng.permuted(np.tile(np.arange(6.0), (720, 1)), axis=1)).tolist())) > 400, "columns are told apart"
    facts = RowFacts(500, keys=keys), RowFacts(500, X=X)
    np.testing.assert_array_equal(*(set_aside("split", f, 0) for f in facts))


def test_without_groups_rows_are_dealt_as_ever():
    p = prepare(settings_of(ShoalRegressor(**QUICK)), InMemory(np.random.default_rng(0).standard_normal((200, 2)), np.arange(200.0))).plan
    for part, other in zip(random_parts(200, 8, None, 5)[:4], kept_out(None, RowFacts(200), p, 5, own=False)[:4], strict=True):
        np.testing.assert_array_equal(part, other)


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (np.arange(3), "groups has the shape \\(3,\\)"),
        ([None] + [1] * 239, "groups has no value in 1 of 240 rows, the first of them row 1"),
        ([1.0] * 239 + [np.nan], "the first of them row 240"),
        (pd.array([1] * 239 + [pd.NA], dtype="Int64"), "the first of them row 240"),
        (np.zeros(240), "1 groups, each held out whole"),
    ],
)
def test_groups_that_are_none_are_refused_by_name(groups, words):
    X, y, _ = grouped()
    with pytest.raises(DataError, match=words):
        ShoalRegressor(**QUICK, early_stopping=True).fit(X, y, groups=groups)


@pytest.mark.parametrize("time", [["soon"] * 240, np.full(240, np.inf), np.full(240, "NaT", "M8[s]"), np.ones(240)])
def test_times_that_are_none_are_refused_by_name(time):
    X, y, groups = grouped()
    with pytest.raises(DataError, match="time "):
        ShoalRegressor(**QUICK).fit(X, y, time=time)
    with pytest.raises(InvalidParameterError, match="both given"):
        ShoalRegressor(**QUICK).fit(X, y, time=time, groups=groups)


def test_names_of_groups_mean_nothing_but_which_are_equal():
    X, y, groups = grouped()
    spelled = [
        groups,
        groups.astype(float),
        np.array([f"{g:03}" for g in groups]),
        pd.Series([f"{g:03}" for g in groups], dtype="category"),
    ]
    first, *others = (ShoalRegressor(**QUICK, early_stopping=True).fit(X, y, groups=names).coefs_[0] for names in spelled)
    assert all(np.array_equal(first, other) for other in others)
    assert not np.array_equal(first, ShoalRegressor(**QUICK, early_stopping=True).fit(X, y).coefs_[0])
    dates = np.datetime64("2020-01-01") + groups
    assert np.array_equal(*(ShoalRegressor(**QUICK, early_stopping=True).fit(X, y, time=t).coefs_[0] for t in (dates, pd.Series(dates))))


def test_groups_reach_networks_through_scikit_learn():
    X, y, groups = grouped()
    with sklearn.config_context(enable_metadata_routing=True):
        model = ShoalRegressor(**QUICK).set_fit_request(groups=True)
        alone = ShoalRegressor(**QUICK).fit(X, y, groups=groups)
        assert np.array_equal(alone.coefs_[0], make_pipeline(model).fit(X, y, groups=groups)[-1].coefs_[0])
        cv = GroupKFold(2)
        (train, _), *_ = cv.split(X, y, groups)
        found = cross_validate(make_pipeline(StandardScaler(), model), X, y, cv=cv, params={"groups": groups}, return_estimator=True)
        before = StandardScaler().fit(X[train])
        first = ShoalRegressor(**QUICK).fit(before.transform(X[train]), y[train], groups=groups[train])
        assert np.array_equal(found["estimator"][0][-1].coefs_[0], first.coefs_[0])
        search = ShoalSearchCV(make_pipeline(model), {"shoalregressor__alpha": [0.0, 0.3]}, cv=cv).fit(X, y, groups=groups)
        theirs = sklearn.model_selection.GridSearchCV(make_pipeline(model), search.param_grid, cv=cv).fit(X, y, groups=groups)
        np.testing.assert_allclose(search.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], rtol=1e-6)
        assert np.array_equal(search.best_estimator_[-1].coefs_[0], theirs.best_estimator_[-1].coefs_[0])


@pytest.mark.parametrize("role", ["groups", "time"])
def test_groups_and_times_of_a_raw_table_reach_the_networks(role):
    X, y, groups = grouped()
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 2], "g": groups, "y": y})
    model = shoal.fit(frame, "y", settings={**QUICK, "early_stopping": True}, **{role: "g"})
    train = held_side(groups, role) == 0
    inputs = model["prepare"].transform(frame[train])
    again = ShoalRegressor(**QUICK, early_stopping=True).fit(
        inputs, y[train], **{role: groups[train].astype(str) if role == "groups" else groups[train]}
    )
    assert np.array_equal(model["estimator"].coefs_[0], again.coefs_[0])


def held_side(groups, role):
    """1 where `shoal.fit` holds a row out for the score."""
    from shoal.table_models.splits import Split, sides

    frame = pd.DataFrame({"y": np.arange(len(groups), dtype=float), "g": groups})
    names = {"groups": None, "time": None, role: "g"}
    train, _, _, _ = sides(frame, ("y",), Split(None, None, 0.2, names["groups"], names["time"], 0))
    out = np.ones(len(groups), int)
    out[train.y.astype(int)] = 0
    return out


@pytest.mark.slow
def test_cv_plus_intervals_on_new_groups_cover_about_what_they_say():
    covered = []
    for seed, known in itertools.product(range(8), [True, False]):
        X, y, groups = new_groups(seed, 60)
        X_new, y_new, _ = new_groups(seed + 1000, 300)
        model = ShoalRegressor(random_state=0, calibration="cv+").fit(X, y, **({"groups": groups} if known else {}))
        lower, upper = model.predict_interval(X_new, 0.9)
        covered.append(np.mean((lower <= y_new) & (y_new <= upper)))
    with_groups, without = np.mean(covered[::2]), np.mean(covered[1::2])
    assert with_groups > 0.87, "90 % were asked for"
    assert without < with_groups


def new_groups(seed, n):
    """Rows of n groups, each with a constant of its own that inputs name without explaining it."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n), 5)
    named, effect = rng.standard_normal((n, 3)), rng.standard_normal(n)
    X = np.column_stack([named[groups], rng.standard_normal((len(groups), 2))])
    return X, np.sin(X[:, 3]) + effect[groups] + 0.3 * rng.standard_normal(len(groups)), groups
