"""What rows to predict bring that no training row had: it is counted and named, and rare levels of training are none of it."""

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest

import shoal
from shoal import UnseenWarning
from shoal.cli.predict import predict_table
from shoal.table import describe_columns, prepared_rows, unseen_by
from shoal.table.levels import MOST_RARE, difference, level_key
from shoal.table.steps import preparation
from shoal.table_models.fit import evaluate
from shoal.table_models.predict import predictions

FAST = {"n_networks": 1, "hidden_layer_sizes": 2, "max_iter": 2}
CITIES = ("Berlin", "New York", "Köln")


@cache
def rows(n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"city": rng.choice(CITIES, n), "x": rng.normal(size=n), "ok": rng.random(n) < 0.5})
    frame["code"] = [*np.repeat(["05", "10", "20"], n // 4), *(f"{100 + i}" for i in range(n - 3 * (n // 4)))]
    frame["gaps"] = np.where(np.arange(n) % 2, frame["x"], np.nan)
    frame["when"] = pd.date_range("2024-01-01", periods=n, freq="D")
    frame["y"] = frame["x"] + (frame["city"] == "Berlin")
    return frame


@cache
def model():
    return shoal.fit(rows(), "y", test=rows(), categories=["code"], settings=FAST)


def said(call) -> list[str]:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()
    return [str(each.message) for each in found if each.category is UnseenWarning]


def test_rows_like_those_of_training_get_no_warning():
    assert said(lambda: model().predict(rows())) == []
    rare = rows()[rows()["code"].str.len() == 3]  # levels that share one column were seen too
    assert len(rare) == 30
    assert said(lambda: model().predict(rare)) == []
    assert said(lambda: model().predict(rows().assign(code=rows()["code"].astype(int)))) == []  # 5 is "05"
    assert said(lambda: shoal.fit(rows(), "y", categories=["code"], settings=FAST)) == []  # nor those held out in a fit


NEW = {"city": "Aachen", "code": "999", "x": np.nan, "ok": None, "when": pd.NaT}
PLACES = {
    "predict": lambda frame, folder: said(lambda: model().predict(frame)),
    "predictions": lambda frame, folder: said(lambda: predictions(model(), frame)),
    "evaluate": lambda frame, folder: said(lambda: evaluate(model(), frame)),
    "evaluate a file": lambda frame, folder: said(lambda: evaluate(model(), written(frame, folder))),
    "evaluate in pieces": lambda frame, folder: said(lambda: evaluate(model(), written(frame, folder), max_memory="400MB")),
    "predict a file": lambda frame, folder: [*map(str, predict_table(model(), written(frame, folder), folder / "out.csv")[1])],
    "predict in pieces": lambda frame, folder: [
        *map(str, predict_table(model(), written(frame, folder), folder / "out.csv", max_memory="400MB")[1])
    ],
}


def written(frame: pd.DataFrame, folder):
    frame.to_csv(folder / "new.csv", index=False)
    return folder / "new.csv"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", NEW)
def test_what_training_never_saw_is_named_everywhere(tmp_path, name, place):
    (about,) = PLACES[place](rows().assign(**{name: NEW[name]}), tmp_path)
    expected = {
        "city": "120 of 120 rows have levels of 'city' never seen in training ('Aachen'); they count as none of its levels",
        "code": "120 of 120 rows have levels of 'code' never seen in training ('999'); they are treated as its rare levels are",
    }
    gap = f"{name!r} is empty in all 120 rows (in 0 of 120 training rows); the median of the training rows stands for the values"
    assert about == expected.get(name, gap)


@pytest.mark.parametrize(
    ("level", "new", "differs"),
    [
        ("Berlin", "berlin", "case"),
        ("Berlin", "BERLIN", "case"),
        ("New York", "New  York", "blanks"),
        ("New York", "New\u00a0York", "blanks"),
        ("New York", "New York\u200b", "blanks"),
        ("Köln", "Ko\u0308ln", "Unicode form"),
        ("Köln", "KO\u0308LN", "case and Unicode form"),
        ("New York", "new  york", "case and blanks"),
    ],
)
def test_a_variant_of_a_known_level_is_named_with_it(level, new, differs):
    assert level_key(level) == level_key(new)
    assert difference(level, new) == differs
    (about,) = said(lambda: model().predict(rows().replace({"city": {level: new}})))
    n = int((rows()["city"] == level).sum())
    assert about.startswith(f"{n} of 120 rows have levels of 'city' never seen in training ({new!r}); ")
    assert about.endswith(f"; {new!r} differs from {level!r}, which is known, only in {differs}")


def test_an_empty_column_is_named_only_where_chance_does_not_explain_it():
    # Half of the training rows have a gap: nine empty rows come about once in 512 tables, ten in 1024.
    for n, is_named in ((1, False), (9, False), (10, True), (120, True)):
        found = said(lambda n=n: model().predict(rows().head(n).assign(gaps=np.nan)))
        assert [about.startswith("'gaps' is empty in all") for about in found] == [True] * is_named
    (about,) = said(lambda: model().predict(rows().head(1).assign(x=np.nan)))
    assert about.startswith("'x' is empty in the one row (in 0 of 120 training rows)")


def test_counts_of_chunks_add_up():
    frame = rows().assign(city=["Berlin"] * 50 + [f"new {i % 7}" for i in range(70)])
    whole, parts = unseen_by(model()["prepare"]), unseen_by(model()["prepare"])
    prepared_rows(model()["prepare"], frame, whole)
    for first in range(0, 120, 17):
        prepared_rows(model()["prepare"], frame[first : first + 17], parts)
    assert whole.sentences() == parts.sentences()
    assert whole.sentences()[0].startswith("70 of 120 rows have levels of 'city' never seen in training ('new 0', 'new 1', 'new 2', …)")


@pytest.mark.parametrize("n_rare", [MOST_RARE, MOST_RARE + 1])
def test_names_of_rare_levels_are_kept_up_to_a_number(n_rare):
    frame = pd.DataFrame({"who": ["a"] * 500 + ["b"] * 500 + [f"n{i}" for i in range(n_rare)]})
    prepare = preparation(describe_columns(frame)).fit(frame)
    assert (prepare["typed"].columns[0].rare_levels is None) == (n_rare > MOST_RARE)
    some = pd.DataFrame({"who": ["a", "n7", "new"]})
    found = unseen_by(prepare)
    prepared_rows(prepare, some, found)
    named = "1 of 3 rows have levels of 'who' never seen in training ('new'); they are treated as its rare levels are"
    assert found.sentences() == ([named] if n_rare == MOST_RARE else [])
    none = unseen_by(prepare)
    prepared_rows(prepare, pd.DataFrame({"who": ["A", "new"]}), none)
    assert len(none.sentences()) == 1  # whether rare ones are known by name or not: no row has a frequent one
    assert "'A' differs from 'a', which is known, only in case" in none.sentences()[0]


def test_files_keep_the_names_of_rare_levels(tmp_path):
    shoal.save(model(), tmp_path / "m.shoal")
    again = shoal.load(tmp_path / "m.shoal")
    assert again["prepare"]["typed"].columns == model()["prepare"]["typed"].columns
    rare = next(column.rare_levels for column in again["prepare"]["typed"].columns if column.name == "code")
    assert rare == tuple(f"{100 + i}" for i in range(30))
    new = rows().assign(city="Aachen")
    assert said(lambda: again.predict(new)) == said(lambda: model().predict(new)) != []
