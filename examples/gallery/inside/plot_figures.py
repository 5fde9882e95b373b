"""
The figures that people know
============================

``model.plot`` draws them, one call each, on rows that the model has not learned from. The names are those of the table's columns. The dot
on the curves is the threshold that ``predict`` uses.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

import shoal

table = load_breast_cancer(as_frame=True).frame[["mean radius", "mean texture", "mean smoothness", "mean symmetry", "target"]]
train, new = train_test_split(table, test_size=0.5, random_state=0)
model = shoal.fit(train, "target", threshold=0.7, settings={"hidden_layer_sizes": 16})
figure, axes = plt.subplots(2, 3, figsize=(13, 8), layout="constrained")
model.plot.roc(new, ax=axes[0, 0])
model.plot.precision_recall(new, ax=axes[0, 1])
model.plot.calibration(new, ax=axes[0, 2])
model.plot.network(ax=axes[1, 0])
model.plot.weights(ax=axes[1, 1])
model.plot.profile(new, "mean radius", ax=axes[1, 2])
print(model.plot)

# %%
# Lek's profile, at the lower right, holds the other columns at one quantile each; ``model.plot.effect`` is the mean over real rows, with a
# line for each member of the shoal. ``regression``, ``errors`` and ``intervals`` are for models of numbers.
