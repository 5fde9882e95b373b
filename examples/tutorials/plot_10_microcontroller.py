"""
A network on a microcontroller, in C
====================================

A small network is a few hundred numbers and two loops. The export writes them as C99 that needs no library, no heap and no state between
calls, and a test program that compares it with the model.
"""

# %%
# The model
# ---------
# A position sensor's voltage is not linear, and drifts with temperature. Eight units correct it.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from shoal import ShoalRegressor

rng = np.random.default_rng(0)
table = pd.DataFrame({"voltage": rng.uniform(0.5, 4.5, 800), "celsius": rng.uniform(-20, 60, 800)})
position = 25 * (table["voltage"] - 0.5) + 3 * np.sin(2 * table["voltage"]) + 0.002 * (table["celsius"] - 20) * table["voltage"] ** 2
position += 0.05 * rng.standard_normal(800)
model = ShoalRegressor(hidden_layer_sizes=8, activation="tanh", solver="lm", n_networks=1, random_state=0).fit(table, position)
errors = model.predict(table) - position
print(f"{sum(w.size for w in [*model.coefs_, *model.intercepts_])} numbers; standard deviation of the errors {errors.std():.3f}")

# %%
# The C
# -----
# ``float`` keeps the weights and the hidden layer in single precision, which such processors are fast in.

from shoal.export import c99, portable

files = c99(portable(model), "position", "float")
for name, text in files.items():
    print(f"{name}: {len(text)} characters")
print(files["position.h"])

# %%
# What it takes of a Cortex-M, counted from the tables, before you compile anything:

from shoal.export import size_of

size = size_of(portable(model), "float")
print(f"{size.tables} bytes of tables, {size.stack} bytes of a call's arrays, {size.multiplications} multiplications for an answer")

# %%
# The source, in which the weights are constants:

print(files["position.c"])

# %%
# Compile it and test it
# ----------------------
# ``position_test.c`` has rows and the model's predictions for them; its exit status is 0 if all agree. It runs here if a C compiler is
# there.

import shutil
import subprocess
import tempfile
from pathlib import Path

from shoal.export import write_folder

compiler = shutil.which("gcc") or shutil.which("cc")
with tempfile.TemporaryDirectory() as folder:
    home = Path(folder) / "position"
    write_folder(home, files)
    if compiler is None:
        print("no C compiler here")
    else:
        program = home / "test"
        sources = [home / "position.c", home / "position_test.c"]
        subprocess.run([compiler, "-std=c99", "-O2", "-Wall", "-Wextra", *sources, "-o", program, "-lm"], check=True)
        ended = subprocess.run([program], check=False, capture_output=True, text=True)
        print(ended.stdout.strip(), "| exit status", ended.returncode)
        object_file = home / "position.o"
        subprocess.run([compiler, "-std=c99", "-Os", "-c", home / "position.c", "-o", object_file], check=True)
        print(f"{object_file.stat().st_size} bytes of object file on this machine")

# %%
# What the correction looks like:

volts = np.linspace(0.6, 4.4, 100)
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for celsius in (-15, 20, 55):
    rows = pd.DataFrame({"voltage": volts, "celsius": float(celsius)})
    axes.plot(volts, model.predict(rows) - 25 * (volts - 0.5), label=f"{celsius} °C")
axes.set(xlabel="voltage", ylabel="correction to the straight line")
axes.legend()

# %%
# On the command line: ``shoal export position.shoal --to c --dtype float -o position/``. Models of raw tables export too, with their
# categories as enums and their missing cells: :doc:`/export`.
