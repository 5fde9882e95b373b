"""
Decision regions of one network and of eight
============================================

The flower of the chapter's exercise: 400 points, two classes. The exercise trains one network of four tanh units; the default trains eight
networks and joins them into one.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal import ShoalClassifier
from shoal.textbook import flower

X, Y = flower()
rows, y = X.T, Y.ravel().astype(int)
one = ShoalClassifier.as_sklearn((4,), activation="tanh", solver="lbfgs", random_state=1, max_iter=400, tol=0.01).fit(rows, y)
eight = ShoalClassifier(random_state=0).fit(rows, y)

grid = np.stack(np.meshgrid(*[np.linspace(-4.5, 4.5, 200)] * 2), axis=-1)
figure, both = plt.subplots(1, 2, figsize=(9, 4.4), sharey=True)
for axes, model, title in zip(both, (one, eight), ("one network of 4 tanh units", "the defaults: 8 networks"), strict=True):
    p = model.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(200, 200)
    axes.contourf(grid[..., 0], grid[..., 1], p, levels=np.linspace(0, 1, 11), cmap="RdBu", alpha=0.7)
    axes.scatter(*rows.T, c=y, cmap="RdBu", s=9, edgecolors="k", linewidths=0.3)
    axes.set_title(f"{title}: {model.score(rows, y):.3f}")
