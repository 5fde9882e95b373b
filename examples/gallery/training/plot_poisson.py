"""
Counts: the Poisson loss
========================

Visitors in an hour, defects on a sheet: counts are never negative, and their noise grows with their mean. ``loss="poisson"`` predicts
through an exponential, and counts an error at a small mean for more.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import mean_poisson_deviance

from shoal import ShoalRegressor

rng = np.random.default_rng(0)
hour = np.sort(rng.uniform(0, 24, 500))
rate = np.exp(2.2 * np.sin((hour - 9) / 24 * 2 * np.pi) - 0.4)
visitors = rng.poisson(rate)

figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
axes.plot(hour, visitors, ".", color="0.7", label="visitors")
axes.plot(hour, rate, "k:", label="expected")
for loss in ("squared_error", "poisson"):
    model = ShoalRegressor(loss=loss, random_state=0).fit(hour[:, None], visitors)
    predicted = model.predict(hour[:, None])
    off = mean_poisson_deviance(rate, np.maximum(predicted, 1e-3))
    axes.plot(hour, predicted, label=f"{loss}: deviance from the expected {off:.3f}")
    print(f"{loss}: lowest prediction {predicted.min():.2f}")
axes.set(xlabel="hour", ylabel="visitors", ylim=(-1, None))
axes.legend()

# %%
# Both follow the expected numbers in the middle. At night the squared error gives negative visitors; the Poisson loss cannot.
