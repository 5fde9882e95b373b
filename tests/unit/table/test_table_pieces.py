"""A table read in pieces holds what the whole table holds, whatever kind of cells it has and wherever they stand."""

import numpy as np
import pandas as pd
import pytest

from sampling import sampled
from shoal.errors import ShoalError, TableError
from shoal.table import describe_columns, read, targets_of
from shoal.table.reading import open_table
from shoal.table.splits import split_time
from shoal.table_models.cut import Cut, cut_by_time
from shoal.table_models.survey import survey
from table_cells import KINDS, N, X

A_PIECE, MANY = 13, 1000
PLACES = ("input", "category", "target", "group", "time")


def frame_with(place: str, cells) -> pd.DataFrame:
    return pd.DataFrame({"x": X, "t": cells}) if place == "target" else pd.DataFrame({"x": X, "c": cells, "t": X[::-1]})


def files_of(frame: pd.DataFrame, folder):
    """The table as a file of each kind that can hold its cells."""
    for ending, write in (("parquet", frame.to_parquet), ("csv", lambda path: frame.to_csv(path, index=False))):
        path = folder / f"table.{ending}"
        try:
            write(path)
        except Exception:  # not every kind of cells can be written to every kind of file
            continue
        yield path


def in_pieces(path, place: str):
    """What a survey in pieces finds: the column's kind, or a target's classes; the name of an error."""
    codes = ["t", "c"] if place == "group" else ["t"]
    try:
        table = open_table(path, texts=["c"] if place == "category" else [], codes=codes)
        cut = Cut(0, 0.3, groups="c" if place == "group" else None)
        if place == "time":
            cut = cut_by_time(table, ("t",), Cut(0, 0.3, time="c"), A_PIECE, MANY, lambda n: None)
        chosen = ["c"] if place == "category" else []
        found = survey(table, ("t",), None, cut, categories=chosen, piece_rows=A_PIECE, sample_rows=MANY, progressed=lambda n: None)
    except ShoalError as error:
        return type(error).__name__
    if place == "target":
        return (found.task, found.classes)
    return {column.name: column.kind for column in found.columns}.get("c", "held out")


def whole(path, place: str):
    """What the whole table says of the same: of inputs all rows, of which a survey sees those that it learns from."""
    try:
        frame = read(path, texts=["c"] if place == "category" else [], codes=["t"])
        if place == "target":
            found = targets_of(frame, "t")
            return (found.task, found.classes)
        if place == "time":
            split_time(frame["c"])
        described = describe_columns(frame[["c"]], ["c"] if place == "category" else [])
        return "held out" if place == "group" else described[0].kind
    except ShoalError as error:
        return type(error).__name__


@pytest.mark.parametrize("kind", sampled(list(KINDS)[::8], KINDS))  # a tenth of a second for each place and file
@pytest.mark.filterwarnings("ignore:The array interface is deprecated", "ignore:The behavior of .* with empty or all-NA entries")
def test_pieces_end_as_the_whole_does(kind, tmp_path):
    for place in PLACES:
        for path in files_of(frame_with(place, KINDS[kind]()), tmp_path):
            found, expected = in_pieces(path, place), whole(path, place)
            assert not isinstance(expected, tuple) or found in (expected, "TableError"), (place, path.name, found, expected)


def test_pieces_keep_zeros_digits_and_marks(tmp_path):
    """As the whole table does: a piece alone would be taken for numbers."""
    path, n = tmp_path / "codes.csv", 40
    columns = {
        "code": ["007", "7"] * (n // 2),
        "big": [str(2**53 + i % 2) if i != 5 else "" for i in range(n)],
        "marked": ["NA" if i == 30 else str(1 + i % 2) for i in range(n)],
        "x": [str(i) for i in range(n)],
    }
    pd.DataFrame(columns).to_csv(path, index=False)
    frame = read(path, codes=list(columns))
    for name, classes in (("code", ("007", "7")), ("big", (2**53, 2**53 + 1)), ("marked", (1, 2))):
        table = open_table(path, codes=[name])
        found = survey(table, (name,), None, Cut(0, 0.3), categories=[], piece_rows=A_PIECE, sample_rows=MANY, progressed=lambda n: None)
        assert found.classes == (classes,)
        assert targets_of(frame, name).classes == (classes,)


def test_a_cell_of_several_values_is_named_with_its_row_in_a_late_piece(tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    pd.DataFrame({"x": X, "c": [None] * (N - 1) + [[1, 2]], "t": X}).to_parquet(tmp_path / "t.parquet")
    table = open_table(tmp_path / "t.parquet")
    with pytest.raises(TableError, match=f"Column 'c' holds several values in one cell, .* in row {N}"):
        survey(table, ("t",), None, Cut(0, 0.3), categories=[], piece_rows=A_PIECE, sample_rows=MANY, progressed=lambda n: None)
    assert np.isfinite(X).all()
