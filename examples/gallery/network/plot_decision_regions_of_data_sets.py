"""
Decision regions on several sets
================================

Three small sets with two inputs, three classifiers, nothing tuned: a linear model, shoal's defaults, and a random forest. The colour is
the probability of a class; the title is the accuracy on rows that the classifier was not trained on.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_circles, make_classification, make_moons
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from shoal import ShoalClassifier

sets = {
    "moons": make_moons(300, noise=0.3, random_state=0),
    "circles": make_circles(300, noise=0.2, factor=0.5, random_state=0),
    "two clouds": make_classification(300, n_features=2, n_redundant=0, n_clusters_per_class=1, random_state=4),
}
models = {
    "linear": LogisticRegression(),
    "shoal": ShoalClassifier(random_state=0),
    "random forest": RandomForestClassifier(random_state=0),
}

figure, axes = plt.subplots(3, 3, figsize=(9, 8.6), layout="constrained")
for row, (X, y) in zip(axes, sets.values(), strict=True):
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=0)
    (left, bottom), (right, top) = X.min(axis=0) - 0.2, X.max(axis=0) + 0.2
    grid = np.stack(np.meshgrid(np.linspace(left, right, 120), np.linspace(bottom, top, 120)), axis=-1)
    for ax, (name, model) in zip(row, models.items(), strict=True):
        model.fit(X_train, y_train)
        p = model.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(120, 120)
        ax.contourf(grid[..., 0], grid[..., 1], p, levels=np.linspace(0, 1, 11), cmap="RdBu", alpha=0.7)
        ax.scatter(*X_test.T, c=y_test, cmap="RdBu", s=12, edgecolors="k", linewidths=0.3)
        ax.set(title=f"{name}: {model.score(X_test, y_test):.2f}", xticks=[], yticks=[])
for ax, name in zip(axes[:, 0], sets, strict=True):
    ax.set_ylabel(name)

# %%
# The linear model has one straight boundary. The forest draws rectangles, and is nearly sure inside each. A network with one hidden layer
# draws a smooth boundary, and its colour fades where both classes mix.
