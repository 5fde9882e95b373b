"""
Several targets at once
=======================

A robot's arm of two parts: two angles in, the place of the hand out. One network with two outputs learns both coordinates, and its hidden
units serve both.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal import ShoalRegressor

rng = np.random.default_rng(0)


def hand(angles):
    """The place of the hand `(m, 2)` for the angles of shoulder and elbow `(m, 2)`, in radians."""
    first, second = angles[:, 0], angles.sum(axis=1)
    return np.c_[np.cos(first) + 0.7 * np.cos(second), np.sin(first) + 0.7 * np.sin(second)]


angles = np.c_[rng.uniform(0, np.pi, 500), rng.uniform(-2, 2, 500)]
places = hand(angles) + 0.02 * rng.standard_normal((500, 2))
model = ShoalRegressor(random_state=0).fit(angles, places)
t = np.linspace(0, 2 * np.pi, 200)
path = np.c_[np.pi / 2 + 1.2 * np.sin(t), 1.5 * np.sin(2 * t)]  # a figure of eight in the angles
print(f"outputs {model.n_outputs_}, weights of the second layer {model.coefs_[1].shape}")
print(f"error on the path {np.sqrt(np.mean((model.predict(path) - hand(path)) ** 2)):.3f}")

figure, axes = plt.subplots(figsize=(6, 5), layout="constrained")
axes.plot(*places.T, ".", color="0.85", label="500 measured places")
axes.plot(*hand(path).T, "k:", label="a path of the hand")
axes.plot(*model.predict(path).T, label="predicted from the angles")
axes.set_aspect("equal")
axes.legend(loc="lower left")
