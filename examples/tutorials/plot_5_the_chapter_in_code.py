"""
The chapter in code
===================

Aissa Boulmerka's chapter "Shallow neural networks", slide by slide: its formula, the function of :mod:`shoal.textbook` that is it, and
what comes out. Examples are columns, as on the slides. A teacher can hand this page out as a notebook: it can be downloaded at the end.
"""

# %%
# Slide 1: one unit
# -----------------
# z = wᵀx + b, a = σ(z). Two inputs, so two weights and a bias.

import numpy as np

from shoal.textbook import ACTIVATIONS, unit

sigmoid, tanh = ACTIVATIONS["sigmoid"], ACTIVATIONS["tanh"]
w, b, x = np.array([[2.0], [-1.0]]), 0.5, np.array([[1.0], [3.0]])
z, a = unit(w, b, x, sigmoid)
print(f"z = 2·1 − 1·3 + 0.5 = {z.item()}, a = σ(z) = {a.item():.3f}")

# %%
# Slide 2: the parameters and their shapes
# ----------------------------------------
# W1 (n_h, n_x), b1 (n_h, 1), W2 (n_y, n_h), b2 (n_y, 1). The flower of the companion exercise has two inputs and one output.

from shoal.textbook import exercise_parameters, flower

X, Y = flower()
parameters = exercise_parameters(n_h=4)
print("X", X.shape, "Y", Y.shape, {name: w.shape for name, w in parameters.named().items()})

# %%
# Slide 3: computing the output of one example
# --------------------------------------------
# z1 = W1 x + b1, a1 = g1(z1), z2 = W2 a1 + b2, a2 = σ(z2).

from shoal.textbook import forward, make_loss

g1, g2 = tanh, make_loss("sigmoid")
one = forward(parameters, X[:, :1], g1, g2)
for name, value in one._asdict().items():
    print(name, value.ravel().round(4))

# %%
# Slides 4 and 5: all examples at once
# ------------------------------------
# The loop over examples and the product of matrices give the same numbers, because W [x⁽¹⁾ x⁽²⁾ …] = [W x⁽¹⁾ W x⁽²⁾ …].

from shoal.textbook import columns_apart, forward_by_loop

loop, product = forward_by_loop(parameters, X, g1, g2), forward(parameters, X, g1, g2)
print(f"loop and product differ by at most {np.abs(loop.A2 - product.A2).max():.1e}")
print(np.allclose(parameters.W1 @ X, columns_apart(parameters.W1, X)))

# %%
# Slides 6 to 8: activation functions and their slopes
# ----------------------------------------------------
# The slope that a formula gives, and the one that is measured: (g(z + h) − g(z − h)) / 2h. More in :doc:`a picture of all of them
# </gallery/chapter/plot_activations>`.

from shoal.textbook import linear_collapse, numerical_slope

at = np.array([-10.0, 0.5, 10.0])
for g in (sigmoid, tanh, ACTIVATIONS["relu"], ACTIVATIONS["leaky_relu"]):
    print(f"{g.title:>10}: g′ = {g.derivative:>10}", g.prime(at).round(4), "measured", numerical_slope(g, at).round(4))

# %%
# Without an activation function two layers are one: W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2).

W, b = linear_collapse(parameters)
straight = forward(parameters, X, ACTIVATIONS["identity"], make_loss("squared_error")).A2
print(np.allclose(straight, W @ X + b))

# %%
# Slide 9: gradient descent
# -------------------------
# J = (1/m) Σ L(ŷ, y), and after every pass W1 := W1 − α dW1, and so on. ``descend`` yields one step after the other.

from itertools import islice

from shoal.textbook import descend

steps = list(islice(descend(parameters, X, Y, g1, g2, learning_rate=1.2), 5001))
for i in (0, 100, 1000, 5000):
    print(f"after {i:>4} updates J = {steps[i].J.item():.4f}, accuracy {np.mean((steps[i].cache.A2 > 0.5) == Y):.4f}")

