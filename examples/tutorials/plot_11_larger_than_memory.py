"""
A table larger than memory
==========================

``max_memory=`` is a limit. A file that needs more is read in parts, prepared, and written to blocks on disk, from which training draws its
batches. The table here is small, and the limit too, so that the page is quick: nothing else differs.
"""

# %%
# A file
# ------

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import shoal

rng = np.random.default_rng(0)
n = 130_000
table = pd.DataFrame(rng.standard_normal((n, 12)).astype(np.float32), columns=[f"x{j}" for j in range(12)])
table["town"] = rng.choice(["Ulm", "Jena", "Kiel"], n)
table["y"] = np.sin(2 * table["x0"]) + table["x1"] * table["x2"] + (table["town"] == "Kiel") + 0.3 * rng.standard_normal(n)
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "table.csv"
table[:120_000].to_csv(path, index=False)
print(f"{path.stat().st_size / 1e6:.0f} MB of text")

# %%
# Training
# --------
# 250 MB of the limit are set aside for the program itself. If the table fits, it is read whole.

settings = {"n_networks": 4, "max_iter": 4}
model = shoal.fit(path, "y", max_memory="300MB", settings=settings)
print(f"scored on {model.facts_.n_test} rows: RMSE {model.facts_.metrics['rmse']:.3f}")

# %%
# The same in memory
# ------------------

whole = shoal.fit(path, "y", settings=settings)
new = table[120_000:]
for name, each in (("in blocks", model), ("in memory", whole)):
    print(f"{name}: R² on new rows {each.score(new.drop(columns='y'), new['y']):.3f}")

# %%
# Both differ in which rows were held out, and in the order of the rows.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(4.4, 4.2), layout="constrained")
some = new[:600]
axes.plot(model.predict(some), whole.predict(some), ".", markersize=3)
axes.axline((0, 0), slope=1, color="0.6", linewidth=1)
axes.set(xlabel="trained in blocks", ylabel="trained in memory")
folder.cleanup()

# %%
# On the command line: ``shoal fit huge.parquet --target y --max-memory 2GB``; ``predict`` and ``evaluate`` have it too. What is exact,
# what comes from a sample, and what was measured on twenty million rows is in :doc:`/scale`.
