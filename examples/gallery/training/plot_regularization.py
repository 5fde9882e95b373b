"""
Varying the regularization
==========================

``alpha`` is the penalty on large weights. scikit-learn has this example for its own network: small values allow a curved boundary around
single points, large ones make it straight. ``solver="lbfgs"`` minimizes the cost with its penalty to the end.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split

from shoal import ShoalClassifier

X, y = make_moons(200, noise=0.35, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
grid = np.stack(np.meshgrid(np.linspace(-2.2, 3.2, 120), np.linspace(-1.7, 2.1, 120)), axis=-1)

common = {"solver": "lbfgs", "hidden_layer_sizes": 16, "max_iter": 3000, "ramps": False, "early_stopping": False, "n_networks": 2}
common |= {"random_state": 0}
figure, axes = plt.subplots(1, 4, figsize=(12, 3.2), sharey=True, layout="constrained")
for ax, alpha in zip(axes, (0.01, 0.3, 3.0, 10.0), strict=True):
    model = ShoalClassifier(alpha=alpha, **common)
    model.fit(X_train, y_train)
    p = model.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(120, 120)
    ax.contourf(grid[..., 0], grid[..., 1], p, levels=np.linspace(0, 1, 11), cmap="RdBu", alpha=0.7)
    ax.scatter(*X_train.T, c=y_train, cmap="RdBu", s=14, edgecolors="k", linewidths=0.3)
    ax.set_title(f"alpha={alpha:g}\ntrain {model.score(X_train, y_train):.2f}, new rows {model.score(X_test, y_test):.2f}")

# %%
# With the smallest penalty the boundary winds around single points: better on the training rows, worse on new ones. With the largest the
# network is nearly linear. You need not set it: the default holds rows out and keeps each network's best weights.
