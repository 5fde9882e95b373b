"""What a notebook shows of an estimator."""

import re

import numpy as np
import pytest

from shoal import ShoalClassifier, ShoalRegressor

rng = np.random.default_rng(0)
X = rng.standard_normal((150, 4))


def test_a_fitted_estimator_shows_shape_solver_score_and_curve():
    model = ShoalRegressor(hidden_layer_sizes=9, n_networks=3, max_iter=12, random_state=0).fit(X, X[:, 0])
    shown = model._repr_html_()
    assert "sk-top-container" in shown, "scikit-learn's diagram stays"
    assert "3 networks of 4 → 9 relu → 1 squared_error" in shown
    assert f"{model.solver_}, {model.n_iter_} epochs; loss {model.loss_:.4g}; R² {model.best_validation_score_:.4g}" in shown
    lines = re.findall(r'<polyline points="([^"]*)"', shown)
    assert [len(points.split()) for points in lines] == [model.n_iter_, model.n_iter_]
    assert model._repr_mimebundle_()["text/html"].endswith("</svg></div>")


@pytest.mark.parametrize("m_names", [2, 500])
@pytest.mark.parametrize("classes", [0, 2, 40])
def test_a_network_prints_as_a_few_lines(m_names, classes):
    rows = rng.standard_normal((120, m_names))
    y = rows[:, 0] if not classes else np.arange(120) % classes
    kind = ShoalClassifier if classes else ShoalRegressor
    model = kind(n_networks=2, hidden_layer_sizes=3, ramps=False, max_iter=2, early_stopping=False, random_state=0).fit(rows, y)
    printed = repr(model.network_)
    assert printed.startswith(f"<Network: 2 networks of {m_names} → 3 relu → ")
    assert f"{sum(w.size for w in model.network_.merged):,} parameters" in printed
    assert printed.count("\n") <= 5
    assert len(printed) < 400


def test_the_curve_falls_from_the_upper_left():
    model = ShoalRegressor(n_networks=1, early_stopping=False, max_iter=30, random_state=0).fit(X, X[:, 0])
    (points,) = re.findall(r'<polyline points="([^"]*)"', model._repr_html_())
    places = np.array([p.split(",") for p in points.split()], float)
    assert (np.diff(places[:, 0]) > 0).all()
    np.testing.assert_allclose(places[np.argmin(model.loss_curve_), 1], 53, atol=0.1)  # the lowest loss at the lower edge


@pytest.mark.parametrize("model", [ShoalClassifier(), ShoalClassifier(max_iter=1, n_networks=1, random_state=0)])
def test_without_a_curve_nothing_is_drawn(model):
    if model.max_iter == 1:
        model.fit(X, X[:, 0] > 0)
        assert "1 network of 4" in model._repr_html_()
    assert "<polyline" not in model._repr_html_()
