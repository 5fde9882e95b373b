"""
Exact sensitivities
===================

A network is a formula, so its slope with respect to each input can be computed exactly, at every row. The length of a bar is the mean size
of the slope, per standard deviation of the input; the points are the slopes of single rows.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

from shoal import ShoalRegressor
from shoal.inspection import derivatives, sensitivities

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
model = ShoalRegressor(random_state=0).fit(X, y)
size = sensitivities(model.network_, X)[:, 0]
slopes = derivatives(model.network_, X)[:, :, 0] * X.std(ddof=0).to_numpy()

order = np.argsort(size)
rng = np.random.default_rng(0)
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
axes.barh(range(len(order)), size[order], color="0.85", height=0.8)
for place, j in enumerate(order):
    axes.plot(slopes[:, j], place + rng.uniform(-0.3, 0.3, len(X)), ".", markersize=2)
axes.set_yticks(range(len(order)), X.columns[order])
axes.set_xlabel("change of the prediction per standard deviation of the input")

# %%
# Points on both sides of 0 mean that the input raises the prediction for some rows and lowers it for others: no single weight says that.
