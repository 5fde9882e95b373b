"""
Outside the data
================

No row has shown what the target does outside the range of the training rows. There the standard deviation grows with the distance, a
warning counts the rows, and :meth:`outside <shoal.ShoalRegressor.outside>` names them.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np

import shoal
from shoal import ShoalRegressor

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(-2, 2, 300))
y = np.sin(2 * x) + x + 0.2 * rng.standard_normal(300)
model = ShoalRegressor(random_state=0).fit(x[:, None], y)

at = np.linspace(-4, 4, 400)
with warnings.catch_warnings(record=True) as given:
    warnings.simplefilter("always", shoal.OutsideWarning)
    mean, std = model.predict(at[:, None], return_std=True)
print(given[0].message)

outside = model.outside(at[:, None])
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
axes.plot(x, y, ".", color="0.7", markersize=3)
axes.plot(at, np.sin(2 * at) + at, "k:", label="behind the noise")
axes.plot(at, mean, label="prediction")
axes.fill_between(at, mean - 2 * std, mean + 2 * std, alpha=0.25, label="± two standard deviations")
axes.fill_between(at, 0, 1, where=outside, transform=axes.get_xaxis_transform(), color="0.9", zorder=0, label="outside")
axes.legend(loc="upper left")

# %%
# The growing band is a rule of caution and no knowledge: a target may do there what it likes.
