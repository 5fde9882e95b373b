"""
A rare class: class_weight
==========================

One row in twenty is of the class that matters. The default predicts it where it is the more likely one, which is rare.
``class_weight="balanced"`` makes both classes count the same.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import precision_score, recall_score

from shoal import ShoalClassifier

rng = np.random.default_rng(0)


def draw(n):
    """Rows of two inputs, and whether each is of the rare class."""
    y = (rng.random(n) < 0.05).astype(int)
    return rng.standard_normal((n, 2)) + 1.5 * y[:, None], y


X, y = draw(1500)
X_new, new = draw(3000)
inside = (abs(X_new) < 2.8).all(axis=1)
X_new, new = X_new[inside], new[inside]
grid = np.stack(np.meshgrid(*[np.linspace(-2.8, 2.8, 150)] * 2), axis=-1)
figure, pair = plt.subplots(1, 2, figsize=(10, 4.6), sharey=True, layout="constrained")
for axes, weight in zip(pair, (None, "balanced"), strict=True):
    model = ShoalClassifier(class_weight=weight, random_state=0).fit(X, y)
    p = model.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(150, 150)
    axes.contourf(grid[..., 0], grid[..., 1], p, levels=np.linspace(0, 1, 11), cmap="RdBu_r", alpha=0.5)
    axes.contour(grid[..., 0], grid[..., 1], p, levels=[0.5], colors="k")
    axes.scatter(*X_new[new == 0].T, s=3, color="C0")
    axes.scatter(*X_new[new == 1].T, s=9, color="C3")
    predicted = model.predict(X_new)
    found, right = recall_score(new, predicted), precision_score(new, predicted)
    axes.set_title(f"class_weight={weight}: recall {found:.2f}, precision {right:.2f}")

# %%
# The black line is where the prediction changes. Recall is how much of the rare class (red) is found, precision how much of what is named
# rare is so. Balanced, it finds most of the rare rows, and names many others too; its probabilities are no longer those of the rows. To
# keep the probabilities, leave the weights and move the threshold instead.
