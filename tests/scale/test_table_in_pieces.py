"""A table that comes in pieces is understood and prepared as if it came whole."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from shoal.draws import Purpose, row_draws, shares
from shoal.errors import TableError
from shoal.table import describe_columns, preparation, read
from shoal.table.describing import described, level_counts
from shoal.table.reading import open_table
from shoal.table.steps import fitted_preparation
from shoal.table.tally import Tally
from shoal.table_models.cut import Cut, Sample
from shoal.table_models.fit_in_pieces import frame_bytes, in_memory_bytes, rows_of_piece
from shoal.table_models.memory import memory_of
from shoal.table_models.survey import survey

pytestmark = pytest.mark.filterwarnings("ignore::shoal.UnseenWarning")  # levels that no training row had are meant

SETS = ["titanic", "adult", "seoul_bike", "bank_marketing", "penguins", "abalone"]


@cache
def shared(file):
    """A shared table's first rows, read once for all tests of this file."""
    return read(file).head(3_000)


def in_pieces(frame, rows, **most):
    """The columns, counted so many rows at a time."""
    found = {}
    for start in range(0, len(frame), rows):
        piece = frame.iloc[start : start + rows]
        for name in frame.columns:
            found.setdefault(name, Tally(name, **most)).see(piece[name])
    return {name: tally.finish() for name, tally in found.items()}


@pytest.mark.parametrize("rows", [60, 10_000])
@pytest.mark.parametrize("name", SETS)
def test_columns_of_pieces_are_those_of_the_whole(name, rows, data_folder, manifest):
    frame = shared(data_folder / manifest[name]["file"]).head(1_200)
    assert tuple(described(tally) for tally in in_pieces(frame, rows).values()) == describe_columns(frame)


ODD = {
    "dates with gaps": [None] * 60 + ["2024-01-31 10:00", "2024-02-01 11:30"] * 70,
    "day before month only late": ["01/02/2024"] * 150 + ["13/02/2024"] * 50,
    "truth in words": ["true", "False", None, "TRUE"] * 50,
    "numbers in text with marks": ["1.5", "NA", "2", "?"] * 50,
    "levels": (["a"] * 9 + ["b"] * 2 + [None] + [f"once {i}" for i in range(8)]) * 10,
    "all rare": [f"id {i}" for i in range(200)],
    "booleans with gaps": [True, None, False, True] * 50,
    "one value and gaps": [None, 5.0] * 100,
    "nothing": [None] * 200,
}


@pytest.mark.parametrize("cells", ODD.values(), ids=ODD)
@pytest.mark.parametrize("rows", [9, 199])
def test_odd_columns_of_pieces_are_those_of_the_whole(cells, rows):
    frame = pd.DataFrame({"x": cells})
    assert (described(in_pieces(frame, rows)["x"]),) == describe_columns(frame)


@pytest.mark.parametrize("rows", [10, 64])
def test_a_slip_in_a_late_piece_is_named_by_its_row(rows):
    frame = pd.DataFrame({"x": [str(i) for i in range(300)]}, index=pd.RangeIndex(1, 301, name="row"))
    frame.loc[288, "x"] = "28b"
    with pytest.raises(TableError, match=r"'x' holds text where numbers must be: '28b' in row 288"):
        described(in_pieces(frame, rows)["x"])
    frame["x"] = np.where(np.arange(1, 301) == 299, np.inf, 1.0 * np.arange(300))
    with pytest.raises(TableError, match=r"infinity in row 299 \(1 of 300 cells\)"):
        described(in_pieces(frame, rows)["x"])


def test_texts_beyond_the_most_are_dropped_from_the_rarest_on():
    """Frequent levels stay, and are counted too low by rows / MOST_TEXTS at most (Misra and Gries's bound)."""
    rng = np.random.default_rng(0)
    texts = np.where(rng.random(5_000) < 0.5, rng.choice(["often", "also"], 5_000), [f"only {i}" for i in range(5_000)])
    tally = in_pieces(pd.DataFrame({"x": texts}), 100, most_texts=50)["x"]
    counts = level_counts(tally)
    assert tally.crowded
    assert described(tally).reason == "more than 50 levels"
    assert len(counts) <= 50
    for level in ("often", "also"):
        assert (texts == level).sum() - 5_000 / 50 <= counts[level] <= (texts == level).sum()


@pytest.mark.parametrize("name", SETS)
def test_the_preparation_of_counts_is_that_of_the_rows(name, data_folder, manifest):
    """Where the sample holds every row, medians are the same too, and so is every prepared number."""
    frame = shared(data_folder / manifest[name]["file"])
    columns, counted = describe_columns(frame), in_pieces(frame, 400)
    counts = {c.name: level_counts(counted[c.name]) for c in columns if c.kind == "category"}
    whole, pieces = preparation(columns).fit(frame), fitted_preparation(columns, counts, frame)
    np.testing.assert_array_equal(pieces.transform(frame), whole.transform(frame))
    assert list(pieces.get_feature_names_out()) == list(whole.get_feature_names_out())


