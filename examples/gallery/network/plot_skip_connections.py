"""
The line past the units: skip connections
=========================================

Most relations are a line and a little more. With ``skip=True`` a network has weights from the inputs directly to the output, as R's nnet
has. The line then needs no hidden unit. Here ten inputs add up, and one of them also has a wave.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal import ShoalRegressor

rng = np.random.default_rng(0)
weights = rng.standard_normal(10)


def draw(n):
    """Rows, and what lies behind the noise."""
    X = rng.uniform(-2, 2, (n, 10))
    return X, X @ weights + np.sin(2 * X[:, 0])


X, behind = draw(400)
y = behind + 0.2 * rng.standard_normal(400)
X_new, new = draw(2000)

units = [1, 2, 3, 4, 6]
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for skip in (False, True):
    errors = []
    for n_h in units:
        model = ShoalRegressor(skip=skip, hidden_layer_sizes=n_h, activation="tanh", solver="lm", n_networks=8, random_state=0)
        errors.append(np.sqrt(np.mean((model.fit(X, y).predict(X_new) - new) ** 2)))
    axes.plot(units, errors, "o-", label=f"skip={skip}")
axes.set(xlabel="hidden units of each network", ylabel="error on new rows", ylim=(0, None))
axes.legend()

# %%
# With skip connections a few units suffice, because they have only the wave to learn. Without them a network of few units must make a line
# out of the middle of its tanh curves, and has none left for the wave.
