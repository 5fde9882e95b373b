"""
Partial dependence
==================

How does the prediction change with one input, on average over the rows? With two inputs at once? scikit-learn's tools take a shoal as any
other estimator.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes
from sklearn.inspection import PartialDependenceDisplay

from shoal import ShoalRegressor

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
model = ShoalRegressor(random_state=0).fit(X, y)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
display = PartialDependenceDisplay.from_estimator(model, X, ["bmi", "s5", ("bmi", "s5")], grid_resolution=12, ax=axes)

# %%
# The mean predicted progression rises with the body-mass index and with s5, a measure of blood fat. On the right, lighter is higher: both
# together give the highest values.
