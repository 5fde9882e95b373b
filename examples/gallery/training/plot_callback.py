"""
Watching a boundary form
========================

A callback is called after every epoch. ``event.network()`` is the network that the fit would return if it ended now: here it is drawn at
five epochs. A callback that returns True ends the training.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal import ShoalClassifier
from shoal.network import predict
from shoal.textbook import flower

X, Y = flower()
rows, y = X.T, Y.ravel().astype(int)
grid = np.stack(np.meshgrid(*[np.linspace(-4.5, 4.5, 120)] * 2), axis=-1)
figure, axes = plt.subplots(1, 5, figsize=(13, 3), sharey=True, layout="constrained")
at = dict(zip((1, 4, 10, 25, 60), axes, strict=True))


def draw(event):
    """Draw the network of some epochs."""
    if ax := at.get(event.epoch):
        p = predict(event.network(), grid.reshape(-1, 2)).reshape(120, 120)
        ax.contourf(grid[..., 0], grid[..., 1], p, levels=np.linspace(0, 1, 11), cmap="RdBu", alpha=0.7)
        ax.scatter(*X, c=Y, cmap="RdBu", s=3)
        ax.set(title=f"epoch {event.epoch}, loss {event.loss.mean():.2f}", xticks=[], yticks=[])
    return event.epoch == max(at)


model = ShoalClassifier(callbacks=[draw], random_state=0).fit(rows, y)
