"""scikit-learn's own steps before a network, as ONNX: the pipeline's answers on the rows that it learned from, or a named error."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from onnx_or_skip import onnx_graph
from shoal import ShoalClassifier, ShoalRegressor
from shoal.errors import ExportError
from shoal.export import c99, portable

QUICK = {"n_networks": 2, "max_iter": 2, "hidden_layer_sizes": 4, "random_state": 0, "dtype": "float64"}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 3)) * [1.0, 20.0, 0.3] + [0.0, 300.0, 1.0]
HOLES = np.where(RNG.random((100, 3)) < 0.2, np.nan, X)
CODES = np.c_[RNG.integers(0, 4, 100), np.where(RNG.random(100) < 0.04, 9, RNG.integers(1, 3, 100)), X[:, 2]]
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])
y = (X[:, 0] + 0.02 * X[:, 1] > 6).astype(int)


def columns(step, chosen, remainder="passthrough", **settings):
    return ColumnTransformer([("own", step, chosen)], remainder=remainder, **settings)


CASES = {
    "scalers": (X, [StandardScaler(), MinMaxScaler((-1, 2)), RobustScaler(), MaxAbsScaler()]),
    "no mean": (X, [StandardScaler(with_mean=False), RobustScaler(with_scaling=False)]),
    "clip": (X, [MinMaxScaler(clip=True)]),
    "mean": (HOLES, [SimpleImputer()]),
    "median and indicator": (HOLES, [SimpleImputer(strategy="median", add_indicator=True), StandardScaler()]),
    "most frequent": (CODES, [SimpleImputer(strategy="most_frequent", missing_values=9)]),
    "constant": (HOLES, [SimpleImputer(strategy="constant", fill_value=-7.5)]),
    "empty column": (np.c_[HOLES[:, :1], np.full(100, np.nan), X], [SimpleImputer()]),
    "empty column kept": (np.c_[HOLES[:, :1], np.full(100, np.nan), X], [SimpleImputer(keep_empty_features=True)]),
    "polynomials": (X, [StandardScaler(), PolynomialFeatures(3)]),
    "interactions": (X, [PolynomialFeatures(interaction_only=True, include_bias=False)]),
    "passthrough": (X, ["passthrough"]),
    "passthrough first": (FRAME, ["passthrough", StandardScaler(), None]),
    "one hot": (CODES, [columns(OneHotEncoder(sparse_output=False), [0, 1])]),
    "one hot, sparse": (CODES, [columns(OneHotEncoder(handle_unknown="ignore", drop="if_binary"), slice(0, 2))]),
    "one hot, first dropped": (CODES, [columns(OneHotEncoder(drop="first"), [1], "drop")]),
    "one hot, rare": (CODES, [columns(OneHotEncoder(min_frequency=10, handle_unknown="infrequent_if_exist"), [True, True, False])]),
    "one hot, missing": (np.c_[np.where(CODES[:, 0] == 1, np.nan, CODES[:, 0]), CODES[:, 2]], [columns(OneHotEncoder(), [0])]),
    "ordinal": (CODES, [columns(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), [0, 1])]),
    "by name": (FRAME, [columns(StandardScaler(), ["b", "a"])]),
    "by one name, rest dropped": (FRAME, [columns(PolynomialFeatures(2), ["c"], "drop")]),
    "by a slice of names": (FRAME, [columns(make_pipeline(SimpleImputer(), MinMaxScaler()), slice("a", "b"), StandardScaler())]),
    "by a selector": (FRAME, [make_column_transformer((StandardScaler(), make_column_selector("[ab]")), ("drop", ["c"]))]),
    "from the end": (X, [make_column_transformer((StandardScaler(), [-1, 0]), ("passthrough", [1]))]),
    "nested": (
        FRAME,
        [columns(make_pipeline(columns(StandardScaler(), ["b"]), PolynomialFeatures(2)), ["a", "b"]), PCA(3, whiten=True)],
    ),
    "union": (X, [FeatureUnion([("p", PCA(2)), ("s", StandardScaler()), ("no", "drop")], transformer_weights={"p": 0.5})]),
    "selection": (X, [VarianceThreshold(1.0), StandardScaler(), SelectKBest(k=1)]),
    "functions": (np.abs(X), [FunctionTransformer(), FunctionTransformer(np.log1p), FunctionTransformer(np.square)]),
    "others": (X, [TruncatedSVD(2), Binarizer(threshold=0.5)]),
    "left to skl2onnx": (X, [Normalizer(), KBinsDiscretizer(3, encode="ordinal", quantile_method="averaged_inverted_cdf")]),
}


def fitted(case, kind=ShoalClassifier):
    rows, steps = CASES[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a column without a value
        return rows, make_pipeline(*steps, kind(**QUICK)).fit(rows, y)


@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
@pytest.mark.parametrize("case", CASES)
def test_the_whole_pipeline_answers_alike(case):
    graph = onnx_graph()
    rows, model = fitted(case)
    found = portable(model, "ONNX", foreign=True)
    for precision, tolerance in (("double", 1e-12), ("float", 1e-5)):
        proto = graph.model_onnx(found, precision)
        assert graph.check_onnx(proto, found, precision) <= tolerance
        labels, said = graph.onnx_answers(proto, found, np.asarray(rows, float).tolist())
        np.testing.assert_allclose(said, model.predict_proba(rows), rtol=0, atol=tolerance)
    sure = np.abs(said[:, 0] - said[:, 1]) > 1e-4
    np.testing.assert_array_equal(np.asarray(labels)[sure], model.predict(rows)[sure])


def test_numbers_and_pandas_between_the_steps():
    graph = onnx_graph()
    named = columns(StandardScaler(), ["a"], verbose_feature_names_out=False)
    steps = make_pipeline(named, PolynomialFeatures(2)).set_output(transform="pandas")
    model = make_pipeline(steps, ShoalRegressor(**QUICK)).fit(FRAME, X[:, 0])
    found = portable(model, "ONNX", foreign=True)
    proto = graph.model_onnx(found, "double")
    assert graph.check_onnx(proto, found, "double") <= 1e-12
    np.testing.assert_allclose(graph.onnx_answers(proto, found, X.tolist())[1][:, 0], model.predict(FRAME), rtol=1e-11)
    assert [field.name for field in found.fields] == ["a", "b", "c"]


@pytest.mark.filterwarnings("ignore:Found unknown categories")
def test_a_value_that_scikit_learn_refuses_has_no_answer():
    graph = onnx_graph()
    for case, columns_ in (("one hot", [0, 1]), ("one hot, sparse", [])):
        rows, model = fitted(case)
        found = portable(model, "ONNX", foreign=True)
        strange = np.tile(rows[:1], (2, 1))
        strange[:, 0] = [77.0, rows[0, 0]]
        _, said = graph.onnx_answers(graph.model_onnx(found, "double"), found, strange.tolist())
        assert np.isnan(said[0]).all() == bool(columns_)
        assert np.isfinite(said[1]).all()
        if not columns_:
            np.testing.assert_allclose(said, model.predict_proba(strange), atol=1e-12)


class OwnStep(TransformerMixin, BaseEstimator):
    """Somebody's transformer."""

    def fit(self, X, y=None):
        self.n_features_in_ = np.shape(X)[1]
        return self

    def transform(self, X):
        return np.asarray(X) + 1


