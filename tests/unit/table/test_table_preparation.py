"""From a raw frame to numbers."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sampling import sampled
from shoal.errors import ColumnsError, TableError
from shoal.table import Column, describe_columns, feature_names, preparation, preparation_of, prepared_by, read, targets_of
from shoal.table.columns import MISSING, MOST_LEVELS, coerce, rare_below, typed_names

pytestmark = pytest.mark.filterwarnings("ignore::shoal.UnseenWarning")  # test_unseen.py says what it says


def mixed(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    size = rng.normal(size=n)
    size[::7] = np.nan
    colour = np.array(["red", "green", "blue"], dtype=object)[rng.integers(0, 3, n)]
    colour[:2] = "rare"
    colour[5:15] = None
    frame = {"size": size, "colour": colour, "ok": rng.random(n) < 0.5, "same": 1, "none": None}
    return pd.DataFrame({**frame, "when": pd.date_range("2024-01-01", periods=n)})


def test_every_kind_of_column_together():
    frame = mixed()
    prepare = preparation(describe_columns(frame))
    matrix = prepare.fit_transform(frame)
    names = feature_names(prepare)
    assert matrix.dtype == np.float64
    assert np.isfinite(matrix).all()
    assert names == (
        *("size", "ok", "when, days", "missingindicator_size", "when, day of year", "when, weekday"),
        *("colour_blue", "colour_green", "colour_missing", "colour_red", "colour_infrequent_sklearn"),
    )
    columns = dict(zip(names, matrix.T, strict=True))
    np.testing.assert_array_equal(columns["missingindicator_size"], frame["size"].isna())
    assert columns["size"][0] == np.nanmedian(frame["size"])
    np.testing.assert_array_equal(columns["ok"], frame["ok"])
    np.testing.assert_array_equal(columns["colour_missing"], frame["colour"].isna())
    np.testing.assert_array_equal(columns["colour_infrequent_sklearn"], frame["colour"] == "rare")


def test_rare_and_unknown_levels_at_predict_time():
    frame = mixed()
    prepare = preparation(describe_columns(frame)).fit(frame)
    rows = frame.iloc[[0, 0, 0]].assign(colour=["rare", "never seen", None])
    encoded = prepare.transform(rows)[:, -5:]
    np.testing.assert_array_equal(encoded, [[0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 1, 0, 0]])


def test_an_unknown_level_where_none_is_rare_is_all_zeros():
    frame = pd.DataFrame({"x": ["a", "b"] * 20})
    prepare = preparation(describe_columns(frame)).fit(frame)
    np.testing.assert_array_equal(prepare.transform(pd.DataFrame({"x": ["b", "c", None]})), [[0, 1], [0, 0], [0, 0]])


def test_missing_only_at_predict_time():
    frame = pd.DataFrame({"n": [1.0, 2, 9] * 10, "t": [True, False, True] * 10})
    prepare = preparation(describe_columns(frame)).fit(frame)
    np.testing.assert_array_equal(prepare.transform(pd.DataFrame({"n": [np.nan], "t": [None]})), [[2, 1]])


def test_hostile_names_stay_apart():
    # Levels and columns named alike, a column named as a date's part, as an indicator, with the separator, as an option.
    frame = pd.DataFrame(
        {
            "a": ["b_c", "d"] * 20,
            "a_b": ["c", "d"] * 20,
            "when": pd.date_range("2024-01-01", periods=40),
            "when, days": range(40),
            "x": [1.0, np.nan] * 20,
            "missingindicator_x": range(40),
            "__; DROP\n": range(40),
            "remainder": range(40),
            7: range(40),
            "size__": ["é", "__"] * 20,
        }
    )
    prepare = preparation(describe_columns(frame))
    matrix = prepare.fit_transform(frame)
    names = feature_names(prepare)
    assert len(names) == len(set(names)) == matrix.shape[1]
    assert {"a_b_c", "a_b_c (2)", "when, days", "when, days (2)", "7", "size___é"} <= set(names)


def test_a_fold_without_a_value_still_prepares():
    frame = mixed()
    part = frame.iloc[:10].assign(size=np.nan)
    assert np.isfinite(preparation(describe_columns(frame)).fit_transform(part)).all()


def test_no_column_left():
    with pytest.raises(TableError, match=r"No column is left.*all 2.*same: one value only: 1"):
        preparation(describe_columns(pd.DataFrame({"same": [1, 1], "none": [None, None]})))


def test_a_model_takes_raw_frames_is_cloned_and_pickled():
    frame = mixed()
    y = np.arange(len(frame), dtype=float)
    model = Pipeline([("prepare", preparation(describe_columns(frame), ["y"])), ("estimator", Ridge())]).fit(frame.assign(y=y), y)
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict(frame), model.predict(frame.assign(y=y)))
    np.testing.assert_array_equal(clone(loaded).fit(frame, y).predict(frame), model.predict(frame))
    assert loaded["prepare"]["typed"].columns == describe_columns(frame)
    known = preparation_of(model["prepare"])
    assert preparation_of(loaded["prepare"]) == known
    np.testing.assert_array_equal(prepared_by(known).transform(frame), model["prepare"].transform(frame))
    with pytest.raises(ColumnsError, match=r"lacks 1 column .*'size'"):
        loaded.predict(frame.drop(columns="size"))
    with pytest.raises(ColumnsError, match="not trained on: 'z'"):
        loaded.predict(frame.assign(z=1))
    with pytest.raises(TableError, match="'large' in row 3"):
        loaded.predict(frame.assign(size=["1", "2", "large"] * 20))


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_what_scikit_learn_is_set_to_put_out_changes_nothing(output):
    """Two columns whose one-hot names are alike, fitted and asked under either setting, and between them."""
    frame = pd.DataFrame({"c": ["d_x", "e"] * 30, "c_d": ["x", "z", "x"] * 20, "when": pd.date_range("2024-01-01", periods=60)})
    y = np.arange(60.0)
    with config_context(transform_output=output):
        model = Pipeline([("prepare", preparation(describe_columns(frame))), ("estimator", Ridge())]).fit(frame, y)
        inside = model.predict(frame)
    np.testing.assert_array_equal(model.predict(frame), inside)
    names = feature_names(model["prepare"])
    assert len(set(names)) == len(names)
    prepared = model["prepare"].set_output(transform="pandas").transform(frame)  # asked for by name, it is obeyed
    assert tuple(prepared.columns) == names


def by_scikit_learn(columns: tuple[Column, ...]) -> ColumnTransformer:
    """The same preparation of a typed frame by scikit-learn's own steps, which ours is held to."""
    used = [(c, names) for c, names in zip(columns, typed_names(columns), strict=True) if c.kind != "left out"]
    numbers = [names[0] for c, names in used if c.kind != "category"]
    parts = [name for c, names in used if c.kind == "date" for name in names[1:]]
    rare = rare_below(columns[0].n_rows)
    one_hot = make_pipeline(
        SimpleImputer(strategy="constant", fill_value=MISSING, keep_empty_features=True),
        OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=rare,
            max_categories=MOST_LEVELS,
            sparse_output=False,
        ),
    )
    steps = [
        ("numbers", SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), numbers),
        ("parts", SimpleImputer(strategy="median", keep_empty_features=True), parts),
        ("categories", one_hot, [c.name for c, _ in used if c.kind == "category"]),
    ]
    return ColumnTransformer([step for step in steps if step[2]], sparse_threshold=0)


