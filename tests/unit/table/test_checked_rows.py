"""Rows of a text are checked as `csv.reader` gives them, though most are never cut into cells."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from shoal.errors import TableError
from shoal.table.checked_rows import CheckedRows, WholeNumbers
from shoal.table.delimited import checked
from shoal.table.filetypes import Place, place_of_table
from shoal.table.layout import Layout
from shoal.table.sniffing import Dialect

HEAD = ["a", "b", "c", "code"]
BREAKS = {"LF": "\n", "CR LF": "\r\n", "CR": "\r"}
ODD = {
    "none": None,
    "a blank line": "",
    "blanks": "   ",
    "a quoted separator": '1,"x, y",2,3',
    "a quoted break": '1,"x\ny",2,3',
    "a doubled quote": '1,"x ""y""",2,3',
    "a quote inside": '1,x"y,2,3',
    "a cell too few": "1,2,3",
    "a cell too many": "1,2,3,4,5",
    "an open quote": '1,"2,3,4',
}
GRID = [(separator, end, odd, at) for separator in ",;\t|" for end in BREAKS for odd in ODD for at in (0, 35)]


def reference(text: str, separator: str) -> tuple[int, int | None]:
    """Rows, and the line of the first row that is too short or too long."""
    reader, n = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True), -1
    for record in reader:
        if record not in ([], [""]):
            n += 1
            if len(record) != len(HEAD):
                return n, reader.line_num
    return n, None


@pytest.mark.parametrize(("separator", "end", "odd", "at"), GRID)
def test_rows_are_counted_and_the_first_wrong_one_is_named_by_its_line(separator, end, odd, at):
    rng = np.random.default_rng(0)
    rows = [[str(rng.integers(9)), f"{rng.random():.3f}", "xy"[i % 2], f"{i % 7:02d}"] for i in range(40)]
    lines = [separator.join(row) for row in [HEAD, *rows]]
    if ODD[odd] is not None:
        lines.insert(at + 1, ODD[odd].replace(",", separator))
    text = BREAKS[end].join(lines) + BREAKS[end]
    n, wrong = reference(text, separator)
    dialect = Dialect(separator, "utf-8", 0, Layout(tuple(HEAD), 1, (0, 1, 2, 3), 4))
    codes = {0: WholeNumbers(), 3: WholeNumbers()}
    found = CheckedRows(Place(Path("t.csv"), "text", ""), dialect, codes, None)
    if wrong is not None:
        with pytest.raises(TableError, match=rf"row {n} \(line {wrong}\)"):
            found.see_all(io.StringIO(text, newline=""))
        return
    found.see_all(io.StringIO(text, newline=""))
    assert found.row == n
    assert codes[3].is_text  # zeros before whole numbers are seen in lines that are not cut too
    assert not codes[0].is_text


@pytest.mark.parametrize("cells", ["1.200", "12.5", "1.200;7.5"])
def test_points_between_thousands_are_seen_beside_decimal_commas_alone(cells, tmp_path):
    """A column of 1.200 is text, that 1200 is not read as 1.2, if any cell of the table is such as 1,5."""
    for other in ("1,5", "1.5", "x"):
        lines = ["a;b;c", *(f"{cells.split(';')[i % len(cells.split(';'))]};{other};{i}" for i in range(40))]
        (tmp_path / "t.csv").write_text("\n".join(lines))
        found = checked(place_of_table(tmp_path / "t.csv"))
        assert found.texts == (("a",) if other == "1,5" and cells == "1.200" else ())
