"""
Activations and their slopes
============================

A hidden unit computes a = g(z). All functions that shoal has, each with its derivative, which backpropagation multiplies by.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal.textbook import ACTIVATIONS, saturated

z = np.linspace(-6, 6, 601)
figure, axes = plt.subplots(2, 4, figsize=(11, 5.2), sharex=True, layout="constrained")
for ax in axes.flat[len(ACTIVATIONS) :]:
    ax.set_axis_off()
for ax, g in zip(axes.flat, ACTIVATIONS.values(), strict=False):
    ax.plot(z, g(z), label="g(z)")
    ax.plot(z, g.prime(z), "--", label="g′(z)")
    ax.fill_between(z, 0, 1, where=saturated(g, z), transform=ax.get_xaxis_transform(), color="0.9", label="flat")
    ax.set(title=f"{g.title}\n{g.formula}", ylim=(-1.3, 3.2))
    ax.title.set_fontsize(9)
axes[0, 0].legend(fontsize=8)

# %%
# Grey is where the slope is nearly zero: a unit there hardly learns. Sigmoid and tanh are flat on both sides, ReLU on the left only, leaky
# ReLU nowhere. The slope of the sigmoid is low everywhere; that of tanh reaches one.
