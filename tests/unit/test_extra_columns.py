"""A column that a model was not trained on is an error, or, on request, ignored and named once, wherever its rows come from."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

import shoal
from shoal import UnseenWarning
from shoal.cli.predict import predict_table
from shoal.errors import ColumnsError, InvalidParameterError, ModelFileError, ShoalError
from shoal.export import model_json, portable
from shoal.persistence.storing import stored

FAST = {"n_networks": 2, "hidden_layer_sizes": 3, "max_iter": 3}


def rows(m=60, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(size=m), "kind": rng.choice(["p", "q", "r"], m), "n": np.ones(m)})
    return frame.assign(y=frame["a"] + (frame["kind"] == "p"))


def more(frame):
    """The same rows with two columns that no model has seen, in other places; one has cells that no model takes."""
    wider = frame.assign(note=[["a", "list"]] * len(frame), **{"7": 0.0})
    return wider[["note", *reversed(frame.columns), "7"]]


@pytest.fixture(scope="module")
def numbers():
    return shoal.fit(rows(), "y", settings={**FAST, "calibration": "cv+"})


@pytest.fixture(scope="module")
def classes():
    return shoal.fit(rows(), "kind", settings=FAST)


def in_csv(frame, folder):
    path = folder / "new.csv"
    frame.to_csv(path, index=False)
    return path


def predicted(model, frame, folder, **settings):
    out = folder / "out.csv"
    _, given = predict_table(model, in_csv(frame, folder), out, **settings)
    for each in given:
        warnings.warn(each, stacklevel=1)
    return pd.read_csv(out).to_numpy()


def scores(found):
    return [*found.metrics.values(), found.n_rows]


def on_dask(model, frame):
    dd = pytest.importorskip("dask.dataframe")
    return shoal.dask.predict(model, dd.from_pandas(frame.astype({"kind": object}), npartitions=3)).compute(scheduler="sync")


PLACES = {
    "predict": lambda m, f, folder: m.predict(f),
    "predict_interval": lambda m, f, folder: m.predict_interval(f),
    "predict_quantiles": lambda m, f, folder: m.predict_quantiles(f, [0.2, 0.8]),
    "predictions": lambda m, f, folder: m.predictions(f.drop(columns="note", errors="ignore")).to_numpy(),
    "evaluate": lambda m, f, folder: scores(m.evaluate(f.drop(columns="note", errors="ignore"))),
    "a path": lambda m, f, folder: m.predict(in_csv(f, folder)),
    "evaluate a path": lambda m, f, folder: scores(m.evaluate(in_csv(f, folder))),
    "evaluate in blocks": lambda m, f, folder: scores(shoal.table_models.fit.evaluate(m, in_csv(f, folder), max_memory="400MB")),
    "a file": predicted,
    "a file in blocks": lambda m, f, folder: predicted(m, f, folder, max_memory="400MB"),
    "dask": lambda m, f, folder: on_dask(m, f),
}


def given(call):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        answer = call()
    return answer, [str(each.message) for each in found if each.category is UnseenWarning]


@pytest.mark.parametrize("place", PLACES)
def test_it_is_refused_unless_it_is_to_be_ignored(numbers, place, tmp_path, monkeypatch):
    monkeypatch.setattr("shoal.cli.predict.CHUNK_ROWS", 17)  # the columns of several chunks are named once
    plain, wider = rows(40, seed=1), more(rows(40, seed=1))
    with pytest.raises(ColumnsError, match=r"not trained on: .*'7'.*model\.extra = \"ignore\", on the command line --extra ignore"):
        PLACES[place](numbers, wider, tmp_path)
    lenient = pickle.loads(pickle.dumps(numbers))
    lenient.extra = "ignore"
    expected, silent = given(lambda: PLACES[place](lenient, plain, tmp_path))
    assert silent == []
    answer, told = given(lambda: PLACES[place](lenient, wider, tmp_path))
    np.testing.assert_array_equal(answer, expected)
    (line,) = told
    assert "that the model was not trained on" in line
    assert "'7'" in line
    assert ("'note'" in line) == (place not in ("predictions", "evaluate"))


def test_probabilities_ignore_it_too(classes):
    lenient = pickle.loads(pickle.dumps(classes))
    lenient.extra = "ignore"
    answer, told = given(lambda: lenient.predict_proba(more(rows())))
    np.testing.assert_array_equal(answer, classes.predict_proba(rows()))
    assert told == ["2 columns that the model was not trained on are ignored: 'note', '7'"]


def test_a_renamed_input_is_an_error_all_the_same(numbers):
    lenient = pickle.loads(pickle.dumps(numbers))
    lenient.extra = "ignore"
    with pytest.raises(ColumnsError, match=r"lacks 1 column .*'kind' \(nearest: 'Kind'\)"):
        lenient.predict(rows().rename(columns={"kind": "Kind"}))


def test_it_is_kept(numbers, tmp_path):
    lenient = pickle.loads(pickle.dumps(numbers))
    assert numbers.extra == lenient.extra == "refuse"
    lenient.extra = "ignore"
    (tmp_path / "model.json").write_text(model_json(portable(lenient)), encoding="utf-8")
    kept = [shoal.load(shoal.save(lenient, tmp_path / "m.shoal")), shoal.from_json(tmp_path / "model.json"), clone(lenient)]
    kept.append(pickle.loads(pickle.dumps(lenient)))
    assert [same.extra for same in kept] == ["ignore"] * 4
    assert shoal.load(shoal.save(numbers, tmp_path / "m.shoal")).extra == "refuse"


def test_a_file_from_before_there_was_a_choice_refuses(numbers):
    from shoal.persistence.building import built

    content = stored(numbers)
    del content.manifest["preparation"]["extra"]
    assert built(content).extra == "refuse"
    content.manifest["preparation"]["extra"] = "keep"
    with pytest.raises(ModelFileError, match="extra"):
        built(content)


@pytest.mark.parametrize("wrong", ["keep", "", None, 1, True, ["ignore"], np.array(["ignore"])])
def test_another_choice_is_named(numbers, wrong):
    model = pickle.loads(pickle.dumps(numbers))
    with pytest.raises(InvalidParameterError, match=r"extra=.* is not known; choose one of 'refuse', 'ignore'"):
        model.extra = wrong
    model.set_params(prepare__typed__extra=wrong)  # scikit-learn checks nothing before the step is used
    with pytest.raises(InvalidParameterError, match="choose one of 'refuse', 'ignore'"):
        model.predict(rows())


def test_a_model_with_another_first_step_has_no_such_choice(numbers):
    other = shoal.TableModel([("prepare", make_pipeline("passthrough")), ("estimator", numbers["estimator"])])
    with pytest.raises(ShoalError, match="first step is shoal's preparation of raw tables; this one's is a Pipeline"):
        other.extra = "ignore"
