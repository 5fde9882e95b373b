"""Whatever someone calls a table: a right frame, or an error that says what it is."""

import datetime
import decimal
import fractions
import io
import sys

import numpy as np
import pandas as pd
import pytest

from sampling import sampled
from shoal.errors import ShoalError, TableError
from shoal.table import coerce, describe_columns, read, targets_of
from shoal.table.dates import days_since_1970, parts_of_dates
from shoal.table.frames import as_frame
from shoal.table.splits import split_groups, split_time
from table_cells import KINDS, ROWS, N, X, cells, far

# --- what is a table -------------------------------------------------------------------------------------------------


def records():
    return np.array([(1.5, b"x"), (2.5, b"y")], dtype=[("a", ">f8"), ("b", "S3")])


class Interchange:
    """A table that offers nothing but the data-frame interchange."""

    def __init__(self, frame):
        self.frame = frame

    def __dataframe__(self, *given, **settings):
        return self.frame.__dataframe__(*given, **settings)


class ToPandas:
    """A table that offers `to_pandas` alone."""

    def to_pandas(self):
        return pd.DataFrame({"a": [1.5, 2.5], "b": ["x", "y"]})


def polars_frame(lazy=False):
    pl = pytest.importorskip("polars", reason="polars is no dependency of shoal")
    frame = pl.DataFrame({"a": [1.5, 2.5], "b": ["x", "y"]})
    return frame.lazy() if lazy else frame


def arrow_table(batch=False):
    pa = pytest.importorskip("pyarrow", reason="Arrow tables need pyarrow")
    return (pa.record_batch if batch else pa.table)({"a": [1.5, 2.5], "b": ["x", "y"]})


TABLES = {
    "mapping": lambda: {"a": [1.5, 2.5], "b": ["x", "y"]},
    "structured array": records,
    "record array": lambda: records().view(np.recarray),
    "records": lambda: [{"a": 1.5, "b": "x"}, {"a": 2.5, "b": "y"}],
    "arrow": arrow_table,
    "arrow batch": lambda: arrow_table(batch=True),
    "polars": polars_frame,
    "to_pandas": ToPandas,
    "interchange": lambda: Interchange(pd.DataFrame({"a": [1.5, 2.5], "b": ["x", "y"]})),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.filterwarnings("ignore:The Dataframe Interchange Protocol")
def test_what_can_become_a_frame_is_a_table(name):
    frame = as_frame(TABLES[name]())
    assert list(frame.columns) == ["a", "b"]
    assert frame["a"].tolist() == [1.5, 2.5]
    assert [cell.decode() if isinstance(cell, bytes) else cell for cell in frame["b"]] == ["x", "y"]
    described = describe_columns(TABLES[name]())
    assert described[0].kind == "number"


def test_arrays_have_the_numbers_of_their_columns_as_names():
    assert list(as_frame(np.zeros((3, 2))).columns) == ["0", "1"]
    labels = pd.Index([0, np.int8(1), 1.5, ("a", 1)], dtype=object, tupleize_cols=False)
    assert list(as_frame(pd.DataFrame(np.zeros((1, 4)), columns=labels)).columns) == ["0", "1", "1.5", "('a', 1)"]


@pytest.mark.parametrize(
    ("labels", "target"),
    [([0, 1], 0), ([0.0, 1.5], 0), ([0, 1], 0.0), ([0, 1], np.int8(0)), ([0, 1], [0]), (["0", "b"], 0), ([("a", 1), ("b", 2)], ("a", 1))],
)
def test_a_target_is_named_by_its_label_whatever_that_is(labels, target):
    frame = pd.DataFrame([[1.5, 0.0], [2.5, 1.0]], columns=pd.Index(labels))
    assert targets_of(frame, target).y.tolist() == [1.5, 2.5]


@pytest.mark.parametrize("target", [None, [None], pd.Series([1.0]), pd.DataFrame(), np.zeros((2, 2)), float("nan")])
def test_a_target_that_is_no_name_is_named(target):
    with pytest.raises(TableError, match="name of a column"):
        targets_of({"a": [1, 2]}, target)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (None, "this is NoneType"),
        (5, "this is int"),
        (object(), "this is object"),
        (pd.DataFrame, "this is type"),
        ([1, 2], "this is list"),
        (io.StringIO("a,b"), "this is StringIO"),
        ("rows.csv", "Read the file first"),
        (b"rows.csv", "Read the file first"),
        (np.zeros(3), r"shape \(3,\)"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
        ({"a": 1}, "The dict cannot be turned into a frame"),
        ({"a": [1], "b": [1, 2]}, "The dict cannot be turned into a frame"),
        (pd.DataFrame([[1, 2]], columns=["a", None]), "Column 2 of 2 has no name"),
        (pd.DataFrame([[1, 2]], columns=["1", 1]), "Duplicate column names: '1'"),
        (pd.DataFrame([[1]], columns=pd.Index(["\ud800"], dtype=object)), "no valid Unicode"),
        (type("Broken", (), {"to_pandas": lambda self: 1 / 0})(), "The Broken cannot be turned into a frame: division by zero"),
    ],
)
def test_what_is_no_table_is_named(table, words):
    with pytest.raises(TableError, match=words):
        as_frame(table)