class OwnScaler(StandardScaler):
    """A scaler whose code may do anything."""


REFUSED = {
    "function": (X, [FunctionTransformer(np.cbrt)], r"'functiontransformer' \(FunctionTransformer\).*'cbrt' is Python code"),
    "text": (
        pd.DataFrame({"t": np.array(list("ab"))[y], "a": X[:, 0]}),
        [columns(OneHotEncoder(sparse_output=False), ["t"])],
        r"'own' \(OneHotEncoder\).*its categories are text.*train with shoal\.fit",
    ),
    "own": (X, [StandardScaler(), OwnStep()], r"'ownstep' \(OwnStep\) cannot be written as ONNX"),
    "derived": (X, [OwnScaler()], r"'ownscaler' \(OwnScaler\) cannot be written as ONNX"),
    "in a part": (FRAME, [columns(make_pipeline(StandardScaler(), OwnStep()), ["a"])], r"'ownstep' \(OwnStep\) cannot be written"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_written_is_named_with_what_can(case):
    rows, steps, words = REFUSED[case]
    model = make_pipeline(*steps, ShoalClassifier(**QUICK)).fit(rows, y)
    with pytest.raises(ExportError, match=rf"The step {words}.*What can:|The step {words}"):
        onnx_graph().model_onnx(portable(model, "ONNX", foreign=True))


def test_other_formats_take_a_step_that_does_nothing_and_name_any_other():
    model = make_pipeline("passthrough", None, ShoalClassifier(**QUICK)).fit(X, y)
    assert c99(portable(model, "C"), "m", "double")
    model = make_pipeline("passthrough", SimpleImputer(), ShoalClassifier(**QUICK)).fit(X, y)
    with pytest.raises(ExportError, match=r"The step 'simpleimputer' \(SimpleImputer\) cannot be written as C"):
        portable(model, "C")
