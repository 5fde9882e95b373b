"""
A skewed column, and ramps
==========================

Incomes, populations and concentrations are skewed: most values are small, a few are huge. As a z-score, most rows lie in one narrow place.
Half of the networks of the default therefore read, beside each input, *ramps* of it: numbers that rise from 0 to 1 between two quantiles
of the column and are flat elsewhere. Every ramp has as many rows.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal import ShoalRegressor

rng = np.random.default_rng(0)
size = np.exp(1.5 * rng.standard_normal(600))
curve = np.sin(1.5 * np.log(size))
y = curve + 0.2 * rng.standard_normal(600)

order = np.argsort(size)
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
axes.plot(size, y, ".", color="0.8", markersize=3)
axes.plot(size[order], curve[order], "k", linewidth=1, label="behind the noise")
for ramps in (False, True):
    model = ShoalRegressor(ramps=ramps, random_state=0).fit(size[:, None], y)
    off = np.sqrt(np.mean((model.predict(size[:, None]) - curve) ** 2))
    print(f"ramps={ramps}: {len(model.coefs_[0])} numbers of each input; off by {off:.3f} from the curve")
    axes.plot(size[order], model.predict(size[order, None]), label=f"ramps={ramps}")
axes.set(xscale="log", xlabel="size, on a logarithmic axis")
axes.legend()

# %%
# The axis is logarithmic, so that you see all rows; the networks get the column as it is. With ramps the network follows the curve further
# into the small values, where most rows lie together, without having to be given the logarithm. On the far right both are flat: single
# cells far from all others are limited.
