"""
Your first model in five minutes
================================

From a raw table to a model that you can trust, save and ask. In French:
:ref:`Votre premier modèle en cinq minutes <sphx_glr_tutorials_plot_1_premier_modele.py>`.
"""

# %%
# The table
# ---------
# 442 patients with diabetes: ten measurements each, and how far the disease had progressed a year later. scikit-learn brings the table.
# Yours may have text, dates, empty cells, units and decimal commas; it may be a file.

from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

import shoal

table = load_diabetes(as_frame=True, scaled=False).frame
known, new = train_test_split(table, test_size=100, random_state=0)
known.head()

# %%
# What shoal makes of it
# ----------------------
# :func:`shoal.look` says how each column is read, before anything is trained. ``sex`` holds 1 and 2, and is read as a number here; with
# ``categories=["sex"]`` it would be a category.

shoal.look(known, target="target").to_frame()

# %%
# Train
# -----
# One call. It prepares the columns, trains eight small networks at once and joins them into one. ``settings`` are parameters of
# :class:`shoal.ShoalRegressor`; ``calibration="cv+"`` keeps what the
# networks got wrong on rows that they were not trained on: intervals come from that.

model = shoal.fit(known, target="target", settings={"calibration": "cv+"})
model

# %%
# How good is it?
# ---------------
# On rows that it has never seen.

print(f"R² {model.score(new.drop(columns='target'), new['target']):.2f}")

# %%
# Predictions and how sure they are
# ---------------------------------
# The intervals should hold nine of ten values.

import matplotlib.pyplot as plt
import numpy as np

rows, truth = new.drop(columns="target"), new["target"].to_numpy()
mean = model.predict(rows)
lower, upper = model.predict_interval(rows, coverage=0.9)
order = np.argsort(mean)
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
axes.fill_between(np.arange(len(rows)), lower[order], upper[order], alpha=0.2, label="90 % interval")
axes.plot(mean[order], label="prediction")
axes.plot(truth[order], "k.", markersize=4, label="what came")
axes.set(xlabel="new patients, ordered by prediction", ylabel="progression")
axes.legend()
inside = np.mean((lower <= truth) & (truth <= upper))
print(f"{100 * inside:.0f} of 100 new values lie inside")

# %%
# Keep it
# -------
# The file holds numbers and names, no code: loading it runs nothing.

import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "diabetes.shoal"
    shoal.save(model, path)
    again = shoal.load(path)
    print(f"{path.stat().st_size / 1024:.0f} KiB, same predictions: {np.array_equal(again.predict(rows), mean)}")
