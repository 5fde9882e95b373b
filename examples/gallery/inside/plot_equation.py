"""
A network as an equation
========================

A small network is a formula that you can print, read, and put into a spreadsheet. ``equation`` writes it with all scaling, in names of
your own.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from shoal import ShoalRegressor
from shoal.export import equation

rng = np.random.default_rng(0)
table = pd.DataFrame({"speed": np.sort(rng.uniform(2, 25, 120))})
speed = table["speed"]
power = 1 / (1 + np.exp(-(speed - 9) / 1.5)) + 0.03 * rng.standard_normal(120)
model = ShoalRegressor(hidden_layer_sizes=2, activation="tanh", solver="lm", n_networks=1, random_state=0)
model.fit(table, power)
text = equation(model.network_, target="power")
print(text)

# %%
# The curve of this text, beside the rows that it was learned from:

figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.plot(speed, power, ".", color="0.7")
axes.plot(speed, model.predict(table), label=f"{len(text)} characters of text")
axes.set(xlabel="wind speed", ylabel="power")
axes.legend()