# %%
# Slide 10: the six formulas
# --------------------------
# dZ2 = A2 − Y, dW2 = (1/m) dZ2 A1ᵀ, db2 = (1/m) Σ dZ2, dZ1 = W2ᵀ dZ2 ∘ g1′(Z1), dW1 = (1/m) dZ1 Xᵀ, db1 = (1/m) Σ dZ1. Written out with
# NumPy, and compared with ``backward`` and with measured derivatives:

from shoal.textbook import backward, check_gradients

now, m = steps[1000].parameters, X.shape[1]
cache = forward(now, X, g1, g2)
dZ2 = cache.A2 - Y
dW2 = dZ2 @ cache.A1.T / m
db2 = dZ2.sum(axis=1, keepdims=True) / m
dZ1 = now.W2.T @ dZ2 * (1 - cache.A1**2)  # tanh′ = 1 − a²
dW1 = dZ1 @ X.T / m
db1 = dZ1.sum(axis=1, keepdims=True) / m
theirs = backward(now, X, Y, cache, g1, g2)
print([np.allclose(mine, getattr(theirs, name)) for name, mine in (("dW2", dW2), ("db2", db2), ("dW1", dW1), ("db1", db1))])
print(f"against measured derivatives: {check_gradients(now, X, Y, g1, g2).largest_difference:.1e}")

# %%
# Slide 11: weights that start at zero
# ------------------------------------
# All units stay equal, whatever the data. :doc:`A picture of it </gallery/chapter/plot_zero_weights>`.

from shoal.textbook import train

zero = train(exercise_parameters(n_h=4, scale=0.0), X, Y, g1, g2, learning_rate=1.2, n_steps=100)
print(np.abs(zero.W1).max())

# %%
# Slide 12: small random weights
# ------------------------------
# randn · 0.01: small, so that no unit starts flat; random, so that no two are equal. Too large a scale starts in the flat parts:

from shoal.textbook import saturated

for scale in (0.01, 1.0, 10.0):
    start = forward(exercise_parameters(n_h=4, scale=scale), X, g1, g2)
    print(f"scale {scale:>5}: {np.mean(saturated(g1, start.Z1)):.2f} of all units and examples are flat")

# %%
# Slide 13: the vectorization demo
# --------------------------------
# c = Σ aᵢ bᵢ, by a loop and by a product. The times are those of the machine that built this page.

import time

from shoal.textbook import compare_dot

rng = np.random.default_rng(13)
both = compare_dot(rng.random(200_000), rng.random(200_000), time.perf_counter)
print(f"loop {1e3 * both.loop_time:.1f} ms, product {1e3 * both.product_time:.3f} ms: {both.ratio:.0f} times")
print(f"the sums differ by {both.relative_difference:.0e} of themselves")

# %%
# The network of the exercise
# ---------------------------
# Four tanh units after 5000 updates: the hidden units, and the boundary that they make together.

import matplotlib.pyplot as plt

grid = np.stack(np.meshgrid(*[np.linspace(-4.5, 4.5, 150)] * 2), axis=-1)
last = forward(steps[-1].parameters, grid.reshape(-1, 2).T, g1, g2)
figure, axes = plt.subplots(1, 5, figsize=(13, 2.9), layout="constrained")
for ax, values, title in zip(axes, [*last.A1, last.A2[0]], [*(f"unit {i}" for i in range(1, 5)), "output"], strict=True):
    ax.contourf(grid[..., 0], grid[..., 1], values.reshape(150, 150), levels=20, cmap="RdBu")
    ax.scatter(*X, c=Y, cmap="RdBu", s=2)
    ax.set(title=title, xticks=[], yticks=[])

# %%
# Each unit is one soft line through the plane. The output adds four of them. The interactive page ``shoal chapter`` shows the same
# computation with every number in reach.
