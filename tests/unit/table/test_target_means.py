"""Target means: found by cross-fitting, equal to scikit-learn's, and never made of a row's own target."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.preprocessing import TargetEncoder

import shoal
from shoal.errors import InvalidParameterError, TableError, UnseenWarning
from shoal.table import coerce, describe_columns, preparation
from shoal.table.describing import MANY_LEVELS, MOST_OUTPUTS, ROWS_FOR_MEANS, ROWS_PER_LEVEL
from shoal.table.steps import learned_rows
from shoal.table.target_means import FOLDS, MOST_OWN, OWN_ROWS, RowRoles, fold_rule, outputs_of, smoothing, target_sums

M, LEVELS = 4_000, 80
ROUNDING = 1e-9  # sums are taken around the mean of all targets, which a changed target changes
FAST = {"n_networks": 2, "hidden_layer_sizes": 4, "max_iter": 3, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::shoal.errors.TableWarning")


def named(i):
    """The name of a level: letters alone, which no reader takes for a number."""
    return "level " + "".join(chr(97 + i // 26**k % 26) for k in (2, 1, 0))


def frame(seed=0, m=M, levels=LEVELS):
    """A category of many levels, one of few, and a number."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, levels, m)
    return pd.DataFrame({"code": [named(i) for i in codes], "few": rng.choice(["a", "b", "c"], m), "x": rng.standard_normal(m)}), codes


def numbers(codes, seed=1):
    """A target with a mean for each level."""
    rng = np.random.default_rng(seed)
    return 20 + 3 * rng.standard_normal(codes.max() + 1)[codes] + rng.standard_normal(len(codes))


def prepared(table, task="regression", n_outputs=1):
    return preparation(describe_columns(table, n_outputs=n_outputs), (), task, ("y",))


def folds_by_hand(prepare, table, **roles):
    """The fold of every row, by the rule that a fit finds."""
    typed = coerce(table, prepare["typed"].columns)
    given = RowRoles(roles.get("groups"), roles.get("time"))
    rule = fold_rule(typed, given, typed["code"].nunique())
    return rule.folds(typed, given)


def sums_of(level, y, n_levels):
    """Counts, sums and sums of squares by level, `(n_levels, 3)`."""
    return np.stack([np.bincount(level, w, minlength=n_levels) for w in (np.ones(len(y)), y, y * y)], axis=1)


# --- equal to scikit-learn's -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["regression", "two classes", "three classes"])
def test_means_of_all_rows_and_of_other_folds_are_those_of_scikit_learns_encoder(task):
    table, codes = frame()
    number = numbers(codes)
    edges = {"regression": None, "two classes": [20.0], "three classes": [19.0, 21.0]}[task]
    y = number if edges is None else np.digitize(number, edges)
    kept = {"regression": None, "two classes": [1], "three classes": [0, 1, 2]}[task]
    prepare = prepared(table, "regression" if edges is None else "classification", 1 if kept is None else len(kept))
    X = prepare.fit_transform(table, y)
    where = [i for i, name in enumerate(prepare.get_feature_names_out()) if name.startswith("code, ")]
    assert len(where) == (1 if kept is None else len(kept))
    folds = folds_by_hand(prepare, table)

    def expected(rows, others):
        outputs = [y[rows].astype(float)] if kept is None else [(y[rows] == k).astype(float) for k in kept]
        found = []
        for each in outputs:
            (s,) = smoothing(sums_of(codes[rows], each, LEVELS))
            found.append(
                TargetEncoder(smooth=s, target_type="continuous").fit(codes[rows, None], each).transform(codes[others, None])[:, 0]
            )
        return np.stack(found, axis=1)

    everyone = np.arange(M)
    np.testing.assert_allclose(prepare.transform(table)[:, where], expected(everyone, everyone), rtol=1e-9)
    for fold in range(FOLDS):
        np.testing.assert_allclose(X[folds == fold][:, where], expected(folds != fold, folds == fold), rtol=1e-9)
    assert np.bincount(folds, minlength=FOLDS).min() > M / FOLDS - 4 * np.sqrt(M * 0.09)  # drawn: four standard deviations below a tenth


