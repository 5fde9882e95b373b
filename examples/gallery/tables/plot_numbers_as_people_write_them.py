"""
Decimal commas, units, limits
=============================

A file from a laboratory: semicolons, decimal commas, units, a mark for no value, and values below a limit of detection. :func:`shoal.look`
says how each column is read, before anything is trained.
"""

import tempfile
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import shoal
from shoal.inspection.figures import EffectDisplay

rng = np.random.default_rng(0)
heat, salt = rng.uniform(5, 30, 400), rng.exponential(1.0, 400)
growth = 0.4 * heat - 3 * salt + rng.standard_normal(400)


def comma(value):
    """A number with a decimal comma."""
    return f"{value:.2f}".replace(".", ",")


lines = ["temperature;salt;growth"]
for t, s, g in zip(heat, salt, growth, strict=True):
    shown = "n.d." if rng.random() < 0.05 else "<0,10" if s < 0.1 else comma(s)
    lines.append(f"{comma(t)} °C;{shown};{comma(g)}")
print("\n".join(lines[:8]))

# %%
# What shoal makes of it, and a model of the file as it is:

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "growth.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    print(shoal.look(path, "growth"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", shoal.TableWarning)  # these notes once more
        model = shoal.fit(path, "growth")

# %%
# The model reads new cells in the same way, and plain numbers too:

cells = pd.DataFrame({"temperature": ["20,5 °C", "20.5", "20,5"], "salt": ["1,25", "1.25", "n.d."]})
print(model.predict(cells))
figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
plain = pd.DataFrame({"temperature": heat, "salt": salt})
for ax, column in zip(axes, plain, strict=True):
    ax.plot(plain[column], growth, ".", color="0.8", markersize=3)
    EffectDisplay.from_effect(model.effect(plain, column), ylabel="growth", ax=ax)

# %%
# The first two rows are the same numbers, and get the same prediction. The third has no salt measured.
