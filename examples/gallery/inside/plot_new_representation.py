"""
The hidden layer as a new representation
========================================

One circle inside another: no straight line separates them. The hidden units compute new columns of each row, and in these a line is
enough: the output layer is one. ``transform`` returns them, for any other model to use.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_circles
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from shoal import ShoalClassifier

X, y = make_circles(400, noise=0.08, factor=0.5, random_state=0)
model = ShoalClassifier(hidden_layer_sizes=4, activation="tanh", solver="lbfgs", n_networks=1, ramps=False, random_state=0).fit(X, y)
A1 = model.transform(X)
print(f"inputs {X.shape}, hidden layer {A1.shape}")

figure, pair = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
summed = A1 @ model.coefs_[1] + model.intercepts_[1]
for axes, rows, shown, name in ((pair[0], X, X, "inputs"), (pair[1], A1, np.c_[summed, PCA(1).fit_transform(A1)], "hidden layer")):
    axes.scatter(*shown.T, c=y, cmap="RdBu", s=8)
    axes.set_title(f"{name}: a linear model is right in {LogisticRegression().fit(rows, y).score(rows, y):.3f}")
    axes.set(xticks=[], yticks=[])
pair[1].axvline(0, color="k", linewidth=1)
pair[1].set(xlabel="the sum of the output layer", ylabel="the main direction of the hidden layer")

# %%
# On the right each row is seen through the hidden layer: to the right, the weighted sum that the output layer makes of its units; upwards,
# the direction in which they vary most. The black line is the boundary, and it is straight.
