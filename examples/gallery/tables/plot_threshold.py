"""
Thresholds: what an error costs
===============================

A missed illness costs more than a needless check. ``threshold="cost=1:5"`` of :func:`shoal.fit` finds the probability above which it is
cheaper to predict the second class, from training rows alone. Other rules are a number, ``"f1"`` and ``"recall=0.9"``.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

import shoal

rng = np.random.default_rng(0)
ill = rng.random(2400) < 0.2
table = pd.DataFrame({"test_1": rng.normal(ill * 1.0), "test_2": rng.normal(ill * 0.8), "age": rng.uniform(20, 90, 2400)})
table["state"] = np.where(ill, "ill", "healthy")
train, new = table[:1200], table[1200:]
model = shoal.fit(train, "state", threshold="cost=1:5 of ill", settings={"n_networks": 4})
chosen = model["estimator"].thresholds_[0]
truth = (new["state"] == "ill").to_numpy()
p = model.predict_proba(new)[:, 1]


def cost(threshold):
    """Mean cost of a row: five for each ill one that is missed, one for each needless check."""
    return np.mean(5 * (truth & (p <= threshold)) + (~truth & (p > threshold)))


at = np.linspace(0, 1, 200)
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.plot(at, [cost(t) for t in at])
axes.axvline(chosen, color="C1", label=f"found in training: {chosen:.2f}, cost {cost(chosen):.2f}")
axes.axvline(0.5, color="0.6", linestyle=":", label=f"a half: cost {cost(0.5):.2f}")
axes.set(xlabel="threshold", ylabel="mean cost of a new row")
axes.legend()
print(confusion_matrix(new["state"], model.predict(new), labels=model.classes_))

# %%
# The curve is computed on new rows, which the choice did not see. Beside the lowest point it is flat: the exact threshold matters little,
# but a half is far from it.
