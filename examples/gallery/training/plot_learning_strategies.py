"""
Learning strategies compared
============================

Update rules on the digits, with the same first weights and the same order of rows: plain gradient descent, with momentum, with Nesterov's,
RMSprop, Adam, and AdamW. scikit-learn has this example for its own network.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from shoal import ShoalClassifier

X, y = load_digits(return_X_y=True)
rules = {
    "sgd": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.2},
    "sgd with momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.2},
    "sgd with Nesterov's momentum": {"solver": "sgd", "learning_rate_init": 0.2},
    "sgd, rate falls as 1/√t": {"solver": "sgd", "momentum": 0.0, "learning_rate": "invscaling", "learning_rate_init": 0.2},
    "rmsprop": {"solver": "rmsprop", "learning_rate_init": 0.003},
    "adam": {"solver": "adam", "learning_rate_init": 0.003},
    "adamw": {"solver": "adamw", "learning_rate_init": 0.003, "alpha": 0.01},
}
common = {"hidden_layer_sizes": 32, "max_iter": 25, "batch_size": 100, "alpha": 0.0, "learning_rate": "constant", "dropout": 0.0}
common |= {"n_networks": 1, "ramps": False, "early_stopping": False, "weight_average": 0.0, "tol": 0.0, "random_state": 0}

figure, axes = plt.subplots(figsize=(8, 4.4), layout="constrained")
for name, rule in rules.items():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # all of them end early, on purpose
        model = ShoalClassifier(**common | rule).fit(X, y)
    axes.semilogy(range(1, model.n_iter_ + 1), model.loss_curve_, label=f"{name}: {model.loss_:.4f}")
axes.set(xlabel="epochs", ylabel="cross-entropy of the training rows")
axes.legend(fontsize=8)

# %%
# Momentum and the rules that scale each weight's step fall faster than plain descent; a rate that falls too early stops it. A lower
# training loss is not yet a better model: that is what held-out rows are for.
