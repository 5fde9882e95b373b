"""
Outliers: robust losses
=======================

One target in eight is wrong, always too high. The squared error pays most for the largest errors, so the curve is pulled up. ``"huber"``
pays in proportion beyond a limit, ``"absolute_error"`` everywhere: they predict what most rows say.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal import ShoalRegressor

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(-2, 2, 400))
curve = np.sin(2 * x)
y = curve + 0.15 * rng.standard_normal(400)
wrong = rng.random(400) < 1 / 8
y[wrong] += rng.uniform(2, 6, wrong.sum())

figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
axes.plot(x, y, ".", color="0.75")
axes.plot(x, curve, "k:", label="behind the noise")
for loss in ("squared_error", "huber", "absolute_error"):
    model = ShoalRegressor(loss=loss, huber_delta=0.3, random_state=0).fit(x[:, None], y)
    off = np.sqrt(np.mean((model.predict(x[:, None]) - curve) ** 2))
    axes.plot(x, model.predict(x[:, None]), label=f"{loss}: off by {off:.2f}")
axes.set_ylim(-1.6, 4)
axes.legend()

# %%
# Many of the wrong targets lie above the picture. ``huber_delta`` is the limit, in standard deviations of the target.
