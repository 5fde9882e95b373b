"""
Out of R
========

A session with `nnet`, `avNNet` and `NeuralNetTools`, and the same in Python. Every argument has its counterpart in :doc:`/from-r`.
"""

# %%
# nnet
# ----
# .. code-block:: r
#
#    library(nnet)
#    fit <- nnet(Species ~ ., iris, size = 2, decay = 0.01, maxit = 200)
#    predict(fit, iris, type = "class")
#
# :func:`shoal.fit` takes the data frame with its factors and missing cells. To be like nnet, one network of two logistic units:

import pandas as pd
from sklearn.datasets import load_iris

import shoal

table = load_iris(as_frame=True).frame
table["Species"] = table.pop("target").map(dict(enumerate(load_iris().target_names)))
like_nnet = {"hidden_layer_sizes": 2, "activation": "logistic", "solver": "lbfgs", "ramps": False, "early_stopping": False, "alpha": 0.02}
fit = shoal.fit(table, "Species", settings=like_nnet | {"n_networks": 1})
print(fit.predict(table[:3]), f"{fit.facts_.metrics['accuracy']:.3f} on {fit.facts_.n_test} rows held out")

# %%
# avNNet
# ------
# .. code-block:: r
#
#    library(caret)
#    fit <- avNNet(Species ~ ., iris, size = 2, decay = 0.01, repeats = 5)
#
# The same with one word more; the five networks train together.

fit = shoal.fit(table, "Species", settings=like_nnet | {"n_networks": 5})
averaged = fit.facts_.metrics
print(f"accuracy {averaged['accuracy']:.3f}, log loss {averaged['log_loss']:.3f}")

# %%
# set.seed
# --------
# ``random_state=1`` gives the same network, whatever ran before and on any number of cores.

from shoal import ShoalClassifier

X, y = table.drop(columns="Species"), table["Species"]
one = ShoalClassifier(n_networks=1, random_state=1, **like_nnet).fit(X, y)
again = ShoalClassifier(n_networks=1, random_state=1, **like_nnet).fit(X, y)
print((one.predict_proba(X) == again.predict_proba(X)).all())

# %%
# plotnet, olden, garson, lekprofile
# ----------------------------------
# .. code-block:: r
#
#    library(NeuralNetTools)
#    plotnet(fit);  olden(fit);  garson(fit);  lekprofile(fit)

import matplotlib.pyplot as plt

from shoal.inspection import olden

figure, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
one.plot.network(ax=axes[0, 0])  # plotnet
one.plot.olden(output=2, ax=axes[0, 1])  # of the third class
one.plot.garson(ax=axes[1, 0])
fit.plot.profile(table, "petal width (cm)", output=2, ax=axes[1, 1])  # lekprofile
pd.DataFrame(olden(one.network_), X.columns, one.classes_).round(1)

# %%
# caret::train
# ------------
# .. code-block:: r
#
#    train(Species ~ ., iris, method = "nnet", tuneGrid = expand.grid(size = c(2, 4, 8), decay = c(0.001, 0.01, 0.1)))
#
# All candidates of a fold train at once:

from shoal import ShoalSearchCV

start = ShoalClassifier(n_networks=2, random_state=0, **like_nnet)
grid = {"hidden_layer_sizes": [2, 4, 8], "alpha": [0.002, 0.02, 0.2]}
search = ShoalSearchCV(start, grid, cv=3, scoring="neg_log_loss").fit(X, y)
results = pd.DataFrame(search.cv_results_["params"]).assign(log_loss=-search.cv_results_["mean_test_score"].round(4))
results.sort_values("log_loss").head(4)

# %%
# What to change next
# -------------------
# Leave the settings out. Scaling is built in (nnet needs scaled inputs), the penalty and the number of updates need no search, and
# ``shoal.fit(table, "Species")`` is measured against seven tools in :doc:`/defaults`.

fit = shoal.fit(table, "Species")
print(f"accuracy {fit.facts_.metrics['accuracy']:.3f}, log loss {fit.facts_.metrics['log_loss']:.3f}")

# %%
# On so small a table one row more or less decides such a comparison.
