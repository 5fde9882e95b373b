"""Row numbers, answers and groups are found in tables that are not held whole too, in their first rows or in a random sample of them."""

import warnings

import numpy as np
import pandas as pd
import pytest

import shoal
from shoal.errors import ColumnsError, InvalidParameterError, TableError, TableWarning
from shoal.table_models import fit_in_pieces, memory
from shoal.table_models import within_memory as larger
from shoal.table_models.fit import evaluate, facts_of, notes_of
from shoal.table_models.inspect import sides_again

M, SAMPLE = 2_000, 1_000
QUICK = {"hidden_layer_sizes": 3, "n_networks": 1, "max_iter": 2}
RNG = np.random.default_rng(0)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def small_memory(monkeypatch):
    """Every table is larger than memory, and the sample has half of the rows."""
    monkeypatch.setattr(larger, "in_memory_bytes", lambda table: 1 << 60)
    monkeypatch.setattr(memory, "OVERHEAD", 0)
    for module in (memory, fit_in_pieces):
        monkeypatch.setattr(module, "LEAST_ROWS", 20)
    monkeypatch.setattr(fit_in_pieces, "PIECE_SHARE", 4.0)
    monkeypatch.setattr(fit_in_pieces, "SAMPLE_SHARE", 1e6)
    for module in (fit_in_pieces, larger):
        monkeypatch.setattr(module, "SAMPLE_ROWS", SAMPLE)


NAME = {"groups": "patient"}


def table(which: str) -> pd.DataFrame:
    """A table with a column that gets this note, sorted by its class."""
    person = np.repeat(np.random.default_rng(1).permutation(M // 5), 5)
    own = RNG.normal(size=(M // 5, 2))[person]
    x = own + 0.3 * RNG.normal(size=(M, 2))
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1]})
    y = np.where(np.arange(M) < M // 2, "no", "yes")
    z = {"identifier": np.arange(1, M + 1), "groups": person, "answer": np.where(y == "no", "u", "v"), "none": RNG.normal(size=M)}
    return frame.assign(**{NAME.get(which, "z"): z[which]}, y=y)


def in_blocks(path, **given):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        model = shoal.fit(path, "y", max_memory="300kB", settings=QUICK, **given)
    return model, [str(each.message) for each in seen if issubclass(each.category, TableWarning)]


WHERE = {
    "identifier": "in the first 100 of 2,000 rows",
    "groups": "in the first 100 of 2,000 rows",
    "answer": "in 1,000 random ones of 2,000",
}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("which", ["identifier", "groups", "answer", "none"])
def test_notes_are_of_first_rows_or_of_random_ones_and_say_so(which, kind, tmp_path):
    path = tmp_path / f"t.{kind}"
    frame = table(which)
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    model, seen = in_blocks(path)
    found = [(note.column, note.kind) for note in notes_of(model)]
    assert found == ([] if which == "none" else [(NAME.get(which, "z"), which)])
    assert len(seen) == len(found)
    assert all(WHERE[which] in each for each in seen)
    shoal.save(model, tmp_path / "m.shoal")
    assert notes_of(shoal.load(tmp_path / "m.shoal")) == notes_of(model)


def test_notes_of_a_sample_that_has_all_rows_say_nothing_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(fit_in_pieces, "SAMPLE_ROWS", 2 * M)
    table("answer").to_parquet(tmp_path / "t.parquet")
    _, (seen,) = in_blocks(tmp_path / "t.parquet")
    assert "random" not in seen


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_column_is_dropped_in_blocks_and_strict_stops_before_training(kind, tmp_path):
    path = tmp_path / f"t.{kind}"
    frame = table("answer")
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    with pytest.raises(TableError, match="--drop z"):
        in_blocks(path, strict=True)
    model, seen = in_blocks(path, drop=["z"], strict=True)
    assert not seen
    bare = frame.drop(columns="z")
    np.testing.assert_array_equal(model.predict(frame.head(9)), model.predict(bare.head(9)))
    assert facts_of(model).drop == ("z",)
    train, held = sides_again(model, path)
    assert list(train.inputs.columns) == ["a", "b"]
    assert len(held.y) == facts_of(model).n_test
    assert evaluate(model, path, max_memory="300kB").n_rows == M
    with pytest.raises(TableError, match="to drop"):
        in_blocks(path, drop=["zz"])


def test_notes_on_dask_are_those_of_its_rows_and_a_threshold_is_a_number(client):
    import dask.dataframe as dd

    import shoal.dask

    frame = table("answer")
    parts = dd.from_pandas(frame, npartitions=3, sort=False)
    given = {"settings": {**QUICK, "solver": "lbfgs"}, "client": client}
    with pytest.warns(TableWarning, match="z: each of its 2 values"):
        model = shoal.dask.fit_table(parts, "y", threshold=0.2, **given)
    assert [(note.column, note.kind) for note in notes_of(model)] == [("z", "answer")]
    assert model["estimator"].thresholds_ == (0.2,)
    with pytest.raises(InvalidParameterError, match="'f1' is found by cross-validation in memory, and this table lies on a cluster"):
        shoal.dask.fit_table(parts, "y", threshold="f1", **given)


@pytest.mark.parametrize("given", [{}, {"time": "z"}, {"groups": "patient"}], ids=["rows", "time", "groups"])
def test_chosen_inputs_are_learned_alone_and_rows_are_held_out_as_before(tmp_path, given):
    frame = table("identifier").assign(patient=np.arange(M) // 5)
    frame = frame.sample(frac=1, random_state=0, ignore_index=True)
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    model, _ = in_blocks(path, inputs=["b", "a"], **given)
    assert list(model.feature_names_in_) == ["a", "b"]
    assert facts_of(model).inputs == ("b", "a")
    train, held = sides_again(model, path)
    assert list(train.inputs.columns) == ["a", "b"]
    assert len(held.y) == facts_of(model).n_test
    if "time" in given:
        times = frame["z"].to_numpy()[held.inputs.index - 1]
        assert set(times) == set(range(times.min(), M + 1)), "the last rows are held out"
    np.testing.assert_array_equal(model.predict(frame.head(9)), model.predict(frame[["a", "b"]].head(9)))
    with pytest.raises(ColumnsError, match="no column 'c' to be an input"):
        in_blocks(path, inputs=["c"], **given)
