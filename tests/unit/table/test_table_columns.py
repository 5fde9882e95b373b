"""What becomes of a column, decided at fit and obeyed at predict time."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from shoal.errors import ColumnsError, TableError
from shoal.nearest_names import nearest
from shoal.table import Column, check_columns, coerce, describe_columns
from shoal.table.cells import date_format_of
from shoal.table.columns import rare_below

N = 40


def described(cells, **options) -> Column:
    return describe_columns(pd.DataFrame({"x": cells}), **options)[0]


def typed(cells, seen=None) -> pd.DataFrame:
    columns = describe_columns(pd.DataFrame({"x": cells}))
    return coerce(pd.DataFrame({"x": cells if seen is None else seen}), columns)


@pytest.mark.parametrize(
    ("cells", "kind", "n_missing"),
    [
        (range(N), "number", 0),
        ([1.5, np.nan] * 20, "number", 20),
        (pd.array([1, None] * 20, dtype="Int64"), "number", 20),
        (["1.5", " 2e3", "-7", ""] * 10, "number", 10),
        (["1", "NA", "2", "?"] * 10, "number", 20),
        ([True, False] * 20, "boolean", 0),
        ([True, None] * 20, "boolean", 20),
        (pd.array([True, False, None, True] * 10, dtype="boolean"), "boolean", 10),
        (["true", "FALSE"] * 20, "boolean", 0),
        (["0", "1"] * 20, "number", 0),
        (["a", "b"] * 20, "category", 0),
        (["a", "NA"] * 20, "category", 0),
        (["a", None] * 20, "category", 20),
        (["a", "  "] * 20, "category", 20),
        (["1", "2", "3+", "1"] * 10, "category", 0),
        (pd.Categorical([1, 2] * 20), "category", 0),
        (pd.date_range("2024-01-01", periods=N), "date", 0),
        (["2024-01-31", "2023-02-01T12:30"] * 20, "date", 0),
        (["31/01/2024", "01/02/2024"] * 20, "date", 0),
        ([date(2024, 1, 1), date(2024, 1, 2)] * 20, "date", 0),
        ([None] * N, "left out", N),
        ([np.nan] * N, "left out", N),
        (["", " "] * 20, "left out", N),
        (["NA", ""] * 20, "left out", N),
        ([3] * N, "left out", 0),
        ([3.0, np.nan] * 20, "number", 20),
        ([True] * N, "left out", 0),
        (["p"] * N, "left out", 0),
        (["2024-01-31"] * N, "left out", 0),
        ([f"name {i}" for i in range(N)], "left out", 0),
        (["Deck A", *[None] * (N - 1)], "category", N - 1),
    ],
)
def test_kinds(cells, kind, n_missing):
    column = described(cells)
    assert (column.kind, column.n_missing, column.n_rows) == (kind, n_missing, N)
    assert column.reason


def test_a_category_by_name():
    column = described([1, 2, np.nan, 2] * 10, categories=["x"])
    assert (column.kind, column.levels) == ("category", ("2", "1", "missing"))
    with pytest.raises(ColumnsError, match=r"'y'.*'x'"):
        described([1, 2], categories=["y"])


def test_range_and_levels_are_kept():
    column = described([2.0, 7.5] * 20)
    assert (column.low, column.high) == (2.0, 7.5)
    assert described(["b", "a", "b", "a", "b"] * 8).levels == ("b", "a")
    assert described(["1970-01-02", "1970-02-01"] * 20).high == 31


@pytest.mark.parametrize(("n_rows", "rare"), [(10, 2), (60, 3), (100, 5), (100_000, 5)])
def test_rare(n_rows, rare):
    assert rare_below(n_rows) == rare


def test_text_among_numbers_is_named_with_its_row():
    cells = [str(i) for i in range(N)]
    cells[16] = "abc"
    with pytest.raises(TableError, match=r"'x' holds text where numbers must be: 'abc' in row 17\. "):
        described(cells)
    assert described(cells, categories=["x"]).kind == "left out"
    dates = ["2024-01-01", "2024-01-02"] * 20
    dates[3] = "soon"
    with pytest.raises(TableError, match=r"dates .*'soon' in row 4"):
        described(dates)


def test_row_numbers_are_those_of_the_file():
    frame = pd.DataFrame({"x": [str(i) for i in range(N)]}, index=pd.RangeIndex(101, 101 + N, name="row"))
    columns = describe_columns(frame)
    frame.loc[120, "x"] = "abc"
    with pytest.raises(TableError, match="'abc' in row 120"):
        coerce(frame.sample(frac=1.0, random_state=0), columns)


def test_infinities_are_named():
    with pytest.raises(TableError, match=r"'x' holds an infinity in row 3 \(2 of 4 cells\)"):
        described([1.0, 2.0, np.inf, -np.inf])
    with pytest.raises(TableError, match="infinity in row 2"):
        typed([1.0, 2.0], [1.0, np.inf])


def test_types_that_are_no_tables_are_named():
    for cells in (pd.to_timedelta([1, 2], unit="D"), [1j, 2j], pd.period_range("2024", periods=2, freq="M")):
        with pytest.raises(TableError, match="is of type"):
            described(cells)
    for frame in (pd.DataFrame({"a": []}), pd.DataFrame(index=range(3))):
        with pytest.raises(TableError, match="Nothing to learn from"):
            describe_columns(frame)
    with pytest.raises(TableError, match="this is int"):
        describe_columns(5)
    with pytest.raises(TableError, match="Duplicate column names: 'a'"):
        describe_columns(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(TableError, match="Column 2 of 2 has no name"):
        describe_columns(pd.DataFrame([[1, 2]], columns=["a", " "]))


def test_dates_by_hand():
    frame = typed(["02/01/1970 06:00", "01/03/1970 18:00", None] * 10)
    waves = [f"x, {place} {wave}" for place in ("weekday", "time") for wave in ("sine", "cosine")]
    assert list(frame.columns) == ["x, days", "x, day of year", "x, weekday", "x, hour", *waves]
    assert frame.iloc[0, :4].tolist() == [1.25, 2, 4, 6]  # 2 January 1970 was a Friday
    assert frame.iloc[1, :4].tolist() == [59.75, 60, 6, 18]
    np.testing.assert_allclose(frame.iloc[:2, 6:], [[1, 0], [-1, 0]], atol=1e-15)  # six o'clock, in the morning and in the evening
    assert frame.iloc[2].isna().all()
    assert list(typed(pd.date_range("2024-01-01", periods=3)).columns) == ["x, days", "x, day of year", "x, weekday"]


def test_date_formats():
    assert date_format_of(pd.Series(["01/02/2024", "02/03/2024"])) == "%d/%m/%Y"  # both would do: day before month
    assert date_format_of(pd.Series(["01/02/2024", "02/13/2024"])) == "%m/%d/%Y"
    assert date_format_of(pd.Series(["1.2.2024 10:00", "2.2.2024 11:30"])) == "%d.%m.%Y %H:%M"
    assert date_format_of(pd.Series(["2020", "10-12"])) is None
    zoned = pd.date_range("2024-01-01", periods=2, tz="Europe/Berlin")
    assert typed(zoned)["x, hour"].tolist() == [23, 23]


def test_cells_at_predict_time_may_come_in_other_types():
    assert typed([1, 2, 3], ["4", "", "NA"])["x"].tolist()[:1] == [4.0]
    assert typed([True, False], ["1", "false"])["x"].tolist() == [1.0, 0.0]
    assert typed([True, False], [0.0, 1.0])["x"].tolist() == [0.0, 1.0]
    assert typed(pd.Categorical([1, 2] * 3), [1.0, np.nan])["x"].tolist()[0] == "1"
    assert typed(["a", "b"] * 3, [np.nan, np.nan])["x"].isna().all()
    assert typed(["2024-01-31", "2024-02-01"], [np.nan, np.nan])["x, days"].isna().all()


@pytest.mark.parametrize(
    ("cells", "seen", "message"),
    [
        ([1, 2], ["3", "abc"], "numbers must be: 'abc' in row 2"),
        ([True, False], ["True", "maybe"], "true or false must be: 'maybe' in row 2"),
        (["2024-01-31", "2024-02-01"], ["31/01/2024", "2024-01-01"], "dates .* must be: '31/01/2024' in row 1"),
        (["1/2/2024", "13/2/2024"], ["1/13/2024", "2/14/2024"], r"'1/13/2024' in row 1 \(and 1 more of 2 cells\)"),
    ],
)
def test_cells_of_another_type_at_predict_time_are_named(cells, seen, message):
    with pytest.raises(TableError, match=message):
        typed(cells, seen)


def test_lacking_and_added_columns():
    columns = describe_columns(pd.DataFrame({"age": [1, 2], "fare": [3, 4], "same": [5, 5]}))
    frame = pd.DataFrame({"fare": [1], "age": [2]})
    check_columns(frame, columns)  # another order, and what was left out may be gone
    with pytest.raises(ColumnsError, match=r"lacks 1 column .*'age' \(nearest: 'Age'\)"):
        check_columns(frame.rename(columns={"age": "Age"}), columns)
    with pytest.raises(ColumnsError, match=r"has 1 column .* not trained on: 'y'"):
        check_columns(frame.assign(y=1), columns)
    check_columns(frame.assign(y=1, same=5), columns, ["y"])
    with pytest.raises(TableError, match="2 columns but no rows"):
        coerce(frame.iloc[:0], columns)


def test_nearest_ignores_case():
    assert nearest("PRICE", ["price", "size"]) == ["price"]
