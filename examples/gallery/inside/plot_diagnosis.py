"""
What is wrong with this network?
================================

``diagnose`` looks for known faults and says what to do about each. This network gets raw columns of very different size, no scaling, and
sigmoid units.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from shoal import ShoalClassifier

X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
broken = ShoalClassifier.as_sklearn((20,), activation="logistic", solver="sgd", learning_rate_init=0.5, random_state=0)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    broken.fit(X_train, y_train)
print(f"accuracy {broken.score(X_test, y_test):.2f}")
print(broken.diagnose(X_test, y_test))

# %%
# The same rows with the defaults:

healthy = ShoalClassifier(random_state=0).fit(X_train, y_train)
print(f"accuracy {healthy.score(X_test, y_test):.2f}, findings: {len(healthy.diagnose(X_test, y_test))}")

figure, pair = plt.subplots(1, 2, figsize=(9, 3.4), sharex=True, layout="constrained")
for axes, model, title in zip(pair, (broken, healthy), ("broken", "healthy"), strict=True):
    axes.hist(model.predict_proba(X_test).max(axis=1), bins=np.linspace(0, 1, 21))
    axes.set(title=title, xlabel="probability of the predicted class", ylabel="new rows")

# %%
# The broken network gives every row the same probabilities, whatever is in it.
