"""Columns of every kind of cells that someone may put into a table, each a function that makes one."""

import datetime
import decimal
import fractions
import uuid

import numpy as np
import pandas as pd
import pytest

N = 24
ROWS = np.arange(N)
X = np.random.default_rng(0).standard_normal(N)


def cells(*values) -> np.ndarray:
    """So many cells of these values in turn, as objects."""
    column = np.empty(N, dtype=object)
    for i in range(N):
        column[i] = values[i % len(values)]
    return column


def arrow(values, kind=None):
    pa = pytest.importorskip("pyarrow", reason="Arrow columns need pyarrow")
    kind = None if kind is None else eval(kind, {"pa": pa})
    return pd.arrays.ArrowExtensionArray(pa.array((list(values) * N)[:N], kind))


far = np.array(["-0500-03-01", "33658-09-27"] * (N // 2), "datetime64[s]")
KINDS = {
    "big-endian": lambda: X.astype(">f8"),
    "big-endian integers": lambda: ROWS.astype(">i4"),
    "half": lambda: X.astype(np.float16),
    "long double": lambda: X.astype(np.longdouble),
    "long complex": lambda: X.astype(np.clongdouble),
    "complex": lambda: X + 1j,
    "unsigned": lambda: np.uint64(2**63) + ROWS.astype(np.uint64),
    "integers beyond 2^53": lambda: 2**53 + ROWS,
    "nullable": lambda: pd.array([1, None, 3] * 8, dtype="Int64"),
    "nullable booleans": lambda: pd.array([True, None, False] * 8, dtype="boolean"),
    "python text": lambda: pd.array(["a", None, "b"] * 8, dtype=pd.StringDtype("python")),
    "categories of numbers": lambda: pd.Categorical([1, 2, 3] * 8),
    "categories of fractions": lambda: pd.Categorical([0.5, 1.5, None] * 8),
    "categories of intervals": lambda: pd.cut(X, 3),
    "sparse": lambda: pd.arrays.SparseArray(np.where(X > 0, X, 0.0)),
    "sparse with gaps": lambda: pd.arrays.SparseArray(np.where(X > 0, X, np.nan)),
    "intervals": lambda: pd.arrays.IntervalArray.from_breaks(np.arange(N + 1)),
    "periods": lambda: pd.period_range("2020", periods=N, freq="M"),
    "durations": lambda: pd.to_timedelta(ROWS, unit="D"),
    "dates": lambda: pd.date_range("2020", periods=N),
    "zoned dates": lambda: pd.date_range("2020", periods=N, tz="Asia/Tokyo").as_unit("s"),
    "far dates": lambda: far,
    "dates beyond microseconds": lambda: (2**61 + ROWS).astype("datetime64[s]"),
    "dates as objects": lambda: cells(datetime.date(2020, 1, 1), datetime.date(9999, 12, 31)),
    "dates at the edge": lambda: cells(datetime.datetime(1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=5))), None),
    "times": lambda: cells(datetime.time(1), datetime.time(2)),
    "decimals": lambda: cells(decimal.Decimal("1.5"), decimal.Decimal("2")),
    "signalling NaN": lambda: cells(decimal.Decimal("sNaN"), decimal.Decimal("2")),
    "huge decimals": lambda: cells(decimal.Decimal("1E+400"), decimal.Decimal("2")),
    "fractions": lambda: cells(fractions.Fraction(1, 3), fractions.Fraction(2, 3)),
    "huge fractions": lambda: cells(fractions.Fraction(10**400, 3), fractions.Fraction(2, 3)),
    "huge integers": lambda: pd.Series(cells(10**5000, 1), dtype=object),
    "integers beyond 64 bits": lambda: cells(2**64, -1),
    "bytes": lambda: cells(b"a", b"b"),
    "bytes that are no text": lambda: cells(b"\xff", b"a"),
    "half a surrogate pair": lambda: pd.Series(cells("\ud800", "a"), dtype=object),
    "zero bytes": lambda: cells("a\0", "a"),
    "long text": lambda: cells("a" * 10_000, "b" * 10_000),
    "marks": lambda: cells("NA", "na"),
    "one mark": lambda: cells("NA"),
    "blanks": lambda: cells("", " "),
    "lists": lambda: cells([1], [2, 3]),
    "mappings": lambda: cells({}, {"a": 1}),
    "sets": lambda: cells({1}, {2}),
    "tuples": lambda: cells((1, 2), (3,)),
    "arrays": lambda: cells(np.array([1]), np.array([2])),
    "frames": lambda: cells(pd.DataFrame(), None),
    "memory": lambda: cells(memoryview(b"a")),
    "objects": lambda: cells(object(), object()),
    "identifiers": lambda: cells(uuid.UUID(int=1), uuid.UUID(int=2)),
    "mixed": lambda: cells(1, "a", None, 2.5, datetime.date(2020, 1, 1)),
    "mixed truth": lambda: cells(True, "true", 0, 1),
    "nothing": lambda: cells(float("nan"), None, pd.NA, pd.NaT),
    "infinities": lambda: np.where(ROWS == 3, np.inf, X),
    "text beyond floats": lambda: cells("1e400", "1"),
    "arrow lists": lambda: arrow([[1], [2, 3]]),
    "arrow structs": lambda: arrow([{"a": 1}, {"a": 2}]),
    "arrow maps": lambda: arrow([[("a", 1)], [("b", 2)]], "pa.map_(pa.string(), pa.int64())"),
    "arrow dictionary": lambda: arrow(["a", "b", None], "pa.dictionary(pa.int32(), pa.string())"),
    "arrow days": lambda: arrow([datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)], "pa.date32()"),
    "arrow far days": lambda: arrow([10**7, 10**7 + 1], "pa.date32()"),
    "arrow milliseconds": lambda: arrow([datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)], "pa.date64()"),
    "arrow times": lambda: arrow([1, 2], "pa.time64('ns')"),
    "arrow durations": lambda: arrow([1, 2], "pa.duration('s')"),
    "arrow decimals": lambda: arrow([decimal.Decimal("1.5"), decimal.Decimal("2")], "pa.decimal128(10, 2)"),
    "arrow binary": lambda: arrow([b"\xff", b"b"], "pa.binary()"),
    "arrow unknown zone": lambda: arrow([10**9, 10**9 + 10**6], "pa.timestamp('s', 'Nowhere/Land')"),
    "arrow nothing": lambda: arrow([None], "pa.null()"),
}
