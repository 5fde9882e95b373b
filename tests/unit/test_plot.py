"""`model.plot`: one call a figure, on the axes it is given, of the right numbers and with the right names."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import shoal
from shoal import ShoalClassifier, ShoalRegressor
from shoal.errors import DataError, InvalidParameterError
from shoal.inspection import figures, garson, olden

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")

import matplotlib.pyplot as plt  # noqa: E402 - after the choice of Agg

pytestmark = [
    pytest.mark.filterwarnings("ignore::shoal.OutsideWarning"),  # a few new rows are outside
    pytest.mark.filterwarnings("ignore::shoal.TableWarning"),  # the areas are in m²
]
QUICK = {"n_networks": 2, "hidden_layer_sizes": 5, "max_iter": 15}
WITHOUT_ROWS = ("training", "network", "weights", "olden", "garson")
OF_VALUES = ("regression", "errors", "intervals")
OF_CLASSES = ("roc", "precision_recall", "calibration", "confusion")
rng = np.random.default_rng(0)
X = rng.standard_normal((160, 3))
TWO = np.where(X[:, 0] + 0.5 * rng.standard_normal(160) > 0, "yes", "no")


def houses(m=160):
    draws = np.random.default_rng(1)
    area, kind = draws.uniform(20, 200, m), draws.choice(["flat", "house", "hut"], m)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(draws.integers(0, 300, m), unit="D")
    price = 3 * area + 100 * (kind == "house") + 20 * draws.standard_normal(m)
    return pd.DataFrame({"area": [f"{a:.1f} m²" for a in area], "kind": kind, "day": day, "price": price})


@pytest.fixture(scope="module")
def of_values():
    return ShoalRegressor(**QUICK, calibration="cv+", random_state=0).fit(X, X[:, 0])


@pytest.fixture(scope="module")
def of_classes():
    return ShoalClassifier(**QUICK, random_state=0).fit(X, TWO)


@pytest.fixture(scope="module")
def of_a_table():
    return shoal.fit(houses(), "price", settings={**QUICK, "calibration": "cv+"})


@pytest.fixture(autouse=True)
def closed():
    """No figure outlives its test, and none is left from other tests."""
    plt.close("all")
    yield
    plt.close("all")


def calls(model, X, y, of_task):
    """Every figure of a model as (name, what draws it)."""
    yield from ((name, getattr(model.plot, name)) for name in WITHOUT_ROWS)
    yield from ((name, lambda ax, name=name: getattr(model.plot, name)(X, y, ax=ax)) for name in (*of_task, "importance"))
    yield "sensitivities", lambda ax: model.plot.sensitivities(X, ax=ax)


@pytest.mark.parametrize("kind", ["values", "classes", "table"])
def test_each_draws_on_the_axes_it_is_given_and_nothing_else(request, kind):
    """No warning, and no second figure."""
    model = request.getfixturevalue({"values": "of_values", "classes": "of_classes", "table": "of_a_table"}[kind])
    rows, y = (houses(), None) if kind == "table" else (X, TWO if kind == "classes" else X[:, 0])
    for name, draw in calls(model, rows, y, OF_CLASSES if kind == "classes" else OF_VALUES):
        figure, ax = plt.subplots()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", shoal.OutsideWarning)
            shown = draw(ax=ax)
        assert type(shown).__name__.endswith("Display"), name
        assert shown.ax_ is ax, name
        assert plt.get_fignums() == [figure.number], name
        plt.close("all")


def test_a_table_shows_its_columns_names_and_its_target(of_a_table):
    table = houses()
    drawn = of_a_table.plot.network()
    assert {"area", "kind_house"} <= set(drawn.inputs)
    assert drawn.outputs == ["price"]
    assert of_a_table.network_.feature_names == tuple(drawn.inputs)
    assert set(of_a_table.plot.olden().names) == {"area", "kind", "day"}, "of the table's own columns"
    assert of_a_table.plot.effect(table, "kind").ax_.get_ylabel() == "mean price"
    profile = of_a_table.plot.profile(table, "area").profile
    assert profile.values[0] == pytest.approx(table["area"].str.removesuffix(" m²").astype(float).min())
    assert (np.diff(profile.answers, axis=1).mean(axis=1) > 0).all(), "a larger house has a higher price"


def test_rankings_are_the_functions_of_inspection(of_values):
    np.testing.assert_array_equal(of_values.plot.olden().values, olden(of_values.network_)[:, 0])
    np.testing.assert_array_equal(of_values.plot.garson().values, garson(of_values.network_)[:, 0])
    assert of_values.plot.sensitivities(X).ranked_[0] == of_values.plot.importance(X, X[:, 0]).importance.ranked()[0][0] == "x0"


def test_the_dot_is_what_the_model_predicts(of_classes):
    """Rates of `predict` itself, with the half and with a threshold of the table's model."""
    known = TWO == "yes"
    drawn = of_classes.plot.roc(X, TWO)
    predicted = of_classes.predict(X) == "yes"
    assert drawn.at_threshold_["yes"] == (predicted[~known].mean(), predicted[known].mean())
    assert float(drawn.displays_["yes"].roc_auc) == pytest.approx(roc_auc_score(known, of_classes.predict_proba(X)[:, 1]))
    table = pd.DataFrame(X, columns=list("abc")).assign(y=TWO)
    model = shoal.fit(table, "y", settings=QUICK, threshold=0.2)
    predicted = model.predict(table.drop(columns="y")) == "yes"
    recall, precision = model.plot.precision_recall(table).at_threshold_["yes"]
    assert (recall, precision) == (predicted[known].mean(), known[predicted].mean())
    assert "threshold 0.2" in [text.get_text() for text in model.plot.roc(table).ax_.get_legend().get_texts()]