def test_the_commonest_of_very_many_levels_get_columns_as_scikit_learn_chooses_them():
    """300 levels, more than have columns, with ties at the border."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": [f"level {i}" for i in rng.integers(0, 300, 4_000)] + ["rare"] * 2, "n": np.arange(4_002.0)})
    columns, counted = describe_columns(frame), in_pieces(frame, 500)
    whole = preparation(columns).fit(frame)
    pieces = fitted_preparation(columns, {"x": level_counts(counted["x"])}, frame)
    np.testing.assert_array_equal(pieces.transform(frame), whole.transform(frame))
    unknown = frame.head(2).assign(x=["never seen", None])
    np.testing.assert_array_equal(pieces.transform(unknown), whole.transform(unknown))


def test_a_column_whose_first_pieces_look_like_numbers_is_read_as_text(tmp_path):
    codes = [f"{i % 7:03d}" for i in range(600)] + ["A01"] * 200
    pd.DataFrame({"code": codes, "truth": ["1", "0"] * 300 + ["true", "false"] * 100, "y": np.arange(800) % 5 + 0.5}).to_csv(
        tmp_path / "t.csv", index=False
    )
    whole = read(tmp_path / "t.csv")
    found = survey(
        open_table(tmp_path / "t.csv"),
        ("y",),
        None,
        Cut(0, 0.2, all_learn=True),
        categories=(),
        piece_rows=50,
        sample_rows=1_000,
        progressed=lambda n: None,
    )
    assert found.columns == describe_columns(whole.drop(columns="y"))
    assert found.columns[0].levels[0] == "A01"
    assert "000" in found.columns[0].levels
    assert set(found.texts) == {"code", "truth"}


def test_a_sample_is_the_same_whatever_the_pieces_and_each_row_as_likely_as_any():
    frame = pd.DataFrame({"x": np.arange(5_000)}, index=pd.RangeIndex(1, 5_001, name="row"))
    drawn = []
    for rows in (13, 5_000):
        sample = Sample(500)
        for start in range(0, 5_000, rows):
            piece = frame.iloc[start : start + rows]
            sample.see(row_draws(3, Purpose.SAMPLE, piece.index.to_numpy()), piece)
        drawn.append(sorted(sample.frame["x"]))
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 500
    tenths = np.histogram(drawn[0], bins=10, range=(0, 5_000))[0]
    assert tenths.min() > 25  # 50 on average: within 4 of its standard deviations, 6.7
    assert tenths.max() < 77


def test_row_draws_are_uniform_and_other_for_every_purpose_and_seed():
    rows = np.arange(1, 20_001)
    held, sample, other = (shares(row_draws(s, p, rows)) for s, p in ((0, Purpose.SCORED), (0, Purpose.SAMPLE), (1, Purpose.SCORED)))
    assert abs(held.mean() - 0.5) < 4 * np.sqrt(1 / 12 / len(rows))
    for one, two in ((held, sample), (held, other), (held[1:], held[:-1])):
        assert abs(np.corrcoef(one, two)[0, 1]) < 4 / np.sqrt(len(rows))


def test_every_type_of_a_parquet_file_is_understood_as_if_it_came_whole(tmp_path):
    """Types that pandas shows in two ways, with gaps and without, come in both."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    n, gaps = 600, [None if i % 7 == 0 and i > 300 else i for i in range(600)]
    day = pd.Timestamp("2024-01-01")
    table = pa.table(
        {
            "whole": pa.array(gaps, pa.int64()),
            "small": pa.array([None if g is None else g % 100 for g in gaps], pa.int8()),
            "truth": pa.array([None if g is None else g % 3 == 0 for g in gaps], pa.bool_()),
            "named": pa.array([None if g is None else f"k{g % 4}" for g in gaps]).dictionary_encode(),
            "day": pa.array([None if g is None else (day + pd.Timedelta(days=g)).date() for g in gaps], pa.date32()),
            "moment": pa.array([day + pd.Timedelta(hours=g or 0) for g in gaps], pa.timestamp("us", tz="Europe/Oslo")),
            "empty": pa.array([None] * n, pa.float32()),
            "y": pa.array(np.arange(n) % 2 == 0),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=250)
    cut = Cut(0, 0.2, all_learn=True)
    file = open_table(tmp_path / "t.parquet")
    found = survey(file, ("y",), None, cut, categories=(), piece_rows=70, sample_rows=10_000, progressed=lambda rows: None)
    frame = read(tmp_path / "t.parquet")
    assert found.columns == describe_columns(frame.drop(columns="y"))
    assert (found.task, found.classes) == ("classification", ((False, True),))
    assert [column.kind for column in found.columns] == ["number", "number", "boolean", "category", "date", "date", "left out"]
    assert (file.n_rows, file.number_bytes["whole"], file.number_bytes["small"], file.number_bytes["named"]) == (n, 8, 4, 0)
    whole = preparation(found.columns).fit(frame.drop(columns="y"))
    pieces = fitted_preparation(found.columns, found.counts, found.sample, ["y"])
    np.testing.assert_array_equal(pieces.transform(found.sample), whole.transform(frame.drop(columns="y")))


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_long_texts_are_reckoned_with(tmp_path, kind):
    """Zipped or not: by what they hold, or a piece of a table of letters would not fit into memory."""
    long, m = 20_000, 30
    frame = pd.DataFrame({"letter": [f"{i} " + "x" * long for i in range(m)], "n": np.arange(m) + 0.5, "y": np.arange(m) % 2})
    file = tmp_path / f"t.{kind}"
    frame.to_parquet(file) if kind == "parquet" else frame.to_csv(file, index=False)
    table = open_table(file)
    assert long < frame_bytes(table) < 1.05 * long
    assert in_memory_bytes(table) > 3 * m * long
    memory = memory_of("1GB")
    assert rows_of_piece(table, memory) * long < memory.room
    frame.assign(letter="short").to_csv(tmp_path / "short.csv", index=False)
    assert frame_bytes(open_table(tmp_path / "short.csv")) == 3 * 80  # places and all: little texts take more than their letters
