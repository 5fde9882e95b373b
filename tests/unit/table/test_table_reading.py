"""Reading tables: what comes in whole, and the named error of everything that is no table."""

import gzip
import io
import signal
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from shoal.errors import TableError
from shoal.table import describe_columns, read, read_chunks
from skips import missing

CSV = "name,size,ok\nann,1.5,True\n,2,\nNA,,False\n"


def write(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_only_empty_cells_are_missing_and_rows_are_counted_from_one(tmp_path):
    frame = read(write(tmp_path, CSV))
    assert frame["name"].isna().tolist() == [False, True, False]
    assert frame["name"].iloc[2] == "NA"
    assert frame["size"].isna().tolist() == [False, False, True]
    assert frame.index.tolist() == [1, 2, 3]
    assert frame.index.name == "row"


def test_gzip_is_known_by_its_content_not_its_name(tmp_path):
    plain = read(write(tmp_path, CSV))
    for name in ("t.csv.gz", "misnamed.csv"):
        pd.testing.assert_frame_equal(read(write(tmp_path, gzip.compress(CSV.encode()), name)), plain)


def test_bom_spaces_and_quotes(tmp_path):
    frame = read(write(tmp_path, '\ufeffa , "b, c"\n1, "x, y"\n\n2, z\n'))
    assert list(frame.columns) == ["a", "b, c"]
    assert frame["b, c"].tolist() == ["x, y", "z"]
    assert frame["a"].tolist() == [1, 2]


def test_columns_of_a_model_keep_the_text_of_the_file(tmp_path):
    columns = describe_columns(pd.DataFrame({"code": ["007", "8a"] * 30, "n": range(60)}))
    path = write(tmp_path, "code,n\n007,1\n010,2\n")
    assert read(path)["code"].tolist() == [7, 10]
    assert read(path, columns)["code"].tolist() == ["007", "010"]
    assert [c for chunk in read_chunks(path, 1, columns) for c in chunk["code"]] == ["007", "010"]


def test_chunks_are_the_whole_table(tmp_path):
    path = write(tmp_path, "a,b\n" + "".join(f"{i},t{i}\n" for i in range(10)))
    chunks = list(read_chunks(path, rows=4))
    assert [len(chunk) for chunk in chunks] == [4, 4, 2]
    pd.testing.assert_frame_equal(pd.concat(chunks), read(path), check_index_type=False)


def test_a_late_ragged_row_is_found_before_the_first_chunk(tmp_path):
    path = write(tmp_path, "a,b\n" + "1,2\n" * 50 + "1\n")
    with pytest.raises(TableError, match="row 51"):
        read_chunks(path, rows=10)
    with pytest.raises(TableError, match="rows=0"):
        read_chunks(path, rows=0)


def test_parquet_whole_and_in_chunks(tmp_path):
    if find_spec("pyarrow") is None:
        missing("Parquet needs shoal[parquet]")
    path = tmp_path / "t.parquet"
    source = pd.DataFrame({"a": range(10), "b": ["x", None] * 5, "when": pd.date_range("2024-01-01", periods=10)}, index=range(5, 15))
    source.iloc[::-1].to_parquet(path)
    frame = read(path)
    assert list(frame.columns) == ["a", "b", "when"]
    assert frame.index.tolist() == list(range(1, 11))
    assert frame["b"].isna().sum() == 5
    pd.testing.assert_frame_equal(pd.concat(read_chunks(path, rows=3)), frame, check_index_type=False)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(TableError, match="not a whole Parquet file"):
        read(path)
    source.iloc[:0].to_parquet(path)
    with pytest.raises(TableError, match="no rows"):
        read(path)


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TableError, match=r"shoal\[parquet\]"):
        read(write(tmp_path, b"PAR1rest", "t.parquet"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty \\(0 bytes\\)"),
        ("\n\n", "blank lines only"),
        ("a,b\n", "header \\(2 columns\\) but no rows"),
        (b"PK\x03\x04rest", "spreadsheet"),
        ("a,b\n1,2\n\n3\n", r"row 2 \(line 4\) has 1 cells, the header has 2"),
        ("a,b\n1,2\n3,4,5\n", "row 2 .* has 3 cells"),
        ('a,b\n1,2\n3,"4\n5,6\n', "quotes"),
        ("a,b,a\n1,2,3\n", "duplicate column names 'a'"),
        ("a,b,\n1,2,3\n", "column 3 of 3 has no name"),
        ("caf\u00e9,b\n1,2\n".encode() + b"caf\xe9,2\n", "byte 0xe9 in line 3.*UTF-8"),
        (gzip.compress(b"a,b\n" + b"1,2\n" * 999, mtime=0)[:-20], "damaged gzip"),  # no time in it: the bytes name the test
        ("a,b\n1," + "x" * 200_000 + "\n", "line 2, cannot be read as CSV"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(TableError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_such_file_names_the_nearest_and_a_folder_is_refused(tmp_path):
    write(tmp_path, CSV, "titanic.csv")
    with pytest.raises(TableError, match=r"no file .*titanik.csv.*'titanic.csv'"):
        read(tmp_path / "titanik.csv")
    with pytest.raises(TableError, match="check the name"):
        read(tmp_path / "nowhere" / "t.csv")
    with pytest.raises(TableError, match="is a folder"):
        read(tmp_path)


@pytest.mark.parametrize("pieces", [False, True], ids=["whole", "in pieces"])
def test_ctrl_c_while_a_table_is_read_stops_the_reading(tmp_path, monkeypatch, pieces):
    """At whichever read it arrives: pandas says of it only that reading failed, and the file would be blamed."""
    file, left = tmp_path / "t.csv", 0
    file.write_text("a,b\n" + "".join(f"{i},{i * i}\n" for i in range(6000)))

    class Interrupted(io.BufferedReader):
        def read1(self, size=-1):
            nonlocal left
            left -= 1
            if left == 0:
                signal.raise_signal(signal.SIGINT)
            return super().read1(size)

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # processes that run tests side by side ignore it
    monkeypatch.setattr("shoal.table.filetypes.Place.open", lambda place: Interrupted(io.FileIO(place.file)))
    try:
        for call in range(1, 1000):
            left = call
            with suppress(KeyboardInterrupt):
                frame = pd.concat(read_chunks(file, 700)) if pieces else read(file)
                break
    finally:
        signal.signal(signal.SIGINT, handler)
    assert len(frame) == 6000
    assert call > 20  # so many reads were interrupted
