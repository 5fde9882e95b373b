"""
More than one class, if it must be
==================================

Instead of the most likely class you can ask for a set that contains the true one with a stated probability. ``predict_set`` returns one
class where the case is clear, and several where it is not. It needs ``calibration="split"`` or ``"cv+"``.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal import ShoalClassifier

rng = np.random.default_rng(0)
centres = np.array([[0.0, 0.0], [2.0, 0.0], [1.0, 1.8]])


def draw(n):
    """Rows of three overlapping clouds, and the cloud of each."""
    y = rng.integers(0, 3, n)
    return centres[y] + 0.7 * rng.standard_normal((n, 2)), y


X, y = draw(400)
X_new, new = draw(2000)
model = ShoalClassifier(calibration="cv+", random_state=0).fit(X, y)
figure, pair = plt.subplots(1, 2, figsize=(10, 4.4), sharey=True, layout="constrained")
for axes, coverage in zip(pair, (0.8, 0.98), strict=True):
    sets = model.predict_set(X_new, coverage=coverage)
    inside = sets[np.arange(len(new)), new].mean()
    shown = axes.scatter(*X_new.T, c=sets.sum(axis=1), s=6, cmap="viridis", vmin=0, vmax=3)
    axes.set_title(f"{coverage:g} asked for: {inside:.3f} of the sets are right")
figure.colorbar(shown, ax=pair, ticks=[0, 1, 2, 3], label="classes in the set")

# %%
# A set is right if it contains the true class. On the right it has two classes where two clouds meet, and three in the middle. On the left
# less was asked for than the network is right with: there the most doubtful rows get an empty set.
