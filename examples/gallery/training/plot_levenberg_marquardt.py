"""
Levenberg-Marquardt on a smooth curve
=====================================

On a smooth target with little noise, and for a network with few weights, ``solver="lm"`` (MATLAB's `trainlm`) needs few steps: each solves
a least-squares problem in all weights at once. Adam follows the slope alone.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from shoal import ShoalRegressor

x = np.linspace(-1, 1, 101)
y = np.sin(6 * x) * np.exp(-x)
common = {"hidden_layer_sizes": 8, "activation": "tanh", "ramps": False, "early_stopping": False, "n_networks": 1, "tol": 0.0}
common |= {"alpha": 0.0, "random_state": 0}
rules = {"lm": {"max_iter": 60}, "lbfgs": {"max_iter": 300}, "adam": {"max_iter": 300, "learning_rate_init": 0.01, "dropout": 0.0}}

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
right.plot(x, y, "k.", markersize=4, label="rows")
for solver, rule in rules.items():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # none has converged: there is no noise to stop at
        model = ShoalRegressor(solver=solver, **common | rule).fit(x[:, None], y)
    left.loglog(range(1, model.n_iter_ + 1), model.loss_curve_, label=solver)
    right.plot(x, model.predict(x[:, None]), label=solver)
left.set(xlabel="passes over the rows", ylabel="half squared error of the scaled target")
left.legend()
right.legend()

# %%
# Both axes on the left are logarithmic. Levenberg-Marquardt gains in tens of passes what the others do not gain in hundreds. One of its
# steps costs more, with the square of the number of weights, so it is for small networks.