def test_smoothing_is_the_ratio_of_the_variances():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 500, 50_000)
    y = 2.0 * rng.standard_normal(500)[codes] + 6.0 * rng.standard_normal(len(codes))
    (found,) = smoothing(sums_of(codes, y, 500))
    assert found == pytest.approx(9.0, rel=0.2)  # 6² / 2²; the variance of 500 levels is found to √(2/500) = 6 %, three times that
    (none,) = smoothing(sums_of(codes, np.full(len(codes), 3.0), 500))
    assert none == np.inf
    assert smoothing(sums_of(np.arange(5), np.arange(5.0), 5)) == np.inf  # a row in each level says nothing of how rows differ in one


# --- nothing of a row's own target ------------------------------------------------------------------------------------


def correlation(a, b):
    return float(np.corrcoef(a, b)[0, 1])


@pytest.mark.parametrize("seed", range(3))
def test_the_means_of_training_rows_do_not_correlate_with_a_target_that_has_nothing_to_do_with_the_level(seed):
    table, _ = frame(seed, levels=400)
    y = np.random.default_rng(seed + 10).standard_normal(M)
    prepare = prepared(table)
    X = prepare.fit_transform(table, y)
    at = list(prepare.get_feature_names_out()).index("code, mean of y")
    if np.ptp(X[:, at]) > 0:  # else every fold's levels differ by no more than chance makes them
        assert correlation(X[:, at], y) < 3 / np.sqrt(M)
    # Against: means that contain the row's own target do. They are shrunk by one number for all levels, which changes no correlation.
    own = pd.Series(y).groupby(table["code"].to_numpy()).transform("mean")
    assert correlation(own, y) > 0.2


def test_the_target_of_a_row_changes_the_means_of_other_folds_only():
    table, codes = frame()
    y = numbers(codes)
    prepare = prepared(table)
    before, folds = prepare.fit_transform(table, y), folds_by_hand(prepare, table)
    y[7] += 1_000.0
    after = prepare.fit_transform(table, y)
    same = np.isclose(before, after, rtol=ROUNDING, atol=0).all(axis=1)
    assert same[folds == folds[7]].all()
    assert not same[folds != folds[7]].any()


def test_rows_of_one_group_are_in_one_fold():
    table, codes = frame()
    groups = np.random.default_rng(3).integers(0, 200, M).astype(str)
    prepare = prepared(table)
    folds = folds_by_hand(prepare, table, groups=groups)
    assert pd.Series(folds).groupby(groups).nunique().max() == 1
    y = numbers(codes)
    before = prepare.fit_transform(table, y, columns__groups=groups)
    mine = groups == groups[7]
    after = prepare.fit_transform(table, np.where(mine, 1_000.0, y), columns__groups=groups)
    np.testing.assert_allclose(before[mine], after[mine], rtol=ROUNDING)


def test_with_a_time_rows_get_the_means_of_earlier_rows():
    table, codes = frame()
    time, y = np.random.default_rng(4).permutation(M).astype(float), numbers(codes)
    prepare = prepared(table)
    before, folds = prepare.fit_transform(table, y, columns__time=time), folds_by_hand(prepare, table, time=time)
    late = time >= np.median(time)
    after = prepare.fit_transform(table, np.where(late, 1_000.0, y), columns__time=time)
    at = list(prepare.get_feature_names_out()).index("code, mean of y")
    first = folds == 0  # it has no earlier rows, and one number, the mean of all
    assert np.ptp(before[first, at]) == 0
    early = ~late & ~first
    np.testing.assert_allclose(before[early], after[early], rtol=ROUNDING)
    assert np.ptp(before[early, at]) > 1


