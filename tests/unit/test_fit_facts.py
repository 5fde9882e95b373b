"""What is known of a fit is of that fit alone: a model that was fitted anew speaks for itself."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

import shoal
from shoal.cli.show import description
from shoal.errors import ShoalError
from shoal.export import portable
from shoal.export.json_text import model_json
from shoal.network import known_facts, mark_now
from shoal.table_models.fit import evaluate, facts_of
from shoal.table_models.predict import predictions

SETTINGS = {"n_networks": 1, "max_iter": 3, "hidden_layer_sizes": 4}


def table(m=120):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=m), "c": rng.choice(["a", "b"], m)})
    return frame, np.where(frame["x"] > 0, "yes", "no")


@pytest.fixture(scope="module")
def fitted():
    frame, y = table()
    return shoal.fit(frame.assign(answer=y), "answer", settings=SETTINGS)


def test_facts_stay_with_their_fit_and_its_copies(fitted):
    for model in (fitted, copy.deepcopy(fitted), pickle.loads(pickle.dumps(fitted))):
        assert known_facts(model).targets == ("answer",)
        assert model.set_params(estimator__max_iter=9).facts_ is facts_of(model)  # a setting is of the next fit
        assert portable(model).classes == (("no", "yes"),)


@pytest.mark.parametrize("again", [["A", "B"], ["p", "q", "r"], [3, 4], [0.5, 1.5, 2.25]])
@pytest.mark.parametrize("how", ["pipeline", "last step"])
def test_a_model_fitted_anew_answers_with_its_own_classes(fitted, how, again):
    frame, _ = table()
    model = copy.deepcopy(fitted)
    y = np.array(again)[np.digitize(frame["x"], [0.0] if len(again) == 2 else [-1.0, 1.0])]
    if how == "pipeline":
        model.fit(frame, y.astype(str) if y.dtype.kind == "f" else y)
    else:
        model["estimator"].fit(model["prepare"].transform(frame), y.astype(str) if y.dtype.kind == "f" else y)
    classes = tuple(map(str, again)) if y.dtype.kind == "f" else tuple(again)
    assert portable(model).classes == (classes,)
    found = predictions(model, frame)
    assert found.columns.tolist() == ["y", *(f"P(y={label})" for label in classes)]
    assert found["y"].tolist() == model.predict(frame).tolist()
    assert '"facts": null' in model_json(portable(model))
    assert "fit" not in description(model)
    for asked in (facts_of, lambda m: evaluate(m, frame.assign(answer="no"))):
        with pytest.raises(ShoalError, match=r"fitted again since shoal\.fit made it"):
            asked(model)


def test_the_same_weights_with_other_labels_are_another_fit(fitted):
    frame, y = table()
    seed = {"random_state": 0, "n_networks": 1, "max_iter": 3, "hidden_layer_sizes": 4}
    model = copy.deepcopy(fitted)
    model.set_params(**{f"estimator__{name}": value for name, value in seed.items()})
    model.fit(frame, y)
    first = mark_now(model)
    model.fit(frame, np.where(y == "yes", "ja", "nein"))  # in the same order: the very same numbers
    assert mark_now(model) != first


def test_pieces_and_numbers_learned_since_are_another_fit():
    frame, _ = table()
    y = 3 * frame["x"] + 1
    model = shoal.fit(frame.assign(value=y), "value", settings=SETTINGS)
    assert predictions(model, frame).columns.tolist() == ["value"]
    model["estimator"].partial_fit(model["prepare"].transform(frame), y.to_numpy())
    assert known_facts(model) is None
    assert predictions(model, frame, interval=None).columns.tolist() == ["y"]
    model.fit(frame, np.column_stack([y, -y]))
    assert predictions(model, frame).columns.tolist() == ["y1", "y2"]


def test_a_model_from_a_file_keeps_its_facts_until_it_is_fitted(fitted, tmp_path):
    frame, y = table()
    path = tmp_path / "model.shoal"
    shoal.save(fitted, path)
    model = shoal.load(path)
    assert facts_of(model).targets == ("answer",)
    model.fit(frame, np.where(y == "yes", "A", "B"))
    assert known_facts(model) is None
    shoal.save(model, path)
    assert known_facts(shoal.load(path)) is None
    assert portable(shoal.load(path)).classes == (("A", "B"),)