def test_of_three_classes_each_has_its_curve_and_no_threshold():
    rows, y = load_iris(return_X_y=True)
    model = ShoalClassifier(**QUICK, random_state=0).fit(rows, y)
    drawn = model.plot.roc(rows, y)
    assert list(drawn.displays_) == ["0", "1", "2"]
    assert drawn.at_threshold_ == {}
    labels = np.eye(3, dtype=int)[y]
    several = ShoalClassifier(**QUICK, random_state=0).fit(rows, labels)
    assert len(several.plot.precision_recall(rows, labels).at_threshold_) == 3, "each label has its own"


def test_weights_are_those_of_the_member(of_values):
    drawn = of_values.plot.weights(1).drawn_
    parameters = of_values.network_.population.parameters
    np.testing.assert_array_equal(drawn[-1], parameters.W2[1, 0])
    np.testing.assert_array_equal(drawn[-2], parameters.b1[1, :, 0])


def test_inputs_have_names_or_places():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = ShoalRegressor(**QUICK, random_state=0).fit(frame, X[:, 0])
    assert model.plot.effect(frame, "b").effect.name == model.plot.effect(frame, 1).effect.name == "b"
    assert model.plot.units(frame, ("a", 2)).names == ("a", "c")
    np.testing.assert_allclose(
        model.plot.profile(frame, "a", quantiles=[0.5]).profile.answers[0, -1],
        model.predict(pd.DataFrame([[X[:, 0].max(), *np.median(X[:, 1:], axis=0)]], columns=frame.columns))[0],
    )


def test_a_table_with_other_steps_has_its_figures_too():
    """A TableModel alone has `plot`; scikit-learn's Pipeline has that of its last step."""
    pipeline = make_pipeline(StandardScaler(), ShoalRegressor(**QUICK, random_state=0)).fit(X, X[:, 0])
    assert pipeline[-1].plot.regression(pipeline[:-1].transform(X), X[:, 0]).r_ > 0.5


@pytest.mark.parametrize(
    ("draw", "error", "match"),
    [
        (lambda v, c, t: c.plot.regression(X, TWO), InvalidParameterError, "is for a regressor.*it has plot.roc"),
        (lambda v, c, t: v.plot.roc(X, X[:, 0]), InvalidParameterError, "is for a classifier.*it has plot.regression"),
        (lambda v, c, t: c.plot.roc(X), InvalidParameterError, "y was not given"),
        (lambda v, c, t: v.plot.effect(X, "x9"), InvalidParameterError, "'x9' is no input.*x0, x1, x2"),
        (lambda v, c, t: v.plot.effect(X, 3), InvalidParameterError, "column=3 is no input"),
        (lambda v, c, t: v.plot.effect(X, 0, output=1), InvalidParameterError, "has 1 output"),
        (lambda v, c, t: v.plot.network(2), InvalidParameterError, "2 members, from 0 to 1"),
        (lambda v, c, t: v.plot.regression(X, X[:, 0], output=1), InvalidParameterError, "one of the targets"),
        (lambda v, c, t: c.plot.roc(X[:3], ["no"] * 3), DataError, "one class only.*yes"),
        (lambda v, c, t: t.plot.profile(houses(), "kind"), InvalidParameterError, "'kind' is no column of numbers; those are area"),
        (lambda v, c, t: t.plot.effect(houses(), "room"), InvalidParameterError, "is no input of this model"),
        (lambda v, c, t: ShoalRegressor().plot, NotFittedError, "not fitted"),
        (lambda v, c, t: figures.ClassCurvesDisplay({}, "lift"), InvalidParameterError, "'roc', 'precision_recall', 'calibration'"),
    ],
)
def test_what_cannot_be_drawn_is_named(of_values, of_classes, of_a_table, draw, error, match):
    with pytest.raises(error, match=match):
        draw(of_values, of_classes, of_a_table)


def test_an_imported_network_has_no_training_curves():
    from sklearn.neural_network import MLPRegressor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = MLPRegressor(hidden_layer_sizes=(4,), max_iter=5, random_state=0).fit(X, X[:, 0])
    imported = shoal.from_fitted(theirs)
    with pytest.raises(DataError, match="no training curves"):
        imported.plot.training()
    assert imported.plot.network().inputs == ("x0", "x1", "x2")