def test_rows_with_the_same_inputs_stay_together_unless_levels_have_few_different_rows():
    table, codes = frame()
    twice = pd.concat([table, table], ignore_index=True)
    prepare = prepared(table)
    folds = folds_by_hand(prepare, twice)
    assert np.array_equal(folds[:M], folds[M:])
    alone = twice[["code"]]
    prepare = prepared(alone)
    folds = folds_by_hand(prepare, alone)
    assert pd.Series(folds).groupby(alone["code"]).nunique().min() > FOLDS / 2  # a level in one fold would have no other rows
    X = prepare.fit_transform(alone, np.tile(numbers(codes), 2))
    assert np.ptp(X[:, -1]) > 1


def test_the_order_of_rows_changes_no_fold_and_no_mean():
    table, codes = frame()
    y, order = numbers(codes), np.random.default_rng(5).permutation(M)
    prepare = prepared(table)
    X = prepare.fit_transform(table, y)
    again = clone(prepare).fit_transform(table.iloc[order].reset_index(drop=True), y[order])
    np.testing.assert_allclose(again, X[order], rtol=1e-12)


# --- cells and rows that count ----------------------------------------------------------------------------------------


def test_unknown_levels_and_empty_cells_get_the_mean_of_all_rows():
    table, codes = frame()
    y = numbers(codes)
    table.loc[::9, "code"] = None
    prepare = prepared(table)
    prepare.fit_transform(table, y)
    names = list(prepare.get_feature_names_out())
    at, gap = names.index("code, mean of y"), names.index("code_missing")
    rows = pd.DataFrame({"code": ["new", None, named(1)], "few": "a", "x": 0.0})
    with pytest.warns(UnseenWarning, match="'code' never seen in training .*they get the mean of all training rows"):
        X = prepare.transform(rows)
    assert X[0, at] == pytest.approx(y.mean(), rel=1e-12)
    assert X[1, at] == pytest.approx(y.mean(), rel=1e-12)
    assert X[:, gap].tolist() == [0.0, 1.0, 0.0]
    assert abs(X[2, at] - y[codes == 1].mean()) < 0.5


@pytest.mark.parametrize("unit", [1.0, 0.37])
def test_weights_count_rows_or_say_how_much_they_matter(unit):
    """A whole weight of 2 is two rows; other weights have any unit; rows of weight 0 change nothing."""
    table, codes = frame()
    y, rng = numbers(codes), np.random.default_rng(6)
    weight = rng.integers(0, 3, M).astype(float)
    prepare = prepared(table)
    prepare.fit_transform(table, y, columns__sample_weight=weight)
    rows = np.repeat(np.arange(M), weight.astype(int))
    repeated = prepared(table)
    repeated.fit_transform(table.iloc[rows], y[rows])
    at = list(prepare.get_feature_names_out()).index("code, mean of y")
    np.testing.assert_allclose(prepare.transform(table)[:, at], repeated.transform(table)[:, at], rtol=1e-10)
    share = rng.random(M)
    found = []
    for factor in (1.0, unit):
        prepare.fit_transform(table, y, columns__sample_weight=factor * share)
        found.append(prepare.transform(table)[:, at])
    np.testing.assert_allclose(*found, rtol=1e-10)


@pytest.mark.parametrize("unit", [1e200, 1e-200])
def test_targets_of_any_size_have_means_of_theirs(unit):
    table, codes = frame()
    y = numbers(codes)
    at = list(prepared(table).fit(table, y).get_feature_names_out()).index("code, mean of y")
    plain, large = (prepared(table).fit_transform(table, factor * y)[:, at] for factor in (1.0, unit))
    np.testing.assert_allclose(large / unit, plain, rtol=ROUNDING)


# --- the rule ---------------------------------------------------------------------------------------------------------


def test_columns_of_many_levels_with_rows_enough_are_read_by_means_and_say_so():
    least, many = ROWS_FOR_MEANS, ROWS_FOR_MEANS // ROWS_PER_LEVEL
    for levels, m, is_read in (
        (MANY_LEVELS, least, True),
        (MANY_LEVELS, least - 1, False),
        (MANY_LEVELS - 1, least, False),
        (many, least, True),
        (many + 1, least, False),
    ):
        table = pd.DataFrame({"code": [named(i if i < levels else 0) for i in range(m)], "x": np.arange(m) / 7})
        column = describe_columns(table, n_outputs=1)[0]
        assert column.target_means == is_read
        assert (", target means beside 1 frequent level" in column.reason) == is_read
        assert describe_columns(table)[0] == describe_columns(table, n_outputs=0)[0]
        assert not describe_columns(table, n_outputs=0)[0].target_means
        assert not describe_columns(table, n_outputs=MOST_OUTPUTS + 1)[0].target_means