def test_a_lazy_polars_frame_is_named():
    with pytest.raises(TableError, match="this is LazyFrame"):
        as_frame(polars_frame(lazy=True))


def test_a_plain_frame_is_not_copied():
    frame = pd.DataFrame({"a": [1.5, 2.5], "b": ["x", None], "c": pd.to_datetime(["2024-01-01", None])})
    assert as_frame(frame) is frame


# --- kinds of cells, wherever they stand ------------------------------------------------------------------------------


def learned_from(frame, **options):
    return coerce(frame, describe_columns(frame, **options))


def scored(frame, task=None):
    found = targets_of(frame, "c", task)
    again = targets_of(frame, "c", found.task, found.classes or None)
    np.testing.assert_array_equal(found.y, again.y)
    return found.y


PLACES = {
    "input": learned_from,
    "category": lambda frame: learned_from(frame, categories=["c"]),
    "target": scored,
    "classes": lambda frame: scored(frame, "classification"),
    "numbers": lambda frame: scored(frame, "regression"),
    "group": lambda frame: split_groups(as_frame(frame)["c"])[0],
    "time": lambda frame: split_time(as_frame(frame)["c"])[0],
    "where numbers were": lambda frame: coerce(frame, describe_columns(pd.DataFrame({"c": X}))),
    "where dates were": lambda frame: coerce(frame, describe_columns(pd.DataFrame({"c": pd.date_range("2020", periods=N)}))),
    "where truth values were": lambda frame: coerce(frame, describe_columns(pd.DataFrame({"c": X > 0}))),
}


def answer(place, frame):
    """What comes of a frame in this place, held to hold no infinity and, in a target, no gap; an error's name else."""
    try:
        found = PLACES[place](frame)
    except ShoalError as error:
        return type(error).__name__ if len(str(error)) < 1000 else "a long message"
    numbers = found.select_dtypes("number") if isinstance(found, pd.DataFrame) else found
    values = np.asarray(numbers)
    assert values.dtype.kind != "f" or not np.isinf(values).any()
    assert isinstance(found, pd.DataFrame) or values.dtype.kind != "f" or not np.isnan(values).any()
    return "answer"


@pytest.mark.parametrize("kind", sampled(list(KINDS)[::3], KINDS))
@pytest.mark.filterwarnings("ignore:The array interface is deprecated")
def test_every_kind_of_cells_in_every_place_ends_in_an_answer_or_a_named_error(kind, tmp_path):
    frame = pd.DataFrame({"c": KINDS[kind]()})
    ends = {place: answer(place, frame) for place in PLACES}
    assert set(ends.values()) <= {"answer", "TableError", "ColumnsError"}
    for ending, write in (("parquet", frame.to_parquet), ("csv", lambda path: frame.to_csv(path, index=False))):
        path = tmp_path / f"table.{ending}"
        try:
            write(path)
        except Exception:  # not every kind of cells can be written to every kind of file
            continue
        try:
            table = read(path, codes=["c"])
        except TableError:
            continue
        assert {answer(place, table) for place in ("input", "target", "time")} <= {"answer", "TableError"}


