"""A file that can only be read whole is read once in a call of the library, and once in a command."""

import os
import sqlite3
import warnings
from collections.abc import Collection
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import shoal
from shoal.cli import main
from shoal.files import reading_once
from shoal.table import otherfiles, read, reading
from shoal.table.filetypes import Place


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were read whole, in order."""
    files: list[str] = []
    read_whole = reading.frame_of_file

    def counting(place: Place, expected: Collection[str] = ()) -> object:
        files.append(place.file.name)
        return read_whole(place, expected)

    monkeypatch.setattr(reading, "frame_of_file", counting)
    return files


@pytest.mark.parametrize("name", ["t.xlsx", "t.db", "t.jsonl"])
def test_a_file_that_is_read_whole_is_read_once_in_a_call_and_again_once_it_has_changed(
    tmp_path: Path, opened: list[str], name: str
) -> None:
    frame = pd.DataFrame({"x": np.arange(60.0) % 7, "y": np.sin(np.arange(60.0))})
    path = tmp_path / name
    if path.suffix == ".db":
        with closing(sqlite3.connect(path)) as base:
            frame.to_sql("t", base, index=False)
    elif path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=True)
    shoal.look(path, "y")
    assert opened == [name]
    opened.clear()
    shoal.fit(path, "y", settings={"max_iter": 2, "n_networks": 1}, max_memory="1GB")  # whether it fits, its rows, its notes
    assert opened == [name]
    opened.clear()
    with reading_once():
        first = read(path)
        assert read(path) is first
        os.utime(path, ns=(1, 1))
        pd.testing.assert_frame_equal(read(path), first)
    assert opened == [name] * 2
    read(path)  # outside nothing is kept
    assert opened == [name] * 3


def test_a_command_reads_a_workbook_once(tmp_path: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"x": np.arange(60.0) % 7, "y": np.sin(np.arange(60.0))})
    path, model = tmp_path / "t.xlsx", str(tmp_path / "m.shoal")
    frame.to_excel(path, index=False)
    few = ["--set", "max_iter=2", "n_networks=1", "--max-memory", "1GB", "-o", model]
    for words in (
        ["fit", str(path), "--target", "y", *few],
        ["predict", model, str(path), "-o", str(tmp_path / "out.csv")],
        ["evaluate", model, str(path)],
        ["diagnose", model, str(path)],
    ):
        monkeypatch.setattr("sys.argv", ["shoal", *words])
        opened.clear()
        with suppress(SystemExit), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            main()
        assert opened == ["t.xlsx"], words


def test_the_width_of_a_sheet_is_found_once_not_for_each_of_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    last = otherfiles._last
    monkeypatch.setattr(otherfiles, "_last", lambda rows: calls.append(len(rows)) or last(rows))
    rows = [["a", "b", ""], *([float(i), 1.5, ""] for i in range(500))]
    frame, _ = otherfiles.grid_frame(Place(Path("t.xlsx"), "excel", ""), rows, ())
    assert frame.shape == (500, 2)
    assert len(calls) == 1  # a sheet of 20,000 rows took minutes else
