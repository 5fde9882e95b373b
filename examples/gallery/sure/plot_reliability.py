"""
Are the probabilities right?
============================

Of all rows that get a probability of 0.8, eight of ten should be of that class. A reliability curve compares both. A network that was
trained for too long is too sure; ``calibration="temperature"`` divides its logits by one number, found on held-out rows.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from shoal import ShoalClassifier

X, y = make_classification(4000, n_features=20, n_informative=5, flip_y=0.15, class_sep=0.7, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.85, random_state=0)
long = {"solver": "adam", "learning_rate": "constant", "learning_rate_init": 0.01, "max_iter": 40, "tol": 0.0, "dropout": 0.0}
models = {
    "trained too long": ShoalClassifier(early_stopping=False, random_state=0, **long),
    "defaults": ShoalClassifier(random_state=0),
    "defaults, calibration='temperature'": ShoalClassifier(calibration="temperature", random_state=0),
}
figure, axes = plt.subplots(figsize=(5.5, 5), layout="constrained")
for name, model in models.items():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of the first: its loss would fall for ever
        model.fit(X_train, y_train)
    p = model.predict_proba(X_test)[:, 1]
    CalibrationDisplay.from_predictions(
        y_test, p, n_bins=10, strategy="quantile", name=f"{name}: log loss {log_loss(y_test, p):.3f}", ax=axes
    )
axes.legend(fontsize=8)
print(f"temperature {model.temperature_:.2f}")

# %%
# A curve that is flatter than the diagonal is too sure: what gets 0.9 comes less often. The temperature changes no predicted class.
