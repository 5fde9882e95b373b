"""
A search over many settings at once
===================================

:class:`shoal.ShoalSearchCV` has the interface and the results of scikit-learn's `GridSearchCV`. All candidates of a fold that read the
same rows train together as one population.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine

from shoal import ShoalClassifier, ShoalSearchCV

X, y = load_wine(return_X_y=True)
grid = {"alpha": [1e-4, 1e-3, 1e-2, 1e-1, 1.0], "learning_rate_init": [0.001, 0.003, 0.01, 0.03]}
start = ShoalClassifier(n_networks=2, max_iter=20, random_state=0)
search = ShoalSearchCV(start, grid, cv=4, scoring="neg_log_loss").fit(X, y)
print(search.best_params_)

loss = -search.cv_results_["mean_test_score"].reshape(5, 4)
figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
shown = axes.imshow(loss, cmap="viridis_r")
axes.set_xticks(range(4), grid["learning_rate_init"])
axes.set_yticks(range(5), grid["alpha"])
axes.set(xlabel="learning_rate_init", ylabel="alpha", title="log loss on held-out folds (lower is better)")
for (i, j), value in np.ndenumerate(loss):
    axes.text(j, i, f"{value:.3f}", ha="center", va="center", color="w" if value > loss.mean() else "k", fontsize=8)

# %%
# Each cell is a candidate, scored on the same folds. The learning rate matters more here than the penalty.