def test_frequent_levels_have_a_column_beside():
    table, codes = frame()
    table.loc[: OWN_ROWS - 1, "code"] = "often"
    column = describe_columns(table, n_outputs=1)[0]
    assert column.levels == ("often",)
    assert column.reason.endswith("target means beside 1 frequent level")
    prepare, y = prepared(table), numbers(codes)
    learned, X = prepare.fit_transform(table, y), prepare.transform(table)
    assert X[:OWN_ROWS, 1].tolist() == learned[:OWN_ROWS, 1].tolist() == [1.0] * OWN_ROWS
    folds = folds_by_hand(prepare, table)
    for fold in range(FOLDS):  # its column says of these rows what a mean would say again
        others = y[folds != fold].mean()
        np.testing.assert_allclose(learned[:OWN_ROWS][folds[:OWN_ROWS] == fold, 2], others, rtol=1e-12)
    assert prepare.transform(table)[0, 2] == pytest.approx(y.mean(), rel=1e-12)
    assert [name for name in prepare.get_feature_names_out() if name.startswith("code")] == ["code_often", "code, mean of y"]
    many, _ = frame(m=10_000, levels=MANY_LEVELS + 4)  # each has more than one row in 50
    assert len(describe_columns(many, n_outputs=1)[0].levels) == MOST_OWN


def test_a_fit_says_what_it_reads_by_means_and_can_be_asked_not_to():
    table, codes = frame()
    table["y"] = np.where(numbers(codes) > 20, "yes", "no")
    model = shoal.fit(table, "y", settings=FAST)
    assert model.columns_.loc["code", "read as"] == "category, target means"
    assert "code, share of yes" in model["prepare"].get_feature_names_out()
    assert model.columns_["read as"].tolist() == shoal.look(table, "y").to_frame()["read as"].tolist()
    without = shoal.fit(table, "y", settings=FAST, target_means=False)
    assert without.columns_.loc["code", "read as"] == "category"
    assert len(without["prepare"].get_feature_names_out()) > LEVELS
    assert not without.facts_.target_means
    with pytest.raises(InvalidParameterError, match="target_means='no' must be True or False"):
        shoal.fit(table, "y", target_means="no")


def test_the_linear_baseline_and_the_network_learn_from_the_same_rows():
    table, codes = frame()
    y = numbers(codes)
    prepare = prepared(table)
    X = prepare.fit_transform(table, y)
    np.testing.assert_array_equal(learned_rows(prepare, table, y, {}, "regression", ("y",)), X)
    assert not np.array_equal(prepare.transform(table), X)


def test_a_preparation_with_target_means_needs_targets():
    table, _ = frame()
    with pytest.raises(TableError, match="column 'code' is to be read by target means, and there is no target: give y"):
        prepared(table).fit(table)


def test_sums_add_up():
    table, codes = frame()
    y, columns = numbers(codes), describe_columns(table, n_outputs=1)
    typed, outputs = coerce(table, columns), outputs_of("regression", ("y",), ())
    rule = fold_rule(typed, RowRoles(), LEVELS)
    whole = target_sums(columns, outputs, rule, y[:, None])
    whole.see(typed, y, RowRoles())
    parts = whole.empty()
    for rows in (slice(0, 700), slice(700, 701), slice(701, M)):
        some = whole.empty()
        some.see(typed.iloc[rows], y[rows], RowRoles())
        parts.add(some)
    levels = sorted(table["code"].unique())
    for mine, theirs in zip(parts.found("code", levels, ()), whole.found("code", levels, ()), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)
