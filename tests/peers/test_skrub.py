"""skrub's preparation before our estimators: one pipeline, the same predictions as by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from shoal import ShoalClassifier, ShoalRegressor

skrub = pytest.importorskip("skrub", reason="skrub is not installed: pip install skrub (0.11 was compared)")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # few epochs settle nothing
QUICK = {"n_networks": 1, "hidden_layer_sizes": 4, "max_iter": 5, "random_state": 0}
RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "size": RNG.normal(size=80),
        "kind": RNG.choice(["red", "green", "blue"], 80),
        "seen": pd.date_range("2024-01-01", periods=80, freq="7D"),
    }
)
TABLE.loc[::9, "size"] = np.nan
Y = TABLE["size"].fillna(0) + (TABLE["kind"] == "red")
MODELS = {"regressor": (ShoalRegressor(**QUICK), Y), "classifier": (ShoalClassifier(**QUICK), np.where(Y > 0, "yes", "no"))}


@pytest.mark.parametrize("name", MODELS)
def test_a_tabular_pipeline_is_its_steps_one_after_the_other(name):
    model, y = MODELS[name]
    whole = skrub.tabular_pipeline(clone(model)).fit(TABLE, y)
    rows = whole[:-1].transform(TABLE)
    np.testing.assert_array_equal(whole.predict(TABLE), clone(model).fit(rows, y).predict(rows))
    assert not pd.isna(whole.predict(TABLE)).any()


def test_names_of_vectorized_columns_reach_the_estimator_and_folds_are_predicted():
    model, y = MODELS["classifier"]
    whole = make_pipeline(skrub.TableVectorizer(), clone(model))
    with pytest.raises(ValueError, match="NaN"):  # an estimator takes no gaps; skrub's pipeline fills them
        whole.fit(TABLE, y)
    full = TABLE.fillna({"size": 0.0})
    whole.fit(full, y)
    assert list(whole[-1].feature_names_in_) == list(whole[0].get_feature_names_out())
    assert {"kind_red", "seen_month"} <= set(whole[-1].feature_names_in_)
    p = cross_val_predict(whole, full, y, cv=3, method="predict_proba")
    assert p.shape == (80, 2)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)  # float32
