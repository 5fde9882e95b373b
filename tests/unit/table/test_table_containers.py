"""One table in whatever file people have it: read as the same table, or refused by what the file is."""

import gzip
import os
import pickle
import sqlite3
import zipfile

import numpy as np
import pandas as pd
import pytest

from sampling import sampled
from shoal.errors import TableError
from shoal.table import TablePath, describe_columns, read, read_chunks
from shoal.table.cells import ROW
from shoal.table.layout import is_unit, layout_of
from shoal.table.reading import notes_of, open_table
from shoal.table.sniffing import dialect_of
from shoal.table_models.fit import evaluate, fit
from written_tables import CONTAINERS, CSV, NUMBERS, TABLE, TEXTS, in_memory, text_of, workbook

FAST = {"n_networks": 1, "hidden_layer_sizes": 4, "max_iter": 5}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Every container, written once."""
    place = tmp_path_factory.mktemp("containers")
    for name, write in CONTAINERS.items():
        write(place / name)
    return place


@pytest.fixture(scope="module")
def model():
    return fit(TABLE, "y", settings=FAST)


@pytest.fixture(scope="module")
def evaluated(model):
    return evaluate(model, TABLE)


def cells(frame):
    """Cells as text: what a person sees of a table, whatever types its file has."""
    return [[str(cell) for cell in frame[name]] for name in frame.columns]


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_understood(name, tmp_path):
    written = TEXTS[name]
    found = dialect_of(written.text, "utf-8", whole=True)
    assert found.separator == (written.separator or ",")
    assert (found.layout.n_header - bool(found.layout.units), found.skip, found.decimal) == (written.n_names, written.skip, written.decimal)
    path = tmp_path / "t.csv"
    path.write_text(written.text, encoding="utf-8")
    frame = read(path, texts=found.layout.names)
    assert frame.index.equals(pd.RangeIndex(1, len(written.frame) + 1, name=ROW))
    expected = written.frame.astype(str).replace({"": "nan"} if name == "gaps" else {})
    if written.decimal == ",":
        number = [c for c in expected if written.frame[c].dtype == float]
        expected[number] = expected[number].apply(lambda column: column.str.replace(".", ","))
    assert cells(frame) == cells(expected)
    pieces = list(read_chunks(path, 7))
    assert [len(piece) for piece in pieces[:-1]] == [7] * (len(pieces) - 1)
    pd.testing.assert_frame_equal(pd.concat(pieces), read(path), check_index_type=False)


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_model_answers_the_same_from_every_file(name, folder, model, evaluated):
    """To the bit: the cells are the same numbers, texts and dates."""
    frame = read(folder / name)
    assert list(frame.columns) == list(TABLE.columns)
    assert frame.index.equals(pd.RangeIndex(1, len(TABLE) + 1, name=ROW))
    np.testing.assert_array_equal(model.predict(frame), model.predict(TABLE))
    pieces = list(open_table(folder / name).pieces(11))
    np.testing.assert_array_equal(np.concatenate([model.predict(piece) for piece in pieces]), model.predict(TABLE))
    assert evaluate(model, folder / name) == evaluated


@pytest.mark.parametrize("name", sampled(list(CONTAINERS)[::5], CONTAINERS))
def test_a_model_of_every_file_is_the_same(name, folder, model):
    trained = fit(folder / name, "y", settings=FAST)
    np.testing.assert_array_equal(trained.predict(TABLE), model.predict(TABLE))


@pytest.mark.parametrize("name", in_memory())
def test_tables_of_other_libraries_are_the_same(name, model):
    np.testing.assert_array_equal(model.predict(in_memory()[name]), model.predict(TABLE))
    np.testing.assert_array_equal(fit(in_memory()[name], "y", settings=FAST).predict(TABLE), model.predict(TABLE))


def test_a_table_without_names_is_fitted_and_read_alike(tmp_path):
    path = tmp_path / "uci.data"
    path.write_text(text_of(TABLE, names=False))
    model = fit(path, "column_5", settings=FAST)
    assert [column.name for column in model["prepare"]["typed"].columns] == ["column_1", "column_2", "column_3", "column_4"]
    assert evaluate(model, path).n_rows == len(TABLE)
    few = tmp_path / "few.data"  # too few rows to tell; the model knows its columns
    few.write_text("".join(text_of(NUMBERS, names=False).splitlines(keepends=True)[:2]))
    columns = describe_columns(read(TablePath(few, header=False)))
    assert len(read(few, columns)) == 2
    assert len(read(few)) == 1


def points_table(separator, amount, price="{:.2f}", comma=","):
    """Amounts from 100 to 2,999 in a spelling of their own, beside prices with a decimal mark."""
    rng = np.random.default_rng(0)
    amounts, prices = rng.integers(100, 3000, 60), rng.normal(size=60)
    rows = [f"{amount(int(n))}{separator}{price.format(v).replace('.', comma)}" for n, v in zip(amounts, prices, strict=True)]
    return "\n".join([f"amount{separator}price", *rows, ""]), amounts


def grouped(n):
    return f"{n:,}".replace(",", ".")


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_points_between_thousands_are_no_decimal_points_beside_decimal_commas(separator, tmp_path):
    path = tmp_path / "t.csv"
    text, amounts = points_table(separator, grouped)
    path.write_text(text)
    (found, _) = describe_columns(read(path))
    assert str(found.number_format) == "thousands by points"
    assert (found.low, found.high) == (amounts.min(), amounts.max())
    assert all(pd.api.types.is_string_dtype(piece["amount"]) for piece in read_chunks(path, 7))  # also where no cell has a point


@pytest.mark.parametrize(
    ("amount", "comma", "factor"),
    [(grouped, ".", 0.001), (lambda n: f"{n / 10}", ",", 0.1), (lambda n: str(n), ",", 1)],
    ids=["no commas", "not three digits", "no points"],
)
def test_other_points_are_decimal_points(amount, comma, factor, tmp_path):
    path = tmp_path / "t.csv"
    text, amounts = points_table(";", amount, comma=comma)
    path.write_text(text)
    (found, _) = describe_columns(read(path))
    assert found.number_format.is_plain
    large = amounts[amounts >= 1000] if factor == 0.001 else amounts
    assert found.low == pytest.approx(large.min() * factor)
    assert pd.api.types.is_numeric_dtype(read(path)["amount"])


@pytest.mark.parametrize("header", [True, False])
def test_whether_there_is_a_header_can_be_said(header, tmp_path):
    path = tmp_path / "numbers.csv"
    path.write_text("1,2\n3,4\n5,6\n")
    frame = read(TablePath(path, header=header))
    assert (list(frame.columns), len(frame)) == ((["1", "2"], 2) if header else (["column_1", "column_2"], 3))


def test_sheets_tables_and_members_are_named(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "April"
    for row in ([["a", "b"], [1, 2.5], [3, 4.5]], [["c", "d"], ["x", 1], ["y", 2]]):
        sheet = book.active if row[0] == ["a", "b"] else book.create_sheet("May")
        for line in row:
            sheet.append(line)
    path = tmp_path / "book.xlsx"
    book.save(path)
    assert list(read(path).columns) == ["a", "b"]
    assert [str(dtype) for dtype in read(path).dtypes] == ["int64", "float64"]
    for named in (f"{path}::May", TablePath(path, sheet="May")):
        assert list(read(named).columns) == ["c", "d"]
    assert "the other sheets are 'May'" in str(notes_of(path)[0])
    with pytest.raises(TableError, match=r"no sheet 'Mai'; it has 'May'"):
        read(f"{path}::Mai")
    base = sqlite3.connect(tmp_path / "t.db")
    for name in ("runs", 'odd " name'):
        TABLE.to_sql(name, base, index=False)
    base.close()
    with pytest.raises(TableError, match=r"database with 2 tables"):
        read(tmp_path / "t.db")
    for name in ("runs", 'odd " name'):
        pd.testing.assert_frame_equal(read(f"{tmp_path / 't.db'}::{name}"), read(f"{tmp_path / 't.db'}::runs"))
    with pytest.raises(TableError, match=r"no table 'run'; it has 'runs'"):
        read(f"{tmp_path / 't.db'}::run")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")
        archive.writestr("b.csv", "c,d\n1,2\n")
    with pytest.raises(TableError, match=r"archive of 2 files: 'a.csv', 'b.csv'. Name the table as .*::a.csv"):
        read(tmp_path / "two.zip")
    assert list(read(f"{tmp_path / 'two.zip'}::b.csv").columns) == ["c", "d"]
    plain = tmp_path / "t.csv"
    plain.write_text(CSV)
    with pytest.raises(TableError, match="is one table"):
        read(f"{plain}::x")


def test_windows_letters_are_read_where_a_file_is_no_utf_8(tmp_path):
    path = tmp_path / "t.csv"
    late = "ort,n\n" + "a,1\n" * 100_000 + "Köln,2\n"
    for text in ("ort,n\nMünchen,1\nKöln,2\n", late):
        path.write_bytes(text.encode("cp1252"))
        frame = read(path)
        assert frame["ort"].iloc[-1] == "Köln"
        assert sum(map(len, read_chunks(path, 30_000))) == len(frame)
    path.write_bytes("ort,n\nMünchen,1\n".encode("cp1252"))
    assert [str(note) for note in notes_of(path)] == ["t.csv: text in cp1252, as it is no UTF-8 (save it as UTF-8 if letters look wrong)"]
    path.write_bytes("ort,n\nMünchen,1\n".encode() + b"K\xf6ln,2\n")
    with pytest.raises(TableError, match=r"not UTF-8 text: byte 0xf6 in line 3"):
        read(path)  # one damaged byte among valid UTF-8: other letters must not be changed


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", r"an image \(PNG\)"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", r"an image \(JPEG\)"),
        (b"GIF89a\1\0\1\0", r"an image \(GIF\)"),
        (b"\x89HDF\r\n\x1a\n\0\0\0", "an HDF5 file.*pandas.read_hdf"),
        (pickle.dumps({"a": [1]}), "a Python pickle, which can run any program"),
        (b"\x93NUMPY\1\0v\0", r"an array of NumPy.*numpy.load"),
        (b"<!DOCTYPE html>\n<html><table></table></html>", "an HTML page.*pandas.read_html"),
        (b"\xef\xbb\xbf\n<HTML lang='de'>", "an HTML page"),
        (b'<?xml version="1.0"?><a/>', "an XML document"),
        (b"7z\xbc\xaf\x27\x1c\0", "a 7z archive"),
        (b"Rar!\x1a\7\1\0", "a RAR archive"),
        (b"\0" * 257 + b"ustar\0" + b"\0" * 300, "a tar archive"),
        (b"{\\rtf1\\ansi Hello}", "RTF"),
        (b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "a MATLAB file.*writetable"),
        (b"ORC\0\0", "an ORC file"),
        (b"Obj\x01\4\x14avro", "an Avro file"),
        (b"RDX2\nX\n\0\0\0\2", r"R objects.*write.csv"),
        (gzip.compress(b"X\n\0\0\0\3\0\4", mtime=0), r"an R object \(.rds\).*write.csv"),
        (gzip.compress(b"\0\0\x08\x03\0\0\xea`", mtime=0), "MNIST"),
        (b"\x7fELF\2\1\1\0", "a program"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old Office program"),
        (b"PK\x03\x04rest", "damaged zip file or spreadsheet"),
        (b'{"weights": [1, 2], "bias": 0}', "one JSON object"),
        (b"[1, 2, 3]", "row 1 is 1, no object"),
        (b'{"a": 1}\n{"a": 2', "no JSON"),
        (b'{"a": [1, 2]}\n{"a": [3]}\n', "several values in one cell"),
        (b"@relation x\n@attribute a numeric\n1\n", "without a line @data"),
        (b"@relation x\n@attribute a numeric\n@data\n{0 1}\n", "sparse rows"),
        (b"a,b\n\x01\x02,2\n", "control characters"),
        (b"SQLite format 3\0" + b"\0" * 99, "cannot be read as a file of the kind sqlite"),
        (b"ARROW1\0\0\1\2", "cannot be read as a file of the kind arrow"),
        (b"<stata_dta><header>", "cannot be read as a file of the kind stata"),
        (b"BZh91AY&SY\0\0", "damaged bzip2 file"),
        (b"\xfd7zXZ\0\0\0\0", "damaged xz file"),
        (b"\x28\xb5\x2f\xfd\0\0\0\0\0", "damaged zstd file"),
    ],
)
def test_what_is_no_table_is_refused_by_what_it_is(content, message, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    for use in (read, open_table, lambda path: list(read_chunks(path)), notes_of):
        if use is notes_of and "several" in message:
            continue
        with pytest.raises(TableError, match=message) as caught:
            use(path)
        assert "\n" not in str(caught.value)


def test_documents_in_zip_files_are_named(tmp_path):
    path = tmp_path / "t.docx"
    for member, what in (("word/document.xml", "a Word document"), ("manifest.json", "a model file")):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, "x")
            archive.writestr("other", "x")
        with pytest.raises(TableError, match=what):
            read(path)


def test_words_at_the_start_of_a_csv_file_are_no_kind_of_file(tmp_path):
    for name in ("BMI", "ORC", "RDX", "MZ", "PKW", "{a", "@id", "BZ", "Obj"):
        path = tmp_path / "t.csv"
        path.write_text(f"{name},y\n1,2\n3,4\n")
        assert list(read(path).columns) == [name, "y"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2,3\n4,5,6\n", r"row 1 \(line 2\) has 3 cells, the header has 2"),  # one name is lacking: which?
        ("a,b,c\n1,2\n3,4\n", r"row 1 .* has 2 cells, the header has 3"),
        ("name\nAnn Smith\nBob Jones\n", None),
        ("a;b;\n1;2;\n3;4;5\n", "column 3 of 3 has no name"),
        ("sep=;\na;b\n1;2\n3\n", r"row 2 \(line 4\) has 1 cells.*separators"),
    ],
)
def test_a_header_of_another_length_is_still_named(text, message, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(text)
    if message is None:
        assert read(path).shape == (2, 1)
        return
    with pytest.raises(TableError, match=message):
        read(path)


@pytest.mark.parametrize(
    ("units", "are"),
    [
        (["°C", "km/h", "-"], True),
        (["[m/s^2]", "(kg)", ""], True),
        (["µg/m3", "%", "W/m²"], True),
        (["NA", "NA", "NA"], False),
        (["n.d.", "n.d.", "n.d."], False),
        (["1", "km", "3"], False),
        (["", "", ""], False),
        (["abc", "kg", "m"], False),
    ],
)
def test_a_line_of_units_is_told_from_a_row(units, are):
    grid = [["a", "b", "c"], units, ["1", "2", "3"], ["4", "5", "6"]]
    assert bool(layout_of(grid).units) is are
    assert not is_unit("12")


def test_a_big_file_is_sniffed_by_its_head_alone(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text(text_of(NUMBERS, ";") * 1000)
    read_bytes = 0
    import shoal.table.filetypes as filetypes

    opened = filetypes.Place.open

    def counted(place):
        stream = opened(place)
        take = stream.read1

        def read1(size=-1):
            nonlocal read_bytes
            found = take(size)
            read_bytes += len(found)
            return found

        stream.read1 = read1
        return stream

    monkeypatch.setattr(filetypes.Place, "open", counted)
    assert notes_of(path)
    assert read_bytes < 300_000 < path.stat().st_size


def test_a_path_with_more_said_is_a_path():
    path = TablePath("folder/book.xlsx", sheet="May")
    assert os.fspath(path) == str(path) == "folder/book.xlsx::May"


def test_a_sheet_with_lines_above_units_and_gaps(tmp_path):
    frame = pd.DataFrame(
        {"a": [1.5, None, 3.0], "b": ["x", "007", None], "c": [True, False, True], "d": pd.date_range("2024-01-01", periods=3)}
    )
    workbook(tmp_path / "t.xlsx", frame, above=(["Report"],))
    found = read(tmp_path / "t.xlsx")
    assert [column.kind for column in describe_columns(pd.concat([found] * 9))] == ["number", "category", "boolean", "date"]
    assert found["b"].iloc[1] == "007"
    assert found["a"].isna().tolist() == [False, True, False]
