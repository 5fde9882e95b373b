"""What a model file cannot hold is refused by name, with what to use in its place; nothing is written."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier, VotingRegressor
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, PolynomialFeatures, StandardScaler

import shoal
from shoal import ShoalClassifier, ShoalRegressor
from shoal.errors import ModelFileError

QUICK = {"n_networks": 1, "hidden_layer_sizes": 2, "max_iter": 2, "random_state": 0}
rng = np.random.default_rng(0)
FRAME = pd.DataFrame({"a": rng.normal(size=60), "b": rng.normal(size=60), "kind": rng.choice(["p", "q"], 60)})
NUMBERS = FRAME[["a", "b"]]
CLASSES, TARGET = (FRAME["a"] > 0).to_numpy(), FRAME["a"].to_numpy() * 2


def net():
    return ShoalClassifier(**QUICK)


STEPS = {  # the steps before the network, the rows, and the step that is named
    "columns, the others passed through": (
        lambda: [("columns", ColumnTransformer([("kind", OneHotEncoder(), ["kind"])], remainder="passthrough"))],
        FRAME,
        r"'columns' \(ColumnTransformer\)",
    ),
    "columns, the others dropped": (
        lambda: [("columns", ColumnTransformer([("numbers", StandardScaler(), ["a"])]))],
        FRAME,
        r"'columns' \(ColumnTransformer\)",
    ),
    "a scaler": (lambda: [("scale", StandardScaler())], NUMBERS, r"'scale' \(StandardScaler\)"),
    "two steps": (lambda: [("fill", SimpleImputer()), ("scale", StandardScaler())], NUMBERS, r"'fill' \(SimpleImputer\)"),
    "products": (lambda: [("products", PolynomialFeatures())], NUMBERS, r"'products' \(PolynomialFeatures\)"),
    "a selection": (lambda: [("best", SelectKBest(k=1))], NUMBERS, r"'best' \(SelectKBest\)"),
    "a function": (lambda: [("log", FunctionTransformer(np.exp))], NUMBERS, r"'log' \(FunctionTransformer\)"),
    "a union": (lambda: [("both", FeatureUnion([("scale", StandardScaler())]))], NUMBERS, r"'both' \(FeatureUnion\)"),
    "a pipeline inside": (lambda: [("inner", make_pipeline(StandardScaler()))], NUMBERS, r"'inner' \(Pipeline\)"),
    "nothing": (lambda: [("nothing", "passthrough")], NUMBERS, r"'nothing' \(str\)"),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_is_not_shoals_is_named_with_what_to_use(name, tmp_path):
    steps, rows, words = STEPS[name]
    model = Pipeline([*steps(), ("network", net())]).fit(rows, CLASSES)
    with pytest.raises(
        ModelFileError, match=rf"{words} is not shoal's, .*Train with shoal\.fit, .*or save the whole Pipeline with skops or joblib"
    ):
        shoal.save(model, tmp_path / "m.shoal")
    assert list(tmp_path.iterdir()) == []
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(rows), model.predict(rows))  # as joblib does


def test_of_several_steps_the_foreign_one_is_named(tmp_path):
    ours = shoal.fit(FRAME.assign(y=CLASSES), "y", settings=QUICK)
    scaled = StandardScaler().fit(ours["prepare"].transform(FRAME))
    model = Pipeline([("prepare", ours["prepare"]), ("scale", scaled), ("network", ours["estimator"])])
    with pytest.raises(ModelFileError, match=r"'scale' \(StandardScaler\) is not shoal's"):
        shoal.save(model, tmp_path / "m.shoal")


AROUND = {
    "CalibratedClassifierCV": (lambda: CalibratedClassifierCV(net(), cv=2), CLASSES, r"ShoalClassifier\(calibration='temperature'\)"),
    "GridSearchCV": (lambda: GridSearchCV(net(), {"alpha": [0.1, 1.0]}, cv=2), CLASSES, "Save its best_estimator_"),
    "TunedThresholdClassifierCV": (lambda: TunedThresholdClassifierCV(net(), cv=2), CLASSES, r"shoal\.fit\(…, threshold=…\)"),
    "BaggingClassifier": (lambda: BaggingClassifier(net(), 2, random_state=0), CLASSES, "each of its estimators_"),
    "OneVsRestClassifier": (lambda: OneVsRestClassifier(net()), CLASSES, "each of its estimators_"),
    "VotingRegressor": (lambda: VotingRegressor([("a", ShoalRegressor(**QUICK))]), TARGET, "each of its estimators_"),
    "TransformedTargetRegressor": (
        lambda: TransformedTargetRegressor(ShoalRegressor(**QUICK), transformer=StandardScaler()),
        TARGET,
        "a ShoalRegressor, which brings the target to one scale itself",
    ),
}


@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in a pipeline"])
@pytest.mark.parametrize("name", AROUND)
def test_what_is_around_an_estimator_is_named_with_what_to_use(name, inside, tmp_path):
    make, y, words = AROUND[name]
    model = (make_pipeline(make()) if inside else make()).fit(NUMBERS, y)
    with pytest.raises(ModelFileError, match=f"A {name} is no model of shoal's. .*{words}"):
        shoal.save(model, tmp_path / "m.shoal")
    assert list(tmp_path.iterdir()) == []


def test_what_the_messages_name_can_be_saved(tmp_path):
    search = GridSearchCV(net(), {"alpha": [0.1, 1.0]}, cv=2).fit(NUMBERS, CLASSES)
    scaled = TransformedTargetRegressor(ShoalRegressor(**QUICK), transformer=StandardScaler()).fit(NUMBERS, TARGET)
    bagged = BaggingClassifier(net(), 2, random_state=0).fit(NUMBERS.to_numpy(), CLASSES)
    calibrated = ShoalClassifier(**{**QUICK, "n_networks": 2}, calibration="temperature").fit(NUMBERS, CLASSES)
    by_threshold = shoal.fit(FRAME.assign(y=CLASSES), "y", settings=QUICK, threshold=0.3)
    for model in (search.best_estimator_, scaled.regressor_, bagged.estimators_[0], calibrated):
        again = shoal.load(shoal.save(model, tmp_path / "m.shoal"))
        rows = NUMBERS if hasattr(model, "feature_names_in_") else NUMBERS.to_numpy()
        np.testing.assert_array_equal(again.predict(rows), model.predict(rows))
    np.testing.assert_array_equal(shoal.load(shoal.save(by_threshold, tmp_path / "t.shoal")).predict(FRAME), by_threshold.predict(FRAME))
