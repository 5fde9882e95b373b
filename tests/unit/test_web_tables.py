"""Tables that readers send to the page: read as on the command line, and each gives a view or a sentence that leads on."""

import io

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("starlette")

from shoal.errors import ShoalError
from shoal.table import describe_columns
from shoal.web.playground.live import Runs
from shoal.web.playground.tables import Table, likely_target
from skips import missing

OWN = {"data": "own", "solver": "adam", "rate": "0.01", "batch": "32", "init": "auto", "units": "16", "standardize": "yes"}


def table_of(columns):
    frame = pd.DataFrame(columns)
    return Table("t.csv", frame, describe_columns(frame))


X = np.random.default_rng(0).normal(size=60).round(3)
KIND = np.where(X > 0, "red", "blue")
MANY = [f"row {i}" for i in range(60)]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"Class": KIND, "a": X, "b": -X}, "Class"),
        ({"a": X, "y": X**2, "b": -X}, "y"),
        ({"a": X, "label": KIND, "y": X}, "label"),
        ({"a": X, "b": -X, "kind": KIND}, "kind"),
        ({"price": X, "b": -X, "name": MANY}, "price"),
        ({"mpg": X, "b": -X, "year": X}, "mpg"),
        ({"a": X, "b": -X, "constant": np.ones(60)}, "a"),
        ({"text": MANY, "b": -X, "kind": KIND, "constant": np.ones(60)}, "kind"),
        ({"target": MANY, "b": -X, "kind": KIND}, "kind"),
    ],
)
def test_the_likely_target_is_named_as_one_or_can_be_learned(columns, expected):
    assert likely_target(table_of(columns)) == expected


def test_a_table_is_read_whatever_separator_decimal_mark_and_encoding_it_has():
    frame = pd.DataFrame({"länge": X, "breite": (X**2).round(3), "farbe": np.where(X > 0, "grün", "weiß")})
    written = {
        "comma": frame.to_csv(index=False).encode(),
        "semicolon, decimal comma": frame.to_csv(index=False, sep=";", decimal=",").encode(),
        "the same in cp1252": frame.to_csv(index=False, sep=";", decimal=",").encode("cp1252"),
        "tabs": frame.to_csv(index=False, sep="\t").encode("utf-16"),
    }
    runs, seen = Runs(), []
    for content in written.values():
        key = runs.tables.add("mine.csv", content)
        run = runs.start({**OWN, "table": key})
        run.step(3)
        seen.append((run.data.target, run.view.x, run.training.judge().train))
        runs.stop(run.id)
    assert seen[0][:2] == ("farbe", "länge")
    assert len(set(seen)) == 1, dict(zip(written, seen, strict=True))


@pytest.mark.slow
def test_a_book_of_a_spreadsheet_is_read():
    pytest.importorskip("python_calamine")
    pytest.importorskip("openpyxl")
    book = io.BytesIO()
    pd.DataFrame({"a": X, "kind": KIND}).to_excel(book, index=False)
    runs = Runs()
    run = runs.start({**OWN, "table": runs.tables.add("mine.xlsx", book.getvalue())})
    assert run.data.target == "kind"


LEADS_ON = ("`shoal fit", "Choose another target", "Name another target", "pandas", "A table is")


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["data", "data2"])
def test_every_shared_table_gives_a_view_that_trains_or_a_sentence_that_leads_on(data_folder, folder):
    root = data_folder.parent / folder
    if not root.exists():
        missing(f"the shared tables are not in {root}")
    runs, refused = Runs(), {}
    # Files of indices are no tables of rows, and the notes beside the tables are prose.
    paths = [p for p in sorted(root.rglob("*")) if p.is_file() and not p.name.startswith(("index_", "README", "manifest"))]
    for path in paths:
        try:
            run = runs.start({**OWN, "table": runs.tables.add(path.name, path.read_bytes())})
        except ShoalError as wrong:
            refused[path.name] = str(wrong)
            continue
        run.step(2)
        assert np.isfinite(run.training.judge().train), path.name
        runs.stop(run.id)
    assert len(paths) > 20
    assert len(refused) < len(paths) / 4, refused
    assert all(any(words in sentence for words in LEADS_ON) for sentence in refused.values()), refused
