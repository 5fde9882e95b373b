"""
A loss and an activation of your own
====================================

A shop orders for tomorrow. What it orders too little is a lost sale; what it orders too much is thrown away,
which costs a third of that. Give this cost and its derivative as an ``OwnLoss``: the network then orders what
costs least, which is more than the demand it expects. The hidden units are an ``OwnActivation``, Swish. Both
derivatives are checked when they are given.
"""

import matplotlib.pyplot as plt
import numpy as np

from shoal import OwnActivation, OwnLoss, ShoalRegressor


def cost(Z2, Y):
    return np.where(Z2 < Y, 3.0 * (Y - Z2), Z2 - Y)


def slope(Z2, Y):
    return np.where(Z2 < Y, -3.0, 1.0)


def swish(Z):
    return Z / (1 + np.exp(-Z))


def swish_prime(Z):
    a = 1 / (1 + np.exp(-Z))
    return a + Z * a * (1 - a)


lost_sales = OwnLoss("lost_sales", cost, slope)
g = OwnActivation("swish", swish, swish_prime)

rng = np.random.default_rng(0)
day = np.append(rng.uniform(0, 7, 398), [0, 7])
demand = 60 + 25 * np.sin(2 * np.pi * day / 7) + rng.normal(0, 4 + 2 * day)

models = {
    "squared error: the demand to expect": ShoalRegressor(activation=g, random_state=0),
    "own loss: what to order": ShoalRegressor(loss=lost_sales, activation=g, random_state=0),
}
grid = np.linspace(0, 7, 200)[:, None]
tomorrow = rng.uniform(0, 7, 4000)  # other days, to see what the orders cost
wanted = 60 + 25 * np.sin(2 * np.pi * tomorrow / 7) + rng.normal(0, 4 + 2 * tomorrow)

fig, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
ax.plot(day, demand, ".", color="0.6", label="demand")
for name, model in models.items():
    model.fit(day[:, None], demand)
    a_day = cost(model.predict(tomorrow[:, None]), wanted).mean()
    ax.plot(grid, model.predict(grid), label=f"{name}, costs {a_day:.1f} a day")
ax.set(xlabel="day of the week", ylabel="pieces")
ax.legend()

# %%
# The printed network says how training called the functions: compiled where Numba can, else in NumPy.
models["own loss: what to order"].network_
