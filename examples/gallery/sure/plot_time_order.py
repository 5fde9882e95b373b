"""
Rows in the order of time
=========================

If tomorrow differs from yesterday, rows held out at random are too easy: each lies between two days that were learned from.
:func:`shoal.look` notices the order. With ``time=`` the last rows are held out, and the score is that of days to come.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

import shoal

rng = np.random.default_rng(0)
table = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=400), "load": rng.uniform(0, 1, 400)})
table["use"] = 2 * table["load"] + 0.3 * np.cumsum(rng.standard_normal(400)) + 0.1 * rng.standard_normal(400)
print(shoal.look(table, "use"))

# %%
# The same table, scored on rows held out at random and on the last ones:

some, other = train_test_split(table, test_size=80, random_state=0)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", shoal.TableWarning)  # the note above, once more
    at_random = shoal.fit(some, "use", test=other)
in_order = shoal.fit(table, "use", time="day")

figure, pair = plt.subplots(1, 2, figsize=(11, 4), sharey=True, layout="constrained")
for axes, name, model, held in ((pair[0], "rows at random", at_random, other), (pair[1], "the last rows", in_order, table[-80:])):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", shoal.OutsideWarning)  # days to come are outside
        predicted = model.predict(held)
    axes.plot(table["day"], table["use"], ".", color="0.8", markersize=3)
    axes.plot(held["day"], predicted, ".", color="C1", markersize=4)
    axes.tick_params("x", rotation=30)
    axes.set_title(f"{name} held out: RMSE {model.facts_.metrics['rmse']:.2f}")

# %%
# Orange are the predictions of the rows that were held out. On the left they look good, because the days before and after were known. On
# the right nobody knew the days after.
