"""
One network or eight
====================

Another seed gives another network, and other predictions. The default trains eight networks at once and takes their mean, which is again
one network with one hidden layer. Here both are trained with five seeds.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal import ShoalRegressor

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(-3, 3, 80))
y = np.sin(2 * x) + 0.4 * rng.standard_normal(80)
at = np.linspace(-3, 3, 200)
at = at[(at > x.min()) & (at < x.max())]

figure, pair = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for axes, n_networks in zip(pair, (1, 8), strict=True):
    fits = [ShoalRegressor(n_networks=n_networks, random_state=seed).fit(x[:, None], y) for seed in range(5)]
    curves = np.array([model.predict(at[:, None]) for model in fits])
    off = np.sqrt(np.mean((curves - np.sin(2 * at)) ** 2, axis=1))
    axes.plot(x, y, ".", color="0.7")
    axes.plot(at, curves.T, linewidth=0.8)
    axes.plot(at, np.sin(2 * at), "k:")
    axes.set_title(f"n_networks={n_networks}: off by {off.min():.2f} to {off.max():.2f}")

# %%
# A line is a seed. On the left some seeds end elsewhere; on the right the choice of the seed hardly counts.
