"""
Why weights must not start at zero
==================================

If two hidden units have the same weights, they compute the same, get the same derivatives, and stay equal for ever. From zero all units
are equal. Small random numbers break the symmetry.
"""

from itertools import islice

import matplotlib.pyplot as plt
import numpy as np

from shoal.textbook import ACTIVATIONS, Parameters, descend, exercise_parameters, flower, make_loss

X, Y = flower()
g1, g2 = ACTIVATIONS["tanh"], make_loss("sigmoid")
starts = {
    "all weights 0": exercise_parameters(n_h=4, scale=0.0),
    "all weights 0.5": Parameters(np.full((4, 2), 0.5), np.zeros((4, 1)), np.full((1, 4), 0.5), np.zeros((1, 1))),
    "random · 0.01": exercise_parameters(n_h=4),
}
figure, axes = plt.subplots(2, 3, figsize=(10, 5.4), sharex=True, sharey="row", layout="constrained")
for (above, below), (name, start) in zip(axes.T, starts.items(), strict=True):
    steps = list(islice(descend(start, X, Y, g1, g2, learning_rate=1.2), 0, 3000, 10))
    updates = np.arange(0, 3000, 10)
    above.plot(updates, [step.parameters.W1[:, 0] for step in steps])
    below.plot(updates, [step.J for step in steps], "k")
    above.set_title(f"{name}: accuracy {np.mean((steps[-1].cache.A2 > 0.5) == Y):.2f}")
    below.set_xlabel("updates")
axes[0, 0].set_ylabel("W1, first column\n(a line a unit)")
axes[1, 0].set_ylabel("cost J")

# %%
# From zero nothing moves: the error reaches the hidden layer through W2, which is zero. From equal weights all four lines lie on each
# other: four units do the work of one. From random weights the lines part, and the cost falls.