@pytest.mark.parametrize(
    "kind", ["lists", "mappings", "sets", "tuples", "arrays", "frames", "memory", "arrow lists", "arrow structs", "arrow maps"]
)
def test_cells_of_several_values_are_named_with_their_row(kind):
    with pytest.raises(TableError, match=r"Column 'c' holds several values in one cell, .* in row 1"):
        as_frame({"c": KINDS[kind]()})


def test_an_index_named_row_that_is_no_row_number_does_not_confuse():
    columns = describe_columns(pd.DataFrame({"c": X}))
    for index in (pd.Index([f"r{i}" for i in range(N)], name="row"), pd.MultiIndex.from_product([range(N), ["a"]], names=["row", "b"])):
        with pytest.raises(TableError, match="infinity in row 4"):
            coerce(pd.DataFrame({"c": np.where(ROWS == 3, np.inf, X)}, index=index), columns)


# --- right values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "numbers"),
    [
        (np.array([1.5, -2.0], ">f8"), [1.5, -2.0]),
        (np.array([1.5, -2.0], np.float16), [1.5, -2.0]),
        (np.array([1.5, -2.0], np.longdouble), [1.5, -2.0]),
        (pd.arrays.SparseArray([0.0, 2.5]), [0.0, 2.5]),
        ([decimal.Decimal("1.5"), decimal.Decimal("2E+2")], [1.5, 200.0]),
        ([fractions.Fraction(1, 3), fractions.Fraction(4, 2)], [1 / 3, 2.0]),
        ([b"1.5", b"2"], [1.5, 2.0]),
        ([2**64, -1], [2.0**64, -1.0]),
    ],
)
def test_numbers_of_every_type_are_the_numbers_they_are(column, numbers):
    table = {"c": column} if not isinstance(column, list) else {"c": pd.Series(column, dtype=object)}
    assert learned_from(table)["c"].tolist() == numbers


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_dates_are_the_days_that_the_calendar_says(unit):
    """Against Python's own calendar, in every unit that pandas has."""
    days = [datetime.date(1969, 12, 31), datetime.date(2000, 2, 29), datetime.date(1900, 3, 1), datetime.date(2100, 12, 31)]
    values = pd.Series(np.array([f"{day}T23:59:59" for day in days] + ["NaT"], f"datetime64[{unit}]"))
    whole, (of_year, of_week, hour) = days_since_1970(values), parts_of_dates(values)
    epoch = datetime.date(1970, 1, 1)
    np.testing.assert_allclose(whole[:-1], [(86_400 * (day - epoch).days + 86_399) / 86_400 for day in days], rtol=1e-15)
    assert of_year[:-1].tolist() == [day.timetuple().tm_yday for day in days]
    assert of_week[:-1].tolist() == [day.weekday() for day in days]
    assert hour[:-1].tolist() == [23] * len(days)
    assert np.isnan([whole[-1], of_year[-1], of_week[-1], hour[-1]]).all()


