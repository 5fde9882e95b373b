"""
Prediction intervals where the noise grows
==========================================

An interval should be as wide as the noise is *there*. On the left the noise is the same everywhere; on the right it grows from left to
right. The rows that each network holds out show how large the errors are, and where.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal import ShoalRegressor

rng = np.random.default_rng(0)


def draw(n, growing):
    """Rows x, their targets, and the curve behind the noise."""
    x = np.sort(rng.uniform(0, 4, n))
    size = 0.08 + 0.17 * x if growing else np.full(n, 0.3)
    return x[:, None], x + np.sin(x) + size * rng.standard_normal(n), x + np.sin(x)


figure, pair = plt.subplots(1, 2, figsize=(11, 4), sharey=True, layout="constrained")
for axes, growing in zip(pair, (False, True), strict=True):
    X, y, _ = draw(500, growing)
    model = ShoalRegressor(calibration="cv+", random_state=0).fit(X, y)
    X_new, new, curve = draw(1000, growing)
    X_new = np.clip(X_new, X.min(), X.max())
    lower, upper = model.predict_interval(X_new, coverage=0.9)
    inside = np.mean((lower <= new) & (new <= upper))
    axes.plot(X_new, new, ".", color="0.8", markersize=3)
    axes.plot(X_new, curve, "k:", linewidth=1)
    axes.fill_between(X_new[:, 0], lower, upper, alpha=0.35)
    axes.set_title(f"{'growing' if growing else 'constant'} noise: {100 * inside:.0f} of 100 new rows inside")

# %%
# Both bands ask for nine new rows of ten. On the right the band widens with the noise. It does so in steps: the size of the errors is
# estimated in several ranges of the prediction.
