"""
The six formulas, checked
=========================

Backpropagation computes the derivative of the cost J with respect to every weight by formulas. Each can be measured instead: change the
weight a little in both directions and compute J twice. :func:`shoal.textbook.check_gradients` does both.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal.textbook import ACTIVATIONS, check_gradients, exercise_parameters, flower, make_loss, train

X, Y = flower()
g1, g2 = ACTIVATIONS["tanh"], make_loss("sigmoid")
parameters = train(exercise_parameters(n_h=4), X, Y, g1, g2, learning_rate=1.2, n_steps=300)
check = check_gradients(parameters, X, Y, g1, g2)
print(f"largest difference {check.largest_difference:.1e}")

figure, axes = plt.subplots(figsize=(5, 4.6), layout="constrained")
for name, marker in zip(("W1", "b1", "W2", "b2"), "os^D", strict=True):
    axes.plot(np.ravel(getattr(check.numerical, name)), np.ravel(getattr(check.formula, name)), marker, label=f"d{name}")
axes.axline((0, 0), slope=1, color="0.7", linewidth=1, zorder=0)
axes.set(xlabel="measured: (J(w + h) − J(w − h)) / 2h", ylabel="by the formulas")
axes.legend()

# %%
# Every derivative of the network lies on the diagonal. A wrong formula would put its points beside it.
