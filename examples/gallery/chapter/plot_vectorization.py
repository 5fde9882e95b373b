"""
One product in place of a loop
==============================

The hidden layer of m examples is m products, one after the other, or a single product of matrices: Z = W X + b. Both compute the same
numbers. The times are those of the machine that built this page.
"""

import time

import matplotlib.pyplot as plt
import numpy as np

from shoal.textbook import layer, layer_by_loop, timed

rng = np.random.default_rng(0)
W, b = rng.standard_normal((50, 20)), rng.standard_normal((50, 1))
sizes = [10, 30, 100, 300, 1000, 3000]
seconds = {"loop": [], "product": []}
for m in sizes:
    X = rng.standard_normal((20, m))
    loop = timed(lambda X=X: layer_by_loop(W, b, X), time.perf_counter, runs=3)
    product = timed(lambda X=X: layer(W, b, X), time.perf_counter, runs=20)
    seconds["loop"].append(min(loop.durations))
    seconds["product"].append(min(product.durations))
print(f"largest difference {np.abs(loop.result - product.result).max():.1e}")

figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
for name, times in seconds.items():
    axes.loglog(sizes, 1e3 * np.array(times), "o-", label=name)
axes.set(xlabel="examples", ylabel="milliseconds", title=f"{seconds['loop'][-1] / seconds['product'][-1]:.0f} times faster at {m} examples")
axes.legend()

# %%
# The loop takes the time of starting a small product for every example. The product starts once, and then computes at the processor's
# speed.
