"""
The evidence picks the width
============================

How many hidden units? With ``solver="bayes"`` and ``hidden_layer_sizes="auto"`` the networks are trained with several widths, and the
*evidence* of each is computed: how probable these rows are, given a network of that width. It needs no held-out rows.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal import ShoalRegressor

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(-1, 1, 60))
y = np.sin(5 * x) + 0.2 * rng.standard_normal(60)
model = ShoalRegressor(solver="bayes", activation="tanh", max_iter=1000, random_state=0).fit(x[:, None], y)

table = model.evidence_table_
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
left.plot(table["hidden_units"], table["log_evidence"], "o-")
left.set(xlabel="hidden units", ylabel="log evidence, mean over the networks", xscale="log")
left.minorticks_off()
left.set_xticks(table["hidden_units"], table["hidden_units"])
mean, std = model.predict(x[:, None], return_std=True)
right.plot(x, y, ".", color="0.6")
right.plot(x, np.sin(5 * x), "k:", label="behind the noise")
right.plot(x, mean, label="prediction")
right.fill_between(x, mean - std, mean + std, alpha=0.2, label="± standard deviation")
right.legend()
print(f"{model.network_.shape}")

# %%
# Two units cannot follow the curve. The evidence rises until there are enough, and then no further: wider networks could have produced
# many other tables as well. The band contains the noise, which the evidence estimated too.
