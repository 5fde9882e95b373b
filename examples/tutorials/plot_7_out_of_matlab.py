"""
Out of MATLAB
=============

A session with `fitnet`, `trainlm`, `trainbr` and `patternnet`, and the same in Python. Every function of the toolbox has its counterpart
in :doc:`/from-matlab`.
"""

# %%
# fitnet and trainlm
# ------------------
# .. code-block:: matlab
#
#    X = sort(2*rand(1, 60) - 1);  T = sin(5*X) + 0.1*randn(1, 60);
#    net = fitnet(10, 'trainlm');  net.divideParam.valRatio = 0.15;
#    [net, tr] = train(net, X, T);
#    Y = net(X);  plotperform(tr);  plotregression(T, Y)
#
# In shoal rows are observations: X and T are transposed.

import matplotlib.pyplot as plt
import numpy as np

from shoal import ShoalRegressor
from shoal.inspection.figures import RegressionDisplay, TrainingCurvesDisplay

rng = np.random.default_rng(0)
X = np.sort(rng.uniform(-1, 1, (60, 1)), axis=0)
T = np.sin(5 * X[:, 0]) + 0.1 * rng.standard_normal(60)
common = {"hidden_layer_sizes": 10, "activation": "tanh", "n_networks": 1, "random_state": 0}
net = ShoalRegressor(solver="lm", early_stopping=True, validation_fraction=0.15, **common).fit(X, T)
Y = net.predict(X)
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
TrainingCurvesDisplay.from_network(net.network_, ax=left)
left.set_yscale("log")
RegressionDisplay.from_predictions(T, Y, ax=right)

# %%
# trainbr
# -------
# Bayesian regularization needs no validation rows, and finds the noise and the penalty. ``evidence_`` has what MATLAB shows as *effective
# # param*.

br = ShoalRegressor(solver="bayes", **common).fit(X, T)
print(f"effective parameters {br.evidence_['gamma'][0]:.1f} of {br.evidence_['n_parameters'][0]:.0f}")
_, std = br.predict(X, return_std=True)
print(f"standard deviation of a new target around its prediction: {std.min():.2f} to {std.max():.2f}")

# %%
# The weights
# -----------
# ``net.IW{1}``, ``net.b{1}``, ``net.LW{2,1}``, ``net.b{2}`` in their shapes:

for name, weights in br.network_.merged.named().items():
    print(name, weights.shape)

# %%
# patternnet
# ----------
# .. code-block:: matlab
#
#    [X, T] = iris_dataset;  net = patternnet(10);
#    net = train(net, X, T);  plotconfusion(T, net(X))
#
# Labels stay as they are: no one-hot targets.

from sklearn.datasets import load_iris
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from shoal import ShoalClassifier

iris = load_iris()
labels = iris.target_names[iris.target]
X_train, X_test, y_train, y_test = train_test_split(iris.data, labels, test_size=0.4, random_state=0)
net = ShoalClassifier(solver="scg", hidden_layer_sizes=10, activation="tanh", n_networks=1, ramps=False, random_state=0).fit(
    X_train, y_train
)
figure, axes = plt.subplots(figsize=(4.6, 4), layout="constrained")
ConfusionMatrixDisplay.from_predictions(y_test, net.predict(X_test), ax=axes)

# %%
# genFunction
# -----------
# ``genFunction(net, 'f.m')`` writes a function. Here it is a Python file, C, JSON, ONNX or an equation, with all scaling in it.

from shoal.export import equation

print(equation(br.network_, "t")[:400], "…")

# %%
# What to change next
# -------------------
# Leave the settings out. ``ShoalRegressor()`` trains eight networks at once and averages them, where with the toolbox you train several
# times and keep the best. It finds its learning rate and its penalty itself; :doc:`/defaults` has what was measured.
