"""
Missing cells and categories
============================

A raw table, as it is: text, empty cells, a category. :func:`shoal.fit` decides once what each column is, fills empty cells with the
median, and gives the network an input that says where they were. Here the fact that a cell is empty says something.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import shoal

rng = np.random.default_rng(0)
table = pd.DataFrame({"area": rng.normal(80, 25, 600).round(), "heating": rng.choice(["gas", "wood", "pump"], 600)})
table["year"] = rng.integers(1900, 2020, 600).astype(float)
table["cost"] = 8 * table["area"] + table["heating"].map({"gas": 300, "wood": 0, "pump": -150}) + 2 * (2020 - table["year"])
table["cost"] += 60 * rng.standard_normal(600)
table.loc[(table["year"] < 1950) & (rng.random(600) < 0.8), "year"] = np.nan  # old houses: often nobody knows
table.loc[rng.random(600) < 0.1, "heating"] = None
train, new = table[:450], table[450:]

model = shoal.fit(train, "cost")
print(model.columns_[["read as", "missing", "distinct"]])
print(f"R² on new rows {model.score(new, new['cost']):.3f}")

# %%
# The effect of each column on the mean prediction, with a faint line for each of the eight networks:

from shoal.inspection.figures import EffectDisplay

figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), sharey=True, layout="constrained")
for ax, column in zip(axes, ("area", "year", "heating"), strict=True):
    EffectDisplay.from_effect(model.effect(train, column), ylabel="cost", ax=ax)
unknown = model.predict(new)[new["year"].isna()].mean()
axes[1].axhline(unknown, color="C1", linestyle=":", label="rows without a year")
axes[1].legend()

# %%
# Houses without a year cost as much as old ones: the network has learned that from the empty cells. The median in their place would make
# them houses of a middle age.