@pytest.mark.parametrize(
    ("written", "year"),
    [(["3000-01-01", "2999-12-31"], 3000), (["0001-01-01", "0002-03-04"], 1), (["01/02/2500", "13/02/2500"], 2500)],
)
def test_dates_as_text_reach_every_year_whatever_pandas_holds(written, year):
    column = describe_columns(pd.DataFrame({"c": written * (N // 2)}))[0]
    typed = coerce(pd.DataFrame({"c": written}), [column])
    assert column.kind == "date"
    first = datetime.date(year, 2, 1) if "/" in written[0] else datetime.date(year, 1, 1)
    assert typed["c, days"].iloc[0] == (first - datetime.date(1970, 1, 1)).days


def test_dates_outside_pythons_years_are_described_and_ordered():
    column = describe_columns(pd.DataFrame({"c": far}))[0]
    assert (column.kind, column.reason) == ("date", "dates, -500-03-01 to 33658-09-27")
    train, test = split_time(pd.Series((ROWS * 10**16).astype("datetime64[s]"), name="c"), test_fraction=0.25)
    assert test.tolist() == ROWS[-6:].tolist()
    assert train.tolist() == ROWS[:-6].tolist()


def test_groups_are_told_apart_by_their_text():
    train, test = split_groups(pd.Series(cells(1, "a", 1.0, b"a", "b", "1"), name="c"))
    groups = np.array([["1", "a", "1", "a", "b", "1"][i % 6] for i in range(N)])
    assert not set(groups[train]) & set(groups[test])


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["007", "07", "7"], ("007", "07", "7")),
        (["1", "2", "2"], ("1", "2")),
        (["true", "false", "true"], ("false", "true")),
        (["1", "NA", "2"], (1, 2)),
        (["NA", "na", "NA"], ("NA", "na")),
        ([2**53 + 1, 2**53, 2**53 + 2], (2**53, 2**53 + 1, 2**53 + 2)),
        ([2**63 + 1, 5, 2**63], (5, 2**63, 2**63 + 1)),
        (pd.array([2**53 + 1, None, 2**53], dtype="Int64"), (2**53, 2**53 + 1)),
        (pd.Categorical([3, 1, 3]), (1, 3)),
        ([b"b", b"a", b"a"], ("a", "b")),
    ],
)
def test_labels_stay_what_they_are(labels, classes):
    found = targets_of({"c": labels}, "c", "classification")
    assert found.classes == (classes,)
    assert {str(label) for label in found.y.tolist()} == {str(label) for label in classes}
    assert [str(cell) for cell in found.y] == [
        str(cell.decode() if isinstance(cell, bytes) else cell) for cell in np.asarray(labels, object)[found.rows]
    ]


def test_codes_in_a_file_keep_their_zeros_and_their_digits(tmp_path):
    path = tmp_path / "codes.csv"
    path.write_text("x,code,big\n1,007,9007199254740993\n2,7,\n3,07,9007199254740992\n")
    frame = read(path, codes=["code", "big"])
    assert targets_of(frame, "code", "classification").classes == (("007", "07", "7"),)
    assert targets_of(frame, "big", "classification").classes == ((2**53, 2**53 + 1),)
    assert read(path)["code"].tolist() == [7, 7, 7]  # an input of whole numbers stays one


def test_numbers_that_name_no_class_are_named():
    with pytest.raises(TableError, match="stand for many whole numbers"):
        targets_of({"c": [1e17, 2e17] * 3}, "c", "classification")
    assert targets_of({"c": [1e17, 2e17] * 3}, "c").task == "regression"


# --- damaged Parquet -------------------------------------------------------------------------------------------------


def test_a_damaged_parquet_file_is_read_or_named(tmp_path):
    """Cuts and flipped bits; a flipped value may go unseen, since Parquet's pages need no checksum."""
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    whole = io.BytesIO()
    pd.DataFrame({"a": X, "b": ["x", "y"] * (N // 2), "d": pd.date_range("2020", periods=N)}).to_parquet(whole)
    data, path, rng = whole.getvalue(), tmp_path / "t.parquet", np.random.default_rng(1)
    damaged = [data[:cut] for cut in range(0, len(data), 397)]
    for at in rng.integers(4, len(data), 100):
        damaged.append(data[:at] + bytes([data[at] ^ (1 << int(rng.integers(8)))]) + data[at + 1 :])
    named = 0
    for content in damaged:
        path.write_bytes(content)
        try:
            describe_columns(read(path))
        except TableError:
            named += 1
    assert named > len(damaged) // 4


def test_what_pandas_noted_in_a_parquet_file_may_be_damaged(tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    frame, path = pd.DataFrame({"a": X, "b": ROWS}), tmp_path / "t.parquet"
    frame.to_parquet(path)
    data = path.read_bytes()
    at = data.index(b'{"index_columns"')
    path.write_bytes(data[:at] + b"X" + data[at + 1 :])
    pd.testing.assert_frame_equal(read(path).reset_index(drop=True), frame)


def test_without_pyarrow_a_table_is_still_taken_by_another_way(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    table = type("Both", (ToPandas,), {"__arrow_c_stream__": lambda self, schema=None: 1 / 0})()
    assert as_frame(table)["a"].tolist() == [1.5, 2.5]