def same_as_scikit_learn(frame: pd.DataFrame) -> None:
    """Fitted to half of the rows and asked of all, with every second column emptied too, bit for bit."""
    columns, half = describe_columns(frame), frame.iloc[::2]
    ours, its = preparation(columns).fit(half), by_scikit_learn(columns).fit(coerce(half, columns))
    gaps = frame.head(100).astype(object)
    gaps = gaps.where(np.broadcast_to(np.arange(gaps.shape[1]) % 2 == 1, gaps.shape), None)
    for rows in (frame, gaps):
        np.testing.assert_array_equal(ours.transform(rows), its.transform(coerce(rows, columns)), strict=True)
    theirs = [name.partition("__")[2] for name in its.get_feature_names_out()]
    assert [name.rsplit(" (", 1)[0] for name in feature_names(ours)] == [name.rsplit(" (", 1)[0] for name in theirs]


def test_every_number_is_scikit_learn_s():
    rng = np.random.default_rng(1)
    wide = [f"level {i}" for i in rng.integers(0, 400, 6_000)]  # more than have columns, with ties at the border
    frame = pd.DataFrame(
        {"wide": wide, "large": rng.normal(size=6_000) * 1e300, "few": rng.integers(0, 3, 6_000), "text": rng.choice([*"aabc"], 6_000)}
    )
    frame.loc[::3, "large"] = np.nan
    frame.loc[::50, "text"] = None
    same_as_scikit_learn(frame)
    same_as_scikit_learn(mixed())


SETS = (
    *("abalone", "adult", "auto_mpg", "bank_marketing", "boston_housing", "breast_cancer_wisconsin", "california_housing"),
    *("concrete", "credit_approval", "ecoli", "energy", "german_credit", "glass", "house_votes84", "ionosphere", "iris"),
    *("kin8nm", "letter", "mlc_churn", "mushroom", "naval", "penguins", "pima_diabetes", "power_plant", "proben1_cancer"),
    *("proben1_card", "proben1_diabetes", "proben1_flare", "proben1_glass", "proben1_soybean", "seoul_bike", "sonar"),
    *("soybean", "titanic", "vehicle", "wine"),
)


def test_no_shared_set_is_forgotten(manifest):
    assert set(SETS) == set(manifest) - {"mnist"}  # mnist is images, not a table


SAMPLE = ["auto_mpg", "credit_approval", "house_votes84", "proben1_flare", "seoul_bike", "titanic"]  # every kind of column and of target


@pytest.mark.parametrize("name", sampled(SAMPLE, SETS))
def test_every_shared_set_prepares(name, data_folder, manifest):
    entry = manifest[name]
    frame = read(data_folder / entry["file"])
    target = targets_of(frame, entry["target"])
    assert target.task == entry["task"]
    assert len(target.rows) + target.n_left_out == entry["n_rows"]
    inputs = frame.iloc[target.rows].drop(columns=list(target.names))
    columns = describe_columns(inputs)
    assert len(columns) == entry["n_features"]
    assert {column.name: column.n_missing for column in columns if column.n_missing} == entry["missing_by_column"]
    same_as_scikit_learn(inputs.head(3_000))
    prepare = preparation(columns)
    matrix = prepare.fit_transform(inputs)
    names = feature_names(prepare)
    assert matrix.shape == (len(target.y), len(set(names)))
    assert np.isfinite(matrix).all()
    assert (matrix.max(axis=0) > matrix.min(axis=0)).all()  # nothing constant is left


def test_titanic_and_seoul_bike_column_by_column(data_folder, manifest):
    titanic = read(data_folder / manifest["titanic"]["file"])
    kinds = {column.name: column.kind for column in describe_columns(titanic)}
    assert kinds["Name"] == "left out"
    assert {kinds[name] for name in ("Sex", "Ticket", "Cabin", "Embarked")} == {"category"}
    date = describe_columns(read(data_folder / manifest["seoul_bike"]["file"]))[0]
    assert (date.kind, date.date_format) == ("date", "%d/%m/%Y")
