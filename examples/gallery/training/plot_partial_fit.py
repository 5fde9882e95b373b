"""
Rows that arrive: partial_fit
=============================

A sensor whose relation drifts. The model is updated with every new batch of rows, one pass each, and asked before it has seen them.
``partial_fit`` fixes the scaling with its first call.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal import ShoalRegressor

rng = np.random.default_rng(0)


def arriving(t):
    """The batch of rows at time t: the curve moves to the right, slowly at first."""
    X = rng.uniform(-2, 2, (200, 1))
    return X, np.sin(2 * X[:, 0] - 0.0003 * t**2) + 0.1 * rng.standard_normal(200)


settings = {"hidden_layer_sizes": 32, "learning_rate_init": 0.01, "ramps": False, "random_state": 0}
frozen, moving = ShoalRegressor(**settings), ShoalRegressor(**settings)
for _ in range(30):
    X, y = arriving(0)
    frozen.partial_fit(X, y)
    moving.partial_fit(X, y)

errors = []
for t in range(100):
    X, y = arriving(t)
    errors.append([np.sqrt(np.mean((model.predict(X) - y) ** 2)) for model in (frozen, moving)])
    moving.partial_fit(X, y)

figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.plot(errors, label=["trained once", "partial_fit with every batch"])
axes.axhline(0.1, color="k", linewidth=1, linestyle=":", label="noise")
axes.set(xlabel="batch", ylabel="error on the batch before it is learned", ylim=(0, None))
axes.legend()

# %%
# The model that was trained once is wrong more and more. The other one follows, a little behind.
