"""
What does it use?
=================

A model that predicts well may do so for a wrong reason. Five ways to look inside, from the table's columns to single weights.
"""

# %%
# The model
# ---------
# Wines from three growers, thirteen measurements each.

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

import shoal

table = load_wine(as_frame=True).frame.replace({"target": {0: "Barolo", 1: "Grignolino", 2: "Barbera"}})
known, new = train_test_split(table, test_size=0.4, random_state=0)
model = shoal.fit(known, "target")
print(f"accuracy {model.score(new.drop(columns='target'), new['target']):.3f}")

# %%
# Which columns does it need?
# ---------------------------
# Permutation importance: a column's values are shuffled among new rows, and the log loss rises.

from shoal.inspection.figures import EffectDisplay, ImportanceDisplay

importance = model.importance(new)
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
ImportanceDisplay.from_importance(importance, ax=axes)

# %%
# A column with a bar of zero may still say much: another column says the same, and one of the two is enough.
#
# How strongly does the prediction react?
# ---------------------------------------
# Sensitivity is the mean size of the slope, computed exactly from the formula of the network: the change of each probability per standard
# deviation of the column.

sensitivity = model.sensitivities(new)
sensitivity.sort_values(sensitivity.columns[0], ascending=False).round(3).head(6)

# %%
# In which direction?
# -------------------
# The mean probability of a class as one column changes and all others stay. A faint line is a member of the shoal: where they part, the
# networks do not agree.

most = importance.ranked()[0][0]
figure, axes = plt.subplots(1, 3, figsize=(11, 3.2), sharey=True, layout="constrained")
for output, (ax, name) in enumerate(zip(axes, model.classes_, strict=True)):
    EffectDisplay.from_effect(model.effect(new, most, output=output), ylabel=f"probability of {name}", ax=ax)

# %%
# What do the weights say?
# ------------------------
# Garson's and Olden's measures, known from R's NeuralNetTools, read the weights alone. Olden's has a sign.

import pandas as pd

from shoal.inspection import olden

pd.DataFrame(olden(model.network_), new.columns.drop("target"), model.classes_).round(2)

# %%
# The network itself
# ------------------
# One member, with its largest weights: thicker lines are larger weights. All members together are one network with one hidden layer.

figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
model.plot.network(0, ax=axes)

# %%
# Single rows
# -----------
# The exact slopes of one row say what would change its probability most, here for a small change of each column by its standard deviation.

from shoal.inspection import derivatives

row = new.drop(columns="target").iloc[:1]
slopes = derivatives(model["estimator"].network_, row.to_numpy())[0] * known.drop(columns="target").std().to_numpy()[:, None]
print(f"predicted {model.predict(row)[0]}")
pd.DataFrame(slopes, row.columns, model.classes_).round(3)

# %%
# None of this says what would happen if you *changed* a wine: a model of observations knows what goes with what.
