"""
Quantiles, and noise that is skewed
===================================

Waiting times and costs have a long tail on one side. Quantiles show it: ``predict_quantiles`` takes any number of them from one model, and
they never cross. With ``loss="quantile"`` a model is trained for one quantile.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal import ShoalRegressor

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(0, 3, 600))
y = np.sin(2 * x) + rng.exponential(0.2 + 0.3 * x)
q = [0.1, 0.5, 0.9]
found = ShoalRegressor(calibration="cv+", random_state=0).fit(x[:, None], y).predict_quantiles(x[:, None], q)
true = np.sin(2 * x)[:, None] - np.log(1 - np.array(q)) * (0.2 + 0.3 * x)[:, None]

figure, pair = plt.subplots(1, 2, figsize=(11, 4), sharey=True, layout="constrained")
for axes in pair:
    axes.plot(x, y, ".", color="0.8", markersize=3)
    axes.plot(x, true, "k:", linewidth=1)
pair[0].plot(x, found, label=[f"{each:g}" for each in q])
for each in q:
    model = ShoalRegressor(loss="quantile", quantile=each, random_state=0).fit(x[:, None], y)
    pair[1].plot(x, model.predict(x[:, None]), label=f"{each:g}")
    print(f"{each:g}: {100 * np.mean(y <= model.predict(x[:, None])):.0f} of 100 rows are below")
pair[0].set_title("predict_quantiles of one model")
pair[1].set_title("a model for each, loss='quantile'")
pair[0].legend(title="quantile")

# %%
# The dotted lines are the true quantiles. The upper one is further from the middle than the lower one: the noise is skewed. On the left
# all come from one model of the mean and its errors; on the right each model follows its own quantile more closely where the noise
# changes.
