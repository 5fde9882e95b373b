"""
Out of scikit-learn
===================

One changed import. What stays, what is better, and what differs is in :doc:`/from-sklearn`.
"""

# %%
# The import
# ----------

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import cross_validate
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shoal import ShoalClassifier as MLPClassifier

X, y = load_breast_cancer(return_X_y=True)
models = {
    "scikit-learn's, scaled": make_pipeline(StandardScaler(), TheirClassifier(max_iter=500, random_state=0)),
    "shoal": MLPClassifier(random_state=0),
}
found = {name: cross_validate(model, X, y, cv=5, scoring=["accuracy", "neg_log_loss"]) for name, model in models.items()}
pd.DataFrame(
    {name: {"accuracy": s["test_accuracy"].mean(), "log loss": -s["test_neg_log_loss"].mean()} for name, s in found.items()}
).round(4)

# %%
# It needs no StandardScaler. `cross_validate`, `GridSearchCV`, `Pipeline`, `permutation_importance` and the other tools take it as they
# take any estimator.
#
# The same network
# ----------------
# ``as_sklearn`` has scikit-learn's defaults: one network, inputs as they are, the same names, shapes and meanings.

scaled = StandardScaler().fit_transform(X)
theirs = TheirClassifier((50,), max_iter=500, random_state=0).fit(scaled, y)
ours = MLPClassifier.as_sklearn((50,), max_iter=500, random_state=0).fit(scaled, y)
print([w.shape for w in theirs.coefs_], [w.shape for w in ours.coefs_])
figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
axes.semilogy(theirs.loss_curve_, label="scikit-learn")
axes.semilogy(ours.loss_curve_, label="shoal, as_sklearn")
axes.set(xlabel="epochs", ylabel="loss")
axes.legend()

# %%
# The curves differ by the random numbers of the first weights and of the order of the rows.
#
# A network that is trained already
# ---------------------------------
# ``from_fitted`` takes it, so that it can be saved without a pickle, drawn, explained and exported.

import shoal

taken = shoal.from_fitted(theirs)
print(f"probabilities differ by at most {np.abs(taken.predict_proba(scaled) - theirs.predict_proba(scaled)).max():.0e}")

# %%
# What is new
# -----------
# Intervals, quantiles and calibrated probabilities (:doc:`/tutorials/plot_3_how_sure`), raw tables
# (:doc:`/tutorials/plot_2_measurements_to_report`), sample and class weights, losses for counts and outliers, a diagnosis, exports. And
# one thing less: a second hidden layer is refused.
