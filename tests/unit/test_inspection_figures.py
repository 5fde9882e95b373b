"""Figures draw what they are given, on the axes they are given; whether they look well is for eyes."""

import sys

import numpy as np
import pytest

from shoal import ShoalError, ShoalRegressor
from shoal.inspection.importance import Effect, Importance

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")

import matplotlib.pyplot as plt  # noqa: E402 - after the choice of Agg

from shoal.inspection import figures as f  # noqa: E402

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 20))
y = X[:, 0] * 3 + 0.3 * rng.normal(size=200)


@pytest.fixture(scope="module")
def model():
    return ShoalRegressor(n_networks=3, hidden_layer_sizes=20, max_iter=15, random_state=0).fit(X, y)


@pytest.fixture(autouse=True)
def closed():
    """No figure outlives its test."""
    yield
    plt.close("all")


def test_training_curves_have_a_line_a_member_and_one_for_their_mean(model):
    ax = plt.figure().subplots()
    shown = f.TrainingCurvesDisplay.from_network(model.network_, ax=ax)
    assert shown.ax_ is ax
    assert len(shown.lines_) == 2 * (3 + 1)
    np.testing.assert_allclose(shown.lines_[3].get_ydata()[0], model.loss_curve_[0])


def test_a_member_that_stopped_stays_in_the_mean_with_its_last_loss():
    shown = f.TrainingCurvesDisplay(np.array([[4.0, 8.0], [2.0, 6.0], [np.nan, 4.0]])).plot()
    np.testing.assert_array_equal(shown.lines_[2].get_ydata(), [6.0, 4.0, 3.0])


def test_the_regression_plot_fits_truth_on_prediction():
    shown = f.RegressionDisplay.from_predictions(2 * y + 1, y)
    assert (shown.slope_, shown.intercept_, shown.r_) == pytest.approx((2, 1, 1))
    assert f.RegressionDisplay.from_predictions(y, np.zeros(200)).r_ == 0, "one prediction for all correlates with nothing"


def test_errors_are_counted_once_each():
    shown = f.ErrorHistogramDisplay.from_predictions(y, y + 0.5)
    assert shown.counts_.sum() == 200
    np.testing.assert_allclose(shown.errors, 0.5)


def test_intervals_count_every_row_though_few_are_drawn():
    lower = np.where(np.arange(200) < 150, y - 1, y + 1)
    shown = f.IntervalsDisplay.from_intervals(y, lower, lower + 2.5)
    assert (shown.coverage_, shown.width_) == pytest.approx((0.75, 2.5))


def test_a_network_is_drawn_with_its_heaviest_parts(model):
    shown = f.NetworkDisplay.from_network(model.network_)
    assert 0 in shown.chosen_inputs_, "the input that makes the target"
    assert (len(shown.chosen_inputs_), len(shown.chosen_units_)) == (16, 16)
    texts = [text.get_text() for text in shown.ax_.texts]
    assert "16 of 20 inputs" in texts
    assert "1 output" in texts


def test_units_are_drawn_over_two_inputs(model):
    shown = f.UnitsDisplay.from_network(model.network_, X, (0, 3), most=7)
    assert shown.A1.shape == (7, 40, 40)
    assert [ax.get_title() for ax in shown.axes_ if ax.get_visible()] == [f"unit {i}" for i in range(1, 8)]


def test_bars_stand_in_order_and_names_are_no_formulas():
    found = Importance(("small", "$x^2$ <b>"), np.array([[0.1, 0.1], [3.0, 5.0]]), -1.0, "rmse", 50)
    shown = f.ImportanceDisplay.from_importance(found)
    labels = [label.get_text() for label in shown.ax_.get_yticklabels()]
    assert labels == [r"\$x^2\$ <b>", "small"]
    assert shown.ax_.patches[0].get_width() == pytest.approx(4)


@pytest.mark.parametrize("values", [(1.0, 2.0, 3.0), ("Ulm", "$", "Jena\nBonn")])
def test_effects_show_every_member(values):
    effect = Effect("age", values, isinstance(values[0], float), rng.normal(size=(4, 3)), np.arange(3.0))
    shown = f.EffectDisplay.from_effect(effect)
    assert len(shown.ax_.lines) == 5
    shown.figure_.canvas.draw()


def test_without_matplotlib_it_says_how_to_get_it(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ShoalError, match=r"pip install 'shoal\[report\]'"):
        f.NetworkDisplay.from_network(model.network_)
