"""
Learning curves and early stopping
==================================

Each network holds out its own eighth of the rows. Blue is the loss on the rows that it learns from, orange on those held out, a thin line
for each network. Where orange rises again, the network begins to memorize; the fit keeps the weights from before.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from shoal import ShoalClassifier
from shoal.inspection.figures import TrainingCurvesDisplay

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
model = ShoalClassifier(solver="adam", learning_rate="constant", max_iter=150, early_stopping=True, n_iter_no_change=150, random_state=0)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # it goes on for too long, on purpose
    model.fit(X_train, y_train)
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
TrainingCurvesDisplay.from_network(model.network_, ax=axes)
axes.set_yscale("log")
print(f"accuracy on new rows {model.score(X_test, y_test):.3f} after {model.n_iter_} epochs")
