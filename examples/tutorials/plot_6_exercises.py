"""
Exercises, with solutions
=========================

The companion exercise of the chapter, "planar data classification", and five more. Each has a question, then a solution that runs.
Download the notebook at the end and delete the solutions before you hand it out.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal.textbook import ACTIVATIONS, Parameters, check_gradients, exercise_parameters, flower, forward, make_loss, train

X, Y = flower()
g1, g2 = ACTIVATIONS["tanh"], make_loss("sigmoid")


def accuracy(parameters):
    """The fraction of examples on their own side."""
    return np.mean((forward(parameters, X, g1, g2).A2 > 0.5) == Y)


# %%
# 1. A linear model first
# -----------------------
# How well does logistic regression separate the flower? Why?

from sklearn.linear_model import LogisticRegression

linear = LogisticRegression().fit(X.T, Y.ravel())
print(f"accuracy {linear.score(X.T, Y.ravel()):.3f}")

# %%
# *Solution.* It is no better than guessing: one straight line cannot part petals that alternate around a centre.
#
# 2. The companion exercise
# -------------------------
# Train networks with 1, 2, 3, 4, 5, 20 and 50 hidden tanh units for 5000 updates at the rate 1.2. How does the accuracy depend on the
# number of units?

sizes = (1, 2, 3, 4, 5, 20, 50)
trained = {n_h: train(exercise_parameters(n_h), X, Y, g1, g2, learning_rate=1.2, n_steps=5000) for n_h in sizes}
grid = np.stack(np.meshgrid(*[np.linspace(-4.5, 4.5, 120)] * 2), axis=-1)
figure, axes = plt.subplots(2, 4, figsize=(11, 5.8), layout="constrained")
for ax, (n_h, parameters) in zip(axes.flat, trained.items(), strict=False):
    p = forward(parameters, grid.reshape(-1, 2).T, g1, g2).A2
    ax.contourf(grid[..., 0], grid[..., 1], p.reshape(120, 120), levels=np.linspace(0, 1, 11), cmap="RdBu", alpha=0.7)
    ax.scatter(*X, c=Y, cmap="RdBu", s=3)
    ax.set_title(f"{n_h} units: {100 * accuracy(parameters):.2f} %")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
axes.flat[-1].set_axis_off()

# %%
# *Solution.* Three units are enough for the shape; more units add detail, and begin to follow single points. The exercise publishes nearly
# the same accuracies: these are its own first weights and points.
#
# 3. A step by hand
# -----------------
# One example x = (1, 2), y = 1; W1 = ((0.1, 0.2), (−0.3, 0.1)), b1 = 0, W2 = (0.5, −0.5), b2 = 0, tanh and sigmoid. Compute a2 and dW2 on
# paper. Then compare.

from shoal.textbook import backward

start = Parameters(np.array([[0.1, 0.2], [-0.3, 0.1]]), np.zeros((2, 1)), np.array([[0.5, -0.5]]), np.zeros((1, 1)))
x, y = np.array([[1.0], [2.0]]), np.array([[1.0]])
cache = forward(start, x, g1, g2)
gradients = backward(start, x, y, cache, g1, g2)
print(f"a1 = {cache.A1.ravel().round(4)}, a2 = {cache.A2.item():.4f}")
print(f"dz2 = a2 − y = {gradients.dZ2.item():.4f}, dW2 = dz2 a1ᵀ = {gradients.dW2.ravel().round(4)}")

# %%
# 4. Find the error
# -----------------
# A student writes ``dZ1 = W2.T @ dZ2 * (1 - A1)``. The network still learns a little. How do you notice?
#
# *Solution.* Compare with measured derivatives. The right formulas agree to many digits; this one does not.

now = train(exercise_parameters(4), X, Y, g1, g2, learning_rate=1.2, n_steps=100)
check, cache = check_gradients(now, X, Y, g1, g2), forward(now, X, g1, g2)
wrong = (now.W2.T @ (cache.A2 - Y) * (1 - cache.A1)) @ X.T / X.shape[1]
print(f"right formulas: {np.abs(check.formula.W1 - check.numerical.W1).max():.1e} away")
print(f"wrong formula:  {np.abs(wrong - check.numerical.W1).max():.1e} away")

# %%
# 5. The learning rate
# --------------------
# Train four units for 1000 updates with rates from 0.01 to 100. What happens at both ends?

from itertools import islice

from shoal.textbook import descend

figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
for rate in (0.01, 0.1, 1.2, 10.0, 100.0):
    costs = [step.J.item() for step in islice(descend(exercise_parameters(4), X, Y, g1, g2, rate), 1000)]
    axes.plot(costs, linewidth=1, label=f"α = {rate:g}")
axes.set(xlabel="updates", ylabel="cost J", ylim=(0, 1.5))
axes.legend()

# %%
# *Solution.* Small rates hardly move in this time. Large ones jump over the valley: the cost goes up and down, or leaves the picture.
#
# 6. Another activation
# ---------------------
# Repeat exercise 2 with four units of ReLU, and from other seeds. Is the result as stable as that of tanh?

for name in ("tanh", "relu"):
    found = []
    for seed in range(6):
        start = exercise_parameters(4, seed=seed)
        g = ACTIVATIONS[name]
        ended = train(start, X, Y, g, g2, learning_rate=1.2, n_steps=2000)
        found.append(np.mean((forward(ended, X, g, g2).A2 > 0.5) == Y))
    print(name, np.round(found, 3))

# %%
# *Solution.* tanh ends alike from every seed. ReLU does not: its units are flat on one side, and with four of them each one that dies is
# missed. shoal's default trains eight networks of many units and takes their mean.
