"""
From a measurement table to a report
====================================

A file from a laboratory, as it is, becomes a model, a page that you can hand on, and a table of predictions.
"""

# %%
# The file
# --------
# Concrete: what went in, when it was tested, and how strong it was. Decimal commas, units, some cells without a value, one column that is
# only a running number. The file is drawn from a seed here; yours lies on a disk.

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import shoal

rng = np.random.default_rng(0)
n = 500
cement, water, age = rng.uniform(150, 500, n), rng.uniform(130, 240, n), rng.choice([3, 7, 14, 28, 56, 90], n)
kind = rng.choice(["river", "crushed", "recycled"], n, p=[0.5, 0.35, 0.15])
strength = 18 * np.log(age) * (cement / water) ** 0.9 * np.where(kind == "recycled", 0.8, 1.0) / 3 + 2 * rng.standard_normal(n) + 5


def written(value, places=1):
    """A number with a decimal comma."""
    return f"{value:.{places}f}".replace(".", ",")


lines = ["sample;cement;water;age;aggregate;strength"]
for i in range(n):
    amount = "k.A." if rng.random() < 0.04 else f"{written(water[i])} kg"
    lines.append(f"{i + 1};{written(cement[i])} kg;{amount};{age[i]};{kind[i]};{written(strength[i])}")
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "concrete.csv"
path.write_text("\n".join(lines), encoding="utf-8")
print("\n".join(lines[:5]))

# %%
# Look before you train
# ---------------------
# The notes say how numbers were written, which texts stand for no value, and what is probably no measurement.

look = shoal.look(path, "strength")
print(look)

# %%
# Train
# -----
# The running number is left out, as the note advises. A fifth of the rows is held out, and the model is scored on them.

with warnings.catch_warnings():
    warnings.simplefilter("ignore", shoal.TableWarning)  # the notes that you have just read
    model = shoal.fit(path, "strength", drop=["sample"], settings={"calibration": "cv+"})
for name, scores in {"shoal": model.facts_.metrics, **model.facts_.baselines}.items():
    print(f"{name}: RMSE {scores['rmse']:.2f}, R² {scores['r2']:.3f}")

# %%
# The rows that are compared are the same for all three: *trivial* predicts the mean, *linear* is a linear model of the same prepared
# columns.
#
# Is anything wrong with it?
# --------------------------
# ``diagnose`` looks for known faults: units that are always off, a training that ended too early, a column that gives the answer away.

print(model.diagnose(path))

# %%
# What the relation looks like
# ----------------------------

import matplotlib.pyplot as plt

from shoal.inspection.figures import EffectDisplay

frame = pd.DataFrame({"cement": cement, "water": water, "age": age, "aggregate": kind})
figure, axes = plt.subplots(1, 4, figsize=(12, 3.2), sharey=True, layout="constrained")
for ax, column in zip(axes, frame, strict=True):
    EffectDisplay.from_effect(model.effect(frame, column), ylabel="strength", ax=ax)

# %%
# The report
# ----------
# One HTML file that loads nothing else: scores with their uncertainty, baselines, intervals, importance, effects, the network, how each
# column was read, and the command that makes it again.

page = model.write_report(path, Path(folder.name) / "concrete.html")
print(f"{page.name}: {page.stat().st_size / 1024:.0f} KiB")

# %%
# Predictions for a new file
# --------------------------
# ``predictions`` is the table that the command ``shoal predict`` writes, here with intervals that hold nine of ten values.

new = Path(folder.name) / "new.csv"
rows = ["320,0 kg;180,0 kg;28;river", "320,0 kg;180,0 kg;28;recycled", "320,0 kg;k.A.;28;river"]
new.write_text("\n".join(["cement;water;age;aggregate", *rows]), encoding="utf-8")
model.predictions(new, interval=0.9)

# %%
# Keep the model
# --------------
# On the command line all of this is ``shoal fit concrete.csv --target strength --drop sample --report concrete.html`` and ``shoal predict
# concrete-strength.shoal new.csv -o answers.csv``.

kept = Path(folder.name) / "concrete.shoal"
shoal.save(model, kept)
print(np.array_equal(shoal.load(kept).predict(new), model.predict(new)))
folder.cleanup()
