"""
How sure am I?
==============

Four questions about a prediction, and what answers each: how far off may it be, is the model right about that, is this row like those that
it learned from, and is a probability of 0.8 really eight of ten?
"""

# %%
# How far off may it be?
# ----------------------
# With ``calibration="cv+"`` every row is held out from a network of each kind. What these networks got wrong there gives the width of
# intervals.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

import shoal
from shoal import ShoalClassifier, ShoalRegressor

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=0)
model = ShoalRegressor(calibration="cv+", random_state=0).fit(X_train, y_train)
inner = ~model.outside(X_test)
X_test, y_test = X_test[inner], y_test[inner].to_numpy()
mean, std = model.predict(X_test, return_std=True)
lower, upper = model.predict_interval(X_test, coverage=0.9)
for row in range(3):
    print(f"{mean[row]:.0f} ± {std[row]:.0f}, nine of ten between {lower[row]:.0f} and {upper[row]:.0f}; it came {y_test[row]:.0f}")

# %%
# Is the model right about that?
# ------------------------------
# Ask for several coverages and count. Points on the diagonal are as promised.

asked = np.linspace(0.1, 0.95, 18)
came = []
for coverage in asked:
    lower, upper = model.predict_interval(X_test, coverage=coverage)
    came.append(np.mean((lower <= y_test) & (y_test <= upper)))
figure, axes = plt.subplots(figsize=(4.6, 4.2), layout="constrained")
axes.plot(asked, came, "o")
axes.axline((0, 0), slope=1, color="0.6")
axes.set(xlabel="coverage asked for", ylabel="new rows inside", title=f"{len(y_test)} new rows")

# %%
# With so few new rows a point may lie some hundredths beside the line by chance alone.
#
# Are all rows equally uncertain?
# -------------------------------
# No: the standard deviation of a row depends on the prediction, and on how far the networks agree there.

order = np.argsort(std)
third = len(order) // 3
for name, rows in (("surest third", order[:third]), ("least sure third", order[-third:])):
    print(f"{name}: standard deviation {std[rows].mean():.0f}, error {np.sqrt(np.mean((mean[rows] - y_test[rows]) ** 2)):.0f}")

# %%
# Is this row like those that it learned from?
# --------------------------------------------
# A row outside the range of the training rows is flagged, and gets a wider interval. ``columns=True`` says which input it is.

import warnings

strange = X_test.iloc[:2].copy()
strange.loc[strange.index[1], "bmi"] = 70.0
print(model.outside(strange))
print(strange.columns[model.outside(strange, columns=True)[1]].tolist())
with warnings.catch_warnings(record=True) as given:
    warnings.simplefilter("always")
    mean, std = model.predict(strange, return_std=True)
print(std.round(0), given[0].message)

# %%
# Rows that belong together
# -------------------------
# If several rows come from one patient, pass ``groups=``: the intervals are then for *new* patients. See :doc:`the example
# </gallery/sure/plot_groups>`. For rows in the order of time there is ``time=``: :doc:`another example </gallery/sure/plot_time_order>`.
#
# Probabilities
# -------------
# A classifier says how sure it is by its probabilities. Are they right? Compare them with what came.

from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import brier_score_loss

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
classifier = ShoalClassifier(calibration="temperature", random_state=0).fit(X_train, y_train)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", shoal.OutsideWarning)
    p = classifier.predict_proba(X_test)[:, 1]
print(f"Brier score {brier_score_loss(y_test, p):.3f}, temperature {classifier.temperature_:.2f}")
figure, axes = plt.subplots(figsize=(4.6, 4.2), layout="constrained")
CalibrationDisplay.from_predictions(y_test, p, n_bins=5, strategy="quantile", ax=axes, name="shoal")

# %%
# What is behind the numbers, what is guaranteed and what is measured stands in :doc:`/how-sure`.
